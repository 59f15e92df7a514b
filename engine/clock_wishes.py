"""What clocks and promises want for tickets: the step that is due in each cycle, and for each promise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..rules.calendar import calendar_for
from ..rules.promises import GRADES
from .leaves import names_closed
from .plan_file import instant_text
from .steps import Occasion, latest, planned
from .wishes import Subject, Wish, doings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..rules.model import Rule
    from ..rules.promises import Grade
    from .plan_file import SkipReason
    from .scene import Scene
    from .steps import Planned

WAITS = ("running", "due_soon")


def clock_wishes(scene: Scene, rule: Rule, order: int, ticket: str) -> Iterator[Wish]:
    """What the clock of a rule wants for a ticket now, steps passed over among it."""
    deadline = rule.actions.deadline
    if deadline is None or not scene.evaluation.runs(rule, ticket):
        return
    if scene.value(ticket, "status") == "closed" and not names_closed(rule.when):
        return
    for cycle in scene.evaluation.cycles(rule, ticket):
        if cycle.state not in (*WAITS, "missed"):
            continue
        steps = planned(deadline, cycle.opened, cycle.due, calendar_for(scene.ruleset, cycle.calendar))
        done, passed = latest(
            steps, scene.at, waits=cycle.state in WAITS, missed=cycle.state == "missed", ended=cycle.stopped
        )
        for step in (*passed, *done):
            occasion = Occasion(instant_text(cycle.start), cycle.start, cycle.due, step.at)
            yield from step_wishes(scene, rule, order, ticket, step, occasion, done)


def promise_wishes(scene: Scene, rule: Rule, order: int, ticket: str) -> Iterator[Wish]:
    """What a rule about promises wants for a ticket now, if it holds for it."""
    keeping = rule.actions.promise
    if keeping is None or not scene.evaluation.watches(rule, ticket):
        return
    calendar, word = scene.calendar(rule, ticket), scene.evaluation.word
    for promise in word.of(ticket):
        if promise.due is None or not counts(promise.grade, keeping.from_grade):
            continue
        state = word.state(promise, scene.at)
        steps = planned(keeping, promise.since, promise.due, calendar)
        waits, broken = state in ("open", "due_soon"), state == "broken"
        done, passed = latest(steps, scene.at, waits=waits, missed=broken, ended=promise.settled)
        for step in (*passed, *done):
            occasion = Occasion(promise.id, promise.made, promise.due, step.at, promise.quote, promise.author)
            yield from step_wishes(scene, rule, order, ticket, step, occasion, done)


def counts(grade: Grade, worst: Grade) -> bool:
    """Whether a promise of a grade counts for a rule that takes them down to the worst one."""
    return GRADES.index(grade) <= GRADES.index(worst)


def step_wishes(
    scene: Scene, rule: Rule, order: int, ticket: str, step: Planned, occasion: Occasion, done: Sequence[Planned]
) -> Iterator[Wish]:
    """What one step wants; ``done`` are the latest ones, all others are passed over."""
    blocked: SkipReason | None = None if step in done else "passed_over"
    if rule.mode != "shadow" and step.at <= scene.in_force(rule):
        if rule.id in scene.snapshot.first_applied:
            return
        blocked = "before_in_force"
    subject = Subject(f"{ticket} {occasion.key}", (ticket,), (ticket,))
    base = Wish(rule, order, ticket, subject, "assign", step=step.name, blocked=blocked, occasion=occasion)
    yield from doings(scene, base, step.doing.actions)
