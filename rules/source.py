"""Reads a rule file: YAML as text with marks. Nothing is typed here: ``no``, ``1e3`` and ``17:00`` stay what was written.

What YAML allows but an admin cannot mean (a value cut off by ``#``, an entry without a value, ``null``) is refused by
``composer``, so that later layers see only words, mappings and lists. What is not YAML is explained by ``mistakes``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from .composer import Composer, TooMuchError
from .diagnostics import Lines, Problems, Span
from .mistakes import Repair
from .nodes import Entry, Mapping, Node, Refused, Scalar, Sequence

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LARGEST", "Entry", "Mapping", "Node", "Refused", "Scalar", "Sequence", "Source", "parse", "read"]

LARGEST = 2_000_000
"""Bytes of the largest file that is read."""

_BAD_CHARACTER = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue001-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""What YAML forbids, its invisible line ends, and U+E000, which marks what ``mistakes`` has cut out."""
_SURROGATES = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


@dataclass(frozen=True, slots=True)
class Source:
    """A file as read: its name, its text (for showing lines), its content. A root that is Refused: nothing can be read."""

    file: str
    text: str
    root: Node


def read(path: Path, problems: Problems, name: str | None = None) -> Source:
    """Reads a rule file; in diagnostics it is called ``name``, else its path.

    Raises:
        OSError: the file is not there or may not be read.
    """
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    return parse(data, name or str(path), problems)


def parse(data: bytes | str, file: str, problems: Problems) -> Source:
    """Reads the content of a rule file, UTF-8 with or without a byte order mark; whatever is wrong goes to ``problems``."""
    text = _decoded(data, file, problems)
    if text is None or not _readable(Lines(file, text), problems):
        return Source(file, text or "", Refused(Span(file, 1, 1, 1, 1)))
    if text.lstrip().startswith(("{", "[")):
        return Source(file, text, _composed(Lines(file, _SURROGATES.sub(_one_character, text)), problems))
    return Source(file, text, _composed(Lines(file, text), problems))


def _composed(lines: Lines, problems: Problems) -> Node:
    """The file's content; after a syntax error what is around it, so that later mistakes are found in the same run."""
    repair = Repair(lines, problems)
    while repair.lines is not None:
        found = Problems()
        try:
            root = Composer(repair.lines, found).document()
        except yaml.MarkedYAMLError as error:
            repair.cut(error, found)
        except TooMuchError:
            problems.add(*found.items)
            break
        else:
            problems.add(*found.items)
            return root
    return Refused(Span(lines.file, 1, 1, 1, 1))


def _decoded(data: bytes | str, file: str, problems: Problems) -> str | None:
    start = Span(file, 1, 1, 1, 2)
    if len(data) > LARGEST:
        problems.error(
            "too-large", start, "this file is larger than 2 MB", "split it with `include`, if it is a rule file"
        )
        return None
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        problems.error("not-utf8", start, "this file is written in UTF-16", "save it as UTF-8")
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", "replace")
        place = Lines(file, before + "?").span(len(before), len(before) + 1)
        message = f"this is not UTF-8 text (byte 0x{data[error.start]:02x})"
        problems.error("not-utf8", place, message, "save the file as UTF-8")
        return None


def _readable(lines: Lines, problems: Problems) -> bool:
    found = _BAD_CHARACTER.search(lines.text)
    if found:
        what = (
            "a NUL byte: is this a text file?" if found[0] == "\0" else f"the invisible character U+{ord(found[0]):04X}"
        )
        span = lines.span(found.start(), found.end())
        problems.error("control-character", span, f"here stands {what}", "delete it, or type the line again")
    return not found


def _one_character(pair: re.Match[str]) -> str:
    """JSON writes a character beyond U+FFFF as two escapes, YAML as one."""
    high, low = int(pair[1], 16), int(pair[2], 16)
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08X}"
