"""Our word to customers: the promises that agents made, and what became of each, worked out from the tickets' history.

A later public message of any agent settles every open promise of its ticket: kept, or moved if the message promises anew.
A marker in a note, or a date in the mapped field, moves them too. Once the due time is over, a promise is broken,
whatever comes then. :class:`Word` answers for every instant up to the snapshot's own, with what was known then.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from ..rules import promises
from ..rules.calendar import calendar_for
from ..rules.model import By, PromiseRule
from ..rules.promises import GRADES
from .snapshot import INSTANT
from .steps import warning
from .word_events import acts
from .word_ledger import Ledger
from .word_reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..rules.calendar import Calendar
    from ..rules.model import Rule, RuleSet
    from ..rules.promises import Grade
    from .snapshot import Snapshot
    from .word_events import Act
    from .word_ledger import Promise, PromiseState
    from .word_reader import Grammar

TICK = timedelta(microseconds=1)
_FOREVER = datetime.max.replace(tzinfo=UTC)
_WORST = ("broken", "due_soon", "open")
_TABLE: dict[str, Any] = {"t": pl.Int32, "at": INSTANT, "promise": pl.String, "promise.due": INSTANT}


class Word:
    """All promises of a snapshot's tickets, or of some (``tickets``, by id). ``rules``: the promise rules in force there."""

    def __init__(
        self,
        ruleset: RuleSet,
        snapshot: Snapshot,
        grammar: Grammar = promises,
        tickets: frozenset[str] | None = None,
    ) -> None:
        self.snapshot = snapshot
        self._asked = tickets
        self.rules = tuple(rule for rule in ruleset.rules if _in_force(rule, snapshot.helpdesk))
        self._ruleset = ruleset
        self._grammar = grammar

    @property
    def tickets(self) -> tuple[str, ...]:
        """The ids of the tickets with promises."""
        return tuple(self._promises)

    def of(self, ticket: str, at: datetime | None = None) -> tuple[Promise, ...]:
        """A ticket's promises in the order of making, as known at an instant: the snapshot's, where none is said."""
        known = self._promises.get(ticket, ())
        return known if at is None else tuple(each.as_known(at) for each in known if each.since <= at)

    def state(self, promise: Promise, at: datetime) -> PromiseState | None:
        """How a promise stands at an instant; after the snapshot's: how it will if nobody acts."""
        if promise.due is None:
            return None
        known_to = self.snapshot.known_to if at <= self.snapshot.at else _FOREVER
        return promise.state(at, known_to, self.soon(promise))

    def soon(self, promise: Promise) -> datetime:
        """When a promise begins to be due soon: with its first reminder, else in the last quarter of its time.

        Raises:
            ValueError: the promise has no due time.
        """
        if promise.due is None:
            raise ValueError(f"promise {promise.id} has no due time")
        reminding = next((rule for rule in self.rules if _promise(rule).remind), None)
        if reminding is None:
            return max(promise.made, promise.due - (promise.due - promise.made) // 4)
        calendar, due = self.calendar_of(reminding), promise.due
        return min(warning(step.offset, promise.made, due, calendar) for step in _promise(reminding).remind)

    def calendar_of(self, rule: Rule | None) -> Calendar:
        """The calendar of a promise rule; without a rule the default calendar."""
        said = rule.calendar if rule else None
        name = said.default if isinstance(said, By) else said
        return calendar_for(self._ruleset, name or self._ruleset.default_calendar)

    def table(self, history_tickets: pl.DataFrame) -> pl.DataFrame:
        """The facts ``promise`` and ``promise.due`` of tickets (``t``, ``id``): ``t``, ``at`` and both, from then on.

        Sorted by ``t`` and ``at``. Rows after the snapshot's instant tell what comes if nobody acts.
        """
        rows = [
            (t, *step)
            for t, ticket in history_tickets.sort("t").select("t", "id").iter_rows()
            for step in self._steps(ticket)
        ]
        return pl.DataFrame(rows, schema=_TABLE, orient="row")

    @cached_property
    def _promises(self) -> dict[str, tuple[Promise, ...]]:
        reader = Reader(self._ruleset, self.snapshot, self.calendar_of(next(iter(self.rules), None)), self._grammar)
        ledger = Ledger(self._loosest)
        done = acts(self.snapshot)
        family = None if self._asked is None else _with_sources(self._asked, done)
        for act in done:
            if family is None or act.ticket in family:
                ledger.take(act, reader.heard(act))
        return ledger.promises()

    @property
    def _loosest(self) -> Grade:
        grades: list[Grade] = [_promise(rule).from_grade for rule in self.rules]
        return max(grades, key=GRADES.index, default="day")

    # --- the facts as they turn ---------------------------------------------------------------------------------------

    def _steps(self, ticket: str) -> Iterator[tuple[datetime, PromiseState | None, datetime | None]]:
        """When, how and by when a ticket's word stands, wherever that may turn."""
        coming = [promise for promise in self._promises.get(ticket, ()) if promise.tracked]
        live: list[Promise] = []
        last: list[Promise] = []
        for at in sorted({turn for promise in coming for turn in self._turns(promise)}):
            live += [promise for promise in coming if promise.since <= at]
            coming = [promise for promise in coming if promise.since > at]
            last = [*last, *(promise for promise in live if _is_settled(promise, at))]
            live = [promise for promise in live if not _is_settled(promise, at)]
            last = [max(last, key=_lately)] if last else []
            told = self._worst(live, at) if live else last[0]
            yield at, self.state(told, at), told.due

    def _turns(self, promise: Promise) -> Iterable[datetime]:
        """When the promise comes up, is due soon, breaks and is settled, as far as it comes to that."""
        if promise.due is None:
            return []
        end = promise.settled or _FOREVER
        known = promise.due < self.snapshot.known_to
        broken = promise.due + TICK if known else max(promise.due, self.snapshot.at) + TICK
        inner = (turn for turn in (self.soon(promise), broken) if promise.since < turn < end)
        return [promise.since, *inner, *([end] if promise.settled else [])]

    def _worst(self, live: list[Promise], at: datetime) -> Promise:
        def rank(promise: Promise) -> tuple[int, datetime]:
            return _WORST.index(self.state(promise, at) or "open"), promise.due or _FOREVER

        return min(live, key=rank)


def _with_sources(tickets: frozenset[str], done: Iterable[Act]) -> frozenset[str]:
    """The tickets, and those that were merged into them, since their promises came along."""
    merges = [(act.ticket, act.text) for act in done if act.kind == "merged"]
    found = tickets
    while more := {ticket for ticket, into in merges if into in found} - found:
        found |= more
    return found


def _in_force(rule: Rule, helpdesk: str) -> bool:
    here = not rule.helpdesks or helpdesk in rule.helpdesks
    return rule.actions.promise is not None and rule.mode != "off" and here


def _promise(rule: Rule) -> PromiseRule:
    return rule.actions.promise or PromiseRule(rule.span)


def _is_settled(promise: Promise, at: datetime) -> bool:
    return promise.settled is not None and promise.settled <= at


def _lately(promise: Promise) -> tuple[datetime, datetime, datetime]:
    """What orders settled promises: the last of them tells the fact."""
    return promise.settled or promise.since, promise.made, promise.due or promise.made
