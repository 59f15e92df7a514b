"""Recovery cases of a helpdesk: one open case per customer and cause, worked out from the history of all their tickets.

A rule with ``recover`` opens one when its condition begins to hold for a ticket, or a signal comes while it holds. What
happens then is read from the desk (:mod:`.recovery_ledger`), so that the store can be deleted and the cases are the same.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import polars as pl

from ..connectors.ticket import called
from ..rules.calendar import calendar_for
from ..rules.model import By
from ..rules.shapes import slug
from .demand import CASES, compared
from .judge import Judge
from .leaves import prepared
from .recovery_case import ENDED, LEAST_SETTLED, Signal
from .recovery_ledger import TICK, Customer, Deed, Ledger
from .recovery_signals import Owners, deeds, in_order
from .replay import Replay
from .snapshot import INSTANT
from .told import Told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from ..rules.calendar import Calendar
    from ..rules.model import Rule
    from .clocks import Clocks
    from .history import History
    from .recovery_case import Case, CaseState
    from .snapshot import Snapshot

_TABLE: dict[str, Any] = {"t": pl.Int32, "at": INSTANT, "recovery": pl.String}
Stretches = dict[str, list[tuple["datetime", "datetime | None"]]]
"""By ticket, from when to when a condition held; without end, it still does."""


class Recovery:
    """The cases of all tickets that some clocks know, which tell the deadlines and promises that rules read.

    There are none where no rule opens any, or nobody asked for what they are made of.
    """

    def __init__(self, clocks: Clocks) -> None:
        self._clocks, self._ruleset, self._snapshot = clocks, clocks.ruleset, clocks.history.snapshot
        asked = clocks.history.facts >= CASES
        self.rules = tuple(rule for rule in self._ruleset.rules if asked and _in_force(rule, self._snapshot.helpdesk))

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """Every case there ever was, by when it was opened."""
        until = min(self._snapshot.at, self._snapshot.known_to)
        for ledger in self._ledgers.values():
            ledger.pass_time(until)
        found = [case for ledger in self._ledgers.values() for case in ledger.cases]
        return tuple(sorted(found, key=lambda case: (case.opened, case.id)))

    def of(self, ticket: str) -> list[Case]:
        """The cases to which a ticket belongs, by when they were opened."""
        return self._by_ticket.get(ticket, [])

    def about(self, ticket: str) -> list[Case]:
        """The cases that are about the customer whose ticket it is, whether it belongs to them or not."""
        names = [(each, self._customers[each][ticket]) for each in self._causes if ticket in self._customers[each]]
        return [case for name in names if name in self._ledgers for case in self._ledgers[name].cases]

    @cached_property
    def _by_ticket(self) -> dict[str, list[Case]]:
        found: dict[str, list[Case]] = defaultdict(list)
        for case in self.cases:
            for ticket in case.tickets:
                found[ticket].append(case)
        return found

    # --- who was let down ---------------------------------------------------------------------------------------------

    @cached_property
    def _holding(self) -> dict[str, Stretches]:
        """For each rule, by id, where and when its condition held; a ticket's being closed ends nothing here."""
        return {rule.id: self._stretches(rule) for rule in self.rules}

    def _stretches(self, rule: Rule) -> Stretches:
        asked = compared(rule)
        history = self._clocks.history_with(asked)
        judge = Judge(self._ruleset, [rule], history)
        births = history.tickets.select("t", now="created")
        frame = prepared(Replay(history, judge, self._clocks.given).course([rule], births, asked))
        said = judge.over(frame, [rule], closed_too=True)
        rows = pl.DataFrame({"t": frame["t"], "now": frame["now"], "holds": said[rule.id] & ~frame["_gone"]}).sort(
            "t", "now"
        )
        turned = pl.col("holds") != pl.col("holds").shift(1).over("t").fill_null(value=False)
        rows = rows.filter(turned).join(history.tickets.select("t", "id"), on="t", maintain_order="left")
        found: Stretches = {}
        for ticket, turns in groupby(rows.select("id", "now").iter_rows(), key=itemgetter(0)):
            instants = [instant.astimezone(UTC) for _, instant in turns]
            ends: list[datetime | None] = [*instants[1::2], *[None] * (len(instants) % 2)]
            spans = [(self._acting(rule, ticket, begin), end) for begin, end in zip(instants[::2], ends, strict=True)]
            found[ticket] = [
                (begin, end) for begin, end in spans if begin <= self._snapshot.at and (end is None or begin < end)
            ]
        return {ticket: spans for ticket, spans in found.items() if spans}

    def _acting(self, rule: Rule, ticket: str, begin: datetime) -> datetime:
        """When a condition that began to hold has done so for the rule's ``for``."""
        return self.calendar(rule, ticket).add(begin, rule.for_) if rule.for_ else begin

    def _trouble(self, cause: str, deed: Deed) -> Rule | None:
        """The first rule of a cause whose condition held as a signal came; angry words alone are no trouble."""
        rules = self._causes[cause] if _is_trouble(deed) else ()
        return next((rule for rule in rules if _holds(self._holding[rule.id], deed.ticket, deed.at)), None)

    @cached_property
    def _causes(self) -> dict[str, list[Rule]]:
        """The rules of each cause, in file order."""
        causes: dict[str, list[Rule]] = defaultdict(list)
        for rule in self.rules:
            causes[_cause(rule)].append(rule)
        return causes

    # --- what happened to them ----------------------------------------------------------------------------------------

    @cached_property
    def _ledgers(self) -> dict[tuple[str, Customer], Ledger]:
        """What happened to each customer who was let down, by cause."""
        if not self.rules:
            return {}
        customers = self._customers
        tickets = self._with_targets({ticket for cause in customers for ticket in self._let_down(cause)})
        ledgers: dict[tuple[str, Customer], Ledger] = {}
        solved: set[str] = set()
        watchers = {cause: {ticket: {whose[ticket]} for ticket in tickets} for cause, whose in customers.items()}
        for only, deed in self._deeds(tickets):
            if deed.kind == "status":
                (solved.add if deed.solved else solved.discard)(deed.ticket)
            for cause in customers if only is None else (only,):
                watching = watchers[cause]
                if deed.kind == "merged" and deed.text in watching:
                    watching[deed.text] |= watching[deed.ticket]
                for customer in sorted(watching[deed.ticket]):
                    ledger = ledgers.get((cause, customer))
                    if ledger is None:
                        ledger = ledgers[cause, customer] = Ledger(
                            customer, self._requesters, self.calendar, self._called.__getitem__, solved
                        )
                    own = customer == customers[cause][deed.ticket]
                    ledger.take(deed, self._trouble(cause, deed) if own else None)
        return ledgers

    def _let_down(self, cause: str) -> Iterator[str]:
        """All tickets of the customers for whom a rule of a cause held."""
        whose = self._customers[cause]
        found = {whose[ticket] for rule in self._causes[cause] for ticket in self._holding[rule.id]}
        yield from (ticket for ticket, customer in whose.items() if customer in found)

    def _deeds(self, tickets: set[str]) -> Iterator[tuple[str | None, Deed]]:
        """All deeds in order; those that say that a rule began to hold concern its cause alone."""
        every = deeds(self._snapshot, self._clocks, self._ruleset.words, tickets, self._requesters)
        told = {(deed.ticket, deed.at) for deed in every if deed.by_thanks or _is_trouble(deed)}
        causes: dict[int, str] = {}
        begun: list[Deed] = []
        owners = Owners(self._snapshot, tickets)
        for rule in self.rules:
            for ticket, stretches in self._holding[rule.id].items():
                for begin, _ in stretches:
                    if (ticket, begin) not in told:
                        signal = Signal(
                            begin, "matched", ticket, rule.name, None, rule.name, owners.then(ticket, begin)
                        )
                        begun.append(Deed(begin, ticket, "signal", signal=signal))
                        causes[id(begun[-1])] = _cause(rule)
        for deed in in_order([*enumerate(every), *((-1, deed) for deed in begun)]):
            yield causes.get(id(deed)), deed

    def _with_targets(self, tickets: set[str]) -> set[str]:
        """The tickets, and those that they were merged into."""
        into = [pair for pair in _merges(self._snapshot) if pair[1] in self._requesters]
        while more := {other for one, other in into if one in tickets} - tickets:
            tickets |= more
        return tickets

    # --- what is known of tickets -------------------------------------------------------------------------------------

    @cached_property
    def _present(self) -> pl.DataFrame:
        facts = {"requester", *map(_customer, self.rules)}
        facts |= {rule.calendar.fact for rule in self.rules if isinstance(rule.calendar, By)}
        history = self._clocks.history
        return history.at(history.tickets.select("t", now=pl.lit(self._snapshot.at, INSTANT)), facts)

    @cached_property
    def _requesters(self) -> dict[str, str]:
        """Whose each ticket is; one without requester stands by itself."""
        rows = self._present.select("id", "requester").iter_rows()
        return {ticket: requester or f"ticket {ticket}" for ticket, requester in rows}

    @cached_property
    def _customers(self) -> dict[str, dict[str, Customer]]:
        """By cause and ticket, whom a case would be about: the requester, or the organization with all its people."""
        own = {ticket: Customer(requester) for ticket, requester in self._requesters.items()}
        kinds = {cause: {*map(_customer, rules)} for cause, rules in self._causes.items()}
        if not any("organization" in each for each in kinds.values()):
            return dict.fromkeys(kinds, own)
        rows = self._present.select("id", "organization").iter_rows()
        shared = {ticket: Customer("", name) if name else own[ticket] for ticket, name in rows}
        return {cause: shared if "organization" in each else own for cause, each in kinds.items()}

    @property
    def family(self) -> pl.Series:
        """The tickets (``t``) of the history, and all others that may bear on the cases of their customers."""
        whole = self._clocks.history.whole
        names = self._names(whole)
        named: dict[Any, list[str]] = defaultdict(list)
        for ticket, each in names.items():
            for name in each:
                named[name].append(ticket)
        found: set[str] = set()
        ahead = self._clocks.history.tickets["id"].to_list()
        while ahead:
            ticket = ahead.pop()
            if ticket not in found:
                found.add(ticket)
                ahead += [kin for name in names[ticket] for kin in named.pop(name, ())]
        return whole.tickets.filter(pl.col("id").is_in(list(found)))["t"]

    def _names(self, whole: History) -> dict[str, set[Any]]:
        """What ties each ticket to others: whose it is, itself, and what it was merged into."""
        facts = sorted({"requester", *map(_customer, self.rules)})
        rows = whole.at(whole.tickets.select("t", now=pl.lit(whole.snapshot.at, INSTANT)), facts).select("id", *facts)
        names: dict[str, set[Any]] = {}
        for ticket, *values in rows.iter_rows():
            names[ticket] = {ticket, *((fact, value) for fact, value in zip(facts, values, strict=True) if value)}
        for one, other in _merges(whole.snapshot):
            names.get(one, set()).add(other)
        return names

    @cached_property
    def _called(self) -> dict[str, str]:
        rows = self._clocks.history.tickets.select("id", "url").iter_rows()
        return {ticket: called(ticket, url) for ticket, url in rows}

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the default calendar, in which people read times."""
        return calendar_for(self._ruleset, self._ruleset.default_calendar).zone

    def calendar(self, rule: Rule, ticket: str) -> Calendar:
        """The calendar of a rule's cases that begin on a ticket."""
        said = rule.calendar
        if isinstance(said, By):
            value = self._cases_of(said.fact).get(ticket)
            said = said.cases.get(str(value).casefold(), said.default)
        assign = rule.actions.recover.assign if rule.actions.recover else None
        team = self._ruleset.teams.get(assign.team or "") if assign else None
        return calendar_for(self._ruleset, said or (team.calendar if team else None) or self._ruleset.default_calendar)

    def _cases_of(self, fact: str) -> Mapping[str, Any]:
        return dict(self._present.select("id", fact).iter_rows())

    # --- the fact -----------------------------------------------------------------------------------------------------

    @cached_property
    def told(self) -> Told:
        """The fact ``recovery`` of every ticket of a case; rows after the snapshot's instant tell what comes if nobody acts."""
        numbers = dict(self._clocks.history.tickets.select("id", "t").iter_rows())
        rows = [
            (numbers[ticket], at, state)
            for ticket, cases in self._by_ticket.items()
            if ticket in numbers
            for at, state in _states(ticket, [(case, self._turns(case)) for case in cases])
        ]
        return Told(pl.DataFrame(rows, schema=_TABLE, orient="row").sort("t", "at"))

    def _turns(self, case: Case) -> list[tuple[datetime, CaseState]]:
        """The changes of state, that to come by itself among them."""
        if case.state != "resolved" or case.verify_at is None:
            return case.turns
        return [*case.turns, (max(case.verify_at, self._snapshot.at) + TICK, "verified")]


def _in_force(rule: Rule, helpdesk: str) -> bool:
    here = not rule.helpdesks or helpdesk in rule.helpdesks
    return rule.actions.recover is not None and rule.mode != "off" and here


def _cause(rule: Rule) -> str:
    return slug(rule.actions.recover.cause) if rule.actions.recover else ""


def _customer(rule: Rule) -> str:
    return rule.actions.recover.customer if rule.actions.recover else "requester"


def _merges(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Tickets that were merged by now, and what into."""
    merges = snapshot.events.filter((pl.col("kind") == "merged") & (pl.col("at") <= snapshot.at))
    yield from merges.select("ticket", "new").iter_rows()


def _is_trouble(deed: Deed) -> bool:
    return deed.signal is not None and deed.signal.kind != "angry_words"


def _holds(stretches: Stretches, ticket: str, at: datetime) -> bool:
    return any(begin <= at and (end is None or at < end) for begin, end in stretches.get(ticket, ()))


def _states(
    ticket: str, cases: list[tuple[Case, list[tuple[datetime, CaseState]]]]
) -> Iterator[tuple[datetime, CaseState]]:
    """How a ticket stands wherever that turns: of several cases the one with most left to do, else the last that ended."""
    instants = sorted({max(at, case.tickets[ticket]) for case, turns in cases for at, _ in turns})
    for instant in instants:
        joined = [(case, turns) for case, turns in cases if case.tickets[ticket] <= instant]
        now = [[turn for turn in turns if turn[0] <= instant][-1] for _, turns in joined]
        live = [state for _, state in now if state not in ENDED]
        yield instant, min(live, key=LEAST_SETTLED.index) if live else max(now)[1]
