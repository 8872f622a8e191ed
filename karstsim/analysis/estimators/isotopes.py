"""Isotope mixing: the share of soil carbon in the bicarbonate that leaves, from d13C of DIC.

CSF = 12.011 mean(Q [HCO3]) (1 - f_rock)                              f_rock: `karstsim.carbon_sources`
"""

from __future__ import annotations

from typing import Any

import numpy as np

from karstsim.analysis.estimators.hydrochem import LOAD, mean_load
from karstsim.analysis.estimators.monitoring import IONS, Monitoring
from karstsim.analysis.estimators.record import Choice, Estimate, Method, Setting, Settings, finish
from karstsim.chemistry.api import carbon_sources, speciate
from karstsim.core.errors import InputError

MODELS = ("mixing", "closed", "open", "stoichiometric")
MOST_ROWS = 400  # rows of a long table that are speciated
SETTINGS = (
    Choice("model", MODELS, "how soil carbon came into the water, see carbon_sources"),
    Setting("soil", -23.0, "permil", -40.0, 0.0, "clark1997", "d13C of soil CO2", 2.0),
    Setting("rock", 1.0, "permil", -10.0, 10.0, "clark1997", "d13C of the rock", 1.0),
    *LOAD,
)


def run(m: Monitoring, s: Settings) -> Estimate:
    load, law, taken = mean_load(m, s, m.values("hco3"), "hco3")
    share, spread, n = _rock_share(m, s)
    drawn = share + spread * s.rng.standard_normal(load.size) * (np.arange(load.size) > 0)
    values = m.flux(load * (1.0 - drawn))
    parts = {"share of rock carbon": (share, "1"), "its standard deviation": (spread, "1")}
    said = [*m.notes, f"{s.model}: soil CO2 {s.soil[0]:g}, rock {s.rock[0]:g} permil", f"d13C of {n} rows",
            f"load by {law} from {taken.c.size} samples"]  # fmt: skip
    warnings = []
    if not 0.0 <= share <= 1.0:
        warnings.append(
            f"a share of rock of {share:.2f} is impossible: the end members do not explain the water"
        )
    if s.model == "mixing":
        warnings.append("exchange with soil CO2 erases the rock's signal: then the share of rock is too low")
    return finish(METHOD, values, m.flux_units, "bicarbonate carbon of soil CO2", parts, said, warnings)


def _rock_share(m: Monitoring, s: Settings) -> tuple[float, float, int]:
    """Share of rock, weighted with discharge, and its standard deviation; the end members' errors are shared."""
    rows = np.isfinite(m.values("d13c_dic")) & np.isfinite(m.values("hco3")) & np.isfinite(m.flow)
    rows = np.flatnonzero(rows)
    if not rows.size:
        raise InputError("isotopes", "no row has d13c_dic, hco3 and discharge together", "check the dates")
    rows = rows[:: -(-rows.size // MOST_ROWS)]
    given: dict[str, Any] = {"temperature": np.full(rows.size, np.nan)}
    for name in ("temperature", *IONS[:-1]):
        if name in m and np.isfinite(m.values(name)[rows]).any():
            values = m.values(name)[rows]
            given[name] = np.where(np.isfinite(values), values, np.nanmean(values))
    given["alkalinity"] = m.values("alkalinity" if "alkalinity" in m else "hco3")[rows]
    second = next((n for n in ("ph", "dic", "pco2") if n in m and np.isfinite(m.values(n)[rows]).all()), None)
    if second is None or not np.isfinite(given["temperature"]).all():
        what = "needs temperature and one of ph, dic and pco2 in the same rows"
        raise InputError("isotopes", what, "add a column")
    given[second] = m.values(second)[rows]
    water = speciate(**given)
    ends = tuple((float(getattr(s, end)[0]), s.spread[end]) for end in ("soil", "rock"))
    found = carbon_sources(water, m.values("d13c_dic")[rows], soil=ends[0], rock=ends[1])
    share, spread = (found[f"rock_share_{s.model}{end}"].values for end in ("", "_sd"))
    good = np.isfinite(share)
    if not good.any():
        raise InputError("isotopes", "no row gives a share of rock", "check d13c_dic and the end members")
    weight = m.flow[rows][good]
    return (
        float(np.average(share[good], weights=weight)),
        float(np.average(spread[good], weights=weight)),
        int(good.sum()),
    )


METHOD = Method(
    name="isotopes",
    title="isotope mixing",
    equation="12.011 mean(Q [HCO3]) (1 - f_rock)",
    needs=(("discharge",), ("hco3", "alkalinity"), ("d13c_dic",), ("temperature",), ("ph", "dic", "pco2")),
    settings=SETTINGS,
    sees="where the carbon in the water is from, whatever acid dissolved the rock",
    misses="exchange with soil gas, which replaces rock carbon; the end member of soil CO2; plants of another kind",
    source="clark1997",
    run=run,
)
