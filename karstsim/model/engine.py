"""The engine: record tables of many catchments, stepped by the compiled driver window by window.

A window is one calendar year. Catchments are cut into blocks for threads; they never talk to each other, so results
are the same for any block size and thread count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from karstsim.chemistry.constants import CONSTANTS_DTYPE
from karstsim.chemistry.lane_medium import LANES
from karstsim.chemistry.solution import SOLUTION_DTYPE
from karstsim.core.solutes import N_CORE, N_SOLUTES
from karstsim.core.spec import new_table, record_dtype
from karstsim.model import column
from karstsim.model.books import LEDGER_DTYPE
from karstsim.model.registry import FLUX_DTYPES, LEVELS, STATE_DTYPES, Level
from karstsim.processes.cave.chemistry import DRIP_DTYPE
from karstsim.processes.surface_water import lane_carbon
from karstsim.processes.surface_water.carbon import SUBSTEP_DTYPE

SCRATCH_DTYPE = record_dtype(
    [
        ("solution", SOLUTION_DTYPE),
        ("constants", CONSTANTS_DTYPE),
        ("substep", SUBSTEP_DTYPE),
        ("parts", "i8"),
        ("coupling", "f8"),
        ("drip", DRIP_DTYPE),
    ]
)


@dataclass(frozen=True)
class Physics:
    """What a run computes.

    constant_set  `ConstantSet` of the chemistry
    solutes       False: water and heat alone, without chemistry and carbon, many times faster
    isotopes      carbon isotopes and source tags beside the carbon
    """

    constant_set: int = 0
    solutes: bool = True
    isotopes: bool = False

    @property
    def n_active(self) -> int:
        """Number of solute slots that are transported; without them the kernels skip their chemistry."""
        if self.isotopes:
            return N_SOLUTES
        return N_CORE if self.solutes else 0


FULL = Physics()
FREQUENCIES = ("daily", "monthly", "annual", "step")  # step: every step of the run, for storms
NOTHING = np.zeros((0, 4), dtype=np.int64)
Progress = Callable[[int, int, str], None]


@dataclass
class Tables:
    """Parameters, states and fluxes of n catchments: records, and the float views of the same memory."""

    params: dict[Level, np.ndarray]
    state: dict[Level, np.ndarray]
    state_floats: dict[Level, np.ndarray]
    flux: dict[Level, np.ndarray]
    flux_floats: dict[Level, np.ndarray]
    forcing_row: np.ndarray

    @classmethod
    def new(cls, params: dict[Level, np.ndarray], forcing_row: Sequence[int] | np.ndarray) -> Tables:
        """Zeroed states and fluxes for the given parameter tables.

        forcing_row  (n,) row of the forcing table that drives each catchment
        """
        state, state_floats, flux, flux_floats = {}, {}, {}, {}
        for level in LEVELS:
            state[level], state_floats[level] = new_table(params[level].shape, STATE_DTYPES[level])
            flux[level], flux_floats[level] = new_table(params[level].shape, FLUX_DTYPES[level])
        return cls(params, state, state_floats, flux, flux_floats, np.asarray(forcing_row, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.forcing_row)

    def block(self, first: int, last: int) -> Tables:
        """The catchments first..last-1, as views of the same memory."""
        part = slice(first, last)

        def cut(tables: dict[Level, np.ndarray]) -> dict[Level, np.ndarray]:
            return {level: table[part] for level, table in tables.items()}

        return Tables(
            cut(self.params),
            cut(self.state),
            cut(self.state_floats),
            cut(self.flux),
            cut(self.flux_floats),
            self.forcing_row[part],
        )

    def take(self, rows: np.ndarray) -> Tables:
        """A copy of some catchments."""
        chosen = Tables.new(
            {level: table[rows] for level, table in self.params.items()}, self.forcing_row[rows]
        )
        for level in LEVELS:
            chosen.state_floats[level][...] = self.state_floats[level][rows]
            chosen.flux_floats[level][...] = self.flux_floats[level][rows]
        return chosen

    def put(self, rows: np.ndarray, chosen: Tables) -> None:
        """Write back the states and fluxes of catchments that `take` copied."""
        for level in LEVELS:
            self.state_floats[level][rows] = chosen.state_floats[level]
            self.flux_floats[level][rows] = chosen.flux_floats[level]

    def views(self) -> tuple[np.ndarray, ...]:
        """Float views (n, rows, floats) in the order of `TABLE_ORDER`."""
        tables = []
        for level in LEVELS:
            for floats in (self.state_floats[level], self.flux_floats[level]):
                tables.append(floats.reshape(len(self), -1, floats.shape[-1]) if floats.ndim == 2 else floats)
        return tuple(tables)


TABLE_ORDER = [(level, kind) for level in LEVELS for kind in ("state", "flux")]


@dataclass(frozen=True)
class Forcing:
    """Forcing records on a regular time axis.

    table   (n_forcing, n_steps) records; dt days
    times   (n_steps,) start of each step; fields (n_steps, 3) its year, month and day
    """

    table: np.ndarray
    dt: float
    times: np.ndarray
    fields: np.ndarray

    def years(self) -> np.ndarray:
        """Calendar years covered, in order."""
        return np.unique(self.fields[:, 0])

    def window(self, first: int, last: int) -> Forcing:
        """Steps first..last-1 as a contiguous copy."""
        table, _ = new_table((self.table.shape[0], last - first), self.table.dtype)
        for name in self.table.dtype.names or ():
            table[name] = self.table[name][:, first:last]
        return Forcing(table, self.dt, self.times[first:last], self.fields[first:last])

    def windows(self) -> list[tuple[int, int]]:
        """(first, last) step of every calendar year."""
        starts = np.flatnonzero(np.r_[True, np.diff(self.fields[:, 0]) != 0])
        return list(zip(starts.tolist(), [*starts[1:].tolist(), len(self.fields)], strict=True))


def calendar_fields(times: np.ndarray) -> np.ndarray:
    """(n, 3) year, month and day of datetime64 or cftime stamps."""
    if np.issubdtype(times.dtype, np.datetime64):
        days = times.astype("datetime64[D]")
        months = days.astype("datetime64[M]")
        years = months.astype("datetime64[Y]").astype(int) + 1970
        return np.stack([years, months.astype(int) % 12 + 1, (days - months).astype(int) + 1], axis=1)
    return np.array([(t.year, t.month, t.day) for t in times])


def periods_of(fields: np.ndarray) -> np.ndarray:
    """(4, n_steps) index of the day, month, year and step within the window that each step belongs to."""
    keys = (fields, fields[:, :2], fields[:, :1])
    rows = []
    for key in keys:
        changed = (key[1:] != key[:-1]).any(axis=1)
        rows.append(np.concatenate([[0], np.cumsum(changed)]))
    rows.append(np.arange(len(fields)))
    return np.array(rows, dtype=np.int64)


@dataclass
class Aggregates:
    """Output of one frequency in one window: values (n, n_periods, n_variables), steps per period, first step index."""

    values: np.ndarray
    counts: np.ndarray
    starts: np.ndarray


def step_window(
    tables: Tables, window: Forcing, selections: Sequence[np.ndarray], physics: Physics = FULL
) -> list[Aggregates]:
    """Advance all catchments of `tables` through one window.

    selections  (n_variables, 4) tables, one per frequency; empty tables cost nothing, the last may be left out
    Returns the aggregates of each frequency; means are still sums over the steps.
    """
    periods = periods_of(window.fields)
    selections = [*selections, *[NOTHING] * (len(FREQUENCIES) - len(selections))]
    outputs = tuple(
        np.zeros((len(tables), periods[f, -1] + 1, selections[f].shape[0])) for f in range(len(FREQUENCIES))
    )
    scratch, _ = new_table((LANES,), SCRATCH_DTYPE)
    waters, _ = new_table((LANES, tables.params["box"].shape[1]), SOLUTION_DTYPE)
    weather, _ = new_table((LANES,), window.table.dtype)
    ledger, _ = new_table((1,), LEDGER_DTYPE)
    arguments = (
        *(t[level] for level in LEVELS for t in (tables.params, tables.state, tables.flux)),
        window.table,
        tables.forcing_row,
        scratch,
        np.zeros(lane_carbon.WORDS),
        np.zeros(lane_carbon.WORDS),
        waters,
        weather,
        ledger,
        float(window.dt),
        int(physics.constant_set),
        int(physics.n_active),
        tables.views(),
        periods,
        tuple(np.ascontiguousarray(s, dtype=np.int64) for s in selections),
        outputs,
    )
    column.run.bind_to(*arguments)(*arguments)
    results = []
    for f in range(len(FREQUENCIES)):
        starts = np.flatnonzero(np.diff(periods[f], prepend=-1))
        results.append(Aggregates(outputs[f], np.bincount(periods[f]), starts))
    return results


def step_all(
    tables: Tables,
    forcing: Forcing,
    selections: Sequence[np.ndarray],
    physics: Physics = FULL,
    workers: int = 1,
    progress: Progress | None = None,
    label: str = "simulating",
    begin_year: Callable[[Tables, int], None] | None = None,
) -> list[list[Aggregates]]:
    """Advance all catchments through the whole forcing: per window, per frequency, the joined aggregates.

    begin_year  called with the tables and the calendar year before each window: parameters may change there
    """
    spans = forcing.windows()
    n = len(tables)
    workers = max(1, min(workers, n))
    edges = np.linspace(0, n, workers + 1).astype(int)
    blocks = [(int(a), int(b)) for a, b in zip(edges[:-1], edges[1:], strict=True) if b > a]
    done = 0

    def advance(block: tuple[int, int], window: Forcing) -> list[Aggregates]:
        return step_window(tables.block(*block), window, selections, physics)

    results = []
    with ThreadPoolExecutor(workers) as pool:
        # A single block stays in the thread of its caller, who may count the CPU time of that thread; waking another
        # takes as long as a month of water.
        over_blocks = map if workers == 1 else pool.map
        for first, last in spans:
            window = forcing.window(first, last)
            if begin_year is not None:
                begin_year(tables, int(window.fields[0, 0]))
            parts = list(over_blocks(advance, blocks, [window] * len(blocks)))
            results.append(_join(parts))
            done += 1
            if progress is not None:
                progress(done, len(spans), label)
    return results


def _join(parts: list[list[Aggregates]]) -> list[Aggregates]:
    joined = []
    for f in range(len(FREQUENCIES)):
        values = np.concatenate([part[f].values for part in parts], axis=0)
        joined.append(Aggregates(values, parts[0][f].counts, parts[0][f].starts))
    return joined
