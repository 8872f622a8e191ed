"""Commands in processes of their own, which tests kill, interrupt and starve; and what they leave, as one sha256."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np

from karstsim.ensemble.manifest import Manifest
from karstsim.ensemble.store import open_ensemble

# It hears Ctrl-C also where the tests themselves do not: a shell script lets no background job hear it.
HEAR = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
COMMAND = [sys.executable, "-c", f"{HEAR}; from karstsim.cli.app import main; main()"]


def begin(*arguments: object) -> subprocess.Popen[str]:
    """A karstsim command in a process group of its own; what it says can be read."""
    call = [*COMMAND, *map(str, arguments)]
    return subprocess.Popen(
        call,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(*arguments: object) -> subprocess.CompletedProcess[str]:
    """A karstsim command to its end."""
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False)


def entered(out: Path) -> dict[str, int]:
    """Files that the manifest of an ensemble knows, and when they were written."""
    if not (out / "manifest.sqlite").is_file():
        return {}
    with Manifest(out) as manifest:
        return {f.path: (out / f.path).stat().st_mtime_ns for _, f in manifest.files()}


def digest(folder: Path) -> str:
    """sha256 of all values of an ensemble."""
    ds = open_ensemble(folder)
    total = hashlib.sha256()
    for name in sorted(str(n) for n, v in ds.data_vars.items() if "realization" in v.dims):
        total.update(np.ascontiguousarray(ds[name].values).tobytes())
    return total.hexdigest()
