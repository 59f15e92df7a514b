"""One run of a clock on one ticket, as plans, boards and explanations see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from ..rules.calendar import Calendar
    from ..rules.durations import Duration
    from ..rules.model import Rule
    from .timing import Timing


class Pause(NamedTuple):
    """A stretch in which no time passed; ``end`` is None while it lasts. ``why``: ``pause_while`` held, or it was solved."""

    start: datetime
    end: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class Cycle:
    """A cycle as it is now. Time counts from ``start``; ``opened``: since when the rule's ``when`` lets it run.

    ``due`` is what it was judged by once it has ``stopped``; in a pause, the due time if it went on now. ``lost`` is what the
    pauses took, in working time of ``calendar`` where ``within`` is a business duration (None: the rule says ``at``).
    ``soon``: from when on the due time is near; None in a pause.
    """

    rule: Rule
    name: str
    ticket: str
    start: datetime
    opened: datetime
    due: datetime
    state: str
    stopped: datetime | None
    soon: datetime | None
    within: Duration | None
    calendar: str
    lost: timedelta
    pauses: tuple[Pause, ...]


def cycle_of(
    rule: Rule,
    name: str,
    ids: Mapping[int, str],
    rows: Sequence[Mapping[str, Any]],
    timing: Timing,
    calendars: Sequence[tuple[str | None, str]],
    at: datetime,
) -> Cycle | None:
    """The cycle that these stretches make up; None where it has no state now."""
    last = rows[-1]
    if last["over"] or last["due"] is None:
        return None
    calendar = timing.calendars[last["calendar"]]
    within = timing.lengths[last["length"]] if timing.lengths else None
    lost, due, state = last["lost"], last["due"].astimezone(UTC), last["state"]
    if last["still"] and not last["done"]:
        more = _passed(within, calendar, last["now"].astimezone(UTC), at)
        lost, due = lost + more, _later(within, calendar, due, more)
    elif state in ("running", "due_soon"):
        state = "missed" if at >= last["miss"] else "due_soon" if at >= last["soon"] else "running"
    stopped = last["stop"] if last["stopped"] else rows[_solved_at(rows)]["now"] if last["done"] else None
    return Cycle(
        rule=rule,
        name=name,
        ticket=ids[last["t"]],
        start=last["start"].astimezone(UTC),
        opened=last["opened"].astimezone(UTC),
        due=due,
        state=state,
        stopped=stopped.astimezone(UTC) if stopped else None,
        soon=None if last["still"] else last["soon"].astimezone(UTC),
        within=within,
        calendar=calendars[last["calendar"]][1],
        lost=timedelta(microseconds=lost),
        pauses=tuple(_pauses(rows)),
    )


def _solved_at(rows: Sequence[Mapping[str, Any]]) -> int:
    """The place of the stretch with which the ticket's being solved began."""
    return next((place + 1 for place in reversed(range(len(rows))) if not rows[place]["done"]), 0)


def _passed(within: Duration | None, calendar: Calendar, start: datetime, end: datetime) -> int:
    business = within is not None and within.business
    seconds = calendar.open_between(start, end) if business else (end - start).total_seconds()
    return round(seconds * 1e6)


def _later(within: Duration | None, calendar: Calendar, instant: datetime, amount: int) -> datetime:
    if within is None or not within.business:
        return instant + timedelta(microseconds=amount)
    return calendar.add_seconds(instant, amount / 1e6)


def _pauses(rows: Sequence[Mapping[str, Any]]) -> Iterator[Pause]:
    """The stretches that stood still, those that follow each other for the same reason as one."""
    begun: tuple[datetime, str] | None = None
    for row in rows:
        why = ("solved" if row["done"] else "pause_while") if row["still"] else None
        if begun and why != begun[1]:
            yield Pause(begun[0], row["now"].astimezone(UTC), begun[1])
            begun = None
        if why and begun is None:
            begun = (row["now"].astimezone(UTC), why)
    if begun:
        yield Pause(begun[0], None, begun[1])
