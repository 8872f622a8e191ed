"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BYTES_PER_MB = 1.0e6


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


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
