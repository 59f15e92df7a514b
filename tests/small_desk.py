"""A few tickets in memory, as the planner sees them: rules as text in, a plan out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from makegood.connectors.base import Capabilities
from makegood.connectors.ticket import Catalogue, Event, Organization, Person, Ticket
from makegood.engine.effects import change_key, effect_key
from makegood.engine.plan import make_plan
from makegood.engine.ruletest_desk import frames
from makegood.engine.snapshot import JournalEntry, Snapshot
from makegood.rules.load import load_text

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""The instant of every plan here: a Monday."""

PEOPLE = {
    person.handle: person
    for person in (
        Person("ana@example.com", "Ana", "ana@example.com", role="agent", groups=("Support",)),
        Person("ben@example.com", "Ben", "ben@example.com", role="agent", groups=("Billing",)),
        Person("makegood", login="makegood", role="robot"),
        Person("mia@customer.example", "Mia", "mia@customer.example"),
    )
}
WORDS = Catalogue(
    me="makegood",
    groups=("Support", "Billing"),
    statuses={"Waiting": "pending", "Open": "open"},
    types=None,
    forms=None,
)
ALL = frozenset(
    {
        "status",
        "status_name",
        "priority",
        "type",
        "form",
        "due",
        "organization",
        "assignee",
        "group",
        "field",
        "tags",
        "cc",
    }
    | {"note", "reply"}
)
DESK = Capabilities(writable=ALL)
LONG_AGO = AT - timedelta(days=400)


def rules(text: str):
    """The rule set of a file; mistakes fail the test."""
    ruleset, found = load_text("version: 1\n" + text)
    assert ruleset is not None, found
    return ruleset


def ago(**length: float) -> datetime:
    return AT - timedelta(**length)


def ticket(number: int | str = 1, **facts) -> Ticket:
    """A new ticket of Mia's, a day old."""
    usual = {"created": ago(days=1), "updated": ago(days=1), "status": "new", "priority": "normal", "version": "7"}
    usual |= {"requester": "mia@customer.example", "subject": "Help", "url": f"https://desk.example.com/{number}"}
    return Ticket(id=str(number), **usual | facts)


_numbers = iter(range(10**9))


def event(at: datetime, kind: str, by: str = "robot", *, on: int | str = 1, **more) -> Event:
    """One event; ``by`` is a role or a person's handle."""
    role = by if by in ("robot", "automation", "customer") else "agent"
    number = next(_numbers)
    return Event(id=f"e{number}", ticket=str(on), at=at, kind=kind, seq=number, actor=by, actor_kind=role, **more)


def changed(at: datetime, field: str, old, new, by: str = "robot", *, on: int | str = 1) -> Event:
    return event(at, "field", by, on=on, field=field, old=old, new=new)


def snapshot(*tickets: Ticket, events=(), **more) -> Snapshot:
    rows, said = frames(tickets, events)
    usual = {
        "people": PEOPLE,
        "organizations": {"Acme": Organization("1", "Acme")},
        "catalogue": WORDS,
        "capabilities": DESK,
    }
    first = {"first_applied": {"anything": LONG_AGO}}
    usual |= {"helpdesk": "support", "at": AT, "known_to": AT, "store_id": "s1"} | first
    return Snapshot(tickets=rows, events=said, **usual | more)


def plan(text: str, *tickets: Ticket, events=(), desk=None, **options):
    """The plan for rules given as text; ``desk`` are further attributes of the snapshot."""
    ruleset = rules(text)
    everything = {"channels": {"leads"}, "allow_replies": True} | options
    return make_plan(ruleset, snapshot(*tickets, events=events, **(desk or {})), **everything)


def done(rule, at: datetime, action="note", ticket="1", outcome="applied", step=None, **more) -> JournalEntry:
    """A line of the journal."""
    field, to = more.pop("field", None), more.pop("to", None)
    effect = effect_key(rule.id, action, step, more.pop("subject", ticket), to or () if action == "notify" else ())
    usual = {
        "detail": "",
        "version_after": "7",
        "rights": "",
        "change": change_key(rule.id, ticket, action, step, field, to),
    }
    entry = JournalEntry(
        run="r1",
        at=at,
        rule_id=rule.id,
        rule_fingerprint=rule.fingerprint,
        ticket=ticket,
        action=action,
        step=step,
        field=field,
        effect=effect,
        to=to,
        outcome=outcome,
        **usual,
    )
    return replace(entry, **more)


def told(plan) -> list[tuple]:
    """Each change as ticket, action, field, value."""
    return [(change.ticket, change.action, change.field, change.to) for change in plan.changes]
