"""Python's full garbage collection, once in a whole run, is no part of the samples that a cost is scaled from."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from small_ensemble import DRAWS, PAST_AND_LOW, settings, write_file
from small_site import SITE

from karstsim import run_cost
from karstsim.config import RunConfig, load_config
from karstsim.ensemble import estimate
from karstsim.ensemble import run as running
from karstsim.ensemble.config import load_ensemble

RUN = '[forcing]\nsynthetic = "ssp245"\nstart = "2015-01-01"\nend = "2016-12-31"\n[run]\nspinup_years = 1\n'
FULL = 2  # generation of a collection that looks at everything


class Watch:
    """Counts full collections within the functions that it wraps."""

    def __init__(self) -> None:
        self.inside = self.full = self.calls = 0

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        self.full += phase == "start" and info["generation"] == FULL and self.inside > 0

    def around(self, do: Callable[..., object]) -> Callable[..., object]:
        def run(*given: object, **named: object) -> object:
            self.inside, self.calls = self.inside + 1, self.calls + 1
            try:
                return do(*given, **named)
            finally:
                self.inside -= 1

        return run


@pytest.fixture
def watch() -> Iterator[Watch]:
    """A full collection is due, as after many imports: so much that lives long has been made since the last."""
    found, before = Watch(), gc.get_threshold()
    gc.callbacks.append(found)
    gc.collect()
    gc.set_threshold(before[0], before[1], 10**6)
    lasting = [[i] for i in range(max(500_000, len(gc.get_objects())))]
    gc.set_threshold(before[0], 1, 1)
    yield found
    gc.set_threshold(*before)
    gc.callbacks.remove(found)
    del lasting


def test_no_full_collection_in_the_samples_of_an_ensemble(tmp_path: Path, monkeypatch, request) -> None:
    config = load_ensemble(write_file(tmp_path, SITE, PAST_AND_LOW, DRAWS, settings()))
    running.start(config, tmp_path / "out")
    folder = str(tmp_path / "out")
    estimate._measure(folder, folder, 0, 2)  # what is made once in a process
    watch = request.getfixturevalue("watch")
    monkeypatch.setattr(estimate, "run_task", watch.around(estimate.run_task))
    estimate._measure(folder, folder, 0, 2)
    assert watch.calls == 3 and watch.full == 0


def test_no_full_collection_in_the_samples_of_a_run(tmp_path: Path, monkeypatch, request) -> None:
    (tmp_path / "run.toml").write_text(SITE + RUN, encoding="utf-8")
    config = load_config(tmp_path / "run.toml")
    ds = config.open_forcing()
    years = np.repeat([2015, 2016], [365, 366])
    run_cost._sample(config, ds, years, 1)
    watch = request.getfixturevalue("watch")
    monkeypatch.setattr(RunConfig, "simulation", watch.around(RunConfig.simulation))
    monkeypatch.setattr(run_cost, "write_netcdf", watch.around(run_cost.write_netcdf))
    run_cost._sample(config, ds, years, 1)
    assert watch.calls > 1 and watch.full == 0
