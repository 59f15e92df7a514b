"""Where tests keep a store: a file, or a PostgreSQL database of their own."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SERVER = os.environ.get("MAKEGOOD_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432")


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[str]:
    """A place for a store, gone again at the end."""
    if kind == "sqlite":
        yield str(folder / "store.db")
        return
    import psycopg

    name = f"makegood_{secrets.token_hex(6)}"
    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{SERVER}/{name}"
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
