"""The figures of a report: against a slow reading of the page, and against themselves with the future cut off."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fake_world import snapshot
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_facts import World
from oracle_report import BEGIN, DAYS, Slow, ruleset, world
from small_desk import changed, event, rules, ticket
from small_desk import snapshot as desk
from test_oracle import cut

from makegood.engine.figures import Section
from makegood.engine.report import SECTIONS, Report, before, report, so_far
from makegood.engine.seen import Period

pytestmark = pytest.mark.long
SEEDS = st.integers(0, 2**32).map(random.Random)
MANY = settings(max_examples=12, deadline=None)
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


def reported(made: World, period: Period, **more: Any) -> Report:
    return report(ruleset(), snapshot(made), period, made.at, BERLIN, **more)


def a_period(rng: random.Random) -> Period:
    begin = BEGIN + rng.randrange(24, 24 * DAYS - 30) * HOUR
    return Period(begin, min(begin + rng.randrange(2, 24 * 5) * HOUR, BEGIN + 24 * DAYS * HOUR))


def figures(found: Report) -> dict[str, tuple[float | None, int]]:
    return {each.key: (each.value, each.based_on) for section in found.sections for each in section.figures}


def figures_before(found: Report) -> dict[str, tuple[float | None, int]]:
    return {each.key: (each.before, each.before_based_on) for section in found.sections for each in section.figures}


def table(found: Report, title: str) -> list[tuple[Any, ...]]:
    return next((list(each.rows) for section in found.sections for each in section.tables if each.title == title), [])


def agree(told: dict[str, tuple[float | None, int]], slow: Slow) -> bool:
    """Whether the figures that the slow reading knows are the same there."""
    wanted = slow.figures()
    assert {key: told[key] for key in wanted} == approx(wanted)
    return True


def approx(told: dict[str, tuple[float | None, int]]) -> dict[str, Any]:
    return {key: (value if value is None else pytest.approx(value), base) for key, (value, base) in told.items()}


# --- against the slow reading -------------------------------------------------------------------------------------------


@MANY
@given(SEEDS)
def test_every_figure_and_team_is_what_a_slow_count_says(rng: random.Random) -> None:
    made, period = world(rng), a_period(rng)
    found, slow = reported(made, period), Slow(made, period.begin, period.end)
    assert agree(figures(found), slow)
    verdicts = [(slow.team(ticket, when), what) for _, what, ticket, when in slow.verdicts()]
    fates = [(team, what) for what, team, when, _ in slow.fates() if slow.inside(when)]
    given_out = [(slow.team(ticket, when), "given") for _, _, ticket, when in slow.given()]
    for title, told, names in (
        ("Deadlines by team", verdicts, ("met", "missed")),
        ("Promises by team", fates, ("made", "kept", "moved", "broken")),
        ("Tickets given out by team", given_out, ("given",)),
    ):
        teams = {team for team, what in told if what in names}
        wanted = {team: [told.count((team, name)) for name in names] for team in teams}
        assert {row[0]: list(row[1 : 1 + len(names)]) for row in table(found, title)} == wanted


def test_the_random_desks_have_everything_to_count() -> None:
    told = [Slow(world(rng), BEGIN, BEGIN + timedelta(days=6)).figures() for rng in map(random.Random, range(20))]
    assert {key for each in told for key, (value, _) in each.items() if value} == set(told[0])


@MANY
@given(SEEDS)
def test_the_period_before_is_told_as_its_own_report_told_it(rng: random.Random) -> None:
    made, period = world(rng), a_period(rng)
    found = reported(made, period)
    earlier = found.earlier
    assert earlier.end == period.begin
    if min(row["created"] for row in made.tickets) <= earlier.begin + (earlier.end - earlier.begin) / 10:
        slow = Slow(made, earlier.begin, earlier.end)
        assert agree(figures_before(found), slow)
        assert figures(reported(made, earlier)) == figures_before(found)
    else:
        assert set(figures_before(found).values()) == {(None, 0)}


@MANY
@given(SEEDS)
def test_nothing_later_than_the_period_is_seen(rng: random.Random) -> None:
    made, period = world(rng), a_period(rng)
    past = cut(replace(made, at=period.at))
    late = reported(made, period, per_person=True)
    then = report(ruleset(), snapshot(past), period, made.at, BERLIN, per_person=True)
    assert late.sections == replace(then, known_to=late.known_to).sections


# --- periods ------------------------------------------------------------------------------------------------------------


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("begin", "end", "first"),
    [
        ("2026-10-01", "2026-11-01", "2026-09-01"),
        ("2026-03-01", "2026-04-01", "2026-02-01"),
        ("2026-01-01", "2026-02-01", "2025-12-01"),
        ("2026-07-01", "2026-10-01", "2026-04-01"),
        ("2026-10-05", "2026-10-12", "2026-09-28"),
        ("2026-03-29", "2026-03-31", "2026-03-27"),
        ("2026-03-02T08:00", "2026-03-02T20:00", "2026-03-01T20:00"),
    ],
)
def test_the_period_before_is_as_many_months_or_days_or_equally_long(begin: str, end: str, first: str) -> None:
    found = before(Period(local(begin), local(end)), BERLIN)
    assert found == Period(local(first), local(begin))


def test_a_period_that_is_not_over_ends_now() -> None:
    asked = Period(local("2026-03-01"), local("2026-04-01"))
    now = local("2026-03-10T12:00")
    found = report(ruleset(), desk(at=now), asked, now, BERLIN)
    assert so_far(asked, now).at == now
    assert (found.period.begin, found.period.at) == (asked.begin, now)
    assert found.earlier.end - found.earlier.begin == found.period.end - found.period.begin
    assert found.to_json()["complete"] is False


# --- data that are not there --------------------------------------------------------------------------------------------


def test_without_data_no_share_is_known() -> None:
    now = local("2026-04-02")
    found = report(ruleset(), desk(at=now), Period(local("2026-03-01"), local("2026-04-01")), now, BERLIN)
    shares = [each for section in found.sections for each in section.figures if each.kind != "count"]
    assert shares
    assert {(each.value, each.based_on) for each in shares} == {(None, 0)}
    assert [section.charts for section in found.sections] == [()] * len(SECTIONS)
    assert found.notes[-1] == "Nothing is known of this period."


def test_without_rules_nothing_is_watched_and_the_report_says_so() -> None:
    now = local("2026-04-02")
    plain = rules("rules: [{name: x, when: {status: new}, add_tags: [seen]}]")
    found = report(plain, desk(at=now), Period(local("2026-03-01"), local("2026-04-01")), now, BERLIN)
    promises, deadlines, *_ = found.sections
    assert "No rule of the rule file keeps watch over promises" in promises.notes[0]
    assert promises.figures == ()
    assert "No rule of the rule file sets a deadline" in deadlines.notes[0]


def test_a_copy_that_is_too_old_says_up_to_when_it_is_known() -> None:
    now = local("2026-04-02")
    stale = desk(ticket(created=local("2026-01-02")), at=now, known_to=local("2026-03-20T08:30"))
    found = report(ruleset(), stale, Period(local("2026-03-01"), local("2026-04-01")), now, BERLIN)
    assert "known up to 2026-03-20 08:30" in found.notes[0]


def test_what_is_known_only_as_it_is_now_is_named_with_the_rules_that_ask_it() -> None:
    text = """
rules:
  - {name: Gold first, when: {organization.field.tier: gold}, deadline: {name: first, target: first_reply, within: 1 hour}}
  - {name: Silver next, when: {organization.field.tier: silver, tags: vip}, recover: {cause: silver}}
  - {name: Tagged, when: {organization.field.tier: bronze}, add_tags: [bronze]}
"""
    found = report(rules(text), busy(), MARCH, local("2026-04-02"), BERLIN)
    said = (
        "organization.field.tier is known only as it is now, and by that the past is judged: Gold first, Silver next."
    )
    assert said in found.notes


def test_nothing_is_compared_where_the_desk_is_too_young() -> None:
    now = local("2026-04-02")
    young = desk(ticket(created=local("2026-02-20")), at=now, known_to=now)
    found = report(ruleset(), young, Period(local("2026-03-01"), local("2026-04-01")), now, BERLIN)
    assert "first ticket that is known came in on 2026-02-20" in found.notes[0]
    assert set(figures_before(found).values()) == {(None, 0)}
    known = desk(ticket(created=local("2026-02-02")), at=now, known_to=now)
    assert figures_before(report(ruleset(), known, found.asked, now, BERLIN))["solved"] == (0, 0)


# --- people -------------------------------------------------------------------------------------------------------------


def busy() -> Any:
    """Ana answers and solves a ticket that comes back."""
    start = local("2026-03-02T09:00")
    story = [
        changed(start + HOUR, "assignee", None, "ana@example.com", "ben@example.com"),
        event(start + HOUR, "message", "ana@example.com", public=True, text="I will call you tomorrow."),
        changed(start + 3 * HOUR, "status", "new", "solved", "ana@example.com"),
        changed(start + 5 * HOUR, "status", "solved", "open", "customer"),
        event(start + 6 * HOUR, "rating", "customer", new="bad"),
    ]
    facts = {"status": "open", "assignee": "ana@example.com", "group": "Billing", "channel": "email"}
    return desk(ticket(created=start, **facts), events=story, at=local("2026-04-02"), known_to=local("2026-04-02"))


MARCH = Period(local("2026-03-01"), local("2026-04-01"))


def test_people_are_told_apart_only_where_that_is_wanted() -> None:
    plain = report(ruleset(), busy(), MARCH, local("2026-04-02"), BERLIN)
    named = report(ruleset(), busy(), MARCH, local("2026-04-02"), BERLIN, per_person=True)
    assert "Ana" not in str(plain.to_json())
    assert figures(plain) == figures(named)
    assert table(named, "Promises by person") == [("Ana", 1, 0, 0, 1, 0.0)]
    assert table(named, "Deadlines by person") == [("Ana", 1, 1, 0.5)]
    assert table(named, "Ratings by person") == [("Ana", 0, 1, 0.0)]
    assert table(named, "Tickets given out by person")[0][:2] == ("Ana", 1)
    assert table(plain, "Ratings by channel") == [("email", 0, 1, 0.0)]


def test_what_came_back_counts_where_it_was_solved() -> None:
    found = report(ruleset(), busy(), MARCH, local("2026-04-02"), BERLIN)
    assert figures(found)["came_back_share"] == (1.0, 1)
    assert table(found, "Reopens and handoffs by team") == [("money", 1, 1, 1, 0, 1.0)]


# --- charts, JSON, and sections of others -------------------------------------------------------------------------------


def test_charts_add_up_to_the_figures_beside_them() -> None:
    found = report(ruleset(), busy(), MARCH, local("2026-04-02"), BERLIN)
    charts = {chart.key: chart for section in found.sections for chart in section.charts}
    told = {each.name: sum(each.values) for each in charts["promises"].series}
    assert told == {"Kept": 0, "Moved": 0, "Broken": 1}
    assert charts["promises"].labels[0] == "2026-03-01"
    assert len(charts["promises"].labels) == 31
    assert charts["ratings"].series[1].values[1] == 1
    assert all(len(each.values) == len(chart.labels) for chart in charts.values() for each in chart.series)


@pytest.mark.parametrize(("days", "pieces"), [(7, 7), (45, 45), (90, 14), (365, 13)])
def test_long_periods_are_shown_in_weeks_and_months(days: int, pieces: int) -> None:
    begin = local("2026-03-02T00:00") - timedelta(days=days - 7)
    found = report(ruleset(), busy(), Period(begin, begin + timedelta(days=days)), local("2026-04-02"), BERLIN)
    charts = {chart.key: chart for section in found.sections for chart in section.charts}
    assert len(charts["ratings"].labels) == pytest.approx(pieces, abs=1)
    assert sum(sum(each.values) for each in charts["ratings"].series) == 1


def test_the_json_says_what_it_is() -> None:
    told = report(ruleset(), busy(), MARCH, local("2026-04-02"), BERLIN).to_json()
    assert told["format"] == "makegood-report/1"
    assert (told["from"], told["to"]) == ("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z")
    assert told["before"] == {"from": "2026-01-31T23:00:00Z", "to": "2026-02-28T23:00:00Z"}
    first = told["sections"][0]["figures"][0]
    assert (first["key"], first["kind"], first["value"], first["based_on"]) == ("promises_kept_share", "share", 0.0, 1)
    assert all(each["definition"].endswith(".") for section in told["sections"] for each in section["figures"])


def test_a_section_is_added_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SECTIONS, "more", lambda seen: Section("more", "More", f"{seen.present.height} tickets."))
    found = report(ruleset(), busy(), MARCH, local("2026-04-02"), BERLIN)
    assert found.sections[-1].about == "1 tickets."


def test_keys_are_all_different() -> None:
    found = report(ruleset(), busy(), MARCH, local("2026-04-02"), BERLIN, per_person=True)
    keys = [each.key for section in found.sections for each in section.figures]
    assert len(keys) == len(set(keys))
    assert [section.key for section in found.sections] == list(SECTIONS)
