"""Several sinking streams over one aquifer, and output at every step."""

from __future__ import annotations

import numpy as np
import pytest

from karstsim.core.errors import InputError
from karstsim.model.simulate import Simulation
from karstsim.model.site import Site

NAMES = ["aquifer_*", "catchment_runoff*", "catchment_imbalance_*", "sinking_stream_*"]
SOUR = {
    "sinking_stream.allogenic_ca": 0.02,
    "sinking_stream.allogenic_mg": 0.0,
    "sinking_stream.allogenic_so4": 0.02,
    "sinking_stream.allogenic_runoff_coefficient": 0.8,
    "sinking_stream.swallet_capacity": 0.5,
}


def _run(site, ds, **options):
    run = Simulation(site, ds, [options])
    run.spin_up(0)
    return run, run.run(["daily"], NAMES)["daily"].isel(realization=0)


def _streams(*areas: float, **parameters) -> list[dict]:
    return [
        {"name": f"brook {i}", "area_km2": area, "parameters": parameters} for i, area in enumerate(areas)
    ]


@pytest.fixture(scope="module")
def weather(climate_forcing):
    return climate_forcing("monsoon", years=1)


@pytest.fixture(scope="module")
def classic(weather, whole_site):
    """The site with `allogenic_area_km2` = 3."""
    return _run(whole_site(("grass", "cropland"), 1), weather)[1]


def test_one_stream_is_the_allogenic_area(classic, weather, whole_site) -> None:
    """A stream of 3 km2 gives the same aquifer to the last bit."""
    site = whole_site(("grass", "cropland"), 1, allogenic_area_km2=0.0, sinking_streams=_streams(3.0))
    run, out = _run(site, weather)
    own = ("aquifer_allogenic_runoff", "aquifer_allogenic_temperature", "aquifer_allogenic_runoff_volume")
    names = [n for n in classic.data_vars if n not in own and n != "time_bnds"]
    names = [n for n in names if not str(n).startswith("sinking_stream")]
    assert float(out["aquifer_swallowed"].sum()) > 50.0
    assert [n for n in names if out[n].values.tobytes() != classic[n].values.tobytes()] == []
    assert max(run.closure().values()) <= 1e-12


def test_two_halves_are_the_whole(classic, weather, whole_site) -> None:
    site = whole_site(("grass", "cropland"), 1, allogenic_area_km2=0.0, sinking_streams=_streams(1.5, 1.5))
    _, out = _run(site, weather)
    for name in ("aquifer_spring", "aquifer_spring_ca", "aquifer_spring_ph", "catchment_runoff_dic"):
        np.testing.assert_allclose(out[name], classic[name], rtol=1e-9)


def test_streams_that_differ_keep_their_own_water(weather, whole_site) -> None:
    """A sour stream with a small swallet beside a hard one into the matrix: books close, each has its own calcium."""
    hard = {"sinking_stream.allogenic_ca": 1.0, "sinking_stream.allogenic_to_matrix": 0.75}
    streams = [*_streams(2.0, **SOUR), {"name": "hard", "area_km2": 4.0, "parameters": hard}]
    site = whole_site(("grass",), 1, sinking_streams=streams)
    run, out = _run(site, weather)
    assert max(run.closure().values()) <= 1e-12
    assert float(out["catchment_imbalance_water"].max()) <= 1e-13
    total = out.drop_vars("time_bnds").sum("time")
    own = ("aquifer_allogenic", "aquifer_swallowed", "aquifer_unswallowed", "aquifer_swallowed_ca")
    for name in own:
        parts = total[name.replace("aquifer", "sinking_stream")]
        rest = float(total[name]) - float(parts.sum())  # the site's first area, 3 km2 that sink whole
        assert rest == pytest.approx(0.0, abs=1e-9) if "unswallowed" in name else rest > 0.0
    volume, calcium = total["sinking_stream_allogenic"].values, total["sinking_stream_allogenic_ca"].values
    np.testing.assert_allclose(1000.0 * calcium / volume, [0.02, 1.0], rtol=1e-12)
    assert volume[0] / volume[1] == pytest.approx(2.0 * 0.8 / (4.0 * 0.5), rel=1e-12, abs=0.0)
    assert total["sinking_stream_unswallowed"].values[0] > 0.0
    sunk = float(total["sinking_stream_swallowed"].values[1])
    assert float(total["sinking_stream_matrix_recharge"].values[1]) == pytest.approx(
        0.75 * sunk, rel=1e-12, abs=0.0
    )
    assert list(out.stream_name.values) == ["brook 0", "hard"]


@pytest.mark.parametrize("structure", [1, 2])
def test_streams_feed_the_reservoirs_of_varkarst(weather, whole_site, structure) -> None:
    streams = _streams(2.0, 5.0, **{"sinking_stream.allogenic_to_matrix": 0.5})
    site = whole_site(("grass", "cropland"), 0, sinking_streams=streams)
    run, out = _run(site, weather, **{"aquifer.structure": structure, "epikarst.compartments": 5})
    assert max(run.closure().values()) <= 1e-12
    assert float(out["catchment_imbalance_calcium"].max()) <= 1e-13


def test_a_restart_keeps_the_streams(weather, whole_site, tmp_path) -> None:
    site = whole_site(("grass",), 0, sinking_streams=_streams(2.0, 1.0))
    _, whole = _run(site, weather.isel(time=slice(0, 60)))
    first = Simulation(site, weather.isel(time=slice(0, 30)), [{}])
    first.spin_up(0)
    # The initial state takes the mean of its forcing; both runs begin from that of the whole.
    begin = Simulation(site, weather.isel(time=slice(0, 60)), [{}])
    begin.spin_up(0)
    for level, floats in begin.tables.state_floats.items():
        first.tables.state_floats[level][...] = floats
    first.run(["daily"], ["catchment_runoff"])
    second = Simulation(site, weather.isel(time=slice(30, 60)), [{}])
    second.start_from(first.write_restart(tmp_path / "restart.nc"))
    out = second.run(["daily"], NAMES)["daily"].isel(realization=0)
    late = whole.isel(time=slice(30, None))
    assert all(out[n].values.tobytes() == late[n].values.tobytes() for n in out.data_vars if n != "time_bnds")
    other = Simulation(whole_site(("grass",), 0, sinking_streams=_streams(2.0, 1.5)), weather, [{}])
    with pytest.raises(InputError):
        other.start_from(tmp_path / "restart.nc")


def test_wrong_streams_are_named(whole_site) -> None:
    with pytest.raises(InputError, match="two sinking streams are called"):
        whole_site(sinking_streams=[*_streams(1.0), *_streams(2.0)])
    with pytest.raises(InputError, match="area_km2"):
        whole_site(sinking_streams=_streams(-1.0))
    with pytest.raises(InputError, match="is not a parameter"):
        whole_site(sinking_streams=_streams(1.0, **{"sinking_stream.allogenic_lead": 1.0}))
    with pytest.raises(InputError, match="outside"):
        whole_site(sinking_streams=_streams(1.0, **{"sinking_stream.allogenic_ca": 99.0}))


def test_the_template_of_a_site_has_streams(tmp_path) -> None:
    """The commented example, taken out of its comment, is a valid site."""
    from importlib import resources

    text = (resources.files("karstsim") / "templates" / "site.toml").read_text(encoding="utf-8")
    at = text.index("# [[site.sinking_streams]]")
    block = text[at : text.index("\n\n", at)]
    open_block = "\n".join(line.removeprefix("# ") for line in block.splitlines())
    path = tmp_path / "site.toml"
    path.write_text(text.replace(block, open_block), encoding="utf-8")
    site = Site.from_toml(path)
    assert [stream.name for stream in site.sinking_streams] == ["west brook"]


# ------------------------------------------------------------------------------------------------- every step


@pytest.mark.parametrize("steps_per_day", [1, 24])
def test_steps_add_up_to_days(climate_forcing, whole_site, steps_per_day) -> None:
    ds = climate_forcing("monsoon", years=1, steps_per_day=steps_per_day).isel(
        time=slice(0, 20 * steps_per_day)
    )
    run = Simulation(whole_site(("grass",), 1), ds, [{}, {"soil.depth": 0.3}])
    run.spin_up(0)
    out = run.run(["step", "daily"], ["aquifer_spring", "soil_base_pco2", "surface_water_outflow"])
    assert out["step"].sizes["time"] == 20 * steps_per_day
    assert (out["step"].time.values == ds.time.values).all()
    days = out["step"].drop_vars("time_bnds").resample(time="D")
    np.testing.assert_allclose(days.sum()["aquifer_spring"].transpose("realization", "time"),
                               out["daily"]["aquifer_spring"], rtol=1e-12)  # fmt: skip
    pressure = days.mean()["soil_base_pco2"].transpose("realization", "time", "tile")
    np.testing.assert_allclose(pressure, out["daily"]["soil_base_pco2"], rtol=1e-12)
