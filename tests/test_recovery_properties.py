"""Recovery cases of random desks: as the pages say it, the same whenever they are asked about, and nothing twice."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, Any

import oracle_recovery as slow
import polars as pl
import pytest
from fake_troubles import BEGIN, SPAN, deeds, town
from hypothesis import given, settings
from hypothesis import strategies as st
from small_desk import rules, snapshot

from makegood.engine.evaluate import evaluate
from makegood.rules.calendar import ALWAYS, Calendar, calendar_for
from makegood.rules.durations import parse_duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fake_troubles import Deed, Town
    from oracle_recovery import Terms

    from makegood.engine.evaluate import Evaluation
    from makegood.engine.recovery_case import Case
    from makegood.engine.snapshot import Snapshot
    from makegood.rules.model import RuleSet

pytestmark = pytest.mark.long

SEEDS = st.integers(0, 2**32).map(random.Random)
END = BEGIN + SPAN
TICK = slow.TICK
HEAD = """\
calendars: {office: {time_zone: Europe/Berlin, hours: {mon-fri: 09:00-17:00}}}
rules:
  - {name: Word, promise: {from_grade: day}}
  - {name: First, calendar: always, deadline: {name: first, target: first_reply, within: 6 hours}}
  - {name: Solved, calendar: always, deadline: {name: solved, target: resolution, within: 4 days}}
"""
OFFICE: Calendar = calendar_for(rules(HEAD), "office")
WHEN: tuple[slow.Condition, ...] = (
    {"csat": "bad"},
    {"csat": "bad", "reopens": 2},
    {"reopens": 1},
    {"tags": "complaint"},
    {"promise": "broken"},
    {"csat": "bad", "promise": "broken", "deadline.first": "missed"},
    {"assignee": "missing"},
)
LENGTHS = {
    "acknowledge": ("4 hours", "2 business hours"),
    "first_contact": ("1 day", "8 business hours"),
    "plan_by": ("2 days", "1 business day"),
}
VERIFY = ("7 days", "12 hours", "2 business days", "3 days")
COOL = ("30 days", "2 days", "5 business days")


# --- random rules -----------------------------------------------------------------------------------------------------


def random_terms(rng: random.Random) -> list[Terms]:
    """One or two rules, of the same cause or not; a cause is about requesters or organizations."""
    about = {cause: rng.choice(["requester", "organization"]) for cause in ("let-down", "unhappy")}
    causes = rng.choices(["let-down", "unhappy"], [2, 1], k=rng.choice([1, 1, 2]))
    return [_terms(rng, f"Rule {number}", cause, about[cause]) for number, cause in enumerate(causes)]


def _terms(rng: random.Random, name: str, cause: str, customer: str) -> Terms:
    calendar = rng.choice([ALWAYS, None])
    return slow.Terms(
        name,
        cause,
        rng.choice(WHEN),
        partial(_later, Calendar(ALWAYS) if calendar else OFFICE),
        customer,
        steps=rng.choice([0, 0, 1, 2]),
        lasts=rng.choice([None, None, "3 hours", "4 business hours"]),
        lengths={clock: rng.choice(each) for clock, each in LENGTHS.items() if rng.random() < 0.6},
        weights=rng.choice(
            [{}, {}, {"bad_rating": 7, "handoffs": 0}, {"missed_deadline": 0, "repeat_contact": 0, "reopened": 0}]
        ),
        verify_after=rng.choice(VERIFY),
        cool_down=rng.choice(COOL),
    )


def _later(calendar: Calendar, at: datetime, length: str) -> datetime:
    return calendar.add(at, parse_duration(length))


def text_of(terms: list[Terms]) -> str:
    """The rules as a rule file says them."""
    return HEAD + "".join(_rule(each) for each in terms)


def _rule(terms: Terms) -> str:
    calendar = "office" if terms.add.args[0] is OFFICE else "always"  # type: ignore[attr-defined]
    when = {fact: f"{{at_least: {said}}}" if fact == "reopens" else said for fact, said in terms.when.items()}
    recover = {
        "cause": terms.cause,
        "customer": terms.customer,
        "verify_after": terms.verify_after,
        "cool_down": terms.cool_down,
        "steps": [f"Step {number}" for number in range(1, terms.steps + 1)] or None,
        "weights": terms.weights or None,
        **terms.lengths,
    }
    lines = [f"- name: {terms.name}", f"  calendar: {calendar}", f"  for: {terms.lasts}" if terms.lasts else ""]
    lines += [f"  when: {{any: {_flow(when)}}}", f"  recover: {_flow({k: v for k, v in recover.items() if v})}"]
    return "".join(f"  {line}\n" for line in lines if line)


def _flow(said: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{key}: {_flow(v) if isinstance(v, dict) else v}" for key, v in said.items()) + "}"


# --- both readings ----------------------------------------------------------------------------------------------------


def desk(built: Town, at: datetime) -> Snapshot:
    return snapshot(*built.tickets.values(), events=built.events, at=at, known_to=at)


def engine(ruleset: RuleSet, built: Town, at: datetime) -> list[dict[str, Any]]:
    return [_of_engine(case) for case in evaluate(ruleset, desk(built, at)).recovery.cases]


def _of_engine(case: Case) -> dict[str, Any]:
    acts = {
        "resolved": case.resolved,
        "contacted": case.contacted,
        "planned": case.planned,
        "anything": case.acknowledged,
    }
    return {
        "id": case.id,
        "rule": case.rule.name,
        "requester": case.requester,
        "home": case.ticket,
        "state": case.state,
        "opened": case.opened,
        "begun": (case.round, case.begun),
        "signals": [(each.at, each.kind, each.ticket, each.owner, each.rule) for each in case.signals],
        "points": case.points,
        "tickets": case.tickets,
        "turns": case.turns,
        "clocks": [(clock.name, clock.due, clock.met) for clock in case.clocks],
        "acts": {name: tuple(act) for name, act in acts.items() if act},
        "steps": {number: act.who for number, act in case.done.items()},
        "end": (case.ended, case.outcome, case.closed_by is not None),
        "quiet until": case.verify_at,
        "words": (case.root_cause, case.goodwill, case.flagged_rightly),
    }


def oracle(terms: list[Terms], built: Town, at: datetime) -> list[dict[str, Any]]:
    return [_of_oracle(case) for case in slow.Desk(built, terms, at).cases()]


def _of_oracle(case: slow.Case) -> dict[str, Any]:
    said = case.words
    return {
        "id": case.id,
        "rule": case.terms.name,
        "requester": case.requester,
        "home": case.home,
        "state": case.state,
        "opened": case.opened,
        "begun": (case.round, case.begun),
        "signals": [tuple(each[:5]) for each in case.signals],
        "points": sum(slow.weight(case.terms, each.kind) for each in case.signals),
        "tickets": case.tickets,
        "turns": case.turns,
        "clocks": case.clocks(),
        "acts": case.acts,
        "steps": case.steps,
        "end": (case.ended, case.outcome, case.by_person),
        "quiet until": case.quiet_until,
        "words": (said.get("because", ""), said.get("goodwill", ""), False if "wrong" in said else None),
    }


def instants(rng: random.Random, done: list[Deed], count: int) -> list[datetime]:
    """The end, and instants in between: random ones, and those at which something happens or a microsecond from it."""
    near = [rng.choice(done).at + rng.choice([-1, 0, 0, 1]) * TICK for _ in range(count)]
    far = [BEGIN + SPAN * rng.random() for _ in range(count)]
    return [END, *rng.sample([*near, *far], count)]


# --- the pages, read slowly -------------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(SEEDS)
def test_cases_are_as_the_pages_say(rng: random.Random) -> None:
    """Whole cases of five customers and those without a name, at the end and at an instant before."""
    done, terms = deeds(rng, 5, 5, nobody=True), random_terms(rng)
    ruleset, built = rules(text_of(terms)), town(done)
    for at in instants(rng, done, 1):
        assert engine(ruleset, built, at) == oracle(terms, built, at)


# --- whenever one asks ------------------------------------------------------------------------------------------------


def states(evaluation: Evaluation, at: datetime) -> dict[str, str]:
    """The fact ``recovery`` of every ticket of a case, at an instant."""
    told, tickets = evaluation.recovery.told.table, evaluation.clocks.history.tickets
    known = told.filter(pl.col("at") <= at).group_by("t", maintain_order=True).last().join(tickets, on="t")
    return dict(known.select("id", "recovery").iter_rows())


def turns(rng: random.Random, cases: Sequence[Case], count: int) -> list[datetime]:
    """Instants at which a case turned or a ticket joined, and a microsecond before and after."""
    found = [at for case in cases for at in (*case.tickets.values(), *(turn for turn, _ in case.turns))]
    return [at + rng.choice([-1, 0, 0, 1]) * TICK for at in rng.sample(found, min(count, len(found)))]


@settings(max_examples=12, deadline=None)
@given(SEEDS)
def test_what_was_known_then_is_what_is_told_of_then(rng: random.Random) -> None:
    """The table of the fact, an evaluation of that instant, and one on a desk on which nothing had happened since."""
    done, terms = deeds(rng, 5, 5, nobody=True), random_terms(rng)
    ruleset, built = rules(text_of(terms)), town(done)
    last = evaluate(ruleset, desk(built, END))
    for at in [*turns(rng, last.recovery.cases, 4), *instants(rng, done, 2)[1:]]:
        then, cut = (evaluate(ruleset, desk(each, at)) for each in (built, town(done, at)))
        assert states(last, at) == states(then, at) == states(cut, at)
        assert [_of_engine(each) for each in then.recovery.cases] == [_of_engine(each) for each in cut.recovery.cases]


@settings(max_examples=12, deadline=None)
@given(SEEDS)
def test_some_tickets_alone_have_the_cases_that_they_have_among_all(rng: random.Random) -> None:
    done, terms = deeds(rng, 5, 5, nobody=True), random_terms(rng)
    ruleset, built = rules(text_of(terms)), town(done)
    whole = evaluate(ruleset, desk(built, END)).recovery
    for ticket in rng.sample(sorted(built.tickets), 3):
        alone = evaluate(ruleset, desk(built, END), tickets=[ticket]).recovery
        assert [_of_engine(each) for each in alone.of(ticket)] == [_of_engine(each) for each in whole.of(ticket)]
