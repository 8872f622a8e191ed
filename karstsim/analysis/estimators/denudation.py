"""Rock that leaves as dissolved calcium and magnesium: as denudation, and as the CO2 that it would have consumed.

    E = R (100.09 [Ca] + 84.3 [Mg]) / rho                            mm ka-1, rho 2.7 t m-3        [design notes 9.5]
    CSF = 12.011 R ([Ca] + [Mg])                       `stoichiometric`: one CO2 per carbonate, of carbonic acid alone

Calcium and magnesium of rain and of gypsum are not of carbonate rock and can be taken off.
"""

from __future__ import annotations

import numpy as np

from karstsim.analysis.estimators.hydrochem import LOAD, acid_warning, mean_load
from karstsim.analysis.estimators.monitoring import Monitoring
from karstsim.analysis.estimators.record import Estimate, Method, Setting, Settings, finish
from karstsim.core.constants import DAYS_PER_YEAR, MOLAR_MASS_CACO3
from karstsim.core.errors import InputError

MOLAR_MASS_MGCO3 = 84.314  # g mol-1
FOREIGN = Setting("foreign", 0.0, "mol m-3", 0.0, 50.0, "design", "Ca + Mg of rain and gypsum in the water")
SETTINGS = (
    *LOAD,
    FOREIGN,
)
DENSITY = Setting("density", 2.7, "t m-3", 1.5, 3.0, "design", "density of the rock", 0.05)


def rock_ions(m: Monitoring) -> tuple[np.ndarray, list[str]]:
    """Calcium and magnesium of every sample, mol m-3."""
    if "mg" not in m:
        return m.values("ca"), ["no Mg in the table: taken as none"]
    magnesium = m.values("mg")
    return m.values("ca") + magnesium, []


def run_denudation(m: Monitoring, s: Settings) -> Estimate:
    if not m.per_area:
        raise InputError("denudation", "needs the area of the catchment", "give area_km2= (--area)")
    ions, said = rock_ions(m)
    load, law, taken = mean_load(m, s, ions - s.foreign[0], "ca")
    magnesium = m.weighted(m.values("mg") / ions) if "mg" in m else 0.0
    mass = MOLAR_MASS_CACO3 + magnesium * (MOLAR_MASS_MGCO3 - MOLAR_MASS_CACO3)
    grams = load * 1e-3 * DAYS_PER_YEAR * mass  # mm d-1 mol m-3 = 1e-3 mol m-2 d-1
    parts = {"dissolved rock": (float(grams[0]), "g m-2 a-1"), "Mg/(Ca + Mg)": (magnesium, "1")}
    said = [*m.notes, *said, f"load by {law} from {taken.c.size} samples"]
    return finish(DENUDATION, grams / s.density, "mm ka-1", "rock dissolved", parts, said, [])


def run_stoichiometric(m: Monitoring, s: Settings) -> Estimate:
    ions, said = rock_ions(m)
    load, law, taken = mean_load(m, s, ions - s.foreign[0], "ca")
    said = [*m.notes, *said, f"load by {law} from {taken.c.size} samples", "one CO2 per Ca and Mg"]
    warnings = acid_warning(m) if "hco3" in m else []
    return finish(
        STOICHIOMETRIC, m.flux(load), m.flux_units, "CO2 consumed by weathering", {}, said, warnings
    )


DENUDATION = METHOD = Method(
    name="denudation",
    title="rock denudation",
    equation="R (100.09 [Ca] + 84.3 [Mg]) / density",
    needs=(("discharge",), ("ca",)),
    settings=(*SETTINGS, DENSITY),
    sees="carbonate rock that is gone, whatever acid took it",
    misses="which acid; calcite that grew on the way; the particles that a flood carries",
    source="design",
    run=run_denudation,
)
STOICHIOMETRIC = Method(
    name="stoichiometric",
    title="calcium and magnesium as CO2",
    equation="12.011 mean(Q ([Ca] + [Mg]))",
    needs=(("discharge",), ("ca",)),
    settings=SETTINGS,
    sees="carbonate rock that is gone",
    misses="that strong acids and gypsum bring Ca without CO2: it is too high by just what they dissolve",
    source="design",
    run=run_stoichiometric,
)
