"""From decided wishes to the lines of a plan file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from ..rules.model import leaves
from .effects import marker, signed
from .gate import change_of, effect_of, episode_of
from .plan_file import Held, Overruled, PlannedChange, Skipped, instant_text
from .scene import natural
from .wishes import wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..connectors.ticket import Value
    from .gate import Stay
    from .plan_file import ChangeReason
    from .scene import Scene
    from .wishes import Wish

Extra = TypeVar("Extra")

_LONGEST_VALUE = 80


def in_order(found: Iterable[tuple[Wish, Extra]]) -> list[tuple[Wish, Extra]]:
    """By ticket, then in the order of the rules, then fields before messages."""
    return sorted(found, key=lambda each: (natural(each[0].ticket), each[0].place))


def merged(found: Iterable[tuple[Wish, Extra]]) -> list[tuple[Wish, Extra]]:
    """The wishes as they come, with those of one rule for one ticket's list put together where all else is equal.

    Notices stay one for each receiver, and what is about several cycles of a clock one for each cycle.
    """
    groups: dict[Any, Wish] = {}
    for wish, extra in found:
        key = (wish.ticket, wish.subject.name, wish.place, wish.who, extra)
        earlier = groups.get(key)
        groups[key] = wish if earlier is None else replace(earlier, to=_joined(earlier.to, wish.to))
    return [(wish, key[-1]) for key, wish in groups.items()]


def _joined(one: Value, other: Value) -> Value:
    return tuple(dict.fromkeys((*(one or ()), *(other or ()))))


def change_part(scene: Scene, wish: Wish) -> PlannedChange:
    """The change that a wish asks for."""
    effect = effect_of(wish)
    mark = marker(effect) if wish.field is None else None
    text = wording(scene, wish) if wish.field is None else None
    return PlannedChange(
        **_line(scene, wish) | {"from": wish.from_, "to": None if wish.who else wish.to},
        id=change_of(wish),
        version=scene.tickets[wish.ticket][1],
        reason=_reason(wish),
        episode=episode_of(scene, wish),
        why={"saw": _seen(scene, wish), **_clock(wish), **(wish.choice.told() if wish.choice else {})},
        customer_sees=wish.customer_sees,
        text=signed(text, mark) if text and mark and wish.action == "note" else text,
        who=wish.who,
        marker=mark,
        effect=effect,
    )


def _clock(wish: Wish) -> dict[str, str]:
    """When what a step is about was due, and since when its time was counted; of a promise its words."""
    if wish.occasion is None:
        return {}
    occasion = wish.occasion
    times = {"counted_since": instant_text(occasion.start)} | (
        {"due": instant_text(occasion.due)} if occasion.due else {}
    )
    case = {"case": occasion.case.id, "signals": occasion.case.sum} if occasion.case else {}
    return times | ({"quote": occasion.quote} if occasion.quote else {}) | case


def _reason(wish: Wish) -> ChangeReason:
    if wish.occasion:
        return "recover" if wish.step is None else "remind" if wish.step.startswith("remind") else "escalate"
    return "repeat" if wish.step else "matched"


def overruled_part(scene: Scene, wish: Wish, by: str) -> Overruled:
    """A wish that lost to the rule called ``by``."""
    return Overruled(**_line(scene, wish), by=by)


def held_part(scene: Scene, wish: Wish, stay: Stay) -> Held:
    """A wish that waits."""
    return Held(**_line(scene, wish), **_reasons(stay), who=stay.who)


def skipped_part(scene: Scene, wish: Wish, stay: Stay) -> Skipped:
    """A wish without effect now."""
    return Skipped(**_line(scene, wish), **_reasons(stay))


def _line(scene: Scene, wish: Wish) -> dict[str, Any]:
    return {
        "ticket": wish.ticket,
        "url": scene.tickets[wish.ticket][0],
        "rule": wish.rule.name,
        "rule_id": wish.rule.id,
        "line": wish.rule.span.line,
        "action": wish.action,
        "step": wish.step,
        "field": wish.field,
        "to": wish.to,
    }


def _reasons(stay: Stay) -> dict[str, Any]:
    return {"reason": stay.reason, "since": stay.since, "detail": stay.detail}


def _seen(scene: Scene, wish: Wish) -> dict[str, str | Sequence[str] | None]:
    """What the facts that the rule reads were; long texts cut short."""
    facts = dict.fromkeys(leaf.fact for leaf in leaves(wish.rule.when))
    return {fact: _short(scene.value(wish.ticket, fact)) for fact in facts}


def _short(value: Value) -> Value:
    if isinstance(value, str) and len(value) > _LONGEST_VALUE:
        return value[: _LONGEST_VALUE - 1].rstrip() + "…"
    return value
