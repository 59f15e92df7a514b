"""How Zendesk's incremental exports are followed, by cursor and by time: to their end, over every page that brings nothing."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from .zendesk_cursor import asking
from .zendesk_http import stood_still

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .zendesk_cursor import Stream
    from .zendesk_http import Http
    from .zendesk_words import Row


def by_cursor(http: Http, path: str, position: str, also: Mapping[str, str]) -> Iterator[Row]:
    """Pages of a cursor-based export. They end where the desk says so, never because one is empty or repeats itself."""
    stuck = 0
    while True:
        page = http.json(path, {**asking(position), **also})
        yield page
        after = str(page.get("after_cursor") or position)
        if page.get("end_of_stream", after == position):
            return
        stuck = stood_still(path, stuck, moved=after != position)
        position = after


def by_time(
    http: Http, path: str, name: str, stream: Stream, also: Mapping[str, str]
) -> Iterator[tuple[list[tuple[Row, int]], Stream]]:
    """Pages of a time-based export: rows that are new, with their second, and where to go on behind them.

    Its end repeats its last second, so what was seen is skipped by number. A second that fills more than a page would be
    repeated for ever: once all of the page was seen, the next second is asked for.
    """
    stuck = 0
    while True:
        page = http.json(path, {"start_time": str(stream.start), **also})
        rows = [(row, _second(row)) for row in page.get(name) or ()]
        fresh = [(row, at) for row, at in rows if stream.lacks(int(row["id"]), at)]
        ended, before = bool(page.get("end_of_stream", not rows)), stream.start
        start = max(before, int(page.get("end_time") or before))
        if start == before and not ended and rows and not fresh and all(at == before for _, at in rows):
            start += 1
        stream = stream.passed(((int(row["id"]), at) for row, at in rows), start)
        yield fresh, stream
        if ended:
            return
        stuck = stood_still(path, stuck, moved=start != before or bool(fresh))


def _second(row: Row) -> int:
    """The second a row of a time-based export belongs to."""
    if "timestamp" in row:
        return int(row["timestamp"])
    said = (
        row.get("created_at") if "ticket_id" in row and "time" not in row else row.get("time") or row.get("updated_at")
    )
    return int(datetime.fromisoformat(str(said)).timestamp())
