"""Bias adjustment of climate models against a station, by the methods of xsdba (extra ``climate``).

Methods, by calendar month:

* ``linear_scaling``: the mean difference (temperatures) or the ratio of means (all else), exact in every month
* ``quantile_mapping``: the distribution of the model becomes that of the station (empirical, 50 quantiles, joined
  linearly between quantiles and months, which leaves the mean rain within some 5 %)
* ``quantile_delta_mapping``: the same, and the model's own change of every quantile is kept

Temperatures are adjusted by sums, all else by factors. Where the model has too few wet days, its driest days become wet
before quantiles are mapped. Afterwards snowfall follows precipitation, tasmin <= tas <= tasmax, and hurs <= 100 %.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from karstsim.core.constants import SECONDS_PER_DAY
from karstsim.core.errors import InputError, demand_kind
from karstsim.core.jit import disabled
from karstsim.forcing import times as clock
from karstsim.forcing.canonical import Repairs, label

if TYPE_CHECKING:
    import pandas as pd

METHODS = ("linear_scaling", "quantile_mapping", "quantile_delta_mapping")
SUMS = ("tas", "tasmin", "tasmax", "tdps")
FACTORS = ("pr", "rsds", "sfcWind", "hurs", "huss", "rlds", "evspsblpot")
QUANTILES = 50
WET = 1.0  # mm d-1; the usual threshold of a wet day
TRACE = 0.05  # mm d-1; below it a day is dry, before and after
LEAST_DAYS = 30  # with data in every calendar month, which each have their own adjustment
LEAST_YEARS = 5.0  # of overlap; less cannot tell a bias from the weather
_FILLED = re.compile(r"\w+: (absent, (set to|estimated)|no humidity given)")
SEED = 1  # of the noise by which dry days are told apart


def adjust_bias(
    model: xr.Dataset,
    station: xr.Dataset,
    method: str = "quantile_mapping",
    *,
    train: tuple[int, int] | None = None,
    variables: Sequence[str] | None = None,
) -> tuple[xr.Dataset, pd.DataFrame]:
    """The forcing adjusted to a station, and what that did.

    model      canonical daily forcing of one location, with years that the station has too
    station    canonical record of the place (open_station; gaps are allowed), or another forcing
    method     one of METHODS
    train      first and last year that are compared; by default all common years
    variables  by default all that both have
    Returns the Dataset (its ``repairs`` say what was done) and a table by variable and period ("trained", "held
    out" for common years outside `train`): means, standard deviations, 95 % quantiles, wet-day shares and the error of
    the monthly means, of the station, of the model before and after.
    Raises InputError where xsdba is absent or the compiler that it needs is switched off, for an unknown method, for
    fewer than five common years, for a calendar month without data of the station, for results that are not finite.
    """
    mend = "open its files: ks.open_forcing(path, ...)"
    demand_kind("adjust_bias, model", model, (xr.Dataset,), mend)
    demand_kind("adjust_bias, station", station, (xr.Dataset,), mend)
    if method not in METHODS:
        raise InputError("method", f"{method!r} is not known", f"choose from {', '.join(METHODS)}")
    if find_spec("xsdba") is None:
        raise InputError("bias adjustment", "needs xsdba, which is absent", "pip install 'karstsim[climate]'")
    if disabled():
        what = "needs numba's compiler, which NUMBA_DISABLE_JIT=1 switches off"
        raise InputError("bias adjustment", what, "unset NUMBA_DISABLE_JIT")
    names = _names(model, station, variables)
    reference, past = _common(model, station, names, train)
    for name in names:
        _demand_months(name, reference[name], model)
    out = model.copy()
    for name in names:
        values = _adjust(name, reference[name], past[name], model[name], method)
        _demand_finite(name, values)
        out[name] = values.transpose(*model[name].dims)
    years = sorted({int(y) for y in past.time.dt.year.values})
    repairs = Repairs(r for r in str(model.attrs.get("repairs", "")).split("\n") if r)
    repairs.note(f"{', '.join(names)}: adjusted by {method} to the station, {years[0]} to {years[-1]}")
    others = [v for v in (*SUMS, *FACTORS) if v in model and v not in names]
    if others:
        repairs.note(f"{', '.join(others)}: not in the station's record, not adjusted")
    out = _consistent(out, model, repairs)
    return label(out, repairs), diagnostics(model, out, station, names, (years[0], years[-1]))


def _names(model: xr.Dataset, station: xr.Dataset, asked: Sequence[str] | None) -> list[str]:
    for ds, what in ((model, "model"), (station, "station")):
        if ds.sizes.get("location", 1) != 1:
            raise InputError(what, f"has {ds.sizes['location']} locations", "select one of them")
        if clock.usual_step(clock.seconds(ds.time.values)) != SECONDS_PER_DAY:
            raise InputError(what, "is not daily", "give daily series")
    invented = _filled_in(station)
    names = [v for v in (asked or (*SUMS, *FACTORS)) if v in model and v in station and v not in invented]
    absent = [v for v in asked or () if v not in names]
    if absent or not names:
        what = f"{', '.join(absent) or 'no variable'} in both the model and the station, as measured"
        raise InputError("variables", what, f"choose from {', '.join((*SUMS, *FACTORS))}")
    return names


def _filled_in(station: xr.Dataset) -> set[str]:
    """Variables that the station did not measure: their repairs say that they were absent and set or estimated."""
    repairs = str(station.attrs.get("repairs", "")).split("\n")
    return {note.split(":")[0] for note in repairs if _FILLED.match(note)}


def _demand_months(name: str, reference: xr.DataArray, model: xr.Dataset) -> None:
    measured = reference.time.dt.month.values[np.isfinite(reference.values)]
    scarce = [m for m in np.unique(model.time.dt.month.values) if (measured == m).sum() < LEAST_DAYS]
    if scarce:
        what = (
            f"the station has fewer than {LEAST_DAYS} days of data in month(s) {', '.join(map(str, scarce))}"
        )
        raise InputError(name, what, "give a record with data in every month, or name other variables")


def _demand_finite(name: str, values: xr.DataArray) -> None:
    bad = int((~np.isfinite(values.values)).sum())
    if bad:
        what = f"{bad} values are not finite after the adjustment (a month in which the model is always 0?)"
        raise InputError(name, what, "choose another method, or leave the variable out of variables=")


def _common(
    model: xr.Dataset, station: xr.Dataset, names: list[str], train: tuple[int, int] | None
) -> tuple[xr.Dataset, xr.Dataset]:
    """Both on the days of the model's calendar that they share."""
    calendar = model.time.dt.calendar
    record = station[names].isel(location=0, drop=True) if "location" in station.dims else station[names]
    record = record.drop_vars(["lat", "lon"], errors="ignore")
    use_cftime = model.time.dtype == object
    if record.time.dt.calendar != calendar or (record.time.dtype == object) != use_cftime:
        record = record.convert_calendar(calendar, use_cftime=use_cftime, align_on="date")
    past = model[names].isel(location=0, drop=True).drop_vars(["lat", "lon"], errors="ignore")
    record, past = xr.align(record, past, join="inner")
    if train is not None:
        keep = np.flatnonzero((past.time.dt.year >= train[0]) & (past.time.dt.year <= train[1]))
        record, past = record.isel(time=keep), past.isel(time=keep)
    years = past.sizes["time"] / 365.0
    if years < LEAST_YEARS:
        what = f"model and station share {years:.1f} years"
        raise InputError("station", what, f"give at least {LEAST_YEARS:g} common years")
    return record, past


def _adjust(
    name: str, reference: xr.DataArray, past: xr.DataArray, model: xr.DataArray, method: str
) -> xr.DataArray:
    import xsdba

    kind = "+" if name in SUMS else "*"
    factor = SECONDS_PER_DAY if name in ("pr", "evspsblpot") else 1.0
    units = {"pr": "mm d-1", "evspsblpot": "mm d-1"}.get(name, str(model.attrs["units"]))
    ref, hist, sim = ((da.astype("f8") * factor).assign_attrs(units=units) for da in (reference, past, model))
    ref = ref.where(np.isfinite(ref), drop=False)
    with _seeded(), xr.set_options(keep_attrs=True):  # type: ignore[no-untyped-call]
        if method == "linear_scaling":
            adjustment = xsdba.Scaling.train(ref, hist, group="time.month", kind=kind)
        else:
            if name == "pr":
                hist = _with_wet_days(xsdba, ref, hist)
                sim = xsdba.processing.jitter_under_thresh(sim, f"{TRACE} mm d-1")
            how: Any = (
                xsdba.QuantileDeltaMapping
                if method == "quantile_delta_mapping"
                else xsdba.EmpiricalQuantileMapping
            )
            adjustment = how.train(ref, hist, group="time.month", kind=kind, nquantiles=QUANTILES)
        out = adjustment.adjust(sim, interp="nearest" if method == "linear_scaling" else "linear")
    values = out.transpose(*model.dims).values / factor
    if name in FACTORS:
        values = np.maximum(values, 0.0)
    if name == "pr":
        values = np.where(values * SECONDS_PER_DAY < TRACE, 0.0, values)
    return model.copy(data=values)


def _with_wet_days(xsdba: Any, ref: xr.DataArray, hist: xr.DataArray) -> xr.DataArray:
    """The model's past with at least as many wet days as the station, and its dry days told apart by noise."""
    hist = xsdba.processing.jitter_under_thresh(hist, f"{TRACE} mm d-1")
    adapted, _, _ = xsdba.processing.adapt_freq(ref, hist, group="time.month", thresh=f"{WET} mm d-1")
    return adapted.assign_attrs(units="mm d-1")


@contextmanager
def _seeded() -> Iterator[None]:
    """xsdba draws from numpy's global generator: the same draw every time, and the caller's state as it was."""
    state = np.random.get_state()
    np.random.seed(SEED)
    try:
        yield
    finally:
        np.random.set_state(state)


def _consistent(out: xr.Dataset, model: xr.Dataset, repairs: Repairs) -> xr.Dataset:
    """What belongs together after each variable was adjusted on its own."""
    if "prsn" in out:
        share = (model.prsn / model.pr.where(model.pr > 0.0)).fillna(0.0)
        out["prsn"] = np.minimum(out.pr * share, out.pr)
    if {"tasmin", "tasmax"} <= set(out.data_vars):
        low, high = np.minimum(out.tasmin, out.tas), np.maximum(out.tasmax, out.tas)
        crossed = int(((low != out.tasmin) | (high != out.tasmax)).sum())
        if crossed:
            repairs.note(f"tasmin, tasmax: {crossed} values crossed tas after the adjustment, set to it")
        out["tasmin"], out["tasmax"] = low, high
    if "hurs" in out:
        out["hurs"] = out.hurs.clip(max=100.0)
    return out


def diagnostics(
    before: xr.Dataset, after: xr.Dataset, station: xr.Dataset, names: Sequence[str], train: tuple[int, int]
) -> pd.DataFrame:
    """How model and station compare, before and after; precipitation in mm d-1, temperatures in K."""
    import pandas as pd

    reference, raw = _common(before, station, list(names), None)
    _, adjusted = _common(after, station, list(names), None)
    year = raw.time.dt.year.values
    trained = (year >= train[0]) & (year <= train[1])
    rows = []
    for name in names:
        factor = SECONDS_PER_DAY if name in ("pr", "evspsblpot") else 1.0
        for period, keep in (("trained", trained), ("held out", ~trained)):
            if keep.sum() < 365:
                continue
            month = raw.time.dt.month.values[keep]
            series = {
                "station": reference[name].values[keep] * factor,
                "before": raw[name].values[keep] * factor,
                "after": adjusted[name].values[keep] * factor,
            }
            there = np.isfinite(series["station"])
            row: dict[str, object] = {"variable": name, "period": period, "days": int(there.sum())}
            for who, values in series.items():
                row |= {f"{k}_{who}": v for k, v in _statistics(name, values[there]).items()}
            for who in ("before", "after"):
                row[f"month_error_{who}"] = _month_error(series["station"], series[who], month, there)
            rows.append(row)
    return pd.DataFrame(rows)


def _statistics(name: str, values: np.ndarray) -> dict[str, float]:
    found = {"mean": float(values.mean()), "sd": float(values.std()), "q95": float(np.quantile(values, 0.95))}
    return {**found, "wet_share": float((values >= WET).mean())} if name == "pr" else found


def _month_error(station: np.ndarray, model: np.ndarray, month: np.ndarray, there: np.ndarray) -> float:
    """Root mean square difference of the twelve mean months."""
    differences = [
        (model[there & (month == m)].mean() - station[there & (month == m)].mean())
        for m in np.unique(month[there])
    ]
    return float(np.sqrt(np.mean(np.square(differences))))
