"""Reads the calendar files that a rule file names: they are looked up in its own folder."""

# ruff: noqa: D102 (what a shape's methods do is said once, at shapes.Shape)
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import calendar_file
from .calendar_file import CalendarFile
from .holiday_list import CalendarError
from .nodes import Scalar
from .shapes import text_of
from .source import LARGEST

if TYPE_CHECKING:
    from pathlib import Path

    from .nodes import Node
    from .shapes import Reader, Schema

SUFFIX = ".ics"


def names_file(node: Node) -> bool:
    """Whether a value looks like the name of a calendar file."""
    return isinstance(node, Scalar) and node.text.strip().lower().endswith(SUFFIX)


@dataclass(frozen=True, slots=True)
class CalendarFileName:
    """A calendar file beside the rule file. Its zone is set by whoever knows it."""

    says: str = "a calendar file such as `holidays.ics`"

    def read(self, node: Node, reader: Reader) -> CalendarFile | None:
        name = text_of(node, reader, self.says)
        if name is None:
            return None
        if not names_file(node):
            reader.error("bad-value", node, f"`{name}` is not {self.says}", "its name ends in `.ics`")
            return None
        content = _content(node, name.strip(), reader)
        if content is None:
            return None
        file = CalendarFile(name.strip(), content)
        try:
            calendar_file.check(file)
        except CalendarError as error:
            reader.error("bad-calendar-file", node, f"{name}: {error}", error.hint)
            return None
        return file

    def schema(self) -> Schema:
        return {"type": "string", "pattern": r"\.[iI][cC][sS]\s*$"}


def _content(node: Node, name: str, reader: Reader) -> str | None:
    """What is in the file; from then on the file is one of the reader's sources."""
    folder = reader.folders.get(node.span.file)
    if "://" in name:
        reader.error("unreadable", node, f"{name} is not on this machine", "fetch it into a file and name that")
    elif folder is None:
        reader.error("unreadable", node, f"{name} needs a rule file on disk", "it is looked up beside the rule file")
    else:
        text = _read(folder / name, node, reader)
        if text is not None:
            reader.sources.setdefault(str(folder / name), text)
        return text
    return None


def _read(path: Path, node: Node, reader: Reader) -> str | None:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            reader.error("too-large", node, f"{path.name} is larger than 2 MB", "leave out the events of past years")
            return None
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        reader.error("not-utf8", node, f"{path.name} is not UTF-8 text", "save it as UTF-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        reader.error("unreadable", node, f"cannot read {path.name}: {reason}", "put it beside this rule file")
    return None
