"""Every folder of public data opens by one call of `karstsim forcing`, each file by its own reader."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from karstsim.cli.app import app

IONS = ("Ca", "Mg", "Na", "K", "SO4", "Cl", "HCO3")


def units(**told: str) -> list[str]:
    return [text for header, unit in told.items() for text in ("--unit", f"{header}={unit}")]


# What the files themselves do not say, and of every folder some sources with some of their variables.
FOLDERS = {
    "cmip5_canesm2_1950_2100": (
        [],
        {"CanESM2 rcp85 r1i1p1 day": {"tasmax", "pr"}, "ahccd_1950-2013.nc": {"tasmax", "pr"}},
    ),
    "cmip6_daily_noleap": (
        [],
        {"CESM2-WACCM historical r1i1p1f1 day gn": {"tas"}, "GFDL-CM4 historical r1i1p1f1 day gr1": {"pr"}},
    ),
    "cmip6_monthly_access_esm1_5": ([], {"": {"tas", "pr"}}),
    "cmip6_ssp_access_cm2": (["--co2", "ssp245"], {"cannonsville__DaymetV4.csv.gz": {"tasmin", "tasmax", "pr"}}),
    "era5_daily_cities": (["--co2", "360"], {"": {"tas", "pr", "rsds", "hurs"}}),
    "hydrochem_blowing_springs": (
        ["--select", "Site=BS01", *units(Discharge="m3/s", discharge="ft3/s", Ca="mg/L")],
        {
            "Knierim-BS-Water-Chem-Data.csv": {"discharge", "ca", "ph"},
            "Little-Sugar-Creek-discharge.csv": {"discharge"},
        },
    ),
    "karst_spring_karstmod_demo": (
        units(QobsS="m3/s", discharge="m3/s", **dict.fromkeys(IONS, "mg/L")),
        {
            "KarstMod_dataset.txt": {"discharge", "precipitation"},
            "KarstID_default_dataset.txt": {"discharge"},
            "pc_data.csv": {"ca", "mg"},
        },
    ),
    "rothc_v2_reference": ([], {"RothC_input.dat": {"rain", "temperature"}}),
    "soil_respiration_laegeren": (
        [*units(CSR_FLUX_CO2="umol/m2/s"), "--column", "soil_respiration=CSR_FLUX_CO2",
         "--column", "date=CSR_TIMESTAMP_BEGIN"],
        {"d20190607_RUEHR.csv.gz": {"soil_respiration"}},
    ),
    "ssp_co2_concentrations": ([], {"rcmip-5.1.0_co2_annual_1700-2500.csv": set()}),
    "stream_metabolism_french_creek": (
        ["--select", "sonde=TOWN", *units(oxy="mg/L"), "--month-first"],
        {"french.csv": {"temperature", "oxygen"}},
    ),
}  # fmt: skip
LONG = ("cmip5_canesm2_1950_2100", "cmip6_daily_noleap", "cmip6_ssp_access_cm2")  # a century and more of days
WITHOUT_UNITS = {
    "cmip6_daily_noleap": ("CanESM5 historical r1i1p1f1 day gn", ("pr: has no units", "prsn: has no units"))
}


def test_no_folder_is_forgotten(shared_data) -> None:
    assert {p.name for p in shared_data.iterdir() if p.is_dir()} <= set(FOLDERS)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in FOLDERS]
)
def test_a_folder_opens_in_one_call(shared_data, name) -> None:
    options, expected = FOLDERS[name]
    run = CliRunner().invoke(app, ["forcing", str(shared_data / name), "--json", *options])
    said = json.loads(run.stdout)
    found = {s["source"]: s for s in said.get("sources", [{"source": "", **said}])}
    for source, variables in expected.items():
        assert variables <= set(found[source]["variables"]), source
    unread, lacking = WITHOUT_UNITS.get(name, ("", ()))
    for source, report in found.items():
        lines = [f"{r['where']}: {r['what']}" for r in report["refused"]]
        assert all(any(what in line for what in lacking) for line in lines), lines
        assert not lines or source == unread
    assert run.exit_code == (2 if unread else 0)
    if name.startswith("ssp"):
        assert "ssp245" in said["sources"][0]["scenarios"]
