"""Manure and straw that people spread: carbon from outside the catchment, into the soil's pools (design notes 3.10, 8).

Each has a yearly rate, spread evenly over a season of given days that begins on a day of the year. Its parts are
decomposable and resistant plant material and humus: DPM, RPM and HUM of RothC, and the metabolic litter, structural
litter and slow organic matter of CENTURY.
"""

from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var
from karstsim.processes.soil.season import season_params, spread


def part_params(name: str, decomposable: float, humified: float, source: str) -> tuple[Param, ...]:
    """The parts of an amendment that are decomposable and humified; the rest is resistant."""
    return (
        Param(f"{name}_dpm", decomposable, "1", 0.0, 0.8, source, calibrate=False, doc="decomposable part"),
        Param(
            f"{name}_hum",
            humified,
            "1",
            0.0,
            0.15,
            "coleman1996",
            calibrate=False,
            doc="humified part; the rest is resistant",
        ),
    )


PARAMS = (
    *season_params("manure", 100.0, "carbon in farmyard manure; 1 t C ha-1 is 8.33 mol m-2"),
    *part_params("manure", 0.49, 0.02, "coleman1996"),
    *season_params(
        "straw", 100.0, "carbon in straw brought in; residue that a crop leaves is litter already"
    ),
    *part_params("straw", 0.59, 0.0, "coleman1996; DPM/RPM of crops, 1.44"),
)
FLUXES = (
    Var("manure", "mol m-2", "carbon in manure spread", aggregate="sum"),
    Var("straw", "mol m-2", "carbon in straw spread", aggregate="sum"),
)


@kernel
def step(p, f, forcing, dt):
    f.manure = spread(p.manure_rate, p.manure_day, p.manure_days, forcing.year_fraction, dt)
    f.straw = spread(p.straw_rate, p.straw_day, p.straw_days, forcing.year_fraction, dt)


@kernel
def parts(p, manure, straw):
    """(decomposable, resistant, humified) carbon of given amounts, in their unit."""
    decomposable = p.manure_dpm * manure + p.straw_dpm * straw
    humified = p.manure_hum * manure + p.straw_hum * straw
    return decomposable, manure + straw - decomposable - humified, humified
