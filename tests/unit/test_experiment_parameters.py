"""One default table in all experiments: none sets a parameter that experiments/permitted.py does not name for it."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import experiments
import karstsim as ks
from experiments import permitted, scoreboard
from karstsim.core.errors import InputError
from karstsim.model.parameter_records import parameter_tables
from karstsim.model.yearly import YearlyParameters

ROOT = Path(experiments.__file__).parent


def _declared() -> dict[str, str]:
    """Source of every parameter."""
    table = ks.parameters()
    return dict(zip(table["name"], table["source"], strict=True))


def _constants(tree: ast.Module) -> Iterator[str]:
    """Texts of a module that are not docstrings."""
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def _keys(value: Any, before: str = "") -> Iterator[str]:
    """Dotted names of all keys of a table; those that hold a dot themselves as they are."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield f"{before}.{key}"
            yield from _keys(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


def _set_by_code(source: str, declared: dict[str, str]) -> set[str]:
    """Parameters that a module names; bare names count where it writes to the tables of parameters themselves."""
    tree = ast.parse(source)
    texts = set(_constants(tree))
    found = texts & set(declared)
    rooms = {room for room in {name.split(".")[0] for name in declared} if _opens(source, room)}
    keys = set(_written(tree)) if rooms else set()
    found |= set(_tables_in_tables(tree)) & set(declared)
    return found | {f"{room}.{key}" for room in rooms for key in keys if f"{room}.{key}" in declared}


def _written(tree: ast.Module) -> Iterator[str]:
    """Texts that are keys of a dict or that something is assigned to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            keys = node.keys
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            keys = [node.slice]
        else:
            continue
        yield from (k.value for k in keys if isinstance(k, ast.Constant) and isinstance(k.value, str))


def _tables_in_tables(tree: ast.Module) -> Iterator[str]:
    """Dotted names of {"room": {"name": value}} and of table["room"]["name"] = value."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, inner in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(inner, ast.Dict):
                    yield from (f"{key.value}.{k.value}" for k in inner.keys if isinstance(k, ast.Constant))
        elif (
            isinstance(node, ast.Subscript)
            and isinstance(node.slice, ast.Constant)
            and isinstance(node.value, ast.Subscript)
            and isinstance(node.value.slice, ast.Constant)
        ):
            yield f"{node.value.slice.value}.{node.slice.value}"


def _composed(source: str, declared: dict[str, str]) -> list[str]:
    """Beginnings of parameter names that are put together at run time, where no reader could find them."""
    rooms = {name.split(".")[0] + "." for name in declared}
    texts = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    return [str(node.value) for node in texts if node.value in rooms]  # of f-strings, sums and formats


def _folders() -> list[str]:
    skipped = (*permitted.FITTED, *permitted.ABOUT_PARAMETERS)
    found = sorted(p.parent.name for p in ROOT.glob("*/run.py"))
    return [".", *(name for name in found if name not in skipped)]


def _set_by_config(folder: str, declared: dict[str, str]) -> set[str]:
    """Parameters that the folder's tables name; bare names count where a run.py writes to the tables of parameters."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / folder).glob("*.py")]
    rooms = {room for room in {name.split(".")[0] for name in declared} for s in sources if _opens(s, room)}
    found: set[str] = set()
    for path in (ROOT / folder).glob("*.toml"):
        keys = set(_keys(tomllib.loads(path.read_text(encoding="utf-8"))))
        found |= keys | {f"{room}.{key}" for room in rooms for key in keys}
    return found & set(declared)


def _opens(source: str, room: str) -> bool:
    return f'.params["{room}"]' in source


@pytest.mark.parametrize("folder", _folders())
def test_no_process_parameter_differs(folder: str) -> None:
    declared = _declared()
    found: set[str] = set()
    for path in (ROOT / folder).glob("*.py"):
        if path.name == "permitted.py":
            continue
        source = path.read_text(encoding="utf-8")
        found |= _set_by_code(source, declared)
        assert not _composed(source, declared), path
    found |= _set_by_config(folder, declared)
    assert found <= permitted.names(folder), found - permitted.names(folder)


def test_what_is_permitted_is_used() -> None:
    """Every permission names parameters that exist and that the experiment sets."""
    declared = _declared()
    for folder, reasons in permitted.EXPERIMENTS.items():
        sources = [
            p.read_text(encoding="utf-8") for p in (ROOT / folder).glob("*.py") if p.name != "permitted.py"
        ]
        used = _set_by_config(folder, declared).union(*(_set_by_code(s, declared) for s in sources))
        named = {name for names in reasons.values() for name in names}
        assert named <= used, (folder, named - used)
    assert set(permitted.SITE) <= set(declared)


def test_a_set_parameter_is_found() -> None:
    """The check can fail: by dotted name, by bare name in a table, in a config, and composed."""
    declared = _declared()
    assert _set_by_code('p = {"soil.porosity": 0.4}', declared) == {"soil.porosity"}
    bare = 'chain.params["surface_water"]["calcite_rate"] = 1.0'
    assert _set_by_code(bare, declared) == {"surface_water.calcite_rate"}
    assert _set_by_code('"""About soil.porosity."""', declared) == set()
    config = tomllib.loads(
        '[[tiles]]\nparameters = { "soil.porosity" = 0.4 }\n[parameters]\nsoil.depth = 0.3'
    )
    assert {"soil.porosity", "soil.depth"} <= set(_keys(config))
    assert _composed('name = f"soil.{what}"', declared) == ["soil."]
    assert _composed('name = "soil." + what', declared) == ["soil."]
    assert _set_by_code('tile = {"parameters": {"soil": {"porosity": 0.4}}}', declared) == {"soil.porosity"}
    assert _set_by_code('table["soil"]["porosity"] = 0.4', declared) == {"soil.porosity"}
    assert not {"soil.porosity", "soil.depth"} & permitted.names("storm")
    assert {"surface_water.gross_production", "surface_water.plant_cover"} <= _set_by_config(
        "pearl_river", declared
    )


def test_an_experiment_that_sets_another_parameter_fails_when_it_runs() -> None:
    """Whatever way the name was put together: of a member, of a tile, of a box. What a site has passes."""
    hidden = ".".join(("soil", "porosity"))
    field = {"land_use": "cropland", "area_fraction": 1.0}
    place = {"name": "x", "latitude": 26.0, "longitude": 105.0, "elevation": 100.0, "area_km2": 1.0}
    pond = {"name": "pond", "kind": "reservoir", "water_class": "pond", "area_km2": 0.02, "depth_m": 1.0}
    plain = ks.Site(**place, tiles=[{**field, "parameters": {"soil.tillage": 1.0}}], boxes=[pond])
    tile = ks.Site(**place, tiles=[{**field, "parameters": {hidden: 0.4}}])
    box = ks.Site(**place, tiles=[field], boxes=[{**pond, "parameters": {"surface_water.calcite_rate": 1.0}}])
    with permitted.enforced("storm"):
        parameter_tables(plain, [{"epikarst.compartments": 10}])
        for site, member in ((plain, {hidden: 0.4}), (tile, {}), (box, {})):
            with pytest.raises(InputError, match="experiment storm, parameter .* differs from the one table"):
                parameter_tables(site, [member])
        YearlyParameters({"soil.fertiliser_nitrogen": ([2015, 2016], [0.1, 0.2])})
        with pytest.raises(InputError, match="experiment storm, parameter"):
            YearlyParameters({hidden: ([2015, 2016], [0.4, 0.5])})
    parameter_tables(tile, [{}])  # outside it, as ever
    with permitted.enforced("sensitivity"):
        parameter_tables(plain, [{hidden: 0.4}])


@pytest.mark.parametrize(
    "experiment", [e for e in scoreboard.CATALOGUE if e.id.startswith("X")], ids=lambda e: e.id
)
def test_each_has_settings_of_its_own_that_it_reads(experiment: scoreboard.Experiment) -> None:
    """Every experiment on the review has a config, commented, and each of its tables and values is read."""
    source = (experiment.path / "run.py").read_text(encoding="utf-8")
    configs = sorted(experiment.path.glob("*.toml"))
    assert configs
    for path in configs:
        text = path.read_text(encoding="utf-8")
        assert text.startswith("#"), f"{path}: say in a comment what is special"
        if f'"{path.name}"' in source:  # files that karstsim itself reads, every key of which it checks
            continue
        assert "catchments.config(__file__)" in source, path
        unread = [key for key in tomllib.loads(text) if f'"{key}"' not in source]
        assert not unread, f"{path}: nothing reads {unread}"
