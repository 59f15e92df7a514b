"""``init``: the first files of a project, with the helpdesk's own words where it can be reached."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import click

from .. import __version__
from ..connectors import CONNECTORS
from ..connectors.base import ConnectorError
from .failure import Failure
from .options import now, settings_option
from .words import wrapped

if TYPE_CHECKING:
    from ..connectors.ticket import Catalogue

TEMPLATES = Path(__file__).with_name("templates")
RULES = Path("rules.yaml")
WORKFLOW = Path(".github/workflows/makegood.yml")
EXAMPLE_URL = "https://rt.example.com"


@click.command(epilog="Example: RT_TOKEN=... makegood init --helpdesk rt --base-url https://rt.example.com")
@click.option("--helpdesk", "kind", type=click.Choice(list(CONNECTORS)), required=True, help="The kind of helpdesk.")
@click.option("--base-url", metavar="URL", help="Where it is, e.g. https://rt.example.com.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@settings_option
def init(kind: str, base_url: str | None, *, force: bool, settings_path: Path) -> None:
    """Write a starter rule file, settings and a CI workflow into the present folder.

    Where the helpdesk can be reached (its token is set, its file is there), the rule file names its real words.
    """
    files = {settings_path: _filled(f"{kind}.toml", base_url=base_url or EXAMPLE_URL)}
    _refuse_to_overwrite([settings_path, RULES, WORKFLOW], force=force)
    _write(files)
    words, why_not = _reached(settings_path)
    _write({RULES: _rules(words), WORKFLOW: _filled("workflow.yml", version=__version__)})
    click.echo("\n".join(_next_steps(kind, words, why_not, settings_path)))


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
            return session.connector.catalogue(), ""
    except (Failure, ConnectorError) as error:
        return None, error.message


def _rules(words: Catalogue | None) -> str:
    if words is None:
        return _filled("rules.yaml", words="", calendar="")
    named = {"groups": words.groups, "statuses": tuple(words.statuses), "fields": tuple(words.fields)}
    lines = [f"# What this helpdesk calls things ({now():%Y-%m-%d}):"]
    for what, names in named.items():
        lines += [f"#   {line}" for line in wrapped(f"{what}: {', '.join(names) or 'none'}", 110)]
    return _filled("rules.yaml", words="\n".join(["#", *lines]), calendar=_calendar(words.time_zone))


def _calendar(zone: str) -> str:
    """The helpdesk's own zone with hours to correct, so that business time means something from the start."""
    return (
        "\ncalendars:\n  office:                 # correct these hours: `business hours` in rules are counted in them\n"
        f"    time_zone: {zone}\n    hours: {{mon-fri: 09:00-17:00}}\n"
    )


def _next_steps(kind: str, words: Catalogue | None, why_not: str, settings_path: Path) -> list[str]:
    reach = "" if words else f"The helpdesk was not reached: {why_not}\n"
    first = {
        "local": "makegood desk import FILE --into desk.db   fill the desk; or see: makegood demo",
        "rt": f"export RT_TOKEN=...    and correct base_url in {settings_path}",
    }.get(kind, f"correct {settings_path}")
    steps = [] if words else [first]
    steps += ["makegood doctor        is everything in order", "makegood plan          what would change, and why"]
    return [f"\n{reach}Next:", *(f"  {step}" for step in steps)]
