"""Request Tracker, written to: what it swallows, what gets lost, what the doctor sees. The contract is in conformance."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fake_rt import FakeRT
from fake_rt_client import NOW, connect

from makegood.connectors.base import AuthFailed, Change, Conflict, ConnectorError, Gone, Rejected, Retryable
from makegood.connectors.conformance import present, results, tickets, visit
from makegood.connectors.request_tracker import RequestTracker
from makegood.connectors.request_tracker_words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

ANA = "ana@customer.example"
NOTE = Change("n", "note", text="Why.\n\nmakegood 7f3a2c", marker="7f3a2c")


@pytest.fixture
def rt() -> Iterator[FakeRT]:
    with FakeRT(now=lambda: NOW) as rt:
        yield rt


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


def test_hidden_queues_are_noticed(rt: FakeRT) -> None:
    rt.add_ticket("Seen, on the second page")
    hidden = rt.add_ticket(queue="Billing")
    for i in range(120):
        rt.change(hidden, "alice", Subject=f"Hidden {i}")
    rt.add_ticket("Seen, on the first page")
    assert findings(rt, "warning") == []
    rt.hidden_queues.add("Billing")
    assert findings(rt, "warning") == ["some tickets' changes are hidden from us"]


def test_a_desk_that_is_down_is_a_finding(rt: FakeRT) -> None:
    rt.fail(401, times=99)
    assert len(list(connect(rt).doctor())) == 1
