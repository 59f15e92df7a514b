"""``check``: every mistake of a rule file at once, for people, editors and CI."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from .. import __version__
from ..rules import diagnostics
from .failure import ERROR, FOUND
from .options import (
    format_option,
    helpdesk_option,
    now,
    read_rules,
    rules_option,
    settings_option,
    sources,
)
from .paint import painter
from .words import as_json, count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ..rules.diagnostics import Diagnostic
    from ..rules.model import RuleSet, RuleTest


@click.command(epilog="Example: makegood check --rules support.yaml --strict")
@rules_option
@click.option("--strict", is_flag=True, help="Exit with 2 where there are warnings.")
@click.option("--with-data", is_flag=True, help="Also compare with the helpdesk's words in the local copy.")
@settings_option
@helpdesk_option
@format_option("github", "sarif")
def check(
    rules_path: Path, *, strict: bool, with_data: bool, settings_path: Path, helpdesk: str | None, form: str
) -> None:
    """Find every mistake of a rule file at once, each with its line."""
    ruleset, found, texts = read_rules(rules_path)
    if ruleset is not None:
        found = found + _remarks(ruleset, rules_path)
        if with_data:
            found = found + _against_desk(ruleset, settings_path, helpdesk)
        texts = sources(ruleset, found)
    found = sorted(dict.fromkeys(found), key=lambda one: one.span)
    click.echo(_told(form, found, texts, rules_path, ruleset), nl=form != "github" or bool(found))
    click.get_current_context().exit(_verdict(found, strict=strict))


def _remarks(ruleset: RuleSet, path: Path) -> list[Diagnostic]:
    """What is not wrong as such, and what is wrong in the files of tests beside the rule file."""
    from ..rules.lint import lint

    _, wrong = tests_beside(ruleset, path)
    return [*lint(ruleset, today=now().date()), *wrong]


def _against_desk(ruleset: RuleSet, settings_path: Path, helpdesk: str | None) -> list[Diagnostic]:
    """What the helpdesk, as the local copy knows it, does not have."""
    from ..rules.desk_words import check_names, lint_for_desk
    from .session import Session

    with Session.open(settings_path, helpdesk) as session:
        words, people = session.words(), session.store.people(session.name)
        capabilities = session.connector.capabilities()
    return [*lint_for_desk(ruleset, capabilities, words), *check_names(ruleset, words, people)]


def _verdict(found: Sequence[Diagnostic], *, strict: bool) -> int:
    severities = {one.severity for one in found}
    return ERROR if "error" in severities else FOUND if strict and "warning" in severities else 0


def _told(form: str, found: Sequence[Diagnostic], texts: Mapping[str, str], path: Path, ruleset: RuleSet | None) -> str:
    if form == "json":
        return as_json({"diagnostics": [diagnostics.to_json(one) for one in found]})
    if form == "sarif":
        return as_json(diagnostics.sarif(found, __version__))
    if form == "github":
        return "\n".join(diagnostics.github(one) for one in found)
    paint = painter(sys.stdout)
    shown = [diagnostics.excerpt(one, texts.get(one.span.file, ""), paint) + "\n" for one in found]
    return "\n".join([*shown, _summary(found, path, ruleset)])


def _summary(found: Sequence[Diagnostic], path: Path, ruleset: RuleSet | None) -> str:
    numbers = {kind: sum(one.severity == kind for one in found) for kind in ("error", "warning", "info")}
    if numbers["error"] or numbers["warning"]:
        said = [count(number, word) for word, number in numbers.items() if number and word != "info"]
        return f"{path}: {' and '.join(said)}"
    size = f"{count(len(ruleset.rules), 'rule')} and {count(len(ruleset.tests), 'test')}" if ruleset else ""
    return f"{path}: {size}, nothing wrong"


def tests_beside(ruleset: RuleSet, path: Path) -> tuple[tuple[RuleTest, ...], list[Diagnostic]]:
    """The tests in the ``*.test.yaml`` files in the rule file's folder, and what is wrong with those files."""
    from ..rules.load import load_tests

    tests: list[RuleTest] = []
    wrong: list[Diagnostic] = []
    for file in sorted(path.parent.glob("*.test.yaml")):
        found, mistakes = load_tests(file, ruleset)
        tests += found
        wrong += mistakes
    return tuple(tests), wrong
