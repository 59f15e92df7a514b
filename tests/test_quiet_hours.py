"""Quiet hours and budgets: what the file may say, for whom it holds, and the hours of a day counted minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_desk import AT, ago, done, plan, rules, ticket

from makegood.engine.ruletest import run_tests
from makegood.rules.load import load_text
from makegood.rules.notices import terms_of
from makegood.rules.staff import Notices

RULE = "rules: [{name: Tell, when: {tags: [vip]}, notify: [ana@example.com, ben@example.com, leads]}]\n"
CALENDARS = """
default_calendar: utc
calendars:
  utc: {time_zone: UTC, hours: {mon-fri: 09:00-17:00}}
  berlin: {time_zone: Europe/Berlin, hours: {mon-fri: 09:00-17:00}}
"""
VIP = ticket(tags=("vip",))


def held(text: str, **desk: object) -> list[tuple[str | None, str]]:
    return [(each.who, each.reason) for each in plan(text + RULE, VIP, desk=desk).held]


# --- what the file may say --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("{quiet_hours: 20:00-07:00}", Notices(((1200, 1860),))),
        ("{quiet_hours: [12:00-13:00, 20:00-24:00], per_day: 3}", Notices(((720, 780), (1200, 1440)), 3)),
        ("{quiet_hours: no}", Notices(())),
        ("{per_day: 1}", Notices(None, 1)),
    ],
)
def test_the_file_and_a_person_say_it_alike(said: str, meant: Notices) -> None:
    found = rules(f"notices: {said}\nteams: {{a: {{people: {{ana@example.com: {{notices: {said}}}}}}}}}\n{RULE}")
    assert (found.notices, found.teams["a"].people[0].notices) == (meant, meant)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("{quiet_hours: 8pm}", "`8pm` is not hours such as `20:00-07:00`"),
        ("{quiet_hours: 00:00-24:00}", "nobody could ever be told"),
        ("{quiet_hours: [07:00-20:00, 19:00-08:00]}", "nobody could ever be told"),
        ("{per_day: 0}", "`0` is not a whole number of at least 1"),
        ("{quiet: 20:00-07:00}", "`notices` has no key `quiet`"),
        ("20:00-07:00", "expected `notices` as a mapping of keys"),
    ],
)
def test_what_cannot_be_meant_is_told(said: str, message: str) -> None:
    ruleset, found = load_text(f"notices: {said}\n{RULE}")
    assert ruleset is None
    assert [message in each.message for each in found] == [True], found


# --- for whom it holds ------------------------------------------------------------------------------------------------


def test_quiet_hours_are_those_of_the_zone_of_the_team() -> None:
    teams = "teams: {b: {group: Billing, calendar: berlin, people: [ben@example.com]}}\n"
    text = f"{CALENDARS}notices: {{quiet_hours: '08:30-09:30'}}\n{teams}"
    assert held(text) == [("ana@example.com", "quiet_hours")]
    assert held(text, at=ago(hours=1)) == [("ben@example.com", "quiet_hours")]
    assert held(text, at=ago(hours=2)) == []


def test_what_is_held_says_since_when_and_until_when() -> None:
    text = f"{CALENDARS}default_calendar: berlin\nnotices: {{quiet_hours: '20:00-10:30'}}\n"
    (first, _) = plan(text.replace("default_calendar: utc\n", "") + RULE, VIP).held
    assert (first.to, first.who) == (("person:ana@example.com",), "ana@example.com")
    assert first.since == datetime(2026, 3, 1, 19, tzinfo=UTC)
    assert first.detail == "until 2026-03-02 10:30 Europe/Berlin"


def test_own_words_win_over_those_of_the_file() -> None:
    own = "teams: {b: {people: {ben@example.com: {notices: {quiet_hours: no}}}}}\n"
    assert held(f"notices: {{quiet_hours: '08:00-10:00'}}\n{own}") == [("ana@example.com", "quiet_hours")]


def test_somebody_who_is_away_is_told_all_the_same() -> None:
    assert held("teams: {b: {people: {ben@example.com: {away: 2026-03-02}}}}\n") == []


def test_messages_are_counted_by_run_and_by_the_persons_own_day() -> None:
    rule = rules("notices: {per_day: 2}\n" + RULE).rules[0]
    ana = ("person:Ana@example.com",)
    today = [
        done(rule, ago(hours=hours), "notify", ticket=str(hours), to=ana, run=f"r{run}")
        for hours, run in ((1, 1), (2, 1), (10, 0))
    ]
    failed = done(rule, ago(hours=3), "notify", ticket="3", to=ana, run="r2", outcome="failed")
    again = done(rule, ago(hours=3), "notify", ticket="4", to=ana, run="r3")
    assert held("notices: {per_day: 2}\n", journal=(*today, failed)) == []
    assert held("notices: {per_day: 2}\n", journal=(*today, again)) == [("ana@example.com", "budget")]
    assert held("notices: {per_day: 1}\n", journal=(again,), at=AT + timedelta(days=1)) == []


def test_rule_tests_know_what_waits() -> None:
    text = """
notices: {quiet_hours: 20:00-07:00}
rules: [{name: Tell, when: {tags: [vip]}, notify: [ana@example.com, leads]}]
tests:
  - {name: At night, at: 2026-03-02 22:00, ticket: {tags: [vip]}, expect: {notify: leads, held: quiet_hours}}
  - {name: By day, at: 2026-03-02 12:00, ticket: {tags: [vip]}, expect: {notify: [leads, ana@example.com], held: nothing}}
"""
    assert [(result.passed, result.because) for result in run_tests(rules(text)).results] == [(True, ())] * 2


# --- the hours themselves ---------------------------------------------------------------------------------------------

MINUTES = st.integers(0, 1439)
SLOTS = st.lists(st.tuples(MINUTES, st.integers(1, 700)), min_size=1, max_size=2)


def clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


@given(slots=SLOTS, minute=st.integers(0, 60 * 24 * 3), zone=st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe"]))
def test_hours_agree_with_the_clock_on_the_wall(slots: list[tuple[int, int]], minute: int, zone: str) -> None:
    spans = ", ".join(f"'{clock(start)}-{clock(start + length)}'" for start, length in slots)
    calendar = f"calendars: {{c: {{time_zone: {zone}, hours: {{mon: 09:00-17:00}}}}}}\n"
    ruleset, _ = load_text(f"{calendar}notices: {{quiet_hours: [{spans}]}}\n{RULE}")
    quiet = {(start + more) % 1440 for start, length in slots for more in range(length)}
    assert (ruleset is None) == (len(quiet) == 1440)
    if ruleset is None:
        return
    hearing = terms_of(ruleset, "ana@example.com").hearing
    at = datetime(2026, 3, 27, 20, tzinfo=UTC) + timedelta(minutes=minute)
    local = at.astimezone(ZoneInfo(zone))
    assert hearing is not None
    assert hearing.is_open(at) == (local.hour * 60 + local.minute not in quiet)
