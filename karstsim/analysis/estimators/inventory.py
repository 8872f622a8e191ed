"""Inventories: IPCC tiers of soil carbon, and tiers of the same kind for the karst sink, which IPCC does not have.

    ipcc               dSOC = SOC_ref (F_after - F_before) / 20,  F = F_LU F_MG F_I    Tier 1 and 2 [design notes 9.11]
    emission_factor    Tier 1: 5.2 t C km-2 a-1; Tier 2: by land use (design notes 3.12)
Tier 3 of both is a simulation: its change of soil carbon, its karst sink.
"""

from __future__ import annotations

import math

import numpy as np

from karstsim.analysis.carbon_units import FLUX
from karstsim.analysis.estimators.monitoring import SIMULATED, Monitoring
from karstsim.analysis.estimators.record import Choice, Declared, Estimate, Method, Setting, Settings, finish
from karstsim.core.constants import DAYS_PER_YEAR, MOLAR_MASS_C
from karstsim.core.errors import InputError

YEARS = 20.0  # of the transition                                                              [ipcc2006, Vol. 4, Ch. 2]
HA_PER_KM2 = 100.0
KARST_DEFAULT = (
    5.2  # t C km-2 a-1: 17.7 Mt C over 3.44 M km2 of China                        [design notes A6, 9.11]
)
BY_LAND_USE = {  # t C km-2 a-1, prototype of design notes 3.12 in a Puding-like climate
    "bare_rock": 7.2, "cropland": 8.1, "grass": 9.1, "shrub": 8.9, "secondary_forest": 9.7, "virgin_forest": 12.0,
}  # fmt: skip
REFERENCE = {
    "warm_moist": 88.0,
    "warm_dry": 38.0,
    "tropical_moist": 65.0,
}  # t C ha-1, HAC soils [ipcc2006, T2.3]
NO_INTERVAL = "run an ensemble for an interval"
FACTORS = (  # name, meaning; of the land before and after
    ("land_use", "F_LU: long cultivated 0.69 (warm temperate, moist), native 1"),
    ("tillage", "F_MG: full 1, reduced 1.08, none 1.15"),
    ("input", "F_I: low 0.92, medium 1, high without manure 1.11, with 1.44"),
)
FACTOR_SETTINGS = {f"{name}_{when}": doc for name, doc in FACTORS for when in ("before", "after")}
IPCC_SETTINGS: tuple[Declared, ...] = (
    Choice(
        "tier",
        ("1", "2", "3"),
        "1: default stock of the climate; 2: reference= and factors of your own; 3: simulated",
    ),
    Choice("climate", tuple(REFERENCE), "of the default reference stock"),
    Setting(
        "reference", math.nan, "t C ha-1", 0.0, 1e3, "ipcc2006", "reference stock, for tier 2", 0.3, True
    ),
    *(
        Setting(name, 1.0, "1", 0.0, 3.0, "ipcc2006", f"{doc}; {name.rpartition('_')[2]} the change")
        for name, doc in FACTOR_SETTINGS.items()
    ),
    Setting(
        "change_error", 0.0, "1", -5.0, 5.0, "design", "relative error of the change of the factors", 0.3
    ),
    Setting("years", YEARS, "a", 1.0, 200.0, "ipcc2006", "of the transition"),
)
REFERENCE_ERROR = (
    0.9 / 1.96
)  # IPCC gives 90 % as the nominal error (two standard deviations) of default stocks


def run_ipcc(m: Monitoring | None, s: Settings) -> Estimate:
    if s.tier == "3":
        return _simulated_soil(m)
    if not s.given & set(FACTOR_SETTINGS):
        mend = (
            "give what changed, as land_use_before=0.69 land_use_after=1 (--set), or tier=3 with a simulation"
        )
        raise InputError("ipcc", "no factor of the land before or after the change is given", mend)
    reference = s.reference
    if s.tier == "1":
        reference = REFERENCE[s.climate] * (
            1.0 + REFERENCE_ERROR * np.r_[0.0, s.rng.standard_normal(s.draws)]
        )
        reference = np.maximum(reference, 0.0)
    elif math.isnan(reference[0]):
        raise InputError("ipcc, reference", "is not given", "tier 2 needs reference= in t C ha-1")
    after, before = (
        np.prod([getattr(s, f"{name}_{when}") for name, _ in FACTORS], axis=0) for when in ("after", "before")
    )
    change = reference * (after - before) * (1.0 + s.change_error) / s.years[0] * HA_PER_KM2
    parts = {"reference stock": (float(reference[0]), "t C ha-1"), "factor before": (float(before[0]), "1"),
             "factor after": (float(after[0]), "1")}  # fmt: skip
    warnings = ["sees carbon in soil, not the karst sink", "ends after the transition: no further gain"]
    if before[0] == after[0]:
        warnings.append("the factors before and after are equal: no change, whatever the stock")
    return finish(IPCC, change, FLUX, "gain of soil organic carbon", parts, [f"tier {s.tier}"], warnings)


def _simulated_soil(m: Monitoring | None) -> Estimate:
    if m is None or "soil_carbon" not in m:
        raise InputError(
            "ipcc, tier 3", "needs simulated output", "give a simulation with soil_organic_carbon"
        )
    stock = m.values("soil_carbon")
    change = (stock[-1] - stock[0]) * MOLAR_MASS_C / (m.days[-1] / DAYS_PER_YEAR)
    said = [*m.notes, "tier 3: the model's own soil carbon; no interval of one run"]
    return finish(IPCC, change, FLUX, "gain of soil organic carbon", {}, said, [NO_INTERVAL])


KARST_SETTINGS = (
    Choice("tier", ("1", "2", "3"), "1: one number for all karst; 2: by land use; 3: simulated"),
    Choice("land_use", tuple(BY_LAND_USE), "for tier 2"),
    Setting("factor", math.nan, "t C km-2 a-1", 0.0, 1e3, "design", "emission factor of your own"),
    Setting("factor_error", 0.0, "1", -0.9, 9.0, "design", "relative error of a default factor", 0.3),
)


def run_emission_factor(m: Monitoring | None, s: Settings) -> Estimate:
    if s.tier == "3":
        if m is None or "simulated_sink" not in m:
            raise InputError(
                "emission_factor, tier 3", "needs simulated output", f"give one with {SIMULATED}"
            )
        value = float(np.nanmean(m.values("simulated_sink"))) * MOLAR_MASS_C * DAYS_PER_YEAR
        said = [*m.notes, "tier 3: the model's own; no interval of one run"]
        return finish(KARST, value, FLUX, "karst carbon sink", {}, said, [NO_INTERVAL])
    told = float(s.factor[0])
    default = KARST_DEFAULT if s.tier == "1" else BY_LAND_USE[s.land_use]
    base, said = (default, [f"tier {s.tier}"]) if math.isnan(told) else (told, ["a factor of your own"])
    parts = {}
    if m is not None and m.area is not None:
        parts["total"] = (base * m.area, "t C a-1")
    warnings = ["IPCC has no tier for the karst sink: this is one of the same kind"]
    return finish(KARST, base * (1.0 + s.factor_error), FLUX, "karst carbon sink", parts, said, warnings)


IPCC = METHOD = Method(
    name="ipcc",
    title="IPCC tiers of soil carbon",
    equation="SOC_ref (F_after - F_before) / 20",
    needs=(),
    settings=IPCC_SETTINGS,
    sees="what a change of land use or management does to soil carbon on average",
    misses="the place; anything but soil carbon; the karst sink",
    source="ipcc2006",
    run=run_ipcc,
    table_free=True,
)
KARST = Method(
    name="emission_factor",
    title="emission factor of karst, in tiers",
    equation="EF area",
    needs=(),
    settings=KARST_SETTINGS,
    sees="the order of magnitude",
    misses="climate, rock and water of the place",
    source="design",
    run=run_emission_factor,
    table_free=True,
)
