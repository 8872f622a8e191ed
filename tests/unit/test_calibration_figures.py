"""Figures of a calibration show every value that is compared."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from karstsim.calibration.targets import DISCHARGE, VARIABLES
from karstsim.report.calibration_figures import QUANTITIES, _top, fit, quantity, residual_panels


@pytest.fixture
def posterior() -> xr.Dataset:
    """A week of values, one of July and one of September alone, and three draws."""
    days = [f"2015-03-{d:02d}" for d in range(1, 8)] + ["2015-07-01", "2015-09-01"]
    best = np.arange(9.0) + 1.0
    ds = xr.Dataset(
        {
            "observed_ca": ("time_ca", best + 0.5, {"units": "mol m-3"}),
            "best_ca": ("time_ca", best),
            "fitted_ca": ("time_ca", np.arange(9) < 6),
            "censored_ca": ("time_ca", np.zeros(9, dtype=bool)),
            "band_ca": (("end", "time_ca"), np.stack([best - 1.0, best, best + 1.0])),
            "skill": (("target", "part", "metric"), np.zeros((1, 2, 2))),
        },
        coords={
            "time_ca": np.array(days, dtype="datetime64[ns]"),
            "target": ["ca"],
            "part": ["fitted", "held out"],
            "metric": ["kge", "nse"],
            "draw": np.arange(3),
        },
    )
    ds.attrs = {"uncertainties": "given", "kind": "posterior"}
    return ds


def test_values_between_gaps_are_drawn_by_themselves(posterior: xr.Dataset) -> None:
    """A line needs two neighbours: of lone samples it would show none, and these may be the worst ones."""
    ax = fit(posterior, "ca").axes[0]
    lone = next(line for line in ax.lines if line.get_marker() == "_")
    np.testing.assert_array_equal(lone.get_ydata(), posterior["best_ca"].values[-2:])
    bars = [
        path.vertices[:, 1].tolist()
        for c in ax.collections
        for path in c.get_paths()
        if len(path.vertices) == 2
    ]
    assert bars == [[7.0, 9.0], [8.0, 10.0]]


PLAIN = {DISCHARGE, "temperature", "conductivity", "alkalinity"}  # keys that are words


def test_quantities_are_printed_and_not_written_as_keys(posterior: xr.Dataset) -> None:
    assert set(QUANTITIES) | PLAIN == set(VARIABLES)
    assert fit(posterior, "ca").axes[0].get_ylabel() == "Ca²⁺ (mol m⁻³)"
    assert quantity("si of the upper spring") == "si of the upper spring"


@pytest.mark.parametrize(
    ("name", "units", "label"),
    [
        ("innovation of the error model", "1", "innovation of the error model\n(–)"),
        ("transformed residual", "(mol m-3)^0.5", "transformed residual\n((mol m⁻³)⁰·⁵)"),
        ("residual", "mol m-3", "residual\n(mol m⁻³)"),
    ],
)
def test_residuals_have_a_unit(posterior: xr.Dataset, name: str, units: str, label: str) -> None:
    left = np.linspace(-1.0, 1.0, 9)
    posterior["residual_ca"] = ("time_ca", left, {"long_name": name, "units": units})
    over_time, _, memory, normal = residual_panels(posterior, "ca").axes
    assert over_time.get_ylabel() == normal.get_ylabel() == label
    assert memory.get_ylabel() == "Autocorrelation (–)"


def test_scores_below_zero_have_a_minus_and_no_hyphen(posterior: xr.Dataset) -> None:
    posterior["skill"] = posterior["skill"] - [0.28, 0.3]
    shown = fit(posterior, "ca").axes[0].get_title(loc="left")
    assert shown == "a  fitted: KGE −0.28, NSE −0.30;  held out: KGE −0.28, NSE −0.30"


def test_dotty_plots_of_a_likelihood_show_the_profiles() -> None:
    """Far from the best it rises to 1e6; the profiles, which rise by 4 in the middle, must not lie on the axis."""
    profile = np.array([[-10.0, -6.0], [-10.0, 9e5], [-7.0, np.nan]])
    loss = np.concatenate([np.linspace(-10.0, 50.0, 50), np.geomspace(100.0, 1e6, 50)])
    assert _top(loss, profile) == pytest.approx(-10.0 + 3.0 * 4.0)
    assert _top(np.linspace(0.0, 1.0, 11), np.array([[0.0, 0.8]])) == pytest.approx(
        0.9
    )  # a score: nine tenths
