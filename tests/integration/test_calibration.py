"""From one file to a fitted model: every method through API and command line, and on into an ensemble."""

from __future__ import annotations

import json
import shutil
import time
import tomllib
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose
from typer.testing import CliRunner

from karstsim import calibrate, simulate
from karstsim.calibration.config import load_calibration
from karstsim.calibration.ensemble import best_toml, ensemble_toml
from karstsim.calibration.problem import open_problem
from karstsim.calibration.run import DRAWS, ENSEMBLE
from karstsim.cli.app import app
from karstsim.core.errors import InputError
from karstsim.ensemble.draws import read_draws
from karstsim.ensemble.store import open_ensemble

Write = Callable[..., Path]
ROOT = Path(__file__).parents[2]


def test_a_posterior_has_bands_and_goes_into_an_ensemble(calibration_file: Write, tmp_path: Path) -> None:
    """A GLUE that has converged: every second of 240 draws is kept, four of them are simulated and handed on."""
    path = calibration_file("glue", 240, "keep = 0.5\ndraws = 4", 'objective = "nse"')
    folder = tmp_path / "glue"
    posterior = calibrate(path, folder)
    assert posterior.attrs["uncertainties"] == "given", posterior.attrs["convergence_checks"]
    assert "no target says what it accepts" in posterior.attrs["convergence_checks"]
    low, middle, high = posterior["interval"].values
    assert ((low < middle) & (middle < high)).all()
    assert ((posterior["lower"] <= low) & (high <= posterior["upper"])).all()
    band = posterior["band_discharge"].values
    assert ((band[0] <= band[1]) & (band[1] <= band[2])).all()
    assert posterior["evaluated"].sizes["evaluation"] == 240
    assert_allclose(posterior["profile"].min(), posterior["evaluated_loss"].min())
    draws = read_draws(folder / DRAWS)
    assert len(draws) == posterior.sizes["draw"] == 4
    factor = posterior["value"].sel(parameter="vegetation.crop_coefficient").values
    assert [d["vegetation.crop_coefficient"] for d in draws] == [{"factor": float(f)} for f in factor]
    areas = posterior["value"].sel(parameter="area_km2").values
    assert [d["area_km2"] for d in draws] == areas.tolist()
    scenarios = str(folder / "scenarios")
    done = CliRunner().invoke(app, ["run", str(folder / ENSEMBLE), "-o", scenarios, "--workers", "1"])
    assert done.exit_code == 0, done.output
    ds = open_ensemble(scenarios)
    assert ds["area_km2"].values.tolist() == areas.tolist() and len(set(areas)) == 4
    days = (ds["time_bnds"][:, 1] - ds["time_bnds"][:, 0]).values / np.timedelta64(1, "D")
    flow = ds["aquifer_spring"].values / days * areas[:, None] * 1000.0 / 86400.0
    assert_allclose(ds["spring_discharge"].values, flow, rtol=1e-6)


def test_what_drains_into_the_karst_grows_with_the_area(calibration_file: Write, tmp_path: Path) -> None:
    """The search keeps the ratio of the allogenic area to the karst, and so do the files that it leaves."""
    path = calibration_file("glue", 240, "keep = 0.5\ndraws = 4", 'objective = "nse"')
    path.write_text(
        path.read_text().replace("[[site.tiles]]", "allogenic_area_km2 = 3.0\n\n[[site.tiles]]", 1)
    )
    config = load_calibration(path)
    posterior = calibrate(path, tmp_path / "glue")
    best = float(posterior["best"].sel(parameter="area_km2"))
    for text in (best_toml(posterior, config), ensemble_toml(posterior, config, DRAWS)):
        site = tomllib.loads(text)["site"]
        assert site["area_km2"] == best != config.site.area_km2
        assert_allclose(site["allogenic_area_km2"] / best, 3.0 / config.site.area_km2, rtol=1e-12)


def test_the_best_run_is_the_one_that_the_parameters_give(calibration_file: Write, tmp_path: Path) -> None:
    """Run with the best parameters by the ordinary simulator, the spring is that of the posterior."""
    from karstsim.model.simulate import simulate

    path = calibration_file()
    posterior = calibrate(path, tmp_path / "de")
    config = load_calibration(path)
    best = dict(zip(posterior.parameter.values, posterior["best"].values, strict=True))
    area = best.pop("area_km2")
    best["vegetation.crop_coefficient"] = {"factor": float(best["vegetation.crop_coefficient"])}
    out = simulate(
        config.site, config.run_config().open_forcing(), best, spinup_years=0, chemistry=False,
        variables=["aquifer_spring"],
    )  # fmt: skip
    days = posterior["time_discharge"].values.astype("datetime64[D]").astype("datetime64[ns]")
    flow = out["aquifer_spring"].sel(time=days).values * area * 1000.0 / 86400.0
    assert_allclose(posterior["best_discharge"].values, flow, rtol=1e-12)


def test_a_search_for_the_best_tells_no_uncertainty(calibration_file: Write, tmp_path: Path) -> None:
    posterior = calibrate(calibration_file(), tmp_path / "de")
    assert posterior.attrs["uncertainties"].startswith("refused")
    assert "interval" not in posterior and "identifiability" not in posterior
    assert not (tmp_path / "de" / DRAWS).exists() and not (tmp_path / "de" / ENSEMBLE).exists()
    done = CliRunner().invoke(app, ["run", str(tmp_path / "de" / "best.toml"), "-o", str(tmp_path / "best")])
    assert done.exit_code == 0, done.output
    with xr.open_dataset(tmp_path / "best" / "daily.nc") as ds:
        days = posterior["time_discharge"].values.astype("datetime64[D]").astype("datetime64[ns]")
        spring = ds["aquifer_spring"].sel(time=days)
        flow = spring.values * float(posterior["best"].sel(parameter="area_km2")) * 1000.0 / 86400.0
    assert_allclose(posterior["best_discharge"].values, flow, rtol=1e-9)


def test_glue_that_accepts_nothing_says_so(calibration_file: Write, tmp_path: Path) -> None:
    """The best draw is told and drawn, of the accepted ones there are none: no traceback, no band, no interval."""
    low = '[[observations.targets]]\nquantity = "discharge"\nname = "low"\nobjective = "log_nse"'
    path = calibration_file("glue", 24, target=f"accept = 0.999\n{low}")
    done = CliRunner().invoke(app, ["calibrate", str(path), "-o", str(tmp_path / "glue"), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert "accepted draws: 0 (at least 100)" in told["uncertainties"]
    with xr.open_dataset(tmp_path / "glue" / "posterior.nc") as ds:
        assert ds.sizes["draw"] == 0 and ds["best"].notnull().all() and "interval" not in ds
    assert (tmp_path / "glue" / "figures" / "pareto.png").is_file()
    done = CliRunner().invoke(app, ["report", str(tmp_path / "glue")])
    assert done.exit_code == 0, done.output


def test_a_best_run_that_is_not_in_balance_says_so(calibration_file: Write, tmp_path: Path) -> None:
    """Without a spin-up stores begin at nothing; matrix water of 2000 days is not at rest after a year of it either."""
    path = calibration_file(evaluations=24)
    assert calibrate(path, tmp_path / "none").attrs["warnings"].startswith("best run: no spin-up")
    text = path.read_text(encoding="utf-8").replace("spinup_years = 0", "spinup_years = 1")
    path.write_text(text + '[parameters]\n"aquifer.matrix_residence_time" = 2000.0\n', encoding="utf-8")
    done = CliRunner().invoke(app, ["calibrate", str(path), "-o", str(tmp_path / "short"), "--json"])
    search, line = json.loads(done.stdout)["warnings"]
    assert "more evaluations and a folder of its own" in search
    assert "still drifts" in line and "raise calibration.spinup_years" in line
    text = text.replace("spinup_years = 1", "spinup_years = 200")
    path.write_text(text + '[parameters]\n"aquifer.matrix_residence_time" = 20.0\n', encoding="utf-8")
    assert not calibrate(path, tmp_path / "long").attrs["warnings"]


@pytest.mark.slow
def test_chains_too_short_are_refused_on_the_command_line(calibration_file: Write, tmp_path: Path) -> None:
    path = calibration_file("emcee", 96, target='objective = "ar1"\nsigma = [0.01, 1.0]\nrho = [0.0, 0.95]')
    done = CliRunner().invoke(app, ["calibrate", str(path), "-o", str(tmp_path / "mc"), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["converged"] == "no" and told["uncertainties"].startswith("refused")
    assert all("median" not in row for row in told["parameters"])
    assert any(line.startswith("FAIL") for line in told["convergence"])
    assert (tmp_path / "mc" / "figures" / "corner.png").exists()
    done = CliRunner().invoke(app, ["resume", str(tmp_path / "mc"), "--json"])
    assert json.loads(done.stdout)["of these made now"] == 0


@pytest.mark.slow
def test_the_example_of_a_posterior_in_a_small_version(shared_data: Path, tmp_path: Path) -> None:
    """A tenth of its evaluations: refused, with the number that is wanted, and the area where it will converge to."""
    record = shared_data / "karst_spring_karstmod_demo" / "KarstMod_dataset.txt"
    if not record.is_file():
        pytest.skip(f"{record} is not there")
    shutil.copy(record, tmp_path / "spring.csv")
    text = (ROOT / "experiments" / "karstmod_spring" / "posterior.toml").read_text(encoding="utf-8")
    text = text.replace("evaluations = 120000", "evaluations = 5400")
    (tmp_path / "posterior.toml").write_text(text, encoding="utf-8")
    posterior = calibrate(tmp_path / "posterior.toml", tmp_path / "out")
    assert (
        posterior.attrs["converged"] == "no" and "times the evaluations" in posterior.attrs["uncertainties"]
    )
    area = posterior["chain_value"].sel(parameter="area_km2").values
    assert 384.0 < np.median(area) < 578.0
    assert posterior.attrs["ensembles"] == 2


def test_what_would_be_observed_is_wider_than_what_is_simulated(
    calibration_file: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the chains had converged: the band with errors encloses that of the draws, in m3 s-1 again."""
    monkeypatch.setattr("karstsim.calibration.results.refusal", lambda found: "")
    likely = 'objective = "heteroscedastic"\ntransform = "log"\nsigma = [0.2, 0.5]\nslope = 0.1'
    posterior = calibrate(calibration_file("emcee", 240, target=likely), tmp_path / "mc")
    inner, outer = posterior["band_discharge"].values, posterior["predicted_discharge"].values
    assert ((outer[0] < inner[0]) & (outer[2] > inner[2])).mean() > 0.9
    assert_allclose(np.median(outer[1] / inner[1]), 1.0, atol=0.2)
    assert "discharge:sigma" in posterior.parameter.values
    assert (tmp_path / "mc" / DRAWS).exists()


def test_the_benchmark_times_the_compiled_column(calibration_file: Write) -> None:
    benchmark = pytest.importorskip("benchmarks.calibration")
    problem = open_problem(load_calibration(calibration_file()))
    values = problem.values(np.full((2, len(problem.free)), 0.5))
    began = time.process_time()
    with benchmark.Compiled() as compiled:
        problem.simulate(values, 1)
    assert 0.0 < compiled.seconds <= time.process_time() - began
    timed = compiled.seconds
    problem.simulate(values, 1)
    assert compiled.seconds == timed, "it goes on timing what comes after"


def test_pareto_front_of_two_targets(calibration_file: Write, tmp_path: Path) -> None:
    second = '[[observations.targets]]\nquantity = "discharge"\nname = "low flow"\nobjective = "log_nse"'
    both = f'objective = "nse"\n{second}'
    posterior = calibrate(calibration_file("nsga2", 48, target=both), tmp_path / "front")
    losses = 1.0 - posterior["score"].values
    for i, row in enumerate(losses):
        others = np.delete(losses, i, axis=0)
        assert not ((others <= row).all(axis=1) & (others < row).any(axis=1)).any()


def test_check_shows_what_is_compared(calibration_file: Write) -> None:
    done = CliRunner().invoke(app, ["check", str(calibration_file()), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["targets"][0][:3] == ["discharge", "aquifer_spring", "kge"]
    assert told["calibration"]["computes"] == "water alone"
    assert told["not compared"] == []


def test_check_names_what_the_tables_hold_and_no_target_asks_for(calibration_file: Write) -> None:
    rows = "\n".join(f"2015-0{m}-01,{100 + m},{'' if m == 3 else 60 + m}" for m in range(1, 6))
    path = calibration_file(table=f"date,Q (L/s),Ca (mg/L)\n{rows}\n")
    done = CliRunner().invoke(app, ["check", str(path), "--json"])
    assert done.exit_code == 0, done.output
    (line,) = json.loads(done.stdout)["not compared"]
    assert line.startswith("ca: 4 values")


def test_bad_input_ends_with_code_2(calibration_file: Write) -> None:
    path = calibration_file(calibration="folds = 1")
    done = CliRunner().invoke(app, ["calibrate", str(path), "-o", str(path.with_name("out"))])
    assert done.exit_code == 2 and "one fold" in done.stderr


def test_a_damaged_ledger_can_be_removed(calibration_file: Write, tmp_path: Path) -> None:
    """What the message asks for works: the evaluations are made again, with the same result."""
    path, folder = calibration_file("glue", 8), tmp_path / "out"
    first = calibrate(path, folder)
    ledger = folder / "ledger.sqlite"
    for log in folder.glob("ledger.sqlite-*"):
        log.unlink()
    ledger.write_bytes(b"no ledger" * 500)
    with pytest.raises(InputError, match="remove it: the evaluations are then made again"):
        calibrate(path, folder)
    ledger.unlink()
    assert calibrate(path, folder)["evaluated_loss"].identical(first["evaluated_loss"])


def test_a_file_in_the_place_of_the_folder_is_named(calibration_file: Write, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match="out: is no folder"):
        calibrate(calibration_file("glue", 8), tmp_path / "out")


def test_the_template_is_usable_as_it_is_written(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["new", "calibration", "-o", str(tmp_path / "calibration.toml")])
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(app, ["check", str(tmp_path / "calibration.toml"), "--json"])
    assert done.exit_code == 0, done.output
    again = CliRunner().invoke(app, ["new", "calibration", "-o", str(tmp_path / "calibration.toml")])
    assert again.exit_code == 2


def test_a_spring_of_ones_own_is_kept_and_its_years_are_asked_for(tmp_path: Path) -> None:
    own = "date,discharge (L/s)\n" + "".join(f"2021-01-{day:02d},{day}\n" for day in range(1, 32))
    (tmp_path / "spring.csv").write_text(own)
    done = CliRunner().invoke(app, ["new", "calibration", "-o", str(tmp_path / "calibration.toml")])
    assert done.exit_code == 0 and "spring.csv was there and is kept" in " ".join(done.output.split())
    assert (tmp_path / "spring.csv").read_text() == own
    done = CliRunner().invoke(app, ["check", str(tmp_path / "calibration.toml")])
    assert done.exit_code == 2
    said = " ".join(done.stderr.split())
    assert (
        "31 observed values, 2021-01-01 to 2021-01-31" in said
        and "the forcing, 2015-01-01 to 2017-12-31" in said
    )


SPRINGS = {  # what a search must be able to find: (end or inner value of each range, coefficient of variation)
    "damped": (
        {"epikarst.event_share": 0.0, "epikarst.recharge_shape": 8.0, "aquifer.conduit_residence_time": 20.0,
         "aquifer.matrix_residence_time": 700.0, "aquifer.exchange_rate": 0.0},
        (0.0, 0.3),
    ),
    "flashy": (
        {"epikarst.event_share": 1.0, "epikarst.recharge_shape": 0.1, "epikarst.residence_time": 1.0,
         "aquifer.conduit_residence_time": 0.3, "aquifer.matrix_residence_time": 20.0},
        (1.5, 10.0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", SPRINGS)
def test_the_ranges_of_the_template_hold_damped_and_flashy_springs(
    kind: str, whole_site: Callable, climate_forcing: Callable
) -> None:
    """What the template does not search keeps its default: no other parameter may be needed for either."""
    template = resources.files("karstsim.templates") / "calibration.toml"
    ranges = tomllib.loads(template.read_text(encoding="utf-8"))["ranges"]
    wanted, (least, most) = SPRINGS[kind]
    inside = {name: value for name, value in wanted.items() if name in ranges}
    assert all(ranges[n]["value"][0] <= v <= ranges[n]["value"][1] for n, v in inside.items())
    site, years = whole_site(("grass",), 0, allogenic_area_km2=0.0), climate_forcing("monsoon", years=2)
    ds = simulate(site, years, inside, variables=["aquifer_spring"], spinup_years=10, chemistry=False)
    flow = ds.aquifer_spring.values.ravel()
    assert least <= flow.std() / flow.mean() <= most


@pytest.mark.parametrize("constants", ["pb82", "phreeqc386"])
def test_files_that_go_on_say_where_they_would_use_other_constants(
    calibration_file: Write, constants: str
) -> None:
    """Runs and ensembles have no key for the constants."""
    config = load_calibration(calibration_file(calibration=f'constants = "{constants}"'))
    posterior = xr.Dataset(
        {"factor": ("parameter", [False]), "best": ("parameter", [4.0])},
        coords={"parameter": ["aquifer.conduit_residence_time"]},
    )
    for text in (best_toml(posterior, config), ensemble_toml(posterior, config, DRAWS)):
        assert ("had the constants phreeqc386" in text) == (constants != "pb82")
        assert "aquifer.conduit_residence_time" in text or "posterior.csv" in text
