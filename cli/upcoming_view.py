"""The board of what falls due, for people: overdue first, then day by day, then what stands still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from .plan_view import number
from .time_words import day_words, distance_words, moment_words, working_words
from .words import columns, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from ..engine.board import Item
    from .paint import Paint

SHOWN = 40
"""Entries of one section that are shown; the JSON has all of them."""
OVERDUE, PAUSED = "Overdue", "Paused"
_WIDEST_NAME = 20


@dataclass(frozen=True, slots=True)
class _Board:
    names: Mapping[str, str]
    zone: ZoneInfo
    at: datetime
    paint: Paint
    width: int

    @property
    def today(self) -> date:
        return self.at.astimezone(self.zone).date()

    def section(self, item: Item) -> str:
        """Under which heading an item stands."""
        if item.state == "paused":
            return PAUSED
        if item.due <= self.at:
            return OVERDUE
        day = item.due.astimezone(self.zone).date()
        near = {self.today: "Today", self.today + timedelta(days=1): "Tomorrow"}
        return near.get(day) or day_words(day, self.today)

    def entries(self, heading: str, items: Sequence[Item]) -> Iterator[str]:
        """The heading and two lines for each item: when, which ticket, what, who; then what it is about."""
        yield self.paint("error" if heading == OVERDUE else "heading", heading)
        shown = items[:SHOWN]
        rows = [self._row(item, heading) for item in shown]
        for item, line in zip(shown, columns(rows, indent=2), strict=True):
            yield self.paint(self._style(item), line)
            yield self.paint("dim", self._cut(f"      {self._about(item)}"))
        if len(items) > SHOWN:
            yield f"  ... and {len(items) - SHOWN:,} more (all of them: --format json)"

    def _row(self, item: Item, heading: str) -> tuple[str, str, str, str, str]:
        who = printable(self.names.get(item.who or "", item.who or "nobody"))
        who = who if len(who) <= _WIDEST_NAME else who[: _WIDEST_NAME - 4] + " ..."
        return (*self._time(item, heading), number(item.ticket, item.url), item.name, who)

    def _time(self, item: Item, heading: str) -> tuple[str, str]:
        if heading == PAUSED:
            left = working_words(item.left)
            return "", f"{left} left"
        local = item.due.astimezone(self.zone)
        when = moment_words(item.due, self.zone, self.at) if heading == OVERDUE else f"{local:%H:%M}"
        return when, distance_words(item.due, self.at)

    def _style(self, item: Item) -> str:
        if item.state == "paused":
            return "dim"
        return "remove" if item.due <= self.at else "change" if item.state == "due_soon" else "plain"

    def _about(self, item: Item) -> str:
        subject = " ".join(printable(item.subject).split())
        quote = " ".join(printable(item.quote or "").split())
        return f"“{quote}” ({subject})" if quote and subject else f"“{quote}”" if quote else subject

    def _cut(self, line: str) -> str:
        return line if len(line) <= self.width else line[: self.width - 4] + " ..."


def board_text(
    items: Sequence[Item], names: Mapping[str, str], zone: ZoneInfo, at: datetime, paint: Paint, width: int
) -> Iterator[str]:
    """The board of ``items``, which are in order; ``names``: people by handle."""
    board = _Board(names, zone, at, paint, width)
    sections: dict[str, list[Item]] = {}
    for item in items:
        sections.setdefault(board.section(item), []).append(item)
    paused = sections.pop(PAUSED, [])
    yield paint("dim", f"as of {moment_words(at, zone, at)} ({zone.key})")
    for heading, those in (*sections.items(), *([(PAUSED, paused)] if paused else [])):
        yield ""
        yield from board.entries(heading, those)
    yield ""
    yield _summary(sections, paused)


def _summary(sections: Mapping[str, Sequence[Item]], paused: Sequence[Item]) -> str:
    soon = {"overdue": sections.get(OVERDUE, ()), "due today": sections.get("Today", ())}
    later = sum(map(len, sections.values())) - sum(map(len, soon.values()))
    said = [f"{len(those):,} {name}" for name, those in soon.items()]
    said += [f"{later:,} later"] * bool(later) + [f"{len(paused):,} paused"] * bool(paused)
    return f"{', '.join(said)}."
