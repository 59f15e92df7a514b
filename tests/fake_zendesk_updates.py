"""How a Zendesk carries out one update of a ticket: its audit, what its triggers add, and its place in the export."""

from __future__ import annotations

import html
import itertools
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fake_zendesk_people import ZendeskPeople, epoch, stamp, utc_now
from fake_zendesk_sla import SlaClocks
from fake_zendesk_writes import Intent, Invalid

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from fake_zendesk_people import Row

SYSTEM = -1
WEB: Row = {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}}
API: Row = {"channel": "api", "source": {"from": {}, "to": {}, "rel": None}}
MERGE: Row = {"channel": "system", "source": {"from": {}, "to": {}, "rel": "merge"}}
BLANK: Row = {
    "external_id": None, "type": None, "subject": "", "priority": None, "status": "new", "recipient": None, "assignee_id": None,
    "group_id": None, "collaborator_ids": [], "follower_ids": [], "email_cc_ids": [], "forum_topic_id": None, "problem_id": None,
    "has_incidents": False, "is_public": True, "due_at": None, "tags": [], "custom_fields": {},
    "satisfaction_rating": {"score": "unoffered"}, "sharing_agreement_ids": [], "allow_channelback": False,
    "allow_attachments": True, "from_messaging_channel": False, "support_type_scope": "agent",
}  # fmt: skip


@dataclass
class Audit:
    """One update: the row of ``/audits``, when it was, and where it stands among all changes."""

    row: Row
    at: datetime
    order: int = 0

    @property
    def events(self) -> list[Row]:
        found: list[Row] = self.row["events"]
        return found


@dataclass
class Trigger:
    """A native rule: fires in the update for which ``when(ticket, audit)`` is true and sets ``then``."""

    id: int
    title: str
    when: Callable[[Row, Row], bool]
    then: Row
    on_create: bool = False
    active: bool = True
    conditions: Row = field(default_factory=dict)


class ZendeskUpdates(ZendeskPeople):
    """The account with tickets, before anybody has hands to work on them."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self.tickets: dict[int, Row] = {}
        self.audits: list[Audit] = []
        self.audits_of: dict[int, list[Audit]] = {}
        self.changed_at: dict[int, datetime] = {}
        self.triggers: list[Trigger] = []
        self.ratings: list[Row] = []
        self.csat_model = "legacy"
        self.notifies = True
        self.sla = SlaClocks()
        self._event_numbers = itertools.count(9_000_000_000_001)
        super().__init__(now)

    def update(
        self, row: Row, author: int, fields: Row, *, at: datetime | None = None, via: Row = API, comment: Row | None = None,
        metadata: Row | None = None, lenient: bool = False,
    ) -> Audit:  # fmt: skip
        """One update: one audit, one run of the triggers; an update that changes nothing is not kept.

        Raises:
            Invalid: nothing was changed.
        """
        at, before = at or self.now(), dict(row)
        new = Intent(self, row, fields, lenient=lenient).settled()
        audit = self._audit(row, author, at, via, metadata)
        if comment and (comment.get("body") or comment.get("html_body")):
            self._said(audit, comment, author)
        self._changed(audit, row, new)
        if audit.events:
            self._fire(self.triggers, row, audit)
            self._keep(row, audit, before)
        return audit

    def deleted(self, number: int) -> bool:
        return number not in self.tickets or self.tickets[number]["status"] == "deleted"

    def _blank(self, number: int, author: int, at: datetime, via: Row) -> Row:
        values = {
            number: False if each["type"] == "checkbox" else None for number, each in self.custom_fields().items()
        }
        return {
            "id": number, "url": f"https://acme.zendesk.example/api/v2/tickets/{number}.json", "via": via,
            "created_at": stamp(at), "updated_at": stamp(at), "generated_timestamp": epoch(at), **BLANK,
            "requester_id": author, "submitter_id": author, "organization_id": self.users[author]["organization_id"],
            "custom_status_id": self.default_status("new"), "brand_id": next(iter(self.brands)),
            "ticket_form_id": next(iter(self.forms)), "custom_fields": values, "encoded_id": f"{number:X}",
        }  # fmt: skip

    def _named(self, fields: Row) -> Row:
        """Custom fields given by title become numbers."""
        if "custom_fields" not in fields:
            return fields
        given = fields["custom_fields"].items()
        return fields | {"custom_fields": {self.field_id(k) if isinstance(k, str) else k: v for k, v in given}}

    def _mail(self, author: int) -> Row:
        user = self.users[author]
        sender = {"address": user["email"], "name": user["name"]}
        to = {"address": "support@acme.example", "name": "Acme"}
        return {"channel": "email", "source": {"from": sender, "to": to, "rel": None}}

    def _audit(self, row: Row, author: int, at: datetime, via: Row, metadata: Row | None = None) -> Audit:
        system = {
            "client": "made up",
            "ip_address": "192.0.2.7",
            "location": "Bern",
            "latitude": 46.9,
            "longitude": 7.4,
        }
        said = {
            "id": next(self._event_numbers), "ticket_id": row["id"], "created_at": stamp(at), "author_id": author,
            "metadata": {"system": system if author != SYSTEM else {}, "custom": metadata or {}}, "via": via, "events": [],
        }  # fmt: skip
        return Audit(said, at)

    def _event(self, audit: Audit, kind: str, **columns: Any) -> None:
        audit.events.append({"id": next(self._event_numbers), "type": kind, **columns})

    def _said(self, audit: Audit, comment: Row, author: int) -> None:
        by = int(comment.get("author_id") or author)
        public = bool(comment.get("public", True)) and not self.users.get(by, {}).get("only_private_comments")
        text = comment.get("body") or comment["html_body"]
        via = comment.get("via") or audit.row["via"]
        self._comment(
            audit, by, text, public=public, via=via, auto=comment.get("auto", False), rich=comment.get("html_body")
        )

    def _comment(
        self,
        audit: Audit,
        author: int,
        text: str,
        *,
        public: bool,
        via: Row,
        auto: bool = False,
        rich: str | None = None,
    ) -> None:
        lines = "<br>".join(html.escape(line, quote=False) for line in text.split("\n"))
        flags = {"flags": [4], "flags_options": {"4": {"trusted": False}}, "trusted": False} if auto else {}
        self._event(
            audit, "Comment", author_id=author, body=text, html_body=rich or f'<div class="zd-comment" dir="auto">{lines}</div>',
            plain_body=text, public=public, attachments=[], audit_id=audit.row["id"], via=via,
            **({"metadata": flags} if flags else {}),
        )  # fmt: skip
        if public and self.notifies and self.staff(author):
            recipients = [self.tickets[audit.row["ticket_id"]]["requester_id"]]
            via = rule(4_300_000_000_001, "Notify requester and CCs of comment update", "trigger")
            self._event(
                audit, "Notification", subject="[Acme] Re: your request", body=text, recipients=recipients, via=via
            )

    def _created(self, audit: Audit, name: str, value: Any) -> None:
        if name == "custom_fields":
            for number, each in value.items():
                if each not in (None, False, []):
                    self._event(audit, "Create", field_name=str(number), value=_text(each))
        elif value not in (None, [], ""):
            self._event(audit, "Create", field_name=name, value=_text(value))

    def _changed(self, audit: Audit, row: Row, new: Row, **own: Any) -> None:
        """Puts new values into the ticket and says so in the audit."""
        for name, value in new.items():
            before, row[name] = row[name], value
            if name == "custom_fields":
                for number in (n for n in value if value[n] != before.get(n)):
                    was, now = _text(before.get(number)), _text(value[number])
                    self._event(audit, "Change", field_name=str(number), value=now, previous_value=was, **own)
            elif name == "email_cc_ids":
                row["collaborator_ids"] = value
                emails = {"previous_email_ccs": self._emails(before), "current_email_ccs": self._emails(value)}
                self._event(audit, "EmailCcChange", **emails, **own)
            else:
                self._event(audit, "Change", field_name=name, value=_text(value), previous_value=_text(before), **own)

    def _emails(self, people: list[int]) -> list[str]:
        return [self.users[number]["email"] for number in people]

    def _fire(self, triggers: list[Trigger], row: Row, audit: Audit) -> None:
        for trigger in (each for each in triggers if each.active and row["status"] != "closed"):
            if trigger.when(row, audit.row):
                with suppress(Invalid):
                    new = Intent(self, row, trigger.then).settled()
                    self._changed(audit, row, new, via=rule(trigger.id, trigger.title, "trigger"))

    def _keep(self, row: Row, audit: Audit, before: Row | None) -> None:
        """The update is done: the ticket goes to the end of the export."""
        number = row["id"]
        row["updated_at"] = max(row["updated_at"], stamp(audit.at))
        row["generated_timestamp"] = max(row["generated_timestamp"], epoch(audit.at))
        self.changed_at[number] = audit.at
        self._touched(number)
        audit.order = self.order_of[number]
        self.audits.append(audit)
        self.audits_of.setdefault(number, []).append(audit)
        self.sla.after(row, before, audit, {n for n, user in self.users.items() if user["role"] != "end-user"})


def rule(number: int, title: str, rel: str) -> Row:
    source = {"from": {"id": number, "title": title, "deleted": False}, "to": {}, "rel": rel}
    return {"channel": "rule", "source": source}


def _text(value: Any) -> Any:
    """A value as audits tell it: numbers as text, checkboxes as 1 and 0."""
    if isinstance(value, bool):
        return str(int(value))
    return str(value) if isinstance(value, (int, float)) else value
