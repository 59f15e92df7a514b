"""``makegood promises explain`` for people and programs, and the tests of language files in ``makegood test``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fake_cli import answer, call

from makegood.cli.main import makegood

AT = ("--at", "2026-03-12 10:00", "--tz", "Europe/Berlin")
RULES = """\
default_calendar: shop
calendars:
  shop: {time_zone: Europe/Berlin, hours: {mon-fri: 09:00-17:30}}
  nights: {time_zone: Europe/Berlin, hours: {mon-fri: 22:00-06:00}}
rules:
  - {name: A rule, when: {status: new}, add_tags: [x]}
"""
LANGUAGE = """\
language: en
gates: {ours: [leave it to me]}
tests:
  - {text: Leave it to me until Friday., at: 2026-03-12 10:00, tz: Europe/Berlin, due: 2026-03-13 17:00, grade: day}
  - {text: Leave it to me., at: 2026-03-12 10:00, promise: no}
"""


def lines(*given: dict[str, Any] | str) -> Result:
    text = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in given)
    return CliRunner().invoke(makegood, ["promises", "explain", "-"], input=text)


def test_people_see_the_sentence_the_due_time_and_the_convention() -> None:
    said = call("promises", "explain", "Hi! I'll call you tomorrow. Will you be there on Friday?", *AT)
    assert said.exit_code == 0
    assert '"I\'ll call you tomorrow."' in said.stdout
    assert "day  Fri 2026-03-13 17:00 Europe/Berlin  tomorrow" in said.stdout
    assert "a bare day ends at closing time (17:00, Europe/Berlin)" in said.stdout
    assert "gate en.will-verb" in said.stdout


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "If it fails, I'll call you tomorrow.",
            "no promise: it depends on something: `if`, `once`, `when` (veto en.condition)",
        ),
        ("I'll call you.", "no promise: no words that say when"),
        ("I'll call you tomorrow?", "no promise: a question (veto en.question)"),
        ("The meeting is tomorrow.", "no gate matches"),
        ("> I'll call you tomorrow", "quotations and signatures are left out"),
    ],
)
def test_people_see_why_a_sentence_promises_nothing(text: str, why: str) -> None:
    assert why in call("promises", "explain", text, *AT, "--lang", "en").stdout


def test_programs_get_the_promises() -> None:
    found = answer("promises", "explain", "I'll call you at 3pm.", *AT)["promises"]
    keys = ("quote", "grade", "due", "pattern", "convention")
    assert [{key: each[key] for key in keys} for each in found] == [
        {
            "quote": "I'll call you at 3pm.",
            "grade": "exact",
            "due": "2026-03-12T14:00:00Z",
            "pattern": "en.will-verb",
            "convention": "a clock time is that of Europe/Berlin",
        }
    ]


def test_no_promise_is_an_empty_list_and_a_vague_one_has_no_due_time() -> None:
    assert answer("promises", "explain", "Hello!", *AT)["promises"] == []
    assert answer("promises", "explain", "I'll call you soon.", *AT)["promises"][0]["due"] is None


def test_without_at_it_is_now() -> None:
    assert answer("promises", "explain", "I'll call you in 2 hours.")["promises"][0]["due"]


def test_the_order_of_dates_can_be_said() -> None:
    arguments = ("promises", "explain", "I'll call you on 3/4.", *AT)
    assert answer(*arguments)["promises"][0]["due"] == "2026-04-03T15:00:00Z"
    assert answer(*arguments, "--date-order", "MDY")["promises"][0]["due"] == "2027-03-04T16:00:00Z"


def test_days_end_with_the_calendar_of_the_rule_file(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    arguments = ("promises", "explain", "I'll call you tomorrow.", "--at", "2026-03-12 10:00", "--rules", str(rules))
    assert answer(*arguments)["promises"][0]["due"] == "2026-03-13T16:30:00Z"
    assert answer(*arguments, "--calendar", "nights")["promises"][0]["due"] == "2026-03-14T05:00:00Z"
    assert 'there is no calendar "day"' in call(*arguments, "--calendar", "day").stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--at", "yesterday"), "`yesterday` is not a point in time"),
        (("--tz", "Berlin"), "there is no time zone `Berlin`"),
        (("--calendar", "shop"), "--calendar needs a rule file"),
        (("--rules", "nowhere.yaml"), "there is no nowhere.yaml"),
        (("--date-order", "YMD"), "Invalid value"),
    ],
)
def test_wrong_options_are_told(arguments: tuple[str, ...], said: str) -> None:
    result = call("promises", "explain", "x", *arguments)
    assert result.exit_code == 1
    assert said in result.stderr


def test_lines_of_json_are_answered_line_by_line() -> None:
    here = {"at": "2026-03-12 10:00", "tz": "Europe/Berlin"}
    result = lines(
        {"text": "I'll call you tomorrow.", **here},
        {
            "text": "I'll call you tomorrow.",
            "at": "2026-03-12T09:00:00Z",
            "holidays": ["2026-03-13"],
            "tz": "Europe/Berlin",
        },
        {"text": "I'll call you on 3/4.", **here, "date_order": "MDY", "lang": "en"},
        {"text": "Hello.", **here},
    )
    due = [[each["due"] for each in json.loads(line)["promises"]] for line in result.stdout.splitlines()]
    assert due == [["2026-03-13T16:00:00Z"], ["2026-03-13T23:00:00Z"], ["2027-03-04T16:00:00Z"], []]
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nonsense", "not JSON"),
        ("[1]", 'a line is a JSON mapping with a "text"'),
        ('{"text": 3}', 'a line is a JSON mapping with a "text"'),
        ('{"text": "x", "at": 3}', '"at" must be a text'),
        ('{"text": "x", "at": "noon"}', "is not a point in time"),
        ('{"text": "x", "tz": "Nowhere/City"}', "there is no time zone"),
        ('{"text": "x", "date_order": "YMD"}', '"date_order" is DMY or MDY'),
        ('{"text": "x", "holidays": "never"}', '"holidays" is a list of dates'),
        ('{"text": "x", "holidays": 3}', '"holidays" is a list of dates'),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_line_that_cannot_be_read_is_answered_and_the_next_one_read(line: str, said: str) -> None:
    result = lines(line, {"text": "I'll call you tomorrow."})
    first, second = (json.loads(each) for each in result.stdout.splitlines())
    assert first["promises"] == []
    assert said in first["error"]
    assert len(second["promises"]) == 1
    assert result.exit_code == 1


def test_a_text_may_hold_anything_that_a_terminal_should_not_see() -> None:
    assert "\x1b" not in call("promises", "explain", "I'll call \x1b[31myou tomorrow.", *AT).stdout


def test_the_tests_of_language_files_run_with_those_of_the_rules(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "en.yaml").write_text(LANGUAGE)
    (tmp_path / "rules.yaml").write_text("languages: mine\n" + RULES)
    good = call("test", "--rules", str(tmp_path / "rules.yaml"))
    assert (good.exit_code, "passed  Leave it to me until Friday." in good.stdout) == (0, True)
    (tmp_path / "mine" / "en.yaml").write_text(LANGUAGE.replace("17:00, grade", "18:00, grade"))
    bad = call("test", "--rules", str(tmp_path / "rules.yaml"))
    assert bad.exit_code == 2
    assert "expected a promise day due 2026-03-13 17:00 UTC, got day, due 2026-03-13 16:00 UTC" in bad.stdout


def test_the_same_answer_is_given_for_a_rule_file_with_languages(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "en.yaml").write_text(LANGUAGE)
    (tmp_path / "rules.yaml").write_text("languages: mine\n" + RULES)
    arguments = ("promises", "explain", "Leave it to me until Friday.", *AT)
    assert answer(*arguments)["promises"] == []
    assert answer(*arguments, "--rules", str(tmp_path / "rules.yaml"))["promises"][0]["pattern"] == "en.ours"
