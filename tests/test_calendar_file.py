"""Calendar files: holidays, absences and rotas that a calendar program wrote, as rule files see them."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from fake_cli import call
from fake_ical import calendar, days, event, hours
from hypothesis import given, settings
from hypothesis import strategies as st
from small_desk import snapshot, ticket

from makegood.engine.plan import make_plan
from makegood.rules import rota
from makegood.rules.calendar import calendar_for
from makegood.rules.durations import parse_duration, parse_instant
from makegood.rules.lint import lint
from makegood.rules.load import load_file, load_text
from makegood.rules.opening import micros

if TYPE_CHECKING:
    from pathlib import Path

    from makegood.rules.diagnostics import Diagnostic
    from makegood.rules.model import RuleSet
    from makegood.rules.staff import Member, Rota

RULE = "rules:\n  - {name: Mark, when: {status: new}, add_tags: [x]}\n"
BERLIN = "  berlin: {time_zone: Europe/Berlin, hours: {mon-fri: 09:00-17:00}"
XMAS = days("Christmas", "20001225", "20001227", "RRULE:FREQ=YEARLY", "TRANSP:TRANSPARENT")


def loaded(folder: Path, head: str, **files: str) -> tuple[RuleSet | None, list[Diagnostic]]:
    for name, content in files.items():
        (folder / f"{name}.ics").write_text(content, newline="")
    path = folder / "rules.yaml"
    path.write_text(head + RULE)
    return load_file(path)


def office(folder: Path, *events: str, holidays: str = "file: off.ics") -> RuleSet:
    text = f"calendars:\n{BERLIN}, holidays: {{{holidays}}}}}\n"
    rules, found = loaded(folder, text, off=calendar(*events))
    assert rules is not None, found
    return rules


def closed(rules: RuleSet, first: str, last: str) -> list[str]:
    found = calendar_for(rules, "berlin").closed_dates(date.fromisoformat(first), date.fromisoformat(last))
    return [day.isoformat() for day in found]


def at(text: str) -> datetime:
    return parse_instant(text, ZoneInfo("Europe/Berlin"))


# --- holidays ---------------------------------------------------------------------------------------------------------


def test_whole_days_are_closed_and_the_end_is_not(tmp_path):
    rules = office(tmp_path, days("Company days", "20261228", "20261231"), days("One day", "20270106"))
    assert closed(rules, "2026-12-01", "2027-01-31") == ["2026-12-28", "2026-12-29", "2026-12-30", "2027-01-06"]


def test_a_day_whose_end_is_itself_is_one_day(tmp_path):
    rules = office(tmp_path, days("Outing", "20260612", "20260612"))
    assert closed(rules, "2026-06-01", "2026-06-30") == ["2026-06-12"]


def test_what_recurs_every_year_is_closed_in_every_year_but_the_excepted(tmp_path):
    rules = office(
        tmp_path, days("Christmas", "20001225", "20001227", "RRULE:FREQ=YEARLY", "EXDATE;VALUE=DATE:20301225")
    )
    assert closed(rules, "1999-12-01", "1999-12-31") == []
    assert closed(rules, "2026-12-01", "2026-12-31") == ["2026-12-25", "2026-12-26"]
    assert closed(rules, "2030-12-01", "2030-12-31") == []
    assert closed(rules, "2150-12-01", "2150-12-31") == ["2150-12-25", "2150-12-26"]


def test_cancelled_events_and_cancelled_repetitions_are_open(tmp_path):
    series = days("Feast", "20200106", "", "RRULE:FREQ=YEARLY")
    cancelled = days("Feast", "20260106", "", "RECURRENCE-ID;VALUE=DATE:20260106", "STATUS:CANCELLED")
    rules = office(tmp_path, series, cancelled, days("Off", "20260202", "", "STATUS:CANCELLED"))
    assert closed(rules, "2025-01-01", "2027-02-28") == ["2025-01-06", "2027-01-06"]


def test_a_repetition_that_was_moved_is_closed_where_it_went(tmp_path):
    series = days("Feast", "20200106", "", "RRULE:FREQ=YEARLY")
    moved = days("Feast", "20260109", "", "RECURRENCE-ID;VALUE=DATE:20260106")
    assert closed(office(tmp_path, series, moved), "2026-01-01", "2027-01-31") == ["2026-01-09", "2027-01-06"]


@pytest.mark.parametrize(
    ("begin", "end", "zone"),
    [
        ("20261224T000000", "20261225T000000", "Europe/Berlin"),
        ("20261223T180000", "20261224T180000", "America/New_York"),
        ("20261223T230000Z", "20261224T230000Z", ""),
        ("20261224T000000", "20261225T000000", ""),
        ("20261223T120000", "20261225T120000", "W. Europe Standard Time"),
    ],
)
def test_hours_close_the_days_that_they_cover_from_midnight_to_midnight(tmp_path, begin, end, zone):
    assert closed(office(tmp_path, hours("Off", begin, end, zone=zone)), "2026-12-20", "2026-12-31") == ["2026-12-24"]


def test_hours_that_cover_no_day_close_nothing_and_are_told(tmp_path):
    party = hours("Office  party", "20261218T150000", "20261218T230000", zone="Europe/Berlin")
    head = f"calendars:\n{BERLIN}, holidays: {{file: off.ics}}}}\n"
    rules, found = loaded(tmp_path, head, off=calendar(party, party.replace("party", "lunch"), XMAS))
    assert rules is not None
    assert closed(rules, "2026-12-01", "2026-12-24") == []
    (told,) = found
    assert (told.code, told.severity, told.span.line) == ("calendar-file", "warning", 2)
    assert told.message == "`Office party` and 1 more in off.ics: no whole day, so nothing is closed"


def test_a_file_without_events_is_told(tmp_path):
    _, found = loaded(tmp_path, f"calendars:\n{BERLIN}, holidays: {{file: off.ics}}}}\n", off=calendar())
    assert [(each.code, each.message) for each in found] == [("calendar-file", "there is no event in off.ics")]


def test_files_countries_and_days_by_hand_add_up(tmp_path):
    given = "file: [off.ics, more.ics], country: DE, closed: [2026-12-24], open: [2026-12-25]"
    (tmp_path / "more.ics").write_text(calendar(days("Bridge", "20261228")), newline="")
    rules = office(tmp_path, XMAS, days("Eve", "20261231"), holidays=given)
    assert closed(rules, "2026-12-20", "2027-01-03") == [
        "2026-12-24", "2026-12-26", "2026-12-28", "2026-12-31", "2027-01-01",
    ]  # fmt: skip


def test_a_target_passes_over_the_days_of_a_file(tmp_path):
    berlin = calendar_for(office(tmp_path, XMAS), "berlin")
    due = berlin.add(at("2028-12-24 16:00"), parse_duration("1 business hour"))
    assert due == at("2028-12-27 10:00")


def test_the_version_and_the_fingerprint_are_those_of_the_content(tmp_path):
    one, two = office(tmp_path, XMAS), office(tmp_path, XMAS, days("Eve", "20261231"))
    versions = [calendar_for(rules, "berlin").holidays_version for rules in (one, two)]
    assert versions[0] != versions[1]
    assert all(version.startswith("off.ics ") and len(version) == len("off.ics ") + 12 for version in versions)
    assert one.fingerprint != two.fingerprint
    assert one.fingerprint == office(tmp_path, XMAS).fingerprint
    assert str(tmp_path / "off.ics") in one.sources


@pytest.mark.parametrize(
    ("events", "end"),
    [
        ([days("Eve", "20261231"), days("Year", "20270101")], date(2027, 1, 1)),
        ([XMAS], date(2200, 12, 31)),
        ([XMAS, days("Easter", "20270328", "20270330")], date(2027, 3, 29)),
        ([XMAS, days("Christmas", "20261227", "", "RECURRENCE-ID;VALUE=DATE:20261225")], date(2200, 12, 31)),
        ([days("Feast", "20260106", "", "RRULE:FREQ=YEARLY;COUNT=3")], date(2028, 1, 6)),
        ([days("Feast", "20260106", "", "RRULE:FREQ=YEARLY;UNTIL=20290106")], date(2029, 1, 6)),
        ([], None),
    ],
)
def test_where_a_file_of_holidays_ends(tmp_path, events, end):
    assert calendar_for(office(tmp_path, *events), "berlin").holidays_end == end


def test_a_file_that_ends_soon_is_a_warning(tmp_path):
    rules = office(tmp_path, days("Eve", "20261231"))
    (found,) = [each for each in lint(rules, date(2026, 11, 23)) if each.code == "holidays-end"]
    assert "known up to 2026-12-31 only" in found.message
    assert found.hint == "put the next days into its calendar file"


def test_a_plan_lists_the_days_and_the_version_of_the_file(tmp_path):
    rules = office(tmp_path, XMAS, days("Soon", "20260306"))
    found = make_plan(rules, snapshot(ticket())).calendars["berlin"]
    assert found["holidays_version"] == rules.calendars["berlin"].files[0].version
    assert found["closed"] == ["2026-03-06", "2026-12-25", "2026-12-26"]


def test_check_names_the_line_of_a_broken_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    loaded(tmp_path, f"calendars:\n{BERLIN}, holidays: {{file: off.ics}}}}\n", off="junk")
    result = call("check")
    assert result.exit_code == 1
    assert "rules.yaml:2:" in result.stdout
    assert "this is no calendar file" in result.stdout


# --- what cannot be used ----------------------------------------------------------------------------------------------

WRONG = [
    ("hello", "this is no calendar file"),
    ("", "there is no whole calendar"),
    ("<html>\n<body/></html>", "this is no calendar file"),
    ("BEGIN:VCARD\r\nFN:Ana\r\nEND:VCARD\r\n", "there is no whole calendar"),
    (calendar(XMAS)[:-20], "there is no whole calendar"),
    (calendar(event("No day")), "the event `No day` does not say when it begins"),
    (calendar(event("Bad", "DTSTART:2026-12-24")), "the event `Bad` is broken"),
    (calendar(days("Bad", "20261224", "", "RRULE:FREQ=SOMETIMES")), "the event `Bad` is broken"),
    (calendar(days("Bad", "20261224", "", "RRULE:COUNT=3")), "nobody knows when"),
    (calendar(days("Bad", "20261224", "", "RRULE:FREQ=YEARLY;INTERVAL=0")), "recurs every 0 days"),
    (calendar(hours("Bad", "20261224T080000Z", "20261224T080100Z", "RRULE:FREQ=SECONDLY")), "more than 24 times a day"),
    (calendar(days("Bad", "20261224", "", "DURATION:P1D", "DTEND;VALUE=DATE:20261225")), "the event `Bad` is broken"),
    (calendar(hours("Bad", "20261224T080000", "20261224T090000", zone="Mars/Base")), "unknown time zone `Mars/Base`"),
    (calendar(days("Bad", "00010101", "99991231")), "the event `Bad` goes from 1 to 9999"),
    (calendar(days("Bad", "00010101", "", "RRULE:FREQ=YEARLY")), "the event `Bad` goes from 1 to 1"),
    (calendar(days("Bad", "20261224", "", "DTSTART;VALUE=DATE:20261225")), "the event `Bad` has `DTSTART` twice"),
    (calendar(XMAS, more="CALSCALE:JULIAN\r\n"), "cannot be worked out: Only Gregorian"),
]


@pytest.mark.parametrize(("content", "message"), WRONG)
def test_a_file_that_cannot_be_used_is_told_where_it_is_named(tmp_path, content, message):
    rules, found = loaded(tmp_path, f"calendars:\n{BERLIN}, holidays: {{file: off.ics}}}}\n", off=content)
    assert rules is None
    assert [(each.code, each.span.line) for each in found] == [("bad-calendar-file", 2)]
    assert found[0].message.startswith("off.ics")
    assert message in found[0].message
    assert found[0].hint


@pytest.mark.parametrize(
    ("name", "code", "hint"),
    [
        ("gone.ics", "unreadable", "beside this rule file"),
        ("https://example.com/feed.ics", "unreadable", "fetch it into a file"),
        ("off.txt", "bad-value", "ends in `.ics`"),
        ("latin.ics", "not-utf8", "UTF-8"),
        ("huge.ics", "too-large", "past years"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_where_it_is_named(tmp_path, name, code, hint):
    (tmp_path / "latin.ics").write_bytes(calendar(days("Ostermontag für alle", "20270329")).encode("latin-1"))
    (tmp_path / "huge.ics").write_bytes(b"x" * 2_000_001)
    _, found = loaded(tmp_path, f"calendars:\n{BERLIN}, holidays: {{file: '{name}'}}}}\n")
    assert [each.code for each in found] == [code]
    assert hint in found[0].hint


def test_rules_that_are_no_file_can_name_no_calendar_file():
    _, found = load_text(f"calendars:\n{BERLIN}, holidays: {{file: off.ics}}}}\n{RULE}")
    assert [each.message for each in found] == ["off.ics needs a rule file on disk"]


def test_a_missing_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "recurring_ical_events", None)
    fresh = days("Nobody has asked for this before", "20260101")
    _, found = loaded(tmp_path, f"calendars:\n{BERLIN}, holidays: {{file: off.ics}}}}\n", off=calendar(fresh))
    assert "extra `ical`" in found[0].message
    assert "pip install 'makegood[ical]'" in found[0].hint


# --- away -------------------------------------------------------------------------------------------------------------


def member(folder: Path, away: str, team: str = "", **files: str) -> tuple[Member, RuleSet]:
    calendars = f"calendars:\n{BERLIN}}}\n  york: {{time_zone: America/New_York, hours: {{mon: 09:00-10:00}}}}\n"
    people = f"teams:\n  care: {{{team}people: {{ana@example.com: {{away: {away}}}}}}}\ndefault_calendar: berlin\n"
    rules, found = loaded(folder, calendars + people, **files)
    assert rules is not None, found
    return rules.teams["care"].people[0], rules


def test_days_and_files_are_both_time_away(tmp_path):
    doctor = hours("Doctor", "20261123T140000", "20261123T153000", zone="Europe/Berlin")
    ana, _ = member(
        tmp_path, "[2026-12-21..2027-01-03, ana.ics]", ana=calendar(doctor, days("Leave", "20261221", "20270106"))
    )
    found = rota.away_between(ana, "Europe/Berlin", at("2026-11-01 00:00"), at("2027-02-01 00:00"))
    assert found == [
        (at("2026-11-23 14:00"), at("2026-11-23 15:30")),
        (at("2026-12-21 00:00"), at("2027-01-06 00:00")),
    ]


@pytest.mark.parametrize(
    ("instant", "away"),
    [
        ("2026-11-27 12:59", False),
        ("2026-11-27 13:00", True),
        ("2026-11-27 17:00", False),
        ("2027-06-04 13:30", True),
        ("2026-12-20 23:59", False),
        ("2026-12-21 00:00", True),
        ("2026-12-21 23:59", True),
        ("2026-12-22 00:00", False),
    ],
)
def test_presence_at_an_instant(tmp_path, instant, away):
    friday = hours("Off", "20261127T130000", "20261127T170000", "RRULE:FREQ=WEEKLY", zone="Europe/Berlin")
    ana, _ = member(tmp_path, "[ana.ics, 2026-12-21]", ana=calendar(friday))
    assert rota.is_away(ana, "Europe/Berlin", at(instant)) is away


def test_whole_days_away_lie_in_the_zone_of_the_teams_calendar(tmp_path):
    leave = calendar(days("Leave", "20261221"))
    for team, zone in (("calendar: york, ", "America/New_York"), ("", "Europe/Berlin"), ("calendar: always, ", "UTC")):
        ana, _ = member(tmp_path, "ana.ics", team, ana=leave)
        assert ana.away_files[0].zone == zone


def test_time_away_is_part_of_the_fingerprint(tmp_path):
    _, one = member(tmp_path, "ana.ics", ana=calendar(days("Leave", "20261221")))
    _, two = member(tmp_path, "ana.ics", ana=calendar(days("Leave", "20261222")))
    assert one.fingerprint != two.fingerprint


# --- on call ----------------------------------------------------------------------------------------------------------

PEOPLE = "people: [ana@example.com, ben@example.com, cleo]"
NIGHT = hours(
    "Night", "20261123T200000", "20261124T080000", "RRULE:FREQ=WEEKLY", "ATTENDEE;CN=Ana:MAILTO:Ana@example.com"
)


def on_call(folder: Path, *events: str, people: str = PEOPLE) -> tuple[Rota, list[Diagnostic]]:
    text = f"calendars:\n{BERLIN}}}\nteams:\n  care: {{group: Care, on_call: rota.ics, {people}}}\n"
    rules, found = loaded(folder, text, rota=calendar(*events))
    assert rules is not None, found
    assert rules.teams["care"].on_call is not None
    return rules.teams["care"].on_call, found


@pytest.mark.parametrize(
    ("instant", "handle"),
    [
        ("2026-11-23 19:59", None),
        ("2026-11-23 20:00", "ana@example.com"),
        ("2027-07-05 23:00", "ana@example.com"),
        ("2026-11-24 07:59", "ana@example.com"),
        ("2026-11-24 08:00", None),
        ("2026-11-25 12:00", "ben@example.com"),
        ("2026-11-26 12:00", "cleo"),
    ],
)
def test_who_is_on_call_by_a_file(tmp_path, instant, handle):
    ben = days("ben@example.com, second line", "20261125")
    found, told = on_call(tmp_path, NIGHT, ben, days("Cleo", "20261126"))
    assert rota.on_call_at(found, at(instant)) == handle
    assert told == []


def test_the_event_that_began_last_stands_over_the_longer_one(tmp_path):
    week = days("ana@example.com", "20261123", "20261130")
    swap = hours("ben@example.com", "20261125T180000", "20261126T080000", zone="Europe/Berlin")
    found, _ = on_call(tmp_path, week, swap)
    moments = ("2026-11-25 17:59", "2026-11-25 18:00", "2026-11-26 08:00")
    assert [(rota.on_call_at(found, at(each)) or "")[:3] for each in moments] == ["ana", "ben", "ana"]


def test_guests_who_are_not_of_the_team_are_passed_over(tmp_path):
    lead = days("Shift", "20261123", "", "ATTENDEE:mailto:lead@example.com", "ATTENDEE:mailto:ben@example.com")
    found, told = on_call(tmp_path, lead)
    assert (rota.on_call_at(found, at("2026-11-23 12:00")), told) == ("ben@example.com", [])


def test_an_event_that_names_nobody_of_the_team_is_told(tmp_path):
    found, told = on_call(tmp_path, days("Somebody", "20261123"), days("dan@example.com", "20261124"), NIGHT)
    assert rota.on_call_at(found, at("2026-11-23 12:00")) is None
    assert [(each.code, each.severity, each.message) for each in told] == [
        ("nobody-on-call", "warning", "`Somebody` and 1 more in rota.ics: names nobody of this team")
    ]


def test_without_a_list_of_people_whoever_has_an_address_is_on_call(tmp_path):
    found, told = on_call(
        tmp_path, days("On call: Dan@example.com.", "20261124"), days("Dan", "20261125"), people="lead: x"
    )
    assert rota.on_call_at(found, at("2026-11-24 12:00")) == "dan@example.com"
    assert [each.message for each in told] == ["`Dan` in rota.ics: names nobody of this team"]


def turns(every: str, since: str) -> Rota:
    text = f"calendars:\n{BERLIN}}}\nteams:\n  care: {{group: Care, on_call: {{every: {every}, since: {since}, {PEOPLE}}}}}\n"
    rules, found = load_text(text + RULE)
    assert rules is not None, found
    assert rules.teams["care"].on_call is not None
    return rules.teams["care"].on_call


@pytest.mark.parametrize(
    ("every", "since", "instant", "handle"),
    [
        ("1 week", "2026-10-19 09:00", "2026-10-19 08:59", None),
        ("1 week", "2026-10-19 09:00", "2026-10-19 09:00", "ana"),
        ("1 week", "2026-10-19 09:00", "2026-10-26 08:59", "ana"),
        ("1 week", "2026-10-19 09:00", "2026-10-26 09:00", "ben"),
        ("1 week", "2026-10-19 09:00", "2026-11-09 09:00", "ana"),
        ("12 hours", "2026-10-24 08:00", "2026-10-25 07:59", "ben"),
        ("12 hours", "2026-10-24 08:00", "2026-10-25 08:00", "cle"),
    ],
)
def test_turns_change_at_the_same_time_of_day_in_summer_and_in_winter(every, since, instant, handle):
    found = rota.on_call_at(turns(every, since), at(instant))
    assert (found[:3] if found else None) == handle


def test_turns_follow_each_other_through_both_nights_of_change():
    for since in ("2026-03-28 02:30", "2026-10-24 02:30"):
        found = turns("30 minutes", since)
        begin = micros(at(since)) // 60_000_000
        seen = [rota.on_call_at(found, datetime.fromtimestamp((begin + n) * 60, UTC)) for n in range(0, 2880, 5)]
        changes = [(before, after) for before, after in pairwise(seen) if before != after]
        order = ["ana@example.com", "ben@example.com", "cleo"]
        skipped = [pair for pair in changes if (order.index(pair[0]) + 1) % 3 != order.index(pair[1])]
        assert len(skipped) <= 1


def test_a_turn_of_no_length_is_refused():
    _, found = load_text(
        f"teams:\n  care: {{group: C, on_call: {{every: 0 days, since: 2026-10-19 09:00, {PEOPLE}}}}}\n{RULE}"
    )
    assert [each.message for each in found] == ["a turn of no length never ends"]


def test_a_rule_file_may_be_elsewhere_than_where_it_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path.parent)
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "off.ics").write_text(calendar(XMAS), newline="")
    (tmp_path / "inner" / "calendars.yaml").write_text(f"calendars:\n{BERLIN}, holidays: {{file: off.ics}}}}\n")
    (tmp_path / "rules.yaml").write_text(f"include: [inner/calendars.yaml]\n{RULE}")
    rules, found = load_file(f"{tmp_path.name}/rules.yaml")
    assert rules is not None, found
    assert closed(rules, "2026-12-25", "2026-12-25") == ["2026-12-25"]


def test_a_long_file_is_read_quickly(tmp_path):
    many = [days(f"Day {n}", (date(2020, 1, 1) + timedelta(days=n)).strftime("%Y%m%d")) for n in range(0, 2000, 4)]
    begin = datetime.now(UTC)
    rules = office(tmp_path, *many, *(XMAS.replace("Christmas", f"Feast {n}") for n in range(20)))
    assert closed(rules, "2026-12-25", "2026-12-26") == ["2026-12-25", "2026-12-26"]
    assert datetime.now(UTC) - begin < timedelta(seconds=10)


LINES = calendar(XMAS, NIGHT, hours("Off", "20261224T000000Z", "20261225T000000Z")).splitlines(keepends=True)
SPOILT = st.sampled_from(
    ["", "\n", "X", ":", ";VALUE=DATE", "BEGIN:VEVENT\n", "END:VEVENT\n", "20261301", "\0", "RRULE:X\n"]
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_change_of_a_calendar_file_raises(tmp_path_factory, data):
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(lines) - 1))
        cut = data.draw(st.integers(0, len(lines[place])))
        rest = lines[place][cut + data.draw(st.integers(0, 3)) :]
        lines[place] = lines[place][:cut] + data.draw(SPOILT) + rest
    folder = tmp_path_factory.mktemp("spoilt")
    head = f"calendars:\n{BERLIN}, holidays: {{file: off.ics}}}}\n"
    rules, found = loaded(folder, head, off="".join(lines))
    assert (rules is None) == any(each.severity == "error" for each in found)
    if rules is not None:
        closed(rules, "1999-01-01", "2030-12-31")
