"""Limestone tablets: rock of known mass, buried or hung up for months, weighed again.

    E = mass loss per area and time                                                        measured (`rates`), or
    E = 100.09 alpha f_wet u [Ca]eq                                                        virtual [design notes 9.2]
    sink = E purity 44/100 (t CO2) = E purity 12/100 (t C)

u = 1 - c/c_eq is how far from saturation the soil water at a tablet is. Its defaults by land use are back-solved from
published tablets (4.02, 7.0, 20, 63.5 g m-2 a-1: cropland, shrub, secondary and virgin forest), so a virtual tablet
returns those numbers, moved by the climate; it is no independent evidence for them. They were found with half the
bicarbonate of the spring as [Ca]eq and go with that, also where the CO2 of soil air is known; a u of one's own goes
with the CO2.
"""

from __future__ import annotations

import math

import numpy as np

from karstsim.analysis.carbon_units import FLUX
from karstsim.analysis.estimators.monitoring import Monitoring
from karstsim.analysis.estimators.record import Choice, Estimate, Method, Samples, Setting, Settings, finish
from karstsim.analysis.estimators.saturation import (
    OF_THE_SPRING,
    film_coefficient,
    half_bicarbonate,
    soil_saturation,
)
from karstsim.core.constants import DAYS_PER_YEAR, MOLAR_MASS_C, MOLAR_MASS_CACO3, SECONDS_PER_DAY
from karstsim.core.errors import InputError

UNDERSATURATION = {  # u by land use                                                             [design notes 9.2]
    "cropland": 0.0089, "shrub": 0.0129, "grass": 0.038, "secondary_forest": 0.0307, "virgin_forest": 0.0707,
}  # fmt: skip
PURITY = "CaCO3 of the tablets"
FEWEST = 3  # tablets, below which their spread is not known
USUAL_RATIO = (
    0.05,
    0.6,
)  # of tablets over hydrochemistry                                      [design notes 9.2]
SETTINGS = (
    Samples("rates", "g m-2 a-1", "mass losses of measured tablets; none: virtual tablets"),
    Choice("land_use", tuple(UNDERSATURATION), "whose undersaturation virtual tablets have"),
    Choice(
        "transfer", ("constant", "film"), "alpha: the setting, or the film model at soil temperature and CO2"
    ),
    Setting("undersaturation", math.nan, "1", 0.0, 1.0, "design", "u = 1 - c/c_eq instead of the land use's"),
    Setting(
        "alpha", 1.7e-7, "m s-1", 1e-8, 1e-5, "dreybrodt1991", "transfer coefficient of the film", 0.3, True
    ),
    Setting("film", 0.3, "mm", 0.01, 10.0, "design", "boundary layer, for transfer = film"),
    Setting("wet_share", 0.7, "1", 0.0, 1.0, "design", "share of the time or surface that is wet", 0.1),
    Setting("purity", 0.97, "1", 0.5, 1.0, "zhang2011", "CaCO3 in the tablet's mass", 0.01),
)


def run(m: Monitoring | None, s: Settings) -> Estimate:
    if s.rates.size:
        rates, said = _measured(s), [f"{s.rates.size} measured tablets"]
    elif m is None:
        raise InputError(
            "tablet", "has neither a table nor rates", "give a table, or rates=[...] in g m-2 a-1"
        )
    else:
        rates, said = _virtual(m, s)
    warnings = [
        "tablets see the local dissolution of a foreign, polished stone: usually 0.05 to 0.6 of hydrochemistry"
    ]
    if 0 < s.rates.size < FEWEST:
        warnings.append(f"{s.rates.size} tablets: the interval is not that of the site")
    if s.rates.size and (s.rates <= 0.0).any():
        warnings.append("some tablets gained mass: calcareous dust or calcite grew on them")
    values = rates * s.purity * MOLAR_MASS_C / MOLAR_MASS_CACO3
    parts = {
        "tablet rate": (float(rates[0]), "g m-2 a-1"),
        "tablet rate, as TDR": (0.1 * float(rates[0]), "mg cm-2 a-1"),
        PURITY: (float(s.purity[0]), "1"),
    }
    return finish(METHOD, values, FLUX, "CO2 consumed at the tablets' depth", parts, said, warnings)


def _measured(s: Settings) -> np.ndarray:
    picked = s.rng.integers(0, s.rates.size, (s.draws, s.rates.size))
    return np.r_[s.rates.mean(), s.rates[picked].mean(axis=1)]


def _virtual(m: Monitoring, s: Settings) -> tuple[np.ndarray, list[str]]:
    """(1 + draws,) mass loss, g m-2 a-1, and what was supposed."""
    found = soil_saturation(m)
    told = np.isfinite(s.undersaturation[0])
    u = s.undersaturation if told else np.full(s.alpha.size, UNDERSATURATION[s.land_use])
    whose = "" if told else f", of {s.land_use} (land_use=)"
    alpha = s.alpha if s.transfer == "constant" else film_coefficient(found, s.film[0]) * s.alpha / s.alpha[0]
    by_spring = not told and "hco3" in m
    product = alpha * (half_bicarbonate(m) if by_spring else found.calcium.mean())
    rate = MOLAR_MASS_CACO3 * SECONDS_PER_DAY * DAYS_PER_YEAR * product * s.wet_share * u
    said = [
        *m.notes,
        f"virtual tablets; u = {u[0]:.4g}{whose}",
        OF_THE_SPRING if by_spring else found.said,
        f"transfer: {s.transfer}",
    ]
    return rate, said


METHOD = Method(
    name="tablet",
    title="limestone tablets",
    equation="E purity 12/100; virtual: E = 100.09 alpha f_wet u [Ca]eq",
    needs=(("air_co2", "hco3", "alkalinity"), ("air_temperature", "temperature")),
    settings=SETTINGS,
    sees="dissolution at one place and depth, under one land use",
    misses="rock below the tablet, cracks, the water's way; what dissolves before water comes to the tablet",
    source="zhang2011",
    run=run,
    table_free=True,
)
