"""Where the time of a diel box goes: one sub-step of a headwater stream, cut off after each of its parts in turn.

    python -m benchmarks.box_profile [--days N]

The parts are the kernels of the model in their order; the cost of one is the difference of two cuts. States are
recorded at sunrise and sunset of a stream that has run for twenty days, and half a day each is timed. CPU times of one
core, the fastest of rounds in which all cuts take turns; shares within a run are what counts.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numba
import numpy as np

from karstsim.chemistry.constants import set_temperature
from karstsim.core.solutes import N_CORE
from karstsim.core.spec import new_table
from karstsim.forcing.records import FORCING_DTYPE
from karstsim.model.site import Site
from karstsim.model.water_chain import DEFAULT_WEATHER, WaterChain
from karstsim.processes.dissolution import remember
from karstsim.processes.surface_water import (
    calcite,
    carbon,
    gas_exchange,
    hydraulics,
    nitrogen,
    organic,
    oxygen,
    photosynthesis,
    plants,
    temperature,
)
from karstsim.processes.transport import receive

PARTS = (
    "flow and transport",
    "temperature and light",
    "organic carbon and plants",
    "equilibrium constants",
    "start of the medium",
    "gas transfer, production, calcite: coefficients",
    "carbonate system with gas, plants and calcite",
    "nitrate, burial, oxygen",
)
SUBSTEPS, PLANTED, ROUNDS = 48, 5.0, 9  # a day; mol m-2; turns of every cut
SPRING = {
    "dic": 4.6,
    "ca": 2.05,
    "mg": 0.2,
    "na": 0.1,
    "cl": 0.1,
    "so4": 0.1,
    "no3": 0.2,
    "oxygen": 0.25,
}  # mol m-3
STREAM = {"name": "b", "kind": "stream", "water_class": "headwater", "length_km": 5.0}
PLACE = {
    "name": "box",
    "latitude": 26.0,
    "longitude": 106.0,
    "elevation": 500.0,
    "area_km2": 10.0,
    "tiles": [{"land_use": "grass", "area_fraction": 1.0}],
    "boxes": [STREAM],
}


@numba.njit(error_model="numpy")
def _sub_step(p, s, f, inlet, spring_oxygen, air_s, air_f, forcing, x, k, t, time_of_day, h, fresh, parts):  # type: ignore[no-untyped-def]
    """The first `parts` of a sub-step, as surface_water.step does them, with the scalar kernels."""
    hydraulics.weather(p, s, f, air_f, h, N_CORE)
    hydraulics.geometry(p, s, f, inlet.volume * h, h)
    hydraulics.release_half(s, f, N_CORE)
    receive(s.water, inlet, h, N_CORE)
    oxygen.enter(s, f, spring_oxygen)
    stays = hydraulics.staying(s, f)
    h_water = h * stays
    hydraulics.release_rest(s, f, N_CORE)
    if parts < 2:
        return
    temperature.step(p, s, air_s, time_of_day)
    algae = 1.0e3 * s.water.sol.algae / s.water.volume
    light = photosynthesis.mean_light(p, f, algae, t, time_of_day)
    if parts < 3:
        return
    warmth = organic.warmth(p, s.temperature)
    respired, aquatic = organic.step(p, s, f, warmth, h_water)
    by_plants = plants.step(p, s, f, warmth, h, h_water)
    if parts < 4:
        return
    set_temperature(k, s.temperature, k.constant_set)
    if parts < 5:
        return
    carbon.begin_solution(s, x, k, t, fresh)
    if fresh:
        gas_exchange.set_k600(p, f, forcing.sfcwind)
    if parts < 6:
        return
    carbon.prepare(p, s, f, light, forcing, t, t.acidity, x.c_k1, x.c_k2, x.c_kw, h_water)
    if parts < 7:
        return
    co2, hco3, n = carbon.solve(x, k, p, t)
    carbon.exchange(s, f, t, co2, x.c_kh)
    carbon.assimilate(p, s, f, t, co2, hco3)
    calcite.book(s, f, n * s.water.volume)
    x.dic = s.water.sol.dic / s.water.volume
    remember(x, s.water)
    if parts < 8:
        return
    nitrogen.step(p, s, f, t.gross, aquatic + by_plants)
    calcite.bury(p, s, f, h)
    oxygen.step(p, s, f, t.gross, respired + by_plants, forcing, h, stays)


@numba.njit(error_model="numpy")
def _days(  # type: ignore[no-untyped-def]
    params, states, fluxes, floats, kept, inlets, air_s, air_f, forcing, waters, scratch, start, parts, n
):
    """`n` half-days of sub-steps, each from the recorded state `kept`."""
    h = 1.0 / SUBSTEPS
    p, s, f = params[0].surface_water, states[0].surface_water, fluxes[0].surface_water
    for _ in range(n):
        floats[:] = kept
        waters[0].ph = 0.0
        spring_oxygen = oxygen.dissolved(inlets[0], h, p.spring_oxygen, forcing[0])
        for j in range(SUBSTEPS // 2):
            time_of_day = start + (j + 0.5) * h
            _sub_step(
                p, s, f, inlets[0], spring_oxygen, air_s[0], air_f[0], forcing[0], waters[0], scratch[0].constants,
                scratch[0].substep, time_of_day, h, j == 0, parts,
            )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=400, help="half-days in a round")
    days = parser.parse_args().days
    costs = {name: _costs(start, days) for name, start in (("day", 0.25), ("night", 0.75))}
    mean = 0.5 * (costs["day"] + costs["night"])
    print(f"{'part':50s} {'day ns':>8s} {'night ns':>9s} {'share':>7s}")
    for i, part in enumerate(PARTS):
        print(
            f"{part:50s} {costs['day'][i]:8.0f} {costs['night'][i]:9.0f} {100.0 * mean[i] / mean.sum():6.1f} %"
        )
    print(f"{'sub-step':50s} {costs['day'].sum():8.0f} {costs['night'].sum():9.0f}")
    print(f"a day of {SUBSTEPS} sub-steps: {SUBSTEPS * mean.sum() * 1e-3:.0f} us")


def _costs(start: float, days: int) -> np.ndarray:
    """CPU nanoseconds of each part in a sub-step of the half-day that begins at `start`."""
    chain = _recorded(start)
    weather, _ = new_table((1,), FORCING_DTYPE)
    for name, value in {**DEFAULT_WEATHER, "tas": 15.0, "year_fraction": 0.4}.items():
        weather[name] = value
    arguments = (
        chain.params, chain.state, chain.flux, chain._state_floats[0], chain._state_floats[0].copy(),
        chain._inlets(1, 1.0, 0.3, SPRING, np.array([15.0])), chain._air_s, chain._air_f, weather,
        chain._waters[0], chain._scratch, start,
    )  # fmt: skip
    rounds = np.array(
        [[_seconds(arguments, parts, days) for parts in range(1, len(PARTS) + 1)] for _ in range(ROUNDS + 1)]
    )
    per_sub_step = np.min(rounds[1:], axis=0) * 1e9 / (days * SUBSTEPS // 2)
    return np.diff(per_sub_step, prepend=0.0)


def _seconds(arguments: tuple[Any, ...], parts: int, days: int) -> float:
    began = time.process_time()
    _days(*arguments, parts, days)
    return time.process_time() - began


def _recorded(start: float) -> WaterChain:
    """A stream after twenty days and the fraction `start` of a day."""
    chain = WaterChain(Site.from_dict(PLACE))
    chain.fill(0.3, SPRING, 15.0)
    n = int((20 + start) * 4)
    weather = {"rsds_day": 200.0, "year_fraction": 0.4}
    chain.run(
        ["gpp"], step=0.25, discharge=0.3, solutes=SPRING, temperature=np.full(n, 15.0),
        day_fraction=np.arange(n) * 0.25 % 1.0, **weather,
    )  # fmt: skip
    chain.plant(PLANTED)
    return chain


if __name__ == "__main__":
    main()
