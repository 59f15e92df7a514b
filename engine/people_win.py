"""People win: which fields somebody has decided since we wrote them, and where machines undo one another.

Read from the ticket's own history, so that it survives the store. A *shift* is one change of one field, or of one entry
of a list (a tag, a person in copy): from ``None`` to the entry when it was added, back when it was removed.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from .snapshot import decode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from ..connectors.ticket import Value
    from .snapshot import Snapshot

DAY = timedelta(days=1)
LISTS = frozenset({"tags", "cc"})


class Shift(NamedTuple):
    """One change: when, by whom (``kind`` is a role of ``connectors.ticket``), from what, to what."""

    at: datetime
    actor: str | None
    kind: str
    old: Value
    new: Value


class Shifts:
    """The changes of some tickets up to the snapshot's instant, read from the events in one go."""

    def __init__(self, snapshot: Snapshot, tickets: Collection[str]) -> None:
        self._changes: dict[tuple[str, str], list[Shift]] = defaultdict(list)
        self._people: dict[str, list[datetime]] = defaultdict(list)
        wanted = ["ticket", "at", "actor", "actor_kind", "kind", "field", "old", "new"]
        known = snapshot.events.filter(pl.col("ticket").is_in(list(tickets)) & (pl.col("at") <= snapshot.at))
        for ticket, at, actor, role, kind, field, old, new in known.select(wanted).iter_rows():
            if role in ("agent", "customer"):
                self._people[ticket].append(at)
            if kind == "field":
                is_list = field in LISTS
                shift = Shift(at, actor, role, decode(old, is_list=is_list), decode(new, is_list=is_list))
                self._changes[ticket, field].append(shift)

    def of(self, ticket: str, field: str, entry: str | None = None) -> list[Shift]:
        """The changes of a field, or of one entry of a list, oldest first."""
        changes = self._changes.get((ticket, field), [])
        return changes if entry is None else list(_of_entry(changes, entry))

    def people(self, ticket: str) -> Sequence[datetime]:
        """When customers and agents did anything."""
        return self._people.get(ticket, ())


def _of_entry(changes: Iterable[Shift], entry: str) -> Iterable[Shift]:
    for change in changes:
        before, after = (_has(value, entry) for value in (change.old, change.new))
        if before != after:
            yield change._replace(old=entry if before else None, new=entry if after else None)


def _has(value: Value, entry: str) -> bool:
    entries = (value,) if isinstance(value, str) else value or ()
    return entry.casefold() in (each.casefold() for each in entries)


def decided(shifts: Sequence[Shift], start: datetime) -> Shift | None:
    """An agent's change that stands: the last one, made in this episode, after one of ours."""
    if not shifts:
        return None
    *before, last = shifts
    ours_before = any(shift.kind == "robot" for shift in before)
    return last if last.kind == "agent" and last.at >= start and ours_before else None


def handed_back(shifts: Iterable[Shift], start: datetime, person: str) -> Shift | None:
    """The agent's change in this episode that took the ticket from ``person`` and left it without owner."""
    back = (shift for shift in shifts if shift.kind == "agent" and shift.new is None and shift.at >= start)
    return next((shift for shift in back if isinstance(shift.old, str) and same_text(shift.old, person)), None)


def tug_of_war(shifts: Sequence[Shift], wanted: Shift, people: Sequence[datetime]) -> Shift | None:
    """The last reversal of what we wrote, where there are two within a day, by another machine or by our own rules.

    ``wanted`` is the change about to be planned. A reversal after somebody wrote or acted is the conversation going on,
    not a fight between machines, and does not count.
    """
    reversals = [
        later
        for earlier, later in pairwise((*shifts, wanted))
        if wanted.at - later.at < DAY and _reverses(earlier, later) and not _between(people, earlier.at, later.at)
    ]
    happened = [each for each in reversals if each is not wanted]
    return happened[-1] if len(reversals) > 1 else None


def _reverses(earlier: Shift, later: Shift) -> bool:
    if earlier.kind != "robot":
        return False
    return later.kind == "automation" or (later.kind == "robot" and later.new == earlier.old)


def _between(people: Sequence[datetime], after: datetime, until: datetime) -> bool:
    return any(after < moment <= until for moment in people)


def same_text(one: str, other: str) -> bool:
    """Names, tags and values compare without case and without blanks around them."""
    return one.strip().casefold() == other.strip().casefold()
