"""run.series of the run file: parameters that change by the year."""

from __future__ import annotations

from importlib.resources import files

import pytest

from karstsim.check import open_checked
from karstsim.config import load_config, to_toml
from karstsim.core.errors import InputError


def run_file(folder, table, key='series = "deposition.csv"'):
    text = (files("karstsim") / "templates" / "site.toml").read_text(encoding="utf-8")
    (folder / "run.toml").write_text(text.replace("[run]\n", f"[run]\n{key}\n"), encoding="utf-8")
    (folder / "deposition.csv").write_text(table, encoding="utf-8")
    return folder / "run.toml"


def test_the_series_of_a_run_file_reaches_the_model(tmp_path):
    path = run_file(tmp_path, "year,soil.dry_nitrogen\n1850,0.01\n2100,0.2\n")
    config = load_config(path)
    years, values = config.open_series()["soil.dry_nitrogen"]
    assert (list(years), list(values)) == ([1850.0, 2100.0], [0.01, 0.2])
    (tmp_path / "resolved.toml").write_text(to_toml(config), encoding="utf-8")
    assert load_config(tmp_path / "resolved.toml").run.series == str(tmp_path / "deposition.csv")
    open_checked(config)
    bad = load_config(run_file(tmp_path, "year,soil.nonsense\n1850,0.01\n2100,0.2\n"))
    with pytest.raises(InputError, match=r"soil\.nonsense"):
        open_checked(bad)
    short = load_config(run_file(tmp_path, "year,soil.dry_nitrogen\n1850,0.01\n1851,0.2\n"))
    with pytest.raises(InputError, match="covers 1850 to 1851"):
        open_checked(short)


def test_a_series_that_is_not_there_is_named_by_its_key(tmp_path):
    with pytest.raises(InputError, match=r"run\.series(.|\n)*there is no file"):
        load_config(run_file(tmp_path, "", 'series = "nix.csv"'))
