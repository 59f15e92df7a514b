"""Zendesk's words and ours: fields, statuses, schedules, and an update read alike in both shapes it comes in."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.connectors.ticket import Person
from makegood.connectors.zendesk_cursor import Place, Stream
from makegood.connectors.zendesk_history import (
    History,
    by_machine,
    from_audit,
    from_export,
    merged_into,
    organizations_in,
)
from makegood.connectors.zendesk_people import People
from makegood.connectors.zendesk_schedules import DAYS, _zones, schedule_of, zone_of
from makegood.connectors.zendesk_sla import standing
from makegood.connectors.zendesk_words import CustomField, Desk, Words, custom_fields, score, ticket_of

ALICE, ANA, ME = "6130907990001", "6130907990002", "6130907990009"
OPTIONS = {"cat_refund": "Refund", "cat_delivery": "Delivery"}
DESK = Desk(
    me=ME,
    groups={"11": "Support", "12": "Billing"},
    members={ALICE: ["11"]},
    fields={
        "3601": CustomField("Category", "tagger", OPTIONS),
        "3602": CustomField("VIP", "checkbox"),
        "3603": CustomField("Follow up by", "date"),
        "3604": CustomField("Products", "multiselect", {"p_one": "One", "p_two": "Two"}),
        "3605": CustomField("Seats", "integer"),
    },
)


def people() -> People:
    known = People(DESK, Words(robots=("bot@acme.example",)))
    known.meet(
        [
            {"id": int(ALICE), "name": "Alice", "email": "Alice@acme.example", "role": "agent"},
            {"id": int(ANA), "name": "Ana", "email": "ana@customer.example", "role": "end-user", "locale": "de-AT"},
            {"id": int(ME), "name": "makegood", "email": "makegood@acme.example", "role": "admin"},
            {"id": 77, "name": "Bot", "email": "bot@acme.example", "role": "agent"},
        ]
    )
    return known


# ---- fields


@pytest.mark.parametrize(
    ("number", "raw", "value"),
    [
        ("3601", "cat_refund", "Refund"),
        ("3601", "gone_option", "gone_option"),
        ("3602", True, "yes"),
        ("3602", False, "no"),
        ("3603", "2026-03-06", "2026-03-06T00:00:00Z"),
        ("3604", ["p_two", "p_one"], ("Two", "One")),
        ("3605", 12, "12"),
        ("3601", None, None),
        ("3604", [], None),
        ("3605", "", None),
    ],
)
def test_fields_are_read_by_what_people_see(number: str, raw: Any, value: Any) -> None:
    assert DESK.fields[number].value(raw) == value


@pytest.mark.parametrize(
    ("number", "value", "raw"),
    [
        ("3601", "refund", "cat_refund"),
        ("3602", "yes", True),
        ("3602", None, False),
        ("3603", "2026-03-06T00:00:00Z", "2026-03-06"),
        ("3604", ("One", "Two"), ["p_one", "p_two"]),
        ("3604", None, []),
        ("3605", "12", "12"),
        ("3601", None, None),
    ],
)
def test_fields_are_written_as_zendesk_stores_them(number: str, value: Any, raw: Any) -> None:
    assert DESK.fields[number].raw(value) == raw


def test_two_fields_with_one_title_can_be_told_apart_and_the_active_one_has_the_name() -> None:
    rows = [
        {"id": 1, "title": "City", "type": "text", "active": False},
        {"id": 2, "title": "city", "type": "text", "active": True},
        {"id": 3, "title": "Subject", "type": "subject", "active": True},
    ]
    assert {n: field.title for n, field in custom_fields(rows).items()} == {"2": "city", "1": "City (1)"}


@pytest.mark.parametrize(
    ("said", "meant"), [("good", "good"), ("bad", "bad"), ("offered", None), ("unoffered", None), (None, None)]
)
def test_an_offered_rating_is_no_answer(said: str | None, meant: str | None) -> None:
    """Fact 16."""
    assert score({"score": said}) == meant


def test_unknown_fields_and_values_of_a_ticket_do_no_harm() -> None:
    """Fact 20."""
    row = {
        "id": 2**40,
        "updated_at": "2026-03-02T09:00:00Z",
        "created_at": "2026-03-02T08:00:00Z",
        "status": "brand_new_category",
        "priority": None,
        "custom_fields": [{"id": 424242, "value": "x"}],
        "an_invention": {"of": "tomorrow"},
    }
    ticket = ticket_of(row, DESK, Words(), people())
    assert (ticket.id, ticket.status, ticket.custom) == (str(2**40), "open", {})


def test_people_know_their_role() -> None:
    roles = {number: person.role for number, person in people().persons.items()}
    assert roles == {ALICE: "agent", ANA: "customer", ME: "robot", "77": "automation"}
    assert people().persons[ALICE].groups == ("Support",)


# ---- updates, in both shapes


def both(child: dict[str, Any], event: dict[str, Any], author: str = ALICE, via: Any = "Web form") -> list[Any]:
    at = "2026-03-02T09:00:00Z"
    row = {"id": 100, "ticket_id": 5, "created_at": at, "timestamp": 1772442000, "updater_id": int(author), "via": via}
    export = from_export({**row, "child_events": [{"id": 101, "via": via, **child}], "event_type": "Audit"})
    channel = {"channel": "rule" if via == "Rule" else "web", "source": {}}
    audit = from_audit(
        {"id": 100, "ticket_id": 5, "created_at": at, "author_id": int(author), "via": channel}
        | {"events": [{"id": 101, **event}]}
    )
    assert export is not None
    assert audit is not None
    history = History(DESK, Words(), people(), {})
    one, two = list(history.events(export)), list(history.events(audit))
    assert one == two
    return one


@pytest.mark.parametrize(
    ("field", "before", "after", "fact", "old", "new"),
    [
        ("status", "open", "hold", "status", "open", "on_hold"),
        ("assignee_id", None, ALICE, "assignee", None, ALICE),
        ("group_id", "11", "12", "group", "Support", "Billing"),
        ("priority", "low", "urgent", "priority", "low", "urgent"),
        ("due_at", None, "2026-03-06T12:00:00Z", "due", None, "2026-03-06T12:00:00Z"),
        ("problem_id", None, "17", "parent", None, "17"),
    ],
)
def test_a_change_is_the_same_event_from_the_export_and_from_an_audit(
    field: str, before: Any, after: Any, fact: str, old: Any, new: Any
) -> None:
    child = {"event_type": "Change", field: after, "previous_value": before}
    event = {"type": "Change", "field_name": field, "value": after, "previous_value": before}
    first = both(child, event)[0]
    assert (first.kind, first.field, first.old, first.new) == ("field", fact, old, new)
    assert (first.actor, first.actor_kind, first.id) == (ALICE, "agent", "101")


def test_tags_and_custom_fields_are_keyed_differently_and_mean_the_same() -> None:
    tags = both(
        {"event_type": "Change", "tags": ["a", "b"], "added_tags": ["b"], "removed_tags": ["c"]},
        {"type": "Change", "field_name": "tags", "value": ["a", "b"], "previous_value": ["a", "c"]},
    )
    assert (tags[0].old, tags[0].new) == (("a", "c"), ("a", "b"))
    custom = both(
        {"event_type": "Change", "custom_ticket_fields": {"3601": "cat_refund"}, "previous_value": "cat_delivery"},
        {"type": "Change", "field_name": "3601", "value": "cat_refund", "previous_value": "cat_delivery"},
    )
    assert (custom[0].field, custom[0].old, custom[0].new) == ("field.Category", "Delivery", "Refund")


def test_a_trigger_that_acts_on_a_persons_update_is_a_machine() -> None:
    """Added facts: the audit's author is the person, the child has a via of its own."""
    at = {"id": 100, "ticket_id": 5, "created_at": "2026-03-02T09:00:00Z", "updater_id": int(ALICE), "via": "Web form"}
    change = {"event_type": "Change", "priority": "high", "previous_value": "low"}
    update = from_export(
        {**at, "child_events": [{"id": 101, "via": "Web form", **change}, {"id": 102, "via": "Rule", **change}]}
    )
    assert update is not None
    kinds = [event.actor_kind for event in History(DESK, Words(), people(), {}).events(update)]
    assert kinds == ["agent", "automation"]
    assert by_machine({"channel": "rule", "source": {"rel": "trigger"}})
    assert not by_machine({"channel": "email", "source": {"rel": None}})


def test_what_nobody_did_a_machine_did() -> None:
    events = both(
        {"event_type": "Change", "status": "closed", "previous_value": "solved"},
        {"type": "Change", "field_name": "status", "value": "closed", "previous_value": "solved"},
        author="-1",
    )
    assert {(event.actor, event.actor_kind) for event in events} == {(None, "automation")}


@pytest.mark.parametrize("text", ["Diese Anfrage wurde in #42 zusammengeführt.", "... merged into request #42 “X”."])
def test_a_merge_is_known_in_any_language(text: str) -> None:
    via = {"channel": "system", "source": {"from": {}, "to": {}, "rel": "merge"}}
    row = {"id": 1, "ticket_id": 5, "created_at": "2026-03-02T09:00:00Z", "author_id": 1, "via": via}
    gone = from_audit(row | {"events": [{"id": 2, "type": "Comment", "body": text, "public": False, "via": via}]})
    assert gone is not None
    assert merged_into(gone) == "42"
    into = {"channel": "system", "source": {"from": {"ticket_ids": [5]}, "to": {}, "rel": "merge"}}
    stays = from_audit(row | {"events": [{"id": 2, "type": "Comment", "body": "Request #5 was closed", "via": into}]})
    assert stays is not None
    assert merged_into(stays) is None


def test_organizations_that_changed_are_found_in_either_shape() -> None:
    at = {"id": 100, "ticket_id": 5, "created_at": "2026-03-02T09:00:00Z"}
    child = {"id": 101, "event_type": "Change", "organization_id": 7, "previous_value": "8"}
    export = from_export({**at, "child_events": [child, {"id": 102, "event_type": "Change", "group_id": 9}]})
    change = {"id": 101, "type": "Change", "field_name": "organization_id", "value": "7", "previous_value": None}
    audit = from_audit({**at, "author_id": 1, "events": [change]})
    assert export is not None
    assert audit is not None
    assert (organizations_in([export]), organizations_in([audit])) == ({"7", "8"}, {"7"})


# ---- service levels


STANDS = {
    "id": 5,
    "updated_at": "2026-03-02T09:00:00Z",
    "slas": {
        "policy_metrics": [
            {"metric": "first_reply_time", "stage": "completed", "breach_at": "2026-03-02T08:00:00Z"},
            {"metric": "requester_wait_time", "stage": "paused", "breach_at": None},
        ]
    },
}


@pytest.mark.parametrize(
    ("row", "before", "told"),
    [
        (STANDS, {}, {"requester_wait_time": "paused"}),
        (STANDS, {"first_reply_time": "running", "agent_work_time": "met"}, {"requester_wait_time": "paused"}),
        (STANDS, {"agent_work_time": "paused"}, {"requester_wait_time": "paused", "agent_work_time": None}),
        (STANDS, {"agent_work_time": "missed", "requester_wait_time": "running"}, {"requester_wait_time": "paused"}),
        (STANDS | {"slas": {"policy_metrics": []}}, {"agent_work_time": "running"}, {"agent_work_time": None}),
        ({"id": 5, "updated_at": "2026-03-02T09:00:00Z"}, {"agent_work_time": "running"}, {}),
    ],
)
def test_a_clock_that_was_going_and_is_not_there_any_more_has_gone(
    row: dict[str, Any], before: dict[str, str], told: dict[str, str | None]
) -> None:
    """One that ended stays as it ended, and where nothing is side-loaded nothing is known."""
    assert {event.field: event.new for event in standing(row, before)} == told


# ---- schedules


def test_every_zone_that_zendesk_names_exists() -> None:
    assert all(zone_of(name) == ZoneInfo(zone).key for name, zone in _zones().items())
    assert zone_of("Atlantis") is None


def minutes_open(schedule: Any) -> set[int]:
    found = set()
    for day, slots in schedule.hours.items():
        for slot in slots:
            start, end = (int(t[:2]) * 60 + int(t[3:]) for t in slot.split("-"))
            found |= {DAYS.index(day) * 1440 + minute for minute in range(start, end)}
    return found


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 287), st.integers(1, 288)), max_size=8))
def test_a_schedule_is_open_in_exactly_the_minutes_that_zendesk_says(parts: list[tuple[int, int, int]]) -> None:
    """Fact 15: minutes since Sunday midnight, never spanning days."""
    slots = {(day * 1440 + 5 * a, day * 1440 + 5 * b) for day, a, b in parts if a < b}
    kept: list[tuple[int, int]] = []
    for start, end in sorted(slots):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    row = {
        "id": 1,
        "name": "Office",
        "time_zone": "Berlin",
        "intervals": [{"start_time": s, "end_time": e} for s, e in kept],
    }
    schedule = schedule_of(row, [{"start_date": "2026-12-24", "end_date": "2026-12-26"}])
    assert schedule is not None
    assert minutes_open(schedule) == {minute for start, end in kept for minute in range(start, end)}
    assert (schedule.time_zone, schedule.closed) == ("Europe/Berlin", ("2026-12-24..2026-12-26",))


# ---- the cursor


def test_a_cursor_comes_back_as_it_went() -> None:
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    place = Place.beginning(DESK, now - timedelta(days=180), now)
    assert Place.parse(place.text()) == place
    stirred = replace(place, stirred=True, renamed=True, desk=replace(DESK, former={"13": "Boats"}))
    assert Place.parse(stirred.text()) == stirred
    assert Place.parse("{}") is None
    assert Place.parse("not ours") is None


def test_a_cursor_of_an_older_version_is_gone_on_from() -> None:
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    place = Place.beginning(DESK, now - timedelta(days=180), now)
    old = json.loads(place.text())
    del old["stirred"], old["renamed"], old["desk"]["former"]
    assert Place.parse(json.dumps(old)) == place


def test_what_was_seen_of_the_last_second_is_remembered_and_nothing_else() -> None:
    """Fact 5: the start is included, so the last second repeats."""
    stream = Stream(100).passed([(1, 100), (2, 105), (3, 105)], 105)
    assert stream == Stream(105, frozenset({2, 3}))
    assert stream.passed([(4, 105)], 105).seen == {2, 3, 4}
    assert stream.passed([(5, 107)], 107) == Stream(107, frozenset({5}))


def test_a_person_that_only_the_copy_knows_keeps_its_role() -> None:
    known = people()
    known.persons["88"] = Person("88", role="agent")
    assert known.role("88") == "agent"
    assert known.role("89") == "customer"
    assert known.role(ALICE) == "agent"


def test_the_settings_of_today_say_who_of_the_copy_is_a_robot() -> None:
    stored = {
        "1": Person("1", email="Bot@acme.example", role="agent"),
        "2": Person("2", email="was@acme.example", role="automation"),
        "3": Person("3", email="dora@acme.example", role="agent"),
        "4": Person("4", email="eve@customer.example", role="customer"),
        "5": Person("5", email="former@acme.example", role="robot"),
        ME: Person(ME, email="makegood@acme.example", role="agent"),
    }
    known = People(DESK, Words(robots=("bot@acme.example",)))
    changed = known.recall(stored)
    roles = {number: person.role for number, person in known.persons.items()}
    assert roles == {"1": "automation", "3": "agent", "4": "customer", ME: "robot"}
    assert {person.id: person.role for person in changed} == {"1": "automation", ME: "robot"}
