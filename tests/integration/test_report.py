"""The page: offline, escaped, complete; the report of a made-up ensemble and of a short real run."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from karstsim.report.checks import standard_checks
from karstsim.report.html import write_page
from karstsim.report.run_folder import sections_of_outputs
from karstsim.report.section import Chart, Check, Contents, Notes, Section, Table
from karstsim.report.tables import budget_table, key_numbers, number, spread

ATTACK = '<script>alert("x")</script>'


class Page(HTMLParser):
    """Tags, their attributes and the text of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def report(
    folder: Path,
    annual: xr.Dataset,
    monthly: xr.Dataset,
    title: str,
    notes: Notes | None = None,
    provenance: dict[str, object] | None = None,
) -> Path:
    """The page of two Datasets."""
    sections = sections_of_outputs(folder, {"annual": annual, "monthly": monthly}, 20.0)
    return write_page(folder, Contents(title, sections, notes or Notes(), provenance or {}))


@pytest.fixture(scope="module")
def annual() -> xr.Dataset:
    rng = np.random.default_rng(3)
    shape = (6, 24)
    names = {
        "catchment_sink_hydrochemical": 0.7,
        "catchment_weathering_uptake": 1.0,
        "catchment_rock_dissolution": 0.8,
        "catchment_export_dic": 1.4,
        "catchment_evasion": 0.3,
        "catchment_runoff": 500.0,
        "aquifer_spring_ph": 7.3,
    }
    data = {
        n: (("realization", "time"), v * (1 + 0.05 * rng.standard_normal(shape))) for n, v in names.items()
    }
    ds = xr.Dataset(data, coords={"time": pd.date_range("2015-01-01", periods=24, freq="YS")})
    ds["catchment_imbalance_carbon"] = (("realization", "time"), np.full(shape, 1e-16))
    ds.attrs.update(forcing_source_id="synthetic-1", forcing_comment="synthetic weather")
    return ds.assign_coords(
        scenario=("realization", np.repeat(["ssp126", "ssp585"], 3)),
        draw=("realization", np.tile(range(3), 2)),
    )


@pytest.fixture(scope="module")
def monthly() -> xr.Dataset:
    shape = (6, 288)
    values = np.broadcast_to(1.0 + np.arange(288) % 12, shape)
    names = ("", "_ca_concentration", "_hco3", "_ph", "_si_calcite", "_pco2")
    ds = xr.Dataset(
        {f"aquifer_spring{n}": (("realization", "time"), values.copy()) for n in names},
        coords={"time": pd.date_range("2015-01-01", periods=288, freq="MS")},
    )
    return ds.assign_coords(scenario=("realization", np.repeat(["ssp126", "ssp585"], 3)))


def test_page_of_an_ensemble(tmp_path: Path, annual: xr.Dataset, monthly: xr.Dataset) -> None:
    notes = Notes(
        summary=["Three draws under two scenarios."],
        checks=standard_checks(annual, {"carbon": 1e-15}, settled=False, spin_up="30 years"),
        repairs=["tas: degC to K"],
        warnings=["made-up numbers"],
    )
    path = report(tmp_path, annual, monthly, "Demo", notes, {"seed": 1, "versions": {"numpy": "2.0"}})
    assert path == tmp_path / "report.html"
    figures = ("spring", "sink_and_budget", "sankey", "scheme")
    for name in figures:
        assert (tmp_path / "figures" / f"{name}.png").stat().st_size > 0
        assert (tmp_path / "figures" / f"{name}.svg").stat().st_size > 0
    page = Page(path)
    images = [attrs for tag, attrs in page.tags if tag == "img"]
    assert len(images) == len(figures)
    for image in images:
        kind, content = str(image["src"]).split(",", 1)
        assert kind == "data:image/svg+xml;base64"
        assert b"<svg" in base64.b64decode(content)
        assert image["alt"]
    for text in (
        "Three draws",
        "tas: degC to K",
        "made-up numbers",
        "✗ failed",
        "✓ passed",
        "numpy: 2.0",
        "SSP1-2.6",
        "SSP5-8.5",
        "Karst carbon sink",
        "no: synthetic-1",
    ):
        assert text in page.text, text
    assert not list(tmp_path.glob(".report*"))


def test_page_loads_nothing(tmp_path: Path, annual: xr.Dataset, monthly: xr.Dataset) -> None:
    page = Page(report(tmp_path, annual, monthly, "Demo"))
    assert not re.search(r"https?:|[^:]//", re.sub(r"base64,[A-Za-z0-9+/=]+", "", page.source))
    assert "url(" not in page.source
    assert "@import" not in page.source
    assert not {tag for tag, _ in page.tags} & {"link", "iframe", "object", "embed", "base"}
    for _, attrs in page.tags:
        assert str(attrs.get("src", "data:")).startswith("data:")
        assert str(attrs.get("href", "#")).startswith("#")


def test_page_runs_its_own_script_only(tmp_path: Path, annual: xr.Dataset, monthly: xr.Dataset) -> None:
    """One script, without a source, and a policy that names its hash: the browser runs nothing else."""
    page = Page(report(tmp_path, annual, monthly, "Demo"))
    assert [attrs for tag, attrs in page.tags if tag == "script"] == [{}]
    script = page.source.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(a["content"] for t, a in page.tags if t == "meta" and "http-equiv" in a)
    assert f"script-src 'sha256-{digest}'" in str(policy)
    assert "default-src 'none'" in str(policy)


def test_everything_is_escaped(tmp_path: Path) -> None:
    """A script in any text of the page, or in an SVG file, is shown and not run."""
    svg = tmp_path / "evil.svg"
    svg.write_text(f'<svg xmlns="http://www.w3.org/2000/svg">{ATTACK}</svg>', encoding="utf-8")
    table = Table(ATTACK, [ATTACK], [[ATTACK, ATTACK]], ATTACK)
    folded = Table(ATTACK, [ATTACK], [[ATTACK]], folded=True)
    notes = Notes([ATTACK], [Check(ATTACK, None, ATTACK)], [ATTACK], [ATTACK])
    chart = Chart(ATTACK, [1.0], [ATTACK], [{"name": ATTACK, "unit": ATTACK, "lines": []}])
    caption = f'" onerror="x{ATTACK}'
    section = Section(ATTACK, [ATTACK], [table, folded], [chart], [(svg, caption)])
    path = write_page(tmp_path, Contents(ATTACK, [section, section], notes, {ATTACK: {ATTACK: [ATTACK]}}))
    page = Page(path)
    assert page.source.count("<script") == 1
    assert not any("onerror" in attrs for _, attrs in page.tags)
    assert page.text.count(ATTACK) > 20


def test_page_with_nothing_but_a_title(tmp_path: Path) -> None:
    page = Page(write_page(tmp_path / "new" / "folder", Contents("Empty", [])))
    assert "Empty" in page.text
    assert "Repairs of the inputs" in page.text


def test_figures_of_other_kinds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="svg"):
        write_page(tmp_path, Contents("x", [Section("x", figures=[(tmp_path / "a.pdf", "")])]))


@pytest.mark.parametrize("case", ["nan member", "all nan", "one scenario", "single run", "one year"])
def test_page_of_odd_data(case: str, tmp_path: Path, annual: xr.Dataset, monthly: xr.Dataset) -> None:
    a, m = annual.copy(deep=True), monthly.copy(deep=True)
    if case == "nan member":
        for ds in (a, m):
            for name in ds.data_vars:
                ds[name][0] = np.nan
    elif case == "all nan":
        a, m = a.where(False), m.where(False)
    elif case == "one scenario":
        a, m = a.isel(realization=slice(3)), m.isel(realization=slice(3))
    elif case == "single run":
        a, m = (ds.isel(realization=0).drop_vars(["scenario", "draw"], errors="ignore") for ds in (a, m))
    else:
        a, m = a.isel(time=slice(1)), m.isel(time=slice(12))
    notes = Notes(checks=standard_checks(a))
    page = Page(report(tmp_path, a, m, case, notes))
    assert not re.search(r"\bnan\b", page.text.replace(case, "").lower())
    assert ("✗ failed" in page.text) == ("nan" in case)


def test_key_numbers_by_hand(annual: xr.Dataset) -> None:
    table = key_numbers(annual)
    assert list(table.header) == [
        "Quantity",
        "2015–2024\nall scenarios",
        "SSP1-2.6\n2029–2038",
        "SSP5-8.5\n2029–2038",
    ]
    runoff = next(row for row in table.rows if str(row[0]).startswith("Runoff"))
    late = annual["catchment_runoff"].values[:3, -10:].mean(axis=1)
    low, middle, high = np.quantile(late, [0.05, 0.5, 0.95])
    assert runoff[2] == f"{middle:.0f} ({low:.0f} to {high:.0f})"


def test_budget_table_columns_add_up(annual: xr.Dataset) -> None:
    rows = {str(row[0]): [str(cell) for cell in row[1:]] for row in budget_table(annual).rows}

    def value(text: str) -> float:
        return float(text.split(" (")[0].replace("−", "-"))

    for column in (0, 1):
        parts = [value(v[column]) for k, v in rows.items() if k.startswith("From") and "all" not in k]
        assert sum(parts) == pytest.approx(value(rows["From: all together"][column]), abs=0.011)
        left = value(rows["From: all together"][column]) - value(rows["To: all together"][column])
        assert left == pytest.approx(
            value(rows["In − out: storage change, terms not kept"][column]), abs=0.011
        )


def test_numbers_for_reading() -> None:
    assert number(0.012345) == "0.0123"
    assert number(-1234.5) == "−1\u202f234"
    assert number(float("nan")) == number(float("inf")) == "–"
    assert number(-0.001, decimals=2) == "0.00"
    assert number(0.0) == "0.00"
    assert spread(np.array([1.0])) == "1.00"
    assert spread(np.array([np.nan, np.nan])) == "–"


def test_checks_fail_where_they_must(annual: xr.Dataset) -> None:
    good = {c.name: c.passed for c in standard_checks(annual, {"carbon": 1e-15}, True)}
    assert good == {
        "Books closed": True,
        "Spin-up settled": True,
        "No store below zero": None,
        "Values finite": True,
        "Ranges plausible": True,
        "Real forcing": None,
        "Forcing repaired": True,
    }
    bad = annual.copy(deep=True)
    bad["catchment_imbalance_carbon"][0, 0] = 1e-6
    bad["catchment_runoff"][2, 3] = np.inf
    found = {c.name: c for c in standard_checks(bad, {"carbon": 1e-15}, False)}
    assert [found[n].passed for n in ("Books closed", "Spin-up settled", "Values finite")] == [False] * 3
    assert "catchment_runoff" in found["Values finite"].detail
    assert standard_checks(annual, {"carbon": float("nan")})[0].passed is False
    bad["catchment_imbalance_carbon"][:] = np.nan
    assert standard_checks(bad)[0].passed is False


def test_report_of_a_short_run(tmp_path: Path) -> None:
    """Names and units of a real run: nothing is empty, and the budget closes to the change of storage."""
    from karstsim.forcing.synthetic import synthetic_forcing
    from karstsim.model.output import STANDARD
    from karstsim.model.simulate import Simulation
    from karstsim.model.site import Site
    from karstsim.report.budget import carbon_budgets, patterns

    site = Site.model_validate(
        {
            "name": "test",
            "latitude": 26.3,
            "longitude": 105.7,
            "elevation": 1200.0,
            "area_km2": 20.0,
            "tiles": [
                {"land_use": "cropland", "area_fraction": 0.4},
                {"land_use": "secondary_forest", "area_fraction": 0.6},
            ],
            "boxes": [
                {
                    "name": "creek",
                    "kind": "stream",
                    "water_class": "headwater",
                    "length_km": 3.0,
                    "slope": 0.005,
                }
            ],
        }
    )
    run = Simulation(site, synthetic_forcing("ssp245", start=2015, end=2018))
    run.spin_up(5)
    out = run.run(["monthly", "annual"], [*STANDARD, *patterns()])
    (b,) = carbon_budgets(out["annual"])
    assert abs(b.remainder) < 0.05 * b.total_in
    checks = standard_checks(out["annual"], run.closure(), bool(run.spin.settled.all()) if run.spin else None)
    assert {c.name: c.passed for c in checks}["Books closed"]
    assert {c.name: c.passed for c in checks}["Values finite"]
    page = Page(report(tmp_path, out["annual"], out["monthly"], "run", Notes(checks=checks)))
    assert "Spring pH" in page.text
