"""Run an ensemble, or go on with one: tasks go to workers, finished ones into the manifest.

Workers are threads (the compiled model runs without the interpreter's lock) or the cores of a dask cluster; both take
the same tasks and leave the same files. A run that was stopped, killed or out of disk is resumed with nothing lost.
"""

from __future__ import annotations

import contextlib
import hashlib
import heapq
import json
import logging
import os
import platform
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from karstsim import __version__, disk, interrupts
from karstsim.core.errors import InputError, RunError, quoted
from karstsim.core.files import make_folder, remove_unfinished, sha256_of, whole_file
from karstsim.core.jit import source_hash
from karstsim.ensemble.config import EnsembleConfig, to_toml
from karstsim.ensemble.inputs import check_unchanged
from karstsim.ensemble.manifest import Entry, Manifest, remove_temporary
from karstsim.ensemble.memory import warnings_of
from karstsim.ensemble.plan import CONFIG, PLAN, RUN_RECORD, Plan, Task
from karstsim.ensemble.prepare import make_plan
from karstsim.ensemble.work import SHARDS, STATE, STATES, run_task
from karstsim.model.engine import Progress

LOG = logging.getLogger(__name__)
TASKS_AHEAD = 2  # per worker: the next is ready when one is done
CLUSTER_SECONDS = 30  # to wait for a scheduler
RETRIES = 3  # of a task whose worker was lost
Slots = Callable[[], int]  # how many tasks may be handed out at a time


@dataclass(frozen=True)
class Outcome:
    """How an ensemble stands.

    done, tasks  tasks that are done, of all
    failed       columns that failed, and why
    cpu_seconds  of all tasks; closure: largest imbalance of the books per element; reports: spin-up and flags
    """

    done: int
    tasks: int
    failed: dict[int, str]
    cpu_seconds: float
    closure: dict[str, float]
    reports: dict[str, float]

    @property
    def complete(self) -> bool:
        return self.done == self.tasks


def start(config: EnsembleConfig, folder: Path) -> Plan:
    """Make the plan and write it, with the resolved config, into `folder`; what another ensemble left there goes.

    Raises InputError for a plan that cannot be, or a folder that another process works in.
    """
    text = to_toml(config)
    plan, need = make_plan(config)
    for warning in warnings_of(config, plan, need):
        LOG.warning(warning)
    plan = replace(plan, config=hashlib.sha256(text.encode()).hexdigest())
    make_folder(folder)
    with Manifest(folder, writable=True, fresh=True):
        (folder / PLAN).unlink(missing_ok=True)  # no ensemble is here until the new plan is
        for place in (SHARDS, STATES):
            shutil.rmtree(folder / place, ignore_errors=True)
        with whole_file(folder / CONFIG) as temporary:
            temporary.write_text(text, encoding="utf-8")
        plan.save(folder)
    return plan


def work(
    folder: Path, workers: int = 1, scheduler: str | None = None, progress: Progress | None = None
) -> Outcome:
    """Do all tasks of an ensemble folder that are not done yet.

    workers    threads; scheduler: address of a dask scheduler whose workers see the folder, instead
    Raises InputError where code or inputs have changed since the start, RunError for a disk that is full and the like.
    """
    plan = Plan.load(folder)
    _check_unchanged(plan, folder)
    began = time.monotonic()
    with Manifest(folder, writable=True) as manifest:
        clean(folder)
        for task in manifest.broken():
            manifest.erase(task)
        with _cluster(scheduler, folder) if scheduler else _threads(workers) as (executor, slots):
            Scheduler(folder, plan, manifest, executor, slots, progress).run()
        outcome = standing(plan, manifest)
    _write_record(folder, plan, outcome, time.monotonic() - began)
    return outcome


def status(folder: Path) -> tuple[Plan, Outcome, dict[Task, str]]:
    """Plan and standing of an ensemble folder, and its tasks with broken files."""
    plan = Plan.load(folder)
    with Manifest(folder) as manifest:
        return plan, standing(plan, manifest), manifest.broken()


def standing(plan: Plan, manifest: Manifest) -> Outcome:
    done, seconds, closure, reports = 0, 0.0, dict[str, float](), dict[str, float]()
    failures: dict[Task, dict[int, str]] = {}
    for entry in manifest.entries():
        done += 1
        seconds += entry.seconds
        failures[entry.task] = entry.failures
        for largest, found in ((closure, entry.closure), (reports, entry.report)):
            largest.update({name: max(largest.get(name, 0.0), value) for name, value in found.items()})
    failed = {
        plan_column: f"draw {draw}: {plan.bad[draw]}"
        for plan_column in range(plan.n_columns)
        if (draw := plan.cell_and_draw(plan_column)[1]) in plan.bad
    }
    for task, columns in failures.items():
        for column, why in columns.items():
            draw = plan.cell_and_draw(column)[1]
            where = f"climate {plan.climates[task.climate].name}, draw {draw}"
            failed.setdefault(column, f"{where}: {why}")
    return Outcome(done, sum(1 for _ in plan.tasks()), failed, seconds, closure, reports)


class Scheduler:
    """Hands tasks out as soon as the states that they begin with are there."""

    def __init__(
        self,
        folder: Path,
        plan: Plan,
        manifest: Manifest,
        executor: Executor,
        slots: Slots,
        progress: Progress | None,
    ) -> None:
        self.folder, self.plan, self.manifest = folder, plan, manifest
        self.executor, self.slots, self.progress = executor, slots, progress
        self.done = manifest.done()
        self.total = sum(1 for _ in plan.tasks())
        self.states = {task: file.path for task, file in manifest.files(STATE)}
        self.failures = manifest.failures()
        self.ready = list(self._can_begin())
        heapq.heapify(self.ready)
        self.running: dict[Future[Entry], Task] = {}

    def run(self) -> None:
        """Until nothing is left. What is running when a task fails or a user interrupts is finished and entered."""
        self._show()
        try:
            while self.ready or self.running:
                self._submit()
                self._collect(FIRST_COMPLETED)
        except BaseException:
            # Threads at work end in any case: Python waits for them. Unentered, their work would be done again.
            with interrupts.unheard():
                at_work = sum(not future.cancel() and not future.done() for future in self.running)
                if at_work:
                    LOG.info("stopping once the work of %d threads is finished and entered", at_work)
                self._enter_what_ends()
            raise

    def _can_begin(self) -> Iterator[Task]:
        """Tasks not done whose whole past is: a broken one that is done again may tell what failed in it."""
        complete: set[Task | None] = {None}
        for task in self.plan.tasks():
            if self.plan.before(task) in complete:
                if task in self.done:
                    complete.add(task)
                else:
                    yield task

    def _submit(self) -> None:
        slots = self.slots()
        while self.ready and len(self.running) < slots:
            task = heapq.heappop(self.ready)
            columns = self._columns(task)
            if not columns:
                self._enter(Entry(task, (), 0.0))
                continue
            before = self.plan.before(task)
            state = None if before is None else self.states[before]
            future = self.executor.submit(run_task, str(self.folder.absolute()), task, columns, state)
            self.running[future] = task

    def _columns(self, task: Task) -> tuple[int, ...]:
        """Columns that have not failed on the way to the task."""
        lost: set[int] = set()
        before = self.plan.before(task)
        while before is not None:
            lost.update(self.failures.get(before, ()))
            before = self.plan.before(before)
        return tuple(c for c in self.plan.runnable(task.block) if c not in lost)

    def _collect(self, when: str) -> None:
        if not self.running:
            return
        ended, _ = wait(self.running, return_when=when)
        for future in sorted(ended, key=lambda f: self.running[f]):
            task = self.running[future]
            try:
                self._enter(future.result())
            except OSError as error:
                raise RunError(
                    f"{self._name(task)}: {disk.said(error, self.folder)}\n"
                    f"  mend: make room or give access, then `karstsim resume {quoted(self.folder)}`; nothing is lost"
                ) from error
            del self.running[future]  # only now: a Ctrl-C on the way must still find it

    def _enter_what_ends(self) -> None:
        """After a failure: enter the tasks that end well, so that they need not be done again."""
        with contextlib.suppress(OSError, RunError):  # the disk may still be full
            for future in list(self.running):
                if not future.cancelled() and future.exception() is None:
                    self._enter(future.result())

    def _enter(self, entry: Entry) -> None:
        self.manifest.enter(entry)
        self.done.add(entry.task)
        self.states.update((entry.task, f.path) for f in entry.files if f.kind == STATE)
        if entry.failures:
            self.failures[entry.task] = entry.failures
        following = self.plan.after(entry.task)
        for task in following:
            if task in self.done:  # before the one now entered was found broken
                following.extend(self.plan.after(task))
            else:
                heapq.heappush(self.ready, task)
        self._show()

    def _show(self) -> None:
        if self.progress is not None:
            self.progress(len(self.done), self.total, "simulating")

    def _name(self, task: Task) -> str:
        return f"climate {self.plan.climates[task.climate].name}, block {task.block}, window {task.window}"


@contextmanager
def _threads(workers: int) -> Iterator[tuple[Executor, Slots]]:
    """Workers of this process, and how many tasks may be handed out at a time."""
    pool = ThreadPoolExecutor(workers)
    try:
        yield pool, lambda: workers
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _cluster(scheduler: str, folder: Path) -> Iterator[tuple[Executor, Slots]]:
    """The workers of a dask cluster; they come and go, so how many tasks may be handed out is asked at each one.

    Raises InputError for an address that nobody answers at, RunError when the cluster is lost on the way.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError:
        mend = 'pip install "karstsim[cluster]"'
        raise InputError("--scheduler", "needs the package distributed", mend) from None
    try:
        client = Client(scheduler, timeout=CLUSTER_SECONDS)
    except (OSError, ValueError) as error:
        mend = "start a scheduler (dask scheduler) and give its address, as tcp://host:8786"
        raise InputError(f"--scheduler {scheduler}", f"cannot be reached ({error})", mend) from None
    for name in ("client", "utils"):  # their tracebacks about a lost scheduler; the message below says it
        logging.getLogger(f"distributed.{name}").setLevel(logging.CRITICAL)
    try:
        executor = client.get_executor(pure=False, retries=RETRIES)
        yield executor, lambda: max(sum(client.nthreads().values()), 1) * TASKS_AHEAD
    except (CancelledError, KilledWorker, OSError) as error:
        raise RunError(
            f"the dask cluster at {scheduler} was lost ({' '.join(str(error).split()) or type(error).__name__})\n"
            f"  mend: start it again, then `karstsim resume {quoted(folder)} --scheduler ADDRESS`; nothing is lost"
        ) from error
    finally:
        client.close(CLUSTER_SECONDS)


def _check_unchanged(plan: Plan, folder: Path) -> None:
    check_inputs(plan, folder)
    if plan.source != source_hash():
        raise InputError(
            "the ensemble",
            f"was begun with another version, {plan.writer}; this is karstsim {__version__} (source {source_hash()})",
            "go on with that version, or start the ensemble anew in another folder; any version reads what is done",
        )


def check_inputs(plan: Plan, folder: Path) -> None:
    """Raise InputError where the file of an ensemble, or one that its weather comes from, is not what it began with."""
    if sha256_of(folder / CONFIG) != plan.config:
        mend = "put it back as it was, or run the changed file into another folder"
        raise InputError(str(folder / CONFIG), "has changed since the ensemble was begun", mend)
    check_unchanged(plan.inputs, plan.inputs)


def clean(folder: Path) -> None:
    """Remove what a killed process left: temporary files of its own, and of exports into the folder."""
    for place in (folder / SHARDS, folder / STATES):
        remove_temporary(place, "*/.*.tmp")
    for name in (CONFIG, PLAN, RUN_RECORD):
        remove_temporary(folder, f".{name}.*.tmp")
    remove_unfinished(folder)


def _write_record(folder: Path, plan: Plan, outcome: Outcome, seconds: float) -> None:
    import numba

    record = {
        "karstsim": __version__,
        "source": plan.source,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
        "processors": os.cpu_count(),
        "members": len(plan.climates) * plan.n_columns,
        "tasks": [outcome.done, outcome.tasks],
        "wall_seconds": round(seconds, 3),
        "cpu_seconds": round(outcome.cpu_seconds, 3),
        "closure": outcome.closure,
        "failed": {str(k): v for k, v in outcome.failed.items()},
        "reports": outcome.reports,
        "inputs": plan.inputs,
    }
    with whole_file(folder / RUN_RECORD) as temporary:
        temporary.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
