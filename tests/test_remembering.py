"""Remembering people: anniversaries, dates in custom fields, and a second contact after an important matter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from small_desk import PEOPLE, changed, done, plan, rules, ticket, told

from makegood.connectors.ticket import Organization, Person
from makegood.connectors.zendesk_people import organization_fields
from makegood.engine.effects import effect_key, marker
from makegood.engine.ruletest import run_tests
from makegood.rules.load import load_text

OFFICE = """
default_calendar: office
calendars:
  office: {time_zone: Europe/Berlin, hours: {mon-fri: 09:00-17:00}}
"""
EVERY = "status: [new, open, pending, on_hold, solved, closed]"
SINCE = "created: 2025-01-02 10:00"


def birthday(within: str = "1 week", status: str = EVERY, more: str = "") -> str:
    return f"""{OFFICE}
rules:
  - name: A birthday is coming
    when: {{{status}, requester.field.Birthday: {{anniversary_in: {within}}}{more}}}
    once_per: requester
    notify: leads
"""


def happens(text: str, *tests: str) -> list[bool]:
    """For each test without ``expect`` (a flow mapping) whether anything is done."""
    written = "".join(f"  - {{name: Number {number}, {test}, expect: nothing}}\n" for number, test in enumerate(tests))
    ruleset, found = load_text(f"{text}tests:\n{written}")
    assert ruleset is not None, found
    return [not result.passed for result in run_tests(ruleset).results]


def on(at: str, born: str = "1980-03-09", more: str = SINCE) -> str:
    return f"at: {at}, ticket: {{{more}, requester.field.Birthday: {born}}}"


# --- when it is time --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-03-01 23:59", False),
        ("2026-03-02 00:00", True),
        ("2026-03-09 23:59", True),
        ("2026-03-10 00:00", False),
        ("2027-03-01 23:59", False),
        ("2027-03-02 00:00", True),
    ],
)
def test_a_week_before_until_the_end_of_the_day_every_year(at: str, told: bool) -> None:
    assert happens(birthday(), on(at)) == [told]


def test_the_day_on_which_it_began_is_no_return() -> None:
    assert happens(birthday(), on("2026-03-09 12:00", "2026-03-09"), on("2026-03-05 12:00", "2027-03-09")) == [
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("day", "first"),
    [
        ("1980-03-06", "2026-03-05 09:00"),  # a Friday: on Thursday
        ("1980-03-07", "2026-03-06 09:00"),  # a Saturday: on Friday
        ("1980-03-08", "2026-03-06 09:00"),  # a Sunday: on Friday
        ("1980-03-09", "2026-03-06 09:00"),  # a Monday: on Friday
    ],
)
def test_business_days_begin_in_working_hours_also_before_a_weekend(day: str, first: str) -> None:
    before = datetime.fromisoformat(first) - timedelta(minutes=1)
    assert happens(birthday("1 business day"), on(f"{before:%Y-%m-%d %H:%M}", day), on(first, day)) == [False, True]


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-02-27 10:00", False),
        ("2026-02-28 10:00", True),
        ("2026-03-01 10:00", False),
        ("2028-02-28 10:00", False),
        ("2028-02-29 10:00", True),
        ("2028-03-01 10:00", False),
    ],
)
def test_the_29th_of_february_returns_on_the_28th_where_there_is_none(at: str, told: bool) -> None:
    assert happens(birthday("0 days"), on(at, "1980-02-29")) == [told]


def test_closed_tickets_count_only_where_they_are_named() -> None:
    closed = on("2026-03-03 10:00", more=f"{SINCE}, status: closed")
    solved = on("2026-03-03 10:00", more=f"{SINCE}, status: solved")
    assert happens(birthday(), closed, solved) == [True, True]
    assert happens(birthday(status="priority: present"), closed, solved) == [False, True]


# --- how dates are written --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1980-03-09", True),
        ("09.03.1980", True),
        ("9.3.1980", True),
        ("9. 3. 1980", True),
        ("1980-03-09 00:00:00", True),
        ("1980-03-09T00:00:00Z", True),
        ("3/9/1980", False),
        ("31.02.1980", False),
        ("9.3.", False),
        ("in March", False),
    ],
)
def test_dates_in_custom_fields(written: str, read: bool) -> None:
    assert happens(birthday(), on("2026-03-03 10:00", f"'{written}'")) == [read]


def test_a_date_field_of_zendesk_holds_a_day_wherever_one_lives() -> None:
    told = {"since": "2021-03-09T00:00:00+00:00", "met": "2021-03-09T00:00:00Z", "at": "2021-03-09T08:00:00Z", "no": ""}
    assert organization_fields({"organization_fields": told}) == {
        "since": "2021-03-09",
        "met": "2021-03-09",
        "at": "2021-03-09T08:00:00Z",
    }


def test_a_contract_that_ends_is_told_to_whoever_looks_after_it() -> None:
    text = f"""{OFFICE}
rules:
  - name: The contract ends
    when: {{{EVERY}, organization.field.Ends: {{in_next: 30 days}}}}
    once_per: organization
    notify: {{who: [organization.field.Manager, sales], text: 'until {{organization.field.Ends}}'}}
tests:
  - name: A month before
    at: 2026-03-02 10:00
    ticket: {{{SINCE}, organization: Acme, organization.field.Ends: 2026-04-01, organization.field.Manager: cleo@example.com}}
    expect: {{notify: {{who: [cleo@example.com, sales], text: until 2026-04-01}}}}
  - name: It is over
    at: 2026-04-02 00:00
    ticket: {{{SINCE}, organization: Acme, organization.field.Ends: 2026-04-01, organization.field.Manager: cleo@example.com}}
    expect: nothing
"""
    ruleset, found = load_text(text)
    assert ruleset is not None, found
    assert [(each.passed, each.because) for each in run_tests(ruleset).results] == [(True, ())] * 2


# --- once, and next year again ----------------------------------------------------------------------------------------

MIA = Person("mia@customer.example", "Mia", "mia@customer.example", fields={"Birthday": "1980-03-09"})
MIAS = "requester mia@customer.example"
OLD = datetime(2025, 1, 2, 9, tzinfo=UTC)


def mias(number: int, status: str = "closed", created: datetime = OLD, **facts):
    return ticket(number, status=status, created=created, updated=created, **facts)


def planned(text: str, at: str, *tickets, done_at: str = ""):
    """What is told at an instant, where it was told before at another."""
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    desk = {"at": moment, "known_to": moment, "people": PEOPLE | {MIA.handle: MIA}}
    if done_at:
        before = datetime.fromisoformat(done_at).replace(tzinfo=UTC)
        desk["journal"] = (done(rules(text).rules[0], before, "notify", subject=MIAS, to=("channel:leads",)),)
    first = rules(text).rules[0].id
    return told(plan(text, *tickets, desk={**desk, "first_applied": {first: OLD - timedelta(days=1)}}))


TOLD = [("1", "notify", None, None)]


def test_once_for_each_anniversary() -> None:
    text = birthday()
    assert planned(text, "2026-03-03 10:00", mias(1)) == TOLD
    assert planned(text, "2026-03-09 10:00", mias(1), done_at="2026-03-02 10:00") == []
    assert planned(text, "2027-03-03 10:00", mias(1), done_at="2026-03-02 10:00") == TOLD


def test_another_ticket_in_the_same_week_is_no_other_birthday() -> None:
    text = birthday()
    fresh = mias(2, "new", datetime(2026, 3, 4, 9, tzinfo=UTC))
    assert planned(text, "2026-03-05 10:00", mias(1), fresh, done_at="2026-03-02 10:00") == []
    assert planned(text, "2026-03-05 10:00", mias(1), fresh) == [("2", *TOLD[0][1:])]


def test_working_hours_as_a_condition_end_every_evening() -> None:
    text = birthday(more=", now: {during: office}")
    assert planned(text, "2026-03-04 10:00", mias(1), done_at="2026-03-03 10:00") == TOLD


def test_a_note_about_an_organization_goes_to_its_newest_open_ticket() -> None:
    text = """
rules:
  - name: A year with us
    when: {status: open, organization.field.Customer since: {anniversary_in: 1 week}}
    once_per: organization
    note: '{organization}: since {organization.field.Customer since}'
"""
    moment = datetime(2026, 3, 3, 10, tzinfo=UTC)
    acme = Organization("1", "Acme", fields={"Customer since": "2021-03-09"})
    tickets = [mias(n, status, organization="Acme") for n, status in ((1, "open"), (2, "open"), (3, "closed"))]
    found = plan(text, *tickets, desk={"at": moment, "known_to": moment, "organizations": {"Acme": acme}})
    assert [(change.ticket, change.text.partition("\n")[0]) for change in found.changes] == [
        ("2", "Acme: since 2021-03-09")
    ]


# --- a second contact -------------------------------------------------------------------------------------------------

AGAIN = """
rules:
  - name: Does it hold
    when: {status: [solved, closed], priority: [high, urgent], solved: {older_than: 14 days, newer_than: 28 days}}
    once_per: requester
    note: 'Call {requester.name}'
"""
MATTER = """
  - name: {name}
    at: {at}
    ticket: {{priority: {priority}}}
    events:
      - {{at: 2026-03-01 09:00, by: customer, says: It is down}}
      - {{at: 2026-03-02 10:00, by: ben@example.com, says: It runs., set: {{status: solved}}}}
      {more}
    expect: {expect}
"""


@pytest.mark.parametrize(
    ("at", "priority", "more", "expect"),
    [
        ("2026-03-16 09:59", "high", "", "nothing"),
        ("2026-03-16 10:00", "high", "", "{note: Call}"),
        ("2026-03-16 10:00", "normal", "", "nothing"),
        ("2026-03-16 10:00", "high", "- {at: 2026-03-06 10:00, set: {status: closed}}", "{note: Call}"),
        (
            "2026-03-16 10:00",
            "high",
            "- {at: 2026-03-10 10:00, by: customer, says: No, set: {status: open}}",
            "nothing",
        ),
        ("2026-03-30 09:59", "high", "", "{note: Call}"),
        ("2026-03-30 10:00", "high", "", "nothing"),
    ],
)
def test_two_weeks_after_it_was_solved(at: str, priority: str, more: str, expect: str) -> None:
    test = MATTER.format(name="A matter", at=at, priority=priority, more=more, expect=expect)
    ruleset, found = load_text(f"{AGAIN}tests:{test}")
    assert ruleset is not None, found
    assert [(each.passed, each.because) for each in run_tests(ruleset).results] == [(True, ())]


def test_nobody_is_called_twice_about_one_matter() -> None:
    mark = marker(effect_key("does-it-hold", "note", None, "requester customer@example.com"))
    said = (
        f'- {{at: 2026-03-16 10:05, by: makegood, internal: yes, says: "Call Customer makegood\\n\\nmakegood {mark}"}}'
    )
    test = MATTER.format(name="It", at="2026-03-20 10:00", priority="high", more=said, expect="nothing")
    ruleset, found = load_text(f"{AGAIN}tests:{test}")
    assert ruleset is not None, found
    assert [(each.passed, each.because) for each in run_tests(ruleset).results] == [(True, ())]


@pytest.mark.parametrize(("second", "called"), [("2026-03-05", False), ("2026-06-02", True)])
def test_a_second_matter_is_another_one_only_when_the_first_is_over(second: str, called: bool) -> None:
    text = AGAIN.replace("note: 'Call {requester.name}'", "notify: leads")
    first, later = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime.fromisoformat(second).replace(tzinfo=UTC)
    tickets = [mias(n, "solved", at - timedelta(days=1), priority="high") for n, at in ((1, first), (2, later))]
    events = [changed(at, "status", "open", "solved", "ben@example.com", on=n) for n, at in ((1, first), (2, later))]
    moment = later + timedelta(days=15)
    journal = (
        done(rules(text).rules[0], first + timedelta(days=14, hours=1), "notify", subject=MIAS, to=("channel:leads",)),
    )
    desk = {"at": moment, "known_to": moment, "journal": journal, "first_applied": {"does-it-hold": OLD}}
    assert bool(plan(text, *tickets, events=events, desk=desk).changes) == called
