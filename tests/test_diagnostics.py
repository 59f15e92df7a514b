"""Diagnostics: where, what, and what to write instead; as text, JSON, SARIF and GitHub annotations."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from makegood.rules.diagnostics import (
    CODES,
    OTHER_WORDS,
    Diagnostic,
    Problems,
    Span,
    did_you_mean,
    excerpt,
    github,
    sarif,
    to_json,
)

TEXT = "rules:\n  - name: One\n    owner: missing\n"
OWNER = Span("rules.yaml", 3, 5, 3, 10)


def wrong(span: Span = OWNER, hint: str = "") -> Diagnostic:
    return Diagnostic("syntax", "error", "`owner` is not a fact", span, hint)


def test_a_diagnostic_needs_a_place():
    with pytest.raises(ValueError, match="needs a line"):
        Diagnostic("syntax", "error", "somewhere", None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="needs a line"):
        wrong(Span("rules.yaml", 0, 1, 0, 1))


def test_a_diagnostic_needs_a_known_code():
    with pytest.raises(ValueError, match="add it to CODES"):
        Diagnostic("no-such-code", "error", "what", OWNER)


def test_codes_are_sorted_and_explained():
    assert list(CODES) == sorted(CODES)
    assert all(text.endswith(".") for text in CODES.values())


def test_problems_are_sorted_and_each_counts_once():
    problems = Problems()
    problems.error("syntax", OWNER, "later")
    problems.warning("syntax", Span("rules.yaml", 1, 2, 1, 3), "earlier")
    problems.info("syntax", Span("a.yaml", 9, 1, 9, 2), "other file")
    problems.error("syntax", OWNER, "later")
    assert [found.message for found in problems.items] == ["other file", "earlier", "later"]


def test_only_errors_are_errors():
    problems = Problems()
    problems.warning("syntax", OWNER, "hm")
    problems.info("syntax", OWNER, "by the way")
    assert not problems.has_errors
    problems.error("syntax", OWNER, "no")
    assert problems.has_errors


@pytest.mark.parametrize(("theirs", "ours"), OTHER_WORDS.items())
def test_other_tools_words(theirs, ours):
    assert did_you_mean(theirs, ["id", ours, "channel"]) == ours


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("asignee", "assignee"),
        ("Assignee", "assignee"),
        ("first reply", "first_reply"),
        ("first-reply", "first_reply"),
        ("requestor.email", "requester.email"),
        ("owner.active", "assignee.active"),
        ("zebra", None),
        ("", None),
        ("assignee", None),
    ],
)
def test_did_you_mean(word, meant):
    facts = ["assignee", "assignee.active", "first_reply", "requester.email", "status"]
    assert did_you_mean(word, facts) == meant


def test_excerpt_underlines_the_text():
    assert excerpt(wrong(hint="did you mean `assignee`?"), TEXT) == (
        "rules.yaml:3:5: error: `owner` is not a fact\n"
        "  3 |     owner: missing\n"
        "    |     ^^^^^\n"
        "    = hint: did you mean `assignee`?"
    )


def test_excerpt_of_several_lines_underlines_the_first():
    shown = excerpt(wrong(Span("rules.yaml", 2, 5, 3, 10)), TEXT).splitlines()
    assert shown[-1].endswith("|     ^^^^^^^^^")


def test_excerpt_lines_up_behind_wide_characters_and_tabs():
    shown = excerpt(wrong(Span("r.yaml", 1, 5, 1, 6)), "\t日e\u0301x").splitlines()
    assert shown[-1] == "    | \t   ^"


def test_excerpt_of_a_very_long_line_shows_the_mistake():
    shown = excerpt(wrong(Span("r.yaml", 1, 50_001, 1, 50_004)), "x" * 50_000 + "BAD" + "x" * 50_000)
    assert "BAD" in shown
    assert max(map(len, shown.splitlines())) < 200


def test_excerpt_at_the_end_of_the_file():
    assert excerpt(wrong(Span("r.yaml", 1, 1, 1, 1)), "").endswith("| ^")
    assert excerpt(wrong(Span("r.yaml", 7, 1, 7, 1)), "a\n") == "r.yaml:7:1: error: `owner` is not a fact"


def test_colour_is_the_callers():
    shown = excerpt(wrong(hint="assignee"), TEXT, lambda style, text: f"<{style}>{text}</>")
    assert "<error>error:</>" in shown
    assert "<error>^^^^^</>" in shown
    assert "<hint>hint:</>" in shown


def test_json_has_the_contracts_keys():
    assert to_json(wrong(hint="assignee")) == {
        "code": "syntax",
        "severity": "error",
        "message": "`owner` is not a fact",
        "file": "rules.yaml",
        "line": 3,
        "column": 5,
        "end_line": 3,
        "end_column": 10,
        "hint": "assignee",
    }


def test_github_annotation_is_escaped():
    found = Diagnostic("syntax", "info", "50% off\nnow", Span("a,b:c.yaml", 1, 2, 2, 3))
    assert github(found) == (
        "::notice file=a%2Cb%3Ac.yaml,line=1,endLine=2,col=2,title=makegood syntax::50%25 off%0Anow"
    )
    assert "endColumn=10" in github(wrong(hint="say assignee"))
    assert github(wrong(hint="say assignee")).endswith("is not a fact (say assignee)")


def test_sarif_names_each_code_once():
    log = json.loads(json.dumps(sarif([wrong(), wrong(hint="assignee")], "0.1")))
    run = log["runs"][0]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["syntax"]
    assert len(run["results"]) == 2
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 10}


@settings(max_examples=60)
@given(st.text(max_size=60), st.integers(1, 5), st.integers(1, 80), st.integers(0, 3), st.integers(1, 80))
def test_any_excerpt_can_be_made(text, line, column, more, end):
    found = wrong(Span("r.yaml", line, column, line + more, end))
    assert excerpt(found, text).startswith("r.yaml:")
