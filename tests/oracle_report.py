"""The figures of a report, one ticket and one event at a time: slow, plain, written from the page about reports alone.

Random desks in which promises are made, tickets are solved, reopened, rated, handed on, merged and deleted, often at one
instant; and what a period of them comes to. Nothing here is shared with the engine but the reading of a promise.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

import oracle_word
from oracle_clocks import Asking, Clocks
from oracle_facts import DONE, World, fact, field_at, gone, stints
from small_desk import rules

from makegood.connectors.ticket import Person
from makegood.engine.snapshot import EVENTS, TICKETS
from makegood.rules import promises
from makegood.rules.calendar import calendar_for

if TYPE_CHECKING:
    import random

    from makegood.rules.model import RuleSet

BEGIN = datetime(2026, 2, 27, 6, tzinfo=UTC)
DAYS = 12
TICK = timedelta(microseconds=1)
RULES = """
default_calendar: office
calendars: {office: {time_zone: Europe/Berlin, hours: {mon-fri: [09:00-12:30, 13:30-17:30]}}}
teams:
  money: {group: Billing, people: {ana@example.com: {weight: 0.5}, cleo: {}}}
rules:
  - name: Urgent ones soon
    when: {priority: high}
    deadline: {name: answer, target: first_reply, within: 2 business hours, pause_while: {status: pending}}
  - name: All in time
    deadline: {name: answer, target: first_reply, within: 1 business day}
  - name: Solved
    deadline: {name: solution, target: resolution, within: 30 hours, cancel_when: {priority: low}}
  - name: Further answers
    mode: shadow
    deadline: {name: next, target: next_reply, within: 3 business hours}
  - name: We keep our word
    promise: {from_grade: day}
"""
AGENTS = ("ana@example.com", "ben@example.com", "cleo")
VALUES: dict[str, tuple[str | None, ...]] = {
    "status": ("new", "open", "pending", "solved", "solved", "closed"),
    "assignee": (*AGENTS, None),
    "group": ("Billing", "Support", None),
    "priority": ("low", "normal", "high"),
    "channel": ("email", "chat", None),
}
SAID = (
    "Hello.",
    "I will call you tomorrow.",
    "I'll get back to you within 2 hours.",
    "You hear from us soon.",
    "It works.",
)
NOTED = ("follow up: tomorrow 10:00", "no promise", "Look at this.", "promise moved to tomorrow 16:00")


def ruleset() -> RuleSet:
    return rules(RULES)


# --- a helpdesk ---------------------------------------------------------------------------------------------------------


def world(rng: random.Random) -> World:
    """Four tickets with up to 14 events each; some lie after ``at``."""
    people = [Person(each, each.partition("@")[0].title(), email=each, role="agent") for each in AGENTS[:2]]
    made = World(BEGIN + timedelta(hours=24 * DAYS), [], [], {each.handle: each for each in people})
    for number in range(1, 5):
        _ticket(made, str(number), rng)
    return made


def _ticket(made: World, ticket: str, rng: random.Random) -> None:
    created = at = BEGIN + timedelta(minutes=30 * rng.randrange(48 * 6))
    state = {name: rng.choice(values) for name, values in VALUES.items()}
    for seq in range(rng.randrange(15)):
        at += timedelta(minutes=30 * rng.choice((0, 0, 1, 2, 5, 16, 30, 48)))
        made.events.append(_event(ticket, at, seq, state, rng))
    row = dict.fromkeys(TICKETS) | {"id": ticket, "created": created, "updated": at, "deleted": False, "custom": "{}"}
    made.tickets.append(row | state | {"requester": "kim", "tags": [], "cc": [], "approvers": [], "url": ""})


def _event(ticket: str, at: datetime, seq: int, state: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    row = dict.fromkeys(EVENTS) | {"ticket": ticket, "at": at, "seq": seq, "id": f"{ticket}-{seq}", "auto": False}
    kind = rng.choices(("field", "message", "rating", "merged", "deleted"), (50, 40, 10, 2, 1))[0]
    row |= {
        "kind": kind,
        "actor": rng.choice(AGENTS),
        "actor_kind": rng.choice(("agent", "agent", "customer", "robot")),
    }
    if kind == "field":
        name = rng.choice(("status", "status", "assignee", "assignee", *VALUES))
        row |= {"field": name, "old": state[name], "new": rng.choice(VALUES[name])}
        state[name] = row["new"]
    elif kind == "message":
        public = rng.random() < 0.75
        row |= {"public": public, "text": rng.choice(SAID if public else NOTED)}
    elif kind == "rating":
        row |= {"new": rng.choice(("good", "bad"))}
    elif kind == "merged":
        row |= {"new": rng.choice("1234")}
    return row


# --- a period of it -----------------------------------------------------------------------------------------------------


@dataclass
class Slow:
    """A period from ``begin`` up to ``end``, judged by what was known right before its end."""

    world: World
    begin: datetime
    end: datetime

    @property
    def at(self) -> datetime:
        return self.end - TICK

    @property
    def tickets(self) -> list[str]:
        there = [row["id"] for row in self.world.tickets if row["created"] <= self.at]
        return [ticket for ticket in there if not gone(self.world, ticket, self.at)]

    def inside(self, moment: datetime | None) -> bool:
        return moment is not None and self.begin <= moment < self.end

    def team(self, ticket: str, then: datetime) -> str:
        row = self.world.ticket(ticket) or {}
        group = field_at(self.world, ticket, "group", then) if row["created"] <= then else None
        return {"Billing": "money", None: "no team"}.get(group, group)

    def instants(self, ticket: str) -> list[datetime]:
        """Those in the period at which something happened to a ticket."""
        created = (self.world.ticket(ticket) or {})["created"]
        return sorted({each for each in (created, *(row["at"] for row in self.world.of(ticket))) if self.inside(each)})

    def figures(self) -> dict[str, tuple[float | None, int]]:
        """Every figure with the number that it is based on."""
        return {
            **self.of_promises(),
            **self.of_deadlines(),
            **self.of_ratings(),
            **self.of_reopens(),
            **self.of_fairness(),
        }

    # --- promises -----------------------------------------------------------------------------------------------------

    def fates(self) -> list[tuple[str, str, datetime, str]]:
        """Every promise: what it is (``made``, ``dated``, how it ended, ``open``), when, and on which ticket."""
        calendar = calendar_for(ruleset(), "office")
        desk = oracle_word.Desk(self.world, promises, calendar, "field.", "day", self.at)
        found = []
        for given in desk.given():
            ticket, made = given.event["ticket"], given.event["at"]
            found.append(("made", made, ticket))
            if desk.counts(given.says):
                stay = desk.stays(given)[-1]
                how = desk.state(stay, self.world.at, oracle_word.last_quarter)
                ended = given.says.due if how == "broken" else stay.ended
                found += [("dated", made, ticket), ("open" if ended is None else how, ended or self.at, stay.ticket)]
        return [(what, self.team(ticket, when), when, ticket) for what, when, ticket in found]

    def of_promises(self) -> dict[str, tuple[float | None, int]]:
        sums = Counter(what for what, _, when, _ in self.fates() if self.inside(when))
        names = ("made", "dated", "kept", "moved", "broken", "cancelled", "open")
        ended = sums["kept"] + sums["moved"] + sums["broken"]
        return {
            **{f"promises_{name}": (sums[name], sums[name]) for name in names},
            "promises_kept_share": (part(sums["kept"], ended), ended),
        }

    # --- deadlines ----------------------------------------------------------------------------------------------------

    def verdicts(self) -> list[tuple[str, str, str, datetime]]:
        """Deadlines met and missed in the period: the deadline, what became of it, the ticket and when."""
        found = []
        clocks = Clocks(
            World(self.at, self.world.tickets, self.world.events, self.world.people), ruleset(), self.world.at
        )
        for ticket in self.tickets:
            for name in ("answer", "solution", "next"):
                rules = [rule for rule in clocks.rules if rule.actions.deadline.name == name]
                rule = next((each for each in rules if clocks.clock(each, ticket, self.at)), None)
                for each in [rule] if rule else rules:
                    found += [(name, *ended, ticket) for ended in self.ends(clocks, each, ticket)]
        return [(name, what, ticket, when) for name, what, when, ticket in found if self.inside(when)]

    def ends(self, clocks: Clocks, rule: Any, ticket: str) -> list[tuple[str, datetime]]:
        ask = Asking(clocks, rule, ticket, self.at)
        opened = [(cycle, ask.opening(cycle)) for cycle in ask.cycles()]
        stood = [ask.judged(cycle, opening) for cycle, opening in opened if opening]
        met = [("met", clock.stopped) for clock in stood if clock and clock.state == "met" and clock.stopped]
        if rule.actions.deadline.target == "resolution":
            met = [(what, self.done_since(ticket)) for what, _ in met]
        return met + [("missed", clock.due) for clock in stood if clock and clock.state == "missed"]

    def done_since(self, ticket: str) -> datetime:
        """Since when a solved ticket is: one that was reopened and solved at one instant was never open."""
        created = (self.world.ticket(ticket) or {})["created"]
        since = None
        for now in sorted({created, *(row["at"] for row in self.world.of(ticket, self.at))}):
            done = field_at(self.world, ticket, "status", now) in DONE
            since = (since or now) if done else None
        assert since is not None
        return since

    def of_deadlines(self) -> dict[str, tuple[float | None, int]]:
        sums = Counter(what for _, what, _, _ in self.verdicts())
        whole = sums["met"] + sums["missed"]
        waits = self.waited(), self.worked()
        return {
            "deadlines_met": (sums["met"], sums["met"]),
            "deadlines_missed": (sums["missed"], sums["missed"]),
            "deadlines_in_time_share": (part(sums["met"], whole), whole),
            "first_reply_median": (median(waits[0]) if waits[0] else None, len(waits[0])),
            "resolution_median": (median(waits[1]) if waits[1] else None, len(waits[1])),
        }

    def waited(self) -> list[float]:
        """Seconds from the first message to the first reply."""
        found = []
        for ticket in self.tickets:
            reply = fact(self.world, ticket, "first_reply", self.at)
            if self.inside(reply):
                found.append((reply - (self.world.ticket(ticket) or {})["created"]).total_seconds())
        return found

    def worked(self) -> list[float]:
        """Seconds until it was solved, without the time that it was solved before."""
        found = []
        for ticket in self.tickets:
            solved, reopened = stints(self.world, ticket, self.at)
            if len(solved) > len(reopened) and self.inside(solved[-1]):
                idle = sum((end - begin for begin, end in zip(solved, reopened, strict=False)), timedelta(0))
                created = (self.world.ticket(ticket) or {})["created"]
                found.append((solved[-1] - created - idle).total_seconds())
        return found

    # --- satisfaction -------------------------------------------------------------------------------------------------

    def rated(self) -> list[tuple[str, str]]:
        given = [each for each in self.tickets if self.inside(fact(self.world, each, "csat_given", self.at))]
        return [(fact(self.world, each, "csat", self.at), each) for each in given]

    def of_ratings(self) -> dict[str, tuple[float | None, int]]:
        sums = Counter(what for what, _ in self.rated())
        whole = sums["good"] + sums["bad"]
        return {
            "ratings_good": (sums["good"], sums["good"]),
            "ratings_bad": (sums["bad"], sums["bad"]),
            "ratings_good_share": (part(sums["good"], whole), whole),
        }

    # --- reopens ------------------------------------------------------------------------------------------------------

    def grown(self, name: str, ticket: str) -> list[datetime]:
        """When a count went up, once for each one more."""
        found = []
        created = (self.world.ticket(ticket) or {})["created"]
        for now in self.instants(ticket):
            before = fact(self.world, ticket, name, now - TICK) if now > created else 0
            found += [now] * int(fact(self.world, ticket, name, now) - before)
        return found

    def first_solved(self) -> dict[str, datetime]:
        found = {}
        for ticket in self.tickets:
            turned = [now for now in self.instants(ticket) if fact(self.world, ticket, "solved", now) == now]
            found |= {ticket: turned[0]} if turned else {}
        return found

    def of_reopens(self) -> dict[str, tuple[float | None, int]]:
        solved = self.first_solved()
        back = [(ticket, when) for ticket in self.tickets for when in self.grown("reopens", ticket)]
        came_back = {ticket for ticket, when in back if ticket in solved and when > solved[ticket]}
        handoffs = sum(len(self.grown("handoffs", ticket)) for ticket in self.tickets)
        each = [fact(self.world, ticket, "handoffs", self.at) for ticket in solved]
        return {
            "solved": (len(solved), len(solved)),
            "came_back_share": (part(len(came_back), len(solved)), len(solved)),
            "reopenings": (len(back), len(back)),
            "handoffs": (handoffs, handoffs),
            "handoffs_mean": (sum(each) / len(each) if each else None, len(each)),
        }

    # --- fairness -----------------------------------------------------------------------------------------------------

    def given(self) -> list[tuple[str, bool, str, datetime]]:
        rows = [
            row for row in self.world.events if row["kind"] == "field" and row["field"] == "assignee" and row["new"]
        ]
        return [
            (row["new"], row["actor_kind"] == "robot", row["ticket"], row["at"])
            for row in rows
            if self.inside(row["at"])
        ]

    def of_fairness(self) -> dict[str, tuple[float | None, int]]:
        given = self.given()
        weights = dict.fromkeys((who for who, *_ in given), 1.0) | {"ana@example.com": 0.5, "cleo": 1.0}
        counts = Counter(who for who, *_ in given)
        shares = [counts[who] / weight for who, weight in weights.items()]
        mean = sum(shares) / len(shares)
        apart = sum(abs(one - other) for one in shares for other in shares)
        people = len(shares) if given else 0
        return {
            "given": (len(given), len(given)),
            "given_by_us_share": (part(sum(ours for _, ours, *_ in given), len(given)), len(given)),
            "gini": (apart / (2 * len(shares) ** 2 * mean) if given else None, people),
            "most_to_mean": (max(shares) / mean if given else None, people),
        }


def part(some: int, whole: int) -> float | None:
    return some / whole if whole else None
