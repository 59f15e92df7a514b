"""What clocks mean, ticket by ticket and instant by instant: slow, plain, and written from the language page alone.

Conditions are asked of the row oracle at every instant at which they may turn; working time is counted minute by minute.
Nothing of the engine's clocks is used.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import oracle
from open_minutes import OpenMinutes
from oracle_cycles import Cycle, target_cycles
from oracle_facts import World, fact, gone

from makegood.rules.calendar import calendar_for
from makegood.rules.durations import Duration
from makegood.rules.model import By, Condition, Deadline, Group, Leaf, Rule, RuleSet, leaves

TICK = timedelta(microseconds=1)
NOTHING = timedelta(0)


@dataclass(frozen=True)
class OracleClock:
    """One clock of a ticket at an instant. ``due`` goes on while it is paused; ``lost_seconds`` moved it so far."""

    state: str
    due: datetime
    start: datetime
    opened: datetime
    stopped: datetime | None
    lost_seconds: float
    soon: datetime
    steps: tuple[tuple[str, datetime], ...]


def clock(world: World, ruleset: RuleSet, rule: Rule, ticket: str, at: datetime) -> OracleClock | None:
    """How the rule's clock stands on the ticket; ``None``: it has none then."""
    return Clocks(world, ruleset).clock(rule, ticket, at)


class Clocks:
    """All clocks of a world. ``known_to``: how far its data reach; without it up to its own instant."""

    def __init__(
        self, world: World, ruleset: RuleSet, known_to: datetime | None = None, helpdesk: str = "desk"
    ) -> None:
        self.world = replace(world, clocks=self.fact)
        self.ruleset = ruleset
        self.known_to = known_to or world.at
        meant = [rule for rule in ruleset.rules if rule.actions.deadline and rule.mode != "off"]
        meant = [rule for rule in meant if not rule.helpdesks or helpdesk in rule.helpdesks]
        self.rules = sorted(meant, key=lambda rule: rule.mode == "shadow")
        self._known: dict[Any, Any] = {}

    # --- facts --------------------------------------------------------------------------------------------------------

    def fact(self, ticket: str, name: str, now: datetime) -> Any:
        """``deadline.<name>`` or ``deadline.<name>.due``."""
        found = self.named(ticket, name.removeprefix("deadline.").removesuffix(".due"), now)
        if found is None or not name.endswith(".due"):
            return found and found.state
        return None if found.state == "paused" else found.due

    def named(self, ticket: str, name: str, now: datetime) -> OracleClock | None:
        """The clock of the first rule that has one of this name."""
        found = (self.clock(rule, ticket, now) for rule in self.rules if _deadline(rule).name == name)
        return next((each for each in found if each), None)

    def clock(self, rule: Rule, ticket: str, at: datetime) -> OracleClock | None:
        return self._once(("clock", rule.id, ticket, at), lambda: self._clock(rule, ticket, at))

    def _once(self, key: Any, find: Any) -> Any:
        if key not in self._known:
            self._known[key] = find()
        return self._known[key]

    def _clock(self, rule: Rule, ticket: str, at: datetime) -> OracleClock | None:
        row = self.world.ticket(ticket) or {}
        if at < row["created"] or gone(self.world, ticket, at):
            return None
        if _deadline(rule).target == "first_reply" and row.get("history_from"):
            return None
        ask = Asking(self, rule, ticket, at)
        opened = [(cycle, ask.opening(cycle)) for cycle in ask.cycles()]
        there = [(cycle, opening) for cycle, opening in opened if opening]
        return ask.judged(*there[-1]) if there else None

    # --- conditions ---------------------------------------------------------------------------------------------------

    def holds(self, rule: Rule, ticket: str, what: str, now: datetime) -> bool:
        """A condition of the rule at an instant: ``when``, or one of its deadline."""
        return self._once((rule.id, ticket, what, now), lambda: self._holds(rule, ticket, what, now))

    def _holds(self, rule: Rule, ticket: str, what: str, now: datetime) -> bool:
        if what == "when":
            return oracle.holds(self.ruleset, rule, self.world, ticket, now)
        condition = getattr(_deadline(rule), what)
        return condition is not None and self._true(rule, ticket, condition, now)

    def _true(self, rule: Rule, ticket: str, condition: Condition, now: datetime) -> bool:
        if isinstance(condition, Leaf):
            calendar = oracle.calendar_of(self.ruleset, rule, self.world, ticket, now)
            return oracle.compare(self.ruleset, calendar, condition, self.world, ticket, now)
        found = [self._true(rule, ticket, part, now) for part in condition.parts]
        return {"all": all(found), "any": any(found), "none": not any(found)}[condition.kind]

    def instants(self, rule: Rule, ticket: str) -> list[datetime]:
        """Every instant, and far more, at which a condition of the rule may turn or something happened to the ticket."""
        return self._once(("instants", rule.id, ticket), lambda: sorted(self._instants(rule, ticket)))

    def _instants(self, rule: Rule, ticket: str) -> set[datetime]:
        deadline = _deadline(rule)
        asked = (rule.when, deadline.until, deadline.pause_while, deadline.cancel_when)
        named = [leaf for condition in asked for leaf in leaves(condition)]
        times = [each.name for each in (deadline.starts, deadline.at) if each]
        named += [Leaf(name, "present", None, deadline.span, "") for name in times]
        plain = Group("all", tuple(leaf for leaf in named if not leaf.fact.startswith("deadline.")))
        found = oracle.instants(self.ruleset, replace(rule, when=plain), self.world, ticket)
        for leaf in named:
            if leaf.fact.startswith("deadline."):
                found |= self._turns(leaf, ticket)
        return found

    def _turns(self, leaf: Leaf, ticket: str) -> set[datetime]:
        """When the clocks that a comparison reads may turn."""
        name = leaf.fact.removeprefix("deadline.").removesuffix(".due")
        rules = [rule for rule in self.rules if _deadline(rule).name == name]
        at = {now for rule in rules for now in self.instants(rule, ticket)}
        seen = [self.clock(rule, ticket, now) for rule in rules for now in sorted(at)]
        values = {edge for each in seen if each for edge in (each.due, each.soon)}
        if leaf.operator == "anniversary_in":
            calendars = [calendar_for(self.ruleset, each) for each in ("always", *self.ruleset.calendars)]
            values |= {
                edge for each in calendars for day in values for edge in oracle._yearly(each, day, self.world.at)
            }
        values |= oracle._shifted(self.ruleset, leaf, values)
        return {turn for value in values for turn in (value, value + TICK) if turn <= self.world.at} | at


def _deadline(rule: Rule) -> Deadline:
    assert rule.actions.deadline is not None
    return rule.actions.deadline


@dataclass(frozen=True)
class Asking:
    """The question how one rule's clock stands on one ticket at one instant."""

    clocks: Clocks
    rule: Rule
    ticket: str
    at: datetime

    @property
    def deadline(self) -> Deadline:
        return _deadline(self.rule)

    def value(self, name: str, now: datetime) -> Any:
        return fact(self.clocks.world, self.ticket, name, now)

    # --- instants -----------------------------------------------------------------------------------------------------

    def moments(self, begin: datetime, end: datetime | None) -> list[datetime]:
        """``begin``, and what follows it up to the present and before ``end``."""
        known = self.clocks.instants(self.rule, self.ticket)
        found = [begin, *known[bisect.bisect_right(known, begin) :]]
        return [now for now in found if now <= self.at and (end is None or now < end)]

    def first(self, what: str, begin: datetime, end: datetime | None) -> datetime | None:
        """The first instant from ``begin`` on, before ``end``, at which a condition holds."""
        moments = self.moments(begin, end)
        return next((now for now in moments if self._holds(what, now)), None)

    # --- cycles -------------------------------------------------------------------------------------------------------

    def cycles(self) -> list[Cycle]:
        """Those that have begun, in order."""
        if self.deadline.until is not None:
            return self._until()
        return target_cycles(self.clocks.world, self.ticket, self.deadline, self.at)

    def _until(self) -> list[Cycle]:
        found = []
        for start, begin, end in self._starts():
            really = max(start, begin)
            if really <= self.at and (end is None or really < end):
                stop = self.first("until", really, end)
                at_the_end = end is not None and end <= self.at and self._holds("until", end)
                found.append(Cycle(start, really, stop or (end if at_the_end else None), end))
        return found

    def _starts(self) -> list[tuple[datetime, datetime, datetime | None]]:
        """Each value of the fact that starts the clock, with the stretch in which it was that."""
        created = (self.clocks.world.ticket(self.ticket) or {})["created"]
        if self.deadline.starts is None:
            return [(created, created, None)]
        values = []
        for now in self.moments(created, None):
            value = self._instant(self.deadline.starts.name, now)
            if not values or values[-1][0] != value:
                values.append((value, now))
        ends = [now for _, now in values[1:]]
        return [(value, now, end) for (value, now), end in zip(values, [*ends, None], strict=True) if value]

    def _instant(self, name: str, now: datetime) -> datetime | None:
        calendar = oracle.calendar_of(self.clocks.ruleset, self.rule, self.clocks.world, self.ticket, now)
        span = oracle._span(self.value(name, now), calendar)
        return span and span[0]

    def opening(self, cycle: Cycle) -> datetime | None:
        """The first instant of the cycle at which the rule's condition holds; none while the ticket is solved."""
        moments = self._running(cycle, cycle.begin)
        return next((now for now in moments if self._holds("when", now)), None)

    def _running(self, cycle: Cycle, begin: datetime) -> list[datetime]:
        """The moments from ``begin`` on at which the cycle had not been stopped, for good or until it was reopened."""
        ends = [end for end in (cycle.stop, cycle.drops) if end]
        moments = self.moments(begin, min(ends, default=None))
        return [now for now in moments if not any(first <= now < last for first, last in cycle.idle)]

    # --- the verdict --------------------------------------------------------------------------------------------------

    def judged(self, cycle: Cycle, opened: datetime) -> OracleClock | None:
        """How an opened cycle stands now; ``None``: it was ended without verdict, or has no due time."""
        last = min(end for end in (cycle.stop, cycle.drops, self.at) if end)
        door = self.minutes(last)
        first_due = self._due(cycle, door, last)
        if first_due is None:
            return None
        lost, due = self._moved(cycle, door, first_due, last)
        if self._cancelled(cycle, opened):
            return None
        if cycle.stop is None and cycle.drops and cycle.drops <= self.at:
            if cycle.drops <= due:
                return None
            cycle = replace(cycle, stop=cycle.drops)  # it takes no miss back, but it goes on no longer
        steps = self._steps(door, due, opened)
        soon = self._soon(cycle, door, due, last, steps)
        state = self._state(cycle, due, soon)
        return OracleClock(state, due, cycle.start, opened, cycle.stop, lost.total_seconds(), soon, steps)

    def _cancelled(self, cycle: Cycle, opened: datetime) -> bool:
        """Whether ``cancel_when`` held while the clock ran: not yet missed by what was known at that instant."""
        held = (now for now in self._running(cycle, opened) if self._holds("cancel_when", now))
        return any(not replace(self, at=now).is_late(cycle) for now in held)

    def is_late(self, cycle: Cycle) -> bool:
        """Whether the due time is over, by what is known now."""
        door = self.minutes(self.at)
        first_due = self._due(cycle, door, self.at)
        if first_due is None:
            return False
        due = self._moved(cycle, door, first_due, self.at)[1]
        return self.at > due and not self._stands_still(cycle, due)

    def _holds(self, what: str, now: datetime) -> bool:
        return self.clocks.holds(self.rule, self.ticket, what, now)

    def minutes(self, now: datetime) -> OpenMinutes:
        """The calendar that counts at an instant."""
        world = self.clocks.world
        return OpenMinutes(oracle.calendar_of(self.clocks.ruleset, self.rule, world, self.ticket, now).spec)

    def within(self, now: datetime) -> Duration | None:
        within = self.deadline.within
        if not isinstance(within, By):
            return within
        return within.cases.get(str(self.value(within.fact, now)).lower(), within.default)

    def _due(self, cycle: Cycle, door: OpenMinutes, now: datetime) -> datetime | None:
        """The due time before anything was lost."""
        if self.deadline.at is None:
            within = self.within(now)
            return within and door.add(cycle.start, within)
        calendar = oracle.calendar_of(self.clocks.ruleset, self.rule, self.clocks.world, self.ticket, now)
        span = oracle._span(self.value(self.deadline.at.name, now), calendar)
        if span is None:
            return None
        return door.end_of(span[0].astimezone(door.zone).date()) if span[2] else span[0]

    def _moved(self, cycle: Cycle, door: OpenMinutes, first_due: datetime, end: datetime) -> tuple[timedelta, datetime]:
        """How much was lost in pauses that began before the due time, and where that moves it."""
        lost, due = NOTHING, first_due
        within = self.within(end)
        if self.deadline.at is not None or within is None:
            return lost, due
        for begin, stop in self._pauses(cycle, end):
            if begin < due:
                lost += door.between(begin, stop) if within.business else stop - begin
                due = door.forward(first_due, lost) if within.business else first_due + lost
        return lost, due

    def _pauses(self, cycle: Cycle, end: datetime) -> list[tuple[datetime, datetime]]:
        found: list[tuple[datetime, datetime]] = []
        since = None
        for now in [*self.moments(max(cycle.start, self._created()), end), end]:
            paused = now < end and self._paused(cycle, now)
            if paused and since is None:
                since = now
            elif since is not None and not paused:
                found.append((since, now))
                since = None
        return found

    def _created(self) -> datetime:
        created: datetime = (self.clocks.world.ticket(self.ticket) or {})["created"]
        return created

    def _paused(self, cycle: Cycle, now: datetime) -> bool:
        idle = any(begin <= now < end for begin, end in cycle.idle)
        return idle or self._holds("pause_while", now)

    # --- steps and states ---------------------------------------------------------------------------------------------

    def _steps(self, door: OpenMinutes, due: datetime, opened: datetime) -> tuple[tuple[str, datetime], ...]:
        before = [door.subtract(due, step.offset) for step in self.deadline.remind]
        reminded = [_reminded(door, then, due, opened) for then in before]
        after = [door.add(due, step.offset) for step in self.deadline.escalate]
        named = [("remind", reminded), ("escalate", after)]
        return tuple((f"{word} {number}", then) for word, each in named for number, then in enumerate(each, 1))

    def _soon(self, cycle: Cycle, door: OpenMinutes, due: datetime, now: datetime, steps: Any) -> datetime:
        reminders = [then for name, then in steps if name.startswith("remind")]
        if reminders:
            return max(min(reminders), cycle.start)
        within = None if self.deadline.at else self.within(now)
        if within is None or (within.business and within.unit == "day"):
            return max(due - (due - cycle.start) / 4, cycle.start)
        return max(door.subtract(due, replace(within, amount=within.amount / 4)), cycle.start)

    def _state(self, cycle: Cycle, due: datetime, soon: datetime) -> str:
        if cycle.stop is not None:
            return "met" if cycle.stop <= due else "missed"
        if self._stands_still(cycle, due):
            return "paused"
        if self.at > due:
            return "missed" if self.clocks.known_to > due else "due_soon"
        if self._paused(cycle, self.at):
            return "paused"
        return "due_soon" if self.at >= soon else "running"

    def _stands_still(self, cycle: Cycle, due: datetime) -> bool:
        """Whether a pause that began before the due time goes on: nothing is missed in it, whatever its length."""
        pauses = self._pauses(cycle, self.at)
        begun = bool(pauses) and pauses[-1][1] == self.at and pauses[-1][0] < due
        return begun and self.deadline.at is None and self._paused(cycle, self.at)


def _reminded(door: OpenMinutes, then: datetime, due: datetime, opened: datetime) -> datetime:
    """In working time and not before the clock opened."""
    moment = door.previous_open(then)
    if moment >= opened:
        return moment
    opening = door.next_open(max(then, opened))
    return opening if opening < due else opened
