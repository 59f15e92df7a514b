"""Jira's words and ours: statuses, priorities, projects, people's ids, and an issue read as a ticket. Nothing here sends a request.

:class:`Desk` holds what is needed to read any issue; it travels in the cursor. An issue tells its own status, priority and project by
name, so only what it tells by number alone has to be known before.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from dataclasses import fields as dataclass_fields
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from .jsm_fields import Field, day_text, instant
from .jsm_text import plain_text
from .ticket import Ticket

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .jsm_people import People
    from .ticket import Priority, Status

Row = dict[str, Any]

KEYS: Mapping[str, Status] = {"new": "new", "indeterminate": "open", "done": "solved", "undefined": "open"}
"""What Jira's own three categories mean where nobody says more."""

STOCK: Mapping[str, Status] = {
    "waiting for support": "open",
    "in progress": "open",
    "work in progress": "open",
    "escalated": "open",
    "reopened": "open",
    "under investigation": "open",
    "under review": "open",
    "implementing": "open",
    "waiting for customer": "pending",
    "pending": "on_hold",
    "on hold": "on_hold",
    "waiting for approval": "on_hold",
    "awaiting approval": "on_hold",
    "waiting": "on_hold",
    "awaiting implementation": "on_hold",
    "planning": "on_hold",
    "resolved": "solved",
    "done": "solved",
    "completed": "solved",
    "closed": "closed",
    "canceled": "closed",
    "cancelled": "closed",
    "declined": "closed",
    "failed": "closed",
}
"""Statuses of the workflows that Jira Service Management brings; others count by their category."""

STOCK_PRIORITIES: Mapping[str, Priority] = {
    **dict.fromkeys(("highest", "urgent", "blocker", "critical", "p1"), "urgent"),
    **dict.fromkeys(("high", "major", "p2"), "high"),
    **dict.fromkeys(("medium", "normal", "p3"), "normal"),
    **dict.fromkeys(("low", "lowest", "minor", "trivial", "p4", "p5"), "low"),
}
_BY_NUMBER: Mapping[str, Priority] = {"1": "urgent", "2": "high", "3": "normal", "4": "low", "5": "low"}
"""The priorities that every site begins with keep their numbers in whatever language they are shown."""

DUPLICATE = "duplicate"
"""How Jira's stock calls both the resolution and the link of an issue that goes on in another one."""

ROBOT = "Automation for Jira"
"""The name under which Jira's own rules act, unless they were given somebody else's."""

SYSTEM = (
    *(
        "summary",
        "description",
        "status",
        "priority",
        "issuetype",
        "project",
        "assignee",
        "reporter",
        "creator",
        "labels",
    ),
    *("created", "updated", "resolution", "resolutiondate", "duedate", "comment", "issuelinks", "parent"),
)
"""The fields of Jira itself that are read."""
CHANNEL = "request.channel.type"
"""The issue property in which service management keeps how a request came in."""
_CHANNELS = {"portal": "web", "anonymousportal": "web", "jira": "agent", "externalapi": "api"}

MAPPABLE = frozenset(
    {"type", "channel", "form", "brand", "language", "organization", "sent_to", "approval", "parent", "group"}
)
"""Facts that ``map`` may take from a custom field."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GOOD, _BAD = 4, 2


@dataclass(frozen=True)
class Words:
    """What the settings say of this desk.

    ``status`` and ``priority`` map our words to lists of the desk's, ``fields`` a fact to the custom field that holds it,
    ``people`` a handle to an account id where the site hides addresses. ``projects``: their keys, none for all service
    projects. ``groups``: those of Jira's groups that count as groups. ``resolution``: what is put in where a transition
    asks for one.
    """

    status: Mapping[str, Sequence[str]] = field(default_factory=dict)
    priority: Mapping[str, Sequence[str]] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    robots: Sequence[str] = ()
    ignore_senders: Sequence[str] = ()
    projects: Sequence[str] = ()
    groups: Sequence[str] = ()
    resolution: str = "Done"

    def category(self, name: str, key: str) -> Status:
        """The category of a status, by its name, else by the key of Jira's own category."""
        return self._told(self.status).get(name.casefold()) or STOCK.get(name.casefold()) or KEYS.get(key, "open")

    def mapped(self, name: str, key: str) -> bool:
        """Whether a status means something for sure: work that goes on may as well wait for somebody."""
        known = name.casefold() in self._told(self.status) or name.casefold() in STOCK
        return known or key in ("new", "done")

    def rank(self, category: str, name: str) -> int:
        """How well a status stands for a category: those that the settings name first, then those of stock workflows."""
        named = [*(word.casefold() for word in self.status.get(category, ())), *STOCK]
        return named.index(name.casefold()) if name.casefold() in named else len(named)

    def priority_of(self, name: str, number: str) -> Priority | None:
        """The word for one of the site's priorities."""
        told: Any = self._told(self.priority)
        return told.get(name.casefold()) or STOCK_PRIORITIES.get(name.casefold()) or _BY_NUMBER.get(number)

    @staticmethod
    def _told(words: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        return {word.casefold(): ours for ours, theirs in words.items() for word in theirs}

    def is_robot(self, person: str, email: str | None) -> bool:
        """Whether the settings name this account among those that are not people."""
        return bool({person.casefold(), (email or "").casefold()} & {robot.casefold() for robot in self.robots})

    def ignores(self, email: str | None) -> bool:
        """Whether mail from this address is a machine's."""
        return any(fnmatchcase((email or "").lower(), pattern.lower()) for pattern in self.ignore_senders)


@dataclass
class Desk:
    """The site as last fetched; ids are text.

    ``site`` is where people read it. ``projects`` maps the id of each project that is followed to key, name and service desk.
    ``statuses`` and ``priorities`` hold name and category key, and name; ``forms`` the request types by id. ``members`` are agents
    with their groups; who once was one stays in it. ``names`` maps Data Center's user keys to names. ``quiet``: projects in which
    we may keep notifications back. ``groups``: what ``group`` may be.
    """

    cloud: bool = True
    site: str = ""
    me: str = ""
    zone: str = "UTC"
    projects: dict[str, list[str]] = field(default_factory=dict)
    fields: dict[str, Field] = field(default_factory=dict)
    special: dict[str, str] = field(default_factory=dict)
    slas: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, list[str]] = field(default_factory=dict)
    priorities: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    forms: dict[str, str] = field(default_factory=dict)
    organizations: dict[str, str] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    members: dict[str, list[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    quiet: list[str] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> Any:
        """For the cursor."""
        return asdict(self)

    @classmethod
    def from_json(cls, said: Any) -> Desk:
        """From the cursor."""
        fields = {number: Field(**each) for number, each in said["fields"].items()}
        return cls(**{**said, "fields": fields})

    def wanted(self) -> list[str]:
        """The fields that are read of every issue."""
        return [*SYSTEM, *self.special.values(), *self.slas, *self.fields]

    def field_named(self, title: str | None) -> tuple[str, Field] | None:
        """A custom field by its name, whatever its case."""
        folded = (title or "").casefold()
        return next(((n, each) for n, each in self.fields.items() if each.title.casefold() == folded), None)

    def person(self, number: str | None) -> str | None:
        """Somebody as changelogs name them: on Data Center by a key that is no name."""
        return self.names.get(number, number) if number else None


def named(name: str, table: Mapping[str, str]) -> str | None:
    """The number of something called so."""
    return next((number for number, each in table.items() if each.casefold() == name.casefold()), None)


def ticket_of(row: Row, desk: Desk, words: Words, people: People) -> Ticket:
    """A ticket from an issue; everybody named in it must have been met."""
    fields = row["fields"]
    custom = {
        each.title: value
        for number, each in desk.fields.items()
        if (value := each.value(fields.get(number), cloud=desk.cloud)) is not None
    }
    status = fields.get("status") or {}
    category = words.category(str(status.get("name")), str((status.get("statusCategory") or {}).get("key")))
    known = {
        fact: custom[title]
        for fact, title in words.fields.items()
        if fact in MAPPABLE and isinstance(custom.get(title), str)
    }
    ticket = Ticket(
        id=str(row["id"]),
        version="",
        created=instant(fields.get("created")) or _EPOCH,
        updated=instant(fields.get("updated")) or _EPOCH,
        status=category,
        status_name=status.get("name") or None,
        url=f"{desk.site}/browse/{row.get('key')}",
        subject=str(fields.get("summary") or ""),
        description=plain_text(str(fields.get("description") or "")),
        priority=_priority(fields.get("priority"), words),
        assignee=people.id_of(fields.get("assignee")),
        requester=people.id_of(fields.get("reporter")),
        due=instant(day_text(fields.get("duedate"))),
        tags=tuple(fields.get("labels") or ()),
        csat=good_or_bad(stars(_special(fields, desk, "feedback"))),
        custom=custom,
        merged_into=merged_into(fields),
        **_derived(row, desk, words, people) | known,
    )
    return versioned(ticket, fields)


_SAID = attrgetter(
    *(
        each.name
        for each in dataclass_fields(Ticket)
        if each.name not in ("version", "updated", "url", "channel", "history_from")
    )
)


def versioned(ticket: Ticket, fields: Row) -> Ticket:
    """The ticket with its version: a digest of what it says, and of how much was said.

    ``updated`` is not in it: SLA timers move it every quarter of an hour. Nor is what not every answer tells.
    """
    comment = fields.get("comment") or {}
    newest = max((int(each["id"]) for each in comment.get("comments") or ()), default=0)
    said = json.dumps([*_SAID(ticket), comment.get("total"), newest], sort_keys=True, default=str)
    return replace(ticket, version=hashlib.sha256(said.encode()).hexdigest()[:20])


def _derived(row: Row, desk: Desk, words: Words, people: People) -> dict[str, Any]:
    fields = row["fields"]
    project, asked = fields.get("project") or {}, _special(fields, desk, "request_type") or {}
    organizations = _special(fields, desk, "organizations") or ()
    approval = next(reversed(_special(fields, desk, "approvals") or ()), None) or {}
    language = _special(fields, desk, "language")
    return {
        "type": (fields.get("issuetype") or {}).get("name"),
        "channel": _channel(row),
        "form": (asked.get("requestType") or {}).get("name") if isinstance(asked, dict) else None,
        "brand": project.get("name"),
        "language": language.get("languageCode") if isinstance(language, dict) else language or None,
        "group": None if "group" in words.fields else project.get("name"),
        "organization": next((str(each["name"]) for each in organizations), None),
        "parent": str(fields["parent"]["id"]) if fields.get("parent") else None,
        "approval": approval.get("finalDecision"),
        "approvers": _everybody((each.get("approver") for each in approval.get("approvers") or ()), people),
        "cc": tuple(people.handle(who) for who in _everybody(_special(fields, desk, "participants") or (), people)),
    }


def _everybody(rows: Iterable[Row | None], people: People) -> tuple[str, ...]:
    return tuple(dict.fromkeys(who for row in rows if (who := people.id_of(row))))


def _special(fields: Row, desk: Desk, what: str) -> Any:
    return fields.get(desk.special.get(what, ""))


def _channel(row: Row) -> str | None:
    said = (row.get("properties") or {}).get(CHANNEL)
    value = said.get("value") if isinstance(said, dict) else said
    return _CHANNELS.get(str(value).lower(), str(value).lower()) if value else None


def _priority(said: Row | None, words: Words) -> Priority | None:
    return words.priority_of(str(said.get("name")), str(said.get("id"))) if said else None


def stars(raw: Any) -> int | None:
    """A rating of one to five, in whichever shape the field has it."""
    value: Any = raw.get("rating") if isinstance(raw, dict) else raw
    try:
        number = int(value)
    except (TypeError, ValueError):
        return None
    return number if 1 <= number <= 5 else None


def good_or_bad(number: int | None) -> Any:
    """``good`` for four and five, ``bad`` for one and two; three is neither."""
    if number is None:
        return None
    return "good" if number >= _GOOD else "bad" if number <= _BAD else None


def merged_into(fields: Row) -> str | None:
    """The issue in which this one goes on: Jira has no merging, people link a duplicate and resolve it as such."""
    if DUPLICATE not in str((fields.get("resolution") or {}).get("name")).lower():
        return None
    for link in fields.get("issuelinks") or ():
        if DUPLICATE in str((link.get("type") or {}).get("name")).lower() and link.get("outwardIssue"):
            return str(link["outwardIssue"]["id"])
    return None


def people_in(row: Row, desk: Desk) -> Iterable[Row]:
    """Everybody who is described in an issue."""
    fields = row["fields"]
    yield from (fields[name] for name in ("assignee", "reporter", "creator") if fields.get(name))
    yield from _special(fields, desk, "participants") or ()
    for approval in _special(fields, desk, "approvals") or ():
        yield from (each["approver"] for each in approval.get("approvers") or () if each.get("approver"))
    for number, each in desk.fields.items():
        if each.kind in ("user", "users") and fields.get(number):
            yield from fields[number] if isinstance(fields[number], list) else [fields[number]]
    for said in (fields.get("comment") or {}).get("comments") or ():
        if said.get("author"):
            yield said["author"]
    for entry in (row.get("changelog") or {}).get("histories") or ():
        if entry.get("author"):
            yield entry["author"]
