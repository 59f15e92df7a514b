"""Rules that make other rules true: chains, rings, and clocks that depend on themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from .meaning import leads_to, reading
from .model import leaves

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from .diagnostics import Problems, Span
    from .meaning import Effect, Reading
    from .model import Rule, RuleSet

Name = TypeVar("Name")

Steps = dict[int, dict[int, "Effect"]]
"""For each rule, by number, the rules it makes true and by which effect."""


def steps(rules: RuleSet) -> Steps:
    """Which rules lead to which; only what the words of the file make certain counts."""
    readings = [reading(rule, rules) for rule in rules.rules]
    asking = _asking(readings)
    found: Steps = {}
    for number, rule in enumerate(readings):
        for effect in rule.effects:
            by_word = asking.get((effect.fact, _word(effect.value)), set())
            for other in sorted(by_word | asking.get((effect.fact, None), set())):
                if other != number and leads_to(rule, effect, readings[other]):
                    found.setdefault(number, {}).setdefault(other, effect)
    return found


def _asking(readings: list[Reading]) -> dict[tuple[str, str | None], set[int]]:
    """The rules that ask for a fact, by the word they ask for; ``None``: for whether it is there, or is not something."""
    asking: dict[tuple[str, str | None], set[int]] = {}
    for number, each in enumerate(readings):
        for leaf in each.wants:
            words = leaf.operand if leaf.operator in ("is", "all") else (None,)
            for word in words:
                asking.setdefault((leaf.fact, _word(word)), set()).add(number)
    return asking


def _word(value: str | None) -> str | None:
    return value.casefold() if value is not None else None


def follows(rules: RuleSet, problems: Problems, _today: date | None) -> None:
    """Say which rules follow from others, rings left out."""
    found = steps(rules)
    rings = _rings(found)
    for number, following in found.items():
        for other, effect in following.items():
            if not any(number in each and other in each for each in rings):
                rule, after = rules.rules[number], rules.rules[other]
                message = f"this makes `{after.name}` (line {after.span.line}) true, by `{effect.fact}`"
                problems.info("follows", _title(rule, rules), message, "that rule is planned in the next run")


def ring(rules: RuleSet, problems: Problems, _today: date | None) -> None:
    """Report rules that make each other true in a circle, once for each circle."""
    for members in _rings(steps(rules)):
        names = " -> ".join(f"`{rules.rules[number].name}`" for number in (*members, members[0]))
        message = f"these rules make each other true without end: {names}"
        problems.error("ring", _title(rules.rules[members[0]], rules), message, "narrow one of the conditions")


def _title(rule: Rule, rules: RuleSet) -> Span:
    """Where the first line of a rule stands."""
    span = rule.span
    lines = rules.sources.get(span.file, "").splitlines()
    text = lines[span.line - 1] if span.line <= len(lines) else ""
    return span._replace(end_line=span.line, end_column=max(len(text.rstrip()) + 1, span.column + 1))


def _rings(found: Steps) -> list[list[int]]:
    """Sets of rules that all lead to each other, each in file order."""
    reached = {number: _reached(number, found) for number in found}
    rings: list[list[int]] = []
    for number in found:
        members = [other for other in sorted(reached[number]) if number in reached.get(other, set())]
        if number in members and members not in rings:
            rings.append(members)
    return rings


def _reached(start: Name, ways: Mapping[Name, Iterable[Name]]) -> set[Name]:
    """Everything that can be reached from ``start`` in one step or more."""
    reached: set[Name] = set()
    ahead = list(ways.get(start, ()))
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead += ways.get(name, ())
    return reached


def clock_loop(rules: RuleSet, problems: Problems, _today: date | None) -> None:
    """Report clocks whose condition reads themselves, also through other clocks."""
    reads: dict[str, set[str]] = {}
    for rule in rules.rules:
        clock = rule.actions.deadline
        if clock is not None:
            conditions = (rule.when, clock.until, clock.pause_while, clock.cancel_when)
            named = {_clock(leaf.fact) for condition in conditions for leaf in leaves(condition)}
            named |= {_clock(fact.name) for fact in (clock.starts, clock.at) if fact}
            reads.setdefault(clock.name, set()).update(name for name in named if name)
    for rule in rules.rules:
        clock = rule.actions.deadline
        if clock is not None and clock.name in _reached(clock.name, reads):
            message = f"the clock `{clock.name}` depends on itself"
            problems.error("clock-loop", clock.span, message, "take `deadline...` out of its conditions")


def case_loop(rules: RuleSet, problems: Problems, _today: date | None) -> None:
    """Report conditions that open cases or move clocks and read how a case is: cases are worked out after all clocks."""
    for rule in rules.rules:
        clock, recover = rule.actions.deadline, rule.actions.recover
        conditions = (rule.when, clock.until, clock.pause_while, clock.cancel_when) if clock else ()
        what = "a deadline" if clock else "`recover`"
        for leaf in (leaf for each in (*conditions, rule.when if recover else None) for leaf in leaves(each)):
            if leaf.fact == "recovery":
                message = f"{what} cannot read `recovery`: cases are worked out from clocks and conditions"
                problems.error("case-loop", leaf.span, message, "ask for it in another rule")
                break


def _clock(fact: str) -> str | None:
    return fact.removeprefix("deadline.").removesuffix(".due") if fact.startswith("deadline.") else None
