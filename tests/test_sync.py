"""One sync: pull, plan and apply under the lease, nothing where nothing is due, and never two at once."""

from __future__ import annotations

import os
import socket
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fake_desk import Clock, events_of, make_desk, ticket_of

from makegood.connectors.base import Retryable
from makegood.engine import lease as leases
from makegood.engine.lease import LockHeld, lease
from makegood.engine.notify import Notifier
from makegood.engine.plan import PlanRefused
from makegood.engine.store import Store
from makegood.engine.sync import SyncReport, sync
from makegood.rules.load import load_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from makegood.connectors.local import Local
    from makegood.rules.model import RuleSet

DESK = "support"
RULES = """
rules:
  - name: Refunds are urgent
    when: {subject: {contains: refund}, priority: {not: urgent}}
    set: {priority: urgent}
  - name: Urgent tickets are announced
    when: {priority: urgent}
    add_tags: [hot]
    note: This one is urgent.
  - name: Nobody waits for two hours
    when: {unanswered_since: {older_than: 2 hours}}
    add_tags: [waiting]
"""


def ruleset(text: str = RULES) -> RuleSet:
    rules, problems = load_text(text)
    assert rules is not None, problems
    return rules


@dataclass
class World:
    desk: Local
    store: Store
    clock: Clock

    def sync(self, text: str = RULES, desk: Any = None, **more: Any) -> SyncReport:
        self.clock.turn()
        return sync(desk or self.desk, self.store, DESK, ruleset(text), now=self.clock, notifier=Notifier(), **more)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = Clock()
    with make_desk(tmp_path / "desk.db", clock) as desk, Store.open(tmp_path / "store.db", now=clock) as store:
        desk.create("u1", "Refund please", "I want my money back")
        desk.create("u1", "How do I log in", "Tell me")
        yield World(desk, store, clock)


def planned(report: SyncReport) -> list[tuple[str, str]]:
    assert report.plan is not None
    return [(change.ticket, change.action) for change in report.plan.changes]


# --- syncing ----------------------------------------------------------------------------------------------------------


def test_syncs_go_on_until_nothing_is_left(world: World) -> None:
    assert planned(world.sync()) == [("1", "set")]
    assert planned(world.sync()) == [("1", "add_tags"), ("1", "note")]
    assert planned(world.sync()) == []
    now = ticket_of(world.desk, "1")
    assert (now.priority, now.tags) == ("urgent", ("hot",))
    assert len(events_of(world.desk, "1", "message")) == 2


def settled(world: World) -> World:
    for _ in range(4):
        world.sync()
    return world


def test_a_quiet_sync_makes_no_plan_and_one_call(world: World) -> None:
    settled(world)
    report = world.sync()
    assert (report.plan, report.run, report.pull.calls, report.calls) == (None, None, 1, 1)


def test_all_calls_are_counted_those_for_writing_too(world: World) -> None:
    before = world.desk.calls
    report = world.sync()
    assert report.calls == world.desk.calls - before > report.pull.calls
    assert world.sync(dry_run=True).calls == 1


def test_an_instant_that_comes_is_enough(world: World) -> None:
    settled(world)
    world.clock.turn(125)
    assert planned(world.sync()) == [("1", "add_tags"), ("2", "add_tags")]


def test_a_changed_ticket_is_enough(world: World) -> None:
    settled(world)
    world.desk.change("2", "ana", "subject", "Refund at last", at=world.clock())
    assert planned(world.sync()) == [("2", "set")]


def test_other_rules_are_enough(world: World) -> None:
    settled(world)
    assert planned(world.sync(RULES.replace("[hot]", "[hot, red]"))) == [("1", "add_tags")]


def test_a_dry_run_writes_nothing(world: World) -> None:
    before = ticket_of(world.desk, "1")
    report = world.sync(dry_run=True)
    assert planned(report) == [("1", "set")]
    assert report.run is None
    assert ticket_of(world.desk, "1") == before
    assert planned(world.sync()) == [("1", "set")]


def test_rules_that_find_nothing_are_in_force_all_the_same(world: World) -> None:
    text = """
rules:
  - {name: Old, when: {subject: {contains: refund}}, backlog: only_new, add_tags: [money]}
"""
    assert planned(world.sync(text)) == []
    world.desk.create("u1", "Another refund", "please", at=world.clock() + timedelta(seconds=30))
    assert planned(world.sync(text)) == [("3", "add_tags")]


def test_what_failed_is_tried_again(world: World) -> None:
    text = "rules: [{name: Tell, when: {subject: {contains: refund}}, backlog: include, notify: ops, why: because}]"
    broken = Notifier({"ops": "nonsense"})
    for _ in range(2):
        world.clock.turn()
        report = sync(world.desk, world.store, DESK, ruleset(text), now=world.clock, notifier=broken)
        assert report.run is not None
        assert [told.outcome for told in report.run.outcomes] == ["failed"]


def test_rules_that_cannot_run_are_refused_before_anything_is_written(world: World) -> None:
    text = "rules: [{name: a, when: {group: Nowhere}, set: {priority: high}}]"
    with pytest.raises(PlanRefused):
        world.sync(text)
    assert ticket_of(world.desk, "1").priority is None
    with lease(world.store, DESK, now=world.clock):
        pass


def test_a_new_store_goes_on_where_the_old_one_was(world: World, tmp_path: Path) -> None:
    settled(world)
    with Store.open(tmp_path / "other.db", now=world.clock) as other:
        report = sync(world.desk, other, DESK, ruleset(), now=world.clock, notifier=Notifier())
        assert planned(report) == []


def test_a_desk_that_is_down_leaves_the_lease_free(world: World) -> None:
    class Down:
        calls = 0

        def pull(self, *_given: Any, **_more: Any) -> Any:
            raise Retryable("down")

    with pytest.raises(Retryable):
        world.sync(desk=Down())
    assert planned(world.sync()) == [("1", "set")]


# --- the lease --------------------------------------------------------------------------------------------------------


def test_two_syncs_at_once(world: World) -> None:
    with lease(world.store, DESK, now=world.clock), pytest.raises(LockHeld) as held:
        world.sync()
    assert f"process {os.getpid()} on {socket.gethostname()}, since 2026-03-02 09:00 UTC" in held.value.message


def test_another_helpdesk_is_free(world: World) -> None:
    with lease(world.store, DESK, now=world.clock), lease(world.store, "sales", now=world.clock):
        pass


def take_over(world: World, **changed: Any) -> None:
    """Make the held lease look like somebody else's, then try to take it."""
    with lease(world.store, DESK, now=world.clock) as ours:
        with world.store.writing() as connection:
            connection.execute(leases.update(leases.tables.leases).values(**changed))
        with lease(world.store, DESK, now=world.clock), pytest.raises(LockHeld, match="lost its lease"):
            ours.renew()


def test_a_process_that_died_here_is_replaced_at_once(world: World) -> None:
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    take_over(world, pid=gone)


def test_a_process_that_died_and_was_not_noticed_yet_is_replaced_at_once(world: World) -> None:
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitid(os.P_PID, gone, os.WEXITED | os.WNOWAIT)
    take_over(world, pid=gone)
    os.waitpid(gone, 0)


def test_a_process_elsewhere_is_replaced_when_its_term_is_over(world: World) -> None:
    take_over(world, host="far", until=world.clock())


def test_a_process_elsewhere_is_waited_for(world: World) -> None:
    with pytest.raises(LockHeld, match="process 1 on far"):
        take_over(world, host="far", pid=1)


def test_a_process_of_somebody_else_here_is_alive(world: World) -> None:
    with pytest.raises(LockHeld, match="process 1 "):
        take_over(world, pid=1)


def test_the_term_is_renewed_in_the_background(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.005)
    renewed = threading.Event()
    monkeypatch.setattr(leases.Lease, "renew", lambda _self: renewed.set())
    with lease(world.store, DESK, now=world.clock):
        assert renewed.wait(10)


def test_renewing_moves_the_end_of_the_term(world: World) -> None:
    with lease(world.store, DESK, now=world.clock) as ours:
        world.clock.turn(1)
        ours.renew()
        with world.store.reading() as connection:
            (until,) = connection.execute(leases.select(leases.tables.leases.c.until)).scalars()
    assert until == world.clock() + timedelta(minutes=2)
