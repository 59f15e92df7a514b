"""What a Request Tracker holds and how it behaves, lies included, as measured on RT 5.0.3; no HTTP here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Row = dict[str, Any]

WRITE = frozenset({"ModifyTicket", "CommentOnTicket", "ReplyToTicket", "OwnTicket"})
NOT_SET = "1970-01-01 00:00:00"
STATUSES = ("new", "open", "stalled", "resolved", "rejected", "deleted")
PUBLIC = {"Correspond": True, "Comment": False}


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class RTDesk:
    """Users, queues, custom fields, tickets and their transactions; ``now`` is the desk's own clock."""

    now: Callable[[], datetime] = utc_now
    users: dict[str, Row] = field(default_factory=dict)
    queues: dict[int, str] = field(default_factory=lambda: {1: "General", 3: "Support", 4: "Billing", 5: "Escalations"})
    groups: dict[int, tuple[str, str, list[str]]] = field(default_factory=dict)
    fields: dict[int, Row] = field(default_factory=dict)
    tickets: dict[int, Row] = field(default_factory=dict)
    transactions: list[Row] = field(default_factory=list)
    attachments: list[Row] = field(default_factory=list)
    hidden_queues: set[str] = field(default_factory=set)
    sla_queues: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for name in ("RT_System", "Nobody"):
            self.add_user(name, privileged=False)
        for name, full in (
            ("alice", "Alice Moreau"),
            ("bob", "Bob Okafor"),
            ("carol", "Carol Jensen"),
            ("dan", "Dan Petrov"),
        ):
            self.add_user(name, full, f"{name}@helpdesk.example")
        self.add_user("makegood", "makegood robot", "makegood@helpdesk.example")
        self.add_user("readonly", "Read only robot", "readonly@helpdesk.example", rights=frozenset())
        self.groups |= {
            27: ("Tier 1", "UserDefined", ["alice", "bob"]),
            28: ("Tier 2", "UserDefined", ["carol", "dan"]),
        }
        for name, kind, many, values in (
            ("Customer tier", "Select", False, ["free", "standard", "vip"]),
            ("CSAT", "Select", False, ["offered", "good", "bad"]),
            ("CSAT comment", "Text", False, None),
            ("Follow up by", "DateTime", False, None),
            ("Tags", "Freeform", True, None),
            ("Recovery", "Freeform", False, None),
        ):
            self.add_field(name, kind, many=many, values=values)

    # ---- what tests set up

    def add_user(
        self, name: str, full: str = "", email: str = "", *, privileged: bool = True, rights: frozenset[str] = WRITE
    ) -> str:
        number = {"RT_System": 2, "Nobody": 6}.get(name, 30 + len(self.users))
        self.users[name] = {
            "id": number, "Name": name, "RealName": full, "EmailAddress": email, "Organization": "", "Timezone": "",
            "Privileged": int(privileged), "rights": rights if privileged else frozenset({"ReplyToTicket"}),
        }  # fmt: skip
        return name

    def customer(self, email: str) -> str:
        return email if email in self.users else self.add_user(email, "", email, privileged=False)

    def add_field(
        self, name: str, kind: str = "Freeform", *, many: bool = False, values: list[str] | None = None
    ) -> None:
        number = 2 + len(self.fields)
        self.fields[number] = {
            "id": number,
            "Name": name,
            "Type": kind,
            "MaxValues": 0 if many else 1,
            "Values": values,
        }

    def add_ticket(
        self,
        subject: str = "Help",
        *,
        text: str = "Please help.",
        requester: str = "ana@customer.example",
        queue: str = "Support",
        at: datetime | None = None,
        headers: str = "",
        **columns: Any,
    ) -> str:
        """A new ticket by a customer; ``columns`` (Status, Owner, Priority, Tags=[...]) are set as if from the start."""
        at = at or self.now()
        number = max(self.tickets, default=0) + 1
        self.tickets[number] = {
            "id": number, "Subject": subject, "Status": "new", "Queue": queue, "Owner": "Nobody", "Priority": 0, "SLA": "",
            "Requestor": [self.customer(requester)], "Cc": [], "Due": NOT_SET, "Created": stamp(at),
            "LastUpdated": stamp(at), "CustomFields": {}, "merged": None,
        }  # fmt: skip
        made = self._transact(number, "Create", requester, at)
        self._attach(made, text, headers)
        for name, value in columns.items():
            own = name in self.tickets[number]
            (self.tickets[number] if own else self.tickets[number]["CustomFields"])[name] = (
                value if own else _list(value)
            )
        return str(number)

    def say(
        self, ticket: str, by: str, text: str, *, public: bool = True, at: datetime | None = None, headers: str = ""
    ) -> list[str]:
        row, at = self.tickets[int(ticket)], at or self.now()
        if ("ReplyToTicket" if public else "CommentOnTicket") not in self.users[by]["rights"]:
            raise PermissionError
        made = self._transact(row["id"], "Correspond" if public else "Comment", by, at)
        self._attach(made, text, headers)
        if public:
            self._transact(row["id"], "EmailRecord", "RT_System", at)
            if not self.users[by]["Privileged"] and row["Status"] == "resolved":
                self._status(row, "open", "RT_System", at)
        return ["Correspondence added" if public else "Comments added"]

    def change(
        self, ticket: str, by: str, body: Row | None = None, *, at: datetime | None = None, **columns: Any
    ) -> list[str]:
        """What a ``PUT`` does: one sentence for each thing done or refused, and 200 in either case."""
        row, at = self.tickets[int(ticket)], at or self.now()
        body = {**(body or {}), **columns}
        if "ModifyTicket" not in self.users[by]["rights"]:
            return [f"Ticket {row['id']}: Permission Denied"] if body else []
        said: list[str] = []
        for name, change in _CHANGES.items():
            if name in body:
                said += change(self, row, body[name], by, at)
        for name, value in (body.get("CustomFields") or {}).items():
            said += self._custom(row, name, value, by, at)
        if "MergeInto" in body:
            said += self.merge(ticket, str(body["MergeInto"]), by=by, at=at)
        return said

    def owe(self, ticket: str, due: datetime | None, *, at: datetime | None = None) -> None:
        """What RT's own scrip does on a ticket with a service level; nothing is owed: ``Due`` is taken away."""
        self._plain(self.tickets[int(ticket)], "Due", stamp(due) if due else NOT_SET, "RT_System", at or self.now())

    def merge(self, ticket: str, into: str, *, by: str = "alice", at: datetime | None = None) -> list[str]:
        value = f"fsck.com-rt://helpdesk.example/ticket/{into}"
        for number in (ticket, into):
            self._transact(int(number), "AddLink", by, at or self.now(), "MergedInto", "", value)
        self.tickets[int(ticket)]["merged"] = int(into)
        return ["Merge Successful"]

    # ---- what the server asks

    def effective(self, number: int) -> Row | None:
        row = self.tickets.get(number)
        return self.effective(row["merged"]) if row and row["merged"] else row

    def version(self, number: int) -> int:
        merged = {number} | {n for n, row in self.tickets.items() if row["merged"] == number}
        return max(int(t["id"]) for t in self.transactions if t["ObjectId"] in merged)

    # ---- how RT does it

    def _transact(
        self, ticket: int, kind: str, by: str, at: datetime, name: str = "", old: object = "", new: object = ""
    ) -> int:
        number = self.transactions[-1]["id"] + 1 if self.transactions else 101
        self.transactions.append(
            {"id": number, "ObjectType": "RT::Ticket", "ObjectId": ticket, "Type": kind, "Field": name, "OldValue": str(old),
             "NewValue": str(new), "Creator": self.customer(by) if "@" in by else by, "Created": stamp(at), "Data": ""}
        )  # fmt: skip
        self.tickets[ticket]["LastUpdated"] = stamp(at)
        return number

    def _attach(self, transaction: int, text: str, headers: str) -> None:
        kind = "text/html" if text.lstrip().startswith("<") else "text/plain"
        self.attachments.append(
            {"id": len(self.attachments) + 1, "TransactionId": transaction, "ContentType": kind, "Filename": "",
             "Content": text, "Headers": headers}
        )  # fmt: skip

    def _status(self, row: Row, new: str, by: str, at: datetime) -> list[str]:
        if new not in STATUSES:
            return [f"Ticket {row['id']}: Status '{new}' isn't a valid status for this ticket."]
        if row["Status"] == new:
            return []
        self._transact(row["id"], "Status", by, at, "Status", row["Status"], new)
        was, row["Status"] = row["Status"], new
        return [f"Ticket {row['id']}: Status changed from '{was}' to '{new}'"]

    def _owner(self, row: Row, name: str, by: str, at: datetime) -> list[str]:
        user = self.users.get(name)
        if user is None or ("OwnTicket" not in user["rights"] and name != "Nobody"):
            return [f"Ticket {row['id']}: That user may not own tickets in that queue"]
        if row["Owner"] == name:
            return []
        numbers = (self.users[row["Owner"]]["id"], user["id"])
        self._transact(row["id"], "Set", by, at, "Owner", *numbers)
        self._transact(row["id"], "EmailRecord", "RT_System", at)
        self._transact(row["id"], "SetWatcher", by, at, "Owner", *numbers)
        was, row["Owner"] = row["Owner"], name
        return [f"Ticket {row['id']}: Owner changed from {was} to {name}"]

    def _move(self, row: Row, name: str, by: str, at: datetime) -> list[str]:
        numbers = {queue: number for number, queue in self.queues.items()}
        if name not in numbers:
            return [f"Ticket {row['id']}: Queue {name} does not exist"]
        return self._plain(row, "Queue", name, by, at, old=numbers[row["Queue"]], new=numbers[name])

    def _due(self, row: Row, value: str, by: str, at: datetime) -> list[str]:
        """Anything but ``YYYY-MM-DD HH:MM:SS`` unsets it, with a sentence that sounds like success."""
        said = self._plain(
            row, "Due", value if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", value) else NOT_SET, by, at
        )
        if row["Queue"] in self.sla_queues:
            theirs = stamp(datetime.fromisoformat(row["Created"]).replace(tzinfo=UTC) + timedelta(days=1))
            self._plain(row, "Due", theirs, "RT_System", at)
        return said

    def _plain(
        self, row: Row, name: str, value: object, by: str, at: datetime, *, old: object = None, new: object = None
    ) -> list[str]:
        if row[name] == value:
            return []
        self._transact(row["id"], "Set", by, at, name, row[name] if old is None else old, value if new is None else new)
        was, row[name] = row[name], value
        return [f"Ticket {row['id']}: {name} changed from {was} to {value}"]

    def _watchers(self, row: Row, role: str, people: list[str], by: str, at: datetime) -> list[str]:
        logins = [self._login(person) for person in people]
        gone, came = [p for p in row[role] if p not in logins], [p for p in logins if p not in row[role]]
        for person in came:
            self._transact(row["id"], "AddWatcher", by, at, role, "", self.users[person]["id"])
        for person in gone:
            self._transact(row["id"], "DelWatcher", by, at, role, self.users[person]["id"], "")
        row[role] = [p for p in row[role] if p not in gone] + came
        return [f"Added {p} as {role} for this ticket" for p in came] + [f"{p} is no longer {role}" for p in gone]

    def _login(self, person: str) -> str:
        known = (
            name for name, user in self.users.items() if person.lower() in (name.lower(), user["EmailAddress"].lower())
        )
        return next(known, None) or self.customer(person)

    def _custom(self, row: Row, name: str, value: Any, by: str, at: datetime) -> list[str]:
        spec = next((f for f in self.fields.values() if f["Name"] == name), None)
        if spec is None:
            return []
        have, want = row["CustomFields"].get(name, []), _list(value)
        if spec["Values"] and set(want) - set(spec["Values"]):
            return ["Invalid value for custom field"]
        if spec["Type"] == "DateTime":
            want = [v if " " in v else v[:10] + " 00:00:00" for v in want]
        if spec["MaxValues"] == 1:
            if have == want:
                return []
            self._transact(row["id"], "CustomField", by, at, str(spec["id"]), "".join(have), "".join(want))
        else:
            self._custom_list(row["id"], spec["id"], have, want, by, at)
        row["CustomFields"][name] = want
        return [f"{v} added as a value for {name}" for v in want if v not in have]

    def _custom_list(self, ticket: int, number: int, have: list[str], want: list[str], by: str, at: datetime) -> None:
        for value in (v for v in want if v not in have):
            self._transact(ticket, "CustomField", by, at, str(number), "", value)
        for value in (v for v in have if v not in want):
            self._transact(ticket, "CustomField", by, at, str(number), value, "")


def _list(value: Any) -> list[str]:
    return [] if value is None else [str(v) for v in value] if isinstance(value, (list, tuple)) else [str(value)]


_CHANGES: dict[str, Any] = {
    "Due": RTDesk._due,
    "Owner": RTDesk._owner,
    "Priority": lambda desk, row, value, by, at: desk._plain(row, "Priority", value, by, at),
    "Queue": RTDesk._move,
    "Subject": lambda desk, row, value, by, at: desk._plain(row, "Subject", value, by, at),
    "SLA": lambda desk, row, value, by, at: desk._plain(row, "SLA", value, by, at),
    "Status": RTDesk._status,
    "Cc": lambda desk, row, value, by, at: desk._watchers(row, "Cc", value, by, at),
    "Requestor": lambda desk, row, value, by, at: desk._watchers(row, "Requestor", value, by, at),
}
