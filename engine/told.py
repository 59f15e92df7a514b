"""Facts that are worked out before others read them (clocks, promises, the desk's own SLA), as step functions of a ticket."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    import polars as pl


@dataclass(frozen=True)
class Told:
    """Facts of a ticket ``t`` from the instant ``at`` on: the columns of ``table``, which is sorted by ``t`` and ``at``.

    Rows after the snapshot's instant tell what will be if nobody acts. Before a ticket's first row nothing is known.
    """

    table: pl.DataFrame

    @cached_property
    def facts(self) -> frozenset[str]:
        """The names of the facts."""
        return frozenset(self.table.columns) - {"t", "at"}

    def join(self, frame: pl.DataFrame, facts: Collection[str]) -> pl.DataFrame:
        """The frame with those of the facts that are asked for as columns, as they are at each row's ``now``."""
        asked = sorted(self.facts & set(facts))
        rows = self.table.select("t", "at", *asked)
        seen = frame.select("_row", "t", "now").sort("t", "now")
        seen = seen.join_asof(rows, left_on="now", right_on="at", by="t", check_sortedness=False)
        return frame.join(seen.select("_row", *asked), on="_row", how="left", maintain_order="left")

    def turns(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The instants (``t``, ``now``) at which a fact may change for the tickets of a frame."""
        tickets = frame.select("t").unique()
        return tickets.join(self.table.select("t", now="at"), on="t").select("t", "now")
