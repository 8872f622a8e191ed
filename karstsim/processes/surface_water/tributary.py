"""Water that enters a box from outside the karst: a tributary with flow and composition of its own (design notes 6).

    dq/dt = (c_q (rain + melt) - q)/tau,    Q = A/A_karst q + Q_steady

The runoff of an area follows rain and melt with a first-order memory, as that of allogenic streams that sink
(aquifer/allogenic.py); a steady discharge is a transfer, a sewer or a stream of which no more is known. Its oxygen is
given as a saturation; its organic carbon is that of land. Streams that sink into the karst are no tributaries but
`sinking_streams` of the site.
"""

from karstsim.chemistry.isotopes import delta_to_fraction
from karstsim.core.constants import SECONDS_PER_DAY
from karstsim.core.jit import kernel
from karstsim.core.spec import Flow, Param, Var
from karstsim.processes import runoff
from karstsim.processes.recipe import KG_PER_M3, come_from_outside, composition, dissolve_ions
from karstsim.processes.surface_water.hydraulics import mm_per_m3
from karstsim.processes.transport import bring_to, clear

PARAMS = (
    Param(
        "tributary_area_ratio",
        0.0,
        "1",
        0.0,
        1.0e4,
        "site",
        calibrate=False,
        doc="area of the tributary over the karst area",
    ),
    Param(
        "tributary_discharge",
        0.0,
        "m3 s-1",
        0.0,
        1.0e5,
        "site",
        calibrate=False,
        doc="steady discharge of the tributary beside the runoff of its area",
    ),
    Param("tributary_runoff_coefficient", 0.5, "1", 0.0, 1.0, "design", doc="runoff over rain and melt"),
    Param(
        "tributary_memory", 5.0, "day", 0.2, 60.0, "design", scale="log", doc="time constant of its runoff"
    ),
    *composition(
        "tributary", "design; design notes 3.7", 1500.0, -15.0, 1.0, ca=0.10, mg=0.05, na=0.10, so4=0.05
    ),
    Param(
        "tributary_doc",
        0.2,
        "mol m-3",
        0.0,
        5.0,
        "design meybeck1982",
        calibrate=False,
        doc="dissolved organic carbon from land, 2.4 mg/L: half the mean of the world's rivers",
    ),
    Param(
        "tributary_doc_labile",
        0.2,
        "1",
        0.0,
        1.0,
        "design",
        calibrate=False,
        doc="labile share of it; the rest is refractory",
    ),
    Param(
        "tributary_poc",
        0.1,
        "mol m-3",
        0.0,
        5.0,
        "design meybeck1982",
        calibrate=False,
        doc="particulate organic carbon from land, 1.2 mg/L",
    ),
    Param(
        "tributary_organic_d13c", -27.0, "permille", -32.0, -10.0, "design; design notes 7", calibrate=False
    ),
    Param(
        "tributary_organic_c14",
        1.0,
        "1",
        0.0,
        1.5,
        "design",
        calibrate=False,
        doc="14C of organic carbon from land over that of modern carbon",
    ),
    Param(
        "tributary_oxygen",
        0.95,
        "1",
        0.0,
        1.5,
        "design",
        calibrate=False,
        doc="saturation of the tributary with O2",
    ),
)
STATE = (
    Var("tributary_runoff", "mm d-1", "runoff of the tributary, per its own area"),
    Var("tributary_temperature", "degC", "temperature of the tributary"),
)
FLUXES = (Flow("tributary", "water of a tributary entering the box"),)


@kernel
def step(p, s, f, air_f, forcing, k, dt, n_active):
    """Water of the whole step into `tributary`, per karst area."""
    clear(f.tributary, n_active)
    if p.tributary_area_ratio <= 0.0 and p.tributary_discharge <= 0.0:
        return
    s.tributary_runoff = runoff.of_area(
        s.tributary_runoff, p.tributary_runoff_coefficient, p.tributary_memory, air_f, dt
    )
    steady = p.tributary_discharge * SECONDS_PER_DAY * mm_per_m3(p)
    f.tributary.volume = (p.tributary_area_ratio * s.tributary_runoff + steady) * dt
    s.tributary_temperature = runoff.temperature(s.tributary_temperature, forcing, dt)
    bring_to(f.tributary, s.tributary_temperature)
    if n_active > 0:
        compose(p, f, k)
        carry_organic(p, f, k.tracers)


@kernel
def compose(p, f, k):
    """Ions and inorganic carbon of the tributary."""
    dissolve_ions(
        f.tributary,
        p.tributary_ca,
        p.tributary_mg,
        p.tributary_na,
        p.tributary_k,
        p.tributary_cl,
        p.tributary_so4,
        p.tributary_no3,
    )
    come_from_outside(f.tributary, p.tributary_pco2, p.tributary_d13c, p.tributary_c14, k)


@kernel
def carry_organic(p, f, traced):
    """Its organic carbon, which comes from land: soil carbon of its own catchment once it is respired."""
    sol = f.tributary.sol
    cubic_metres = f.tributary.volume / KG_PER_M3
    dissolved = p.tributary_doc * cubic_metres
    sol.doc_labile = p.tributary_doc_labile * dissolved
    sol.doc_refractory = dissolved - sol.doc_labile
    sol.poc_land = p.tributary_poc * cubic_metres
    if traced == 1.0:
        organic = dissolved + sol.poc_land
        sol.do13c = organic * delta_to_fraction(p.tributary_organic_d13c)
        sol.do14c = organic * p.tributary_organic_c14
