"""The catalogue of facts is complete, and its patterns resolve."""

import pytest

from makegood.connectors.ticket import PRIORITIES, STATUSES
from makegood.rules.facts import FACTS, PATTERNS, SECTIONS, derived, fact_named

LANGUAGE = """
id url subject description customer_messages last_customer_message last_agent_message status status_name
priority type channel form brand language tags group sent_to cc field.<name> parent parent.status open_children approval
approvers sample assignee assignee.active assignee.at_work assignee.away assignee.open_tickets previous_assignee requester
requester.name requester.email requester.tags requester.field.<name> organization organization.tags
organization.field.<name> now created updated solved due assigned status_changed reopened first_reply last_agent_reply
last_customer_reply unanswered_since last_human_activity last_message_by first_reply_took resolution_took longest_wait
reopens agent_replies handoffs csat csat_score csat_comment csat_given requester.open_tickets requester.tickets_7d
requester.tickets_30d requester.bad_csat_90d requester.last_assignee organization.open_tickets
organization.last_assignee deadline.<name>
deadline.<name>.due sla.<name> sla.<name>.due promise promise.due recovery
"""


def test_the_catalogue_holds_the_facts_of_the_language_and_no_other():
    assert sorted(FACTS) == sorted(LANGUAGE.split())
    assert sum(len(section) for section in SECTIONS.values()) == len(FACTS)


@pytest.mark.parametrize("fact", FACTS.values(), ids=lambda fact: fact.name)
def test_every_fact_says_what_it_is_and_who_supplies_it(fact):
    assert fact.doc.endswith(".")
    assert "local" in fact.supplied or fact.name == "approval"
    assert set(fact.supplied) <= {"zendesk", "jira", "rt", "local"}
    assert all(fact.supplied.values())


def test_settable_facts_are_those_of_the_language():
    settable = {name for name, fact in FACTS.items() if fact.settable}
    assert settable == {"priority", "status", "status_name", "type", "form", "organization", "due", "field.<name>"}


def test_closed_words_are_those_of_the_connectors():
    assert FACTS["status"].values == STATUSES
    assert FACTS["priority"].values == PRIORITIES


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("field.City", "any"),
        ("field.due", "any"),
        ("field.First day", "any"),
        ("requester.field.tier", "any"),
        ("organization.field.tier", "any"),
        ("deadline.first-reply", "choice"),
        ("deadline.first-reply.due", "time"),
        ("sla.Time to resolution", "choice"),
        ("sla.Time to resolution.due", "time"),
        ("status", "choice"),
    ],
)
def test_names_resolve_to_facts_that_carry_them(name, kind):
    fact = fact_named(name)
    assert fact is not None
    assert (fact.name, fact.type) == (name, kind)


@pytest.mark.parametrize("name", ["", "field.", "deadline.", "stauts", "fields.x", "requester.field.", "condition"])
def test_other_names_are_no_facts(name):
    assert fact_named(name) is None


def test_a_pattern_keeps_what_its_fact_can_do():
    assert fact_named("field.City").settable
    assert not fact_named("organization.field.tier").history
    assert "missed" in (fact_named("sla.x").values or ())
    assert set(PATTERNS) == {name for name in FACTS if "<" in name}


def test_facts_about_people_have_no_history():
    now_only = {name for name, fact in FACTS.items() if not fact.history}
    assert {
        "requester.tags",
        "requester.name",
        "assignee.active",
        "assignee.open_tickets",
        "organization.tags",
    } <= now_only
    assert not {"status", "tags", "assignee", "reopens", "csat", "group", "organization"} & now_only


def test_derived_facts_follow_from_events():
    assert derived("reopens")
    assert derived("last_agent_reply")
    assert not derived("status")
    assert not derived("field.x")
