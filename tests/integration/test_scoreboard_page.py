"""The page docs/scoreboard.md against a run of all experiments on the review."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from experiments import scoreboard

PAGE = Path(scoreboard.HERE).parent / "docs" / "scoreboard.md"


def _printed() -> dict[str, tuple[str, str]]:
    """Verdict and numbers inside of every experiment on the page."""
    rows = re.findall(
        r"^\| ([XD]\d\d) \|[^|]*\| \**([a-z ]+)\** \|[^|]*\| (\d+ of \d+) \|", PAGE.read_text(), re.MULTILINE
    )
    return {name: (verdict, inside) for name, verdict, inside in rows}


@pytest.mark.slow
def test_a_run_says_what_the_page_says() -> None:
    results = scoreboard.run_all(e for e in scoreboard.CATALOGUE if e.id.startswith("X"))
    assert not [r.error for r in results if r.status == scoreboard.FAILED]
    found = {r.id: (r.verdict, r.inside) for r in results if r.status != scoreboard.NOT_RUN}
    printed = _printed()
    assert found == {name: printed[name] for name in found}
