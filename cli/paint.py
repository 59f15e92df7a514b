"""Colour, where somebody can see it: a terminal that does not ask for none."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, TextIO

import click

from ..rules.diagnostics import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    Paint = Callable[[str, str], str]

STYLES: dict[str, dict[str, object]] = {
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "info": {"fg": "cyan"},
    "hint": {"fg": "cyan"},
    "place": {"bold": True},
    "gutter": {"fg": "blue"},
    "heading": {"bold": True},
    "dim": {"dim": True},
    "add": {"fg": "green"},
    "remove": {"fg": "red"},
    "change": {"fg": "yellow"},
    "loud": {"fg": "black", "bg": "yellow", "bold": True},
    "ok": {"fg": "green"},
}
"""What each style of text looks like."""


def colourful(stream: TextIO) -> bool:
    """Whether colours are welcome there: a terminal, no ``NO_COLOR`` (https://no-color.org), no dumb terminal."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painter(stream: TextIO) -> Paint:
    """A function ``(style, text) -> text`` that colours for this stream, or does nothing."""
    return _coloured if colourful(stream) else plain


def _coloured(style: str, text: str) -> str:
    return click.style(text, **STYLES.get(style, {}))  # type: ignore[arg-type]


def width_of_terminal() -> int:
    """Columns to write in: the terminal's, at least 60, at most 120; 100 where there is none."""
    return max(60, min(120, shutil.get_terminal_size((100, 24)).columns))
