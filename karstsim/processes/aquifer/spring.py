"""What a probe in the spring would read (design notes 5.5): a state, so that a dry spell keeps the last reading."""

from karstsim.chemistry.constants import set_temperature
from karstsim.chemistry.lane_medium import refresh
from karstsim.chemistry.medium import ALL
from karstsim.chemistry.speciation import Mode, speciate
from karstsim.core.jit import kernel
from karstsim.core.spec import Var
from karstsim.processes import lane_dissolution as lanes
from karstsim.processes import lane_reading
from karstsim.processes.dissolution import MINIMUM_VOLUME, load
from karstsim.processes.transport import temperature_of

PARAMS = ()
FLUXES = ()
STATE = (
    Var("spring_ph", "1", "pH of the spring"),
    Var("spring_ionic_strength", "mol kg-1", "ionic strength of the spring"),
    Var("spring_temperature", "degC", "spring water temperature"),
    Var("spring_pco2", "atm", "CO2 pressure in equilibrium with spring water"),
    Var("spring_si_calcite", "1", "calcite saturation index of spring water"),
    Var("spring_si_dolomite", "1", "dolomite saturation index of spring water"),
    Var("spring_hco3", "mol m-3", "bicarbonate of spring water with its ion pairs"),
    Var("spring_conductivity", "uS cm-1", "electrical conductivity of spring water at 25 degC"),
)
ALK_DIC = int(Mode.ALK_DIC)
MOL_PER_M3 = 1000.0  # from mol kg-1
# Equivalent conductivities, uS cm-1 per meq L-1 at 25 degC (design notes 5.5)
CONDUCTIVITY_CA, CONDUCTIVITY_MG, CONDUCTIVITY_HCO3 = 59.5, 53.0, 44.5
CONDUCTIVITY_SO4, CONDUCTIVITY_NO3, CONDUCTIVITY_CL, CONDUCTIVITY_NA, CONDUCTIVITY_K = (
    80.0,
    71.0,
    76.0,
    50.0,
    73.5,
)


@kernel
def conductivity(x):
    """Electrical conductivity at 25 degC from the ions, uS cm-1                                  [design notes 5.5]."""
    cations = (
        2.0 * (CONDUCTIVITY_CA * x.ca + CONDUCTIVITY_MG * x.mg)
        + CONDUCTIVITY_NA * x.na
        + CONDUCTIVITY_K * x.k
    )
    anions = 2.0 * CONDUCTIVITY_SO4 * x.so4 + CONDUCTIVITY_NO3 * x.no3 + CONDUCTIVITY_CL * x.cl
    return MOL_PER_M3 * (cations + anions + CONDUCTIVITY_HCO3 * max(x.alkalinity, 0.0))


@kernel
def bicarbonate(x):
    """Bicarbonate with its ion pairs, mol m-3."""
    return MOL_PER_M3 * (x.m_hco3 + x.m_cahco3 + x.m_mghco3 + x.m_nahco3 + x.m_khco3)


@kernel
def flows(f):
    """Whether there is water to read."""
    return f.spring.volume >= MINIMUM_VOLUME * MINIMUM_VOLUME


@kernel
def note(s, x):
    """Read the speciated water `x`."""
    s.spring_ph = x.ph
    s.spring_ionic_strength = x.ionic_strength
    s.spring_pco2 = x.pco2
    s.spring_si_calcite = x.si_calcite
    s.spring_si_dolomite = x.si_dolomite
    s.spring_hco3 = bicarbonate(x)
    s.spring_conductivity = conductivity(x)


@kernel
def read(s, f, x, k):
    """Speciation of one spring by the scalar kernels."""
    set_temperature(k, s.spring_temperature, k.constant_set)
    load(x, f.spring, s.spring_temperature)
    x.readings = ALL
    x.ph = s.spring_ph
    x.ionic_strength = s.spring_ionic_strength
    speciate(x, k, ALK_DIC)
    note(s, x)


@kernel
def read_lanes(cs, cf, first, count, scratch, w, constant_set, n_active):
    """Temperature and speciation of the springs of the catchments first .. first + count - 1, side by side.

    Without discharge the last reading stays. Tables as in `chemistry.react_matrices`.
    """
    lanes.empty(w, count)
    for lane in range(count):
        s, f = cs[first + lane].aquifer, cf[first + lane].aquifer
        if flows(f):
            s.spring_temperature = temperature_of(f.spring)
            if n_active > 0:
                known = s.spring_ph, s.spring_ionic_strength, s.spring_pco2
                lane_reading.load(w, lane, f.spring, s.spring_temperature, *known)
    if n_active == 0:
        return
    lanes.prepare(w, constant_set, count)
    for lane in range(count):
        if lanes.is_sound(w, lane):
            lane_reading.close(w, lane)
    lane_reading.solve(w, constant_set, count)
    refresh(
        w, constant_set, count
    )  # a lane that settled early has the coefficients of its neighbours' last round
    for lane in range(count):
        s, f, x = cs[first + lane].aquifer, cf[first + lane].aquifer, scratch[lane].solution
        if lanes.is_sound(w, lane):
            lane_reading.show(w, lane, x)
            x.si_dolomite = lane_reading.dolomite_index(w, lane)
            note(s, x)
        elif flows(f):
            read(s, f, x, scratch[lane].constants)
