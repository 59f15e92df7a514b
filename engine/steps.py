"""Reminders before a due time and escalations after it: when each step comes, and which one is due now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ..rules.calendar import Calendar
    from ..rules.durations import Duration
    from ..rules.model import Deadline, PromiseRule, Recover, Remind
    from .recovery_case import Case


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a step is about: one cycle of a clock, or one promise.

    ``key`` tells it from the others of its ticket, ``start`` is when it began, ``at`` when the step comes. ``quote`` and
    ``author`` (a handle) are those of a promise, ``case`` is the recovery case. Without ``due`` nothing is due.
    """

    key: str
    start: datetime
    due: datetime | None
    at: datetime
    quote: str = ""
    author: str | None = None
    case: Case | None = None


class Planned(NamedTuple):
    """A step with its instant; ``name`` is ``remind 1``, ``escalate 2``."""

    name: str
    kind: Literal["remind", "escalate"]
    at: datetime
    doing: Remind


def planned(
    rule: Deadline | PromiseRule | Recover, opened: datetime, due: datetime, calendar: Calendar
) -> list[Planned]:
    """All steps of a clock that opened then and is due then, in the order of time."""
    reminders = (
        Planned(f"remind {number}", "remind", warning(step.offset, opened, due, calendar), step)
        for number, step in enumerate(rule.remind, start=1)
    )
    escalations = (
        Planned(f"escalate {number}", "escalate", calendar.add(due, step.offset), step)
        for number, step in enumerate(rule.escalate, start=1)
    )
    return sorted((*reminders, *escalations), key=lambda step: step.at)


def warning(before: Duration, opened: datetime, due: datetime, calendar: Calendar) -> datetime:
    """When to warn: so long before the due time, outside working hours at the last working moment before.

    Where that lies before the clock opened: at the first working moment after, if that is before the due time, else at
    once.
    """
    wanted = calendar.subtract(due, before)
    warned = calendar.previous_open(wanted)
    if warned >= opened:
        return warned
    later = calendar.next_open(max(wanted, opened))
    return later if later < due else opened


def latest(
    steps: Sequence[Planned], at: datetime, *, waits: bool, missed: bool, ended: datetime | None
) -> tuple[list[Planned], list[Planned]]:
    """The steps to do now, and those passed over: of all that are due, the latest are done (several at one instant).

    ``waits``: it still runs, so reminders have a meaning. ``missed``: escalations have one, those that came before it
    ``ended``.
    """
    until = min(at, ended) if ended else at
    due = [step for step in steps if (waits and step.at <= at) or (missed and step.at <= until)]
    due = [step for step in due if step.kind == ("remind" if waits else "escalate")]
    last = max((step.at for step in due), default=None)
    return [step for step in due if step.at == last], [step for step in due if step.at != last]
