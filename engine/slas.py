"""The desk's own SLA clocks as facts: what it said of each, and what time alone makes of that.

An event of kind ``sla`` holds until the next one of the same clock. While a clock runs, its last quarter (between the event
that set the due time and that time) is ``due_soon``, and after the due time it is ``missed``: desks write no event then.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from .snapshot import INSTANT
from .told import Told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .snapshot import Snapshot

TICK = timedelta(microseconds=1)
_STAMP = "%+"  # ISO 8601 with a zone


def sla_in(fact: str) -> str | None:
    """The name of the desk's clock that a fact is about."""
    return fact.removeprefix("sla.").removesuffix(".due") if fact.startswith("sla.") else None


def slas(snapshot: Snapshot, tickets: pl.DataFrame, facts: Iterable[str]) -> dict[str, Told]:
    """``sla.<name>`` and ``sla.<name>.due`` for every such name among the facts, by fact.

    ``tickets`` has ``t``, ``id`` and ``created``. Names are compared without case. Events after the snapshot's instant are
    not looked at; rows after it tell what becomes of the clock if the desk says nothing more.
    """
    names = sorted({name for name in map(sla_in, facts) if name is not None})
    tables = [Told(_table(snapshot, tickets, name)) for name in names]
    return {fact: told for told in tables for fact in told.facts}


def _table(snapshot: Snapshot, tickets: pl.DataFrame, name: str) -> pl.DataFrame:
    """Who stands how from when on: what was said, and the turns that follow from it until something else is said."""
    said = _said(snapshot, tickets, name)
    said = said.with_columns(miss=_miss(snapshot), soon=_soon())
    rows = pl.concat([said, _turned(said, "soon"), _turned(said, "miss")])
    at, fact = pl.col("at"), f"sla.{name}"
    state = pl.when(at >= pl.col("miss")).then(pl.lit("missed")).when(at >= pl.col("soon")).then(pl.lit("due_soon"))
    return rows.sort("t", "at").select(
        "t", "at", state.otherwise("state").alias(fact), pl.col("due").alias(f"{fact}.due")
    )


def _said(snapshot: Snapshot, tickets: pl.DataFrame, name: str) -> pl.DataFrame:
    """What the desk said: ``state`` and ``due`` from ``at`` on and up to ``to``; ``since``: when this due time was set."""
    events = snapshot.events.lazy().filter(
        (pl.col("kind") == "sla") & (pl.col("field").str.to_lowercase() == name.lower()) & (pl.col("at") <= snapshot.at)
    )
    due = pl.col("old").str.to_datetime(_STAMP, time_unit="us", time_zone="UTC", strict=False)
    rows = (
        events.join(tickets.lazy().select("t", "created", ticket="id"), on="ticket")
        .with_columns(
            at=pl.max_horizontal("at", "created"), state="new", due=pl.when(pl.col("new").is_not_null()).then(due)
        )
        .sort("t", "at", "seq", maintain_order=True)
    )
    same = [pl.col(column).eq_missing(pl.col(column).shift(1)) for column in ("t", "due")]
    another = ~pl.all_horizontal(same) | (pl.int_range(pl.len()) == 0)
    rows = rows.with_columns(since=pl.when(another).then("at").forward_fill())
    rows = rows.unique(["t", "at"], keep="last", maintain_order=True)
    return rows.select("t", "at", "state", "due", "since", to=pl.col("at").shift(-1).over("t")).collect()


_RUNS = pl.col("state").is_in(["running", "due_soon"]) & pl.col("due").is_not_null()


def _miss(snapshot: Snapshot) -> pl.Expr:
    """From when on a running clock is missed: not before the desk's data reach beyond the due time."""
    due = pl.col("due")
    unsure = (due >= snapshot.known_to) & (due < snapshot.at)
    return pl.when(_RUNS).then(pl.when(unsure).then(pl.lit(snapshot.at + TICK, INSTANT)).otherwise(due + TICK))


def _soon() -> pl.Expr:
    """From when on a clock that the desk says is running is nearly due."""
    quarter = (pl.col("due") - pl.col("since")).dt.total_microseconds() // 4
    begins = pl.col("due") - pl.duration(microseconds=quarter)
    return pl.when(_RUNS & (pl.col("state") == "running")).then(begins)


def _turned(said: pl.DataFrame, to: str) -> pl.DataFrame:
    """The rows at which a clock turns by itself before the desk says something else."""
    turn = pl.col(to)
    before_next = (turn < pl.col("to")).fill_null(value=True)
    return said.filter((turn > pl.col("at")) & (turn <= pl.col("miss")) & before_next).with_columns(at=turn)
