"""Warned days ahead: nobody on duty or on call, entries that end, people who left; by the core and by the command line."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from fake_cli import answer, call
from fake_ical import calendar, days, hours
from hypothesis import given, settings
from hypothesis import strategies as st

from makegood.connectors.local import Local
from makegood.connectors.ticket import Person
from makegood.engine import rota_gaps as gaps
from makegood.engine.presence import hours_of
from makegood.engine.rota_gaps import ON_DUTY, rota_gaps
from makegood.rules.calendar_file import CalendarFile
from makegood.rules.durations import parse_instant
from makegood.rules.load import load_file, load_text
from makegood.rules.rota import is_away, on_call_at, on_call_stretches
from makegood.rules.staff import Rota

if TYPE_CHECKING:
    from collections.abc import Iterator

    from makegood.rules.model import RuleSet

ANA, BEN, CLEO, DAN = (f"{name}@acme.example" for name in ("ana", "ben", "cleo", "dan"))
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = "{mon-fri: 09:00-17:00}"
RULE = "rules:\n  - {name: Mark, when: {status: new}, add_tags: [x]}\n"


def at(text: str) -> datetime:
    return parse_instant(text, BERLIN)


MONDAY = at("2026-12-14 11:00")


def written(people: str, more: str = "", *, opening: str = OFFICE) -> str:
    """A rule file with the team billing, which works in Berlin; ``people`` may be empty: the group's."""
    named = f", people: {people}" if people else ""
    return (
        f"version: 1\ndefault_calendar: office\ncalendars:\n"
        f"  office: {{time_zone: Europe/Berlin, hours: {opening}}}\n"
        f"  mornings: {{time_zone: Europe/Berlin, hours: {{mon-fri: 09:00-13:00}}}}\n"
        f"  afternoons: {{time_zone: Europe/Berlin, hours: {{mon-fri: 13:00-17:00}}}}\n"
        f"teams:\n  billing: {{group: Billing{named}{more}}}\n{RULE}"
    )


def read(people: str, more: str = "", *, opening: str = OFFICE) -> RuleSet:
    rules, found = load_text(written(people, more, opening=opening))
    assert rules is not None, found
    return rules


def read_with(folder: Path, people: str, more: str = "", *, opening: str = OFFICE, **files: str) -> RuleSet:
    """The same with calendar files beside it."""
    for name, content in files.items():
        (folder / f"{name}.ics").write_text(content, newline="")
    (folder / "rules.yaml").write_text(written(people, more, opening=opening))
    rules, found = load_file(folder / "rules.yaml")
    assert rules is not None, found
    return rules


def agents(*handles: str, **facts: object) -> dict[str, Person]:
    usual = {"role": "agent", "groups": ("Billing",), **facts}
    return {handle: Person(handle, email=handle, **usual) for handle in handles}


def there(rules: RuleSet, *, people: dict[str, Person] | None = None, when: datetime = MONDAY) -> str:
    """What is told of stretches in which nobody is there; empty for nothing."""
    (text,) = rota_gaps(rules, people or {}, when, kinds=("there",)) or ("",)
    return text.removeprefix("nobody of team `billing` is there ")


# --- everybody is away ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ana", "ben", "told"),
    [
        ("2026-12-15..2026-12-18", "2026-12-16", "on 2026-12-16"),
        ("2026-12-17..2026-12-28", "2026-12-18..2026-12-21", "from 2026-12-18 to 2026-12-21"),
        ("2026-12-15..2026-12-18", "2026-12-21", ""),
        ("2026-12-19..2026-12-20", "2026-12-19..2026-12-20", ""),
        ("2026-12-28..2027-01-10", "2026-12-28..2027-01-03", "from 2026-12-28 to 2027-01-01"),
        ("2026-12-29..2027-01-10", "2026-12-29..2027-01-10", ""),
        ("2026-12-10..2026-12-14", "2026-12-14", "on 2026-12-14"),
        ("2026-12-01..2026-12-16", "2026-12-11..2026-12-16", "from now to 2026-12-16"),
        ("2026-12-18..2027-06-30", "2026-12-18..2027-06-30", "from 2026-12-18 on"),
        ("2026-12-01..2026-12-13", "2026-12-01..2026-12-13", ""),
    ],
)
def test_whole_working_days_are_told_as_days(ana: str, ben: str, told: str) -> None:
    assert there(read(f"{{{ANA}: {{away: [{ana}]}}, {BEN}: {{away: [{ben}]}}}}")) == told


def test_an_absence_that_goes_on_since_a_day_before_is_told_from_now() -> None:
    rules = read(f"{{{ANA}: {{away: [2026-12-01..2026-12-16]}}}}")
    tuesday = at("2026-12-15 11:00")
    assert there(rules, when=tuesday) == "from now to 2026-12-16"
    assert there(rules, when=at("2026-12-16 16:59")) == "from now to 2026-12-16"
    assert there(rules, when=at("2026-12-16 17:00")) == ""
    assert there(read(f"[{ANA}]"), people=agents(ANA, active=False), when=tuesday) == "from now on"


def test_hours_away_are_told_to_the_minute(tmp_path: Path) -> None:
    doctor = hours("Doctor", "20261222T113000", "20261222T180000", zone="Europe/Berlin")
    party = hours("Party", "20261217T150000", "20261218T100000", zone="Europe/Berlin")
    people = f"{{{ANA}: {{away: [a.ics]}}, {BEN}: {{away: [2026-12-22, b.ics]}}}}"
    rules = read_with(tmp_path, people, a=calendar(doctor, party), b=calendar(party))
    assert there(rules) == "from 2026-12-17 15:00 to 2026-12-18 10:00 and on 2026-12-22 11:30-17:00"
    assert there(rules, when=at("2026-12-17 16:00")).startswith("from now to 2026-12-18 10:00")


def test_a_break_does_not_part_a_day() -> None:
    rules = read(f"{{{ANA}: {{away: [2026-12-16]}}}}", opening="{mon-fri: [09:00-12:00, 13:00-17:00]}")
    assert there(rules) == "on 2026-12-16"


def test_three_stretches_are_named_and_the_others_counted() -> None:
    away = ", ".join(f"2026-12-{day}" for day in (15, 17, 21, 23, 28))
    assert there(read(f"{{{ANA}: {{away: [{away}]}}}}")) == "on 2026-12-15, on 2026-12-17, on 2026-12-21 and 2 more"


def test_who_is_suspended_or_in_another_group_is_not_there() -> None:
    rules = read(f"{{{ANA}: {{away: [2026-12-16]}}, {BEN}: {{}}}}")
    assert there(rules) == ""
    assert there(rules, people=agents(ANA, BEN)) == ""
    assert there(rules, people=agents(ANA) | agents(BEN, active=False)) == "on 2026-12-16"
    assert there(rules, people=agents(ANA) | agents(BEN, groups=("Support",))) == "on 2026-12-16"


def test_own_hours_narrow_when_somebody_is_there() -> None:
    rules = read(f"{{{ANA}: {{calendar: mornings}}, {BEN}: {{calendar: afternoons, away: [2026-12-16]}}}}")
    assert there(rules) == "on 2026-12-16 13:00-17:00"


def test_a_team_without_people_is_its_group() -> None:
    rules = read("")
    others = agents(CLEO, groups=("Support",))
    assert there(rules, people=others) == ""
    assert there(rules, people=others | agents(ANA) | agents(BEN, active=False)) == ""
    assert there(rules, people=others | agents(ANA, BEN, active=False, groups=("billing",))) == "from now on"


def test_a_shift_past_midnight_belongs_to_the_day_on_which_it_begins(tmp_path: Path) -> None:
    night = hours("Off", "20261216T200000", "20261217T080000", zone="Europe/Berlin")
    late = hours("Off again", "20261221T230000", "20261222T020000", zone="Europe/Berlin")
    people, opening = f"{{{ANA}: {{away: [a.ics]}}}}", "{mon-fri: 22:00-06:00}"
    rules = read_with(tmp_path, people, opening=opening, a=calendar(night, late))
    assert there(rules) == "on 2026-12-16 and from 2026-12-21 23:00 to 2026-12-22 02:00"
    assert there(rules, when=at("2026-12-17 05:59")).startswith("on 2026-12-16 and")
    assert "12-16" not in there(rules, when=at("2026-12-17 06:00"))


@pytest.mark.parametrize(("day", "length"), [("2026-10-25", 25), ("2027-03-28", 23), ("2027-03-29", 24)])
def test_days_of_another_length_are_days(day: str, length: int) -> None:
    rules = read(f"{{{ANA}: {{away: [{day}]}}}}", opening="{mon-sun: 00:00-24:00}")
    before = at(f"{day} 12:00") - timedelta(days=3)
    assert there(rules, when=before) == f"on {day}"
    ((begin, end),) = gaps._left_alone(gaps._Watch(rules, {}, rules.teams["billing"], before, before))
    assert end - begin == timedelta(hours=length)


def test_hours_on_the_night_of_a_change_are_those_on_the_wall(tmp_path: Path) -> None:
    off = hours("Off", "20261025T003000Z", "20261025T030000Z")
    rules = read_with(tmp_path, f"{{{ANA}: {{away: [a.ics]}}}}", opening="{mon-sun: 00:00-24:00}", a=calendar(off))
    assert there(rules, when=at("2026-10-20 12:00")) == "on 2026-10-25 02:30-04:00"


def test_always_is_around_the_clock_in_utc() -> None:
    rules = read(f"{{{ANA}: {{away: [2026-12-19..2026-12-20]}}}}", ", calendar: always")
    assert there(rules) == "from 2026-12-19 to 2026-12-20"
    ((begin, _),) = gaps._left_alone(gaps._Watch(rules, {}, rules.teams["billing"], MONDAY, MONDAY))
    assert begin == datetime(2026, 12, 19, tzinfo=UTC)


def test_a_team_without_hours_works_when_its_people_do() -> None:
    rules = read(f"{{{ANA}: {{calendar: mornings}}, {BEN}: {{calendar: afternoons}}}}", ", calendar: always")
    assert rota_gaps(rules, {}, MONDAY) == []


SPANS = st.tuples(st.integers(0, 50), st.integers(0, 4)).map(
    lambda each: f"{(MONDAY + timedelta(each[0])).date()}..{(MONDAY + timedelta(sum(each))).date()}"
)
ABSENT = st.tuples(
    st.lists(SPANS, min_size=1, max_size=5), st.sampled_from(["", ", calendar: mornings", ", calendar: afternoons"])
)


@settings(max_examples=15, deadline=None)
@given(st.lists(ABSENT, min_size=1, max_size=3), st.sets(st.integers(0, 44 * 96), min_size=20, max_size=40))
def test_nobody_is_there_where_each_is_away_or_off_duty(absent, quarters) -> None:
    people = ", ".join(
        f"p{number}@x.example: {{away: [{', '.join(away)}]{hours}}}" for number, (away, hours) in enumerate(absent)
    )
    rules = read(f"{{{people}}}", opening="{mon-fri: [08:00-12:00, 13:00-17:00], sat: 20:00-02:00}")
    team = rules.teams["billing"]
    left = gaps._left_alone(gaps._Watch(rules, {}, team, MONDAY, MONDAY + timedelta(14)))
    for quarter in quarters:
        instant = MONDAY.replace(minute=0) + timedelta(minutes=15 * quarter)
        works = any(
            (own := hours_of(rules, team, each)).is_open(instant) and not is_away(each, own.spec.time_zone, instant)
            for each in team.people
        )
        alone = hours_of(rules, team).is_open(instant) and not works
        assert alone == any(begin <= instant < end for begin, end in left), instant


# --- on call ----------------------------------------------------------------------------------------------------------


def on_call(rules: RuleSet, *, people: dict[str, Person] | None = None, when: datetime = MONDAY) -> list[str]:
    return rota_gaps(rules, people or {}, when, kinds=("on_call",))


def turns(since: str, people: str = f"{ANA}, {BEN}") -> str:
    return f", on_call: {{every: 1 week, since: {since}, people: [{people}]}}"


def shift(who: str, begin: str, end: str, *lines: str) -> str:
    return hours(who, begin, end, *lines, zone="Europe/Berlin")


def test_holes_in_a_rota_are_told_and_its_end(tmp_path: Path) -> None:
    rota = calendar(
        shift(ANA, "20261214T090000", "20261218T180000"),
        shift(BEN, "20261221T090000", "20261222T090000"),
        shift(f"{ANA} again", "20261222T120000", "20261226T120000"),
    )
    rules = read_with(tmp_path, f"[{ANA}, {BEN}]", ", on_call: rota.ics", rota=rota)
    holes = "from 2026-12-18 18:00 to 2026-12-21 09:00 and from 2026-12-26 12:00 on"
    assert on_call(rules) == [f"nobody is on call for team `billing` {holes}"]
    assert on_call(rules, when=at("2026-12-20 08:00"))[0].startswith(
        "nobody is on call for team `billing` from now to 2026-12-21 09:00 and "
    )
    assert on_call(rules, when=at("2027-01-20 08:00")) == ["nobody is on call for team `billing` from now on"]


def test_nobody_has_to_be_on_call_while_the_team_works(tmp_path: Path) -> None:
    nights = calendar(shift(ANA, "20261201T170000", "20261202T090000", "RRULE:FREQ=DAILY"))
    rules = read_with(tmp_path, f"[{ANA}]", ", on_call: rota.ics", rota=nights)
    days = "on 2026-12-19 09:00-17:00, on 2026-12-20 09:00-17:00, on 2026-12-26 09:00-17:00 and 1 more"
    assert on_call(rules) == [f"nobody is on call for team `billing` {days}"]


def test_many_holes_are_counted(tmp_path: Path) -> None:
    rota = calendar(shift(ANA, "20261201T180000", "20261202T080000", "RRULE:FREQ=DAILY"))
    (told,) = on_call(read_with(tmp_path, f"[{ANA}]", ", on_call: rota.ics", rota=rota))
    assert told.endswith(
        "`billing` from now to 2026-12-14 18:00, on 2026-12-15 08:00-18:00, on 2026-12-16 08:00-18:00 and 12 more"
    )


def test_before_the_first_turn_nobody_is_on_call() -> None:
    assert on_call(read("", turns("2026-12-20 09:00"))) == [
        "nobody is on call for team `billing` from now to 2026-12-20 09:00"
    ]
    assert on_call(read("", turns("2026-12-01 09:00"))) == []


def test_who_is_away_in_their_turn_is_told_for_that_time_alone() -> None:
    people = f"{{{ANA}: {{away: [2026-12-15..2026-12-18]}}, {BEN}: {{away: [2026-12-20..2026-12-22]}}}}"
    assert on_call(read(people, turns("2026-12-14 09:00"))) == [
        f"{ANA}, on call for team `billing` from 2026-12-15 00:00 to 2026-12-19 00:00, is away then",
        f"{BEN}, on call for team `billing` from 2026-12-21 09:00 to 2026-12-23 00:00, is away then",
    ]


def test_an_absence_in_another_team_counts() -> None:
    more = turns("2026-12-14 09:00", DAN)
    other = f"\n  leads: {{people: {{{DAN}: {{away: [2026-12-16, 2026-12-16..2026-12-17]}}}}}}\n{RULE}"
    rules, found = load_text(written(f"[{ANA}]", more).replace(f"\n{RULE}", other))
    assert rules is not None, found
    assert on_call(rules) == [
        f"{DAN}, on call for team `billing` from 2026-12-16 00:00 to 2026-12-18 00:00, is away then"
    ]


def test_who_is_suspended_is_told_with_their_turns() -> None:
    rules = read(f"[{ANA}, {BEN}]", turns("2026-12-07 09:00"))
    assert on_call(rules, people=agents(ANA, BEN)) == []
    turns_of_ben = "from now to 2026-12-21 09:00 and from 2026-12-28 09:00 to 2027-01-04 09:00"
    assert on_call(rules, people=agents(ANA) | agents(BEN, active=False)) == [
        f"{BEN}, on call for team `billing` {turns_of_ben}, is suspended or gone"
    ]


AUTUMN, SPRING = at("2026-10-23 12:00"), at("2027-03-26 12:00")
SECONDS = st.lists(st.integers(0, 4 * 86_400 - 1), min_size=1, max_size=20)
SHIFTS = st.lists(
    st.tuples(st.integers(-96, 4 * 48), st.integers(1, 150), st.sampled_from([ANA, BEN, "Somebody"])), max_size=12
)


def agrees(rota: Rota, first: datetime, seconds: list[int]) -> None:
    """The stretches of four days say what is said at those seconds, and around each border of two stretches."""
    last = first + timedelta(days=4)
    found = on_call_stretches(rota, first, last)
    begins, ends = ([each[part] for each in found] for part in (0, 1))
    assert (begins[0], [*begins[1:], last]) == (first, ends)
    assert all(one.handle != other.handle for one, other in pairwise(found))
    instants = [first + timedelta(seconds=each) for each in seconds]
    instants += [border - step for border in begins[1:] for step in (timedelta(microseconds=1), timedelta())]
    for instant in instants:
        assert found[bisect_right(begins, instant) - 1].handle == on_call_at(rota, instant), instant


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([AUTUMN, SPRING]),
    st.sampled_from([20, 30, 45, 60, 90, 720, 1440, 10_080]),
    st.integers(-20 * 1440, 3 * 1440),
    st.sampled_from([(ANA,), (ANA, BEN), (ANA, BEN, CLEO)]),
    st.sampled_from(["Europe/Berlin", "America/New_York", "UTC", "Europe/Lisbon"]),
    SECONDS,
)
def test_turns_as_stretches_agree_with_who_is_on_call(first, every, since, people, zone, seconds) -> None:
    rota = Rota(every=timedelta(minutes=every), since=first + timedelta(minutes=since), people=people, zone=zone)
    night = range(36 * 3600, 42 * 3600, 601)
    agrees(rota, first, [*seconds, *night])


@settings(max_examples=25, deadline=None)
@given(SHIFTS, SECONDS, st.sampled_from([(), (ANA, BEN)]))
def test_events_as_stretches_agree_with_who_is_on_call(shifts, seconds, people) -> None:
    events = [
        hours(
            f"{who} {number}" if "@" in who else who,
            *(f"{AUTUMN + timedelta(minutes=30 * half):%Y%m%dT%H%M%SZ}" for half in (begin, begin + length)),
        )
        for number, (begin, length, who) in enumerate(shifts)
    ]
    agrees(Rota(file=CalendarFile("rota.ics", calendar(*events)), people=people), AUTUMN, seconds)


def test_no_time_has_no_stretches() -> None:
    assert on_call_stretches(Rota(), MONDAY, MONDAY) == []
    assert [each.handle for each in on_call_stretches(Rota(), MONDAY, MONDAY + timedelta(1))] == [None]


# --- what is entered --------------------------------------------------------------------------------------------------


def entered(rules: RuleSet, when: datetime = MONDAY) -> list[str]:
    return rota_gaps(rules, {}, when, kinds=("entered",))


def test_a_rota_that_ends_soon_is_told(tmp_path: Path) -> None:
    rota = calendar(shift(ANA, "20261201T090000", "20261220T000000"), days("Christmas party", "20270110"))
    rules = read_with(tmp_path, f"[{ANA}]", ", on_call: rota.ics", rota=rota)
    said = "the rota rota.ics of team `billing` {} on 2026-12-19: add the turns that follow"
    assert entered(rules) == [said.format("ends")]
    assert entered(rules, at("2026-12-05 10:00")) == []
    assert entered(rules, at("2027-01-05 10:00")) == [said.format("ended")]
    (told,) = entered(rules, at("2029-01-05 10:00"))
    assert told == "the rota rota.ics of team `billing` names nobody any more: add the turns that follow"


def test_a_rota_that_recurs_for_ever_does_not_end_with_a_swap(tmp_path: Path) -> None:
    rota = calendar(
        shift(ANA, "20261130T090000", "20261207T090000", "RRULE:FREQ=WEEKLY"),
        shift(BEN, "20261202T090000", "20261203T090000"),
    )
    rules = read_with(tmp_path, f"[{ANA}, {BEN}]", ", on_call: rota.ics", rota=rota)
    assert entered(rules) == on_call(rules) == []


def test_turns_do_not_end() -> None:
    assert entered(read("", turns("2026-12-01 09:00"))) == []


@pytest.mark.parametrize(
    ("away", "after"),
    [
        ("[2026-11-16..2026-11-20, 2026-11-02]", " after 2026-11-20"),
        ("[2026-12-13]", " after 2026-12-13"),
        ("[2026-12-14]", None),
        ("[2026-11-20, 2027-07-01]", None),
        ("[2029-07-01]", None),
        ("[leave.ics]", " after 2026-12-04"),
        ("[leave.ics, 2027-07-01]", None),
        ("[fridays.ics]", None),
        ("[empty.ics]", ""),
    ],
)
def test_absences_that_are_all_over_are_asked_about(tmp_path: Path, away: str, after: str | None) -> None:
    files = {
        "leave": calendar(days("Leave", "20261130", "20261205")),
        "fridays": calendar(days("Off", "20260102", "", "RRULE:FREQ=WEEKLY")),
        "empty": calendar(),
    }
    rules = read_with(tmp_path, f"{{{ANA}: {{away: {away}}}, {BEN}: {{away: [2026-11-01]}}, {CLEO}: {{}}}}", **files)
    if away == "[empty.ics]":
        rules = read_with(tmp_path, f"{{{ANA}: {{away: {away}}}}}", **files)
    said = f"nobody of team `billing` has an absence entered{after}: are the coming ones missing?"
    assert entered(rules) == ([] if after is None else [said])


def test_a_team_that_enters_no_absences_is_not_asked_for_any() -> None:
    assert entered(read(f"[{ANA}, {BEN}]")) == []


# --- people -----------------------------------------------------------------------------------------------------------


def test_people_who_left_are_told_in_each_part_of_a_team() -> None:
    rules = read(
        f"{{{ANA}: {{substitute: {CLEO}}}, {BEN}: {{}}}}",
        f", lead: {DAN}, next_level: zoe@customer.example, {turns('2026-12-01 09:00', f'eve@acme.example, {ANA}')[2:]}",
    )
    people = agents(ANA) | agents(BEN, CLEO, DAN, "eve@acme.example", active=False)
    people["zoe@customer.example"] = Person("zoe", email="zoe@customer.example")
    assert rota_gaps(rules, people, MONDAY, kinds=("people",)) == [
        f"{BEN} in team `billing` is suspended or gone",
        f"{CLEO} in team `billing` is suspended or gone",
        f"{DAN} in team `billing` is suspended or gone",
        "zoe@customer.example in team `billing` is a customer of the helpdesk, not an agent",
        "eve@acme.example in team `billing` is suspended or gone",
    ]


def test_only_people_of_the_team_have_to_be_in_its_group() -> None:
    rules = read(f"{{{ANA}: {{}}, {BEN}: {{}}}}", f", lead: {DAN}")
    people = agents(BEN) | agents(ANA, DAN, groups=("Support",))
    assert rota_gaps(rules, people, MONDAY, kinds=("people",)) == [
        f"{ANA} in team `billing` is not in the group Billing"
    ]


def test_whom_the_desk_does_not_know_others_tell() -> None:
    assert rota_gaps(read(f"[{ANA}]", f", lead: {DAN}"), agents(BEN), MONDAY) == []


# --- all together -----------------------------------------------------------------------------------------------------


def test_teams_are_told_in_the_order_of_the_file_and_only_those_asked_about() -> None:
    teams = "".join(
        f"  {name}: {{people: {{{who}: {{away: [2026-12-01, 2026-12-13]}}}}}}\n"
        for name, who in (("zebra", ANA), ("alpha", BEN))
    )
    rules, found = load_text(f"version: 1\nteams:\n{teams}{RULE}")
    assert rules is not None, found
    gone = agents(ANA, BEN, active=False)
    told = rota_gaps(rules, gone, MONDAY)
    assert [text.split("`")[1] for text in told] == ["zebra"] * 3 + ["alpha"] * 3
    assert rota_gaps(rules, gone, MONDAY, teams=["alpha"]) == told[3:]
    assert rota_gaps(rules, gone, MONDAY, kinds=ON_DUTY) == told[:2] + told[3:5]
    assert rota_gaps(rules, {}, MONDAY, ahead=timedelta(0), kinds=("there",)) == []


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Local]:
    """Two agents of Billing, one of whom left, and a lead."""
    monkeypatch.chdir(tmp_path)
    with Local(tmp_path / "desk.db", now=lambda: datetime.now(UTC)) as desk:
        desk.describe(groups=("Billing", "Support"))
        desk.add_person(Person(ANA, email=ANA, role="agent", groups=("Billing",)))
        desk.add_person(Person(BEN, email=BEN, role="agent", groups=("Billing",), active=False))
        desk.add_person(Person(DAN, email=DAN, role="agent", groups=("Support",)))
        Path("makegood.toml").write_text('store = "m.db"\n[helpdesks.support]\nkind = "local"\npath = "desk.db"\n')
        yield desk


def day(ahead: int) -> str:
    return f"{datetime.now(UTC) + timedelta(days=ahead):%Y-%m-%d}"


def rules_for(*rules: str, away: int = 3) -> None:
    """The team billing, whose only agent is away in so many days, leads, who are there, and night, who all left."""
    Path("rules.yaml").write_text(
        "version: 1\nteams:\n"
        f"  billing: {{group: Billing, people: {{{ANA}: {{away: [{day(away)}]}}, {BEN}: {{}}}}}}\n"
        f"  leads: {{group: Support, people: [{DAN}]}}\n"
        f"  night: {{people: {{{BEN}: {{away: [2026-01-01]}}}}}}\n"
        "rules:\n"
        + "".join(f"  - {{name: R{number}, when: {{status: new}}, {each}}}\n" for number, each in enumerate(rules))
    )


def warnings() -> list[str]:
    call("pull")
    found: list[str] = answer("plan")["warnings"]
    return found


BILLING = [
    f"{BEN} in team `billing` is suspended or gone",
]


def test_a_plan_warns_of_the_teams_out_of_which_it_chooses(desk: Local) -> None:
    rules_for("assign: {team: billing, choose: least_busy}")
    assert warnings() == [f"nobody of team `billing` is there on {day(3)}", *BILLING]
    assert f"warning: nobody of team `billing` is there on {day(3)}" in call("plan").stdout
    rules_for("assign: {team: billing, choose: least_busy}", away=9)
    assert warnings() == BILLING


def test_a_plan_that_chooses_nobody_warns_of_nothing(desk: Local) -> None:
    choosing = "assign: {team: billing, choose: least_busy}"
    rules_for("assign: {team: billing}", f"mode: shadow, {choosing}", f"mode: off, {choosing}")
    assert warnings() == []


LATER = "{after: 1 hour, assign: {team: night, choose: round_robin}}"
NIGHT = ["nobody of team `night` is there from now on", f"{BEN} in team `night` is suspended or gone"]


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("assign: {team: leads, choose: least_busy, if_nobody: {team: night}}", NIGHT),
        (f"deadline: {{name: d, target: resolution, within: 1 day, escalate: [{LATER}]}}", NIGHT),
        ("assign: {choose: least_busy}", [*BILLING, *NIGHT]),
    ],
)
def test_other_ways_to_a_team_count(desk: Local, rule: str, told: list[str]) -> None:
    rules_for(rule, away=9)
    assert warnings() == told


def test_doctor_tells_everything_of_all_teams_two_weeks_ahead(desk: Local) -> None:
    rules_for("add_tags: [x]", away=9)
    call("pull")
    found = answer("doctor")["findings"]
    expected = [
        f"nobody of team `billing` is there on {day(9)}",
        *BILLING,
        *NIGHT,
        "nobody of team `night` has an absence entered after 2026-01-01: are the coming ones missing?",
    ]
    assert [each["message"] for each in found if each["level"] == "warning"] == expected
    shown = call("doctor")
    assert shown.exit_code == 0
    assert f"warning  nobody of team `billing` is there on {day(9)}" in shown.stdout
