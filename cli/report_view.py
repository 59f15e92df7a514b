"""A report in words: figures with their units, what they were before, as text for a terminal and as Markdown."""

from __future__ import annotations

from datetime import time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from .plan_view import escaped
from .time_words import length_words
from .words import columns, printable, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from ..engine.figures import Cell, Figure, Table, Unit
    from ..engine.report import Report
    from ..engine.seen import Period
    from .paint import Paint

NO_DATA, SAME = "no data", "the same"
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


# --- values -------------------------------------------------------------------------------------------------------------


def value_words(value: Cell, unit: Unit) -> str:
    """A value with its unit; what is not known is never a zero."""
    if value is None:
        return NO_DATA
    if isinstance(value, str):
        return printable(value)
    if unit == "share":
        return _percent(value)
    return {"seconds": length_words(value), "count": f"{value:,.0f}"}.get(unit, f"{value:.2f}")


def _percent(value: float) -> str:
    """A share rounded so that all and nothing are only said where they are meant."""
    told = round(value * 100)
    if told == 100 and value < 1:
        return "over 99%"
    return "under 1%" if told == 0 and value > 0 else f"{told}%"


def basis_words(figure: Figure) -> str:
    """From how many of what a figure was made; empty where the figure itself is that number."""
    if figure.kind == "count":
        return ""
    word = figure.of.removesuffix("s") if figure.based_on == 1 and figure.of != "people" else figure.of
    return f"of {figure.based_on:,} {word}"


def before_words(figure: Figure, *, compared: bool) -> str:
    """What the figure was in the period before, and from how many; empty where nothing is compared at all."""
    if not compared:
        return ""
    told = value_words(figure.before, figure.unit)
    return told if figure.kind == "count" or figure.before is None else f"{told} of {figure.before_based_on:,}"


def change_words(figure: Figure) -> str:
    """How far a figure moved since the period before; empty where that cannot be said."""
    if figure.value is None or figure.before is None:
        return ""
    if value_words(figure.value, figure.unit) == value_words(figure.before, figure.unit):
        return SAME
    change = figure.value - figure.before
    if figure.unit == "share":
        points = abs(round(figure.value * 100) - round(figure.before * 100)) or 1
        return f"{points} point{'s' if points != 1 else ''} {'up' if change > 0 else 'down'}"
    if figure.unit == "seconds":
        return f"{length_words(change)} {'longer' if change > 0 else 'shorter'}"
    return f"{change:+,.0f}" if figure.unit == "count" else f"{change:+.2f}"


def change_way(figure: Figure) -> str:
    """Whether a change is ``better`` or ``worse``; empty where there is none, or neither."""
    if figure.better is None or figure.value is None or figure.before is None or change_words(figure) == SAME:
        return ""
    return "better" if (figure.value > figure.before) == (figure.better == "more") else "worse"


def compared(report: Report) -> bool:
    """Whether anything of the period before is known."""
    return any(figure.before is not None for section in report.sections for figure in section.figures)


# --- periods ------------------------------------------------------------------------------------------------------------


def period_words(period: Period, zone: str) -> str:
    """``October 2026``, ``5 October 2026 to 11 October 2026``; with times where it does not begin or end at midnight."""
    begin, end = (instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for instant in (period.begin, period.end))
    if begin.time() != time() or end.time() != time():
        since = "" if begin.time() == time() else f", {begin:%H:%M},"
        return f"{_day(begin)}{since} to {_day(end)}, {end:%H:%M}"
    last = end - timedelta(days=1)
    if begin.day == 1 and end.day == 1:
        return _months(begin, last)
    return _day(begin) if begin == last else f"{_day(begin)} to {_day(last)}"


def _months(begin: datetime, last: datetime) -> str:
    until = f"{_MONTHS[last.month - 1]} {last.year}"
    if (begin.year, begin.month) == (last.year, last.month):
        return until
    year = f" {begin.year}" if begin.year != last.year else ""
    return f"{_MONTHS[begin.month - 1]}{year} to {until}"


def _day(local: datetime) -> str:
    return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"


def about(report: Report) -> str:
    """With which period this one is compared, and whose days they are, in a sentence."""
    beside = f"Compared with {period_words(report.earlier, report.zone)}" if compared(report) else "Not compared"
    so_far = "" if report.period == report.asked else "The period is not over yet. "
    return f"{so_far}{beside}; days are those of {report.zone}."


# --- text ---------------------------------------------------------------------------------------------------------------


def report_text(report: Report, paint: Paint, width: int) -> Iterator[str]:
    """The report for a terminal: every figure with its basis and what it was, then the tables."""
    yield paint("heading", f"{printable(report.title)}: {period_words(report.period, report.zone)}")
    yield from wrapped(about(report), width)
    yield from (paint("warning", line) for note in report.notes for line in wrapped(note, width))
    for section in report.sections:
        yield ""
        yield paint("heading", section.title)
        yield from columns(_rows(section.figures, known=compared(report)), indent=2)
        yield from (paint("dim", line) for note in section.notes for line in wrapped(note, width, indent=2))
        for table in section.tables:
            yield ""
            yield f"  {paint('dim', table.title)}"
            yield from columns([[name for name, _ in table.head], *table_words(table)], indent=2)


def _rows(figures: Iterable[Figure], *, known: bool) -> Iterator[tuple[str, ...]]:
    for each in figures:
        before = before_words(each, compared=known)
        yield (
            each.label,
            value_words(each.value, each.unit),
            basis_words(each),
            f"before: {before}" if before else "",
            ", ".join(filter(None, (change_words(each), change_way(each)))),
        )


def table_words(table: Table) -> Iterator[list[str]]:
    """The rows of a table in words."""
    units = [unit for _, unit in table.head]
    for row in table.rows:
        yield [value_words(cell, unit) for cell, unit in zip(row, units, strict=True)]


# --- Markdown -----------------------------------------------------------------------------------------------------------


def report_markdown(report: Report) -> str:
    """The report as Markdown, with every definition."""
    lines = [f"# {escaped(report.title)}: {period_words(report.period, report.zone)}", "", about(report), ""]
    lines += [line for note in report.notes for line in (f"> {escaped(note)}", "")]
    known = compared(report)
    for section in report.sections:
        lines += [f"## {escaped(section.title)}", "", section.about, ""]
        if section.figures:
            head = ("figure", "value", "from", "before", "change")
            lines += [*_table(head, "lrlll", (_cells(each, known=known) for each in section.figures)), ""]
        lines += [line for note in section.notes for line in (escaped(note), "")]
        for table in section.tables:
            side = "".join("l" if unit == "text" else "r" for _, unit in table.head)
            rows = [[escaped(cell) for cell in row] for row in table_words(table)]
            lines += [f"### {escaped(table.title)}", "", *_table([name for name, _ in table.head], side, rows), ""]
        lines += [f"- **{each.label}**: {escaped(each.definition)}" for each in section.figures]
        lines += [""] * bool(section.figures)
    return "\n".join(lines).rstrip() + "\n"


def _cells(figure: Figure, *, known: bool) -> list[str]:
    change = ", ".join(filter(None, (change_words(figure), change_way(figure))))
    value = value_words(figure.value, figure.unit)
    return [figure.label, value, basis_words(figure), before_words(figure, compared=known), change]


def _table(head: Iterable[str], side: str, rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---:' if each == 'r' else '---' for each in side)}|"
    yield from (f"| {' | '.join(row)} |" for row in rows)
