"""What is said of a calibration's results beside the numbers."""

from __future__ import annotations

import numpy as np
import xarray as xr

from karstsim.calibration.summary import end_lines


def _posterior(**rows: tuple[float, float, float, bool, bool]) -> xr.Dataset:
    """Best, lower and upper end, logarithmic, factor of every parameter; `__` stands for the dot of a name."""
    names = [name.replace("__", ".") for name in rows]
    columns = list(zip(*rows.values(), strict=True))
    keys = ("best", "lower", "upper", "log_scale", "factor")
    data = {key: ("parameter", np.array(column)) for key, column in zip(keys, columns, strict=True)}
    return xr.Dataset(data, coords={"parameter": names})


def test_a_best_value_at_an_end_is_told_with_what_to_do() -> None:
    """Widen what can be; say where the model allows no more; a share of none or all, or no exchange, is an answer."""
    ds = _posterior(
        area_km2=(59.5, 2.0, 60.0, True, False),
        soil__depth=(0.5, 0.1, 1.5, True, False),
        epikarst__residence_time=(1.01, 1.0, 60.0, True, False),
        aquifer__matrix_residence_time=(20.7, 20.0, 400.0, True, False),
        aquifer__matrix_to_conduit=(0.999, 0.0, 1.0, False, False),
        aquifer__exchange_rate=(0.001, 0.0, 0.1, False, False),
        vegetation__crop_coefficient=(0.501, 0.5, 1.3, False, True),
    )
    lines = end_lines(ds)
    assert [line.split(" = ")[0] for line in lines] == [
        "area_km2",
        "epikarst.residence_time",
        "aquifer.matrix_residence_time",
        "vegetation.crop_coefficient",
    ]
    assert "widen" in lines[0] and "widen" in lines[2] and "(20)" in lines[2] and "widen" in lines[3]
    assert "what the model allows (1)" in lines[1]
