"""A desk whose user is killed at a chosen step, and the processes that die that way.

The processes are forked from a server that has the imports done but no threads yet: Polars does not survive a fork.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from typing import TYPE_CHECKING, Any
from unittest import mock

from fake_desk import Clock, make_desk

from makegood.connectors import local
from makegood.engine.notify import Notifier
from makegood.engine.pull import pull
from makegood.engine.store import Store
from makegood.engine.sync import sync
from makegood.rules.load import load_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from makegood.connectors.base import Change, Page, Written
    from makegood.connectors.local import Local

DESK = "support"
RULES, _ = load_text(
    """
rules:
  - name: Refunds
    when: {subject: {contains: refund}}
    set: {priority: urgent}
    add_tags: [money]
    assign: {to: ana@example.com}
    note: A refund.
"""
)
IMPORTED_LATE = ("makegood.engine.evaluate", "makegood.engine.plan")
TICKETS = ("Refund 1", "Refund 2", "Login", "Refund 3")


class Mortal:
    """A desk whose user is killed at one step: pages handed out, and before and after each write, are counted."""

    def __init__(self, desk: Local, dies_at: int) -> None:
        self._desk, self._left = desk, dies_at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._desk, name)

    def step(self) -> None:
        self._left -= 1
        if self._left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def pull(self, cursor: str | None, *, refresh: bool = False) -> Iterator[Page]:
        for page in self._desk.pull(cursor, refresh=refresh):
            self.step()
            yield page
            self.step()

    def apply(self, ticket: str, changes: Sequence[Change], version: str) -> Written:
        self.step()
        written = self._desk.apply(ticket, changes, version)
        self.step()
        return written


def fill(folder: Path, clock: Clock) -> None:
    with make_desk(folder / "desk.db", clock) as desk:
        for subject in TICKETS:
            desk.create("u1", subject, "hello")


def one_sync(folder: Path, clock: Clock, dies_at: int = 10_000) -> None:
    assert RULES is not None
    with local.Local(folder / "desk.db", now=clock) as desk, Store.open(folder / "store.db", now=clock) as store:
        mortal: Any = Mortal(desk, dies_at)
        sync(mortal, store, DESK, RULES, now=clock, notifier=Notifier())


def one_pull(folder: Path, clock: Clock, dies_at: int = 10_000) -> None:
    pages = mock.patch.object(local, "PAGE", 2)
    with pages, local.Local(folder / "desk.db", now=clock) as desk, Store.open(folder / "store.db", now=clock) as store:
        mortal: Any = Mortal(desk, dies_at)
        pull(mortal, store, DESK, now=clock)


def in_a_process(work: Callable[..., None], *given: Any) -> int | None:
    """How the process that did ``work`` ended: 0, or minus the signal that killed it."""
    child = started(work, *given)
    child.join()
    return child.exitcode


def started(work: Callable[..., None], *given: Any) -> BaseProcess:
    """A process that does ``work``."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload([__name__, *IMPORTED_LATE])
    child = server.Process(target=work, args=given)
    child.start()
    return child
