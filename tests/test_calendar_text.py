"""A desk's own hours as calendars of a rule file: they are read without a word, and count the same time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from makegood.connectors.ticket import Schedule
from makegood.rules.calendar import Calendar, CalendarSpec
from makegood.rules.calendar_text import WIDTH, calendar_of, calendars_yaml, named_schedules
from makegood.rules.calendars import DAYS
from makegood.rules.load import load_text
from makegood.rules.model import RuleSet

RULE = "rules:\n  - name: Anything\n    when: {status: new}\n    add_tags: [x]\n"
OFFICE = Schedule(
    "Support (EU)",
    "Europe/Berlin",
    {**dict.fromkeys(DAYS[:4], ("09:00-12:30", "13:30-17:30")), "fri": ("09:00-15:00",)},
    ("2026-03-04", "2026-12-24..2026-12-31"),
)
NIGHT = Schedule("Night", "America/New_York", {"fri": ("22:00-24:00",), "sat": ("00:00-06:00", "22:00-24:00")})
ALL_DAY = Schedule("24/7", "Asia/Kolkata", dict.fromkeys(DAYS, ("00:00-24:00",)), ("2026-03-05",))


def read(*schedules: Schedule) -> RuleSet:
    ruleset, found = load_text(calendars_yaml(schedules) + RULE)
    assert ruleset is not None, found
    assert found == []
    return ruleset


# --- what it looks like -----------------------------------------------------------------------------------------------


def test_hours_are_written_as_people_write_them() -> None:
    assert calendars_yaml([OFFICE]) == (
        "calendars:\n"
        "  support-eu:  # Support (EU)\n"
        "    time_zone: Europe/Berlin\n"
        "    hours: {mon-thu: [09:00-12:30, 13:30-17:30], fri: 09:00-15:00}\n"
        "    holidays:\n"
        "      closed: [2026-03-04, 2026-12-24..2026-12-31]\n"
    )


def test_plain_values_say_the_same() -> None:
    written = yaml.load(calendars_yaml([NIGHT, OFFICE]), yaml.BaseLoader)["calendars"]
    plain = {name: calendar_of(schedule) for name, schedule in named_schedules([NIGHT, OFFICE]).items()}
    single = {name: {day: [hours] if isinstance(hours, str) else hours for day, hours in each["hours"].items()}
              for name, each in written.items()}  # fmt: skip
    assert {name: each | {"hours": single[name]} for name, each in written.items()} == plain


def test_many_holidays_take_several_lines() -> None:
    days = tuple(str(date(2026, 1, 1) + timedelta(days=9 * number)) for number in range(40))
    text = calendars_yaml([Schedule("Day", "UTC", {"mon": ("09:00-17:00",)}, days)])
    assert max(map(len, text.splitlines())) <= WIDTH
    assert len(read(Schedule("Day", "UTC", {"mon": ("09:00-17:00",)}, days)).calendars["day"].closed) == 40


@pytest.mark.parametrize(
    ("names", "calendars"),
    [
        (["Support (EU)", "Support: EU", "support-eu"], ["support-eu", "support-eu-2", "support-eu-3"]),
        (["Always", "null", "24/7"], ["always-2", "null-2", "24-7"]),
        (["!!!", "???"], ["schedule", "schedule-2"]),
        (["Büro Köln\n# two lines", "日本"], ["büro-köln-two-lines", "日本"]),
    ],
)
def test_names_become_names_of_calendars(names: list[str], calendars: list[str]) -> None:
    ruleset = read(*(Schedule(name, "UTC", {"mon": ("09:00-17:00",)}) for name in names))
    assert list(ruleset.calendars) == calendars


def test_any_of_them_can_be_the_default() -> None:
    for name in named_schedules([Schedule(name, "UTC", {"mon": ("09:00-17:00",)}) for name in ("Null", "Yes", "1.5")]):
        head = f"default_calendar: {name}\n"
        ruleset, found = load_text(head + calendars_yaml([Schedule(name, "UTC", {"mon": ("09:00-17:00",)})]) + RULE)
        assert ruleset is not None, found


def test_a_schedule_without_hours_is_no_calendar() -> None:
    assert named_schedules([Schedule("Empty", "UTC", {}), Schedule("None", "UTC", {"mon": ()})]) == {}
    assert list(read(Schedule("Empty", "UTC", {}), OFFICE).calendars) == ["support-eu"]


# --- what it counts ---------------------------------------------------------------------------------------------------


def minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def days_of(closed: tuple[str, ...]) -> set[date]:
    found: set[date] = set()
    for each in closed:
        first, _, last = each.partition("..")
        day = date.fromisoformat(first)
        while day <= date.fromisoformat(last or first):
            found.add(day)
            day += timedelta(days=1)
    return found


def open_minutes(schedule: Schedule, begin: datetime, end: datetime) -> int:
    """Minute by minute: does the clock on the desk's wall show working time?"""
    count, now, closed = 0, begin, days_of(schedule.closed)
    while now < end:
        wall = now.astimezone(ZoneInfo(schedule.time_zone))
        slots = [] if wall.date() in closed else schedule.hours.get(DAYS[wall.weekday()], ())
        shown = wall.hour * 60 + wall.minute
        count += any(minutes(slot[:5]) <= shown < minutes(slot[6:]) for slot in slots)
        now += timedelta(minutes=1)
    return count


@pytest.mark.parametrize("schedule", [OFFICE, NIGHT, ALL_DAY], ids=lambda each: each.name)
@pytest.mark.parametrize("week", ["2026-03-02", "2026-03-07", "2026-10-24", "2026-12-21"])
def test_the_calendar_counts_the_desks_own_time(schedule: Schedule, week: str) -> None:
    calendar = Calendar(next(iter(read(schedule).calendars.values())))
    begin = datetime.fromisoformat(week).replace(tzinfo=UTC)
    for hours in (7, 50, 24 * 8):
        end = begin + timedelta(hours=hours)
        assert calendar.open_between(begin, end) == 60 * open_minutes(schedule, begin, end)


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


SLOTS = st.lists(st.integers(0, 1440), max_size=6, unique=True).map(
    lambda ends: tuple(
        f"{clock(first)}-{clock(last)}" for first, last in zip(sorted(ends)[::2], sorted(ends)[1::2], strict=False)
    )
)
CLOSED = st.lists(st.tuples(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 9)), max_size=4).map(
    lambda found: tuple(str(day) if not more else f"{day}..{day + timedelta(days=more)}" for day, more in found)
)
SCHEDULES = st.builds(
    Schedule,
    name=st.text(max_size=12),
    time_zone=st.sampled_from(["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"]),
    hours=st.dictionaries(st.sampled_from(DAYS), SLOTS),
    closed=CLOSED,
)


@given(st.lists(SCHEDULES, max_size=3))
def test_every_schedule_is_read_as_its_intervals(schedules: list[Schedule]) -> None:
    named = named_schedules(schedules)
    assert list(named.values()) == [each for each in schedules if any(each.hours.values())]
    if named:
        assert read(*schedules).calendars == {name: spec_of(name, schedule) for name, schedule in named.items()}


def spec_of(name: str, schedule: Schedule) -> CalendarSpec:
    week = (schedule.hours.get(day, ()) for day in DAYS)
    hours = tuple(tuple((minutes(slot[:5]), minutes(slot[6:])) for slot in slots) for slots in week)
    return CalendarSpec(name, schedule.time_zone, hours, frozenset(days_of(schedule.closed)))
