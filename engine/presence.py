"""Who is there: by the hours of a team and a person, absences in the rule file, and what the desk shows.

Nothing here has a past: accounts and what a desk shows are known only as they are now.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ..rules.calendar import calendar_for
from ..rules.rota import away_between, is_away
from ..rules.staff import Member
from .people_win import same_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from ..connectors.ticket import Person
    from ..rules.calendar import Calendar
    from ..rules.model import RuleSet
    from ..rules.staff import Team
    from .snapshot import Snapshot

AWAY, AT_WORK = "assignee.away", "assignee.at_work"
PRESENCE = frozenset({AWAY, AT_WORK})
"""Facts that the teams of a rule file decide."""
_DAY, _INSTANT = timedelta(days=1), timedelta(microseconds=1)
_LONGEST_ABSENCE = timedelta(days=800)


def people_of(team: Team, people: Mapping[str, Person]) -> tuple[Member, ...]:
    """The members a team names, else everybody who works in its group, by handle."""
    if team.people:
        return team.people
    group = (team.group or team.name).casefold()
    staff = (person for person in people.values() if person.role == "agent")
    inside = sorted(one.handle for one in staff if group in {name.casefold() for name in one.groups})
    return tuple(Member(handle) for handle in inside)


def hours_of(ruleset: RuleSet, team: Team, member: Member | None = None) -> Calendar:
    """When somebody works: by their own calendar, else the team's, else the default one."""
    own = member.calendar if member else None
    return calendar_for(ruleset, own or team.calendar or ruleset.default_calendar)


def gone(team: Team, person: Person | None) -> str:
    """Why somebody does not work in the team any more; empty if they do, or the desk does not know them."""
    if person is None:
        return ""
    if not person.active:
        return "is suspended or gone"
    if team.group and person.groups and not any(same_text(team.group, each) for each in person.groups):
        return f"is not in the group {team.group}"
    return ""


def away(member: Member, person: Person | None, calendar: Calendar, at: datetime) -> str:
    """Why somebody is away at an instant: by the rule file, in the zone of their calendar, or by the desk; else empty."""
    if is_away(member, calendar.spec.time_zone, at):
        return "is away"
    return "is shown as away by the desk" if person is not None and person.away else ""


def away_since(member: Member, calendar: Calendar, at: datetime) -> datetime | None:
    """When the absence began that the rule file tells of; None where there is none."""
    found = away_between(member, calendar.spec.time_zone, at - _LONGEST_ABSENCE, at + _INSTANT)
    return found[-1][0] if found and found[-1][1] > at else None


def day_ends(calendar: Calendar, at: datetime, within: timedelta) -> bool:
    """Whether the working day that is under way ends so soon."""
    end = end_of_day(calendar, at)
    return end is not None and end - at <= within


def end_of_day(calendar: Calendar, at: datetime) -> datetime | None:
    """When the working day that is under way ends; None where it does not. A break is no end, nor midnight where work goes on."""
    today = at.astimezone(calendar.zone).date()
    closings = (calendar.closing_of(day) for day in (today - _DAY, today))
    end = next((closing for closing in closings if closing is not None and closing > at), None)
    return None if end is None or calendar.is_open(end) else end


def presence(ruleset: RuleSet | None, snapshot: Snapshot) -> dict[str, dict[str, bool]]:
    """``assignee.away`` and ``assignee.at_work`` by handle.

    Whoever is in several teams is away if one of them says so, and at work if it is working time in one of them. Of somebody
    in no team only the desk knows whether they are away, and nobody whether they are at work. Without rules there are no teams.
    """
    people, at = snapshot.people, snapshot.at
    absent = {handle: bool(person.away) for handle, person in people.items()}
    working: dict[str, bool] = {}
    for member, hours in _shifts(ruleset, people) if ruleset else ():
        handle = member.handle
        absent[handle] = absent.get(handle, False) or bool(away(member, people.get(handle), hours, at))
        working[handle] = working.get(handle, False) or hours.is_open(at)
    for handle, is_open in working.items():
        person = people.get(handle)
        working[handle] = is_open and not absent[handle] and (person is None or person.active)
    return {AWAY: absent, AT_WORK: working}


def _shifts(ruleset: RuleSet, people: Mapping[str, Person]) -> Iterator[tuple[Member, Calendar]]:
    """Everybody in each team, and when they work in it."""
    for team in ruleset.teams.values():
        yield from ((member, hours_of(ruleset, team, member)) for member in people_of(team, people))
