"""A box against a stiff solver, gross fluxes within the day, organic carbon of tributaries, and leaks in a chain."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from karstsim.chemistry import gas
from karstsim.chemistry.constants import CONSTANTS_DTYPE, set_temperature
from karstsim.chemistry.isotopes import delta_to_fraction
from karstsim.chemistry.speciation import SOLUTION_DTYPE, Mode, speciate
from karstsim.core.jit import kernel, python_callable
from karstsim.core.solutes import SOLUTES
from karstsim.model.books import ELEMENTS
from karstsim.model.engine import step_window
from karstsim.model.simulate import Simulation
from karstsim.model.site import Site
from karstsim.model.water_chain import WaterChain

NO_OUTPUT = [np.zeros((0, 4), dtype=np.int64)] * 3
POND = {"name": "pond", "kind": "reservoir", "water_class": "pond", "area_km2": 0.01, "depth_m": 0.8}
STREAM = {"name": "stream", "kind": "stream", "water_class": "headwater", "length_km": 5.0, "slope": 0.005}
INLET = {"dic": 4.2, "ca": 2.05, "na": 0.1, "cl": 0.1}  # mol m-3; O2 comes with `spring_oxygen`
FILLING = {**INLET, "oxygen": 0.25}
WARM, RSDS, DISCHARGE = 20.0, 280.0, 0.03  # degC, W m-2, m3 s-1
HOURS = 24


def _chain(*boxes: dict, isotopes: bool = False, **parameters: float) -> WaterChain:
    terrain = {"name": "s", "latitude": 26.0, "longitude": 106.0, "elevation": 0.0, "area_km2": 10.0}
    tiles = [{"land_use": "grass", "area_fraction": 1.0}]
    site = Site.from_dict({**terrain, "tiles": tiles, "boxes": list(boxes)})
    level = {"surface_water.diel_amplitude": 0.0}
    own = {f"surface_water.{name}": value for name, value in parameters.items()}
    return WaterChain(site, level | own, isotopes=isotopes)


def _run(chain: WaterChain, days: int, names: list[str], **inlet: float):
    n = days * HOURS
    return chain.run(
        names, step=1.0 / HOURS, discharge=DISCHARGE, solutes={**INLET, **inlet}, temperature=np.full(n, WARM),
        day_fraction=np.arange(n) / HOURS % 1.0, year_fraction=0.47, rsds_day=RSDS,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------- against a stiff solver


@kernel
def _carbonate(x, k, temperature, dic, ca):
    """(CO2, HCO3, Omega, h, K1, K2, OH, KH) of water with INLET's sodium and chloride, mol kg-1."""
    set_temperature(k, temperature, 0)
    x.temperature, x.dic, x.ca, x.na, x.cl = temperature, dic, ca, 1.0e-4, 1.0e-4
    x.alkalinity = 2.0 * ca
    x.resume, x.ph, x.ionic_strength = 0.0, 0.0, 0.0
    speciate(x, k, ALK_DIC)
    h = 10.0**-x.ph
    omega = 10.0**x.si_calcite
    return x.m_co2, x.m_hco3, omega, h, x.c_k1, x.c_k2, x.c_kw / h, x.c_kh


ALK_DIC = int(Mode.ALK_DIC)
CARBONATE = python_callable(_carbonate)
ENHANCEMENT, TRANSFER = python_callable(gas.chemical_enhancement), python_callable(gas.gas_transfer_velocity)
EXPONENT, SATURATION = python_callable(gas.schmidt_exponent), python_callable(gas.oxygen_saturation)
SCHMIDT_CO2, SCHMIDT_O2 = python_callable(gas.schmidt_co2), python_callable(gas.schmidt_o2)
POOLS = ("dic", "ca", "oxygen", "aoc_labile", "aoc_semilabile", "aoc_refractory", "poc", "algae")


class Equations:
    """The equations of a pond of constant volume (notes 6), written anew; mol m-3, stand per area of the pond."""

    def __init__(self, chain: WaterChain, k600: float) -> None:
        self.p = chain.params["surface_water"][0]
        self.x, self.k = np.zeros(1, SOLUTION_DTYPE)[0], np.zeros(1, CONSTANTS_DTYPE)[0]
        sun = chain._scratch["substep"]
        self.par, self.k600 = (float(sun["par_mean"][0]), float(sun["par_swing"][0])), k600
        self.depth = float(self.p["reservoir_depth"])
        self.renewal = DISCHARGE * 86400.0 / (self.p["reservoir_area"] * 1e6 * self.depth)

    def light(self, t: float, algae: float) -> float:
        p = self.p
        surface = self.par[0] + self.par[1] * math.cos(2.0 * math.pi * (t % 1.0 - 0.5))
        chlorophyll = 1e3 * 12.011 * algae / p["carbon_to_chlorophyll"]
        optical = self.depth * (p["light_attenuation"] + p["chlorophyll_attenuation"] * chlorophyll)
        return max(surface, 0.0) * (1.0 - math.exp(-optical)) / optical

    def production(self, t: float, y: np.ndarray, co2: float, hco3: float) -> tuple[float, float, float]:
        """Gross production of the stand and of phytoplankton, and the part of both from HCO3, mol m-3 d-1."""
        p, algae, stand = self.p, y[7], y[8]
        light = self.light(t, algae)
        driven = math.tanh(light / p["light_saturation"])
        driven *= math.exp(-(((WARM - p["optimum_temperature"]) / p["temperature_width"]) ** 2))
        z = min(light / p["bicarbonate_light"], 1.0)
        smooth = z * z * (3.0 - 2.0 * z)
        m = co2 / (p["half_saturation_co2"] + co2)
        rest = (1.0 - m) * hco3 / (p["half_saturation_hco3"] + hco3)
        cover = 1.0 - math.exp(-(stand + 0.1) / p["cover_biomass"])
        free = max(p["phosphorus"] - algae / 106.0, 0.0)
        by_stand = p["gross_production"] * cover / 12.011 / self.depth * driven
        by_algae = p["algal_production"] * (algae + 1e-4) * driven * free
        by_algae /= p["half_saturation_phosphorus"] + free
        stand_hco3 = by_stand * p["bicarbonate_use"] * smooth * rest
        algae_hco3 = by_algae * p["algal_bicarbonate_use"] * smooth * rest
        return by_stand * m + stand_hco3, by_algae * m + algae_hco3, stand_hco3 + algae_hco3

    def __call__(self, t: float, y: np.ndarray) -> np.ndarray:
        p, q = self.p, self.p["decay_temperature_factor"] ** (WARM - 20.0)
        dic, ca, oxygen, labile, semi, refractory, poc, algae, stand = y
        co2, hco3, omega, h, k1, k2, oh, kh = CARBONATE(self.x, self.k, WARM, dic * 1e-3, ca * 1e-3)
        velocity = TRANSFER(self.k600, SCHMIDT_CO2(WARM), EXPONENT(p["k600_law"], 2.0))
        velocity *= ENHANCEMENT(h, k1, k2, oh, velocity / 86400.0, WARM, p["ca_factor"], p["hydration_law"])
        out = velocity / self.depth * 1e3 * (co2 - kh * 410e-6)
        by_stand, by_algae, from_hco3 = self.production(t, y, 1e3 * co2, 1e3 * hco3)
        r, sinking = p["autotrophic_respiration"], p["settling_velocity"] / self.depth
        net = (1.0 - r) * (by_stand + by_algae)
        exuded = p["labile_share"] + p["semilabile_share"] + p["refractory_share"]
        grown = (1.0 - exuded) * (1.0 - r) * by_stand * self.depth
        shed = min(stand / p["plant_capacity"], 1.0) * grown
        calcite = p["biogenic_calcite"] * from_hco3
        if math.log10(omega) > p["calcite_threshold"]:
            calcite += p["calcite_rate"] / self.depth * (math.sqrt(omega) - 1.0)
        drifting = p["algal_settling"] / self.depth * algae
        buried = p["burial_efficiency"]
        respired = q * (p["labile_decay"] * labile + p["semilabile_decay"] * semi)
        respired += q * (p["refractory_decay"] * refractory + p["particulate_decay"] * poc)
        respired += (1.0 - buried) * (sinking * poc + drifting)
        respired += q * (p["plant_maintenance"] * stand / self.depth + p["algal_maintenance"] * algae)
        respired_all = respired + r * (by_stand + by_algae)
        inflow = {name: INLET.get(name, 0.0) for name in POOLS}
        inflow["oxygen"] = p["spring_oxygen"] * SATURATION(WARM, 1.0)
        slopes = self.renewal * (np.array([*inflow.values(), 0.0]) - np.array([*y[:8], 0.0]))
        slopes[0] += respired - net - calcite - out
        slopes[1] -= calcite
        to_o2 = TRANSFER(self.k600, SCHMIDT_O2(WARM), EXPONENT(p["k600_law"], 2.0)) / self.depth
        slopes[2] += to_o2 * (SATURATION(WARM, 1.0) - oxygen)
        slopes[2] += p["photosynthetic_quotient"] * (by_stand + by_algae)
        slopes[2] -= (
            respired_all / p["respiratory_quotient"] * oxygen / (p["half_saturation_oxygen"] + oxygen)
        )
        slopes[3] += p["labile_share"] * net - (q * p["labile_decay"] + p["labile_pump"]) * labile
        slopes[4] += p["semilabile_share"] * net + p["labile_pump"] * labile
        slopes[4] -= (q * p["semilabile_decay"] + p["semilabile_pump"]) * semi
        slopes[5] += p["refractory_share"] * net + p["semilabile_pump"] * semi
        slopes[5] -= q * p["refractory_decay"] * refractory
        dead = p["plant_mortality"] * stand / self.depth + p["algal_mortality"] * algae
        slopes[6] += shed / self.depth + dead - (q * p["particulate_decay"] + sinking) * poc
        slopes[7] += (1.0 - exuded) * (1.0 - r) * by_algae - drifting
        slopes[7] -= (q * p["algal_maintenance"] + p["algal_mortality"]) * algae
        slopes[8] = grown - shed - (q * p["plant_maintenance"] + p["plant_mortality"]) * stand
        return slopes


@pytest.fixture(scope="module")
def exact():
    """Two bright days of a planted pond by Radau at 1e-8, hour by hour, and where they started."""
    chain = _chain(POND)
    chain.fill(DISCHARGE, FILLING, WARM)
    first = _run(chain, 1, ["k600"])
    chain.fill(DISCHARGE, FILLING, WARM)
    chain.plant(5.0)
    start = [*(FILLING.get(name, 0.0) for name in POOLS), 5.0]
    equations = Equations(chain, float(first["k600"][0, 0]))
    times = np.arange(1, 2 * HOURS + 1) / HOURS
    found = solve_ivp(equations, (0.0, 2.0), start, "Radau", times, rtol=1e-8, atol=1e-11, max_step=0.02)
    assert found.success
    return found.y


@pytest.mark.parametrize(("substeps", "bar"), [(1440, 0.002), (48, 0.03)])
def test_a_box_agrees_with_a_stiff_solver(exact, substeps, bar) -> None:
    """targets B: DIC, Ca, O2, all organic carbon and the stand at every hour, in sub-steps of a minute within 0.2 %.

    The sub-steps of a pond, half an hour, are within 3 %: backward Euler has an error of first order. The pond
    loses an eighth of its DIC in two days and calcifies, and its O2 swings by a third.
    """
    chain = _chain(POND, substeps=substeps)
    chain.fill(DISCHARGE, FILLING, WARM)
    _run(chain, 1, ["k600"])
    chain.fill(DISCHARGE, FILLING, WARM)
    chain.plant(5.0)
    out = _run(chain, 2, [f"water_{name}" for name in POOLS] + ["water", "plants", "area_ratio"])
    assert exact[0].min() < 0.9 * INLET["dic"] and exact[2].max() > 1.3 * exact[2].min()
    for i, name in enumerate(POOLS):
        mine = 1e3 * out[f"water_{name}"][:, 0] / out["water"][:, 0]
        np.testing.assert_allclose(mine, exact[i], rtol=bar, atol=bar * exact[i].max(), err_msg=name)
    np.testing.assert_allclose(out["plants"][:, 0] / out["area_ratio"][:, 0], exact[8], rtol=bar)


def test_gross_fluxes_are_kept_apart_within_the_day() -> None:
    """A pond that gives off CO2 by night and takes it up by day: the day's step has both, their difference is the net.

    Hour by hour only one of them flows but around its turn; the sums of the hours are those of the day.
    """
    names = ["evasion", "invasion"]
    hourly, daily = _chain(POND), _chain(POND)
    lean = {**INLET, "dic": 4.1}
    for chain in (hourly, daily):
        chain.fill(DISCHARGE, {**FILLING, **lean}, WARM)
        _run(chain, 2, ["k600"], **lean)
        chain.plant(10.0)
    by_hour = {n: v[:, 0] for n, v in _run(hourly, 3, names, **lean).items()}
    by_day = daily.run(
        names, step=1.0, discharge=DISCHARGE, solutes=lean, temperature=np.full(3, WARM), day_fraction=0.0,
        year_fraction=0.47, rsds_day=RSDS,
    )  # fmt: skip
    sums = {n: v.reshape(3, HOURS).sum(axis=1) for n, v in by_hour.items()}
    for n in names:
        assert (sums[n] > 0.0).all()
        np.testing.assert_allclose(by_day[n][:, 0], sums[n], rtol=3e-3)
    both = (by_hour["evasion"] > 0.0) & (by_hour["invasion"] > 0.0)
    assert both.sum() <= 8
    assert abs(sums["evasion"][-1] - sums["invasion"][-1]) < 0.5 * (
        sums["evasion"][-1] + sums["invasion"][-1]
    )


def test_a_flood_degasses_at_its_own_velocity() -> None:
    """0.1, 10, 0.1 m3/s: in steps of a day as in steps of an hour, for k600 follows the flow within the step."""
    total = {}
    for steps in (1, HOURS):
        n = 6 * steps
        chain = _chain(STREAM, substeps=48)
        chain.fill(0.1, FILLING, WARM)
        flow = np.full(n, 0.1)
        flow[steps : 2 * steps] = 10.0
        out = chain.run(
            ["evasion", "invasion"], step=1.0 / steps, discharge=flow, solutes=INLET, temperature=np.full(n, WARM),
            day_fraction=np.arange(n) / steps % 1.0, year_fraction=0.47, rsds_day=RSDS,
        )  # fmt: skip
        total[steps] = (out["evasion"] - out["invasion"]).sum()
    assert total[1] == pytest.approx(total[HOURS], rel=0.01)


def test_a_box_does_not_depend_on_the_area_of_the_karst() -> None:
    """The same reach below 10 and 10,000 km2 gives off the same moles a day."""
    found = []
    for area in (10.0, 1.0e4):
        reach = {**STREAM, "length_km": 0.3}
        tiles = [{"land_use": "grass", "area_fraction": 1.0}]
        terrain = {"name": "s", "latitude": 26.0, "longitude": 106.0, "elevation": 0.0, "area_km2": area}
        chain = WaterChain(Site.from_dict({**terrain, "tiles": tiles, "boxes": [reach]}), {})
        chain.fill(DISCHARGE, FILLING, WARM)
        out = _run(chain, 1, ["evasion", "gpp", "water_ph"])
        found.append([out["evasion"].sum() * area, out["gpp"].sum() * area, out["water_ph"][-1, 0]])
    assert found[0][2] > 7.0
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)


# -------------------------------------------------------------------------------------- tributaries, closed chains


def test_a_tributary_brings_organic_carbon_of_land() -> None:
    """0.07 m3/s with 0.2 mol m-3 of DOC and 0.1 of particles into 0.03 without: 0.14 and, but for decay, 0.07 leave.

    Its 13C is -27 permil and its 14C modern; what is respired on the way is tagged as soil carbon.
    """
    brook = {**STREAM, "length_km": 0.5, "tributary_m3_s": 0.07}
    chain = _chain(brook, isotopes=True)
    chain.fill(DISCHARGE + 0.07, FILLING, WARM)
    carried = ("doc_labile", "doc_semilabile", "doc_refractory", "poc_land", "do13c", "do14c", "tag_soil")
    out = _run(chain, 2, [f"outflow_{name}" for name in carried] + ["outflow"])
    last = {n: 1e3 * out[f"outflow_{n}"][-1, 0] / out["outflow"][-1, 0] for n in carried}
    dissolved = last["doc_labile"] + last["doc_semilabile"] + last["doc_refractory"]
    assert dissolved == pytest.approx(0.14, rel=0.01)
    assert last["doc_labile"] == pytest.approx(0.2 * dissolved, rel=0.01)
    assert 0.05 < last["poc_land"] < 0.07
    organic = dissolved + last["poc_land"]
    assert last["do13c"] == pytest.approx(organic * python_callable(delta_to_fraction)(-27.0), rel=1e-9)
    assert last["do14c"] == pytest.approx(organic, rel=1e-9)
    assert 0.0 < last["tag_soil"] < 0.03


@pytest.fixture(scope="module")
def watershed(climate_forcing, whole_site):
    """A stream with a tributary, a dam, a planted and harvested stream below it; half a year of everything."""
    options = {
        "surface_water.nitrate_share": 1.0,
        "surface_water.tributary_no3": 0.2,
        "surface_water.tributary_ca": 1.5,
        "surface_water.tributary_pco2": 500.0,
        "surface_water.plant_harvest": 4.0,
        "surface_water.calcite_burial": 0.05,
        "surface_water.calcite_threshold": 0.0,
        "surface_water.calcite_rate": 0.2,
    }
    boxes = [
        {**STREAM, "name": "a", "tributary_km2": 4.0, "plants": "pondweed", "parameters": options},
        {
            **POND,
            "name": "dam",
            "area_km2": 0.2,
            "depth_m": 4.0,
            "tributary_m3_s": 0.05,
            "parameters": options,
        },
        {**STREAM, "name": "c", "water_class": "planted_stream", "parameters": options},
    ]
    run = Simulation(whole_site(("cropland", "bare_rock"), boxes=boxes), climate_forcing("monsoon", years=1))
    run.spin_up(0)
    names = ("tributary_poc_land", "plant_harvest", "burial_oc", "calcite_burial", "nitrate_uptake")
    wanted = [*(f"surface_water_{n}" for n in names), "catchment_imbalance_*"]
    return run, run.run(["daily"], wanted)["daily"].isel(realization=0)


def test_a_chain_closes_with_harvest_burial_and_a_dam(watershed) -> None:
    """C, Ca, O2 and all ions, and so alkalinity, each day to 1e-13; every flux out of the chain is at work."""
    run, out = watershed
    for name in ("tributary_poc_land", "plant_harvest", "burial_oc", "calcite_burial", "nitrate_uptake"):
        assert float(out[f"surface_water_{name}"].max()) > 0.0, name
    for element in ELEMENTS:
        assert float(out[f"catchment_imbalance_{element}"].max()) <= 1e-13, element
    assert max(run.closure().values()) <= 1e-12


LEAKS = {
    "carbon": [s.name for s in SOLUTES if s.carbon] + ["plants", "bed_calcite"],
    "calcium": ["ca", "bed_calcite"],
    "magnesium": ["mg"],
    "alkali": ["na", "k"],
    "chloride": ["cl"],
    "sulfate": ["so4"],
    "nitrate": ["no3"],
    "oxygen": ["oxygen"],
}


@pytest.mark.parametrize("sign", [1.0, -1.0], ids=["gain", "loss"])
def test_a_leak_in_any_box_is_noticed(watershed, sign) -> None:
    """1e-8 mol m-2 of any solute, of plants or of the bed, put into or taken out of one box: its book shows it.

    A leak of alkalinity is one of an ion: each of them has a book.
    """
    run, _ = watershed
    states = {level: floats.copy() for level, floats in run.tables.state_floats.items()}
    day, books = run.forcing.window(180, 181), run.tables.flux["column"]["catchment"]
    box = run.tables.state["box"]["surface_water"]
    unseen = []
    for element, places in LEAKS.items():
        for place in places:
            for i in range(3):
                for level, floats in run.tables.state_floats.items():
                    floats[...] = states[level]
                held = box[place] if place in ("plants", "bed_calcite") else box["water"]["sol"][place]
                held[0, i] += sign * min(1e-8, 0.5 * held[0, i]) if held[0, i] > 0.0 else abs(sign) * 1e-8
                step_window(run.tables, day, NO_OUTPUT, run.physics)
                if float(books["imbalance"][element][0]) < 1e-12:
                    unseen.append((element, place, i))
    for level, floats in run.tables.state_floats.items():
        floats[...] = states[level]
    assert not unseen
