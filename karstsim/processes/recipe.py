"""Water whose composition is given: ions in mol m-3, and DIC that stands with a CO2 pressure.

Rain, allogenic streams, tributaries and inflow from neighbours have it as parameters, `composition` of their name.
"""

from __future__ import annotations

import math

from karstsim.chemistry.constants import set_temperature
from karstsim.core.jit import kernel
from karstsim.core.spec import Param
from karstsim.processes import tracers
from karstsim.processes.transport import alkalinity, temperature_of

KG_PER_M3 = 1000.0
PPM = 1.0e-6
LEAST_ACIDITY = 1.0e-14
IONS = ("ca", "mg", "na", "k", "cl", "so4", "no3")


def composition(
    name: str, source: str, pco2: float, d13c: float, c14: float, **ions: float
) -> tuple[Param, ...]:
    """Parameters of a water from outside: `ions` (absent: 0), its CO2 pressure, d13C and 14C of its DIC."""
    concentrations = (
        Param(f"{name}_{ion}", ions.get(ion, 0.0), "mol m-3", 0.0, 10.0, source, calibrate=False)
        for ion in IONS
    )
    return (
        *concentrations,
        Param(f"{name}_pco2", pco2, "ppm", 100.0, 50000.0, source, calibrate=False),
        Param(f"{name}_d13c", d13c, "permille", -30.0, 5.0, "design", calibrate=False, doc="of its DIC"),
        Param(
            f"{name}_c14",
            c14,
            "1",
            0.0,
            1.5,
            "design",
            calibrate=False,
            doc="14C of its DIC over that of modern carbon",
        ),
    )


@kernel
def dissolved_inorganic_carbon(k, pco2, alkalinity):
    """DIC of a dilute water in equilibrium with CO2 at `pco2` (atm), from its alkalinity (eq kg-1); mol kg-1.

    [H+] solves h*h + alk*h - K1 KH p = 0 (carbonate and hydroxide are negligible below pH 8, activities are
    concentrations in rain); DIC = CO2 + HCO3. k holds the constants at the water's temperature.
    """
    dissolved = k.kh * pco2
    acid = k.k1 * dissolved
    root = math.sqrt(alkalinity * alkalinity + 4.0 * acid)
    # The form without cancellation for either sign of the alkalinity.
    h = 2.0 * acid / (alkalinity + root) if alkalinity >= 0.0 else 0.5 * (root - alkalinity)
    return dissolved + acid / max(h, LEAST_ACIDITY)


@kernel
def dissolve_ions(flow, ca, mg, na, potassium, cl, so4, no3):
    """Ions of the `flow.volume` mm of water at these concentrations, mol m-3."""
    cubic_metres = flow.volume / KG_PER_M3
    sol = flow.sol
    sol.ca = ca * cubic_metres
    sol.mg = mg * cubic_metres
    sol.na = na * cubic_metres
    sol.k = potassium * cubic_metres
    sol.cl = cl * cubic_metres
    sol.so4 = so4 * cubic_metres
    sol.no3 = no3 * cubic_metres


@kernel
def come_from_outside(flow, pco2, d13c, c14, k):
    """Inorganic carbon of a flow whose ions and heat are there: `pco2` in ppm, its isotopes, allogenic as its tag."""
    take_up_co2(flow, pco2 * PPM, k)
    if k.tracers == 1.0:
        tracers.fill(flow, d13c, c14, tracers.ALLOGENIC)


@kernel
def take_up_co2(flow, pco2, k):
    """DIC of a flow whose ions and heat are there, in equilibrium with CO2 at `pco2` atm."""
    if flow.volume <= 0.0:
        return
    set_temperature(k, temperature_of(flow), k.constant_set)
    per_kg = alkalinity(flow.sol) / flow.volume
    flow.sol.dic = flow.volume * dissolved_inorganic_carbon(k, pco2, per_kg)
