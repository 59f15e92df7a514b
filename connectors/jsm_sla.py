"""Jira's own SLA clocks, read from the SLA fields of an issue.

A field holds the cycles of one clock: those that ended and the one that goes on, if one does. Its own working hours and pauses are
counted in already, so the time it breaches is taken as told, and never reckoned again. Only numbers are read: what Jira calls
friendly depends on the language. Nothing says when a clock was paused or went on again: that is so from the first time it is seen.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from .jsm_fields import instant, instant_text
from .ticket import Event

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from .ticket import Ticket

Row = dict[str, Any]

GOING = ("running", "paused")
"""States in which a clock goes on."""
_CLOCK = 2**61
"""After everything else of the same millisecond."""
_SLOTS = 16


class Sight(NamedTuple):
    """A cycle as an issue shows it: how it began, and how it stands or ended.

    A cycle's beginning is told when it is seen for the first time; how it stands, where that is no beginning or something else than
    before.
    """

    began: Event
    stands: Event
    new: bool

    def events(self, known: Collection[str]) -> Iterator[Event]:
        """What is not told yet, ``known`` being the events that are."""
        if self.began.id not in known:
            yield self.began
        if self.stands.id not in known:
            yield self.stands if self.new or self.began.id in known else replace(self.stands, at=self.began.at)


def sights(ticket: Ticket, field: str, name: str, value: Any, slot: int) -> Iterator[Sight]:
    """What an SLA field of an issue says; ``slot`` is its place among the issue's clocks."""
    said: Row = value if isinstance(value, dict) else {}
    going = said.get("ongoingCycle")
    cycles = [*(said.get("completedCycles") or ()), *([going] if isinstance(going, dict) else ())]
    for cycle in cycles:
        began = _at(cycle, "startTime")
        if began is not None:
            yield _sight(ticket, f"i{ticket.id}.{field}.{int(began.timestamp())}", name, cycle, _CLOCK + slot * _SLOTS)


def ended(ticket: Ticket, field: str, name: str, value: Any, slot: int) -> Event | None:
    """That a clock does not go on, where an SLA field says nothing of one; to be told only of clocks that went."""
    said: Row = value if isinstance(value, dict) else {}
    if said.get("ongoingCycle") or said.get("completedCycles"):
        return None
    number = f"i{ticket.id}.{field}.off.{int(ticket.updated.timestamp())}"
    return replace(_event(number, ticket, ticket.updated, _CLOCK + slot * _SLOTS + 2, name, None, ""), new=None)


def _sight(ticket: Ticket, number: str, name: str, cycle: Row, seq: int) -> Sight:
    due, ended, began = (_at(cycle, what) for what in ("breachTime", "stopTime", "startTime"))
    assert began is not None  # noqa: S101
    state, at, new = _state(cycle, due, ended, ticket.updated)
    mark = instant_text(due) or (cycle.get("elapsedTime") or {}).get("millis")
    first = _event(f"{number}", ticket, began, seq, name, due, "running")
    return Sight(first, _event(f"{number}.{state}.{mark}", ticket, at, seq + 1, name, due, state), new)


def _state(cycle: Row, due: datetime | None, ended: datetime | None, seen: datetime) -> tuple[str, datetime, bool]:
    """How a cycle stands, since when, and whether that is more than its having begun."""
    if ended is not None:
        return "missed" if cycle.get("breached") else "met", ended, True
    if cycle.get("paused"):
        return "paused", seen, True
    if cycle.get("breached") and due is None:
        return "missed", seen, True
    return "running", seen, False


def _event(number: str, ticket: Ticket, at: datetime, seq: int, name: str, due: datetime | None, state: str) -> Event:
    return Event(number, ticket.id, at, "sla", seq=seq, field=name, old=instant_text(due), new=state)


def _at(cycle: Row, name: str) -> datetime | None:
    said = cycle.get(name)
    return instant(said.get("epochMillis")) if isinstance(said, dict) else None
