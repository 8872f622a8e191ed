"""Every folder of public data opens by one call of `karstsim forcing`, each file by its own reader."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from karstsim.cli import app

# What the files themselves do not say, and of every folder a source with some of its variables.
FOLDERS = {
    "cmip5_canesm2_1950_2100": ([], {"CanESM2 rcp85 r1i1p1 day": {"tasmax", "pr"}, "ahccd_1950-2013.nc": {"tasmax"}}),
    "cmip6_daily_noleap": (
        ["--unit", "pr=mm/d"],
        {"CanESM5 historical r1i1p1f1 day gn": {"tas", "pr", "prsn"}},
    ),
    "cmip6_monthly_access_esm1_5": ([], {"ACCESS-ESM1-5 historical r1i1p1f1 mon gn": {"tas", "pr"}}),
    "cmip6_ssp_access_cm2": (["--co2", "ssp245"], {"cannonsville__DaymetV4.csv.gz": {"tasmin", "tasmax", "pr"}}),
    "era5_daily_cities": (["--co2", "360"], {"": {"tas", "pr", "rsds", "hurs"}}),
    "hydrochem_blowing_springs": (
        ["--select", "Site=BS01", "--unit", "Discharge=m3/s", "--unit", "discharge=ft3/s", "--unit", "Ca=mg/L"],
        {"Knierim-BS-Water-Chem-Data.csv": {"discharge", "ca", "ph"}, "Little-Sugar-Creek-discharge.csv": {"discharge"}},
    ),
    "karst_spring_karstmod_demo": (
        ["--unit", "QobsS=m3/s", "--unit", "discharge=m3/s", *(x for i in ("Ca", "Mg", "Na", "K", "SO4", "Cl", "HCO3")
                                                                for x in ("--unit", f"{i}=mg/L"))],
        {"KarstMod_dataset.txt": {"discharge", "precipitation"}, "KarstID_default_dataset.txt": {"discharge"},
         "pc_data.csv": {"ca", "mg"}},
    ),
    "rothc_v2_reference": ([], {"RothC_input.dat": {"rain", "temperature"}}),
    "soil_respiration_laegeren": (
        ["--column", "soil_respiration=CSR_FLUX_CO2", "--column", "date=CSR_TIMESTAMP_BEGIN",
         "--unit", "CSR_FLUX_CO2=umol/m2/s"],
        {"d20190607_RUEHR.csv.gz": {"soil_respiration"}},
    ),
    "ssp_co2_concentrations": ([], {"rcmip-5.1.0_co2_annual_1700-2500.csv": set()}),
    "stream_metabolism_french_creek": (
        ["--select", "sonde=TOWN", "--unit", "oxy=mg/L", "--month-first"], {"french.csv": {"temperature", "oxygen"}}),
}  # fmt: skip


def test_no_folder_is_forgotten(shared_data) -> None:
    assert {p.name for p in shared_data.iterdir() if p.is_dir()} <= set(FOLDERS)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_opens_in_one_call(shared_data, name) -> None:
    options, expected = FOLDERS[name]
    run = CliRunner().invoke(app, ["forcing", str(shared_data / name), "--json", *options])
    assert run.exit_code == 0, run.output[-3000:]
    said = json.loads(run.stdout)
    found = {s["source"]: s for s in said.get("sources", [{"source": "", **said}])}
    for source, variables in expected.items():
        assert variables <= set(found[source]["variables"]), source
        assert not found[source]["refused"]
    if name.startswith("ssp"):
        assert "ssp245" in said["sources"][0]["scenarios"]
