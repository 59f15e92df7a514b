"""What falls due: deadlines that run, words we gave, cases of customers we let down, over the whole helpdesk, soonest first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ..rules.calendar import calendar_for
from .clock_wishes import counts
from .demand import needs
from .plan_file import instant_text
from .reckoning import left
from .recovery_board import cases_told
from .runnable import rules_in_force
from .scene import Scene, natural

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ..rules.model import Rule, RuleSet
    from .cycle import Cycle
    from .evaluate import Evaluation
    from .recovery_board import CaseTold
    from .snapshot import Needs
    from .word_ledger import Promise

UNSETTLED = ("open", "due_soon", "broken")
"""How promises stand that nobody has kept, moved or taken back yet."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something that falls due. ``due`` moves while it is paused: it is the due time if it went on now.

    ``left`` are seconds of the deadline's own time, for others on the wall clock; negative when it is over. ``who`` is the
    handle of the ticket's assignee, of whoever promised, or looks after a case. ``quote`` is the sentence of a promise, or
    the signals of a case.
    """

    ticket: str
    kind: Literal["deadline", "promise", "recovery"]
    name: str
    due: datetime
    state: str
    left: float
    who: str | None
    quote: str | None
    url: str
    subject: str
    rule: str

    def to_json(self) -> dict[str, Any]:
        """The item as ``upcoming --format json`` prints it."""
        return {
            "ticket": self.ticket,
            "kind": self.kind,
            "name": self.name,
            "due": instant_text(self.due),
            "state": self.state,
            "left_seconds": self.left,
            "who": self.who,
            "quote": self.quote,
            "url": self.url,
            "subject": self.subject,
            "rule": self.rule,
        }


def watching(ruleset: RuleSet, helpdesk: str) -> list[Rule]:
    """The rules in force on a helpdesk that set a deadline, keep our word or open cases."""
    found = (rule for _, rule in rules_in_force(ruleset, helpdesk))
    return [rule for rule in found if rule.actions.deadline or rule.actions.promise or rule.actions.recover]


def board_needs(ruleset: RuleSet, rules: list[Rule]) -> Needs:
    """What the store has to read so that :func:`board` can be made of these rules."""
    asked = needs(ruleset, rules)
    return replace(asked, fields=asked.fields | {"assignee", "group"})


def board(ruleset: RuleSet, evaluation: Evaluation, until: datetime | None = None) -> list[Item]:
    """What is due on tickets that are not closed, by due time; with ``until`` only what is due up to then.

    Deadlines that run or pause, those missed that nobody has met yet, promises that are neither settled nor taken back. A
    late answer is no longer awaited on a solved ticket, a late ``until`` is. Where several rules set a deadline of one
    name, the one that counts is told. Of a case the clock that is due next, or the end of the quiet time.
    """
    about = _tickets(evaluation)
    found: dict[tuple[str, str], Item] = {}
    for rule in evaluation.rules:
        for ticket in evaluation.clocked(rule):
            if evaluation.value(ticket, "status") != "closed":
                for key, item in _of_rule(ruleset, evaluation, rule, about[ticket]):
                    found.setdefault(key, item)
    items = (*found.values(), *_cases(Scene(ruleset, evaluation.history.snapshot, evaluation), about))
    kept = (item for item in items if until is None or item.due <= until)
    return sorted(kept, key=lambda item: (item.due, natural(item.ticket), item.kind, item.name, item.quote or ""))


class About(NamedTuple):
    """What a ticket is."""

    ticket: str
    url: str
    subject: str


def _tickets(evaluation: Evaluation) -> dict[str, About]:
    rows = evaluation.history.snapshot.tickets.select("id", "url", "subject").iter_rows()
    return {ticket: About(ticket, url or "", subject or "") for ticket, url, subject in rows}


def _of_rule(
    ruleset: RuleSet, evaluation: Evaluation, rule: Rule, about: About
) -> Iterator[tuple[tuple[str, str], Item]]:
    """What a rule watches on a ticket, each with what tells it from others there."""
    cycles = evaluation.cycles(rule, about.ticket) if evaluation.runs(rule, about.ticket) else []
    for cycle in cycles[-1:]:
        if _awaited(evaluation, cycle):
            yield (about.ticket, cycle.name), _deadline(ruleset, evaluation, cycle, about)
    for promise in _given(evaluation, rule, about.ticket):
        yield (about.ticket, promise.id), _promise(evaluation, rule, promise, about)


def _awaited(evaluation: Evaluation, cycle: Cycle) -> bool:
    """Whether anybody still waits for what a clock is about: not for an answer that is late, once the ticket is solved."""
    deadline = cycle.rule.actions.deadline
    too_late = cycle.state == "missed" and deadline is not None and deadline.until is None
    if cycle.stopped or (too_late and evaluation.value(cycle.ticket, "status") == "solved"):
        return False
    return evaluation.value(cycle.ticket, f"deadline.{cycle.name}") == cycle.state


def _given(evaluation: Evaluation, rule: Rule, ticket: str) -> list[Promise]:
    """The promises on a ticket that the rule keeps watch over and that nobody has kept, moved or taken back."""
    keeping, word = rule.actions.promise, evaluation.word
    if keeping is None or not evaluation.watches(rule, ticket):
        return []
    counted = [promise for promise in word.of(ticket) if counts(promise.grade, keeping.from_grade)]
    return [each for each in counted if each.settled is None and word.state(each, evaluation.at) in UNSETTLED]


def _cases(scene: Scene, about: dict[str, About]) -> Iterator[Item]:
    """What is due next of every running case."""
    if any(rule.actions.recover for rule in scene.evaluation.rules):
        for told in cases_told(scene):
            if told.due and told.case.ticket in about:
                yield _case(scene, told, *told.due, about[told.case.ticket])


def _case(scene: Scene, told: CaseTold, name: str, due: datetime, about: About) -> Item:
    return Item(
        ticket=about.ticket,
        kind="recovery",
        name=name.replace("_", " "),
        due=due,
        state=told.case.state if due >= scene.at else "missed",
        left=(due - scene.at).total_seconds(),
        who=told.owner,
        quote=told.case.sum,
        url=about.url,
        subject=about.subject,
        rule=told.case.rule.name,
    )


def _deadline(ruleset: RuleSet, evaluation: Evaluation, cycle: Cycle, about: About) -> Item:
    owner = evaluation.value(cycle.ticket, "assignee")
    return Item(
        ticket=cycle.ticket,
        kind="deadline",
        name=cycle.name,
        due=cycle.due,
        state=cycle.state,
        left=left(cycle, calendar_for(ruleset, cycle.calendar), evaluation.at),
        who=owner if isinstance(owner, str) else None,
        quote=None,
        url=about.url,
        subject=about.subject,
        rule=cycle.rule.name,
    )


def _promise(evaluation: Evaluation, rule: Rule, promise: Promise, about: About) -> Item:
    due = promise.due or promise.made
    return Item(
        ticket=promise.ticket,
        kind="promise",
        name="promise",
        due=due,
        state=evaluation.word.state(promise, evaluation.at) or "open",
        left=(due - evaluation.at).total_seconds(),
        who=promise.author,
        quote=promise.quote,
        url=about.url,
        subject=about.subject,
        rule=rule.name,
    )
