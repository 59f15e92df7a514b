"""Zendesk pulled into a local copy again and again: what is stored costs no call, is not rewritten, and keeps up with the desk."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fake_zendesk import FakeZendesk
from fake_zendesk_client import Clock, connect
from sqlalchemy import select

from makegood.connectors import zendesk_read
from makegood.connectors.base import Rejected, Retryable
from makegood.connectors.conformance import events, tickets
from makegood.connectors.zendesk_words import number_named
from makegood.engine import tables
from makegood.engine.memory import StoreMemory
from makegood.engine.pull import pull
from makegood.engine.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from makegood.connectors.ticket import Ticket
    from makegood.connectors.zendesk import Zendesk

DESK = "support"
ALICE, BOB, BOT = "alice@acme.example", "bob@acme.example", "integration@acme.example"
LONG = timedelta(days=300)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def zd(clock: Clock) -> Iterator[FakeZendesk]:
    with FakeZendesk(now=clock) as zd:
        yield zd


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with Store.open(tmp_path / "store.db", now=clock) as made:
        yield made


def desk_of(zd: FakeZendesk, store: Store, **options: Any) -> Zendesk:
    return connect(zd, memory=StoreMemory(lambda: store, DESK), **options)


def sync(zd: FakeZendesk, store: Store, *, refresh: bool = False, seconds: float = 120, **options: Any) -> list[str]:
    """Pulls a little later; what was asked for, without tokens."""
    zd.now.turn(seconds)  # type: ignore[attr-defined]
    before = len(zd.requests)
    done = pull(
        desk_of(zd, store, **options), store, DESK, now=zd.now, refresh=refresh, refresh_people=timedelta(days=9999)
    )
    assert done.complete
    return [each.path for each in zd.requests[before:] if each.path != "oauth/tokens"]


def cut(zd: FakeZendesk, store: Store, path: str, **options: Any) -> None:
    """A pull that does not get past ``path``."""
    zd.fail(500, path=path, times=9)
    with pytest.raises(Retryable):
        sync(zd, store, **options)
    zd.faults.clear()


def cut_after_first_tickets(zd: FakeZendesk, store: Store) -> None:
    zd.now.turn()  # type: ignore[attr-defined]
    for page in desk_of(zd, store).pull(store.standing(DESK).cursor):
        store.save_page(DESK, page)
        if page.tickets:
            return


def kept(store: Store, ticket: str) -> Ticket:
    found = store.ticket(DESK, ticket)
    assert found is not None
    return found


def told(store: Store, ticket: str, kind: str) -> list[dict[str, Any]]:
    with store.reading() as connection:
        columns = tables.events.c
        wanted = select(tables.events).where(columns.ticket == ticket, columns.kind == kind)
        return [dict(row) for row in connection.execute(wanted.order_by(columns.at, columns.seq)).mappings()]


def speakers(store: Store, ticket: str) -> dict[str, str]:
    return {each["text"]: each["actor_kind"] for each in told(store, ticket, "message")}


def clock_of(store: Store, ticket: str, name: str = "first_reply_time") -> Any:
    return StoreMemory(lambda: store, DESK).clocks([ticket])[ticket].get(name)


def place(store: Store) -> Any:
    return json.loads(store.standing(DESK).cursor or "")


# ---- the whole past of old open tickets


def test_a_change_of_an_old_open_ticket_costs_no_call_of_its_own(zd: FakeZendesk, store: Store, clock: Clock) -> None:
    ticket = zd.add_ticket()
    clock.time += LONG
    assert f"tickets/{ticket}/audits" in sync(zd, store)
    for _ in range(2):
        zd.say(ticket, ALICE, "Hi.", public=False)
        assert sync(zd, store) == ["incremental/tickets/cursor", "incremental/ticket_events"]


def test_an_old_ticket_keeps_its_past_when_it_is_solved(zd: FakeZendesk, store: Store, clock: Clock) -> None:
    ticket = zd.add_ticket()
    clock.time += LONG
    sync(zd, store)
    zd.change(ticket, ALICE, status="solved", assignee_id=zd.user_id(ALICE))
    sync(zd, store)
    zd.touch(ticket)
    sync(zd, store)
    assert (kept(store, ticket).status, kept(store, ticket).history_from) == ("solved", None)


def test_an_old_solved_ticket_gets_its_past_once_when_it_is_opened(zd: FakeZendesk, store: Store, clock: Clock) -> None:
    ticket = zd.add_ticket()
    clock.time += LONG
    zd.change(ticket, ALICE, status="solved", assignee_id=zd.user_id(ALICE))
    assert f"tickets/{ticket}/audits" not in sync(zd, store)
    assert kept(store, ticket).history_from is not None
    zd.say(ticket, "ana@customer.example", "Still broken.")
    assert f"tickets/{ticket}/audits" in sync(zd, store)
    assert (kept(store, ticket).history_from, list(speakers(store, ticket))) == (
        None,
        ["Please help.", "Still broken."],
    )


def test_who_said_what_is_not_rewritten_when_an_agent_leaves(zd: FakeZendesk, store: Store, clock: Clock) -> None:
    ticket = zd.add_ticket()
    zd.say(ticket, BOB, "An answer.")
    clock.time += LONG
    sync(zd, store)
    bob = zd.user_id(BOB)
    zd.change_user(BOB, role="end-user")
    for number in [number for number, each in zd.memberships.items() if each["user_id"] == bob]:
        del zd.memberships[number]
    sync(zd, store, refresh=True)
    zd.change(ticket, ALICE, priority="high")
    sync(zd, store)
    assert speakers(store, ticket) == {"Please help.": "customer", "An answer.": "agent"}


def test_a_search_that_was_cut_off_asks_for_no_past_twice(zd: FakeZendesk, store: Store, clock: Clock) -> None:
    found = [zd.add_ticket(f"Ticket {number}") for number in range(110)]
    clock.time += LONG
    cut_after_first_tickets(zd, store)
    assert sum("audits" in path for path in sync(zd, store)) == 10
    assert {kept(store, ticket).language for ticket in found} == {"en-US"}


def test_a_search_that_outlives_its_cursor_begins_again_and_comes_to_its_end(
    zd: FakeZendesk, store: Store, clock: Clock
) -> None:
    found = [zd.add_ticket(f"Ticket {number}") for number in range(150)]
    clock.time += LONG
    zd.on_request = lambda asked: clock.turn(40) if asked.path.endswith("/audits") else None
    paths = sync(zd, store)
    assert sum("audits" in path for path in paths) == len(found)
    assert paths.count("search/export") == 4
    assert (place(store)["walked"], {kept(store, ticket).history_from for ticket in found}) == (True, {None})


def test_a_search_that_is_refused_is_not_begun_again_for_ever(zd: FakeZendesk, store: Store, clock: Clock) -> None:
    zd.fail(400, path="search/export", times=99)
    with pytest.raises(Rejected):
        sync(zd, store)
    assert len([each for each in zd.requests if each.path == "search/export"]) == 1
    zd.faults.clear()
    for number in range(150):
        zd.add_ticket(f"Ticket {number}")
    clock.time += LONG
    zd.on_request = lambda asked: clock.turn(40) if asked.path.endswith("/audits") else None
    with pytest.raises(Rejected, match="expired"):
        list(connect(zd).pull(None))


# ---- deleted, merged, rated


def test_a_restored_ticket_is_no_deleted_one(zd: FakeZendesk, store: Store, clock: Clock) -> None:
    ticket = zd.add_ticket()
    sync(zd, store)
    zd.delete(ticket)
    sync(zd, store)
    assert (kept(store, ticket).deleted, len(told(store, ticket, "deleted"))) == (True, 1)
    clock.turn()
    zd.change(ticket, ALICE, status="open")
    sync(zd, store)
    assert (kept(store, ticket).deleted, told(store, ticket, "deleted")) == (False, [])


def test_a_merged_ticket_that_is_shown_again_costs_nothing_and_stays_merged(zd: FakeZendesk, store: Store) -> None:
    one, two = zd.add_ticket("One"), zd.add_ticket("Two")
    zd.merge(one, two)
    sync(zd, store)
    zd.touch(one)
    assert sync(zd, store) == ["incremental/tickets/cursor", "incremental/ticket_events"]
    assert kept(store, one).merged_into == two


def test_a_merged_ticket_stays_merged_when_the_pull_is_cut_off(zd: FakeZendesk, store: Store) -> None:
    one, two = zd.add_ticket("One"), zd.add_ticket("Two")
    zd.merge(one, two)
    sync(zd, store)
    zd.touch(one)
    cut(zd, store, "ticket_events")
    sync(zd, store)
    assert kept(store, one).merged_into == two


# ---- the desk's own clocks


def test_a_clock_that_ended_before_a_cut_is_told_by_a_quiet_pull(zd: FakeZendesk, store: Store, clock: Clock) -> None:
    zd.add_sla_policy("Standard", {"first_reply_time": 60})
    ticket = zd.add_ticket()
    sync(zd, store)
    clock.turn(600)
    zd.say(ticket, ALICE, "Here we are.")
    cut(zd, store, "ticket_metric_events")
    assert "incremental/ticket_metric_events" in sync(zd, store)
    assert clock_of(store, ticket) == "met"
    assert "incremental/ticket_metric_events" not in sync(zd, store)


def test_a_metric_event_that_comes_after_younger_ones_is_told_and_others_cost_nothing(
    zd: FakeZendesk, store: Store, clock: Clock
) -> None:
    zd.add_sla_policy("Standard", {"first_reply_time": 60})
    slow, quick = zd.add_ticket(), zd.add_ticket()
    sync(zd, store)
    zd.say(slow, ALICE, "One.")
    late = [each for each in zd.sla.events if each["type"] == "fulfill"]
    zd.sla.events = [each for each in zd.sla.events if each not in late]
    clock.turn(3)
    zd.say(quick, ALICE, "Two.")
    sync(zd, store)
    assert (clock_of(store, slow), clock_of(store, quick)) == ("running", "met")
    zd.sla.events += late
    zd.touch(quick)
    assert sync(zd, store).count("tickets/show_many") == 1
    assert clock_of(store, slow) == "met"
    zd.touch(quick)
    assert "tickets/show_many" not in sync(zd, store)


def test_a_clock_that_applies_no_longer_is_not_missed(zd: FakeZendesk, store: Store) -> None:
    zd.add_sla_policy("Standard", {"first_reply_time": 60}, when=lambda row: row["priority"] != "low")
    ticket = zd.add_ticket()
    sync(zd, store)
    zd.change(ticket, ALICE, priority="low")
    sync(zd, store)
    assert clock_of(store, ticket) is None
    zd.change(ticket, ALICE, priority="high")
    sync(zd, store)
    assert clock_of(store, ticket) == "running"


def test_a_clock_that_ended_stays_as_it_ended_when_its_policy_goes(zd: FakeZendesk, store: Store) -> None:
    zd.add_sla_policy("Standard", {"first_reply_time": 60}, when=lambda row: row["priority"] != "low")
    ticket = zd.add_ticket()
    sync(zd, store)
    zd.say(ticket, ALICE, "Here we are.")
    sync(zd, store)
    zd.sla._clocks[int(ticket)].clear()
    zd.change(ticket, ALICE, priority="low")
    sync(zd, store)
    assert clock_of(store, ticket) == "met"


# ---- people


def test_nobody_is_forgotten_in_the_middle_of_a_page(zd: FakeZendesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zendesk_read, "_MANY_PEOPLE", 8)
    found = []
    for number in range(9):
        zd.add_user(f"c{number}@x.example")
        zd.add_user(f"copy{number}@x.example")
        found.append(zd.add_ticket(by=f"c{number}@x.example"))
        zd.change(found[-1], ALICE, email_ccs=[{"user_email": f"copy{number}@x.example", "action": "put"}])
    zd.now.turn()  # type: ignore[attr-defined]
    pulled = tickets(connect(zd).pull(None))
    assert {pulled[ticket].language for ticket in found} == {"en-US"}
    assert [pulled[ticket].cc for ticket in found] == [(f"copy{number}@x.example",) for number in range(9)]


def test_who_acted_is_known_to_the_end_of_the_page_of_events(zd: FakeZendesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zendesk_read, "_MANY_PEOPLE", 60)
    zd.add_user(BOT, role="agent")
    ticket = zd.add_ticket()
    zd.now.turn()  # type: ignore[attr-defined]
    *_, last = connect(zd, robots=[BOT]).pull(None)
    zd.say(ticket, BOT, "Beep.")
    for number in range(150):
        zd.say(ticket, f"c{number}@x.example", "Me too.")
    zd.now.turn()  # type: ignore[attr-defined]
    said = events(connect(zd, robots=[BOT]).pull(last.cursor)).values()
    assert {each.actor_kind for each in said if each.text == "Beep."} == {"automation"}


def test_requesters_of_old_tickets_keep_their_language_however_many_they_are(
    zd: FakeZendesk, store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zendesk_read, "_MANY_PEOPLE", 60)
    found = [zd.add_ticket(by=f"c{number}@x.example") for number in range(80)]
    clock.time += LONG
    sync(zd, store)
    assert {kept(store, ticket).language for ticket in found} == {"en-US"}


@pytest.mark.parametrize("role", ["agent", "end-user"])
def test_who_becomes_a_robot_in_the_settings_is_one_from_then_on(zd: FakeZendesk, store: Store, role: str) -> None:
    zd.add_user(BOT, role=role)
    ticket = zd.add_ticket()
    zd.say(ticket, BOT, "First.")
    sync(zd, store)
    zd.say(ticket, BOT, "Second.")
    sync(zd, store, robots=[BOT])
    assert speakers(store, ticket)["Second."] == "automation"
    assert store.people(DESK)[BOT].role == "automation"
    zd.say(ticket, BOT, "Third.")
    sync(zd, store)
    assert speakers(store, ticket)["Third."] == {"agent": "agent", "end-user": "customer"}[role]


# ---- names that change


def renamed(zd: FakeZendesk, what: str, name: str) -> None:
    rows: dict[str, tuple[dict[int, Any], int, str]] = {
        "group": (zd.groups, zd.group_id("Billing"), "name"),
        "field": (zd.fields, zd.field_id("Category"), "title"),
        "form": (zd.forms, next(iter(zd.forms)), "name"),
        "brand": (zd.brands, next(iter(zd.brands)), "name"),
        "status": (zd.statuses, zd.status_id("Pending"), "agent_label"),
    }
    table, number, column = rows[what]
    table[number][column] = name


NAMED = {
    "group": lambda ticket: ticket.group,
    "field": lambda ticket: next(iter(ticket.custom)),
    "form": lambda ticket: ticket.form,
    "brand": lambda ticket: ticket.brand,
    "status": lambda ticket: ticket.status_name,
}


def named_ticket(zd: FakeZendesk) -> str:
    ticket = zd.add_ticket(group_id=zd.group_id("Billing"), custom_fields={"Category": "cat_refund"})
    zd.change(ticket, ALICE, status="pending")
    return ticket


@pytest.mark.parametrize("what", NAMED)
def test_stored_tickets_take_over_a_new_name_at_a_refresh(zd: FakeZendesk, store: Store, what: str) -> None:
    ticket = named_ticket(zd)
    sync(zd, store)
    renamed(zd, what, "Brand new")
    for _ in range(4):
        sync(zd, store, refresh=True)
    assert NAMED[what](kept(store, ticket)) == "Brand new"
    assert sync(zd, store) == ["incremental/tickets/cursor", "incremental/ticket_events"]


def test_stored_tickets_take_over_the_new_name_of_an_option(zd: FakeZendesk, store: Store) -> None:
    ticket = named_ticket(zd)
    sync(zd, store)
    zd.fields[zd.field_id("Category")]["custom_field_options"][0]["name"] = "Money back"
    sync(zd, store, refresh=True)
    assert kept(store, ticket).custom["Category"] == "Money back"


def test_stored_tickets_take_over_the_new_name_of_an_organization(zd: FakeZendesk, store: Store) -> None:
    ticket = zd.add_ticket()
    sync(zd, store)
    lake = zd.organization_id("Lake Tours")
    zd.change_organization(lake, organization_fields={"tier": "platinum"})
    assert sync(zd, store, refresh=True).count("incremental/tickets/cursor") == 1
    assert place(store)["renamed"] is False
    zd.change_organization(lake, name="Sea Tours")
    sync(zd, store, refresh=True)
    assert kept(store, ticket).organization == "Sea Tours"


@pytest.mark.parametrize("what", ["group", "organization"])
def test_a_new_name_that_comes_beside_another_ticket_is_taken_over_by_the_next_pull(
    zd: FakeZendesk, store: Store, what: str
) -> None:
    quiet, busy = (zd.add_ticket(group_id=zd.group_id("Billing")) for _ in range(2))
    sync(zd, store)
    if what == "group":
        renamed(zd, "group", "Invoices")
    else:
        zd.change_organization(zd.organization_id("Lake Tours"), name="Sea Tours")
    zd.change(busy, ALICE, priority="high")
    sync(zd, store)
    sync(zd, store)
    assert (kept(store, quiet).group, kept(store, quiet).organization) in (
        ("Invoices", "Lake Tours"),
        ("Billing", "Sea Tours"),
    )


def test_a_new_name_costs_every_ticket_once_and_nobodys_past(zd: FakeZendesk, store: Store, clock: Clock) -> None:
    sleeping = zd.add_ticket("Sleeping", group_id=zd.group_id("Billing"))
    clock.time += LONG
    done, merged_away, rated = zd.add_ticket("Done"), zd.add_ticket("Merged"), zd.add_ticket("Rated")
    zd.change(done, ALICE, status="solved", assignee_id=zd.user_id(ALICE))
    zd.merge(merged_away, done)
    zd.rate(rated, "bad", "Slow.")
    sync(zd, store)
    renamed(zd, "group", "Invoices")
    before = {ticket: kept(store, ticket) for ticket in (done, merged_away, rated)}
    cut(zd, store, "search/export", refresh=True)
    paths = sync(zd, store)
    assert not any("audits" in path for path in paths)
    assert kept(store, sleeping).group == "Invoices"
    assert {ticket: kept(store, ticket) for ticket in before} == before
    assert [each["text"] for each in told(store, rated, "rating")] == ["Slow."]
    assert sync(zd, store) == ["incremental/tickets/cursor", "incremental/ticket_events"]


def test_a_group_that_was_made_anew_is_the_new_one_and_the_old_keeps_its_name(zd: FakeZendesk, store: Store) -> None:
    old = zd.add_group("Boats")
    ticket = zd.add_ticket(group_id=old)
    sync(zd, store)
    del zd.groups[old]
    new = zd.add_group("Boats")
    zd.add_group("Bikes")
    zd.change(ticket, ALICE, group_id=zd.group_id("Support"))
    sync(zd, store, refresh=True)
    assert store.catalogue(DESK).groups == ("Bikes", "Billing", "Boats", "Support")
    assert number_named("Boats", place(store)["desk"]["groups"]) == str(new)
    changes = [(each["old"], each["new"]) for each in told(store, ticket, "field") if each["field"] == "group"]
    assert changes[-1] == ("Boats", "Support")


def test_organizations_that_a_ticket_went_to_are_known_by_name(zd: FakeZendesk, store: Store) -> None:
    sea = zd.add_organization("Sea Tours")
    ticket = zd.add_ticket()
    sync(zd, store)
    zd.change_user("ana@customer.example", organization_id=sea)
    zd.change(ticket, ALICE, organization_id=sea)
    sync(zd, store)
    changes = [(each["old"], each["new"]) for each in told(store, ticket, "field") if each["field"] == "organization"]
    assert changes == [("Lake Tours", "Sea Tours")]
