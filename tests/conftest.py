"""Fixtures shared by all tests: where the public data and reference tables lie, and small worlds to simulate."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import settings

# The same draws at every run, so that a change is judged by what it did; `--hypothesis-profile=random` looks further.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("random", deadline=None)
settings.load_profile("repeatable")

ROOT = Path(__file__).resolve().parents[1]


def _shared_folder(name: str, variable: str) -> Path:
    folder = Path(os.environ.get(variable) or ROOT.parent / "shared" / name)
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there; set {variable} to the folder with the shared {name}")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real forcing and monitoring data (`KARSTSIM_DATA`)."""
    return _shared_folder("data", "KARSTSIM_DATA")


@pytest.fixture(scope="session")
def shared_reference() -> Path:
    """Folder of reference tables computed with other programs (`KARSTSIM_REFERENCE`)."""
    return _shared_folder("reference", "KARSTSIM_REFERENCE")


# ------------------------------------------------------------------------------------------------ worlds to simulate

CLIMATES = ("hot_humid", "monsoon", "mediterranean", "cold_snowy", "semi_arid")
# mean degC, seasonal amplitude K, rain mm/yr, share of it in the wet half-year, wet days, wettest day (fraction of the
# year), mean and seasonal amplitude of rsds W m-2, latitude
_WEATHER = {
    "hot_humid": (26.0, 1.5, 2600.0, 0.6, 0.6, 0.4, 190.0, 15.0, 5.0),
    "monsoon": (15.2, 9.5, 1290.0, 0.8, 0.45, 0.5, 125.0, 45.0, 26.3),
    "mediterranean": (16.0, 8.0, 600.0, 0.95, 0.2, 0.98, 190.0, 95.0, 37.0),
    "cold_snowy": (1.0, 15.0, 800.0, 0.55, 0.4, 0.5, 120.0, 100.0, 55.0),
    "semi_arid": (21.0, 10.0, 220.0, 0.7, 0.05, 0.6, 230.0, 70.0, 31.0),
}


def _days(
    start: str, years: int, calendar: str, steps_per_day: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stamps of all steps, and year fraction and year number of all days."""
    end = f"{int(start[:4]) + years:04d}{start[4:]}"
    cf = calendar != "standard"
    span = {"start": start, "end": end, "calendar": calendar, "use_cftime": cf, "inclusive": "left"}
    days = xr.date_range(freq="D", **span)
    steps = xr.date_range(freq=f"{24 * 60 // steps_per_day}min", **span)
    number = np.array([d.year for d in days])
    fraction = (np.array([d.dayofyr if cf else d.day_of_year for d in days]) - 0.5) / 365.25
    return np.asarray(steps.values), fraction, number


def build_forcing(
    climate: str,
    years: int = 2,
    start: str = "2001-01-01",
    calendar: str = "standard",
    steps_per_day: int = 1,
    seed: int = 1,
) -> xr.Dataset:
    """Canonical daily weather of one of `CLIMATES`; finer steps share the day's rain out evenly.

    In `semi_arid` no rain falls from the second November on, so that stores run dry.
    """
    mean, swing, rain, wet_half, wet_days, wettest, light, light_swing, latitude = _WEATHER[climate]
    stamps, fraction, number = _days(start, years, calendar, steps_per_day)
    rng = np.random.default_rng(seed)
    n = len(fraction)
    season = np.cos(2.0 * np.pi * (fraction - wettest))
    half = np.where(season > 0.0, wet_half, 1.0 - wet_half)
    wet = rng.random(n) < np.clip(2.0 * wet_days * half, 0.0, 1.0)
    pr = np.where(wet, rng.gamma(0.7, 1.0, n) / 0.7, 0.0) * rain / 365.25 / wet_days
    if climate == "semi_arid":
        pr[number > number[0]] = 0.0
        pr[(number == number[0]) & (fraction > 0.83)] = 0.0
    summer = np.cos(2.0 * np.pi * (fraction - 0.55))
    tas = mean + swing * summer + rng.normal(0.0, 2.0, n)
    rsds = np.maximum(light + light_swing * summer, 10.0) * np.where(wet, 0.7, 1.1)
    values = {"tas": tas + 273.15, "pr": pr / 86400.0, "rsds": rsds, "sfcWind": rng.gamma(4.0, 0.6, n)}
    values |= {"ps": np.full(n, 96000.0), "co2": np.full(n, 410.0)}
    # What the laws of potential evapotranspiration and prescribed series may ask for, so that any of them can be drawn.
    values |= {"hurs": np.where(wet, 85.0, 60.0), "evspsblpot": np.maximum(tas, 0.5) * 0.12 / 86400.0}
    grams = {
        "npp": np.clip(tas, 0.0, None) * 0.1,
        "rhSoil": np.exp(0.07 * tas) * 0.5,
        "rSoil": np.exp(0.07 * tas),
    }
    values |= {name: series * 1e-3 / 86400.0 for name, series in grams.items()}
    values |= {"lai": 2.0 + 1.5 * summer, "swc": np.where(wet, 0.35, 0.25)}
    if steps_per_day == 1:
        values |= {"tasmin": tas + 268.15, "tasmax": tas + 279.15}
    data = {k: (("location", "time"), np.repeat(v, steps_per_day)[None, :]) for k, v in values.items()}
    coords = {"time": stamps, "lat": ("location", [latitude]), "lon": ("location", [105.7])}
    return xr.Dataset(data, coords, {"clock": "local standard time"})


@pytest.fixture(scope="session")
def climate_forcing() -> Callable[..., xr.Dataset]:
    """`build_forcing`: canonical forcing of one of the five climates of targets B."""
    return build_forcing


@pytest.fixture(scope="session")
def whole_site() -> Callable[..., object]:
    """A site with everything on: six land uses, stream, reservoir and planted stream, allogenic area, management."""
    from karstsim.core.classes import LAND_USES
    from karstsim.model.site import Site

    managed = {
        "cropland": {"soil.irrigation_rate": 2.0, "soil.irrigation_temperature": 12.0},
        "grass": {"soil.powder_rate": 0.5},
        "secondary_forest": {"cave.area_fraction": 0.1},
    }
    boxes = [
        {"name": "brook", "kind": "stream", "water_class": "headwater", "length_km": 3.0, "slope": 0.01},
        {"name": "lake", "kind": "reservoir", "water_class": "reservoir", "area_km2": 0.1, "depth_m": 3.0},
        {
            "name": "weeds",
            "kind": "stream",
            "water_class": "planted_stream",
            "length_km": 5.0,
            "slope": 0.002,
        },
    ]

    def build(land_uses: tuple[str, ...] = LAND_USES, n_boxes: int = 3, **changes: object) -> object:
        tiles = [
            {"land_use": u, "area_fraction": 1.0 / len(land_uses), "parameters": managed.get(u, {})}
            for u in land_uses
        ]
        values = {
            "name": "all on",
            "latitude": 26.3,
            "longitude": 105.7,
            "elevation": 500.0,
            "area_km2": 10.0,
        }
        values |= {"allogenic_area_km2": 3.0, "tiles": tiles, "boxes": boxes[:n_boxes]}
        return Site.from_dict({**values, **changes})

    return build


@pytest.fixture(scope="session")
def record_of() -> Callable[..., np.record]:
    """A record of declarations with the defaults of its parameters, and the values given by name."""
    from karstsim.core.spec import Param, dtype_of, new_table

    def build(declarations: tuple, **values: float) -> np.record:
        table, _ = new_table((1,), dtype_of(declarations))
        for d in declarations:
            if isinstance(d, Param):
                table[d.name] = d.default
        for name, value in values.items():
            table[name] = value
        return table[0]

    return build


@pytest.fixture(scope="session")
def on_rows() -> Callable[[Callable[..., object]], Callable[..., object]]:
    """A kernel that Python may call with records that hold solutes.

    numba cannot take such a record from Python (its fields overlap), only a table of them: each record from
    `record_of` is passed as its table of one row, and unpacked on the compiled side.
    """
    import numba
    from numba.extending import overload

    from karstsim.core.jit import disabled

    def first(x: object) -> object:
        return x

    @overload(first)
    def _first(x):  # type: ignore[no-untyped-def]
        if isinstance(x, numba.types.Array):
            return lambda x: x[0]
        return lambda x: x

    made: dict[int, Callable[..., object]] = {}

    def build(kernel: Callable[..., object]) -> Callable[..., object]:
        if disabled():
            return kernel

        def call(*args: object) -> object:
            if id(kernel) not in made:
                names = [f"a{i}" for i in range(len(args))]
                text = f"lambda {', '.join(names)}: kernel({', '.join(f'first({n})' for n in names)})"
                made[id(kernel)] = numba.njit(error_model="numpy")(
                    eval(text, {"kernel": kernel, "first": first})
                )
            return made[id(kernel)](*(a.base if isinstance(a, np.record) else a for a in args))

        return call

    return build


# ------------------------------------------------------------------------------------------------ a small calibration

CALIBRATION = """
[site]
name = "small spring"
latitude = 26.3
longitude = 105.7
elevation = 1200.0
area_km2 = 20.0

[[site.tiles]]
land_use = "grass"
area_fraction = 1.0

[forcing]
synthetic = "ssp245"
start = "2015-01-01"
end = "2015-05-31"

[calibration]
method = "{method}"
evaluations = {evaluations}
population = 12
warm_up_days = 20
spinup_years = 0
{calibration}

[ranges]
area_km2 = {{ value = [10.0, 40.0], scale = "log" }}
"aquifer.conduit_residence_time" = {{ value = [0.5, 20.0], scale = "log" }}
"vegetation.crop_coefficient" = {{ factor = [0.8, 1.2] }}

[[observations]]
file = "spring.csv"

[[observations.targets]]
quantity = "discharge"
{target}
"""


@pytest.fixture
def calibration_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a calibration of water alone over five months and its spring: every third day a discharge, L/s."""

    def write(
        method: str = "de", evaluations: int = 48, calibration: str = "", target: str = "", table: str = ""
    ) -> Path:
        days = np.arange("2015-01-01", "2015-06-01", dtype="datetime64[D]")[::3]
        flow = 300.0 + 200.0 * np.sin(np.arange(len(days)) / 5.0)
        rows = "\n".join(f"{d},{q:.2f}" for d, q in zip(days, flow, strict=True))
        (tmp_path / "spring.csv").write_text(table or f"date,Q (L/s)\n{rows}\n", encoding="utf-8")
        path = tmp_path / "calibration.toml"
        told = {"method": method, "evaluations": evaluations, "calibration": calibration, "target": target}
        path.write_text(CALIBRATION.format(**told), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """An ensemble of 3 climates and 3 draws, run once by one worker in blocks of two members and windows of a year."""
    from small_ensemble import CLIMATES as NAMES
    from small_ensemble import DRAWS, settings, write_file
    from small_site import SITE

    from karstsim.ensemble import run_ensemble

    folder = tmp_path_factory.mktemp("ensemble")
    run_ensemble(write_file(folder, SITE, NAMES, DRAWS, settings()), folder / "out")
    return folder / "out"
