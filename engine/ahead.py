"""What comes if nobody acts: when to look at a ticket again, and which rules begin or cease to act on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import polars as pl

from .recovery_case import ENDED
from .snapshot import INSTANT
from .steps import planned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..rules.calendar import Calendar
    from ..rules.model import Repeat, Rule
    from .evaluate import Evaluation
    from .steps import Planned

TICK = timedelta(microseconds=1)
_HORIZON = timedelta(days=400)
_INSTANTS: dict[str, pl.DataType | type[pl.DataType]] = {"t": pl.Int32, "now": INSTANT}
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
    turns = evaluation.judge.turns(evaluation.rules, frame, (evaluation.at, evaluation.at + _HORIZON))
    others = evaluation.history.turns(frame)
    found = pl.concat([frame.select("t", "now").clear(), *turns, *others]).unique()
    return _later(found, evaluation.at).sort("t", "now")


def effects_ahead(evaluation: Evaluation, frame: pl.DataFrame) -> pl.DataFrame:
    """When a ``for`` is fulfilled, a ``repeat`` comes round, a clock turns or a step of it comes: ``t``, ``now``."""
    rows = [
        (t, instant)
        for rule in evaluation.rules
        if rule.for_ or rule.repeat
        for t, ticket in frame.select("t", "id").iter_rows()
        if evaluation.holds(rule, ticket)
        for instant in _effects(evaluation, rule, ticket)
    ]
    return pl.concat([pl.DataFrame(rows, schema=_INSTANTS, orient="row"), *_clocks_ahead(evaluation, frame)])


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


def _clocks_ahead(evaluation: Evaluation, frame: pl.DataFrame) -> list[pl.DataFrame]:
    """When the clocks and promises that rules run on these tickets turn, and when their steps come."""
    names = {f"deadline.{rule.actions.deadline.name}" for rule in evaluation.rules if rule.actions.deadline}
    names |= {"promise" for rule in evaluation.rules if rule.actions.promise}
    names |= {"recovery" for rule in evaluation.rules if rule.actions.recover}
    turns = evaluation.clocks.history_with(frozenset(names)).turns(frame, names)
    numbers = dict(frame.select("id", "t").iter_rows())
    dues = [(numbers[ticket], at) for ticket, at in _cases_ahead(evaluation) if ticket in numbers]
    rows = [
        (numbers[ticket], step.at)
        for rule in evaluation.rules
        for ticket in evaluation.clocked(rule)
        if ticket in numbers
        for step in _steps(evaluation, rule, ticket)
    ]
    return [
        _later(found, evaluation.at) for found in (pl.DataFrame(rows + dues, schema=_INSTANTS, orient="row"), *turns)
    ]


def _cases_ahead(evaluation: Evaluation) -> Iterator[tuple[str, datetime]]:
    """When the clocks of running cases are due and their steps come, on their home tickets."""
    if not any(rule.actions.recover for rule in evaluation.rules):
        return
    for case in (case for case in evaluation.recovery.cases if case.state not in ENDED):
        calendar = evaluation.recovery.calendar(case.rule, case.ticket)
        for clock in (clock for clock in case.clocks if clock.met is None):
            yield case.ticket, clock.due + TICK
            yield from ((case.ticket, step.at) for step in planned(case.recover, case.begun, clock.due, calendar))


def _later(found: pl.DataFrame, at: datetime) -> pl.DataFrame:
    return found.filter((pl.col("now") > at) & (pl.col("now") <= at + _HORIZON))


def _steps(evaluation: Evaluation, rule: Rule, ticket: str) -> Iterator[Planned]:
    """The steps of what still runs; what stands still has none before it goes on."""
    if rule.actions.deadline and evaluation.runs(rule, ticket):
        for cycle in evaluation.cycles(rule, ticket):
            if cycle.stopped is None and cycle.state != "paused":
                calendar = evaluation.judge.calendar(cycle.calendar)
                yield from planned(rule.actions.deadline, cycle.opened, cycle.due, calendar)
    if rule.actions.promise and evaluation.watches(rule, ticket):
        calendar = evaluation.judge.calendar(evaluation.calendar_of(rule, ticket))
        for promise in evaluation.word.of(ticket):
            if promise.due and promise.settled is None:
                yield from planned(rule.actions.promise, promise.since, promise.due, calendar)


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
