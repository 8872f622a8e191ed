"""The ledger of a calibration: every evaluation once, under a key of all that its result depends on.

SQLite with a write-ahead log and one writer. A call of the model is entered in one transaction, so that a process
killed at any moment loses at most that call; a search that begins again finds what it did and goes on where it was.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from karstsim.core.errors import InputError

LEDGER = "ledger.sqlite"
_TABLE = """
create table if not exists evaluation (
    number integer primary key autoincrement, context text, key text unique, point blob, scores blob, reason text);
"""
MANY = 500  # keys in one question


class Entry(NamedTuple):
    """scores (n_targets,), NaN with a reason where the run failed."""

    scores: np.ndarray
    reason: str


def key_of(context: str, point: np.ndarray) -> str:
    """sha256 of the context (configuration, forcing, observations, code) and the parameters of one evaluation."""
    return hashlib.sha256(context.encode() + np.ascontiguousarray(point, dtype="<f8").tobytes()).hexdigest()


class Ledger:
    """The evaluations of a folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / LEDGER
        try:
            self._db = sqlite3.connect(self.path, timeout=60.0)
            self._db.execute("pragma journal_mode=wal")
            self._db.execute("pragma synchronous=full")
            self._db.executescript(_TABLE)
            self._db.execute("select count(*) from evaluation")
        except sqlite3.DatabaseError as error:
            mend = "remove it: the evaluations are then made again"
            raise InputError(str(self.path), f"cannot be read ({error})", mend) from None

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def runs(self, contexts: Sequence[str] | None = None) -> int:
        """Points that were run for these contexts, or for any; a run that several of them judge counts once."""
        if contexts is None:
            return int(self._db.execute("select count(distinct point) from evaluation").fetchone()[0])
        marks = ",".join("?" * len(contexts))
        question = f"select count(distinct point) from evaluation where context in ({marks})"
        return int(self._db.execute(question, contexts).fetchone()[0])

    def find(self, keys: Sequence[str]) -> dict[str, Entry]:
        """Those of the keys that are entered."""
        found: dict[str, Entry] = {}
        for first in range(0, len(keys), MANY):
            part = keys[first : first + MANY]
            marks = ",".join("?" * len(part))
            rows = self._db.execute(
                f"select key, scores, reason from evaluation where key in ({marks})", part
            )
            found |= {key: Entry(np.frombuffer(scores, "<f8"), reason) for key, scores, reason in rows}
        return found

    def enter(self, entries: Iterable[tuple[str, np.ndarray, Entry]]) -> None:
        """Enter the evaluations (context, point, entry) of one call: all of them or, killed, none."""
        rows = [
            (
                context,
                key_of(context, point),
                point.astype("<f8").tobytes(),
                entry.scores.astype("<f8").tobytes(),
                entry.reason,
            )
            for context, point, entry in entries
        ]
        with self._db:
            self._db.executemany(
                "insert or ignore into evaluation (context, key, point, scores, reason) values (?, ?, ?, ?, ?)",
                rows,
            )
