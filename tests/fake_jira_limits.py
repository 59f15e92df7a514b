"""How often one may ask a Jira, by its own clock: Cloud's quota, bursts and writes per issue; Data Center's bucket per user."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fake_jira_asked import Asked

HOUR = 3600
UNLIMITED = 100_000
BURSTS: list[tuple[str, str, str]] = [
    ("issue", "GET", r"issue/[^/]+"), ("changelog", "GET", r"issue/[^/]+/changelog"), ("count", "POST", r"search/approximate-count"),
    ("customers", "GET", r"servicedeskapi/servicedesk/[^/]+/customer"),
]  # fmt: skip
ISSUE_WRITE = re.compile(r"(?:servicedeskapi/request|issue)/([^/]+)(?:/.*)?")


@dataclass
class Over:
    """A call that is one too many: why, and when it may be sent again."""

    reason: str
    limit: int
    wait: int
    resets: float


class Limits:
    """Counts calls; nothing is refused until ``enforced``. ``quota``: points per hour, ``None`` for accounts that have none."""

    def __init__(self, *, cloud: bool) -> None:
        self.cloud = cloud
        self.enforced = False
        self.quota: int | None = None
        self.reason = "jira-quota-tenant-based"
        self.bursts = {
            "GET": 100,
            "POST": 100,
            "PUT": 50,
            "DELETE": 50,
            "issue": 150,
            "changelog": 200,
            "count": 150,
            "customers": 5,
        }
        self.per_issue = ((2, 20), (30, 100))
        self.bucket, self.fill, self.interval = 50, 10, 1
        self._windows: dict[str, tuple[float, int]] = {}
        self._writes: dict[str, list[float]] = {}
        self._left: dict[str, tuple[float, float]] = {}

    def count(self, asked: Asked, now: float) -> tuple[dict[str, str], int | None]:
        """The headers of the answer, and 429 if this call is one too many."""
        if not self.cloud:
            return self._user_bucket(asked.user or "", now)
        over = (self._quota(now) or self._burst(asked, now) or self._issue(asked, now)) if self.enforced else None
        if over is None:
            return self._headers(asked), None
        at = datetime.fromtimestamp(over.resets, UTC).strftime("%Y-%m-%dT%H:%MZ")
        return {"Retry-After": str(over.wait), "RateLimit-Reason": over.reason, "X-RateLimit-Limit": str(over.limit),
                "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": at}, 429  # fmt: skip

    def spent(self, asked: Asked, now: float, objects: int) -> None:
        """What was read counts after it was read: a point for every issue in the answer."""
        if self.cloud and self.enforced and self.quota is not None:
            self._add(f"quota {now // HOUR}", now, objects)

    # ---- Cloud

    def _quota(self, now: float) -> Over | None:
        """Points by the hour, one for the call itself: anew at the top of it."""
        key = f"quota {now // HOUR}"
        used = self._windows.get(key, (now, 0))[1]
        if self.quota is None:
            return None
        if used >= self.quota:
            resets = (now // HOUR + 1) * HOUR
            return Over(self.reason, self.quota, max(1, int(resets - now)), resets)
        self._add(key, now, 1)
        return None

    def _burst(self, asked: Asked, now: float) -> Over | None:
        """Calls of one kind in a second."""
        kind, limit = self._kind(asked)
        began, used = self._windows.get(kind, (now, 0))
        if now >= began + 1:
            began, used = now, 0
        if used >= limit:
            return Over("jira-burst-based", limit, 1, now + 1)
        self._windows[kind] = (began, used + 1)
        return None

    def _kind(self, asked: Asked) -> tuple[str, int]:
        special = next((n for n, way, path in BURSTS if way == asked.method and re.fullmatch(path, asked.path)), None)
        place = special or re.sub(r"\d+", "#", f"{asked.method} {asked.path}")
        return place, self.bursts[special or asked.method]

    def _issue(self, asked: Asked, now: float) -> Over | None:
        """Writes to one issue, in two seconds and in thirty."""
        about = ISSUE_WRITE.fullmatch(asked.path) if asked.write else None
        if about is None:
            return None
        times = self._writes.setdefault(about[1], [])
        for seconds, limit in self.per_issue:
            young = [at for at in times if at > now - seconds]
            if len(young) >= limit:
                return Over(
                    "jira-per-issue-on-write", limit, max(1, round(young[0] + seconds - now)), young[0] + seconds
                )
        times.append(now)
        return None

    def _add(self, key: str, now: float, points: int) -> None:
        self._windows[key] = (now, self._windows.get(key, (now, 0))[1] + points)

    def _headers(self, asked: Asked) -> dict[str, str]:
        kind, limit = self._kind(asked)
        if not self.enforced:
            return {"X-RateLimit-Limit": str(UNLIMITED), "X-RateLimit-Remaining": str(UNLIMITED - 1)}
        left = limit - self._windows.get(kind, (0, 0))[1]
        near = {"X-RateLimit-NearLimit": "true"} if left < limit / 5 else {}
        return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(left), **near}

    # ---- Data Center

    def _user_bucket(self, user: str, now: float) -> tuple[dict[str, str], int | None]:
        """Tokens that come back bit by bit; every answer tells how many are left, and 0 to wait while there are any."""
        at, left = self._left.get(user, (now, float(self.bucket)))
        left = min(self.bucket, left + (now - at) // self.interval * self.fill)
        over = self.enforced and left < 1
        wait = 0 if not over else self.interval
        self._left[user] = (now if now - at >= self.interval else at, left if over or not self.enforced else left - 1)
        headers = {"X-RateLimit-Limit": str(self.bucket), "X-RateLimit-Remaining": str(int(self._left[user][1])),
                   "X-RateLimit-FillRate": str(self.fill), "X-RateLimit-Interval-Seconds": str(self.interval),
                   "Retry-After": str(wait)}  # fmt: skip
        return headers, 429 if over else None
