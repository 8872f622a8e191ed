"""The compile cache: keyed by the sources, rebuilt when damaged, pruned; drivers take one layout only.

Caches are tried out on a copy of the package's core with a driver of two lines, so that a compile costs a second.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numba
import numpy as np
import pytest
from core_copy import SOURCES, copied_core, fresh_process
from numba.core.types import abstract

from karstsim.core import jit

CALLER = """from karstsim.core.jit import driver
from karstsim.processes.inner import twice


@driver
def run(a):
    return twice(a[0])
"""
INNER = "from karstsim.core.jit import kernel\n\n@kernel\ndef twice(x):\n    return {factor} * x\n"
SCRIPT = """
import logging, sys
logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
import numba, numpy as np
from karstsim import outer
from karstsim.core import jit
run = outer.run.bind(numba.float64[::1])
hits = 0 if jit.disabled() else sum(run.stats.cache_hits.values())
print(run(np.array([21.0])), hits, jit.kernel_hash())
"""

# Allocates, and raises: what a kernel that is no executable of its own must still do.
RAISES = """import numpy as np
from karstsim.core.jit import kernel

@kernel
def twice(x):
    if x < 0.0:
        raise ValueError("negative")
    room = np.zeros(3)
    room[1] = 2.0 * x
    return room[1]
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A karstsim with its core and one driver whose kernel lies in another module."""
    root = copied_core(tmp_path)
    (root / "karstsim" / "outer.py").write_text(CALLER)
    (root / "karstsim" / "processes" / "inner.py").write_text(INNER.format(factor="2.0"))
    return root


def _start(package: Path, cache: str, script: str = SCRIPT, **more: str) -> tuple[float, int, str, str]:
    """Value, cache hits, source hash and standard error of a fresh interpreter that calls the driver."""
    done = fresh_process(package, cache, script, **more)
    value, hits, key, *_ = done.stdout.split()
    return float(value), int(hits), key, done.stderr


def test_an_edit_in_another_module_is_seen(package: Path, tmp_path: Path) -> None:
    """2 x 21 = 42 before, 3 x 21 = 63 after the edit; numba's own cache would return 42 again (issue 1833)."""
    cache = str(tmp_path / "cache")
    first = _start(package, cache)
    again = _start(package, cache)
    assert (first[0], first[1]) == (42.0, 0)
    assert (again[0], again[1], again[2]) == (42.0, 1, first[2])
    (package / "karstsim" / "processes" / "inner.py").write_text(INNER.format(factor="3.0"))
    edited = _start(package, cache)
    assert (edited[0], edited[1]) == (63.0, 0)
    assert edited[2] != first[2]


def test_a_kernel_inside_a_driver_allocates_and_raises(package: Path, tmp_path: Path) -> None:
    """Compiled now and loaded later; no array that it made is left behind."""
    (package / "karstsim" / "processes" / "inner.py").write_text(RAISES)
    seen = """
assert numba.core.runtime.rtsys.get_allocation_stats().alloc == numba.core.runtime.rtsys.get_allocation_stats().free
try:
    run(np.array([-1.0]))
except ValueError as error:
    assert str(error) == "negative"
else:
    raise SystemExit("no error")
"""
    cache = str(tmp_path / "cache")
    assert _start(package, cache, SCRIPT + seen, NUMBA_NRT_STATS="1")[:2] == (42.0, 0)
    assert _start(package, cache, SCRIPT + seen, NUMBA_NRT_STATS="1")[:2] == (42.0, 1)


@pytest.mark.parametrize("content", [b"", b"garbage \x00\xff" * 50], ids=["empty", "garbage"])
@pytest.mark.parametrize("suffix", [".nbi", ".nbc"], ids=["index", "code"])
def test_a_damaged_cache_is_rebuilt(package: Path, tmp_path: Path, suffix: str, content: bytes) -> None:
    cache = tmp_path / "cache"
    _start(package, str(cache))
    damaged = list(cache.rglob(f"*{suffix}"))
    assert damaged
    for path in damaged:
        path.write_bytes(content)
    value, hits, _, errors = _start(package, str(cache))
    assert (value, hits) == (42.0, 0)
    assert "rebuilt" in errors
    assert _start(package, str(cache))[:2] == (42.0, 1)


def test_a_cache_cut_short_is_rebuilt(package: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    _start(package, str(cache))
    for path in cache.rglob("*.nb[ic]"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert _start(package, str(cache))[:2] == (42.0, 0)


def test_a_cache_folder_that_cannot_be_made_is_a_warning(package: Path, tmp_path: Path) -> None:
    """A file stands where the folder should be (a read-only folder would not stop root)."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    value, _, _, errors = _start(package, str(blocked / "cache"))
    assert value == 42.0
    assert "cache unavailable" in errors
    assert _start(package, str(blocked))[0] == 42.0


def test_a_home_that_cannot_be_written_is_no_error(package: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    kept = {"XDG_CACHE_HOME": str(blocked / "x"), "TMPDIR": str(tmp_path)}
    assert _start(package, "", **kept)[0] == 42.0
    assert list((tmp_path / "karstsim-cache").rglob("*.nbi"))


def test_with_the_compiler_off_the_driver_is_the_function(package: Path, tmp_path: Path) -> None:
    assert _start(package, str(tmp_path / "cache"), NUMBA_DISABLE_JIT="1")[:2] == (42.0, 0)
    assert not (tmp_path / "cache").exists()


def test_strict_arithmetic_has_its_own_cache(package: Path, tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    assert _start(package, cache)[2] != _start(package, cache, KARSTSIM_STRICT="1")[2]


def test_the_present_cache_survives_pruning_however_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KARSTSIM_CACHE", str(tmp_path))
    jit._cache_folder()
    os.utime(tmp_path / jit.kernel_hash(), (1.0, 1.0))
    for i in range(5):
        (tmp_path / f"other{i}").mkdir()
    assert jit._cache_folder().is_dir()


@pytest.fixture(scope="module")
def driver() -> object:
    @jit.driver
    def run(a, scale):
        return scale * a.sum()

    return run


@pytest.mark.skipif(jit.disabled(), reason="layouts matter to compiled code only")
def test_a_driver_refuses_other_layouts(driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strided, transposed, read-only, single-precision arrays: an error, not a silent second compilation."""
    monkeypatch.setenv("KARSTSIM_CACHE", str(tmp_path))
    run = driver.bind(numba.float64[:, ::1], numba.float64)
    good = np.ones((4, 6))
    assert run(good, 2.0) == 48.0
    frozen = good.copy()
    frozen.flags.writeable = False
    for bad in (
        good[:, ::2],
        good.T,
        np.asfortranarray(good),
        frozen,
        good.astype("f4"),
        good[0],
        good.astype("i8"),
    ):
        with pytest.raises(TypeError):
            run(bad, 2.0)
    assert len(run.signatures) == 1


@pytest.mark.skipif(jit.disabled(), reason="types matter to compiled code only")
def test_two_threads_may_bind_a_driver_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What two threads need first at the same time has one type, also where making a type takes long."""
    monkeypatch.setenv("KARSTSIM_CACHE", str(tmp_path))
    numbered = abstract._autoincr

    def slowly() -> int:
        time.sleep(0.005)
        return numbered()

    monkeypatch.setattr(abstract, "_autoincr", slowly)
    table = np.zeros((2, 3), dtype=[("only_of_this_test", "f8")])

    @jit.driver
    def rows(a):
        return a.shape[0]

    @jit.driver
    def columns(a):
        return a.shape[1]

    barrier = threading.Barrier(2)

    def work(_: int) -> list[int]:
        barrier.wait()
        return [driver.bind_to(table)(table) for driver in (rows, columns)]

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, range(2))) == [[2, 3], [2, 3]]


@pytest.mark.nojit
def test_kernels_are_callable_from_python_either_way() -> None:
    @jit.kernel
    def half(x):
        return 0.5 * x

    assert jit.python_callable(half)(3.0) == 1.5


def test_pruning_touches_only_its_own_old_folders(tmp_path, monkeypatch) -> None:
    """Folders of others in the same place stay; of its own, old ones beyond the newest three go, young ones stay."""
    monkeypatch.setenv("KARSTSIM_CACHE", str(tmp_path))
    for name in ("thesis", "photos", "0123456789abcdef"):
        (tmp_path / name).mkdir()
    for i in range(5):
        own = tmp_path / f"{i:016x}"
        own.mkdir(exist_ok=True)
        (own / jit.MARKER).touch()
        old = 1.0e9 + i if i < 4 else time.time()
        os.utime(own, (old, old))
    jit._cache_folder()
    left = {p.name for p in tmp_path.iterdir()}
    assert {"thesis", "photos", "0123456789abcdef", f"{4:016x}", jit.kernel_hash()} <= left
    assert f"{0:016x}" not in left and f"{1:016x}" not in left


@pytest.mark.parametrize("path", sorted(SOURCES.rglob("*.py")), ids=lambda p: str(p.relative_to(SOURCES)))
def test_kernels_live_where_the_cache_looks(path: Path) -> None:
    """A kernel in another room could change without a new cache folder: old code would run."""
    room = path.relative_to(SOURCES).parts[0]
    marked = re.search(r"^@(kernel|lane_function)$", path.read_text(), re.MULTILINE)
    assert room in jit.KERNEL_ROOMS or not marked


def test_a_kernel_called_from_python_answers() -> None:
    """It has no Python entry of its own: without one made for the call the interpreter would crash."""
    code = (
        "from karstsim.chemistry import isotopes, gas\n"
        "assert abs(isotopes.alpha_hco3(0, 10.0) - 1.009639) < 1e-9\n"
        "assert gas.hydration_rate(25.0) == gas.hydration_rate(temperature=25.0, law=0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
