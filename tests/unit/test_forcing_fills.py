"""Missing values of plain fields are marked where the field is read, and as xarray would mark them."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing import netcdf, open_cmip


def _file(path: Path, marks: dict[str, object], values: np.ndarray, kind: str = "f4") -> Path:
    with netCDF4.Dataset(path, "w") as nc:
        for dim, size in zip(("time", "lat", "lon"), values.shape, strict=True):
            nc.createDimension(dim, size)
        nc.createVariable("time", "f8", ("time",))[:] = np.arange(values.shape[0])
        nc["time"].units = "days since 2001-01-01"
        for name, first in (("lat", 45.0), ("lon", 14.0)):
            axis = nc.createVariable(name, "f8", (name,))
            axis[:] = first + np.arange(nc.dimensions[name].size)
        var = nc.createVariable("tas", kind, ("time", "lat", "lon"), fill_value=marks.pop("_FillValue", None))
        var.set_auto_maskandscale(False)
        var.units = "K"
        for name, mark in marks.items():
            var.setncattr(name, mark)
        var[:] = values
    return path


@pytest.mark.parametrize(
    ("marks", "kind"),
    [
        ({"_FillValue": np.float32(1e20), "missing_value": np.float32(-9e33)}, "f4"),
        ({"missing_value": np.array([1e20, -9e33])}, "f8"),
        ({"_FillValue": np.float32(np.nan)}, "f4"),
        ({}, "f4"),
    ],
)
def test_sea_is_left_out_whatever_marks_it(tmp_path: Path, marks: dict[str, object], kind: str) -> None:
    """Two of twelve cells hold nothing but marks; one value is a mark of the other kind."""
    mark = np.ravel(marks.get("_FillValue", marks.get("missing_value", np.nan)))
    values = np.full((5, 3, 4), 280.0)
    values[:, 0, 0] = mark[0]
    values[:, 2, 3] = mark[-1]
    path = _file(tmp_path / "tas.nc", dict(marks), values, kind)
    ds = open_cmip(path, cells=True, variables=("tas",))
    assert ds.sizes["location"] == 10
    with netcdf.opened(path) as usual:
        assert float(ds.tas.mean()) == float(usual.tas.mean())


def test_a_missing_value_between_others_is_refused_with_its_place(tmp_path: Path) -> None:
    values = np.full((5, 3, 4), 280.0)
    values[3, 1, 2] = 1e20
    path = _file(tmp_path / "tas.nc", {"_FillValue": np.float32(1e20)}, values)
    with pytest.raises(InputError, match="2001-01-04"):
        open_cmip(path, cells=True, variables=("tas",))


def test_packed_fields_and_axes_are_left_to_xarray() -> None:
    plain = xr.Variable(("time", "y", "x"), np.zeros((2, 2, 2), "f4"), {"_FillValue": np.float32(1e20)})
    assert netcdf.fills(plain) == [np.float32(1e20)]
    for other in (
        plain.astype("i2"),
        plain.isel(x=0),
        xr.Variable(plain.dims, plain.values, {**plain.attrs, "scale_factor": 0.1}),
        xr.Variable(plain.dims, plain.values, {"_FillValue": "none"}),
    ):
        other.attrs = {**plain.attrs, **other.attrs}
        assert netcdf.fills(other) == []
