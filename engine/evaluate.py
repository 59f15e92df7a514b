"""Which rules hold for which tickets now, since when, what was seen, and when that changes if nobody acts.

:func:`evaluate` is a pure function of a rule set and a snapshot. Everything it answers comes from the same columns:
facts at instants (:mod:`.history`) and verdicts over them (:mod:`.judge`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from ..rules.facts import fact_named
from ..rules.model import By, leaves
from .ahead import effects_ahead, instants_ahead, turns_ahead
from .clocks import Clocks
from .demand import clock_in, facts_of, with_clocks
from .history import History
from .judge import Judge
from .leaves import names_closed
from .replay import Given, Replay
from .snapshot import INSTANT
from .values import in_words, typed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ..rules.model import Rule, RuleSet
    from .ahead import Turn
    from .cycle import Cycle
    from .recovery import Recovery
    from .snapshot import Snapshot
    from .word import Word


@dataclass(frozen=True, slots=True)
class LeafTrace:
    """One comparison on one ticket: where it stands, what was seen (``None``: no value), and whether it held."""

    path: str
    line: int
    fact: str
    operator: str
    operand: Any
    value: object | None
    verdict: bool


def evaluate(
    ruleset: RuleSet,
    snapshot: Snapshot,
    *,
    rules: Sequence[Rule] | None = None,
    tickets: Collection[str] | None = None,
) -> Evaluation:
    """Judge ``rules`` (without them all that are not ``off``) on ``tickets`` (without them all) of a snapshot.

    Other tickets still count in facts that look across tickets.
    """
    asked = tuple(rule for rule in ruleset.rules if rule.mode != "off") if rules is None else tuple(rules)
    history = History(snapshot, facts_of(with_clocks(ruleset, asked)), ruleset)
    if tickets is not None:
        history = history.only(history.tickets.filter(pl.col("id").is_in(list(tickets)))["t"])
    return Evaluation(ruleset, history, asked, tickets)


class Evaluation:
    """The verdicts of rules on the tickets of one snapshot. Nothing is worked out before it is asked for."""

    def __init__(
        self,
        ruleset: RuleSet,
        history: History,
        rules: tuple[Rule, ...],
        tickets: Collection[str] | None = None,
        given: Given | None = None,
        clocks: Clocks | None = None,
    ) -> None:
        self.ruleset, self.rules, self.tickets = ruleset, rules, tickets
        self.given = given or Given({})
        self.clocks = clocks or Clocks(ruleset, history, self.given)
        self.history = self.clocks.history_with(facts_of(rules))
        self.at = history.snapshot.at
        self.judge = Judge(ruleset, rules, self.history)
        self._starts: dict[str, dict[int, datetime]] = {}
        self._cells: dict[str, list[Any]] = {}

    # --- tickets and verdicts -----------------------------------------------------------------------------------------

    @cached_property
    def _present(self) -> pl.DataFrame:
        """The facts now: a row for each ticket that was asked for and is not gone, in the order in which rules act."""
        tickets = self.history.tickets
        if self.tickets is not None:
            tickets = tickets.filter(pl.col("id").is_in(list(self.tickets)))
        frame = self.history.at(tickets.select("t", now=pl.lit(self.at, INSTANT))).filter(~pl.col("_gone"))
        digits = pl.col("id").str.extract(r"(\d+)$").cast(pl.Int64, strict=False)
        order = frame.sort("unanswered_since", "created", digits, "id", nulls_last=True)
        return self.given.over(order)

    @cached_property
    def _verdicts(self) -> pl.DataFrame:
        return self.judge.over(self._present)

    @cached_property
    def _ids(self) -> list[str]:
        return self._present["id"].to_list()

    @cached_property
    def _rows(self) -> dict[str, int]:
        """The row of each ticket in the present."""
        return {ticket: row for row, ticket in enumerate(self._ids)}

    @property
    def seen(self) -> int:
        """How many tickets were looked at: those not closed, and closed ones where a rule names them."""
        if any(names_closed(rule.when) for rule in self.rules):
            return self._present.height
        return self._present.filter(pl.col("status").ne_missing(pl.lit("closed"))).height

    @property
    def working(self) -> int:
        """How many tickets are open: neither solved nor closed."""
        return self._present.filter(~pl.col("status").is_in(["solved", "closed"])).height

    def matched(self, rule: Rule) -> tuple[str, ...]:
        """The ids of the tickets for which the rule holds now, its ``for`` included, whatever other rules say.

        The ticket whose customer waits longest comes first, then the oldest, then by id.
        """
        holding = tuple(self._ids[row] for row in self._verdicts[rule.id].arg_true())
        return tuple(ticket for ticket in holding if self.due(rule, ticket) <= self.at) if rule.for_ else holding

    def due(self, rule: Rule, ticket: str) -> datetime:
        """When the rule, whose condition holds for the ticket now, acts on it: its ``for`` after the episode's start.

        Raises:
            KeyError: the condition does not hold for this ticket now.
        """
        start = self.since(rule, ticket)
        return self.judge.calendar(self.calendar_of(rule, ticket)).add(start, rule.for_) if rule.for_ else start

    def calendar_of(self, rule: Rule, ticket: str) -> str:
        """The name of the calendar that the rule runs on for this ticket."""
        (_, usual), *cases = self.judge.calendars(rule)
        value = self.value(ticket, rule.calendar.fact) if isinstance(rule.calendar, By) else None
        return next((name for case, name in cases if case == in_words(value, "UTC").lower()), usual)

    # --- episodes -----------------------------------------------------------------------------------------------------

    def since(self, rule: Rule, ticket: str) -> datetime:
        """When the stretch began, ending now, in which the rule's condition held without a break.

        Raises:
            KeyError: the condition does not hold for this ticket now.
        """
        return self._starts_of(rule)[self._present["t"][self._rows[ticket]]]

    def _starts_of(self, rule: Rule) -> dict[int, datetime]:
        if rule.id not in self._starts:
            holding = self._present.filter(self._verdicts[rule.id])["t"]
            replay = Replay(self.history, self.judge, self.given)
            self._starts[rule.id] = replay.starts(rule, holding)
        return self._starts[rule.id]

    # --- what was seen ------------------------------------------------------------------------------------------------

    def value(self, ticket: str, fact: str) -> object | None:
        """A fact of a ticket now: text, tuple of texts, number, bool, datetime in UTC or timedelta; ``None`` where missing."""
        row = self._rows.get(ticket)
        if row is None:
            return None
        if fact not in self._cells:
            self._cells[fact] = self._column(fact)
        return typed(fact, self._cells[fact][row])

    def _column(self, fact: str) -> list[Any]:
        """A fact of all tickets; one that no rule mentions is worked out now."""
        found = fact_named(fact)
        if fact in self._present.columns:
            return self._present["_called" if fact == "id" else fact].to_list()
        if found is None:
            return [None] * self._present.height
        told = self.clocks.history_with(frozenset({fact})).told.values()
        history = History(self.history.snapshot, {fact}, self.ruleset).telling(*told)
        frame = history.at(self._present.select("t", "now"), {fact})
        return self.given.over(frame)[fact].to_list()

    def every(self, fact: str) -> dict[str, Any]:
        """A plain fact of all tickets, by ticket."""
        if fact not in self._cells:
            self._cells[fact] = self._column(fact)
        return dict(zip(self._ids, self._cells[fact], strict=True))

    def text(self, ticket: str, fact: str, zone: str = "UTC") -> str:
        """A fact as a text for people: times on the clock of the zone, nothing where it is missing."""
        return in_words(self.value(ticket, fact), zone)

    def trace(self, rule: Rule, ticket: str) -> list[LeafTrace]:
        """Every comparison of the rule on this ticket, in the order of the file."""
        row, calendar = self._rows[ticket], self.calendar_of(rule, ticket)
        return [
            LeafTrace(
                leaf.path,
                leaf.span.line,
                leaf.fact,
                leaf.operator,
                leaf.operand,
                self.value(ticket, leaf.fact),
                bool(self._verdicts[self.judge.column(leaf, calendar)][row]),
            )
            for leaf in leaves(rule.when)
        ]

    def holds(self, rule: Rule, ticket: str) -> bool:
        """Whether the rule's condition holds for the ticket now, its ``for`` left aside; never for one that is gone."""
        row = self._rows.get(ticket)
        return row is not None and bool(self._verdicts[rule.id][row])

    @property
    def word(self) -> Word:
        """The promises made on all tickets."""
        return self.clocks.word

    @property
    def recovery(self) -> Recovery:
        """The recovery cases of the customers of these tickets."""
        return self.clocks.recovery

    @property
    def present(self) -> tuple[str, ...]:
        """The ids of all tickets that were asked for and are not gone, in the order in which rules act."""
        return tuple(self._ids)

    def standing(self, ticket: str, fact: str) -> tuple[str, datetime | None]:
        """A clock's state (``missing``: it has none) and due time; in a pause the due time if it went on now."""
        state, due = self.value(ticket, fact), self.value(ticket, f"{fact}.due")
        if fact == "recovery":
            clock = next((case.next_clock for case in reversed(self.recovery.of(ticket))), None)
            return str(state or "missing"), clock.due if clock else None
        name = clock_in(fact)
        if state == "paused" and name:
            setter = (rule for rule in self.clocks.named(name) if self.clocks.runs(rule, self._t(ticket)))
            due = next((self.cycles(rule, ticket)[-1].due for rule in setter), None)
        return str(state or "missing"), due if isinstance(due, datetime) else None

    def _t(self, ticket: str) -> int:
        return self._numbers[self._rows[ticket]]

    @cached_property
    def _numbers(self) -> list[int]:
        return self._present["t"].to_list()

    def clocked(self, rule: Rule) -> tuple[str, ...]:
        """The ids of the tickets on which the rule runs a clock or keeps watch over a promise; like :meth:`matched`."""
        if rule.actions.promise is None and rule.id not in self.clocks.deadlines:
            return ()
        return tuple(ticket for ticket in self._ids if self.runs(rule, ticket) or self.watches(rule, ticket))

    def stepping(self, rule: Rule, after: datetime | None) -> tuple[str, ...]:
        """Those of the :meth:`clocked` tickets on which a reminder or escalation may be due that came after an instant."""
        deadline = rule.actions.deadline
        if deadline is None or rule.id not in self.clocks.deadlines:
            return self.clocked(rule)
        near = self.clocks.of(rule).stepping(after) if deadline.remind or deadline.escalate else frozenset[int]()
        return tuple(ticket for ticket in self._ids if self._t(ticket) in near and self.runs(rule, ticket))

    def runs(self, rule: Rule, ticket: str) -> bool:
        """Whether the rule's clock ran or runs on a ticket and is not another rule's."""
        return rule.id in self.clocks.deadlines and self.clocks.runs(rule, self._t(ticket))

    def watches(self, rule: Rule, ticket: str) -> bool:
        """Whether something was promised on a ticket for which a rule for promises holds, its ``for`` included."""
        if rule.actions.promise is None or not self.word.of(ticket) or not self.holds(rule, ticket):
            return False
        return rule.for_ is None or self.due(rule, ticket) <= self.at

    def cycles(self, rule: Rule, ticket: str) -> list[Cycle]:
        """The cycles of a rule's clock on a ticket, in order; see :meth:`.clocks.Clock.cycles_of`."""
        row = self._rows.get(ticket)
        if row is None or rule.id not in self.clocks.deadlines:
            return []
        return self.clocks.of(rule).cycles_of(self._present["t"][row])

    # --- what comes ---------------------------------------------------------------------------------------------------

    def next_instant(self, ticket: str) -> datetime | None:
        """When to look at the ticket again if nobody acts on it; ``None``: time alone changes nothing within 400 days.

        That is the next instant after ``at`` at which a comparison or clock of any rule may turn, a ``for`` is fulfilled,
        a ``repeat`` comes round, or a reminder or escalation comes.
        """
        row = self._rows.get(ticket)
        return None if row is None else self._next.get(self._present["t"][row])

    @cached_property
    def _next(self) -> dict[int, datetime]:
        found = pl.concat([instants_ahead(self, self._present), effects_ahead(self, self._present)])
        first = found.group_by("t").agg(pl.col("now").min())
        return {t: instant.astimezone(UTC) for t, instant in first.iter_rows()}

    def coming(self, ticket: str) -> list[Turn]:
        """What becomes of the rules on this ticket if nobody acts: the next turn of each, soonest first."""
        row = self._rows.get(ticket)
        return [] if row is None else turns_ahead(self, self._present[row : row + 1])

    def overlay(self, changes: Mapping[str, Mapping[str, object]], *, always: bool = False) -> Evaluation:
        """The same with other values: ``{ticket: {fact: value}}``, typed or as plans and rule files write them.

        Only the facts named change, not what follows from them, and only as they are now; ``always``: as if it had been
        so since the ticket began, so that episodes see it too.

        Raises:
            ValueError: a text is no value of the fact's type.
        """
        rows = dict(self.history.tickets.select("id", "t").iter_rows())
        facts = {rows[ticket]: values for ticket, values in changes.items() if ticket in rows}
        given = Given(facts, None if always else self.at)
        clocks = None if always else self.clocks
        return Evaluation(self.ruleset, self.clocks.history, self.rules, self.tickets, given, clocks)
