"""The embedded desk as its people use it: what they do, what follows from it, and what the desk forbids."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fake_desk import START, Clock, events_of, make_desk, ticket_of

from makegood.connectors.base import ConnectorError, Gone, Rejected, Retryable
from makegood.connectors.local import Local

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Local]:
    with make_desk(tmp_path / "desk.db") as desk:
        yield desk


def facts(desk: Local, ticket: str) -> list[tuple[object, ...]]:
    return [(e.actor, e.actor_kind, e.field, e.old, e.new) for e in events_of(desk, ticket, "field")]


def test_a_new_ticket_is_created_with_its_first_message(desk: Local) -> None:
    ticket = ticket_of(desk, desk.create("olivia@birch.example", "Help", "The sleeve tore."))
    assert (ticket.id, ticket.status, ticket.status_name, ticket.requester) == ("1", "new", "New", "u1")
    assert (ticket.organization, ticket.description, ticket.created) == ("Birch", "The sleeve tore.", START)
    created, message = events_of(desk, "1")
    assert (created.kind, created.actor, created.actor_kind) == ("created", "u1", "customer")
    assert (message.kind, message.text, message.public) == ("message", "The sleeve tore.", True)


def test_a_new_ticket_takes_the_next_free_number(desk: Local) -> None:
    assert [desk.create("u1", "A", "a"), desk.create("u1", "B", "b")] == ["1", "2"]


def test_every_change_tells_the_value_before_and_after(desk: Local) -> None:
    ticket = desk.create("u1", "Help", "Please")
    desk.change(ticket, "ana", "assignee", "ben@example.com")
    desk.change(ticket, "ana", "assignee", None)
    desk.change(ticket, "ana", "field.City", "Bern")
    assert facts(desk, ticket) == [
        ("ana", "agent", "assignee", None, "ben"),
        ("ana", "agent", "assignee", "ben", None),
        ("ana", "agent", "field.City", None, "Bern"),
    ]
    assert ticket_of(desk, ticket).custom == {"City": "Bern"}


def test_a_change_to_what_is_there_already_is_no_event_and_no_new_version(desk: Local) -> None:
    ticket = desk.create("u1", "Help", "Please", priority="high")
    version = ticket_of(desk, ticket).version
    desk.change(ticket, "ana", "priority", "high")
    assert facts(desk, ticket) == []
    assert ticket_of(desk, ticket).version == version


@pytest.mark.parametrize(("field", "value"), [("status", "pending"), ("status_name", "Pending")])
def test_status_and_the_desks_word_for_it_move_together(desk: Local, field: str, value: str) -> None:
    ticket = desk.create("u1", "Help", "Please")
    desk.change(ticket, "ana", field, value)
    after = ticket_of(desk, ticket)
    assert (after.status, after.status_name) == ("pending", "Pending")
    assert {each[2] for each in facts(desk, ticket)} == {"status", "status_name"}


def test_another_word_of_the_same_category_leaves_the_status_alone(desk: Local) -> None:
    desk.describe(statuses={"New": "new", "Waiting": "pending", "Waiting for parts": "pending"})
    ticket = desk.create("u1", "Help", "Please")
    desk.change(ticket, "ana", "status", "pending")
    desk.change(ticket, "ana", "status_name", "Waiting for parts")
    assert ticket_of(desk, ticket).status == "pending"
    assert facts(desk, ticket)[-1][2:] == ("status_name", "Waiting", "Waiting for parts")


@pytest.mark.parametrize("status", ["pending", "on_hold", "solved"])
def test_a_customer_who_writes_wakes_the_ticket_and_the_desk_did_it(desk: Local, status: str) -> None:
    ticket = desk.create("u1", "Help", "Please")
    desk.change(ticket, "ana", "status", status)
    desk.say(ticket, "u1", "Still broken")
    assert ticket_of(desk, ticket).status == "open"
    assert (None, "automation", "status", status, "open") in facts(desk, ticket)


@pytest.mark.parametrize(
    ("by", "how"), [("ana", {}), ("u1", {"auto": True}), ("u1", {"public": False}), (None, {}), ("makegood", {})]
)
def test_nobody_else_wakes_a_solved_ticket(desk: Local, by: str | None, how: dict[str, Any]) -> None:
    ticket = desk.create("u1", "Help", "Please")
    desk.change(ticket, "ana", "status", "solved")
    desk.say(ticket, by, "Something", **how)
    assert ticket_of(desk, ticket).status == "solved"


def test_a_rating_is_an_event_and_stays_on_the_ticket(desk: Local) -> None:
    ticket = desk.create("u1", "Help", "Please")
    desk.change(ticket, "ana", "status", "closed")
    desk.rate(ticket, "u1", "bad", "Too slow")
    (rating,) = events_of(desk, ticket, "rating")
    assert (rating.new, rating.text, rating.actor) == ("bad", "Too slow", "u1")
    assert ticket_of(desk, ticket).csat == "bad"


def test_a_merged_ticket_is_closed_and_says_where_it_went(desk: Local) -> None:
    old, new = desk.create("u1", "A", "a"), desk.create("u1", "B", "b")
    desk.merge(old, new, "ana")
    assert (ticket_of(desk, old).merged_into, ticket_of(desk, old).status) == (new, "closed")
    assert [e.new for e in events_of(desk, old, "merged")] == [new]
    with pytest.raises(Rejected, match="was merged into 2"):
        desk.say(old, "ana", "Hello?")


def test_a_ticket_is_not_merged_into_itself_or_into_nothing(desk: Local) -> None:
    ticket = desk.create("u1", "A", "a")
    with pytest.raises(Rejected, match="into itself"):
        desk.merge(ticket, ticket, "ana")
    with pytest.raises(Gone, match="#99 is not there"):
        desk.merge(ticket, "99", "ana")
    assert events_of(desk, ticket, "merged") == []


def test_a_deleted_ticket_says_so_and_takes_nothing_more(desk: Local) -> None:
    ticket = desk.create("u1", "A", "a")
    desk.delete(ticket, "ana")
    assert ticket_of(desk, ticket).deleted
    assert events_of(desk, ticket)[-1].kind == "deleted"
    with pytest.raises(Gone):
        desk.say(ticket, "u1", "Hello?")


def test_closed_tickets_are_final_unless_the_desk_says_otherwise(desk: Local) -> None:
    ticket = desk.create("u1", "A", "a", status="closed")
    with pytest.raises(Rejected, match="closed tickets cannot be changed"):
        desk.change(ticket, "ana", "priority", "low")
    desk.describe(closed_is_final=False)
    desk.change(ticket, "ana", "priority", "low")
    assert ticket_of(desk, ticket).priority == "low"


@pytest.mark.parametrize("who", ["nobody@example.com", "", "U1"])
def test_strangers_cannot_act(desk: Local, who: str) -> None:
    ticket = desk.create("u1", "A", "a")
    with pytest.raises(Rejected, match="nobody called"):
        desk.say(ticket, who, "Hello")


def test_what_is_forbidden_leaves_nothing_behind(desk: Local) -> None:
    ticket = desk.create("u1", "A", "a")
    before = desk.read([ticket])
    with pytest.raises(Rejected, match='no group "Biling": did you mean "Billing"'):
        desk.change(ticket, "ana", "group", "Biling")
    assert desk.read([ticket]) == before


def test_things_may_be_told_to_have_happened_earlier_or_later(desk: Local) -> None:
    ticket = desk.create("u1", "A", "a", at=START - timedelta(days=2))
    desk.say(ticket, "ana", "Hello", at=START + timedelta(hours=1))
    desk.say(ticket, "ana", "Hello again", at=START)
    assert [e.text for e in events_of(desk, ticket, "message")] == ["a", "Hello again", "Hello"]
    assert ticket_of(desk, ticket).updated == START + timedelta(hours=1)


def test_a_desk_stays_as_it_is_between_two_programs(tmp_path: Path) -> None:
    with make_desk(tmp_path / "desk.db") as first:
        ticket = first.create("u1", "A", "a")
        before = first.read([ticket])
    with Local(tmp_path / "desk.db", now=Clock(), create=False) as second:
        assert second.read([ticket]) == before


def test_a_desk_that_is_not_there_is_only_made_on_demand(tmp_path: Path) -> None:
    with pytest.raises(Gone, match="no such file"):
        Local(tmp_path / "desk.db", now=Clock(), create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE mine (x)")
    before = path.read_bytes()
    with pytest.raises(Rejected, match="belongs to another program"):
        Local(path, now=Clock())
    assert path.read_bytes() == before


def test_a_desk_of_a_newer_makegood_is_not_touched(tmp_path: Path) -> None:
    make_desk(tmp_path / "desk.db").close()
    with sqlite3.connect(tmp_path / "desk.db") as db:
        db.execute("PRAGMA user_version = 7")
    with pytest.raises(Rejected, match="newer makegood") as error:
        Local(tmp_path / "desk.db", now=Clock())
    assert error.value.hint == "update makegood"


@pytest.mark.parametrize(
    "content", [b"not a database at all, only some text that is long enough" * 20, b"\x00\xff" * 600]
)
def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "desk.db").write_bytes(content)
    with pytest.raises(Rejected, match="no makegood desk, or damaged"):
        Local(tmp_path / "desk.db", now=Clock())


def test_a_folder_is_no_desk(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match="unable to open"):
        Local(tmp_path, now=Clock())


def test_a_desk_that_another_program_writes_to_is_busy(desk: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    desk._db.execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(desk.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Retryable, match="another program"):
        desk.create("u1", "A", "a")
    assert list(desk.pull(None)), "reading goes on meanwhile"
    other.execute("ROLLBACK")
    assert desk.create("u1", "A", "a") == "1"
