"""Very many plausible tickets with their updates, written straight as the bytes of export pages.

They are the account's past: they end at ``until``, and whatever tests do comes after them. Ticket number i is a function of i, so
nothing is kept: pages are filled into patterns made once.
"""

from __future__ import annotations

import json
import re
import time
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from fake_zendesk_people import epoch
from fake_zendesk_updates import BLANK, WEB

if TYPE_CHECKING:
    from datetime import datetime

    from fake_zendesk_desk import ZendeskDesk
    from fake_zendesk_people import Row

FIRST_TICKET, FIRST_EVENT, PER_EVENT = 5_000_000_001, 3_000_000_000_001, 8
CUSTOMERS = 2000
STATES = ("closed", "solved", "closed", "closed", "open", "closed", "solved", "pending", "closed", "closed")
SUBJECTS = (
    "Refund for my booking",
    "Boat was late",
    "Invoice is wrong",
    "Cannot log in",
    "Change of date",
    "Lost item",
)
QUESTION = (
    "Hello, I booked a tour with you for next weekend and now something is wrong with it. The confirmation shows another date than "
    "the one I chose, and the amount taken from my card does not fit either. Could somebody please look into it? Kind regards"
)
ANSWER = (
    "Hello, thank you for writing. I have looked at your booking and will get back to you by tomorrow afternoon with a solution. "
    "Please keep the confirmation until then. Best regards, the team"
)


class Made:
    """The made-up past of a desk; empty until ``fill``."""

    def __init__(self, desk: ZendeskDesk) -> None:
        self.desk = desk
        self.count = self.events = 0
        self.told = False
        self.begins = self.step = 0
        self.customers: list[int] = []
        self._ticket_pattern = cache(self._pattern_of_tickets)
        self._event_pattern = cache(self._pattern_of_events)

    def fill(self, tickets: int, events_per_ticket: float, until: datetime | None) -> None:
        """Spreads the updates evenly over the half year before ``until`` (default: two hours ago), none in the same second."""
        self.count, self.events = tickets, max(tickets, int(tickets * events_per_ticket))
        self.told = events_per_ticket > 0
        ends = epoch(until or self.desk.now() - timedelta(hours=2))
        self.step = max(1, 15_000_000 // self.events)
        self.begins = ends - self.step * self.events
        for number in range(min(CUSTOMERS, tickets)):
            self.customers.append(self.desk.add_user(f"c{number}@customer.example", f"Customer {number}"))
        self.agents = [self.desk.user_id(f"{name}@acme.example") for name in ("alice", "bob")]
        self.groups = list(self.desk.groups)
        self._statuses = {status: self.desk.default_status(status) for status in STATES}
        self._user_bytes = {n: json.dumps(self.desk.users[n]).encode() for n in (*self.customers, *self.agents)}

    # ---- which updates there are: number e is the e-th in time, and belongs to ticket e * count // events

    def _ticket_at(self, event: int) -> int:
        return event * self.count // self.events

    def _events_of(self, index: int) -> range:
        return range(-(-index * self.events // self.count), -(-(index + 1) * self.events // self.count))

    def _at(self, event: int) -> int:
        return self.begins + event * self.step

    def tickets_before(self, start: int) -> int:
        """How many tickets were last changed before a second."""
        if not self.count:
            return 0
        event = max(0, min(self.events, -(-(start - self.begins) // self.step)))
        return self._ticket_at(event) if event < self.events else self.count

    def has_events(self, start: int) -> bool:
        return self.told and start <= self._at(self.events - 1)

    # ---- tickets

    def _pattern_of_tickets(self) -> str:
        about = {name: f"<#{name}>" for name in ("requester_id", "assignee_id", "group_id", "custom_status_id")}
        category = self.desk.field_id("Category")
        values = [{"id": n, "value": "<category>" if n == category else None} for n in self.desk.custom_fields()]
        return pattern({
            "id": "<#id>", "url": "https://acme.zendesk.example/api/v2/tickets/<id>.json", "via": WEB, "created_at": "<created>",
            "updated_at": "<updated>", "generated_timestamp": "<#generated>", **BLANK, "subject": "<subject> <id>",
            "raw_subject": "<subject> <id>", "description": QUESTION, "status": "<status>", "priority": "<priority>", **about,
            "submitter_id": "<#requester_id>", "organization_id": None, "tags": ["<category>"],
            "brand_id": next(iter(self.desk.brands)), "ticket_form_id": next(iter(self.desk.forms)), "custom_fields": values,
            "fields": values,
        })  # fmt: skip

    def _text(self, index: int) -> str:
        """A ticket as JSON."""
        updates, status = self._events_of(index), STATES[index % len(STATES)]
        return self._ticket_pattern() % {
            "id": FIRST_TICKET + index, "created": clock(self._at(updates[0])), "updated": clock(self._at(updates[-1])),
            "generated": self._at(updates[-1]), "subject": SUBJECTS[index % len(SUBJECTS)], "status": status,
            "priority": ("low", "normal", "normal", "high")[index % 4], "requester_id": self._customer(index),
            "assignee_id": self.agents[index % 2], "group_id": self.groups[index % 2],
            "custom_status_id": self._statuses[status], "category": ("cat_refund", "cat_delivery")[index % 2],
        }  # fmt: skip

    def _customer(self, index: int) -> int:
        return self.customers[index % len(self.customers)]

    def _row(self, index: int) -> Row:
        """A ticket as the desk keeps its own."""
        row: Row = json.loads(self._text(index))
        return row | {"custom_fields": {each["id"]: each["value"] for each in row["custom_fields"]}}

    def ticket(self, number: int) -> Row | None:
        index = number - FIRST_TICKET
        return self._row(index) if 0 <= index < self.count else None

    def rows(self) -> list[Row]:
        """The tickets that are not closed: what searches are for."""
        return [self._row(index) for index in range(self.count) if STATES[index % len(STATES)] in ("open", "pending")]

    def ticket_page(self, begin: int, end: int, include: str, way_on: Row) -> bytes:
        """A page of the cursor export, with the people its tickets name."""
        people = [*dict.fromkeys(self._customer(index) for index in range(begin, end)), *self.agents]
        beside = b""
        if "users" in include:
            beside += b', "users": [' + b", ".join(self._user_bytes[number] for number in people) + b"]"
        if "groups" in include:
            beside += b', "groups": ' + json.dumps(list(self.desk.groups.values())).encode()
        if "organizations" in include:
            beside += b', "organizations": []'
        rows = ", ".join(map(self._text, range(begin, end))).encode()
        return b'{"tickets": [' + rows + b"]" + beside + b", " + json.dumps(way_on).encode()[1:]

    # ---- updates

    def event_page(self, start: int, size: int, texts: bool, site: str) -> bytes:
        """A page of the ticket event export; every update has a second of its own."""
        first = max(0, -(-(start - self.begins) // self.step))
        page = range(first, min(self.events, first + size))
        end = page.stop == self.events and not self.desk.audits
        after = self._at(page.stop) if page.stop < self.events else self._at(page.stop - 1) + 1 - end
        rows = ", ".join(self._update(event, texts) for event in page).encode()
        query = f"start_time={after}" + ("&include=comment_events" if texts else "") + "&support_type_scope=all"
        way_on = {
            "next_page": f"{site}/api/v2/incremental/ticket_events.json?{query}",
            "end_of_stream": end,
            "end_time": after,
        }
        return b'{"ticket_events": [' + rows + b"], " + json.dumps({"count": len(page), **way_on}).encode()[1:]

    def _update(self, event: int, texts: bool) -> str:
        """An update as JSON; people take turns, and an agent has the last word."""
        index = self._ticket_at(event)
        updates, at = self._events_of(index), self._at(event)
        first, last = event == updates[0], event == updates[-1]
        asks = first or (not last and (event - updates[0]) % 2 == 0)
        agent, number = self.agents[index % 2], FIRST_EVENT + event * PER_EVENT
        return self._event_pattern("first" if first else "last" if last else "", texts) % {
            **{f"id{place}": number + place for place in range(6)}, "ticket": FIRST_TICKET + index, "at": at, "created": clock(at),
            "author": self._customer(index) if asks else agent, "agent": agent, "text": QUESTION if asks else ANSWER,
            "status": STATES[index % len(STATES)], "group": self.groups[index % 2], "subject": SUBJECTS[index % len(SUBJECTS)],
            "priority": ("low", "normal", "normal", "high")[index % 4], "id": FIRST_TICKET + index,
        }  # fmt: skip

    def _pattern_of_events(self, place: str, texts: bool) -> str:
        about = {"via": "Web form", "via_reference_id": None}
        said: Row = {"author_id": "<#author>", "body": "<text>", "html_body": '<div class="zd-comment"><text></div>'}
        said |= {
            "plain_body": "<text>",
            "public": True,
            "attachments": [],
            "audit_id": "<#id0>",
            "created_at": "<created>",
        }
        comment = (
            {"type": "Comment", **said, "via": WEB} if texts else {"comment_present": True, "comment_public": True}
        )
        begun = {"subject": "<subject> <id>", "priority": "<priority>", "group_id": "<#group>", "status": "new"}
        ended = {"status": ("<status>", "new"), "assignee_id": ("<#agent>", None)}
        children = [{"id": "<#id1>", **about, "event_type": "Comment", **comment}]
        for number, name in enumerate(begun if place == "first" else (), 2):
            children.append({"id": f"<#id{number}>", **about, "event_type": "Create", name: begun[name]})
        for number, (name, (value, before)) in enumerate(ended.items() if place == "last" else (), 2):
            children.append(
                {"id": f"<#id{number}>", **about, "event_type": "Change", name: value, "previous_value": before}
            )
        return pattern({
            "id": "<#id0>", "ticket_id": "<#ticket>", "timestamp": "<#at>", "created_at": "<created>", "updater_id": "<#author>",
            "via": "Web form", "system": {"client": "made up", "ip_address": "192.0.2.7", "location": "Bern"}, "metadata": {},
            "event_type": "Audit", "child_events": children,
        })  # fmt: skip


def clock(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def pattern(row: Row) -> str:
    """JSON with ``<name>`` and ``<#number>`` to be filled in."""
    text = json.dumps(row).replace("%", "%%")
    return re.sub(r"<(\w+)>", r"%(\1)s", re.sub(r'"<#(\w+)>"', r"%(\1)s", text))
