"""What the fake Zendesk does when somebody writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fake_zendesk_faults import SAFE_UPDATE
from fake_zendesk_people import instant
from fake_zendesk_reads import NOT_FOUND
from fake_zendesk_shapes import ticket_row
from fake_zendesk_updates import API
from fake_zendesk_writes import COLUMNS, PERMITTED, Invalid

if TYPE_CHECKING:
    from fake_zendesk import Asked, FakeZendesk
    from fake_zendesk_people import Row

Answer = tuple[int, Any, dict[str, str]]


def ticket(zd: FakeZendesk, asked: Asked, number: str) -> Answer:
    said = asked.body.get("ticket") if isinstance(asked.body, dict) else None
    if not isinstance(said, dict):
        return 400, {"error": {"title": "Invalid attribute", "message": "Parameter ticket is required"}}, {}
    if zd.deleted(int(number)):
        return NOT_FOUND
    row = zd.tickets[int(number)]
    if refused := _stale(row, said):
        return refused
    unknown = [key for key in said if key not in PERMITTED or key in asked.drops]
    try:
        audit = zd.update(row, zd.user_id(asked.user or ""), _fields(zd, said, unknown), via=API, comment=said.get("comment"),
                          metadata=said.get("metadata"))  # fmt: skip
    except Invalid as invalid:
        about = {"error": "RecordInvalid", "description": "Record validation errors", "details": invalid.details}
        return 422, about, {}
    return 200, {"ticket": ticket_row(zd, row), "audit": audit.row}, _warned(unknown)


def _stale(row: Row, said: Row) -> Answer | None:
    if not said.get("safe_update"):
        return None
    if not said.get("updated_stamp"):
        about = "updated_stamp is required when safe_update is true"
        return 400, {"error": "MissingParameter", "description": about}, {}
    return (409, SAFE_UPDATE, {}) if instant(said["updated_stamp"]) < instant(row["updated_at"]) else None


def _fields(zd: FakeZendesk, said: Row, unknown: list[str]) -> Row:
    """The columns of a body; field values by number."""
    fields = {key: value for key, value in said.items() if key in (*COLUMNS, "email_ccs") and key not in unknown}
    if "assignee_email" in said and "assignee_email" not in unknown:
        fields["assignee_id"] = next((n for n, user in zd.users.items() if user["email"] == said["assignee_email"]), 0)
    if "custom_fields" in fields:
        fields["custom_fields"] = {int(each["id"]): each["value"] for each in fields["custom_fields"]}
    return fields


def _warned(unknown: list[str]) -> dict[str, str]:
    """The header by which Zendesk tells of what it left out."""
    if not unknown:
        return {}
    return {
        "x-zendesk-api-warn": f"Removed restricted keys {json.dumps(unknown)} from parameters according to whitelist"
    }


def many(zd: FakeZendesk, asked: Asked) -> Answer:
    """A job that changes nothing and fails in every second row: no connector of ours may use it."""
    ids = [int(each) for each in asked.params.get("ids", "").split(",") if each] or [
        int(each["id"]) for each in (asked.body or {}).get("tickets", ())
    ]
    number = f"{len(zd.jobs) + 1:032x}"
    done = {"status": "completed", "progress": len(ids), "message": "Completed", "results": _results(zd, ids)}
    about = {
        "id": number,
        "job_type": "Bulk Update Ticket",
        "url": f"{zd.url}/api/v2/job_statuses/{number}.json",
        "total": len(ids),
    }
    zd.jobs[number] = {**about, **done}
    return 200, {"job_status": {**about, "status": "queued", "progress": None, "message": None, "results": None}}, {}


def _results(zd: FakeZendesk, ids: list[int]) -> Any:
    if zd.job_shape == "dict":
        return {"success": True}
    shapes = {
        "id_status": lambda _, each: {"id": each, "status": "Updated"},
        "index": lambda index, each: {"account_id": 9, "id": each, "index": index},
        "action": lambda _, each: {"action": "update", "id": each, "status": "Updated", "success": True},
    }
    failed = {"error": "TicketUpdateFailed", "details": "Assignee: is invalid"}
    return [
        {"index": index, "id": each, **failed} if index % 2 else shapes[zd.job_shape](index, each)
        for index, each in enumerate(ids)
    ]
