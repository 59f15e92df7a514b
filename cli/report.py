"""``report``: a period in figures, beside the period before: for a team, or for those who ask how the help is doing."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .failure import Failure
from .options import helpdesk_option, now, period, rules_option, settings_option, usable_rules
from .paint import painter, width_of_terminal
from .session import Session
from .words import as_json

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from ..engine.report import Report
    from ..engine.seen import Period
    from ..rules.model import RuleSet

FORMS = {".html": "html", ".htm": "html", ".md": "markdown", ".json": "json"}
"""What a file is to hold, by the end of its name."""


@click.command(epilog="Example: makegood report --from 2026-10-01 --to 2026-10-31 -o report.html")
@click.option("--from", "begin", metavar="TIME", help="From then on, e.g. 2026-10-01; default the last whole month.")
@click.option("--to", "end", metavar="TIME", help="Up to then, a day included, e.g. 2026-10-31.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write it there; the name says in which format.")
@rules_option
@settings_option
@helpdesk_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "html"]),
    help="How to answer; default text, or what -o ends in.",
)
def report(
    begin: str | None,
    end: str | None,
    output: Path | None,
    rules_path: Path,
    settings_path: Path,
    helpdesk: str | None,
    form: str | None,
) -> None:
    """Promises, deadlines, satisfaction, recovery, feedback, fairness and recognition of a period, beside the one before.

    Everything is judged by what was known when the period ended. Per team; per person only where makegood.toml says
    so ([report] per_person = true). Looks at the local copy as it is; bring it up to date with `makegood pull`.
    """
    ruleset = usable_rules(rules_path)
    form = form or FORMS.get(output.suffix.lower() if output else "", "text")
    made = _made(ruleset, settings_path, helpdesk, begin, end)
    told = _told(made, form)
    if output is None:
        click.echo(told, nl=not told.endswith("\n"))
        return
    unfinished = output.with_name(output.name + ".part")
    unfinished.write_text(told if told.endswith("\n") else told + "\n", encoding="utf-8")
    unfinished.replace(output)
    click.echo(f"Written to {output}", err=True)


def _made(ruleset: RuleSet, settings_path: Path, helpdesk: str | None, begin: str | None, end: str | None) -> Report:
    from ..engine.commitments import look
    from ..engine.report import before, report_needs, so_far
    from ..engine.report import report as reported
    from ..rules.calendar import calendar_for

    zone, moment = calendar_for(ruleset, ruleset.default_calendar).zone, now()
    asked = _asked(begin, end, ruleset, zone, moment)
    with Session.open(settings_path, helpdesk) as session:
        first = before(so_far(asked, moment), zone).at
        needed = report_needs(ruleset, session.name)
        snapshot = look(session.store, session.name, ruleset, first, session.connector.capabilities(), needed)
        return reported(ruleset, snapshot, asked, moment, zone, per_person=session.settings.report.per_person)


def _asked(begin: str | None, end: str | None, ruleset: RuleSet, zone: ZoneInfo, moment: datetime) -> Period:
    """What ``--from`` and ``--to`` mean; without either the last whole month."""
    from ..engine.seen import Period

    if not begin and not end:
        first = moment.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
        month = (first - timedelta(days=1)).replace(day=1)
        return Period(*(datetime(each.year, each.month, 1, tzinfo=zone).astimezone(UTC) for each in (month, first)))
    since, until = period(begin, end, ruleset)
    if since > moment:
        raise Failure(f"--from {since:%Y-%m-%d %H:%M} UTC has not come yet", "name a time that is over")
    return Period(since, until)


def _told(made: Report, form: str) -> str:
    from .report_view import report_markdown, report_text

    if form == "json":
        return as_json(made.to_json())
    if form == "html":
        from .report_page import report_page

        return report_page(made)
    if form == "markdown":
        return report_markdown(made)
    return "\n".join(report_text(made, painter(sys.stdout), width_of_terminal()))
