"""Repeated soil surveys: the difference of two stocks of organic carbon, and the smallest that could be seen.

    change = (mean of second - mean of first) / years
    least detectable = (t(0.975) + t(0.8)) sqrt(s1^2/n1 + s2^2/n2) / years        two-sided 5 %, power 80 %

The bulk density and depth of both surveys are supposed equal.
"""

from __future__ import annotations

import math

import numpy as np

from karstsim.analysis.carbon_units import FLUX
from karstsim.analysis.estimators.monitoring import Monitoring
from karstsim.analysis.estimators.record import Estimate, Method, Samples, Setting, Settings, finish
from karstsim.core.constants import DAYS_PER_YEAR, MOLAR_MASS_C
from karstsim.core.errors import InputError

KG, FLUX_PER_KG = 1e-3, 1e3  # kg per g; t C km-2 in one kg C m-2
SURE, POWER = 0.975, 0.8
FEWEST = 2
SIMULATED_SINK = "simulated_sink"  # only a simulation has it
SETTINGS = (
    Samples("first", "kg C m-2", "stocks of the first survey; none: of the table, sampled with `scatter`"),
    Samples("second", "kg C m-2", "stocks of the second survey"),
    Setting("years", math.nan, "a", 0.0, 1e3, "design", "between the surveys; default: the table's length"),
    Setting(
        "scatter", 0.25, "1", 0.0, 3.0, "design", "relative scatter of soil cores, for a table of one stock"
    ),
    Setting("cores", 30.0, "1", 2.0, 1e5, "design", "cores of each survey, for a table of one stock"),
)


def least_detectable(first: np.ndarray, second: np.ndarray) -> float:
    """Difference of two means that a t-test finds in 4 of 5 cases."""
    from scipy.stats import t

    error = np.sqrt(first.var(ddof=1) / first.size + second.var(ddof=1) / second.size)
    freedom = first.size + second.size - 2
    return float((t.ppf(SURE, freedom) + t.ppf(POWER, freedom)) * error)


def run(m: Monitoring | None, s: Settings) -> Estimate:
    first, second, years, said = _surveys(m, s)
    if min(first.size, second.size) < FEWEST or not years > 0.0:
        mend = "give first=, second= (kg C m-2, two cores or more each) and years="
        raise InputError(
            "soil_survey", f"has {first.size} and {second.size} cores over {years:g} years", mend
        )

    def drawn(stocks: np.ndarray) -> np.ndarray:
        return stocks[s.rng.integers(0, stocks.size, (s.draws, stocks.size))].mean(axis=1)

    change = np.r_[second.mean() - first.mean(), drawn(second) - drawn(first)] / years * FLUX_PER_KG
    least = least_detectable(first, second) / years * FLUX_PER_KG
    warnings = ["sees carbon in soil, not the karst sink"]
    if abs(change[0]) < least:
        warnings.append(f"the change is below the {least:.3g} {FLUX} that these cores can detect")
    parts = {"least detectable change": (least, FLUX), "first stock": (float(first.mean()), "kg C m-2")}
    return finish(METHOD, change, FLUX, "gain of soil organic carbon", parts, said, warnings)


def _surveys(m: Monitoring | None, s: Settings) -> tuple[np.ndarray, np.ndarray, float, list[str]]:
    years = float(s.years[0])
    if s.first.size or s.second.size or m is None or "soil_carbon" not in m:
        return s.first, s.second, years, [f"{s.first.size} and {s.second.size} cores"]
    there = np.isfinite(m.values("soil_carbon"))
    if there.sum() < FEWEST:
        raise InputError("soil_survey", "has fewer than two dates with soil_carbon", "add the other survey")
    stock, days = m.values("soil_carbon")[there] * MOLAR_MASS_C * KG, m.days[there]
    n, scatter = int(s.cores[0]), float(s.scatter[0])
    errors = s.rng.standard_normal((2, n))
    said = [*m.notes, f"{n} virtual cores at each end, scatter {scatter:g}"]
    if SIMULATED_SINK not in m:  # a table holds the mean of its cores, a simulation the truth that cores miss
        errors -= errors.mean(axis=1, keepdims=True)
        said[-1] = f"stocks of the table are means of {n} cores, scatter {scatter:g}"
    cores = [
        mean * (1.0 + scatter * error) for mean, error in zip((stock[0], stock[-1]), errors, strict=True)
    ]
    length = float(days[-1] - days[0]) / DAYS_PER_YEAR
    return cores[0], cores[1], length if math.isnan(years) else years, said


METHOD = Method(
    name="soil_survey",
    title="repeated soil survey",
    equation="(SOC2 - SOC1) / years",
    needs=(("soil_carbon",),),
    settings=SETTINGS,
    sees="what the soil gained or lost between two dates",
    misses="changes below the scatter of cores; why; carbon in water and rock",
    source="design",
    run=run,
    table_free=True,
)
