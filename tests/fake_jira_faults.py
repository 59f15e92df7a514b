"""The ways in which the fake Jira fails when told to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fake_jira_asked import NO_ISSUE, desk_error, listed
from fake_jira_entry import ANONYMOUS, HTML, JSON, PAGE

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from fake_jira_asked import Asked

LOGIN = b"<!DOCTYPE html><html><head><title>Log in</title></head><body><h1>Log in to continue</h1></body></html>"
BUSY = b"<html><body><h1>503 Service Unavailable</h1></body></html>"
BODIES: dict[int, Any] = {
    400: listed("Something is not right with this request."),
    401: listed(ANONYMOUS),
    403: listed("You do not have permission to do this."),
    404: listed(NO_ISSUE),
    409: listed("The issue could not be updated due to a conflicting update."),
    410: listed("The requested API has been removed."),
    429: listed("Rate limit exceeded."),
    500: listed("Internal server error"),
}
WORDS: dict[str, tuple[int, bytes, str]] = {
    "html": (200, LOGIN, HTML),
    "html401": (401, PAGE, HTML),
    "not_json": (200, b"{oops", JSON),
    "empty_body": (200, b"", JSON),
}
AFTERWARDS: dict[str, tuple[int, bytes, str]] = {
    "done_html": (200, LOGIN, HTML),
    "done_empty": (200, b"", JSON),
    "done_503": (503, BUSY, HTML),
}
"""What was done, and is answered as if somebody else had answered."""
TWISTS = ("short_page", "empty_page", "duplicate_row", "repeat_token", "properties_500")


@dataclass
class Fault:
    """What the next matching requests get instead of a good answer; ``kind`` is a status or a word."""

    kind: (
        int | str
    )  # cut_before, cut_after, slow, late, html, html401, not_json, empty_body, drop_field, the TWISTS and AFTERWARDS
    path: str = ""
    method: str = ""
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)

    def meant_for(self, asked: Asked) -> bool:
        """Whether it hits a request; where only those with properties fail, others do not count."""
        if self.kind == "properties_500":
            said = asked.body if isinstance(asked.body, dict) else {}
            if not (asked.params.get("properties") or said.get("properties")):
                return False
        return self.times > 0 and self.path in asked.path and self.method in ("", asked.method)


def instead(fault: Fault, asked: Asked) -> tuple[int, Any, str] | None:
    """What is answered without doing anything: status, body, content type."""
    if isinstance(fault.kind, str):
        return WORDS.get(fault.kind)
    if fault.kind > 500:
        return fault.kind, BUSY, HTML
    body = BODIES.get(fault.kind, listed("so told"))
    desk = asked.path.startswith("servicedeskapi") and fault.kind != 429
    return fault.kind, desk_error(body["errorMessages"][0]) if desk else body, JSON


def afterwards(fault: Fault | None) -> tuple[int, bytes, dict[str, str], str] | None:
    """What is answered to a request that was done all the same: status, body, headers, content type."""
    found = AFTERWARDS.get(str(fault.kind)) if fault else None
    return (found[0], found[1], fault.headers, found[2]) if fault and found else None


def bend(fault: Fault, asked: Asked) -> None:
    """Marks a request that will be answered wrongly."""
    if fault.kind in TWISTS:
        asked.twist = str(fault.kind)
    if fault.kind == "drop_field":
        said = asked.body if isinstance(asked.body, dict) else {}
        named = [
            *(said.get("fields") or {}),
            *(said.get("update") or {}),
            "status" if "transition" in said else "assignee",
        ]
        asked.drops = frozenset({fault.headers.get("field") or named[0]})


def storm(dice: random.Random, p429: float, p5xx: float, pcut: float) -> Callable[[Asked], Fault | None]:
    """Throws dice for every request."""

    def thrown(asked: Asked) -> Fault | None:
        chance = dice.random()
        if chance < p429:
            reason = dice.choice(("jira-burst-based", "jira-per-issue-on-write"))
            return Fault(429, headers={"Retry-After": dice.choice("01"), "RateLimit-Reason": reason})
        if chance < p429 + p5xx:
            return Fault(dice.choice((500, 502, 503)))
        return Fault("cut_after") if asked.write and chance < p429 + p5xx + pcut else None

    return thrown
