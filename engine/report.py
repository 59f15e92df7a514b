"""A report: figures of one period, beside those of the period before, each by what was known when that period ended.

:data:`SECTIONS` is all that it is about. To add a section, write a function from :class:`.seen.Seen` to
:class:`.figures.Section` and name it there: the period before, and every format, come by themselves.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..rules.facts import fact_named
from .demand import facts_read_by, needs
from .plan_file import instant_text
from .report_people import fairness, reopens, satisfaction
from .report_recovery import recovery
from .report_voice import thanks, voice
from .report_word import deadlines, promises
from .runnable import rules_in_force
from .seen import FACTS, TICK, Period, Seen
from .word import Word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from zoneinfo import ZoneInfo

    from ..rules.model import RuleSet
    from .figures import Section
    from .snapshot import Needs, Snapshot

FORMAT = "makegood-report/1"

SECTIONS: dict[str, Callable[[Seen], Section]] = {
    "promises": promises,
    "deadlines": deadlines,
    "satisfaction": satisfaction,
    "reopens": reopens,
    "recovery": recovery,
    "voice": voice,
    "fairness": fairness,
    "recognition": thanks,
}
"""Every section by its key, in the order in which they stand in a report."""


@dataclass(frozen=True, slots=True)
class Report:
    """All of it. ``asked`` is the period as it was asked for; ``period`` ends earlier where that is not over yet.

    ``zone``: whose days they are. ``known_to``: how far the local copy reaches.
    """

    title: str
    helpdesk: str
    asked: Period
    period: Period
    earlier: Period
    zone: str
    known_to: datetime
    per_person: bool
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The report as ``report --format json`` prints it."""
        return {
            "format": FORMAT,
            "title": self.title,
            "helpdesk": self.helpdesk,
            "from": instant_text(self.period.begin),
            "to": instant_text(self.period.end),
            "complete": self.period == self.asked,
            "before": {"from": instant_text(self.earlier.begin), "to": instant_text(self.earlier.end)},
            "time_zone": self.zone,
            "known_to": instant_text(self.known_to),
            "per_person": self.per_person,
            "notes": list(self.notes),
            "sections": [section.to_json() for section in self.sections],
        }


def so_far(asked: Period, now: datetime) -> Period:
    """As much of a period as there has been by now."""
    return asked if asked.end <= now else Period(asked.begin, now + TICK)


def before(period: Period, zone: ZoneInfo) -> Period:
    """The period before one: as many months before whole months, as many days before whole days, else equally long."""
    begin, end = (instant.astimezone(zone).replace(tzinfo=None) for instant in (period.begin, period.end))
    if _is_month(begin) and _is_month(end):
        months = 12 * begin.year + begin.month - 1 - (12 * (end.year - begin.year) + end.month - begin.month)
        first = datetime(months // 12, months % 12 + 1, 1, tzinfo=zone)
    elif _is_day(begin) and _is_day(end):
        first = (begin - (end - begin)).replace(tzinfo=zone)
    else:
        first = period.begin - (period.end - period.begin)
    return Period(first.astimezone(UTC), period.begin)


def _is_day(local: datetime) -> bool:
    return local == local.replace(hour=0, minute=0, second=0, microsecond=0)


def _is_month(local: datetime) -> bool:
    return _is_day(local) and local.day == 1


def report_needs(ruleset: RuleSet, helpdesk: str) -> Needs:
    """What the store has to read for a report. Read it as of ``before(period).at``: what was there then counts."""
    found = (rule for _, rule in rules_in_force(ruleset, helpdesk))
    rules = [rule for rule in found if rule.actions.deadline or rule.actions.promise or rule.actions.recover]
    asked = needs(ruleset, rules)
    return replace(asked, fields=asked.fields | FACTS, messages=True, texts=True, ratings=True, closed=True, gone=True)


def report(
    ruleset: RuleSet, snapshot: Snapshot, asked: Period, now: datetime, zone: ZoneInfo, *, per_person: bool = False
) -> Report:
    """The report on a period, as it was known when the period ended, or now if it has not.

    ``snapshot`` holds what :func:`report_needs` names; its own instant is not looked at.
    """
    period = so_far(asked, now)
    earlier = before(period, zone)
    late, early = (replace(snapshot, at=each.at) for each in (period, earlier))
    word = Word(ruleset, late)
    new = Seen(ruleset, late, period, word, per_person=per_person)
    old = Seen(ruleset, early, earlier, word, per_person=per_person)
    first = snapshot.tickets["created"].min()
    known = isinstance(first, datetime) and first <= _late(earlier)
    sections = (_beside(make(new), make(old) if known else None) for make in SECTIONS.values())
    return Report(
        f"Service report {snapshot.helpdesk}",
        snapshot.helpdesk,
        asked,
        period,
        earlier,
        zone.key,
        snapshot.known_to,
        per_person,
        tuple(sections),
        tuple(_notes(new, earlier, first if isinstance(first, datetime) else None)),
    )


def _beside(section: Section, earlier: Section | None) -> Section:
    """The section with the figures of the period before beside its own, where that period is known."""
    was = {figure.key: figure for figure in earlier.figures} if earlier else {}
    figures = (
        replace(each, before=was[each.key].value, before_based_on=was[each.key].based_on) if each.key in was else each
        for each in section.figures
    )
    return replace(section, figures=tuple(figures))


def _late(earlier: Period) -> datetime:
    """If the first ticket that is known came in later than this, too little of the period is known to compare with."""
    return earlier.begin + (earlier.end - earlier.begin) / 10


def _notes(seen: Seen, earlier: Period, first: datetime | None) -> Iterator[str]:
    """What has to be known of the data to read the figures; ``first``: when the first ticket came in that we know of."""
    known_to = seen.snapshot.known_to
    if known_to < seen.at - timedelta(minutes=1):
        yield f"The helpdesk is known up to {known_to.astimezone(seen.zone):%Y-%m-%d %H:%M}: what came after is missing."
    day = f"{first.astimezone(seen.zone):%Y-%m-%d}" if first else ""
    if first is None or first > seen.at:
        yield f"Nothing is known of this period{f': the first ticket that is known came in on {day}' if first else ''}."
    elif first > _late(earlier):
        yield f"Nothing is compared: the first ticket that is known came in on {day}, when the period before had begun."
    for fact, rules in _without_history(seen).items():
        yield f"{fact} is known only as it is now, and by that the past is judged: {', '.join(rules)}."


def _without_history(seen: Seen) -> dict[str, list[str]]:
    """The facts without history that decide about deadlines and cases, each with the names of the rules that ask them."""
    found: dict[str, list[str]] = defaultdict(list)
    for rule in seen.rules:
        for name in sorted(facts_read_by(rule)) if rule.actions.deadline or rule.actions.recover else ():
            fact = fact_named(name)
            if fact is not None and not fact.history:
                found[name].append(rule.name)
    return found
