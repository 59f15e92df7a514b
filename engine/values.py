"""Values between frames, Python and people: what a cell of a column means, and how it reads in a sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl

from ..rules.durations import parse_duration
from .columns import SEPARATOR
from .leaves import fact_type
from .people import joined
from .snapshot import INSTANT

if TYPE_CHECKING:
    from collections.abc import Callable

_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "number": pl.Float64,
    "share": pl.Float64,
    "yes/no": pl.Boolean,
    "time": INSTANT,
    "duration": pl.Duration("us"),
}


def column_type(fact: str) -> pl.DataType | type[pl.DataType]:
    """The type of a fact's column; lists and custom fields are texts there."""
    return _TYPES.get(fact_type(fact), pl.String)


def typed(fact: str, cell: Any) -> object | None:
    """What a cell of a fact's column means: a text, a tuple of texts, a number, yes/no, an instant in UTC, a timedelta."""
    if cell is None:
        return None
    kind = fact_type(fact)
    if kind in ("list", "any"):
        entries = tuple(cell.strip(SEPARATOR).split(SEPARATOR))
        return entries if kind == "list" or len(entries) > 1 else entries[0]
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return cell.astimezone(UTC) if isinstance(cell, datetime) else cell


def cell(fact: str, value: Any) -> Any:
    """The cell for a value, typed or as tickets, plans and rule files write it.

    Raises:
        ValueError: a text is no value of the fact's type.
    """
    kind = fact_type(fact)
    if value is None or value in ("", ()):
        return None
    if kind in ("list", "any"):
        return joined(value if isinstance(value, tuple) else str(value))
    return _READERS[kind](value) if kind in _READERS and isinstance(value, str) else value


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


_READERS: dict[str, Callable[[str], object]] = {
    "number": float,
    "share": lambda text: float(text.rstrip("% ")) / 100,
    "yes/no": lambda text: text.lower() in ("yes", "true"),
    "time": _instant,
    "duration": lambda text: parse_duration(text).length,
}


def in_words(value: object | None, zone: str) -> str:
    """A typed value as a text for people; instants as ``2026-03-02 09:00`` in the zone, nothing where there is none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
    if isinstance(value, timedelta):
        return _length(value)
    return ", ".join(value) if isinstance(value, tuple) else f"{value:g}" if isinstance(value, float) else str(value)


def _length(length: timedelta) -> str:
    """The two largest units: ``1 day 3 hours``."""
    left, parts = round(length.total_seconds()), []
    for unit, seconds in _UNITS:
        count, left = divmod(left, seconds)
        if count:
            parts.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return " ".join(parts[:2]) or "0 minutes"
