"""Shapes of what actions work with: people and receivers, names of teams and facts, values of ``set``, values that depend."""

# ruff: noqa: D102 (what a shape's methods do is said once, at shapes.Shape)
from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .conditions import NOBODY, a_type, known_fact, literal
from .diagnostics import did_you_mean
from .facts import FACTS, Fact, fact_named
from .model import By, FactRef, Receiver, SetField
from .moments import Length, Moment, instant_text
from .nodes import Entry, Mapping, Scalar
from .shapes import SCALAR, listed, meant, text_of

if TYPE_CHECKING:
    from .facts import FactType
    from .nodes import Node
    from .shapes import Reader, Schema, Shape

ROLES: dict[str, str] = {
    "assignee": "who owns the ticket",
    "team_lead": "the `lead` of the ticket's team",
    "next_level": "the `next_level` of the ticket's team",
    "promiser": "who gave the promise (in `promise` only)",
    "on_call": "who is on call in the ticket's team",
}
"""Receivers that are neither people, facts nor channels."""

SETTABLE = tuple(fact.name for fact in FACTS.values() if fact.settable)
_OTHER_ACTIONS = {
    "assignee": "write `assign: {to: ...}`",
    "group": "write `assign: {team: ...}`; a team names its group",
    "tags": "write `add_tags: [...]` or `remove_tags: [...]`",
    "cc": "write `add_cc: [...]`",
}
_ALWAYS_THERE = ("status", "status_name")
_FAMILIES = ("requester", "assignee", "organization", "field", "ticket", "parent", "previous_assignee")


@dataclass(frozen=True, slots=True)
class Depends:
    """A value, or ``{by: FACT, VALUE: x, ..., default: y}``; ``short`` lets ``by`` be left out for that fact."""

    inner: Shape
    short: str | None = None

    @property
    def says(self) -> str:
        return f"{self.inner.says}, or `{{by: FACT, VALUE: ..., default: ...}}`"

    def read(self, node: Node, reader: Reader) -> Any:
        if not isinstance(node, Mapping):
            return self.inner.read(node, reader)
        fact = self._fact(node, reader)
        if fact is None:
            return None
        cases: dict[str, Any] = {}
        default = None
        for entry in node.entries:
            if entry.key.text == "default":
                default = self.inner.read(entry.value, reader)
            elif entry.key.text != "by":
                case = literal(fact, entry.key, reader)
                cases[(case or "").lower()] = self.inner.read(entry.value, reader)
        if not cases and node.whole:
            reader.error("missing-key", node, f"this names no value of `{fact.name}`", "add one, such as `high: ...`")
        return By(fact.name, cases, default)

    def _fact(self, node: Mapping, reader: Reader) -> Fact | None:
        by = node.get("by")
        if by is None:
            if self.short is None and node.whole:
                reader.error(
                    "missing-key", node, "this mapping has no `by`", "write `{by: FACT, VALUE: ..., default: ...}`"
                )
            return fact_named(self.short) if self.short else None
        if not isinstance(by.value, Scalar):
            reader.error("wrong-shape", by.value, "`by` takes the name of one fact", "write for example `by: priority`")
            return None
        fact = known_fact(by.value, reader)
        if fact is not None and fact.type not in ("choice", "yes/no", "any"):
            reader.error(
                "bad-value", by.value, f"`{fact.name}` is {a_type(fact)}; `by` takes a choice", "try `priority`"
            )
            return None
        return fact

    def schema(self) -> Schema:
        inner = self.inner.schema()
        properties = {"by": {"type": "string"}, "default": inner}
        return {"anyOf": [inner, {"type": "object", "properties": properties, "additionalProperties": inner}]}


@dataclass(frozen=True, slots=True)
class FactName:
    """The name of a fact of one of these types, as a :class:`.model.FactRef`."""

    types: tuple[FactType, ...]
    says: str
    past: bool = False

    def read(self, node: Node, reader: Reader) -> FactRef | None:
        text = text_of(node, reader, self.says)
        fact = known_fact(node, reader) if text is not None and isinstance(node, Scalar) else None
        if fact is None:
            return None
        if fact.type not in self.types:
            reader.error(
                "bad-value", node, f"`{text}` is {a_type(fact)}; expected {self.says}", "`makegood facts` lists them"
            )
        if self.past and not fact.history:
            reader.error("no-history", node, f"`{text}` is only known as it is now", "use a fact with history")
        return FactRef(fact.name)

    def schema(self) -> Schema:
        return {"type": "string"}


@dataclass(frozen=True, slots=True)
class TeamName:
    """A team that the file defines."""

    says: str = "the name of a team"

    def read(self, node: Node, reader: Reader) -> str | None:
        text = text_of(node, reader, self.says)
        if text is not None and text not in reader.teams:
            reader.undefined("team", node, reader.teams)
        return text

    def schema(self) -> Schema:
        return {"type": SCALAR}


@dataclass(frozen=True, slots=True)
class Handle:
    """A person, by e-mail address, or by login where the desk has none; e-mail addresses in lower case."""

    says: str = "a person (an e-mail address, or a login)"

    def read(self, node: Node, reader: Reader) -> str | None:
        text = text_of(node, reader, self.says)
        if text is None:
            return None
        if any(character.isspace() for character in text.strip()) or text.strip().startswith("@"):
            reader.error("bad-value", node, f"`{text}` is not {self.says}", "write it as `ana@example.com`")
            return None
        return handle(text)

    def schema(self) -> Schema:
        return {"type": SCALAR}


def handle(text: str) -> str:
    """A person as written, e-mail addresses in lower case."""
    return text.strip().lower() if "@" in text else text.strip()


@dataclass(frozen=True, slots=True)
class Owner:
    """Who a ticket goes to: a person, a fact that is a person, or ``missing``."""

    says: str = "a person, a fact that is a person, or `missing`"

    def read(self, node: Node, reader: Reader) -> str | FactRef | None:
        text = text_of(node, reader, self.says)
        if text is None or text == "missing":
            return text
        if text.lower() in NOBODY:
            reader.error("bad-value", node, f"`{text}` is not a person", "write `missing` for nobody")
            return None
        if text in reader.teams and "@" not in text:
            reader.error("bad-value", node, f"`{text}` is a team, not a person", f"write `team: {text}`")
            return None
        fact = _people_fact(text, node, reader, ("person", "any"))
        return fact if fact is not None else Handle(self.says).read(node, reader)

    def schema(self) -> Schema:
        return {"type": SCALAR}


def _people_fact(text: str, node: Node, reader: Reader, types: tuple[FactType, ...]) -> FactRef | None:
    """The fact that ``text`` names; a fact that holds no people, or a misspelt one, is reported."""
    fact = fact_named(text)
    if fact is not None and fact.type not in types:
        reader.error(
            "bad-value", node, f"`{text}` is {a_type(fact)}, not people", "name a person or a fact that is one"
        )
    elif fact is None and "@" not in text and text.partition(".")[0] in _FAMILIES and "." in text:
        known = tuple(name for name, each in FACTS.items() if each.type in types and "<" not in name)
        reader.error("unknown-fact", node, f"there is no fact called `{text}`", meant(text, known))
    return FactRef(text) if fact is not None else None


@dataclass(frozen=True, slots=True)
class ReceiverName:
    """Who is told: a role, a person, a fact that holds people, or a channel of the settings."""

    says: str = (
        "a receiver (a channel from makegood.toml, `assignee`, `team_lead`, `next_level`, a person, or a fact that "
        "holds people)"
    )

    def read(self, node: Node, reader: Reader) -> Receiver | None:
        text = text_of(node, reader, self.says)
        if text is None:
            return None
        if text in ROLES:
            return Receiver("role", text)
        spelled = text.lower().replace("-", "_").replace(" ", "_")
        if spelled in ROLES:
            reader.error("bad-value", node, f"`{text}` is not a receiver", f"did you mean `{spelled}`?")
        fact = _people_fact(text, node, reader, ("person", "list", "any"))
        if fact is not None:
            return Receiver("fact", fact.name)
        return Receiver("person", handle(text)) if "@" in text else Receiver("channel", text)

    def schema(self) -> Schema:
        return {"type": SCALAR}


# --- set --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SetFields:
    """What ``set`` takes: settable facts, each with a value, ``missing``, or a value that depends on a fact."""

    says: str = "facts and their values, such as `{priority: high}`"

    def read(self, node: Node, reader: Reader) -> tuple[SetField, ...]:
        if not isinstance(node, Mapping):
            reader.error("wrong-shape", node, f"`set` takes {self.says}", "write a fact, a colon and its value")
            return ()
        if not node.entries and node.whole:
            reader.error("empty-value", node, "`set` names nothing to set", "name a fact, or leave `set` out")
        return tuple(_set_field(entry, reader) for entry in node.entries)

    def schema(self) -> Schema:
        value = {"$ref": "#/$defs/set_value"}
        plain = {name: {**value, "description": FACTS[name].doc} for name in SETTABLE if "<" not in name}
        custom = {"^field\\..+": value}
        return {"type": "object", "properties": plain, "patternProperties": custom, "additionalProperties": False}


def _set_field(entry: Entry, reader: Reader) -> SetField:
    fact = known_fact(entry.key, reader)
    value = None
    if fact is not None and not fact.settable:
        plain = tuple(name for name in SETTABLE if "<" not in name)
        guess = did_you_mean(fact.name, plain)
        hint = f"did you mean `{guess}`?" if guess else f"`set` takes {listed((*plain, 'field.<name>'))}"
        message = f"`{fact.name}` cannot be set"
        reader.error("not-settable", entry.key, message, _OTHER_ACTIONS.get(fact.name, hint))
    elif fact is not None:
        value = _value_to_set(fact, entry.value, reader)
    return SetField(entry.key.text, value, entry.key.span)


def _value_to_set(fact: Fact, node: Node, reader: Reader) -> Any:
    if isinstance(node, Scalar) and node.text == "missing":
        if fact.name in _ALWAYS_THERE:
            reader.error(
                "bad-value",
                node,
                f"a ticket always has a {fact.name}: it cannot be cleared",
                "write the one it is to have",
            )
        return None
    if isinstance(node, Mapping):
        return Depends(_SetValue(fact)).read(node, reader)
    return _SetValue(fact).read(node, reader)


@dataclass(frozen=True, slots=True)
class _SetValue:
    """A value for one settable fact: a word of it, any text, or for times a duration or an instant."""

    fact: Fact
    says: str = field(default="a value")

    def read(self, node: Node, reader: Reader) -> Any:
        if isinstance(node, Scalar) and node.text == "missing":
            reader.error(
                "bad-value", node, "`missing` cannot depend on a fact", "write a rule of its own that clears it"
            )
            return None
        if self.fact.type != "time":
            return literal(self.fact, node, reader)
        if isinstance(node, Scalar) and node.text[:4].isdigit() and "-" in node.text:
            return instant_text(Moment(with_time=True).read(node, reader))
        return Length().read(node, reader)

    def schema(self) -> Schema:
        return {"type": SCALAR}
