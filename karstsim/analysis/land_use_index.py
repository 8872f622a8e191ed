"""Does a change of land use strengthen the karst sink? Index of Zeng, and the exact one (design notes 9.9).

    beta = (dDIC/DIC0) / (-dR/R0)                Phi = (DIC1 R1) / (DIC0 R0)

R is runoff depth, DIC its concentration. The sink grows where Phi > 1, which is beta > 1/(1 - y) with y = -dR/R0: where
runoff falls by 30 %, beta must exceed 1.43. The rule "beta > 1" holds for small changes only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from karstsim.core.errors import InputError


@dataclass(frozen=True)
class LandUseIndex:
    """beta (NaN where runoff does not fall), Phi, the threshold that beta must exceed, and what to beware of."""

    beta: float
    phi: float
    threshold: float
    warning: str

    @property
    def enhanced(self) -> bool:
        """Whether the sink is stronger after the change, after the exact rule."""
        return self.phi > 1.0


def land_use_index(
    dic_before: float, dic_after: float, runoff_before: float, runoff_after: float
) -> LandUseIndex:
    """Index of a change of DIC (any unit of concentration) and runoff (any depth), both of the same period.

    Raises InputError for a number that is not above 0.
    """
    if not min(dic_before, dic_after, runoff_before, runoff_after) > 0.0:
        given = f"DIC {dic_before:g} and {dic_after:g}, runoff {runoff_before:g} and {runoff_after:g}"
        raise InputError(
            "land_use_index", f"{given} are not all above 0", "give both before and after the change"
        )
    phi = dic_after * runoff_after / (dic_before * runoff_before)
    lost = 1.0 - runoff_after / runoff_before
    if lost <= 0.0:
        text = "runoff does not fall: beta is not defined, Phi decides"
        return LandUseIndex(math.nan, phi, math.nan, text)
    beta = (dic_after / dic_before - 1.0) / lost
    threshold = 1.0 / (1.0 - lost)
    text = ""
    if 1.0 < beta < threshold:
        text = f"beta is above 1 but below {threshold:.2f}: the sink is weaker (Phi {phi:.2f})"
    return LandUseIndex(beta, phi, threshold, text)
