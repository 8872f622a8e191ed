"""Carbon isotopes from soil gas to the stream: over time, and of the spring against its bicarbonate."""

from __future__ import annotations

import xarray as xr
from matplotlib.figure import Figure

from karstsim.core.errors import InputError
from karstsim.report import numbers, style
from karstsim.report.time_axis import instants, time_axis

HEIGHT = 4.4  # inches
SERIES = (
    ("soil_co2_d13c", "soil CO₂", "tile"),
    ("aquifer_spring_d13c", "spring, DIC", None),
    ("cave_calcite_d13c", "cave calcite", "tile"),
    ("surface_water_dic_d13c", "surface water, DIC", "box"),
    ("surface_water_plants_d13c", "aquatic plants", "box"),
)
UNIT = "δ¹³C (‰ VPDB)"
SPRING, BICARBONATE = "aquifer_spring_d13c", "aquifer_spring_hco3"


@style.styled
def isotope_figure(ds: xr.Dataset) -> Figure:
    """d13C of soil CO2, spring, calcite, surface water and plants; and of the spring against HCO3-.

    ds   a run with isotopes; of an ensemble the median. Tiles weigh by their area, boxes are averaged.
    Raises InputError for a run without isotopes.
    """
    there = [(name, label, rows) for name, label, rows in SERIES if name in ds]
    if not there:
        raise InputError("isotope plot", "the run carried no isotopes", "set run.isotopes = true")
    if "realization" not in ds.dims:
        ds = ds.expand_dims("realization")
    figure = style.new_figure(HEIGHT)
    series, cross = figure.subplots(1, 2, width_ratios=(1.7, 1.0))
    x = instants(ds)
    for number, (name, label, rows) in enumerate(there):
        values = ds[name].mean("box").transpose("realization", "time").values if rows == "box" else (
            numbers.members(ds, name, rows)
        )  # fmt: skip
        series.plot(x, numbers.band(values)[0], color=style.OTHER_COLOURS[number], label=label)
    series.set_ylabel(UNIT)
    time_axis(series, x)
    figure.legend(*series.get_legend_handles_labels(), loc="outside upper left", ncols=len(there))
    style.panel_title(series, "a", "Through the catchment")
    if SPRING in ds and BICARBONATE in ds:
        spring = numbers.band(numbers.members(ds, SPRING))[0]
        cross.plot(numbers.band(numbers.members(ds, BICARBONATE))[0], spring, "o", color=style.OTHER_COLOURS[1],
                   markersize=3.5, alpha=0.6)  # fmt: skip
    cross.set_xlabel("HCO₃⁻ of the spring (mmol L⁻¹)")
    cross.set_ylabel(f"Spring, {UNIT}")
    style.panel_title(cross, "b", "Spring")
    return figure
