"""The catalogue of actions: what a rule can do, each with its keys, in the order people read it.

Reminders and escalation steps are made of the same actions, so their tables stand here too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .conditions import When
from .model import GRACE, Assign, Deadline, IfNobody, Notify, PromiseRule, Recover, Remind
from .moments import Length
from .nodes import Mapping, Scalar
from .shapes import Key, Line, Many, Number, Table, Words, YesNo
from .signals import SIGNALS
from .texts import Template
from .values import Depends, FactName, Handle, Owner, ReceiverName, SetFields, TeamName

if TYPE_CHECKING:
    from typing import Any

    from .durations import Duration
    from .nodes import Node
    from .shapes import Fields, Reader, Schema

TAGS = Many(Line("a tag"))
RECEIVERS = Many(ReceiverName())
TEXT = Depends(Template())


# --- assign -----------------------------------------------------------------------------------------------------------

_WITHIN_TEAM = ("team", "choose", "prefer", "skills", "only", "if_nobody")


def _if_nobody(fields: Fields, reader: Reader) -> IfNobody:
    if len(fields.written("team", "notify")) == 2:
        reader.error("contradiction", fields.at("notify"), "`if_nobody` takes `team` or `notify`, not both", "keep one")
    return IfNobody(fields.get("team"), fields.get("notify", ()))


@dataclass(frozen=True, slots=True)
class _IfNobodyShape:
    """``leave``, or a mapping that names another team or whom to tell."""

    table: Table
    says: str = "`leave`, `{team: ...}` or `{notify: ...}`"

    def read(self, node: Node, reader: Reader) -> Any:
        if isinstance(node, Scalar):
            return IfNobody() if Words(("leave",)).read(node, reader) else None
        return self.table.read(node, reader)

    def schema(self) -> Schema:
        return {"anyOf": [{"const": "leave"}, self.table.schema()]}


TAKING = Table(
    "`even_if_assigned`",
    (
        Key(
            "after",
            Length(),
            "How long an owner who is away must have left the ticket alone.",
            required=True,
        ),
    ),
    lambda fields, _reader: fields.get("after"),
)


@dataclass(frozen=True, slots=True)
class _Taking:
    """``yes``, ``no``, or a mapping with a time of grace: read as that time, False for ``no``."""

    says: str = "`yes`, `no`, or `{after: 4 business hours}`"

    def read(self, node: Node, reader: Reader) -> Duration | bool | None:
        if not isinstance(node, Scalar):
            grace: Duration | None = TAKING.read(node, reader)
            return grace
        said = YesNo(self.says).read(node, reader)
        return GRACE if said else said

    def schema(self) -> Schema:
        return {"anyOf": [YesNo().schema(), TAKING.schema()]}


def _assign(fields: Fields, reader: Reader) -> Assign:
    within = fields.written(*_WITHIN_TEAM)
    if "to" in fields.nodes and within:
        message = f"`to` names the owner, so `{within[0]}` has no meaning beside it"
        reader.error("contradiction", fields.at(within[0]), message, "keep one of them")
    elif not fields.written("to", "team", "choose") and fields.understood:
        hint = "write `to: ana@example.com`, `to: missing`, or `team: ...` with or without `choose: least_busy`"
        reader.error("missing-key", fields.node, "`assign` does not say to whom", hint)
    _needs_choice(fields, reader)
    grace = fields.get("even_if_assigned")
    return Assign(
        fields.span,
        to=fields.get("to"),
        team=fields.get("team"),
        choose=fields.get("choose"),
        prefer=tuple(fact.name for fact in fields.get("prefer", ())),
        skills=fields.get("skills", ()),
        only=fields.get("only", "at_work"),
        even_if_assigned=bool(grace),
        grace=grace or GRACE,
        if_nobody=fields.get("if_nobody", IfNobody()),
    )


def _needs_choice(fields: Fields, reader: Reader) -> None:
    """``prefer``, ``skills``, ``only``, ``if_nobody`` and a time of grace are about choosing a person."""
    grace = fields.written("even_if_assigned") * isinstance(fields.nodes.get("even_if_assigned"), Mapping)
    picky = fields.written("prefer", "skills", "only", "if_nobody") or grace
    if picky and not fields.written("choose", "to"):
        hint = "add `choose: least_busy`, or another way to choose"
        reader.error(
            "contradiction", fields.at(picky[0]), f"`{picky[0]}` needs `choose`: without it nobody is chosen", hint
        )
    team = reader.teams.get(fields.get("team", ""))
    if fields.get("choose") == "on_call" and isinstance(team, Mapping) and team.whole and not team.get("on_call"):
        name = fields.get("team")
        reader.error("contradiction", fields.at("choose"), f"team `{name}` has no `on_call`", "add it to the team")


ASSIGN = Table(
    "`assign`",
    (
        Key("to", Owner(), "A person, a fact that is a person, or `missing` (back to the queue)."),
        Key("team", TeamName(), "The team it goes to; left out: the ticket's own."),
        Key(
            "choose",
            Words(("least_busy", "round_robin", "weighted", "most_capacity", "on_call")),
            "How a person of the team is chosen; left out: only the group is set.",
        ),
        Key("prefer", Many(FactName(("person",), "a fact that is a person")), "People who get it first if they can."),
        Key("skills", Depends(Many(Line("a skill"))), "Skills the person must have."),
        Key("only", Words(("at_work", "anyone")), "Who can get it: people at work now (default), or anyone."),
        Key(
            "even_if_assigned",
            _Taking(),
            "Whether to take it from an owner: with `choose`, one who is away, suspended or not in the team; `{after: ...}` "
            "leaves an owner who is away so much time since they last touched it (default 1 hour).",
        ),
        Key(
            "if_nobody",
            _IfNobodyShape(
                Table(
                    "`if_nobody`",
                    (
                        Key("team", TeamName(), "Try this team."),
                        Key("notify", RECEIVERS, "Tell them."),
                    ),
                    _if_nobody,
                )
            ),
            "What to do when nobody is available: `leave` (default), `{team: ...}` or `{notify: ...}`.",
        ),
    ),
    _assign,
    {"group": "did you mean `team`? A team names its group", "assignee": "did you mean `to`?", "person": "write `to`"},
    "assign: {team: billing, choose: least_busy}",
)


# --- notices and steps ------------------------------------------------------------------------------------------------


def _notify(fields: Fields, _reader: Reader) -> Notify:
    return Notify(fields.get("who", ()), fields.get("text"), fields.span)


@dataclass(frozen=True, slots=True)
class _NotifyShape:
    """Receivers alone, or a mapping with receivers and a text."""

    table: Table
    says: str = "who is told, or `{who: ..., text: ...}`"

    def read(self, node: Node, reader: Reader) -> Any:
        if isinstance(node, Mapping):
            return self.table.read(node, reader)
        return Notify(RECEIVERS.read(node, reader), None, node.span)

    def schema(self) -> Schema:
        return {"anyOf": [RECEIVERS.schema(), self.table.schema()]}


NOTIFY = _NotifyShape(
    Table(
        "`notify`",
        (
            Key("who", RECEIVERS, "One receiver or a list.", required=True),
            Key("text", TEXT, "What they are told; left out: the rule's name, its `why` and a link."),
        ),
        _notify,
    )
)

_DOES = ("who", "add_tags", "remove_tags", "set", "assign", "note", "reply")


def _step(offset: str, doc: str) -> Table:
    def build(fields: Fields, reader: Reader) -> Remind:
        if "text" in fields.nodes and "who" not in fields.nodes:
            reader.error("missing-key", fields.at("text"), "`text` is for whom?", "add `who: assignee`")
        elif not fields.written(*_DOES) and fields.understood:
            hint = "add `who: assignee`, or something to do"
            reader.error("no-action", fields.node, "this step does nothing", hint)
        return _remind(offset, fields)

    keys = (
        Key(offset, Length(), doc, required=True),
        Key("who", RECEIVERS, "Who is told."),
        Key("text", Template(), "What they are told; left out: the rule's name, its `why` and a link."),
        Key("add_tags", TAGS, "Tags to add then."),
        Key("remove_tags", TAGS, "Tags to remove then."),
        Key("set", SetFields(), "Facts to set then."),
        Key("assign", ASSIGN, "Whom to give it to then."),
        Key("note", Template(), "An internal note to write then."),
        Key("reply", Template(), "A public message to write then (the customer sees it)."),
    )
    other = "after" if offset == "before" else "before"
    hint = f"write `{offset}: ...` here; `{other}` belongs to `{'escalate' if other == 'after' else 'remind'}`"
    return Table("a step", keys, build, {other: hint, "notify": "write `who: ...`", "tags": "write `add_tags: [...]`"})


def _remind(offset: str, fields: Fields) -> Remind:
    return Remind(
        offset=fields.get(offset),
        who=fields.get("who", ()),
        text=fields.get("text"),
        add_tags=fields.get("add_tags", ()),
        remove_tags=fields.get("remove_tags", ()),
        set=fields.get("set", ()),
        assign=fields.get("assign"),
        note=fields.get("note"),
        reply=fields.get("reply"),
        span=fields.span,
    )


REMIND = Key("remind", Many(_step("before", "How long before the due time.")), "Steps before the due time.")
ESCALATE = Key("escalate", Many(_step("after", "How long after the due time.")), "Steps after the due time.")


# --- clocks, promises, recovery ---------------------------------------------------------------------------------------


def _one_of(fields: Fields, reader: Reader, first: str, second: str) -> None:
    written = fields.written(first, second)
    if len(written) == 2:
        message = f"a deadline has `{first}` or `{second}`, not both"
        reader.error("contradiction", fields.at(second), message, "keep one of them")
    elif not written and fields.understood:
        reader.error("missing-key", fields.node, f"a deadline needs `{first}` or `{second}`", f"add `{first}: ...`")


def _deadline(fields: Fields, reader: Reader) -> Deadline:
    _one_of(fields, reader, "target", "until")
    _one_of(fields, reader, "within", "at")
    if "starts" in fields.nodes and "target" in fields.nodes:
        hint = "a target starts by itself; `starts` goes with `until`"
        reader.error("contradiction", fields.at("starts"), "`starts` has no meaning beside `target`", hint)
    if "restart_on_reopen" in fields.nodes and fields.get("target", "resolution") != "resolution":
        where = fields.at("restart_on_reopen")
        reader.error("contradiction", where, "`restart_on_reopen` goes with `target: resolution` only", "leave it out")
    if "pause_while" in fields.nodes and "at" in fields.nodes:
        where, hint = fields.at("pause_while"), "leave it out, or give a length of time with `within`"
        reader.error("contradiction", where, "an agreed date (`at`) does not move with pauses", hint)
    name = fields.get("name", "")
    if "." in name:
        reader.error("bad-name", fields.nodes["name"], "a deadline's name cannot hold a dot", "use `-`")
    values = {key: value for key, value in fields.values.items() if value is not None}
    return Deadline(**{"name": "", **values, "span": fields.span})


DEADLINE = Table(
    "`deadline`",
    (
        Key("name", Line("a name"), "What the clock is called, as in `deadline.<name>`.", required=True),
        Key(
            "target",
            Words(("first_reply", "next_reply", "resolution", "update", "assignment")),
            "What must happen in time; it also starts the clock.",
        ),
        Key("until", When("until", past=True), "Instead of `target`: the clock ends when this first holds."),
        Key(
            "within",
            Depends(Length(), short="priority"),
            "How long it may take: a duration, one for each priority, or by another fact.",
        ),
        Key(
            "at", FactName(("time", "any"), "a fact that is a time"), "Instead of `within`: the time it must happen by."
        ),
        Key(
            "starts",
            FactName(("time", "any"), "a fact that is a time", past=True),
            "With `until`: when the clock starts; default `created`.",
        ),
        Key("pause_while", When("pause_while", past=True), "The clock stands still while this holds."),
        Key("cancel_when", When("cancel_when"), "The clock ends without a verdict when this holds."),
        Key(
            "restart_on_reopen", YesNo(), "Whether a reopened ticket gets a new clock; default no: the old one goes on."
        ),
        REMIND,
        ESCALATE,
    ),
    _deadline,
    {"after": "`after` belongs to a step of `escalate`", "before": "`before` belongs to a step of `remind`"},
    "deadline: {name: first-reply, target: first_reply, within: 4 business hours}",
)


def _promise(fields: Fields, _reader: Reader) -> PromiseRule:
    grade = fields.get("from_grade", "day")
    return PromiseRule(fields.span, grade, fields.get("remind", ()), fields.get("escalate", ()))


PROMISE = Table(
    "`promise`",
    (
        Key(
            "from_grade",
            Words(("explicit", "exact", "day", "week")),
            "From which grade on promises count; default `day`.",
        ),
        REMIND,
        ESCALATE,
    ),
    _promise,
    {},
    "promise: {remind: [{before: 1 business hour, who: promiser}]}",
)


WEIGHTS = Table(
    "`weights`",
    tuple(Key(name, Number(), f"{kind.doc} Default {kind.weight}.") for name, kind in SIGNALS.items()),
    lambda fields, _reader: fields.values,
)


def _recover(fields: Fields, _reader: Reader) -> Recover:
    values = {key: value for key, value in fields.values.items() if value is not None}
    return Recover(**{"cause": "", **values, "span": fields.span})


RECOVER = Table(
    "`recover`",
    (
        Key("cause", Line("a name"), "What went wrong; one open case for each customer and cause.", required=True),
        Key(
            "customer",
            Words(("requester", "organization")),
            "Whom a case is about: the requester (default), or their organization with all its people.",
        ),
        Key(
            "severity",
            Depends(Line("a word")),
            "How bad it is, in a word of yours; left out: by the sum of the signals.",
        ),
        Key("weights", WEIGHTS, "How much each signal adds to the sum; 0: it does not count."),
        Key("assign", ASSIGN, "Who gets the ticket; never a person complained about."),
        Key("acknowledge", Length(), "How soon somebody of us must do anything on it."),
        Key("first_contact", Length(), "How soon the customer must hear from us."),
        Key("plan_by", Length(), "How soon there must be a plan (`recovery: plan ...`, or a step that is done)."),
        Key("steps", Many(Line("a step")), "What is to be done, in order."),
        Key("verify_after", Length(), "How long without trouble proves that it is right now; default 7 days."),
        Key("cool_down", Length(), "No new case for the same customer and cause so soon after; default 30 days."),
        Key(
            "max_open", Number(whole=True, least=1), "At most so many open cases of this rule are worked on at a time."
        ),
        REMIND,
        ESCALATE,
    ),
    _recover,
    {"weight": "did you mean `weights`?", "contact": "did you mean `first_contact`?", "owner": "write `assign: {...}`"},
    "recover: {cause: late-delivery, first_contact: 1 business day}",
)


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a rule can do. ``customer_sees``: the customer notices it."""

    key: Key
    example: str
    customer_sees: bool = False


_CATALOGUE = (
    Action(
        Key("assign", ASSIGN, "Give the ticket to a team or a person, or take it back into the queue."),
        "assign: {to: requester.last_assignee}",
    ),
    Action(
        Key("deadline", DEADLINE, "Run a clock: something must happen in time; remind before, escalate after."),
        "deadline: {name: first-reply, target: first_reply, within: 4 business hours}",
    ),
    Action(
        Key("promise", PROMISE, "Keep the promises that agents give in their replies."),
        "promise: {from_grade: day, escalate: [{after: 0 minutes, who: team_lead}]}",
    ),
    Action(
        Key("recover", RECOVER, "Open a recovery case for a customer we let down."),
        "recover: {cause: late-delivery, severity: high, first_contact: 1 business day}",
    ),
    Action(
        Key("set", SetFields(), "Set facts of the ticket. A duration counts from when the condition began to hold."),
        "set: {priority: high, field.City: missing}",
    ),
    Action(Key("add_tags", TAGS, "Add tags; they stay when the condition ends."), "add_tags: [vip, urgent-care]"),
    Action(Key("remove_tags", TAGS, "Remove tags."), "remove_tags: [waiting]"),
    Action(Key("add_cc", Many(Handle()), "Put people in copy."), "add_cc: [ana@example.com]", customer_sees=True),
    Action(
        Key("note", TEXT, "Write an internal note, once each time the condition becomes true."),
        "note: Please look at {organization} first.",
    ),
    Action(
        Key("reply", TEXT, "Write to the customer. Refused unless `makegood.toml` allows replies."),
        'reply: "Hello {requester.name}, we are on it."',
        customer_sees=True,
    ),
    Action(
        Key("notify", NOTIFY, "Tell people or channels, once each time the condition becomes true."),
        "notify: {who: [team_lead, support-leads], text: 'Please look at {url}'}",
    ),
)

ACTIONS: dict[str, Action] = {action.key.name: action for action in _CATALOGUE}
"""Every action by its key in a rule."""
