"""What a task of an ensemble holds in memory, and how many members and years it may have for that.

Everything that grows with the members or the years of a task is counted: the output that it gathers before it writes
it, and the weather of members that do not share one. What a process holds besides does not grow with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from karstsim.chemistry.lane_medium import LANES
from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.files import BYTES_PER_MB
from karstsim.ensemble.config import EnsembleConfig
from karstsim.ensemble.plan import Plan, block_size
from karstsim.forcing.records import FORCING_DTYPE
from karstsim.model.initial import CYCLE_YEARS
from karstsim.model.interventions.restoration import restored
from karstsim.model.output import frequencies, select, selection_table

TASK_BYTES = 500_000_000  # of a task: eight workers and a process of 0.9 GB stay below 5 GB
DOUBLE = 8
HELD = 3.5  # doubles in memory for each number of the output, at the peak: windows, means, Dataset, file
VARIABLE_BYTES = 65_000  # of the netCDF library, for each variable of a file whatever its length
HELD_RECORDS = (
    2.5  # records for each step of own weather: of the task, of a year, and what they are made from
)
HELD_WEATHER = 2.0  # the weather of each draw, and all of it joined
WEATHER_BYTES = 56  # of a step of synthetic weather: six variables and a time stamp
WINDOW_YEARS = 10  # where nothing speaks against it
PERIODS = {"annual": 1.0, "monthly": 12.0, "daily": DAYS_PER_YEAR}  # in a year; of steps, those of the day


@dataclass(frozen=True)
class Need:
    """What a task holds, bytes.

    files    of the variables of its files, whatever they hold
    output   of a member and year of its window
    records  of a year of one weather, in the window or the years that the spin-up repeats
    whole    of the weather of one draw, from the first year to the last, where each has its own
    own      whether every member has weather of its own: cells, rain times a factor, weather_per_draw
    years    of the longest climate
    """

    files: float
    output: float
    records: float
    whole: float
    own: bool
    years: int

    def task(self, block: int, window: int) -> float:
        """Bytes of a task of `block` members through `window` years."""
        output = block * min(window, self.years) * self.output
        weather = min(max(window, CYCLE_YEARS), self.years) * self.records + self.whole
        return self.files + output + (block if self.own else 1) * weather

    def fits(self, block: int, window: int) -> bool:
        return self.task(block, window) <= TASK_BYTES


def need_of(config: EnsembleConfig, steps_a_day: int, years: int, own: bool) -> Need:
    """What tasks of an ensemble hold.

    steps_a_day  of the climate with the shortest steps; years: of the longest climate; own: as in `Need`
    """
    settings = config.ensemble
    site, _ = restored(config.site, config.intervention)
    chosen = select(settings.variables, "ensemble.variables", settings.isotopes)
    numbers = len(selection_table(chosen, site.rows))
    steps = DAYS_PER_YEAR * steps_a_day
    names = frequencies(settings.output)
    periods = sum(PERIODS.get(name, steps) for name in names)
    return Need(
        files=VARIABLE_BYTES * sum(site.rows[v.level] > 0 for v in chosen) * len(names),
        output=HELD * DOUBLE * numbers * periods,
        records=HELD_RECORDS * FORCING_DTYPE.itemsize * steps,
        whole=HELD_WEATHER * WEATHER_BYTES * steps * years if settings.weather_per_draw else 0.0,
        own=own,
        years=years,
    )


def cut(need: Need, columns: int, block: int | None = None, window: int | None = None) -> tuple[int, int]:
    """Members and years of a task, as many as hold less than `TASK_BYTES`; one where not even that does.

    columns  of a climate; block, window: what the user has set, and keeps
    Members give way first: tasks of fewer years read and write more states. While there are more than fill the lanes
    once, they fill them.
    """
    years = window or WINDOW_YEARS
    if block is None:
        block = _largest(
            block_size(columns), lambda b: (b <= LANES or b % LANES == 0) and need.fits(b, years)
        )
    if window is None:
        years = _largest(years, lambda y: need.fits(block, y))
    return block, years


def _largest(most: int, fits: Callable[[int], bool]) -> int:
    return next((n for n in range(most, 1, -1) if fits(n)), 1)


def warnings_of(config: EnsembleConfig, plan: Plan, need: Need) -> list[str]:
    """A task that holds more than `TASK_BYTES`, and what can be done about it."""
    block = min(plan.block, plan.n_columns)
    if need.fits(block, plan.window_years):
        return []
    told = (
        f"a task of {_count(block, 'member')} through {_count(min(plan.window_years, need.years), 'year')} "
        f"holds {_mb(need.task(block, plan.window_years))} MB, and every worker does one at a time; "
        f"meant are at most {_mb(TASK_BYTES)} MB"
    )
    members, years = cut(need, plan.n_columns)
    if need.fits(members, years):
        mend = f"remove `block` and `window_years` from [ensemble], or set block = {members} and window_years = {years}"
    else:
        mend = (
            f"one member through one year holds {_mb(need.task(1, 1))} MB already: keep fewer variables or longer "
            f"periods ({', '.join(frequencies(config.ensemble.output))} now), and use fewer workers"
        )
    return [f"{told}; {mend}"]


def _count(n: int, of: str) -> str:
    return f"{n} {of}{'s' * (n > 1)}"


def _mb(size: float) -> str:
    return f"{size / BYTES_PER_MB:,.0f}"
