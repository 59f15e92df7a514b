"""Request Tracker through its connector: the feed, the words, the writing, the doctor. The contract is in conformance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fake_rt import FakeRT
from fake_rt_sql import select
from hypothesis import given
from hypothesis import strategies as st

from makegood.connectors.base import AuthFailed, Change, Conflict, ConnectorError, Gone, Rejected, Retryable
from makegood.connectors.conformance import events, present, results, settled, tickets, visit
from makegood.connectors.request_tracker import RequestTracker
from makegood.connectors.request_tracker_words import STOCK_STATUSES, Place, Words, instant, quoted, rt_time
from makegood.connectors.ticket import PRIORITIES
from makegood.connectors.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from makegood.connectors.ticket import Event

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANA = "ana@customer.example"
NOTE = Change("n", "note", text="Why.\n\nmakegood 7f3a2c", marker="7f3a2c")


@pytest.fixture
def rt() -> Iterator[FakeRT]:
    with FakeRT(now=lambda: NOW) as rt:
        yield rt


def connect(rt: FakeRT, user: str = "makegood", *, patience: float = 5, **options: Any) -> RequestTracker:
    token = rt.token_of(user)
    transport = Transport(
        f"{rt.url}/REST/2.0",
        now=lambda: NOW,
        headers={"Authorization": f"token {token}"},
        sleep=lambda _: None,
        timeout=(1, patience),
    )
    return RequestTracker(rt.url, token=token, now=lambda: NOW, transport=transport, **options)


def history(rt: FakeRT, ticket: str, **words: Any) -> list[Event]:
    return [e for e in connect(rt, words=Words(**words)).read([ticket]).events if e.kind not in {"created", "message"}]


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


def test_known_to_stays_behind_the_clock_by_the_lag(rt: FakeRT) -> None:
    connector = connect(rt, lag=timedelta(seconds=7))
    assert list(connector.pull(None))[-1].known_to == NOW - timedelta(seconds=7)


# ---- words


def test_a_ticket_is_told_in_our_words(rt: FakeRT) -> None:
    number = rt.add_ticket(
        "Refund", text="<p>You charged me <b>twice</b>.</p>", queue="Billing", Status="stalled", Owner="bob", Priority=50,
        SLA="gold", CSAT="bad", Tags=["vip", "refund"], headers="X-RT-Interface: Web\nTo: Help <Billing@Desk.example>",
        **{"Follow up by": "2026-03-03 10:00:00", "Customer tier": "vip"},
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


# ---- writing


def test_all_fields_go_in_one_call(rt: FakeRT) -> None:
    ticket = rt.add_ticket(Tags=["old", "kept"])
    changes = [
        Change("1", "assign", "assignee", new="bob"), Change("2", "set", "priority", new="high"),
        Change("3", "add_tags", "tags", new=("a", "b")), Change("4", "remove_tags", "tags", new=("OLD",)),
        Change("5", "set", "due", new="2026-03-04T10:00:00Z"), Change("6", "set", "field.Customer tier", new="vip"), NOTE,
    ]  # fmt: skip
    written = visit(connect(rt), ticket, *changes)
    assert [w.path for w in rt.writes] == [f"ticket/{ticket}", f"ticket/{ticket}/comment"]
    assert {r for _, r in results(written)} == {"applied"}
    assert written.ticket.tags == ("kept", "a", "b")


def test_nothing_is_written_where_all_is_so(rt: FakeRT) -> None:
    ticket = rt.add_ticket(Owner="bob", Tags=["VIP"])
    changes = [Change("1", "assign", "assignee", new="bob"), Change("2", "add_tags", "tags", new=("vip",))]
    written = visit(connect(rt), ticket, *changes)
    assert (results(written), rt.writes) == ([("1", "already"), ("2", "already")], [])


@pytest.mark.parametrize(
    ("field", "new"),
    [("assignee", ANA), ("group", "Nowhere"), ("status_name", "bogus"), ("field.Customer tier", "gold"), ("field.Nope", "x"),
     ("status", "closed"), ("nonsense", "x")],
)  # fmt: skip
def test_what_rt_swallows_is_a_refusal(rt: FakeRT, field: str, new: str) -> None:
    written = visit(connect(rt), rt.add_ticket(), Change("1", "set", field, new=new))
    assert results(written) == [("1", "refused")]
    assert written.outcomes[0].detail


def test_the_reason_is_not_drowned_by_what_worked(rt: FakeRT) -> None:
    changes = [Change("1", "assign", "assignee", new=ANA), Change("2", "set", "subject", new="Another subject")]
    written = visit(connect(rt), rt.add_ticket(), *changes)
    assert written.outcomes[0].detail == "Ticket 1: That user may not own tickets in that queue"


def test_due_belongs_to_rts_own_service_levels(rt: FakeRT) -> None:
    rt.sla_queues.add("Support")
    written = visit(connect(rt), rt.add_ticket(), Change("1", "set", "due", new="2026-03-09T10:00:00Z"))
    assert results(written) == [("1", "partly")]
    assert "2026-03-03T09:00:00Z instead" in written.outcomes[0].detail


def test_a_change_between_fields_and_note_stops_the_note(rt: FakeRT) -> None:
    ticket = rt.add_ticket()

    def quick_agent() -> None:
        rt.before_write = lambda: rt.say(ticket, "alice", "I take this.", public=False)

    rt.before_write = quick_agent
    version = present(connect(rt), ticket).version
    changes = [Change("1", "set", "priority", new="high"), NOTE, Change("r", "reply", text="Dear Ana")]
    written = connect(rt).apply(ticket, changes, version)
    assert results(written) == [("1", "applied"), ("n", "applied"), ("r", "conflict")]


def test_a_conflict_in_the_very_moment_of_writing(rt: FakeRT) -> None:
    ticket = rt.add_ticket()
    version = present(connect(rt), ticket).version
    rt.before_write = lambda: rt.change(ticket, "alice", Owner="alice")
    with pytest.raises(Conflict):
        connect(rt).apply(ticket, [Change("1", "assign", "assignee", new="bob")], version)
    assert present(connect(rt), ticket).assignee == "alice"


@pytest.mark.parametrize(("kind", "result"), [("cut_after", "applied"), ("cut_before", "failed"), (500, "failed")])
def test_a_lost_note_is_looked_for_and_never_sent_twice(rt: FakeRT, kind: int | str, result: str) -> None:
    ticket = rt.add_ticket()
    rt.fail(kind, path="comment")
    written = visit(connect(rt), ticket, NOTE)
    assert results(written) == [("n", result)]
    assert len(rt.writes) == 1


@pytest.mark.parametrize(("kind", "result"), [("cut_after", "applied"), ("cut_before", "failed")])
def test_lost_fields_are_looked_for(rt: FakeRT, kind: str, result: str) -> None:
    ticket = rt.add_ticket()
    rt.fail(kind, method="PUT")
    written = visit(connect(rt), ticket, Change("1", "assign", "assignee", new="bob"), NOTE)
    assert results(written) == [("1", result), ("n", "failed")]
    assert len(rt.writes) == 1


def test_a_reply_with_a_signature_is_still_recognised(rt: FakeRT) -> None:
    reply = Change("r", "reply", text="Dear Ana,\n\nsorry.\n\n-- \nYour team", marker="7f3a2c")
    assert results(visit(connect(rt), rt.add_ticket(), reply)) == [("r", "applied")]


def test_people_in_copy_may_be_named_by_login(rt: FakeRT) -> None:
    written = visit(connect(rt), rt.add_ticket(), Change("1", "add_cc", "cc", new=("alice", "x@customer.example")))
    assert results(written) == [("1", "applied")]
    assert written.ticket.cc == ("alice@helpdesk.example", "x@customer.example")


def test_a_merged_and_a_deleted_ticket_cannot_be_written(rt: FakeRT) -> None:
    one, two = rt.add_ticket(), rt.add_ticket()
    rt.merge(one, two)
    rt.change(two, "alice", Status="deleted")
    with pytest.raises(Conflict, match=f"merged into {two}"):
        connect(rt).apply(one, [NOTE], "1")
    with pytest.raises(Gone):
        connect(rt).apply(two, [NOTE], "1")
    assert rt.writes == []


# ---- what goes wrong


@pytest.mark.parametrize(
    ("kind", "error"),
    [(401, AuthFailed), (403, AuthFailed), (404, Gone), (500, Retryable), ("html", Rejected), ("cut_before", Retryable),
     ("not_json", Rejected), ("slow", Retryable)],
)  # fmt: skip
def test_a_broken_desk_is_told_in_one_sentence(rt: FakeRT, kind: int | str, error: type[ConnectorError]) -> None:
    rt.fail(kind, times=99)
    connector = connect(rt, patience=0.05)
    with pytest.raises(error) as caught:
        list(connector.pull(None))
    assert rt.url in caught.value.message
    assert caught.value.hint
    assert rt.token not in caught.value.message


def test_a_pull_that_breaks_half_way_resumes(rt: FakeRT) -> None:
    wanted = {rt.add_ticket() for _ in range(150)}
    pages = connect(rt).pull(None)
    stored = [next(pages), next(pages)]
    rt.fail("cut_before", times=99)
    with pytest.raises(Retryable):
        next(pages)
    rt.faults.clear()
    rest = list(connect(rt).pull(stored[-1].cursor))
    assert set(tickets(stored)) | set(tickets(rest)) == wanted


def test_no_account_at_all() -> None:
    with pytest.raises(Rejected, match="no token"):
        RequestTracker("http://desk.example", now=lambda: NOW)


def test_user_and_password_work_too(rt: FakeRT) -> None:
    connector = RequestTracker(rt.url, user="makegood", password="password", now=lambda: NOW)
    assert connector.catalogue().me == "makegood"


# ---- the doctor


def findings(rt: FakeRT, level: str, user: str = "makegood", **options: Any) -> list[str]:
    return [text for found, text, _ in connect(rt, user, **options).doctor() if found == level]


def test_a_healthy_desk(rt: FakeRT) -> None:
    rt.add_ticket()
    assert findings(rt, "error") == findings(rt, "warning") == []


def test_missing_rights_and_fields_and_words(rt: FakeRT) -> None:
    rt.add_ticket(Status="brooding")
    errors = findings(rt, "error", "readonly", words=Words(fields={"promise_due": "Nope"}))
    assert [e for e in errors if "swallowed" in e]
    assert [e for e in errors if "promise_due" in e and "Nope" in e]
    assert [w for w in findings(rt, "warning") if "brooding" in w]


def test_superuser_clock_and_service_levels(rt: FakeRT) -> None:
    rt.superuser = True
    rt.sla_queues.add("Billing")
    rt.now = lambda: NOW + timedelta(minutes=3)
    warnings = " | ".join(findings(rt, "warning"))
    assert "superuser" in warnings
    assert "180 seconds ahead of ours" in warnings
    assert "queue Billing: RT's own service levels write Due" in warnings


def test_a_desk_that_is_down_is_a_finding(rt: FakeRT) -> None:
    rt.fail(401, times=99)
    assert len(list(connect(rt).doctor())) == 1
