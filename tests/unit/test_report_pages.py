"""The page of a folder, its checks, and the figures of `ks.plot`: what they show, and what they do without."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import karstsim as ks
from karstsim import plot
from karstsim.core.errors import InputError
from karstsim.report import budget, checks, found, style, time_axis
from karstsim.report.build import READERS, contents_of, report, sections_of
from karstsim.report.ensemble_folder import _with_unit
from karstsim.report.html import share, whole_powers, write_page
from karstsim.report.results_figure import paired
from karstsim.report.section import Check, Contents, Section, Table

SITE = {
    "name": "two tiles",
    "latitude": 26.3,
    "longitude": 105.7,
    "elevation": 800.0,
    "area_km2": 10.0,
    "allogenic_area_km2": 2.0,
    "tiles": [
        {
            "land_use": "cropland",
            "area_fraction": 0.5,
            "parameters": {"soil.irrigation_rate": 1.0, "soil.powder_rate": 0.5},
        },
        {"land_use": "secondary_forest", "area_fraction": 0.5, "parameters": {"cave.area_fraction": 0.1}},
    ],
    "boxes": [
        {
            "name": "brook",
            "kind": "stream",
            "water_class": "planted_stream",
            "length_km": 3.0,
            "slope": 0.01,
            "tributary_km2": 2.0,
        }
    ],
}
EVERYTHING_ON = {
    "aquifer.loss_share": 0.1,
    "aquifer.gain": 0.2,
    "aquifer.matrix_loss": 0.05,
    "vegetation.bicarbonate_uptake": 0.2,
    "surface_water.plant_harvest": 1.0,
}


@pytest.fixture(scope="module")
def outputs(climate_forcing: Callable[..., xr.Dataset]) -> dict[str, xr.Dataset]:
    """A year and two months with every flux of carbon on."""
    from karstsim.model.simulate import Simulation

    forcing = climate_forcing("monsoon", years=2).isel(time=slice(0, 425))
    run = Simulation(ks.Site.from_dict(SITE), forcing, [EVERYTHING_ON])
    run.spin_up(1)
    kept = ["*"]
    return {k: ds.isel(realization=0) for k, ds in run.run(["daily", "monthly", "annual"], kept).items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run as the command line leaves it: fourteen months of made-up weather."""
    from karstsim.config import RunConfig, to_toml
    from karstsim.run_file import run_config
    from karstsim.tomlfile import validated

    place = tmp_path_factory.mktemp("run")
    data = {
        "site": SITE,
        "forcing": {"synthetic": "ssp245", "start": "2015-01-01", "end": "2016-02-29"},
        "run": {"output": ["daily", "monthly", "annual"], "spinup_years": 1},
    }
    config = validated(RunConfig, data, "run")
    (place / "config.toml").write_text(to_toml(config), encoding="utf-8")
    run_config(config, place)
    return place


def test_budget_closes_to_the_change_of_storage(outputs: dict[str, xr.Dataset]) -> None:
    """In less out of every day is what water, plants and bed gained: no term is missing or counted twice."""
    ds = outputs["daily"].expand_dims("realization")
    change = np.diff(budget.stored(ds), axis=1)
    np.testing.assert_allclose(budget.net_inflow(ds)[:, 1:], change, rtol=0, atol=1e-12)
    for term in (*budget.SOURCES, *budget.FATES):
        if term.key != "burial_oc":  # next to nothing in a brook
            size = sum(float(np.abs(ds[n]).sum()) for n in term.names if n in ds)
            assert size > 1e-6, f"{term.key} does not flow here, so its place is not tested"


def test_a_lost_term_opens_the_budget(outputs: dict[str, xr.Dataset]) -> None:
    ds = outputs["daily"].expand_dims("realization").drop_vars("aquifer_gain_dic")
    assert np.abs(budget.net_inflow(ds)[:, 1:] - np.diff(budget.stored(ds), axis=1)).max() > 1e-4


def test_the_standard_output_holds_all_inorganic_terms(folder: Path) -> None:
    with xr.open_dataset(folder / "annual.nc") as annual:
        for term in (*budget.SOURCES, *budget.FATES):
            assert any(name in annual for name in term.add), term.label


def test_page_of_a_run(folder: Path) -> None:
    page = report(folder).read_text(encoding="utf-8")
    titles = re.findall(r"<h2[^>]*>([^<]+)</h2>", page)
    assert titles == [
        "Checks", "Key numbers", "Spring", "Carbon", "Land uses", "Days and storms", "Repairs of the inputs",
        "Provenance",
    ]  # fmt: skip
    for text in (
        "two tiles: a karstsim run",
        "10 km² of karst",
        "no projection",
        "Copy as Markdown",
        "wall_seconds",
    ):
        assert text in page, text
    assert not re.search(r"https?:", re.sub(r"base64,[A-Za-z0-9+/=]+", "", page))
    contents = contents_of(folder)
    assert {c.name: c.passed for c in contents.notes.checks}["No store below zero"] is True
    assert {c.name: c.passed for c in contents.notes.checks}["Books closed"] is True
    names = {Path(f).stem for section in contents.sections for f, _ in section.figures}
    assert names == {"results", "spring", "sink_and_budget", "sankey", "scheme", "land_uses", "storm"}
    assert sum(len(section.figures) for section in contents.sections) == len(names)


def test_chart_holds_the_numbers_of_the_run(folder: Path) -> None:
    chart = sections_of(folder)[0].charts[0]
    with xr.open_dataset(folder / "monthly.nc") as monthly:
        runoff = next(p for p in chart.panels if p["name"] == "Runoff")
        np.testing.assert_allclose(runoff["lines"][0]["middle"], monthly.catchment_runoff, rtol=1e-3)
        assert len(chart.x) == monthly.sizes["time"]
    assert runoff["unit"] == "mm month⁻¹"
    largest = max(runoff["lines"][0]["middle"])
    assert len(f"{largest:.{runoff['decimals']}f}".replace(".", "").lstrip("0")) in (
        3,
        4,
    )  # 1234 has no decimals


def test_observations_beside_a_run(folder: Path) -> None:
    """Observations that are the run itself, 0.1 above: perfect but for the bias; residuals are drawn."""
    with xr.open_dataset(folder / "daily.nc") as daily:
        seen = xr.Dataset({"ph": daily.aquifer_spring_ph.load() + 0.1})
    spring = next(s for s in sections_of_with(folder, seen) if s.title == "Spring")
    (row,) = spring.tables[0].rows
    assert row[0] == "pH (–)"
    assert row[4] == "−0.100"


def sections_of_with(folder: Path, seen: xr.Dataset):
    return contents_of(folder, seen).sections


def test_an_observation_belongs_to_its_period() -> None:
    """Two samples of one month are averaged; what lies outside the run is left out."""
    times = pd.date_range("2015-01-01", periods=3, freq="MS")
    ds = xr.Dataset({"x": ("time", np.zeros(3))}, {"time": times})
    stamps = pd.to_datetime(["2014-12-31", "2015-01-10", "2015-01-20", "2015-03-05", "2016-01-01"])
    seen = xr.DataArray([9.0, 1.0, 3.0, 5.0, 9.0], {"time": stamps}, "time")
    when, model, means = paired(ds, np.array([[10.0, 20.0, 30.0]]), seen)
    assert list(pd.DatetimeIndex(when).month) == [1, 3]
    assert list(model) == [10.0, 30.0]
    assert list(means) == [2.0, 5.0]


def test_a_folder_of_another_kind_shows_what_it_holds(tmp_path: Path) -> None:
    """Figures with their captions, a checklist, a table cut to what a page can hold, the record."""
    figures = tmp_path / "figures"
    figures.mkdir()
    (figures / "pareto_front.svg").write_text(
        "<svg xmlns='http://www.w3.org/2000/svg'></svg>", encoding="utf-8"
    )
    (figures / "pareto_front.png").write_bytes(b"png")
    (figures / "captions.json").write_text(json.dumps({"pareto_front": "Two aims."}), encoding="utf-8")
    lines = [
        {"name": "Converged", "passed": False, "detail": "R-hat 1.3"},
        {"name": "Held out", "passed": None},
    ]
    (tmp_path / "checklist.json").write_text(json.dumps(lines), encoding="utf-8")
    rows = "\n".join(f"{i},{i / 3}" for i in range(300))
    (tmp_path / "best_draws.csv").write_text(f"draw,value\n{rows}\n", encoding="utf-8")
    (tmp_path / "metrics.json").write_text(json.dumps({"KGE": 0.87654321}), encoding="utf-8")
    (tmp_path / "run.json").write_text(json.dumps({"seed": 7, "warnings": ["few draws"]}), encoding="utf-8")
    contents = contents_of(tmp_path)
    assert contents.notes.checks == [Check("Converged", False, "R-hat 1.3"), Check("Held out", None, "")]
    assert contents.notes.warnings == ["few draws"]
    shown, tables = contents.sections
    assert shown.figures == [(figures / "pareto_front.svg", "Two aims.")]
    draws, metrics = tables.tables
    assert (len(draws.rows), draws.folded) == (found.MOST_ROWS, True)
    assert "300 rows" in draws.note
    assert metrics.rows == [["KGE", "0.876543"]]
    page = report(tmp_path).read_text(encoding="utf-8")
    assert "✗ failed" in page
    assert "seed" in page


def test_folders_without_results_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no results"):
        report(tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        report(tmp_path / "not there")
    (tmp_path / READERS[1][0]).touch()
    with pytest.raises(InputError, match="holds no output"):
        report(tmp_path)


def test_a_store_below_zero_fails_and_an_odd_range_is_a_note() -> None:
    ds = xr.Dataset({"aquifer_matrix": ("time", [5.0, -1.0]), "aquifer_spring_ph": ("time", [9.5, 9.7])})
    assert checks.stores(ds, None) == Check("No store below zero", False, "aquifer_matrix -1")
    odd = checks.plausible(ds)
    assert odd.passed is None
    assert "9.6" in odd.detail
    assert checks.plausible(xr.Dataset({"aquifer_spring_ph": ("time", [7.3, 7.4])})).passed is True
    nothing = checks.plausible(xr.Dataset({"aquifer_spring_ph": ("time", [np.nan, np.nan])}))
    assert nothing == Check("Ranges plausible", None, "outside: spring pH without a value")


def visible(figure: Figure) -> list[Axes]:
    return [ax for ax in figure.axes if ax.get_visible() and ax.axison]


def has_unit(label: str) -> bool:
    """A unit in brackets, or an axis of time or of names, which has none."""
    return bool(re.search(r"\([^)]+\)", label)) or label in (
        "",
        "Time",
        "Year",
        "Month",
        "Scenario",
        "Land use",
    )


FIGURES = ("results", "chemistry", "seasons", "sink", "carbon_budget", "scenario_fan", "land_uses", "scheme", "storm",
           "hydrograph")  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_figures_draw_without_warnings_and_carry_units(
    name: str, outputs: dict[str, xr.Dataset], tmp_path: Path
) -> None:
    frequency = {
        "storm": "daily",
        "hydrograph": "daily",
        "results": "daily",
        "chemistry": "daily",
        "seasons": "monthly",
    }
    ds = outputs[frequency.get(name, "annual")]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = getattr(ds.karst, name)()
        for suffix in plot.FORMATS:
            path = plot.save(figure, tmp_path / f"{name}{suffix}")
            assert path.stat().st_size > 0
    for ax in visible(figure):
        assert has_unit(ax.get_ylabel()), ax.get_ylabel()
        assert has_unit(ax.get_xlabel()), ax.get_xlabel()
        assert ax.get_ylabel() or any(
            other.get_shared_y_axes().joined(ax, other) for other in figure.axes if other is not ax
        )


def test_sankey_and_scheme_say_the_numbers(outputs: dict[str, xr.Dataset]) -> None:
    annual = outputs["annual"]
    (said,) = budget.carbon_budgets(annual)
    assert not said.missing
    texts = [t.get_text() for t in plot.carbon_budget(annual).axes[0].texts]
    assert any(t.endswith(f"{said.sources['rock']:.2f}") and "carbonate rock" in t for t in texts)
    assert any(
        t.startswith(f"in {said.total_in:.2f} − out {said.total_out:.2f} = change of storage") for t in texts
    )
    year = float(annual.catchment_runoff.isel(time=0))
    days = time_axis.period_days(annual)[0]
    texts = [t.get_text() for t in plot.scheme(annual).axes[0].texts]
    assert f"spring and\nrunoff {year / days * 365.25:.0f}" in texts
    rock = "carbon of dissolved rock (g C m⁻² a⁻¹)"
    kept = annual.drop_vars([n for n in annual if "dissolution" in str(n) or "precipitation" in str(n)])
    assert rock in texts and rock not in [t.get_text() for t in plot.scheme(kept).axes[0].texts]


def test_drawn_parameters_stand_over_their_units() -> None:
    draws = [{"soil.depth": 0.4, "area_km2": 3.0, "epikarst.residence_time": {"factor": 2.0}}]
    assert _with_unit("soil.depth", draws) == "soil.depth\n(m)"
    assert _with_unit("area_km2", draws) == "area_km2\n(km²)"
    assert _with_unit("epikarst.residence_time", draws) == "epikarst.residence_time"


def test_a_power_of_ten_does_not_break_at_its_sign() -> None:
    text = "a step 2.4e-15 (limit 1e-13), sha 4e-5a, 1.0e+04, non-linear"
    shown = "a step 2.4\u00a0×\u00a010⁻¹⁵ (limit 10⁻¹³), sha 4e-5a, 1.0\u00a0×\u00a010⁴, non-linear"
    assert whole_powers(text) == shown


def test_figures_say_what_they_lack(outputs: dict[str, xr.Dataset], tmp_path: Path) -> None:
    annual, daily = outputs["annual"], outputs["daily"]
    nothing = annual[["atmosphere_pet"]]
    for call in (
        lambda: plot.isotopes(nothing),
        lambda: plot.storm(annual),
        lambda: plot.diel(daily),
        lambda: plot.carbon_budget(nothing),
        lambda: plot.land_uses(nothing),
        lambda: plot.results(nothing),
        lambda: plot.chemistry(nothing),
        lambda: plot.hydrograph(nothing),
        lambda: plot.scenario_fan(annual, ["no_such"]),
        lambda: plot.save(style.new_figure(1.0), tmp_path / "figure.doc"),
    ):
        with pytest.raises(InputError) as error:
            call()
        assert error.value.mend
    with pytest.raises(AttributeError, match="there are"):
        annual.karst.no_such_figure  # noqa: B018


def test_diel_and_isotope_figures() -> None:
    """Hours of three summer days: the step from midnight ends at six, with the mean of the three; isotopes by place."""
    times = pd.date_range("2015-07-01", periods=12, freq="6h")
    ph = np.tile([7.0, 7.2, 8.0, 7.6], 3) + np.repeat([0.0, 0.1, 0.2], 4)
    ds = xr.Dataset(
        {
            "surface_water_water_ph": (("time", "box"), ph[:, None]),
            "aquifer_spring_d13c": ("time", np.linspace(-12.0, -11.0, 12)),
            "soil_co2_d13c": (("time", "tile"), np.full((12, 1), -21.0)),
            "tile_area_fraction": (("time", "tile"), np.ones((12, 1))),
            "aquifer_spring_hco3": ("time", np.linspace(3.0, 4.0, 12)),
        },
        {"time": times, "box_name": ("box", ["brook"]), "land_use": ("tile", ["shrub"])},
    )
    line = plot.diel(ds).axes[0].lines[0]
    np.testing.assert_allclose(
        line.get_xydata(), [(-6, 8.1), (0, 7.7), (6, 7.1), (12, 7.3), (18, 8.1), (24, 7.7)]
    )
    east = plot.diel(ds.assign_coords(lon=90.0)).axes[0]  # six hours ahead of universal time
    np.testing.assert_allclose(
        east.lines[0].get_xydata(), [(-6, 7.3), (0, 8.1), (6, 7.7), (12, 7.1), (18, 7.3), (24, 8.1)]
    )
    assert east.get_xlabel() == "Local solar time (h)"
    local = ds.assign_coords(lon=90.0).assign_attrs(forcing_clock="local standard time")
    np.testing.assert_allclose(plot.diel(local).axes[0].lines[0].get_xydata(), line.get_xydata())
    series, cross = plot.isotopes(ds).axes
    assert [line.get_label() for line in series.lines] == ["soil CO₂", "spring, DIC"]
    assert cross.lines[0].get_xdata()[-1] == 4.0
    assert "‰" in series.get_ylabel()


def test_observations_are_seen_whole() -> None:
    """Floods above all that was simulated stay inside the axis; one value a week is a point, not a line of none."""
    times = pd.date_range("2015-01-01", periods=730)
    run = xr.Dataset(
        {
            "aquifer_spring": ("time", np.full(730, 1.0), {"units": "mm"}),
            "aquifer_spring_ca_concentration": ("time", np.full(730, 1.5)),
        },
        {"time": times},
    )
    weekly = np.where(np.arange(730) % 7 == 0, 2.5, np.nan)
    flood = np.where(np.arange(730) == 100, 9.0, 1.0)
    seen = xr.Dataset(
        {"discharge": ("time", flood, {"units": "mm d-1"}), "ca": ("time", weekly)}, {"time": times}
    )
    axes = plot.results(run, seen).axes
    by_label = {ax.get_ylabel().split("\n")[0]: ax for ax in axes if "simulated −" not in ax.get_ylabel()}
    for label, highest in (("Discharge", 9.0), ("Ca²⁺", 2.5)):
        low, high = by_label[label].get_ylim()
        assert low <= 1.5 and high > highest
    points = by_label["Ca²⁺"].lines[-1]
    assert len(points.get_xdata()) == 105 and points.get_marker() == "o"


def test_letters_are_as_large_in_a_narrow_figure(tmp_path: Path) -> None:
    """A figure drawn on two thirds of the page's width is shown so; one whose width is not known fills the page."""
    wide, narrow = (style.save(style.new_figure(3.0, w), tmp_path / f"w{w:g}") for w in (style.WIDTH, 6.4))
    assert share(next(f for f in wide if f.suffix == ".svg")) == 1.0
    assert share(next(f for f in narrow if f.suffix == ".svg")) == pytest.approx(6.4 / style.WIDTH)
    assert share(next(f for f in narrow if f.suffix == ".png")) == 1.0


def test_sentences_in_a_table_wrap_and_numbers_do_not(tmp_path: Path) -> None:
    said = "poor dynamic storage, fast draining, low variability of functioning"
    table = Table("Indices", ["quantity", "value", "meaning"], [["class", "C2", said]])
    page = write_page(tmp_path, Contents("A spring", [Section("Indices", tables=[table])]))
    text = page.read_text(encoding="utf-8")
    assert f'<td class="words">{said}</td>' in text and "<td>C2</td>" in text
