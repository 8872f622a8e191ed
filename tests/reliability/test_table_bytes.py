"""Tables of waters with broken bytes: a result or an InputError, and no impossible value taken for a water."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from karstsim.chemistry.api import speciate_csv
from karstsim.core.errors import InputError

TABLE = (
    "sep=;\n# springs\nid;T_water;Ca2+;Mg;K+;Alkalinity;pH (field);log pCO2;note\n"
    ";°C;mg/L;mg/L;mg/L;mg/L as CaCO3;-;atm;\n"
    'A;10,5;80,2;4,1;<0,5;200;7,5;-2,1;clear\nB;11,0;-9999;4;1;210;7,4;;"after; rain"\nC;9;75;3,9;nd;190;7,6;;\n'
)
SEEDS = [
    TABLE.encode(),
    TABLE.encode("utf-16"),
    TABLE.encode("cp1252"),
    b"temperature_c,ca_mg_l,alkalinity_meq_l,ph\n10,80,4,7.5\n11,70.5,3.5,7.8\n",
    b"T (C)\tCa\tHCO3 (mg/L)\tCO3 (mg/L)\tpH\n10\t2\t240\t<1\t7.5\n",
]
PIECES = [
    b";", b",", b"\t", b'"', b"\n", b"\r", b"\0", b"#", b"-", b"<", b" ", b"(", b"1e308", b"-9999", b"nan", b"inf",
    b"1_0", b"9" * 400, "\u0663".encode(), b"\xff", b"\xfe", b"pH", b"mg/L", b"Ca (meq/L)", b"log", b"K", b"sep=",
]  # fmt: skip
EDITS = st.lists(
    st.tuples(
        st.sampled_from(("insert", "delete", "replace", "repeat", "cut")),
        st.integers(0, 10_000),
        st.integers(1, 12),
        st.one_of(st.sampled_from(PIECES), st.binary(min_size=1, max_size=4)),
    ),
    min_size=1,
    max_size=6,
)
BOUNDS = {  # of every solved row, in the units of the result
    "ph": (0.0, 14.0),
    "pco2": (0.0, 10.0),
    "alkalinity": (-1e3, 1e3),
    "ionic_strength": (0.0, 50.0),
} | dict.fromkeys(("dic", "m_ca", "m_mg", "m_k"), (0.0, 1e4))


def mutate(data: bytes, edits: list[tuple[str, int, int, bytes]]) -> bytes:
    for kind, place, length, piece in edits:
        at = place % (len(data) + 1)
        head, middle, tail = data[:at], data[at : at + length], data[at + length :]
        data = {
            "insert": head + piece + middle + tail,
            "delete": head + tail,
            "replace": head + piece + tail,
            "repeat": head + middle + middle + tail,
            "cut": head if at > 20 else data,
        }[kind]
    return data


def check(folder: Path, data: bytes) -> None:
    path = folder / "waters.csv"
    path.write_bytes(data)
    try:
        frame = speciate_csv(path, folder / "out.csv")
    except InputError as error:
        assert error.where and error.what and error.mend
        return
    understood = frame.attrs["understood"]
    solved = np.isfinite(frame["ionic_strength"].to_numpy(float))
    assert understood["solved"] == solved.sum() and understood["rows"] == len(frame)
    assert all(bool(flag) for flag in frame.loc[~solved, _last(frame, "flag")])
    for name, (low, high) in BOUNDS.items():
        values = frame.loc[solved, _last(frame, name)].to_numpy(float)
        assert ((values >= low) & (values <= high)).all(), name


def _last(frame: pd.DataFrame, name: str) -> str:
    """The computed column of this name: a column of the file may have the same."""
    return [c for c in frame.columns if c == name or (c.startswith(name) and c.endswith("_computed"))][-1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


@pytest.mark.parametrize("data", SEEDS)
def test_the_seeds_are_solved(folder: Path, data: bytes) -> None:
    (folder / "seed.csv").write_bytes(data)
    understood = speciate_csv(folder / "seed.csv").attrs["understood"]
    missing = understood["reasons"].get("ca missing", [])  # calcium is not supposed
    assert understood["solved"] == understood["rows"] - len(missing) > 0


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.sampled_from(SEEDS), edits=EDITS)
def test_broken_bytes(folder: Path, data: bytes, edits: list[tuple[str, int, int, bytes]]) -> None:
    check(folder, mutate(data, edits))


@pytest.mark.slow
@settings(max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.sampled_from(SEEDS), edits=EDITS)
def test_broken_bytes_at_length(folder: Path, data: bytes, edits: list[tuple[str, int, int, bytes]]) -> None:
    check(folder, mutate(data, edits))
