"""Hydrochemistry corrected for strong acids, which dissolve carbonate without consuming CO2.

    balance   CSF = 12.011 mean(Q ([HCO3] - [Ca + Mg]net))                       x of design notes 4.6 and 9.1
    galy      CSF = 12.011 mean(Q 1/2 ([HCO3] - 2 [SO4]net - [NO3]net))          (after Galy & France-Lanord 1999)

Carbonic acid gives two HCO3 per Ca + Mg, strong acids one per equivalent of acid; so both forms count the bicarbonate
whose carbon is not of rock, and agree where the ions balance. net: less what rain brought as salt and gypsum gave;
rain is concentrated by evaporation, P/R, where the table has precipitation.
"""

from __future__ import annotations

import numpy as np

from karstsim.analysis.estimators.denudation import rock_ions
from karstsim.analysis.estimators.hydrochem import LOAD, mean_load
from karstsim.analysis.estimators.monitoring import Monitoring
from karstsim.analysis.estimators.record import Choice, Declared, Estimate, Method, Setting, Settings, finish
from karstsim.core.errors import InputError

HALF = 0.5
SETTINGS: tuple[Declared, ...] = (
    Choice("variant", ("balance", "galy"), "from Ca + Mg, or from SO4 and NO3"),
    *LOAD,
    Setting("gypsum", 0.0, "mol m-3", 0.0, 50.0, "design", "SO4, and as much Ca, of gypsum in the water"),
    *(
        Setting(
            f"rain_{ion}", 0.0, "mol m-3", 0.0, 5.0, "design", f"{ion} that rain brings as salt, not as acid"
        )
        for ion in ("ca_mg", "so4", "no3")
    ),
)


def run(m: Monitoring, s: Settings) -> Estimate:
    factor = _concentration(m)
    gypsum = s.gypsum[0]
    hco3 = m.values("hco3")
    ions, said = rock_ions(m) if "ca" in m else (np.full(hco3.size, np.nan), [])
    if s.variant == "balance":
        if "ca" not in m:
            raise InputError("acid", "the table has no ca", "add it, or take variant=galy with so4 and no3")
        x = hco3 - (ions - gypsum - factor * s.rain_ca_mg[0])
    else:
        acid, more = _acid(m)
        said = [*said, *more]
        x = HALF * (hco3 - (acid - 2.0 * (gypsum + factor * s.rain_so4[0]) - factor * s.rain_no3[0]))
    # The difference of ions has an error larger than its own 3 %: each ion's error is carried by their sum.
    load, law, taken = mean_load(m, s, x, "hco3")
    error = _difference_error(m, s, ions, hco3, x)
    load = load * (1.0 + error * s.rng.standard_normal(load.size) * (np.arange(load.size) > 0))
    total = m.weighted(hco3)
    parts = {"share of HCO3 whose carbon is of soil CO2": (m.weighted(x) / total, "1"),
             "half the HCO3, uncorrected": (float(HALF * m.flux(total * m.mean_flow)), m.flux_units)}  # fmt: skip
    said = [*m.notes, *said, f"variant {s.variant}", f"load by {law} from {taken.c.size} samples"]
    if factor != 1.0:
        said.append(f"rain concentrated {factor:.2f} times by evaporation")
    warnings = (
        ["the water has more rock than its HCO3 allows: gypsum or an error of the ions"]
        if load[0] < 0.0
        else []
    )
    return finish(METHOD, m.flux(load), m.flux_units, "CO2 consumed by carbonic acid", parts, said, warnings)


def _concentration(m: Monitoring) -> float:
    """P/R, by which evaporation concentrates rain; 1 where it is not known."""
    if "precipitation" not in m or not m.per_area or not m.mean_flow > 0.0:
        return 1.0
    return max(m.mean("precipitation") / m.mean_flow, 1.0)


def _acid(m: Monitoring) -> tuple[np.ndarray, list[str]]:
    """Equivalents of strong acid, eq m-3."""
    if "so4" not in m and "no3" not in m:
        raise InputError(
            "acid", "the table has neither so4 nor no3", "add one, or take variant=balance with ca and mg"
        )
    said = [f"no {ion.upper()} in the table: taken as none" for ion in ("so4", "no3") if ion not in m]
    zero = np.zeros(m.data.sizes["time"])
    return 2.0 * (m.values("so4") if "so4" in m else zero) + (m.values("no3") if "no3" in m else zero), said


def _difference_error(m: Monitoring, s: Settings, ions: np.ndarray, hco3: np.ndarray, x: np.ndarray) -> float:
    """Relative error of x from errors of calibration of two ions that do not cancel."""
    other = ions if np.isfinite(ions).any() else hco3 - x
    centre = abs(m.weighted(x))
    return (
        s.spread["calibration_error"] * float(np.hypot(m.weighted(hco3), m.weighted(other))) / centre
        if centre > 0.0
        else 0.0
    )


METHOD = Method(
    name="acid",
    title="corrected for strong acids",
    equation="12.011 mean(Q ([HCO3] - [Ca + Mg]net)), or with SO4 and NO3",
    needs=(("discharge",), ("hco3", "alkalinity"), ("ca", "so4", "no3")),
    settings=SETTINGS,
    sees="bicarbonate whose carbon is of soil CO2",
    misses="salts of rain and gypsum, unless told; calcite that grew on the way; a small difference of large numbers",
    source="galy1999",
    run=run,
)
