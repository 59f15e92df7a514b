"""What the promise grammar is held to, on sentences written by somebody who had not seen it: see tests/promises/README.md."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from makegood.cli.main import makegood

SETS = Path(__file__).parent / "promises"
QUESTION = ("text", "at", "tz", "lang", "date_order", "holidays")
SURE = ("explicit", "exact")


@dataclass
class Score:
    """How often a promise was found, found rightly, found with the right time."""

    found: list[bool] = field(default_factory=list)  # of sentences that promise something by a time
    sure: list[bool] = field(default_factory=list)  # of what was found with a clock time: is it a promise?
    right: list[bool] = field(default_factory=list)  # of everything found with a time: is it a promise?
    due: list[bool] = field(default_factory=list)  # of the promises found: is the due time the right one?


def share(answers: list[bool]) -> float:
    """How many of them are yes."""
    return sum(answers) / len(answers)


@lru_cache
def score(language: str) -> Score:
    """The whole set through the command line, one JSON line a sentence."""
    lines = [json.loads(line) for line in (SETS / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()]
    asked = "\n".join(json.dumps({key: line[key] for key in QUESTION if key in line}) for line in lines)
    result = CliRunner().invoke(makegood, ["promises", "explain", "-", "--format", "json"], input=asked)
    answers = [json.loads(line)["promises"] for line in result.stdout.splitlines()]
    found = Score()
    for line, promises in zip(lines, answers, strict=True):
        judge(found, line, [promise for promise in promises if promise["grade"] != "vague"])
    return found


def judge(score: Score, line: dict[str, Any], promises: list[dict[str, Any]]) -> None:
    timed = line["promise"] and line["grade"] != "vague"
    score.sure += [line["promise"] for promise in promises if promise["grade"] in SURE]
    if timed:
        score.found.append(bool(promises))
    if promises:
        score.right.append(line["promise"])
    if timed and promises:
        wanted = datetime.fromisoformat(line["due"])
        score.due.append(any(datetime.fromisoformat(promise["due"]) == wanted for promise in promises))


@pytest.mark.parametrize("language", ["en", "de"])
def test_nine_in_ten_of_what_is_found_with_a_clock_time_are_promises(language):
    assert share(score(language).sure) >= 0.9


@pytest.mark.parametrize("language", ["en", "de"])
def test_nine_in_ten_of_all_that_is_found_are_promises(language):
    assert share(score(language).right) >= 0.9


@pytest.mark.parametrize("language", ["en", "de"])
def test_six_in_ten_promises_are_found(language):
    assert share(score(language).found) >= 0.6


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_due_time_is_right_in_nineteen_of_twenty(language):
    assert share(score(language).due) >= 0.95


@pytest.mark.parametrize("language", ["en", "de"])
def test_half_of_the_sentences_promise_nothing(language):
    lines = [json.loads(line) for line in (SETS / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(lines) >= 180
    assert 0.4 < share([line["promise"] for line in lines]) < 0.6
