"""The main line: ``pull`` a local copy, ``plan`` what would change, ``apply`` it."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .failure import FOUND, PARTLY
from .options import (
    at_option,
    confirm_option,
    format_option,
    helpdesk_option,
    instant,
    now,
    rules_option,
    settings_option,
    usable_rules,
)
from .paint import painter, width_of_terminal
from .plan_view import Sights, plan_markdown, plan_text
from .run_view import run_code, run_text
from .session import Session
from .steps import applied, planned, pull_if_free, pulled, read_plan
from .words import as_json, count

if TYPE_CHECKING:
    from ..engine.plan_file import Plan
    from ..rules.model import RuleSet


@click.command(epilog="Example: makegood pull")
@settings_option
@helpdesk_option
@click.option("--refresh", is_flag=True, help="Fetch people, groups, fields and words again, however fresh they are.")
@format_option()
def pull(settings_path: Path, helpdesk: str | None, *, refresh: bool, form: str) -> None:
    """Bring the local copy of the helpdesk up to date; only what changed since the last time is fetched."""
    from ..engine.lease import lease

    with Session.open(settings_path, helpdesk) as session, lease(session.store, session.name, now=now):
        report = pulled(session, refresh=refresh)
    if form == "json":
        click.echo(as_json(asdict(report)))
        return
    what = f"{count(report.tickets, 'ticket')} and {count(report.events, 'event')} new or changed"
    click.echo(f"{session.name}: {what}, {count(report.calls, 'call')} in {report.seconds:.1f} seconds")


@click.command(epilog="Example: makegood plan -o plan.json")
@rules_option
@settings_option
@helpdesk_option
@at_option
@click.option("--ticket", metavar="ID", help="Only what would happen to this ticket.")
@click.option("--rule", metavar="NAME", help="Only what this rule would do.")
@click.option("--no-pull", is_flag=True, help="Use the local copy as it is.")
@confirm_option
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Also write the plan there, for `apply`.")
@click.option("--html", type=click.Path(path_type=Path), help="Also write it there as a page to review.")
@format_option("markdown", "html")
def plan(
    rules_path: Path,
    settings_path: Path,
    helpdesk: str | None,
    at: str | None,
    ticket: str | None,
    rule: str | None,
    *,
    confirm: tuple[str, ...],
    no_pull: bool,
    output: Path | None,
    html: Path | None,
    form: str,
) -> None:
    """What would change on the helpdesk, and why. Changes nothing; exits with 2 where there is something to do."""
    ruleset = usable_rules(rules_path)
    moment = instant(at, ruleset) if at else None
    with Session.open(settings_path, helpdesk) as session:
        if not no_pull:
            pull_if_free(session)
        made = planned(session, ruleset, moment or now(), rule=rule, ticket=ticket, confirmed=confirm)
        if output is not None:
            _save(made.to_text(), output)
        if html is not None:
            _save(_shown(made, session, ruleset, "html"), html)
        click.echo(_shown(made, session, ruleset, form))
    if output is not None:
        click.echo(f"Written to {output}; do it with: makegood apply {output}", err=True)
    click.get_current_context().exit(PARTLY if made.limited else FOUND if made.changes else 0)


def _save(text: str, path: Path) -> None:
    """The whole file or none of it."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def _shown(made: Plan, session: Session, ruleset: RuleSet, form: str) -> str:
    if form == "json":
        return made.to_text().rstrip("\n")
    named = (*made.changes, *made.held, *made.overruled) if form == "html" else made.changes
    tickets = {each.ticket for each in named}
    found = {ticket: session.store.ticket(session.name, ticket) for ticket in tickets}
    sights = Sights(
        {ticket: each.subject for ticket, each in found.items() if each},
        {rule.id: rule.span.file for rule in ruleset.rules},
        {rule.id: rule.why for rule in ruleset.rules},
    )
    if form == "markdown":
        return plan_markdown(made, sights)
    if form == "html":
        from .plan_page import plan_page

        return plan_page(made, sights)
    return plan_text(made, sights, painter(sys.stdout), width_of_terminal())


@click.command(epilog="Example: makegood plan -o plan.json && makegood apply plan.json")
@click.argument("plan_file", metavar="[PLAN]", type=click.Path(path_type=Path), required=False)
@click.option("--auto", is_flag=True, help="Make a fresh plan and do that; asks first on a terminal.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--stale-ok", is_flag=True, help="Also a plan that is past its time.")
@confirm_option
@rules_option
@settings_option
@helpdesk_option
@format_option()
def apply(
    plan_file: Path | None,
    *,
    auto: bool,
    yes: bool,
    stale_ok: bool,
    confirm: tuple[str, ...],
    rules_path: Path,
    settings_path: Path,
    helpdesk: str | None,
    form: str,
) -> None:
    """Do exactly what a plan says, ticket by ticket; what changed meanwhile is left alone and told.

    Exits with 4 where anything was not done.
    """
    if (plan_file is None) != auto:
        raise click.UsageError("Name a plan file, or say --auto.")
    from ..engine.lease import lease

    ruleset = usable_rules(rules_path)
    made = read_plan(plan_file) if plan_file else None
    with Session.open(settings_path, helpdesk or (made.helpdesk if made else None), writes=True) as session:
        if made is None:
            pull_if_free(session)
            made = planned(session, ruleset, now(), confirmed=confirm)
            if not _agreed(made, session, ruleset, yes=yes):
                raise click.Abort
        with lease(session.store, session.name, now=now) as ours:
            report = applied(session, ruleset, made, ours, stale_ok=stale_ok)
    click.echo(as_json(report.to_json()) if form == "json" else run_text(report, painter(sys.stdout)))
    click.get_current_context().exit(PARTLY if made.limited and report.clean else run_code(report))


def _agreed(made: Plan, session: Session, ruleset: RuleSet, *, yes: bool) -> bool:
    """Whether the fresh plan may be done: somebody at a terminal is shown it and asked, unless told not to."""
    if yes or not made.changes or not sys.stdin.isatty():
        return True
    click.echo(_shown(made, session, ruleset, "text"))
    return click.confirm("Do it?", err=True)
