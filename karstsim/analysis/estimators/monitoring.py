"""What an estimator looks at: a monitoring table of a spring, or a simulated catchment as one would monitor it.

Names and units are those of `read_spring_table`. Simulated output becomes such a table: the spring's water per karst
area (mm d-1), soil air, soil temperature and gas fluxes as means of the tiles.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from karstsim.analysis.carbon_units import FLUX, TOTAL
from karstsim.chemistry.isotopes import PERMIL, R_VPDB
from karstsim.core.constants import DAYS_PER_YEAR, MOLAR_MASS_C, SECONDS_PER_DAY
from karstsim.core.errors import InputError
from karstsim.forcing import times as clock

SIMULATED = "aquifer_spring"  # a Dataset that has it is output of the model
IONS = ("ca", "mg", "na", "k", "cl", "so4", "no3", "dic")
PPM = 1e6
AT_ONE_ATM = "ppm read at 1 atm of air"  # at 1,200 m the pressure is 13 % lower, and [Ca]eq 5 %
REGULAR = 0.9  # share of steps with a value, from which a quantity counts as continuous
MM_PER_KM2 = 1e3  # m3 of one mm on one km2
UNITS = {
    "discharge": ("m3 s-1", "mm d-1"), "temperature": ("degC",), "alkalinity": ("eq m-3", "mol m-3"),
    "precipitation": ("mm d-1",), "evapotranspiration": ("mm d-1",), "air_co2": ("ppm",), "d13c_dic": ("permil",),
    "soil_respiration": ("mol m-2 d-1",), "net_exchange": ("mol m-2 d-1",), "soil_carbon": ("mol m-2",),
    "hco3": ("mol m-3",), **dict.fromkeys(IONS, ("mol m-3",)), "air_temperature": ("degC",), "ph": ("1",),
    "pco2": ("atm",), "conductivity": ("uS cm-1",),
}  # fmt: skip


@dataclass(frozen=True)
class Monitoring:
    """A checked table over time. `area` (km2) is None where nobody said it; `notes` go into every estimate."""

    data: xr.Dataset
    area: float | None
    notes: list[str] = field(default_factory=list)

    def __contains__(self, name: str) -> bool:
        return name in self.data

    def values(self, name: str) -> np.ndarray:
        """A quantity over time, NaN where it is missing."""
        return self.data[name].values.astype("f8")

    @property
    def days(self) -> np.ndarray:
        """Days since the first row."""
        seconds = clock.seconds(self.data["time"].values)
        return (seconds - seconds[0]) / SECONDS_PER_DAY

    def weights(self, there: np.ndarray) -> np.ndarray:
        """Days that each row with a value stands for: half the way to its neighbours."""
        days = self.days[there]
        if days.size < 2:
            return np.ones(days.size)
        gaps = np.diff(days)
        return np.r_[gaps[0], 0.5 * (gaps[1:] + gaps[:-1]), gaps[-1]]

    @property
    def per_area(self) -> bool:
        """Whether fluxes come per area; else they are those of the whole spring."""
        return self.area is not None or self.data["discharge"].attrs["units"] == "mm d-1"

    @property
    def flow(self) -> np.ndarray:
        """Discharge in mm d-1, or in m3 d-1 where no area is known."""
        discharge = self.values("discharge")
        if self.data["discharge"].attrs["units"] == "mm d-1":
            return discharge
        return discharge * SECONDS_PER_DAY / (1.0 if self.area is None else self.area * MM_PER_KM2)

    @property
    def mean_flow(self) -> float:
        """Mean of the flow over the time that its rows stand for."""
        flow = self.flow
        there = np.isfinite(flow)
        return float(np.average(flow[there], weights=self.weights(there)))

    def flux(self, load: Any) -> Any:
        """A load, flow times mol m-3 of carbon, as t C km-2 a-1 (t C a-1 where no area is known)."""
        grams = load * MOLAR_MASS_C * DAYS_PER_YEAR
        return grams * (1e-3 if self.per_area else 1e-6)

    @property
    def flux_units(self) -> str:
        return FLUX if self.per_area else TOTAL

    def mean(self, *names: str) -> float:
        """Mean of the first quantity that is there; NaN where none is."""
        for name in names:
            if name in self.data and np.isfinite(self.values(name)).any():
                return float(np.nanmean(self.values(name)))
        return float("nan")

    def weighted(self, values: np.ndarray) -> float:
        """Mean weighted with flow, over the rows that have both."""
        flow = self.flow
        there = np.isfinite(values) & np.isfinite(flow)
        return (
            float(np.average(values[there], weights=flow[there])) if flow[there].sum() > 0.0 else float("nan")
        )


def monitoring(data: xr.Dataset, area_km2: float | None = None) -> Monitoring:
    """The table behind a Dataset of `read_spring_table` or of `simulate`.

    Raises InputError for other dimensions than time, a quantity without unit or in another one, and fewer than 2 rows.
    """
    simulated = SIMULATED in data
    table = from_simulation(data) if simulated else data
    if area_km2 is not None and not area_km2 > 0.0:
        raise InputError("area_km2", f"is {area_km2}", "give the area of the catchment in km2, above 0")
    if "time" not in table.dims or table.sizes["time"] < 2:
        raise InputError(
            "data", "has no time with two rows or more", "give a monitoring table or a simulation"
        )
    for name, allowed in UNITS.items():
        if name not in table:
            continue
        if table[name].dims != ("time",):
            raise InputError(
                f"data, {name}", f"has the dimensions {table[name].dims}", "select one, with .isel(...)"
            )
        units = table[name].attrs.get("units")
        if units not in allowed:
            what = "has no unit" if not units else f"is in {units!r}"
            raise InputError(f"data, {name}", what, f'set .attrs["units"] to {" or ".join(allowed)}')
    notes = ["simulated catchment: fluxes per karst area"] if simulated else []
    return Monitoring(_with_bicarbonate(table, notes), area_km2, notes)


def _with_bicarbonate(table: xr.Dataset, notes: list[str]) -> xr.Dataset:
    """Bicarbonate from alkalinity where only that was measured: they differ by carbonate, below 2 % up to pH 8.3."""
    if "hco3" in table or "alkalinity" not in table:
        return table
    notes.append("alkalinity counts as HCO3")
    return table.assign(hco3=table["alkalinity"].assign_attrs(units="mol m-3"))


def from_simulation(data: xr.Dataset) -> xr.Dataset:
    """Simulated output of one member as a monitoring table."""
    many = [d for d in ("realization", "location") if d in data.dims and data.sizes[d] > 1]
    if many:
        raise InputError(f"data, {many[0]}", "has several members", f"select one: .isel({many[0]}=0)")
    data = data.squeeze([d for d in ("realization", "location") if d in data.dims])
    step = _step_days(data)
    out = xr.Dataset(coords={"time": data["time"]})

    def put(name: str, values: Any, units: str) -> None:
        out[name] = ("time", np.asarray(values, "f8"), {"units": units})

    put("discharge", data["aquifer_spring"] / step, "mm d-1")
    for ion in IONS:
        if f"aquifer_spring_{ion}_concentration" in data:
            put(ion, data[f"aquifer_spring_{ion}_concentration"], "mol m-3")
    for name, source, units in (
        ("hco3", "aquifer_spring_hco3", "mol m-3"), ("alkalinity", "aquifer_spring_alkalinity", "eq m-3"),
        ("temperature", "aquifer_spring_temperature", "degC"), ("ph", "aquifer_spring_ph", "1"),
        ("pco2", "aquifer_spring_pco2", "atm"), ("conductivity", "aquifer_spring_conductivity", "uS cm-1"),
    ):  # fmt: skip
        if source in data:
            put(name, data[source], units)
    for name, source, units in (
        ("precipitation", "atmosphere_precipitation", "mm d-1"),
        ("evapotranspiration", "catchment_evapotranspiration", "mm d-1"),
        ("soil_respiration", "catchment_soil_efflux", "mol m-2 d-1"),
        ("simulated_sink", "catchment_sink_hydrochemical", "mol m-2 d-1"),
    ):  # fmt: skip
        if source in data:
            put(name, data[source] / step, units)
    if all(f"catchment_{n}" in data for n in ("soil_efflux", "plant_respiration", "gpp")):
        out_of = data["catchment_soil_efflux"] + data["catchment_plant_respiration"] - data["catchment_gpp"]
        put("net_exchange", out_of / step, "mol m-2 d-1")
    for name, source, scale, units in (
        ("air_co2", "soil_base_pco2", PPM, "ppm"), ("soil_carbon", "soil_organic_carbon", 1.0, "mol m-2"),
        ("air_temperature", "soil_temperature", 1.0, "degC"),
    ):  # fmt: skip
        if source in data:
            put(name, scale * _tile_mean(data, source), units)
    if "aquifer_spring_di13c" in data:
        heavy, total = data["aquifer_spring_di13c"], data["aquifer_spring_dic"]
        light = (total - heavy).where(total > 0.0)
        put("d13c_dic", PERMIL * (heavy / light / R_VPDB - 1.0), "permil")
    return out


def _tile_mean(data: xr.Dataset, name: str) -> xr.DataArray:
    if "tile" not in data[name].dims:
        return data[name]
    area = data["tile_area_fraction"] if "tile_area_fraction" in data else xr.ones_like(data[name])
    return (data[name] * area).sum("tile") / area.sum("tile")


def _step_days(data: xr.Dataset) -> np.ndarray:
    """Days of each period of the output."""
    if "time_bnds" in data:
        first, last = (clock.seconds(data["time_bnds"].values[:, i]) for i in (0, 1))
        return (last - first) / SECONDS_PER_DAY
    gaps = np.diff(clock.seconds(data["time"].values)) / SECONDS_PER_DAY
    return np.r_[gaps, gaps[-1]]
