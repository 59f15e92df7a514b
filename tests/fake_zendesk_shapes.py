"""How Zendesk writes down tickets, audits and ticket events: one update in two shapes with the same numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fake_zendesk_desk import ZendeskDesk
    from fake_zendesk_people import Row
    from fake_zendesk_updates import Audit

WORDS = {
    "web": "Web form", "email": "Mail", "api": "Web service", "rule": "Rule", "system": "System", "chat": "Chat",
    "native_messaging": "Native messaging", "mobile": "Mobile",
}  # fmt: skip
NUMBERS = frozenset(
    {
        "assignee_id",
        "group_id",
        "requester_id",
        "organization_id",
        "custom_status_id",
        "brand_id",
        "ticket_form_id",
        "problem_id",
    }
)


def word(via: Row) -> str:
    """A ``via`` as ticket events tell it."""
    channel = str(via["channel"])
    return "Merge" if via["source"].get("rel") == "merge" else WORDS.get(channel, channel)


def ticket_row(desk: ZendeskDesk, row: Row, include: str = "") -> Row:
    values = [{"id": number, "value": value} for number, value in row["custom_fields"].items()]
    own = {"custom_fields": values, "fields": values, "raw_subject": row["subject"]}
    if not desk.custom_statuses:
        own["custom_status_id"] = None
    if "slas" in include and desk.sla.policies:
        own["slas"] = {"policy_metrics": desk.sla.metrics(row["id"], desk.now())}
    return {**row, **own}


def sideloads(desk: ZendeskDesk, rows: Iterable[Row], include: str) -> Row:
    """Users (requester, submitter, assignee; nobody in copy), groups and organizations of some tickets."""
    rows, wanted, found = list(rows), include.split(","), {}
    if "users" in wanted:
        found["users"] = _each(rows, ("requester_id", "submitter_id", "assignee_id"), desk.users)
    if "groups" in wanted:
        found["groups"] = _each(rows, ("group_id",), desk.groups)
    if "organizations" in wanted:
        found["organizations"] = _each(rows, ("organization_id",), desk.organizations)
    return found


def _each(rows: list[Row], columns: tuple[str, ...], known: dict[int, Row]) -> list[Row]:
    numbers = dict.fromkeys(row[column] for row in rows for column in columns)
    return [known[number] for number in numbers if number in known]


def event_row(audit: Audit, *, texts: bool) -> Row:
    """An update as the ticket event export tells it."""
    row = audit.row
    said = row["metadata"]
    return {
        "id": row["id"], "ticket_id": row["ticket_id"], "timestamp": int(audit.at.timestamp()), "created_at": row["created_at"],
        "updater_id": row["author_id"], "via": word(row["via"]), "system": said["system"], "metadata": said["custom"],
        "event_type": "Audit", "child_events": [_child(event, row, texts=texts) for event in row["events"]],
    }  # fmt: skip


def _child(event: Row, audit: Row, *, texts: bool) -> Row:
    """What one event became: keyed by the field's name; its ``via`` is a word, except on comments."""
    kind, via = event["type"], event.get("via") or audit["via"]
    reference = via["source"]["from"].get("id") if via["channel"] == "rule" else None
    own = {"id": event["id"], "via": word(via), "via_reference_id": reference, "event_type": kind}
    if kind == "Comment":
        if not texts:
            return own | {"comment_present": True, "comment_public": event["public"]}
        return {**event, "via": via, "via_reference_id": None, "event_type": kind, "created_at": audit["created_at"]}
    if kind not in ("Create", "Change"):
        return own | {name: value for name, value in event.items() if name not in ("id", "type", "via")}
    before = {"previous_value": event["previous_value"]} if kind == "Change" else {}
    return own | _keyed(event["field_name"], event, before)


def _keyed(name: str, event: Row, before: Row) -> Row:
    value = event["value"]
    if name.isdigit():
        return {"custom_ticket_fields": {name: value}, **before}
    if name == "tags":
        was = before.get("previous_value") or []
        changes = {"added_tags": [t for t in value if t not in was], "removed_tags": [t for t in was if t not in value]}
        return {"tags": value, **changes, **before}
    if name in NUMBERS:
        before = {key: _number(each) for key, each in before.items()}
        value = _number(value)
    return {name: value, **before}


def _number(value: Any) -> int | None:
    return None if value is None else int(value)
