"""Figures from small made-up datasets: labelled axes, bars that add up, no trace left in matplotlib."""

from __future__ import annotations

from dataclasses import replace

import matplotlib
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.figure import Figure

from karstsim.core.constants import MOLAR_MASS_C
from karstsim.core.errors import InputError
from karstsim.report import budget, figures, numbers, style
from karstsim.report.budget_panel import signed
from karstsim.report.chart import chart_of
from karstsim.report.compare_figures import _shown
from karstsim.report.hydrograph_figures import _shade
from karstsim.report.sankey import closure_said
from karstsim.report.tables import number

SCENARIOS = ("ssp126", "ssp245", "ssp585")
YEARS, DRAWS = 30, 4
# mol C m-2 a-1; what enters is 1.9, what leaves 1.7
TERMS = {
    "catchment_weathering_uptake": 1.0,
    "catchment_rock_dissolution": 0.8,
    "soil_doc_production": 0.1,
    "catchment_export_dic": 1.2,
    "catchment_export_doc_labile": 0.05,
    "catchment_export_poc": 0.05,
    "catchment_evasion": 0.3,
    "catchment_burial_ic": 0.1,
    "catchment_sink_hydrochemical": 0.7,
}
TOTAL_IN, TOTAL_OUT = 1.9 * MOLAR_MASS_C, 1.7 * MOLAR_MASS_C


def ensemble(ds: xr.Dataset, scenarios: tuple[str, ...], draws: int) -> xr.Dataset:
    return ds.assign_coords(
        scenario=("realization", np.repeat(scenarios, draws)),
        draw=("realization", np.tile(np.arange(draws), len(scenarios))),
    )


def make_annual(
    scenarios: tuple[str, ...] = SCENARIOS, draws: int = DRAWS, years: int = YEARS, noise: float = 0.0
) -> xr.Dataset:
    rng = np.random.default_rng(1)
    times = pd.date_range("2015-01-01", periods=years, freq="YS")
    shape = (len(scenarios) * draws, years)
    data = {
        name: (("realization", "time"), value * (1.0 + noise * rng.standard_normal(shape)))
        for name, value in TERMS.items()
    }
    data["soil_doc_production"] = (  # two tiles with the same amount per tile area
        ("realization", "time", "tile"),
        np.full((*shape, 2), TERMS["soil_doc_production"]),
    )
    data["tile_area_fraction"] = (("realization", "time", "tile"), np.full((*shape, 2), (0.4, 0.6)))
    ds = xr.Dataset(data, coords={"time": times})
    ends = [*times[1:], pd.Timestamp(f"{2015 + years}-01-01")]
    ds["time_bnds"] = (("time", "bnds"), np.stack([times, pd.DatetimeIndex(ends)], axis=1))
    return ensemble(ds, scenarios, draws)


def make_monthly(
    scenarios: tuple[str, ...] = SCENARIOS, draws: int = DRAWS, months: int = 12 * YEARS
) -> xr.Dataset:
    rng = np.random.default_rng(2)
    times = pd.date_range("2015-01-01", periods=months, freq="MS")
    season = np.sin(2.0 * np.pi * np.arange(months) / 12.0)
    shape = (len(scenarios) * draws, months)

    def series(mean: float, swing: float) -> tuple[tuple[str, str], np.ndarray]:
        return ("realization", "time"), mean + swing * season + 0.1 * swing * rng.standard_normal(shape)

    ds = xr.Dataset(
        {
            "aquifer_spring": series(40.0, 30.0),
            "aquifer_spring_ca_concentration": series(1.9, 0.2),
            "aquifer_spring_hco3": series(3.7, 0.4),
            "aquifer_spring_ph": series(7.3, 0.05),
            "aquifer_spring_si_calcite": series(-0.05, 0.05),
            "aquifer_spring_pco2": series(0.009, 0.002),
        },
        coords={"time": times},
    )
    return ensemble(ds, scenarios, draws)


def single(ds: xr.Dataset) -> xr.Dataset:
    return ds.isel(realization=0).drop_vars(["scenario", "draw"])


def labels(figure: figures.Figure) -> list[str]:
    """Axis labels of a figure, those of its sub-figures included."""
    return [text for ax in figure.get_axes() for text in (ax.get_xlabel(), ax.get_ylabel()) if text]


def bars(ax: figures.Axes) -> dict[float, list[tuple[str, float]]]:
    """Named widths of the stacked bars, by height in the panel."""
    found: dict[float, list[tuple[str, float]]] = {}
    for container in ax.containers:
        for patch in container:
            middle = round(patch.get_y() + patch.get_height() / 2, 6)
            found.setdefault(middle, []).append((container.get_label(), patch.get_width()))
    return found


def test_spring_axes_have_labels_with_units() -> None:
    figure = figures.spring_figure(make_monthly())
    text = labels(figure)
    for word in ("mm month⁻¹", "mmol L⁻¹", "pH\n(–)", "SI calcite\n(–)", "µatm", "Year", "Month"):
        assert any(word in label for label in text), word
    assert len(figure.get_axes()) == 10


def test_spring_discharge_in_cubic_metres() -> None:
    """40 mm in a month of 30 days from 20 km2: 40e-3 * 20e6 / (30 * 86400) = 0.309 m3 s-1."""
    monthly = make_monthly(("ssp245",), 1)
    monthly["aquifer_spring"] = xr.full_like(monthly["aquifer_spring"], 40.0)
    figure = figures.spring_figure(monthly, area_km2=20.0)
    assert "m³ s⁻¹" in figure.get_axes()[0].get_ylabel()
    values = figure.get_axes()[0].lines[0].get_ydata()
    april = values[3]
    assert april == pytest.approx(40e-3 * 20e6 / (30 * 86400), rel=1e-12, abs=0.0)


def test_spring_discharge_of_draws_with_areas_of_their_own() -> None:
    """The median of three draws of 10, 20 and 60 km2, whatever the area of the site."""
    monthly = make_monthly(("ssp245",), 3)
    monthly["aquifer_spring"] = xr.full_like(monthly["aquifer_spring"], 40.0)
    monthly = monthly.assign_coords(area_km2=("realization", [60.0, 10.0, 20.0]))
    april = figures.spring_figure(monthly, area_km2=99.0).get_axes()[0].lines[0].get_ydata()[3]
    assert april == pytest.approx(40e-3 * 20e6 / (30 * 86400), rel=1e-12, abs=0.0)


def test_spring_shows_the_last_ten_years_of_the_middle_scenario() -> None:
    figure = figures.spring_figure(make_monthly())
    ax = figure.get_axes()[0]
    assert ax.get_xlim() == (2035.0, 2045.0)
    assert "SSP2-4.5" in ax.get_title(loc="left")
    assert len(ax.collections) == 1  # the band


def test_spring_of_an_unknown_scenario_is_refused() -> None:
    with pytest.raises(InputError, match="ssp999"):
        figures.spring_figure(make_monthly(), scenario="ssp999")


@pytest.mark.parametrize("months", [5, 12, 30, 360])
def test_spring_of_a_single_run_has_lines_without_bands(months: int) -> None:
    figure = figures.spring_figure(single(make_monthly(months=months)))
    assert not figure.get_axes()[0].collections
    figure.canvas.draw()


def test_spring_without_hco3_shows_alkalinity() -> None:
    monthly = make_monthly().rename(aquifer_spring_hco3="aquifer_spring_alkalinity")
    legend = figures.spring_figure(monthly).get_axes()[2].get_legend()
    assert legend is not None
    assert "alkalinity" in legend.get_texts()[0].get_text()


def test_sink_axes_and_running_mean() -> None:
    annual = make_annual(noise=0.1)
    figure = figures.sink_figure(annual)
    series, change = figure.get_axes()
    assert "g C m⁻² a⁻¹ = t C km⁻² a⁻¹" in series.get_ylabel()
    assert "g C m⁻² a⁻¹" in change.get_ylabel()
    assert "2035–2044 minus 2015–2024" in change.get_ylabel()
    assert [line.get_label() for line in series.lines] == ["SSP1-2.6", "SSP2-4.5", "SSP5-8.5"]
    x, y = series.lines[0].get_data()
    assert (x[0], x[-1]) == (2020, 2039)
    sink = MOLAR_MASS_C * annual["catchment_sink_hydrochemical"].values[:DRAWS]
    assert y[0] == pytest.approx(np.median(sink[:, :11].mean(axis=1)), rel=1e-12, abs=0.0)
    points = [line for line in change.lines if line.get_linestyle() == "None"]
    assert [line.get_xdata().size for line in points] == [DRAWS] * 3
    expected = sink[:, -10:].mean(axis=1) - sink[:, :10].mean(axis=1)
    np.testing.assert_allclose(points[0].get_ydata(), expected, rtol=1e-12)


def test_colours_of_scenarios_do_not_depend_on_which_are_there() -> None:
    alone = figures.sink_figure(make_annual(("ssp585",))).get_axes()[0].lines[0].get_color()
    among = figures.sink_figure(make_annual()).get_axes()[0].lines[2].get_color()
    assert alone == among == style.SCENARIO_COLOURS["ssp585"]
    assert len({style.SCENARIO_COLOURS[s] for s in ("ssp126", "ssp245", "ssp370", "ssp585")}) == 4


def test_budget_adds_up_to_its_totals() -> None:
    found = budget.carbon_budgets(make_annual())
    assert [b.scenario for b in found] == list(SCENARIOS)
    for b in found:
        assert str(b.years) == "2035–2044"
        assert b.members == DRAWS
        assert b.total_in == pytest.approx(TOTAL_IN, rel=1e-12, abs=0.0)
        assert b.total_out == pytest.approx(TOTAL_OUT, rel=1e-12, abs=0.0)
        assert b.remainder == pytest.approx(0.2 * MOLAR_MASS_C, rel=1e-10)


def test_budget_bars_are_equally_long_with_their_remainder() -> None:
    ax = figures.budget_figure(make_annual()).get_axes()[0]
    assert "g C m⁻² a⁻¹" in ax.get_xlabel()
    rows = bars(ax)
    assert len(rows) == 2 * len(SCENARIOS)
    for y, parts in rows.items():
        assert sum(width for _, width in parts) == pytest.approx(TOTAL_IN, rel=1e-12, abs=0.0), y
    rest = dict(rows[-1.0])["remainder"]
    assert rest == pytest.approx(0.2 * MOLAR_MASS_C, rel=1e-10)
    texts = [t.get_text() for t in ax.texts]
    assert f"{TOTAL_IN:.1f}" in texts
    assert f"{TOTAL_OUT:.1f}" in texts
    assert f"in − out\n{signed(0.2 * MOLAR_MASS_C)}" in texts


def test_budget_term_against_its_direction_changes_sides() -> None:
    annual = make_annual(("ssp245",))
    shape = annual["tile_area_fraction"].shape
    annual["soil_grain_dissolution"] = (("realization", "time", "tile"), np.full(shape, 0.1))
    annual["soil_calcite_precipitation"] = (("realization", "time", "tile"), np.full(shape, 0.3))
    (b,) = budget.carbon_budgets(annual)
    assert "grains" not in b.sources
    assert b.fates["grains"] == pytest.approx(0.2 * MOLAR_MASS_C)
    assert min(*b.sources.values(), *b.fates.values()) > 0.0


def test_budget_takes_organic_carbon_of_the_runoff_where_its_production_is_not_kept() -> None:
    annual = make_annual(("ssp245",)).drop_vars("soil_doc_production")
    annual["catchment_runoff_doc_labile"] = xr.full_like(annual["catchment_evasion"], 0.04)
    annual["catchment_runoff_doc_refractory"] = xr.full_like(annual["catchment_evasion"], 0.02)
    (b,) = budget.carbon_budgets(annual)
    assert b.sources["soil_organic"] == pytest.approx(0.06 * MOLAR_MASS_C)


def test_budget_leaves_out_members_with_missing_numbers() -> None:
    annual = make_annual(("ssp245",))
    annual["catchment_evasion"][0, -1] = np.nan
    (b,) = budget.carbon_budgets(annual)
    assert b.members == DRAWS - 1
    annual["catchment_evasion"][:] = np.nan
    assert budget.carbon_budgets(annual) == []


def test_budget_patterns_are_output_variables() -> None:
    """Every name of the budget exists, and the standard output has the terms that it cannot do without."""
    from karstsim.model.output import select

    assert {v.name for v in select(budget.patterns())} == set(budget.patterns())
    assert {v.name for v in select(())} >= set(budget.NEEDED)


@pytest.mark.parametrize(
    "annual",
    [
        single(make_annual()),
        make_annual(("ssp245",)),
        make_annual(("ssp245", "my $cenario"), draws=1),
        make_annual(years=1),
        make_annual(years=2),
        make_annual(years=12),
        make_annual().where(False),
        make_annual()[["catchment_sink_hydrochemical"]],
        make_annual().isel(time=slice(0, 0)),
    ],
    ids=[
        "single",
        "one scenario",
        "odd name",
        "1 year",
        "2 years",
        "12 years",
        "all NaN",
        "sink only",
        "no year",
    ],
)
def test_figures_of_odd_data_can_be_drawn(annual: xr.Dataset) -> None:
    figures.sink_and_budget_figure(annual).canvas.draw()
    figures.budget_figure(annual).canvas.draw()


def test_spring_with_dry_months_and_missing_variables() -> None:
    monthly = make_monthly()
    monthly["aquifer_spring_ca_concentration"][:, 300:320] = np.nan
    monthly["aquifer_spring_ph"][:] = np.nan
    figures.spring_figure(monthly.drop_vars("aquifer_spring_pco2")).canvas.draw()


def test_figures_in_other_calendars() -> None:
    times = xr.date_range("2015-01-01", periods=YEARS, freq="YS", calendar="360_day", use_cftime=True)
    annual = make_annual().assign_coords(time=times)
    ends = [*times[1:], times[-1].replace(year=2015 + YEARS)]
    annual["time_bnds"] = (("time", "bnds"), np.stack([np.array(times), np.array(ends)], axis=1))
    assert numbers.whole_years(annual).sizes["time"] == YEARS
    figures.sink_and_budget_figure(annual).canvas.draw()
    months = xr.date_range("2015-01-01", periods=240, freq="MS", calendar="noleap", use_cftime=True)
    figures.spring_figure(make_monthly(months=240).assign_coords(time=months), area_km2=1.0).canvas.draw()


def test_years_that_are_not_whole_do_not_count() -> None:
    annual = make_annual()
    bounds = annual["time_bnds"].values.copy()
    bounds[-1, 1] = np.datetime64("2044-07-01")
    annual["time_bnds"] = (("time", "bnds"), bounds)
    assert numbers.years_of(numbers.whole_years(annual))[-1] == 2043


def test_running_mean_by_hand() -> None:
    values = np.arange(25.0)[None, :] ** 2
    smooth, years, length = numbers.running_mean(values, np.arange(2000, 2025))
    assert length == 11
    assert (years[0], years[-1], smooth.shape) == (2005, 2019, (1, 15))
    assert smooth[0, 0] == pytest.approx(np.mean(np.arange(11.0) ** 2))
    assert numbers.running_mean(values[:, :10], np.arange(10))[2] == 1


def test_saving_leaves_matplotlib_as_it_was(tmp_path) -> None:
    before = dict(matplotlib.rcParams)
    figure = figures.sink_and_budget_figure(make_annual())
    png, svg = style.save(figure, tmp_path / "new" / "sink.x")
    assert dict(matplotlib.rcParams) == before
    assert (png.suffix, svg.suffix) == (".png", ".svg")
    assert png.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    again = style.save(figures.sink_and_budget_figure(make_annual()), tmp_path / "again.svg")[1]
    assert again.read_bytes() == svg.read_bytes()  # the same data gives the same file
    import sys

    if "matplotlib.pyplot" in sys.modules:
        assert sys.modules["matplotlib.pyplot"].get_fignums() == []


def test_saving_leaves_the_figure_as_it_was_and_draws_once_a_file(tmp_path, monkeypatch) -> None:
    """Places are those that the layout finds at the size of the file, as if matplotlib had found them."""
    figure = figures.sink_and_budget_figure(make_annual())
    engine, dpi = figure.get_layout_engine(), figure.dpi
    draw, drawn = Figure.draw, []
    monkeypatch.setattr(Figure, "draw", lambda self, renderer: (drawn.append(1), draw(self, renderer))[1])
    png, _ = style.save(figure, tmp_path / "once.png")
    assert len(drawn) == 2
    assert (figure.get_layout_engine(), figure.dpi) == (engine, dpi)
    with matplotlib.rc_context(style.RC):
        figures.sink_and_budget_figure(make_annual()).savefig(tmp_path / "plain.png", dpi=style.DPI)
    assert png.read_bytes() == (tmp_path / "plain.png").read_bytes()


def test_scenario_labels() -> None:
    assert style.scenario_label("ssp126") == "SSP1-2.6"
    assert style.scenario_label("ssp534-over") == "SSP5-3.4-over"
    assert style.scenario_label("historical") == "historical"
    assert style.plain("a$b") == r"a\$b"


def test_units_are_printed_with_raised_powers_and_lowered_formulas() -> None:
    assert style.unit("m3 s-1") == "m³ s⁻¹"
    assert style.unit("t CO2 km-2 a-1") == "t CO₂ km⁻² a⁻¹"
    assert style.unit("1e-6") == "1e-6" and style.unit("k$ a-1") == r"k\$ a⁻¹"
    assert style.printed_unit("1") == style.unit("1") == "–" and style.printed_unit("k$") == "k$"
    assert style.unit("(m3 s-1)^0.5") == "(m³ s⁻¹)⁰·⁵" and style.unit("d^-2") == "d⁻²"
    assert style.printed("acid-corrected, SO4 + NO3 less HCO3") == "acid-corrected, SO₄²⁻ + NO₃⁻ less HCO₃⁻"


def test_a_month_under_the_pointer_is_the_month_of_its_values() -> None:
    """March begins 59 days into the year, which is less than two twelfths of it."""
    (chart,) = chart_of(None, single(make_monthly(months=12)))
    assert [text[-2:] for text in chart.when] == [f"{m:02d}" for m in range(1, 13)]
    assert len(chart.x) == len(chart.when)


def test_what_is_left_is_in_less_out_in_the_digits_that_are_shown() -> None:
    """To two digits 25.494 less 25.497 would read 25.49 − 25.50 = 0.00."""
    whole = budget.carbon_budgets(make_annual())[0]
    left = replace(whole, sources={"rain": 25.494}, fates={"export": 25.497})
    assert "in 25.494 − out 25.497 = " in closure_said(left) and "−0.003 g C" in closure_said(left)
    assert "in 25.49 − out 25.39 = " in closure_said(replace(left, fates={"export": 25.39}))


def test_digits_of_a_number_that_is_rounded_up() -> None:
    assert [number(v) for v in (0.009999, 0.01, 9.996, 0.0)] == ["0.0100", "0.0100", "10.0", "0.00"]


def test_changes_without_meaning_are_no_powers_of_ten() -> None:
    assert [_shown(v, "{:+.1f} %") for v in (0.0, -5.3e-6, -0.0029, -0.12)] == [
        "0 %",
        "≈ 0 %",
        "-0.0029 %",
        "-0.1 %",
    ]


@pytest.mark.parametrize("count", [2, 3, 40])
def test_the_last_recession_stands_out_from_the_page(count: int) -> None:
    """Contrast of its line to white by the formula of WCAG 2.2; 3 is what it asks of graphics."""
    light = np.asarray(_shade(count - 1, count)[:3])
    linear = np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4)
    assert 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05) > 3.0
