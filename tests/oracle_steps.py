"""Which steps of four clocks are due when, told from a ticket's events alone: slow, plain, none of the engine's code.

The clocks are those of :mod:`fake_weeks`; working time is Monday to Friday, nine to five, UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from makegood.connectors.ticket import Event

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
OPENS, A_DAY, NOTHING = timedelta(hours=9), timedelta(hours=8), timedelta(0)
DONE = ("solved", "closed")


# --- working time -----------------------------------------------------------------------------------------------------


def worked(instant: datetime) -> timedelta:
    """The working time from a Monday long ago up to an instant."""
    since = instant - MONDAY
    weeks, day = divmod(since.days, 7)
    today = min(max(since - timedelta(days=since.days) - OPENS, NOTHING), A_DAY)
    return A_DAY * (weeks * 5 + min(day, 5)) + (today if day < 5 else NOTHING)


def first_with(work: timedelta) -> datetime:
    """The first instant with so much working time before it; at the end of a day its closing."""
    days, rest = divmod(work, A_DAY)
    return _on(days - 1, A_DAY) if rest == NOTHING else _on(days, rest)


def last_with(work: timedelta) -> datetime:
    """The last such instant; at the end of a day the next opening."""
    return _on(*divmod(work, A_DAY))


def _on(days: int, rest: timedelta) -> datetime:
    return MONDAY + timedelta(weeks=days // 5, days=days % 5) + OPENS + rest


def is_open(instant: datetime) -> bool:
    return instant.weekday() < 5 and 9 <= instant.hour < 17


class Span(NamedTuple):
    """A length of time, of working time where ``work`` is set."""

    length: timedelta
    work: bool = False

    def after(self, instant: datetime) -> datetime:
        return first_with(worked(instant) + self.length) if self.work else instant + self.length

    def before(self, instant: datetime) -> datetime:
        return last_with(worked(instant) - self.length) if self.work else instant - self.length


def hours(number: float, *, work: bool = False) -> Span:
    return Span(timedelta(hours=number), work)


@dataclass(frozen=True)
class Terms:
    """What a clock promises: ``usual``, or ``urgent`` for urgent tickets; its reminders and escalations."""

    usual: Span
    urgent: Span
    remind: tuple[Span, ...]
    escalate: tuple[Span, ...]


TERMS = {
    "first": Terms(
        hours(4, work=True), hours(1, work=True), (hours(1, work=True),), (hours(0), hours(2, work=True), hours(30))
    ),
    "next": Terms(hours(5), hours(5), (hours(2),), (hours(0), hours(24))),
    "posted": Terms(hours(16, work=True), hours(16, work=True), (hours(4, work=True),), (hours(0), hours(24))),
    "solved": Terms(hours(120), hours(48), (hours(24), hours(2)), (hours(0), hours(48))),
}


# --- cycles -----------------------------------------------------------------------------------------------------------


class Idle(NamedTuple):
    """A stretch that does not count; ``end`` is None while it lasts."""

    begin: datetime
    end: datetime | None
    why: Literal["pending", "solved"]


class Cycle(NamedTuple):
    start: datetime
    stop: datetime | None
    idle: tuple[Idle, ...] = ()


def cycles(clock: str, story: Sequence[Event]) -> list[Cycle]:
    created = story[0].at
    return {"first": _first, "next": _next, "posted": _posted, "solved": _solved}[clock](created, story)


def _answers(event: Event) -> bool:
    return event.kind == "message" and bool(event.public) and event.actor_kind == "agent"


def _asks(event: Event) -> bool:
    return event.kind == "message" and bool(event.public) and event.actor_kind == "customer"


def _first(created: datetime, story: Sequence[Event]) -> list[Cycle]:
    return [Cycle(created, next((event.at for event in story if _answers(event)), None))]


def _next(_created: datetime, story: Sequence[Event]) -> list[Cycle]:
    found: list[Cycle] = []
    answered, asked = False, None
    for event in story:
        if _answers(event):
            found += [Cycle(asked, event.at)] if asked else []
            answered, asked = True, None
        elif _asks(event) and answered:
            asked = asked or event.at
    return [*found, *([Cycle(asked, None)] if asked else [])]


def _posted(created: datetime, story: Sequence[Event]) -> list[Cycle]:
    found: list[Cycle] = []
    since: datetime | None = created
    for event, status in _with_status(story):
        ends = _answers(event) or _becomes(event, status, done=True)
        if ends and since:
            found.append(Cycle(since, event.at))
            since = None
        if _becomes(event, status, done=False) or (_answers(event) and status not in DONE):
            since = event.at
    return [*found, *([Cycle(since, None)] if since else [])]


def _solved(created: datetime, story: Sequence[Event]) -> list[Cycle]:
    idle: list[Idle] = []
    for event, before in _with_status(story):
        if event.kind == "field" and event.field == "status":
            after = event.new
            if idle and idle[-1].end is None and _why(before) != _why(after):
                idle[-1] = idle[-1]._replace(end=event.at)
            why = _why(after)
            if why and _why(before) != why:
                idle.append(Idle(event.at, None, why))
    last = idle[-1] if idle else None
    stopped = last.begin if last and last.why == "solved" and last.end is None else None
    return [Cycle(created, stopped, tuple(idle[:-1] if stopped else idle))]


def _why(status: object) -> Literal["pending", "solved"] | None:
    return "solved" if status in DONE else "pending" if status == "pending" else None


def _with_status(story: Sequence[Event]) -> Iterator[tuple[Event, object]]:
    """Each event with the status just before it."""
    status: object = "new"
    for event in story:
        yield event, status
        if event.kind == "field" and event.field == "status":
            status = event.new


def _becomes(event: Event, status: object, *, done: bool) -> bool:
    turned = event.kind == "field" and event.field == "status"
    return turned and (event.new in DONE) == done and (status in DONE) != done


# --- steps ------------------------------------------------------------------------------------------------------------


class Due(NamedTuple):
    """A step that should be done now, for the cycle that began at ``start``."""

    ticket: str
    clock: str
    step: str
    start: datetime


def due_at(events: Sequence[Event], at: datetime) -> set[Due]:
    """Every step that is to be done on one ticket at an instant, done before or not; ``events`` are all of its history."""
    story = [event for event in events if event.at < at]
    if not story or [status for _, status in _with_status([*story, story[-1]])][-1] == "closed":
        return set()
    return {
        Due(story[0].ticket, clock, step, cycle.start)
        for clock in TERMS
        for cycle in cycles(clock, story)
        for step in _latest(clock, cycle, story, at)
    }


def _latest(clock: str, cycle: Cycle, story: Sequence[Event], at: datetime) -> list[str]:
    terms, due = TERMS[clock], _due(clock, cycle, story, at)
    if (cycle.stop or at) > due:
        steps = [(f"escalate {number}", after.after(due)) for number, after in enumerate(terms.escalate, 1)]
    elif cycle.stop or _pauses(cycle):
        return []
    else:
        warned = (_warning(before.before(due), cycle.start, due) for before in terms.remind)
        steps = [(f"remind {number}", then) for number, then in enumerate(warned, 1)]
    steps = [(step, then) for step, then in steps if then <= min(at, cycle.stop or at)]
    last = max((then for _, then in steps), default=None)
    return [step for step, then in steps if then == last]


def _pauses(cycle: Cycle) -> bool:
    return bool(cycle.idle) and cycle.idle[-1].end is None


def _due(clock: str, cycle: Cycle, story: Sequence[Event], at: datetime) -> datetime:
    end = cycle.stop or at
    urgent = _priority(story, end) == "urgent"
    due = (TERMS[clock].urgent if urgent else TERMS[clock].usual).after(cycle.start)
    for idle in cycle.idle:
        if idle.begin < due or (idle.begin == due and idle.why == "solved"):
            due += (idle.end or end) - idle.begin
    return due


def _priority(story: Sequence[Event], at: datetime) -> object:
    changes = [event for event in story if event.kind == "field" and event.field == "priority"]
    said = [event.new for event in changes if event.at <= at]
    return said[-1] if said else changes[0].old if changes else None


def _warning(wanted: datetime, opened: datetime, due: datetime) -> datetime:
    warned = wanted if is_open(wanted) else first_with(worked(wanted))
    if warned >= opened:
        return warned
    from_then = max(wanted, opened)
    later = from_then if is_open(from_then) else last_with(worked(from_then))
    return later if later < due else opened
