"""What the conditions of a clock's rule said at every instant at which anything may have turned."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import polars as pl

from ..rules.facts import fact_named
from ..rules.model import By, FactRef
from .columns import SEPARATOR
from .cycles import facts_for
from .demand import compared, facts_read_by
from .judge import Judge
from .leaves import is_one_of, prepared
from .replay import Replay
from .snapshot import INSTANT
from .times import edge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from ..rules.calendar import Calendar
    from ..rules.durations import Duration
    from ..rules.model import Condition, Deadline, Rule, RuleSet
    from .history import History
    from .replay import Given

FLAGS = ("open", "paused", "cancelled", "reached")


class Course:
    """A clock's rule over the whole past of every ticket of a history, which tells the clocks that the rule reads."""

    def __init__(self, ruleset: RuleSet, rule: Rule, deadline: Deadline, history: History, given: Given) -> None:
        self.rule, self.deadline, self.history, self.given = rule, deadline, history, given
        said = zip(FLAGS, (rule.when, deadline.pause_while, deadline.cancel_when, deadline.until), strict=True)
        self.conditions = tuple(_as_rule(rule, *each) for each in said if each[0] == "open" or each[1])
        self.judge = Judge(ruleset, self.conditions, history)
        self.calendars = self.judge.calendars(rule)

    def frame(self) -> pl.DataFrame:
        """Per ticket ``t`` and instant ``now``: the facts that the cycles are read from, and what the rule said.

        ``open``, ``paused``, ``cancelled``, ``reached`` (``until``) are its conditions. ``length`` and ``calendar`` number
        what ``within`` and ``calendar`` choose, ``moment`` is what ``at`` names, ``starts`` what ``starts`` names.
        """
        births = self.history.tickets.select("t", now="created")
        facts = facts_for(self.deadline).union(facts_read_by(self.rule), *(compared(rule) for rule in self.conditions))
        frame = prepared(Replay(self.history, self.judge, self.given).course(self.conditions, births, facts))
        opening = self.judge.over(frame, self.conditions[:1]).select("open")
        others = self.judge.over(frame, self.conditions[1:], closed_too=True)
        others = others.select(rule.id for rule in self.conditions[1:])
        within = self.deadline.within
        frame = frame.with_columns(*opening.get_columns(), *others.get_columns()).with_columns(
            *(pl.lit(value=False).alias(flag) for flag in FLAGS if flag not in {rule.id for rule in self.conditions}),
            length=pl.lit(None, pl.Int32) if within is None else _chosen(within, frame),
            calendar=self._by_calendar(frame, [pl.lit(number, pl.Int32) for number in range(len(self.calendars))]),
            moment=self._instant(self.deadline.at, frame, _moment),
            starts=self._instant(self.deadline.starts or FactRef("created"), frame, _start),
        )
        return frame.sort("t", "now")

    def _instant(
        self, fact: FactRef | None, frame: pl.DataFrame, meaning: Callable[[str, Calendar], pl.Expr]
    ) -> pl.Expr:
        """A time fact as an instant; what a bare date means depends on the calendar."""
        if fact is None:
            return pl.lit(None, INSTANT)
        named = (self.judge.calendar(name) for _, name in self.calendars)
        return self._by_calendar(frame, [meaning(fact.name, calendar) for calendar in named])

    def _by_calendar(self, frame: pl.DataFrame, values: Sequence[pl.Expr]) -> pl.Expr:
        """The value for the calendar that the rule runs on there."""
        found, by = values[0], self.rule.calendar
        if isinstance(by, By):
            for (case, _), value in zip(self.calendars[1:], values[1:], strict=True):
                found = pl.when(is_one_of(by.fact, (case or "",), frame)).then(value).otherwise(found)
        return found


def _start(fact: str, calendar: Calendar) -> pl.Expr:
    return edge(fact, calendar, "start")


def _moment(fact: str, calendar: Calendar) -> pl.Expr:
    """The instant that ``at`` names; of a custom field that holds a bare date, the end of work on that day."""
    found = fact_named(fact)
    if found is None or found.type != "any":
        return edge(fact, calendar, "start")
    closing = pl.col(fact).map_batches(partial(_closings, calendar=calendar), return_dtype=INSTANT)
    return pl.coalesce(closing, edge(fact, calendar, "start"))


def lengths(deadline: Deadline) -> tuple[Duration, ...]:
    """What ``within`` may choose, in the order of the numbers in ``length``."""
    within = deadline.within
    if isinstance(within, By):
        return (*within.cases.values(), *([within.default] if within.default is not None else []))
    return () if within is None else (within,)


def _as_rule(rule: Rule, flag: str, condition: Condition | None) -> Rule:
    """A condition as a rule of its own, on the rule's calendar."""
    return replace(rule, id=flag, when=condition, for_=None)


def _chosen(value: object, frame: pl.DataFrame) -> pl.Expr:
    """The number of the case that a fact chooses."""
    if not isinstance(value, By):
        return pl.lit(0, pl.Int32)
    found = pl.lit(None if value.default is None else len(value.cases), pl.Int32)
    for number, case in enumerate(value.cases):
        found = pl.when(is_one_of(value.fact, (case,), frame)).then(pl.lit(number, pl.Int32)).otherwise(found)
    return found


def _closings(texts: pl.Series, calendar: Calendar) -> pl.Series:
    known = {text: _closing(text, calendar) for text in texts.unique() if text}
    return pl.Series(texts.name, [known.get(text) for text in texts], dtype=INSTANT)


@lru_cache(maxsize=65536)
def _closing(text: str, calendar: Calendar) -> datetime | None:
    """The end of work on the day that a custom field's text names, of a day off its last moment; None: it names none."""
    try:
        day = date.fromisoformat(text.strip(SEPARATOR).strip())
    except ValueError:
        return None
    return calendar.closing_of(day) or calendar.day_bounds(day)[1]
