"""Recovery cases as deeds open, move and end them: one pass over all that happened to one customer, in its order."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from ..rules.shapes import slug
from .recovery_case import ENDED, Act, Case, weight

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from ..rules.calendar import Calendar
    from ..rules.durations import Duration
    from ..rules.model import Rule
    from ..rules.recovery_marks import Mark
    from .recovery_case import CaseState, Signal

TICK = timedelta(microseconds=1)
LOOK_BACK = timedelta(days=30)
"""How old a signal may be to be told in a case that opens after it."""
_COMES_BACK = frozenset({"bad_rating", "reopened", "reopened_again", "broken_promise"})
"""Signals on a ticket of a case that show that it was not put right, whatever the rule's condition says."""

Kind = Literal["signal", "agent", "robot", "thanks", "rated_good", "status", "merged", "deleted"]


class Deed(NamedTuple):
    """Something that happened on a ticket and may bear on cases; ``who`` is a handle.

    ``text``: of thanks the phrase, of a merge the ticket it went into. ``public``: an agent's reply. ``marks``: what a note or
    tag says about the case. ``solved``: of a status, whether the ticket is solved now; ``by_thanks``: whether thanks woke it.
    """

    at: datetime
    ticket: str
    kind: Kind
    who: str | None = None
    text: str = ""
    public: bool = False
    solved: bool = False
    by_thanks: bool = False
    marks: tuple[Mark, ...] = ()
    signal: Signal | None = None


class Customer(NamedTuple):
    """Whom cases are about: a requester, or an organization with all its people."""

    requester: str
    organization: str | None = None


class Ledger:
    """The cases of one customer and cause.

    ``requesters`` says whose each ticket is, ``calendar`` gives that of a rule on a ticket, ``called`` a ticket's name,
    ``solved`` the tickets that are solved as the next deed comes.
    """

    def __init__(
        self,
        customer: Customer,
        requesters: Mapping[str, str],
        calendar: Callable[[Rule, str], Calendar],
        called: Callable[[str], str],
        solved: set[str],
    ) -> None:
        self.cases: list[Case] = []
        self._organization, self._requesters = customer.organization, requesters
        self._calendar, self._called = calendar, called
        self._before: list[Signal] = []
        self._broken: set[tuple[str | None, str]] = set()
        self._solved = solved

    def take(self, deed: Deed, trouble: Rule | None) -> None:
        """The next deed; ``trouble``: the rule whose condition holds for the ticket as this signal comes."""
        self.pass_time(deed.at)
        if deed.signal is not None and not self._is_known(deed.signal):
            self._signal(deed.signal, trouble)
        case = self.cases[-1] if self.cases else None
        if case is not None and deed.ticket in case.tickets and deed.signal is None:
            self._happened(case, deed)

    def pass_time(self, until: datetime) -> None:
        """What time alone does before an instant: a case that stayed quiet long enough is verified."""
        case = self.cases[-1] if self.cases else None
        if case and case.state == "resolved" and case.verify_at and case.verify_at < until:
            self._end(case, "verified", case.verify_at + TICK, "recovered", "no more trouble")

    # --- signals ------------------------------------------------------------------------------------------------------

    def _is_known(self, signal: Signal) -> bool:
        """Whether it is a broken promise that came along with a merged ticket, where it was told already."""
        promise = (signal.event, signal.value)
        known = signal.kind == "broken_promise" and promise in self._broken
        if signal.kind == "broken_promise":
            self._broken.add(promise)
        return known

    def _signal(self, signal: Signal, trouble: Rule | None) -> None:
        if trouble is not None and not signal.rule:
            signal = signal._replace(rule=trouble.name)
        case = self.cases[-1] if self.cases else None
        if case is not None and case.state not in ENDED:
            self._join(case, signal, trouble)
        elif case is not None and signal.at < self._cooled(case) and _returns(case, signal, trouble):
            self._after_the_end(case, signal)
        elif trouble is not None:
            self._open(signal, trouble)
        else:
            self._before.append(signal)

    def _after_the_end(self, case: Case, signal: Signal) -> None:
        """The trouble is back within the cool-down; what a person closed is told of it and stays closed."""
        case.signals += [*self._lately(case, signal.at), signal]
        if case.closed_by is None:
            case.tickets.setdefault(signal.ticket, signal.at)
            case.ticket = signal.ticket if case.ticket in case.gone else case.ticket
            self._begin_again(case, signal.at)

    def _open(self, signal: Signal, rule: Rule) -> None:
        name, requester = self._name(rule, signal.ticket), self._requesters[signal.ticket]
        case = Case(name, rule, requester, signal.ticket, signal.at, signal.at, self._organization)
        case.signals = [*self._lately(case, signal.at), signal]
        case.tickets[signal.ticket] = signal.at
        self.cases.append(case)
        self._begin(case, signal.at)

    def _name(self, rule: Rule, ticket: str) -> str:
        recover = rule.actions.recover
        name = f"{self._called(ticket)}-{slug(recover.cause if recover else rule.name)}"
        times = sum(case.id == name or case.id.startswith(f"{name}-") for case in self.cases)
        return f"{name}-{times + 1}" if times else name

    def _lately(self, case: Case, at: datetime) -> list[Signal]:
        """The signals before a round of a case that weigh something and are young enough to belong to its story."""
        before, self._before = self._before, []
        return [signal for signal in before if signal.at >= at - LOOK_BACK and weight(case.recover, signal)]

    def _join(self, case: Case, signal: Signal, trouble: Rule | None) -> None:
        if trouble is None and not weight(case.recover, signal):
            return
        returns = _returns(case, signal, trouble)
        case.signals.append(signal)
        case.tickets.setdefault(signal.ticket, signal.at)
        if case.state != "resolved" or not returns:
            return
        if signal.kind == "bad_rating":
            self._end(case, "failed", signal.at, "not_recovered", "rated bad again")
        else:
            self._begin_again(case, signal.at)

    def _cooled(self, case: Case) -> datetime:
        """From when on the customer may get a new case."""
        return self._later(case, case.ended or case.opened, case.recover.cool_down)

    # --- what else happens --------------------------------------------------------------------------------------------

    def _happened(self, case: Case, deed: Deed) -> None:
        act = Act(deed.at, deed.who)
        if deed.kind in ("merged", "deleted"):
            self._gone(case, deed)
        elif deed.kind == "rated_good" and case.state not in ENDED:
            self._end(case, "verified", deed.at, "recovered", "rated good")
        elif deed.kind == "thanks" and self._awaits_thanks(case):
            self._end(case, "verified", deed.at, "recovered", f"thanked: {deed.text}")
        elif deed.kind == "agent":
            self._agent(case, deed, act)
        for mark in deed.marks:
            self._mark(case, mark, act)
        self._look_whether_done(case, act)

    def _awaits_thanks(self, case: Case) -> bool:
        return case.state == "resolved" or (case.state == "contacted" and not case.recover.steps)

    def _agent(self, case: Case, deed: Deed, act: Act) -> None:
        if case.state in ENDED or deed.at <= case.begun:
            return
        case.acknowledged = case.acknowledged or act
        if deed.public:
            self._contact(case, act)

    def _contact(self, case: Case, act: Act) -> None:
        if case.contacted is None and case.state not in ENDED:
            case.contacted = act
            if case.state == "open":
                self._turn(case, act.at, "contacted")

    def _look_whether_done(self, case: Case, act: Act) -> None:
        """Whether all steps are done; a case without steps is resolved once we spoke and its tickets are solved."""
        if case.state not in ("open", "contacted"):
            return
        steps = range(1, len(case.recover.steps) + 1)
        left = case.tickets.keys() - case.gone - set(self._solved)
        if case.done.keys() >= set(steps) if steps else case.state == "contacted" and not left:
            self._resolve(case, act)

    def _gone(self, case: Case, deed: Deed) -> None:
        """A ticket went into another one, which takes its place, or was deleted; without any ticket the case ends."""
        case.gone.add(deed.ticket)
        if deed.text:
            case.tickets.setdefault(deed.text, deed.at)
        if case.ticket == deed.ticket:
            there = [ticket for ticket in case.tickets if ticket not in case.gone]
            case.ticket = deed.text or next(iter(there), case.ticket)
        if case.ticket in case.gone and case.state not in ENDED:
            self._end(case, "failed", deed.at, "deleted", "its tickets were deleted")

    def _mark(self, case: Case, mark: Mark, act: Act) -> None:
        works = case.state not in ENDED
        match mark.word:
            case "contacted" if works:
                self._contact(case, act)
            case "plan" if works:
                case.planned, case.plan = case.planned or act, mark.text
            case "done" if works:
                self._done(case, mark.steps, act)
            case "resolved" if case.state in ("open", "contacted"):
                self._resolve(case, act)
            case "reopened" if case.state not in ("open", "contacted"):
                self._begin_again(case, act.at)
            case "closed":
                self._end(case, "verified" if mark.text == "recovered" else "failed", act.at, mark.text, "closed")
                case.closed_by = act.who or "somebody"
            case "because":
                case.root_cause = mark.text
            case "goodwill":
                case.goodwill = mark.text
            case "right" | "wrong":
                case.flagged_rightly = mark.word == "right"
            case "unknown":
                case.unread.append(mark.text)

    def _done(self, case: Case, numbers: tuple[int, ...], act: Act) -> None:
        every = range(1, len(case.recover.steps) + 1)
        case.unread += [f"done {number}: there is no such step" for number in numbers if number not in every]
        following = [number for number in every if number not in case.done][:1]
        for number in numbers or following:
            if number in every:
                case.done.setdefault(number, act)
                case.planned = case.planned or act

    # --- turns --------------------------------------------------------------------------------------------------------

    def _turn(self, case: Case, at: datetime, state: CaseState) -> None:
        case.state = state
        case.turns.append((at, state))

    def _begin(self, case: Case, at: datetime) -> None:
        recover = case.recover
        lengths = {
            "acknowledge": recover.acknowledge,
            "first_contact": recover.first_contact,
            "plan_by": recover.plan_by,
        }
        case.dues = {name: self._later(case, at, length) for name, length in lengths.items() if length}
        self._turn(case, at, "open")

    def _begin_again(self, case: Case, at: datetime) -> None:
        """The trouble is back: another round, in which nothing of the last one counts as done."""
        case.round, case.begun = case.round + 1, at
        case.acknowledged = case.contacted = case.planned = case.resolved = case.verify_at = None
        case.ended = case.outcome = case.closed_by = None
        case.by = case.plan = ""
        case.done.clear()
        self._begin(case, at)

    def _resolve(self, case: Case, act: Act) -> None:
        case.resolved, case.verify_at = act, self._later(case, act.at, case.recover.verify_after)
        self._turn(case, act.at, "resolved")

    def _end(self, case: Case, state: CaseState, at: datetime, outcome: str, by: str) -> None:
        case.ended, case.outcome, case.by = at, outcome, by
        if case.state != state:
            self._turn(case, at, state)

    def _later(self, case: Case, at: datetime, length: Duration) -> datetime:
        return self._calendar(case.rule, case.ticket).add(at, length)


def _returns(case: Case, signal: Signal, trouble: Rule | None) -> bool:
    """Whether a signal shows that the trouble of a case is back, if it was put right."""
    return trouble is not None or (signal.ticket in case.tickets and signal.kind in _COMES_BACK)
