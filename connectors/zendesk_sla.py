"""Zendesk's own SLA clocks as events: ``first_reply_time``, ``next_reply_time``, ``requester_wait_time`` and so on.

Two sources complement one another. A ticket's side-loaded ``slas`` says which clocks it has, how each stands and when it breaches,
with the account's own working hours and pauses already counted. The metric events say exactly when a clock was fulfilled or
breached. They come for every ticket, with or without a policy, hence only these two kinds of them are read, and a fulfilment only
where the ticket has the clock. Second resolution; ``deleted`` ones are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .ticket import Event
from .zendesk_words import instant, instant_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from .ticket import Value
    from .zendesk_words import Row

STATES: Mapping[str, str] = {"active": "running", "paused": "paused"}
"""A side-loaded stage and our word for it; ``completed`` is told by the metric events."""

_LAST = 2**62
"""After everything else of the same second."""


def standing(row: Row, before: Mapping[str, Value]) -> Iterator[Event]:
    """How the clocks of a ticket stand, as of its last update; ``before``: how each stood when it was last told of.

    A clock that was going and is not side-loaded any more applies no longer: the ticket has another policy now, or none. One that
    had ended stays as it ended.
    """
    at, ticket, clocks = instant(row.get("updated_at")), str(row["id"]), metrics_of(row)
    if at is None or "slas" not in row:
        return
    left = sorted(name for name, state in before.items() if state in STATES.values() and name not in clocks)
    for slot, name in enumerate([*clocks, *left]):
        each = clocks.get(name, {})
        state = STATES.get(str(each.get("stage")))
        if state is not None or name in left:
            number, due = f"{ticket}.sla.{name}@{row['updated_at']}", instant_text(each.get("breach_at"))
            yield Event(number, ticket, at, "sla", seq=_LAST + slot, field=name, old=due, new=state)


def metrics_of(row: Row) -> dict[str, Row]:
    """A ticket's clocks by name, as side-loaded."""
    said = (row.get("slas") or {}).get("policy_metrics") or ()
    return {str(each["metric"]): each for each in said if each.get("metric")}


def name_of(row: Row) -> str:
    """What side-loads and policies call the metric of a metric event: the first reply and later ones have two names."""
    metric = str(row.get("metric"))
    if metric == "reply_time":
        return "first_reply_time" if row.get("instance_id") in (1, "1") else "next_reply_time"
    return "total_resolution_time" if metric == "resolution_time" else metric


def breach_number(row: Row) -> str:
    """The id under which the breach of a metric event's clock is stored."""
    return f"{row['ticket_id']}.breach.{row.get('metric')}.{row.get('instance_id')}"


def number_of(row: Row) -> str:
    """The id under which what a metric event says is stored."""
    return breach_number(row) if row.get("type") == "breach" else f"metric{row['id']}"


def told(row: Row, breached: Collection[str], clocks: Mapping[str, Row]) -> Event | None:
    """What a metric event says, if it says that a clock ended.

    ``breached`` are the breaches known so far, ``clocks`` those of the ticket as side-loaded.
    """
    at, name, ticket = instant(row.get("time")), name_of(row), str(row["ticket_id"])
    if at is None or row.get("deleted"):
        return None
    if row.get("type") == "breach":
        return _ended(number_of(row), ticket, at, name, "missed", instant_text(row.get("time")), row)
    if row.get("type") != "fulfill" or name not in clocks:
        return None
    due = instant(clocks[name].get("breach_at"))
    late = breach_number(row) in breached or (clocks[name].get("stage") == "completed" and due is not None and due < at)
    return _ended(number_of(row), ticket, at, name, "missed" if late else "met", None, row)


def _ended(number: str, ticket: str, at: object, name: str, state: str, due: Value, row: Row) -> Event:
    return Event(number, ticket, at, "sla", seq=_LAST + int(row["id"]) % 2**40, field=name, old=due, new=state)  # type: ignore[arg-type]
