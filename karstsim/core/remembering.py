"""Let numba remember, while a driver compiles, what it works out again and again.

A driver with its 670 kernels asks a few hundred different questions some hundred thousand times: what is the product of
two floats, which type has this field of a record, how many bytes has this LLVM type. Each answer costs numba a search
through dozens of templates. A quarter of a cold start was spent so. The answers are the same, and so is the code that
numba writes.

All is mended from outside, in names of numba and llvmlite that are not public; `one_executable` says for how long and
for which versions.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

from llvmlite.binding import ffi  # type: ignore[import-untyped]
from llvmlite.ir.types import Type as MachineType  # type: ignore[import-untyped]
from numba.core import base, event, ir, types
from numba.core.codegen import CPUCodegen, CPUCodeLibrary
from numba.core.postproc import PostProcessor, VariableLifetime
from numba.core.runtime.context import NRTContext
from numba.core.transforms import canonicalize_cfg
from numba.core.types.functions import BaseFunction
from numba.core.typing.context import BaseContext

# What holds no variable and stands in most instructions; that of other types is looked through.
NO_VARIABLES = frozenset((ir.Loc, str, int, float, bool, type(None)))


def _call_types_kept(whole: Callable[..., Any]) -> Callable[..., Any]:
    """Signatures of numba's own operators and functions.

    Not of those that numba compiles for the call (overloads, intrinsics): there the options of the caller count.
    """
    # With the function, so that no other one gets its id meanwhile.
    kept: dict[tuple[int, Any], tuple[Any, Any]] = {}

    def call_type(function: Any, context: Any, arguments: Any, named: Any) -> Any:
        key = id(function), tuple(arguments)
        if not named and key in kept:
            return kept[key][0]
        signature = whole(function, context, arguments, named)
        if not named and function._impl_keys.get(signature.args) is function.typing_key:
            kept[key] = signature, function
        return signature

    return call_type


def _fields_kept(whole: Callable[..., Any]) -> Callable[..., Any]:
    """Types of the fields of records."""
    kept: dict[tuple[int, str], tuple[Any, Any]] = {}  # with the record, as above

    def field(context: Any, record: Any, name: str) -> Any:
        if not isinstance(record, types.Record):
            return whole(context, record, name)
        key = id(record), name
        if key not in kept:
            kept[key] = whole(context, record, name), record
        return kept[key][0]

    return field


def _sizes_kept(whole: Callable[..., Any]) -> Callable[..., Any]:
    """Sizes in memory, for which llvmlite writes and reads a program of one line; a type with a name (%) may change."""
    kept: dict[tuple[str, int], tuple[Any, Any]] = {}  # with the layout, as above

    def size(machine_type: Any, layout: Any, context: Any = None) -> Any:
        key = str(machine_type), id(layout)
        if "%" in key[0]:
            return whole(machine_type, layout, context)
        if key not in kept:
            kept[key] = whole(machine_type, layout, context), layout
        return kept[key][0]

    return size


def _counted_only(whole: Callable[..., Any]) -> Callable[..., Any]:
    """Count the holders of what has a counter; numba looks for one in each number."""
    kept: dict[Any, bool] = {}

    def count(runtime: Any, builder: Any, of: Any, value: Any, name: str) -> None:
        if of not in kept:
            kept[of] = runtime._context.data_model_manager[of].contains_nrt_meminfo()
        if kept[of]:
            whole(runtime, builder, of, value, name)

    return count


def _lifetimes_when_asked(whole: Callable[..., Any]) -> Callable[..., Any]:
    """Work out how long variables live for the pass that asks, and not after each of the passes."""

    def run(post: Any, emit_dels: bool = False, extend_lifetimes: bool = False) -> None:
        function = post.func_ir
        if function.is_generator:
            whole(post, emit_dels, extend_lifetimes)
            return
        function.blocks = canonicalize_cfg(function.blocks)  # type: ignore[no-untyped-call]
        function.variable_lifetime = VariableLifetime(function.blocks)  # type: ignore[no-untyped-call]
        function.generator_info = None
        if emit_dels:
            post._insert_var_dels(extend_lifetimes=extend_lifetimes)

    return run


def _variables_in(instruction: Any, part: Any) -> list[Any]:
    """All variables in a part of an instruction, in order; numba's own asks in turn for each type it may be."""
    if isinstance(part, ir.Var):
        return [part]
    if isinstance(part, ir.Inst):
        return list(part.list_vars())  # type: ignore[no-untyped-call]
    if not isinstance(part, dict | list | tuple):
        return []
    found: list[Any] = []
    for one in part.values() if isinstance(part, dict) else part:
        if type(one) is ir.Var:
            found.append(one)
        elif type(one) not in NO_VARIABLES:
            found.extend(_variables_in(instruction, one))
    return found


def _defined_only(whole: Callable[..., Any]) -> Callable[..., Any]:
    """The first optimisation of a kernel: of its own function, and not of the names of those that it calls."""
    if "llvm_module" in inspect.signature(CPUCodegen._function_pass_manager).parameters:
        return whole  # an older numba, which makes one set of passes for all of them

    def optimize(library: Any, module: Any) -> None:
        module.data_layout = library._codegen._data_layout
        for function in module.functions:
            if not function.is_declaration:
                passes, builder = library._codegen._function_pass_manager()
                passes.run(function, builder)

    return optimize


@contextlib.contextmanager
def _unheard_unsaid() -> Iterator[None]:
    """No event for each of a hundred thousand calls of LLVM where nobody listens."""
    if event._registered["numba:llvm_lock"]:
        yield
        return
    with patch.object(ffi.lib._lock, "_cblist", []):
        yield


@contextlib.contextmanager
def remembering() -> Iterator[None]:
    """Inside it numba works out once what stays the same."""
    with contextlib.ExitStack() as mended:
        mended.enter_context(_unheard_unsaid())
        for room, name, mend in (
            (BaseFunction, "get_call_type", _call_types_kept),
            (BaseContext, "resolve_getattr", _fields_kept),
            (MachineType, "get_abi_size", _sizes_kept),
            (MachineType, "get_abi_alignment", _sizes_kept),
            (NRTContext, "_call_incref_decref", _counted_only),
            (PostProcessor, "run", _lifetimes_when_asked),
            (CPUCodeLibrary, "_optimize_functions", _defined_only),
            (base, "_has_loc", functools.cache),
        ):
            mended.enter_context(patch.object(room, name, mend(getattr(room, name))))
        mended.enter_context(patch.object(ir.Inst, "_rec_list_vars", _variables_in))
        yield
