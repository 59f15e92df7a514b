"""``doctor``: everything that could keep the rules from working on a helpdesk, with what to do about it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from .failure import ERROR
from .options import format_option, helpdesk_option, now, read_rules, rules_option, settings_option
from .paint import painter, width_of_terminal
from .session import Session
from .words import as_json, clock, count, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..connectors.base import Finding

MARKS = {"ok": ("ok", "ok     "), "warning": ("warning", "warning"), "error": ("error", "error  ")}


@click.command(epilog="Example: makegood doctor --helpdesk support")
@rules_option
@settings_option
@helpdesk_option
@format_option()
def doctor(rules_path: Path, settings_path: Path, helpdesk: str | None, form: str) -> None:
    """Can we reach the helpdesk, may we write, is everything there that the rules name? Changes nothing."""
    found: list[Finding] = []
    with Session.open(settings_path, helpdesk) as session:
        for finding in _findings(session, rules_path):
            found.append(finding)
            if form == "text":
                _print(finding)
    if form == "json":
        click.echo(
            as_json({"findings": [dict(zip(("level", "message", "hint"), each, strict=True)) for each in found]})
        )
    click.get_current_context().exit(ERROR if any(level == "error" for level, _, _ in found) else 0)


def _print(finding: Finding) -> None:
    paint, width = painter(sys.stdout), width_of_terminal()
    level, message, hint = finding
    style, mark = MARKS[level]
    lines = wrapped(message, width, indent=9)
    click.echo(f"{paint(style, mark)}  " + "\n".join(lines).lstrip())
    for line in wrapped(hint, width, indent=9):
        click.echo(paint("hint", line))


def _findings(session: Session, rules_path: Path) -> Iterator[Finding]:
    yield from _secrets(session)
    yield from _store(session)
    yield from _reach(session)
    reached = True
    for finding in session.connector.doctor():
        reached = reached and finding[0] != "error"
        yield finding
    if not rules_path.exists():
        yield "warning", f"there is no {rules_path} to compare with the helpdesk", "write one, or name it with --rules"
    elif reached:
        yield from _rules(session, rules_path)


def _secrets(session: Session) -> Iterator[Finding]:
    """Secrets belong into the environment, where neither a backup nor a repository copies them."""
    written = [name for name, value in session.helpdesk if getattr(value, "value", None) is not None]
    for name in written:
        variable = f"{session.helpdesk.kind}_{name}".upper()
        hint = f'write {name} = {{ env = "{variable}" }} and set that variable'
        yield "warning", f"{session.settings.source} holds the {name} of {session.name} itself", hint


def _store(session: Session) -> Iterator[Finding]:
    standing = session.store.standing(session.name)
    if standing.known_to is None:
        yield "ok", f"the store {session.store.place} is in order; nothing was pulled yet", ""
    else:
        yield "ok", f"the store {session.store.place} is in order; known to {clock(standing.known_to)}", ""


def _reach(session: Session) -> Iterator[Finding]:
    """How far back facts can look: what the first pull leaves out is missing from them."""
    if session.helpdesk.kind != "local":
        days = count(session.helpdesk.history.days, "day")
        yield "ok", f"tickets that are not open are known {days} back; facts that reach further miss them", ""


def _rules(session: Session, rules_path: Path) -> Iterator[Finding]:
    """What the rules name and the helpdesk does not have or cannot do, and when their teams have nobody on duty."""
    from ..engine.rota_gaps import rota_gaps
    from ..rules.desk_words import check_names, lint_for_desk

    ruleset, found, _ = read_rules(rules_path)
    if ruleset is None:
        wrong = sum(each.severity == "error" for each in found)
        yield "error", f"{rules_path} has {count(wrong, 'error')}", "see them with: makegood check"
        return
    words, people = session.connector.catalogue(), session.store.people(session.name)
    if not people:
        yield "warning", "the people that rules name are only compared after the first pull", "makegood pull"
    missing = [each for each in check_names(ruleset, words, people) if people or each.code != "unknown-person"]
    remarks = [*lint_for_desk(ruleset, session.connector.capabilities(), words), *missing]
    for each in remarks:
        if each.severity != "info":
            yield each.severity, f"{each.span.file}:{each.span.line}: {each.message}", each.hint
    if not any(each.severity != "info" for each in remarks):
        yield "ok", f"the helpdesk has everything that the {count(len(ruleset.rules), 'rule')} of {rules_path} name", ""
    yield from (("warning", gap, "") for gap in rota_gaps(ruleset, people, now()))
