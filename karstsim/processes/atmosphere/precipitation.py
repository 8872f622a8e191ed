"""Precipitation and the solutes in it."""

import math

from karstsim.chemistry.constants import set_temperature
from karstsim.core.jit import kernel
from karstsim.core.spec import Flow, Param
from karstsim.processes.air import co2_pressure
from karstsim.processes.transport import clear

PARAMS = (
    Param("rain_ca", 0.04, "mol m-3", 0.0, 0.5, "design; science.md 5.1 range 0.02-0.06", calibrate=False),
    Param("rain_mg", 0.0, "mol m-3", 0.0, 0.2, "design", calibrate=False),
    Param(
        "rain_na",
        0.02,
        "mol m-3",
        0.0,
        1.0,
        "design",
        calibrate=False,
        doc="sodium that balances the default ions",
    ),
    Param("rain_k", 0.0, "mol m-3", 0.0, 0.2, "design", calibrate=False),
    Param("rain_cl", 0.02, "mol m-3", 0.0, 1.0, "design; science.md 5.1", calibrate=False),
    Param("rain_so4", 0.03, "mol m-3", 0.0, 0.5, "design; science.md 5.1 range 0.02-0.05", calibrate=False),
    Param("rain_no3", 0.02, "mol m-3", 0.0, 0.5, "design; science.md 5.1", calibrate=False),
)
FLUXES = (Flow("precipitation", "precipitation with wet deposition", standard_name="precipitation_amount"),)

KG_PER_M3 = 1000.0
LEAST_ACIDITY = 1.0e-14


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
def fall(p, flow, forcing, k, dt, n_active):
    """Amounts that precipitation brings in one step."""
    clear(flow, n_active)
    flow.volume = max(forcing.pr, 0.0) * dt
    if n_active == 0:
        return
    scale = flow.volume / KG_PER_M3
    sol = flow.sol
    sol.ca = p.rain_ca * scale
    sol.mg = p.rain_mg * scale
    sol.na = p.rain_na * scale
    sol.k = p.rain_k * scale
    sol.cl = p.rain_cl * scale
    sol.so4 = p.rain_so4 * scale
    sol.no3 = p.rain_no3 * scale
    alk = 2.0 * (p.rain_ca + p.rain_mg - p.rain_so4) + p.rain_na + p.rain_k - p.rain_no3 - p.rain_cl
    set_temperature(k, max(forcing.tas, 0.0), k.constant_set)
    sol.dic = flow.volume * dissolved_inorganic_carbon(k, co2_pressure(forcing), alk / KG_PER_M3)
