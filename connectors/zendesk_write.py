"""Changes as Zendesk wants to be told them: one ``PUT`` a ticket, checked against the stamp the plan saw, judged by its answer.

``safe_update`` makes Zendesk refuse a write for an outdated ticket. Tags go along as the whole new list, because a call of their
own would escape that check and run every trigger once more. One ``PUT`` carries one comment: a second note is a second ``PUT``,
with the stamp of the first one's answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from .base import AuthFailed, Conflict, ConnectorError, Gone, Outcome, Rejected
from .changes import MESSAGES, done, holds, listed, message_of, same, shown, value_of, wanted
from .ticket import FIELD
from .transport import Invalid, Unsure
from .zendesk_words import MAPPABLE, MESSAGING, THEIRS, number_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .base import Change, Result
    from .ticket import Event, Person, Ticket, Value
    from .zendesk_words import CustomField, Desk, Row, Words

WRITABLE = frozenset(
    {"assignee", "group", "priority", "status", "status_name", "type", "form", "brand", "subject", "requester", "due"}
    | {"organization", "tags", "cc"}
)
_BLAMED: Mapping[str, tuple[str, ...]] = {
    "assignee": ("assignee", "assignee_id"),
    "group": ("group", "group_id"),
    "status": ("status", "custom_status_id", "custom_status"),
    "status_name": ("status", "custom_status_id", "custom_status"),
    "requester": ("requester", "requester_id"),
    "form": ("ticket_form", "ticket_form_id"),
    "brand": ("brand", "brand_id"),
    "organization": ("organization", "organization_id"),
    "type": ("type", "ticket_type"),
    "due": ("due_at", "due_date"),
    "cc": ("email_ccs", "collaborators"),
}
"""A fact, and what Zendesk calls it when it refuses one."""


@dataclass(frozen=True)
class Writing:
    """How this account's fields are written.

    ``known`` and ``fresh`` tell of somebody a ticket may be given to: as last heard of, and asked for now; ``None`` where nobody
    knows them. ``organization`` finds the number of an organization by its name.
    """

    desk: Desk
    words: Words
    known: Callable[[str], Person | None]
    fresh: Callable[[str], Person | None]
    organization: Callable[[str], str | None]

    def impossible(self, ticket: Ticket, change: Change, group: str | None) -> str:
        """Why Zendesk need not even be asked; empty if it may be. ``group`` is the ticket's group after the changes."""
        if ticket.status == "closed":
            return "closed tickets cannot be changed"
        if change.action == "reply" and ticket.channel in MESSAGING:
            return (
                "this is a messaging conversation: a public comment may not reach the customer, only notes are written"
            )
        if change.action in MESSAGES:
            return ""
        if change.action == "add_tags" and (blank := next((tag for tag in listed(change.new) if " " in tag), None)):
            return f"Zendesk's tags hold no blanks: write {blank.replace(' ', '_')}"
        if change.field == "assignee":
            return self._not_assignable(change.new, group)
        name = self._unknown(change)
        return f"Zendesk has no {name}" if name else self._unwritable(change)

    def _unwritable(self, change: Change) -> str:
        if change.field in WRITABLE or self.custom(change.field) is not None:
            return ""
        return f"Zendesk cannot set {change.field}"

    def _not_assignable(self, person: Value, group: str | None) -> str:
        """Why somebody cannot own the ticket. What is known of people may be an hour old: before a refusal they are asked for."""
        if person is None or not str(person).isdigit():
            return f"nobody here is called {person}" if person else ""
        why = _unfit(self.known(str(person)), group)
        return why and _unfit(self.fresh(str(person)), group)

    def _unknown(self, change: Change) -> str:
        """What a change names that the account does not have; a custom field may hold any name."""
        if self.custom(change.field) is not None:
            return ""
        tables = {"group": self.desk.groups, "form": self.desk.forms, "brand": self.desk.brands}
        table = tables.get(change.field or "")
        if table is not None and change.new is not None and number_named(change.new, table) is None:
            return f"{change.field} {change.new}"
        if change.field == "status_name" and self.desk.statuses and self.desk.status_named(str(change.new)) is None:
            return f"status {change.new}"
        if change.field == "organization" and change.new is not None and self.organization(str(change.new)) is None:
            return f"organization {change.new}"
        return ""

    def body(self, ticket: Ticket, changes: Iterable[Change]) -> Row:
        """The fields to send for those changes that the ticket does not already show."""
        body: Row = {}
        custom: dict[str, Any] = {}
        for change in changes:
            value, field_of = wanted(ticket, change), self.custom(change.field)
            if change.field == "tags":  # a later change of the list starts from here
                ticket = replace(ticket, tags=listed(value))
            elif field_of is not None:
                custom[field_of[0]] = field_of[1].raw(value)
            else:
                body |= self._column(change, value)
        if custom:
            body["custom_fields"] = [{"id": int(number), "value": raw} for number, raw in custom.items()]
        if any(change.field == "tags" for change in changes):
            tags = list(ticket.tags)
            for number, raw in custom.items():
                tags = self.desk.fields[number].tags(tags, raw)
            body["tags"] = tags
        return body

    def custom(self, name: str | None) -> tuple[str, CustomField] | None:
        """The custom field a fact is kept in, with its number; ``None`` if it is one of Zendesk's own."""
        if name and name.startswith(FIELD):
            return self.desk.field_named(name.removeprefix(FIELD))
        mapped = self.words.fields.get(name or "") if name in MAPPABLE else None
        return self.desk.field_named(mapped) if mapped else None

    def counts(self, change: Change) -> bool:
        """Whether a change goes to a custom field that holds a number."""
        own = self.custom(change.field)
        return own is not None and own[1].spec().type == "number"

    def _column(self, change: Change, value: Value) -> Row:
        name, text = change.field or "", value if isinstance(value, str) else None
        numbers = {"group": self.desk.groups, "form": self.desk.forms, "brand": self.desk.brands}
        if name in numbers:
            key = {"form": "ticket_form_id"}.get(name, f"{name}_id")
            return {key: _number(number_named(text, numbers[name]))}
        if name in ("assignee", "requester"):
            return {f"{name}_id": _number(text)}
        if name == "organization":
            return {"organization_id": _number(self.organization(text) if text else None)}
        if name == "status":
            return {"status": THEIRS.get(text or "", text)}
        if name == "status_name":
            return self._status(text or "")
        if name == "due":
            return {"due_at": text}
        if name == "cc":
            return {"email_ccs": [{"user_email": each, "action": "put"} for each in listed(change.new)]}
        return {name: text}

    def _status(self, name: str) -> Row:
        own = self.desk.status_named(name)
        return (
            {"custom_status_id": int(own[0])}
            if own
            else {"status": {"on-hold": "hold"}.get(name.lower(), name.lower())}
        )


def _unfit(person: Person | None, group: str | None) -> str:
    if person is None:
        return ""
    if person.role == "customer":
        return f"{person.handle} is not an agent"
    if not person.active:
        return f"{person.handle} is suspended or gone"
    if group and person.groups and group.casefold() not in {each.casefold() for each in person.groups}:
        return f"{person.handle} is not in the group {group}"
    return ""


def _number(text: str | None) -> int | None:
    return int(text) if text else None


class Answer(NamedTuple):
    """What a ``PUT`` was answered: the ticket as it is now, what happened in it, and what Zendesk dropped without a word."""

    ticket: Ticket
    events: Sequence[Event]
    dropped: str = ""


@dataclass
class Visit:
    """The writing of one ticket. ``put`` sends a body and reads the answer, ``look`` reads the ticket where an answer was lost."""

    writing: Writing
    before: Ticket
    put: Callable[[Row], Answer]
    look: Callable[[], tuple[Ticket, Sequence[Event]]]
    stamp: str = ""
    after: Ticket | None = None
    events: list[Event] = field(default_factory=list)
    told: dict[str, Outcome] = field(default_factory=dict)

    def write(self, changes: Sequence[Change]) -> tuple[Outcome, ...]:
        """Sends what is not so already, and says what became of each change.

        Raises:
            Conflict: nothing was written, because the ticket moved on.
            Rejected: as a whole, where nothing of it says which change is to blame.
        """
        self.stamp = self.stamp or self.before.version
        asked = self._possible(changes)
        fields = [change for change in asked if change.action not in MESSAGES]
        messages = [change for change in asked if change.action in MESSAGES]
        if fields or messages:
            self._send(fields, messages[:1])
        for change in messages[1:]:
            self._send([], [change])
        return tuple(self.told[change.id] for change in changes)

    def _possible(self, changes: Sequence[Change]) -> list[Change]:
        """Those that have to be sent; the others have their outcome already."""
        group = next((str(c.new) if c.new else None for c in changes if c.field == "group"), self.before.group)
        for change in changes:
            why = self.writing.impossible(self.before, change, group)
            if change.action not in MESSAGES and holds(self.before, change, number=self.writing.counts(change)):
                self.told[change.id] = Outcome(change.id, "already")
            elif why:
                self.told[change.id] = Outcome(change.id, "refused", why)
        return [change for change in changes if change.id not in self.told]

    def _send(self, fields: Sequence[Change], messages: Sequence[Change]) -> None:
        changes = [*fields, *messages]
        try:
            answer = self.put(self._body(fields, messages))
        except Unsure as lost:
            self._lost(changes, lost.message)
        except Invalid as refused:
            self._refused(fields, messages, refused)
        except (Conflict, Gone, AuthFailed) as stopped:
            if self.after is None:
                raise
            self._tell(changes, _STOPPED[type(stopped)], stopped.message)
        except Rejected as refused:
            self._tell(changes, "refused", refused.message)
        else:
            self._take(answer.ticket, answer.events)
            for change in changes:
                self.told[change.id] = self._outcome(change, answer.ticket, answer.events, answer.dropped)

    def _body(self, fields: Sequence[Change], messages: Sequence[Change]) -> Row:
        body = self.writing.body(self.after or self.before, fields)
        for change in messages:
            body["comment"] = {"body": change.text or "", "public": MESSAGES[change.action]}
            if change.marker:
                body["metadata"] = {"makegood": change.marker}
        return body | {"safe_update": True, "updated_stamp": self.stamp}

    def _take(self, ticket: Ticket, events: Iterable[Event]) -> None:
        self.after, self.stamp = ticket, ticket.version
        known = {event.id for event in self.events}
        self.events += [event for event in events if event.id not in known]

    def _tell(self, changes: Iterable[Change], result: Result, detail: str) -> None:
        for change in changes:
            self.told[change.id] = Outcome(change.id, result, detail)

    def _refused(self, fields: Sequence[Change], messages: Sequence[Change], refused: Invalid) -> None:
        """One invalid value makes Zendesk refuse the whole call: what it blames stays out, the rest is sent again."""
        blamed = [change for change in fields if self._blames(refused.details, change)]
        rest = [change for change in fields if change not in blamed]
        self._tell(blamed, "refused", refused.message)
        if blamed and (rest or messages):
            self._send(rest, messages)
        elif not blamed and len(fields) + len(messages) > 1:
            for change in fields:
                self._send([change], [])
            for change in messages:
                self._send([], [change])
        elif not blamed:
            self._tell([*fields, *messages], "refused", refused.message)

    def _blames(self, details: Mapping[str, str], change: Change) -> bool:
        own = self.writing.custom(change.field)
        names = {change.field, *_BLAMED.get(change.field or "", ())} | (
            {own[0], f"custom_field_{own[0]}"} if own else set()
        )
        return bool(names & details.keys())

    def _lost(self, changes: Sequence[Change], why: str) -> None:
        """The answer got lost: the ticket itself tells whether the call arrived. It is never sent again here."""
        try:
            ticket, events = self.look()
        except ConnectorError as error:
            raise Unsure(f"{why}; nor can the ticket be looked at: {error.message}", hint=error.hint) from error
        stamp, fresh = self.stamp, self._since_stamp(ticket, events)
        self._take(ticket, events)
        seen = {change.id: self._outcome(change, ticket, fresh, _UNSEEN) for change in changes}
        messages = [seen[change.id] for change in changes if change.action in MESSAGES]
        arrived = any(each.result == "applied" for each in messages or seen.values())
        for change, told in seen.items():
            lost = Outcome(change, "failed", f"it did not arrive ({why})")
            self.told[change] = told if arrived or told.result == "applied" else lost
        if not arrived or any(event.actor_kind in ("agent", "customer") for event in fresh):
            self.stamp = stamp  # what others did meanwhile was not planned on: Zendesk shall refuse what comes next

    def _since_stamp(self, ticket: Ticket, events: Sequence[Event]) -> list[Event]:
        """What happened since the last answer; rules sign their notes alike each time, so older ones prove nothing."""
        if self.after is None:
            return [] if ticket.version == self.stamp else [e for e in events if e.at > self.before.updated]
        known, last = {event.id for event in self.events}, self.after.updated
        return [event for event in events if event.at >= last and event.id not in known]

    def _outcome(self, change: Change, after: Ticket, events: Sequence[Event], dropped: str) -> Outcome:
        if change.action in MESSAGES:
            arrived = message_of(change, self.writing.desk.me, events) is not None
            return Outcome(change.id, "applied") if arrived else Outcome(change.id, "refused", dropped or _SILENT)
        name = change.field or ""
        now, was = value_of(after, name), value_of(self.before, name)
        number = self.writing.counts(change)
        if done(self.before, change, after, number=number):
            return Outcome(change.id, "applied")
        if same(name, now, was, number=number):
            hint = " (it keeps a due date only for tickets of the type task)" if name == "due" else ""
            return Outcome(change.id, "refused", (dropped or _SILENT) + hint)
        return Outcome(change.id, "partly", f"Zendesk, or a trigger of yours, made it {shown(now)} instead")


_STOPPED: Mapping[type[ConnectorError], Result] = {Conflict: "conflict", Gone: "skipped", AuthFailed: "failed"}
"""What is told of changes whose call was not let in after an earlier one of the same visit was."""

_SILENT = (
    "Zendesk answered that all was well and changed nothing: the account may not set this, or a trigger took it back"
)
_UNSEEN = "the rest of the call arrived, and the ticket does not show this: the account may not set it, or a trigger took it back"


def dropped(header: str | None) -> str:
    """What Zendesk left out of a write it accepted, from ``x-zendesk-api-warn``."""
    return f"Zendesk left it out: {header[:300]}" if header else ""
