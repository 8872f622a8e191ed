"""Does this installation compute what it should? Chemistry, books, restarts and compiled code against what is known.

Small enough for half a minute once the model is compiled; the tests of the repository look at far more.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd

from karstsim.report.section import Check

WATERS = "phreeqc_waters.csv"
EXPECTED = "expected_"
LOGARITHMS = ("ph", "log10_fco2", "si_calcite", "si_dolomite", "si_gypsum")
ABSOLUTE, RELATIVE = 1.0e-3, 1.0e-3  # promised: of logarithms, and of amounts
PLAIN_RELATIVE = 1.0e-10  # compiled code against plain Python
DAYS, SPLIT, PLAIN_DAYS = 120, 60, 2
SITE = {
    "name": "verify",
    "latitude": 26.3,
    "longitude": 105.7,
    "elevation": 1200.0,
    "area_km2": 20.0,
    "mean_temperature": 15.0,
    "tiles": [{"land_use": "shrub", "area_fraction": 1.0}],
    "boxes": [
        {"name": "brook", "kind": "stream", "water_class": "headwater", "length_km": 3.0, "slope": 0.01}
    ],
}
Part = Callable[[], str]
PARTS = 4


def verify(reference: Path | None = None) -> Iterator[Check]:
    """Check after check, each as soon as it is known.

    reference   another table of waters in the layout of the shipped one
    """
    parts: tuple[tuple[str, Part], ...] = (
        ("Chemistry as PHREEQC", lambda: _chemistry(reference)),
        ("Books closed", _books),
        ("Restart to the bit", _restart),
        ("Compiled code as plain Python", _plain),
    )
    for name, part in parts:
        try:
            yield Check(name, True, part())
        except AssertionError as error:
            yield Check(name, False, str(error))
        except Exception as error:  # a check that cannot run has not passed, and the others shall
            yield Check(name, False, f"{type(error).__name__}: {error}")


def _chemistry(reference: Path | None) -> str:
    """Speciation of the shipped waters: pH, saturation, CO2, ionic strength and DIC."""
    from karstsim.chemistry.api import speciate

    path = reference if reference is not None else files("karstsim") / "data" / WATERS
    with path.open(encoding="utf-8") as file:
        table = pd.read_csv(file)
    wanted = [name for name in table.columns if name.startswith(EXPECTED)]
    given = table.drop(columns=[*wanted, "id", "label"])
    out = speciate(given).to_dataframe()
    worst, count = {True: 0.0, False: 0.0}, 0
    for column in wanted:
        name = column.removeprefix(EXPECTED)
        logarithm = name in LOGARITHMS
        there = table[column].notna().to_numpy()
        seen, known = out[name].to_numpy()[there], table[column].to_numpy()[there]
        error = np.abs(seen - known) if logarithm else np.abs(seen - known) / np.abs(known)
        limit = ABSOLUTE if logarithm else RELATIVE
        if not (error <= limit).all():
            row = table[there].iloc[int(np.argmax(np.where(np.isnan(error), np.inf, error)))]
            at = int(np.argmax(np.where(np.isnan(error), np.inf, error)))
            raise AssertionError(
                f"{name} of water {row['id']} ({row['label']}) is {seen[at]:.6g}, PHREEQC says {known[at]:.6g}"
            )
        worst[logarithm], count = max(worst[logarithm], float(error.max())), count + int(there.sum())
    return (
        f"{count} values of {len(table)} waters; largest error {worst[True]:.1e} in pH, SI and log CO2, "
        f"{worst[False]:.1e} of amounts (limits {ABSOLUTE:g}, {RELATIVE:g})"
    )


def _simulation(first: int, last: int):  # type: ignore[no-untyped-def]
    """The small site over days `first` to `last` of its weather."""
    from karstsim.forcing.synthetic import synthetic_forcing
    from karstsim.model.simulate import Simulation
    from karstsim.model.site import Site

    lon, lat, height = float(SITE["longitude"]), float(SITE["latitude"]), float(SITE["elevation"])  # type: ignore[arg-type]
    weather = synthetic_forcing("ssp245", 2015, 2015, 1, lon=lon, lat=lat, elevation=height)
    return Simulation(Site.from_dict(SITE), weather, steps=(first, last))


def _state(run) -> np.ndarray:  # type: ignore[no-untyped-def]
    return np.concatenate([floats.ravel() for floats in run.tables.state_floats.values()])


def _advance(run) -> None:  # type: ignore[no-untyped-def]
    run.advance(["daily"], ["catchment_runoff"])


def _run(first: int, last: int):  # type: ignore[no-untyped-def]
    run = _simulation(first, last)
    run.spin_up(0)
    _advance(run)
    return run


def _books() -> str:
    """What entered, left and stayed adds up."""
    from karstsim.model.simulate import RUN_CLOSURE

    element, worst = max(_run(0, DAYS).closure().items(), key=lambda item: item[1])
    if not worst <= RUN_CLOSURE:
        raise AssertionError(
            f"{element} does not add up: {worst:.1e} of the throughput (limit {RUN_CLOSURE:g})"
        )
    return f"{DAYS} days; largest residual {worst:.1e} of the throughput, {element} (limit {RUN_CLOSURE:g})"


def _restart() -> str:
    """A run in two halves ends in the state of one in a piece."""
    whole, first, second = _simulation(0, DAYS), _simulation(0, SPLIT), _simulation(SPLIT, DAYS)
    whole.spin_up(0)
    for (
        level,
        floats,
    ) in whole.tables.state_floats.items():  # the state at the start depends on the whole forcing
        first.tables.state_floats[level][...] = floats
    _advance(whole)
    _advance(first)
    with tempfile.TemporaryDirectory() as folder:
        second.start_from(first.write_restart(Path(folder) / "restart.nc"))
    _advance(second)
    wanted = _state(whole)
    differing = int(np.count_nonzero(wanted.view("u8") != _state(second).view("u8")))
    if differing:
        raise AssertionError(f"{differing} of {wanted.size} numbers of the state differ after a restart")
    return f"{wanted.size} numbers of the state are the same after {DAYS} days with and without a restart"


def _plain() -> str:
    """The same days without the compiler, in another process."""
    from karstsim.core.jit import disabled

    if disabled():
        return "the compiler is off here (NUMBA_DISABLE_JIT=1): nothing to compare"
    compiled = _state(_run(0, PLAIN_DAYS))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plain.bin"
        script = (
            f"from karstsim import verify; verify._state(verify._run(0, {PLAIN_DAYS})).tofile({str(path)!r})"
        )
        places = [str(Path(__file__).resolve().parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
        env = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(places)}
        done = subprocess.run(
            [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise AssertionError(f"plain Python stopped: {done.stderr.strip().splitlines()[-1]}")
        plain = np.fromfile(path)
    # Residuals and imbalances are rounding itself: what is nothing beside the state counts as equal.
    scale = np.maximum(np.maximum(np.abs(compiled), np.abs(plain)), 1.0)
    error = np.abs(compiled - plain) / scale
    both = np.isnan(compiled) & np.isnan(plain)
    if not (both | (error <= PLAIN_RELATIVE)).all():
        raise AssertionError(f"they differ by {np.nanmax(error):.1e} (limit {PLAIN_RELATIVE:g})")
    return f"{compiled.size} numbers of the state after {PLAIN_DAYS} days; largest difference {np.nanmax(error):.1e}"
