"""What an experiment may set: what a site has, and the parameters whose change is the experiment itself.

All else keeps the one default table. tests/unit/test_experiment_parameters.py reads configs and run.py, and fails on a
parameter that is not named here; and an experiment that sets one in spite of that, by whatever way, fails when the
scoreboard runs it. Parameters whose declared source is `site` or `management` are always permitted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch

from karstsim.core.errors import InputError
from karstsim.model import parameter_records, parameters
from karstsim.model.registry import Level
from karstsim.model.yearly import YearlyParameters

FREE = ("site", "management")  # beginnings of the source of parameters that a site has
OF_THE_SITE = ("site", "tile", "box")  # layers of parameters that follow from the site's own fields

# Beyond those: what a site has although a default stands for it.
SITE = {
    "soil.tillage": "what a farmer does",
    "soil.fertiliser_nitrogen": "what a farmer does",
    "soil.powder_diameter": "what a farmer spreads",
    "cave.area_fraction": "whether there is a cave",
    "aquifer.allogenic_area_ratio": "area outside the karst",
    "soil.rock_film_mg": "what rock there is",
    "soil.carbonate_share": "what rock there is",
    "epikarst.carbonate_share": "what rock there is",
    "aquifer.carbonate_share": "what rock there is",
    "epikarst.dolomite_share": "what rock there is",
    "aquifer.dolomite_share": "what rock there is",
}

# A field without plants: no class of land use is one.
NO_PLANTS = ("vegetation.fpar", "vegetation.crop_coefficient")

# Folder: parameters that it sets, all with their reason here.
EXPERIMENTS: dict[str, dict[str, tuple[str, ...]]] = {
    "allogenic_water": {"the sweep: conduits as long as the karst is wide": ("aquifer.conduit_residence_time",)},
    "attribution": {"the sweep: exchange with soil CO2": ("soil.isotope_exchange", "epikarst.isotope_exchange")},
    "catalysis_and_powder": {"the ladder of carbonic anhydrase": ("soil.ca_factor", "aquifer.ca_factor")},
    "closure": {
        "options that must close too": (
            "epikarst.compartments", "aquifer.conduit_cells", "soil.gas_layers", "aquifer.loss_share",
        ),
    },
    "diel": {"planted or not, water without a day of its own": ("surface_water.plant_cover",
             "surface_water.diel_amplitude", "surface_water.substeps")},
    "irrigation": {"soil warmed alone: evapotranspiration and production are given":
                   ("atmosphere.pet_law", "vegetation.npp_model"),
                   "an option beside the claim, for its miss": ("vegetation.root_temperature_response",)},
    "land_use_ladder": {"the tank of bare soil": NO_PLANTS},
    "pearl_river": {
        "k600 of each reach as the design gives it; step": (
            "surface_water.least_k600", "surface_water.greatest_k600", "surface_water.substeps",
        ),
        "the prototype's preset, beside the claim": ("surface_water.gross_production", "surface_water.plant_cover"),
    },
    "storm": {"what the design has for storms": ("epikarst.compartments", "aquifer.conduit_cells", "soil.gas_layers")},
    "strong_acids": {"the ladder of acids": ("soil.dry_nitrogen",)},
}  # fmt: skip

# Experiments that look at the runs of another one.
SAME_RUNS = {"x14_stability": "pearl_river"}

# Comparisons with data: fitted, or with what was measured beside the data; their verdicts say calibrated.
FITTED = ("blowing_springs", "blowing_springs_fit", "karstmod_spring", "soil_respiration", "french_creek")

# Experiments whose subject is the parameters themselves.
ABOUT_PARAMETERS = ("sensitivity", "synthetic_twin")


def names(folder: str) -> set[str]:
    """Every parameter that the experiment in this folder may set."""
    free = {name for name, address in parameters.by_name().items() if address.param.source.startswith(FREE)}
    own = EXPERIMENTS.get(SAME_RUNS.get(folder, folder), {})
    return free | set(SITE) | {name for some in own.values() for name in some}


@contextmanager
def enforced(folder: str) -> Iterator[None]:
    """InputError inside it from any run that sets a parameter which the experiment may not."""
    if folder in (*FITTED, *ABOUT_PARAMETERS):
        yield
        return
    row, allowed, yearly = parameter_records._row, names(folder), YearlyParameters.__post_init__

    def refuse(foreign: set[str]) -> None:
        if foreign:
            raise InputError(
                f"experiment {folder}, parameter {', '.join(sorted(foreign))}",
                "differs from the one table that all experiments share",
                "leave it, or name it with its reason in experiments/permitted.py",
            )

    def checked(level: Level, class_name: str, layers: Sequence[parameter_records.Layer]) -> dict[str, float]:
        refuse({n for where, layer in layers if where not in OF_THE_SITE for n in layer} - allowed)
        return row(level, class_name, layers)

    def checked_series(series: YearlyParameters) -> None:
        refuse(set(series.series) - allowed)
        yearly(series)

    with (
        patch.object(parameter_records, "_row", checked),
        patch.object(YearlyParameters, "__post_init__", checked_series),
    ):
        yield
