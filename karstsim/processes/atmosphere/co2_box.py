"""CO2 of the open air: prescribed by the forcing, or that of a well-mixed box of air that every flux leaves or enters.

    x = C/(n a),    dC/dt = a E - U                                                  C, U per karst area

x is the mole fraction, n the dry air above a square metre of sea level (surface pressure over gravity and molar mass),
a the area of the box over the karst area, E the emissions per area of the box, and U what plants, soils, waters and
caves take from the air less what they give to it. What people and animals eat or burn of a harvest is back in the air
at once. So the carbon of box, land and water changes only by emissions, rock, amendments, allogenic water, the harvest
that is kept, burial and export: the books of the step prove the whole loop.

U of a step meets the air at its end. A spin-up keeps the prescribed CO2; then the box starts from it.
"""

from enum import IntEnum

from karstsim.core.constants import DAYS_PER_YEAR, GRAMS_PER_KG, STANDARD_ATMOSPHERE, STANDARD_GRAVITY
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.air import PPM


class Co2Source(IntEnum):
    """What sets the CO2 of the open air: values of `atmosphere.co2_source`."""

    PRESCRIBED = 0
    BOX = 1


PRESCRIBED = int(Co2Source.PRESCRIBED)
PARAMS = (
    Param(
        "co2_source",
        PRESCRIBED,
        "1",
        0,
        len(Co2Source) - 1,
        "design",
        calibrate=False,
        integer=True,
        doc="0 CO2 of the forcing, 1 a box of air that exchanges carbon with land and water",
    ),
    Param(
        "box_area",
        1.0,
        "1",
        1.0,
        1.0e6,
        "design",
        calibrate=False,
        scale="log",
        doc="area of the box of air over the karst area; 23 for the whole Earth over its karst",
    ),
    Param(
        "emissions",
        0.0,
        "mol m-2 year-1",
        -1000.0,
        10000.0,
        "design",
        calibrate=False,
        doc="constant emissions into the box per area of the box, beside fco2antt of the forcing",
    ),
    Param(
        "harvest_respired",
        1.0,
        "1",
        0.0,
        1.0,
        "design",
        calibrate=False,
        doc="share of the harvest that returns to the box at once as food, feed and fuel",
    ),
)
STATE = (Var("air_carbon", "mol m-2", "carbon in the box of air, per karst area; 0 when CO2 is prescribed"),)
FLUXES = (
    Var("co2", "ppm", "CO2 mole fraction of the open air", "mole_fraction_of_carbon_dioxide_in_air"),
    Var("co2_uptake", "mol m-2", "net CO2 that land and water took from the open air", aggregate="sum"),
    Var("emitted", "mol m-2", "CO2 emitted into the box of air", aggregate="sum"),
    Var("harvest_returned", "mol m-2", "CO2 of the harvest that returned to the box", aggregate="sum"),
)
MOLAR_MASS_AIR = 28.9647  # g mol-1, dry                                [U.S. Standard Atmosphere 1976]
LOWEST = 1.0  # ppm; a run whose box falls below zero ends with an error
AIR_PER_AREA = STANDARD_ATMOSPHERE * GRAMS_PER_KG / (STANDARD_GRAVITY * MOLAR_MASS_AIR)  # mol m-2


@kernel
def air(p):
    """Dry air of the box, mol m-2 of karst area."""
    return AIR_PER_AREA * p.box_area


@kernel
def fill(p, s, forcing):
    """Give a box that has just been made the prescribed CO2; returns the carbon of it, mol m-2."""
    if p.co2_source == PRESCRIBED or s.air_carbon != 0.0:
        return 0.0
    s.air_carbon = forcing.co2 * PPM * air(p)
    return s.air_carbon


@kernel
def look(p, s, f, forcing):
    """Show the CO2 of the box, where there is one, in a forcing that may be written to."""
    if p.co2_source != PRESCRIBED:
        forcing.co2 = max(s.air_carbon / (air(p) * PPM), LOWEST)
    f.co2 = forcing.co2


@kernel
def settle(p, s, f, taken, harvest, forcing, dt):
    """Debit the box with what the catchment took from the air in the step, and bring emissions and harvest in.

    taken, harvest  mol m-2 of karst area
    """
    f.co2_uptake = taken
    f.emitted = 0.0
    f.harvest_returned = 0.0
    if p.co2_source == PRESCRIBED:
        return
    f.emitted = p.box_area * (p.emissions / DAYS_PER_YEAR + forcing.fco2antt) * dt
    f.harvest_returned = p.harvest_respired * harvest
    s.air_carbon += f.emitted + f.harvest_returned - taken
