"""Compile a driver so that it alone is linked, optimised and made executable, and not each of its kernels beside it.

numba does all three for every function that it compiles, also for one that only other compiled functions call: its
code, with that of all that it calls, is linked into theirs and optimised again, once more with each caller's caller.
What was made executable is never run. For the 670 kernels of a step that was two fifths of a cold start. Another tenth
went into the texts of record types, which are made anew at each question for a name.

So a kernel keeps the code that numba wrote for it alone, and a driver links that of all kernels below it. Both are
mended from outside, in names of numba that are not public, while a driver compiles. A numba newer than the last one
tried compiles as it always did.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from graphlib import TopologicalSorter
from typing import Any
from unittest.mock import patch

import numba
from numba import _dynfunc  # type: ignore[attr-defined]
from numba.core import types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompileResult
from numba.core.compiler_lock import global_compiler_lock
from numba.core.cpu import CPUContext

# How names begin: of all that numba compiles, of functions that Python may call, and of what each compiled function
# has, but not numba's run-time library, which must be executable.
COMPILED, WRAPPER, ENVIRONMENT = "_ZN", "_ZN7cpython", "_ZN08NumbaEnv"
LAST_TRIED = (0, 68)


def _is_kernel(library: Any) -> bool:
    """Whether it holds a compiled function that Python cannot call."""
    module = library._final_module
    called = any(f.name.startswith(WRAPPER) and not f.is_declaration for f in module.functions)
    return not called and any(g.name.startswith(ENVIRONMENT) for g in module.global_variables)


class _KernelLibrary(JITCodeLibrary):
    """The code of one kernel as numba wrote it, without that of the kernels it calls."""

    whole: Any = None

    def own_module(self) -> Any:
        """Its own code alone, fit to stand beside the same code linked in by another kernel."""
        return super()._get_module_for_linking()  # type: ignore[no-untyped-call]

    def _get_module_for_linking(self) -> Any:
        """For what numba compiles outside of `one_executable`: its code with all that it calls."""
        if self.whole is None:
            self.whole = self.own_module().clone()
            _link_all_below(self, self.whole)
        return self.whole


def _below(library: Any) -> list[Any]:
    """All libraries that it needs, also through its kernels, each once and after all that call it."""
    calls: dict[Any, list[Any]] = {}
    left = [library]
    while left:
        one = left.pop()
        if one not in calls:
            calls[one] = one._linking_libraries if one is library or isinstance(one, _KernelLibrary) else []
            left.extend(calls[one])
    return list(TopologicalSorter(calls).static_order())[-2::-1]  # the last one is the library itself


def _link_all_below(library: Any, module: Any) -> None:
    """Callers go first: LLVM leaves out what nothing that is already in the module calls."""
    for one in _below(library):
        code = one.own_module() if isinstance(one, _KernelLibrary) else one._get_module_for_linking()
        module.link_in(code, preserve=True)
    missing = [f.name for f in module.functions if f.is_declaration and f.name.startswith(COMPILED)]
    if missing:  # to run it would crash the interpreter
        raise AssertionError(f"{library.name} calls functions that are not linked: {missing}")


def _finalize_driver_only(whole: Callable[[Any], None]) -> Callable[[Any], None]:
    def finalize(library: Any) -> None:
        if _is_kernel(library):
            library.__class__ = _KernelLibrary
            library._finalize_dynamic_globals()
            library._finalized = True  # it can be linked into another
            return
        _link_all_below(library, library._final_module)
        library._linking_libraries = []  # what numba would take from them besides is for parallel loops only
        whole(library)

    return finalize


def _executable_of_driver_only(whole: Callable[..., Any]) -> Callable[..., Any]:
    def executable(context: Any, library: Any, description: Any, environment: Any) -> Any:
        if not _is_kernel(library):
            return whole(context, library, description, environment)
        # numba asks for an object to know the kernel by; its address is 0, as without a wrapper it always is.
        name = description.qualname.split(".")[-1]
        return _dynfunc.make_function(description.lookup_module(), name, "kernel", 0, environment, (library,))

    return executable


def _no_environments(result: Any) -> list[Any]:
    """Those of kernels have no address in the file of the driver; a kernel needs one to run Python, which none does."""
    return []


def _text_kept(whole: Callable[[Any], str]) -> Callable[[Any], str]:
    texts: dict[int, tuple[Any, str]] = {}  # with the type itself, so that no other one gets its id meanwhile

    def text(record: Any) -> str:
        if id(record) not in texts:
            texts[id(record)] = record, whole(record)
        return texts[id(record)][1]

    return text


@contextlib.contextmanager
def one_executable() -> Iterator[None]:
    """Inside it a compiled driver is made executable, and what it calls is not. No other thread compiles meanwhile."""
    if numba.version_info.short > LAST_TRIED:
        yield
        return
    from karstsim.core.remembering import remembering  # not for a newer numba, which may lack what it names

    finalize, executable = JITCodeLibrary.finalize, CPUContext.get_executable
    with (
        global_compiler_lock,
        remembering(),
        patch.object(JITCodeLibrary, "finalize", _finalize_driver_only(finalize)),
        patch.object(CPUContext, "get_executable", _executable_of_driver_only(executable)),
        patch.object(CompileResult, "_find_referenced_environments", _no_environments),
        patch.object(types.Record, "__repr__", _text_kept(types.Record.__repr__)),
    ):
        yield
