"""Loading of packages and of compiled code, which is most of what a short run takes."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def loading(keep: bool = False) -> Iterator[None]:
    """Python looks for no garbage meanwhile.

    Loading makes hundreds of thousands of objects that stay; to look through them again and again took 0.2 s of a
    start. With `keep` they are never looked through, for commands, whose process is all their own; nor is then what the
    process loads later. A compiler leaves two million objects, and the first look through them takes 0.6 s.
    """
    keep = keep or gc.get_freeze_count() > 0
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if keep:
            gc.freeze()
        if enabled:
            gc.enable()
