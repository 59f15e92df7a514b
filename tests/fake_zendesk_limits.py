"""How often one may ask: Zendesk's limits by the desk's clock, and the headers that tell of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from fake_zendesk_people import Row

MINUTE, TEN_MINUTES = 60, 600
UNLIMITED = 100_000
OVER = {
    "account": "Number of allowed API requests per minute exceeded",
    "exports": "Rate limit for incremental exports exceeded, please wait before performing this operation",
    "updates": "Rate limit for ticket updates exceeded, please wait before performing this operation",
    "per_ticket": "Rate limit for updates of this ticket exceeded, please wait before performing this operation",
}
HEADERS = {
    "exports": "zendesk-ratelimit-incremental-exports",
    "updates": "zendesk-ratelimit-tickets-update",
    "per_ticket": "zendesk-ratelimit-per-ticket-updates",
}


class Left(NamedTuple):
    """How one limit stands: how many in all, how many are left, in how many seconds it begins anew."""

    total: int
    remaining: int
    resets: int


class Limits:
    """Counts calls. Nothing is refused until ``enforced``, nor where the total is ``None``; headers then tell very large limits."""

    def __init__(self) -> None:
        self.totals: dict[str, int | None] = {"account": 700, "exports": 10, "updates": 100, "per_ticket": 30}
        self.enforced = False
        self.retry_after = True
        self._windows: dict[str, tuple[int, int]] = {}

    def count(self, method: str, path: str, user: str | None, now: float) -> tuple[dict[str, str], Row | None]:
        """The headers of the answer, and the refusal if this call is one too many."""
        headers: dict[str, str] = {}
        keys = _keys(method, path, user)
        over = next((name for name, key in keys.items() if self._left(name, key, now).remaining <= 0), None)
        for name, key in keys.items():
            if over is None:
                self._pass(name, key, now)
            headers |= _told(name, self._left(name, key, now))
        if over is None:
            return headers, None
        if self.retry_after:
            headers["Retry-After"] = str(self._left(over, keys[over], now).resets)
        return headers, {"error": "APIRateLimitExceeded", "description": OVER[over]}

    def _window(self, name: str, key: str, now: float) -> tuple[int, int]:
        """Since when a limit counts, and how far it has counted; that of one ticket begins with its first update."""
        length = TEN_MINUTES if name == "per_ticket" else MINUTE
        began, count = self._windows.get(key, (0, 0))
        if now < began + length:
            return began, count
        return (int(now) if name == "per_ticket" else int(now // length * length)), 0

    def _pass(self, name: str, key: str, now: float) -> None:
        began, count = self._window(name, key, now)
        self._windows[key] = (began, count + 1)

    def _left(self, name: str, key: str, now: float) -> Left:
        began, count = self._window(name, key, now)
        total = self.totals[name] if self.enforced else None
        length = TEN_MINUTES if name == "per_ticket" else MINUTE
        resets = max(1, began + length - int(now))
        return Left(UNLIMITED, UNLIMITED - 1, resets) if total is None else Left(total, total - count, resets)


def _keys(method: str, path: str, user: str | None) -> dict[str, str]:
    """The limits that count a call, by name, with the name under which each is kept."""
    keys = {"account": "account"}
    if path.startswith("incremental/"):
        keys["exports"] = "exports"
    if method == "PUT" and re.fullmatch(r"tickets/\d+", path):
        keys |= {"updates": "updates", "per_ticket": f"{user} {path}"}
    return keys


def _told(name: str, left: Left) -> dict[str, str]:
    if name == "account":
        return {
            "X-Rate-Limit": str(left.total), "X-Rate-Limit-Remaining": str(left.remaining), "ratelimit-limit": str(left.total),
            "ratelimit-remaining": str(left.remaining), "ratelimit-reset": str(left.resets),
        }  # fmt: skip
    return {HEADERS[name]: f"total={left.total}; remaining={left.remaining}; resets={left.resets}"}
