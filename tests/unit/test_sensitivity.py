"""Sensitivity indices against functions whose indices are known, the gate for members without a number, the file."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from small_site import SITE

from karstsim.core.errors import InputError, RunError
from karstsim.ensemble.draws import Range, draws_csv, read_draws
from karstsim.model.site import Site
from karstsim.sensitivity_analysis.config import (
    DiagnosticSection,
    SensitivitySection,
    load_sensitivity,
    to_toml,
)
from karstsim.sensitivity_analysis.diagnostics import _statistic, trend
from karstsim.sensitivity_analysis.factors import design_of, draws_at, ranges_of
from karstsim.sensitivity_analysis.indices import Kept, gate, indices, widest
from karstsim.sensitivity_analysis.methods import LEAST as FEWEST
from karstsim.sensitivity_analysis.methods import (
    METHODS,
    Design,
    _classes,
    _distances,
    _shift,
    analyse,
    points,
)

pytest.importorskip("SALib")
from benchmarks.sensitivity import analysed, ishigami, sobol_g  # noqa: E402

PUDING = Site.from_dict(tomllib.loads(SITE)["site"])
FILE = (
    SITE
    + """
[forcing]
synthetic = "stationary"
start = "2015-01-01"
end = "2015-12-31"
[sensitivity]
method = "morris"
samples = 4
parameters = ["soil.depth", "soil.structure_factor"]
[[diagnostics]]
variable = "catchment_runoff"
"""
)
LEAST = {"morris": 4, "sobol": 8, "fast": 65, "rbd_fast": 80, "pawn": 64, "delta": 64}


def _design(method: str, samples: int, n: int = 3, **more: object) -> Design:
    return Design(method, tuple(f"x{i + 1}" for i in range(n)), samples, **more)  # type: ignore[arg-type]


def _values(y: np.ndarray) -> xr.DataArray:
    return xr.DataArray(y[:, None], dims=("member", "output"), coords={"output": ["y"]})


# ------------------------------------------------------------------------------------------------------- functions


def test_the_known_indices_are_those_that_are_published() -> None:
    """Ishigami with a = 7, b = 0.1: S1 = 0.314, 0.442, 0 and ST = 0.558, 0.442, 0.244 (Saltelli et al. 2008)."""
    assert ishigami().first == pytest.approx([0.3139, 0.4424, 0.0], abs=5e-5)
    assert ishigami().total == pytest.approx([0.5576, 0.4424, 0.2437], abs=5e-5)
    assert sobol_g().first[:3] == pytest.approx([0.7162, 0.1790, 0.0237], abs=6e-5)


@pytest.mark.parametrize("known", [ishigami(), sobol_g()], ids=lambda k: k.name)
def test_sobol_finds_the_known_indices(known) -> None:
    ds = analysed(known, _design("sobol", 2048, len(known.first)))
    assert ds.S1.values[0] == pytest.approx(known.first, abs=0.02)
    assert ds.ST.values[0] == pytest.approx(known.total, abs=0.02)
    assert (np.abs(ds.S1.values[0] - known.first) <= ds.S1_conf.values[0]).mean() >= 0.8


def test_sobol_finds_the_pair_that_acts_together() -> None:
    """All of Ishigami's interaction, 0.244, is between the first and the third variable."""
    ds = analysed(ishigami(), _design("sobol", 2048, second_order=True))
    assert float(ds.S2.sel(factor="x1", factor_2="x3")[0]) == pytest.approx(0.2437, abs=0.03)
    assert float(ds.S2.sel(factor="x1", factor_2="x2")[0]) == pytest.approx(0.0, abs=0.03)


def test_groups_have_the_indices_of_their_members_together() -> None:
    """x1 and x3 as one factor explain all that x2 does not: 0.558 and 0.442, without interactions."""
    ds = analysed(ishigami(), _design("sobol", 2048, groups=("a", "b", "a")))
    assert ds.factor.values.tolist() == ["a", "b"]
    assert ds.S1.values[0] == pytest.approx([0.5576, 0.4424], abs=0.02)
    assert ds.ST.values[0] == pytest.approx([0.5576, 0.4424], abs=0.02)


@pytest.mark.parametrize(("method", "samples", "off"), [("fast", 1025, 0.05), ("rbd_fast", 2048, 0.04)])
def test_fourier_methods_find_the_known_indices(method, samples, off) -> None:
    """Within what four harmonics leave out of x3^4 sin x1."""
    known = ishigami()
    ds = analysed(known, _design(method, samples))
    assert ds.S1.values[0] == pytest.approx(known.first, abs=off)
    if "ST" in ds:
        assert ds.ST.values[0] == pytest.approx(known.total, abs=off)


def test_morris_gives_the_slopes_of_a_plane() -> None:
    """Elementary effects of 3 u1 - 2 u2 are 3 and -2 over the whole range everywhere."""
    design = _design("morris", 6, 2)
    x = points(design)
    found = analyse(design, x, 3.0 * x[:, 0] - 2.0 * x[:, 1])
    assert found["mu"] == pytest.approx([3.0, -2.0])
    assert found["mu_star"] == pytest.approx([3.0, 2.0])
    assert found["sigma"] == pytest.approx([0.0, 0.0], abs=1e-12)
    assert found["mu_star_conf"] == pytest.approx([0.0, 0.0], abs=1e-12)


def test_a_group_of_morris_has_no_sign() -> None:
    """x1 and x2 of one group move up or down each by itself; only the size of what they do together is told."""
    design = _design("morris", 6, 3, groups=("a", "a", "b"))
    x = points(design)
    y = 3.0 * x[:, 0] - 2.0 * x[:, 1] + x[:, 2]
    found = analyse(design, x, y)
    steps = np.abs(np.diff(y.reshape(6, 3), axis=1)) / (2.0 / 3.0)
    of_a = np.diff(x[:, 0].reshape(6, 3), axis=1) != 0.0
    assert found["mu_star"] == pytest.approx([steps[of_a].mean(), 1.0])
    assert np.isnan([found["mu"][0], found["sigma"][0]]).all()
    assert found["mu"][1] == pytest.approx(1.0)


def test_pawn_and_delta_are_those_of_salib() -> None:
    """Also where outputs are equal and where slices hold a few members only."""
    from SALib.analyze import pawn
    from SALib.analyze.delta import calc_delta

    rng = np.random.default_rng(3)
    x = rng.random((200, 2))
    y = np.round(x[:, 0] + 0.3 * rng.random(200), 1)
    salib = pawn.analyze({"num_vars": 2, "names": ["a", "b"]}, x, y, S=10)
    ours = np.array([_distances(x[:, i], y, 10) for i in range(2)])
    # SALib leaves the largest x out of the last slice, and so do we.
    assert np.nanmedian(ours, axis=1) == pytest.approx(salib["median"])
    assert np.nanmax(ours, axis=1) == pytest.approx(salib["maximum"])
    grid = np.linspace(y.min(), y.max(), 100)
    edges = np.linspace(0, 200, _classes(200) + 1)
    assert _shift(x[:, 0], y, grid) == pytest.approx(calc_delta(y, grid, x[:, 0], edges), rel=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_a_seed_repeats_every_number(method) -> None:
    """Also seed 0, which SALib takes for none; numpy's own generator is left alone."""
    first = _design(method, LEAST[method], seed=0)
    np.random.seed(1)
    x = points(first)
    y = ishigami().evaluate(x)
    found = analyse(first, x, y, resamples=20)
    np.random.seed(2)
    state = np.random.get_state()[1].tolist()
    again = analyse(first, points(first), y, resamples=20)
    assert np.random.get_state()[1].tolist() == state
    assert all(np.array_equal(found[name], again[name], equal_nan=True) for name in found)
    assert not np.array_equal(x, points(dataclasses.replace(first, seed=1)))


def test_an_output_that_does_not_vary_has_no_indices_and_is_named() -> None:
    design = _design("sobol", 8)
    values = _values(np.full(design.members, 2.0))
    ds = indices(design, points(design), values, gate(values, design))
    assert np.isnan(ds.S1.values).all()
    assert ds.attrs["outputs_without_variation"] == "y"


@pytest.mark.parametrize("method", ["rbd_fast", "pawn", "delta"])
def test_the_fewest_samples_have_indices_with_intervals(method) -> None:
    """Also where members were dropped, and on the parts of the convergence curve; fewer are refused."""
    known, least = ishigami(), FEWEST[method]
    design = _design(method, 2 * least + 1)
    x = points(design)
    y = known.evaluate(x)
    y[least:-1] = np.nan
    kept = gate(_values(y), design, drop=True)
    assert len(kept.rows) == least + 1
    whole = indices(design, x, _values(known.evaluate(x)), gate(_values(known.evaluate(x)), design), sizes=4)
    assert whole.members.values.tolist() == [least, 2 * least + 1]
    few = indices(design, x, _values(y), kept, sizes=4)
    for ds in (whole, few):
        assert all(np.isfinite(ds[f"{name}_conf"].values).all() for name in design.indices)
    y[:2] = np.nan
    with pytest.raises(RunError, match="too few members are left"):
        gate(_values(y), design, drop=True)


def test_the_convergence_curve_ends_in_the_result() -> None:
    """Half and quarter of the rows are designs of their own: the same numbers as of a smaller design."""
    known, design = ishigami(), _design("sobol", 64)
    x = points(design)
    values = _values(known.evaluate(x))
    ds = indices(design, x, values, gate(values, design), sizes=3)
    assert ds.members.values.tolist() == [80, 160, 320]
    assert np.array_equal(ds.S1_at.values[-1], ds.S1.values)
    small = analyse(_design("sobol", 16), x[:80], values.values[:80, 0], resamples=200)
    assert ds.S1_at.values[0, 0] == pytest.approx(small["S1"])


def test_the_widest_interval_is_told_as_a_part_of_the_largest_index() -> None:
    """Shares of the variance as they are, effects over the largest of their output; what has no index is left out."""
    dims = ("output", "factor")
    shares = {
        "S1": [[0.8, 0.2]],
        "S1_conf": [[0.04, 0.3]],
        "ST": [[np.nan, np.nan]],
        "ST_conf": [[np.nan, np.nan]],
    }
    assert widest(xr.Dataset({n: (dims, v) for n, v in shares.items()})) == 0.3
    effects = {"mu_star": [[500.0, 10.0], [0.0, 0.0]], "mu_star_conf": [[20.0, 25.0], [0.0, 0.0]]}
    assert widest(xr.Dataset({n: (dims, v) for n, v in effects.items()})) == 0.05
    assert widest(xr.Dataset({"S1": (dims, [[0.8, 0.2]])})) is None


# ------------------------------------------------------------------------------------------------------------ gate


def _failed(design: Design) -> xr.DataArray:
    y = np.arange(float(design.members))
    y[5] = np.nan
    return _values(y)


@pytest.mark.parametrize("method", METHODS)
def test_members_without_a_number_are_named_and_nothing_is_computed(method) -> None:
    design = _design(method, LEAST[method])
    with pytest.raises(RunError, match=r"member 5: y is no number") as caught:
        gate(_failed(design), design)
    assert f"1 of {design.members}" in str(caught.value)


def test_why_a_member_failed_is_said() -> None:
    design = _design("pawn", 64)
    with pytest.raises(RunError, match=r"member 5: draw 5: soil\.depth") as caught:
        gate(_failed(design), design, {5: "draw 5: soil.depth lies outside"})
    assert 'failed = "drop"' in str(caught.value)


@pytest.mark.parametrize("method", ["sobol", "fast"])
def test_designs_that_need_every_member_drop_none(method) -> None:
    design = _design(method, LEAST[method])
    with pytest.raises(RunError, match=f"{method} needs every member"):
        gate(_failed(design), design, drop=True)


def test_morris_drops_the_whole_trajectory() -> None:
    """Member 5 is of the second trajectory of four: members 4 to 7 go, and the result says how many."""
    design = _design("morris", 4)
    values = _failed(design)
    kept = gate(values, design, drop=True)
    assert kept.rows.tolist() == [0, 1, 2, 3, *range(8, 16)]
    ds = indices(design, points(design), values, kept, sizes=0)
    assert ds.attrs["dropped"] == 4 and "member 5" in ds.attrs["dropped_because"]
    assert np.isfinite(ds.mu_star.values).all()


def test_a_sound_study_keeps_all() -> None:
    design = _design("pawn", 64)
    kept = gate(_values(np.arange(64.0)), design, drop=True)
    assert isinstance(kept, Kept) and len(kept.rows) == 64 and not kept.dropped


# --------------------------------------------------------------------------------------------------------- factors


def test_ranges_are_those_of_the_declarations_unless_given() -> None:
    """soil.structure_factor is declared from 0.3 to 4 on a log scale; half way lies the geometric mean."""
    section = SensitivitySection.model_validate(
        {
            "samples": 4,
            "parameters": ["soil.depth", "soil.structure_factor"],
            "ranges": {"soil.depth": {"value": [0.2, 0.4]}},
        }
    )
    ranges = ranges_of(section, PUDING)
    assert ranges["soil.depth"] == Range(0.2, 0.4)
    assert ranges["soil.structure_factor"] == Range(0.3, 4.0, log=True)
    draw = draws_at(np.array([[0.5, 0.5]]), ranges)[0]
    assert draw["soil.depth"] == pytest.approx(0.3)
    assert draw["soil.structure_factor"] == pytest.approx(np.sqrt(0.3 * 4.0))


def test_a_pattern_finds_what_may_be_calibrated_and_the_site_has() -> None:
    section = SensitivitySection.model_validate({"samples": 4, "parameters": ["soil.*"]})
    names = set(ranges_of(section, PUDING))
    assert "soil.depth" in names and "soil.tail_order" not in names
    nothing = SensitivitySection.model_validate({"samples": 4, "parameters": ["surface_water.*"]})
    with pytest.raises(InputError, match="matches no parameter"):
        ranges_of(nothing, PUDING)


def test_whole_numbers_share_their_range_evenly() -> None:
    ranges = {"epikarst.compartments": Range(1.0, 4.0)}
    found = [d["epikarst.compartments"] for d in draws_at(np.linspace(0.0, 1.0, 8)[:, None], ranges)]
    assert found == [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0]


def test_groups_by_compartment_and_by_name() -> None:
    given = {
        "samples": 4,
        "method": "morris",
        "parameters": ["soil.depth", "soil.porosity", "vegetation.fpar"],
    }
    by_compartment = SensitivitySection.model_validate({**given, "groups": "compartment"})
    assert design_of(by_compartment, ranges_of(by_compartment, PUDING)).factors == ("soil", "vegetation")
    by_name = SensitivitySection.model_validate(
        {**given, "groups": {"space": ["soil.depth", "soil.porosity"]}}
    )
    assert design_of(by_name, ranges_of(by_name, PUDING)).factors == ("space", "vegetation.fpar")
    wrong = SensitivitySection.model_validate({**given, "groups": {"space": ["soil.clay"]}})
    with pytest.raises(InputError, match="is not varied"):
        design_of(wrong, ranges_of(wrong, PUDING))


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"method": "sobol", "samples": 100}, "no power of two"),
        ({"method": "fast", "samples": 64}, "too few"),
        ({"method": "pawn", "samples": 64, "groups": ("a", "b", "a")}, "mean nothing to pawn"),
        ({"method": "fast", "samples": 65, "second_order": True}, "is not given by fast"),
        ({"method": "sobol", "samples": 8, "groups": ("a", "a", "a")}, "less than two"),
    ],
)
def test_designs_that_cannot_be_are_refused(given, what) -> None:
    with pytest.raises(InputError, match=what):
        Design(names=("x1", "x2", "x3"), **given)


def test_a_table_of_draws_reads_back_to_the_same(tmp_path) -> None:
    """Values, factors on defaults, and the factor on rain, to the last bit."""
    draws = [
        {"soil.depth": 0.1 + 0.2, "soil.porosity": {"factor": 1.0 / 3.0}, "forcing.pr": {"factor": 0.9}},
        {"soil.depth": 0.4, "soil.porosity": {"factor": 1.0}, "forcing.pr": {"factor": 1.1}},
    ]
    path = tmp_path / "draws.csv"
    path.write_text(draws_csv(draws), encoding="utf-8")
    assert read_draws(path) == draws
    path.write_text("forcing.pr\n2.0\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"forcing\.pr"):
        read_draws(path)


# ------------------------------------------------------------------------------------------------------------ file


def _file(folder: Path, text: str) -> Path:
    path = folder / "sensitivity.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_resolved_file_reads_back_to_the_same(tmp_path) -> None:
    config = load_sensitivity(_file(tmp_path, FILE))
    again = load_sensitivity(_file(tmp_path, to_toml(config)))
    assert again == config


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("catchment_runoff", "catchment_runof", "did you mean"),
        ("catchment_runoff", "catchment_*", "is a pattern"),
        ("soil.depth", "soil.dept", "matches no parameter"),
        ('method = "morris"', 'method = "sobol"\nfailed = "drop"', "none can be dropped"),
        ("[[diagnostics]]", '[[diagnostics]]\nstatistic = "percentile"', "percentile"),
        (
            "[[diagnostics]]",
            "[[diagnostics]]\nmonths = [6]\nfrequency = 'annual'",
            "months are not in annual",
        ),
        (
            "[[diagnostics]]",
            "[[diagnostics]]\nname = 'a'\nvariable = 'soil_efflux'\n[[diagnostics]]\nname = 'a'",
            "two",
        ),
        (
            "[[diagnostics]]",
            '[sensitivity.ranges]\n"soil.depth" = { value = [0.0, 9.0] }\n[[diagnostics]]',
            "goes beyond",
        ),
        (
            "[[diagnostics]]",
            '[sensitivity.ranges]\n"forcing.pr" = { value = [0.0, 9.0] }\n[[diagnostics]]',
            "factor",
        ),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path, old, new, what) -> None:
    path = _file(tmp_path, FILE.replace(old, new, 1))
    with pytest.raises(InputError, match=what):
        config = load_sensitivity(path)
        ranges_of(config.sensitivity, config.site)


# ------------------------------------------------------------------------------------------------------ statistics


def test_statistics_of_a_straight_line_with_seasons() -> None:
    """Two per year and a wave of 3 in the months: trend 20 per decade; the mean seasons also rise by 11/12 of 2."""
    months = np.tile(np.arange(1, 13), 10)
    years = np.repeat(np.arange(2000, 2010), 12)
    line = 2.0 * (years + (months - 1) / 12.0)
    values = np.stack([line, line + 3.0 * (months == 7)])

    def of(name: str, **more: object) -> np.ndarray:
        asked = DiagnosticSection.model_validate(
            {"variable": "x", "statistic": name, "frequency": "monthly", **more}
        )
        return _statistic(values, years, months, asked)

    assert of("trend")[0] == pytest.approx(20.0)
    assert of("amplitude") == pytest.approx([11.0 / 6.0, 4.0])
    assert of("mean")[1] - of("mean")[0] == pytest.approx(0.25)
    assert of("percentile", percentile=50.0)[0] == pytest.approx(np.median(line))
    assert of("max")[0] == line.max() and of("sum")[0] == pytest.approx(line.sum())


def test_a_single_year_has_no_trend() -> None:
    assert np.isnan(trend(np.ones((2, 1)), np.array([2000.0]))).all()
