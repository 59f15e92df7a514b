"""Reminders and escalations are sent once per episode over 200 simulated runs, with runs missed and killed in between."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import pytest
from fake_desk import Clock
from fake_weeks import RULES, live
from oracle_steps import Due, due_at

from makegood.engine import journal
from makegood.engine.effects import effect_key, marker
from makegood.engine.plan_file import instant_text
from makegood.engine.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from fake_weeks import Weeks
    from sqlalchemy import RowMapping

    from makegood.connectors.ticket import Event

pytestmark = pytest.mark.long

SEED, TICKETS, RUNS = 1, 4, 200


class Told(NamedTuple):
    """What the weeks left behind: notes on the desk, letters in the folder, lines in the journal."""

    weeks: Weeks
    letters: Counter[str]
    journal: list[RowMapping]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("weeks")
    weeks = live(folder, SEED, tickets=TICKETS, runs=RUNS)
    with Store.open(folder / "store.db", now=Clock()) as store, store.reading() as connection:
        lines = journal.changes(connection, 1)
    return Told(weeks, letters(folder), lines)


def letters(folder: Path) -> Counter[str]:
    """How often each receiver was told of each step of each ticket."""
    sent = [json.loads(line) for line in (folder / "letters.jsonl").read_text().splitlines()]
    return Counter(f"{who} {step}" for who, _, text in sent for step in re.findall(r"\[(.*?)\]", text))


def due(weeks: Weeks, *, whole: bool) -> dict[datetime, set[Due]]:
    """By each run that was begun, or only by those that nobody killed: what was due then on all tickets."""
    runs = [run.at for run in weeks.runs if run.whole or not whole]
    return {at: {step for story in weeks.stories.values() for step in due_at(story, at)} for at in runs}


def sign(step: Due) -> str:
    """The marker of the note that a step writes."""
    return marker(effect_key(step.clock, "note", step.step, f"{step.ticket} {instant_text(step.start)}"))


def notes(weeks: Weeks) -> list[tuple[str, Event]]:
    """Every note of ours, by ticket and marker."""
    ours = [event for story in weeks.stories.values() for event in story if event.actor_kind == "robot"]
    return [(f"{event.ticket} {event.marker}", event) for event in ours if event.kind == "message"]


def signs(steps: Mapping[datetime, set[Due]]) -> set[str]:
    return {f"{step.ticket} {sign(step)}" for each in steps.values() for step in each}


# --- once -------------------------------------------------------------------------------------------------------------


def test_the_weeks_are_as_wild_as_they_should_be(told: Told) -> None:
    killed = sum(not run.whole for run in told.weeks.runs)
    assert len(told.weeks.runs) + told.weeks.missed == RUNS
    assert told.weeks.missed == RUNS // 5
    assert killed > RUNS // 10
    assert len(notes(told.weeks)) > 30
    assert {step.step for each in due(told.weeks, whole=True).values() for step in each} > {"remind 1", "escalate 2"}


def test_every_step_that_was_due_at_a_run_is_noted_once(told: Told) -> None:
    found = Counter(name for name, _ in notes(told.weeks))
    assert set(found) >= signs(due(told.weeks, whole=True))
    assert set(found.values()) == {1}


def test_nothing_is_noted_but_what_was_due_at_that_very_run(told: Told) -> None:
    every = due(told.weeks, whole=False)
    for name, event in notes(told.weeks):
        steps = [step for step in every[event.at] if f"{step.ticket} {sign(step)}" == name]
        assert [f"{step.clock} {step.step}" for step in steps] == [(event.text or "").split("\n")[0]]


def test_every_change_and_notice_is_made_once(told: Told) -> None:
    assert RULES is not None
    made = Counter(line["effect"] for line in told.journal if line["outcome"] == "applied")
    assert set(made.values()) == {1}
    assert [line for line in told.journal if line["outcome"] not in ("applied", "already", "failed")] == []


def test_letters_arrive_once_unless_they_were_cut_off_in_the_very_act(told: Told) -> None:
    notices = [line for line in told.journal if line["action"] == "notify"]
    assert notices
    applied = Counter(name_of(line) for line in notices if line["outcome"] == "applied")
    cut_off = Counter(name_of(line) for line in notices if line["outcome"] == "failed")
    assert {line["detail"] for line in notices if line["outcome"] == "failed"} <= {
        "cut off while it was sent: it may have arrived"
    }
    for name, times in told.letters.items():
        assert applied[name] <= times <= applied[name] + cut_off[name], name
    assert not applied - told.letters


def name_of(line: RowMapping) -> str:
    return f"{line['to'][0]} {line['ticket']} {line['rule_id']} {line['step']}"
