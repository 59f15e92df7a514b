"""Options that several commands share, and the two things they stand for: the rule file and the instant of a run."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .failure import ERROR, Failure
from .paint import painter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ..rules.diagnostics import Diagnostic
    from ..rules.model import RuleSet

    Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

PERIOD = timedelta(days=28)
"""How far back a period reaches that has no beginning."""

rules_option = click.option(
    "--rules", "rules_path", type=click.Path(path_type=Path), default="rules.yaml", show_default=True, help="Rule file."
)
settings_option = click.option(
    "--settings",
    "settings_path",
    type=click.Path(path_type=Path),
    default="makegood.toml",
    show_default=True,
    help="Settings file.",
)
helpdesk_option = click.option("--helpdesk", metavar="NAME", help="Which helpdesk, where the settings name several.")
at_option = click.option("--at", metavar="TIME", help='As of then, e.g. "2026-12-28 09:01"; default now.')

from_option = click.option(
    "--from", "begin", metavar="TIME", help="From then on, e.g. 2026-10-01; default four weeks before the end."
)
to_option = click.option("--to", "end", metavar="TIME", help="Up to then, a day included; default now.")

confirm_option = click.option(
    "--confirm", multiple=True, metavar="RULE", help="Let this rule change unusually many tickets; may be repeated."
)


def format_option(*further: str) -> Decorator:
    """``--format`` with text, json and ``further`` ones."""
    choice = click.Choice(["text", "json", *further])
    return click.option("--format", "form", type=choice, default="text", show_default=True, help="How to answer.")


def now() -> datetime:
    """The clock of this machine, in UTC; everything below ``cli`` is told the time."""
    return datetime.now(UTC)


def instant(text: str, ruleset: RuleSet, option: str = "--at") -> datetime:
    """What ``--at`` means; a time without a zone is one of the rule file's default calendar."""
    from ..rules.durations import UnreadableError, parse_instant
    from ..rules.load import zone_of

    try:
        return parse_instant(text, zone_of(ruleset))
    except UnreadableError as error:
        raise Failure(f"{option}: {error}", 'write for example "2026-12-28 09:01" or 2026-12-28T09:01:00Z') from error


def period(begin: str | None, end: str | None, ruleset: RuleSet) -> tuple[datetime, datetime]:
    """What ``--from`` and ``--to`` mean: days are whole, the last one included; else up to now, and from four weeks before."""
    until = _moment(end, ruleset, "--to", days=1) if end else now()
    since = _moment(begin, ruleset, "--from") if begin else until - PERIOD
    if since >= until:
        raise Failure(
            f"--from {since:%Y-%m-%d %H:%M} is not before --to {until:%Y-%m-%d %H:%M}", "name an earlier time"
        )
    return since, until


def _moment(text: str, ruleset: RuleSet, option: str, days: int = 0) -> datetime:
    """An instant, or the beginning of a day of the default calendar's zone; ``days``: of a day so much later."""
    from ..rules.calendar import calendar_for
    from ..rules.durations import UnreadableError, parse_date

    try:
        day = parse_date(text) + timedelta(days=days)
    except UnreadableError:
        return instant(text, ruleset, option)
    return calendar_for(ruleset, ruleset.default_calendar).day_bounds(day)[0]


def existing_file(path: Path, what: str, hint: str) -> Path:
    """The path, if there is a file to read; ``what`` names it and ``hint`` says how to get one."""
    if path.is_dir():
        raise Failure(f"{path} is a folder, not {what}", "name a file in it")
    if not path.exists():
        raise Failure(f"there is no {path}", hint)
    return path


def read_rules(path: Path) -> tuple[RuleSet | None, list[Diagnostic], Mapping[str, str]]:
    """The rule file as far as it can be used, all that is wrong with it, and the text of its files by name."""
    from ..rules.load import load_file

    existing_file(path, "a rule file", "name it with --rules, or start with: makegood init --helpdesk local")
    ruleset, found = load_file(path)
    return ruleset, found, sources(ruleset, found)


def sources(ruleset: RuleSet | None, found: Iterable[Diagnostic]) -> dict[str, str]:
    """The text of each file a diagnostic points into."""
    read = dict(ruleset.sources) if ruleset else {}
    for name in {diagnostic.span.file for diagnostic in found} - set(read):
        read[name] = _text(Path(name))
    return read


def _text(path: Path) -> str:
    try:
        return path.read_bytes()[:4_000_000].decode("utf-8", errors="replace").removeprefix("\ufeff")
    except OSError:
        return ""


def usable_rules(path: Path) -> RuleSet:
    """The rule file, for commands that need a right one: with errors in it they show them and end."""
    ruleset, found, texts = read_rules(path)
    errors = [diagnostic for diagnostic in found if diagnostic.severity == "error"]
    if errors or ruleset is None:
        show(errors, texts)
        click.get_current_context().exit(ERROR)
    return ruleset


def show(found: Iterable[Diagnostic], texts: Mapping[str, str]) -> None:
    """Diagnostics on stderr, each with its line underlined."""
    from ..rules.diagnostics import excerpt

    paint = painter(sys.stderr)
    for diagnostic in found:
        click.echo(excerpt(diagnostic, texts.get(diagnostic.span.file, ""), paint) + "\n", err=True)
