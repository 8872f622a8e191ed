"""What every litre of water carries, in fixed slots.

The first `N_CORE` slots are always transported; the optional tracers (carbon isotopes, source tags) come last, so
that a loop to ``n_active`` skips them when they are switched off. Alkalinity is not a slot: it is defined by the ions,

    Alk = 2 Ca + 2 Mg + Na + K - 2 SO4 - NO3 - Cl                          [science.md 3.1]
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Solute:
    """One slot: name, amount per ground area, charge that counts in the alkalinity, carbon atoms per molecule."""

    name: str
    long_name: str
    charge: int = 0
    carbon: int = 0
    optional: bool = False
    units: str = "mol m-2"


SOLUTES = (
    Solute("dic", "dissolved inorganic carbon", carbon=1),
    Solute("ca", "calcium", charge=2),
    Solute("mg", "magnesium", charge=2),
    Solute("na", "sodium", charge=1),
    Solute("k", "potassium", charge=1),
    Solute("cl", "chloride", charge=-1),
    Solute("so4", "sulfate", charge=-2),
    Solute("no3", "nitrate", charge=-1),
    Solute("doc_labile", "labile dissolved organic carbon from land", carbon=1),
    Solute("doc_refractory", "refractory dissolved organic carbon from land", carbon=1),
    Solute("aoc_labile", "labile dissolved organic carbon from aquatic plants", carbon=1),
    Solute("aoc_refractory", "refractory dissolved organic carbon from aquatic plants", carbon=1),
    Solute("poc", "particulate organic carbon from aquatic plants", carbon=1),
    Solute("doc_semilabile", "semi-labile dissolved organic carbon from land", carbon=1),
    Solute("aoc_semilabile", "semi-labile dissolved organic carbon from aquatic plants", carbon=1),
    Solute("poc_land", "particulate organic carbon from land", carbon=1),
    Solute("algae", "carbon of phytoplankton", carbon=1),
    Solute("oxygen", "dissolved oxygen, followed in surface water only"),
    Solute("di13c", "dissolved inorganic carbon-13", optional=True),
    Solute("di14c", "dissolved inorganic carbon-14 as modern carbon", optional=True),
    Solute("tag_soil", "inorganic carbon from soil CO2", optional=True),
    Solute("tag_rock", "inorganic carbon from rock dissolved by carbonic acid", optional=True),
    Solute("tag_acid_rock", "inorganic carbon from rock dissolved by strong acids", optional=True),
    Solute("tag_atmosphere", "inorganic carbon from the atmosphere", optional=True),
    Solute("tag_powder", "inorganic carbon from spread carbonate powder", optional=True),
    Solute("tag_allogenic", "inorganic carbon from allogenic water", optional=True),
    Solute("tag_irrigation", "inorganic carbon from irrigation water", optional=True),
    Solute("do13c", "carbon-13 in dissolved organic carbon from land", optional=True),
    Solute("do14c", "carbon-14 in dissolved organic carbon from land, as modern carbon", optional=True),
)
N_CORE = sum(not s.optional for s in SOLUTES)
N_SOLUTES = len(SOLUTES)
# Of inorganic carbon: 13C, 14C and the source tags, side by side after the core
TRACERS = tuple(s for s in SOLUTES if s.optional and not s.name.startswith("do1"))
N_TRACERS = len(TRACERS)
