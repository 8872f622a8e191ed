"""The demo, small: every file, the labels of its members, and a report that says the weather is synthetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from karstsim import demo
from karstsim.report import scheme_figure


@pytest.fixture(scope="module")
def told() -> list[tuple[int, int, str]]:
    return []


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, told: list[tuple[int, int, str]]) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "LAST_YEAR", 2018)
        patch.setattr(demo, "DRAWS", 2)
        patch.setattr(demo, "SPINUP_YEARS", 1)
        demo.run_demo(folder, workers=2, progress=lambda *step: told.append(step))
    return folder


def test_nobody_waits_without_a_word_while_files_and_figures_are_made(
    finished: Path, told: list[tuple[int, int, str]]
) -> None:
    after = [step for step in told if step[2] != "simulating"]
    assert after == [
        (0, 3, "writing netCDF"), (1, 3, "writing netCDF"), (2, 3, "drawing figures"), (3, 3, "drawing figures"),
    ]  # fmt: skip


def test_it_writes_forcing_netcdf_figures_and_a_page(finished: Path) -> None:
    names = {str(p.relative_to(finished)) for p in finished.rglob("*") if p.is_file()}
    assert {"annual.nc", "monthly.nc", "plan.json", "report.html"} <= names
    assert {"figures/spring.svg", "figures/sink_and_budget.png"} <= names
    assert sum(n.startswith("forcing/pr_day_") for n in names) == len(demo.SCENARIOS)


def test_members_are_scenarios_times_draws_and_draws_share_their_weather(finished: Path) -> None:
    """Three scenarios of two draws; before scenarios part, draw 0 sees the same rain in all of them."""
    with xr.open_dataset(finished / "annual.nc") as annual:
        assert list(annual.scenario.values) == [s for s in demo.SCENARIOS for _ in range(2)]
        assert list(annual.draw.values) == [0, 1] * 3
        rain = annual["atmosphere_precipitation"].isel(time=0)
        of_draw = [rain.values[annual.draw.values == d] for d in (0, 1)]
        np.testing.assert_allclose(of_draw[0], of_draw[0][0], rtol=2e-3)
        assert abs(of_draw[0][0] - of_draw[1][0]) > 1.0
        assert float(annual["catchment_imbalance_carbon"].max()) < 1e-13


def test_every_arrow_of_the_scheme_has_its_flow(finished: Path) -> None:
    """Water and carbon go from the soil to the spring without a gap in the picture."""
    with xr.open_dataset(finished / "annual.nc") as annual:
        assert {"soil_percolation", "epikarst_recharge_dic", "vegetation_litterfall"} <= set(annual)
        texts = {t.get_text().split(" ")[0] for t in scheme_figure.scheme_figure(annual).axes[0].texts}
    assert {"percolation", "recharge", "litter", "rock", "event\nwater"} <= texts


def test_the_page_says_what_the_weather_is(finished: Path) -> None:
    text = (finished / "report.html").read_text(encoding="utf-8")
    assert "synthetic" in text
    assert "no projection" in text
