"""What comes if nobody acts: when to look at a ticket again, and which rules begin or cease to act on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import polars as pl

from .snapshot import INSTANT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..rules.calendar import Calendar
    from ..rules.model import Repeat, Rule
    from .evaluate import Evaluation

_HORIZON = timedelta(days=400)
_MANY = 200  # instants of one ticket that are looked at, the nearest first


@dataclass(frozen=True, slots=True)
class Turn:
    """What becomes of a rule on a ticket if nobody acts.

    Its condition ``begins`` or ``ceases`` to hold, or has held for its ``for`` and it ``acts``.
    """

    rule: Rule
    at: datetime
    change: Literal["begins", "ceases", "acts"]


def instants_ahead(evaluation: Evaluation, frame: pl.DataFrame) -> pl.DataFrame:
    """When anything may turn for the tickets of a present frame within the next 400 days: ``t``, ``now``."""
    window = (evaluation.at, evaluation.at + _HORIZON)
    turns = evaluation.judge.turns(evaluation.rules, frame, window)
    others = evaluation.history.turns(frame)
    found = pl.concat([frame.select("t", "now").clear(), *turns, *others]).unique()
    return found.filter((pl.col("now") > window[0]) & (pl.col("now") <= window[1])).sort("t", "now")


def effects_ahead(evaluation: Evaluation, frame: pl.DataFrame) -> pl.DataFrame:
    """When a ``for`` is fulfilled or a ``repeat`` comes round for tickets on which rules hold now: ``t``, ``now``."""
    rows = [
        (t, instant)
        for rule in evaluation.rules
        if rule.for_ or rule.repeat
        for t, ticket in frame.select("t", "id").iter_rows()
        if evaluation.holds(rule, ticket)
        for instant in _effects(evaluation, rule, ticket)
    ]
    return pl.DataFrame(rows, schema={"t": pl.Int32, "now": INSTANT}, orient="row")


def _effects(evaluation: Evaluation, rule: Rule, ticket: str) -> Iterator[datetime]:
    begin = evaluation.due(rule, ticket)
    if begin > evaluation.at:
        yield begin
    elif rule.repeat:
        calendar = evaluation.judge.calendar(evaluation.calendar_of(rule, ticket))
        yield from _next_round(rule.repeat, begin, calendar, evaluation.at)


def _next_round(repeat: Repeat, begin: datetime, calendar: Calendar, at: datetime) -> Iterator[datetime]:
    rounds, instant = 0, begin
    while instant <= at:
        following = calendar.add(instant, repeat.every)
        if following <= instant or rounds == repeat.at_most:
            return
        rounds, instant = rounds + 1, following
    yield instant


def turns_ahead(evaluation: Evaluation, frame: pl.DataFrame) -> list[Turn]:
    """The next turn of each rule on the one ticket of a present frame, soonest first."""
    instants = instants_ahead(evaluation, frame).head(_MANY)
    future = evaluation.judge.over(evaluation.given.over(evaluation.history.at(instants)))
    ticket = frame["id"][0]
    turns = (turn for rule in evaluation.rules for turn in _turns_of(evaluation, rule, ticket, future))
    return sorted(turns, key=lambda turn: turn.at)


def _turns_of(evaluation: Evaluation, rule: Rule, ticket: str, future: pl.DataFrame) -> Iterator[Turn]:
    holds = evaluation.holds(rule, ticket)
    changed = future.filter(pl.col(rule.id) != holds)["now"].head(1).to_list()
    due = evaluation.due(rule, ticket) if holds and rule.for_ else evaluation.at
    if due > evaluation.at and not (changed and changed[0] <= due):
        yield Turn(rule, due, "acts")
    for instant in changed:
        yield Turn(rule, instant.astimezone(UTC), "ceases" if holds else "begins")
