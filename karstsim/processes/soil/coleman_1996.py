"""RothC-26.3 by the month as published, with its own water balance (Coleman & Jenkinson 1996; design notes 3.10).

    SMD_max = -(20 + 1.3 clay - 0.01 clay^2) depth/23            soil moisture deficit, mm (0: none); depth cm
    SMD <- max(floor, min(0, SMD + rain - 0.75 E_pan))           floor SMD_max under plants, on bare soil the lower of
                                                                 SMD and 0.556 SMD_max
    rho_W = 1 above 0.444 SMD_max, linear to 0.2 at SMD_max

The column runs on simulated moisture (organic_carbon.py); this mode is for the published model itself, which
`karstsim.analysis.rothc` drives. Rates, partition and the other modifiers are those of rothc.py, the split of manure
that of amendments.py. Carbon is in t ha-1, also in the pools.
"""

from karstsim.core.jit import kernel
from karstsim.core.spec import Var
from karstsim.processes.soil import amendments, rothc

MONTH = (
    Var("temperature", "degC", "mean air temperature"),
    Var("rain", "mm", "rain"),
    Var("evaporation", "mm", "open-pan evaporation"),
    Var("plant", "t ha-1", "carbon of plants that enters the soil"),
    Var("manure", "t ha-1", "carbon of farmyard manure that enters the soil"),
    Var("covered", "1", "1 under plants, 0 on bare soil"),
    Var("dpm_rpm", "1", "decomposable over resistant material of the plants"),
)
STATE = (
    Var("deficit", "mm", "soil moisture deficit, 0 or negative"),
    *rothc.POOLS,
    Var("co2", "t ha-1", "carbon respired since the start"),
)
MODIFIERS = (
    Var("temperature", "1", "modifier for temperature"),
    Var("moisture", "1", "modifier for moisture"),
    Var("cover", "1", "modifier for plant cover"),
)
YEARS = 1.0 / 12.0
DEFICIT_BASE, DEFICIT_CLAY, DEFICIT_CLAY_SQUARED = 20.0, 1.3, 0.01  # mm, for the depth below
DEPTH = 23.0  # cm
PAN_FACTOR = 0.75
ONE_BAR, BARE = 0.444, 0.556  # of the largest deficit
BARE_MODIFIER = 1.0


@kernel
def largest_deficit(clay, depth):
    """SMD_max, mm; depth cm."""
    return -(DEFICIT_BASE + DEFICIT_CLAY * clay - DEFICIT_CLAY_SQUARED * clay * clay) * depth / DEPTH


@kernel
def next_deficit(deficit, largest, m):
    """Soil moisture deficit after month `m`, mm: it grows as far as plants can dry the soil."""
    floor = largest if m.covered > 0.0 else min(BARE * largest, deficit)
    return max(min(deficit + m.rain - PAN_FACTOR * m.evaporation, 0.0), floor)


@kernel
def moisture_modifier(deficit, largest):
    return rothc.wetness_modifier((largest - deficit) / (largest - ONE_BAR * largest))


@kernel
def step(p, s, f, m, depth):
    """One month.

    p        parameters of rothc.py and amendments.py
    s, f     STATE, MODIFIERS
    m        MONTH
    depth    cm
    """
    largest = largest_deficit(p.clay, depth)
    s.deficit = next_deficit(s.deficit, largest, m)
    f.temperature = rothc.temperature_modifier(m.temperature)
    f.moisture = moisture_modifier(s.deficit, largest)
    f.cover = p.cover_factor if m.covered > 0.0 else BARE_MODIFIER
    s.co2 += rothc.turn_over(p, s, 1.0, f.temperature * f.moisture * f.cover * YEARS)
    fresh = rothc.decomposable_share(m.dpm_rpm) * m.plant
    decomposable, resistant, humified = amendments.parts(p, m.manure, 0.0)
    rothc.receive(s, fresh + decomposable, m.plant - fresh + resistant, humified)
