"""Labels through the speciation: pandas indexes and dtypes, and dask-backed arrays computed block by block."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from karstsim.chemistry.api import dissolve, equilibrate, speciate
from karstsim.core.errors import InputError

pytestmark = pytest.mark.nojit


def table(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {"temperature": [10, 11], "ca": [1.0, 1.5], "alkalinity": [2, 3], "ph": [8.0, 7.5]} | columns
    )


def test_a_named_index_becomes_the_dimension() -> None:
    stamps = pd.DatetimeIndex(["2020-01-01", "2020-02-01"], name="time")
    out = speciate(table().set_index(stamps))
    assert out.ph.dims == ("time",) and (out.time.values == stamps.to_numpy()).all()


@pytest.mark.parametrize("labels", [["a", "b"], ["a", "a"]])
def test_a_plain_index_is_kept(labels: list[str]) -> None:
    out = speciate(table().set_index(pd.Index(labels)))
    assert out.ph.dims == ("row",) and out["row"].values.tolist() == labels


def test_a_multiindex_is_kept() -> None:
    index = pd.MultiIndex.from_tuples([("A", 1), ("B", 2)], names=["site", None])
    out = speciate(table().set_index(index))
    assert out["site"].values.tolist() == ["A", "B"] and out["level_1"].values.tolist() == [1, 2]
    assert out.ph.sel(site="B").item() == 7.5


def test_series_meet_by_their_index() -> None:
    left = pd.Series([10.0, 11.0], index=pd.Index(["a", "b"], name="site"), name="T")
    out = speciate(
        temperature=left,
        ca=1.0,
        alkalinity=2.0,
        ph=pd.Series([7.0, 8.0], index=["b", "a"]).rename_axis("site"),
    )
    assert out.ph.sel(site=["a", "b"]).values.tolist() == [8.0, 7.0]


def test_an_index_named_like_a_result_is_renamed() -> None:
    """Water labelled by the pH of a field meter, solved from other variables: both numbers are kept apart."""
    frame = pd.DataFrame(
        {"temperature": [10.0, 12.0], "ca": [1.0, 2.0], "alkalinity": [2.0, 4.0], "pco2": 1e-2}
    )
    frame.index = pd.Index([7.5, 7.6], name="ph")
    out = speciate(frame)
    assert out.ph_given.values.tolist() == [7.5, 7.6] and out.ph.dims == ("ph_given",)
    assert (out.ph < 7.4).all()


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(InputError, match="do not fit"):
        speciate(temperature=[1, 2, 3], ca=1, alkalinity=2, ph=[7, 8])


@pytest.mark.parametrize("dtype", ["int64", "Int64", "float32", "Float64", "object"])
def test_numeric_types(dtype: str) -> None:
    base = speciate(table())
    out = speciate(table(alkalinity=pd.array([2, 3], dtype=dtype)))
    assert out.pco2.values.tolist() == base.pco2.values.tolist()


def test_missing_values_of_nullable_types_are_missing() -> None:
    out = speciate(table(alkalinity=pd.array([2, None], dtype="Int64")))
    assert out.flag.values[0] == "" and "missing value" in out.flag.values[1]


@pytest.mark.parametrize(
    "values", [[True, False], ["a", "b"], pd.to_datetime(["2020-01-01", "2020-01-02"]), np.array([1j, 2j])]
)
def test_what_is_no_number_is_refused(values: Any) -> None:
    with pytest.raises(InputError, match="not numeric"):
        speciate(table(ca=values))
    with pytest.raises(InputError, match="not numeric"):
        speciate(temperature=10, alkalinity=2, ph=8, ca=values)


def test_bicarbonate_of_a_frame_gives_the_alkalinity_and_says_so() -> None:
    frame = table().rename(columns={"alkalinity": "HCO3 (mmol/L)"})
    out = speciate(frame)
    assert out.alkalinity.values.tolist() == [2.0, 3.0]
    assert "carbonate alkalinity" in out.attrs["supposed"]
    assert "supposed" not in speciate(table()).attrs


def test_dask_backed_inputs_stay_lazy_and_give_the_same() -> None:
    pytest.importorskip("dask", reason="dask is not installed (extra: cluster)")
    warmth = xr.DataArray(np.linspace(0.0, 30.0, 12).reshape(3, 4), dims=("y", "x"), coords={"x": range(4)})
    acid = xr.DataArray([7.0, 7.5, np.nan], dims="time", coords={"time": pd.date_range("2020", periods=3)})
    eager = speciate(temperature=warmth, ca=1.0, alkalinity=2.0, ph=acid)
    lazy = speciate(temperature=warmth.chunk(x=2), ca=1.0, alkalinity=2.0, ph=acid)
    assert lazy.pco2.chunks == ((3,), (2, 2), (3,))
    assert all(variable.chunks is not None for variable in lazy.data_vars.values())
    xr.testing.assert_identical(lazy.compute(), eager)


def test_a_dask_backed_dataset_with_units_in_its_names() -> None:
    pytest.importorskip("dask", reason="dask is not installed (extra: cluster)")
    values = xr.DataArray(np.linspace(5.0, 20.0, 6), dims="time")
    dataset = xr.Dataset({"Temp (°C)": values, "HCO3 (mg/L)": 10.0 * values, "log pCO2": values * 0.0 - 2.0})
    lazy = speciate(dataset.chunk(time=4))
    assert lazy.ph.chunks == ((4, 2),)
    xr.testing.assert_identical(lazy.compute(), speciate(dataset))


def test_plain_arrays_meet_as_numpy_lets_them() -> None:
    """(3, 1) with (1, 4), (2, 3, 4) with (3, 4), (3, 3) with (3,): the shapes of numpy, and the right partners."""
    warm, acid = np.array([[5.0], [15.0], [25.0]]), np.array([[7.0, 7.5, 8.0, 8.5]])
    out = speciate(temperature=warm, ca=1.0, alkalinity=2.0, ph=acid)
    assert out.ph.shape == (3, 4) and (out.ph.values == np.broadcast_to(acid, (3, 4))).all()
    deep = speciate(
        temperature=np.full((2, 3, 4), 10.0), ca=np.arange(1.0, 13.0).reshape(3, 4), alkalinity=2.0, ph=8.0
    )
    assert deep.ca.shape == (2, 3, 4) and deep.ca[1, 2, 3] == 12.0
    square = speciate(temperature=np.full((3, 3), 10.0), ca=1.0, alkalinity=[1.0, 2.0, 3.0], ph=8.0)
    assert square.alkalinity.shape == (3, 3) and (square.alkalinity.values[1] == [1.0, 2.0, 3.0]).all()


def test_a_plain_list_goes_along_a_labelled_one() -> None:
    sites = pd.Series([10.0, 20.0], index=pd.Index(["a", "b"], name="site"))
    out = speciate(temperature=sites, ca=[1.0, 2.0], alkalinity=2.0, ph=8.0)
    assert dict(out.sizes) == {"site": 2} and out.ca.values.tolist() == [1.0, 2.0]


def test_masked_values_are_missing() -> None:
    out = speciate(temperature=10, ca=np.ma.array([1.0, 2.0], mask=[False, True]), alkalinity=2, ph=7.5)
    assert out.flag.values.tolist() == ["", "missing value in ca"]


def test_settings_of_dissolve_meet_by_their_index() -> None:
    """Rate constants double the area: the row labelled 1 has the small area, wherever it stands."""
    out = dissolve(
        temperature=pd.Series([10.0, 20.0], index=[0, 1]), pco2=1e-2, minerals="calcite", system="closed",
        area_to_volume=pd.Series([1.0, 100.0], index=[1, 0]), times=[1e3],
    )  # fmt: skip
    amount = out.calcite_dissolved.isel(time=0)
    assert amount.sel(row=0) > 10.0 * amount.sel(row=1)


@pytest.mark.filterwarnings("error::FutureWarning")
def test_a_multiindex_goes_through_dissolve_and_carbon_sources() -> None:
    index = pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["site", "number"])
    out = dissolve(pd.Series([10.0, 12.0], index=index), 0.01, ["calcite"], 100.0, times=[10.0])
    assert out.ca.sel(site="b", number=2).size == 1
    assert list(out.indexes["row"]) == list(index)
    delta = pd.Series([-12.0, np.nan], index=index)
    split = speciate(temperature=10.0, ph=7.3, alkalinity=4.0, ca=2.0, d13c=delta)
    assert list(split.rock_share_stoichiometric.indexes["row"]) == list(index)


def test_labels_beside_the_axes_stay() -> None:
    """``lon`` along ``x`` comes with the calcium, whichever input leads and whether dask holds it or not."""
    ca = xr.DataArray(
        np.full((2, 3), 2.0), dims=("y", "x"), coords={"y": [1, 0], "lon": ("x", [7.0, 8.0, 9.0])}
    )
    for given in (ca, ca.chunk(x=2)):
        found = speciate(temperature=10.0, ca=given, alkalinity=4.0, pco2=0.01)
        assert found.ph.sizes == {"y": 2, "x": 3}
        assert found.lon.dims == ("x",) and found.lon.values.tolist() == [7.0, 8.0, 9.0]
    warm = xr.DataArray([10.0, 11.0, 12.0], dims="x", coords={"lon": ("x", [1.0, 2.0, 3.0])})
    found = equilibrate(warm, ca * 0.005, "calcite")
    assert found.lon.values.tolist() == [1.0, 2.0, 3.0]  # of two, that of the input which leads


def test_a_plain_array_of_the_labelled_shape_takes_its_axes() -> None:
    ca = xr.DataArray(np.full((2, 3), 2.0), dims=("y", "x"), coords={"y": [1, 0]})
    warm = np.arange(6.0).reshape(2, 3) + 5.0
    found = speciate(
        temperature=warm, ca=ca, alkalinity=4.0, pco2=np.full(3, 0.01)[None, :] * np.ones((2, 1))
    )
    assert found.ph.sizes == {"y": 2, "x": 3}
    assert found.temperature.sel(y=0).values.tolist() == [8.0, 9.0, 10.0]
    flat = speciate(temperature=warm, ca=2.0, alkalinity=4.0, pco2=0.01)
    np.testing.assert_array_equal(found.ph.values, flat.ph.values)
