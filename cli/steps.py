"""The steps that ``pull``, ``plan``, ``apply`` and ``sync`` are made of, each with its settings and its progress bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ..rules.model import bundles
from .failure import Failure
from .options import existing_file, now, show
from .progress import progress
from .words import clock

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from pathlib import Path

    from ..engine.apply import RunReport
    from ..engine.lease import Lease
    from ..engine.notify import Notifier
    from ..engine.plan_file import Plan
    from ..engine.pull import PullReport
    from ..rules.model import RuleSet
    from .session import Session


def pulled(session: Session, *, refresh: bool = False) -> PullReport:
    """Bring the local copy up to date; the caller holds the lock."""
    from ..engine.pull import pull

    with progress(f"Reading {session.name}") as tick:
        return pull(
            session.connector,
            session.store,
            session.name,
            now=now,
            refresh_people=session.helpdesk.refresh_people,
            refresh=refresh,
            on_page=tick,
        )


def pull_if_free(session: Session) -> None:
    """Bring the local copy up to date; while somebody else does so, it is used as it is."""
    from ..engine.lease import LockHeld, lease

    try:
        with lease(session.store, session.name, now=now):
            pulled(session)
    except LockHeld as busy:
        known_to = session.store.standing(session.name).known_to
        click.echo(f"{busy.message}; planning with what is known up to {clock(known_to)}", err=True)


def planned(
    session: Session,
    ruleset: RuleSet,
    at: datetime,
    *,
    rule: str | None = None,
    ticket: str | None = None,
    confirmed: Collection[str] = (),
) -> Plan:
    """The plan for the local copy; where the rules cannot run, every reason is shown and the command ends."""
    from ..engine.commitments import look
    from ..engine.plan import PlanRefused, make_plan

    snapshot = look(session.store, session.name, ruleset, at, session.connector.capabilities())
    only_ticket = session.ticket(ticket).id if ticket is not None else None
    try:
        return make_plan(
            ruleset,
            snapshot,
            only_rule=rule,
            only_ticket=only_ticket,
            allow_replies=session.helpdesk.allow_replies,
            channels=session.settings.channel_names(),
            confirmed=confirmed,
        )
    except PlanRefused as refused:
        show(refused.diagnostics, ruleset.sources)
        raise Failure(refused.message) from refused


def read_plan(path: Path) -> Plan:
    """The plan in a file; whether it is still good, ``apply`` finds out.

    Raises:
        Failure: there is no such file, or it holds something else.
    """
    from pydantic import ValidationError

    from ..engine.plan_file import FORMAT, Plan

    existing_file(path, "a plan", "make one with: makegood plan -o plan.json")
    try:
        return Plan.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        said = f"{where}: {first['msg']}" if where else first["msg"]
        raise Failure(
            f"{path} is not a plan ({FORMAT}): {said}", "make one with: makegood plan -o plan.json"
        ) from error


def applied(session: Session, ruleset: RuleSet, plan: Plan, ours: Lease, *, stale_ok: bool = False) -> RunReport:
    """Do what the plan says, under the lock that ``ours`` is."""
    from ..engine.apply import apply_plan

    with progress(f"Writing to {session.name}", "tickets") as tick:
        return apply_plan(
            plan,
            session.connector,
            session.store,
            ruleset,
            helpdesk=session.name,
            now=now,
            notifier=notifier(session, ruleset),
            allow_replies=session.helpdesk.allow_replies,
            stale_ok=stale_ok,
            renew=ours.renew,
            on_ticket=tick,
        )


def notifier(session: Session, ruleset: RuleSet) -> Notifier:
    """What sends the notices of these rules; only the channels that they name are looked up."""
    from ..engine.notify import Notifier

    live = [rule for rule in ruleset.rules if rule.mode != "off"]
    notices = [actions.notify for rule in live for actions in bundles(rule) if actions.notify]
    names = {who.name for notice in notices for who in notice.who if who.kind == "channel"}
    return Notifier(session.settings.channels(names), session.settings.person_url() if notices else None)
