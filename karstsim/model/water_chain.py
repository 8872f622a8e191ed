"""The surface-water boxes of a site alone, with inlet, weather and water temperature prescribed step by step.

For experiments on streams and lakes whose catchment is not the question: diel cycles, metabolism from oxygen records,
partition of carbon along a river. The boxes are those of the whole model, called with the same kernel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from karstsim.chemistry.solution import SOLUTION_DTYPE
from karstsim.core.constants import MM_PER_M, SECONDS_PER_DAY, STANDARD_ATMOSPHERE
from karstsim.core.jit import driver
from karstsim.core.solutes import N_CORE, N_SOLUTES
from karstsim.core.spec import FLOW_DTYPE, dtype_of, new_table
from karstsim.forcing.records import ABSENT, FORCING_DTYPE
from karstsim.model.engine import SCRATCH_DTYPE
from karstsim.model.parameter_records import parameter_tables
from karstsim.model.parameters import Overrides
from karstsim.model.registry import FLUX_DTYPES, STATE_DTYPES, variables
from karstsim.model.site import Site
from karstsim.processes import atmosphere, lane_dissolution, surface_water
from karstsim.processes.surface_water import lane_carbon

M2_PER_KM2 = 1.0e6
M_PER_KM = 1.0e3
DEFAULT_WEATHER = {
    "co2": 410.0, "ps": STANDARD_ATMOSPHERE, "sfcwind": 2.0, "rsds_day": 0.0, "co2_d13c": -8.5, "co2_c14": 1.0,
}  # fmt: skip


@driver
def march(
    params: Any, states: Any, fluxes: Any, inlets: Any, air_p: Any, air_s: Any, air_f: Any, forcing: Any,
    temperature: Any, scratch: Any, waters: Any, w: Any, dt: Any, constant_set: Any, n_active: Any,
    floats: Any, chosen: Any, out: Any,
) -> None:  # fmt: skip
    """Step the boxes (1, box) through all inlets.

    `out` (step, variable, box) takes the `chosen` (table, offset) floats.
    """
    k = scratch[0].constants
    k.ready = 0.0
    k.constant_set = constant_set
    lane_dissolution.make_ready(w)
    k.tracers = 1.0 if n_active > N_CORE else 0.0
    for j in range(inlets.shape[0]):
        row = forcing[j]
        atmosphere.radiation.step(air_p[0], air_f[0], row)
        atmosphere.isotopes.step(air_f[0], row)
        air_s[0].air_temperature_week = temperature[j]
        air_s[0].air_temperature_year = temperature[j]
        surface_water.step(
            params, states, fluxes, inlets[j : j + 1], air_p, air_s, air_f, forcing[j : j + 1], 0, 1, scratch, waters,
            w, constant_set, dt, n_active,
        )  # fmt: skip
        for v in range(chosen.shape[0]):
            for i in range(params.shape[1]):
                out[j, v, i] = floats[chosen[v, 0]][i, chosen[v, 1]]


class WaterChain:
    """Boxes of a site with the state that they are in.

    params  record table (box,) of the boxes' parameters, which may be changed between runs
    state   record table (box,) of their states
    With `isotopes` the solutes of fillings and inlets hold di13c, di14c and the tags too, mol m-3.
    """

    def __init__(
        self,
        site: Site,
        parameters: Overrides | None = None,
        constant_set: int = 0,
        isotopes: bool = False,
    ) -> None:
        self.site = site
        self.n_active = N_SOLUTES if isotopes else N_CORE
        self.constant_set = constant_set
        self.params = parameter_tables(site, [parameters or {}])["box"][0]
        n = len(site.boxes)
        self.state, self._state_floats = new_table((n,), STATE_DTYPES["box"])
        self.flux, self._flux_floats = new_table((n,), FLUX_DTYPES["box"])
        self._air_p, _ = new_table((1,), dtype_of(atmosphere.PARAMS))
        self._air_s, _ = new_table((1,), dtype_of(atmosphere.STATE))
        self._air_f, _ = new_table((1,), dtype_of(atmosphere.FLUXES))
        self._air_p["latitude"] = site.latitude
        self._scratch, _ = new_table((1,), SCRATCH_DTYPE)
        self._w = np.zeros(lane_carbon.WORDS)
        self._waters, _ = new_table((1, n), SOLUTION_DTYPE)
        self._offsets = {
            v.name.removeprefix("surface_water_"): (int(v.kind == "flux"), v.offset)
            for v in variables()
            if v.level == "box"
        }

    @property
    def mm_per_m3(self) -> float:
        """Depth over the karst area, mm, of a cubic metre of water."""
        return MM_PER_M / (self.site.area_km2 * M2_PER_KM2)

    def fill(self, discharge: float, solutes: Mapping[str, float], temperature: float) -> None:
        """Boxes as full as `discharge` (m3 s-1) keeps them, of water with these solutes (mol m-3; others 0)."""
        self.state["surface_water"] = np.zeros(1, self.state["surface_water"].dtype)[0]
        p = self.params["surface_water"]
        velocity = p["velocity_coefficient"] * max(discharge, 1e-6) ** p["velocity_exponent"]
        stream = p["reach_length"] * M_PER_KM * discharge / velocity
        lake = p["reservoir_area"] * M2_PER_KM2 * p["reservoir_depth"]
        volume = np.where(p["reservoir"] == 1, lake, stream) * self.mm_per_m3
        water = self.state["surface_water"]["water"]
        water["volume"] = volume
        water["heat"] = volume * temperature
        self.state["surface_water"]["temperature"] = temperature
        for name, value in solutes.items():
            water["sol"][name] = value * volume / MM_PER_M

    def plant(self, biomass: float) -> None:
        """Give all beds submerged plants of `biomass` mol m-2 of water surface, at the discharge of the last run."""
        area = self.flux["surface_water"]["area_ratio"] * self.params["surface_water"]["plant_cover"]
        self.state["surface_water"]["plants"] = biomass * area

    def run(
        self,
        names: Sequence[str],
        *,
        step: float,
        discharge: np.ndarray | float,
        solutes: Mapping[str, np.ndarray | float],
        temperature: np.ndarray,
        day_fraction: np.ndarray,
        year_fraction: np.ndarray | float,
        **weather: np.ndarray | float,
    ) -> dict[str, np.ndarray]:
        """Series (step, box) of the variables `names` (without ``surface_water_``).

        step           d; discharge  of the inlet, m3 s-1; solutes  of the inlet, mol m-3
        temperature    of the water, degC, (step,): sets how many steps there are
        day_fraction   local solar time at the beginning of each step, d
        weather        fields of the forcing, as `co2` (ppm), `ps` (Pa), `sfcwind` (m s-1), `rsds_day` (W m-2)
        """
        n = len(temperature)
        forcing, _ = new_table((n,), FORCING_DTYPE)
        for name in (
            "snowfall",
            "rlds",
            "vapor_pressure",
            "evspsblpot",
            "npp",
            "rhsoil",
            "rsoil",
            "lai",
            "fapar",
            "swc",
        ):
            forcing[name] = ABSENT
        fields = {**DEFAULT_WEATHER, **weather, "day_fraction": day_fraction, "year_fraction": year_fraction}
        for name, value in ({"tas": temperature} | fields).items():
            forcing[name] = value
        inlets = self._inlets(n, step, discharge, solutes, temperature)
        chosen = np.array([self._offsets[name] for name in names], dtype=np.int64).reshape(-1, 2)
        out = np.zeros((n, len(names), len(self.site.boxes)))
        arguments = (
            self.params[None], self.state[None], self.flux[None], inlets, self._air_p, self._air_s, self._air_f,
            forcing, np.array(temperature, dtype=float), self._scratch, self._waters, self._w, float(step),
            int(self.constant_set), int(self.n_active), (self._state_floats, self._flux_floats), chosen, out,
        )  # fmt: skip
        march.bind_to(*arguments)(*arguments)
        return {name: out[:, i] for i, name in enumerate(names)}

    def _inlets(
        self,
        n: int,
        step: float,
        discharge: np.ndarray | float,
        solutes: Mapping[str, np.ndarray | float],
        temperature: np.ndarray,
    ) -> np.ndarray:
        inlets, _ = new_table((n,), FLOW_DTYPE)
        inlets["volume"] = np.asarray(discharge) * step * SECONDS_PER_DAY * self.mm_per_m3
        inlets["heat"] = inlets["volume"] * np.maximum(temperature, 0.0)
        for name, value in solutes.items():
            inlets["sol"][name] = np.asarray(value) * inlets["volume"] / MM_PER_M
        return inlets
