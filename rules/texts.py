"""Texts with placeholders, such as ``Hello {requester.name}, we look into {subject}``.

A placeholder is a fact by its name as in ``when``, with or without ``ticket.`` before it, or one of EXTRAS. ``{{`` and
``}}`` stand for braces. There is no logic and no code, and what is put in is never read as a template again.
"""

# ruff: noqa: D102 (what a shape's methods do is said once, at shapes.Shape)
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .facts import FACTS, fact_named
from .shapes import SCALAR, meant, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .nodes import Node
    from .shapes import Reader, Schema

EXTRAS: dict[str, str] = {
    "why": "the rule's `why`",
    "due": "when the clock this text belongs to runs out, else the ticket's due time",
    "next_open": "the next moment at which the rule's calendar is open",
    "promise.quote": "the words of the promise",
}
"""Placeholders that are not facts, and ``due``, which means the clock's due time where there is a clock."""

_PIECE = re.compile(r"(?P<brace>\{\{|\}\})|\{(?P<name>[^{}\n]*)\}|(?P<stray>[{}])")
_TIGHT = (",", ".", "!", "?", ";", ":", ")")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A hole in a text; ``name`` is a fact's name without ``ticket.``, or one of EXTRAS."""

    name: str


@dataclass(frozen=True, slots=True)
class Text:
    """A text with holes. ``parts`` are literal pieces and placeholders in order."""

    parts: tuple[str | Placeholder, ...]

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names to be filled in, each once, in order."""
        return tuple(dict.fromkeys(part.name for part in self.parts if isinstance(part, Placeholder)))

    def render(self, values: Mapping[str, str]) -> str:
        """The text with every placeholder replaced by its value, as it is.

        A placeholder without a value, or with an empty one, leaves no blank too many behind: ``Hello {requester.name}, thank
        you`` becomes ``Hello, thank you``.
        """
        made, dropped = "", False
        for position, part in enumerate(self.parts):
            if isinstance(part, str):
                at_start = dropped and (not made or made.endswith("\n"))
                made += part.removeprefix(" ") if at_start else part
                dropped = False
            elif values.get(part.name):
                made += values[part.name]
            else:
                dropped = True
                made = made[:-1] if made.endswith(" ") and self._closes(position + 1) else made
        return made

    def _closes(self, position: int) -> bool:
        """Whether what follows needs no blank before it."""
        following = self.parts[position] if position < len(self.parts) else ""
        return isinstance(following, str) and (not following or following[0].isspace() or following.startswith(_TIGHT))


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a template: the piece of it, the how manieth such piece, what to say about it."""

    code: str
    piece: str
    occurrence: int
    message: str
    hint: str


def parse(template: str) -> tuple[Text, list[Fault]]:
    """Take a template apart; faults name the pieces that cannot be understood."""
    parts: list[str | Placeholder] = []
    faults: list[Fault] = []
    end = 0
    for match in _PIECE.finditer(template):
        parts.append(template[end : match.start()])
        end = match.end()
        if match["brace"]:
            parts.append(match["brace"][0])
            continue
        fault = _fault(match, template)
        if fault:
            faults.append(fault)
        else:
            parts.append(Placeholder(plain_name(match["name"])))
    parts.append(template[end:])
    return Text(_joined(parts)), faults


def plain_name(written: str) -> str:
    """A placeholder's name without blanks around it and without ``ticket.``."""
    return written.strip().removeprefix("ticket.")


def known_placeholder(name: str) -> bool:
    """Whether a text may hold ``{name}``."""
    return name in EXTRAS or fact_named(name) is not None


def _fault(match: re.Match[str], template: str) -> Fault | None:
    piece = match.group()
    occurrence = template[: match.start()].count(piece)
    if match["stray"]:
        message = f"a single `{piece}` opens or closes nothing"
        return Fault("bad-text", piece, occurrence, message, f"write `{piece}{piece}` for a brace")
    name = plain_name(match["name"])
    if known_placeholder(name):
        return None
    hint = meant(name, (*EXTRAS, *(fact for fact in FACTS if "<" not in fact))) if name else ""
    message = f"`{piece}` is not a fact, so nothing can be put in its place"
    return Fault("unknown-placeholder", piece, occurrence, message, _short(hint) or "`{{` writes a brace")


def _short(hint: str) -> str:
    return hint.replace("`", "`{", 1)[:-2] + "}`?" if hint.startswith("did you") else ""


def _joined(parts: list[str | Placeholder]) -> tuple[str | Placeholder, ...]:
    """Literal pieces side by side become one, empty ones vanish."""
    joined: list[str | Placeholder] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part:
            joined.append(part)
    return tuple(joined)


@dataclass(frozen=True, slots=True)
class Template:
    """The shape of a text with placeholders."""

    says: str = "a text"

    def read(self, node: Node, reader: Reader) -> Text | None:
        written = text_of(node, reader, self.says)
        if written is None:
            return None
        text, faults = parse(written)
        for fault in faults:
            where = reader.locate(node, fault.piece, fault.occurrence)
            reader.error(fault.code, where, fault.message, fault.hint)
        return None if faults else text

    def schema(self) -> Schema:
        return {"type": SCALAR}
