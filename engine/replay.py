"""Episodes: since when a condition has held, found by replaying the history of the tickets it holds for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import polars as pl

from ..rules.model import leaves
from .demand import compared
from .snapshot import INSTANT
from .values import cell, column_type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ..rules.model import Rule
    from .history import History
    from .judge import Judge

_STEPS_BACK = (timedelta(days=8), timedelta(days=64), timedelta(days=36_500))
"""How far back an episode's begin is looked for where openings of a calendar count: most are young, and they are many."""


@dataclass(frozen=True, slots=True)
class Given:
    """Values that stand instead of those of the desk, by ticket (``t``) and fact, from ``since`` on (``None``: always)."""

    facts: Mapping[int, Mapping[str, object]]
    since: datetime | None = None

    def over(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with these values, as far as it has such columns."""
        for fact in sorted({fact for facts in self.facts.values() for fact in facts} & set(frame.columns)):
            values = {t: cell(fact, facts[fact]) for t, facts in self.facts.items() if fact in facts}
            table = pl.DataFrame(
                {"t": list(values), "_new": list(values.values())}, schema={"t": pl.Int32, "_new": column_type(fact)}
            )
            joined = frame.join(table.with_columns(_here=True), on="t", how="left", maintain_order="left")
            stands = pl.col("_here") & (pl.lit(value=True) if self.since is None else pl.col("now") >= self.since)
            new = pl.when(stands).then("_new").otherwise(fact)
            frame = joined.with_columns(new.alias(fact)).drop("_new", "_here")
        return frame


@dataclass(frozen=True, slots=True)
class Replay:
    """Rules over the past of some tickets."""

    history: History
    judge: Judge
    given: Given

    def starts(self, rule: Rule, tickets: pl.Series) -> dict[int, datetime]:
        """For each ticket (``t``) for which the rule holds now, when it began to do so without a break."""
        found: dict[int, datetime] = {}
        steps = _STEPS_BACK if any(leaf.fact == "now" for leaf in leaves(rule.when)) else _STEPS_BACK[-1:]
        for back in steps:
            missing = tickets.filter(~tickets.is_in(list(found)))
            if len(missing):
                part = replace(self, history=self.history.only(missing))
                found |= part.starts_within(rule, missing, back)
        return found

    def starts_within(self, rule: Rule, tickets: pl.Series, back: timedelta) -> dict[int, datetime]:
        """The starts that lie within so much time, or at a ticket's birth."""
        begin = self.history.snapshot.at - back
        births = self.history.tickets.filter(pl.col("t").is_in(tickets.to_list())).select("t", "created")
        frame = self._verdicts(rule, births.select("t", now=pl.max_horizontal("created", pl.lit(begin, INSTANT))))
        false = pl.col("now").filter(~pl.col(rule.id)).max()
        last = frame.group_by("t").agg(_false=false)
        rows = frame.join(last, on="t").filter(pl.col("_false").is_null() | (pl.col("now") > pl.col("_false")))
        starts = rows.group_by("t").agg(pl.col("now").min(), pl.col("_false").first()).join(births, on="t")
        known = starts.filter(pl.col("_false").is_not_null() | (pl.col("now") == pl.col("created")))
        return {t: start.astimezone(UTC) for t, start in known.select("t", "now").iter_rows()}

    def _verdicts(self, rule: Rule, begins: pl.DataFrame) -> pl.DataFrame:
        """The rule at every instant, from each ticket's begin to the present, at which it may have turned."""
        return self.judge.over(self.course([rule], begins, compared(rule)), [rule])

    def course(self, rules: Sequence[Rule], begins: pl.DataFrame, facts: frozenset[str]) -> pl.DataFrame:
        """The facts at every instant, from each ticket's begin to the present, at which one of the rules may have turned.

        ``begins`` holds ``t`` and ``now``. All instants at which something happened to the facts are among them.
        """
        at = self.history.snapshot.at
        instants = self._instants(begins, facts)
        frame = self._facts(instants, facts)
        window = (min(begins["now"].to_list(), default=at), at)
        turns = self.judge.turns(rules, frame, window)
        if not turns:
            return frame
        more = pl.concat([instants, *turns]).unique()
        more = more.join(begins.rename({"now": "_begin"}), on="t").filter(pl.col("now") >= pl.col("_begin"))
        return self._facts(more.select("t", "now"), facts)

    def _instants(self, begins: pl.DataFrame, facts: frozenset[str]) -> pl.DataFrame:
        """The begins, the present, and every instant between them at which something happened to these facts."""
        at = self.history.snapshot.at
        first = begins.rename({"now": "_begin"})
        parts = [self.history.changes(facts)]
        if facts & (self.history.across.keys() | self.history.told.keys()):
            frame = self.history.at(parts[0].join(first, on="t").select("t", "now"), facts)
            parts += self.history.turns(frame, facts)
        inside = pl.concat(parts).join(first, on="t").filter((pl.col("now") > pl.col("_begin")) & (pl.col("now") < at))
        present = begins.with_columns(now=pl.lit(at, INSTANT))
        return pl.concat([begins, inside.select("t", "now"), present]).unique()

    def _facts(self, instants: pl.DataFrame, facts: frozenset[str]) -> pl.DataFrame:
        return self.given.over(self.history.at(instants, facts))
