"""The local copy: what goes in comes out, keeping a page twice is harmless, and nothing foreign is opened."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from store_places import NOW, opened

from makegood.connectors.base import Capabilities, Page
from makegood.connectors.ticket import Catalogue, Event, FieldSpec, Organization, Person, Schedule, Ticket
from makegood.engine import rows, tables
from makegood.engine.snapshot import EVENTS, TICKETS, Needs
from makegood.engine.store import Saved, Store, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOUR = timedelta(hours=1)
CATALOGUE = Catalogue(
    "me",
    groups=("Support",),
    statuses={"Open": "open"},
    fields={"City": FieldSpec("City", "choice", ("Bern",)), "Keeper": FieldSpec("Keeper", "person")},
    schedules=(Schedule("Day", "Europe/Berlin", {"mon": ("09:00-12:00", "13:00-17:00")}, ("2026-12-24",)),),
)
ANA = Person(
    "p1",
    "Ana",
    "Ana@Example.com",
    role="agent",
    groups=("Support",),
    time_zone="America/New_York",
    away=True,
    tags=("early",),
    fields={"floor": "2"},
)
EVERYTHING = Needs(
    frozenset({"assignee", "status", "field.Keeper"}), messages=True, texts=True, ratings=True, closed=True
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with opened(request.param, tmp_path) as place, Store.open(place, now=lambda: NOW) as made:
        yield made


def ticket(name: str = "1", **more: Any) -> Ticket:
    return replace(Ticket(name, "v1", NOW - HOUR, NOW - HOUR, "open", subject="Help"), **more)


def event(name: str, of: str = "1", **more: Any) -> Event:
    return replace(Event(name, of, NOW - HOUR, "message", text="hello", actor="p1", actor_kind="agent"), **more)


def page(*tickets: Ticket, **more: Any) -> Page:
    return replace(Page("c1", tickets, known_to=NOW, catalogue=CATALOGUE, people=[ANA]), **more)


def look(store: Store, needs: Needs = EVERYTHING, at: datetime = NOW) -> Any:
    return store.snapshot("support", at, needs, Capabilities(frozenset()))


# --- keeping ----------------------------------------------------------------------------------------------------------


def test_a_ticket_comes_back_as_it_went_in(store: Store) -> None:
    kept = ticket(
        due=NOW, tags=("a", "b"), cc=("x@y.example",), custom={"City": "Bern", "Parts": ("pole", "peg")}, deleted=True
    )
    store.save_page("support", page(kept))
    assert store.ticket("support", "1") == kept
    assert store.ticket("support", "2") is None
    assert store.ticket("other", "1") is None


def test_a_restored_ticket_forgets_that_it_was_deleted(store: Store) -> None:
    gone = event("1.deleted", kind="deleted", text=None)
    other = event("2.deleted", "2", kind="deleted", text=None)
    store.save_page("support", page(ticket(deleted=True), ticket("2", deleted=True), events=[event("e"), gone, other]))
    store.save_page("support", page(ticket("2", version="v2", deleted=True)))
    store.save_page("support", page(ticket(version="v2")))
    assert store.ticket("support", "1") == ticket(version="v2")
    assert look(store).events.select("ticket", "kind").rows() == [("1", "message")]
    assert stored_kinds(store) == {("1", "message"), ("2", "deleted")}


def test_a_ticket_that_is_there_is_not_deleted_by_its_own_past(store: Store) -> None:
    """Request Tracker tells a restored ticket's old deletion again, whenever all of its past is read."""
    past = page(ticket(), events=[event("e"), event("t7", kind="deleted", text=None)])
    store.save_page("support", past)
    assert stored_kinds(store) == {("1", "message")}
    assert store.save_page("support", past) == Saved(0, 0)


def stored_kinds(store: Store) -> set[tuple[str, str]]:
    with store.reading() as connection:
        found = connection.execute(select(tables.events.c.ticket, tables.events.c.kind))
        return {(row.ticket, row.kind) for row in found}


def test_words_and_people_come_back(store: Store) -> None:
    birch = Organization("o1", "Birch", fields={"tier": "gold"})
    store.save_page("support", page(organizations=[birch]))
    assert store.catalogue("support") == CATALOGUE
    assert store.people("support") == {"ana@example.com": ANA}
    assert look(store).organizations == {"Birch": birch}


def test_words_of_an_older_version_are_read() -> None:
    old = json.loads(rows.catalogue_text(CATALOGUE))
    del old["schedules"]
    assert rows.catalogue_from(json.dumps(old)) == replace(CATALOGUE, schedules=())


def test_keeping_a_page_twice_changes_nothing(store: Store) -> None:
    given = page(ticket(), ticket("2"), events=[event("e1"), event("e2", "2")])
    assert store.save_page("support", given) == Saved(2, 2)
    assert store.save_page("support", given) == Saved(0, 0)
    assert look(store).events.height == 2


def test_cursor_and_rows_are_kept_together(store: Store) -> None:
    store.save_page("support", page(cursor="c7", known_to=None))
    assert store.standing("support").cursor == "c7"
    assert store.standing("support").known_to is None
    store.save_page("support", page(cursor="c8"))
    assert store.standing("support").known_to == NOW


def test_a_page_that_cannot_be_kept_leaves_nothing(store: Store) -> None:
    store.save_page("support", page(ticket()))
    broken = page(ticket("2"), events=[event("e1", at=None)], cursor="c2")
    with pytest.raises(Exception):  # noqa: B017, PT011
        store.save_page("support", broken)
    assert store.ticket("support", "2") is None
    assert store.standing("support").cursor == "c1"


def test_redaction_replaces_what_was_said(store: Store) -> None:
    store.save_page("support", page(ticket(), events=[event("e1", text="my card is 4111")]))
    store.save_page("support", page(events=[event("e1", text="(removed)")]))
    assert look(store).events["text"].to_list() == ["(removed)"]


def test_an_event_moves_along_when_tickets_are_merged(store: Store) -> None:
    store.save_page("support", page(ticket(), ticket("2"), events=[event("e1")]))
    store.save_page("support", page(ticket(merged_into="2", version="v2"), events=[event("e1", "2")]))
    assert look(store).events["ticket"].to_list() == ["2"]


def test_two_helpdesks_do_not_mix(store: Store) -> None:
    store.save_page("support", page(ticket(), events=[event("e1")]))
    store.save_page("sales", page(ticket(subject="Buy"), events=[event("e1", text="bye")]))
    assert look(store).tickets["subject"].to_list() == ["Help"]
    assert look(store).events["text"].to_list() == ["hello"]


@pytest.mark.parametrize("text", ["a\0b", "half \ud83d pair", "žluť 🦆", "'; DROP TABLE tickets"])
def test_whatever_people_write_can_be_kept(store: Store, text: str) -> None:
    store.save_page("support", page(ticket(subject=text, custom={"City": text}), events=[event("e1", text=text)]))
    assert look(store).events["text"][0] == text.replace("\0", "").replace("\ud83d", "?")


# --- looking ----------------------------------------------------------------------------------------------------------


def test_frames_have_the_promised_columns(store: Store) -> None:
    store.save_page("support", page(ticket(tags=("a",)), events=[event("e1")]))
    found = look(store)
    assert dict(found.tickets.schema) == TICKETS
    assert dict(found.events.schema) == EVENTS
    assert found.tickets["tags"].to_list() == [["a"]]
    assert found.tickets["created"].to_list() == [NOW - HOUR]
    assert found.tickets["deleted"].to_list() == [False]


def test_an_empty_desk_has_the_same_columns(store: Store) -> None:
    store.save_page("support", page())
    found = look(store)
    assert dict(found.tickets.schema) == TICKETS
    assert dict(found.events.schema) == EVENTS


def test_people_are_handles_in_frames(store: Store) -> None:
    changed = event("e1", kind="field", field="assignee", old="p1", new="p9")
    keeper = event("e2", kind="field", field="field.Keeper", new="p1")
    city = event("e3", kind="field", field="status", new="p1")
    given = ticket(assignee="p1", requester="p9", approvers=("p1",), custom={"Keeper": "p1", "City": "p1"})
    store.save_page("support", page(given, events=[changed, keeper, city]))
    found = look(store)
    assert found.tickets.select("assignee", "requester").row(0) == ("ana@example.com", "p9")
    assert found.tickets["approvers"].to_list() == [["ana@example.com"]]
    assert found.tickets["custom"][0] == '{"City": "p1", "Keeper": "ana@example.com"}'
    assert found.events.select("actor", "old", "new").rows() == [
        ("ana@example.com", "ana@example.com", "p9"),
        ("ana@example.com", None, "ana@example.com"),
        ("ana@example.com", None, "p1"),
    ]


def test_only_what_is_needed_is_read(store: Store) -> None:
    said = [event("e1"), event("e2", actor_kind="robot", marker="abc123"), event("e3", kind="rating", new="good")]
    fields = [event("e4", kind="field", field="status"), event("e5", kind="field", field="priority")]
    store.save_page("support", page(ticket(), events=[*said, *fields]))
    assert look(store, Needs(frozenset({"status"}))).events["id"].to_list() == ["e2", "e4"]
    assert look(store, Needs(frozenset(), messages=True)).events["text"].to_list() == [None, "hello"]
    assert look(store, Needs(frozenset(), ratings=True)).events["id"].to_list() == ["e2", "e3"]


def test_closed_tickets_stay_in_the_store_unless_asked_for(store: Store) -> None:
    store.save_page("support", page(ticket(), ticket("2", status="closed"), ticket("3", deleted=True)))
    assert look(store, Needs(frozenset())).tickets["id"].to_list() == ["1"]
    assert look(store, Needs(frozenset(), closed=True)).tickets["id"].to_list() == ["1", "2"]


def test_what_was_closed_later_is_seen_from_before(store: Store) -> None:
    closed = [ticket("2", status="closed"), ticket("3", merged_into="1")]
    store.save_page("support", page(ticket(), *closed))
    earlier = look(store, Needs(frozenset()), at=NOW - 2 * HOUR)
    assert sorted(earlier.tickets["id"]) == ["1", "2", "3"]


def test_events_are_in_order(store: Store) -> None:
    late, early = event("e1", seq=2), event("e2", seq=1)
    store.save_page("support", page(ticket(), events=[late, event("e0", at=NOW), early]))
    assert look(store).events["id"].to_list() == ["e2", "e1", "e0"]


def test_lists_in_events_are_json(store: Store) -> None:
    tagged = event("e1", kind="field", field="status", old=(), new=("a", "b"))
    store.save_page("support", page(ticket(), events=[tagged]))
    assert look(store).events.select("old", "new").row(0) == ("[]", '["a", "b"]')


def test_the_active_one_of_two_people_with_one_address_counts(store: Store) -> None:
    old, new = replace(ANA, id="a", active=False), replace(ANA, id="b")
    store.save_page("support", page(people=[new, old]))
    assert store.people("support")["ana@example.com"].id == "b"
    assert store.faces("support").handles == {"a": "ana@example.com", "b": "ana@example.com"}
    assert store.faces("support").ids == {"ana@example.com": "b"}


def test_nothing_can_be_looked_at_before_the_first_pull_is_through(store: Store) -> None:
    with pytest.raises(StoreError, match="nothing is known about support"):
        look(store)
    store.save_page("support", page(ticket(), known_to=None))
    with pytest.raises(StoreError) as error:
        look(store)
    assert "makegood pull" in error.value.hint


def test_a_snapshot_does_not_see_half_of_a_page(store: Store) -> None:
    store.save_page("support", page(ticket()))
    with store.reading() as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM tickets").scalar()
        store.save_page("support", page(ticket("2")))
        assert connection.exec_driver_sql("SELECT count(*) FROM tickets").scalar() == before


# --- when to look again -----------------------------------------------------------------------------------------------


def test_new_and_changed_tickets_want_to_be_looked_at(store: Store) -> None:
    store.save_page("support", page(ticket(), ticket("2")))
    assert store.due("support", NOW) == 2
    store.settle_tickets("support", [("1", "v1", None), ("2", "v1", NOW + HOUR)])
    assert store.due("support", NOW) == 0
    assert store.due("support", NOW + HOUR) == 1
    store.save_page("support", page(ticket(version="v2")))
    assert store.due("support", NOW) == 1


def test_a_late_event_wants_its_ticket_looked_at(store: Store) -> None:
    store.save_page("support", page(ticket()))
    store.settle_tickets("support", [("1", "v1", None)])
    store.save_page("support", page(events=[event("e1")]))
    assert store.due("support", NOW) == 1


def test_a_ticket_that_changed_since_it_was_seen_stays_due(store: Store) -> None:
    store.save_page("support", page(ticket(version="v2")))
    store.settle_tickets("support", [("1", "v1", None)])
    assert store.due("support", NOW) == 1


def test_tickets_out_of_sight_are_not_due(store: Store) -> None:
    store.save_page("support", page(ticket(), ticket("2", status="closed")))
    store.settle_tickets("support", [("1", "v1", None)])
    assert store.due("support", NOW) == 0


def test_other_people_or_words_unsettle_the_rules(store: Store) -> None:
    store.save_page("support", page(ticket()))
    store.settle_rules("support", "r1")
    store.save_page("support", page(ticket()))
    assert store.standing("support").settled_rules == "r1"
    store.save_page("support", page(people=[replace(ANA, active=False)]))
    assert store.standing("support").settled_rules is None
    store.settle_rules("support", "r1")
    store.save_page("support", page(catalogue=replace(CATALOGUE, groups=())))
    assert store.standing("support").settled_rules is None


# --- opening ----------------------------------------------------------------------------------------------------------


def refused(place: object) -> StoreError:
    with pytest.raises(StoreError) as error:
        Store.open(str(place), now=lambda: NOW)
    return error.value


def test_each_store_has_a_name_of_its_own(tmp_path: Path) -> None:
    first, again = (Store.open(tmp_path / "a.db", now=lambda: NOW).id for _ in range(2))
    assert first == again
    assert Store.open(tmp_path / "b.db", now=lambda: NOW).id != first


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("hello\n" * 1000)
    assert "is not a makegood store" in refused(tmp_path / "a.db").message


def test_somebody_elses_database(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a.db") as other:
        other.execute("CREATE TABLE music (id)")
    assert "tables of something else" in refused(tmp_path / "a.db").message


def test_a_cut_off_database(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", now=lambda: NOW) as store:
        store.save_page("support", page(*(ticket(str(number)) for number in range(500))))
    whole = (tmp_path / "a.db").read_bytes()
    (tmp_path / "a.db").write_bytes(whole[:4096] + b"\xff" * 8192)
    error = refused(tmp_path / "a.db")
    assert error.message.startswith(f"the store {tmp_path}/a.db")
    assert error.hint


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    error = refused(tmp_path / "nowhere" / "a.db")
    assert "cannot be opened" in error.message
    assert "folder" in error.hint


@pytest.mark.parametrize("place", ["mysql://root@localhost/x", "postgresql://user:secret@[bad/x", "redis://x"])
def test_places_that_cannot_hold_a_store(place: str) -> None:
    assert "secret" not in refused(place).message


def test_a_server_that_is_not_there() -> None:
    error = refused("postgresql://user:secret@127.0.0.1:9/x?connect_timeout=1")
    assert "cannot be reached" in error.message
    assert "secret" not in error.message + error.hint


def test_a_store_that_another_program_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("makegood.engine.database.BUSY_SECONDS", 0.05)
    with Store.open(tmp_path / "a.db", now=lambda: NOW) as store, sqlite3.connect(tmp_path / "a.db") as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="locked by another program"):
            store.save_page("support", page(ticket()))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to become somebody else")
def test_a_store_that_may_only_be_read(tmp_path: Path) -> None:
    script = f"""
import os, datetime
from makegood.engine.store import Store, StoreError
now = lambda: datetime.datetime.now(datetime.UTC)
Store.open("{tmp_path}/a.db", now=now).close()
os.setuid(65534)
try:
    Store.open("{tmp_path}/a.db", now=now).settle_rules("support", None)
except StoreError as error:
    print("told:", error.message)
"""
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "told: the store" in done.stdout, done.stderr


# --- in general -------------------------------------------------------------------------------------------------------

names = st.sampled_from("abc")
instants = st.integers(0, 10).map(lambda hours: datetime(2026, 3, 1, tzinfo=UTC) + hours * HOUR)
random_events = st.lists(
    st.builds(
        Event,
        id=st.integers(0, 12).map(str),
        ticket=names,
        at=instants,
        kind=st.just("message"),
        seq=st.integers(0, 3),
        text=st.text(max_size=5).filter(lambda text: "\0" not in text),
    ),
    max_size=12,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(batches=st.lists(random_events, max_size=4))
def test_the_last_word_about_an_event_stands(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Event]]
) -> None:
    with Store.open(tmp_path_factory.mktemp("store") / "a.db", now=lambda: NOW) as store:
        for batch in batches:
            store.save_page("support", page(*(ticket(name) for name in "abc"), events=batch))
        last = {each.id: each for batch in batches for each in batch}
        wanted = sorted((e.ticket, e.at, e.seq, e.id, e.text) for e in last.values())
        if batches:
            assert sorted(look(store).events.select("ticket", "at", "seq", "id", "text").rows()) == wanted
