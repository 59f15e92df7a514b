"""What can be said about conditions and actions without any ticket: what must hold, what excludes what, what follows."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from .durations import Duration
from .facts import fact_named
from .model import Group, Leaf

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .model import Condition, Rule, RuleSet

SOMEBODY = "\0somebody"
"""The owner after an action that chooses a person: certainly somebody, nobody knows who."""

_LOWER = ("at_least", "more_than", "older_than", "over")
_UPPER = ("at_most", "less_than", "newer_than", "under")
_NEEDS_NO_VALUE = ("missing", "not")


@dataclass(frozen=True, slots=True)
class Effect:
    """What an action certainly does to one fact: ``set`` to a value (``None``: cleared), ``add`` or ``remove`` an entry."""

    fact: str
    kind: Literal["set", "add", "remove"]
    value: str | None


def certain(condition: Condition | None) -> tuple[Leaf, ...]:
    """The comparisons that all hold whenever the condition holds."""
    if isinstance(condition, Leaf):
        return (condition,)
    if condition is None or condition.kind == "none" or (condition.kind == "any" and len(condition.parts) != 1):
        return ()
    return tuple(leaf for part in condition.parts for leaf in certain(part))


def wanted(condition: Condition | None, *, negated: bool = False) -> Iterator[Leaf]:
    """The comparisons that help the condition hold; what stands under ``none`` turned round where that is possible."""
    if isinstance(condition, Leaf):
        if not negated:
            yield condition
        elif condition.operator == "is":
            yield Leaf(condition.fact, "not", condition.operand, condition.span, condition.path)
    elif condition is not None:
        for part in condition.parts:
            yield from wanted(part, negated=negated != (condition.kind == "none"))


def disjoint(one: Leaf, other: Leaf) -> bool:
    """Whether two comparisons of the same fact can never hold together."""
    if one.fact != other.fact:
        return False
    for first, second in ((one, other), (other, one)):
        if first.operator == "missing" and second.operator not in _NEEDS_NO_VALUE:
            return True
        if first.operator == "is" and second.operator == "not" and _words(first) <= _words(second):
            return True
        if first.operator in _LOWER and second.operator in _UPPER and _crossed(first, second):
            return True
    both_values = one.operator == other.operator == "is"
    return both_values and _has_one_value(one.fact) and not _words(one) & _words(other)


def _words(leaf: Leaf) -> frozenset[str]:
    return frozenset(word.casefold() for word in leaf.operand)


def _has_one_value(name: str) -> bool:
    fact = fact_named(name)
    return fact is not None and fact.type not in ("list", "any", "share", "number") and name != "language"


def _crossed(lower: Leaf, upper: Leaf) -> bool:
    low, high = _size(lower.operand), _size(upper.operand)
    if low is None or high is None:
        return False
    inclusive = lower.operator == "at_least" and upper.operator == "at_most"
    return low > high or (low == high and not inclusive)


def _size(operand: object) -> Decimal | float | None:
    """A number or a wall-clock duration as something to compare; business time has no fixed size."""
    if isinstance(operand, Duration):
        return None if operand.business else operand.length.total_seconds()
    return operand if isinstance(operand, Decimal) else None


def contradiction(leaves: Iterable[Leaf]) -> tuple[Leaf, Leaf] | None:
    """The first two of these comparisons that exclude each other."""
    by_fact: dict[str, list[Leaf]] = {}
    for leaf in leaves:
        earlier = by_fact.setdefault(leaf.fact, [])
        found = next((other for other in earlier if disjoint(other, leaf)), None)
        if found is not None:
            return found, leaf
        earlier.append(leaf)
    return None


def effects(rule: Rule, rules: RuleSet) -> tuple[Effect, ...]:
    """What a live rule certainly does to facts; values that depend on a fact, and times, are left out."""
    if rule.mode != "live":
        return ()
    does = rule.actions
    found = [
        Effect(field.fact, "set", field.value)
        for field in does.set
        if field.value is None or isinstance(field.value, str)
    ]
    found += [Effect("tags", "add", tag) for tag in does.add_tags]
    found += [Effect("tags", "remove", tag) for tag in does.remove_tags]
    return (*found, *_of_assign(rule, rules))


def _of_assign(rule: Rule, rules: RuleSet) -> Iterator[Effect]:
    assign = rule.actions.assign
    if assign is None:
        return
    team = rules.teams.get(assign.team or "")
    if team is not None and team.group is not None:
        yield Effect("group", "set", team.group)
    if assign.to == "missing":
        yield Effect("assignee", "set", None)
    elif isinstance(assign.to, str):
        yield Effect("assignee", "set", assign.to)
    elif assign.choose or assign.to is not None:
        yield Effect("assignee", "set", SOMEBODY)


def satisfies(effect: Effect, leaf: Leaf) -> bool:
    """Whether the comparison certainly holds once the effect is there."""
    if effect.fact != leaf.fact:
        return False
    value = effect.value.casefold() if effect.value is not None else None
    if leaf.operator in ("present", "missing"):
        return effect.kind != "remove" and (value is not None) == (leaf.operator == "present")
    if leaf.operator not in ("is", "not", "all"):
        return False
    named = value in _words(leaf)
    if effect.kind == "set":
        return named if leaf.operator == "is" else leaf.operator == "not" and not named
    if effect.kind == "add":
        return named and (leaf.operator == "is" or len(leaf.operand) == 1) and leaf.operator != "not"
    return leaf.operator == "not" and named and len(leaf.operand) == 1


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known about a live rule: what it does, what helps its condition, what its condition makes certain."""

    effects: tuple[Effect, ...]
    wants: tuple[Leaf, ...]
    certain: tuple[Leaf, ...]


def reading(rule: Rule, rules: RuleSet) -> Reading:
    """What the words of the file say about a rule; nothing about one that is not live."""
    if rule.mode != "live":
        return Reading((), (), ())
    return Reading(effects(rule, rules), tuple(wanted(rule.when)), certain(rule.when))


def leads_to(rule: Reading, effect: Effect, other: Reading) -> bool:
    """Whether ``other`` can become true by this effect of ``rule``, where it was not true for that reason before."""
    turned = [leaf for leaf in other.wants if satisfies(effect, leaf) and _was_open(leaf, rule.certain)]
    if not turned:
        return False
    after = (*(leaf for leaf in rule.certain if leaf.fact != effect.fact), *_as_leaf(effect, turned[0]))
    return not any(disjoint(one, two) for one in after for two in other.certain)


def _was_open(leaf: Leaf, before: tuple[Leaf, ...]) -> bool:
    """Whether the comparison may have been false before: for ``not`` only where it certainly was."""
    same = [known for known in before if known.fact == leaf.fact]
    if leaf.operator == "not":
        return any(disjoint(known, leaf) for known in same)
    implied = any(known.operator == leaf.operator == "is" and _words(known) <= _words(leaf) for known in same)
    return not implied and not any(known.operator == leaf.operator and known.operand == leaf.operand for known in same)


def _as_leaf(effect: Effect, like: Leaf) -> tuple[Leaf, ...]:
    if effect.kind != "set":
        return ()
    if effect.value is None:
        return (Leaf(effect.fact, "missing", None, like.span, like.path),)
    return (Leaf(effect.fact, "is", (effect.value,), like.span, like.path),)


def groups_in(condition: Condition | None) -> Iterator[Group]:
    """Every group of a condition, outer ones first."""
    if isinstance(condition, Group):
        yield condition
        for part in condition.parts:
            yield from groups_in(part)
