"""Hydrochemical-discharge method: half the bicarbonate that the spring carries away.

    CSF = 1/2 12.011 mean(Q [HCO3])                                                          [design notes 9.1, 3]

Half of the bicarbonate of carbonic-acid weathering is of soil CO2, half of rock. Means of Q [HCO3] from samples:
`loads`.
"""

from __future__ import annotations

import numpy as np

from karstsim.analysis.diagnostics import chemostatic_slope
from karstsim.analysis.estimators import loads
from karstsim.analysis.estimators.monitoring import Monitoring
from karstsim.analysis.estimators.record import Choice, Declared, Estimate, Method, Setting, Settings, finish
from karstsim.core.constants import DAYS_PER_YEAR

HALF = 0.5
FEW = 12  # samples
LAWS = ("auto", *loads.LAWS)
LOAD: tuple[Declared, ...] = (  # of every method that needs a load
    Choice("load", LAWS, "how the load comes from samples; auto: continuous or beale"),
    Setting(
        "concentration_error", 0.03, "1", 0.0, 1.0, "design",
        "relative error of one concentration, where the load is continuous; else their scatter holds it",
    ),
    Setting(
        "discharge_error", 0.0, "1", -0.9, 0.9, "design", "relative error of all discharge: a rating curve", 0.05
    ),
    Setting(
        "calibration_error", 0.0, "1", -0.9, 0.9, "design", "relative error of all concentrations: a standard", 0.02
    ),
)  # fmt: skip
SETTINGS = (
    *LOAD,
    Setting(
        "imported_alkalinity", 0.0, "eq m-2 a-1", 0.0, 100.0, "design",
        "alkalinity brought in by rain, irrigation and allogenic water, per area",
    ),
)  # fmt: skip


def mean_load(
    m: Monitoring, s: Settings, concentration: np.ndarray, name: str
) -> tuple[np.ndarray, str, loads.Samples]:
    """(1 + draws,) mean of flow times concentration with all errors, the law, and the samples."""
    found = loads.samples(m, concentration, name)
    law = loads.choose(found) if s.load == "auto" else s.load
    load = loads.mean_load(found, law, float(s.concentration_error[0]), s.draws, s.rng)
    return load * (1.0 + s.discharge_error) * (1.0 + s.calibration_error), law, found


def run(m: Monitoring, s: Settings) -> Estimate:
    load, law, taken = mean_load(m, s, m.values("hco3"), "hco3")
    n = taken.c.size
    values = HALF * m.flux(load)
    said = [*m.notes, f"load by {law} from {n} samples", "all weathering by carbonic acid"]
    warnings = []
    if m.per_area:
        values = values - HALF * m.flux(s.imported_alkalinity * 1e3 / DAYS_PER_YEAR)
    elif s.imported_alkalinity[0] > 0.0:
        warnings.append("imported_alkalinity is per area and is left out: give the area")
    slope = chemostatic_slope(m.flow, m.values("hco3"))
    parts = {
        "mean HCO3, flow-weighted": (float(load[0]) / m.mean_flow, "mol m-3"),
        "slope b of c = a Q^b": (slope.slope, "1"),
    }
    if m.per_area:
        parts["runoff"] = (m.mean_flow * DAYS_PER_YEAR, "mm a-1")
    span = float(m.days[-1])
    if span < DAYS_PER_YEAR - 1.0:
        warnings.append(f"{span:.0f} days are no whole year: the season is in the result")
    if not taken.regular:
        warnings.append(
            "discharge has no regular step: its mean is that of the visits, weighted with the time between"
        )
    if law != "continuous" and n < FEW:
        warnings.append(f"{n} samples: a drawing of blocks from so few gives too narrow an interval")
    if "so4" in m or "no3" in m:
        warnings += acid_warning(m)
    return finish(METHOD, values, m.flux_units, "CO2 consumed by weathering", parts, said, warnings)


def acid_warning(m: Monitoring) -> list[str]:
    """Where sulfate and nitrate show that strong acids dissolve rock as well."""
    acid = 2.0 * m.mean("so4") if "so4" in m else 0.0
    acid += m.mean("no3") if "no3" in m else 0.0
    share = acid / m.mean("hco3")
    return [f"SO4 and NO3 are {100 * share:.0f} % of HCO3: see the method acid"] if share > 0.1 else []


METHOD = Method(
    name="hydrochem",
    title="hydrochemical discharge",
    equation="1/2 12.011 mean(Q [HCO3])",
    needs=(("discharge",), ("hco3", "alkalinity")),
    settings=SETTINGS,
    sees="all bicarbonate that leaves at the gauge, of the whole catchment",
    misses="strong acids (too high), water lost to neighbours, surface runoff, calcite that grew on the way, allogenic",
    source="liu2018",
    run=run,
)
