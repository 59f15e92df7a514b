"""Random clocks for the random helpdesks of :mod:`fake_world`: every target, pauses, cancelling, steps, clocks about clocks."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from fake_world import BERLIN, MOVING, NAMES, SPAN, TEAMS, TOKYO, condition, leaf

from makegood.rules.calendar import ALWAYS
from makegood.rules.durations import Duration
from makegood.rules.model import (
    Actions,
    By,
    Condition,
    Deadline,
    FactRef,
    Group,
    Leaf,
    Limits,
    Receiver,
    Remind,
    Rule,
    RuleSet,
)

if TYPE_CHECKING:
    import random

CLOCKS = ("a", "b", "c")
"""Names of clocks; one may read those before it."""
STATES = ("running", "paused", "due_soon", "missed", "met")
TARGETS: tuple[Any, ...] = ("first_reply", "next_reply", "resolution", "update", "assignment")
DATE = "field.First day"
STARTS = ("reopened", "solved", "unanswered_since", "last_agent_reply", "assigned", "csat_given", "due", DATE)
LENGTHS = [
    *(Duration(Fraction(amount), "hour", business=business) for amount in (4, 13) for business in (True, False)),
    *(Duration(Fraction(90), "minute", business=business) for business in (True, False)),
    *(Duration(Fraction(days), "day") for days in (1, 2, 4)),
]
BUSINESS_DAYS = [Duration(Fraction(days), "day", business=True) for days in (1, 2, 4)]


def clock_rules(rng: random.Random, count: int = 5) -> RuleSet:
    """So many rules with a clock each."""
    made = tuple(_rule(number, rng) for number in range(count))
    calendars = {"berlin": BERLIN, "tokyo": TOKYO, "always": ALWAYS}
    return RuleSet(made, calendars, rng.choice(["berlin", "tokyo", "always"]), TEAMS, {}, Limits(), (), "")


def _rule(number: int, rng: random.Random) -> Rule:
    name = rng.choice(CLOCKS)
    deadline = _deadline(name, rng)
    return Rule(
        f"R{number}",
        f"r{number}",
        SPAN,
        Actions(deadline=deadline),
        when=None if rng.random() < 0.4 else _asked(name, NAMES, rng),
        calendar=rng.choice([None, None, "tokyo", By("priority", {"high": "berlin", "urgent": "always"}, "tokyo")]),
        mode=rng.choices(["live", "shadow", "off"], [8, 1, 1])[0],
        helpdesks=rng.choices([(), ("desk",), ("elsewhere",)], [6, 2, 1])[0],
    )


def _deadline(name: str, rng: random.Random) -> Deadline:
    target = rng.choice([*TARGETS, None])
    until = _asked(name, MOVING, rng) if target is None else None
    starts = FactRef(rng.choice(STARTS)) if target is None and rng.random() < 0.6 else None
    at = FactRef(rng.choice(["due", DATE])) if rng.random() < 0.15 else None
    pause = _asked(name, MOVING, rng) if at is None and rng.random() < 0.6 else None
    restart = target == "resolution" and rng.random() < 0.5
    lengths = [*LENGTHS, *BUSINESS_DAYS]
    return Deadline(
        name,
        SPAN,
        target,
        until,
        within=None if at else _within(lengths, rng),
        at=at,
        starts=starts,
        pause_while=pause,
        cancel_when=_asked(name, NAMES, rng) if rng.random() < 0.3 else None,
        restart_on_reopen=restart,
        remind=tuple(_step(rng) for _ in range(rng.choice([0, 0, 1, 2]))),
        escalate=tuple(_step(rng) for _ in range(rng.choice([0, 0, 1, 2]))),
    )


def _within(lengths: list[Duration], rng: random.Random) -> Duration | By[Duration]:
    if rng.random() < 0.6:
        return rng.choice(lengths)
    cases = {value: rng.choice(lengths) for value in ("high", "urgent") if rng.random() < 0.8}
    return By("priority", cases, rng.choice(lengths) if rng.random() < 0.8 else None)


def _step(rng: random.Random) -> Remind:
    return Remind(
        rng.choice([*LENGTHS, *BUSINESS_DAYS]),
        (Receiver("role", "assignee"),),
        None,
        (),
        (),
        (),
        None,
        None,
        None,
        SPAN,
    )


def _asked(name: str, names: list[str], rng: random.Random) -> Condition:
    """A condition, most of them about the status, some about the clocks before this one."""
    before = CLOCKS[: CLOCKS.index(name)]
    if before and rng.random() < 0.3:
        return _about(rng.choice(before), rng)
    if rng.random() < 0.5:
        return condition(names, rng, 1)
    words = rng.choice([("pending",), ("pending", "on_hold"), ("open", "new"), ("solved",), ("closed", "solved")])
    return Leaf("status", rng.choice(["is", "is", "not"]), words, SPAN, "when.status")


def _about(name: str, rng: random.Random) -> Condition:
    fact = f"deadline.{name}"
    asked = Leaf(fact, rng.choice(["is", "is", "not"]), (rng.choice(STATES),), SPAN, f"when.{fact}")
    due = leaf(f"{fact}.due", rng)
    return rng.choice([asked, asked, due, Group("any", (asked, due))])
