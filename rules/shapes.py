"""What a value of the rule file may look like: shapes that read a node, describe themselves and give their JSON Schema.

A mapping is a :class:`Table` of :class:`Key` entries. The tables are the only description of the file's keys: reading,
"did you mean", the JSON Schema and the documentation follow from them. A shape never raises for bad input: it
reports to ``reader.problems`` and gives ``None``.
"""

# ruff: noqa: D102 (what a shape's methods do is said once, at shapes.Shape)
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Protocol

from .diagnostics import Lines, Problems, Span, did_you_mean
from .nodes import Mapping as MappingNode
from .nodes import Refused, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from .nodes import Node

Schema = dict[str, Any]
SCALAR = ["string", "number", "boolean"]
"""JSON types an editor may take a plain value for; makegood reads each of them as text."""


@dataclass(slots=True)
class Reader:
    """What is shared while one rule file is read: the problems found, and the names defined anywhere in it.

    ``sources`` maps files to their text, ``marks`` names to where they are defined (``teams.billing``). ``zone`` is the
    time zone of instants written without one. ``folders`` tells where a file's
    neighbours are looked up. ``partial``: pieces of the file could not be read, so a name that seems
    undefined may well stand in one of them.
    """

    problems: Problems = field(default_factory=Problems)
    sources: dict[str, str] = field(default_factory=dict)
    folders: Mapping[str, Path | None] = field(default_factory=dict)
    marks: dict[str, Span] = field(default_factory=dict)
    calendars: Mapping[str, Node | None] = field(default_factory=dict)
    teams: Mapping[str, Node] = field(default_factory=dict)
    conditions: Mapping[str, Node] = field(default_factory=dict)
    deadlines: frozenset[str] = frozenset()
    known_conditions: dict[str, Any] = field(default_factory=dict)
    open_conditions: tuple[str, ...] = ()
    zone: tzinfo = UTC
    partial: bool = False

    def error(self, code: str, where: Node | Span, message: str, hint: str) -> None:
        """Report a mistake at a node (a long one is marked at its head) or a span; a refused node has been reported."""
        if not isinstance(where, Refused):
            self.problems.error(code, where if isinstance(where, Span) else head(where), message, hint)

    def unknown(self, code: str, where: Node | Span, message: str, word: str, known: Iterable[str]) -> None:
        """Report a word that is not one of ``known``, with the nearest of them as a hint."""
        self.error(code, where, message, meant(word, tuple(known)))

    def undefined(self, what: str, where: Node, known: Iterable[str]) -> None:
        """Report a name that the file does not define; ``what`` is a calendar, team, condition or deadline."""
        if not self.partial and isinstance(where, Scalar):
            message = f"there is no {what} called `{where.text}`"
            self.unknown(f"unknown-{what}", where, message, where.text, known)

    def locate(self, node: Node, piece: str, occurrence: int = 0) -> Span:
        """Where ``piece`` stands for the ``occurrence``-th time (from 0) within a value; the whole value if not found."""
        span = node.span
        lines = Lines(span.file, self.sources.get(span.file, ""))
        if span.line > len(lines.starts) or span.end_line > len(lines.starts):
            return span
        position = lines.starts[span.line - 1] + span.column - 2
        end = lines.starts[span.end_line - 1] + span.end_column
        for _ in range(occurrence + 1):
            position = lines.text.find(piece, position + 1, end)
            if position < 0:
                return span
        return lines.span(position, position + len(piece))


def head(node: Node) -> Span:
    """Where to point for a whole node: a value itself, of a mapping or list the beginning."""
    if isinstance(node, MappingNode) and node.entries:
        return node.entries[0].key.span
    if isinstance(node, Sequence) and node.items:
        return head(node.items[0])
    return node.span


def meant(word: str, known: tuple[str, ...]) -> str:
    """The hint for a wrong word: the nearest right one, else all there are."""
    guess = did_you_mean(word, known)
    if guess:
        return f"did you mean `{guess}`?"
    return f"there is {listed(known)}" if known else "define it, or leave it out"


def listed(words: tuple[str, ...]) -> str:
    """Words in a row as in a sentence, each marked as written: ```a`, `b` or `c```."""
    marked = [f"`{word}`" for word in words]
    return " or ".join(filter(None, [", ".join(marked[:-1]), marked[-1]])) if marked else ""


class Shape(Protocol):
    """One kind of value. ``says`` names it in sentences ("a duration such as `4 hours`")."""

    @property
    def says(self) -> str:
        """What an admin would call it."""

    def read(self, node: Node, reader: Reader) -> Any:
        """The typed value, or ``None`` after reporting what is wrong."""

    def schema(self) -> Schema:
        """Its JSON Schema; every plain value may be written as text."""


def slug(name: str) -> str:
    """A name as an identity: words in lower case, joined with hyphens; a name without words is its own."""
    return re.sub(r"[\W_]+", "-", name.lower()).strip("-") or name


def text_of(node: Node, reader: Reader, says: str) -> str | None:
    """The text of a plain value; a list or mapping in its place is reported."""
    if isinstance(node, Scalar):
        return node.text
    found = "a list" if isinstance(node, Sequence) else "a mapping"
    reader.error("wrong-shape", node, f"expected {says}, found {found}", "write one plain value")
    return None


@dataclass(frozen=True, slots=True)
class Line:
    """Any text, kept as written."""

    says: str = "a text"

    def read(self, node: Node, reader: Reader) -> str | None:
        text = text_of(node, reader, self.says)
        if text is not None and not text.strip():
            reader.error(
                "bad-value", node, f"expected {self.says}, found nothing in it", "write something, or leave the key out"
            )
        return text

    def schema(self) -> Schema:
        return {"type": SCALAR}


@dataclass(frozen=True, slots=True)
class Words:
    """One of a few words, compared without case. YAML 1.1, which some editors speak, takes a bare ``off`` for false."""

    values: tuple[str, ...]

    @property
    def says(self) -> str:
        return listed(self.values)

    def read(self, node: Node, reader: Reader) -> str | None:
        text = text_of(node, reader, self.says)
        if text is None:
            return None
        word = text.strip().lower()
        if word in self.values:
            return word
        reader.unknown("bad-value", node, f"`{text}` is not one of {self.says}", text, self.values)
        return None

    def schema(self) -> Schema:
        return {"enum": [*self.values, *([False] if "off" in self.values else [])]}


TRUTH = {"yes": True, "true": True, "no": False, "false": False}


@dataclass(frozen=True, slots=True)
class YesNo:
    """``yes`` or ``no``."""

    says: str = "`yes` or `no`"

    def read(self, node: Node, reader: Reader) -> bool | None:
        text = text_of(node, reader, self.says)
        if text is not None and text.lower() not in TRUTH:
            reader.error("bad-value", node, f"`{text}` is neither yes nor no", "write `yes` or `no`")
        return TRUTH.get(text.lower()) if text is not None else None

    def schema(self) -> Schema:
        return {"enum": [*TRUTH, True, False]}


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal number, or a whole one, not below ``least`` or more than ``above``."""

    whole: bool = False
    least: int | None = None
    above: int | None = None

    @property
    def says(self) -> str:
        number = "a whole number" if self.whole else "a number"
        if self.above is not None:
            return f"{number} above {self.above}"
        return number if self.least is None else f"{number} of at least {self.least}"

    def read(self, node: Node, reader: Reader) -> Any:
        text = text_of(node, reader, self.says)
        number = None if text is None else decimal(text)
        if text is None:
            return None
        if number is None or not self._allows(number):
            reader.error(
                "bad-number",
                node,
                f"`{text}` is not {self.says}",
                _plain_number(text) or f"write {self.says} in digits",
            )
            return None
        return int(number) if self.whole else number

    def _allows(self, number: Decimal) -> bool:
        too_small = (self.least is not None and number < self.least) or (
            self.above is not None and number <= self.above
        )
        return not too_small and not (self.whole and number % 1)

    def schema(self) -> Schema:
        limits = {"minimum": self.least, "exclusiveMinimum": self.above}
        kind = ["integer" if self.whole else "number", "string"]
        return {"type": kind} | {key: limit for key, limit in limits.items() if limit is not None}


def decimal(text: str) -> Decimal | None:
    """The number a text is, with a point for decimals; ``None`` for anything else (also for infinity and such)."""
    if not text.isascii() or "_" in text or len(text) > 40:
        return None
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 40 else None


def _plain_number(text: str) -> str:
    without = text.replace(",", "").replace("'", "").replace(" ", "")
    return f"write `{without}`" if without != text and decimal(without) is not None else ""


@dataclass(frozen=True, slots=True)
class Share:
    """A percentage above 0 and up to 100, as a share between 0 and 1."""

    says: str = "a percentage such as `20%`"

    def read(self, node: Node, reader: Reader) -> float | None:
        text = text_of(node, reader, self.says)
        if text is None:
            return None
        percent = decimal(text.removesuffix("%").strip())
        if percent is None or not text.strip().endswith("%") or not 0 < percent <= 100:
            hint = f"write `{text.strip()}%`" if percent else "write for example `20%`"
            reader.error("bad-number", node, f"`{text}` is not {self.says}", hint)
            return None
        return float(percent) / 100

    def schema(self) -> Schema:
        return {"type": "string", "pattern": "%\\s*$"}


@dataclass(frozen=True, slots=True)
class Many:
    """One value or a list of them, as a tuple."""

    item: Shape

    @property
    def says(self) -> str:
        return f"{self.item.says}, or a list"

    def read(self, node: Node, reader: Reader) -> tuple[Any, ...]:
        nodes = node.items if isinstance(node, Sequence) else [node]
        if not nodes:
            reader.error("empty-value", node, f"this list is empty; expected {self.says}", "leave the key out")
        values = [self.item.read(each, reader) for each in nodes]
        return tuple(value for value in values if value is not None)

    def schema(self) -> Schema:
        item = self.item.schema()
        return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Names the author chooses, each with a value of one shape."""

    item: Shape
    says: str

    def read(self, node: Node, reader: Reader) -> dict[str, Any]:
        if not isinstance(node, MappingNode):
            reader.error("wrong-shape", node, f"expected {self.says}", "write a name, a colon and a value")
            return {}
        read = {entry.key.text: self.item.read(entry.value, reader) for entry in node.entries}
        return {name: value for name, value in read.items() if value is not None}

    def schema(self) -> Schema:
        return {"type": "object", "additionalProperties": self.item.schema()}


# --- tables -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a mapping: its shape and what it is for."""

    name: str
    shape: Shape
    doc: str
    required: bool = False


@dataclass(slots=True)
class Fields:
    """What was read from a mapping: values by key, and the nodes they came from. Keys that failed are only in ``nodes``."""

    node: MappingNode
    values: dict[str, Any] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Scalar] = field(default_factory=dict)

    @property
    def span(self) -> Span:
        return self.node.span

    def get(self, key: str, default: Any = None) -> Any:
        """The value of ``key``, or ``default`` where it is not written (or was not readable)."""
        value = self.values.get(key)
        return default if value is None else value

    def at(self, key: str) -> Span:
        """Where ``key`` itself stands; the head of the mapping if it is not written."""
        return self.keys[key].span if key in self.keys else head(self.node)

    @property
    def understood(self) -> bool:
        """Whether every key was known and none was refused, so that what is not here is really missing."""
        return self.node.whole and len(self.nodes) == len(self.node.entries)

    def written(self, *keys: str) -> tuple[str, ...]:
        """Those of ``keys`` that are written, readable or not."""
        return tuple(key for key in keys if key in self.nodes)


Build = Callable[[Fields, Reader], Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping with known keys; ``build`` turns what was read into its type.

    ``elsewhere`` are words people try here, each with the hint that helps; ``example`` shows the form.
    """

    says: str
    keys: tuple[Key, ...]
    build: Build
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    example: str = ""

    def read(self, node: Node, reader: Reader) -> Any:
        if not isinstance(node, MappingNode):
            hint = f"for example `{self.example}`" if self.example else ""
            reader.error("wrong-shape", node, f"expected {self.says} as a mapping of keys", hint)
            return None
        fields = Fields(node)
        guessed: set[str | None] = set()
        known = {key.name: key for key in self.keys}
        for entry in node.entries:
            key = known.get(entry.key.text)
            if key is None:
                guessed.add(self._unknown(entry.key, reader))
                continue
            fields.keys[key.name], fields.nodes[key.name] = entry.key, entry.value
            fields.values[key.name] = key.shape.read(entry.value, reader)
        self._missing(fields, guessed, reader)
        return self.build(fields, reader)

    def _unknown(self, key: Scalar, reader: Reader) -> str | None:
        """Report an unknown key; gives the key that was probably meant."""
        names = tuple(known.name for known in self.keys)
        hint = self.elsewhere.get(key.text) or meant(key.text, names)
        reader.error("unknown-key", key, f"{self.says} has no key `{key.text}`", hint)
        return next((name for name in names if f"`{name}`" in hint or f"`{name}:" in hint), None)

    def _missing(self, fields: Fields, guessed: set[str | None], reader: Reader) -> None:
        for key in self.keys:
            if key.required and key.name not in fields.nodes and key.name not in guessed and fields.node.whole:
                reader.error(
                    "missing-key",
                    fields.node,
                    f"{self.says} needs `{key.name}`: {_clause(key.doc)}",
                    f"add `{key.name}: ...`",
                )

    def schema(self) -> Schema:
        properties = {key.name: {**key.shape.schema(), "description": key.doc} for key in self.keys}
        required = [key.name for key in self.keys if key.required]
        table: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
        return table | ({"required": required} if required else {})


def _clause(doc: str) -> str:
    """A key's documentation to go on with behind a colon."""
    return doc[0].lower() + doc[1:].rstrip(".")
