"""What a disk says when it cannot be written to."""

from __future__ import annotations

import shutil
from pathlib import Path

from karstsim.core.files import BYTES_PER_MB

LEAST_FREE = 1_000_000  # bytes; with less the disk is called full


def said(error: BaseException, folder: Path) -> str:
    """What failed, for people. A full disk is called full: netCDF says that permission is denied.

    folder  where it was written to; it may not be there
    """
    text = " ".join(str(getattr(error, "strerror", None) or error).split())
    there = next((p for p in (folder, *folder.absolute().parents) if p.exists()), None)
    free = shutil.disk_usage(there).free if there is not None else LEAST_FREE
    if free >= LEAST_FREE or "are free" in text:
        return text
    return f"{text}: the disk is full ({free / BYTES_PER_MB:.1f} MB are free)"
