"""Files that read without complaint and meant something else: each is refused by name or read as it is meant."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing import open_cmip

DAY = 86400.0
KINDS = {"tas": ("K", 288.15), "pr": ("kg m-2 s-1", 2e-5), "rsds": ("W m-2", 125.0)}


def grid(
    names=tuple(KINDS), n=20, start="2015-01-01", lat=(25.0, 27.0), lon=(104.0, 106.0), freq="D", **attrs
):
    """Constant weather on a small grid of the noleap calendar."""
    time = xr.date_range(start, periods=n, freq=freq, calendar="noleap", use_cftime=True)
    data = {v: (("time", "lat", "lon"), np.full((n, len(lat), len(lon)), KINDS[v][1]), {"units": KINDS[v][0]})
            for v in names}  # fmt: skip
    ds = xr.Dataset(data, coords={"time": time, "lat": list(lat), "lon": list(lon)})
    ds.lat.attrs, ds.lon.attrs = {"units": "degrees_north"}, {"units": "degrees_east"}
    ds.attrs = {"source_id": "M", "experiment_id": "ssp126", "variant_label": "r1i1p1f1", **attrs}
    return ds


def write(folder, ds, name="a.nc"):
    ds.to_netcdf(folder / name)
    return folder / name


HERE = {"lon": 105.7, "lat": 26.6}


def test_consecutive_files_of_different_places_are_no_series(tmp_path):
    files = [
        write(tmp_path, grid(lat=(45.0,), lon=(10.0,)).isel(lat=0, lon=0)),
        write(tmp_path, grid(start="2015-01-21", lat=(-30.0,), lon=(100.0,)).isel(lat=0, lon=0), "b.nc"),
    ]
    with pytest.raises(InputError, match=r"tas of a\.nc and of b\.nc: lie .* degrees apart"):
        open_cmip(files)


def test_scenarios_are_not_mixed_but_continue_their_historical(tmp_path):
    tas = write(tmp_path, grid(("tas",)), "tas.nc")
    rest = write(tmp_path, grid(("pr", "rsds"), experiment_id="ssp585"), "rest.nc")
    with pytest.raises(InputError, match="experiment_id ssp126.*ssp585"):
        open_cmip([tas, rest], **HERE)
    past = write(tmp_path, grid(start="2014-12-22", n=10, experiment_id="historical"), "past.nc")
    ds = open_cmip([past, write(tmp_path, grid(), "all.nc")], **HERE)
    assert ds.attrs["experiment_id"] == "historical, ssp126" and ds.sizes["time"] == 30


def test_starts_of_a_hindcast_are_not_mixed(tmp_path):
    one = write(tmp_path, grid(("tas",), sub_experiment_id="s1960"), "one.nc")
    two = write(tmp_path, grid(("pr", "rsds"), sub_experiment_id="s1961"), "two.nc")
    with pytest.raises(InputError, match="sub_experiment_id s1960"):
        open_cmip([one, two], **HERE)


@pytest.mark.parametrize(
    ("units", "methods"), [("mm", "time: sum"), ("mm/month", ""), ("mm month-1", "time: mean")]
)
def test_amounts_of_months_by_the_length_of_each(tmp_path, units, methods):
    """62 mm in January are 2 mm a day, 56 mm in February of the noleap calendar as well."""
    ds = grid(n=12, freq="MS")
    days = ds.time.dt.days_in_month.values
    ds["pr"] = ds.pr.copy(data=np.broadcast_to(2.0 * days[:, None, None], ds.pr.shape))
    ds.pr.attrs = {"units": units, "cell_methods": methods}
    out = open_cmip(write(tmp_path, ds), **HERE, months="generate")
    monthly = out.pr.isel(location=0).groupby("time.month").mean() * DAY
    np.testing.assert_allclose(monthly, 2.0, rtol=1e-9)
