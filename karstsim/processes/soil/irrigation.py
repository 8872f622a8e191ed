"""Irrigation at a fixed rate on warm days, with the chemistry of its source (science.md 3.7)."""

from karstsim.core.jit import kernel
from karstsim.core.spec import Flow, Param
from karstsim.processes.recipe import KG_PER_M3, dissolve_ions
from karstsim.processes.transport import bring_to, clear

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


@kernel
def step(p, f, forcing, dt, n_active):
    clear(f.irrigation, n_active)
    if p.irrigation_rate > 0.0 and forcing.tas >= p.irrigation_temperature:
        f.irrigation.volume = p.irrigation_rate * dt
        bring_to(f.irrigation, forcing.tas)
        dissolve_ions(
            f.irrigation,
            p.irrigation_ca,
            p.irrigation_mg,
            p.irrigation_na,
            p.irrigation_k,
            p.irrigation_cl,
            p.irrigation_so4,
            p.irrigation_no3,
        )
        f.irrigation.sol.dic = p.irrigation_dic * f.irrigation.volume / KG_PER_M3
