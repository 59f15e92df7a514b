"""Deadlines and promises on a real Request Tracker: against what its own REST interface tells, counted by hand.

Every promise that ``rt-seed`` sowed is found and no other; every clock ends where a second calculation ends; reminders and
escalations are written once; what agents note about promises counts.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from fake_cli import answer, call
from open_minutes import OpenMinutes
from rt_by_hand import Cycle, Story, moment

from makegood.rules.durations import parse_duration as length
from makegood.rules.load import load_text

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.live
TICKETS = 100
BEHIND = 7
BERLIN = ZoneInfo("Europe/Berlin")
CUSTOMER = "ana@customer.example"

CALENDAR = """
version: 1
limits: {per_run: 1000}
calendars:
  office: {time_zone: Europe/Berlin, hours: {mon-thu: [09:00-12:30, 13:30-17:30], fri: 09:00-15:00}}
"""
CLOCKS = f"""{CALENDAR}
rules:
  - name: First answer
    deadline: {{name: first, target: first_reply, within: {{high: 2 business hours, default: 4 business hours}}}}
  - name: Solved
    deadline: {{name: solved, target: resolution, within: 40 business hours, pause_while: {{status: pending}}}}
  - name: News
    deadline: {{name: news, target: update, within: 9 business hours}}
  - name: Owner
    deadline: {{name: owner, target: assignment, within: 1 business day}}
  - name: Word
    promise: {{from_grade: day}}
"""
STEPS = f"""{CALENDAR}
rules:
  - name: Answer
    calendar: always
    when: {{subject: {{starts_with: Watched}}}}
    deadline: {{name: answer, target: first_reply, within: 1 hour, remind: [{{before: 1 hour, note: Please answer}}]}}
  - name: By the day
    calendar: always
    when: {{subject: {{starts_with: Watched}}}}
    deadline: {{name: day, at: due, until: {{status: solved}}, escalate: [{{after: 0 minutes, note: The day is over}}]}}
  - name: Word
    promise: {{from_grade: day, escalate: [{{after: 0 minutes, note: A word was broken}}]}}
  - name: Promised tickets are tagged
    when: {{subject: {{starts_with: Promised}}, promise: [open, due_soon]}}
    add_tags: [promised]
"""


@pytest.fixture(scope="module")
def truth(realdesk: Any) -> dict[str, Any]:
    seeded: dict[str, Any] = realdesk.seed(TICKETS, "--seed", "3")
    for number in seeded["promise"][:3]:
        realdesk.call("PUT", f"ticket/{number}", {"Owner": "Nobody"})
    return seeded


@pytest.fixture
def admin(realdesk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return furnish(realdesk, tmp_path, monkeypatch)


def furnish(realdesk: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RT_TOKEN", realdesk.tokens["makegood"])
    (folder / "makegood.toml").write_text(realdesk.settings(tags="Tags", promise_due="Follow up by"))
    (folder / "rules.yaml").write_text(CLOCKS)
    return folder


# --- what was sown, and what is found ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Desk:
    """What makegood says about each ticket at one moment, and what RT says."""

    told: dict[int, dict[str, Any]]
    stories: dict[int, Story]

    def promises(self, *, dated: bool) -> dict[tuple[int, int], dict[str, Any]]:
        """By ticket and transaction; with a due time, or without."""
        all_of_them = [(number, each) for number, told in self.told.items() for each in told["promises"]]
        found = [(number, each) for number, each in all_of_them if (each["due"] is not None) == dated]
        by_message = {(number, int(each["event"])): each for number, each in found}
        assert len(by_message) == len(found), "a message of rt-seed never promises twice"
        return by_message

    def cycles(self, clock: str) -> dict[int, Cycle]:
        """The last run of a clock on each ticket."""
        found = {}
        for number, told in self.told.items():
            last = [each for each in told["clocks"] if each["name"] == clock][-1]
            state = last["state"] if last["state"] in ("met", "missed", "paused") else "runs"
            found[number] = Cycle(instant(last["start"]), instant(last["due"]), state)
        return found


@pytest.fixture(scope="module")
def desk(realdesk: Any, truth: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("clocks")
        patch.chdir(furnish(realdesk, folder, patch))
        time.sleep(BEHIND)
        assert call("pull").exit_code == 0
        at = datetime.now(UTC).replace(microsecond=0)
        numbers = range(1, TICKETS + 1)
        told = {number: answer("explain", str(number), "--at", at.isoformat()) for number in numbers}
        yield Desk(told, {number: story(realdesk, number, at) for number in numbers})


def story(realdesk: Any, number: int, at: datetime) -> Story:
    rules, _ = load_text(CLOCKS)
    assert rules is not None
    fields = "fields=Type,Created,Creator,Field,OldValue,NewValue&per_page=100"
    rows = realdesk.call("GET", f"ticket/{number}/history?{fields}")["items"]
    rows.sort(key=lambda row: (row["Created"], int(row["id"])))
    return Story(realdesk.call("GET", f"ticket/{number}"), rows, at, OpenMinutes(rules.calendars["office"]))


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def planted(truth: dict[str, Any], kind: str) -> dict[tuple[int, int], dict[str, Any]]:
    return {(each["ticket"], each["transaction"]): each for each in truth[kind]}


def test_every_promise_is_found_and_no_other(desk: Desk, truth: dict[str, Any]) -> None:
    sown, found = planted(truth, "promised"), desk.promises(dated=True)
    assert len(sown) > 20
    assert set(found) == set(sown)
    assert {key: each["author"] for key, each in found.items()} == {key: each["who"] for key, each in sown.items()}
    assert all(sown[key]["text"] in each["quote"] for key, each in found.items())


def test_promises_are_due_when_they_say(desk: Desk, truth: dict[str, Any]) -> None:
    sown, found = planted(truth, "promised"), desk.promises(dated=True)
    wanted = {(n, t): desk.stories[n].due_of(each["text"], made(desk, n, t)) for (n, t), each in sown.items()}
    assert {key: instant(each["due"]) for key, each in found.items()} == wanted


def made(desk: Desk, number: int, transaction: int) -> datetime:
    return next(moment(row) for row in desk.stories[number].rows if row["id"] == str(transaction))


def test_promises_end_as_the_replies_after_them_say(desk: Desk) -> None:
    found = desk.promises(dated=True)
    wanted = {}
    for (number, transaction), promise in found.items():
        again = [made(desk, n, t) for n, t in found if n == number]
        wanted[number, transaction] = desk.stories[number].fate(
            made(desk, number, transaction), instant(promise["due"]), again
        )
    told = {key: "open" if each["state"] == "due_soon" else each["state"] for key, each in found.items()}
    assert told == wanted
    assert set(wanted.values()) >= {"kept", "moved", "broken"}


def test_promises_without_a_time_are_kept_apart(desk: Desk, truth: dict[str, Any]) -> None:
    vague = desk.promises(dated=False)
    assert set(vague) == set(planted(truth, "vague"))
    assert {(each["grade"], each["state"]) for each in vague.values()} == {("vague", None)}


# --- clocks, by hand --------------------------------------------------------------------------------------------------

BY_HAND = {
    "first": lambda story: story.first_reply(
        {"high": length("2 business hours"), "default": length("4 business hours")}
    ),
    "solved": lambda story: story.resolution(length("40 business hours")),
    "news": lambda story: story.update(length("9 business hours")),
    "owner": lambda story: story.assignment(length("1 business day")),
}


@pytest.mark.parametrize("clock", BY_HAND)
def test_clocks_end_where_rts_own_transactions_say(desk: Desk, clock: str) -> None:
    wanted = {number: BY_HAND[clock](told) for number, told in desk.stories.items()}
    assert desk.cycles(clock) == wanted
    assert {cycle.state for cycle in wanted.values()} >= {"met", "missed", *(["paused"] if clock == "solved" else [])}


def test_pauses_move_some_of_the_due_times(desk: Desk, truth: dict[str, Any]) -> None:
    lost = {
        number: [each["lost_seconds"] for each in told["clocks"] if each["name"] == "solved"]
        for number, told in desk.told.items()
    }
    assert len([number for number in truth["paused"] if any(lost[number])]) >= 3


# --- steps and what agents note ---------------------------------------------------------------------------------------


def ask(realdesk: Any, subject: str) -> str:
    """A new ticket of a customer; its number."""
    body = {
        "Queue": "Support",
        "Subject": subject,
        "Content": "Help",
        "ContentType": "text/plain",
        "Requestor": CUSTOMER,
    }
    return str(realdesk.call("POST", "ticket", body, user=CUSTOMER)["id"])


def comment(realdesk: Any, number: str, text: str) -> None:
    realdesk.call("POST", f"ticket/{number}/comment", {"Content": text, "ContentType": "text/plain"}, user="alice")


def notes(realdesk: Any, number: str) -> list[str]:
    """What makegood wrote on a ticket, without its markers."""
    fields = "fields=Content,Creator&per_page=100"
    rows = realdesk.call("GET", f"ticket/{number}/attachments?{fields}")["items"]
    return sorted(row["Content"].splitlines()[0] for row in rows if row["Creator"]["id"] == "makegood")


def sync(code: int) -> None:
    """RT is held to stay 5 seconds behind, and tells its times in whole seconds."""
    time.sleep(BEHIND)
    done = call("sync")
    assert done.exit_code == code, done.output


@pytest.mark.usefixtures("truth")
def test_reminders_and_escalations_are_written_once(realdesk: Any, admin: Path) -> None:
    (admin / "rules.yaml").write_text(STEPS)
    sync(0)
    time.sleep(1)  # what comes in the very second of the first sync was before it
    number = ask(realdesk, "Watched with care")
    soon = (datetime.now(UTC) + timedelta(seconds=2)).strftime("%Y-%m-%d %H:%M:%S")
    realdesk.call("PUT", f"ticket/{number}", {"Due": soon, "CustomFields": {"Follow up by": soon}}, user="alice")
    time.sleep(3)
    sync(0)
    written = ["A word was broken", "Please answer", "The day is over"]
    assert notes(realdesk, number) == written
    sync(0)
    assert notes(realdesk, number) == written
    assert answer("plan")["changes"] == []


@pytest.mark.usefixtures("truth")
def test_what_agents_note_about_promises_counts(realdesk: Any, admin: Path) -> None:
    (admin / "rules.yaml").write_text(STEPS)
    number = ask(realdesk, "Promised in a note")
    assert tagged(number) == []
    comment(realdesk, number, "Called her.\nfollow up: Fri 15:00")
    assert tagged(number) == [["promised"]]
    explicit = answer("explain", number)["promises"][-1]
    assert (explicit["grade"], explicit["author"]) == ("explicit", "alice@helpdesk.example")
    assert instant(explicit["due"]) == next_friday(instant(explicit["made"]))
    comment(realdesk, number, "no promise")
    assert tagged(number) == []
    assert answer("explain", number)["promises"][-1]["state"] == "cancelled"


def tagged(number: str) -> list[list[str]]:
    """The tags that the next plan adds to the ticket."""
    return [change["to"] for change in answer("plan", "--ticket", number)["changes"] if change["action"] == "add_tags"]


def next_friday(after: datetime) -> datetime:
    """The first Friday 15:00 in Berlin after an instant."""
    local = after.astimezone(BERLIN)
    days = (datetime.combine(local.date() + timedelta(days=n), datetime.min.time(), BERLIN) for n in range(8))
    return next(at for day in days if day.weekday() == 4 and (at := day.replace(hour=15)) > after).astimezone(UTC)
