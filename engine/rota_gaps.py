"""Where a team will have nobody on duty, told days ahead: everybody is away, nobody is on call, entries end, people left.

Pure: what is asked is the rule file's own absences and rotas, and the people as the desk knows them now. Days and times in the
sentences are those of the team's calendar.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from ..rules.calendar import ALWAYS
from ..rules.calendar_file import last_day
from ..rules.rota import away_between, on_call_stretches
from .people_win import same_text
from .presence import gone, hours_of, people_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from ..connectors.ticket import Person
    from ..rules.calendar import Calendar
    from ..rules.model import RuleSet
    from ..rules.rota import Duty, Stretch
    from ..rules.staff import Member, Team

Kind = Literal["there", "on_call", "people", "entered"]
ON_DUTY: tuple[Kind, ...] = ("there", "on_call", "people")
"""``there``: working time in which all are away. ``on_call``: nobody is on call, or somebody who is away. ``people``: those named
in a team who do not work there."""
KINDS: tuple[Kind, ...] = (*ON_DUTY, "entered")
"""All kinds; ``entered``: rotas and absences whose entries end."""

TOLD = 3
"""How many stretches a sentence names."""
_BEYOND = timedelta(days=31)
"""How much further we look for the end of a gap; one that is longer goes on from its beginning *on*."""
_YEAR = timedelta(days=366)
_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


def rota_gaps(
    ruleset: RuleSet,
    people: Mapping[str, Person],
    at: datetime,
    *,
    teams: Collection[str] | None = None,
    ahead: timedelta = timedelta(days=14),
    kinds: Collection[Kind] = KINDS,
) -> list[str]:
    """What will be missing in the time ``ahead``, one sentence each, team by team in the order of the file.

    ``people`` are the desk's, by handle; whom it does not know counts as there. ``teams``: names of those asked about (None:
    all). A team without anybody is left out.
    """
    asked = (team for team in ruleset.teams.values() if teams is None or team.name in teams)
    watches = [_Watch(ruleset, people, team, at, at + ahead) for team in asked]
    return [
        text for watch in watches for kind in KINDS if kind in kinds for tell in _TELLERS[kind] for text in tell(watch)
    ]


@dataclass(frozen=True)
class _Watch:
    """A team from an instant on; gaps that begin before ``until`` are told."""

    ruleset: RuleSet
    people: Mapping[str, Person]
    team: Team
    at: datetime
    until: datetime

    @cached_property
    def calendar(self) -> Calendar:
        """When the team works."""
        return hours_of(self.ruleset, self.team)

    @cached_property
    def far(self) -> datetime:
        """Where we stop looking: a midnight of the team."""
        return self.calendar.day_bounds(self.local(self.until + _BEYOND).date())[0]

    def hours(self, member: Member) -> Calendar:
        """When one of the team works."""
        return hours_of(self.ruleset, self.team, member)

    def away(self, member: Member, first: datetime, last: datetime) -> list[Stretch]:
        """When one of the team is away between two instants, as the rule file says it."""
        return away_between(member, self.hours(member).spec.time_zone, first, last)

    def local(self, instant: datetime) -> datetime:
        """The instant on the team's clocks."""
        return instant.astimezone(self.calendar.zone)


# --- everybody is away ------------------------------------------------------------------------------------------------


def _nobody_there(watch: _Watch) -> Iterator[str]:
    stretches = (each for each in _joined(watch, _left_alone(watch)) if each[0] < watch.until and each[1] > watch.at)
    spans = [_span(watch, begin, end, _opened(watch, begin), _closed(watch, end)) for begin, end in stretches]
    if spans:
        yield f"nobody of team `{watch.team.name}` is there {_listed(spans)}"


def _left_alone(watch: _Watch) -> list[Stretch]:
    """The working time, from yesterday's on, in which nobody of the team is there. A team without hours has its people's."""
    first = watch.calendar.day_bounds(watch.local(watch.at).date() - _DAY)[0]
    members = people_of(watch.team, watch.people)
    left = watch.calendar.open_stretches(first, watch.far) if members else []
    if watch.calendar.spec == ALWAYS:
        hours = (each for member in members for each in watch.hours(member).open_stretches(first, watch.far))
        left = _without(left, _without(left, hours))
    for member in members:
        if not left:
            break
        if not gone(watch.team, watch.people.get(member.handle)):
            works = watch.hours(member).open_stretches(first, watch.far)
            left = _without(left, _without(works, watch.away(member, first, watch.far)))
    return left


def _joined(watch: _Watch, stretches: Iterable[Stretch]) -> list[Stretch]:
    """Stretches with no working time between them as one; the last one without end where no more is to come."""
    joined: list[Stretch] = []
    for begin, end in stretches:
        last = end if watch.calendar.open_between(end, watch.far) else watch.far
        if joined and not watch.calendar.open_between(joined[-1][1], begin):
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((begin, last))
    return joined


def _opened(watch: _Watch, instant: datetime) -> date | None:
    """The working day that begins at the instant."""
    day = watch.local(instant).date()
    closing, before = (watch.calendar.closing_of(each) for each in (day, day - _DAY))
    midnight = watch.calendar.day_bounds(day)[0]
    hours = watch.calendar.open_stretches(max(midnight, before or midnight), closing or midnight)
    return day if hours and hours[0][0] == instant else None


def _closed(watch: _Watch, instant: datetime) -> date | None:
    """The working day that ends at the instant."""
    today = watch.local(instant).date()
    return next((day for day in (today, today - _DAY) if watch.calendar.closing_of(day) == instant), None)


# --- on call ----------------------------------------------------------------------------------------------------------


def _nobody_on_call(watch: _Watch) -> Iterator[str]:
    """Nobody has to be on call while the team works; one without hours is not known to."""
    holes = [(duty.begin, duty.end) for duty in _duties(watch) if duty.handle is None]
    works = [] if watch.calendar.spec == ALWAYS else watch.calendar.open_stretches(watch.at, watch.far)
    spans = [_span(watch, *hole) for hole in holes if _without([hole], works)]
    if spans:
        yield f"nobody is on call for team `{watch.team.name}` {_listed(spans)}"


def _absent_on_call(watch: _Watch) -> Iterator[str]:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for begin, end, handle in _duties(watch):
        if handle is not None:
            person = watch.people.get(handle)
            left = person is not None and not person.active
            missing = [(begin, end)] if left else _away_anywhere(watch, handle, (begin, end))
            found[handle, "is suspended or gone" if left else "is away then"] += [
                _span(watch, *each) for each in missing if each[0] < watch.until
            ]
    for (handle, why), spans in found.items():
        if spans:
            yield f"{handle}, on call for team `{watch.team.name}` {_listed(spans)}, {why}"


def _duties(watch: _Watch) -> list[Duty]:
    rota = watch.team.on_call
    duties = on_call_stretches(rota, watch.at, watch.far) if rota else []
    return [duty for duty in duties if duty.begin < watch.until]


def _away_anywhere(watch: _Watch, handle: str, duty: Stretch) -> list[Stretch]:
    """When somebody is away meanwhile; whoever is on call may be entered in another team."""
    away: list[Stretch] = []
    for team in watch.ruleset.teams.values():
        for member in team.people:
            if same_text(member.handle, handle):
                away += away_between(member, hours_of(watch.ruleset, team, member).spec.time_zone, *duty)
    return _without([duty], _without([duty], away))


# --- people -----------------------------------------------------------------------------------------------------------


def _left_people(watch: _Watch) -> Iterator[str]:
    team = watch.team
    members = [member.handle for member in team.people]
    substitutes = (member.substitute for member in team.people)
    on_call = team.on_call.people if team.on_call else ()
    for handle in dict.fromkeys((*members, *substitutes, team.lead, team.next_level, *on_call)):
        person = watch.people.get(handle) if handle else None
        why = _no_longer(team, person, of_group=handle in members) if person else ""
        if why:
            yield f"{handle} in team `{team.name}` {why}"


def _no_longer(team: Team, person: Person, *, of_group: bool) -> str:
    """Why somebody named in a team cannot work there; a lead or a substitute need not be in its group."""
    if person.active and person.role == "customer":
        return "is a customer of the helpdesk, not an agent"
    return gone(team, person) if of_group or not person.active else ""


# --- what is entered --------------------------------------------------------------------------------------------------


def _rota_ends(watch: _Watch) -> Iterator[str]:
    rota = watch.team.on_call
    if rota is None or rota.file is None:
        return
    duties = on_call_stretches(rota, watch.at - _YEAR, watch.until + _YEAR)
    end = max((duty.end for duty in duties if duty.handle is not None), default=None)
    if end is None or end < watch.until:
        when = "names nobody any more"
        if end is not None:
            when = f"{'ends' if end > watch.at else 'ended'} on {watch.local(end - _INSTANT).date()}"
        yield f"the rota {rota.file.name} of team `{watch.team.name}` {when}: add the turns that follow"


def _absences_end(watch: _Watch) -> Iterator[str]:
    members = [member for member in watch.team.people if member.away or member.away_files]
    if not members or any(watch.away(member, watch.at, watch.at + _YEAR) for member in members):
        return
    ends = [day for member in members for _, day in member.away]
    ends += filter(None, (last_day(file) for member in members for file in member.away_files))
    last = max(ends, default=None)
    if last is None or last < watch.local(watch.at).date():
        after = f" after {last}" if last else ""
        yield f"nobody of team `{watch.team.name}` has an absence entered{after}: are the coming ones missing?"


# --- words ------------------------------------------------------------------------------------------------------------


def _span(watch: _Watch, begin: datetime, end: datetime, opened: date | None = None, closed: date | None = None) -> str:
    """A gap in words: as working days where it begins with one (``opened``) and ends with one, else to the minute."""
    begun, endless = begin <= watch.at, end >= watch.far
    if opened is not None and opened == closed:
        return f"on {opened}"
    first, last = watch.local(begin), watch.local(end)
    if not begun and first.date() == last.date():
        return f"on {first:%Y-%m-%d %H:%M}-{last:%H:%M}"
    days = (opened or begun) and (closed or endless)
    since = "now" if begun else str(opened) if days else f"{first:%Y-%m-%d %H:%M}"
    until = str(closed) if days else f"{last:%Y-%m-%d %H:%M}"
    return f"from {since} on" if endless else f"from {since} to {until}"


def _listed(spans: Sequence[str]) -> str:
    """The first spans and how many more there are."""
    more = [f"{len(spans) - TOLD} more"] if len(spans) > TOLD else []
    *others, last = [*spans[:TOLD], *more]
    return f"{', '.join(others)} and {last}" if others else last


def _without(stretches: Iterable[Stretch], taken: Iterable[Stretch]) -> list[Stretch]:
    """What is left of stretches, in their order, without the time of others."""
    left = list(stretches)
    for begin, end in taken:
        pieces = (piece for each in left for piece in ((each[0], min(each[1], begin)), (max(each[0], end), each[1])))
        left = [(start, stop) for start, stop in pieces if start < stop]
    return left


_TELLERS: dict[Kind, tuple[Callable[[_Watch], Iterator[str]], ...]] = {
    "there": (_nobody_there,),
    "on_call": (_nobody_on_call, _absent_on_call),
    "people": (_left_people,),
    "entered": (_rota_ends, _absences_end),
}
