"""`ks.plot` and `ds.karst`: every figure is there, documented, and labelled; the map of the house names every room."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from karstsim import plot
from karstsim.core.errors import InputError

ROOT = Path(__file__).parents[2]
ANALYSES = ("hydrograph", "recession", "master_recession", "flow_duration", "autocorrelation", "spectrum")


def labels(figure: object) -> list[str]:
    return [ax.get_xlabel() + ax.get_ylabel() for ax in figure.axes if ax.axison]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", [name for name in plot.__all__ if name != "save"])
def test_every_figure_is_documented_and_on_the_accessor(name: str) -> None:
    assert getattr(plot, name).__doc__
    assert name in dir(xr.Dataset().karst)
    text = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    assert re.search(rf"`{name}(\(.*?\))?`", text), f"docs/report.md does not list {name}"


@pytest.fixture
def spring() -> xr.Dataset:
    """Two years of floods every 60 days, each with a recession of 0.03 a day, and the rain that made them."""
    times = pd.date_range("2015-01-01", periods=730)
    rain = np.where(np.arange(730) % 60 == 0, 40.0, 0.0)
    flow = 0.2 + 2.0 * np.exp(-0.03 * (np.arange(730) % 60))
    return xr.Dataset(
        {
            "discharge": ("time", flow, {"units": "m3 s-1"}),
            "precipitation": ("time", rain, {"units": "mm d-1"}),
        },
        coords={"time": times},
    )


@pytest.mark.parametrize("name", [*ANALYSES, "cross_correlation"])
def test_analyses_of_a_hydrograph_are_one_call_each(spring: xr.Dataset, name: str, tmp_path: Path) -> None:
    figure = getattr(spring.karst, name)()
    assert all(labels(figure))
    assert plot.save(figure, tmp_path / f"{name}.svg").stat().st_size > 1000


@pytest.fixture
def kept() -> xr.Dataset:
    """Three years of annual results with one variable of the spring and one of the catchment."""
    times = pd.date_range("2015-01-01", periods=4, freq="YS")
    bounds = np.stack([times[:-1], times[1:]], axis=1)
    names = ("aquifer_spring_ph", "aquifer_spring", "catchment_sink_hydrochemical")
    data = {name: ("time", np.full(3, 7.5), {"units": "1"}) for name in names}
    return xr.Dataset({**data, "time_bnds": (("time", "bnds"), bounds)}, coords={"time": times[:-1]})


@pytest.mark.parametrize("name", [name for name in plot.__all__ if name != "save"])
@pytest.mark.parametrize("kind", ["nothing", "list", "folder", "table", "empty", "no time", "span"])
def test_what_is_no_result_is_refused_with_words(kept: xr.Dataset, name: str, kind: str) -> None:
    """Bare TypeErrors, KeyErrors and IndexErrors of numpy and xarray told nothing."""
    given = {
        "nothing": None, "list": [kept], "folder": "runs/a", "table": pd.DataFrame({"a": [1.0]}), "empty": xr.Dataset(),
        "no time": xr.Dataset({"a": ("x", [1.0])}), "span": kept.isel(time=[]),
    }[kind]  # fmt: skip
    with pytest.raises(InputError) as caught:
        getattr(plot, name)(given)
    assert caught.value.mend


@pytest.mark.parametrize("name", ["results", "chemistry", "carbon_budget", "scheme", "seasons"])
def test_a_scenario_that_is_not_there_is_named_with_those_that_are(kept: xr.Dataset, name: str) -> None:
    from karstsim.report.figures import chosen_scenario

    with pytest.raises(InputError, match="ssp126, ssp585"):
        chosen_scenario(["ssp126", "ssp585"], "ssp1")
    with pytest.raises(InputError):
        getattr(plot, name)(kept.assign_attrs(forcing_experiment_id="ssp126"), scenario="nope")


def test_arguments_of_figures_are_checked(kept: xr.Dataset, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="area_km2"):
        plot.seasons(kept, area_km2="big")
    with pytest.raises(InputError, match="observations"):
        plot.results(kept, observations="spring.csv")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="variables"):
        plot.scenario_fan(kept, variables="catchment_runoff")
    with pytest.raises(InputError, match="what a function of ks.plot returns"):
        plot.save(kept, tmp_path / "a.svg")  # type: ignore[arg-type]


def test_what_a_record_does_not_hold_is_said(spring: xr.Dataset) -> None:
    with pytest.raises(InputError, match="there is no rain"):
        plot.cross_correlation(spring.drop_vars("precipitation"))
    with pytest.raises(InputError, match="no recession"):
        plot.recession(spring.assign(discharge=spring.discharge * 0.0 + 1.0))


def posterior(targets: tuple[str, ...]) -> xr.Dataset:
    """A front from (0.1, 0.9) to (0.9, 0.1) and evaluations that it dominates, of which one failed."""
    x = np.linspace(0.1, 0.9, 9)
    front = np.stack([x, 1.0 - x], axis=1)[:, : len(targets)]
    others = np.concatenate([front, front + 0.2, np.full((1, len(targets)), np.inf)])
    loss = front.mean(axis=1) + 0.1 * (x - 0.3) ** 2
    return xr.Dataset(
        {
            "target_loss": (("draw", "target"), front),
            "evaluated_target_loss": (("evaluation", "target"), others),
            "evaluated_loss": ("evaluation", np.concatenate([loss, loss + 0.2, [np.inf]])),
            "loss": ("draw", loss),
        },
        coords={"target": list(targets), "objective": ("target", ["kge", "rmse"][: len(targets)])},
        attrs={"kind": "pareto"},
    )


def test_compromises_show_the_front_inside_the_axes_and_name_the_objectives() -> None:
    """The best in the mean is at x = 0.3, where the made-up loss is least."""
    (ax,) = plot.pareto(posterior(("discharge", "ca"))).axes
    assert ax.get_xlabel() == "discharge\n1 − KGE"
    assert ax.get_ylabel() == "Ca²⁺\nRMSE / spread of observations"
    line = {one.get_label(): one.get_xydata() for one in ax.lines}
    np.testing.assert_allclose(line["best in the mean"], [[0.3, 0.7]])
    (low, high), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert low < line["front"][:, 0].min() and line["front"][:, 0].max() < high
    assert bottom < line["front"][:, 1].min() and line["front"][:, 1].max() < top


def test_one_target_has_no_compromise() -> None:
    with pytest.raises(InputError, match="two targets"):
        plot.pareto(posterior(("discharge",)))


@pytest.mark.parametrize(
    "name",
    [
        "search",
        "dotty",
        "chains",
        "corner",
        "pareto",
        "morris",
        "sensitivity_indices",
        "convergence",
        "indices_over_time",
    ],
)
def test_figures_of_one_kind_of_result_refuse_another(spring: xr.Dataset, name: str) -> None:
    with pytest.raises(InputError, match="dataset has no") as error:
        getattr(plot, name)(spring)
    assert "give the result of ks." in str(error.value)


def test_the_map_of_the_house_names_every_room_and_command_file() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("```")[1]
    package = ROOT / "karstsim"
    folders = [f"{p.name}/" for p in package.iterdir() if p.is_dir() and p.name != "__pycache__"]
    files = [p.name for p in package.glob("*.py") if not p.name.startswith("__")]
    rooms = [f"{p.name}/" for p in (ROOT / "tests").iterdir() if p.is_dir() and p.name != "__pycache__"]
    assert [name for name in folders + files + rooms if name not in text] == []
    said = re.search(r"^tests/ +(.*)$", text, re.MULTILINE)
    assert said and sorted(said[1].split()) == sorted(rooms)
