"""The instants at which a comparison turns by itself: because time goes by, not because anybody did anything."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from ..rules.durations import Duration
from ..rules.opening import from_micros, micros
from .snapshot import INSTANT
from .times import TIMES, anniversaries, bounds, earlier, edge, later

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..rules.calendar import Calendar
    from ..rules.model import Leaf

    Window = tuple[datetime, datetime]

_TICK = timedelta(microseconds=1)


def turns_alone(leaf: Leaf) -> bool:
    """Whether time alone can turn the leaf."""
    return leaf.operator in TIMES or (leaf.fact == "longest_wait" and leaf.operator in ("over", "under"))


def turns(
    leaf: Leaf, calendar: Calendar, named: Callable[[str], Calendar], frame: pl.DataFrame, window: Window
) -> pl.DataFrame:
    """When the leaf may turn given the facts of each row of a frame: ``t`` and ``now``, in the window without its begin.

    At some of these instants nothing happens, but no turn is left out.
    """
    if leaf.fact == "now":
        instants = pl.Series("now", sorted(_of_now(leaf, calendar, named, window)), INSTANT)
        found = frame.select("t").unique().join(instants.to_frame(), how="cross")
    elif leaf.operator == "anniversary_in":
        found = _returns(leaf, calendar, frame, window)
    else:
        found = pl.concat([frame.select("t", now=column) for column in _columns(leaf, calendar)]).unique()
    return found.filter((pl.col("now") > window[0]) & (pl.col("now") <= window[1]))


def _columns(leaf: Leaf, calendar: Calendar) -> list[pl.Expr]:
    """The turns as functions of the fact's own value; none for what only an event can change."""
    if leaf.operator in ("older_than", "newer_than"):
        return [later(edge(leaf.fact, calendar, "end"), leaf.operand, calendar)]
    if leaf.operator == "in_next":
        begin = edge(leaf.fact, calendar, "start")
        return [earlier(begin, leaf.operand, calendar), edge(leaf.fact, calendar, "end")]
    if leaf.fact == "longest_wait":
        return _passed(pl.col("unanswered_since"), leaf.operand, calendar)
    return [pl.lit(None, INSTANT)]


def _passed(start: pl.Expr, duration: Duration, calendar: Calendar) -> list[pl.Expr]:
    """When a running stretch reaches a length, and the first instant at which it is longer."""
    reached = later(start, duration, calendar)
    if duration.business and duration.unit != "day":
        more = Duration(Fraction(duration.length // _TICK + 1, 60_000_000), "minute", business=True)
        return [reached, later(start, more, calendar)]
    return [reached, reached + _TICK]


def _of_now(leaf: Leaf, calendar: Calendar, named: Callable[[str], Calendar], window: Window) -> set[datetime]:
    if leaf.operator in ("before", "after"):
        edges = bounds(leaf.operand, calendar)
        return {*edges, edges[1] + _TICK}
    if leaf.operator not in ("during", "outside"):
        return set()
    first, last = micros(window[0]), micros(window[1])
    open_time = named(leaf.operand).covering(first, last).open_time
    return {from_micros(turn) for turn in (*open_time.starts, *open_time.ends) if first < turn <= last}


def _returns(leaf: Leaf, calendar: Calendar, frame: pl.DataFrame, window: Window) -> pl.DataFrame:
    years = (window[0].year - 1, window[1].year + 2)
    values = frame.select("t", value=edge(leaf.fact, calendar, "start")).unique().drop_nulls()
    rows = [
        (ticket, turn)
        for ticket, value in values.iter_rows()
        for pair in anniversaries(value, years, leaf.operand, calendar)
        for turn in pair
    ]
    return pl.DataFrame(rows, schema={"t": pl.Int32, "now": INSTANT}, orient="row")
