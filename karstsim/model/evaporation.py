"""The laws of potential evapotranspiration that a simulation uses, and whether its forcing has what they need."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import xarray as xr

from karstsim.core.errors import InputError
from karstsim.forcing import humidity
from karstsim.processes.atmosphere.potential_evapotranspiration import PetLaw

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Supply:
    """What a forcing has beyond the variables that every run needs."""

    names: frozenset[str]
    daily: bool

    @classmethod
    def of(cls, dataset: xr.Dataset, dt: float) -> Supply:
        """dt  step, d"""
        return cls(frozenset(map(str, dataset.data_vars)), dt >= 1.0)

    @property
    def humidity(self) -> str | None:
        return humidity.chosen(self.names)

    @property
    def extremes(self) -> bool:
        return {"tasmin", "tasmax"} <= self.names


def laws_used(parameters: np.ndarray) -> list[PetLaw]:
    """The laws of all members, from the table of catchment parameters."""
    return [PetLaw(int(law)) for law in np.unique(parameters["atmosphere"]["pet_law"])]


def check_supply(laws: list[PetLaw], supply: Supply) -> list[str]:
    """What stands in for variables that a law would use and the forcing has not; each is logged.

    Raises InputError for a law that cannot be computed from this forcing.
    """
    notes: list[str] = []
    for law in laws:
        lacks = missing(law, supply)
        if lacks:
            raise InputError(
                f"parameter 'atmosphere.pet_law' = {int(law)} ({law.name.lower()})",
                f"needs {lacks}, which the forcing lacks",
                f"give the forcing {lacks}, or choose the law of Oudin (0)",
            )
        notes += [f"pet law {law.name.lower()}: {note}" for note in fallbacks(law, supply)]
    for note in notes:
        LOG.warning("repair: %s", note)
    return notes


def missing(law: PetLaw, supply: Supply) -> str:
    """What the law lacks, in words; empty when it has all."""
    if law is PetLaw.PRESCRIBED and "evspsblpot" not in supply.names:
        return "evspsblpot"
    if law is PetLaw.HARGREAVES_SAMANI and supply.daily and not supply.extremes:
        return "tasmin and tasmax"
    if law is PetLaw.PENMAN_MONTEITH and supply.humidity is None:
        return "hurs, huss or tdps"
    if law is PetLaw.PRIESTLEY_TAYLOR and supply.humidity is None and "rlds" not in supply.names:
        return "hurs, huss or tdps, or rlds"
    return ""


def fallbacks(law: PetLaw, supply: Supply) -> list[str]:
    """What the law takes where there is a choice, in words."""
    if law in (PetLaw.OUDIN, PetLaw.PRESCRIBED):
        return []
    if law is PetLaw.HARGREAVES_SAMANI:
        return [] if supply.daily else ["daily range of temperature from the steps of each local day"]
    longwave = "rlds" in supply.names
    notes = []
    if law is PetLaw.PENMAN_MONTEITH or not longwave:
        notes.append(f"vapour pressure from {supply.humidity}")
    if not longwave:
        notes.append("rlds absent, net longwave radiation from humidity and clearness (FAO-56, Eq. 39)")
    if supply.daily and not supply.extremes:
        notes.append(
            "tasmin and tasmax absent, saturation at the mean temperature (too low by some per cent)"
        )
    return notes


def taken(law: PetLaw, supply: Supply) -> list[str]:
    """The forcing variables that the law takes."""
    if law is PetLaw.PRESCRIBED:
        return ["evspsblpot"]
    if law is PetLaw.OUDIN:
        return ["tas"]
    extremes = ["tasmin", "tasmax"] if supply.extremes else []
    if law is PetLaw.HARGREAVES_SAMANI:
        return ["tas", *extremes]
    longwave = ["rlds"] if "rlds" in supply.names else []
    moist = law is PetLaw.PENMAN_MONTEITH or not longwave
    damp = [supply.humidity] if supply.humidity is not None and moist else []
    windy = ["sfcWind"] if law is PetLaw.PENMAN_MONTEITH else []
    return ["tas", *(extremes if moist else []), "ps", "rsds", *longwave, *damp, *windy]


def describe(parameters: np.ndarray, dataset: xr.Dataset, dt: float) -> dict[str, str]:
    """Each law with what it takes from the forcing, for `karstsim check`."""
    supply = Supply.of(dataset, dt)
    return {law.name.lower(): ", ".join(taken(law, supply)) for law in laws_used(parameters)}
