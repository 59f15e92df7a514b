"""Who can take a ticket at this moment, and who gets it: the people of a team, what they hold, and why others do not.

What a run gives out counts for its next choice at once, so that one run never floods one person. Nothing is remembered between
runs: loads are the desk's own tickets, shares its own events.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import polars as pl

from ..rules.model import By
from ..rules.rota import on_call_at
from ..rules.staff import Team
from .choose import Candidate, bearable, chosen
from .people_win import Shifts, same_text
from .presence import away, away_since, day_ends, gone, hours_of, people_of
from .scene import group_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from ..connectors.ticket import Person
    from ..rules.calendar import Calendar
    from ..rules.model import Assign, Rule
    from ..rules.staff import Member
    from .scene import Scene

Stays = Literal["there", "grace"]
TICK = timedelta(microseconds=1)
WAITING = ("new", "open")
"""Statuses in which a ticket waits for us."""
TOLD = 20
"""People of either kind that a plan names for one choice; it says how many there are."""
_OWNED = {"ticket": pl.String, "owner": pl.String}


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets a ticket, ``None`` where nobody can: out of whom, and why the others not (cause by handle)."""

    team: str
    strategy: str
    person: str | None
    preferred: bool = False
    candidates: tuple[Candidate, ...] = ()
    excluded: Mapping[str, str] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """For the ``why`` of a plan: everybody with load and share, the chosen one first, and the causes of the others."""
        ranked = sorted(self.candidates, key=attrgetter("least_busy"))[:TOLD]
        chosen_first = [one for one in self.candidates if one.handle == self.person]
        told = [*chosen_first, *(one for one in ranked if one.handle != self.person)][:TOLD]
        return {
            "team": self.team,
            "chosen_by": "preferred" if self.preferred else self.strategy,
            "candidates": [one.told for one in told],
            "excluded": dict(sorted(self.excluded.items())[:TOLD]),
            "of": [len(self.candidates), len(self.excluded)],
        }

    @property
    def nobody_because(self) -> str:
        """Why nobody can take it, in words."""
        if not self.team:
            return "the ticket has no group, so there is no team to choose from"
        causes = "; ".join(f"{who} {cause}" for who, cause in sorted(self.excluded.items()))
        return f"nobody in {self.team} is available: {causes or 'it has no people'}"


class _Pool(NamedTuple):
    """Who is there and has the skills, each with the kinds their capacity tells apart; why others are not; facts those go by."""

    there: list[tuple[Member, str, Collection[str]]]
    causes: dict[str, str]
    facts: set[str]


class Roster:
    """The people of all teams at the instant of a plan. ``give`` tells it what was given out since."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._given_now: Counter[str] = Counter()
        self._members: dict[tuple[str, str], Sequence[Member]] = {}
        self._pools: dict[tuple[Any, ...], _Pool] = {}
        self._states: dict[tuple[str, str, str], dict[str, Candidate | str]] = defaultdict(dict)
        self._cases: dict[str, dict[str, Any]] = {}
        self._counts: dict[str, dict[str, Counter[str]]] = defaultdict(dict)
        self._lately: dict[datetime, Counter[str]] = {}

    # --- choosing ---------------------------------------------------------------------------------------------------------

    def choose(self, rule: Rule, ticket: str, assign: Assign, blamed: Collection[str] = ()) -> Choice:
        """Who gets the ticket, but for those ``blamed``. Where nobody can, the next team of the ladder is asked."""
        team, ladder = self._team(rule, ticket, assign), assign.if_nobody.team
        first = self._within(team, ticket, assign, blamed) if team else Choice("", assign.choose or "", None)
        if first.person is not None or not ladder or ladder == first.team:
            return first
        second = self._within(self._scene.ruleset.teams[ladder], ticket, assign, blamed)
        return second if second.person is not None else first

    def _team(self, rule: Rule, ticket: str, assign: Assign) -> Team | None:
        """The team that a rule names, else the ticket's own; a group that no team has is one by itself."""
        team = self._scene.ruleset.teams[assign.team] if assign.team else self._scene.team(rule, ticket)
        if team is not None:
            return team
        group = self._scene.value(ticket, "group")
        return Team(group, rule.span, group) if isinstance(group, str) else None

    def _within(self, team: Team, ticket: str, assign: Assign, blamed: Collection[str]) -> Choice:
        strategy = assign.choose or "least_busy"
        said = self._scene.chosen(assign.skills, ticket)
        pool = self._pool(team, assign, tuple(said[0] or ()))
        excluded = dict(pool.causes)
        able: list[Candidate] = []
        here = {fact: self._case(ticket, fact) for fact in pool.facts}
        known = {bucket: self._states[*_key(team), bucket] for bucket in ("", *here.values())}
        for member, fact, cases in pool.there:
            bucket = here[fact] if fact and here[fact] in cases else ""
            state = known[bucket].get(member.handle) or self._state(team, member, bucket)
            if isinstance(state, str):
                excluded[member.handle] = state
            else:
                able.append(state)
        relieved = self._relieved(ticket)
        barred = dict.fromkeys(blamed, "is whom the customer's trouble was with")
        barred |= {relieved: "was relieved of it by an agent"} if relieved else {}
        if barred:
            excluded |= {one.handle: barred[one.handle] for one in able if one.handle in barred}
            able = [one for one in able if one.handle not in barred]
        favourite = self._favourite(team, ticket, assign, able)
        person = favourite or chosen(strategy, able)
        return Choice(
            team.name, strategy, person.handle if person else None, favourite is not None, tuple(able), excluded
        )

    def _pool(self, team: Team, assign: Assign, skills: tuple[str, ...]) -> _Pool:
        """Who is there and has the skills, and why the others do not count, whatever the ticket."""
        key = (*_key(team), assign.choose == "on_call", assign.only, skills)
        if key not in self._pools:
            causes = {member.handle: self._absence(team, member, assign, skills) for member in self._people(team)}
            there = [(member, *_kinds(member)) for member in self._people(team) if not causes[member.handle]]
            facts = {fact for _, fact, _ in there if fact}
            self._pools[key] = _Pool(there, {handle: why for handle, why in causes.items() if why}, facts)
        return self._pools[key]

    def _favourite(self, team: Team, ticket: str, assign: Assign, able: Sequence[Candidate]) -> Candidate | None:
        """The first preferred person who can take it and is not buried; for one who cannot, the substitute.

        Where a ticket is taken from its owner, the owner's substitute comes before all others.
        """
        wanted = [handle for fact in ("assignee", *assign.prefer) for handle in self._scene.texts(ticket, fact)]
        known = {one.handle: one for one in able} if wanted else {}
        for handle in wanted:
            found = known.get(handle) or known.get(self._substitute(team, handle))
            if found is not None and bearable(found, able):
                return found
        return None

    def _substitute(self, team: Team, handle: str) -> str:
        member = next((each for each in team.people if each.handle == handle), None)
        return (member.substitute if member else None) or ""

    def stays(self, rule: Rule, ticket: str, assign: Assign, owner: str) -> Stays | None:
        """Why a ticket that may be taken away is left to its owner; None: somebody else gets it.

        ``there``: they work in the team and are not away. ``grace``: they are away, but touched the ticket, got it, or left
        less than the rule's time of grace ago.
        """
        team = self._team(rule, ticket, assign)
        if team is None:
            return "there"
        member = next((each for each in self._people(team) if same_text(each.handle, owner)), None)
        if member is None or gone(team, self._person(member)):
            return None
        hours = self._hours(team, member)
        if not away(member, self._person(member), hours, self._scene.at):
            return "there"
        last = [self._touched.get(ticket), away_since(member, hours, self._scene.at)]
        quiet = max((moment for moment in last if moment), default=None)
        return "grace" if quiet and hours.add(quiet, assign.grace) > self._scene.at else None

    @cached_property
    def _touched(self) -> dict[str, datetime]:
        """When the present owner of each ticket last did something on it, or was given it."""
        snapshot, owners = self._scene.snapshot, self._scene.evaluation.every("assignee")
        own = pl.DataFrame({"ticket": list(owners), "owner": list(owners.values())}, schema=_OWNED)
        did = (pl.col("actor_kind") == "agent") & (pl.col("actor") == pl.col("owner"))
        got = (pl.col("kind") == "field") & (pl.col("field") == "assignee") & (pl.col("new") == pl.col("owner"))
        events = snapshot.events.filter(pl.col("at") <= snapshot.at).join(own, on="ticket").filter(did | got)
        return dict(events.group_by("ticket").agg(pl.col("at").max()).iter_rows())

    def give(self, ticket: str, handle: str) -> None:
        """Takes note that the run gives a ticket to somebody."""
        self._given_now[handle] += 1
        self._holds[handle].append(ticket)
        for fact, counted in self._counts[handle].items():
            counted[self._case(ticket, fact)] += 1
        for known in self._states.values():
            known.pop(handle, None)

    # --- who can ----------------------------------------------------------------------------------------------------------

    def _people(self, team: Team) -> Sequence[Member]:
        if _key(team) not in self._members:
            self._members[_key(team)] = people_of(team, self._scene.snapshot.people)
        return self._members[_key(team)]

    def _person(self, member: Member) -> Person | None:
        return self._scene.snapshot.people.get(member.handle)

    def _absence(self, team: Team, member: Member, assign: Assign, skills: Sequence[str]) -> str:
        """Why somebody cannot work on such tickets now; empty if they can. Being on call is being at work."""
        missing = next((f"lacks the skill {skill}" for skill in skills if not _in(skill, member.skills)), "")
        person, hours = self._person(member), self._hours(team, member)
        is_away = away(member, person, hours, self._scene.at)
        return gone(team, person) or is_away or self._off_duty(team, member, assign, hours) or missing

    def _off_duty(self, team: Team, member: Member, assign: Assign, hours: Calendar) -> str:
        if assign.choose == "on_call":
            on_call = on_call_at(team.on_call, self._scene.at) if team.on_call else None
            return "" if on_call is not None and same_text(on_call, member.handle) else "is not on call"
        if assign.only == "anyone":
            return ""
        if not hours.is_open(self._scene.at):
            return "is off duty"
        ends = team.wind_down is not None and day_ends(hours, self._scene.at, team.wind_down.length)
        return "is about to end the day" if ends else ""

    def _hours(self, team: Team, member: Member) -> Calendar:
        return hours_of(self._scene.ruleset, team, member)

    def _state(self, team: Team, member: Member, bucket: str) -> Candidate | str:
        """Somebody with what they hold, or why they can take no more tickets of a kind; good until they are given one."""
        found = self._full(team, member, bucket) or self._candidate(member, bucket)
        self._states[*_key(team), bucket][member.handle] = found
        return found

    def _full(self, team: Team, member: Member, bucket: str) -> str:
        room, most = self._room(member, bucket)
        if room is not None and room <= 0:
            return f"is full ({most} of {most})"
        if member.per_day is not None and self._today(team, member) >= member.per_day:
            return f"got {member.per_day} today"
        window = member.per_window
        if window is not None and self._since(self._scene.at - window.within.length, member) >= window.most:
            return f"got {window.most} within {window.within}"
        return ""

    def _relieved(self, ticket: str) -> str | None:
        """From whom an agent took the ticket and left it without owner, as long as nobody had it since."""
        shifts = self._shifts.of(ticket, "assignee")
        last = shifts[-1] if shifts else None
        relieved = last.old if last and last.kind == "agent" and last.new is None else None
        return relieved if isinstance(relieved, str) else None

    @cached_property
    def _shifts(self) -> Shifts:
        owners = self._scene.evaluation.every("assignee")
        return Shifts(self._scene.snapshot, [ticket for ticket, owner in owners.items() if owner is None])

    # --- what they hold -----------------------------------------------------------------------------------------------------

    def _candidate(self, member: Member, bucket: str) -> Candidate:
        handle, now = member.handle, self._given_now[member.handle]
        given, last = self._history.get(handle, (0, None))
        return Candidate(
            handle,
            load=self._load(handle),
            given=given + now,
            last=self._scene.at if now else last,
            room=self._room(member, bucket)[0],
            weight=member.weight,
        )

    @cached_property
    def _holds(self) -> dict[str, list[str]]:
        """The tickets that wait for each person, over the whole desk."""
        owners, statuses = (self._scene.evaluation.every(fact) for fact in ("assignee", "status"))
        held: dict[str, list[str]] = defaultdict(list)
        for ticket, owner in owners.items():
            if owner and statuses[ticket] in WAITING:
                held[owner].append(ticket)
        return held

    def _load(self, handle: str) -> int:
        return len(self._holds[handle]) + self._scene.snapshot.elsewhere.get(handle, 0)

    @cached_property
    def _history(self) -> dict[str, tuple[int, datetime]]:
        """What each person was given in the last 28 days, and when last."""
        found: dict[str, tuple[int, datetime]] = {}
        for handle, at in self._scene.snapshot.assignments.select("person", "at").sort("at").iter_rows():
            found[handle] = (found.get(handle, (0, at))[0] + 1, at)
        return found

    def _today(self, team: Team, member: Member) -> int:
        """What somebody was given since the day began where they work."""
        hours = self._hours(team, member)
        begin, _ = hours.day_bounds(self._scene.at.astimezone(hours.zone).date())
        return self._since(begin - TICK, member)

    def _since(self, begin: datetime, member: Member) -> int:
        """What somebody was given after an instant, and by this run."""
        if begin not in self._lately:
            rows = self._scene.snapshot.assignments.filter(pl.col("at") > begin)
            self._lately[begin] = Counter(rows["person"].to_list())
        return self._lately[begin][member.handle] + self._given_now[member.handle]

    def _room(self, member: Member, bucket: str) -> tuple[int | None, int | None]:
        """How many more tickets of a kind somebody may hold, and how many in all."""
        if not isinstance(member.capacity, By):
            most, held = member.capacity, self._load(member.handle)
        else:
            most = member.capacity.cases.get(bucket, member.capacity.default)
            held = self._of_kind(member.handle, member.capacity, bucket)
        return (None, None) if most is None else (most - held, most)

    def _of_kind(self, handle: str, capacity: By[int], bucket: str) -> int:
        """How many tickets somebody holds of one of the kinds that their capacity tells apart; empty: of all others."""
        known = self._counts[handle]
        if capacity.fact not in known:
            known[capacity.fact] = Counter(self._case(ticket, capacity.fact) for ticket in self._holds[handle])
        counted = known[capacity.fact]
        return counted[bucket] if bucket else counted.total() - sum(counted[case] for case in capacity.cases)

    def _case(self, ticket: str, fact: str) -> str:
        if fact not in self._cases:
            self._cases[fact] = self._scene.evaluation.every(fact)
        value = self._cases[fact].get(ticket)
        return value.casefold() if isinstance(value, str) else ""


def _key(team: Team) -> tuple[str, str]:
    """What tells teams apart: one of the file may be called like a group that is none."""
    return team.name, group_of(team)


def _kinds(member: Member) -> tuple[str, Collection[str]]:
    """The fact by whose values somebody's capacity differs, and those values; empty where it does not."""
    return (member.capacity.fact, member.capacity.cases) if isinstance(member.capacity, By) else ("", ())


def _in(name: str, names: Sequence[str]) -> bool:
    return any(same_text(name, each) for each in names)
