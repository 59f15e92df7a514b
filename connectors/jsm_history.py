"""What Jira tells of an issue's past, read as events: its changelog, its comments, and how it was rated.

Comments and changelogs have numbers of their own, so an event's id begins with what it is. Of two things that happened in the same
millisecond Jira does not tell which was first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from .jsm_fields import day_text, ids_in, instant
from .jsm_text import plain_text
from .jsm_words import good_or_bad, stars
from .ticket import FIELD, Event
from .ticket_text import marker_of, newest_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from .jsm_fields import Field
    from .jsm_people import People
    from .jsm_words import Desk, Row, Words
    from .ticket import Ticket, Value

OURS = "makegood"
"""The property of a comment of ours that holds its marker."""

_FIRST, _WORDS, _CHANGE, _SAID = 0, 1, 2, 2**40
_RATED, _MERGED = 2**60, 2**60 + 1
"""Where in its millisecond an event stands: comments and entries of the changelog follow their numbers."""
_SLOTS = 64
"""Most events that one entry makes."""


class Told(NamedTuple):
    """What one line of a changelog says: a fact, its value before and after."""

    fact: str
    old: Value
    new: Value


# --- what an issue itself says ------------------------------------------------------------------------------------------


def own_events(row: Row, ticket: Ticket, people: People) -> Iterator[Event]:
    """That it was made, what the customer wrote first, and where it goes on."""
    fields = row["fields"]
    creator = people.id_of(fields.get("creator")) or ticket.requester
    yield _event(f"i{ticket.id}.created", ticket, ticket.created, "created", _FIRST, creator, people)
    if ticket.description.strip():
        said = _event(f"i{ticket.id}.text", ticket, ticket.created, "message", _WORDS, ticket.requester, people)
        yield replace(said, text=newest_text(ticket.description), public=True)
    if ticket.merged_into:
        at = instant(fields.get("resolutiondate")) or ticket.updated
        number = f"i{ticket.id}.merged.{ticket.merged_into}"
        yield replace(_event(number, ticket, at, "merged", _MERGED, None, people), new=ticket.merged_into)


def rating_event(row: Row, ticket: Ticket, desk: Desk) -> Event | None:
    """The customer's rating as it stands; what was written beside it is told elsewhere."""
    fields = row["fields"]
    score = stars(fields.get(desk.special.get("feedback", "")))
    if score is None:
        return None
    dated = instant(fields.get(desk.special.get("feedback_date", "")))
    at = dated or ticket.updated
    number = f"i{ticket.id}.rated.{int(dated.timestamp()) if dated else 0}.{score}"
    return Event(
        number,
        ticket.id,
        at,
        "rating",
        seq=_RATED,
        actor=ticket.requester,
        actor_kind="customer",
        old=str(score),
        new=good_or_bad(score),
    )


def _event(number: str, ticket: Ticket, at: datetime, kind: str, seq: int, actor: str | None, people: People) -> Event:
    return Event(number, ticket.id, at, kind, seq=seq, actor=actor, actor_kind=people.role(actor))  # type: ignore[arg-type]


# --- what was said --------------------------------------------------------------------------------------------------------


def comment_number(said: Row) -> str:
    """The id of a comment's event."""
    return f"c{said['id']}"


def comment_event(ticket: str, said: Row, desk: Desk, words: Words, people: People) -> Event:
    """A comment. Where nothing says that it is internal, the customer saw it."""
    author = people.id_of(said.get("author"))
    text = plain_text(str(said.get("body") or ""))
    at = instant(said.get("created"))
    assert at is not None, f"comment {said['id']} has no time"  # noqa: S101
    return Event(
        comment_number(said),
        ticket,
        at,
        "message",
        seq=_SAID + int(said["id"]),
        actor=author,
        actor_kind=people.role(author),
        text=newest_text(text),
        public=said.get("jsdPublic", True) is not False,
        auto=words.ignores(people.email(author)),
        marker=_marker(said, text) if author == desk.me else None,
    )


def _marker(said: Row, text: str) -> str | None:
    """The mark on a comment of ours: in its last line, or kept beside it where customers do not look."""
    kept = next((each.get("value") for each in said.get("properties") or () if each.get("key") == OURS), None)
    beside = kept.get("marker") if isinstance(kept, dict) else None
    return marker_of(text) or (str(beside) if beside else None)


# --- what was changed -----------------------------------------------------------------------------------------------------


def history_events(ticket: str, entry: Row, desk: Desk, words: Words, people: People) -> Iterator[Event]:
    """The events of one entry of a changelog."""
    at, author = instant(entry.get("created")), people.id_of(entry.get("author"))
    if at is None:
        return
    told = [each for item in entry.get("items") or () for each in changes_of(item, desk, words, people)]
    for slot, each in enumerate(told):
        yield Event(
            f"h{entry['id']}.{slot}",
            ticket,
            at,
            "field",
            seq=_CHANGE + int(entry["id"]) * _SLOTS + slot,
            actor=author,
            actor_kind=people.role(author),
            field=each.fact,
            old=each.old,
            new=each.new,
        )


def changes_of(item: Row, desk: Desk, words: Words, people: People) -> Iterator[Told]:
    """What one line of a changelog means, as facts. Data Center names custom fields only by their titles."""
    name = str(item.get("fieldId") or item.get("field") or "")
    special = {number: what for what, number in desk.special.items()}
    number = name if name in desk.fields or name in special else _number_of(item, desk)
    if number in special:
        yield from _special(special[number], item, people, desk)
    elif number in desk.fields:
        yield from _own(desk.fields[number], item, words, desk)
    else:
        read = _SYSTEM.get(name.lower()) if item.get("fieldtype") != "custom" else None
        yield from _different(read(item, desk, words, people)) if read else ()


def _number_of(item: Row, desk: Desk) -> str:
    """The custom field that a line is about, where it only says the title."""
    if item.get("fieldtype") != "custom":
        return ""
    title = str(item.get("field"))
    found = desk.field_named(title)
    return (
        found[0] if found else next((n for n, each in desk.titles.items() if each.casefold() == title.casefold()), "")
    )


def _different(told: list[Told]) -> Iterator[Told]:
    yield from (each for each in told if each.old != each.new)


def _own(field: Field, item: Row, words: Words, desk: Desk) -> Iterator[Told]:
    was, now = (_named(field.told(item.get(name), item.get(f"{name}String")), field, desk) for name in ("from", "to"))
    if was == now:
        return
    yield Told(FIELD + field.title, was or None, now or None)
    mapped = next((fact for fact, title in words.fields.items() if title == field.title), None)
    if mapped and mapped not in ("promise_due", "tags"):
        yield Told(mapped, was or None, now or None)


def _named(value: Value, field: Field, desk: Desk) -> Value:
    """A value of the changelog with its people by id."""
    if field.kind not in ("user", "users") or value is None:
        return value
    return desk.person(value) if isinstance(value, str) else tuple(str(desk.person(who)) for who in value)


def _special(what: str, item: Row, people: People, desk: Desk) -> Iterator[Told]:
    if what == "request_type":
        yield from _different([Told("form", item.get("fromString") or None, item.get("toString") or None)])
    elif what == "organizations":
        yield from _different([Told("organization", _first(item.get("fromString")), _first(item.get("toString")))])
    elif what == "participants":
        copies = [[people.handle(str(desk.person(who))) for who in ids_in(item.get(name))] for name in ("from", "to")]
        yield from _different([Told("cc", tuple(copies[0]) or None, tuple(copies[1]) or None)])


def _first(shown: str | None) -> str | None:
    return (shown or "").split(",")[0].strip() or None


def _status(item: Row, desk: Desk, words: Words, people: People) -> list[Told]:  # noqa: ARG001
    def category(name: str) -> str | None:
        shown = item.get(f"{name}String")
        known = desk.statuses.get(str(item.get(name))) or ["", ""]
        return words.category(str(shown), known[1]) if shown else None

    names = Told("status_name", item.get("fromString"), item.get("toString"))
    return [Told("status", category("from"), category("to")), names]


def _person(fact: str) -> Callable[[Row, Desk, Words, People], list[Told]]:
    def read(item: Row, desk: Desk, words: Words, people: People) -> list[Told]:  # noqa: ARG001
        was, now = (desk.person(item.get(name)) for name in ("from", "to"))
        if fact == "assignee":
            people.works_here(was)
            people.works_here(now)
        return [Told(fact, was, now)]

    return read


def _priority(item: Row, desk: Desk, words: Words, people: People) -> list[Told]:  # noqa: ARG001
    was, now = (
        words.priority_of(str(item.get(f"{name}String")), str(item.get(name))) if item.get(name) else None
        for name in ("from", "to")
    )
    return [Told("priority", was, now)]


def _labels(item: Row, desk: Desk, words: Words, people: People) -> list[Told]:  # noqa: ARG001
    was, now = (tuple(str(item.get(name) or "").split()) or None for name in ("fromString", "toString"))
    return [Told("tags", was, now)]


def _project(item: Row, desk: Desk, words: Words, people: People) -> list[Told]:  # noqa: ARG001
    was, now = item.get("fromString"), item.get("toString")
    return [Told("brand", was, now), *([] if "group" in words.fields else [Told("group", was, now)])]


def _due(item: Row, desk: Desk, words: Words, people: People) -> list[Told]:  # noqa: ARG001
    return [Told("due", day_text(item.get("from")), day_text(item.get("to")))]


def _shown(fact: str) -> Callable[[Row, Desk, Words, People], list[Told]]:
    return lambda item, desk, words, people: [Told(fact, item.get("fromString") or None, item.get("toString") or None)]  # noqa: ARG005


_SYSTEM: Mapping[str, Callable[[Row, Desk, Words, People], list[Told]]] = {
    "status": _status,
    "assignee": _person("assignee"),
    "reporter": _person("requester"),
    "priority": _priority,
    "labels": _labels,
    "project": _project,
    "duedate": _due,
    "issuetype": _shown("type"),
    "summary": _shown("subject"),
}
"""Jira's own fields, as changelogs name them in whatever language."""
