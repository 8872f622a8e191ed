"""Every declaration of the model, checked at once: units, bounds, sources, names, meanings, imports."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pint
import pytest

import karstsim
from karstsim.core.classes import LAND_USES, WATER_CLASSES
from karstsim.core.solutes import SOLUTES
from karstsim.forcing.records import FORCING
from karstsim.model.registry import COMPARTMENTS, LEVELS, Address, Variable, addresses, variables

PACKAGE = Path(karstsim.__file__).parent
REFERENCES = PACKAGE.parent / "docs" / "references.bib"
ADDRESSES = list(addresses())
VARIABLES = list(variables())
UNREFERENCED = {"design", "site", "management"}
KEY = re.compile(r"^[a-z]+\d{4}[a-z]?$")
# CF and everyday spellings that pint writes otherwise, and counts that are pure numbers
SPELLING = {"degC": "delta_degC", "percent": "1", "ppm": "1", "degree_north": "degree", "uS": "microsiemens",
            "umol": "micromole", "d": "day"}  # fmt: skip
REGISTRY = pint.UnitRegistry()


def _pint_unit(text: str) -> pint.Unit:
    """``mm degC-1 d-1`` -> a pint unit: each word is a unit with an optional integer or decimal exponent."""
    unit = REGISTRY.dimensionless
    for word in text.split():
        if word == "1":
            continue
        name, power = re.fullmatch(r"([A-Za-z_]+)(-?\d*\.?\d*)", word).groups()  # type: ignore[union-attr]
        mapped = SPELLING.get(name, name)
        unit = unit * (REGISTRY.dimensionless if mapped == "1" else REGISTRY.Unit(mapped)) ** float(
            power or 1
        )
    return unit


def _ids(items: list) -> list[str]:
    return [i.name for i in items]


@pytest.mark.parametrize("address", ADDRESSES, ids=_ids(ADDRESSES))
def test_parameter_units_parse(address: Address) -> None:
    _pint_unit(address.param.units)


def test_variable_units_parse() -> None:
    for v in VARIABLES:
        _pint_unit(v.var.units)
    for v in FORCING:
        _pint_unit(v.units)
    for s in SOLUTES:
        assert _pint_unit(s.units).dimensionality == {"[substance]": 1, "[length]": -2}


@pytest.mark.parametrize("nonsense", ["florps d-1", "mm/d", "mol m-2 per day", "kg^2"])
def test_the_unit_check_can_fail(nonsense: str) -> None:
    with pytest.raises((pint.UndefinedUnitError, AttributeError)):
        _pint_unit(nonsense)


def test_units_mean_what_they_say() -> None:
    """One named case of each kind of quantity, against its dimension by hand."""
    expected = {
        "soil.depth": "[length]",
        "soil.decay_dpm": "1 / [time]",
        "epikarst.area_to_volume": "1 / [length]",
        "cave.ventilation": "[length] / [time] / [temperature] ** 0.5",
        "surface_water.calcite_rate": "[substance] / [length] ** 2 / [time]",
        "vegetation.light_use_efficiency": "[mass] / ([mass] * [length] ** 2 / [time] ** 2)",
    }
    by_name = {a.name: a.param for a in ADDRESSES}
    for name, dimension in expected.items():
        assert _pint_unit(by_name[name].units).dimensionality == REGISTRY.get_dimensionality(dimension), name


@pytest.mark.parametrize("address", ADDRESSES, ids=_ids(ADDRESSES))
def test_defaults_lie_inside_sensible_bounds(address: Address) -> None:
    """Default and class values inside the bounds, classes are real ones, integers are whole, log scales positive."""
    p = address.param
    values = [p.default, *p.special.values()]
    assert all(p.lower <= v <= p.upper for v in values)
    assert p.lower < p.upper
    classes = {"tile": LAND_USES, "box": WATER_CLASSES}.get(address.level, ())
    assert not p.by_class or tuple(p.by_class) == tuple(classes)
    assert not p.by_plant or address.level == "box"
    assert not p.by_lithology or address.level == "tile"
    if p.integer:
        assert all(v == int(v) for v in (*values, p.lower, p.upper))
        assert not p.calibrate, "a switch cannot be calibrated"
    if p.scale == "log":
        assert p.lower > 0.0


def test_the_table_of_land_uses_is_that_of_the_science_page() -> None:
    """Rows of design notes 3.12, transcribed here a second time.

    Its efficiencies of light belong to the Gaussian law and are brought to that of CASA (docs/decisions.md).
    """
    rows = {  # K_c, eps, fPAR, harvest, r_root, phi, theta_r, f_str, z_s, L, clay, DPM/RPM, tillage, f_CA
        "bare_rock": (0.45, 0.30, 0.12, 0.0, 0.6, 0.50, 0.08, 1.77, 0.10, 0.06, 25, 0.67, 1.0, 1.0),
        "cropland": (0.80, 0.75, 0.45, 0.45, 0.5, 0.55, 0.08, 1.63, 0.40, 0.12, 30, 1.44, 1.2, 1.3),
        "grass": (0.83, 0.75, 0.50, 0.05, 0.7, 0.54, 0.08, 1.76, 0.40, 0.12, 30, 0.67, 1.0, 1.5),
        "shrub": (0.86, 0.75, 0.55, 0.0, 0.6, 0.54, 0.08, 1.76, 0.40, 0.13, 30, 0.67, 1.0, 2.0),
        "secondary_forest": (0.92, 0.85, 0.70, 0.0, 0.6, 0.55, 0.08, 1.63, 0.45, 0.15, 32, 0.25, 1.0, 2.5),
        "virgin_forest": (0.96, 0.95, 0.80, 0.0, 0.6, 0.56, 0.08, 1.12, 0.60, 0.20, 35, 0.25, 1.0, 3.0),
    }
    names = [
        "vegetation.crop_coefficient",
        "vegetation.light_use_efficiency",
        "vegetation.fpar",
        "vegetation.harvest",
        "vegetation.root_respiration",
        "soil.porosity",
        "soil.residual_water",
        "soil.structure_factor",
        "soil.depth",
        "soil.production_depth",
        "soil.clay",
        "soil.dpm_rpm",
        "soil.tillage",
        "soil.ca_factor",
    ]
    by_name = {a.name: a.param for a in ADDRESSES}
    for land_use, row in rows.items():
        for name, value in zip(names, row, strict=True):
            p = by_name[name]
            wanted = 0.926 * value if name == "vegetation.light_use_efficiency" else value
            assert p.by_class.get(land_use, p.default) == pytest.approx(wanted, rel=1e-12, abs=0.0), (
                f"{name} of {land_use}"
            )


@pytest.mark.parametrize("address", ADDRESSES, ids=_ids(ADDRESSES))
def test_sources_exist(address: Address) -> None:
    """`source` starts with keys of references.bib, or with design, site or management; free text follows a ``;``."""
    keys = set(re.findall(r"@\w+\{([^,\s]+),", REFERENCES.read_text(encoding="utf-8")))
    first = address.param.source.split(";")[0].split()
    cited = [w.rstrip(",") for w in first if KEY.match(w.rstrip(","))]
    assert cited or first[0] in UNREFERENCED, f"{address.name}: {address.param.source!r} names no source"
    assert set(cited) <= keys, f"{address.name} cites {set(cited) - keys}, absent from references.bib"


def test_names_are_unique() -> None:
    names = [v.name for v in VARIABLES]
    assert len(names) == len(set(names))
    parameters = [a.name for a in ADDRESSES]
    assert len(parameters) == len(set(parameters)) > 100


def test_names_of_variables_begin_with_their_compartment() -> None:
    for v in VARIABLES:
        assert v.name.startswith(v.compartment + "_")


def test_no_variable_claims_sea_water() -> None:
    """CF standard names for land only (architecture notes 5); a name is lower case with underscores."""
    for v in VARIABLES:
        name = v.var.standard_name
        assert name is None or re.fullmatch(r"[a-z][a-z0-9_]+", name), v.name
        assert "sea_water" not in (name or "")


def test_every_variable_says_what_it_is() -> None:
    for v in VARIABLES:
        assert len(v.var.long_name) > 2 and v.var.long_name[-1] != ".", v.name
    seen: dict[tuple[str, str, str], Variable] = {}
    for v in VARIABLES:
        key = (v.compartment, v.var.long_name, v.var.units)
        assert key not in seen, f"{v.name} and {seen[key].name} have the same long name {v.var.long_name!r}"
        seen[key] = v


def test_a_flux_in_amounts_is_summed_and_a_state_is_not() -> None:
    """Amounts moved in one step add up over a period; states and intensities are averaged (or the extreme is kept)."""
    for v in VARIABLES:
        if v.kind == "state":
            assert v.var.aggregate != "sum", v.name
        elif v.var.units in ("mm", "mol m-2"):
            assert v.var.aggregate in ("sum", "last"), f"{v.name} ({v.var.units}) is not summed"
        else:
            assert v.var.aggregate != "sum" or v.var.units in ("m", "mm K"), (
                f"{v.name} ({v.var.units}) is summed"
            )


@pytest.mark.parametrize("address", ADDRESSES, ids=_ids(ADDRESSES))
def test_parameters_are_documented(address: Address) -> None:
    """A parameter whose name says no more than "rate" or "share" needs a `doc`; the rest may have one."""
    doc = address.param.doc
    assert doc == doc.strip()
    vague = {"rate", "share", "ratio", "factor", "shape", "scale", "exponent", "memory", "cover"}
    words = address.param.name.split("_")
    if len(words) == 1 and words[0] in vague:
        assert doc, f"{address.name} has no doc"


KERNEL_FILES = [
    *sorted((PACKAGE / "processes").rglob("*.py")),
    *sorted(p for p in (PACKAGE / "chemistry").glob("*.py") if p.name not in ("api.py", "columns.py")),
    PACKAGE / "model" / "column.py",
    PACKAGE / "model" / "isotope_books.py",
]
ALLOWED = ("numpy", "math", "numba", "enum", "__future__", "collections.abc", "typing", "dataclasses")
BOOKS = ("karstsim.model.books", "karstsim.model.isotope_books")
ROOMS = ("karstsim.core", "karstsim.chemistry", "karstsim.processes", *BOOKS)


@pytest.mark.parametrize("path", KERNEL_FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_kernel_files_import_numbers_and_kernels_only(path: Path) -> None:
    """architecture notes 1: numpy, math, numba and core; processes see the chemistry, the column also its books."""
    room = path.relative_to(PACKAGE).parts[0]
    rooms = {"chemistry": ROOMS[:2], "processes": ROOMS[:3], "model": ROOMS}[room]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            names = (
                [f"karstsim.model.{a.name}" for a in node.names]
                if node.module == "karstsim.model"
                else [node.module]
            )
        else:
            continue
        for name in names:
            inside = any(name == r or name.startswith(r + ".") for r in rooms)
            assert inside or name in ALLOWED, f"{path.name} imports {name}"


@pytest.mark.parametrize(
    "path", [p for p in KERNEL_FILES if "processes" in p.parts], ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_kernels_write_no_constant_powers(path: Path) -> None:
    """architecture notes 3: kernels write ``x*x`` and ``math.sqrt``, never ``**``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.Pow), f"{path.name} uses **"


def test_compartments_declare_what_the_registry_reads() -> None:
    for c in COMPARTMENTS:
        assert isinstance(c.NAME, str) and c.LEVEL in LEVELS
        assert {type(c.PARAMS), type(c.STATE), type(c.FLUXES)} == {tuple}


def test_every_process_file_is_listed_by_its_compartment() -> None:
    """A file with PARAMS that its compartment forgets has parameters nobody can set."""
    for c in COMPARTMENTS:
        folder = Path(c.__file__).parent
        if folder.parent.name != "processes":
            continue
        listed = {p.__name__.rsplit(".", 1)[1] for p in c.PROCESSES}
        declaring = {
            p.stem for p in folder.glob("*.py") if "\nPARAMS" in p.read_text() and p.stem != "__init__"
        }
        assert declaring == listed, c.NAME
