"""Plain Python and compiled code agree: ten days, rtol 1e-10 on every float of the state (targets B)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from karstsim.core.jit import disabled, source_hash
from karstsim.model.simulate import Simulation

TESTS = Path(__file__).resolve().parents[1]
SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
import conftest
from test_without_jit import run
from karstsim.core.jit import source_hash
print(source_hash())
run(conftest.whole_site.__wrapped__(), conftest.build_forcing, {climate!r}, {n_boxes}, {isotopes}).tofile({out!r})
"""
AT_START = source_hash()


def run(whole_site, build_forcing, climate: str, n_boxes: int, isotopes: bool) -> np.ndarray:
    """All floats of state and flux after ten days of July (all six land uses)."""
    ds = build_forcing(climate, years=1).isel(time=slice(190, 200))
    simulation = Simulation(whole_site(n_boxes=n_boxes), ds, isotopes=isotopes)
    simulation.spin_up(0)
    soil = simulation.tables.state["tile"]["soil"]
    for name in ("dpm", "rpm", "bio", "hum"):
        soil[name] = 60.0
    simulation.tables.state["tile"]["vegetation"]["leaf"] = 10.0
    simulation.run(["daily"], ["catchment_runoff"])
    tables = (*simulation.tables.state_floats.values(), *simulation.tables.flux_floats.values())
    return np.concatenate([t.ravel() for t in tables])


@pytest.mark.skipif(disabled(), reason="compares with the compiled code")
@pytest.mark.parametrize(
    ("climate", "n_boxes", "isotopes"), [("monsoon", 2, False), ("semi_arid", 1, False), ("monsoon", 3, True)]
)
def test_python_agrees_with_compiled_code(
    climate, n_boxes, isotopes, whole_site, climate_forcing, tmp_path
) -> None:
    """Residuals and imbalances of the books are rounding itself and are compared with zero instead.

    With isotopes what is not there has no d13C: NaN in both.
    """
    options = {"climate": climate, "n_boxes": n_boxes, "isotopes": isotopes}
    script = SCRIPT.format(tests=str(TESTS), out=str(tmp_path / "python.bin"), **options)
    env = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    if done.stdout.split()[0] != AT_START:
        pytest.skip("the sources were edited while the tests ran: the two runs are of different models")
    plain = np.fromfile(tmp_path / "python.bin")
    compiled = run(whole_site, climate_forcing, **options)
    assert plain.shape == compiled.shape and (isotopes or np.isfinite(plain).all())
    names = _names(whole_site(n_boxes=n_boxes))
    assert len(names) == len(plain)
    for name, a, b in zip(names, plain, compiled, strict=True):
        if "residual" in name or "imbalance" in name:
            assert abs(a) < 1e-11 and abs(b) < 1e-11, name
        else:
            assert a == pytest.approx(b, rel=1e-10, abs=1e-14, nan_ok=isotopes), name


def _names(site) -> list[str]:
    from karstsim.model.registry import FLUX_DTYPES, LEVELS, STATE_DTYPES, variables

    rows = site.rows
    names = []
    for kind, dtypes in (("state", STATE_DTYPES), ("flux", FLUX_DTYPES)):
        for level in LEVELS:
            row = [""] * (dtypes[level].itemsize // 8)
            for v in variables():
                if v.level == level and v.kind == kind:
                    row[v.offset] = v.name
            names += row * rows[level]
    return names


@pytest.mark.slow
@pytest.mark.skipif(disabled(), reason="starts the plain run itself")
def test_the_cheap_tests_pass_without_the_compiler() -> None:
    """Everything marked `nojit`, again with NUMBA_DISABLE_JIT=1."""
    env = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "nojit", str(TESTS / "unit"), "-p", "no:cacheprovider"],
        env=env, capture_output=True, text=True, check=False, cwd=TESTS.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.nojit
def test_two_days_run_either_way(whole_site, climate_forcing) -> None:
    """With the compiler off this is the whole model in plain Python."""
    ds = climate_forcing("monsoon", years=1).isel(time=slice(190, 192))
    simulation = Simulation(whole_site(("grass",), 1), ds)
    simulation.spin_up(0)
    out = simulation.run(["daily"], ["aquifer_spring_ph", "catchment_imbalance_*"])["daily"]
    assert ((out.aquifer_spring_ph > 4.0) & (out.aquifer_spring_ph < 11.0)).all()
    assert float(max(out[f"catchment_imbalance_{e}"].max() for e in ("water", "carbon"))) < 1e-13
