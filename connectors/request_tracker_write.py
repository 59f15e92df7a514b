"""Changes as Request Tracker wants to be told them, and what became of them, judged by reading back alone.

RT answers 200 to a refused change and says so in a sentence, in the account's language; ``[]`` means "nothing changed"
for a field that was already so and for a field that does not exist. So nobody here reads an answer's status.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .base import Conflict, Outcome, Rejected
from .changes import MESSAGES, done, holds, listed, message_of, same, shown, value_of, wanted
from .request_tracker_words import MACHINES, MAPPABLE, NOBODY, SLA, handle, rt_time
from .ticket import FIELD
from .transport import Unsure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .base import Change
    from .request_tracker_rest import Rest
    from .request_tracker_words import Desk, Row, Words
    from .ticket import Event, Ticket, Value

_PLAIN = {"subject": "Subject", "status_name": "Status", "group": "Queue"}


@dataclass(frozen=True)
class Writing:
    """How this desk's fields are written: what it knows of its words and custom fields."""

    desk: Desk
    words: Words

    def body(self, ticket: Ticket, changes: Iterable[Change]) -> Row:
        """One ``PUT`` for those changes that the ticket does not already show."""
        body: Row = {}
        custom: Row = {}
        for change in changes:
            if change.action in MESSAGES or holds(ticket, change) or self.impossible(change):
                continue
            value = wanted(ticket, change)
            if change.field == "tags":  # a later change of the same list starts from here
                ticket = replace(ticket, tags=listed(value))
            elif change.field == "cc":
                ticket = replace(ticket, cc=listed(value))
            name = self._custom_name(change)
            if name is None:
                body |= self._column(change, value)
            else:
                custom[name] = self._custom(name, value)
        return body | ({"CustomFields": custom} if custom else {})

    def impossible(self, change: Change) -> str:
        """Why RT cannot even be asked; empty if it can."""
        if change.field == "status" and self.words.status_word(str(change.new)) is None:
            return f"no status of this desk is mapped to {change.new}: say words.status in makegood.toml or set status_name"
        if (
            change.field == "priority"
            and change.new is not None
            and self.words.priority_number(str(change.new)) is None
        ):
            return f"no number of this desk is mapped to priority {change.new}: say words.priority in makegood.toml"
        if change.action not in MESSAGES and change.field not in _WRITABLE and self._custom_name(change) is None:
            return f"Request Tracker cannot set {change.field}"
        return ""

    def _column(self, change: Change, value: Value) -> Row:
        if change.field in _PLAIN:
            return {_PLAIN[change.field]: value or ""}
        if change.field == "status":
            return {"Status": self.words.status_word(str(value))}
        if change.field == "priority":
            return {"Priority": self.words.priority_number(str(value)) if value else 0}
        if change.field == "assignee":
            return {"Owner": value or NOBODY}
        if change.field == "due":
            return {"Due": rt_time(str(value) if value else None)}
        if change.field == "cc":
            return {"Cc": list(listed(value))}
        if change.field == "requester":
            return {"Requestor": [value] if value else []}
        return {SLA: value or ""}

    def _custom_name(self, change: Change) -> str | None:
        """The custom field a change goes to, ``None`` if it is one of RT's own columns."""
        field = change.field or ""
        if field == "tags":
            return self.words.field_for("tags", "Tags")
        if field == FIELD + SLA and not self.desk.named(SLA):
            return None
        if field.startswith(FIELD):
            return field.removeprefix(FIELD)
        return self.words.fields.get(field) if field in MAPPABLE else None

    def _custom(self, name: str, value: Value) -> Any:
        kind, many = self.desk.field_type(name)
        if many:
            return list(listed(value))
        if isinstance(value, tuple):
            value = ", ".join(value) or None
        return rt_time(value, kind) if value and kind in {"DateTime", "Date"} else value


_WRITABLE = {*_PLAIN, "status", "priority", "assignee", "due", "cc", "requester", FIELD + SLA}


class Visit:
    """The writing of one ticket, remembering what the desk said and what got lost on the way."""

    def __init__(self, rest: Rest, writing: Writing, before: Ticket, version: str) -> None:
        self._rest = rest
        self._writing = writing
        self._before = before
        self._version = version
        self._written = False
        self._lost = ""
        self._refused = False
        self._sentences: list[str] = []
        self._said: dict[str, Outcome | None] = {}

    def write(self, changes: Sequence[Change]) -> None:
        """Sends the fields, then the messages. Raises :class:`Conflict` only while nothing is written."""
        body = self._writing.body(self._before, changes)
        if body:
            self._sentences = self._told(lambda: self._rest.put(self._before.id, body, self._version))
        for change in changes:
            if change.action in MESSAGES:
                self._said[change.id] = self._message(change)

    def _message(self, change: Change) -> Outcome | None:
        """``None`` if the message was sent: reading back decides."""
        if self._lost:
            return Outcome(change.id, "failed", f"not sent, because the call before it got lost ({self._lost})")
        if self._meddled():
            told = f"{self._before.url}: somebody changed the ticket in the meantime"
            if not self._written:
                raise Conflict(told, hint="plan again")
            return Outcome(change.id, "conflict", told)
        text, public = change.text or "", MESSAGES[change.action]
        said = self._told(lambda: self._rest.say(self._before.id, text, public=public))
        return Outcome(change.id, "refused", "; ".join(said)) if self._refused else None

    def _meddled(self) -> bool:
        """Whether anybody wrote since our version; once we wrote ourselves, anybody but us and RT's own machinery."""
        rows = self._rest.newer(self._before.id, self._version)
        us = {self._writing.desk.me, *MACHINES} if self._written else set()
        return any((row.get("Creator") or {}).get("id") not in us for row in rows)

    def _told(self, call: Callable[[], list[str]]) -> list[str]:
        self._refused = False
        try:
            said = call()
        except Unsure as error:
            self._lost, said = error.message, [error.message]
        except Rejected as error:
            self._refused = True
            return [error.message]
        self._written = True
        return said

    def outcomes(self, changes: Sequence[Change], after: Ticket, events: Sequence[Event]) -> tuple[Outcome, ...]:
        """What became of each change, by the ticket as it is afterwards and its new events."""
        self._sentences = _telling(self._sentences, self._before, after)
        return tuple(self._outcome(change, after, events) for change in changes)

    def _outcome(self, change: Change, after: Ticket, events: Sequence[Event]) -> Outcome:
        if change.action in MESSAGES:
            told = self._said[change.id]
            return told or self._seen(change, self._arrived(change, events))
        if self._writing.impossible(change):
            return Outcome(change.id, "refused", self._writing.impossible(change))
        if holds(self._before, change):
            return Outcome(change.id, "already")
        return self._judged(change, after)

    def _judged(self, change: Change, after: Ticket) -> Outcome:
        field = change.field or ""
        now, was = value_of(after, field), value_of(self._before, field)
        arrived = done(self._before, change, after)
        if arrived or same(field, now, was):
            return self._seen(change, arrived)
        return Outcome(change.id, "partly", f"the desk made it {shown(now)} instead: {_said(self._sentences)}")

    def _seen(self, change: Change, arrived: bool) -> Outcome:  # noqa: FBT001
        if arrived:
            return Outcome(change.id, "applied")
        if self._lost:
            return Outcome(change.id, "failed", f"it did not arrive ({self._lost})")
        return Outcome(change.id, "refused", _said(self._sentences))

    def _arrived(self, change: Change, events: Sequence[Event]) -> bool:
        return message_of(change, self._writing.desk.me, events) is not None


def with_handles(change: Change, person: Callable[[str], Row | None]) -> Change:
    """The change with people in copy named as tickets name them, by address, where they came as logins."""
    if change.field != "cc" or not change.new:
        return change
    entries = listed(change.new)
    users = {e: person(e) for e in entries if "@" not in e}
    return replace(change, new=tuple(handle(u) if (u := users.get(e)) else e for e in entries))


def _telling(sentences: list[str], before: Ticket, after: Ticket) -> list[str]:
    """The sentences that do not merely report a change that happened; all of them if none is left.

    RT does not say which sentence is about which field, and says it in the account's language: but one that names a
    value which came or went is a success.
    """
    changed = [f for f in ("assignee", "group", "status_name", "subject") if value_of(before, f) != value_of(after, f)]
    moved = {entry for field in changed for t in (before, after) for entry in listed(value_of(t, field))}
    moved |= set(before.tags) ^ set(after.tags) | set(before.cc) ^ set(after.cc)
    spoken = {entry.partition("@")[0].casefold() for entry in moved if len(entry) > 2}
    kept = [s for s in sentences if not any(re.search(rf"\b{re.escape(word)}\b", s.casefold()) for word in spoken)]
    return kept or sentences


def _said(sentences: Sequence[str]) -> str:
    if sentences:
        return "; ".join(sentences)
    return "the desk changed nothing and gave no reason: no such field, or the account may not set it"
