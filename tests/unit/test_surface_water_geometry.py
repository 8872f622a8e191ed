"""A stream whose hydraulic geometry was measured: velocity, depth, volume and gas exchange follow it."""

from __future__ import annotations

import numpy as np
import pytest

from karstsim.model.site import Site
from karstsim.model.water_chain import WaterChain

DISCHARGE, LENGTH_KM, SLOPE, WARM = 0.3, 2.0, 0.003, 20.0  # m3 s-1, km, 1, degC
SPRING = {"dic": 4.6, "ca": 2.05, "na": 0.1, "cl": 0.1}  # mol m-3
HOURS = 24
RAYMOND = (0.194, 0.285, 0.409, 0.294)
NAMES = ("depth", "velocity", "discharge", "water", "area_ratio", "k600")


def _steady(geometry: tuple[float, ...] | None) -> tuple[dict[str, float], WaterChain]:
    """The last hour of ten days of steady flow."""
    keys = ("velocity_coefficient", "velocity_exponent", "depth_coefficient", "depth_exponent")
    given = {f"surface_water.{k}": v for k, v in zip(keys, geometry, strict=True)} if geometry else {}
    box = {"name": "b", "kind": "stream", "water_class": "headwater", "length_km": LENGTH_KM, "slope": SLOPE}
    place = {"name": "s", "latitude": 26.0, "longitude": 106.0, "elevation": 0.0, "area_km2": 10.0}
    tiles = [{"land_use": "grass", "area_fraction": 1.0}]
    site = Site.from_dict({**place, "tiles": tiles, "boxes": [{**box, "parameters": given}]})
    chain, n = WaterChain(site), 10 * HOURS
    chain.fill(DISCHARGE, SPRING | {"oxygen": 0.25}, WARM)
    out = chain.run(
        NAMES, step=1.0 / HOURS, discharge=DISCHARGE, solutes=SPRING, temperature=np.full(n, WARM),
        day_fraction=np.arange(n) / HOURS % 1.0, year_fraction=0.47,
    )  # fmt: skip
    return {name: float(values[-1, 0]) for name, values in out.items()}, chain


@pytest.mark.parametrize("geometry", [None, (0.5, 0.4, 0.2, 0.3), (0.6, 0.0, 0.5, 0.0)])
def test_a_steady_stream_has_the_geometry_of_its_site(geometry) -> None:
    """U = a Q^m, D = c Q^f, V = L Q/U, surface V/D, k600 = 5037 (U S)^0.89 D^0.54; without a word Raymond's.

    Powers of 0 are a canal: one velocity and one depth at any flow.
    """
    found, chain = _steady(geometry)
    a, m, c, f = geometry or RAYMOND
    velocity, depth = a * DISCHARGE**m, c * DISCHARGE**f
    volume = 1e3 * LENGTH_KM * DISCHARGE / velocity
    assert found["discharge"] == pytest.approx(DISCHARGE, rel=1e-6)
    assert found["velocity"] == pytest.approx(velocity, rel=1e-6)
    assert found["depth"] == pytest.approx(depth, rel=1e-6)
    assert found["water"] / chain.mm_per_m3 == pytest.approx(volume, rel=1e-6)
    assert found["area_ratio"] * 1e7 == pytest.approx(volume / depth, rel=1e-6)
    assert found["k600"] == pytest.approx(5037.0 * (velocity * SLOPE) ** 0.89 * depth**0.54, rel=1e-6)
