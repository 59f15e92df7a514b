"""An explanation for people: rule by rule, every comparison with what it saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .plan_view import number
from .words import columns, seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .paint import Paint

BECOMES = {"begins": "will hold", "ends": "will hold no longer"}


def explain_text(found: Mapping[str, Any], subject: str, paint: Paint, width: int) -> Iterator[str]:
    """The verdict of each rule with its comparisons, rules that hold first in the eye; then what comes next."""
    yield f"{paint('place', number(found['ticket']))}  {subject}"
    yield paint("dim", f"as of {seen(found['at'])}")
    for rule in found["rules"]:
        yield ""
        yield from _rule(rule, paint, width)
    yield ""
    yield from _next(found["next"], paint)


def _rule(rule: Mapping[str, Any], paint: Paint, width: int) -> Iterator[str]:
    verdict = paint("ok", "holds  ") if rule["verdict"] else paint("dim", "does not")
    yield f"{verdict} {paint('heading', rule['rule'])}  " + paint("dim", f"line {rule['line']}")
    if rule.get("since"):
        until = f", long enough {seen(rule['due'])}" if rule.get("due") else ""
        yield f"         since {seen(rule['since'])}{until}"
    rows = [_leaf(leaf) for leaf in rule["leaves"]]
    for leaf, line in zip(rule["leaves"], columns(rows, indent=2), strict=True):
        mark = paint("ok", "+") if leaf["verdict"] else paint("remove", "-")
        yield f"      {mark}{line[:width]}"


def _leaf(leaf: Mapping[str, Any]) -> tuple[str, str, str]:
    value = "no value" if leaf["value"] is None else seen(leaf["value"])
    wanted = f"{leaf['operator'].replace('_', ' ')} {seen(leaf['operand'])}" if leaf["operand"] is not None else ""
    return leaf["fact"], value, f"wanted: {wanted or leaf['operator']}"


def _next(turns: list[dict[str, Any]], paint: Paint) -> Iterator[str]:
    if not turns:
        yield "If nobody acts, nothing changes by itself."
        return
    yield paint("heading", "If nobody acts")
    yield from columns(
        [(seen(turn["at"]), f"{turn['rule']} {BECOMES.get(turn['change'], turn['change'])}") for turn in turns],
        indent=2,
    )
