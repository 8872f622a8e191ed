"""What every litre of water carries, in fixed slots.

The first `N_CORE` slots are always transported; the optional tracers (carbon isotopes, source tags) come last, so
that a loop to ``n_active`` skips them when they are switched off. Alkalinity is not a slot: it is defined by the ions,

    Alk = 2 Ca + 2 Mg + Na + K - 2 SO4 - NO3 - Cl                          [design notes 3.1]
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


_OF_CARBON = (
    ("di13c", "carbon-13"),
    ("di14c", "carbon-14 as modern carbon"),
    ("tag_soil", "carbon from soil CO2"),
    ("tag_rock", "carbon from rock dissolved by carbonic acid"),
    ("tag_acid_rock", "carbon from rock dissolved by strong acids, by their share at each step"),
    ("tag_atmosphere", "carbon from the atmosphere"),
    ("tag_powder", "carbon from spread carbonate powder"),
    ("tag_allogenic", "carbon from allogenic water"),
    ("tag_irrigation", "carbon from irrigation water"),
)
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
    Solute("oxygen", "dissolved oxygen (followed in surface water only)"),
    *(Solute(name, f"dissolved inorganic {what}", optional=True) for name, what in _OF_CARBON),
    Solute("do13c", "carbon-13 in dissolved organic carbon from land", optional=True),
    Solute("do14c", "carbon-14 in dissolved organic carbon from land, as modern carbon", optional=True),
    *(
        Solute(
            f"aquatic_{name.removeprefix('di')}", f"{what} in organic matter of aquatic plants", optional=True
        )
        for name, what in _OF_CARBON
    ),
)
N_CORE = sum(not s.optional for s in SOLUTES)
N_SOLUTES = len(SOLUTES)
# Of inorganic carbon: 13C, 14C and the source tags, side by side after the core; of aquatic organic carbon the last
N_TRACERS = len(_OF_CARBON)
TRACERS = SOLUTES[N_CORE : N_CORE + N_TRACERS]
AQUATIC = N_SOLUTES - N_TRACERS  # slot of the first of them
