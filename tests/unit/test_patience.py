"""What is said while a driver compiles: an estimate, how long it has taken, and what it took the last time."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path

import numba
import numpy as np
import pytest

from karstsim.core import jit, patience


def _twice(a: np.ndarray) -> float:
    return 2.0 * a[0]


def test_ticks_while_it_lasts_and_knows_the_time_afterwards(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "EVERY", 0.02)
    monkeypatch.setattr(patience, "WORTH_A_LINE", 0.0)
    monkeypatch.setattr(patience, "TELLS", 0.1)
    with caplog.at_level(logging.INFO, "karstsim"):
        for _ in range(2):
            waiting = patience.Patience("driver", tmp_path)
            waiting.begin()
            time.sleep(0.2)
            waiting.end()
    texts = [record.getMessage() for record in caplog.records]
    firsts = [text for text in texts if "compiling a part" in text]
    assert patience.UNKNOWN in firsts[0]
    assert "it took 0 s the last time" in firsts[1]
    assert sum(text.startswith("compiling: ") for text in texts) >= 4
    assert sum(text.startswith("compiled in ") for text in texts) == 2
    assert json.loads((tmp_path / patience.SECONDS_NAME).read_text())["driver"] >= 0.2


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (0.3, "processor; it"),
        (1.9, "processor; it"),
        (2.0, "processor: it took 2 s the"),
        (41.0, "it took 41 s the last"),
    ],
)
def test_next_to_no_time_is_not_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, last: float, said: str
) -> None:
    """ "It took 0 s the last time" is no estimate: the parts of that driver had been compiled by another."""
    (tmp_path / patience.SECONDS_NAME).write_text(json.dumps({"driver": last}))
    waiting = patience.Patience("driver", tmp_path)
    with caplog.at_level(logging.INFO, "karstsim"):
        waiting.begin()
    waiting.end()
    assert said in caplog.records[0].getMessage()


@pytest.mark.skipif(jit.disabled(), reason="nothing compiles")
@pytest.mark.parametrize("kept", [None, "garbage", "[1]"])
def test_a_driver_says_so_when_it_compiles_and_not_when_it_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, kept: str | None
) -> None:
    """Whatever lies in the file of earlier times."""
    monkeypatch.setenv("KARSTSIM_CACHE", str(tmp_path))
    if kept is not None:
        (tmp_path / patience.SECONDS_NAME).write_text(kept)
    for times in (1, 1):
        with caplog.at_level(logging.INFO, "karstsim"):
            compiled = jit.driver(_twice).bind(numba.float64[::1])
        assert compiled(np.array([21.0])) == 42.0
        assert sum("compiling a part" in record.getMessage() for record in caplog.records) == times
    assert list(json.loads((tmp_path / patience.SECONDS_NAME).read_text())) == [f"{__name__}._twice"]
