"""From what people hold (numbers, arrays, pandas, xarray) to flat columns, and back to a labelled Dataset.

`compute` runs a function of flat columns over inputs of any shape: at once, or block by block where an input is
dask-backed. dask is imported only then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from karstsim.chemistry.api.columns import REPORTED, Column, choose_columns, parse_header
from karstsim.chemistry.api.units import UNITS
from karstsim.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Flat = dict[str, np.ndarray]
Attributes = dict[str, dict[str, str]]


def collect(table: Any, keywords: dict[str, Any]) -> dict[str, xr.DataArray]:
    """Inputs as DataArrays in canonical units, from a table and keywords; dask-backed ones stay lazy.

    The unit of a column stands in its header or, in xarray, in its attribute ``units``.
    Raises InputError for what is not numeric, given twice, or a unit that is unclear or contradicts another.
    """
    given: dict[str, xr.DataArray] = {}
    if table is not None:
        headers = headers_of(table)
        for name, column in choose_columns(headers).items():
            raw = table[headers[column.header]]
            values = as_array(name, raw, UNITS[name], _said_twice(column, raw))
            given[name] = values.copy(data=column.convert(values.data))
        _merge_reported(given)
    for name, value in keywords.items():
        if name in given:
            raise InputError(name, "given both in the table and as a keyword", "keep one of them")
        given[name] = as_array(name, value, UNITS[name])
    return given


def _said_twice(column: Column, raw: Any) -> bool:
    """Whether the header says the unit of `raw` already. Raises InputError when its attribute says another one."""
    attribute = _attribute_column(column.name, raw)
    if column.exponent or not column.unit or attribute is None:
        return bool(column.exponent or column.unit)
    if not np.allclose((column.factor, column.offset), (attribute.factor, attribute.offset)):
        what = f"the attribute units says {raw.attrs['units']!r}"
        raise InputError(f"column {column.header!r}", what, "keep the right one of the two units")
    return True


def _attribute_column(name: str, value: Any) -> Column | None:
    """The unit that the attribute ``units`` of a DataArray says, as a column; None where there is none."""
    units = str(getattr(value, "attrs", {}).get("units", "")).strip()
    return parse_header(f"{name} ({units})") if units and name in UNITS else None


def assumptions(table: Any) -> list[str]:
    """What had to be supposed to read the headers of a table: ``column 'Ca': no unit: read as mol m-3``."""
    columns = choose_columns(headers_of(table)).values() if table is not None else ()
    return [f"column {c.header!r}: {c.assumption}" for c in columns if c.assumption]


def _merge_reported(given: dict[str, xr.DataArray]) -> None:
    """Alkalinity = HCO3 + 2 CO3 (eq m-3) from columns of bicarbonate and carbonate."""
    reported = {name: given.pop(name) for name in REPORTED if name in given}
    if "hco3" in reported:
        carbonate = 2.0 * reported["co3"].fillna(0.0) if "co3" in reported else 0.0
        given["alkalinity"] = reported["hco3"] + carbonate


def headers_of(table: Any) -> dict[str, Any]:
    """Column names of a DataFrame, Dataset or mapping as text, and their keys."""
    if hasattr(table, "data_vars"):
        return {str(name): name for name in table.data_vars}
    if hasattr(table, "columns"):
        if not table.columns.is_unique:
            raise InputError("table", "two columns have the same name", "rename one of them")
        return {str(name): name for name in table.columns}
    if isinstance(table, Mapping):
        return {str(name): name for name in table}
    raise InputError(
        "table", f"a {type(table).__name__} is not a table", "pass a DataFrame, a Dataset or a mapping"
    )


def as_array(name: str, value: Any, units: str, converted: bool = False) -> xr.DataArray:
    """Any numeric input as a DataArray of float64, in canonical units where its attribute ``units`` says its own.

    The axes of plain arrays are named from the last one back, ``row``, ``dim_1``, ``dim_2``, so that arrays of
    different depth meet as numpy lets them. Masked values are missing.

    converted   leave the attribute ``units`` alone: the caller knows the unit
    Raises InputError, naming the input and its units, for what is not numeric or has no known length.
    """
    import pandas as pd
    import xarray as xr

    try:
        if isinstance(value, xr.DataArray):
            _check_kind(value.dtype)
            column = None if converted else _attribute_column(name, value)
            value = value.astype(np.float64)
            return value if column is None else value.copy(data=column.convert(value.data))
        if isinstance(value, pd.Series):
            return _from_series(value)
        if isinstance(value, pd.Index):
            value = value.to_numpy()
        data = value if hasattr(value, "dask") or isinstance(value, np.ma.MaskedArray) else np.asarray(value)
        _check_kind(data.dtype)
        data = data.astype(np.float64)
        if isinstance(data, np.ma.MaskedArray):
            data = data.filled(np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(name, f"not numeric ({error})", f"give numbers in {units}") from None
    if any(size != size for size in data.shape):
        raise InputError(name, "a dask array of unknown length", "call its compute_chunk_sizes() first")
    return xr.DataArray(data, dims=_plain_dims(data.ndim))


def _plain_dims(number: int) -> tuple[str, ...]:
    """Names of the axes of a plain array, ``.. dim_2, dim_1, row``."""
    return tuple(f"dim_{j}" if j else "row" for j in range(number - 1, -1, -1))


def _check_kind(dtype: np.dtype) -> None:
    """Dates, durations, truth values and complex numbers would turn into numbers without a word."""
    if dtype.kind not in "iufO":
        raise TypeError(f"values of type {dtype}")


def _from_series(series: pd.Series) -> xr.DataArray:
    """A Series with its index as coordinate; missing values of any pandas type become NaN."""
    import pandas as pd
    import xarray as xr

    kinds = pd.api.types
    number = kinds.is_numeric_dtype(series.dtype) or series.dtype == object
    if not number or kinds.is_bool_dtype(series.dtype) or kinds.is_complex_dtype(series.dtype):
        raise TypeError(f"values of type {series.dtype}")
    data = series.to_numpy(np.float64, na_value=np.nan)
    index = series.index
    if index.nlevels > 1:
        index = index.set_names(
            [n if isinstance(n, str) else f"level_{j}" for j, n in enumerate(index.names)]
        )
        return xr.DataArray(data, dims=("row",), coords=xr.Coordinates.from_pandas_multiindex(index, "row"))
    dim = index.name if isinstance(index.name, str) else "row"
    return xr.DataArray(data, dims=(dim,), coords={dim: index.to_numpy()})


def compute(
    function: Callable[[Flat], Flat],
    given: dict[str, xr.DataArray],
    leader: str,
    attributes: Attributes,
    attrs: dict[str, str],
) -> xr.Dataset:
    """`function` over labelled inputs as a Dataset; lazy when one of the inputs is dask-backed.

    function     flat float64 columns in, as many flat columns of the same size out; called once per block
    given        inputs by name, broadcast to one shape
    leader       the input whose dimension order the result takes
    attributes   attributes of each output;  attrs: of the Dataset

    Raises InputError when the inputs cannot be aligned.
    """
    if any(array.chunks is not None for array in given.values()):
        return _lazily(function, _aligned(given, leader), attributes, attrs)
    flat, template = flatten(given, leader)
    return labelled_dataset(function(flat), template, attributes, attrs)


def flatten(given: dict[str, xr.DataArray], leader: str) -> tuple[Flat, xr.DataArray]:
    """Broadcast inputs to one shape and ravel them; returns the flat columns and the template of the shape.

    leader    the input whose dimension order the template takes
    Raises InputError when the inputs cannot be aligned.
    """
    arrays = _aligned(given, leader)
    flat = {n: np.ascontiguousarray(a.values, np.float64).ravel() for n, a in arrays.items()}
    return flat, _with_labels_of(arrays[leader], arrays)


def _with_labels_of(template: xr.DataArray, arrays: dict[str, xr.DataArray]) -> xr.DataArray:
    """`template` with the labels beside the axes (``lon`` along ``x``) of the other inputs that it lacks."""
    for array in arrays.values():
        lacking = [c for c in array.coords if c not in template.coords]
        template = template.assign_coords({c: array.coords[c].variable for c in lacking})
    return template


def _aligned(given: dict[str, xr.DataArray], leader: str) -> dict[str, xr.DataArray]:
    """The inputs broadcast to one shape and one order of dimensions."""
    arrays = broadcast(given)
    dims = arrays[leader].dims
    return {name: array.transpose(*dims) for name, array in arrays.items()}


def broadcast(given: dict[str, xr.DataArray]) -> dict[str, xr.DataArray]:
    """Inputs brought to one shape: by their labels where they have some, else as numpy does.

    A plain axis of length one fits any other; a plain axis ``row`` beside one labelled axis of the same length is that
    axis; the axes of a plain array of the shape of the labelled one are its axes. Raises InputError when the inputs do
    not fit together.
    """
    import xarray as xr

    ready = _meet(given)
    try:
        return dict(zip(ready, xr.broadcast(*ready.values()), strict=True))
    except ValueError as error:
        what = f"do not fit together ({' '.join(str(error).split())})"
        raise InputError(
            ", ".join(given), what, "give one shape, or coordinates without repetition"
        ) from None


def _meet(given: dict[str, xr.DataArray]) -> dict[str, xr.DataArray]:
    """Plain axes fitted to the others: of length one dropped where another is longer, ``row`` given its labels."""
    wide: dict[Any, int] = {}
    for array in given.values():
        for dim, size in array.sizes.items():
            wide[dim] = size if wide.get(dim, 1) == 1 else wide[dim]
    ready = {}
    for name, array in given.items():
        short = [d for d, n in array.sizes.items() if n == 1 != wide[d] and d not in array.coords]
        ready[name] = array.isel(dict.fromkeys(short, 0), drop=True)
    ready = _as_the_widest(ready)
    labelled = {d for a in ready.values() for d in a.dims if d in a.coords and d != "row"}
    fitting = [d for d in labelled if wide[d] == wide.get("row")]
    if len(labelled) != 1 or not fitting:
        return ready
    if any({"row", fitting[0]} <= set(a.dims) for a in ready.values()):
        return ready  # the two are different axes
    return {
        n: a.rename(row=fitting[0]) if "row" in a.dims and "row" not in a.coords else a
        for n, a in ready.items()
    }


def _plain(array: xr.DataArray) -> bool:
    """Whether all axes have the names that `as_array` gives to plain arrays, and no labels."""
    return array.dims == _plain_dims(array.ndim) and not array.coords


def _as_the_widest(arrays: dict[str, xr.DataArray]) -> dict[str, xr.DataArray]:
    """Plain arrays of two or more axes, of the shape of the one named array that has all named axes, by its names."""
    named = {name: a for name, a in arrays.items() if a.ndim and not _plain(a)}
    widest = max(named.values(), key=lambda a: a.ndim, default=None)
    if widest is None or any(not set(a.dims) <= set(widest.dims) for a in named.values()):
        return arrays
    return {
        n: a.rename(dict(zip(a.dims, widest.dims, strict=True)))
        if a.ndim > 1 and n not in named and a.shape == widest.shape
        else a
        for n, a in arrays.items()
    }


def _lazily(
    function: Callable[[Flat], Flat],
    arrays: dict[str, xr.DataArray],
    attributes: Attributes,
    attrs: dict[str, str],
) -> xr.Dataset:
    """The Dataset of `function` over dask-backed inputs of one shape; nothing is computed but one empty row."""
    import xarray as xr

    kinds = {n: v.dtype for n, v in function({n: np.full(1, np.nan) for n in arrays}).items()}
    names = list(arrays)
    arrays = {
        n: a.rename({c: f"{c}_given" for c in a.coords if c in kinds and c not in a.dims})
        for n, a in arrays.items()
    }

    def block(*values: np.ndarray) -> tuple[np.ndarray, ...]:
        full = np.broadcast_arrays(*values)
        flat = {n: np.ascontiguousarray(v, np.float64).ravel() for n, v in zip(names, full, strict=True)}
        columns = function(flat)
        return tuple(columns[name].reshape(full[0].shape) for name in kinds)

    outputs = xr.apply_ufunc(
        block,
        *xr.unify_chunks(*arrays.values()),
        output_core_dims=[[] for _ in kinds],
        dask="parallelized",
        output_dtypes=list(kinds.values()),
    )
    data = {n: a.assign_attrs(attributes[n]) for n, a in zip(kinds, outputs, strict=True)}
    return xr.Dataset(data, attrs=attrs)


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
