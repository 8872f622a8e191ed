"""Bias adjustment: a known bias is removed, the change of the model kept, what belongs together stays together."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.core.jit import disabled
from karstsim.forcing import bias, open_station, synthetic_forcing

if disabled():
    pytest.skip("xsdba needs numba's compiler", allow_module_level=True)
pytest.importorskip("xsdba")
MM = 86400.0


def test_without_the_compiler_the_mend_is_named(model, station, monkeypatch):
    monkeypatch.setattr(bias, "disabled", lambda: True)
    with pytest.raises(InputError, match="unset NUMBA_DISABLE_JIT"):
        bias.adjust_bias(model, station)


@pytest.fixture(scope="module")
def station() -> xr.Dataset:
    return synthetic_forcing("stationary", 1990, 1999, seed=1)


@pytest.fixture(scope="module")
def model() -> xr.Dataset:
    """Another draw of the same climate: 2 K too warm, a third too wet, and drizzling on dry days; noleap."""
    ds = synthetic_forcing("stationary", 1990, 2001, seed=2, calendar="noleap")
    ds["tas"] = ds.tas + 2.0
    ds["pr"] = ds.pr * 1.3333 + 0.3 / MM
    ds["tasmin"], ds["tasmax"] = ds.tas - 4.0, ds.tas + 4.0
    ds["prsn"] = ds.pr * 0.25
    for name in ("tas", "pr", "tasmin", "tasmax", "prsn"):
        ds[name].attrs["units"] = "K" if name.startswith("tas") else "kg m-2 s-1"
    return ds


@pytest.mark.parametrize("method", bias.METHODS)
def test_a_known_bias_is_removed(model, station, method):
    out, table = bias.adjust_bias(model, station, method, train=(1990, 1997))
    assert list(table[table.variable == "tas"].period) == ["trained", "held out"]
    for row in table.itertuples():
        if row.variable == "tas":
            assert abs(row.mean_before - row.mean_station) > 1.5
            assert abs(row.mean_after - row.mean_station) < (0.02 if row.period == "trained" else 0.3)
        if (
            row.variable == "pr" and row.period == "trained"
        ):  # two other years of rain differ by as much as the bias
            assert row.mean_before > 1.3 * row.mean_station
            exact = 1e-6 if method == "linear_scaling" else 0.05
            assert row.mean_after == pytest.approx(row.mean_station, rel=exact)
            wet = (
                0.05 if method == "quantile_delta_mapping" else 0.01
            )  # the former keeps the model's own changes
            assert row.wet_share_after == pytest.approx(row.wet_share_station, abs=wet)
            assert row.wet_share_before > row.wet_share_station + 0.04
        if row.period == "trained":
            assert row.month_error_after < row.month_error_before
    np.testing.assert_allclose(out.prsn, 0.25 * out.pr, rtol=1e-9, atol=1e-15)
    assert bool((out.tasmin <= out.tas).all()) and bool((out.tas <= out.tasmax).all())
    assert f"adjusted by {method} to the station, 1990 to 1997" in out.attrs["repairs"]
    assert "tasmin, tasmax: not in the station's record" in out.attrs["repairs"]
    if method == "quantile_mapping":  # its noise is drawn anew, and alike
        xr.testing.assert_identical(out, bias.adjust_bias(model, station, method, train=(1990, 1997))[0])


def test_delta_mapping_keeps_the_warming(model, station):
    warming = 3.0 * (model.time.dt.year.values >= 1999)
    future = model.assign(tas=model.tas + warming)
    future.tas.attrs["units"] = "K"
    out, _ = bias.adjust_bias(future, station, "quantile_delta_mapping", variables=["tas"])
    late = model.time.dt.year.values >= 1999
    change = [da.values[0, late].mean() - da.values[0, ~late].mean() for da in (out.tas, future.tas)]
    assert change[0] == pytest.approx(change[1], abs=0.25) and change[1] > 2.5


def test_a_record_with_gaps_will_do(tmp_path, model):
    days = np.arange(np.datetime64("1990-01-01"), np.datetime64("1999-01-01"))
    tas = 10.0 + np.sin(np.arange(days.size))
    rows = [
        f"{d},{t:.2f}" if i % 7 else f"{d}," for i, (d, t) in enumerate(zip(days, tas, strict=True)) if i % 11
    ]
    path = tmp_path / "station.csv"
    path.write_text("date,tas_degC\n" + "\n".join(rows))
    record = open_station(path, variables=("tas",), gaps=True)
    assert (
        "are missing and stay so" in record.attrs["repairs"] and "rows are absent" in record.attrs["repairs"]
    )
    _, table = bias.adjust_bias(model, record, "linear_scaling")
    assert table.mean_after[0] == pytest.approx(table.mean_station[0], abs=0.05)


def test_bad_requests(model, station):
    with pytest.raises(InputError, match="is not known"):
        bias.adjust_bias(model, station, "magic")
    with pytest.raises(InputError, match="share 2.0 years"):
        bias.adjust_bias(model, station, train=(1990, 1991))
    with pytest.raises(InputError, match="huss in both"):
        bias.adjust_bias(model, station, variables=["huss"])
