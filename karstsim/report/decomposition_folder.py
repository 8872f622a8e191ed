"""The page of a decomposition: which share of an ensemble's variance is due to what, over time."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from karstsim.report.found import found_figures
from karstsim.report.section import Contents, Notes, Section, Table
from karstsim.report.tables import in_words, number, source_in_words
from karstsim.sensitivity_analysis.decomposition import FACTORS, OF_ENSEMBLE, RESULT, shares_at

PERCENT = 100.0
CAPTION = "Spread of the ensemble by source, and its shares over time."
READ = (
    "Shares of a year add up to 100 %; internal variability is what the running mean leaves, and how variants of a "
    "model differ."
)


def decomposition_contents(folder: Path) -> Contents:
    """All that the page of a decomposition says."""
    with xr.open_dataset(folder / RESULT, engine="netcdf4") as opened:
        ds = opened.load()
    header, rows = shares_at(ds)
    body = [
        [source_in_words(name), *(number(PERCENT * float(v), decimals=1) for v in values)]
        for name, *values in rows
    ]
    table = Table("Shares of the variance (%)", header, body)
    drawn = [(file, CAPTION) for file, _ in found_figures(folder, set())]
    section = Section("Spread by source", [READ], [table], figures=drawn)
    sizes = ", ".join(f"{name} ({int(ds.attrs[name])})" for name in FACTORS)
    window = int(ds.attrs["window_years"])
    told = f"Variance of {ds.attrs['variable']} by {ds.attrs['method']} over {sizes}; {window}-year running means."
    provenance = {k: v for k, v in ds.attrs.items() if str(k).startswith(("ensemble", *OF_ENSEMBLE))}
    return Contents(f"Sources of spread: {in_words(ds)}", [section], Notes([told], (), None, ()), provenance)
