"""The keys of a rule, and of the rule file as a whole."""

# ruff: noqa: D102 (what a shape's methods do is said once, at shapes.Shape)
from __future__ import annotations

from dataclasses import dataclass, replace
from dataclasses import fields as fields_of
from typing import TYPE_CHECKING, Any

from .actions import ACTIONS
from .calendars import CALENDAR
from .conditions import When, named, needs_history
from .model import Actions, Limits, Repeat, Rule
from .moments import CalendarName, Day, Length
from .nodes import Mapping, Sequence
from .notices import NOTICES
from .ruletests import TEST
from .shapes import Key, Line, Many, Number, Share, Table, Words, YesNo, slug
from .teams import TEAM
from .values import Depends
from .wordlists import WORDS

if TYPE_CHECKING:
    from .nodes import Node
    from .shapes import Fields, Reader, Schema


def _limits(fields: Fields, _reader: Reader) -> Limits:
    return Limits(fields.get("per_run"), fields.get("share_of_open"), fields.get("at_limit", "stop"))


LIMITS = Table(
    "`limits`",
    (
        Key("per_run", Number(whole=True, least=0), "At most so many tickets are changed in one run."),
        Key("share_of_open", Share(), "At most this share of all open tickets is changed in one run."),
        Key(
            "at_limit",
            Words(("stop", "next_run")),
            "`stop` (default) changes nothing; `next_run` takes the oldest first.",
        ),
    ),
    _limits,
    {},
    "limits: {per_run: 200, share_of_open: 20%}",
)


def _repeat(fields: Fields, _reader: Reader) -> Repeat:
    return Repeat(fields.get("every"), fields.get("at_most"))


REPEAT = Table(
    "`repeat`",
    (
        Key("every", Length(), "How long after the last time.", required=True),
        Key("at_most", Number(whole=True, least=1), "How often in all; left out: as long as the condition holds."),
    ),
    _repeat,
    {},
    "repeat: {every: 1 business day, at_most: 3}",
)


def _rule(fields: Fields, reader: Reader) -> Rule:
    if not fields.written(*ACTIONS) and fields.understood:
        hint = "add an action such as `assign`, `set`, `add_tags`, `note` or `notify`"
        reader.error("no-action", fields.node, "this rule does nothing", hint)
    if "for" in fields.nodes:
        needs_history(fields.get("when"), reader, "`for`")
    if "repeat" in fields.nodes and not fields.written("note", "notify", "reply"):
        message = "`repeat` says notes and notices again, and this rule has none"
        reader.error("contradiction", fields.at("repeat"), message, "add `note` or `notify`, or leave `repeat` out")
    name = fields.get("name", "")
    own = {field.name: field.name for field in fields_of(Rule)} | {"for_": "for"}
    values = {ours: fields.get(key) for ours, key in own.items() if fields.get(key) is not None}
    does = {key: fields.get(key) for key in ACTIONS if fields.get(key) is not None}
    return Rule(**{"id": slug(name), **values, "name": name, "span": fields.span, "actions": Actions(**does)})


RULE = Table(
    "a rule",
    (
        Key("name", Line("a sentence"), "What the rule is for, as a sentence; unique.", required=True),
        Key("id", Line("a name"), "Its identity; default: the name as a slug. Keep it when you rename the rule."),
        Key("why", Line("a sentence"), "The reason, shown to agents."),
        Key("when", When(), "The condition; left out: every ticket that is not closed."),
        Key("for", Length(), "How long the condition must have held."),
        Key("calendar", Depends(CalendarName()), "The calendar for business time, dates and zone."),
        Key("owner", Line("a person or team"), "Who looks after this rule."),
        Key("review_by", Day(), "The day by which somebody should look at this rule again."),
        Key("mode", Words(("live", "shadow", "off")), "`live` (default); `shadow` plans but never writes; `off`."),
        Key("stop", YesNo(), "Whether later rules leave alone what this one matched; default no."),
        Key("limits", LIMITS, "How much this rule may change at once."),
        Key("helpdesks", Many(Line("a helpdesk")), "The helpdesks of makegood.toml it is for; left out: all."),
        Key("repeat", REPEAT, "Notes and notices again while the condition holds."),
        Key(
            "once_per",
            Words(("ticket", "requester", "organization")),
            "For each ticket (default), or only on the newest ticket of each requester or organization.",
        ),
        Key(
            "backlog",
            Words(("include", "only_new")),
            "Whether tickets for which it held before it was first applied count too.",
        ),
        *(action.key for action in ACTIONS.values()),
    ),
    _rule,
    {
        "if": "did you mean `when`?",
        "conditions": "did you mean `when`?",
        "condition": "write `when: {condition: ...}`",
        "then": "actions stand directly in the rule, beside `when`",
        "actions": "actions stand directly in the rule, beside `when`",
        "do": "actions stand directly in the rule, beside `when`",
        "tags": "write `add_tags: [...]`, or `when: {tags: ...}` for a condition",
        "enabled": "write `mode: off`",
        "description": "did you mean `why`?",
        "status": "write `set: {status: ...}`, or `when: {status: ...}` for a condition",
        "priority": "write `set: {priority: ...}`, or `when: {priority: ...}` for a condition",
        "assignee": "write `assign: {to: ...}`, or `when: {assignee: ...}` for a condition",
    },
)


# --- the file ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Named:
    """Names the author chooses, each with a mapping; the name becomes part of the value."""

    table: Table
    says: str

    def read(self, node: Node, reader: Reader) -> dict[str, Any]:
        if not isinstance(node, Mapping):
            reader.error("wrong-shape", node, f"expected {self.says}", f"for example `{self.table.example}`")
            return {}
        read = {entry.key.text: self.table.read(entry.value, reader) for entry in node.entries}
        return {name: replace(value, name=name) for name, value in read.items() if value is not None}

    def schema(self) -> Schema:
        return {"type": "object", "additionalProperties": self.table.schema()}


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions by name."""

    says: str = "conditions by name, such as `vip: {organization.field.tier: gold}`"

    def read(self, node: Node, reader: Reader) -> dict[str, Any]:
        if not isinstance(node, Mapping):
            reader.error("wrong-shape", node, f"expected {self.says}", "write a name, a colon and a condition")
            return {}
        return {entry.key.text: named(entry.key, reader) for entry in node.entries}

    def schema(self) -> Schema:
        return {"type": "object", "additionalProperties": {"$ref": "#/$defs/condition"}}


@dataclass(frozen=True, slots=True)
class Items:
    """A list of mappings; the nodes are read one by one."""

    table: Table
    says: str

    def read(self, node: Node, reader: Reader) -> tuple[Any, ...]:
        if not isinstance(node, Sequence):
            reader.error("wrong-shape", node, f"expected {self.says}", "begin each with `- name: ...`")
            return ()
        return tuple(value for item in node.items if (value := self.table.read(item, reader)) is not None)

    def schema(self) -> Schema:
        return {"type": "array", "items": self.table.schema()}


@dataclass(frozen=True, slots=True)
class _Version:
    """The version of the rule language."""

    says: str = "`1`"

    def read(self, node: Node, reader: Reader) -> str | None:
        return Words(("1",)).read(node, reader)

    def schema(self) -> Schema:
        return {"enum": [1, "1"]}


FILE = Table(
    "the rule file",
    (
        Key("version", _Version(), "The version of the rule language: 1."),
        Key("include", Many(Line("a file")), "Other rule files, relative to this one; their rules come first."),
        Key("calendars", Named(CALENDAR, "calendars by name"), "When people work, by name. `always` is built in."),
        Key(
            "default_calendar",
            CalendarName(),
            "The calendar where none is named; default: the only one, else `always`.",
        ),
        Key("teams", Named(TEAM, "teams by name"), "Teams by name."),
        Key("conditions", Conditions(), "Conditions used more than once, by name."),
        Key("limits", LIMITS, "How much one run may change."),
        Key("notices", NOTICES, "When people are left in peace, and how many messages a day they get."),
        Key(
            "rules",
            Items(RULE, "a list of rules"),
            "The rules; for one field of one ticket the first that speaks wins.",
        ),
        Key("words", WORDS, "Words of customers: upset, thankful, and the themes they talk about."),
        Key(
            "languages",
            Line("a folder"),
            "A folder of language files that add to how promises are read; relative to this file.",
        ),
        Key("tests", Items(TEST, "a list of tests"), "Examples of what the rules do, run by `makegood test`."),
    ),
    lambda fields, _reader: fields,
    {
        "rule": "did you mean `rules`?",
        "connectors": "helpdesks stand in makegood.toml",
        "helpdesks": "helpdesks stand in makegood.toml",
        "notify": "channels stand in makegood.toml",
        "quiet_hours": "write `notices: {quiet_hours: ...}`",
    },
)
"""The whole file; what it reads is the :class:`.shapes.Fields` of one file, which ``load`` puts together."""
