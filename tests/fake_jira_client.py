"""Connectors to the fake Jira that never really wait, and a clock that stage hands turn past the index's lag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_zendesk_client import Clock

from makegood.connectors.jsm import Jira
from makegood.connectors.jsm_http import Http
from makegood.connectors.jsm_words import Words

if TYPE_CHECKING:
    from fake_jira import FakeJira

__all__ = ["Clock", "connect", "settings"]

FIELDS = {"group": "Support group"}


def way_in(jira: FakeJira) -> dict[str, Any]:
    """E-mail and token on Cloud, a personal access token on Data Center."""
    entry = jira.entry
    return {"account": ("makegood@acme.example", entry.api_token)} if jira.cloud else {"token": entry.pat}


def connect(
    jira: FakeJira,
    *,
    url: str = "",
    patience: float = 5,
    http: dict[str, Any] | None = None,
    words: dict[str, Any] | None = None,
    way: dict[str, Any] | None = None,
    **options: Any,
) -> Jira:
    """A connector; sleeping turns the fake's clock if it is a :class:`Clock`."""
    clock, site = jira.now, url or jira.url
    entry = way or way_in(jira)

    def sleep(seconds: float) -> None:
        if isinstance(clock, Clock):
            clock.turn(seconds)

    carrier = Http(
        site,
        now=clock,
        **entry,
        timeout=(1, patience),
        sleep=sleep,
        clock=lambda: clock().timestamp(),
        jitter=lambda: 0.5,
        **(http or {}),
    )
    said = Words(**({"fields": FIELDS} | (words or {})))
    return Jira(site, now=clock, **entry, words=said, http=carrier, **options)


CLOUD = """\
store = "makegood.db"
[helpdesks.support]
kind = "jira"
base_url = "{url}"
email = "makegood@acme.example"
token = {{ env = "JIRA_TOKEN" }}
"""
SERVER = """\
store = "makegood.db"
[helpdesks.support]
kind = "jira"
base_url = "{url}"
token = {{ env = "JIRA_TOKEN" }}
"""


def settings(jira: FakeJira, **more: str) -> str:
    """A ``makegood.toml`` for the fake; ``more`` are further lines of its table."""
    text = (CLOUD if jira.cloud else SERVER).format(url=jira.url)
    mapped = '[helpdesks.support.map]\ngroup = "Support group"\n'
    return text + "".join(f"{name} = {value}\n" for name, value in more.items()) + mapped
