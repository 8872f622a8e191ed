"""The page of an attribution: what each driver adds to a trend, and what is left without any."""

from __future__ import annotations

import json
from pathlib import Path

import xarray as xr

from karstsim.core.errors import InputError
from karstsim.report.found import found_figures
from karstsim.report.run_folder import provenance_of, read_outputs
from karstsim.report.section import Contents, Notes, Section, Table
from karstsim.report.style import printed
from karstsim.report.tables import drivers_in_words, in_words, number
from karstsim.sensitivity_analysis.attribution import RESULT, RUN, RUNS, left_moving, name_of, trend_parts

OF_ONE_RUN = ("spin_up", "repairs", "warnings")  # of its record, and not of the attribution
CAPTION = "(a) Effects of drivers and their interactions over time. (b) What each adds to the trend."
READ = (
    "Parts of drivers and interactions are differences of paired runs (Stein & Alpert 1993). With what is left without "
    "any driver they add up to the whole trend. The standard error says how much of a trend years make by chance."
)


def attribution_contents(folder: Path) -> Contents:
    """All that the page of an attribution says."""
    with xr.open_dataset(folder / RESULT, engine="netcdf4") as opened:
        ds = opened.load()
    if "base_trend_error" not in ds:
        mend = "run karstsim sensitivity into the folder again: its runs are kept"
        raise InputError(str(folder / RESULT), "is of a version without standard errors", mend)
    unit = printed(str(ds["base_trend"].attrs["units"]))
    rows = [[drivers_in_words(name), number(value)] for name, value in trend_parts(ds)]
    table = Table(f"Trend ({unit})", ["drivers", "part of the trend"], rows)
    drawn = [(file, CAPTION) for file, _ in found_figures(folder, set())]
    section = Section("Trend by driver", [READ], [table], figures=drawn)
    years = f"{int(ds.time.values[0])} to {int(ds.time.values[-1])}"
    window = int(ds.attrs["window_years"])
    smooth = f"middle years {years} of the {window}-year running mean" if window > 1 else years
    drivers = ", ".join(drivers_in_words(str(d)) for d in ds.driver.values)
    told = f"The trend of {ds.attrs['variable']} by {drivers}, from {2 ** ds.sizes['driver']} runs; {smooth}."
    warnings = [printed(line).replace(" -", " \N{MINUS SIGN}") for line in left_moving(ds)]
    notes = Notes([told], (), None, warnings)
    return Contents(f"Drivers of the trend: {in_words(ds)}", [section], notes, _provenance(folder))


def _provenance(folder: Path) -> dict[str, object]:
    """That of the run without any driver."""
    path = folder / RUNS / name_of(())
    if not (path / RUN).is_file():  # the table may be kept without its runs
        return {}
    whole = json.loads((path / RUN).read_text(encoding="utf-8"))
    record = {k: v for k, v in whole.items() if k not in OF_ONE_RUN}
    return provenance_of(record, next(iter(read_outputs(path).values())))
