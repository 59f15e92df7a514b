"""``calendars``: the working hours that the helpdesk itself keeps, ready for a rule file to take over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import format_option, helpdesk_option, now, settings_option
from .words import as_json

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..connectors.ticket import Schedule


@click.command(epilog="Example: makegood calendars -o calendars.yaml")
@settings_option
@helpdesk_option
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write them there, for `include` in a rule file.")
@format_option()
def calendars(settings_path: Path, helpdesk: str | None, output: Path | None, form: str) -> None:
    """The helpdesk's own working hours and holidays as calendars of a rule file."""
    from ..rules.calendar_text import calendar_of, named_schedules
    from .session import Session

    with Session.open(settings_path, helpdesk) as session:
        found = named_schedules(session.words_now().schedules)
    if not found:
        click.echo(f"{session.name} keeps no working hours of its own.", err=True)
        click.echo("Write them into the rule file yourself, under `calendars` (docs/language.md).", err=True)
    elif output is not None:
        _write(output, session.name, found.values())
    if form == "json":
        click.echo(as_json({"calendars": {name: calendar_of(schedule) for name, schedule in found.items()}}))
    elif found and output is None:
        click.echo(_text(session.name, found.values()), nl=False)


def _text(helpdesk: str, schedules: Collection[Schedule]) -> str:
    from ..rules.calendar_text import calendars_yaml

    head = f"# The working hours that {helpdesk} itself keeps, as of {now():%Y-%m-%d}.\n"
    if len(schedules) > 1:
        head += "# A rule, team or `default_calendar` names the one it means.\n"
    return head + calendars_yaml(schedules)


def _write(output: Path, helpdesk: str, schedules: Collection[Schedule]) -> None:
    output.write_text(_text(helpdesk, schedules), encoding="utf-8")
    click.echo(f"Wrote {output}. A rule file beside it takes it in with: include: [{output.name}]", err=True)
