"""What becomes of promises, one at a time and instant by instant: slow, plain, written from the pages about promises alone.

The fate of a promise is found by walking over everything that happened after it. Nothing here is shared with the engine
but the types of a reading and the calendars.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from makegood.rules.promises import GRADES, Found, Reading

if TYPE_CHECKING:
    from oracle_facts import World

    from makegood.rules.calendar import Calendar

TAGS = ("no promise", "no-promise", "no_promise")
Row = dict[str, Any]


@dataclass(frozen=True)
class Given:
    """A promise: the event that holds it, its number there, and what it says."""

    event: Row
    number: int
    says: Found


@dataclass(frozen=True)
class Stay:
    """A promise on one ticket, from an instant on, and how that ended."""

    given: Given
    ticket: str
    since: datetime
    ended: datetime | None = None
    how: str | None = None
    by: str | None = None


@dataclass(frozen=True)
class Desk:
    """The events up to an instant, and how texts are read."""

    world: World
    grammar: Any
    calendar: Calendar
    field: str
    from_grade: str
    at: datetime

    @property
    def events(self) -> list[Row]:
        seen = [row for row in self.world.events if row["at"] <= self.at]
        return sorted(seen, key=lambda row: (row["at"], row["seq"], row["ticket"]))

    # --- what an event says -------------------------------------------------------------------------------------------

    def reading(self, row: Row) -> Reading:
        return Reading(at=row["at"], calendar=self.calendar)

    def is_reply(self, row: Row) -> bool:
        return self.is_by_agent(row) and row["kind"] == "message" and row["public"] and not row["auto"]

    def is_note(self, row: Row) -> bool:
        return self.is_by_agent(row) and row["kind"] == "message" and not row["public"] and not row["auto"]

    @staticmethod
    def is_by_agent(row: Row) -> bool:
        return bool(row["actor_kind"] == "agent")

    def is_date(self, row: Row) -> bool:
        here = row["kind"] == "field" and row["field"] == self.field and row["old"] != row["new"]
        return here and row["actor_kind"] not in ("automation", "robot")

    def corrections(self, row: Row) -> list[Any]:
        return list(self.grammar.corrections_in(row["text"], self.reading(row))) if self.is_note(row) else []

    def takes_back(self, row: Row) -> bool:
        if self.is_by_agent(row) and row["kind"] == "field" and row["field"] == "tags":
            old, new = (json.loads(row[side] or "[]") for side in ("old", "new"))
            return any(tag.lower() in TAGS and tag.lower() not in [each.lower() for each in old] for tag in new)
        cleared = self.is_date(row) and not row["new"]
        return cleared or any(correction.to is None for correction in self.corrections(row))

    def renews(self, row: Row) -> bool:
        """Whether it brings a promise that counts, other than by moving one."""
        return any(self.counts(says) for says in self._plainly(row))

    def said(self, row: Row) -> list[Found]:
        """Every promise of an event, those of corrections first."""
        return [each.to for each in self.corrections(row) if each.to] + self._plainly(row)

    def _plainly(self, row: Row) -> list[Found]:
        if self.is_reply(row):
            return list(self.grammar.promises_in(row["text"], self.reading(row)))
        if self.is_note(row):
            return list(self.grammar.marked_in(row["text"], self.reading(row)))
        if self.is_date(row) and row["new"]:
            says = self.grammar.time_of(row["new"], self.reading(row))
            return [says] if says else []
        return []

    def counts(self, says: Found) -> bool:
        return says.due is not None and GRADES.index(says.grade) <= GRADES.index(self.from_grade)

    # --- where tickets went -------------------------------------------------------------------------------------------

    def end(self, ticket: str, before: int) -> Row | None:
        """The event that ended a ticket, among so many of the first events."""
        ends = (row for row in self.events[:before] if row["ticket"] == ticket and row["kind"] in ("merged", "deleted"))
        return next(ends, None)

    def home(self, ticket: str, before: int) -> str | None:
        for _ in range(20):
            end = self.end(ticket, before)
            if end is None:
                return ticket
            if end["kind"] == "deleted":
                return None
            ticket = end["new"]
        return None

    # --- promises -----------------------------------------------------------------------------------------------------

    def given(self) -> list[Given]:
        """Every promise that was made, in the order of making."""
        events = list(enumerate(self.events))
        made = [row for place, row in events if self.end(row["ticket"], place) is None]
        return [Given(row, number, says) for row in made for number, says in enumerate(self.said(row), 1)]

    def stays(self, given: Given) -> list[Stay]:
        """What became of one promise that counts, ticket by ticket."""
        events = self.events
        begin = events.index(given.event)
        here, stays = Stay(given, given.event["ticket"], given.event["at"]), []
        for place in range(begin + 1, len(events)):
            row = events[place]
            how = self.fate(here, row) if row["ticket"] == here.ticket else None
            if how is None:
                continue
            moves_to = self.home(row["ticket"], place + 1) if row["kind"] == "merged" else None
            how = "cancelled" if row["kind"] == "merged" and moves_to is None else how
            stays.append(Stay(given, here.ticket, here.since, row["at"], how, row["id"]))
            if moves_to is None:
                return stays
            here = Stay(given, moves_to, row["at"])
        return [*stays, here]

    def fate(self, here: Stay, row: Row) -> str | None:
        """What a later event on its ticket makes of an open promise."""
        late = row["at"] > here.given.says.due
        if row["kind"] in ("merged", "deleted"):
            return "moved" if row["kind"] == "merged" else "cancelled"
        first = next(iter(self.corrections(row)), None)
        if self.takes_back(row) and (first is None or first.to is None):
            return "cancelled"
        if self.renews(row) or first is not None:
            return "broken" if late else "moved"
        if self.is_reply(row):
            return "broken" if late else "kept"
        return None

    def on(self, ticket: str) -> list[Stay]:
        """The promises of a ticket that count, in the order of making."""
        counted = (given for given in self.given() if self.counts(given.says))
        return [stay for given in counted for stay in self.stays(given) if stay.ticket == ticket]

    def state(self, stay: Stay, known_to: datetime, soon: Any) -> str:
        due = stay.given.says.due
        if stay.how:
            return stay.how
        if self.at > due and known_to > due:
            return "broken"
        return "due_soon" if self.at >= soon(stay.given.event["at"], due) else "open"

    def fact(self, ticket: str, known_to: datetime, soon: Any) -> tuple[str | None, datetime | None]:
        """``promise`` and ``promise.due`` of a ticket."""
        stays = self.on(ticket)
        unsettled = [(self.state(stay, known_to, soon), stay.given.says.due) for stay in stays if not stay.how]
        for state in ("broken", "due_soon", "open"):
            dues = [due for each, due in unsettled if each == state]
            if dues:
                return state, min(dues)
        if not stays:
            return None, None
        last = max(stays, key=lambda stay: (stay.ended, stay.given.event["at"], stay.given.says.due))
        return last.how, last.given.says.due


def last_quarter(made: datetime, due: datetime) -> datetime:
    """Without reminders: when three quarters of the time are over."""
    return max(made, made + (due - made) - (due - made) // 4)


def reminder(before: timedelta, calendar: Calendar) -> Any:
    """With one: so long before, on the wall clock, at a moment at which somebody works."""

    def soon(made: datetime, due: datetime) -> datetime:
        wanted = due - before
        moment = wanted if calendar.is_open(wanted) else calendar.previous_open(wanted)
        if moment >= made:
            return moment
        start = max(wanted, made)
        while not calendar.is_open(start) and start < due:
            start += timedelta(minutes=1)
        return start if start < due else made

    return soon
