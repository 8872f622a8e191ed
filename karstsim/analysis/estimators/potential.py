"""Maximum potential dissolution: runoff times the calcium of water saturated under soil CO2 (Zeng, Liu and others).

    CSF_MPD = 12.011 R [Ca]eq(T, pCO2)                                                              [design notes 9.4]
    log10 pCO2 = -3.47 + 2.09 (1 - exp(-0.00172 AET))             where soil air was not measured   (Brook et al. 1983)

The whole runoff is taken as saturated with calcite under the soil's mean CO2.
"""

from __future__ import annotations

import math

import numpy as np

from karstsim.analysis.carbon_units import FLUX
from karstsim.analysis.estimators.monitoring import AT_ONE_ATM, PPM, Monitoring
from karstsim.analysis.estimators.record import Choice, Estimate, Method, Setting, Settings, finish
from karstsim.analysis.estimators.runoff import RUNOFF, RUNOFF_ERROR, yearly_runoff
from karstsim.analysis.estimators.saturation import saturated_calcium
from karstsim.core.constants import DAYS_PER_YEAR, MM_PER_M, MOLAR_MASS_C
from karstsim.core.errors import InputError

BROOK_LEAST, BROOK_RANGE, BROOK_RATE = (
    -3.47,
    2.09,
    0.00172,
)  # log10 atm, log10 atm, a mm-1         [brook1983]
SETTINGS = (
    Choice(
        "soil_co2",
        ("measured", "brook"),
        "CO2 of soil air; brook: from evapotranspiration, also where none is",
    ),
    Setting("temperature", math.nan, "degC", -5.0, 50.0, "design", "mean temperature instead of the table's"),
    Setting(
        "evapotranspiration", math.nan, "mm a-1", 0.0, 5e3, "design", "for brook, instead of the table's"
    ),
    Setting("co2_error", 0.0, "1", -0.9, 9.0, "design", "relative error of the mean CO2 pressure", 0.3),
    RUNOFF,
    RUNOFF_ERROR,
)


def brook_pressure(evapotranspiration: float) -> float:
    """CO2 pressure of soil air (atm) from actual evapotranspiration (mm a-1)."""
    return float(10.0 ** (BROOK_LEAST + BROOK_RANGE * (1.0 - np.exp(-BROOK_RATE * evapotranspiration))))


def run(m: Monitoring | None, s: Settings) -> Estimate:
    runoff, where = yearly_runoff(m, float(s.runoff[0]))
    temperature = float(s.temperature[0])
    if math.isnan(temperature) and m is not None:
        temperature = m.mean("air_temperature", "temperature")
    if math.isnan(temperature):
        raise InputError("equilibrium", "the mean temperature is not known", "give temperature= in degC")
    pressure, from_where = _pressure(m, s, runoff)
    drawn = pressure * (1.0 + s.co2_error)
    # [Ca]eq goes with the cube root of the pressure (design notes 4.1): one exact solution carries all draws.
    calcium = float(saturated_calcium(np.array(temperature), np.array(pressure))[0]) * np.cbrt(
        drawn / pressure
    )
    values = MOLAR_MASS_C * runoff / MM_PER_M * (1.0 + s.runoff_error) * calcium
    parts = {
        "soil CO2": (pressure * PPM, "ppm"),
        "[Ca]eq": (float(calcium[0]), "mol m-3"),
        "runoff": (runoff, "mm a-1"),
    }
    said = [*(m.notes if m is not None else []), where, from_where, "all runoff saturated with calcite"]
    return finish(METHOD, values, FLUX, "CO2 that saturated runoff would consume", parts, said, [])


def _pressure(m: Monitoring | None, s: Settings, runoff: float) -> tuple[float, str]:
    if s.soil_co2 == "measured" and m is not None and "air_co2" in m:
        return m.mean("air_co2") / PPM, f"mean CO2 of soil air, {AT_ONE_ATM}"
    told = float(s.evapotranspiration[0])
    if math.isnan(told) and m is not None and "evapotranspiration" in m:
        told = m.mean("evapotranspiration") * DAYS_PER_YEAR
    if math.isnan(told) and m is not None and "precipitation" in m:
        told = max(m.mean("precipitation") * DAYS_PER_YEAR - runoff, 0.0)
    if math.isnan(told):
        mend = "add air_co2 (ppm) or evapotranspiration, or give evapotranspiration= in mm a-1"
        raise InputError("equilibrium", "soil CO2 is not known", mend)
    return brook_pressure(told), f"soil CO2 after Brook from {told:.0f} mm a-1 of evapotranspiration"


METHOD = Method(
    name="equilibrium",
    title="maximum potential dissolution",
    equation="12.011 R [Ca]eq(T, pCO2)",
    needs=(("discharge", "precipitation"), ("air_temperature", "temperature")),
    settings=SETTINGS,
    sees="what runoff could carry, from climate alone: for maps",
    misses="short contact, bare rock, closed systems; soil CO2 varies with water's way; strong acids, dolomite",
    source="zeng2019",
    run=run,
    table_free=True,
)
