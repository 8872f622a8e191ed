"""What is said while a part of the model compiles: how long that may take, every few seconds how long it has taken."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from pathlib import Path

LOG = logging.getLogger(__name__)
SECONDS_NAME = "compile_seconds.json"  # beside the compile caches: what each driver took last on this machine
EVERY = 10.0  # s between two lines
WORTH_A_LINE = 3.0  # s: what is over sooner is not announced as done
TELLS = 2.0  # s: a shorter last time is not told, its parts may have been compiled already
UNKNOWN = "some seconds to a minute, more on a busy machine"


class Patience:
    """Announces a compilation, ticks while it lasts, and keeps what it took for the next announcement.

    name  of the driver;  root: folder of the compile caches, which outlives a version
    """

    def __init__(self, name: str, root: Path) -> None:
        self.name, self.root = name, root
        self.start = 0.0
        self.over = threading.Event()
        self.ticking: threading.Thread | None = None

    def begin(self) -> None:
        """The compilation begins."""
        last = _known(self.root).get(self.name)
        usual = last if last is not None and last >= TELLS else None
        LOG.info(
            "compiling a part of the model for this processor%s; it is kept for later starts", _takes(last)
        )
        self.start = time.monotonic()
        self.ticking = threading.Thread(target=self._tick, args=(usual,), daemon=True)
        self.ticking.start()

    def _tick(self, usual: float | None) -> None:
        of = f" of about {usual:.0f}" if usual else ""
        while not self.over.wait(EVERY):
            LOG.info("compiling: %.0f%s s", time.monotonic() - self.start, of)

    def end(self) -> None:
        """It is over, or there was none."""
        if self.ticking is None:
            return
        self.over.set()
        self.ticking.join()
        seconds = time.monotonic() - self.start
        _keep(self.root, self.name, seconds)
        if seconds > WORTH_A_LINE:
            LOG.info("compiled in %.0f s", seconds)


def _takes(last: float | None) -> str:
    """How long it may take, by what it took the last time (s); nothing where that was next to no time."""
    if last is None:
        return f": {UNKNOWN}"
    return f": it took {last:.0f} s the last time" if last >= TELLS else ""


def _known(root: Path) -> dict[str, float]:
    """Seconds by driver; none where nothing was kept or it cannot be read."""
    with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
        kept = json.loads((root / SECONDS_NAME).read_text(encoding="utf-8"))
        return {str(name): float(seconds) for name, seconds in kept.items()}
    return {}


def _keep(root: Path, name: str, seconds: float) -> None:
    """For people only: where it cannot be written nothing is lost."""
    with contextlib.suppress(OSError):
        text = json.dumps(_known(root) | {name: round(seconds, 1)}, indent=1)
        (root / SECONDS_NAME).write_text(text + "\n", encoding="utf-8")
