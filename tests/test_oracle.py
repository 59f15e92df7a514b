"""The columns of the evaluator against the oracle, which looks at one ticket at one instant at a time."""

import json
import random
from datetime import timedelta
from typing import Any

import oracle
from fake_world import MOVING, NAMES, rules, snapshot, world
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oracle_facts import World, field_at

from makegood.engine.demand import WORD
from makegood.engine.evaluate import evaluate
from makegood.engine.history import History

SEEDS = st.integers(0, 2**32).map(random.Random)
SLOW = settings(max_examples=30, deadline=None)


@SLOW
@given(SEEDS)
@example(random.Random(1797))  # a wait that began after the ticket was solved, under no time at all
def test_rules_match_what_they_say(rng):
    desk, ruleset = world(rng), rules(rng, 12)
    evaluation = evaluate(ruleset, snapshot(desk))
    for rule in ruleset.rules:
        assert set(evaluation.matched(rule)) == oracle.matched(ruleset, rule, desk), rule


@SLOW
@given(SEEDS)
def test_episodes_start_where_the_history_says(rng):
    desk, ruleset = world(rng), rules(rng, 12, MOVING)
    evaluation = evaluate(ruleset, snapshot(desk))
    for rule in ruleset.rules:
        for ticket in evaluation.matched(rule):
            assert evaluation.since(rule, ticket) == oracle.since(ruleset, rule, desk, ticket), rule


@SLOW
@given(SEEDS)
def test_every_leaf_has_the_verdict_the_trace_tells(rng):
    desk, ruleset = world(rng), rules(rng, 6)
    evaluation = evaluate(ruleset, snapshot(desk))
    for rule in ruleset.rules:
        for ticket in oracle.in_scope(desk):
            calendar = oracle.calendar_of(ruleset, rule, desk, ticket, desk.at)
            told = [leaf.verdict for leaf in evaluation.trace(rule, ticket)]
            leaves = oracle.leaves(rule.when)
            assert told == [oracle.compare(ruleset, calendar, leaf, desk, ticket, desk.at) for leaf in leaves]


@SLOW
@given(SEEDS)
def test_nothing_turns_before_the_next_instant(rng):
    desk, ruleset = world(rng), rules(rng, 6, MOVING)
    desk = cut(desk)
    evaluation = evaluate(ruleset, snapshot(desk))
    for ticket in oracle.in_scope(desk):
        upcoming = evaluation.next_instant(ticket) or desk.at + timedelta(days=400)
        between = [desk.at + (upcoming - desk.at) * share for share in (0.2, 0.7)]
        for rule in ruleset.rules:
            now = evaluation.holds(rule, ticket)
            assert all(oracle.holds(ruleset, rule, desk, ticket, moment) == now for moment in between), rule


@SLOW
@given(SEEDS)
def test_what_comes_turns_exactly_then(rng):
    desk, ruleset = cut(world(rng)), rules(rng, 6, MOVING)
    evaluation = evaluate(ruleset, snapshot(desk))
    for ticket in oracle.in_scope(desk):
        for turn in evaluation.coming(ticket):
            after = oracle.holds(ruleset, turn.rule, desk, ticket, turn.at)
            assert after == (turn.change != "ceases")
            if turn.change != "acts":
                assert after != oracle.holds(ruleset, turn.rule, desk, ticket, turn.at - oracle.TICK)


@SLOW
@given(SEEDS)
def test_what_happens_later_is_never_seen(rng):
    desk = world(rng)
    assert present(desk) == present(cut(desk))


def present(desk: World):
    names = sorted(set(NAMES) - WORD)  # promises are told to a history, see test_word_oracle
    history = History(snapshot(desk), names)
    return history.at(history.tickets.select("t", now=snapshot(desk).at)).sort("id").select(names).rows()


def cut(desk: World) -> World:
    """The desk as it was: no event later than now, every ticket rolled back, none that was not there yet."""
    tickets = [as_it_was(desk, row) for row in desk.tickets if row["created"] <= desk.at]
    known = {row["id"] for row in tickets}
    events = [event for event in desk.events if event["at"] <= desk.at and event["ticket"] in known]
    return World(desk.at, tickets, events, desk.people, desk.organizations, jobs=desk.jobs)


def as_it_was(desk: World, row: dict[str, Any]) -> dict[str, Any]:
    events = desk.of(row["id"])
    changed = {event["field"]: None for event in events if event["kind"] == "field"}
    then = {name: field_at(desk, row["id"], name, desk.at) for name in changed}
    custom = json.loads(row["custom"]) | {name[6:]: then.pop(name) for name in changed if name.startswith("field.")}
    past = [event["at"] for event in desk.of(row["id"], desk.at) if event["kind"] != "sla"]
    updated = row["updated"] if row["updated"] <= desk.at else max([row["created"], *past])
    csat = None if any(event["kind"] == "rating" for event in events) else row["csat"]
    return row | then | {"custom": json.dumps(custom), "updated": updated, "csat": csat}
