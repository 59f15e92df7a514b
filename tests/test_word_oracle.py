"""The life of promises against the oracle, and against itself with the future cut off."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import fake_grammar
import oracle_word
import polars as pl
import pytest
from fake_world import BEGIN, BERLIN, SPAN, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_facts import World

from makegood.connectors.ticket import FieldSpec
from makegood.engine.history import History
from makegood.engine.snapshot import EVENTS, TICKETS, Snapshot
from makegood.engine.told import Told
from makegood.engine.word import Word
from makegood.rules.calendar import ALWAYS, Calendar
from makegood.rules.durations import Duration
from makegood.rules.model import Actions, Limits, PromiseRule, Remind, Rule, RuleSet

SEEDS = st.integers(0, 2**32).map(random.Random)
MANY = settings(max_examples=30, deadline=None)
FIELD = "Follow up by"
TICKETS_HERE = ["1", "2", "3"]
HOURS = 60
CALENDAR = Calendar(BERLIN)
SAID = ["day:3", "exact:7", "day:20 week:4", "week:9", "vague", "hello", "!5", "day:2 day:2", ""]
NOTED = ["!6", "no", "to:4", "no to:8", "to:3 no", "no !7", "to:5 !9", "nothing", "day:3"]
TAGGED = ["[]", '["No-Promise"]', '["vip", "no_promise"]', '["vip"]', None]


def world(rng: random.Random) -> World:
    """A few tickets on which much is said within three days, often at the same moment."""
    events = [_event(number, rng) for number in range(rng.randrange(4, 24))]
    tickets = [dict.fromkeys(TICKETS) | {"id": each, "created": BEGIN, "updated": BEGIN} for each in TICKETS_HERE]
    return World(BEGIN + timedelta(hours=HOURS + 12), tickets, events)


def _event(number: int, rng: random.Random) -> dict[str, Any]:
    at = BEGIN + timedelta(hours=rng.randrange(HOURS))
    row = dict.fromkeys(EVENTS) | {"ticket": rng.choice(TICKETS_HERE), "at": at, "seq": number, "id": f"e{number}"}
    row |= {"actor": "ana", "actor_kind": rng.choice(["agent"] * 6 + ["customer", "automation", "robot"])}
    kind = rng.choices(["message", "due", "tags", "merged", "deleted"], [70, 15, 8, 5, 2])[0]
    if kind == "message":
        public = rng.random() < 0.7
        text = rng.choice(SAID if public else NOTED)
        return row | {"kind": kind, "text": text, "public": public, "auto": rng.random() < 0.1}
    if kind == "merged":
        return row | {"kind": kind, "new": rng.choice(TICKETS_HERE)}
    values = TAGGED if kind == "tags" else ["4", "11", "some day", "", None]
    changed = {"kind": "field", "field": f"field.{FIELD}" if kind == "due" else "tags"}
    return row | (
        {"kind": kind} if kind == "deleted" else changed | {"old": rng.choice(values), "new": rng.choice(values)}
    )


def desk(made: World, at: datetime, lag: float = 0) -> Snapshot:
    found = snapshot(made, at)
    words = replace(found.catalogue, promise_field=FIELD, fields={FIELD: FieldSpec(FIELD)})
    return replace(found, catalogue=words, known_to=at - timedelta(hours=lag))


def ruleset(from_grade: Any, before: Duration | None) -> RuleSet:
    remind = (Remind(before, (), None, (), (), (), None, None, None, SPAN),) if before else ()
    rule = Rule("Word", "word", SPAN, Actions(promise=PromiseRule(SPAN, from_grade, remind)), calendar="berlin")
    return RuleSet((rule,), {"berlin": BERLIN, "always": ALWAYS}, "always", {}, {}, Limits(), (), "")


def facts(word: Word, at: datetime) -> dict[str, tuple[Any, Any]]:
    """Both facts of every ticket at an instant, by way of the table."""
    tickets = History(word.snapshot, {"promise"}).tickets
    frame = tickets.select("id", "t", now=pl.lit(at, TICKETS["created"])).with_row_index("_row")
    joined = Told(word.table(tickets)).join(frame, {"promise", "promise.due"})
    return {ticket: (state, due) for ticket, state, due in joined.select("id", "promise", "promise.due").iter_rows()}


def instants(rng: random.Random, end: datetime, count: int = 6) -> list[datetime]:
    tick = timedelta(microseconds=1)
    hours = (BEGIN + timedelta(hours=rng.randrange(HOURS + 12)) for _ in range(count))
    return [max(BEGIN, min(end, moment + rng.choice([-1, 0, 1]) * tick)) for moment in hours]


@pytest.mark.parametrize("before", [None, Duration(Fraction(2), "hour")])
@MANY
@given(SEEDS, st.sampled_from(["explicit", "exact", "day", "week"]))
def test_promises_stand_as_the_pages_say(before, rng, from_grade):
    made = world(rng)
    lag = rng.choice([0, 0, 5])
    word = Word(ruleset(from_grade, before), desk(made, made.at, lag), fake_grammar)
    soon = oracle_word.reminder(before.length, CALENDAR) if before else oracle_word.last_quarter
    for at in [made.at, *instants(rng, made.at)]:
        found = facts(word, at)
        known_to = made.at - timedelta(hours=lag)
        slow = oracle_word.Desk(made, fake_grammar, CALENDAR, f"field.{FIELD}", from_grade, at)
        assert found == {ticket: slow.fact(ticket, known_to, soon) for ticket in TICKETS_HERE}


@MANY
@given(SEEDS)
def test_every_promise_ends_as_its_own_story_says(rng):
    made = world(rng)
    word = Word(ruleset("day", None), desk(made, made.at), fake_grammar)
    slow = oracle_word.Desk(made, fake_grammar, CALENDAR, f"field.{FIELD}", "day", made.at)
    for ticket in TICKETS_HERE:
        told = [(each.id, each.since, each.settled, each.how, each.by) for each in word.of(ticket) if each.tracked]
        stays = [
            (f"{stay.given.event['id']}#{stay.given.number}", stay.since, stay.ended, stay.how, stay.by)
            for stay in slow.on(ticket)
        ]
        assert told == stays


@MANY
@given(SEEDS)
def test_what_came_later_changes_nothing_that_was_known(rng):
    made = world(rng)
    rules = ruleset("day", None)
    whole = Word(rules, desk(made, made.at), fake_grammar)
    for at in instants(rng, made.at, 2):
        before = World(at, made.tickets, [row for row in made.events if row["at"] <= at])
        for history in (before, made):
            cut = Word(rules, desk(history, at), fake_grammar)
            assert facts(cut, at) == facts(whole, at)
            for ticket in TICKETS_HERE:
                assert cut.of(ticket) == whole.of(ticket, at)


@MANY
@given(SEEDS)
def test_the_table_tells_what_comes_if_nobody_acts(rng):
    made = world(rng)
    at = instants(rng, made.at, 1)[0]
    past = World(at, made.tickets, [row for row in made.events if row["at"] <= at])
    rules = ruleset("day", Duration(Fraction(2), "hour"))
    lag = rng.choice([0, 3])
    told = Word(rules, desk(past, at, lag), fake_grammar)
    for later in instants(rng, at + timedelta(hours=90)):
        if later > at:
            assert facts(told, later) == facts(Word(rules, desk(past, later), fake_grammar), later)
