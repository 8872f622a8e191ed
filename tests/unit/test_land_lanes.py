"""Soils and epikarsts of a small ensemble: one more part of a step in lanes against the same by the scalar kernels."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from karstsim.core.jit import kernel, python_callable
from karstsim.core.spec import new_table
from karstsim.model.engine import SCRATCH_DTYPE
from karstsim.model.simulate import Simulation
from karstsim.processes import epikarst, lane_dissolution, soil
from karstsim.processes.dissolution import magnesium_share

NEAR = 2e-6
MEMBERS = [
    {"soil.area_to_volume": a, "epikarst.co2_ratio": r}
    for a in (5.0, 50.0, 500.0, 5000.0)
    for r in (0.5, 1.2)
]
CALCITE = 0.01  # mol m-2 of pedogenic calcite in every other soil


@kernel
def _soil_in_lanes(tp, ts, tf, count, scratch, w, v, traced):
    lane_dissolution.make_ready(w)
    lane_dissolution.make_ready(v)
    soil.chemistry.react(tp, ts, tf, 0, 0, 0, count, scratch, w, v, 0, 1.0, traced)


@kernel
def _soil_alone(tp, ts, tf, count, scratch):
    for i in range(count):
        x, k, f = scratch[i].solution, scratch[i].constants, tf[i, 0].soil
        mg = magnesium_share(tp[i, 0].epikarst.dolomite_share)
        soil.chemistry.step(tp[i, 0].soil, ts[i, 0].soil, f, mg, f.excess, x, k, 1.0)


@kernel
def _epikarst_in_lanes(tp, ts, tf, count, scratch, w, v, traced):
    lane_dissolution.make_ready(w)
    lane_dissolution.make_ready(v)
    epikarst.chemistry.react(tp, ts, tf, 0, 0, 0, count, scratch, w, v, 0, 1.0, traced)


@kernel
def _epikarst_alone(tp, ts, tf, count, scratch):
    for i in range(count):
        p, s, f = tp[i, 0], ts[i, 0], tf[i, 0]
        x, k, coupling = scratch[i].solution, scratch[i].constants, scratch[i].coupling
        epikarst.chemistry.step(
            p.epikarst, s.epikarst, f.epikarst, p.soil, s.soil, f.soil, coupling, x, k, 1.0
        )


WAYS = {
    "soil": (python_callable(_soil_in_lanes), python_callable(_soil_alone)),
    "epikarst": (python_callable(_epikarst_in_lanes), python_callable(_epikarst_alone)),
}


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "isotopes"])
def tables(request, whole_site, climate_forcing):
    """The ensemble after 40 days of monsoon, and whether tracers are carried."""
    ds = climate_forcing("monsoon", years=1).isel(time=slice(120, 160))
    run = Simulation(whole_site(("grass",), 0), ds, MEMBERS, isotopes=request.param)
    run.spin_up(0)
    run.run(["annual"], ["catchment_imbalance_*"])
    soils = run.tables.state["tile"]["soil"]
    soils["carbonate"][::2] = CALCITE
    soils["powder_mass"]["v"], soils["powder_magnesium"] = 0.0, 0.0  # powder is for the scalar kernels
    return run.tables, request.param


def _scratch(traced: bool) -> np.ndarray:
    scratch, _ = new_table((8,), SCRATCH_DTYPE)
    scratch["parts"], scratch["coupling"] = 1, 0.7
    scratch["constants"]["tracers"] = float(traced)
    return scratch


@pytest.mark.parametrize("place", WAYS)
def test_a_part_in_lanes_is_that_of_the_scalar_kernels(place, tables) -> None:
    """Every state and flux of the tile, tracers and all."""
    whole, traced = tables
    results = []
    for way in range(2):
        own = copy.deepcopy(whole)
        scratch = _scratch(traced)
        arguments = [own.params["tile"], own.state["tile"], own.flux["tile"], 8, scratch]
        if way == 0:
            arguments += [np.zeros(lane_dissolution.WORDS), np.zeros(lane_dissolution.WORDS), traced]
        WAYS[place][way](*arguments)
        if way == 0:
            w = arguments[5]
            assert (w[lane_dissolution.RUNS : lane_dissolution.RUNS + 8] == 1.0).all()
            assert (w[lane_dissolution.ODD : lane_dissolution.ODD + 8] == 0.0).all()
        results.append((own.state["tile"][place], own.flux["tile"][place]))
    for got, expected, before in zip(
        *results, (whole.state["tile"][place], whole.flux["tile"][place]), strict=True
    ):
        assert got.tobytes() != before.tobytes()
        _compare(got, expected, place)


def _compare(got: np.ndarray, expected: np.ndarray, name: str) -> None:
    if got.dtype.names:
        for field in got.dtype.names:
            _compare(got[field], expected[field], f"{name}.{field}")
    else:
        rel, floor = (1e-3, 0.0) if name.endswith("_ratio") else (NEAR, NEAR)
        scale = floor * max(1.0, float(np.nanmax(np.abs(expected))))
        np.testing.assert_allclose(got, expected, rtol=rel, atol=scale, err_msg=name)
