"""How explanations tell the time of clocks and promises: what counted, what stood still, which steps were done."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import fake_world
import pytest
from fake_clocks import clock_rules
from hypothesis import given, settings
from hypothesis import strategies as st
from small_desk import AT, ago, done, event, rules, snapshot, ticket
from test_clock_oracle import HEAD, at, desk, shown

from makegood.engine.evaluate import evaluate
from makegood.engine.explain import explain
from makegood.engine.reckoning import MOST, counted, left, lost, pauses
from makegood.engine.snapshot import Snapshot
from makegood.rules.calendar import calendar_for

REPLY = """\
  - name: First reply
    deadline:
      name: reply
      target: first_reply
      within: {urgent: 1 business hour, default: 8 business hours}
      pause_while: {any: {status: [pending, on_hold], tags: waiting}}
      remind: [{before: 1 business hour, who: [assignee, leads]}]
      escalate:
        - {after: 0 minutes, who: ana@example.com, add_tags: [late]}
        - {after: 2 business hours, set: {priority: urgent}, note: Answer them}
"""
LONG_AGO = {"first-reply": at("2020-01-01 00:00"), "our-word": at("2020-01-01 00:00")}


def told(snap: Snapshot, body: str = REPLY) -> dict[str, Any]:
    """The explanation of ticket 1."""
    ruleset = rules(HEAD + body)
    return explain(ruleset, evaluate(ruleset, snap, tickets=["1"]), "1")


def clock(snap: Snapshot, body: str = REPLY) -> dict[str, Any]:
    (found,) = told(snap, body)["clocks"]
    return found


def in_force(snap: Snapshot, **more: Any) -> Snapshot:
    """The same where the rules have always been in force."""
    from dataclasses import replace

    return replace(snap, first_applied=LONG_AGO, **more)


def local(text: str | None) -> str | None:
    return text and shown(datetime.fromisoformat(text))


# --- the arithmetic ---------------------------------------------------------------------------------------------------


def test_a_clock_that_runs_tells_when_it_is_due_and_what_counted() -> None:
    found = clock(desk("03-05 15:00", "", "03-06 10:00"))
    assert (found["name"], found["rule"], found["line"], found["state"]) == ("reply", "First reply", 11, "running")
    assert (local(found["start"]), local(found["due"]), found["stopped"]) == ("03-05 15:00", "03-06 14:30", None)
    assert (found["within"], found["calendar"], found["time_zone"]) == ("8 business hours", "office", "Europe/Berlin")
    assert [(local(each["from"]), local(each["to"]), each["seconds"]) for each in found["counted"]] == [
        ("03-05 15:00", "03-05 17:30", 9000),
        ("03-06 09:00", "03-06 10:00", 3600),
    ]
    assert (found["lost_seconds"], found["left_seconds"]) == (0, 4.5 * 3600)


def test_a_pause_says_why_and_how_much_it_took() -> None:
    found = clock(desk("03-02 09:00", "03-02 11:00 status=pending; 03-02 15:30 status=open", "03-02 16:00"))
    (pause,) = found["pauses"]
    assert (local(pause["from"]), local(pause["to"]), pause["why"]) == (
        "03-02 11:00",
        "03-02 15:30",
        "status is pending",
    )
    assert pause["lost_seconds"] == found["lost_seconds"] == 3.5 * 3600
    assert found["left_seconds"] == 8 * 3600 - sum(each["seconds"] for each in found["counted"])


def test_a_pause_that_lasts_has_no_end_and_the_due_time_moves() -> None:
    story = '03-02 10:00 tags=["waiting"]'
    found = clock(desk("03-02 09:00", story, "03-02 12:00"))
    assert (found["state"], found["pauses"][0]["to"], found["pauses"][0]["why"]) == ("paused", None, "tags is waiting")
    assert (local(found["due"]), found["left_seconds"]) == ("03-03 11:30", 7 * 3600)
    assert {step["at"] for step in found["steps"]} == {None}
    assert told(desk("03-02 09:00", story, "03-02 12:00"))["next"] == []


def test_a_pause_from_before_the_clock_opened_is_told_too() -> None:
    body = """\
  - name: R
    when: {priority: high}
    deadline: {name: a, target: first_reply, within: 4 business hours, pause_while: {status: pending}}
"""
    story = "03-02 10:00 status=pending; 03-02 11:00 status=open; 03-02 12:00 priority=high"
    found = clock(desk("03-02 09:00", story, "03-02 12:15"), body)
    assert (local(found["opened"]), local(found["due"])) == ("03-02 12:00", "03-02 15:00")
    assert [(local(each["from"]), each["lost_seconds"]) for each in found["pauses"]] == [("03-02 10:00", 3600)]


def test_both_reasons_of_a_pause_are_told() -> None:
    found = clock(desk("03-02 09:00", '03-02 10:00 tags=["waiting"]; 03-02 10:00 status=on_hold', "03-02 12:00"))
    assert found["pauses"][0]["why"] == "status is on_hold and tags is waiting"


@pytest.mark.parametrize(
    ("pause", "story", "why"),
    [
        ("{assignee: missing}", "", "assignee is missing"),
        ("{status: {not: [open, solved]}}", "", "status is new"),
        ("{subject: {contains: help}}", "", "subject contains help"),
        ("{none: {status: open}}", "", "pause_while"),
    ],
)
def test_a_pause_is_told_in_words_whatever_was_compared(pause: str, story: str, why: str) -> None:
    body = f"  - name: R\n    deadline: {{name: a, target: first_reply, within: 1 hour, pause_while: {pause}}}\n"
    assert clock(desk("03-02 09:00", story, "03-02 10:00"), body)["pauses"][0]["why"] == why


def test_being_solved_is_a_pause_only_if_the_ticket_came_back() -> None:
    body = "  - name: R\n    deadline: {name: a, target: resolution, within: 8 business hours}\n"
    solved = clock(desk("03-02 09:00", "03-02 10:00 status=solved", "03-02 16:00"), body)
    assert (solved["state"], local(solved["stopped"]), solved["pauses"]) == ("met", "03-02 10:00", [])
    assert solved["left_seconds"] == 7 * 3600
    story = "03-02 10:00 status=solved; 03-02 11:00 status=open"
    again = clock(desk("03-02 09:00", story, "03-02 12:00"), body)
    assert [(each["why"], each["lost_seconds"]) for each in again["pauses"]] == [("solved", 3600)]


def test_days_off_that_would_have_been_worked_are_named() -> None:
    found = clock(desk("12-23 16:00", "", "12-28 09:30"))
    assert (found["days_off"], local(found["due"])) == (["2026-12-24", "2026-12-25"], "12-28 16:30")
    assert clock(desk("12-22 09:00", "", "12-22 10:00"))["days_off"] == []


def test_a_length_on_the_wall_counts_every_minute_and_no_day_off() -> None:
    body = "  - name: R\n    deadline: {name: a, target: first_reply, within: 3 days}\n"
    found = clock(desk("12-23 16:00", "", "12-27 16:30"), body)
    assert (found["days_off"], len(found["counted"]), found["counted"][0]["seconds"]) == ([], 1, 3 * 86400)
    assert (found["state"], found["left_seconds"]) == ("missed", -86400 - 1800)


def test_a_fixed_time_is_told_with_the_fact_that_holds_it() -> None:
    body = "  - name: R\n    deadline: {name: a, at: due, until: {tags: visited}}\n"
    found = clock(desk("03-02 09:00", "", "03-02 12:00", due="2026-03-03T09:00:00+00:00"), body)
    assert (found["at"], found["counted"], found["left_seconds"], "within" in found) == ("due", [], 22 * 3600, False)


def test_the_value_that_chose_the_length_is_told() -> None:
    found = clock(desk("03-02 09:00", "", "03-02 12:00", priority="urgent"))
    assert (found["within"], found["chosen_by"]) == ("1 business hour", {"fact": "priority", "value": "urgent"})


def test_a_clock_on_weeks_of_work_is_told_in_sixty_stretches() -> None:
    body = "  - name: R\n    deadline: {name: a, target: resolution, within: 600 business hours}\n"
    found = clock(desk("03-02 09:00", "", "05-22 15:00"), body)
    assert len(found["counted"]) <= MOST
    assert sum(each["seconds"] for each in found["counted"]) + found["left_seconds"] == 600 * 3600


def test_the_last_five_runs_of_a_clock_are_told() -> None:
    body = "  - name: R\n    deadline: {name: a, target: next_reply, within: 1 hour}\n"
    story = "; ".join(f"03-02 {hour:02}:00 agent; 03-02 {hour:02}:30 customer" for hour in range(9, 17))
    runs = told(desk("03-02 08:00", story, "03-02 16:45"), body)["clocks"]
    assert [local(each["start"]) for each in runs] == [f"03-02 {hour}:30" for hour in range(12, 17)]
    assert [each["state"] for each in runs] == ["met"] * 4 + ["running"]


def test_only_the_rule_that_sets_a_clock_tells_it() -> None:
    body = "".join(
        f"  - name: {name}\n    when: {{priority: {priority}}}\n"
        f"    deadline: {{name: a, target: first_reply, within: {hours} hours}}\n"
        for name, priority, hours in (("A", "high", 1), ("B", "[high, normal]", 2), ("C", "normal", 3))
    )
    assert [each["rule"] for each in told(desk("03-02 09:00", "", "03-02 09:10"), body)["clocks"]] == ["B"]


def test_a_clock_that_a_rule_only_reads_is_told_too() -> None:
    body = REPLY + "  - name: Reader\n    when: {deadline.reply: missed}\n    add_tags: [x]\n"
    ruleset = rules(HEAD + body)
    snap = desk("03-02 09:00", "", "03-04 09:00")
    evaluation = evaluate(ruleset, snap, rules=ruleset.rules[1:], tickets=["1"])
    found = explain(ruleset, evaluation, "1")
    assert ([each["rule"] for each in found["rules"]], [each["name"] for each in found["clocks"]]) == (
        ["Reader"],
        ["reply"],
    )


@given(st.integers(0, 2**32).map(random.Random))
@settings(max_examples=25, deadline=None)
def test_what_counted_and_what_is_left_make_up_the_whole_length(rng: random.Random) -> None:
    snap = fake_world.snapshot(fake_world.world(rng))
    ruleset = clock_rules(rng)
    evaluation = evaluate(ruleset, snap)
    cycles = [
        cycle
        for rule in evaluation.rules
        for ticket in evaluation.clocked(rule)
        for cycle in evaluation.cycles(rule, ticket)
        if cycle.within
    ]
    for cycle in cycles:
        calendar = calendar_for(ruleset, cycle.calendar)
        stood_still = sum(lost(cycle, calendar, pause, snap.at) for pause in pauses(cycle))
        assert stood_still == pytest.approx(cycle.lost.total_seconds())
        if not (cycle.within.business and cycle.within.unit == "day"):
            passed = sum(each.seconds for each in counted(cycle, calendar, snap.at))
            rest = max(left(cycle, calendar, snap.at), 0)
            assert passed + rest == pytest.approx(cycle.within.length.total_seconds()), cycle


@given(st.integers(0, 2**32).map(random.Random))
@settings(max_examples=8, deadline=None)
def test_a_ticket_alone_is_told_as_among_all_others(rng: random.Random) -> None:
    snap = fake_world.snapshot(fake_world.world(rng))
    ruleset = clock_rules(rng)
    whole = evaluate(ruleset, snap)
    for number in whole.present[:4]:
        alone = evaluate(ruleset, snap, tickets=[number])
        for rule in whole.rules:
            assert (number in alone.clocked(rule)) == (number in whole.clocked(rule))
            if number in whole.clocked(rule):
                assert alone.cycles(rule, number) == whole.cycles(rule, number)


# --- steps ------------------------------------------------------------------------------------------------------------


def steps(snap: Snapshot, body: str = REPLY) -> list[tuple[str, str, str | None]]:
    return [(step["step"], step["state"], local(step["at"])) for step in clock(snap, body)["steps"]]


def test_steps_to_come_are_told_with_their_time_and_what_they_do() -> None:
    snap = in_force(desk("03-02 09:00", "", "03-02 10:00", assignee="ben@example.com"))
    assert steps(snap) == [
        ("remind 1", "coming", "03-02 17:00"),
        ("escalate 1", "coming", "03-03 09:30"),
        ("escalate 2", "coming", "03-03 11:30"),
    ]
    first, second, third = clock(snap)["steps"]
    assert (first["who"], first["tells"]) == (["assignee", "leads"], ["ben@example.com", "leads"])
    assert first["does"] == "tells assignee, leads (ben@example.com)"
    assert second["does"] == "tells ana@example.com, adds tag late"
    assert third["does"] == "sets priority to urgent, writes a note"


def test_the_latest_step_is_due_and_those_before_it_are_passed_over() -> None:
    snap = in_force(desk("03-02 09:00", "", "03-03 12:00"))
    assert [(name, state) for name, state, _ in steps(snap)] == [
        ("remind 1", "passed_over"),
        ("escalate 1", "passed_over"),
        ("escalate 2", "due"),
    ]


def test_a_step_of_before_the_rule_was_in_force_is_silent() -> None:
    snap = desk("03-02 09:00", "", "03-03 10:00")
    assert [state for _, state, _ in steps(snap)] == ["silent", "silent", "coming"]


def test_steps_that_cannot_come_any_more_are_left_out() -> None:
    met = in_force(desk("03-02 09:00", "03-02 10:00 agent", "03-03 12:00"))
    assert steps(met) == []
    late = in_force(desk("03-02 09:00", "03-03 10:00 agent", "03-05 12:00"))
    assert [(name, state) for name, state, _ in steps(late)] == [("remind 1", "passed_over"), ("escalate 1", "due")]
    closed = in_force(desk("03-02 09:00", "03-02 10:00 status=closed", "03-05 12:00"))
    assert steps(closed) == []


def journal(snap: Snapshot, step: str, instant: str, **more: Any) -> Snapshot:
    """With a line that says that the step was done."""
    (rule,) = rules(HEAD + REPLY).rules
    subject = f"1 {clock(snap)['start']}"
    return in_force(snap, journal=(done(rule, at(instant), step=step, subject=subject, **more),))


def test_a_step_that_was_done_says_when() -> None:
    snap = desk("03-02 09:00", "", "03-03 12:00")
    noted = clock(journal(snap, "escalate 2", "03-03 11:31"))["steps"][-1]
    assert (noted["state"], local(noted["done"])) == ("done", "03-03 11:31")
    told_lead = journal(snap, "escalate 1", "03-03 09:31", action="notify", to=("person:ana@example.com",))
    assert clock(told_lead)["steps"][1]["state"] == "done"


def test_whoever_was_told_before_the_ticket_changed_hands_was_told() -> None:
    snap = desk("03-02 09:00", "", "03-02 17:15", assignee="ben@example.com")
    other = journal(snap, "remind 1", "03-02 17:01", action="notify", to=("person:cleo@example.com",))
    assert clock(other)["steps"][0]["state"] == "done"


# --- what comes -------------------------------------------------------------------------------------------------------


def test_what_comes_is_told_with_what_it_will_do() -> None:
    found = told(in_force(desk("03-02 09:00", "", "03-02 10:00")))["next"]
    assert [(local(each["at"]), each["change"], each.get("step")) for each in found] == [
        ("03-02 17:00", "due_soon", None),
        ("03-02 17:00", "step", "remind 1"),
        ("03-03 09:30", "missed", None),
        ("03-03 09:30", "step", "escalate 1"),
        ("03-03 11:30", "step", "escalate 2"),
    ]
    assert {each["clock"] for each in found} == {"reply"}
    assert found[3]["does"] == "tells ana@example.com, adds tag late"


def test_turns_of_rules_and_of_clocks_stand_in_one_order() -> None:
    body = REPLY + "  - name: Old\n    when: {created: {older_than: 9 hours}}\n    add_tags: [old]\n"
    found = told(in_force(desk("03-02 09:00", "", "03-02 10:00")), body)["next"]
    assert [each["change"] for each in found] == ["due_soon", "step", "begins", "missed", "step", "step"]


# --- promises ---------------------------------------------------------------------------------------------------------

WORD = """\
  - name: Our word
    promise:
      remind: [{before: 1 business hour, who: promiser}]
      escalate: [{after: 0 minutes, who: ana@example.com}]
"""


def say(text: str, instant: str, by: str = "ben@example.com", **more: Any) -> Any:
    return event(at(instant), "message", by, public=more.pop("public", True), text=text, **more)


def word(*said: Any, now: str = "03-05 10:00") -> dict[str, Any]:
    born = at("03-02 08:00")
    snap = snapshot(ticket(created=born, updated=born), events=said, at=at(now), known_to=at(now))
    return told(in_force(snap), WORD)


def test_a_promise_is_told_with_its_words_its_reading_and_its_steps() -> None:
    (found,) = word(say("Hello. I will call you on Friday.", "03-03 10:00"))["promises"]
    assert (found["quote"], found["author"], found["grade"]) == ("I will call you on Friday.", "ben@example.com", "day")
    assert (local(found["made"]), local(found["due"]), found["state"]) == ("03-03 10:00", "03-06 15:00", "open")
    assert (found["settled"], found["how"], found["by"], found["moved"]) == (None, None, None, 0)
    assert "closing" in found["convention"]
    assert [(step["step"], step["state"], step["tells"]) for step in found["steps"]] == [
        ("remind 1", "coming", ["ben@example.com"]),
        ("escalate 1", "coming", ["ana@example.com"]),
    ]


def test_what_comes_of_a_promise_is_told() -> None:
    found = word(say("I will call you on Friday.", "03-03 10:00"))["next"]
    assert [(local(each["at"]), each["change"]) for each in found] == [
        ("03-06 14:00", "due_soon"),
        ("03-06 14:00", "step"),
        ("03-06 15:00", "broken"),
        ("03-06 15:00", "step"),
    ]
    assert {each["promise"] for each in found} == {"I will call you on Friday."}


def test_a_promise_that_was_moved_twice_says_so() -> None:
    said = [
        say(f"I will call you on {day}.", f"03-0{number} 10:00")
        for number, day in enumerate(("Wednesday", "Thursday", "Friday"), start=2)
    ]
    found = word(*said)["promises"]
    assert [(each["state"], each["moved"]) for each in found] == [("moved", 0), ("moved", 1), ("open", 2)]
    assert found[0]["by"] == said[1].id


def test_a_promise_that_was_kept_says_by_what() -> None:
    answer = say("Here it is.", "03-04 10:00")
    (found,) = word(say("I will call you on Friday.", "03-03 10:00"), answer)["promises"]
    assert (found["state"], found["how"], found["by"], local(found["settled"])) == (
        "kept",
        "kept",
        answer.id,
        "03-04 10:00",
    )
    assert found["steps"] == []


def test_a_promise_that_came_along_with_a_merged_ticket_is_told() -> None:
    born = at("03-02 08:00")
    tickets = [ticket(number, created=born, updated=born) for number in (1, 2, 3)]
    said = [
        say("I will call you on Friday.", "03-03 10:00", on=3),
        event(at("03-03 11:00"), "merged", "ana@example.com", on=3, new="2"),
        event(at("03-03 12:00"), "merged", "ana@example.com", on=2, new="1"),
    ]
    snap = snapshot(*tickets, events=said, at=at("03-04 10:00"), known_to=at("03-04 10:00"))
    (found,) = told(in_force(snap), WORD)["promises"]
    assert (found["quote"], found["state"], found["from_ticket"]) == ("I will call you on Friday.", "open", "2")


def test_words_without_a_time_are_told_and_have_no_state() -> None:
    (found,) = word(say("I will look into it soon.", "03-03 10:00"))["promises"]
    assert (found["grade"], found["due"], found["state"], found["steps"]) == ("vague", None, None, [])


def test_no_promises_are_told_where_no_rule_asks_for_them() -> None:
    snap = snapshot(ticket(), events=[event(ago(hours=5), "message", "ana@example.com", text="I will call tomorrow.")])
    assert told(snap, "  - name: R\n    add_tags: [x]\n")["promises"] == []
    assert AT - timedelta(hours=5) == ago(hours=5)
