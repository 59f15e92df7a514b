"""What no test of a rule file exercises: rules that never held, conditions that never held, comparisons seen one way only."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from ..rules.model import Group, Leaf, leaves

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..rules.model import Condition, Rule, RuleSet
    from .evaluate import Evaluation


class Coverage:
    """Collects, test by test, which rules held and what their comparisons answered."""

    def __init__(self, ruleset: RuleSet) -> None:
        self.rules = [rule for rule in ruleset.rules if rule.mode != "off"]
        self.conditions = ruleset.conditions
        self._held: dict[str, int] = defaultdict(int)
        self._answers: dict[tuple[str, int], set[bool]] = defaultdict(set)
        self._conditions: set[str] = set()

    def add(self, evaluation: Evaluation, tickets: Sequence[str]) -> None:
        """Take in what one test's rules made of its tickets."""
        seen = [ticket for ticket in tickets if evaluation.value(ticket, "status") is not None]
        for rule in self.rules:
            self._held[rule.id] += bool(evaluation.matched(rule))
            for ticket in seen:
                verdicts = [seen.verdict for seen in evaluation.trace(rule, ticket)]
                for number, answer in enumerate(verdicts):
                    self._answers[rule.id, number].add(answer)
                if rule.when is not None:
                    _holds(rule.when, iter(verdicts), self._conditions)

    def report(self) -> dict[str, Any]:
        """How many tests each rule held in, and what is not exercised."""
        return {
            "rules": {rule.name: self._held[rule.id] for rule in self.rules},
            "not_exercised": {
                "rules": [_place(rule) for rule in self.rules if not self._held[rule.id]],
                "branches": [branch for rule in self.rules for branch in self._branches(rule)],
                "conditions": [name for name in self.conditions if name not in self._conditions],
            },
        }

    def _branches(self, rule: Rule) -> Iterator[dict[str, Any]]:
        for number, leaf in enumerate(leaves(rule.when)):
            for answer in (True, False):
                if answer not in self._answers[rule.id, number]:
                    never = "true" if answer else "false"
                    yield {"rule": rule.name, "line": leaf.span.line, "path": leaf.path, "never": never}


def _place(rule: Rule) -> dict[str, Any]:
    return {"rule": rule.name, "line": rule.span.line}


def _holds(condition: Condition, verdicts: Iterator[bool], held: set[str]) -> bool:
    """Whether a condition holds by its leaves' verdicts, in order; named conditions that hold are added to ``held``."""
    if isinstance(condition, Leaf):
        return next(verdicts)
    parts = [_holds(part, verdicts, held) for part in condition.parts]
    holds = all(parts) if condition.kind == "all" else any(parts) == (condition.kind == "any")
    if holds and isinstance(condition, Group) and condition.name:
        held.add(condition.name)
    return holds
