"""Where a pull of Jira stands, as a cursor: it can be stored with a page and gone on from after any crash.

A pull goes in rounds. The first one walks through all open issues and those touched within the history; every later one looks for
what was touched since the one before, ten minutes of it twice, because the search index may lag. What was read in those ten
minutes is remembered with the newest ``updated`` of its batch: each was read past the index, so only what was touched after that
is news. Whatever bounds a search comes from Jira's own times, never from our clock.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from .jsm_words import Desk

if TYPE_CHECKING:
    from collections.abc import Sequence

OVERLAP = timedelta(minutes=10)
"""How far the search index may lag (developer.atlassian.com tells of minutes after bulk changes)."""
MOST_SEEN = 2000
"""So many issues at most are named in a search; of what is beyond them some is read twice."""

Batch = tuple[int, tuple[str, ...]]
"""The newest ``updated`` (epoch milliseconds) of issues that were read at once, and their ids."""


@dataclass(frozen=True)
class Round:
    """A search under way: its ``jql``, when it ``began`` by Jira's clock, and where its next page starts.

    ``position`` is Cloud's page token, on Data Center ``<epoch milliseconds>+<rows>``: from the issues created then on, passing over
    so many. ``projects`` are those that it walks through for the first time.
    """

    jql: str
    began: datetime
    position: str = ""
    projects: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """A cursor's content.

    ``since``: what is not open and was not touched since then is left out. ``after``: the next round looks from here on. ``walked``
    are the projects whose issues are all known. ``turn`` says which of the lists that seldom change is fetched next.
    """

    desk: Desk
    since: datetime
    after: datetime | None = None
    walked: tuple[str, ...] = ()
    seen: tuple[Batch, ...] = ()
    round: Round | None = None
    turn: int = 0

    def next_round(self, now: datetime) -> Round:
        """What to look for next; ``now`` is Jira's time. Projects that nobody walked through yet come first, on their own."""
        fresh = tuple(number for number in self.desk.projects if number not in self.walked)
        if fresh or self.after is None:
            since = f"(statusCategory != done OR updated >= {millis(self.since)})"
            return Round(f"project in ({', '.join(fresh)}) AND {since}", now, projects=fresh)
        known = ", ".join(number for number in self.walked if number in self.desk.projects)
        return Round(f"project in ({known}) AND updated >= {millis(self.after)}{self._news()}", now)

    def knows(self, number: str, touched: int) -> bool:
        """Whether an issue was read since it was touched, in epoch milliseconds."""
        return any(touched <= newest and number in numbers for newest, numbers in self.seen)

    def _news(self) -> str:
        """Data Center refuses to search by the number of an issue that is gone, so nothing is left out there."""
        if not self.seen or not self.desk.cloud:
            return ""
        known = ", ".join(number for _, numbers in self.seen for number in numbers)
        again = (f"(id in ({', '.join(numbers)}) AND updated >= {newest + 1})" for newest, numbers in self.seen)
        return f" AND (id not in ({known}) OR {' OR '.join(again)})"

    def read(self, newest: int, numbers: Sequence[str]) -> Place:
        """Behind a batch of issues that were just read."""
        again = set(numbers)
        kept = ((at, tuple(each for each in known if each not in again)) for at, known in self.seen)
        going = self.round
        after = (
            self.after if going and going.projects and self.after else going.began - OVERLAP if going else self.since
        )
        batches = (*((at, known) for at, known in kept if known), (newest, tuple(numbers)))
        return replace(self, seen=_youngest(batches, millis(after)))

    def finished(self) -> Place:
        """Behind the round under way: the next one looks from ten minutes before its beginning on."""
        done = self.round
        if done is None:
            return self
        after = self.after if done.projects and self.after else done.began - OVERLAP
        walked = tuple(number for number in (*self.walked, *done.projects) if number in self.desk.projects)
        return replace(self, round=None, after=after, walked=walked, seen=_youngest(self.seen, millis(after)))

    def text(self) -> str:
        """The cursor."""
        at = self.round
        going = [at.jql, at.began.isoformat(), at.position, list(at.projects)] if at else None
        said = {
            "desk": self.desk.to_json(),
            "since": self.since.isoformat(),
            "after": self.after.isoformat() if self.after else None,
            "walked": list(self.walked),
            "seen": [[newest, list(numbers)] for newest, numbers in self.seen],
            "round": going,
            "turn": self.turn,
        }
        return json.dumps(said, separators=(",", ":"), sort_keys=True)

    @classmethod
    def parse(cls, cursor: str) -> Place | None:
        """The place a cursor stands for; ``None`` if it is not one of ours."""
        try:
            said = json.loads(cursor)
            going = said["round"]
            return cls(
                Desk.from_json(said["desk"]),
                _instant(said["since"]),
                _instant(said["after"]) if said["after"] else None,
                tuple(said["walked"]),
                tuple((int(newest), tuple(numbers)) for newest, numbers in said["seen"]),
                Round(going[0], _instant(going[1]), going[2], tuple(going[3])) if going else None,
                int(said["turn"]),
            )
        except (ValueError, TypeError, KeyError, AttributeError, IndexError):
            return None


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _youngest(seen: Sequence[Batch], after: int) -> tuple[Batch, ...]:
    """Those batches that the next round would find again, the newest first as long as a search may name them."""
    found: list[Batch] = []
    room = MOST_SEEN
    for newest, numbers in sorted(seen, reverse=True):
        if newest >= after and len(numbers) <= room:
            found.append((newest, numbers))
            room -= len(numbers)
    return tuple(reversed(found))


def millis(at: datetime) -> int:
    """Epoch milliseconds, as JQL reads them whatever the time zone of the account."""
    return round(at.timestamp() * 1000)
