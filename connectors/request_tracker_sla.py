"""Request Tracker's own service levels as one clock of the desk, called ``rt``.

RT computes one ``Due`` from a ticket's service level: the nearer of its response and its resolution time. So the clock runs
towards ``Due``, whoever set it last, while the ticket has a level and is not resolved. It is met or missed when the ticket is
resolved, and when RT takes ``Due`` away because an agent replied and nothing more is owed. It never pauses. RT 5.0.3 does all
of this in transactions of RT_System that follow those of people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .request_tracker_words import MACHINES, SLA, instant, instant_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .request_tracker_words import Desk, Row, Words
    from .ticket import Ticket

CLOCK = "rt"
"""The name of RT's clock in rules: ``sla.rt``."""

_DONE = ("solved", "closed")


class Told(NamedTuple):
    """How the clock stands after a transaction; ``due`` as the contract writes instants."""

    state: str | None
    due: str | None


class Level:
    """The clock of one ticket, walked back from what the ticket holds now: feed it the transactions newest first."""

    def __init__(self, ticket: Ticket, desk: Desk, words: Words, rows: Iterable[Row]) -> None:
        self._words = words
        self._relevelled = set(_after_another_level(rows))
        # A custom field of that name hides the level from us: then whatever RT calls due counts.
        self._level = bool(desk.named(SLA) or ticket.custom.get(SLA))
        self._due = instant_text(ticket.due.isoformat()) if ticket.due else None
        self._done = ticket.status in _DONE

    def told(self, row: Row) -> Told | None:
        """What a transaction did to the clock, ``None`` if it did nothing to it."""
        old, new = row.get("OldValue") or "", row.get("NewValue") or ""
        if row["Type"] == "Create":
            return self._now(row)
        if row["Type"] not in {"Set", "Status"}:
            return None
        if row.get("Field") == "Due":
            return self._moved(row, instant_text(old), instant_text(new))
        if row.get("Field") == SLA:
            return self._levelled(row, bool(old), bool(new))
        return self._finished(row, old, new) if row.get("Field") == "Status" else None

    def _now(self, row: Row) -> Told | None:
        if not self._level or not self._due:
            return None
        return self._verdict(row, self._due) if self._done else Told("running", self._due)

    def _moved(self, row: Row, old: str | None, new: str | None) -> Told | None:
        self._due = new
        told = self._now(row) if new else self._cleared(row, old) if old else None
        self._due = old
        return told if self._level and not self._done else None

    def _cleared(self, row: Row, due: str) -> Told:
        """Only RT itself takes ``Due`` away because it was served; it does so too where another level owes nothing."""
        by = (row.get("Creator") or {}).get("id")
        served = by in MACHINES and row["id"] not in self._relevelled
        return self._verdict(row, due) if served else Told(None, None)

    def _levelled(self, row: Row, was: bool, now: bool) -> Told | None:  # noqa: FBT001
        self._level = now
        told = self._now(row) if now else Told(None, None) if self._due else None
        self._level = was
        return told if was != now else None

    def _finished(self, row: Row, old: str, new: str) -> Told | None:
        was, now = (self._words.category(word) in _DONE for word in (old, new))
        self._done = now
        told = self._now(row)
        self._done = was
        return told if was != now else None

    def _verdict(self, row: Row, due: str) -> Told:
        at, end = instant(row["Created"]), instant(due)
        return Told("met" if at and end and at <= end else "missed", due)


def _after_another_level(rows: Iterable[Row]) -> Iterator[str]:
    """The transactions that followed from a change of level, and not from what somebody said or did. ``rows`` ascend.

    RT's scrips run in the request that set them off, so one pull sees both.
    """
    relevelled = False
    for row in rows:
        if row["Type"] in {"Create", "Correspond", "Status"} or row.get("Field") == SLA:
            relevelled = row.get("Field") == SLA
        elif relevelled:
            yield row["id"]
