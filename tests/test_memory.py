"""What a connector may ask the local copy: what was stored comes back, and nothing else does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event as listen
from store_places import NOW, opened

from makegood.connectors.base import Page
from makegood.connectors.ticket import Event, Organization, Person, Ticket
from makegood.engine.memory import StoreMemory
from makegood.engine.rows import AT_ONCE
from makegood.engine.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from makegood.connectors.base import Memory

ANA = Person("1", "Ana", "ana@example.com", role="agent", groups=("Support",), away=True, fields={"floor": "2"})
BEN = Person("2", "Ben", "ben@example.com", role="agent", away=False)
PRINTER = Ticket("7", "v1", NOW, NOW, "open", subject="Printer", tags=("hot",))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with opened(request.param, tmp_path) as place, Store.open(place, now=lambda: NOW) as made:
        yield made


def memory_of(store: Store, helpdesk: str = "support") -> Memory:
    return StoreMemory(lambda: store, helpdesk)


def fill(store: Store, helpdesk: str = "support") -> None:
    said = [Event(f"e{number}", "7", NOW, "message", seq=number) for number in range(3)]
    page = Page("c", [PRINTER], said, [ANA, BEN], [Organization("10", "Birch"), Organization("11", "Oak")])
    store.save_page(helpdesk, page)


def test_before_the_first_pull_nothing_is_known(store: Store) -> None:
    memory = memory_of(store)
    assert memory.cursor() is None
    assert memory.ticket("7") is None
    assert memory.people(["1"]) == {}
    assert memory.organizations(["10"]) == {}
    assert set(memory.events(["e1"])) == set()
    assert memory.clocks(["7"]) == {}


def test_what_was_stored_is_known(store: Store) -> None:
    fill(store)
    memory = memory_of(store)
    assert memory.cursor() == "c"
    assert memory.ticket("7") == PRINTER
    assert memory.ticket("8") is None
    assert memory.people({"1", "2", "3"}) == {"1": ANA, "2": BEN}
    assert memory.organizations(["11", "12"]) == {"11": "Oak"}
    assert set(memory.events(("e0", "e2", "e9"))) == {"e0", "e2"}


def test_a_clock_stands_as_it_was_told_last(store: Store) -> None:
    told = [("a", 2, "reply", "met"), ("b", 1, "reply", "running"), ("c", 3, "rest", "paused"), ("d", 4, "gone", None)]
    said = [Event(name, "7", NOW, "sla", seq=seq, field=clock, new=state) for name, seq, clock, state in told]
    message = Event("e", "7", NOW, "message", seq=9, field="reply", new="nonsense")
    store.save_page("support", Page("c", [PRINTER], [*said, message]))
    store.save_page("other", Page("c", [PRINTER], [Event("f", "7", NOW, "sla", seq=9, field="reply", new="missed")]))
    assert memory_of(store).clocks(["7", "8"]) == {"7": {"reply": "met", "rest": "paused", "gone": None}}


def test_what_another_helpdesk_knows_is_not(store: Store) -> None:
    fill(store, "other")
    memory = memory_of(store)
    assert memory.ticket("7") is None
    assert memory.people(["1"]) == {}
    assert set(memory.events(["e1"])) == set()


def test_what_was_stored_since_is_known_too(store: Store) -> None:
    memory = memory_of(store)
    assert memory.people(["1"]) == {}
    fill(store)
    assert memory.people(["1"]) == {"1": ANA}


def test_many_ids_are_few_statements(store: Store) -> None:
    people = [Person(str(number), f"P{number}") for number in range(2 * AT_ONCE + 5)]
    store.save_page("support", Page("c", people=people))
    asked: list[str] = []
    listen.listen(store._engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    known = memory_of(store).people([person.id for person in people] * 2 + ["nobody"])
    assert known == {person.id: person for person in people}
    assert len([text for text in asked if text.startswith("SELECT")]) == 3


def test_asking_for_nothing_opens_no_store() -> None:
    def never() -> Store:
        raise AssertionError("the store was opened")

    memory = StoreMemory(never, "support")
    assert memory.people([]) == {}
    assert memory.organizations(()) == {}
    assert set(memory.events(set())) == set()
    assert memory.clocks(()) == {}
