"""Jira's limits: read from its answers, and a share of Data Center's bucket left to others. Facts 8, 9 and 18 of the connector."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from makegood.connectors.base import Retryable
from makegood.connectors.jsm_limits import Limits
from makegood.connectors.transport import LONGEST_WAIT

if TYPE_CHECKING:
    from collections.abc import Mapping

START = datetime(2026, 3, 2, 9, 40, tzinfo=UTC)


class Watch:
    """A clock that only moves while somebody sleeps."""

    def __init__(self) -> None:
        self.at = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds

    def limits(self, headroom: float = 0.5) -> Limits:
        return Limits(headroom, lambda: self.at, lambda: START + timedelta(seconds=self.at), self.sleep)


def said(**headers: object) -> Mapping[str, str]:
    """Headers as they come; ``X_RateLimit_Limit=5`` becomes ``X-RateLimit-Limit: 5``."""
    return CaseInsensitiveDict({name.replace("_", "-"): str(value) for name, value in headers.items()})


def bucket(limit: int, left: int, fill: int = 10, every: int = 1) -> Mapping[str, str]:
    """What Data Center says with every answer."""
    return said(
        X_RateLimit_Limit=limit,
        X_RateLimit_Remaining=left,
        X_RateLimit_FillRate=fill,
        X_RateLimit_Interval_Seconds=every,
        Retry_After=0,
    )


def refused(reason: str, **headers: object) -> Mapping[str, str]:
    return said(RateLimit_Reason=reason, **headers)


# ---- Cloud


def test_a_quiet_sync_never_waits() -> None:
    watch = Watch()
    limits = watch.limits()
    for _ in range(50):
        limits.hold()
        limits.learn(said(X_RateLimit_Limit=100, X_RateLimit_Remaining=1))
    assert watch.slept == []


def test_little_left_of_a_burst_is_a_reason_to_rest_for_a_second() -> None:
    """Fact 9: X-RateLimit-NearLimit comes before the refusal."""
    watch = Watch()
    limits = watch.limits()
    limits.learn(said(X_RateLimit_Limit=100, X_RateLimit_Remaining=19, X_RateLimit_NearLimit="true"))
    assert limits.pause() == 1
    limits.hold()
    limits.hold()
    limits.learn(said(X_RateLimit_NearLimit="false"))
    limits.hold()
    assert watch.slept == [1]


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("0", 1),
        ("7", 7),
        ("120", 120),
        ("1847", 1847),
        ("Mon, 02 Mar 2026 09:42:00 GMT", 120),
        ("Mon, 02 Mar 2026 09:30:00 GMT", 1),
        ("soon", 1),
        ("", 1),
    ],
)
def test_a_refused_call_waits_as_long_as_jira_says_and_a_second_at_least(header: str, wait: float) -> None:
    """Fact 8, and the traps of 429 with 0, 120, 1847, a date, and nothing."""
    assert Watch().limits().asked(refused("jira-burst-based", Retry_After=header)) == wait


def test_a_refused_call_without_any_header_waits_a_second() -> None:
    assert Watch().limits().asked(said()) == 1


@pytest.mark.parametrize("reason", ["jira-burst-based", "jira-per-issue-on-write"])
def test_a_burst_is_waited_for_by_whoever_was_refused_and_nobody_else(reason: str) -> None:
    """Fact 8: twenty writes to one issue are no matter of the others."""
    watch = Watch()
    limits = watch.limits()
    limits.asked(refused(reason, Retry_After=30))
    limits.hold()
    assert (watch.slept, limits.pause()) == ([], 0)


@pytest.mark.parametrize("reason", ["jira-quota-global-based", "jira-quota-tenant-based"])
def test_after_a_quota_nothing_goes_out_before_the_hour_is_over(reason: str) -> None:
    """Fact 8: everything would be refused, so the run stops where it can be gone on with."""
    watch = Watch()
    limits = watch.limits()
    assert limits.asked(refused(reason, Retry_After=1200, X_RateLimit_Reset="2026-03-02T10:00Z")) == 1200
    watch.at += 10
    with pytest.raises(Retryable) as caught:
        limits.hold()
    assert caught.value.after == 1190
    assert reason in caught.value.message
    assert watch.slept == []
    watch.at += 1190
    limits.hold()
    assert watch.slept == []


def test_a_quota_that_is_renewed_soon_is_waited_for() -> None:
    watch = Watch()
    limits = watch.limits()
    limits.asked(refused("jira-quota-tenant-based", Retry_After=int(LONGEST_WAIT)))
    limits.hold()
    assert watch.slept == [LONGEST_WAIT]


def test_the_longer_of_two_waits_counts() -> None:
    """The reset may be later than Retry-After says, and a later answer never makes a wait shorter."""
    watch = Watch()
    limits = watch.limits()
    soon = refused("jira-quota-global-based", Retry_After=5, X_RateLimit_Reset="2026-03-02T10:00:00+00:00")
    assert limits.asked(soon) == 1200
    limits.asked(refused("jira-quota-global-based", Retry_After=5))
    limits.learn(said(X_RateLimit_NearLimit="true"))
    assert limits.pause() == 1200


@pytest.mark.parametrize("reset", ["2026-03-02T10:00", "tomorrow", "", "1772445600"])
def test_a_reset_that_is_no_instant_is_passed_over(reset: str) -> None:
    assert Watch().limits().asked(refused("jira-quota-global-based", Retry_After=9, X_RateLimit_Reset=reset)) == 9


# ---- Data Center


def test_half_of_the_bucket_is_left_to_people() -> None:
    """Fact 18: Data Center tells with every answer how many tokens are left."""
    watch = Watch()
    limits = watch.limits()
    limits.learn(bucket(50, 40))
    limits.hold()
    assert watch.slept == []
    limits.learn(bucket(50, 20))
    limits.hold()
    assert watch.slept == [pytest.approx(0.6)]


def test_retry_after_zero_of_a_good_answer_means_nothing() -> None:
    watch = Watch()
    limits = watch.limits()
    limits.learn(bucket(50, 50))
    limits.hold()
    assert watch.slept == []


def test_a_bucket_that_fills_by_the_hour_stops_the_run_and_says_why() -> None:
    watch = Watch()
    limits = watch.limits()
    limits.learn(bucket(100, 5, fill=10, every=3600))
    with pytest.raises(Retryable, match=r"Jira takes no more calls: \w") as caught:
        limits.hold()
    assert caught.value.after == pytest.approx(46 / 10 * 3600)
    assert watch.slept == []


def test_a_reason_that_is_over_is_not_given_again() -> None:
    watch = Watch()
    limits = watch.limits()
    limits.asked(refused("jira-quota-global-based", Retry_After=200))
    watch.at += 500
    limits.learn(bucket(100, 5, fill=10, every=3600))
    with pytest.raises(Retryable) as caught:
        limits.hold()
    assert "jira-quota" not in caught.value.message


def test_a_bucket_of_one_can_be_used_at_all() -> None:
    watch = Watch()
    limits = watch.limits()
    limits.learn(bucket(1, 1))
    limits.hold()
    assert watch.slept == []


@pytest.mark.parametrize(
    "headers",
    [
        said(X_RateLimit_Limit="many", X_RateLimit_Remaining="few", X_RateLimit_FillRate="x"),
        bucket(50, 0, fill=0),
        bucket(50, 0, every=0),
        said(X_RateLimit_Limit=50, X_RateLimit_Remaining=0),
        said(Other=1),
    ],
)
def test_nonsense_in_headers_is_passed_over(headers: Mapping[str, str]) -> None:
    watch = Watch()
    limits = watch.limits()
    limits.learn(headers)
    limits.hold()
    assert watch.slept == []


def test_what_was_told_of_the_limit_can_be_told_on() -> None:
    limits = Watch().limits()
    assert limits.seen() == ""
    limits.learn(bucket(50, 50, fill=10, every=60))
    assert limits.seen() == "50, 10 more every 60 s"
    limits.learn(said(X_RateLimit_Limit=100))
    assert limits.seen() == "100"
    limits.learn(said())
    assert limits.seen() == "100"


@given(
    limit=st.integers(1, 200),
    fill=st.integers(1, 50),
    every=st.integers(1, 5),
    headroom=st.floats(0, 0.9),
    gaps=st.lists(st.floats(0, 3), min_size=1, max_size=120),
)
def test_others_find_their_share_of_the_bucket_whenever_they_come(
    limit: int, fill: int, every: int, headroom: float, gaps: list[float]
) -> None:
    """A bucket that fills bit by bit, as an admin may have set it; a call of ours never takes from the share of others."""
    watch = Watch()
    limits, left, at = watch.limits(headroom), float(limit), 0.0
    for gap in gaps:
        watch.at += gap
        limits.hold()
        left, at = min(limit, left + (watch.at - at) / every * fill), watch.at
        left -= 1
        assert left >= min(limit * headroom, limit - 1) - 1.001
        limits.learn(bucket(limit, int(left), fill, every))
