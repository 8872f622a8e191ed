"""The experiments of estimators and of monitoring, cut down to one catchment: they run and say what they should."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.estimators import run as estimators
from experiments.monitoring_network import run as network


@pytest.mark.slow
def test_estimators_on_one_field(monkeypatch, tmp_path: Path) -> None:
    """Cropland, one campaign, two draws: acid-corrected is near the truth, hydrochemistry too high (README)."""
    monkeypatch.setitem(estimators.CONFIG, "last_year", 2016)
    monkeypatch.setattr(estimators, "SEEDS", 2)
    monkeypatch.setattr(estimators, "LAND_USES", ("cropland",))
    found = estimators.find()
    bias = estimators.summary(found)["median bias"]
    assert set(bias.index) == {entry.label for entry in estimators.ENTRIES}
    assert abs(bias["acid-corrected, rain measured"]) < 20.0 < bias["hydrochemistry, daily"]
    assert bias["(Ca + Mg) as CO2"] > bias["hydrochemistry, daily"]
    assert found["formula"].abs().max() < 1e-6
    estimators.draw(found, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 0


@pytest.mark.slow
def test_one_stream_of_the_network(monkeypatch, tmp_path: Path) -> None:
    """One stream: all ten streams of data, and an error that does not shrink when samples become rare."""
    monkeypatch.setitem(network.CONFIG, "last_year", 2016)
    monkeypatch.setattr(network, "SEEDS", 3)
    monkeypatch.setattr(network, "STREAM", network.STREAM[6:7])
    found = network.find()
    size = found[found["noise"] == 0.0].groupby("interval")["error"].apply(lambda e: e.abs().mean())
    assert size[1.0] < size[90.0]
    lines = {line.claim: line for line in network.verdicts(found)}
    assert lines["A21 streams of a karst observatory produced"].reproduced
    network.draw(found, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 0
