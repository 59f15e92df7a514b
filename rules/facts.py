"""The catalogue of facts: everything a rule can ask about a ticket, one entry each.

An entry is the only place where a fact is described: the parser, hints, documentation, JSON Schema and the columns of
the evaluator all follow from it. Facts whose name holds a name of the desk or of a rule (``field.<name>``,
``deadline.<name>``) stand here as a pattern; :func:`fact_named` resolves them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from ..connectors.ticket import CLOCK_STATES, PRIORITIES, STATUSES
from .fact_type import Fact, FactType, desks, everywhere

__all__ = ["FACTS", "PATTERNS", "SECTIONS", "Fact", "FactType", "derived", "fact_named"]

PROMISE_STATES = ("open", "due_soon", "broken", "kept", "moved", "cancelled")
RECOVERY_STATES = ("open", "contacted", "resolved", "verified", "failed")

_EVENTS = everywhere("counted from the ticket's events")
_MESSAGES = everywhere("from the ticket's messages and who wrote them")
_RATED = desks("the satisfaction rating", "the satisfaction field", "the custom field mapped to csat", "ratings")
_SCORED = desks("", "the satisfaction field", "the custom field mapped to csat", "ratings")
_COMPUTED = everywhere("computed by makegood")
_SLA = desks(
    "SLA metrics, by Zendesk's names: `first_reply_time`, `next_reply_time`, `periodic_update_time`, "
    "`pausable_update_time`, `requester_wait_time`, `agent_work_time`, `total_resolution_time`, `group_ownership_time`",
    "SLA field",
    "Due of a ticket with a service level, as `rt`",
    "sla events",
)

_TICKET = (
    Fact("id", "text", "The ticket's number or key as the desk shows it.", desks("id", "issue key", "id")),
    Fact("url", "text", "Where the ticket is read in a browser.", desks("its address", "its address", "its address")),
    Fact("subject", "text", "The subject line.", desks("subject", "summary", "Subject")),
    Fact("description", "text", "The first message.", desks("first comment", "description", "first message")),
    Fact(
        "customer_messages", "text", "Everything customers wrote in public, without quotes and signatures.", _MESSAGES
    ),
    Fact("last_customer_message", "text", "The newest public message of a customer.", _MESSAGES),
    Fact("last_agent_message", "text", "The newest public message of an agent.", _MESSAGES, often_missing=True),
    Fact(
        "status",
        "choice",
        "The status category. Rules act on closed tickets only where `when` names `status: closed`.",
        desks("the category", "mapped in makegood.toml", "mapped in makegood.toml"),
        settable=True,
        values=STATUSES,
    ),
    Fact(
        "status_name",
        "choice",
        "The status in the desk's own words.",
        desks("custom status", "status name", "Status"),
        settable=True,
    ),
    Fact(
        "priority",
        "choice",
        "How urgent the ticket is.",
        desks("priority", "priority, by the words in makegood.toml", "ranges of the priority number"),
        settable=True,
        often_missing=True,
        values=PRIORITIES,
    ),
    Fact(
        "type",
        "choice",
        "The type of ticket, in the desk's own words.",
        desks("type", "issue type"),
        settable=True,
        often_missing=True,
    ),
    Fact(
        "channel",
        "choice",
        "How the ticket came in, for example `email`, `web`, `chat`, `phone`.",
        desks("via.channel", "channel of the request (Cloud)", "mail or web, from the first message"),
    ),
    Fact(
        "form",
        "choice",
        "The form it was filed with (Jira: the request type).",
        desks("ticket form", "request type"),
        settable=True,
        often_missing=True,
    ),
    Fact("brand", "choice", "The brand it was sent to.", desks("brand", "the project's name"), often_missing=True),
    Fact(
        "language",
        "choice",
        "The requester's language; `de` includes `de-AT`.",
        desks("the requester's locale", "request language", "the requester's language"),
        often_missing=True,
    ),
    Fact("tags", "list", "The tags.", desks("tags", "labels", "the custom field mapped to tags")),
    Fact(
        "group",
        "choice",
        "The group (RT: the queue).",
        desks("group", "the field mapped to group, else the project", "queue"),
        often_missing=True,
    ),
    Fact(
        "sent_to",
        "text",
        "The address the customer wrote to.",
        desks("recipient", rt="the queue's address"),
        often_missing=True,
    ),
    Fact(
        "cc",
        "list",
        "The people in copy.",
        desks("CCs and followers", "participants", "Cc"),
        often_missing=True,
    ),
    Fact(
        "field.<name>",
        "any",
        "A custom field of the ticket, by its name on the desk.",
        desks("ticket field", "custom field", "custom field", "custom"),
        settable=True,
        often_missing=True,
    ),
    Fact(
        "parent",
        "text",
        "The id of the ticket this one belongs to.",
        desks("the problem of an incident", "parent issue", "MemberOf link"),
        often_missing=True,
    ),
    Fact(
        "parent.status",
        "choice",
        "The status category of the parent.",
        desks("the problem's status", "the parent's status", "the parent's status", "the parent's status"),
        often_missing=True,
        across=True,
        values=STATUSES,
    ),
    Fact(
        "open_children",
        "number",
        "How many tickets that belong to this one are neither solved nor closed.",
        _COMPUTED,
        across=True,
    ),
    Fact(
        "approval",
        "choice",
        "Where an approval stands.",
        desks(jira="approvals"),
        often_missing=True,
        values=("pending", "approved", "declined"),
    ),
    Fact("approvers", "list", "Who was asked to approve.", desks(jira="approvals"), history=False, often_missing=True),
    Fact(
        "sample",
        "share",
        "A share of all tickets, drawn by ticket id: `sample: 5%` picks the same ones every time.",
        _COMPUTED,
    ),
)

_PEOPLE = (
    Fact(
        "assignee",
        "person",
        "Who owns the ticket.",
        desks("assignee", "assignee", "owner (Nobody is missing)"),
        often_missing=True,
    ),
    Fact(
        "assignee.active",
        "yes/no",
        "Whether the owner's account is still in use.",
        desks("not suspended", "active", "enabled"),
        history=False,
        often_missing=True,
    ),
    Fact(
        "assignee.at_work",
        "yes/no",
        "Whether it is the owner's working time and the owner is not away.",
        everywhere("the teams of the rule file"),
        history=False,
        often_missing=True,
    ),
    Fact(
        "assignee.away",
        "yes/no",
        "Whether the owner is away, by the rule file or the desk.",
        desks(
            "the teams of the rule file, and agent availability where the plan has it",
            *("the teams of the rule file",) * 3,
        ),
        history=False,
        often_missing=True,
    ),
    Fact(
        "assignee.open_tickets",
        "number",
        "How many tickets of the owner wait for us (new, open).",
        _COMPUTED,
        history=False,
        often_missing=True,
        across=True,
    ),
    Fact("previous_assignee", "person", "Who owned the ticket before the present owner.", _EVENTS, often_missing=True),
    Fact("requester", "person", "The customer who asked.", desks("requester", "reporter", "first requestor")),
    Fact("requester.name", "text", "The requester's name.", desks("name", "display name", "real name"), history=False),
    Fact(
        "requester.email",
        "text",
        "The requester's e-mail address.",
        desks("email", "email where the site shows it", "email address"),
        history=False,
        often_missing=True,
    ),
    Fact("requester.tags", "list", "The requester's tags.", desks("user tags"), history=False),
    Fact(
        "requester.field.<name>",
        "any",
        "A custom field of the requester.",
        desks("user field, by its key", rt="user custom field", local="fields"),
        history=False,
        often_missing=True,
    ),
    Fact(
        "organization",
        "choice",
        "The organization the ticket belongs to.",
        desks("organization", "organizations", "the requester's organization"),
        settable=True,
        often_missing=True,
    ),
    Fact("organization.tags", "list", "The organization's tags.", desks("organization tags"), history=False),
    Fact(
        "organization.field.<name>",
        "any",
        "A custom field of the organization.",
        desks("organization field, by its key", "organization detail", local="fields"),
        history=False,
        often_missing=True,
    ),
)

_TIMES = (
    Fact("now", "time", "The instant the rules are looked at.", _COMPUTED),
    Fact("created", "time", "When the ticket was created.", desks("created_at", "created", "Created")),
    Fact("updated", "time", "When anything last changed.", desks("updated_at", "updated", "LastUpdated")),
    Fact("solved", "time", "When it was last solved; missing while it is open.", _EVENTS, often_missing=True),
    Fact(
        "due",
        "time",
        "The desk's own due time.",
        desks("due date of a task", "due date", "Due"),
        settable=True,
        often_missing=True,
    ),
    Fact("assigned", "time", "When the present owner got it.", _EVENTS, often_missing=True),
    Fact("status_changed", "time", "When the status last changed, else when it was created.", _EVENTS),
    Fact("reopened", "time", "When it was last reopened.", _EVENTS, often_missing=True),
    Fact("first_reply", "time", "When an agent first replied.", _MESSAGES, often_missing=True),
    Fact("last_agent_reply", "time", "When an agent last replied.", _MESSAGES, often_missing=True),
    Fact("last_customer_reply", "time", "When a customer last wrote.", _MESSAGES, often_missing=True),
    Fact(
        "unanswered_since",
        "time",
        "When the oldest customer message that no agent has answered yet came in.",
        _MESSAGES,
        often_missing=True,
    ),
    Fact(
        "last_human_activity",
        "time",
        "When a person, customer or agent, last did anything; automation never counts.",
        _EVENTS,
    ),
    Fact(
        "last_message_by",
        "choice",
        "Who wrote the newest public message.",
        _MESSAGES,
        values=("customer", "agent", "auto_reply"),
        often_missing=True,
    ),
    Fact("first_reply_took", "duration", "From creation to the first agent reply.", _MESSAGES, often_missing=True),
    Fact(
        "resolution_took",
        "duration",
        "From creation to solved; time while it was solved before a reopening left out.",
        _EVENTS,
        often_missing=True,
    ),
    Fact("longest_wait", "duration", "The longest stretch a customer waited for an agent's answer.", _MESSAGES),
)

_COUNTS = (
    Fact("reopens", "number", "How often it was reopened.", _EVENTS),
    Fact("agent_replies", "number", "How many public replies agents wrote.", _MESSAGES),
    Fact("handoffs", "number", "How often the owner changed from one person to another.", _EVENTS),
    Fact("csat", "choice", "The customer's rating.", _RATED, often_missing=True, values=("good", "bad")),
    Fact("csat_score", "number", "The rating as the desk counts it.", _SCORED, often_missing=True),
    Fact("csat_comment", "text", "What the customer wrote with the rating.", _RATED, often_missing=True),
    Fact("csat_given", "time", "When the customer rated.", _RATED, often_missing=True),
)

_ACROSS = (
    Fact(
        "requester.open_tickets",
        "number",
        "How many tickets of this requester are neither solved nor closed, this one included.",
        _COMPUTED,
        across=True,
    ),
    Fact(
        "requester.tickets_7d",
        "number",
        "How many tickets this requester opened in the last 7 days, this one included.",
        _COMPUTED,
        across=True,
    ),
    Fact(
        "requester.tickets_30d",
        "number",
        "How many tickets this requester opened in the last 30 days, this one included.",
        _COMPUTED,
        across=True,
    ),
    Fact(
        "requester.bad_csat_90d",
        "number",
        "How many bad ratings this requester gave in the last 90 days.",
        _COMPUTED,
        across=True,
    ),
    Fact(
        "requester.last_assignee",
        "person",
        "Who owned the requester's other ticket that was solved last.",
        _COMPUTED,
        often_missing=True,
        across=True,
    ),
    Fact(
        "organization.open_tickets",
        "number",
        "How many tickets of this organization are neither solved nor closed, this one included.",
        _COMPUTED,
        often_missing=True,
        across=True,
    ),
    Fact(
        "organization.last_assignee",
        "person",
        "Who owned the organization's other ticket that was solved last.",
        _COMPUTED,
        often_missing=True,
        across=True,
    ),
)

_RULES = (
    Fact(
        "deadline.<name>",
        "choice",
        "How the clock of a `deadline` stands.",
        _COMPUTED,
        often_missing=True,
        values=CLOCK_STATES,
    ),
    Fact(
        "deadline.<name>.due",
        "time",
        "When the clock of a `deadline` runs out.",
        _COMPUTED,
        often_missing=True,
    ),
    Fact(
        "sla.<name>",
        "choice",
        "How the desk's own clock stands.",
        _SLA,
        often_missing=True,
        values=CLOCK_STATES,
    ),
    Fact(
        "sla.<name>.due",
        "time",
        "When the desk's own clock runs out.",
        _SLA,
        often_missing=True,
    ),
    Fact(
        "promise",
        "choice",
        "How our word to the customer stands: the worst unsettled promise, else the last settled one.",
        _COMPUTED,
        often_missing=True,
        values=PROMISE_STATES,
    ),
    Fact("promise.due", "time", "When that promise is due.", _COMPUTED, often_missing=True),
    Fact(
        "recovery",
        "choice",
        "How far the recovery case is to which the ticket belongs: of several the one with most left to do.",
        _COMPUTED,
        often_missing=True,
        values=RECOVERY_STATES,
    ),
)

SECTIONS: dict[str, tuple[Fact, ...]] = {
    "Ticket": _TICKET,
    "People": _PEOPLE,
    "Times and durations": _TIMES,
    "Counts and satisfaction": _COUNTS,
    "Across tickets": _ACROSS,
    "From other rules": _RULES,
}
"""The catalogue in the order and under the headings people read it."""

FACTS: dict[str, Fact] = {fact.name: fact for section in SECTIONS.values() for fact in section}
"""Every fact by name; names with ``<name>`` in them are patterns."""

PATTERNS: tuple[str, ...] = tuple(name for name in FACTS if "<name>" in name)
_LONGEST_SUFFIX_FIRST = tuple(sorted(PATTERNS, key=lambda name: len(name.partition("<name>")[2]), reverse=True))


@lru_cache(maxsize=4096)
def fact_named(name: str) -> Fact | None:
    """The fact called ``name``, its pattern filled in: ``field.City`` gives a fact called ``field.City``."""
    if "<" not in name and name in FACTS:
        return FACTS[name]
    for pattern in _LONGEST_SUFFIX_FIRST:
        before, _, after = pattern.partition("<name>")
        inner = name[len(before) : len(name) - len(after)]
        if name.startswith(before) and name.endswith(after) and inner.strip():
            return replace(FACTS[pattern], name=name)
    return None


def derived(name: str) -> bool:
    """Whether the fact called ``name`` follows from the ticket's own events."""
    fact = FACTS.get(name)
    return fact is not None and fact.supplied in (_EVENTS, _MESSAGES)
