"""d13C of DIC beside waters: numbers, arrays, pandas, xarray, under the headers that laboratories write."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import karstsim as ks
from karstsim.analysis.spring_columns import parse_header
from karstsim.chemistry.api import speciate_csv
from karstsim.chemistry.api.columns import is_d13c
from karstsim.core.errors import InputError

WATER = {"temperature": 15.0, "alkalinity": 4.0, "ph": 7.3, "ca": 2.0}
MIXING = [11.0 / 24.0, 13.0 / 24.0]  # of -12 and -10 between -23 and +1
SPREAD = 0.0497  # of the first: sqrt(0.2^2 + (1 - f)^2 2^2 + f^2 1^2)/24


def _table() -> pd.DataFrame:
    index = pd.Index(["upper", "lower"], name="spring")
    return pd.DataFrame({**{n: [v, v] for n, v in WATER.items()}, "d13c": [-12.0, -10.0]}, index=index)


def _is_right(found: xr.Dataset, dim: str) -> None:
    assert dict(found.sizes) == {dim: 2}
    np.testing.assert_allclose(found["rock_share_mixing"], MIXING, rtol=1e-12)
    assert float(found["rock_share_mixing_sd"][0]) == pytest.approx(SPREAD, abs=1e-4)
    assert set(found["flag"].values) == {""}


@pytest.mark.parametrize("deltas", [[-12.0, -10.0], np.array([-12.0, -10.0]), pd.Series([-12.0, -10.0])])
def test_one_water_with_many_deltas(deltas: object) -> None:
    _is_right(ks.speciate(**WATER, d13c=deltas), "row")
    _is_right(ks.carbon_sources(ks.speciate(**WATER), deltas), "row")
    _is_right(ks.speciate(**{**WATER, "ca": [2.0]}, d13c=deltas), "row")


@pytest.mark.parametrize("header", ["d13c", "d13C-DIC (permil)", "δ¹³C (‰ VPDB)", "delta 13C_DIC"])
def test_a_column_of_a_table(header: str) -> None:
    """DataFrame and Dataset, at once and in blocks, keep the names of the springs."""
    table = _table().rename(columns={"d13c": header})
    for given in (table, table.to_xarray(), table.to_xarray().chunk(1)):
        found = ks.speciate(given)
        _is_right(found.compute(), "spring")
        assert list(found["spring"].values) == ["upper", "lower"]
    _is_right(ks.speciate({**WATER, header: [-12.0, -10.0]}), "row")


def test_deltas_beside_a_table() -> None:
    table = _table()
    _is_right(ks.speciate(table.drop(columns="d13c"), d13c=table["d13c"]), "spring")
    _is_right(ks.speciate(table.drop(columns="d13c"), d13c=table["d13c"].to_numpy()), "spring")
    assert "rock_share_mixing" not in ks.speciate(table.drop(columns="d13c"))


def test_what_is_refused() -> None:
    table = _table()
    with pytest.raises(InputError, match="both in the table and as a keyword"):
        ks.speciate(table, d13c=-12.0)
    with pytest.raises(InputError, match="both give d13C"):
        ks.speciate(table.assign(delta13C=0.0))
    with pytest.raises(InputError, match="d13c.*do not fit"):
        ks.speciate(**{**WATER, "ca": [2.0, 2.0]}, d13c=[-12.0, -10.0, -8.0])
    for text in ("-12 permil", ["-12", "n.d."]):
        with pytest.raises(InputError, match="not numeric"):
            ks.speciate(**WATER, d13c=text)


@pytest.mark.parametrize(
    "header",
    ["d13C", "δ13C-DIC (‰)", "δ13C_{DIC}", "DIC_d13C", "d13C vs VPDB", "d13CDIC (per mil)", "∂13C-HCO3"],
)
def test_headers_of_d13c_of_dic(header: str, tmp_path) -> None:
    """One meaning in tables of samples and of springs."""
    assert is_d13c(header) and parse_header(header).name == "d13c_dic"
    path = tmp_path / "samples.csv"
    path.write_text(f"temperature,ca,alkalinity,ph,{header}\n15,2,4,7.3,-12\n", encoding="utf-8")
    assert speciate_csv(path)["rock_share_mixing"][0] == pytest.approx(MIXING[0])


@pytest.mark.parametrize(
    "header", ["d13C_POC", "δ13C-CO2", "d13C_DIC_sd", "d13C calcite", "d13C_DOC", "d18O"]
)
def test_headers_of_another_carbon(header: str) -> None:
    assert not is_d13c(header) and parse_header(header) is None
