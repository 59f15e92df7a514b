"""What facts mean, ticket by ticket and event by event: slow, plain, and written from the language page alone.

A world is plain rows: tickets and events as in ``Snapshot``'s frames. Nothing here is shared with the engine.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

from open_minutes import OpenMinutes

from makegood.connectors.ticket import Organization, Person

DONE = ("solved", "closed")
LISTS = ("tags", "cc", "approvers")


@dataclass
class World:
    at: datetime
    tickets: list[dict[str, Any]]
    events: list[dict[str, Any]]
    people: dict[str, Person] = field(default_factory=dict)
    organizations: dict[str, Organization] = field(default_factory=dict)
    clocks: Any = None
    jobs: list[tuple[str, OpenMinutes, list[tuple[date, date]]]] = field(default_factory=list)
    """Who works when, by handle, and from which day to which they are away."""

    def ticket(self, ticket: str) -> dict[str, Any] | None:
        return next((row for row in self.tickets if row["id"] == ticket), None)

    def of(self, ticket: str, until: datetime | None = None) -> list[dict[str, Any]]:
        rows = [row for row in self.events if row["ticket"] == ticket and (until is None or row["at"] <= until)]
        return sorted(rows, key=lambda row: (row["at"], row["seq"]))


# --- fields -----------------------------------------------------------------------------------------------------------


def field_at(world: World, ticket: str, name: str, now: datetime) -> Any:
    """Walked forward: the state before the first change, then every change up to now."""
    changes = [event for event in world.of(ticket) if event["kind"] == "field" and event["field"] == name]
    value = _entries(name, changes[0]["old"]) if changes else _present(world, ticket, name)
    for change in changes:
        if change["at"] <= now:
            value = _entries(name, change["new"])
    return value or None


def _present(world: World, ticket: str, name: str) -> Any:
    row = world.ticket(ticket) or {}
    if name.startswith("field."):
        value = json.loads(row.get("custom") or "{}").get(name.removeprefix("field."))
        return tuple(value) if isinstance(value, list) else value
    value = row.get(name)
    return tuple(value) if isinstance(value, list) else value


def _entries(name: str, text: str | None) -> Any:
    if name == "due":
        return text and datetime.fromisoformat(text)
    if text and (name in LISTS or (name.startswith("field.") and text.startswith(('["', "[]")))):
        return tuple(json.loads(text))
    return text


def gone(world: World, ticket: str, now: datetime) -> bool:
    ends = [event for event in world.of(ticket) if event["kind"] in ("merged", "deleted")]
    row = world.ticket(ticket) or {}
    marked = bool(row.get("merged_into") or row.get("deleted"))
    return any(event["at"] <= now for event in ends) if ends else marked


# --- facts ------------------------------------------------------------------------------------------------------------


def fact(world: World, ticket: str, name: str, now: datetime) -> Any:
    if name in FACTS:
        return FACTS[name](world, ticket, now)
    head, _, rest = name.partition(".")
    if head == "sla":
        return _sla(world, ticket, rest, now)
    if head == "deadline":
        return world.clocks and world.clocks(ticket, name, now)
    if head in ("requester", "assignee") and rest:
        person = world.people.get((field_at(world, ticket, head, now) or "").lower())
        return person and _of(person, rest)
    if head == "organization" and rest:
        organization = world.organizations.get(field_at(world, ticket, head, now))
        return organization and _of(organization, rest)
    row = world.ticket(ticket) or {}
    return (row.get(name) or None) if name in ("id", "url", "created") else field_at(world, ticket, name, now)


def _of(found: Person | Organization, what: str) -> Any:
    value = found.fields.get(what.removeprefix("field.")) if what.startswith("field.") else getattr(found, what)
    return value if isinstance(value, bool) else value or None


def _spoken(world: World, ticket: str, now: datetime) -> list[tuple[str, dict[str, Any]]]:
    """Public messages with who counts as their writer."""
    found = []
    for event in world.of(ticket, now):
        if event["kind"] == "message" and event["public"]:
            machine = event["auto"] or event["actor_kind"] in ("automation", "robot")
            found.append(("auto_reply" if machine else event["actor_kind"], event))
    return found


def _said(who: str, which: int, what: str) -> Any:
    def find(world: World, ticket: str, now: datetime) -> Any:
        events = [event for writer, event in _spoken(world, ticket, now) if writer == who]
        return (events[which][what] or None) if events else None

    return find


def _waits(world: World, ticket: str, now: datetime) -> tuple[list[tuple[datetime, datetime]], datetime | None]:
    """Waits that an agent ended, and since when the customer waits now."""
    ended, since = [], None
    for writer, event in _spoken(world, ticket, now):
        if writer == "customer" and since is None:
            since = event["at"]
        elif writer == "agent":
            if since is not None:
                ended.append((since, event["at"]))
            since = None
    return ended, since


def all_waits(world: World, ticket: str, now: datetime) -> list[tuple[datetime, datetime]]:
    ended, since = _waits(world, ticket, now)
    end = solved(world, ticket, now)
    return [*ended, (since, max(since, min(now, end)) if end else now)] if since else ended


def _path(world: World, ticket: str, name: str, now: datetime) -> list[tuple[datetime, Any]]:
    """A field's values one after another, each with its begin; the first one since creation."""
    row = world.ticket(ticket) or {}
    changes = [event for event in world.of(ticket) if event["kind"] == "field" and event["field"] == name]
    first = _entries(name, changes[0]["old"]) if changes else _present(world, ticket, name)
    path = [(row["created"], first or None)]
    for change in changes:
        if change["at"] <= now and (_entries(name, change["new"]) or None) != path[-1][1]:
            path.append((change["at"], _entries(name, change["new"]) or None))
    return path


def stints(world: World, ticket: str, now: datetime) -> tuple[list[datetime], list[datetime]]:
    """When it was solved, and when it was reopened."""
    solved, reopened, done = [], [], False
    for at, status in _path(world, ticket, "status", now):
        if (status in DONE) != done:
            done = not done
            (solved if done else reopened).append(at)
    return solved, reopened


def solved(world: World, ticket: str, now: datetime) -> datetime | None:
    solved, reopened = stints(world, ticket, now)
    return solved[-1] if len(solved) > len(reopened) else None


def _previous(world: World, ticket: str, now: datetime) -> Any:
    owners = [owner for _, owner in _path(world, ticket, "assignee", now)]
    return next((owner for owner in reversed(owners[:-1]) if owner), None)


def _handoffs(world: World, ticket: str, now: datetime) -> int:
    owners = [owner for _, owner in _path(world, ticket, "assignee", now)]
    return sum(1 for old, new in pairwise(owners) if old and new)


def _rated(what: str) -> Any:
    def find(world: World, ticket: str, now: datetime) -> Any:
        ratings = [event for event in world.of(ticket) if event["kind"] == "rating"]
        if not ratings and what == "new":
            return _present(world, ticket, "csat")
        given = [event for event in ratings if event["at"] <= now]
        return (given[-1][what] or None) if given else None

    return find


def _score(world: World, ticket: str, now: datetime) -> float | None:
    return number(_rated("old")(world, ticket, now))


def _human(world: World, ticket: str, now: datetime) -> datetime:
    events = [e for e in world.of(ticket, now) if e["kind"] != "sla" and not e["auto"]]
    people = [e["at"] for e in events if e["actor_kind"] in ("agent", "customer")]
    return max(people, default=(world.ticket(ticket) or {})["created"])


def _updated(world: World, ticket: str, now: datetime) -> datetime:
    row = world.ticket(ticket) or {}
    events = (e["at"] for e in world.of(ticket) if e["kind"] != "sla")
    return max(at for at in (row["created"], row["updated"], *events) if at <= now)


def sla_runs(world: World, ticket: str, clock: str) -> list[tuple[datetime, str | None, datetime | None, datetime]]:
    """What the desk said of its clock: when, the state, the due time, and since when that has been the due time."""
    runs: list[tuple[datetime, str | None, datetime | None, datetime]] = []
    for event in world.of(ticket, world.at):
        if event["kind"] == "sla" and event["field"].lower() == clock.lower():
            due = datetime.fromisoformat(event["old"]) if event["old"] and event["new"] else None
            since = runs[-1][3] if runs and runs[-1][2] == due else event["at"]
            runs.append((event["at"], event["new"], due, since))
    return runs


def _sla(world: World, ticket: str, clock: str, now: datetime) -> Any:
    """The desk's word, and what the time makes of it: the last quarter is due_soon, after the due time it is missed."""
    told = [run for run in sla_runs(world, ticket, clock.removesuffix(".due")) if run[0] <= now]
    if not told:
        return None
    _, state, due, since = told[-1]
    if clock.endswith(".due"):
        return due
    if state not in ("running", "due_soon") or due is None:
        return state
    if now > due:
        return "missed"
    return "due_soon" if now >= due - (due - since) / 4 else state


def _share(world: World, ticket: str, now: datetime) -> float:
    return int.from_bytes(hashlib.sha256(ticket.encode()).digest()[:6], "big") / 2**48


def others(world: World, now: datetime) -> list[dict[str, Any]]:
    return [row for row in world.tickets if row["created"] <= now and not gone(world, row["id"], now)]


def _counted(key: str, counts: Any, own: str | None = None) -> Any:
    """How many tickets whose ``key`` is that of this ticket (or this ticket itself) count."""

    def find(world: World, ticket: str, now: datetime) -> int | None:
        wanted = ticket if own == "id" else field_at(world, ticket, key, now)
        same = (row["id"] for row in others(world, now) if field_at(world, row["id"], key, now) == wanted)
        return None if wanted is None else sum(1 for other in same if counts(world, other, now))

    return find


def _is_open(world: World, ticket: str, now: datetime) -> bool:
    return field_at(world, ticket, "status", now) not in DONE


def _is_young(days: int) -> Any:
    return lambda world, ticket, now: now < (world.ticket(ticket) or {})["created"] + timedelta(days=days)


def _was_bad(world: World, ticket: str, now: datetime) -> bool:
    given = _rated("at")(world, ticket, now)
    return given is not None and _rated("new")(world, ticket, now) == "bad" and now < given + timedelta(days=90)


def _load(world: World, ticket: str, now: datetime) -> int | None:
    owner = field_at(world, ticket, "assignee", now)
    at = world.at
    mine = [row["id"] for row in others(world, at) if field_at(world, row["id"], "assignee", at) == owner]
    return None if owner is None else sum(1 for one in mine if field_at(world, one, "status", at) in ("new", "open"))


def _away(world: World, ticket: str, now: datetime) -> bool | None:
    owner = (field_at(world, ticket, "assignee", now) or "").lower()
    person = world.people.get(owner)
    mine = [(hours, days) for who, hours, days in world.jobs if who == owner]
    if person is None and not mine:
        return None
    off = [first <= world.at.astimezone(hours.zone).date() <= last for hours, days in mine for first, last in days]
    return any(off) or bool(person and person.away)


def _at_work(world: World, ticket: str, now: datetime) -> bool | None:
    owner = (field_at(world, ticket, "assignee", now) or "").lower()
    person = world.people.get(owner)
    opens = [hours.is_open(world.at) for who, hours, _ in world.jobs if who == owner]
    if not opens:
        return None
    return any(opens) and not _away(world, ticket, now) and (person is None or person.active)


def _last_assignee(key: str, world: World, ticket: str, now: datetime) -> Any:
    whose, found = field_at(world, ticket, key, now), []
    for row in world.tickets:
        other = row["id"]
        if other == ticket or row["created"] > now or gone(world, other, world.at):
            continue
        for at in stints(world, other, now)[0]:
            owner = field_at(world, other, "assignee", at)
            still = field_at(world, other, "status", at) in DONE
            if still and owner and whose and field_at(world, other, key, at) == whose:
                found.append((at, int(other), owner))
    return max(found)[2] if found else None


def _parent_status(world: World, ticket: str, now: datetime) -> Any:
    parent = world.ticket(field_at(world, ticket, "parent", now) or "")
    known = parent is not None and parent["created"] <= now and not gone(world, parent["id"], now)
    return field_at(world, parent["id"], "status", now) if parent and known else None


def _messages(world: World, ticket: str, now: datetime) -> str | None:
    texts = [event["text"] for who, event in _spoken(world, ticket, now) if who == "customer" and event["text"]]
    return "\n".join(texts) or None


FACTS: dict[str, Any] = {
    "now": lambda world, ticket, now: now,
    "updated": _updated,
    "sample": _share,
    "customer_messages": _messages,
    "last_customer_message": _said("customer", -1, "text"),
    "last_agent_message": _said("agent", -1, "text"),
    "first_reply": _said("agent", 0, "at"),
    "last_agent_reply": _said("agent", -1, "at"),
    "last_customer_reply": _said("customer", -1, "at"),
    "unanswered_since": lambda world, ticket, now: _waits(world, ticket, now)[1],
    "last_message_by": lambda world, ticket, now: next((who for who, _ in reversed(_spoken(world, ticket, now))), None),
    "agent_replies": lambda world, ticket, now: sum(who == "agent" for who, _ in _spoken(world, ticket, now)),
    "first_reply_took": _said("agent", 0, "at"),
    "resolution_took": solved,
    "longest_wait": lambda world, ticket, now: all_waits(world, ticket, now) or "none",
    "solved": solved,
    "reopened": lambda world, ticket, now: max(stints(world, ticket, now)[1], default=None),
    "reopens": lambda world, ticket, now: len(stints(world, ticket, now)[1]),
    "status_changed": lambda world, ticket, now: _path(world, ticket, "status", now)[-1][0],
    "assigned": lambda w, t, now: _path(w, t, "assignee", now)[-1][0] if field_at(w, t, "assignee", now) else None,
    "previous_assignee": _previous,
    "handoffs": _handoffs,
    "csat": _rated("new"),
    "csat_score": _score,
    "csat_comment": _rated("text"),
    "csat_given": _rated("at"),
    "last_human_activity": _human,
    "requester.open_tickets": _counted("requester", _is_open),
    "requester.tickets_7d": _counted("requester", _is_young(7)),
    "requester.tickets_30d": _counted("requester", _is_young(30)),
    "requester.bad_csat_90d": _counted("requester", _was_bad),
    "requester.last_assignee": partial(_last_assignee, "requester"),
    "organization.open_tickets": _counted("organization", _is_open),
    "organization.last_assignee": partial(_last_assignee, "organization"),
    "assignee.open_tickets": _load,
    "assignee.away": _away,
    "assignee.at_work": _at_work,
    "open_children": _counted("parent", _is_open, own="id"),
    "parent.status": _parent_status,
}


def number(value: Any) -> float | None:
    try:
        return None if value is None or isinstance(value, tuple) else float(value)
    except ValueError:
        return None
