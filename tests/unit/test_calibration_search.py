"""Searches find what they must, say when they have not, and ask for the same points again when they begin again."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from karstsim.calibration import sampling, search
from karstsim.calibration.evaluate import Evaluator
from karstsim.calibration.ledger import Entry, Ledger, key_of
from karstsim.core.errors import InputError, RunError

TRUTH = np.array([0.3, 0.7])


@dataclass
class Bowl:
    """A problem without a model: two parameters, and targets that each want a place of their own.

    wanted   (n_targets, 2) where the loss of a target is 0;  width: the score is -((x - wanted)/width)^2/2
    broken   points with a first share below it fail;  calls: how many points each call of the model had
    """

    wanted: np.ndarray = field(default_factory=lambda: TRUTH[None])
    width: float = 0.1
    broken: float = -1.0
    context: str = "bowl"
    calls: list[int] = field(default_factory=list)
    free: tuple[str, ...] = ("a", "b")
    accept: float | None = None

    @property
    def names(self) -> list[str]:
        return list(self.free)

    @property
    def targets(self) -> list[SimpleNamespace]:
        section = SimpleNamespace(weight=1.0, accept=self.accept, objective="gaussian")
        return [SimpleNamespace(section=section) for _ in self.wanted]

    def values(self, shares: np.ndarray) -> np.ndarray:
        return shares

    def simulate(self, values: np.ndarray, workers: int) -> tuple[np.ndarray, dict[int, str]]:
        self.calls.append(len(values))
        return values, {int(i): "too low" for i in np.flatnonzero(values[:, 0] < self.broken)}

    def scores(self, values: np.ndarray, simulated: np.ndarray) -> np.ndarray:
        return -0.5 * (((simulated[:, None] - self.wanted) / self.width) ** 2).sum(axis=2)

    def losses(self, scores: np.ndarray) -> np.ndarray:
        return np.where(np.isfinite(scores), -scores, np.inf)

    def total(self, scores: np.ndarray) -> np.ndarray:
        return self.losses(scores).sum(axis=1)


def evaluator(folder: Path, problem: Bowl) -> Evaluator:
    return Evaluator(problem, Ledger(folder))  # type: ignore[arg-type]


def test_evolution_finds_the_bottom_with_one_call_a_generation(tmp_path: Path) -> None:
    bowl = Bowl()
    found = search.evolve(evaluator(tmp_path, bowl), population=16, generations=60, seed=1)
    assert_allclose(found.shares[0], TRUTH, atol=0.01)
    assert len(bowl.calls) <= 60 and max(bowl.calls) == 16  # equal points of a generation are run once
    assert found.kind == "population" and (np.diff(found.trace) <= 0.0).all()


def test_a_search_cut_short_has_not_converged(tmp_path: Path) -> None:
    assert not search.evolve(evaluator(tmp_path, Bowl()), 16, 3, 1).converged


@dataclass
class Lifted(Bowl):
    """A bowl whose loss has an offset; `deaf` of its parameters change nothing."""

    offset: float = 1000.0
    deaf: int = 0

    def total(self, scores: np.ndarray) -> np.ndarray:
        return super().total(scores) + self.offset

    def scores(self, values: np.ndarray, simulated: np.ndarray) -> np.ndarray:
        return super().scores(values, simulated[:, : 2 - self.deaf])


@pytest.mark.parametrize("offset", [0.0, 1000.0, -1000.0, 1e6])
def test_an_offset_of_the_loss_does_not_end_a_search_early(tmp_path: Path, offset: float) -> None:
    """The spread over the mean alone called five generations the end of this one."""
    (tmp_path / "short").mkdir()
    assert not search.evolve(evaluator(tmp_path / "short", Lifted(offset=offset)), 16, 5, 1).converged
    bowl = Lifted(offset=offset)
    found = search.evolve(evaluator(tmp_path, bowl), 16, 200, 1)
    assert found.converged and len(bowl.calls) < 100
    assert_allclose(found.shares[0], TRUTH, atol=0.02)
    assert (found.shares.std(axis=0) < 0.1).all()


def test_a_parameter_that_changes_nothing_does_not_keep_a_search_going(tmp_path: Path) -> None:
    bowl = Lifted(wanted=TRUTH[None, :1], deaf=1)
    found = search.evolve(evaluator(tmp_path, bowl), 16, 200, 1)
    assert found.converged and len(bowl.calls) < 100
    assert found.shares[:, 1].std() > search.WIDEST * search.EVEN  # it keeps its range


def test_a_population_that_still_spans_a_range_is_named() -> None:
    """Losses over 1e5 in the first generation make 100 look alike; the parameter says that they are not."""
    shares = np.array([[0.5, 0.0], [0.5, 0.5], [0.5, 1.0]])
    losses, wide = search.population_checks(shares, np.array([5000.0, 5050.0, 5100.0]), 1e5, ["a", "b"])
    assert losses.passed and wide.passed is False and "of b" in wide.name and wide.value > 1.0


def test_refinement_goes_down_to_the_bottom(tmp_path: Path) -> None:
    """A bowl is quadratic: its gradient by central differences is exact, and L-BFGS-B ends at the bottom."""
    bowl = Bowl(width=1.0)
    asked = evaluator(tmp_path, bowl)
    search.refine(asked, np.array([0.5, 0.5]), runs=200)
    points, scores = asked.evaluated()
    assert_allclose(points[np.argmin(bowl.total(scores))], TRUTH, atol=2e-3)
    assert set(bowl.calls) <= {5, 4, 3, 2, 1}


@pytest.mark.parametrize("runs", [0, 4, 5, 9, 10])
def test_refinement_makes_no_more_runs_than_it_may(tmp_path: Path, runs: int) -> None:
    asked = evaluator(tmp_path, Bowl(width=1.0))
    search.refine(asked, np.array([0.5, 0.5]), runs)
    assert asked.made == runs // 5 * 5  # whole gradients of two parameters; this bowl takes two


def test_pareto_front_spans_the_line_between_two_wishes(tmp_path: Path) -> None:
    """Of two round bowls the points that none beats are those on the line between their bottoms: b = a here."""
    bowl = Bowl(wanted=np.array([[0.2, 0.2], [0.8, 0.8]]))
    found = search.pareto(evaluator(tmp_path, bowl), 24, 40, 1)
    assert np.abs(found.shares[:, 0] - found.shares[:, 1]).mean() < 0.06
    assert found.shares.min() < 0.3 and found.shares.max() > 0.7
    assert found.kind == "pareto"


def test_chains_have_the_mean_and_width_of_the_posterior(tmp_path: Path) -> None:
    """The likelihood is a normal of width 0.05 well inside the ranges: so is the posterior."""
    found = sampling.chains(evaluator(tmp_path, Bowl(width=0.05)), 16, 750, 2, 0.5, 1)
    assert_allclose(found.shares.mean(axis=0), TRUTH, atol=0.01)
    assert_allclose(found.shares.std(axis=0), 0.05, rtol=0.1)
    assert found.converged, [c.line() for c in found.checks if not c.passed]


def test_few_steps_are_refused(tmp_path: Path) -> None:
    """What would be enough is told from the smallest effective size: here 60 to 200 of the 400 that are wanted."""
    found = sampling.chains(evaluator(tmp_path, Bowl(width=0.05)), 16, 92, 2, 0.5, 1)
    smallest = min(c.value for c in found.checks if "ESS" in c.name)
    assert not found.converged and 20.0 < smallest < 400.0
    assert found.mend == f"give about {400.0 / smallest:.1f} times the evaluations"
    short = sampling.chains(evaluator(tmp_path, Bowl(width=0.05)), 16, 6, 2, 0.5, 1)
    assert not short.converged and "too short" in short.mend


def test_limits_of_acceptance_keep_what_every_target_accepts(tmp_path: Path) -> None:
    """-((x-w)/0.1)^2/2 >= -2 is a disk of radius 0.2: pi 0.04 = 12.6 % of the square."""
    found = sampling.accept(evaluator(tmp_path, Bowl(accept=-2.0)), 2048, "sobol", 0.05, 1)
    assert (np.linalg.norm(found.shares - TRUTH, axis=1) <= 0.2).all()
    assert_allclose(len(found.shares) / 2048, np.pi * 0.04, rtol=0.03)
    assert found.converged


def test_without_limits_the_best_share_is_kept(tmp_path: Path) -> None:
    found = sampling.accept(evaluator(tmp_path, Bowl()), 400, "lhs", 0.05, 1)
    assert len(found.shares) == 20
    assert not found.converged  # twenty draws have no 5 % quantile


@pytest.mark.parametrize("method", ["de", "nsga2", "emcee", "glue"])
def test_a_search_begun_again_is_found_in_the_ledger(tmp_path: Path, method: str) -> None:
    def go(bowl: Bowl) -> tuple[search.Found, int]:
        asked = evaluator(tmp_path, bowl)
        return {
            "de": lambda: search.evolve(asked, 16, 10, 3),
            "nsga2": lambda: search.pareto(asked, 12, 8, 3),
            "emcee": lambda: sampling.chains(asked, 12, 25, 2, 0.5, 3),
            "glue": lambda: sampling.accept(asked, 100, "lhs", 0.1, 3),
        }[method](), asked.new

    wanted = np.array([[0.2, 0.2], [0.8, 0.8]])
    (first, made), (again, repeated) = go(Bowl(wanted)), go(Bowl(wanted))
    assert made > 0 and repeated == 0
    np.testing.assert_array_equal(first.shares, again.shares)


def test_failed_points_are_named_and_never_best(tmp_path: Path) -> None:
    asked = evaluator(tmp_path, Bowl(broken=0.25))
    found = search.evolve(asked, 16, 30, 1)
    assert_allclose(found.shares[0], TRUTH, atol=0.05)
    assert asked.failures() and asked.failures()[0].endswith("too low")
    points, scores = asked.evaluated()
    failed = points[:, 0] < 0.25
    assert failed.any() and np.isnan(scores[failed]).all() and np.isfinite(scores[~failed]).all()
    assert [bool(entry.reason) for _, entry in asked.asked.values()] == failed.tolist()
    asked.refuse_if_all_failed()


def test_where_nothing_runs_it_is_said(tmp_path: Path) -> None:
    asked = evaluator(tmp_path, Bowl(broken=2.0))
    asked.totals(np.full((4, 2), 0.5))
    with pytest.raises(RunError, match="4 x too low"):
        asked.refuse_if_all_failed()


def test_equal_points_are_run_once(tmp_path: Path) -> None:
    bowl = Bowl()
    evaluator(tmp_path, bowl).scores(np.array([[0.1, 0.2], [0.1, 0.2], [0.3, 0.4]]))
    assert bowl.calls == [2]


def test_a_run_is_judged_for_other_searches_too(tmp_path: Path) -> None:
    """Of two problems with the same runs the second finds what the first has run, and nothing it did not ask for."""
    bowl, other = Bowl(), Bowl(context="fold", wanted=np.array([[0.9, 0.9]]))
    first = evaluator(tmp_path, bowl)
    first.others = (other,)  # type: ignore[assignment]
    points = np.array([[0.1, 0.2], [0.3, 0.4]])
    first.scores(points)
    second = Evaluator(other, first.ledger)  # type: ignore[arg-type]
    assert_allclose(second.scores(points[:1]), other.scores(points[:1], points[:1]))
    assert second.new == 0 and other.calls == []
    assert len(second.evaluated()[0]) == 1
    assert first.ledger.runs(["bowl", "fold"]) == 2


def test_another_context_is_another_evaluation(tmp_path: Path) -> None:
    point = np.array([0.1, 0.2])
    with Ledger(tmp_path) as ledger:
        ledger.enter([("a", point, Entry(np.array([1.0]), ""))])
        assert key_of("a", point) in ledger.find([key_of("a", point), key_of("b", point)])
        assert key_of("b", point) not in ledger.find([key_of("b", point)])
        assert (ledger.runs(["a"]), ledger.runs(["b"]), ledger.runs(["a", "b"])) == (1, 0, 1)


def test_a_ledger_of_rubbish_is_named(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"no database at all, " * 100)
    with pytest.raises(InputError, match=r"ledger\.sqlite"):
        Ledger(tmp_path)


def test_an_absent_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "emcee", None)
    with pytest.raises(InputError, match=r"karstsim\[calibration\]"):
        search.optional("emcee", "emcee")
