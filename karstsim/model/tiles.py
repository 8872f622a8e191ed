"""The land tile itself: its share of the catchment and its age. States, because land use moves area between tiles."""

from karstsim.core.spec import Var

NAME = "tile"
LEVEL = "tile"
PARAMS = ()
STATE = (
    Var("area_fraction", "1", "share of the karst area that the tile covers", standard_name="area_fraction"),
    Var("age", "year", "mean time since the tile's land began to change its use", aggregate="last"),
    Var("age_year", "1", "calendar year that the age was brought up to; 0 = none", aggregate="last"),
    Var("eroded_carbon", "mol m-2", "carbon lost with eroded soil since the start", aggregate="last"),
)
FLUXES = ()
