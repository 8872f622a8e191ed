"""Estimators of the karst sink against values derived by hand, and what they must refuse."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import karstsim as ks
from karstsim.analysis.carbon_units import Carbon, carbon, ratio
from karstsim.analysis.estimators import METHODS, Setting, estimate, monitoring
from karstsim.analysis.estimators.dzt0375 import guideline_report
from karstsim.analysis.estimators.gas_fluxes import fill
from karstsim.analysis.estimators.potential import brook_pressure
from karstsim.analysis.estimators.saturation import saturated_calcium
from karstsim.analysis.estimators.soil_survey import least_detectable
from karstsim.analysis.estimators.tablet import UNDERSATURATION
from karstsim.analysis.observations import read_spring_table
from karstsim.cli.app import app
from karstsim.core.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
C, CO2, YEAR = 12.011, 44.01, 365.2425


def table(days: int = 730, **columns: tuple[object, str]) -> xr.Dataset:
    """A daily table: quantity = (values, unit)."""
    time = pd.date_range("2015-01-01", periods=days)
    return xr.Dataset(
        {
            n: ("time", np.broadcast_to(np.asarray(v, "f8"), days).copy(), {"units": u})
            for n, (v, u) in columns.items()
        },
        coords={"time": time},
    )


def spring(days: int = 730, **more: tuple[object, str]) -> xr.Dataset:
    """1 mm/d with 4 mol m-3 of HCO3 and 2 of Ca: carbonic acid alone."""
    base = {"discharge": (1.0, "mm d-1"), "hco3": (4.0, "mol m-3"), "ca": (2.0, "mol m-3")}
    return table(days, **(base | more))


SIMPLE = 0.5 * 4.0 * 1e-3 * YEAR * C  # mol m-2 d-1 of 1 mm with 4 mol m-3, halved: 8.774 g C m-2 a-1


# ------------------------------------------------------------------------------------------------------------- units


def test_units_say_what_they_count() -> None:
    """1 t CO2 = 0.2729 t C; g m-2 = t km-2; 1 mol m-2 = 12.011 t C km-2; 1 kg C ha-1 = 0.1 t C km-2."""
    assert Carbon(44.01, "t CO2 km-2 a-1").to("t C km-2 a-1").value == pytest.approx(12.011)
    assert Carbon(1.0, "g C m-2 a-1").to("t C km-2 a-1").value == pytest.approx(1.0)
    assert Carbon(1.0, "mol C m-2 a-1").to("t C km-2 a-1").value == pytest.approx(12.011)
    assert Carbon(1.0, "kg C ha-1 a-1").to("t C km-2 a-1").value == pytest.approx(0.1)
    assert Carbon(5.2, "t C km-2 a-1").times_area(3.44e6).to("Mt C a-1").value == pytest.approx(
        17.9, abs=0.02
    )


def test_china_over_its_forests_needs_units() -> None:
    """design notes A8: 51/101 = 0.505 if both count carbon; 51 Mt CO2 are 13.9 Mt C, 0.138 of 101 Mt C."""
    assert ratio("51 Mt C a-1", "101 Mt C a-1") == pytest.approx(0.505, abs=5e-4)
    assert ratio("51 Mt CO2 a-1", "101 Mt C a-1") == pytest.approx(0.138, abs=5e-4)
    for bare in (51.0, np.float64(51), xr.DataArray(51.0), "51", "51 Mt a-1", "51 t km-2 a-1"):
        with pytest.raises(InputError):
            ratio(bare, "101 Mt C a-1")


def test_a_text_is_no_number() -> None:
    with pytest.raises(InputError, match="is a text"):
        Carbon("51", "Mt CO2 a-1")


def test_per_area_and_in_all_do_not_mix() -> None:
    with pytest.raises(InputError, match="multiply"):
        Carbon(1.0, "t C km-2 a-1").to("t C a-1")
    with pytest.raises(InputError, match="C or CO2"):
        carbon(Carbon(1.0, "t CaCO3 km-2 a-1"))


# --------------------------------------------------------------------------------------------------- hydrochemistry


@pytest.mark.parametrize("load", ["continuous", "interpolation", "flow_weighted", "beale", "rating"])
def test_hydrochemistry_of_a_steady_spring(load: str) -> None:
    """1/2 4 mol m-3 1 mm d-1 365.2425 d 12.011 g mol-1 = 8.774 g C m-2 a-1 by every law; as CO2 x 44.01/12.011."""
    noise = 1.0 + 0.1 * np.sin(np.arange(730.0))  # a rating needs a discharge that changes
    e = estimate(spring(discharge=(noise, "mm d-1")), load=load, draws=50)
    assert e.value == pytest.approx(SIMPLE * noise.mean(), rel=1e-9)
    assert e.units == "t C km-2 a-1"
    assert e.parts["as CO2"][0] == pytest.approx(SIMPLE * noise.mean() * CO2 / C)
    assert e.low < e.value < e.high


def test_a_gauge_needs_an_area_for_a_flux_per_area() -> None:
    """0.1 m3 s-1 = 8640 m3 d-1, over 10 km2 = 0.864 mm d-1."""
    m3 = spring(discharge=(0.1, "m3 s-1"))
    assert estimate(m3, area_km2=10.0).value == pytest.approx(0.864 * SIMPLE)
    whole = estimate(m3)
    assert (whole.units, whole.value) == ("t C a-1", pytest.approx(8.64 * SIMPLE))


def test_beale_takes_out_the_bias_of_a_ratio() -> None:
    """Samples q = 1, 2, 3 with c = 3, 2, 1: l = 3, 4, 3; means 10/3 and 2; s_lq = 0, s_qq = 1; factor 1/(1 + 1/12)."""
    when = np.full(730, np.nan)
    when[[100, 300, 500]] = [3.0, 2.0, 1.0]
    flow = np.full(730, 2.0)
    flow[[100, 500]] = [1.0, 3.0]
    e = estimate(spring(discharge=(flow, "mm d-1"), hco3=(when, "mol m-3")), load="beale", draws=0)
    load = flow.mean() * (10.0 / 3.0) / 2.0 / (1.0 + 1.0 / 12.0)
    assert e.value == pytest.approx(0.5 * load * 1e-3 * YEAR * C)


def test_rating_returns_a_power_law_and_its_smear() -> None:
    """c = 4 Q^-0.3 without scatter: the load is the mean of 4 Q^0.7, from 30 samples; b is found."""
    flow = np.exp(np.sin(np.arange(730.0) / 50.0))
    c = 4.0 * flow**-0.3
    seen = np.where(np.arange(730) % 24 == 0, c, np.nan)
    e = estimate(spring(discharge=(flow, "mm d-1"), hco3=(seen, "mol m-3")), load="rating", draws=20)
    assert e.value == pytest.approx(0.5 * np.mean(flow * c) * 1e-3 * YEAR * C, rel=1e-6)
    assert e.parts["slope b of c = a Q^b"][0] == pytest.approx(-0.3)


@settings(max_examples=20)
@given(
    factor=st.floats(0.01, 100.0),
    method=st.sampled_from(["hydrochem", "stoichiometric", "denudation", "acid"]),
)
def test_estimates_scale_with_discharge(factor: float, method: str) -> None:
    data = spring(60, so4=(0.1, "mol m-3"))
    more = data.assign(discharge=(factor * data["discharge"]).assign_attrs(units="mm d-1"))
    one, other = (estimate(d, method, draws=20) for d in (data, more))
    assert (other.value, other.low) == (pytest.approx(factor * one.value), pytest.approx(factor * one.low))


def test_the_interval_is_seeded_and_as_wide_as_the_errors() -> None:
    """Without error of its own a daily table has the errors of gauge and standard: 5 and 2 %, 1.645 sd = 8.9 %."""
    e = estimate(spring(), draws=4000, concentration_error=0.0)
    assert (e.high - e.low) / (2.0 * e.value) == pytest.approx(1.645 * np.hypot(0.05, 0.02), rel=0.05)
    assert e == estimate(spring(), draws=4000, concentration_error=0.0)


# --------------------------------------------------------------------------------------------- rock, acid, isotopes


def test_published_tablets() -> None:
    """Zhang (2011): cropland 4.02, shrub 7.0, secondary 20, virgin 63.5 g m-2 a-1. Of pure rock, CO2 is 0.44 of it:
    secondary less shrub (20 - 7.0) 0.44 = 5.72, less cropland 7.03; virgin less cropland 26.17 (design notes A25, A26).
    """
    sink = {
        rate: estimate(None, "tablet", rates=[rate], purity=1.0).to("t CO2 km-2 a-1").value
        for rate in (4.02, 7.0, 20.0, 63.5)
    }
    assert sink[20.0] - sink[7.0] == pytest.approx(5.72, abs=0.01)
    assert sink[20.0] - sink[4.02] == pytest.approx(7.03, abs=0.01)
    assert sink[63.5] - sink[4.02] == pytest.approx(26.17, abs=0.03)


@pytest.mark.parametrize(
    ("use", "hco3", "rate"),
    [
        ("cropland", 2.40, 4.02),
        ("shrub", 2.90, 7.0),
        ("secondary_forest", 3.47, 20.0),
        ("virgin_forest", 4.78, 63.5),
    ],
)
def test_undersaturation_is_that_of_published_tablets(use: str, hco3: float, rate: float) -> None:
    """design notes 9.2: E = 375.6 u [Ca]eq with [Ca]eq half the HCO3 of 3.12 gives the published rates back."""
    data = table(hco3=(hco3, "mol m-3"), temperature=(15.0, "degC"))
    e = estimate(data, "tablet", land_use=use, draws=0)
    assert e.parts["tablet rate"][0] == pytest.approx(rate, rel=0.01)
    known = table(hco3=(hco3, "mol m-3"), temperature=(15.0, "degC"), air_co2=(500.0, "ppm"))
    assert (
        estimate(known, "tablet", land_use=use, draws=0).value == e.value
    )  # u goes with the HCO3 it was found with
    u = UNDERSATURATION[use]
    own = estimate(known, "tablet", undersaturation=u, draws=0)
    assert own.value < e.value and "c_eq from CO2 in soil air, ppm read at 1 atm of air" in own.assumptions


def test_measured_tablets_have_the_scatter_of_the_tablets() -> None:
    e = estimate(None, "tablet", rates="10, 20, 30", purity=0.97, purity_sd=0.0)
    assert e.value == pytest.approx(20.0 * 0.97 * C / 100.087)
    assert 10.0 < e.low / e.value * 20.0 < e.high / e.value * 20.0 < 30.0


def test_denudation_of_puding() -> None:
    """0.5 m of runoff with 2 mol m-3 of Ca: 0.5 2 100.087 = 100.1 g m-2 a-1 = 37.1 mm ka-1 at 2.7 t m-3."""
    e = estimate(spring(discharge=(500.0 / YEAR, "mm d-1")), "denudation", draws=100)
    assert (e.units, e.value) == ("mm ka-1", pytest.approx(100.087 / 2.7))
    with pytest.raises(InputError):
        e.carbon  # noqa: B018


def test_strong_acids_give_no_sink() -> None:
    """CaCO3 + H+ -> Ca + HCO3: all HCO3 is of rock. Carbonic acid: half of it. Both forms, and a mixture."""
    acid = spring(hco3=(2.0, "mol m-3"), so4=(1.0, "mol m-3"))
    mixed = spring(hco3=(3.0, "mol m-3"), no3=(1.0, "mol m-3"))
    for variant in ("balance", "galy"):
        assert estimate(acid, "acid", variant=variant, draws=0).value == pytest.approx(0.0, abs=1e-12)
        assert estimate(mixed, "acid", variant=variant, draws=0).value == pytest.approx(SIMPLE / 2.0)
    clean = estimate(spring(so4=(0.0, "mol m-3")), "acid", variant="galy", draws=0)
    assert clean.value == pytest.approx(SIMPLE)
    assert estimate(acid, draws=0).value == pytest.approx(
        SIMPLE / 2.0
    )  # what hydrochemistry alone takes for a sink
    assert "see the method acid" in "".join(estimate(acid, draws=0).warnings)


def test_rain_and_gypsum_are_taken_off() -> None:
    """Gypsum brings Ca = SO4: without it the balance is that of carbonic acid. Rain is concentrated P/R = 2 times."""
    gypsum = spring(ca=(2.5, "mol m-3"), so4=(0.5, "mol m-3"))
    assert estimate(gypsum, "acid", gypsum=0.5, draws=0).value == pytest.approx(SIMPLE)
    rain = spring(ca=(2.2, "mol m-3"), precipitation=(2.0, "mm d-1"))
    assert estimate(rain, "acid", rain_ca_mg=0.1, draws=0).value == pytest.approx(SIMPLE)


def test_isotopes_split_the_bicarbonate() -> None:
    """d13C half way between soil -23 and rock 1, -11: half of 4 mol m-3, as the stoichiometry has it."""
    data = spring(200, d13c_dic=(-11.0, "permil"), temperature=(15.0, "degC"), ph=(7.2, "1"))
    e = estimate(data, "isotopes", draws=200)
    assert e.value == pytest.approx(SIMPLE)
    assert e.parts["share of rock carbon"][0] == pytest.approx(0.5)
    impossible = estimate(data, "isotopes", soil=-9.0, draws=0)
    assert any("impossible" in line for line in impossible.warnings)


# ------------------------------------------------------------------------------------- film, potential, tiers, gases


def test_film_flux_is_alpha_times_the_deficit() -> None:
    """1.7e-7 m s-1 86400 365.2425 0.7 (c_eq - 1) 12.011; the surface that matches 1/2 Q HCO3 follows by division."""
    data = spring(ca=(1.0, "mol m-3"), air_co2=(1e4, "ppm"), air_temperature=(15.0, "degC"))
    c_eq = float(saturated_calcium(np.array(15.0), np.array(0.01))[0])
    flux = 1.7e-7 * 86400.0 * YEAR * 0.7 * (c_eq - 1.0) * C
    e = estimate(data, "dbl", draws=0)
    assert e.value == pytest.approx(flux)
    assert e.parts["surface that matches hydrochemistry"][0] == pytest.approx(SIMPLE / flux)
    saturated = estimate(
        data.assign(ca=data["ca"] * 0.0 + 5.0).assign(ca=lambda d: d["ca"].assign_attrs(units="mol m-3")),
        "dbl",
    )
    assert saturated.value < 0.0 and any("saturated" in line for line in saturated.warnings)


def test_potential_dissolution() -> None:
    """0.5 m a-1 saturated at 15 degC and 10^-2 atm, [Ca] 1.946 mol m-3 (design notes 4.6): 11.69 t C km-2 a-1."""
    e = estimate(None, "equilibrium", runoff=500.0, temperature=15.0, evapotranspiration=1e3, draws=0)
    assert e.parts["soil CO2"][0] == pytest.approx(1e6 * 10.0 ** (-3.47 + 2.09 * (1.0 - np.exp(-1.72))))
    at = spring(discharge=(500.0 / YEAR, "mm d-1"), air_co2=(1e4, "ppm"), temperature=(15.0, "degC"))
    assert estimate(at, "equilibrium", draws=0).value == pytest.approx(0.5 * 1.946 * C, rel=0.005)
    assert brook_pressure(0.0) == pytest.approx(10.0**-3.47)


def test_tier_1_of_soil_carbon() -> None:
    """88 t C ha-1, long cultivated 0.69, no-till 1.15 instead of 1: 88 0.69 0.15 / 20 = 0.4554 t C ha-1 a-1."""
    factors = {"land_use_before": 0.69, "land_use_after": 0.69, "tillage_after": 1.15}
    e = estimate(None, "ipcc", **factors)
    assert e.value == pytest.approx(45.54)
    assert e.low < e.value < e.high
    assert estimate(None, "ipcc", tier="2", reference=44.0, **factors).value == pytest.approx(22.77)
    with pytest.raises(InputError, match="tier 2 needs"):
        estimate(None, "ipcc", tier="2", **factors)
    with pytest.raises(InputError, match="no factor of the land before or after"):
        estimate(None, "ipcc")
    with pytest.raises(InputError, match="no factor of the land before or after"):
        estimate(None, "ipcc", climate="warm_dry", land_use_before_sd=0.1)
    same = estimate(None, "ipcc", land_use_before=0.69, land_use_after=0.69)
    assert same.value == 0.0 and "no change" in same.warnings[-1]


def test_factors_of_karst() -> None:
    assert estimate(None, "emission_factor").value == 5.2
    assert estimate(None, "emission_factor", tier="2", land_use="virgin_forest").value == 12.0
    assert estimate(spring(), "emission_factor", area_km2=100.0).parts["total"] == (
        pytest.approx(520.0),
        "t C a-1",
    )


def test_surveys_know_what_they_cannot_see() -> None:
    """Two surveys of 2 cores, 4 and 6 against 5 and 7 kg C m-2: sd sqrt 2, error sqrt(2/2 + 2/2) = sqrt 2; t with two
    degrees of freedom 4.303 and 1.061: 7.585 kg C m-2 are the least that shows; 1 kg in 10 years are 100 t C km-2 a-1.
    """
    first, second = np.array([4.0, 6.0]), np.array([5.0, 7.0])
    assert least_detectable(first, second) == pytest.approx((4.3027 + 1.0607) * np.sqrt(2.0), rel=1e-3)
    e = estimate(None, "soil_survey", first=first, second=second, years=10.0)
    assert e.value == pytest.approx(100.0)
    assert any("below" in line for line in e.warnings)


def test_gaps_take_the_same_hour_of_near_days() -> None:
    """Noon is 12 and midnight 0 on every day: a gap at noon becomes 12, not the mean of the day."""
    hours = np.tile([0, 12], 20)
    days = np.arange(40) / 2.0
    values = hours.astype("f8")
    values[[7, 8, 9]] = np.nan
    np.testing.assert_array_equal(fill(values, days, hours), hours)


def test_eddy_covariance_counts_uptake_up_and_chambers_efflux() -> None:
    """-0.1 mol m-2 d-1 is an uptake of 36.52 mol = 438.7 g C m-2 a-1."""
    values = np.where(np.arange(730) % 7 == 3, np.nan, -0.1)
    e = estimate(table(net_exchange=(values, "mol m-2 d-1")), "eddy", draws=50)
    assert e.value == pytest.approx(0.1 * YEAR * C)
    assert e.parts["gaps filled"][0] == pytest.approx(1.0 / 7.0, abs=0.01)
    assert estimate(table(soil_respiration=(0.2, "mol m-2 d-1")), "chamber").value == pytest.approx(
        0.2 * YEAR * C
    )


# ------------------------------------------------------------------------------------------- cards, refusals, report


def test_settings_have_defaults_in_bounds_and_known_sources() -> None:
    known = (ROOT / "docs" / "references.bib").read_text(encoding="utf-8")
    for card in METHODS.values():
        assert card.sees and card.misses and card.equation
        for one in (card, *(s for s in card.settings if isinstance(s, Setting))):
            assert one.source == "design" or f"{{{one.source}," in known, (card.name, one.name, one.source)
        for one in card.settings:
            if isinstance(one, Setting) and np.isfinite(one.default):
                assert one.lower <= one.default <= one.upper, one


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda d: d["hco3"].attrs.clear(), "hco3"),
        (lambda d: d["hco3"].attrs.update(units="mg/L"), "hco3"),
        (lambda d: d["discharge"].attrs.update(units="L/s"), "discharge"),
    ],
)
def test_numbers_without_their_unit_are_refused(change, where: str) -> None:
    data = spring()
    change(data)
    with pytest.raises(InputError) as refused:
        estimate(data)
    assert where in refused.value.where and "units" in refused.value.mend


@pytest.mark.parametrize(
    ("method", "wrong"),
    [("hydrochem", {"lod": "beale"}), ("hydrochem", {"load": "loadest"}), ("tablet", {"purity": 97}),
     ("denudation", {"density": "heavy"}), ("tablet", {"rates": "1,x"}), ("hydrochm", {})],
)  # fmt: skip
def test_wrong_settings_are_refused(method: str, wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        estimate(spring(), method, **wrong)


def test_a_table_that_lacks_something_is_told_what() -> None:
    with pytest.raises(InputError, match="d13c_dic"):
        estimate(spring(), "isotopes")
    with pytest.raises(InputError, match="monitoring table"):
        estimate(None, "hydrochem")
    with pytest.raises(InputError, match="area"):
        estimate(spring(discharge=(0.1, "m3 s-1")), "denudation")
    with pytest.raises(InputError, match="two rows"):
        monitoring(spring().isel(time=[0]))


def test_the_guideline_report_has_what_it_must() -> None:
    """Q, HCO3, area, CSF in t C and t CO2 per km2, purity, correction (design notes A23)."""
    data = spring(so4=(0.1, "mol m-3"))
    water, acid = estimate(data), estimate(data, "acid")
    tablets = {"cropland": estimate(None, "tablet", rates=[4.02])}
    text = guideline_report(
        "Puding", 10.0, water, acid=acid, tablets=tablets, land_use_km2={"cropland": 4.0}, purity=0.97
    )
    for part in (
        "was not seen",
        "runoff",
        "HCO3, flow-weighted",
        "97.0",
        "t C km-2 a-1",
        "t CO2 km-2 a-1",
        "cropland",
    ):
        assert part in text
    assert f"| {SIMPLE:.3g} |" in text and f"{SIMPLE * 10.0:.4g}" in text
    with pytest.raises(InputError, match="area"):
        guideline_report("x", 1.0, estimate(spring(discharge=(0.1, "m3 s-1"))))


# ------------------------------------------------------------------------------------------------------- the command

MESSY = """# gauge 3, weekly bottles
Date;Q (L/s);HCO3 (mg/L);Ca (mg/L);T (°C)
01.03.2015;10,0;244,1;80,2;15,0
02.03.2015;10,0;;;15,0
03.03.2015;10,0;244,1;80,2;15,1
04.03.2015;10,0;n.d.;80,2;15,0
05.03.2015;10,0;244,1;80,2;15,0
"""


@pytest.fixture
def messy(tmp_path: Path) -> Path:
    path = tmp_path / "spring.csv"
    path.write_text(MESSY, encoding="utf-8")
    return path


def test_the_command_reads_a_messy_table(messy: Path, tmp_path: Path) -> None:
    """10 L/s over 1 km2 = 0.864 mm/d with 244.1 mg/L = 4.0005 mol m-3 of HCO3."""
    out = tmp_path / "estimates.csv"
    arguments = [
        "estimate",
        str(messy),
        "--method",
        "hydrochem",
        "-m",
        "stoichiometric",
        "--area",
        "1",
        "--json",
    ]
    result = CliRunner().invoke(app, [*arguments, "--day-first", "-o", str(out)])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    water = answer["estimates"][0]
    assert water["value"] == pytest.approx(0.864 * SIMPLE * 244.1 / 61.017 / 4.0, rel=1e-6)
    assert water["units"] == "t C km-2 a-1" and water["low"] < water["value"] < water["high"]
    assert list(pd.read_csv(out)["method"]) == ["hydrochem", "stoichiometric"]


def test_the_command_writes_the_report(messy: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.md"
    arguments = ["estimate", str(messy), "-m", "hydrochem", "-m", "tablet", "--day-first", "-o", str(out)]
    assert CliRunner().invoke(app, arguments).exit_code == 2
    assert CliRunner().invoke(app, [*arguments, "--area", "1"]).exit_code == 0
    text = out.read_text(encoding="utf-8")
    for part in (
        "Tablets by land use",
        "standard itself was not seen",
        "| 97.0 | % |",
        "u = 0.0089, of cropland",
    ):
        assert part in text
    for column in ("area", "runoff", "HCO3, flow-weighted", "t C km-2 a-1", "t CO2 km-2 a-1", "5-95 %"):
        assert f"| {column} |" in text


def test_the_command_lists_what_each_method_needs(messy: Path) -> None:
    result = CliRunner().invoke(app, ["estimate", str(messy), "--day-first", "--json"])
    listed = {row["method"]: row["this table"] for row in json.loads(result.stdout)["methods"]}
    assert set(listed) == set(METHODS)
    assert listed["hydrochem"] == "yes" and "d13c_dic" in listed["isotopes"]
    assert CliRunner().invoke(app, ["estimate"]).exit_code == 0


def test_all_leaves_out_what_cannot_run_and_says_so(messy: Path, tmp_path: Path) -> None:
    """The table knows neither soil CO2 nor factors of land; what runs is written, the rest is named."""
    out = tmp_path / "report.md"
    arguments = ["estimate", str(messy), "-m", "all", "--area", "1", "--day-first", "--json"]
    result = CliRunner().invoke(app, [*arguments, "-o", str(out)])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert "soil CO2 is not known" in answer["left_out"]["equilibrium"]
    assert "no factor" in answer["left_out"]["ipcc"]
    assert {"hydrochem", "tablet", "emission_factor"} <= {e["method"] for e in answer["estimates"]}
    assert out.is_file()
    wrong = CliRunner().invoke(app, [*arguments, "--set", "purty=0.9"])
    assert wrong.exit_code == 2 and "purty" in json.loads(wrong.stdout)["where"]
    asked = CliRunner().invoke(app, [*arguments, "--set", "purity=9"])
    assert asked.exit_code == 2 and "purity" in json.loads(asked.stdout)["where"]
    assert CliRunner().invoke(app, ["estimate", "-m", "all", "--json"]).exit_code == 2


@pytest.mark.parametrize("header", ["SOC (%)", "SOC (g/kg)", "SOC (wt. %)", "soil organic carbon [mg/g]"])
def test_a_share_of_the_soils_mass_is_no_stock(tmp_path: Path, header: str) -> None:
    """Per cent and g/kg need density and depth: refused with the mend; named beside other columns."""
    path = tmp_path / "soil.csv"
    path.write_text(f"date,{header}\n2010-06-01,2.1\n2020-06-01,2.6\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["estimate", str(path), "-m", "soil_survey", "--json"])
    said = json.loads(result.stdout)
    assert result.exit_code == 2 and header in said["where"]
    assert "share of the soil's mass" in said["what"] and "bulk density" in said["mend"]
    path.write_text(f"date,{header},Ca (mg/L)\n2010-06-01,2.1,80\n2020-06-01,2.6,81\n", encoding="utf-8")
    unused = read_spring_table(path).attrs["unused"]
    assert header in unused and "share of the soil's mass" in unused


@pytest.mark.parametrize(
    "more", [["-m", "nothing"], ["-m", "hydrochem", "--set", "load"], ["-m", "hydrochem", "-o", "x.doc"]]
)
def test_the_command_refuses_with_exit_code_2(messy: Path, more: list[str]) -> None:
    assert CliRunner().invoke(app, ["estimate", str(messy), "--day-first", *more]).exit_code == 2


def test_a_table_without_units_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bare.csv"
    path.write_text("Date,Q (L/s),HCO3\n2015-03-01,10,244\n2015-03-02,10,244\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["estimate", str(path), "-m", "hydrochem", "--json"])
    assert result.exit_code == 2 and "unit" in json.loads(result.stdout)["mend"]


def test_samples_of_a_real_spring(shared_data: Path) -> None:
    """Blowing Springs: 61 samples of bicarbonate with a discharge; storms were sampled most, so the mean of visits is
    weighted with time. By the notes of the data Ca is 30 mg/L, HCO3 about twice as many moles."""
    path = shared_data / "hydrochem_blowing_springs" / "Knierim-BS-Water-Chem-Data.csv"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    reading = {
        "units": {"Discharge": "m3/s", "Ca": "mg/L", "DIC": "mg C/L", "Bicarb": "mol/L"},
        "select": {"Site": "BS01"}, "sort": True, "average": True,
    }  # fmt: skip
    e = ks.estimate(path, "hydrochem", reading=reading)
    assert 0.5 < e.value < 20.0 and e.units == "t C a-1"
    assert any("no regular step" in line for line in e.warnings)
    isotopes = ks.estimate(path, "isotopes", reading=reading)
    assert 0.2 < isotopes.parts["share of rock carbon"][0] < 0.5
