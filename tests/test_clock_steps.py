"""Reminders and escalations of clocks: when each comes, which one is done, what is spent, and what is never said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fake_cli import answer, call, furnish
from small_desk import AT, LONG_AGO, ago, changed, done, event, plan, rules, ticket, told

from makegood.engine.effects import effect_key, marker
from makegood.engine.plan_file import instant_text
from makegood.engine.ruletest import run_tests

REPLY = """
rules:
  - name: First reply
    why: We promise an answer within four hours.
    deadline:
      name: reply
      target: first_reply
      within: 4 hours
      remind: {before: 1 hour, who: leads}
      escalate:
        - {after: 0 minutes, note: Late}
        - {after: 2 hours, note: Very late}
"""
OFFICE = "default_calendar: office\ncalendars: {office: {time_zone: UTC, hours: {mon-fri: 09:00-17:00}}}\n"


def planned(text, *tickets, since=LONG_AGO, at=AT, **more):
    """The plan where every rule of the file is in force since an instant, or (None) not at all."""
    first = {} if since is None else {rule.id: since for rule in rules(text).rules}
    desk = {"at": at, "known_to": at, "first_applied": first} | more.pop("desk", {})
    return plan(text, *tickets, desk=desk, **more)


def old(**age):
    """A ticket of that age that Ana has."""
    return ticket(created=ago(**age), assignee="ana@example.com")


def steps(found) -> list[str]:
    """The steps that are done, in the order of the plan."""
    return list(dict.fromkeys(change.step for change in found.changes))


def stays(found) -> list[tuple[str, str]]:
    return [(each.step, each.reason) for each in (*found.held, *found.skipped)]


def agent(at, **more):
    return event(at, "message", "ana@example.com", public=True, text="Hello", **more)


def customer(at, **more):
    return event(at, "message", "customer", public=True, text="Hello?", **more)


# --- when they come ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(hours=3) - timedelta(seconds=1), []),
        (timedelta(hours=3), ["remind 1"]),
        (timedelta(hours=4), ["remind 1"]),
        (timedelta(hours=4, microseconds=1), ["escalate 1"]),
        (timedelta(hours=6) - timedelta(seconds=1), ["escalate 1"]),
        (timedelta(hours=6), ["escalate 2"]),
        (timedelta(days=30), ["escalate 2"]),
    ],
)
def test_a_reminder_comes_before_the_due_time_and_escalations_after_it(age, expected):
    assert steps(planned(REPLY, ticket(created=AT - age))) == expected


def test_a_step_says_why_it_is_in_the_plan():
    soon, late = (planned(REPLY, old(hours=hours)).changes[0] for hours in (3, 5))
    assert (soon.reason, soon.episode) == ("remind", ago(hours=3))
    assert (late.reason, late.episode) == ("escalate", ago(hours=5))


def due_on(text: str):
    """A rule whose reminder comes two hours before its due time, that time as a fact of the ticket."""
    body = f"rules: [{{name: Due, deadline: {{name: x, until: {{status: solved}}, at: due, remind: {text}}}}}]"
    return OFFICE + body


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        ("2026-03-02T16:00", "2026-03-02T14:00"),
        ("2026-03-02T10:00", "2026-02-27T17:00"),
        ("2026-03-02T11:00", "2026-03-02T09:00"),
        ("2026-03-07T12:00", "2026-03-06T17:00"),
    ],
)
def test_a_warning_outside_working_hours_comes_at_the_last_working_moment_before(due, expected):
    text = due_on("{before: 2 hours, note: Soon}")
    moment = datetime.fromisoformat(expected).replace(tzinfo=UTC)
    waiting = ticket(created=ago(days=10), due=datetime.fromisoformat(due).replace(tzinfo=UTC))
    for at, found in ((moment - timedelta(seconds=1), []), (moment, ["remind 1"])):
        assert steps(planned(text, waiting, at=at)) == found


@pytest.mark.parametrize(
    ("created", "due", "expected"),
    [
        ("2026-03-02T10:00", "2026-03-02T11:00", "2026-03-02T10:00"),  # at once, in working hours
        ("2026-03-01T10:00", "2026-03-02T10:00", "2026-03-02T09:00"),  # at the first opening
        ("2026-03-01T10:00", "2026-03-01T11:00", "2026-03-01T10:00"),  # none before it is due: at once
    ],
)
def test_no_warning_comes_before_the_clock_opened(created, due, expected):
    text = due_on("{before: 2 hours, note: Soon}")
    born, until, moment = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (created, due, expected))
    waiting = ticket(created=born, due=until)
    assert steps(planned(text, waiting, at=moment)) == ["remind 1"]
    if moment > born:
        assert steps(planned(text, waiting, at=moment - timedelta(seconds=1))) == []


def test_a_rule_that_comes_to_hold_late_warns_at_once_and_not_before():
    text = REPLY.replace("deadline:", "when: {tags: [vip]}\n    deadline:", 1)
    vip = [changed(ago(minutes=5), "tags", (), ("vip",), "ana@example.com")]
    found = planned(text, ticket(created=ago(hours=3, minutes=30), tags=("vip",)), events=vip, since=ago(minutes=6))
    assert steps(found) == ["remind 1"]  # an hour before is over; it opened five minutes ago


@pytest.mark.parametrize(("hour", "expected"), [(11, ["remind 1"]), (12, ["escalate 1"])])
def test_working_time_counts_in_steps_too(hour, expected):
    text = OFFICE + REPLY.replace("4 hours", "2 business hours").replace("2 hours, note", "2 business hours, note")
    at = AT.replace(hour=hour)
    assert steps(planned(text, ticket(created=ago(hours=12)), at=at)) == expected


def test_nobody_is_told_of_a_miss_that_the_desks_data_do_not_reach():
    behind = {"known_to": ago(minutes=10)}
    assert steps(planned(REPLY, old(hours=4, minutes=5), desk=behind)) == ["remind 1"]
    assert steps(planned(REPLY, old(hours=4, minutes=15), desk=behind)) == ["escalate 1"]


# --- which are done ---------------------------------------------------------------------------------------------------


def test_after_missed_runs_only_the_latest_step_is_done():
    found = planned(REPLY, old(hours=7))
    assert (steps(found), stays(found)) == (["escalate 2"], [("escalate 1", "passed_over")])


def test_what_was_passed_over_is_told_once_with_the_step_that_came_after_it():
    spent = done(rules(REPLY).rules[0], ago(minutes=30), step="escalate 2", subject=subject("1", ago(hours=7)))
    found = planned(REPLY, old(hours=7), desk={"journal": (spent,)})
    assert (found.changes, stays(found)) == ((), [("escalate 2", "spent")])


def test_a_step_that_was_done_is_not_said_to_be_passed_over():
    spent = done(rules(REPLY).rules[0], ago(hours=2), step="escalate 1", subject=subject("1", ago(hours=7)))
    found = planned(REPLY, old(hours=7), desk={"journal": (spent,)})
    assert (steps(found), stays(found)) == (["escalate 2"], [])


def test_two_steps_of_one_instant_are_both_done():
    text = REPLY.replace("after: 2 hours", "after: 0 minutes")
    found = planned(text, old(hours=7))
    assert (steps(found), stays(found)) == (["escalate 1", "escalate 2"], [])


PAUSING = REPLY.replace("remind:", "pause_while: {status: pending}\n      remind:", 1)


def pausing(begin, end=None):
    """A ticket of four and a half hours that waited for its customer."""
    waits = [changed(begin, "status", "new", "pending", "ana@example.com")]
    if end:
        waits.append(changed(end, "status", "pending", "open", "customer"))
    return ticket(created=ago(hours=4, minutes=30), status="open" if end else "pending"), waits


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        (ago(hours=2), None, []),
        (ago(hours=2), ago(hours=1), ["remind 1"]),
        (ago(hours=3), ago(minutes=5), []),
        (ago(minutes=10), None, ["escalate 1"]),
    ],
)
def test_nothing_is_said_in_a_pause_unless_it_was_missed_before(begin, end, expected):
    waiting, waits = pausing(begin, end)
    assert steps(planned(PAUSING, waiting, events=waits)) == expected


def test_nothing_is_said_once_the_clock_was_met():
    assert planned(REPLY, old(hours=7), events=[agent(ago(hours=6))]).changes == ()


def test_no_reminder_comes_after_the_answer():
    assert planned(REPLY, old(hours=3, minutes=30), events=[agent(ago(minutes=1))]).changes == ()


@pytest.mark.parametrize(("answered", "expected"), [(2.5, ["escalate 1"]), (0.5, ["escalate 2"])])
def test_a_late_answer_between_two_runs_is_still_told_as_far_as_it_was_late(answered, expected):
    found = planned(REPLY, old(hours=7), events=[agent(ago(hours=answered))])
    assert steps(found) == expected


def test_a_cancelled_clock_says_nothing():
    text = REPLY.replace("remind:", "cancel_when: {tags: [spam]}\n      remind:", 1)
    spam = [changed(ago(hours=4), "tags", (), ("spam",), "ana@example.com")]
    assert planned(text, ticket(created=ago(hours=7), tags=("spam",)), events=spam).changes == ()


@pytest.mark.parametrize(("when", "expected"), [("", []), ("when: {status: [new, closed]}\n    ", ["escalate 2"])])
def test_closed_tickets_are_left_alone_unless_the_rule_names_them(when, expected):
    closing = [changed(ago(minutes=1), "status", "new", "closed", "automation")]
    text = REPLY.replace("deadline:", f"{when}deadline:", 1)
    assert steps(planned(text, ticket(created=ago(hours=7), status="closed"), events=closing)) == expected


@pytest.mark.parametrize("how", ["merged", "deleted"])
def test_merged_and_deleted_tickets_are_left_alone(how):
    gone = {"merged_into": "2"} if how == "merged" else {"deleted": True}
    over = [event(ago(minutes=1), how, new="2" if how == "merged" else None)]
    assert planned(REPLY, ticket(created=ago(hours=7), **gone), events=over).changes == ()


# --- each cycle on its own --------------------------------------------------------------------------------------------

KEEP_POSTED = """
rules:
  - name: Posted
    deadline: {name: x, target: update, within: 2 hours, escalate: {after: 0 minutes, note: Late, who: leads}}
"""


def subject(number: str, start: datetime) -> str:
    """What a step is done for: a cycle of a ticket's clock."""
    return f"{number} {instant_text(start)}"


def test_every_cycle_that_was_missed_is_told_however_late_the_run():
    found = planned(KEEP_POSTED, old(hours=10), events=[agent(ago(hours=7)), agent(ago(hours=6)), agent(ago(hours=3))])
    assert [change.episode for change in found.changes if change.action == "note"] == [
        ago(hours=10),
        ago(hours=6),
        ago(hours=3),
    ]
    assert len({change.id for change in found.changes}) == len({change.effect for change in found.changes}) == 6


def test_what_was_done_in_one_cycle_leaves_the_next_to_be_done():
    rule = rules(KEEP_POSTED).rules[0]
    entry = done(rule, ago(hours=7), step="escalate 1", subject=subject("1", ago(hours=10)))
    text = KEEP_POSTED.replace(", who: leads", "")
    found = planned(text, old(hours=10), events=[agent(ago(hours=7))], desk={"journal": (entry,)})
    assert ([change.episode for change in found.changes], stays(found)) == ([ago(hours=7)], [("escalate 1", "spent")])


def test_what_the_desk_refused_in_one_cycle_is_tried_in_the_next():
    text = KEEP_POSTED.replace(", who: leads", "")
    first = planned(text, old(hours=6)).changes[0]
    entry = done(rules(text).rules[0], ago(minutes=5), step="escalate 1", outcome="refused", change=first.id)
    assert stays(planned(text, old(hours=6), desk={"journal": (entry,)})) == [("escalate 1", "refused")]
    found = planned(text, old(hours=6), events=[agent(ago(hours=3))], desk={"journal": (entry,)})
    assert ([change.episode for change in found.changes], stays(found)) == ([ago(hours=3)], [("escalate 1", "refused")])


def test_each_question_of_the_customer_has_its_own_steps():
    text = KEEP_POSTED.replace("update", "next_reply")
    story = [agent(ago(hours=20)), customer(ago(hours=12)), agent(ago(hours=9)), customer(ago(hours=3))]
    found = planned(text, old(hours=24), events=story)
    assert [each.episode for each in found.changes if each.action == "note"] == [ago(hours=12), ago(hours=3)]


# --- in force ---------------------------------------------------------------------------------------------------------


def test_steps_from_before_the_first_plan_are_counted_and_not_done():
    found = planned(REPLY, old(hours=7), ticket(2, created=ago(hours=3)), since=None)
    assert (found.changes, stays(found), found.summary.steps_before) == ((), [], 3)


def test_steps_of_two_rules_are_counted_apart():
    second = (
        REPLY.replace("First reply", "Solved").replace("first_reply", "resolution").replace("name: reply", "name: s")
    )
    found = planned(REPLY + second.partition("rules:\n")[2], old(hours=3), since=None)
    assert found.summary.steps_before == 2


def test_steps_from_before_a_rule_was_in_force_are_not_counted_any_more():
    found = planned(REPLY, old(hours=7), since=ago(minutes=1))
    assert (found.changes, stays(found), found.summary.steps_before) == ((), [], 0)


def test_the_steps_after_that_are_done_and_those_before_stay_unsaid():
    found = planned(REPLY, old(hours=7), since=ago(hours=2))
    assert (steps(found), stays(found)) == (["escalate 2"], [])


def test_a_step_at_the_very_instant_of_the_first_plan_is_from_before():
    assert planned(REPLY, old(hours=3), since=AT).changes == ()
    assert steps(planned(REPLY, old(hours=3), since=AT - timedelta(microseconds=1))) == ["remind 1"]


WAITING = """
rules:
  - name: Nobody waits
    deadline: {name: x, target: resolution, within: 30 hours, remind: {before: 5 hours, note: Soon}}
"""


def test_a_plan_of_nothing_that_is_applied_starts_the_clocks(tmp_path, monkeypatch):
    furnish(tmp_path).close()  # with tickets of a day ago
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yaml").write_text(WAITING)
    later = f"{datetime.now(UTC) + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"
    assert answer("plan", "--at", later)["summary"]["steps_before"] == 3
    assert call("plan", "-o", "plan.json").exit_code == 0
    assert call("apply", "plan.json").exit_code == 0
    assert [change["step"] for change in answer("plan", "--at", later)["changes"]] == ["remind 1"] * 3


# --- other rules, other people ----------------------------------------------------------------------------------------


def test_a_shadow_says_what_it_would_do_and_does_nothing():
    found = planned(REPLY.replace("why:", "mode: shadow\n    why:"), old(hours=7), since=None)
    assert (found.changes, stays(found)) == ((), [("escalate 2", "shadow")])
    assert found.summary.steps_before == 0


def test_a_rule_that_stops_keeps_later_clocks_silent():
    first = "rules:\n  - {name: Stop, when: {tags: [vip]}, stop: true, add_tags: [seen]}\n"
    found = planned(first + REPLY.partition("rules:\n")[2], ticket(created=ago(hours=7), tags=("vip", "seen")))
    assert (found.changes, stays(found)) == ((), [("escalate 2", "stopped")])


def test_a_clocks_own_rule_that_stops_does_not_stop_itself():
    text = REPLY.replace("why:", "stop: true\n    why:")
    assert steps(planned(text, old(hours=7))) == ["escalate 2"]


TWO = """
rules:
  - name: For the important
    when: {tags: [vip]}
    deadline: {name: reply, target: first_reply, within: 1 hour, escalate: {after: 0 minutes, note: Important}}
  - name: For everybody
    deadline: {name: reply, target: first_reply, within: 4 hours, escalate: {after: 0 minutes, note: Usual}}
"""


@pytest.mark.parametrize(
    ("tags", "hours", "rule"),
    [
        ((), 5, ["For everybody"]),
        (("vip",), 5, ["For the important"]),
        (("vip",), 2, ["For the important"]),
        ((), 2, []),
    ],
)
def test_of_two_rules_with_one_clock_only_the_one_that_sets_it_acts(tags, hours, rule):
    found = planned(TWO, ticket(created=ago(hours=hours), tags=tags))
    assert [change.rule for change in found.changes] == rule


RAISING = """
rules:
  - name: Raise
    deadline:
      name: x
      target: resolution
      within: 4 hours
      escalate:
        - {after: 0 minutes, set: {priority: high}, add_tags: [late]}
        - {after: 2 hours, set: {priority: urgent}}
"""


def raised(hours: float, *, to="high"):
    """We raised the priority an hour ago."""
    return changed(ago(hours=hours), "priority", "normal", to)


def in_journal(hours: float, step: str, field: str, start) -> object:
    rule, action = rules(RAISING).rules[0], "set" if field == "priority" else "add_tags"
    effect = effect_key(rule.id, f"{action} {field}", step, subject("1", start))
    return done(rule, ago(hours=hours), action, step=step, field=field, effect=effect)


def test_what_a_step_set_and_somebody_took_back_is_not_set_again():
    lowered = changed(ago(minutes=30), "priority", "high", "low", "ana@example.com")
    untagged = changed(ago(minutes=30), "tags", ("late",), (), "ana@example.com")
    journal = tuple(in_journal(1, "escalate 1", field, ago(hours=5)) for field in ("priority", "tags"))
    story = [raised(1), lowered, untagged]
    found = planned(RAISING, ticket(created=ago(hours=5), priority="low"), events=story, desk={"journal": journal})
    assert (found.changes, stays(found)) == ((), [("escalate 1", "spent"), ("escalate 1", "spent")])


def test_a_later_step_leaves_what_a_person_decided():
    lowered = changed(ago(minutes=150), "priority", "high", "low", "ana@example.com")
    journal = (in_journal(3, "escalate 1", "priority", ago(hours=7)), in_journal(3, "escalate 1", "tags", ago(hours=7)))
    found = planned(
        RAISING, ticket(created=ago(hours=7), priority="low"), events=[raised(3), lowered], desk={"journal": journal}
    )
    assert (found.changes, [(each.step, each.reason, each.who) for each in found.held]) == (
        (),
        [("escalate 2", "person_decided", "ana@example.com")],
    )


def test_a_later_step_goes_on_from_our_own():
    journal = (in_journal(3, "escalate 1", "priority", ago(hours=7)), in_journal(3, "escalate 1", "tags", ago(hours=7)))
    now = ticket(created=ago(hours=7), priority="high", tags=("late",))
    found = planned(RAISING, now, events=[raised(3)], desk={"journal": journal})
    assert (told(found), stays(found)) == ([("1", "set", "priority", "urgent")], [])


def test_an_earlier_rule_has_the_field():
    first = "rules:\n  - {name: Low, when: {tags: [calm]}, set: {priority: low}}\n"
    found = planned(first + RAISING.partition("rules:\n")[2], ticket(created=ago(hours=7), tags=("calm",)))
    assert [(each.rule, each.by) for each in found.overruled] == [("Raise", "Low")]


def test_a_length_that_a_step_sets_counts_from_the_step():
    text = RAISING.replace("set: {priority: urgent}", "set: {due: 3 hours}")
    found = planned(text, old(hours=7))  # due three hours ago, the step was due an hour ago
    assert told(found) == [("1", "set", "due", instant_text(AT + timedelta(hours=2)))]


# --- a new store ------------------------------------------------------------------------------------------------------


def our_note(number: str, step: str, start, at):
    mark = marker(effect_key("first-reply", "note", step, subject(number, start)))
    return event(at, "message", on=number, text=f"Late\n\nmakegood {mark}", marker=mark)


def test_a_new_store_repeats_nothing():
    ours = our_note("1", "escalate 1", ago(hours=5), ago(hours=1))
    found = planned(REPLY, old(hours=5), events=[ours], since=None)
    assert (found.changes, stays(found)) == ((), [])


def test_a_new_store_knows_our_notes_by_their_marker():
    ours = our_note("1", "escalate 1", ago(hours=5), ago(hours=1))
    found = planned(REPLY, old(hours=5), events=[ours], since=LONG_AGO)
    assert (found.changes, stays(found)) == ((), [("escalate 1", "spent")])


def test_a_note_of_another_cycle_is_another_note():
    ours = our_note("1", "escalate 1", ago(hours=6), ago(hours=1))
    assert steps(planned(REPLY, old(hours=5), events=[ours])) == ["escalate 1"]


def test_a_new_store_tells_people_what_comes_from_then_on():
    text = REPLY.replace("note: Very late", "who: leads")
    assert planned(text, old(hours=5), since=None).changes == ()
    found = planned(text, old(hours=6), since=ago(minutes=30))
    assert ([change.who for change in found.changes], stays(found)) == ([("channel:leads",)], [])


# --- when the due time moves ------------------------------------------------------------------------------------------

BY_PRIORITY = REPLY.replace("within: 4 hours", "within: {urgent: 1 hour, low: 8 hours, default: 4 hours}")


def turned(to, **age):
    return [changed(ago(**age), "priority", "normal", to, "ana@example.com")]


def test_a_due_time_that_moves_earlier_brings_its_steps_at_once():
    hot = ticket(created=ago(hours=2), priority="urgent")
    assert steps(planned(BY_PRIORITY, hot, events=turned("urgent", minutes=1))) == ["escalate 1"]


def test_a_reminder_that_was_sent_is_not_sent_again_when_the_due_time_moves_later():
    rule = rules(BY_PRIORITY).rules[0]
    sent = done(
        rule, ago(hours=4), "notify", step="remind 1", to=("channel:leads",), subject=subject("1", ago(hours=7))
    )
    calm = ticket(created=ago(hours=7), priority="low")
    found = planned(BY_PRIORITY, calm, events=turned("low", hours=3, minutes=30), desk={"journal": (sent,)})
    assert (found.changes, stays(found)) == ((), [("remind 1", "spent")])


def test_an_escalation_that_was_done_is_not_done_again_at_the_later_due_time():
    rule = rules(BY_PRIORITY).rules[0]
    late = done(rule, ago(hours=4), step="escalate 1", subject=subject("1", ago(hours=9)))
    calm = ticket(created=ago(hours=9), priority="low")
    found = planned(BY_PRIORITY, calm, events=turned("low", hours=3, minutes=30), desk={"journal": (late,)})
    assert (found.changes, stays(found)) == ((), [("escalate 1", "spent")])


@pytest.mark.parametrize(("reopened", "expected"), [((), []), (("solved", "open"), ["escalate 2"])])
def test_what_was_solved_in_time_is_not_missed_because_it_turns_urgent_later(reopened, expected):
    text = BY_PRIORITY.replace("first_reply", "resolution")
    story = [changed(ago(hours=5), "status", "new", "solved", "ana@example.com"), *turned("urgent", hours=2)]
    story += [changed(ago(minutes=1), "status", *reopened, "customer")] if reopened else []
    hot = ticket(created=ago(hours=7), priority="urgent", status="open" if reopened else "solved")
    assert steps(planned(text, hot, events=story)) == expected


def test_a_rule_that_keeps_its_id_may_change_its_name():
    renamed = REPLY.replace("name: First reply", "name: Answer soon\n    id: first-reply")
    before = done(rules(REPLY).rules[0], ago(hours=1), step="escalate 1", subject=subject("1", ago(hours=5)))
    found = planned(renamed, old(hours=5), desk={"journal": (before,)})
    assert (found.changes, stays(found)) == ((), [("escalate 1", "spent")])
    anew = REPLY.replace("name: First reply", "name: Answer soon")
    assert steps(planned(anew, old(hours=5), desk={"journal": (before,)})) == ["escalate 1"]


# --- texts and limits -------------------------------------------------------------------------------------------------


def test_a_notice_without_words_says_the_rule_why_when_and_where():
    found = planned(OFFICE.replace("UTC", "Europe/Berlin") + REPLY, ticket(created=ago(hours=3)))
    assert found.changes[0].text.splitlines() == [
        "First reply",
        "We promise an answer within four hours.",
        "due 2026-03-02 11:00",
        "https://desk.example.com/1",
    ]


def test_texts_say_what_was_due_when():
    text = REPLY.replace("note: Late", "note: '{subject} was due at {due}'")
    assert planned(text, old(hours=5)).changes[0].text.startswith("Help was due at 2026-03-02 08:00")


def test_steps_say_who_is_told():
    text = REPLY.replace("who: leads", "who: [leads, assignee]")
    found = planned(text, old(hours=3))
    assert [change.who for change in found.changes] == [("channel:leads",), ("person:ana@example.com",)]


def test_limits_hold_for_steps():
    text = REPLY.replace("why:", "limits: {per_run: 2, at_limit: next_run}\n    why:")
    found = planned(text, *(ticket(number, created=ago(hours=5, minutes=number)) for number in range(1, 4)))
    assert [change.ticket for change in found.changes] == ["2", "3"]
    assert [(cut.wanted, cut.tickets) for cut in found.limited] == [(3, ("1",))]


def test_a_limit_that_stops_does_no_step():
    text = REPLY.replace("why:", "limits: {per_run: 2}\n    why:")
    found = planned(text, *(ticket(number, created=ago(hours=5)) for number in range(1, 4)))
    assert (found.changes, found.limited[0].wanted) == ((), 3)


# --- rule tests -------------------------------------------------------------------------------------------------------

CARE = """
teams: {support: {group: Support, lead: ben@example.com}}
rules:
  - name: First reply
    deadline:
      name: reply
      target: first_reply
      within: 4 hours
      remind: {before: 1 hour, who: assignee}
      escalate: {after: 0 minutes, who: [leads, team_lead], add_tags: [late]}
tests:
"""
WAITS = "ticket: {created: 2026-03-02 09:00, group: Support, assignee: ana@example.com}"


def outcome(at: str, expect: str) -> tuple[str, ...]:
    """Why a rule test at a time of that Monday fails; nothing: it passes."""
    (result,) = run_tests(rules(f"{CARE}  - {{name: T, at: 2026-03-02 {at}, {WAITS}, expect: {expect}}}")).results
    return result.because


@pytest.mark.parametrize(
    ("at", "expect"),
    [
        ("11:59", "nothing"),
        ("12:00", "{notify: assignee, deadline.reply: {state: due_soon, due: 2026-03-02 13:00}}"),
        ("12:00", "{notify: ana@example.com}"),
        ("13:01", "{notify: [leads, team_lead], add_tags: late, deadline.reply: missed}"),
        ("13:01", "{notify: [leads, ben@example.com], add_tags: late}"),
    ],
)
def test_rule_tests_expect_steps(at, expect):
    assert outcome(at, expect) == ()


@pytest.mark.parametrize(
    ("at", "expect", "because"),
    [
        ("12:00", "nothing", "`notify` was not expected"),
        ("12:00", "{notify: team_lead}", "`notify`: expected `team_lead`, got `assignee`"),
        ("13:01", "{notify: leads, add_tags: late}", "`notify`: `team_lead` was not expected"),
        ("13:01", "{notify: team_lead, add_tags: late}", "`notify`: `leads` was not expected"),
    ],
)
def test_rule_tests_tell_the_steps_apart(at, expect, because):
    assert because in outcome(at, expect)
