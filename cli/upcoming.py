"""``upcoming``: deadlines, promises and recovery cases by due time, so that somebody can act before they are missed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

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
from .session import Session
from .upcoming_view import board_text
from .words import as_json

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from ..engine.board import Item
    from ..rules.calendar import Calendar
    from ..rules.model import RuleSet


@click.command(epilog='Example: makegood upcoming --within "8 hours"')
@click.option("--within", metavar="LENGTH", help='Only what is due so soon, e.g. "8 hours" or "2 business days".')
@rules_option
@settings_option
@helpdesk_option
@at_option
@format_option()
def upcoming(
    within: str | None, rules_path: Path, settings_path: Path, helpdesk: str | None, at: str | None, form: str
) -> None:
    """Deadlines, promises and recovery cases by due time: what is overdue, what is due today, and what stands still.

    Looks at the local copy as it is; bring it up to date with `makegood pull`. Days are those of the default calendar.
    """
    from ..rules.calendar import calendar_for

    ruleset = usable_rules(rules_path)
    calendar = calendar_for(ruleset, ruleset.default_calendar)
    moment = instant(at, ruleset) if at else now()
    until = _until(within, calendar, moment)
    with Session.open(settings_path, helpdesk) as session:
        found = _found(session, ruleset, moment, until)
    if form == "json":
        click.echo(as_json({"at": _text(moment), "items": [item.to_json() for item in found.items]}))
    elif not found.items:
        click.echo(
            _nothing(within, rules_path)
            if found.watched
            else f"No rule of {rules_path} has a deadline, a promise or a recovery case."
        )
    else:
        lines = board_text(found.items, found.names, calendar.zone, moment, painter(sys.stdout), width_of_terminal())
        click.echo("\n".join(lines))


def _until(within: str | None, calendar: Calendar, at: datetime) -> datetime | None:
    """Up to when things are looked at; None: without end."""
    from ..rules.durations import UnreadableError, parse_duration

    if within is None:
        return None
    try:
        return calendar.add(at, parse_duration(within))
    except UnreadableError as error:
        raise Failure(f"--within: {error}", error.hint) from error


@dataclass(frozen=True, slots=True)
class _Found:
    """The items, the names of people by handle, and whether any rule watches over anything."""

    items: list[Item]
    names: dict[str, str]
    watched: bool


def _found(session: Session, ruleset: RuleSet, at: datetime, until: datetime | None) -> _Found:
    from ..engine.board import board, board_needs, watching
    from ..engine.evaluate import evaluate

    rules = watching(ruleset, session.name)
    needs = board_needs(ruleset, rules)
    snapshot = session.store.snapshot(session.name, at, needs, session.connector.capabilities())
    names = {handle: person.name for handle, person in snapshot.people.items() if person.name}
    return _Found(board(ruleset, evaluate(ruleset, snapshot, rules=rules), until), names, bool(rules))


def _nothing(within: str | None, rules_path: Path) -> str:
    soon = f" within {within}" if within else ""
    return f"Nothing is due{soon}: no deadline of {rules_path} runs and no promise is open{soon and ' up to then'}."


def _text(moment: datetime) -> str:
    from ..engine.plan_file import instant_text

    return instant_text(moment)
