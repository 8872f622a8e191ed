"""Variance by source, and trends by driver, of constructed series whose answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import linregress
from small_site import SITE

from karstsim.core.errors import InputError
from karstsim.report.build import contents_of, report
from karstsim.report.decomposition_figures import attribution_figure, decomposition_figure
from karstsim.sensitivity_analysis import sensitivity
from karstsim.sensitivity_analysis.attribution import (
    attribute_trend,
    left_moving,
    load_attribution,
    merged,
    subsets,
)
from karstsim.sensitivity_analysis.decomposition import anova, decompose_variance

SCENARIO, MODEL, DRAW = np.array([0.0, 4.0]), np.array([-3.0, 0.0, 3.0]), np.array([0.0, 1.0, 2.0, 3.0])
V_SCENARIO, V_MODEL, V_DRAW = 4.0, 6.0, 1.25  # population variances of the three
YEARS = 8


def _ensemble(extra: np.ndarray | float = 0.0, noise: np.ndarray | None = None) -> xr.Dataset:
    """Additive values of 2 scenarios x 3 models x 4 draws; `extra` is added, `noise` (time,) to all series."""
    table = SCENARIO[:, None, None] + MODEL[:, None] + DRAW + extra
    s, m, d = (index.ravel() for index in np.indices(table.shape))
    values = table.ravel()[:, None] + (np.zeros(YEARS) if noise is None else noise)
    return xr.Dataset(
        {"sink": (("realization", "time"), values, {"units": "mol m-2", "cell_methods": "time: sum"})},
        coords={
            "time": pd.date_range("2015", periods=YEARS, freq="YS"),
            "scenario": ("realization", np.array(["low", "high"])[s]),
            "source_id": ("realization", np.array(["A", "B", "C"])[m]),
            "variant_label": ("realization", np.full(table.size, "r1")),
            "draw": ("realization", d),
        },
    )


def _shares(ds: xr.Dataset) -> dict[str, float]:
    return {str(name): float(ds.share[i, 0]) for i, name in enumerate(ds.source.values)}


@pytest.mark.parametrize("method", ["anova", "hawkins_sutton"])
def test_an_additive_table_has_the_shares_of_its_parts(method) -> None:
    """Without interactions the variance is 4 + 6 + 1.25, and no method sees anything else."""
    found = decompose_variance(_ensemble(), "sink", window=1, method=method)
    total = V_SCENARIO + V_MODEL + V_DRAW
    shares = _shares(found)
    assert shares["scenario"] == pytest.approx(V_SCENARIO / total, rel=1e-12, abs=0.0)
    assert shares["model"] == pytest.approx(V_MODEL / total, rel=1e-12, abs=0.0)
    assert shares["parameters"] == pytest.approx(V_DRAW / total, rel=1e-12, abs=0.0)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert float(found.total[0]) == pytest.approx(total)
    assert found.attrs["units"] == "mol m-2 year-1"


def test_what_scenario_and_model_do_only_together_is_their_interaction() -> None:
    """A product of two centred contrasts, +-1 and (-1, 0, 1), has no main effect and the variance 2/3."""
    extra = (np.array([-1.0, 1.0])[:, None] * np.array([-1.0, 0.0, 1.0]))[..., None]
    found = decompose_variance(_ensemble(extra), "sink", window=1)
    variance = dict(zip(found.source.values, found.variance.values[:, 0], strict=True))
    assert variance["scenario x model"] == pytest.approx(2.0 / 3.0)
    assert variance["scenario"] == pytest.approx(V_SCENARIO) and variance["model"] == pytest.approx(V_MODEL)
    assert variance["model x parameters"] == pytest.approx(0.0, abs=1e-12)


def test_effects_sum_to_the_variance_of_any_table() -> None:
    table = np.random.default_rng(1).normal(size=(3, 4, 5, 2))
    found = anova(table, ("a", "b", "c"))
    assert len(found) == 7
    assert sum(found.values()) == pytest.approx(np.var(table, axis=(0, 1, 2)))


def test_what_a_running_mean_leaves_is_internal() -> None:
    """A wave of three years, (1, -2, 1), has the running mean 0 over three years and the variance 2 about it.

    Six windows of a record of eight years hold the waves' values -2, 1, 1, -2, 1, 1.
    """
    noise = np.resize([1.0, -2.0, 1.0], YEARS)
    found = decompose_variance(_ensemble(noise=noise), "sink", window=3)
    internal = float(found.variance.sel(source="internal")[0])
    assert internal == pytest.approx(2.0)
    assert float(found.variance.sel(source="model")[0]) == pytest.approx(V_MODEL)
    assert found.time.values.tolist() == [2016, 2017, 2018, 2019, 2020, 2021]


def test_members_of_one_combination_differ_internally() -> None:
    """A second variant, 2 higher in all: variance 1 between variants, and no change of the rest."""
    first = _ensemble()
    second = first.assign(sink=first.sink + 2.0)
    both = xr.concat([first, second], "realization")
    found = decompose_variance(both, "sink", window=1)
    assert float(found.variance.sel(source="internal")[0]) == pytest.approx(1.0)
    assert float(found.variance.sel(source="scenario")[0]) == pytest.approx(V_SCENARIO)


def test_an_incomplete_design_is_named_and_the_nested_method_takes_it() -> None:
    ds = _ensemble()
    gone = (ds.scenario == "high") & (ds.source_id == "C") & (ds.draw == 3)
    part = ds.isel(realization=np.flatnonzero(~gone.values))
    with pytest.raises(InputError, match="scenario high, model C, parameters 3"):
        decompose_variance(part, "sink", window=1)
    found = decompose_variance(part, "sink", window=1, method="hawkins_sutton")
    assert np.isfinite(found.share.values).all()


def test_a_baseline_leaves_the_change() -> None:
    """What is constant has no change to be taken apart; all shares are 0, not NaN."""
    found = decompose_variance(_ensemble(), "sink", window=1, baseline=(2015, 2016))
    assert float(found.total[0]) == pytest.approx(0.0, abs=1e-20)
    assert np.isfinite(found.share.values).all()


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"window": 4}, "has no middle"),
        ({"window": 5}, "too long for 8 years\n  mend: give at most 3 "),
        ({"baseline": (1990, 1995)}, "outside"),
    ],
)
def test_windows_and_baselines_that_do_not_fit_are_refused(more, what) -> None:
    with pytest.raises(InputError, match=what):
        decompose_variance(_ensemble(), "sink", **more)


def test_members_without_a_number_are_refused() -> None:
    ds = _ensemble()
    ds.sink[7] = np.nan
    with pytest.raises(InputError, match="realizations 7"):
        decompose_variance(ds, "sink", window=1)


# ------------------------------------------------------------------------------------------------------ attribution


def _runs() -> dict[tuple[str, ...], xr.DataArray]:
    """Per year: 1 without drivers; climate adds 2 t, CO2 adds t, both together 3 t more; land use takes 1 t off."""
    t = np.arange(10.0)
    time = pd.date_range("2000", periods=10, freq="YS")

    def of(subset: tuple[str, ...]) -> np.ndarray:
        c, g, u = (name in subset for name in ("climate", "co2", "land use"))
        return 1.0 + 2.0 * t * c + t * g + 3.0 * t * (c and g) - t * u

    return {
        s: xr.DataArray(of(s), dims="time", coords={"time": time}, name="sink", attrs={"units": "mol m-2"})
        for s in subsets(("climate", "co2", "land use"))
    }


def test_effects_of_drivers_and_of_their_interaction_are_found() -> None:
    """Stein & Alpert: climate 20 per decade, CO2 10, their interaction 30, land use -10, nothing else."""
    ds = attribute_trend(_runs(), window=1)
    found = dict(zip(ds.drivers.values, ds.effect_trend.values, strict=True))
    assert found.pop("climate") == pytest.approx(20.0)
    assert found.pop("co2") == pytest.approx(10.0)
    assert found.pop("climate+co2") == pytest.approx(30.0)
    assert found.pop("land use") == pytest.approx(-10.0)
    assert list(found.values()) == pytest.approx([0.0, 0.0, 0.0], abs=1e-9)
    assert ds.effect.sum("drivers").values + ds.base.values == pytest.approx(ds["all"].values)


def test_the_figure_says_what_no_driver_explains() -> None:
    """Drivers add 50 a decade to a trend; where all are held back 7 are left, and the whole is 57."""
    runs = {s: run + 0.7 * np.arange(10.0) for s, run in _runs().items()}
    bars = attribution_figure(attribute_trend(runs, window=1)).axes[1]
    assert "whole trend 57,\nwithout any driver 7 ± " in bars.get_xlabel()
    assert bars.patches[-1].get_width() == pytest.approx(50.0)
    assert bars.get_yticklabels()[-1].get_text() == "all drivers"


@pytest.mark.parametrize(
    ("variable", "long_name", "words"),
    [
        ("catchment_runoff", "water that leaves the catchment", "Runoff"),
        ("catchment_other", "what no key number has", "what no key number has"),
    ],
)
def test_figures_are_titled_in_words(variable: str, long_name: str, words: str) -> None:
    ds = _ensemble().rename(sink=variable)
    ds[variable].attrs["long_name"] = long_name
    shown = decomposition_figure(decompose_variance(ds, variable, window=1))
    assert shown.axes[1].get_title(loc="left") == f"b  {words}"
    assert "(mol m⁻² a⁻¹)" in shown.axes[1].get_ylabel()
    runs = {
        s: run.rename(variable).assign_attrs(run.attrs, long_name=long_name) for s, run in _runs().items()
    }
    shown = attribution_figure(attribute_trend(runs, window=1))
    assert shown.axes[0].get_title(loc="left") == f"a  {words}"
    assert "climate × CO₂" in [tick.get_text() for tick in shown.axes[1].get_yticklabels()]


def test_the_trend_without_drivers_has_the_standard_error_of_a_regression() -> None:
    """As scipy's linregress, of ten years that scatter; a large trend is told from chance."""
    noise = np.array([0.3, -0.2, 0.5, -0.6, 0.1, 0.4, -0.3, 0.2, -0.5, 0.1])
    runs = {s: 0.001 * run + noise for s, run in _runs().items()}
    ds = attribute_trend(runs, window=1)
    expected = linregress(np.arange(10.0), runs[()].values)
    assert float(ds.base_trend) == pytest.approx(10.0 * expected.slope)
    assert float(ds.base_trend_error) == pytest.approx(10.0 * expected.stderr)
    assert "by chance: give more years" in left_moving(ds)[0]
    moving = attribute_trend({s: run + np.arange(10.0) for s, run in runs.items()}, window=1)
    assert "the spin-up left moving" in left_moving(moving)[0]
    assert left_moving(attribute_trend(_runs(), window=1)) == []


def test_pages_hold_the_tables_and_what_to_mind(tmp_path: Path) -> None:
    """They were a picture under the name of the folder."""
    noise = np.tile([4.0, -4.0], 5)
    attribute_trend({s: run + 9.0 * noise for s, run in _runs().items()}, 1).to_netcdf(
        tmp_path / "attribution.nc"
    )
    assert contents_of(tmp_path).provenance == {}  # without its runs
    (tmp_path / "runs" / "none").mkdir(parents=True)
    (tmp_path / "runs" / "none" / "run.json").write_text('{"source": "abc", "seed": 3, "warnings": []}')
    _ensemble().to_netcdf(tmp_path / "runs" / "none" / "annual.nc")
    page = contents_of(tmp_path)
    assert page.provenance == {"source": "abc", "seed": 3}
    assert page.title == "Drivers of the trend: sink" and "from 8 runs" in page.notes.summary[0]
    (table,) = page.sections[0].tables
    rows = dict(table.rows)
    assert rows["climate × CO₂"] == "30.0" and "standard error of the trend without any driver" in rows
    (tmp_path / "d").mkdir()
    of = "catchment_sink_hydrochemical"
    parts = decompose_variance(_ensemble().rename(sink=of), of, window=1)
    parts.assign_attrs(ensemble="runs/a", source="karstsim 0").to_netcdf(tmp_path / "d" / "decomposition.nc")
    page = contents_of(tmp_path / "d")
    assert page.provenance == {"ensemble": "runs/a", "source": "karstsim 0"}
    (table,) = page.sections[0].tables
    assert {"climate model", "scenario × climate model", "internal variability"} < {r[0] for r in table.rows}
    shares = np.array([[float(cell) for cell in row[1:]] for row in table.rows])
    assert page.title == "Sources of spread: Karst carbon sink" and shares.sum(axis=0) == pytest.approx(
        [100.0] * 3, abs=0.3
    )
    assert "by anova over" in page.notes.summary[0] and "scenario (" in page.notes.summary[0]
    assert report(tmp_path / "d").is_file() and report(tmp_path).is_file()


def test_all_but_one_has_the_interactions_and_alone_has_none() -> None:
    ds = attribute_trend(_runs(), window=3)
    assert float(ds.alone_trend.sel(driver="climate")) == pytest.approx(20.0)
    assert float(ds.all_but_one_trend.sel(driver="climate")) == pytest.approx(50.0)
    assert ds.sizes["time"] == 8


def test_a_missing_run_is_named() -> None:
    runs = _runs()
    del runs[("climate", "co2")]
    with pytest.raises(InputError, match=r"climate\+co2"):
        attribute_trend(runs, window=1)


def test_changes_are_merged_and_a_source_of_weather_takes_the_others_place() -> None:
    tables = {"forcing": {"files": ["a.nc"], "co2": 400.0}, "run": {"seed": 1}}
    changed = merged(tables, {"forcing": {"synthetic": "stationary"}})
    assert changed == {"forcing": {"synthetic": "stationary", "co2": 400.0}, "run": {"seed": 1}}
    assert tables["forcing"] == {"files": ["a.nc"], "co2": 400.0}


FILE = (
    SITE
    + """
[forcing]
synthetic = "ssp585"
[attribution]
variable = "catchment_runoff"
[attribution.without.climate.forcing]
synthetic = "stationary"
[attribution.without.co2.forcing]
co2 = 400.0
"""
)


def test_a_file_makes_the_runs_of_all_subsets(tmp_path: Path) -> None:
    path = tmp_path / "attribution.toml"
    path.write_text(FILE, encoding="utf-8")
    section, configs = load_attribution(path)
    assert section.window == 11 and list(configs) == [(), ("climate",), ("co2",), ("climate", "co2")]
    assert configs[()].forcing.synthetic == "stationary" and configs[()].forcing.co2 == 400.0
    assert configs[("climate", "co2")].forcing.synthetic == "ssp585"
    assert configs[("climate", "co2")].forcing.co2 is None
    assert all(c.run.output == ["annual"] for c in configs.values())


def test_a_file_without_a_task_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("[site]\n", encoding="utf-8")
    with pytest.raises(InputError, match="no table that says what to do"):
        sensitivity(path, tmp_path / "out")
