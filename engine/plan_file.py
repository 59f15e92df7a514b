"""The plan as a file: what would change and why, in a form a person can review and ``apply`` can check.

The format is ``makegood-plan/1`` of docs/cli.md. Plans are read back from disk, so they are validated. Reasons come from
closed lists; text for people is made from them at the edge.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

FORMAT: Literal["makegood-plan/1"] = "makegood-plan/1"

ChangeReason = Literal["matched", "repeat", "remind", "escalate", "recover"]
HeldReason = Literal[
    "person_decided",
    "tug_of_war",
    "refused",
    "unsure",
    "replies_off",
    "quiet_hours",
    "budget",
    "nobody_available",
    "max_open",
]
LimitReason = Literal["per_run", "share_of_open", "unusual", "backlog"]
SkipReason = Literal[
    "spent",
    "shadow",
    "assigned",
    "grace",
    "not_new",
    "once_per",
    "passed_over",
    "closed",
    "stopped",
    "nobody",
    "before_in_force",
]


def instant_text(moment: datetime) -> str:
    """An instant as plans write it: UTC, whole seconds unless there is a fraction, ``Z`` at the end."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


Instant = Annotated[datetime, PlainSerializer(instant_text, return_type=str)]
PlanValue = str | tuple[str, ...] | None


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class _Wish(_Part):
    """What a rule wants for one ticket; the base of every line of a plan.

    ``field`` is None for notes, replies and notices; ``to`` holds handles for people, only the tags to add or remove for
    tags, and the receiver of a notice that is not a change. ``step`` names a clock's step or ``repeat 2``. ``episode`` is
    when the rule's condition began to hold.
    """

    ticket: str
    url: str
    rule: str
    rule_id: str
    line: int
    action: str
    step: str | None = None
    field: str | None = None
    to: PlanValue = None


class PlannedChange(_Wish):
    """One change. ``effect`` is the key of a once-only effect (the journal finds it by that).

    ``id`` stands for ticket, rule, action, step, field and value: unique in the plan, and the same in every plan that wants
    the same, so the journal keeps it as ``change``. ``who`` is the one receiver of a notice as ``channel:NAME`` or
    ``person:HANDLE``; ``text`` is the finished text of a note (with its marker line), reply or notice. ``why.saw`` maps the
    facts the rule reads to what they were.
    """

    id: str
    version: str
    from_: PlanValue = Field(default=None, alias="from")
    reason: ChangeReason = "matched"
    episode: Instant | None = None
    why: dict[str, Any] = Field(default_factory=dict)
    customer_sees: bool = False
    text: str | None = None
    who: tuple[str, ...] = ()
    marker: str | None = None
    effect: str


class Overruled(_Wish):
    """A wish that lost to an earlier rule of the file (``by``)."""

    by: str


class Held(_Wish):
    """A wish that waits: ``who`` and ``since`` say whose decision stands, or who is left in peace; ``detail`` says more."""

    reason: HeldReason
    who: str | None = None
    since: Instant | None = None
    detail: str = ""


class Limited(_Part):
    """A rule that wanted more than a limit allows. ``tickets`` are those left out."""

    rule: str
    rule_id: str
    line: int
    reason: LimitReason
    wanted: int
    limit: int
    tickets: tuple[str, ...] = ()
    at_limit: Literal["stop", "next_run"] = "stop"


class Skipped(_Wish):
    """A wish without effect now, and why."""

    reason: SkipReason
    since: Instant | None = None
    detail: str = ""


class Follows(_Part):
    """A rule that will hold once the plan is applied: planned by the next run."""

    ticket: str
    url: str = ""
    rule: str
    line: int
    because: str


class Summary(_Part):
    """The plan in figures. ``steps_before``: steps of clocks that were due before their rule's first run, and stay undone."""

    tickets_seen: int
    tickets_changed: int
    changes: int
    customer_visible: int
    steps_before: int = 0


class Plan(_Part):
    """A whole plan. ``id`` is a hash of everything else in it: the same store, rules and instant give the same bytes.

    ``covers``: the ids of the live rules that were asked about every ticket; applying the plan puts them in force.
    """

    format: Literal["makegood-plan/1"] = FORMAT
    id: str = ""
    made_at: Instant
    at: Instant
    known_to: Instant
    valid_until: Instant
    helpdesk: str
    store_id: str
    rules_fingerprint: str
    covers: tuple[str, ...] = ()
    calendars: dict[str, dict[str, Any]] = Field(default_factory=dict)
    complete: bool = True
    summary: Summary
    changes: tuple[PlannedChange, ...] = ()
    overruled: tuple[Overruled, ...] = ()
    held: tuple[Held, ...] = ()
    limited: tuple[Limited, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    follows: tuple[Follows, ...] = ()
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    def sealed(self) -> Plan:
        """The same plan with its ``id`` set."""
        body = self.model_copy(update={"id": ""}).model_dump_json(by_alias=True)
        return self.model_copy(update={"id": hashlib.sha256(body.encode()).hexdigest()[:16]})

    def to_text(self) -> str:
        """The plan file's content, byte for byte the same for the same plan."""
        return self.model_dump_json(by_alias=True, indent=1) + "\n"
