"""Explanations: the evaluator's own columns as JSON, and what comes if nobody acts."""

import json
from datetime import timedelta

import pytest
from small_desk import AT, ago, changed, rules, snapshot, ticket

from makegood.engine.evaluate import evaluate
from makegood.engine.explain import explain, plain

RULES = """\
rules:
  - name: Old ones
    when: {created: {older_than: 30 hours}, tags: {not: [spam]}}
    add_tags: [old]
  - name: Waiting
    for: 2 days
    when:
      status: pending
      reopens: {at_least: 0}
    note: Hello
  - name: Off
    mode: off
    add_tags: [x]
"""


def explained(*tickets, events=(), text=RULES, **options):
    ruleset = rules(text)
    evaluation = evaluate(ruleset, snapshot(*tickets, events=events), **options)
    return explain(ruleset, evaluation, "1")


def test_every_leaf_is_told_with_what_was_seen():
    old = explained(ticket())["rules"][0]
    assert old == {
        "rule": "Old ones",
        "line": 3,
        "verdict": False,
        "leaves": [
            {
                "path": "when.created.older_than",
                "line": 4,
                "fact": "created",
                "operator": "older_than",
                "operand": "30 hours",
                "value": "2026-03-01T09:00:00Z",
                "verdict": False,
            },
            {
                "path": "when.tags.not",
                "line": 4,
                "fact": "tags",
                "operator": "not",
                "operand": "spam",
                "value": None,
                "verdict": True,
            },
        ],
    }


def test_a_rule_that_waits_says_since_when_and_until_when():
    events = [changed(ago(hours=5), "status", "new", "pending")]
    waiting = explained(ticket(status="pending"), events=events)["rules"][1]
    assert (waiting["verdict"], waiting["since"], waiting["due"]) == (
        False,
        "2026-03-02T04:00:00Z",
        "2026-03-04T04:00:00Z",
    )
    later = explained(ticket(status="pending", created=ago(days=3)))["rules"][1]
    assert later["verdict"] is True


def test_what_comes_is_told_soonest_first():
    events = [changed(ago(hours=5), "status", "new", "pending")]
    assert explained(ticket(status="pending"), events=events)["next"] == [
        {"rule": "Old ones", "line": 3, "at": "2026-03-02T15:00:00Z", "change": "begins"},
        {"rule": "Waiting", "line": 6, "at": "2026-03-04T04:00:00Z", "change": "acts"},
    ]


def test_a_rule_that_ceases_before_it_acts_is_told_to_cease():
    text = "rules:\n  - name: R\n    for: 2 days\n    when: {created: {newer_than: 36 hours}}\n    add_tags: [x]\n"
    (turn,) = explained(ticket(), text=text)["next"]
    assert (turn["change"], turn["at"]) == ("ceases", plain(AT + timedelta(hours=12)))


def test_nothing_comes_where_time_changes_nothing():
    text = "rules:\n  - name: R\n    when: {status: new}\n    add_tags: [x]\n"
    assert explained(ticket(), text=text)["next"] == []


def test_the_shape_is_json_and_leaves_out_rules_that_are_off():
    told = explained(ticket())
    assert json.loads(json.dumps(told)) == told
    assert (told["ticket"], told["at"], told["clocks"]) == ("1", "2026-03-02T09:00:00Z", [])
    assert [rule["rule"] for rule in told["rules"]] == ["Old ones", "Waiting"]


def test_an_unknown_or_gone_ticket_is_refused():
    with pytest.raises(KeyError):
        explained(ticket(2))
    with pytest.raises(KeyError):
        explained(ticket(deleted=True))


def test_elapsed_time_is_seconds_and_lists_stay_lists():
    assert plain(timedelta(hours=1)) == 3600
    assert plain(("a",)) == ["a"]
