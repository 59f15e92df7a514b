"""``fairness``: who was given how much lately, how evenly, and each assignment with its reason."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from .failure import Failure
from .options import format_option, helpdesk_option, now, rules_option, settings_option, usable_rules
from .paint import painter, width_of_terminal
from .plan_view import choice_text, number
from .session import Session
from .settings import span
from .words import as_json, clock, columns, count, printable, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

    from ..connectors.ticket import Person
    from ..engine.fairness import Fairness
    from ..engine.past import Assigned
    from ..rules.model import RuleSet

BY = {"robot": "us", "automation": "an automation"}


def _length(_context: click.Context, _option: click.Parameter, value: str) -> timedelta:
    try:
        return span(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command(epilog='Example: makegood fairness --period "7 days" --team billing')
@click.option("--period", default="28 days", show_default=True, callback=_length, help="How far to look back.")
@click.option("--team", metavar="NAME", help="Only the people of this team.")
@click.option("--who", metavar="PERSON", help="Only this person.")
@click.option("--ledger", is_flag=True, help="Every assignment, the newest first; of ours the rule and out of whom.")
@rules_option
@settings_option
@helpdesk_option
@format_option()
def fairness(
    period: timedelta,
    team: str | None,
    who: str | None,
    ledger: bool,  # noqa: FBT001
    rules_path: Path,
    settings_path: Path,
    helpdesk: str | None,
    form: str,
) -> None:
    """Who was given how many tickets, by us and by people, and how evenly that is for their weights.

    Counts every change of owner that the helpdesk tells of. People of the rule file's teams who got nothing count, too.
    """
    from ..engine.fairness import fairness as evenly
    from ..engine.past import assignments

    weights = _weights(usable_rules(rules_path), team)
    with Session.open(settings_path, helpdesk) as session:
        until, people = now(), session.store.people(session.name)
        asked = _asked(who, people)
        rows = assignments(session.store, session.name, until - period, until)
    rows = [one for one in rows if (team is None or one.person in weights) and asked in (None, one.person)]
    if ledger:
        told = as_json({"assignments": [_entry(one) for one in reversed(rows)]})
        click.echo(told if form == "json" else "\n".join(_ledger(rows, period.days, people)))
        return
    weights = {handle: weight for handle, weight in weights.items() if asked in (None, handle)}
    found = evenly([(one.person, one.kind == "robot") for one in rows], weights)
    click.echo(as_json(_told(found)) if form == "json" else "\n".join(_text(found, people, period.days)))


def _weights(ruleset: RuleSet, team: str | None) -> dict[str, float]:
    if team is not None and team not in ruleset.teams:
        raise Failure(f'there is no team "{team}"', f"there are: {', '.join(ruleset.teams) or 'none'}")
    teams = [ruleset.teams[team]] if team else list(ruleset.teams.values())
    return {member.handle: member.weight for each in teams for member in each.people}


def _asked(who: str | None, people: Mapping[str, Person]) -> str | None:
    """The handle of the person asked about, who may be called by name, too."""
    from ..rules.diagnostics import did_you_mean

    if who is None:
        return None
    known = {name.casefold(): handle for handle, person in people.items() for name in (person.name or "", handle)}
    if who.casefold() not in known:
        guess = did_you_mean(who, [handle for handle, person in people.items() if person.role == "agent"])
        raise Failure(f"the helpdesk knows nobody called {who}", f"did you mean {guess}?" if guess else "")
    return known[who.casefold()]


# --- sums ---------------------------------------------------------------------------------------------------------------


def _told(found: Fairness) -> dict[str, Any]:
    people = [
        {"who": one.person, "given": one.given, "by_us": one.by_us, "weight": one.weight, "share": round(one.share, 3)}
        for one in found.portions
    ]
    return {"people": people, "gini": found.gini, "most_to_mean": found.most_to_mean}


def _text(found: Fairness, people: Mapping[str, Person], days: int) -> Iterator[str]:
    paint = painter(sys.stdout)
    if found.gini is None or found.most_to_mean is None:
        yield f"Nobody was given a ticket in {count(days, 'day')}."
        return
    yield paint("heading", f"Given in {count(days, 'day')}")
    rows = [
        (_name(one.person, people), f"{one.given:,}", f"{one.by_us:,} by us", _weighed(one.weight, one.share))
        for one in found.portions
    ]
    yield from columns(rows, indent=2)
    yield ""
    yield f"Gini {found.gini:.2f} (0: all the same), the largest share is {found.most_to_mean:.1f} times the mean."


def _name(handle: str, people: Mapping[str, Person]) -> str:
    person = people.get(handle)
    return printable((person.name if person else "") or handle)


def _weighed(weight: float, share: float) -> str:
    return "" if weight == 1 else f"weight {weight:g}: as {share:.1f}"


# --- one by one ---------------------------------------------------------------------------------------------------------


def _entry(one: Assigned) -> dict[str, Any]:
    from ..engine.plan_file import instant_text

    return {
        "at": instant_text(one.at),
        "ticket": one.ticket,
        "url": one.url,
        "who": one.person,
        "from": one.before,
        "by": BY.get(one.kind, one.by),
        "rule": one.rule,
        "why": one.why,
    }


def _ledger(rows: Sequence[Assigned], days: int, people: Mapping[str, Person]) -> Iterator[str]:
    """Every assignment in a line, the newest first; of ours with the rule, and out of whom."""
    paint, width = painter(sys.stdout), width_of_terminal()
    if not rows:
        yield f"Nobody was given a ticket in {count(days, 'day')}."
    for one in reversed(rows):
        before = f", from {_name(one.before, people)}" if one.before else ""
        by = BY.get(one.kind) or _name(one.by or "somebody", people)
        ticket = paint("place", number(one.ticket, one.url))
        yield f"{clock(one.at)}  {ticket} to {paint('ok', _name(one.person, people))}{before}, by {by}"
        for reason in filter(None, (one.rule, choice_text(one.why or {}))):
            yield from (paint("dim", line) for line in wrapped(reason, width, indent=6))
