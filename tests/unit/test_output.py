"""From aggregates to CF Datasets: names, attributes, time bounds, aggregation, concentrations, files."""

from __future__ import annotations

import re

import numpy as np
import pytest
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.model import output as out
from karstsim.model.registry import variables
from karstsim.model.simulate import Simulation

NO_ROWS = "sinking_stream"  # the site has one allogenic area instead


@pytest.fixture(scope="module")
def runs(whole_site, climate_forcing) -> dict[str, dict[str, xr.Dataset]]:
    """All variables of 70 days from 15 January in three calendars, daily, monthly and annual."""
    made = {}
    for calendar in ("standard", "noleap", "360_day"):
        ds = climate_forcing("monsoon", years=1, start="2003-12-15", calendar=calendar).isel(
            time=slice(0, 80)
        )
        run = Simulation(whole_site(("bare_rock", "grass"), 2), ds)
        run.spin_up(0)
        made[calendar] = run.run(["daily", "monthly", "annual"], ["*"])
    return made


@pytest.mark.parametrize("calendar", ["standard", "noleap", "360_day"])
@pytest.mark.parametrize("frequency", ["monthly", "annual"])
def test_longer_periods_are_aggregates_of_days(runs, calendar, frequency) -> None:
    """Sum, mean, minimum, maximum or last of the days, by each variable's own declaration (1e-12)."""
    daily, longer = runs[calendar]["daily"], runs[calendar][frequency]
    stamps = daily.time.dt
    key = stamps.year.values * 100 + (stamps.month.values if frequency == "monthly" else 0)
    groups = [np.flatnonzero(key == k) for k in dict.fromkeys(key)]
    assert len(groups) == longer.sizes["time"] == {"monthly": 4, "annual": 2}[frequency]
    how = {v.name: v.var.aggregate for v in out.select(["*"]) if v.level != NO_ROWS}
    functions = {
        "sum": np.sum,
        "mean": np.mean,
        "min": np.min,
        "max": np.max,
        "last": lambda a, axis: a.take(-1, axis),
    }
    for name, aggregate in how.items():
        days, periods = daily.variables[name].values, longer.variables[name].values
        for i, group in enumerate(groups):
            expected = functions[aggregate](days[:, group], axis=1)
            np.testing.assert_allclose(periods[:, i], expected, rtol=1e-12, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("calendar", ["standard", "noleap", "360_day"])
@pytest.mark.parametrize("frequency", ["daily", "monthly", "annual"])
def test_time_bounds_join_without_gap(runs, calendar, frequency) -> None:
    """Each period ends where the next begins; the first begins and the last ends with the forcing."""
    ds = runs[calendar][frequency]
    bounds = ds["time_bnds"].values
    assert (bounds[:, 0] == ds.time.values).all()
    assert (bounds[1:, 0] == bounds[:-1, 1]).all()
    daily = runs[calendar]["daily"]["time_bnds"].values
    assert bounds[0, 0] == daily[0, 0] and bounds[-1, 1] == daily[-1, 1]
    assert ds.time.attrs["bounds"] == "time_bnds" and ds.time.attrs["standard_name"] == "time"
    if frequency == "monthly":
        assert [str(t)[5:10] for t in bounds[1:, 0]] == ["01-01", "02-01", "03-01"]


def test_attributes_follow_cf(runs) -> None:
    """Units, long name and cell_methods that say what the declaration says; standard names for land only."""
    ds = runs["standard"]["monthly"]
    words = {
        "sum": "time: sum",
        "mean": "time: mean",
        "min": "time: minimum",
        "max": "time: maximum",
        "last": "time: point (at the end of the period, the upper of time_bnds)",
    }
    of_states = {**words, "mean": "time: mean (of the values at the end of each step)"}
    for v in out.select(["*"]):
        if v.level == NO_ROWS:
            continue
        attrs = ds[v.name].attrs
        amount_of_water = v.var.units == "mm" and v.var.standard_name is not None
        assert attrs["units"] == ("kg m-2" if amount_of_water else v.var.units)
        assert attrs["long_name"] == v.var.long_name
        assert attrs["cell_methods"] == (of_states if v.kind == "state" else words)[v.var.aggregate]
        assert attrs.get("standard_name") == v.var.standard_name
    for name in ds.data_vars:
        if name != "time_bnds":
            assert {"units", "long_name", "cell_methods"} <= set(ds[name].attrs), name
            assert "sea_water" not in ds[name].attrs.get("standard_name", "")
    assert ds.attrs["Conventions"] == "CF-1.11, ACDD-1.3"
    for key in (
        "title",
        "summary",
        "keywords",
        "source",
        "time_coverage_start",
        "time_coverage_end",
        "constants",
    ):
        assert ds.attrs[key]
    assert ds.attrs["time_coverage_start"].startswith("2003-12-15")
    assert ds.attrs["time_coverage_end"].startswith("2004-03-0")


@pytest.mark.parametrize(
    ("steps", "frequency", "point"), [(24, "step", True), (24, "daily", False), (1, "daily", True)]
)
def test_states_of_single_steps_are_points(whole_site, climate_forcing, steps, frequency, point) -> None:
    """A state of a period of one step is that at its end, as the restart has it; no mean of anything."""
    days = climate_forcing("monsoon", years=1, start="2003-06-01").isel(time=slice(0, 4))
    ds = days if steps == 1 else days.resample(time="1h").ffill().isel(time=slice(0, 48))
    run = Simulation(whole_site(("grass",), 1), ds)
    run.spin_up(0)
    got = run.run([frequency], ["soil_pore_water", "soil_percolation", "soil_organic_carbon"])[frequency]
    said = {name: da.attrs["cell_methods"] for name, da in got.data_vars.items() if name != "time_bnds"}
    assert said["soil_pore_water"].startswith(
        "time: point (at the end" if point else "time: mean (of the values"
    )
    assert said["soil_percolation"] == "time: sum"
    assert said["soil_organic_carbon"].startswith("time: point (at the end")
    end = run.tables.state["tile"]["soil"]["pore_water"]["volume"].ravel()[0]
    assert (got["soil_pore_water"].values.ravel()[-1] == end) == point


def test_kinds_are_told_in_words() -> None:
    """A pressure or a stock that is only worked out is no flux, and every flux is an amount that is summed."""
    table = out.variables_table().set_index("name")
    kinds = table["kind"]
    for name in ("soil_base_pco2", "cave_air_pco2", "surface_water_discharge", "soil_co2_d13c"):
        assert kinds[name] == "diagnostic", name
    assert kinds["soil_pore_water"] == "state" and kinds["soil_percolation"] == "flux"
    assert set(table["aggregate"][kinds == "flux"]) == {"sum"}
    assert not table.units[kinds == "flux"].isin(["atm", "degC", "ppm", "permille"]).any()


def test_dimensions_are_named(runs) -> None:
    ds = runs["standard"]["daily"]
    assert ds["catchment_runoff"].dims == ("realization", "time")
    assert ds["soil_temperature"].dims == ("realization", "time", "tile")
    assert ds["surface_water_depth"].dims == ("realization", "time", "box")
    assert list(ds.land_use.values) == ["bare_rock", "grass"] and list(ds.box_name.values) == [
        "brook",
        "lake",
    ]


@pytest.mark.parametrize("frequency", ["daily", "monthly", "annual"])
def test_spring_concentrations_are_flow_weighted(runs, frequency) -> None:
    """1000 x amount/volume of the period, which is the flow-weighted mean of the days and not their plain mean."""
    ds, daily = runs["standard"][frequency], runs["standard"]["daily"]
    ca, volume = daily["aquifer_spring_ca"].values[0], daily["aquifer_spring"].values[0]
    whole = 1000.0 * ca.sum() / volume.sum()
    weights = ds["aquifer_spring"].values[0]
    got = ds["aquifer_spring_ca_concentration"].values[0]
    assert np.average(got, weights=weights) == pytest.approx(whole, rel=1e-12, abs=0.0)
    if frequency == "monthly":
        assert abs(np.mean(1000.0 * ca / volume) / whole - 1.0) > 1e-5
    expected = 2.0 * (ds["aquifer_spring_ca_concentration"] + ds["aquifer_spring_mg_concentration"]
                      - ds["aquifer_spring_so4_concentration"]) + ds["aquifer_spring_na_concentration"]  # fmt: skip
    expected = expected + ds["aquifer_spring_k_concentration"] - ds["aquifer_spring_no3_concentration"]
    expected = expected - ds["aquifer_spring_cl_concentration"]
    np.testing.assert_allclose(ds["aquifer_spring_alkalinity"], expected, rtol=1e-11, atol=1e-12)
    assert "weighted" in ds["aquifer_spring_ca_concentration"].attrs["cell_methods"]


def test_a_dry_spring_has_no_concentration() -> None:
    ds = xr.Dataset({"aquifer_spring": ("time", [0.0, 2.0]), "aquifer_spring_ca": ("time", [0.0, 4e-3])})
    got = out.add_concentrations(ds)["aquifer_spring_ca_concentration"].values
    assert np.isnan(got[0]) and got[1] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("soil_CO2", "soil_co2_"),
        ("base_pco2", "soil_base_pco2"),
        ("catchment_runof", "catchment_runoff"),
        ("soil_percolatoin", "soil_percolation"),
    ],
)
def test_a_wrong_name_is_answered_by_those_that_it_may_stand_for(typed: str, meant: str) -> None:
    with pytest.raises(InputError) as caught:
        out.select([typed])
    assert meant in caught.value.mend


def test_globs_choose_variables() -> None:
    names = [v.name for v in out.select(["catchment_*off", "soil_temperature"])]
    assert names == ["soil_temperature", "catchment_surface_runoff", "catchment_runoff"]
    assert len(out.select(["*"], isotopes=True)) == len(list(variables()))


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("catchment_runof", "catchment_runoff"),
        ("soil_temprature", "soil_temperature"),
        ("xx*", "karstsim variables"),
    ],
)
def test_unknown_patterns_are_refused_with_a_suggestion(pattern, hint) -> None:
    with pytest.raises(InputError, match="matches no output variable") as caught:
        out.select(["catchment_npp", pattern])
    assert hint in str(caught.value) and pattern in str(caught.value)


def test_the_discharge_that_an_ensemble_adds_is_told_where_it_comes_from() -> None:
    with pytest.raises(InputError, match="computed afterwards") as caught:
        out.select(["spring_discharge"], "ensemble.variables")
    assert "aquifer_spring" in caught.value.mend and "area_km2" in caught.value.mend
    assert out.select(["aquifer_spring"])[0].var.units == "mm"  # which the mend turns into m3 s-1


def test_the_standard_set_has_no_inactive_tracer() -> None:
    names = [v.name for v in out.select(())]
    assert not [n for n in names if re.search("13c|14c|_tag_", n)]
    assert {
        "catchment_sink_hydrochemical",
        "aquifer_spring_ph",
        "aquifer_spring_ca",
        "soil_base_pco2",
    } <= set(names)
    assert len(names) < 300


def test_every_pattern_of_the_standard_set_matches() -> None:
    for pattern in out.STANDARD:
        out.select([pattern], isotopes=True)


def test_one_frequency_may_stand_alone() -> None:
    assert out.frequencies("daily") == ["daily"] == out.frequencies(["daily"])
    with pytest.raises(InputError, match="'dayly'"):
        out.frequencies("dayly")


@pytest.mark.parametrize("wrong", [[], ["hourly"], ["daily", "weekly"]])
def test_unknown_frequencies_are_refused(wrong) -> None:
    with pytest.raises(InputError, match="not an output frequency"):
        out.frequencies(wrong)


@pytest.mark.parametrize("calendar", [pytest.param("standard", marks=pytest.mark.slow), "noleap", "360_day"])
def test_files_hold_what_the_dataset_holds(runs, calendar, tmp_path) -> None:
    """Written and read back: every number the same, times and bounds in their calendar, no other file left behind."""
    ds = runs[calendar]["monthly"].isel(realization=0)
    path = out.write_netcdf(ds, tmp_path / "monthly.nc")
    assert [p.name for p in tmp_path.iterdir()] == ["monthly.nc"]
    with xr.open_dataset(path) as back:
        assert [str(t)[:10] for t in back.time.values] == [str(t)[:10] for t in ds.time.values]
        assert [str(t)[:10] for t in back.time_bnds.values[:, 1]] == [
            str(t)[:10] for t in ds.time_bnds.values[:, 1]
        ]
        for name in ds.data_vars:
            if name != "time_bnds":
                np.testing.assert_array_equal(back[name].values, ds[name].values)
        assert back["catchment_runoff"].attrs["cell_methods"] == "time: sum"


def test_a_file_appears_whole_or_not_at_all(runs, tmp_path, monkeypatch) -> None:
    def broken(self, path, **_):
        path.write_text("half")
        raise OSError("disk full")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", broken)
    with pytest.raises(OSError, match="disk full"):
        out.write_netcdf(runs["standard"]["monthly"].isel(realization=0), tmp_path / "monthly.nc")
    assert list(tmp_path.iterdir()) == []


def test_the_table_of_variables_lists_all() -> None:
    table = out.variables_table()
    assert list(table["name"]) == [v.name for v in variables()]
    row = table.set_index("name").loc["catchment_runoff"]
    assert (row["units"], row["aggregate"], row["level"], row["standard_name"]) == (
        "mm",
        "sum",
        "column",
        "runoff_amount",
    )
