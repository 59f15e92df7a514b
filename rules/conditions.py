"""Reads conditions: what stands under ``when``, ``conditions``, ``until``, ``pause_while`` and ``cancel_when``.

A mapping's entries must all hold; ``all``, ``any`` and ``none`` take a mapping whose entries count one by one, or a list
whose items count as a whole. Every comparison becomes a :class:`.model.Leaf`.
"""

# ruff: noqa: D102 (what a shape's methods do is said once, at shapes.Shape)
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from .diagnostics import Span, did_you_mean
from .facts import FACTS, Fact, fact_named
from .model import Condition, Group, Leaf, leaves
from .nodes import Entry, Mapping, Scalar, Sequence
from .operators import OPERATORS, operand_of, operators_for
from .shapes import Line, Number, Reader, Schema, Share, Words, YesNo, listed, meant, text_of

if TYPE_CHECKING:
    from .model import Operator as OperatorName
    from .nodes import Node
    from .shapes import Shape

GROUPS = ("all", "any", "none")
PRESENCE = ("missing", "present")
NOBODY = ("nobody", "none", "unassigned", "no one")
"""What other tools call a missing person."""
ELSEWHERE = {
    "not": "write `none: {...}` around what must not hold, or `fact: {not: value}`",
    "and": "write `all: {...}`",
    "or": "write `any: {...}`",
    "for": "`for` stands beside `when`, not in it",
    "when": "leave the inner `when` out; entries of a condition stand side by side",
    "group_name": "did you mean `group`?",
}


@dataclass(frozen=True, slots=True)
class When:
    """The shape of a condition; ``path`` is the key it stands under. ``past``: it is asked about history."""

    path: str = "when"
    past: bool = False
    says: str = "a condition such as `{status: open}`"

    def read(self, node: Node, reader: Reader) -> Condition | None:
        condition = read_condition(node, reader, self.path)
        if self.past:
            needs_history(condition, reader, f"`{self.path}`")
        return condition

    def schema(self) -> Schema:
        return {"$ref": "#/$defs/condition"}


def read_condition(node: Node, reader: Reader, path: str) -> Condition | None:
    """A mapping as a condition of which every entry must hold; ``None`` where nothing of it could be read."""
    if isinstance(node, Sequence):
        hint = "put the list under `all:` (every item must hold) or `any:` (one of them must)"
        reader.error("condition-list", node, "a condition cannot be a list", hint)
        return None
    if not isinstance(node, Mapping):
        reader.error(
            "wrong-shape", node, "expected a condition", "write it as `fact: value`, for example `status: open`"
        )
        return None
    return _together(_parts(node, reader, path))


def _together(parts: list[Condition]) -> Condition | None:
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else Group("all", tuple(parts))


def _parts(node: Mapping, reader: Reader, path: str) -> list[Condition]:
    if not node.entries and node.whole:
        reader.error("empty-condition", node, "this condition is empty", "name a fact, or leave the key out")
    read = [_entry(entry, reader, f"{path}.{entry.key.text}") for entry in node.entries]
    return [condition for condition in read if condition is not None]


def _entry(entry: Entry, reader: Reader, path: str) -> Condition | None:
    word = entry.key.text
    if word in GROUPS:
        return _group(cast('Literal["all", "any", "none"]', word), entry.value, reader, path)
    if word == "condition":
        return named(entry.value, reader)
    return _comparison(entry, reader, path)


def _group(kind: Literal["all", "any", "none"], node: Node, reader: Reader, path: str) -> Condition | None:
    if isinstance(node, Mapping):
        return Group(kind, tuple(_parts(node, reader, path)))
    if isinstance(node, Sequence):
        items = [read_condition(item, reader, f"{path}[{number}]") for number, item in enumerate(node.items)]
        if not items:
            reader.error("empty-condition", node, f"`{kind}` holds nothing", "name a fact, or leave the key out")
        return Group(kind, tuple(item for item in items if item is not None))
    reader.error("wrong-shape", node, f"`{kind}` takes conditions", f"write `{kind}: {{fact: value}}`")
    return None


def named(node: Node, reader: Reader) -> Condition | None:
    """The condition that ``conditions:`` defines under the name in ``node``; reading it once is enough."""
    if isinstance(node, Sequence):
        hint = "write `all: [{condition: a}, {condition: b}]`, or the same with `any:`"
        reader.error("condition-list", node, "`condition` takes one name", hint)
        return None
    name = text_of(node, reader, "the name of a condition")
    if name is None:
        return None
    if name not in reader.conditions:
        reader.undefined("condition", node, reader.conditions)
        return None
    if name in reader.open_conditions:
        ring = " -> ".join((*reader.open_conditions[reader.open_conditions.index(name) :], name))
        reader.error("condition-loop", node, f"this condition uses itself: {ring}", "take one of these steps out")
        return None
    if name not in reader.known_conditions:
        reader.known_conditions[name] = None
        reader.open_conditions = (*reader.open_conditions, name)
        reader.known_conditions[name] = read_condition(reader.conditions[name], reader, f"conditions.{name}")
        reader.open_conditions = reader.open_conditions[:-1]
    inner = reader.known_conditions[name]
    return None if inner is None else Group("all", (inner,), name)


# --- comparisons ------------------------------------------------------------------------------------------------------


def _comparison(entry: Entry, reader: Reader, path: str) -> Condition | None:
    fact = known_fact(entry.key, reader)
    if fact is None:
        return None
    if isinstance(entry.value, Mapping):
        return _operators(fact, entry.value, reader, path)
    return _values(fact, entry.value, reader, path, between(entry.key, entry.value), negated=False)


def known_fact(key: Scalar, reader: Reader) -> Fact | None:
    """The fact a word names, or ``None`` after reporting the word; a ``deadline.<name>`` must be set by some rule."""
    fact = fact_named(key.text)
    if fact is None:
        names = (*(name for name in FACTS if "<" not in name), *GROUPS, "condition")
        hint = ELSEWHERE.get(key.text) or _nearest_fact(key.text, names)
        reader.error("unknown-fact", key, f"there is no fact called `{key.text}`", hint)
        return None
    family, _, rest = fact.name.partition(".")
    name = rest.removesuffix(".due") if fact.type == "time" else rest
    if family == "deadline" and name not in reader.deadlines:
        reader.undefined("deadline", Scalar(name, key.span), sorted(reader.deadlines))
    return fact


def _nearest_fact(word: str, names: tuple[str, ...]) -> str:
    if word in OPERATORS:
        return f"`{word}` stands behind a fact: `fact: {{{word}: ...}}`"
    if fact_named(word.removeprefix("ticket.")):
        return f"write `{word.removeprefix('ticket.')}`"
    guess = did_you_mean(word, names)
    return (
        f"did you mean `{guess}`?" if guess else f"a custom field is `field.{word}`; `makegood facts` lists all facts"
    )


def between(key: Node, value: Node) -> Span:
    """From the beginning of a key to the end of its value; the key alone where the value stands elsewhere (an alias)."""
    start, end = key.span, value.span
    if start.file != end.file or (end.line, end.column) < (start.line, start.column):
        return start
    return Span(start.file, start.line, start.column, end.end_line, end.end_column)


def _operators(fact: Fact, node: Mapping, reader: Reader, path: str) -> Condition | None:
    if not node.entries and node.whole:
        reader.error("empty-condition", node, f"nothing is said about `{fact.name}`", "write a value or an operator")
    read = [_operator(fact, entry, reader, f"{path}.{entry.key.text}") for entry in node.entries]
    return _together([condition for condition in read if condition is not None])


def _operator(fact: Fact, entry: Entry, reader: Reader, path: str) -> Condition | None:
    word, span = entry.key.text, between(entry.key, entry.value)
    if not _fits(fact, entry.key, reader):
        return None
    if word == "not":
        return _values(fact, entry.value, reader, path, span, negated=True)
    if word == "is":
        operand: Any = _literals(fact, entry.value, reader)
    else:
        operand = operand_of(word, entry.value, reader)
    if operand is None:
        return None
    return Leaf(fact.name, cast("OperatorName", word), operand, span, path)


def _fits(fact: Fact, key: Scalar, reader: Reader) -> bool:
    allowed = operators_for(fact.type)
    if key.text in PRESENCE:
        reader.error(
            "wrong-operator", key, f"`{key.text}` stands as the value itself", f"write `{fact.name}: {key.text}`"
        )
        return False
    if key.text in allowed:
        return True
    message = f"`{fact.name}` is {a_type(fact)}: `{key.text}` does not go with it"
    if key.text not in OPERATORS:
        message = f"there is no operator `{key.text}`"
    guess = did_you_mean(key.text, allowed) if key.text not in OPERATORS else None
    reader.error("wrong-operator", key, message, f"did you mean `{guess}`?" if guess else takes(fact))
    return False


def a_type(fact: Fact) -> str:
    """The fact's type in a sentence."""
    named_type = {"yes/no": "yes or no", "any": "a custom field"}.get(fact.type)
    return named_type or f"a {fact.type}"


def takes(fact: Fact) -> str:
    """What may stand behind a fact, for hints."""
    operators = tuple(name for name in operators_for(fact.type) if name not in ("is", *PRESENCE))
    plain = "a value or a list, " if "is" in operators_for(fact.type) else ""
    return f"it takes {plain}`missing`, `present`" + (f", or {listed(operators)}" if operators else "")


def _values(fact: Fact, node: Node, reader: Reader, path: str, span: Span, *, negated: bool) -> Condition | None:
    """One value or a list: ``is``, and ``missing`` or ``present`` among them as comparisons of their own."""
    if isinstance(node, Mapping):
        reader.error("wrong-shape", node, "expected a value or a list", f"for example `{fact.name}: {{not: missing}}`")
        return None
    items = node.items if isinstance(node, Sequence) else (node,)
    words = [item.text for item in items if isinstance(item, Scalar) and item.text in PRESENCE]
    plain = tuple(item for item in items if not (isinstance(item, Scalar) and item.text in PRESENCE))
    found: list[Condition] = [Leaf(fact.name, cast("OperatorName", word), None, span, path) for word in words]
    if plain or not items:
        operand = _literals(fact, Sequence(plain, node.span) if isinstance(node, Sequence) else node, reader)
        if operand is None:
            return None
        found.insert(0, Leaf(fact.name, "not" if negated and not words else "is", operand, span, path))
    if len(found) == 1:
        return _turned(cast("Leaf", found[0])) if negated and words else found[0]
    return Group("none" if negated else "any", tuple(found))


def _turned(leaf: Leaf) -> Leaf:
    opposite: OperatorName = "present" if leaf.operator == "missing" else "missing"
    return Leaf(leaf.fact, opposite, None, leaf.span, leaf.path)


def _literals(fact: Fact, node: Node, reader: Reader) -> tuple[str, ...] | None:
    """The values a fact is compared with, each as text in its canonical form."""
    if "is" not in operators_for(fact.type):
        reader.error("wrong-operator", node, f"`{fact.name}` is {a_type(fact)} and has no plain value", takes(fact))
        return None
    items = node.items if isinstance(node, Sequence) else (node,)
    if not items:
        reader.error("empty-value", node, "this list is empty", "name a value, or leave the key out")
    values = [literal(fact, item, reader) for item in items]
    return None if None in values or not items else tuple(value for value in values if value is not None)


_CHECKED: dict[str, Shape] = {"number": Number(), "share": Share()}


def literal(fact: Fact, node: Node, reader: Reader) -> str | None:
    """One value of a fact as text: words in lower case, yes/no as such, everything else as written."""
    if fact.values is not None:
        return _known_word(fact, node, reader)
    if fact.type == "person" and isinstance(node, Scalar) and node.text.lower() in NOBODY:
        reader.error("bad-value", node, f"`{node.text}` is not a person", "write `missing` for nobody")
        return None
    if fact.type == "yes/no":
        truth = YesNo().read(node, reader)
        return None if truth is None else ("yes" if truth else "no")
    checked = _CHECKED.get(fact.type)
    if checked is not None and checked.read(node, reader) is None:
        return None
    text = Line("a value").read(node, reader)
    return text.strip() if checked is not None and text is not None else text


def _known_word(fact: Fact, node: Node, reader: Reader) -> str | None:
    known = fact.values or ()
    if not isinstance(node, Scalar) or node.text.lower() in known:
        return Words(known).read(node, reader)
    message = f"`{node.text}` is not a value of `{fact.name}`"
    reader.error("bad-value", node, message, meant(node.text, known))
    return None


# --- history ----------------------------------------------------------------------------------------------------------


def needs_history(condition: Condition | None, reader: Reader, where: str) -> None:
    """Report every comparison with a fact whose past is not known; ``where`` is the key that asks about the past."""
    for leaf in leaves(condition):
        fact = fact_named(leaf.fact)
        if fact is not None and not fact.history:
            message = f"`{leaf.fact}` is only known as it is now, and {where} looks at the past"
            reader.error("no-history", leaf.span, message, "use a fact with history, see `makegood facts`")
