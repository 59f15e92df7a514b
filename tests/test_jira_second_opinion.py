"""Somebody else's idea of a Jira Data Center, the server of the package jira820: our reading and writing gets along with it, too.

It has no service management, takes searches by GET only, knows no epoch milliseconds in them, no projects by number, issues by key
alone, and nobody's rights: :class:`Interpreter` puts our calls into what it does know. What it answers is taken as it is.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests

from makegood.connectors.base import Change, Conflict
from makegood.connectors.conformance import events, results, tickets
from makegood.connectors.jsm import Jira
from makegood.connectors.jsm_http import Http
from makegood.connectors.jsm_words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("jira820")

KEY = "JIRA820"


def now() -> datetime:
    return datetime.now(UTC)


class Interpreter(Http):
    """Our calls in the words of jira820."""

    keys: dict[str, str]

    def _patiently(self, method: str, path: str, also: Any, *, write: bool, **said: Any) -> requests.Response:
        if path.endswith("api/2/search"):
            asked = {
                name: ",".join(each) if isinstance(each, list) else str(each) for name, each in said.pop("json").items()
            }
            return super()._patiently("GET", path, also, write=False, params=asked | {"jql": _words(asked["jql"])})
        if "user/assignable/search" in path:
            said["params"] = {"username": "u"}
            path = path.replace("assignable/", "")
        if path.endswith("mypermissions"):
            path = path.replace("mypermissions", "serverInfo")
        number = re.search(r"issue/(\d+)", path)
        if number:
            path = path.replace(number[1], self.keys.get(number[1], "JIRA820-0"), 1)
        return super()._patiently(method, path, also, write=write, **said)


def _words(jql: str) -> str:
    """A search with times to the minute, and the project by its key."""
    dated = re.sub(
        r"\b\d{12,13}\b", lambda at: f'"{datetime.fromtimestamp(int(at[0]) / 1000, UTC):%Y-%m-%d %H:%M}"', jql
    )
    return dated.replace("project in (10000)", f"project in ({KEY})")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The server in a process of its own, as it comes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from jira820.cli import main; main()"]
    with subprocess.Popen(
        command,
        env=os.environ | {"JIRA820_PORT": str(port), "JIRA820_BASE_DATE": f"{now():%Y-%m-%d}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        place = f"http://127.0.0.1:{port}"
        for _ in range(300):
            try:
                requests.get(f"{place}/rest/api/2/serverInfo", timeout=5)
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield place
        server.terminate()


@pytest.fixture
def jira(url: str) -> Jira:
    http = Interpreter(url, now=now, token="any", sleep=lambda _: None)
    listed = requests.get(
        f"{url}/rest/api/2/search", {"jql": f"project = {KEY}", "maxResults": "1000", "fields": "id"}, timeout=9
    )
    http.keys = {row["id"]: row["key"] for row in listed.json()["issues"]}
    return Jira(url, now=now, token="any", http=http, words=Words(projects=(KEY,)))


def test_every_issue_is_pulled_once_in_pages(jira: Jira) -> None:
    pages = list(jira.pull(None))
    handed_out = [ticket.id for page in pages for ticket in page.tickets]
    assert len(handed_out) == len(set(handed_out))
    assert set(handed_out) == set(jira._http.keys)  # type: ignore[attr-defined]
    assert {ticket.status for ticket in tickets(pages).values()} >= {"new", "open", "solved"}
    assert {event.kind for event in events(pages).values()} >= {"created", "message"}
    assert tickets(jira.pull(pages[-1].cursor)).keys() <= tickets(pages).keys()


def test_a_changelog_ends_where_the_issue_stands(jira: Jira) -> None:
    """The story of its status that the changelog tells is the one that the issue shows."""
    numbers = list(jira._http.keys)[:40]  # type: ignore[attr-defined]
    found = jira.read(numbers)
    assert len(found.tickets) == 40
    told = {
        ticket.id: [event.new for event in found.events if event.ticket == ticket.id and event.field == "status_name"]
        for ticket in found.tickets
    }
    assert sum(map(len, told.values())) > 10
    assert all(told[ticket.id][-1] == ticket.status_name for ticket in found.tickets if told[ticket.id])


def test_what_is_taken_shows_and_what_is_swallowed_is_told(jira: Jira) -> None:
    """It answers 204 to labels added one by one and to a priority by its number, and does nothing about them."""
    number = next(ticket.id for ticket in tickets(jira.pull(None)).values() if ticket.status == "new")
    (before,) = jira.read([number]).tickets
    owner = next(person.id for page in jira.pull(None) for person in page.people if person.id != before.assignee)
    changes = [
        Change("tags", "add_tags", "tags", new=("looked",)),
        Change("status", "set", "status", new="open"),
        Change("priority", "set", "priority", new="urgent"),
        Change("owner", "assign", "assignee", new=owner),
        Change("subject", "set", "subject", new="Looked at"),
    ]
    written = jira.apply(number, changes, before.version)
    told = dict(results(written))
    assert (told["owner"], told["status"], told["subject"]) == ("applied", "applied", "applied")
    assert (told["tags"], told["priority"]) == ("refused", "refused")
    assert (written.ticket.assignee, written.ticket.status, written.ticket.subject) == (owner, "open", "Looked at")
    assert written.ticket.tags == before.tags
    assert "status" in {event.field for event in written.events}
    assert all(event.actor_kind == "robot" for event in written.events)


def test_nothing_is_done_to_a_version_that_is_past(jira: Jira) -> None:
    number = next(ticket.id for ticket in tickets(jira.pull(None)).values() if ticket.status == "open")
    (before,) = jira.read([number]).tickets
    jira.apply(number, [Change("1", "set", "subject", new="Once")], before.version)
    with pytest.raises(Conflict):
        jira.apply(number, [Change("1", "set", "subject", new="Twice")], before.version)
