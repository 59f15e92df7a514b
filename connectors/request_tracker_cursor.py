"""Where a pull of Request Tracker stands, as a cursor: it can be stored with a page and gone on from after any crash."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .request_tracker_words import Desk, instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .request_tracker_words import Row

SETTLED = timedelta(seconds=30)
"""No transaction of RT's is believed to stay uncommitted for longer; the numbers of younger ones are remembered."""

_REMEMBERED = 200
"""Numbers remembered at most: each is a condition in the next question."""


@dataclass(frozen=True)
class Place:
    """Where a pull stands: a cursor's content.

    Transactions up to ``after`` are stored, and those in ``seen`` (number to epoch seconds), which lie above it: RT gives
    out numbers before it commits, so a lower one may still turn up beside them. ``walk`` is the last ticket of a first pull
    that is not finished. ``since``: tickets untouched since then were left out of it.
    """

    desk: Desk
    since: str
    after: int = 0
    seen: Mapping[int, int] = field(default_factory=dict)
    walk: int | None = None

    def text(self) -> str:
        """The cursor."""
        return json.dumps(asdict(self), separators=(",", ":"), sort_keys=True)

    @classmethod
    def parse(cls, cursor: str) -> Place | None:
        """The place a cursor stands for; ``None`` if it is not one of ours."""
        try:
            said = json.loads(cursor)
            desk = Desk(**said.pop("desk"))
            desk.fields = {k: (n, t, m) for k, (n, t, m) in desk.fields.items()}
            return cls(desk=desk, seen={int(k): v for k, v in said.pop("seen").items()}, **said)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None

    def history_start(self) -> datetime:
        """The instant ``since`` stands for."""
        return datetime.fromisoformat(self.since)

    def passed(self, rows: Iterable[Row]) -> Place:
        """The place behind ``rows``: numbers are settled once a transaction :data:`SETTLED` younger than theirs is known.

        All by the desk's own clock.
        """
        seen = {**self.seen, **{int(row["id"]): _epoch(row) for row in rows}}
        horizon = max(seen.values(), default=0) - SETTLED.total_seconds()
        first = min((number for number, at in seen.items() if at > horizon), default=0)
        after = max([self.after, *(number for number in seen if number < first)])
        kept = sorted(number for number in seen if number > after)[-_REMEMBERED:]
        after = max(after, kept[0] - 1) if len(kept) == _REMEMBERED else after
        return replace(self, after=after, seen={number: seen[number] for number in kept})

    def behind(self, rows: Iterable[Row]) -> Place:
        """The last place before ``rows`` that is surely settled: the younger of them will be asked for again."""
        moved = self.passed(rows)
        first = min(moved.seen, default=moved.after + 1)
        return replace(moved, after=max(moved.after, first - 1), seen={})


def _epoch(row: Row) -> int:
    at = instant(row["Created"])
    return int(at.timestamp()) if at else 0
