"""The page of claims: every claim once, misses first, links that lead somewhere; and each experiment has its page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from experiments import scoreboard

ROOT = Path(scoreboard.HERE).parent
PAGE = ROOT / "docs" / "claims.md"
PRESENT = [e for e in scoreboard.CATALOGUE if (e.path / "run.py").is_file()]


def test_every_claim_stands_once_and_misses_first() -> None:
    text = PAGE.read_text(encoding="utf-8")
    numbers = [int(n) for n in re.findall(r"^\| A(\d+) \|", text, re.MULTILINE)]
    assert sorted(numbers) == list(range(1, 61))
    assert text.index("## Missed") < text.index("## Reproduced") < text.index("## Represented")
    missed = text[text.index("## Missed") : text.index("## Reproduced")]
    rows = [row for row in missed.splitlines() if row.startswith("| A")]
    assert rows and all("**missed**" in row for row in rows)
    assert "**missed**" not in text[text.index("## Reproduced") :]


def test_links_of_the_page_lead_to_experiments_and_pages() -> None:
    folders = {e.folder for e in scoreboard.CATALOGUE}
    for link in re.findall(r"\]\(([^)]+)\)", PAGE.read_text(encoding="utf-8")):
        experiment = re.fullmatch(r"\.\./experiments/(\w+)/README\.md", link)
        if experiment:
            assert experiment[1] in folders, link
        else:
            assert (PAGE.parent / link).is_file(), link


@pytest.mark.parametrize("experiment", PRESENT, ids=lambda e: e.id)
def test_an_experiment_has_its_page(experiment: scoreboard.Experiment) -> None:
    """Claim and command on the page; figures that it shows are there."""
    text = (experiment.path / "README.md").read_text(encoding="utf-8")
    assert f"python -m experiments.{experiment.folder}.run" in text
    figures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)
    assert figures or not experiment.id.startswith("X"), "an experiment on the review shows a figure"
    for figure in figures:
        assert (experiment.path / figure).is_file(), figure
