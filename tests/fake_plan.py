"""Plans without a planner: changes as a test says them, sealed like real ones."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from makegood.engine.effects import change_key, effect_key, marker, signed
from makegood.engine.plan_file import Plan, PlannedChange, Summary
from makegood.rules.diagnostics import Span
from makegood.rules.model import Actions, Limits, Rule, RuleSet

if TYPE_CHECKING:
    from datetime import datetime

    from makegood.connectors.ticket import Value
    from makegood.engine.store import Store

DESK = "support"


def a_rule(name: str = "greet", **more: Any) -> Rule:
    return Rule(name, name, Span("rules.yaml", 1, 1, 1, 2), Actions(), fingerprint="f1", **more)


def rules(*every: Rule, fingerprint: str = "r1") -> RuleSet:
    return RuleSet(every or (a_rule(),), {}, "always", {}, {}, Limits(), (), fingerprint)


def change(
    ticket: str, action: str, field: str | None = None, to: Value = None, *, rule: str = "greet", **more: Any
) -> PlannedChange:
    """One planned change; notes get their marker as the planner gives it."""
    who = more.get("who", ())
    effect = effect_key(rule, action, None, ticket, who)
    if action == "note":
        more |= {"marker": marker(effect), "text": signed(more["text"], marker(effect))}
    key = change_key(rule, ticket, action, None, field, to or who)
    about = {"ticket": ticket, "url": f"desk/{ticket}", "rule": rule, "rule_id": rule, "line": 1, "action": action}
    return PlannedChange.model_validate(
        {"version": "1", "id": key, "effect": effect} | about | {"field": field, "to": to} | more
    )


def plan_of(store: Store, at: datetime, *changes: PlannedChange, **more: Any) -> Plan:
    """A sealed plan of these changes, made at ``at`` from everything known up to then."""
    tickets = len({each.ticket for each in changes})
    summary = Summary(tickets_seen=tickets, tickets_changed=tickets, changes=len(changes), customer_visible=0)
    about = {"made_at": at, "at": at, "known_to": at, "valid_until": at + timedelta(days=1), "helpdesk": DESK}
    about |= {"store_id": store.id, "rules_fingerprint": "r1", "summary": summary, "changes": changes}
    return Plan.model_validate(about | more).sealed()
