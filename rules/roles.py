"""Roles that are told and skills that are asked for: whether they can be anybody in the rule that names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .diagnostics import did_you_mean
from .model import By, bundles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from .diagnostics import Problems, Span
    from .model import Assign, Rule, RuleSet
    from .staff import Team

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


def no_skill(rules: RuleSet, problems: Problems, _today: date | None) -> None:
    """Report skills that a rule asks for and nobody has of the team it names, nor of the one that is asked next."""
    assigns = (actions.assign for rule in rules.rules for actions in bundles(rule) if actions.assign)
    for assign in assigns:
        teams = [rules.teams[name] for name in (assign.team, assign.if_nobody.team) if name]
        known = {skill.casefold(): skill for team in teams for member in team.people for skill in member.skills}
        if teams and all(team.people for team in teams):
            for skill in _skills(assign):
                if skill.casefold() not in known:
                    guess = did_you_mean(skill, list(known.values()))
                    hint = f"did you mean `{guess}`?" if guess else "add it to somebody's `skills`"
                    problems.warning(
                        "no-skill", assign.span, f"nobody of `{teams[0].name}` has the skill `{skill}`", hint
                    )


def _skills(assign: Assign) -> tuple[str, ...]:
    if not isinstance(assign.skills, By):
        return assign.skills
    cases = (*assign.skills.cases.values(), assign.skills.default)
    return tuple(dict.fromkeys(skill for case in cases for skill in case or ()))
