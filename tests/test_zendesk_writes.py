"""Writing Zendesk: one checked PUT a ticket, judged by its answer, never repeated blindly. Numbers are those of the facts."""

from __future__ import annotations

import inspect
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from fake_zendesk import FakeZendesk
from fake_zendesk_client import Clock, connect

from makegood.connectors.base import Change, Conflict, ConnectorError, Gone, Rejected, Retryable
from makegood.connectors.conformance import MARKER, NOTE, results, visit
from makegood.connectors.transport import Unsure
from makegood.connectors.zendesk_http import Http

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fake_zendesk import Asked

    from makegood.connectors.base import Written
    from makegood.connectors.ticket import Ticket
    from makegood.connectors.zendesk import Zendesk

NOTED = Change("note", "note", text=NOTE, marker=MARKER)
OTHER = Change("other", "note", text="Second.\n\nmakegood 111111", marker="111111")


@pytest.fixture
def zd() -> Iterator[FakeZendesk]:
    with FakeZendesk(now=Clock()) as zd:
        zd.add_ticket("Boat", "It leaks.")
        yield zd


@pytest.fixture
def ticket(zd: FakeZendesk) -> str:
    return next(str(number) for number in zd.tickets)


def puts(zd: FakeZendesk) -> list[dict[str, Any]]:
    """What was sent, ticket by ticket."""
    return [each.body["ticket"] for each in zd.writes]


def tried(zd: FakeZendesk, ticket: str, *changes: Change, **options: Any) -> Written:
    zd.now.turn()  # type: ignore[attr-defined]
    return visit(connect(zd, **options), ticket, *changes)


def comments(zd: FakeZendesk) -> list[str]:
    return [event["body"] for audit in zd.audits for event in audit.events if event["type"] == "Comment"]


class Copy:
    """A local copy that holds one ticket, as a sync has it after its pull."""

    def __init__(self, ticket: Ticket) -> None:
        self._ticket = ticket

    def cursor(self) -> None:
        return None

    def ticket(self, number: str) -> Ticket | None:
        return self._ticket if number == self._ticket.id else None

    def people(self, ids: Any) -> dict[str, Any]:
        return {}

    def organizations(self, ids: Any) -> dict[str, str]:
        return dict.fromkeys(ids, "Lake Tours")

    def events(self, ids: Any) -> set[str]:
        return set()


def synced(zd: FakeZendesk, number: str) -> tuple[Zendesk, Ticket]:
    """A connector in the middle of a sync: it has pulled, and the copy knows the ticket."""
    zd.now.turn()  # type: ignore[attr-defined]
    cursor = list(connect(zd).pull(None))[-1].cursor
    known = connect(zd).read([number]).tickets[0]
    desk = connect(zd, memory=Copy(known))
    list(desk.pull(cursor))
    return desk, known


# ---- one PUT


def test_a_ticket_is_written_in_one_put_and_nothing_else(zd: FakeZendesk, ticket: str) -> None:
    """Fact 9: only what changes, safe_update with the stamp of the plan, tags whole, the comment in the same call."""
    zd.change(ticket, "alice@acme.example", tags=["old"])
    desk, known = synced(zd, ticket)
    before = len(zd.requests)
    written = desk.apply(
        ticket,
        [
            Change("1", "assign", "assignee", new=str(zd.user_id("alice@acme.example"))),
            Change("2", "assign", "group", new="Support"),
            Change("3", "set", "priority", new="high"),
            Change("4", "add_tags", "tags", new=("vip",)),
            Change("5", "remove_tags", "tags", new=("old",)),
            NOTED,
        ],
        known.version,
    )
    assert {outcome.result for outcome in written.outcomes} == {"applied"}
    assert len(zd.requests) - before == 1
    (sent,) = puts(zd)
    assert sent == {
        "assignee_id": zd.user_id("alice@acme.example"),
        "group_id": zd.group_id("Support"),
        "priority": "high",
        "tags": ["vip"],
        "comment": {"body": NOTE, "public": False},
        "metadata": {"makegood": MARKER},
        "safe_update": True,
        "updated_stamp": known.version,
    }
    assert (written.ticket.organization, written.ticket.language) == ("Lake Tours", "en-US")
    assert written.ticket == connect(zd).read([ticket]).tickets[0]


def test_a_further_note_is_a_put_of_its_own_with_the_new_stamp(zd: FakeZendesk, ticket: str) -> None:
    desk, known = synced(zd, ticket)
    zd.now.turn()  # type: ignore[attr-defined]
    written = desk.apply(ticket, [NOTED, OTHER], known.version)
    assert results(written) == [("note", "applied"), ("other", "applied")]
    stamps = [sent["updated_stamp"] for sent in puts(zd)]
    assert stamps[0] == known.version != stamps[1]
    assert {event.marker for event in written.events} == {MARKER, "111111"}


def test_tickets_are_never_written_in_bulk(zd: FakeZendesk, ticket: str) -> None:
    """Fact 10 and the traps of jobs: failed rows in completed jobs raise nothing, and no stamp is checked."""
    import makegood.connectors.zendesk as package

    folder = inspect.getfile(package).rpartition("/")[0]
    from pathlib import Path

    sources = [path.read_text() for path in Path(folder).glob("zendesk*.py")]
    assert not any("update_many" in source or "/tags" in source for source in sources)
    tried(zd, ticket, Change("1", "add_tags", "tags", new=("a",)))
    assert [each.path for each in zd.writes] == [f"tickets/{ticket}"]


# ---- values


@pytest.mark.parametrize(
    ("change", "sent"),
    [
        (("set", "status", "on_hold"), {"status": "hold"}),
        (("set", "status", "pending"), {"status": "pending"}),
        (("set", "type", "task"), {"type": "task"}),
        (("set", "subject", "Leaking boat"), {"subject": "Leaking boat"}),
        (("set", "field.Category", "Refund"), {"custom_fields": [("Category", "cat_refund")]}),
        (("set", "field.VIP", "yes"), {"custom_fields": [("VIP", True)]}),
        (("set", "field.Seats", "4"), {"custom_fields": [("Seats", "4")]}),
        (("set", "field.Follow up by", "2026-03-06T00:00:00Z"), {"custom_fields": [("Follow up by", "2026-03-06")]}),
        (
            ("set", "field.Products", ("Boats", "Bikes")),
            {"custom_fields": [("Products", ["prod_boats", "prod_bikes"])]},
        ),
        (
            ("add_cc", "cc", ("new@customer.example",)),
            {"email_ccs": [{"user_email": "new@customer.example", "action": "put"}]},
        ),
    ],
)
def test_values_are_written_in_zendesks_words(zd: FakeZendesk, ticket: str, change: Any, sent: dict[str, Any]) -> None:
    written = tried(zd, ticket, Change("1", change[0], change[1], new=change[2]))
    assert results(written) == [("1", "applied")], written.outcomes
    (body,) = puts(zd)
    told = {key: value for key, value in body.items() if key not in ("safe_update", "updated_stamp")}
    if "custom_fields" in sent:
        sent = {"custom_fields": [{"id": zd.field_id(name), "value": raw} for name, raw in sent["custom_fields"]]}
    assert told == sent


def test_a_custom_status_is_written_by_its_number(zd: FakeZendesk, ticket: str) -> None:
    """Fact 12."""
    number = zd.add_status("pending", "Waiting for parts")
    written = tried(zd, ticket, Change("1", "set", "status_name", new="waiting for Parts"))
    assert puts(zd)[0]["custom_status_id"] == number
    assert (written.ticket.status, written.ticket.status_name) == ("pending", "Waiting for parts")


def test_a_dropdown_and_tags_in_one_go_do_not_bring_the_old_choice_back(zd: FakeZendesk, ticket: str) -> None:
    """Traps: drop-downs are tags underneath; the whole list of old tags would restore what was there."""
    zd.change(ticket, "alice@acme.example", custom_fields={"Category": "cat_delivery", "VIP": True})
    written = tried(
        zd,
        ticket,
        Change("1", "add_tags", "tags", new=("urgent",)),
        Change("2", "set", "field.Category", new="Refund"),
        Change("3", "set", "field.VIP", new="no"),
    )
    assert {outcome.result for outcome in written.outcomes} == {"applied"}
    assert dict(written.ticket.custom) == {"Category": "Refund", "VIP": "no"}
    assert sorted(written.ticket.tags) == ["cat_refund", "urgent"]


def test_a_due_date_is_only_kept_by_tasks(zd: FakeZendesk, ticket: str) -> None:
    """Fact 14; the trap that zenpy sends a bare date: the time of day stays."""
    due = Change("1", "set", "due", new="2026-03-06T17:30:00Z")
    refused = tried(zd, ticket, due).outcomes[0]
    assert (refused.result, "task" in refused.detail) == ("refused", True)
    zd.change(ticket, "alice@acme.example", type="task")
    written = tried(zd, ticket, due)
    assert results(written) == [("1", "applied")]
    assert puts(zd)[-1]["due_at"] == "2026-03-06T17:30:00Z"


# ---- who may own it


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("carol@acme.example", "suspended"),
        ("ana@customer.example", "not an agent"),
        ("dora@acme.example", "not in the group Support"),
    ],
)
def test_who_cannot_own_the_ticket_is_not_even_sent(zd: FakeZendesk, ticket: str, who: str, why: str) -> None:
    """Fact 13: only an active agent of the group."""
    zd.add_user("dora@acme.example", "Dora", "agent", groups=[zd.group_id("Billing")])
    person = str(zd.user_id(who))
    known = connect(zd).read([ticket]).people
    people = {each.id: each for page in connect(zd).pull(None) for each in page.people} | {
        each.id: each for each in known
    }
    zd.now.turn()  # type: ignore[attr-defined]
    desk, before = synced(zd, ticket)
    desk._memory.people = lambda ids: {n: people[n] for n in ids if n in people}  # type: ignore[union-attr, method-assign]
    changes = [Change("1", "assign", "group", new="Support"), Change("2", "assign", "assignee", new=person), NOTED]
    written = desk.apply(ticket, changes, before.version)
    assert results(written) == [("1", "applied"), ("2", "refused"), ("note", "applied")]
    assert why in written.outcomes[1].detail
    assert "assignee_id" not in puts(zd)[0]


def test_somebody_who_joined_the_group_since_the_last_look_may_own_it(zd: FakeZendesk, ticket: str) -> None:
    """What is known of people may be an hour old, so a refusal is never made from it alone."""
    zd.add_user("dora@acme.example", "Dora", "agent", groups=[zd.group_id("Billing")])
    dora = str(zd.user_id("dora@acme.example"))
    desk, known = synced(zd, ticket)
    people = {each.id: each for page in connect(zd).pull(None) for each in page.people}
    desk._memory.people = lambda ids: {n: people[n] for n in ids if n in people}  # type: ignore[union-attr, method-assign]
    zd.add_membership(int(dora), zd.group_id("Support"))
    changes = [Change("1", "assign", "group", new="Support"), Change("2", "assign", "assignee", new=dora)]
    assert results(desk.apply(ticket, changes, known.version)) == [("1", "applied"), ("2", "applied")]


def test_an_agent_suspended_since_the_last_look_is_refused_by_zendesk_and_the_rest_goes_on(
    zd: FakeZendesk, ticket: str
) -> None:
    """A 422 refuses the whole call: what it blames stays out, the rest is sent again."""
    bob = str(zd.user_id("bob@acme.example"))
    desk, known = synced(zd, ticket)
    zd.suspend("bob@acme.example")
    written = desk.apply(ticket, [Change("1", "assign", "assignee", new=bob), NOTED], known.version)
    assert results(written) == [("1", "refused"), ("note", "applied")]
    assert "Assignee" in written.outcomes[0].detail
    assert len(puts(zd)) == 2
    assert comments(zd).count(NOTE) == 1


def test_solving_without_what_the_desk_requires_is_refused_in_its_words(zd: FakeZendesk, ticket: str) -> None:
    """Fact 11."""
    written = tried(zd, ticket, Change("1", "set", "status", new="solved"), Change("2", "set", "priority", new="low"))
    assert results(written) == [("1", "refused"), ("2", "applied")]
    assert "required when solving" in written.outcomes[0].detail


def test_a_refusal_that_blames_nobody_is_found_by_trying_one_by_one(zd: FakeZendesk, ticket: str) -> None:
    field = zd.add_field("Reason", "text")
    zd.custom_fields()[field]["required"] = True
    changes = [
        Change("1", "assign", "assignee", new=str(zd.user_id("alice@acme.example"))),
        Change("2", "set", "status", new="solved"),
        Change("3", "add_tags", "tags", new=("one",)),
        Change("4", "add_tags", "tags", new=("two",)),
        NOTED,
    ]
    written = tried(zd, ticket, *changes)
    assert sorted(written.ticket.tags) == ["one", "two"]
    assert dict(results(written))["2"] == "refused"
    assert {dict(results(written))["1"], dict(results(written))["note"]} == {"applied"}
    assert comments(zd).count(NOTE) == 1


def test_a_closed_ticket_is_left_alone(zd: FakeZendesk, ticket: str) -> None:
    """Fact 11."""
    zd.change(ticket, "alice@acme.example", status="solved", assignee_id=zd.user_id("alice@acme.example"))
    zd.close(ticket)
    written = tried(zd, ticket, Change("1", "set", "priority", new="low"), NOTED)
    assert {outcome.result for outcome in written.outcomes} == {"refused"}
    assert puts(zd) == []


def test_a_messaging_conversation_gets_notes_only(zd: FakeZendesk) -> None:
    ticket = zd.add_ticket(channel="native_messaging")
    written = tried(zd, ticket, Change("r", "reply", text="Hello!", marker="222222"), NOTED)
    assert results(written) == [("r", "refused"), ("note", "applied")]
    assert "messaging" in written.outcomes[0].detail


def test_what_zendesk_drops_without_a_word_is_told(zd: FakeZendesk, ticket: str) -> None:
    """Added: 200 with x-zendesk-api-warn."""
    zd.fail("drop_key", method="PUT")
    written = tried(zd, ticket, Change("1", "set", "priority", new="high"))
    assert written.outcomes[0].result == "refused"
    assert "Removed restricted keys" in written.outcomes[0].detail


def test_what_a_trigger_made_of_it_is_told(zd: FakeZendesk, ticket: str) -> None:
    zd.add_trigger("No urgency", lambda row, _: row["priority"] == "urgent", {"priority": "normal"})
    written = tried(zd, ticket, Change("1", "set", "priority", new="urgent"))
    assert written.outcomes[0].result == "partly"
    assert "normal" in written.outcomes[0].detail
    kinds = [(event.new, event.actor_kind) for event in written.events if event.field == "priority"]
    assert kinds == [("urgent", "robot"), ("normal", "automation")]


def test_a_number_is_the_same_however_it_is_written(zd: FakeZendesk, ticket: str) -> None:
    zd.add_field("Price", "decimal")
    price = Change("1", "set", "field.Price", new="4.50")
    assert [results(tried(zd, ticket, price)) for _ in range(2)] == [[("1", "applied")], [("1", "already")]]
    assert [sent["custom_fields"][0]["value"] for sent in puts(zd)] == ["4.50"]


def test_a_text_that_looks_like_a_number_is_a_text(zd: FakeZendesk, ticket: str) -> None:
    zd.add_field("Release", "text")
    for release in ("1.1", "1.10"):
        written = tried(zd, ticket, Change("1", "set", "field.Release", new=release))
        assert (results(written), written.ticket.custom["Release"]) == ([("1", "applied")], release)


def test_a_fact_in_a_field_of_its_own_is_not_looked_for_in_zendesks_list(zd: FakeZendesk, ticket: str) -> None:
    zd.add_field("Firm", "text")
    written = tried(zd, ticket, Change("1", "set", "organization", new="Acme"), fields={"organization": "Firm"})
    assert (results(written), written.ticket.organization) == ([("1", "applied")], "Acme")


@pytest.mark.parametrize("status", [404, 400])
def test_where_zendesk_does_not_tell_of_an_agent_what_is_known_counts(
    zd: FakeZendesk, ticket: str, status: int
) -> None:
    zd.add_user("dora@acme.example", "Dora", "agent", groups=[zd.group_id("Billing")])
    dora = str(zd.user_id("dora@acme.example"))
    desk, known = synced(zd, ticket)
    people = {each.id: each for page in connect(zd).pull(None) for each in page.people}
    desk._memory.people = lambda ids: {n: people[n] for n in ids if n in people}  # type: ignore[union-attr, method-assign]
    zd.fail(status, path="group_memberships")
    changes = [Change("1", "assign", "group", new="Support"), Change("2", "assign", "assignee", new=dora), NOTED]
    written = desk.apply(ticket, changes, known.version)
    assert results(written) == [("1", "applied"), ("2", "refused"), ("note", "applied")]
    assert "not in the group Support" in written.outcomes[1].detail


@pytest.mark.parametrize(
    "change", [("set", "group", "Nowhere"), ("set", "brand", "None such"), ("set", "field.Nope", "x")]
)
def test_what_the_desk_does_not_have_is_refused(zd: FakeZendesk, ticket: str, change: Any) -> None:
    written = tried(zd, ticket, Change("1", change[0], change[1], new=change[2]))
    assert written.outcomes[0].result == "refused"
    assert puts(zd) == []


# ---- somebody was quicker


def test_a_ticket_that_moved_on_is_a_conflict_and_nothing_is_written(zd: FakeZendesk, ticket: str) -> None:
    """Fact 9: Zendesk itself refuses the stamp, after our copy still believed in it."""
    desk, known = synced(zd, ticket)
    zd.now.turn()  # type: ignore[attr-defined]
    zd.say(ticket, "alice@acme.example", "I am on it.")
    with pytest.raises(Conflict):
        desk.apply(ticket, [Change("1", "set", "priority", new="high"), NOTED], known.version)
    assert len(puts(zd)) == 1
    assert NOTE not in comments(zd)
    assert zd.tickets[int(ticket)]["priority"] is None


def test_a_conflict_in_the_database_is_passing(zd: FakeZendesk, ticket: str) -> None:
    """409 has two meanings: this one is tried again."""
    zd.fail("database_conflict", method="PUT", times=2)
    assert results(tried(zd, ticket, NOTED)) == [("note", "applied")]
    assert comments(zd).count(NOTE) == 1


def test_a_deleted_ticket_is_gone(zd: FakeZendesk, ticket: str) -> None:
    desk, known = synced(zd, ticket)
    zd.delete(ticket)
    with pytest.raises((Gone, Conflict)):
        desk.apply(ticket, [NOTED], known.version)


# ---- answers that get lost


@pytest.mark.parametrize("kind", ["cut_after", "late"])
def test_a_write_whose_answer_was_lost_is_looked_up_and_not_sent_again(zd: FakeZendesk, ticket: str, kind: str) -> None:
    """Fact 8, and the trap that zenpy sends it four times."""
    zd.fail(kind, method="PUT")
    written = tried(zd, ticket, Change("1", "set", "priority", new="high"), NOTED, patience=0.2)
    assert results(written) == [("1", "applied"), ("note", "applied")]
    assert comments(zd).count(NOTE) == 1
    assert len(puts(zd)) == 1


@pytest.mark.parametrize("kind", [500, 502, 504, "cut_before", "slow", "html"])
def test_a_write_that_did_not_arrive_is_said_to_have_failed(zd: FakeZendesk, ticket: str, kind: int | str) -> None:
    zd.fail(kind, method="PUT")
    written = tried(zd, ticket, Change("1", "set", "priority", new="high"), NOTED, patience=0.2)
    done = comments(zd).count(NOTE)
    assert results(written) == [(n, "applied" if done else "failed") for n in ("1", "note")]
    assert done <= 1


@pytest.mark.parametrize("wait", [{"Retry_After": "2"}, {}])
def test_a_write_that_was_not_let_in_is_sent_again(zd: FakeZendesk, ticket: str, wait: dict[str, str]) -> None:
    zd.fail(429, method="PUT", times=2, **wait)
    assert results(tried(zd, ticket, NOTED)) == [("note", "applied")]
    assert comments(zd).count(NOTE) == 1


def test_where_even_looking_fails_the_run_is_told_that_nobody_knows(zd: FakeZendesk, ticket: str) -> None:
    desk, known = synced(zd, ticket)
    zd.fail("cut_after", method="PUT")
    zd.fail(500, path="audits", times=9)
    with pytest.raises(Retryable):
        desk.apply(ticket, [NOTED], known.version)
    assert comments(zd).count(NOTE) == 1


@pytest.mark.parametrize("kind", ["html", "not_json", 400, 403, 404])
def test_a_look_that_fails_for_whatever_reason_leaves_it_open(zd: FakeZendesk, ticket: str, kind: int | str) -> None:
    desk, known = synced(zd, ticket)
    zd.fail("cut_after", method="PUT")
    zd.fail(kind, path="audits")
    with pytest.raises(Unsure):
        desk.apply(ticket, [NOTED], known.version)
    assert comments(zd).count(NOTE) == 1


@pytest.mark.parametrize("kind", ["html", 400, 403, 404])
def test_a_question_that_fails_behind_the_write_is_not_the_answer_to_it(
    zd: FakeZendesk, ticket: str, kind: int | str
) -> None:
    """Who is new in copy is asked for: the note is there all the same."""
    desk, known = synced(zd, ticket)
    zd.now.turn()  # type: ignore[attr-defined]
    zd.fail(kind, path="users/show_many")
    copied = Change("cc", "add_cc", "cc", new=("new@customer.example",))
    assert results(desk.apply(ticket, [copied, NOTED], known.version)) == [("cc", "applied"), ("note", "applied")]
    assert (comments(zd).count(NOTE), len(puts(zd))) == (1, 1)


def test_a_note_with_the_same_mark_from_before_is_not_the_one_that_was_lost(zd: FakeZendesk, ticket: str) -> None:
    assert results(tried(zd, ticket, NOTED)) == [("note", "applied")]
    zd.now.turn(86400)  # type: ignore[attr-defined]
    zd.fail(500, method="PUT")
    assert results(tried(zd, ticket, NOTED)) == [("note", "failed")]
    meanwhile(zd, lambda: zd.change(ticket, "alice@acme.example", priority="low"))
    zd.fail(500, method="PUT")
    assert results(tried(zd, ticket, NOTED)) == [("note", "failed")]
    assert comments(zd).count(NOTE) == 1


def test_what_a_trigger_made_of_a_write_is_told_though_its_answer_was_lost(zd: FakeZendesk, ticket: str) -> None:
    zd.add_trigger("No urgency", lambda row, _: row["priority"] == "urgent", {"priority": "normal"})
    zd.fail("cut_after", method="PUT")
    written = tried(zd, ticket, Change("1", "set", "priority", new="urgent"), NOTED)
    assert results(written) == [("1", "partly"), ("note", "applied")]
    assert "normal" in written.outcomes[0].detail


def meanwhile(zd: FakeZendesk, act: Callable[[], object]) -> None:
    """Has somebody act just before the ticket is looked at for the first time after a write."""

    def once(asked: Asked) -> None:
        if "audits" in asked.path and zd.writes and not acted:
            acted.append(True)
            zd.now.turn()  # type: ignore[attr-defined]
            act()

    acted: list[bool] = []
    zd.on_request = once


def test_a_person_who_acted_while_an_answer_was_lost_keeps_the_last_word(zd: FakeZendesk, ticket: str) -> None:
    desk, known = synced(zd, ticket)
    zd.now.turn()  # type: ignore[attr-defined]
    zd.fail("cut_before", method="PUT")
    meanwhile(zd, lambda: zd.say(ticket, "alice@acme.example", "Solved it, by phone."))
    reply = Change("r", "reply", text="Sorry that nobody answered yet.")
    written = desk.apply(ticket, [NOTED, reply], known.version)
    assert results(written) == [("note", "failed"), ("r", "conflict")]
    assert reply.text not in comments(zd)


def test_what_a_person_set_while_an_answer_was_lost_is_not_written_over(zd: FakeZendesk, ticket: str) -> None:
    """Zendesk blames nobody, so that the changes go one by one, and the first of these does not arrive."""
    desk, known = synced(zd, ticket)
    zd.now.turn()  # type: ignore[attr-defined]
    zd.fail(422, method="PUT")
    zd.fail("cut_before", method="PUT")
    meanwhile(zd, lambda: zd.change(ticket, "alice@acme.example", priority="low"))
    changes = [Change("1", "set", "subject", new="Leak"), Change("2", "set", "priority", new="high")]
    assert results(desk.apply(ticket, changes, known.version)) == [("1", "failed"), ("2", "conflict")]
    assert zd.tickets[int(ticket)]["priority"] == "low"


def test_a_person_who_acted_after_a_write_whose_answer_was_lost_keeps_it_too(zd: FakeZendesk, ticket: str) -> None:
    desk, known = synced(zd, ticket)
    zd.now.turn()  # type: ignore[attr-defined]
    zd.fail("cut_after", method="PUT")
    meanwhile(zd, lambda: zd.say(ticket, "alice@acme.example", "Solved it, by phone."))
    reply = Change("r", "reply", text="Sorry that nobody answered yet.")
    written = desk.apply(ticket, [NOTED, reply], known.version)
    assert results(written) == [("note", "applied"), ("r", "conflict")]
    assert reply.text not in comments(zd)


def test_a_second_note_whose_answer_is_lost_in_the_same_second_is_found(zd: FakeZendesk, ticket: str) -> None:
    desk, known = synced(zd, ticket)
    zd.now.turn()  # type: ignore[attr-defined]
    second(zd, lambda: zd.fail("cut_after", method="PUT"))
    written = desk.apply(ticket, [NOTED, OTHER], known.version)
    assert results(written) == [("note", "applied"), ("other", "applied")]
    assert len(puts(zd)) == 2


@pytest.mark.parametrize("result", ["conflict", "skipped", "failed"])
def test_what_stops_a_later_put_leaves_what_was_told_of_the_first(zd: FakeZendesk, ticket: str, result: str) -> None:
    def shut_out() -> None:
        zd.entry.client = ("makegood", "another secret")
        zd.revoke_tokens()

    acts: dict[str, Callable[[], object]] = {
        "conflict": lambda: zd.say(ticket, "alice@acme.example", "Mine.", at=zd.now() + timedelta(seconds=1)),
        "skipped": lambda: zd.delete(ticket),
        "failed": shut_out,
    }
    desk, known = synced(zd, ticket)
    zd.now.turn()  # type: ignore[attr-defined]
    second(zd, acts[result])
    written = desk.apply(ticket, [NOTED, OTHER], known.version)
    assert results(written) == [("note", "applied"), ("other", result)]
    assert written.outcomes[1].detail


def second(zd: FakeZendesk, act: Callable[[], object]) -> None:
    """Has something happen just before the second write."""
    zd.on_request = lambda asked: act() if asked.write and len(zd.writes) == 2 else None


def test_a_token_that_ends_before_the_write_is_renewed_and_the_write_sent_once(zd: FakeZendesk, ticket: str) -> None:
    desk, known = synced(zd, ticket)
    zd.revoke_tokens()
    assert results(desk.apply(ticket, [NOTED], known.version)) == [("note", "applied")]
    assert comments(zd).count(NOTE) == 1


def test_a_reply_is_public_and_carries_its_mark_where_no_customer_sees_it(zd: FakeZendesk, ticket: str) -> None:
    written = tried(zd, ticket, Change("r", "reply", text="We are on it.", marker="abcdef"))
    (said,) = [event for event in written.events if event.kind == "message"]
    assert (said.public, said.text, said.marker, said.actor_kind) == (True, "We are on it.", "abcdef", "robot")
    zd.now.turn()  # type: ignore[attr-defined]
    again = [e for page in connect(zd).pull(None) for e in page.events if e.id == said.id]
    assert again == [said]


# ---- zenpy


def exceptions_of_zenpy() -> list[type[Exception]]:
    from zenpy.lib import exception

    return [kind for _, kind in inspect.getmembers(exception, inspect.isclass) if issubclass(kind, Exception)]


@pytest.mark.parametrize("kind", exceptions_of_zenpy(), ids=lambda kind: kind.__name__)
def test_every_exception_of_zenpy_is_a_connectors_error(
    zd: FakeZendesk, kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def raise_it(*_: Any, **__: Any) -> None:
        raise kind("something of zenpy's own")

    desk = connect(zd)
    monkeypatch.setattr(desk._http._zenpy.tickets, "_call_api", raise_it)
    with pytest.raises(ConnectorError):
        desk.catalogue()


def test_zenpys_traps_are_switched_off(zd: FakeZendesk) -> None:
    """Its retries, its cache, its sleeping; a client for each connector."""
    one, two = connect(zd), connect(zd)
    assert one._http._zenpy is not two._http._zenpy
    for scheme in ("https://x", "http://x"):
        adapter = one._http._session.get_adapter(scheme)
        assert isinstance(adapter, requests.adapters.HTTPAdapter)
        assert adapter.max_retries.total == 0
    assert one._http._zenpy.cache.disabled


def test_a_refusal_never_reaches_zenpy(zd: FakeZendesk) -> None:
    """It would sleep on 429 for ever and call every 422 «invalid» a search limit."""
    zd.fail(422, path="users/me")
    with pytest.raises(Rejected):
        connect(zd).catalogue()


def test_an_http_without_a_way_in_asks_nothing_of_oauth(zd: FakeZendesk) -> None:
    http = Http(zd.url, now=zd.now, account=("makegood@acme.example", zd.api_token), sleep=lambda _: None)
    assert http.json("users/me")["user"]["role"] == "admin"
    assert zd.token_calls == 0


def test_memory_that_is_behind_is_not_believed(zd: FakeZendesk, ticket: str) -> None:
    """A copy of another version is passed over: the ticket is read first, and the stamp is the plan's."""
    desk, _ = synced(zd, ticket)
    zd.now.turn()  # type: ignore[attr-defined]
    zd.change(ticket, "alice@acme.example", tags=["new"])
    now = connect(zd).read([ticket]).tickets[0]
    written = desk.apply(ticket, [Change("1", "add_tags", "tags", new=("more",))], now.version)
    assert sorted(written.ticket.tags) == ["more", "new"]
