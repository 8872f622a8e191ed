"""Diagnostics of the karst sink (design notes 9.1, 9.4, 9.8, 9.13): forms of the flux, ratios, slopes, trends.

Ledgers, stability and permanence (9.6, 9.7) are in `carbon_paths`; the estimators of teams in `estimators`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from karstsim.analysis.carbon_paths import DISSOLVED, REGROWN
from karstsim.analysis.carbon_units import FLUX, Carbon, carbon, ratio
from karstsim.core.constants import DAYS_PER_YEAR, MOLAR_MASS_C, SECONDS_PER_DAY
from karstsim.core.errors import InputError
from karstsim.core.solutes import SOLUTES
from karstsim.forcing import times as clock

HALF = 0.5
SURE = 0.95
FEWEST_YEARS = 4
RAIN = "atmosphere_precipitation"
IMPORTS = (RAIN, "soil_irrigation", "aquifer_allogenic", "aquifer_gain")
DIAGNOSED = (  # outputs that a run must keep for `sinks` and `ratios`
    "catchment_runoff", "catchment_runoff_*", "catchment_imported_alkalinity", "catchment_weathering_uptake",
    *DISSOLVED, REGROWN, RAIN, f"{RAIN}_dic", f"{RAIN}_ca", f"{RAIN}_mg", "aquifer_allogenic_dic",
    "aquifer_gain_dic", "aquifer_loss", "aquifer_loss_*", "catchment_gpp", "catchment_npp",
    "catchment_soil_respiration", "catchment_plant_respiration", "soil_irrigation_dic", "tile_area_fraction",
)  # fmt: skip


@dataclass(frozen=True)
class PowerLaw:
    """c = a Q^b by least squares in logarithms, with the standard error of b."""

    factor: float
    slope: float
    slope_sd: float
    r2: float
    n: int


def chemostatic_slope(flow: np.ndarray, concentration: np.ndarray) -> PowerLaw:
    """Slope b of c = a Q^b: 0 chemostatic, -1 dilution; karst springs -0.05 to -0.25 (design notes 9.8).

    NaN where fewer than 3 pairs are positive or the flow does not change.
    """
    q, c = np.asarray(flow, "f8"), np.asarray(concentration, "f8")
    there = np.isfinite(q) & np.isfinite(c) & (q > 0.0) & (c > 0.0)
    x, y = np.log(q[there]), np.log(c[there])
    if x.size < 3 or np.ptp(x) == 0.0:
        return PowerLaw(math.nan, math.nan, math.nan, math.nan, x.size)
    dx, dy = x - x.mean(), y - y.mean()
    slope = float((dx * dy).sum() / (dx * dx).sum())
    left = dy - slope * dx
    error = math.sqrt(float((left * left).sum()) / (x.size - 2) / float((dx * dx).sum()))
    spread = float((dy * dy).sum())
    r2 = 1.0 - float((left * left).sum()) / spread if spread > 0.0 else math.nan
    return PowerLaw(math.exp(y.mean() - slope * x.mean()), slope, error, r2, x.size)


# ------------------------------------------------------------------------------------------- the sink of a simulation


def _yearly(output: xr.Dataset, name: str) -> float:
    """Mean amount per year of an output that sums over its periods."""
    if name not in output:
        raise InputError(
            f"output, {name!r}", "is not there", f"keep it: variables=[..., {name!r}] or DIAGNOSED"
        )
    amount = output[name]
    if "tile" in amount.dims:
        amount = amount.weighted(output["tile_area_fraction"].fillna(0.0)).mean("tile")
    if any(amount.sizes[d] > 1 for d in amount.dims if d != "time"):
        raise InputError(
            f"output, {name!r}", f"has the dimensions {amount.dims}", "select one, with .isel(...)"
        )
    return float(amount.sum()) / years_of(output)


def years_of(output: xr.Dataset) -> float:
    """Length of an output, in years."""
    if "time_bnds" not in output:
        raise InputError("output", "has no time_bnds", "give output of karstsim.simulate")
    edges = clock.seconds(output["time_bnds"].values.ravel())
    return float(edges.max() - edges.min()) / (SECONDS_PER_DAY * DAYS_PER_YEAR)


def _optional(output: xr.Dataset, *names: str) -> float:
    return sum(_yearly(output, name) for name in names if name in output)


def _ion_charge(output: xr.Dataset, flow: str) -> float:
    """Alkalinity of a flow by its ions, eq m-2 a-1."""
    return sum(s.charge * _yearly(output, f"{flow}_{s.name}") for s in SOLUTES if s.charge)


@dataclass(frozen=True)
class Sinks:
    """Forms of the karst sink of a simulated catchment, t C km-2 a-1 of karst.

    hco3            half the bicarbonate that leaves                                              (the usual estimate)
    dic             half the DIC that leaves                                                      (CCSF, Zeng 2019)
    truth           CO2 that mineral dissolution consumed: alkalinity gained less the carbonate of rock, powder and soil
                    calcite that dissolved, net of what grew
    gas             the gas ledger of the same; lower by the CO2 of organic carbon that decays in the water, and apart
                    from it by what the stores gained
    acid_corrected  bicarbonate less the calcium and magnesium that leave
    acid_net        the same less only the calcium and magnesium that rain did not bring; NaN where rain was not kept
    galy            half of bicarbonate less sulfate and nitrate that leave, in equivalents
    """

    hco3: float
    dic: float
    truth: float
    gas: float
    acid_corrected: float
    acid_net: float
    galy: float
    units: ClassVar[str] = FLUX


def sinks(output: xr.Dataset) -> Sinks:
    """All forms of the sink of a run that kept `DIAGNOSED`.

    gas = net gas uptake + CO2 that came dissolved - CO2 that leaves dissolved, where a water's dissolved CO2 is its DIC
    less its alkalinity; imported waters: rain, irrigation, allogenic.
    """
    alkalinity = _ion_charge(output, "catchment_runoff")
    dic = _yearly(output, "catchment_runoff_dic")
    lost_alkalinity, lost_dic = 0.0, 0.0
    if "aquifer_loss_dic" in output:
        lost_alkalinity, lost_dic = _ion_charge(output, "aquifer_loss"), _yearly(output, "aquifer_loss_dic")
    imported = _yearly(output, "catchment_imported_alkalinity")
    dissolved_in = _optional(output, *(f"{flow}_dic" for flow in IMPORTS)) - imported
    dissolved_out = dic + lost_dic - alkalinity - lost_alkalinity
    rock, acid = (_yearly(output, f"catchment_runoff_{a}") + _yearly(output, f"catchment_runoff_{b}")
                  for a, b in (("ca", "mg"), ("so4", "no3")))  # fmt: skip
    acid += _yearly(output, "catchment_runoff_so4")
    dissolved = sum(_yearly(output, name) for name in DISSOLVED) - _yearly(output, REGROWN)
    rain = (f"{RAIN}_ca", f"{RAIN}_mg")
    brought = _optional(output, *rain) if all(name in output for name in rain) else math.nan
    forms = {
        "hco3": HALF * alkalinity,
        "dic": HALF * dic,
        "gas": _yearly(output, "catchment_weathering_uptake") + dissolved_in - dissolved_out,
        "truth": alkalinity + lost_alkalinity - imported - dissolved,
        "acid_corrected": alkalinity - rock,
        "acid_net": alkalinity - rock + brought,
        "galy": HALF * (alkalinity - acid),
    }
    return Sinks(**{name: MOLAR_MASS_C * value for name, value in forms.items()})


def ratios(output: xr.Dataset, sink: Any = None) -> dict[str, float]:
    """CSF (its true form, or a `sink` that says its unit) over the carbon of the land, and ratios of the water (9.8).

    CSF/R_s, CSF/NPP, CSF/NEP, CSF/(CSF + NEP), HCO3/(Ca + Mg) in equivalents per mol. NEP counts neither water nor
    weathering. The others of 9.8: `prior_calcite`, `chemostatic_slope`, `carbon_paths.autochthonous_share`.
    Raises InputError for a bare number as `sink`.
    """
    csf = (sinks(output).truth if sink is None else carbon(sink, "sink").to(FLUX).value) / MOLAR_MASS_C
    respiration = _yearly(output, "catchment_soil_respiration")
    nep = _yearly(output, "catchment_gpp") - _yearly(output, "catchment_plant_respiration") - respiration
    rock = _yearly(output, "catchment_runoff_ca") + _yearly(output, "catchment_runoff_mg")
    return {
        "CSF/R_s": _over(csf, respiration),
        "CSF/NPP": _over(csf, _yearly(output, "catchment_npp")),
        "CSF/NEP": _over(csf, nep),
        "CSF/(CSF + NEP)": _over(csf, csf + nep),
        "HCO3/(Ca + Mg)": _over(_ion_charge(output, "catchment_runoff"), rock),
    }


def _over(one: float, other: float) -> float:
    return one / other if other != 0.0 else math.nan


def dissolution_efficiency(sink: Any, potential: Any) -> float:
    """The sink over what saturated runoff would consume (9.4; 0.6 to 1.0 expected): both with units.

    `potential` may be the estimate of ``estimate(table, "equilibrium")``, `sink` ``Carbon(sinks(output).truth, FLUX)``.
    """
    return ratio(sink, potential)


def prior_calcite(ca: np.ndarray, mg: np.ndarray, rock_ca_mg: float) -> np.ndarray:
    """PCP: share of dissolved calcium that calcite took out before the sample, 1 - (Ca/Mg)/(Ca/Mg of the rock).

    Magnesium stays in the water; only meaningful where both are of the rock alone (mol per mol).
    """
    if not rock_ca_mg > 0.0:
        raise InputError("rock_ca_mg", f"is {rock_ca_mg}", "give Ca/Mg of the rock in mol per mol, above 0")
    mg = np.asarray(mg, "f8")
    return 1.0 - np.asarray(ca, "f8") / np.where(mg > 0.0, mg, np.nan) / rock_ca_mg


# --------------------------------------------------------------------------------------------------- trends and causes


@dataclass(frozen=True)
class Trend:
    """Theil-Sen slope per year with its 95 % interval, and the Mann-Kendall test.

    p               two-sided, ties counted
    autocorrelation lag-1, of the values less the trend;  p_corrected: with the variance times (1 + r)/(1 - r)
    note            empty, or why p may be too small
    """

    slope: float
    low: float
    high: float
    p: float
    p_corrected: float
    autocorrelation: float
    n: int
    note: str


def trend(values: np.ndarray, years: np.ndarray) -> Trend:
    """Trend of yearly values (design notes 9.13). Raises InputError for fewer than 4 values with a year."""
    from scipy.stats import norm, theilslopes

    y, x = np.asarray(values, "f8"), np.asarray(years, "f8")
    there = np.isfinite(y) & np.isfinite(x)
    y, x = y[there], x[there]
    n = y.size
    if n < FEWEST_YEARS:
        raise InputError("trend", f"has {n} values", f"give {FEWEST_YEARS} at least")
    y, x = y[np.argsort(x)], np.sort(x)
    slope, _, low, high = theilslopes(y, x, SURE)
    s = float(np.sign(y[None, :] - y[:, None])[np.triu_indices(n, 1)].sum())
    ties = np.unique(y, return_counts=True)[1]
    variance = (n * (n - 1) * (2 * n + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18.0
    left = y - slope * x
    left = left - left.mean()
    spread = float((left * left).sum())
    r = float((left[1:] * left[:-1]).sum()) / spread if spread > 0.0 else 0.0

    def p_of(var: float) -> float:
        return 2.0 * float(norm.sf(max(abs(s) - 1.0, 0.0) / math.sqrt(var))) if var > 0.0 else 1.0

    stretched = variance * max((1.0 + r) / (1.0 - r), 1.0) if r < 1.0 else math.inf
    note = ""
    if r > norm.ppf(1.0 - 0.5 * (1.0 - SURE)) / math.sqrt(n):
        note = f"neighbouring years resemble each other (lag-1 {r:.2f}): p is too small, see p_corrected"
    return Trend(float(slope), float(low), float(high), p_of(variance), p_of(stretched), r, n, note)


def elasticity(values: tuple[float, float], drivers: tuple[float, float]) -> float:
    """ln(y1/y0) / ln(x1/x0) between two runs: by how many per cent y grows when x grows by one."""
    if min(*values, *drivers) <= 0.0 or drivers[0] == drivers[1]:
        raise InputError(
            "elasticity",
            f"of {values} over {drivers}",
            "give two positive values and two drivers that differ",
        )
    return math.log(values[1] / values[0]) / math.log(drivers[1] / drivers[0])


def sensitivity(values: tuple[float, float], temperatures: tuple[float, float]) -> float:
    """Relative change per kelvin, ln(y1/y0) / (T1 - T0)."""
    if min(values) <= 0.0 or temperatures[0] == temperatures[1]:
        raise InputError(
            "sensitivity",
            f"of {values} over {temperatures}",
            "give positive values, temperatures that differ",
        )
    return math.log(values[1] / values[0]) / (temperatures[1] - temperatures[0])


CONTEXT = {  # what a sink is compared with; design notes A6-A8, second hand
    "missing sink": Carbon(1.4, "Pg C a-1"),
    "terrestrial net sink": Carbon(2.6, "Pg C a-1"),
    "vegetation of China, 1981-2000": Carbon(101.0, "Mt C a-1"),
    "emissions of China, 2030": Carbon(12.0, "Gt CO2 a-1"),
}


def context_fraction(sink: Any, of: str | Carbon = "missing sink") -> float:
    """A sink as a share of a well-known flux (`CONTEXT`) or another; both with units."""
    if isinstance(of, str) and of in CONTEXT:
        return ratio(sink, CONTEXT[of])
    return ratio(sink, of)
