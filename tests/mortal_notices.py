"""Somebody who sends notices and is killed at a chosen step: before or after a message went out."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from fake_desk import Clock, make_desk
from mortal import DESK

from makegood.connectors import local
from makegood.engine.notify import Notifier
from makegood.engine.store import Store
from makegood.engine.sync import sync
from makegood.rules.load import load_text

if TYPE_CHECKING:
    from pathlib import Path

RULES, _ = load_text(
    """
rules:
  - {name: Told, when: {subject: {contains: refund}}, backlog: include, notify: [ops, leads], add_tags: [told]}
  - {name: Told twice, when: {subject: {contains: refund}}, backlog: include, notify: ops}
"""
)
LETTERS = "letters.txt"


class MortalNotifier(Notifier):
    """Writes what it sends into a file, a line each; dies at one step, before and after each message being one."""

    def __init__(self, folder: Path, dies_at: int) -> None:
        super().__init__({"ops": "json://x", "leads": "json://x"})
        object.__setattr__(self, "folder", folder)
        object.__setattr__(self, "left", [dies_at])

    folder: Path
    left: list[int]

    def step(self) -> None:
        self.left[0] -= 1
        if self.left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def send(self, receiver: str, title: str, text: str) -> None:
        self.step()
        with (self.folder / LETTERS).open("a") as letters:
            letters.write(f"{receiver}: {title}: {text!r}\n")
        self.step()


def fill(folder: Path, clock: Clock) -> None:
    with make_desk(folder / "desk.db", clock) as desk:
        for subject in ("Refund 1", "Refund 2", "Login"):
            desk.create("u1", subject, "hello")


def one_telling_sync(folder: Path, clock: Clock, dies_at: int = 10_000) -> None:
    assert RULES is not None
    with local.Local(folder / "desk.db", now=clock) as desk, Store.open(folder / "store.db", now=clock) as store:
        sync(desk, store, DESK, RULES, now=clock, notifier=MortalNotifier(folder, dies_at))
