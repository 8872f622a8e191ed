"""The page of a sensitivity study: what was varied and asked, the indices, and whether they stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from karstsim.ensemble.plan import RUN_RECORD
from karstsim.ensemble.run import status
from karstsim.report.ensemble_folder import settled, spin_up_text
from karstsim.report.found import found_figures, read_table
from karstsim.report.section import Check, Contents, Notes, Section, Table
from karstsim.report.style import printed
from karstsim.report.tables import number
from karstsim.sensitivity_analysis.indices import WIDE, widest
from karstsim.sensitivity_analysis.study import DRAWS, INDICES, MEMBERS, PRINTED, VALUES
from karstsim.tomlfile import read_toml

CONFIG = "sensitivity.toml"
MOST_TABLES = 6
DIGITS = 2  # of the largest index of a table
CAPTIONS = {
    "indices": "Indices of every factor with their intervals.",
    "morris": "μ* is the mean absolute effect of moving a factor through its range, σ the spread of its effects. "
    "Near the dashed line and above, the effect depends on the other factors or on the factor's own value.",
    "second_order": "Share of the variance that two factors explain only together, with its interval.",
    "convergence": "Indices from parts of the same design: one that still moves is no result.",
    "over_time": "Indices of each month or year.",
}
SYMBOLS = {"mu": "μ", "mu_star": "μ*", "sigma": "σ", "S1": "first-order S1", "ST": "total ST"}
READ = "An index whose convergence curve still moves, or whose interval reaches that of others, is no result."
KEPT = ("karstsim", "source", "numpy", "numba", "cpu_seconds", "inputs")  # of the record of the members


def sensitivity_contents(folder: Path) -> Contents:
    """All that the page of a study says."""
    with xr.open_dataset(folder / INDICES, engine="netcdf4") as opened:
        ds = opened.load()
    record = _record(folder)
    sections = [
        Section("Indices", [READ], _tables(ds), figures=_figures(folder, "indices", ds.attrs["method"])),
        Section("Pairs of factors", figures=_figures(folder, "second_order")),
        Section("Convergence", figures=_figures(folder, "convergence")),
        Section("Over time", figures=_figures(folder, "over_time")),
        Section("Members", tables=_members(folder)),
    ]
    silent = str(ds.attrs["outputs_without_variation"]).splitlines()
    warnings = [f"does not vary, so has no indices: {name}" for name in silent if name]
    notes = Notes([_what_ran(folder, ds)], _checks(folder, ds, record), None, warnings)
    provenance: dict[str, object] = {k: record[k] for k in KEPT if record.get(k)}
    provenance["seed"] = int(ds.attrs["seed"])
    kept = [s for s in sections if s.tables or s.figures]
    return Contents(str(ds.attrs["title"]), kept, notes, provenance)


def _record(folder: Path) -> dict[str, Any]:
    path = folder / MEMBERS / RUN_RECORD
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _what_ran(folder: Path, ds: xr.Dataset) -> str:
    site = read_toml(folder / CONFIG).get("site", {}) if (folder / CONFIG).is_file() else {}
    name = site.get("name", "the site") if isinstance(site, dict) else "the site"
    factors = ", ".join(str(f) for f in ds.factor.values)
    asked = printed(", ".join(dict.fromkeys(str(d) for d in ds.diagnostic.values)))
    method, members = PRINTED.get(ds.attrs["method"], ds.attrs["method"]), int(ds.attrs["members"])
    return f"{name}: {method} on {members} members. Varied: {factors}. Asked: {asked}."


def _checks(folder: Path, ds: xr.Dataset, record: dict[str, Any]) -> list[Check]:
    dropped, members = int(ds.attrs["dropped"]), int(ds.attrs["members"])
    whole = f"{members} members" + (f", {dropped} left out: {ds.attrs['dropped_because']}" if dropped else "")
    checks = [Check("All members computed", dropped == 0, whole)]
    closure = [v for v in record.get("closure", {}).values() if v is not None]
    if closure:
        checks.append(Check("Books closed", max(closure) < 1.0e-12, f"largest residual {max(closure):.1e}"))
    outcome = status(folder / MEMBERS)[1] if record else None  # indices may be kept without their members
    if outcome is not None and settled(outcome) is not None:
        checks.append(Check("Spin-up settled", settled(outcome), spin_up_text(outcome)))
    width = widest(ds)
    if width is not None:
        text = f"widest half-width {width:.2g} (at most {WIDE:g}); more samples make it narrower"
        checks.append(Check("Intervals narrow", width <= WIDE, text))
    return checks


def _indices(ds: xr.Dataset) -> list[str]:
    return [
        str(n)
        for n, v in ds.data_vars.items()
        if v.dims == ("output", "factor") and not str(n).endswith("_conf")
    ]


def _tables(ds: xr.Dataset) -> list[Table]:
    """A table an output that is one number; those of months and years are drawn."""
    single = [i for i in range(ds.sizes["output"]) if ds.year.values[i] < 0 and ds.month.values[i] < 0]
    names = _indices(ds)
    # Shares of a variance are near 1 at most, and 0.0 ± 0.0 says nothing.
    least = 0 if _with_units(ds) else DIGITS
    tables = []
    for i in single[:MOST_TABLES]:
        part = ds.isel(output=i)
        order = np.argsort(-np.abs(part[names[-1]].values))
        rows = [
            [str(ds.factor.values[k]), *(_with_width(part, n, int(k), least) for n in names)] for k in order
        ]
        unit = f" ({ds.units.values[i]})" if _with_units(ds) else ""
        title = printed(f"{ds.output.values[i]}{unit}")
        tables.append(Table(title, ["factor", *(SYMBOLS.get(n, n) for n in names)], rows))
    return tables


def _with_units(ds: xr.Dataset) -> bool:
    """Whether the indices have the unit of the output: effects of Morris have, shares of the variance have none."""
    return bool(ds.attrs["method"] == "morris")


def _with_width(part: xr.Dataset, name: str, k: int, least: int) -> str:
    """An index of a factor and the half-width of its interval, to two digits of the largest factor."""
    sizes = np.abs(part[name].values)
    largest = float(np.max(sizes, initial=0.0, where=np.isfinite(sizes)))
    size = int(np.floor(np.log10(largest))) if largest > 0.0 else 0
    decimals = max(DIGITS - 1 - size, least)
    text = number(float(part[name].values[k]), decimals)
    conf = f"{name}_conf"
    known = conf in part and np.isfinite(part[name].values[k])
    return f"{text} ± {number(float(part[conf].values[k]), decimals)}" if known else text


def _figures(folder: Path, stem: str, method: str = "") -> list[tuple[Path, str]]:
    return [
        (file, CAPTIONS.get(method, CAPTIONS[stem]))
        for file, _ in found_figures(folder, set())
        if file.stem == stem
    ]


def _members(folder: Path) -> list[Table]:
    """Parameters and diagnostics of the members, folded."""
    found = [read_table(folder / name) for name in (DRAWS, VALUES) if (folder / name).is_file()]
    return [Table(t.title, t.header, t.rows, t.note, folded=True) for t in found if t is not None]
