"""A desk's own working hours on the command line: ``calendars``, and the rule file that ``init`` writes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from fake_cli import RULES, answer, call, furnish

from makegood.connectors.local import Local
from makegood.connectors.ticket import Schedule

DAY = Schedule("Day shift", "Europe/Berlin", {"mon": ("09:00-12:00", "13:00-17:00")}, ("2199-12-24..2199-12-26",))
NIGHT = Schedule("Night/weekend", "Europe/Berlin", {"sat": ("00:00-24:00",), "sun": ("00:00-24:00",)})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    furnish(tmp_path)
    return tmp_path


def keep_hours(monkeypatch: pytest.MonkeyPatch, *schedules: Schedule) -> None:
    """Let the embedded desk have working hours of its own."""
    told = Local.catalogue
    monkeypatch.setattr(Local, "catalogue", lambda desk: replace(told(desk), schedules=schedules))


def test_a_desks_hours_are_printed_and_no_store_is_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_hours(monkeypatch, DAY, NIGHT)
    result = call("calendars")
    assert result.exit_code == 0, result.output
    assert yaml.load(result.stdout, yaml.BaseLoader)["calendars"]["night-weekend"] == {
        "time_zone": "Europe/Berlin",
        "hours": {"sat-sun": "00:00-24:00"},
    }
    assert not (folder / "makegood.db").exists()


def test_written_hours_can_be_included(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_hours(monkeypatch, DAY, NIGHT)
    result = call("calendars", "-o", "calendars.yaml")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "include: [calendars.yaml]" in result.stderr
    (folder / "rules.yaml").write_text(f"include: [calendars.yaml]\ndefault_calendar: day-shift\n{RULES}")
    assert call("check", "--strict").exit_code == 0


def test_programs_are_told_calendars_as_rule_files_have_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_hours(monkeypatch, DAY)
    told = answer("calendars")
    assert told == {
        "calendars": {
            "day-shift": {
                "time_zone": "Europe/Berlin",
                "hours": {"mon": ["09:00-12:00", "13:00-17:00"]},
                "holidays": {"closed": ["2199-12-24..2199-12-26"]},
            }
        }
    }
    (folder / "hours.json").write_text(json.dumps(told))
    (folder / "rules.yaml").write_text(f"include: hours.json\n{RULES}")
    assert call("check", "--strict").exit_code == 0


@pytest.mark.parametrize("hours", [(), (Schedule("Empty", "UTC", {}),)])
def test_a_desk_without_hours_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch, hours: Any) -> None:
    keep_hours(monkeypatch, *hours)
    result = call("calendars", "-o", "calendars.yaml")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "keeps no working hours" in result.stderr
    assert not (folder / "calendars.yaml").exists()
    assert answer("calendars") == {"calendars": {}}


def test_init_takes_a_desks_hours_over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_hours(monkeypatch, DAY, NIGHT)
    assert call("init", "--helpdesk", "local", "--force").exit_code == 0
    rules = (folder / "rules.yaml").read_text()
    assert "default_calendar: day-shift" in rules
    assert "night-weekend:" in rules
    assert "office" not in rules
    assert call("check", "--strict").exit_code == 0
    assert call("test").exit_code == 0
    assert not (folder / "makegood.db").exists()


def test_init_guesses_hours_where_a_desk_keeps_none(folder: Path) -> None:
    assert call("init", "--helpdesk", "local", "--force").exit_code == 0
    assert "correct these hours" in (folder / "rules.yaml").read_text()
    assert call("check", "--strict").exit_code == 0
