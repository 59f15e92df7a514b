"""Operators read their operands, refuse what makes no sense, and their examples work."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from makegood.rules.facts import FACTS
from makegood.rules.load import load_text
from makegood.rules.model import Group, leaves
from makegood.rules.model import Operator as OperatorName
from makegood.rules.operators import OPERATORS, operators_for
from makegood.rules.patterns import complaint

FILE = """
calendars: {{office: {{time_zone: Europe/Berlin, hours: {{mon-fri: 09:00-17:00}}}}}}
rules:
  - name: A rule
    when:
      {when}
    add_tags: [x]
"""


def when(text):
    rules, found = load_text(FILE.format(when=text))
    assert rules is not None, found
    return rules.rules[0].when


def refused(text):
    rules, found = load_text(FILE.format(when=text))
    assert rules is None
    return found[0]


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=lambda operator: operator.name)
def test_the_example_of_every_operator_uses_it(operator):
    assert [leaf.operator for leaf in leaves(when(operator.example))] == [operator.name]


def test_the_catalogue_is_that_of_the_model():
    assert set(OPERATORS) == set(get_args(OperatorName))


def test_every_type_has_operators_and_every_operator_a_type():
    assert all(operators_for(fact.type) for fact in FACTS.values())
    assert all(operator.types and operator.doc for operator in OPERATORS.values())


@pytest.mark.parametrize(
    ("text", "operator", "operand"),
    [
        ("status: OPEN", "is", ("open",)),
        ("status: [new, open]", "is", ("new", "open")),
        ("status: {not: solved}", "not", ("solved",)),
        ("group: {is: missing}", "is", ("missing",)),
        ("group: missing", "missing", None),
        ("group: {not: missing}", "present", None),
        ("due: {not: present}", "missing", None),
        ("assignee.active: false", "is", ("no",)),
        ("tags: {all: [a, b]}", "all", ("a", "b")),
        ("reopens: {at_least: 2.5}", "at_least", Decimal("2.5")),
        ("reopens: [1, 2]", "is", ("1", "2")),
        ("subject: {contains: refund}", "contains", ("refund",)),
        ("subject: 1e3", "is", ("1e3",)),
        ("field.Zip: 01067", "is", ("01067",)),
        ("field.Opens: 17:00", "is", ("17:00",)),
        ("field.Paid: no", "is", ("no",)),
        ("created: {before: 2026-12-24}", "before", date(2026, 12, 24)),
        ("created: {after: 2026-12-24 09:00}", "after", datetime(2026, 12, 24, 8, tzinfo=UTC)),
        ("now: {outside: office}", "outside", "office"),
        ("sample: 5%", "is", ("5%",)),
        (r"subject: {matches: 'order \d+'}", "matches", r"order \d+"),
    ],
)
def test_a_comparison_is_read(text, operator, operand):
    leaf = when(text)
    assert (leaf.operator, leaf.operand) == (operator, operand)


def test_missing_among_values_is_a_comparison_of_its_own():
    found = when("priority: [low, missing]")
    assert isinstance(found, Group)
    assert (found.kind, [leaf.operator for leaf in found.parts]) == ("any", ["is", "missing"])
    assert when("priority: {not: [low, missing]}").kind == "none"


def test_several_operators_must_all_hold():
    found = when("reopens: {at_least: 1, less_than: 3}")
    assert (found.kind, [leaf.operator for leaf in found.parts]) == ("all", ["at_least", "less_than"])


@pytest.mark.parametrize(
    ("text", "code", "marked"),
    [
        ("subject: {at_least: 3}", "wrong-operator", "at_least"),
        ("due: 2026-12-24", "wrong-operator", "2026-12-24"),
        ("status: opne", "bad-value", "opne"),
        ("reopens: {at_least: two}", "bad-number", "two"),
        ("reopens: {at_least: 1_000}", "bad-number", "1_000"),
        ("reopens: {at_least: Infinity}", "bad-number", "Infinity"),
        ("updated: {older_than: 3 dyas}", "bad-duration", "3 dyas"),
        ("created: {before: tomorrow}", "bad-date", "tomorrow"),
        ("now: {during: offce}", "unknown-calendar", "offce"),
        ("assignee.active: 1", "bad-value", "1"),
        ("sample: 0%", "bad-number", "0%"),
        ("tags: {all: {a: b}}", "wrong-shape", "a"),
        ("status: {not: {is: open}}", "wrong-shape", "is"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_place(text, code, marked):
    found = refused(text)
    line = FILE.format(when=text).splitlines()[found.span.line - 1]
    assert (found.code, line[found.span.column - 1 : found.span.end_column - 1]) == (code, marked)
    assert found.hint


def test_a_mismatch_lists_what_goes():
    assert "`contains`" in refused("subject: {at_least: 3}").hint
    assert refused("tags: {contians: a}").hint


@pytest.mark.parametrize(
    "pattern", ["refund", r"\border \d{6}\b", "a|b", "(?:x|y)+?", "[a-z_]{2,5}", r"\{x\}", "^a.*z$", "(?i)é"]
)
def test_plain_patterns_are_taken(pattern):
    assert complaint(pattern) is None


@pytest.mark.parametrize(
    "pattern",
    [
        "(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", r"(a)\1", "(?P<x>a)(?P=x)", "a++", "(?>a)", "(a)(?(1)b|c)",
        "(", "[a", "*a", r"\q", "[a[b]", "[a&&b]", "a{,3}", "a{x", "x{2000}", "(a{100}){100}", r"a\Z", r"\<a", "(?a)x", r"\012",
    ],
)  # fmt: skip
def test_patterns_that_need_more_than_linear_time_or_differ_are_refused(pattern):
    assert complaint(pattern)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab()[]{}|*+?\\^$.-,1<>=!:P", max_size=12))
def test_what_is_taken_compiles_in_both_dialects(pattern):
    import polars as pl

    if complaint(pattern) is None:
        re.compile(pattern, re.IGNORECASE)
        pl.Series(["abc"]).str.contains(f"(?i:{pattern})")
