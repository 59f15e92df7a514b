"""What rules mean, row by row and instant by instant: slow, plain, and written from the language page alone.

It shares no code with the engine but the model's types and the calendars. :func:`holds` looks at one ticket at one
instant; :func:`since` asks it at every instant at which anything could have turned.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from oracle_facts import World, all_waits, fact, field_at, number, others, sla_runs, solved, stints

from makegood.rules.calendar import Calendar, calendar_for
from makegood.rules.durations import Duration
from makegood.rules.facts import fact_named
from makegood.rules.model import By, Group, Leaf, Rule, RuleSet, leaves

TICK = timedelta(microseconds=1)


# --- comparisons ------------------------------------------------------------------------------------------------------


def compare(ruleset: RuleSet, calendar: Calendar, leaf: Leaf, world: World, ticket: str, now: datetime) -> bool:
    if leaf.operator == "not":
        return not compare(ruleset, calendar, _as(leaf, "is"), world, ticket, now)
    if leaf.operator in ("over", "under"):
        return _lasted(calendar, leaf, world, ticket, now)
    value = fact(world, ticket, leaf.fact, now)
    if leaf.operator in ("present", "missing"):
        return (value is not None) == (leaf.operator == "present")
    if value is None:
        return False
    if leaf.operator in TIMES:
        return _timely(ruleset, calendar, leaf, value, now)
    return _matches(leaf, value)


def _as(leaf: Leaf, operator: Any) -> Leaf:
    return Leaf(leaf.fact, operator, leaf.operand, leaf.span, leaf.path)


def _matches(leaf: Leaf, value: Any) -> bool:
    if leaf.operator in NUMBERS:
        found = number(value)
        return found is not None and NUMBERS[leaf.operator](found, float(leaf.operand))
    if leaf.operator == "is":
        return any(_equal(leaf.fact, value, wanted) for wanted in leaf.operand)
    if leaf.operator == "all":
        return all(_equal(leaf.fact, value, wanted) for wanted in leaf.operand)
    texts = [value] if isinstance(value, str) else list(value)
    return TEXTS[leaf.operator](texts, leaf.operand)


def _equal(name: str, value: Any, wanted: str) -> bool:
    if isinstance(value, tuple):
        return wanted.lower() in [entry.lower() for entry in value]
    if name == "sample":
        return bool(value < float(wanted.rstrip("%")) / 100)
    if isinstance(value, bool):
        return value == (wanted == "yes")
    if isinstance(value, int | float):
        return float(value) == float(wanted)
    same = value.lower() == wanted.lower()
    return same or (name == "language" and value.lower().startswith((f"{wanted.lower()}-", f"{wanted.lower()}_")))


def _anywhere(test: Any, quantifier: Any = any) -> Any:
    def check(texts: list[str], wanted: tuple[str, ...]) -> bool:
        return bool(quantifier(any(test(text.lower(), want.lower()) for text in texts) for want in wanted))

    return check


NUMBERS: dict[str, Any] = {
    "at_least": lambda value, bound: value >= bound,
    "at_most": lambda value, bound: value <= bound,
    "more_than": lambda value, bound: value > bound,
    "less_than": lambda value, bound: value < bound,
}
TEXTS: dict[str, Any] = {
    "contains": _anywhere(lambda text, wanted: wanted in text),
    "contains_all": _anywhere(lambda text, wanted: wanted in text, all),
    "starts_with": _anywhere(str.startswith),
    "ends_with": _anywhere(str.endswith),
    "matches": lambda texts, pattern: bool(re.search(pattern, "\n".join(texts), re.IGNORECASE)),
}
TIMES = ("older_than", "newer_than", "in_next", "anniversary_in", "before", "after", "during", "outside")


def _timely(ruleset: RuleSet, calendar: Calendar, leaf: Leaf, value: Any, now: datetime) -> bool:
    span = _span(value, calendar)
    if span is None:
        return False
    begin, end, whole_day = span
    operator, operand = leaf.operator, leaf.operand
    if operator in ("older_than", "newer_than"):
        return (calendar.add(end, operand) <= now) == (operator == "older_than")
    if operator == "in_next":
        return calendar.subtract(begin, operand) <= now < end
    if operator == "anniversary_in":
        return _returns(calendar, begin, operand, now)
    if operator in ("during", "outside"):
        return calendar_for(ruleset, operand).is_open(begin) == (operator == "during")
    first, last = (operand, operand) if isinstance(operand, datetime) else calendar.day_bounds(operand)
    if operator == "before":
        return end <= first if whole_day else begin < first
    return begin > last if isinstance(operand, datetime) else begin >= last


def _span(value: Any, calendar: Calendar) -> tuple[datetime, datetime, bool] | None:
    """What a time stands for; a custom field's bare date is a whole day."""
    if isinstance(value, datetime):
        return value, value, False
    try:
        if dotted := re.fullmatch(r"(\d\d?)\.(\d\d?)\.(\d{4})", value):
            return *calendar.day_bounds(date(int(dotted[3]), int(dotted[2]), int(dotted[1]))), True
        if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return *calendar.day_bounds(date.fromisoformat(value)), True
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    aware = (moment if moment.tzinfo else moment.replace(tzinfo=calendar.zone)).astimezone(UTC)
    return aware, aware, False


def _returns(calendar: Calendar, first: datetime, within: Duration, now: datetime) -> bool:
    day = first.astimezone(calendar.zone).date()
    for year in range(max(day.year + 1, now.year - 1), now.year + 2):
        begin, end = calendar.day_bounds(_return_in(year, day))
        if calendar.subtract(begin, within) <= now < end:
            return True
    return False


def _lasted(calendar: Calendar, leaf: Leaf, world: World, ticket: str, now: datetime) -> bool:
    """Longer or shorter: on the wall clock and in business hours by what elapsed, in business days by the last day's end."""
    lengths = _lengths(calendar, leaf, world, ticket, now)
    if lengths is None:
        return False
    if leaf.operator == "over":
        return any(length > timedelta(0) for length in lengths)
    return bool(leaf.operand.amount) and all(length < timedelta(0) for length in lengths)  # none is shorter than none


def _lengths(calendar: Calendar, leaf: Leaf, world: World, ticket: str, now: datetime) -> list[timedelta] | None:
    """By how much each stretch is longer than the operand; no stretches: a wait of no length."""
    created = (world.ticket(ticket) or {})["created"]
    if leaf.fact == "longest_wait":
        return [_excess(calendar, leaf.operand, *wait) for wait in all_waits(world, ticket, now)]
    if leaf.fact == "first_reply_took":
        reply = fact(world, ticket, "first_reply", now)
        return None if reply is None else [_excess(calendar, leaf.operand, created, reply)]
    end = solved(world, ticket, now)
    if end is None:
        return None
    gaps = zip(*stints(world, ticket, now), strict=False)
    lost = sum((_elapsed(calendar, leaf.operand, begin, end) for begin, end in gaps), timedelta(0))
    return [_excess(calendar, leaf.operand, created, end) - lost]


def _excess(calendar: Calendar, length: Duration, begin: datetime, end: datetime) -> timedelta:
    if length.business and length.unit == "day":
        return end - calendar.add(begin, length)
    return _elapsed(calendar, length, begin, end) - length.length


def _elapsed(calendar: Calendar, length: Duration, begin: datetime, end: datetime) -> timedelta:
    in_hours = length.business and length.unit != "day"
    return timedelta(seconds=calendar.open_between(begin, end)) if in_hours else end - begin


# --- rules ------------------------------------------------------------------------------------------------------------


def calendar_of(ruleset: RuleSet, rule: Rule, world: World, ticket: str, now: datetime) -> Calendar:
    team = ruleset.teams.get(rule.actions.assign.team or "") if rule.actions.assign else None
    usual = (team.calendar if team else None) or ruleset.default_calendar
    if not isinstance(rule.calendar, By):
        return calendar_for(ruleset, rule.calendar or usual)
    value = fact(world, ticket, rule.calendar.fact, now)
    chosen = rule.calendar.cases.get(str(value).lower(), rule.calendar.default)
    return calendar_for(ruleset, chosen or usual)


def holds(ruleset: RuleSet, rule: Rule, world: World, ticket: str, now: datetime) -> bool:
    calendar = calendar_of(ruleset, rule, world, ticket, now)

    def true(condition: Any) -> bool:
        if isinstance(condition, Leaf):
            return compare(ruleset, calendar, condition, world, ticket, now)
        assert isinstance(condition, Group)
        parts = [true(part) for part in condition.parts]
        return {"all": all(parts), "any": any(parts), "none": not any(parts)}[condition.kind]

    if field_at(world, ticket, "status", now) == "closed" and not _names_closed(rule.when):
        return False
    return rule.when is None or true(rule.when)


def _names_closed(condition: Any) -> bool:
    if isinstance(condition, Group):
        return condition.kind != "none" and any(_names_closed(part) for part in condition.parts)
    is_status = isinstance(condition, Leaf) and condition.fact == "status" and condition.operator == "is"
    return is_status and "closed" in condition.operand


def in_scope(world: World) -> list[str]:
    return [row["id"] for row in others(world, world.at)]


def since(ruleset: RuleSet, rule: Rule, world: World, ticket: str) -> datetime:
    """The first of the instants, back from now without a break, at which the rule holds."""
    start = world.at
    for now in sorted(instants(ruleset, rule, world, ticket), reverse=True):
        if not holds(ruleset, rule, world, ticket, now):
            break
        start = now
    return start


def matched(ruleset: RuleSet, rule: Rule, world: World) -> set[str]:
    found = {ticket for ticket in in_scope(world) if holds(ruleset, rule, world, ticket, world.at)}
    return {ticket for ticket in found if _long_enough(ruleset, rule, world, ticket)}


def _long_enough(ruleset: RuleSet, rule: Rule, world: World, ticket: str) -> bool:
    if rule.for_ is None:
        return True
    calendar = calendar_of(ruleset, rule, world, ticket, world.at)
    return calendar.add(since(ruleset, rule, world, ticket), rule.for_) <= world.at


def instants(ruleset: RuleSet, rule: Rule, world: World, ticket: str) -> set[datetime]:
    """Far more than every instant at which the rule may have turned for the ticket."""
    created = (world.ticket(ticket) or {})["created"]
    values = {row["created"] for row in world.tickets} | {row["updated"] for row in world.tickets}
    values |= {event["at"] for event in world.events}
    events = set(values)
    for leaf in leaves(rule.when):
        values |= _marks(ruleset, leaf, world, created)
    values |= _clock_turns(rule, world, ticket)
    later = {turn for leaf in leaves(rule.when) for turn in _shifted(ruleset, leaf, values)}
    windows = {value + timedelta(days=days) for value in events for days in (7, 30, 90)}
    found = {turn + step for turn in values | later | windows for step in (timedelta(0), TICK)}
    return {turn for turn in found if created < turn < world.at} | {created, world.at}


def _clock_turns(rule: Rule, world: World, ticket: str) -> set[datetime]:
    """When the desk's own clocks are nearly due, and when they are due."""
    clocks = {leaf.fact[4:].removesuffix(".due") for leaf in leaves(rule.when) if leaf.fact.startswith("sla.")}
    runs = [run for clock in clocks for run in sla_runs(world, ticket, clock)]
    return {turn for _, _, due, since in runs if due for turn in (due, due - (due - since) / 4)}


def _marks(ruleset: RuleSet, leaf: Leaf, world: World, created: datetime) -> set[datetime]:
    """Instants that a field or the rule itself names, midnights and openings."""
    found = fact_named(leaf.fact)
    if found is None or (found.type not in ("time", "any")):
        return set()
    calendars = [calendar_for(ruleset, name) for name in ("always", *ruleset.calendars)]
    written: list[Any] = [leaf.operand]
    for ticket in world.tickets:
        moments = {created, world.at, *(event["at"] for event in world.of(ticket["id"]))}
        written += [fact(world, ticket["id"], leaf.fact, max(at, ticket["created"])) for at in moments]
    spans = [_span(value, calendar) for value in written if isinstance(value, str | datetime) for calendar in calendars]
    marks = {edge for span in spans if span for edge in span[:2]}
    if isinstance(leaf.operand, date) and not isinstance(leaf.operand, datetime):
        marks |= {edge for calendar in calendars for edge in calendar.day_bounds(leaf.operand)}
    if leaf.operator in ("during", "outside") and leaf.fact == "now":
        marks |= _openings(calendar_for(ruleset, leaf.operand), created, world.at)
    if leaf.operator == "anniversary_in":
        marks |= {edge for calendar in calendars for mark in marks for edge in _yearly(calendar, mark, world.at)}
    return marks


def _yearly(calendar: Calendar, first: datetime, at: datetime) -> list[datetime]:
    day = first.astimezone(calendar.zone).date()
    return [e for year in range(at.year - 2, at.year + 2) for e in calendar.day_bounds(_return_in(year, day))]


def _return_in(year: int, day: date) -> date:
    no_such_day = (day.month, day.day) == (2, 29) and (year % 4 or (year % 100 == 0 and year % 400))
    return date(year, day.month, 28 if no_such_day else day.day)


def _openings(calendar: Calendar, begin: datetime, end: datetime) -> set[datetime]:
    found, now = set(), begin.replace(minute=0)
    while now < end:
        if calendar.is_open(now) != calendar.is_open(now - TICK):
            found.add(now)
        now += timedelta(minutes=30)
    return found


def _shifted(ruleset: RuleSet, leaf: Leaf, values: set[datetime]) -> set[datetime]:
    if not isinstance(leaf.operand, Duration):
        return set()
    calendars = [calendar_for(ruleset, name) for name in ("always", *ruleset.calendars)]
    shifted = {calendar.add(value, leaf.operand) for value in values for calendar in calendars}
    shifted |= {calendar.subtract(value, leaf.operand) for value in values for calendar in calendars}
    return shifted | {calendar.next_open(turn) for turn in shifted for calendar in calendars}
