"""The land tile itself: how much of the catchment it covers. A state, because land use moves area between tiles."""

from karstsim.core.spec import Var

NAME = "tile"
LEVEL = "tile"
PARAMS = ()
STATE = (
    Var("area_fraction", "1", "share of the karst area that the tile covers", standard_name="area_fraction"),
)
FLUXES = ()
