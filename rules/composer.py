"""Makes nodes from YAML's events, and refuses what an admin cannot have meant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import yaml

from .mistakes import CUT, quoted
from .nodes import Entry, Mapping, Node, Refused, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .diagnostics import Lines, Problems, Span

DEEPEST = 50
"""Levels of nesting that are followed."""
MOST_REPEATED = 100_000
"""Values that aliases may stand for, all together."""
MOST_REFUSED = 500
"""Mistakes after which nobody reads on."""

_LOADER: Any = getattr(yaml, "CLoader", yaml.Loader)
_SWALLOWED = re.compile(r"[ \t]+#+[^\s#]")
_TAG = re.compile(r"!\S*")
_NEXT = re.compile(r"\s*(\S?)")
_PLACEHOLDER = re.compile(r"[\w.]+(?: \w+)*")


class TooMuchError(Exception):
    """What is wrong has been reported, and nothing else can be said about the file."""


@dataclass(frozen=True, slots=True)
class _Anchored:
    """What an anchor stands for: the value, how many values that is, and how many levels."""

    node: Node
    size: int
    height: int


class Composer:
    """Makes the nodes of one file.

    ``size`` counts values so far, repeated ones each time; ``deepest`` is the deepest level since the value that is
    being made was begun; ``end`` is where the newest text ends. ``torn``: the
    last entry had no value, and the next may be the other half of its name.
    """

    def __init__(self, lines: Lines, problems: Problems) -> None:
        self.lines = lines
        self.problems = problems
        self.events: Iterator[Any] = iter(yaml.parse(lines.text, Loader=_LOADER))
        self.anchors: dict[str, _Anchored | None] = {}
        self.size = 0
        self.repeated = 0
        self.deepest = 0
        self.end = 0
        self.refused = 0
        self.torn = False

    def document(self) -> Node:
        """The one document of the file.

        Raises:
            yaml.MarkedYAMLError: the text is not YAML.
            TooMuchError: see there.
        """
        next(self.events)
        begin = next(self.events)
        first = begin if isinstance(begin, yaml.StreamEndEvent) else next(self.events)
        if isinstance(first, yaml.StreamEndEvent) or _is_nothing(first):
            self._stop(
                "empty-file", self.lines.span(0, 0), "this file is empty", "start with `version: 1` and `rules:`"
            )
        root = self._node(first, 1)
        next(self.events)
        if isinstance(following := next(self.events), yaml.DocumentStartEvent):
            start = following.start_mark.index  # type: ignore[union-attr]
            self._stop(
                "several-documents", self.lines.span(start, start + 3), "a second document starts here", "delete `---`"
            )
        return root

    def _node(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        if depth > DEEPEST:
            self._stop("too-deep", self._span(event), f"this is nested more than {DEEPEST} levels deep", "flatten it")
        before, outer, self.deepest = self.size, self.deepest, depth
        self.size += 1
        if event.anchor:
            self.anchors[event.anchor] = None
        node = self._value(event, depth) if event.tag is None else self._tagged(event, depth)
        if event.anchor:
            self.anchors[event.anchor] = _Anchored(node, self.size - before, self.deepest - depth)
        self.deepest = max(outer, self.deepest)
        return node

    def _value(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, depth)
        return self._mapping(event, depth)

    def _alias(self, event: Any, depth: int) -> Node:
        name, span = event.anchor, self._span(event)
        if name not in self.anchors:
            hint = f"if this is text, write `{quoted('*' + name)}`"
            return self._refuse("unknown-alias", span, f"there is no anchor `&{name}` above", hint)
        target = self.anchors[name]
        if target is None:
            return self._refuse("alias-loop", span, f"`*{name}` stands inside what it repeats", "write it out")
        self.size += target.size
        self.repeated += target.size
        self.deepest = max(self.deepest, depth + target.height)
        if self.repeated > MOST_REPEATED:
            self._stop("alias-bomb", span, "aliases repeat too much of this file", "write the values out")
        if self.deepest > DEEPEST:
            self._stop("too-deep", span, f"this is nested more than {DEEPEST} levels deep", "flatten it")
        return target.node

    def _tagged(self, event: Any, depth: int) -> Refused:
        found = _TAG.search(self.lines.text, event.start_mark.index)
        start, end = found.span() if found else (event.start_mark.index, event.end_mark.index)
        tag = self.lines.text[start:end]
        hint = f"leave it out; if it is part of a text, put quotes around the text, as in `{quoted(tag)}`"
        if not isinstance(event, yaml.ScalarEvent):
            self._value(event, depth)
        return self._refuse("tag", self.lines.span(start, end), f"`{tag}` would be a YAML tag", hint)

    # --- texts --------------------------------------------------------------------------------------------------------

    def _scalar(self, event: Any) -> Node:
        text: str = event.value
        span = self._span(event)
        if event.style in ("|", ">") and not text.strip():
            return self._empty_block(span)
        if text == CUT:
            return Refused(span)
        if not text:
            return self._refuse("empty-value", span, "this value is empty", "write `missing` if there is to be none")
        if event.style:
            return Scalar(text, span, quoted=True)
        if text.lower() in ("null", "~"):
            return self._refuse("null-value", span, f"`{text}` is not a value here", "write `missing`")
        return self._swallowed(event) or Scalar(text, span)

    def _empty_block(self, span: Span) -> Refused:
        header = self.lines.line(span.line - 1)[span.column - 1 :].split(" #")[0].strip()
        if header in ("|", ">"):
            return self._refuse("empty-value", span, f"no text stands under `{header}`", "indent the text below it")
        hint = f"write `{quoted(header)}`"
        return self._refuse("must-quote", span, f"a value that starts with `{header[0]}` needs quotes", hint)

    def _swallowed(self, event: Any) -> Refused | None:
        """A plain value that goes on with `` #...``: YAML takes that for a comment and cuts the text, saying nothing."""
        start, end = event.start_mark.index, event.end_mark.index
        if not _SWALLOWED.match(self.lines.text, end):
            return None
        number = self.lines.number(end)
        rest = self.lines.line(number)[end - self.lines.starts[number] :]
        end += len(re.split(r"\s#\s", rest, maxsplit=1)[0].rstrip())
        hint = f"write `{quoted(self.lines.text[start:end])}`, or a space behind `#` if it is a comment"
        return self._refuse("comment-in-text", self.lines.span(start, end), "YAML ends this value before the `#`", hint)

    # --- lists and mappings -------------------------------------------------------------------------------------------

    def _sequence(self, start: Any, depth: int) -> Sequence:
        items: list[Node] = []
        event = next(self.events)
        while not isinstance(event, yaml.SequenceEndEvent):
            if _is_nothing(event):
                items.append(
                    self._refuse("empty-value", self._span(event), "this list item is empty", "write it, or delete it")
                )
            else:
                items.append(self._node(event, depth + 1))
            event = next(self.events)
        return Sequence(tuple(items), self._around(start, event))

    def _mapping(self, start: Any, depth: int) -> Mapping:
        entries: dict[str, Entry] = {}
        whole = True
        event = next(self.events)
        while not isinstance(event, yaml.MappingEndEvent):
            torn, self.torn = self.torn, False
            key = self._key(event, depth)
            entry = self._entry(key, event, depth)
            if key is None or entry is None or torn:
                whole = False
            elif key.text in entries:
                self._duplicate(key, entries[key.text].key)
            else:
                entries[key.text] = entry
            event = next(self.events)
        self.torn = False
        return Mapping(tuple(entries.values()), self._around(start, event), whole)

    def _key(self, event: Any, depth: int) -> Scalar | None:
        """The key of an entry; None when it is refused."""
        span = self._span(event)
        if isinstance(event, yaml.ScalarEvent) and not (event.anchor or event.tag):
            if event.value.startswith(CUT):
                return None
            if event.value == "<<" and not event.style:
                self._refuse("merge-key", span, "`<<` is not part of the rule language", "write the entries out")
                return None
            return Scalar(event.value, span, quoted=bool(event.style))
        node = self._node(event, depth + 1)
        if not isinstance(node, Scalar | Refused):
            hint = "put quotes around it if it is a text"
            self._refuse("key-not-text", node.span, "a key must be a word, not a list or a mapping", hint)
        return node if isinstance(node, Scalar) else None

    def _entry(self, key: Scalar | None, key_event: Any, depth: int) -> Entry | None:
        event = next(self.events)
        if key is None or not _is_nothing(event):
            value = self._node(event, depth + 1) if not _is_nothing(event) else None
            return Entry(key, value) if key and value else None
        following = _NEXT.match(self.lines.text, key_event.end_mark.index)
        if following and following[1] in (",", "}"):
            self._no_value(key, key_event)
            return None
        message = f"`{key.text}` has no value"
        return Entry(key, self._refuse("empty-value", key.span, message, "write `missing` if there is to be none"))

    def _duplicate(self, key: Scalar, first: Scalar) -> None:
        hint = f"it stands on line {first.span.line} already: keep one of the two"
        self._refuse("duplicate-key", key.span, f"`{key.text}` stands here twice", hint)

    def _no_value(self, key: Scalar, event: Any) -> None:
        text, start, end = self.lines.text, event.start_mark.index, event.end_mark.index
        word, colon, rest = key.text.partition(":")
        if colon and word and rest:
            hint = f"write `{word}: {rest}`, with a space behind the colon"
        elif text[start - 1] == "," and text[end] in ",}":
            hint = "a value with a comma in it needs quotes, as in `" + quoted(_around_commas(text, start, end)) + "`"
        elif text[start - 1] == "{" and text[end] == "}" and _PLACEHOLDER.fullmatch(key.text):
            hint = f"write `{key.text}: VALUE`; if this is a text, write `{quoted('{' + key.text + '}')}`"
        else:
            hint = f"write `{key.text}: VALUE`; a name or value with a comma in it needs quotes"
            self.torn = True
        self._refuse("no-value", key.span, f"`{key.text}` has no value", hint)

    # --- places -------------------------------------------------------------------------------------------------------

    def _span(self, event: Any) -> Span:
        """The place of an event, without the blanks and line ends that YAML counts to it."""
        start, end = event.start_mark.index, event.end_mark.index
        while end > start and self.lines.text[end - 1].isspace():
            end -= 1
        self.end = end
        return self.lines.span(start, end)

    def _around(self, start: Any, end: Any) -> Span:
        """From a list's or mapping's first character to its last."""
        if end.end_mark.index > end.start_mark.index:
            self.end = end.end_mark.index
        return self.lines.span(start.start_mark.index, max(self.end, start.start_mark.index))

    def _refuse(self, code: str, span: Span, message: str, hint: str) -> Refused:
        self.refused += 1
        if self.refused > MOST_REFUSED:
            self._stop(
                "too-many", span, f"there are more than {MOST_REFUSED} mistakes up to here", "correct these first"
            )
        self.problems.error(code, span, message, hint)
        return Refused(span)

    def _stop(self, code: str, span: Span, message: str, hint: str) -> NoReturn:
        self.problems.error(code, span, message, hint)
        raise TooMuchError


def _is_nothing(event: Any) -> bool:
    """Whether the event is a value that nobody wrote."""
    return isinstance(event, yaml.ScalarEvent) and not (event.value or event.style or event.anchor or event.tag)


def _around_commas(text: str, start: int, end: int) -> str:
    """The word around ``text[start:end]`` up to the next blank or bracket, commas included."""
    while text[start - 1] not in " {[:\n":
        start -= 1
    while text[end] not in " }]\n":
        end += 1
    return text[start:end]
