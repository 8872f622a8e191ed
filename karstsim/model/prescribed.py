"""Series that the forcing must have where a parameter lets them stand for a process of the model."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from karstsim.core.errors import InputError
from karstsim.forcing import leaves
from karstsim.processes.soil.gas import RespirationModel
from karstsim.processes.soil.organic_carbon import MoistureModel
from karstsim.processes.vegetation.leaves import LeafModel
from karstsim.processes.vegetation.production import NppModel


@dataclass(frozen=True)
class Need:
    """A value of a tile's parameter, and the variables of which it needs one."""

    compartment: str
    parameter: str
    value: IntEnum
    names: tuple[str, ...]


NEEDS = (
    Need("vegetation", "npp_model", NppModel.PRESCRIBED, ("npp",)),
    Need("vegetation", "leaf_model", LeafModel.PRESCRIBED, leaves.FORMS),
    Need("soil", "respiration_model", RespirationModel.PRESCRIBED_HETEROTROPHIC, ("rhSoil",)),
    Need("soil", "respiration_model", RespirationModel.PRESCRIBED_TOTAL, ("rSoil",)),
    Need("soil", "moisture_model", MoistureModel.PRESCRIBED, ("swc",)),
)


def check_series(parameters: np.ndarray, there: Container[Any]) -> None:
    """Raise InputError for the first parameter whose series the forcing lacks.

    parameters  table of all tiles
    there       names of the forcing's variables
    """
    for need in NEEDS:
        asked = (parameters[need.compartment][need.parameter] == need.value).any()
        if asked and not any(name in there for name in need.names):
            series = " or ".join(need.names)
            raise InputError(
                f"parameter '{need.compartment}.{need.parameter}' = {int(need.value)} ({need.value.name.lower()})",
                f"needs {series}, which the forcing lacks",
                f"give the forcing {series}, or choose 0",
            )
