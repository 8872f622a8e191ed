"""Units that stand in attributes, axes that must stay apart, and headers of other languages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from karstsim.chemistry.api import dissolve, equilibrate, mix, speciate, speciate_csv
from karstsim.core.errors import InputError

pytestmark = pytest.mark.nojit

PLAIN = {"temperature": 15.0, "ca": 1.9, "alkalinity": 3.8, "ph": 7.4}


def labelled(value: float, units: str) -> xr.DataArray:
    return xr.DataArray([value], dims="row", attrs={"units": units})


@pytest.mark.parametrize(
    ("name", "value", "units"),
    [
        ("ca", 1.9 * 40.078, "mg L-1"),
        ("ca", 1.9, "mol m-3"),
        ("ca", 3.8, "meq/L"),
        ("temperature", 288.15, "K"),
        ("temperature", 15.0, "degrees_Celsius"),
        ("alkalinity", 3.8 * 50.0435, "mg CaCO3/L"),
        ("ph", 7.4, "1"),
    ],
)
def test_the_units_of_a_dataarray_count(name: str, value: float, units: str) -> None:
    """A value in mg/L or K is converted, as a keyword and in a Dataset; it was taken for mol m-3 and degC before."""
    expected = speciate(**PLAIN).si_calcite.item()
    given = PLAIN | {name: labelled(value, units)}
    assert speciate(**given).si_calcite.item() == pytest.approx(expected, abs=1e-5)
    table = xr.Dataset({n: v if n == name else labelled(v, "") for n, v in given.items()})
    assert speciate(table).si_calcite.item() == pytest.approx(expected, abs=1e-5)


def test_units_that_are_unknown_or_contradict_are_refused() -> None:
    with pytest.raises(InputError, match="furlong"):
        speciate(**PLAIN | {"ca": labelled(1.9, "furlong")})
    table = xr.Dataset({n: labelled(v, "") for n, v in PLAIN.items() if n != "ca"})
    table["ca_mg_l"] = labelled(1.9, "mmol/L")
    with pytest.raises(InputError, match="attribute units says 'mmol/L'"):
        speciate(table)
    table["ca_mg_l"].attrs["units"] = "mg/L"
    assert speciate(table).ca.item() == pytest.approx(1.9 / 40.078)


def test_results_are_inputs_again() -> None:
    first = speciate(**PLAIN)
    again = speciate(first[["temperature", "ca", "alkalinity", "ph"]])
    assert again.si_calcite.item() == first.si_calcite.item()


def test_rows_and_times_of_one_number_stay_apart() -> None:
    """Three waters at three times are nine results."""
    out = dissolve(temperature=[5.0, 10.0, 15.0], pco2=1e-2, area_to_volume=10.0, times=[0.0, 1e4, 1e5])
    alone = dissolve(temperature=10.0, pco2=1e-2, area_to_volume=10.0, times=[0.0, 1e4, 1e5])
    assert dict(out.sizes) == {"row": 3, "time": 3}
    np.testing.assert_allclose(out.ca[1], alone.ca, rtol=1e-9)


def test_times_are_seconds() -> None:
    """Hours of a timedelta were taken for seconds."""
    hours = np.array([0, 1], "m8[h]")
    for times in (hours, xr.DataArray([0.0, 1.0], dims="time", attrs={"units": "h"})):
        with pytest.raises(InputError, match="times"):
            dissolve(temperature=10.0, pco2=1e-2, area_to_volume=10.0, times=times)


def test_a_mixture_of_like_waters_is_that_water() -> None:
    """0.2 x 50 + 0.8 x 50 is 50: at the end of the range nothing is extrapolated."""
    water = equilibrate(temperature=50.0, pco2=1e-2, minerals="calcite")
    mixture = mix(water, water, fraction=0.2)
    assert mixture.temperature.item() == 50.0 and mixture.flag.item() == ""
    assert "fraction" in mix(water, water, fraction=np.nan).flag.item()


def test_no_rows_meet_one_row() -> None:
    out = speciate(temperature=np.zeros(0), ca=np.ones(1), alkalinity=2.0, ph=7.0)
    assert out.ph.size == 0


def test_unknown_lengths_of_dask_are_named() -> None:
    import dask.array as da

    warm = da.full(4, 10.0, chunks=2)
    with pytest.raises(InputError, match="compute_chunk_sizes"):
        speciate(temperature=warm[warm > 5.0], ca=1.0, alkalinity=2.0, ph=7.0)


@pytest.mark.parametrize(
    "header",
    [
        "Temperature,Calcium (mg/L),Alkalinity as CaCO3,pH",
        "Temperatura (°C),Calcio (mg/L),Alcalinidad (mg/L CaCO3),pH",
        "Temp (°C),Ca (mg/l),Alkalinität (mg/l CaCO3),pH-Wert",
    ],
)
def test_headers_of_laboratories(tmp_path: Path, header: str) -> None:
    path = tmp_path / "waters.csv"
    path.write_text(f"{header}\n12,80,200,7.1\n", encoding="utf-8")
    frame = speciate_csv(path)
    assert frame.alkalinity[0] == pytest.approx(200.0 / 50.0435)
    supposed = [
        c["assumption"] for c in frame.attrs["understood"]["columns"] if c["quantity"] == "alkalinity"
    ]
    assert ("no amount" in supposed[0]) == header.endswith("as CaCO3,pH")


def test_carbon_dioxide_in_per_cent() -> None:
    frame = pd.DataFrame({"temp_c": [12.0], "ca_mmol_l": 2.0, "alk_meq_l": 4.0, "pCO2 (%)": 1.0})
    assert speciate(frame).log10_fco2.item() == pytest.approx(-2.0, abs=1e-3)
