"""The arithmetic of clocks over whole columns: when a stretch of time ends, how much was lost in it, when to warn.

Rows name their length and calendar by number (columns ``length`` and ``calendar``); both are few, rows are many. Lost time is
counted in microseconds of the length's own kind: working time for business lengths, else on the wall.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, cast

import polars as pl

from ..rules import calendar_arrays as arrays
from .snapshot import INSTANT

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..rules.calendar import Calendar
    from ..rules.durations import Duration
    from ..rules.model import Remind
    from ..rules.open_time import Instants

    Arithmetic = Callable[[pl.DataFrame, Duration | None, Calendar], Instants]

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Timing:
    """How much time a clock gives: the lengths of ``within`` (none where the rule says ``at``), on which calendars."""

    lengths: tuple[Duration, ...]
    calendars: tuple[Calendar, ...]
    remind: tuple[Remind, ...] = ()

    def due(self, rows: pl.DataFrame) -> pl.Series:
        """When the time is up, counted from ``start`` and moved by ``lost``; of a fixed time, ``moment`` itself."""
        if not self.lengths:
            return rows["moment"]
        return self._each(rows, INSTANT, _due)

    def lost(self, rows: pl.DataFrame) -> pl.Series:
        """How much of the clock's time passes from ``now`` to ``to``."""
        if not self.lengths:
            return pl.zeros(rows.height, pl.Int64, eager=True)
        return self._each(rows, pl.Int64, _lost)

    def soon(self, rows: pl.DataFrame) -> pl.Series:
        """From when on ``due`` is near: the first reminder, else the last quarter of the time since ``start``."""
        if not self.remind:
            return self._each(rows, INSTANT, _last_quarter)
        warnings = [self._each(rows, INSTANT, partial(_warning, step.offset)) for step in self.remind]
        return rows.select(pl.min_horizontal(*warnings))[:, 0] if len(warnings) > 1 else warnings[0]

    def _each(self, rows: pl.DataFrame, dtype: pl.DataType | type[pl.DataType], arithmetic: Arithmetic) -> pl.Series:
        """One answer for every row that has a due time or a length, worked out kind by kind."""
        empty = pl.Series([None], dtype=dtype).new_from_index(0, rows.height)
        numbered = rows.with_row_index("_row")
        for (length, calendar), part in numbered.partition_by("length", "calendar", as_dict=True).items():
            known = part if "due" not in part.columns else part.filter(pl.col("due").is_not_null())
            if known.height and (length is not None or not self.lengths):
                duration = self.lengths[length] if self.lengths else None
                found = arithmetic(known, duration, self.calendars[calendar])
                empty = empty.scatter(known["_row"], pl.Series(found).cast(dtype))
        return empty


def _ints(rows: pl.DataFrame, column: str) -> Instants:
    values: Instants = rows[column].to_physical().to_numpy()
    return values


def _due(rows: pl.DataFrame, length: Duration | None, calendar: Calendar) -> Instants:
    length = cast("Duration", length)  # rows without length are left out
    due = arrays.add(calendar, _ints(rows, "start"), length)
    lost = _ints(rows, "lost")
    return arrays.add_open(calendar, due, lost) if length.business else due + lost


def _lost(rows: pl.DataFrame, length: Duration | None, calendar: Calendar) -> Instants:
    begin, end = _ints(rows, "now"), _ints(rows, "to")
    return arrays.open_between(calendar, begin, end) if length is not None and length.business else end - begin


def _last_quarter(rows: pl.DataFrame, length: Duration | None, calendar: Calendar) -> Instants:
    import numpy as np

    start, due = _ints(rows, "start"), _ints(rows, "due")
    if length is None or (length.business and length.unit == "day"):
        found = due - (due - start) // 4
    else:
        found = arrays.subtract(calendar, due, replace(length, amount=length.amount / 4))
    return np.maximum(start, found)


def _warning(before: Duration, rows: pl.DataFrame, _: Duration | None, calendar: Calendar) -> Instants:
    """So long before the due time; outside working hours at the last working moment before, but not before it opened."""
    import numpy as np

    due, opened = _ints(rows, "due"), _ints(rows, "opened")
    wanted = arrays.subtract(calendar, due, before)
    warned = np.where(arrays.is_open(calendar, wanted), wanted, arrays.previous_open(calendar, wanted))
    later = arrays.next_open(calendar, np.maximum(wanted, opened))
    return np.where(warned >= opened, warned, np.where(later < due, later, opened))
