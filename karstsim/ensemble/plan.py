"""Who runs what: climates x cells x draws, cut into blocks of members and windows of years.

A column is one cell with one draw; every climate has the same columns, in blocks. A task advances one block of one
climate through one window and leaves its shards and its state; window -1 is the spin-up. The state that a task begins
with is always that of another task, read from disk, so it does not matter who computes what, when and how often.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from karstsim.chemistry.lane_medium import LANES
from karstsim.core.errors import InputError, quoted
from karstsim.core.files import whole_file
from karstsim.model.parameters import Overrides

PLAN = "plan.json"
CONFIG = "config.toml"  # the resolved ensemble file, beside the plan
MANIFEST = "manifest.sqlite"
RUN_RECORD = "run.json"
SHA256 = "sha256"  # key, in the plan, of the hash of all its other keys
LAYOUT = 2  # of plan, manifest, states and shards; what another layout wrote is not read
SPIN_UP = -1
MOST_IN_BLOCK = 32
BLOCKS_WANTED = 8  # to keep a few workers busy, where so many blocks can be full


class Task(NamedTuple):
    """One block of one climate through one window of years."""

    climate: int
    block: int
    window: int


@dataclass(frozen=True)
class Climate:
    """What is known of a climate once its forcing was opened.

    start, end  first instant and the one after the last, as text; years the calendar years, first and last
    follows     climate whose end it begins with; spun_by: climate whose spin-up it begins with (itself, or another)
    """

    name: str
    scenario: str
    source_id: str
    experiment_id: str
    variant_label: str
    calendar: str
    start: str
    end: str
    years: tuple[int, int]
    follows: int | None = None
    spun_by: int | None = None


@dataclass(frozen=True)
class Plan:
    """The whole work.

    cells    longitude and latitude of every grid cell (one for a single place)
    draws    parameter overrides; bad: draws that cannot run, and why
    config   sha256 of the resolved ensemble file that lies beside the plan
    inputs   size, time stamp and perhaps sha256 of every file that the forcing comes from
    source, version, layout  hash of the package's sources, version of karstsim, and layout of the folder that it wrote
    """

    climates: tuple[Climate, ...]
    cells: tuple[tuple[float, float], ...]
    draws: tuple[Overrides, ...]
    block: int
    window_years: int
    source: str
    config: str = ""
    bad: dict[int, str] = field(default_factory=dict)
    inputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    version: str = "of an earlier version"
    layout: int = LAYOUT

    @property
    def writer(self) -> str:
        """The karstsim that made the plan."""
        return f"karstsim {self.version} (source {self.source})"

    @property
    def n_columns(self) -> int:
        """Columns of every climate."""
        return len(self.cells) * len(self.draws)

    @property
    def n_blocks(self) -> int:
        return -(-self.n_columns // self.block)

    def columns(self, block: int) -> range:
        """Columns of a block; column = cell x number of draws + draw."""
        return range(block * self.block, min((block + 1) * self.block, self.n_columns))

    def cell_and_draw(self, column: int) -> tuple[int, int]:
        return divmod(column, len(self.draws))

    def runnable(self, block: int) -> tuple[int, ...]:
        """Columns of a block whose draw can run."""
        return tuple(c for c in self.columns(block) if self.cell_and_draw(c)[1] not in self.bad)

    def n_windows(self, climate: int) -> int:
        first, last = self.climates[climate].years
        return -(-(last - first + 1) // self.window_years)

    def window(self, task: Task) -> tuple[int, int]:
        """First and last calendar year of a task."""
        first, last = self.climates[task.climate].years
        begin = first + task.window * self.window_years
        return begin, min(begin + self.window_years - 1, last)

    def tasks(self) -> Iterator[Task]:
        """All tasks, in an order in which each comes after the one that it begins with."""
        roots_first = sorted(
            range(len(self.climates)), key=lambda c: (self.climates[c].follows is not None, c)
        )
        for block in range(self.n_blocks):
            for c in roots_first:
                begins = SPIN_UP if self.climates[c].spun_by == c else 0
                yield from (Task(c, block, w) for w in range(begins, self.n_windows(c)))

    def before(self, task: Task) -> Task | None:
        """The task with whose state this one begins; None for a spin-up."""
        if task.window == SPIN_UP:
            return None
        if task.window > 0:
            return task._replace(window=task.window - 1)
        climate = self.climates[task.climate]
        if climate.follows is not None:
            return Task(climate.follows, task.block, self.n_windows(climate.follows) - 1)
        return Task(climate.spun_by if climate.spun_by is not None else task.climate, task.block, SPIN_UP)

    def after(self, task: Task) -> list[Task]:
        """The tasks that begin with the state of this one."""
        candidates = [Task(c, task.block, 0) for c in range(len(self.climates))]
        if 0 <= task.window < self.n_windows(task.climate) - 1:
            candidates.append(task._replace(window=task.window + 1))
        return [t for t in candidates if self.before(t) == task]

    def save(self, folder: Path) -> None:
        """Write plan.json, with the sha256 of what it says."""
        data = json.loads(json.dumps(asdict(self)))
        text = json.dumps({**data, SHA256: _sha256(data)}, indent=1)
        with whole_file(folder / PLAN) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Plan:
        """Read the plan of an ensemble folder.

        Raises InputError where there is none, it is not as it was written, or it is of another layout.
        """
        path = folder / PLAN
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            _check_layout(folder, data)
            if data.pop(SHA256) != _sha256(data):
                mend = "put it back, or run the ensemble into another folder"
                raise InputError(str(path), "was changed after it was written", mend)
            climates = tuple(Climate(**{**c, "years": tuple(c["years"])}) for c in data.pop("climates"))
            cells = tuple((float(lon), float(lat)) for lon, lat in data.pop("cells"))
            bad = {int(k): v for k, v in data.pop("bad").items()}
            return cls(climates=climates, cells=cells, draws=tuple(data.pop("draws")), bad=bad, **data)
        except FileNotFoundError:
            raise _absent(folder) from None
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(str(path), f"cannot be read ({error})", "start the ensemble anew") from None


def _absent(folder: Path) -> InputError:
    """Of a folder without a plan: never an ensemble, or one whose plan is lost."""
    if (folder / MANIFEST).is_file() and (folder / CONFIG).is_file():
        mend = f"put it back, or compute anew: karstsim run {quoted(folder / CONFIG)} -o ANOTHER_FOLDER"
        return InputError(str(folder / PLAN), "is gone, the rest of an ensemble is there", mend)
    mend = "name the folder that `karstsim run ENSEMBLE.toml -o FOLDER` made"
    return InputError(str(folder), "holds no ensemble", mend)


def _check_layout(folder: Path, data: dict[str, Any]) -> None:
    """InputError for a folder that is laid out as an earlier or later version did it: its first plans had no sha256."""
    layout = data.get("layout", LAYOUT) if SHA256 in data else 1
    if layout != LAYOUT:
        raise InputError(
            str(folder),
            f"was written by {_writer(folder, data)} in layout {layout}; this version reads layout {LAYOUT}",
            f"read it with that version, or compute it anew: karstsim run {quoted(folder / CONFIG)} -o ANOTHER_FOLDER",
        )


def _writer(folder: Path, data: dict[str, Any]) -> str:
    """The karstsim that wrote a plan; the first plans left their version to the record of the run."""
    version = data.get("version")
    if version is None:
        with contextlib.suppress(OSError, ValueError, KeyError):
            version = json.loads((folder / RUN_RECORD).read_text(encoding="utf-8"))["karstsim"]
    return f"karstsim {version or 'of unknown version'} (source {data.get('source', 'unknown')})"


def _sha256(data: object) -> str:
    return hashlib.sha256(json.dumps(data).encode()).hexdigest()


def block_size(n_columns: int) -> int:
    """Members of a block: few enough that an ensemble keeps several workers busy, and as many as fill the lanes.

    A block of fewer than eight takes as long as one of eight, or nearly: the waters of eight react side by side.
    """
    lanes_filled = max(n_columns // BLOCKS_WANTED // LANES, 1) * LANES
    return min(MOST_IN_BLOCK, lanes_filled, n_columns)
