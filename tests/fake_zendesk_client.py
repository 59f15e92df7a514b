"""Connectors to the fake Zendesk that never really wait, and a clock that stage hands turn past the desk's lag."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from makegood.connectors.zendesk import Zendesk
from makegood.connectors.zendesk_http import Http

if TYPE_CHECKING:
    from fake_zendesk import FakeZendesk

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Clock:
    """Stands still until it is turned, or until somebody sleeps."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time

    def turn(self, seconds: float = 120) -> None:
        self.time += timedelta(seconds=seconds)


def connect(
    zd: FakeZendesk, *, url: str = "", patience: float = 5, http: dict[str, Any] | None = None, **options: Any
) -> Zendesk:
    """A connector in by OAuth, unless ``account`` says otherwise; sleeping turns the fake's clock if it is a :class:`Clock`."""
    clock, site = zd.now, url or zd.url
    ways = {"client": None if "account" in options else zd.client, "account": None} | options
    way = {name: ways.pop(name) for name in ("client", "account")}

    def sleep(seconds: float) -> None:
        if isinstance(clock, Clock):
            clock.turn(seconds)

    carrier = Http(
        site,
        now=clock,
        **way,
        headroom=0.5,
        timeout=(1, patience),
        sleep=sleep,
        clock=lambda: clock().timestamp(),
        jitter=lambda: 0.5,
        **(http or {}),
    )
    return Zendesk(site, now=clock, **way, http=carrier, **ways)


SETTINGS = """\
store = "makegood.db"
[helpdesks.support]
kind = "zendesk"
base_url = "{url}"
client_id = "makegood"
client_secret = {{ env = "ZENDESK_CLIENT_SECRET" }}
"""


def settings(zd: FakeZendesk, **more: str) -> str:
    """A ``makegood.toml`` for the fake; ``more`` are further lines of its table."""
    return SETTINGS.format(url=zd.url) + "".join(f"{name} = {value}\n" for name, value in more.items())
