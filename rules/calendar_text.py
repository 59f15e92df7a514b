"""A helpdesk's own working hours as the calendars of a rule file: as plain values, and as YAML for people."""

from __future__ import annotations

import textwrap
from itertools import groupby
from typing import TYPE_CHECKING, Any

from .calendars import DAYS
from .shapes import slug

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ..connectors.ticket import Schedule

TAKEN = frozenset({"always", "null"})
"""What no calendar may be called, or what would have to be quoted."""
WIDTH = 110


def named_schedules(schedules: Iterable[Schedule]) -> dict[str, Schedule]:
    """Schedules by the names that their calendars get, each once; one without any hours is no calendar."""
    found: dict[str, Schedule] = {}
    for schedule in schedules:
        if any(schedule.hours.values()):
            found[_free(schedule.name, found)] = schedule
    return found


def _free(name: str, taken: Mapping[str, object]) -> str:
    """A name that is not taken yet: ``Support (EU)`` becomes ``support-eu``, a second one ``support-eu-2``."""
    plain = slug(name)
    plain = plain if any(each.isalnum() for each in plain) else "schedule"
    numbered = (plain if number == 1 else f"{plain}-{number}" for number in range(1, len(taken) + 3))
    return next(each for each in numbered if each not in taken and each not in TAKEN)


def calendar_of(schedule: Schedule) -> dict[str, Any]:
    """A schedule as a calendar of the rule language."""
    calendar: dict[str, Any] = {"time_zone": schedule.time_zone, "hours": dict(_days(schedule.hours))}
    return calendar | ({"holidays": {"closed": list(schedule.closed)}} if schedule.closed else {})


def _days(hours: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, list[str]]]:
    """Open days, neighbours with the same hours as one entry such as ``mon-fri``."""
    for slots, days in groupby(DAYS, key=lambda day: list(hours.get(day, ()))):
        first, *others = days
        if slots:
            yield (f"{first}-{others[-1]}" if others else first), slots


def calendars_yaml(schedules: Iterable[Schedule]) -> str:
    """The key ``calendars`` of a rule file, with what the helpdesk calls each beside it."""
    lines = ["calendars:"]
    for name, schedule in named_schedules(schedules).items():
        called = " ".join("".join(each if each.isprintable() else " " for each in schedule.name).split())
        lines += [f"  {name}:" + (f"  # {called}" if called != name else ""), *_yaml(calendar_of(schedule))]
    return "\n".join(lines) + "\n"


def _yaml(calendar: Mapping[str, Any]) -> Iterator[str]:
    yield f"    time_zone: {calendar['time_zone']}"
    hours = (f"{days}: {_flow(slots)}" for days, slots in calendar["hours"].items())
    yield f"    hours: {{{', '.join(hours)}}}"
    if "holidays" in calendar:
        yield "    holidays:"
        closed = f"closed: [{', '.join(calendar['holidays']['closed'])}]"
        yield from textwrap.wrap(
            closed, WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 15, break_on_hyphens=False
        )


def _flow(slots: Sequence[str]) -> str:
    return slots[0] if len(slots) == 1 else f"[{', '.join(slots)}]"
