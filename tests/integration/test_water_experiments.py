"""X12, X13, X14 and French Creek run as a user runs them, and reach as many verdicts as their pages say."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from experiments.diel import run as diel
from experiments.french_creek import run as french_creek
from experiments.pearl_river import run as pearl_river
from experiments.x14_stability import run as x14_stability

pytestmark = pytest.mark.slow


def _printed(experiment, monkeypatch, capsys, *arguments: str) -> str:
    monkeypatch.setattr(sys, "argv", ["run", *arguments])
    experiment.main()
    return capsys.readouterr().out


def _verdicts(text: str) -> tuple[int, int]:
    """(reproduced, missed)."""
    return len(re.findall(r"\breproduced \(", text)), len(re.findall(r"\bmissed \(", text))


def test_x12(monkeypatch, capsys, tmp_path: Path) -> None:
    out = _printed(diel, monkeypatch, capsys, "--figure", str(tmp_path / "x12.png"))
    assert _verdicts(out) == (4, 0)
    assert (tmp_path / "x12.png").stat().st_size > 20_000


def test_x13(monkeypatch, capsys, tmp_path: Path) -> None:
    """Sediment by default; sediment and degassing with the preset, which passes pH 9 and is warned of."""
    out = _printed(pearl_river, monkeypatch, capsys, "--figure", str(tmp_path / "x13.png"))
    assert _verdicts(out) == (3, 5)
    by_default, preset = out.split("preset of the prototype")
    assert "WARNING" not in by_default and preset.count("WARNING") == 1
    assert "has pH 9.6, and 27 % is 16 mg/L" in out
    for ledger in (by_default, preset):
        shares = [
            float(v) for v in re.findall(r"(?:sediment|organic|dic|degassed|harvested) ([\d.]+)", ledger)[:5]
        ]
        assert sum(shares) == pytest.approx(100.0, abs=0.3)
        assert abs(float(re.search(r"storage change (-?[\d.]+)", ledger)[1])) <= 0.1


def test_x14(monkeypatch, capsys) -> None:
    assert _verdicts(_printed(x14_stability, monkeypatch, capsys)) == (2, 0)


def test_french_creek(monkeypatch, capsys, shared_data: Path) -> None:
    """The documented days and production by light alone; the box's own limits with assumed carbon miss both bars."""
    out = _printed(french_creek, monkeypatch, capsys, str(shared_data / "stream_metabolism_french_creek"))
    assert _verdicts(out) == (3, 2)
    assert "good days 23" in out
