"""Speciation of a table file: a monitoring table in, the same rows with their speciation out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from karstsim.chemistry.api.carbon_sources import column_of
from karstsim.chemistry.api.columns import CARBONATE
from karstsim.chemistry.api.table_cells import LIMITS, Cells, Note
from karstsim.chemistry.api.table_reading import TableReading, Waters, look_for_imbalance, understand
from karstsim.chemistry.api.table_text import TableText, read_text
from karstsim.chemistry.api.waters import TOTALS, speciate
from karstsim.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

SPECIES = "m_"  # begins the columns of species
USUAL_UNITS = {  # as tables of waters write them
    "mol m-3": "mmol/L",
    "eq m-3": "meq/L",
    "uS cm-1": "uS/cm",
    "mol kg-1": "mol/kg",
}


def speciate_csv(
    path: str | Path,
    out_path: str | Path | None = None,
    constants: str = "pb82",
    units: Mapping[str, str] | None = None,
    data: bytes | None = None,
) -> pd.DataFrame:
    """Speciate the waters of a monitoring table (CSV, TSV) and optionally write the result as CSV.

    path        text file, one water a row. Encoding (UTF-8, UTF-16, Windows-1252), separator (comma, semicolon, tab,
                bar) and decimal mark are found out; titles, ``#`` comments and a row of units are allowed
    out_path    CSV to write; never the input itself
    constants   as in `speciate`
    units       unit of headers that have none: ``{"Ca": "mg/L", "DIC": "mg C/L"}``
    data        text of the table as bytes, where it is not what the file holds (a sheet of a spreadsheet)

    Columns: temperature (degC), ca, mg, na, k, cl, so4, no3, dic (mol m-3), alkalinity (eq m-3), ph, pco2 (atm) under
    their usual names and with their usual units, as in ``Ca2+ (mg/L)``. Bicarbonate with a unit stands for the
    alkalinity where no column gives it: HCO3 + 2 CO3. Of more than two of alkalinity, dic, ph and pco2 a row uses
    the first pair it holds of alkalinity + ph, dic + ph, alkalinity + dic, alkalinity + pco2, dic + pco2, ph + pco2.
    One of dic, ph, pco2 with ions takes the alkalinity from the charge balance. A column d13C (permil) adds the shares
    of rock carbon with its usual end members (`carbon_sources`).

    Rows: nothing in a row stops the table; `flag` says what was wrong or supposed. Not solved (NaN): a wrong number
    of cells, a missing temperature, text, a negative or impossible value. Solved: a missing ion counts as 0, an ion
    below detection (``<0.5``) as half its limit. Missing are empty cells, ``-``, NA, n.d., -999, -9999 and the like.

    Returns the columns of the file and those of `speciate`, one row a water (shape (rows,)); what was understood of
    the file is in ``frame.attrs["understood"]``, a dictionary with the fields of `TableReading` and the ``units`` of
    the result.
    Raises InputError, naming file, line and column, for a file in which no water can be understood.
    """
    path = Path(path)
    if out_path is not None:
        _refuse_same(path, Path(out_path))
    table = read_text(path, units or {}, data=data)
    reading, cells, waters = understand(table, path)
    d13c = column_of(table.titles, table.rows, reading.decimal)
    result = speciate(waters.inputs, charge_balance=waters.charge_balance, d13c=d13c, constants=constants)
    result = result.drop_vars(TOTALS)
    computed = result.to_dataframe().reset_index(drop=True)
    _drop_impossible(computed, waters)
    solver = computed["flag"].tolist()
    computed["flag"] = _flags(solver, waters)
    _count(reading, waters, computed, solver, table.lines)
    look_for_imbalance(reading, waters, computed["charge_imbalance"].to_numpy())
    frame = _joined(table, cells, computed)
    frame.attrs["understood"] = reading.as_dict() | {"units": _units(result)}
    if out_path is not None:
        _write(frame, Path(out_path))
    return frame


def _units(result: xr.Dataset) -> dict[str, list[str]]:
    """Columns of the result by their unit; all species as one, pure numbers left out."""
    columns: dict[str, list[str]] = {}
    for name, values in result.data_vars.items():
        unit = values.attrs.get("units", "1")
        shown = f"{SPECIES}..." if str(name).startswith(SPECIES) else str(name)
        alike = columns.setdefault(USUAL_UNITS.get(unit, unit), [])
        if shown not in alike:
            alike.append(shown)
    columns.pop("1", None)
    return columns


def _refuse_same(path: Path, out: Path) -> None:
    if out.exists() and path.exists() and out.samefile(path):
        raise InputError(str(out), "is the input itself", "name another file for the result")


def _drop_impossible(computed: pd.DataFrame, waters: Waters) -> None:
    """Blank the rows whose result no water has: their two carbonate variables contradict each other."""
    solved = np.isfinite(computed["ionic_strength"].to_numpy())
    numbers = [name for name in computed.columns if name != "flag"]
    for name in CARBONATE:
        low, high = LIMITS[name]
        values = computed[name].to_numpy(copy=True)
        wrong = solved & ~((values >= low) & (values <= high))
        for row in np.flatnonzero(wrong).tolist():
            kind = f"carbonate variables contradict each other: {name} would be outside {low:g}..{high:g}"
            waters.failed[row].append((kind, ""))
        solved &= ~wrong
        computed.loc[wrong, numbers] = np.nan


def _flags(flags: list[str], waters: Waters) -> list[str]:
    """The flag of every row: why it is not solved, else what the solver says, and what was supposed."""
    return [
        "; ".join([_said(n) for n in failed] or [*([flag] if flag else []), *(_said(n) for n in notes)])
        for flag, failed, notes in zip(flags, waters.failed, waters.notes, strict=True)
    ]


def _said(note: Note) -> str:
    kind, detail = note
    return f"{kind} ({detail})" if detail else kind


def _count(
    reading: TableReading, waters: Waters, computed: pd.DataFrame, solver: list[str], lines: list[int]
) -> None:
    """Rows solved, and the lines of every reason, in the reading."""
    solved = np.isfinite(computed["ionic_strength"].to_numpy())
    reading.solved = int(solved.sum())
    for row, line in enumerate(lines):
        kinds = [kind for kind, _ in waters.failed[row]]
        kinds = kinds or [*([solver[row]] if solver[row] else []), *(kind for kind, _ in waters.notes[row])]
        for kind in dict.fromkeys(kinds):
            reading.reasons.setdefault(kind, []).append(line)


def _joined(table: TableText, cells: dict[int, Cells], computed: pd.DataFrame) -> pd.DataFrame:
    """The columns of the file, numbers where they were read as such, and the computed ones beside them."""
    import pandas as pd

    kept = {header: _column(table, place, cells.get(place)) for place, header in enumerate(table.headers)}
    clash = {name: f"{name}_computed" for name in computed.columns if name in kept}
    while any(new in kept for new in clash.values()):
        clash = {name: f"{new}_computed" for name, new in clash.items()}
    return pd.concat([pd.DataFrame(kept), computed.rename(columns=clash)], axis=1)


def _column(table: TableText, place: int, cells: Cells | None) -> Any:
    """One column of the file: text as it stands; numbers with NaN for what is missing; doubtful cells as text."""
    text = [row[place] for row in table.rows]
    if cells is None:
        return text
    doubtful = {row for row in (*cells.notes, *cells.bad) if not np.isfinite(cells.raw[row])}
    if not doubtful:
        return cells.raw
    return [text[row] if row in doubtful else value for row, value in enumerate(cells.raw.tolist())]


def _write(frame: pd.DataFrame, path: Path) -> None:
    try:
        frame.to_csv(path, index=False)
    except OSError as error:
        raise InputError(str(path), f"cannot be written ({error})", "name another file") from error
