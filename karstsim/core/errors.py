"""Errors that a user can act on. Every message names the place (file, key, row or time) and the mend."""

import shlex
from pathlib import Path


class KarstsimError(Exception):
    """Base of all errors that karstsim raises on purpose."""


class InputError(KarstsimError):
    """Bad input: a config key, a forcing file, a table row. The command line ends with exit code 2.

    where   the file, key, row or time at fault
    what    what is wrong with it
    mend    what the user can do
    """

    def __init__(self, where: str, what: str, mend: str) -> None:
        super().__init__(f"{where}: {what}\n  mend: {mend}")
        self.where = where
        self.what = what
        self.mend = mend

    def __reduce__(self) -> tuple[type["InputError"], tuple[str, str, str]]:
        """Its parts: what a worker in another process raises is pickled on its way here."""
        return type(self), (self.where, self.what, self.mend)


def quoted(path: str | Path) -> str:
    """A path as a shell takes it in a command that a message tells to type: one with blanks is put in quotes."""
    return shlex.quote(str(path))


def demand_kind(argument: str, value: object, kinds: tuple[type, ...], mend: str) -> None:
    """Raise InputError where an argument is of none of the kinds, before it fails far from the call."""
    if not isinstance(value, kinds):
        wanted = " or ".join(kind.__name__ for kind in kinds)
        raise InputError(argument, f"is of type {type(value).__name__} and should be {wanted}", mend)


class RunError(KarstsimError):
    """The run itself failed (budget broken, state not finite). The command line ends with exit code 1."""
