"""Loading of packages and of compiled code, which is most of what a short run takes."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def loading(keep: bool = False) -> Iterator[None]:
    """Python looks for no garbage meanwhile.

    Loading makes hundreds of thousands of objects that stay; to look through them again and again took 0.2 s of a
    start. With `keep` they are never looked through, for commands, whose process is all their own.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if keep:
            gc.freeze()
        if enabled:
            gc.enable()
