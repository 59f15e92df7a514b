"""What became of the steps of a clock or promise: done, passed over, due now, still to come, or from before the rule's time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from ..rules.calendar import calendar_for
from ..rules.model import By, FactRef
from .clock_wishes import WAITS, counts, step_wishes
from .effects import DONE, Memory
from .gate import effect_of
from .leaves import names_closed
from .plan_file import instant_text
from .steps import Occasion, latest, planned

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from ..rules.model import Assign, Remind, Rule, SetField
    from .cycle import Cycle
    from .scene import Scene
    from .steps import Planned
    from .word_ledger import Promise

StepState = Literal["done", "passed_over", "due", "coming", "silent"]
"""``silent``: its time was before the rule was in force, so it is not done. ``coming`` while a clock pauses: once it goes on."""


@dataclass(frozen=True, slots=True)
class StepSeen:
    """One step as it stands. ``at`` is None for one to come in a pause, ``done`` says when it was done.

    ``who`` are its receivers as the rule names them, ``tells`` whom that means now, ``does`` all of it in words.
    """

    rule: Rule
    step: str
    at: datetime | None
    state: StepState
    done: datetime | None
    who: tuple[str, ...]
    tells: tuple[str, ...]
    does: str


@dataclass(frozen=True, slots=True)
class _Span:
    """When the steps of an occasion have a meaning: while it ``waits``, once it is ``missed``, up to its end."""

    occasion: Occasion
    opened: datetime
    waits: bool
    paused: bool
    missed: bool
    ended: datetime | None
    following: datetime | None = None


@dataclass(frozen=True)
class Steps:
    """The steps of all clocks and promises of a scene."""

    scene: Scene

    def of_cycle(self, cycle: Cycle, following: Cycle | None) -> list[StepSeen]:
        """The steps of one cycle in the order of time, those left out that cannot come any more.

        ``following`` is the cycle after it on the same ticket.
        """
        deadline, paused = cycle.rule.actions.deadline, cycle.state == "paused"
        if deadline is None:
            return []
        span = _Span(
            Occasion(instant_text(cycle.start), cycle.start, cycle.due, cycle.start),
            opened=cycle.opened,
            waits=paused or cycle.state in WAITS,
            paused=paused,
            missed=cycle.state == "missed",
            ended=cycle.stopped,
            following=following.start if following else None,
        )
        calendar = calendar_for(self.scene.ruleset, cycle.calendar)
        steps = planned(deadline, cycle.opened, cycle.due, calendar)
        return list(self._seen(cycle.rule, cycle.ticket, steps, span))

    def of_promise(self, promise: Promise) -> list[StepSeen]:
        """The steps of one promise: those of every rule about promises that holds for its ticket."""
        return [step for rule in self._keeping(promise) for step in self._of_promise(rule, promise)]

    def _keeping(self, promise: Promise) -> Iterator[Rule]:
        """The rules that take a promise down."""
        if promise.due is None or not promise.tracked:
            return
        for rule in self.scene.evaluation.rules:
            keeping = rule.actions.promise
            counted = keeping is not None and counts(promise.grade, keeping.from_grade)
            if counted and self.scene.evaluation.watches(rule, promise.ticket):
                yield rule

    def _of_promise(self, rule: Rule, promise: Promise) -> Iterator[StepSeen]:
        keeping, state = rule.actions.promise, self.scene.evaluation.word.state(promise, self.scene.at)
        if keeping is None or promise.due is None:
            return
        span = _Span(
            Occasion(promise.id, promise.made, promise.due, promise.made, promise.quote, promise.author),
            opened=promise.since,
            waits=state in ("open", "due_soon"),
            paused=False,
            missed=state == "broken",
            ended=promise.settled,
        )
        steps = planned(keeping, promise.since, promise.due, self.scene.calendar(rule, promise.ticket))
        yield from self._seen(rule, promise.ticket, steps, span)

    # --- one step -----------------------------------------------------------------------------------------------------

    @cached_property
    def _memory(self) -> Memory:
        return Memory(self.scene.snapshot)

    def _seen(self, rule: Rule, ticket: str, steps: Sequence[Planned], span: _Span) -> Iterator[StepSeen]:
        now, _ = latest(
            steps, self.scene.at, waits=span.waits and not span.paused, missed=span.missed, ended=span.ended
        )
        for step in steps:
            tells, done = self._effects(rule, ticket, step, span)
            state: StepState | None = "done" if done else self._state(rule, ticket, step, span, due=step in now)
            if state:
                at = None if state == "coming" and span.paused else step.at
                who = tuple(receiver.name for receiver in step.doing.who)
                yield StepSeen(rule, step.name, at, state, done, who, tells, _does(step.doing, tells))

    def _state(self, rule: Rule, ticket: str, step: Planned, span: _Span, *, due: bool) -> StepState | None:
        """What became of a step that was not done; None: nothing, and nothing will."""
        if self.scene.value(ticket, "status") == "closed" and not names_closed(rule.when):
            return None
        if span.paused or step.at > self.scene.at:
            still = span.waits or (span.missed and step.kind == "escalate" and span.ended is None)
            return "coming" if still else None
        over = span.ended is not None and step.at > span.ended
        if over or (step.kind == "escalate" and not span.missed):
            return None
        if step.at <= self.scene.in_force(rule):
            return "silent"
        return "due" if due else "passed_over"

    def _effects(self, rule: Rule, ticket: str, step: Planned, span: _Span) -> tuple[tuple[str, ...], datetime | None]:
        """Whom a step would tell now, and when it was done."""
        if step.at <= self.scene.in_force(rule):
            return (), None
        wanted = list(step_wishes(self.scene, rule, 0, ticket, step, span.occasion, (step,)))
        tells = tuple(name.partition(":")[2] for wish in wanted for name in wish.who)
        times = (self._memory.done(effect_of(wish), (ticket,), span.occasion.start) for wish in wanted)
        done = next((moment for moment in times if moment), None)
        return tells, done or self._told_others(rule, ticket, step, span)

    def _told_others(self, rule: Rule, ticket: str, step: Planned, span: _Span) -> datetime | None:
        """When a step told people whom it would not tell now, because the ticket has another owner."""
        until = span.following or self.scene.at
        said = (
            entry.at
            for entry in self.scene.snapshot.journal
            if (entry.rule_id, entry.ticket, entry.step, entry.action) == (rule.id, ticket, step.name, "notify")
            and entry.outcome in DONE
            and step.at <= entry.at <= until
        )
        return next(said, None)


def _does(doing: Remind, tells: Sequence[str]) -> str:
    """What a step does, in words: ``tells team_lead (ana@example.com), adds tag missed``."""
    parts = []
    if doing.who:
        names = ", ".join(receiver.name for receiver in doing.who)
        known = ", ".join(tell for tell in tells if tell not in names)
        parts.append(f"tells {names}" + (f" ({known})" if known else ""))
    assign = doing.assign
    if assign:
        parts.append("gives it back to the queue" if assign.to == "missing" else f"assigns it to {_whom(assign)}")
    parts += [f"sets {entry.fact} to {_value(entry)}" for entry in doing.set]
    parts += [f"{verb} tag {tag}" for verb, tags in _tags(doing) for tag in tags]
    parts += [said for said, text in (("writes a note", doing.note), ("replies to the customer", doing.reply)) if text]
    return ", ".join(parts)


def _tags(doing: Remind) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return ("adds", doing.add_tags), ("removes", doing.remove_tags)


def _whom(assign: Assign) -> str:
    to = assign.to.name if isinstance(assign.to, FactRef) else assign.to
    return to or assign.team or "somebody of its team"


def _value(entry: SetField) -> str:
    if isinstance(entry.value, By):
        return f"a value by {entry.value.fact}"
    return "nothing" if entry.value is None else str(entry.value)
