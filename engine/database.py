"""Opening the store's database, SQLite or PostgreSQL: connections, transactions, migrations, and errors in plain words."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError

from . import tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from alembic.runtime.migration import RevisionStep
    from alembic.script import ScriptDirectory
    from sqlalchemy import URL, Connection, Engine

VERSION_TABLE = "store_version"
BUSY_SECONDS = 30
"""How long a write waits for another process's write before it gives up."""


class StoreError(Exception):
    """The store cannot be used. ``message`` is for an admin, ``hint`` says what to do about it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


_MOVE = "check `store` in makegood.toml, or move the file away: a new one is filled by the next pull"
_SYMPTOMS = (
    ("is locked", "is locked by another program", "wait for the other makegood to finish, or end it"),
    ("readonly", "cannot be written", "check who owns the file and its folder"),
    ("attempt to write", "cannot be written", "check who owns the file and its folder"),
    ("unable to open", "cannot be opened", "check that the folder is there and may be written"),
    ("is full", "has no room left on its disk", "make room and run the same command again: nothing was half-written"),
    (
        "No space left",
        "has no room left on its disk",
        "make room and run the same command again: nothing was half-written",
    ),
    ("not a database", "is not a makegood store", _MOVE),
    ("malformed", "is damaged", _MOVE),
    ("disk I/O", "cannot be read or written", "check the disk"),
    ("password authentication", "refuses the user or password", "check `store` in makegood.toml"),
    ("connection", "cannot be reached", "check that the PostgreSQL server runs and `store` in makegood.toml"),
)


@contextmanager
def in_plain_words(place: str) -> Iterator[None]:
    """Turn what the database driver says about ``place`` into a :class:`StoreError`; bugs in our statements stay bugs."""
    try:
        yield
    except DatabaseError as error:
        said = str(error.orig)
        for symptom, message, hint in _SYMPTOMS:
            if symptom in said:
                raise StoreError(f"the store {place} {message}", hint=hint) from error
        if isinstance(error, OperationalError):
            raise StoreError(f"the store {place} does not work: {said.strip()}", hint=_MOVE) from error
        raise


def open_engine(place: str) -> Engine:
    """A connection pool for ``place``: a path of a SQLite file, or a ``postgresql://`` URL.

    Raises:
        StoreError: the URL is not one, or what PostgreSQL needs is not installed.
    """
    url = _url(place)
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        return create_engine(url, pool_pre_ping=True)
    except ImportError as error:
        hint = "pip install 'makegood[postgres]'"
        raise StoreError("a store on PostgreSQL needs the driver psycopg, which is not installed", hint=hint) from error


def shown(place: str) -> str:
    """``place`` as messages may show it: a URL without its password."""
    return _url(place).render_as_string(hide_password=True) if "://" in place else place


def _url(place: str) -> URL:
    if "://" not in place:
        return make_url("sqlite://").set(database=str(Path(place).expanduser()))
    hint = "a path, or postgresql://user:password@host/database"
    try:
        url = make_url(place)
    except ArgumentError as error:
        raise StoreError("`store` in makegood.toml is not a database URL", hint=hint) from error
    name = url.drivername.partition("+")[0]
    if name not in {"sqlite", "postgresql", "postgres"}:
        raise StoreError(f"a store cannot be kept in {name}", hint=hint)
    return url if name == "sqlite" else url.set(drivername="postgresql+psycopg")


def _prepare_sqlite(connection: object, _record: object) -> None:
    """WAL lets plans read while a sync writes; a full sync at each commit keeps the journal through a power cut."""
    connection.isolation_level = None  # type: ignore[attr-defined]
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "cache_size = -32000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Writers queue up at their start: a reader that turns writer half-way could only fail."""
    reads = connection.get_execution_options().get("isolation_level_reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent view of everything, whatever others write meanwhile."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection = connection.execution_options(isolation_level_reads=True)  # noqa: PLW2901
        else:
            connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901
        with connection.begin():
            yield connection


def make_current(engine: Engine, place: str, now: datetime) -> None:
    """Make the tables of a new store, or bring an older one up to date; one process at a time.

    Raises:
        StoreError: the database is somebody else's, or from a newer makegood.
    """
    with reading(engine) as connection:
        if _revision(connection, place) == tables.REVISION:
            return
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('makegood store'))"))
        at = _revision(connection, place)
        if at is None:
            _make(connection, now)
        elif at != tables.REVISION:
            migrate(connection, place, at)


def _make(connection: Connection, now: datetime) -> None:
    """Every table at once; what the migrations add up to is the same."""
    tables.metadata.create_all(connection)
    connection.execute(text(f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text(f"INSERT INTO {VERSION_TABLE} VALUES ('{tables.REVISION}')"))  # noqa: S608
    connection.execute(tables.store.insert().values(id=secrets.token_hex(8), made_at=now))


def _revision(connection: Connection, place: str) -> str | None:
    """Where the store stands; None for an empty database."""
    names = set(inspect(connection).get_table_names())
    if VERSION_TABLE in names:
        return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608
    ours = set(tables.metadata.tables)
    if names and (connection.dialect.name == "sqlite" or names & ours):
        raise StoreError(
            f"the store {place} is not a makegood store: it holds the tables of something else", hint=_MOVE
        )
    return None


def migrate(connection: Connection, place: str, at: str | None) -> None:
    """Run the migrations after ``at``; None for an empty database.

    Raises:
        StoreError: ``at`` is none of ours, so the store is from a newer makegood.
    """
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    folder = str(Path(__file__).parent / "migrations")
    script = ScriptDirectory(folder, version_locations=[folder])
    if at is not None and at not in {revision.revision for revision in script.walk_revisions()}:
        hint = "install the newest makegood, or use another store"
        raise StoreError(f"the store {place} was made by a newer makegood (its tables are at {at})", hint=hint)
    steps = partial(_steps_from, script)
    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(connection=connection, version_table=VERSION_TABLE, transactional_ddl=True)
        environment.run_migrations()


def _steps_from(script: ScriptDirectory, at: str, _context: object) -> list[RevisionStep]:
    return script._upgrade_revs("head", at)  # noqa: SLF001  (what alembic's own upgrade command calls)
