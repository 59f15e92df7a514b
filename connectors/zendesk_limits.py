"""How fast Zendesk may be asked: its limits as it tells them, and a share of each left to people and other programs.

Every answer says how much of the account's limit is left in this minute (``X-Rate-Limit``, ``ratelimit-reset``), and some say it
of a limit of their own (``zendesk-ratelimit-tickets-update: total=100; remaining=97; resets=42``). Plans and trial accounts differ,
so what the desk says counts; the figures here only serve until it has spoken (developer.zendesk.com, "Rate limits").
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .base import Retryable
from .transport import LONGEST_WAIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ACCOUNT = "account"
EXPORTS = "incremental-exports"
UPDATES = "tickets-update"
PER_TICKET = "per-ticket-updates"

_NAMED = re.compile(r"zendesk-rate-?limit-(.+)")
_FIGURES = re.compile(r"(total|remaining|resets)=(\d+)")
_TICKET = re.compile(r"tickets/\d+")
_SAFETY = 0.05
"""Seconds added to a wait, so that the desk's clock has surely turned over."""


@dataclass(slots=True)
class Limit:
    """So many calls in a stretch of seconds. ``sent`` are ours, ``remaining`` what the desk last said, good until ``until``."""

    total: int
    stretch: float
    sent: deque[float] = field(default_factory=deque)
    remaining: int | None = None
    until: float = 0.0

    def told(self, total: int, remaining: int, resets: float, now: float) -> None:
        """What the desk says of it."""
        self.total, self.remaining, self.until = total, remaining, now + resets

    def wait(self, now: float, headroom: float) -> float:
        """Seconds until another call leaves the others their share."""
        while self.sent and self.sent[0] <= now - self.stretch:
            self.sent.popleft()
        kept = self.total * headroom
        crowded = len(self.sent) >= max(1, int(self.total - kept))
        mine = self.sent[0] + self.stretch - now if crowded else 0.0
        scarce = self.remaining is not None and self.remaining <= kept and self.until > now
        return max(mine, self.until - now if scarce else 0.0)

    def note(self, now: float) -> None:
        """One more call of ours; what the desk said before has less to say now."""
        self.sent.append(now)
        self.remaining = None if self.remaining is None else self.remaining - 1


class Limits:
    """All limits of one account. ``headroom`` is the share of each that is left to others; ``clock`` counts seconds."""

    def __init__(self, headroom: float, *, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._headroom = headroom
        self._clock = clock
        self._sleep = sleep
        self._limits: dict[str, Limit] = {
            ACCOUNT: Limit(200, 60),
            EXPORTS: Limit(10, 60),
            UPDATES: Limit(100, 60),
        }
        self._names: dict[str, set[str]] = {}

    def hold(self, method: str, path: str) -> None:
        """Returns when the call may go.

        Raises:
            Retryable: that would take longer than anybody wants to wait; ``after`` says how long.
        """
        wait = self.pause(method, path)
        if wait > LONGEST_WAIT:
            hint = "it goes on with the next run"
            raise Retryable(f"the limit of calls to {path} is used up for {wait:.0f} seconds", hint=hint, after=wait)
        if wait > 0:
            self._sleep(wait + _SAFETY)
        for key in self._keys(method, path):
            self._limits[key].note(self._clock())

    def pause(self, method: str, path: str) -> float:
        """Seconds until such a call may go."""
        return max(self._limits[key].wait(self._clock(), self._headroom) for key in self._keys(method, path))

    def learn(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        """Takes note of what an answer says about limits."""
        now, said = self._clock(), {name.lower(): value for name, value in headers.items()}
        account = [said.get(name, "") for name in ("x-rate-limit", "x-rate-limit-remaining", "ratelimit-reset")]
        if account[0].isdigit() and account[1].isdigit():
            resets = float(account[2]) if account[2].isdigit() else 60.0
            self._limits[ACCOUNT].told(int(account[0]), int(account[1]), resets, now)
        for header, value in said.items():
            named = _NAMED.fullmatch(header)
            figures = {name: int(number) for name, number in _FIGURES.findall(value)} if named else {}
            if named and len(figures) == 3:
                self._told(method, path, named[1], figures, now)

    def _told(self, method: str, path: str, name: str, figures: Mapping[str, int], now: float) -> None:
        self._names.setdefault(_route(method, path), set()).add(name)
        limit = self._limits.setdefault(
            _key(name, path), Limit(figures["total"], 600.0 if name == PER_TICKET else 60.0)
        )
        limit.told(figures["total"], figures["remaining"], figures["resets"], now)

    def _keys(self, method: str, path: str) -> Iterator[str]:
        yield ACCOUNT
        if path.startswith("incremental/"):
            yield EXPORTS
        if method == "PUT" and _TICKET.fullmatch(path):
            yield UPDATES
        for name in self._names.get(_route(method, path), ()):
            key = _key(name, path)
            if name not in (EXPORTS, UPDATES) and key in self._limits:
                yield key

    def seen(self) -> dict[str, int]:
        """The limits that the desk has told so far, by name."""
        return {name: limit.total for name, limit in self._limits.items() if limit.until and " " not in name}


def _route(method: str, path: str) -> str:
    return f"{method} {re.sub(r'[0-9]+', '*', path)}"


def _key(name: str, path: str) -> str:
    """Limits of one ticket are kept apart by its path."""
    return f"{name} {path}" if name == PER_TICKET else name
