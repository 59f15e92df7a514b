"""How fast Jira may be asked: what its answers say, and a share of Data Center's bucket left to people and other programs.

Cloud (developer.atlassian.com, "Rate limiting", 2026-08-12) refuses with 429 and a ``RateLimit-Reason``: a quota by the hour ends
the run, since everything would be refused until it is renewed; a burst or too many writes to one issue only want a short wait.
``X-RateLimit-NearLimit`` comes before that. Data Center fills a bucket of tokens for each user and tells how full it is with every
answer; its ``Retry-After: 0`` means that there are tokens left, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from .base import Retryable
from .transport import LONGEST_WAIT, retry_after

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

QUOTA = "jira-quota"
"""How the reasons begin for which everything is refused until the top of the hour."""
SHORTEST = 1.0
"""Seconds to wait where Jira says 0 or nothing."""
_NEAR = 1.0
"""Seconds of rest once less than a fifth of a limit is left."""


@dataclass
class Limits:
    """The limits of one account. ``headroom`` is the share of Data Center's bucket that is left to others.

    ``clock`` counts seconds, ``now`` tells the time (aware UTC).
    """

    headroom: float
    clock: Callable[[], float]
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    _until: float = 0.0
    _closed: str = ""
    _seen: str = ""

    def hold(self) -> None:
        """Returns when the next call may go.

        Raises:
            Retryable: that would take longer than anybody wants to wait; ``after`` says how long.
        """
        wait = self.pause()
        if wait > LONGEST_WAIT:
            raise Retryable(
                f"Jira takes no more calls: {self._closed}", hint="it goes on with the next run", after=wait
            )
        if wait > 0:
            self.sleep(wait)

    def pause(self) -> float:
        """Seconds until another call may go."""
        return max(0.0, self._until - self.clock())

    def learn(self, headers: Mapping[str, str]) -> None:
        """Takes note of what an answer says about limits."""
        limit, left = _number(headers.get("X-RateLimit-Limit")), _number(headers.get("X-RateLimit-Remaining"))
        fill, every = (_number(headers.get(f"X-RateLimit-{name}")) for name in ("FillRate", "Interval-Seconds"))
        if limit is not None:
            self._seen = f"{limit:.0f}" + (f", {fill:.0f} more every {every:.0f} s" if fill and every else "")
        if headers.get("X-RateLimit-NearLimit", "").lower() == "true":
            self._until = max(self._until, self.clock() + _NEAR)
        if limit and left is not None and fill and every:
            short = min(limit * self.headroom, limit - 1) + 1 - left
            if short > 0:
                until = self.clock() + short / fill * every
                if until > self._until:
                    self._until, self._closed = until, f"{left:.0f} of {limit:.0f} are left, and some are for others"

    def asked(self, headers: Mapping[str, str]) -> float:
        """The seconds that a 429 wants us to wait; after one for a quota no call goes out before they are over."""
        reason = headers.get("RateLimit-Reason", "")
        wait = max(SHORTEST, retry_after(headers.get("Retry-After"), self.now()) or 0.0)
        if reason.startswith(QUOTA):
            wait = max(wait, self._until_reset(headers))
            self._until, self._closed = max(self._until, self.clock() + wait), f"{reason}, for {wait:.0f} seconds"
        return wait

    def _until_reset(self, headers: Mapping[str, str]) -> float:
        try:
            at = datetime.fromisoformat(headers.get("X-RateLimit-Reset", ""))
            return (at - self.now()).total_seconds()
        except (ValueError, TypeError):
            return 0.0

    def seen(self) -> str:
        """The limit that Jira told last, empty where it told none."""
        return self._seen


def _number(text: str | None) -> float | None:
    return float(text) if text and text.strip().isdigit() else None
