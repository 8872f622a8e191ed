"""How an experiment says whether a claim holds."""

from __future__ import annotations


def within(value: float, low: float, high: float) -> bool:
    """Whether a value lies in the claim's band."""
    return low <= value <= high


def line(claim: str, result: str, reached: bool, kind: str) -> str:
    """One line: claim, result, verdict; `kind` is calibrated or predicted, and why."""
    return f"{claim:58} {result:>24}   {'reproduced' if reached else 'missed'} ({kind})"
