"""From the helpdesk into the store: what changed since the last time, page by page.

Each page is stored together with the cursor to go on from, so whatever ends a pull, the next one resumes where it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ..connectors.base import Connector
    from .store import Store

REFRESH_PEOPLE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PullReport:
    """What a pull brought: requests sent, tickets and events that were new or different, wall-clock seconds."""

    calls: int
    tickets: int
    events: int
    seconds: float
    complete: bool


def pull(
    connector: Connector,
    store: Store,
    helpdesk: str,
    *,
    now: Callable[[], datetime],
    refresh_people: timedelta = REFRESH_PEOPLE,
    refresh: bool = False,
    on_page: Callable[[int, int | None], None] = lambda _tickets, _expected: None,
) -> PullReport:
    """Bring the store's copy of ``helpdesk`` up to date.

    People, organizations and words are fetched again when they are older than ``refresh_people``, or with ``refresh``.
    ``on_page`` hears of each stored page: tickets handed out so far, and how many are expected where the desk says so.

    Raises:
        ConnectorError: the desk; what was stored before stays, and the next pull goes on from there.
        StoreError: the store.
    """
    began, calls = now(), connector.calls
    standing = store.standing(helpdesk)
    refresh = refresh or standing.refreshed_at is None or began - standing.refreshed_at >= refresh_people
    tickets = events = handed_out = 0
    complete = False
    for page in connector.pull(standing.cursor, refresh=refresh):
        complete = page.known_to is not None
        saved = store.save_page(helpdesk, page, refreshed=refresh and complete)
        tickets, events = tickets + saved.tickets, events + saved.events
        handed_out += len(page.tickets)
        on_page(handed_out, page.expected)
    return PullReport(connector.calls - calls, tickets, events, (now() - began).total_seconds(), complete)
