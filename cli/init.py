"""``init``: the first files of a project, with the helpdesk's own words where it can be reached."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import click

from .. import __version__
from ..connectors import CONNECTORS
from ..connectors.base import ConnectorError
from .failure import Failure
from .options import now, settings_option
from .settings import subdomain_in
from .words import wrapped

if TYPE_CHECKING:
    from ..connectors.ticket import Catalogue

TEMPLATES = Path(__file__).with_name("templates")
RULES = Path("rules.yaml")
WORKFLOW = Path(".github/workflows/makegood.yml")
EXAMPLES = {
    "rt": 'base_url = "https://rt.example.com"',
    "zendesk": 'subdomain = "acme"',
    "jira": 'base_url = "https://acme.atlassian.net"',
}
"""Where a helpdesk is, in settings to correct: what stands for the place that nobody named."""


@click.command(epilog="Example: ZENDESK_CLIENT_SECRET=... makegood init --helpdesk zendesk --subdomain acme")
@click.option("--helpdesk", "kind", type=click.Choice(list(CONNECTORS)), required=True, help="The kind of helpdesk.")
@click.option("--base-url", metavar="URL", help="Where it is, e.g. https://rt.example.com.")
@click.option("--subdomain", metavar="NAME", help="Zendesk: the acme of https://acme.zendesk.com.")
@click.option("--email", metavar="ADDRESS", help="Jira Cloud: the address of our account there.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@settings_option
def init(
    kind: str, base_url: str | None, subdomain: str | None, email: str | None, *, force: bool, settings_path: Path
) -> None:
    """Write a starter rule file, settings and a CI workflow into the present folder.

    Where the helpdesk can be reached (its token or secret is set, its file is there), the rule file names its real words
    and has its working hours.
    """
    place, login = _place(kind, base_url, subdomain), _login(kind, base_url, email)
    _refuse_to_overwrite([settings_path, RULES, WORKFLOW], force=force)
    _write({settings_path: _filled(f"{kind}.toml", place=place or EXAMPLES.get(kind, ""), login=login)})
    words, why_not = (None, "nothing says where it is") if kind in EXAMPLES and not place else _reached(settings_path)
    _write({RULES: _rules(words), WORKFLOW: _filled("workflow.yml", version=__version__)})
    click.echo("\n".join(_next_steps(kind, words, why_not, settings_path)))


def _place(kind: str, base_url: str | None, subdomain: str | None) -> str:
    """The line of the settings that says where the helpdesk is; empty where nobody said it."""
    if subdomain and kind != "zendesk":
        raise click.UsageError(f"--subdomain is for zendesk; say --base-url for {kind}.")
    if subdomain and base_url:
        raise click.UsageError("Say --subdomain or --base-url, not both.")
    try:
        subdomain = subdomain and subdomain_in(subdomain)
    except ValueError as error:
        raise click.UsageError(f"--subdomain {subdomain}: {error}.") from error
    name, value = ("subdomain", subdomain) if subdomain else ("base_url", base_url)
    return f"{name} = {json.dumps(value)}" if value else ""


def _login(kind: str, base_url: str | None, email: str | None) -> str:
    """The line of the settings that says who we are; Data Center takes a token alone."""
    if email and kind != "jira":
        raise click.UsageError(f"--email is for jira; {kind} knows our account by its token.")
    if email:
        return f"email = {json.dumps(email)}"
    cloud = base_url is None or ".atlassian.net" in base_url or "/ex/jira/" in base_url
    return 'email = "makegood@example.com"' if cloud else '# email = "makegood@example.com"'


def _refuse_to_overwrite(paths: list[Path], *, force: bool) -> None:
    there = [str(path) for path in paths if path.exists()]
    if there and not force:
        raise Failure(f"{' and '.join(there)} would be overwritten", "nothing was written; use --force if you mean it")


def _write(files: dict[Path, str]) -> None:
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        click.echo(f"wrote {path}")


def _filled(template: str, **values: str) -> str:
    return Template((TEMPLATES / template).read_text(encoding="utf-8")).substitute(values)


def _reached(settings_path: Path) -> tuple[Catalogue | None, str]:
    """The helpdesk's words, or why they cannot be had now."""
    from .session import Session

    try:
        with Session.open(settings_path, None) as session:
            return session.words_now(), ""
    except (Failure, ConnectorError) as error:
        return None, error.message


def _rules(words: Catalogue | None) -> str:
    if words is None:
        return _filled("rules.yaml", words="", calendar="")
    named = {"groups": words.groups, "statuses": tuple(words.statuses), "fields": tuple(words.fields)}
    lines = [f"# What this helpdesk calls things ({now():%Y-%m-%d}):"]
    for what, names in named.items():
        lines += [f"#   {line}" for line in wrapped(f"{what}: {', '.join(names) or 'none'}", 110)]
    return _filled("rules.yaml", words="\n".join(["#", *lines]), calendar=_calendars(words))


def _calendars(words: Catalogue) -> str:
    """The working hours that the helpdesk keeps; where it keeps none, its zone with hours to correct.

    Either way business time means something from the start.
    """
    from ..rules.calendar_text import calendars_yaml, named_schedules

    own = named_schedules(words.schedules)
    if own:
        head = "# The helpdesk's own working hours: `business hours` in rules are counted in those of the default calendar."
        return f"\n{head}\ndefault_calendar: {next(iter(own))}\n{calendars_yaml(own.values())}"
    return (
        "\ncalendars:\n  office:                 # correct these hours: `business hours` in rules are counted in them\n"
        f"    time_zone: {words.time_zone}\n    hours: {{mon-fri: 09:00-17:00}}\n"
    )


def _next_steps(kind: str, words: Catalogue | None, why_not: str, settings_path: Path) -> list[str]:
    reach = "" if words else f"The helpdesk was not reached: {why_not}\n"
    first = {
        "local": "makegood desk import FILE --into desk.db   fill the desk; or see: makegood demo",
        "rt": f"export RT_TOKEN=...    and correct base_url in {settings_path}",
        "zendesk": "create an OAuth client in Zendesk (docs/zendesk.md says how), then\n"
        f"  export ZENDESK_CLIENT_SECRET=...    and check subdomain and client_id in {settings_path}",
        "jira": "create an API token for an account that is no person's (docs/jira.md says how), then\n"
        f"  export JIRA_TOKEN=...    and check base_url and email in {settings_path}",
    }.get(kind, f"correct {settings_path}")
    steps = [] if words else [first]
    steps += ["makegood doctor        is everything in order", "makegood plan          what would change, and why"]
    return [f"\n{reach}Next:", *(f"  {step}" for step in steps)]
