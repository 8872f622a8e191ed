"""Dry deposition of sulfur and nitrogen: strong acids without a cation, that is negative alkalinity (design notes 4.6).

Sulfur arrives as H2SO4 (2 eq mol-1), oxidised nitrogen as HNO3 (1 eq mol-1). What rain brings is its own chemistry.
"""

from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.jit import kernel
from karstsim.core.spec import Param, Var

PARAMS = (
    Param(
        "dry_sulfur",
        0.06,
        "mol m-2 year-1",
        0.0,
        0.3,
        "design; design notes 3.13, 4.6: 0.05 to 0.3 eq",
        doc="dry deposition of sulfur as sulfuric acid; 0.06 mol are 0.12 eq or 19 kg S per hectare",
    ),
    Param(
        "dry_nitrogen",
        0.08,
        "mol m-2 year-1",
        0.0,
        0.5,
        "design; design notes 3.13, 4.6: 0.05 to 0.15 eq",
        doc="dry deposition of nitrogen as nitric acid; 0.08 mol are 11 kg N per hectare",
    ),
)
FLUXES = (
    Var("deposited_so4", "mol m-2", "sulfate from dry deposition", aggregate="sum"),
    Var("deposited_no3", "mol m-2", "nitrate from dry deposition", aggregate="sum"),
)


@kernel
def step(p, s, f, dt):
    years = dt / DAYS_PER_YEAR
    f.deposited_so4 = p.dry_sulfur * years
    f.deposited_no3 = p.dry_nitrogen * years
    s.pore_water.sol.so4 += f.deposited_so4
    s.pore_water.sol.no3 += f.deposited_no3
