"""Recovery cases for people: the board by state, the worst first; one case from its signals to its outcome."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from ..connectors.ticket import called
from .plan_view import number
from .time_words import distance_words, length_words, moment_words
from .words import columns, printable, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from ..engine.recovery_board import CaseTold
    from ..engine.recovery_case import Case, Signal
    from ..engine.scene import Scene
    from .paint import Paint

SHOWN = 40
"""Cases of one state that are shown; the JSON has all."""
HEADINGS = {
    "open": "Open: the customer has not heard from us",
    "contacted": "Contacted: not put right yet",
    "resolved": "Resolved: waiting for proof",
    "failed": "Failed: still unhappy, to be decided",
    "verified": "Verified: it is right now",
}
DUES = {"acknowledge": "acknowledge", "first_contact": "contact", "plan_by": "plan", "verify": "verified"}
_ALARM = ("critical", "urgent")


def board_text(scene: Scene, cases: Sequence[CaseTold], paint: Paint, width: int) -> Iterator[str]:
    """The cases, which are in order, under the headings of their states."""
    zone = scene.evaluation.recovery.zone
    yield paint("dim", f"as of {moment_words(scene.at, zone, scene.at)} ({zone.key})")
    for state, group in groupby(cases, key=lambda told: told.case.state):
        some = list(group)
        yield ""
        yield paint("heading", HEADINGS[state])
        rows = [_row(scene, told) for told in some[:SHOWN]]
        for told, line in zip(some, columns(rows, indent=2), strict=False):
            yield paint(_style(scene, told), line)
            yield paint("dim", _cut(f"      {_about(told)}", width))
        if len(some) > SHOWN:
            yield f"  ... and {len(some) - SHOWN:,} more (all of them: --format json)"
    yield ""
    late = sum(_is_late(scene, told) for told in cases)
    yield f"{len(cases):,} case{'' if len(cases) == 1 else 's'}, {late:,} late. One in full: makegood recovery {cases[0].case.id}"


def _row(scene: Scene, told: CaseTold) -> tuple[str, ...]:
    case = told.case
    due = f"{DUES[told.due[0]]} {distance_words(told.due[1], scene.at)}" if told.due else case.by
    age = f"{length_words((scene.at - case.opened).total_seconds())} old"
    return case.id, told.severity, f"{case.points:f}", _name(scene, told.owner) or "nobody", due, age


def _about(told: CaseTold) -> str:
    return f"{printable(told.customer)}: {told.case.sum.rpartition(' = ')[0]} ({' '.join(told.subject.split())})"


def _style(scene: Scene, told: CaseTold) -> str:
    if told.case.state in ("verified", "resolved"):
        return "dim"
    return "remove" if _is_late(scene, told) or told.severity in _ALARM else "plain"


def _is_late(scene: Scene, told: CaseTold) -> bool:
    clock = told.case.next_clock
    return clock is not None and clock.due < scene.at


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 4] + " ..."


def _name(scene: Scene, handle: str | None) -> str:
    person = scene.snapshot.people.get(handle or "")
    return printable((person.name if person else "") or handle or "")


# --- one case ---------------------------------------------------------------------------------------------------------


def case_text(scene: Scene, told: CaseTold, paint: Paint, width: int) -> Iterator[str]:
    """One case in full."""
    case = told.case
    ticket = number(case.ticket, told.url)
    yield f"{paint('place', case.id)}  {paint('heading', case.recover.cause)}, {told.severity}, {case.state}"
    yield f"{printable(told.customer)} on {ticket}  {printable(' '.join(told.subject.split()))}"
    yield paint("dim", f"{case.rule.name} (line {case.rule.span.line})")
    yield from (paint("dim", line) for line in wrapped(case.rule.why, width, indent=2))
    yield f"Looked after by {_name(scene, told.owner) or 'nobody'}; the trouble was with {_blamed(scene, case)}."
    yield ""
    yield paint("heading", f"Signals  {case.sum}")
    yield from columns([_signal(scene, signal) for signal in case.signals], indent=2)
    yield from _clocks(scene, case, paint)
    yield from _steps(scene, case, paint)
    yield ""
    yield from _course(scene, case, paint)


def _blamed(scene: Scene, case: Case) -> str:
    return ", ".join(_name(scene, who) for who in sorted(case.blamed)) or "nobody in particular"


def _when(scene: Scene, moment: datetime) -> str:
    return moment_words(moment, scene.evaluation.recovery.zone, scene.at)


def _signal(scene: Scene, signal: Signal) -> tuple[str, ...]:
    ticket = number(called(signal.ticket, scene.tickets.get(signal.ticket, ("", ""))[0]))
    value = printable(" ".join(signal.value.split()))
    return _when(scene, signal.at), signal.kind.replace("_", " "), ticket, _name(scene, signal.owner), value


def _clocks(scene: Scene, case: Case, paint: Paint) -> Iterator[str]:
    if case.clocks:
        yield ""
        yield paint("heading", f"Clocks{f' (round {case.round})' if case.round > 1 else ''}")
    rows = []
    for clock in case.clocks:
        state = clock.state(scene.at, scene.snapshot.known_to, case.ended)
        met = (
            f"met {_when(scene, clock.met)}"
            if clock.met
            else distance_words(clock.due, scene.at)
            if not case.ended
            else ""
        )
        rows.append((clock.name.replace("_", " "), f"due {_when(scene, clock.due)}", state, met))
    yield from columns(rows, indent=2)


def _steps(scene: Scene, case: Case, paint: Paint) -> Iterator[str]:
    if case.recover.steps:
        yield ""
        yield paint("heading", "Steps")
    for place, step in enumerate(case.recover.steps, start=1):
        act = case.done.get(place)
        done = f"  ({_name(scene, act.who) or 'somebody'}, {_when(scene, act.at)})" if act else ""
        yield f"  {paint('ok', 'x') if act else ' '} {place}. {printable(step)}{paint('dim', done)}"


def _course(scene: Scene, case: Case, paint: Paint) -> Iterator[str]:
    """What became of it so far."""
    yield paint("heading", "Course")
    yield from columns([(_when(scene, at), state) for at, state in case.turns], indent=2)
    if case.contacted:
        yield f"  First contact {_when(scene, case.contacted.at)} by {_name(scene, case.contacted.who) or 'somebody'}."
    if case.state == "resolved" and case.verify_at:
        yield f"  Verified {_when(scene, case.verify_at)} if there is no more trouble."
    said = {
        "Plan": case.plan,
        "Root cause": case.root_cause,
        "Goodwill": case.goodwill,
        "Outcome": f"{(case.outcome or '').replace('_', ' ')} ({case.by})" if case.outcome else "",
        "Closed by": _name(scene, case.closed_by),
        "Flagged": {True: "rightly", False: "wrongly", None: ""}[case.flagged_rightly],
        "Not understood": "; ".join(case.unread),
    }
    yield from (f"  {name}: {printable(text)}." for name, text in said.items() if text)
