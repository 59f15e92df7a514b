"""The connector for the embedded desk: pages and cursors, reading, and writing with the truth about what became of it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fake_desk import START, Clock, events_of, make_desk, ticket_of
from hypothesis import given, settings
from hypothesis import strategies as st

from makegood.connectors import local
from makegood.connectors.base import Change, Conflict, Gone, Rejected
from makegood.connectors.ticket import Person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from makegood.connectors.base import Connector, Outcome, Page, Written


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Iterator[local.Local]:
    with make_desk(tmp_path / "desk.db", clock) as desk:
        yield desk


class Copy:
    """What somebody who stores page after page knows."""

    def __init__(self) -> None:
        self.cursor: str | None = None
        self.tickets: dict[str, object] = {}
        self.events: dict[str, object] = {}
        self.people: dict[str, object] = {}

    def store(self, page: Page) -> None:
        self.tickets |= {ticket.id: ticket for ticket in page.tickets}
        self.events |= {event.id: event for event in page.events}
        self.people |= {person.id: person for person in page.people}
        self.cursor = page.cursor

    def pull(self, desk: Connector) -> Copy:
        for page in desk.pull(self.cursor):
            self.store(page)
        return self

    def same_as(self, other: Copy) -> bool:
        return (self.tickets, self.events, self.people) == (other.tickets, other.events, other.people)


def write(desk: local.Local, ticket: str, *changes: Change) -> Written:
    return desk.apply(ticket, changes, ticket_of(desk, ticket).version)


def only(written: Written) -> Outcome:
    (outcome,) = written.outcomes
    return outcome


# pulling


def test_the_first_pull_brings_everything_and_the_catalogue(desk: local.Local) -> None:
    desk.create("u1", "A", "a")
    (page,) = desk.pull(None)
    assert [ticket.subject for ticket in page.tickets] == ["A"]
    assert [event.kind for event in page.events] == ["created", "message"]
    assert {person.id for person in page.people} == {"makegood", "ana", "ben", "gil", "u1"}
    assert [(o.name, o.fields) for o in page.organizations] == [("Birch", {"tier": "gold"})]
    assert page.catalogue is not None
    assert (page.catalogue.groups, page.catalogue.me, page.known_to) == (("Support", "Billing"), "makegood", START)


def test_a_quiet_pull_is_one_empty_page(desk: local.Local) -> None:
    desk.create("u1", "A", "a")
    (first,) = desk.pull(None)
    calls = desk.calls
    (page,) = desk.pull(first.cursor)
    assert (page.tickets, page.events, page.people, page.cursor) == ((), (), (), first.cursor)
    assert page.known_to == START
    assert desk.calls == calls + 1


def test_a_later_pull_brings_what_changed_and_only_new_events(desk: local.Local) -> None:
    tickets = [desk.create("u1", str(n), "text") for n in range(3)]
    copy = Copy().pull(desk)
    desk.say(tickets[1], "ana", "Hello")
    (page,) = desk.pull(copy.cursor)
    assert [ticket.id for ticket in page.tickets] == [tickets[1]]
    assert [event.text for event in page.events] == ["Hello"]
    assert page.people == []


def test_refresh_brings_people_and_words_again(desk: local.Local) -> None:
    (first,) = desk.pull(None)
    (page,) = desk.pull(first.cursor, refresh=True)
    assert len(page.people) == len(first.people)
    assert page.organizations == first.organizations
    assert page.catalogue == first.catalogue


def test_a_person_who_changed_comes_with_the_next_pull(desk: local.Local) -> None:
    copy = Copy().pull(desk)
    desk.add_person(Person("ben", email="ben@example.com", role="agent", active=False))
    (page,) = desk.pull(copy.cursor)
    assert [(person.id, person.active) for person in page.people] == [("ben", False)]


def test_a_pull_comes_in_pages_and_says_how_much_is_to_come(desk: local.Local, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "PAGE", 2)
    for n in range(5):
        desk.create("u1", str(n), "text")
    pages = list(desk.pull(None))
    assert [len(page.tickets) for page in pages] == [2, 2, 1]
    assert [page.expected for page in pages] == [5, None, None]
    assert [page.known_to for page in pages] == [None, None, START]


def test_a_pull_that_was_cut_off_goes_on_and_misses_nothing(desk: local.Local, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "PAGE", 2)
    tickets = [desk.create("u1", str(n), "text") for n in range(5)]
    copy = Copy()
    copy.store(next(desk.pull(None)))
    desk.say(tickets[0], "ana", "While you were away")
    desk.add_person(Person("new", email="new@example.com"))
    assert copy.pull(desk).same_as(Copy().pull(desk))
    assert len(copy.tickets) == 5


ACTIONS = st.lists(st.sampled_from(["create", "say", "assign", "person", "merge", "pull", "page"]), max_size=14)


@settings(max_examples=25, deadline=None)
@given(ACTIONS)
def test_pulling_piece_by_piece_ends_with_the_same_copy_as_pulling_at_once(actions: list[str]) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        make_desk(Path(folder) / "desk.db") as desk,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(local, "PAGE", 2)
        copy, tickets = Copy(), [desk.create("u1", "first", "text"), desk.create("u1", "second", "text")]
        for n, action in enumerate(actions):
            act(desk, copy, tickets, action, n)
        assert copy.pull(desk).same_as(Copy().pull(desk))


def act(desk: local.Local, copy: Copy, tickets: list[str], action: str, n: int) -> None:
    live = [t for t in tickets if not ticket_of(desk, t).merged_into]
    if action == "create":
        tickets.append(desk.create("u1", str(n), "text"))
    elif action == "say":
        desk.say(live[n % len(live)], "u1", f"message {n}")
    elif action == "assign":
        write(desk, live[n % len(live)], Change("1", "assign", "assignee", new=("ana", "ben")[n % 2]))
    elif action == "person":
        desk.add_person(Person(f"p{n % 3}", name=str(n)))
    elif action == "merge" and len(live) > 1:
        desk.merge(live[0], live[1], "ana")
    elif action == "page":
        copy.store(next(desk.pull(copy.cursor)))
    elif action == "pull":
        copy.pull(desk)


@pytest.mark.parametrize("cursor", ["yesterday", "1-x", "-", "1-2-3"])
def test_a_cursor_of_another_kind_is_refused(desk: local.Local, cursor: str) -> None:
    with pytest.raises(Rejected, match="no place to go on from"):
        next(desk.pull(cursor))


def test_a_desk_file_that_went_back_in_time_is_noticed(desk: local.Local) -> None:
    with pytest.raises(Rejected, match="older than what was pulled"):
        next(desk.pull("5000"))


def test_further_robots_are_not_people(tmp_path: Path) -> None:
    with make_desk(tmp_path / "desk.db", robots=("ben@example.com",)) as desk:
        desk.say(desk.create("u1", "A", "a"), "ben", "Your ticket is in our queue")
        (page,) = desk.pull(None)
    assert {person.id: person.role for person in page.people}["ben"] == "automation"
    assert [event.actor_kind for event in page.events] == ["customer", "customer", "automation"]


# reading


def test_reading_brings_the_ticket_its_events_and_its_people(desk: local.Local) -> None:
    ticket = desk.create("u1", "A", "a")
    desk.change(ticket, "ana", "assignee", "ben")
    read = desk.read([ticket, "404", ticket])
    assert [each.id for each in read.tickets] == [ticket]
    assert [event.kind for event in read.events] == ["created", "message", "field"]
    assert {person.id for person in read.people} == {"u1", "ana", "ben"}
    assert read.gone == ["404"]
    assert read.tickets[0].url == "desk.db#1"


# writing


def test_everything_is_written_at_once_fields_before_notes(desk: local.Local, clock: Clock) -> None:
    ticket = desk.create("u1", "A", "a", tags=("Old",))
    version = ticket_of(desk, ticket).version
    clock.turn()
    written = write(
        desk,
        ticket,
        Change("n", "note", text="Why\nmakegood 7f3a2c", marker="7f3a2c"),
        Change("a", "assign", "assignee", new="ben"),
        Change("t", "add_tags", "tags", new=("vip", "old")),
        Change("c", "add_cc", "cc", new=("lead@example.com",)),
        Change("d", "set", "due", new="2026-03-05T10:00:00Z"),
        Change("f", "set", "field.City", new="Ghent"),
    )
    assert [(o.change, o.result) for o in written.outcomes] == [(name, "applied") for name in "natcdf"]
    after = written.ticket
    assert (after.assignee, after.tags, after.cc) == ("ben", ("Old", "vip"), ("lead@example.com",))
    assert (after.custom, after.updated, after.version) == ({"City": "Ghent"}, clock(), str(int(version) + 1))
    assert [event.field for event in written.events] == ["assignee", "tags", "cc", "due", "field.City", None]
    assert {(event.actor, event.actor_kind) for event in written.events} == {("makegood", "robot")}


def test_what_was_written_is_what_is_read(desk: local.Local) -> None:
    ticket = desk.create("u1", "A", "a")
    written = write(desk, ticket, Change("1", "set", "priority", new="high"), Change("2", "reply", text="Hello"))
    assert written.ticket == ticket_of(desk, ticket)
    assert list(written.events) == events_of(desk, ticket)[2:]
    assert written.events[-1].public


@pytest.mark.parametrize(
    "change",
    [
        Change("1", "assign", "assignee", new="ben"),
        Change("1", "set", "field.City", new="Bern"),
        Change("1", "add_tags", "tags", new=("VIP",)),
        Change("1", "remove_tags", "tags", new=("other",)),
        Change("1", "set", "due", new=None),
    ],
)
def test_what_is_there_already_is_left_alone(desk: local.Local, change: Change) -> None:
    ticket = desk.create("u1", "A", "a", assignee="ben", tags=("vip",), custom={"City": "Bern"})
    version = ticket_of(desk, ticket).version
    written = write(desk, ticket, change)
    assert (only(written).result, written.events, written.ticket.version) == ("already", (), version)


def test_tags_are_removed_whatever_their_case(desk: local.Local) -> None:
    ticket = desk.create("u1", "A", "a", tags=("Late", "vip"))
    assert write(desk, ticket, Change("1", "remove_tags", "tags", new=("late",))).ticket.tags == ("vip",)


@pytest.mark.parametrize(
    ("field", "new", "words"),
    [
        ("assignee", "zoe", 'nobody with the id "zoe"'),
        ("assignee", "gil", "gil@example.com is not active any more"),
        ("assignee", "u1", "olivia@birch.example is no agent"),
        ("requester", "zoe", 'nobody with the id "zoe"'),
        ("organization", "Beech", 'no organization "Beech"'),
        ("group", "billing", 'no group "billing": did you mean "Billing"?'),
        ("status", "resolved", 'no status "resolved"'),
        ("status", None, "status cannot be cleared"),
        ("status_name", "Waiting", 'no status_name "Waiting"'),
        ("priority", "high!", 'did you mean "high"?'),
        ("type", "wish", 'no type "wish"'),
        ("due", "tomorrow", '"tomorrow" is no time'),
        ("due", "2026-03-05T10:00:00", "has no zone"),
        ("assignee", ("ben",), "assignee takes one value"),
        ("tags", "vip", "tags takes a list"),
        ("tags", None, "tags takes a list"),
        ("colour", "red", "colour cannot be set"),
        ("field.Town", "Bern", 'no field "Town"'),
        ("field.City", "Paris", 'does not take "Paris"'),
        ("field.City", ("Bern",), "takes one value"),
        ("field.Seats", "many", 'does not take "many"'),
        ("field.Visited", "maybe", 'does not take "maybe"'),
        ("field.Visit", "soon", 'does not take "soon"'),
        ("field.Parts", "pole", "takes a list"),
        ("field.Parts", ("pole", "bag"), 'does not take "bag"'),
        ("field.Keeper", "zoe", 'does not take "zoe"'),
    ],
)
def test_what_the_desk_forbids_is_refused_in_words(desk: local.Local, field: str, new: object, words: str) -> None:
    ticket = desk.create("u1", "A", "a")
    before = ticket_of(desk, ticket)
    written = write(desk, ticket, Change("1", "set", field, new=new))  # type: ignore[arg-type]
    assert only(written).result == "refused"
    assert words in only(written).detail
    assert written.ticket == before


@pytest.mark.parametrize(
    ("field", "new"),
    [
        ("requester", "ana"),
        ("organization", "Birch"),
        ("type", "question"),
        ("form", "Anything"),
        ("field.Seats", "-1.5"),
        ("field.Visited", "yes"),
        ("field.Visit", "2026-03-05T10:00:00Z"),
        ("field.Parts", ("pole", "peg")),
        ("field.Keeper", "u1"),
        ("field.Remark", "anything"),
    ],
)
def test_what_the_desk_allows_is_written_and_can_be_cleared(desk: local.Local, field: str, new: str) -> None:
    ticket = desk.create("u1", "A", "a", organization=None)
    assert only(write(desk, ticket, Change("1", "set", field, new=new))).result == "applied"
    cleared = only(write(desk, ticket, Change("1", "set", field, new=None)))
    assert cleared.result == ("refused" if field == "requester" else "applied")


def test_one_refusal_does_not_stop_the_rest(desk: local.Local) -> None:
    ticket = desk.create("u1", "A", "a")
    written = write(desk, ticket, Change("1", "set", "group", new="None"), Change("2", "set", "group", new="Billing"))
    assert [outcome.result for outcome in written.outcomes] == ["refused", "applied"]
    assert written.ticket.group == "Billing"


def test_an_outdated_version_is_a_conflict_and_nothing_is_written(desk: local.Local) -> None:
    ticket = desk.create("u1", "A", "a")
    version = ticket_of(desk, ticket).version
    desk.say(ticket, "u1", "One more thing")
    before = desk.read([ticket])
    with pytest.raises(Conflict, match="#1 changed"):
        desk.apply(ticket, [Change("1", "set", "priority", new="high")], version)
    assert desk.read([ticket]) == before


def test_a_ticket_that_is_gone_cannot_be_written(desk: local.Local) -> None:
    ticket = desk.create("u1", "A", "a")
    desk.delete(ticket, "ana")
    for gone in (ticket, "404"):
        with pytest.raises(Gone):
            desk.apply(gone, [Change("1", "note", text="x")], "2")


def test_a_closed_or_merged_ticket_refuses_everything(desk: local.Local) -> None:
    closed, merged = desk.create("u1", "A", "a", status="closed"), desk.create("u1", "B", "b")
    desk.merge(merged, closed, "ana")
    for ticket, words in ((closed, "closed tickets cannot"), (merged, f"merged into {closed}")):
        outcome = only(write(desk, ticket, Change("1", "note", text="x")))
        assert outcome.result == "refused"
        assert words in outcome.detail


def test_an_account_that_may_only_read_is_told_so_and_shows_other_rights(desk: local.Local) -> None:
    ticket = desk.create("u1", "A", "a")
    rights = desk.catalogue().rights
    desk.describe(read_only=True)
    assert only(write(desk, ticket, Change("1", "set", "priority", new="high"))).detail == "this account may only read"
    assert desk.catalogue().rights != rights
    assert [finding[0] for finding in desk.doctor()] == ["ok", "error"]


# the rest


def test_capabilities_know_whether_closed_is_final(desk: local.Local) -> None:
    assert desk.capabilities().closed_is_final
    desk.describe(closed_is_final=False)
    assert not desk.capabilities().closed_is_final
    assert desk.calls == 0


def test_doctor_finds_a_healthy_desk_healthy(desk: local.Local) -> None:
    desk.create("u1", "A", "a")
    (finding,) = desk.doctor()
    assert (finding[0], finding[2]) == ("ok", "")
    assert finding[1].endswith("desk.db: 1 tickets")


def test_doctor_sees_events_of_the_future_and_an_account_that_is_off(desk: local.Local, clock: Clock) -> None:
    desk.create("u1", "A", "a")
    desk.add_person(Person("makegood", active=False))
    clock.turn(-10)
    assert [finding[0] for finding in desk.doctor()] == ["ok", "error", "warning"]
