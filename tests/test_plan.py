"""The plan: desired state, file order, reasons, and the same bytes every time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from small_desk import ALL, AT, DESK, ago, changed, plan, rules, snapshot, ticket, told

from makegood.connectors.base import Capabilities
from makegood.connectors.ticket import FieldSpec
from makegood.engine.plan import PlanRefused, make_plan

TEAMS = """
teams:
  billing: {group: Billing, lead: ben@example.com, next_level: ana@example.com}
"""
URGENT = "rules: [{name: Urgent, when: {tags: [vip]}, set: {priority: urgent}}]"


def one(action: str, when: str = "{status: new}", more: str = "") -> str:
    return f"{TEAMS}\nrules:\n  - name: The rule\n    when: {when}\n    {action}\n    {more}\n"


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("assign: {to: ana@example.com}", ("1", "assign", "assignee", "ana@example.com")),
        ("assign: {team: billing}", ("1", "assign", "group", "Billing")),
        ("set: {priority: high}", ("1", "set", "priority", "high")),
        ("set: {status_name: waiting}", ("1", "set", "status_name", "waiting")),
        ("add_tags: [late, vip]", ("1", "add_tags", "tags", ("late", "vip"))),
        ("remove_tags: [OLD]", ("1", "remove_tags", "tags", ("OLD",))),
        ("add_cc: [ben@example.com]", ("1", "add_cc", "cc", ("ben@example.com",))),
        ("note: Look at this", ("1", "note", None, None)),
        ("reply: We are on it", ("1", "reply", None, None)),
        ("notify: leads", ("1", "notify", None, None)),
    ],
)
def test_each_action_becomes_one_change(action, expected):
    assert told(plan(one(action), ticket(tags=("old",)))) == [expected]


@pytest.mark.parametrize(
    ("action", "facts"),
    [
        ("assign: {to: ana@example.com}", {"assignee": "ana@example.com"}),
        ("assign: {to: missing}", {}),
        ("assign: {team: billing}", {"group": "billing"}),
        ("set: {priority: normal}", {}),
        ("set: {type: missing}", {}),
        ("add_tags: [VIP]", {"tags": ("vip",)}),
        ("remove_tags: [vip]", {}),
        ("add_cc: [Ben@example.com]", {"cc": ("ben@example.com",)}),
        ("set: {due: 2026-03-05 10:00}", {"due": AT + timedelta(days=3, hours=1)}),
    ],
)
def test_what_is_so_already_is_not_planned(action, facts):
    assert told(plan(one(action), ticket(**facts))) == []


def test_a_change_says_everything():
    change = plan(one("set: {priority: high}"), ticket()).changes[0]
    assert (change.from_, change.version, change.url) == ("normal", "7", "https://desk.example.com/1")
    assert (change.rule, change.rule_id, change.line) == ("The rule", "the-rule", 7)
    assert change.episode == ago(days=1)
    assert change.why["saw"] == {"status": "new"}
    assert not change.customer_sees


def test_only_what_is_missing_of_a_list_is_added():
    assert told(plan(one("add_tags: [vip, late]"), ticket(tags=("vip",)))) == [("1", "add_tags", "tags", ("late",))]


def test_a_value_that_depends_on_a_fact():
    text = one("set: {type: {by: priority, urgent: incident, default: question}}")
    found = plan(text, ticket(1, priority="urgent"), ticket(2, priority=None))
    assert [change.to for change in found.changes] == ["incident", "question"]


def test_without_case_and_default_there_is_no_wish():
    assert told(plan(one("set: {type: {by: priority, urgent: incident}}"), ticket())) == []


def test_missing_clears_a_field():
    assert told(plan(one("set: {type: missing}"), ticket(type="question"))) == [("1", "set", "type", None)]


def test_a_duration_counts_from_the_begin_of_the_episode():
    tagged = changed(ago(hours=2), "tags", (), ("vip",), "ana@example.com")
    found = plan(one("set: {due: 4 hours}", "{tags: [vip]}"), ticket(tags=("vip",)), events=[tagged])
    assert [change.to for change in found.changes] == ["2026-03-02T11:00:00Z"]


def test_assigning_to_a_fact_that_is_a_person():
    text = one("assign: {to: field.Owner}")
    fields = {"Owner": "ana@example.com"}
    words = replace(snapshot().catalogue, fields={"Owner": FieldSpec("Owner")})
    found = plan(text, ticket(1, custom=fields), ticket(2), desk={"catalogue": words})
    assert told(found) == [("1", "assign", "assignee", "ana@example.com")]


# --- whose ticket it is -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["{to: ana@example.com}", "{team: billing}"])
def test_a_ticket_that_somebody_owns_is_left_alone(action):
    found = plan(one(f"assign: {action}"), ticket(assignee="ben@example.com", group="Support"))
    assert found.changes == ()
    assert [skip.reason for skip in found.skipped] == ["assigned"]


def test_even_if_assigned_takes_it():
    found = plan(one("assign: {to: ana@example.com, even_if_assigned: yes}"), ticket(assignee="ben@example.com"))
    assert told(found) == [("1", "assign", "assignee", "ana@example.com")]


def test_missing_hands_back_to_the_queue():
    found = plan(one("assign: {to: missing}"), ticket(assignee="ben@example.com"))
    assert told(found) == [("1", "assign", "assignee", None)]


# --- file order -------------------------------------------------------------------------------------------------------

TWO = """
rules:
  - {name: First, when: {status: new}, set: {priority: high}, add_tags: [a, b]}
  - {name: Second, when: {status: new}, set: {priority: low}, remove_tags: [b], add_tags: [a, c]}
"""


def test_the_first_rule_that_speaks_wins():
    found = plan(TWO, ticket())
    assert told(found) == [
        ("1", "set", "priority", "high"),
        ("1", "add_tags", "tags", ("a", "b")),
        ("1", "add_tags", "tags", ("c",)),
    ]
    assert [(each.rule, each.field, each.to, each.by) for each in found.overruled] == [
        ("Second", "priority", "low", "First"),
        ("Second", "tags", ("b",), "First"),
    ]


def test_a_rule_that_has_its_way_already_still_wins():
    found = plan(TWO, ticket(priority="high", tags=("a", "b", "c")))
    assert found.changes == ()
    assert [each.to for each in found.overruled] == ["low", ("b",)]


def test_two_rules_that_want_the_same_do_not_quarrel():
    found = plan(TWO.replace("low", "high").replace("remove_tags: [b], ", ""), ticket())
    assert found.overruled == ()
    assert len([change for change in found.changes if change.field == "priority"]) == 1


def test_status_and_its_name_are_one_field():
    text = """
rules:
  - {name: A, when: {priority: normal}, set: {status: open}}
  - {name: B, when: {priority: normal}, set: {status_name: Waiting}}
"""
    found = plan(text, ticket())
    assert [(change.field, change.to) for change in found.changes] == [("status", "open")]
    assert [each.by for each in found.overruled] == ["A"]


def test_stop_hides_later_rules():
    found = plan(TWO.replace("add_tags: [a, b]}", "stop: true}"), ticket())
    assert told(found) == [("1", "set", "priority", "high")]
    assert {each.reason for each in found.skipped} == {"stopped"}


def test_shadow_is_recorded_and_neither_wins_nor_stops():
    found = plan(TWO.replace("add_tags: [a, b]}", "mode: shadow, stop: true}"), ticket())
    assert ("1", "set", "priority", "low") in told(found)
    assert [(each.rule, each.reason, each.to) for each in found.skipped] == [("First", "shadow", "high")]


def test_off_and_other_helpdesks_are_out():
    text = """
rules:
  - {name: A, mode: off, when: {status: new}, set: {priority: high}}
  - {name: B, helpdesks: [other], when: {status: new}, set: {priority: high}}
  - {name: C, helpdesks: [support], when: {status: new}, set: {priority: low}}
"""
    assert told(plan(text, ticket())) == [("1", "set", "priority", "low")]


# --- closed tickets, customers, receivers -----------------------------------------------------------------------------


def test_a_desk_that_freezes_closed_tickets():
    frozen = {"capabilities": replace(DESK, closed_is_final=True)}
    found = plan(one("add_tags: [x]", "{status: closed}"), ticket(status="closed"), desk=frozen)
    assert (found.changes, [each.reason for each in found.skipped]) == ((), ["closed"])


@pytest.mark.parametrize(
    ("action", "sees"),
    [
        ("note: Hi", False),
        ("reply: Hi", True),
        ("add_cc: [ben@example.com]", True),
        ("notify: leads", False),
        ("notify: requester", True),
        ("notify: ana@example.com", False),
        ("set: {status: solved}", False),
    ],
)
def test_what_the_customer_sees(action, sees):
    found = plan(one(action), ticket())
    assert [change.customer_sees for change in found.changes] == [sees]
    assert found.summary.customer_visible == int(sees)


@pytest.mark.parametrize("action", ["reply: Hi", "notify: requester"])
def test_without_leave_nothing_goes_to_customers(action):
    found = plan(one(action), ticket(), allow_replies=False)
    assert (found.changes, [each.reason for each in found.held]) == ((), ["replies_off"])


@pytest.mark.parametrize(
    ("who", "receivers"),
    [
        ("[leads, ana@example.com]", ("channel:leads", "person:ana@example.com")),
        ("assignee", ("person:ben@example.com",)),
        ("team_lead", ("person:ben@example.com",)),
        ("next_level", ("person:ana@example.com",)),
        ("cc", ("person:ana@example.com", "person:ben@example.com")),
    ],
)
def test_receivers_are_people_and_channels(who, receivers):
    facts = {"assignee": "ben@example.com", "group": "Billing", "cc": ("ana@example.com", "ben@example.com")}
    found = plan(one(f"notify: {who}"), ticket(**facts))
    assert tuple(name for change in found.changes for name in change.who) == receivers
    assert len({change.effect for change in found.changes}) == len({change.id for change in found.changes})


@pytest.mark.parametrize(("hours", "handle"), [(1, "ana@example.com"), (0, "ben@example.com")])
def test_who_is_on_call_at_the_instant_of_the_plan_is_told(hours, handle):
    rota = "on_call: {every: 1 week, since: 2026-02-23 09:00, people: [ana@example.com, ben@example.com]}"
    text = (
        f"teams: {{billing: {{group: Billing, {rota}}}}}\nrules: [{{name: A, when: {{status: new}}, notify: on_call}}]"
    )
    found = plan(text, ticket(group="Billing"), desk={"at": ago(hours=hours)})
    assert [change.who for change in found.changes] == [(f"person:{handle}",)]


def test_a_notice_to_nobody_is_said():
    found = plan(one("notify: assignee"), ticket())
    assert (found.changes, [each.reason for each in found.skipped]) == ((), ["nobody"])


def test_once_per_requester_means_the_newest_ticket():
    text = one("note: Hi", more="once_per: requester")
    old, new = ticket(1, created=ago(days=3)), ticket(2, created=ago(days=2))
    found = plan(text, old, new, ticket(3, requester="ana@example.com"))
    assert [change.ticket for change in found.changes] == ["2", "3"]
    assert [(each.ticket, each.reason) for each in found.skipped] == [("1", "once_per")]
    assert found.changes[0].episode == ago(days=3)


# --- texts ------------------------------------------------------------------------------------------------------------


def test_texts_are_filled_in_and_never_read_as_templates():
    text = one('note: "{requester.name} wrote {subject}: {why}"', more="why: It matters")
    note = plan(text, ticket(subject="{why} {nope}")).changes[0]
    assert note.text == f"Mia wrote {{why}} {{nope}}: It matters\n\nmakegood {note.marker}"


def test_times_stand_on_the_clock_of_the_rules_calendar():
    calendars = "calendars: {berlin: {time_zone: Europe/Berlin, hours: {mon-fri: 11:00-17:00}}}\n"
    text = calendars + one('note: "Created {created}, we open {next_open}"', more="calendar: berlin")
    assert plan(text, ticket()).changes[0].text.startswith("Created 2026-03-01 10:00, we open 2026-03-02 11:00")


def test_a_notice_without_text_says_rule_reason_and_link():
    found = plan(one("notify: leads", more="why: Because"), ticket())
    assert found.changes[0].text == "The rule\nBecause\nhttps://desk.example.com/1"


# --- what follows, what is refused ------------------------------------------------------------------------------------


def test_rules_that_become_true_by_the_plan_follow():
    text = """
rules:
  - {name: A, when: {status: new}, set: {priority: urgent}}
  - {name: B, when: {priority: urgent}, add_tags: [hot]}
"""
    found = plan(text, ticket())
    assert told(found) == [("1", "set", "priority", "urgent")]
    assert [(each.ticket, each.rule, each.because) for each in found.follows] == [("1", "B", "A")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (one("assign: {to: nobody@example.com}"), "nobody@example.com"),
        (one("add_tags: [x]", "{group: Sales}"), "`Sales`"),
        (one("notify: lead"), "there is no channel called `lead`"),
    ],
)
def test_what_cannot_run_is_refused_with_its_place(text, message):
    with pytest.raises(PlanRefused) as caught:
        plan(text, ticket())
    found = [each for each in caught.value.diagnostics if message in each.message]
    assert found
    assert found[0].span.line > 1


def test_a_desk_that_lacks_a_fact_or_a_field_says_so():
    desk = Capabilities(writable=ALL - {"priority"}, lacks={"brand": "there is one brand"})
    with pytest.raises(PlanRefused) as caught:
        plan(one("set: {priority: high}", "{brand: x}"), ticket(), desk={"capabilities": desk})
    messages = " ".join(each.message for each in caught.value.diagnostics)
    assert "there is one brand" in messages
    assert "`priority`" in messages


def test_switched_off_rules_may_use_what_is_not_there_yet():
    assert plan(one("promise: {from_grade: day}", more="mode: off"), ticket()).changes == ()


# --- the plan as a whole ----------------------------------------------------------------------------------------------


def test_a_part_of_the_plan_is_part_of_the_whole():
    whole = plan(TWO, ticket(1), ticket(2))
    part = plan(TWO, ticket(1), ticket(2), only_rule="Second", only_ticket="2")
    expected = tuple(change for change in whole.changes if (change.rule, change.ticket) == ("Second", "2"))
    assert part.changes == expected
    assert {each.ticket for each in part.overruled} == {"2"}
    assert part.summary.tickets_seen == 1


def test_a_rule_that_is_not_there_is_refused():
    with pytest.raises(PlanRefused, match="did you mean `Second`"):
        plan(TWO, ticket(), only_rule="Secnd")


def test_tickets_stand_in_natural_order():
    found = plan(URGENT, *(ticket(number, tags=("vip",)) for number in (10, 9, 100, "A-2", "A-10")))
    assert [change.ticket for change in found.changes] == ["9", "10", "100", "A-2", "A-10"]


def test_the_same_store_gives_the_same_bytes():
    tickets = [ticket(number, tags=("vip",)) for number in range(5)]
    ruleset = rules(URGENT)
    first, second = (make_plan(ruleset, snapshot(*order)) for order in (tickets, tickets[::-1]))
    assert first.to_text() == second.to_text()
    assert first.id
    assert first.made_at == first.at == AT


def test_calendars_show_their_days_off_and_warn_when_the_list_ends():
    text = """
calendars:
  berlin: {time_zone: Europe/Berlin, hours: {mon-fri: 09:00-17:00}, holidays: {closed: [2026-04-03]}}
"""
    found = plan(text + URGENT, ticket())
    assert found.calendars == {"berlin": {"holidays_version": "", "closed": ["2026-04-03"]}}
    assert "berlin" in found.warnings[0]


# --- custom fields ----------------------------------------------------------------------------------------------------

FIELDS = {
    "Size": FieldSpec("Size", "number"),
    "Legal": FieldSpec("Legal", "yes/no"),
    "Day": FieldSpec("Day", "time"),
    "City": FieldSpec("City"),
}


@pytest.mark.parametrize(
    ("wanted", "present", "changes"),
    [
        ("field.Size: 5", {"Size": "5.0"}, 0),
        ("field.Size: 5", {"Size": "50"}, 1),
        ("field.Size: 5", {"Size": "five"}, 1),
        ("field.Legal: yes", {"Legal": "true"}, 0),
        ("field.Legal: no", {"Legal": "yes"}, 1),
        ("field.Day: 2026-03-05", {"Day": "2026-03-05T00:00:00Z"}, 0),
        ("field.City: bonn ", {"City": "Bonn"}, 0),
        ("field.City: 5", {"City": "5.0"}, 1),
        ("field.City: missing", {"City": "Bonn"}, 1),
        ("field.City: missing", {}, 0),
    ],
)
def test_values_of_custom_fields_compare_by_their_type(wanted, present, changes):
    words = {"catalogue": replace(snapshot().catalogue, fields=FIELDS)}
    found = plan(one(f"set: {{{wanted}}}"), ticket(custom=present), desk=words)
    assert len(found.changes) == changes


# --- instants ---------------------------------------------------------------------------------------------------------


def test_a_plan_for_the_past_sees_what_was_then():
    raised = changed(AT + timedelta(hours=1), "priority", "low", "high")
    found = plan(one("set: {priority: high}"), ticket(priority="high"), events=[raised])
    assert [(change.from_, change.to) for change in found.changes] == [("low", "high")]


def test_tickets_that_are_gone_or_not_there_yet_are_left_out():
    gone = (ticket(1, merged_into="9"), ticket(2, deleted=True), ticket(3, created=AT + timedelta(days=1)))
    found = plan(one("note: Hi"), *gone, ticket(4))
    assert ([change.ticket for change in found.changes], found.summary.tickets_seen) == (["4"], 1)


def test_the_calendar_may_depend_on_a_fact():
    text = """
calendars:
  early: {time_zone: UTC, hours: {mon-fri: 06:00-08:00}}
  late: {time_zone: UTC, hours: {mon-fri: 20:00-22:00}}
rules:
  - name: Open
    when: {status: new}
    calendar: {by: channel, chat: late, default: early}
    note: "{next_open}"
"""
    found = plan(text, ticket(1, channel="chat"), ticket(2))
    assert [change.text.split("\n")[0] for change in found.changes] == ["2026-03-02 20:00", "2026-03-03 06:00"]


def test_an_empty_desk_has_an_empty_plan():
    found = plan(one("note: Hi"))
    assert (found.changes, found.summary.tickets_seen, found.complete) == ((), 0, True)
