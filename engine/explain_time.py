"""How clocks and promises stand on a ticket and what comes of them, in the shapes that ``explain --format json`` prints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..rules.calendar import calendar_for
from ..rules.model import By
from .demand import WORD, facts_of, with_clocks
from .pause_words import reasons
from .plan_file import instant_text
from .reckoning import counted, days_off, left, lost, pauses
from .step_states import Steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..rules.calendar import Calendar
    from ..rules.model import Rule
    from .cycle import Cycle, Pause
    from .scene import Scene
    from .step_states import StepSeen
    from .word_ledger import Promise

CYCLES = 5
"""How many runs of one clock are told, the latest last."""


@dataclass(frozen=True)
class TimeTold:
    """The clocks and promises of one ticket of a scene."""

    scene: Scene
    ticket: str

    def clocks(self) -> list[dict[str, Any]]:
        """The runs of every clock that is set on the ticket and that the rules set or read; instants are ISO texts in UTC."""
        return [self._clock(cycle) for cycles in self._cycles for cycle in cycles[-CYCLES:]]

    def promises(self) -> list[dict[str, Any]]:
        """What was promised on the ticket, in the order of making; empty where no rule is about promises."""
        return [self._promise(promise) for promise in self._promises]

    def coming(self) -> list[dict[str, Any]]:
        """What becomes of clocks and promises if nobody acts, and the steps that do something then."""
        return [turn for turn in (*self._clock_turns(), *self._promise_turns()) if moment(turn["at"]) > self.scene.at]

    # --- clocks -------------------------------------------------------------------------------------------------------

    @cached_property
    def _cycles(self) -> list[list[Cycle]]:
        """The cycles of each clock that is the one that counts on this ticket."""
        evaluation = self.scene.evaluation
        rules = with_clocks(self.scene.ruleset, evaluation.rules)
        return [evaluation.cycles(rule, self.ticket) for rule in rules if evaluation.runs(rule, self.ticket)]

    @cached_property
    def _row(self) -> int:
        """The ticket's ``t``."""
        rows: dict[str, int] = dict(self.scene.evaluation.history.tickets.select("id", "t").iter_rows())
        return rows[self.ticket]

    @cached_property
    def _steps(self) -> Steps:
        return Steps(self.scene)

    def _steps_of(self, cycle: Cycle) -> list[StepSeen]:
        cycles = next(cycles for cycles in self._cycles if cycle in cycles)
        place = cycles.index(cycle) + 1
        return self._steps.of_cycle(cycle, cycles[place] if place < len(cycles) else None)

    def _clock(self, cycle: Cycle) -> dict[str, Any]:
        at, calendar = self.scene.at, calendar_for(self.scene.ruleset, cycle.calendar)
        return {
            "name": cycle.name,
            "rule": cycle.rule.name,
            "line": cycle.rule.span.line,
            "state": cycle.state,
            "start": instant_text(cycle.start),
            "opened": instant_text(cycle.opened),
            "due": instant_text(cycle.due),
            **self._length(cycle),
            "calendar": cycle.calendar,
            "time_zone": calendar.spec.time_zone,
            "stopped": instant_text(cycle.stopped) if cycle.stopped else None,
            "lost_seconds": cycle.lost.total_seconds(),
            "left_seconds": left(cycle, calendar, at),
            "counted": [
                {"from": instant_text(begin), "to": instant_text(end), "seconds": seconds}
                for begin, end, seconds in counted(cycle, calendar, at)
            ],
            "pauses": self._pauses(cycle, calendar),
            "days_off": [day.isoformat() for day in days_off(cycle, calendar)],
            "steps": [_step(step) for step in self._steps_of(cycle)],
        }

    def _length(self, cycle: Cycle) -> dict[str, Any]:
        """``within`` with the value that chooses it, or ``at``."""
        deadline = cycle.rule.actions.deadline
        if cycle.within is None:
            return {"at": deadline.at.name if deadline and deadline.at else None}
        told: dict[str, Any] = {"within": str(cycle.within)}
        if deadline and isinstance(deadline.within, By) and cycle.stopped is None:
            fact = deadline.within.fact
            told["chosen_by"] = {"fact": fact, "value": self.scene.value(self.ticket, fact)}
        return told

    def _pauses(self, cycle: Cycle, calendar: Calendar) -> list[dict[str, Any]]:
        found = pauses(cycle)
        return [
            {
                "from": instant_text(pause.start),
                "to": instant_text(pause.end) if pause.end else None,
                "why": why,
                "lost_seconds": lost(cycle, calendar, pause, self.scene.at),
            }
            for pause, why in zip(found, self._why(cycle, found), strict=True)
        ]

    def _why(self, cycle: Cycle, found: Sequence[Pause]) -> list[str]:
        seen = reasons(self.scene.evaluation.clocks.of(cycle.rule), self._row, [pause.start for pause in found])
        return ["solved" if pause.why == "solved" else why for pause, why in zip(found, seen, strict=True)]

    def _clock_turns(self) -> Iterator[dict[str, Any]]:
        for cycles in self._cycles:
            cycle = cycles[-1]
            about = {"clock": cycle.name}
            if cycle.state == "running" and cycle.soon and cycle.soon < cycle.due:
                yield _turn(cycle.rule, cycle.soon, "due_soon", about)
            if cycle.state in ("running", "due_soon"):
                yield _turn(cycle.rule, cycle.due, "missed", about)
            yield from _step_turns(self._steps_of(cycle), about)

    # --- promises -----------------------------------------------------------------------------------------------------

    @cached_property
    def _promises(self) -> tuple[Promise, ...]:
        rules = self.scene.evaluation.rules
        asked = any(rule.actions.promise for rule in rules) or WORD & facts_of(rules)
        return self.scene.evaluation.word.of(self.ticket) if asked else ()

    def _promise(self, promise: Promise) -> dict[str, Any]:
        return {
            "quote": promise.quote,
            "made": instant_text(promise.made),
            "author": promise.author,
            "grade": promise.grade,
            "due": instant_text(promise.due) if promise.due else None,
            "convention": promise.convention,
            "state": self.scene.evaluation.word.state(promise, self.scene.at),
            "settled": instant_text(promise.settled) if promise.settled else None,
            "how": promise.how,
            "by": promise.by,
            "moved": self._moved[promise.id],
            "event": promise.event,
            "public": promise.public,
            "from_ticket": promise.from_ticket,
            "steps": [_step(step) for step in self._steps.of_promise(promise)],
        }

    @cached_property
    def _moved(self) -> dict[str, int]:
        """How often the word had been moved before each promise was given."""
        found: dict[str, int] = {}
        for promise in self._promises:
            earlier = (found[each.id] + 1 for each in self._promises if each.id in found and _led_to(each, promise))
            found[promise.id] = max(earlier, default=0)
        return found

    def _promise_turns(self) -> Iterator[dict[str, Any]]:
        word = self.scene.evaluation.word
        for promise in self._promises:
            state = word.state(promise, self.scene.at)
            about = {"promise": promise.quote}
            if promise.due and state == "open" and word.soon(promise) < promise.due:
                yield _turn(None, word.soon(promise), "due_soon", about)
            if promise.due and state in ("open", "due_soon"):
                yield _turn(None, promise.due, "broken", about)
            yield from _step_turns(self._steps.of_promise(promise), about)


def _led_to(earlier: Promise, later: Promise) -> bool:
    return earlier.how == "moved" and earlier.by == later.event


def _step(step: StepSeen) -> dict[str, Any]:
    return {
        "step": step.step,
        "at": instant_text(step.at) if step.at else None,
        "state": step.state,
        "done": instant_text(step.done) if step.done else None,
        "who": list(step.who),
        "tells": list(step.tells),
        "does": step.does,
    }


def _step_turns(steps: Sequence[StepSeen], about: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for step in steps:
        if step.state == "coming" and step.at:
            yield _turn(step.rule, step.at, "step", about) | {"step": step.step, "does": step.does}


def _turn(rule: Rule | None, at: datetime, change: str, about: dict[str, Any]) -> dict[str, Any]:
    told = {"rule": rule.name if rule else None, "line": rule.span.line if rule else None}
    return told | {"at": instant_text(at), "change": change} | about


def moment(text: str) -> datetime:
    """The instant of an ISO text of these shapes."""
    return datetime.fromisoformat(text).astimezone(UTC)
