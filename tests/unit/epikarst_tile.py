"""A tile with soil and epikarst for tests of their water alone, and weather for it."""

from __future__ import annotations

import numpy as np

from karstsim.processes import epikarst, soil

# 100 mm of available water above 50 mm that never move
SOIL = {"depth": 0.5, "porosity": 0.5, "field_capacity_ratio": 0.6, "residual_water": 0.1}
V_S, RESIDUAL = 100.0, 50.0  # mm, of this soil


def water_capacity(p) -> tuple[float, float]:
    """(V_S, residual) of a soil, mm, from design notes 12.16."""
    depth = 1000.0 * float(p.depth)
    return (
        depth * (float(p.field_capacity_ratio) * float(p.porosity) - float(p.residual_water)),
        depth * float(p.residual_water),
    )


class Tile:
    """Soil half full, epikarst a tenth; no event water passes the epikarst unless asked for.

    step_kernel  kernel of one step of the water: it gets `records` first
    """

    def __init__(self, record_of, on_rows, step_kernel, soil_values, **values: float) -> None:
        self.ep, self.es, self.ef = (
            record_of(d, **v)
            for d, v in (
                (epikarst.PARAMS, {"event_share": 0.0, **values}),
                (epikarst.STATE, {}),
                (epikarst.FLUXES, {}),
            )
        )
        self.sp, self.ss, self.sf = (
            record_of(d, **v) for d, v in ((soil.PARAMS, soil_values), (soil.STATE, {}), (soil.FLUXES, {}))
        )
        capacity, residual = water_capacity(self.sp)
        self.ss.pore_water.volume = float(residual + 0.5 * capacity)
        self.es.water.volume = 0.1 * float(self.ep.capacity)
        self.call = on_rows(step_kernel)
        self.stress = 1.0

    @property
    def records(self) -> tuple:
        """Parameters, state and fluxes of epikarst and of soil."""
        return self.ep, self.es, self.ef, self.sp, self.ss, self.sf

    @property
    def storage(self) -> float:
        return float(self.ss.pore_water.volume + self.es.water.volume)


def weather(years: int, seed: int = 3, mean: float = 12.0) -> tuple[np.ndarray, np.ndarray]:
    """Daily rain and potential evapotranspiration, mm: wet winters, dry summers, a cloudburst now and then."""
    rng = np.random.default_rng(seed)
    season = np.cos(2.0 * np.pi * np.arange(365 * years) / 365.0)
    wet = rng.random(len(season)) < 0.35 + 0.25 * season
    rain = np.where(wet, rng.gamma(0.6, mean / 0.6, len(season)), 0.0)
    return rain, np.maximum(2.5 - 2.0 * season + rng.normal(0.0, 0.3, len(season)), 0.0)
