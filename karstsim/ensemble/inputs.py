"""The files that an ensemble's forcing comes from, and by what they are known again: none is exchanged on the way."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from karstsim.core.errors import InputError
from karstsim.core.files import sha256_of

READ_BYTES = 64_000_000  # of a file, to know it again: all of a smaller one, pieces of a larger one
PIECES = 64  # spread evenly from its first byte to its last
BYTES, MODIFIED, WHOLE, SAMPLED = "bytes", "modified_ns", "sha256", "sha256_of_pieces"
Facts = Mapping[str, Any]


def describe(path: Path) -> dict[str, Any]:
    """Size, time stamp and sha256 of a file; of a large one the sha256 of pieces of it."""
    stat = path.stat()
    facts: dict[str, Any] = {BYTES: stat.st_size, MODIFIED: stat.st_mtime_ns}
    if stat.st_size <= READ_BYTES:
        return {**facts, WHOLE: sha256_of(path)}
    return {**facts, SAMPLED: _sha256_of_pieces(path, stat.st_size)}


def check_unchanged(inputs: Mapping[str, Facts], names: Iterable[str]) -> None:
    """Raises InputError where one of the files is gone or not what it was when the ensemble was begun."""
    for name in sorted(set(names) & inputs.keys()):
        path, known = Path(name), inputs[name]
        if not path.is_file():
            raise InputError(name, "is no longer there", "put the file back; the ensemble was begun with it")
        now = describe(path)
        different = [key for key in known if now.get(key) != known[key]]
        if different == [MODIFIED] and WHOLE in known:  # every byte is what it was
            continue
        if different == [MODIFIED]:
            raise InputError(
                name,
                f"was written to since the ensemble was begun, and is too large (over {READ_BYTES:,} bytes) to be "
                "compared whole",
                "put the old file back, or start the ensemble anew in another folder; if it is a copy, give it the "
                f"time of the old one: touch -d @{_seconds(known[MODIFIED])} {name}",
            )
        if different:
            mend = "put the old file back, or start the ensemble anew in another folder"
            raise InputError(name, "has changed since the ensemble was begun", mend)


def _seconds(nanoseconds: int) -> str:
    whole, rest = divmod(nanoseconds, 10**9)
    return f"{whole}.{rest:09d}"


def _sha256_of_pieces(path: Path, size: int) -> str:
    each = READ_BYTES // PIECES
    total = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in range(PIECES):
            file.seek((size - each) * piece // (PIECES - 1), os.SEEK_SET)
            total.update(file.read(each))
    return total.hexdigest()
