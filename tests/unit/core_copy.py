"""A copy of the package's core beside a few lines of kernels and drivers, so that a compile costs a second."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from karstsim.core import jit

SOURCES = Path(jit.__file__).resolve().parents[1]


def copied_core(folder: Path) -> Path:
    """A folder that holds a karstsim with its core, and an empty room for kernels (`processes`)."""
    root = folder / "copy"
    (root / "karstsim" / "processes").mkdir(parents=True)
    shutil.copytree(
        SOURCES / "core", root / "karstsim" / "core", ignore=shutil.ignore_patterns("__pycache__")
    )
    (root / "karstsim" / "__init__.py").write_text("")
    return root


def fresh_process(
    package: Path, cache: str, script: str, *arguments: str, **more: str
) -> subprocess.CompletedProcess[str]:
    """A new interpreter runs the script with that package and compile cache; a crash fails the test."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("NUMBA_", "KARSTSIM_"))}
    ours = {"PYTHONPATH": str(package), "KARSTSIM_CACHE": cache, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", script, *arguments],
        env={**kept, **ours, **more},
        cwd=package,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.returncode, done.stderr)
    return done
