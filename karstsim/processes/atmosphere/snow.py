"""Snow accumulation and degree-day melt (science.md 3.5)."""

from karstsim.core.jit import kernel
from karstsim.core.spec import Flow, Param, Var
from karstsim.processes.transport import bring_to, receive, split, withdraw

PARAMS = (
    Param("rain_snow_temperature", 1.0, "degC", -2.0, 4.0, "design; science.md 3.5"),
    Param("degree_day_factor", 3.0, "mm degC-1 d-1", 1.0, 8.0, "design; science.md 3.5 and 12.20"),
)
FLUXES = (
    Flow("snowfall", "snowfall", standard_name="snowfall_amount"),
    Flow("rainfall", "rain that reaches the vegetation", standard_name="rainfall_amount"),
    Flow("melt", "snow melt", standard_name="surface_snow_melt_amount"),
    Var("snow_fraction", "1", "share of precipitation that falls as snow"),
)
HALF_WIDTH = 1.0  # degC either side of the threshold over which rain turns to snow


@kernel
def snow_fraction(p, forcing):
    """Share of precipitation that is snow: the forcing's own snowfall, else a ramp of 2 degC   [science.md 3.5]."""
    if forcing.snowfall >= 0.0:
        return min(max(forcing.snowfall / forcing.pr, 0.0), 1.0) if forcing.pr > 0.0 else 0.0
    ramp = (p.rain_snow_temperature + HALF_WIDTH - forcing.tas) / (2.0 * HALF_WIDTH)
    return min(max(ramp, 0.0), 1.0)


@kernel
def step(p, s, f, forcing, dt, n_active):
    """Split precipitation, feed the snow store, melt M = min(S, DDF max(T, 0) dt)."""
    f.snow_fraction = snow_fraction(p, forcing)
    split(f.precipitation, f.snowfall, f.rainfall, f.snow_fraction, n_active)
    receive(s.snow, f.snowfall, 1.0, n_active)
    bring_to(s.snow, 0.0)
    withdraw(s.snow, f.melt, p.degree_day_factor * max(forcing.tas, 0.0) * dt, n_active)
