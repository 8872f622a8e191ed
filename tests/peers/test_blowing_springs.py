"""Blowing Springs Cave, Arkansas (Knierim et al.; doi:10.5281/zenodo.3839802): its samples read as they were published.

The table reports pH, temperature, Ca and DIC, and what PHREEQC made of them: calcite saturation index, HCO3, CO3 and
CO2 in mol/L. Its headers give no units; the file's users verified Ca in mg/L and DIC in mg C/L.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import karstsim as ks
from experiments.blowing_springs import run as experiment
from karstsim.chemistry.api import speciate_csv

NAME = "hydrochem_blowing_springs/Knierim-BS-Water-Chem-Data.csv"
UNITS = {"Ca": "mg/L", "DIC": "mg C/L"}
SPECIES = {"Bicarb": "m_hco3", "Carb": "m_co3", "CO2_aq": "m_co2"}


@pytest.fixture(scope="module")
def samples(shared_data: Path) -> pd.DataFrame:
    """The samples with a result and a reported index; reported columns as numbers."""
    path = shared_data / NAME
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    frame = speciate_csv(path, units=UNITS)
    for name in ("logSI", *SPECIES):
        frame[name] = pd.to_numeric(frame[name]).where(lambda v: v > -9000.0)
    return frame[np.isfinite(frame["si_calcite"]) & np.isfinite(frame["logSI"])]


def test_the_published_table_is_understood(shared_data: Path) -> None:
    if not (shared_data / NAME).is_file():
        pytest.skip(f"{NAME} is not there")
    understood = speciate_csv(shared_data / NAME, units=UNITS).attrs["understood"]
    assert {c["quantity"]: (c["header"], c["rule"]) for c in understood["columns"]} == {
        "temperature": ("Temp_pH", "degC"),
        "ca": ("Ca (mg/L)", "mg/L / 40.078"),
        "dic": ("DIC (mg C/L)", "mg C/L / 12.011"),
        "ph": ("pH", ""),
    }
    assert dict(understood["unused"])["Bicarb"].startswith("hco3 without a unit")
    assert understood["rows"] == 192
    assert not understood["warnings"]


def test_saturation_index(samples: pd.DataFrame) -> None:
    """Computed from T, pH, DIC and Ca alone against the reported index: mean |d| <= 0.05, max <= 0.1."""
    difference = samples["si_calcite"] - samples["logSI"]
    assert len(samples) >= 110
    assert difference.abs().mean() <= 0.05
    assert difference.abs().max() <= 0.1


def test_inorganic_carbon(samples: pd.DataFrame) -> None:
    """The reported species sum to the DIC that went in, and the computed ones are the reported ones."""
    total = sum(samples[name] for name in SPECIES) * 1e3  # mol/L to mol m-3
    assert (total / samples["dic"]).mean() == pytest.approx(1.0, abs=0.02)
    computed = sum(samples[name] for name in SPECIES.values())
    assert (computed / total).mean() == pytest.approx(1.0, abs=0.02)
    assert (samples["m_hco3"] / (samples["Bicarb"] * 1e3)).mean() == pytest.approx(1.0, abs=0.02)


def test_saturated_at_the_pressure_of_saturation(shared_data: Path) -> None:
    """The diagnosis: at that CO2 pressure the index of a sample is zero; above its own pressure where it is above 0."""
    folder = (shared_data / NAME).parent
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    found = experiment.samples(folder)
    found = found[np.isfinite(found["si"])]
    waters = found[["temperature", "ca", "alkalinity"]]
    at_rest = ks.speciate(waters.assign(pco2=found["saturated"] / experiment.PPM))
    assert np.abs(at_rest["si_calcite"]).max() < 1e-6
    assert ((found["saturated"] > found["pco2"]) == (found["si"] > 0.0)).all()


def test_weather_of_the_experiment_has_the_normals() -> None:
    """Monthly means to the hundredth; radiation and rain stay possible."""
    weather = experiment.climate((2011, 2012)).isel(location=0)
    by_month = weather.groupby("time.month").mean()
    np.testing.assert_allclose(by_month["tas"] - 273.15, experiment.TEMPERATURE, atol=1e-6)
    np.testing.assert_allclose(by_month["rsds"], experiment.RADIATION, rtol=0.02)
    assert float(weather["pr"].mean()) * 86400.0 * 365.25 == pytest.approx(sum(experiment.RAIN), rel=0.01)
    assert float(weather["rsds"].max()) < 450.0 and float(weather["pr"].min()) >= 0.0


def test_why_medians_are_judged(shared_data: Path) -> None:
    """Half of the samples has its medians in the band of the other half, but hardly ever all of its 5 and 95 %."""
    folder = (shared_data / NAME).parent
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    medians, ends, number = experiment.halves(experiment.samples(folder))
    assert medians > 0.99
    assert ends < 0.05 and 5.0 < number < 7.0


@pytest.mark.slow
def test_the_spring_lies_in_the_band_of_the_samples(shared_data: Path) -> None:
    """Defaults, nothing fitted: medians of CO2, Ca and d13C lie in the samples' 5-95 % band, and most of the days."""
    folder = (shared_data / NAME).parent
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    found = experiment.samples(folder)
    assert (found[list(experiment.TOLD)].count() > 40).all()
    days = experiment.spring(experiment.USES[experiment.ASKED], experiment.climate())
    assert len(days) > 1000
    for name, least in {"pco2": 0.5, "ca": 0.9, "d13c": 0.9}.items():
        low, high = found[name].quantile(experiment.BAND)
        assert low < days[name].median() < high
        assert experiment.inside(days, found, name) > least
