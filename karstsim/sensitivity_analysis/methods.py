"""Sampling and analysis by SALib (Iwanaga et al. 2022), on the unit cube.

A factor is what is varied as one: a parameter, or a group of them. Points lie between 0 and 1 for every parameter;
what they mean is told by `factors.py`, so bounds and scales are the model's affair and the same indices come out for
any of them. Elementary effects (Morris) are therefore changes of the output over the whole range of a parameter.

    method      first paper                          members                 indices
    morris      Morris 1991, Campolongo et al. 2007  N (F + 1)               mu, mu_star, sigma
    sobol       Sobol 1993, Saltelli et al. 2010     N (F + 2), N (2F + 2)   S1, ST, with second order S2
    fast        Saltelli et al. 1999                 curves N F              S1, ST
    rbd_fast    Tarantola et al. 2006                N                       S1
    pawn        Pianosi & Wagener 2015               N                       median, mean, maximum
    delta       Borgonovo 2007, Plischke et al. 2013 N                       delta

Every index has a half-width of its confidence interval, `<index>_conf`: the standard deviation of bootstrap resamples
times the normal quantile, but for FAST, whose points on a curve cannot be resampled: there it is the standard error of
the mean over curves of independent random phases, times Student's quantile.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from karstsim.core.errors import InputError

METHODS = ("morris", "sobol", "fast", "rbd_fast", "pawn", "delta")
WITH_GROUPS = ("morris", "sobol")
MAY_DROP = ("morris", "rbd_fast", "pawn", "delta")  # the others need every member of their design
INDICES = {
    "morris": ("mu", "mu_star", "sigma"),
    "sobol": ("S1", "ST"),
    "fast": ("S1", "ST"),
    "rbd_fast": ("S1",),
    "pawn": ("median", "mean", "maximum"),
    "delta": ("delta",),
}
SECOND = "S2"
FAST_HARMONICS = 4  # M of Saltelli et al. 1999: a curve needs more than 4 M^2 points
RBD_HARMONICS = (
    10  # its interval takes half of the members, from which 2 M / N of the variance is taken off as bias
)
LEAST = {  # of samples
    "morris": 2, "sobol": 2, "fast": 65, "rbd_fast": 8 * RBD_HARMONICS, "pawn": 40, "delta": 40,
}  # fmt: skip
DELTA_GRID = 100  # points at which densities are compared
MOST_CLASSES = 48
SPARE_RESAMPLES = 2  # the fewest that SALib takes where its own intervals are not used

Indices = dict[str, np.ndarray]


@dataclass(frozen=True)
class Design:
    """What was asked for.

    names    parameters;  groups: group of each, or none;  samples: N of the table above
    levels   of Morris' grid;  curves: of FAST;  slices: of PAWN's conditioning
    """

    method: str
    names: tuple[str, ...]
    samples: int
    groups: tuple[str, ...] = ()
    second_order: bool = False
    levels: int = 4
    curves: int = 4
    slices: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        least = LEAST[self.method]
        if self.samples < least:
            raise InputError(
                "sensitivity.samples",
                f"{self.samples} are too few for {self.method}",
                f"give {least} or more",
            )
        if self.method == "sobol" and self.samples & (self.samples - 1):
            power = 2 ** round(math.log2(self.samples))
            mend = f"give a power of two, such as {power}: only then is the sequence balanced"
            raise InputError("sensitivity.samples", f"{self.samples} is no power of two", mend)
        if self.groups and self.method not in WITH_GROUPS:
            mend = f"use {' or '.join(WITH_GROUPS)}, or remove the groups"
            raise InputError("sensitivity.groups", f"mean nothing to {self.method}", mend)
        if self.second_order and self.method != "sobol":
            raise InputError("sensitivity.second_order", f"is not given by {self.method}", "use sobol")
        if self.levels % 2:
            raise InputError("sensitivity.levels", f"{self.levels} is odd", "give an even number, such as 4")
        if len(self.factors) < 2:
            raise InputError("sensitivity", "varies less than two factors", "give more parameters or groups")

    @property
    def factors(self) -> tuple[str, ...]:
        """Groups, or parameters where there are none."""
        return tuple(dict.fromkeys(self.groups or self.names))

    @property
    def unit(self) -> int:
        """Members that belong together: a trajectory, a row with its exchanges, a set of curves; else one."""
        n = len(self.factors)
        if self.method == "morris":
            return n + 1
        if self.method == "sobol":
            return 2 * n + 2 if self.second_order else n + 2
        return self.samples * n if self.method == "fast" else 1

    @property
    def units(self) -> int:
        return self.curves if self.method == "fast" else self.samples

    @property
    def members(self) -> int:
        return self.unit * self.units

    @property
    def indices(self) -> tuple[str, ...]:
        return INDICES[self.method]

    @property
    def problem(self) -> dict[str, Any]:
        """As SALib wants it."""
        problem = {
            "num_vars": len(self.names),
            "names": list(self.names),
            "bounds": [[0.0, 1.0]] * len(self.names),
        }
        return {**problem, "groups": list(self.groups)} if self.groups else problem


def points(design: Design) -> np.ndarray:
    """Points of the design in the unit cube, (members, parameters); the same seed gives the same points."""
    n, seed = design.samples, design.seed
    with quiet():
        if design.method == "morris":
            return _salib("sample.morris").sample(design.problem, n, num_levels=design.levels, seed=seed)
        if design.method == "sobol":
            second = design.second_order
            return _salib("sample.sobol").sample(design.problem, n, calc_second_order=second, seed=seed)
        if design.method == "fast":
            sampler = _salib("sample.fast_sampler")
            rng = np.random.default_rng(seed)
            curves = [
                sampler.sample(design.problem, n, M=FAST_HARMONICS, seed=rng) for _ in range(design.curves)
            ]
            return np.concatenate(curves)
        return _salib("sample.latin").sample(design.problem, n, seed=seed)


def analyse(
    design: Design, x: np.ndarray, y: np.ndarray, confidence: float = 0.95, resamples: int = 100
) -> Indices:
    """Indices and half-widths of their intervals, (factors,); S2 (factors, factors) above the diagonal.

    x  (members, parameters) points in the unit cube;  y: (members,) finite outputs, whole units of the design
    An output that does not vary has no indices: all are NaN.
    """
    if not varies(y):
        return _nothing(design)
    with quiet():
        return _ANALYSES[design.method](design, x, y, confidence, resamples)


def varies(y: np.ndarray) -> bool:
    """Whether an output changes by more than rounding."""
    return bool(np.ptp(y) > 1e-12 * np.max(np.abs(y)))


def _nothing(design: Design) -> Indices:
    n = len(design.factors)
    found = {name + end: np.full(n, np.nan) for name in design.indices for end in ("", "_conf")}
    if design.second_order:
        found.update({SECOND + end: np.full((n, n), np.nan) for end in ("", "_conf")})
    return found


def _morris(design: Design, x: np.ndarray, y: np.ndarray, confidence: float, resamples: int) -> Indices:
    """SALib gives mu_star an interval; those of mu and sigma come from the same resampling of trajectories.

    A step of a group moves some members up and others down, so its effect has no sign: mu and sigma are NaN there.
    """
    analyze = _salib("analyze.morris").analyze
    unsigned = np.array([design.groups.count(name) > 1 for name in design.factors])

    def found(rows: np.ndarray) -> Indices:
        result = analyze(
            design.problem, x[rows], y[rows], num_levels=design.levels, num_resamples=SPARE_RESAMPLES,
            seed=np.random.default_rng(design.seed),
        )  # fmt: skip
        order = [list(result["names"]).index(name) for name in design.factors]
        each: Indices = {
            n: np.ma.filled(np.ma.asarray(result[n], float), np.nan)[order] for n in design.indices
        }
        return {n: np.where(unsigned & (n != "mu_star"), np.nan, values) for n, values in each.items()}

    return _bootstrapped(design, found, len(y), confidence, resamples)


def _sobol(design: Design, x: np.ndarray, y: np.ndarray, confidence: float, resamples: int) -> Indices:
    result = _salib("analyze.sobol").analyze(
        design.problem, y, calc_second_order=design.second_order, num_resamples=resamples,
        conf_level=confidence, seed=_salib_seed(design),
    )  # fmt: skip
    names = (*design.indices, SECOND) if design.second_order else design.indices
    return {n + end: np.asarray(result[n + end], float) for n in names for end in ("", "_conf")}


def _fast(design: Design, x: np.ndarray, y: np.ndarray, confidence: float, resamples: int) -> Indices:
    analyze = _salib("analyze.fast").analyze
    curves = [
        analyze(
            design.problem, part, M=FAST_HARMONICS, num_resamples=SPARE_RESAMPLES, seed=_salib_seed(design)
        )
        for part in y.reshape(-1, design.unit)
    ]
    n = len(curves)
    quantile = stats.t.ppf(0.5 + confidence / 2.0, n - 1) if n > 1 else np.nan
    result: Indices = {}
    for name in design.indices:
        values = np.array([curve[name] for curve in curves], float)
        result[name] = values.mean(axis=0)
        spread = values.std(axis=0, ddof=1) if n > 1 else np.full(values.shape[1], np.nan)
        result[f"{name}_conf"] = quantile * spread / math.sqrt(n)
    return result


def _rbd_fast(design: Design, x: np.ndarray, y: np.ndarray, confidence: float, resamples: int) -> Indices:
    result = _salib("analyze.rbd_fast").analyze(
        design.problem,
        x,
        y,
        M=RBD_HARMONICS,
        num_resamples=resamples,
        conf_level=confidence,
        seed=design.seed,
    )
    return {name: np.asarray(result[name], float) for name in ("S1", "S1_conf")}


def _pawn(design: Design, x: np.ndarray, y: np.ndarray, confidence: float, resamples: int) -> Indices:
    """Distances of Kolmogorov and Smirnov between the output in slices of a parameter and all of it.

    Equal to SALib's to rounding, and fifty times faster, without which hundreds of resamples take minutes.
    """

    def found(rows: np.ndarray) -> Indices:
        distances = np.array([_distances(x[rows, i], y[rows], design.slices) for i in range(x.shape[1])])
        return {
            "median": np.nanmedian(distances, axis=1),
            "mean": np.nanmean(distances, axis=1),
            "maximum": np.nanmax(distances, axis=1),
        }

    return _bootstrapped(design, found, len(y), confidence, resamples)


def _distances(x: np.ndarray, y: np.ndarray, slices: int) -> np.ndarray:
    """Of each slice (equal shares of x), (slices,); NaN for one without members."""
    edges = np.quantile(x, np.linspace(0.0, 1.0, slices + 1))
    at = np.searchsorted(edges, x, side="right") - 1
    order = np.argsort(y, kind="stable")
    steps = np.append(np.diff(y[order]) > 0.0, True)  # where the distribution is defined among equal outputs
    inside = at[order] == np.arange(slices)[:, None]
    counts = inside.sum(axis=1, keepdims=True)
    share = np.cumsum(inside, axis=1) / np.where(counts > 0, counts, np.nan)
    whole = np.arange(1, len(y) + 1) / len(y)
    return np.abs(share - whole)[:, steps].max(axis=1)


def _delta(design: Design, x: np.ndarray, y: np.ndarray, confidence: float, resamples: int) -> Indices:
    """Plischke et al. (2013), eq. 26, with the bias taken off by the bootstrap, eq. 30; own densities, as above."""
    grid = np.linspace(y.min(), y.max(), DELTA_GRID)

    def found(rows: np.ndarray) -> Indices:
        return {"delta": np.array([_shift(x[rows, i], y[rows], grid) for i in range(x.shape[1])])}

    return _bootstrapped(design, found, len(y), confidence, resamples, less_bias=True)


def _shift(x: np.ndarray, y: np.ndarray, grid: np.ndarray) -> float:
    """Half the mean area between the density of the output and that in classes of x."""
    whole = _density(y, grid)
    classes = np.array_split(y[np.argsort(x, kind="stable")], _classes(len(y)))
    areas = [
        len(c) * np.trapezoid(np.abs(whole - _density(c, grid)), grid) for c in classes if np.ptp(c) > 0.0
    ]
    return float(sum(areas)) / (2.0 * len(y))


def _density(y: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Gaussian kernel density with Silverman's width."""
    width = np.std(y, ddof=1) * (0.75 * len(y)) ** -0.2
    z = (grid[:, None] - y) / width
    return np.exp(-0.5 * z * z).sum(axis=1) / (len(y) * width * math.sqrt(2.0 * math.pi))


def _classes(n: int) -> int:
    """Classes of equal size that Plischke et al. (2013) take for n members."""
    exponent = 2.0 / (7.0 + math.tanh((1500.0 - n) / 500.0))
    return min(math.ceil(n**exponent), MOST_CLASSES)


def _bootstrapped(
    design: Design,
    found: Callable[[np.ndarray], Indices],
    members: int,
    confidence: float,
    resamples: int,
    less_bias: bool = False,
) -> Indices:
    """Indices of all members, with half-widths from resampled units.

    less_bias  take the mean shift of the resamples for that of the sample, and off
    """
    rng = np.random.default_rng(design.seed)
    rows = np.arange(members).reshape(-1, design.unit)
    draws = [found(rows[rng.integers(len(rows), size=len(rows))].ravel()) for _ in range(resamples)]
    quantile = stats.norm.ppf(0.5 + confidence / 2.0)
    best = found(rows.ravel())
    spread = {f"{n}_conf": quantile * np.std([d[n] for d in draws], axis=0, ddof=1) for n in best}
    if less_bias:
        best = {n: 2.0 * value - np.mean([d[n] for d in draws], axis=0) for n, value in best.items()}
    return {**best, **spread}


_ANALYSES: dict[str, Callable[[Design, np.ndarray, np.ndarray, float, int], Indices]] = {
    "morris": _morris,
    "sobol": _sobol,
    "fast": _fast,
    "rbd_fast": _rbd_fast,
    "pawn": _pawn,
    "delta": _delta,
}


def _salib_seed(design: Design) -> int:
    """SALib takes a seed of 0 for none."""
    return design.seed + 1


def require_salib() -> None:
    """InputError where the optional package is not there."""
    _salib("sample")


def _salib(module: str) -> Any:
    try:
        return importlib.import_module(f"SALib.{module}")
    except ImportError:
        mend = 'pip install "karstsim[sensitivity]"'
        raise InputError("sensitivity analysis", "needs the package SALib", mend) from None


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without SALib's remarks, and with the state of warnings and of numpy's old generator as it was."""
    formatter, state = warnings.formatwarning, np.random.get_state()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        warnings.formatwarning = formatter
        np.random.set_state(state)
