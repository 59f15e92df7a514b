"""Request Tracker's service levels as the clock ``sla.rt``: what its transactions say of it, in one pull or in many."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from fake_rt import FakeRT
from fake_rt_client import NOW, connect
from hypothesis import given, settings
from hypothesis import strategies as st

from makegood.connectors.conformance import events, settled
from makegood.engine.demand import needs
from makegood.engine.evaluate import evaluate
from makegood.engine.pull import pull
from makegood.engine.store import Store
from makegood.rules.load import load_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

ANA = "ana@customer.example"
START = NOW - timedelta(days=3)


@pytest.fixture
def rt() -> Iterator[FakeRT]:
    with FakeRT(now=lambda: NOW) as rt:
        rt.sla_queues.add("Support")
        yield rt


def after(**length: float) -> datetime:
    return START + timedelta(**length)


def gold(rt: FakeRT, **columns: object) -> str:
    """A ticket with a service level, whose answer is owed within an hour."""
    ticket = rt.add_ticket(at=START, SLA="gold", **columns)
    rt.owe(ticket, after(hours=1), at=START)
    return ticket


def clock(rt: FakeRT, ticket: str) -> list[tuple[str | None, str | None]]:
    """The clock's states with the due times, as days since the start."""
    found = [event for event in connect(rt).read([ticket]).events if event.kind == "sla"]
    assert {(event.field, event.actor, event.actor_kind) for event in found} <= {("rt", None, "automation")}
    return [(event.new, str(event.old)[8:16] if event.old else None) for event in found]


def test_due_on_a_ticket_with_a_level_is_the_clock(rt: FakeRT) -> None:
    assert clock(rt, gold(rt)) == [("running", "27T10:00")]


def test_without_a_level_due_is_only_due(rt: FakeRT) -> None:
    ticket = rt.add_ticket(at=START)
    rt.owe(ticket, after(hours=1), at=START)
    assert clock(rt, ticket) == []


def test_resolved_in_time_it_is_met_and_later_it_is_missed(rt: FakeRT) -> None:
    tickets = [gold(rt), gold(rt)]
    for ticket, minutes in zip(tickets, (60, 61), strict=True):
        rt.change(ticket, "alice", Status="resolved", at=after(minutes=minutes))
    assert [clock(rt, ticket)[-1] for ticket in tickets] == [("met", "27T10:00"), ("missed", "27T10:00")]


def test_reopened_it_runs_again(rt: FakeRT) -> None:
    ticket = gold(rt)
    rt.change(ticket, "alice", Status="resolved", at=after(minutes=30))
    rt.say(ticket, ANA, "It is still broken.", at=after(hours=30))
    rt.owe(ticket, after(hours=31), at=after(hours=30))
    assert [state for state, _ in clock(rt, ticket)] == ["running", "met", "running", "running"]


def test_an_answer_for_which_rt_takes_due_away_meets_it(rt: FakeRT) -> None:
    ticket = gold(rt)
    rt.say(ticket, "alice", "Hello", at=after(minutes=30))
    rt.owe(ticket, None, at=after(minutes=30))
    assert clock(rt, ticket) == [("running", "27T10:00"), ("met", "27T10:00")]


def test_a_person_who_takes_due_away_stops_it(rt: FakeRT) -> None:
    rt.sla_queues.clear()
    ticket = gold(rt)
    rt.change(ticket, "alice", Due="1970-01-01 00:00:00", at=after(minutes=30))
    assert clock(rt, ticket) == [("running", "27T10:00"), (None, None)]


def test_another_level_that_owes_nothing_stops_it(rt: FakeRT) -> None:
    ticket = gold(rt)
    rt.change(ticket, "alice", SLA="standard", at=after(minutes=30))
    rt.owe(ticket, None, at=after(minutes=30))
    assert clock(rt, ticket) == [("running", "27T10:00"), (None, None)]


def test_an_answer_moves_it_to_the_next_thing_owed(rt: FakeRT) -> None:
    ticket = gold(rt)
    rt.owe(ticket, after(hours=8), at=after(minutes=30))
    assert clock(rt, ticket) == [("running", "27T10:00"), ("running", "27T17:00")]


def test_the_level_comes_and_goes(rt: FakeRT) -> None:
    ticket = rt.add_ticket(at=START)
    rt.change(ticket, "alice", Due="2026-03-04 10:00:00", at=START)
    rt.change(ticket, "alice", SLA="gold", at=after(hours=1))
    rt.change(ticket, "alice", SLA="standard", at=after(hours=2))
    rt.change(ticket, "alice", SLA="", at=after(hours=3))
    assert [state for state, _ in clock(rt, ticket)] == ["running", None]


def test_a_custom_field_called_sla_hides_the_level(rt: FakeRT) -> None:
    rt.add_field("SLA")
    ticket = rt.add_ticket(at=START)
    rt.owe(ticket, after(hours=1), at=START)
    assert clock(rt, ticket) == [("running", "27T10:00")]


def test_the_desk_names_its_clock_where_levels_are_on(rt: FakeRT) -> None:
    assert connect(rt).catalogue().slas == ("rt",)
    rt.sla_queues.clear()
    assert connect(rt).catalogue().slas == ()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32).map(random.Random))
def test_pull_by_pull_the_same_is_told_as_all_at_once(rng: random.Random) -> None:
    with FakeRT(now=lambda: NOW) as rt:
        ticket = gold(rt)
        cursor, told = settled(connect(rt)), dict(events(connect(rt).pull(None)))
        for hour in range(1, 6):
            for _ in range(rng.randrange(4)):
                happen(rt, ticket, rng, after(hours=hour))
            pages = list(connect(rt).pull(cursor))
            cursor, told = pages[-1].cursor, told | dict(events(pages))
        assert told == dict(events(connect(rt).pull(None)))


def happen(rt: FakeRT, ticket: str, rng: random.Random, at: datetime) -> None:
    """One thing that changes the clock, or not; RT's scrips follow in the same request."""
    match rng.randrange(5):
        case 0:
            rt.say(ticket, rng.choice(["alice", ANA]), "Hello", at=at)
            rt.owe(ticket, rng.choice([None, at + timedelta(hours=rng.randrange(3))]), at=at)
        case 1:
            rt.change(ticket, "alice", Status=rng.choice(["open", "resolved", "stalled"]), at=at)
        case 2:
            others = {"", "gold", "standard"} - {rt.tickets[int(ticket)]["SLA"]}
            rt.change(ticket, "alice", SLA=rng.choice(sorted(others)), at=at)
            rt.owe(ticket, rng.choice([None, at + timedelta(hours=1)]), at=at)
        case 3:
            rt.change(ticket, "alice", Due=rng.choice(["1970-01-01 00:00:00", "2026-03-02 10:00:00"]), at=at)
        case _:
            rt.say(ticket, ANA, "Hello", at=at)


def test_rules_read_it_through_the_store(rt: FakeRT, tmp_path: Path) -> None:
    late, met = gold(rt), gold(rt)
    rt.owe(met, None, at=after(minutes=30))
    text = "version: 1\nrules:\n  - name: Late\n    when: {sla.rt: missed}\n    add_tags: [late]\n"
    rules, _ = load_text(text)
    assert rules is not None
    with Store.open(tmp_path / "store.db", now=lambda: NOW) as store:
        desk = connect(rt)
        pull(desk, store, "desk", now=lambda: NOW)
        snapshot = store.snapshot("desk", NOW, needs(rules), desk.capabilities())
    evaluation = evaluate(rules, snapshot)
    assert evaluation.matched(rules.rules[0]) == (late,)
    assert evaluation.value(late, "sla.rt.due") == after(hours=1)
    assert snapshot.catalogue.slas == ("rt",)
