"""Snow accumulation and degree-day melt in elevation bands (design notes 3.5).

    P_s = P clip((T_rs + 1 - T)/2, 0, 1),   M = min(S, DDF max(T, 0) dt)

The catchment is cut into bands of equal area; each has the temperature T of the forcing at its mean elevation, less
what the lapse rate takes. Snow of all bands is one body of water for its solutes: the bands divide its volume. Without
a range of elevation all bands are alike.
"""

from karstsim.core.jit import kernel
from karstsim.core.spec import Block, Flow, Param, Var
from karstsim.processes.transport import bring_to, receive, split, withdraw

BANDS = 5
PARAMS = (
    Param("rain_snow_temperature", 1.0, "degC", -2.0, 4.0, "design; design notes 3.5"),
    Param("degree_day_factor", 3.0, "mm degC-1 d-1", 1.0, 8.0, "design; design notes 3.5 and 12.20"),
    Param(
        "elevation_range",
        0.0,
        "m",
        0.0,
        4000.0,
        "design",
        calibrate=False,
        doc="highest less lowest elevation of the catchment, for its snow",
    ),
    Param(
        "lapse_rate", 6.5e-3, "K m-1", 0.0, 1.0e-2, "design; that of the standard atmosphere", calibrate=False
    ),
)
STATE = (
    Block(
        "snow_band",
        tuple(Var(f"b{i + 1}", "mm", f"snow in elevation band {i + 1} from below") for i in range(BANDS)),
    ),
)
FLUXES = (
    Flow("snowfall", "snowfall", standard_name="snowfall_amount"),
    Flow("rainfall", "rain that reaches the vegetation", standard_name="rainfall_amount"),
    Flow("melt", "snow melt", standard_name="surface_snow_melt_amount"),
    Var("snow_fraction", "1", "share of precipitation that falls as snow"),
)
HALF_WIDTH = 1.0  # degC either side of the threshold over which rain turns to snow
HALF = 0.5


@kernel
def band_temperature(p, forcing, i):
    """Air temperature of band i (from 0, the lowest), degC."""
    above = p.elevation_range * ((i + HALF) / BANDS - HALF)
    return forcing.tas - p.lapse_rate * above


@kernel
def snow_fraction(p, forcing, temperature):
    """Share of precipitation that is snow: the forcing's own snowfall, else a ramp of 2 degC   [design notes 3.5]."""
    if forcing.snowfall >= 0.0:
        return min(max(forcing.snowfall / forcing.pr, 0.0), 1.0) if forcing.pr > 0.0 else 0.0
    ramp = (p.rain_snow_temperature + HALF_WIDTH - temperature) / (2.0 * HALF_WIDTH)
    return min(max(ramp, 0.0), 1.0)


@kernel
def follow(s):
    """Bring the bands in line with the store, which is the one truth: in a run only rounding differs."""
    mean = 0.0
    for i in range(BANDS):
        mean += s.snow_band.v[i] / BANDS
    for i in range(BANDS):
        s.snow_band.v[i] = s.snow_band.v[i] * (s.snow.volume / mean) if mean > 0.0 else s.snow.volume


@kernel
def step(p, s, f, forcing, dt, n_active):
    """Split precipitation, feed the snow store, melt it band by band."""
    follow(s)
    f.snow_fraction = 0.0
    melted = 0.0
    for i in range(BANDS):
        temperature = band_temperature(p, forcing, i)
        share = snow_fraction(p, forcing, temperature)
        fallen = s.snow_band.v[i] + share * f.precipitation.volume
        melt = min(fallen, p.degree_day_factor * max(temperature, 0.0) * dt)
        s.snow_band.v[i] = fallen - melt
        f.snow_fraction += share / BANDS
        melted += melt / BANDS
    split(f.precipitation, f.snowfall, f.rainfall, f.snow_fraction, n_active)
    receive(s.snow, f.snowfall, 1.0, n_active)
    bring_to(s.snow, 0.0)
    withdraw(s.snow, f.melt, melted, n_active)
