"""The linear response of the speciation against solutions of slightly different waters."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from karstsim.chemistry import lane_medium as at
from karstsim.chemistry import lane_response as lr
from karstsim.chemistry import lanes
from karstsim.chemistry.speciation import Mode
from karstsim.core.jit import python_callable

ALK_DIC = int(Mode.ALK_DIC)
UNKNOWNS = (at.H, at.HCO3, at.FREE_SO4, at.IONIC)
MOVED_H = python_callable(lr.moved_h)


@njit(error_model="numpy")
def solve(w: np.ndarray, tolerance: float) -> None:
    at.set_temperatures(w, 0)
    lanes.solve(w, 0, ALK_DIC, lanes.COLD, tolerance, tolerance)


@njit(error_model="numpy")
def respond(w: np.ndarray) -> None:
    at.refresh(w, 0)
    at.evaluate(w)
    lr.respond(w)


def waters(more_ca: float = 0.0, more_dic: float = 0.0, more_alk: float = 0.0) -> np.ndarray:
    """Eight karst waters, soft to gypsum-bearing, pH 6.4 to 9.6; calcium comes with its carbonate."""
    w = np.zeros(lr.WORDS)
    ca = np.array([0.3, 0.8, 1.5, 2.0, 2.5, 3.0, 4.0, 0.5]) * 1e-3
    so4 = np.array([0.0, 0.01, 0.1, 0.3, 0.5, 1.0, 2.5, 0.05]) * 1e-3
    na = np.array([0.0, 0.1, 0.2, 0.5, 0.3, 0.2, 1.0, 0.1]) * 1e-3
    share = np.array([1.5, 1.3, 1.1, 1.02, 1.05, 1.2, 2.0, 0.93])
    lane = np.arange(8)
    alk = 2.0 * (ca + 0.2e-3 - so4) + na
    w[at.TEMPERATURE + lane] = np.linspace(2.0, 30.0, 8)
    w[at.CA + lane], w[at.MG + lane], w[at.NA + lane], w[at.SO4 + lane] = ca + more_ca, 0.2e-3, na, so4
    w[at.ALK + lane] = alk + 2.0 * more_ca + more_alk
    w[at.DIC + lane] = share * alk + more_ca + more_dic
    return w


def unknowns(w: np.ndarray) -> np.ndarray:
    """ln h, ln hco3, ln so4 (0 without sulfate) and I of the eight lanes."""
    found = np.array([w[o : o + 8] for o in UNKNOWNS])
    found[:3] = np.log(np.where(found[:3] > 0.0, found[:3], 1.0))
    return found


@pytest.mark.parametrize(
    ("cause", "first"), [("more_ca", lr.X_CA), ("more_dic", lr.X_DIC), ("more_alk", lr.X_ALK)]
)
def test_responses(cause: str, first: int) -> None:
    """Central differences of solutions; what is left out (pairs of Mg, ion sizes) stays below 1 %, for sulfate 2 %."""
    step = 1e-8
    ends = []
    for sign in (1.0, -1.0):
        w = waters(**{cause: sign * step})
        solve(w, 1e-12)
        ends.append(unknowns(w))
    expected = (ends[0] - ends[1]) / (2.0 * step)
    w = waters()
    solve(w, 1e-12)
    respond(w)
    found = np.array([w[first + 8 * j : first + 8 * j + 8] for j in range(4)])
    error = np.abs(found - expected)
    assert (error[:2] < 0.01 * np.abs(expected[:2]).max(axis=0)).all()
    assert (error[2] < 0.02 * np.abs(expected[:3]).max(axis=0)).all()
    assert (error[3] < 0.02 * np.abs(expected[3]).max()).all()


def test_the_correction_leaves_a_square() -> None:
    """A point 3 % off is mended to a small part of that in one go, ionic strength included."""
    w = waters()
    solve(w, 1e-12)
    exact = unknowns(w)
    for o in UNKNOWNS:
        w[o : o + 8] *= 1.03
    off = unknowns(w) - exact
    respond(w)
    left = off + np.array([w[o : o + 8] for o in (lr.DX, lr.DY, lr.DZ, lr.DI)])
    assert (np.abs(left[:3]) < 0.06 * np.abs(off[:2]).max()).all()
    assert (np.abs(left[3]) < 0.1 * np.abs(off[3])).all()


def test_h_moves_between_its_limits() -> None:
    """CO2 alone makes h linear, CO3 alone 1/h; in between the slope at 0 is 1."""
    assert MOVED_H(0.3, 1.0) == pytest.approx(1.3)
    assert MOVED_H(0.3, 0.0) == pytest.approx(1.0 / 0.7)
    for acid in (0.0, 0.2, 0.5, 0.9, 1.0):
        assert MOVED_H(0.0, acid) == pytest.approx(1.0)
        assert (MOVED_H(1e-6, acid) - MOVED_H(-1e-6, acid)) / 2e-6 == pytest.approx(1.0, rel=1e-6)
        assert lr.LEAST <= MOVED_H(-9.0, acid) < MOVED_H(9.0, acid) <= lr.MOST
