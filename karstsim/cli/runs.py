"""What the commands do with the folder of a single run: go on with it, say how far it is, show what came out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from karstsim import console
from karstsim.core.errors import quoted

if TYPE_CHECKING:
    from karstsim.run_file import RunSummary

CONFIG = "config.toml"


def is_run(folder: Path) -> bool:
    """Whether the folder is that of a single run, done or stopped."""
    if not (folder / CONFIG).is_file():
        return False
    from karstsim.run_file import is_run

    return is_run(folder)


def resume_in(folder: Path, workers: int | None, as_json: bool) -> None:
    """Go on with a run that was stopped; of one that is done, say so."""
    from karstsim.config import load_config
    from karstsim.run_file import resume_run, windows_done

    if windows_done(folder) is None:
        show_status(folder, as_json)
        return
    with console.progress_shown() as progress:
        summary = resume_run(load_config(folder / CONFIG), folder, workers or console.processors(), progress)
    show_summary(summary, folder, as_json)


def show_status(folder: Path, as_json: bool) -> None:
    """How far a run is."""
    from karstsim.run_file import windows_done

    found = windows_done(folder)
    if as_json:
        windows = {} if found is None else {"windows done": found[0], "windows": found[1]}
        console.print_json({"status": "unfinished" if found else "done", "folder": str(folder), **windows})
    elif found is None:
        print(f"{folder} holds a run that is done: karstsim report {quoted(folder)}")
    elif found[1] == 0:
        print(f"{folder} holds a run that was stopped in its spin-up: karstsim resume {quoted(folder)}")
    else:
        print(
            f"{folder} holds a run with {found[0]} of {found[1]} windows done: karstsim resume {quoted(folder)}"
        )


def show_summary(summary: RunSummary, folder: Path, as_json: bool) -> None:
    """Headline numbers, repairs, warnings and files of a run."""
    files = [str(path) for path in summary.files]
    repairs, warnings = list(summary.repairs), list(summary.warnings)
    if as_json:
        result = {"status": "done", "folder": str(folder), "files": files, "summary": summary.summary}
        console.print_json({**result, "repairs": repairs, "warnings": warnings})
        return
    console.print_table("Summary", ("quantity", "value"), list(summary.summary.items()))
    console.print_list("Repairs of the input", repairs)
    console.print_list("Warnings", warnings)
    console.print_list("Files", files)
    page = folder / "report.html"
    print(
        f"Next: open {page} in a browser" if str(page) in files else f"Next: karstsim report {quoted(folder)}"
    )
