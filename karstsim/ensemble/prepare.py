"""From an ensemble file to a plan: draws are drawn, climates are looked at, what cannot run is named."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from karstsim import __version__
from karstsim.core.constants import SECONDS_PER_DAY
from karstsim.core.errors import InputError
from karstsim.core.jit import source_hash
from karstsim.ensemble.config import EnsembleConfig
from karstsim.ensemble.draws import RAIN, parameters_of, rain_factor, read_draws, sample
from karstsim.ensemble.inputs import describe as describe_file
from karstsim.ensemble.memory import Need, cut, need_of
from karstsim.ensemble.plan import Climate, Plan
from karstsim.ensemble.work import open_climate, own_weather, steps_of_a_day
from karstsim.forcing.records import upper_bound
from karstsim.forcing.times import calendar_of, check_regular
from karstsim.model.engine import calendar_fields
from karstsim.model.interventions.measures import Measures
from karstsim.model.interventions.records import check_dates
from karstsim.model.interventions.restoration import restored
from karstsim.model.output import frequencies, select
from karstsim.model.parameter_records import parameter_tables
from karstsim.model.parameters import Overrides
from karstsim.model.simulate import Simulation

NAMED = 10  # bad draws in a message


def make_plan(config: EnsembleConfig) -> tuple[Plan, Need]:
    """The plan of an ensemble, and what its tasks hold in memory.

    Raises InputError for climates that do not fit together, outputs that are not there, or when no draw can run.
    """
    settings = config.ensemble
    select(settings.variables, "ensemble.variables", settings.isotopes)
    frequencies(settings.output)
    draws = make_draws(config)
    bad = find_bad(config, draws)
    climates, cells, steps_a_day = look_at_climates(config, draws, bad)
    years = max(last - first + 1 for first, last in (c.years for c in climates))
    need = need_of(config, steps_a_day, years, own_weather(config, len(cells), draws))
    block, window = cut(need, len(cells) * len(draws), settings.block, settings.window_years)
    plan = Plan(
        climates=climates,
        cells=cells,
        draws=tuple(draws),
        block=block,
        window_years=window,
        source=source_hash(),
        version=__version__,
        bad=bad,
        inputs=describe_inputs(config),
    )
    return plan, need


def make_draws(config: EnsembleConfig) -> list[Overrides]:
    """The parameter draws: of the table, or sampled."""
    section = config.draws
    if section.file is not None:
        return read_draws(Path(section.file))
    ranges = {name: r.range() for name, r in section.ranges.items()}
    return sample(ranges, section.number, config.ensemble.seed, section.sampler)


def find_bad(config: EnsembleConfig, draws: Sequence[Overrides]) -> dict[int, str]:
    """Draws whose parameters cannot run, and why. Raises InputError when none can."""
    bad = {}
    site, _ = restored(config.site, config.intervention)
    measures = Measures(site, config.intervention)
    for i, draw in enumerate(draws):
        try:
            measures.check(parameter_tables(site, [{**config.parameters, **parameters_of(draw)}]))
            if not 0.0 <= rain_factor(draw) < math.inf:
                bad[i] = f"a factor of {rain_factor(draw):g} on precipitation"
        except InputError as error:
            bad[i] = f"{error.where}: {error.what}"
    _check_some_can_run(draws, bad)
    return bad


def _check_some_can_run(draws: Sequence[Overrides], bad: dict[int, str]) -> None:
    if len(bad) == len(draws):
        lines = "\n".join(f"  draw {i}: {why}" for i, why in list(bad.items())[:NAMED])
        raise InputError("draws", f"none can run\n{lines}", "correct the ranges or the table")


def too_wet(
    config: EnsembleConfig, climate: int, draws: Sequence[Overrides], ds: xr.Dataset
) -> dict[int, str]:
    """Draws whose factor lifts the wettest step of a climate above what the model takes for rain, and why.

    ds  its weather, or that of its first draw where each has its own: then each is made, and one at a time kept
    """
    if "pr" not in ds or not any(RAIN in draw for draw in draws):
        return {}
    upper = upper_bound("pr", check_regular(ds.time.values, "forcing"))
    own = config.ensemble.weather_per_draw
    shared = float(ds["pr"].max())
    found = {}
    for i, draw in enumerate(draws):
        wettest = float(open_climate(config, climate, [i], len(draws))["pr"].max()) if own else shared
        most = rain_factor(draw) * (wettest * SECONDS_PER_DAY)
        if most > upper:
            found[i] = (
                f"a factor of {rain_factor(draw):g} on precipitation makes {most:g} mm d-1 of the wettest step of "
                f"climate {config.climates[climate].name}, above {upper:g}"
            )
    return found


Cells = tuple[tuple[float, float], ...]


def look_at_climates(
    config: EnsembleConfig, draws: Sequence[Overrides], bad: dict[int, str]
) -> tuple[tuple[Climate, ...], Cells, int]:
    """Facts of every climate from its forcing, the cells that all of them have, and the most steps of a day.

    bad  gets the draws whose factor on precipitation no climate could bear
    """
    names = [c.name for c in config.climates]
    found: list[Climate] = []
    cells: Cells = ()
    steps_a_day = 1
    groups: dict[tuple[str, str], int] = {}
    for i, section in enumerate(config.climates):
        ds = open_climate(config, i, [0], len(draws))
        steps_a_day = max(steps_a_day, steps_of_a_day(ds.time.values))
        own = cells_of(config, ds)
        if cells and own != cells:
            raise InputError(
                f"climate {section.name!r}",
                f"has other cells than climate {names[0]!r} ({len(own)} and {len(cells)})",
                "select the same cells of all climates",
            )
        cells = own
        bad |= {d: why for d, why in too_wet(config, i, draws, ds).items() if d not in bad}
        _check_some_can_run(draws, bad)
        first_sound = next(d for d in range(len(draws)) if d not in bad)
        # All that the model checks before it starts, once, with a draw that can run.
        member = {**config.parameters, **parameters_of(draws[first_sound])}
        Simulation(
            config.site,
            ds.isel(location=[0]),
            [member],
            isotopes=config.ensemble.isotopes,
            interventions=config.intervention,
        )
        climate = describe(section.name, section.model_dump(), ds)
        if section.follows is not None:
            climate = _replace(climate, follows=names.index(section.follows))
        else:
            group = (climate.source_id, climate.variant_label)
            climate = _replace(climate, spun_by=groups.setdefault(group, i))
        found.append(climate)
    _check_joins(found)
    check_dates(config.intervention, max(climate.years[1] for climate in found))
    return tuple(found), cells, steps_a_day


def describe(name: str, labels: dict[str, Any], ds: xr.Dataset) -> Climate:
    """A climate by its labels (the files' own where the config has none) and its time axis."""
    times = ds.time.values
    years = calendar_fields(times)[:, 0]
    experiment = str(ds.attrs.get("experiment_id", ""))
    return Climate(
        name=name,
        scenario=labels["scenario"] or experiment or name,
        source_id=labels["model"] or str(ds.attrs.get("source_id", "")),
        experiment_id=experiment or labels["scenario"] or "",
        variant_label=labels["member"] or str(ds.attrs.get("variant_label", "")),
        calendar=calendar_of(times),
        start=str(times[0])[:19].replace("T", " "),
        end=str(times[-1] + (times[1] - times[0]))[:19].replace("T", " "),
        years=(int(years[0]), int(years[-1])),
    )


def _replace(climate: Climate, **changes: int) -> Climate:
    return Climate(**{**climate.__dict__, **changes})


def _check_joins(climates: Sequence[Climate]) -> None:
    """A scenario begins where its historical run ends; climates with one spin-up begin together."""
    for c in climates:
        if c.follows is not None:
            before = climates[c.follows]
            if c.source_id != before.source_id:
                raise InputError(
                    f"climate {c.name!r}",
                    f"of model {c.source_id!r} follows {before.name!r} of model {before.source_id!r}",
                    "let it follow the past of its own model, or give both the same `model`",
                )
            if (before.end, before.calendar) != (c.start, c.calendar):
                raise InputError(
                    f"climate {c.name!r}",
                    f"starts at {c.start} ({c.calendar}), but {before.name!r} ends at {before.end} ({before.calendar})",
                    "give it the start, or the other the end, at which they meet",
                )
        elif c.spun_by is not None:
            first = climates[c.spun_by]
            if (first.start, first.calendar) != (c.start, c.calendar):
                raise InputError(
                    f"climate {c.name!r}",
                    f"starts at {c.start} ({c.calendar}), and {first.name!r} of the same model at {first.start} "
                    f"({first.calendar})",
                    "start them together, let one follow the other, or give them different `model` or `member`",
                )


def cells_of(config: EnsembleConfig, ds: xr.Dataset) -> Cells:
    """Longitude and latitude of the cells of a forcing; a single place is that of the site."""
    if config.ensemble.weather_per_draw or ds.sizes["location"] == 1:
        return ((config.site.longitude, config.site.latitude),)
    lon, lat = (np.broadcast_to(ds[name].values, ds.sizes["location"]) for name in ("lon", "lat"))
    return tuple((float(x), float(y)) for x, y in zip(lon, lat, strict=True))


def describe_inputs(config: EnsembleConfig) -> dict[str, dict[str, Any]]:
    """By what every file that the climates and draws come from is known again."""
    paths = {f for c in config.climates for f in c.forcing.input_files}
    paths |= {config.draws.file} if config.draws.file else set()
    return {path: describe_file(Path(path)) for path in sorted(paths)}
