"""Zendesk's words and ours: statuses, fields by name, people, tickets. Nothing here sends a request.

Zendesk speaks in numbers: groups, fields, custom statuses, forms, brands, people. Rules speak in names. :class:`Desk` holds what
is needed to read any ticket or event; it travels in the cursor.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from .ticket import FieldSpec, Schedule, Ticket

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .ticket import FieldType, Status, Value
    from .zendesk_people import People

Row = dict[str, Any]

CATEGORIES: Mapping[str, Status] = {
    "new": "new",
    "open": "open",
    "pending": "pending",
    "hold": "on_hold",
    "solved": "solved",
    "closed": "closed",
    "deleted": "closed",
}
THEIRS: Mapping[str, str] = {"on_hold": "hold"}
"""Our category to Zendesk's, where the two differ."""

STOCK: Mapping[str, Status] = {
    "New": "new",
    "Open": "open",
    "Pending": "pending",
    "On-hold": "on_hold",
    "Solved": "solved",
}
"""What Zendesk calls its statuses where the account has none of its own."""

TYPES = ("question", "incident", "problem", "task")
MERGED = "closed_by_merge"
"""The tag that Zendesk puts on a ticket that was merged into another."""

_FIELD_TYPES: Mapping[str, FieldType] = {
    "tagger": "choice",
    "multiselect": "list",
    "checkbox": "yes/no",
    "date": "day",
    "integer": "number",
    "decimal": "number",
}
CUSTOM = frozenset({*_FIELD_TYPES, "text", "textarea", "regexp", "partialcreditcard", "lookup"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Words:
    """What the settings say of this desk: the custom field that stands for a fact, and accounts that are not people."""

    fields: Mapping[str, str] = field(default_factory=dict)
    robots: Sequence[str] = ()
    ignore_senders: Sequence[str] = ()

    def is_robot(self, number: str, email: str | None) -> bool:
        """Whether the settings name this account among those that are not people."""
        return bool({number, (email or "").lower()} & {robot.lower() for robot in self.robots})

    def ignores(self, email: str | None) -> bool:
        """Whether mail from this address is a machine's."""
        if not self.ignore_senders:
            return False
        return any(fnmatchcase((email or "").lower(), pattern.lower()) for pattern in self.ignore_senders)


@dataclass(frozen=True)
class CustomField:
    """A ticket field of the account.

    ``options`` maps what is stored (a tag) to what people see; ``mark`` is the tag that a ticked checkbox puts on a ticket.
    """

    title: str
    type: str
    options: Mapping[str, str] = field(default_factory=dict)
    mark: str | None = None

    def spec(self) -> FieldSpec:
        """The catalogue's entry."""
        values = tuple(self.options.values()) if self.options else None
        return FieldSpec(self.title, _FIELD_TYPES.get(self.type, "text"), values)

    def value(self, raw: Any) -> Value:
        """What a ticket holds, as the contract writes it."""
        if raw is None or raw == "" or raw == []:
            return None
        if isinstance(raw, list):
            return tuple(self.options.get(str(each), str(each)) for each in raw)
        if self.type == "checkbox":
            return "yes" if raw in (True, "true", "1", 1) else "no"
        if self.type == "date":
            return f"{str(raw)[:10]}T00:00:00Z"
        return self.options.get(str(raw), str(raw))

    def raw(self, value: Value) -> Any:
        """What to write for a value of ours."""
        if self.type == "checkbox":
            return value == "yes"
        if value is None:
            return [] if self.type == "multiselect" else None
        if self.type == "multiselect":
            return [self.tag(each) for each in ((value,) if isinstance(value, str) else value)]
        text = value if isinstance(value, str) else ", ".join(value)
        return text[:10] if self.type == "date" else self.tag(text)

    def tags(self, tags: Sequence[str], raw: Any) -> list[str]:
        """A ticket's tags once the field holds this: choices and ticks are tags underneath, and the old ones must not stay."""
        own = {*self.options, self.mark}
        chosen = [self.mark] if raw is True else raw if isinstance(raw, list) else [raw]
        kept = [tag for tag in tags if tag not in own]
        return [*kept, *(tag for tag in chosen if tag and tag in own)]

    def tag(self, name: str) -> str:
        """What is stored for an option; a text that is no option is itself."""
        return next((tag for tag, shown in self.options.items() if shown.casefold() == name.casefold()), name)


@dataclass
class Desk:
    """The account's own names by number (as text), as last fetched.

    ``former`` are groups that are not there any more. ``members`` maps agents to the groups they are in, ``away`` tells who does
    not take work; ``routes``: whether the account knows that at all (``None``: nobody asked yet).
    """

    me: str = ""
    zone: str = "UTC"
    groups: dict[str, str] = field(default_factory=dict)
    former: dict[str, str] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    away: dict[str, bool] = field(default_factory=dict)
    fields: dict[str, CustomField] = field(default_factory=dict)
    statuses: dict[str, tuple[str, str]] = field(default_factory=dict)
    forms: dict[str, str] = field(default_factory=dict)
    brands: dict[str, str] = field(default_factory=dict)
    slas: list[str] = field(default_factory=list)
    routes: bool | None = None
    hours: list[Schedule] = field(default_factory=list)

    def to_json(self) -> Row:
        """What :meth:`from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, said: Row) -> Desk:
        """The desk that a cursor holds. Raises ``TypeError`` or ``KeyError`` where it holds something else."""
        fields = {number: CustomField(**each) for number, each in said.pop("fields").items()}
        statuses = {number: (name, category) for number, (name, category) in said.pop("statuses").items()}
        hours = [_schedule(**each) for each in said.pop("hours")]
        return cls(fields=fields, statuses=statuses, hours=hours, **said)

    def field_named(self, name: str) -> tuple[str, CustomField] | None:
        """A custom field by its name, with its number."""
        return next(((n, each) for n, each in self.fields.items() if each.title.casefold() == name.casefold()), None)

    def status_named(self, name: str) -> tuple[str, str] | None:
        """A custom status by its name: number and category."""
        return next(
            ((n, kind) for n, (shown, kind) in self.statuses.items() if shown.casefold() == name.casefold()), None
        )

    def names(self) -> dict[tuple[str, ...], str]:
        """Every name that tickets bear, by what is called so and its number."""
        plain = {"group": self.groups, "form": self.forms, "brand": self.brands}
        found = {(kind, number): name for kind, names in plain.items() for number, name in names.items()}
        found |= {("status", number): name for number, (name, _) in self.statuses.items()}
        found |= {("field", number): each.title for number, each in self.fields.items()}
        return found | {
            ("option", number, tag): name for number, each in self.fields.items() for tag, name in each.options.items()
        }

    def group_name(self, number: str) -> str | None:
        """What a group is or was called."""
        return self.groups.get(number) or self.former.get(number)

    def group_names(self, person: str) -> tuple[str, ...]:
        """The groups somebody is in."""
        return tuple(sorted(self.groups[g] for g in self.members.get(person, ()) if g in self.groups))


def _schedule(name: str, time_zone: str, hours: Mapping[str, Sequence[str]], closed: Sequence[str]) -> Schedule:
    return Schedule(name, time_zone, {day: tuple(slots) for day, slots in hours.items()}, tuple(closed))


def number_named(name: Value, names: Mapping[str, str]) -> str | None:
    """The number of what is called so, without case."""
    folded = name.casefold() if isinstance(name, str) else ""
    return next((number for number, shown in names.items() if shown.casefold() == folded), None)


def text_of(number: Any) -> str | None:
    """A number as the contract writes ids; nothing stays nothing."""
    return str(number) if number else None


def instant(text: str | None) -> datetime | None:
    """A time of Zendesk's, ``2026-03-02T09:00:00Z``; ``None`` where there is none."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except ValueError:
        return None


def instant_text(text: Any) -> str | None:
    """A time of Zendesk's as the contract writes it."""
    at = instant(text) if isinstance(text, str) else None
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def custom_fields(rows: Iterable[Row]) -> dict[str, CustomField]:
    """The account's own ticket fields; of several with one title the active ones come first and others bear their number."""
    found: dict[str, CustomField] = {}
    titles: set[str] = set()
    for row in sorted(rows, key=lambda row: (not row.get("active", True), int(row["id"]))):
        if row.get("type") not in CUSTOM:
            continue
        title = str(row.get("title") or row["id"])
        title = f"{title} ({row['id']})" if title.casefold() in titles else title
        titles.add(title.casefold())
        options = {str(o["value"]): str(o["name"]) for o in row.get("custom_field_options") or []}
        found[str(row["id"])] = CustomField(title, str(row["type"]), options, row.get("tag") or None)
    return found


def ticket_of(row: Row, desk: Desk, words: Words, people: People) -> Ticket:
    """A ticket as it came from Zendesk; who and what is named by number must be known to ``desk`` and ``people``."""
    custom = _customs(row, desk)
    status_name, status = _status(row, desk)
    requester = text_of(row.get("requester_id"))
    known: dict[str, Any] = {
        fact: custom[name]
        for fact, name in words.fields.items()
        if fact in MAPPABLE and isinstance(custom.get(name), str)
    }
    rating = row.get("satisfaction_rating") or {}
    plain: dict[str, Any] = {
        "type": row.get("type") or None,
        "channel": _CHANNELS.get(channel := str((row.get("via") or {}).get("channel") or ""), channel) or None,
        "form": desk.forms.get(str(row.get("ticket_form_id"))),
        "brand": desk.brands.get(str(row.get("brand_id"))),
        "language": people.languages.get(requester or ""),
        "group": desk.group_name(str(row.get("group_id"))),
        "organization": people.organizations.get(str(row.get("organization_id"))),
        "sent_to": row.get("recipient") or None,
        "parent": text_of(row.get("problem_id")),
    }
    return Ticket(
        id=str(row["id"]),
        version=str(row.get("updated_at") or ""),
        created=instant(row.get("created_at")) or _EPOCH,
        updated=instant(row.get("updated_at")) or _EPOCH,
        status=status,
        status_name=status_name,
        url=address(row),
        subject=str(row.get("subject") or ""),
        description=str(row.get("description") or ""),
        priority=row.get("priority") or None,
        assignee=text_of(row.get("assignee_id")),
        requester=requester,
        due=instant(row.get("due_at")),
        tags=tuple(row.get("tags") or ()),
        cc=tuple(dict.fromkeys(people.handle(number) for number in in_copy(row))),
        csat=score(rating),
        custom=custom,
        deleted=row.get("status") == "deleted",
        **plain | known,
    )


MAPPABLE = frozenset({"type", "channel", "form", "brand", "language", "organization", "sent_to", "approval", "parent"})
"""Facts that ``map`` may take from a custom field."""

_CHANNELS = {"mail": "email", "api": "api", "voice": "phone", "native_messaging": "messaging"}
"""Zendesk's names of channels where people say something else."""

MESSAGING = frozenset(
    {
        "messaging",
        "native_messaging",
        "whatsapp",
        "facebook_messenger",
        "instagram_dm",
        "line",
        "sunshine_conversations_api",
    }
)
"""Channels on which a public comment by API does not surely reach the customer."""


def address(row: Row) -> str:
    """Where a person reads the ticket: Zendesk's ``url`` is the one for programs."""
    return str(row.get("url") or "").replace("/api/v2/tickets/", "/agent/tickets/").removesuffix(".json")


def in_copy(row: Row) -> list[str]:
    """People in copy and followers, by number."""
    lists = (row.get(name) or () for name in ("email_cc_ids", "collaborator_ids", "follower_ids"))
    return list(dict.fromkeys(str(number) for numbers in lists for number in numbers))


def score(rating: Row) -> Any:
    """``good`` or ``bad``; ``offered`` and ``unoffered`` are no answer. Newer scales come folded into these two."""
    said = str(rating.get("score") or "").lower()
    return said if said in ("good", "bad") else None


def _customs(row: Row, desk: Desk) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for each in row.get("custom_fields") or ():
        raw = each.get("value")
        if raw is not None and raw != "" and raw != []:
            known = desk.fields.get(str(each.get("id")))
            if known is not None:
                found[known.title] = known.value(raw)
    return found


def _status(row: Row, desk: Desk) -> tuple[str | None, Status]:
    category = CATEGORIES.get(str(row.get("status")), "open")
    own = desk.statuses.get(str(row.get("custom_status_id")))
    if own and category != "closed":
        return own[0], category
    return next((name for name, kind in STOCK.items() if kind == category), "Closed"), category
