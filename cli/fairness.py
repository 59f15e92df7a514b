"""``fairness``: who was given how much lately, and how evenly."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from .options import format_option, helpdesk_option, now, rules_option, settings_option, usable_rules
from .paint import painter
from .session import Session
from .settings import span
from .words import as_json, columns, count, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import timedelta
    from pathlib import Path

    from ..engine.fairness import Fairness
    from ..rules.model import RuleSet


def _length(_context: click.Context, _option: click.Parameter, value: str) -> timedelta:
    try:
        return span(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command(epilog='Example: makegood fairness --period "7 days" --team billing')
@click.option("--period", default="28 days", show_default=True, callback=_length, help="How far to look back.")
@click.option("--team", metavar="NAME", help="Only the people of this team.")
@rules_option
@settings_option
@helpdesk_option
@format_option()
def fairness(
    period: timedelta, team: str | None, rules_path: Path, settings_path: Path, helpdesk: str | None, form: str
) -> None:
    """Who was given how many tickets, by us and by people, and how evenly that is for their weights.

    Counts every change of owner that the helpdesk tells of. People of the rule file's teams who got nothing count, too.
    """
    from ..engine.fairness import fairness as evenly

    ruleset = usable_rules(rules_path)
    with Session.open(settings_path, helpdesk) as session:
        until = now()
        given = session.store.assignments(session.name, until - period, until)
        weights = _weights(ruleset, team)
        rows = [(person, ours) for person, ours in given if team is None or person in weights]
        found = evenly(rows, weights)
        names = {handle: person.name for handle, person in session.store.people(session.name).items()}
    if form == "json":
        click.echo(as_json(_told(found)))
    else:
        click.echo("\n".join(_text(found, names, period.days)))


def _weights(ruleset: RuleSet, team: str | None) -> dict[str, float]:
    from .failure import Failure

    if team is not None and team not in ruleset.teams:
        raise Failure(f'there is no team "{team}"', f"there are: {', '.join(ruleset.teams) or 'none'}")
    teams = [ruleset.teams[team]] if team else list(ruleset.teams.values())
    return {member.handle: member.weight for each in teams for member in each.people}


def _told(found: Fairness) -> dict[str, Any]:
    people = [
        {"who": one.person, "given": one.given, "by_us": one.by_us, "weight": one.weight, "share": round(one.share, 3)}
        for one in found.portions
    ]
    return {"people": people, "gini": found.gini, "most_to_mean": found.most_to_mean}


def _text(found: Fairness, names: Mapping[str, str], days: int) -> Iterator[str]:
    paint = painter(sys.stdout)
    if found.gini is None or found.most_to_mean is None:
        yield f"Nobody was given a ticket in {count(days, 'day')}."
        return
    yield paint("heading", f"Given in {count(days, 'day')}")
    rows = [
        (
            printable(names.get(one.person) or one.person),
            f"{one.given:,}",
            f"{one.by_us:,} by us",
            _weighed(one.weight, one.share),
        )
        for one in found.portions
    ]
    yield from columns(rows, indent=2)
    yield ""
    yield f"Gini {found.gini:.2f} (0: all the same), the largest share is {found.most_to_mean:.1f} times the mean."


def _weighed(weight: float, share: float) -> str:
    return "" if weight == 1 else f"weight {weight:g}: as {share:.1f}"
