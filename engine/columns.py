"""What every fact is made of: the fields, messages and ratings it needs, and its column over a ticket's events.

The columns here are expressions over the *steps* of :mod:`.history`: one row per event, the birth of the ticket first,
sorted by ticket ``t``, instant ``at`` and ``seq``, with the fields already filled in. They look backwards only, so a row
knows nothing of what came after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from ..connectors.ticket import FIELD

if TYPE_CHECKING:
    from collections.abc import Collection

SEPARATOR = "\x1f"
"""Lists, and custom fields, which may be lists, are one text in frames: every entry stands between two of these."""

LISTS = ("tags", "cc", "approvers", "requester.tags", "organization.tags")
EVERY_FIELD = "*"
"""Among ``Needs.fields``: the changes of every field, whatever its name."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a fact is made of; see :class:`.snapshot.Needs`."""

    fields: tuple[str, ...] = ()
    messages: bool = False
    texts: bool = False
    ratings: bool = False
    sla: bool = False
    closed: bool = False


PLAIN = (
    *("status", "status_name", "priority", "type", "channel", "form", "brand", "language", "group", "assignee"),
    *("requester", "organization", "sent_to", "due", "parent", "approval", "approvers", "tags", "cc"),
    *("subject", "description"),
)
"""Fields of a ticket whose changes are events and whose present value is a column of ``Snapshot.tickets``."""

STATUS = ("solved", "reopened", "reopens", "status_changed", "resolution_took")
OWNER = ("assigned", "previous_assignee", "handoffs")
RATINGS = ("csat", "csat_score", "csat_comment", "csat_given")
ACTIVITY = ("updated", "last_human_activity")
TEXTS = ("customer_messages", "last_customer_message", "last_agent_message")
MESSAGES = (
    *("first_reply", "last_agent_reply", "last_customer_reply", "unanswered_since", "last_message_by"),
    *("agent_replies", "first_reply_took", "longest_wait", *TEXTS),
)
REACHING_BACK = (
    *("first_reply", "first_reply_took", "agent_replies", "customer_messages", "longest_wait"),
    *("reopens", "resolution_took", "handoffs"),
)
"""Facts that need the whole history: missing where ``history_from`` says that its beginning is unknown."""

_WITH_STATUS = {
    "requester.open_tickets": "requester",
    "requester.tickets_7d": "requester",
    "requester.tickets_30d": "requester",
    "organization.open_tickets": "organization",
    "assignee.open_tickets": "assignee",
    "open_children": "parent",
    "parent.status": "parent",
}


def source_of(fact: str) -> Source:
    """What has to be known for a fact; one that needs nothing but the ticket's own row gives an empty source."""
    if fact in PLAIN or fact.startswith(FIELD):
        return Source((fact,))
    if fact in _WITH_STATUS:
        return Source(("status", _WITH_STATUS[fact]), closed=True)
    if fact.startswith("sla."):
        return Source(sla=True)
    if fact == "requester.bad_csat_90d":
        return Source(("requester",), ratings=True, closed=True)
    if fact.endswith(".last_assignee"):
        return Source(("status", fact.partition(".")[0], "assignee"), closed=True)
    if fact.startswith(("requester.", "organization.", "assignee.")):
        return Source((fact.partition(".")[0],))
    if fact in ACTIVITY:
        return Source((EVERY_FIELD,), messages=True, ratings=True)
    status, owner = fact in STATUS or fact == "longest_wait", fact in OWNER
    fields = ("status",) * status + ("assignee",) * owner
    return Source(fields, messages=fact in MESSAGES, texts=fact in TEXTS, ratings=fact in RATINGS)


# --- columns over the steps -------------------------------------------------------------------------------------------
#
# ``_row`` numbers the rows; a birth is always the first row of its ticket, so that nothing has to be grouped.

_BORN = pl.col("kind") == "born"
_DONE = pl.col("status").is_in(["solved", "closed"]).fill_null(value=False)


def _latest(flag: pl.Expr, value: str | pl.Expr) -> pl.Expr:
    """The value at the ticket's last row that has the flag, up to this one."""
    row = pl.when(flag).then(pl.col("_row")).when(_BORN).then(-1).forward_fill()
    column = pl.col(value) if isinstance(value, str) else value
    return column.gather(pl.when(row >= 0).then(row))


def _when(flag: pl.Expr) -> pl.Expr:
    """The instant of the last row that has the flag; none where that is a birth whose history is unknown."""
    return _latest(flag, pl.when(~_BORN | pl.col("_whole")).then(pl.col("at")))


def _before(column: str) -> pl.Expr:
    return pl.when(~_BORN).then(pl.col(column).shift(1))


def _count(flag: pl.Expr) -> pl.Expr:
    total = flag.cast(pl.Int64).cum_sum()
    return total - total.gather(pl.when(_BORN).then(pl.col("_row")).forward_fill())


_SPEAKS = (pl.col("kind") == "message") & pl.col("public")
_BY_MACHINE = pl.col("auto") | pl.col("actor_kind").is_in(["automation", "robot"])

_MARKS = {
    "_agent": (_SPEAKS & ~_BY_MACHINE & (pl.col("actor_kind") == "agent")).fill_null(value=False),
    "_customer": (_SPEAKS & ~_BY_MACHINE & (pl.col("actor_kind") == "customer")).fill_null(value=False),
    "_machine": (_SPEAKS & _BY_MACHINE).fill_null(value=False),
}
"""Who spoke in public: an agent reply, a customer message, or an auto-reply, an automation account, our own robot."""

_AGENT, _CUSTOMER = pl.col("_agent"), pl.col("_customer")
_WRITER = pl.when(_AGENT).then(pl.lit("agent")).when(_CUSTOMER).then(pl.lit("customer")).otherwise(pl.lit("auto_reply"))

_MESSAGE_STAGES: tuple[dict[str, pl.Expr], ...] = (
    {"_answered": _latest(_AGENT | _CUSTOMER, "_agent"), "agent_replies": _count(_AGENT)},
    {"_was_answered": _before("_answered").fill_null(value=True)},
    {
        "_asked": _when(_CUSTOMER & pl.col("_was_answered")),
        "first_reply": _when(_AGENT & (pl.col("agent_replies") == 1)),
        "last_agent_reply": _when(_AGENT),
        "last_customer_reply": _when(_CUSTOMER),
        "last_message_by": _latest(_AGENT | _CUSTOMER | pl.col("_machine"), _WRITER),
    },
    {
        "unanswered_since": pl.when(pl.col("_answered").not_()).then("_asked"),
        "_waited_from": pl.when(_AGENT & pl.col("_was_answered").not_()).then("_asked"),
    },
    {"_waited": (pl.col("at") - pl.col("_waited_from")).cum_max().forward_fill().over("t")},
)
_TEXT_STAGES: tuple[dict[str, pl.Expr], ...] = (
    {
        "customer_messages": _count(_CUSTOMER),
        "last_customer_message": _latest(_CUSTOMER, "text"),
        "last_agent_message": _latest(_AGENT, "text"),
    },
)
_STATUS_STAGES: tuple[dict[str, pl.Expr], ...] = (
    {"_done": _DONE, "_was_status": _before("status")},
    {"_was_done": _before("_done").fill_null(value=False)},
    {
        "_solved": _when(pl.col("_done") & ~pl.col("_was_done")),
        "_reopened": ~pl.col("_done") & pl.col("_was_done"),
        "status_changed": _when(pl.col("status").ne_missing(pl.col("_was_status")) | _BORN),
    },
    {
        "solved": pl.when("_done").then("_solved"),
        "reopened": _when(pl.col("_reopened")),
        "reopens": _count(pl.col("_reopened")),
        "_solved_from": pl.when("_reopened").then("_solved"),
    },
    {"_lost": (pl.col("at") - pl.col("_solved_from")).fill_null(timedelta(0)).cum_sum().over("t")},
)
_OWNED = pl.col("assignee").is_not_null()
_OWNER_STAGES: tuple[dict[str, pl.Expr], ...] = (
    {"_was_owner": _before("assignee")},
    {"_moved": pl.col("assignee").ne_missing(pl.col("_was_owner")) & ~_BORN},
    {
        "assigned": pl.when(_OWNED).then(_when(pl.col("_moved") | _BORN)),
        "previous_assignee": _latest(pl.col("_moved") & pl.col("_was_owner").is_not_null(), "_was_owner"),
        "handoffs": _count(pl.col("_moved") & pl.col("_was_owner").is_not_null() & _OWNED),
    },
)
_RATED = pl.col("kind") == "rating"
_RATING_STAGES: tuple[dict[str, pl.Expr], ...] = (
    {
        "csat": _latest(_RATED, "new"),
        "csat_score": _latest(_RATED, "old").cast(pl.Float64, strict=False),
        "csat_comment": _latest(_RATED, "text"),
        "csat_given": _when(_RATED),
    },
)
_HUMAN = (pl.col("actor_kind").is_in(["agent", "customer"]) & ~pl.col("auto")).fill_null(value=False)
_ACTIVITY_STAGES: tuple[dict[str, pl.Expr], ...] = (
    {"updated": pl.col("at"), "last_human_activity": _when(_HUMAN | _BORN)},
)

_FAMILIES = (
    (MESSAGES, _MESSAGE_STAGES),
    (TEXTS, _TEXT_STAGES),
    ((*STATUS, "longest_wait"), _STATUS_STAGES),
    (OWNER, _OWNER_STAGES),
    ((*RATINGS, "requester.bad_csat_90d"), _RATING_STAGES),
    (ACTIVITY, _ACTIVITY_STAGES),
)


def derive(steps: pl.LazyFrame, facts: Collection[str]) -> pl.LazyFrame:
    """The steps with a column for each of ``facts`` that follows from events, and for those of the same family."""
    steps = steps.with_row_index("_row").with_columns(pl.col("_row").cast(pl.Int64)).with_columns(**_MARKS)
    for family, stages in _FAMILIES:
        if any(fact in family for fact in facts):
            for stage in stages:
                steps = steps.with_columns(**stage)
    return steps
