"""Land-use and water classes: the rows whose parameters differ by class (science.md 3.12 and 12.12)."""

LAND_USES = ("bare_rock", "cropland", "grass", "shrub", "secondary_forest", "virgin_forest")
WATER_CLASSES = ("headwater", "large_river", "reservoir", "tufa_stream", "planted_stream", "pond")


def by_land_use(*values: float) -> dict[str, float]:
    """One value per land use, in the order of `LAND_USES`."""
    return dict(zip(LAND_USES, values, strict=True))


def by_water_class(*values: float) -> dict[str, float]:
    """One value per water class, in the order of `WATER_CLASSES`."""
    return dict(zip(WATER_CLASSES, values, strict=True))
