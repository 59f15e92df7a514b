"""``check``, ``test`` and the catalogues: what authors of rules see."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from fake_cli import RULES, answer, call, furnish

BAD = "rules:\n  - name: One\n    when: {status: opne}\n    set: {priority: hihg}\n    add_tag: [x]\n"
WARNED = "rules:\n  - name: One\n    when: {csat: {not: good}}\n    add_tags: [x]\n"
TESTS = """\
tests:
  - name: Gold is first
    ticket: {subject: Hello, organization.field.tier: gold}
    expect: {set: {priority: high}, add_tags: [gold]}
  - name: Nothing happens <to> others
    ticket: {subject: Hello, organization.field.tier: gold}
    expect: nothing
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yaml").write_text(RULES)
    return tmp_path


def test_a_right_file_is_said_to_be_right() -> None:
    result = call("check")
    assert (result.exit_code, result.stdout) == (0, "rules.yaml: 2 rules and 0 tests, nothing wrong\n")


def test_every_mistake_is_underlined(folder: Path) -> None:
    (folder / "rules.yaml").write_text(BAD)
    result = call("check")
    assert result.exit_code == 1
    assert result.stdout.count("^^^^") == 3
    assert "rules.yaml:3:20: error:" in result.stdout
    assert result.stdout.endswith("rules.yaml: 3 errors\n")


def test_mistakes_as_json(folder: Path) -> None:
    (folder / "rules.yaml").write_text(BAD)
    found = answer("check")["diagnostics"]
    assert [(one["line"], one["severity"]) for one in found] == [(3, "error"), (4, "error"), (5, "error")]
    assert set(found[0]) >= {"code", "message", "file", "column", "end_line", "end_column", "hint"}


def test_mistakes_for_github_and_sarif(folder: Path) -> None:
    (folder / "rules.yaml").write_text(BAD)
    github = call("check", "--format", "github")
    assert github.exit_code == 1
    assert github.stdout.splitlines()[0].startswith("::error file=rules.yaml,line=3,")
    sarif = json.loads(call("check", "--format", "sarif").stdout)
    assert len(sarif["runs"][0]["results"]) == 3


def test_github_hears_nothing_of_a_right_file() -> None:
    assert call("check", "--format", "github").stdout == ""


def test_warnings_fail_only_where_asked(folder: Path) -> None:
    (folder / "rules.yaml").write_text(WARNED)
    assert call("check").exit_code == 0
    strict = call("check", "--strict")
    assert strict.exit_code == 2
    assert "1 warning" in strict.stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"rules:\n\t- name: x\n", "tab"),
        (b"\x00\x01\x02\xff\xfe", "error"),
        (b"", "empty"),
        (b"rules: []\n" + b"# padding\n" * 1_100_000, "large"),
        (b"[" * 5000, "error"),
        (b"a: &a [x]\nb: &b [*a, *a]\n" * 3, "error"),
    ],
)
def test_no_file_is_too_bad_to_be_told_about(folder: Path, content: bytes, said: str) -> None:
    (folder / "rules.yaml").write_bytes(content)
    result = call("check")
    assert result.exit_code == 1
    assert said in result.stdout


def test_a_file_that_is_not_there(folder: Path) -> None:
    missing = call("check", "--rules", "none.yaml")
    assert (missing.exit_code, "there is no none.yaml" in missing.stderr) == (1, True)
    directory = call("check", "--rules", str(folder))
    assert (directory.exit_code, "is a folder" in directory.stderr) == (1, True)


def test_with_data_compares_with_the_local_copy(folder: Path) -> None:
    furnish(folder)
    assert "makegood pull" in call("check", "--with-data").stderr
    assert call("pull").exit_code == 0
    assert call("check", "--with-data").exit_code == 0
    (folder / "rules.yaml").write_text(RULES.replace("ben@", "bne@"))
    wrong = call("check", "--with-data")
    assert wrong.exit_code == 1
    assert "ben@example.com" in wrong.stdout


def test_tests_pass_and_fail(folder: Path) -> None:
    (folder / "gold.test.yaml").write_text(TESTS)
    result = call("test", "--coverage")
    assert result.exit_code == 2
    assert "passed  Gold is first" in result.stdout
    assert "gold.test.yaml:5" in result.stdout
    assert "1 of 2 tests failed" in result.stdout
    assert "Somebody looks after it" in result.stdout
    assert call("test", "--filter", "gold").exit_code == 0


def test_tests_as_json_and_junit(folder: Path) -> None:
    (folder / "gold.test.yaml").write_text(TESTS)
    found = answer("test")
    assert [test["passed"] for test in found["tests"]] == [True, False]
    assert "coverage" in found
    suite = ET.fromstring(call("test", "--format", "junit").stdout)
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert suite[1].get("name") == "Nothing happens <to> others"
    assert suite[1][0].tag == "failure"


def test_a_mistake_in_a_file_of_tests_is_shown(folder: Path) -> None:
    (folder / "gold.test.yaml").write_text("tests:\n  - name: x\n    tiket: {}\n    expect: nothing\n")
    for command in ("check", "test"):
        result = call(command)
        assert result.exit_code == 1
        assert "gold.test.yaml:3" in result.output


def test_no_tests_is_no_failure() -> None:
    result = call("test")
    assert (result.exit_code, "no tests" in result.stdout) == (0, True)


@pytest.mark.parametrize(
    ("command", "word"), [("facts", "reopens"), ("operators", "older_than"), ("actions", "notify")]
)
def test_the_catalogues_list_and_search(command: str, word: str) -> None:
    assert word in call(command).stdout
    found = answer(command, word)[command]
    assert found[0]["name"] == word
    assert found[0]["doc"]
    nothing = call(command, "zzz")
    assert (nothing.exit_code, "mentions" in nothing.stderr) == (1, True)


def test_facts_know_the_desks_own_words(folder: Path) -> None:
    furnish(folder)
    assert call("pull").exit_code == 0
    assert "Billing, Support" in call("facts", "--helpdesk", "support").stdout
    assert answer("facts", "--helpdesk", "support")["desk"]["fields"] == {"Order": {"type": "text", "values": None}}


def test_the_schema_is_one(folder: Path) -> None:
    schema = json.loads(call("schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert call("schema", "-o", "schema.json").exit_code == 0
    assert json.loads((folder / "schema.json").read_text()) == schema
