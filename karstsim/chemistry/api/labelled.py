"""From what people hold (numbers, arrays, pandas, xarray) to flat columns, and back to a labelled Dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from karstsim.chemistry.api.columns import UNITS, choose_columns
from karstsim.core.errors import InputError

if TYPE_CHECKING:
    import xarray as xr


def collect(table: Any, keywords: dict[str, Any]) -> dict[str, xr.DataArray]:
    """Inputs as DataArrays in canonical units, from a table and keywords."""
    given: dict[str, xr.DataArray] = {}
    if table is not None:
        headers = _headers(table)
        for name, column in choose_columns(headers).items():
            values = as_array(name, table[column.header], UNITS[name])
            given[name] = values.copy(data=column.convert(values.values))
    for name, value in keywords.items():
        if name in given:
            raise InputError(name, "given both in the table and as a keyword", "keep one of them")
        given[name] = as_array(name, value, UNITS[name])
    return given


def _headers(table: Any) -> list[str]:
    """Column names of a DataFrame, Dataset or mapping."""
    if hasattr(table, "data_vars"):
        return [str(name) for name in table.data_vars]
    if hasattr(table, "columns"):
        return [str(name) for name in table.columns]
    if isinstance(table, Mapping):
        return [str(name) for name in table]
    raise InputError(
        "table", f"a {type(table).__name__} is not a table", "pass a DataFrame, a Dataset or a mapping"
    )


def as_array(name: str, value: Any, units: str) -> xr.DataArray:
    """Any numeric input as a DataArray; one-dimensional arrays get the dimension ``row``.

    Raises InputError, naming the input and its units, for what is not numeric.
    """
    import pandas as pd
    import xarray as xr

    try:
        if isinstance(value, xr.DataArray):
            return value.astype(np.float64)
        if isinstance(value, pd.Series):
            index = value.index
            dim = index.name if isinstance(index.name, str) and index.nlevels == 1 else "row"
            coords = {dim: index} if index.is_unique and index.nlevels == 1 else None
            return xr.DataArray(value.to_numpy(np.float64, na_value=np.nan), dims=(dim,), coords=coords)
        data = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(name, f"not numeric ({error})", f"give numbers in {units}") from None
    dims = ("row",) if data.ndim == 1 else tuple(f"dim_{j}" for j in range(data.ndim))
    return xr.DataArray(data, dims=dims)


def flatten(given: dict[str, xr.DataArray], leader: str) -> tuple[dict[str, np.ndarray], xr.DataArray]:
    """Broadcast inputs to one shape and ravel them; returns the flat columns and the template of the shape.

    leader   the input whose dimension order the template takes
    Raises InputError for shapes that do not fit together.
    """
    import xarray as xr

    try:
        arrays = dict(zip(given, xr.broadcast(*given.values()), strict=True))
    except ValueError as error:
        mend = "give one number, or as many as the other inputs have"
        raise InputError(", ".join(given), f"shapes do not fit together ({error})", mend) from None
    template = arrays[leader]
    flat = {
        n: np.ascontiguousarray(a.transpose(*template.dims).values, np.float64).ravel()
        for n, a in arrays.items()
    }
    return flat, template


def labelled_dataset(
    columns: dict[str, np.ndarray],
    template: xr.DataArray,
    attributes: dict[str, dict[str, str]],
    attrs: dict[str, str],
) -> xr.Dataset:
    """Flat output columns as a Dataset shaped like `template`; `attributes` of each variable, `attrs` of all.

    A coordinate with the name of an output stands for it where it holds the same numbers, and otherwise is renamed
    ``<name>_given``: the CO2 pressure that a water was brought to and the one that it has are two things.
    """
    import xarray as xr

    for name in [str(c) for c in template.coords if c in columns]:
        labels = template.coords[name].broadcast_like(template).transpose(*template.dims)
        if np.array_equal(labels.values.ravel(), columns[name]):
            columns = {n: values for n, values in columns.items() if n != name}
        else:
            template = template.rename({name: f"{name}_given"})
    data = {
        name: (template.dims, values.reshape(template.shape), attributes[name])
        for name, values in columns.items()
    }
    return xr.Dataset(data, coords=template.coords, attrs=attrs)
