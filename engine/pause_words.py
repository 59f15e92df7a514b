"""Why a clock stood still, in words: the comparisons that held when the pause began."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ..rules.model import leaves
from .snapshot import INSTANT
from .values import in_words, typed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ..rules.model import Leaf
    from .clocks import Clock

_NEGATED = ("not", "missing")


def reasons(clock: Clock, t: int, instants: Sequence[datetime]) -> list[str]:
    """For each instant what the clock's ``pause_while`` saw on a ticket (``t``): ``status is pending``."""
    course = clock.course
    pausing = [rule for rule in course.conditions if rule.id == "paused"]
    if not pausing or not instants:
        return ["pause_while" for _ in instants]
    asked = pl.DataFrame({"t": [t] * len(instants), "now": instants}, schema={"t": pl.Int32, "now": INSTANT})
    facts = course.given.over(clock.history.at(asked))
    held = course.judge.over(facts, pausing, closed_too=True)
    calendar = course.judge.usual_calendar(clock.rule)
    said = [
        (leaf, held[course.judge.column(leaf, calendar)].to_list(), facts[leaf.fact].to_list())
        for leaf in leaves(pausing[0].when)
        if ".none" not in leaf.path
    ]
    return [
        " and ".join(_words(leaf, cells[row]) for leaf, verdicts, cells in said if verdicts[row]) or "pause_while"
        for row in range(len(instants))
    ]


def _words(leaf: Leaf, cell: object) -> str:
    """A comparison that held: a fact with its value, or with what it was compared to."""
    value = in_words(typed(leaf.fact, cell), "UTC")
    if leaf.operator in ("is", "all", "present") or (leaf.operator in _NEGATED and value):
        return f"{leaf.fact} is {value}"
    if leaf.operator in _NEGATED:
        return f"{leaf.fact} is missing"
    operand = ", ".join(leaf.operand) if isinstance(leaf.operand, tuple) else str(leaf.operand)
    return f"{leaf.fact} {leaf.operator.replace('_', ' ')} {operand}"
