"""Diagnostics of the karst sink (science.md 9.1, 9.8, 9.13): forms of the flux, ratios, slopes, trends, elasticities."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PowerLaw:
    """c = a Q^b by least squares in logarithms, with the standard error of b."""

    factor: float
    slope: float
    slope_sd: float
    r2: float
    n: int


def chemostatic_slope(flow: np.ndarray, concentration: np.ndarray) -> PowerLaw:
    """Slope b of c = a Q^b: 0 chemostatic, -1 dilution; karst springs -0.05 to -0.25 (science.md 9.8).

    NaN where fewer than 3 pairs are positive or the flow does not change.
    """
    q, c = np.asarray(flow, "f8"), np.asarray(concentration, "f8")
    there = np.isfinite(q) & np.isfinite(c) & (q > 0.0) & (c > 0.0)
    x, y = np.log(q[there]), np.log(c[there])
    if x.size < 3 or np.ptp(x) == 0.0:
        return PowerLaw(math.nan, math.nan, math.nan, math.nan, x.size)
    dx, dy = x - x.mean(), y - y.mean()
    slope = float((dx * dy).sum() / (dx * dx).sum())
    left = dy - slope * dx
    error = math.sqrt(float((left * left).sum()) / (x.size - 2) / float((dx * dx).sum()))
    spread = float((dy * dy).sum())
    r2 = 1.0 - float((left * left).sum()) / spread if spread > 0.0 else math.nan
    return PowerLaw(math.exp(y.mean() - slope * x.mean()), slope, error, r2, x.size)
