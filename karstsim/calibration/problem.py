"""The problem of a calibration: what is searched and held against what, and one call of the model for many points."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from karstsim.calibration import objectives
from karstsim.calibration.config import AREA, LIKELIHOODS, CalibrationConfig
from karstsim.calibration.targets import DISCHARGE, Target, needs_isotopes, patterns_of, read_targets
from karstsim.core.constants import SECONDS_PER_DAY
from karstsim.core.errors import InputError
from karstsim.core.jit import source_hash
from karstsim.ensemble.draws import Range
from karstsim.forcing.times import check_regular
from karstsim.model.output import select_water
from karstsim.model.parameter_records import parameter_tables
from karstsim.model.parameters import Override, Overrides, by_name
from karstsim.model.registry import variables
from karstsim.model.simulate import Simulation, warnings_of

VERSION = 1  # of the meaning of a score; another one makes new entries in the ledger
SEVERAL_ROWS = ("tile", "box", "sinking_stream")
NAMES_OF_ROWS = {"tile": "land_use", "box": "box_name", "sinking_stream": "stream_name"}


@dataclass(frozen=True)
class Free:
    """One coordinate of the search: a parameter, the area, or a parameter of a target's error model."""

    name: str
    range: Range
    target: str = ""

    def value(self, share: np.ndarray) -> np.ndarray:
        """(n,) values, or factors on the default, at shares 0-1 of the range."""
        low, high = self.range.lower, self.range.upper
        if self.range.log:
            return low * (high / low) ** share
        return low + share * (high - low)

    def share(self, value: np.ndarray) -> np.ndarray:
        low, high = self.range.lower, self.range.upper
        if self.range.log:
            return np.log(value / low) / np.log(high / low)
        return (value - low) / (high - low)

    @property
    def of_model(self) -> bool:
        """Whether the model takes it."""
        return not self.target and self.name != AREA


@dataclass(frozen=True)
class Problem:
    """A calibration with its inputs in memory.

    context   sha256 of everything that a score depends on besides the point
    chemistry, isotopes  what the targets need of the model
    """

    config: CalibrationConfig
    forcing: xr.Dataset
    targets: tuple[Target, ...]
    free: tuple[Free, ...]
    chemistry: bool
    isotopes: bool
    context: str

    @property
    def names(self) -> list[str]:
        return [f.name for f in self.free]

    @property
    def repairs(self) -> list[str]:
        """What was repaired in the tables of the observations, each line once."""
        return list(dict.fromkeys(line for target in self.targets for line in target.repairs))

    def values(self, shares: np.ndarray) -> np.ndarray:
        """(n, d) values at shares (n, d) of the ranges."""
        return np.stack([f.value(shares[:, i]) for i, f in enumerate(self.free)], axis=1)

    def shares(self, values: np.ndarray) -> np.ndarray:
        return np.stack([f.share(values[:, i]) for i, f in enumerate(self.free)], axis=1)

    def fitted_to(self, masks: Sequence[np.ndarray]) -> Problem:
        """The same problem with other values in the sight of the search."""
        targets = tuple(t.only(m) for t, m in zip(self.targets, masks, strict=True))
        return replace(self, targets=targets, context=_context(self.config, self.forcing, targets))

    # ---------------------------------------------------------------------------------------------- simulation

    def members(self, values: np.ndarray) -> list[Overrides]:
        """Overrides of each point, on top of those of the file."""
        rows: list[Overrides] = []
        for row in values:
            own: dict[str, Override] = {
                f.name: {"factor": float(v)} if f.range.factor else float(v)
                for f, v in zip(self.free, row, strict=True)
                if f.of_model
            }
            rows.append({**self.config.parameters, **own})
        return rows

    def simulate(self, values: np.ndarray, workers: int) -> tuple[list[np.ndarray], dict[int, str]]:
        """One call of the model: of each target (n, n_values) in the observations' unit, and why points failed.

        Rows that failed are NaN.
        """
        members = self.members(values)
        reasons: dict[int, str] = {}
        results = [np.full((len(values), len(t.times)), np.nan) for t in self.targets]
        try:
            run = self._simulation(members, workers)
        except InputError:  # now and then: to look for it beforehand would make all parameters twice
            reasons = self._impossible(members)
            if len(reasons) == len(members):
                return results, reasons
            run = self._simulation([m for i, m in enumerate(members) if i not in reasons], workers)
        sound = [i for i in range(len(values)) if i not in reasons]
        datasets = self._advance(run)
        reasons |= {sound[i]: why for i, why in run.failures().items()}
        areas = self._areas(values)
        kept = np.array([i not in reasons for i in sound])
        rows = np.array(sound)[kept]
        for target, result in zip(self.targets, results, strict=True):
            model = self._series(target, datasets)[kept]
            factor = target.scale * (areas[rows, None] if target.section.quantity == DISCHARGE else 1.0)
            result[rows] = model[:, target.periods] * factor
        return results, dict(sorted(reasons.items()))

    def _impossible(self, members: Sequence[Overrides]) -> dict[int, str]:
        """Points that the model refuses: beyond bounds by a factor, or constraints between parameters."""
        reasons = {}
        for i, member in enumerate(members):
            try:
                parameter_tables(self.config.site, [member])
            except InputError as error:
                reasons[i] = f"{error.where}: {error.what}"
        return reasons

    def _simulation(self, members: Sequence[Overrides], workers: int) -> Simulation:
        return Simulation(
            self.config.site, self.forcing, members, constants=self.config.calibration.constants, workers=workers,
            chemistry=self.chemistry, isotopes=self.isotopes,
        )  # fmt: skip

    def spin_up_warnings(self, values: np.ndarray) -> list[str]:
        """What a reader should know of the spin-up of these points (n, d)."""
        run = self._simulation(self.members(values), 1)
        return warnings_of(run.spin_up(self.config.calibration.spinup_years), "calibration.spinup_years")

    def _advance(self, run: Simulation) -> xr.Dataset:
        settings = self.config.calibration
        run.spin_up(settings.spinup_years)
        patterns = list(dict.fromkeys(p for t in self.targets for p in patterns_of(t.variable)))
        return run.advance([settings.frequency], patterns)[settings.frequency]

    def _series(self, target: Target, results: xr.Dataset) -> np.ndarray:
        """(member, period) of a target's variable, a rate per day where it is an amount."""
        data = results[target.variable]
        dim = next((d for d in SEVERAL_ROWS if d in data.dims), None)
        values = data.values
        if dim is not None:
            values = values @ self._row_weights(target, results, dim)
        if data.attrs["cell_methods"] == "time: sum":
            values = values / self.period_days
        return values

    @property
    def period_days(self) -> float:
        """Length of a period of the model's output."""
        if self.config.calibration.frequency == "daily":
            return 1.0
        return check_regular(self.forcing["time"].values, "forcing") / SECONDS_PER_DAY

    def _row_weights(self, target: Target, results: xr.Dataset, dim: str) -> np.ndarray:
        """One row by its name, or the tiles by their areas."""
        names = [str(n) for n in results[NAMES_OF_ROWS[dim]].values]
        if target.section.row is not None:
            return np.array([float(n == target.section.row) for n in names])
        if dim == "tile":
            return np.array([t.area_fraction for t in self.config.site.tiles])
        return np.ones(1)

    def _areas(self, values: np.ndarray) -> np.ndarray:
        """km2 of each point."""
        if AREA in self.names:
            return values[:, self.names.index(AREA)]
        return np.full(len(values), self.config.site.area_km2)

    # -------------------------------------------------------------------------------------------------- scores

    def errors_of(self, target: Target, values: np.ndarray) -> dict[str, np.ndarray]:
        """Error parameters of a target at each point: searched, or fixed."""
        found = {}
        for key, given in target.section.error_parameters().items():
            name = f"{target.label}:{key}"
            column = (
                values[:, self.names.index(name)] if isinstance(given, list) else np.full(len(values), given)
            )
            found[key] = column
        return found

    def scores(
        self, values: np.ndarray, simulated: Sequence[np.ndarray], held_out: bool = False
    ) -> np.ndarray:
        """(n, n_targets) scores over the values that the search sees, or over those held out."""
        columns = []
        for target, model in zip(self.targets, simulated, strict=True):
            rows = np.flatnonzero(target.fitted != held_out)
            columns.append(target.score(model, self.errors_of(target, values), rows))
        return np.stack(columns, axis=1)

    def losses(self, scores: np.ndarray) -> np.ndarray:
        """(n, n_targets) what is made small; inf where a run failed."""
        columns = [
            objectives.loss(t.section.objective, scores[:, i], t.spread) for i, t in enumerate(self.targets)
        ]
        losses = np.stack(columns, axis=1)
        return np.where(np.isfinite(losses), losses, np.inf)

    def total(self, scores: np.ndarray) -> np.ndarray:
        """(n,) weighted mean of the losses; for likelihoods their weighted sum, minus the log-likelihood."""
        weights = np.array([t.section.weight for t in self.targets])
        total = self.losses(scores) @ weights
        return total if self.by_likelihood else total / weights.sum()

    @property
    def by_likelihood(self) -> bool:
        return self.targets[0].section.objective in LIKELIHOODS


def open_problem(config: CalibrationConfig) -> Problem:
    """Read forcing and observations, and check that the model can be run for them. Raises InputError."""
    settings = config.calibration
    forcing = config.run_config().open_forcing()
    if forcing.sizes.get("location", 1) > 1:
        raise InputError(
            "forcing", "has several locations", "name one with [forcing] location, or give lon and lat"
        )
    targets = read_targets(
        config.observations, forcing, config.site, settings.frequency, settings.warm_up_days, settings.split,
        config._source,
    )  # fmt: skip
    for target in targets:
        _check_row(target, config)
    free = tuple(_free(config))
    isotopes = any(needs_isotopes(t.variable) for t in targets)
    chemistry = isotopes or not all(_is_water(t.variable) for t in targets)
    problem = Problem(
        config, forcing, tuple(targets), free, chemistry, isotopes, _context(config, forcing, targets)
    )
    middle = problem.values(np.full((1, len(free)), 0.5))
    Simulation(
        config.site, forcing, problem.members(middle), constants=settings.constants, chemistry=chemistry,
        isotopes=isotopes,
    )  # fmt: skip
    return problem


def _is_water(variable: str) -> bool:
    try:
        select_water([variable] if variable == patterns_of(variable)[0] else patterns_of(variable))
    except InputError:
        return False
    return True


def _free(config: CalibrationConfig) -> list[Free]:
    """Parameters in the order of the file, then the parameters of the error models."""
    found = [Free(name, section.range()) for name, section in config.ranges.items()]
    for target in config.targets:
        for key, value in target.error_parameters().items():
            if isinstance(value, list):
                log = key == "sigma" and value[0] > 0.0
                found.append(Free(f"{target.label}:{key}", Range(value[0], value[1], log=log), target.label))
    return found


def _check_row(target: Target, config: CalibrationConfig) -> None:
    """One row of a variable that has several, and none of surface water where the area is searched."""
    level = next((v.level for v in variables() if v.name == target.variable), "column")
    if level == "box" and AREA in config.ranges:
        what = f"{target.variable} depends on the catchment area, and its streams and reservoirs have fixed sizes"
        raise InputError(f"{config._source}, ranges.{AREA}", what, f"remove it, or the target {target.label}")
    if level == "column":
        if target.section.row is not None:
            raise InputError(
                f"{config._source}, target {target.label}", f"{target.variable} has no rows", "remove row"
            )
        return
    site = config.site
    names = {
        "tile": [t.land_use for t in site.tiles],
        "box": [b.name for b in site.boxes],
        "sinking_stream": [s.name for s in site.sinking_streams],
    }[level]
    if target.section.row is None and level != "tile" and len(names) != 1:
        raise InputError(
            f"{config._source}, target {target.label}",
            f"{target.variable} is of a {level}",
            f"add row = one of {names}",
        )
    if target.section.row is not None and target.section.row not in names:
        raise InputError(
            f"{config._source}, target {target.label}", f"there is no {level} {target.section.row!r}",
            f"use one of {', '.join(names)}",
        )  # fmt: skip


def _context(config: CalibrationConfig, forcing: xr.Dataset, targets: Sequence[Target]) -> str:
    """What a score depends on besides the point: site, fixed parameters, weather, observations, judgement, code."""
    settings = config.calibration
    told = {
        "version": VERSION,
        "source": source_hash(),
        "site": config.site.model_dump(mode="json"),
        "parameters": {k: v if isinstance(v, float | int) else dict(v) for k, v in config.parameters.items()},
        "free": [(f.name, f.range.factor) for f in _free(config)],
        "settings": [settings.spinup_years, settings.frequency, settings.constants],
        "targets": [
            [t.section.model_dump(mode="json", exclude={"weight", "accept"}), t.variable] for t in targets
        ],
    }
    digest = hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode())
    for name in sorted(map(str, forcing.data_vars)):
        digest.update(name.encode() + np.ascontiguousarray(forcing[name].values).tobytes())
    digest.update(repr([str(t) for t in forcing.time.values[[0, -1]]]).encode())
    for t in targets:
        for array in (t.raw, t.observed.censored, t.periods, t.times.astype("i8"), t.fitted):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def parameter_units(free: Free) -> str:
    """Unit of a coordinate, for people and files."""
    if free.name == AREA:
        return "km2"
    if free.target:
        return "1"
    return "1" if free.range.factor else by_name()[free.name].param.units
