"""``report`` at the command line: which period, which format, which file, and what is said where it cannot be."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fake_cli import SETTINGS, answer, call, stop_the_clock
from page_check import faults

from makegood.connectors.local import Local
from makegood.connectors.ticket import Person
from makegood.engine import commitments
from makegood.rules import promises

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
RULES = """
calendars: {office: {time_zone: Europe/Berlin, hours: {mon-fri: 09:00-17:00}}}
rules:
  - {name: Answers, deadline: {name: answer, target: first_reply, within: 4 business hours}}
  - {name: Word, promise: {}}
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A desk on which Ann answers a ticket in February and one in March, seen from April."""
    monkeypatch.chdir(tmp_path)
    stop_the_clock(monkeypatch, NOW)
    Path("rules.yaml").write_text(RULES)
    Path("makegood.toml").write_text(SETTINGS)
    with Local(tmp_path / "desk.db", now=lambda: NOW) as local:
        local.describe(groups=("Billing",))
        local.add_person(Person("ann", "Ann", "ann@example.com", role="agent", groups=("Billing",)))
        local.add_person(Person("zoe", email="zoe@customer.example"))
        for month in (2, 3):
            start = datetime(2026, month, 3, 9, tzinfo=UTC)
            ticket = local.create("zoe", "Help", "x", at=start, group="Billing")
            local.say(ticket, "ann", "I will call you tomorrow.", at=start + timedelta(hours=1))
    assert call("pull").exit_code == 0
    return tmp_path


def figures(told: Any) -> dict[str, Any]:
    return {each["key"]: each for section in told["sections"] for each in section["figures"]}


def test_without_dates_it_is_the_last_whole_month_beside_the_one_before(desk: Path) -> None:
    told = answer("report")
    assert (told["format"], told["helpdesk"], told["complete"]) == ("makegood-report/1", "support", True)
    assert (told["from"], told["to"]) == ("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z")
    assert told["before"] == {"from": "2026-01-31T23:00:00Z", "to": "2026-02-28T23:00:00Z"}
    met = figures(told)["deadlines_in_time_share"]
    assert (met["value"], met["based_on"], met["before"], met["before_based_on"]) == (1.0, 1, 1.0, 1)
    broken = figures(told)["promises_broken"]
    assert (broken["value"], broken["before"]) == (1, 1)


def test_a_period_can_be_named_and_may_not_be_over_yet(desk: Path) -> None:
    told = answer("report", "--from", "2026-03-03", "--to", "2026-03-09")
    assert (told["from"], told["to"]) == ("2026-03-02T23:00:00Z", "2026-03-09T23:00:00Z")
    assert told["before"]["from"] == "2026-02-23T23:00:00Z"
    assert figures(told)["promises_made"]["value"] == 1
    running = answer("report", "--from", "2026-04-01", "--to", "2026-04-30")
    assert running["complete"] is False
    assert running["to"].startswith("2026-04-10T12:00:00")
    told = call("report", "--from", "2026-04-01", "--to", "2026-04-30").stdout
    assert "The period is not over yet." in " ".join(told.split())


def test_a_period_without_anything_says_so(desk: Path) -> None:
    told = call("report", "--from", "2025-03-01", "--to", "2025-03-31")
    assert told.exit_code == 0
    assert "Nothing is known of this period: the first ticket that is known came in on 2026-02-03." in " ".join(
        told.stdout.split()
    )
    assert "no data" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "soon"), "--from"),
        (("--from", "2026-02-30"), "--from"),
        (("--to", "2026-13-01"), "--to"),
        (("--from", "2026-03-09", "--to", "2026-03-03"), "is not before --to"),
        (("--from", "2026-05-01", "--to", "2026-05-31"), "has not come yet"),
        (("--format", "pdf"), "pdf"),
    ],
)
def test_what_is_asked_wrongly_is_said(desk: Path, arguments: tuple[str, ...], said: str) -> None:
    ran = call("report", *arguments)
    assert ran.exit_code != 0
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_file_says_in_which_format(desk: Path) -> None:
    for name, begins in (
        ("r.html", "<!DOCTYPE html>"),
        ("r.md", "# Service report"),
        ("r.json", "{"),
        ("r.txt", "Service"),
    ):
        ran = call("report", "-o", name)
        assert (ran.exit_code, ran.stdout) == (0, "")
        assert f"Written to {name}" in ran.stderr
        assert Path(name).read_text(encoding="utf-8").startswith(begins)
    assert faults(Path("r.html").read_text(encoding="utf-8")) == []
    assert json.loads(Path("r.json").read_text(encoding="utf-8"))["format"] == "makegood-report/1"
    call("report", "-o", "r.html", "--format", "markdown")
    assert Path("r.html").read_text(encoding="utf-8").startswith("# Service report")
    assert not list(desk.glob("*.part"))


def test_a_second_report_reads_no_message_again(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = call("report", "--format", "json").stdout
    monkeypatch.setattr(promises, "commitments_in", None)
    monkeypatch.setattr(commitments, "commitments_in", None)
    assert call("report", "--format", "json").stdout == first
    assert '"promises_made"' in first


def test_every_format_can_be_printed(desk: Path) -> None:
    assert call("report").stdout.startswith("Service report support: March 2026")
    assert call("report", "--format", "markdown").stdout.startswith("# Service report support: March 2026")
    assert faults(call("report", "--format", "html").stdout) == []


def test_people_are_named_only_where_the_settings_say_so(desk: Path) -> None:
    for form in ("text", "json", "markdown", "html"):
        assert "Ann" not in call("report", "--format", form).stdout
    Path("makegood.toml").write_text(SETTINGS + "[report]\nper_person = true\n")
    for form in ("text", "json", "markdown", "html"):
        assert "Ann" in call("report", "--format", form).stdout
    Path("makegood.toml").write_text(SETTINGS + "[report]\nper_persons = true\n")
    refused = call("report")
    assert refused.exit_code == 1
    assert (
        'makegood.toml:6: report.per_persons: "per_persons" is not a setting; did you mean per_person?'
        in refused.stderr
    )


@pytest.mark.parametrize("gone", ["jinja2", "matplotlib"])
def test_without_the_extra_only_pages_are_refused(desk: Path, gone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.partition(".")[0] == gone]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, gone, None)
    ran = call("report", "-o", "r.html")
    assert ran.exit_code == 1
    assert f"HTML pages need {gone}, which is not installed" in ran.stderr
    assert "pip install 'makegood[report]'" in ran.stderr
    assert not Path("r.html").exists()
    assert call("report").exit_code == 0


def test_a_copy_that_was_never_pulled_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rules.yaml").write_text(RULES)
    Path("makegood.toml").write_text(SETTINGS)
    with Local(tmp_path / "desk.db", now=lambda: NOW):
        pass
    ran = call("report")
    assert ran.exit_code == 1
    assert "nothing is known about support yet" in ran.stderr
