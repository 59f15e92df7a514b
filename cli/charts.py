"""Charts as SVG to stand in a page: drawn by matplotlib, then cleaned so that several can stand in one page, light or dark.

matplotlib draws with stand-ins for colours; what is written are variables of the page's style sheet. Texts stay texts.
"""

from __future__ import annotations

import io
import re
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from .pages import missing
from .words import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..engine.figures import Chart

COLOURS = {
    "good": "#010001",
    "bad": "#010002",
    "fair": "#010003",
    "plain": "#010004",
    "other": "#010005",
    "ink": "#010006",
    "soft": "#010007",
    "line": "#010008",
}
"""What is drawn in which stand-in; the style sheet has a variable ``--chart-NAME`` for each."""
WIDTH = 340.0
TEXT = 10
_HEIGHT, _ROW = 170.0, 40.0
_XLINK = "{http://www.w3.org/1999/xlink}href"
_KEPT = {"fill", "stroke", "stroke-width", "stroke-linecap", "text-anchor", "font-size", "opacity"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STEPS = (1, 2, 5)


def svg(chart: Chart, name: str, about: str) -> str:
    """The chart as an ``<svg>`` element; ``name`` is its own on the page, ``about`` tells in words what is to be seen.

    Raises:
        Failure: the extra ``report`` is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise missing(error) from error
    height = _HEIGHT if chart.over_time else _ROW * len(chart.labels) + 4
    with _plainly():
        figure = Figure(figsize=(WIDTH / 72, height / 72))
        figure.patch.set_visible(False)
        (_over_time if chart.over_time else _by_name)(figure, chart)
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    return _clean(drawn.getvalue(), name, chart.title, about)


@contextmanager
def _plainly() -> Iterator[None]:
    """Matplotlib as it comes, whatever a user's own style says; the same chart gives the same bytes."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {"svg.fonttype": "none", "svg.hashsalt": "makegood", "text.parse_math": False, "path.simplify": False}
        )
        yield


# --- drawing ------------------------------------------------------------------------------------------------------------


def _over_time(figure: Figure, chart: Chart) -> None:
    """Lines, or bars on one another, from left to right."""
    top = max(_tops(chart), default=0) or 1
    ticks = [0, 0.25, 0.5, 0.75, 1] if chart.unit == "share" else _ticks(top)
    names = [f"{tick:.0%}" if chart.unit == "share" else f"{tick:,}" for tick in ticks]
    left = 8 + 6.4 * max(map(len, names))
    axes = figure.add_axes((left / WIDTH, 26 / _HEIGHT, (WIDTH - left - 6) / WIDTH, (_HEIGHT - 36) / _HEIGHT))
    _bare(axes)
    axes.set_xlim(-0.6, len(chart.labels) - 0.4)
    axes.set_ylim(0, ticks[-1])
    axes.set_yticks(ticks, names, fontsize=TEXT, color=COLOURS["soft"])
    axes.grid(axis="y", color=COLOURS["line"], linewidth=0.8)
    axes.set_axisbelow(True)
    places = _places(len(chart.labels))
    axes.set_xticks(places, [_day(chart.labels[place]) for place in places], fontsize=TEXT, color=COLOURS["soft"])
    (_lines if chart.kind == "line" else _columns)(axes, chart)


def _tops(chart: Chart) -> list[float]:
    if chart.kind == "line":
        return [value for series in chart.series for value in series.values if value is not None]
    return [sum(value or 0 for value in values) for values in zip(*(each.values for each in chart.series), strict=True)]


def _bare(axes: Axes) -> None:
    """Without a frame."""
    axes.patch.set_visible(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, pad=7)


def _ticks(top: float) -> list[int]:
    """Three to five round numbers from 0 up to no less than ``top``."""
    step = next(digit * 10**power for power in range(12) for digit in _STEPS if digit * 10**power * 4 >= top)
    return [step * number for number in range(-int(-top // step) + 1)]


def _places(count: int, most: int = 6) -> list[int]:
    """Which of the labels are written: evenly spaced ones, the first among them."""
    return list(range(0, count, -(-count // most) or 1))


def _day(label: str) -> str:
    """``2026-10-05`` as ``5 Oct``."""
    found = re.fullmatch(r"\d{4}-(\d\d)-(\d\d)", label)
    return f"{int(found[2])} {_MONTHS[int(found[1]) - 1]}" if found else printable(label)


def _lines(axes: Axes, chart: Chart) -> None:
    for series in chart.series:
        values = [float("nan") if value is None else value for value in series.values]
        axes.plot(values, color=COLOURS[series.tone], linewidth=2, marker="o", markersize=3.5, markeredgewidth=0)


def _columns(axes: Axes, chart: Chart) -> None:
    below = [0.0] * len(chart.labels)
    for series in chart.series:
        values = [value or 0 for value in series.values]
        axes.bar(range(len(values)), values, 0.72, bottom=below, color=COLOURS[series.tone], linewidth=0)
        below = [one + other for one, other in zip(below, values, strict=True)]


def _by_name(figure: Figure, chart: Chart) -> None:
    """One bar for each label, from top to bottom; the label and the numbers stand above it."""
    rows = len(chart.labels)
    axes = figure.add_axes((0, 0, 1, 1))
    _bare(axes)
    axes.set_xticks([])
    axes.set_yticks([])
    longest = max(_tops(chart), default=0) or 1
    axes.set_xlim(0, longest)
    axes.set_ylim(_ROW * rows + 4, 0)
    for row, label in enumerate(chart.labels):
        top, left = _ROW * row, 0.0
        values = [series.values[row] or 0 for series in chart.series]
        axes.text(0, top + 15, _cut(printable(label)), fontsize=TEXT, color=COLOURS["ink"])
        numbers = " + ".join(f"{value:,.0f}" for value in values)
        axes.text(longest, top + 15, numbers, fontsize=TEXT, color=COLOURS["soft"], ha="right")
        axes.barh(top + 27, longest, 12, color=COLOURS["line"], linewidth=0)
        for series, value in zip(chart.series, values, strict=True):
            axes.barh(top + 27, value, 12, left=left, color=COLOURS[series.tone], linewidth=0)
            left += value


def _cut(text: str, longest: int = 38) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


# --- cleaning -----------------------------------------------------------------------------------------------------------


def _clean(drawn: str, name: str, title: str, about: str) -> str:
    """The drawing without what only a file of its own needs: no ids but those used, no outside name, no fixed colour."""
    root = ET.fromstring(drawn)  # noqa: S314 - drawn by us a moment ago
    used = {element.get(_XLINK, "").removeprefix("#") for element in root.iter()} - {""}
    places = {key: f"{name}-{number}" for number, key in enumerate(sorted(used))}
    body = "".join(_element(child, places) for child in root)
    box = root.get("viewBox")
    return (
        f'<svg viewBox="{box}" role="img" aria-labelledby="{name}-title {name}-about">'
        f'<title id="{name}-title">{_text(title)}</title><desc id="{name}-about">{_text(about)}</desc>{body}</svg>'
    )


def _element(element: ET.Element, places: dict[str, str]) -> str:
    tag = element.tag.rpartition("}")[2]
    if tag in ("metadata", "style", "clipPath"):
        return ""
    inner = _text((element.text or "").strip()) + "".join(_element(child, places) for child in element)
    if tag in ("g", "defs") and not inner:
        return ""
    attributes = dict(_attributes(element, places))
    if tag == "g" and not attributes:
        return inner
    said = "".join(f' {key}="{_text(value)}"' for key, value in attributes.items())
    return f"<{tag}{said}>{inner}</{tag}>"


def _attributes(element: ET.Element, places: dict[str, str]) -> Iterator[tuple[str, str]]:
    for key, value in element.attrib.items():
        if key == "id" and value in places:
            yield "id", places[value]
        elif key == _XLINK:
            yield "href", f"#{places[value.removeprefix('#')]}"
        elif key == "style":
            yield "style", _styled(value)
        elif key == "d":
            yield "d", " ".join(value.split())
        elif key in ("x", "y", "transform") and not value.startswith("rotate(-0"):
            yield key, value


def _styled(style: str) -> str:
    """The style with the page's variables for colours, and without a font: texts take that of the page."""
    pairs = (part.partition(":")[::2] for part in style.split(";"))
    names = {stand_in: name for name, stand_in in COLOURS.items()}
    said = {key.strip(): value.strip() for key, value in pairs}
    kept = ((key, names.get(value, value)) for key, value in said.items() if key in _KEPT)
    return ";".join(f"{key}:{f'var(--chart-{value})' if value in COLOURS else value}" for key, value in kept)


def _text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def in_words(chart: Chart, values: Sequence[str]) -> str:
    """What a chart shows, for whoever cannot see it; ``values``: the sum or the range of each series, in words."""
    told = "; ".join(f"{series.name}: {value}" for series, value in zip(chart.series, values, strict=True))
    span = f"{chart.labels[0]} to {chart.labels[-1]}" if chart.over_time else ", ".join(chart.labels)
    return f"{'Line' if chart.kind == 'line' else 'Bar'} chart, {span}. {told}. The numbers follow as a table."
