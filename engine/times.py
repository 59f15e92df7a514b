"""Comparisons of times and durations: over whole columns, and the instants at which they turn if nobody acts.

All of them hold from an instant on and up to another, never in between: ``older_than: 4 hours`` from exactly four hours
on, ``in_next`` up to the moment itself, ``over`` only after the length has been passed. A custom field that holds a bare
date is that whole day of the calendar: it is ``older_than`` counted from its end and ``in_next`` until its end.
"""

from __future__ import annotations

import re
from calendar import isleap
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Literal, Protocol

import polars as pl

from ..rules.calendar import Calendar, CalendarError
from ..rules.calendar_arrays import add, is_open, open_between
from ..rules.facts import fact_named
from .columns import SEPARATOR
from .snapshot import INSTANT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..rules.durations import Duration
    from ..rules.model import Leaf

TIMES = ("older_than", "newer_than", "in_next", "anniversary_in", "before", "after", "during", "outside")
"""The operators that compare times."""

Edge = Literal["start", "end", "last"]
"""Of the stretch a time value stands for: its begin, the first instant after it, its last one; an instant is all three."""

_TICK = timedelta(microseconds=1)
_DOTTED = re.compile(r"^(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})")  # day, month, year, as people write it in a text field
_FARTHEST = datetime(2190, 1, 1, tzinfo=UTC)  # calendars end in 2200; what is later never comes


class Past(Protocol):
    """Where ended stretches come from: :meth:`.history.History.spans`."""

    def spans(self, begin: str) -> pl.DataFrame:
        """Stretches as ``t``, ``start``, ``end``."""


# --- times ------------------------------------------------------------------------------------------------------------


def time_leaf(leaf: Leaf, calendar: Calendar, named: Callable[[str], Calendar]) -> pl.Expr:
    """A comparison of a time with now, with a date or with a calendar's open time; ``named`` finds a calendar."""
    now, begin, end = pl.col("now"), edge(leaf.fact, calendar, "start"), edge(leaf.fact, calendar, "end")
    operand = leaf.operand
    if leaf.operator == "older_than":
        return later(end, operand, calendar) <= now
    if leaf.operator == "newer_than":
        return later(end, operand, calendar) > now
    if leaf.operator == "in_next":
        return (earlier(begin, operand, calendar) <= now) & (now < end)
    if leaf.operator == "anniversary_in":
        return _anniversary(leaf, calendar)
    if leaf.operator == "before":
        return edge(leaf.fact, calendar, "last") < bounds(operand, calendar)[0]
    if leaf.operator == "after":
        return _after(begin, operand, calendar)
    opened = _mapped(begin, partial(_are_open, named(operand)), pl.Boolean)
    return opened if leaf.operator == "during" else ~opened


def _after(begin: pl.Expr, operand: date, calendar: Calendar) -> pl.Expr:
    bound = bounds(operand, calendar)[1]
    return begin > bound if isinstance(operand, datetime) else begin >= bound


def bounds(operand: date, calendar: Calendar) -> tuple[datetime, datetime]:
    """From when to when a day of the calendar lasts; an instant is its own begin and end."""
    return (operand, operand) if isinstance(operand, datetime) else calendar.day_bounds(operand)


def edge(fact: str, calendar: Calendar, which: Edge) -> pl.Expr:
    """One edge of the stretch that a time fact stands for."""
    found = fact_named(fact)
    if found is None or found.type != "any":
        return pl.col(fact)
    return pl.col(fact).map_batches(partial(_parsed, calendar=calendar, which=which), return_dtype=INSTANT)


def _parsed(texts: pl.Series, calendar: Calendar, which: Edge) -> pl.Series:
    known = {text: _stretch(text, calendar)[which] for text in texts.unique() if text and _stretch(text, calendar)}
    return pl.Series(texts.name, [known.get(text) for text in texts], dtype=INSTANT)


@lru_cache(maxsize=65536)
def _stretch(text: str, calendar: Calendar) -> dict[Edge, datetime]:
    """What a custom field's text means as a time; nothing where it is none."""
    written = _DOTTED.sub(_as_iso, text.strip(SEPARATOR).strip())
    try:
        moment = datetime.fromisoformat(written)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=calendar.zone)
        if len(written) > len("2026-12-24"):
            return dict.fromkeys(("start", "end", "last"), aware.astimezone(UTC))
        start, end = calendar.day_bounds(moment.date())
    except (ValueError, OverflowError):
        return {}
    return {"start": start, "end": end, "last": end - _TICK}


def _as_iso(dotted: re.Match[str]) -> str:
    return f"{dotted[3]}-{dotted[2]:0>2}-{dotted[1]:0>2}"


# --- later and earlier ------------------------------------------------------------------------------------------------


def later(instant: pl.Expr, duration: Duration, calendar: Calendar) -> pl.Expr:
    """The instant so much later, in business time on the calendar."""
    if not duration.business:
        return instant + duration.length
    return _mapped(instant, partial(_added, duration, calendar), INSTANT)


def earlier(instant: pl.Expr, duration: Duration, calendar: Calendar) -> pl.Expr:
    """The instant so much earlier, in business time on the calendar."""
    if not duration.business:
        return instant - duration.length
    return _mapped(instant, partial(_subtracted, duration, calendar), INSTANT)


def _mapped(
    column: pl.Expr, function: Callable[[pl.Series], pl.Series], dtype: pl.DataType | type[pl.DataType]
) -> pl.Expr:
    """A function of values that are there, over a column in which some may be missing."""

    def over(values: pl.Series) -> pl.Series:
        there = values.is_not_null()
        found = function(values.filter(there))
        empty = pl.Series(values.name, [None], dtype=dtype).new_from_index(0, len(values))
        return empty.scatter(there.arg_true(), found)

    return column.map_batches(over, return_dtype=dtype)


def _added(duration: Duration, calendar: Calendar, instants: pl.Series) -> pl.Series:
    reachable = instants.clip(None, _FARTHEST).to_physical().to_numpy()
    return pl.Series(add(calendar, reachable, duration)).cast(INSTANT)


def _subtracted(duration: Duration, calendar: Calendar, instants: pl.Series) -> pl.Series:
    known = {instant: _before(instant, duration, calendar) for instant in instants.unique()}
    return pl.Series([known[instant] for instant in instants], dtype=INSTANT)


def _before(instant: datetime, duration: Duration, calendar: Calendar) -> datetime | None:
    try:
        return calendar.subtract(instant, duration)
    except CalendarError:
        return None


def _are_open(calendar: Calendar, instants: pl.Series) -> pl.Series:
    return pl.Series(is_open(calendar, instants.to_physical().to_numpy()))


# --- anniversaries ----------------------------------------------------------------------------------------------------


def _anniversary(leaf: Leaf, calendar: Calendar) -> pl.Expr:
    begin = edge(leaf.fact, calendar, "start").alias("begin")
    return pl.struct(begin, "now").map_batches(partial(_near, leaf.operand, calendar), return_dtype=pl.Boolean)


def _near(duration: Duration, calendar: Calendar, rows: pl.Series) -> pl.Series:
    def holds(row: dict[str, datetime | None]) -> bool:
        first, now = row["begin"], row["now"]
        if first is None or now is None:
            return False
        years = (now.year - 1, now.year + 2)
        return any(start <= now < end for start, end in anniversaries(first, years, duration, calendar))

    return pl.Series([holds(row) for row in rows], dtype=pl.Boolean)


def anniversaries(
    first: datetime, years: tuple[int, int], duration: Duration, calendar: Calendar
) -> Iterator[tuple[datetime, datetime]]:
    """From when to when a yearly return lies within the duration, for years from the first up to before the second.

    The return is the whole local day; the 29th of February returns on the 28th in years that do not have it.
    """
    day = first.astimezone(calendar.zone).date()
    for year in range(max(years[0], day.year + 1), years[1]):
        missing = (day.month, day.day) == (2, 29) and not isleap(year)
        start, end = calendar.day_bounds(day.replace(year=year, day=28) if missing else day.replace(year=year))
        yield _before(start, duration, calendar) or start, end


# --- durations --------------------------------------------------------------------------------------------------------


def duration_leaf(leaf: Leaf, calendar: Calendar, past: Past) -> pl.Expr:
    """Whether a duration is longer (``over``) or shorter (``under``) than its operand; no custom field is a duration."""
    shorter_than_nothing = leaf.operator == "under" and not leaf.operand.amount
    if leaf.fact not in _EXCESS or shorter_than_nothing:
        return pl.lit(value=False)
    excess = pl.when(pl.col(leaf.fact).is_not_null()).then(_EXCESS[leaf.fact](leaf.operand, calendar, past))
    return excess > 0 if leaf.operator == "over" else excess < 0


def _excess(start: pl.Expr, end: pl.Expr, duration: Duration, calendar: Calendar) -> pl.Expr:
    """By how many microseconds a stretch is longer than the duration; of business days, than up to their end."""
    if _in_hours(duration):
        return _open_time(start, end, calendar) - duration.length // _TICK
    return (end - later(start, duration, calendar)).dt.total_microseconds()


def _in_hours(duration: Duration) -> bool:
    return duration.business and duration.unit != "day"


def _open_time(start: pl.Expr, end: pl.Expr, calendar: Calendar) -> pl.Expr:
    both = pl.when(start.is_not_null() & end.is_not_null()).then(pl.struct(start=start, end=end))
    return _mapped(both, partial(_open_in, calendar), pl.Int64)


def _open_in(calendar: Calendar, stretches: pl.Series) -> pl.Series:
    start, end = (stretches.struct.field(name).to_physical().to_numpy() for name in ("start", "end"))
    return pl.Series(open_between(calendar, start, end))


def _first_reply(duration: Duration, calendar: Calendar, _: Past) -> pl.Expr:
    return _excess(pl.col("created"), pl.col("first_reply"), duration, calendar)


def _resolution(duration: Duration, calendar: Calendar, past: Past) -> pl.Expr:
    """What was lost while it was solved does not count; beside business days it is lost on the wall clock."""
    whole = _excess(pl.col("created"), pl.col("solved"), duration, calendar)
    if not _in_hours(duration):
        return whole - pl.col("_lost").dt.total_microseconds()
    solved = past.spans("_solved_from").with_columns(value=_open_time(pl.col("start"), pl.col("end"), calendar))
    return whole - _so_far(solved.with_columns(pl.col("value").cum_sum().over("t"))).fill_null(0)


def _longest(duration: Duration, calendar: Calendar, past: Past) -> pl.Expr:
    """The worst of the waits that an answer ended and of the one that still runs, up to solving."""
    running = _excess(pl.col("unanswered_since"), pl.min_horizontal("now", "solved"), duration, calendar)
    waits = past.spans("_waited_from").with_columns(value=_excess(pl.col("start"), pl.col("end"), duration, calendar))
    ended = _so_far(waits.with_columns(pl.col("value").cum_max().over("t")))
    return pl.max_horizontal(running, ended, -1)


def _so_far(values: pl.DataFrame) -> pl.Expr:
    """For each ticket and instant, the value of the last of its stretches that had ended by then."""
    table = values.select("t", "end", pl.col("value").cast(pl.Int64)).sort("end")

    def look_up(rows: pl.Series) -> pl.Series:
        asked = rows.struct.unnest().with_row_index("_row").sort("now")
        found = asked.join_asof(table, left_on="now", right_on="end", by="t", check_sortedness=False)
        return found.sort("_row")["value"]

    return pl.struct("t", "now").map_batches(look_up, return_dtype=pl.Int64)


_EXCESS: dict[str, Callable[[Duration, Calendar, Past], pl.Expr]] = {
    "first_reply_took": _first_reply,
    "resolution_took": _resolution,
    "longest_wait": _longest,
}
