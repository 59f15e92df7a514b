"""Where a pull of Zendesk stands, as a cursor: it can be stored with a page and gone on from after any crash."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .zendesk_words import Desk

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Stream:
    """A time-based export: everything before ``start`` (epoch seconds) is stored, and of that second the rows in ``seen``.

    Such an export always repeats its last second, so what was stored of it is remembered by number.
    """

    start: int
    seen: frozenset[int] = frozenset()

    def lacks(self, number: int, at: int) -> bool:
        """Whether a row of that number and second is new. What changes again comes again, with a later second."""
        return at > self.start or (at == self.start and number not in self.seen)

    def before(self, seconds: int) -> Stream:
        """So much before, as if nothing had been seen there."""
        return Stream(self.start - seconds)

    def passed(self, rows: Iterable[tuple[int, int]], start: int) -> Stream:
        """Behind rows of (number, epoch seconds), to go on at ``start``."""
        known = self.seen if start == self.start else frozenset()
        return Stream(start, known | {number for number, at in rows if at >= start})


@dataclass(frozen=True)
class Place:
    """A cursor's content.

    ``tickets`` is Zendesk's own cursor, or ``@`` and the epoch second to begin at; ``people`` likewise. ``since``: tickets that
    were not open and untouched since then were left out. ``walked``: every ticket was seen. ``turn`` says which of the lists that
    seldom change is fetched next. ``stirred``: tickets changed since SLA metrics were last read to their end. ``renamed``: stored
    tickets bear a name that is not right any more.
    """

    desk: Desk
    since: datetime
    tickets: str
    people: str
    events: Stream
    metrics: Stream
    organizations: Stream
    walked: bool = False
    turn: int = 0
    stirred: bool = False
    renamed: bool = False

    @classmethod
    def beginning(cls, desk: Desk, since: datetime, now: datetime) -> Place:
        """Before everything: tickets from ``since`` on, changes of people and organizations from ``now`` on."""
        start, today = int(since.timestamp()), int(now.timestamp())
        return cls(desk, since, f"@{start}", f"@{today}", Stream(start), Stream(start), Stream(today))

    def from_the_start(self) -> Place:
        """Before every ticket again, which costs no more than its row: what happened to it stays known."""
        return replace(self, tickets=f"@{int(self.since.timestamp())}", walked=False, renamed=False)

    def text(self) -> str:
        """The cursor."""
        streams = {name: getattr(self, name) for name in _STREAMS}
        plain = {name: getattr(self, name) for name in _PLAIN}
        said = {name: [stream.start, sorted(stream.seen)] for name, stream in streams.items()}
        whole = plain | said | {"desk": self.desk.to_json(), "since": self.since.isoformat()}
        return json.dumps(whole, separators=(",", ":"), sort_keys=True)

    @classmethod
    def parse(cls, cursor: str) -> Place | None:
        """The place a cursor stands for; ``None`` if it is not one of ours."""
        try:
            said = json.loads(cursor)
            for name in _STREAMS:
                start, seen = said[name]
                said[name] = Stream(int(start), frozenset(seen))
            said["desk"] = Desk.from_json(said["desk"])
            said["since"] = datetime.fromisoformat(said["since"]).astimezone(UTC)
            return cls(**said)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None


_PLAIN = ("tickets", "people", "walked", "turn", "stirred", "renamed")
_STREAMS = ("events", "metrics", "organizations")


def asking(position: str) -> dict[str, str]:
    """The parameters that continue a cursor-based export."""
    return {"start_time": position[1:]} if position.startswith("@") else {"cursor": position}
