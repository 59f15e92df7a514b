"""Facts that look at other tickets: step functions of a key (a requester, an organization, a ticket id) and an instant.

Each is one small table, built from the stretches of all tickets and looked up by one as-of join. Merged and deleted
tickets are left out from the moment they are gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from .snapshot import INSTANT

if TYPE_CHECKING:
    from collections.abc import Collection

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_OPEN = ~pl.col("status").is_in(["solved", "closed"]).fill_null(value=False)
_WAITS_FOR_US = pl.col("status").is_in(["new", "open"]).fill_null(value=False)


@dataclass(frozen=True, slots=True)
class Across:
    """A fact as a function of the column ``key`` of a frame and its instant ``now``.

    ``table``, sorted by ``key`` and ``at``, holds the ``value`` from that instant on. ``count``: no entry means none.
    """

    fact: str
    key: str
    table: pl.DataFrame
    count: bool = True

    def join(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with the fact as a column; missing where the key is."""
        order = frame.select("_row", "now", "t", key=pl.col(self.key)).sort("now")
        seen = order.join_asof(self.table, left_on="now", right_on="at", by="key", check_sortedness=False)
        value = pl.col("value")
        if "_other" in self.table.columns:
            value = pl.when(pl.col("_by") == pl.col("t")).then(pl.col("_other")).otherwise(value)
        if self.count:
            value = pl.when(pl.col("key").is_not_null()).then(value.fill_null(0)).cast(pl.Float64)
        return frame.join(seen.select("_row", value.alias(self.fact)), on="_row", how="left", maintain_order="left")

    def turns(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The instants (``t``, ``now``) at which the fact may change for the keys that each ticket of the frame had."""
        keys = frame.select("t", key=pl.col(self.key)).unique()
        return keys.join(self.table.select("key", now="at"), on="key").select("t", "now")


def step_functions(steps: pl.DataFrame, tickets: pl.DataFrame, facts: Collection[str]) -> dict[str, Across]:
    """Those of ``facts`` that look at other tickets, by name. ``steps`` and ``tickets`` are those of a ``History``."""
    known = [name for name in tickets.columns if name == "t" or name not in steps.columns]
    rows = steps.lazy().join(tickets.lazy().select(known), on="t", maintain_order="left")
    return {fact: _ACROSS[fact](fact, rows) for fact in sorted(facts) if fact in _ACROSS}


def _open_tickets(fact: str, rows: pl.LazyFrame) -> Across:
    key = fact.partition(".")[0]
    return Across(fact, key, _count(_stretches(rows, key, _OPEN)))


def _opened_lately(fact: str, rows: pl.LazyFrame) -> Across:
    days = 7 if fact.endswith("_7d") else 30
    spans = _stretches(rows, "requester", pl.lit(value=True))
    return Across(fact, "requester", _count(spans, pl.col("created") + timedelta(days=days)))


def _bad_lately(fact: str, rows: pl.LazyFrame) -> Across:
    spans = _stretches(rows, "requester", pl.col("csat") == "bad", "csat_given")
    return Across(fact, "requester", _count(spans, pl.col("csat_given") + timedelta(days=90)))


def _open_children(fact: str, rows: pl.LazyFrame) -> Across:
    return Across(fact, "id", _count(_stretches(rows, "parent", _OPEN)))


def _stretches(rows: pl.LazyFrame, key: str, counts: pl.Expr, *same: str) -> pl.LazyFrame:
    """From when (``at``) to when (``end``) tickets that count had the same key, and the same in the other columns."""
    marked = rows.with_columns(key=pl.when(counts & ~pl.col("_gone")).then(key))
    turned = [pl.col(name).ne_missing(pl.col(name).shift(1)) for name in ("t", "key", *same)]
    kept = marked.filter(pl.any_horizontal(turned))
    end = pl.when(pl.col("t").shift(-1) == pl.col("t")).then(pl.col("at").shift(-1)).otherwise(_NEVER)
    return kept.with_columns(end=end).filter(pl.col("key").is_not_null())


def _count(spans: pl.LazyFrame, until: pl.Expr | None = None) -> pl.DataFrame:
    """How many stretches cover an instant, per key; ``until`` ends them earlier."""
    end = pl.col("end") if until is None else pl.min_horizontal("end", until)
    cut = spans.select("key", "at", end=end).filter(pl.col("end") > pl.col("at"))
    begun = cut.select("key", "at", value=pl.lit(1))
    ended = cut.filter(pl.col("end") < _NEVER).select("key", at="end", value=pl.lit(-1))
    changes = pl.concat([begun, ended]).group_by("key", "at").agg(pl.col("value").sum()).sort("key", "at")
    return changes.with_columns(pl.col("value").cum_sum().over("key")).collect()


def _load(fact: str, rows: pl.LazyFrame) -> Across:
    """How many tickets wait for us per owner, as it is now: for every instant, since it has no history here."""
    spans = _stretches(rows, "assignee", _WAITS_FOR_US).filter(pl.col("end") == _NEVER)
    table = spans.group_by("key").agg(value=pl.len())
    return Across(fact, "assignee", table.with_columns(at=pl.lit(_EVER, INSTANT)).collect())


def _parent_status(fact: str, rows: pl.LazyFrame) -> Across:
    status = rows.select("t", "at", key="id", value=pl.when(~pl.col("_gone")).then("status"))
    turned = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in ("t", "value"))
    table = status.filter(turned).sort("key", "at", maintain_order=True)
    return Across(fact, "parent", table.select("key", "at", "value").collect(), count=False)


def _last_assignee(fact: str, rows: pl.LazyFrame) -> Across:
    """Per requester or organization, who owned the ticket solved last, and the one solved last among the others."""
    key = fact.partition(".")[0]
    solves = ~_OPEN & _OPEN.shift(1).over("t").fill_null(value=True)
    ends = rows.filter(~pl.col("_gone").max().over("t")).with_columns(_solves=solves).group_by("t", "at")
    then = ends.agg(pl.col("_solves").any(), pl.col("status", key, "assignee").last())
    solved = then.filter(pl.col("_solves") & ~_OPEN & pl.col(key).is_not_null() & pl.col("assignee").is_not_null())
    table = solved.select("at", key=key, value="assignee", _by="t").sort("key", "at", "_by")
    other = pl.when(pl.col("_by") != pl.col("_by").shift(1)).then(pl.col("value").shift(1)).forward_fill()
    return Across(fact, key, table.with_columns(_other=other.over("key")).collect(), count=False)


_ACROSS = {
    "requester.open_tickets": _open_tickets,
    "requester.tickets_7d": _opened_lately,
    "requester.tickets_30d": _opened_lately,
    "requester.bad_csat_90d": _bad_lately,
    "requester.last_assignee": _last_assignee,
    "organization.open_tickets": _open_tickets,
    "organization.last_assignee": _last_assignee,
    "assignee.open_tickets": _load,
    "open_children": _open_children,
    "parent.status": _parent_status,
}
