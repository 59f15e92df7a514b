"""What a Zendesk holds and how it behaves: tickets, their audits, and the hands that work on them; no HTTP here."""

from __future__ import annotations

import html
import itertools
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fake_zendesk_people import ZendeskPeople, epoch, stamp, utc_now
from fake_zendesk_sla import SlaClocks
from fake_zendesk_writes import COLUMNS, Intent, Invalid

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


class ZendeskDesk(ZendeskPeople):
    """The account with its tickets. People are named by e-mail, fields by number or title, the rest as in the API."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self.tickets: dict[int, Row] = {}
        self.audits: list[Audit] = []
        self.changed_at: dict[int, datetime] = {}
        self.triggers: list[Trigger] = []
        self.ratings: list[Row] = []
        self.csat_model = "legacy"
        self.notifies = True
        self.sla = SlaClocks()
        self._event_numbers = itertools.count(9_000_000_000_001)
        super().__init__(now)

    # ---- what tests do

    def add_ticket(
        self, subject: str = "Help", text: str = "Please help.", *, by: str = "ana@customer.example",
        at: datetime | None = None, channel: str = "email", **fields: Any,
    ) -> str:  # fmt: skip
        """A new ticket by a customer; ``fields`` are set as if from the start."""
        at, number, author = at or self.now(), 6_000_000_001 + len(self.tickets), self.person(by)
        via = self._mail(author) if channel == "email" else {**WEB, "channel": channel}
        row = self._blank(number, author, at, via) | {"subject": subject, "raw_subject": subject, "description": text}
        given = self._named(fields)
        row |= {name: value for name, value in given.items() if name in BLANK and name not in COLUMNS}
        self.tickets[number] = row
        audit = self._audit(row, author, at, via)
        self._comment(audit, author, text, public=True, via=via)
        row |= Intent(self, row, given, lenient=True).settled()
        for name in COLUMNS:
            self._created(audit, name, row.get(name))
        self._fire([trigger for trigger in self.triggers if trigger.on_create], row, audit)
        self._keep(row, audit, None)
        return str(number)

    def say(
        self, ticket: str, by: str, text: str, *, public: bool = True, auto: bool = False, at: datetime | None = None,
        **fields: Any,
    ) -> Audit:  # fmt: skip
        """A comment; a customer's comment opens what was pending, on hold or solved."""
        row, author = self.tickets[int(ticket)], self.person(by)
        staff = self.staff(author)
        if not staff and public and row["status"] in ("pending", "hold", "solved"):
            fields = {"status": "open"} | fields
        via = WEB if staff else self._mail(author)
        comment = {"body": text, "public": public, "auto": auto}
        return self.update(row, author, self._named(fields), at=at, via=via, comment=comment)

    def change(
        self, ticket: str, by: str, fields: Row | None = None, *, at: datetime | None = None, via: Row | None = None,
        **columns: Any,
    ) -> Audit:  # fmt: skip
        """What somebody does in the agent interface, or a program on their behalf (``via=API``)."""
        row = self.tickets[int(ticket)]
        return self.update(row, self.person(by), self._named({**(fields or {}), **columns}), at=at, via=via or WEB)

    def rate(
        self, ticket: str, score: str, comment: str = "", *, at: datetime | None = None, reason: str = ""
    ) -> Audit:
        """The requester's answer to the question how it was (``good``, ``bad``), or that it was asked (``offered``)."""
        row, at = self.tickets[int(ticket)], at or self.now()
        before, audit = row["satisfaction_rating"], self._audit(row, row["requester_id"], at, WEB)
        number = before.get("id") or next(self._numbers)
        row["satisfaction_rating"] = {"score": score, "id": number, "comment": comment or None}
        if score == "bad":
            row["satisfaction_rating"] |= {"reason": reason or "No reason provided", "reason_id": 0}
        if self.csat_model == "survey" and score != "offered":
            survey = {"survey_response_id": f"01JSURVEY{number}", "survey_id": "01JCSAT", "survey_type": "CSAT"}
            self._event(audit, "SurveyResponseSubmitted", **survey)
        else:
            self._rated(audit, row, before, score, comment)
        self._keep(row, audit, dict(row))
        return audit

    def merge(self, source: str, into: str, by: str = "alice@acme.example", *, at: datetime | None = None) -> None:
        """Closes ``source`` into another ticket, as in the agent interface."""
        gone, kept, author = self.tickets[int(source)], self.tickets[int(into)], self.person(by)
        told = (
            f'Request #{gone["id"]} "{gone["subject"]}" was closed and merged into this request. {gone["description"]}'
        )
        said = f'This request was closed and merged into request #{kept["id"]} "{kept["subject"]}".'
        via = {
            "channel": "system",
            "source": {"from": {"ticket_ids": [gone["id"]], "subject": None}, "to": {}, "rel": "merge"},
        }
        self.update(kept, author, {}, at=at, via=MERGE, comment={"body": told, "public": False, "via": via})
        fields = {"status": "closed", "tags": [*gone["tags"], "closed_by_merge"]}
        comment = {"body": said, "public": False, "via": MERGE}
        self.update(gone, author, fields, at=at, via=MERGE, comment=comment, lenient=True)

    def delete(self, ticket: str, by: str = "alice@acme.example", *, at: datetime | None = None) -> None:
        row, at = self.tickets[int(ticket)], at or self.now()
        before, audit = dict(row), self._audit(row, self.person(by), at, WEB)
        self._changed(audit, row, {"status": "deleted"})
        self._keep(row, audit, before)

    def close(self, ticket: str, *, at: datetime | None = None) -> Audit:
        """What the system does with solved tickets after a while."""
        via = {"channel": "system", "source": {"from": {}, "to": {}, "rel": None}}
        return self.update(self.tickets[int(ticket)], SYSTEM, {"status": "closed"}, at=at, via=via, lenient=True)

    def touch(self, ticket: str, *, at: datetime | None = None) -> None:
        """A change that only the system sees: the export shows the ticket again, ``updated_at`` stays."""
        number, at = int(ticket), at or self.now()
        self.tickets[number]["generated_timestamp"] = epoch(at)
        self.changed_at[number] = at
        self._touched(number)

    def add_trigger(
        self, title: str, when: Callable[[Row, Row], bool], then: Row, *, on_create: bool = False, conditions: Row | None = None,
    ) -> int:  # fmt: skip
        """A rule that acts in the same update as the person whose update fulfils ``when(ticket, audit)``."""
        said = conditions or {"all": [{"field": "update_type", "operator": "is", "value": "Change"}], "any": []}
        trigger = Trigger(next(self._numbers), title, when, self._named(then), on_create, conditions=said)
        self.triggers.append(trigger)
        return trigger.id

    def add_sla_policy(self, title: str, targets: Row, when: Callable[[Row], bool] | None = None) -> int:
        """Minutes by metric, or by priority by metric: ``{"first_reply_time": {"high": 30, "normal": 240}}``."""
        return self.sla.add(title, targets, when)

    def run_automation(
        self, title: str, when: Callable[[Row], bool], then: Row, *, at: datetime | None = None
    ) -> list[str]:
        """Sets ``then`` on every ticket not closed for which ``when(ticket)`` holds, as the hourly run does."""
        via, done = _rule(next(self._numbers), title, "automation"), []
        for number, row in self.tickets.items():
            if row["status"] not in ("closed", "deleted") and when(row):
                audit = self.update(row, SYSTEM, self._named(then), at=at, via=via)
                done += [str(number)] if audit.events else []
        return done

    # ---- how Zendesk does it

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
            rule = _rule(4_300_000_000_001, "Notify requester and CCs of comment update", "trigger")
            self._event(
                audit, "Notification", subject="[Acme] Re: your request", body=text, recipients=recipients, via=rule
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
                    self._changed(audit, row, new, via=_rule(trigger.id, trigger.title, "trigger"))

    def _rated(self, audit: Audit, row: Row, before: Row, score: str, comment: str) -> None:
        changed = {"field_name": "satisfaction_score", "value": score, "previous_value": before["score"]}
        self._event(audit, "Change", **changed)
        if comment:
            changed = {"field_name": "satisfaction_comment", "value": comment, "previous_value": before.get("comment")}
            self._event(audit, "Change", **changed)
        self._event(audit, "SatisfactionRating", score=score, assignee_id=row["assignee_id"], body=comment or None)
        now = stamp(audit.at)
        people = {name: row[name] for name in ("assignee_id", "group_id", "requester_id")}
        rating = row["satisfaction_rating"] | {"ticket_id": row["id"], "created_at": now, "updated_at": now, **people}
        self.ratings.append(
            {"url": f"https://acme.zendesk.example/api/v2/satisfaction_ratings/{rating['id']}.json", **rating}
        )

    def _keep(self, row: Row, audit: Audit, before: Row | None) -> None:
        """The update is done: the ticket goes to the end of the export."""
        number = row["id"]
        row["updated_at"] = max(row["updated_at"], stamp(audit.at))
        row["generated_timestamp"] = max(row["generated_timestamp"], epoch(audit.at))
        self.changed_at[number] = audit.at
        self._touched(number)
        audit.order = self.order_of[number]
        self.audits.append(audit)
        self.sla.after(row, before, audit, {n for n, user in self.users.items() if user["role"] != "end-user"})


def _rule(number: int, title: str, rel: str) -> Row:
    source = {"from": {"id": number, "title": title, "deleted": False}, "to": {}, "rel": rel}
    return {"channel": "rule", "source": source}


def _text(value: Any) -> Any:
    """A value as audits tell it: numbers as text, checkboxes as 1 and 0."""
    if isinstance(value, bool):
        return str(int(value))
    return str(value) if isinstance(value, (int, float)) else value
