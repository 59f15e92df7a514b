"""``upcoming`` and the clocks of ``explain`` on an embedded desk, as a shell sees them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fake_cli import SETTINGS, answer, call

from makegood.connectors.local import Local
from makegood.connectors.ticket import Person

BERLIN = ZoneInfo("Europe/Berlin")
RULES = """\
default_calendar: shop
calendars:
  shop: {time_zone: Europe/Berlin, hours: {mon-fri: 09:00-17:00}, holidays: {closed: [2024-03-08]}}
teams:
  support: {group: Support, lead: ana@example.com}
rules:
  - name: First reply in time
    deadline:
      name: first-reply
      target: first_reply
      within: {urgent: 1 business hour, default: 4 business hours}
      pause_while: {status: pending}
      remind: [{before: 30 business minutes, who: assignee}]
      escalate: [{after: 0 minutes, note: Nobody has answered yet}]
  - name: We keep our word
    promise:
      from_grade: day
      escalate: [{after: 0 minutes, who: promiser}]
"""
AT = ("--at", "2024-03-06 12:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2024-03-{text}").replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Local:
    """Wednesday: one due, one missed, one paused, a promise for tomorrow, a broken one, one closed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    Path("makegood.toml").write_text(SETTINGS)
    Path("rules.yaml").write_text(RULES)
    desk = Local(tmp_path / "desk.db", now=lambda: datetime.now(UTC))
    desk.describe(groups=("Support",))
    desk.add_person(Person("u1", "Olivia", "olivia@lake.example"))
    desk.add_person(Person("a1", "Ana Lind", "ana@example.com", role="agent", groups=("Support",)))
    desk.add_person(Person("a2", "Ben", "ben@example.com", role="agent", groups=("Support",)))
    desk.create("u1", "Due today", "Hello?", at=at("06 09:30"), priority="normal")
    desk.create("u1", "Missed", "Hello?", at=at("05 10:00"), priority="normal")
    desk.create("u1", "Asleep", "Hello?", at=at("05 15:00"), priority="normal")
    desk.create("u1", "A call", "Call me", at=at("04 09:00"))
    desk.create("u1", "A letter", "Write me", at=at("04 09:00"))
    desk.create("u1", "Long gone", "Hello?", at=at("04 09:00"))
    desk.change("1", "a1", "assignee", "a1", at=at("06 09:40"))
    desk.change("3", "a1", "status", "pending", at=at("05 16:00"))
    desk.say("4", "a2", "I will call you on Thursday.", public=True, auto=False, at=at("04 10:00"))
    desk.say("5", "a1", "I will write again tomorrow.", public=True, auto=False, at=at("04 10:00"))
    desk.change("6", "a1", "status", "closed", at=at("06 09:00"))
    assert call("pull").exit_code == 0
    return desk


def items(*more: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer("upcoming", *AT, *more)["items"]
    return found


def test_what_is_due_is_told_in_the_order_of_time(desk: Local) -> None:
    assert [(each["ticket"], each["kind"], each["name"], each["state"], each["due"]) for each in items()] == [
        ("2", "deadline", "first-reply", "missed", "2024-03-05T13:00:00Z"),
        ("5", "promise", "promise", "broken", "2024-03-05T16:00:00Z"),
        ("1", "deadline", "first-reply", "running", "2024-03-06T12:30:00Z"),
        ("3", "deadline", "first-reply", "paused", "2024-03-06T14:00:00Z"),
        ("4", "promise", "promise", "open", "2024-03-07T16:00:00Z"),
    ]


def test_nobody_waits_for_a_late_answer_on_a_solved_ticket(desk: Local) -> None:
    desk.change("2", "a1", "status", "solved", at=at("06 11:00"))
    desk.change("5", "a1", "status", "solved", at=at("06 11:00"))
    call("pull")
    assert [(each["ticket"], each["kind"]) for each in items()][:2] == [("5", "promise"), ("1", "deadline")]


def test_an_item_says_whose_it_is_and_what_was_said(desk: Local) -> None:
    first, second = items()[:2]
    assert (first["who"], first["quote"], first["subject"], first["left_seconds"]) == (None, None, "Missed", -6 * 3600)
    assert (second["who"], second["quote"]) == ("ana@example.com", "I will write again tomorrow.")
    assert second["rule"] == "We keep our word"
    assert second["url"]
    assert items()[2]["who"] == "ana@example.com"


def test_the_board_is_read_from_what_is_late_to_what_stands_still(desk: Local) -> None:
    lines = call("upcoming", *AT).stdout.splitlines()
    assert lines == [
        "as of Wed 6 Mar 12:00 (Europe/Berlin)",
        "",
        "Overdue",
        "  Tue 5 Mar 14:00  22 h late  #2  first-reply  nobody",
        "      Missed",
        "  Tue 5 Mar 17:00  19 h late  #5  promise      Ana Lind",
        "      “I will write again tomorrow.” (A letter)",
        "",
        "Today",
        "  13:30  in 1 h 30 min  #1  first-reply  Ana Lind",
        "      Due today",
        "",
        "Tomorrow",
        "  17:00  in 29 h  #4  promise  Ben",
        "      “I will call you on Thursday.” (A call)",
        "",
        "Paused",
        "  3 h left  #3  first-reply  nobody",
        "      Asleep",
        "",
        "2 overdue, 1 due today, 1 later, 1 paused.",
    ]


def test_only_what_is_due_so_soon(desk: Local) -> None:
    assert [each["ticket"] for each in items("--within", "2 hours")] == ["2", "5", "1"]
    assert [each["ticket"] for each in items("--within", "2 business days")] == ["2", "5", "1", "3", "4"]
    assert [each["ticket"] for each in items("--within", "0 minutes")] == ["2", "5"]


@pytest.mark.parametrize(
    ("length", "said"),
    [("8h", "8 hours"), ("soon", "30 minutes"), ("1 fortnight", "minutes, hours, days"), ("-1 day", "never negative")],
)
def test_a_length_that_is_none_is_explained(desk: Local, length: str, said: str) -> None:
    result = call("upcoming", "--within", length)
    assert (result.exit_code, "--within" in result.stderr, said in result.stderr) == (1, True, True), result.stderr


def test_days_are_those_of_the_default_calendar(desk: Local) -> None:
    for zone, heading in (("Asia/Tokyo", "Today"), ("America/New_York", "Tomorrow")):
        rules = RULES.replace("Europe/Berlin", zone).replace("4 business hours", "30 hours")
        Path("rules.yaml").write_text(rules)
        lines = call("upcoming", "--at", "2024-03-06T17:00:00Z").stdout.splitlines()
        row = next(number for number, line in enumerate(lines) if line.endswith("Due today"))
        headings = [line for line in lines[:row] if line and not line.startswith(" ")]
        assert headings[-1] == heading, zone


def test_nothing_due_is_one_line(desk: Local) -> None:
    Path("rules.yaml").write_text(RULES.replace("target: first_reply", "target: assignment"))
    early = call("upcoming", "--at", "2024-03-01 09:00")
    assert (early.exit_code, len(early.stdout.splitlines())) == (0, 1)
    assert "Nothing is due" in early.stdout
    assert "within 2 hours" in call("upcoming", "--at", "2024-03-01 09:00", "--within", "2 hours").stdout
    assert answer("upcoming", "--at", "2024-03-01 09:00")["items"] == []


def test_rules_without_clocks_have_nothing_to_watch(desk: Local) -> None:
    Path("rules.yaml").write_text("rules:\n  - name: R\n    add_tags: [x]\n")
    assert call("upcoming").stdout == "No rule of rules.yaml has a deadline, a promise or a recovery case.\n"
    assert answer("upcoming")["items"] == []
    assert answer("explain", "1", *AT)["clocks"] == []


def test_a_rule_for_another_helpdesk_watches_nothing_here(desk: Local) -> None:
    Path("rules.yaml").write_text(RULES.replace("    deadline:", "    helpdesks: [sales]\n    deadline:"))
    assert {each["kind"] for each in items()} == {"promise"}


def test_without_a_local_copy_it_says_what_to_do(desk: Local) -> None:
    Path("makegood.toml").write_text(SETTINGS.replace("makegood.db", "other.db"))
    result = call("upcoming")
    assert (result.exit_code, "makegood pull" in result.stderr) == (1, True)


def test_a_subject_cannot_paint_the_board(desk: Local) -> None:
    desk.create("u1", "Red \x1b[31malert\x07", "Hello", at=at("06 10:00"))
    call("pull")
    assert "\x1b" not in call("upcoming", *AT).stdout


def test_many_are_cut_on_the_board_but_not_in_the_answer(desk: Local) -> None:
    for number in range(50):
        desk.create("u1", f"More {number}", "Hello", at=at("06 10:00"))
    call("pull")
    assert "... and 11 more" in call("upcoming", *AT).stdout
    assert len(items()) == 55


# --- explain ----------------------------------------------------------------------------------------------------------


def explained(ticket: str, *more: str) -> list[str]:
    return call("explain", ticket, *AT, *more).stdout.splitlines()


def test_the_arithmetic_of_a_clock_can_be_followed_line_by_line(desk: Local) -> None:
    desk.change("3", "a1", "status", "open", at=at("06 11:00"))
    call("pull")
    text = explained("3")
    begin = text.index("Clock first-reply  running")
    assert text[begin : begin + 8] == [
        "Clock first-reply  running",
        "  First reply in time, line 7",
        "  due Wed 6 Mar 14:00, 2 h of working time left",
        "  4 business hours (priority is normal), since Tue 5 Mar 15:00 (calendar shop, Europe/Berlin)",
        "    Tue 5 Mar  15:00-16:00            1 h",
        "    Tue 5 Mar  16:00-Wed 6 Mar 11:00  (3 h)  paused: status is pending",
        "    Wed 6 Mar  11:00-12:00            1 h",
        "                                      2 h    in all",
    ]


def test_a_clock_that_stands_still_says_what_is_left(desk: Local) -> None:
    text = explained("3")
    assert "  3 h of working time left when it goes on (now it would be due Wed 6 Mar 15:00)" in text
    assert "    remind 1    once it goes on  to come  tells assignee" in text


def test_a_day_off_stands_between_the_days_that_counted(desk: Local) -> None:
    text = "\n".join(call("explain", "1", "--at", "2024-03-11 10:00").stdout.splitlines())
    assert "due Wed 6 Mar 13:30, 12 h 30 min of working time late" in text
    Path("rules.yaml").write_text(RULES.replace("4 business hours", "20 business hours"))
    (line,) = (line for line in explained("1") if "Fri 8 Mar" in line)
    assert line.split() == ["Fri", "8", "Mar", "day", "off"]


def test_a_promise_is_told_with_its_words(desk: Local) -> None:
    text = explained("5")
    begin = text.index("Promise  broken")
    assert text[begin + 1 : begin + 4] == [
        "  “I will write again tomorrow.”",
        "  given Mon 4 Mar 10:00 by ana@example.com",
        "  due Tue 5 Mar 17:00, 19 h late",
    ]


def test_what_comes_is_told_on_local_clocks(desk: Local) -> None:
    text = explained("1")
    begin = text.index("If nobody acts")
    assert text[begin + 1 :] == [
        "  Wed 6 Mar 13:00  first-reply is due soon",
        "  Wed 6 Mar 13:00  first-reply, remind 1: tells assignee (ana@example.com)",
        "  Wed 6 Mar 13:30  first-reply is missed",
        "  Wed 6 Mar 13:30  first-reply, escalate 1: writes a note",
    ]


def test_no_line_is_wider_than_the_terminal(desk: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    desk.say("1", "a1", "Here you are.", public=True, auto=False, at=at("06 10:00"))
    call("pull")
    lines = [line for ticket in ("1", "2", "3", "5") for line in explained(ticket)]
    lines += call("upcoming", *AT).stdout.splitlines()
    assert [line for line in lines if len(line) > 80] == []


def test_a_step_that_was_applied_is_told_as_done(desk: Local) -> None:
    call("apply", "--auto", "--yes")
    desk.create("u1", "Slow", "Hello", at=datetime.now(UTC), priority="urgent")
    Path("rules.yaml").write_text(RULES.replace("1 business hour,", "0 minutes,"))
    applied = call("apply", "--auto", "--yes")
    assert applied.exit_code == 0, applied.output
    (clock,) = answer("explain", "7")["clocks"]
    assert [(step["step"], step["state"]) for step in clock["steps"]][-1] == ("escalate 1", "done")
    assert clock["steps"][-1]["done"]
