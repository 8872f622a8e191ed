"""Strong acids by source, the acid and anhydrase ladders of design notes in the soil store, and pedogenic calcite."""

from __future__ import annotations

import math

import numpy as np
import pytest

import karstsim as ks
from karstsim.chemistry.constants import CONSTANTS_DTYPE, set_temperature
from karstsim.chemistry.speciation import SOLUTION_DTYPE
from karstsim.core.classes import LAND_USES
from karstsim.core.constants import DAYS_PER_YEAR
from karstsim.core.jit import kernel
from karstsim.forcing.records import FORCING
from karstsim.processes import soil
from karstsim.processes.soil import chemistry, deposition, irrigation, nitrification, pyrite
from karstsim.processes.transport import evaporate, receive, withdraw

N = 13
PRESSURE = 1.0e-2  # atm
# HNO3, Ca, HCO3 in mmol l-1 at 15 degC and 10^-2 atm (design notes 4.6)
LADDER = [
    (0.0, 1.946, 3.874),
    (0.2, 2.019, 3.819),
    (0.5, 2.129, 3.741),
    (1.0, 2.318, 3.620),
    (2.0, 2.713, 3.410),
]


def _acid(params: dict[str, float]) -> float:
    """Equivalents per year of the sources that run by default."""
    crop = params["fertiliser_nitrogen"] * params["nitrified_share"] * (1.0 - params["nitrate_uptake"])
    return 2.0 * params["dry_sulfur"] + params["dry_nitrogen"] + crop + 4.0 * params["pyrite_rate"]


@pytest.mark.parametrize("land_use", LAND_USES)
def test_the_sources_add_up_to_the_acid_load_of_the_science_page(land_use) -> None:
    """design notes 3.13: 0.3 eq m-2 a-1 under cropland, 0.2 elsewhere."""
    values = {q.name: q.by_class.get(land_use, q.default) for q in soil.PARAMS}
    assert _acid(values) == pytest.approx(0.3 if land_use == "cropland" else 0.2, rel=1e-12, abs=0.0)


@pytest.fixture
def tile(record_of):
    p, s, f = record_of(soil.PARAMS), record_of(soil.STATE), record_of(soil.FLUXES)
    s.temperature, s.pore_water.volume = 15.0, 70.0
    return p, s, f


def test_a_year_of_dry_deposition_and_fertiliser(tile, on_rows) -> None:
    """0.06 mol S and 0.08 mol N; of 2 mol fertiliser N half nitrifies and 0.4 of that stays: 0.4 mol of nitrate."""
    p, s, f = tile
    p.fertiliser_nitrogen = 2.0
    on_rows(deposition.step)(p, s, f, DAYS_PER_YEAR)
    on_rows(nitrification.step)(p, s, f, DAYS_PER_YEAR)
    assert s.pore_water.sol.so4 == pytest.approx(0.06, rel=1e-12, abs=0.0)
    assert s.pore_water.sol.no3 == pytest.approx(0.08 + 0.4, rel=1e-12, abs=0.0)


@pytest.mark.parametrize(
    ("temperature", "co2", "air", "factor"),
    [
        (15.0, 0.0, 0.55, 1.0),
        (25.0, 0.0, 0.55, math.exp(56.9 / 8.314462618e-3 * (1.0 / 288.15 - 1.0 / 298.15))),
        (15.0, 0.05, 0.55, math.sqrt((0.2095 - 0.78 * 0.05) / 0.2095)),
        (15.0, 0.0, 0.055, 0.2),
        (15.0, 0.5, 0.55, 0.0),
    ],
)
def test_pyrite_gives_two_sulfates_with_warmth_and_oxygen(
    tile, record_of, on_rows, temperature, co2, air, factor
) -> None:
    """FeS2 -> 2 H2SO4: 0.05 mol a-1 in well-aired soil at 15 degC give 0.1 mol of sulfate.

    25 degC: Arrhenius with 56.9 kJ mol-1, 2.22. CO2 5 % above the air: O2 0.78 x 5 % below its 20.95 %, root 0.902.
    Pores filled to a tenth with air: a fifth of the half from which on O2 comes freely. No O2, no acid.
    """
    p, s, f = tile
    p.pyrite_rate, p.porosity, s.temperature = 0.05, 0.55, temperature
    f.base_pco2_without_uptake, f.air_filled_porosity = co2, air
    on_rows(pyrite.step)(p, s, f, record_of(FORCING, ps=101325.0), DAYS_PER_YEAR)
    assert s.pore_water.sol.so4 == f.pyrite_so4 == pytest.approx(0.1 * factor, rel=1e-9)


# ---------------------------------------------------------------------------------------------------- ladders X09, X10a


def test_acid_ladder_of_the_chemistry() -> None:
    """design notes 10, X09: within 1 %."""
    acid, ca, bicarbonate = np.array(LADDER).T
    out = ks.equilibrate(15.0, PRESSURE, ["calcite"], acid={"hno3": acid})
    assert out.ca.values == pytest.approx(ca, rel=1e-2)
    made = (out.m_hco3 + out.m_cahco3).values
    assert made == pytest.approx(bicarbonate, rel=1e-2)
    sink = made - out.ca.values
    assert sink[3] / sink[0] == pytest.approx(0.67, abs=0.01), "1 meq takes a third of the sink (A17)"


@kernel
def _set(k, temperature):
    set_temperature(k, temperature, 0)


@kernel
def _react(p, s, f, x, k, h, steps):
    for _ in range(steps):
        chemistry.begin(f)
        chemistry.step(p, s, f, 0.0, 0.0, x, k, h)


@pytest.fixture
def scratch(on_rows):
    x, k = np.zeros(1, SOLUTION_DTYPE)[0], np.zeros(1, CONSTANTS_DTYPE)[0]
    on_rows(_set)(k, 15.0)
    return x, k


@pytest.mark.parametrize(("acid", "ca", "bicarbonate"), LADDER)
def test_acid_ladder_through_the_soil_store(tile, scratch, on_rows, acid, ca, bicarbonate) -> None:
    """After years on the rock, pure water with nitric acid has the ladder's calcium, within 1 %.

    The sink is x = HCO3 - (Ca + Mg) (design notes 4.6): the CO2 that became bicarbonate and stays in the water.
    """
    p, s, f = tile
    x, k = scratch
    mm = 1e-3 * s.pore_water.volume
    s.pore_water.sol.no3 = acid * mm
    f.base_pco2_without_uptake = PRESSURE
    on_rows(_react)(p, s, f, x, k, 30.0, 400)
    sol = s.pore_water.sol
    made = 1e3 * (x.m_hco3 + x.m_cahco3)
    assert sol.ca / mm == pytest.approx(ca, rel=1e-2)
    assert made == pytest.approx(bicarbonate, rel=1e-2)
    assert made - sol.ca / mm == pytest.approx(bicarbonate - ca, rel=1.5e-2)


def test_anhydrase_ladder_in_the_soil_store(tile, scratch, on_rows) -> None:
    """X10a: six hours of pure water on rock at 15 degC, 10^-2 atm: more with more anhydrase, at most tenfold (4.7)."""
    p, s, f = tile
    x, k = scratch
    f.base_pco2_without_uptake = PRESSURE
    p.area_to_volume = 20.0  # far from saturation, as in a fissure
    dissolved = []
    for factor in (1.0, 2.0, 5.0, 10.0, 20.0):
        p.ca_factor = factor
        s.pore_water.sol.ca = s.pore_water.sol.dic = s.pore_water.ph = 0.0
        on_rows(_react)(p, s, f, x, k, 0.25, 1)
        dissolved.append(f.rock_dissolution)
    print("anhydrase 1, 2, 5, 10, 20:", np.round(np.array(dissolved) / dissolved[0], 2))
    assert (np.diff(dissolved) > 0.0).all()
    assert 1.2 < dissolved[-1] / dissolved[0] < 10.0


# -------------------------------------------------------------------------------------------------- A40: irrigated soil


@kernel
def _irrigated_year(p, s, f, forcing, x, k, evaporated):
    """365 days of irrigation of which the share `evaporated` goes to the air and the rest down.

    (net calcite, CO2 given off, calcium that stayed, rock dissolved), mol m-2
    """
    calcite, released, stayed, rock = 0.0, 0.0, 0.0, 0.0
    for _ in range(365):
        irrigation.step(p, s, f, s.pore_water, 0.0, 1.0, forcing, 1.0, N)
        receive(s.pore_water, f.irrigation, 1.0, N)
        evaporate(s.pore_water, evaporated * f.irrigation.volume)
        chemistry.begin(f)
        chemistry.step(p, s, f, 0.0, 0.0, x, k, 1.0)
        withdraw(s.pore_water, f.percolation, (1.0 - evaporated) * f.irrigation.volume, N)
        calcite += f.calcite_precipitation - f.grain_dissolution
        released -= f.gas_uptake
        stayed += f.irrigation.sol.ca - f.percolation.sol.ca
        rock += f.rock_dissolution
    return calcite, released, stayed, rock


@pytest.mark.parametrize("evaporated", [0.81, 0.9, 0.97])
def test_dry_irrigated_soil_gathers_calcite_and_gives_its_co2_off(
    tile, scratch, record_of, on_rows, evaporated
) -> None:
    """A40: ET over water given > 0.8 and irrigation at SI > 0 under soil gas of 10^-3 atm: calcite grows.

    Karst water (1.9 mmol Ca) under a lower pressure than where it came from. One mole of CO2 leaves per mole of
    calcite, beside the dissolved CO2 that the irrigation water brings. The third year is steady.
    """
    p, s, f = tile
    x, k = scratch
    p.irrigation_rate = 2.0
    f.base_pco2_without_uptake = 1.0e-3
    forcing = record_of(FORCING, tas=15.0)
    for _ in range(3):
        year = on_rows(_irrigated_year)(p, s, f, forcing, x, k, evaporated)
    calcite, released, missing, rock = year
    assert s.carbonate > 0.0 and calcite > 0.1
    assert missing == pytest.approx(calcite, rel=0.02), "calcium that stays behind is calcite"
    assert rock == 0.0
    alkalinity = 2.0 * (1.9 + 0.1 - 0.05) + 0.02 - 0.02 - 0.02
    brought = p.irrigation_rate * 0.365 * (4.2 - alkalinity)
    print(f"{evaporated}: calcite {calcite:.3f}, CO2 {released:.3f}, of it brought {brought:.3f}")
    assert released == pytest.approx(calcite + brought, rel=0.05)


def test_the_defaults_of_pedogenic_calcite_are_those_of_the_science_page() -> None:
    """design notes 4.5: threshold 0.3, precipitation 1 d-1, dissolution first at 5 d-1."""
    defaults = {q.name: q.default for q in chemistry.PARAMS}
    assert [defaults[n] for n in ("calcite_threshold", "calcite_rate", "grain_rate")] == [0.3, 1.0, 5.0]
