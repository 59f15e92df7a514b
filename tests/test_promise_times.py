"""When a promise is due: every convention, over both changes of the clock, holidays and closed days."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from fake_reading import OFFICE, promised, reading
from hypothesis import given, settings
from hypothesis import strategies as st

from makegood.rules.calendar import Calendar, CalendarSpec
from makegood.rules.promises import Reading, promises_in

LUNCH = (((540, 750), (810, 1050)),) * 4 + (((540, 900),), (), ())
"""Monday to Thursday until 17:30, on Fridays until 15:00."""


def due(words: str, at: str = "2026-03-12 10:00", **more) -> str:
    """Grade and local time by which ``I will call you WORDS.`` is due."""
    found = promised(f"I will call you {words}.", reading(at, **more))
    return found[0] if found else "no"


DAYS = {
    "today": "day 2026-03-12 17:00",
    "tomorrow": "day 2026-03-13 17:00",
    "the day after tomorrow": "day 2026-03-15 00:00",
    "on Friday": "day 2026-03-13 17:00",
    "on Thursday": "day 2026-03-12 17:00",
    "this Friday": "day 2026-03-13 17:00",
    "next Friday": "day 2026-03-20 17:00",
    "on Monday": "day 2026-03-16 17:00",
    "next Monday": "day 2026-03-16 17:00",
    "on Wednesday next week": "day 2026-03-18 17:00",
    "next week on Wednesday": "day 2026-03-18 17:00",
    "a week on Friday": "day 2026-03-20 17:00",
    "on Saturday": "day 2026-03-15 00:00",
    "by Friday or Monday": "day 2026-03-16 17:00",
    "between Monday and Wednesday": "day 2026-03-18 17:00",
    "in 2 days": "day 2026-03-15 00:00",
    "in four days": "day 2026-03-16 17:00",
    "in 4-6 days": "day 2026-03-18 17:00",
    "within two business days": "day 2026-03-16 17:00",
    "in 2 to 3 working days": "day 2026-03-17 17:00",
    "on the next business day": "day 2026-03-13 17:00",
    "by EOD": "day 2026-03-12 17:00",
    "by end of business tomorrow": "day 2026-03-13 17:00",
    "by close of play on Monday": "day 2026-03-16 17:00",
    "this afternoon": "day 2026-03-12 17:00",
    "tonight": "day 2026-03-13 00:00",
    "tomorrow morning": "day 2026-03-13 12:00",
    "on Monday afternoon": "day 2026-03-16 17:00",
    "in the morning": "day 2026-03-13 12:00",
    "first thing": "day 2026-03-13 12:00",
    "first thing on Monday": "day 2026-03-16 12:00",
    "before lunch": "day 2026-03-12 12:00",
}
DATES = {
    "on 2026-12-24": "day 2026-12-24 17:00",
    "on 24.12.": "day 2026-12-24 17:00",
    "on 24.12.2027": "day 2027-12-24 17:00",
    "on 24/12": "day 2026-12-24 17:00",
    "on 12/24": "day 2026-12-24 17:00",
    "on 3/4": "day 2026-04-03 17:00",
    "on Dec 24": "day 2026-12-24 17:00",
    "on December 24th, 2027": "day 2027-12-24 17:00",
    "on the 24th of December": "day 2026-12-24 17:00",
    "on 24 December 2026 at 9": "exact 2026-12-24 09:00",
    "on the 24th": "day 2026-03-24 17:00",
    "on the 2nd": "day 2026-04-02 17:00",
    "by March 12": "day 2026-03-12 17:00",
    "by March 11": "day 2027-03-11 17:00",
    "on 29 February": "day 2028-02-29 17:00",
    "on Friday, 20 March": "day 2026-03-20 17:00",
    "on Friday (20/3)": "day 2026-03-20 17:00",
}
CLOCKS = {
    "at 3pm": "exact 2026-03-12 15:00",
    "at 3": "exact 2026-03-12 15:00",
    "at 3:30": "exact 2026-03-12 15:30",
    "at 10:30": "exact 2026-03-12 10:30",
    "at 9.30am tomorrow": "exact 2026-03-13 09:30",
    "tomorrow at 03:30": "exact 2026-03-13 03:30",
    "on Tuesday at 09:30": "exact 2026-03-17 09:30",
    "at 9": "exact 2026-03-13 09:00",
    "at noon": "exact 2026-03-12 12:00",
    "before midnight": "exact 2026-03-13 00:00",
    "at half past three": "exact 2026-03-12 15:30",
    "at quarter to four": "exact 2026-03-12 15:45",
    "at 3 o'clock": "exact 2026-03-12 15:00",
    "by 12 p.m.": "exact 2026-03-12 12:00",
    "tomorrow at 12am": "exact 2026-03-13 00:00",
    "between 2 and 4 pm": "exact 2026-03-12 16:00",
    "tomorrow from 10 to 12": "exact 2026-03-13 12:00",
    "2-4pm tomorrow": "exact 2026-03-13 16:00",
    "this evening at 8": "exact 2026-03-12 20:00",
    "at 3pm UTC": "exact 2026-03-12 16:00",
    "at 3pm GMT": "exact 2026-03-12 16:00",
    "at 3pm London time": "exact 2026-03-12 16:00",
    "at 9am EST": "exact 2026-03-12 14:00",
    "tomorrow at 3pm PT": "exact 2026-03-13 23:00",
    "at 3pm your time": "exact 2026-03-12 15:00",
}
LENGTHS = {
    "in 2 hours": "exact 2026-03-12 12:00",
    "in 1.5 hours": "exact 2026-03-12 11:30",
    "in half an hour": "exact 2026-03-12 10:30",
    "within the hour": "exact 2026-03-12 11:00",
    "in 10-15 minutes": "exact 2026-03-12 10:15",
    "in a couple of hours": "exact 2026-03-12 12:00",
    "within 24h": "exact 2026-03-13 10:00",
    "within 24-48 hours": "exact 2026-03-14 10:00",
    "within 4 business hours": "exact 2026-03-12 14:00",
    "within 10 business hours": "exact 2026-03-13 12:00",
}
WEEKS = {
    "this week": "week 2026-03-13 17:00",
    "by the end of the week": "week 2026-03-13 17:00",
    "next week": "week 2026-03-20 17:00",
    "early next week": "week 2026-03-17 17:00",
    "mid next week": "week 2026-03-19 17:00",
    "the week after next": "week 2026-03-27 17:00",
    "over the weekend": "week 2026-03-16 00:00",
    "in the next few days": "week 2026-03-19 17:00",
    "within two weeks": "week 2026-03-26 17:00",
    "in a month": "week 2026-04-13 00:00",
    "by the end of the month": "week 2026-03-31 17:00",
    "next month": "week 2026-04-30 17:00",
}
VAGUE = dict.fromkeys(("soon", "shortly", "asap", "as soon as possible", "in due course"), "vague none")


@pytest.mark.parametrize(("words", "wanted"), {**DAYS, **DATES, **CLOCKS, **LENGTHS, **WEEKS, **VAGUE}.items())
def test_a_time_is_read_by_its_convention(words: str, wanted: str) -> None:
    assert due(words) == wanted


# --- today, and what is past --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "at", "wanted"),
    [
        ("today", "2026-03-12 18:00", "day 2026-03-13 00:00"),
        ("on Thursday", "2026-03-12 16:59", "day 2026-03-12 17:00"),
        ("on Thursday", "2026-03-12 18:00", "day 2026-03-19 17:00"),
        ("this Thursday", "2026-03-12 18:00", "day 2026-03-19 17:00"),
        ("on Thursday evening", "2026-03-12 18:00", "day 2026-03-13 00:00"),
        ("on Saturday", "2026-03-14 10:00", "day 2026-03-15 00:00"),
        ("on Thursday at 9", "2026-03-12 10:00", "exact 2026-03-19 09:00"),
        ("on Thursday at 11", "2026-03-12 10:00", "exact 2026-03-12 11:00"),
        ("in the morning", "2026-03-12 01:00", "day 2026-03-12 12:00"),
        ("in the morning", "2026-03-12 15:00", "day 2026-03-13 12:00"),
        ("in the morning", "2026-03-13 15:00", "day 2026-03-16 12:00"),
        ("at 9am", "2026-03-13 16:50", "exact 2026-03-16 09:00"),
        ("this morning", "2026-03-12 15:00", "no"),
        ("this week", "2026-03-14 12:00", "week 2026-03-16 00:00"),
        ("within 1 business day", "2026-03-13 16:00", "day 2026-03-16 17:00"),
        ("within 1 business day", "2026-03-14 12:00", "day 2026-03-16 17:00"),
        ("next Tuesday", "2026-03-16 10:00", "day 2026-03-24 17:00"),
        ("next week", "2026-03-15 10:00", "week 2026-03-20 17:00"),
        ("on January 2nd", "2026-12-31 10:00", "day 2027-01-03 00:00"),
    ],
)
def test_the_moment_of_writing_decides(words: str, at: str, wanted: str) -> None:
    assert due(words, at) == wanted


@pytest.mark.parametrize("words", ["yesterday", "last Friday", "on 2026-01-02", "3 days ago", "since Monday"])
def test_what_has_been_is_no_promise(words: str) -> None:
    assert due(words) == "no"


# --- calendars ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("on Monday", "day 2026-03-16 17:30"),
        ("tomorrow", "day 2026-03-13 15:00"),
        ("tomorrow afternoon", "day 2026-03-13 15:00"),
        ("on Monday afternoon", "day 2026-03-16 17:00"),
        ("this week", "week 2026-03-13 15:00"),
    ],
)
def test_a_day_ends_when_its_own_hours_do(words: str, wanted: str) -> None:
    assert due(words, hours=LUNCH) == wanted


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("tomorrow", "day 2026-03-14 00:00"),
        ("within 1 business day", "day 2026-03-16 17:00"),
        ("this week", "week 2026-03-12 17:00"),
        ("at 9", "exact 2026-03-16 09:00"),
    ],
)
def test_a_holiday_ends_at_midnight_and_is_no_business_day(words: str, wanted: str) -> None:
    assert due(words, closed=(date(2026, 3, 13),)) == wanted


@pytest.mark.parametrize(
    ("zone", "wanted"), [("America/New_York", "2026-03-13 16:00"), ("Asia/Tokyo", "2026-03-14 15:00")]
)
def test_the_authors_zone_decides_what_today_is_and_the_calendar_when_it_closes(zone: str, wanted: str) -> None:
    berlin = Calendar(CalendarSpec("office", "Europe/Berlin", OFFICE))
    at = datetime(2026, 3, 12, 23, 30, tzinfo=UTC)
    (found,) = promises_in("I'll do it tomorrow.", Reading(at, berlin, ZoneInfo(zone), "en"))
    assert f"{found.due:%Y-%m-%d %H:%M}" == wanted


@pytest.mark.parametrize(("order", "wanted"), [("DMY", "day 2026-04-03 17:00"), ("MDY", "day 2027-03-04 17:00")])
def test_the_order_of_a_date_is_that_of_the_reading(order: str, wanted: str) -> None:
    assert due("on 3/4", date_order=order) == wanted


def test_the_convention_is_told_in_words() -> None:
    (found,) = promises_in("I'll call you on Saturday.", reading())
    assert found.convention == "a bare day ends at midnight where the calendar is closed that day (Europe/Berlin)"


# --- changes of the clock -----------------------------------------------------------------------------------------------


def utc(words: str, at: str, zone: str = "Europe/Berlin") -> str:
    here = reading(at, zone, hours=(((0, 1440),),) * 7)
    (found,) = promises_in(f"I will call you {words}.", here)
    return f"{found.due:%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("words", "at", "wanted"),
    [
        ("within 24 hours", "2026-03-28 12:00", "03-29 11:00"),
        ("within 48 hours", "2026-10-24 12:00", "10-26 10:00"),
        ("tomorrow at 02:30", "2026-03-28 12:00", "03-29 01:30"),
        ("tomorrow at 02:30", "2026-10-24 12:00", "10-25 00:30"),
        ("tomorrow at 12:00", "2026-03-28 12:00", "03-29 10:00"),
        ("tomorrow at 12:00", "2026-10-24 12:00", "10-25 11:00"),
        ("tomorrow", "2026-03-28 12:00", "03-29 22:00"),
        ("tomorrow", "2026-10-24 12:00", "10-25 23:00"),
        ("tonight", "2026-10-25 12:00", "10-25 23:00"),
    ],
)
def test_hours_are_elapsed_time_and_clock_times_those_on_the_wall(words: str, at: str, wanted: str) -> None:
    assert utc(words, at) == wanted


def test_a_named_zone_has_its_own_change_of_the_clock() -> None:
    assert utc("at 3pm ET", "2026-03-06 10:00") == "03-06 20:00"
    assert utc("at 3pm ET", "2026-03-10 10:00") == "03-10 19:00"


# --- what is no time ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "I'll call you at 030 1234567.",
        "I will look at ticket 1015.",
        "We will install version 3.12.4.",
        "I will refund 24.50 euro.",
        "I'll send you the 10:1 offer.",
        "I will support you 24/7.",
        "We will change your Friday appointment.",
        "I'll extend your trial by 3 days.",
        "We will take 5 % off.",
        "I'll send 3 copies.",
    ],
)
def test_numbers_and_names_of_things_are_no_times(text: str) -> None:
    assert promised(text) == []


def test_the_time_of_the_act_counts_not_that_of_its_object() -> None:
    assert promised("I'll send you Monday's report tomorrow.") == ["day 2026-03-13 17:00"]
    assert promised("I'll look into the outage of last Friday by tomorrow.") == ["day 2026-03-13 17:00"]
    assert promised("I'll discuss your mail of 3 March with Ann by Monday.") == ["day 2026-03-16 17:00"]


@settings(max_examples=60, deadline=None)
@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe", "America/Sao_Paulo"]),
    st.sampled_from([*DAYS, *DATES, *CLOCKS, *LENGTHS, *WEEKS]),
)
def test_whenever_something_is_promised_it_lies_ahead(at: datetime, zone: str, words: str) -> None:
    here = Reading(at.replace(tzinfo=UTC), Calendar(CalendarSpec("office", zone, OFFICE)), language="en")
    for found in promises_in(f"I will call you {words}.", here):
        assert found.due is not None
        assert found.due > here.at
        assert found.due == found.due.astimezone(UTC)


CLOCKS = {
    "en": """
I'll call you at 8 pm today.|06-18 20:00
I will call you back at 9 pm EST.|06-18 21:00
We will reply by 10 am GMT tomorrow.|06-19 06:00
We will reply by 10 am GMT on Friday.|06-19 06:00
I'll ring you tomorrow at 11 am CET.|06-19 05:00
I'll call you at 10:00 am PT tomorrow.|06-19 13:00
I'll call you at 10 am tomorrow.|06-19 10:00
I'll call you at 9.30 pm.|06-18 21:30
I'll call you at 9:30 p.m.|06-18 21:30
I'll call you between 2 and 4 pm tomorrow.|06-19 16:00
I'll call you at 3 o'clock tomorrow.|06-19 15:00
I'll call no later than 6 pm on Friday.|06-19 18:00
I'll send it by noon on Monday.|06-22 12:00
I'll send it before 11 a.m. on Monday.|06-22 11:00
I'll send it around 4 pm this Friday.|06-19 16:00
I'll call you at 5pm ET on Monday.|06-22 17:00
I'll call you tomorrow at 15:00 UK time.|06-19 10:00
I will get back to you by 5 PM Berlin time tomorrow.|06-19 11:00
I'll call at 7 in the evening.|06-18 19:00
I'll call you at 8 in the morning on Monday.|06-22 08:00
I'll do it by 2 pm.|06-18 14:00
We'll call between 10 am and 12 pm tomorrow.|06-19 12:00
I will call you at 1 tomorrow afternoon.|06-19 13:00
I'll call you at 12 pm tomorrow.|06-19 12:00
I'll call you at 12 am.|06-19 00:00
I'll call from 3 to 4 pm tomorrow.|06-19 16:00
I'll call you at half past four tomorrow.|06-19 16:30
I'll call you tomorrow, 4 pm at the latest.|06-19 16:00
""",
    "de": """
Ich rufe Sie heute um 20 Uhr an.|06-18 20:00
Ich rufe Sie morgen um 8 Uhr abends an.|06-19 20:00
Ich rufe Sie morgen um 9 Uhr früh an.|06-19 09:00
Ich melde mich bis 17 Uhr.|06-18 17:00
Ich melde mich bis spätestens 17:30 Uhr.|06-18 17:30
Ich rufe Sie morgen zwischen 14 und 16 Uhr an.|06-19 16:00
Ich rufe Sie am Montag gegen 15 Uhr an.|06-22 15:00
Ich rufe Sie am Montag um drei Uhr nachmittags an.|06-22 15:00
Ich schicke es bis morgen 12 Uhr.|06-19 12:00
Zwischen 14 und 16 Uhr rufe ich Sie morgen zurück.|06-19 16:00
Ich melde mich morgen um halb zehn.|06-19 09:30
Ich melde mich um viertel nach vier.|06-18 16:15
Ich melde mich am Freitag um 14.30 Uhr.|06-19 14:30
""",
}
"""Clock times as people write them, on Thursday 2026-06-18 at 09:25 in New York, and when they are there."""


@pytest.mark.parametrize(
    ("language", "line"),
    [(language, line) for language, lines in CLOCKS.items() for line in lines.strip().splitlines()],
)
def test_clock_times_are_those_that_people_mean(language: str, line: str) -> None:
    text, wanted = line.split("|")
    found = promises_in(text, reading("2026-06-18 09:25", "America/New_York", language=language))
    local = [each.due.astimezone(ZoneInfo("America/New_York")) for each in found if each.due]
    assert [f"{moment:%m-%d %H:%M}" for moment in local] == [wanted]
