"""A report as a page, as text and as Markdown: valid, whole, safe, for everybody, and the same bytes every time."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from page_check import dull, every, faults, parsed, words
from small_desk import PEOPLE, changed, event, rules, ticket
from small_desk import snapshot as desk
from test_report import BERLIN, HOUR, MARCH, local

from makegood.cli.charts import svg
from makegood.cli.failure import Failure
from makegood.cli.pages import page
from makegood.cli.report_page import report_page
from makegood.cli.report_view import change_way, change_words, period_words, report_markdown, report_text, value_words
from makegood.engine.figures import Chart, Figure, Section, Series
from makegood.engine.report import Report, report
from makegood.engine.seen import Period
from makegood.rules.diagnostics import plain

EVIL = "<script>alert(1)</script>"
QUOTED = "\"onmouseover='alert(2)' x=\""
NOW = local("2026-04-02")
RULES = f"""
calendars: {{office: {{time_zone: Europe/Berlin, hours: {{mon-fri: 09:00-17:00}}}}}}
rules:
  - {{name: Answers, deadline: {{name: '{EVIL}', target: first_reply, within: 4 business hours}}}}
  - {{name: Word, promise: {{}}}}
"""


def nothing() -> Report:
    """A month on a desk without tickets."""
    return report(rules(RULES), desk(at=NOW), MARCH, NOW, BERLIN)


def made(per_person: bool = False) -> Report:
    """Two months in which everything happened, on a desk where everything has a name that wants to be HTML."""
    tickets, story = [], []
    for number in range(60):
        start = local("2026-02-01T10:00") + number * timedelta(hours=23)
        group = (EVIL, QUOTED, "A & B < C", "$x_1$ 漢字")[number % 4]
        tickets.append(ticket(number, created=start, status="solved", assignee="ana@example.com", group=group))
        hours = HOUR * (1 + number % 5)
        said = "I will call you tomorrow." if number % 3 else "Hello."
        story += [
            changed(
                start + hours, "assignee", None, "ana@example.com", ("ana@example.com", "robot")[number % 2], on=number
            ),
            event(start + hours, "message", "ana@example.com", on=number, public=True, text=said),
            event(start + 9 * hours, "message", "ana@example.com", on=number, public=True, text="It works."),
            changed(start + 12 * hours, "status", "new", "solved", "ana@example.com", on=number),
            event(start + 13 * hours, "rating", "customer", on=number, new=("good", "bad")[number % 7 == 0]),
        ]
    people = PEOPLE | {"ana@example.com": replace(PEOPLE["ana@example.com"], name=EVIL + QUOTED)}
    snapshot = desk(*tickets, events=story, at=NOW, known_to=NOW, people=people)
    return report(rules(RULES), snapshot, MARCH, NOW, BERLIN, per_person=per_person)


@pytest.fixture(scope="module")
def full() -> Report:
    return made(per_person=True)


@pytest.fixture(scope="module")
def html(full: Report) -> str:
    return report_page(full)


# --- the page -----------------------------------------------------------------------------------------------------------


def test_the_page_is_valid_whole_safe_and_for_everybody(html: str) -> None:
    assert faults(html) == []
    assert len(html) < 200_000


def test_an_empty_page_is_so_too(full: Report) -> None:
    assert faults(report_page(nothing())) == []


def test_colours_can_be_told_apart_light_and_dark(html: str) -> None:
    assert dull(html) == []


def test_names_stay_names(html: str) -> None:
    assert EVIL not in html
    root = parsed(html)
    assert every(root, "script") == []
    assert any(EVIL in words(cell) for cell in every(root, "th"))
    assert any("onmouseover" in words(cell) for cell in every(root, "th"))
    assert "漢字" in html
    assert "$x_1$" in html


def test_every_figure_stands_there_with_its_number_and_its_definition(full: Report, html: str) -> None:
    told = words(parsed(html))
    for section in full.sections:
        for each in section.figures:
            assert each.definition in told
            assert f"{each.label} {value_words(each.value, each.unit)}" in told
            assert each.kind == "count" or f"of {each.based_on:,} " in told


def test_every_chart_is_followed_by_its_numbers(full: Report, html: str) -> None:
    pictures = every(parsed(html), "figure")
    charts = [chart for section in full.sections for chart in section.charts]
    assert len(pictures) == len(charts) > 5
    for picture, chart in zip(pictures, charts, strict=True):
        (drawing,), (table,) = every(picture, "svg"), every(picture, "table")
        assert chart.title in words(drawing)
        rows = [[words(cell) for cell in row] for row in every(table, "tr")][1:]
        assert [row[0] for row in rows] == [value_words(label, "text") for label in chart.labels]
        values = [[value_words(each.values[place], chart.unit) for each in chart.series] for place in range(len(rows))]
        assert [row[1:] for row in rows] == values


def test_the_same_report_gives_the_same_bytes(full: Report, html: str) -> None:
    assert report_page(full) == html


def test_a_users_own_style_changes_no_chart() -> None:
    import matplotlib

    chart = Chart("k", "Title", "line", ("2026-03-01", "2026-03-02"), (Series("one", (0.5, None)),), "share")
    drawn = svg(chart, "a", "About it.")
    with matplotlib.rc_context({"lines.linewidth": 9, "svg.fonttype": "path", "axes.grid": True}):
        assert svg(chart, "a", "About it.") == drawn
    assert "url(" not in drawn
    assert "http" not in drawn
    assert "var(--chart-plain)" in drawn
    assert "#0" not in drawn


def test_two_charts_on_a_page_share_no_ids() -> None:
    chart = Chart("k", "T", "line", ("2026-03-01",), (Series("one", (1.0,)),))
    drawn = [parsed("<!DOCTYPE html>" + svg(chart, name, "x")) for name in ("a", "b")]
    ids = [{each.get("id") for each in page.iter() if each.get("id")} for page in drawn]
    assert len(ids[0]) >= 2
    assert not ids[0] & ids[1]


@pytest.mark.parametrize("gone", ["jinja2", "matplotlib"])
def test_without_the_extra_it_is_said_what_to_install(full: Report, gone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.partition(".")[0] == gone]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, gone, None)
    with pytest.raises(Failure, match=f"need {gone}, which is not installed") as failed:
        report_page(full)
    assert failed.value.hint == "pip install 'makegood[report]'"


def test_a_template_that_asks_for_what_is_not_there_fails() -> None:
    with pytest.raises(Exception, match="undefined"):
        page("report.html", title="x")


# --- words --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (None, "share", "no data"),
        (0.0, "share", "0%"),
        (0.001, "share", "under 1%"),
        (0.999, "share", "over 99%"),
        (1.0, "share", "100%"),
        (1234, "count", "1,234"),
        (4200.0, "seconds", "1 h 10 min"),
        (0.125, "number", "0.12"),
        ("a\x1b[31mb", "text", "a\ufffd[31mb"),
    ],
)
def test_values_have_their_units(value: object, unit: object, said: str) -> None:
    assert value_words(value, unit) == said  # type: ignore[arg-type]


def figure(value: float | None, before: float | None, unit: str = "share", better: str | None = "more") -> Figure:
    return Figure("k", "L", value, unit, "share", "D.", 9, "tickets", better, before=before)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "said", "way"),
    [
        (figure(0.78, 0.7), "8 points up", "better"),
        (figure(0.78, 0.79), "1 point down", "worse"),
        (figure(0.781, 0.7812), "the same", ""),
        (figure(0.7, None), "", ""),
        (figure(None, 0.7), "", ""),
        (figure(7200, 3600, "seconds", "less"), "1 h longer", "worse"),
        (figure(3600, 7200, "seconds", "less"), "1 h shorter", "better"),
        (figure(3, 5, "count", None), "-2", ""),
        (figure(0.31, 0.4, "number", "less"), "-0.09", "better"),
    ],
)
def test_a_change_says_how_far_and_whether_that_is_good(found: Figure, said: str, way: str) -> None:
    assert (change_words(found), change_way(found)) == (said, way)


@pytest.mark.parametrize(
    ("begin", "end", "said"),
    [
        ("2026-10-01", "2026-11-01", "October 2026"),
        ("2026-10-01", "2027-01-01", "October to December 2026"),
        ("2026-12-01", "2027-02-01", "December 2026 to January 2027"),
        ("2026-10-05", "2026-10-12", "5 October 2026 to 11 October 2026"),
        ("2026-10-05", "2026-10-06", "5 October 2026"),
        ("2026-10-05T08:00", "2026-10-06", "5 October 2026, 08:00, to 6 October 2026, 00:00"),
        ("2026-10-05", "2026-10-12T15:55", "5 October 2026 to 12 October 2026, 15:55"),
    ],
)
def test_periods_are_said_exactly(begin: str, end: str, said: str) -> None:
    assert period_words(Period(local(begin), local(end)), "Europe/Berlin") == said


def test_the_text_has_every_figure_and_table(full: Report) -> None:
    told = "\n".join(report_text(full, plain, 100))
    assert told.startswith(
        "Service report support: March 2026\nCompared with February 2026; days are those of Europe/Berlin."
    )
    for section in full.sections:
        assert all(each.label in told for each in section.figures)
        assert all(each.title in told for each in section.tables)


def test_the_markdown_cannot_be_injected(full: Report) -> None:
    told = report_markdown(full)
    assert "<script>" not in told
    assert "&lt;script>" in told
    rows = [line for line in told.splitlines() if line.startswith("|")]
    assert rows
    assert all(line.endswith("|") for line in rows)
    assert "- **Promises kept in time**: Of the promises" in told


def test_a_section_of_somebody_else_needs_no_more_than_its_values(full: Report) -> None:
    more = Section("more", "More", "About more.", (figure(None, None),), notes=("A note.",))
    assert faults(report_page(replace(full, sections=(more,)))) == []
