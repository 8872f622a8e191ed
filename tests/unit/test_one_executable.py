"""A driver links its kernels once: whatever was compiled or loaded before, by whom and in which order, one answer.

Each case is a process of its own, since what goes wrong here ends in a crash. Values are compared to the last bit with
those of plain Python, which strict arithmetic (no fused multiply-add) allows.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from core_copy import copied_core, fresh_process

KERNELS = """import math
import numba
from karstsim.core.jit import driver, kernel, lane_function

@lane_function
def lane(x):
    return math.exp(-0.1 * x) + 1.0 / (1.0 + x)

@kernel
def leaf(x):
    if x < 0.0:
        raise ValueError("negative")
    total = 0.0
    for i in range(int(x)):
        total += math.sqrt(x + i) * lane(x + i)
    return total

@kernel
def calls_in_vain(x):
    factor = 3
    factor = factor * 2 - 6
    if factor != 0:  # never, which LLVM finds out and numba does not
        return leaf(x)
    return 2.0 * x

@kernel
def middle(x):
    return leaf(x) + 0.3 * leaf(2.0 * x) + calls_in_vain(x)

@kernel
def top(x):
    return middle(x) + 0.7 * leaf(x + 1.0)

@kernel
def of_record(row):
    row["b"] = middle(row["a"])
    return top(row["b"])

@numba.njit
def ordinary(x):
    return 0.5 * top(x) + leaf(x)

@driver
def first(a):
    return middle(a[0]) + calls_in_vain(a[0])

@driver
def second(a):
    return calls_in_vain(a[0]) + top(a[0]) + leaf(a[0])

@driver
def records(rows):
    total = 0.0
    for i in range(rows.shape[0]):
        total += of_record(rows[i])
    return total

@driver
def through_ordinary(a):
    return ordinary(a[0]) + top(a[0])
"""

STEPS = """
import sys
import threading
import numpy as np
from karstsim.core import jit
from karstsim.processes import inner

def rows():
    table = np.zeros(3, dtype=[("a", "f8"), ("b", "f8")])
    table["a"] = 4.5, 5.0, 0.5
    return table

def value(step):
    if step in ("first", "second", "through_ordinary"):
        a = np.array([9.5])
        return getattr(inner, step).bind_to(a)(a)
    if step == "records":
        table = rows()
        return inner.records.bind_to(table)(table) + table["b"].sum()
    return getattr(inner, step)(9.5)

def refuses():
    for _ in range(2):
        try:
            inner.first.bound(np.array([-1.0]))
        except ValueError as error:
            assert str(error) == "negative"
        else:
            raise SystemExit("no error")

answers = {}
for word in sys.argv[1:]:
    together = word.split("+")
    barrier = threading.Barrier(len(together))

    def work(step):
        barrier.wait()
        answers.setdefault(step, []).append(value(step).hex())

    threads = [threading.Thread(target=work, args=(step,)) for step in together]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
if "first" in answers:
    refuses()
for step, found in answers.items():
    assert len(set(found)) == 1, (step, found)
    print(step, found[0])
drivers = [getattr(inner, d) for d in ("first", "second", "records", "through_ordinary")]
print("loaded", 0 if jit.disabled() else sum(sum(d.bound.stats.cache_hits.values()) for d in drivers if d.bound))
"""

# Each is run with an empty cache, and then all of them with what one that compiled the drivers left behind.
ORDERS = (
    "first second records through_ordinary",
    "through_ordinary records top second first",
    "leaf first middle second first leaf",
    "ordinary through_ordinary first ordinary",
    "leaf+first+middle+second ordinary first+second",
)
STRICT = {"KARSTSIM_STRICT": "1"}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copied_core(tmp_path_factory.mktemp("one"))
    (root / "karstsim" / "processes" / "inner.py").write_text(KERNELS)
    return root


@pytest.fixture(scope="module")
def in_python(package: Path) -> dict[str, str]:
    """The answer of each function without the compiler."""
    return _answers(package, "", " ".join(ORDERS).replace("+", " "), NUMBA_DISABLE_JIT="1")


@pytest.fixture(scope="module")
def full_cache(package: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A compile cache with all drivers, the one in whose process a kernel was called before among them."""
    cache = str(tmp_path_factory.mktemp("full"))
    _answers(package, cache, "second records first")
    _answers(package, cache, "middle through_ordinary")
    return cache


def _answers(package: Path, cache: str, order: str, **more: str) -> dict[str, str]:
    lines = fresh_process(package, cache, STEPS, *order.split(), **STRICT, **more).stdout.splitlines()
    return dict(line.split() for line in lines)


@pytest.mark.parametrize("order", ORDERS)
def test_compiled_in_any_order_the_answers_are_those_of_python(
    order: str, package: Path, in_python: dict[str, str], tmp_path: Path
) -> None:
    answers = _answers(package, str(tmp_path), order)
    assert answers.pop("loaded") == "0"
    assert answers == {step: in_python[step] for step in answers}


@pytest.mark.parametrize("order", ORDERS)
def test_loaded_in_any_order_the_answers_are_those_of_python(
    order: str, package: Path, in_python: dict[str, str], full_cache: str
) -> None:
    answers = _answers(package, full_cache, order)
    drivers = {"first", "second", "records", "through_ordinary"} & set(answers)
    assert answers.pop("loaded") == str(len(drivers))
    assert answers == {step: in_python[step] for step in answers}


def test_what_is_not_linked_is_an_error_and_no_crash(package: Path, tmp_path: Path) -> None:
    """Were callees linked before their callers, LLVM would leave them out."""
    script = """
from karstsim.core import one_executable
whole = one_executable._below
one_executable._below = lambda library: whole(library)[::-1]
import numpy as np
from karstsim.processes import inner
try:
    inner.second.bind_to(np.ones(1))
except AssertionError as error:
    assert "not linked" in str(error) and "middle" in str(error)
else:
    raise SystemExit("no error")
"""
    fresh_process(package, str(tmp_path), script)
