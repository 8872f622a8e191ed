"""Run files: what is accepted, what is refused and how, and that nothing crashes the loader."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from karstsim import tomlfile
from karstsim.config import ForcingSection, RunConfig, RunSection, load_config, to_toml
from karstsim.core.errors import InputError
from karstsim.model.site import Box, Site, Tile

SITE = """
[site]
name = "Puding"
latitude = 26.3
longitude = 105.7
elevation = 1200
area_km2 = 10.0
[[site.tiles]]
land_use = "grass"
area_fraction = 1.0
"""
SYNTHETIC = '[forcing]\nsynthetic = "ssp245"\nstart = 2015\nend = "2040-12"\n'


def write(folder: Path, text: str | bytes, name: str = "run.toml") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refused(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        load_config(path)
    return caught.value


def test_defaults(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, SITE + SYNTHETIC))
    assert config.run.spinup_years == 30
    assert config.run.output == ["monthly", "annual"]
    assert (config.forcing.start, config.forcing.end) == ("2015", "2040-12")
    assert config.place == (105.7, 26.3)
    assert config.forcing_seed == 0
    assert config.with_seed(7).forcing_seed == 7


def test_the_site_may_be_its_own_file(tmp_path: Path) -> None:
    write(tmp_path, SITE, "site.toml")
    config = load_config(write(tmp_path, 'site = "site.toml"\n' + SYNTHETIC))
    assert config.site.name == "Puding"
    write(tmp_path, SITE.replace("26.3", "126.3"), "site.toml")
    assert refused(tmp_path / "run.toml").where == f"{tmp_path / 'site.toml'}, site.latitude"


def test_files_are_found_from_the_folder_of_the_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    for name in ("tas_1.nc", "tas_2.nc", "pr.nc", "co2.csv"):
        write(tmp_path / "data", "", name)
    text = SITE + '[forcing]\nfiles = ["data/tas*.nc", "data/pr.nc"]\nco2 = "data/co2.csv"\n'
    path = write(tmp_path, text)
    monkeypatch.chdir("/")
    config = load_config(path)
    assert [Path(f).name for f in config.forcing.files] == ["tas_1.nc", "tas_2.nc", "pr.nc"]
    assert all(Path(f).is_absolute() for f in [*config.forcing.files, config.forcing.co2])


def test_a_folder_of_files_and_a_sheet(tmp_path: Path) -> None:
    (tmp_path / "cmip").mkdir()
    error = refused(write(tmp_path, SITE + '[forcing]\nfiles = ["cmip"]\nco2 = "ssp245"\n'))
    assert error.where.endswith("forcing.files[0]") and "is a folder" in error.what
    assert "cmip/*.nc" in error.mend


def test_a_sheet_of_a_workbook_is_named_in_the_file(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["remarks"])
    weather = book.create_sheet("weather")
    weather.append(["date", "tas (degC)", "pr (mm/d)", "rsds (W/m2)"])
    for day in ("2015-01-01", "2015-01-02"):
        weather.append([day, 10.0, 1.0, 100.0])
    book.save(tmp_path / "station.xlsx")
    text = SITE + '[forcing]\nfiles = ["station.xlsx"]\nco2 = 400.0\n'
    with pytest.raises(InputError, match="not 'weather'"):
        load_config(write(tmp_path, text)).open_forcing()
    found = load_config(write(tmp_path, text + 'sheet = "weather"\n')).open_forcing()
    assert found.sizes["time"] == 2


def test_missing_files_are_all_named(tmp_path: Path) -> None:
    text = SITE + '[forcing]\nfiles = ["no*.nc"]\nco2 = "no.csv"\n[run]\nrestart = "no.npy"\n'
    error = refused(write(tmp_path, text))
    for key in ("forcing.files[0]", "forcing.co2", "run.restart"):
        assert key in error.what


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        ("[forcing]\n", "forcing", "neither files nor synthetic"),
        ('[forcing]\nsynthetic = "ssp245"\nfiles = ["a.nc"]\n', "forcing", "both files and synthetic"),
        ('[forcing]\nsynthetic = "ssp245"\nlon = 3\n', "forcing", "only one of lon and lat"),
        ('[forcing]\nsynthetic = "ssp245"\nestimate = ["rsds"]\n', "forcing", "remove estimate"),
        ('[forcing]\nsynthetic = "ssp245"\nstart = "2050-06"\nend = 2049\n', "forcing", "after end"),
        ('[forcing]\nsynthetic = "ssp245"\nstart = "2050-13"\n', "forcing.start", "not a date"),
        ('[forcing]\nsynthetic = "ssp245"\nco2 = 4\n', "forcing.co2", "outside 100..10000"),
        ('[forcing]\nsynthetic = "ssp245"\nco2 = true\n', "forcing.co2", "neither a scenario"),
        ('[forcing]\nsyntetic = "ssp245"\nfiles = ["a.nc"]\n', "forcing.syntetic", "'synthetic'"),
        (SYNTHETIC + "[rum]\n", "rum", "'run'"),
        (
            SYNTHETIC + '[run]\noutput = ["weekly"]\n',
            "run.output[0]",
            "'daily', 'monthly', 'annual' or 'step'",
        ),
        (SYNTHETIC + '[run]\noutput = ["daily", "daily"]\n', "run.output", "twice"),
        (SYNTHETIC + "[run]\noutput = []\n", "run.output", "at least one"),
        (SYNTHETIC + "[run]\nspinup_years = 1.5\n", "run.spinup_years", "whole number"),
        (SYNTHETIC + "[run]\nseed = -1\n", "run.seed", "greater than or equal to 0"),
        (SYNTHETIC + '[parameters]\n"soil.depth" = "0.5"\n', "parameters", "'soil.depth' is '0.5'"),
        (SYNTHETIC + "[parameters]\nsoil.depth = { factor = inf }\n", "parameters", "not a finite number"),
        (SYNTHETIC + '[parameters]\n"soil.depth" = 1\nsoil.depth = 2\n', "parameters", "twice"),
    ],
)
def test_a_wrong_key_is_named_with_its_mend(tmp_path: Path, text: str, key: str, hint: str) -> None:
    path = write(tmp_path, SITE + text)
    error = refused(path)
    assert error.where == f"{path}, {key}"
    assert hint in str(error)


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ("[site\n", "line 1, column 6"),
        ("a = 1\na = 2\n", "line 2"),
        ("a = 1\nb = 2\na = 3\n", "stands twice, keep one: a = 3"),
        ("[run]\na = 1\n[run]\n", r"stands twice, keep one: [run]"),
        ("a = 1\nrate = 50,0  # t\n", "decimal point, as in 1.5: rate = 50,0"),
        ("isotopes = True\n", "true and false in small letters"),
        ("land_use = cropland\n", "text into quotes"),
        ("tiles = [cropland]\n", "text into quotes"),
        ("length = 20 km\n", "the number alone"),
        ("latitude = 26°18\n", "the number alone"),
        (b"name = 'caf\xe9'\n", "not UTF-8"),
        (b"\x00\x01\x02", "not valid TOML"),
        ("a = " + "[" * 5000, "nested too deeply"),
        ("a = " + "[" * 50 + "]" * 50, "more than 12 levels"),
        ("a" + ".a" * 50_000 + " = 1", "dots"),
        ("a = " + "9" * 5000, "not valid TOML"),
        ("# " + "x" * 1_000_001, "bytes"),
    ],
)
def test_hostile_files(tmp_path: Path, content: str | bytes, hint: str) -> None:
    path = write(tmp_path, content)
    error = refused(path)
    assert str(path) in error.where
    assert hint in str(error)
    assert len(str(error)) < 1000


def test_unreadable_files(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "absent.toml").what
    assert "cannot be read" in refused(tmp_path).what
    write(tmp_path, 'site = "a\\u0000b"\n' + SYNTHETIC)
    assert "cannot be read" in refused(tmp_path / "run.toml").what


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, b"\xef\xbb\xbf" + (SITE + SYNTHETIC).encode())).site.name == "Puding"


def test_both_ways_to_write_an_override(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("karstsim.config.check_overrides", lambda overrides, where: None)
    text = '[parameters]\n"soil.depth" = 1\nsoil.q10 = { factor = 1.1 }\naquifer.k_m = 2.5\n'
    config = load_config(write(tmp_path, SITE + SYNTHETIC + text))
    assert config.parameters == {"soil.depth": 1.0, "soil.q10": {"factor": 1.1}, "aquifer.k_m": 2.5}
    again = load_config(write(tmp_path, to_toml(config), "again.toml"))
    assert again.model_dump() == config.model_dump()


def test_the_resolved_file_reads_back_to_the_same(tmp_path: Path) -> None:
    write(tmp_path, "", "a.nc")
    text = SITE + (
        '[[site.boxes]]\nname = "pool \\" \\u00e9"\nkind = "reservoir"\nwater_class = "pond"\narea_km2 = 1e-5\n'
        'depth_m = 2\n[forcing]\nfiles = ["a.nc"]\nco2 = 410\n[forcing.columns]\npr = "rain [mm]"\n'
        '[run]\noutput = ["daily"]\nvariables = ["soil_*"]\n'
    )
    config = load_config(write(tmp_path, text))
    again = load_config(write(tmp_path, to_toml(config), "again.toml"))
    assert again.model_dump() == config.model_dump()


# --- fuzz: whatever the tables hold, the loader gives a RunConfig or an InputError -------------------------------

_KNOWN = [
    *("site", "forcing", "run", "parameters", "factor"),
    *Site.model_fields,
    *Tile.model_fields,
    *Box.model_fields,
    *ForcingSection.model_fields,
    *RunSection.model_fields,
]
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=12)
_WORDS = st.sampled_from(
    ["grass", "stream", "reservoir", "pond", "ssp245", "rsds", "daily", "*", "/", "a.nc"]
)
_NUMBERS = st.one_of(st.integers(-(2**70), 2**70), st.floats(), st.sampled_from([0, 1, 1.0, 0.5, 26.3]))
_KEYS = st.one_of(st.sampled_from(_KNOWN), st.text(string.ascii_letters, max_size=5), _TEXT)
_VALUES = st.recursive(
    st.one_of(st.booleans(), _NUMBERS, _TEXT, _WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=4)),
    max_leaves=12,
)
_SITES = {
    "name": "a",
    "latitude": 1.0,
    "longitude": 1.0,
    "elevation": 1.0,
    "area_km2": 1.0,
    "tiles": [{"land_use": "grass", "area_fraction": 1.0}],
}


@st.composite
def _mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A valid run with a few entries replaced or added."""
    run: dict[str, Any] = {
        "site": dict(_SITES),
        "forcing": {"synthetic": "ssp245"},
        "run": {"spinup_years": 2},
        "parameters": {},
    }
    for _ in range(draw(st.integers(0, 3))):
        table = draw(st.sampled_from([run, *(v for v in run.values() if isinstance(v, dict))]))
        table[draw(_KEYS)] = draw(_VALUES)
    return run


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.one_of(_mutated(), st.dictionaries(_KEYS, _VALUES, max_size=5)))
def test_any_table_is_a_run_or_an_input_error(
    data: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("karstsim.config", "karstsim.model.site"):
        monkeypatch.setattr(f"{module}.check_overrides", lambda overrides, where: None)
    path = write(tmp_path, tomlfile.emit_toml(data))
    try:
        config = load_config(path)
    except InputError as error:
        assert error.mend
        return
    assert isinstance(config, RunConfig)
    again = load_config(write(tmp_path, to_toml(config), "again.toml"))
    assert again.model_dump() == config.model_dump()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(
        st.binary(max_size=200), st.text(max_size=200).map(lambda t: t.encode("utf-8", "ignore"))
    )
)
def test_any_bytes_are_a_run_or_an_input_error(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        load_config(write(tmp_path, content))


def test_isotopes_are_a_switch_and_their_air_a_number_or_a_file(tmp_path: Path) -> None:
    """Off unless asked for; a file lies beside the run file; what is neither is refused with its key."""
    plain = load_config(write(tmp_path, SITE + SYNTHETIC))
    assert not plain.run.isotopes
    air = 'delta13co2 = -8\nDelta14co2 = "bomb.csv"\n'
    path = write(tmp_path, SITE + SYNTHETIC + air + "[run]\nisotopes = true\n")
    assert refused(path).where == f"{path}, forcing.Delta14co2"
    write(tmp_path, "year,Delta14co2\n1950,-25\n1964,800\n2040,0\n", "bomb.csv")
    config = load_config(path)
    assert config.run.isotopes and config.forcing.delta13co2 == -8.0
    assert config.forcing.Delta14co2 == str(tmp_path / "bomb.csv")
    again = load_config(write(tmp_path, to_toml(config), "again.toml"))
    assert again.model_dump() == config.model_dump()
    ds = config.open_forcing()
    assert (ds["delta13co2"] == -8.0).all()
    assert float(ds["Delta14co2"][0]) == pytest.approx(
        800.0 * 25.0 / 76.0, rel=1e-3
    )  # on the line of 1964 to 2040
    wrong = write(tmp_path, SITE + SYNTHETIC + "delta13co2 = true\n", "wrong.toml")
    assert refused(wrong).where == f"{wrong}, forcing.delta13co2"
    heavy = load_config(write(tmp_path, SITE + SYNTHETIC + "delta13co2 = 27\n", "heavy.toml"))
    with pytest.raises(InputError, match=r"forcing\.delta13co2"):
        heavy.open_forcing()


def test_what_the_model_refuses_names_the_run_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tile, a year or a variable that only the model can judge; of a run before its spin-up too."""
    from karstsim.check import check
    from karstsim.run_file import run_config

    monkeypatch.setattr("karstsim.model.simulate.Simulation.spin_up", lambda *_, **__: pytest.fail("spun up"))
    powder = '[[intervention]]\nkind = "limestone_powder"\nstart = 2020\ntiles = ["Forest"]\n'
    short = SYNTHETIC.replace("2040-12", "2016-12")
    for extra, said in (
        (powder.replace("2020", "2016"), "limestone_powder, tiles"),
        (powder.replace('tiles = ["Forest"]\n', ""), "intervention[0].start"),
        ('[run]\nvariables = ["soil_Co2"]\n', "run.variables, 'soil_Co2'"),
    ):
        path = write(tmp_path, SITE + short + extra)
        for attempt in (check, lambda p: run_config(load_config(p), tmp_path / "out")):
            with pytest.raises(InputError) as caught:
                attempt(path)
            assert caught.value.where == f"{path}, {said}"


def test_a_per_cent_is_told_from_a_share(tmp_path: Path) -> None:
    error = refused(write(tmp_path, SITE.replace("area_fraction = 1.0", "area_fraction = 40") + SYNTHETIC))
    assert error.mend == "write a share of 1: 40 % is 0.4"
