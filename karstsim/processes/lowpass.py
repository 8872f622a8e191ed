"""First-order low-pass filters: means over days that steer a process are states, so that a restart keeps them."""

import math

from karstsim.core.jit import kernel


@kernel
def relaxed_share(step, time_constant):
    """Share of a difference that is closed in one step: 1 - exp(-step/time_constant)."""
    return -math.expm1(-step / time_constant)


@kernel
def low_pass(mean, value, step, time_constant):
    """Exact first-order relaxation of a running mean towards the step's value."""
    return mean + (value - mean) * relaxed_share(step, time_constant)
