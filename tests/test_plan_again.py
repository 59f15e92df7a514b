"""Do what a plan says, plan again: no change of the first plan comes again, whatever rules and tickets there are."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from small_desk import AT, DESK, changed, event, snapshot, ticket

from makegood.connectors.ticket import FIELD, FieldSpec
from makegood.engine.plan import make_plan
from makegood.rules.load import load_text

CONDITIONS = (
    "{status: new}",
    "{priority: high}",
    "{tags: [a]}",
    "{assignee: missing}",
    "{tags: {not: [b]}}",
    "{priority: {not: low}}",
)
ACTIONS = (
    *(
        "set: {priority: high}",
        "set: {priority: low}",
        "set: {status: open}",
        "set: {field.City: Bonn}",
        "set: {due: 2 hours}",
    ),
    *("add_tags: [a, B]", "remove_tags: [A, c]", "add_cc: [ana@example.com]", "assign: {to: ben@example.com}"),
    *("assign: {to: missing}", "assign: {team: billing}", "note: Hi", "reply: Hello", "set: {type: missing}"),
)
RULES = st.lists(st.tuples(st.sampled_from(CONDITIONS), st.sampled_from(ACTIONS)), min_size=1, max_size=5)
TICKETS = st.lists(
    st.fixed_dictionaries(
        {
            "priority": st.sampled_from([None, "low", "high"]),
            "tags": st.sampled_from([(), ("a",), ("b", "c"), ("A", "b")]),
            "assignee": st.sampled_from([None, "ana@example.com", "ben@example.com"]),
            "type": st.sampled_from([None, "question"]),
        }
    ),
    min_size=1,
    max_size=3,
)


def after(one, change, *, hidden: bool):
    """The ticket once a change has been made, and the event that tells of it."""
    later = AT + timedelta(seconds=1)
    if change.field is None:
        public = change.action == "reply"
        mark = change.marker if hidden or not public else None
        return one, event(later, "message", on=one.id, text=change.text, public=public, marker=mark)
    if change.field.startswith(FIELD):
        name = change.field.removeprefix(FIELD)
        return replace(one, custom={**one.custom, name: change.to}), changed(
            later, change.field, change.from_, change.to, on=one.id
        )
    old = getattr(one, change.field)
    new = change.to
    if change.action in ("add_tags", "add_cc"):
        new = (*old, *change.to)
    elif change.action == "remove_tags":
        gone = {tag.casefold() for tag in change.to}
        new = tuple(tag for tag in old if tag.casefold() not in gone)
    made = replace(one, **{change.field: AT.fromisoformat(new) if change.field == "due" and new else new})
    return made, changed(later, change.field, old if change.field != "due" else None, new, on=one.id)


def file_of(pairs) -> str:
    listed = (f"  - {{name: R{number}, when: {when}, {action}}}\n" for number, (when, action) in enumerate(pairs))
    return "version: 1\nteams: {billing: {group: Billing}}\nrules:\n" + "".join(listed)


def allowed(pairs):
    """The rule set of a file; one that is refused because its rules make each other true is passed over."""
    ruleset, found = load_text(file_of(pairs))
    refused = {problem.code for problem in found if problem.severity == "error"}
    assert refused <= {"ring"}, found
    assume(not refused)
    return ruleset


RING = [("{priority: high}", "assign: {to: missing}"), ("{assignee: missing}", "set: {priority: high}")]


@settings(max_examples=60, deadline=None)
@given(pairs=RULES, facts=TICKETS, hidden=st.booleans())
@example(pairs=RING, facts=[{"priority": "high", "assignee": "ana@example.com"}], hidden=False)
def test_no_change_comes_again(pairs, facts, hidden):
    ruleset = allowed(pairs)
    words = {"capabilities": replace(DESK, hidden_marker=hidden)}
    tickets = {str(number): ticket(number, **each) for number, each in enumerate(facts)}
    words["catalogue"] = replace(snapshot().catalogue, fields={"City": FieldSpec("City")})
    first = make_plan(ruleset, snapshot(*tickets.values(), **words), allow_replies=True)
    events = []
    for change in first.changes:
        tickets[change.ticket], told = after(tickets[change.ticket], change, hidden=hidden)
        events.append(told)
    later = words | {"at": AT + timedelta(minutes=1)}
    second = make_plan(ruleset, snapshot(*tickets.values(), events=events, **later), allow_replies=True)
    again = {change.id for change in first.changes} & {change.id for change in second.changes}
    assert not again, json.dumps([file_of(pairs), facts], default=str)
