"""What a Zendesk holds, and the hands that work on it: customers, agents, rules and the system; no HTTP here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_zendesk_people import epoch, stamp
from fake_zendesk_updates import BLANK, MERGE, SYSTEM, WEB, Trigger, ZendeskUpdates, rule
from fake_zendesk_writes import COLUMNS, Intent

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from fake_zendesk_people import Row
    from fake_zendesk_updates import Audit


class ZendeskDesk(ZendeskUpdates):
    """The account with its tickets. People are named by e-mail, fields by number or title, the rest as in the API."""

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
        if self.csat_model == "survey":
            people = {
                "assigned_user_id": row["assignee_id"],
                "assigned_group_id": row["group_id"],
                "survey_type": "CSAT",
            }
            kind = "SurveyOffered" if score == "offered" else "SurveyResponseSubmitted"
            name = "survey_id" if score == "offered" else "survey_response_id"
            self._event(audit, kind, **people, **{name: f"01JSURVEY{number}"})
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
        via, done = rule(next(self._numbers), title, "automation"), []
        for number, row in self.tickets.items():
            if row["status"] not in ("closed", "deleted") and when(row):
                audit = self.update(row, SYSTEM, self._named(then), at=at, via=via)
                done += [str(number)] if audit.events else []
        return done

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
