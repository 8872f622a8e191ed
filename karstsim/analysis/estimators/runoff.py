"""Yearly runoff of a table: from its discharge, else from rain less evapotranspiration, else as told."""

from __future__ import annotations

import math

from karstsim.analysis.estimators.monitoring import Monitoring
from karstsim.analysis.estimators.record import Setting
from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.errors import InputError

RUNOFF = Setting("runoff", math.nan, "mm a-1", 0.0, 2e4, "design", "runoff instead of that of the table")
RUNOFF_ERROR = Setting("runoff_error", 0.0, "1", -0.9, 0.9, "design", "relative error of the runoff", 0.05)


def yearly_runoff(m: Monitoring | None, told: float) -> tuple[float, str]:
    """Runoff (mm a-1) and where it is from. Raises InputError where nothing tells it."""
    if math.isfinite(told):
        return told, f"runoff {told:g} mm a-1, as told"
    if m is not None and "discharge" in m and m.per_area:
        return m.mean_flow * DAYS_PER_YEAR, "runoff from discharge"
    if m is not None and "precipitation" in m and "evapotranspiration" in m:
        left = m.mean("precipitation") - m.mean("evapotranspiration")
        if left > 0.0 and math.isfinite(left):
            return left * DAYS_PER_YEAR, "runoff as precipitation less evapotranspiration"
    mend = "give the area of the catchment (--area), or runoff= (--set runoff=) in mm a-1"
    raise InputError("runoff", "is not known per area", mend)
