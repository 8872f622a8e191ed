"""Where the carbon of an initial state comes from: its isotopes and sources.

Waters stand with the air; plants are what they would fix in the first years of the forcing, and soil carbon is that of
the plants, modern but for inert organic matter, which has no 14C left (Coleman & Jenkinson 1996). The spin-up then
makes them the site's own: slow pools age in it by as many years as it runs.
"""

from __future__ import annotations

import numpy as np

from karstsim.chemistry.isotopes import delta_to_fraction
from karstsim.core.errors import InputError
from karstsim.core.jit import python_callable
from karstsim.core.solutes import N_CORE, N_TRACERS
from karstsim.model.books import ISOTOPES
from karstsim.model.engine import Forcing, Tables
from karstsim.processes.aquifer.conduit_cells import MOST_CELLS
from karstsim.processes.soil import organic_carbon
from karstsim.processes.tracers import ATMOSPHERE, C13, C14
from karstsim.processes.vegetation.isotopes import POOLS, fixed_delta
from karstsim.processes.vegetation.production import NppModel

FRACTION, FIXED = python_callable(delta_to_fraction), python_callable(fixed_delta)


def check_restart(tables: Tables) -> None:
    """Raise InputError for the state of a run without isotopes."""
    if not (tables.state["column"]["aquifer"]["matrix"]["sol"]["di13c"] > 0.0).all():
        raise InputError(
            "restart", "was written by a run without isotopes", "run a spin-up with isotopes=True instead"
        )


def drop(tables: Tables) -> None:
    """Take the isotopes out of waters and books: a run without them leaves them standing while its carbon moves."""
    for store in waters(tables):
        store["sol"]["v"][..., N_CORE:] = 0.0
    tables.state["column"]["atmosphere"]["air_isotopes"]["v"] = 0.0
    books = tables.state["column"]["catchment"]
    for name in ISOTOPES:
        for block in ("stock", "residual", "throughput"):
            books[block][name] = 0.0


def waters(tables: Tables) -> list[np.ndarray]:
    """All bodies of water of the state that hold carbon at the start."""
    tile, aquifer = tables.state["tile"], tables.state["column"]["aquifer"]
    above = [aquifer[f"conduit_above_{i}"] for i in range(1, MOST_CELLS)]
    return [
        tile["soil"]["pore_water"],
        tile["epikarst"]["water"],
        aquifer["matrix"],
        aquifer["conduit"],
        *above,
        tables.state["box"]["surface_water"]["water"],
    ]


def _mean(tables: Tables, forcing: Forcing, name: str) -> np.ndarray:
    """Mean of a forcing over its first year, (n,)."""
    year = slice(0, max(round(365.0 / forcing.dt), 1))
    return np.asarray(forcing.table[name][:, year].mean(axis=1)[tables.forcing_row])


def fill_waters(tables: Tables, forcing: Forcing) -> None:
    """Give the DIC of all waters the isotopes and the tag of the air."""
    delta, c14 = _mean(tables, forcing, "co2_d13c"), _mean(tables, forcing, "co2_c14")
    share = np.array([FRACTION(float(d)) for d in delta])
    for store in waters(tables):
        dic = store["sol"]["dic"]
        wide = (slice(None),) + (None,) * (dic.ndim - 1)
        store["sol"]["di13c"] = dic * share[wide]
        store["sol"]["di14c"] = dic * c14[wide]
        store["sol"]["tag_atmosphere"] = dic


def fill_soil_air(tables: Tables, forcing: Forcing) -> None:
    """Give the CO2 in layers of soil air the isotopes and the tag of the open air."""
    soil = tables.state["tile"]["soil"]
    delta, c14 = _mean(tables, forcing, "co2_d13c"), _mean(tables, forcing, "co2_c14")
    shares = np.zeros((len(delta), 1, 1, N_TRACERS))
    shares[:, 0, 0, C13] = [FRACTION(float(d)) for d in delta]
    shares[:, 0, 0, C14] = c14
    shares[:, 0, 0, ATMOSPHERE] = 1.0
    soil["air_tracers_of"]["v"] = (soil["air_co2"]["v"][..., None] * shares).reshape(*soil.shape, -1)


def plant_composition(tables: Tables, forcing: Forcing) -> tuple[np.ndarray, np.ndarray]:
    """13C and 14C per carbon of what plants fix, each (n, n_tiles)."""
    p = tables.params["tile"]["vegetation"]
    air, c14, co2 = (
        _mean(tables, forcing, name)[:, None] + np.zeros(p.shape) for name in ("co2_d13c", "co2_c14", "co2")
    )
    share = np.empty(p.shape)
    for place in np.ndindex(p.shape):
        share[place] = FRACTION(FIXED(p[place], float(co2[place]), float(air[place])))
    return share, c14


def fill_plants(tables: Tables, forcing: Forcing) -> None:
    """Plants as what they fix now."""
    plants = tables.state["tile"]["vegetation"]
    for block, share in zip(("plants_c13", "plants_c14"), plant_composition(tables, forcing), strict=True):
        for pool in POOLS:
            plants[block][pool] = share * plants[pool]


def replant(tables: Tables, forcing: Forcing) -> None:
    """Stands with a growth curve that were planted anew are again what they fix now; other plants keep theirs."""
    anew = tables.params["tile"]["vegetation"]["npp_model"] == NppModel.GROWTH_CURVE
    plants = tables.state["tile"]["vegetation"]
    for block, share in zip(("plants_c13", "plants_c14"), plant_composition(tables, forcing), strict=True):
        for pool in POOLS:
            plants[block][pool] = np.where(anew, share * plants[pool], plants[block][pool])


def fill_organic(tables: Tables, forcing: Forcing) -> None:
    """Plants and soil carbon as what plants fix now."""
    fill_plants(tables, forcing)
    soil = tables.state["tile"]["soil"]
    for block, share in zip(("organic_c13", "organic_c14"), plant_composition(tables, forcing), strict=True):
        for pool in organic_carbon.POOLS:
            soil[block][pool.name] = share * soil[pool.name]
    soil["organic_c14"]["iom"] = 0.0
