"""Targets: which observation is held against which value of the model, in one unit and at one time.

An observation belongs to the day of the model that it lies in (or the step, with `frequency = "step"`). Nothing is
interpolated and no gap is filled. What has no partner (outside the forcing, within the warm-up, a 29 February that the
calendar lacks) is left out and counted. Amounts of the model are compared as rates per day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import xarray as xr

from karstsim.analysis.observations import LIMIT, read_spring_table
from karstsim.calibration import objectives
from karstsim.calibration.config import ObservationsSection, TargetSection
from karstsim.calibration.objectives import Observed
from karstsim.core.constants import MM_PER_M, SECONDS_PER_DAY, STANDARD_ATMOSPHERE
from karstsim.core.errors import InputError
from karstsim.core.solutes import SOLUTES
from karstsim.forcing.times import check_regular
from karstsim.model.engine import calendar_fields
from karstsim.model.output import of_isotopes, select
from karstsim.model.registry import variables
from karstsim.model.site import Site

DISCHARGE = "discharge"
M2_PER_KM2 = 1.0e6
LEAST_VALUES = 3  # of a target
CORRELATED = ("kge", "kge_2012", "nse", "log_nse")  # scores that need values and not limits alone
VARIABLES = {  # what a quantity of a spring table is in the model
    DISCHARGE: "aquifer_spring",
    "temperature": "aquifer_spring_temperature",
    "conductivity": "aquifer_spring_conductivity",
    "ph": "aquifer_spring_ph",
    "pco2": "aquifer_spring_pco2",
    "hco3": "aquifer_spring_hco3",
    "alkalinity": "aquifer_spring_alkalinity",
    "d13c_dic": "aquifer_spring_d13c",
    "soil_respiration": "catchment_soil_efflux",
    **{
        ion: f"aquifer_spring_{ion}_concentration"
        for ion in ("ca", "mg", "na", "k", "cl", "so4", "no3", "dic")
    },
}
SAME_UNITS = {"eq m-3": "mol m-3", "permil": "permille", "kg m-2": "mm"}
CONCENTRATION, ALKALINITY = "_concentration", "aquifer_spring_alkalinity"
SPRING = "aquifer_spring"
PPM = 1.0e-6


@dataclass(frozen=True)
class Match:
    """Times of the model: which period an observation lies in.

    keys           (periods,) day as yyyymmdd; with several steps a day that times their number, plus that of the step
    steps_per_day  periods of a day
    """

    keys: np.ndarray
    steps_per_day: int

    @classmethod
    def of(cls, times: np.ndarray, frequency: str) -> Match:
        step = check_regular(times, "forcing")
        per_day = max(round(SECONDS_PER_DAY / step), 1)
        fields = calendar_fields(times).astype(np.int64)
        days = fields[:, 0] * 10000 + fields[:, 1] * 100 + fields[:, 2]
        if frequency == "daily":
            return cls(np.unique(days), 1)
        first = np.r_[True, np.diff(days) != 0]
        start = np.maximum.accumulate(np.where(first, np.arange(len(days)), 0))
        return cls(days * per_day + np.arange(len(days)) - start, per_day)

    def periods(self, stamps: np.ndarray) -> np.ndarray:
        """(n,) period of each observation; -1 where the model has none."""
        fields = calendar_fields(stamps).astype(np.int64)
        days = fields[:, 0] * 10000 + fields[:, 1] * 100 + fields[:, 2]
        seconds = (stamps - stamps.astype("datetime64[D]")) / np.timedelta64(1, "s")
        part = np.minimum(
            (seconds * self.steps_per_day / SECONDS_PER_DAY).astype(np.int64), self.steps_per_day - 1
        )
        wanted = days * self.steps_per_day + part if self.steps_per_day > 1 else days
        place = np.clip(np.searchsorted(self.keys, wanted), 0, len(self.keys) - 1)
        return np.where(self.keys[place] == wanted, place, -1)

    @property
    def span(self) -> str:
        """First and last day, for people."""
        days = (str(self.keys[i] // self.steps_per_day) for i in (0, -1))
        return " to ".join(f"{d[:-4]}-{d[-4:-2]}-{d[-2:]}" for d in days)


@dataclass(frozen=True)
class Target:
    """One quantity to be fitted.

    observed   transformed values;  raw: (n,) the values (or limits) in their own unit;  times (n,) datetime64
    periods    (n,) the model's periods they are held against
    fitted     (n,) True: used by the search; the rest is held out
    scale      model value (a rate per day) -> unit of the observation; shift: added before a logarithm
    repairs    what the reader of its table changed or left out
    """

    section: TargetSection
    variable: str
    observed: Observed
    raw: np.ndarray
    times: np.ndarray
    periods: np.ndarray
    fitted: np.ndarray
    scale: float
    shift: float
    unit: str
    notes: tuple[str, ...] = field(default=())
    repairs: tuple[str, ...] = field(default=())

    @property
    def label(self) -> str:
        return self.section.label

    @property
    def spread(self) -> float:
        """Standard deviation of the transformed observations."""
        return float(np.std(self.observed.values))

    def transform(self, values: np.ndarray) -> np.ndarray:
        how = "log" if self.section.objective == "log_nse" else self.section.transform
        return objectives.transformed(values, how, self.section.power, self.shift)

    def score(self, simulated: np.ndarray, errors: Mapping[str, np.ndarray], rows: np.ndarray) -> np.ndarray:
        """(member,) score of simulated (member, n) values by its objective over the `rows`; NaN where a value is none.

        errors   error parameters by name, (member,)
        """
        model, seen = self.transform(simulated[:, rows]), self.observed.take(rows)
        name = self.section.objective
        if name == "limits":
            return objectives.inside_limits(model, seen, self.section.absolute, self.section.relative)
        if name in objectives.SCORE:
            found = objectives.SCORE[name](model, seen)
        else:
            zero = np.zeros(len(model))
            found = objectives.log_likelihood(
                model, seen, errors["sigma"], errors.get("slope", zero), errors.get("rho", zero)
            )
        return np.where(np.isfinite(model).all(axis=1), found, np.nan)

    def only(self, fitted: np.ndarray) -> Target:
        """The same with other values used by the search."""
        return replace(self, fitted=fitted)


def patterns_of(variable: str) -> list[str]:
    """Outputs to keep so that a variable, or what is derived from some, is among the results."""
    if variable == ALKALINITY:
        return [SPRING, *(f"{SPRING}_{s.name}" for s in SOLUTES if s.charge)]
    if variable.endswith(CONCENTRATION):
        return [SPRING, variable.removesuffix(CONCENTRATION)]
    return [variable]


def read_targets(
    sections: Sequence[ObservationsSection],
    forcing: xr.Dataset,
    site: Site,
    frequency: str,
    warm_up_days: int,
    split: str | None,
    where: str,
) -> list[Target]:
    """All targets of all tables. Raises InputError for what cannot be compared."""
    times = forcing["time"].values
    match = Match.of(times, frequency)
    first = warm_up_days * match.steps_per_day
    pressure = float(forcing["ps"].mean()) / STANDARD_ATMOSPHERE if "ps" in forcing else 1.0
    found = []
    for i, section in enumerate(sections):
        key = f"{where}, observations[{i}]"
        table = _table(section, site, key)
        for j, target in enumerate(section.targets):
            place = f"{key}.targets[{j}] ({target.label})"
            observed = _observed(target, section.name_in_table(target), table, place)
            made = _target(target, observed, table, match, first, split, pressure, place)
            found.append(replace(made, repairs=_repairs(table)))
    if split is not None and all(t.fitted.all() for t in found):
        last = max(str(t.times[-1])[:10] for t in found)
        what = f"{split} holds out nothing: the last observation is of {last}"
        raise InputError(f"{where}, calibration.split", what, "choose an earlier day, or remove it")
    return found


def _repairs(table: xr.Dataset) -> tuple[str, ...]:
    """What the reader did to a table, each line under the name of its file."""
    name = Path(table.attrs["source_file"]).name
    return tuple(f"{name}: {line}" for line in table.attrs["repairs"].splitlines() if line)


def not_compared(sections: Sequence[ObservationsSection], site: Site) -> list[str]:
    """Quantities that the tables hold and the model knows, but no target names."""
    lines = []
    for section in sections:
        table = _table(section, site, "observations")
        asked = {target.quantity for target in section.targets}
        counts = {q: int(table[q].notnull().sum()) for q in VARIABLES if q in table and q not in asked}
        lines += [
            f"{quantity}: {n} values; [[observations.targets]] with quantity = {quantity!r} compares them"
            for quantity, n in counts.items()
            if n
        ]
    return lines


def _table(section: ObservationsSection, site: Site, key: str) -> xr.Dataset:
    try:
        return read_spring_table(section.file, area_km2=site.area_km2, **section.reader_options())
    except InputError as error:
        if "area_km2" in error.where or "units" in error.where:
            raise InputError(f"{key}, {error.where}", error.what, error.mend) from error
        raise


def _target(
    section: TargetSection,
    observed: tuple[np.ndarray, np.ndarray],
    table: xr.Dataset,
    match: Match,
    first: int,
    split: str | None,
    pressure: float,
    where: str,
) -> Target:
    values, censored = observed
    times = table["time"].values
    there = np.isfinite(values)
    values, censored, times = values[there], censored[there], times[there]
    if section.average == "day":
        values, censored, times = _daily(values, censored, times)
    periods = match.periods(times)
    early = (periods >= 0) & (periods < first)
    usable = (periods >= first) & _within(times, section.start, section.end)
    when = f", {times[0]:.10} to {times[-1]:.10}" if len(times) else ""
    notes = [f"{len(values)} observed values{when}"]
    for what, count in (
        (f"outside the span of the forcing, {match.span}", int((periods < 0).sum())),
        ("within the warm-up", int(early.sum())),
        ("outside start and end", int(((periods >= first) & ~usable).sum())),
        ("below a detection limit", int(censored[usable].sum())),
    ):
        if count:
            notes.append(f"{count} {what}")
    crowd = int(usable.sum()) - len(np.unique(periods[usable]))
    if crowd:
        notes.append(f'{crowd} share their period with another: average = "day" takes the mean of each day')
    if usable.sum() < LEAST_VALUES:
        raise InputError(
            where, f"has {int(usable.sum())} values to compare ({'; '.join(notes)})",
            "check the span of the forcing, warm_up_days, start and end",
        )  # fmt: skip
    variable = section.variable or VARIABLES.get(str(section.quantity), "")
    scale, unit = _scale(section, variable, table, pressure, where)
    values, censored, times = values[usable], censored[usable], times[usable]
    shift = objectives.LOG_SHARE * float(np.abs(values).mean())
    days = (times - times[0]) / np.timedelta64(1, "s") / SECONDS_PER_DAY
    target = Target(
        section, variable, Observed(values, censored, days), values, times, periods[usable],
        _before(times, split, where), scale, shift, unit, tuple(notes),
    )  # fmt: skip
    moved = target.transform(values)
    _check_objective(section, values, moved, censored, where)
    return replace(target, observed=Observed(moved, censored, days))


def _observed(
    section: TargetSection, name: str, table: xr.Dataset, where: str
) -> tuple[np.ndarray, np.ndarray]:
    """Values or limits in the unit of the target, and which are limits, by their name in the table."""
    if name not in table and f"{name}{LIMIT}" not in table:
        known = ", ".join(str(n) for n in table.data_vars)
        mend = f'the table gives {known}; name the column with columns = {{ {name} = "its header" }}'
        raise InputError(where, f"the table has no {name}", mend)
    values = table[name].values.astype("f8")
    limits = table[f"{name}{LIMIT}"].values if f"{name}{LIMIT}" in table else np.full(len(values), np.nan)
    censored = np.isfinite(limits)
    return np.where(censored, limits, values) * section.factor + section.offset, censored


def _daily(
    values: np.ndarray, censored: np.ndarray, times: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means of days, at noon; of values alone where a day has values, else the lowest limit."""
    days = times.astype("datetime64[D]")
    unique = np.unique(days)
    mean, below = np.empty(len(unique)), np.zeros(len(unique), dtype=bool)
    for i, day in enumerate(unique):
        here, known = days == day, (days == day) & ~censored
        below[i] = not known.any()
        mean[i] = values[here].min() if below[i] else values[known].mean()
    return mean, below, unique.astype("datetime64[ns]") + np.timedelta64(12, "h")


def _within(times: np.ndarray, start: str | None, end: str | None) -> np.ndarray:
    inside = np.ones(len(times), dtype=bool)
    if start is not None:
        inside &= times >= _stamp(start, "start")
    if end is not None:
        inside &= times < _stamp(end, "end") + 1  # the whole year, month or day
    return inside


def _stamp(date: str, key: str) -> np.datetime64:
    try:
        return np.datetime64(date)
    except ValueError:
        raise InputError(key, f"{date} is no day of the observations' calendar", "write 2015-01-31") from None


def _before(times: np.ndarray, split: str | None, where: str) -> np.ndarray:
    """What the search may see: all, or what lies before the split."""
    if split is None:
        return np.ones(len(times), dtype=bool)
    before = times < _stamp(split, "calibration.split")
    if before.sum() < LEAST_VALUES:
        raise InputError(
            where, f"has {int(before.sum())} values before {split}", "choose a later calibration.split"
        )
    return before


def _scale(
    section: TargetSection, variable: str, table: xr.Dataset, pressure: float, where: str
) -> tuple[float, str]:
    """Factor from the model's rate to the observation's unit, without the area, and that unit."""
    if not variable:
        raise InputError(
            where,
            f"{section.quantity} has no variable of its own",
            "add variable; karstsim variables lists them",
        )
    model = _model_unit(variable, where)
    if section.quantity is None:
        return 1.0, model
    unit = str(table[section.quantity].attrs.get("units", ""))
    if section.quantity == DISCHARGE and model == "mm":
        return M2_PER_KM2 / MM_PER_M / SECONDS_PER_DAY, unit
    if section.quantity == "air_co2" and model == "atm":
        return 1.0 / (PPM * pressure), unit
    rate = {"mm": "mm d-1", "mol m-2": "mol m-2 d-1"}.get(model, model)
    if SAME_UNITS.get(unit, unit) != SAME_UNITS.get(rate, rate):
        mend = f"give another variable, or the column with column = and a factor to {rate}"
        raise InputError(where, f"{section.quantity} is in {unit}, {variable} in {rate}", mend)
    return 1.0, unit


def _model_unit(variable: str, where: str) -> str:
    units = {v.name: v.var.units for v in variables()}
    base = variable.removesuffix(CONCENTRATION)
    if variable == ALKALINITY or (
        variable.endswith(CONCENTRATION) and base.startswith(SPRING) and base in units
    ):
        return "mol m-3"
    select([variable], where, isotopes=True)
    return units[variable]


def needs_isotopes(variable: str) -> bool:
    return of_isotopes(variable)


def _check_objective(
    section: TargetSection, values: np.ndarray, moved: np.ndarray, censored: np.ndarray, where: str
) -> None:
    known = int((~censored).sum())
    if known < LEAST_VALUES and section.objective in CORRELATED:
        what = f"{section.objective} of {known} values beside limits says nothing"
        raise InputError(where, what, "take limits, or a likelihood")
    if not np.isfinite(moved).all():
        how = "log_nse" if section.objective == "log_nse" else section.transform
        low = float(values[~np.isfinite(moved)][0])
        raise InputError(where, f"{low:g} has no {how}", "take a transformation that all values have")
    if section.objective in ("kge", "kge_2012", "pbias") and (
        moved.min() < 0.0 < moved.max() or not moved.mean()
    ):
        mend = "take nse or rmse for what may be above and below 0"
        raise InputError(where, f"{section.objective} divides by the mean of values of both signs", mend)
    if section.objective in ("kge", "kge_2012", "nse", "log_nse", "rmse") and not np.ptp(moved) > 0.0:
        raise InputError(where, "has one value at all times", "take gaussian or limits")
