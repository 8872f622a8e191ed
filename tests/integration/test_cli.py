"""The command line: exit codes, messages, and what a user sees first. The simulator itself is replaced here."""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import karstsim
from karstsim import console
from karstsim.cli.app import app
from karstsim.config import ForcingSection, RunConfig, load_config
from karstsim.core.errors import InputError, RunError
from karstsim.model.site import check_overrides
from karstsim.report.build import sections_of


@dataclass
class Summary:
    files: list[Path]
    summary: dict[str, float | str]
    repairs: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run file as `new site` writes it, in the working folder."""
    monkeypatch.chdir(tmp_path)
    assert invoke("new", "site").exit_code == 0
    return tmp_path / "site.toml"


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a function in the place of the simulator's entry."""

    def replace(run_config: Callable[..., Any]) -> None:
        module = ModuleType("karstsim.run_file")
        module.run_config = run_config  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "karstsim.run_file", module)

    return replace


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_version() -> None:
    result = invoke("--version")
    assert (result.exit_code, result.stdout.strip()) == (0, f"karstsim {karstsim.__version__}")


def loaded_by(*arguments: object) -> tuple[set[str], str]:
    """Modules that a command loads in a process of its own, and what it prints."""
    code = (
        "import sys\n"
        "from karstsim.cli.app import main\n"
        f"sys.argv = {['karstsim', *map(str, arguments)]!r}\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "print(' '.join(name for name, module in sys.modules.items() if module is not None))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said, _, names = done.stdout.rstrip().rpartition("\n")
    return set(names.split()), said


def test_help_loads_nothing_heavy() -> None:
    """--help must answer at once, so it may not load the compiler or the table libraries."""
    loaded, said = loaded_by("--help")
    assert not {"numba", "numpy", "xarray", "pandas", "pydantic", "scipy", "matplotlib"} & loaded
    for command in ("run", "check", "speciate", "parameters", "variables", "new", "demo"):
        assert command in said


@pytest.mark.parametrize(
    ("typed", "offered"), [("ca", "calibrate"), ("new sens", "sensitivity"), ("run --outp", "--output")]
)
def test_a_shell_completes_what_is_typed(typed: str, offered: str) -> None:
    """As bash asks: the words so far and which of them is at the cursor, for the command of this name."""
    words = f"karstsim {typed}"
    asked = {
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(typed.split())),
        "_KARSTSIM_COMPLETE": "complete_bash",
    }
    code = "from karstsim.cli.app import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [offered]


def test_a_run_and_its_report_load_only_what_they_need(config: Path) -> None:
    """What draws, fits statistics or holds other arrays than numpy's would double the start of a run."""
    change(config, 'end = "2020-12-31"', 'end = "2015-01-10"')
    change(config, "spinup_years = 30", "spinup_years = 0")
    loaded, _ = loaded_by("run", config, "-o", "results")
    needless = {"matplotlib", "jinja2", "scipy.stats", "scipy.spatial", "dask", "distributed", "pint"}
    needless |= {"cf_xarray", "pyarrow"}  # this one only where it is installed
    assert not needless & loaded
    assert (config.parent / "results" / "monthly.nc").is_file()
    loaded, _ = loaded_by("report", "results")
    assert not (needless - {"matplotlib", "jinja2"}) & loaded
    assert "matplotlib.pyplot" not in loaded


def test_new_site_writes_a_run_that_loads(config: Path) -> None:
    settings = load_config(config)
    assert [t.land_use for t in settings.site.tiles] == ["cropland", "shrub", "secondary_forest"]
    again = invoke("new", "site")
    assert again.exit_code == 2
    assert "exists already" in again.stderr


def test_the_alternatives_of_the_template_are_ready_to_use(config: Path) -> None:
    """Every commented example, without its #, is a line of a run file that the loader knows."""
    example = re.compile(r"# (?=\[|[\w\".]+ = )")
    blocks = [
        "\n".join(example.sub("", line, count=1) for line in block.splitlines() if example.match(line))
        for block in config.read_text().split("\n\n")
    ]
    netcdf, table = (tomllib.loads(block) for block in blocks if "files =" in block)
    ForcingSection.model_validate(netcdf)
    ForcingSection.model_validate({k: v for k, v in table.items() if k != "forcing"} | table["forcing"])
    overrides = re.findall(r'^# ("[a-z_]+\.[a-z_0-9]+" = .+)$', config.read_text(), re.MULTILINE)
    assert len(overrides) == 12
    for line in overrides:
        check_overrides(tomllib.loads(line), "template")


def test_check_shows_what_a_run_starts_from(config: Path) -> None:
    result = invoke("check", config)
    assert result.exit_code == 0, result.stderr
    for text in ("secondary_forest", "creek", "2015-01-01", "2020-12-31", "tas", "degC"):
        assert text in result.stdout


def test_check_as_json(config: Path) -> None:
    result = invoke("check", config, "--json")
    report = json.loads(result.stdout)
    assert report["status"] == "ok"
    assert report["forcing"]["steps"] == 2192
    assert report["forcing"]["variables"]["tas"]["units"] == "degC"


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("latitude =", "lattitude =", ["site.lattitude", "did you mean 'latitude'?"]),
        ("area_fraction = 0.35", "area_fraction = 0.45", ["sum to 1.1"]),
        ('"ssp245"', '"ssp246"', ["forcing.synthetic", "ssp246"]),
        ("[site]", "[site", ["line 4"]),
        ('name = "Puding"', 'name = "[bold]x[/nonsense]"\nname = 1', ["not valid TOML"]),
        ("depth_m = 5.0", 'depth_m = "[/bold]"', ["site.boxes[1].depth_m", "[/bold]"]),
    ],
)
def test_a_bad_config_ends_with_2(
    config: Path, simulator: Callable[..., None], command: str, old: str, new: str, told: list[str]
) -> None:
    simulator(lambda settings, folder, workers, progress: settings.open_forcing())
    change(config, old, new)
    result = invoke(command, config)
    assert result.exit_code == 2
    assert "site.toml" in result.stderr
    assert "mend" in result.stderr
    assert "Traceback" not in result.output
    for text in told:
        assert text in result.stderr


def test_files_that_are_no_config(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_bytes(b"name = 'caf\xe9'")
    for path, told in (
        (tmp_path / "absent.toml", "no such file"),
        (tmp_path, "cannot be read"),
        (bad, "UTF-8"),
    ):
        result = invoke("check", path)
        assert result.exit_code == 2
        assert told in result.stderr


def test_usage_errors_end_with_2() -> None:
    for arguments in (
        ["check"],
        ["run", "a.toml", "--workers", "0"],
        ["nonsense"],
        ["run", "a.toml", "--seed", "x"],
    ):
        assert invoke(*arguments).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "where", "what"),
    [
        (["check"], "check", "Missing argument"),
        (["run", "a.toml", "--bogus"], "run", "--bogus"),
        (["run", "a.toml", "--workers", "0"], "run", "--workers"),
        (["new", "nonsense"], "new", "nonsense"),
        (["nonsense"], "", "nonsense"),
        (["--bogus"], "", "--bogus"),
    ],
)
def test_usage_errors_as_json(arguments: list[str], where: str, what: str) -> None:
    said = invoke(*arguments, "--json")
    told = json.loads(said.stdout)
    assert said.exit_code == 2 and said.stderr
    assert sorted(told) == ["mend", "status", "what", "where"] and told["status"] == "error"
    assert told["where"].endswith(where) and what in told["what"]
    assert not invoke(*arguments).stdout


@pytest.mark.parametrize("command", ["status", "resume"])
def test_a_folder_without_a_task_is_told_from_one_that_is_not_there(tmp_path: Path, command: str) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    for name, what in (
        ("nothing", "is no folder"),
        ("file", "is a file"),
        ("empty", "holds no run, ensemble"),
    ):
        done = invoke(command, tmp_path / name)
        assert done.exit_code == 2 and what in done.stderr and "name the folder" in done.stderr, name


def test_experiments_of_an_installed_package_refuse_in_json_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("karstsim.cli.experiments.CHECKOUT", Path("nowhere"))
    done = invoke("experiments", "--json")
    assert done.exit_code == 2 and json.loads(done.stdout)["status"] == "error"


@pytest.mark.parametrize(("command", "name"), [("parameters", "aquifer.matrix_residence_time"),
                                               ("variables", "catchment_sink_hydrochemical")])  # fmt: skip
def test_a_name_is_found_by_grep_in_the_table_of_names(command: str, name: str) -> None:
    """One row a line with the whole name first; the files hold more columns than people are shown."""
    shown = invoke(command)
    (row,) = [line for line in shown.stdout.splitlines() if line.split()[:1] == [name]]
    with_all = invoke(command, "--csv").stdout.splitlines()
    (cells,) = [line.split(",") for line in with_all if line.startswith(f"{name},")]
    assert len(row.split()) > 3 and len(cells) > len(re.split(r"  +", row.strip()))
    assert len(with_all) <= len(shown.stdout.splitlines()) < len(with_all) + 6
    assert "--csv" in shown.stderr


def test_lines_of_progress_are_a_tenth_apart_and_none_comes_twice(capsys: pytest.CaptureFixture[str]) -> None:
    with console.progress_shown() as progress:
        for done in range(101):
            progress(done, 100, "simulating")
        progress(100, 100, "simulating")
        progress(100, 100, "drawing")
    lines = capsys.readouterr().err.splitlines()
    shares = [int(line.split()[3]) for line in lines if "simulating" in line]
    assert shares[0] == 0 and shares[-1] == 100 and len(lines) == len(shares) + 1
    assert all(10 <= after - before <= 11 for before, after in itertools.pairwise(shares[:-1]))
    assert 0 < shares[-1] - shares[-2] <= 11


def test_options_that_take_no_value_show_none() -> None:
    """`--json <bool>` reads as if `--json true` were meant; only the --help of the library itself is left."""
    for command in ("run", "check", "demo", "estimate", "forcing", "parameters", "hydrograph"):
        lines = [line for line in invoke(command, "--help").output.splitlines() if "<bool>" in line]
        assert all("--help" in line for line in lines), (command, lines)


def test_a_command_to_type_quotes_a_path_with_blanks(tmp_path: Path) -> None:
    """What is told can be pasted into a shell as it stands."""
    file = tmp_path / "my site.toml"
    said = invoke("new", "site", "-o", file).stdout.replace("\n", " ")
    words = shlex.split(said.partition("Next: ")[2].replace(",", " "))
    assert words == ["karstsim", "check", str(file), "then", "karstsim", "run", str(file)]
    folder = tmp_path / "a run"
    (folder / "parts").mkdir(parents=True)
    refused = invoke("run", file, "-o", folder)
    assert refused.exit_code == 2
    typed = refused.stderr.split("`")[1]
    assert shlex.split(typed) == ["karstsim", "resume", str(folder)]


def test_no_command_to_type_is_written_with_a_bare_path() -> None:
    bare = re.compile(r"karstsim (?:\{command\}|[a-z]+) (?:-o )?\{(?!quoted)[a-z]")
    for path in Path(karstsim.__file__).parent.rglob("*.py"):
        lines = path.read_text(encoding="utf-8").splitlines()
        wrong = [line for line in lines if bare.search(line) and '"title"' not in line]
        assert not wrong, (path, wrong)


def test_errors_as_json(config: Path) -> None:
    change(config, "latitude =", "lattitude =")
    result = invoke("check", config, "--json")
    assert result.exit_code == 2
    assert "site.lattitude" in json.loads(result.stdout)["what"]


def test_run_hands_over_and_reports(config: Path, tmp_path: Path, simulator: Callable[..., None]) -> None:
    seen: dict[str, Any] = {}

    def run_config(settings: RunConfig, folder: Path, workers: int, progress: Callable[..., None]) -> Summary:
        seen.update(settings=settings, workers=workers)
        for done in range(101):
            progress(done, 100, "simulating")
        summary: dict[str, float | str] = {"sink": 8.25, "broken": float("nan")}
        return Summary([folder / "annual.nc"], summary, ["tas: mended"], ["pH above 9"])

    simulator(run_config)
    result = invoke("run", config, "-o", tmp_path / "out", "--workers", "2", "--seed", "7", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["summary"] == {"sink": 8.25, "broken": None}
    assert (seen["workers"], seen["settings"].forcing_seed) == (2, 7)
    assert 10 <= result.stderr.count("simulating") <= 12
    assert load_config(tmp_path / "out" / "config.toml").model_dump() == seen["settings"].model_dump()

    result = invoke("run", config)
    assert result.exit_code == 0, result.stderr
    for text in ("sink", "8.25", "tas: mended", "pH above 9", "annual.nc"):
        assert text in result.stdout


def test_run_does_not_mix_results(config: Path, simulator: Callable[..., None]) -> None:
    def run_config(settings: RunConfig, folder: Path, workers: int, progress: Callable[..., None]) -> Summary:
        (folder / "annual.nc").touch()
        return Summary([folder / "annual.nc"], {})

    simulator(run_config)
    assert invoke("run", config, "-o", "out").exit_code == 0
    again = invoke("run", config, "-o", "out")
    assert again.exit_code == 2
    assert "not empty" in again.stderr
    assert invoke("run", config, "-o", "out", "--overwrite").exit_code == 0
    assert invoke("run", config, "-o", config).exit_code == 2


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (RunError("state is not finite on 2015-03-01"), 1, "state is not finite"),
        (ZeroDivisionError("oops"), 1, "ZeroDivisionError: oops"),
        (OSError(28, "No space left on device"), 1, "No space left"),
        (
            OSError(28, "No space left on device"),
            1,
            "make room or give access, then go on with: karstsim resume",
        ),
        (InputError("tas.nc", "is in degF", "give K"), 2, "degF"),
        (KeyboardInterrupt(), 3, "interrupted"),
    ],
)
def test_every_way_to_end(
    config: Path, simulator: Callable[..., None], error: BaseException, code: int, told: str
) -> None:
    def run_config(*_: Any) -> None:
        raise error

    simulator(run_config)
    result = invoke("run", config, "-o", "out")
    assert result.exit_code == code
    assert told in result.stderr
    assert "Traceback" not in result.output
    log = Path("out") / "karstsim.log"
    assert log.exists() == (code == 1)
    assert invoke("run", config, "-o", "out").exit_code == code, "a run without results may be started again"
    if code == 1:
        assert str(log) in result.stderr
        assert "Traceback" in log.read_text()
        assert invoke("run", config, "-o", "out2", "--debug").exception is error


UGLY = (
    "sep=;\nSprings of the massif\nSample;T_water;Ca2+;Mg;Na;Cl-;Alkalinity;pH (field);Remark\n"
    ";°C;mg/L;mg/L;mg/L;mg/L;mg/L as CaCO3;-;\nS1;9,8;95,2;4,1;2,3;<0,5;245;7,35;\nS2;10,1;x;3,9;2;4;236;7,4;cloudy\n"
)


def test_speciate_shows_what_it_understood_and_never_stops_at_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("waters.csv").write_bytes(UGLY.encode("cp1252"))
    result = invoke("speciate", "waters.csv", "-o", "out.csv")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "2 waters written to out.csv\n"
    shown = " ".join(result.stderr.split())
    for text in (
        "waters.csv: Windows-1252, semicolon, decimal ',', header in line 3",
        "ca Ca2+ (mg/L) mg/L / 40.078",
        "no chemistry used here: Sample, Remark",
        "no column for k, so4, no3: taken as 0",
        "Rows: 2, solved 1",
        "1 x cl below detection: half the limit taken (line 5)",
        "1 x ca is not a number (line 6)",
    ):
        assert text in shown, text
    assert "ca is not a number ('x')" in Path("out.csv").read_text(encoding="utf-8")


def test_speciate_names_the_unit_of_every_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table has no place for units, and an imbalance of 0.1 meq/L must not be read as 10 %."""
    monkeypatch.chdir(tmp_path)
    Path("waters.csv").write_text("T (degC),Ca (mg/L),HCO3 (mg/L),pH field\n10,80.156,244,7.5\n")
    lines = [line.strip() for line in invoke("speciate", "waters.csv", "-o", "out.csv").stderr.splitlines()]
    usual = {"mol m-3": "mmol/L", "eq m-3": "meq/L", "uS cm-1": "uS/cm", "mol kg-1": "mol/kg"}
    water = karstsim.speciate(temperature=10, ca=2, alkalinity=4, ph=7.5)
    columns = set(Path("out.csv").read_text(encoding="utf-8").splitlines()[0].split(","))
    with_unit = {name: water[name].attrs.get("units", "1") for name in columns & {str(n) for n in water}}
    with_unit = {name: usual.get(unit, unit) for name, unit in with_unit.items() if unit != "1"}
    assert {"charge_imbalance", "pco2", "dic", "m_hco3"} <= set(with_unit)
    for name, unit in with_unit.items():
        said = name if not name.startswith("m_") else "m_..."
        assert any(line.startswith(f"{unit}: ") and said in line for line in lines), (name, unit)


def test_hydrograph_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert invoke("new", "calibration").exit_code == 0
    done = invoke("hydrograph", "spring.csv", "-o", "figures")
    assert done.exit_code == 0, done.stderr
    assert "Next: karstsim report figures" in done.stdout
    assert "Next" not in invoke("hydrograph", "spring.csv").stdout


def test_every_index_of_a_spring_says_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the terminal, in the table and on the page; there a number has three digits and a count none behind it."""
    monkeypatch.chdir(tmp_path)
    assert invoke("new", "calibration").exit_code == 0
    told = json.loads(invoke("hydrograph", "spring.csv", "-o", "figures", "--json").stdout)
    assert all(meaning for _, _, _, meaning in told["rows"])
    assert told["indices"]["karst_class"] == "C2"
    meanings = {name: meaning for name, _, _, meaning in told["rows"]}
    assert meanings["karst_class"].endswith(
        ": poor dynamic storage, fast draining, low variability of functioning"
    )
    sections = sections_of("figures")
    shown = {row[0]: tuple(row[1:]) for row in sections[0].tables[0].rows}
    assert shown["mean"] == ("0.307", "m³ s⁻¹", "mean discharge")
    assert shown["recessions"][0] == "3"
    assert "k_max" in shown and "warning" not in shown
    Path("figures/spring_indices.csv").write_text("\n".join(["quantity,value,unit", "mean,0.30699,m3 s-1"]))
    assert list(sections_of("figures")[0].tables[0].rows[0]) == ["mean", "0.307", "m³ s⁻¹"]


def test_speciate_as_json_and_as_csv_on_stdout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("waters.csv").write_text("temperature,Ca,alkalinity,ph\n10,80.156,4,7.5\n")
    as_csv = invoke("speciate", "waters.csv", "--unit", "Ca=mg/L")
    assert as_csv.exit_code == 0 and as_csv.stdout.startswith("temperature,Ca (mg/L),alkalinity,ph,")
    as_json = json.loads(invoke("speciate", "waters.csv", "--unit", "Ca=mg/L", "--json").stdout)
    assert as_json["understood"]["solved"] == 1
    assert as_json["waters"][0]["flag"] == ""


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("waters.csv", "-o", "waters.csv"), "is the input itself"),
        (("nothing.csv",), "cannot be read"),
        (("waters.csv", "--unit", "mg/L"), "is not a header and a unit"),
        (("other.csv",), "no header"),
    ],
)
def test_speciate_refuses_with_a_mend(
    arguments: tuple[str, ...], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("waters.csv").write_text("temperature,ca,alkalinity,ph\n10,2,4,7.5\n")
    Path("other.csv").write_text("name,place\na,b\n")
    result = invoke("speciate", *arguments)
    assert result.exit_code == 2
    assert named in result.stderr and "mend" in result.stderr
