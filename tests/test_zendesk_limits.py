"""Zendesk's limits: read from its answers, and a share of each left to people. Facts 3, 6 and 7 of the connector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.connectors.base import Retryable
from makegood.connectors.zendesk_limits import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

TICKET = "tickets/6130907993114"


class Watch:
    """A clock that only moves while somebody sleeps."""

    def __init__(self) -> None:
        self.at = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds

    def limits(self, headroom: float = 0.5) -> Limits:
        return Limits(headroom, clock=lambda: self.at, sleep=self.sleep)


def account(total: int, remaining: int, resets: int = 60) -> Mapping[str, str]:
    return {
        "X-Rate-Limit": str(total),
        "X-Rate-Limit-Remaining": str(remaining),
        "ratelimit-reset": str(resets),
    }


def named(name: str, total: int, remaining: int, resets: int) -> Mapping[str, str]:
    return {f"zendesk-ratelimit-{name}": f"total={total}; remaining={remaining}; resets={resets}"}


def busiest_minute(calls: list[float]) -> int:
    return max(sum(start <= call < start + 60 for call in calls) for start in calls)


def test_half_of_the_updates_a_minute_are_left_to_people() -> None:
    """Fact 7: a thousand updates take twenty minutes with half of a hundred a minute."""
    watch, calls = Watch(), []
    limits = watch.limits()
    for _ in range(1000):
        limits.hold("PUT", TICKET)
        calls.append(watch.at)
    assert busiest_minute(calls) == 50
    assert 19 * 60 <= watch.at <= 20 * 60


def test_ten_exports_a_minute_all_together() -> None:
    """Fact 3: whichever export it is."""
    watch, calls = Watch(), []
    limits = watch.limits(headroom=0)
    for path in ("incremental/tickets/cursor", "incremental/ticket_events", "incremental/users/cursor") * 10:
        limits.hold("GET", path)
        calls.append(watch.at)
    assert busiest_minute(calls) == 10


def test_a_quiet_sync_never_waits() -> None:
    watch = Watch()
    limits = watch.limits()
    limits.hold("GET", "incremental/tickets/cursor")
    limits.hold("GET", "incremental/ticket_events")
    assert watch.slept == []


def test_what_the_desk_says_counts_not_what_the_documentation_says() -> None:
    """Fact 6 and the trap that trial accounts have lower limits: 20 updates a minute were seen instead of 100."""
    watch, calls = Watch(), []
    limits = watch.limits()
    for number in range(60):
        limits.hold("PUT", f"tickets/{number}")
        calls.append(watch.at)
        limits.learn("PUT", f"tickets/{number}", named("tickets-update", 20, 19 - number % 10, 60))
    assert busiest_minute(calls) <= 11


@pytest.mark.parametrize("spelling", ["zendesk-ratelimit-tickets-update", "Zendesk-Rate-Limit-Tickets-Update"])
def test_both_spellings_of_the_header_are_read(spelling: str) -> None:
    watch = Watch()
    limits = watch.limits()
    limits.learn("PUT", TICKET, {spelling: "total=20; remaining=20; resets=59"})
    assert limits.seen() == {"tickets-update": 20}


def test_where_people_use_up_the_limit_we_wait_for_the_next_minute() -> None:
    """Traps: the agents' own edits count against the update limit."""
    watch = Watch()
    limits = watch.limits()
    limits.hold("PUT", TICKET)
    limits.learn("PUT", TICKET, named("tickets-update", 100, 30, 42))
    limits.hold("PUT", "tickets/2")
    assert watch.slept == [pytest.approx(42, abs=0.1)]
    limits.hold("PUT", "tickets/3")
    assert len(watch.slept) == 1


def test_the_account_limit_is_read_from_every_answer() -> None:
    watch = Watch()
    limits = watch.limits()
    limits.hold("GET", "users/me")
    limits.learn("GET", "users/me", account(700, 340, 17))
    limits.hold("GET", "groups")
    assert watch.slept == [pytest.approx(17, abs=0.1)]
    assert limits.seen() == {"account": 700}


def test_one_tickets_limit_does_not_hold_up_another_nor_the_run() -> None:
    """Fact 6: 30 updates of one ticket in ten minutes. Nobody waits ten minutes inside a run."""
    watch = Watch()
    limits = watch.limits()
    limits.hold("PUT", TICKET)
    limits.learn("PUT", TICKET, named("per-ticket-updates", 30, 3, 468))
    with pytest.raises(Retryable) as caught:
        limits.hold("PUT", TICKET)
    assert caught.value.after == pytest.approx(468)
    limits.hold("PUT", "tickets/2")
    assert watch.slept == []


def test_nonsense_in_headers_is_passed_over() -> None:
    watch = Watch()
    limits = watch.limits()
    limits.learn("GET", "x", {"X-Rate-Limit": "many", "zendesk-ratelimit-x": "total=; remaining=a", "other": "1"})
    assert limits.seen() == {}


@given(
    total=st.integers(1, 400),
    headroom=st.floats(0, 0.9),
    gaps=st.lists(st.floats(0, 20), min_size=1, max_size=120),
)
def test_never_more_than_our_share_in_any_minute(total: int, headroom: float, gaps: list[float]) -> None:
    watch, calls = Watch(), []
    limits = watch.limits(headroom)
    limits.learn("GET", "groups", account(total, total, 0))
    for gap in gaps:
        watch.at += gap
        limits.hold("GET", "groups")
        calls.append(watch.at)
    assert busiest_minute(calls) <= max(1, int(total - total * headroom))
