"""A Request Tracker on the loopback: REST 2.0 as RT 5.0.3 answers it, with switches to misbehave."""

from __future__ import annotations

import base64
import json
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

from fake_rt_desk import Row, RTDesk, utc_now
from fake_rt_sql import select

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

LOGIN = "<html><body><h1>Please sign in</h1></body></html>"


@dataclass
class Fault:
    """What the next matching requests get instead of an answer; ``kind`` is a status, or one of the words below."""

    kind: int | str  # a status, cut_before, cut_after, html, slow, empty, not_json
    path: str = ""
    method: str = ""
    times: int = 1
    headers: dict[str, str] | None = None


@dataclass
class Asked:
    """One request as it came in."""

    method: str
    path: str
    params: dict[str, str]
    body: Any
    headers: dict[str, str]
    user: str | None

    @property
    def write(self) -> bool:
        return self.method == "PUT" or (self.method == "POST" and self.path.endswith(("/comment", "/correspond")))


class FakeRT(RTDesk):
    """``with FakeRT() as rt:`` serves at ``rt.url`` to ``rt.token``; what arrived is in ``rt.requests``."""

    def __init__(self, *, now: Callable[[], datetime] | None = None, fail_on_write: bool = False) -> None:
        super().__init__(now=now or utc_now)
        self.requests: list[Asked] = []
        self.faults: list[Fault] = []
        self.fail_on_write = fail_on_write
        self.superuser = False
        self.before_write: Callable[[], object] | None = None
        self.token = self.token_of("makegood")
        self._lock = threading.Lock()

    def __enter__(self) -> FakeRT:
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"rt": self}))
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

    def token_of(self, name: str) -> str:
        return f"1-{self.users[name]['id']}-{'0' * 32}"

    def fail(self, kind: int | str, *, path: str = "", method: str = "", times: int = 1, **headers: str) -> None:
        """The next ``times`` requests whose path contains ``path`` fail; ``Retry_After="3"`` becomes a header."""
        self.faults.append(Fault(kind, path, method, times, {k.replace("_", "-"): v for k, v in headers.items()}))

    def fault(self, asked: Asked) -> Fault | None:
        for fault in self.faults:
            if fault.times and fault.path in asked.path and fault.method in ("", asked.method):
                fault.times -= 1
                return fault
        return None

    # ---- the answers: (status, JSON, headers)

    def answer(self, asked: Asked) -> tuple[int, Any, dict[str, str]]:
        with self._lock:
            for pattern, method in _ROUTES:
                if found := re.fullmatch(pattern, asked.path):
                    answered: tuple[int, Any, dict[str, str]] = method(self, asked, *found.groups())
                    return answered
        return 404, {"message": "Not Found"}, {}

    def _rt(self, _: Asked) -> Any:
        return 200, {"Version": "5.0.3"}, {}

    def _user(self, asked: Asked, name: str) -> Any:
        user = next((u for u in self.users.values() if name in (u["Name"], str(u["id"]))), None)
        if user is None:
            return 404, {"message": "Not Found"}, {}
        shown = {k: user[k] for k in ("Name", "RealName", "EmailAddress", "Privileged")}
        own = {"id": user["id"], "Memberships": [], "Disabled": "0"} if user["Name"] == asked.user else {}
        return 200, shown | own | {"_hyperlinks": [{"ref": "self", "id": user["id"], "type": "user"}]}, {}

    def _users(self, asked: Asked) -> Any:
        names = {limit["value"] for limit in json.loads(asked.params["query"])}
        users = [u for u in self.users.values() if u["Name"] in names]
        return self._page(
            asked,
            [{k: u[k] for k in ("id", "Name", "Timezone", "EmailAddress", "RealName", "Organization")} for u in users],
        )

    def _queues(self, asked: Asked) -> Any:
        rows = [
            {"id": str(n), "Name": q, "SLADisabled": str(int(q not in self.sla_queues))} for n, q in self.queues.items()
        ]
        return self._page(asked, rows)

    def _queue(self, _: Asked, number: str) -> Any:
        return 200, {"id": int(number), "Name": self.queues[int(number)], "AdminCc": []}, {}

    def _fields(self, asked: Asked) -> Any:
        return self._page(asked, [{k: f[k] for k in ("id", "Name", "Type", "MaxValues")} for f in self.fields.values()])

    def _field(self, _: Asked, number: str) -> Any:
        return 200, self.fields[int(number)], {}

    def _groups(self, asked: Asked) -> Any:
        domain = json.loads(asked.params["query"])[0]["value"]
        groups = {**self.groups, 4: ("Privileged", "SystemInternal", [])}
        return self._page(asked, [{"id": n, "Name": name} for n, (name, d, _) in groups.items() if d == domain])

    def _group(self, _: Asked, number: str) -> Any:
        privileged = [u["Name"] for u in self.users.values() if u["Privileged"]]
        members = privileged if number == "4" else self.groups[int(number)][2]
        return 200, {"id": int(number), "Members": [{"id": m, "type": "user"} for m in members]}, {}

    def _tickets(self, asked: Asked) -> Any:
        found = [t for t in self.tickets.values() if not t["merged"] and t["Status"] != "deleted"]
        rows = sorted((t for t in found if select(asked.params["query"], t)), key=lambda t: t["id"])
        if asked.params.get("order") == "DESC":
            rows.reverse()
        return self._page(asked, rows, shown=self._listed_ticket)

    def _transactions(self, asked: Asked) -> Any:
        rows = [t for t in self.transactions if select(asked.params["query"], t)]
        if asked.params.get("order") == "DESC":
            rows.reverse()
        return self._page(asked, rows, shown=self._listed_transaction, total=self.superuser)

    def _attachments(self, asked: Asked) -> Any:
        wanted = {int(limit["value"]) for limit in asked.body if limit["field"] == "TransactionId"}
        rows = [
            a | {k: str(a[k]) for k in ("id", "TransactionId")}
            for a in self.attachments
            if a["TransactionId"] in wanted
        ]
        return self._page(asked, rows, total=self.superuser)

    def _ticket(self, asked: Asked, number: str) -> Any:
        row = self.effective(int(number))
        if row is None:
            return 404, {"message": "Not Found"}, {}
        version = f'"{self.version(row["id"])}"'
        if asked.method == "GET":
            return 200, self._whole_ticket(row, asked.user or ""), {"ETag": version}
        if asked.headers.get("if-match", version) != version:
            return 412, {"message": "Precondition Failed"}, {}
        return 200, self.change(str(row["id"]), asked.user or "", asked.body), {}

    def _message(self, asked: Asked, number: str, kind: str) -> Any:
        if "if-match" in asked.headers:
            return 412, {"message": "Precondition Failed"}, {}
        if not asked.body.get("ContentType"):
            return 400, {"message": "ContentType is a required field for application/json"}, {}
        try:
            said = self.say(number, asked.user or "", asked.body["Content"], public=kind == "correspond")
        except PermissionError:
            return 400, {"message": "Permission Denied"}, {}
        return 201, said, {}

    def _page(
        self, asked: Asked, rows: list[Row], *, shown: Callable[[Row], Row | None] | None = None, total: bool = True
    ) -> Any:
        """Cuts the page first and takes hidden rows out of it afterwards, as RT does."""
        size = min(100, int(asked.params.get("per_page", 20)))
        page = int(asked.params.get("page", 1))
        cut = rows[(page - 1) * size : page * size]
        items = [row for row in (shown(r) if shown else r for r in cut) if row is not None]
        return 200, {"count": len(items), "total": len(rows) if total else None, "page": page, "items": items}, {}

    def _listed_ticket(self, row: Row) -> Row | None:
        if row["Queue"] in self.hidden_queues:
            return None
        number = next(n for n, q in self.queues.items() if q == row["Queue"])
        times = {k: row[k].replace(" ", "T") + "Z" for k in ("Due", "Created", "LastUpdated")}
        people = {k: [self._reference(p) for p in row[k]] for k in ("Requestor", "Cc")}
        return {
            **{k: row[k] for k in ("Subject", "Status", "SLA")}, **times, **people,
            "id": str(row["id"]), "type": "ticket", "Priority": str(row["Priority"]),
            "Queue": {"id": str(number), "type": "queue", "Name": row["Queue"]},
            "Owner": self._reference(row["Owner"]), "CustomFields": self._custom_fields(row),
        }  # fmt: skip

    def _whole_ticket(self, row: Row, user: str) -> Row:
        rights = self.users[user]["rights"]
        links = {"CommentOnTicket": "comment", "ReplyToTicket": "correspond", "ModifyTicket": "lifecycle"}
        shown = self._listed_ticket(row) or {}
        bare = [{"id": p, "type": "user"} for p in row["Requestor"]]
        return shown | {
            "id": row["id"], "Requestor": bare, "_hyperlinks": [{"ref": ref} for r, ref in links.items() if r in rights],
        }  # fmt: skip

    def _listed_transaction(self, row: Row) -> Row | None:
        if self.tickets[row["ObjectId"]]["Queue"] in self.hidden_queues:
            return None
        return row | {
            "id": str(row["id"]), "ObjectId": str(row["ObjectId"]), "type": "transaction",
            "Creator": self._reference(row["Creator"]), "Created": row["Created"].replace(" ", "T") + "Z",
        }  # fmt: skip

    def _reference(self, name: str) -> Row:
        user = self.users[name]
        return {"id": name, "type": "user", **{k: user[k] for k in ("EmailAddress", "RealName", "Organization")}}

    def _custom_fields(self, row: Row) -> list[Row]:
        fields = [(f, row["CustomFields"].get(f["Name"], [])) for f in self.fields.values()]
        return [
            {
                "id": str(f["id"]),
                "name": f["Name"],
                "values": [_instant(v) if f["Type"] == "DateTime" else v for v in values],
            }
            for f, values in fields
        ]


def _instant(value: str) -> str:
    return value.replace(" ", "T") + "Z"


_ROUTES: list[tuple[str, Callable[..., Any]]] = [
    (r"rt", FakeRT._rt),
    (r"user/([^/]+)", FakeRT._user),
    (r"users", FakeRT._users),
    (r"queues/all", FakeRT._queues),
    (r"queue/(\d+)", FakeRT._queue),
    (r"customfields", FakeRT._fields),
    (r"customfield/(\d+)", FakeRT._field),
    (r"groups", FakeRT._groups),
    (r"group/(\d+)", FakeRT._group),
    (r"tickets", FakeRT._tickets),
    (r"ticket/(\d+)", FakeRT._ticket),
    (r"ticket/(\d+)/(comment|correspond)", FakeRT._message),
    (r"transactions", FakeRT._transactions),
    (r"attachments", FakeRT._attachments),
]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever hung up before the answer is no accident here; anything else is."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    rt: FakeRT

    def do_GET(self) -> None:
        asked = self._asked()
        self.rt.requests.append(asked)
        fault = self.rt.fault(asked)
        if fault and self._misbehave(fault):
            return
        if asked.write and self.rt.before_write:
            meanwhile, self.rt.before_write = self.rt.before_write, None
            meanwhile()
        status, body, headers = (401, {"message": "Unauthorized"}, {}) if asked.user is None else self._answered(asked)
        if fault and fault.kind == "cut_after":
            self._cut()
        else:
            self._send(status, json.dumps({**body, "items": []} if fault and fault.kind == "empty" else body), headers)

    do_POST = do_PUT = do_GET  # noqa: N815

    def _answered(self, asked: Asked) -> tuple[int, Any, dict[str, str]]:
        if asked.write and self.rt.fail_on_write:
            return 500, {"message": "no write was expected"}, {}
        return self.rt.answer(asked)

    def _asked(self) -> Asked:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        params = {k: v[-1] for k, v in parse_qs(url.query).items()}
        if "form" in self.headers.get("Content-Type", ""):
            params |= {k: v[-1] for k, v in parse_qs(body).items()}
            body = ""
        path = unquote(url.path).removeprefix("/REST/2.0/")
        headers = {k.lower(): v for k, v in self.headers.items()}
        return Asked(self.command, path, params, json.loads(body) if body else None, headers, self._who())

    def _who(self) -> str | None:
        kind, _, secret = self.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            name, _, password = base64.b64decode(secret).decode().partition(":")
            return name if password == "password" and name in self.rt.users else None
        return next((name for name in self.rt.users if secret == self.rt.token_of(name)), None)

    def _misbehave(self, fault: Fault) -> bool:
        if fault.kind == "cut_before":
            self._cut()
        elif fault.kind == "html":
            self._send(200, LOGIN, {}, "text/html")
        elif fault.kind == "not_json":
            self._send(200, "{oops", {})
        elif fault.kind == "slow":
            time.sleep(0.15)
            self._cut()
        elif isinstance(fault.kind, int):
            self._send(fault.kind, '{"message": "so told"}', fault.headers or {})
        else:
            return False
        return True

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, status: int, body: str, headers: dict[str, str], kind: str = "application/json") -> None:
        self.send_response_only(status)
        date = format_datetime(self.rt.now(), usegmt=True)
        for name, value in {"Date": date, "Content-Type": kind, **headers}.items():
            self.send_header(name, value)
        data = body.encode()
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Silent."""
