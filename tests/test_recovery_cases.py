"""What random desks found about recovery cases, one small desk each."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fake_troubles import AGENTS, BEGIN, Deed, town
from small_desk import rules, snapshot

from makegood.connectors.ticket import Person
from makegood.engine.evaluate import evaluate
from makegood.engine.plan import make_plan

if TYPE_CHECKING:
    from makegood.engine.recovery_case import Case
    from makegood.engine.snapshot import Snapshot

MIA, KIM = "mia@lake.example", "kim@lake.example"
END = BEGIN + timedelta(days=20)
TICK = timedelta(microseconds=1)
PEOPLE = {who: Person(who, email=who, role="agent", groups=("Support",)) for who in AGENTS}
HEAD = f"""\
default_calendar: always
teams: {{care: {{group: Support, people: {{{", ".join(f"{who}: {{}}" for who in AGENTS)}}}}}}}
rules:
  - {{name: Word, promise: {{from_grade: day}}}}
  - {{name: First, deadline: {{name: first, target: first_reply, within: 6 hours}}}}
"""
UNHAPPY = """\
  - {name: Unhappy, backlog: include, when: {csat: bad}, recover: {cause: unhappy, verify_after: 3 days, plan_by: 1 day}}
"""
COMPLAINT = "  - {name: Complaint, when: {tags: complaint}, recover: {cause: complaint, verify_after: 3 days}}\n"


def day(days: float) -> datetime:
    return BEGIN + timedelta(days=days)


def desk(*story: tuple[float, str, str, str | None], at: datetime = END) -> Snapshot:
    built = town([Deed(day(when), ticket, what, more) for when, ticket, what, more in story], at)
    return snapshot(*built.tickets.values(), events=built.events, at=at, known_to=at, people=PEOPLE)


def cases(text: str, *story: tuple[float, str, str, str | None], at: datetime = END) -> list[Case]:
    return list(evaluate(rules(HEAD + text), desk(*story, at=at)).recovery.cases)


def kinds(case: Case) -> list[str]:
    return [signal.kind for signal in case.signals]


# --- signals ----------------------------------------------------------------------------------------------------------


def test_a_wait_that_ended_without_an_answer_was_a_wait_and_whose_it_was_is_told() -> None:
    story = [
        (0, "1", "create", MIA),
        (1, "1", "owner", AGENTS[0]),
        (4, "1", "owner", AGENTS[1]),
        (5, "1", "solved", None),
    ]
    (found,) = cases(UNHAPPY, *story, (6, "1", "bad", None))
    (wait,) = [signal for signal in found.signals if signal.kind == "long_wait"]
    assert (wait.at, wait.owner) == (day(3) + TICK, AGENTS[0])


def test_nobody_waits_on_a_ticket_that_is_gone_and_no_deadline_is_missed_there() -> None:
    story = [(0, "1", "create", MIA), (0.1, "1", "delete", None), (5, "2", "create", MIA), (6, "2", "bad", None)]
    (found,) = cases(UNHAPPY, *story, at=day(7))
    assert kinds(found) == ["repeat_contact", "missed_deadline", "bad_rating"]
    assert {signal.ticket for signal in found.signals} == {"2"}


def test_thanks_that_wake_a_ticket_open_no_case() -> None:
    rule = "  - {name: Back, when: {reopens: {at_least: 1}}, recover: {cause: back}}\n"
    story = [(0, "1", "create", MIA), (1, "1", "solved", None)]
    assert cases(rule, *story, (2, "1", "thanks", None), (2, "1", "open", None)) == []
    (found,) = cases(rule, *story, (2, "1", "ask", None), (2, "1", "open", None), at=day(3))
    assert kinds(found)[-1] == "reopened"


def test_angry_words_that_fulfil_the_condition_open_a_case_with_it() -> None:
    rule = "  - {name: Fury, when: {customer_messages: {contains: unacceptable}}, recover: {cause: fury}}\n"
    (found,) = cases(rule, (0, "1", "create", MIA), (1, "1", "angry", None), at=day(2))
    assert {"matched", "angry_words"} <= set(kinds(found))
    assert found.opened == day(1)


def test_a_comment_that_comes_after_its_rating_is_no_second_one() -> None:
    story = [(0, "1", "create", MIA), (1, "1", "bad", None), (1.01, "1", "comment", None), (2, "1", "comment", None)]
    (found,) = cases(UNHAPPY, *story)
    rated = [(signal.at, signal.value) for signal in found.signals if signal.kind == "bad_rating"]
    assert rated == [(day(1), "As I said."), (day(2), "once more; As I said.")]


def test_thanks_and_anger_in_the_same_minute_are_both_heard() -> None:
    (found,) = cases(
        UNHAPPY, (0, "1", "create", MIA), (1, "1", "thanks", None), (1, "1", "angry", None), (2, "1", "bad", None)
    )
    assert "angry_words" in kinds(found)


def test_a_promise_that_was_broken_stays_so_and_is_told_once_when_its_ticket_is_merged() -> None:
    story = [(0, "1", "create", MIA), (0, "2", "create", MIA), (0.1, "1", "promise", None), (2, "1", "merge", "2")]
    (found,) = cases(UNHAPPY, *story, (3, "2", "bad", None))
    assert [(signal.ticket, signal.at) for signal in found.signals if signal.kind == "broken_promise"] == [
        ("1", day(1.1) + TICK)
    ]


def test_what_we_hand_over_ourselves_is_no_handoff() -> None:
    story = [(0, "1", "create", MIA), *[(1 + n, "1", "owner", AGENTS[n % 2]) for n in range(4)], (9, "1", "bad", None)]
    ours, theirs = (desk(*story) for _ in range(2))
    assert "handoffs" in kinds(*evaluate(rules(HEAD + UNHAPPY), theirs).recovery.cases)
    import polars as pl

    robot = pl.when(pl.col("field") == "assignee").then(pl.lit("robot")).otherwise("actor_kind")
    vars_of = {name: getattr(ours, name) for name in ours.__slots__} | {
        "events": ours.events.with_columns(actor_kind=robot)
    }
    assert "handoffs" not in kinds(*evaluate(rules(HEAD + UNHAPPY), type(ours)(**vars_of)).recovery.cases)


# --- the course -------------------------------------------------------------------------------------------------------


def test_trouble_on_its_tickets_opens_a_proved_case_again_though_the_condition_does_not_hold() -> None:
    story = [(0, "1", "create", MIA), (1, "1", "complaint", None), (2, "1", "solved", None), (2.1, "1", "calm", None)]
    story += [(3, "1", "mark", "recovery: resolved"), (8, "1", "open", None)]
    (found,) = cases(COMPLAINT, *story)
    assert [state for _, state in found.turns] == ["open", "resolved", "verified", "open"]
    assert found.round == 2


def test_a_case_whose_tickets_were_deleted_comes_back_on_the_ticket_of_the_new_trouble() -> None:
    story = [(0, "1", "create", MIA), (1, "1", "bad", None), (2, "1", "delete", None)]
    (found,) = cases(UNHAPPY, *story, (5, "2", "create", MIA), (6, "2", "bad", None))
    assert (found.ticket, found.state, found.round) == ("2", "open", 2)


def test_a_second_plan_takes_nothing_from_the_first() -> None:
    story = [
        (0, "1", "create", MIA),
        (1, "1", "bad", None),
        (1.5, "1", "mark", "recovery: plan a"),
        (5, "1", "mark", "recovery: plan b"),
    ]
    (found,) = cases(UNHAPPY, *story)
    assert [(clock.name, clock.met) for clock in found.clocks] == [("plan_by", day(1.5))]
    assert found.plan == "b"


def test_a_case_that_moves_to_a_solved_ticket_is_resolved() -> None:
    story = [(0, "1", "create", MIA), (0, "2", "create", KIM), (0.1, "2", "solved", None), (1, "1", "bad", None)]
    (found,) = cases(UNHAPPY, *story, (1.5, "1", "reply", None), (2, "1", "merge", "2"), at=day(3))
    assert (found.ticket, found.state) == ("2", "resolved")


# --- what is written --------------------------------------------------------------------------------------------------


def test_the_note_at_home_is_not_taken_for_the_link_on_the_ticket_with_the_number_of_the_round() -> None:
    story = [(0, "2", "create", MIA), (1, "2", "bad", None), (2, "1", "create", MIA)]
    notes = [change for change in make_plan(rules(HEAD + UNHAPPY), desk(*story)).changes if change.action == "note"]
    assert {change.ticket for change in notes} == {"1", "2"}
    assert len({change.marker for change in notes}) == 2


def test_two_cases_at_home_on_one_ticket_do_not_take_it_from_each_other() -> None:
    assign = "assign: {team: care, choose: least_busy}"
    text = UNHAPPY.replace("cause: unhappy", f"cause: unhappy, {assign}")
    text += COMPLAINT.replace("name: Complaint", "name: Complaint, backlog: include").replace(
        "{cause", f"{{{assign}, cause"
    )
    story = [(0, "1", "create", MIA), (1, "1", "owner", AGENTS[0]), (2, "1", "bad", None), (3, "1", "owner", AGENTS[1])]
    plan = make_plan(rules(HEAD + text), desk(*story, (4, "1", "complaint", None)))
    assert [change.to for change in plan.changes if change.field == "assignee"] == [AGENTS[2]]
