"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from karstsim.core.errors import InputError

BYTES_PER_MB = 1.0e6
MARK = ".begun"  # ends the name of a mark
REMOVALS, REMOVAL_SECONDS = 50, 0.1  # tries to remove a folder, and how long it must stay away
LOCK = ".lock"  # a file of a folder that one process works in


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
    except BaseException:
        _remove(temporary)
        raise


def _remove(folder: Path) -> None:
    """Until it stays away: zarr's threads go on writing pieces for a while after one of them has failed."""
    for _ in range(REMOVALS):
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(REMOVAL_SECONDS)
        if not folder.exists():
            return


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


def locked(folder: Path) -> IO[str]:
    """An open file of `folder` that no other process can lock until it is closed; the system frees it at any death.

    Raises InputError where another process has it, or where it cannot be made or locked.
    """
    try:
        return lock_file(folder / LOCK)
    except BlockingIOError:
        mend = "wait for it, or stop it; `karstsim status` shows how far it is"
        raise InputError(str(folder), "another process is working in this folder", mend) from None
    except OSError as error:
        mend = "resume it where you may write, on a file system with file locks"
        raise InputError(str(folder), f"cannot be written to ({error.strerror})", mend) from None


def sha256_of(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
