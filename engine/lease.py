"""Who may sync a helpdesk: a row with host, process and a term of two minutes that its holder keeps renewing."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update

from . import tables
from .database import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from .store import Store

TERM = timedelta(minutes=2)
RENEW_SECONDS = 30.0
PATIENCE = "wait for it to end; should it have died, its lease ends by itself within two minutes"


class LockHeld(Exception):
    """Somebody else holds the lease. ``message`` says who and since when, ``hint`` what to do."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that is ours until it is released or its term runs out."""

    store: Store
    name: str
    holder: str
    now: Callable[[], datetime]

    def renew(self) -> None:
        """Begin the term anew.

        Raises:
            LockHeld: the term had run out, and somebody else took over.
        """
        columns = tables.leases.c
        with self.store.writing() as connection:
            ours = update(tables.leases).where(columns.name == self.name, columns.holder == self.holder)
            kept = connection.execute(ours.values(until=self.now() + TERM)).rowcount
        if not kept:
            raise LockHeld(f"this run lost its lease of {self.name} while it stood still", hint="run it again")

    def release(self) -> None:
        """Let others have it."""
        columns = tables.leases.c
        with self.store.writing() as connection:
            connection.execute(delete(tables.leases).where(columns.name == self.name, columns.holder == self.holder))


@contextmanager
def lease(store: Store, helpdesk: str, *, now: Callable[[], datetime]) -> Iterator[Lease]:
    """Be the only one that pulls or writes ``helpdesk`` inside the block; the term is renewed in the background.

    Raises:
        LockHeld: another process has the lease.
    """
    ours = _take(store, helpdesk, now)
    done = threading.Event()
    thread = threading.Thread(target=_keep, args=(ours, done), name=f"lease of {helpdesk}", daemon=True)
    thread.start()
    try:
        yield ours
    finally:
        done.set()
        thread.join()
        ours.release()


def _keep(ours: Lease, done: threading.Event) -> None:
    while not done.wait(RENEW_SECONDS):
        try:
            ours.renew()
        except StoreError:
            continue  # busy for once: the term is longer than four such tries
        except LockHeld:
            return  # the run itself finds out before its next write


def _take(store: Store, name: str, now: Callable[[], datetime]) -> Lease:
    ours = Lease(store, name, secrets.token_hex(8), now)
    columns = tables.leases.c
    with store.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("LOCK TABLE leases IN EXCLUSIVE MODE")
        other = connection.execute(select(tables.leases).where(columns.name == name)).first()
        if other is not None and other.until > now() and not _died_here(other):
            raise LockHeld(f"a sync or pull of {name} is already under way: {_who(other)}", hint=PATIENCE)
        _write(connection, ours)
    return ours


def _write(connection: Connection, ours: Lease) -> None:
    now = ours.now()
    connection.execute(delete(tables.leases).where(tables.leases.c.name == ours.name))
    values = {"name": ours.name, "holder": ours.holder, "host": socket.gethostname(), "pid": os.getpid()}
    connection.execute(tables.leases.insert().values(values | {"since": now, "until": now + TERM}))


def _who(other: Row[Any]) -> str:
    return f"process {other.pid} on {other.host}, since {other.since:%Y-%m-%d %H:%M} UTC"


def _died_here(other: Row[Any]) -> bool:
    """Whether the holder was a process of this machine that is no more."""
    if other.host != socket.gethostname():
        return False
    try:
        os.kill(other.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return _is_zombie(other.pid)


def _is_zombie(pid: int) -> bool:
    """Whether a process has ended and only waits for its parent to notice, as Linux tells it (proc(5), "stat")."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False
