"""What numba remembers while a driver compiles changes no machine code, only the time until it is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from core_copy import copied_core, fresh_process

KERNELS = """import math
import numpy as np
from karstsim.core.jit import driver, kernel, lane_function, uncounted

MODES = (1, 2)

@lane_function
def lane(x, power=2):
    return math.exp(-0.1 * x) + x ** power

@kernel
def into(row, amount, mode):
    if mode == MODES[0]:
        row["stock"] += amount
    elif amount > 0.0 and not math.isnan(amount):
        row["stock"] = max(row["stock"] - amount, 0.0)
    return row.stock + row.heat[1], row.of * 2

@kernel
def shares(block, factors):
    total = 0.0
    for k in range(block.shape[0]):
        block[k, 1] = min(block[k, 0] / factors[k % 2], 3.0) // 1
        total += lane(block[k, 1]) + abs(lane(block[k, 0], 3))
    return total, factors[0]

@driver
def day(rows, blocks):
    blocks = uncounted(blocks)
    scratch = np.zeros(3)
    for i in range(rows.shape[0]):
        row = rows[i]
        total, first = shares(blocks[i], (2.0, 0.5))
        stock, twice = into(row, total, MODES[0])
        scratch[i] = stock - first + twice
        into(row, scratch[i], 2)
    return scratch.sum()
"""

STEPS = """
import contextlib
import hashlib
import sys
import numpy as np
from numba.core import event
from karstsim.core import remembering
if sys.argv[1] == "forgets":
    remembering.remembering = contextlib.nullcontext
elif sys.argv[1] == "listens":
    event.register("numba:llvm_lock", event.RecordingListener())
from karstsim.processes import inner

rows = np.zeros(3, dtype=[("stock", "f8"), ("of", "i8"), ("heat", "f8", (2,))])
rows["of"] = 1, 2, 3
blocks = np.linspace(0.3, 4.2, 24).reshape(3, 4, 2).copy()
value = inner.day.bind_to(rows, blocks)(rows, blocks)
(code,) = inner.day.bound.inspect_asm().values()
print(hashlib.sha256(code.encode()).hexdigest(), value.hex())
"""

MENDED = """
from numba.core import base, ir, types
from llvmlite.binding import ffi
from llvmlite.ir.types import Type
from karstsim.core.remembering import remembering

def names():
    return (
        types.functions.BaseFunction.get_call_type, ir.Inst._rec_list_vars, Type.get_abi_size, base._has_loc,
        ffi.lib._lock._cblist,
    )

before = names()
try:
    with remembering():
        assert all(a is not b for a, b in zip(names(), before))
        raise KeyError
except KeyError:
    pass
assert all(a is b for a, b in zip(names(), before))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copied_core(tmp_path_factory.mktemp("remembering"))
    (root / "karstsim" / "processes" / "inner.py").write_text(KERNELS)
    return root


def test_machine_code_is_the_same_to_the_last_letter(package: Path, tmp_path: Path) -> None:
    codes = {
        how: fresh_process(package, str(tmp_path / how), STEPS, how).stdout
        for how in ("remembers", "listens", "forgets")
    }
    assert len(codes["forgets"].split()) == 2
    assert len(set(codes.values())) == 1, codes


def test_numba_is_as_it_was_afterwards(package: Path, tmp_path: Path) -> None:
    fresh_process(package, str(tmp_path), MENDED)
