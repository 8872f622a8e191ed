"""The book of an ensemble: which tasks are done, which files they left, what failed. One writer, SQLite with a log.

A task is entered in one transaction after its files are on the disk, so that a process killed at any moment leaves
nothing half entered; files that no entry knows are written again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from karstsim.core.errors import InputError
from karstsim.ensemble.plan import Task

MANIFEST = "manifest.sqlite"
_TABLES = """
create table if not exists task (
    climate integer, block integer, window integer, seconds real, closure text, report text,
    primary key (climate, block, window));
create table if not exists file (
    climate integer, block integer, window integer, kind text, path text, sha256 text, bytes integer,
    first_period integer, periods integer, primary key (climate, block, window, kind));
create table if not exists failure (
    climate integer, block integer, window integer, column_number integer, reason text,
    primary key (climate, block, window, column_number));
"""


@dataclass(frozen=True)
class Written:
    """A file of a task: `kind` is an output frequency or "state"; its path is relative to the folder.

    first, periods  number of its first period within its climate, and how many it holds
    """

    kind: str
    path: str
    sha256: str
    bytes: int
    first: int = 0
    periods: int = 0


@dataclass(frozen=True)
class Entry:
    """What a task left.

    closure   largest imbalance of the books of its sound members, per element
    failures  columns that failed in it, and why; report: flags and spin-up, for people
    """

    task: Task
    files: tuple[Written, ...]
    seconds: float
    closure: dict[str, float] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)
    report: dict[str, float] = field(default_factory=dict)


def sha256_of(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Manifest:
    """The manifest of an ensemble folder; `writable` makes this process its one writer."""

    def __init__(self, folder: Path, writable: bool = False) -> None:
        self.folder = folder
        self._lock = locked(folder) if writable else None
        path = folder / MANIFEST
        if not writable and not path.is_file():
            raise InputError(str(folder), "holds no ensemble", "name the folder of an ensemble run")
        try:
            self._db = sqlite3.connect(path, timeout=60.0) if writable else _for_reading(path)
            if writable:
                self._db.execute("pragma journal_mode=wal")
                self._db.execute("pragma synchronous=full")
                self._db.executescript(_TABLES)
            self._db.execute("select count(*) from task")
        except sqlite3.DatabaseError as error:
            mend = "remove it and resume: finished files are then computed again"
            raise InputError(str(path), f"cannot be read ({error})", mend) from None

    def close(self) -> None:
        self._db.close()
        if self._lock is not None:
            self._lock.close()

    def __enter__(self) -> Manifest:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def enter(self, entry: Entry) -> None:
        """Enter a finished task, once its files are on the disk."""
        key = tuple(entry.task)
        with self._db:
            self._erase(entry.task)
            self._db.execute(
                "insert into task values (?, ?, ?, ?, ?, ?)",
                (*key, entry.seconds, json.dumps(entry.closure), json.dumps(entry.report)),
            )
            self._db.executemany(
                "insert into file values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(*key, f.kind, f.path, f.sha256, f.bytes, f.first, f.periods) for f in entry.files],
            )
            self._db.executemany(
                "insert into failure values (?, ?, ?, ?, ?)",
                [(*key, c, r) for c, r in entry.failures.items()],
            )

    def clear(self) -> None:
        """Forget everything: another ensemble begins in this folder."""
        with self._db:
            for table in ("task", "file", "failure"):
                self._db.execute(f"delete from {table}")  # noqa: S608

    def erase(self, task: Task) -> None:
        """Forget a task whose files are broken."""
        with self._db:
            self._erase(task)

    def _erase(self, task: Task) -> None:
        for table in ("task", "file", "failure"):
            self._db.execute(
                f"delete from {table} where climate = ? and block = ? and window = ?",  # noqa: S608
                tuple(task),
            )

    def done(self) -> set[Task]:
        rows = self._db.execute("select climate, block, window from task")
        return {Task(*row) for row in rows}

    def files(self, kind: str | None = None) -> Iterator[tuple[Task, Written]]:
        """All files, or those of one kind, in the order of climate, block and window."""
        rows = self._db.execute(
            "select climate, block, window, kind, path, sha256, bytes, first_period, periods from file"
            " where kind = coalesce(?, kind) order by climate, block, window",
            (kind,),
        )
        for climate, block, window, *rest in rows:
            yield Task(climate, block, window), Written(*rest)

    def failures(self) -> dict[Task, dict[int, str]]:
        """Columns that failed, by the task in which they did."""
        found: dict[Task, dict[int, str]] = {}
        for climate, block, window, column, reason in self._db.execute("select * from failure"):
            found.setdefault(Task(climate, block, window), {})[column] = reason
        return found

    def reports(self) -> Iterator[tuple[float, dict[str, float], dict[str, float]]]:
        """Seconds, closure and report of every task."""
        for seconds, closure, report in self._db.execute("select seconds, closure, report from task"):
            yield seconds, json.loads(closure), json.loads(report)

    def broken(self) -> dict[Task, str]:
        """Tasks with a file that is missing or is not what was written."""
        found = {}
        for task, file in self.files():
            path = self.folder / file.path
            with contextlib.suppress(OSError):
                if path.stat().st_size == file.bytes and sha256_of(path) == file.sha256:
                    continue
            found[task] = file.path
        return found


def _for_reading(path: Path) -> sqlite3.Connection:
    """A manifest to read; a copy where nothing can be written, for lack of rights or of room."""
    if os.access(path.parent, os.W_OK):
        db = sqlite3.connect(path, timeout=60.0)
        try:
            db.execute("select count(*) from task")
            return db
        except sqlite3.OperationalError:
            db.close()
    return _copied(path)


def _copied(path: Path) -> sqlite3.Connection:
    """A manifest that lies where nothing can be written, in memory: to read its log SQLite writes beside it."""
    with tempfile.TemporaryDirectory() as folder:
        for file in path.parent.glob(f"{path.name}*"):
            shutil.copy(file, folder)
        copy = sqlite3.connect(Path(folder) / path.name)
        db = sqlite3.connect(":memory:")
        copy.backup(db)
        copy.close()
    return db


def remove_temporary(folder: Path, pattern: str = ".*.tmp") -> None:
    """Remove files that a process was writing when it was killed."""
    for path in folder.glob(pattern):
        path.unlink(missing_ok=True)


def locked(folder: Path):  # type: ignore[no-untyped-def]
    """An open file that no other process can lock while this one lives; the system frees it at any death."""
    path = folder / ".lock"
    try:
        file = open(path, "w", encoding="utf-8")  # noqa: SIM115
    except OSError as error:
        mend = "resume it where you may write"
        raise InputError(str(folder), f"cannot be written to ({error.strerror})", mend) from None
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:  # no such locks on Windows
        pass
    except OSError:
        file.close()
        mend = "wait for it, or stop it; `karstsim status` shows how far it is"
        raise InputError(str(folder), "another process is working on this ensemble", mend) from None
    return file
