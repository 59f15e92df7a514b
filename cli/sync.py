"""``sync``: pull, plan and apply in one go under the helpdesk's lock; once for cron, or again and again."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from .failure import FOUND, INTERRUPTED, PARTLY, Failure, tell
from .options import (
    confirm_option,
    format_option,
    helpdesk_option,
    now,
    rules_option,
    settings_option,
    show,
    usable_rules,
)
from .paint import painter
from .plan_view import plan_summary
from .progress import bars
from .run_view import run_code, run_text
from .session import Session
from .settings import span
from .steps import notifier
from .words import count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import timedelta
    from pathlib import Path

    from ..engine.sync import SyncReport
    from ..rules.model import RuleSet


def _length(_ctx: click.Context, _option: click.Parameter, text: str | None) -> timedelta | None:
    try:
        return span(text) if text else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command(epilog="Example: makegood sync --every 5m")
@click.option("--every", metavar="TIME", callback=_length, help='Stay, and sync again so often, e.g. "5m".')
@click.option("--dry-run", is_flag=True, help="Pull and plan only; write nothing to the helpdesk.")
@confirm_option
@rules_option
@settings_option
@helpdesk_option
@format_option()
def sync(
    every: timedelta | None,
    *,
    dry_run: bool,
    confirm: tuple[str, ...],
    rules_path: Path,
    settings_path: Path,
    helpdesk: str | None,
    form: str,
) -> None:
    """Pull, plan and apply, under a lock: two syncs of one helpdesk never run at once.

    Where nobody watches (cron, systemd, Kubernetes) a run says one line. With --every, trouble with the helpdesk is told
    and tried again the next time.
    """
    ruleset = usable_rules(rules_path)
    with Session.open(settings_path, helpdesk, writes=not dry_run) as session:
        _end_like_ctrl_c()

        def once() -> int:
            report, seconds = _synced(session, ruleset, confirm, dry_run=dry_run)
            _say(report, session.name, seconds, form)
            return _code(report, dry_run=dry_run)

        if every is None:
            click.get_current_context().exit(once())
        _again_and_again(once, every.total_seconds())


def _end_like_ctrl_c() -> None:
    """Service managers end programs with SIGTERM: the ticket in hand is finished, too."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


def _again_and_again(once: Callable[[], int], seconds: float) -> None:
    """Syncs that begin every so many seconds, until interrupted; what one of them meets is told and left behind."""
    while True:
        began = time.monotonic()
        if _survived(once) == INTERRUPTED:
            raise click.Abort
        time.sleep(max(0.0, began + seconds - time.monotonic()))


def _survived(once: Callable[[], int]) -> int:
    """The exit code of one sync, whatever happens in it: a service stays up, and bugs are written down each time."""
    try:
        return once()
    except Exception as error:  # noqa: BLE001
        return tell(error)


def _synced(session: Session, ruleset: RuleSet, confirm: Sequence[str], *, dry_run: bool) -> tuple[SyncReport, float]:
    from ..engine.plan import PlanRefused
    from ..engine.sync import sync as sync_all

    began = time.monotonic()
    with bars() as bar:
        try:
            report = sync_all(
                session.connector,
                session.store,
                session.name,
                ruleset,
                now=now,
                notifier=notifier(session, ruleset),
                allow_replies=session.helpdesk.allow_replies,
                confirmed=frozenset(confirm),
                refresh_people=session.helpdesk.refresh_people,
                dry_run=dry_run,
                on_page=bar(f"Reading {session.name}", ""),
                on_ticket=bar(f"Writing to {session.name}", "tickets"),
            )
        except PlanRefused as refused:
            show(refused.diagnostics, ruleset.sources)
            raise Failure(refused.message) from refused
    return report, time.monotonic() - began


def _code(report: SyncReport, *, dry_run: bool) -> int:
    limited = bool(report.plan and report.plan.limited)
    if report.run is not None:
        return run_code(report.run) or (PARTLY if limited else 0)
    return PARTLY if limited else FOUND if dry_run and report.plan and report.plan.changes else 0


def _say(report: SyncReport, name: str, seconds: float, form: str) -> None:
    told = _figures(report, name, seconds)
    if form == "json":
        outcomes = report.run.to_json() if report.run else None
        click.echo(json.dumps(told | {"run": outcomes}, ensure_ascii=False))
    elif sys.stdout.isatty():
        for line in _lines(report):
            click.echo(line)
        click.echo(f"{name}: {count(report.calls, 'call')} in {seconds:.1f} seconds")
    else:
        click.echo(" ".join(f"{key}={value}" for key, value in told.items()))


def _figures(report: SyncReport, name: str, seconds: float) -> dict[str, Any]:
    """A run in one line, for logs."""
    outcomes = Counter(told.outcome for told in report.run.outcomes) if report.run else Counter()
    plan = report.plan
    figures = {
        "at": now().isoformat(timespec="seconds").replace("+00:00", "Z"),
        "helpdesk": name,
        "calls": report.calls,
        "tickets": report.pull.tickets,
        "planned": len(plan.changes) if plan else 0,
        "held": len(plan.held) if plan else 0,
        "limited": len(plan.limited) if plan else 0,
    }
    return figures | dict(sorted(outcomes.items())) | {"seconds": round(seconds, 1)}


def _lines(report: SyncReport) -> list[str]:
    paint = painter(sys.stdout)
    if report.plan is None:
        return [f"{paint('ok', 'Nothing to do:')} nothing changed and nothing is due."]
    return [plan_summary(report.plan, paint), *([run_text(report.run, paint)] if report.run else [])]
