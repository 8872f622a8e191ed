"""An ensemble from its file to its Dataset: what it computes, and that neither cut, order nor accident changes it."""

from __future__ import annotations

import json
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import netCDF4
import numpy as np
import pytest
import xarray as xr
from small_ensemble import CLIMATES, DRAWS, KEPT, digest, settings, write_file
from small_site import SITE
from typer.testing import CliRunner

from karstsim import plot
from karstsim.cli.app import app
from karstsim.core.errors import InputError
from karstsim.ensemble import run as running
from karstsim.ensemble import run_ensemble, store, work
from karstsim.ensemble.config import load_ensemble
from karstsim.ensemble.estimate import estimate
from karstsim.ensemble.manifest import Manifest
from karstsim.ensemble.plan import Plan, Task
from karstsim.ensemble.prepare import make_plan
from karstsim.ensemble.store import export, open_ensemble
from karstsim.forcing import synthetic_forcing, write_cmip
from karstsim.model.simulate import Simulation
from karstsim.report.ensemble_folder import what_ran

# ---------------------------------------------------------------------------------------------- what it computes


def test_realizations_are_labelled(finished) -> None:
    ds = open_ensemble(finished)
    assert ds.sizes["realization"] == 6 and ds.sizes["time"] == 2
    assert ds.climate.values.tolist() == ["low"] * 3 + ["high"] * 3
    assert ds.scenario.values.tolist() == ["ssp126"] * 3 + ["ssp585"] * 3
    assert ds.draw.values.tolist() == [0, 1, 2] * 2
    assert ds.land_use.values.tolist() == ["shrub"]
    assert ds.catchment_runoff.attrs["units"] and ds.attrs["Conventions"].startswith("CF")
    covered = [ds.attrs[f"time_coverage_{end}"][:10] for end in ("start", "end")]
    assert covered == ["2015-01-01", "2016-12-31"]  # of all windows, not of the first
    drawn = ds.drawn.sel(parameter="aquifer.matrix_residence_time").values
    assert (drawn >= 80.0).all() and drawn[:3].tolist() == drawn[3:].tolist()
    assert float(ds.drawn.sel(parameter="soil.structure_factor").max()) <= 1.4


def test_a_member_is_what_the_model_computes_without_an_ensemble(finished) -> None:
    """Spin-up in the past, the past, then a future: the same numbers to the bit, also across shards."""
    plan = Plan.load(finished)
    site = load_ensemble(finished / "config.toml").site
    place = {"lon": 105.7, "lat": 26.3, "elevation": 1200.0}
    past = synthetic_forcing("ssp245", 2013, 2014, 5, **place)
    future = synthetic_forcing("ssp585", 2015, 2016, 5, **place)
    run = Simulation(site, past, [plan.draws[2]])
    run.spin_up(1)
    run.run(["monthly"], KEPT)
    run.write_restart(finished.parent / "r.nc")
    after = Simulation(site, future, [plan.draws[2]])
    after.start_from(finished.parent / "r.nc")
    alone = after.run(["monthly"], KEPT)["monthly"]
    ds = open_ensemble(finished, "monthly", ["high"])
    for name in KEPT:
        np.testing.assert_array_equal(ds[name].values[2], alone[name].values[0])
    assert ds.time.values.tolist() == alone.time.values.tolist()


def test_the_cells_of_a_grid_are_columns(tmp_path) -> None:
    """Two cells with different weather x two draws: each is the simulation of its weather at its place."""
    weather = {}
    for cell, lon in enumerate((105.5, 106.0)):
        weather[lon] = synthetic_forcing("ssp245", 2015, 2015, cell, lon=lon, lat=26.0, elevation=1200.0)
    parts = [
        xr.open_dataset(p) for ds in weather.values() for p in write_cmip(ds, tmp_path / str(ds.lon.item()))
    ]
    for name in ("tas", "pr", "rsds", "sfcWind", "ps"):
        rows = [p.load() for p in parts if name in p]
        xr.concat(rows, "lon", data_vars="minimal", combine_attrs="override").to_netcdf(
            tmp_path / f"{name}.nc"
        )
    climates = '[forcing]\nfiles = "*.nc"\nco2 = 410\ncells = true\n[[climates]]\nname = "now"\n'
    draws = "soil.depth\n0.5\n0.8\n"
    (tmp_path / "draws.csv").write_text(draws, encoding="utf-8")
    asked = settings(spinup_years=0, output=["annual"])
    file = write_file(
        tmp_path, SITE, climates.replace('"*.nc"', '["*.nc"]'), "[draws]\nfile = 'draws.csv'", asked
    )
    ds = run_ensemble(file, tmp_path / "out")
    assert ds.cell.values.tolist() == [0, 0, 1, 1] and ds.lon.values.tolist() == [105.5, 105.5, 106.0, 106.0]
    forcing = load_ensemble(file).run_config(load_ensemble(file).climates[0]).open_forcing()
    site = load_ensemble(file).site.model_copy(update={"latitude": 26.0})
    for i, (cell, depth) in enumerate(((0, 0.5), (0, 0.8), (1, 0.5), (1, 0.8))):
        alone = Simulation(site, forcing.isel(location=[cell]), [{"soil.depth": depth}])
        alone.spin_up(0)
        values = alone.run(["annual"], KEPT)["annual"].catchment_runoff.values[0]
        np.testing.assert_array_equal(ds.catchment_runoff.values[i], values)
    assert len(np.unique(ds.catchment_runoff.values)) == 4


AREA_CLIMATE = """
[[climates]]
name = "now"
synthetic = "ssp245"
start = "2015-01-01"
end = "2015-12-31"
"""
STREAM = """
[[site.boxes]]
name = "reach"
kind = "stream"
water_class = "tufa_stream"
length_km = 2.0
slope = 0.002
"""


def test_every_draw_has_the_area_that_it_names(tmp_path) -> None:
    """Depths of water stay; the spring's and the stream's discharge go with the area, lazily in any part."""
    (tmp_path / "draws.csv").write_text("draw,area_km2\n0,10\n1,40\n2,0\n3,x\n", encoding="utf-8")
    asked = settings(
        spinup_years=0, output=["monthly"], variables=["aquifer_spring", "surface_water_discharge"]
    )
    file = write_file(tmp_path, SITE + STREAM, AREA_CLIMATE, "[draws]\nfile = 'draws.csv'", asked)
    ds = run_ensemble(file, tmp_path / "out")
    np.testing.assert_array_equal(ds.area_km2.values, [10.0, 40.0, 0.0, np.nan])
    bad = Plan.load(tmp_path / "out").bad
    assert list(bad) == [2, 3] and all("catchment_area" in why for why in bad.values())
    spring, flow, lazy = ds.aquifer_spring.values, ds.spring_discharge.values, ds.spring_discharge
    np.testing.assert_array_equal(spring[0], spring[1])
    np.testing.assert_allclose(flow[1], 4.0 * flow[0], rtol=1e-12)
    days = ds.time.dt.days_in_month.values
    np.testing.assert_allclose(flow[0], spring[0] * 10.0 * 1000.0 / (days * 86400.0), rtol=1e-12)
    stream = ds.surface_water_discharge.values[:, :, 0]
    np.testing.assert_allclose(stream[1, 6:], 4.0 * stream[0, 6:], rtol=0.05)
    np.testing.assert_array_equal(lazy.isel(realization=1, time=slice(None, None, -5)).values, flow[1, ::-5])
    with xr.open_dataset(export(tmp_path / "out", tmp_path / "all.nc")) as exported:
        np.testing.assert_array_equal(exported.spring_discharge.values, flow)


@pytest.mark.parametrize(
    ("table", "ranges", "told"),
    [
        ("area_km2 factor\n2\n", "", "gives area_km2 as a factor"),
        ("", "area_km2 = { factor = [0.5, 2.0] }", "is no area"),
    ],
)
def test_an_area_is_given_in_km2(tmp_path, table, ranges, told) -> None:
    (tmp_path / "draws.csv").write_text(table, encoding="utf-8")
    draws = f"[draws.ranges]\n{ranges}" if ranges else "[draws]\nfile = 'draws.csv'"
    with pytest.raises(InputError, match=told):
        run_ensemble(write_file(tmp_path, SITE, AREA_CLIMATE, draws, settings()), tmp_path / "out")


def test_a_figure_opens_each_file_once(finished, monkeypatch) -> None:
    opened: list[Path] = []
    library = SimpleNamespace(Dataset=lambda path: (opened.append(path), netCDF4.Dataset(path))[1])
    monkeypatch.setattr(store, "netCDF4", library)
    annual = open_ensemble(finished, "annual")
    opened.clear()
    with store.kept_open():  # one's own block stays whole
        plot.scheme(annual)
        plot.scheme(annual)
    assert len(opened) == len(set(opened)) > 0
    opened.clear()
    plot.scheme(annual)
    assert len(opened) == len(set(opened)) > 0


def test_scenarios_part_after_the_past_that_they_share(finished) -> None:
    ds = open_ensemble(finished, "annual")
    runoff = ds.catchment_runoff
    assert (np.abs(runoff.sel(realization=ds.climate == "low").values
                   - runoff.sel(realization=ds.climate == "high").values) > 0.0).all()  # fmt: skip
    assert open_ensemble(finished, climates=["past"]).time.dt.year.values.tolist() == [2013, 2014]


def test_the_page_says_which_climates_its_numbers_leave_out(finished) -> None:
    plan = Plan.load(finished)
    said = what_ran(plan, {})
    assert "3 climates (past, low, high)" in said
    assert said.endswith("those of the scenarios, without the years before them (past).")
    assert "without the years" not in what_ran(replace(plan, climates=plan.climates[:1]), {})


@pytest.mark.parametrize(
    "key",
    [
        {"realization": 4},
        {"time": slice(3, 20, 4)},
        {"time": slice(None, None, -1)},
        {"realization": [5, 0, 3], "time": [23, 0]},
        {"realization": slice(1, 1)},
        {"tile": 0, "time": -1},
    ],
)
def test_parts_are_read_as_from_memory(finished, key) -> None:
    """Any selection of the lazy Dataset is that of the loaded one."""
    lazy = open_ensemble(finished, "monthly").tile_area_fraction
    runoff = open_ensemble(finished, "monthly").catchment_runoff
    whole = runoff.copy().load()
    np.testing.assert_array_equal(lazy.isel(key).values, lazy.copy().load().isel(key).values)
    key = {k: v for k, v in key.items() if k != "tile"}
    np.testing.assert_array_equal(runoff.isel(key).values, whole.isel(key).values)


def test_an_export_holds_the_same(finished, tmp_path) -> None:
    ds = open_ensemble(finished, "monthly")
    with xr.open_dataset(export(finished, tmp_path / "all.nc", "monthly")) as exported:
        xr.testing.assert_identical(exported.load(), ds.load())
    with pytest.raises(InputError, match="is there already"):
        export(finished, tmp_path / "all.nc")
    with pytest.raises(InputError, match=r"\.nc nor \.zarr"):
        export(finished, tmp_path / "all.csv")


def test_a_zarr_export_holds_the_same(finished, tmp_path) -> None:
    pytest.importorskip("zarr", reason="zarr is not installed (extra cluster)")
    ds = open_ensemble(finished, "monthly")
    with xr.open_zarr(export(finished, tmp_path / "all.zarr", "monthly")) as exported:
        for name in KEPT:
            np.testing.assert_array_equal(exported[name].values, ds[name].values)
            assert exported[name].dims == ds[name].dims


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_an_export_that_was_cut_leaves_nothing(finished, tmp_path, monkeypatch, ending) -> None:
    """What was half written has another name and goes; the export can be asked for again."""
    if ending == ".zarr":
        pytest.importorskip("zarr", reason="zarr is not installed (extra cluster)")
    pieces, seen = store.pieces, []

    def cut(ds: xr.Dataset, name: str):  # type: ignore[no-untyped-def]
        if name == KEPT[1]:
            seen.extend(p.name for p in tmp_path.iterdir())
            raise KeyboardInterrupt
        return pieces(ds, name)

    monkeypatch.setattr(store, "pieces", cut)
    with pytest.raises(KeyboardInterrupt):
        export(finished, tmp_path / f"all{ending}", "monthly")
    assert seen and f"all{ending}" not in seen and not list(tmp_path.iterdir())
    monkeypatch.undo()
    assert export(finished, tmp_path / f"all{ending}", "monthly").exists()


# ------------------------------------------------------------------------------------ whatever the cut and the order


class Backwards(Executor):
    """Does the last task handed in first, one at a time, whenever somebody waits."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future, tuple]] = []

    def submit(self, fn, /, *args, **kwargs) -> Future:  # type: ignore[no-untyped-def]
        future: Future = Future()
        self.waiting.append((future, (fn, args)))
        return future

    def work(self) -> None:
        future, (fn, args) = self.waiting.pop()
        future.set_result(fn(*args))


@pytest.mark.parametrize(
    ("workers", "block", "window"),
    [(2, 2, 1), (1, 3, 2), (2, 1, 1)],
    ids=["threads", "one block", "single members"],
)
def test_the_cut_changes_nothing(finished, tmp_path, workers, block, window) -> None:
    file = write_file(tmp_path, SITE, CLIMATES, DRAWS, settings(block=block, window_years=window))
    run_ensemble(file, tmp_path / "out", workers)
    for frequency in ("annual", "monthly"):
        assert digest(tmp_path / "out", frequency) == digest(finished, frequency)


def test_forcing_in_memory_is_bounded_by_its_bytes(finished, monkeypatch) -> None:
    """Room for two of three climates: the one that was not used for longest goes, and is read again."""
    ensemble = work.Ensemble(finished)
    read, opened = work.Ensemble._read_forcing, []
    monkeypatch.setattr(
        work.Ensemble, "_read_forcing", lambda self, c, d: opened.append(c) or read(self, c, d)
    )
    monkeypatch.setattr(work, "KEPT_BYTES", 2.5 * ensemble.weather(0, [0]).ds.nbytes)
    for climate in (0, 1, 0, 2, 0, 1):
        ensemble.weather(climate, [0])
    assert opened == [0, 1, 2, 1]
    monkeypatch.setattr(work, "KEPT_BYTES", 1)
    ensemble.weather(2, [0])
    assert list(ensemble._kept) == [(2, None)]


def test_the_order_changes_nothing(finished, tmp_path, monkeypatch) -> None:
    plan = running.start(
        load_ensemble(write_file(tmp_path, SITE, CLIMATES, DRAWS, settings())), tmp_path / "out"
    )
    executor = Backwards()
    waited = running.wait
    monkeypatch.setattr(
        running, "wait", lambda fs, return_when: (executor.work(), waited(fs, 60, return_when))[1]
    )
    with Manifest(tmp_path / "out", writable=True) as manifest:
        running.Scheduler(tmp_path / "out", plan, manifest, executor, lambda: 100, None).run()
    assert digest(tmp_path / "out") == digest(finished)


# ---------------------------------------------------------------------------------------------------- command line


def test_the_command_line_runs_resumes_shows_and_exports(tmp_path, finished) -> None:
    file = write_file(tmp_path, SITE, CLIMATES, DRAWS, settings())
    out, cli = str(tmp_path / "out"), CliRunner()
    done = cli.invoke(app, ["run", str(file), "-o", out, "--json", "--workers", "2"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["status"] == "done" and json.loads(done.stdout)["members"] == 9
    assert cli.invoke(app, ["resume", out]).exit_code == 0
    with Manifest(tmp_path / "out", writable=True) as manifest:
        manifest.erase(Task(2, 1, 1))
    shown = cli.invoke(app, ["status", out])
    assert shown.exit_code == 0 and "karstsim resume" in shown.stdout
    assert cli.invoke(app, ["export", out, str(tmp_path / "x.nc")]).exit_code == 2
    assert cli.invoke(app, ["resume", out]).exit_code == 0
    assert cli.invoke(app, ["export", out, str(tmp_path / "x.nc"), "--climate", "past"]).exit_code == 0
    assert digest(tmp_path / "out") == digest(finished)
    assert cli.invoke(app, ["run", str(file), "-o", out]).exit_code == 2
    assert cli.invoke(app, ["status", str(tmp_path)]).exit_code == 2


def test_failed_members_end_the_command_with_one(tmp_path) -> None:
    (tmp_path / "draws.csv").write_text("soil.depth\n0.5\n-1\n", encoding="utf-8")
    file = write_file(tmp_path, SITE, CLIMATES, "[draws]\nfile = 'draws.csv'", settings(output=["annual"]))
    done = CliRunner().invoke(app, ["run", str(file), "-o", str(tmp_path / "out")])
    assert done.exit_code == 1 and "soil.depth" in done.stdout


def test_the_template_is_an_ensemble_that_can_be_planned(tmp_path) -> None:
    path = tmp_path / "ensemble.toml"
    cli = CliRunner()
    assert cli.invoke(app, ["new", "ensemble", "-o", str(path)]).exit_code == 0
    shown = cli.invoke(app, ["check", str(path), "--json"])
    assert shown.exit_code == 0, shown.output
    facts = json.loads(shown.stdout)
    assert facts["members"] == 24 and facts["CPU time, s"] > 0.0
    assert [c["begins with"] for c in facts["climates"]] == ["a spin-up", *["the end of historical"] * 2]


@pytest.mark.parametrize("block", [1, 4])
def test_the_estimate_is_near_what_the_ensemble_took(tmp_path, block) -> None:
    """Disk within 30 %; CPU time within a factor of two, for the machine of a test does other things beside.

    `benchmarks/estimates.py` measures the promise of 30 %.
    """
    more = {"output": ["annual", "daily"], "block": block, "window_years": 4, "spinup_years": 30}
    draws = DRAWS.replace("number = 3", "number = 8")
    climates = CLIMATES.replace("2016", "2022")
    config = load_ensemble(write_file(tmp_path, SITE, climates, draws, settings(**more)))
    cost = estimate(config, make_plan(config)[0])
    running.start(config, tmp_path / "out")
    outcome = running.work(tmp_path / "out")
    size = sum(p.stat().st_size for p in (tmp_path / "out").glob("s*/*/*.nc"))
    assert cost.bytes == pytest.approx(size, rel=0.3)
    assert 0.5 < cost.cpu_seconds / outcome.cpu_seconds < 2.0


def test_the_seconds_of_a_task_are_those_of_its_steps(finished) -> None:
    """Three members, 25 years of spin-up and six of output take a millisecond a year at the very least."""
    _, outcome, _ = running.status(finished)
    assert outcome.cpu_seconds > 3 * (25 + 6) * 1e-3
