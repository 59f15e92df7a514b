"""A Jira on the loopback, Cloud or Data Center: its wire format and limits, with switches to misbehave."""

from __future__ import annotations

import argparse
import itertools
import json
import random
import re
import socket
import sys
import threading
import time
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

import fake_jira_faults as faults
from fake_jira_asked import Asked, Refused, desk_error, listed
from fake_jira_desk import JiraDesk
from fake_jira_entry import HTML, JSON, Entry
from fake_jira_limits import Limits
from fake_jira_people import utc_now
from fake_jira_routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from fake_jira_asked import Answer
    from fake_jira_faults import Fault

LOST = b"<!DOCTYPE html><html><head><title>Oops, you've found a dead link</title></head><body></body></html>"


class FakeJira(JiraDesk):
    """``with FakeJira(cloud=True) as jira:`` serves at ``jira.url``; what arrived is in ``jira.requests``.

    Switches: ``lag`` seconds of the search index; ``page_cap`` rows of a search page; ``comments_inside`` an issue and
    ``comments_in_search``; ``most_comments`` of an issue; ``bulk_created`` (``millis`` or ``text``); ``off_screen`` fields that
    cannot be edited; ``hidden_fields`` that are not there; ``internal_property_works``; ``jsm`` and ``licensed``;
    ``feedback_gone`` (404, 405); ``csat_shape`` (``object``, ``number``); ``language`` (``en``, ``ko``); ``zone`` of the account;
    ``cut_to_minutes`` of times in JQL; ``strict_keys`` (lists with missing issues are refused); ``properties_touch``;
    ``sla.open_hours``; ``entry.anonymous``; ``limiter`` with its figures.
    """

    def __init__(
        self, *, cloud: bool = True, now: Callable[[], datetime] | None = None, fail_on_write: bool = False, context: str = ""
    ) -> None:  # fmt: skip
        super().__init__(now or utc_now, cloud=cloud)
        self.requests: list[Asked] = []
        self.faults: list[Fault] = []
        self.fail_on_write = fail_on_write
        self.before_write: Callable[[], object] | None = None
        self.on_request: Callable[[Asked], object] | None = None
        self.entry = Entry(cloud=cloud)
        self.entry.context = context
        self.limiter = Limits(cloud=cloud)
        self.tokens: dict[str, Any] = {}
        self.lag, self.patience = 0.0, 0.3
        self.page_cap, self.log_page = (100, 1000) if cloud else (1000, 1000)
        self.comments_inside, self.comments_in_search = (100, 20) if cloud else (1_048_576, 1_048_576)
        self.most_comments = 5000
        self.bulk_created = "millis"
        self.off_screen: set[str] = set()
        self.internal_property_works = True
        self.jsm, self.licensed, self.feedback_gone = True, True, 0
        self._token_numbers = itertools.count(1)
        self._storm: Callable[[Asked], Fault | None] | None = None

    def __enter__(self) -> Self:
        return self.serve()

    def serve(self, port: int = 0) -> Self:
        self._server = _Server(("127.0.0.1", port), type("Handler", (_Handler,), {"jira": self}))
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}{self.entry.context}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        assert not (self.fail_on_write and self.writes), f"something was written: {self.writes}"

    @property
    def gateway(self) -> str:
        """Where scoped tokens have to go; what is told of addresses there is still that of the site."""
        return f"{self.url}{self.entry.gateway}"

    @property
    def writes(self) -> list[Asked]:
        return [asked for asked in self.requests if asked.write]

    # ---- how it shall behave

    def enforce_limits(self, quota: int | None = None) -> None:
        """From now on too many calls are refused; ``quota`` are points per hour."""
        self.limiter.enforced, self.limiter.quota = True, quota

    def fail(self, kind: int | str, path: str = "", method: str = "", times: int = 1, **headers: str) -> None:
        """The next ``times`` requests whose path contains ``path`` fail; ``Retry_After="3"`` becomes a header."""
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        self.faults.append(faults.Fault(kind, path, method, times, said))

    def storm(self, seed: int, p429: float = 0.10, p5xx: float = 0.05, pcut: float = 0.02) -> None:
        """Misbehaves at random on every request; connections are cut only on writes, after they are done."""
        self._storm = faults.storm(random.Random(seed), p429, p5xx, pcut)

    def calm(self) -> None:
        """The storm is over, and nothing is left to fail."""
        self._storm = None
        self.faults.clear()

    def fault(self, asked: Asked) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.meant_for(asked):
                    fault.times -= 1
                    return fault
            return self._storm(asked) if self._storm else None

    def token(self, means: Any) -> str:
        """A new page token; it cannot be told what it means."""
        name = f"made-up-page-{next(self._token_numbers):06d}"
        self.tokens[name] = means
        return name

    # ---- the answers: (status, body, headers)

    def answer(self, asked: Asked) -> tuple[int, bytes, dict[str, str], str]:
        with self.lock:
            if asked.base not in self.entry.bases():
                return 404, LOST, {}, HTML
            email, refusal = self.entry.who(asked)
            asked.user = None if email is None else self.user_id(email)
            if refusal and asked.path != "serverInfo":
                status, said, kind = refusal
                return status, said if isinstance(said, bytes) else json.dumps(said).encode(), {}, kind
            headers, over = self.limiter.count(asked, self.now().timestamp())
            if over:
                return 429, json.dumps(listed("Rate limit exceeded.")).encode(), headers, JSON
            status, body, own = self._routed(asked)
            if not asked.write:
                self.limiter.spent(asked, self.now().timestamp(), _objects(body))
            who = {} if email else {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
            data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
            return status, data, headers | who | own, JSON

    def _routed(self, asked: Asked) -> Answer:
        if asked.write and self.fail_on_write:
            return 500, listed("no write was expected"), {}
        if asked.path.startswith("servicedeskapi") and not self.jsm:
            return 404, b"", {}
        known = {"2", "3", "latest"} if self.cloud else {"2", "latest"}
        for method, pattern, route in ROUTES if asked.version in known else ():
            found = re.fullmatch(pattern, asked.path)
            if found and method == asked.method:
                return self._answered(route, asked, *found.groups())
        return 404, listed("null for uri: " + asked.path), {}

    def _answered(self, route: Callable[..., Answer], asked: Asked, *groups: str) -> Answer:
        asked.version = ("3" if self.cloud else "2") if asked.version == "latest" else asked.version
        try:
            return route(self, asked, *groups)
        except Refused as refused:
            return refused.status, refused.body, {}
        except (ValueError, TypeError, KeyError, AttributeError) as senseless:
            about = f"Invalid request payload. Refer to the REST API documentation and try again. {senseless!r}"
            return 400, desk_error(about) if asked.path.startswith("servicedeskapi") else listed(about), {}


def _objects(body: Any) -> int:
    """How many things an answer holds, as the quota counts them."""
    lists = [value for value in body.values() if isinstance(value, list)] if isinstance(body, dict) else []
    return max(map(len, lists), default=1)


def _parsed(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever hung up before the answer is no accident here; anything else is."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    jira: FakeJira
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        asked = self._asked()
        self.jira.requests.append(asked)
        if self.jira.on_request:
            self.jira.on_request(asked)
        fault = self.jira.fault(asked)
        if fault and self._misbehave(fault, asked):
            return
        if asked.write and self.jira.before_write:
            meanwhile, self.jira.before_write = self.jira.before_write, None
            meanwhile()
        if fault:
            faults.bend(fault, asked)
        answer = self.jira.answer(asked)
        status, body, headers, kind = faults.afterwards(fault) or answer
        if fault and fault.kind == "late":
            time.sleep(self.jira.patience)
        if fault and fault.kind == "cut_after":
            self._cut()
        else:
            self._send(status, body, headers, kind)

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def _asked(self) -> Asked:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        params = {key: ",".join(values) for key, values in parse_qs(url.query, keep_blank_values=True).items()}
        base, _, path = url.path.partition("/rest/")
        found = re.match(r"api/(\w+)/(.*)", path)
        version, path = (found[1], found[2]) if found else ("2", path)
        headers = {key.lower(): value for key, value in self.headers.items()}
        return Asked(self.command, unquote(path).strip("/"), params, _parsed(body), headers, base, version)

    def _misbehave(self, fault: Fault, asked: Asked) -> bool:
        """Whether that was all: nothing is done in that case."""
        if fault.kind == "slow":
            time.sleep(self.jira.patience)
        if fault.kind in ("slow", "cut_before"):
            self._cut()
        elif found := faults.instead(fault, asked):
            status, body, kind = found
            self._send(status, body if isinstance(body, bytes) else json.dumps(body).encode(), fault.headers, kind)
        else:
            return False
        return True

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, status: int, data: bytes, headers: dict[str, str], kind: str) -> None:
        self.send_response_only(status)
        own = {"Date": format_datetime(self.jira.now(), usegmt=True)}
        own |= {"Content-Type": kind} if data else {}
        own |= {} if status == 204 else {"Content-Length": str(len(data))}
        for name, value in (own | headers).items():
            self.send_header(name, value)
        self._headers_buffer += [b"\r\n", data]  # type: ignore[attr-defined]
        self.flush_headers()

    def log_message(self, *_: object) -> None:
        """Silent."""


def main() -> None:
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("--data-center", action="store_true")
    said.add_argument("--issues", type=int, default=0)
    said.add_argument("--port", type=int, default=0)
    options = said.parse_args()
    jira = FakeJira(cloud=not options.data_center)
    for number in range(options.issues):
        issue = jira.add_issue(f"Request {number}")
        jira.say(issue, "alice@acme.example", "Which boat is it?")
        jira.change(issue, "alice@acme.example", assignee="alice@acme.example")
        jira.change(issue, "alice@acme.example", priority="High")
    sys.stdout.write(jira.serve(options.port).url + "\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main()
