"""Reading and writing of TOML, and validation whose every problem names file, key and mend."""

from __future__ import annotations

import difflib
import json
import math
import os
import re
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from karstsim.core.errors import InputError

MAX_BYTES = 1_000_000
MAX_DEPTH = 12  # tables in tables; a real file has five
MAX_DOTS = 100  # dotted names on one line: the parser's time grows with their square
SHOWN = 60  # characters of a wrong value in a message
PROBLEMS_SHOWN = 20
PER_CENT = 100

Model = TypeVar("Model", bound=BaseModel)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_LINE = re.compile(r"\s*\(at (.+)\)$")
_LINE_NUMBER = re.compile(r"line (\d+)")
_TWICE = re.compile(r"is not valid TOML: Cannot (overwrite a value|declare .* twice)")
_HABITS = {  # how a value begins that TOML does not know: what to do
    r"-?\d+,\d": "write a decimal point, as in 1.5",
    r"(True|False)\b": "write true and false in small letters",
    r"\[?[^\W\d]": "put text into quotes",
    r"\d[\d.]*\s*[^\W\d]|\d[\d.]*\s*°": "write the number alone, without its unit",
}
_PLAIN = {
    "missing": ("is missing", "add it"),
    "bool_type": ("is not true or false", "write true or false"),
    "float_type": ("is not a number", "write a number without quotes"),
    "int_type": ("is not a whole number", "write a whole number without quotes"),
    "string_type": ("is not text", 'write text in quotes, as in "text"'),
    "list_type": ("is not a list", "write a list in square brackets"),
    "dict_type": ("is not a table", "write a table, as in {name = value}"),
    "model_type": ("is not a table", "write it as a [table]"),
    "model_attributes_type": ("is not a table", "write it as a [table]"),
    "too_short": ("is empty", "add at least one entry"),
    "finite_number": ("is not a finite number", "write an ordinary number"),
}


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file of at most `MAX_BYTES`, UTF-8 with or without a byte-order mark."""
    text = _read_text(path)
    longest = max(
        (line.count(".") for line in text.splitlines() if not line.lstrip().startswith("#")), default=0
    )
    if longest > MAX_DOTS:
        raise InputError(
            str(path), f"a line has {longest} dots", f"keep a line below {MAX_DOTS} dotted names"
        )
    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise InputError(str(path), "is nested too deeply", "use plain [tables]") from None
    except ValueError as error:  # TOMLDecodeError, or an integer of thousands of digits
        what, place = _syntax_problem(error)
        raise InputError(f"{path}{place}", what, _syntax_mend(what, place, text)) from None
    _check_depth(data, path)
    return data


def write_template(path: Path, template: str) -> None:
    """Copy a template to a file that does not exist yet."""
    from importlib.resources import files

    text = (files("karstsim") / "templates" / template).read_text(encoding="utf-8")
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(str(path), "exists already", "name another file with -o") from None
    except OSError as error:
        what = f"cannot be written ({error.strerror})"
        raise InputError(str(path), what, "name another file with -o") from None


def _read_text(path: Path) -> str:
    try:
        size = os.stat(path).st_size
        if size > MAX_BYTES:
            raise InputError(str(path), f"has {size} bytes", f"a TOML file may have at most {MAX_BYTES}")
        with open(path, "rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(str(path), "there is no such file", "check the name and the folder") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(str(path), f"cannot be read ({reason})", "name a readable TOML file") from None
    if len(raw) > MAX_BYTES:
        raise InputError(str(path), "is too long", f"a TOML file may have at most {MAX_BYTES} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}, line {line}", "is not UTF-8 text", "save the file as UTF-8") from None


def _syntax_problem(error: ValueError) -> tuple[str, str]:
    text = str(error)
    match = _LINE.search(text)
    what = _short(text[: match.start()] if match else text, 200)
    return f"is not valid TOML: {what}", f", {match.group(1)}" if match else ""


def _syntax_mend(what: str, place: str, text: str) -> str:
    """What people write who do not know TOML: decimal commas, text without quotes, True for true."""
    number = _LINE_NUMBER.search(place)
    line = text.splitlines()[int(number.group(1)) - 1 :][:1] if number else []
    if line and _TWICE.match(what):
        return f"this key or table stands twice, keep one: {_short(line[0].strip(), 100)}"
    for pattern, mend in _HABITS.items():
        if line and re.match(rf"[^#]*=\s*(?:{pattern})", line[0]):
            return f"{mend}: {_short(line[0].strip(), 100)}"
    return "correct the TOML syntax: key = value, [table]"


def _check_depth(data: dict[str, Any], path: Path) -> None:
    level: list[Any] = [data]
    for _ in range(MAX_DEPTH):
        level = [child for item in level for child in _children(item)]
        if not level:
            return
    raise InputError(str(path), f"is nested more than {MAX_DEPTH} levels deep", "use plain [tables]")


def _children(item: Any) -> Iterable[Any]:
    if isinstance(item, dict):
        return item.values()
    return item if isinstance(item, list) else ()


def problem(what: str, mend: str) -> PydanticCustomError:
    """An error for validators to raise: `validated` turns it into an InputError that names the key."""
    return PydanticCustomError("karstsim", "{what}", {"what": what, "mend": mend})


def validated(model: type[Model], data: object, where: str, prefix: str = "") -> Model:
    """`data` as a checked `model`, or an InputError that lists every problem with its dotted key."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found = [_describe(model, e, prefix) for e in error.errors(include_url=False)]
    raise problems_error(where, found)


def problems_error(where: str, found: list[tuple[str, str, str]]) -> InputError:
    """One InputError for all problems (key, what, mend) of a file."""
    if len(found) == 1:
        key, what, mend = found[0]
        return InputError(f"{where}, {key}" if key else where, what, mend)
    lines = [f"  {key}: {what} ({mend})" for key, what, mend in found[:PROBLEMS_SHOWN]]
    if len(found) > PROBLEMS_SHOWN:
        lines.append(f"  and {len(found) - PROBLEMS_SHOWN} more")
    return InputError(where, f"{len(found)} problems\n" + "\n".join(lines), "correct each of them")


def _describe(model: type[BaseModel], error: ErrorDetails, prefix: str) -> tuple[str, str, str]:
    location = error["loc"]
    key = dotted((*((prefix,) if prefix else ()), *location))
    kind = error["type"]
    if kind == "extra_forbidden":
        return key, "is not a known key", suggestion(str(location[-1]), _names_at(model, location[:-1]))
    if kind == "karstsim":
        return key, error["ctx"]["what"], error["ctx"]["mend"]
    value = "" if kind == "missing" else f" (it is {shown(error['input'])})"
    if kind in _PLAIN:
        what, mend = _PLAIN[kind]
        return key, what + value, mend
    what = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return key, what + value, _mend_of_bound(error)


def _mend_of_bound(error: ErrorDetails) -> str:
    """What to write instead of a number beyond a bound; one above 1 where a share is asked is taken for per cent."""
    given, bounds = error["input"], error.get("ctx", {})
    highest = bounds.get("le", bounds.get("lt"))
    a_number = isinstance(given, int | float) and not isinstance(given, bool)
    if a_number and highest == 1 and 1 < given <= PER_CENT:
        return f"write a share of 1: {given:g} % is {given / PER_CENT:g}"
    return "correct the value"


def dotted(location: Iterable[str | int]) -> str:
    """`("site", "tiles", 0, "land_use")` -> ``site.tiles[0].land_use``."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + _short(str(part), SHOWN)
    return text


def suggestion(name: str, known: Iterable[str]) -> str:
    """The mend for an unknown name: the closest known one, else all of them."""
    known = list(known)
    close = difflib.get_close_matches(name[:200], known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"use one of: {', '.join(known)}"


def one_of(value: str, known: Iterable[str]) -> str:
    """`value`, if it is one of the `known` names; the error suggests the closest."""
    known = list(known)
    if value not in known:
        raise problem(f"{shown(value)} is not known", suggestion(value, known))
    return value


def shown(value: object) -> str:
    """A wrong value as a message shows it: one line, not too long."""
    return _short(repr(value), SHOWN)


def _short(text: str, length: int) -> str:
    text = "".join(c if c.isprintable() else "?" for c in text[: length + 1])
    return text if len(text) <= length else text[: length - 3] + "..."


def _names_at(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """Names of the keys that the table at `location` knows."""
    for part in location:
        if isinstance(part, str):
            model = _model_in(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation if issubclass(annotation, BaseModel) else None
    found = (_model_in(a) for a in typing.get_args(annotation))
    return next((m for m in found if m is not None), None)


def finite_number(value: object) -> bool:
    """Whether `value` is an ordinary number (true and false are not)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond the range of floats
        return False


def pruned(value: Any) -> Any:
    """Without empty tables and lists: they say nothing."""
    if isinstance(value, Mapping):
        return {k: pruned(v) for k, v in value.items() if v not in ({}, [])}
    return [pruned(v) for v in value] if isinstance(value, list) else value


def emit_toml(tables: Mapping[str, Any]) -> str:
    """TOML text of nested mappings, lists, text, numbers and booleans; entries that are None are left out."""
    return "\n".join(_table_lines(tables, ())).strip() + "\n"


def _table_lines(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    entries = {k: v for k, v in table.items() if v is not None}
    nested = {k: v for k, v in entries.items() if _is_table(v) or _is_array_of_tables(v)}
    lines = [f"{_key(k)} = {_value(v)}" for k, v in entries.items() if k not in nested]
    for name, value in nested.items():
        here = (*path, name)
        header = ".".join(_key(k) for k in here)
        if _is_table(value):
            lines += ["", f"[{header}]", *_table_lines(value, here)]
            continue
        for item in value:
            lines += ["", f"[[{header}]]", *_table_lines(item, here)]
    return lines


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) != {"factor"}


def _is_array_of_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, Mapping) for v in value)


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _text(name)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    return "[" + ", ".join(_value(v) for v in value) + "]"
