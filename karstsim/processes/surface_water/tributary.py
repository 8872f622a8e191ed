"""Water that enters a box from outside the karst: a tributary with a flow and a composition of its own (science.md 6).

    dq/dt = (c_q (rain + melt) - q)/tau,    Q = A/A_karst q + Q_steady

The runoff of an area follows rain and melt with a first-order memory, as that of allogenic streams that sink
(aquifer/allogenic.py); a steady discharge is a transfer, a sewer or a stream of which no more is known. Its oxygen is
given as a saturation. Streams that sink into the karst are no tributaries but `sinking_streams` of the site.
"""

from karstsim.core.constants import SECONDS_PER_DAY
from karstsim.core.jit import kernel
from karstsim.core.spec import Flow, Param, Var
from karstsim.processes import tracers
from karstsim.processes.lowpass import low_pass
from karstsim.processes.recipe import dissolve_ions, take_up_co2
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
    Param("tributary_ca", 0.10, "mol m-3", 0.0, 10.0, "design; science.md 3.7", calibrate=False),
    Param("tributary_mg", 0.05, "mol m-3", 0.0, 10.0, "design; science.md 3.7", calibrate=False),
    Param("tributary_na", 0.10, "mol m-3", 0.0, 10.0, "design; science.md 12.11", calibrate=False),
    Param("tributary_k", 0.0, "mol m-3", 0.0, 10.0, "design", calibrate=False),
    Param("tributary_cl", 0.0, "mol m-3", 0.0, 10.0, "design", calibrate=False),
    Param("tributary_so4", 0.05, "mol m-3", 0.0, 10.0, "design; science.md 3.7", calibrate=False),
    Param("tributary_no3", 0.0, "mol m-3", 0.0, 10.0, "design", calibrate=False),
    Param("tributary_pco2", 1500.0, "ppm", 100.0, 50000.0, "design; science.md 3.7", calibrate=False),
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
    *tracers.origin_params("tributary", -15.0, 1.0, "design"),
)
STATE = (
    Var("tributary_runoff", "mm d-1", "runoff of the tributary, per its own area"),
    Var("tributary_temperature", "degC", "temperature of the tributary"),
)
FLUXES = (Flow("tributary", "water of a tributary entering the box"),)
PPM = 1.0e-6
TEMPERATURE_LAG = (
    3.0  # d, of the stream behind the air                                        [science.md 3.7]
)


@kernel
def step(p, s, f, air_f, forcing, k, dt, n_active):
    """Water of the whole step into `tributary`, per karst area."""
    clear(f.tributary, n_active)
    if p.tributary_area_ratio <= 0.0 and p.tributary_discharge <= 0.0:
        return
    wet = (air_f.rainfall.volume + air_f.melt.volume) / dt
    s.tributary_runoff = low_pass(
        s.tributary_runoff, p.tributary_runoff_coefficient * wet, dt, p.tributary_memory
    )
    steady = p.tributary_discharge * SECONDS_PER_DAY * mm_per_m3(p)
    f.tributary.volume = (p.tributary_area_ratio * s.tributary_runoff + steady) * dt
    s.tributary_temperature = low_pass(s.tributary_temperature, forcing.tas, dt, TEMPERATURE_LAG)
    bring_to(f.tributary, s.tributary_temperature)
    if n_active > 0:
        compose(p, f, k)


@kernel
def compose(p, f, k):
    """Dissolved matter of the tributary."""
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
    take_up_co2(f.tributary, p.tributary_pco2 * PPM, k)
    if k.tracers == 1.0:
        tracers.fill(f.tributary, p.tributary_d13c, p.tributary_c14, tracers.ALLOGENIC)
