"""Compilation of kernels and drivers.

A *kernel* is a small scalar function that only other compiled functions call: it is compiled without a Python
entry, which halves the compile time. A call from Python compiles an entry for it (`python_callable`), kept for the
process; without that it would crash the interpreter.

A *driver* is one of the few entry points that Python calls. It has one declared signature and is cached on disk
under a folder named by the hash of all files that may hold a kernel or a constant of one, because numba's cache looks
only at the file that defines the driver and would return the old answer after an edit in a file it calls (numba issue
1833). Kernels live in the rooms of `KERNEL_ROOMS` only; a driver may stand elsewhere.

With ``NUMBA_DISABLE_JIT=1`` everything runs as plain Python on the same numpy records.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import inspect
import logging
import os
import re
import shutil
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numba
from llvmlite.ir import Constant
from numba.core import config as numba_config
from numba.core.caching import FunctionCache
from numba.core.compiler_lock import global_compiler_lock
from numba.core.errors import NumbaExperimentalFeatureWarning
from numba.core.registry import CPUDispatcher
from numba.extending import intrinsic, overload
from numba.np.arrayobj import make_array

from karstsim.core.loading import loading
from karstsim.core.one_executable import one_executable
from karstsim.core.patience import Patience

# A store may stand where a flow is expected: it begins with the same fields at the same offsets. numba supports that
# and says so at each compilation.
warnings.filterwarnings("ignore", ".*has been considered a subtype of.*", NumbaExperimentalFeatureWarning)

LOG = logging.getLogger(__name__)
PACKAGE = Path(__file__).resolve().parents[1]
KERNEL_ROOMS = ("core", "chemistry", "processes", "model")
KEPT_CACHES = 3
KEPT_SECONDS = 7 * 86400.0  # a younger folder may be in use by another process
MARKER = "karstsim-compile-cache"
HASH_NAME = re.compile("[0-9a-f]{16}")
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}
if os.environ.get("KARSTSIM_STRICT", "0") == "0":
    _OPTIONS["fastmath"] = {"contract"}


def disabled() -> bool:
    """Whether compilation is switched off (``NUMBA_DISABLE_JIT=1``)."""
    return bool(numba_config.DISABLE_JIT)


class _Kernel(CPUDispatcher):
    """A compiled function without a Python entry of its own: a call from Python gets one."""

    def __call__(self, *args: Any, **named: Any) -> Any:
        bound = inspect.signature(self.py_func).bind(*args, **named)
        bound.apply_defaults()
        return _entry(self)(*bound.args)


def _without_entry(function: Callable[..., Any], **options: Any) -> Any:
    compiled = numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **{**_OPTIONS, **options})(function)
    if not disabled():
        compiled.__class__ = _Kernel
    return compiled


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a scalar function for use inside other kernels and drivers; it may not call itself.

    Fused multiply-add is the only relaxed arithmetic; ``KARSTSIM_STRICT=1`` in the environment switches it off.
    """
    return _without_entry(function)


def lane_kernel(function: Callable[..., Any]) -> Any:
    """As `kernel`, without fused multiply-add: for loops over lanes, and for what they call.

    A loop over a number of lanes that is not known becomes vector instructions for most of them and scalar ones for
    the rest. LLVM fuses in the two differently, and the last digits of a water would tell how many stand beside it.
    """
    return _without_entry(function, fastmath=False)


def lane_function(function: Callable[..., Any]) -> Any:
    """As `lane_kernel`, for a scalar function that LLVM puts into each of its callers.

    For what stands inside loops that shall become vector instructions: a call would stop that.
    """
    return _without_entry(function, forceinline=True, fastmath=False)


def python_callable(compiled: Any) -> Callable[..., Any]:
    """A kernel as a plain compiled function, faster to call than the kernel itself; with JIT off, the kernel."""
    return compiled if disabled() else _entry(compiled)


@functools.cache
def _entry(compiled: Any) -> Any:
    return numba.njit(**_OPTIONS)(lambda *args: compiled(*args))


@intrinsic
def _uncounted(typing_context: Any, array: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        view = make_array(signature.args[0])(context, builder, arguments[0])
        view.meminfo = Constant(view.meminfo.type, None)
        return view._getvalue()

    return array(array), code


def uncounted(array: Any) -> Any:
    """The array (in a driver or kernel) as a view that numba does not count.

    numba counts the holders of an array with a locked instruction wherever it is passed on, which costs a day of water
    a quarter of its time. Only for arrays that the driver's caller holds: nothing keeps the memory alive.
    """
    return array


@overload(uncounted, strict=False)
def _compiled_uncounted(array: Any) -> Any:
    return lambda array: _uncounted(array)


def _digest(paths: Iterable[Path], *more: str) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in paths if p.suffix in (".py", ".csv")):
        digest.update(str(path.relative_to(PACKAGE)).encode())
        digest.update(path.read_bytes())
    digest.update(" ".join(more).encode())
    return digest.hexdigest()[:16]


@functools.lru_cache(maxsize=1)
def source_hash() -> str:
    """Hash of the whole package's sources and tables: the version that results and runs are labelled with."""
    return _digest(PACKAGE.rglob("*"))


@functools.lru_cache(maxsize=1)
def kernel_hash() -> str:
    """Hash of the rooms that hold kernels, the numba version and the interpreter: one cache folder each.

    Tables (``*.csv``) count because kernels hold them as constants.
    """
    files = (p for room in KERNEL_ROOMS for p in (PACKAGE / room).rglob("*"))
    return _digest(files, numba.__version__, sys.version, str(sorted(_OPTIONS.items())))


_AT_IMPORT = source_hash(), kernel_hash()  # read before a source can change under the running process


def cache_root() -> Path:
    """Folder of all compile caches: ``KARSTSIM_CACHE``, else the user's cache folder, else a temporary one."""
    named = os.environ.get("KARSTSIM_CACHE")
    if named:
        return Path(named)
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    try:
        base.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.gettempdir()) / "karstsim-cache"
    if not os.access(base, os.W_OK):
        return Path(tempfile.gettempdir()) / "karstsim-cache"
    return base / "karstsim"


def _cache_folder() -> Path:
    """The folder of these kernels; older folders of karstsim's own are removed, nothing else is touched."""
    root = cache_root()
    folder = root / kernel_hash()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).touch()
    os.utime(folder)
    ours = [p for p in root.iterdir() if HASH_NAME.fullmatch(p.name) and (p / MARKER).is_file()]
    for old in sorted(ours, key=lambda p: p.stat().st_mtime)[:-KEPT_CACHES]:
        if time.time() - old.stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(old, ignore_errors=True)
    return folder


@contextlib.contextmanager
def _numba_cache_dir(folder: Path) -> Iterator[None]:
    before = numba_config.CACHE_DIR
    numba_config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        numba_config.CACHE_DIR = before


class _RebuildingCache(FunctionCache):
    """numba's function cache, except that an unreadable entry is rebuilt and an unwritable folder only logged."""

    patience: Patience

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            found = super().load_overload(sig, target_context)
            if found is None:
                self.patience.begin()
            return found
        except Exception as error:  # numba unpickles cache files: garbage can raise anything
            LOG.warning("compile cache entry unreadable (%s); it is rebuilt", error)
            for path in Path(self.cache_path).glob("*.nb[ic]"):
                path.unlink(missing_ok=True)
            self.patience.begin()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError as error:
            LOG.warning("compile cache not written (%s); the next start compiles again", error)


class Driver:
    """A compiled entry point with one declared signature.

    `bind` fixes the argument types; until then the driver cannot be called. Arrays of another layout or dtype are
    an error instead of a silent second compilation.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self._compiled: Any = None
        self._lock = threading.Lock()

    @property
    def bound(self) -> Callable[..., Any] | None:
        """The callable once it is bound, else None."""
        return self.function if disabled() else self._compiled

    def bind(self, *argument_types: Any) -> Callable[..., Any]:
        """Compile (or load from the cache) for these numba types and return the callable."""
        with self._lock, loading():
            if self.bound is None:
                self._compiled = self._compile(argument_types)
        return self.bound

    def bind_to(self, *arguments: Any) -> Callable[..., Any]:
        """The callable for arguments of these types, which are looked at for the first call only.

        See `bind_types`.
        """
        return self.bound or self.bind_types(lambda: tuple(numba.typeof(a) for a in arguments))

    def bind_types(self, argument_types: Callable[[], tuple[Any, ...]]) -> Callable[..., Any]:
        """The callable for the numba types that `argument_types` makes, which is called for the first call only.

        One thread at a time makes types: two that make the same type at once get two types, and numba then refuses at
        some later call what it was compiled for.
        """
        if self.bound is None:
            with global_compiler_lock:
                made = argument_types()
            return self.bind(*made)
        return self.bound

    def _compile(self, argument_types: tuple[Any, ...]) -> Any:
        dispatcher = numba.njit(**_OPTIONS)(self.function)
        patience = Patience(f"{self.function.__module__}.{self.function.__name__}", cache_root())
        try:
            with _numba_cache_dir(_cache_folder()):
                cache = _RebuildingCache(self.function)
            cache.patience = patience
            dispatcher._cache = cache
        except OSError as error:
            LOG.warning("compile cache unavailable (%s); every start compiles", error)
            patience.begin()
        try:
            with one_executable():
                dispatcher.compile(argument_types)
        finally:
            patience.end()
        dispatcher.disable_compile()
        return dispatcher


def driver(function: Callable[..., Any]) -> Driver:
    """Declare a compiled entry point; see `Driver`."""
    return Driver(function)
