"""What a plan is made from, with the questions that rules' actions ask of it: present values, calendars, people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from ..connectors.ticket import FIELD
from ..rules.calendar import calendar_for
from ..rules.durations import Duration
from ..rules.facts import fact_named
from ..rules.model import By
from .people_win import same_text
from .plan_file import instant_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..connectors.ticket import Value
    from ..rules.calendar import Calendar
    from ..rules.model import Rule, RuleSet
    from ..rules.staff import Team
    from .evaluate import Evaluation
    from .roster import Roster
    from .snapshot import Snapshot

T = TypeVar("T")

_PIECES = re.compile(r"(\d+)|(\D+)", re.ASCII)


@dataclass(frozen=True)
class Scene:
    """A rule set, a helpdesk at one instant, and the rules' verdicts on it."""

    ruleset: RuleSet
    snapshot: Snapshot
    evaluation: Evaluation

    @cached_property
    def roster(self) -> Roster:
        """Who can take tickets, and what this plan has given them so far."""
        from .roster import Roster

        return Roster(self)

    @property
    def at(self) -> datetime:
        """The instant of the plan, UTC."""
        return self.snapshot.at

    @cached_property
    def tickets(self) -> dict[str, tuple[str, str]]:
        """Address and version of every ticket."""
        columns = self.snapshot.tickets.select("id", "url", "version").iter_rows()
        return {ticket: (url or "", version) for ticket, url, version in columns}

    def since(self, rule: Rule, ticket: str) -> datetime:
        """When the rule's condition began to hold for the ticket, without a break since."""
        found = self._since.get((rule.id, ticket))
        if found is None:
            found = self._since[rule.id, ticket] = self.evaluation.since(rule, ticket)
        return found

    @cached_property
    def _since(self) -> dict[tuple[str, str], datetime]:
        return {}

    def in_force(self, rule: Rule) -> datetime:
        """Since when the rule is in force here: its first run, or this one."""
        return self.snapshot.first_applied.get(rule.id, self.at)

    def value(self, ticket: str, fact: str) -> Value:
        """What a fact is now, as plans write it."""
        return as_written(self.evaluation.value(ticket, fact))

    def texts(self, ticket: str, fact: str) -> tuple[str, ...]:
        """The entries of a list fact, or the one value of any other; empty where there is none."""
        value = self.value(ticket, fact)
        return (value,) if isinstance(value, str) else value or ()

    def chosen(self, value: T | By[T], ticket: str) -> tuple[T | None, bool]:
        """A value that may depend on a fact, and whether the rule says one at all for this ticket."""
        if not isinstance(value, By):
            return value, True
        case = self.value(ticket, value.fact)
        key = case.casefold() if isinstance(case, str) else ""
        return (value.cases[key], True) if key in value.cases else (value.default, value.default is not None)

    def calendar(self, rule: Rule, ticket: str) -> Calendar:
        """The calendar that the rule runs on for this ticket."""
        return calendar_for(self.ruleset, self.evaluation.calendar_of(rule, ticket))

    def team(self, rule: Rule, ticket: str) -> Team | None:
        """The team a rule assigns to, itself or its cases, else the one that has the ticket's group."""
        recover = rule.actions.recover
        assign = rule.actions.assign or (recover.assign if recover else None)
        if assign and assign.team:
            return self.ruleset.teams.get(assign.team)
        group = self.value(ticket, "group")
        named = (
            team for team in self.ruleset.teams.values() if isinstance(group, str) and same_text(group_of(team), group)
        )
        return next(named, None)

    def team_of(self, handle: str | None) -> Team | None:
        """The team that somebody works in: one that names them, else one whose group they are in."""
        person = self.snapshot.people.get(handle or "")
        groups = {group.casefold() for group in person.groups} if person else set()
        teams = self.ruleset.teams.values()
        named = [team for team in teams if any(member.handle == handle for member in team.people)]
        return next(iter([*named, *(team for team in teams if group_of(team).casefold() in groups)]), None)

    def is_customer(self, handle: str) -> bool:
        """Whether somebody is not one of ours; whom the desk does not know is a customer."""
        person = self.snapshot.people.get(handle)
        return person is None or person.role == "customer"

    def same(self, field: str, one: Value, other: Value) -> bool:
        """Whether two values of a field mean the same on the desk."""
        if not isinstance(one, str) or not isinstance(other, str):
            return one == other
        return same_text(one, other) or _typed(self._type(field), one) == _typed(self._type(field), other) is not None

    def _type(self, field: str) -> str:
        if field in self.snapshot.catalogue.days:
            return "day"
        spec = self.snapshot.catalogue.fields.get(field.removeprefix(FIELD))
        fact = fact_named(field)
        return spec.type if spec and field.startswith(FIELD) else fact.type if fact else "text"


def group_of(team: Team) -> str:
    """The desk's group behind a team; a team that names none is called like its group."""
    return team.group or team.name


def as_written(value: object) -> Value:
    """A typed value as tickets and plans write it: texts, times in UTC, ``yes`` and ``no``, decimal digits."""
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, list | tuple | frozenset):
        return tuple(str(entry) for entry in value) or None
    return f"{value:g}" if isinstance(value, float) else str(value)


def _typed(kind: str, text: str) -> Any:
    """The text as a value of its type, for types in which one value can be written in several ways; else None."""
    try:
        if kind == "number":
            return Decimal(text)
        if kind == "day":
            return datetime.fromisoformat(text).date()
        if kind == "time":
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (InvalidOperation, ValueError):
        return None
    return {"true": "yes", "false": "no"}.get(text.casefold(), text.casefold()) if kind == "yes/no" else None


def moment_of(written: str | Duration, start: datetime, calendar: Calendar) -> str:
    """What ``set`` writes: a text as it is, a duration as the instant so long after the episode began."""
    if not isinstance(written, Duration):
        return written
    later = calendar.add(start, written) if written.business else start + written.length
    return instant_text(later)


def natural(ticket: str) -> Sequence[tuple[int, int, str]]:
    """A key that orders ticket ids as people do: by number where they are numbers."""
    if ticket.isascii() and ticket.isdecimal():
        return [(0, int(ticket), "")]
    return [(0, int(digits), "") if digits else (1, 0, other) for digits, other in _PIECES.findall(ticket)]
