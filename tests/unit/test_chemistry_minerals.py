"""Equilibria with calcite, aragonite, dolomite, gypsum, acids and gas volumes; mixtures of waters.

Worked values are those of notes 4.1, computed with PHREEQC and its wateq4f.dat, whose constants are nearly but not
quite those of phreeqc.dat: 0.2 % in totals and 0.002 in pH and SI are allowed for that and for their three or four
digits. The comparison with the same constants, at 1e-4, is in tests/peers/test_phreeqc_paths.py.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import karstsim as ks
from karstsim.chemistry.api import equilibrate, mix, speciate
from karstsim.chemistry.constants import CONSTANTS_DTYPE, set_temperature
from karstsim.chemistry.equilibrium import equilibrate_closed, equilibrate_open
from karstsim.chemistry.gas import fugacity_coefficient_co2
from karstsim.chemistry.speciation import SOLUTION_DTYPE
from karstsim.core.constants import GAS_CONSTANT_ATM, ZERO_CELSIUS
from karstsim.core.errors import InputError
from karstsim.core.jit import python_callable

MINERAL_SETS = [
    [],
    ["calcite"],
    ["aragonite"],
    ["dolomite"],
    ["gypsum"],
    ["calcite", "dolomite"],
    ["calcite", "gypsum"],
    ["aragonite", "dolomite"],
    ["aragonite", "gypsum"],
    ["dolomite", "gypsum"],
    ["calcite", "dolomite", "gypsum"],
    ["aragonite", "dolomite", "gypsum"],
]
WATEQ4F = {"rel": 2e-3}
ATMOSPHERE = 415e-6

# rows: 5, 10, 15, 20, 25 degC; columns: log10 pCO2 -3.4, -2.5, -2, -1.5
TEMPERATURES, PRESSURES = [5.0, 10.0, 15.0, 20.0, 25.0], [-3.4, -2.5, -2.0, -1.5]
OPEN_CA = [
    [0.739, 1.526, 2.309, 3.519],
    [0.680, 1.402, 2.119, 3.229],
    [0.626, 1.289, 1.947, 2.965],
    [0.578, 1.186, 1.790, 2.723],
    [0.533, 1.092, 1.646, 2.503],
]
OPEN_HCO3 = [
    [1.450, 3.031, 4.597, 7.018],
    [1.331, 2.783, 4.219, 6.439],
    [1.224, 2.556, 3.874, 5.911],
    [1.125, 2.350, 3.560, 5.428],
    [1.035, 2.161, 3.272, 4.986],
]
OPEN_DIC = [
    [1.489, 3.244, 5.248, 9.058],
    [1.367, 2.963, 4.766, 8.148],
    [1.256, 2.711, 4.340, 7.362],
    [1.155, 2.484, 3.961, 6.676],
    [1.063, 2.279, 3.622, 6.071],
]
OPEN_PH = [
    [8.246, 7.656, 7.330, 7.004],
    [8.234, 7.644, 7.318, 6.992],
    [8.225, 7.635, 7.308, 6.982],
    [8.218, 7.628, 7.301, 6.975],
    [8.214, 7.624, 7.297, 6.971],
]


def near(values: object, expected: object, **tolerance: float) -> None:
    np.testing.assert_allclose(np.asarray(values), expected, **(tolerance or {"rtol": WATEQ4F["rel"]}))


# ------------------------------------------------------------------------------------------------ worked values


def test_open_calcite_of_the_literature() -> None:
    """design notes 4.1, all twenty waters: Ca, HCO3 with its pair, DIC (mmol/kgw), pH."""
    temperature = xr.DataArray(TEMPERATURES, dims="warmth")
    pressure = xr.DataArray(10.0 ** np.array(PRESSURES), dims="gas")
    out = ks.equilibrate(temperature=temperature, pco2=pressure, minerals=["calcite"], system="open")
    assert out.ca.dims == ("warmth", "gas")
    near(out.ca, OPEN_CA)
    near(out.m_hco3 + out.m_cahco3, OPEN_HCO3)
    near(out.dic, OPEN_DIC)
    near(out.ph, OPEN_PH, atol=2e-3)


@pytest.mark.parametrize(
    ("pressure", "ca", "ph", "after"),
    [
        (1e-2, [0.5558, 0.4789, 0.4181], [8.403, 8.451, 8.493], [220, 180, 151]),
        (10**-1.5, [1.5213, 1.3219, 1.1572], [7.579, 7.615, 7.648], [3977, 3395, 2952]),
    ],
)
def test_closed_calcite_of_the_literature(
    pressure: float, ca: list[float], ph: list[float], after: list[float]
) -> None:
    """design notes 4.1 at 10, 15, 20 degC: Ca, pH and CO2 pressure (uatm, three digits) when calcite is saturated."""
    out = equilibrate([10.0, 15.0, 20.0], pressure, ["calcite"], "closed")
    near(out.ca, ca)
    near(out.ph, ph, atol=2e-3)
    near(out.pco2 * 1e6, after, rtol=6e-3)
    assert (out.co2_uptake == 0.0).all()


def test_dolomite_of_the_literature() -> None:
    """design notes 4.1: dolomite alone and with calcite, open at 10^-2 atm, 10, 15, 20 degC."""
    alone = equilibrate([10.0, 15.0, 20.0], 1e-2, "dolomite")
    near(alone.ca, [1.4268, 1.2610, 1.1209])
    near(alone.mg, alone.ca, rtol=1e-12)
    near(alone.dic, [6.228, 5.485, 4.861])
    near(alone.si_calcite, [0.049, 0.004, -0.034], atol=2e-3)
    both = equilibrate([10.0, 15.0, 20.0], 1e-2, ["calcite", "dolomite"])
    near(both.ca, [1.2703, 1.2483, 1.2104], rtol=5e-3)
    near(both.mg, [1.5902, 1.2737, 1.0342], rtol=5e-3)


def test_degassing_of_the_literature() -> None:
    """design notes 4.1: calcite waters of 10^-2 atm brought to 415 uatm, without and with calcite."""
    temperature = [10.0, 15.0, 20.0]
    start = equilibrate(temperature, 1e-2, ["calcite"])
    bare = equilibrate(pco2=ATMOSPHERE, minerals=[], water=start)
    near(bare.ph, [8.664, 8.652, 8.641], atol=2e-3)
    near(bare.dic, [4.082, 3.735, 3.417])
    near(bare.si_calcite, [1.293, 1.286, 1.277], atol=2e-3)
    near(bare.ca, start.ca, rtol=1e-14)
    tufa = equilibrate(pco2=ATMOSPHERE, minerals=["calcite"], water=start)
    near(tufa.ca, [0.690, 0.635, 0.586])
    near(tufa.dic, [1.388, 1.275, 1.173])
    near(tufa.calcite_dissolved, tufa.ca - start.ca, rtol=1e-12)
    assert (tufa.co2_uptake < bare.co2_uptake).all()


def test_mixing_corrosion_of_the_literature() -> None:
    """design notes 4.1: equal parts of waters saturated at 10^-2 and at 415 uatm; calcite dissolves in the mixture."""
    waters = [equilibrate([10.0, 15.0, 20.0], p, ["calcite"]) for p in (1e-2, ATMOSPHERE)]
    mixture = ks.mix(*waters, fraction=0.5)
    near(mixture.si_calcite, [-0.203, -0.201, -0.199], atol=2e-3)
    near(mixture.ca, [1.4045, 1.2911, 1.1877])
    near(mixture.ca + mixture.calcite_capacity, [1.4835, 1.3593, 1.2470])
    near(mixture.mixing_corrosion, mixture.calcite_capacity, atol=1e-8)


def test_strong_acids_of_the_literature() -> None:
    """design notes 4.1: 1 meq of nitric or sulfuric acid per litre, open at 10^-2 atm, 15 degC; HCl as HNO3."""
    nitric = equilibrate(15, 1e-2, ["calcite"], acid={"HNO3": 1.0})
    near([nitric.ca, nitric.dic, nitric.ph], [2.319, 4.085, 7.275])
    sulfuric = equilibrate(15, 1e-2, ["calcite"], acid={"h2so4": 0.5})
    near([sulfuric.ca, sulfuric.dic, sulfuric.ph], [2.348, 4.142, 7.282])
    assert (sulfuric.so4, nitric.no3) == (0.5, 1.0)
    hydrochloric = equilibrate(15, 1e-2, ["calcite"], acid={"hcl": 1.0})
    near(hydrochloric.ca, nitric.ca)
    near(hydrochloric.cl, 1.0)


def test_gypsum_in_pure_water() -> None:
    """Solubility at 25 degC 15.1 mmol/kg (Marshall & Slusher 1966, J. Phys. Chem. 70:4015); the database: +3 %."""
    out = equilibrate(25, 0.0, ["gypsum"])
    assert out.ca.item() == pytest.approx(15.1, rel=0.05)
    assert out.gypsum_dissolved.item() == pytest.approx(
        out.so4.item() * out.water_mass.item(), rel=1e-12, abs=0.0
    )
    water = 1.0 + 2 * 18.0153e-3 * out.gypsum_dissolved.item() / 1e3
    assert out.water_mass.item() == pytest.approx(water, abs=1e-9)


@pytest.mark.parametrize("constants", ["pb82", "phreeqc386"])
def test_calcite_as_the_solvers_of_the_simulator(constants: str) -> None:
    """Open and closed calcite against `equilibrate_open` and `equilibrate_closed`, which iterate differently."""
    fill, phi = python_callable(set_temperature), python_callable(fugacity_coefficient_co2)
    is_open, is_closed = python_callable(equilibrate_open), python_callable(equilibrate_closed)
    start = {"ca": 1.0, "mg": 0.7, "na": 0.4, "cl": 0.5, "so4": 0.6, "alkalinity": 2.0, "dic": 2.3}
    k = np.zeros(1, CONSTANTS_DTYPE)[0]
    for temperature in (0.0, 12.0, 25.0, 45.0):
        fill(k, temperature, int(constants == "phreeqc386"))
        water = {"temperature": temperature} | start
        x = np.zeros(1, SOLUTION_DTYPE)[0]
        for name, value in start.items():
            setattr(x, name, value * 1e-3)
        n = is_closed(x, k, 0.0)
        out = equilibrate(minerals="calcite", system="closed", water=water, constants=constants)
        assert out.calcite_dissolved.item() == pytest.approx(n * 1e3, rel=1e-7)
        n, g = is_open(x, k, 0.0, phi(temperature, 0.03) * 0.03, 0.0)
        again = equilibrate(pco2=0.03, minerals="calcite", water=out, constants=constants)
        assert again.calcite_dissolved.item() == pytest.approx(n * 1e3, rel=1e-7)
        assert again.co2_uptake.item() == pytest.approx(g * 1e3, rel=1e-7)


# ------------------------------------------------------------------------------------------------ gas volumes


@pytest.mark.parametrize("minerals", [["calcite"], ["dolomite"], ["calcite", "gypsum"], []])
def test_gas_volume_lies_between_closed_and_open(minerals: list[str]) -> None:
    """No gas: closed; a huge volume: open; in between the more gas the more dissolves."""
    volumes = np.concatenate([[0.0], np.logspace(-2, 4, 45), [1e8]])
    out = equilibrate(12, 0.02, minerals, gas_volume=volumes)
    ends = [equilibrate(12, 0.02, minerals, system) for system in ("closed", "open")]
    for name in ("ca", "dic", "ph", "co2_uptake"):
        assert out[name].values[0] == pytest.approx(ends[0][name].item(), rel=1e-9, abs=1e-9), name
        assert out[name].values[-1] == pytest.approx(ends[1][name].item(), rel=1e-6, abs=1e-6), name
    if minerals:
        assert (np.diff(out.alkalinity) > 0.0).all()
        assert (np.diff(out.pco2) > 0.0).all() and out.pco2.values[-1] < 0.02 * (1.0 + 1e-9)


def test_gas_and_water_exchange_without_a_mineral() -> None:
    """A spring water in a bottle with five volumes of air: its CO2 is shared, ions and alkalinity stay."""
    spring = speciate(temperature=15, ca=2.0, alkalinity=4.0, pco2=0.02)
    out = equilibrate(pco2=ATMOSPHERE, minerals=[], gas_volume=5.0, water=spring)
    assert ATMOSPHERE < out.pco2.item() < 0.02
    assert out.alkalinity.item() == 4.0 and out.ca.item() == 2.0
    gained = 5.0 * (out.pco2.item() - ATMOSPHERE) / (GAS_CONSTANT_ATM * (15 + ZERO_CELSIUS))
    assert gained == pytest.approx(-out.co2_uptake.item(), rel=1e-9)
    assert spring.dic.item() - out.dic.item() == pytest.approx(gained, rel=1e-9)


# ------------------------------------------------------------------------------------------------ balances

cases = st.fixed_dictionaries(
    {
        "temperature": st.floats(0.0, 50.0),
        "pco2": st.floats(1e-5, 0.3),
        "minerals": st.sampled_from(MINERAL_SETS),
        "gas_volume": st.one_of(st.none(), st.just(0.0), st.floats(0.0, 1e3)),
        "h2so4": st.floats(0.0, 2.0),
        "hno3": st.floats(0.0, 2.0),
        "hcl": st.floats(0.0, 2.0),
        "ca": st.floats(0.0, 5.0),
        "mg": st.floats(0.0, 5.0),
        "na": st.floats(0.0, 20.0),
        "so4": st.floats(0.0, 5.0),
    }
)


@settings(max_examples=150, deadline=None)
@given(cases)
def test_mass_and_charge_are_conserved(case: dict) -> None:
    """start + acid + minerals + gas = water_mass * totals for each element and the charge, to rounding."""
    start = speciate(
        temperature=case["temperature"],
        pco2=case["pco2"],
        charge_balance=True,
        **{name: case[name] for name in ("ca", "mg", "na", "so4")},
    )
    acid = {name: case[name] for name in ("h2so4", "hno3", "hcl")}
    out = equilibrate(
        None, case["pco2"], case["minerals"], gas_volume=case["gas_volume"], acid=acid, water=start
    )
    assert out.flag.item() == ""
    end = {
        name: float(out[name]) * float(out.water_mass) for name in ("ca", "mg", "so4", "dic", "alkalinity")
    }
    n = {name: float(out[f"{name}_dissolved"]) for name in ("calcite", "aragonite", "dolomite", "gypsum")}
    lime = n["calcite"] + n["aragonite"]
    uptake = float(out.co2_uptake)
    sums = {
        "ca": start.ca + lime + n["dolomite"] + n["gypsum"],
        "mg": start.mg + n["dolomite"],
        "so4": start.so4 + n["gypsum"] + case["h2so4"],
        "dic": start.dic + lime + 2.0 * n["dolomite"] + uptake,
        "alkalinity": start.alkalinity
        + 2.0 * lime
        + 4.0 * n["dolomite"]
        - 2.0 * case["h2so4"]
        - case["hno3"]
        - case["hcl"],
    }
    scale = (
        sum(abs(v) for v in n.values()) + sum(abs(v) for v in end.values()) + abs(uptake) + case["na"] + 6.0
    )
    for name, value in sums.items():
        assert end[name] == pytest.approx(float(value), abs=2e-14 * scale), name
    assert float(out.charge_imbalance) == pytest.approx(0.0, abs=1e-13 * scale)
    assert float(out.na) * float(out.water_mass) == pytest.approx(case["na"], abs=1e-13 * scale)
    for name, amount in n.items():
        assert name in case["minerals"] or amount == 0.0, name
    if case["gas_volume"] is not None:
        per_atm = case["gas_volume"] / (GAS_CONSTANT_ATM * (case["temperature"] + ZERO_CELSIUS))
        gas = per_atm * (case["pco2"] - float(out.pco2))
        assert gas == pytest.approx(uptake, abs=1e-8 * (scale + per_atm * case["pco2"]))


def random_waters(rng: np.random.Generator, size: int) -> dict[str, np.ndarray]:
    """Waters from rain to brackish, acid to alkaline, some of their ions absent."""
    ions = {"ca": 10.0, "mg": 10.0, "na": 50.0, "k": 5.0, "cl": 50.0, "so4": 20.0, "no3": 5.0}
    water = {name: rng.uniform(0.0, top, size) * (rng.random(size) < 0.7) for name, top in ions.items()}
    water |= {"dic": rng.uniform(0.0, 20.0, size), "alkalinity": rng.uniform(-5.0, 20.0, size)}
    return water


@pytest.mark.parametrize("constants", ["pb82", "phreeqc386"])
def test_random_waters_are_solved(constants: str) -> None:
    """20,000 cases and more: each is flagged or has all asked minerals within 1e-8 of saturation; none is NaN.

    Reached: none flagged.
    """
    rng = np.random.default_rng(20260725)
    size, seen, flagged = 450, 0, 0
    for minerals in MINERAL_SETS:
        for kind in ("open", "closed", "gas", "water"):
            acid = {
                name: rng.uniform(0.0, 2.0, size) * (rng.random(size) < 0.5) for name in ("h2so4", "hno3")
            }
            pressure = 10.0 ** rng.uniform(-5.0, -0.5, size)
            settings_: dict = {"system": "open" if kind == "open" else "closed", "acid": acid}
            if kind == "gas":
                settings_["gas_volume"] = 10.0 ** rng.uniform(-3.0, 3.0, size)
            if kind == "water":
                settings_["water"] = random_waters(rng, size) | {"temperature": rng.uniform(0.0, 50.0, size)}
            temperature = rng.uniform(0.0, 50.0, size)
            gas = None if kind == "water" else pressure
            out = equilibrate(temperature, gas, minerals, constants=constants, **settings_)
            good = out.flag.values == ""
            flagged += int((~good).sum())
            seen += size
            for name in ("ph", "pco2", "dic", "calcite_dissolved", "co2_uptake"):
                assert np.isfinite(out[name].values[good]).all(), (minerals, kind, name)
            for mineral in minerals:
                assert np.abs(out[f"si_{mineral}"].values[good]).max() < 1e-8, (minerals, kind)
    assert seen >= 20_000
    assert flagged == 0


def test_mixtures_of_saturated_waters_are_aggressive() -> None:
    """Boegli (1964): waters saturated at different CO2 of soil and cave air dissolve calcite when they mix."""
    rng = np.random.default_rng(4)
    temperature = rng.uniform(0.0, 30.0, 300)
    a, b = (equilibrate(temperature, 10.0 ** rng.uniform(-3.0, -1.0, 300), ["calcite"]) for _ in range(2))
    fraction = rng.random(300)
    mixture = mix(a, b, fraction)
    assert (mixture.calcite_capacity > -1e-9).all()
    assert (mixture.si_calcite < 1e-9).all()
    for name in ("temperature", "ca", "dic", "alkalinity"):
        near(mixture[name], fraction * a[name] + (1.0 - fraction) * b[name], rtol=1e-13)
    near(mix(a, b, 1.0).ph, a.ph, atol=1e-7)
    near(mix(a, a, 0.3).calcite_capacity, 0.0, atol=1e-8)


# ------------------------------------------------------------------------------------------------ labels and errors


@pytest.mark.nojit
def test_a_result_is_the_start_of_the_next() -> None:
    soil = equilibrate(temperature=12, pco2=0.03, minerals=["calcite"], acid={"h2so4": 0.2})
    again = equilibrate(pco2=0.03, minerals=["calcite"], water=soil)
    assert again.calcite_dissolved.item() == pytest.approx(0.0, abs=1e-8)
    given_again = {name: soil[name].item() for name in ("temperature", "ca", "so4", "alkalinity", "dic")}
    near(equilibrate(pco2=0.03, minerals=["calcite"], water=given_again).ca, again.ca, rtol=1e-12)
    table = pd.DataFrame({"ca_mg_l": [80.0, 40.0], "alkalinity_meq_l": [4.0, 2.0], "ph": [7.2, 8.0]})
    two = equilibrate(11, minerals=["calcite"], system="closed", water=table)
    assert two.ca.shape == (2,) and (two.flag == "").all()
    near(two.ca, table.ca_mg_l / 40.078 + two.calcite_dissolved, rtol=1e-12)
    for name, variable in two.items():
        assert "long_name" in variable.attrs, name
        assert name == "flag" or "units" in variable.attrs, name


@pytest.mark.nojit
def test_labels_stay() -> None:
    time = pd.date_range("2020", periods=2)
    temperature = xr.DataArray([5.0, 15.0], dims="time", coords={"time": time})
    pressure = xr.DataArray([1e-3, 1e-2], dims="pco2", coords={"pco2": [1e-3, 1e-2]})
    out = equilibrate(temperature, pressure, ["calcite"], "closed")
    assert dict(out.sizes) == {"time": 2, "pco2_given": 2}
    near(out.pco2_given, pressure)
    single = equilibrate(15.0, 1e-3, ["calcite"], "closed")
    assert out.ca.sel(time="2020-01-02").values[0] == pytest.approx(single.ca.item(), rel=1e-12, abs=0.0)
    warmth = xr.DataArray([5.0, 15.0], dims="temperature", coords={"temperature": [5.0, 15.0]})
    assert equilibrate(warmth, 1e-3, ["calcite"]).ca.sel(temperature=15.0).item() > 0.0
    series = pd.Series([5.0, 15.0], index=pd.Index(["a", "b"], name="sample"))
    springs = equilibrate(series, 1e-3, ["calcite"])
    assert list(springs.sample.values) == ["a", "b"]
    mixed = mix(springs, equilibrate(10, 1e-1, ["calcite"]), xr.DataArray([0.0, 0.5], dims="share"))
    assert set(mixed.ca.dims) == {"sample", "share"}
    assert equilibrate([], [], ["calcite"]).ca.shape == (0,)


def test_dask_arrays_are_computed() -> None:
    pytest.importorskip("dask")
    temperature = xr.DataArray(np.linspace(0.0, 30.0, 6), dims="time").chunk(time=2)
    out = equilibrate(temperature, 1e-2, ["calcite"])
    near(out.ca, equilibrate(temperature.values, 1e-2, ["calcite"]).ca, rtol=1e-14)


@pytest.mark.nojit
def test_a_bad_row_is_flagged_and_the_rest_is_done() -> None:
    out = equilibrate([10.0, np.nan, 10.0, 10.0, 200.0], [1e-2, 1e-2, np.nan, -1.0, 1e-2], ["calcite"])
    assert np.isfinite(out.ca).values.tolist() == [True, False, False, False, False]
    reasons = ["", "temperature", "pco2", "negative", "outside"]
    for flag, reason in zip(out.flag.values, reasons, strict=True):
        assert reason in flag and (reason or flag == "")
    empty = equilibrate(10, [0.0, 1e-2], ["calcite"])
    assert "no equilibrium" in str(empty.flag.values[0]) and empty.flag.values[1] == ""
    water = speciate(temperature=10, ca=[1.0, np.nan], alkalinity=2.0, ph=7.5)
    out = equilibrate(pco2=1e-2, minerals=[], water=water)
    assert out.flag.values[0] == "" and "missing value in ca" in str(out.flag.values[1])
    assert "missing value in ca" in str(mix(water, water).flag.values[1])
    springs = [
        speciate(temperature=pd.Series([9.0, 10.0], index=list(names)), ca=1.0, alkalinity=2.0, ph=7.5)
        for names in ("ab", "bc")
    ]
    both = mix(*springs)
    assert (both.flag == "").values.tolist() == [False, True, False]
    sour = mix(speciate(temperature=10, na=1.0, cl=9e3, alkalinity=-9e3, dic=1.0), water)
    assert np.isfinite(sour.calcite_capacity.values[0]) or sour.flag.values[0] != ""


@pytest.mark.nojit
@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"minerals": ["calcit"]}, "minerals"),
        ({"minerals": None}, "minerals"),
        ({"minerals": ["calcite", "aragonite"]}, "more soluble"),
        ({"system": "ajar"}, "system"),
        ({"acid": {"hf": 1.0}}, "acid"),
        ({"acid": 1.0}, "acid"),
        ({"acid": {"hcl": -1.0}}, "negative"),
        ({"gas_volume": [1.0, -1.0]}, "gas_volume"),
        ({"pco2": None}, "pco2"),
        ({"pco2": "high"}, "pco2"),
        ({"temperature": None}, "temperature"),
        ({"constants": "wateq"}, "constants"),
        ({"pco2": [1e-2, 1e-3, 1e-4], "temperature": [1.0, 2.0]}, "fit together"),
        ({"system": "closed", "water": {"ca": 1.0, "alkalinity": 2.0, "ph": 7.0}}, "no part"),
        ({"water": {"ca": 1.0}}, "water: carbonate system"),
    ],
)
def test_wrong_inputs_are_named(arguments: dict, part: str) -> None:
    base = {"temperature": 10, "pco2": 1e-2, "minerals": ["calcite"]}
    with pytest.raises(InputError, match=part) as caught:
        equilibrate(**{**base, **arguments})
    assert caught.value.mend


@pytest.mark.nojit
def test_a_fraction_is_between_zero_and_one() -> None:
    water = speciate(temperature=10, ca=1.0, alkalinity=2.0, ph=7.5)
    for fraction in (-0.1, 1.1):
        with pytest.raises(InputError, match="fraction"):
            mix(water, water, fraction)
    with pytest.raises(InputError, match="b: temperature"):
        mix(water, {"ca": 1.0, "alkalinity": 2.0, "ph": 7.5})
