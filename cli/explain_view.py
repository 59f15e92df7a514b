"""An explanation for people: rule by rule, every comparison with what it saw."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from .clock_view import ClockView
from .plan_view import number
from .time_words import moment, moment_words
from .words import columns, printable, seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from .paint import Paint

SHOWN = 30
"""Characters of a value that are shown; the JSON has all of it."""
BECOMES = {
    "begins": "begins to hold",
    "ceases": "holds no longer",
    "acts": "has held long enough and acts",
    "due_soon": "is due soon",
    "missed": "is missed",
    "broken": "is broken",
    "verified": "is verified, if there is no more trouble",
}
"""What is said of a turn, after the name of what turns."""


def explain_text(found: Mapping[str, Any], subject: str, paint: Paint, width: int) -> Iterator[str]:
    """The verdict of each rule with its comparisons, then clocks, promises and cases, then what comes next."""
    zone, at = ZoneInfo(found["time_zone"]), moment(found["at"])
    yield f"{paint('place', number(found['ticket'], found['url']))}  {printable(subject)}"
    yield paint("dim", f"as of {moment_words(at, zone, at)} ({zone.key})")
    for rule in found["rules"]:
        yield ""
        yield from _rule(rule, zone, at, paint, width)
    view = ClockView(at, paint, width)
    for clock in found["clocks"]:
        yield from ("", *view.clock(clock))
    for promise in found["promises"]:
        yield from ("", *view.promise(promise, zone))
    for case in found["recovery"]:
        yield from ("", *_case(case, zone, at, paint, width))
    yield ""
    yield from _next(found["next"], zone, at, paint, width)


def _case(case: Mapping[str, Any], zone: ZoneInfo, at: datetime, paint: Paint, width: int) -> Iterator[str]:
    """A recovery case in short; `makegood recovery` has it in full."""
    yield f"{paint('heading', 'case ' + case['id'])}  {case['state']}, {case['severity']}" + paint(
        "dim", f"  {case['rule']}"
    )
    yield f"      since {moment_words(moment(case['opened']), zone, at)}, looked after by {case['owner'] or 'nobody'}"
    yield _cut(f"      {case['sum']}", width)


def _rule(rule: Mapping[str, Any], zone: ZoneInfo, at: datetime, paint: Paint, width: int) -> Iterator[str]:
    verdict = paint("ok", "holds  ") if rule["verdict"] else paint("dim", "does not")
    mode = "" if rule["mode"] == "live" else f", {rule['mode']}"
    yield f"{verdict} {paint('heading', rule['rule'])}  " + paint("dim", f"line {rule['line']}{mode}")
    if rule.get("since"):
        until = f", long enough {moment_words(moment(rule['due']), zone, at)}" if rule.get("due") else ""
        yield f"         since {moment_words(moment(rule['since']), zone, at)}{until}"
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


def _next(turns: list[dict[str, Any]], zone: ZoneInfo, at: datetime, paint: Paint, width: int) -> Iterator[str]:
    if not turns:
        yield "If nobody acts, nothing changes by itself."
        return
    yield paint("heading", "If nobody acts")
    rows = [(moment_words(moment(turn["at"]), zone, at), _turn(turn)) for turn in turns]
    yield from (_cut(line, width) for line in columns(rows, indent=2))


def _turn(turn: Mapping[str, Any]) -> str:
    """What turns and how: a rule, a clock, a promise, or one of their steps."""
    rule = "the promise" if "promise" in turn else turn["rule"]
    what = turn.get("clock", rule)
    if "case" in turn:
        what = f"case {turn['case']}" + (f": {turn['clock'].replace('_', ' ')}" if "clock" in turn else "")
    if turn["change"] == "step":
        return f"{what}, {turn['step']}: {turn['does']}"
    return f"{what} {BECOMES[turn['change']]}"
