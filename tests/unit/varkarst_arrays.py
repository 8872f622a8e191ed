"""VarKarst a second time, with arrays over its compartments, from design notes 3.6 and 3.7, without karstsim."""

from __future__ import annotations

import numpy as np


def soil_and_epikarst(
    rain, rock, pet, n, a, a_f, v_s, v_e, k_e, b, lag: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Eq. 3.2 to 3.4, all compartments at once; starts with soils half full and epikarst a tenth. Amounts in mm.

    lag  VarKarst's concentration into the next step, otherwise V2Karst's in the same step
    Returns evapotranspiration, recharge, runoff, concentrated recharge of every day, and the epikarst's outflow Q_epi
    of every day and compartment.
    """
    x = np.arange(1, n + 1) / n
    w = x**a
    size_s, size_e = v_s * n / w.sum() * w, v_e * n / w.sum() * w
    time = np.maximum(1.0, k_e * n / w.sum() * ((n - np.arange(1, n + 1) + 1) / n) ** a)
    share = shaft_share(n, a_f)
    v, u = 0.5 * size_s, 0.1 * size_e
    lateral = np.zeros(n)
    out, outflow = np.zeros((len(rain), 4)), np.zeros((len(rain), n))
    for t in range(len(rain)):
        infiltration = rain[t] - rock[t] + lateral
        et = np.minimum(pet[t] * np.minimum(1.0, v / (b * size_s)), v + infiltration)
        to_epikarst = np.maximum(v + infiltration - et - size_s, 0.0)
        v = v + infiltration - et - to_epikarst
        water_in = u + to_epikarst + rock[t]
        q = np.minimum(u / time, water_in)
        excess = np.maximum(water_in - q - size_e, 0.0)
        u = water_in - q - excess
        m = int(np.flatnonzero(excess > 0.0).max()) if (excess > 0.0).any() else -1
        surplus = excess.sum()
        lateral = np.zeros(n)
        if lag:
            if m < n - 1:
                lateral[m + 1] = surplus
                surplus = 0.0
        else:
            later = np.arange(n) > m
            room = np.stack(
                [np.where(later, size_s - v, 0.0), np.where(later, size_e - u, 0.0)], axis=1
            ).ravel()
            filled = np.diff(np.minimum(np.r_[0.0, np.cumsum(room)], surplus))
            v, u = v + filled[0::2], u + filled[1::2]
            surplus -= filled.sum()
        out[t] = et.mean(), q.mean(), surplus / n, (share * q).mean()
        outflow[t] = q
    return out, outflow


def shaft_share(n: int, a_f: float) -> np.ndarray:
    """f_C of every compartment; with one the mean of the law over the area."""
    return (np.arange(1, n + 1) / n) ** a_f if n > 1 else np.array([1.0 / (1.0 + a_f)])


def residence_times(n: int, k_c: float, a_gw: float) -> np.ndarray:
    """Of all n reservoirs, d; the last is the conduit."""
    times = 1.0 / np.minimum(1.0, (1.0 / k_c) * (np.arange(1, n + 1) / n) ** a_gw)
    times[-1] = k_c
    return times


def groundwater(
    diffuse: np.ndarray, concentrated: np.ndarray, times: np.ndarray, start: np.ndarray
) -> np.ndarray:
    """Spring discharge of every day, mm, per area of the catchment.

    diffuse       (day, n) mm per area of a compartment; concentrated (day,) the same, the sum over compartments
    times, start  residence times and water at the start of the n reservoirs
    """
    v = start.copy()
    spring = np.zeros(len(diffuse))
    for t in range(len(diffuse)):
        full = v + diffuse[t]
        full[-1] += concentrated[t]
        q = full / times
        v = full - q
        spring[t] = q.mean()
    return spring
