"""The checklist of a page: what a reader should know to have passed before using a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from karstsim.model.registry import LEVELS
from karstsim.model.simulate import RUN_CLOSURE, STEP_CLOSURE
from karstsim.report import numbers
from karstsim.report.section import Check

WEIGHTED = "weighted"  # in the cell_methods of what is not defined without discharge
SYNTHETIC = "synthetic"
SHOWN = 5
ROUNDING = -1.0e-12  # a store may be below zero by this
SIGNED = ("catchment_residual_", "oxygen")  # states that may be negative
AMOUNTS = ("mm", "mol m-2")


@dataclass(frozen=True)
class Usual:
    """A range outside which a mean needs an explanation."""

    label: str
    variable: str
    low: float
    high: float
    factor: float = 1.0
    rows: str | None = None


# What karst springs and their soils show (recalled; wide: a value outside asks for a reason).
USUAL = (
    Usual("spring pH", "aquifer_spring_ph", 6.5, 8.8),
    Usual("spring SI calcite", "aquifer_spring_si_calcite", -2.0, 1.2),
    Usual("spring Ca (mmol/L)", "aquifer_spring_ca_concentration", 0.2, 5.0),
    Usual("spring HCO3 (mmol/L)", "aquifer_spring_hco3", 0.3, 9.0),
    Usual("spring pCO2 (uatm)", "aquifer_spring_pco2", 300.0, 50_000.0, 1.0e6),
    Usual("CO2 at the soil base (uatm)", "soil_base_pco2", 250.0, 100_000.0, 1.0e6, "tile"),
)


def standard_checks(
    annual: xr.Dataset | None,
    closure: Mapping[str, float] | None = None,
    settled: bool | None = None,
    spin_up: str = "",
    repairs: Sequence[str] = (),
    restart: Path | None = None,
) -> list[Check]:
    """The checks of every report.

    annual   any output (annual where it was kept)
    closure  largest |residual| over cumulative throughput of any member, per element (`Simulation.closure`)
    settled  whether the spin-up ended in balance; None where there was none;  spin_up: a word on it: years, drift
    restart  state at the end of a run, in which every store is looked at
    """
    ds = annual if annual is not None else xr.Dataset()
    checks = [books(ds, closure), Check("Spin-up settled", settled, spin_up or "no spin-up is recorded")]
    checks.append(stores(ds, restart))
    if ds.data_vars:
        checks += [finite(ds), plausible(ds)]
    return [*checks, weather(ds), _forcing_repaired(repairs)]


def books(ds: xr.Dataset, closure: Mapping[str, float] | None) -> Check:
    """Whether what entered, left and stayed adds up, per step and over the run."""
    steps = [
        float(ds[n].max(skipna=False)) for n in ds.data_vars if str(n).startswith("catchment_imbalance_")
    ]
    lines, passed = [], True
    if steps:
        worst = float(np.max(steps))
        passed = passed and worst <= STEP_CLOSURE
        lines.append(f"largest imbalance of a step {_tiny(worst)} (limit {STEP_CLOSURE:.0e})")
    if closure:
        element, worst = max(closure.items(), key=lambda item: item[1] if np.isfinite(item[1]) else np.inf)
        passed = passed and worst <= RUN_CLOSURE
        lines.append(
            f"largest residual of a run {_tiny(worst)} of the throughput, {element} (limit {RUN_CLOSURE:.0e})"
        )
    if not lines:
        return Check("Books closed", None, "the run did not keep its imbalances")
    return Check("Books closed", passed, "; ".join(lines))


def _tiny(value: float) -> str:
    return f"{value:.1e}" if np.isfinite(value) else "is not a number"


def stores(ds: xr.Dataset, restart: Path | None) -> Check:
    """Whether a store of water or matter is below zero: all of the last state, else those that the output holds."""
    kinds = _amounts()
    if restart is not None and restart.is_file():
        found = _lowest_of_state(restart, kinds)
        where = "of the state at the end"
    else:
        found = {str(n): float(ds[n].min()) for n in ds.data_vars if str(n) in kinds}
        where = "in the output"
    if not found:
        return Check("No store below zero", None, "the run kept no store")
    below = {name: value for name, value in found.items() if value < ROUNDING}
    if not below:
        return Check("No store below zero", True, f"{len(found)} stores {where}")
    worst = sorted(below, key=lambda name: below[name])[:SHOWN]
    return Check("No store below zero", False, ", ".join(f"{name} {below[name]:.2g}" for name in worst))


def _amounts() -> set[str]:
    """States that are amounts of water or matter and cannot be negative."""
    from karstsim.model.registry import variables

    return {
        v.name
        for v in variables()
        if v.kind == "state" and v.var.units in AMOUNTS and not any(part in v.name for part in SIGNED)
    }


def _lowest_of_state(restart: Path, names: set[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    with xr.open_dataset(restart, engine="netcdf4") as ds:
        for level in LEVELS:
            layout = [str(name) for name in ds[f"layout_{level}"].values]
            values = ds[f"state_{level}"].values.reshape(-1, len(layout))
            if values.size:
                found |= {n: float(values[:, i].min()) for i, n in enumerate(layout) if n in names}
    return found


def finite(ds: xr.Dataset) -> Check:
    """Whether every value is a number."""
    bad = []
    for name in ds.data_vars:
        values = ds[name]
        flowless = WEIGHTED in str(values.attrs.get("cell_methods", ""))
        if values.dtype.kind == "f" and not flowless and not np.isfinite(values.values).all():
            bad.append(str(name))
    if not bad:
        return Check("Values finite", True, f"all values of {len(ds.data_vars)} variables")
    more = f" and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
    return Check("Values finite", False, f"missing or infinite: {', '.join(bad[:SHOWN])}{more}")


def plausible(ds: xr.Dataset) -> Check:
    """Whether the means of the run lie in the usual ranges of karst; outside is a note, not a failure."""
    if "realization" not in ds.dims:
        ds = ds.expand_dims("realization")
    odd, seen = [], 0
    for usual in (u for u in USUAL if u.variable in ds):
        seen += 1
        mean = numbers.mean_over(usual.factor * numbers.members(ds, usual.variable, usual.rows))
        if np.isnan(mean).all():
            odd.append(f"{usual.label} without a value")
            continue
        low, high = float(np.nanmin(mean)), float(np.nanmax(mean))
        if low < usual.low or high > usual.high:
            span = f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
            odd.append(f"{usual.label} {span}, usual {usual.low:g} to {usual.high:g}")
    if not seen:
        return Check("Ranges plausible", None, "the run kept none of the quantities that are looked at")
    if odd:
        return Check("Ranges plausible", None, f"outside: {'; '.join(odd)}")
    return Check("Ranges plausible", True, f"means of {seen} quantities of spring and soil")


def weather(ds: xr.Dataset) -> Check:
    """Whether the weather is of a place, or made up."""
    source = str(ds.attrs.get("forcing_source_id", ""))
    comment = str(ds.attrs.get("forcing_comment", ""))
    detail = "; ".join(text for text in (source, comment) if text)
    if not detail:
        return Check("Forcing", None, "its origin is not recorded")
    if SYNTHETIC in detail.lower():
        return Check("Real forcing", None, f"no: {detail}")
    return Check("Real forcing", True, detail)


def _forcing_repaired(repairs: Sequence[str]) -> Check:
    if not repairs:
        return Check("Forcing repaired", True, "nothing had to be repaired")
    return Check("Forcing repaired", None, f"{len(repairs)} repairs, listed below; look whether they suit")
