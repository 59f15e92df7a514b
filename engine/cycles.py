"""When a clock starts and what stops it: the cycles of each target, read off the steps of a history.

A *cycle* is one run of a clock on one ticket. Every target is a key, an instant that stays the same as long as a cycle
lasts: a new value begins the next cycle, a missing one means that nothing is awaited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from ..rules.model import Deadline

_DONE = pl.col("status").is_in(["solved", "closed"]).fill_null(value=False)

_FACTS = {
    "first_reply": ("first_reply",),
    "next_reply": ("first_reply", "unanswered_since"),
    "resolution": ("reopened",),
    "update": ("last_agent_reply", "reopened"),
    "assignment": ("assignee",),
}

_AFTER_FIRST_REPLY = pl.col("unanswered_since") >= pl.col("first_reply")  # at one instant: in the order of events
_LAST_WORD = pl.max_horizontal("last_agent_reply", "reopened", pl.when("_whole").then("created"))

_KEYS: dict[str, pl.Expr] = {
    "first_reply": pl.when(pl.col("_whole") & pl.col("first_reply").is_null()).then("created"),
    "next_reply": pl.when(_AFTER_FIRST_REPLY).then("unanswered_since"),
    "resolution": pl.when("_whole").then("created"),
    "resolution again": pl.when(pl.col("_whole") & ~_DONE).then(pl.max_horizontal("created", "reopened")),
    "update": pl.when(~_DONE).then(_LAST_WORD),
    "assignment": pl.when("_ownerless").then("_since"),
}


def facts_for(deadline: Deadline) -> frozenset[str]:
    """The facts that the cycles of a deadline are read from."""
    starts = (deadline.starts.name,) if deadline.starts else ()
    return frozenset({"status", "created", *_FACTS.get(deadline.target or "", ()), *starts})


def cycles(deadline: Deadline, states: pl.DataFrame) -> pl.DataFrame:
    """The cycles of a deadline: ``t``, ``start``, ``begin``, ``stop`` (null: not stopped yet) and ``end``.

    ``states`` holds ``t``, ``now``, the facts of :func:`facts_for`, and the ticket's ``created`` and ``_whole``. Time
    counts from ``start``, the cycle is there from ``begin`` to ``end``, when the next one begins (null: none does). A
    condition that stops the clock (``until``) is not looked at here.
    """
    found = _runs(_with_owner(states) if deadline.target == "assignment" else states, _key(deadline))
    lasting = deadline.until is not None or _continues(deadline)
    stop = pl.lit(None, pl.Datetime("us", "UTC")) if lasting else pl.col("_over")
    end = pl.col("_over") if deadline.until is not None else pl.col("begin").shift(-1).over("t")
    return found.with_columns(stop=stop, end=end).drop("_over")


def solved_stops(deadline: Deadline) -> bool:
    """Whether a clock stands still while its ticket is solved and goes on when it is reopened."""
    return _continues(deadline)


def _continues(deadline: Deadline) -> bool:
    return deadline.target == "resolution" and not deadline.restart_on_reopen


def _key(deadline: Deadline) -> pl.Expr:
    if deadline.until is not None:
        return pl.col("starts")
    again = " again" if deadline.restart_on_reopen else ""
    return _KEYS[f"{deadline.target}{again}"]


def _with_owner(states: pl.DataFrame) -> pl.DataFrame:
    """Since when nobody owned the ticket; missing where that began before its known history."""
    free = states.with_columns(_ownerless=pl.col("assignee").is_null())
    turned = (pl.col("_ownerless") != pl.col("_ownerless").shift(1).over("t")).fill_null(value=True)
    known = pl.col("_whole") | (pl.col("now") > pl.col("created"))
    return free.with_columns(_since=pl.when(turned & known).then("now").forward_fill().over("t"))


def _runs(states: pl.DataFrame, key: pl.Expr) -> pl.DataFrame:
    """Stretches of a key: ``t``, ``start`` (the key), ``begin``, and ``_over``, when the key turned to something else."""
    rows = states.select("t", "now", start=key)
    turned = (pl.col("t") != pl.col("t").shift(1)) | pl.col("start").ne_missing(pl.col("start").shift(1))
    kept = rows.filter(turned.fill_null(value=True))
    kept = kept.with_columns(_over=pl.col("now").shift(-1).over("t"))
    return kept.filter(pl.col("start").is_not_null()).select(
        "t", "start", "_over", begin=pl.max_horizontal("now", "start")
    )
