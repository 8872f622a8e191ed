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
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from karstsim import disk
from karstsim.core.errors import InputError, RunError, quoted
from karstsim.core.files import locked, sha256_of
from karstsim.ensemble.plan import MANIFEST, PLAN, Task

LOG_FILES = ("", "-wal", "-shm")  # endings of the files in which SQLite keeps a manifest
PATIENCE = 60.0  # s to wait for another program that has the manifest locked
LONGEST_PATH = 500  # bytes; SQLite's limit is 512 with the endings of its own files
COPIES, COPY_PAUSE = 50, 0.02  # tries of a reader to find the writer at rest, and s between them
# What SQLite says of a disk and not of a manifest; the last eight bits of its code.
OF_THE_DISK = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
)
# One tree without an index beside it, so that damage to a page cannot make two answers of one question.
_TABLES = """
create table if not exists entry (
    climate integer, block integer, window integer, text blob, sha256 text,
    primary key (climate, block, window)) without rowid;
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

    def text(self) -> bytes:
        return json.dumps({**asdict(self), "failures": list(self.failures.items())}).encode()

    @classmethod
    def read(cls, text: bytes) -> Entry:
        data = json.loads(text)
        files = tuple(Written(**f) for f in data.pop("files"))
        return cls(task=Task(*data.pop("task")), files=files, failures=dict(data.pop("failures")), **data)


class Manifest:
    """The manifest of an ensemble folder.

    writable  this process is its one writer; fresh: what another ensemble left there is forgotten
    An entry that is not what was written, by its sha256, counts as not there: its task is done again.
    Raises InputError where there is none, another process writes it, or it cannot be read.
    """

    def __init__(self, folder: Path, writable: bool = False, fresh: bool = False) -> None:
        self.path = folder / MANIFEST
        self.folder = folder
        self._lock = locked(folder) if writable else None
        if not writable and not self.path.is_file():
            raise _absent(folder)
        if fresh:
            for ending in LOG_FILES:
                self.path.with_name(MANIFEST + ending).unlink(missing_ok=True)
        with self._readable():
            self._db = sqlite3.connect(self.path, timeout=PATIENCE) if writable else _for_reading(self.path)
            if writable:
                self._db.execute("pragma journal_mode=wal")
                self._db.execute("pragma synchronous=full")
                self._db.executescript(_TABLES)
            self._db.execute("select count(*) from entry")

    def close(self) -> None:
        self._db.close()
        if self._lock is not None:
            self._lock.close()

    def __enter__(self) -> Manifest:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def enter(self, entry: Entry) -> None:
        """Enter a finished task, once its files are on the disk. Raises RunError where it cannot be written."""
        text = entry.text()
        row = (*entry.task, text, hashlib.sha256(text).hexdigest())
        with self._writable():
            self._db.execute("insert or replace into entry values (?, ?, ?, ?, ?)", row)

    def erase(self, task: Task) -> None:
        """Forget a task whose files are broken. Raises RunError where that cannot be written."""
        with self._writable():
            self._db.execute("delete from entry where climate = ? and block = ? and window = ?", tuple(task))

    def entries(self) -> Iterator[Entry]:
        """What was entered and is as it was written, in the order of climate, block and window."""
        query = "select cast(text as blob), cast(sha256 as blob) from entry order by climate, block, window"
        with self._readable():
            for text, sha256 in self._db.execute(query):
                if hashlib.sha256(text or b"").hexdigest().encode() == sha256:
                    yield Entry.read(text)

    def done(self) -> set[Task]:
        return {entry.task for entry in self.entries()}

    def files(self, kind: str | None = None) -> Iterator[tuple[Task, Written]]:
        """All files, or those of one kind, in the order of climate, block, window and kind."""
        for entry in self.entries():
            files = sorted(entry.files, key=lambda f: f.kind)
            yield from ((entry.task, f) for f in files if kind in (None, f.kind))

    def failures(self) -> dict[Task, dict[int, str]]:
        """Columns that failed, by the task in which they did."""
        return {entry.task: entry.failures for entry in self.entries() if entry.failures}

    @contextlib.contextmanager
    def _readable(self) -> Iterator[None]:
        """InputError for what SQLite says of a damaged file."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise InputError(str(self.path), f"cannot be read ({error})", self._mend(error)) from None

    @contextlib.contextmanager
    def _writable(self) -> Iterator[None]:
        """One transaction; RunError for a full disk and the like, and where another program has the file locked."""
        try:
            with self._db:
                yield
        except sqlite3.Error as error:
            said = f"{self.path}: {disk.said(error, self.folder)}\n  mend: {self._mend(error)}"
            raise RunError(said) from error

    def _mend(self, error: sqlite3.Error) -> str:
        resume = f"then `karstsim resume {quoted(self.folder)}`; nothing is lost"
        if len(os.fsencode(self.path.absolute())) > LONGEST_PATH:
            return f"name a folder whose path is shorter: SQLite opens none beyond {LONGEST_PATH} bytes"
        if error.sqlite_errorcode & 0xFF in OF_THE_DISK:
            return f"make room or give access, {resume}"
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            return f"end the program that has it open, a viewer of databases perhaps, {resume}"
        return "remove it and resume: finished tasks are then done again"

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


def _absent(folder: Path) -> InputError:
    """Of a folder without a manifest: never an ensemble, or one whose manifest is lost."""
    if (folder / PLAN).is_file():
        mend = (
            f"put it back, or karstsim resume {quoted(folder)}: all tasks are done again, to the same values"
        )
        return InputError(str(folder / MANIFEST), "is gone, the rest of an ensemble is there", mend)
    return InputError(str(folder), "holds no ensemble", "name the folder of an ensemble run")


def _for_reading(path: Path) -> sqlite3.Connection:
    """A copy in memory. To read a log SQLite writes beside it, which a reader without rights, room or the writer's
    machine must not do: on a disk that machines share, SQLite's log has one machine's writer and readers only.
    """
    for _ in range(COPIES):
        with tempfile.TemporaryDirectory() as folder:
            if not _copied_at_rest(path, Path(folder)):
                time.sleep(COPY_PAUSE)
                continue
            copy = sqlite3.connect(Path(folder) / path.name)
            db = sqlite3.connect(":memory:")
            copy.backup(db)
            copy.close()
            return db
    raise InputError(str(path), "is written all the time", "wait until the process that works there is done")


def _copied_at_rest(path: Path, folder: Path) -> bool:
    """Copy a manifest and its log; whether nothing was written to them meanwhile."""
    files = [path.with_name(path.name + ending) for ending in LOG_FILES[:2]]
    before = [_stamp(f) for f in files]
    for file in files:
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(file, folder)
    return before == [_stamp(f) for f in files]


def _stamp(file: Path) -> tuple[int, int] | None:
    """Size and time of writing; None where there is no such file."""
    try:
        stat = file.stat()
    except FileNotFoundError:
        return None
    return stat.st_size, stat.st_mtime_ns


def remove_temporary(folder: Path, pattern: str = ".*.tmp") -> None:
    """Remove files that a process was writing when it was killed."""
    for path in folder.glob(pattern):
        path.unlink(missing_ok=True)
