"""Which facts a rule names anywhere: in conditions, choices, values, receivers and texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

from .diagnostics import Span
from .model import Assign, By, FactRef, Leaf, Receiver, Recover, SetField
from .texts import Placeholder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def mentions(value: object, span: Span | None = None) -> Iterator[tuple[str, Span | None]]:
    """Every fact that a part of a rule names, with the nearest place that is known for it; ``span``: that of the part."""
    if value is None or isinstance(value, str | Span):
        return
    span = getattr(value, "span", span)
    match value:
        case Leaf(fact=name) | By(fact=name) | FactRef(name=name) | SetField(fact=name) | Placeholder(name=name):
            yield name, span
        case Receiver(kind="fact" | "role", name=name):
            yield name, span
        case Recover(customer=name) if name != "requester":
            yield name, span
        case Assign(prefer=preferred):
            yield from ((name, span) for name in preferred)
    for part in _inside(value):
        yield from mentions(part, span)


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, tuple):
        return value
    if isinstance(value, Mapping):
        return value.values()
    return [getattr(value, part.name) for part in fields(value)] if is_dataclass(value) else ()
