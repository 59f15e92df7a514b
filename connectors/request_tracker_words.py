"""Request Tracker's words and ours: statuses, priorities, instants, custom fields, and transactions read as events.

Nothing here sends a request. What RT really says was seen on the wire of RT 5.0.3 (REST 2.0).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from .ticket import PRIORITIES, FieldSpec, Person, Ticket, known_zone
from .ticket_text import html_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .ticket import Priority, Role, Status, Value

Row = dict[str, Any]

NOBODY = "Nobody"
MACHINES = frozenset({"RT_System", NOBODY})
UNSET = "1970-01-01"
"""RT has no null for a time: what is not set is the first day of its calendar."""

STOCK_STATUSES: Mapping[str, Status] = {
    "new": "new",
    "open": "open",
    "stalled": "pending",
    "resolved": "solved",
    "rejected": "closed",
    "deleted": "closed",
}
STOCK_BANDS: tuple[tuple[int, int, Priority], ...] = (
    (-(10**9), 24, "low"),
    (25, 74, "normal"),
    (75, 100, "high"),
    (101, 10**9, "urgent"),
)
"""RT's own words are Low 0, Medium 50 and High 100; it has none for urgent."""
STOCK_NUMBERS: Mapping[Priority, int] = {"low": 0, "normal": 50, "high": 100, "urgent": 150}

SLA = "SLA"
"""RT's service level of a ticket is offered as the custom field of this name, unless the desk has one itself."""


@dataclass(frozen=True)
class Words:
    """What the settings say about this desk's words and fields; what they do not say is RT's stock.

    ``status`` maps a category to the desk's words, ``priority`` a word to ranges like ``75-100``, ``fields`` a fact to the
    custom field that holds it, ``people`` a handle to a login where the desk hides addresses.
    """

    status: Mapping[str, Sequence[str]] = field(default_factory=dict)
    priority: Mapping[str, Sequence[str]] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    robots: Sequence[str] = ()
    ignore_senders: Sequence[str] = ()

    def statuses(self) -> dict[str, Status]:
        """Every status word we know, in lower case, with its category."""
        told = {word.lower(): category for category, words in self.status.items() for word in words}
        return {**STOCK_STATUSES, **told}  # type: ignore[dict-item]

    def category(self, word: str) -> Status:
        """The category of one of the desk's statuses; a word that nobody mapped counts as open."""
        return self.statuses().get(word.lower(), "open")

    def status_word(self, category: str) -> str | None:
        """What to write for a category; ``None`` where neither settings nor stock have a word (stock RT never closes)."""
        if self.status.get(category):
            return self.status[category][0]
        taken = {word.lower() for words in self.status.values() for word in words}
        stock = (w for w, c in STOCK_STATUSES.items() if c == category and c != "closed" and w not in taken)
        return next(stock, None)

    def bands(self) -> list[tuple[int, int, Priority]]:
        """Ranges of RT's number, the settings' before the stock ones."""
        told = [
            (int(low), int(high or low), name)
            for name in PRIORITIES
            for text in self.priority.get(name, ())
            for low, _, high in [text.replace(" ", "").partition("-")]
            if low.isdigit() and (high or low).isdigit()
        ]
        return [*told, *STOCK_BANDS]

    def priority_of(self, number: str | int | None) -> Priority | None:
        """The word for RT's number, ``None`` where there is none."""
        try:
            n = int(number)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return None
        return next(name for low, high, name in self.bands() if low <= n <= high)

    def priority_number(self, word: str) -> int | None:
        """A number that reads as this word: the lowest the settings name, else RT's own; ``None`` if no number does."""
        told = [low for low, _, name in self.bands()[: -len(STOCK_BANDS)] if name == word]
        stock = [number for name, number in STOCK_NUMBERS.items() if name == word]
        ends = [end for low, high, name in STOCK_BANDS if name == word for end in (low, high)]
        return next((n for n in (*told, *stock, *ends) if self.priority_of(n) == word), None)

    def field_for(self, fact: str, default: str = "") -> str:
        """The custom field that holds a fact."""
        return self.fields.get(fact, default)


@dataclass
class Desk:
    """What must be known of a desk to read its transactions, which name things by number. It travels in the cursor.

    ``agents`` maps a principal's number to its login; ``fields`` a custom field's number to (name, type, multiple).
    """

    me: str
    queues: dict[str, str]
    agents: dict[str, str]
    fields: dict[str, tuple[str, str, bool]]

    def role(self, login: str, email: str | None, words: Words) -> Role:
        """Who this is: ourselves, a machine, an agent (a privileged user), or a customer."""
        if login == self.me:
            return "robot"
        machines = {robot.lower() for robot in words.robots}
        if login in MACHINES or login.lower() in machines or (email or "").lower() in machines:
            return "automation"
        return "agent" if login in self.agents.values() else "customer"

    def field_type(self, name: str) -> tuple[str, bool]:
        """RT's type of a custom field and whether it takes several values."""
        return next(((kind, many) for n, kind, many in self.fields.values() if n == name), ("Freeform", False))

    def named(self, name: str) -> bool:
        """Whether tickets have a custom field of this name."""
        return any(n == name for n, _, _ in self.fields.values())


def quoted(value: str) -> str:
    """A value as TicketSQL wants it: in single quotes, with quotes and backslashes escaped."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def any_of(column: str, numbers: Iterable[str | int]) -> str:
    """TicketSQL for "is one of": RT 5.0.3 has no ``IN``. At least one number is needed."""
    return "(" + " OR ".join(f"{column} = {int(n)}" for n in numbers) + ")"


def instant(text: str | None) -> datetime | None:
    """A time of RT's, ``2026-03-02T09:00:00Z`` or ``2026-03-02 09:00:00`` (both UTC), ``None`` where it is not set."""
    if not text or text.startswith(UNSET):
        return None
    try:
        return datetime.fromisoformat(text.replace("Z", "").strip()).replace(tzinfo=UTC)
    except ValueError:
        return None


def instant_text(text: str | None) -> str | None:
    """A time of RT's as our contract writes it."""
    at = instant(text)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def rt_time(text: str | None, kind: str = "DateTime") -> str:
    """An instant of ours as RT must be told: UTC, with a space; it stores ``T...Z`` as 1970 and says so to nobody."""
    if text is None:
        return f"{UNSET} 00:00:00"
    at = datetime.fromisoformat(text).astimezone(UTC)
    return at.strftime("%Y-%m-%d" if kind == "Date" else "%Y-%m-%d %H:%M:%S")


def custom_value(kind: str, values: Sequence[Any], *, many: bool) -> Value:
    """A custom field's values as the contract has them."""
    texts = [v.get("filename", "") if isinstance(v, dict) else str(v) for v in values]
    if kind in {"DateTime", "Date"}:
        texts = [t for t in map(instant_text, texts) if t]
    texts = [t for t in texts if t]
    return tuple(texts) if many else (texts[0] if texts else None)


def field_spec(name: str, kind: str, *, many: bool, values: Sequence[str] | None) -> FieldSpec:
    """The catalogue's entry for a custom field."""
    if many:
        return FieldSpec(name, "list", tuple(values) if values else None)
    if kind in {"DateTime", "Date"}:
        return FieldSpec(name, "day" if kind == "Date" else "time")
    return FieldSpec(name, "choice", tuple(values)) if values else FieldSpec(name)


def ticket_of(row: Row, version: str, desk: Desk, words: Words, url: str) -> Ticket:
    """A ticket from a row of a search with :data:`TICKET_FIELDS`."""
    custom = customs(row, desk)
    csat = score(custom.get(words.field_for("csat", "CSAT")))
    tags = custom.pop(words.field_for("tags", "Tags"), None)
    requesters = [user for user in row.get("Requestor") or [] if user.get("type") == "user"]
    mapped = {fact: custom.get(name) for fact, name in words.fields.items() if fact in MAPPABLE}
    known: dict[str, Any] = {fact: value for fact, value in mapped.items() if isinstance(value, str)}
    known.setdefault("organization", (requesters[0].get("Organization") or None) if requesters else None)
    status_name = str(row.get("Status") or "")
    return Ticket(
        id=str(row["id"]),
        version=version,
        created=instant(row.get("Created")) or _ages_ago,
        updated=instant(row.get("LastUpdated")) or _ages_ago,
        status=words.category(status_name),
        status_name=status_name or None,
        url=url,
        subject=row.get("Subject") or "",
        priority=words.priority_of(row.get("Priority")),
        group=_queue(row, desk),
        assignee=_person_id(row.get("Owner")),
        requester=_person_id(requesters[0]) if requesters else None,
        due=instant(row.get("Due")),
        tags=tags if isinstance(tags, tuple) else (tags,) if tags else (),
        cc=tuple(handle(user) for user in row.get("Cc") or [] if user.get("type") == "user"),
        csat=csat,
        custom=custom,
        deleted=status_name == "deleted",
        **known,
    )


MAPPABLE = frozenset({"type", "channel", "form", "brand", "language", "organization", "sent_to", "approval", "parent"})
"""Facts RT has no field for, which ``map`` may take from a custom field."""

TICKET_FIELDS = "Subject,Status,Queue,Owner,Requestor,Cc,Priority,Due,Created,LastUpdated,SLA,CustomFields"

_ages_ago = datetime(1970, 1, 1, tzinfo=UTC)


def customs(row: Row, desk: Desk) -> dict[str, Value]:
    """A ticket's custom fields by name, those without a value left out."""
    found: dict[str, Value] = {}
    if row.get("SLA") and not desk.named(SLA):
        found[SLA] = str(row["SLA"])
    for cf in row.get("CustomFields") or []:
        kind, many = desk.field_type(cf["name"])
        value = custom_value(kind, cf.get("values") or [], many=many)
        if value:
            found[cf["name"]] = value
    return found


def score(value: Value) -> Any:
    """``good`` or ``bad`` from what the CSAT field says, else ``None`` (``offered``, say)."""
    text = value.strip().lower() if isinstance(value, str) else None
    return text if text in {"good", "bad"} else None


def handle(user: Row) -> str:
    """What an admin calls a user that came with a ticket."""
    return str(user.get("EmailAddress") or user["id"]).lower()


def person_of(user: Row, desk: Desk, words: Words) -> Person:
    """A person from a user as it comes inside tickets and transactions, or from a list of users."""
    login = str(user.get("Name") or user["id"])
    told = {told_login: told_handle for told_handle, told_login in words.people.items()}
    email = user.get("EmailAddress") or told.get(login) or (login if "@" in login else None)
    return Person(
        id=login,
        login=login,
        name=user.get("RealName") or "",
        email=email,
        role=desk.role(login, email, words),
        organization=user.get("Organization") or None,
        time_zone=known_zone(user.get("Timezone")),
    )


@dataclass(frozen=True)
class Body:
    """The text of a transaction and the mail headers it came with."""

    text: str = ""
    headers: str = ""

    def auto(self, sender: str, ignored: Sequence[str]) -> bool:
        """Whether a machine wrote it: the mail says so itself (RFC 3834), or the sender is on the list."""
        said = {
            k.strip().lower(): v.strip().lower() for k, _, v in (h.partition(":") for h in self.headers.splitlines())
        }
        return (
            said.get("auto-submitted", "no") != "no"
            or said.get("precedence") in {"bulk", "junk", "auto_reply"}
            or bool(said.keys() & {"x-autoreply", "x-autorespond", "x-rt-loop-prevention"})
            or any(fnmatchcase(sender.lower(), pattern.lower()) for pattern in ignored)
        )

    def channel(self) -> str | None:
        """How the message came in, from the header RT itself adds."""
        said = self.headers.lower()
        if "x-rt-interface: web" in said:
            return "web"
        if "x-rt-interface: rest" in said:
            return "api"
        return "email" if "\nreceived:" in said or "x-rt-interface: email" in said else None

    def sent_to(self) -> str | None:
        """The first address in ``To``."""
        line = next((h for h in self.headers.splitlines() if h.lower().startswith("to:")), "")
        address = line[3:].split(",")[0].strip()
        return address.rpartition("<")[2].rstrip("> ").lower() or None


def bodies(attachments: Iterable[Row]) -> dict[str, Body]:
    """The text of each transaction: its first plain part, else its first HTML part; files are left aside."""
    parts: dict[str, list[Row]] = {}
    for row in attachments:
        parts.setdefault(str(row["TransactionId"]), []).append(row)
    return {transaction: _body(rows) for transaction, rows in parts.items()}


def _body(rows: list[Row]) -> Body:
    texts = [r for r in rows if not r.get("Filename") and (r.get("ContentType") or "").startswith("text/")]
    plain = next((r for r in texts if r["ContentType"] == "text/plain"), None)
    best = plain or (texts[0] if texts else None)
    text = (best or {}).get("Content") or ""
    if best and best["ContentType"] == "text/html":
        text = html_text(text)
    return Body(text, "\n".join(r.get("Headers") or "" for r in rows))


def _queue(row: Row, desk: Desk) -> str | None:
    queue = row.get("Queue")
    if isinstance(queue, dict):
        return queue.get("Name") or desk.queues.get(str(queue["id"]))
    return None


def _person_id(user: Row | None) -> str | None:
    return str(user["id"]) if user and user["id"] != NOBODY else None
