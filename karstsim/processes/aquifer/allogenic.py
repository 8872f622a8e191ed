"""Allogenic water: runoff from non-karst rock that sinks into the karst (science.md 3.7).

    dq/dt = (c_q (rain + melt) - q)/tau,    Q_allo = A_allo/A_karst q

The swallet takes what its capacity allows; the rest of a flood stays on the surface and leaves with the surface runoff.
What sinks feeds the conduit, or in part the matrix. A site has one such area (`allogenic_area_km2`,
`aquifer.allogenic_*`); more are declared as `sinking_streams`, by the same law (processes/sinking_stream).
"""

from karstsim.core.jit import kernel
from karstsim.core.spec import Flow, Param, Var
from karstsim.processes import tracers
from karstsim.processes.lowpass import low_pass
from karstsim.processes.recipe import dissolve_ions, take_up_co2
from karstsim.processes.transport import bring_to, clear, receive, split

PARAMS = (
    Param(
        "allogenic_area_ratio", 0.0, "1", 0.0, 100.0, "site", calibrate=False, doc="allogenic over karst area"
    ),
    Param("allogenic_runoff_coefficient", 0.5, "1", 0.0, 1.0, "design", doc="runoff over rain and melt"),
    Param(
        "allogenic_memory",
        5.0,
        "day",
        0.2,
        60.0,
        "design",
        scale="log",
        doc="time constant of the allogenic runoff",
    ),
    Param(
        "swallet_capacity",
        10000.0,
        "mm d-1",
        0.0,
        10000.0,
        "design",
        calibrate=False,
        doc="most allogenic water that sinks, per karst area; 10000 = all",
    ),
    Param(
        "allogenic_to_matrix",
        0.0,
        "1",
        0.0,
        1.0,
        "design",
        calibrate=False,
        doc="share of the sinking water that seeps through its bed into the matrix",
    ),
    Param("allogenic_ca", 0.10, "mol m-3", 0.0, 10.0, "design; science.md 3.7", calibrate=False),
    Param("allogenic_mg", 0.05, "mol m-3", 0.0, 10.0, "design; science.md 3.7", calibrate=False),
    Param(
        "allogenic_na",
        0.10,
        "mol m-3",
        0.0,
        10.0,
        "design; science.md 12.11",
        calibrate=False,
        doc="sodium that balances the default ions",
    ),
    Param("allogenic_k", 0.0, "mol m-3", 0.0, 10.0, "design", calibrate=False),
    Param("allogenic_cl", 0.0, "mol m-3", 0.0, 10.0, "design", calibrate=False),
    Param("allogenic_so4", 0.05, "mol m-3", 0.0, 10.0, "design; science.md 3.7", calibrate=False),
    Param("allogenic_no3", 0.0, "mol m-3", 0.0, 10.0, "design", calibrate=False),
    Param("allogenic_pco2", 1500.0, "ppm", 100.0, 50000.0, "design; science.md 3.7", calibrate=False),
    *tracers.origin_params("allogenic", -15.0, 1.0, "design"),
)
STATE = (
    Var("allogenic_runoff", "mm d-1", "runoff of the allogenic area, per its own area"),
    Var("allogenic_temperature", "degC", "temperature of allogenic water"),
)
FLUXES = (
    Flow("allogenic", "allogenic water reaching the karst"),
    Flow("swallowed", "allogenic water sinking into the karst"),
    Flow("unswallowed", "allogenic water beyond the swallet's capacity, to surface runoff"),
    Var("allogenic_runoff_volume", "mm", "runoff of the allogenic area, per its own area", aggregate="sum"),
)
PPM = 1.0e-6
TEMPERATURE_LAG = (
    3.0  # d, of the stream behind the air                                        [science.md 3.7]
)


@kernel
def step(p, s, f, air_f, forcing, k, dt, n_active):
    """Runoff follows rain and melt with a first-order memory and sinks; amounts per karst area."""
    clear(f.allogenic, n_active)
    clear(f.swallowed, n_active)
    clear(f.unswallowed, n_active)
    f.allogenic_runoff_volume = 0.0
    if p.allogenic_area_ratio <= 0.0:
        return
    wet = (air_f.rainfall.volume + air_f.melt.volume) / dt
    s.allogenic_runoff = low_pass(
        s.allogenic_runoff, p.allogenic_runoff_coefficient * wet, dt, p.allogenic_memory
    )
    f.allogenic_runoff_volume = s.allogenic_runoff * dt
    f.allogenic.volume = p.allogenic_area_ratio * f.allogenic_runoff_volume
    s.allogenic_temperature = low_pass(s.allogenic_temperature, forcing.tas, dt, TEMPERATURE_LAG)
    bring_to(f.allogenic, s.allogenic_temperature)
    if n_active > 0:
        compose(p, f, k)
    capacity = p.swallet_capacity * dt
    share = min(capacity / f.allogenic.volume, 1.0) if f.allogenic.volume > 0.0 else 1.0
    split(f.allogenic, f.swallowed, f.unswallowed, share, n_active)
    receive(f.conduit_recharge, f.swallowed, 1.0 - p.allogenic_to_matrix, n_active)
    receive(f.matrix_recharge, f.swallowed, p.allogenic_to_matrix, n_active)


@kernel
def compose(p, f, k):
    """Dissolved matter of the allogenic water."""
    dissolve_ions(
        f.allogenic,
        p.allogenic_ca,
        p.allogenic_mg,
        p.allogenic_na,
        p.allogenic_k,
        p.allogenic_cl,
        p.allogenic_so4,
        p.allogenic_no3,
    )
    take_up_co2(f.allogenic, p.allogenic_pco2 * PPM, k)
    if k.tracers == 1.0:
        tracers.fill(f.allogenic, p.allogenic_d13c, p.allogenic_c14, tracers.ALLOGENIC)
