"""Signals: what tells that a customer was let down. Each happened at an instant and adds its weight to a case's severity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

LONG_WAIT = timedelta(days=3)
"""How long a customer must have waited for an answer, on the wall clock, before that is a signal."""
SOON_AGAIN = timedelta(days=7)
"""How soon after their last ticket a customer's next one is a signal."""
MANY_HANDS = 3
"""The handoff from one person to another that is a signal."""


@dataclass(frozen=True, slots=True)
class SignalKind:
    """A kind of signal: what it is, and its weight where a rule says no other."""

    doc: str
    weight: int


SIGNALS: dict[str, SignalKind] = {
    "bad_rating": SignalKind("The customer rated a ticket bad, or changed a good rating to a bad one.", 3),
    "broken_promise": SignalKind("A promise of an agent's was not kept; needs a rule with `promise`.", 3),
    "reopened": SignalKind("A solved ticket was reopened.", 2),
    "reopened_again": SignalKind("The same ticket was reopened once more.", 4),
    "missed_resolution": SignalKind("A deadline with `target: resolution` was missed.", 2),
    "missed_deadline": SignalKind("Another deadline of the rule file was missed.", 1),
    "repeat_contact": SignalKind("The customer opened another ticket within 7 days of the last one.", 2),
    "long_wait": SignalKind("The customer waited for an answer for more than 3 days.", 1),
    "handoffs": SignalKind("The ticket was handed from person to person for the third time.", 1),
    "angry_words": SignalKind("The customer used words of the list `angry`; such words never open a case.", 1),
    "matched": SignalKind(
        "The condition began to hold; none of the others happened then, nor thanks that woke the ticket.", 1
    ),
}
"""Every kind of signal, as `weights` of `recover` names it."""
