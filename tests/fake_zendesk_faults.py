"""The ways in which the fake Zendesk fails when told to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fake_zendesk_entry import FORBIDDEN, INVALID_TOKEN

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from fake_zendesk import Asked

LOGIN = b"<!DOCTYPE html><html><head><title>Acme</title></head><body><h1>Sign in to Acme</h1></body></html>"
BUSY = b"<html><body><h1>503 Service Unavailable</h1></body></html>"
OUTDATED = (
    "Safe Update prevented the update due to outdated ticket data. Please fetch the latest ticket data and try again."
)
SAFE_UPDATE = {"error": "UpdateConflict", "description": OUTDATED}
DATABASE = {"error": "DatabaseConflict", "description": "Database collision"}
BLAMED = {"base": [{"description": "Something is not right with this ticket", "error": "InvalidValue"}]}
BODIES: dict[int, Any] = {
    401: INVALID_TOKEN,
    403: FORBIDDEN,
    404: {"error": "RecordNotFound", "description": "Not found"},
    409: SAFE_UPDATE,
    422: {"error": "RecordInvalid", "description": "Record validation errors", "details": BLAMED},
    429: {"error": "APIRateLimitExceeded", "description": "Number of allowed API requests per minute exceeded"},
    500: {"error": "InternalError", "description": "We're sorry, but something went wrong."},
}
PAGES = ("empty_page", "duplicate_page")
CONTROL = ("safe_update", "updated_stamp", "comment", "metadata")


@dataclass
class Fault:
    """What the next matching requests get instead of a good answer; ``kind`` is a status or a word."""

    kind: (
        int | str
    )  # cut_before, cut_after, slow, late, html, not_json, empty_page, duplicate_page, database_conflict, drop_key
    path: str = ""
    method: str = ""
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)


def instead(fault: Fault) -> tuple[int, Any, str] | None:
    """What is answered without doing anything: status, body, content type."""
    if fault.kind == "html":
        return 200, LOGIN, "text/html; charset=utf-8"
    if fault.kind == "not_json":
        return 200, b"{oops", "application/json"
    if fault.kind == "database_conflict":
        return 409, DATABASE, "application/json"
    if isinstance(fault.kind, int):
        busy = fault.kind > 500
        return (
            fault.kind,
            BUSY if busy else BODIES.get(fault.kind, {"error": "so told"}),
            "text/html" if busy else "application/json",
        )
    return None


def bend(fault: Fault, asked: Asked) -> None:
    """Marks a request that will be answered wrongly."""
    if fault.kind in PAGES:
        asked.twist = str(fault.kind)
    if fault.kind == "drop_key" and isinstance(asked.body, dict):
        fields = asked.body.get("ticket", {})
        asked.drops = frozenset({fault.headers.get("key") or next((n for n in fields if n not in CONTROL), "")})


def storm(dice: random.Random, p429: float, p5xx: float, pcut: float) -> Callable[[Asked], Fault | None]:
    """Throws dice for every request."""

    def thrown(asked: Asked) -> Fault | None:
        chance = dice.random()
        if chance < p429:
            return Fault(429, headers={"Retry-After": dice.choice("01")})
        if chance < p429 + p5xx:
            return Fault(dice.choice((500, 502, 503)))
        return Fault("cut_after") if asked.write and chance < p429 + p5xx + pcut else None

    return thrown
