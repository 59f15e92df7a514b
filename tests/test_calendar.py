"""Business calendars: open time, targets and working days, in any zone, compared with a clock that counts minutes."""

from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from makegood.rules import calendar_arrays
from makegood.rules.calendar import ALWAYS, Calendar, CalendarError, CalendarSpec, calendar_for
from makegood.rules.durations import parse_duration, parse_instant
from makegood.rules.opening import from_micros, micros

OFFICE = (((540, 750), (810, 1050)),) * 4 + (((540, 900),), (), ())
NIGHTS = (((1320, 1800),),) * 7
MINUTE = timedelta(minutes=1)


def office(zone: str = "Europe/Berlin", **more) -> Calendar:
    return Calendar(CalendarSpec("office", zone, more.pop("hours", OFFICE), **more))


def local(calendar: Calendar, text: str) -> datetime:
    return parse_instant(text, calendar.zone)


def shown(calendar: Calendar, instant: datetime) -> str:
    return f"{instant.astimezone(calendar.zone):%Y-%m-%d %H:%M}"


# --- a slow and simple clock to compare with --------------------------------------------------------------------------


def hands_show_open(calendar: Calendar, instant: datetime) -> bool:
    """What somebody sees who looks at the clock on the wall and at the notice on the door."""
    now = instant.astimezone(calendar.zone)
    minute = now.hour * 60 + now.minute
    yesterday = now.date() - timedelta(days=1)
    today = any(start <= minute < end for start, end in door(calendar, now.date()))
    return today or any(start <= minute + 1440 < end for start, end in door(calendar, yesterday))


def door(calendar: Calendar, day: date):
    if day in calendar.spec.open:
        while not calendar.spec.hours[day.weekday()]:
            day -= timedelta(days=1)
        return calendar.spec.hours[day.weekday()]
    return () if day in calendar.spec.closed else calendar.spec.hours[day.weekday()]


def counted(calendar: Calendar, start: datetime, minutes: int) -> int:
    return sum(hands_show_open(calendar, start + step * MINUTE) for step in range(minutes))


NIGHTS_OF_CHANGE = [
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("America/Sao_Paulo", "2018-02-18"),
    ("America/Sao_Paulo", "2018-11-04"),
    ("Pacific/Apia", "2011-12-30"),
    ("Asia/Kolkata", "2026-07-01"),
]
SLOTS = st.tuples(st.integers(0, 95), st.integers(1, 96)).map(lambda at: (at[0] * 15, (at[0] + at[1]) * 15))
WHOLE_DAYS = st.sampled_from([(0, 1440), (540, 1440), (1320, 1800), (540, 750)])
WEEKS = st.lists(st.lists(SLOTS | WHOLE_DAYS, max_size=3).map(tuple), min_size=7, max_size=7).map(tuple).filter(any)
DAYS_OFF = st.sets(st.integers(-3, 3), max_size=3)


@st.composite
def calendars(draw):
    zone, day = draw(st.sampled_from(NIGHTS_OF_CHANGE))
    middle = date.fromisoformat(day)
    closed, opened = (frozenset(middle + timedelta(days=step) for step in draw(DAYS_OFF)) for _ in range(2))
    start = datetime(middle.year, middle.month, middle.day, tzinfo=UTC) + timedelta(
        minutes=draw(st.integers(-3000, 1500))
    )
    return Calendar(CalendarSpec("any", zone, draw(WEEKS), closed, opened)), start


@settings(max_examples=60, deadline=None)
@given(calendars(), st.integers(0, 2500))
def test_open_time_is_what_the_clock_on_the_wall_shows(given_calendar, minutes):
    calendar, start = given_calendar
    expected = counted(calendar, start, minutes)
    assert calendar.open_between(start, start + minutes * MINUTE) == expected * 60
    assert calendar.open_between(start + minutes * MINUTE, start) == -expected * 60


@settings(max_examples=60, deadline=None)
@given(calendars(), st.integers(1, 600))
def test_a_target_is_the_first_instant_with_enough_open_time(given_calendar, minutes):
    calendar, start = given_calendar
    end = calendar.add_seconds(start, minutes * 60)
    assert calendar.open_between(start, end) == minutes * 60
    assert hands_show_open(calendar, end - MINUTE)


@settings(max_examples=60, deadline=None)
@given(calendars(), st.integers(1, 600))
def test_a_reminder_is_the_last_instant_with_enough_open_time(given_calendar, minutes):
    calendar, end = given_calendar
    start = calendar.subtract_seconds(end, minutes * 60)
    assert calendar.open_between(start, end) == minutes * 60
    assert hands_show_open(calendar, start)


@settings(max_examples=60, deadline=None)
@given(calendars(), st.integers(0, 1500))
def test_open_and_next_open(given_calendar, minutes):
    calendar, start = given_calendar
    at = start + minutes * MINUTE
    assert calendar.is_open(at) == hands_show_open(calendar, at)
    following, previous = calendar.next_open(at), calendar.previous_open(at)
    assert previous <= at <= following
    assert hands_show_open(calendar, following)
    assert calendar.open_between(previous, following) == 0


def door_opens(calendar: Calendar, day: date) -> bool:
    begin, end = (datetime.combine(each, time(), calendar.zone).astimezone(UTC) for each in (day, day + timedelta(1)))
    return begin < end and bool(door(calendar, day))


def days_passed(calendar: Calendar, day: date, count: int) -> date:
    while count:
        day += timedelta(days=1 if count > 0 else -1)
        count -= (1 if count > 0 else -1) * door_opens(calendar, day)
    return day


@settings(max_examples=40, deadline=None)
@given(calendars(), st.integers(-4000, 4000), st.integers(-5, 5))
def test_business_days_keep_the_hour_and_end_in_working_time(given_calendar, minutes, count):
    calendar, start = given_calendar
    now = (start + minutes * MINUTE).astimezone(calendar.zone)
    day = days_passed(calendar, now.date(), count)
    end = datetime.combine(day, now.time(), calendar.zone).astimezone(UTC)
    while not (hands_show_open(calendar, end) or hands_show_open(calendar, end - MINUTE)):
        end += MINUTE
    assert calendar.add_business_days(start + minutes * MINUTE, count) == end


DURATIONS = [
    "5 business minutes",
    "7.5 business hours",
    "0 business hours",
    "0 business days",
    "3 business days",
    "3 hours",
]


@settings(max_examples=60, deadline=None)
@given(calendars(), st.lists(st.integers(-4000, 4000), max_size=4), st.sampled_from(DURATIONS))
def test_columns_give_the_same_answers(given_calendar, steps, length):
    calendar, start = given_calendar
    each = [start + step * MINUTE for step in steps]
    column = np.array([micros(at) for at in each], np.int64)
    origin = np.full(len(each), micros(start), np.int64)
    duration = parse_duration(length)
    assert [from_micros(at) for at in calendar_arrays.add(calendar, column, duration).tolist()] == [
        calendar.add(at, duration) for at in each
    ]
    assert [from_micros(at) for at in calendar_arrays.subtract(calendar, column, duration).tolist()] == [
        calendar.subtract(at, duration) for at in each
    ]
    assert calendar_arrays.is_open(calendar, column).tolist() == [calendar.is_open(at) for at in each]
    for name in ("next_open", "previous_open"):
        found = getattr(calendar_arrays, name)(calendar, column).tolist()
        assert [from_micros(at) for at in found] == [getattr(calendar, name)(at) for at in each]
    spent = calendar_arrays.open_between(calendar, origin, column)
    assert (spent / 1e6).tolist() == [calendar.open_between(start, at) for at in each]


def test_no_day_added_stays_in_the_hour_that_comes_twice():
    calendar = Calendar(CalendarSpec("any", "Europe/Berlin", (((0, 1440),),) * 7))
    second = datetime(2026, 10, 25, 1, tzinfo=UTC)
    column = calendar_arrays.add(calendar, np.array([micros(second)], np.int64), parse_duration("0 business days"))
    assert [from_micros(at) for at in column.tolist()] == [second]


@settings(max_examples=30, deadline=None)
@given(calendars(), st.lists(st.tuples(st.integers(-4000, 4000), st.integers(0, 5000)), max_size=4))
def test_each_of_a_column_has_its_own_amount_added(given_calendar, pairs):
    calendar, start = given_calendar
    each = [(start + step * MINUTE, amount) for step, amount in pairs]
    column = np.array([micros(at) for at, _ in each], np.int64)
    amounts = np.array([amount * 60_000_000 for _, amount in each], np.int64)
    found = calendar_arrays.add_open(calendar, column, amounts).tolist()
    assert [from_micros(at) for at in found] == [calendar.add_seconds(at, amount * 60) for at, amount in each]


def test_a_column_works_out_no_years_but_its_own():
    calendar, now = office(), np.array([micros(datetime(2026, 11, 23, tzinfo=UTC))], np.int64)
    for name in ("next_open", "previous_open"):
        getattr(calendar_arrays, name)(calendar, now)
        assert getattr(calendar_arrays, name)(calendar, now[:0]).tolist() == []
    assert calendar.covering(int(now[0]), int(now[0])).first == 2025


# --- what the contract says -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        ("2026-11-23 09:00", "4 business hours", "2026-11-23 14:00"),
        ("2026-11-23 13:30", "4 business hours", "2026-11-23 17:30"),
        ("2026-11-23 17:30", "1 business minute", "2026-11-24 09:01"),
        ("2026-11-20 16:00", "90 business minutes", "2026-11-23 10:30"),
        ("2026-11-23 10:00", "1 business day", "2026-11-24 10:00"),
        ("2026-11-23 12:45", "1 business day", "2026-11-24 13:30"),
        ("2026-11-23 17:30", "1 business day", "2026-11-24 17:30"),
        ("2026-11-23 18:00", "1 business day", "2026-11-25 09:00"),
        ("2026-11-20 10:00", "1 business day", "2026-11-23 10:00"),
        ("2026-11-21 10:00", "2 business days", "2026-11-24 10:00"),
        ("2026-11-21 10:00", "0 business days", "2026-11-23 09:00"),
        ("2026-11-21 10:00", "0 business hours", "2026-11-21 10:00"),
        ("2026-10-24 12:00", "1 day", "2026-10-25 11:00"),
        ("2026-11-21 10:00", "90 minutes", "2026-11-21 11:30"),
    ],
)
def test_where_a_target_ends(start, duration, end):
    calendar = office()
    assert shown(calendar, calendar.add(local(calendar, start), parse_duration(duration))) == end


@pytest.mark.parametrize(
    ("end", "duration", "start"),
    [
        ("2026-11-23 17:30", "30 business minutes", "2026-11-23 17:00"),
        ("2026-11-23 09:00", "30 business minutes", "2026-11-20 14:30"),
        ("2026-11-23 10:00", "1 business day", "2026-11-20 10:00"),
        ("2026-11-23 10:00", "1 hour", "2026-11-23 09:00"),
        ("2026-11-22 10:00", "0 business hours", "2026-11-22 10:00"),
    ],
)
def test_where_a_reminder_lies(end, duration, start):
    calendar = office()
    assert shown(calendar, calendar.subtract(local(calendar, end), parse_duration(duration))) == start


def test_a_night_shift_over_the_change_lasts_seven_or_nine_hours():
    nights = office(hours=NIGHTS)
    for day, hours in (("2026-03-28", 7), ("2026-06-01", 8), ("2026-10-24", 9)):
        evening = local(nights, f"{day} 22:00")
        assert nights.open_between(evening, evening + timedelta(hours=12)) == hours * 3600


def test_a_shift_belongs_to_the_day_on_which_it_begins():
    nights = office(hours=NIGHTS, closed=frozenset({date(2026, 12, 25)}))
    assert nights.is_open(local(nights, "2026-12-25 05:00"))
    assert not nights.is_open(local(nights, "2026-12-25 23:00"))
    assert shown(nights, nights.closing_of(date(2026, 12, 24))) == "2026-12-25 06:00"
    assert nights.closing_of(date(2026, 12, 25)) is None


def test_closing_and_bounds_of_a_day():
    calendar = office()
    assert shown(calendar, calendar.closing_of(date(2026, 11, 27))) == "2026-11-27 15:00"
    begin, end = calendar.day_bounds(date(2026, 10, 25))
    assert end - begin == timedelta(hours=25)
    begin, end = office("America/Sao_Paulo").day_bounds(date(2018, 11, 4))
    assert end - begin == timedelta(hours=23)


def test_a_day_that_never_was_is_no_working_day():
    apia = office("Pacific/Apia", hours=(((540, 1020),),) * 7)
    assert not apia.is_working_day(date(2011, 12, 30))
    assert apia.nth_working_day(date(2011, 12, 29), 1) == date(2011, 12, 31)
    assert apia.day_bounds(date(2011, 12, 30))[0] == apia.day_bounds(date(2011, 12, 30))[1]


def test_working_days_are_counted_both_ways():
    calendar = office()
    assert calendar.nth_working_day(date(2026, 11, 20), 1) == date(2026, 11, 23)
    assert calendar.nth_working_day(date(2026, 11, 23), -1) == date(2026, 11, 20)
    assert calendar.nth_working_day(date(2026, 11, 22), 0) == date(2026, 11, 22)


def test_always_is_always_open():
    always = Calendar(ALWAYS)
    now = datetime(2026, 11, 23, 3, 4, 5, tzinfo=UTC)
    assert always.is_open(now)
    assert always.add(now, parse_duration("100 business hours")) == now + timedelta(hours=100)
    assert always.add(now, parse_duration("2 business days")) == now + timedelta(days=2)
    assert always.closing_of(date(2026, 11, 23)) == datetime(2026, 11, 24, tzinfo=UTC)


def test_the_same_description_is_the_same_calendar():
    rules = SimpleNamespace(calendars={"office": CalendarSpec("office", "Europe/Berlin", OFFICE)})
    assert calendar_for(rules, "office") is calendar_for(rules, "office")
    assert calendar_for(rules, "always").spec is ALWAYS


# --- holidays ---------------------------------------------------------------------------------------------------------


def test_public_holidays_and_exceptions():
    calendar = office(
        country="DE", region="BE", closed=frozenset({date(2026, 12, 24)}), open=frozenset({date(2026, 12, 25)})
    )
    christmas = [date(2026, 12, 24), date(2026, 12, 26), date(2027, 1, 1)]
    assert calendar.closed_dates(date(2026, 12, 1), date(2027, 1, 5)) == christmas
    assert calendar.is_working_day(date(2026, 12, 25))
    assert calendar.holidays_version.startswith("holidays ")


def test_a_mail_on_christmas_eve_waits_for_the_first_working_morning():
    calendar = office(country="DE", region="BE", closed=frozenset({date(2026, 12, 24)}))
    due = calendar.add(local(calendar, "2026-12-24 22:10"), parse_duration("4 business hours"))
    assert shown(calendar, due) == "2026-12-28 14:00"


def test_a_day_off_moved_over_new_year():
    new_york = office("America/New_York", country="US")
    assert not new_york.is_working_day(date(2027, 12, 31))


def test_an_open_weekend_day_has_the_hours_of_the_weekday_before_it():
    calendar = office(open=frozenset({date(2026, 11, 28)}))
    assert calendar.hours_on(date(2026, 11, 28)) == ((540, 900),)


def test_where_a_holiday_list_ends():
    assert office().holidays_end is None
    assert office(closed=frozenset({date(2026, 12, 24), date(2027, 1, 1)})).holidays_end == date(2027, 1, 1)
    assert office(country="DE").holidays_end.year > 2090
    assert office().holidays_version == ""


@pytest.mark.parametrize(
    ("more", "message", "hint"),
    [
        ({"country": "XX"}, "country `XX`", "ISO 3166"),
        ({"country": "de"}, "country `de`", "`DE`"),
        ({"country": "DE", "region": "Berlin"}, "region `Berlin`", "BE"),
        ({"hours": ((),) * 7}, "no working time", "mon-fri"),
    ],
)
def test_refused_calendars(more, message, hint):
    with pytest.raises(CalendarError, match=message) as refused:
        office(**more)
    assert hint in refused.value.hint


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "holidays", None)
    with pytest.raises(CalendarError, match="extra `holidays`") as refused:
        office(country="FR").is_working_day(date(2026, 1, 1))
    assert "makegood[holidays]" in refused.value.hint


def test_a_search_without_end_ends_with_an_error():
    years = range(date(2026, 1, 1).toordinal(), date(2202, 1, 1).toordinal())
    calendar = office("UTC", closed=frozenset(map(date.fromordinal, years)))
    start = datetime(2026, 11, 23, tzinfo=UTC)
    for ask in (
        lambda: calendar.add(start, parse_duration("1 business hour")),
        lambda: calendar.add(start, parse_duration("1 business day")),
        lambda: calendar.next_open(start),
        lambda: calendar_arrays.add(calendar, np.array([micros(start)]), parse_duration("1 business hour")),
        lambda: calendar_arrays.next_open(calendar, np.array([micros(start)])),
        lambda: calendar.subtract_seconds(start, 1e10),
    ):
        with pytest.raises(CalendarError, match="not enough working time"):
            ask()


def test_far_away_instants_count_as_the_ends_of_known_time():
    calendar = office("UTC")
    now, never = datetime(2026, 11, 23, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
    assert calendar.open_between(now, never) > 0
    assert not calendar.is_open(datetime(1, 1, 1, tzinfo=UTC))


def test_no_years_are_worked_out_twice():
    calendar = office()
    first = calendar.covering(0, 0)
    assert calendar.covering(0, 0) is first
    assert calendar.covering(0, micros(datetime(2026, 1, 1, tzinfo=UTC))).first == first.first


def test_instants_to_the_microsecond():
    instant = datetime(2026, 11, 23, 9, 0, 0, 1, tzinfo=UTC)
    assert from_micros(micros(instant)) == instant
    calendar = Calendar(CalendarSpec("office", "UTC", OFFICE))
    assert calendar.open_between(instant, instant + MINUTE) == 60
