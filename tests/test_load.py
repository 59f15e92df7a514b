"""Rule files become typed rules; bad ones become diagnostics, all at once, never an exception."""

import json
import pickle
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from makegood.rules.durations import Duration
from makegood.rules.load import load_file, load_tests, load_text
from makegood.rules.model import By, FactRef, Group, Leaf, Limits, Receiver, leaves, names_closed

TOUR = Path(__file__).parent.parent / "rules.example.yaml"
RULE = "rules:\n  - name: A rule\n"


def loaded(text):
    rules, found = load_text(text)
    assert rules is not None, found
    return rules


def rule(text):
    return loaded(RULE + "".join(f"    {line}\n" for line in text.splitlines())).rules[0]


def codes(text):
    rules, found = load_text(text)
    assert rules is None
    return [diagnostic.code for diagnostic in found]


def test_the_tour_has_nothing_wrong():
    rules, found = load_file(TOUR)
    assert not found
    assert len(rules.rules) > 8
    assert len(rules.tests) > 5


def test_a_rule_without_more_has_defaults():
    found = rule("add_tags: [x]")
    assert (found.id, found.mode, found.stop, found.once_per, found.when) == ("a-rule", "live", False, "ticket", None)
    assert found.actions.add_tags == ("x",)
    assert found.span.line == 2


def test_every_key_of_a_rule_is_read():
    found = rule(
        "id: mine\nwhy: Because.\nwhen: {status: open}\nfor: 90 minutes\nowner: Ana\nreview_by: 2027-01-31\nmode: shadow\n"
        "stop: yes\nlimits: {per_run: 5, share_of_open: 20%, at_limit: next_run}\nhelpdesks: [eu, us]\n"
        "repeat: {every: 1 business day, at_most: 3}\nonce_per: requester\nbacklog: only_new\nnote: Hello"
    )
    assert (found.id, found.why, found.owner, found.mode, found.stop) == ("mine", "Because.", "Ana", "shadow", True)
    assert (found.for_, found.review_by) == (Duration(Fraction(90), "minute"), date(2027, 1, 31))
    assert found.limits == Limits(5, 0.2, "next_run")
    assert (found.helpdesks, found.once_per, found.backlog) == (("eu", "us"), "requester", "only_new")
    assert (str(found.repeat.every), found.repeat.at_most) == ("1 business day", 3)


def test_groups_count_entries_of_a_mapping_and_items_of_a_list():
    found = rule(
        "when:\n  any: {csat: bad, reopens: {at_least: 2}}\n  none:\n    - {tags: spam, channel: chat}\nadd_tags: [x]"
    )
    any_of, none_of = found.when.parts
    assert (any_of.kind, len(any_of.parts)) == ("any", 2)
    assert (none_of.kind, none_of.parts[0].kind, len(none_of.parts[0].parts)) == ("none", "all", 2)
    assert [leaf.path for leaf in leaves(found.when)] == [
        "when.any.csat",
        "when.any.reopens.at_least",
        "when.none[0].tags",
        "when.none[0].channel",
    ]


def test_a_named_condition_keeps_its_name():
    rules = loaded(
        "conditions: {vip: {organization.field.tier: gold}}\n" + RULE + "    when: {condition: vip}\n    add_tags: [x]"
    )
    found = rules.rules[0].when
    assert isinstance(found, Group)
    assert (found.name, found.parts[0].path) == ("vip", "conditions.vip.organization.field.tier")


def test_equal_comparisons_are_equal_wherever_they_stand():
    first, second = rule("when: {status: open}\nadd_tags: [x]"), rule("why: y\nwhen: {status: [open]}\nadd_tags: [x]")
    assert first.when == second.when
    assert hash(first.when) == hash(second.when)
    assert isinstance(first.when, Leaf)


@pytest.mark.parametrize(
    ("when", "named"),
    [
        ("{status: closed}", True),
        ("{any: {status: [solved, closed], csat: bad}}", True),
        ("{status: {not: closed}}", False),
        ("{none: {status: closed}}", False),
        ("{status: open}", False),
    ],
)
def test_closed_tickets_are_meant_only_where_named(when, named):
    assert names_closed(rule(f"when: {when}\nadd_tags: [x]")) is named


@pytest.mark.parametrize(
    ("text", "to"),
    [
        ("Ana@Example.com", "ana@example.com"),
        ("ana", "ana"),
        ("missing", "missing"),
        ("requester.last_assignee", FactRef("requester.last_assignee")),
        ("field.Account manager", FactRef("field.Account manager")),
    ],
)
def test_assign_to_somebody(text, to):
    assert rule(f"assign: {{to: {text}}}").actions.assign.to == to


def test_receivers_are_told_apart():
    found = rule("notify: [assignee, team_lead, ana@example.com, cc, field.Manager, billing-leads]").actions.notify
    assert found.who == (
        Receiver("role", "assignee"),
        Receiver("role", "team_lead"),
        Receiver("person", "ana@example.com"),
        Receiver("fact", "cc"),
        Receiver("fact", "field.Manager"),
        Receiver("channel", "billing-leads"),
    )


def test_set_takes_words_durations_instants_and_missing():
    found = rule(
        "set: {priority: HIGH, due: 2 days, type: missing, field.Zip: 01067, form: {by: channel, chat: A, default: B}}"
    )
    values = {each.fact: each.value for each in found.actions.set}
    assert values["priority"] == "high"
    assert values["due"] == Duration(Fraction(2), "day")
    assert values["type"] is None
    assert values["field.Zip"] == "01067"
    assert values["form"] == By("channel", {"chat": "A"}, "B")
    assert rule("set: {due: 2026-12-24 17:00}").actions.set[0].value == "2026-12-24T17:00:00Z"


def test_within_by_priority_is_the_short_form():
    short = rule("deadline: {name: x, target: update, within: {urgent: 1 hour, default: 2 hours}}").actions.deadline
    long = rule(
        "deadline: {name: x, target: update, within: {by: priority, urgent: 1 hour, default: 2 hours}}"
    ).actions.deadline
    assert short.within == long.within
    assert short.within.fact == "priority"


def test_calendars_and_teams():
    rules = loaded(
        "calendars:\n  night: {time_zone: Europe/Berlin, hours: {fri-mon: 22:00-06:00, wed: [09:00-12:00, 13:00-24:00]},"
        " holidays: {closed: [2026-12-24..2026-12-26], open: 2026-12-31}}\n"
        "teams:\n  care:\n    calendar: night\n    on_call: {every: 1 week, since: 2026-11-23 09:00, people: [ana@example.com]}\n"
        "    people: {Ben@example.com: {weight: 0.5, capacity: {by: channel, chat: 2, default: 20}, away: 2026-12-21..2026-12-22}}\n"
        + RULE
        + "    add_tags: [x]"
    )
    night, care = rules.calendars["night"], rules.teams["care"]
    assert rules.default_calendar == "night"
    assert (night.hours[4], night.hours[2], night.hours[1]) == (((1320, 1800),), ((540, 720), (780, 1440)), ())
    assert (len(night.closed), night.open) == (3, {date(2026, 12, 31)})
    assert care.on_call.every == timedelta(weeks=1)
    assert care.on_call.since == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert (care.people[0].handle, care.people[0].weight) == ("ben@example.com", 0.5)
    assert care.people[0].away == ((date(2026, 12, 21), date(2026, 12, 22)),)


def test_tests_keep_values_as_written():
    tests = loaded(
        RULE
        + "    add_tags: [x]\ntests:\n  - name: One\n    at: 2026-03-01 09:00\n    ticket: {subject: 1.10, tags: [a]}\n"
        "    expect: {add_tags: [x], customer_sees: nothing}\n  - name: Two\n    expect: nothing\n"
    ).tests
    assert (tests[0].tickets, tests[0].at) == (
        ({"subject": "1.10", "tags": ("a",)},),
        datetime(2026, 3, 1, 9, tzinfo=UTC),
    )
    assert tests[0].expect == {"add_tags": ("x",), "customer_sees": "nothing"}
    assert tests[1].expect == {}


# --- several files ----------------------------------------------------------------------------------------------------


def test_included_rules_come_first_and_share_names(tmp_path):
    (tmp_path / "teams.yaml").write_text("teams: {billing: {group: Billing}}\nrules: [{name: First, add_tags: [a]}]\n")
    (tmp_path / "rules.yaml").write_text("include: teams.yaml\nrules: [{name: Second, assign: {team: billing}}]\n")
    rules, found = load_file(tmp_path / "rules.yaml")
    assert not found
    assert [each.name for each in rules.rules] == ["First", "Second"]
    assert {Path(name).name for name in rules.sources} == {"teams.yaml", "rules.yaml"}


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ("include: rules.yaml\n", "include-loop"),
        ("teams: {billing: {group: B}}\n", "duplicate-name"),
        ("rules: [{name: Mine, add_tags: [x]}]\n", "duplicate-rule"),
        ("limits: {per_run: 1}\n", "duplicate-name"),
    ],
)
def test_what_two_files_cannot_both_say(tmp_path, other, code):
    (tmp_path / "other.yaml").write_text(other)
    text = "include: other.yaml\nteams: {billing: {group: Billing}}\nlimits: {per_run: 5}\nrules: [{name: Mine, add_tags: [x]}]\n"
    (tmp_path / "rules.yaml").write_text(text)
    rules, found = load_file(tmp_path / "rules.yaml")
    assert rules is None
    assert [each.code for each in found] == [code]


def test_a_file_included_twice_is_refused(tmp_path):
    (tmp_path / "other.yaml").write_text("conditions: {a: {status: open}}\n")
    (tmp_path / "rules.yaml").write_text("include: [other.yaml, ./other.yaml]\n" + RULE + "    add_tags: [x]\n")
    assert [each.code for each in load_file(tmp_path / "rules.yaml")[1]] == ["include-twice"]


def test_a_file_that_is_not_there_or_a_folder(tmp_path):
    for path in (tmp_path / "nowhere.yaml", tmp_path):
        rules, found = load_file(path)
        assert rules is None
        assert [each.code for each in found] == ["unreadable"]


def test_tests_beside_the_file(tmp_path):
    rules = loaded(
        "calendars: {b: {time_zone: Europe/Berlin, hours: {mon: 09:00-17:00}}}\n" + RULE + "    add_tags: [x]"
    )
    path = tmp_path / "rules.test.yaml"
    path.write_text("tests:\n  - name: One\n    at: 2026-01-05 09:00\n    expect: {add_tags: [x]}\n")
    tests, found = load_tests(path, rules)
    assert not found
    assert tests[0].at == datetime(2026, 1, 5, 8, tzinfo=UTC)
    path.write_text("rules: []\ntests: [{name: One, expect: nothing, frob: 1}]\n")
    assert {each.code for each in load_tests(path, rules)[1]} == {"unknown-key"}


# --- diagnostics ------------------------------------------------------------------------------------------------------


def test_all_problems_are_told_in_one_run():
    text = (
        RULE
        + "    when: {stauts: open, subject: {at_least: 3}}\n    assign: {team: nobody}\n    note: '{requester.nmae}'\n"
    )
    assert codes(text) == ["unknown-fact", "wrong-operator", "unknown-team", "unknown-placeholder"]


def test_a_broken_piece_causes_no_second_complaint():
    text = "teams:\n  billing: {group:Billing}\n" + RULE + "    assign: {team: billing}\n  - name:\n    add_tags: [x]\n"
    assert codes(text) == ["no-value", "empty-value"]


@pytest.mark.parametrize(
    "text", ["", "[]", "rules: 5", "a: b", "rules:\n  - x", "- a", "rules: []", "'", "{", "rules: {a: b}"]
)
def test_files_that_are_no_rule_files(text):
    rules, found = load_text(text)
    assert rules is None
    assert found


def test_include_needs_a_folder():
    assert codes("include: x.yaml\n" + RULE + "    add_tags: [x]") == ["unreadable"]


# --- fingerprints -----------------------------------------------------------------------------------------------------


def test_the_fingerprint_is_that_of_the_meaning():
    one = loaded(
        "# a\n" + RULE + "    when: {status: [new, open]}\n    add_tags: [x]\ntests: [{name: T, expect: nothing}]"
    )
    same = loaded('{"rules": [{"add_tags": "x", "when": {"status": ["new", "open"]}, "name": "A rule"}]}')
    other = loaded(RULE + "    when: {status: [new]}\n    add_tags: [x]")
    assert one.fingerprint == same.fingerprint != other.fingerprint
    assert one.rules[0].fingerprint == same.rules[0].fingerprint != other.rules[0].fingerprint
    assert len(one.fingerprint) == 16


def test_a_calendar_changes_the_fingerprint_of_the_set_only():
    calendar = "calendars: {{b: {{time_zone: UTC, hours: {{mon: 09:00-{end}}}}}}}\n" + RULE + "    add_tags: [x]"
    one, two = loaded(calendar.format(end="17:00")), loaded(calendar.format(end="18:00"))
    assert one.fingerprint != two.fingerprint
    assert one.rules[0].fingerprint == two.rules[0].fingerprint


def test_a_rule_set_survives_pickling():
    rules, _ = load_file(TOUR)
    assert pickle.loads(pickle.dumps(rules)) == rules
    assert replace(rules, sources={}).fingerprint == rules.fingerprint


# --- robustness -------------------------------------------------------------------------------------------------------

LINES = TOUR.read_text("utf-8").splitlines()
PIECES = st.sampled_from(
    ["{", "}", "[", "]", ":", "- ", "missing", "not", "x", "4h", "by", "{by: x}", "status", "'", "#", "&a ", "*a"]
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_change_of_a_file_raises(data):
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 4))):
        number = data.draw(st.integers(0, len(lines) - 1))
        column = data.draw(st.integers(0, len(lines[number])))
        lines[number] = (
            lines[number][:column] + data.draw(PIECES) + lines[number][column + data.draw(st.integers(0, 5)) :]
        )
        if data.draw(st.booleans()):
            del lines[data.draw(st.integers(0, len(lines) - 2))]
    rules, found = load_text("\n".join(lines))
    assert (rules is None) == any(each.severity == "error" for each in found)


KEYS = "rules name when status any assign to team set note by not deadline within calendars teams hours tests expect limits include"
SHAPES = st.recursive(
    st.text(max_size=8) | st.sampled_from(["when", "status", "rules", "missing"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(SHAPES)
def test_no_shape_of_values_raises(value):
    load_text(json.dumps(value))


def test_a_long_file_is_read_quickly():
    one = (
        "  - name: Rule {n}\n    when:\n      status: [new, open]\n      subject: {{contains: [refund, chargeback]}}\n"
    )
    one += "    add_tags: [a{n}]\n"
    text = "rules:\n" + "".join(one.format(n=number) for number in range(400))
    start = time.perf_counter()
    assert load_text(text)[0] is not None
    assert time.perf_counter() - start < 2


# --- words of other tools, teams ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("owner: missing", "assignee"),
        ("queue: Billing", "group"),
        ("requestor: ana@example.com", "requester"),
        ("reporter.email: present", "requester.email"),
        ("labels: vip", "tags"),
        ("request_type: Refund", "form"),
        ("status: resolved", "solved"),
        ("status: stalled", "pending"),
        ("status: On hold", "on_hold"),
        ("promise: breached", "broken"),
        ("assignee: nobody", "missing"),
        ("Status: open", "status"),
        ("ticket.subject: Refund", "subject"),
    ],
)
def test_words_of_other_tools_are_told_in_ours(theirs, ours):
    rules, (found,) = load_text(RULE + f"    when: {{{theirs}}}\n    add_tags: [x]\n")
    assert rules is None
    assert f"`{ours}`" in found.hint


@pytest.mark.parametrize(
    "word", ["if", "then", "actions", "conditions", "comment", "tags", "enabled", "description", "priority"]
)
def test_keys_people_try_get_a_hint(word):
    _, found = load_text(RULE + f"    {word}: x\n    add_tags: [x]\n")
    assert [each.code for each in found] == ["unknown-key"]
    assert found[0].hint.startswith(("did you mean", "write", "actions stand"))


@pytest.mark.parametrize(
    ("days", "open_days"),
    [
        ("mon-fri", [0, 1, 2, 3, 4]),
        ("sat, sun", [5, 6]),
        ("fri-mon", [0, 4, 5, 6]),
        ("Wednesday", [2]),
        ("mon-tue, thu", [0, 1, 3]),
    ],
)
def test_weekdays(days, open_days):
    rules = loaded(
        f"calendars: {{c: {{time_zone: UTC, hours: {{'{days}': 09:00-10:00}}}}}}\n" + RULE + "    add_tags: [x]"
    )
    assert [day for day, slots in enumerate(rules.calendars["c"].hours) if slots] == open_days


def test_a_team_may_list_its_people():
    rules = loaded(
        "teams: {care: {people: [Ana@example.com, ben]}}\n" + RULE + "    assign: {team: care, choose: least_busy}"
    )
    assert [member.handle for member in rules.teams["care"].people] == ["ana@example.com", "ben"]
    assert rules.teams["care"].people[0].weight == 1.0


def test_if_nobody_is_there():
    start = "teams: {care: {group: Care}}\n" + RULE + "    assign: {team: care, choose: least_busy, if_nobody: "
    assert loaded(start + "leave}").rules[0].actions.assign.if_nobody.team is None
    assert loaded(start + "{team: care}}").rules[0].actions.assign.if_nobody.team == "care"
    assert loaded(start + "{notify: team_lead}}").rules[0].actions.assign.if_nobody.notify == (
        Receiver("role", "team_lead"),
    )
    assert codes(start + "{team: care, notify: team_lead}}") == ["contradiction"]


def test_every_action_of_a_step_is_read():
    clock = rule(
        "deadline:\n  name: x\n  until: {status: solved}\n  at: due\n  starts: created\n  cancel_when: {tags: spam}\n"
        "  escalate:\n    after: 1 hour\n    who: ana@example.com\n    text: Look at {url}\n    add_tags: a\n    remove_tags: b\n"
        "    set: {priority: high}\n    assign: {to: missing}\n    note: Late\n    reply: Sorry"
    ).actions.deadline
    (step,) = clock.escalate
    assert (clock.at, clock.starts, clock.until.fact) == (FactRef("due"), FactRef("created"), "status")
    assert (str(step.offset), step.add_tags, step.remove_tags, step.assign.to) == ("1 hour", ("a",), ("b",), "missing")
    assert (step.set[0].value, step.note.render({}), step.text.placeholders) == ("high", "Late", ("url",))


def test_a_rule_may_depend_on_a_fact_for_its_calendar():
    rules = loaded(
        "calendars: {a: {time_zone: UTC, hours: {mon: 09:00-10:00}}}\n"
        + RULE
        + "    calendar: {by: brand, Shop: a, default: always}\n    add_tags: [x]"
    )
    assert rules.rules[0].calendar == By("brand", {"shop": "a"}, "always")
