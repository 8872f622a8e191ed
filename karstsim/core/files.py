"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import errno
import glob
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from karstsim.core.errors import InputError

BYTES_PER_MB = 1.0e6
MARK = ".begun"  # ends the name of a mark


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary name beside `path`: what was written there takes its place, on the disk, if nothing was raised.

    Raises OSError where it cannot be written; the netCDF library alone would not say that the disk is full.
    """
    temporary = _beside(path)
    try:
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    except RuntimeError as error:
        free = shutil.disk_usage(path.parent).free / BYTES_PER_MB
        raise OSError(errno.EIO, f"cannot be written ({error}; {free:.1f} MB are free)", str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """As `whole_file` for a folder; `path` must not be there."""
    temporary = _beside(path)
    try:
        yield temporary
        os.rename(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def make_folder(path: Path) -> None:
    """Make a folder, or find that it is there. Raises InputError where a file lies in its place."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError(str(path), "is no folder", "name another folder with -o") from None


@contextmanager
def marked(path: Path) -> Iterator[None]:
    """Beside `path` lies, until the end, a mark that this process writes it: `remove_unfinished` knows it by that.

    Raises BlockingIOError where another process is writing it, OSError where nothing can be written.
    """
    mark = path.with_name(f".{path.name}{MARK}")
    with lock_file(mark):
        try:
            yield
        finally:
            mark.unlink(missing_ok=True)


def remove_unfinished(folder: Path) -> None:
    """Remove what killed processes left of files and folders that they had `marked`; what is being written stays."""
    for mark in folder.glob(f".*{MARK}"):
        with suppress(OSError), lock_file(mark):
            for left in folder.glob(f"{glob.escape(mark.name.removesuffix(MARK))}.*.tmp"):
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            mark.unlink()


def lock_file(path: Path) -> IO[str]:
    """`path`, made and open, that no other process can lock until it is closed; the system frees it at any death.

    Raises BlockingIOError where another process has it, OSError where it cannot be made or locked.
    """
    file = open(path, "w", encoding="utf-8")  # noqa: SIM115
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:  # no such locks on Windows
        pass
    except OSError:
        file.close()
        raise
    return file


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
