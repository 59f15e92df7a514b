"""Who of several people gets a ticket: strategies as functions of what is known of each, without memory of their own.

Each gives every candidate a rank; the lowest wins. Ties go to the lowest share, then to whoever got nothing for longest, then by
name, so that the same people in the same state give the same answer in whatever order they come.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
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
    def ties(self) -> tuple[float, datetime, str]:
        """What decides where a strategy sees no difference."""
        return self.share, self.last or LONG_AGO, self.handle


def chosen(strategy: str, candidates: Sequence[Candidate]) -> Candidate | None:
    """Who gets the ticket; nobody where there is nobody."""
    return min(candidates, key=STRATEGIES[strategy](candidates), default=None)


def _least_busy(_: Sequence[Candidate]) -> Callable[[Candidate], Any]:
    return lambda one: (one.load / one.weight, *one.ties)


def _round_robin(_: Sequence[Candidate]) -> Callable[[Candidate], Any]:
    return lambda one: (one.last or LONG_AGO, one.share, one.handle)


def _most_capacity(_: Sequence[Candidate]) -> Callable[[Candidate], Any]:
    """Most tickets they could still take; whoever has no limit comes before everybody who has one."""
    return lambda one: (one.room is not None, -(one.room or 0), one.load / one.weight, *one.ties)


def _weighted(candidates: Sequence[Candidate]) -> Callable[[Candidate], Any]:
    """Everybody gets their part of all that is given out, never more than one ticket off.

    That is the chairman assignment problem, solved by R. Tijdeman (Discrete Mathematics 32, 1980): among those who are owed enough,
    the one whose part would be overdue first.
    """
    weights = {one.handle: Fraction(one.weight).limit_denominator(1000) for one in candidates}
    whole, given = sum(weights.values(), Fraction()), 1 + sum(one.given for one in candidates)
    slack = Fraction(1, 2 * len(candidates) - 2) if len(candidates) > 1 else Fraction(1)

    def rank(one: Candidate) -> Any:
        part = weights[one.handle] / whole
        owed = part * given - one.given
        return owed < slack and len(candidates) > 1, (1 - slack - owed) / part, *one.ties

    return rank


STRATEGIES: Mapping[str, Callable[[Sequence[Candidate]], Callable[[Candidate], Any]]] = {
    "least_busy": _least_busy,
    "round_robin": _round_robin,
    "weighted": _weighted,
    "most_capacity": _most_capacity,
    "on_call": _least_busy,
}
"""How ``choose`` decides. Of people on call there is one at most."""
