"""What is done once: keys and markers of effects, what of them is spent, which step of a repetition is due.

Notes, replies and notices happen once per episode: the stretch, ending now, in which a rule's condition held without a
break. What was done is read from two memories: the journal of this store, and our own messages on the desk, which
outlive the store. What we did stays done whatever instant a plan is made for.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from ..connectors.ticket import Value
    from ..rules.calendar import Calendar
    from ..rules.model import Repeat
    from .snapshot import JournalEntry, Snapshot

DONE = frozenset({"applied", "already", "partly"})
"""Outcomes after which an effect is not due again in its episode."""

ONCE = frozenset({"note", "reply", "notify"})
"""Actions that happen once per episode; the others say how the ticket should be."""

_SAME_REPLY = timedelta(minutes=10)
_MOST_STEPS = 10_000


@lru_cache(maxsize=65536)
def effect_key(rule_id: str, action: str, step: str | None, subject: str, who: tuple[str, ...] = ()) -> str:
    """The identity of a once-only effect, 16 hex digits.

    ``subject`` is the ticket's id, or whom ``once_per`` names; ``who`` is the receiver of a notice.
    """
    return _digest("effect", rule_id, action, step, subject, *who)


@lru_cache(maxsize=65536)
def change_key(rule_id: str, ticket: str, action: str, step: str | None, field: str | None, to: Value) -> str:
    """The identity of one wanted change, 16 hex digits: the same in every plan that wants the same."""
    return _digest("change", rule_id, ticket, action, step, field, to)


def marker(effect: str) -> str:
    """The six hex digits by which a message of ours is recognised on the desk."""
    return effect[:6]


def signed(text: str, mark: str) -> str:
    """A note's text with its last line, ``makegood 7f3a2c``."""
    return f"{text.rstrip()}\n\nmakegood {mark}"


def _digest(*parts: Value) -> str:
    text = "\x1f".join("\x1e".join(("", *part)) if isinstance(part, tuple) else part or "" for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Message(NamedTuple):
    """One message of ours as the desk has it."""

    at: datetime
    marker: str | None
    text: str
    public: bool


class Memory:
    """What was done before: the journal by effect, and our messages by ticket."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._journal: dict[str, list[JournalEntry]] = defaultdict(list)
        self._replies: dict[str, list[JournalEntry]] = defaultdict(list)
        self._last: dict[str, JournalEntry] = {}
        for entry in snapshot.journal:
            self._journal[entry.effect].append(entry)
            self._last[entry.change] = entry
            if entry.action == "reply" and entry.outcome in DONE:
                self._replies[entry.ticket].append(entry)
        self._messages = _our_messages(snapshot)

    def done(self, effect: str, tickets: Iterable[str], start: datetime) -> datetime | None:
        """When the effect last was done at or after ``start``, on any of ``tickets``; None: it is not spent."""
        noted = (entry.at for entry in self._journal.get(effect, ()) if entry.outcome in DONE)
        mark = marker(effect)
        seen = (said.at for ticket in tickets for said in self._messages.get(ticket, ()) if said.marker == mark)
        return max((moment for moment in (*noted, *seen) if moment >= start), default=None)

    def last(self, change: str) -> JournalEntry | None:
        """What became of the same change when it was last tried."""
        return self._last.get(change)

    def unsure(self, effect: str, start: datetime) -> JournalEntry | None:
        """The attempt at or after ``start`` of which nobody knows whether it arrived, if it is the last one."""
        tried = [entry for entry in self._journal.get(effect, ()) if entry.at >= start]
        return tried[-1] if tried and tried[-1].outcome == "unsure" else None

    def reply(
        self, effect: str, ticket: str, text: str, start: datetime
    ) -> tuple[Literal["spent", "unsure"], Message] | None:
        """Whether a public message of ours since ``start`` is this reply, or may be.

        The same words are the same reply. A message with another effect's marker, or one that the journal knows as another
        reply, is not ours to wonder about; any other leaves doubt.
        """
        doubtful = None
        for said in self._messages.get(ticket, ()):
            if not said.public or said.at < start or said.marker:
                continue
            if _plain(said.text) == _plain(text):
                return "spent", said
            if not self._known_as_other(said, effect, ticket):
                doubtful = said
        return ("unsure", doubtful) if doubtful else None

    def _known_as_other(self, said: Message, effect: str, ticket: str) -> bool:
        others = (entry for entry in self._replies.get(ticket, ()) if entry.effect != effect)
        return any(abs(entry.at - said.at) <= _SAME_REPLY for entry in others)


def _our_messages(snapshot: Snapshot) -> dict[str, list[Message]]:
    ours = snapshot.events.filter((pl.col("kind") == "message") & (pl.col("actor_kind") == "robot"))
    messages: dict[str, list[Message]] = defaultdict(list)
    for ticket, at, mark, text, public in ours.select("ticket", "at", "marker", "text", "public").iter_rows():
        messages[ticket].append(Message(at, mark, text or "", bool(public)))
    return messages


def _plain(text: str) -> str:
    return " ".join(text.split())


# --- repetitions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One doing of a note or notice: ``name`` is None for the first, then ``repeat 2``, ``repeat 3``."""

    name: str | None
    passed_over: bool = False


FIRST = (Step(None),)


def due_steps(repeat: Repeat | None, first: datetime, at: datetime, calendar: Calendar) -> Sequence[Step]:
    """The steps due by ``at``, the latest last; all but the latest are passed over.

    The first is due at ``first``, when the rule began to hold (after ``for``), each further one ``every`` later.
    """
    if repeat is None:
        return FIRST
    count = _times_due(repeat, first, at, calendar)
    numbers = range(1, count + 1)
    return tuple(Step(f"repeat {number}" if number > 1 else None, passed_over=number < count) for number in numbers)


def _times_due(repeat: Repeat, first: datetime, at: datetime, calendar: Calendar) -> int:
    most = min(repeat.at_most or _MOST_STEPS, _MOST_STEPS)
    if not repeat.every.business:
        return max(1, min(most, 1 + (at - first) // repeat.every.length))
    count, moment = 1, calendar.add(first, repeat.every)
    while moment <= at and count < most:
        count, moment = count + 1, calendar.add(moment, repeat.every)
    return count
