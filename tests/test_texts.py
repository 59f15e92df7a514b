"""Texts with placeholders: what is put in, what is left out, what is refused."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.rules.load import load_text
from makegood.rules.texts import EXTRAS, parse

RULE = "rules:\n  - name: A rule\n    note: {text}\n"


def text(template):
    made, faults = parse(template)
    assert not faults
    return made


@pytest.mark.parametrize(
    ("template", "values", "made"),
    [
        ("Hello {requester.name}!", {"requester.name": "Ana"}, "Hello Ana!"),
        ("{ticket.subject} / {subject}", {"subject": "Refund"}, "Refund / Refund"),
        ("{{not a fact}} {why}", {"why": "so"}, "{not a fact} so"),
        ("{ due }", {"due": "12:00"}, "12:00"),
        ("Hello {requester.name}, thank you", {}, "Hello, thank you"),
        ("From {requester.name} to {group}", {"group": "Care"}, "From to Care"),
        ("by {requester.name}", {"requester.name": ""}, "by"),
        ("{requester.name} wrote", {}, "wrote"),
        ("Look:\n{requester.name} wrote", {}, "Look:\nwrote"),
        ("a {group}b", {}, "a b"),
        ("{field.City name}", {"field.City name": "Berlin"}, "Berlin"),
        ("{subject}", {"subject": "{why} {{x}}"}, "{why} {{x}}"),
    ],
)
def test_rendering(template, values, made):
    assert text(template).render(values) == made


def test_placeholders_are_named_once_in_order():
    assert text("{why} {ticket.subject} {subject} {promise.quote}").placeholders == ("why", "subject", "promise.quote")


@pytest.mark.parametrize("name", EXTRAS)
def test_every_extra_is_known(name):
    assert text(f"{{{name}}}").placeholders == (name,)


def test_texts_can_be_compared_and_pickled():
    assert pickle.loads(pickle.dumps(text("a {why}"))) == text("a {why}")


@pytest.mark.parametrize(
    ("template", "column", "hint"),
    [
        ("Dear {requester.nmae}", 17, "did you mean `{requester.name}`?"),
        ("{{x}} {subjct}", 18, "did you mean `{subject}`?"),
        ("one {", 16, "write `{{` for a brace"),
        ("one } two", 16, "write `}}` for a brace"),
        ("{} and", 12, "`{{` writes a brace"),
        ("{why} {next_opn} {why}", 18, "did you mean `{next_open}`?"),
    ],
)
def test_faults_are_told_at_their_column(template, column, hint):
    _, (found,) = load_text(RULE.format(text=f'"{template}"'))
    assert (found.span.line, found.span.column, found.hint) == (3, column, hint)


def test_faults_in_a_block_of_text_are_told_on_their_line():
    _, (found,) = load_text(
        "rules:\n  - name: A rule\n    note: |\n      Hello {requester.name},\n      see {sbject}\n"
    )
    assert (found.span.line, found.span.column, found.span.end_column) == (5, 11, 19)


def test_the_same_fault_twice_is_told_twice():
    _, found = load_text(RULE.format(text='"{nothing} and {nothing}"'))
    assert [each.span.column for each in found] == [12, 26]


@given(st.text(max_size=30))
def test_escaped_text_comes_out_as_it_went_in(written):
    assert text(written.replace("{", "{{").replace("}", "}}")).render({}) == written


@given(st.text(alphabet="{}ab. \n", max_size=20))
def test_no_template_raises(template):
    made, faults = parse(template)
    assert faults or made.render({}) is not None
