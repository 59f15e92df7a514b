"""The questions we ask a Request Tracker over REST 2.0, a page or two at a time, and its answers as plain rows.

Lists are walked by ascending number until a page is empty: RT takes rows the account may not see out of a page *after*
cutting it, and tells such an account neither a total nor a next page.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from .base import AuthFailed, Rejected
from .request_tracker_history import MESSAGES
from .request_tracker_words import NOBODY, TICKET_FIELDS, Body, Desk, Row, Words, any_of, bodies, quoted
from .transport import answered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .transport import Transport

PAGE = 100
"""Rows a call: RT silently gives no more."""

PRIVILEGED = "Privileged"
_PERSON = "EmailAddress,RealName,Organization"
_TRANSACTION = "ObjectId,Type,Field,OldValue,NewValue,Creator,Created"
_TICKET_CUSTOM = "RT::Queue-RT::Ticket"


class Rest:
    """One RT's REST 2.0; ``login`` is the account's name or number."""

    def __init__(self, transport: Transport, login: str) -> None:
        self.transport = transport
        self._login = login
        self._users: dict[str, Row | None] = {}

    def page(self, path: str, query: str, fields: str, *, page: int = 1, order: str = "ASC", **subfields: str) -> Row:
        """One page of a list, ordered by number."""
        form = {
            "query": query,
            "fields": fields,
            "per_page": str(PAGE),
            "page": str(page),
            "orderby": "id",
            "order": order,
        }
        form |= {f"fields[{name}]": value for name, value in subfields.items()}
        if len(query) > 1500:
            return _object(answered(self.transport.search(path, form)), path)
        return _object(answered(self.transport.get(path, form)), path)

    def transactions(self, sql: str, *, order: str = "ASC", page: int = 1) -> list[Row]:
        """One page of tickets' transactions that ``sql`` (TransactionSQL) selects."""
        query = f"ObjectType = 'RT::Ticket' AND ({sql})"
        rows: list[Row] = self.page("transactions", query, _TRANSACTION, page=page, order=order, Creator=_PERSON)[
            "items"
        ]
        return rows

    def histories(self, tickets: Sequence[str]) -> list[Row]:
        """Every transaction of these tickets, ascending."""
        rows: list[Row] = []
        for part in _parts(tickets):
            last = 0
            while found := self.transactions(f"{any_of('ObjectId', part)} AND id > {last}"):
                rows += found
                last = int(found[-1]["id"])
        return sorted(rows, key=lambda row: int(row["id"]))

    def tickets(self, ids: Sequence[str]) -> list[Row]:
        """These tickets as they are; merged, deleted and hidden ones are in no search."""
        rows: list[Row] = []
        for part in _parts(ids):
            rows += self.search(any_of("id", part))["items"]
        return rows

    def search(self, sql: str) -> Row:
        """One page of the tickets that ``sql`` (TicketSQL) selects."""
        return self.page("tickets", sql, TICKET_FIELDS, Queue="Name", Requestor=_PERSON, Cc=_PERSON)

    def ticket(self, number: str) -> Row | None:
        """A single ticket, which answers for merged and deleted ones too, with its ``ETag``; ``None`` if there is none."""
        answer = self.transport.get(f"ticket/{number}", also=(403, 404))
        if answer.status_code >= 400:
            return None
        row = _object(answered(answer), "ticket")
        return row | {"ETag": answer.headers.get("ETag", "").strip('W/"')}

    def texts(self, rows: Iterable[Row]) -> dict[str, Body]:
        """The text of every message among these transactions, by transaction."""
        numbers = [str(row["id"]) for row in rows if row["Type"] in MESSAGES]
        found: list[Row] = []
        for part in _parts(numbers):
            found += self._attachments(part)
        return bodies(sorted(found, key=lambda row: int(row["id"])))

    def _attachments(self, transactions: Sequence[str]) -> Iterator[Row]:
        """Attachments have no query language, only a list of limits: equal fields are alternatives."""
        limits = [{"field": "TransactionId", "value": n} for n in transactions]
        limits += [{"field": "ContentType", "operator": "STARTSWITH", "value": v} for v in ("text/", "multipart/")]
        fields = "TransactionId,ContentType,Filename,Headers,Content"
        page = 1
        while page:
            params = {"fields": fields, "per_page": str(PAGE), "page": str(page), "orderby": "id"}
            answer = self.transport.ask("attachments", params, limits)
            items = _object(answered(answer), "attachments")["items"]
            yield from items
            page = page + 1 if len(items) == PAGE else 0

    def listed(self, path: str, fields: str, limits: Sequence[Row]) -> list[Row]:
        """All rows of a small list (queues, fields, groups, users)."""
        rows: list[Row] = []
        page = 1
        while page:
            found = self.page(path, json.dumps(limits), fields, page=page)["items"]
            rows += found
            page = page + 1 if len(found) == PAGE else 0
        return rows

    def desk(self) -> Desk:
        """Names for the numbers in transactions: ourselves, queues, agents and custom fields."""
        agents, fields, nobody = self.privileged(), self.fields(), self.principal(NOBODY) or {}
        return Desk(
            me=str(self.me()["Name"]),
            queues={str(q["id"]): q["Name"] for q in self.queues()},
            agents={str(user["id"]): user["Name"] for user in agents} | {nobody.get("number", ""): NOBODY},
            fields={str(f["id"]): (f["Name"], f["Type"], str(f["MaxValues"]) != "1") for f in fields},
        )

    def me(self) -> Row:
        """The account we work with."""
        user = self.transport.get(f"user/{self._login}", also=(404,))
        if user.status_code == 404:
            raise AuthFailed(f"the desk has no account {self._login}", hint="say user in makegood.toml")
        return _object(answered(user), "user")

    def queues(self) -> list[Row]:
        """Every queue the account may see."""
        return self.listed("queues/all", "Name,Lifecycle,SLADisabled,CorrespondAddress", [])

    def has_levels(self) -> bool:
        """Whether RT's own service levels are switched on in any queue."""
        return any(levels_on(queue) for queue in self.queues())

    def fields(self) -> list[Row]:
        """Every custom field of tickets."""
        return self.listed("customfields", "Name,Type,MaxValues", [{"field": "LookupType", "value": _TICKET_CUSTOM}])

    def privileged(self) -> list[Row]:
        """Agents are RT's *privileged* users: its own group of that name lists them, with a number in ``id``.

        Their ``Timezone`` is public in RT (``RT::User::_OverlayAccessible``), and empty where they did not choose one.
        """
        rows = self.listed("groups", "Name", [{"field": "Domain", "value": "SystemInternal"}])
        group = next((row for row in rows if row.get("Name") == PRIVILEGED), None)
        if group is None:
            raise AuthFailed("the account may not see who is an agent", hint="give it the right SeeGroup")
        names = [m["id"] for m in self.members(str(group["id"])) if m["type"] == "user"]
        users: list[Row] = []
        for part in _parts(names):
            limits = [{"field": "Name", "value": name} for name in part]
            users += self.listed("users", f"id,Name,Timezone,{_PERSON}", limits)
        return [user for user in users if user["Name"] in set(names)]

    def members(self, group: str) -> list[Row]:
        """The users and groups directly in a group."""
        members: list[Row] = _object(answered(self.transport.get(f"group/{group}")), "group").get("Members") or []
        return members

    def memberships(self, queues: Mapping[str, str]) -> dict[str, set[str]]:
        """Logins by the name of the user group or queue (as its AdminCc) they belong to; groups in groups are followed."""
        rows = self.listed("groups", "Name", [{"field": "Domain", "value": "UserDefined"}])
        direct = {str(row["id"]): self.members(str(row["id"])) for row in rows}
        found = {str(row["Name"]): _logins(direct[str(row["id"])], direct) for row in rows}
        for number, name in queues.items():
            watchers = _logins(self.queue(number).get("AdminCc") or [], direct)
            found[name] = found.get(name, set()) | watchers
        return found

    def principal(self, name: str) -> Row | None:
        """A user by number or login, with the login in ``id`` and the number in ``number``. Asked once each.

        ``None`` for groups and users that are gone.
        """
        if name not in self._users:
            answer = self.transport.get(f"user/{quote(name, safe='@')}", also=(403, 404))
            user = _object(answered(answer), "user") if answer.status_code < 400 else {}
            self._users[name] = user | {"id": user["Name"], "number": _number(user)} if user.get("Name") else None
        return self._users[name]

    def queue(self, number: str) -> Row:
        """A queue by number, with its watchers."""
        return _object(answered(self.transport.get(f"queue/{number}")), "queue")

    def values(self, field: str) -> list[str] | None:
        """The allowed values of a custom field."""
        found = _object(answered(self.transport.get(f"customfield/{field}")), "customfield").get("Values")
        return [v["name"] if isinstance(v, dict) else str(v) for v in found] if found else None

    def strange_statuses(self, words: Words) -> list[str]:
        """Status words in use that neither the settings nor RT's stock map, as far as one page of tickets shows."""
        known = " AND ".join(f"Status != {quoted(word)}" for word in words.statuses())
        rows = self.page("tickets", known, "Status")["items"]
        return sorted({row["Status"] for row in rows})

    def put(self, ticket: str, body: Row, version: str) -> list[str]:
        """Changes fields if the ticket is still at ``version``; the desk's sentences, which may well be refusals."""
        return _sentences(self.transport.write("PUT", f"ticket/{ticket}", body, {"If-Match": f'"{version}"'}))

    def say(self, ticket: str, text: str, *, public: bool) -> list[str]:
        """Adds a message. RT answers 412 to *every* ``If-Match`` here, so look at :meth:`newer` first."""
        path = f"ticket/{ticket}/{'correspond' if public else 'comment'}"
        return _sentences(self.transport.write("POST", path, {"Content": text, "ContentType": "text/plain"}))

    def newer(self, ticket: str, version: str) -> list[Row]:
        """The ticket's transactions after ``version``."""
        return self.transactions(f"ObjectId = {int(ticket)} AND id > {int(version)}")


def levels_on(queue: Row) -> bool:
    """Whether RT writes ``Due`` in a queue by itself."""
    return str(queue.get("SLADisabled")) == "0"


def _number(user: Row) -> str:
    """A user's number, which RT tells to an account without AdminUsers in a link only."""
    return next((str(link["id"]) for link in user.get("_hyperlinks") or [] if link.get("ref") == "self"), "")


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[i : i + PAGE] for i in range(0, len(ids), PAGE))


def _sentences(answer: object) -> list[str]:
    said = answered(answer)  # type: ignore[arg-type]
    return [str(sentence) for sentence in said] if isinstance(said, list) else []


def _object(said: object, path: str) -> Row:
    if not isinstance(said, dict):
        raise Rejected(f"{path}: this is not what Request Tracker answers", hint="check base_url in makegood.toml")
    return said


def _logins(members: Iterable[Row], groups: Mapping[str, list[Row]], path: tuple[str, ...] = ()) -> set[str]:
    """The users among ``members``, groups followed unless they hold themselves."""
    found: set[str] = set()
    for member in members:
        number = str(member["id"])
        if member["type"] == "user":
            found.add(number)
        elif number in groups and number not in path:
            found |= _logins(groups[number], groups, (*path, number))
    return found
