"""Powers of units on pages of the documentation: raised in texts and tables, left alone where they are typed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

GENERATE = Path(__file__).parents[2] / "docs" / "generate.py"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", GENERATE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("| sink (t C km-2 a-1) | mm d-1 |", "| sink (t C km⁻² a⁻¹) | mm d⁻¹ |"),
        ("umol m-2 s-1, mol m-3.", "umol m⁻² s⁻¹, mol m⁻³."),
        ("m-3.5 and e-3", "m-3.5 and e-3"),
        ("`mm d-1` and $m-2$ and [m-3](m-3.md)", "`mm d-1` and $m-2$ and [m⁻³](m-3.md)"),
        ("```\nmol m-2\n```\nmol m-2", "```\nmol m-2\n```\nmol m⁻²"),
        ("years 1-2, A-1, d-10, 5-95 %, DZ/T 0375-2021", "years 1-2, A-1, d-10, 5-95 %, DZ/T 0375-2021"),
    ],
)
def test_powers(generate: ModuleType, text: str, shown: str) -> None:
    assert generate.powers_raised(text) == shown
