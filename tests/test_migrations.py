"""Stores of every age: what the migrations add up to is what a new store has, older ones are brought up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from store_places import NOW, opened

from makegood.engine import database, tables
from makegood.engine.store import Store, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with opened(request.param, tmp_path) as where:
        yield where


@pytest.fixture
def engine(place: str) -> Iterator[Engine]:
    made = database.open_engine(place)
    yield made
    made.dispose()


def schema(engine: Engine) -> dict[str, Any]:
    """Every column, key and index as the database itself describes them."""
    seen = inspect(engine)
    return {
        table: {
            "columns": [(c["name"], str(c["type"]), c["nullable"]) for c in seen.get_columns(table)],
            "key": seen.get_pk_constraint(table)["constrained_columns"],
            "unique": sorted(str(each["column_names"]) for each in seen.get_unique_constraints(table)),
            "indexes": sorted(
                str((each["name"], each["column_names"], each["unique"])) for each in seen.get_indexes(table)
            ),
            "points_at": sorted(
                str((k["constrained_columns"], k["referred_table"])) for k in seen.get_foreign_keys(table)
            ),
        }
        for table in seen.get_table_names()
    }


def test_migrations_add_up_to_a_new_store(engine: Engine, tmp_path: Path, place: str) -> None:
    with engine.begin() as connection:
        database.migrate(connection, place, None)
    grown = schema(engine)
    with engine.connect() as connection:
        compared = MigrationContext.configure(connection, opts={"version_table": database.VERSION_TABLE})
        assert compare_metadata(compared, tables.metadata) == []
    with engine.begin() as connection:
        tables.metadata.drop_all(connection)
        connection.execute(text(f"DROP TABLE {database.VERSION_TABLE}"))
    database.make_current(engine, place, NOW)
    assert schema(engine) == grown


def test_the_newest_revision_is_the_last_migration() -> None:
    folder = str(database.Path(database.__file__).parent / "migrations")
    assert ScriptDirectory(folder, version_locations=[folder]).get_current_head() == tables.REVISION


def test_opening_twice_makes_nothing_twice(engine: Engine, place: str) -> None:
    database.make_current(engine, place, NOW)
    database.make_current(engine, place, NOW)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM store")).scalar() == 1


def test_a_store_of_a_newer_makegood_is_refused(engine: Engine, place: str) -> None:
    database.make_current(engine, place, NOW)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {database.VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer makegood") as error:
        Store.open(place, now=lambda: NOW)
    assert "9999" in error.value.message
    assert "newest makegood" in error.value.hint


SINCE_0002 = (
    *("events DROP COLUMN silent", "people DROP COLUMN away", "journal DROP COLUMN why"),
    "events RENAME COLUMN commitments TO silent",
)
"""What takes each migration back, in their order."""


def aged(engine: Engine, place: str, revision: str, *since: str) -> None:
    """Make a store as it was at a revision, before these changes of tables were made."""
    database.make_current(engine, place, NOW)
    with engine.begin() as connection:
        for taken_back in reversed(since):
            connection.execute(text(f"ALTER TABLE {taken_back}"))
        connection.execute(text(f"UPDATE {database.VERSION_TABLE} SET version_num = '{revision}'"))


def test_people_of_an_older_store_are_told_again_with_their_time_zones(engine: Engine, place: str) -> None:
    aged(engine, place, "0001", "people DROP COLUMN time_zone", *SINCE_0002)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO helpdesks (name, refreshed_at) VALUES ('support', 1)"))
    database.make_current(engine, place, NOW)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT refreshed_at FROM helpdesks")).scalar() is None
        assert "time_zone" in {column["name"] for column in inspect(connection).get_columns("people")}


def test_messages_of_an_older_store_stay_and_are_still_to_be_read(engine: Engine, place: str) -> None:
    aged(engine, place, "0002", *SINCE_0002)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO helpdesks (id, name) VALUES (1, 'support')"))
        columns = "desk, ticket, at, seq, id, kind, actor_kind, text, public, auto"
        values = "1, '7', 0, 1, 'e1', 'message', 'agent', 'hello', true, false"
        connection.execute(text(f"INSERT INTO events ({columns}) VALUES ({values})"))
    database.make_current(engine, place, NOW)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT text, commitments FROM events")).one() == ("hello", None)


def test_of_people_of_an_older_store_nobody_knows_whether_they_are_away(engine: Engine, place: str) -> None:
    aged(engine, place, "0003", *SINCE_0002[1:])
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO helpdesks (id, name) VALUES (1, 'support')"))
        columns = "desk, id, name, role, active, groups, tags, fields"
        connection.execute(
            text(f"INSERT INTO people ({columns}) VALUES (1, 'p1', 'Ana', 'agent', true, '[]', '[]', '{{}}')")
        )
    database.make_current(engine, place, NOW)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT name, away FROM people")).one() == ("Ana", None)


def test_of_what_an_older_makegood_did_nobody_knows_out_of_whom(engine: Engine, place: str) -> None:
    aged(engine, place, "0004", *SINCE_0002[2:])
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO helpdesks (id, name) VALUES (1, 'support')"))
        connection.execute(
            text("INSERT INTO runs (id, desk, plan, rules_fingerprint, started_at) VALUES ('r', 1, 'p', 'f', 0)")
        )
        columns = "run, desk, ticket, rule, rule_id, rule_fingerprint, action, effect, change, rights, version_before, intent_at"
        values = "'r', 1, '7', 'R', 'r', 'f', 'assign', 'e', 'c', 'x', '1', 0"
        connection.execute(text(f"INSERT INTO journal ({columns}) VALUES ({values})"))
    database.make_current(engine, place, NOW)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT ticket, why FROM journal")).one() == ("7", None)
