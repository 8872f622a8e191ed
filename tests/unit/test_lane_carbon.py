"""Carbonate of boxes in lanes against the scalar `carbon.step`, over a morning of sub-steps."""

from __future__ import annotations

import numpy as np
import pytest

from karstsim.chemistry import lane_medium as at
from karstsim.chemistry.lane_medium import LANES
from karstsim.chemistry.solution import SOLUTION_DTYPE
from karstsim.core.jit import kernel, python_callable
from karstsim.core.solutes import N_CORE
from karstsim.core.spec import new_table
from karstsim.forcing.records import FORCING_DTYPE
from karstsim.model.engine import SCRATCH_DTYPE
from karstsim.model.parameter_records import parameter_tables
from karstsim.model.registry import FLUX_DTYPES, STATE_DTYPES
from karstsim.model.site import Site
from karstsim.processes import lane_dissolution
from karstsim.processes.surface_water import carbon, lane_carbon

SUB_STEPS, H = 8, 1.0 / 48.0
PLACE = {
    "name": "boxes",
    "latitude": 26.0,
    "longitude": 106.0,
    "elevation": 500.0,
    "area_km2": 10.0,
    "tiles": [{"land_use": "grass", "area_fraction": 1.0}],
    "boxes": [{"name": "b", "kind": "stream", "water_class": "planted_stream", "length_km": 5.0}],
}
# Alkalinity (mol m-3), DIC over alkalinity: far above the air's CO2, near it, below it; at saturation or above
KINDS = {"spring": (3.0, 5.0, 1.05, 1.3), "river": (2.0, 4.0, 0.98, 1.02), "weeds": (1.5, 3.0, 0.9, 0.97)}


@kernel
def _morning(params, states, fluxes, weather, count, scratch, waters, w, constant_set, in_lanes, traced):
    """Sub-steps with rising light: in lanes, or one box after the other."""
    lane_dissolution.make_ready(w)
    for j in range(SUB_STEPS):
        for lane in range(count):
            t = scratch[lane].substep
            t.light, t.stays = 40.0 * j, 1.0
            scratch[lane].parts = SUB_STEPS
        if in_lanes:
            lane_carbon.step(
                params,
                states,
                fluxes,
                0,
                j,
                weather,
                0,
                count,
                scratch,
                waters,
                w,
                constant_set,
                H * SUB_STEPS,
                traced,
            )
        else:
            for lane in range(count):
                p, s, f = (
                    params[lane, 0].surface_water,
                    states[lane, 0].surface_water,
                    fluxes[lane, 0].surface_water,
                )
                x, k, t = waters[lane, 0], scratch[lane].constants, scratch[lane].substep
                carbon.step(p, s, f, t.light, weather[lane], x, k, t, H, j == 0)


MORNING = python_callable(_morning)


@kernel
def _refill(states, fluxes, volume, waters, w):
    """A box that is dry in the first sub-step of a step and has water in the next, loaded in both."""
    s, f = states[0, 0].surface_water, fluxes[0, 0].surface_water
    s.water.volume = 0.0
    lane_carbon.load(w, 0, s, f, waters[0, 0], True)
    s.water.volume = volume
    lane_carbon.load(w, 0, s, f, waters[0, 0], False)


REFILL = python_callable(_refill)


def world(kind: str, seed: int, members: int = LANES, **values: float):
    """Tables of one box a member, whose water has been solved once."""
    draw = np.random.default_rng(seed)
    overrides = [{f"surface_water.{name}": value for name, value in values.items()}] * members
    params = parameter_tables(Site.from_dict(PLACE), overrides)["box"]
    states, _ = new_table((members, 1), STATE_DTYPES["box"])
    fluxes, _ = new_table((members, 1), FLUX_DTYPES["box"])
    low, high, least, most = KINDS[kind]
    for i in range(members):
        s, f = states[i, 0].surface_water, fluxes[i, 0].surface_water
        s.temperature, s.water.volume, s.plants = (
            draw.uniform(3.0, 28.0),
            100.0,
            0.1 * draw.uniform(0.0, 10.0),
        )
        alkalinity = draw.uniform(low, high)
        sol = s.water.sol
        sol.mg, sol.na, sol.cl, sol.so4 = 0.03, 0.02, 0.02, 0.1 * draw.uniform(0.0, 0.3)
        sol.ca = 0.05 * alkalinity + sol.so4 - sol.mg
        sol.dic = 0.1 * alkalinity * draw.uniform(least, most)
        sol.no3, sol.algae, sol.ca = 0.01, 0.001, sol.ca + 0.005
        s.bed_calcite = draw.choice([0.0, 1.0])
        f.depth, f.velocity, f.area_ratio = draw.uniform(0.2, 2.0), 0.3, 0.01
    weather, _ = new_table((LANES,), FORCING_DTYPE)
    weather["co2"], weather["ps"], weather["sfcwind"] = 410.0, 1.0e5, 2.0
    run(params, states, fluxes, weather, False)
    return params, states, fluxes, weather


def run(
    params,
    states,
    fluxes,
    weather,
    in_lanes: bool,
    constant_set: int = 0,
    first: int = 0,
    count: int | None = None,
):
    """A morning of the members first .. first + count - 1, in place."""
    part = slice(first, None if count is None else first + count)
    params, states, fluxes = params[part], states[part], fluxes[part]
    scratch, _ = new_table((LANES,), SCRATCH_DTYPE)
    waters, _ = new_table((LANES, 1), SOLUTION_DTYPE)
    scratch["constants"]["constant_set"] = constant_set
    n = len(params)
    w = np.zeros(lane_carbon.WORDS)
    MORNING(params, states, fluxes, weather, n, scratch, waters, w, constant_set, in_lanes, N_CORE < 0)
    return waters


@pytest.mark.parametrize(
    "values", [{}, {"biogenic_calcite": 0.0}, {"calcite_law": 1.0}, {"plant_cover": 0.0}]
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_morning_is_that_of_the_scalar_kernel(kind: str, values: dict[str, float]) -> None:
    """All moves of carbon within what the scalar loop leaves, 2e-4 of the carbon at hand; books to the digit."""
    for seed in range(4):
        params, states, fluxes, weather = world(kind, seed, **values)
        before = states["surface_water"]["water"]["sol"]["dic"].copy()
        moved = fluxes.copy()
        other_states, other_fluxes = states.copy(), fluxes.copy()
        waters = run(params, states, fluxes, weather, True)
        run(params, other_states, other_fluxes, weather, False)
        assert (waters["unsolved"] == 0.0).all()
        mine, theirs = states["surface_water"]["water"], other_states["surface_water"]["water"]
        np.testing.assert_allclose(mine["ph"], theirs["ph"], atol=2e-4)
        for ion in ("dic", "ca"):
            np.testing.assert_allclose(mine["sol"][ion], theirs["sol"][ion], rtol=1e-4)
        for name in ("evasion", "invasion", "gpp", "gpp_bicarbonate", "calcite", "calcite_dissolution"):
            a, b = fluxes["surface_water"][name], other_fluxes["surface_water"][name]
            np.testing.assert_allclose(a, b, rtol=2e-3, atol=1e-4 * before.max(), err_msg=name)
        change = {
            name: fluxes["surface_water"][name] - moved["surface_water"][name]
            for name in (
                "evasion", "invasion", "gpp", "autotrophic_respiration", "calcite", "calcite_dissolution",
            )
        }  # fmt: skip
        assert (np.abs(change["evasion"] - change["invasion"]) > 1e-6).all()
        assert (change["gpp"] > 1e-6).all() or values == {"plant_cover": 0.0}
        entered = change["invasion"] - change["evasion"] - change["gpp"] + change["autotrophic_respiration"]
        entered += change["calcite_dissolution"] - change["calcite"]
        np.testing.assert_allclose(mine["sol"]["dic"] - before, entered, atol=1e-15)


def test_lanes_do_most_of_the_work() -> None:
    """A box that the lanes leave to the scalar kernel has forgotten where its first guess goes."""
    odd = 0
    for kind in KINDS:
        params, states, fluxes, weather = world(kind, 0)
        waters = run(params, states, fluxes, weather, True)
        odd += int((waters["ended"][:, 0, 0] == lane_carbon.NOWHERE).sum())
    assert odd <= 2


@pytest.mark.parametrize("constant_set", [0, 1])
def test_neighbours_change_no_bit(constant_set: int) -> None:
    """Alone, in threes, beside a poisoned one: the same box."""
    for kind in KINDS:
        params, states, fluxes, weather = world(kind, 7)
        alone, alone_fluxes = states.copy(), fluxes.copy()
        poisoned, poisoned_fluxes = states.copy(), fluxes.copy()
        run(params, states, fluxes, weather, True, constant_set)
        for first in range(0, LANES, 3):
            run(params, alone, alone_fluxes, weather, True, constant_set, first, 3)
        assert alone.tobytes() == states.tobytes()
        assert alone_fluxes.tobytes() == fluxes.tobytes()
        poisoned["surface_water"]["water"]["sol"]["ca"][2] = np.nan
        run(params, poisoned, poisoned_fluxes, weather, True, constant_set)
        for lane in range(LANES):
            assert (poisoned[lane].tobytes() == states[lane].tobytes()) is (lane != 2)


def test_a_box_that_was_dry_looks_at_no_other_box() -> None:
    """The scratch still holds the sub-steps of another catchment: its first guess would depend on the neighbours."""
    params, states, fluxes, weather = world("river", 3)
    waters = run(params, states, fluxes, weather, True)
    w = np.zeros(lane_carbon.WORDS)
    water = states["surface_water"]["water"]
    used = waters.copy()
    used["ended"][0, 0, :4] = water["ph"][0, 0] + 0.01, 1.01 * water["pco2"][0, 0], lane_carbon.NOWHERE, 1.0
    used["ended"][0, 0, 4] = 1.01 * water["ionic_strength"][0, 0]
    REFILL(states, fluxes, float(water["volume"][0, 0]), used, w)
    assert w[lane_carbon.AHEAD_H] == 0.0 and w[lane_carbon.AHEAD_PCO2] == 1.0
    assert w[at.IONIC] == water["ionic_strength"][0, 0]
