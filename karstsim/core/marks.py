"""What tables of weather, springs and waters write where there is no value."""

from __future__ import annotations

MISSING = frozenset(  # in small letters; the last row is German: not determined, no statement
    (
        *("", "-", "--", "---", "na", "n/a", "#n/a", "nan", "null", "none", "nd", "n.d.", "n.d", "n.a.", "?"),
        *("nb", "n.b.", "n.b", "n. b.", "ka", "k.a.", "k.a", "k. a.", "keine angabe"),
    )
)
CODES = (-999.0, -9999.0, -99999.0)  # no quantity of such a table has these values
