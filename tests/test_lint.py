"""Every check finds its own wrong example, and not its right one; desks are asked for what they have."""

import textwrap
from dataclasses import replace
from datetime import date

import pytest

from makegood.connectors.base import Capabilities
from makegood.connectors.ticket import Catalogue, FieldSpec
from makegood.rules.diagnostics import CODES
from makegood.rules.lint import CHECKS, check_names, lint, lint_for_desk
from makegood.rules.load import load_text

TODAY = date(2026, 11, 23)
ANY_RULE = "  - name: Any rule\n    add_tags: [x]\n"


def file_of(example):
    """A rule file of an example: pieces divided by ``---`` are rules, or keys of the file."""
    top, rules = "", ""
    for number, piece in enumerate(example.split("\n---\n")):
        if piece.startswith(("conditions", "calendars", "teams")):
            top += piece + "\n"
        else:
            rules += f"  - name: Rule {number}\n{textwrap.indent(piece, '    ')}\n"
    return f"{top}rules:\n{rules or ANY_RULE}"


def found_in(text, today=TODAY):
    rules, found = load_text(text)
    return found if rules is None else found + lint(rules, today)


def codes(example, today=TODAY):
    return [each.code for each in found_in(file_of(example), today)]


@pytest.mark.parametrize("code", CHECKS)
def test_a_check_finds_its_wrong_example_only(code):
    check = CHECKS[code]
    told = [each for each in found_in(file_of(check.wrong)) if each.code == code]
    assert [each.severity for each in told] == [check.severity] * len(told)
    assert told
    assert all(each.hint for each in told)
    assert code not in codes(check.right)


@pytest.mark.parametrize("code", CHECKS)
def test_a_check_explains_itself(code):
    check = CHECKS[code]
    assert code in CODES
    assert check.what.endswith(".")
    assert check.why.endswith(".")


def test_dated_checks_need_a_date():
    dated = [code for code, check in CHECKS.items() if check.dated]
    assert dated
    assert not any(code in codes(CHECKS[code].wrong, today=None) for code in dated)


@pytest.mark.parametrize(
    ("when", "warned"),
    [
        ("{csat: {not: good}}", True),
        ("{none: {csat: good}}", True),
        ("{none: {none: {csat: good}}}", False),
        ("{none: {csat: {not: good}}}", False),
        ("{none: {csat: missing}}", False),
        ("{status: {not: solved}}", False),
        ("{csat: {not: good}, all: {csat_score: present}}", True),
        ("{all: [{csat: bad}, {none: {csat: good}}]}", False),
    ],
)
def test_negations_of_what_is_often_missing(when, warned):
    assert ("negated-missing" in codes(f"when: {when}\nadd_tags: [x]")) is warned


@pytest.mark.parametrize(
    ("when", "warned"),
    [
        ("{all: [{status: open}, {status: solved}]}", True),
        ("{all: [{priority: missing}, {priority: high}]}", True),
        ("{reopens: {at_least: 3, less_than: 3}}", True),
        ("{reopens: {at_least: 3, at_most: 3}}", False),
        ("{updated: {older_than: 3 days, newer_than: 1 day}}", True),
        ("{updated: {older_than: 1 day, newer_than: 3 days}}", False),
        ("{all: [{tags: a}, {tags: b}]}", False),
        ("{all: [{tags: a}, {tags: {not: a}}]}", True),
        ("{any: [{status: open}, {status: solved}]}", False),
        ("{all: [{status: [open, new]}, {status: [new]}]}", False),
        ("{updated: {older_than: 2 business days, newer_than: 1 day}}", False),
    ],
)
def test_conditions_that_never_hold(when, warned):
    assert ("never-true" in codes(f"when: {when}\nadd_tags: [x]")) is warned


TWO = "when: {first}\n{does}\n---\nwhen: {second}\nset: {{priority: low}}"


@pytest.mark.parametrize(
    ("first", "does", "second", "warned"),
    [
        ("{tags: vip}", "set: {priority: high}", "{tags: vip}", True),
        ("{tags: vip}", "set: {priority: high}", "{tags: vip, status: open}", True),
        ("{tags: vip, status: open}", "set: {priority: high}", "{tags: vip}", False),
        ("{tags: vip}", "set: {type: task}", "{tags: vip}", False),
        ("{tags: vip}", "stop: yes\nadd_tags: [x]", "{tags: vip}", True),
        ("{tags: vip}", "set: {priority: high}\nmode: shadow", "{tags: vip}", False),
        ("{tags: vip}", "set: {priority: high}\nfor: 1 hour", "{tags: vip}", False),
        ("{tags: vip}", "set: {priority: high}\nhelpdesks: [eu]", "{tags: vip}", False),
    ],
)
def test_rules_that_come_too_late(first, does, second, warned):
    assert ("unreachable" in codes(TWO.format(first=first, does=does, second=second))) is warned


@pytest.mark.parametrize(
    ("one", "two", "code"),
    [
        ("when: {tags: a}\nadd_tags: [b]", "when: {tags: b}\nadd_tags: [a]", "ring"),
        ("when: {tags: {not: a}}\nadd_tags: [a]", "when: {tags: a}\nremove_tags: [a]", "ring"),
        ("when: {assignee: missing}\nassign: {to: ana}", "when: {assignee: ana}\nassign: {to: missing}", "ring"),
        (
            "when: {none: {priority: high}}\nset: {priority: high}",
            "when: {priority: high}\nset: {priority: low}",
            "ring",
        ),
        ("when: {status: new}\nset: {priority: high}", "when: {priority: high}\nadd_tags: [a]", "follows"),
        ("when: {status: new}\nset: {priority: high}", "when: {priority: high, status: solved}\nadd_tags: [a]", None),
        ("when: {priority: high}\nset: {priority: high}", "when: {priority: high}\nadd_tags: [a]", None),
        ("when: {status: new}\nset: {priority: high}", "when: {priority: {not: low}}\nadd_tags: [a]", None),
        ("when: {status: new}\nset: {priority: high}\nmode: off", "when: {priority: high}\nadd_tags: [a]", None),
    ],
)
def test_chains_and_rings(one, two, code):
    told = {"ring", "follows"} & set(codes(f"{one}\n---\n{two}"))
    assert told == ({code} if code else set())


def test_a_ring_of_three_is_told_once_and_refused():
    steps = [("low", "high"), ("high", "urgent"), ("urgent", "low")]
    rules = "\n---\n".join(f"when: {{priority: {now}}}\nset: {{priority: {then}}}" for now, then in steps)
    ruleset, found = load_text(file_of(rules))
    assert ruleset is None
    assert [each.code for each in found] == ["ring"]
    assert "`Rule 0` -> `Rule 1` -> `Rule 2` -> `Rule 0`" in found[0].message


def test_clocks_that_read_each_other_are_refused():
    clock = "when: {{deadline.{other}: missed}}\ndeadline: {{name: {name}, target: update, within: 1 hour}}"
    assert codes(f"{clock.format(name='a', other='b')}\n---\n{clock.format(name='b', other='a')}") == ["clock-loop"] * 2


def test_what_is_used_through_teams_and_values_is_not_unused():
    text = (
        "calendars: {a: {time_zone: UTC, hours: {mon: 09:00-10:00}}, b: {time_zone: UTC, hours: {mon: 09:00-10:00}}}\n"
        "default_calendar: a\nteams: {care: {group: Care, calendar: b}}\nrules:\n  - name: A rule\n    assign: {team: care}\n"
    )
    assert not found_in(text)


# --- against a desk ---------------------------------------------------------------------------------------------------

DESK = Catalogue(
    me="1",
    groups=("Support", "Billing"),
    statuses={"Open": "open"},
    fields={"City": FieldSpec("City"), "Reason": FieldSpec("Reason", "choice", ("late", "damaged"))},
    types=("question", "task"),
)
PEOPLE = ["ana@example.com", "ben"]
CAN = Capabilities(writable=frozenset({"priority", "field"}), lacks={"brand": "it has no brands"}, closed_is_final=True)


def rules_of(example):
    rules, found = load_text(file_of(example))
    assert rules is not None, found
    return rules


@pytest.mark.parametrize(
    ("example", "hint"),
    [
        ("when: {group: Suport}\nadd_tags: [x]", "did you mean `Support`?"),
        ("when: {status_name: [Open, Opne]}\nadd_tags: [x]", "did you mean `Open`?"),
        ("set: {type: tsak}", "did you mean `task`?"),
        ("set: {type: {by: channel, chat: tsak}}", "did you mean `task`?"),
        ("when: {field.Ctiy: Rome}\nadd_tags: [x]", "did you mean `City`?"),
        ("set: {field.Reason: lost}", "there is `late` or `damaged`"),
        ("assign: {to: anna@example.com}", "did you mean `ana@example.com`?"),
        ("when: {assignee: nobody@example.com}\nadd_tags: [x]", ""),
        ("notify: bne@example.com", ""),
        ("teams: {b: {group: Biling}}\n---\nassign: {team: b}", "did you mean `Billing`?"),
        (
            "teams: {b: {group: Billing, lead: ana@example.org}}\n---\nassign: {team: b}",
            "did you mean `ana@example.com`?",
        ),
    ],
)
def test_names_the_desk_does_not_have(example, hint):
    (found,) = check_names(rules_of(example), DESK, PEOPLE)
    assert (found.code, found.severity) == ("unknown-person" if "@" in example else "unknown-name", "error")
    assert hint in found.hint


def test_names_the_desk_has_and_rules_that_are_off():
    example = (
        "when: {group: support, field.City: Rome, brand: any}\nassign: {to: ANA@example.com}\nset: {field.Reason: Late}"
    )
    assert not check_names(rules_of(example), DESK, PEOPLE)
    assert not check_names(rules_of("mode: off\nassign: {to: nobody@example.com}"), DESK, PEOPLE)


def test_a_custom_field_is_spelled_as_the_desk_spells_it():
    (found,) = check_names(rules_of("when: {field.city: Rome}\nadd_tags: [x]"), DESK, PEOPLE)
    assert (found.message, "City" in found.hint) == ("this desk has no field `city`", True)


@pytest.mark.parametrize(
    ("example", "words"),
    [
        ("when: {brand: A}\nadd_tags: [x]", "it has no brands"),
        ("set: {type: task}", "set `type`"),
        ("when: {status: closed}\nadd_tags: [x]", "closed tickets"),
    ],
)
def test_what_the_desk_cannot_do(example, words):
    (found,) = lint_for_desk(rules_of(example), CAN, DESK)
    assert found.severity == "warning"
    assert words in found.message


def test_a_desk_that_can_do_everything_is_silent():
    assert not lint_for_desk(rules_of("set: {priority: high, field.City: Rome}"), CAN, DESK)


# --- the desk's own clocks --------------------------------------------------------------------------------------------

CLOCKED = replace(DESK, slas=("First reply", "rt"))
ABLE = Capabilities(writable=frozenset({"due", "field"}))
LATE = "when: {sla.rt: missed}\nadd_tags: [late]"


@pytest.mark.parametrize(
    ("example", "found"),
    [
        (f"{LATE}\n---\nset: {{due: 4 hours}}", 1),
        (f"{LATE}\n---\nset: {{field.SLA: gold}}", 1),
        ("note: '{sla.rt.due}'\nset: {due: 4 hours}", 1),
        ("deadline: {name: d, target: resolution, at: sla.rt.due}\n---\nset: {due: 4 hours}", 1),
        (f"{LATE}\n---\nmode: off\nset: {{due: 4 hours}}", 0),
        ("mode: off\n" + LATE + "\n---\nset: {due: 4 hours}", 0),
        ("set: {due: 4 hours}", 0),
    ],
)
def test_a_file_that_reads_a_clock_of_the_desk_and_works_against_it(example, found):
    assert codes(example).count("fights-sla") == found


@pytest.mark.parametrize(
    ("example", "words"),
    [
        ("set: {due: 4 hours}", "setting `due` works against"),
        ("deadline: {name: first-reply, target: first_reply, within: 1 hour}", "a clock called `First reply`"),
        ("deadline: {name: RT, target: first_reply, within: 1 hour}", "a clock called `rt`"),
    ],
)
def test_a_rule_that_works_against_a_clock_of_the_desk(example, words):
    (found,) = lint_for_desk(rules_of(example), ABLE, CLOCKED)
    assert (found.code, found.severity, words in found.message) == ("fights-sla", "warning", True)
    assert not lint_for_desk(rules_of(example), ABLE, DESK)


def test_the_same_is_said_once_with_and_without_the_desk():
    rules = rules_of(f"{LATE}\n---\nset: {{due: 4 hours}}")
    assert lint(rules) == lint_for_desk(rules, ABLE, CLOCKED)


def test_clocks_the_desk_does_not_have():
    other = "when: {sla.first rely: missed}\nnote: '{sla.rt.due}'"
    (found,) = check_names(rules_of(other), CLOCKED, PEOPLE)
    assert (found.message, found.hint) == ("this desk has no SLA clock `first rely`", "did you mean `First reply`?")
    (found,) = check_names(rules_of(LATE), DESK, PEOPLE)
    assert (found.code, found.hint) == ("unknown-name", "it has none: use a `deadline`")
    assert not check_names(rules_of("when: {sla.FIRST reply: missed, sla.rt: met}\nadd_tags: [x]"), CLOCKED, PEOPLE)
