"""A recovery case as plans, boards and reports see it: what happened to a customer, who looks after it, how far it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ..rules.signals import SIGNALS
from .plan_file import instant_text

if TYPE_CHECKING:
    from datetime import datetime

    from ..rules.model import Recover, Rule

CaseState = Literal["open", "contacted", "resolved", "verified", "failed"]
ENDED = ("verified", "failed")
"""The states in which nobody works on a case any more."""
LEAST_SETTLED: tuple[CaseState, ...] = ("open", "contacted", "resolved", "failed", "verified")
"""The states, the one with most left to do first."""

_LEVELS = ((8, "critical"), (5, "high"), (3, "medium"))


class Signal(NamedTuple):
    """Something that happened to a customer. ``kind``: one of ``rules.signals.SIGNALS``; ``value``: what it was, in words.

    Times in ``value`` are on the default calendar's clock. ``event`` is the desk's event that it was read from (none: time
    alone brought it), ``rule`` the name of the rule that told it, ``owner`` whose ticket it was then, or who gave the promise.
    """

    at: datetime
    kind: str
    ticket: str
    value: str
    event: str | None
    rule: str
    owner: str | None


class Act(NamedTuple):
    """When and by whom (a handle) something was done."""

    at: datetime
    who: str | None


class CaseClock(NamedTuple):
    """One of a case's clocks: when it is due and when it was met. ``name``: acknowledge, first_contact or plan_by."""

    name: str
    due: datetime
    met: datetime | None

    def state(self, at: datetime, known_to: datetime, ended: datetime | None) -> str:
        """How it stands at an instant, in the words of deadlines; a case that ended in time leaves it ``met``."""
        done = self.met or ended
        if done is not None:
            return "met" if done <= self.due else "missed"
        return "missed" if at > self.due and known_to > self.due else "running"


@dataclass(slots=True)
class Case:
    """One customer's trouble of one cause. Instants are UTC, people handles, tickets ids.

    ``requester``: whose the first ticket is; ``organization``: whom the case is about where that is not the requester alone.
    ``ticket`` is the home: that of the first signal, or what it was merged into. ``tickets``: all that belong to it, with
    since when. ``round`` counts how often we began; ``begun`` is when the present one did, and what was done before it does
    not count any more. ``dues``: when each clock is due, by name. ``turns``: every change of state. ``ended``: when the last
    round ended; ``by``: how that is known. ``unread``: marks in notes that say nothing known.
    """

    id: str
    rule: Rule
    requester: str
    ticket: str
    opened: datetime
    begun: datetime
    organization: str | None = None
    round: int = 1
    state: CaseState = "open"
    signals: list[Signal] = field(default_factory=list)
    tickets: dict[str, datetime] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    dues: dict[str, datetime] = field(default_factory=dict)
    acknowledged: Act | None = None
    contacted: Act | None = None
    planned: Act | None = None
    plan: str = ""
    done: dict[int, Act] = field(default_factory=dict)
    resolved: Act | None = None
    verify_at: datetime | None = None
    ended: datetime | None = None
    outcome: str | None = None
    by: str = ""
    closed_by: str | None = None
    root_cause: str = ""
    goodwill: str = ""
    flagged_rightly: bool | None = None
    turns: list[tuple[datetime, CaseState]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    @property
    def recover(self) -> Recover:
        """What the rule says about its cases."""
        recover = self.rule.actions.recover
        if recover is None:
            raise ValueError(f"rule `{self.rule.name}` opens no cases")
        return recover

    @property
    def blamed(self) -> frozenset[str]:
        """Those whose tickets or promises the signals were about by which the present round began."""
        return frozenset(signal.owner for signal in self.signals if signal.owner and signal.at <= self.begun)

    @property
    def points(self) -> Decimal:
        """The sum of the signals' weights."""
        return sum((weight(self.recover, signal) for signal in self.signals), Decimal(0))

    @property
    def sum(self) -> str:
        """The sum as people read it: ``bad rating 3 + missed deadline 1 x 2 = 5``."""
        times = Counter(signal.kind for signal in self.signals)
        weights = {signal.kind: weight(self.recover, signal) for signal in self.signals}
        parts = [f"{kind.replace('_', ' ')} {weights[kind]:f}" + f" x {n}" * (n > 1) for kind, n in times.items()]
        return f"{' + '.join(parts)} = {self.points:f}"

    @property
    def level(self) -> str:
        """The severity that the sum alone makes: critical from 8 on, high from 5, medium from 3, else low."""
        return next((word for least, word in _LEVELS if self.points >= least), "low")

    @property
    def clocks(self) -> list[CaseClock]:
        """The clocks of the present round; what is put right needs no further contact or plan."""
        met = {
            "acknowledge": (self.acknowledged, self.contacted, self.planned),
            "first_contact": (self.contacted,),
            "plan_by": (self.planned,),
        }
        acts = {name: [act.at for act in (*met[name], self.resolved) if act] for name in self.dues}
        return [CaseClock(name, due, min(acts[name], default=None)) for name, due in self.dues.items()]

    @property
    def next_clock(self) -> CaseClock | None:
        """The clock of a running round that is due first."""
        waiting = [clock for clock in self.clocks if clock.met is None] if self.state not in ENDED else []
        return min(waiting, key=lambda clock: clock.due, default=None)

    def to_json(self) -> dict[str, Any]:
        """The case without what only a plan knows (severity, owner): instants as ISO texts in UTC."""
        return {
            "id": self.id,
            "requester": self.requester,
            "organization": self.organization,
            "cause": self.recover.cause,
            "rule": self.rule.name,
            "state": self.state,
            "points": float(self.points),
            "sum": self.sum,
            "opened": instant_text(self.opened),
            "round": self.round,
            "begun": instant_text(self.begun),
            "ticket": self.ticket,
            "tickets": list(self.tickets),
            "blamed": sorted(self.blamed),
            "signals": [
                {
                    "kind": signal.kind,
                    "ticket": signal.ticket,
                    "at": instant_text(signal.at),
                    "rule": signal.rule,
                    "value": signal.value,
                    "event": signal.event,
                    "owner": signal.owner,
                    "weight": float(weight(self.recover, signal)),
                }
                for signal in self.signals
            ],
            "clocks": [
                {"name": clock.name, "due": instant_text(clock.due), "met": _text(clock.met)} for clock in self.clocks
            ],
            "acknowledged": _act(self.acknowledged),
            "contacted": _act(self.contacted),
            "plan": (_act(self.planned) or {}) | {"text": self.plan} if self.planned else None,
            "steps": [
                {"step": step, **(_act(self.done.get(number)) or {"at": None, "who": None})}
                for number, step in enumerate(self.recover.steps, start=1)
            ],
            "resolved": _act(self.resolved),
            "verify_at": _text(self.verify_at),
            "ended": _text(self.ended),
            "outcome": self.outcome,
            "by": self.by,
            "closed_by": self.closed_by,
            "root_cause": self.root_cause,
            "goodwill": self.goodwill,
            "flagged_rightly": self.flagged_rightly,
            "turns": [{"at": instant_text(at), "state": state} for at, state in self.turns],
            "unread": list(self.unread),
        }


def weight(recover: Recover, signal: Signal) -> Decimal:
    """How much a signal adds to the sum."""
    said = recover.weights.get(signal.kind)
    return Decimal(SIGNALS[signal.kind].weight) if said is None else said


def _text(moment: datetime | None) -> str | None:
    return instant_text(moment) if moment else None


def _act(act: Act | None) -> dict[str, Any] | None:
    return {"at": instant_text(act.at), "who": act.who} if act else None
