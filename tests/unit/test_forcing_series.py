"""Series of another model or of a satellite, from the file to the record: units, gaps, names, what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from karstsim.check import describe_forcing
from karstsim.core.errors import InputError
from karstsim.forcing import leaves, open_cmip, open_forcing, synthetic_forcing, to_records, write_cmip
from karstsim.forcing.station_headers import split_header
from karstsim.forcing.units import CANONICAL, to_canonical

HEADER = "date,tas_degC,pr_mm_d,rsds_W_m2,co2_ppm"
PER_DAY = 86400.0


def table(folder: Path, extra: dict[str, list[object]], n: int = 4) -> Path:
    """A station CSV of n days with further columns."""
    lines = [",".join([HEADER, *extra])]
    for i in range(n):
        row = [f"2015-01-{i + 1:02d}", "10", "1", "120", "400"]
        lines.append(",".join([*row, *(str(v[i]) for v in extra.values())]))
    path = folder / "station.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("units", "value", "mol"),
    [
        ("mol m-2 d-1", 0.2, 0.2),
        ("umol m-2 s-1", 2.0, 0.1728),
        ("g m-2 d-1", 12.011, 1.0),
        ("g C m-2 d-1", 12.011, 1.0),
        ("gC m-2 d-1", 12.011, 1.0),
        ("kg C m-2 s-1", 1.0e-7, 1.0e-7 * PER_DAY / 0.012011),
        ("kg m-2 s-1", 1.0e-7, 1.0e-7 * PER_DAY / 0.012011),
        ("umol C m-2 s-1", 2.0, 0.1728),
    ],
)
@pytest.mark.parametrize("name", ["npp", "rhSoil", "rSoil", "fco2antt"])
def test_carbon_as_mass_or_amount(name, units, value, mol) -> None:
    """A mass is that of carbon: 12.011 g are a mole; 2 umol m-2 s-1 are 0.1728 mol m-2 d-1."""
    kilograms = to_canonical(name, np.array([value]), units, "test")[0]
    assert kilograms * PER_DAY / 0.012011 == pytest.approx(mol, rel=1e-12, abs=0.0)


@pytest.mark.parametrize("units", ["g CO2 m-2 d-1", "g m-2", "mm d-1", "W m-2", None])
def test_other_units_of_carbon_are_refused(units) -> None:
    with pytest.raises(InputError, match="npp"):
        to_canonical("npp", np.array([1.0]), units, "test")


def test_leaves_need_no_units() -> None:
    """LAI and indices are pure numbers; MODIS files scale the index by ten thousand, which can be told."""
    for name in leaves.FORMS:
        assert CANONICAL[name] == "1" and to_canonical(name, np.array([0.5]), None, "test")[0] == 0.5
    assert to_canonical("ndvi", np.array([5000.0]), "1e-4", "test")[0] == pytest.approx(0.5)


def test_light_of_an_index_by_hand() -> None:
    """1.24 x 0.5 - 0.168 = 0.452; 0 below 0.1355; at most 0.95. A given share is only limited."""
    got = leaves.absorbed("ndvi", np.array([0.5, 0.1, -0.2, 0.95]))
    np.testing.assert_allclose(got, [0.452, 0.0, 0.0, 0.95], atol=1e-12)
    np.testing.assert_allclose(leaves.absorbed("fapar", np.array([0.3, 1.0])), [0.3, 0.95])


@pytest.mark.parametrize(
    ("header", "meaning"),
    [
        ("npp_gC_m2_d", ("npp", "g m-2 d-1")),
        ("NPP [g C m-2 d-1]", ("npp", "g m-2 d-1")),
        ("soil_respiration_umol_m2_s", ("rSoil", "umol m-2 s-1")),
        ("heterotrophic_respiration_mol_m2_d", ("rhSoil", "mol m-2 d-1")),
        ("rh_percent", ("hurs", "%")),
        ("LAI", ("lai", None)),
        ("lai [m2 m-2]", ("lai", "1")),
        ("fpar", ("fapar", None)),
        ("SWC [%]", ("swc", "%")),
        ("RH (%)", ("hurs", "%")),
        ("soil moisture (m3 m-3)", ("swc", "1")),
    ],
)
def test_headers_say_what_they_are(header, meaning) -> None:
    assert split_header(header) == meaning


def test_a_station_table_with_every_series(tmp_path) -> None:
    extra = {
        "npp_gC_m2_d": [2, 3, 2, 1],
        "heterotrophic_respiration_gC_m2_d": [1, 1, 2, 1],
        "rsoil_umol_m2_s": [2, 2, 2, 2],
        "lai": [1.5, 2, 2, 2],
        "soil_moisture_percent": [25, 26, "", 30],
    }
    ds = open_forcing(table(tmp_path, extra))
    row = to_records(ds)[0][0, 0]
    assert row.npp == pytest.approx(2.0 / 12.011) and row.rhsoil == pytest.approx(1.0 / 12.011)
    assert row.rsoil == pytest.approx(0.1728) and (row.lai, row.fapar) == (1.5, -1.0)
    assert to_records(ds)[0]["swc"][0].tolist() == pytest.approx([0.25, 0.26, 0.28, 0.30])
    told = describe_forcing(ds)["variables"]["npp"]
    assert told["units"] == "g m-2 d-1" and told["mean"] == pytest.approx(2.0)


def test_without_them_the_record_says_so(tmp_path) -> None:
    row = to_records(open_forcing(table(tmp_path, {})))[0][0, 0]
    assert row.npp == row.rhsoil == row.rsoil == row.lai == row.fapar == row.swc == -1.0


def test_leaf_area_goes_before_light_and_light_before_an_index(tmp_path) -> None:
    series = {"ndvi": [0.5] * 4, "fapar": [0.6] * 4, "lai": [2.0] * 4}
    expected = {"lai": (2.0, -1.0), "fapar": (-1.0, 0.6), "ndvi": (-1.0, 0.452)}
    for name in ("lai", "fapar", "ndvi"):
        row = to_records(open_forcing(table(tmp_path, series)))[0][0, 0]
        assert (row.lai, row.fapar) == pytest.approx(expected[name])
        del series[name]


def test_gaps_between_passes_are_bridged_and_named(tmp_path) -> None:
    ds = open_forcing(table(tmp_path, {"ndvi": [0.2, "", "", 0.5]}))
    np.testing.assert_allclose(ds.ndvi.values[0], [0.2, 0.3, 0.4, 0.5])
    assert "ndvi: 2 of 4 steps from straight lines" in ds.attrs["repairs"]


@pytest.mark.parametrize(
    ("extra", "left_out"),
    [
        ({"npp": [1, 1, 1, 1]}, "npp: left out .*no units"),
        ({"npp_gC_m2_d": [1, "", 1, 1]}, "npp: left out .*missing"),
        ({"npp_gC_m2_d": [1, -2, 1, 1]}, "npp: left out .*outside"),
        ({"rsoil_gC_m2_d": [1, 90, 1, 1]}, "rSoil: left out .*outside"),
        ({"ndvi": [0.5, 5000, 0.5, 0.5]}, "ndvi: left out .*outside"),
        ({"lai": ["", "", "", ""]}, "lai: left out .*missing"),
        ({"swc_m3_m3": [0.2, 25, 0.2, 0.2]}, "swc: left out .*outside"),
        ({"swc": [25, 25, 25, 25]}, "swc: left out .*no units"),
    ],
)
def test_what_is_unusable_is_left_out_and_named(tmp_path, extra, left_out) -> None:
    ds = open_forcing(table(tmp_path, extra))
    assert not {"npp", "rSoil", "ndvi", "lai", "swc"} & set(ds.data_vars)
    assert re.search(left_out, ds.attrs["repairs"]), ds.attrs["repairs"]


def test_a_dull_day_is_no_production(tmp_path) -> None:
    """Process models give days on which plants lose up to a gram; the note says how many became 0."""
    ds = open_forcing(table(tmp_path, {"npp_gC_m2_d": [2, -0.4, 2, 2]}))
    assert float(ds.npp.min()) == 0.0 and "npp: 1 values" in ds.attrs["repairs"]


def test_a_series_that_was_told_is_not_left_out(tmp_path) -> None:
    path = table(tmp_path, {"production": [1, "", 1, 1]})
    with pytest.raises(InputError, match="npp.*missing"):
        open_forcing(path, columns={"npp": "production"}, units={"npp": "g m-2 d-1"})


def _series(ds: xr.Dataset, name: str, value: float, units: str) -> xr.Dataset:
    values = np.full((1, ds.sizes["time"]), value)
    return ds.assign({name: (("location", "time"), values, {"units": units})})


def test_netcdf_files_bring_them(tmp_path) -> None:
    """Written as CMIP files and read back; CMIP's own `rh` is known by its standard name."""
    ds = synthetic_forcing("stationary", 2001, 2001)
    for name, value in (("npp", 2e-8), ("rhSoil", 1e-8), ("lai", 3.0)):
        ds = _series(ds, name, value, CANONICAL[name])
    write_cmip(ds, tmp_path)
    (found,) = tmp_path.glob("rhSoil_*.nc")
    with xr.open_dataset(found) as opened:
        opened.load().rename(rhSoil="rh").to_netcdf(tmp_path / "rh.nc")
    found.unlink()
    back = open_cmip(tmp_path / "*.nc")
    assert float(back.npp[0, 0]) == pytest.approx(2e-8, rel=1e-6) and float(back.lai[0, 0]) == 3.0
    assert float(back.rhSoil[0, 0]) == pytest.approx(1e-8, rel=1e-6)
    assert "rhSoil taken from 'rh'" in back.attrs["repairs"]


@pytest.mark.parametrize(
    ("name", "value"), [("npp", -1e-6), ("rSoil", np.nan), ("lai", 40.0), ("fapar", -0.1)]
)
def test_unphysical_values_are_named(name, value) -> None:
    ds = _series(synthetic_forcing("stationary", 2001, 2001), name, value, CANONICAL[name])
    with pytest.raises(InputError, match=f"forcing, {name}, location point"):
        to_records(ds)
