"""The diffusion boundary layer on a carbonate wall, with slow conversion of CO2 (design notes 4.4).

Water flows or stands before a wall of calcite; next to the wall lies a layer of thickness eps through which everything
moves by molecular diffusion, and CO2 turns into bicarbonate at its own slow pace (Buhmann & Dreybrodt 1985, Chem. Geol.
48:189; Dreybrodt & Buhmann 1991, Chem. Geol. 90:107). In the layer 0 <= z <= eps, z = 0 at the wall, with one
diffusion coefficient D for all solutes and a steady flux F of calcium

    D d2[CO2]/dz2 = k+ ([CO2] - [CO2]eq),      k+ = k_CO2 f_CA + k_OH [OH],   [CO2]eq = aH [HCO3]/K1'
    [Ca](z) = Ca_b + F (eps - z)/D,            CT(z) = CT_b + F (eps - z)/D
    wall:   d[CO2]/dz = 0,   F = R(surface)    bulk:  [CO2] = K_H pCO2, in equilibrium with its gas

HCO3, CO3, H and OH are in local equilibrium (charge balance, K2, Kw; pairs and activity coefficients are those of the
bulk water). R is the surface reaction in PHREEQC's form of the PWP law, so that F is zero exactly at saturation. The
model is solved here, once, for a table of the transfer coefficient alpha = F/(c_eq - c) at c = c_eq/2 (`film` looks it
up); ``python -m karstsim.chemistry.film_model`` writes the table again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from karstsim.chemistry import film
from karstsim.chemistry.constants import CONSTANTS_DTYPE, PB82, set_temperature
from karstsim.chemistry.equilibrium import equilibrate_open
from karstsim.chemistry.gas import diffusion_co2, hydration_rate, hydroxylation_rate
from karstsim.chemistry.rates import OMEGA_EXPONENT, SI_PER_MMOL_CM2, pwp_constants
from karstsim.chemistry.speciation import SOLUTION_DTYPE, Mode, speciate
from karstsim.core.jit import python_callable

M_PER_MM = 1e-3
LITRES = 1000.0  # per m3
CELLS = 100
RESOLUTION = 10.0  # smallest cell, in reaction lengths over the number of cells
ITERATIONS, TOLERANCE = 200, 1e-6
H_STEPS, H_TOLERANCE = 60, 1e-10  # the last step squares what is left
DIFFERENCE = 1e-6  # relative step of the surface rate's derivatives
LEAST_SHARE = 0.3  # of a positive quantity that one Newton step may leave
FULL_STEPS, DAMPED = (
    30,
    0.4,
)  # Newton steps that are taken whole, and the share of later ones: some go round in circles
BATCH = 1000  # nodes solved at once
STAGES = (1, 12)  # steps in which the wall is brought to its pace, tried in turn
SLOWEST = 1e-4  # pace of the wall in the first of them
TRACE = 1e-6  # of c_eq, least calcium of a water: its pairs need some
SATURATION = 0.5  # c/c_eq of the table

_SPECIATE, _OPEN, _SET = (python_callable(f) for f in (speciate, equilibrate_open, set_temperature))
_DIFFUSION, _HYDRATION, _HYDROXYLATION, _PWP = (
    python_callable(f) for f in (diffusion_co2, hydration_rate, hydroxylation_rate, pwp_constants)
)


def bulk_waters(
    temperature: np.ndarray, pco2: np.ndarray, saturation: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Waters of calcite and CO2 at a pressure (atm) with Ca = saturation c_eq, and c_eq (mol kgw-1).

    temperature (degC), pco2 and saturation are arrays of one shape (n,); returns SOLUTION_DTYPE (n,) and (n,).
    """
    waters = np.zeros(temperature.size, SOLUTION_DTYPE)
    equilibrium = np.zeros(temperature.size)
    k = np.zeros(1, CONSTANTS_DTYPE)[0]
    for j in range(temperature.size):
        _SET(k, float(temperature[j]), PB82)
        x = np.zeros(1, SOLUTION_DTYPE)[0]
        _OPEN(x, k, 0.0, float(pco2[j]), 0.0)
        equilibrium[j] = x.ca
        x = waters[j]
        x.temperature, x.pco2 = temperature[j], pco2[j]
        x.ca = max(saturation[j], TRACE) * equilibrium[j]
        x.alkalinity = 2.0 * x.ca
        _SPECIATE(x, k, int(Mode.ALK_PCO2))
    return waters, equilibrium


def local_equilibrium(
    w: np.ndarray, s: np.ndarray, a: np.ndarray, near: np.ndarray | None = None
) -> tuple[np.ndarray, ...]:
    """h = 10^-pH of water with `s` of HCO3 + CO3 (pairs included) and alkalinity `a`, and its derivatives by s and a.

    s (d0 h + 2 d1)/(d0 h + d1) + n_oh/h - n_h h = a: falls with h, solved in ln h, from `near` or the bulk's h on.
    `w` broadcasts with (n, cells).
    """
    d0, d1, n_oh, n_h = (w[name][:, None] for name in ("d0", "d1", "n_oh", "n_h"))
    log_low, log_high = np.full(s.shape, np.log(1e-13)), np.full(s.shape, np.log(1e-1))
    first = -np.log(10.0) * w["ph"][:, None] if near is None else np.log(near)
    log_h = np.broadcast_to(first, s.shape)
    for _ in range(H_STEPS):
        h = np.exp(log_h)
        share = d0 * h / (d0 * h + d1)  # of HCO3 in s
        f = s * (2.0 - share) + n_oh / h - n_h * h - a
        slope = -s * share * (1.0 - share) - n_oh / h - n_h * h
        log_low, log_high = np.where(f > 0.0, log_h, log_low), np.where(f > 0.0, log_high, log_h)
        new = log_h - f / slope
        new = np.where((new > log_low) & (new < log_high), new, 0.5 * (log_low + log_high))
        done = not np.any(np.abs(new - log_h) > H_TOLERANCE)
        log_h = new
        if done:
            break
    h = np.exp(log_h)
    share = d0 * h / (d0 * h + d1)
    slope = (-s * share * (1.0 - share) - n_oh / h - n_h * h) / h
    return h, -(2.0 - share) / slope, 1.0 / slope


def surface_constants(w: np.ndarray) -> np.ndarray:
    """k1, k2, k3 of the PWP law at the temperatures of the waters, (3, n)."""
    known = {t: _PWP(float(t)) for t in set(w["temperature"].tolist())}
    return np.transpose([known[t] for t in w["temperature"].tolist()])


def surface_rate(w: np.ndarray, co2: np.ndarray, s: np.ndarray, ca: np.ndarray) -> np.ndarray:
    """PWP rate in PHREEQC's form (mol m-2 s-1) of the water at the wall: CO2, HCO3 + CO3, Ca total (mol kgw-1)."""
    h, _, _ = local_equilibrium(w, s[:, None], 2.0 * ca[:, None])
    h = h[:, 0]
    k1, k2, k3 = surface_constants(w)
    forward = SI_PER_MMOL_CM2 * (k1 * h + k2 * w["g_co2"] * co2 + k3 * w["water_activity"])
    hco3 = s * h / (w["d0"] * h + w["d1"])
    omega = ca / w["ca_ratio"] * w["c_k2"] * hco3 / h / w["c_calcite"]
    return forward * (1.0 - np.maximum(omega, 0.0) ** OMEGA_EXPONENT)


def cell_edges(reaction_length: np.ndarray, cells: int) -> np.ndarray:
    """Grid (n, cells + 1) of z/eps: geometric from the wall and from the bulk or the air to the middle.

    There are reaction layers at both ends: at the wall, which makes CO2 scarce, and under the air of a thin film, where
    all CO2 enters. reaction_length: sqrt(D/k+)/eps, (n,); cells: an even number.
    """
    half = cells // 2
    first = np.clip(RESOLUTION * reaction_length / cells, 1e-9, 1.0 / cells)
    low, high = np.ones_like(first), np.full_like(first, 3.0)
    for _ in range(200):  # ratio q of the geometric grid: first (q^n - 1)/(q - 1) = 1/2
        q = 0.5 * (low + high)
        total = first * (np.exp(half * np.log(q)) - 1.0) / np.maximum(q - 1.0, 1e-15)
        low, high = np.where(total < 0.5, q, low), np.where(total < 0.5, high, q)
    widths = first[:, None] * np.exp(np.arange(half)[None, :] * np.log(high)[:, None])
    widths = np.concatenate([widths, widths[:, ::-1]], axis=1)
    edges = np.concatenate([np.zeros((first.size, 1)), np.cumsum(widths, axis=1)], axis=1)
    return edges / edges[:, -1:]


@dataclass(frozen=True)
class Layer:
    """The film of n waters on its grid, (n, cells + 1) unless said otherwise.

    height    rise of Ca in the film per that across it; a water of finite depth fills up at one pace
    height_ct the same of CO2 + HCO3 + CO3, which also come in from the air of a finite water
    per_gap   1/distance of neighbours in z/eps, (n, cells)
    scale     volume of a node (the last one has the bulk of a finite water) times eps2/D, s
    wall      eps/(1000 D), rise of Ca per surface rate, (n,)
    total     CO2 + HCO3 + CO3 of the bulk, (n,); k_hyd, k_oh: hydration (s-1) and hydroxylation times Kw, (n,)
    share     CO2 that becomes HCO3 per Ca, of a finite open water: it stays in equilibrium with its air, (n,)
    finite    the bulk is of finite depth and open: all its CO2 passes the film
    """

    height: np.ndarray
    height_ct: np.ndarray
    share: np.ndarray
    per_gap: np.ndarray
    scale: np.ndarray
    wall: np.ndarray
    total: np.ndarray
    k_hyd: np.ndarray
    k_oh: np.ndarray
    closed: bool
    finite: bool

    def at(self, rows: np.ndarray) -> Layer:
        """The films of these rows."""
        return Layer(*(v if isinstance(v, bool) else v[rows] for v in vars(self).values()))


@dataclass
class Profile:
    """What Newton's method looks for: CO2 (n, cells + 1), rise of Ca across the film, shift of HCO3 + CO3, (n,).

    h   10^-pH of the last look, (n, cells + 1): where the next one begins
    """

    co2: np.ndarray
    h: np.ndarray
    rise: np.ndarray
    shift: np.ndarray

    def at(self, rows: np.ndarray) -> Profile:
        """The profiles of these rows, a copy."""
        return Profile(*(v[rows] for v in vars(self).values()))

    def put(self, rows: np.ndarray, part: Profile) -> None:
        """Write the profiles of these rows back."""
        for name, values in vars(part).items():
            getattr(self, name)[rows] = values


def film_flux(
    w: np.ndarray,
    film_m: np.ndarray,
    ca_factor: np.ndarray,
    cells: int = CELLS,
    depth_m: np.ndarray | None = None,
    closed: bool = False,
    hydration: np.ndarray | None = None,
) -> np.ndarray:
    """Steady calcium flux F (mol m-2 s-1) from the wall through the film into the bulk waters `w`.

    w           bulk waters of `bulk_waters`, (n,)
    film_m      thickness of the diffusion boundary layer, m, (n,)
    ca_factor   factor on the hydration of CO2, (n,)
    cells       of the grid, an even number
    depth_m     volume of water per area of wall, m, (n,), >= film_m; None: so large that the bulk is in equilibrium
    closed      no gas: the CO2 that the wall takes is made in the film and in the bulk. Needs `depth_m`
    hydration   hydration rate of CO2 in s-1 (n,) where it is not that of Johnson (1982)
    NaN where no steady state is found: thin films of warm water almost free of CO2, which rather dissolve without air.
    """
    given = {"film_m": film_m, "ca_factor": ca_factor, "depth_m": depth_m, "hydration": hydration}
    flux = np.full(w.size, np.nan)
    rows = np.arange(w.size)
    for stages in STAGES:
        part = {name: None if value is None else value[rows] for name, value in given.items()}
        flux[rows] = _flux(w[rows], _layer(w[rows], **part, cells=cells, closed=closed), stages)
        rows = rows[~np.isfinite(flux[rows])]
        if rows.size == 0:
            break
    return flux


def _layer(
    w: np.ndarray,
    film_m: np.ndarray,
    ca_factor: np.ndarray,
    depth_m: np.ndarray | None,
    hydration: np.ndarray | None,
    cells: int,
    closed: bool,
) -> Layer:
    """The film of `film_flux` on its grid."""
    d = np.array([_DIFFUSION(float(t)) for t in w["temperature"]])
    k_hyd = np.array([_HYDRATION(float(t)) for t in w["temperature"]]) if hydration is None else hydration
    k_hyd = k_hyd * ca_factor
    k_oh = np.array([_HYDROXYLATION(float(t)) for t in w["temperature"]]) * w["c_kw"]
    zeta = cell_edges(np.sqrt(d / _bulk_reaction_speed(w, k_hyd, k_oh)) / film_m, cells)
    film_share = np.zeros(w.size) if depth_m is None else film_m / depth_m
    finite = depth_m is not None and not closed
    share = _converted_share(w) if finite else np.zeros(w.size)
    filled = 0.5 * film_share[:, None] * (1.0 - zeta * zeta)
    gap = np.diff(zeta, axis=1)
    volume = 0.5 * (np.pad(gap, ((0, 0), (0, 1))) + np.pad(gap, ((0, 0), (1, 0))))
    if depth_m is not None:
        volume[:, -1] += 1.0 / film_share - 1.0
    return Layer(
        1.0 - zeta - filled, 1.0 - zeta - (1.0 + share)[:, None] * filled, share,
        1.0 / gap, volume * (film_m * film_m / d)[:, None], film_m / (LITRES * d),
        w["m_co2"] + w["m_hco3"] * (w["d0"] + w["d1"] * 10.0 ** w["ph"]),
        k_hyd, k_oh, closed, finite,
    )  # fmt: skip


def _flux(w: np.ndarray, layer: Layer, stages: int) -> np.ndarray:
    """Flux (n,), NaN without convergence, by walls that react slowly first and at their own pace in the last stage."""
    nodes = layer.height.shape[1]
    bulk = (np.repeat(v[:, None], nodes, axis=1) for v in (w["m_co2"], 10.0 ** -w["ph"]))
    profile = Profile(*bulk, *np.zeros((2, w.size)))
    rows = np.arange(w.size)
    for pace in np.geomspace(SLOWEST, 1.0, stages) if stages > 1 else (1.0,):
        rows = _relax(w, layer, profile, pace, rows)
    flux = np.full(w.size, np.nan)
    flux[rows] = profile.rise[rows] / layer.wall[rows]
    return flux


def _relax(w: np.ndarray, layer: Layer, profile: Profile, pace: float, rows: np.ndarray) -> np.ndarray:
    """Newton's method in place, in these rows, for a wall of `pace` times its surface rate; the rows that converged."""
    done = [np.zeros(0, int)]
    with np.errstate(all="ignore"):  # waters that fail here are tried again in more stages
        for i in range(ITERATIONS):
            if rows.size == 0:
                break
            part = profile.at(rows)
            moved = _move(w[rows], layer.at(rows), part, pace, 1.0 if i < FULL_STEPS else DAMPED)
            profile.put(rows, part)
            done.append(rows[moved < TOLERANCE])
            rows = rows[moved >= TOLERANCE]
    return np.sort(np.concatenate(done))


def _move(w: np.ndarray, layer: Layer, profile: Profile, pace: float, damping: float) -> np.ndarray:
    """A share of a step of Newton's method, no further than stays well above zero; the step's relative size (n,)."""
    s, a = _carbonate(w, layer, profile)
    d_co2, d_rise, d_shift = _newton_step(w, layer, profile, pace)
    d_s = d_rise[:, None] * layer.height_ct + d_shift[:, None] - d_co2
    d_a = 2.0 * d_rise[:, None] * layer.height
    share = damping * _admissible(((profile.co2, d_co2), (s, d_s), (a, d_a)))
    profile.co2 += share[:, None] * d_co2
    profile.rise += share * d_rise
    profile.shift += share * d_shift
    return np.max(np.abs(d_co2), axis=1) / w["m_co2"] + np.abs(d_rise) / (w["ca"] + np.abs(profile.rise))


def _carbonate(w: np.ndarray, layer: Layer, profile: Profile) -> tuple[np.ndarray, np.ndarray]:
    """HCO3 + CO3 and alkalinity of every node."""
    s = (layer.total + profile.shift)[:, None] + profile.rise[:, None] * layer.height_ct - profile.co2
    return s, 2.0 * (w["ca"][:, None] + profile.rise[:, None] * layer.height)


def _newton_step(w: np.ndarray, layer: Layer, profile: Profile, pace: float) -> tuple[np.ndarray, ...]:
    """The step of CO2 (n, cells + 1), rise and shift (n,).

    The nodes know their neighbours, rise and shift only: they are eliminated first, for the residual and for the
    columns of rise and shift, and leave two equations: of the wall, and of all CO2 that becomes HCO3.
    """
    u, per_gap = profile.co2, layer.per_gap
    s, a = _carbonate(w, layer, profile)
    q, q_u, q_rise, q_shift = (layer.scale * x for x in _conversion(w, profile, s, a, layer))
    flux = (u[:, 1:] - u[:, :-1]) * per_gap
    right = np.stack([np.pad(flux, ((0, 0), (0, 1))) - np.pad(flux, ((0, 0), (1, 0))) - q, -q_rise, -q_shift])
    diagonal = -np.pad(per_gap, ((0, 0), (0, 1))) - np.pad(per_gap, ((0, 0), (1, 0))) - q_u
    lower, upper = np.pad(per_gap, ((0, 0), (1, 0))), np.pad(per_gap, ((0, 0), (0, 1)))
    if not layer.closed:  # the last node is in equilibrium with the gas
        right[0, :, -1], right[1:, :, -1] = w["m_co2"] - u[:, -1], 0.0
        diagonal[:, -1], lower[:, -1] = -1.0, 0.0
    here, by_rise, by_shift = _tridiagonal(lower, diagonal, upper, right)
    wall, w_u, w_rise, w_shift = _wall(w, layer, profile, s[:, 0], pace)
    b, c = w_rise - w_u * by_rise[:, 0], w_shift - w_u * by_shift[:, 0]
    r = wall - w_u * here[:, 0]
    if layer.finite:  # what dissolves needs its share of CO2 turned into HCO3
        e = layer.share - q_rise.sum(axis=1) + (q_u * by_rise).sum(axis=1)
        f = -q_shift.sum(axis=1) + (q_u * by_shift).sum(axis=1)
        g = layer.share * profile.rise - q.sum(axis=1) + (q_u * here).sum(axis=1)
    else:
        e, f, g = np.zeros(w.size), np.ones(w.size), np.zeros(w.size)
    determinant = b * f - c * e
    d_rise, d_shift = (c * g - f * r) / determinant, (e * r - b * g) / determinant
    return -here - by_rise * d_rise[:, None] - by_shift * d_shift[:, None], d_rise, d_shift


def _tridiagonal(lower: np.ndarray, diagonal: np.ndarray, upper: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solutions (m, n, k) of n systems of k rows for the right sides (m, n, k), by elimination without pivots.

    lower and upper (n, k) stand left and right of the diagonal; the first and last of them lie outside.
    """
    x, above = right.copy(), np.empty_like(upper)
    pivot = diagonal[:, 0]
    for j in range(diagonal.shape[1]):
        if j > 0:
            pivot = diagonal[:, j] - lower[:, j] * above[:, j - 1]
            x[:, :, j] -= lower[:, j] * x[:, :, j - 1]
        above[:, j] = upper[:, j] / pivot
        x[:, :, j] /= pivot
    for j in range(diagonal.shape[1] - 2, -1, -1):
        x[:, :, j] -= above[:, j] * x[:, :, j + 1]
    return x


def _conversion(
    w: np.ndarray,
    profile: Profile,
    s: np.ndarray,
    a: np.ndarray,
    layer: Layer,
) -> tuple[np.ndarray, ...]:
    """CO2 turned into HCO3, k+ (CO2 - CO2eq) in mol kgw-1 s-1, and its derivatives by CO2, rise and shift."""
    k_oh = layer.k_oh[:, None]
    u = profile.co2
    h, h_s, h_a = local_equilibrium(w, s, a, profile.h)
    profile.h = h
    d0, d1, c_k1 = w["d0"][:, None], w["d1"][:, None], w["c_k1"][:, None]
    bottom = d0 * h + d1
    e = s * h * h / (c_k1 * bottom)
    e_s, e_h = e / s, e * (2.0 / h - d0 / bottom)
    k = layer.k_hyd[:, None] + k_oh / h
    k_h = -k_oh / (h * h)
    by_s = k_h * h_s * (u - e) - k * (e_s + e_h * h_s)
    by_a = (k_h * (u - e) - k * e_h) * h_a
    return k * (u - e), k - by_s, layer.height_ct * by_s + layer.height * 2.0 * by_a, by_s


def _converted_share(w: np.ndarray) -> np.ndarray:
    """CO2 turned into HCO3 + CO3 per Ca dissolved, d(HCO3 + CO3)/dCa - 1 at constant CO2: 1 of water of HCO3 alone.

    Less where CO3 and OH share the alkalinity, down to -1 in water almost free of CO2.
    """
    h = 10.0 ** -w["ph"]
    d0, d1 = w["d0"], w["d1"]
    s = w["m_hco3"] * (d0 + d1 / h)
    _, h_s, h_a = (x[:, 0] for x in local_equilibrium(w, s[:, None], 2.0 * w["ca"][:, None]))
    by_h = 2.0 / h - d0 / (d0 * h + d1)  # of ln CO2eq
    return -2.0 * by_h * h_a / (1.0 / s + by_h * h_s) - 1.0


def _bulk_reaction_speed(w: np.ndarray, k_hyd: np.ndarray, k_oh: np.ndarray) -> np.ndarray:
    """Relaxation rate of CO2 towards its local equilibrium in the bulk water, s-1, (n,).

    Much faster than k+ where little carbonate is there to buffer: the equilibrium moves towards the CO2 as well.
    """
    h = 10.0 ** -w["ph"]
    s = w["m_hco3"] * (w["d0"] + w["d1"] / h)
    _, h_s, _ = local_equilibrium(w, s[:, None], 2.0 * w["ca"][:, None])
    co2 = w["m_co2"]
    by_s = co2 / s + co2 * (2.0 / h - w["d0"] / (w["d0"] * h + w["d1"])) * h_s[:, 0]
    return (k_hyd + k_oh / h) * (1.0 + by_s)


def _wall(
    w: np.ndarray, layer: Layer, profile: Profile, s: np.ndarray, pace: float
) -> tuple[np.ndarray, ...]:
    """Rise of Ca less what the surface rate carries, and its derivatives by CO2 at the wall, rise and shift (n,)."""
    co2, scale = profile.co2[:, 0], pace * layer.wall
    height, height_ct = layer.height[:, 0], layer.height_ct[:, 0]
    ca = w["ca"] + profile.rise * height
    rate = surface_rate(w, co2, s, ca)
    d_u, d_ca = DIFFERENCE * co2, DIFFERENCE * ca
    by_u = (surface_rate(w, co2 + d_u, s - d_u, ca) - rate) / d_u
    by_ca = (surface_rate(w, co2, s, ca + d_ca) - rate) / d_ca
    by_s = (surface_rate(w, co2, s + DIFFERENCE * s, ca) - rate) / (DIFFERENCE * s)
    by_rise = by_ca * height + by_s * height_ct
    return profile.rise - scale * rate, -scale * by_u, 1.0 - scale * by_rise, -scale * by_s


def _admissible(pairs: tuple[tuple[np.ndarray, np.ndarray], ...]) -> np.ndarray:
    """Share (n,) of a Newton step after which all quantities (value, move) are still well above zero."""
    share = np.ones(len(pairs[0][0]))
    for value, move in pairs:
        worst = np.minimum(np.min(move / value, axis=1), -1e-300)
        share = np.minimum(share, (LEAST_SHARE - 1.0) / worst)
    return share


def alpha(
    temperature: np.ndarray,
    pco2: np.ndarray,
    film_mm: np.ndarray,
    ca_factor: np.ndarray,
    saturation: float = SATURATION,
    cells: int = CELLS,
    depth_mm: np.ndarray | None = None,
) -> np.ndarray:
    """Transfer coefficient F/(c_eq - c), m s-1, at c = saturation c_eq; all inputs (n,): degC, atm, mm, 1.

    A saturation above 1 gives that of precipitation. `depth_mm`: of an open water that is not deep, such as a film
    on a stalagmite, where all CO2 must be converted within it.
    """
    pairs, where = np.unique(np.stack([temperature, pco2], axis=1), axis=0, return_inverse=True)
    waters, equilibrium = bulk_waters(pairs[:, 0], pairs[:, 1], np.full(len(pairs), saturation))
    where = where.ravel()
    w, c_eq = waters[where], equilibrium[where]
    flux = np.empty(w.size)
    for start in range(0, w.size, BATCH):
        part = slice(start, start + BATCH)
        depth = None if depth_mm is None else depth_mm[part] * M_PER_MM
        flux[part] = film_flux(w[part], film_mm[part] * M_PER_MM, ca_factor[part], cells, depth)
    return flux / (LITRES * (c_eq - w["ca"]))


def table_nodes() -> np.ndarray:
    """All nodes, (n, 5): 0 deep or 1 thin, temperature degC, log10 pCO2 in atm, log10 film in mm, log10 f_CA."""
    axes = ((0.0, 1.0), film.TEMPERATURES, film.LOG_PRESSURES, film.LOG_FILMS, film.LOG_FACTORS)
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))


def alpha_at(nodes: np.ndarray) -> np.ndarray:
    """alpha (m s-1) of the model at table nodes (n, 5)."""
    values = np.empty(len(nodes))
    for thin in (False, True):
        rows = nodes[:, 0] == float(thin)
        t, p, e, f = nodes[rows, 1], *(10.0 ** nodes[rows, j] for j in (2, 3, 4))
        values[rows] = alpha(t, p, e, f, depth_mm=e if thin else None)
    return values


def with_gaps_filled(values: np.ndarray) -> np.ndarray:
    """Table values, where a thin film has no steady state at the lowest pressure that of the next one.

    Raises ArithmeticError for any other node without a value.
    """
    filled = values.reshape(2, film.T_COUNT, film.P_COUNT, -1).copy()
    lowest = filled[1, :, 0]
    filled[1, :, 0] = np.where(np.isfinite(lowest), lowest, filled[1, :, 1])
    if not np.isfinite(filled).all():
        missing = int(np.sum(~np.isfinite(filled)))
        raise ArithmeticError(f"film model: no steady state in {missing} nodes of the table")
    return filled.reshape(values.shape)


def write_table() -> None:
    """Solve the model at every node and write the table that `film` reads."""
    values = np.log(with_gaps_filled(alpha_at(table_nodes()))).reshape(-1, len(film.LOG_FACTORS))
    header = "ln alpha (m s-1) of the film model; one row per deep or thin water, temperature, log10 pCO2, log10 film,"
    header += "\nslowest first, one column per log10 f_CA; written by python -m karstsim.chemistry.film_model"
    np.savetxt(film.TABLE_FILE, values, fmt="%.5f", delimiter=",", header=header)


if __name__ == "__main__":
    write_table()
