"""Drips of caves and springs in lanes against the scalar kernels: amounts, readings, air, isotopes, neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from karstsim.core.jit import disabled, kernel, python_callable
from karstsim.core.solutes import N_CORE, N_SOLUTES
from karstsim.core.spec import Param, new_table
from karstsim.forcing.records import FORCING_DTYPE
from karstsim.model.engine import SCRATCH_DTYPE
from karstsim.model.registry import FLUX_DTYPES, PARAM_DTYPES, STATE_DTYPES
from karstsim.processes import aquifer, cave, lane_dissolution
from karstsim.processes.aquifer import spring
from karstsim.processes.cave import chemistry
from karstsim.processes.cave.isotopes import begin as begin_isotopes
from karstsim.processes.dissolution import LEAST_PRESSURE

GROUPS = 2 if disabled() else 40
NEAR = 1e-5  # of a reading, where both solvers stop; the median is 1e-7
OPEN = 1.0e-3  # ppm of an outside whose air holds next to no CO2
KINDS = ["losing", "slow", "taking up", "soft", "gypsum", "without fissures", "without CO2"]


@kernel
def _step(tp, ts, tf, weather, scratch, w, constant_set, dt, n_active, scalar):
    """One step of the first tile's cave, whose recharge stands in the record of the epikarst."""
    count = tp.shape[0]
    lane_dissolution.make_ready(w)
    for lane in range(count):
        f, k = tf[lane, 0], scratch[lane].constants
        k.ready, k.constant_set, k.tracers = 0.0, constant_set, 1.0 if n_active > N_CORE else 0.0
        if n_active > N_CORE:
            begin_isotopes(f.cave, f.soil, f.epikarst)
        p, s, recharge = tp[lane, 0].cave, ts[lane, 0].cave, f.epikarst.diffuse_recharge
        vadose, t = f.epikarst.air_pco2, scratch[lane].drip
        cave.begin(p, s, f.cave, recharge, vadose, 1.0, 12.0, weather[lane], t, k, dt, n_active)
    if not scalar:
        cave.react_lanes(tp, ts, tf, 0, 0, count, scratch, w, constant_set, dt, n_active > N_CORE)
    for lane in range(count):
        p, s, f, t = tp[lane, 0].cave, ts[lane, 0].cave, tf[lane, 0].cave, scratch[lane].drip
        x, k = scratch[lane].solution, scratch[lane].constants
        if t.stage != chemistry.DONE:
            chemistry.react(p, s, f, t, x, k, dt)
        cave.finish(p, s, f, tf[lane, 0].epikarst.diffuse_recharge, t, k, n_active)


@kernel
def _read(cs, cf, scratch, w, constant_set, n_active, scalar):
    """The springs, whose water stands in their record."""
    lane_dissolution.make_ready(w)
    for lane in range(cs.shape[0]):
        k = scratch[lane].constants
        k.ready, k.constant_set = 0.0, constant_set
    if not scalar:
        spring.read_lanes(cs, cf, 0, cs.shape[0], scratch, w, constant_set, n_active)
        return
    for lane in range(cs.shape[0]):
        s, f = cs[lane].aquifer, cf[lane].aquifer
        if spring.flows(f):
            s.spring_temperature = f.spring.heat / f.spring.volume
            spring.read(s, f, scratch[lane].solution, scratch[lane].constants)


STEP, READ = python_callable(_step), python_callable(_read)


@dataclass
class Caves:
    """Tables of some catchments with one tile each, and their weather."""

    p: np.ndarray
    s: np.ndarray
    f: np.ndarray
    weather: np.ndarray

    def some(self, rows: slice) -> Caves:
        """A copy of some catchments."""
        return Caves(*(_copy(t[rows]) for t in (self.p, self.s, self.f, self.weather)))

    def step(self, constant_set: int, n_active: int, scalar: bool) -> np.ndarray:
        """Step them; returns the scratch array."""
        scratch, _ = new_table((8,), SCRATCH_DTYPE)
        w = np.zeros(lane_dissolution.WORDS)
        STEP(self.p, self.s, self.f, self.weather, scratch, w, constant_set, 1.0, n_active, scalar)
        return w


def _copy(table: np.ndarray) -> np.ndarray:
    new, _ = new_table(table.shape, table.dtype)
    new[...] = table
    return new


def _fill(sol: np.ndarray, rng: np.random.Generator, kind: str, volume: float) -> None:
    """Solutes (mol m-2) of `volume` mm of a karst water of the kind, with its isotopes."""
    ca, mg = rng.uniform(0.8, 2.5) * 1e-3, rng.uniform(0.0, 0.6) * 1e-3
    na, k, cl = rng.uniform(0.0, 0.3, 3) * 1e-3
    so4 = rng.uniform(0.0, 0.2) * 1e-3
    if kind == "soft":
        ca, mg, so4, cl = rng.uniform(0.02, 0.2) * 1e-3, 0.0, 0.0, 0.0
    if kind == "gypsum":
        so4 = rng.uniform(2.0, 8.0) * 1e-3
        ca += so4
    if kind == "magnesian":
        ca, mg, so4, cl = rng.uniform(0.1, 0.4) * 1e-3, rng.uniform(20.0, 60.0) * 1e-3, 0.0, 0.0
    alkalinity = 2.0 * (ca + mg - so4) + na + k - cl
    dic = alkalinity * (rng.uniform(0.75, 1.0) if kind == "magnesian" else rng.uniform(1.02, 1.3))
    values = {"ca": ca, "mg": mg, "na": na, "k": k, "cl": cl, "so4": so4, "dic": dic}
    values |= {"di13c": 0.0111 * dic, "di14c": 0.8 * dic, "tag_soil": 0.6 * dic, "tag_rock": 0.4 * dic}
    for name, value in values.items():
        sol[name] = value * volume


def _caves(kind: str, seed: int) -> Iterator[Caves]:
    """Eight catchments, several times over, whose caves had drips before; `mixed` takes another kind in each."""
    rng = np.random.default_rng(seed)
    for _ in range(GROUPS):
        tables = [new_table((8, 1), d["tile"])[0] for d in (PARAM_DTYPES, STATE_DTYPES, FLUX_DTYPES)]
        caves = Caves(*tables, new_table((8,), FORCING_DTYPE)[0])
        for d in cave.PARAMS:
            assert isinstance(d, Param)
            caves.p["cave"][d.name] = d.default
        for lane in range(8):
            _place(caves, lane, rng, kind if kind != "mixed" else KINDS[lane % len(KINDS)])
        before = caves.some(slice(None))
        before.f["epikarst"]["diffuse_recharge"]["sol"]["dic"] *= 0.98
        before.step(0, N_CORE, True)
        caves.s["cave"] = before.s["cave"]
        for i, name in enumerate(("di13c", "di14c", "tag_soil")):
            caves.s["cave"]["air_of"][name] = (0.011, 0.9, 1.0)[i] * caves.s["cave"]["air_co2"]
        yield caves


def _place(caves: Caves, lane: int, rng: np.random.Generator, kind: str) -> None:
    """Weather, air and drip water of one catchment."""
    p, s, f, weather = caves.p["cave"], caves.s["cave"], caves.f, caves.weather
    summer = kind == "taking up"
    warmth = rng.uniform(15.0, 30.0) if summer else rng.uniform(-10.0, 11.0)
    outside = 410.0 if kind != "without CO2" else OPEN
    for name, value in {"tas": warmth, "tasmin": warmth - 5.0, "tasmax": warmth + 5.0}.items():
        weather[name][lane] = value
    weather["co2"][lane], weather["ps"][lane], weather["co2_c14"][lane] = outside, 101325.0, 1.05
    p["fissure_time"][lane] = 0.0 if kind == "without fissures" else rng.uniform(0.05, 3.0)
    p["fissure_cave_share"][lane] = rng.uniform(0.0, 1.0)
    p["fissure_threshold"][lane] = rng.uniform(0.0, 0.4)
    p["drip_law"][lane] = float(rng.integers(0, 2))
    p["area_fraction"][lane] = 0.4 if kind == "slow" else 0.02
    p["ventilation"][lane] = 0.02 if kind == "slow" else 0.2
    vadose = (
        OPEN * 1e-6
        if kind == "without CO2"
        else rng.uniform(2e-2, 5e-2)
        if summer
        else rng.uniform(1e-3, 2e-2)
    )
    f["epikarst"]["air_pco2"][lane] = vadose
    volume = rng.uniform(0.1, 20.0)
    recharge = f["epikarst"]["diffuse_recharge"]
    recharge["volume"][lane], recharge["heat"][lane] = volume, 12.0 * volume
    _fill(recharge["sol"][lane], rng, kind, volume)
    s["air_co2"][lane] = (
        p["area_fraction"][lane] * 3.0 * 42.7 * (0.0 if kind == "without CO2" else rng.uniform(4e-4, vadose))
    )
    air = {"di13c": 0.011, "di14c": 1.05, "tag_atmosphere": 1.0}
    above = {"di13c": 0.0109, "di14c": 1.0, "tag_soil": 1.0}
    for name, share in air.items():
        f["soil"]["air_of"][name][lane] = share * outside * 1e-6
    for name, share in above.items():
        f["epikarst"]["vadose_of"][name][lane] = share * vadose


def _floats(table: np.ndarray, prefix: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """Every number of a record table by its name."""
    for name in table.dtype.names or ():
        part = table[name]
        if part.dtype.names:
            yield from _floats(part, f"{prefix}{name}.")
        elif part.dtype.kind == "f" and part.ndim == 2:
            yield f"{prefix}{name}", part[:, 0]


def _same(caves: Caves, others: Caves) -> None:
    """Amounts within NEAR of the drip's carbon, readings within NEAR."""
    for table, other in ((caves.s["cave"], others.s["cave"]), (caves.f["cave"], others.f["cave"])):
        carbon = others.f["cave"]["drip"]["sol"]["dic"][:, 0]
        for (name, values), (_, wanted) in zip(_floats(table), _floats(other), strict=True):
            assert (np.isnan(values) == np.isnan(wanted)).all(), name
            if name == "stalagmite_growth":  # what there is of it goes with the calcite
                continue
            slack = NEAR * np.abs(wanted)
            if name.endswith(("si_calcite", "ph", "prior_precipitation", "d13c", "dead_carbon")):
                slack = NEAR * np.maximum(np.abs(wanted), 1.0)
            elif not name.startswith(("ceiling", "floor")) and "pco2" not in name:
                slack = np.maximum(slack, 0.3 * NEAR * carbon)
            assert (~(np.abs(values - wanted) > slack)).all(), (name, values, wanted)


@pytest.mark.parametrize("n_active", [N_CORE, N_SOLUTES])
@pytest.mark.parametrize("kind", KINDS)
def test_drips_are_those_of_the_scalar_kernels(kind: str, n_active: int) -> None:
    """All states and fluxes of caves after a step; none of these waters is odd."""
    grown, taken = 0, 0
    for caves in _caves(kind, 1):
        others = caves.some(slice(None))
        w = caves.step(0, n_active, False)
        assert (w[lane_dissolution.ODD : lane_dissolution.ODD + 8] == 0.0).all()
        others.step(0, n_active, True)
        _same(caves, others)
        f, g = caves.f["cave"], others.f["cave"]
        stalagmites = (
            f["stalagmite_growth"] * g["calcite_growth"],
            g["stalagmite_growth"] * f["calcite_growth"],
        )
        np.testing.assert_allclose(*stalagmites, rtol=1e-9)
        grown += int((f["fissure_growth"] > 0.0).sum())
        taken += int((f["drip_degassing"] < 0.0).sum())
        if kind == "without CO2":
            assert (f["air_pco2"] < LEAST_PRESSURE).all()
            assert (f["drip_rate"] == 0.0).all()
        else:
            assert (f["drip_rate"] > 0.0).all()
    if kind == "losing":
        assert grown > 0
    if kind == "taking up":
        assert taken > 0
    if kind == "without fissures":
        assert grown == 0


def test_drips_never_lose_more_calcite_than_they_have_calcium() -> None:
    """Water full of magnesium carbonate, whose little calcium is far above saturation: Omega up to a hundred."""
    for caves in _caves("magnesian", 3):
        others = caves.some(slice(None))
        w = caves.step(0, N_CORE, False)
        assert (
            w[lane_dissolution.ODD : lane_dissolution.ODD + 8] == 1.0
        ).sum() < 4  # a few go on by themselves
        others.step(0, N_CORE, True)
        f, g = caves.f["cave"], others.f["cave"]
        assert (f["drip"]["sol"]["ca"] > 0.0).all()
        for name in ("fissure_growth", "calcite_growth"):
            np.testing.assert_allclose(f[name], g[name], rtol=1e-4, atol=1e-10)


def test_drips_of_the_other_constants() -> None:
    """The constants of PHREEQC 3.8.6 with their pair of K and bicarbonate."""
    for caves in _caves("losing", 2):
        others = caves.some(slice(None))
        caves.step(1, N_CORE, False)
        others.step(1, N_CORE, True)
        _same(caves, others)


def test_first_drips_and_drips_without_water_or_cave() -> None:
    """What no lane holds is bit for bit that of the scalar kernels: a first drip, none, no cave."""
    for caves in _caves("losing", 3):
        caves.s["cave"]["ceiling"]["ph"][0] = 0.0
        caves.f["epikarst"]["diffuse_recharge"]["volume"][1] = 0.0
        caves.p["cave"]["area_fraction"][2] = 0.0
        others = caves.some(slice(None))
        caves.step(0, N_SOLUTES, False)
        others.step(0, N_SOLUTES, True)
        for mine, other in ((caves.s, others.s), (caves.f, others.f)):
            for lane in range(3):
                assert mine["cave"][lane].tobytes() == other["cave"][lane].tobytes()
        assert caves.f["cave"]["drip_rate"][0] > 0.0
        assert (caves.f["cave"]["drip_rate"][1:3] == 0.0).all()
        assert caves.s["cave"]["ceiling"]["ph"][0] > 0.0


def test_carbon_is_kept() -> None:
    """What leaves the water is calcite and CO2, and the tags of its carbon add up to it."""
    for caves in _caves("mixed", 4):
        recharge = caves.f["epikarst"]["diffuse_recharge"]["sol"]
        before = recharge["dic"].copy()
        caves.step(0, N_SOLUTES, False)
        f = caves.f["cave"]
        lost = f["fissure_growth"] + f["fissure_degassing"] + f["calcite_growth"] + f["drip_degassing"]
        np.testing.assert_allclose(recharge["dic"] + lost, before, rtol=1e-12)
        tags = sum(recharge[n] for n in recharge.dtype.names if n.startswith("tag_") and n != "rock")
        np.testing.assert_allclose(tags, recharge["dic"], rtol=1e-10)


def test_no_digit_depends_on_the_neighbours() -> None:
    """A drip alone, beside one and beside seven others of other kinds, and beside one that cannot be solved."""
    for caves in _caves("mixed", 5):
        whole = caves.some(slice(None))
        whole.step(0, N_SOLUTES, False)
        poisoned = caves.some(slice(None))
        poisoned.f["epikarst"]["diffuse_recharge"]["sol"]["dic"][7] = np.nan
        for some in (*(caves.some(slice(n)) for n in (1, 2, 5, 7)), caves.some(slice(3, 6)), poisoned):
            start = 3 if len(some.p) == 3 else 0
            w = some.step(0, N_SOLUTES, False)
            for lane in range(min(len(some.p), 7)):
                assert some.s["cave"][lane].tobytes() == whole.s["cave"][start + lane].tobytes()
                assert some.f["cave"][lane].tobytes() == whole.f["cave"][start + lane].tobytes()
            if len(some.p) == 8:
                assert w[lane_dissolution.ODD + 7] == 1.0


def _springs(kind: str, constant_set: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """States and fluxes of eight catchments whose springs were read before."""
    rng = np.random.default_rng([6, constant_set])
    for _ in range(GROUPS):
        cs, cf = (new_table((8,), d["column"])[0] for d in (STATE_DTYPES, FLUX_DTYPES))
        water = cf["aquifer"]["spring"]
        for lane in range(8):
            volume = rng.uniform(0.1, 20.0)
            water["volume"][lane], water["heat"][lane] = volume, rng.uniform(2.0, 25.0) * volume
            _fill(water["sol"][lane], rng, kind, volume)
        _read_springs(cs, cf, constant_set, True)
        water["sol"]["dic"] *= rng.uniform(1.0, 1.05, 8)
        water["heat"] *= rng.uniform(0.97, 1.0, 8)
        yield cs, cf


def _read_springs(cs: np.ndarray, cf: np.ndarray, constant_set: int, scalar: bool, n: int = N_CORE) -> None:
    scratch, _ = new_table((8,), SCRATCH_DTYPE)
    READ(cs, cf, scratch, np.zeros(lane_dissolution.WORDS), constant_set, n, scalar)


READINGS = [v.name for v in aquifer.spring.STATE]


@pytest.mark.parametrize("constant_set", [0, 1])
@pytest.mark.parametrize("kind", ["losing", "soft", "gypsum"])
def test_springs_are_those_of_the_scalar_kernel(kind: str, constant_set: int) -> None:
    """All readings of the spring, also where one lane has no magnesium, is dry, or was never read."""
    for cs, cf in _springs(kind, constant_set):
        cf["aquifer"]["spring"]["sol"]["mg"][0] = 0.0
        cf["aquifer"]["spring"]["volume"][1] = 0.0
        cs["aquifer"]["spring_ph"][2] = 0.0
        others = _copy(cs)
        dry = cs["aquifer"][1].tobytes()
        _read_springs(cs, cf, constant_set, False)
        _read_springs(others, _copy(cf), constant_set, True)
        for name in READINGS:
            slack = NEAR if "_si_" in name else NEAR * np.abs(others["aquifer"][name])
            assert (np.abs(cs["aquifer"][name] - others["aquifer"][name]) <= slack).all(), name
        assert cs["aquifer"][1].tobytes() == dry
        assert cs["aquifer"][2].tobytes() == others["aquifer"][2].tobytes()


def test_no_digit_of_a_spring_depends_on_the_neighbours() -> None:
    """Alone and in groups, beside springs of another ionic strength that take more rounds."""
    for cs, cf in _springs("losing", 0):
        for _, other in _springs("gypsum", 1):
            cf["aquifer"]["spring"][4:] = other["aquifer"]["spring"][4:]
            break
        whole = _copy(cs)
        _read_springs(whole, cf, 0, False)
        for n in (1, 3, 5, 7):
            some = _copy(cs[:n])
            _read_springs(some, _copy(cf[:n]), 0, False)
            assert some["aquifer"].tobytes() == whole["aquifer"][:n].tobytes()


def test_water_alone_reads_its_temperature() -> None:
    """Without solutes a spring has a temperature and no chemistry."""
    for cs, cf in _springs("losing", 0):
        cs["aquifer"]["spring_temperature"] = 0.0
        before = _copy(cs)
        _read_springs(cs, cf, 0, False, 0)
        water = cf["aquifer"]["spring"]
        np.testing.assert_array_equal(cs["aquifer"]["spring_temperature"], water["heat"] / water["volume"])
        np.testing.assert_array_equal(cs["aquifer"]["spring_ph"], before["aquifer"]["spring_ph"])
