"""A connector to the fake Request Tracker that never really waits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from makegood.connectors.request_tracker import RequestTracker
from makegood.connectors.transport import Transport

if TYPE_CHECKING:
    from fake_rt import FakeRT

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def connect(
    rt: FakeRT, user: str = "makegood", *, patience: float = 5, url: str = "", **options: Any
) -> RequestTracker:
    token, url = rt.token_of(user), url or rt.url
    transport = Transport(
        f"{url}/REST/2.0",
        now=lambda: NOW,
        headers={"Authorization": f"token {token}"},
        sleep=lambda _: None,
        timeout=(1, patience),
    )
    return RequestTracker(url, token=token, now=lambda: NOW, transport=transport, **options)
