"""Recovery cases for people: who looks after each and how bad it is, which are on the board, and what people say of one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ..connectors.ticket import called
from .demand import needs
from .effects import change_key, effect_key, marker, signed
from .plan_file import Plan, PlannedChange, Summary
from .recovery_case import ENDED, LEAST_SETTLED
from .recovery_wishes import customer, owner, severity
from .runnable import rules_in_force

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ..rules.model import Rule, RuleSet
    from .recovery_case import Case
    from .scene import Scene
    from .snapshot import Needs

VALID_FOR = timedelta(hours=1)
_WORST_FIRST = ("critical", "urgent", "high", "medium", "normal", "low")
"""Severities in the order of the board; a rule file's own words come after high, by points."""


@dataclass(frozen=True, slots=True)
class CaseTold:
    """A case with what the desk's present adds to it."""

    case: Case
    severity: str
    owner: str | None
    customer: str
    url: str
    subject: str

    def to_json(self) -> dict[str, Any]:
        """The case as ``recovery --format json`` prints it."""
        present = {"severity": self.severity, "owner": self.owner, "customer": self.customer}
        present |= {"url": self.url, "subject": self.subject}
        return self.case.to_json() | present

    @property
    def due(self) -> tuple[str, datetime] | None:
        """What of a running case is due next, and when: a clock, or ``verify``, the end of the quiet time."""
        clock = self.case.next_clock
        if clock is not None:
            return clock.name, clock.due
        return ("verify", self.case.verify_at) if self.case.state == "resolved" and self.case.verify_at else None

    @property
    def waits(self) -> bool:
        """Whether it belongs on the board: somebody works on it, or has to say what becomes of it."""
        failed = self.case.state == "failed" and self.case.closed_by is None and self.case.outcome != "deleted"
        return failed or self.case.state not in ENDED


def opening(ruleset: RuleSet, helpdesk: str) -> list[Rule]:
    """The rules in force on a helpdesk that open cases."""
    return [rule for _, rule in rules_in_force(ruleset, helpdesk) if rule.actions.recover]


def cases_needs(ruleset: RuleSet, rules: list[Rule]) -> Needs:
    """What the store has to read so that :func:`cases_told` can be made of these rules."""
    asked = needs(ruleset, rules)
    return replace(asked, fields=asked.fields | {"assignee", "status", "group"})


def cases_told(scene: Scene) -> list[CaseTold]:
    """All cases, those with most left to do first, of those the worst, then by when something is due."""
    subjects = dict(scene.snapshot.tickets.select("id", "subject").iter_rows())
    told = [
        CaseTold(
            case,
            severity(scene, case),
            owner(scene, case),
            customer(scene, case),
            scene.tickets[case.ticket][0],
            subjects.get(case.ticket) or "",
        )
        for case in scene.evaluation.recovery.cases
    ]
    return sorted(told, key=_place)


def _place(told: CaseTold) -> tuple[Any, ...]:
    case, word = told.case, told.severity.casefold()
    level = _WORST_FIRST.index(word) if word in _WORST_FIRST else _WORST_FIRST.index("medium")
    due = told.due[1] if told.due else case.opened
    return LEAST_SETTLED.index(case.state), level, -case.points, due, case.id


def saying(scene: Scene, told: CaseTold, lines: Sequence[str]) -> Plan:
    """The plan that writes what somebody says of a case, as an internal note on one of its tickets; applied as any other.

    ``lines`` are marks as people write them, such as ``recovery: closed recovered``, and what goes with them.
    """
    case, text = told.case, "\n".join(lines)
    ticket = _writable(scene, case)
    url, version = scene.tickets[ticket]
    effect = effect_key(case.rule.id, "note", f"said {text}", f"recovery {case.id} {case.round}")
    change = PlannedChange(
        ticket=ticket,
        url=url,
        version=version,
        rule=case.rule.name,
        rule_id=case.rule.id,
        line=case.rule.span.line,
        action="note",
        step="said",
        id=change_key(case.rule.id, ticket, "note", f"said {text}", None, None),
        reason="recover",
        episode=case.begun,
        why={"case": case.id, "signals": case.sum},
        text=signed(text, marker(effect)),
        marker=marker(effect),
        effect=effect,
    )
    return Plan(
        made_at=scene.at,
        at=scene.at,
        known_to=scene.snapshot.known_to,
        valid_until=scene.at + VALID_FOR,
        helpdesk=scene.snapshot.helpdesk,
        store_id=scene.snapshot.store_id,
        rules_fingerprint=scene.ruleset.fingerprint,
        summary=Summary(tickets_seen=1, tickets_changed=1, changes=1, customer_visible=0),
        changes=(change,),
    ).sealed()


def _writable(scene: Scene, case: Case) -> str:
    """The home ticket; where the desk has frozen it, another one of the case that can still be written to."""
    there = [case.ticket, *(ticket for ticket in case.tickets if ticket not in case.gone)]
    closed_is_final = scene.snapshot.capabilities.closed_is_final
    free = (ticket for ticket in there if not closed_is_final or scene.value(ticket, "status") != "closed")
    return next(free, case.ticket)


def found_case(cases: Sequence[CaseTold], name: str) -> CaseTold | None:
    """The case of this id, or the newest one to which the ticket called so belongs."""
    plain = name.removeprefix("#").casefold()
    by_id = [told for told in cases if told.case.id.casefold() == plain]
    homes = [told for told in cases if plain == called(told.case.ticket, told.url).casefold()]
    others = [told for told in cases if plain in (ticket.casefold() for ticket in told.case.tickets)]
    return max(by_id or homes or others, key=lambda told: told.case.opened, default=None)
