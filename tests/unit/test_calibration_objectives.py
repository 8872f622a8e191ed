"""Scores, likelihoods, convergence and residual checks of a calibration, against values derived by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from karstsim.calibration import convergence, objectives, residuals
from karstsim.calibration.objectives import Observed


def observed(
    values: list[float], censored: list[bool] | None = None, days: list[float] | None = None
) -> Observed:
    n = len(values)
    return Observed(
        np.array(values), np.array(censored or [False] * n), np.array(days or list(range(n)), dtype=float)
    )


OBSERVED = observed([1.0, 2.0, 3.0, 4.0])


def test_a_perfect_run_has_the_best_scores() -> None:
    perfect = OBSERVED.values[None]
    for name, best in (("kge", 1.0), ("kge_2012", 1.0), ("nse", 1.0), ("pbias", 0.0), ("rmse", 0.0)):
        assert_allclose(objectives.SCORE[name](perfect, OBSERVED), [best], atol=1e-12)


def test_scores_of_doubled_values() -> None:
    """s = 2 o with o = 1, 2, 3, 4: r = 1, a = 2, b = 2, and equal coefficients of variation.

    KGE 2009 = 1 - sqrt(0 + 1 + 1), 2012 = 1 - sqrt(0 + 0 + 1) = 0. NSE = 1 - (1+4+9+16)/(2.25+0.25+0.25+2.25)
    = 1 - 30/5 = -5. PBIAS = 100 x 10/10. RMSE = sqrt(30/4). Two members side by side do not mix.
    """
    both = np.stack([2.0 * OBSERVED.values, OBSERVED.values])
    assert_allclose(objectives.kge_2009(both, OBSERVED), [1.0 - math.sqrt(2.0), 1.0], atol=1e-12)
    assert_allclose(objectives.kge_2012(both, OBSERVED), [0.0, 1.0], atol=1e-12)
    assert_allclose(objectives.nse(both, OBSERVED), [-5.0, 1.0])
    assert_allclose(objectives.pbias(both, OBSERVED), [100.0, 0.0])
    assert_allclose(objectives.rmse(both, OBSERVED), [math.sqrt(7.5), 0.0])


def test_nse_is_that_of_the_library_without_limits() -> None:
    from scores.continuous import nse
    from xarray import DataArray

    simulated = np.random.default_rng(0).normal(3.0, 1.0, (3, 50))
    target = observed(list(np.random.default_rng(1).normal(3.0, 1.0, 50)))
    pair = DataArray(simulated, dims=("member", "time")), DataArray(target.values, dims="time")
    assert_allclose(objectives.nse(simulated, target), nse(*pair, preserve_dims=["member"]).values)


def test_a_limit_costs_only_above_it() -> None:
    """o = 1, 2, <3. Members at 2.0 and 3.0 below the limit cost nothing; one at 5 is off by 2.

    RMSE = sqrt(2^2/3). NSE's spread takes the limit as a value: mean 2, 1+0+1 = 2, so 1 - 4/2 = -1.
    """
    target = observed([1.0, 2.0, 3.0], censored=[False, False, True])
    members = np.array([[1.0, 2.0, 2.0], [1.0, 2.0, 3.0], [1.0, 2.0, 5.0]])
    assert_allclose(objectives.rmse(members, target), [0.0, 0.0, math.sqrt(4.0 / 3.0)])
    assert_allclose(objectives.nse(members, target), [1.0, 1.0, -1.0])


def test_share_inside_the_limits_of_acceptance() -> None:
    """Width 0.1 + 0.1 o = 0.2, 0.3, 0.4, 0.5. Errors 0.2, 0.31, 0.4, 0: three of four inside. A gap is no number."""
    run = OBSERVED.values + np.array([0.2 - 1e-12, 0.31, -0.4 + 1e-12, 0.0])
    gap = np.array([1.0, np.nan, 3.0, 4.0])
    share = objectives.inside_limits(np.stack([run, gap]), OBSERVED, 0.1, 0.1)
    assert_allclose(share, [0.75, np.nan])


def likelihood(
    simulated: np.ndarray, target: Observed, sigma: float, slope: float = 0.0, rho: float = 0.0
) -> float:
    one = [np.array([v]) for v in (sigma, slope, rho)]
    return float(objectives.log_likelihood(simulated[None], target, *one)[0])


def test_gaussian_and_heteroscedastic_likelihoods_are_sums_of_normal_densities() -> None:
    run = np.array([1.1, 1.7, 3.3, 4.0])
    plain = stats.norm.logpdf(OBSERVED.values, run, 0.3).sum()
    assert_allclose(likelihood(run, OBSERVED, 0.3), plain)
    growing = stats.norm.logpdf(OBSERVED.values, run, 0.1 + 0.2 * run).sum()
    assert_allclose(likelihood(run, OBSERVED, 0.1, 0.2), growing)


def test_autoregressive_likelihood_is_that_of_the_joint_normal_also_at_uneven_times() -> None:
    """Errors with covariance sigma^2 rho^|t_i - t_j|: the product of the conditional densities is the joint one."""
    days = [0.0, 1.0, 3.5, 10.0]
    target = observed([1.0, 2.0, 3.0, 4.0], days=days)
    run = np.array([1.1, 1.7, 3.3, 4.0])
    lags = np.abs(np.subtract.outer(days, days))
    joint = stats.multivariate_normal.logpdf(target.values, run, 0.09 * 0.8**lags)
    assert_allclose(likelihood(run, target, 0.3, 0.0, 0.8), joint)


def test_a_limit_adds_the_chance_to_lie_below_it() -> None:
    target = observed([1.0, 2.0], censored=[False, True])
    expected = stats.norm.logpdf(1.0, 1.2, 0.5) + stats.norm.logcdf(2.0, 2.5, 0.5)
    assert_allclose(likelihood(np.array([1.2, 2.5]), target, 0.5), expected)


def test_losses_and_acceptance() -> None:
    """KGE 0.8 costs 0.2; PBIAS -20 % costs 0.2; RMSE 3 with spread 6 costs 0.5; a log-likelihood of -7 costs 7."""
    for name, score, cost in (
        ("kge", 0.8, 0.2),
        ("pbias", -20.0, 0.2),
        ("rmse", 3.0, 0.5),
        ("ar1", -7.0, 7.0),
    ):
        assert_allclose(objectives.loss(name, np.array([score]), 6.0), [cost])
    assert objectives.accepted("nse", np.array([0.5, 0.4]), 0.5).tolist() == [True, False]
    assert objectives.accepted("pbias", np.array([-12.0, 9.0]), 10.0).tolist() == [False, True]


def test_transformations() -> None:
    """Box-Cox of 16 with power 0.25 is (2 - 1)/0.25 = 4; a negative root is no number."""
    assert_allclose(objectives.transformed(np.array([16.0]), "boxcox", 0.25, 0.0), [4.0])
    assert_allclose(objectives.transformed(np.array([0.0]), "log", 1.0, math.e), [1.0])
    assert np.isnan(objectives.transformed(np.array([-1.0]), "sqrt", 1.0, 0.0)).all()


# ---------------------------------------------------------------------------------------------------- convergence


def test_rhat_by_hand() -> None:
    """Chains (1, 3) and (5, 7): W = 2, means 2 and 6, B = n var = 2 x 8 = 16; ((1/2) 2 + 16/2)/2 = 4.5."""
    assert_allclose(convergence.plain_rhat(np.array([[1.0, 3.0], [5.0, 7.0]])), math.sqrt(4.5))


def test_independent_chains_pass_and_chains_apart_fail() -> None:
    chains = np.random.default_rng(0).standard_normal((4, 1000))
    assert convergence.rhat(chains) < 1.01
    assert 3000.0 < convergence.bulk_ess(chains) < 5000.0
    assert convergence.tail_ess(chains) > 1500.0
    assert convergence.rhat(chains + np.array([[0.0], [0.0], [0.0], [1.0]])) > 1.1
    wide = chains * np.array([[1.0], [1.0], [1.0], [4.0]])  # equal means: only the folded ranks see it
    assert (
        convergence.plain_rhat(convergence.normal_ranks(convergence.split(wide)))
        < 1.01
        < convergence.rhat(wide)
    )


def test_effective_size_of_an_autoregressive_chain() -> None:
    """AR(1) with rho 0.8 has an autocorrelation time of (1 + rho)/(1 - rho) = 9."""
    noise = np.random.default_rng(1).standard_normal((4, 20000))
    chain = np.zeros_like(noise)
    for i in range(1, noise.shape[1]):
        chain[:, i] = 0.8 * chain[:, i - 1] + noise[:, i]
    assert_allclose(convergence.plain_ess(chain), chain.size / 9.0, rtol=0.1)


def test_a_stuck_chain_is_no_sample() -> None:
    checks = convergence.check_chains(np.ones((4, 100, 1)), ["a"], 2)
    assert not any(c.passed for c in checks)


def test_ensembles_in_two_modes_fail_and_many_short_walkers_pass() -> None:
    walkers = np.random.default_rng(0).standard_normal(
        (64, 40, 1)
    )  # by walkers R-hat would be sqrt(1 + 1/20)
    assert all(c.passed for c in convergence.check_chains(walkers, ["a"], 2))
    walkers[32:] += 1.0
    assert not convergence.check_chains(walkers, ["a"], 2)[0].passed


# ------------------------------------------------------------------------------------------------------ residuals


def test_runs_test_by_hand() -> None:
    """- - - - + + + + : 2 runs, 4 of each. Mean 1 + 2 4 4/8 = 5, variance 4 3/7; z = 3/1.309 = 2.291."""
    series = np.array([-1.0, -2.0, -3.0, -4.0, 1.0, 2.0, 3.0, 4.0])
    assert_allclose(residuals.runs_test(series), 2.0 * stats.norm.sf(3.0 / math.sqrt(12.0 / 7.0)))


def test_autocorrelation_by_hand() -> None:
    """1, -1, 1, -1: mean 0, products -1 three times, squares 4: -3/4."""
    assert_allclose(residuals.autocorrelation(np.array([1.0, -1.0, 1.0, -1.0])), -0.75)


def names_that_fail(kind: str) -> set[str]:
    random = np.random.default_rng(3)
    n = 400
    model = 5.0 + 3.0 * np.sin(np.arange(n) / 10.0)
    noise = random.standard_normal(n)
    if kind == "memory":
        noise = np.convolve(noise, np.ones(10))[:n]
    elif kind == "growing":
        noise = noise * model**2 / 10.0
    elif kind == "skewed":
        noise = random.exponential(1.0, n) - 1.0
    elif kind == "unrelated":
        return {c.name for c in residuals.checklist(random.standard_normal(n), model, noise) if not c.passed}
    return {c.name for c in residuals.checklist(model + noise, model, noise) if not c.passed}


@pytest.mark.parametrize(
    "kind, failing",
    [("white", set()), ("memory", {"autocorrelation", "runs"}), ("growing", {"even"}), ("skewed", {"normal"}),
     ("unrelated", {"r2"})],
)  # fmt: skip
def test_each_check_sees_its_own_fault(kind: str, failing: set[str]) -> None:
    found = names_that_fail(kind)
    assert all(any(name.startswith(f) for name in found) for f in failing)
    if not failing:
        assert not found


def test_too_few_residuals_are_not_tested() -> None:
    few = residuals.checklist(np.ones(5), np.ones(5), np.zeros(5))
    assert [c.passed for c in few] == [None]
