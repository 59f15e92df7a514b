"""Runs the tests of a rule file in virtual time: each plays on a small desk of its own, is planned, and compared.

``expect`` is exhaustive for actions: one that no rule produced fails the test, and so does one that nobody expected.
``customer_sees``, ``held`` and ``overruled`` are compared where they are named. Names that the rules use exist on the
test desk, limits do not apply, and every rule has always been in force.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ..rules.calendar import CalendarError
from ..rules.durations import UnreadableError
from ..rules.model import Limits
from .evaluate import evaluate
from .plan import plan_of
from .ruletest_compare import compare, got_from
from .ruletest_coverage import Coverage
from .ruletest_desk import play
from .ruletest_standing import compare_standing, standing
from .runnable import PlanRefused, rules_in_force
from .scene import Scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..rules.model import RuleSet, RuleTest
    from .evaluate import Evaluation
    from .plan_file import Plan


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test: what was expected as written in the file, what the rules did in the same words, and why it failed."""

    name: str
    file: str
    line: int
    passed: bool
    expected: Any
    got: Any
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TestReport:
    """All results in the order of the file, and what no test exercised."""

    results: tuple[TestResult, ...]
    coverage: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The answer of ``test --format json``."""
        return {"tests": [asdict(result) for result in self.results], "coverage": self.coverage}


def run_tests(ruleset: RuleSet, *, name_filter: str | None = None) -> TestReport:
    """Run the tests whose name contains ``name_filter`` (without case), all of them where it is None."""
    wanted = [test for test in ruleset.tests if name_filter is None or _holds(name_filter, test.name)]
    playable = _unbound(ruleset)
    coverage = Coverage(playable)
    results = tuple(_run(playable, test, coverage) for test in wanted)
    results += tuple(each for each in _of_languages(ruleset) if name_filter is None or _holds(name_filter, each.name))
    return TestReport(results, coverage.report())


def _holds(part: str, name: str) -> bool:
    return part.casefold() in name.casefold()


def _of_languages(ruleset: RuleSet) -> Iterator[TestResult]:
    """The tests in the language files of the rules; a sentence is the name of its test."""
    if not ruleset.languages.own:
        return
    from ..rules.promise_tests import verdicts

    for each in verdicts(ruleset.languages):
        because = () if each.passed else (f"expected {each.wanted}, got {each.got}",)
        span = each.test.span
        yield TestResult(each.test.text, span.file, span.line, each.passed, each.wanted, each.got, because)


def _unbound(ruleset: RuleSet) -> RuleSet:
    """The rules without limits, and for whatever helpdesk the file is."""
    rules = tuple(replace(rule, limits=None, helpdesks=()) for rule in ruleset.rules)
    return replace(ruleset, rules=rules, limits=Limits())


def _run(ruleset: RuleSet, test: RuleTest, coverage: Coverage) -> TestResult:
    try:
        plan, evaluation = _planned(ruleset, test, coverage)
    except (UnreadableError, CalendarError) as error:
        return _failed(test, f"{error}{f': {error.hint}' if error.hint else ''}")
    except PlanRefused as error:
        return _failed(test, str(error))
    got = got_from(ruleset, plan) | standing(ruleset, test, evaluation)
    because = [*compare(ruleset, test, plan), *compare_standing(ruleset, test, evaluation)]
    return TestResult(test.name, test.span.file, test.span.line, not because, dict(test.expect), got, tuple(because))


def _planned(ruleset: RuleSet, test: RuleTest, coverage: Coverage) -> tuple[Plan, Evaluation]:
    played = play(ruleset, test)
    rules = rules_in_force(ruleset, played.snapshot.helpdesk)
    evaluation = evaluate(ruleset, played.snapshot, rules=[rule for _, rule in rules])
    if played.believed:
        evaluation = evaluation.overlay(played.believed, always=True)
    coverage.add(evaluation, played.snapshot.tickets["id"].to_list())
    return plan_of(Scene(ruleset, played.snapshot, evaluation), rules, allow_replies=True), evaluation


def _failed(test: RuleTest, message: str) -> TestResult:
    expected = dict(test.expect)
    return TestResult(
        test.name,
        test.span.file,
        test.span.line,
        passed=False,
        expected=expected,
        got={"error": message},
        because=(message,),
    )
