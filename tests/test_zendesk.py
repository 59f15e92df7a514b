"""Reading Zendesk: paging, lag, names, history, both satisfaction models. Numbers are those of the facts a connector must obey."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fake_zendesk import FakeZendesk
from fake_zendesk_client import Clock, connect

from makegood.connectors.base import AuthFailed, ConnectorError, Rejected, Retryable
from makegood.connectors.conformance import events, settled, tickets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from makegood.connectors.base import Page
    from makegood.connectors.ticket import Event


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def zd(clock: Clock) -> Iterator[FakeZendesk]:
    with FakeZendesk(now=clock) as zd:
        yield zd


def pulled(zd: FakeZendesk, cursor: str | None = None, **options: Any) -> tuple[dict[str, Any], list[Event], str]:
    """Tickets and events of a pull two minutes later, and the cursor behind it."""
    zd.now.turn()  # type: ignore[attr-defined]
    pages = list(connect(zd, **options).pull(cursor))
    found = sorted(events(pages).values(), key=lambda event: (event.at, event.seq))
    return tickets(pages), found, pages[-1].cursor


def asked(zd: FakeZendesk, path: str) -> list[dict[str, str]]:
    return [each.params for each in zd.requests if each.path == path]


# ---- the exports


def test_the_first_export_starts_in_time_and_later_ones_only_follow_the_cursor(zd: FakeZendesk) -> None:
    """Fact 2. Added: asked for all support types."""
    zd.add_ticket()
    _, _, cursor = pulled(zd)
    pulled(zd, cursor)
    first, second = asked(zd, "incremental/tickets/cursor")
    assert int(first["start_time"]) <= zd.now().timestamp() - 60
    assert ("start_time" in second, "cursor" in second) == (False, True)
    assert {first["support_type_scope"], asked(zd, "incremental/ticket_events")[0]["support_type_scope"]} == {"all"}


def test_the_tickets_of_ai_agents_come_too(zd: FakeZendesk) -> None:
    ticket = zd.add_ticket()
    zd.tickets[int(ticket)]["support_type_scope"] = "ai_agent"
    found, told, _ = pulled(zd)
    assert ticket in found
    assert told


def test_an_export_is_read_to_the_end_of_the_stream(zd: FakeZendesk) -> None:
    """Fact 2: after_cursor is there on the last page, too, so it cannot tell the end."""
    for number in range(5):
        zd.add_ticket(f"Ticket {number}")
    zd.now.turn()  # type: ignore[attr-defined]
    desk = connect(zd)
    get = desk._http.json
    desk._http.json = lambda path, params=None: get(path, (params or {}) | {"per_page": "2"})  # type: ignore[method-assign]
    assert len(tickets(desk.pull(None))) == 5
    assert len(asked(zd, "incremental/tickets/cursor")) == 3


@pytest.mark.parametrize("path", ["incremental/tickets/cursor", "incremental/ticket_events"])
@pytest.mark.parametrize("kind", ["empty_page", "duplicate_page"])
def test_an_empty_or_repeated_page_is_not_the_end(zd: FakeZendesk, kind: str, path: str) -> None:
    """Facts 5 and 18, and the trap of silent ends: zenpy's own generators stop there."""
    ticket = zd.add_ticket()
    _, _, cursor = pulled(zd)
    zd.say(ticket, "alice@acme.example", "One.")
    zd.now.turn(1)  # type: ignore[attr-defined]
    zd.say(ticket, "alice@acme.example", "Two.")
    zd.fail(kind, path=path)
    found, told, _ = pulled(zd, cursor)
    assert ticket in found
    assert [event.text for event in told if event.kind == "message"] == ["One.", "Two."]


def test_an_export_that_stands_still_is_given_up_and_gone_on_with_later(zd: FakeZendesk) -> None:
    ticket = zd.add_ticket()
    zd.fail("empty_page", path="incremental/ticket_events", times=9)
    with pytest.raises(Retryable, match="does not move on"):
        pulled(zd)
    zd.faults.clear()
    assert ticket in pulled(zd)[0]


def test_more_than_a_page_in_one_second_is_read_whole(zd: FakeZendesk) -> None:
    """Traps: the time-based export repeats a second for ever; its tickets come together."""
    ticket = zd.add_ticket()
    for number in range(7):
        zd.say(ticket, "alice@acme.example", f"Note {number}", public=False)
    zd.now.turn()  # type: ignore[attr-defined]
    desk = connect(zd)
    get = desk._http.json
    desk._http.json = lambda path, params=None: get(path, (params or {}) | {"per_page": "2"})  # type: ignore[method-assign]
    texts = [event.text for event in events(desk.pull(None)).values() if event.kind == "message"]
    assert texts == ["Please help.", *(f"Note {number}" for number in range(7))]


def test_nothing_younger_than_a_minute_is_known_and_the_pull_says_so(zd: FakeZendesk, clock: Clock) -> None:
    """Fact 4."""
    old = zd.add_ticket("Old")
    clock.turn(90)
    young = zd.add_ticket("Young")
    pages = list(connect(zd).pull(None))
    assert set(tickets(pages)) == {old}
    assert pages[-1].known_to == clock() - timedelta(seconds=60)
    clock.turn(90)
    assert young in tickets(connect(zd).pull(pages[-1].cursor))


def test_tickets_are_never_newer_than_what_is_known_to_have_happened(zd: FakeZendesk, clock: Clock) -> None:
    """Fact 4: a reply between the two exports must not be missing under a stamp that a write would pass with."""
    ticket = zd.add_ticket()
    _, _, cursor = pulled(zd)
    zd.say(ticket, "alice@acme.example", "In time.")
    clock.turn(59)
    desk = connect(zd)
    get = desk._http.json

    def late(path: str, params: Any = None) -> Any:
        answer = get(path, params)
        if path == "incremental/tickets/cursor":
            clock.turn(5)
        return answer

    desk._http.json = late  # type: ignore[method-assign]
    pages = list(desk.pull(cursor))
    said = [event for event in events(pages).values() if event.kind == "message"]
    assert (list(tickets(pages)), said) == ([], [])
    found, told, _ = pulled(zd, pages[-1].cursor)
    assert (ticket in found, [event.text for event in told]) == (True, ["In time."])


def test_a_system_change_is_no_news_of_the_ticket(zd: FakeZendesk, clock: Clock) -> None:
    """The export shows what only the system touched: updated_at stays, and so does the version."""
    ticket = zd.add_ticket()
    before, _, cursor = pulled(zd)
    clock.turn()
    zd.touch(ticket)
    after, told, _ = pulled(zd, cursor)
    assert after[ticket] == before[ticket]
    assert told == []


def test_the_last_second_is_not_told_twice(zd: FakeZendesk) -> None:
    """Fact 5."""
    zd.add_ticket()
    _, told, cursor = pulled(zd)
    assert told
    assert pulled(zd, cursor)[1] == []


# ---- names


def test_everything_is_called_by_its_name(zd: FakeZendesk) -> None:
    """Facts 12 and 19: names from numbers above 2^31; the status is the category, the custom status has its name."""
    waiting = zd.add_status("pending", "Waiting for parts")
    fields = {
        "Category": "cat_refund",
        "VIP": True,
        "Seats": 3,
        "Follow up by": "2026-03-06",
        "Products": ["prod_boats"],
    }
    ticket = zd.add_ticket(
        "Boat",
        group_id=zd.group_id("Billing"),
        custom_fields=fields,
        priority="high",
    )
    zd.change(ticket, "alice@acme.example", assignee_id=zd.user_id("bob@acme.example"), custom_status_id=waiting)
    found = pulled(zd)[0][ticket]
    assert (found.group, found.status, found.status_name, found.priority) == (
        "Billing",
        "pending",
        "Waiting for parts",
        "high",
    )
    assert (found.organization, found.language, found.brand, found.form) == (
        "Lake Tours",
        "en-US",
        "Acme",
        "Default ticket form",
    )
    assert dict(found.custom) == {
        "Category": "Refund",
        "VIP": "yes",
        "Seats": "3",
        "Follow up by": "2026-03-06T00:00:00Z",
        "Products": ("Boats",),
    }
    assert int(ticket) > 2**31
    assert found.url.endswith(f"/agent/tickets/{ticket}")


def test_what_is_newer_than_the_lists_is_looked_up_once(zd: FakeZendesk) -> None:
    _, _, cursor = pulled(zd)
    form, brand = zd.add_form("Returns"), zd.add_brand("Beta")
    ticket = zd.add_ticket(ticket_form_id=form, brand_id=brand)
    found = pulled(zd, cursor)[0][ticket]
    assert (found.form, found.brand) == ("Returns", "Beta")


def test_people_in_copy_are_looked_up_by_the_hundred(zd: FakeZendesk) -> None:
    ticket = zd.add_ticket()
    zd.change(ticket, "alice@acme.example", email_ccs=[{"user_email": "ben@customer.example", "action": "put"}])
    found = pulled(zd)[0][ticket]
    assert found.cc == ("ben@customer.example",)
    assert len(asked(zd, "users/show_many")) == 1


def test_an_agent_who_is_newer_than_the_lists_is_no_customer(zd: FakeZendesk) -> None:
    ticket = zd.add_ticket()
    _, _, cursor = pulled(zd)
    zd.add_user("dora@acme.example", "Dora", "agent", groups=[zd.group_id("Support")])
    zd.say(ticket, "dora@acme.example", "Hello, I am new here.")
    told = pulled(zd, cursor)[1]
    assert [(event.actor_kind, event.public) for event in told if event.kind == "message"] == [("agent", True)]


def test_changed_people_and_organizations_come_with_a_refresh(zd: FakeZendesk, clock: Clock) -> None:
    """Added: they are two more streams; a changed organization touches no ticket."""
    zd.add_ticket()
    _, _, cursor = pulled(zd)
    zd.change_organization(zd.organization_id("Lake Tours"), organization_fields={"tier": "platinum"})
    zd.change_user("ana@customer.example", user_fields={"vip": True})
    clock.turn()
    before = len(zd.requests)
    pages = list(connect(zd).pull(cursor, refresh=True))
    assert [dict(each.fields) for page in pages for each in page.organizations] == [{"tier": "platinum"}]
    zd.change_organization(zd.organization_id("Lake Tours"), organization_fields={"tier": "silver"})
    clock.turn()
    later = list(connect(zd).pull(pages[-1].cursor, refresh=True))
    assert [dict(each.fields) for page in later for each in page.organizations] == [{"tier": "silver"}]
    ana = next(person for page in pages for person in page.people if person.email == "ana@customer.example")
    assert (dict(ana.fields), ana.organization) == ({"vip": "yes"}, "Lake Tours")
    assert len(zd.requests) - before <= 2 * (3 + 7)


def test_who_we_are_is_asked_again_with_a_refresh(zd: FakeZendesk, clock: Clock) -> None:
    """The settings may name another account than before; who we were, in no group here, is a person then."""
    ticket = zd.add_ticket()
    zd.add_user("olga@acme.example", "Olga", "admin")
    zd.entry.client_users["makegood"] = "olga@acme.example"
    _, _, cursor = pulled(zd)
    zd.entry.client_users["makegood"] = "makegood@acme.example"
    clock.turn()
    pages = list(connect(zd).pull(cursor, refresh=True))
    roles = {person.email: person.role for page in pages for person in page.people}
    assert (roles["makegood@acme.example"], roles["olga@acme.example"]) == ("robot", "agent")
    assert [page.catalogue.me for page in pages if page.catalogue] == [str(zd.user_id("makegood@acme.example"))]
    for person in ("makegood", "olga"):
        zd.say(ticket, f"{person}@acme.example", "Look.\n\nmakegood 7f3a2c", public=False)
    told = [event for event in pulled(zd, pages[-1].cursor)[1] if event.kind == "message"]
    assert [(event.actor_kind, event.marker) for event in told] == [("robot", "7f3a2c"), ("agent", None)]


def test_presence_is_told_where_the_account_routes_by_it(zd: FakeZendesk) -> None:
    zd.set_availability("alice@acme.example", "away")
    zd.set_availability("bob@acme.example", "online")
    zd.now.turn()  # type: ignore[attr-defined]
    people = {person.email: person.away for page in connect(zd).pull(None) for person in page.people}
    assert (people["alice@acme.example"], people["bob@acme.example"], people["makegood@acme.example"]) == (
        True,
        False,
        None,
    )


# ---- what happened


def test_everything_that_happened_is_told_with_who_did_it(zd: FakeZendesk, clock: Clock) -> None:
    ticket = zd.add_ticket("Boat", "It leaks.")
    clock.turn(60)
    zd.change(ticket, "alice@acme.example", assignee_id=zd.user_id("alice@acme.example"), status="open", tags=["boat"])
    clock.turn(60)
    zd.say(ticket, "alice@acme.example", "We will call you on Friday.")
    clock.turn(60)
    zd.say(ticket, "alice@acme.example", "Check the hull first.", public=False)
    clock.turn(60)
    zd.change(ticket, "alice@acme.example", status="solved")
    clock.turn(60)
    zd.say(ticket, "ana@customer.example", "It still leaks.\n\n> We will call you on Friday.")
    told = [(e.kind, e.field, e.new, e.text, e.public, e.actor_kind) for e in pulled(zd)[1] if e.field != "status_name"]
    alice = str(zd.user_id("alice@acme.example"))
    assert told[:2] == [
        ("created", None, None, None, False, "customer"),
        ("message", None, None, "It leaks.", True, "customer"),
    ]
    assert ("field", "assignee", alice, None, False, "agent") in told
    assert ("field", "tags", ("boat",), None, False, "agent") in told
    assert ("message", None, None, "We will call you on Friday.", True, "agent") in told
    assert ("message", None, None, "Check the hull first.", False, "agent") in told
    assert ("field", "status", "solved", None, False, "agent") in told
    assert told[-1][3:] == ("It still leaks.", True, "customer") or told[-2][3:] == (
        "It still leaks.",
        True,
        "customer",
    )
    assert ("field", "status", "open", None, False, "customer") in told


def test_what_a_trigger_did_to_a_persons_update_is_automation(zd: FakeZendesk) -> None:
    """Added: the audit's author is the person, the child's own via tells the trigger."""
    zd.add_trigger("Raise", lambda row, _: row["status"] == "open", {"priority": "urgent"})
    ticket = zd.add_ticket()
    zd.change(ticket, "alice@acme.example", status="open")
    kinds = {event.field: event.actor_kind for event in pulled(zd)[1] if event.kind == "field"}
    assert (kinds["status"], kinds["priority"]) == ("agent", "automation")


def test_an_automatic_reply_is_no_customers_word(zd: FakeZendesk) -> None:
    ticket = zd.add_ticket()
    zd.say(ticket, "ana@customer.example", "I am out of office.", auto=True)
    zd.say(ticket, "ben@customer.example", "Undeliverable.")
    told = pulled(zd, ignore_senders=["BEN@*"])[1]
    assert [event.auto for event in told if event.kind == "message"] == [False, True, True]


def test_robots_named_in_the_settings_are_not_people(zd: FakeZendesk) -> None:
    ticket = zd.add_ticket()
    zd.change(ticket, "bob@acme.example", priority="high")
    told = pulled(zd, robots=["Bob@acme.example"])[1]
    assert [event.actor_kind for event in told if event.field == "priority"] == ["automation"]


@pytest.mark.parametrize("model", ["legacy", "survey"])
def test_a_rating_counts_when_it_is_given_and_again_when_it_changes(zd: FakeZendesk, clock: Clock, model: str) -> None:
    """Fact 16, both models: offered is no answer, another score is another event."""
    zd.csat_model = model
    ticket = zd.add_ticket()
    zd.rate(ticket, "offered")
    clock.turn()
    zd.rate(ticket, "good", "Thanks!")
    given = clock()
    found, told, cursor = pulled(zd)
    ratings = [event for event in told if event.kind == "rating"]
    assert [(each.new, each.at, each.text, each.actor_kind) for each in ratings] == [
        ("good", given, "Thanks!", "customer")
    ]
    assert found[ticket].csat == "good"
    clock.turn()
    zd.rate(ticket, "bad", "It broke again.")
    found, told, _ = pulled(zd, cursor)
    assert [(each.new, each.text) for each in told if each.kind == "rating"] == [("bad", "It broke again.")]
    assert found[ticket].csat == "bad"


def test_a_rating_that_no_event_tells_of_is_told_all_the_same(zd: FakeZendesk) -> None:
    ticket = zd.add_ticket()
    zd.tickets[int(ticket)]["satisfaction_rating"] = {"score": "bad", "id": 7, "comment": "Slow."}
    _, told, _ = pulled(zd)
    assert [(e.new, e.text, e.id) for e in told if e.kind == "rating"] == [("bad", "Slow.", f"{ticket}.rated.7.bad")]


def test_a_merged_ticket_says_where_it_went_from_the_first_pull_and_later(zd: FakeZendesk, clock: Clock) -> None:
    one, two, three = zd.add_ticket("One"), zd.add_ticket("Two"), zd.add_ticket("Three")
    zd.merge(one, three)
    found, told, cursor = pulled(zd)
    assert (found[one].merged_into, found[three].merged_into) == (three, None)
    assert [(e.ticket, e.new) for e in told if e.kind == "merged"] == [(one, three)]
    clock.turn()
    zd.merge(two, three)
    zd.touch(one)
    found, told, _ = pulled(zd, cursor)
    assert (found[two].merged_into, found[one].merged_into) == (three, three)
    assert connect(zd).read([one]).tickets[0].merged_into == three


def test_a_deleted_ticket_is_told_as_deleted(zd: FakeZendesk, clock: Clock) -> None:
    """Fact 2, and the trap that the schema knows no such status."""
    ticket = zd.add_ticket()
    _, _, cursor = pulled(zd)
    zd.delete(ticket)
    found, told, _ = pulled(zd, cursor)
    assert found[ticket].deleted
    assert [event.kind for event in told if event.kind == "deleted"] == ["deleted"]
    assert list(connect(zd).read([ticket]).gone) == [ticket]


def test_open_tickets_are_whole_however_old_and_others_begin_with_the_history(zd: FakeZendesk, clock: Clock) -> None:
    start = clock()
    sleeping, stirred, done = (zd.add_ticket(name) for name in ("Sleeping", "Stirred", "Done"))
    forgotten = zd.add_ticket("Long solved")
    zd.change(forgotten, "alice@acme.example", status="solved", assignee_id=zd.user_id("alice@acme.example"))
    clock.time = start + timedelta(days=300)
    zd.change(stirred, "alice@acme.example", priority="high")
    zd.change(done, "alice@acme.example", status="solved", assignee_id=zd.user_id("alice@acme.example"))
    found, told, _ = pulled(zd)
    assert {n: t.history_from is None for n, t in found.items()} == {sleeping: True, stirred: True, done: False}
    created = {event.ticket for event in told if event.kind == "created"}
    assert created == {sleeping, stirred}
    assert [p["query"] for p in asked(zd, "search/export")] == [
        f"type:ticket status<solved updated<{start + timedelta(days=122):%Y-%m-%d}"
    ]
    assert len(asked(zd, f"tickets/{done}/audits")) == 0


# ---- the desk's own clocks and hours


@pytest.mark.parametrize("exported", [True, False])
def test_clocks_are_known_whether_the_export_side_loads_them_or_not(zd: FakeZendesk, exported: bool) -> None:
    zd.slas_in_export = exported
    zd.add_sla_policy("Standard", {"first_reply_time": 60})
    zd.add_ticket()
    _, told, cursor = pulled(zd)
    assert [(e.field, e.new) for e in told if e.kind == "sla"] == [("first_reply_time", "running")]
    assert len(asked(zd, "tickets/show_many")) == (0 if exported else 1)
    pulled(zd, cursor)
    assert len(asked(zd, "tickets/show_many")) == (0 if exported else 1)


def test_service_levels_stand_on_tickets_and_end_with_metric_events(zd: FakeZendesk, clock: Clock) -> None:
    zd.add_sla_policy("Standard", {"first_reply_time": 60, "requester_wait_time": 600})
    kept, late = zd.add_ticket("Kept"), zd.add_ticket("Late")
    zd.now.turn()  # type: ignore[attr-defined]
    desk = connect(zd)
    pages = list(desk.pull(None))
    assert set(next(page.catalogue for page in pages if page.catalogue).slas) == {
        "first_reply_time",
        "requester_wait_time",
    }
    due = (zd.sla and clock() - timedelta(seconds=120) + timedelta(minutes=60)).strftime("%Y-%m-%dT%H:%M:%SZ")
    running = [e for e in events(pages).values() if e.kind == "sla" and e.field == "first_reply_time"]
    assert {(e.ticket, e.new, e.old) for e in running} == {(kept, "running", due), (late, "running", due)}
    clock.turn(600)
    zd.say(kept, "alice@acme.example", "Here we are.")
    answered = clock()
    clock.turn(4000)
    zd.say(late, "alice@acme.example", "Sorry.")
    _, told, _ = pulled(zd, pages[-1].cursor)
    ends = [
        (e.ticket, e.new, e.at)
        for e in told
        if e.kind == "sla" and e.field == "first_reply_time" and e.new in ("met", "missed")
    ]
    assert (kept, "met", answered) in ends
    assert {state for ticket, state, _ in ends if ticket == late} == {"missed"}


def test_a_clock_that_ended_is_told_after_a_pull_that_was_cut_off(zd: FakeZendesk, clock: Clock) -> None:
    """The ticket came before the cut, the metric event after it: else the clock would run on into a miss."""
    zd.add_sla_policy("Standard", {"first_reply_time": 60})
    ticket = zd.add_ticket()
    _, _, cursor = pulled(zd)
    clock.turn(600)
    zd.say(ticket, "alice@acme.example", "Here we are.")
    zd.fail(500, path="ticket_metric_events", times=9)
    clock.turn()
    stored: list[Page] = []
    with pytest.raises(Retryable):
        stored_pages(connect(zd), cursor, stored)
    zd.faults.clear()
    zd.say(ticket, "alice@acme.example", "One more thing.")
    zd.touch(zd.add_ticket("Another"))
    _, told, _ = pulled(zd, stored[-1].cursor)
    assert [(e.ticket, e.new) for e in told if e.kind == "sla" and e.new == "met"] == [(ticket, "met")]


def stored_pages(desk: Any, cursor: str | None, stored: list[Page]) -> None:
    """Pages one by one, kept as they come, whatever ends the pull."""
    for page in desk.pull(cursor):
        stored.append(page)  # noqa: PERF402


def test_metric_events_are_not_asked_for_where_nothing_changed_or_nobody_has_policies(zd: FakeZendesk) -> None:
    zd.add_ticket()
    _, _, cursor = pulled(zd)
    assert asked(zd, "incremental/ticket_metric_events") == []
    zd.add_sla_policy("Standard", {"first_reply_time": 60})
    _, _, cursor = pulled(zd)
    assert len(asked(zd, "incremental/ticket_metric_events")) == 1
    pulled(zd, cursor)
    assert len(asked(zd, "incremental/ticket_metric_events")) == 1


def test_working_hours_and_holidays_can_be_taken_over(zd: FakeZendesk) -> None:
    """Fact 15."""
    office = zd.add_schedule(
        "Office", [(1440 + 540, 1440 + 1020), (2880, 2880 + 1440)], time_zone="Pacific Time (US & Canada)"
    )
    zd.add_holiday(office, "Christmas", "2026-12-24", "2026-12-26")
    (found,) = connect(zd).catalogue().schedules
    assert (found.time_zone, dict(found.hours)) == (
        "America/Los_Angeles",
        {"mon": ("09:00-17:00",), "tue": ("00:00-24:00",)},
    )
    assert found.closed == ("2026-12-24..2026-12-26",)


def test_plans_without_the_finer_things_do_without(zd: FakeZendesk) -> None:
    zd.has_forms = False
    for path in ("slas/policies", "business_hours/schedules", "custom_statuses"):
        zd.fail(403, path=path)
    catalogue = connect(zd).catalogue()
    assert (catalogue.forms, catalogue.slas, catalogue.schedules) == ((), (), ())
    assert catalogue.statuses["On-hold"] == "on_hold"


# ---- getting in


def test_the_token_is_asked_for_with_its_lifetime_and_lasts_for_the_run(zd: FakeZendesk) -> None:
    """Fact 1."""
    pulled(zd)
    (token,) = [each for each in zd.requests if each.path == "oauth/tokens"]
    assert token.body["grant_type"] == "client_credentials"
    assert token.body["scope"] == "read write"
    assert 300 <= token.body["expires_in"] <= 172_800
    assert zd.token_calls == 1


def test_a_token_that_ends_in_the_middle_is_renewed_before_and_after_the_fact(zd: FakeZendesk, clock: Clock) -> None:
    desk = connect(zd)
    assert desk.catalogue()
    clock.turn(3 * 3600)
    assert desk.catalogue()
    assert zd.token_calls == 2
    zd.revoke_tokens()
    assert desk.catalogue()
    assert zd.token_calls == 3


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ({"client": ("makegood", "wrong")}, "oauth/tokens"),
        ({"account": ("makegood@acme.example", "wrong")}, "api/v2/users/me"),
    ],
)
def test_a_wrong_secret_says_so(zd: FakeZendesk, way: dict[str, Any], said: str) -> None:
    with pytest.raises(AuthFailed) as caught:
        connect(zd, **way).catalogue()
    assert said in caught.value.message
    assert caught.value.hint
    assert "wrong" not in caught.value.message


def test_an_account_that_is_no_administrator_cannot_pull_and_is_told_what_to_do(zd: FakeZendesk) -> None:
    zd.exports_for_admins_only = True
    account = ("reader@acme.example", zd.entry.reader_api_token)
    with pytest.raises(AuthFailed, match="may not do this"):
        pulled(zd, account=account)


def test_without_any_way_in_nothing_is_asked() -> None:
    from makegood.connectors.zendesk import Zendesk

    with pytest.raises(Rejected) as caught:
        Zendesk("https://acme.zendesk.example", now=Clock())
    assert "client_id" in caught.value.hint


# ---- what can go wrong


@pytest.mark.parametrize("wait", [{"Retry_After": "7"}, {"Retry_After": "Mon, 02 Mar 2026 09:02:30 GMT"}, {}])
def test_429_is_waited_for_in_every_form(zd: FakeZendesk, clock: Clock, wait: dict[str, str]) -> None:
    """Fact 8, and the traps: zenpy sleeps for ever on the one and fails on the other."""
    zd.fail(429, path="tickets/cursor", **wait)
    zd.add_ticket()
    began = clock()
    assert len(pulled(zd)[0]) == 1
    waited = (clock() - began).total_seconds() - 120
    expected = {"7": 7, "Mon, 02 Mar 2026 09:02:30 GMT": 30}.get(wait.get("Retry_After", ""), 0.5)
    assert waited == pytest.approx(expected, abs=1.5)


@pytest.mark.parametrize("kind", [500, 502, 503, "cut_before", "slow"])
def test_a_read_is_tried_again(zd: FakeZendesk, kind: int | str) -> None:
    ticket = zd.add_ticket()
    zd.fail(kind, path="tickets/cursor", times=2)
    assert ticket in pulled(zd, patience=0.2)[0]


@pytest.mark.parametrize("kind", ["html", "not_json", 400, 404])
def test_an_answer_that_is_none_is_a_connectors_error(zd: FakeZendesk, kind: int | str) -> None:
    zd.fail(kind, path="tickets/cursor", times=9)
    with pytest.raises(ConnectorError) as caught:
        pulled(zd)
    assert "tickets/cursor" in caught.value.message


def test_a_pull_that_fails_half_way_goes_on_from_its_last_page(zd: FakeZendesk) -> None:
    ticket = zd.add_ticket()
    zd.now.turn()  # type: ignore[attr-defined]
    zd.fail(500, path="ticket_events", times=9)
    stored: list[Page] = []
    with pytest.raises(Retryable):
        stored_pages(connect(zd), None, stored)
    zd.faults.clear()
    rest = list(connect(zd).pull(stored[-1].cursor))
    assert ticket in tickets(stored)
    assert [event.kind for event in events(rest).values()][:1] == ["created"]


def test_cursors_hold_no_secret(zd: FakeZendesk) -> None:
    zd.add_ticket()
    text = settled(connect(zd))
    assert "secret" not in text
    assert json.loads(text)["desk"]["me"]


# ---- reading for a second look


def test_a_look_at_one_ticket_is_one_call(zd: FakeZendesk) -> None:
    """What a version mismatch costs."""
    from types import SimpleNamespace

    ticket = zd.add_ticket()
    _, _, cursor = pulled(zd)
    lake = {str(zd.organization_id("Lake Tours")): "Lake Tours"}
    memory: Any = SimpleNamespace(
        ticket=lambda _: None,
        people=lambda _: {},
        organizations=lambda ids: {n: lake[n] for n in ids},
        events=lambda _: (),
    )
    desk = connect(zd, memory=memory)
    list(desk.pull(cursor))
    before = len(zd.requests)
    assert desk.read([ticket]).tickets[0].organization == "Lake Tours"
    assert len(zd.requests) - before == 1


# ---- lists, and the facts all together


@pytest.mark.parametrize("kind", ["empty_page", "duplicate_page"])
def test_lists_are_followed_over_pages_that_bring_nothing(zd: FakeZendesk, kind: str) -> None:
    """Fact 18: cursors of a hundred, on ``has_more`` alone."""
    for number in range(250):
        zd.add_group(f"Group {number}")
    desk = connect(zd)
    get = desk._http.json
    told: list[str] = []

    def bent(path: str, params: Any = None) -> Any:
        told.append(path)
        if path == "groups" and told.count("groups") in (1, 3, 4):
            zd.fail(kind, path="groups")
        return get(path, params)

    desk._http.json = bent  # type: ignore[method-assign]
    assert len(desk.catalogue().groups) == 252
    pages = asked(zd, "groups")
    assert (len(pages), {page["page[size]"] for page in pages}) == (6, {"100"})


def test_a_list_that_stands_still_is_given_up_and_never_taken_for_the_whole(zd: FakeZendesk) -> None:
    zd.fail("empty_page", path="groups", times=1000)
    with pytest.raises(Retryable, match="does not move on"):
        connect(zd).catalogue()
    assert len(asked(zd, "groups")) < 10
    zd.faults.clear()
    assert len(connect(zd).catalogue().groups) == 2


def test_old_tickets_behind_a_page_that_brings_nothing_are_found(zd: FakeZendesk, clock: Clock) -> None:
    found = {zd.add_ticket(f"Ticket {number}") for number in range(110)}
    clock.time += timedelta(days=300)
    zd.fail("empty_page", path="search/export", times=2)
    assert set(pulled(zd)[0]) == found


def test_lists_that_know_no_cursor_are_followed_by_number(zd: FakeZendesk) -> None:
    http = connect(zd)._http
    pages = {
        "": {"rows": [1], "next_page": "https://x/api/v2/things.json?page=2"},
        "2": {"rows": [2], "next_page": None},
    }
    http.json = lambda _path, params=None: pages[(params or {}).get("page", "")]  # type: ignore[method-assign]
    assert http.rows("things", "rows") == [1, 2]


def test_search_is_only_asked_for_what_its_index_cannot_lag_behind_with(zd: FakeZendesk, clock: Clock) -> None:
    """Fact 17: once, for open tickets that nobody touched for half a year."""
    zd.add_ticket()
    _, _, cursor = pulled(zd)
    pulled(zd, cursor)
    searches = [each for each in zd.requests if "search" in each.path]
    assert [each.path for each in searches] == ["search/export"]


def test_audits_of_all_tickets_are_never_followed(zd: FakeZendesk) -> None:
    """Facts 4 and 10, traps: that list skips records when it is tailed; jobs and ticket lists are not used at all."""
    ticket = zd.add_ticket()
    _, _, cursor = pulled(zd)
    zd.say(ticket, "alice@acme.example", "Hello.")
    pulled(zd, cursor)
    assert not {each.path for each in zd.requests} & {"ticket_audits", "tickets", "job_statuses", "ticket_metrics"}


def test_every_fact_that_a_connector_must_obey_has_a_test() -> None:
    """The facts are numbered 1 to 20."""
    found: set[int] = set()
    for path in Path(__file__).parent.glob("test_zendesk*.py"):
        for said in re.findall(r"Facts? (\d+(?:(?:, | and )\d+)*)", path.read_text(encoding="utf-8")):
            found |= {int(number) for number in re.findall(r"\d+", said)}
    assert found >= set(range(1, 21))


def test_agents_in_no_group_are_known_by_name(zd: FakeZendesk) -> None:
    """They own no tickets, but leads and receivers of notices may be among them."""
    zd.add_user("boss@acme.example", "The boss", "admin")
    people = {person.email: person.role for page in connect(zd).pull(None) for person in page.people}
    assert people["boss@acme.example"] == "agent"
