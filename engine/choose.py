"""Who of several people gets a ticket: strategies as functions of what is known of each, without memory of their own.

Each gives every candidate a rank; the lowest wins. Ties go to the lowest share, then to whoever got nothing for longest, then by
name, so that the same people in the same state give the same answer in whatever order they come.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
MOST_BEHIND, SPARE = 2, 5


@dataclass(frozen=True)
class Candidate:
    """Somebody who can take a ticket now.

    ``load`` are the tickets that wait for them, ``given`` those they were given in the last 28 days, both with those of this run;
    ``last`` is when they were given one last. ``room`` is how many more they may hold, ``None`` without a limit. ``weight`` is their
    share of a full day's work.
    """

    handle: str
    load: int = 0
    given: int = 0
    last: datetime | None = None
    room: int | None = None
    weight: float = 1.0

    @property
    def share(self) -> float:
        """What they were given, measured by their weight."""
        return self.given / self.weight

    @property
    def busy(self) -> float:
        """What waits for them, measured by their weight."""
        return self.load / self.weight

    @cached_property
    def told(self) -> dict[str, Any]:
        """For the ``why`` of a plan."""
        return {"who": self.handle, "load": self.load, "share": round(self.share, 2)}

    @cached_property
    def ties(self) -> tuple[float, datetime, str]:
        """What decides where a strategy sees no difference."""
        return self.share, self.last or LONG_AGO, self.handle

    @cached_property
    def least_busy(self) -> tuple[Any, ...]:
        """The lower, the less waits for them."""
        return self.busy, *self.ties

    @cached_property
    def round_robin(self) -> tuple[Any, ...]:
        """The lower, the longer they were given nothing."""
        return self.last or LONG_AGO, self.share, self.handle

    @cached_property
    def most_capacity(self) -> tuple[Any, ...]:
        """The lower, the more they can still take; whoever has no limit comes before everybody who has one."""
        return self.room is not None, -(self.room or 0), *self.least_busy


def bearable(one: Candidate, others: Sequence[Candidate]) -> bool:
    """Whether somebody who is preferred is not buried: within twice the least busy one's load and five more."""
    return one.busy <= MOST_BEHIND * min(each.busy for each in others) + SPARE


def chosen(strategy: str, candidates: Sequence[Candidate]) -> Candidate | None:
    """Who gets the ticket; nobody where there is nobody."""
    rank = _by_weight(candidates) if strategy == "weighted" else attrgetter(RANKS[strategy])
    return min(candidates, key=rank, default=None)


def _by_weight(candidates: Sequence[Candidate]) -> Callable[[Candidate], Any]:
    """Everybody gets their part of all that is given out, never more than one ticket off.

    That is the chairman assignment problem, solved by R. Tijdeman (Discrete Mathematics 32, 1980): among those who are owed enough,
    the one whose part would be overdue first. Counted in whole numbers, so that no rounding decides.
    """
    parts = {one.handle: round(one.weight * _FINE) for one in candidates}
    whole, given = sum(parts.values()), 1 + sum(one.given for one in candidates)
    slack = max(1, 2 * len(candidates) - 2)

    def rank(one: Candidate) -> Any:
        owed = (parts[one.handle] * given - one.given * whole) * slack
        return len(candidates) > 1 and owed < whole, ((slack - 1) * whole - owed) / parts[one.handle], *one.ties

    return rank


_FINE = 1000
"""Parts that a weight of one is cut into."""

RANKS: Mapping[str, str] = {
    "least_busy": "least_busy",
    "round_robin": "round_robin",
    "most_capacity": "most_capacity",
    "on_call": "least_busy",
}
"""How ``choose`` ranks people, but for ``weighted``, where each depends on all. Of people on call there is one at most."""
STRATEGIES = (*RANKS, "weighted")
