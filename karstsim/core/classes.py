"""Land-use and water classes: the rows whose parameters differ by class (design notes 3.12 and 12.12).

The plants of a box have a name of their own beside its water class (design notes 6.4): they set how carbon is taken up.

    water_moss      takes CO2 only, in the shade of springs and brooks (Fontinalis and other mosses)
    pondweed        takes HCO3- too (Potamogeton, Elodea)
    hydrilla        takes HCO3- too, grows in little light and closes its canopy (Hydrilla, Egeria)
    stonewort       takes HCO3- and lays down a calcite for each (Chara)
    phytoplankton   nothing grows on the bed
"""

LAND_USES = ("bare_rock", "cropland", "grass", "shrub", "secondary_forest", "virgin_forest")
WATER_CLASSES = ("headwater", "large_river", "reservoir", "tufa_stream", "planted_stream", "pond")
AQUATIC_PLANTS = ("water_moss", "pondweed", "hydrilla", "stonewort", "phytoplankton")


def by_land_use(*values: float) -> dict[str, float]:
    """One value per land use, in the order of `LAND_USES`."""
    return dict(zip(LAND_USES, values, strict=True))


def by_water_class(*values: float) -> dict[str, float]:
    """One value per water class, in the order of `WATER_CLASSES`."""
    return dict(zip(WATER_CLASSES, values, strict=True))


def by_plant(**values: float) -> dict[str, float]:
    """Values of some of the `AQUATIC_PLANTS`; others leave what the water class says."""
    unknown = set(values) - set(AQUATIC_PLANTS)
    if unknown:
        raise ValueError(f"no aquatic plants: {', '.join(sorted(unknown))}")
    return values
