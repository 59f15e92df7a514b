"""The incremental exports: by cursor in the order of insertion, by time with whole seconds; both hide the last minute."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from fake_zendesk_people import epoch, instant
from fake_zendesk_shapes import event_row, sideloads, ticket_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_zendesk import Asked, FakeZendesk
    from fake_zendesk_people import Row

Answer = tuple[int, Any, dict[str, str]]
LARGEST = 1000


@dataclass
class Spot:
    """Where a cursor stands: everything up to ``done`` was served except ``held``, which was too young.

    What lay there before the first call (``known``) counts only from ``start`` on. ``bulk`` is how many made-up tickets are served.
    """

    start: int
    known: int
    done: int = 0
    held: tuple[int, ...] = ()
    bulk: int = 0

    def text(self) -> str:
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @classmethod
    def parse(cls, text: str) -> Spot:
        said = json.loads(base64.urlsafe_b64decode(text))
        return cls(**{**said, "held": tuple(said["held"])})


class Refused(Exception):
    """An export that is not served: the body of the 400."""


def _start(zd: FakeZendesk, asked: Asked) -> int:
    start = asked.params.get("start_time")
    if start is None or not start.lstrip("-").isdigit():
        raise Refused({"error": "InvalidStartTime", "description": "Invalid start_time"})
    if int(start) > zd.seconds() - zd.lag:
        about = f"start_time must not be within {zd.lag} seconds of the current time"
        raise Refused({"error": "StartTimeTooRecent", "description": about})
    return int(start)


def _spot(zd: FakeZendesk, asked: Asked) -> Spot:
    if "cursor" not in asked.params:
        start = _start(zd, asked)
        return Spot(start, max(zd.order_of.values(), default=0), bulk=zd.made.tickets_before(start))
    try:
        return Spot.parse(asked.params["cursor"])
    except (ValueError, TypeError, KeyError):
        raise Refused({"error": "InvalidCursor", "description": "cursor is not valid"}) from None


def _size(asked: Asked) -> int:
    return min(LARGEST, int(asked.params.get("per_page", LARGEST)))


def _by_cursor(
    zd: FakeZendesk, asked: Asked, name: str, changes: list[tuple[int, int, int]], shown: Callable[[list[int]], Row]
) -> Answer:
    """A page of rows given as (place in the order, second, number), and how to go on."""
    spot = _spot(zd, asked)
    if asked.twist:
        rows = zd.last_page.get(asked.path, []) if asked.twist == "duplicate_page" else []
        return 200, {**shown([]), name: rows, **_way_on(asked, name, spot, end=False)}, {}
    waiting = [(order, at, n) for order, at, n in sorted(changes) if order > spot.done or order in spot.held]
    waiting = [each for each in waiting if each[0] > spot.known or each[1] >= spot.start]
    ready = [each for each in waiting if each[1] <= zd.seconds() - zd.lag]
    page = ready[: _size(asked)]
    spot.done = max(spot.done, max((each[0] for each in page), default=0))
    spot.held = tuple(each[0] for each in waiting if each not in page and each[0] <= spot.done)
    body = shown([number for _, _, number in page])
    zd.last_page[asked.path] = body[name]
    return 200, {**body, **_way_on(asked, name, spot, end=len(ready) == len(page))}, {}


def _way_on(asked: Asked, name: str, spot: Spot, *, end: bool) -> Row:
    cursor = spot.text()
    url = f"{asked.site}/api/v2/incremental/{name}/cursor.json?cursor={cursor}"
    return {"after_cursor": cursor, "after_url": url, "before_cursor": None, "before_url": None, "end_of_stream": end}


def tickets(zd: FakeZendesk, asked: Asked) -> Answer:
    spot = _spot(zd, asked)
    if spot.bulk < zd.made.count and not asked.twist:
        served = min(spot.bulk + _size(asked), zd.made.count)
        after = Spot(spot.start, spot.known, spot.done, spot.held, served)
        way_on = _way_on(asked, "tickets", after, end=served == zd.made.count and not zd.tickets)
        return 200, zd.made.ticket_page(spot.bulk, served, asked.params.get("include", ""), way_on), {}
    changes = [
        (zd.order_of[number], epoch(zd.changed_at[number]), number)
        for number, row in zd.tickets.items()
        if _in_scope(row, asked)
    ]
    include = asked.params.get("include", "")
    if not zd.slas_in_export:
        include = include.replace("slas", "")

    def shown(numbers: list[int]) -> Row:
        rows = [zd.tickets[number] for number in numbers]
        return {"tickets": [ticket_row(zd, row, include) for row in rows], **sideloads(zd, rows, include)}

    return _by_cursor(zd, asked, "tickets", changes, shown)


def _in_scope(row: Row, asked: Asked) -> bool:
    scope = asked.params.get("support_type_scope", "agent")
    return scope == "all" or bool(row["support_type_scope"] == scope)


def users(zd: FakeZendesk, asked: Asked) -> Answer:
    rows = zd.users.items()
    changes = [(zd.order_of[number], epoch(instant(row["updated_at"])), number) for number, row in rows]
    return _by_cursor(zd, asked, "users", changes, lambda numbers: {"users": [zd.users[number] for number in numbers]})


def _by_time(
    zd: FakeZendesk, asked: Asked, name: str, stamped: list[tuple[int, int, Any]], shown: Callable[[Any], Row] = lambda row: row
) -> Answer:  # fmt: skip
    """Rows, given as (second, number, row), of the first seconds: those of one second come together, however many they are."""
    start, newest = _start(zd, asked), zd.seconds() - zd.lag
    if asked.twist:
        rows = zd.last_page.get(asked.path, []) if asked.twist == "duplicate_page" else []
        return 200, _time_page(asked, name, rows, start, end=False), {}
    ready = sorted((each for each in stamped if start <= each[0] <= newest), key=lambda each: each[:2])
    size = _size(asked)
    while size < len(ready) and ready[size][0] == ready[size - 1][0]:
        size += 1
    page, rest = ready[:size], ready[size:]
    next_second = rest[0][0] if rest else page[-1][0] if page else start
    zd.last_page[asked.path] = [shown(row) for _, _, row in page]
    return 200, _time_page(asked, name, zd.last_page[asked.path], next_second, end=not rest), {}


def _time_page(asked: Asked, name: str, rows: list[Row], next_second: int, *, end: bool) -> Row:
    kept = {"start_time": str(next_second), **{k: v for k, v in asked.params.items() if k != "start_time"}}
    query = "&".join(f"{key}={value}" for key, value in kept.items())
    page = f"{asked.site}/api/v2/incremental/{name}.json?{query}"
    return {name: rows, "next_page": page, "count": len(rows), "end_of_stream": end, "end_time": next_second}


def events(zd: FakeZendesk, asked: Asked) -> Answer:
    start, texts = _start(zd, asked), "comment_events" in asked.params.get("include", "")
    if zd.made.has_events(start) and not asked.twist:
        return 200, zd.made.event_page(start, _size(asked), texts, asked.site), {}
    stamped = [
        (epoch(audit.at), audit.row["id"], audit)
        for audit in zd.audits
        if epoch(audit.at) >= start and _in_scope(zd.tickets[audit.row["ticket_id"]], asked)
    ]
    return _by_time(zd, asked, "ticket_events", stamped, lambda audit: event_row(audit, texts=texts))


def metric_events(zd: FakeZendesk, asked: Asked) -> Answer:
    zd.sla.settle(zd.now())
    stamped = [(epoch(instant(row["time"])), row["id"], row) for row in zd.sla.events]
    return _by_time(zd, asked, "ticket_metric_events", stamped)


def organizations(zd: FakeZendesk, asked: Asked) -> Answer:
    stamped = [(epoch(instant(row["updated_at"])), row["id"], row) for row in zd.organizations.values()]
    return _by_time(zd, asked, "organizations", stamped)
