"""A run cut in two and put together again is the same run, bit for bit, in every calendar; a false restart is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from karstsim.core.errors import InputError, RunError
from karstsim.model.simulate import Simulation

ALL = ["*"]


@pytest.fixture(scope="module")
def site(whole_site):
    return whole_site(("bare_rock", "cropland", "grass"))


def _states(run: Simulation) -> dict[str, bytes]:
    return {level: floats.tobytes() for level, floats in run.tables.state_floats.items()}


def _same(a: xr.Dataset, b: xr.Dataset) -> list[str]:
    """Names of the variables whose bytes differ."""
    assert set(a.data_vars) == set(b.data_vars)
    assert np.array_equal(a.variables["time_bnds"].values, b.variables["time_bnds"].values)
    floats = [str(n) for n in a.data_vars if n != "time_bnds"]
    return [n for n in floats if a.variables[n].values.tobytes() != b.variables[n].values.tobytes()]


def _cut(site, ds: xr.Dataset, at: int, folder: Path, output: str = "daily") -> tuple[Simulation, xr.Dataset]:
    """(second run from the restart, its output) of the forcing cut before step `at`.

    Both parts begin in the state that the whole forcing gives (its mean temperature is part of it).
    """
    whole = Simulation(site, ds)
    whole.spin_up(0)
    first = Simulation(site, ds.isel(time=slice(0, at)))
    for level, floats in whole.tables.state_floats.items():
        first.tables.state_floats[level][...] = floats
    first.run(["daily"], ALL)
    path = first.write_restart(folder / "restart.nc")
    second = Simulation(site, ds.isel(time=slice(at, None)))
    second.start_from(path)
    return second, second.run(["daily"], ALL)["daily"]


@pytest.fixture(scope="module")
def whole_runs(site, climate_forcing):
    """One uninterrupted run over a leap day and a year's end for each calendar: forcing, output, last state."""
    made: dict[tuple[str, str], tuple] = {}

    def run(calendar: str, climate: str = "monsoon"):
        if (calendar, climate) not in made:
            ds = climate_forcing(climate, years=2, start="2003-11-01", calendar=calendar).isel(
                time=slice(0, 200)
            )
            one = Simulation(site, ds)
            one.spin_up(0)
            made[calendar, climate] = (ds, one.run(["daily"], ALL)["daily"], _states(one))
        return made[calendar, climate]

    return run


@pytest.mark.parametrize(
    "calendar", ["standard", "noleap", "360_day", "proleptic_gregorian", "julian", "all_leap"]
)
@pytest.mark.parametrize(
    "at", [2, 61, 120, 121, 150], ids=["early", "new_year", "leap_day", "after_leap_day", "spring"]
)
def test_a_restart_changes_no_bit(whole_runs, site, calendar, at, tmp_path) -> None:
    """From 1 November 2003: step 61 is 1 January, 120 is 29 February 2004 of the standard calendar.

    All outputs after the cut and the last state are compared byte for byte.
    """
    ds, whole, last = whole_runs(calendar)
    if calendar == "standard":
        assert str(ds.time.values[61])[:10] == "2004-01-01" and str(ds.time.values[120])[:10] == "2004-02-29"
    second, output = _cut(site, ds, at, tmp_path)
    assert _same(output, whole.isel(time=slice(at, None))) == []
    assert _states(second) == last


@pytest.mark.parametrize("calendar", ["standard", "noleap", "360_day", "proleptic_gregorian"])
def test_a_restart_within_a_day_changes_no_bit(site, climate_forcing, calendar, tmp_path) -> None:
    """Steps of three hours, cut on 20 November, 31 December and 29 February: at noon and between days.

    Light within a day comes from all its steps, so what is cut at noon gets the forcing of its whole day, as
    the windows of a run do.
    """
    ds = climate_forcing("monsoon", start="2003-11-01", calendar=calendar, steps_per_day=8)
    ds = ds.isel(time=slice(0, 8 * 125)).drop_vars(["tasmin", "tasmax"], errors="ignore")
    one = Simulation(site, ds)
    one.spin_up(0)
    start = {level: floats.copy() for level, floats in one.tables.state_floats.items()}
    whole = one.run(["step"], ALL)["step"]
    n = ds.sizes["time"]
    for at in (8 * 19, 8 * 60, 8 * 120, 8 * 19 + 4, 8 * 60 + 4, 8 * 120 + 4):
        first = Simulation(site, ds, steps=(0, at))
        for level, floats in start.items():
            first.tables.state_floats[level][...] = floats
        first.run(["step"], ALL)
        day = at - at % 8
        second = Simulation(site, ds.isel(time=slice(day, None)), steps=(at - day, n - day))
        second.start_from(first.write_restart(tmp_path / "restart.nc"))
        output = second.run(["step"], ALL)["step"]
        assert _same(output, whole.isel(time=slice(at, None))) == []
        assert _states(second) == _states(one)


@pytest.mark.parametrize("at", [30, 100])
def test_a_restart_in_the_drought_changes_no_bit(whole_runs, site, at, tmp_path) -> None:
    """Dry boxes, empty epikarst: what a kernel leaves untouched there must not live in the fluxes."""
    ds, whole, last = whole_runs("standard", "semi_arid")
    second, output = _cut(site, ds, at, tmp_path)
    assert _same(output, whole.isel(time=slice(at, None))) == []
    assert _states(second) == last


def test_writing_a_restart_changes_nothing(site, climate_forcing, tmp_path) -> None:
    ds = climate_forcing("monsoon", years=1).isel(time=slice(0, 40))
    run = Simulation(site, ds)
    run.spin_up(0)
    run.run(["daily"], ALL)
    before = _states(run)
    first = run.write_restart(tmp_path / "one.nc")
    assert _states(run) == before
    run.write_restart(tmp_path / "two.nc")
    with xr.open_dataset(first) as a, xr.open_dataset(tmp_path / "two.nc") as b:
        assert a.identical(b)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def _sabotage(folder: Path, level: str, name: str) -> Path:
    """The restart of the folder with one float changed by a millionth."""
    with xr.open_dataset(folder / "restart.nc", decode_times=False) as opened:
        kept = opened.load()
    at = list(kept[f"layout_{level}"].values).index(name)
    assert kept[f"state_{level}"].values[0, 0, at] != 0.0
    kept[f"state_{level}"].values[0, 0, at] *= 1.0 + 1e-6
    kept.to_netcdf(folder / "false.nc", engine="netcdf4")
    return folder / "false.nc"


@pytest.mark.parametrize(
    ("level", "name"),
    [
        ("column", "atmosphere_air_temperature_year"),
        ("tile", "soil_temperature"),
        ("tile", "vegetation_npp_recent"),
    ],
)
def test_a_sabotaged_restart_gives_another_result(site, climate_forcing, tmp_path, level, name) -> None:
    """One float of the file changed by a millionth: the output changes, so the file was really read."""
    ds = climate_forcing("monsoon", years=1).isel(time=slice(0, 60))
    _, honest = _cut(site, ds, 40, tmp_path)
    second = Simulation(site, ds.isel(time=slice(40, None)))
    second.start_from(_sabotage(tmp_path, level, name))
    assert len(_same(second.run(["daily"], ALL)["daily"], honest)) > 10


@pytest.mark.parametrize(
    ("level", "name"),
    [("column", "aquifer_matrix_ca"), ("tile", "soil_pore_water"), ("box", "surface_water_water_dic")],
)
def test_a_sabotaged_store_breaks_the_books(site, climate_forcing, tmp_path, level, name) -> None:
    """The books of the first run go on in the second, so that matter added in the file between them is a leak."""
    ds = climate_forcing("monsoon", years=1).isel(time=slice(0, 60))
    _cut(site, ds, 40, tmp_path)
    second = Simulation(site, ds.isel(time=slice(40, None)))
    second.start_from(_sabotage(tmp_path, level, name))
    with pytest.raises(RunError, match="books do not close"):
        second.run(["daily"], ["catchment_runoff"])


def _refused(run: Simulation, path: Path, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        run.start_from(path)
    assert "mend:" in str(caught.value)


def test_a_restart_of_another_run_is_refused(site, whole_site, climate_forcing, tmp_path) -> None:
    """Another time, calendar, tiles, boxes, members, layout; values that are not finite; no restart at all."""
    ds = climate_forcing("monsoon", years=1).isel(time=slice(0, 20))
    first = Simulation(site, ds.isel(time=slice(0, 10)))
    first.spin_up(0)
    path = first.write_restart(tmp_path / "restart.nc")
    later = ds.isel(time=slice(10, None))
    Simulation(site, later).start_from(path)
    _refused(Simulation(site, ds.isel(time=slice(11, None))), path, "forcing starts at 2001-01-12")
    _refused(Simulation(site, ds), path, "2001-01-11")
    other = climate_forcing("monsoon", years=1, calendar="noleap").isel(time=slice(10, 20))
    _refused(Simulation(site, other), path, "noleap")
    _refused(Simulation(whole_site(("grass",)), later), path, "another site")
    _refused(
        Simulation(whole_site(("bare_rock", "cropland", "grass"), 2), later),
        path,
        "another site",
    )
    _refused(Simulation(site, later, [{}, {}]), path, "number of members, tiles, boxes or streams")

    with xr.open_dataset(path, decode_times=False) as opened:
        kept = opened.load()
    renamed = kept.copy(deep=True)
    renamed["layout_tile"].values[3] = "soil_gold"
    renamed.to_netcdf(tmp_path / "layout.nc")
    _refused(Simulation(site, later), tmp_path / "layout.nc", "another version")
    spoiled = kept.copy(deep=True)
    spoiled["state_tile"].values[0, 1, 5] = np.nan
    spoiled.to_netcdf(tmp_path / "nan.nc")
    _refused(Simulation(site, later), tmp_path / "nan.nc", "not finite")
    kept.drop_vars("state_box").to_netcdf(tmp_path / "part.nc")
    _refused(Simulation(site, later), tmp_path / "part.nc", "another version")
    (tmp_path / "text.nc").write_text("no restart")
    _refused(Simulation(site, later), tmp_path / "text.nc", "cannot be read")
    _refused(Simulation(site, later), tmp_path / "absent.nc", "cannot be read")
    (tmp_path / "cut.nc").write_bytes(path.read_bytes()[:2000])
    _refused(Simulation(site, later), tmp_path / "cut.nc", "cannot be read")


def test_a_refused_restart_leaves_no_half_read_state(site, climate_forcing, tmp_path) -> None:
    """The columns of a file are good, its boxes are not: the state must not be a mixture."""
    ds = climate_forcing("monsoon", years=1).isel(time=slice(0, 20))
    first = Simulation(site, ds.isel(time=slice(0, 10)))
    first.spin_up(0)
    first.run(["daily"], ["catchment_runoff"])
    path = first.write_restart(tmp_path / "restart.nc")
    with xr.open_dataset(path, decode_times=False) as opened:
        kept = opened.load()
    kept["state_box"].values[0, 0, 3] = np.inf
    kept.to_netcdf(tmp_path / "bad.nc")
    second = Simulation(site, ds.isel(time=slice(10, None)))
    second.spin_up(0)
    before = _states(second)
    _refused(second, tmp_path / "bad.nc", "not finite")
    assert _states(second) == before


def test_a_site_without_boxes_restarts(whole_site, climate_forcing, tmp_path) -> None:
    bare = whole_site(("grass",), 0)
    ds = climate_forcing("monsoon", years=1).isel(time=slice(0, 30))
    whole = Simulation(bare, ds)
    whole.spin_up(0)
    expected = whole.run(["daily"], ALL)["daily"]
    _, output = _cut(bare, ds, 12, tmp_path)
    assert _same(output, expected.isel(time=slice(12, None))) == []


@pytest.mark.slow
@pytest.mark.parametrize("calendar", ["standard", "noleap", "360_day"])
def test_a_restart_after_1100_days_changes_no_bit(site, climate_forcing, calendar, tmp_path) -> None:
    ds = climate_forcing("monsoon", years=4, start="2002-03-01", calendar=calendar)
    one = Simulation(site, ds)
    one.spin_up(0)
    whole = one.run(["daily"], ALL)["daily"]
    second, output = _cut(site, ds, 1100, tmp_path)
    assert _same(output, whole.isel(time=slice(1100, None))) == []
    assert _states(second) == _states(one)
