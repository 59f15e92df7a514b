"""One sync of a helpdesk: settle what is open, pull, plan, apply, all under its lease."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .apply import RunReport, apply_plan, put_in_force
from .lease import lease
from .pull import REFRESH_PEOPLE, PullReport, pull
from .settle import settle

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime, timedelta

    from ..connectors.base import Connector
    from ..rules.model import RuleSet
    from .evaluate import Evaluation
    from .notify import Notifier
    from .plan_file import Plan
    from .snapshot import Snapshot
    from .store import Store


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did. ``plan`` is None where nothing had changed and nothing was due; ``run`` where nothing was written.

    ``calls``: the requests sent in all, those for writing included.
    """

    pull: PullReport
    calls: int
    plan: Plan | None = None
    run: RunReport | None = None


def sync(
    connector: Connector,
    store: Store,
    helpdesk: str,
    ruleset: RuleSet,
    *,
    now: Callable[[], datetime],
    notifier: Notifier,
    allow_replies: bool = False,
    confirmed: Collection[str] = frozenset(),
    refresh_people: timedelta = REFRESH_PEOPLE,
    dry_run: bool = False,
    on_page: Callable[[int, int | None], None] = lambda _tickets, _expected: None,
    on_ticket: Callable[[int, int | None], None] = lambda _done, _all: None,
) -> SyncReport:
    """Bring the copy up to date, plan, and do what the plan says; ``dry_run`` writes nothing to the desk.

    Raises:
        LockHeld: another process is at work on this helpdesk.
        PlanRefused: the rules cannot run on this desk.
        ConnectorError: the desk, before anything was written.
    """
    with lease(store, helpdesk, now=now) as ours:
        before = connector.calls
        settle(connector, store, helpdesk, now=now)
        pulled = pull(connector, store, helpdesk, now=now, refresh_people=refresh_people, on_page=on_page)
        at = now()
        if store.standing(helpdesk).settled_rules == ruleset.fingerprint and not store.due(helpdesk, at):
            return SyncReport(pulled, connector.calls - before)
        plan, looked_at = _plan(
            connector, store, helpdesk, ruleset, at, notifier, confirmed, allow_replies=allow_replies
        )
        if dry_run:
            return SyncReport(pulled, connector.calls - before, plan)
        put_in_force(plan, store, ruleset, at)
        run = None
        if plan.changes:
            run = apply_plan(
                plan,
                connector,
                store,
                ruleset,
                helpdesk=helpdesk,
                now=now,
                notifier=notifier,
                allow_replies=allow_replies,
                renew=ours.renew,
                on_ticket=on_ticket,
            )
        store.settle_tickets(helpdesk, looked_at)
        store.settle_rules(helpdesk, ruleset.fingerprint if _settled(ruleset, plan, run) else None)
        return SyncReport(pulled, connector.calls - before, plan, run)


def _plan(
    connector: Connector,
    store: Store,
    helpdesk: str,
    ruleset: RuleSet,
    at: datetime,
    notifier: Notifier,
    confirmed: Collection[str],
    *,
    allow_replies: bool,
) -> tuple[Plan, list[tuple[str, str, datetime | None]]]:
    """The plan, and when each ticket wants to be looked at next."""
    from .commitments import look
    from .evaluate import evaluate
    from .plan import make_plan

    snapshot = look(store, helpdesk, ruleset, at, connector.capabilities())
    evaluation = evaluate(ruleset, snapshot)
    plan = make_plan(
        ruleset,
        snapshot,
        allow_replies=allow_replies,
        channels=frozenset(notifier.channels),
        confirmed=confirmed,
        evaluation=evaluation,
    )
    return plan, _looked_at(snapshot, evaluation)


def _looked_at(snapshot: Snapshot, evaluation: Evaluation) -> list[tuple[str, str, datetime | None]]:
    seen = snapshot.tickets.select("id", "version").iter_rows()
    return [(ticket, version, evaluation.next_instant(ticket)) for ticket, version in seen]


def _settled(ruleset: RuleSet, plan: Plan, run: RunReport | None) -> bool:
    """Whether the same rules have nothing to do until a ticket changes or an instant comes.

    Held and limited wishes wait for more than that, and so do rules that ask who is there; what failed is tried again.
    """
    from .demand import asks_who_is_there

    if asks_who_is_there(ruleset):
        return False
    return plan.complete and not plan.held and not plan.limited and (run is None or run.clean)
