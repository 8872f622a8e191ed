"""The page of a single run: what lies in its folder, read and drawn."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr
from matplotlib.figure import Figure

from karstsim.core.classes import LITHOLOGIES
from karstsim.core.errors import InputError
from karstsim.model.engine import FREQUENCIES
from karstsim.model.initial import DRIFT
from karstsim.report import budget, numbers, style
from karstsim.report.chart import chart_of
from karstsim.report.checks import SYNTHETIC, standard_checks
from karstsim.report.event_figures import LONGEST, diel_figure, storm_figure
from karstsim.report.figures import SINK, sink_and_budget_figure, spring_figure
from karstsim.report.isotope_figure import SERIES, isotope_figure
from karstsim.report.land_use_figure import land_use_figure
from karstsim.report.results_figure import fit_rows, results_figure
from karstsim.report.sankey import sankey_figure
from karstsim.report.scheme_figure import scheme_figure
from karstsim.report.section import Contents, Notes, Section, Table
from karstsim.report.tables import budget_table, key_numbers, number
from karstsim.report.time_axis import period_days
from karstsim.tomlfile import read_toml

FIGURES, CONFIG, RECORD, RESTART = "figures", "config.toml", "run.json", "restart.nc"
PERCENT = 100.0
DEFINITION = (
    "The karst carbon sink is half the bicarbonate that leaves the karst with spring water and surface runoff, less "
    "half the alkalinity that rain and other water bring into it."
)
MADE_UP = (
    "The weather is synthetic: a stochastic generator for a subtropical monsoon climate with trends like those of the "
    "SSPs. It shows what karstsim does; it is no projection for any place."
)
# Of the record, what stands elsewhere on the page; of the netCDF attributes, what tells where the numbers come from.
ALREADY_SHOWN = ("summary", "closure", "reports", "failed")
OF_DATA = ("Conventions", "forcing_", "time_coverage_")
BEST_FOR_ISOTOPES = ("monthly", "annual", "daily")
NO_YEAR = 'No whole year of annual output was kept, so there is no budget: add "annual" to output and run whole years.'
Outputs = Mapping[str, xr.Dataset]


def run_contents(folder: Path, observations: xr.Dataset | None = None) -> Contents:
    """All that the page of a run says.  Raises InputError where the run left no output."""
    outputs = read_outputs(folder)
    config = read_toml(folder / CONFIG) if (folder / CONFIG).is_file() else {}
    site = config.get("site", {})
    notes, provenance = notes_and_provenance(folder, outputs, site)
    sections = sections_of_outputs(folder, outputs, site.get("area_km2"), observations)
    title = f"{site.get('name', folder.resolve().name)}: a karstsim run"
    return Contents(title, sections, notes, provenance)


def notes_and_provenance(
    folder: Path, outputs: Mapping[str, xr.Dataset], site: Mapping[str, Any]
) -> tuple[Notes, dict[str, object]]:
    """What the record of a run says: what ran, its checklist, repairs and warnings; and where it comes from."""
    record: dict[str, Any] = (
        json.loads((folder / RECORD).read_text(encoding="utf-8")) if (folder / RECORD).is_file() else {}
    )
    shown = outputs.get("annual", next(iter(outputs.values())))
    spin = record.pop("spin_up", None)
    settled, spun = spin_up_said(spin) if spin else (None, "")
    repairs, warnings = record.pop("repairs", []), record.pop("warnings", [])
    notes = Notes(
        summary=[what_ran(site, shown), *([MADE_UP] if is_synthetic(shown) else [])],
        checks=standard_checks(shown, record.get("closure"), settled, spun, repairs, folder / RESTART),
        repairs=repairs,
        warnings=warnings,
    )
    return notes, provenance_of(record, shown)


def spin_up_said(spin: Mapping[str, Any]) -> tuple[bool | None, str]:
    """Whether the spin-up ended in balance, and how; None where none was run."""
    if not spin["years"]:
        return None, "no spin-up was run: the stores start as they were set up"
    drift = max(float(d) for d in spin["drift_per_decade"])
    said = f"{spin['years']} years; largest drift {PERCENT * drift:.2g} % per decade ({spin['stock'][0]})"
    return drift < DRIFT, said


def provenance_of(record: Mapping[str, Any], ds: xr.Dataset) -> dict[str, object]:
    """Versions, source, inputs, seed and times of a run, and what its forcing says of itself."""
    kept = {k: v for k, v in record.items() if k not in ALREADY_SHOWN}
    for name in ("inputs_sha256", "inputs"):
        if name in kept and not kept[name]:
            kept[name] = "no input files"
    return kept | {
        str(k): v for k, v in ds.attrs.items() if str(k).startswith(OF_DATA) and k != "forcing_repairs"
    }


def read_outputs(folder: Path) -> dict[str, xr.Dataset]:
    """The netCDF files of a run by frequency, from annual to every step."""
    found = {}
    for name in reversed(FREQUENCIES):
        path = folder / f"{name}.nc"
        if path.is_file():
            with xr.open_dataset(path, engine="netcdf4", decode_timedelta=False) as ds:
                found[name] = ds.load()
    if not found:
        raise InputError(
            str(folder),
            "holds no output of its run",
            'run it again with [run] output = ["monthly", "annual"]',
        )
    return found


def _rock(tile: Mapping[str, Any]) -> str:
    """What a tile stands on, where that is not plain limestone."""
    rock = tile.get("lithology", LITHOLOGIES[0])
    return "" if rock == LITHOLOGIES[0] else f" on {rock.replace('_', ' ')}"


def what_ran(site: Mapping[str, Any], ds: xr.Dataset) -> str:
    """Place, land, water and years in a sentence."""
    years = numbers.years_of(ds)
    parts = [f"{site['area_km2']:g} km² of karst"] if "area_km2" in site else []
    tiles = [
        f"{t['land_use'].replace('_', ' ')}{_rock(t)} {PERCENT * t['area_fraction']:.0f} %"
        for t in site.get("tiles", [])
        if "area_fraction" in t
    ]
    parts += [f"land: {', '.join(tiles)}"] if tiles else []
    boxes = [f"{b['name']} ({b['kind']})" for b in site.get("boxes", [])]
    parts += [f"surface water: {', '.join(boxes)}"] if boxes else []
    parts += [f"simulated {years[0]}–{years[-1]}" if years[0] != years[-1] else f"simulated {years[0]}"]
    return "; ".join(parts)[:1].upper() + "; ".join(parts)[1:] + "."


def is_synthetic(ds: xr.Dataset) -> bool:
    return SYNTHETIC in str(ds.attrs.get("forcing_source_id", "")).lower()


def sections_of_outputs(
    folder: Path, outputs: Outputs, area_km2: float | None = None, observations: xr.Dataset | None = None
) -> list[Section]:
    """Numbers, spring, carbon, land, isotopes and short time: what the outputs allow."""
    annual, monthly = outputs.get("annual"), outputs.get("monthly")
    whole = annual if annual is not None and numbers.whole_years(annual).sizes["time"] > 0 else None
    fine = next((outputs[k] for k in ("daily", "step", "monthly", "annual") if k in outputs), None)
    draw = _Drawer(folder)
    sections = []
    if whole is not None:
        sections.append(Section("Key numbers", tables=[key_numbers(whole)], charts=chart_of(whole, monthly)))
    else:
        sections.append(Section("Key numbers", [NO_YEAR], charts=chart_of(None, monthly)))
    spring = _spring(draw, fine, monthly, area_km2, observations)
    sections += [spring] if spring.figures else []
    if whole is not None and budget.carbon_budgets(whole):
        sections.append(_carbon(draw, whole))
    land = whole if whole is not None else monthly
    if land is not None and land.sizes.get("tile", 1) > 1 and "soil_base_pco2" in land:
        caption = "Land uses from bare rock to old forest, per area of the land use; means of the run."
        sections.append(Section("Land uses", figures=[draw("land_uses", land_use_figure(land), caption)]))
    with_isotopes = next(
        (
            outputs[k]
            for k in BEST_FOR_ISOTOPES
            if k in outputs and any(n in outputs[k] for n, _, _ in SERIES)
        ),
        None,
    )
    if with_isotopes is not None:
        caption = (
            "Carbon isotopes: (a) from soil air to surface water; (b) the spring against its bicarbonate."
        )
        sections.append(
            Section("Isotopes", figures=[draw("isotopes", isotope_figure(with_isotopes), caption)])
        )
    return sections + _short_time(draw, outputs)


def sections_of_member(
    folder: Path, outputs: Outputs, whose: str, area_km2: float | None = None
) -> list[Section]:
    """Short time of one member of an ensemble: its spring, its largest storm, its summer day."""
    draw = _Drawer(folder)
    finest = next(iter(outputs.values()))
    sections = [_spring(draw, finest, None, area_km2, None), *_short_time(draw, outputs)]
    figures = [(file, f"{text} {whose}") for section in sections for file, text in section.figures]
    return [Section("One member in short steps", figures=figures)] if figures else []


class _Drawer:
    """Saves figures into the folder and hands the page the SVG file with its caption."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / FIGURES

    def __call__(self, name: str, figure: Figure, caption: str) -> tuple[Path, str]:
        files = style.save(figure, self.folder / name)
        return next(f for f in files if f.suffix == ".svg"), caption


def _spring(
    draw: _Drawer,
    fine: xr.Dataset | None,
    monthly: xr.Dataset | None,
    area_km2: float | None,
    seen: xr.Dataset | None,
) -> Section:
    figures, tables = [], []
    if fine is not None and "aquifer_spring" in fine and "realization" not in fine.dims:
        caption = "Rain, discharge and chemistry of the spring over the run."
        if seen is not None:
            caption += " Observations in orange; below each observed quantity what the model leaves over."
            rows = [
                (label, n, *(number(v) for v in scores))
                for label, n, *scores in fit_rows(fine, seen, area_km2)
            ]
            header = ["Quantity", "pairs", "Nash–Sutcliffe", "Kling–Gupta", "bias"]
            note = (
                "Simulated against observed, period by period; a value of 1 is perfect for both efficiencies."
            )
            tables.append(Table("Fit to the observations", header, rows, note))
        figures.append(draw("results", results_figure(fine, seen, area_km2), caption))
    if monthly is not None and "aquifer_spring" in monthly:
        figures.append(draw("spring", spring_figure(monthly, area_km2=area_km2), spring_caption(monthly)))
    return Section("Spring", tables=tables, figures=figures)


def _carbon(draw: _Drawer, annual: xr.Dataset) -> Section:
    figures = []
    if SINK in annual:
        figures.append(draw("sink_and_budget", sink_and_budget_figure(annual), sink_caption(annual)))
    caption = (
        "The carbon in all water from soil to the outflow of the last water body: where it comes from, where it goes, "
        "and what is left over; bands are as wide as the flow."
    )
    figures.append(draw("sankey", sankey_figure(annual), caption))
    caption = (
        "The compartments of the catchment with the mean water and carbon of the last years on their arrows; "
        "a flow that the run did not keep has none. Event water passes the epikarst; keep epikarst_event_recharge "
        "to see it."
    )
    figures.append(draw("scheme", scheme_figure(annual), caption))
    return Section("Carbon", [DEFINITION], tables=[budget_table(annual)], figures=figures)


def _short_time(draw: _Drawer, outputs: Outputs) -> list[Section]:
    figures = []
    finest = outputs.get("step", outputs.get("daily"))
    if finest is None or "realization" in finest.dims:
        return []
    length = float(period_days(finest).max())
    if length <= LONGEST and "aquifer_spring" in finest:
        figures.append(
            draw("storm", storm_figure(finest), "The spring through the largest storm of the run.")
        )
    if length <= 0.5 and "surface_water_water_ph" in finest:
        caption = "The mean summer day of the surface water, with 10 to 90 % of the days."
        figures.append(draw("diel", diel_figure(finest), caption))
    return [Section("Days and storms", figures=figures)] if figures else []


def spring_caption(monthly: xr.Dataset) -> str:
    """What the figure of the spring shows."""
    from karstsim.report.figures import middle_scenario

    groups = numbers.members_by_scenario(monthly)
    name = middle_scenario(list(groups))
    several = groups[name].sizes["realization"] > 1
    lines = "lines are medians, bands hold 5 to 95 % of the draws" if several else "one run"
    whose = f", {style.scenario_label(name)}" if len(groups) > 1 else ""
    seasons = numbers.first_and_last(numbers.years_of(monthly))
    compared = f"of {seasons[0]} (grey, dashed) and {seasons[1]}" if seasons else "of the run"
    return (
        f"Water of the spring{whose}; {lines}. (a) Monthly values of the last years: discharge, bicarbonate and "
        "calcium, pH, saturation index of calcite (0 is saturation), and the CO₂ pressure in equilibrium with the "
        f"water. (b) Mean seasons {compared}, on the same scales."
    )


def sink_caption(annual: xr.Dataset) -> str:
    """What the figure of sink and budget shows."""
    groups = numbers.members_by_scenario(annual)
    several = max(ds.sizes["realization"] for ds in groups.values()) > 1
    points = "points are the draws, bars their median" if several else "one run"
    return (
        f"(a) Sink by scenario. (b) Its change over the run; {points}. A mean of a few years keeps some of the "
        "chance of their weather. (c) Sources and fates of the carbon in all water from the soil to the outflow of "
        "the last water body. What enters and does not leave is a change of storage, or a term that the run did not "
        "keep; it is printed beside the bars. All per square metre of karst area."
    )
