"""Each carbon flux has its own isotopes: what they belong to, what they balance, and numbers that karst has."""

from __future__ import annotations

import numpy as np
import pytest

import karstsim as ks
from karstsim.core.errors import InputError
from karstsim.model.output import variables_table
from karstsim.model.simulate import Simulation

TAGS = "soil rock acid_rock atmosphere powder allogenic irrigation"
FLUXES = {  # d13C of a year, permil: between the lightest and the heaviest that karst would show
    "vegetation_gpp": (-30.0, -24.0),
    "vegetation_respiration": (-30.0, -24.0),
    "vegetation_root_respired": (-30.0, -22.0),
    "vegetation_litter": (-30.0, -24.0),
    "vegetation_bicarbonate_uptake": (-24.0, -8.0),
    "soil_respiration": (-30.0, -24.0),
    "soil_respired": (-30.0, -22.0),
    "soil_efflux": (-33.0, -22.0),
    "soil_calcite_precipitation": (-20.0, -4.0),
    "soil_percolation_dic": (-20.0, -8.0),
    "soil_percolation_land_organic": (-30.0, -24.0),
    "epikarst_recharge_dic": (-20.0, -8.0),
    "cave_growth": (-18.0, 2.0),
    "cave_fissure_growth": (-18.0, 2.0),
    "aquifer_spring_dic": (-18.0, -6.0),
    "surface_water_evaded": (-30.0, -14.0),
    "surface_water_invaded": (-10.7, -10.2),
    "surface_water_calcite": (-16.0, 2.0),
    "surface_water_calcite_burial": (-16.0, 2.0),
    "surface_water_production": (-45.0, -15.0),
    "surface_water_respired": (-45.0, -15.0),
    "surface_water_buried": (-45.0, -15.0),
    "catchment_export_dic": (-18.0, 0.0),
    "catchment_export_aquatic_organic": (-45.0, -15.0),
}
WANTED = [
    "vegetation_*", "soil_*", "epikarst_recharge*", "cave_*", "aquifer_spring*", "surface_water_*",
    "catchment_export_*",
]  # fmt: skip


@pytest.fixture(scope="module")
def year(climate_forcing, whole_site):
    """The second year of a world with everything on, in sums."""
    run = Simulation(whole_site(), climate_forcing("monsoon"), isotopes=True)
    run.spin_up(0)
    return run.run(["annual"], WANTED)["annual"].isel(realization=0, time=1)


@pytest.fixture(scope="module")
def ratios(year):
    return ks.isotope_ratios(year)


@pytest.mark.parametrize("flux", FLUXES)
def test_a_flux_has_its_isotopes(ratios, flux) -> None:
    low, high = FLUXES[flux]
    found = ratios[f"{flux}_d13c"]
    delta = (
        found.isel(tile=slice(1, None)).values if "tile" in found.dims else found.values
    )  # bare rock has no soil
    delta = delta[np.isfinite(delta)]
    assert delta.size and low < delta.min() and delta.max() < high, delta
    c14 = ratios[f"{flux}_c14"].values
    assert (c14[np.isfinite(c14)] >= 0.0).all() and np.nanmax(c14) <= 1.0 + 1e-9


def _tags(ds, block):
    return sum(ds[f"{block}_tag_{tag}"] for tag in TAGS.split())


def test_the_soil_gives_off_what_is_left(year) -> None:
    """Carbon and both isotopes: efflux = respired - taken up by water - drawn by caves + given back above them."""
    parts = ("soil_respired_of", "soil_uptake_of", "cave_drawn_of", "cave_vadose_of")
    signs = (1.0, -1.0, -1.0, 1.0)
    carbon = sum(s * _tags(year, part) for s, part in zip(signs, parts, strict=True))
    np.testing.assert_allclose(carbon, year["soil_efflux"], rtol=1e-9)
    for name, tracer in (("c13", "di13c"), ("c14", "di14c")):
        left = sum(s * year[f"{part}_{tracer}"] for s, part in zip(signs, parts, strict=True))
        np.testing.assert_allclose(left, year[f"soil_efflux_of_{name}"], rtol=1e-9)


def test_gross_fluxes_of_gas_make_the_net_one(year) -> None:
    """In less out, one way each: the isotopes that came out of the open air, and the net flux of carbon."""
    for name, tracer in (("c13", "di13c"), ("c14", "di14c")):
        net = year[f"surface_water_invaded_of_{tracer}"] - year[f"surface_water_evaded_of_{tracer}"]
        np.testing.assert_allclose(net, year[f"surface_water_from_air_of_{name}"], rtol=1e-6, atol=1e-12)
    net = _tags(year, "surface_water_invaded_of") - _tags(year, "surface_water_evaded_of")
    np.testing.assert_allclose(net, year["surface_water_invasion"] - year["surface_water_evasion"], rtol=1e-6)


def test_what_is_fixed_is_what_plants_are_made_of(year, ratios) -> None:
    """Nothing fractionates after photosynthesis: gross production, leaf litter's pool and fixation agree."""
    grass = {"tile": 2}
    fixed = float(ratios["vegetation_gpp_d13c"].isel(grass))
    assert fixed == pytest.approx(float(year["vegetation_fixed_d13c"].isel(grass)), abs=0.05)
    assert float(ratios["vegetation_leaf_d13c"].isel(grass)) == pytest.approx(fixed, abs=0.3)
    assert float(ratios["soil_dpm_d13c"].isel(grass)) == pytest.approx(fixed, abs=0.5)


def test_evaded_gas_is_lighter_than_its_water(year, ratios) -> None:
    """CO2 in equilibrium with DIC is 6 to 11 permil lighter, and loses 0.8 and 1.2 more on its way out."""
    apart = ratios["surface_water_outflow_dic_d13c"] - ratios["surface_water_evaded_d13c"]
    assert (apart > 5.0).all() and (apart < 14.0).all(), apart.values


def test_ratios_need_both_parts(year) -> None:
    with pytest.raises(InputError, match="no 13C stands beside its carbon"):
        ks.isotope_ratios(year[["soil_efflux"]])
    assert set(ks.isotope_ratios(year[["soil_efflux", "soil_efflux_of_c13", "soil_efflux_of_c14"]])) == {
        "soil_efflux_d13c",
        "soil_efflux_c14",
    }


def test_a_net_exchange_has_no_ratio(year, ratios) -> None:
    """Soil gas takes rock carbon back while water takes up its own: the net is no carbon of any composition."""
    assert (year["soil_uptake_of_tag_rock"].isel(tile=slice(1, None)) < 0.0).all()
    assert ratios["soil_uptake_d13c"].isel(tile=slice(1, None)).isnull().all()


def test_hand_made_ratios(year) -> None:
    """R_VPDB = 0.011180: 1.118 of 101.118 is 0 permil, half the 14C is 0.5."""
    one = year[["soil_efflux", "soil_efflux_of_c13", "soil_efflux_of_c14"]] * 0.0
    one["soil_efflux"] += 101.118
    one["soil_efflux_of_c13"] += 1.118
    one["soil_efflux_of_c14"] += 50.559
    found = ks.isotope_ratios(one)
    np.testing.assert_allclose(found["soil_efflux_d13c"], 0.0, atol=1e-9)
    np.testing.assert_allclose(found["soil_efflux_c14"], 0.5, rtol=1e-12)


def test_no_flux_of_inorganic_carbon_is_without_its_isotopes() -> None:
    """Whatever moves DIC moves its tracers: each flow's and each water's `_dic` has a `_di13c` and a `_di14c`."""
    names = set(variables_table()["name"])
    dissolved = [n for n in names if n.endswith("_dic") and n.removesuffix("_dic") in names]
    assert len(dissolved) > 40
    assert all(
        n.replace("_dic", "_di13c") in names and n.replace("_dic", "_di14c") in names for n in dissolved
    )
