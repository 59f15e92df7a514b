"""Progress bars for what takes more than two seconds, on a terminal; nothing otherwise."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from .paint import colourful

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Task, TaskID

    Tick = Callable[[int, int | None], None]
    NewBar = Callable[[str, str], Tick]

PATIENCE = 2.0
"""Seconds after which people want to see that something happens."""


@contextmanager
def progress(what: str, pace: str = "") -> Iterator[Tick]:
    """Gives a function to call with (done so far, expected in all or None), as often as one likes.

    ``pace`` says what is counted, such as ``tickets``: then the bar also shows how many a minute, and the time left.
    """
    with bars() as bar:
        yield bar(what, pace)


@contextmanager
def bars() -> Iterator[NewBar]:
    """Gives a function that makes a bar, as :func:`progress` does; of several the one in use is shown."""
    shown = _Bars() if sys.stderr.isatty() else None
    try:
        yield shown.add if shown else _nobody_watches
    finally:
        if shown:
            shown.stop()


def _nobody_watches(_what: str, _pace: str) -> Tick:
    return lambda _done, _expected: None


class _Bars:
    """The bars, shown only once patience has run out."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        console = Console(stderr=True, no_color=not colourful(sys.stderr))
        pieces = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.fields[pace]}"))
        described = TextColumn("{task.description}", markup=False)
        self._progress = Progress(described, *pieces, console=console, transient=True)
        self._timer = threading.Timer(PATIENCE, self._progress.start)
        self._timer.daemon = True
        self._timer.start()

    def add(self, what: str, pace: str) -> Tick:
        first = not self._progress.tasks
        task = self._progress.add_task(what, start=first, total=None, visible=first, pace="")

        def tick(done: int, expected: int | None) -> None:
            self._show(task)
            self._progress.update(task, completed=done, total=expected)
            if pace:
                self._progress.update(task, pace=_pace(self._progress.tasks[task], pace))

        return tick

    def _show(self, shown: TaskID) -> None:
        self._progress.start_task(shown)
        for task in self._progress.tasks:
            self._progress.update(task.id, visible=task.id == shown)

    def stop(self) -> None:
        self._timer.cancel()
        self._progress.stop()


def _pace(task: Task, what: str) -> str:
    """How many a minute since the beginning, and how long the rest takes at that pace.

    A desk that allows so many writes a minute takes the first of them at once, so the last few say little.
    """
    if not (task.elapsed and task.total and task.completed):
        return ""
    speed = task.completed / task.elapsed
    left = timedelta(seconds=round((task.total - task.completed) / speed))
    return f"{speed * 60:.0f} {what} a minute, {left} left"
