"""``recovery --at DAY`` on today's store says what the store of that very day said: thirty days of a small desk, day by day."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fake_cli import SETTINGS, answer, call
from fake_troubles import AGENTS, BEGIN, SPAN, act, deeds, settle_in

from makegood.connectors.local import Local

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.long

CUSTOMERS, SEED = 40, 20
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
RULES = f"""\
version: 1
default_calendar: office
calendars: {{office: {{time_zone: UTC, hours: {{mon-fri: 09:00-17:00}}}}}}
teams:
  care: {{group: Care, lead: {AGENTS[0]}, people: {{{AGENTS[1]}: {{}}, {AGENTS[2]}: {{}}}}}}
rules:
  - {{name: Word, promise: {{from_grade: day}}}}
  - {{name: First, deadline: {{name: first, target: first_reply, within: 6 business hours}}}}
  - {{name: Solved, deadline: {{name: solved, target: resolution, within: 4 days}}}}
  - name: Win back
    when: {{any: {{csat: bad, reopens: {{at_least: 2}}, promise: broken}}}}
    recover:
      cause: let-down
      assign: {{team: care, choose: least_busy}}
      acknowledge: 2 business hours
      first_contact: 1 business day
      steps: [Say sorry, Put it right]
      verify_after: 3 business days
      cool_down: 5 days
  - name: Complaints
    when: {{tags: complaint}}
    for: 3 hours
    recover: {{cause: unhappy, verify_after: 2 days, plan_by: 1 day}}
"""
Answers = dict[datetime, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    """What the store said at each day's end, pulled at that time; the last store stays."""
    folder = tmp_path_factory.mktemp("replay")
    with pytest.MonkeyPatch.context() as patch, Local(folder / "desk.db", now=lambda: datetime.now(UTC)) as desk:
        patch.chdir(folder)
        Path("makegood.toml").write_text(SETTINGS)
        Path("rules.yaml").write_text(RULES)
        settle_in(desk, CUSTOMERS)
        yield day_by_day(desk)


def day_by_day(desk: Local) -> Answers:
    """Days of the last weeks; each is played, pulled and asked about before the next one comes."""
    shift = (datetime.now(UTC) - BEGIN - SPAN) // WEEK * WEEK
    coming = [deed._replace(at=deed.at + shift) for deed in deeds(random.Random(SEED), CUSTOMERS, 2)]
    said: Answers = {}
    for day in range(1, SPAN.days + 1):
        end = BEGIN + shift + day * DAY
        while coming and coming[0].at <= end:
            act(desk, coming.pop(0))
        assert call("pull").exit_code == 0
        said[end] = cases(end)
    return said


def cases(at: datetime) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer("recovery", "--all", "--at", f"{at:%Y-%m-%dT%H:%M:%SZ}")["cases"]
    return found


def test_the_days_are_full_of_cases(asked: Answers) -> None:
    last = asked[max(asked)]
    assert len({ticket for case in last for ticket in case["tickets"]}) > 30
    assert {case["state"] for said in asked.values() for case in said} >= {"open", "contacted", "verified"}
    assert max(case["round"] for case in last) > 1


def test_every_day_is_told_as_it_was_told_then(asked: Answers) -> None:
    for at, said in asked.items():
        assert cases(at) == said, at


def test_a_new_store_tells_every_week_as_it_was(asked: Answers) -> None:
    Path("makegood.db").unlink()
    assert call("pull").exit_code == 0
    for at in list(asked)[::7]:
        assert cases(at) == asked[at], at
