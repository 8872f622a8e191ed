"""The small run behind docs/interventions.md: every intervention alone on one catchment, its table and its figure.

python docs/interventions_example.py        # from the root of the repository, some minutes
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import xarray as xr

import karstsim as ks
from karstsim.analysis.compare import Comparison, compare_datasets
from karstsim.forcing import synthetic_forcing
from karstsim.forcing.times import calendar_of
from karstsim.model.interventions import Intervention
from karstsim.model.restart import write_restart
from karstsim.model.simulate import Simulation
from karstsim.report import style

FIRST, START, LAST = 2015, 2020, 2039
SPINUP_YEARS = 40
AREA_KM2 = 20.0
SITE = {
    "name": "hill farm",
    "latitude": 26.3,
    "longitude": 105.7,
    "elevation": 1200.0,
    "area_km2": AREA_KM2,
    "tiles": [
        {"land_use": "cropland", "area_fraction": 0.6},
        {"land_use": "shrub", "area_fraction": 0.4},
    ],
    "boxes": [{"name": "creek", "kind": "stream", "water_class": "headwater", "length_km": 3.0}],
}
# No carbonate rock, for what is spread on soils that are not karst.
NO_KARST = dict.fromkeys(("soil.carbonate_share", "epikarst.carbonate_share", "aquifer.carbonate_share"), 0.0)
make = ks.interventions
FIELD = {"start": START, "tiles": ["cropland"]}
CASES: dict[str, tuple[Intervention, bool]] = {
    "cropland to secondary forest": (
        make.vegetation_restoration(start=START, to="secondary_forest", **{"from": "cropland"}), False,
    ),
    "manure 2 t C ha⁻¹ a⁻¹": (make.soil_improvement(manure=2.0, **FIELD), False),
    "straw returned, no till": (make.soil_improvement(straw_return=0.5, no_till=True, **FIELD), False),
    "mulch": (make.soil_improvement(mulch=0.3, **FIELD), False),
    "biochar 10 t C ha⁻¹": (make.soil_improvement(biochar=10.0, **FIELD), False),
    "fertiliser 100 kg N ha⁻¹ a⁻¹": (make.soil_improvement(fertiliser=100.0, **FIELD), False),
    "irrigation 300 mm a⁻¹, river": (make.irrigation(**FIELD), False),
    "allogenic area of 6 km²": (make.allogenic_diversion(start=START, area_km2=6.0), False),
    "pondweed, cover 0.8": (make.aquatic_plants(start=START, species="pondweed", cover=0.8, harvest=0.5), False),
    "limestone powder 50 t km⁻² a⁻¹": (make.limestone_powder(start=START), False),
    "the same on soil without karst": (make.limestone_powder(start=START), True),
    "dolomite powder there": (make.dolomite_powder(start=START), True),
    "carbonic anhydrase × 3": (
        make.carbonic_anhydrase(start=START, factor=3.0, where=["soil", "aquifer", "surface_water"]), False,
    ),
    "Broussonetia papyrifera": (make.bicarbonate_plants(species="Broussonetia papyrifera", **FIELD), False),
    "acid load + 50 %": (make.acid_load(start=START, sulfur=0.5, nitrogen=0.5), False),
    "dam, 0.2 km², 5 m": (make.dam(start=START, box="creek", area_km2=0.2, depth_m=5.0), False),
}  # fmt: skip
SHOWN = (("sink", "hydrochemical", "#0072b2"), ("ledger", "CO₂ taken up (ledger)", "#e69f00"),
         ("S2_sink", "of that retained after 100 years", "#009e73"))  # fmt: skip
COLUMNS = ("sink", "ledger", "S2_sink", "runoff", "spring_hco3", "soil_pco2", "nitrate", "evasion")


def run(
    site: ks.Site, forcing: xr.Dataset, what: list[Intervention], rock: dict[str, float], state: Path | None
):
    """Annual output of one run, from a state or from a spin-up of its own."""
    simulation = Simulation(site, forcing, [rock], interventions=what)
    if state is None:
        simulation.spin_up(SPINUP_YEARS)
    else:
        simulation.start_from(state)
    return simulation.run(["annual"])["annual"]


def compared() -> dict[str, Comparison]:
    """Each case against the run without it."""
    site = ks.Site.from_dict(SITE)
    forcing = synthetic_forcing("ssp245", FIRST, LAST, 1, lon=105.7, lat=26.3, elevation=1200.0)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        states, plain = {}, {}
        for karst, rock in ((True, {}), (False, NO_KARST)):
            start = Simulation(site, forcing, [rock])
            start.spin_up(SPINUP_YEARS)
            times = forcing.time.values
            states[karst] = write_restart(
                start.tables, start.site, times[0], calendar_of(times), Path(folder) / f"{karst}.nc"
            )
            plain[karst] = run(site, forcing, [], rock, states[karst])
        for label, (what, elsewhere) in CASES.items():
            own = what.KIND == "vegetation_restoration"  # a tile more: no restart of the site without it
            result = run(
                site, forcing, [what], NO_KARST if elsewhere else {}, None if own else states[not elsewhere]
            )
            found[label] = compare_datasets(plain[not elsewhere], result, [what], AREA_KM2)
            print(label, flush=True)
    return found


def _text(value: float, sign: str = "") -> str:
    """Three digits, nothing changed as a plain 0, no power of ten."""
    if value == 0.0:
        return "0"
    return f"{value:{sign},.0f}" if abs(value) >= 1000.0 else f"{value:{sign}#.3g}".rstrip(".")


def table(found: dict[str, Comparison]) -> str:
    """Differences as Markdown."""
    first = next(iter(found.values()))
    units = [f"{first.row(key).label} ({first.row(key).unit})" for key in COLUMNS]
    lines = ["| intervention | " + " | ".join(units) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for label, c in found.items():
        cells = [_text(c.row(key).difference, "+") for key in COLUMNS]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    without = [_text(first.row(key).baseline) for key in COLUMNS]
    return "\n".join([*lines, "| (without) | " + " | ".join(without) + " |"])


@style.styled
def figure(found: dict[str, Comparison]):
    """Additional sink of every case."""
    drawn = style.new_figure(7.2)
    ax = drawn.subplots()
    places = np.arange(len(found))[::-1]
    height = 0.26
    for i, (key, label, colour) in enumerate(SHOWN):
        values = [c.row(key).difference for c in found.values()]
        ax.barh(places + (1 - i) * height, values, height=height, color=colour, label=label)
    ax.set_yticks(places, list(found))
    ax.axvline(0.0, color=style.BASELINE, linewidth=0.9)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(f"additional sink, mean of {START}–{LAST} (t C km⁻² a⁻¹)")
    ax.legend(loc="lower right")
    return drawn


if __name__ == "__main__":
    results = compared()
    print(table(results))
    style.save(figure(results), Path("docs/images/interventions"), (".png",))
