"""A progress bar for what takes more than two seconds, on a terminal; nothing otherwise."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .paint import colourful

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Tick = Callable[[int, int | None], None]

PATIENCE = 2.0
"""Seconds after which people want to see that something happens."""


@contextmanager
def progress(what: str) -> Iterator[Tick]:
    """Gives a function to call with (done so far, expected in all or None), as often as one likes."""
    bar = _Bar(what) if sys.stderr.isatty() else None
    try:
        yield bar.tick if bar else _silent
    finally:
        if bar:
            bar.stop()


def _silent(_done: int, _expected: int | None) -> None:
    """Where nobody watches."""


class _Bar:
    """The bar, shown only once patience has run out."""

    def __init__(self, what: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        console = Console(stderr=True, no_color=not colourful(sys.stderr))
        pieces = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*pieces, console=console, transient=True)
        self._task = self._progress.add_task(what, total=None)
        self._from = time.monotonic() + PATIENCE

    def tick(self, done: int, expected: int | None) -> None:
        if time.monotonic() >= self._from and not self._progress.live.is_started:
            self._progress.start()
        self._progress.update(self._task, completed=done, total=expected)

    def stop(self) -> None:
        if self._progress.live.is_started:
            self._progress.stop()
