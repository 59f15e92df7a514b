"""When people are left in peace and how many messages a day they get: what the file says, and what holds for somebody."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from .calendar import Calendar, CalendarSpec, calendar_for
from .calendars import DaySlot
from .nodes import Scalar
from .shapes import Key, Many, Number, Table
from .staff import Notices

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from .calendars import Slot
    from .model import RuleSet
    from .nodes import Node
    from .shapes import Fields, Reader, Schema
    from .staff import Team

_DAY = 1440
_SLOTS = Many(DaySlot("hours such as `20:00-07:00`"))


@dataclass(frozen=True, slots=True)
class _QuietHours:
    """Hours of every day; ``no`` where the file's hours do not hold for somebody."""

    says: str = "hours such as `20:00-07:00`, a list of them, or `no`"

    def read(self, node: Node, reader: Reader) -> tuple[Slot, ...] | None:
        if isinstance(node, Scalar) and node.text.strip().lower() == "no":
            return ()
        slots: tuple[Slot, ...] = _SLOTS.read(node, reader)
        if slots and not _rest_of_day(slots):
            hint = "leave some hours of the day open"
            reader.error("bad-value", node, "with quiet hours all day long nobody could ever be told", hint)
            return None
        return slots or None

    def schema(self) -> Schema:
        return {"anyOf": [{"enum": ["no", False]}, _SLOTS.schema()]}


def _notices(fields: Fields, _reader: Reader) -> Notices:
    return Notices(fields.get("quiet_hours"), fields.get("per_day"))


NOTICES = Table(
    "`notices`",
    (
        Key(
            "quiet_hours",
            _QuietHours(),
            "Hours of every day in which notices to a person wait; in the zone of the person's team, else of the default "
            "calendar.",
        ),
        Key("per_day", Number(whole=True, least=1), "How many messages a person gets a day; the rest waits."),
    ),
    _notices,
    {"quiet": "did you mean `quiet_hours`?", "budget": "did you mean `per_day`?"},
    "notices: {quiet_hours: 20:00-07:00, per_day: 20}",
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for one person: days are those of ``zone``; ``hearing`` is open when notices may come, None: always."""

    zone: ZoneInfo
    hearing: Calendar | None = None
    per_day: int | None = None


def terms_of(rules: RuleSet, handle: str) -> Terms:
    """On which terms somebody may be told something: the person's own in the first team that says them, else the file's.

    Raises:
        CalendarError: the calendar that gives the zone cannot be used.
    """
    teams = [team for team in rules.teams.values() if _in_team(team, handle)]
    own = [member.notices for team in teams for member in team.people if _same(member.handle, handle)]
    said = (*own, rules.notices)
    quiet = next((each.quiet_hours for each in said if each.quiet_hours is not None), ())
    per_day = next((each.per_day for each in said if each.per_day is not None), None)
    calendar = next((team.calendar for team in teams if team.calendar), rules.default_calendar)
    zone = calendar_for(rules, calendar).zone
    return Terms(zone, _hearing(quiet, zone.key) if quiet else None, per_day)


def _in_team(team: Team, handle: str) -> bool:
    on_call = team.on_call.people if team.on_call else ()
    people = (*(member.handle for member in team.people), team.lead, team.next_level, *on_call)
    return any(_same(person, handle) for person in people if person)


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


@lru_cache(maxsize=64)
def _hearing(quiet: tuple[Slot, ...], zone: str) -> Calendar:
    return Calendar(CalendarSpec("notices", zone, (_rest_of_day(quiet),) * 7))


def _rest_of_day(quiet: tuple[Slot, ...]) -> tuple[Slot, ...]:
    """The hours of a day outside these, which may run past midnight."""
    early = ((0, end - _DAY) for _, end in quiet if end > _DAY)
    taken = sorted((*early, *((start, min(end, _DAY)) for start, end in quiet)))
    left, begin = [], 0
    for start, end in (*taken, (_DAY, _DAY)):
        if start > begin:
            left.append((begin, start))
        begin = max(begin, end)
    return tuple(left)
