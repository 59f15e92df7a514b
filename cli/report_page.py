"""A report as a page: what the template shows, in words, with a drawing and the numbers of every chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .charts import in_words, svg
from .pages import page
from .report_view import (
    about,
    basis_words,
    before_words,
    change_way,
    change_words,
    compared,
    period_words,
    table_words,
    value_words,
)
from .words import clock, printable

if TYPE_CHECKING:
    from ..engine.figures import Chart, Figure, Section, Series, Table
    from ..engine.report import Report


def report_page(report: Report) -> str:
    """The whole page.

    Raises:
        Failure: the extra ``report`` is not installed.
    """
    known = compared(report)
    sections = [_section(section, known=known) for section in report.sections]
    headlines = [figure for section in sections for figure in section["figures"] if figure["headline"]]
    return page(
        "report.html",
        title=printable(report.title),
        period=period_words(report.period, report.zone),
        about=about(report),
        before=period_words(report.earlier, report.zone) if known else "",
        notes=report.notes,
        headlines=headlines,
        sections=sections,
        known_to=clock(report.known_to),
    )


def _section(section: Section, *, known: bool) -> dict[str, Any]:
    return {
        "key": section.key,
        "title": section.title,
        "about": section.about,
        "notes": section.notes,
        "figures": [_figure(each, known=known) for each in section.figures],
        "charts": [_chart(each, f"{section.key}-{number}") for number, each in enumerate(section.charts, 1)],
        "tables": [_table(each) for each in section.tables],
    }


def _figure(figure: Figure, *, known: bool) -> dict[str, Any]:
    return {
        "label": figure.label,
        "value": value_words(figure.value, figure.unit),
        "has_value": figure.value is not None,
        "basis": basis_words(figure),
        "before": before_words(figure, compared=known),
        "change": change_words(figure),
        "way": change_way(figure),
        "headline": figure.headline,
        "definition": figure.definition,
    }


def _table(table: Table) -> dict[str, Any]:
    return {"title": table.title, "head": table.head, "rows": list(table_words(table))}


def _chart(chart: Chart, name: str) -> dict[str, Any]:
    values = [series.values for series in chart.series]
    rows = [
        [label, *(value_words(each[place], chart.unit) for each in values)] for place, label in enumerate(chart.labels)
    ]
    legend = [{"name": series.name, "tone": series.tone} for series in chart.series]
    told = in_words(chart, [_told(series, chart) for series in chart.series])
    head = [("Day" if chart.over_time else "", "text"), *((series.name, chart.unit) for series in chart.series)]
    return {
        "title": chart.title,
        "svg": svg(chart, name, told),
        "legend": legend if len(legend) > 1 else [],
        "table": {"title": chart.title, "head": head, "rows": rows},
        "over_time": chart.over_time,
    }


def _told(series: Series, chart: Chart) -> str:
    known = [value for value in series.values if value is not None]
    if not known:
        return value_words(None, chart.unit)
    if chart.unit == "count":
        return f"{sum(known):,.0f} in all, at most {max(known):,.0f}"
    return f"from {value_words(min(known), chart.unit)} to {value_words(max(known), chart.unit)}"
