"""Who may sync a helpdesk: a row with host, process and a term of two minutes that its holder keeps renewing."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from . import tables
from .database import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Row

    from .store import Store

TERM = timedelta(minutes=2)
RENEW_SECONDS = 30.0


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

    def renew(self) -> None:
        """Begin the term anew.

        Raises:
            LockHeld: the term had run out, and somebody else took over.
        """
        columns = tables.leases.c
        with self.store.writing() as connection:
            ours = update(tables.leases).where(columns.name == self.name, columns.holder == self.holder)
            kept = connection.execute(ours.values(until=self.store.now() + TERM)).rowcount
        if not kept:
            raise LockHeld(f"this run lost its lease of {self.name} while it stood still", hint="run it again")

    def release(self) -> None:
        """Let others have it."""
        columns = tables.leases.c
        with self.store.writing() as connection:
            connection.execute(delete(tables.leases).where(columns.name == self.name, columns.holder == self.holder))


@contextmanager
def held(store: Store, name: str) -> Iterator[Lease]:
    """Hold the lease ``name`` inside the block, renewed in the background.

    Raises:
        LockHeld: another process has it.
    """
    lease = _take(store, name)
    done = threading.Event()
    thread = threading.Thread(target=_keep, args=(lease, done), name=f"lease of {name}", daemon=True)
    thread.start()
    try:
        yield lease
    finally:
        done.set()
        thread.join()
        lease.release()


def _keep(lease: Lease, done: threading.Event) -> None:
    while not done.wait(RENEW_SECONDS):
        try:
            lease.renew()
        except StoreError:
            continue  # busy for once: the term is longer than four such tries
        except LockHeld:
            return  # the run itself finds out before its next write


def _take(store: Store, name: str) -> Lease:
    lease = Lease(store, name, secrets.token_hex(8))
    columns = tables.leases.c
    with store.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("LOCK TABLE leases IN EXCLUSIVE MODE")
        other = connection.execute(select(tables.leases).where(columns.name == name)).first()
        if other is not None and other.until > store.now() and not _died_here(other):
            raise LockHeld(
                f"{name} is already under way: process {other.pid} on {other.host}, since {other.since:%Y-%m-%d %H:%M} UTC",
                hint="wait for it to end; should it have died, its lease ends by itself within two minutes",
            )
        _write(connection, lease)
    return lease


def _write(connection: Connection, lease: Lease) -> None:
    now = lease.store.now()
    connection.execute(delete(tables.leases).where(tables.leases.c.name == lease.name))
    values = {"name": lease.name, "holder": lease.holder, "host": socket.gethostname(), "pid": os.getpid()}
    connection.execute(tables.leases.insert().values(values | {"since": now, "until": now + TERM}))


def _died_here(other: Row[tuple[object, ...]]) -> bool:
    """Whether the holder was a process of this machine that is no more."""
    if other.host != socket.gethostname():
        return False
    try:
        os.kill(other.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
