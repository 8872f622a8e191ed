"""CO2 in soil air as a stock in n layers: the steady profile with a memory, for storms (science.md 3.11).

    dx_i/dt = s_i + g_i (C_(i-1) - C_i) - g_(i+1) (C_i - C_(i+1)) + what moving air carries,    x_i = phi_a dz C_i

g = D/dz, twice that at the surface, 0 at the base, where water takes CO2 up. One implicit step (backward Euler), so it
is stable and never negative for any step. The base pressure is again linear in the uptake; its slope is the response of
the lowest layer to a unit sink.

The source s_i is the one that keeps the layer's mean of the steady profile where it is; the rest of the production is
so near to the surface that it leaves at once. So the layers come to rest in that profile, for any n.

Air is displaced, not compressed: water that fills pores pushes the air above and in them up and out, pores that drain
draw air in. A wet soil then holds CO2 back because it conducts less. What pore water dissolves (theta K_H R T) is in
the stock of soil water, which exchanges with the lowest layer.
"""

from karstsim.core.jit import kernel
from karstsim.core.spec import Block, Param, Var
from karstsim.processes.soil.steady_profile import layer_shape, profile_shape

MOST_LAYERS = 10
PARAMS = (
    Param(
        "gas_layers",
        0,
        "1",
        0,
        MOST_LAYERS,
        "design; science.md 3.11",
        calibrate=False,
        doc="layers of soil air with a stock of CO2; 0 = steady profile without a stock, 5 to 10 for storms",
        integer=True,
    ),
)
_MEMBERS = tuple(f"l{i + 1:02d}" for i in range(MOST_LAYERS))
STATE = (
    Block("air_co2", tuple(Var(m, "mol m-2", f"CO2 in soil air, layer {m[1:]}") for m in _MEMBERS)),
    Var("air_parts", "1", "layers that the soil air is divided into", aggregate="last"),
)
FLUXES = (
    Block(
        "response",
        tuple(Var(m, "1", f"CO2 missing in layer {m[1:]} per CO2 taken up at the base") for m in _MEMBERS),
    ),
)
AT_SURFACE = 2.0  # the centre of the top layer is half a layer below the surface
HALF = 0.5


@kernel
def total(s):
    """CO2 in soil air, mol m-2."""
    amount = 0.0
    for i in range(MOST_LAYERS):
        amount += s.air_co2.v[i]
    return amount


@kernel
def divide(s, n):
    """Spread the stock over n layers when it was in another number; with n = 0 it leaves with the efflux."""
    if s.air_parts == n:
        return
    each = total(s) / n if n > 0 else 0.0
    for i in range(MOST_LAYERS):
        s.air_co2.v[i] = each if i < n else 0.0
    s.air_parts = n


@kernel
def source_shape(i, n, dz, soil_depth, production_depth):
    """What layer i must be given to stay at its mean of the steady profile, as a difference of shapes."""
    here = layer_shape(i, dz, soil_depth, production_depth)
    if i == 0:
        gained = AT_SURFACE * here
    else:
        gained = here - layer_shape(i - 1, dz, soil_depth, production_depth)
    if i < n - 1:
        gained -= layer_shape(i + 1, dz, soil_depth, production_depth) - here
    return gained


@kernel
def advance(p, s, f, outside, source, exchange, filled, n):
    """Solve the implicit step for all layers at once, without uptake and for a unit uptake at the base.

    outside   amount of a layer filled with open air, mol m-2
    source    production per unit of shape, mol m-2 in the step
    exchange  share of a layer's CO2 that diffuses to a neighbour in the step
    filled    loss of air-filled porosity in the step over what is left
    """
    dz = p.depth / n
    # Down: the amount in each layer is `solved` plus `kept` times the amount in the next one.
    solved, kept, diagonal = outside, 0.0, 1.0
    up = AT_SURFACE * exchange + max(n * filled, 0.0)
    down = AT_SURFACE * exchange + max(-n * filled, 0.0)
    for i in range(n):
        shape = source_shape(i, n, dz, p.depth, p.production_depth)
        amount = s.air_co2.v[i] + source * shape + down * solved
        diagonal = 1.0 + up - down * kept
        if i < n - 1:
            pushed = (n - 1 - i) * filled
            up = exchange + max(pushed, 0.0)
            down = exchange + max(-pushed, 0.0)
            diagonal += down
        solved, kept = amount / diagonal, up / diagonal
        s.air_co2.v[i] = solved
        f.response.v[i] = kept
    f.response.v[n - 1] = 1.0 / diagonal
    for i in range(n - 2, -1, -1):
        kept = f.response.v[i]
        s.air_co2.v[i] += kept * s.air_co2.v[i + 1]
        f.response.v[i] = kept * f.response.v[i + 1]


@kernel
def step(p, s, f, outside, production, d, air_before, n, dt):
    """Advance the layers as if water took up nothing, and work out their response to its uptake.

    outside     CO2 of the open air, mol m-3
    production  mol m-2 in the step
    d           diffusivity, m2 d-1
    air_before  air-filled porosity before the step
    Returns the CO2 at the base without uptake (mol m-3) and its fall per CO2 taken up (m-1).
    """
    dz = p.depth / n
    layer = f.air_filled_porosity * dz
    filled = (air_before - f.air_filled_porosity) / f.air_filled_porosity
    source = production * p.production_depth / dz
    advance(p, s, f, outside * layer, source, dt * d / (dz * layer), filled, n)
    lowest = layer_shape(n - 1, dz, p.depth, p.production_depth)
    below_it = profile_shape(p.depth, p.depth, p.production_depth) - lowest
    base = s.air_co2.v[n - 1] / layer + production / dt * p.production_depth / d * below_it
    return base, f.response.v[n - 1] / layer + HALF * dz / (d * dt)


@kernel
def take(s, f, uptake, n):
    """Take what water took up (mol m-2) out of the layers.

    It stops where the base pressure is zero, and then no layer is below zero; a rounding error is left to the efflux.
    """
    for i in range(n):
        s.air_co2.v[i] = max(s.air_co2.v[i] - f.response.v[i] * uptake, 0.0)
