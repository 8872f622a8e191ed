"""The public speciation: arrays, tables, units in headers, files, flags, clear errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from karstsim.chemistry.api import speciate, speciate_csv
from karstsim.chemistry.api.columns import normalise, parse_header
from karstsim.core import jit
from karstsim.core.errors import InputError

pytestmark = pytest.mark.nojit


def test_scalars_give_a_scalar_dataset() -> None:
    out = speciate(temperature=15, ca=1.9, alkalinity=3.8, ph=7.4)
    assert out.ph.item() == 7.4 and out.ph.shape == ()
    assert out.flag.item() == ""
    assert out.ph.attrs["long_name"] == "pH" and out.dic.attrs["units"] == "mol m-3"
    assert out.dic.item() == pytest.approx(4.15, abs=0.02)
    for name, variable in out.items():
        assert "long_name" in variable.attrs, name
        assert "_in_sea_water" not in str(variable.attrs)


def test_arrays_are_broadcast() -> None:
    out = speciate(temperature=[5, 15, 25], ca=2.0, alkalinity=4.0, pco2=1e-2)
    assert out.ph.dims == ("row",) and out.ph.shape == (3,)
    assert (np.diff(out.si_calcite) > 0).all()
    single = speciate(temperature=15, ca=2.0, alkalinity=4.0, pco2=1e-2)
    assert out.ph[1].item() == single.ph.item()


def test_labelled_inputs_keep_their_labels() -> None:
    pressure = xr.DataArray([1e-3, 1e-2], dims="pressure", coords={"pressure": [1e-3, 1e-2]})
    warmth = xr.DataArray([5.0, 10.0, 15.0], dims="time", coords={"time": pd.date_range("2020", periods=3)})
    out = speciate(temperature=warmth, ca=1.0, alkalinity=2.0, pco2=pressure)
    assert dict(out.sizes) == {"time": 3, "pressure": 2}
    assert "time" in out.coords


def test_a_coordinate_named_as_an_output() -> None:
    """One dimension per input, named after it, as xarray users write grids: given pressures are the waters' own."""
    pressure = xr.DataArray([1e-3, 1e-2], dims="pco2", coords={"pco2": [1e-3, 1e-2]})
    acidity = xr.DataArray([7.0, 8.0], dims="dic", coords={"dic": [7.0, 8.0]})
    out = speciate(temperature=15, ca=1.0, alkalinity=2.0, pco2=pressure)
    assert out.ca.dims == ("pco2_given",) or out.ca.dims == ("pco2",)
    np.testing.assert_allclose(out.pco2, [1e-3, 1e-2])
    out = speciate(temperature=15, ca=1.0, alkalinity=2.0, ph=acidity)
    assert out.dic.dims == ("dic_given",) and out.dic.values[0] > 2.0


def test_totals_are_passed_on() -> None:
    out = speciate(temperature=15, ca=2.0, cl=0.3, alkalinity=4.0, pco2=1e-2)
    assert (out.temperature, out.ca, out.cl, out.no3) == (15.0, 2.0, 0.3, 0.0)
    assert out.ca.attrs == {"units": "mol m-3", "long_name": "total ca"}


def test_table_and_units_in_headers() -> None:
    base = speciate(temperature=15, ca=2.0, mg=0.5, so4=0.3, alkalinity=4.4, pco2=1e-2)
    table = pd.DataFrame(
        {
            "id": ["a"],
            "Temperature (°C)": [15.0],
            "Ca (mg/L)": [2.0 * 40.078],
            "mg_meq_l": [1.0],
            "so4_mmol_kgw": [0.3],
            "alkalinity_mg_caco3_l": [4.4 / 2 * 100.087],
            "log10_pco2_atm": [-2.0],
        }
    )
    out = speciate(table)
    for name in ("ph", "si_calcite", "si_dolomite", "dic"):
        assert out[name].values[0] == pytest.approx(base[name].item(), rel=1e-9)
    again = speciate(xr.Dataset.from_dataframe(table.drop(columns="id").rename_axis("sample")))
    assert again.ph.dims == ("sample",)
    assert again.ph.values[0] == pytest.approx(base.ph.item(), rel=1e-12, abs=0.0)


@pytest.mark.parametrize(
    ("header", "name", "value", "canonical"),
    [
        ("temperature_k", "temperature", 288.15, 15.0),
        ("no3_mg_n_l", "no3", 14.007, 1.0),
        ("NO3- [mg/L]", "no3", 62.004, 1.0),
        ("Ca2+ (mg/l)", "ca", 40.078, 1.0),
        ("HCO3_alkalinity_meq_l".replace("HCO3_", ""), "alkalinity", 3.0, 3.0),
        ("alkalinity_mg_l_as_caco3", "alkalinity", 100.087, 2.0),
        ("alkalinity_mg_hco3_l", "alkalinity", 61.017, 1.0),
        ("dic_mg_c_l", "dic", 12.011, 1.0),
        ("pco2_uatm", "pco2", 400.0, 4e-4),
        ("pco2_ppm", "pco2", 400.0, 4e-4),
        ("log10_pco2", "pco2", -2.0, 1e-2),
        ("so4_umol_l", "so4", 500.0, 0.5),
        ("pH", "ph", 7.5, 7.5),
        ("Alk_meq/L", "alkalinity", 2.0, 2.0),
    ],
)
def test_headers(header: str, name: str, value: float, canonical: float) -> None:
    column = parse_header(header)
    assert column is not None and column.name == name
    assert column.convert(np.array([value]))[0] == pytest.approx(canonical)


@pytest.mark.parametrize("header", ["id", "label", "site name", "date", "depth_m", "sr_mg_l", "notes"])
def test_foreign_headers_pass(header: str) -> None:
    assert parse_header(header) is None


@pytest.mark.parametrize(
    "header",
    ["ca_mg_ton", "alkalinity_mg_l", "hco3", "potasium_mg_l", "temperture", "xx_mmol_l", "ca_percent"],
)
def test_doubtful_headers_are_refused(header: str) -> None:
    with pytest.raises(InputError) as error:
        parse_header(header)
    assert "mend" in str(error.value)


def test_normalise() -> None:
    assert normalise(" Ca (mg/L) ") == "ca_mg_l"
    assert normalise("pCO2 [µatm]") == "pco2_uatm"


def test_charge_balance() -> None:
    given = speciate(temperature=10, ca=2.0, na=0.1, cl=0.1, alkalinity=4.0, pco2=1e-2)
    out = speciate(temperature=10, ca=2.0, na=0.1, cl=0.1, pco2=1e-2, charge_balance=True)
    assert out.ph.item() == given.ph.item()
    assert out.charge_imbalance.item() == pytest.approx(0.0, abs=1e-12)
    off = speciate(temperature=10, ca=2.0, alkalinity=3.9, pco2=1e-2)
    assert off.charge_imbalance.item() == pytest.approx(0.1)


@pytest.mark.parametrize(
    "arguments",
    [
        {"ca": 1.0, "alkalinity": 2.0, "ph": 7.0},
        {"temperature": 10, "alkalinity": 2.0},
        {"temperature": 10, "ca": 1.0},
        {"temperature": 10, "alkalinity": 2.0, "ph": 7.0, "charge_balance": True},
        {"temperature": 10, "charge_balance": True},
        {"temperature": "warm", "alkalinity": 2.0, "ph": 7.0},
        {"temperature": 10, "alkalinity": 2.0, "ph": 7.0, "constants": "mine"},
    ],
)
def test_incomplete_input_is_named(arguments: dict) -> None:
    with pytest.raises(InputError):
        speciate(**arguments)


def test_bad_rows_are_flagged_and_the_rest_is_done() -> None:
    table = pd.DataFrame(
        {
            "temperature": [10, np.nan, 10, 10, 60, 10, 10, -40, 10],
            "ca": [1.0, 1.0, -1.0, 1.0, 1.0, 1.0, 400.0, 1.0, np.inf],
            "cl": [0, 0, 0, 0, 0, 0, 800.0, 0, 0],
            "alkalinity": [2.0, 2.0, 2.0, np.nan, 2.0, -1.0, 2.0, 2.0, 2.0],
            "ph": [8.0, 8.0, 8.0, 8.0, 8.0, 8.0, 7.0, 8.0, 8.0],
        }
    )
    out = speciate(table)
    flags = out.flag.values.tolist()
    assert flags[0] == ""
    assert "missing value in temperature" in flags[1]
    assert "negative concentration: ca" in flags[2]
    assert "missing value in alkalinity" in flags[3]
    assert "extrapolated" in flags[4]
    assert "no solution" in flags[5]
    assert "ionic strength" in flags[6]
    assert "temperature outside" in flags[7]
    assert "missing value in ca" in flags[8]
    solved = [True, False, False, False, True, False, True, False, False]
    assert np.isfinite(out.si_calcite.values).tolist() == solved
    assert np.isfinite(out.pco2.values).tolist() == solved


def test_absent_ions_have_no_index() -> None:
    out = speciate(temperature=10, ca=1.0, alkalinity=2.0, ph=8.0)
    assert np.isnan(out.si_dolomite) and np.isnan(out.si_gypsum) and np.isfinite(out.si_calcite)


def test_rows_choose_their_pair() -> None:
    out = speciate(
        {
            "temperature": [10, 10],
            "ca": [1, 1],
            "alkalinity": [2, 2],
            "ph": [8, np.nan],
            "pco2": [np.nan, 1e-3],
        }
    )
    assert out.flag.values.tolist() == ["", ""]
    assert out.pco2.values[1] == pytest.approx(1e-3)


def test_both_databases_answer() -> None:
    a = speciate(temperature=10, ca=2.0, alkalinity=4.0, pco2=1e-2)
    b = speciate(temperature=10, ca=2.0, alkalinity=4.0, pco2=1e-2, constants="phreeqc386")
    assert a.m_cahco3.item() > 3.0 * b.m_cahco3.item()
    assert b.attrs["constants"] == "phreeqc386"


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(("separator", "encoding"), [(",", "utf-8"), (";", "utf-8-sig")])
def test_csv(tmp_path: Path, separator: str, encoding: str) -> None:
    rows = [["id", "temperature_c", "ca_mg_l", "alkalinity_meq_l", "pH"], ["A 1", "10", "80", "4", "7.5"]]
    rows.append(["B", "11", "", "4", "7.5"])
    text = "\r\n".join(separator.join(r) for r in rows) + "\r\n\r\n"
    out = tmp_path / "out.csv"
    frame = speciate_csv(write(tmp_path / "in.csv", text, encoding), out)
    assert frame["id"].tolist() == ["A 1", "B"]
    assert frame["flag"].tolist() == ["", "ca missing"]
    assert frame["ca_mg_l"].tolist()[0] == 80.0
    assert np.isfinite(frame["si_calcite"][0]) and np.isnan(frame["si_calcite"][1])
    assert pd.read_csv(out).shape == frame.shape


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "no rows"),
        ("temperature,ca,alkalinity,ph\n", "no rows"),
        ("temperature,ca,ca_mg_l,alkalinity,ph\n10,1,80,2,8\n", "both give ca"),
        ("temperature,ca,ca,alkalinity,ph\n10,1,40,2,8\n", "both give ca"),
        ("ca,alkalinity,ph\n1,2,8\n", "temperature"),
        ("temperature,hco3,ph\n10,1,8\n", "hco3 without a unit"),
        ("id,name\n1,2\n", "no header"),
        ("temperature,alkalinity\n10,2\n", "two of"),
    ],
)
def test_bad_csv_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(InputError, match=named):
        speciate_csv(write(tmp_path / "in.csv", text))


def test_unreadable_csv_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        speciate_csv(tmp_path / "nothing.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError):
        speciate_csv(tmp_path / "binary.csv")


AT_ONCE = """
import threading, time
from concurrent.futures import ThreadPoolExecutor
from numba.core.types import abstract
import karstsim as ks

numbered = abstract._autoincr

def slowly():
    time.sleep(0.01)
    return numbered()

abstract._autoincr = slowly
barrier = threading.Barrier(3)
calls = (
    lambda: ks.speciate(temperature=10, ca=1.0, alkalinity=2.0, pco2=1e-2).ph,
    lambda: ks.equilibrate(temperature=10, pco2=1e-2, minerals=["calcite"]).ph,
    lambda: ks.dissolve(temperature=10, pco2=1e-2, area_to_volume=1.0, times=[1.0]).ph,
)

def work(call):
    barrier.wait()
    return float(call().values.item())

with ThreadPoolExecutor(3) as pool:
    print(*pool.map(work, calls))
print(*(float(call().values.item()) for call in calls))
"""


@pytest.mark.skipif(jit.disabled(), reason="types matter to compiled code only")
def test_threads_may_call_the_api_first_at_once() -> None:
    """Each function makes numba types at its first call; in a process of its own, where none has been made."""
    ran = subprocess.run(
        [sys.executable, "-c", AT_ONCE], capture_output=True, text=True, timeout=600, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    at_once, one_by_one = ran.stdout.splitlines()
    assert at_once == one_by_one
