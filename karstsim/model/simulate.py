"""Forcing + site + parameters -> Dataset: the facade over records, spin-up, engine and output."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from karstsim.chemistry.constants import ConstantSet
from karstsim.core.errors import InputError, RunError, demand_kind
from karstsim.forcing.records import to_records
from karstsim.forcing.times import calendar_of
from karstsim.forcing.yearly import read_yearly
from karstsim.model import origins
from karstsim.model import output as out
from karstsim.model.books import BOOKED
from karstsim.model.engine import FREQUENCIES, Forcing, Physics, Progress, Tables, calendar_fields, step_all
from karstsim.model.evaporation import Supply, check_supply, laws_used
from karstsim.model.initial import DRIFT, SpinUp, set_initial_state, spin_up
from karstsim.model.interventions.measures import Measures, check_land
from karstsim.model.interventions.records import Intervention, check_dates
from karstsim.model.interventions.restoration import restored
from karstsim.model.land_use import LandUse
from karstsim.model.parameter_records import parameter_tables
from karstsim.model.parameters import Overrides
from karstsim.model.prescribed import check_series
from karstsim.model.restart import read_restart, write_restart
from karstsim.model.site import Site
from karstsim.model.yearly import Series, YearlyParameters
from karstsim.processes.atmosphere.co2_box import PRESCRIBED

LOG = logging.getLogger(__name__)
CONSTANT_SETS = {"pb82": int(ConstantSet.PB82), "phreeqc386": int(ConstantSet.PHREEQC386)}
STEP_CLOSURE = 1.0e-13  # largest relative imbalance of a step, shown in reports
RUN_CLOSURE = 1.0e-12  # of stock and cumulative throughput
TINY = 1.0e-30
SHOWN = 10  # failed members in a message
LOCATIONS_AT_ONCE = 64  # columns of a grid in one table: the records of a century take 7 MB a location
FLAGS = {
    "unsolved_waters": "a carbonate system could not be solved and did not react",
    "high_co2_steps": "soil CO2 above 0.3 atm; look at the soil's porosity and structure factor",
    "high_ph_steps": "pH above 9 in a water body, more than rivers show",
    "high_ionic_strength_steps": "ionic strength above 0.5 mol kg-1, beyond the activity model",
}


def flag_text(name: str, count: float) -> str:
    """A flag for people."""
    return f"{name}: {FLAGS[name]} ({count:.0f} times)"


def read_forcing(dataset: xr.Dataset) -> Forcing:
    """Canonical forcing Dataset -> records on a regular axis."""
    table, dt, times = to_records(dataset)
    return Forcing(table, dt, times, calendar_fields(times))


class Simulation:
    """Members of one site under one forcing: build, spin up, run, write.

    site          the catchment
    dataset       canonical forcing (location, time)
    members       parameter overrides of each member
    forcing_row   location of the forcing that drives each member; 0 for all by default
    steps         first and last + 1 step of the forcing to simulate; what lies outside only completes the days there
    chemistry     False: water and heat alone
    isotopes      True: carbon isotopes and source tags beside the carbon
    series        parameters that follow a series by the year: {name: (years, values)}
    interventions what people do, by the year
    """

    def __init__(
        self,
        site: Site,
        dataset: xr.Dataset,
        members: Sequence[Overrides] = ({},),
        forcing_row: Sequence[int] | None = None,
        constants: str = "pb82",
        workers: int = 1,
        chemistry: bool = True,
        isotopes: bool = False,
        steps: tuple[int, int] | None = None,
        series: Series | None = None,
        interventions: Sequence[Intervention] = (),
    ) -> None:
        if constants not in CONSTANT_SETS:
            raise InputError(
                "constants", f"{constants!r} is no constant set", f"use {' or '.join(CONSTANT_SETS)}"
            )
        site, moves = restored(site, interventions)
        self.site = site
        whole = read_forcing(dataset)
        self.forcing = whole if steps is None else whole.window(*steps)
        self.forcing_attrs = dict(dataset.attrs)
        self.constants = constants
        self.workers = workers
        if isotopes and not chemistry:
            raise InputError("isotopes", "need the chemistry", "simulate with chemistry=True")
        self.physics = Physics(CONSTANT_SETS[constants], chemistry, isotopes)
        rows = [0] * len(members) if forcing_row is None else list(forcing_row)
        self.tables = Tables.new(parameter_tables(site, members), rows)
        self.yearly = YearlyParameters(series or {})
        years = self.forcing.years()
        self.yearly.check_years(int(years[0]), int(years[-1]))
        self.yearly.begin_year(self.tables, int(years[0]))
        self.land_use = LandUse.of(site, members, self.tables.params["tile"], moves)
        self.measures = Measures(site, interventions)
        if self.land_use is not None:
            check_land(site, interventions, self.land_use.areas_of, int(years[-1]))
        self.measures.check(self.tables.params)
        self._check_evaporation(dataset)
        check_series(self.tables.params["tile"], dataset)
        if not chemistry and (self.tables.params["column"]["atmosphere"]["co2_source"] != PRESCRIBED).any():
            raise InputError(
                "parameter 'atmosphere.co2_source' = 1",
                "is a box of air, and water alone moves no carbon",
                "leave chemistry on, or choose 0",
            )
        self.spin: SpinUp | None = None

    def _check_evaporation(self, dataset: xr.Dataset) -> None:
        """The laws of evapotranspiration against the forcing; what stands in for what joins the forcing's repairs.

        So does what a file of yearly series holds and no parameter takes.
        """
        table = self.tables.params["column"]
        notes = [
            *getattr(self.yearly.series, "notes", ()),
            *check_supply(laws_used(table), Supply.of(dataset, self.forcing.dt)),
        ]
        if notes:
            earlier = str(self.forcing_attrs.get("repairs", ""))
            self.forcing_attrs["repairs"] = "\n".join([*filter(None, [earlier]), *notes])

    @property
    def repairs(self) -> list[str]:
        """What was changed or filled in, in the forcing and for the laws that read it."""
        return [line for line in str(self.forcing_attrs.get("repairs", "")).splitlines() if line]

    def spin_up(self, limit_years: int, progress: Progress | None = None) -> SpinUp:
        """Bring the state into balance with the first decade of the forcing; see `initial.spin_up`."""
        self.spin = spin_up(
            self.tables,
            self.site,
            self.forcing,
            limit_years,
            self.physics,
            self.workers,
            progress,
            self.land_use,
        )
        return self.spin

    def start_from(self, path: str | Path) -> None:
        """Take the state from a restart file."""
        set_initial_state(self.tables, self.site, self.forcing)
        first = self.forcing.times[0]
        read_restart(self.tables, self.site, Path(path), first, calendar_of(self.forcing.times))
        if self.physics.isotopes:
            origins.check_restart(self.tables)
        else:
            origins.drop(self.tables)
        if self.land_use is not None:
            self.land_use.set_parameters(self.tables)

    def run(
        self, frequencies: Sequence[str], patterns: Sequence[str] = (), progress: Progress | None = None
    ) -> dict[str, xr.Dataset]:
        """Simulate the whole forcing; a Dataset (realization, time, ...) for each output frequency.

        Raises RunError where a member has failed.
        """
        datasets = self.advance(frequencies, patterns, progress)
        self.check()
        return datasets

    def advance(
        self, frequencies: Sequence[str], patterns: Sequence[str] = (), progress: Progress | None = None
    ) -> dict[str, xr.Dataset]:
        """As `run`, but members that have failed are left to the caller; see `failures`."""
        chosen = (
            out.select(patterns, isotopes=self.physics.isotopes)
            if self.physics.solutes
            else out.select_water(patterns)
        )
        table = out.selection_table(chosen, self.site.rows)
        wanted = out.frequencies(frequencies)
        selections = [table if f in wanted else table[:0] for f in FREQUENCIES]
        if self.land_use is not None:
            self.land_use.check_begin(self.tables, int(self.forcing.years()[0]))
        results = step_all(
            self.tables,
            self.forcing,
            selections,
            self.physics,
            self.workers,
            progress,
            begin_year=self._begin_year,
        )
        spans = self.forcing.windows()
        attrs = out.provenance(self.site, self.forcing_attrs, self.constants)
        if self.measures.interventions:
            attrs["interventions"] = "; ".join(
                f"{w.KIND} from {w.start}" for w in self.measures.interventions
            )
        datasets = {}
        for name in wanted:
            windows = [window[FREQUENCIES.index(name)] for window in results]
            ds = out.to_dataset(windows, spans, self.forcing, chosen, self.site, name)
            datasets[name] = out.join_attributes(ds, attrs, self.forcing.times[[0, -1]])
        return datasets

    def _begin_year(self, tables: Tables, year: int) -> None:
        self.measures.lift()
        if self.land_use is not None:
            self.land_use.begin_year(tables, year)
        self.yearly.begin_year(tables, year)
        self.measures.begin_year(tables.params, year)

    def imbalance(self) -> dict[str, np.ndarray]:
        """|residual| over stock and cumulative throughput, per element (n_members,)."""
        books = self.tables.state["column"]["catchment"]
        result = {}
        for name in BOOKED if self.physics.solutes else ("water",):
            scale = np.abs(books["stock"][name]) + books["throughput"][name]
            result[name] = np.abs(books["residual"][name]) / np.maximum(scale, TINY)
        return result

    def closure(self) -> dict[str, float]:
        """The largest `imbalance` of any member, per element."""
        return {name: float(np.max(values)) for name, values in self.imbalance().items()}

    def failures(self) -> dict[int, str]:
        """Members whose result cannot be used, and why: a state that is not finite, books that do not close."""
        found: dict[int, str] = {}
        for name, values in self.imbalance().items():
            for i in np.flatnonzero(values > RUN_CLOSURE):
                found[int(i)] = (
                    f"the books do not close: {name} {values[i]:.1e} of the throughput (limit {RUN_CLOSURE:g})"
                )
        empty = self.tables.state["column"]["atmosphere"]["air_carbon"] < 0.0
        for i in np.flatnonzero(empty):
            found[int(i)] = "the box of air has run out of CO2; give a larger atmosphere.box_area"
        finite = np.ones(len(self.tables), dtype=bool)
        for floats in self.tables.state_floats.values():
            finite &= np.isfinite(floats).reshape(len(self.tables), -1).all(axis=1)
        for i in np.flatnonzero(~finite):
            found[int(i)] = "the state is no longer finite"
        return dict(sorted(found.items()))

    def check(self) -> None:
        """Raise RunError where a member has failed."""
        failed = self.failures()
        if failed:
            lines = [f"member {i}: {why}" for i, why in list(failed.items())[:SHOWN]]
            more = [f"and {len(failed) - SHOWN} more"] if len(failed) > SHOWN else []
            mend = "  mend: look at their parameters; extreme values are the usual cause"
            raise RunError("\n".join([*lines, *more, mend]))

    def flag_counts(self) -> dict[str, float]:
        """How often each of `FLAGS` was raised, for those that were."""
        books = self.tables.state["column"]["catchment"]
        return {name: count for name in FLAGS if (count := float(books[name].sum())) > 0.0}

    def flags(self) -> list[str]:
        """Named flags of the run: what lies beyond the range of the model, and how often."""
        return [flag_text(name, count) for name, count in self.flag_counts().items()]

    def write_restart(self, path: Path) -> Path:
        """State at the end of the forcing, for a run that goes on from there."""
        times = self.forcing.times
        end = times[-1] + (times[1] - times[0])
        return write_restart(self.tables, self.site, end, calendar_of(times), path)


def simulate(
    site: Site,
    forcing: xr.Dataset,
    parameters: Overrides | None = None,
    output: str | Sequence[str] = ("daily",),
    variables: Sequence[str] = (),
    spinup_years: int = 30,
    restart: str | Path | None = None,
    constants: str = "pb82",
    chemistry: bool = True,
    isotopes: bool = False,
    workers: int = 1,
    series: str | Path | Series | None = None,
    interventions: Sequence[Intervention] = (),
) -> xr.Dataset | xr.DataTree:
    """Simulate one catchment, or the same site under the weather of every location of the forcing.

    site          `Site`
    forcing       canonical Dataset from `open_forcing`. One location is the site. Several (stations, points, the cells
                  of a grid) are columns of their own, at their own latitude; the result has the dimension location
    parameters    overrides by dotted name: a value, or {"factor": f} on the default
    output        "daily", "monthly", "annual", "step" (every step of the forcing), or several of them; one gives a
                  Dataset, several a DataTree with one node each
    variables     names or glob patterns; the standard set by default
    spinup_years  limit of the spin-up (it ends when the stocks stand still)
    restart       restart file to start from instead of a spin-up
    constants     "pb82" or "phreeqc386"
    chemistry     False: water and heat alone, some twenty times faster; only their variables can be asked for
    isotopes      True: 13C, 14C and source tags of all carbon; what does not carry them raises an error
    workers       threads that share the locations; the result does not depend on them
    series        deposition, fertiliser or rain chemistry by the year: a file (forcing/yearly.py) or {parameter:
                  (years, values)}
    interventions what people do, by the year: `karstsim.interventions`
    Returns amounts per period in mol m-2 and mm, states as means; `ds.attrs` hold the provenance.
    Raises InputError for bad input, RunError when the run fails.
    """
    order = "the site comes first: simulate(site, forcing)"
    to_site = order if isinstance(forcing, Site) else "read it from a file: ks.Site.from_toml(path)"
    demand_kind("simulate, site", site, (Site,), to_site)
    to_forcing = "open its files: ks.open_forcing(path, lon=..., lat=...)"
    demand_kind("simulate, forcing", forcing, (xr.Dataset,), to_forcing)
    locations = forcing.sizes.get("location", 1)
    check_dates(interventions, int(forcing.time.dt.year[-1]))
    if isinstance(series, str | Path):
        series = read_yearly(series, site.longitude, site.latitude)
    if locations == 1:
        run = Simulation(
            site,
            forcing,
            [parameters or {}],
            constants=constants,
            chemistry=chemistry,
            isotopes=isotopes,
            series=series,
            interventions=interventions,
        )
        datasets = _run_once(run, output, variables, spinup_years, restart)
        datasets = {k: v.isel(realization=0) for k, v in datasets.items()}
    else:
        if restart is not None:
            raise InputError(
                "restart", f"is of one site, and there are {locations} locations", "leave it out"
            )
        parts = []
        for first in range(0, locations, LOCATIONS_AT_ONCE):
            part = forcing.isel(location=slice(first, first + LOCATIONS_AT_ONCE))
            members = [{**(parameters or {}), **_own_latitude(lat)} for lat in part.lat.values]
            rows = list(range(len(members)))
            run = Simulation(
                site,
                part,
                members,
                rows,
                constants,
                workers,
                chemistry,
                isotopes,
                None,
                series,
                interventions,
            )
            parts.append(_run_once(run, output, variables, spinup_years, None))
        datasets = {k: _by_location([part[k] for part in parts], forcing) for k in parts[0]}
    if len(datasets) == 1:
        return next(iter(datasets.values()))
    return xr.DataTree.from_dict(datasets)


def _run_once(
    run: Simulation,
    output: str | Sequence[str],
    variables: Sequence[str],
    spinup_years: int,
    restart: str | Path | None,
) -> dict[str, xr.Dataset]:
    if restart is not None:
        run.start_from(restart)
    else:
        warnings_of(run.spin_up(spinup_years))
    datasets = run.run(output, variables)
    for flag in run.flags():
        LOG.warning(flag)
    return datasets


def _own_latitude(lat: float) -> dict[str, float]:
    """The sun of a location; of a station without a latitude that of the site."""
    return {"atmosphere.latitude": float(lat)} if np.isfinite(lat) else {}


def _by_location(parts: Sequence[xr.Dataset], forcing: xr.Dataset) -> xr.Dataset:
    """Blocks of locations side by side, with the coordinates of the forcing's locations."""
    names = {str(n) for n in parts[0].data_vars if "realization" in parts[0][n].dims}
    joined = xr.concat([p[sorted(names, key=list(p.data_vars).index)] for p in parts], "realization",
                       combine_attrs="override")  # fmt: skip
    others = parts[0].drop_vars(names)
    ds = xr.merge([joined, others], combine_attrs="override").rename(realization="location")
    places = {str(c): forcing[c] for c in forcing.coords if forcing[c].dims == ("location",)}
    ds = ds.drop_vars([c for c in ("lat", "lon") if c in ds.coords]).assign_coords(places)
    for name, standard, units in (("lat", "latitude", "degrees_north"), ("lon", "longitude", "degrees_east")):
        ds[name].attrs = {"standard_name": standard, "units": units}
    for edge in ("min", "max"):
        for name in ("lat", "lon"):
            ds.attrs[f"geospatial_{name}_{edge}"] = str(float(getattr(ds[name], edge)()))
    return ds


def warnings_of(spun: SpinUp, key: str = "run.spinup_years") -> list[str]:
    """What a reader should know of a spin-up, whose years the file gives under `key`; it is logged too."""
    if spun.years == 0:
        text = f"no spin-up: plants and soils start without carbon and waters dilute; set {key}"
        LOG.warning(text)
        return [text]
    if spun.settled.all():
        return []
    worst = int(np.argmax(spun.drift))
    text = (
        f"spin-up stopped after {spun.years} years while {spun.stock[worst]} still drifts by "
        f"{100.0 * spun.drift[worst]:.2g} % per decade (limit {100.0 * DRIFT:g} %); raise {key}"
    )
    LOG.warning(text)
    return [text]
