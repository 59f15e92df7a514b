"""A Zendesk on the loopback: its wire format and limits, with switches to misbehave."""

from __future__ import annotations

import argparse
import json
import random
import re
import socket
import sys
import threading
import time
from dataclasses import dataclass
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import fake_zendesk_exports as exports
import fake_zendesk_faults as faults
import fake_zendesk_puts as puts
import fake_zendesk_reads as reads
from fake_zendesk_bulk import Made
from fake_zendesk_desk import ZendeskDesk
from fake_zendesk_entry import Entry, forbidden
from fake_zendesk_limits import Limits
from fake_zendesk_people import epoch, utc_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from fake_zendesk_faults import Fault
    from fake_zendesk_people import Row

Answer = tuple[int, Any, dict[str, str]]


@dataclass
class Asked:
    """One request as it came in; ``twist`` makes a page wrong, ``drops`` are keys that a write shall lose."""

    method: str
    path: str
    params: dict[str, str]
    body: Any
    headers: dict[str, str]
    user: str | None = None
    site: str = ""
    twist: str = ""
    drops: frozenset[str] = frozenset()

    @property
    def write(self) -> bool:
        return self.method != "GET" and self.path != "oauth/tokens"


class FakeZendesk(ZendeskDesk):
    """``with FakeZendesk() as zd:`` serves at ``zd.url``; what arrived is in ``zd.requests``."""

    def __init__(self, *, now: Callable[[], datetime] | None = None, fail_on_write: bool = False) -> None:
        super().__init__(now or utc_now)
        self.requests: list[Asked] = []
        self.faults: list[Fault] = []
        self.fail_on_write = fail_on_write
        self.before_write: Callable[[], object] | None = None
        self.on_request: Callable[[Asked], object] | None = None
        self.entry = Entry()
        self.limiter = Limits()
        self.made = Made(self)
        self.jobs: dict[str, Row] = {}
        self.job_shape = "action"
        self.last_page: dict[str, list[Row]] = {}
        self.lag = 60
        self.patience = 0.3
        self.slas_in_export = True
        self.has_forms = True
        self.exports_for_admins_only = False
        self._storm: Callable[[Asked], Fault | None] | None = None

    def __enter__(self) -> FakeZendesk:
        return self.serve()

    def serve(self, port: int = 0) -> FakeZendesk:
        self._server = _Server(("127.0.0.1", port), type("Handler", (_Handler,), {"zd": self}))
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        assert not (self.fail_on_write and self.writes), f"something was written: {self.writes}"

    @property
    def writes(self) -> list[Asked]:
        return [asked for asked in self.requests if asked.write]

    # ---- who comes in

    @property
    def client(self) -> tuple[str, str]:
        return self.entry.client

    @client.setter
    def client(self, name_and_secret: tuple[str, str]) -> None:
        self.entry.client = name_and_secret

    @property
    def api_token(self) -> str:
        return self.entry.api_token

    @property
    def token_calls(self) -> int:
        return self.entry.token_calls

    def bearer(self, user: str = "makegood@acme.example", scope: str = "read write", lives: int = 7200) -> str:
        """A token without the call that fetches one."""
        return self.entry.bearer(user, self.now(), scope, lives)

    def revoke_tokens(self) -> None:
        self.entry.revoke_tokens()

    def expire_tokens(self) -> None:
        self.entry.expire_tokens()

    # ---- how it shall behave

    @property
    def limits(self) -> dict[str, int | None]:
        return self.limiter.totals

    def enforce_limits(self) -> None:
        """From now on too many calls are refused, and the headers tell the real limits."""
        self.limiter.enforced = True

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
                if fault.times and fault.path in asked.path and fault.method in ("", asked.method):
                    fault.times -= 1
                    return fault
            return self._storm(asked) if self._storm else None

    def bulk(self, tickets: int, events_per_ticket: float = 3.3, *, until: datetime | None = None) -> None:
        """Puts many plausible tickets before everything else that happens here."""
        self.made.fill(tickets, events_per_ticket, until)

    # ---- the answers: (status, JSON, headers)

    def seconds(self) -> int:
        return epoch(self.now())

    def ticket_of(self, number: int) -> Row | None:
        """A ticket that can be looked at."""
        return self.made.ticket(number) if self.deleted(number) else self.tickets[number]

    def answer(self, asked: Asked) -> Answer:
        with self.lock:
            if asked.path == "oauth/tokens":
                return *self.entry.issue(asked.body, self.now()), {}
            asked.user, scopes, refusal = self.entry.who(asked.headers, self.now())
            headers, over = self.limiter.count(asked.method, asked.path, asked.user, self.now().timestamp())
            if asked.user is None:
                return 401, refusal, headers
            if over:
                return 429, over, headers
            user = self.users[self.user_id(asked.user)]
            said = forbidden(asked.method, asked.path, scopes, user, admins_only=self.exports_for_admins_only)
            status, body, own = (403, said, {}) if said else self._routed(asked)
            return status, body if isinstance(body, bytes) else json.dumps(body).encode(), headers | own

    def _routed(self, asked: Asked) -> Answer:
        if asked.write and self.fail_on_write:
            return 500, {"error": "no write was expected"}, {}
        for method, pattern, route in _ROUTES:
            found = re.fullmatch(pattern, asked.path)
            if found and method == asked.method:
                return self._answered(route, asked, *found.groups())
        return 404, {"error": "InvalidEndpoint", "description": "Not found"}, {}

    def _answered(self, route: Callable[..., Answer], asked: Asked, *groups: str) -> Answer:
        try:
            return route(self, asked, *groups)
        except exports.Refused as refused:
            return 400, refused.args[0], {}
        except (ValueError, TypeError, KeyError, AttributeError) as senseless:
            about = f"Request could not be understood: {senseless!r}"
            return 400, {"error": "InvalidRequest", "description": about}, {}


_ROUTES: list[tuple[str, str, Callable[..., Answer]]] = [
    ("GET", r"incremental/tickets/cursor", exports.tickets),
    ("GET", r"incremental/users/cursor", exports.users),
    ("GET", r"incremental/ticket_events", exports.events),
    ("GET", r"incremental/ticket_metric_events", exports.metric_events),
    ("GET", r"incremental/organizations", exports.organizations),
    ("PUT", r"tickets/(\d+)", puts.ticket),
    ("PUT", r"tickets/update_many", puts.many),
    ("GET", r"tickets/(\d+)", reads.ticket),
    ("GET", r"tickets/show_many", reads.show_many),
    ("GET", r"tickets/(\d+)/audits", reads.audits),
    ("GET", r"tickets/(\d+)/comments", reads.comments),
    ("GET", r"search/export", reads.search_export),
    ("GET", r"users/me", reads.me),
    ("GET", r"users/show_many", reads.users_many),
    ("GET", r"users/(\d+)", reads.user),
    ("GET", r"users", reads.users),
    ("GET", r"users/(\d+)/group_memberships", reads.memberships_of),
    ("GET", r"groups", reads.groups),
    ("GET", r"group_memberships", reads.memberships),
    ("GET", r"organizations/autocomplete", reads.autocomplete),
    ("GET", r"organizations/show_many", reads.organizations_many),
    ("GET", r"ticket_fields", reads.fields),
    ("GET", r"custom_statuses", reads.statuses),
    ("GET", r"brands", reads.brands),
    ("GET", r"ticket_forms", reads.forms),
    ("GET", r"slas/policies", reads.sla_policies),
    ("GET", r"business_hours/schedules", reads.schedules),
    ("GET", r"business_hours/schedules/(\d+)/holidays", reads.holidays),
    ("GET", r"agent_availabilities", reads.availabilities),
    ("GET", r"satisfaction_ratings", reads.ratings),
    ("GET", r"account/settings", reads.settings),
    ("GET", r"oauth/tokens/current", reads.token_current),
    ("GET", r"locales", reads.locales),
    ("GET", r"triggers/active", reads.triggers),
    ("GET", r"job_statuses/(\w+)", reads.job),
]


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
    zd: FakeZendesk
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        asked = self._asked()
        self.zd.requests.append(asked)
        if self.zd.on_request:
            self.zd.on_request(asked)
        fault = self.zd.fault(asked)
        if fault and self._misbehave(fault):
            return
        if asked.write and self.zd.before_write:
            meanwhile, self.zd.before_write = self.zd.before_write, None
            meanwhile()
        if fault:
            faults.bend(fault, asked)
        status, body, headers = self.zd.answer(asked)
        if fault and fault.kind == "late":
            time.sleep(self.zd.patience)
        if fault and fault.kind == "cut_after":
            self._cut()
        else:
            self._send(status, body, headers)

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def _asked(self) -> Asked:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        params = {k: ",".join(v) if k.endswith("[]") else v[-1] for k, v in parse_qs(url.query).items()}
        path = unquote(url.path).removeprefix("/api/v2").strip("/").removesuffix(".json")
        headers = {k.lower(): v for k, v in self.headers.items()}
        user = self.zd.entry.who(headers, self.zd.now())[0]
        return Asked(self.command, path, params, _parsed(body), headers, user, self.zd.url)

    def _misbehave(self, fault: Fault) -> bool:
        """Whether that was all: nothing is done in that case."""
        if fault.kind == "slow":
            time.sleep(self.zd.patience)
        if fault.kind in ("slow", "cut_before"):
            self._cut()
        elif found := faults.instead(fault):
            status, body, kind = found
            self._send(status, body, fault.headers, kind)
        else:
            return False
        return True

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send(
        self, status: int, body: Any, headers: dict[str, str], kind: str = "application/json; charset=utf-8"
    ) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response_only(status)
        own = {
            "Date": format_datetime(self.zd.now(), usegmt=True),
            "Content-Type": kind,
            "Content-Length": str(len(data)),
        }
        for name, value in (own | headers).items():
            self.send_header(name, value)
        self._headers_buffer += [b"\r\n", data]  # type: ignore[attr-defined]
        self.flush_headers()

    def log_message(self, *_: object) -> None:
        """Silent."""


def main() -> None:
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("--tickets", type=int, default=0)
    said.add_argument("--events-per-ticket", type=float, default=3.3)
    said.add_argument("--port", type=int, default=0)
    options = said.parse_args()
    zd = FakeZendesk()
    if options.tickets:
        zd.bulk(options.tickets, options.events_per_ticket)
    sys.stdout.write(zd.serve(options.port).url + "\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main()
