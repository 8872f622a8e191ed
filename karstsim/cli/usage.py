"""Errors of usage, such as an option that is not there: with ``--json`` they print an object as all others do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from karstsim import console

JSON = "--json"
GIVEN = "karstsim.given"  # under this name a context keeps what was typed
# Of the click that typer brings along, or of the package itself in earlier versions of typer.
UsageError: Any = typer.BadParameter.__base__


class Commands(TyperGroup):
    """The commands, whose errors of usage are told in JSON too where that is asked for."""

    def make_context(self, info_name: str | None, args: list[str], *others: Any, **extra: Any) -> Any:
        given = list(args)  # the parser takes its words away
        with _told(given):
            ctx = super().make_context(info_name, args, *others, **extra)
        ctx.meta[GIVEN] = given
        return ctx

    def invoke(self, ctx: Any) -> Any:
        with _told(ctx.meta[GIVEN]):
            return super().invoke(ctx)


@contextlib.contextmanager
def _told(given: Sequence[str]) -> Iterator[None]:
    """Print the object on stdout; typer shows the message on stderr and ends with code 2."""
    try:
        yield
    except UsageError as error:
        if JSON in given:
            command = error.ctx.command_path if error.ctx else "karstsim"
            mend = f"{command} --help shows how it is called"
            console.print_json(console.as_error(command, error.format_message(), mend))
        raise
