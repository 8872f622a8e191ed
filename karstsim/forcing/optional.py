"""Variables that only some runs need: what is unusable among them is left out and named.

Humidity, longwave radiation and evspsblpot are for laws of evapotranspiration; the others stand in for a process that
another model has computed or a satellite has seen.

Runs that do not need them must not fail over them, so their faults are repairs and not errors, unless the caller has
named the variable. The law that needs one tells when the simulation is made (model/evaporation.py, prescribed.py).
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import contextmanager
from typing import Protocol

from karstsim.core.errors import InputError
from karstsim.forcing import leaves
from karstsim.forcing.units import CARBON_FLUXES

OPTIONAL = ("hurs", "huss", "tdps", "rlds", "evspsblpot", *CARBON_FLUXES, *leaves.FORMS, "swc")


class Notes(Protocol):
    """A list of repairs, as in canonical.Repairs."""

    def note(self, message: str) -> None: ...


@contextmanager
def leaving_out(name: str, told: Container[str], repairs: Notes) -> Iterator[None]:
    """An InputError about an optional variable that was not told of becomes a repair; any other goes on."""
    try:
        yield
    except InputError as error:
        if name not in OPTIONAL or name in told:
            raise
        repairs.note(f"{name}: left out ({error.where}: {error.what})")
