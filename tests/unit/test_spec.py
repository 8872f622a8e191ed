"""One declaration per parameter and variable: what is refused, and that names and offsets point at the same memory."""

from __future__ import annotations

import keyword

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karstsim.core.solutes import N_CORE, N_SOLUTES, SOLUTES
from karstsim.core.spec import (
    FLOW_DTYPE,
    SOLUTE_DTYPE,
    STORE_DTYPE,
    Block,
    Flow,
    Param,
    Store,
    Var,
    Water,
    block_dtype,
    dtype_of,
    expand,
    float_offset,
    new_table,
    record_dtype,
)
from karstsim.model.registry import FLUX_DTYPES, PARAM_DTYPES, STATE_DTYPES, variables

RESERVED = (
    "real",
    "base",
    "data",
    "size",
    "shape",
    "item",
    "max",
    "min",
    "sum",
    "round",
    "all",
    "flags",
    "view",
    "fill",
)


@pytest.mark.parametrize("name", RESERVED)
@pytest.mark.parametrize("kind", [Var, Flow, Water, Store, Block, Param])
def test_names_that_numpy_records_own_are_refused(kind: type, name: str) -> None:
    """``record.size`` would give numpy's attribute, not the field: architecture notes 2 lists such names."""
    rest = {Var: ("mm", "x"), Block: ((),), Param: (0.5, "1", 0.0, 1.0, "design")}.get(kind, ("x",))
    with pytest.raises(ValueError, match="numpy records own"):
        kind(name, *rest)
    with pytest.raises(ValueError, match="numpy records own"):
        record_dtype([(name, "f8")])


@pytest.mark.parametrize("name", ["Depth", "2nd", "a b", "", "lambda", "soil.depth", "T"])
def test_names_that_are_no_lower_case_identifier_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="identifier"):
        Var(name, "1", "x")


@given(st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12))
def test_a_name_is_either_refused_or_readable_as_attribute(name: str) -> None:
    """Whatever name passes, the field is what ``record.name`` reads; a refused one is a keyword, or numpy's."""
    try:
        dtype = record_dtype([(name, "f8")])
    except ValueError:
        assert keyword.iskeyword(name) or hasattr(np.record, name)
        return
    row = np.zeros(1, dtype)[0]
    row[name] = 4.5
    assert getattr(row, name) == 4.5


def test_a_repeated_name_is_refused_and_named() -> None:
    with pytest.raises(ValueError, match="declared twice: depth"):
        dtype_of((Var("depth", "m", "x"), Var("area", "m", "x"), Var("depth", "mm", "y")))
    with pytest.raises(ValueError, match="declared twice"):
        dtype_of((Flow("recharge", "x"), Var("recharge", "mm", "y")))


@pytest.mark.parametrize(
    ("lower", "default", "upper", "by_class", "scale", "message"),
    [
        (0.0, -0.1, 1.0, {}, "linear", "default -0.1 outside"),
        (0.0, 1.1, 1.0, {}, "linear", "default 1.1 outside"),
        (0.0, 0.5, 1.0, {"grass": 2.0}, "linear", "grass 2.0 outside"),
        (0.0, float("nan"), 1.0, {}, "linear", "default nan outside"),
        (0.0, 0.5, 1.0, {}, "log", "positive lower bound"),
        (1.0, 0.5, 0.0, {}, "linear", "outside"),
    ],
)
def test_parameters_outside_their_bounds_are_refused(lower, default, upper, by_class, scale, message) -> None:
    with pytest.raises(ValueError, match=message):
        Param("share", default, "1", lower, upper, "design", scale=scale, by_class=by_class)


def test_bounds_themselves_are_allowed() -> None:
    assert Param("share", 0.0, "1", 0.0, 1.0, "design", by_class={"grass": 1.0}).by_class == {"grass": 1.0}


def test_named_solutes_and_the_vector_are_the_same_memory() -> None:
    """``sol.v[i]`` written is ``sol.<name of slot i>`` read, and the other way round; the block has no other byte."""
    row = np.zeros(1, STORE_DTYPE)[0]
    for i, solute in enumerate(SOLUTES):
        row.sol.v[i] = 10.0 + i
        assert row.sol[solute.name] == 10.0 + i
        row.sol[solute.name] = -3.0 * i
        assert row.sol.v[i] == -3.0 * i
    assert SOLUTE_DTYPE.itemsize == 8 * N_SOLUTES
    assert N_CORE == 18


def test_active_solutes_come_first() -> None:
    """A loop to ``n_active`` = N_CORE must skip exactly the optional tracers."""
    assert [s.optional for s in SOLUTES] == [False] * N_CORE + [True] * (N_SOLUTES - N_CORE)


def test_a_block_of_variables_overlaps_too() -> None:
    row = np.zeros(1, block_dtype(("water", "carbon", "calcium")))[0]
    row.v[2] = 7.0
    assert (row.water, row.carbon, row.calcium) == (0.0, 0.0, 7.0)


def test_every_level_of_a_table_is_a_record() -> None:
    """A plain structured dtype works compiled and fails with JIT off (architecture notes 2)."""
    for dtypes in (PARAM_DTYPES, STATE_DTYPES, FLUX_DTYPES):
        for dtype in dtypes.values():
            pending = [dtype]
            while pending:
                one = pending.pop()
                assert one.type is np.record
                pending += [one.fields[n][0] for n in one.names if one.fields[n][0].names]


def _read(record: np.record, path: tuple[str, ...]) -> float:
    for name in path:
        record = record[name]
    return float(record)


def test_offsets_of_every_variable_point_at_its_float() -> None:
    """Number all floats of a row through the float view; each variable must read its own number through the record.

    The path comes from the declaration (`expand`), the offset from the registry: two roads to one float.
    """
    from karstsim.model.registry import COMPARTMENTS

    seen = 0
    for kind, dtypes in (("state", STATE_DTYPES), ("flux", FLUX_DTYPES)):
        offsets = {(v.level, v.name): v.offset for v in variables() if v.kind == kind}
        for c in COMPARTMENTS:
            records, floats = new_table((2, 3), dtypes[c.LEVEL])
            floats[...] = np.arange(floats.size, dtype=float).reshape(floats.shape)
            for path, var in expand(c.STATE if kind == "state" else c.FLUXES):
                offset = offsets[c.LEVEL, f"{c.NAME}_{var.name}"]
                assert _read(records[1, 2], (c.NAME, *path)) == floats[1, 2, offset]
                seen += 1
    assert seen == len(list(variables())) > 300


def test_offsets_cover_every_float_of_the_state_once() -> None:
    """No float of a state row is unnamed (a restart's layout would not see it) and none has two names."""
    for level, dtype in STATE_DTYPES.items():
        offsets = sorted(v.offset for v in variables() if v.level == level and v.kind == "state")
        assert offsets == list(range(dtype.itemsize // 8))


def test_a_float_set_through_the_record_is_read_through_the_view() -> None:
    records, floats = new_table((4,), dtype_of((Store("water", "x"), Var("depth", "m", "y"))))
    records[2].water.sol.so4 = 1.25
    records[3].depth = 2.5
    dtype = records.dtype
    assert floats[2, float_offset(dtype, ("water", "sol", "so4"))] == 1.25
    assert floats[3, float_offset(dtype, ("depth",))] == 2.5
    assert np.count_nonzero(floats) == 2


def test_an_unknown_path_is_an_error() -> None:
    with pytest.raises(KeyError, match="no field 'calcium'"):
        float_offset(FLOW_DTYPE, ("sol", "calcium"))
    with pytest.raises(KeyError):
        float_offset(FLOW_DTYPE, ("volume", "more"))


@settings(deadline=None)
@given(st.tuples(st.integers(0, 3), st.integers(0, 3)))
def test_tables_of_any_shape_share_their_memory(shape: tuple[int, int]) -> None:
    records, floats = new_table(shape, FLOW_DTYPE)
    assert records.shape == shape and floats.shape == (*shape, FLOW_DTYPE.itemsize // 8)
    records["volume"] = 3.0
    assert (floats[..., 0] == 3.0).all() and floats.sum() == 3.0 * records.size
    assert records.size == 0 or np.shares_memory(records, floats)


def test_integer_parameters_are_integers_and_all_else_floats() -> None:
    dtype = dtype_of(
        (Param("law", 1, "1", 0, 3, "design", integer=True), Param("rate", 1.0, "1", 0, 3, "design"))
    )
    assert dtype["law"] == np.dtype("i8") and dtype["rate"] == np.dtype("f8")
    for level, whole in PARAM_DTYPES.items():
        for name in whole.names:
            kinds = {whole[name][n].kind for n in whole[name].names}
            assert kinds <= {"f", "i"}, (level, name)
