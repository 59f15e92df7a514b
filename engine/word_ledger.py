"""Promises as events make, settle and move them: one pass over all acts in their order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ..rules.promises import GRADES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ..rules.promises import Found, Grade
    from .word_events import Act
    from .word_reader import Heard

Settled = Literal["kept", "moved", "broken", "cancelled"]
PromiseState = Literal["open", "due_soon", "kept", "moved", "broken", "cancelled"]


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise on one ticket. ``id`` is the event that holds it and its number there: the same in every run.

    ``due`` is missing where no time was given. ``tracked``: it has a time, and a grade that the rules ask for; others are
    kept for reports and never settled. ``settled``: when, by which event (``by``), and ``how``. A promise that came along
    with a merged ticket is this ticket's from ``since`` on, and ``from_ticket`` names that ticket.
    """

    id: str
    ticket: str
    event: str
    made: datetime
    author: str | None
    quote: str
    grade: Grade
    due: datetime | None
    pattern: str
    convention: str
    words: str
    public: bool
    tracked: bool
    since: datetime
    from_ticket: str | None = None
    settled: datetime | None = None
    how: Settled | None = None
    by: str | None = None

    def state(self, at: datetime, known_to: datetime, soon: datetime) -> PromiseState | None:
        """How it stands at an instant, if the desk's data reach to ``known_to``; ``None``: not there yet, or not tracked."""
        if self.due is None or not self.tracked or at < self.since:
            return None
        if self.settled is not None and self.settled <= at:
            return self.how
        if at > self.due and known_to > self.due:
            return "broken"
        return "due_soon" if at >= soon else "open"

    def as_known(self, at: datetime) -> Promise:
        """The same before anything that happened after an instant."""
        open_then = self.settled is None or self.settled > at
        return replace(self, settled=None, how=None, by=None) if open_then else self


class Ledger:
    """Takes the acts of all tickets in their order. Promises of a grade worse than ``loosest`` are not tracked."""

    def __init__(self, loosest: Grade) -> None:
        self._tracked = GRADES[: GRADES.index(loosest) + 1]
        self._open: dict[str, list[Promise]] = defaultdict(list)
        self._rest: dict[str, list[Promise]] = defaultdict(list)
        self._number: dict[str, int] = {}
        self._gone: dict[str, str | None] = {}

    def take(self, act: Act, heard: Heard) -> None:
        """The next act, with what it says."""
        if act.ticket in self._gone:
            return
        if act.kind in ("merged", "deleted"):
            self._end(act)
        else:
            self._speak(act, heard)

    def promises(self) -> dict[str, tuple[Promise, ...]]:
        """All of every ticket, in the order in which they were made."""
        tickets = {**self._open, **self._rest}
        every = {ticket: [*self._rest.get(ticket, ()), *self._open.get(ticket, ())] for ticket in tickets}
        return {
            ticket: tuple(sorted(known, key=lambda promise: self._number[promise.id]))
            for ticket, known in every.items()
            if known
        }

    def _speak(self, act: Act, heard: Heard) -> None:
        given: list[Found] = []
        for correction in heard.corrections:
            if correction.to is None:
                self._close(act, "cancelled")
            else:
                self._close(act, "moved", too_late="broken")
                given.append(replace(correction.to, grade="explicit"))
        renewed = any(self._is_tracked(found) for found in heard.made)
        if renewed or act.kind == "message":
            self._close(act, "moved" if renewed else "kept", too_late="broken")
        self._make(act, [*given, *heard.made])

    def _make(self, act: Act, given: Sequence[Found]) -> None:
        for number, found in enumerate(given, start=1):
            promise = Promise(
                id=f"{act.event}#{number}",
                ticket=act.ticket,
                event=act.event,
                made=act.at,
                author=act.author,
                quote=found.quote,
                grade=found.grade,
                due=found.due,
                pattern=found.pattern,
                convention=found.convention,
                words=found.words,
                public=act.kind == "message",
                tracked=self._is_tracked(found),
                since=act.at,
            )
            self._number[promise.id] = len(self._number)
            (self._open if promise.tracked else self._rest)[act.ticket].append(promise)

    def _is_tracked(self, found: Found) -> bool:
        return found.due is not None and found.grade in self._tracked

    def _close(self, act: Act, how: Settled, too_late: Settled | None = None) -> None:
        """Settle what is open on the act's ticket; ``too_late``: how, where the act comes after the due time."""
        for promise in self._open.pop(act.ticket, ()):
            late = promise.due is not None and act.at > promise.due
            verdict = too_late if late and too_late else how
            self._rest[act.ticket].append(replace(promise, settled=act.at, how=verdict, by=act.event))

    def _end(self, act: Act) -> None:
        """The ticket is gone: its open promises move along to where it went, or are cancelled."""
        self._gone[act.ticket] = act.text if act.kind == "merged" else None
        home = self._home(act.ticket)
        if home is not None:
            self._open[home] += [
                replace(promise, ticket=home, since=act.at, from_ticket=act.ticket)
                for promise in self._open[act.ticket]
            ]
        self._close(act, "cancelled" if home is None else "moved")

    def _home(self, ticket: str) -> str | None:
        """Where a merged ticket lives on, now; ``None`` where that was deleted, or leads back to itself."""
        passed: set[str] = set()
        place: str | None = ticket
        while place is not None and place in self._gone and place not in passed:
            passed.add(place)
            place = self._gone[place]
        return None if place in passed else place
