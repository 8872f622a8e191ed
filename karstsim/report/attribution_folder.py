"""The page of an attribution: what each driver adds to a trend, and what is left without any."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from karstsim.core.errors import InputError
from karstsim.report.found import found_figures
from karstsim.report.section import Contents, Notes, Section, Table
from karstsim.report.style import printed
from karstsim.report.tables import drivers_in_words, in_words, number
from karstsim.sensitivity_analysis.attribution import RESULT, left_moving, trend_parts

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
    drivers = ", ".join(str(d) for d in ds.driver.values)
    told = f"The trend of {ds.attrs['variable']} by {drivers}, from {2 ** ds.sizes['driver']} runs; {smooth}."
    return Contents(
        f"Drivers of the trend: {in_words(ds)}", [section], Notes([told], (), None, left_moving(ds))
    )
