"""Random helpdesks and random rules, the same ones for the same seed: small, dense, and full of ties and gaps."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import polars as pl
from open_minutes import OpenMinutes
from oracle_facts import World

from makegood.connectors.base import Capabilities
from makegood.connectors.ticket import Catalogue, Organization, Person
from makegood.engine.snapshot import EVENTS, TICKETS, Snapshot
from makegood.rules.calendar import ALWAYS, CalendarSpec
from makegood.rules.diagnostics import Span
from makegood.rules.durations import Duration
from makegood.rules.facts import FACTS, fact_named
from makegood.rules.model import Actions, By, Group, Leaf, Limits, Rule, RuleSet
from makegood.rules.staff import Member, Team

if TYPE_CHECKING:
    import random

BEGIN = datetime(2026, 2, 27, 6, tzinfo=UTC)
DAYS = 12
SPAN = Span("rules.yaml", 1, 1, 1, 1)
BERLIN = CalendarSpec("berlin", "Europe/Berlin", (((540, 750), (810, 1050)),) * 5 + ((),) * 2)
TOKYO = CalendarSpec("tokyo", "Asia/Tokyo", (((1320, 1800),),) * 6 + ((),))

AWAY = ((date(2026, 3, 3), date(2026, 3, 5)), (date(2026, 3, 8), date(2026, 3, 8)))
TEAMS = {
    "days": Team(
        "days", SPAN, calendar="berlin", people=(Member("ana@example.com", away=AWAY), Member("ben@example.com"))
    ),
    "nights": Team(
        "nights", SPAN, calendar="tokyo", people=(Member("ana@example.com"), Member("cleo", calendar="always"))
    ),
}
JOBS = [
    ("ana@example.com", OpenMinutes(BERLIN), [*AWAY]),
    ("ben@example.com", OpenMinutes(BERLIN), []),
    ("ana@example.com", OpenMinutes(TOKYO), []),
    ("cleo", OpenMinutes(ALWAYS), []),
]
"""The teams, and what they mean to the oracle."""
STATUSES = ["new", "open", "pending", "on_hold", "solved", "closed"]
AGENTS = ["ana@example.com", "ben@example.com", "cleo", "dan@example.com"]
CUSTOMERS = ["Kim@example.com", "lou@example.com"]
VALUES: dict[str, list[str | None]] = {
    "status": [*STATUSES],
    "assignee": [*AGENTS, None],
    "requester": [*CUSTOMERS, None],
    "organization": ["Acme", "Globex", None],
    "priority": ["low", "High", "urgent", None],
    "language": ["de", "de-AT", "den", "EN", None],
    "group": ["Billing", "support", None],
    "parent": ["1", "2", "3", "99", None],
    "subject": ["Refund please", "RE: Order 123456", "Straße", "", None],
    "due": ["2026-03-02T09:00:00Z", "2026-03-05T16:30:00Z", "2026-03-11T00:00:00Z", None],
    "field.City": ["Bonn", "bonn am Rhein", "BERLIN", "", None],
    "field.Amount": ["5", "12.5", " 7 ", "a lot", None],
    "field.First day": [
        "2026-03-03",
        "2025-03-05",
        "2024-02-29",
        "2026-03-02T08:00",
        "2026-03-01T23:30:00+01:00",
        "soon",
    ],
    "field.Parts": ['["Wheel", "Bell"]', '["bell"]', "Wheel", "[]", None],
    "tags": ['["vip", "Refund"]', '["refund"]', '["spam", "vip"]', "[]", None],
    "cc": ['["ana@example.com"]', '["x@example.com", "y@example.com"]', None],
}
SLAS = ["First reply", "first reply", "Repair"]
TEXTS = ["Hello", "where is my REFUND?", "order 123456", "thanks", ""]


# --- a helpdesk -------------------------------------------------------------------------------------------------------


def world(rng: random.Random) -> World:
    """Three tickets with up to a dozen events each; some events lie after ``at``."""
    at = BEGIN + timedelta(minutes=30 * rng.randrange(48, 48 * DAYS))
    made = World(at, [], [], _people(), _organizations(), jobs=JOBS)
    for number in range(1, 4):
        _ticket(made, str(number), rng)
    return made


def _people() -> dict[str, Person]:
    made = [
        Person("1", "Ana", "ana@example.com", role="agent"),
        Person("2", "Ben", "ben@example.com", role="agent", active=False),
        Person("5", "Dan", "dan@example.com", role="agent", away=True),
        Person("4", "Kim", "kim@example.com", tags=("vip",), fields={"Tier": "Gold", "Langs": ("de", "en")}),
    ]
    return {person.handle: person for person in made}


def _organizations() -> dict[str, Organization]:
    return {"Acme": Organization("1", "Acme", tags=("key",), fields={"tier": "gold"})}


def _instant(rng: random.Random, begin: datetime) -> datetime:
    return begin + timedelta(minutes=30 * rng.randrange(0, 48 * 4))


def _ticket(made: World, ticket: str, rng: random.Random) -> None:
    created = _instant(rng, BEGIN)
    state = {name: rng.choice(values) for name, values in VALUES.items()}
    events, at = [], created
    for seq in range(rng.randrange(0, 13)):
        at = rng.choice([at, at, _instant(rng, at)])
        events.append(_event(ticket, at, seq, state, rng))
    made.events += events
    made.tickets.append(_row(ticket, created, max([created, *(event["at"] for event in events)]), state, rng))


def _event(ticket: str, at: datetime, seq: int, state: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    row = dict.fromkeys(EVENTS) | {"ticket": ticket, "at": at, "seq": seq, "id": f"{ticket}-{seq}", "public": False}
    row |= {"actor_kind": rng.choice(["customer", "agent", "agent", "automation", "robot"]), "auto": rng.random() < 0.1}
    kind = rng.choices(["field", "message", "rating", "sla", "merged", "deleted"], [45, 35, 8, 10, 1, 1])[0]
    if kind == "field":
        name = rng.choice(["status", "status", "status", "assignee", "assignee", *VALUES])
        new = rng.choice(VALUES[name])
        row |= {"field": name, "old": state[name], "new": new}
        state[name] = new
    elif kind == "message":
        row |= {"text": rng.choice(TEXTS), "public": rng.random() < 0.8}
    elif kind == "sla":
        due = at + timedelta(hours=rng.choice([-2, 0, 7, 24, 100]))
        states = ["running", "running", "running", "due_soon", "paused", "missed", "met", None]
        row |= {
            "field": rng.choice(SLAS),
            "new": rng.choice(states),
            "old": rng.choice([due.isoformat(), due.isoformat(), None]),
        }
    elif kind == "rating":
        row |= {
            "new": rng.choice(["good", "bad"]),
            "old": rng.choice(["1", "4.5", "bad", None]),
            "text": rng.choice(TEXTS),
        }
    return row | {"kind": kind}


def _row(ticket: str, created: datetime, last: datetime, state: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(TICKETS) | {"id": ticket, "url": f"https://desk/{ticket}", "deleted": False}
    row |= {"created": created, "updated": last + timedelta(minutes=rng.choice([0, 45])), "description": "First"}
    plain = {name: value for name, value in state.items() if not name.startswith("field.")}
    lists = {name: json.loads(state[name] or "[]") for name in ("tags", "cc")}
    custom = {name[6:]: _custom(value) for name, value in state.items() if name.startswith("field.")}
    due = state["due"] and datetime.fromisoformat(state["due"])
    csat = rng.choice(["bad", None])
    return row | plain | lists | {"due": due, "custom": json.dumps(custom), "approvers": [], "csat": csat}


def _custom(value: str | None) -> Any:
    return json.loads(value) if value and value.startswith("[") else value


def snapshot(made: World, at: datetime | None = None) -> Snapshot:
    """The world as the store would read it."""
    tickets = pl.DataFrame(made.tickets, schema=TICKETS, orient="row")
    rows = sorted(made.events, key=lambda row: (row["ticket"], row["at"], row["seq"]))
    events = pl.DataFrame(rows, schema=EVENTS, orient="row")
    now = at or made.at
    words = Catalogue("1"), Capabilities(frozenset())
    return Snapshot("desk", now, now, tickets, events, made.people, made.organizations, *words)


# --- rules ------------------------------------------------------------------------------------------------------------

NAMES = [name for name in FACTS if "<" not in name and name != "recovery"] + [
    *(name for name in VALUES if name.startswith("field.")),
    *("sla.First Reply", "sla.First Reply.due", "sla.repair", "sla.nothing"),
    *("requester.field.Tier", "requester.field.Langs", "organization.field.tier"),
]
WANTED = [
    *("5", "12.5", "bonn", "Bell", "wheel", "refund", "VIP", "gold", "de", "high", "open", "solved", "closed", "key"),
    *("bad", "Ana@Example.com", "cleo", "kim@example.com", "acme", "BILLING", "customer", "2", "order", "Hello", "ß"),
]
PATTERNS = [r"\border \d{6}\b", "^refund", "[ab]e", "please$"]
LENGTHS = [(0, "minute"), (90, "minute"), (4, "hour"), (1, "day"), (3, "day"), (1, "week")]
DATES = [date(2026, 3, 2), date(2026, 3, 4), datetime(2026, 3, 3, 12, tzinfo=UTC), datetime(2026, 3, 2, 9, tzinfo=UTC)]
BY_TYPE: dict[str, list[str]] = {
    "choice": ["is", "not"],
    "person": ["is", "not"],
    "number": ["is", "not", "at_least", "at_most", "more_than", "less_than"],
    "text": ["is", "not", "contains", "contains_all", "starts_with", "ends_with", "matches"],
    "list": ["is", "not", "all"],
    "time": ["older_than", "newer_than", "in_next", "anniversary_in", "before", "after", "during", "outside"],
    "duration": ["over", "under"],
    "yes/no": ["is", "not"],
    "share": ["is", "not"],
}
BY_TYPE["any"] = [*BY_TYPE["text"], "all", "at_least", "less_than", *BY_TYPE["time"]]


STILL = ("id", "url", "sample", "description", "type", "form", "brand", "channel", "sent_to", "status_name", "approval")
MOVING = [name for name in NAMES if name not in STILL and (fact_named(name) or FACTS["id"]).history]
"""Facts whose past is known and in which something happens here."""


def rules(rng: random.Random, count: int, names: list[str] = NAMES) -> RuleSet:
    """So many random rules about the facts of these names."""
    made = tuple(_rule(number, names, rng) for number in range(count))
    calendars = {"berlin": BERLIN, "tokyo": TOKYO, "always": ALWAYS}
    return RuleSet(made, calendars, rng.choice(["berlin", "tokyo", "always"]), TEAMS, {}, Limits(), (), "")


def _rule(number: int, names: list[str], rng: random.Random) -> Rule:
    when = None if rng.random() < 0.02 else condition(names, rng, 2)
    calendar = rng.choice([None, "tokyo", By("priority", {"high": "berlin", "urgent": "always"}, "tokyo")])
    for_ = length(rng) if rng.random() < 0.3 else None
    return Rule(f"R{number}", f"r{number}", SPAN, Actions(), when=when, calendar=calendar, for_=for_)


def condition(names: list[str], rng: random.Random, depth: int) -> Leaf | Group:
    """A leaf or a group of up to three conditions."""
    if depth and rng.random() < 0.6:
        parts = tuple(condition(names, rng, depth - 1) for _ in range(rng.randrange(1, 4)))
        return Group(rng.choice(["all", "any", "any", "none"]), parts)
    return leaf(rng.choice(names), rng)


def leaf(name: str, rng: random.Random) -> Leaf:
    """A comparison that the language allows for the fact."""
    fact = fact_named(name)
    assert fact is not None
    operator: Any = rng.choice(["present", "missing", *BY_TYPE[fact.type] * 2])
    return Leaf(name, operator, _operand(fact.type, fact.values, operator, rng), SPAN, f"when.{name}")


def _operand(kind: str, values: tuple[str, ...] | None, operator: str, rng: random.Random) -> Any:
    if operator in ("present", "missing"):
        return None
    if operator == "matches":
        return rng.choice(PATTERNS)
    if operator in ("at_least", "at_most", "more_than", "less_than"):
        return Decimal(rng.choice(["0", "1", "2", "7.5"]))
    if operator in ("before", "after"):
        return rng.choice(DATES)
    if operator in ("during", "outside"):
        return rng.choice(["berlin", "tokyo", "always"])
    if operator in ("is", "not", "all", "contains", "contains_all", "starts_with", "ends_with"):
        return tuple(_words(kind, values, rng) for _ in range(rng.choice([1, 1, 2])))
    return length(rng)


def _words(kind: str, values: tuple[str, ...] | None, rng: random.Random) -> str:
    by_kind = {"number": ["0", "1", "2"], "yes/no": ["yes", "no"], "share": ["5%", "60%"]}
    return rng.choice(list(values or ()) or by_kind.get(kind) or WANTED)


def length(rng: random.Random) -> Duration:
    """A duration; weeks are never business time."""
    amount, unit = rng.choice(LENGTHS)
    return Duration(Fraction(amount), unit, business=unit != "week" and rng.random() < 0.5)  # type: ignore[arg-type]
