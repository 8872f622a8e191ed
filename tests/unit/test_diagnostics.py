"""Diagnostics of the sink and virtual stations, against hand-derived values and one small simulated world."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import karstsim as ks
from karstsim.analysis import diagnostics
from karstsim.analysis.carbon_units import Carbon
from karstsim.analysis.diagnostics import (
    DIAGNOSED,
    chemostatic_slope,
    context_fraction,
    dissolution_efficiency,
    elasticity,
    prior_calcite,
    ratios,
    sensitivity,
    sinks,
    trend,
)
from karstsim.analysis.estimators import estimate, monitoring
from karstsim.analysis.virtual_monitoring import SPRING, Instrument, noisier, observe, sampled_every
from karstsim.core.errors import InputError
from karstsim.forcing.synthetic import synthetic_forcing

C = 12.011
KEPT = (
    *DIAGNOSED, "aquifer_spring", "aquifer_spring_*", "soil_base_pco2", "soil_temperature", "soil_percolation_doc_*",
    "catchment_evapotranspiration", "catchment_soil_efflux", "catchment_surface_runoff", "soil_respiration",
    "soil_gas_uptake", "epikarst_gas_uptake", "soil_organic_carbon", "catchment_sink_hydrochemical",
)  # fmt: skip


@pytest.fixture(scope="module")
def output() -> xr.Dataset:
    """Two years of cropland on limestone."""
    place = {"name": "x", "latitude": 26.3, "longitude": 105.7, "elevation": 1200.0, "area_km2": 10.0}
    site = ks.Site(**place, tiles=[{"land_use": "cropland", "area_fraction": 1.0}])
    return ks.simulate(site, synthetic_forcing("stationary", 2015, 2016), variables=KEPT, spinup_years=20)


# ------------------------------------------------------------------------------------------------------------ slopes


def test_slope_of_a_power_law() -> None:
    """c = 3 Q^-0.2 without scatter; a constant c is chemostatic; dilution of one load is -1."""
    q = np.array([1.0, 2.0, 5.0, 10.0, np.nan, 0.0])
    found = chemostatic_slope(q, 3.0 * np.where(q > 0.0, q, 1.0) ** -0.2)
    assert (found.factor, found.slope, found.r2, found.n) == (*map(pytest.approx, (3.0, -0.2, 1.0)), 4)
    assert found.slope_sd == pytest.approx(0.0, abs=1e-9)
    assert chemostatic_slope(q[:4], np.full(4, 4.0)).slope == pytest.approx(0.0)
    assert chemostatic_slope(q[:4], 7.0 / q[:4]).slope == pytest.approx(-1.0)
    assert np.isnan(chemostatic_slope(np.ones(4), q[:4]).slope)


def test_trend_by_hand() -> None:
    """1, 2, 3, 5 in four years: all six pairs rise, S = 6, variance 4 3 13/18 = 8.667, z = 5/2.944, p = 0.0894; the six
    slopes 1, 1, 1, 4/3, 3/2, 2 have the median 7/6.
    """
    found = trend(np.array([1.0, 2.0, 3.0, 5.0]), np.arange(4.0))
    assert found.slope == pytest.approx(7.0 / 6.0)
    assert found.p == pytest.approx(0.0894, abs=2e-4)


def test_ties_lower_the_variance() -> None:
    """1, 1, 2, 2: S = 4; 8.667 - 2 (2 1 9)/18 = 6.667; z = 3/2.582, p = 0.245."""
    assert trend(np.array([1.0, 1.0, 2.0, 2.0]), np.arange(4.0)).p == pytest.approx(0.2453, abs=2e-4)
    assert trend(np.ones(6), np.arange(6.0)).p == 1.0


def test_a_memory_is_noted() -> None:
    """An AR(1) of 0.8 without trend: years resemble each other, and the corrected p is the larger one."""
    rng = np.random.default_rng(0)
    noise, value = rng.standard_normal(60), 0.0
    series = np.array([value := 0.8 * value + one for one in noise])
    found = trend(series, np.arange(60.0))
    assert found.note and found.p_corrected > found.p and found.autocorrelation > 0.5
    assert not trend(rng.standard_normal(60), np.arange(60.0)).note


def test_elasticities_of_the_prototype() -> None:
    """design notes 9.13: 9.69 to 9.04 for one kelvin is -6.9 % per K. y = x^0.9 has the elasticity 0.9."""
    assert sensitivity((9.69, 9.04), (0.0, 1.0)) == pytest.approx(-0.0694, abs=1e-4)
    assert elasticity((1.0, 2.0**0.9), (3.0, 6.0)) == pytest.approx(0.9)
    with pytest.raises(InputError):
        elasticity((1.0, 2.0), (3.0, 3.0))


def test_shares_of_the_missing_sink() -> None:
    """design notes A7: 0.608/1.4 = 43 %, 0.89/1.4 = 64 %; the same number as CO2 is 11.9 %."""
    assert context_fraction("0.608 Pg C a-1") == pytest.approx(0.434, abs=1e-3)
    assert context_fraction("0.89 Pg C a-1") == pytest.approx(0.636, abs=1e-3)
    assert context_fraction("0.608 Pg CO2 a-1") == pytest.approx(0.434 * 12.011 / 44.01, abs=1e-3)
    with pytest.raises(InputError, match="unit"):
        context_fraction(0.608)


def test_calcite_that_grew_before_the_sample() -> None:
    """Rock of Ca/Mg = 10; water with 1.5 Ca per 0.2 Mg has lost a quarter of its calcium."""
    assert prior_calcite(np.array(1.5), np.array(0.2), 10.0) == pytest.approx(0.25)


# ------------------------------------------------------------------------------------------------------- a simulation


def test_two_ledgers_of_one_truth(output: xr.Dataset) -> None:
    """Alkalinity less rock, and gas: they differ by organic carbon that decayed in the water, within what two years
    moved in and out of the stores.
    """
    found = sinks(output)

    def yearly(name: str) -> float:
        return C * float(output[name].sum()) / diagnostics.years_of(output)

    kinds = ("labile", "semilabile", "refractory")
    decayed = sum(yearly(f"soil_percolation_doc_{k}") - yearly(f"catchment_runoff_doc_{k}") for k in kinds)
    assert found.truth - found.gas == pytest.approx(decayed, abs=0.12 * found.truth)
    assert found.truth < found.hco3 < found.dic
    assert found.acid_corrected == pytest.approx(found.galy, rel=0.02)  # but for salts the ions balance
    imported = yearly(
        "catchment_imported_alkalinity"
    )  # what rain brings is no rock, and its alkalinity no sink
    assert found.acid_net - found.truth == pytest.approx(imported, abs=0.12 * found.truth)
    assert found.acid_corrected < found.acid_net
    assert np.isnan(sinks(output.drop_vars("atmosphere_precipitation_ca")).acid_net)
    potential = Carbon(2.0 * found.truth, "g C m-2 a-1")
    assert dissolution_efficiency(Carbon(found.truth, found.units), potential) == pytest.approx(0.5)
    with pytest.raises(InputError, match="no unit"):
        dissolution_efficiency(found.truth, potential)


def test_powder_that_dissolved_is_no_sink() -> None:
    """On land with carbonate rock powder takes the place of rock: the CO2 consumed stays nearly what it was."""
    place = {"name": "x", "latitude": 26.3, "longitude": 105.7, "elevation": 1200.0, "area_km2": 10.0}
    site = ks.Site(**place, tiles=[{"land_use": "cropland", "area_fraction": 1.0}])
    weather = synthetic_forcing("stationary", 2015, 2016)
    spread = [ks.interventions.limestone_powder(start=2015, rate=200.0)]
    plain, powdered = (
        sinks(ks.simulate(site, weather, variables=KEPT, spinup_years=3, interventions=what)).truth
        for what in ([], spread)
    )
    assert powdered == pytest.approx(plain, rel=0.1)


def test_formula_on_simulated_output(output: xr.Dataset) -> None:
    """design notes A3: the continuous method returns 1/2 sum Q [HCO3] of the output to 1e-6."""
    carried = (
        float((output["aquifer_spring"] * output["aquifer_spring_hco3"]).sum())
        * 1e-3
        / diagnostics.years_of(output)
    )
    e = estimate(output, "hydrochem", draws=0)
    assert e.value == pytest.approx(
        0.5 * C * carried, rel=2e-3
    )  # years of 365.2425 days on both sides of a leap year
    by_days = 0.5 * C * carried * diagnostics.years_of(output) * 365.2425 / output.sizes["time"]
    assert e.value == pytest.approx(by_days, rel=1e-6)


def test_one_run_has_no_interval_and_says_so(output: xr.Dataset) -> None:
    for method in ("ipcc", "emission_factor"):
        found = estimate(output, method, tier="3")
        assert np.isnan(found.low) and any("ensemble" in warning for warning in found.warnings)


def test_ratios_of_a_field(output: xr.Dataset) -> None:
    """Half the alkalinity over soil respiration is near 1 %; a sink of one's own says its unit."""
    found = ratios(output)
    assert 0.003 < found["CSF/R_s"] < 0.02
    assert 1.0 < found["HCO3/(Ca + Mg)"] < 2.0
    truth = sinks(output).truth
    as_co2 = Carbon(2.0 * truth * 44.01 / C, "t CO2 km-2 a-1")
    assert ratios(output, as_co2)["CSF/R_s"] == pytest.approx(2.0 * found["CSF/R_s"])
    with pytest.raises(InputError, match="no unit"):
        ratios(output, truth)


def test_net_exchange_is_the_sum_of_its_parts(output: xr.Dataset) -> None:
    """design notes A54: NEE = -GPP + R_a + R_h - J_weath, where soil air keeps nothing."""
    nee = float(monitoring(output).data["net_exchange"].sum())
    parts = {
        n: float(output[f"catchment_{n}"].sum()) for n in ("gpp", "plant_respiration", "soil_respiration")
    }
    weathering = float(output["soil_gas_uptake"].sum() + output["epikarst_gas_uptake"].sum())
    total = -parts["gpp"] + parts["plant_respiration"] + parts["soil_respiration"] - weathering
    assert nee == pytest.approx(total, abs=0.01 * parts["soil_respiration"])


def test_calendars_of_climate_models(output: xr.Dataset) -> None:
    """The same values under stamps of a calendar without leap days."""
    model = output.drop_vars("time_bnds").convert_calendar("noleap", use_cftime=True)
    edges = model["time"].values
    step = edges[1] - edges[0]
    model["time_bnds"] = (("time", "bnds"), np.stack([edges, edges + step], axis=1))
    assert estimate(model, draws=0).value == pytest.approx(estimate(output, draws=0).value, rel=0.01)
    assert sinks(model).truth == pytest.approx(sinks(output).truth, rel=0.01)
    assert observe(model, SPRING)["hco3"].notnull().sum() >= 104


def test_what_was_not_kept_is_named(output: xr.Dataset) -> None:
    with pytest.raises(InputError, match="catchment_imported_alkalinity"):
        sinks(output.drop_vars("catchment_imported_alkalinity"))


# -------------------------------------------------------------------------------------------------- virtual stations


def test_perfect_instruments_show_the_truth(output: xr.Dataset) -> None:
    perfect = noisier(0.0, sampled_every(0.0, (Instrument("discharge"), Instrument("hco3", interval=7.0))))
    table = observe(output, perfect)
    true = monitoring(output)
    np.testing.assert_allclose(table["hco3"], true.values("hco3"))
    assert estimate(table, draws=0).value == pytest.approx(estimate(output, draws=0).value)


def test_bottles_of_one_visit_hold_all_ions(output: xr.Dataset) -> None:
    """Weekly: 104 or 105 visits in two years, all ions at the same ones, discharge every day; a seed repeats."""
    table = observe(output, SPRING, seed=3)
    seen = table["hco3"].notnull().values
    assert 104 <= seen.sum() <= 105
    np.testing.assert_array_equal(seen, table["ca"].notnull().values)
    assert table["discharge"].notnull().all()
    xr.testing.assert_identical(table, observe(output, SPRING[::-1], seed=3)[list(table.data_vars)])
    assert not np.array_equal(seen, observe(output, SPRING, seed=4)["hco3"].notnull().values)


def test_noise_drift_gaps_and_limits_are_what_was_asked() -> None:
    """4000 readings of 10: noise 10 %, drift 2 %/a, a fifth lost, readings below 9 lost."""
    time = np.datetime64("2000-01-01") + np.arange(4000)
    truth = xr.Dataset({"hco3": ("time", np.full(4000, 10.0), {"units": "mol m-3"})}, {"time": time})

    def read(**what: float) -> np.ndarray:
        return observe(truth, [Instrument("hco3", **what)])["hco3"].values

    assert read(noise=0.1).std() == pytest.approx(1.0, rel=0.05)
    assert read(drift=0.02)[-1] == pytest.approx(10.0 * (1.0 + 0.02 * 3999 / 365.2425))
    assert np.isnan(read(gaps=0.2)).mean() == pytest.approx(0.2, abs=0.05)
    assert np.nanmin(read(noise=0.1, limit=9.0)) >= 9.0
    with pytest.raises(InputError, match="gaps"):
        Instrument("hco3", gaps=1.5)
    with pytest.raises(InputError, match="nothing"):
        observe(truth, [Instrument("ca")])
