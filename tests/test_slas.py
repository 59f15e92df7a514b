"""The desk's own clocks as facts: its word, what the time makes of it, and rules that read both."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import oracle
import polars as pl
import pytest
from fake_cli import answer, call, furnish
from fake_world import MOVING, rules, snapshot, world
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_facts import fact, sla_runs
from small_desk import AT, WORDS, ago, event, plan, ticket
from small_desk import rules as ruleset
from small_desk import snapshot as small

from makegood.engine.demand import needs
from makegood.engine.evaluate import evaluate
from makegood.engine.history import History
from makegood.engine.ruletest import run_tests
from makegood.engine.slas import TICK
from makegood.rules.load import load_text

if TYPE_CHECKING:
    from pathlib import Path

    from makegood.connectors.ticket import Event
    from makegood.engine.snapshot import Snapshot

FACTS = [name for name in MOVING if name.startswith("sla.")]
WATCH = "rules:\n  - name: Late\n    when: {sla.first: missed}\n    add_tags: [late]\n"


def said(at: datetime, state: str | None, due: datetime | None = None, name: str = "first") -> Event:
    """What the desk says of its clock."""
    text = due and due.isoformat().replace("+00:00", "Z")
    return event(at, "sla", "automation", field=name, new=state, old=text)


def stands(snap: Snapshot, name: str = "first") -> tuple[object, object]:
    evaluation = evaluate(ruleset(WATCH), snap)
    return evaluation.value("1", f"sla.{name}"), evaluation.value("1", f"sla.{name}.due")


def desk(*events: Event, **more: Any) -> Snapshot:
    return small(ticket(), events=events, **more)


# --- the desk's word --------------------------------------------------------------------------------------------------

SOON, LATER = AT + timedelta(hours=1), AT + timedelta(hours=30)
CASES = {
    "nothing was said": ([], (None, None)),
    "the last word counts": ([said(ago(hours=3), "running", LATER), said(ago(hours=2), "met", LATER)], ("met", LATER)),
    "of two at once too": ([said(ago(hours=2), "running", LATER), said(ago(hours=2), "paused")], ("paused", None)),
    "it runs": ([said(ago(hours=2), "running", LATER)], ("running", LATER)),
    "in its last quarter it is nearly due": ([said(ago(hours=3), "running", SOON)], ("due_soon", SOON)),
    "a quarter counts from when the due time was set": (
        [said(ago(hours=4), "paused", SOON), said(ago(hours=2), "running", SOON)],
        ("due_soon", SOON),
    ),
    "another due time begins another quarter": (
        [said(ago(hours=4), "running", LATER), said(ago(hours=2), "running", SOON)],
        ("running", SOON),
    ),
    "the desk may say so sooner": ([said(ago(hours=2), "due_soon", LATER)], ("due_soon", LATER)),
    "at the due time it is not missed": ([said(ago(hours=2), "running", AT)], ("due_soon", AT)),
    "after it, it is": ([said(ago(hours=2), "running", AT - TICK)], ("missed", AT - TICK)),
    "a paused clock is never missed": ([said(ago(hours=9), "paused", ago(hours=2))], ("paused", ago(hours=2))),
    "nor is one that was met": ([said(ago(hours=9), "met", ago(hours=2))], ("met", ago(hours=2))),
    "without a due time it runs for ever": ([said(ago(hours=9), "running")], ("running", None)),
    "taken off the ticket it has no value": ([said(ago(hours=9), "running", SOON), said(ago(hours=2), None, SOON)], (None, None)),
    "the name is compared without case": ([said(ago(hours=9), "met", SOON, "FIRST")], ("met", SOON)),
    "other clocks do not matter": ([said(ago(hours=9), "met", SOON, "second")], (None, None)),
    "what comes later is not known": ([said(AT + TICK, "met", SOON)], (None, None)),
}  # fmt: skip


@pytest.mark.parametrize(("events", "expected"), CASES.values(), ids=CASES)
def test_a_clock_of_the_desk(events, expected):
    assert stands(desk(*events)) == expected


def test_a_miss_is_only_said_when_the_desk_is_known_beyond_it():
    late = [said(ago(hours=2), "running", ago(minutes=1))]
    assert stands(desk(*late, known_to=ago(minutes=2)))[0] == "due_soon"
    assert stands(desk(*late, known_to=AT))[0] == "missed"


def test_a_clock_that_began_before_the_ticket_counts_from_its_creation():
    assert stands(desk(said(ago(days=3), "running", LATER))) == ("running", LATER)


# --- rules that read it -----------------------------------------------------------------------------------------------


def test_an_episode_begins_when_the_clock_turns():
    evaluation = evaluate(ruleset(WATCH), desk(said(ago(hours=5), "running", ago(hours=2))))
    (rule,) = evaluation.rules
    assert evaluation.matched(rule) == ("1",)
    assert evaluation.since(rule, "1") == ago(hours=2) + TICK


def test_a_ticket_is_looked_at_again_when_the_clock_turns():
    text = "rules:\n  - name: Hurry\n    when: {sla.first: due_soon}\n    add_tags: [hurry]\n"
    evaluation = evaluate(ruleset(text), desk(said(AT, "running", AT + timedelta(hours=4))))
    assert evaluation.next_instant("1") == AT + timedelta(hours=3)
    assert [(turn.at, turn.change) for turn in evaluation.coming("1")] == [(AT + timedelta(hours=3), "begins")]


def test_what_the_desk_says_later_does_not_hide_what_would_come():
    events = [said(AT, "running", AT + timedelta(hours=4)), said(AT + TICK, "met")]
    assert evaluate(ruleset(WATCH), desk(*events)).next_instant("1") == AT + timedelta(hours=3)


def test_a_rule_may_read_a_clock_and_say_when_it_is_due():
    text = WATCH.replace("add_tags: [late]", 'note: "Due {sla.first.due}"')
    events = [said(ago(hours=5), "running", ago(hours=2))]
    (change,) = plan(text, ticket(), events=events, desk={"catalogue": replace(WORDS, slas=("first",))}).changes
    assert "2026-03-02 07:00" in (change.text or "")


def test_a_deadline_may_end_when_the_clock_of_the_desk_does():
    text = "rules:\n  - name: As the desk says\n    deadline: {name: ours, target: resolution, at: sla.first.due}\n"
    evaluation = evaluate(ruleset(text), desk(said(ago(hours=5), "running", ago(hours=2))))
    assert evaluation.value("1", "deadline.ours") == "missed"
    assert evaluation.value("1", "deadline.ours.due") == ago(hours=2)


def test_the_store_reads_the_clocks_only_where_a_rule_asks():
    assert needs(ruleset(WATCH)).sla
    assert not needs(ruleset("rules:\n  - name: Any\n    add_tags: [x]\n")).sla


def test_what_the_desk_says_of_its_clocks_is_no_change_of_the_ticket():
    text = (
        "rules:\n  - name: Quiet\n    when: {updated: {older_than: 20 hours}, sla.first: present}\n    add_tags: [x]\n"
    )
    snap = desk(said(ago(hours=1), "running", SOON))
    evaluation = evaluate(ruleset(text), snap)
    assert evaluation.value("1", "updated") == ago(days=1)
    assert evaluation.value("1", "last_human_activity") == ago(days=1)


def imported(folder: Path) -> None:
    """A helpdesk whose file says how another desk's clock stood."""
    furnish(folder).close()
    told = {"id": "s1", "ticket": "90", "at": "2026-03-01T09:00:00Z", "kind": "sla", "field": "First reply"}
    moment = {"created": "2026-03-01T09:00:00Z", "updated": "2026-03-01T09:00:00Z"}
    lines = [
        {"ticket": {"id": "90", "status": "open", **moment}},
        {"event": told | {"new": "running", "old": "2026-03-01T13:00:00Z"}},
    ]
    (folder / "more.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    assert call("desk", "import", "more.jsonl", "--into", "desk.db").exit_code == 0
    assert call("pull").exit_code == 0


def test_from_a_desk_file_to_a_plan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    imported(tmp_path)
    text = "rules:\n  - name: Late\n    when: {sla.first reply: missed}\n    add_tags: [late]\n"
    (tmp_path / "rules.yaml").write_text(text)
    assert [(each["ticket"], each["to"]) for each in answer("plan")["changes"]] == [("90", ["late"])]
    assert call("check", "--with-data", "--strict").exit_code == 0
    (tmp_path / "rules.yaml").write_text(text + "  - name: Soon\n    when: {tags: vip}\n    set: {due: 4 hours}\n")
    assert call("check", "--with-data").stdout.count("works against the desk's own SLA clock") == 1
    (tmp_path / "rules.yaml").write_text(text.replace("first reply", "frist reply"))
    assert "did you mean `First reply`?" in call("check", "--with-data").stdout
    assert call("plan").exit_code == 1


# --- rule tests -------------------------------------------------------------------------------------------------------

STATED = """version: 1
rules:
  - name: Late
    when: {sla.first: missed, sla.first.due: {older_than: 1 hour}}
    add_tags: [late]
tests:
  - name: Stated
    at: 2026-03-02 09:00
    ticket: {sla.first: missed, sla.first.due: 2026-03-02 07:00}
    expect: {add_tags: [late]}
  - name: Not stated
    ticket: {subject: Hello}
    expect: nothing
  - name: Told by an event
    at: 2026-03-02 09:00
    events:
      - {at: 2026-03-02 06:00, by: customer, says: Hello}
      - {at: 2026-03-02 06:00, set: {sla.first: running, sla.first.due: 2026-03-02 07:00}}
    expect: {add_tags: [late]}
  - name: Met in time
    at: 2026-03-02 09:00
    events:
      - {at: 2026-03-02 06:00, by: customer, says: Hello}
      - {at: 2026-03-02 06:00, set: {sla.first.due: 2026-03-02 07:00, sla.first: running}}
      - {at: 2026-03-02 06:30, set: {sla.first: met}}
    expect: nothing
"""


def test_a_rule_test_states_how_the_clock_stands():
    rules_read, found = load_text(STATED)
    assert rules_read is not None, found
    assert [(each.name, each.because) for each in run_tests(rules_read).results if not each.passed] == []


def test_an_event_of_a_rule_test_sets_what_a_ticket_holds():
    rules_read, found = load_text(STATED.replace("set: {sla.first: met}", "set: {reopens: 3}"))
    assert rules_read is None
    assert [(each.code, each.message) for each in found] == [("not-settable", "no event sets `reopens`")]


# --- against the oracle -----------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32).map(random.Random))
def test_the_columns_are_what_the_events_say_at_every_instant(rng):
    made = world(rng)
    snap = snapshot(made)
    history = History(snap, FACTS)
    numbers = dict(history.tickets.select("id", "t").iter_rows())
    marks = {ticket: moments(made, ticket) for ticket in numbers}
    rows = [(numbers[ticket], at) for ticket, instants in marks.items() for at in sorted(instants)]
    seen = history.at(pl.DataFrame(rows, schema={"t": pl.Int32, "now": pl.Datetime("us", "UTC")}, orient="row"), FACTS)
    for row in seen.iter_rows(named=True):
        assert {name: row[name] for name in FACTS} == {name: fact(made, row["id"], name, row["now"]) for name in FACTS}


def moments(made, ticket):
    """Every instant at which something may turn, and the ones beside it; some lie after the present."""
    runs = [run for name in FACTS for run in sla_runs(made, ticket, name[4:].removesuffix(".due"))]
    turns = {turn for at, _, due, since in runs for turn in (at, due, due and due - (due - since) / 4) if turn}
    created = next(row["created"] for row in made.tickets if row["id"] == ticket)
    near = {turn + step for turn in turns | {created, made.at} for step in (-oracle.TICK, timedelta(0), oracle.TICK)}
    return {turn for turn in near if turn >= created}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32).map(random.Random))
def test_rules_about_them_hold_since_when_the_oracle_says(rng):
    made, asked = world(rng), rules(rng, 8, FACTS)
    evaluation = evaluate(asked, snapshot(made))
    for rule in asked.rules:
        assert set(evaluation.matched(rule)) == oracle.matched(asked, rule, made), rule
        for number in evaluation.matched(rule):
            assert evaluation.since(rule, number) == oracle.since(asked, rule, made, number), rule


def test_events_in_another_order_say_the_same():
    events = [said(ago(hours=5), "running", LATER), said(ago(hours=3), "paused"), said(ago(hours=2), "running", SOON)]
    there = desk(*events)
    assert stands(replace(there, events=there.events.reverse())) == stands(there)
