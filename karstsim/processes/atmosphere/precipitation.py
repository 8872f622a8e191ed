"""Precipitation, the solutes in it, and its mean over a year, which yearly laws of production read."""

from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.jit import kernel
from karstsim.core.solutes import N_CORE
from karstsim.core.spec import Flow, Param
from karstsim.processes.air import co2_pressure
from karstsim.processes.atmosphere import isotopes
from karstsim.processes.lowpass import low_pass
from karstsim.processes.recipe import dissolve_ions, take_up_co2
from karstsim.processes.transport import bring_to, clear

PARAMS = (
    Param("rain_ca", 0.04, "mol m-3", 0.0, 0.5, "design; design notes 5.1 range 0.02-0.06", calibrate=False),
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
    Param("rain_cl", 0.02, "mol m-3", 0.0, 1.0, "design; design notes 5.1", calibrate=False),
    Param("rain_so4", 0.03, "mol m-3", 0.0, 0.5, "design; design notes 5.1 range 0.02-0.05", calibrate=False),
    Param("rain_no3", 0.02, "mol m-3", 0.0, 0.5, "design; design notes 5.1", calibrate=False),
)
FLUXES = (Flow("precipitation", "precipitation with wet deposition", standard_name="precipitation_amount"),)


@kernel
def fall(p, flow, forcing, k, dt, n_active):
    """Amounts that precipitation brings in one step."""
    clear(flow, n_active)
    flow.volume = max(forcing.pr, 0.0) * dt
    bring_to(flow, forcing.tas)
    if n_active == 0:
        return
    dissolve_ions(flow, p.rain_ca, p.rain_mg, p.rain_na, p.rain_k, p.rain_cl, p.rain_so4, p.rain_no3)
    take_up_co2(flow, co2_pressure(forcing), k)
    if n_active > N_CORE:
        isotopes.rain(flow, forcing, co2_pressure(forcing), k)


@kernel
def remember(s, forcing, dt):
    s.precipitation_year = low_pass(s.precipitation_year, max(forcing.pr, 0.0), dt, DAYS_PER_YEAR)
