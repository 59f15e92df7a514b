"""Tables and charts of what happened in a period, in one call each: by team, by person, in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .figures import Chart, Series, by_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .figures import Rate, Table, Tone
    from .seen import Happening, Seen


def names(
    seen: Seen, title: str, found: Sequence[Happening], columns: Mapping[str, str], rate: Rate | None = None
) -> list[Table]:
    """A table by team; by person, too, where the settings allow that."""
    tables = [by_name(f"{title} by team", "Team", ((each.team, each.what) for each in found), columns, rate)]
    if seen.per_person:
        named = ((seen.name(each.person), each.what) for each in found)
        tables.append(by_name(f"{title} by person", "Person", named, columns, rate))
    return [table for table in tables if table.rows]


def days(
    seen: Seen, key: str, title: str, found: Iterable[Happening], series: Mapping[str, tuple[str, Tone]]
) -> list[Chart]:
    """How often things happened, day by day (in long periods week by week, or month by month)."""
    sums = seen.in_time(found, *series)
    if not any(map(any, sums.values())):
        return []
    lines = tuple(Series(name, tuple(sums[what]), tone) for what, (name, tone) in series.items())
    return [Chart(key, title, "bar", tuple(name for name, _ in seen.stretches), lines)]


def bars(key: str, title: str, table: Table, tones: Sequence[Tone]) -> list[Chart]:
    """The counts of a table as bars, one for each of its rows."""
    columns = [place for place, (_, unit) in enumerate(table.head) if unit == "count"]
    labels = tuple(str(row[0]) for row in table.rows)
    series = (
        Series(table.head[place][0], tuple(_number(row[place]) for row in table.rows), tone)
        for place, tone in zip(columns, tones, strict=True)
    )
    return [Chart(key, title, "bar", labels, tuple(series), over_time=False)] if table.rows else []


def _number(cell: object) -> float | None:
    return float(cell) if isinstance(cell, int | float) else None


def rates(seen: Seen, key: str, title: str, found: Iterable[Happening], good: str, bad: str) -> list[Chart]:
    """The share of good ones in time; where nothing happened there is none."""
    sums = seen.in_time(found, good, bad)
    pairs = list(zip(sums[good], sums[bad], strict=True))
    if sum(map(any, pairs)) < 2:
        return []
    values = tuple(one / (one + other) if one + other else None for one, other in pairs)
    labels = tuple(label for label, _ in seen.stretches)
    return [Chart(key, title, "line", labels, (Series(title, values),), "share")]
