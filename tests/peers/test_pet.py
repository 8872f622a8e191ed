"""The laws of potential evapotranspiration against pyet and xclim, each within 1 % on every day of a varied year.

pyet and xclim are written by others from the same papers. They are optional (extras `peers` and `climate`), and tests
skip without them. pyet divides by a latent heat that varies with the temperature in the laws of Oudin and of Hargreaves
and Samani, where karstsim and FAO-56 take 2.45 MJ kg-1 (2 % apart at 0 degC); its results for these two are multiplied
with lambda(T)/2.45 first. Days below 0.1 mm are compared to 1 um.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from karstsim.core.spec import new_table
from karstsim.forcing import humidity
from karstsim.forcing.records import FORCING_DTYPE, to_records
from karstsim.processes import atmosphere
from karstsim.processes.atmosphere import potential_evapotranspiration as pet
from karstsim.processes.atmosphere import radiation
from karstsim.processes.atmosphere.potential_evapotranspiration import PetLaw

TOLERANCE, SMALL = 0.01, 0.1  # relative; mm d-1
ELEVATION, YEAR = 850.0, 2014  # m; a year of 365 days, for which the peers' day of the year is exact
CLIMATES = {  # mean, half seasonal swing and mean daily range of temperature (degC), relative humidity (%), latitude
    "subtropical": (15.0, 10.0, 8.0, 80.0, 26.3),
    "mediterranean": (17.0, 8.0, 12.0, 60.0, -37.0),
    "continental": (5.0, 16.0, 11.0, 65.0, 52.0),
    "arid": (24.0, 9.0, 15.0, 25.0, 30.0),
}


def _pyet() -> ModuleType:
    return pytest.importorskip("pyet", reason="pyet is not installed")


def weather(climate: str) -> xr.Dataset:
    """A canonical year of daily weather with rain and sun, calm and storm, damp and dry air."""
    mean, swing, spread, damp, latitude = CLIMATES[climate]
    time = pd.date_range(f"{YEAR}-01-01", f"{YEAR}-12-31", freq="D")
    rng = np.random.default_rng(7)
    n = len(time)
    season = np.cos(2.0 * np.pi * ((np.arange(n) + 0.5) / n - (0.55 if latitude > 0.0 else 0.05)))
    tas = mean + swing * season + rng.normal(0.0, 2.5, n)
    half = 0.5 * spread * rng.uniform(0.3, 1.6, n)
    top = radiation_at_top(latitude, n)
    values = {
        "tas": tas + 273.15,
        "tasmin": tas - half + 273.15,
        "tasmax": tas + half + 273.15,
        "pr": np.zeros(n),
        "rsds": top * rng.uniform(0.1, 0.75, n),
        "sfcWind": rng.gamma(2.5, 1.2, n),
        "ps": rng.normal(91500.0, 700.0, n),
        "hurs": np.clip(damp + rng.normal(0.0, 12.0, n), 5.0, 100.0),
        "co2": np.full(n, 410.0),
    }
    data = {k: (("location", "time"), v[None, :]) for k, v in values.items()}
    return xr.Dataset(data, {"time": time, "lat": ("location", [latitude]), "location": ["here"]})


def radiation_at_top(latitude: float, n: int) -> np.ndarray:
    from karstsim.forcing.radiation import extraterrestrial

    return extraterrestrial(np.array([latitude]), (np.arange(n) + 1.0) / 365.0)


@pytest.fixture
def karstsim(record_of, on_rows):
    """PET of every day of a Dataset by karstsim's kernels, mm d-1. The season is day/365 as in the peers."""

    def run(ds: xr.Dataset, law: PetLaw) -> np.ndarray:
        table = to_records(ds)[0]
        table["year_fraction"] = (np.arange(table.shape[1]) + 1.0) / 365.0
        p = record_of(atmosphere.PARAMS, pet_law=int(law), latitude=float(ds.lat[0]), elevation=ELEVATION)
        f, out = record_of(atmosphere.FLUXES), []
        one_row, _ = new_table((1,), FORCING_DTYPE)
        step, top = on_rows(pet.step), on_rows(radiation.step)
        for i in range(table.shape[1]):
            row = one_row[0]
            one_row[0] = table[0, i]
            top(p, f, row)
            step(p, f, row, 1.0)
            out.append(float(f.pet))
        return np.array(out)

    return run


def plain(ds: xr.Dataset) -> dict[str, pd.Series]:
    """The Dataset in the peers' units: degC, MJ m-2 d-1, m s-1 at 2 m, %, kPa."""
    index = pd.DatetimeIndex(ds.time.values)
    v = {str(k): pd.Series(ds[k].values[0], index=index) for k in ds.data_vars}
    celsius = {k: v[k] - 273.15 for k in ("tas", "tasmin", "tasmax")}
    wind = v["sfcWind"] * 4.87 / np.log(67.8 * 10.0 - 5.42)
    return {**celsius, "rs": v["rsds"] * 0.0864, "wind": wind, "rh": v["hurs"], "p": v["ps"] / 1000.0}


def latent_heat(celsius: pd.Series) -> np.ndarray:
    return (2.501 - 0.002361 * celsius).to_numpy()


def assert_close(ours: np.ndarray, theirs: np.ndarray) -> None:
    assert np.isfinite(theirs).all() and theirs.max() > 1.0
    error = np.abs(ours - theirs) / np.maximum(theirs, SMALL)
    print(f"largest difference {100.0 * error.max():.4f} %")
    assert error.max() < TOLERANCE


@pytest.mark.parametrize("climate", CLIMATES)
def test_oudin_is_that_of_pyet(karstsim, climate: str) -> None:
    ds = weather(climate)
    w = plain(ds)
    theirs = _pyet().oudin(w["tas"], np.deg2rad(float(ds.lat[0]))) * latent_heat(w["tas"]) / 2.45
    assert_close(karstsim(ds, PetLaw.OUDIN), theirs.to_numpy())


@pytest.mark.parametrize("climate", CLIMATES)
def test_hargreaves_samani_is_that_of_pyet(karstsim, climate: str) -> None:
    ds = weather(climate)
    w = plain(ds)
    theirs = _pyet().hargreaves(w["tas"], w["tasmax"], w["tasmin"], np.deg2rad(float(ds.lat[0])))
    assert_close(karstsim(ds, PetLaw.HARGREAVES_SAMANI), (theirs * latent_heat(w["tas"]) / 2.45).to_numpy())


@pytest.mark.parametrize("climate", CLIMATES)
@pytest.mark.parametrize(("law", "name"), [
    (PetLaw.PRIESTLEY_TAYLOR, "priestley_taylor"), (PetLaw.PENMAN_MONTEITH, "pm_fao56")
])  # fmt: skip
def test_laws_with_net_radiation_are_those_of_pyet(karstsim, climate: str, law: PetLaw, name: str) -> None:
    ds = weather(climate)
    w = plain(ds)
    arguments = {"rs": w["rs"], "tmax": w["tasmax"], "tmin": w["tasmin"], "rh": w["rh"], "pressure": w["p"]}
    if law is PetLaw.PENMAN_MONTEITH:
        arguments["wind"] = w["wind"]
    arguments |= {"elevation": ELEVATION, "lat": np.deg2rad(float(ds.lat[0]))}
    theirs = getattr(_pyet(), name)(w["tas"], **arguments)
    assert_close(karstsim(ds, law), theirs.to_numpy())


@pytest.mark.parametrize("climate", CLIMATES)
def test_all_forms_of_humidity_give_one_evapotranspiration(karstsim, climate: str) -> None:
    """Dew point and specific humidity that hold the vapour of hurs, by inverting the curve and the definition."""
    ds = weather(climate)
    t = {k: ds[k].values - 273.15 for k in ("tasmin", "tasmax")}
    vapor = humidity.from_relative(ds.hurs.values, t["tasmin"], t["tasmax"])
    x = np.log(vapor / 610.8)
    dry = ds.drop_vars("hurs")
    dew = dry.assign(tdps=ds.hurs.copy(data=237.3 * x / (17.27 - x) + 273.15))
    specific = dry.assign(huss=ds.hurs.copy(data=0.622 * vapor / (ds.ps.values - 0.378 * vapor)))
    base = karstsim(ds, PetLaw.PENMAN_MONTEITH)
    for other in (dew, specific):
        np.testing.assert_allclose(karstsim(other, PetLaw.PENMAN_MONTEITH), base, rtol=1e-9)


def _xclim() -> ModuleType:
    return pytest.importorskip("xclim.indices", reason="xclim is not installed")


def with_units(ds: xr.Dataset, **units: str) -> dict[str, xr.DataArray]:
    return {name: ds[name].assign_attrs(units=unit) for name, unit in units.items()}


@pytest.mark.parametrize("climate", CLIMATES)
def test_hargreaves_samani_is_that_of_xclim(karstsim, climate: str) -> None:
    """xclim has 1/2.45 as well, but another radiation at the top of the air (solar constant 1361 W m-2, a longer series
    for the declination): it is divided out, so that the law itself is compared.
    """
    ds = weather(climate)
    here = ds.isel(location=0, drop=True)
    arguments = with_units(here, tas="K", tasmin="K", tasmax="K")
    lat = xr.DataArray(float(ds.lat[0]), attrs={"units": "degrees_north"})
    theirs = _xclim().potential_evapotranspiration(**arguments, lat=lat, method="HG85")
    from xclim.indices.helpers import extraterrestrial_solar_radiation

    top = extraterrestrial_solar_radiation(here.time, lat)
    assert top.attrs["units"] == "J m-2 d-1"
    ratio = radiation_at_top(float(ds.lat[0]), here.sizes["time"]) * 0.0864e6 / top.values
    print(f"Ra over that of xclim {ratio.min():.4f}..{ratio.max():.4f}")
    assert_close(karstsim(ds, PetLaw.HARGREAVES_SAMANI), theirs.values * 86400.0 * ratio)


@pytest.mark.parametrize("climate", CLIMATES)
def test_penman_monteith_is_that_of_xclim(karstsim, climate: str) -> None:
    """xclim's Eq. 6 (`fao_allen98`) with FAO-56 vapour pressures and the net radiation of pyet.

    Its `potential_evapotranspiration` takes the slope of the curve at the mean saturation pressure instead of the mean
    temperature and the pressure of the sea, so only the equation can be compared.
    """
    ds = weather(climate)
    w = plain(ds)
    e0 = {k: 0.6108 * np.exp(17.27 * w[k] / (w[k] + 237.3)) for k in ("tas", "tasmin", "tasmax")}
    es = 0.5 * (e0["tasmin"] + e0["tasmax"])
    rn = _pyet().calc_rad_net(
        w["tas"], rs=w["rs"], tmax=w["tasmax"], tmin=w["tasmin"], rh=w["rh"], elevation=ELEVATION,
        lat=np.deg2rad(float(ds.lat[0])),
    )  # fmt: skip

    def array(values: pd.Series, units: str) -> xr.DataArray:
        return xr.DataArray(values.to_numpy(), dims="time", attrs={"units": units})

    theirs = _xclim().fao_allen98(
        array(rn, "MJ m-2 d-1"), array(w["tas"], "degC"), array(w["wind"], "m s-1"), array(es, "kPa"),
        array(es * w["rh"] / 100.0, "kPa"), array(4098.0 * e0["tas"] / (w["tas"] + 237.3) ** 2, "kPa degC-1"),
        array(0.665e-3 * w["p"], "kPa degC"),
    )  # fmt: skip
    assert_close(karstsim(ds, PetLaw.PENMAN_MONTEITH), np.maximum(theirs.values, 0.0))
