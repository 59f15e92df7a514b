"""What a report is made of: figures with what they are counted from, tables, and charts as plain series. No frames in here."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from statistics import median as middle
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Unit = Literal["text", "count", "share", "seconds", "number"]
Better = Literal["more", "less"]
Tone = Literal["good", "bad", "fair", "plain", "other"]
Cell = str | float | None
Rate = tuple[str, str, tuple[str, ...]]
"""A share in a table: its heading, what is the part, and of what together it is one."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a period, and of the period before. ``value`` is None where there was nothing to make it from.

    ``based_on`` says from how many of what (``of``) it was made; ``kind`` how: counted, a share of them, their median, their
    mean or an index. ``definition`` says it in a sentence. ``better``: which way is good. ``headline``: it stands at the top.
    """

    key: str
    label: str
    value: float | None
    unit: Unit
    kind: Literal["count", "share", "median", "mean", "index"]
    definition: str
    based_on: int
    of: str
    better: Better | None = None
    headline: bool = False
    before: float | None = None
    before_based_on: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; ``head`` names each column with the unit of its cells. The first column names the row."""

    title: str
    head: tuple[tuple[str, Unit], ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Series:
    """One line, or one part of every bar. A value that is not known is None: there the line has a gap."""

    name: str
    values: tuple[float | None, ...]
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Chart:
    """Series over ``labels``: of bars those of one label stand on each other. ``over_time``: the labels are dates in order."""

    key: str
    title: str
    kind: Literal["line", "bar"]
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    unit: Unit = "count"
    over_time: bool = True


@dataclass(frozen=True, slots=True)
class Section:
    """One subject of a report. ``notes`` are sentences on what is missing, or has to be known to read the figures."""

    key: str
    title: str
    about: str
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The section as JSON has it."""
        return asdict(self)


def counted(key: str, label: str, number: int, definition: str, of: str, **more: Any) -> Figure:
    """How many there were; none is a figure, too."""
    return Figure(key, label, number, "count", "count", definition, number, of, **more)


def share(key: str, label: str, part: int, whole: int, definition: str, of: str, **more: Any) -> Figure:
    """Which part of the whole; not known where there is no whole."""
    return Figure(key, label, _ratio(part, whole), "share", "share", definition, whole, of, **more)


def median(key: str, label: str, seconds: Sequence[float], definition: str, of: str, **more: Any) -> Figure:
    """The length in the middle: half of them were shorter, half longer."""
    value = middle(seconds) if seconds else None
    return Figure(key, label, value, "seconds", "median", definition, len(seconds), of, **more)


def mean(key: str, label: str, numbers: Sequence[float], definition: str, of: str, **more: Any) -> Figure:
    """The mean of numbers."""
    value = sum(numbers) / len(numbers) if numbers else None
    return Figure(key, label, value, "number", "mean", definition, len(numbers), of, **more)


def index(key: str, label: str, value: float | None, based_on: int, definition: str, of: str, **more: Any) -> Figure:
    """A figure on a scale of its own."""
    return Figure(key, label, value, "number", "index", definition, based_on, of, **more)


def by_name(
    title: str,
    first: str,
    found: Iterable[tuple[str, str]],
    columns: Mapping[str, str],
    rate: Rate | None = None,
) -> Table:
    """A table with a row for each name of ``found``, pairs of a name and what happened there; the busiest name first.

    ``columns``: what is counted, and the heading of that column. ``rate`` adds a share.
    """
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for name, what in found:
        sums[name][what] += 1
    named = [(name, each) for name, each in sums.items() if any(each[what] for what in columns)]
    ranked = sorted(named, key=lambda each: (-sum(each[1][what] for what in columns), each[0]))
    head: list[tuple[str, Unit]] = [(first, "text"), *((label, "count") for label in columns.values())]
    rows: list[list[Cell]] = [[name, *(each[what] for what in columns)] for name, each in ranked]
    if rate:
        label, part, whole = rate
        head.append((label, "share"))
        for row, (_, each) in zip(rows, ranked, strict=True):
            row.append(_ratio(each[part], sum(each[what] for what in whole)))
    return Table(title, tuple(head), tuple(map(tuple, rows)))


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
