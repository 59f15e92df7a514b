"""Which rules will begin to hold because of a plan: shown with it, planned by the next run."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ..rules.model import leaves
from .people_win import same_text
from .plan_file import Follows
from .scene import natural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..connectors.ticket import Value
    from ..rules.model import Rule
    from .scene import Scene
    from .wishes import Wish

Planned = dict[str, dict[str, "Value"]]


def follows(scene: Scene, rules: Sequence[tuple[int, Rule]], changes: Sequence[Wish]) -> list[Follows]:
    """By ticket, then in the order of the rules: live rules that do not hold now and will once the changes are made."""
    planned = _planned(changes)
    if not planned:
        return []
    after = scene.evaluation.overlay(planned)
    found = []
    for order, rule in rules:
        if rule.mode == "live":
            now = set(scene.evaluation.matched(rule))
            found += [
                (natural(each), order, each, rule)
                for each in after.matched(rule)
                if each in planned and each not in now
            ]
    by_ticket: dict[str, list[Wish]] = defaultdict(list)
    for wish in changes:
        by_ticket[wish.ticket].append(wish)
    return [
        Follows(
            ticket=ticket,
            url=scene.tickets[ticket][0],
            rule=rule.name,
            line=rule.span.line,
            because=_because(rule, by_ticket[ticket]),
        )
        for _, _, ticket, rule in sorted(found, key=lambda each: each[:2])
    ]


def _planned(changes: Iterable[Wish]) -> Planned:
    """The fields of each ticket as they will be."""
    planned: Planned = defaultdict(dict)
    for wish in changes:
        if wish.field is not None:
            fields = planned[wish.ticket]
            fields[wish.field] = _after(wish, fields.get(wish.field, wish.from_))
    return dict(planned)


def _after(wish: Wish, present: Value) -> Value:
    if wish.entry is None:
        return wish.to
    there = present if isinstance(present, tuple) else ()
    entries = wish.to if isinstance(wish.to, tuple) else ()
    if wish.action == "remove_tags":
        return tuple(tag for tag in there if not any(same_text(tag, entry) for entry in entries))
    return (*there, *entries)


def _because(rule: Rule, changes: Sequence[Wish]) -> str:
    """The rules whose changes this rule reads, else all that change the ticket."""
    read = {leaf.fact for leaf in leaves(rule.when)}
    causes = [wish for wish in changes if wish.field in read] or [wish for wish in changes if wish.field]
    return ", ".join(dict.fromkeys(wish.rule.name for wish in causes))
