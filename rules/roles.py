"""Receivers that are roles: whether a role can be anybody in the rule that tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .model import bundles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from .diagnostics import Problems, Span
    from .model import Rule, RuleSet, Team

KEYS = {"team_lead": "lead", "next_level": "next_level", "on_call": "on_call"}
"""Roles that a team gives, and the key of the team that does."""


def nobody_in_role(rules: RuleSet, problems: Problems, _today: date | None) -> None:
    """Report roles that reach nobody, whatever ticket the rule holds for."""
    for rule in rules.rules:
        assign = rule.actions.assign
        teams = [rules.teams[assign.team]] if assign and assign.team else list(rules.teams.values())
        for role, span, known in _roles(rule):
            if role == "promiser" and not known:
                message = "`promiser` is nobody here: only the steps of a `promise` know who gave it"
                problems.warning("nobody-in-role", span, message, "name a person, a channel or another role")
            elif role in KEYS and not any(getattr(team, KEYS[role]) for team in teams):
                _report(role, teams, span, problems)


def _report(role: str, teams: list[Team], span: Span, problems: Problems) -> None:
    key = KEYS[role]
    where = f"team `{teams[0].name}` has no `{key}`" if len(teams) == 1 else f"no team of this file has a `{key}`"
    problems.warning("nobody-in-role", span, f"`{role}` is nobody: {where}", f"add `{key}: ...` to the team")


def _roles(rule: Rule) -> Iterator[tuple[str, Span, bool]]:
    """Every role that a rule tells, where it says so, and whether it knows there who gave a promise."""
    promise = rule.actions.promise
    promised = [step.actions for step in (*promise.remind, *promise.escalate)] if promise else []
    for actions in bundles(rule):
        notify, assign = actions.notify, actions.assign
        said = [(receiver, notify.span) for receiver in notify.who] if notify else []
        said += [(receiver, assign.span) for receiver in assign.if_nobody.notify] if assign else []
        for receiver, span in said:
            if receiver.kind == "role":
                yield receiver.name, span, actions in promised
