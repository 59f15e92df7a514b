"""Durations, dates and instants: what is read, and what is refused with which way out."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from makegood.rules.durations import (
    Duration,
    UnreadableError,
    parse_date,
    parse_dates,
    parse_duration,
    parse_instant,
    parse_zone,
)

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30 minutes", timedelta(minutes=30)),
        ("4 hours", timedelta(hours=4)),
        ("2 days", timedelta(days=2)),
        ("1 week", timedelta(weeks=1)),
        ("1.5 hours", timedelta(minutes=90)),
        ("0.1 hours", timedelta(minutes=6)),
        ("0 minutes", timedelta()),
        ("4 business hours", timedelta(hours=4)),
        ("90 business minutes", timedelta(minutes=90)),
        (" 1  Hour ", timedelta(hours=1)),
        ("1 hours", timedelta(hours=1)),
        ("2 hour", timedelta(hours=2)),
    ],
)
def test_lengths(text, length):
    assert parse_duration(text).length == length


def test_business_days_have_no_fixed_length():
    days = parse_duration("2 business days")
    assert (days.amount, days.unit, days.business) == (2, "day", True)
    with pytest.raises(ValueError, match="only a calendar"):
        _ = days.length


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("4h", "write `4 hours` for the wall clock, or `4 business hours` for working time"),
        ("1 min", "write `1 minute` for the wall clock, or `1 business minute` for working time"),
        ("2d", "write `2 days` for the wall clock, or `2 business days` for working time"),
        ("1w", "write `1 week` for the wall clock, or 5 business days for each week"),
        ("2 business h", "write `2 business hours`"),
        ("2 business weeks", "write `10 business days`"),
        ("1.5 business days", "write it in business hours"),
        ("3 huors", "did you mean `hours`?"),
        ("3 fortnights", "units are minutes, hours, days and weeks"),
        ("2 months", "`30 days`"),
        ("an hour", "write `1 hour`"),
        ("1,5 hours", "write `1.5 hours`"),
        ("2 working days", "write `2 business days`"),
        ("-2 hours", "leave out the minus"),
        ("1..2 hours", "`1.5 hours`"),
        ("4", "`30 minutes`"),
        ("hours", "`30 minutes`"),
        ("", "`30 minutes`"),
        ("1 hour 30 minutes", "`30 minutes`"),
        ("99999999 weeks", "write a shorter time"),
        ("\u0663 hours", "`30 minutes`"),
    ],
)
def test_what_is_not_a_length_of_time(text, hint):
    with pytest.raises(UnreadableError) as refused:
        parse_duration(text)
    assert hint in refused.value.hint
    assert str(refused.value)


@given(
    st.fractions(0, 1000, max_denominator=1).map(lambda whole: whole / 4),
    st.sampled_from(["minute", "hour", "day", "week"]),
    st.booleans(),
)
def test_what_is_written_is_read_again(amount, unit, business):
    duration = Duration(amount, unit, business)
    if business and (unit == "week" or (unit == "day" and amount.denominator != 1)):
        return
    assert parse_duration(str(duration)) == duration


@pytest.mark.parametrize(("text", "canonical"), [("1.50 hours", "1.5 hours"), ("1.0 business day", "1 business day")])
def test_canonical_text(text, canonical):
    assert str(parse_duration(text)) == canonical


def test_dates():
    assert parse_date(" 2026-12-24") == date(2026, 12, 24)
    assert parse_dates("2026-12-24") == (date(2026, 12, 24), date(2026, 12, 24))
    assert parse_dates("2026-12-27..2027-01-01") == (date(2026, 12, 27), date(2027, 1, 1))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("24.12.2026", "`2026-12-24`"),
        ("2026-02-30", "`2026-12-24`"),
        ("2027-01-01..2026-12-27", "write `2026-12-27..2027-01-01`"),
        ("2026-12-27..", "the last day"),
        ("..", "`2026-12-24`"),
    ],
)
def test_what_is_not_a_date(text, hint):
    with pytest.raises(UnreadableError) as refused:
        parse_dates(text)
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-12-28 09:01", "2026-12-28 08:01:00"),
        ("2026-12-28 9:01:30", "2026-12-28 08:01:30"),
        ("2026-12-28T09:01:30Z", "2026-12-28 09:01:30"),
        ("2026-12-28 09:01 +01:00", "2026-12-28 08:01:00"),
        ("2026-12-28 09:01-0530", "2026-12-28 14:31:00"),
        ("2026-12-28 09:01 America/New_York", "2026-12-28 14:01:00"),
        ("2026-03-29 02:30", "2026-03-29 01:30:00"),
        ("2026-10-25 02:30", "2026-10-25 00:30:00"),
    ],
)
def test_instants(text, instant):
    assert parse_instant(text, BERLIN) == datetime.fromisoformat(instant).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("2026-12-28", "day and time"),
        ("tomorrow", "day and time"),
        ("2026-12-28 24:00", "00 to 23"),
        ("2026-13-28 09:00", "`2026-12-24`"),
        ("2026-12-28 09:00 Berlin", "did you mean `Europe/Berlin`?"),
        ("2026-12-28 09:00 +15:00", "`+01:00`"),
        ("0001-01-01 00:00", "between 1 and 9999"),
    ],
)
def test_what_is_not_an_instant(text, hint):
    with pytest.raises(UnreadableError) as refused:
        parse_instant(text, BERLIN)
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("europe/berlin", "`Europe/Berlin`"),
        ("New York", "`America/New_York`"),
        ("Europe/Berln", "`Europe/Berlin`"),
        ("W. Europe Standard Time", "continent and city"),
        ("../../etc/passwd", "continent and city"),
        ("", "continent and city"),
        ("a\0b", "continent and city"),
    ],
)
def test_what_is_not_a_zone(name, hint):
    with pytest.raises(UnreadableError) as refused:
        parse_zone(name)
    assert hint in refused.value.hint


@settings(max_examples=150)
@given(st.text(max_size=30) | st.from_regex(r"[0-9.,+-]{0,5} ?[a-z ]{0,20}"))
def test_any_text_is_read_or_refused(text):
    for read in (parse_duration, parse_dates, lambda given: parse_instant(given, BERLIN)):
        with suppress(UnreadableError):
            read(text)
