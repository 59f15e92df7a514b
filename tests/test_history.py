"""Facts at instants: what follows from a ticket's events, and that nobody else's doing counts as somebody's."""

from datetime import timedelta

import polars as pl
import pytest
from small_desk import AT, ago, changed, event, snapshot, ticket

from makegood.connectors.ticket import Catalogue, FieldSpec, Organization, Person
from makegood.engine.columns import source_of
from makegood.engine.demand import WORD
from makegood.engine.history import History
from makegood.engine.snapshot import INSTANT
from makegood.engine.values import typed
from makegood.rules.facts import FACTS

ANA, BEN = "ana@example.com", "ben@example.com"


def said(hours: float, by: str = "customer", text: str = "Hello", **more):
    return event(ago(hours=hours), "message", by, **{"public": True, "text": text} | more)


def fact(name: str, *tickets, events=(), at=AT, which: str = "1", **desk):
    """One fact of one ticket at an instant."""
    history = History(snapshot(*(tickets or (ticket(),)), events=events, **desk), {name})
    rows = history.tickets.filter(pl.col("id") == which).select("t", now=pl.lit(at, INSTANT))
    return typed(name, history.at(rows)[name][0])


# --- fields -----------------------------------------------------------------------------------------------------------


def test_a_field_without_changes_was_always_so():
    assert fact("priority", at=ago(hours=23)) == "normal"


def test_before_its_first_change_a_field_had_the_old_value():
    events = [changed(ago(hours=2), "priority", "low", "high")]
    assert fact("priority", ticket(priority="high"), events=events, at=ago(hours=3)) == "low"
    assert fact("priority", ticket(priority="high"), events=events, at=ago(hours=2)) == "high"


def test_several_changes_at_one_instant_leave_the_last():
    events = [changed(ago(hours=2), "priority", "low", "high"), changed(ago(hours=2), "priority", "high", "urgent")]
    assert fact("priority", ticket(priority="urgent"), events=events, at=ago(hours=2)) == "urgent"


def test_a_change_after_now_is_rolled_back():
    events = [changed(AT + timedelta(hours=1), "priority", "low", "high")]
    assert fact("priority", ticket(priority="high"), events=events) == "low"


def test_a_field_set_after_now_was_missing():
    events = [changed(AT + timedelta(hours=1), "due", None, "2026-04-01T09:00:00Z")]
    assert fact("due", ticket(due=AT), events=events) is None


def test_a_ticket_that_did_not_exist_is_not_there():
    history = History(snapshot(ticket(), ticket(2, created=AT + timedelta(minutes=1))), {"status"})
    assert history.tickets["id"].to_list() == ["1"]


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("Bonn", "Bonn"),
        ("", None),
        (None, None),
        (("a", "b"), ("a", "b")),
        (("a",), "a"),
        ('["half', '["half'),
        ((), None),
    ],
)
def test_custom_fields_hold_texts_or_lists(value, seen):
    assert fact("field.Where to", ticket(custom={"Where to": value})) == seen


@pytest.mark.parametrize("name", ['Say "no"', "Back\\slash", "Größe", "a.b[0]", "it's", "$"])
def test_custom_fields_may_have_any_name(name):
    assert fact(f"field.{name}", ticket(custom={name: "x", "other": "y"})) == "x"


def test_a_custom_field_is_found_whatever_case_the_rule_writes_it_in():
    desk = {"catalogue": Catalogue("makegood", fields={"City": FieldSpec("City")})}
    events = [changed(ago(hours=1), "field.City", "Bern", "Bonn")]
    assert fact("field.city", ticket(custom={"City": "Bonn"}), events=events, **desk) == "Bonn"
    assert fact("field.city", ticket(custom={"City": "Bonn"}), events=events, at=ago(hours=2), **desk) == "Bern"


def test_lists_change_as_a_whole():
    events = [changed(ago(hours=1), "tags", ("vip",), ("vip", "Refund"))]
    assert fact("tags", ticket(tags=("vip", "Refund")), events=events) == ("vip", "Refund")
    assert fact("tags", ticket(tags=("vip", "Refund")), events=events, at=ago(hours=2)) == ("vip",)


# --- messages ---------------------------------------------------------------------------------------------------------

TALK = [said(20), said(18), said(15, ANA), said(10), said(8, ANA), said(7, BEN), said(3), said(2)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("agent_replies", 3),
        ("first_reply", ago(hours=15)),
        ("last_agent_reply", ago(hours=7)),
        ("last_customer_reply", ago(hours=2)),
        ("unanswered_since", ago(hours=3)),
        ("last_message_by", "customer"),
        ("first_reply_took", timedelta(hours=9)),
        ("longest_wait", timedelta(hours=5)),
    ],
)
def test_who_wrote_when(name, value):
    assert fact(name, events=TALK) == value


@pytest.mark.parametrize(
    "reply",
    [
        said(1, ANA, public=False),
        said(1, ANA, auto=True),
        said(1, "automation"),
        said(1, "robot"),
    ],
)
def test_notes_machines_and_auto_replies_answer_nobody(reply):
    events = [said(5), reply]
    assert fact("unanswered_since", events=events) == ago(hours=5)
    assert fact("agent_replies", events=events) == 0


def test_an_auto_reply_is_the_last_message_but_no_customers():
    events = [said(5), said(4, auto=True)]
    assert fact("last_message_by", events=events) == "auto_reply"
    assert fact("last_customer_reply", events=events) == ago(hours=5)


def test_messages_are_read_up_to_their_instant():
    events = [said(5, text="one"), said(4, text=""), said(3, text="two"), said(2, ANA, text="well")]
    assert fact("customer_messages", events=events) == "one\ntwo"
    assert fact("customer_messages", events=events, at=ago(hours=4)) == "one"
    assert fact("last_customer_message", events=events) == "two"
    assert fact("last_agent_message", events=events, at=ago(hours=3)) is None


def test_a_wait_runs_until_the_ticket_is_solved():
    events = [said(20), changed(ago(hours=4), "status", "open", "solved")]
    assert fact("longest_wait", ticket(status="solved"), events=events) == timedelta(hours=16)
    assert fact("longest_wait", events=[]) == timedelta(0)


# --- status, owner, rating --------------------------------------------------------------------------------------------

LIFE = [
    changed(ago(hours=20), "status", "new", "solved"),
    changed(ago(hours=18), "status", "solved", "closed"),
    changed(ago(hours=12), "status", "closed", "open"),
    changed(ago(hours=6), "status", "open", "solved"),
]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("reopens", 1),
        ("reopened", ago(hours=12)),
        ("solved", ago(hours=6)),
        ("status_changed", ago(hours=6)),
        ("resolution_took", timedelta(hours=10)),
    ],
)
def test_solved_and_reopened(name, value):
    assert fact(name, ticket(status="solved"), events=LIFE) == value


def test_an_open_ticket_is_not_solved():
    assert fact("solved", ticket(status="solved"), events=LIFE, at=ago(hours=10)) is None
    assert fact("status_changed") == ago(days=1)


OWNERS = [
    changed(ago(hours=9), "assignee", None, ANA),
    changed(ago(hours=8), "assignee", ANA, BEN),
    changed(ago(hours=7), "assignee", BEN, None),
    changed(ago(hours=6), "assignee", None, ANA),
]


def test_owners_come_and_go():
    mine = ticket(assignee=ANA)
    assert fact("handoffs", mine, events=OWNERS) == 1
    assert fact("assigned", mine, events=OWNERS) == ago(hours=6)
    assert fact("previous_assignee", mine, events=OWNERS) == BEN
    assert fact("assigned", mine, events=OWNERS, at=ago(hours=7)) is None
    assert fact("assigned", ticket(assignee=ANA)) == ago(days=1)


def test_the_last_rating_counts_with_everything_it_says():
    ratings = [
        event(ago(hours=5), "rating", "customer", new="bad", old="2", text="Slow"),
        event(ago(hours=3), "rating", "customer", new="good", old="much", text=None),
    ]
    names = ("csat", "csat_score", "csat_comment", "csat_given")
    assert [fact(name, events=ratings) for name in names] == ["good", None, None, ago(hours=3)]
    assert [fact(name, events=ratings, at=ago(hours=4)) for name in names] == ["bad", 2, "Slow", ago(hours=5)]
    assert fact("csat", ticket(csat="good"), events=ratings, at=ago(hours=6)) is None
    assert fact("csat", ticket(csat="good")) == "good"


def test_people_are_active_machines_are_not():
    events = [said(5), changed(ago(hours=4), "status", "new", "open", ANA), changed(ago(hours=2), "tags", (), ("x",))]
    assert fact("last_human_activity", ticket(status="open"), events=events) == ago(hours=4)
    assert fact("last_human_activity") == ago(days=1)


def test_what_reaches_before_the_known_history_is_missing():
    cut = ticket(history_from=ago(hours=12), assignee=ANA, status="solved")
    for name in ("first_reply", "reopens", "longest_wait", "solved", "assigned", "status_changed", "resolution_took"):
        assert fact(name, cut, events=[]) is None, name
    assert fact("last_agent_reply", cut, events=TALK) == ago(hours=7)


def test_updated_is_now_or_then():
    fresh = ticket(updated=ago(hours=1))
    events = [said(5)]
    assert fact("updated", fresh, events=events) == ago(hours=1)
    assert fact("updated", fresh, events=events, at=ago(hours=2)) == ago(hours=5)


# --- people and other tickets -----------------------------------------------------------------------------------------

FOLK = {
    "people": {
        "mia@customer.example": Person("7", "Mia", "Mia@customer.example", tags=("vip",), fields={"Tier": "gold"}),
        ANA: Person("8", "Ana", ANA, active=False, away=True),
    },
    "organizations": {"Acme": Organization("1", "Acme", ("key",), {"tier": "silver"})},
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("requester.name", "Mia"),
        ("requester.email", "Mia@customer.example"),
        ("requester.tags", ("vip",)),
        ("requester.field.Tier", "gold"),
        ("organization.tags", ("key",)),
        ("organization.field.tier", "silver"),
        ("assignee.active", False),
        ("assignee.away", True),
    ],
)
def test_people_are_as_they_are_now(name, value):
    mine = ticket(assignee="Ana@Example.com", organization="acme")
    assert fact(name, mine, **FOLK) == value
    assert fact(name, ticket(requester="who@else.example"), **FOLK) is None


def family(**first):
    """Three tickets of Mia's and one of somebody else's."""
    old = {"created": ago(days=20), "assignee": BEN, "status": "solved", "parent": "1"}
    other = {"requester": "who@else.example", "parent": "1", "organization": "Acme"}
    yours = (ticket(2, **old), ticket(3, status="closed", created=ago(days=6)), ticket(4, **other))
    return (ticket(1, organization="Acme", assignee=ANA, **first), *yours)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("requester.open_tickets", 1),
        ("requester.tickets_7d", 2),
        ("requester.tickets_30d", 3),
        ("requester.last_assignee", BEN),
        ("organization.open_tickets", 2),
        ("organization.last_assignee", None),
        ("assignee.open_tickets", 1),
        ("open_children", 1),
        ("requester.bad_csat_90d", 0),
    ],
)
def test_other_tickets_count(name, value):
    assert fact(name, *family()) == value


def test_windows_move_on_by_themselves():
    assert fact("requester.tickets_7d", *family(), at=AT + timedelta(days=1)) == 1
    assert fact("requester.tickets_30d", *family(), at=AT + timedelta(days=11)) == 2


def test_merged_and_deleted_tickets_count_no_more():
    events = [event(ago(hours=3), "merged", on=2, new="1")]
    assert fact("requester.tickets_30d", *family(), events=events) == 2
    assert fact("requester.tickets_30d", *family(), events=events, at=ago(hours=4)) == 3
    gone = (*family()[:1], ticket(2, deleted=True), ticket(3, merged_into="1"))
    assert fact("requester.open_tickets", *gone) == 1


def test_a_bad_rating_counts_until_it_is_corrected_or_old():
    bad = event(ago(hours=9), "rating", "customer", on=2, new="bad")
    better = event(ago(hours=2), "rating", "customer", on=2, new="good")
    name = "requester.bad_csat_90d"
    assert fact(name, *family(), events=[bad, better]) == 0
    assert fact(name, *family(), events=[bad, better], at=ago(hours=3)) == 1
    assert fact(name, *family(), events=[bad], at=AT + timedelta(days=90)) == 0


def test_the_parent_has_a_status_while_it_is_there():
    events = [changed(ago(hours=5), "status", "new", "open"), event(ago(hours=1), "deleted")]
    tickets = (ticket(1, status="open"), ticket(2, parent="1"))
    assert fact("parent.status", *tickets, events=events, which="2", at=ago(hours=6)) == "new"
    assert fact("parent.status", *tickets, events=events, which="2", at=ago(hours=4)) == "open"
    assert fact("parent.status", *tickets, events=events, which="2") is None


def test_a_sample_is_the_same_every_time():
    assert fact("sample", ticket("HD-7"), which="HD-7") == pytest.approx(0.761560504678414)


def test_every_fact_that_is_built_has_a_column():
    built = {name for name, each in FACTS.items() if "<" not in name}
    names = built - WORD - {"recovery"}  # those are told to a history
    history = History(snapshot(ticket()), names)
    frame = history.at(history.tickets.select("t", now=pl.lit(AT, INSTANT)))
    assert names <= set(frame.columns)


def test_a_fact_says_what_it_is_made_of():
    assert source_of("created") == source_of("sample")
    assert source_of("requester.last_assignee").closed
    assert source_of("field.City").fields == ("field.City",)
    assert source_of("last_agent_message").texts
