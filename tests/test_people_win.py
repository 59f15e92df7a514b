"""People win: what somebody decided after us is left alone, and machines that undo one another are told apart."""

from __future__ import annotations

import pytest
from small_desk import ago, changed, event, plan, ticket, told

ANA = "ana@example.com"
BEN = "ben@example.com"
PRIORITY = "rules: [{name: High, when: {tags: [vip]}, set: {priority: high}}]"
TAG = "rules: [{name: Tag, when: {status: new}, add_tags: [refund]}]"
UNTAG = "rules: [{name: Untag, when: {status: new}, remove_tags: [refund]}]"
OWNER = "rules: [{name: Ben, when: {status: new}, assign: {to: ben@example.com}}]"
TAKE = "rules: [{name: Ben, when: {status: new}, assign: {to: ben@example.com, even_if_assigned: yes}}]"


def held(found) -> list[tuple]:
    return [(each.reason, each.who, each.since) for each in found.held]


def test_an_agent_who_undoes_our_change_has_decided():
    ours = changed(ago(hours=3), "priority", "normal", "high")
    theirs = changed(ago(hours=2), "priority", "high", "low", ANA)
    found = plan(PRIORITY, ticket(tags=("vip",), priority="low"), events=[ours, theirs])
    assert (told(found), held(found)) == ([], [("person_decided", ANA, ago(hours=2))])


def test_what_an_agent_set_before_we_ever_did_is_changed():
    theirs = changed(ago(hours=2), "priority", "normal", "low", ANA)
    found = plan(PRIORITY, ticket(tags=("vip",), priority="low"), events=[theirs])
    assert told(found) == [("1", "set", "priority", "high")]


@pytest.mark.parametrize("machine", ["automation", "customer"])
def test_only_agents_decide(machine):
    ours = changed(ago(hours=3), "priority", "normal", "high")
    theirs = changed(ago(hours=2), "priority", "high", "low", machine)
    found = plan(PRIORITY, ticket(tags=("vip",), priority="low"), events=[ours, theirs])
    assert told(found) == [("1", "set", "priority", "high")]


def test_a_decision_ends_with_the_episode():
    events = [
        changed(ago(hours=5), "priority", "normal", "high"),
        changed(ago(hours=4), "priority", "high", "low", ANA),
        changed(ago(hours=3), "tags", ("vip",), (), ANA),
        changed(ago(hours=1), "tags", (), ("vip",), ANA),
    ]
    found = plan(PRIORITY, ticket(tags=("vip",), priority="low"), events=events)
    assert told(found) == [("1", "set", "priority", "high")]


def test_an_episode_that_the_decision_itself_begins_is_held_too():
    text = "rules: [{name: High, when: {priority: low}, set: {priority: high}}]"
    events = [
        changed(ago(hours=5), "priority", "low", "high"),
        changed(ago(hours=4), "priority", "high", "low", ANA),
    ]
    found = plan(text, ticket(priority="low"), events=events)
    assert held(found) == [("person_decided", ANA, ago(hours=4))]


# --- tags, one by one -------------------------------------------------------------------------------------------------


def test_a_tag_that_an_agent_took_off_stays_off():
    events = [
        changed(ago(hours=3), "tags", (), ("refund",)),
        changed(ago(hours=2), "tags", ("refund",), (), ANA),
    ]
    found = plan(TAG.replace("[refund]", "[refund, other]"), ticket(), events=events)
    assert told(found) == [("1", "add_tags", "tags", ("other",))]
    assert [(each.to, each.who) for each in found.held] == [(("refund",), ANA)]


def test_a_tag_that_an_agent_put_back_stays_on():
    events = [
        changed(ago(hours=3), "tags", ("refund",), ()),
        changed(ago(hours=2), "tags", (), ("Refund",), ANA),
    ]
    found = plan(UNTAG, ticket(tags=("Refund",)), events=events)
    assert held(found) == [("person_decided", ANA, ago(hours=2))]


def test_other_tags_are_no_decision():
    events = [
        changed(ago(hours=3), "tags", (), ("other",)),
        changed(ago(hours=2), "tags", ("other",), (), ANA),
    ]
    assert told(plan(TAG, ticket(), events=events)) == [("1", "add_tags", "tags", ("refund",))]


# --- owners -----------------------------------------------------------------------------------------------------------


def test_who_hands_back_does_not_get_it_again():
    events = [
        changed(ago(hours=3), "assignee", None, BEN),
        changed(ago(hours=2), "assignee", BEN, None, BEN),
    ]
    found = plan(OWNER, ticket(), events=events)
    assert (told(found), held(found)) == ([], [("person_decided", BEN, ago(hours=2))])


def test_somebody_else_may_get_what_was_handed_back():
    events = [
        changed(ago(hours=3), "assignee", None, ANA),
        changed(ago(hours=2), "assignee", ANA, None, ANA),
    ]
    assert told(plan(OWNER, ticket(), events=events)) == [("1", "assign", "assignee", BEN)]


def test_a_machine_that_clears_the_owner_hands_nothing_back():
    events = [
        changed(ago(hours=3), "assignee", None, BEN),
        changed(ago(hours=2), "assignee", BEN, None, "automation"),
    ]
    assert told(plan(OWNER, ticket(), events=events)) == [("1", "assign", "assignee", BEN)]


def test_a_ticket_that_an_agent_moved_on_is_not_taken_back():
    events = [
        changed(ago(hours=3), "assignee", None, BEN),
        changed(ago(hours=2), "assignee", BEN, ANA, BEN),
    ]
    found = plan(TAKE, ticket(assignee=ANA), events=events)
    assert held(found) == [("person_decided", BEN, ago(hours=2))]


# --- machines against each other --------------------------------------------------------------------------------------


def quarrel(*hours: float):
    """We raise the priority, a machine lowers it, as often as there are hours."""
    for hour in hours:
        yield changed(ago(hours=hour), "priority", "low", "high")
        yield changed(ago(hours=hour - 0.5), "priority", "high", "low", "automation")


VIP = {"tags": ("vip",), "priority": "low", "created": ago(days=9), "updated": ago(days=1)}


def test_the_first_reversal_by_a_machine_is_tried_again():
    found = plan(PRIORITY, ticket(**VIP), events=quarrel(5))
    assert told(found) == [("1", "set", "priority", "high")]


def test_the_second_within_a_day_is_a_tug_of_war():
    found = plan(PRIORITY, ticket(**VIP), events=quarrel(5, 3))
    assert (told(found), held(found)) == ([], [("tug_of_war", "automation", ago(hours=2.5))])


def test_reversals_days_apart_are_no_tug_of_war():
    assert told(plan(PRIORITY, ticket(**VIP), events=quarrel(50, 3)))


def test_a_conversation_is_no_tug_of_war():
    said = [event(ago(hours=hour), "message", "customer", text="and?", public=True) for hour in (4.5, 2.5)]
    events = sorted([*quarrel(5, 3), *said], key=lambda each: (each.at, each.kind != "message"))
    assert told(plan(PRIORITY, ticket(**VIP), events=events))


def test_rules_of_ours_that_undo_each_other_are_held():
    up_and_down = [
        changed(ago(hours=3), "priority", "low", "high"),
        changed(ago(hours=2), "priority", "high", "low"),
    ]
    assert held(plan(PRIORITY, ticket(**VIP), events=up_and_down)) == [("tug_of_war", "robot", ago(hours=2))]
