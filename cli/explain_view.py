"""An explanation for people: rule by rule, every comparison with what it saw."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .plan_view import number
from .words import columns, printable, seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .paint import Paint

SHOWN = 30
"""Characters of a value that are shown; the JSON has all of it."""
BECOMES = {"begins": "begins to hold", "ceases": "holds no longer", "acts": "has held long enough and acts"}


def explain_text(found: Mapping[str, Any], subject: str, paint: Paint, width: int) -> Iterator[str]:
    """The verdict of each rule with its comparisons, rules that hold first in the eye; then what comes next."""
    yield f"{paint('place', number(found['ticket']))}  {printable(subject)}"
    yield paint("dim", f"as of {seen(found['at'])}")
    for rule in found["rules"]:
        yield ""
        yield from _rule(rule, paint, width)
    yield ""
    yield from _next(found["next"], paint)


def _rule(rule: Mapping[str, Any], paint: Paint, width: int) -> Iterator[str]:
    verdict = paint("ok", "holds  ") if rule["verdict"] else paint("dim", "does not")
    mode = "" if rule["mode"] == "live" else f", {rule['mode']}"
    yield f"{verdict} {paint('heading', rule['rule'])}  " + paint("dim", f"line {rule['line']}{mode}")
    if rule.get("since"):
        until = f", long enough {seen(rule['due'])}" if rule.get("due") else ""
        yield f"         since {seen(rule['since'])}{until}"
    rows = [_leaf(leaf) for leaf in rule["leaves"]]
    for leaf, line in zip(rule["leaves"], columns(rows, indent=1), strict=True):
        mark = paint("ok", "+") if leaf["verdict"] else paint("remove", "-")
        yield f"      {mark}{_cut(line, width - 7)}"


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 4] + " ..."


def _leaf(leaf: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Within which group it counts, the fact, what was seen, and what is wanted of it."""
    groups = re.findall(r"\b(any|none)\b", leaf["path"])
    wanted = leaf["operator"].replace("_", " ")
    operand = "" if leaf["operand"] is None else f" {seen(leaf['operand'])}"
    value = "no value" if leaf["value"] is None else seen(leaf["value"], SHOWN)
    return groups[-1] if groups else "", leaf["fact"], value, f"wanted: {wanted}{operand}"


def _next(turns: list[dict[str, Any]], paint: Paint) -> Iterator[str]:
    if not turns:
        yield "If nobody acts, nothing changes by itself."
        return
    yield paint("heading", "If nobody acts")
    rows = [(seen(turn["at"]), f"{turn['rule']} {BECOMES[turn['change']]}") for turn in turns]
    yield from columns(rows, indent=2)
