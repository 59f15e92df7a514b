"""``test``: the rule tests, told as text, JSON, or JUnit for CI servers."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import click

from .check import tests_beside
from .failure import ERROR, FOUND
from .options import format_option, rules_option, show, sources, usable_rules
from .paint import painter
from .words import as_json, columns, count, printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..engine.ruletest import TestReport, TestResult
    from ..rules.model import RuleSet
    from .paint import Paint


@click.command(epilog="Example: makegood test --coverage")
@rules_option
@click.option("--filter", "name_filter", metavar="TEXT", help="Only tests whose name holds this.")
@click.option("--coverage", is_flag=True, help="Also show what no test exercises.")
@format_option("junit")
def test(rules_path: Path, name_filter: str | None, *, coverage: bool, form: str) -> None:
    """Run the tests in the rule file and in the *.test.yaml files beside it, in virtual time.

    Exits with 2 where a test fails.
    """
    from ..engine.ruletest import run_tests

    report = run_tests(_with_tests(rules_path), name_filter=name_filter)
    if form == "json":
        click.echo(as_json(report.to_json()))
    elif form == "junit":
        click.echo(_junit(report))
    else:
        click.echo("\n".join(_text(report, painter(sys.stdout), coverage=coverage)))
    click.get_current_context().exit(0 if all(result.passed for result in report.results) else FOUND)


def _with_tests(rules_path: Path) -> RuleSet:
    """The rule file with all its tests; with a mistake in any of its files the command ends."""
    ruleset = usable_rules(rules_path)
    more, found = tests_beside(ruleset, rules_path)
    if any(one.severity == "error" for one in found):
        show(found, sources(ruleset, found))
        click.get_current_context().exit(ERROR)
    return replace(ruleset, tests=(*ruleset.tests, *more))


def _text(report: TestReport, paint: Paint, *, coverage: bool) -> Iterator[str]:
    for result in report.results:
        mark = paint("ok", "passed") if result.passed else paint("error", "FAILED")
        yield f"{mark}  {result.name}"
        if not result.passed:
            yield f"        {paint('place', f'{result.file}:{result.line}')}"
            yield from (f"        {reason}" for reason in result.because)
    if coverage:
        yield from ["", *_coverage(report.coverage, paint)]
    failed = sum(not result.passed for result in report.results)
    if report.results:
        yield ("\n" if failed or coverage else "") + _sums(len(report.results), failed, paint)
    else:
        yield "There are no tests here. The language page says how to write them: docs/language.md"


def _sums(number: int, failed: int, paint: Paint) -> str:
    if failed:
        return paint("error", f"{failed} of {count(number, 'test')} failed")
    return f"{count(number, 'test')}, all passed"


def _coverage(found: dict[str, Any], paint: Paint) -> Iterator[str]:
    yield paint("heading", "Rules and the tests in which they held")
    yield from columns([(f"{number:,}", name) for name, number in found["rules"].items()], indent=2)
    missing = found["not_exercised"]
    if missing["branches"]:
        yield paint("heading", "Comparisons that no test saw both ways")
        rows = [(f"line {each['line']}", f"never {each['never']}", each["path"]) for each in missing["branches"]]
        yield from columns(rows, indent=2)
    if missing["conditions"]:
        yield paint("heading", "Conditions that never held")
        yield from (f"  {name}" for name in missing["conditions"])
    if not any(missing.values()):
        yield "Every rule, comparison and condition is exercised."


def _junit(report: TestReport) -> str:
    """The JUnit XML that Jenkins, GitLab and others read: one suite, a case for each test."""
    failed = sum(not result.passed for result in report.results)
    suite = ET.Element("testsuite", name="makegood", tests=str(len(report.results)), failures=str(failed))
    for result in report.results:
        _case(suite, result)
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode")


def _case(suite: ET.Element, result: TestResult) -> None:
    case = ET.SubElement(suite, "testcase", classname=result.file, name=result.name, line=str(result.line))
    if not result.passed:
        failure = ET.SubElement(case, "failure", message=printable(result.because[0]))
        failure.text = printable("\n".join(result.because))
