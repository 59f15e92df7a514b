"""Who was given how much, and how evenly: what everybody got measured by their weight, and two figures for all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Portion:
    """What one person was given in a period: tickets, how many of them by us, and tickets by weight (``share``)."""

    person: str
    given: int
    by_us: int
    weight: float

    @property
    def share(self) -> float:
        """Tickets for a full day's work."""
        return self.given / self.weight


@dataclass(frozen=True, slots=True)
class Fairness:
    """A period's portions, the largest share first.

    ``gini``: 0 where everybody's share is the same, near 1 where one person has everything. ``most_to_mean``: how many times the
    mean share the largest one is; 1 where all are the same. Both are ``None`` where nothing was given out.
    """

    portions: tuple[Portion, ...]
    gini: float | None
    most_to_mean: float | None


def fairness(given: Iterable[tuple[str, bool]], weights: Mapping[str, float]) -> Fairness:
    """How evenly tickets were given out: ``given`` are receivers, each with whether it was us; ``weights`` by person.

    Whoever has a weight and got nothing counts, too; whoever has none counts as one.
    """
    counts: dict[str, list[int]] = {person: [0, 0] for person in weights}
    for person, ours in given:
        count = counts.setdefault(person, [0, 0])
        count[0] += 1
        count[1] += ours
    found = [Portion(person, count, ours, weights.get(person, 1.0)) for person, (count, ours) in counts.items()]
    found.sort(key=lambda one: (-one.share, one.person))
    shares = [one.share for one in found]
    return Fairness(tuple(found), gini(shares), max(shares) * len(shares) / sum(shares) if any(shares) else None)


def gini(values: Sequence[float]) -> float | None:
    """The Gini coefficient of values that are not negative; ``None`` where all are zero, or there are none."""
    whole, count = sum(values), len(values)
    if not whole:
        return None
    ranked = sum(place * value for place, value in enumerate(sorted(values), 1))
    return 2 * ranked / (count * whole) - (count + 1) / count
