"""`ks.dissolve`: closed books, limits in time, laws and minerals by name, shapes, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import karstsim as ks
from karstsim.core.errors import InputError

DAY = 86400.0
EASY = {"temperature": 10, "pco2": 1e-2, "area_to_volume": 10.0, "times": [0.0, DAY]}


@pytest.mark.parametrize(("system", "calcium"), [("open", 2.119), ("closed", None)])
def test_long_contact_is_equilibrium(system, calcium) -> None:
    """chemistry notes 1: open calcite water, 10^-2 atm, 10 degC: 2.119 mM Ca, pH 7.318; closed ends at SI = 0 too."""
    out = ks.dissolve(temperature=10, pco2=1e-2, area_to_volume=100.0, system=system, times=[0.0, 300 * DAY])
    end = out.isel(time=-1)
    assert abs(float(end.si_calcite)) < 1e-5
    if calcium:
        assert float(end.ca) == pytest.approx(calcium, abs=1e-3) and float(end.ph) == pytest.approx(
            7.318, abs=1e-3
        )
    assert float(end.calcite_dissolved) == pytest.approx(float(end.ca), rel=1e-12, abs=0.0)
    assert set(out.dims) == {"time"} and out.time.attrs["units"] == "s"


def test_closed_books() -> None:
    """Closed: Ca, Mg, SO4, DIC and alkalinity are those at the start plus what minerals brought.

    Gypsum and dolomite dissolve; their calcium makes calcite dissolve first and precipitate later (dedolomitisation).
    """
    start = {"temperature": 15.0, "ca": 0.3, "mg": 0.2, "so4": 0.1, "alkalinity": 0.8, "dic": 2.0}
    out = ks.dissolve(
        water=start, minerals=["calcite", "dolomite", "gypsum"], system="closed", times=[0.0, 3600.0, 30 * DAY],
        area_to_volume={"calcite": 5.0, "dolomite": 50.0, "gypsum": 0.01},
    )  # fmt: skip
    cc, do, gy = (out[f"{m}_dissolved"] for m in ("calcite", "dolomite", "gypsum"))
    assert bool((do[1:] > 0).all() and (gy[1:] > 0).all()) and float(cc[1]) > 0.0 > float(cc[2])
    for name, brought in (("ca", cc + do + gy), ("mg", do), ("so4", gy), ("dic", cc + 2 * do)):
        np.testing.assert_allclose(out[name], start[name] + brought, rtol=1e-9)
    np.testing.assert_allclose(out.alkalinity, start["alkalinity"] + 2 * cc + 4 * do, rtol=1e-9)


def test_the_start_and_the_first_rate() -> None:
    """Pure water, 10 degC, 10^-1.5 atm: dCa/dt = A/V R; PHREEQC's run K1 starts with 1.16042e-6 mmol cm-2 s-1."""
    out = ks.dissolve(temperature=10, pco2=10**-1.5, area_to_volume=20.0, system="closed", times=[0.0, 1.0])
    assert float(out.rate_calcite[0]) / 10.0 == pytest.approx(1.16042292e-06, rel=1e-5)
    mean = float(out.rate_calcite.mean())
    assert float(out.ca[1]) == pytest.approx(20.0 * mean * 1.0, rel=1e-2)
    assert float(out.ca[0]) == 0.0 and float(out.dic[0]) == pytest.approx(1.7243, rel=1e-4)


def test_acid_dissolves_more_and_counts() -> None:
    """chemistry notes 1: 0.5 mM H2SO4, closed from 10^-2 atm, 15 degC: Ca 1.407 mM, alkalinity 1.814 meq at the end."""
    out = ks.dissolve(15, 1e-2, area_to_volume=200.0, system="closed", times=[300 * DAY], acid={"h2so4": 0.5})
    assert float(out.ca[0]) == pytest.approx(1.407, abs=2e-3)
    assert float(out.alkalinity[0]) == pytest.approx(1.814, abs=3e-3)
    assert float(out.so4[0]) == 0.5


def test_supersaturated_water_precipitates_down_to_its_threshold() -> None:
    drip = {"temperature": 10.0, "ca": 3.0, "alkalinity": 6.0, "pco2": 10**-3.2}
    free = ks.dissolve(water=drip, area_to_volume=100.0, times=[0.0, 100 * DAY])
    kept = ks.dissolve(water=drip, area_to_volume=100.0, times=[0.0, 100 * DAY], threshold=0.3)
    none = ks.dissolve(water=drip, area_to_volume=100.0, times=[0.0, 100 * DAY], threshold=2.0)
    assert abs(float(free.si_calcite[-1])) < 1e-4 and float(free.calcite_dissolved[-1]) < -2.0
    assert float(kept.si_calcite[-1]) == pytest.approx(0.3, abs=1e-3)
    assert float(none.calcite_dissolved[-1]) == 0.0


@pytest.mark.parametrize(
    ("minerals", "law"),
    [("calcite", n) for n in ("pwp_surface", "tst", "palmer1991", "palmer1991_pure", "high_order", "film")]
    + [("calcite", "palandri_kharaka"), ("dolomite", "busenberg_plummer"), ("gypsum", "palandri_kharaka")]
    + [("dolomite", n) for n in ("palandri_kharaka", "palandri_kharaka_disordered")],
)
def test_every_law_runs(minerals, law) -> None:
    out = ks.dissolve(**EASY, minerals=minerals, law=law, system="closed")
    assert float(out[f"{minerals}_dissolved"][-1]) > 0.0 and (out.flag == "").all()
    assert out.attrs["law"] == f"{minerals}: {law}"


def test_film_law_relaxes_exponentially() -> None:
    """Open at fixed pressure: c = c_eq (1 - exp(-(A/V) alpha t)); anhydrase and thin layers speed it up."""
    t = np.array([0.0, 1e4, 5e4, 2e5])
    out = ks.dissolve(10, 1e-2, area_to_volume=50.0, times=t, law="film")
    c_eq = float(ks.dissolve(10, 1e-2, area_to_volume=1e3, times=[400 * DAY]).ca[0])
    alpha = float(out.rate_calcite[0]) / c_eq
    assert alpha == pytest.approx(1.63e-7, rel=0.04)
    np.testing.assert_allclose(out.ca, c_eq * -np.expm1(-50.0 * alpha * t), rtol=1e-4)
    assert float(ks.dissolve(10, 1e-2, area_to_volume=50.0, times=t, law="film", ca_factor=10).ca[1]) > float(
        out.ca[1]
    )
    assert float(ks.dissolve(10, 1e-2, area_to_volume=50.0, times=t, law="film", film=1.0).ca[1]) < float(
        out.ca[1]
    )


def test_shapes_and_chaining() -> None:
    pressure = xr.DataArray([1e-3, 1e-2], dims="pco2", coords={"pco2": [1e-3, 1e-2]})
    warm = xr.DataArray([5.0, 15.0, 25.0], dims="site", coords={"site": ["a", "b", "c"]})
    first = ks.dissolve(warm, pressure, area_to_volume=20.0, times=[0.0, 3600.0])
    assert first.ca.sizes == {"site": 3, "pco2_given": 2, "time": 2}
    assert list(first.site.values) == ["a", "b", "c"]
    one = ks.dissolve(15.0, 1e-2, area_to_volume=20.0, times=[0.0, 3600.0])
    np.testing.assert_allclose(first.ca.sel(site="b").isel(pco2_given=1), one.ca, rtol=1e-9)
    again = ks.dissolve(water=one.isel(time=-1), area_to_volume=20.0, times=[0.0, 3600.0])
    twice = ks.dissolve(15.0, 1e-2, area_to_volume=20.0, times=[7200.0])
    assert float(again.ca[-1]) == pytest.approx(float(twice.ca[0]), rel=1e-6)
    rows = ks.dissolve([5.0, np.nan, 15.0], 1e-2, area_to_volume=[1.0, 2.0, 20.0], times=[3600.0])
    assert rows.ca.dims == ("row", "time")
    assert np.isnan(rows.ca[1, 0]) and "temperature" in str(rows.flag[1, 0].item())
    assert float(rows.ca[2, 0]) == pytest.approx(float(one.ca[1]), rel=1e-9)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"minerals": ["halite"]}, "minerals"), ({"minerals": []}, "minerals"), ({"system": "ajar"}, "system"),
        ({"law": "nernst"}, "law"), ({"law": {"dolomite": "palandri_kharaka"}}, "law"),
        ({"law": {"calcite": "busenberg_plummer"}}, "law"),
        ({"times": None}, "times"), ({"times": [2.0, 1.0]}, "times"),
        ({"times": [-1.0]}, "times"), ({"times": "soon"}, "times"), ({"times": []}, "times"),
        ({"area_to_volume": None}, "area_to_volume"), ({"area_to_volume": -1.0}, "area_to_volume"),
        ({"area_to_volume": {"dolomite": 1.0}}, "area_to_volume"), ({"pco2": None}, "pco2"),
        ({"temperature": None}, "temperature"), ({"threshold": -0.1}, "threshold"), ({"film": 0.0}, "film"),
        ({"ca_factor": 0.5}, "ca_factor"), ({"acid": {"hf": 1.0}}, "acid"), ({"acid": 1.0}, "acid"),
        ({"constants": "wateq"}, "constants"), ({"temperature": [1.0, 2.0], "pco2": [1e-2] * 3}, "pco2"),
        ({"water": {"ca": 1.0}, "pco2": None}, "water"), ({"area_to_volume": "large"}, "area_to_volume"),
        ({"temperature": xr.DataArray([5.0], dims="time")}, "time"),
        ({"water": {"ca": 1.0, "alkalinity": 2.0, "ph": 7.0}, "system": "closed"}, "pco2"),
    ],
)  # fmt: skip
def test_bad_input_is_named(changes, where) -> None:
    with pytest.raises(InputError) as error:
        ks.dissolve(**{**EASY, **changes})
    assert where in str(error.value)


def test_the_law_film_says_where_it_left_its_table() -> None:
    """By water and by time; the values stay. Other laws know no table."""
    wide = {"area_to_volume": 10.0, "times": [0.0, DAY]}
    inside = ks.dissolve(temperature=50, pco2=[1e-4, 1.0], law="film", **wide)
    assert bool((inside.flag == "").all())
    out = ks.dissolve(temperature=10, pco2=[2.0, 1e-5, 1e-2], law="film", **wide)
    assert bool(out.flag[:2].str.contains("outside its table").all()) and bool((out.flag[2] == "").all())
    assert bool(np.isfinite(out.rate_calcite).all())
    assert bool((ks.dissolve(temperature=10, pco2=2.0, **wide).flag == "").all())
    thick = ks.dissolve(temperature=10, pco2=1e-2, law="film", film=[0.3, 20.0], **wide)
    assert [bool((row != "").all()) for row in thick.flag] == [False, True]
    closed = ks.dissolve(
        temperature=25, pco2=2e-4, law="film", system="closed", area_to_volume=100.0, times=[0.0, DAY]
    )
    assert float(closed.pco2[1]) < 1e-4 < float(closed.pco2[0])
    assert str(closed.flag[0].item()) == "" and "outside its table" in str(closed.flag[1].item())
