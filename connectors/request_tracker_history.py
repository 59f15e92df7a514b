"""One Request Tracker ticket's transactions read as events.

A transaction names the one value that came or went; where a field holds several (tags, people in copy, requesters), the
whole list before and after is found by walking back from what the ticket holds now.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .request_tracker_sla import CLOCK, Level
from .request_tracker_words import NOBODY, SLA, Body, custom_value, handle, instant, instant_text, score
from .ticket import FIELD, Event
from .ticket_text import marker_of, newest_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .request_tracker_words import Desk, Row, Words
    from .ticket import EventKind, Ticket, Value

MESSAGES: Mapping[str, bool] = {"Create": True, "Correspond": True, "Comment": False}
"""Types of transaction that carry a text, and whether customers see it."""

_MERGED = re.compile(r"/ticket/(\d+)$")
_SLOTS = 4
"""Most events that one transaction makes; ``seq`` leaves room for them."""


class Change(NamedTuple):
    """What a transaction did, before it becomes an event."""

    kind: EventKind
    field: str | None = None
    old: Value = None
    new: Value = None
    text: str | None = None


class History:
    """Reads the transactions of one ticket.

    ``principal`` finds a user (a row with ``id`` and ``EmailAddress``) by number, and ``queue`` a queue's name.
    """

    def __init__(
        self,
        ticket: Ticket,
        desk: Desk,
        words: Words,
        principal: Callable[[str], Row | None],
        queue: Callable[[str], str],
    ) -> None:
        self._ticket = ticket
        self._desk = desk
        self._words = words
        self._principal = principal
        self._queue = queue
        self._read: dict[str, tuple[str, Callable[[str], str | None]]] = {
            "Owner": ("assignee", self._person),
            "Queue": ("group", self._group),
            "Priority": ("priority", words.priority_of),
            "Subject": ("subject", _text),
            "Due": ("due", instant_text),
            "SLA": (FIELD + SLA, _text),
        }
        self._scored: Value = ticket.custom.get(words.field_for("csat", "CSAT"))
        self._given: tuple[str, Value] = ("", None)
        self._lists: dict[str, list[str]] = {
            "tags": list(ticket.tags),
            "cc": list(ticket.cc),
            "requester": [ticket.requester] if ticket.requester else [],
            **{FIELD + k: list(v) for k, v in ticket.custom.items() if isinstance(v, tuple)},
        }

    def events(self, rows: Iterable[Row], texts: Mapping[str, Body]) -> list[Event]:
        """The events of ``rows`` (ascending transactions), oldest first."""
        ordered = sorted(rows, key=lambda r: int(r["id"]))
        made, level = [], Level(self._ticket, self._desk, self._words, ordered)
        for row in reversed(ordered):
            changes = self._changes(row, texts.get(str(row["id"]), Body()))
            if told := level.told(row):
                changes.append(Change("sla", CLOCK, old=told.due, new=told.state))
            made.append([self._event(row, i, c, texts) for i, c in enumerate(changes)])
        return [event for events in reversed(made) for event in events]

    def _event(self, row: Row, i: int, change: Change, texts: Mapping[str, Body]) -> Event:
        creator = row.get("Creator") or {}
        login, email = str(creator.get("id") or ""), creator.get("EmailAddress") or None
        message, by_itself = change.kind == "message", change.kind == "sla"
        body = texts.get(str(row["id"]), Body())
        at = instant(row["Created"]) or self._ticket.created
        return Event(
            id=str(row["id"]) if i == 0 else f"{row['id']}.{i}",
            ticket=str(row["ObjectId"]),
            at=at,
            kind=change.kind,
            seq=int(row["id"]) * _SLOTS + i,
            actor=None if by_itself else login or None,
            actor_kind="automation" if by_itself else self._desk.role(login, email, self._words),
            field=change.field,
            old=change.old,
            new=change.new,
            text=change.text,
            public=message and MESSAGES[row["Type"]],
            auto=message and body.auto(email or login, self._words.ignore_senders),
            marker=marker_of(body.text) if message else None,
        )

    def _changes(self, row: Row, body: Body) -> list[Change]:
        kind, field = row["Type"], row.get("Field") or ""
        if kind in MESSAGES:
            said = [Change("message", text=newest_text(body.text))] if body.text.strip() or kind != "Create" else []
            return [Change("created"), *said] if kind == "Create" else said
        if kind == "CustomField":
            return self._custom(row)
        if kind in {"AddWatcher", "DelWatcher"}:
            return self._watcher(row)
        if kind == "AddLink":
            return self._link(row)
        return self._set(field, row) if kind not in {"SetWatcher", "EmailRecord", "CommentEmailRecord"} else []

    def _set(self, field: str, row: Row) -> list[Change]:
        old, new = row.get("OldValue") or "", row.get("NewValue") or ""
        if field == "Status":
            return self._status(old, new)
        if field not in self._read:
            return []
        name, read = self._read[field]
        was, now = read(old), read(new)
        return [Change("field", name, was, now)] if was != now else []

    def _status(self, old: str, new: str) -> list[Change]:
        was, now = self._words.category(old), self._words.category(new)
        changes = [Change("field", "status", was, now)] if was != now else []
        changes.append(Change("field", "status_name", old, new))
        return [*changes, Change("deleted")] if new == "deleted" else changes

    def _custom(self, row: Row) -> list[Change]:
        name, kind, many = self._desk.fields.get(str(row.get("Field")), ("", "Freeform", False))
        if not name:
            return []
        old = custom_value(kind, [row.get("OldValue") or ""], many=False)
        new = custom_value(kind, [row.get("NewValue") or ""], many=False)
        if name == self._words.field_for("tags", "Tags"):
            return self._listed("tags", old, new)
        if many:
            return self._listed(FIELD + name, old, new)
        changes = [Change("field", FIELD + name, old, new)]
        mapped = next((f for f, n in self._words.fields.items() if n == name and f not in _OWN_EVENTS), None)
        if mapped:
            changes.append(Change("field", mapped, old, new))
        return [*changes, *self._rating(row, name, old, new)]

    def _rating(self, row: Row, name: str, old: Value, new: Value) -> list[Change]:
        """A score is a rating; so is a comment on it, which RT's customers give a moment later in a field of its own.

        Walks back: a comment goes with the score that stood then, or that was given in the same second.
        """
        if name == self._words.field_for("csat", "CSAT"):
            self._scored, self._given = old, (row["Created"], new)
            return [Change("rating", old=new, new=score(new))] if score(new) else []
        if name != self._words.field_for("csat_comment", "CSAT comment") or not new:
            return []
        scored = self._given[1] if self._given[0] == row["Created"] else self._scored
        return [Change("rating", old=scored, new=score(scored), text=str(new))] if score(scored) else []

    def _listed(self, field: str, gone: Value, came: Value) -> list[Change]:
        """Walks one step back in a list: takes out what came, puts back what went."""
        after = self._lists.setdefault(field, [])
        before = [entry for entry in after if entry != came]
        if isinstance(gone, str) and gone not in before:
            before.append(gone)
        self._lists[field] = before
        return [Change("field", field, tuple(before), tuple(after))] if before != after else []

    def _watcher(self, row: Row) -> list[Change]:
        field = {"Cc": "cc", "Requestor": "requester"}.get(row.get("Field") or "")
        if not field:
            return []
        gone, came = self._watching(field, row.get("OldValue")), self._watching(field, row.get("NewValue"))
        listed = self._listed(field, gone, came)
        if field == "cc" or not listed:
            return listed
        was, now = (v[0] if v else None for v in (listed[0].old, listed[0].new))
        return [Change("field", field, was, now)] if was != now else []

    def _watching(self, field: str, number: str | None) -> str | None:
        if not number or field == "requester":
            return self._person(number or "")
        user = self._principal(number)
        return handle(user) if user else None

    def _link(self, row: Row) -> list[Change]:
        into = _MERGED.search(row.get("NewValue") or "") if row.get("Field") == "MergedInto" else None
        return [Change("merged", new=into[1])] if into and into[1] != str(row["ObjectId"]) else []

    def _person(self, number: str) -> str | None:
        login = self._desk.agents.get(number) or ((self._principal(number) or {}).get("id") if number else None)
        return login if login != NOBODY else None

    def _group(self, number: str) -> str | None:
        return self._queue(number) if number else None


def _text(said: str) -> str | None:
    return said or None


_OWN_EVENTS = frozenset({"csat", "csat_comment", "tags", "promise_due"})
"""Facts whose custom fields make more than a plain field event, or nothing but that."""


def transaction_of(event: Event) -> str:
    """The number of the transaction an event was read from."""
    return event.id.partition(".")[0]
