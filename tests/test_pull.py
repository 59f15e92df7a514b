"""Pulling: only what changed, page by page, and on from the last page after any end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fake_desk import Clock, make_desk

from makegood.connectors import local
from makegood.connectors.base import Capabilities, Retryable
from makegood.engine.pull import PullReport, pull
from makegood.engine.snapshot import Needs
from makegood.engine.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from makegood.connectors.base import Page
    from makegood.connectors.local import Local

DESK = "support"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Local]:
    monkeypatch.setattr(local, "PAGE", 3)
    with make_desk(tmp_path / "desk.db", clock) as made:
        for number in range(10):
            made.create("u1", f"no. {number}", "hello")
        yield made


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with Store.open(tmp_path / "store.db", now=clock) as made:
        yield made


def bring(desk: Any, store: Store, clock: Clock, **more: Any) -> PullReport:
    return pull(desk, store, DESK, now=clock, **more)


def copy_of(store: Store, clock: Clock) -> tuple[Any, Any]:
    needs = Needs(frozenset({"priority"}), messages=True, texts=True, ratings=True, closed=True)
    found = store.snapshot(DESK, clock(), needs, Capabilities(frozenset()))
    return found.tickets.sort("id").rows(), found.events.sort("ticket", "at", "seq").rows()


class Cut:
    """A desk that goes away after some pages, and remembers what it was asked."""

    def __init__(self, desk: Local, pages: int = 99) -> None:
        self._desk, self._pages = desk, pages
        self.asked: list[tuple[str | None, bool]] = []

    @property
    def calls(self) -> int:
        return self._desk.calls

    def pull(self, cursor: str | None, *, refresh: bool = False) -> Iterator[Page]:
        self.asked.append((cursor, refresh))
        for number, page in enumerate(self._desk.pull(cursor, refresh=refresh)):
            if number == self._pages:
                raise Retryable("the line is cut")
            yield page


def test_the_first_pull_brings_everything(desk: Local, store: Store, clock: Clock) -> None:
    report = bring(desk, store, clock)
    assert (report.tickets, report.events, report.complete) == (10, 20, True)
    assert report.calls == desk.calls
    assert store.standing(DESK).known_to == clock()


def test_a_quiet_pull_is_one_call_and_brings_nothing(desk: Local, store: Store, clock: Clock) -> None:
    bring(desk, store, clock)
    assert bring(desk, store, clock) == PullReport(1, 0, 0, 0.0, complete=True)


def test_only_what_changed_is_brought(desk: Local, store: Store, clock: Clock) -> None:
    bring(desk, store, clock)
    clock.turn()
    desk.change("4", "ana", "priority", "high")
    report = bring(desk, store, clock)
    assert (report.tickets, report.events) == (1, 1)
    found = store.ticket(DESK, "4")
    assert found is not None
    assert found.priority == "high"


@pytest.mark.parametrize("pages", [0, 1, 2, 3])
def test_a_cut_pull_goes_on_from_the_last_page(
    desk: Local, store: Store, clock: Clock, pages: int, tmp_path: Path
) -> None:
    with pytest.raises(Retryable):
        bring(Cut(desk, pages), store, clock)
    assert store.standing(DESK).known_to is None
    rest = bring(desk, store, clock)
    assert rest.tickets == 10 - 3 * pages
    with Store.open(tmp_path / "whole.db", now=clock) as whole:
        bring(desk, whole, clock)
        assert copy_of(store, clock) == copy_of(whole, clock)


def test_changes_during_a_cut_pull_are_not_lost(desk: Local, store: Store, clock: Clock) -> None:
    with pytest.raises(Retryable):
        bring(Cut(desk, 2), store, clock)
    desk.change("1", "ana", "priority", "high")
    bring(desk, store, clock)
    found = store.ticket(DESK, "1")
    assert found is not None
    assert found.priority == "high"


def test_people_are_refreshed_when_they_are_old(desk: Local, store: Store, clock: Clock) -> None:
    watched = Cut(desk)
    bring(watched, store, clock)
    clock.turn(59)
    bring(watched, store, clock)
    clock.turn(1)
    bring(watched, store, clock)
    bring(watched, store, clock, refresh_people=timedelta(days=1))
    bring(watched, store, clock, refresh=True)
    assert [refresh for _, refresh in watched.asked] == [True, False, True, False, True]


def test_a_refresh_that_was_cut_is_done_again(desk: Local, store: Store, clock: Clock) -> None:
    with pytest.raises(Retryable):
        bring(Cut(desk, 2), store, clock)
    watched = Cut(desk)
    bring(watched, store, clock)
    assert watched.asked[0][1]


def test_progress_counts_tickets_handed_out(desk: Local, store: Store, clock: Clock) -> None:
    seen: list[tuple[int, int | None]] = []
    bring(desk, store, clock, on_page=lambda *given: seen.append(given))
    assert [done for done, _ in seen] == [3, 6, 9, 10]
    assert seen[0][1] == 10


def test_merged_and_deleted_tickets_leave_the_rules_sight(desk: Local, store: Store, clock: Clock) -> None:
    bring(desk, store, clock)
    clock.turn()
    desk.merge("2", "1", "ana")
    desk.delete("3", "ana")
    bring(desk, store, clock)
    seen = {row[0] for row in copy_of(store, clock)[0]}
    assert not {"2", "3"} & seen
    merged = store.ticket(DESK, "2")
    assert merged is not None
    assert merged.merged_into == "1"
