"""Request Tracker through its connector: the feed, the words, the events. The contract is in conformance."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from fake_rt import FakeRT
from fake_rt_client import NOW, connect
from fake_rt_sql import select
from hypothesis import given
from hypothesis import strategies as st

from makegood.connectors.base import Change
from makegood.connectors.conformance import events, present, settled, tickets, visit
from makegood.connectors.request_tracker_cursor import Place
from makegood.connectors.request_tracker_words import STOCK_STATUSES, Desk, Words, instant, quoted, rt_time
from makegood.connectors.ticket import PRIORITIES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from makegood.connectors.ticket import Event

ANA = "ana@customer.example"


@pytest.fixture
def rt() -> Iterator[FakeRT]:
    with FakeRT(now=lambda: NOW) as rt:
        yield rt


def history(rt: FakeRT, ticket: str, **words: Any) -> list[Event]:
    return [
        e
        for e in connect(rt, words=Words(**words)).read([ticket]).events
        if e.kind not in {"created", "message", "sla"}
    ]


def told(rt: FakeRT, ticket: str, **words: Any) -> list[tuple[Any, ...]]:
    return [(e.field or e.kind, e.old, e.new) for e in history(rt, ticket, **words)]


# ---- the feed


def test_a_change_a_ticket_takes_four_calls_and_silence_one(rt: FakeRT) -> None:
    numbers = [rt.add_ticket() for _ in range(30)]
    cursor = settled(connect(rt))
    for number in numbers[:20]:
        rt.change(number, "alice", Owner="bob")
    busy, quiet = connect(rt), connect(rt)
    pages = list(busy.pull(cursor))
    assert (set(tickets(pages)), busy.calls) == (set(numbers[:20]), 4)
    assert (tickets(quiet.pull(pages[-1].cursor)), quiet.calls) == ({}, 1)


def test_many_changes_come_in_several_pages(rt: FakeRT) -> None:
    ticket = rt.add_ticket()
    cursor = settled(connect(rt))
    for i in range(500):
        rt.change(ticket, "alice", Subject=f"Subject {i}")
    pages = list(connect(rt).pull(cursor))
    assert [page.known_to is None for page in pages] == [True, False]
    assert len(events(pages)) == 500


def test_a_transaction_that_was_committed_late_is_not_lost(rt: FakeRT) -> None:
    """RT gives out a number, works for a second, and commits after a higher number is already to be seen."""
    ticket, other = rt.add_ticket(), rt.add_ticket()
    cursor = settled(connect(rt))
    rt.change(ticket, "alice", Subject="Late")
    late = rt.transactions.pop()
    rt.change(other, "alice", Subject="Early")
    rt.transactions[-1]["id"] = late["id"] + 1
    first = list(connect(rt).pull(cursor))
    rt.transactions.insert(-1, late)
    second = list(connect(rt).pull(first[-1].cursor))
    assert set(tickets(first)) == {other}
    assert [e.new for e in events(second).values()] == ["Late"]


def test_old_numbers_are_passed_for_good(rt: FakeRT) -> None:
    ticket = rt.add_ticket(at=NOW - timedelta(hours=1))
    for minutes in (50, 40, 0):
        rt.change(ticket, "alice", Subject=f"{minutes} minutes ago", at=NOW - timedelta(minutes=minutes))
    place = Place.parse(settled(connect(rt)))
    assert place is not None
    assert (len(place.seen), place.after) == (1, rt.transactions[-2]["id"])


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(0, 200)), max_size=300, unique_by=lambda row: row[0]))
def test_what_was_seen_is_not_asked_for_again(rows: list[tuple[int, int]]) -> None:
    """However numbers and times are mixed: every number seen is either settled or remembered, and not too many are."""
    desk = Desk(me="makegood", queues={}, agents={}, fields={})
    made = [{"id": str(n), "Created": f"2026-03-02T09:{second // 60:02}:{second % 60:02}Z"} for n, second in rows]
    place = Place(desk, NOW.isoformat()).passed(made)
    assert all(number <= place.after or number in place.seen for number, _ in rows)
    assert len(place.seen) <= 200
    assert Place.parse(place.text()) == place


def test_pages_come_short_where_queues_are_hidden(rt: FakeRT) -> None:
    """RT takes hidden rows out of a page after cutting it: short is not the end."""
    rt.hidden_queues.add("Billing")
    seen, hidden = rt.add_ticket(), rt.add_ticket(queue="Billing")
    cursor = settled(connect(rt))
    for i in range(99):
        rt.change(hidden, "alice", Subject=f"Hidden {i}")
        if i == 50:
            rt.change(seen, "alice", Subject="In between")
    rt.say(seen, ANA, "On the second page.")
    pages = list(connect(rt).pull(cursor))
    assert [e.new or e.text for e in events(pages).values()] == ["In between", "On the second page."]


def test_first_pull_takes_open_tickets_whole_and_others_back_to_history(rt: FakeRT) -> None:
    ages_ago = NOW - timedelta(days=400)
    still_open = rt.add_ticket(at=ages_ago)
    long_solved = rt.add_ticket(at=ages_ago, Status="resolved")
    just_solved = rt.add_ticket(at=ages_ago, Status="resolved")
    rt.say(just_solved, "alice", "Done.", at=NOW - timedelta(days=2))
    pulled = tickets(connect(rt, history=timedelta(days=180)).pull(None))
    assert set(pulled) == {still_open, just_solved}
    assert long_solved not in pulled


def test_an_old_ticket_that_stirs_comes_with_its_whole_history(rt: FakeRT) -> None:
    old = rt.add_ticket(at=NOW - timedelta(days=400), Status="resolved")
    rt.say(old, "alice", "Done.", at=NOW - timedelta(days=399))
    cursor = settled(connect(rt))
    rt.say(old, ANA, "It is back.")
    pages = list(connect(rt).pull(cursor))
    texts = [e.text for e in events(pages).values() if e.kind == "message"]
    assert texts == ["Please help.", "Done.", "It is back."]


def test_a_first_pull_that_was_killed_goes_on_where_it_was(rt: FakeRT) -> None:
    wanted = {rt.add_ticket(f"Ticket {i}") for i in range(250)}
    pages = connect(rt).pull(None)
    stored = [next(pages), next(pages)]
    again = connect(rt)
    rest = list(again.pull(stored[-1].cursor))
    assert set(tickets(stored)) | set(tickets(rest)) == wanted
    assert len(tickets(stored)) == 100


@pytest.mark.parametrize("cursor", ["", "nonsense", "{}", "[]", '{"desk": 1}', '{"after": 3}'])
def test_a_foreign_cursor_starts_over(rt: FakeRT, cursor: str) -> None:
    ticket = rt.add_ticket()
    assert ticket in tickets(connect(rt).pull(cursor))


def test_refresh_tells_words_and_people_again(rt: FakeRT) -> None:
    cursor = settled(connect(rt))
    rt.add_user("erin", "Erin", "erin@helpdesk.example")
    first = next(iter(connect(rt).pull(cursor, refresh=True)))
    assert first.catalogue is not None
    assert {p.id: p.groups for p in first.people}["alice"] == ("Tier 1",)
    assert "erin" in {p.id for p in first.people}


def test_agents_come_with_their_time_zone_where_rt_tells_one(rt: FakeRT) -> None:
    rt.users["alice"]["Timezone"] = "America/New_York"
    rt.users["bob"]["Timezone"] = "Mars/Olympus Mons"
    zones = {p.id: p.time_zone for p in next(iter(connect(rt).pull(None))).people}
    assert (zones["alice"], zones["bob"], zones["carol"]) == ("America/New_York", None, None)


def test_known_to_stays_behind_the_clock_by_the_lag(rt: FakeRT) -> None:
    connector = connect(rt, lag=timedelta(seconds=7))
    assert list(connector.pull(None))[-1].known_to == NOW - timedelta(seconds=7)


def test_an_agent_newer_than_the_last_refresh_is_an_agent(rt: FakeRT) -> None:
    ticket = rt.add_ticket()
    cursor = settled(connect(rt))
    rt.add_user("erin", "Erin", "erin@helpdesk.example")
    rt.say(ticket, "erin", "I am new here.")
    pages = list(connect(rt).pull(cursor))
    assert [e.actor_kind for e in events(pages).values()] == ["agent"]
    again = connect(rt)
    rt.say(ticket, "erin", "Still here.")
    assert [e.actor_kind for e in events(again.pull(pages[-1].cursor)).values()] == ["agent"]
    assert again.calls <= 4


# ---- words


def test_a_ticket_is_told_in_our_words(rt: FakeRT) -> None:
    number = rt.add_ticket(
        "Refund", text="<p>You charged me <b>twice</b>.</p>", queue="Billing", Status="stalled", Owner="bob", Priority=50,
        SLA="gold", CSAT="bad", Tags=["vip", "refund"], headers="X-RT-Interface: Web\nTo: Help <Billing@Desk.example>",
        **cast("dict[str, Any]", {"Follow up by": "2026-03-03 10:00:00", "Customer tier": "vip"}),
    )  # fmt: skip
    ticket = present(connect(rt), number)
    assert (ticket.status, ticket.status_name, ticket.priority) == ("pending", "stalled", "normal")
    assert (ticket.group, ticket.assignee, ticket.requester) == ("Billing", "bob", ANA)
    assert (ticket.description, ticket.channel, ticket.sent_to) == (
        "You charged me twice.",
        "web",
        "billing@desk.example",
    )
    assert (ticket.csat, ticket.tags, ticket.due) == ("bad", ("vip", "refund"), None)
    assert ticket.custom == {
        "Follow up by": "2026-03-03T10:00:00Z",
        "Customer tier": "vip",
        "CSAT": "bad",
        "SLA": "gold",
    }
    assert ticket.url == f"{rt.url}/Ticket/Display.html?id={number}"


@given(st.integers(-(10**8), 10**8))
def test_every_number_is_some_priority(number: int) -> None:
    words = Words(priority={"urgent": ["75-100"], "low": ["Lowest", "3"]})
    assert words.priority_of(number) in PRIORITIES
    assert (words.priority_of(80), words.priority_of(3), words.priority_of(None)) == ("urgent", "low", None)


@pytest.mark.parametrize("settings", [{}, {"urgent": ["75-100"]}, {"normal": ["10"], "high": ["11 - 20"]}])
def test_the_number_written_for_a_priority_reads_as_it(settings: dict[str, list[str]]) -> None:
    words = Words(priority=settings)
    for priority in PRIORITIES:
        number = words.priority_number(priority)
        assert number is None or words.priority_of(number) == priority


def test_statuses_follow_the_settings_before_the_stock() -> None:
    words = Words(status={"on_hold": ["Waiting for vendor", "stalled"], "closed": ["done"]})
    assert [words.category(w) for w in ("Stalled", "waiting FOR vendor", "done", "resolved", "strange")] == [
        "on_hold", "on_hold", "closed", "solved", "open",
    ]  # fmt: skip
    assert [words.status_word(c) for c in ("pending", "on_hold", "closed", "solved")] == [
        None, "Waiting for vendor", "done", "resolved",
    ]  # fmt: skip
    assert Words().status_word("closed") is None


def test_a_status_that_nobody_mapped_is_listed(rt: FakeRT) -> None:
    rt.add_ticket(Status="brooding")
    catalogue = connect(rt).catalogue()
    assert catalogue.unmapped == ("status: brooding",)
    assert catalogue.statuses["brooding"] == "open"
    assert set(STOCK_STATUSES) - set(catalogue.statuses) == {"deleted"}


def test_facts_may_live_in_custom_fields(rt: FakeRT) -> None:
    rt.add_field("Product")
    ticket = rt.add_ticket()
    words = Words(fields={"brand": "Product"})
    connector = connect(rt, words=words)
    assert "brand" in connector.capabilities().writable
    assert "brand" not in connector.capabilities().lacks
    assert visit(connector, ticket, Change("1", "set", "brand", new="Acme")).ticket.brand == "Acme"
    assert ("brand", None, "Acme") in told(rt, ticket, fields={"brand": "Product"})


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("2026-03-02T09:00:00Z", NOW),
        ("2026-03-02 09:00:00", NOW),
        ("1970-01-01T00:00:00Z", None),
        ("", None),
        ("x", None),
    ],
)
def test_times_of_rts(theirs: str, ours: datetime | None) -> None:
    assert instant(theirs) == ours


def test_times_for_rt() -> None:
    assert rt_time("2026-03-02T10:00:00+01:00") == "2026-03-02 09:00:00"
    assert rt_time("2026-03-02T09:00:00Z", "Date") == "2026-03-02"
    assert rt_time(None).startswith("1970-01-01")


@given(st.text(alphabet=st.one_of(st.sampled_from("'\\\" ()"), st.characters(exclude_categories=["Cs"]))))
def test_any_text_can_be_asked_for(text: str) -> None:
    row = {"Subject": text, "id": 1}
    assert select(f"Subject = {quoted(text)} AND id = 1", row)
    assert not select(f"Subject = {quoted(text + 'x')}", row)


# ---- transactions read as events


def test_changes_of_columns(rt: FakeRT) -> None:
    ticket = rt.add_ticket("Before")
    body = {
        "Subject": "After",
        "Owner": "carol",
        "Queue": "Billing",
        "Priority": 100,
        "SLA": "gold",
        "Status": "stalled",
    }
    rt.change(ticket, "alice", {**body, "Due": "2026-03-03 10:00:00"})
    assert told(rt, ticket) == [
        ("due", None, "2026-03-03T10:00:00Z"), ("assignee", None, "carol"), ("priority", "low", "high"),
        ("group", "Support", "Billing"), ("subject", "Before", "After"), ("field.SLA", None, "gold"),
        ("status", "new", "pending"), ("status_name", "new", "stalled"),
    ]  # fmt: skip


def test_a_number_within_the_same_priority_is_no_event(rt: FakeRT) -> None:
    ticket = rt.add_ticket(Priority=50)
    rt.change(ticket, "alice", Priority=60)
    assert told(rt, ticket) == []


def test_lists_are_told_whole(rt: FakeRT) -> None:
    ticket = rt.add_ticket()
    rt.change(ticket, "alice", CustomFields={"Tags": ["a", "b"]}, Cc=["x@customer.example", "alice"])
    rt.change(ticket, "alice", CustomFields={"Tags": ["b"]}, Cc=["alice"])
    x, alice = "x@customer.example", "alice@helpdesk.example"
    assert [(field, set(old), set(new)) for field, old, new in told(rt, ticket)] == [
        ("cc", set(), {x}), ("cc", {x}, {x, alice}), ("tags", set(), {"a"}), ("tags", {"a"}, {"a", "b"}),
        ("cc", {x, alice}, {alice}), ("tags", {"a", "b"}, {"b"}),
    ]  # fmt: skip


def test_a_new_requester_is_one_change(rt: FakeRT) -> None:
    ticket = rt.add_ticket()
    rt.change(ticket, "alice", Requestor=["zoe@customer.example"])
    assert [e[2] for e in told(rt, ticket)][-1] == "zoe@customer.example"


def test_a_rating_and_its_comment(rt: FakeRT) -> None:
    ticket = rt.add_ticket()
    rt.change(ticket, "alice", CustomFields={"CSAT": "offered"})
    rt.change(ticket, "alice", CustomFields={"CSAT": "bad"})
    rt.change(ticket, "alice", CustomFields={"CSAT comment": "Too slow"})
    ratings = [e for e in history(rt, ticket) if e.kind == "rating"]
    assert [(e.new, e.old, e.text) for e in ratings] == [("bad", "bad", None), ("bad", "bad", "Too slow")]
    rt.change(ticket, "alice", CustomFields={"CSAT": "good"}, at=NOW + timedelta(minutes=5))
    later = [e for e in history(rt, ticket) if e.kind == "rating"]
    assert [(e.new, e.text) for e in later] == [("bad", None), ("bad", "Too slow"), ("good", None)]


def test_who_did_it(rt: FakeRT) -> None:
    ticket = rt.add_ticket(Status="resolved")
    rt.say(ticket, ANA, "No!")
    rt.say(ticket, "dan", "Hm.", public=False)
    rt.say(ticket, "makegood", "Note.\n\nmakegood 7f3a2c", public=False)
    read = connect(rt, words=Words(robots=["Dan@helpdesk.example"])).read([ticket])
    assert [(e.kind, e.actor_kind, e.marker) for e in read.events] == [
        ("created", "customer", None), ("message", "customer", None), ("message", "customer", None),
        ("field", "automation", None), ("field", "automation", None), ("message", "automation", None),
        ("message", "robot", "7f3a2c"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "auto"),
    [("Auto-Submitted: auto-replied", True), ("Precedence: bulk", True), ("X-Autoreply: yes", True), ("Auto-Submitted: no", False),
     ("Subject: Auto-Submitted: auto-replied", False), ("", False)],
)  # fmt: skip
def test_machines_that_answer_are_known(rt: FakeRT, headers: str, auto: bool) -> None:
    ticket = rt.add_ticket()
    rt.say(ticket, ANA, "I am away.", headers=headers)
    assert connect(rt).read([ticket]).events[-1].auto is auto


def test_ignored_senders_are_machines(rt: FakeRT) -> None:
    ticket = rt.add_ticket(requester="mailer-daemon@x.example")
    read = connect(rt, words=Words(ignore_senders=["mailer-daemon@*"])).read([ticket])
    assert read.events[-1].auto


def test_mail_records_move_the_version_and_are_no_events(rt: FakeRT) -> None:
    ticket = rt.add_ticket()
    rt.change(ticket, "alice", Owner="bob")
    read = connect(rt).read([ticket])
    assert read.tickets[0].version == str(rt.transactions[-1]["id"])
    assert [e.field for e in read.events if e.kind == "field"] == ["assignee"]
