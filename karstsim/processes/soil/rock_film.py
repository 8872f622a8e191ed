"""Rain on bare rock: a thin film that dissolves for minutes under the open air (design notes 4.5, 12.3).

The share of the tile that is bare rock sheds its throughfall past the soil into open fissures. The film is in
equilibrium with atmospheric CO2 and reaches only part of the saturation: 1 - exp(-k t) of it, k = (A/V) alpha, with
the alpha of a film without a bulk behind it.
"""

from karstsim.chemistry.constants import set_temperature
from karstsim.core.classes import by_land_use
from karstsim.core.jit import kernel
from karstsim.core.spec import Flow, Param, Var
from karstsim.processes.air import co2_pressure
from karstsim.processes.dissolution import (
    LINEAR_ORDER,
    LINEAR_START,
    MINIMUM_VOLUME,
    apply,
    load,
    open_step,
    thin_film_rate_constant,
)
from karstsim.processes.soil import isotopes
from karstsim.processes.transport import split

PARAMS = (
    Param(
        "rock_fraction",
        0.0,
        "1",
        0.0,
        0.95,
        "design; design notes 3.11",
        calibrate=False,
        by_class=by_land_use(0.7, 0.0, 0.0, 0.0, 0.0, 0.0),
        doc="share of the tile that is bare rock",
    ),
    Param(
        "rock_film_area_to_volume",
        1.0e4,
        "m-1",
        1.0e3,
        5.0e4,
        "design; design notes 4.5",
        scale="log",
        doc="a film 0.1 mm thick",
    ),
    Param(
        "rock_film_contact",
        15.0,
        "minute",
        5.0,
        60.0,
        "design; design notes 4.5",
        scale="log",
        doc="time for which rain runs over bare rock",
    ),
    Param(
        "rock_film_mg",
        0.09,
        "1",
        0.0,
        0.5,
        "design; design notes 3.13",
        calibrate=False,
        doc="molar share of magnesium in the bare rock (dolomite share x gives x/(1+x))",
    ),
)
FLUXES = (
    Flow("infiltration", "throughfall that enters the soil"),
    Flow("rock_runoff", "throughfall that runs over bare rock into fissures"),
    Var("rock_film_dissolution", "mol m-2", "carbonate dissolved from bare rock", aggregate="sum"),
    Var("rock_film_uptake", "mol m-2", "atmospheric CO2 taken up by water on bare rock", aggregate="sum"),
)
MINUTES_PER_DAY = 1440.0


@kernel
def step(p, f, throughfall, forcing, x, k, dt, n_active):
    split(throughfall, f.rock_runoff, f.infiltration, p.rock_fraction, n_active)
    f.rock_film_dissolution = 0.0
    f.rock_film_uptake = 0.0
    if n_active == 0 or f.rock_runoff.volume < MINIMUM_VOLUME:
        return
    temperature = max(forcing.tas, 0.0)
    set_temperature(k, temperature, k.constant_set)
    load(x, f.rock_runoff, temperature)
    contact = p.rock_film_contact / MINUTES_PER_DAY
    pressure = co2_pressure(forcing)
    rate = thin_film_rate_constant(p.rock_film_area_to_volume, temperature, pressure, p.ca_factor)
    k_dt = p.carbonate_share * rate * contact
    rock, gas = open_step(x, k, p.rock_film_mg, pressure, 0.0, k_dt, 0.0, 0.0, LINEAR_START, LINEAR_ORDER)
    f.rock_film_dissolution = rock * f.rock_runoff.volume
    f.rock_film_uptake = gas * f.rock_runoff.volume
    apply(f.rock_runoff, f.rock_film_dissolution, f.rock_film_uptake, p.rock_film_mg)
    if k.tracers == 1.0:
        isotopes.rock_film(p, f, f.rock_film_dissolution, f.rock_film_uptake, contact, x)
