"""A small ensemble: one past, two futures, three draws."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from karstsim.ensemble.store import open_ensemble

PAST_AND_LOW = """
[forcing]
end = "2016-12-31"
[[climates]]
name = "past"
synthetic = "ssp245"
start = "2013-01-01"
end = "2014-12-31"
[[climates]]
name = "low"
follows = "past"
synthetic = "ssp126"
start = "2015-01-01"
"""
CLIMATES = f"""{PAST_AND_LOW}[[climates]]
name = "high"
follows = "past"
synthetic = "ssp585"
start = "2015-01-01"
"""
DRAWS = """
[draws]
number = 3
[draws.ranges]
"soil.structure_factor" = { factor = [0.7, 1.4], scale = "log" }
"aquifer.matrix_residence_time" = { value = [80.0, 300.0] }
"""
KEPT = ("catchment_runoff", "aquifer_spring_ph", "tile_area_fraction", "catchment_sink_hydrochemical")


def settings(**values: object) -> str:
    own = {"output": ["annual", "monthly"], "spinup_years": 1, "seed": 5, "variables": list(KEPT)}
    own |= {"precision": "double", "window_years": 1, "block": 2, **values}
    return "[ensemble]\n" + "\n".join(f"{k} = {json.dumps(v)}" for k, v in own.items())


def write_file(folder: Path, *parts: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "ensemble.toml"
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


def digest(folder: Path, frequency: str = "monthly") -> str:
    """sha256 of all values of an ensemble, past and futures."""
    total = hashlib.sha256()
    for climates in (["past"], ["low", "high"]):
        ds = open_ensemble(folder, frequency, climates)
        for name in KEPT:
            total.update(np.ascontiguousarray(ds[name].values).tobytes())
    return total.hexdigest()
