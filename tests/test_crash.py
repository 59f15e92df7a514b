"""Killed at every step of a pull or a sync, then run again: the same end as without the kill, and nothing said twice."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest
from fake_desk import Clock, events_of, ticket_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mortal import DESK, TICKETS, fill, in_a_process, one_pull, one_sync
from mortal_notices import LETTERS, one_telling_sync
from mortal_notices import fill as fill_with_refunds

from makegood.connectors import local
from makegood.engine import journal
from makegood.engine.store import Store

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.long


def state(folder: Path, clock: Clock) -> list[Any]:
    """The tickets as people see them, versions and times apart."""
    with local.Local(folder / "desk.db", now=clock) as desk:
        seen = [ticket_of(desk, str(number)) for number in range(1, len(TICKETS) + 1)]
        said = [[event.text for event in events_of(desk, ticket.id, "message")] for ticket in seen]
        return [(each.priority, each.tags, each.assignee, texts) for each, texts in zip(seen, said, strict=True)]


@pytest.fixture
def whole(tmp_path: Path) -> list[Any]:
    """How everything ends without a kill."""
    folder = tmp_path / "whole"
    folder.mkdir()
    clock = Clock()
    fill(folder, clock)
    for _ in range(2):
        one_sync(folder, clock)
    return state(folder, clock)


@pytest.mark.parametrize("step", range(9))
def test_a_sync_killed_at_any_step_ends_the_same(tmp_path: Path, whole: list[Any], step: int) -> None:
    clock = Clock()
    fill(tmp_path, clock)
    ended = in_a_process(one_sync, tmp_path, clock, step)
    assert ended == (-signal.SIGKILL if step < 8 else 0)
    for _ in range(2):
        clock.turn()
        one_sync(tmp_path, clock)
    assert state(tmp_path, clock) == whole
    with Store.open(tmp_path / "store.db", now=clock) as store, store.reading() as connection:
        assert journal.unsettled(connection, 1) == []


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.integers(0, 8), max_size=4))
def test_killed_again_and_again(tmp_path_factory: pytest.TempPathFactory, whole: list[Any], steps: list[int]) -> None:
    folder, clock = tmp_path_factory.mktemp("mortal"), Clock()
    fill(folder, clock)
    for step in steps:
        in_a_process(one_sync, folder, clock, step)
        clock.turn()
    for _ in range(2):
        clock.turn()
        one_sync(folder, clock)
    assert state(folder, clock) == whole


@pytest.mark.parametrize("step", range(6))
def test_a_pull_killed_at_any_step_goes_on(tmp_path: Path, step: int) -> None:
    clock = Clock()
    fill(tmp_path, clock)
    assert in_a_process(one_pull, tmp_path, clock, step) == (-signal.SIGKILL if step < 4 else 0)
    one_pull(tmp_path, clock)
    with Store.open(tmp_path / "store.db", now=clock) as store:
        kept = [store.ticket(DESK, str(number)) for number in range(1, 5)]
    assert [ticket.subject if ticket else None for ticket in kept] == list(TICKETS)


@pytest.mark.parametrize("step", range(5))
def test_a_message_that_is_cut_off_may_come_twice_but_never_not_at_all(tmp_path: Path, step: int) -> None:
    clock = Clock()
    fill_with_refunds(tmp_path, clock)
    ended = in_a_process(one_telling_sync, tmp_path, clock, step)
    assert ended == (-signal.SIGKILL if step < 4 else 0)
    for _ in range(2):
        clock.turn()
        one_telling_sync(tmp_path, clock)
    letters = (tmp_path / LETTERS).read_text().splitlines()
    twice = {1: ["channel:ops"], 3: ["channel:leads"]}.get(step, [])
    assert sorted(each.partition(": ")[0] for each in letters) == sorted(["channel:leads", "channel:ops", *twice])
    assert len(set(letters)) == 2
