"""Leaves as a series: leaf area index, absorbed light, or a vegetation index that stands for it (design notes 3.9)."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import numpy as np

FORMS = ("lai", "fapar", "ndvi")  # the first that is there is taken: it says most about leaves
NDVI_SLOPE, NDVI_OFFSET = 1.24, -0.168  # fAPAR of NDVI, a line [recalled; design notes 3.9]
GREENEST = 0.95  # largest share of light that a canopy is taken to absorb


def chosen(names: Container[Any]) -> str | None:
    """The form that is used among the variables there, or None without any."""
    return next((form for form in FORMS if form in names), None)


def absorbed(form: str, values: np.ndarray) -> np.ndarray:
    """Share of photosynthetically active radiation that leaves absorb, from `fapar` itself or from `ndvi`."""
    share = NDVI_SLOPE * values + NDVI_OFFSET if form == "ndvi" else values
    return np.clip(share, 0.0, GREENEST)
