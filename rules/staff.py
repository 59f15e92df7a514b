"""Who works on tickets: teams and their people, what each can do and when, who is on call, and when they are left in peace."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime, timedelta

    from .calendar_file import CalendarFile
    from .diagnostics import Span
    from .durations import Duration
    from .model import By


@dataclass(frozen=True, slots=True)
class Notices:
    """When people are left in peace: (start, end) in minutes of every day's local time, and messages per local day.

    An end past 1440 lies on the next day. ``None``: not said here; an empty tuple: at no time.
    """

    quiet_hours: tuple[tuple[int, int], ...] | None = None
    per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """At most so many tickets in any stretch of this length on the wall clock."""

    most: int
    within: Duration


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a team. ``away`` holds (first day, last day), both included, in the team's calendar.

    Whatever stands in ``away_files``, whole days or hours, is time away too; ``rota.is_away`` asks both. ``calendar``: when
    this person works, where that is not when the team does.
    """

    handle: str
    skills: tuple[str, ...] = ()
    capacity: int | By[int] | None = None
    per_day: int | None = None
    per_window: Window | None = None
    calendar: str | None = None
    weight: float = 1.0
    away: tuple[tuple[date, date], ...] = ()
    away_files: tuple[CalendarFile, ...] = ()
    substitute: str | None = None
    notices: Notices = field(default_factory=Notices)


@dataclass(frozen=True, slots=True)
class Rota:
    """Who is on call, for ``rota.on_call_at``: a calendar file, or people in turn, ``every`` so long since ``since``.

    ``people`` take turns, or are those whom the file may name (none: anybody). ``zone``: whose days and hours the turns
    keep, the team's calendar's.
    """

    file: CalendarFile | None = None
    every: timedelta | None = None
    since: datetime | None = None
    people: tuple[str, ...] = ()
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Team:
    """A group of the desk plus people; without ``people`` the group's members.

    ``lead`` is told as ``team_lead``, ``next_level`` hears of it when the lead's word is not enough; both are handles.
    ``wind_down``: so long before their day ends its people get nothing new.
    """

    name: str
    span: Span
    group: str | None = None
    calendar: str | None = None
    lead: str | None = None
    next_level: str | None = None
    on_call: Rota | None = None
    wind_down: Duration | None = None
    people: tuple[Member, ...] = ()
