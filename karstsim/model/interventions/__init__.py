"""What people do: interventions as data, by the year, over the parameters and areas of a site.

`karstsim.interventions.limestone_powder(rate=100.0, start=2030)` makes one; `simulate(..., interventions=[..])` and the
`[[intervention]]` tables of a run file or an ensemble file take them.
"""

from karstsim.model.interventions import makers
from karstsim.model.interventions.records import (
    KINDS,
    Intervention,
    as_entries,
    read_interventions,
)

__all__ = ["KINDS", "Intervention", "as_entries", "makers", "read_interventions"]
