"""Rules over a frame of facts: a boolean column for every distinct leaf and one for every rule, in one lazy query."""

from __future__ import annotations

from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from ..rules.calendar import Calendar, calendar_for
from ..rules.durations import Duration
from ..rules.model import By, Group, Leaf, leaves
from .leaves import fact_type, is_one_of, names_closed, prepared, truth, verdict
from .times import TIMES
from .turns import turns, turns_alone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..rules.model import Rule, RuleSet
    from .times import Past

_EVERYTHING = Group("all", ())


class Judge:
    """The rules of a rule set as columns. ``past`` supplies ended stretches, see :mod:`.times`.

    Equal leaves that mean the same in their rules' calendars share a column; :meth:`column` names it.
    """

    def __init__(self, ruleset: RuleSet, rules: Sequence[Rule], past: Past) -> None:
        self.ruleset = ruleset
        self.rules = tuple(rules)
        self.past = past

    @cached_property
    def _names(self) -> dict[tuple[Leaf, str], str]:
        keys = (key for rule in self.rules for key in self._keys(rule))
        return {key: f"leaf {number}" for number, key in enumerate(dict.fromkeys(keys))}

    def column(self, leaf: Leaf, calendar: str) -> str:
        """The column of a leaf that is read in the calendar of this name."""
        return self._names[_key(leaf, calendar)]

    def calendar(self, name: str) -> Calendar:
        """The calendar of this name; the same one every time."""
        return calendar_for(self.ruleset, name)

    def usual_calendar(self, rule: Rule) -> str:
        """The name of the rule's calendar where no choice fact says otherwise."""
        said = rule.calendar.default if isinstance(rule.calendar, By) else rule.calendar
        team = self.ruleset.teams.get(rule.actions.assign.team or "") if rule.actions.assign else None
        return said or (team.calendar if team else None) or self.ruleset.default_calendar

    def calendars(self, rule: Rule) -> tuple[tuple[str | None, str], ...]:
        """The calendars a rule may run on: (value of its ``by`` fact, name), the usual one first and without a value."""
        cases = rule.calendar.cases if isinstance(rule.calendar, By) else {}
        return ((None, self.usual_calendar(rule)), *cases.items())

    def over(
        self, frame: pl.DataFrame, rules: Sequence[Rule] | None = None, *, closed_too: bool = False
    ) -> pl.DataFrame:
        """``t``, ``now``, every leaf and every rule (by its id) over a frame of :meth:`.history.History.at`.

        A rule that does not name closed tickets never holds for one, unless ``closed_too``.
        """
        asked = self.rules if rules is None else rules
        ready = frame if "status|key" in frame.columns else prepared(frame)
        names = {self._names[key]: key for rule in asked for key in self._keys(rule)}
        columns = {
            name: verdict(leaf, ready, self.calendar, calendar, self.past) for name, (leaf, calendar) in names.items()
        }
        judged = {rule.id: self._rule(rule, ready, closed_too=closed_too) for rule in asked}
        return ready.lazy().with_columns(**columns).select("t", "now", *columns, **judged).collect()

    def turns(
        self, rules: Sequence[Rule], frame: pl.DataFrame, window: tuple[datetime, datetime]
    ) -> list[pl.DataFrame]:
        """The instants (``t``, ``now``) at which a comparison of the rules may turn by itself, see :mod:`.turns`."""
        asked = dict.fromkeys(key for rule in rules for key in self._keys(rule))
        return [
            turns(leaf, self.calendar(name), self.calendar, frame, window) for leaf, name in asked if turns_alone(leaf)
        ]

    def _keys(self, rule: Rule) -> list[tuple[Leaf, str]]:
        return [_key(leaf, name) for _, name in self.calendars(rule) for leaf in leaves(rule.when)]

    def _rule(self, rule: Rule, frame: pl.DataFrame, *, closed_too: bool) -> pl.Expr:
        """Where a rule holds: its condition in the calendar that counts there, on tickets it may act on."""
        (_, usual), *cases = self.calendars(rule)
        found = self._holds(rule, usual)
        for value, name in cases:
            chosen = is_one_of(rule.calendar.fact, (value or "",), frame) if isinstance(rule.calendar, By) else False
            found = pl.when(chosen).then(self._holds(rule, name)).otherwise(found)
        return found if closed_too or names_closed(rule.when) else found & pl.col("status").ne_missing(pl.lit("closed"))

    def _holds(self, rule: Rule, calendar: str) -> pl.Expr:
        return truth(rule.when or _EVERYTHING, lambda leaf: pl.col(self.column(leaf, calendar)))


def _key(leaf: Leaf, calendar: str) -> tuple[Leaf, str]:
    """A leaf with its calendar, where that makes a difference to it."""
    return leaf, calendar if _runs_on_calendar(leaf) else "always"


def _runs_on_calendar(leaf: Leaf) -> bool:
    if isinstance(leaf.operand, Duration) and leaf.operand.business:
        return True
    whole_day = isinstance(leaf.operand, date) and not isinstance(leaf.operand, datetime)
    custom_date = leaf.operator in TIMES and fact_type(leaf.fact) == "any"
    return whole_day or custom_date or leaf.operator == "anniversary_in"
