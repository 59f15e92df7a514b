"""``feedback``: what customers said of our help, in one table; ``recognition``: what of it is worth reading aloud."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from ..connectors.ticket import FIELD
from .failure import Failure
from .options import (
    format_option,
    from_option,
    helpdesk_option,
    period,
    rules_option,
    settings_option,
    to_option,
    usable_rules,
)
from .paint import painter, width_of_terminal
from .session import Session
from .words import as_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from ..connectors.ticket import Catalogue
    from ..engine.seen import Seen
    from ..rules.model import RuleSet

A_WEEK = timedelta(days=7)
_TOPICS = ("choice", "list")
"""Types of facts whose values can be themes."""
_OF_PEOPLE, _HOW_IT_STANDS = ("cc", "approvers"), ("promise", "recovery")


@click.command(epilog="Example: makegood feedback --from 2026-10-01 --to 2026-10-31 --format csv")
@from_option
@to_option
@click.option("--theme", metavar="FACT", help='A fact whose value is the theme, e.g. "field.Reason".')
@rules_option
@settings_option
@helpdesk_option
@format_option("csv")
def feedback(
    begin: str | None,
    end: str | None,
    theme: str | None,
    rules_path: Path,
    settings_path: Path,
    helpdesk: str | None,
    form: str,
) -> None:
    """What customers said: ratings and comments, why they reopened tickets, anger and thanks, with themes.

    The last four weeks, unless told otherwise. Themes are those of the rule file (`words: {themes: ...}`). Each is told with
    the team that had the ticket then; with the person only where makegood.toml says so ([report] per_person = true). Looks
    at the local copy as it is; bring it up to date with `makegood pull`.
    """
    from ..engine.feedback import feedback as said_by_customers
    from .feedback_view import feedback_csv, feedback_text

    ruleset = usable_rules(rules_path)
    since, until = period(begin, end, ruleset)
    with Session.open(settings_path, helpdesk) as session:
        named = _theme(theme, session)
        seen = _seen(session, ruleset, since, until, {named} if named else ())
        found = said_by_customers(seen, named)
    told = [each.to_json(per_person=seen.per_person) for each in found]
    if form == "json":
        click.echo(as_json({"feedback": told}))
    elif form == "csv":
        click.echo(feedback_csv(told), nl=False)
    else:
        click.echo("\n".join(feedback_text(seen, found, painter(sys.stdout), width_of_terminal())))


@click.command(epilog='Example: makegood recognition --from "2026-10-05" --to "2026-10-11"')
@click.option("--from", "begin", metavar="TIME", help="From then on, e.g. 2026-10-05; default a week before the end.")
@to_option
@rules_option
@settings_option
@helpdesk_option
@format_option("markdown")
def recognition(
    begin: str | None, end: str | None, rules_path: Path, settings_path: Path, helpdesk: str | None, form: str
) -> None:
    """Promises kept, customers won back, and thanks: a weekly list worth reading aloud.

    The last seven days, unless told otherwise. By team; by person only where makegood.toml says so ([report] per_person =
    true). Looks at the local copy as it is; bring it up to date with `makegood pull`.
    """
    from ..engine.recognition import recognition as praised
    from .feedback_view import praise_markdown, praise_text

    ruleset = usable_rules(rules_path)
    since, until = period(begin, end, ruleset)
    with Session.open(settings_path, helpdesk) as session:
        seen = _seen(session, ruleset, since if begin else until - A_WEEK, until)
        found = praised(seen)
    if form == "json":
        click.echo(as_json({"recognition": [each.to_json() for each in found]}))
    elif form == "markdown":
        click.echo("\n".join(praise_markdown(seen, found)).rstrip())
    else:
        click.echo("\n".join(praise_text(seen, found, painter(sys.stdout), width_of_terminal())).rstrip())


def _theme(said: str | None, session: Session) -> str | None:
    """The fact that ``--theme`` names, as the helpdesk spells it; people are themes only where they may be told apart."""
    from ..rules.diagnostics import did_you_mean
    from ..rules.facts import fact_named

    catalogue = session.store.catalogue(session.name) if said else None
    if said is None or catalogue is None:
        return said
    known = {name.casefold(): name for name in _topics(catalogue, people=session.settings.report.per_person)}
    if said.casefold() in known:
        return known[said.casefold()]
    fact = fact_named(said)
    if fact and fact.type == "any" and not said.startswith(FIELD):
        return said
    guess = did_you_mean(said, known.values())
    raise Failure(
        f"--theme: {said} is no fact whose value can be a theme",
        f"did you mean {guess}?" if guess else "name a choice, a list or a custom field; see `makegood facts`",
    )


def _topics(catalogue: Catalogue, *, people: bool) -> Iterator[str]:
    """The facts of tickets whose values can be themes, custom fields among them."""
    from ..rules.facts import FACTS

    for name, fact in FACTS.items():
        if "<" not in name and name not in _HOW_IT_STANDS and (people or name not in _OF_PEOPLE):
            yield from [name] * (fact.type in _TOPICS or (people and fact.type == "person"))
    yield from (f"{FIELD}{name}" for name, spec in catalogue.fields.items() if people or spec.type != "person")


def _seen(session: Session, ruleset: RuleSet, since: datetime, until: datetime, facts: Iterable[str] = ()) -> Seen:
    """The period as it was known when it ended, with ``facts`` beside those of a report."""
    from dataclasses import replace

    from ..engine.columns import source_of
    from ..engine.report import report_needs
    from ..engine.seen import Period, Seen
    from ..engine.word import Word

    asked, told = Period(since, until), {"requester", "subject", *facts}
    needs = report_needs(ruleset, session.name)
    fields = needs.fields.union(*(source_of(fact).fields for fact in told))
    needs = replace(needs, fields=fields, gone=True)
    snapshot = session.store.snapshot(session.name, asked.at, needs, session.connector.capabilities())
    per_person = session.settings.report.per_person
    seen = Seen(ruleset, snapshot, asked, Word(ruleset, snapshot), per_person=per_person, facts=told)
    seen.word = seen.clocks.word  # the same, so that what agents wrote is read once
    return seen
