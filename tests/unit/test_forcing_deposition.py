"""Nitrogen deposition of climate models (input4MIPs) as series of parameters by the year."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing.yearly import read_yearly

SECONDS = 365.2425 * 86400.0


def _file(folder: Path, first: int, last: int, units: str = "kg m-2 s-1", **values: float) -> Path:
    """Monthly means on a grid of 2 x 3 cells, noleap, as NCAR-CCMI writes them."""
    time = xr.date_range(
        f"{first}-01-01", periods=12 * (last - first + 1), freq="MS", calendar="noleap", use_cftime=True
    )
    shape = (time.size, 2, 3)
    fields = {
        n: (("time", "lat", "lon"), np.full(shape, v, "f4"), {"units": units}) for n, v in values.items()
    }
    ds = xr.Dataset(fields, {"time": time, "lat": [25.0, 27.0], "lon": [104.0, 106.5, 109.0]})
    path = folder / f"{'_'.join(values)}_{first}{last}.nc"
    ds.to_netcdf(path)
    return path


def test_oxidised_nitrogen_dry_and_in_rain(tmp_path: Path) -> None:
    """1e-11 kg m-2 s-1 of N are 1e-8 * 31556952 / 14.007 = 0.02253 mol m-2 a-1; in 3e-5 kg m-2 s-1 of rain
    5e-12 kg m-2 s-1 are 5e-9 / 14.007 mol in 3e-8 m3, that is 0.011899 mol m-3.
    """
    path = _file(tmp_path, 2001, 2003, drynoy=1e-11, wetnoy=5e-12, pr=3e-5)
    found = read_yearly(path, 106.0, 26.6)
    assert list(found["soil.dry_nitrogen"][0]) == [2001.0, 2002.0, 2003.0]
    np.testing.assert_allclose(found["soil.dry_nitrogen"][1], 1e-8 * SECONDS / 14.007, rtol=1e-6)
    np.testing.assert_allclose(found["atmosphere.rain_no3"][1], 5e-9 / 14.007 / 3e-8, rtol=1e-6)
    assert not found.notes


def test_a_folder_with_a_file_for_each_variable_and_span(tmp_path: Path) -> None:
    """Reduced nitrogen is named with its load: 2e-11 kg m-2 s-1 are 6.31 kg ha-1 a-1."""
    _file(tmp_path, 2001, 2002, drynoy=1e-11)
    _file(tmp_path, 2003, 2004, drynoy=2e-11)
    _file(tmp_path, 2001, 2004, wetnhx=2e-11)
    _file(tmp_path, 2001, 2004, wetnoy=1e-11)
    found = read_yearly(tmp_path, 106.0, 26.6)
    years, values = found["soil.dry_nitrogen"]
    assert list(years) == [2001.0, 2002.0, 2003.0, 2004.0]
    np.testing.assert_allclose(values[2:] / values[:2], 2.0, rtol=1e-6)
    assert set(found) == {"soil.dry_nitrogen"}
    assert any("wetnhx" in n and "6.31 kg N" in n for n in found.notes)
    assert any("wetnoy" in n and "add pr" in n for n in found.notes)
    _file(tmp_path, 2004, 2005, drynoy=1e-11)
    with pytest.raises(InputError, match="same year"):
        read_yearly(tmp_path, 106.0, 26.6)


@pytest.mark.parametrize(
    "units", ["kg(N) m-2 s-1", "kg N m-2 s-1", "kgN m-2 s-1", "kg/m2/s", "kg m^-2 s^-1", "1e3 g m-2 s-1"]
)
def test_units_of_nitrogen(tmp_path: Path, units: str) -> None:
    found = read_yearly(_file(tmp_path, 2001, 2002, units, drynoy=1e-11), 106.0, 26.6)
    np.testing.assert_allclose(found["soil.dry_nitrogen"][1], 1e-8 * SECONDS / 14.007, rtol=1e-6)


@pytest.mark.parametrize(
    ("units", "what"), [("", "no units"), ("mol m-2 s-1", "no mass"), ("furlong", "no mass")]
)
def test_other_units_are_refused(tmp_path: Path, units: str, what: str) -> None:
    with pytest.raises(InputError, match=f"drynoy(.|\n)*{what}"):
        read_yearly(_file(tmp_path, 2001, 2002, units, drynoy=1e-11), 106.0, 26.6)


def test_a_year_in_part_has_no_mean(tmp_path: Path) -> None:
    path = _file(tmp_path, 2001, 2002, drynoy=1e-11)
    with xr.open_dataset(path) as ds:
        ds.isel(time=slice(0, 19)).to_netcdf(tmp_path / "part.nc")
    with pytest.raises(InputError, match="year 2002 has 7 steps, others 12"):
        read_yearly(tmp_path / "part.nc", 106.0, 26.6)


def test_totals_and_other_files_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="wet and dry in one"):
        read_yearly(_file(tmp_path, 2001, 2002, noy=1e-11), 106.0, 26.6)
    with pytest.raises(InputError, match="no deposition"):
        read_yearly(_file(tmp_path, 2001, 2002, tas=280.0), 106.0, 26.6)
    with pytest.raises(InputError, match="no deposition"):
        read_yearly(_file(tmp_path, 2003, 2004, pr=1e-5), 106.0, 26.6)
