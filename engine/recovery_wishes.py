"""What recovery cases want for tickets: an owner, a tag and one note on the home ticket, one on each other, and their steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..connectors.ticket import called
from ..rules.model import Actions
from ..rules.texts import Text
from .gate import Stay
from .recovery_case import ENDED
from .steps import Occasion, latest, planned
from .wishes import Subject, Wish, doings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ..rules.model import Rule
    from .plan_file import SkipReason
    from .recovery_case import Case, CaseClock, Signal
    from .scene import Scene

MARKS = '"recovery: contacted", "recovery: plan ...", "recovery: because ...", "recovery: closed recovered"'


def recovery_wishes(scene: Scene, rule: Rule, order: int) -> Iterator[tuple[Wish, Stay | None]]:
    """What the running cases of a rule want, each with why it has to wait, if it has."""
    recover = rule.actions.recover
    if recover is None:
        return
    cases = scene.evaluation.recovery.cases
    running = [case for case in cases if case.rule.id == rule.id and case.state not in ENDED]
    for place, case in enumerate(running):
        full = recover.max_open is not None and place >= recover.max_open
        stay = (
            Stay("held", "max_open", detail=f"{recover.max_open} older cases of this rule are open") if full else None
        )
        yield from ((wish, stay) for wish in _of_case(scene, case, order))


def severity(scene: Scene, case: Case) -> str:
    """How bad it is: the rule's word for the home ticket as it is now, else what the sum of the signals makes."""
    said = case.recover.severity
    return (scene.chosen(said, case.ticket)[0] if said is not None else None) or case.level


def owner(scene: Scene, case: Case) -> str | None:
    """Who looks after a case: the home ticket's owner, else the lead of the team or whoever is above; nobody it is about."""
    (present,) = scene.texts(case.ticket, "assignee")[:1] or (None,)
    if present is not None and present not in case.blamed:
        return present
    team = scene.team(case.rule, case.ticket) or scene.team_of(present)
    above = (team.lead, team.next_level) if team else ()
    return next((who for who in above if who and who not in case.blamed), None)


def customer(scene: Scene, case: Case) -> str:
    """Whom a case is about, as people call them."""
    person = scene.snapshot.people.get(case.requester)
    name = person.name if person and person.name else case.requester
    return f"{case.organization} ({name})" if case.organization else name


def _of_case(scene: Scene, case: Case, order: int) -> Iterator[Wish]:
    """What a case wants on those of its tickets that are still there."""
    there = [ticket for ticket in case.tickets if ticket not in case.gone and scene.value(ticket, "status")]
    told, blocked = _told(scene, case.rule, case.begun)
    tags = (case.recover.tag,) if "tags" in scene.snapshot.capabilities.writable else ()
    for ticket in there if told else ():
        home = ticket == case.ticket
        start = case.begun if home else case.tickets[ticket]
        name = f"recovery {case.id} {case.round if home else f'on {ticket}'}"
        occasion = Occasion(name, start, None, start, case=case)
        base = Wish(case.rule, order, ticket, _subject(case, name), "assign", blocked=blocked, occasion=occasion)
        text = Text((_home_note(scene, case) if home else _link_note(scene, case, ticket),))
        yield from doings(scene, base, Actions(case.recover.assign if home else None, add_tags=tags, note=text))
    if case.ticket in there:
        for clock in case.clocks:
            yield from _steps(scene, case, clock, order)


def _subject(case: Case, name: str) -> Subject:
    return Subject(name, (case.ticket,), tuple(case.tickets))


def _told(scene: Scene, rule: Rule, at: datetime) -> tuple[bool, SkipReason | None]:
    """Whether a plan tells of what came at an instant, and why it is passed over: the rule was not in force then."""
    if rule.mode == "shadow" or rule.backlog == "include" or at > scene.in_force(rule):
        return True, None
    return rule.id not in scene.snapshot.first_applied, "before_in_force"


def _steps(scene: Scene, case: Case, clock: CaseClock, order: int) -> Iterator[Wish]:
    """What the reminders and escalations of one of its clocks want now."""
    calendar = scene.evaluation.recovery.calendar(case.rule, case.ticket)
    state = clock.state(scene.at, scene.snapshot.known_to, None)
    steps = planned(case.recover, case.begun, clock.due, calendar)
    done, passed = latest(steps, scene.at, waits=state == "running", missed=state == "missed", ended=clock.met)
    name = f"recovery {case.id} {case.round} {clock.name}"
    for step in (*passed, *done):
        told, too_old = _told(scene, case.rule, step.at)
        if told:
            occasion = Occasion(name, case.begun, clock.due, step.at, clock.name.replace("_", " "), case=case)
            blocked = too_old or (None if step in done else "passed_over")
            subject, named = _subject(case, name), f"{step.name} {clock.name}"
            base = Wish(
                case.rule, order, case.ticket, subject, "assign", step=named, blocked=blocked, occasion=occasion
            )
            yield from doings(scene, base, step.doing.actions)


# --- what is written on the desk --------------------------------------------------------------------------------------


def _home_note(scene: Scene, case: Case) -> str:
    """The case in full, for whoever takes it over."""
    recover, told = case.recover, "The trouble is back. " if case.round > 1 else ""
    lines = [
        f"Recovery case {case.id}: {recover.cause} ({severity(scene, case)})",
        " ".join(part for part in (f"{told}{customer(scene, case)}: {case.sum}.", case.rule.why) if part),
        "",
        "What happened:",
        *(f"- {_signal(scene, case, signal)}" for signal in case.signals),
    ]
    dues = [f"{clock.name.replace('_', ' ')} by {_when(scene, case, clock.due)}" for clock in case.clocks]
    if dues or recover.steps:
        lines += ["", "What to do:", *(f"- {due}" for due in dues)]
        lines += [f"{number}. {step}" for number, step in enumerate(recover.steps, start=1)]
    done = '"recovery: done 1", ' if recover.steps else ""
    lines += ["", f"A public reply is the contact. The rest is told in internal notes that begin so: {done}{MARKS}."]
    return "\n".join(lines)


def _link_note(scene: Scene, case: Case, ticket: str) -> str:
    """Where the case is looked after, for whoever reads one of the other tickets."""
    home = called(case.ticket, scene.tickets[case.ticket][0])
    here = [_signal(scene, case, signal) for signal in case.signals if signal.ticket == ticket]
    lines = [
        f"This belongs to recovery case {case.id} ({case.recover.cause}) on ticket {home}: look there before you answer."
    ]
    return "\n".join([*lines, *(f"- {signal}" for signal in here), scene.tickets[case.ticket][0]]).rstrip()


def _signal(scene: Scene, case: Case, signal: Signal) -> str:
    ticket = called(signal.ticket, scene.tickets.get(signal.ticket, ("", ""))[0])
    value = f": {' '.join(signal.value.split())}" if signal.value else ""
    whose = f" (with {signal.owner})" if signal.owner else ""
    return f"{_when(scene, case, signal.at)} {signal.kind.replace('_', ' ')} on ticket {ticket}{whose}{value}"


def _when(scene: Scene, case: Case, moment: datetime) -> str:
    zone = scene.evaluation.recovery.calendar(case.rule, case.ticket).zone
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
