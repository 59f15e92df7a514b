"""The JSON Schema allows what the parser allows; documentation and examples are true."""

import json
import re
import runpy
from pathlib import Path

import jsonschema
import pytest
import yaml
from fake_ical import calendar, days

from makegood.engine.ruletest import run_tests
from makegood.rules.actions import ACTIONS
from makegood.rules.facts import FACTS
from makegood.rules.load import load_file, load_text
from makegood.rules.schema import json_schema

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
TOUR = HERE.parent / "rules.example.yaml"
FENCE = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLES = FENCE.findall((DOCS / "language.md").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(json_schema())

SEEN_BY_SCHEMA = [
    "words-of-other-tools",
    "unknown-key-of-rule",
    "unknown-key-of-file",
    "unknown-status",
    "operator-does-not-fit",
    "yes-or-no",
    "not-settable",
    "wrong-version",
    "list-instead-of-text",
    "condition-is-a-list",
]


def faults(text, loader):
    return [
        error.message for error in VALIDATOR.iter_errors(json.loads(json.dumps(yaml.load(text, loader), default=str)))
    ]


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("loader", [yaml.BaseLoader, yaml.SafeLoader], ids=["as text", "as an editor types it"])
@pytest.mark.parametrize("text", [TOUR.read_text("utf-8"), *EXAMPLES], ids=lambda text: text[-20:].strip())
def test_valid_files_are_allowed(text, loader):
    assert not faults(text, loader)


@pytest.mark.parametrize("name", SEEN_BY_SCHEMA)
def test_bad_files_are_refused(name):
    assert faults((HERE / "errors" / f"{name}.yaml").read_text("utf-8"), yaml.BaseLoader)


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.key.name)
def test_the_example_of_every_action_is_read_and_allowed(action):
    text = f"teams: {{billing: {{group: Billing}}}}\nrules:\n  - name: A rule\n    {action.example}\n"
    rules, found = load_text(text)
    assert rules is not None, found
    assert not faults(text, yaml.BaseLoader)


@pytest.mark.parametrize("fact", FACTS.values(), ids=lambda fact: fact.name)
def test_every_fact_can_be_asked_for_and_has_a_description(fact):
    name = fact.name.replace("<name>", "x")
    value = "5%" if fact.type == "share" else "present"
    assert not faults(f"rules: [{{name: A rule, when: {{{name}: {value}}}, add_tags: [x]}}]", yaml.BaseLoader)
    assert fact.doc in json.dumps(json_schema(), ensure_ascii=False)


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: text[-20:].strip())
def test_the_examples_of_the_guide_have_nothing_wrong(text, tmp_path):
    for name in re.findall(r"\w+\.ics", text):
        (tmp_path / name).write_text(calendar(days("ana@example.com", "20261224")), newline="")
    rules, found = load_text(text, base=tmp_path)
    assert rules is not None, found


def test_the_tour_passes_its_own_tests():
    rules, _ = load_file(TOUR)
    results = run_tests(rules).results
    assert len(results) == len(rules.tests)
    assert not [(result.name, result.because) for result in results if not result.passed]


def test_the_reference_pages_are_up_to_date():
    for name, page in runpy.run_path(str(DOCS / "build.py"))["PAGES"].items():
        assert (DOCS / name).read_text("utf-8") == page(), f"run `make docs`: {name} is not up to date"
