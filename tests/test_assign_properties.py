"""Whole plans for random desks: nobody gets what they cannot take, nothing is left that somebody could, and rows have no order.

What must come out is counted here in plain Python over the rows: nothing is asked of the roster, of presence or of strategies.
Where days are counted and hours are kept, :mod:`open_minutes` says what time it is.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from fake_cli import SETTINGS, answer, call
from fake_world import BERLIN, TOKYO
from hypothesis import given, settings
from hypothesis import strategies as st
from open_minutes import MINUTE, OpenMinutes
from small_desk import changed, event, snapshot

from makegood.connectors.local import Local
from makegood.connectors.ticket import Event, Person, Ticket
from makegood.engine.plan import make_plan
from makegood.engine.snapshot import ASSIGNMENTS, Snapshot
from makegood.rules.calendar import ALWAYS
from makegood.rules.durations import parse_duration
from makegood.rules.load import load_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from makegood.engine.plan_file import Plan, PlannedChange

pytestmark = pytest.mark.long

SEEDS = st.integers(0, 2**32).map(random.Random)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
PERIOD, DAY = timedelta(days=28), timedelta(days=1)
DOORS = {"berlin": OpenMinutes(BERLIN), "tokyo": OpenMinutes(TOKYO), "always": OpenMinutes(ALWAYS)}
CALENDARS = {
    "berlin": {"time_zone": "Europe/Berlin", "hours": {"mon-fri": ["09:00-12:30", "13:30-17:30"]}},
    "tokyo": {"time_zone": "Asia/Tokyo", "hours": {"mon-sat": "22:00-06:00"}},
}
"""The calendars of every rule file here, as ``DOORS`` knows them."""
FIRST_TURN = datetime(2026, 2, 23, 9, tzinfo=UTC)
CUSTOMERS = ("mia@customer.example", "kim@customer.example")
STRATEGIES = ("least_busy", "round_robin", "weighted", "most_capacity", "on_call")
WHENS: tuple[dict[str, Any], ...] = (
    {"status": ["new", "open"], "assignee": "missing"},
    {"assignee": "missing"},
    {"status": ["new", "open"], "channel": "chat"},
    {"status": ["new", "open"]},
)


# --- a random desk ----------------------------------------------------------------------------------------------------


@dataclass
class World:
    """A desk at an instant and its rule file: ``teams`` and ``rules`` as they are written, ``given`` who got what when."""

    at: datetime
    people: dict[str, Person] = field(default_factory=dict)
    teams: dict[str, dict[str, Any]] = field(default_factory=dict)
    rules: list[dict[str, Any]] = field(default_factory=list)
    tickets: dict[str, Ticket] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    given: list[tuple[str, datetime, str]] = field(default_factory=list)

    @property
    def file(self) -> str:
        """The rule file."""
        parts = {"calendars": CALENDARS, "teams": self.teams, "rules": self.rules}
        return json.dumps({"version": "1", "default_calendar": "berlin"} | parts, indent=1)

    @property
    def agents(self) -> list[str]:
        """Everybody who works at the desk, active or not."""
        return [who for who, person in self.people.items() if person.role == "agent"]

    def add(self, number: str, **facts: Any) -> Ticket:
        """One more ticket."""
        usual = {"version": "7", "updated": self.at, "subject": "Refund", "requester": CUSTOMERS[0]}
        self.tickets[number] = Ticket(number, **usual | facts)
        return self.tickets[number]

    def hand(self, ticket: str, old: str | None, new: str | None, by: str, at: datetime) -> None:
        """Gives a ticket to somebody, or back to the queue."""
        self.tickets[ticket] = replace(self.tickets[ticket], assignee=new)
        self.events.append(changed(at, "assignee", old, new, by, on=ticket))
        self.given += [(ticket, at, new)] if new else []


def world(rng: random.Random, at: datetime | None = None) -> World:
    """Two to six people in one or two teams, up to a dozen tickets without owner and some with one, one or two rules."""
    made = World(at or MONDAY + timedelta(days=rng.randrange(5), minutes=rng.randrange(8 * 60, 21 * 60)))
    for name in "abcdef"[: rng.randrange(2, 7)]:
        _hire(made, f"{name}@acme.example", rng)
    made.people |= {who: Person(who, email=who) for who in CUSTOMERS}
    details = {who: _details(made, rng) for who in made.agents}
    names = rng.choice([["billing"], ["billing", "support"]])
    made.teams = {name: _team(made, name, details, rng) for name in names}
    if len(names) == 1 and rng.random() < 0.2:
        del made.teams["billing"]["people"]
    made.rules = [_rule(made, number, rng) for number in range(rng.choice([1, 1, 2]))]
    for number in range(rng.randrange(13)):
        _in_queue(made, f"{number}", rng)
    for number in range(100, 100 + rng.randrange(16)):
        _owned(made, f"{number}", rng)
    for who in made.agents:
        ages = [rng.choice([DAY, PERIOD]) * rng.random() for _ in range(rng.choice([0, 0, 1, 2, 5]))]
        made.given += [("elsewhere", made.at - age, who) for age in ages]
    return made


def _hire(made: World, who: str, rng: random.Random) -> None:
    made.people[who] = Person(
        who,
        email=who,
        role="agent",
        groups=rng.choice([*[("Billing", "Support")] * 4, ("Billing",), ("Support",), ()]),
        active=rng.random() < 0.95,
        away=rng.choice([*[None, False] * 5, True]),
    )


def _details(made: World, rng: random.Random) -> dict[str, Any]:
    """What a rule file says of somebody, each thing now and then."""
    begin = made.at.date() + timedelta(days=rng.randrange(-3, 3))
    days = [f"{begin}", f"{begin}..{begin + timedelta(days=rng.randrange(3))}", f"{begin - DAY}"]
    by_channel = [{"by": "channel", "chat": 1, "default": 3}, {"by": "channel", "chat": 2, "email": 3}]
    said = {
        "skills": rng.choice([["refunds"], ["French"], ["Refunds", "french"], ["refunds", "french"]]),
        "capacity": rng.choice([1, 3, 5, *by_channel]),
        "per_day": rng.choice([0, 2, 3, 5]),
        "per_window": {"most": rng.choice([1, 2, 4]), "within": rng.choice(["30 minutes", "2 hours", "2 days"])},
        "calendar": rng.choice(["berlin", "tokyo", "always"]),
        "weight": rng.choice([0.25, 0.5, 0.8, 2]),
        "away": rng.sample(days, rng.choice([1, 1, 2])),
        "substitute": rng.choice(made.agents),
    }
    likely = {"skills": 0.7, "capacity": 0.3, "weight": 0.4, "substitute": 0.4}
    return {key: value for key, value in said.items() if rng.random() < likely.get(key, 0.2)}


def _team(made: World, name: str, details: dict[str, dict[str, Any]], rng: random.Random) -> dict[str, Any]:
    inside = rng.sample(made.agents, rng.randrange(2, len(made.agents) + 1))
    turns = rng.sample(rng.choice([inside, inside, made.agents]), rng.randrange(1, 3))
    wind_down = rng.choice([None, "30 minutes", "2 hours"])
    return {
        "group": name.capitalize(),
        "calendar": rng.choice(["always", "always", "always", "berlin", "tokyo"]),
        "people": {who: details[who] for who in inside},
        "on_call": {
            "every": rng.choice(["8 hours", "1 day"]),
            "since": f"{FIRST_TURN:%Y-%m-%d %H:%M} Z",
            "people": turns,
        },
    } | ({"wind_down": wind_down} if wind_down else {})


def _rule(made: World, number: int, rng: random.Random) -> dict[str, Any]:
    """Only the first rule may take tickets away, and then it asks one team."""
    by_channel = {"by": "channel", "chat": ["french"], "default": ["refunds"]}
    assign = {
        "choose": rng.choice(STRATEGIES),
        "team": rng.choice([*made.teams, *made.teams, None]),
        "prefer": rng.choice([None, ["requester.last_assignee"]]),
        "skills": rng.choice([None, None, None, ["refunds"], by_channel]),
        "only": rng.choice([None, None, "at_work", "anyone"]),
    }
    if number == 0 and rng.random() < 0.5:
        assign["even_if_assigned"] = rng.choice(
            ["yes", *({"after": length} for length in ("30 minutes", "4 business hours", "2 days"))]
        )
    else:
        assign["if_nobody"] = rng.choice([None, None, "leave", *({"team": name} for name in made.teams)])
    said = {key: value for key, value in assign.items() if value is not None}
    whens = WHENS[2:] if "even_if_assigned" in said else WHENS
    return {"name": f"R{number}", "when": rng.choice(whens), "backlog": "include", "assign": said}


def _in_queue(made: World, number: str, rng: random.Random) -> None:
    """A ticket that nobody has; now and then somebody had it, and an agent handed it back."""
    created = _add(made, number, rng.choice(["new", "open", "open", "pending"]), rng)
    if rng.random() < 0.15:
        taken, back = _moments(created, made.at, 2, rng)
        who = rng.choice(made.agents)
        made.hand(number, None, who, "robot", taken)
        made.hand(number, who, None, rng.choice([who, *made.agents]), back)


def _owned(made: World, number: str, rng: random.Random) -> None:
    """A ticket that somebody has, perhaps after somebody else, and perhaps touched."""
    status = rng.choice(["new", "open", "open", "pending", "solved", "closed"])
    created = _add(made, number, status, rng)
    first, second, third = _moments(created, made.at, 3, rng)
    who, other = rng.sample(made.agents[: rng.randrange(2, 7)], 2)
    made.hand(number, None, who, rng.choice(["robot", "robot", who, other]), first)
    if rng.random() < 0.5:
        made.events.append(event(second, "message", who, on=number, text="I look into it", public=False))
    elif rng.random() < 0.5:
        made.hand(number, who, other, "robot", second)
    if status in ("solved", "closed"):
        made.events.append(changed(third, "status", "open", status, who, on=number))


def _add(made: World, number: str, status: str, rng: random.Random) -> datetime:
    """A ticket of the last two days; when it was created."""
    created = made.at - timedelta(minutes=15 * rng.randrange(1, 200))
    channel, group = rng.choice(["chat", "email", None]), rng.choice(["Billing"] * 4 + ["Support"] * 3 + [None])
    made.add(number, created=created, status=status, channel=channel, group=group, requester=rng.choice(CUSTOMERS))
    return created


def _moments(begin: datetime, end: datetime, count: int, rng: random.Random) -> list[datetime]:
    """Instants in order, many of them lately."""
    return sorted(end - (end - begin) * rng.choice([rng.random(), rng.random() / 20]) for _ in range(count))


def desk_of(made: World) -> Snapshot:
    """The world as the store would read it."""
    given = pl.DataFrame(made.given, schema=ASSIGNMENTS, orient="row")
    usual = {"at": made.at, "known_to": made.at, "people": made.people, "assignments": given}
    return snapshot(*made.tickets.values(), events=made.events, **usual)


def plan_of(made: World, desk: Snapshot | None = None) -> Plan:
    """The plan for the world, or for a desk that says the same."""
    ruleset, problems = load_text(made.file)
    assert ruleset is not None, problems
    return make_plan(ruleset, desk or desk_of(made))


def gifts(plan: Plan) -> list[PlannedChange]:
    """The changes of owner."""
    return [change for change in plan.changes if change.field == "assignee"]


# --- what it means, in plain words ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reading:
    """A world as somebody reads it who has never seen the program; ``got``: who gets which ticket by the plan."""

    made: World
    got: dict[str, str] = field(default_factory=dict)

    # --- rules and teams ---

    def matched(self, rule: dict[str, Any]) -> list[Ticket]:
        """The tickets for which the rule holds, the oldest first."""
        when = rule["when"]
        return [
            ticket
            for ticket in sorted(self.made.tickets.values(), key=lambda each: (each.created, int(each.id)))
            if ticket.status in when.get("status", ("new", "open", "pending", "on_hold", "solved"))
            and ("assignee" not in when or ticket.assignee is None)
            and ("channel" not in when or ticket.channel == when["channel"])
        ]

    def asked(self, rule: dict[str, Any], ticket: Ticket) -> list[str]:
        """The teams a person may come from: the rule's or the ticket's own, then the one for when nobody is there.

        A group that no team of the rule file has is a team by itself.
        """
        assign = rule["assign"]
        own = (name for name, team in self.made.teams.items() if team["group"] == ticket.group)
        first = assign.get("team") or next(own, ticket.group)
        ladder = assign.get("if_nobody")
        second = ladder["team"] if isinstance(ladder, dict) else None
        return list(dict.fromkeys(name for name in (first, second) if name))

    def team(self, name: str) -> dict[str, Any]:
        """What the rule file says of a team."""
        return self.made.teams.get(name, {"group": name, "calendar": "berlin"})

    def members(self, team: str) -> dict[str, dict[str, Any]]:
        """Who is in a team, with what the rule file says of them."""
        said = self.team(team)
        group = [who for who in self.made.agents if said["group"] in self.made.people[who].groups]
        return said.get("people", {who: {} for who in group})

    def hours(self, team: str, who: str) -> str:
        """The calendar somebody works by."""
        return self.members(team)[who].get("calendar", self.team(team)["calendar"])

    # --- who is there ---

    def left(self, team: str, who: str) -> bool:
        """Whether somebody does not work in the team at all; whose groups the desk does not tell is believed to."""
        person = self.made.people[who]
        outside = person.groups and self.team(team)["group"] not in person.groups
        return who not in self.members(team) or not person.active or bool(outside)

    def day_off(self, team: str, who: str, day: date) -> bool:
        """Whether the rule file says that somebody is away on a day."""
        spans = (each.split("..") for each in self.members(team)[who].get("away", ()))
        return any(span[0] <= f"{day}" <= span[-1] for span in spans)

    def away(self, team: str, who: str) -> bool:
        """Whether somebody is away now, by the rule file or by the desk."""
        return self.day_off(team, who, self.today(team, who)) or self.made.people[who].away is True

    def today(self, team: str, who: str) -> date:
        """The day it is where somebody works."""
        return self.made.at.astimezone(DOORS[self.hours(team, who)].zone).date()

    def midnight(self, team: str, who: str, day: date) -> datetime:
        """When a day begins where somebody works."""
        return datetime.combine(day, datetime.min.time(), DOORS[self.hours(team, who)].zone).astimezone(UTC)

    def on_call(self, team: str) -> str | None:
        """Whose turn it is."""
        rota = self.team(team).get("on_call")
        if rota is None:
            return None
        turn = (self.made.at - FIRST_TURN) // parse_duration(rota["every"]).length
        return rota["people"][turn % len(rota["people"])]

    def works(self, rule: dict[str, Any], team: str, who: str) -> bool:
        """Whether somebody is at work, or need not be."""
        assign, calendar = rule["assign"], self.hours(team, who)
        if assign["choose"] == "on_call":
            return self.on_call(team) == who
        if assign.get("only") == "anyone":
            return True
        wind_down = self.team(team).get("wind_down")
        soon = timedelta(0) if wind_down is None else parse_duration(wind_down).length
        return DOORS[calendar].is_open(self.made.at) and not day_ends(calendar, self.made.at, soon)

    def knows(self, rule: dict[str, Any], team: str, who: str, ticket: Ticket) -> bool:
        """Whether somebody has the skills that the rule asks for on this ticket."""
        wanted = rule["assign"].get("skills", [])
        if isinstance(wanted, dict):
            wanted = wanted.get(ticket.channel, wanted["default"])
        return set(wanted) <= {skill.lower() for skill in self.members(team)[who].get("skills", ())}

    def relieved(self, ticket: Ticket) -> str | None:
        """From whom an agent took the ticket that has no owner since."""
        told = sorted(
            (e for e in self.made.events if e.ticket == ticket.id and e.field == "assignee"), key=lambda e: e.at
        )
        cleared = told and told[-1].new is None and told[-1].actor_kind == "agent"
        return str(told[-1].old) if cleared else None

    def suits(self, rule: dict[str, Any], team: str, who: str, ticket: Ticket) -> bool:
        """Whether somebody may get the ticket at all, however much they have."""
        there = not self.left(team, who) and not self.away(team, who) and self.works(rule, team, who)
        return there and self.knows(rule, team, who, ticket) and self.relieved(ticket) != who

    # --- how much they have ---

    def word(self, team: str, who: str, key: str, default: Any = None) -> Any:
        """What the rule file says of somebody."""
        return self.members(team)[who].get(key, default)

    def held(self, team: str, who: str, ticket: Ticket) -> tuple[int, int | None]:
        """How many tickets somebody has of those that count together with this one, and how many they may have."""
        capacity = self.word(team, who, "capacity")
        if not isinstance(capacity, dict):
            return len(self.load(who)), capacity
        kinds = capacity.keys() - {"by", "default"}
        kind, *others = (each.channel if each.channel in kinds else "default" for each in (ticket, *self.load(who)))
        return others.count(kind), capacity.get(kind)

    def load(self, who: str) -> list[Ticket]:
        """The tickets that wait for somebody."""
        waiting = [
            each for each in self.made.tickets.values() if each.assignee == who and each.status in ("new", "open")
        ]
        return waiting + [self.made.tickets[ticket] for ticket in self.now(who)]

    def now(self, who: str) -> list[str]:
        """What the plan gives to somebody."""
        return [ticket for ticket, taker in self.got.items() if taker == who]

    def since(self, begin: datetime, who: str) -> int:
        """How many tickets somebody got from an instant on."""
        return sum(taker == who and at >= begin for _, at, taker in self.made.given) + len(self.now(who))

    def limits(self, team: str, who: str, ticket: Ticket) -> Iterator[tuple[int, int]]:
        """For each limit in which such a ticket counts: how much somebody has by now, and how much they may have."""
        held, most = self.held(team, who, ticket)
        if most is not None:
            yield held, most
        if (per_day := self.word(team, who, "per_day")) is not None:
            yield self.since(self.midnight(team, who, self.today(team, who)), who), per_day
        if window := self.word(team, who, "per_window"):
            begin = self.made.at - parse_duration(window["within"]).length
            yield self.since(begin + timedelta(microseconds=1), who), window["most"]

    def could(self, rule: dict[str, Any], team: str, ticket: Ticket) -> list[str]:
        """Who of a team could take one more such ticket."""
        fit = (who for who in self.members(team) if self.suits(rule, team, who, ticket))
        return [who for who in fit if all(has < most for has, most in self.limits(team, who, ticket))]

    # --- owners ---

    def keeps(self, rule: dict[str, Any], ticket: Ticket) -> bool:
        """Whether the ticket stays with its owner: they are there, or had to do with it, or were there, only lately."""
        grace, owner = rule["assign"].get("even_if_assigned"), ticket.assignee
        if owner is None or grace is None:
            return owner is not None
        team = next(iter(self.asked(rule, ticket)), None)
        if team is None or self.left(team, owner):
            return team is None
        length = parse_duration(grace["after"] if isinstance(grace, dict) else "1 hour")
        door = DOORS[self.hours(team, owner)]
        return not self.away(team, owner) or any(
            door.add(at, length) > self.made.at for at in self.touched(team, ticket)
        )

    def touched(self, team: str, ticket: Ticket) -> Iterator[datetime]:
        """When the owner did something on the ticket or got it, and when they went away."""
        owner = str(ticket.assignee)
        yield from (
            each.at for each in self.made.events if each.ticket == ticket.id and owner in (each.actor, each.new)
        )
        day = self.today(team, owner)
        if self.day_off(team, owner, day):
            while self.day_off(team, owner, day - DAY):
                day -= DAY
            yield self.midnight(team, owner, day)

    # --- who comes first ---

    def named(self, rule: dict[str, Any], team: str, ticket: Ticket, able: list[str]) -> list[str]:
        """To whom of those who could the rule gives the ticket; by weight it may be any of them."""
        last = self.solved_last(ticket) if rule["assign"].get("prefer") else None
        busy = {who: len(self.load(who)) / self.word(team, who, "weight", 1) for who in able}
        for wanted in (ticket.assignee, last):
            absent = wanted in self.members(team) and wanted not in able
            first = self.word(team, str(wanted), "substitute") if absent else wanted
            if first in able and busy[first] <= 2 * min(busy.values()) + 5:
                return [first]
        strategy = rule["assign"]["choose"]
        return able if strategy == "weighted" else [min(able, key=lambda who: self.rank(strategy, team, who, ticket))]

    def solved_last(self, ticket: Ticket) -> str | None:
        """Who solved something for the same customer last."""
        solves = sorted((each.at, each.ticket) for each in self.made.events if each.field == "status")
        theirs = (self.made.tickets[other] for _, other in reversed(solves))
        return next((other.assignee for other in theirs if other.requester == ticket.requester), None)

    def rank(self, strategy: str, team: str, who: str, ticket: Ticket) -> tuple[Any, ...]:
        """The lower, the sooner somebody gets the ticket."""
        weight = self.word(team, who, "weight", 1)
        share = self.since(self.made.at - PERIOD, who) / weight
        got = [at for _, at, taker in self.made.given if taker == who]
        last = self.made.at if self.now(who) else max(got, default=MONDAY - PERIOD * 2)
        held, most = self.held(team, who, ticket)
        by_load = (len(self.load(who)) / weight, share, last, who)
        return {
            "least_busy": by_load,
            "on_call": by_load,
            "round_robin": (last, share, who),
            "most_capacity": (most is not None, 0 if most is None else held - most, *by_load),
        }[strategy]


@cache
def day_ends(calendar: str, at: datetime, soon: timedelta) -> bool:
    """Whether whoever works by this calendar goes home so soon: a break in which nobody goes home does not count."""
    door, closing = DOORS[calendar], at
    while door.is_open(closing) and closing - at <= soon:
        closing += MINUTE
    if door.is_open(closing) or closing - at > soon:
        return False
    came = at
    while door.is_open(came - MINUTE):
        came -= MINUTE
    return came.astimezone(door.zone).date() != door.next_open(closing).astimezone(door.zone).date()


def by_hand(made: World, plan: Plan) -> tuple[dict[str, tuple[str, str]], set[tuple[str, str]]]:
    """Rule and person for each ticket that is given away, and rule and ticket where nobody can, as the rule file says it.

    The plan is asked to whom it gives a ticket only where the rule leaves that open.
    """
    told = after(made, plan).got
    done: dict[str, tuple[str, str]] = {}
    held = set()
    for rule in made.rules:
        for ticket in Reading(made).matched(rule):
            reading = Reading(made, {number: who for number, (_, who) in done.items()})
            if ticket.id in done or reading.keeps(rule, ticket):
                continue
            choices = ((team, reading.could(rule, team, ticket)) for team in reading.asked(rule, ticket))
            named = next((reading.named(rule, team, ticket, able) for team, able in choices if able), [])
            if named:
                done[ticket.id] = rule["name"], told[ticket.id] if told.get(ticket.id) in named else named[0]
            else:
                held.add((rule["name"], ticket.id))
    return done, held


def after(made: World, plan: Plan) -> Reading:
    """The world with what the plan gives out."""
    return Reading(made, {change.ticket: str(change.to) for change in gifts(plan)})


# --- whole plans ------------------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_a_plan_gives_every_ticket_to_whom_the_rule_file_says(rng):
    made = world(rng)
    plan = plan_of(made)
    done, held = by_hand(made, plan)
    assert {change.ticket: (change.rule, change.to) for change in gifts(plan)} == done
    assert {(each.rule, each.ticket) for each in plan.held} == held
    _only_who_can_gets_one(made, plan)
    _limits_hold_over_all_rules(made, plan)
    _nothing_is_left_that_somebody_could_take(made, plan)
    _owners_keep_what_they_are_at(made, plan)


def _only_who_can_gets_one(made: World, plan: Plan) -> None:
    reading, rules = Reading(made), {rule["name"]: rule for rule in made.rules}
    for change in gifts(plan):
        rule, ticket = rules[change.rule], made.tickets[change.ticket]
        assert any(reading.suits(rule, team, str(change.to), ticket) for team in reading.asked(rule, ticket))


def _limits_hold_over_all_rules(made: World, plan: Plan) -> None:
    """Where two teams say different things of somebody, those of one of them."""
    reading = after(made, plan)
    asked = {team for rule in made.rules for ticket in reading.matched(rule) for team in reading.asked(rule, ticket)}
    for number, who in reading.got.items():
        teams = [team for team in asked if who in reading.members(team)]
        limits = (reading.limits(team, who, made.tickets[number]) for team in teams)
        assert any(all(has <= most for has, most in each) for each in limits)


def _nothing_is_left_that_somebody_could_take(made: World, plan: Plan) -> None:
    reading, nobody = after(made, plan), {(each.rule, each.ticket) for each in plan.held}
    for rule in made.rules:
        for ticket in reading.matched(rule):
            if (rule["name"], ticket.id) in nobody:
                assert not any(reading.could(rule, team, ticket) for team in reading.asked(rule, ticket))
            elif ticket.assignee is None:
                assert ticket.id in reading.got


def _owners_keep_what_they_are_at(made: World, plan: Plan) -> None:
    reading, rules = Reading(made), {rule["name"]: rule for rule in made.rules}
    for change in gifts(plan):
        assert not reading.keeps(rules[change.rule], made.tickets[change.ticket])


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_rows_have_no_order(rng):
    made = world(rng)
    desk = desk_of(made)
    mixed = replace(
        desk,
        tickets=desk.tickets.sample(fraction=1, shuffle=True, seed=rng.randrange(99)),
        assignments=desk.assignments.sample(fraction=1, shuffle=True, seed=rng.randrange(99)),
        people=dict(rng.sample(sorted(made.people.items()), len(made.people))),
    )
    one, other = plan_of(made, desk), plan_of(made, mixed)
    assert (one.changes, one.held, one.skipped) == (other.changes, other.held, other.skipped)


# --- fairness over time -----------------------------------------------------------------------------------------------


def open_all_day(people: dict[str, dict[str, Any]], choose: str) -> World:
    """People who are always there, and a rule that gives them every ticket without owner."""
    made = World(MONDAY)
    made.people = {who: Person(who, email=who, role="agent", groups=("Billing",)) for who in people}
    made.people |= {who: Person(who, email=who) for who in CUSTOMERS}
    made.teams = {"billing": {"group": "Billing", "calendar": "always", "people": people}}
    made.rules = [{"name": "R", "when": {"assignee": "missing"}, "assign": {"team": "billing", "choose": choose}}]
    return made


def apply(made: World) -> None:
    """Plans, and does what the plan says."""
    for change in gifts(plan_of(made)):
        made.hand(change.ticket, None, str(change.to), "robot", made.at)


@settings(max_examples=30, deadline=None)
@given(
    loads=st.lists(st.integers(0, 8), min_size=1, max_size=6),
    tickets=st.integers(1, 25),
    weight=st.sampled_from([0.5, 1, 2]),
)
def test_loads_even_out_as_far_as_they_can(loads, tickets, weight):
    made = open_all_day(
        {f"{'abcdef'[each]}@acme.example": {"weight": weight} for each in range(len(loads))}, "least_busy"
    )
    numbers = iter(range(100, 1000))
    for who, load in zip(made.agents, loads, strict=True):
        for _ in range(load):
            made.add(f"{next(numbers)}", created=made.at - DAY, status="open", assignee=who)
    for number in range(tickets):
        made.add(f"{number}", created=made.at - DAY, status="new")
    apply(made)
    after = [len(Reading(made).load(who)) for who in made.agents]
    assert sum(after) == sum(loads) + tickets
    assert all(now == before or now <= min(after) + 1 for before, now in zip(loads, after, strict=True))


@settings(max_examples=10, deadline=None)
@given(
    weights=st.lists(st.sampled_from([0.1, 0.25, 0.5, 0.8, 1, 1, 2]), min_size=2, max_size=6),
    rounds=st.lists(st.integers(1, 12), min_size=5, max_size=9),
)
def test_weights_are_met_within_one_ticket_after_every_round(weights, rounds):
    made = open_all_day({f"{'abcdef'[each]}@acme.example": {"weight": w} for each, w in enumerate(weights)}, "weighted")
    for count in rounds:
        made.at += timedelta(hours=3)
        for number in range(len(made.tickets), len(made.tickets) + count):
            made.add(f"{number}", created=made.at, status="new")
        apply(made)
        for who, weight in zip(made.agents, weights, strict=True):
            part = len(made.tickets) * weight / sum(weights)
            assert abs(sum(taker == who for _, _, taker in made.given) - part) < 1 + 1e-9


# --- through the command line -----------------------------------------------------------------------------------------


def furnish(made: World) -> Local:
    """The world as an embedded desk, with its rule file and settings; whoever has left does so in the end."""
    Path("makegood.toml").write_text(SETTINGS)
    Path("rules.yaml").write_text(made.file)
    desk = Local(Path("desk.db"), now=lambda: datetime.now(UTC))
    desk.describe(groups=("Billing", "Support"))
    for person in made.people.values():
        desk.add_person(replace(person, active=True))
    for ticket in made.tickets.values():
        _tell(desk, ticket, [each for each in made.events if each.ticket == ticket.id])
    for person in made.people.values():
        desk.add_person(person)
    return desk


def _tell(desk: Local, ticket: Ticket, events: list[Event]) -> None:
    status = "open" if ticket.status in ("solved", "closed") else ticket.status
    facts = {"status": status, "channel": ticket.channel, "group": ticket.group}
    number = desk.create(str(ticket.requester), "Refund", "Please.", at=ticket.created, **facts)
    for each in events:
        by = None if each.actor == "robot" else each.actor
        if each.kind == "field":
            desk.change(number, by, str(each.field), each.new, at=each.at)
        else:
            desk.say(number, by, str(each.text), public=False, at=each.at)


@pytest.mark.parametrize("seed", [8, 17, 23, 25, 47, 55])
def test_what_is_planned_is_done_and_not_wanted_again(tmp_path, monkeypatch, seed):
    monkeypatch.chdir(tmp_path)
    made = world(random.Random(seed), datetime.now(UTC).replace(microsecond=0))
    with furnish(made) as desk:
        call("pull")
        call("plan", "-o", "plan.json")
        changes = json.loads(Path("plan.json").read_text())["changes"]
        wanted = {change["ticket"]: change["to"] for change in changes if change["field"] == "assignee"}
        assert call("apply", "plan.json").exit_code == 0
        assert {ticket.id: ticket.assignee for ticket in desk.read(list(wanted)).tickets} == wanted
        call("pull")
        assert not wanted.keys() & {change["ticket"] for change in answer("plan")["changes"]}
