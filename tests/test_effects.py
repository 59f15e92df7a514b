"""Once per episode: what is spent, what is due again, what is in doubt, what was refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_desk import AT, DESK, WORDS, ago, changed, done, event, plan, rules, ticket, told

from makegood.engine.effects import change_key, effect_key, marker

NOTE = "rules: [{name: Note, when: {tags: [vip]}, note: Please look}]"
REPLY = "rules: [{name: Reply, when: {tags: [vip]}, reply: We are on it}]"
NOTICE = "rules: [{name: Notice, when: {tags: [vip]}, notify: leads}]"
RAISE = "rules: [{name: Raise, when: {tags: [vip]}, set: {priority: high}}]"
VIP = ticket(tags=("vip",), created=ago(days=5))


def tagged(at):
    return changed(at, "tags", (), ("vip",), "ana@example.com")


def reasons(found) -> list[str]:
    return [each.reason for each in (*found.held, *found.skipped)]


def test_keys_tell_effects_apart_and_are_short():
    keys = {
        effect_key("r", "note", None, "1"),
        effect_key("r", "note", "repeat 2", "1"),
        effect_key("r", "reply", None, "1"),
        effect_key("r", "note", None, "2"),
        effect_key("q", "note", None, "1"),
    }
    assert len(keys) == 5
    assert all(len(key) == 16 and int(key, 16) >= 0 and key.startswith(marker(key)) for key in keys)


def test_a_change_with_another_value_is_another_change():
    values = [None, "a", "", ("a",), ("a", "b"), ("ab",), ()]
    keys = [change_key("r", "1", "set", None, "priority", value) for value in values]
    assert len(set(keys)) == len(values) - 2  # an empty text and an empty list are no value


# --- spent ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [NOTE, NOTICE, REPLY])
def test_what_the_journal_knows_as_done_is_spent(text):
    rule = rules(text).rules[0]
    action = text.split("}, ")[1].split(":")[0]
    entry = done(rule, ago(hours=2), action, to=("channel:leads",) if action == "notify" else None)
    found = plan(text, VIP, events=[tagged(ago(hours=3))], desk={"journal": (entry,)})
    assert (told(found), reasons(found)) == ([], ["spent"])
    assert found.skipped[0].since == ago(hours=2)


def test_of_two_who_are_told_only_the_one_who_was_not_is_told_again():
    text = NOTICE.replace("leads", "[leads, ana@example.com]")
    told_ana = done(rules(text).rules[0], ago(hours=2), "notify", to=("person:ana@example.com",))
    failed = done(rules(text).rules[0], ago(hours=2), "notify", to=("channel:leads",), outcome="failed")
    found = plan(text, VIP, events=[tagged(ago(hours=3))], desk={"journal": (told_ana, failed)})
    assert [change.who for change in found.changes] == [("channel:leads",)]
    assert [(each.reason, each.to) for each in found.skipped] == [("spent", ("person:ana@example.com",))]


@pytest.mark.parametrize("outcome", ["failed", "refused", "conflict", "skipped"])
def test_what_did_not_work_is_still_due(outcome):
    entry = done(rules(NOTE).rules[0], ago(days=2), outcome=outcome, version_after="6")
    assert len(plan(NOTE, VIP, desk={"journal": (entry,)}).changes) == 1


def test_a_new_episode_is_a_new_chance():
    entry = done(rules(NOTE).rules[0], ago(hours=4))
    found = plan(NOTE, VIP, events=[tagged(ago(hours=3))], desk={"journal": (entry,)})
    assert [change.action for change in found.changes] == ["note"]


def test_a_note_with_our_marker_is_remembered_by_the_desk():
    mark = marker(effect_key("note", "note", None, "1"))
    ours = event(ago(hours=2), "message", text=f"Please look\n\nmakegood {mark}", marker=mark)
    found = plan(NOTE, VIP, events=[tagged(ago(hours=3)), ours])
    assert reasons(found) == ["spent"]


def test_a_marker_that_somebody_else_wrote_counts_for_nothing():
    mark = marker(effect_key("note", "note", None, "1"))
    theirs = event(ago(hours=2), "message", "ana@example.com", text=f"makegood {mark}", marker=mark)
    assert len(plan(NOTE, VIP, events=[theirs]).changes) == 1


def test_a_new_store_gives_the_same_plan():
    text = NOTE.replace("}]", "}") + ", {name: More, when: {tags: [vip]}, note: And this}]"
    first = plan(text, VIP)
    said = [event(AT, "message", text=change.text, marker=change.marker) for change in first.changes]
    again = plan(text, VIP, events=said, desk={"at": AT + timedelta(minutes=5)})
    assert (len(first.changes), again.changes) == (2, ())


def test_once_per_requester_is_spent_on_whichever_ticket_it_was_done():
    text = NOTE.replace("note:", "once_per: requester, note:")
    rule = rules(text).rules[0]
    entry = done(rule, ago(hours=1), ticket="2", subject="requester mia@customer.example")
    tickets = [replace(VIP, id=number, created=ago(days=int(number))) for number in "123"]
    found = plan(text, *tickets, desk={"journal": (entry,)})
    assert (found.changes, sorted(reasons(found))) == ((), ["once_per", "once_per", "spent"])


# --- replies without a hidden marker ----------------------------------------------------------------------------------


def said(text: str, **more):
    return event(ago(hours=1), "message", text=text, public=True, **more)


def test_the_same_words_of_ours_are_the_same_reply():
    found = plan(REPLY, VIP, events=[said("We  are\non it")])
    assert reasons(found) == ["spent"]


def test_other_words_of_ours_leave_doubt():
    found = plan(REPLY, VIP, events=[said("We were on it")])
    assert reasons(found) == ["unsure"]


def test_words_of_ours_from_before_the_episode_leave_none():
    found = plan(REPLY, VIP, events=[said("We were on it"), tagged(ago(minutes=5))])
    assert [change.action for change in found.changes] == ["reply"]


def test_a_reply_that_the_journal_knows_as_another_leaves_none():
    other = done(replace(rules(REPLY).rules[0], id="other"), ago(hours=1), "reply")
    found = plan(REPLY, VIP, events=[said("We were on it")], desk={"journal": (other,)})
    assert [change.action for change in found.changes] == ["reply"]


def test_a_desk_with_hidden_markers_leaves_none():
    hidden = {"capabilities": replace(DESK, hidden_marker=True)}
    assert len(plan(REPLY, VIP, events=[said("We were on it")], desk=hidden).changes) == 1
    mark = marker(effect_key("reply", "reply", None, "1"))
    assert reasons(plan(REPLY, VIP, events=[said("Anything", marker=mark)], desk=hidden)) == ["spent"]


def test_an_attempt_of_unknown_fate_is_held():
    entry = done(rules(REPLY).rules[0], ago(hours=1), "reply", outcome="unsure", detail="the line was cut")
    found = plan(REPLY, VIP, desk={"journal": (entry,)})
    assert [(each.reason, each.detail) for each in found.held] == [("unsure", "the line was cut")]


# --- notices ----------------------------------------------------------------------------------------------------------


def test_a_new_store_does_not_tell_again_what_an_old_one_may_have_told():
    new = {"first_applied": {}}
    found = plan(NOTICE, VIP, desk=new)
    assert (found.changes, reasons(found)) == ((), ["passed_over"])
    assert plan(NOTICE, VIP, events=[tagged(AT)], desk=new).changes


def test_unless_the_rule_wants_the_backlog():
    text = NOTICE.replace("notify", "backlog: include, notify")
    assert plan(text, VIP, desk={"first_applied": {}}).changes


def test_a_rule_that_joined_later_tells_all():
    joined = {"first_applied": {"anything": ago(days=2)}}
    assert plan(NOTICE, VIP, desk=joined).changes
    joined["first_applied"]["notice"] = ago(days=1)
    assert plan(NOTICE, VIP, desk=joined).changes


def test_a_rule_from_the_stores_first_day_does_not():
    assert reasons(plan(NOTICE, VIP, desk={"first_applied": {"notice": ago(days=2)}})) == ["passed_over"]


# --- repetitions ------------------------------------------------------------------------------------------------------

AGAIN = "rules: [{name: Note, when: {tags: [vip]}, note: Still, repeat: {every: 1 hour, at_most: 3}}]"


@pytest.mark.parametrize(
    ("minutes", "step", "passed"),
    [
        (59, None, []),
        (60, "repeat 2", [None]),
        (150, "repeat 3", [None, "repeat 2"]),
        (999, "repeat 3", [None, "repeat 2"]),
    ],
)
def test_only_the_latest_due_step_is_done(minutes, step, passed):
    found = plan(AGAIN, VIP, events=[tagged(ago(minutes=minutes))])
    assert [change.step for change in found.changes] == [step]
    assert [(each.step, each.reason) for each in found.skipped] == [(name, "passed_over") for name in passed]


def test_a_step_that_was_done_waits_for_the_next():
    entry = done(rules(AGAIN).rules[0], ago(minutes=20), step="repeat 2")
    found = plan(AGAIN, VIP, events=[tagged(ago(minutes=90))], desk={"journal": (entry,)})
    assert (found.changes, reasons(found)) == ((), ["spent"])


def test_repetitions_count_from_the_end_of_for():
    text = AGAIN.replace("note: Still", "for: 2 hours, note: Still")
    found = plan(text, VIP, events=[tagged(ago(minutes=190))])
    assert [change.step for change in found.changes] == ["repeat 2"]


def test_business_repetitions_run_on_the_calendar():
    calendars = "calendars: {office: {time_zone: UTC, hours: {mon-fri: 08:00-10:00}}}\ndefault_calendar: office\n"
    text = calendars + AGAIN.replace("1 hour", "1 business hour")
    found = plan(text, VIP, events=[tagged(ago(days=3))])  # Friday 09:00: due then, at 10:00, on Monday at 09:00
    assert [change.step for change in found.changes] == ["repeat 3"]


# --- refused ----------------------------------------------------------------------------------------------------------


def refused(**more):
    rule = rules(RAISE).rules[0]
    usual = {"outcome": "refused", "detail": "you may not", "field": "priority", "to": "high"}
    return done(rule, more.pop("at", ago(hours=1)), "set", **usual | more)


def test_what_the_desk_refused_is_held_with_its_words():
    found = plan(RAISE, VIP, desk={"journal": (refused(),)})
    assert [(each.reason, each.detail) for each in found.held] == [("refused", "you may not")]


@pytest.mark.parametrize(
    ("entry", "desk"),
    [
        (refused(version_after="6"), {}),
        (refused(rule_fingerprint="other"), {}),
        (refused(), {"catalogue": replace(WORDS, rights="more")}),
        (refused(at=ago(hours=25)), {}),
        (refused(to="urgent", change="other"), {}),
    ],
)
def test_it_is_tried_again_once_something_changed(entry, desk):
    assert told(plan(RAISE, VIP, desk={"journal": (entry,)} | desk)) == [("1", "set", "priority", "high")]


# --- always -----------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(ages=st.lists(st.integers(1, 300), max_size=4), start=st.integers(1, 300))
def test_a_note_is_planned_exactly_when_none_was_written_in_the_episode(ages, start):
    mark = marker(effect_key("note", "note", None, "1"))
    ours = [event(ago(minutes=age), "message", text="x", marker=mark) for age in ages]
    found = plan(NOTE, VIP, events=[tagged(ago(minutes=start)), *ours])
    assert bool(found.changes) == all(age > start for age in ages)
