"""What Zendesk tells of a ticket's past, read as events.

The same update comes in two shapes with the same numbers: as a row of the ticket event export, whose children are keyed by the
field they changed, and as an audit of one ticket, whose events say ``field_name``. The update's author is a person, but a child has
a ``via`` of its own where a trigger acted on that person's update.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from .ticket import FIELD, Event
from .ticket_text import html_text, marker_of, newest_text
from .zendesk_words import CATEGORIES, STOCK, instant, instant_text, score, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from .ticket import EventKind, Role, Value
    from .zendesk_people import People
    from .zendesk_words import Desk, Row, Words

MACHINES = frozenset(
    {
        *("rule", "trigger", "automation", "system", "merge", "batch rule", "business rule", "sla", "admin setting"),
        *("group change", "group deletion", "user change", "user deletion", "user merge", "linked problem", "recover"),
        *("closed ticket", "ticket sharing", "predictive", "satisfaction prediction"),
    }
)
"""Ways in which an update comes about without a person: words of ``via`` and of its ``channel`` and ``rel``."""

GENERATED = 4
"""The flag of a comment that a machine wrote ("Comment flags", developer.zendesk.com)."""

SURVEY = "SurveyResponseSubmitted"
"""What the newer satisfaction surveys leave: the score itself stands on the ticket."""

_SLOTS = 4
"""Most events that one child makes; ``seq`` leaves room for them."""
_NOBODY = ("", "0", "-1", "None")


class Update(NamedTuple):
    """One update of one ticket, whichever way it came."""

    id: int
    ticket: str
    at: datetime
    author: str
    via: Any
    markers: Mapping[str, Any]
    children: list[Row]

    def people(self) -> set[str]:
        """Everybody who acted in it."""
        authors = {self.author, *(str(child.get("author_id")) for child in self.children)}
        return {author for author in authors if author.isdigit() and author not in _NOBODY}


class Said(NamedTuple):
    """What a child says, before it becomes an event."""

    kind: EventKind
    field: str | None = None
    old: Value = None
    new: Value = None
    text: str | None = None


def from_export(row: Row) -> Update | None:
    """An update from a row of the ticket event export; ``None`` where it tells no time or ticket."""
    return _update(row, row.get("updater_id"), row.get("child_events"))


def from_audit(row: Row) -> Update | None:
    """An update from an audit; ``None`` where it tells no time or ticket."""
    return _update(row, row.get("author_id"), row.get("events"))


def _update(row: Row, author: Any, children: list[Row] | None) -> Update | None:
    at = instant(row.get("created_at"))
    if at is None or not row.get("ticket_id"):
        return None
    number, ticket, left = int(row["id"]), str(row["ticket_id"]), _custom(row.get("metadata"))
    told = [child for child in children or () if child.get("id")]
    return Update(number, ticket, at, str(author), row.get("via"), left, told)


def _custom(metadata: Any) -> Mapping[str, Any]:
    """What a program left with its update: in audits below ``custom``."""
    if not isinstance(metadata, dict):
        return {}
    custom = metadata.get("custom", metadata)
    return custom if isinstance(custom, dict) else {}


def kind_of(child: Row) -> str:
    """What sort of event a child is."""
    return str(child.get("event_type") or child.get("type") or "")


def merged_into(update: Update) -> str | None:
    """The ticket into which this update's ticket went, where it is a merge seen from the ticket that went away."""
    for child in update.children:
        via = child.get("via") or update.via
        if kind_of(child) == "Comment" and "merge" in (_word(via), _word(update.via), _source(via).get("rel")):
            source = _source(via) or _source(update.via)
            if (source.get("from") or {}).get("ticket_ids"):
                return None
            to = (source.get("to") or {}).get("ticket_id") or (source.get("from") or {}).get("ticket_id")
            found = text_of(to) or _number_in(str(child.get("body") or ""))
            if found and found != update.ticket:
                return found
    return None


def _number_in(text: str) -> str | None:
    """The ticket that Zendesk's sentence names, in whatever language: ``... into request #42 "Subject"``."""
    found = re.search(r"#(\d+)", text)
    return found[1] if found else None


def _source(via: Any) -> Row:
    source = via.get("source") if isinstance(via, dict) else None
    return source if isinstance(source, dict) else {}


def _word(via: Any) -> str:
    return str(via.get("channel") if isinstance(via, dict) else via or "").lower()


def by_machine(via: Any) -> bool:
    """Whether no person did this."""
    return _word(via) in MACHINES or str(_source(via).get("rel") or "") in MACHINES


class History:
    """Reads updates as events. ``ratings`` holds what tickets say of their rating now: newer surveys tell no score."""

    def __init__(self, desk: Desk, words: Words, people: People, ratings: Mapping[str, Row]) -> None:
        self._desk = desk
        self._words = words
        self._people = people
        self._ratings = ratings

    def events(self, update: Update) -> Iterator[Event]:
        """The events of an update, in their order."""
        kinds = {kind_of(child) for child in update.children}
        if "Create" in kinds:
            yield self._event(update, update.id, 0, Said("created"), update.via, update.author)
        for child in update.children:
            via = child.get("via") or update.via
            for slot, said in enumerate(self._said(update, child, rated="SatisfactionRating" in kinds)):
                if said.kind == "message":
                    yield self._message(update, child, said, via)
                else:
                    yield self._event(update, int(child["id"]), slot, said, via, update.author)
        if "Comment" in kinds and (into := merged_into(update)):
            yield self._event(update, update.id, 1, Said("merged", new=into), update.via, update.author)

    def _event(self, update: Update, number: int, slot: int, said: Said, via: Any, author: str, **more: Any) -> Event:
        nobody = author in _NOBODY
        return Event(
            id=str(number) if slot == 0 else f"{number}.{slot}",
            ticket=update.ticket,
            at=update.at,
            kind=said.kind,
            seq=number * _SLOTS + slot,
            actor=None if nobody else author,
            actor_kind="automation" if nobody or by_machine(via) else self._role(author, said),
            field=said.field,
            old=said.old,
            new=said.new,
            **({"text": said.text} | more),
        )

    def _role(self, author: str, said: Said) -> Role:
        """Who somebody is; a rating is given by a customer, whoever the update is filed under."""
        role = self._people.role(author)
        return "customer" if said.kind == "rating" and role == "automation" else role

    def _message(self, update: Update, child: Row, said: Said, via: Any) -> Event:
        text, author = said.text or "", str(child.get("author_id") or update.author)
        ours = author == self._desk.me and not by_machine(via)
        metadata, known = child.get("metadata"), self._people.persons.get(author)
        flags = metadata.get("flags") if isinstance(metadata, dict) else None
        return self._event(
            update,
            int(child["id"]),
            0,
            said,
            via,
            author,
            text=newest_text(text),
            public=bool(child.get("public")),
            auto=GENERATED in (flags or ()) or self._words.ignores(known.email if known else None),
            marker=(marker_of(text) or text_of(update.markers.get("makegood"))) if ours else None,
        )

    def _said(self, update: Update, child: Row, *, rated: bool) -> Iterator[Said]:
        kind = kind_of(child)
        if kind in ("Comment", "VoiceComment"):
            text = body_of(child)
            if text.strip():
                yield Said("message", text=text)
        elif kind == "SatisfactionRating":
            yield from self._rating(child, update)
        elif kind == SURVEY:
            yield from self._rating(self._ratings.get(update.ticket) or {}, update)
        elif kind == "EmailCcChange":
            old, new = (self._handles(child.get(name)) for name in ("previous_email_ccs", "current_email_ccs"))
            yield Said("field", "cc", old, new)
        elif kind == "Change":
            for name, old, new in changes_of(child):
                yield from self._change(name, old, new, rated=rated)

    def _rating(self, child: Row, update: Update) -> Iterator[Said]:
        rating = self._ratings.get(update.ticket) or {}
        if score(child):
            comment = (
                child.get("body")
                or child.get("comment")
                or (rating.get("comment") if score(rating) == score(child) else None)
            )
            yield Said("rating", old=score(child), new=score(child), text=str(comment) if comment else None)

    def _handles(self, entries: Any) -> Value:
        found = (str(each) for each in entries or ())
        return tuple(each if "@" in each else self._people.handle(each) for each in found) or None

    def _change(self, name: str, old: Any, new: Any, *, rated: bool) -> Iterator[Said]:
        if name == "satisfaction_score":
            if not rated and (given := score({"score": new})):
                yield Said("rating", old=given, new=given)
            return
        if name.isdigit():
            yield from self._custom_field(name, old, new)
            return
        fact = _FACTS.get(name)
        if fact is None:
            return
        was, now = self._value(fact, old), self._value(fact, new)
        if was != now:
            yield Said("field", fact, was, now)
            if fact == "status" and not self._desk.statuses:
                yield Said("field", "status_name", _stock(was), _stock(now))

    def _custom_field(self, number: str, old: Any, new: Any) -> Iterator[Said]:
        known = self._desk.fields.get(number)
        if known is None:
            return
        was, now = known.value(old), known.value(new)
        if was == now:
            return
        yield Said("field", FIELD + known.title, was, now)
        mapped = next((fact for fact, name in self._words.fields.items() if name == known.title), None)
        if mapped and mapped not in ("promise_due", "tags"):
            yield Said("field", mapped, was, now)

    def _value(self, fact: str, raw: Any) -> Value:
        if raw is None or raw == "":
            return None
        if fact == "status":
            return CATEGORIES.get(str(raw), "open")
        if fact == "status_name":
            known = self._desk.statuses.get(str(raw))
            return known[0] if known else str(raw)
        if fact == "tags":
            return tuple(str(each) for each in raw) if isinstance(raw, list) else tuple(str(raw).split())
        if fact == "due":
            return instant_text(raw)
        if fact == "group":
            return self._desk.group_name(str(raw))
        names = {
            "form": self._desk.forms,
            "brand": self._desk.brands,
            "organization": self._people.organizations,
        }.get(fact)
        return names.get(str(raw)) if names is not None else str(raw)


_FACTS: Mapping[str, str] = {
    "status": "status",
    "custom_status_id": "status_name",
    "priority": "priority",
    "type": "type",
    "ticket_type": "type",
    "subject": "subject",
    "group_id": "group",
    "assignee_id": "assignee",
    "requester_id": "requester",
    "organization_id": "organization",
    "tags": "tags",
    "due_at": "due",
    "task_due_at": "due",
    "ticket_form_id": "form",
    "brand_id": "brand",
    "problem_id": "parent",
    "linked_id": "parent",
    "recipient": "sent_to",
}
"""Zendesk's fields of a ticket and our facts."""


def organizations_in(updates: Iterable[Update]) -> set[str]:
    """The organizations that tickets went to or came from, by number."""
    changes = (change for update in updates for child in update.children for change in changes_of(child))
    return {str(number) for name, *both in changes if name == "organization_id" for number in both if number}


def changes_of(child: Row) -> Iterator[tuple[str, Any, Any]]:
    """Field, value before and value after of a change, in either shape."""
    before = child.get("previous_value")
    if "field_name" in child:
        yield str(child["field_name"]), before, child.get("value")
        return
    for number, value in (child.get("custom_ticket_fields") or {}).items():
        yield str(number), before.get(str(number)) if isinstance(before, dict) else before, value
    if "tags" in child:
        yield "tags", _tags_before(child), child["tags"]
    for name in sorted((_FACTS.keys() | {"satisfaction_score"}) & child.keys() - {"tags"}):
        yield name, before, child[name]


def _tags_before(child: Row) -> Any:
    if child.get("previous_value") is not None:
        return child["previous_value"]
    added = set(child.get("added_tags") or ())
    return [tag for tag in child["tags"] if tag not in added] + list(child.get("removed_tags") or ())


def body_of(child: Row) -> str:
    """The text of a comment: as plain text where Zendesk gives one, else read out of its HTML."""
    plain = child.get("plain_body") or ""
    return (
        str(plain)
        if plain
        else html_text(str(child["html_body"]))
        if child.get("html_body")
        else str(child.get("body") or "")
    )


def _stock(category: Value) -> Value:
    return next((name for name, kind in STOCK.items() if kind == category), "Closed") if category else None
