"""Jira's words and ours: fields, statuses, people, texts, service levels, and a changelog read alike on both faces."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.connectors.jsm_cursor import MOST_SEEN, OVERLAP, Place, Round, millis
from makegood.connectors.jsm_fields import Field, day_text, discovered, ids_in, instant, instant_text
from makegood.connectors.jsm_history import changes_of, comment_event, history_events, rating_event
from makegood.connectors.jsm_people import People
from makegood.connectors.jsm_sla import sights
from makegood.connectors.jsm_text import plain_text
from makegood.connectors.jsm_words import Desk, Words, good_or_bad, people_in, stars, ticket_of
from makegood.connectors.ticket import STATUSES, Ticket

Row = dict[str, Any]

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PLUGIN, SERVICE = "com.atlassian.jira.plugin.system.customfieldtypes:", "com.atlassian.servicedesk:"
ALICE, ANA, ME = "712020:alice", "qm:site:ana", "712020:me"


def field_row(number: int, name: str, kind: str, custom: str = "x", items: str | None = None, **more: Any) -> Row:
    schema = {"type": kind, "custom": custom, "customId": number} | ({"items": items} if items else {})
    return {"id": f"customfield_{number}", "name": name, "custom": True, "schema": schema, **more}


FIELDS = [
    field_row(1, "Category", "option", PLUGIN + "select"),
    field_row(2, "Place", "option-with-child", PLUGIN + "cascadingselect"),
    field_row(3, "Products", "array", PLUGIN + "multiselect", "option"),
    field_row(4, "Seats", "number", PLUGIN + "float"),
    field_row(5, "Follow up by", "date", PLUGIN + "datepicker"),
    field_row(6, "Call at", "datetime", PLUGIN + "datetime"),
    field_row(7, "Lead", "user", PLUGIN + "userpicker"),
    field_row(8, "Watching", "array", PLUGIN + "multiuserpicker", "user"),
    field_row(9, "Team", "group", PLUGIN + "grouppicker"),
    field_row(10, "Boat", "string", PLUGIN + "textfield"),
    field_row(11, "Keywords", "array", PLUGIN + "labels", "string"),
    field_row(12, "고객 요청 유형", "sd-customerrequesttype", SERVICE + "vp-origin"),
    field_row(13, "기관", "array", SERVICE + "sd-customer-organizations", "sd-customerorganization"),
    field_row(14, "관계자 요청", "array", SERVICE + "sd-request-participants", "user"),
    field_row(15, "만족", "sd-feedback", SERVICE + "sd-request-feedback"),
    field_row(
        16, "해결시간", "sd-servicelevelagreement", SERVICE + "sd-sla-field", untranslatedName="Time to resolution"
    ),
    field_row(17, "Rank", "any", "com.pyxis.greenhopper.jira:gh-lexo-rank"),
    {"id": "summary", "name": "요약", "custom": False, "schema": {"type": "string", "system": "summary"}},
    {"id": "customfield_18", "name": "No schema", "custom": True},
]


def desk(*, cloud: bool = True) -> Desk:
    found = discovered(FIELDS)
    return Desk(
        cloud=cloud,
        site="https://acme.example",
        me=ME if cloud else "me",
        projects={"10000": ["SUP", "Support", "1"]},
        fields=found.own,
        special=found.special,
        slas=found.slas,
        statuses={"1": ["Open", "new"], "5": ["Resolved", "done"], "7": ["Waiting for customer", "indeterminate"]},
        members={ALICE if cloud else "alice": ["Support"]},
        names={} if cloud else {"JIRAUSER1": "alice", "JIRAUSER2": "ana"},
    )


def user(who: str, *, cloud: bool = True, **more: Any) -> Row:
    return {("accountId" if cloud else "name"): who, "displayName": who.title(), **more}


def people(at: Desk, words: Words | None = None) -> People:
    known = People(at, words or Words(robots=("bot@acme.example",)))
    known.meet(
        [
            user(ALICE, emailAddress="Alice@acme.example", accountType="atlassian"),
            user(ANA, emailAddress="ana@customer.example", accountType="customer"),
            user(ME, accountType="atlassian"),
            user("app:1", accountType="app"),
            user("712020:bot", emailAddress="bot@acme.example", accountType="atlassian"),
            user("712020:colleague", accountType="atlassian"),
        ]
    )
    return known


def issue(at: Desk, **fields: Any) -> Row:
    base: Row = {
        "summary": "Boat",
        "status": {"name": "Open", "statusCategory": {"key": "new"}},
        "project": {"id": "10000", "key": "SUP", "name": "Support"},
        "reporter": user(ANA if at.cloud else "ana", cloud=at.cloud),
        "created": "2026-03-02T09:00:00.000+0000",
        "updated": "2026-03-02T09:00:00.000+0000",
        "comment": {"comments": [], "total": 0},
    }
    return {"id": "10001", "key": "SUP-1", "fields": base | fields}


def ticket(**fields: Any) -> Ticket:
    at = desk()
    return ticket_of(issue(at, **fields), at, Words(), people(at))


# ---- fields


def test_fields_are_known_by_what_they_are_and_called_by_their_untranslated_name() -> None:
    """Fact 6: names are translated, ids differ from site to site."""
    found = discovered(FIELDS)
    assert found.special == {
        "request_type": "customfield_12",
        "organizations": "customfield_13",
        "participants": "customfield_14",
        "feedback": "customfield_15",
    }
    assert found.slas == {"customfield_16": "Time to resolution"}
    assert "customfield_17" not in found.own
    assert found.own["customfield_18"].title == "No schema"
    assert set(desk().wanted()) >= {"summary", "comment", "customfield_1", "customfield_12", "customfield_16"}


def test_fields_with_one_title_can_be_told_apart_and_the_oldest_has_the_name() -> None:
    rows = [field_row(number, name, "string") for number, name in ((30, "City"), (4, "city"), (200, "CITY"))]
    assert {n: each.title for n, each in discovered(rows).own.items()} == {
        "customfield_4": "city",
        "customfield_30": "City (30)",
        "customfield_200": "CITY (200)",
    }


@pytest.mark.parametrize(
    ("number", "raw", "value"),
    [
        (1, {"value": "Refund", "id": "7"}, "Refund"),
        (2, {"value": "Lake", "child": {"value": "North"}}, "Lake > North"),
        (2, {"value": "Lake"}, "Lake"),
        (3, [{"value": "Two"}, {"value": "One"}], ("Two", "One")),
        (3, [], None),
        (4, 3.0, "3"),
        (4, 0.1, "0.1"),
        (5, "2026-03-06", "2026-03-06T00:00:00Z"),
        (6, "2026-03-06T10:30:00.000-0800", "2026-03-06T18:30:00Z"),
        (7, {"accountId": ALICE, "displayName": "Alice"}, ALICE),
        (8, [{"accountId": ALICE}, {"accountId": ANA}], (ALICE, ANA)),
        (9, {"name": "Billing", "groupId": "1"}, "Billing"),
        (10, "x", "x"),
        (10, "", None),
        (10, None, None),
        (11, ["a", "b"], ("a", "b")),
        (18, {"an": "invention"}, None),
        (18, True, "yes"),
    ],
)
def test_fields_are_read_by_what_people_see(number: int, raw: Any, value: Any) -> None:
    assert desk().fields[f"customfield_{number}"].value(raw, cloud=True) == value


@pytest.mark.parametrize(
    ("number", "old", "shown", "value"),
    [
        (1, "7", "Refund", "Refund"),
        (2, None, "Parent values: Lake(10000)Level 1 values: North(10001)", "Lake > North"),
        (3, "[7, 8]", "One, Two", ("One", "Two")),
        (4, None, "3", "3"),
        (5, "2026-03-06", "6/Mar/26", "2026-03-06T00:00:00Z"),
        (6, "2026-03-06T10:30:00.000-0800", "06/Mar/26 10:30 AM", "2026-03-06T18:30:00Z"),
        (8, f"[{ALICE}, {ANA}]", "Alice, Ana", (ALICE, ANA)),
        (11, None, "a b", ("a", "b")),
        (10, None, None, None),
        (10, None, "", None),
    ],
)
def test_a_changelog_tells_the_same_values_as_the_issue(number: int, old: Any, shown: Any, value: Any) -> None:
    assert desk().fields[f"customfield_{number}"].told(old, shown) == value


@pytest.mark.parametrize(
    ("number", "value", "raw"),
    [
        (1, "Refund", {"value": "Refund"}),
        (2, "Lake > North", {"value": "Lake", "child": {"value": "North"}}),
        (3, ("One", "Two"), [{"value": "One"}, {"value": "Two"}]),
        (3, "One", [{"value": "One"}]),
        (3, None, []),
        (4, "3", 3),
        (4, "0.5", 0.5),
        (5, "2026-03-06T00:00:00Z", "2026-03-06"),
        (6, "2026-03-06T18:30:00Z", "2026-03-06T18:30:00.000+0000"),
        (7, ALICE, {"accountId": ALICE}),
        (9, "Billing", {"name": "Billing"}),
        (10, None, None),
    ],
)
def test_fields_are_written_as_jira_stores_them(number: int, value: Any, raw: Any) -> None:
    assert desk().fields[f"customfield_{number}"].raw(value, cloud=True) == raw


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.integers(-12 * 4, 14 * 4))
def test_a_time_means_the_same_in_every_zone(at: datetime, quarters: int) -> None:
    """Fact 3: milliseconds and an offset without a colon, whichever zone the account has."""
    at = at.replace(microsecond=at.microsecond // 1000 * 1000, tzinfo=UTC)
    local = at.astimezone(timezone(timedelta(minutes=15 * quarters)))
    text = f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03d}{local:%z}"
    assert instant(text) == at
    assert instant(millis(at)) == at
    assert instant(str(millis(at))) == at


@pytest.mark.parametrize("said", [None, "", "soon", {}, 10**20, "2026-13-01"])
def test_what_is_no_time_is_none(said: Any) -> None:
    assert instant(said) is None
    assert instant_text(said) is None


def test_days_and_lists_of_ids_are_read_as_changelogs_write_them() -> None:
    assert day_text("2026-03-06 00:00:00.0") == "2026-03-06T00:00:00Z"
    assert day_text("6/Mar/26") is None
    assert ids_in("[a, b]") == ["a", "b"]
    assert ids_in("[]") == ids_in(None) == []


# ---- words


@pytest.mark.parametrize(
    ("name", "key", "meant"),
    [
        ("Waiting for customer", "indeterminate", "pending"),
        ("WAITING FOR SUPPORT", "indeterminate", "open"),
        ("Pending", "indeterminate", "on_hold"),
        ("Canceled", "done", "closed"),
        ("Resolved", "done", "solved"),
        ("Erledigt", "done", "solved"),
        ("Neu", "new", "new"),
        ("Bei Bob", "indeterminate", "open"),
        ("?", "", "open"),
        ("Parts ordered", "indeterminate", "on_hold"),
    ],
)
def test_a_status_means_what_the_settings_say_or_its_name_or_its_category(name: str, key: str, meant: str) -> None:
    words = Words(status={"on_hold": ["parts ordered"]})
    assert words.category(name, key) == meant
    assert meant in STATUSES
    assert words.mapped(name, key) == (name not in ("Bei Bob", "?"))


@pytest.mark.parametrize(
    ("name", "number", "meant"),
    [
        ("Highest", "1", "urgent"),
        ("가장 높음", "1", "urgent"),
        ("P2", "77", "high"),
        ("Odd", "77", None),
        ("Now!", "9", "urgent"),
    ],
)
def test_a_priority_is_known_by_its_name_or_by_the_number_it_always_had(
    name: str, number: str, meant: str | None
) -> None:
    assert Words(priority={"urgent": ["now!"]}).priority_of(name, number) == meant


@pytest.mark.parametrize(
    ("raw", "number", "meant"),
    [
        ({"rating": 5}, 5, "good"),
        ({"rating": "4"}, 4, "good"),
        (3, 3, None),
        (2.0, 2, "bad"),
        ("1", 1, "bad"),
        (None, None, None),
        ({}, None, None),
        ({"rating": None}, None, None),
        (0, None, None),
        (6, None, None),
        ([], None, None),
        ("many", None, None),
    ],
)
def test_a_rating_is_one_to_five_in_any_shape_and_absent_is_not_low(
    raw: Any, number: int | None, meant: str | None
) -> None:
    """Fact 15."""
    assert stars(raw) == number
    assert good_or_bad(stars(raw)) == meant


def test_a_rating_that_nobody_dates_has_a_number_that_stays() -> None:
    """``updated`` moves by itself."""
    at = desk()
    one, two = (
        rating_event(row, ticket_of(row, at, Words(), people(at)), at)
        for when in ("09:00", "09:16")
        if (row := issue(at, customfield_15={"rating": 1}, updated=f"2026-03-02T{when}:00.000+0000"))
    )
    assert one is not None
    assert two is not None
    assert one.id == two.id


def test_people_know_their_role() -> None:
    """Fact 6: an account's kind alone tells no agent, for colleagues are customers, too."""
    known = people(desk())
    roles = {
        who: known.role(who) for who in (ALICE, ANA, ME, "app:1", "712020:bot", "712020:colleague", "nobody", None)
    }
    assert list(roles.values()) == [
        "agent",
        "customer",
        "robot",
        "automation",
        "automation",
        "customer",
        "customer",
        "automation",
    ]
    assert (known.handle(ALICE), known.handle("712020:colleague")) == ("alice@acme.example", "712020:colleague")
    assert known.called("ALICE@acme.example") == ALICE


def test_people_whose_address_is_hidden_are_called_as_the_settings_say() -> None:
    words = Words(people={"bob@acme.example": "712020:b"})
    known = People(desk(), words)
    known.meet([user("712020:b")])
    assert [person.email for person in known.handed_out()] == ["bob@acme.example"]
    assert known.called("bob@acme.example") == "712020:b"


def test_unknown_fields_and_values_of_an_issue_do_no_harm() -> None:
    at = desk()
    row = {
        "id": "10001",
        "fields": {
            "status": None,
            "priority": {"id": "99", "name": "Odd"},
            "created": "2026-03-02T08:00:00.000+0000",
            "customfield_424242": "x",
            "customfield_18": {"an": "invention"},
            "parent": None,
            "issuelinks": [{}],
            "resolution": {"name": "Duplicate"},
            "comment": None,
        },
    }
    found = ticket_of(row, at, Words(), people(at))
    assert (found.id, found.status, found.priority, found.custom, found.merged_into) == (
        "10001",
        "open",
        None,
        {},
        None,
    )
    assert list(people_in(row, at)) == []


def test_a_version_is_what_an_issue_says_and_nothing_that_moves_by_itself() -> None:
    """Fact 4: ``updated``, service levels and the language of the account are none of it."""
    plain = ticket()
    same = ticket(updated="2026-03-05T09:00:00.000+0000", customfield_16={"ongoingCycle": {"breached": False}})
    assert same.version == plain.version
    said = {"comments": [{"id": "5", "author": user(ANA)}], "total": 1}
    changed = [ticket(summary="Boats"), ticket(labels=["vip"]), ticket(comment=said), ticket(customfield_10="x")]
    assert len({plain.version, *(each.version for each in changed)}) == 5


# ---- changelogs


def line(name: str, cloud: bool, *, custom: str = "", **values: Any) -> Row:
    """One line of a changelog: Data Center only tells what a field is called."""
    said = {"field": name, "fieldtype": "custom" if custom else "jira"}
    said |= {"fieldId": custom or name} if cloud else {}
    return said | {key: values.get(key) for key in ("from", "fromString", "to", "toString")}


def told(item: Row, cloud: bool, words: Words | None = None) -> list[tuple[str, Any, Any]]:
    at = desk(cloud=cloud)
    return [(each.fact, each.old, each.new) for each in changes_of(item, at, words or Words(), people(at))]


@pytest.mark.parametrize("cloud", [True, False])
@pytest.mark.parametrize(
    ("name", "values", "meant"),
    [
        (
            "status",
            {"from": "1", "fromString": "Open", "to": "5", "toString": "Resolved"},
            [("status", "new", "solved"), ("status_name", "Open", "Resolved")],
        ),
        (
            "status",
            {"from": "1", "fromString": "Open", "to": "66", "toString": "Long gone"},
            [("status", "new", "open"), ("status_name", "Open", "Long gone")],
        ),
        (
            "priority",
            {"from": "3", "fromString": "Medium", "to": "1", "toString": "Highest"},
            [("priority", "normal", "urgent")],
        ),
        ("priority", {"to": "1", "toString": "Highest"}, [("priority", None, "urgent")]),
        ("labels", {"fromString": "", "toString": "a b"}, [("tags", None, ("a", "b"))]),
        ("duedate", {"to": "2026-03-06", "toString": "2026-03-06 00:00:00.0"}, [("due", None, "2026-03-06T00:00:00Z")]),
        (
            "project",
            {"from": "1", "fromString": "A", "to": "2", "toString": "B"},
            [("brand", "A", "B"), ("group", "A", "B")],
        ),
        ("summary", {"fromString": "a", "toString": "b"}, [("subject", "a", "b")]),
        ("Key", {"fromString": "A-1", "toString": "B-1"}, []),
        ("description", {"fromString": "a", "toString": "b"}, []),
        ("labels", {"fromString": "a", "toString": "a"}, []),
    ],
)
def test_jiras_own_fields_are_told_alike_on_both_faces(cloud: bool, name: str, values: Row, meant: list[Any]) -> None:
    assert told(line(name, cloud, **values), cloud) == meant


@pytest.mark.parametrize("cloud", [True, False])
@pytest.mark.parametrize(
    ("number", "name", "values", "meant"),
    [
        (10, "Boat", {"fromString": "a", "toString": "b"}, ("field.Boat", "a", "b")),
        (1, "category", {"to": "7", "toString": "Refund"}, ("field.Category", None, "Refund")),
    ],
)
def test_custom_fields_are_told_alike_on_both_faces(
    cloud: bool, number: int, name: str, values: Row, meant: tuple[str, Any, Any]
) -> None:
    """Fact 6: Data Center only says their titles."""
    assert told(line(name, cloud, custom=f"customfield_{number}", **values), cloud) == [meant]


@pytest.mark.parametrize(
    ("number", "name", "values", "meant"),
    [
        (12, "고객 요청 유형", {"fromString": "Get help", "toString": "Incident"}, ("form", "Get help", "Incident")),
        (13, "기관", {"to": "[1, 2]", "toString": "Lake Tours, Sea Tours"}, ("organization", None, "Lake Tours")),
        (14, "관계자 요청", {"to": f"[{ANA}]", "toString": "Ana"}, ("cc", None, ("ana@customer.example",))),
    ],
)
def test_what_service_management_keeps_in_fields_is_told_by_our_names(
    number: int, name: str, values: Row, meant: tuple[str, Any, Any]
) -> None:
    assert told(line(name, True, custom=f"customfield_{number}", **values), True) == [meant]


@pytest.mark.parametrize("name", ["status", "Priority", "Labels", "Project", "Summary"])
def test_a_forgotten_custom_field_that_is_called_like_one_of_jiras_own_is_none_of_them(name: str) -> None:
    """Data Center: whatever admins once called a field stays in the changelog after the field is gone."""
    values = {"from": "1", "fromString": "1", "to": "2", "toString": "2"}
    assert told(line(name, False, custom="x", **values), False) == []


@pytest.mark.parametrize("cloud", [True, False])
def test_people_are_told_by_id_on_cloud_and_by_name_on_data_center(cloud: bool) -> None:
    item = line("assignee", cloud, to=ALICE if cloud else "JIRAUSER1", toString="Alice")
    assert told(item, cloud) == [("assignee", None, ALICE if cloud else "alice")]


def test_a_mapped_field_is_told_by_its_fact_too() -> None:
    words = Words(fields={"group": "Team", "promise_due": "Call at"})
    item = line("Team", True, custom="customfield_9", to="Billing", toString="Billing")
    assert told(item, True, words) == [("field.Team", None, "Billing"), ("group", None, "Billing")]
    due = line("Call at", True, custom="customfield_6", to="2026-03-06T18:30:00.000+0000")
    assert told(due, True, words) == [("field.Call at", None, "2026-03-06T18:30:00Z")]


def test_the_lines_of_one_entry_follow_each_other_and_their_entry() -> None:
    at = desk()
    items = [line("labels", True, toString="a"), line("summary", True, fromString="a", toString="b")]
    entries = [{"id": str(n), "created": millis(NOW), "author": user(ALICE), "items": items} for n in (9, 10)]
    found = [each for entry in entries for each in history_events("1", entry, at, Words(), people(at))]
    assert [each.id for each in found] == ["h9.0", "h9.1", "h10.0", "h10.1"]
    assert [each.seq for each in found] == sorted({each.seq for each in found})
    assert {(each.at, each.actor, each.actor_kind) for each in found} == {(NOW, ALICE, "agent")}
    nobody = {"id": "1", "created": "2026-03-02T09:00:00.000+0000", "items": items}
    assert {each.actor_kind for each in history_events("1", nobody, at, Words(), people(at))} == {"automation"}
    assert list(history_events("1", {"id": "1", "items": items}, at, Words(), people(at))) == []


@pytest.mark.parametrize(
    ("more", "public", "auto"),
    [
        ({}, True, False),
        ({"jsdPublic": True}, True, False),
        ({"jsdPublic": False}, False, False),
        ({"author": user(ANA), "jsdPublic": True}, True, True),
    ],
)
def test_a_comment_is_public_unless_it_says_otherwise(more: Row, public: bool, auto: bool) -> None:
    at, words = desk(), Words(ignore_senders=("ana@*",))
    row = {"id": "7", "body": "Hello.", "created": "2026-03-02T10:00:00.000+0100", "author": user(ALICE)} | more
    found = comment_event("1", row, at, words, people(at, words))
    assert (found.public, found.auto, found.at, found.text) == (public, auto, NOW, "Hello.")


def test_only_a_comment_of_ours_can_bear_our_mark() -> None:
    at = desk()
    row = {"id": "7", "body": "Hello.\n\nmakegood 7f3a2c", "created": millis(NOW)}
    marks = [comment_event("1", row | {"author": user(who)}, at, Words(), people(at)).marker for who in (ME, ALICE)]
    assert marks == ["7f3a2c", None]


# ---- service levels


def moment(at: datetime) -> Row:
    return {"iso8601": "x", "friendly": "오늘 09:00", "epochMillis": millis(at)}


def cycle(start: int, **more: Any) -> Row:
    """A cycle that began so many minutes after nine; times are minutes, too."""
    times: Row = {
        name: moment(NOW + timedelta(minutes=more.pop(name))) for name in ("breachTime", "stopTime") if name in more
    }
    return {"startTime": moment(NOW + timedelta(minutes=start)), "breached": False, **times, **more}


def states(value: Any, known: tuple[str, ...] = ()) -> list[tuple[Any, int, Any]]:
    found = [
        each
        for sight in sights(ticket(updated="2026-03-02T12:00:00.000+0000"), "customfield_16", "Resolution", value, 0)
        for each in sight.events(known)
    ]
    return list(dict.fromkeys((each.new, int((each.at - NOW).total_seconds() // 60), each.old) for each in found))


FOUR, FIVE = "2026-03-02T13:00:00Z", "2026-03-02T14:00:00Z"


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (None, []),
        ({"completedCycles": []}, []),
        ({"completedCycles": [], "ongoingCycle": None}, []),
        ({"ongoingCycle": cycle(0, breachTime=240, paused=False)}, [("running", 0, FOUR)]),
        ({"ongoingCycle": cycle(0, breachTime=240, paused=False, withinCalendarHours=False)}, [("running", 0, FOUR)]),
        (
            {"ongoingCycle": cycle(0, breachTime=240, breached=True, remainingTime={"millis": -5})},
            [("running", 0, FOUR)],
        ),
        (
            {"ongoingCycle": cycle(0, paused=True, elapsedTime={"millis": 5})},
            [("running", 0, None), ("paused", 180, None)],
        ),
        ({"ongoingCycle": cycle(0, breached=True)}, [("running", 0, None), ("missed", 180, None)]),
        ({"completedCycles": [cycle(0, stopTime=60, breachTime=240)]}, [("running", 0, FOUR), ("met", 60, FOUR)]),
        (
            {"completedCycles": [cycle(0, stopTime=260, breachTime=240, breached=True)]},
            [("running", 0, FOUR), ("missed", 260, FOUR)],
        ),
        (
            {
                "completedCycles": [cycle(0, stopTime=10, breachTime=240), cycle(20, stopTime=30, breachTime=240)],
                "ongoingCycle": cycle(60, breachTime=300, paused=False),
            },
            [
                ("running", 0, FOUR),
                ("met", 10, FOUR),
                ("running", 20, FOUR),
                ("met", 30, FOUR),
                ("running", 60, FIVE),
            ],
        ),
        ({"ongoingCycle": {"breached": False}}, []),
        ({"ongoingCycle": {"startTime": "09:00"}}, []),
    ],
)
def test_a_clock_is_read_from_numbers_only(value: Any, meant: list[Any]) -> None:
    """Fact 14: what is friendly depends on the language; ongoing, paused, completed cycles, and several after reopenings."""
    assert states(value) == meant


def test_a_clock_that_goes_on_as_before_is_not_told_again() -> None:
    """Fact 14: SLA timers touch an issue every quarter of an hour."""
    value = {"ongoingCycle": cycle(0, breachTime=240, paused=False)}
    first = ticket(updated="2026-03-02T10:00:00.000+0000")
    once = [each for sight in sights(first, "customfield_16", "Resolution", value, 0) for each in sight.events(())]
    known = tuple(each.id for each in once)
    assert {(each.new, each.at, each.old) for each in once} == {("running", NOW, FOUR)}
    assert states(value, known) == []
    later = {"ongoingCycle": cycle(0, breachTime=300, paused=False)}
    assert states(later, known) == [("running", 180, FIVE)]


# ---- texts

WORD = st.text("abcxyzäöü019가나", min_size=1, max_size=8)
DRESSES = [
    "{}",
    "*{}*",
    "_{}_",
    "+{}+",
    "{{color:red}}{}{{color}}",
    "{{quote}}{}{{quote}}",
    "{{panel:title=x}}{}{{panel}}",
    "{{code:java}}{}{{code}}",
    "{{noformat}}{}{{noformat}}",
    "[{}|https://acme.example/x]",
    "[{}|https://acme.example/x|smart-link]",
    "[~{}]",
    "[{}]",
    "{{{{{}}}}}",
    "{{*}}{}{{*}}",
    "{{_}}{}{{_}}",
    "\\{{{}\\}}",
    "({})",
    "{}!",
    "!{}",
]
LINES = ["{}", "h1. {}", "bq. {}", "* {}", "# {}", "- {}", "|{}|", "|| {} ||", "> {}"]


@given(st.lists(st.lists(WORD, min_size=1, max_size=6), max_size=5), st.sampled_from(["\n", "\r\n", "\n\n", "\r"]))
def test_a_text_without_markup_stays_as_it_is(lines: list[list[str]], end: str) -> None:
    text = end.join(" ".join(words) for words in lines)
    assert plain_text(text) == text.replace("\r\n", "\n").replace("\r", "\n")


@given(
    st.lists(
        st.tuples(st.sampled_from(LINES), st.lists(st.tuples(WORD, st.sampled_from(DRESSES)), min_size=1, max_size=5)),
        min_size=1,
        max_size=5,
    )
)
def test_plain_words_survive_whatever_they_wear(lines: list[tuple[str, list[tuple[str, str]]]]) -> None:
    text = "\n".join(line.format(" ".join(dress.format(word) for word, dress in said)) for line, said in lines)
    words = [word for _, said in lines for word, _ in said]
    kept = [word for word in re.findall(r"[a-zäöü0-9가나]+", plain_text(text)) if word]
    left = iter(kept)
    assert all(any(each == word for each in left) for word in words), (text, plain_text(text))


@given(st.text(alphabet="*_+-~^!?{}[]|\\#:. \nah1bq", max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    """Customers write what they like, and no letter comes from nowhere."""
    assert len(plain_text(text)) <= 3 * len(text) + 4


@pytest.mark.parametrize(
    "piece", ["_a ", "*a ", "[", "[a ", "[a|", "!a ", "{color:", "{quote}", "\\", "h1. ", "[~", "+a\n"]
)
def test_a_text_that_only_looks_like_markup_takes_no_time(piece: str) -> None:
    """Anybody may write a comment, and one of them must not stop a sync."""
    text = (piece * 16_000)[:16_000]
    began = time.process_time()
    plain_text(text)
    assert time.process_time() - began < 0.3


@pytest.mark.parametrize(
    ("wiki", "plain"),
    [
        ("*Hello* _there_ +you+", "Hello there you"),
        ("We call you {*}today{*}, not {_}tomorrow{_}.", "We call you today, not tomorrow."),
        ("un{*}frigging{*}believable", "unfriggingbelievable"),
        ("h2. Next steps\nbq. he said", "Next steps\n> he said"),
        ("{quote}old\nwords{quote}new", "\n> old\n> words\nnew"),
        ("See [our page|https://acme.example/a?b=c] or [https://x.example].", "See our page or https://x.example."),
        ("[https://x.example|https://x.example|smart-link]", "https://x.example"),
        ("[~accountid:712020:abc] please", "@712020:abc please"),
        ("[~alice] please", "@alice please"),
        ("!shot.png|thumbnail! as you see", " as you see"),
        ("Really! Yes! No!", "Really! Yes! No!"),
        ("snake_case_name and 2*3*4 and a+b+c", "snake_case_name and 2*3*4 and a+b+c"),
        ("C:\\temp\\new", "C:\\temp\\new"),
        ("\\{literally\\}", "{literally}"),
        ("[x] done, [ ] open", "[x] done, [ ] open"),
        ("one\\\\\ntwo", "one\ntwo"),
        ("{color:#ff0000}red{color} {color:red}*bold*{color}", "red bold"),
        ("a {curly} word and {another: one}", "a {curly} word and {another: one}"),
        ("* one\n* two *bold*", "* one\n* two bold"),
        ("- not struck - really", "- not struck - really"),
        ("5 * 3 = 15 * 1", "5 * 3 = 15 * 1"),
        ("[^invoice.pdf] is attached", "invoice.pdf is attached"),
    ],
)
def test_wiki_markup_is_read_as_people_see_it(wiki: str, plain: str) -> None:
    assert plain_text(wiki) == plain


# ---- the cursor


def test_a_cursor_comes_back_as_it_went() -> None:
    at = desk()
    going = Round("project in (10000)", NOW, "token", ("10000",))
    place = Place(at, NOW - timedelta(days=180), NOW, ("10000",), ((millis(NOW), ("1", "2")),), going, 3)
    assert Place.parse(place.text()) == place
    for text in ("{}", "not ours", "[]", "null", '{"desk": 1}'):
        assert Place.parse(text) is None


def test_the_first_round_walks_and_later_ones_follow_ten_minutes_behind() -> None:
    """Facts 1 and 3."""
    place = Place(desk(), NOW - timedelta(days=180))
    first = place.next_round(NOW)
    assert (
        first.jql
        == f"project in (10000) AND (statusCategory != done OR updated >= {millis(NOW - timedelta(days=180))})"
    )
    behind = Place(desk(), place.since, round=first).finished()
    assert (behind.after, behind.walked, behind.round) == (NOW - OVERLAP, ("10000",), None)
    assert behind.next_round(NOW).jql == f"project in (10000) AND updated >= {millis(NOW - OVERLAP)}"


def test_what_was_read_is_left_out_until_it_is_touched_again() -> None:
    """Fact 3: of the ten minutes that are searched twice only what is new is read."""
    place = Place(desk(), NOW, NOW, ("10000",), round=Round("", NOW)).read(millis(NOW), ["1", "2"]).finished()
    assert place.knows("1", millis(NOW))
    assert not place.knows("1", millis(NOW) + 1)
    assert not place.knows("3", millis(NOW))
    assert place.next_round(NOW).jql.endswith(
        f" AND (id not in (1, 2) OR (id in (1, 2) AND updated >= {millis(NOW) + 1}))"
    )
    again = place.read(millis(NOW) + 5, ["2"])
    assert again.seen == ((millis(NOW), ("1",)), (millis(NOW) + 5, ("2",)))
    place = Place(desk(cloud=False), NOW, NOW, ("10000",), place.seen)
    assert "id" not in place.next_round(NOW).jql


def test_a_search_never_names_more_issues_than_it_may() -> None:
    place = Place(desk(), NOW, NOW, ("10000",), round=Round("", NOW))
    for number in range(50):
        place = place.read(millis(NOW) + number, [str(1000 * number + each) for each in range(100)])
    assert sum(len(numbers) for _, numbers in place.seen) == MOST_SEEN
    assert place.knows("49000", millis(NOW))
    late = Place(desk(), NOW, NOW, ("10000",), place.seen, Round("", NOW + timedelta(hours=1)))
    assert late.finished().seen == ()


def test_what_was_read_in_a_walk_of_its_own_is_remembered_for_the_round_behind_it() -> None:
    """A project that comes later is walked through while the others still wait for their round."""
    old = Place(desk(), NOW, NOW - OVERLAP, ("10000",), ((millis(NOW), ("1",)),))
    going = Place(
        old.desk, NOW, old.after, old.walked, old.seen, Round("", NOW + timedelta(days=1), projects=("10002",))
    )
    behind = going.read(millis(NOW + timedelta(days=1)), ["9"]).finished()
    assert behind.after == old.after
    assert behind.knows("1", millis(NOW))


def test_a_field_keeps_its_shape_in_the_cursor() -> None:
    assert Desk.from_json(desk().to_json()) == desk()
    assert Field("x", "date").spec().type in ("day", "time")
