"""Meta-analysis of soil carbon: what a measure does on average, out of pairs of plots with and without it.

    R = exp(sum(n ln(treated / control)) / sum(n))                     n: replicates of a pair, equal without
    change = stock (R - 1) / years

The interval is that of pairs drawn again; it holds their scatter and neither the choice of the studies nor what was
never published.
"""

from __future__ import annotations

import math

import numpy as np

from karstsim.analysis.carbon_units import FLUX
from karstsim.analysis.estimators.monitoring import Monitoring
from karstsim.analysis.estimators.record import Estimate, Method, Samples, Setting, Settings, finish
from karstsim.core.errors import InputError

FLUX_PER_KG = 1e3  # t C km-2 in one kg C m-2
FEWEST, FEW = 2, 10  # pairs
SETTINGS = (
    Samples("treated", "any unit", "soil carbon of the plots with the measure, one number a pair"),
    Samples("control", "the same unit", "soil carbon of the plots without it, in the same order"),
    Samples("replicates", "1", "plots of each pair, its weight; none: all pairs weigh the same"),
    Setting("stock", math.nan, "kg C m-2", 0.0, 1e3, "design", "stock of the land to be changed", 0.1, True),
    Setting("years", math.nan, "a", 0.1, 1e3, "design", "over which the studies had the measure, on average"),
)


def run(m: Monitoring | None, s: Settings) -> Estimate:
    logs, weights = _pairs(s)
    places = np.vstack([np.arange(logs.size)[None], s.rng.integers(0, logs.size, (s.draws, logs.size))])
    ratio = np.exp((logs * weights)[places].sum(axis=1) / weights[places].sum(axis=1))
    said = [f"{logs.size} pairs, weighted {'by replicates' if s.replicates.size else 'equally'}"]
    warnings = ["sees carbon in soil, not the karst sink", "the mean of places that are not this one"]
    if logs.size < FEW:
        warnings.append(f"{logs.size} pairs: drawn again, so few of them give too narrow an interval")
    if math.isnan(s.stock[0]) or math.isnan(s.years[0]):
        said.append("no stock= and years= are told: a ratio and no flux")
        return finish(METHOD, ratio, "1", "response ratio of soil organic carbon", {}, said, warnings)
    change = s.stock * (ratio - 1.0) / s.years[0] * FLUX_PER_KG
    parts = {"response ratio": (float(ratio[0]), "1"), "stock": (float(s.stock[0]), "kg C m-2")}
    return finish(METHOD, change, FLUX, "gain of soil organic carbon", parts, said, warnings)


def _pairs(s: Settings) -> tuple[np.ndarray, np.ndarray]:
    """ln R and weight of every pair. Raises InputError for lists that do not belong together."""
    lengths = {s.treated.size, s.control.size, s.replicates.size or s.treated.size}
    if len(lengths) > 1 or s.treated.size < FEWEST:
        counts = f"{s.treated.size} treated, {s.control.size} control, {s.replicates.size} replicates"
        mend = (
            f"give treated= and control= of as many pairs, {FEWEST} or more (and replicates= of all or none)"
        )
        raise InputError("response_ratio", f"has {counts}", mend)
    if min(s.treated.min(), s.control.min()) <= 0.0 or (s.replicates <= 0.0).any():
        raise InputError("response_ratio", "has numbers that are not above 0", "leave such pairs out")
    weights = s.replicates if s.replicates.size else np.ones(s.treated.size)
    return np.log(s.treated / s.control), weights


METHOD = Method(
    name="response_ratio",
    title="meta-analysis by response ratios",
    equation="stock (exp(mean(ln(treated / control))) - 1) / years",
    needs=(),
    settings=SETTINGS,
    sees="what a measure did to soil carbon in studies elsewhere, on average",
    misses="the place; studies that nobody published; carbon in water and rock",
    source="design",
    run=run,
    table_free=True,
)
