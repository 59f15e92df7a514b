"""The one write gate: a plan that was looked at, ticket by ticket onto the desk, every step in the journal."""

from __future__ import annotations

import secrets
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ..connectors.base import AuthFailed
from . import journal
from .database import StoreError
from .settle import settle
from .store import desk_key
from .writing import Told, Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from types import FrameType

    from ..connectors.base import Connector
    from ..rules.model import RuleSet
    from .notify import Notifier
    from .plan_file import Plan, PlannedChange
    from .store import Store

FORMAT = "makegood-run/1"
OUT_OF_REACH = 5
"""After so many tickets in a row without an answer the desk is left alone."""

REPLIES_OFF = "set allow_replies = true for this helpdesk in makegood.toml to let customers be written to"


class ApplyRefused(Exception):
    """The plan is not applied at all. ``message`` says why, ``hint`` what to do."""

    def __init__(self, message: str, *, hint: str = "make a new plan") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(slots=True)
class RunReport:
    """What became of a plan. ``complete``: every change was tried; ``interrupted``: somebody pressed Ctrl-C."""

    run: str
    outcomes: list[Told] = field(default_factory=list)
    complete: bool = True
    interrupted: bool = False
    stopped_by: str = ""

    @property
    def clean(self) -> bool:
        """Whether everything is as the plan wants it."""
        return self.complete and all(told.outcome in ("applied", "already") for told in self.outcomes)

    def to_json(self) -> dict[str, Any]:
        """The report as ``apply --format json`` prints it."""
        outcomes = [_told(told) for told in self.outcomes]
        return {
            "format": FORMAT,
            "run": self.run,
            "outcomes": outcomes,
            "complete": self.complete,
            "stopped_by": self.stopped_by,
        }


def _told(told: Told) -> dict[str, Any]:
    change = told.change
    about = {"ticket": change.ticket, "rule": change.rule, "action": change.action, "field": change.field}
    receiver = {"who": change.who} if change.who else {}
    return about | receiver | {"outcome": told.outcome, "detail": told.detail}


def apply_plan(
    plan: Plan,
    connector: Connector,
    store: Store,
    ruleset: RuleSet,
    *,
    helpdesk: str,
    now: Callable[[], datetime],
    notifier: Notifier,
    allow_replies: bool = False,
    stale_ok: bool = False,
    renew: Callable[[], None] = lambda: None,
    on_ticket: Callable[[int, int | None], None] = lambda _done, _all: None,
    sleep: Callable[[float], None] = time.sleep,
) -> RunReport:
    """Do what ``plan`` says, all changes of a ticket together, then send notices, and report what became of each.

    ``renew`` is called before each ticket and message, for the lease; ``on_ticket`` after each ticket, with how many are
    done and how many there are. Ctrl-C ends the run after the ticket in hand, whose notices are still sent; a second one
    ends it at once.

    Raises:
        ApplyRefused: the plan is too old, was changed by hand, or was made from other rules or another copy.
        ConnectorError: what an earlier run left open cannot be settled; nothing was written.
    """
    _check(plan, store, ruleset, helpdesk, now(), stale_ok=stale_ok)
    settle(connector, store, helpdesk, now=now)
    put_in_force(plan, store, ruleset, min(plan.at, now()))
    report = RunReport(_start(plan, store, now()))
    writer = _writer(plan, connector, store, ruleset, report.run, notifier, now)
    allowed = [change for change in plan.changes if allow_replies or not _is_reply(change)]
    report.outcomes = [Told(change, "refused", REPLIES_OFF) for change in plan.changes if change not in allowed]
    tickets = [list(changes) for _, changes in groupby(allowed, key=lambda change: change.ticket)]
    with _finishing_tickets() as interrupted:
        for done, changes in enumerate(tickets):
            _wait(connector.pause(), interrupted, sleep)
            if interrupted():
                report.complete, report.interrupted, report.stopped_by = False, True, "interrupted"
                break
            renew()
            if stop := _stop(writer, changes, report):
                report.complete, report.stopped_by = False, stop
                break
            on_ticket(done + 1, len(tickets))
        report.outcomes += writer.send(renew)
    with store.writing() as connection:
        journal.finish_run(connection, report.run, now(), complete=report.complete)
    return report


def _is_reply(change: PlannedChange) -> bool:
    return change.action == "reply"


def _stop(writer: Writer, changes: Sequence[PlannedChange], report: RunReport) -> str:
    """Write one ticket; why the run cannot go on, empty if it can."""
    try:
        report.outcomes += writer.write(changes)
    except AuthFailed as error:
        report.outcomes += [Told(change, "failed", error.message) for change in changes]
        return f"{error.message} ({error.hint})" if error.hint else error.message
    return "the desk does not answer" if writer.out_of_reach >= OUT_OF_REACH else ""


def _wait(seconds: float, interrupted: Callable[[], bool], sleep: Callable[[float], None]) -> None:
    """Keeps to the desk's pace, a second at a time: whoever presses Ctrl-C does not wait for the rest."""
    while seconds > 0 and not interrupted():
        sleep(min(seconds, 1.0))
        seconds -= 1.0


def _check(plan: Plan, store: Store, ruleset: RuleSet, helpdesk: str, now: datetime, *, stale_ok: bool) -> None:
    if plan.sealed().id != plan.id:
        raise ApplyRefused("the plan was changed after it was made")
    if plan.helpdesk != helpdesk:
        raise ApplyRefused(
            f"the plan is for {plan.helpdesk}, not for {helpdesk}", hint=f"use --helpdesk {plan.helpdesk}"
        )
    if plan.rules_fingerprint != ruleset.fingerprint:
        raise ApplyRefused("the plan was made from other rules than these")
    if plan.store_id != store.id:
        raise ApplyRefused("the plan was made from another local copy than this one")
    if now > plan.valid_until and not stale_ok:
        hint = "make a new plan, or say --stale-ok: what changed since is noticed ticket by ticket"
        raise ApplyRefused(f"the plan was valid until {plan.valid_until:%Y-%m-%d %H:%M} UTC", hint=hint)


def put_in_force(plan: Plan, store: Store, ruleset: RuleSet, at: datetime) -> None:
    """Note that rules are in force here since ``at``, the plan's instant: what came after it is for the next plan.

    These are the rules that the plan covers, and of a part of a plan those it speaks of: one that was left out of it must
    still ask about its backlog when its own first plan is made. A rule that waits for a word about old cases is not yet.
    """
    waiting = {cut.rule_id for cut in plan.limited if cut.reason == "backlog"}
    spoken_of = {wish.rule_id for wishes in (plan.changes, plan.held, plan.skipped) for wish in wishes}
    live = {rule.id for rule in ruleset.rules if rule.mode == "live"}
    with store.writing() as connection:
        rules = live & spoken_of.union(plan.covers) - waiting
        journal.put_in_force(connection, desk_key(connection, plan.helpdesk), sorted(rules), at)


def _start(plan: Plan, store: Store, now: datetime) -> str:
    run = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    with store.writing() as connection:
        desk = desk_key(connection, plan.helpdesk)
        journal.start_run(connection, desk, run, now, plan=plan.id, rules=plan.rules_fingerprint)
    return run


def _writer(
    plan: Plan,
    connector: Connector,
    store: Store,
    ruleset: RuleSet,
    run: str,
    notifier: Notifier,
    now: Callable[[], datetime],
) -> Writer:
    catalogue = store.catalogue(plan.helpdesk)
    if catalogue is None:
        raise StoreError(f"nothing is known about {plan.helpdesk} yet", hint="run `makegood pull` to the end first")
    return Writer(
        connector=connector,
        store=store,
        helpdesk=plan.helpdesk,
        run=run,
        known_to=plan.known_to,
        rules={rule.id: rule.fingerprint for rule in ruleset.rules},
        rights=catalogue.rights,
        faces=store.faces(plan.helpdesk),
        notifier=notifier,
        now=now,
    )


@contextmanager
def _finishing_tickets() -> Iterator[Callable[[], bool]]:
    """Inside the block the first Ctrl-C is only noted; the value tells whether there was one."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return

    def note(_number: int, _frame: FrameType | None) -> None:
        asked.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)
