"""Gas fluxes above ground, gaps filled: eddy covariance (net exchange) and chambers (soil CO2 efflux).

    NEE = -GPP + R_a + R_h - J_weath                                                    [design notes A54]

Gaps are filled with the mean of the same hour in a window of days that grows until it has values (mean diurnal course,
Falge et al. 2001). Weathering takes its CO2 out of soil air, so NEE holds it and cannot tell it from photosynthesis;
karst sink and NEE must not be added.
"""

from __future__ import annotations

import numpy as np

from karstsim.analysis.carbon_units import FLUX
from karstsim.analysis.estimators.monitoring import Monitoring
from karstsim.analysis.estimators.record import Estimate, Method, Setting, Settings, finish
from karstsim.core.constants import DAYS_PER_YEAR, MOLAR_MASS_C
from karstsim.core.errors import InputError
from karstsim.forcing import times as clock

WINDOWS = (
    3.5,
    7.0,
    15.0,
    30.0,
    183.0,
)  # days to each side; the first are those of Falge et al. (2001), 7 and 14 d
SECONDS_PER_HOUR, HOURS = 3600.0, 24.0
MOST_FILLED = 0.6  # share of gaps, from which the sum is mainly what was filled in
SYSTEMATIC = Setting("flux_error", 0.0, "1", -0.9, 0.9, "design", "relative error of all fluxes", 0.1)
RANDOM = Setting("noise", 0.3, "1", 0.0, 5.0, "design", "relative random error of one value")
SETTINGS = (SYSTEMATIC, RANDOM)


def fill(values: np.ndarray, days: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """Gaps filled with the mean of the same hour of day within the smallest of `WINDOWS` that has one."""
    out = values.copy()
    for place in np.flatnonzero(np.isnan(values)):
        same = (hours == hours[place]) & np.isfinite(values)
        for window in WINDOWS:
            near = same & (np.abs(days - days[place]) <= window)
            if near.any():
                out[place] = values[near].mean()
                break
    return out


def _sum(
    method: Method, m: Monitoring, s: Settings, name: str, sign: float, quantity: str, part: str
) -> Estimate:
    values, days = m.values(name), m.days
    if not np.isfinite(values).any():
        raise InputError(f"data, {name}", "has no value", "check its unit and its missing values")
    gaps = float(np.isnan(values).mean())
    hours = clock.seconds(m.data["time"].values) // SECONDS_PER_HOUR % HOURS
    filled = fill(values, days, hours)
    there = np.isfinite(filled)
    mean = float(np.average(filled[there], weights=m.weights(there)))
    measured = max(int(np.isfinite(values).sum()), 1)
    random = float(s.noise[0]) * float(np.nanmean(np.abs(values))) / np.sqrt(measured)
    draws = random * s.rng.standard_normal(s.draws)
    scale = sign * MOLAR_MASS_C * DAYS_PER_YEAR  # mol m-2 d-1 to g C m-2 a-1, which is t C km-2 a-1
    fluxes = scale * (mean + np.r_[0.0, draws]) * (1.0 + s.flux_error)
    warnings = [part]
    if gaps > MOST_FILLED:
        warnings.append(f"{100 * gaps:.0f} % are gaps: the sum is mainly filled in")
    if days[-1] < DAYS_PER_YEAR - 1.0:
        warnings.append(f"{days[-1]:.0f} days are no whole year: the season is in the result")
    return finish(method, fluxes, FLUX, quantity, {"gaps filled": (gaps, "1")}, m.notes, warnings)


def run_eddy(m: Monitoring, s: Settings) -> Estimate:
    part = "holds the CO2 of weathering: a karst sink is part of it, not beside it"
    return _sum(EDDY, m, s, "net_exchange", -1.0, "net uptake of CO2 by the ecosystem", part)


def run_chamber(m: Monitoring, s: Settings) -> Estimate:
    part = "what weathering takes out of soil air never reaches a chamber; the karst sink is 0.5 to 2 % of it"
    return _sum(CHAMBER, m, s, "soil_respiration", 1.0, "CO2 efflux of the soil", part)


EDDY = Method(
    name="eddy",
    title="eddy covariance",
    equation="-sum(NEE), gaps filled",
    needs=(("net_exchange",),),
    settings=SETTINGS,
    sees="all CO2 between land and air, weathering among it",
    misses="carbon that leaves with water; weathering apart from photosynthesis; its error exceeds the karst sink",
    source="falge2001",
    run=run_eddy,
)
CHAMBER = Method(
    name="chamber",
    title="soil chambers",
    equation="sum(soil CO2 efflux), gaps filled",
    needs=(("soil_respiration",),),
    settings=SETTINGS,
    sees="CO2 from roots and decay that leaves the soil",
    misses="weathering, which shows only as a difference to production; plants; carbon in water",
    source="falge2001",
    run=run_chamber,
)
