"""Interventions in Python: one function for each kind, whose keywords are the keys of its `[[intervention]]` table.

import karstsim as ks
powder = ks.interventions.limestone_powder(rate=100.0, start=2030)
out = ks.simulate(site, forcing, interventions=[powder])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from karstsim.model.interventions import records
from karstsim.tomlfile import validated


def _maker(cls: type[records.Intervention]) -> Callable[..., records.Intervention]:
    def make(**values: Any) -> records.Intervention:
        return validated(cls, values, cls.KIND)

    make.__name__ = make.__qualname__ = cls.KIND
    make.__doc__ = cls.__doc__
    return make


vegetation_restoration = _maker(records.VegetationRestoration)
soil_improvement = _maker(records.SoilImprovement)
irrigation = _maker(records.Irrigation)
allogenic_diversion = _maker(records.AllogenicDiversion)
aquatic_plants = _maker(records.AquaticPlanting)
limestone_powder = _maker(records.LimestonePowder)
dolomite_powder = _maker(records.DolomitePowder)
carbonic_anhydrase = _maker(records.CarbonicAnhydrase)
bicarbonate_plants = _maker(records.BicarbonatePlants)
acid_load = _maker(records.AcidLoad)
dam = _maker(records.Dam)
