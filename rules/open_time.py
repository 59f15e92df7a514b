"""Open time as a table of stretches with running sums: how much lies between two instants, and what lies so far away.

Everything is in microseconds: instants since 1970 in UTC, lengths as open time. A stretch is open at its start and closed
at its end. numpy is imported by the array methods only, so that checking a rule file does not pay for it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from .opening import Slot

    Instants = NDArray[np.int64]


class OpenTime:
    """Stretches in order and apart from each other. ``until[i]`` is the open time up to the end of stretch ``i``."""

    def __init__(self, stretches: Sequence[Slot]) -> None:
        self.starts = [start for start, _ in stretches]
        self.ends = [end for _, end in stretches]
        self.until = list(accumulate(end - start for start, end in stretches))
        self.before = [0, *self.until[:-1]]
        self.total = self.until[-1] if self.until else 0

    def before_instant(self, instant: int) -> int:
        """How much open time lies before the instant."""
        index = bisect_right(self.starts, instant) - 1
        if index < 0:
            return 0
        return self.before[index] + min(instant, self.ends[index]) - self.starts[index]

    def earliest_with(self, amount: int) -> int:
        """The first instant with so much open time before it (0 < amount <= total): an end of a stretch stays there."""
        index = bisect_left(self.until, amount)
        return self.ends[index] - (self.until[index] - amount)

    def latest_with(self, amount: int) -> int:
        """The last instant with so much open time before it (0 <= amount < total): a start of a stretch stays there."""
        index = bisect_right(self.before, amount) - 1
        return self.starts[index] + amount - self.before[index]

    def is_open(self, instant: int) -> bool:
        """Whether the instant lies in a stretch."""
        index = bisect_right(self.starts, instant) - 1
        return index >= 0 and instant < self.ends[index]

    def is_end(self, instant: int) -> bool:
        """Whether a stretch ends exactly then."""
        index = bisect_left(self.ends, instant)
        return index < len(self.ends) and self.ends[index] == instant

    def next_start(self, instant: int) -> int | None:
        """The first start of a stretch at or after the instant."""
        index = bisect_left(self.starts, instant)
        return self.starts[index] if index < len(self.starts) else None

    def last_end(self, instant: int) -> int | None:
        """The last end of a stretch at or before the instant."""
        index = bisect_right(self.ends, instant) - 1
        return self.ends[index] if index >= 0 else None

    def between(self, first: int, last: int) -> list[tuple[int, int]]:
        """The open stretches from first to last, those at the edges cut off there."""
        begin, end = bisect_right(self.ends, first), bisect_left(self.starts, last)
        inside = zip(self.starts[begin:end], self.ends[begin:end], strict=True)
        return [(max(start, first), min(stop, last)) for start, stop in inside]

    # --- the same for arrays ------------------------------------------------------------------------------------------

    @cached_property
    def arrays(self) -> tuple[Instants, Instants, Instants, Instants]:
        """``starts``, ``ends``, ``before`` and ``until``."""
        import numpy as np

        return (
            np.array(self.starts, np.int64),
            np.array(self.ends, np.int64),
            np.array(self.before, np.int64),
            np.array(self.until, np.int64),
        )

    def before_instants(self, instants: Instants) -> Instants:
        """How much open time lies before each instant."""
        import numpy as np

        starts, ends, before, _ = self.arrays
        if not self.starts:
            return np.zeros_like(instants)
        index = np.searchsorted(starts, instants, "right") - 1
        inside = np.minimum(instants, ends[index]) - starts[index]
        return np.where(index < 0, 0, before[index] + inside)

    def earliest_with_each(self, amounts: Instants) -> Instants:
        """As :meth:`earliest_with`, for each amount."""
        import numpy as np

        _, ends, _, until = self.arrays
        index = np.searchsorted(until, amounts, "left")
        return ends[index] - (until[index] - amounts)

    def latest_with_each(self, amounts: Instants) -> Instants:
        """As :meth:`latest_with`, for each amount."""
        import numpy as np

        starts, _, before, _ = self.arrays
        index = np.searchsorted(before, amounts, "right") - 1
        return starts[index] + amounts - before[index]

    def are_open(self, instants: Instants) -> NDArray[np.bool_]:
        """Whether each instant lies in a stretch."""
        import numpy as np

        starts, ends, _, _ = self.arrays
        if not self.starts:
            return np.zeros(len(instants), np.bool_)
        index = np.searchsorted(starts, instants, "right") - 1
        return (index >= 0) & (instants < ends[index])

    def next_open_each(self, instants: Instants) -> Instants:
        """Each instant if it is open or the end of a stretch, else the next start (there must be one)."""
        import numpy as np

        starts, ends, _, _ = self.arrays
        following = starts[np.minimum(np.searchsorted(starts, instants, "left"), len(starts) - 1)]
        stays = self.are_open(instants) | (ends[np.minimum(np.searchsorted(ends, instants), len(ends) - 1)] == instants)
        return np.where(stays, instants, following)
