"""CO2 in soil air as a stock in n layers: the steady profile with a memory, for storms (design notes 3.11).

    dx_i/dt = s_i + g_i (C_(i-1) - C_i) - g_(i+1) (C_i - C_(i+1)) + what moving air carries,    x_i = phi_a dz C_i

g = D/dz, twice that at the surface, 0 at the base, where water takes CO2 up. One implicit step (backward Euler), so it
is stable and never negative for any step. The base pressure is again linear in the uptake; its slope is the response of
the lowest layer to a unit sink.

The source s_i is the one that keeps the layer's mean of the steady profile where it is; the rest of the production is
so near to the surface that it leaves at once. So the layers come to rest in that profile, for any n.

Air is displaced, not compressed: water that fills pores pushes the air above and in them up and out, pores that drain
draw air in. A wet soil then holds CO2 back because it conducts less. What pore water dissolves (theta K_H R T) is in
the stock of soil water, which exchanges with the lowest layer.

Isotopes and sources of the CO2 have the same equation each, with the source that they have in what the soil produces.
13CO2 diffuses slower by 1.0044, so at rest a layer has the mixture of Cerling (1984) for its depth; air that is
displaced takes all alike. The CO2 that leaves a layer for the air or the water is as the layer is at that time.
"""

from karstsim.chemistry.isotopes import ALPHA_SOIL_DIFFUSION, R_VPDB
from karstsim.core.jit import kernel
from karstsim.core.solutes import N_TRACERS, TRACERS
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
        "design; design notes 3.11",
        calibrate=False,
        doc="layers of soil air with a stock of CO2; 0 = steady profile without a stock, 5 to 10 for storms",
        integer=True,
    ),
)
_MEMBERS = tuple(f"l{i + 1:02d}" for i in range(MOST_LAYERS))
STATE = (
    Block("air_co2", tuple(Var(m, "mol m-2", f"CO2 in soil air, layer {m[1:]}") for m in _MEMBERS)),
    Block(
        "air_tracers_of",
        tuple(
            Var(f"{m}_{t.name}", "mol m-2", f"{t.long_name}, as CO2 in soil air, layer {m[1:]}")
            for m in _MEMBERS
            for t in TRACERS
        ),
    ),
    Var("air_parts", "1", "layers that the soil air is divided into", aggregate="last"),
)
FLUXES = (
    Block(
        "response",
        tuple(Var(m, "1", f"CO2 missing in layer {m[1:]} per CO2 taken up at the base") for m in _MEMBERS),
    ),
    Block(
        "response_13_of",
        tuple(
            Var(f"{m}_di13c", "1", f"13CO2 missing in layer {m[1:]} per 13CO2 taken up at the base")
            for m in _MEMBERS
        ),
    ),
    Var("filled_pores", "1", "air-filled porosity lost in the step over what is left"),
)
C13 = 0  # the first of the tracers (processes/tracers.py)
# D of all CO2 over that of 13CO2: 1.0044 is over that of 12CO2, of which CO2 is nearly made.
SLOWER = ALPHA_SOIL_DIFFUSION / (1.0 + (ALPHA_SOIL_DIFFUSION - 1.0) * R_VPDB / (1.0 + R_VPDB))
AT_SURFACE = 2.0  # the centre of the top layer is half a layer below the surface
HALF = 0.5


@kernel
def total(s):
    """CO2 in soil air, mol m-2."""
    return sum_of(s.air_co2.v, 0, 1)


@kernel
def total_of(s, tracer):
    """A tracer in soil air, mol m-2."""
    return sum_of(s.air_tracers_of.v, tracer, N_TRACERS)


@kernel
def sum_of(amounts, first, stride):
    """Sum over the layers; that of layer i is at first + i stride."""
    amount = 0.0
    for i in range(MOST_LAYERS):
        amount += amounts[first + i * stride]
    return amount


@kernel
def divide(s, n):
    """Spread the stock over n layers when it was in another number; with n = 0 it leaves with the efflux."""
    if s.air_parts == n:
        return
    spread(s.air_co2.v, 0, 1, n)
    for tracer in range(N_TRACERS):
        spread(s.air_tracers_of.v, tracer, N_TRACERS, n)
    s.air_parts = n


@kernel
def spread(amounts, first, stride, n):
    """Give each of n layers the same part of all."""
    each = sum_of(amounts, first, stride) / n if n > 0 else 0.0
    for i in range(MOST_LAYERS):
        amounts[first + i * stride] = each if i < n else 0.0


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
def advance(p, amounts, first, stride, response, outside, source, exchange, filled, n):
    """Solve the implicit step for all layers at once, without uptake and for a unit uptake at the base.

    amounts   stocks, that of layer i at first + i stride, mol m-2; response  to a unit uptake, by layer
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
        amount = amounts[first + i * stride] + source * shape + down * solved
        diagonal = 1.0 + up - down * kept
        if i < n - 1:
            pushed = (n - 1 - i) * filled
            up = exchange + max(pushed, 0.0)
            down = exchange + max(-pushed, 0.0)
            diagonal += down
        solved, kept = amount / diagonal, up / diagonal
        amounts[first + i * stride] = solved
        response[i] = kept
    response[n - 1] = 1.0 / diagonal
    for i in range(n - 2, -1, -1):
        kept = response[i]
        amounts[first + i * stride] += kept * amounts[first + (i + 1) * stride]
        response[i] = kept * response[i + 1]


@kernel
def step(p, s, f, outside, production, d, air_before, n, dt):
    """Advance the layers as if water took up nothing, and work out their response to its uptake.

    outside     CO2 of the open air, mol m-3
    production  mol m-2 in the step
    d           diffusivity, m2 d-1
    air_before  air-filled porosity before the step
    Returns the CO2 at the base without uptake (mol m-3) and its fall per CO2 taken up (m-1).
    """
    f.filled_pores = (air_before - f.air_filled_porosity) / f.air_filled_porosity
    return respond(p, f, s.air_co2.v, 0, 1, f.response.v, outside, production, d, n, dt)


@kernel
def trace(p, s, f, tracer, outside, production, d, n, dt):
    """The same for a tracer of the CO2, after `step`: `outside` and `production` are its own."""
    if tracer == C13:
        slower = d / SLOWER
        amounts, response = s.air_tracers_of.v, f.response_13_of.v
        return respond(p, f, amounts, C13, N_TRACERS, response, outside, production, slower, n, dt)
    return respond(p, f, s.air_tracers_of.v, tracer, N_TRACERS, f.response.v, outside, production, d, n, dt)


@kernel
def respond(p, f, amounts, first, stride, response, outside, production, d, n, dt):
    """Advance one kind of CO2; arguments and result as in `step`, `amounts` and `response` as in `advance`."""
    dz = p.depth / n
    layer = f.air_filled_porosity * dz
    source = production * p.production_depth / dz
    exchange = dt * d / (dz * layer)
    advance(p, amounts, first, stride, response, outside * layer, source, exchange, f.filled_pores, n)
    lowest = layer_shape(n - 1, dz, p.depth, p.production_depth)
    below_it = profile_shape(p.depth, p.depth, p.production_depth) - lowest
    base = amounts[first + (n - 1) * stride] / layer + production / dt * p.production_depth / d * below_it
    return base, response[n - 1] / layer + HALF * dz / (d * dt)


@kernel
def take(s, f, uptake, n):
    """Take what water took up (mol m-2) out of the layers."""
    lower(s.air_co2.v, 0, 1, f.response.v, uptake, n)


@kernel
def take_of(s, f, tracer, uptake, n):
    """Take what water took up of a tracer (mol m-2) out of the layers."""
    response = f.response_13_of.v if tracer == C13 else f.response.v
    lower(s.air_tracers_of.v, tracer, N_TRACERS, response, uptake, n)


@kernel
def lower(amounts, first, stride, response, uptake, n):
    """The layers as the uptake leaves them.

    It stops where the base pressure is zero, and then no layer is below zero; a rounding error is left to the efflux.
    """
    for i in range(n):
        left = amounts[first + i * stride] - response[i] * uptake
        amounts[first + i * stride] = max(left, 0.0)
