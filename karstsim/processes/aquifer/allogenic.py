"""Allogenic water: runoff from non-karst rock that sinks into the karst (design notes 3.7).

    dq/dt = (c_q (rain + melt) - q)/tau,    Q_allo = A_allo/A_karst q

The swallet takes what its capacity allows; the rest of a flood stays on the surface and leaves with the surface runoff.
What sinks feeds the conduit, or in part the matrix. A site has one such area (`allogenic_area_km2`,
`aquifer.allogenic_*`); more are declared as `sinking_streams`, by the same law (processes/sinking_stream).
"""

from karstsim.core.jit import kernel
from karstsim.core.spec import Flow, Param, Var
from karstsim.processes import runoff
from karstsim.processes.recipe import come_from_outside, composition, dissolve_ions
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
    *composition(
        "allogenic", "design; design notes 3.7", 1500.0, -15.0, 1.0, ca=0.10, mg=0.05, na=0.10, so4=0.05
    ),
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


@kernel
def step(p, s, f, air_f, forcing, k, dt, n_active):
    """Runoff follows rain and melt with a first-order memory and sinks; amounts per karst area."""
    clear(f.allogenic, n_active)
    clear(f.swallowed, n_active)
    clear(f.unswallowed, n_active)
    f.allogenic_runoff_volume = 0.0
    if p.allogenic_area_ratio <= 0.0:
        return
    s.allogenic_runoff = runoff.of_area(
        s.allogenic_runoff, p.allogenic_runoff_coefficient, p.allogenic_memory, air_f, dt
    )
    f.allogenic_runoff_volume = s.allogenic_runoff * dt
    f.allogenic.volume = p.allogenic_area_ratio * f.allogenic_runoff_volume
    s.allogenic_temperature = runoff.temperature(s.allogenic_temperature, forcing, dt)
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
    come_from_outside(f.allogenic, p.allogenic_pco2, p.allogenic_d13c, p.allogenic_c14, k)
