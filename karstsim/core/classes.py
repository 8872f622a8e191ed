"""Land-use and water classes: the rows whose parameters differ by class (design notes 3.12 and 12.12).

A tile has a lithology beside its land use: what soil and epikarst stand on.

    limestone          a tenth of dolomite in the carbonate (the default)
    dolomite           as many formula units of dolomite as of calcite
    mantled_limestone  soil and epikarst of a mantle without carbonate (residual clay and chert, loess, drift): water
                       takes up CO2 there and dissolves rock in the aquifer only

The plants of a box have a name of their own beside its water class (design notes 6.4): they set how carbon is taken up.

    water_moss      takes CO2 only, in the shade of springs and brooks (Fontinalis and other mosses)
    pondweed        takes HCO3- too (Potamogeton, Elodea)
    hydrilla        takes HCO3- too, grows in little light and closes its canopy (Hydrilla, Egeria)
    stonewort       takes HCO3- and lays down a calcite for each (Chara)
    phytoplankton   nothing grows on the bed
"""

LAND_USES = ("bare_rock", "cropland", "grass", "shrub", "secondary_forest", "virgin_forest")
WATER_CLASSES = ("headwater", "large_river", "reservoir", "tufa_stream", "planted_stream", "pond")
LITHOLOGIES = ("limestone", "dolomite", "mantled_limestone")
AQUATIC_PLANTS = ("water_moss", "pondweed", "hydrilla", "stonewort", "phytoplankton")


def by_land_use(*values: float) -> dict[str, float]:
    """One value per land use, in the order of `LAND_USES`."""
    return dict(zip(LAND_USES, values, strict=True))


def by_lithology(**values: float) -> dict[str, float]:
    """Values of some of the `LITHOLOGIES`; others leave what the land use says."""
    return _some_of(LITHOLOGIES, "lithology", values)


def by_water_class(*values: float) -> dict[str, float]:
    """One value per water class, in the order of `WATER_CLASSES`."""
    return dict(zip(WATER_CLASSES, values, strict=True))


def by_plant(**values: float) -> dict[str, float]:
    """Values of some of the `AQUATIC_PLANTS`; others leave what the water class says."""
    return _some_of(AQUATIC_PLANTS, "aquatic plants", values)


def _some_of(names: tuple[str, ...], kind: str, values: dict[str, float]) -> dict[str, float]:
    unknown = set(values) - set(names)
    if unknown:
        raise ValueError(f"no {kind}: {', '.join(sorted(unknown))}")
    return values
