"""First-order low-pass filters: means over days that steer a process are states, so that a restart keeps them."""

import math

from karstsim.core.jit import kernel

SHORT = 0.01  # below it the series is exact to the last bit or two, and faster


@kernel
def relaxed_share(step, time_constant):
    """Share of a difference that is closed in one step: 1 - exp(-step/time_constant)."""
    x = step / time_constant
    if abs(x) < SHORT:
        p = 1.0 - x * (1.0 / 5.0) * (1.0 - x * (1.0 / 6.0))
        p = 1.0 - x * (1.0 / 3.0) * (1.0 - x * (1.0 / 4.0) * p)
        return x * (1.0 - x * (1.0 / 2.0) * p)
    return -math.expm1(-x)


@kernel
def low_pass(mean, value, step, time_constant):
    """Exact first-order relaxation of a running mean towards the step's value."""
    return mean + (value - mean) * relaxed_share(step, time_constant)
