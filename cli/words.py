"""Small pieces of English and of layout that several commands say things with."""

from __future__ import annotations

import json
import re
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime


def count(number: int, word: str, plural: str | None = None) -> str:
    """A number with its word: ``1 rule``, ``1,200 rules``."""
    return f"{number:,} {word if number == 1 else plural or word + 's'}"


def clock(moment: datetime | None) -> str:
    """An instant for people: UTC, to the minute."""
    return moment.strftime("%Y-%m-%d %H:%M UTC") if moment else "never"


def shown(value: object) -> str:
    """A field's value for people."""
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(shown(each) for each in value)
    return printable(str(value))


def printable(text: str) -> str:
    """A text of a ticket without what could move the cursor of a terminal or change its colours."""
    return "".join(each if each.isprintable() or each in "\n\t" else "\ufffd" for each in text)


def seen(value: object, longest: int = 60) -> str:
    """A value as a rule saw it: instants to the minute, long texts by their beginning."""
    text = shown(value)
    if instant := re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)[\d:.]*Z", text):
        return f"{instant[1]} {instant[2]} UTC"
    return textwrap.shorten(text, longest, placeholder=" ...")


def columns(rows: Iterable[Sequence[str]], *, indent: int = 0, gap: int = 2) -> list[str]:
    """Rows of texts in columns as wide as their widest; a column that is empty everywhere is left out."""
    table = [list(row) for row in rows]
    table = [[row[n] for n in range(len(row)) if any(each[n] for each in table)] for row in table]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)] if table else []
    padded = ((cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table)
    return [" " * indent + (" " * gap).join(row).rstrip() for row in padded]


def wrapped(text: str, width: int, *, indent: int = 0) -> list[str]:
    """A paragraph in lines of at most ``width`` columns, each indented."""
    margin = " " * indent
    return textwrap.wrap(
        printable(text), width, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False
    )


def as_json(value: object) -> str:
    """Any answer as JSON, for people and programs."""
    return json.dumps(value, indent=2, ensure_ascii=False)
