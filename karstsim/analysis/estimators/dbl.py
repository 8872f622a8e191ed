"""Diffusion-boundary-layer method: the film at the rock lets calcium through as fast as the water is undersaturated.

    F = alpha (c_eq - c) A_c                                                      [design notes 9.3, dreybrodt1991]

c is the calcium (and magnesium) of the spring, c_eq that of water saturated under the CO2 of soil air, and A_c the
wetted rock surface per area of land, which nobody can measure: the method returns the A_c that would match the
hydrochemical flux as well. One mole of CO2 is consumed per mole of rock.
"""

from __future__ import annotations

import numpy as np

from karstsim.analysis.carbon_units import FLUX
from karstsim.analysis.estimators.monitoring import Monitoring
from karstsim.analysis.estimators.record import Choice, Estimate, Method, Setting, Settings, finish
from karstsim.analysis.estimators.saturation import film_coefficient, soil_saturation
from karstsim.core.constants import DAYS_PER_YEAR, MOLAR_MASS_C, SECONDS_PER_DAY

HALF = 0.5
SETTINGS = (
    Setting(
        "surface",
        1.0,
        "m2 m-2",
        0.0,
        1e6,
        "design",
        "wetted rock per area of land; 1: a flat floor",
        0.5,
        True,
    ),
    Choice(
        "transfer", ("constant", "film"), "alpha: the setting, or the film model at soil temperature and CO2"
    ),
    Setting(
        "alpha", 1.7e-7, "m s-1", 1e-8, 1e-5, "dreybrodt1991", "transfer coefficient of the film", 0.3, True
    ),
    Setting("film", 0.3, "mm", 0.01, 10.0, "design", "boundary layer, for transfer = film"),
    Setting("wet_share", 0.7, "1", 0.0, 1.0, "design", "share of the time that the rock is wet", 0.1),
    Setting(
        "calcium_error",
        0.0,
        "1",
        -0.9,
        0.9,
        "design",
        "relative error of c and c_eq against each other",
        0.03,
    ),
)


def run(m: Monitoring, s: Settings) -> Estimate:
    found = soil_saturation(m)
    rock = m.values("ca") + (np.nan_to_num(m.values("mg")) if "mg" in m else 0.0)
    c = m.weighted(rock) if "discharge" in m else float(np.nanmean(rock))
    alpha = s.alpha if s.transfer == "constant" else film_coefficient(found, s.film[0]) * s.alpha / s.alpha[0]
    deficit = found.calcium.mean() - c * (1.0 + s.calcium_error)
    per_surface = alpha * SECONDS_PER_DAY * DAYS_PER_YEAR * s.wet_share * deficit * MOLAR_MASS_C
    values = per_surface * s.surface
    parts = {
        "c_eq": (float(found.calcium.mean()), "mol m-3"),
        "c": (c, "mol m-3"),
        "alpha": (float(alpha[0]), "m s-1"),
    }
    warnings = []
    if deficit[0] <= 0.0:
        warnings.append("the spring is saturated against this c_eq: the method has nothing to measure")
    elif "discharge" in m and "hco3" in m and m.per_area:
        flux = HALF * m.flux(m.weighted(m.values("hco3")) * m.mean_flow)
        parts["surface that matches hydrochemistry"] = (float(flux / per_surface[0]), "m2 m-2")
    said = [
        *m.notes,
        found.said,
        f"wetted rock {s.surface[0]:g} m2 per m2 of land",
        f"transfer: {s.transfer}",
    ]
    return finish(METHOD, values, FLUX, "CO2 consumed at the rock's surface", parts, said, warnings)


METHOD = Method(
    name="dbl",
    title="diffusion boundary layer",
    equation="alpha (c_eq - c) A_c",
    needs=(("ca",), ("air_co2", "hco3", "alkalinity"), ("air_temperature", "temperature")),
    settings=SETTINGS,
    sees="how fast rock can dissolve into the water at the gauge",
    misses="the wetted surface, a guess within a factor of ten; what dissolved before: saturated water reads zero",
    source="dreybrodt1991",
    run=run,
)
