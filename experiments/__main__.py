"""Run the experiments and print the scoreboard, misses first: ``python -m experiments [NAMES] [--long] [--json]``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from experiments import scoreboard
from karstsim.core.errors import InputError


def main() -> int:
    """Exit code: 0 all ran, 1 one failed, 2 a name is unknown."""
    parser = argparse.ArgumentParser(prog="python -m experiments", description=__doc__)
    parser.add_argument("names", nargs="*", help="ids or folders; all without")
    parser.add_argument("--long", action="store_true", help="run the long ones too and store their results")
    parser.add_argument("--json", action="store_true", help="print everything as JSON on stdout")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page of the scoreboard")
    parser.add_argument("--figures", type=Path, metavar="FOLDER", help="draw the figure of each experiment")
    asked = parser.parse_args()
    try:
        experiments = scoreboard.chosen(asked.names)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    for folder in filter(None, (asked.figures, asked.write and asked.write.parent)):
        folder.mkdir(parents=True, exist_ok=True)
    results = scoreboard.run_all(experiments, asked.long, asked.figures, _progress)
    if asked.write:
        asked.write.write_text(scoreboard.page(results), encoding="utf-8")
    if asked.json:
        plain = [scoreboard.as_plain(r) for r in results]
        print(json.dumps({"counts": scoreboard.counts(results), "results": plain}, indent=1))
    else:
        print(scoreboard.summary(results), "\n")
        print(scoreboard.overview(results))
    return 1 if any(r.status == scoreboard.FAILED for r in results) else 0


def _progress(result: scoreboard.Result) -> None:
    text = f"{result.id} {result.folder:20} {result.verdict:14} {result.inside:>9}  {result.seconds:6.1f} s"
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
