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
WALL_RESOLUTION = 10.0  # smallest cell, in reaction lengths over the number of cells
ITERATIONS, TOLERANCE = 80, 1e-11
H_STEPS = 60
DIFFERENCE = 1e-6  # relative step of the surface rate's derivatives
LEAST_SHARE = 0.3  # of a positive quantity that one Newton step may leave
BATCH = 500  # nodes solved at once
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
        x.ca = saturation[j] * equilibrium[j]
        x.alkalinity = 2.0 * x.ca
        _SPECIATE(x, k, int(Mode.ALK_PCO2))
    return waters, equilibrium


def local_equilibrium(w: np.ndarray, s: np.ndarray, a: np.ndarray) -> tuple[np.ndarray, ...]:
    """h = 10^-pH of water with `s` of HCO3 + CO3 (pairs included) and alkalinity `a`, and its derivatives by s and a.

    s (d0 h + 2 d1)/(d0 h + d1) + n_oh/h - n_h h = a: falls with h, solved in ln h. `w` broadcasts with (n, cells).
    """
    d0, d1, n_oh, n_h = (w[name][:, None] for name in ("d0", "d1", "n_oh", "n_h"))
    log_low, log_high = np.full(s.shape, np.log(1e-13)), np.full(s.shape, np.log(1e-1))
    log_h = np.broadcast_to(-np.log(10.0) * w["ph"][:, None], s.shape).copy()
    for _ in range(H_STEPS):
        h = np.exp(log_h)
        share = d0 * h / (d0 * h + d1)  # of HCO3 in s
        f = s * (2.0 - share) + n_oh / h - n_h * h - a
        slope = -s * share * (1.0 - share) - n_oh / h - n_h * h
        log_low, log_high = np.where(f > 0.0, log_h, log_low), np.where(f > 0.0, log_high, log_h)
        new = log_h - f / slope
        new = np.where((new > log_low) & (new < log_high), new, 0.5 * (log_low + log_high))
        done = np.max(np.abs(new - log_h)) < 1e-13
        log_h = new
        if done:
            break
    h = np.exp(log_h)
    share = d0 * h / (d0 * h + d1)
    slope = (-s * share * (1.0 - share) - n_oh / h - n_h * h) / h
    return h, -(2.0 - share) / slope, 1.0 / slope


def surface_rate(w: np.ndarray, co2: np.ndarray, s: np.ndarray, ca: np.ndarray) -> np.ndarray:
    """PWP rate in PHREEQC's form (mol m-2 s-1) of the water at the wall: CO2, HCO3 + CO3, Ca total (mol kgw-1)."""
    h, _, _ = local_equilibrium(w, s[:, None], 2.0 * ca[:, None])
    h = h[:, 0]
    k1, k2, k3 = np.transpose([_PWP(float(t)) for t in w["temperature"]])
    forward = SI_PER_MMOL_CM2 * (k1 * h + k2 * w["g_co2"] * co2 + k3 * w["water_activity"])
    hco3 = s * h / (w["d0"] * h + w["d1"])
    omega = ca / w["ca_ratio"] * w["c_k2"] * hco3 / h / w["c_calcite"]
    return forward * (1.0 - np.maximum(omega, 0.0) ** OMEGA_EXPONENT)


def cell_edges(reaction_length: np.ndarray, cells: int) -> np.ndarray:
    """Grid (n, cells + 1) of z/eps: geometric from the wall, where the reaction layer must be resolved.

    reaction_length   sqrt(D/k+)/eps, (n,)
    """
    first = np.clip(WALL_RESOLUTION * reaction_length / cells, 1e-9, 1.0 / cells)
    low, high = np.ones_like(first), np.full_like(first, 3.0)
    for _ in range(200):  # ratio q of the geometric grid: first (q^n - 1)/(q - 1) = 1
        q = 0.5 * (low + high)
        total = first * (np.exp(cells * np.log(q)) - 1.0) / np.maximum(q - 1.0, 1e-15)
        low, high = np.where(total < 1.0, q, low), np.where(total < 1.0, high, q)
    widths = first[:, None] * np.exp(np.arange(cells)[None, :] * np.log(high)[:, None])
    edges = np.concatenate([np.zeros((first.size, 1)), np.cumsum(widths, axis=1)], axis=1)
    return edges / edges[:, -1:]


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
    depth_m     volume of water per area of wall, m, (n,), >= film_m; None: so large that the bulk is in equilibrium
    closed      no gas: the CO2 that the wall takes is made in the film and in the bulk. Needs `depth_m`
    hydration   hydration rate of CO2 in s-1 (n,) where it is not that of Johnson (1982)
    Raises ArithmeticError when Newton's method does not converge for a node.
    """
    d = np.array([_DIFFUSION(float(t)) for t in w["temperature"]])
    k_hyd = np.array([_HYDRATION(float(t)) for t in w["temperature"]]) if hydration is None else hydration
    k_hyd = k_hyd * ca_factor
    k_oh = np.array([_HYDROXYLATION(float(t)) for t in w["temperature"]]) * w["c_kw"]
    zeta = cell_edges(np.sqrt(d / _bulk_reaction_speed(w, k_hyd, k_oh)) / film_m, cells)
    film_share = np.zeros(w.size) if depth_m is None else film_m / depth_m
    # Rise of Ca and CT in the film per (F eps/D); in water of finite depth all of it fills up at one pace.
    height = 1.0 - zeta - 0.5 * film_share[:, None] * (1.0 - zeta * zeta)
    gap = np.diff(zeta, axis=1)
    volume = 0.5 * (np.pad(gap, ((0, 0), (0, 1))) + np.pad(gap, ((0, 0), (1, 0))))
    if depth_m is not None:
        volume[:, -1] += 1.0 / film_share - 1.0
    per_gap, scale = 1.0 / gap, volume * (film_m * film_m / d)[:, None]
    wall_scale = film_m / (LITRES * d)
    total = w["m_co2"] + w["m_hco3"] * (w["d0"] + w["d1"] * 10.0 ** w["ph"])
    u = np.repeat(w["m_co2"][:, None], cells + 1, axis=1)
    rise, shift = (
        np.zeros(w.size),
        np.zeros(w.size),
    )  # of Ca across the film; of HCO3 + CO3 in open finite water
    top, by_rise, by_shift = cells, cells + 1, cells + 2  # rows and columns of the linear system
    i = np.arange(cells)
    for _ in range(ITERATIONS):
        s = (total + shift)[:, None] + rise[:, None] * height - u
        a = 2.0 * (w["ca"][:, None] + rise[:, None] * height)
        q, q_u, q_rise, q_shift = (scale * x for x in _conversion(w, u, s, a, height, k_hyd, k_oh))
        flux = (u[:, 1:] - u[:, :-1]) * per_gap
        residual = np.zeros((w.size, cells + 3))
        residual[:, :by_rise] = np.pad(flux, ((0, 0), (0, 1))) - np.pad(flux, ((0, 0), (1, 0))) - q
        jacobian = np.zeros((w.size, cells + 3, cells + 3))
        jacobian[:, i, i] -= per_gap
        jacobian[:, i + 1, i + 1] -= per_gap
        jacobian[:, i, i + 1] = jacobian[:, i + 1, i] = per_gap
        jacobian[:, np.arange(top + 1), np.arange(top + 1)] -= q_u
        jacobian[:, :by_rise, by_rise], jacobian[:, :by_rise, by_shift] = -q_rise, -q_shift
        jacobian[:, by_shift, by_shift] = 1.0
        if not closed:
            residual[:, top], jacobian[:, top, :] = w["m_co2"] - u[:, top], 0.0
            jacobian[:, top, top] = -1.0
        if not closed and depth_m is not None:  # what dissolves needs as much CO2 turned into HCO3
            residual[:, by_shift] = rise - q.sum(axis=1)
            jacobian[:, by_shift, :by_rise] = -q_u
            jacobian[:, by_shift, by_rise] = 1.0 - q_rise.sum(axis=1)
            jacobian[:, by_shift, by_shift] = -q_shift.sum(axis=1)
        _wall_row(w, u[:, 0], s[:, 0], rise, height[:, 0], wall_scale, residual, jacobian)
        step = np.linalg.solve(jacobian, -residual[:, :, None])[:, :, 0]
        d_u, d_rise, d_shift = step[:, :by_rise], step[:, by_rise], step[:, by_shift]
        d_a = d_rise[:, None] * height
        share = _admissible(((u, d_u), (s, d_a + d_shift[:, None] - d_u), (a, 2.0 * d_a)))
        u, rise, shift = u + share[:, None] * d_u, rise + share * d_rise, shift + share * d_shift
        moved = np.max(np.abs(d_u), axis=1) / w["m_co2"] + np.abs(d_rise) / w["ca"]
        if np.all(moved < TOLERANCE):
            return rise / wall_scale
    raise ArithmeticError(
        f"film model: no convergence in {int(np.sum(moved >= TOLERANCE))} of {w.size} nodes"
    )


def _conversion(
    w: np.ndarray,
    u: np.ndarray,
    s: np.ndarray,
    a: np.ndarray,
    height: np.ndarray,
    k_hyd: np.ndarray,
    k_oh: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """CO2 turned into HCO3, k+ (CO2 - CO2eq) in mol kgw-1 s-1, and its derivatives by CO2, rise and shift."""
    h, h_s, h_a = local_equilibrium(w, s, a)
    d0, d1, c_k1 = w["d0"][:, None], w["d1"][:, None], w["c_k1"][:, None]
    bottom = d0 * h + d1
    e = s * h * h / (c_k1 * bottom)
    e_s, e_h = e / s, e * (2.0 / h - d0 / bottom)
    k = k_hyd[:, None] + k_oh[:, None] / h
    k_h = -k_oh[:, None] / (h * h)
    by_s = k_h * h_s * (u - e) - k * (e_s + e_h * h_s)
    by_a = (k_h * (u - e) - k * e_h) * h_a
    return k * (u - e), k - by_s, height * (by_s + 2.0 * by_a), by_s


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


def _wall_row(
    w: np.ndarray,
    co2: np.ndarray,
    s: np.ndarray,
    rise: np.ndarray,
    height: np.ndarray,
    wall_scale: np.ndarray,
    residual: np.ndarray,
    jacobian: np.ndarray,
) -> None:
    """The row of the wall: the rise of Ca across the film carries the surface rate; derivatives by differences."""
    ca = w["ca"] + rise * height
    rate = surface_rate(w, co2, s, ca)
    d_u, d_ca = DIFFERENCE * co2, DIFFERENCE * ca
    by_u = (surface_rate(w, co2 + d_u, s - d_u, ca) - rate) / d_u
    by_ca = (surface_rate(w, co2, s + d_ca, ca + d_ca) - rate) / d_ca
    by_shift = (surface_rate(w, co2, s + d_ca, ca) - rate) / d_ca
    residual[:, -2] = rise - wall_scale * rate
    jacobian[:, -2, 0] = -wall_scale * by_u
    jacobian[:, -2, -2] = 1.0 - wall_scale * by_ca * height
    jacobian[:, -2, -1] = -wall_scale * by_shift


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


def write_table() -> None:
    """Solve the model at every node and write the table that `film` reads."""
    values = np.log(alpha_at(table_nodes())).reshape(-1, len(film.LOG_FACTORS))
    header = "ln alpha (m s-1) of the film model; one row per deep or thin water, temperature, log10 pCO2, log10 film,"
    header += "\nslowest first, one column per log10 f_CA; written by python -m karstsim.chemistry.film_model"
    np.savetxt(film.TABLE_FILE, values, fmt="%.4f", delimiter=",", header=header)


if __name__ == "__main__":
    write_table()
