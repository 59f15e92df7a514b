"""``explain``: why a rule holds for a ticket or does not; ``history``: what was done, and why."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from .explain_view import explain_text
from .failure import Failure
from .options import (
    at_option,
    format_option,
    helpdesk_option,
    instant,
    now,
    rules_option,
    settings_option,
    usable_rules,
)
from .paint import painter, width_of_terminal
from .plan_view import SIGNS, choice_text, number
from .run_view import STYLE
from .session import Session
from .words import as_json, clock, columns, count, printable, shown, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ..rules.model import Rule, RuleSet
    from .paint import Paint

RUNS_SHOWN = 20


@click.command(epilog='Example: makegood explain 1042 --rule "Gold customers first"')
@click.argument("ticket")
@click.option("--rule", metavar="NAME", help="Only this rule.")
@rules_option
@settings_option
@helpdesk_option
@at_option
@format_option()
def explain(
    ticket: str,
    rule: str | None,
    rules_path: Path,
    settings_path: Path,
    helpdesk: str | None,
    at: str | None,
    form: str,
) -> None:
    """Which rules hold for TICKET, which do not and why not, and what comes next if nobody acts.

    Looks at the local copy as it is.
    """
    ruleset = usable_rules(rules_path)
    rules = _asked(ruleset, rule)
    with Session.open(settings_path, helpdesk) as session:
        moment = instant(at, ruleset) if at else now()
        found, subject = _explained(session, ruleset, rules, ticket, moment)
    if form == "json":
        click.echo(as_json(found))
    else:
        click.echo("\n".join(explain_text(found, subject, painter(sys.stdout), width_of_terminal())))


def _asked(ruleset: RuleSet, name: str | None) -> list[Rule]:
    from ..rules.diagnostics import did_you_mean

    if name is None:
        return [rule for rule in ruleset.rules if rule.mode != "off"]
    rules = [rule for rule in ruleset.rules if name in (rule.name, rule.id)]
    if not rules:
        nearest = did_you_mean(name, [rule.name for rule in ruleset.rules])
        raise Failure(f'there is no rule "{name}"', f'did you mean "{nearest}"?' if nearest else "")
    return rules


def _explained(
    session: Session, ruleset: RuleSet, rules: Sequence[Rule], ticket: str, at: datetime
) -> tuple[dict[str, Any], str]:
    from ..engine.demand import needs
    from ..engine.evaluate import evaluate
    from ..engine.explain import explain as explained

    known = session.ticket(ticket)
    if known.merged_into or known.deleted:
        what = f"was merged into {known.merged_into}" if known.merged_into else "was deleted"
        raise Failure(f"ticket {ticket} {what}: no rule acts on it")
    snapshot = session.store.snapshot(session.name, at, needs(ruleset, rules), session.connector.capabilities())
    evaluation = evaluate(ruleset, snapshot, rules=rules, tickets=[known.id])
    modes = {rule.name: rule.mode for rule in rules}
    try:
        found = explained(ruleset, evaluation, known.id)
    except KeyError as error:
        raise Failure(f"ticket {ticket} is not one that rules act on at {clock(at)}") from error
    found["rules"] = [{**each, "mode": modes[each["rule"]]} for each in found["rules"]]
    return found | {"url": known.url}, known.subject


@click.command(epilog="Example: makegood history --ticket 1042")
@click.argument("run", required=False)
@click.option("--ticket", metavar="ID", help="Everything done to this ticket.")
@settings_option
@helpdesk_option
@format_option()
def history(run: str | None, ticket: str | None, settings_path: Path, helpdesk: str | None, form: str) -> None:
    """The latest runs; with RUN all that one run did; with --ticket all that was done to a ticket."""
    with Session.open(settings_path, helpdesk) as session:
        if run is None and ticket is None:
            runs = _runs(session)
            click.echo(as_json({"runs": runs}) if form == "json" else "\n".join(_runs_text(runs)))
            return
        changes = _changes(session, run, ticket.removeprefix("#") if ticket else None)
    if not changes:
        raise Failure(f"nothing is known of {f'run {run}' if run else f'changes to ticket {ticket}'}")
    if form == "json":
        click.echo(as_json({"changes": changes}))
    else:
        click.echo("\n".join(_changes_text(changes, painter(sys.stdout), width_of_terminal())))


def _runs(session: Session) -> list[dict[str, Any]]:
    from ..engine.past import runs

    return [_plain(each) for each in runs(session.store, session.name, RUNS_SHOWN)]


def _changes(session: Session, run: str | None, ticket: str | None) -> list[dict[str, Any]]:
    from ..engine.past import changes

    known = session.store.ticket_called(session.name, ticket) if ticket else None
    found = changes(session.store, session.name, run=run, ticket=known.id if known else ticket)
    return [_plain(each) for each in found]


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """With instants as JSON has them."""
    from ..engine.plan_file import instant_text

    return {key: instant_text(value) if isinstance(value, datetime) else value for key, value in row.items()}


def _runs_text(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    if not runs:
        return ["Nothing was done yet. Begin with: makegood plan"]
    rows = [(each["run"], _ended(each), _outcomes(each["outcomes"]), count(each["tickets"], "ticket")) for each in runs]
    return [*columns(rows), "", f"One of them in full: makegood history {runs[0]['run']}"]


def _ended(run: Mapping[str, Any]) -> str:
    return "complete" if run["complete"] else "in part" if run["finished_at"] else "cut off"


def _outcomes(outcomes: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in sorted(outcomes.items())) or "nothing"


def _changes_text(changes: Sequence[Mapping[str, Any]], paint: Paint, width: int) -> Iterator[str]:
    """Change by change under its run and ticket, with the rule that wanted it."""
    about = None
    for each in changes:
        if (each["run"], each["ticket"]) != about:
            about = (each["run"], each["ticket"])
            yield f"{paint('place', number(each['ticket'], each['url']))}  {paint('dim', 'run ' + each['run'])}"
        yield f"  {_what(each)}  {_how(each, paint)}".rstrip()
        yield f"      {paint('dim', each['rule'])}"
        yield from (paint("dim", line) for line in wrapped(choice_text(each["why"] or {}), width, indent=6))
        yield from (f"      | {line}" for line in printable(each["text"] or "").splitlines())


def _what(change: Mapping[str, Any]) -> str:
    name = change["field"] or change["action"]
    if change["field"] is None:
        return f"{name} {change['step'] or ''}".rstrip()
    if change["action"] in SIGNS:
        return f"{SIGNS[change['action']][1]} {name} {shown(change['to'])}"
    return f"{name} {shown(change['from'])} -> {shown(change['to'])}"


def _how(change: Mapping[str, Any], paint: Paint) -> str:
    outcome = change["outcome"]
    said = paint(STYLE.get(outcome, "ok"), outcome)
    return f"{said}: {change['detail']}" if change["detail"] else said
