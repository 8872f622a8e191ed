"""Interception as a canopy store, and the evaporative demand that is left for the soil (design notes 3.5).

V2Karst (Sarrazin et al. 2018) takes E = min(PET, V_can LAI, P) per day. Here the canopy evaporates at the rate
min(PET, V_can LAI per day) from a store of capacity V_can LAI: the same loss on a rainy day, and a law that does
not depend on the time step.
"""

from karstsim.core.classes import by_land_use
from karstsim.core.jit import kernel
from karstsim.core.spec import Flow, Param, Var
from karstsim.processes.atmosphere.potential_evapotranspiration import ALBEDO as REFERENCE_ALBEDO
from karstsim.processes.transport import evaporate, receive, withdraw

PARAMS = (
    Param(
        "crop_coefficient",
        0.85,
        "1",
        0.2,
        1.3,
        "design; design notes 3.12",
        by_class=by_land_use(0.45, 0.80, 0.83, 0.86, 0.92, 0.96),
        doc="ratio of the tile's potential evapotranspiration to the reference one",
    ),
    Param(
        "albedo",
        0.23,
        "1",
        0.05,
        0.5,
        "allen1998; design for rock and forests, design notes 3.5",
        calibrate=False,
        by_class=by_land_use(0.30, 0.23, 0.23, 0.23, 0.15, 0.15),
        doc="of shortwave radiation, for the laws of evapotranspiration with net radiation",
    ),
    Param("canopy_storage", 0.2, "mm", 0.1, 0.5, "sarrazin2018", doc="per unit of leaf area index"),
)
FLUXES = (
    Var("potential_evapotranspiration", "mm", "potential evapotranspiration of the tile", aggregate="sum"),
    Var("canopy_evaporation", "mm", "evaporation of intercepted water", aggregate="sum"),
    Flow("throughfall", "water that reaches the ground"),
)
DAY = 1.0


@kernel
def potential_evapotranspiration(p, air):
    """Reference evapotranspiration for the tile's own albedo, times its crop coefficient; mm in this step, not below 0.

    The reference has the albedo 0.23; what a darker or brighter tile absorbs more or less of the sun evaporates at
    the same rate, `air.pet_of_sun` per unit share.                                          [design notes 3.5]
    """
    return p.crop_coefficient * max(air.pet + (REFERENCE_ALBEDO - p.albedo) * air.pet_of_sun, 0.0)


@kernel
def step(p, s, f, air, dt, n_active):
    capacity = p.canopy_storage * f.leaf_area_index
    f.potential_evapotranspiration = potential_evapotranspiration(p, air)
    receive(s.canopy, air.rainfall, 1.0, n_active)
    f.canopy_evaporation = min(s.canopy.volume, f.potential_evapotranspiration, capacity * dt / DAY)
    evaporate(s.canopy, f.canopy_evaporation)
    # A canopy that dries out leaves its solutes to the next drip.
    withdraw(s.canopy, f.throughfall, max(s.canopy.volume - capacity, 0.0), n_active)
    receive(f.throughfall, air.melt, 1.0, n_active)
