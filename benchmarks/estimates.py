"""What `karstsim check` says a plan will cost, beside what it then costs, in one run on this machine.

    python benchmarks/estimates.py [--quick] [--json]

Three plans: a single run with daily output, an ensemble with monthly and one with daily output. CPU time is that of the
process, after a first small run that compiles; disk is that of the results. The bar is 30 % of CPU time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from slices import SITE, Slice, ensemble
from timing import Rows, machine, options, table

MEASURE = """
import json, sys, time
from pathlib import Path
from karstsim import config, run_cost
from karstsim.ensemble import config as ensembles, estimate, prepare, run
from karstsim import run_file

kind, path, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])

def spent(do):
    began = time.process_time()
    do()
    return time.process_time() - began

if kind == "run":
    settings = config.load_config(path)
    folder.mkdir()
    (folder / "config.toml").write_text("")
    told = run_cost.cost(settings)
    real = spent(lambda: run_file.run_config(settings, folder))
else:
    settings = ensembles.load_ensemble(path)
    told = estimate.estimate(settings, prepare.make_plan(settings)[0])
    def work():
        run.start(settings, folder)
        run.work(folder, 2)
    real = spent(work)
size = sum(p.stat().st_size for p in folder.rglob("*.nc"))
print(json.dumps({"told s": told.cpu_seconds, "took s": real, "told MB": told.bytes / 1e6, "took MB": size / 1e6}))
"""
RUN = (
    SITE
    + """
[forcing]
synthetic = "ssp245"
start = "2015-01-01"
end = "{end}-12-31"

[run]
output = ["daily"]
"""
)


def plans(quick: bool) -> dict[str, tuple[str, str]]:
    """Name: kind and file of every plan."""
    small = quick
    many, years = (4, 4) if small else (32, 20)
    made = {
        "single run, daily, all variables": ("run", RUN.format(end=2018 if small else 2100)),
    }
    for frequency in ("monthly", "daily"):
        part = Slice(many, years, frequency=frequency, spinup_years=30, block=max(many // 4, 1))
        made[f"ensemble, {frequency}, 30 variables"] = ("ensemble", ensemble(part))
    return made


def compare(kind: str, text: str) -> dict[str, Any]:
    """What was told and what it took, of one plan in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "plan.toml"
        path.write_text(text, encoding="utf-8")
        command = [sys.executable, "-c", MEASURE, kind, str(path), str(Path(name) / "out")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = options(__doc__, "small plans, to see that everything runs")
    parser.add_argument("--only", default="", help="plans whose name has this in it")
    asked = parser.parse_args()
    rows: Rows = []
    for name, (kind, text) in plans(asked.quick).items():
        if asked.only not in name:
            continue
        row = compare(kind, text)
        row["time, told/took"] = row["told s"] / row["took s"]
        row["disk, told/took"] = row["told MB"] / row["took MB"]
        rows.append({"plan": name, **row})
    print(
        json.dumps({"machine": machine(), "plans": rows}, indent=1)
        if asked.json
        else f"{machine()}\n\n{table(rows)}"
    )


if __name__ == "__main__":
    main()
