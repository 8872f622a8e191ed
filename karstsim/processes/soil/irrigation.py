"""Irrigation at a fixed rate on warm days, with the chemistry of its source (science.md 3.7)."""

from karstsim.core.jit import kernel
from karstsim.core.spec import Flow, Param
from karstsim.processes.transport import clear

PARAMS = (
    Param("irrigation_rate", 0.0, "mm d-1", 0.0, 20.0, "management", calibrate=False),
    Param(
        "irrigation_temperature",
        10.0,
        "degC",
        -60.0,
        40.0,
        "management",
        calibrate=False,
        doc="irrigated on days at least this warm",
    ),
    Param(
        "irrigation_dic",
        4.2,
        "mol m-3",
        0.0,
        50.0,
        "management",
        calibrate=False,
        doc="default chemistry: karst spring water",
    ),
    Param("irrigation_ca", 1.9, "mol m-3", 0.0, 50.0, "management", calibrate=False),
    Param("irrigation_mg", 0.1, "mol m-3", 0.0, 50.0, "management", calibrate=False),
    Param("irrigation_na", 0.02, "mol m-3", 0.0, 50.0, "management", calibrate=False),
    Param("irrigation_k", 0.0, "mol m-3", 0.0, 50.0, "management", calibrate=False),
    Param("irrigation_cl", 0.02, "mol m-3", 0.0, 50.0, "management", calibrate=False),
    Param("irrigation_so4", 0.05, "mol m-3", 0.0, 50.0, "management", calibrate=False),
    Param("irrigation_no3", 0.02, "mol m-3", 0.0, 50.0, "management", calibrate=False),
)
FLUXES = (Flow("irrigation", "irrigation water"),)
KG_PER_M3 = 1000.0


@kernel
def step(p, f, forcing, dt, n_active):
    clear(f.irrigation, n_active)
    if p.irrigation_rate > 0.0 and forcing.tas >= p.irrigation_temperature:
        f.irrigation.volume = p.irrigation_rate * dt
        cubic_metres = f.irrigation.volume / KG_PER_M3
        sol = f.irrigation.sol
        sol.dic = p.irrigation_dic * cubic_metres
        sol.ca = p.irrigation_ca * cubic_metres
        sol.mg = p.irrigation_mg * cubic_metres
        sol.na = p.irrigation_na * cubic_metres
        sol.k = p.irrigation_k * cubic_metres
        sol.cl = p.irrigation_cl * cubic_metres
        sol.so4 = p.irrigation_so4 * cubic_metres
        sol.no3 = p.irrigation_no3 * cubic_metres
