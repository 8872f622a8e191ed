"""Overflow spring, and water lost to and gained from neighbouring basins.

    Q_o = max(V_c - V_T, 0)/K_o  (max(V_c - V_T, 0)/V_ref)^(b_o - 1)     overflow spring (trop-plein) of the conduit
    dV_m/dt = - L_0 - k_L max(V_m - V_L, 0)                              lost from the mobile matrix water

The overflow spring is part of the conduit's outflow in the balance (storage.py, hartmann_2015.py) and carries its
water. Losses of the matrix are settled before the balance: exactly for the step, the constant part limited to mobile
water. Gains are prescribed and enter like allogenic water, in equilibrium with their own CO2 pressure. With VarKarst's
reservoirs (`structure` 1, 2) V_m is the water of all reservoirs of the matrix.

Structures of KarstMod and the options, with `structure` 0, that give them: E, the soil and epikarst with `soil.depth`,
`epikarst.capacity`, `epikarst.residence_time`; the split E to M and C by `epikarst.recharge_shape`; E to C direct by
`epikarst.event_share`; M by `matrix_residence_time` (exponent 1); C by `conduit_residence_time`, `conduit_exponent`;
the exchange M-C by `exchange_rate`, `storativity_ratio`; M into C or straight to the spring by `matrix_to_conduit`; L,
the loss, by `loss_share`, `matrix_loss` and `matrix_loss_rate`; a threshold outlet of C by `overflow_threshold`;
pumping or inflow by `matrix_loss` and `gain`. A threshold outlet of E is `epikarst.capacity` with
`epikarst.overflow_to_shafts`. Not there: power laws of E and M, hysteretic discharge.
"""

import math

from karstsim.core.jit import kernel
from karstsim.core.spec import Flow, Param, Var
from karstsim.processes.recipe import come_from_outside, composition, dissolve_ions
from karstsim.processes.transport import assign, bring_to, clear, receive, withdraw

PARAMS = (
    Param(
        "overflow_threshold",
        10000.0,
        "mm",
        0.0,
        10000.0,
        "design",
        calibrate=False,
        doc="mobile conduit volume above which the overflow spring flows; 10000 = none",
    ),
    Param("overflow_residence_time", 1.0, "day", 0.05, 20.0, "design", scale="log", calibrate=False),
    Param("overflow_exponent", 1.0, "1", 1.0, 2.0, "design", calibrate=False),
    Param(
        "matrix_loss",
        0.0,
        "mm d-1",
        0.0,
        10.0,
        "design; design notes 12.20",
        calibrate=False,
        doc="constant loss of the matrix to a neighbouring basin",
    ),
    Param(
        "matrix_loss_rate",
        0.0,
        "day-1",
        0.0,
        0.2,
        "design; design notes 12.20",
        calibrate=False,
        doc="loss of the matrix to a neighbouring basin over its mobile water above the threshold",
    ),
    Param(
        "matrix_loss_threshold",
        0.0,
        "mm",
        0.0,
        1000.0,
        "design",
        calibrate=False,
        doc="mobile matrix water above which the loss by rate begins",
    ),
    Param(
        "gain",
        0.0,
        "mm d-1",
        0.0,
        20.0,
        "design; design notes 12.20",
        calibrate=False,
        doc="inflow from a neighbouring basin",
    ),
    Param("gain_to_conduit", 0.0, "1", 0.0, 1.0, "design", calibrate=False, doc="share of the gain"),
    *composition(
        "gain", "design; design notes 11", 8000.0, -12.0, 0.8, ca=1.8, mg=0.2, na=0.1, cl=0.1, so4=0.1
    ),
)
FLUXES = (
    Var("overflow_drained", "mm", "outflow of the conduit above its threshold", aggregate="sum"),
    Flow("gain", "water gained from a neighbouring basin"),
    Flow("matrix_loss", "matrix water lost to a neighbouring basin"),
    Flow("overflow_spring", "discharge of the overflow spring"),
    Flow("main_spring", "discharge of the main spring"),
)
LEAST_VOLUME = 1.0e-100  # mm; below it a conduit is empty


@kernel
def power_law(volume, residence_time, exponent, reference):
    """(Q, dQ/dV) = V/K (V/V_ref)^(b - 1) and its derivative: mm d-1, d-1; volumes in mm, K in d."""
    if exponent == 1.0 and volume >= 0.0:
        return volume / residence_time, 1.0 / residence_time
    if volume < LEAST_VOLUME:
        return 0.0, 0.0
    power = math.exp((exponent - 1.0) * math.log(volume / reference))
    return volume / residence_time * power, exponent * power / residence_time


@kernel
def overflow(volume, p):
    """(Q_o, dQ_o/dV_c): mm d-1, d-1, of the mobile conduit volume (mm)."""
    above = volume - p.overflow_threshold
    return power_law(above, p.overflow_residence_time, p.overflow_exponent, p.conduit_reference_volume)


@kernel
def lost_volume(mobile, p, dt):
    """Water that the matrix loses to neighbours in the step, mm."""
    above = max(mobile - p.matrix_loss_threshold, 0.0)
    by_rate = above * -math.expm1(-p.matrix_loss_rate * dt)
    return by_rate + min(p.matrix_loss * dt, max(mobile - by_rate, 0.0))


@kernel
def lose(p, s, f, dt, n_active):
    """Let the matrix lose water to its neighbours."""
    clear(f.matrix_loss, n_active)
    mobile = max(s.matrix.volume - p.matrix_immobile, 0.0)
    lost = lost_volume(mobile, p, dt)
    if lost > 0.0:
        withdraw(s.matrix, f.matrix_loss, lost, n_active)


@kernel
def gain(p, f, temperature, k, dt, n_active):
    """Fill the gain and add it to the recharge of matrix and conduit."""
    clear(f.gain, n_active)
    if p.gain <= 0.0:
        return
    f.gain.volume = p.gain * dt
    bring_to(f.gain, temperature)
    if n_active > 0:
        dissolve_ions(f.gain, p.gain_ca, p.gain_mg, p.gain_na, p.gain_k, p.gain_cl, p.gain_so4, p.gain_no3)
        come_from_outside(f.gain, p.gain_pco2, p.gain_d13c, p.gain_c14, k)
    receive(f.conduit_recharge, f.gain, p.gain_to_conduit, n_active)
    receive(f.matrix_recharge, f.gain, 1.0 - p.gain_to_conduit, n_active)


@kernel
def divide(p, f, n_active):
    """Divide the spring's water between the main and the overflow spring; both lose `loss_share` to neighbours."""
    share = f.overflow_drained / f.conduit_drained if f.conduit_drained > 0.0 else 0.0
    share = min(share, 1.0)
    assign(f.overflow_spring, f.conduit_discharge, (1.0 - p.loss_share) * share, n_active)
    assign(f.main_spring, f.matrix_discharge, 1.0 - p.loss_share, n_active)
    receive(f.main_spring, f.conduit_discharge, (1.0 - p.loss_share) * (1.0 - share), n_active)
