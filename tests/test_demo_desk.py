"""The demo helpdesk: the same for the same moment, never ahead of it, and with something for every kind of rule."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from fake_cli import SETTINGS, answer, call
from hypothesis import given, settings
from hypothesis import strategies as st

import makegood
from makegood.connectors.demo_desk import fill
from makegood.connectors.desk_files import export_lines
from makegood.connectors.local import Local

if TYPE_CHECKING:
    from collections.abc import Iterator

    from makegood.connectors.base import Page

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))


def filled(folder: str | Path, at: datetime) -> Local:
    desk = Local(Path(folder) / "desk.db", now=lambda: at)
    fill(desk, at)
    return desk


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with tempfile.TemporaryDirectory() as folder, filled(folder, MONDAY) as desk:
        yield next(desk.pull(None))


def test_it_is_small_and_lively(page: Page) -> None:
    assert len(page.tickets) == 40
    assert len(page.events) > 200
    assert page.catalogue is not None
    assert page.catalogue.groups == ("Support", "Billing", "Care")
    assert {organization.fields["tier"] for organization in page.organizations} == {"gold", "silver"}
    assert len([p for p in page.people if p.role == "agent" and p.active]) == 6
    assert len([p for p in page.people if p.role == "customer"]) >= 20


def test_every_kind_of_ticket_is_there(page: Page) -> None:
    tickets = page.tickets
    assert {t.status for t in tickets} == {"new", "open", "pending", "on_hold", "solved", "closed"}
    assert {t.csat for t in tickets} == {None, "good", "bad"}
    assert {t.language for t in tickets} == {"en", "de"}
    assert {t.channel for t in tickets} == {"email", "chat"}
    assert any(t.merged_into for t in tickets)
    assert any(t.deleted for t in tickets)
    assert {e.kind for e in page.events} == {"created", "field", "message", "rating", "merged", "deleted"}


def test_one_ticket_still_belongs_to_somebody_who_left(page: Page) -> None:
    left = {person.id for person in page.people if not person.active}
    assert [t.subject for t in page.tickets if t.assignee in left] == ["Order cancelled without a word"]


def test_weekdays_in_promises_are_those_of_the_moment(page: Page) -> None:
    texts = {e.ticket: e.text for e in page.events if e.text and "with the refund" in e.text}
    assert list(texts.values()) == [
        "Sorry about that, Olivia! I can see both payments. I'll get back to you on Thursday with the refund."
    ]
    assert any(e.text and "melde mich am Dienstag" in e.text for e in page.events)


def test_tickets_are_numbered_in_the_order_they_came(page: Page) -> None:
    by_number = sorted(page.tickets, key=lambda ticket: int(ticket.id))
    assert [t.created for t in by_number] == sorted(t.created for t in page.tickets)


def test_the_same_moment_gives_the_same_desk(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    first, second = (list(export_lines(filled(folder, MONDAY))) for folder in folders)
    assert first == second


@settings(max_examples=15, deadline=None)
@given(MOMENTS)
def test_stories_make_sense_at_any_moment(at: datetime) -> None:
    with tempfile.TemporaryDirectory() as folder, filled(folder, at) as desk:
        page = next(desk.pull(None))
    assert all(event.at <= at for event in page.events)
    assert all(at - event.at < timedelta(days=30) for event in page.events)
    assert not any("{" in (event.text or "") for event in page.events)
    for ticket in page.tickets:
        told = [event.seq for event in page.events if event.ticket == ticket.id]
        assert told == sorted(told), f"{ticket.subject}: its events are not told in their order"


# --- with the rules of the tour ---------------------------------------------------------------------------------------

TOUR = Path(makegood.__file__).with_name("rules.example.yaml")
ANY_HOUR = ["2024-03-04 10:00", "2024-03-06 03:30", "2024-03-08 17:30", "2024-03-09 13:00"]


@pytest.fixture(scope="module", params=ANY_HOUR)
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    """The demo's folder at a moment, in working hours, at night, after closing and on a Saturday."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        moment = datetime.fromisoformat(request.param).replace(tzinfo=ZoneInfo("Europe/Berlin"))
        with filled(folder, moment.astimezone(UTC)) as desk:
            numbers = {ticket.subject: ticket.id for ticket in next(desk.pull(None)).tickets}
        Path("makegood.toml").write_text(SETTINGS)
        shutil.copyfile(TOUR, "rules.yaml")
        yield Shop(numbers, moment, answer("plan", "--at", moment.isoformat()))


@dataclass(frozen=True)
class Shop:
    numbers: dict[str, str]
    moment: datetime
    plan: dict[str, Any]

    def asks(self, *words: str) -> Any:
        return answer(*words, "--at", self.moment.isoformat())

    def tags(self, subject: str) -> set[tuple[str, str]]:
        """What the plan does to a ticket's tags."""
        mine = (each for each in self.plan["changes"] if each["ticket"] == self.numbers[subject])
        return {(change["action"], tag) for change in mine if change["field"] == "tags" for tag in change["to"]}

    def word(self, subject: str) -> list[str]:
        """How the promises of a ticket stand, in the order of making."""
        return [each["state"] for each in self.asks("explain", self.numbers[subject])["promises"]]


def test_the_plan_shows_what_went_wrong_with_the_clocks(shop: Shop) -> None:
    assert {("add_tags", "owed-a-word"), ("add_tags", "recovery-let-down")} <= shop.tags("Charged twice this month")
    assert ("add_tags", "owed-a-word") in shop.tags("Loose zip on a travel bag")
    assert ("remove_tags", "owed-a-word") in shop.tags("Spare part for a stove")
    assert shop.tags("Repair of a tent floor") == set()


def test_promises_are_kept_moved_broken_and_due_soon(shop: Shop) -> None:
    assert shop.word("Spare part for a stove") == ["moved", "kept"]
    assert shop.word("Repair of a tent floor") == ["moved", "open"]
    assert shop.word("Charged twice this month") == ["broken"]
    assert shop.word("Lieferung kam nicht an") == ["broken"]
    assert shop.word("Rechnung doppelt bezahlt") == ["open"]
    assert shop.word("Loose zip on a travel bag") == ["due_soon"]
    assert shop.word("Invoice without VAT number") == ["kept"]


def test_customers_who_were_let_down_stand_on_the_board_with_what_happened(shop: Shop) -> None:
    cases = shop.asks("recovery")["cases"]
    assert len(cases) >= 5
    assert {"bad_rating", "broken_promise"} <= {signal["kind"] for each in cases for signal in each["signals"]}
    assert all(each["owner"] and each["owner"] not in each["blamed"] for each in cases)


def test_customers_see_nothing_of_it_and_old_steps_are_counted(shop: Shop) -> None:
    summary = shop.plan["summary"]
    assert summary["customer_visible"] == 0
    assert summary["steps_before"] > 10
    assert f"{summary['steps_before']} steps of deadlines" in call("plan", "--at", shop.moment.isoformat()).stdout


def test_the_board_names_the_missed_answer_and_the_promise_that_is_next(shop: Shop) -> None:
    found = {(each["ticket"], each["name"]): each["state"] for each in shop.asks("upcoming")["items"]}
    assert found[shop.numbers["Tent poles missing"], "first-reply"] == "missed"
    assert found[shop.numbers["Loose zip on a travel bag"], "promise"] == "due_soon"
    assert found[shop.numbers["Loose zip on a travel bag"], "reason"] in ("running", "due_soon")
