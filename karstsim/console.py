"""What the command line shows: messages, tables, progress, and the exit code of every way to end."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from karstsim import interrupts
from karstsim.core.errors import InputError, RunError, quoted

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 3
LOG_NAME = "karstsim.log"
OF_STOPPED = ("parts", "plan.json")  # what a folder that may be gone on with holds
WIDE = 160  # columns of a table that goes to a file or a pipe
LOG_SHARE = 0.1  # of the work between two lines of progress where there is no terminal

DRAWING = "drawing figures"

Progress = Callable[[int, int, str], None]


@contextlib.contextmanager
def guarded(
    debug: bool = False, as_json: bool = False, folder: Path | None = None, again: str = "start it again"
) -> Iterator[None]:
    """Turn whatever a command raises into a message and an exit code.

    folder  where its log goes; again  what to do after an interruption
    """
    _show_notices()
    try:
        yield
    except (typer.Exit, BrokenPipeError):
        raise
    except InputError as error:
        complain(error.where, error.what, error.mend, as_json)
        raise typer.Exit(BAD_INPUT) from None
    except KeyboardInterrupt:
        with interrupts.unheard():
            complain("interrupted", "stopped before the end", again, as_json)
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:
        if debug:
            raise
        what, mend = _said(error, folder, again)
        log = _write_log(folder)
        more = f"details are in {log}" if log else "run again with --debug for details"
        complain("failed", what or "for an unknown reason", f"{mend}; {more}" if mend else more, as_json)
        raise typer.Exit(FAILED) from None


def _said(error: Exception, folder: Path | None, again: str) -> tuple[str, str]:
    """What failed, and the mend where the message ends with one."""
    if isinstance(error, OSError) and folder is not None and folder.is_dir():
        from karstsim import disk

        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{disk.said(error, folder)}", f"make room or give access, then {again}"
    if not isinstance(error, RunError):
        return " ".join(f"{type(error).__name__}: {error}".split()), ""
    what, _, mend = str(error).partition("\n  mend: ")
    return what, " ".join(mend.split())


class _Notices(logging.Handler):
    """What the model says on its way, once each, as lines on stderr, which may be redirected meanwhile."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text not in self.said:
            self.said.add(text)
            print(text, file=sys.stderr, flush=True)


def _show_notices() -> None:
    log = logging.getLogger("karstsim")
    log.handlers = [handler for handler in log.handlers if not isinstance(handler, _Notices)]
    log.addHandler(_Notices())
    log.setLevel(logging.INFO)


def _write_log(folder: Path | None) -> Path | None:
    """Append the traceback to the log in `folder`, or to a temporary file; None when neither can be written."""
    with contextlib.suppress(OSError):
        if folder is not None and folder.is_dir():
            path = folder / LOG_NAME
        else:
            handle, name = tempfile.mkstemp(prefix="karstsim-", suffix=".log")
            path = Path(name)
            with open(handle, "w", encoding="utf-8"):
                pass
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(
                f"{time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(sys.argv)}\n{traceback.format_exc()}\n"
            )
        return path
    return None


def pairs(option: str, given: Iterable[str] | None) -> dict[str, str]:
    """``Ca=mg/L`` of a repeatable option as name and value."""
    found = {}
    for text in given or ():
        name, equals, value = text.rpartition("=")
        if not (name.strip() and equals and value.strip()):
            example = "Ca=mg/L" if option == "--unit" else "name=value"
            what = "is not a header and a unit" if option == "--unit" else "is not a name and a value"
            raise InputError(f"{option} {text}", what, f"write {option} {example}")
        found[name.strip()] = value.strip()
    return found


def console(stderr: bool = False) -> Console:
    """A rich console; tables that do not go to a terminal are not squeezed."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else WIDE, highlight=False)


def complain(where: str, what: str, mend: str, as_json: bool = False) -> None:
    """Where, what and mend on stderr; with `as_json` also as an object on stdout."""
    from rich.text import Text

    lines = Text()
    for label, text, style in (("where", where, "bold red"), ("what", what, ""), ("mend", mend, "green")):
        lines.append(f"{label:>5}  ", "dim").append(text.replace("\n", "\n       "), style).append("\n")
    console(stderr=True).print(lines, end="", soft_wrap=True)
    if as_json:
        print_json(as_error(where, what, mend))


def as_error(where: str, what: str, mend: str) -> dict[str, str]:
    """An error as ``--json`` shows it."""
    return {"status": "error", "where": where, "what": what, "mend": mend}


def print_json(value: Any) -> None:
    """`value` on stdout as strict JSON: numbers that are not finite become null."""
    print(json.dumps(strict(value), indent=2, ensure_ascii=False))


def strict(value: Any) -> Any:
    """Plain values as JSON has them: numbers that are not finite become null."""
    if isinstance(value, Mapping):
        return {str(k): strict(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [strict(v) for v in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return number if math.isfinite(number) else None


def number_text(value: Any) -> str:
    """A value as tables show it."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def print_table(
    title: str,
    header: Sequence[str],
    rows: Iterable[Sequence[Any]],
    stderr: bool = False,
    whole: bool = False,
) -> None:
    """A table on stdout or stderr; nothing when it has no rows.

    whole  the first column holds names, which are copied and searched for: they are not folded, and rows that do not go
           to a terminal stay on one line, for grep
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    rows = list(rows)
    if not rows:
        return
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_header=any(header))
    for i, name in enumerate(header):
        numeric = all(isinstance(row[i], int | float) for row in rows)
        justify: Literal["left", "right"] = "right" if numeric else "left"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=whole and i == 0)
    for row in rows:
        table.add_row(*(Text(number_text(cell)) for cell in row))
    screen = console(stderr)
    if whole and not screen.is_terminal:
        unbounded = screen.options.update(max_width=sys.maxsize)
        screen.width = screen.measure(table, options=unbounded).maximum
    screen.print(table)


def print_list(title: str, lines: Iterable[str], stderr: bool = False) -> None:
    """A titled list on stdout or stderr; nothing when it is empty."""
    from rich.text import Text

    lines = list(lines)
    if lines:
        text = Text(title + "\n", "bold") + Text("".join(f"  {line}\n" for line in lines))
        console(stderr).print(text, soft_wrap=True)


def print_frame(
    frame: pd.DataFrame, title: str, csv: bool, markdown: bool, as_json: bool, shown: Sequence[str]
) -> None:
    """A pandas table on stdout: for people, as CSV, as Markdown, or as a list of objects in JSON.

    shown  the columns for people, who get no more than fit on a screen; files have all
    """
    if as_json:
        print_json({title.lower(): frame.to_dict("records")})
        return
    if csv:
        sys.stdout.write(frame.to_csv(index=False))
        return
    if not markdown:
        frame = frame[list(shown)]
    header = [str(name) for name in frame.columns]
    rows = [["" if _absent(cell) else cell for cell in row] for row in frame.itertuples(index=False)]
    if not markdown:
        print_table(title, header, rows, whole=True)
        print("All columns: --csv, --markdown or --json", file=sys.stderr)
        return
    print("| " + " | ".join(header) + " |")
    print("|" + " --- |" * len(header))
    for row in rows:
        print("| " + " | ".join(number_text(cell).replace("|", "\\|") for cell in row) + " |")


def _absent(cell: Any) -> bool:
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def make_folder(folder: Path, overwrite: bool, ignored: Sequence[str] = (LOG_NAME,)) -> None:
    """An output folder that can be written to and holds nothing that would be mixed with the results."""
    from karstsim.core.errors import InputError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = any(entry.name not in ignored for entry in folder.iterdir())
        if not os.access(folder, os.W_OK):
            raise PermissionError(13, "no permission to write")
    except OSError as error:
        what = f"cannot hold results ({error.strerror})"
        raise InputError(str(folder), what, "name another folder with -o") from None
    if taken and not overwrite:
        stopped = any((folder / mark).exists() for mark in OF_STOPPED)
        resume = (
            f"if it was stopped, `karstsim resume {quoted(folder)}` goes on with it; else " if stopped else ""
        )
        mend = f"{resume}name another folder with -o, or add --overwrite"
        raise InputError(str(folder), "is not empty", mend)


def write_new(path: Path, template: str, command: str, as_json: bool) -> None:
    """Copy a template to a file that does not exist yet, and say what to do with it."""
    from karstsim.tomlfile import write_template

    write_template(path, template)
    show_new([path], command, as_json)


def show_new(files: list[Path], command: str, as_json: bool) -> None:
    """Which files were written to start from, and what to do with the first."""
    if as_json:
        print_json({"status": "done", "files": [str(f) for f in files]})
    else:
        first = files[0]
        names = " and ".join(str(f) for f in files)
        print(
            f"{names} written. Next: karstsim check {quoted(first)}, then karstsim {command} {quoted(first)}"
        )


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def progress_shown() -> Iterator[Progress]:
    """A callable ``progress(done, total, label)``: a bar on a terminal, a line for every tenth elsewhere."""
    if not sys.stderr.isatty():
        yield _line_progress()
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console(stderr=True)) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total, label: bar.update(task, completed=done, total=total, description=label)


@contextlib.contextmanager
def working(label: str) -> Iterator[None]:
    """Say what is done meanwhile, where no share of it can be told: a turning wheel on a terminal, a line elsewhere."""
    if not sys.stderr.isatty():
        print(label, file=sys.stderr, flush=True)
        yield
        return
    with console(stderr=True).status(label):
        yield


def _line_progress() -> Progress:
    start = time.monotonic()
    last_label, last_share = "", -1.0

    def progress(done: int, total: int, label: str) -> None:
        nonlocal last_label, last_share
        share = done / total if total > 0 else 1.0
        said = label == last_label and share == last_share  # the end may be told twice
        if said or (label == last_label and share - last_share < LOG_SHARE and done < total):
            return
        last_label, last_share = label, share
        print(
            f"{time.monotonic() - start:7.1f} s  {label}  {100.0 * share:3.0f} %", file=sys.stderr, flush=True
        )

    return progress
