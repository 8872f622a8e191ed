"""The conduit as well-mixed cells in a row: new water pushes old water out before it arrives (design notes 3.7).

The law of flow stays with the whole conduit; each of n cells holds V_c/n, immobile pool included. Recharge and
allogenic water A enter the first cell, water from the matrix is spread over all, water back to the matrix is taken from
all, and the spring's water Q_c leaves the last cell, `conduit`. Between cells i and i + 1 flows

    q_i = A (1 - i/n) + Q_c i/n >= 0,

what cell i holds beyond its share of the conduit. One cell is the mixed conduit; for n cells in steady flow the
residence times follow the Erlang law with mean V_c/Q_c and shape n. A step is cut so that no cell turns over more than
`LARGEST_TURNOVER`; the implicit passage of water widens the distribution by about that share and keeps its mean.
"""

import math

from karstsim.core.jit import kernel
from karstsim.core.spec import Flow, Param, Store, Var
from karstsim.processes.transport import clear, receive, release, withdraw

MOST_CELLS = 5
LARGEST_TURNOVER = 0.1  # of a cell in one part of a step
MOST_PARTS = 64  # of half a step; beyond them a flood turns cells over faster, still without loss
PARAMS = (
    Param(
        "conduit_cells",
        1,
        "1",
        1,
        MOST_CELLS,
        "design; design notes 3.7",
        calibrate=False,
        integer=True,
        doc="well-mixed cells in a row in the conduit; 1 = mixed conduit, 2 to 5 = transport delay",
    ),
)
STATE = tuple(
    Store(f"conduit_above_{i}", f"water in the conduit {i} cells above the last one")
    for i in range(1, MOST_CELLS)
)
FLUXES = (
    Flow("parcel", "water moved in the last part of a step"),
    Flow("passing", "water that passed between the last two cells in the last part of a step"),
    Var("conduit_volume", "mm", "water in all cells of the conduit", aggregate="last"),
)


@kernel
def cell(s, above):
    """The store that many cells above the last one."""
    if above == 1:
        return s.conduit_above_1
    if above == 2:
        return s.conduit_above_2
    if above == 3:
        return s.conduit_above_3
    if above == 4:
        return s.conduit_above_4
    return s.conduit


@kernel
def volume(p, s):
    """Water in all cells, mm."""
    total = s.conduit.volume
    for above in range(1, p.conduit_cells):
        total += cell(s, above).volume
    return total


@kernel
def parts_of(moved, smallest, n):
    """Parts of half a step in which `moved` mm pass n cells of together `smallest` mm or more."""
    allowed = LARGEST_TURNOVER * smallest / n
    if moved >= MOST_PARTS * allowed:
        return MOST_PARTS
    return max(int(math.ceil(moved / allowed)), 1)


@kernel
def take(s, flow, parcel, amount, n, n_active):
    """Take `amount` mm out of all cells alike and add it to `flow`."""
    for above in range(n):
        release(cell(s, above), flow, parcel, amount / n, n_active)


@kernel
def give(s, flow, weight, n, n_active):
    """Spread `weight` times a flow over all cells."""
    for above in range(n):
        receive(cell(s, above), flow, weight / n, n_active)


@kernel
def push(s, passing, held, n, n_active):
    """Pass on what each cell holds beyond `held` mm, from the first cell to the last."""
    for above in range(n - 1, 0, -1):
        upper = cell(s, above)
        withdraw(upper, passing, upper.volume - held, n_active)
        receive(cell(s, above - 1), passing, 1.0, n_active)


@kernel
def begin(f, n_active):
    """Empty the flows that the two halves of the step add up."""
    clear(f.matrix_to_conduit, n_active)
    clear(f.conduit_to_matrix, n_active)
    clear(f.seepage, n_active)
    clear(f.matrix_discharge, n_active)
    clear(f.conduit_discharge, n_active)


@kernel
def advance(p, s, f, part, n_active):
    """Move the share `part` of the step's water: recharge in, exchange and seepage between stores, discharge out."""
    n = p.conduit_cells
    receive(s.matrix, f.matrix_recharge, part, n_active)
    release(
        s.matrix,
        f.matrix_discharge,
        f.parcel,
        part * (1.0 - f.seepage_share) * f.matrix_drained,
        n_active,
    )
    seepage = part * f.seepage_share * f.matrix_drained
    forth = part * max(f.exchanged, 0.0)
    back = part * max(-f.exchanged, 0.0)
    arriving = part * f.conduit_recharge.volume
    leaving = part * f.conduit_drained
    before = volume(p, s)
    change = arriving + seepage + forth - back - leaving
    parts = parts_of(max(arriving, leaving), min(before, before + change), n)
    share = 1.0 / parts
    for j in range(parts):
        receive(cell(s, n - 1), f.conduit_recharge, part * share, n_active)
        withdraw(s.matrix, f.passing, share * forth, n_active)
        receive(f.matrix_to_conduit, f.passing, 1.0, n_active)
        give(s, f.passing, 1.0, n, n_active)
        withdraw(s.matrix, f.passing, share * seepage, n_active)
        receive(f.seepage, f.passing, 1.0, n_active)
        give(s, f.passing, 1.0, n, n_active)
        held = (before + change * (j + 1) * share + share * back) / n
        push(s, f.passing, held, n, n_active)
        release(s.conduit, f.conduit_discharge, f.parcel, share * leaving, n_active)
        if back > 0.0:
            clear(f.passing, n_active)
            take(s, f.passing, f.parcel, share * back, n, n_active)
            receive(f.conduit_to_matrix, f.passing, 1.0, n_active)
            receive(s.matrix, f.passing, 1.0, n_active)
