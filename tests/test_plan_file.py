"""The plan file: its shape is a contract, it survives the disk, and its id tells a changed one."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError
from small_desk import AT, ago, plan, ticket

from makegood.engine.plan_file import Plan, instant_text

TEXT = """
rules:
  - {name: A, when: {status: new}, set: {priority: high}, add_tags: [x]}
  - {name: B, when: {status: new}, set: {priority: low}, note: Hi}
"""


@pytest.fixture
def made() -> Plan:
    return plan(TEXT, ticket())


def test_the_file_has_the_keys_of_the_contract(made):
    written = json.loads(made.to_text())
    assert written["format"] == "makegood-plan/1"
    assert set(written) >= {
        *("id", "made_at", "at", "known_to", "valid_until", "helpdesk", "store_id", "rules_fingerprint", "calendars"),
        *("complete", "summary", "changes", "overruled", "held", "limited", "skipped", "follows", "warnings", "errors"),
    }
    assert set(written["changes"][0]) >= {
        *(
            "ticket",
            "url",
            "version",
            "rule",
            "line",
            "action",
            "step",
            "field",
            "from",
            "to",
            "reason",
            "episode",
            "why",
        ),
        "customer_sees",
    }
    assert written["summary"] == {
        "tickets_seen": 1,
        "tickets_changed": 1,
        "changes": 3,
        "customer_visible": 0,
        "steps_before": 0,
    }
    assert (written["at"], written["valid_until"]) == ("2026-03-02T09:00:00Z", "2026-03-03T09:00:00Z")


def test_fields_come_before_notes_and_tags_are_only_those_of_the_rule(made):
    written = json.loads(made.to_text())["changes"]
    assert [(change["action"], change["field"], change["to"]) for change in written] == [
        ("set", "priority", "high"),
        ("add_tags", "tags", ["x"]),
        ("note", None, None),
    ]


def test_a_plan_survives_the_disk(made):
    again = Plan.model_validate_json(made.to_text())
    assert again == made
    assert again.to_text() == made.to_text()


def test_the_id_tells_a_plan_that_was_changed(made):
    tampered = made.model_copy(update={"helpdesk": "other"})
    assert made.sealed().id == made.id
    assert tampered.sealed().id != made.id


def test_changes_have_ids_of_their_own(made):
    again = plan(TEXT, ticket(), desk={"known_to": ago(minutes=1)})
    ids = [change.id for change in made.changes]
    assert len(set(ids)) == len(ids)
    assert [change.id for change in again.changes] == ids


def test_an_unknown_reason_is_no_plan(made):
    written = json.loads(made.to_text())
    written["overruled"][0]["line"] = "forty"
    with pytest.raises(ValidationError):
        Plan.model_validate(written)


def test_instants_are_written_in_utc():
    assert instant_text(AT) == "2026-03-02T09:00:00Z"
    assert instant_text(AT.replace(microsecond=500_000)) == "2026-03-02T09:00:00.500000Z"
