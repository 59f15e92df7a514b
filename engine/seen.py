"""One period of a helpdesk as it was known when the period ended: what a section of a report is made from.

Nothing that happened later is seen, and nothing that happened earlier is judged again: a ticket that was reopened in March
was solved in February's report. What happened is told as :class:`Happening`, with the team and the person it was with *then*.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from ..rules.calendar import calendar_for
from .clocks import Clocks
from .demand import facts_of, with_clocks
from .feedback import feedback
from .history import History
from .runnable import rules_in_force
from .scene import group_of
from .snapshot import INSTANT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from ..rules.model import RuleSet
    from .feedback import Said
    from .snapshot import Snapshot
    from .word import Word

TICK = timedelta(microseconds=1)
FACTS = frozenset(
    {
        *(
            "status",
            "group",
            "assignee",
            "channel",
            "created",
            "first_reply",
            "first_reply_took",
            "requester",
            "subject",
        ),
        *("solved", "resolution_took", "reopens", "handoffs", "csat", "csat_given"),
    }
)
"""What sections may read of :attr:`Seen.present` and :attr:`Seen.steps`."""
NO_TEAM, NOBODY = "no team", "nobody"
_DAYS, _WEEKS = timedelta(days=45), timedelta(days=200)


@dataclass(frozen=True, slots=True)
class Period:
    """From ``begin`` up to ``end``, which belongs to what comes after."""

    begin: datetime
    end: datetime

    @property
    def at(self) -> datetime:
        """The last instant: by what was known then, everything is judged."""
        return self.end - TICK

    def __contains__(self, instant: datetime) -> bool:
        return self.begin <= instant < self.end


class Happening(NamedTuple):
    """Something that happened on a ticket, in a word. ``team`` and ``person`` had it then; ``about`` says more."""

    ticket: str
    at: datetime
    what: str
    team: str
    person: str
    about: str = ""


class Seen:
    """A period of a snapshot's helpdesk. ``word``: our promises; ``per_person``: whether people may be told apart by name.

    ``facts``: further facts that may be asked of :attr:`history`.
    """

    def __init__(
        self,
        ruleset: RuleSet,
        snapshot: Snapshot,
        period: Period,
        word: Word,
        *,
        per_person: bool,
        facts: Collection[str] = (),
    ) -> None:
        self.ruleset, self.snapshot, self.period, self.word = ruleset, snapshot, period, word
        self.per_person = per_person
        self.rules = [rule for _, rule in rules_in_force(ruleset, snapshot.helpdesk)]
        self.zone = calendar_for(ruleset, ruleset.default_calendar).zone
        clocked = [rule for rule in self.rules if rule.actions.deadline or rule.actions.recover]
        self.history = History(snapshot, FACTS.union(facts_of(with_clocks(ruleset, clocked)), facts), ruleset)
        self.clocks = Clocks(ruleset, self.history, word=word if word.snapshot is snapshot else None)
        self._teams = {group_of(team).casefold(): name for name, team in ruleset.teams.items()}

    @property
    def at(self) -> datetime:
        """By what was known then, everything is judged."""
        return self.period.at

    # --- tickets ------------------------------------------------------------------------------------------------------

    @cached_property
    def present(self) -> pl.DataFrame:
        """The :data:`FACTS` of every ticket at the end of the period; those merged or deleted by then are left out."""
        now = self.history.tickets.select("t", now=pl.lit(self.at, INSTANT))
        return self.history.at(now).filter(~pl.col("_gone"))

    @cached_property
    def steps(self) -> pl.DataFrame:
        """The same tickets at every instant at which something happened: ``t``, ``at`` and the facts from then on."""
        return self.history.states.filter(pl.col("t").is_in(self.present["t"].implode())).sort("t", "at")

    def within(self, column: str) -> pl.Expr:
        """Whether the instant in a column lies in the period."""
        return pl.col(column).is_between(self.period.begin, self.at)

    # --- what happened ------------------------------------------------------------------------------------------------

    def happenings(self, found: pl.DataFrame) -> list[Happening]:
        """Rows ``t``, ``at``, ``what`` and perhaps ``about`` with the team and the person that had the ticket then."""
        then = self.history.at(found.select("t", now="at"), {"group", "assignee"})
        about = pl.col("about").fill_null("") if "about" in found.columns else pl.lit("").alias("about")
        columns = (then["id"].fill_null(""), *found.select("at", "what", about), then["group"], then["assignee"])
        teams = {group: self.team(group) for group in then["group"].unique()}
        return [
            Happening(ticket, at.astimezone(UTC), what, teams[group], person or NOBODY, more)
            for ticket, at, what, more, group, person in pl.DataFrame(columns).iter_rows()
        ]

    @cached_property
    def said(self) -> list[Said]:
        """What customers said in the period."""
        return feedback(self)

    def team(self, group: str | None) -> str:
        """The team of the rule file that has a group, else the group itself."""
        return self._teams.get(group.casefold(), group) if group else NO_TEAM

    def team_of(self, handle: str) -> str:
        """The team that names somebody, else that of the first group they are in."""
        named = (
            name for name, team in self.ruleset.teams.items() if any(each.handle == handle for each in team.people)
        )
        person = self.snapshot.people.get(handle)
        return next(named, None) or self.team(next(iter(person.groups), None) if person else None)

    def name(self, handle: str) -> str:
        """What somebody is called."""
        person = self.snapshot.people.get(handle)
        return (person.name if person else "") or handle

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number ``t`` of every ticket by its id."""
        return dict(self.history.tickets.select("id", "t").iter_rows())

    def number(self, ticket: str) -> int:
        """The number ``t`` of a ticket; one that was not there yet has none of its own."""
        return self.numbers.get(ticket, -1)

    def clock_names(self) -> list[str]:
        """The names of all deadlines, in the order of the file."""
        return list(dict.fromkeys(rule.actions.deadline.name for rule in self.rules if rule.actions.deadline))

    def watches_word(self) -> bool:
        """Whether a rule keeps watch over promises."""
        return any(rule.actions.promise for rule in self.rules)

    def opens_cases(self) -> bool:
        """Whether a rule opens recovery cases."""
        return any(rule.actions.recover for rule in self.rules)

    def verdicts(self, name: str) -> Iterator[pl.DataFrame]:
        """What the deadlines of a name came to (:attr:`.clocks.Clock.verdicts`), of each ticket by the rule that counts there."""
        present, taken = frozenset(self.present["t"]), frozenset[int]()
        *others, last = self.clocks.named(name)
        for rule in (*others, last):
            clock = self.clocks.of(rule)
            yield clock.verdicts.filter(pl.col("t").is_in(list(present - taken)))
            if rule is not last:
                taken |= frozenset(t for t in present if clock.has_value(t))

    # --- time ---------------------------------------------------------------------------------------------------------

    @cached_property
    def stretches(self) -> list[tuple[str, Period]]:
        """The period in days, weeks or months, whichever is readable, each with its name; its ends may be cut."""
        length = self.period.end - self.period.begin
        starts = list(self._starts("day" if length <= _DAYS else "week" if length <= _WEEKS else "month"))
        ends = [*starts[1:], self.period.end]
        names = (f"{start.astimezone(self.zone):%Y-%m-%d}" for start in starts)
        return [(name, Period(start, end)) for name, start, end in zip(names, starts, ends, strict=True)]

    def _starts(self, unit: str) -> Iterator[datetime]:
        start = self.period.begin.astimezone(self.zone)
        while start < self.period.end:
            yield start.astimezone(UTC)
            day = start.date()
            if unit == "month":
                day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
            else:
                day += timedelta(days=1 if unit == "day" else 7 - day.weekday())
            start = datetime(day.year, day.month, day.day, tzinfo=self.zone)

    def in_time(self, found: Iterable[Happening], *whats: str) -> dict[str, list[int]]:
        """How often each of ``whats`` happened in each of :attr:`stretches`."""
        ends = [period.end for _, period in self.stretches]
        sums = {what: [0] * len(ends) for what in whats}
        for each in found:
            if each.what in sums:
                sums[each.what][bisect_right(ends, each.at)] += 1
        return sums
