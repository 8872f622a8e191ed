"""What a trend is due to: factorial runs with and without each driver (climate, CO2, land use).

With n drivers there are 2^n runs: f(T) is the output where the drivers in T change and the others are held back. The
part that is due to the drivers of S acting together, and to no fewer of them, is (Stein & Alpert 1993)

    e(S) = sum over T in S of (-1)^(|S| - |T|) f(T)

so f(all) = f(none) + the effects of single drivers + their interactions, exactly. Two common shorter answers lie beside
it: one at a time, f({i}) - f(none), and all but one, f(all) - f(all without i). They differ by the interactions of i.

The file is a run file with a table more; [attribution.without.NAME] says what is changed in it where NAME is held back:

    [attribution]
    variable = "catchment_sink_hydrochemical"
    [attribution.without.climate.forcing]
    synthetic = "stationary"
    [attribution.without.co2.forcing]
    co2 = 400.0
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from pydantic import Field

from karstsim.analysis.years import RUNNING, whole_years
from karstsim.config import RunConfig, config_of, to_toml
from karstsim.core.errors import InputError
from karstsim.core.files import make_folder, whole_file
from karstsim.model.engine import Progress
from karstsim.model.site import Name, Section
from karstsim.run_file import run_config
from karstsim.sensitivity_analysis.decomposition import smoothed
from karstsim.sensitivity_analysis.diagnostics import trend, trend_error, units_of
from karstsim.tomlfile import read_toml, validated

NONE, JOIN = "none", "+"
RESULT, RUNS, RUN = "attribution.nc", "runs", "run.json"
SOURCES = ("files", "synthetic")  # a change of one takes the other away
SURE = 2.0  # standard errors, within which a trend is one of chance
MOST_DRIVERS = 5  # 32 runs

Subset = tuple[str, ...]


class AttributionSection(Section):
    """Which output, on which running mean (an odd number of years; 1 for none), and what holds each driver back."""

    variable: Name
    window: int = Field(default=RUNNING, ge=1, le=1001)
    without: dict[Name, dict[str, Any]] = Field(min_length=1, max_length=MOST_DRIVERS)


class _File(Section):
    attribution: AttributionSection


def attribution(
    config: str | Path, folder: str | Path, workers: int = 1, progress: Progress | None = None
) -> xr.Dataset:
    """Run what is missing of the factorial runs of a file into a folder, and attribute the trend.

    Returns the Dataset of `attribute_trend`, written to `attribution.nc` as well.
    Raises InputError for bad input or other runs in the folder, RunError when a run fails.
    """
    section, configs = load_attribution(config)
    folder = Path(folder)
    series = {}
    for subset, run in configs.items():
        place = folder / RUNS / name_of(subset)
        _run(run, place, workers, progress)
        with xr.open_dataset(place / "annual.nc", engine="netcdf4") as ds:
            series[subset] = _annual(ds, section.variable)
    ds = attribute_trend(series, section.window)
    with whole_file(folder / RESULT) as temporary:
        ds.to_netcdf(temporary, engine="netcdf4")
    return ds


def load_attribution(path: str | Path) -> tuple[AttributionSection, dict[Subset, RunConfig]]:
    """The [attribution] table of a file, and the run of every subset of its drivers."""
    path = Path(path)
    data = read_toml(path)
    section = validated(_File, {"attribution": data.pop("attribution", None)}, str(path)).attribution
    drivers = tuple(section.without)
    for driver in drivers:
        if JOIN in driver or driver == NONE:
            raise InputError(f"{path}, attribution.without", f"{driver!r} is no name", f"use no {JOIN} in it")
    configs = {}
    for subset in subsets(drivers):
        tables = data
        for driver in drivers:
            if driver not in subset:
                tables = merged(tables, section.without[driver])
        asked = {**tables.get("run", {}), "output": ["annual"], "variables": [section.variable]}
        configs[subset] = config_of(merged({**tables, "run": asked}, {}), path)
    return section, configs


def merged(tables: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the tables with changes; tables within tables are merged, all else is replaced."""
    result = {k: merged(v, {}) if isinstance(v, Mapping) else v for k, v in tables.items()}
    named = [source for source in SOURCES if source in changes]
    if named:
        result = {k: v for k, v in result.items() if k not in SOURCES}
    for key, value in changes.items():
        inner = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = merged(result[key], value) if inner else value
    return result


def subsets(drivers: Subset) -> Iterator[Subset]:
    """All subsets, small ones first, each in the order of the drivers."""
    for size in range(len(drivers) + 1):
        yield from combinations(drivers, size)


def name_of(subset: Subset) -> str:
    return JOIN.join(subset) or NONE


def _run(config: RunConfig, folder: Path, workers: int, progress: Progress | None) -> None:
    """Run into a folder unless it holds the finished run already."""
    text = to_toml(config)
    resolved = folder / "config.toml"
    if resolved.is_file() and resolved.read_text(encoding="utf-8") != text:
        raise InputError(str(folder), "holds another run", "name another folder, or remove this one")
    if (folder / RUN).is_file():  # written last
        return
    make_folder(folder)
    with whole_file(resolved) as temporary:
        temporary.write_text(text, encoding="utf-8")
    run_config(config, folder, workers, progress)


def _annual(ds: xr.Dataset, variable: str) -> xr.DataArray:
    values = whole_years(ds)[variable].load()
    if values.dims != ("time",):
        raise InputError(
            f"variable {variable!r}",
            f"is over {', '.join(map(str, values.dims))}",
            "choose one of the catchment",
        )
    return values


def attribute_trend(runs: Mapping[Subset, xr.DataArray], window: int = RUNNING) -> xr.Dataset:
    """Effects of drivers and of their interactions over time, and on the trend.

    runs    annual values (time) by the subset of drivers that change: (), ("climate",), ("climate", "co2"), ...
    window  years of the running mean, an odd number; 1 for none
    Returns effect (drivers, time) by Stein & Alpert, alone and all_but_one (driver, time), base and all (time), and the
    least-squares trends per decade of each, `<name>_trend`, of the values before the running mean; and
    `base_trend_error`, the standard error of the trend without any driver: what the chance of years makes of a trend.
    Raises InputError for a subset that is missing, or runs of different years.
    """
    whole = max(runs, key=len)
    every = list(subsets(whole))
    lost = [name_of(s) for s in every if s not in runs]
    if lost:
        raise InputError(
            "factorial runs", f"are not complete: {', '.join(lost)}", "run every subset of the drivers"
        )
    years = runs[()]["time"].dt.year.values
    for subset in every:
        if not np.array_equal(runs[subset]["time"].dt.year.values, years):
            raise InputError(
                f"run {name_of(subset)}", "has other years than the run without drivers", "give all one span"
            )
        if not np.isfinite(runs[subset].values).all():
            raise InputError(
                f"run {name_of(subset)}", "has values that are no numbers", "look at that run first"
            )
    table = {s: runs[s].values.astype(float) for s in every}
    effects = {s: effect(table, s) for s in every if s}
    alone = np.stack([table[(d,)] - table[()] for d in whole])
    rest = np.stack([table[whole] - table[tuple(x for x in whole if x != d)] for d in whole])
    units = units_of(runs[()])
    series = {
        "effect": (("drivers",), np.stack(list(effects.values()))),
        "alone": (("driver",), alone),
        "all_but_one": (("driver",), rest),
        "base": ((), table[()]),
        "all": ((), table[whole]),
    }
    smooth = {name: smoothed(values, years, window) for name, (_, values) in series.items()}
    middle = smooth["all"][1]
    data: dict[str, Any] = {
        n: ((*dims, "time"), smooth[n][0], {"units": units}) for n, (dims, _) in series.items()
    }
    for n, (dims, values) in series.items():
        data[f"{n}_trend"] = (dims, trend(values, years), {"units": f"{units} decade-1"})
    data["base_trend_error"] = ((), trend_error(table[()], years), {"units": f"{units} decade-1"})
    coords = {"drivers": [name_of(s) for s in effects], "driver": list(whole), "time": middle}
    name = str(runs[()].name)
    told = str(runs[()].attrs.get("long_name", name))
    attrs = {"variable": name, "long_name": told, "units": units, "window_years": window}
    return xr.Dataset(data, coords=coords, attrs=attrs)


def trend_parts(ds: xr.Dataset) -> list[tuple[str, float]]:
    """Rows of the table of a trend, of `attribute_trend`: each part of it, and what is left without any driver."""
    whole, base = float(ds["all_trend"]), float(ds["base_trend"])
    return [
        *(
            (str(name), float(part))
            for name, part in zip(ds.drivers.values, ds.effect_trend.values, strict=True)
        ),
        ("all drivers", whole - base),
        ("without any driver", base),
        ("whole trend", whole),
        ("standard error of the trend without any driver", float(ds["base_trend_error"])),
    ]


def left_moving(ds: xr.Dataset) -> list[str]:
    """What to know of the trend that is left without any driver, from `attribute_trend`; nothing where it is small."""
    whole, base, error = float(ds["all_trend"]), float(ds["base_trend"]), float(ds["base_trend_error"])
    if abs(base) <= abs(whole - base):
        return []
    if not abs(base) > SURE * error:
        why = "years scatter as much by chance: give more years, and read the parts of the drivers, which are paired"
    else:
        why = "more than chance: stocks that the spin-up left moving, or weather that has a trend of its own"
    unit = ds["base_trend"].attrs["units"]
    return [
        f"without any driver {base:.3g} {unit} are left, more than all drivers make ({whole - base:.3g}); {why}"
    ]


def effect(table: Mapping[Subset, np.ndarray], subset: Subset) -> np.ndarray:
    """The part that is due to all drivers of a subset together, Stein & Alpert (1993), their eq. 12."""
    return np.sum([(-1) ** (len(subset) - len(t)) * table[t] for t in subsets(subset)], axis=0)
