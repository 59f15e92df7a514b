"""The sections of a report about customers who were let down: against a slow count, and with the future cut off."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import oracle_voice as slow
import pytest
from fake_troubles import BEGIN, Deed
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle_voice import BERLIN, END, TICK, Slow, troubles, village
from small_desk import rules, snapshot

from makegood.engine.evaluate import evaluate
from makegood.engine.report import report
from makegood.engine.report_recovery import recovery
from makegood.engine.report_voice import thanks, voice
from makegood.engine.seen import Period, Seen
from makegood.engine.word import Word

if TYPE_CHECKING:
    from makegood.engine.figures import Section
    from makegood.engine.snapshot import Snapshot
    from makegood.rules.model import RuleSet

pytestmark = pytest.mark.long

SEEDS = st.integers(0, 2**32).map(random.Random)
FEW = settings(max_examples=12, deadline=None)
RULES = rules(slow.RULES)
HOUR = timedelta(hours=1)


def desk(done: list[Deed], until: Any = None) -> Snapshot:
    built = village(done, until)
    return snapshot(*built.tickets.values(), events=built.events, people=slow.PEOPLE, at=END, known_to=END)


def a_period(rng: random.Random) -> Period:
    begin = BEGIN + rng.randrange(24 * 2, 24 * 18) * HOUR
    return Period(begin, min(begin + rng.randrange(6, 24 * 12) * HOUR, END))


def seen(here: Snapshot, period: Period, ruleset: RuleSet = RULES, *, per_person: bool = False) -> Seen:
    then = replace(here, at=period.at)
    return Seen(ruleset, then, period, Word(ruleset, then), per_person=per_person)


def counted(done: list[Deed], period: Period, *, per_person: bool = False) -> Slow:
    here = replace(desk(done), at=period.at)
    word = Word(RULES, here)
    promises = [each for ticket in word.tickets for each in word.of(ticket, period.at)]
    cases = list(evaluate(RULES, here).recovery.cases)
    return Slow(village(done), period.begin, period.end, cases, promises, per_person)


def figures(section: Section) -> dict[str, tuple[float | None, int]]:
    return {each.key: (each.value, each.based_on) for each in section.figures}


def approx(told: dict[str, tuple[float | None, int]]) -> dict[str, Any]:
    return {key: (value if value is None else pytest.approx(value), base) for key, (value, base) in told.items()}


def tables(section: Section) -> dict[str, list[tuple[Any, ...]]]:
    return {table.title: list(table.rows) for table in section.tables}


def there(told: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    return {title: rows for title, rows in told.items() if rows}


# --- against the slow count -------------------------------------------------------------------------------------------


@FEW
@given(SEEDS)
def test_cases(rng: random.Random) -> None:
    done, period = troubles(rng), a_period(rng)
    section, count = recovery(seen(desk(done), period)), counted(done, period)
    assert figures(section) == approx(count.of_recovery())
    assert tables(section) == there(count.recovery_tables())
    for chart in section.charts:
        for line, what in zip(chart.series, ("opened", "verified", "failed"), strict=True):
            days = [count.day(at) for _, kind, at in count.of_cases() if kind == what]
            assert list(line.values) == [days.count(label) for label in chart.labels]
    assert bool(section.charts) == bool(count.of_cases())


@FEW
@given(SEEDS)
def test_what_customers_said(rng: random.Random) -> None:
    done, period = troubles(rng), a_period(rng)
    section, count = voice(seen(desk(done), period)), counted(done, period)
    assert figures(section) == count.of_voice()
    told, wanted = tables(section), there(count.voice_tables())
    words = "In their words"
    assert told | {words: sorted(told.get(words, []))} == wanted | {words: wanted.get(words, [])}
    assert told.get(words, []) == sorted(told.get(words, []), key=lambda row: row[0], reverse=True)
    for chart in section.charts:
        hours = told["Trouble by hour of the day"]
        assert [list(line.values) for line in chart.series] == [[row[n] for row in hours] for n in (1, 2, 3)]
        assert list(chart.labels) == [row[0] for row in hours]


@FEW
@given(SEEDS, st.booleans())
def test_what_is_worth_thanks(rng: random.Random, per_person: bool) -> None:
    done, period = troubles(rng), a_period(rng)
    here, count = seen(desk(done), period, per_person=per_person), counted(done, period, per_person=per_person)
    section = thanks(here)
    assert figures(section) == count.of_recognition()
    told = tables(section)
    assert told.get("Worth a thank-you", []) == count.praise()
    names = [row[0] for row in count.praise()]
    quotes = [(name, said.text, said.ticket) for name, said in count.thanked() if said.text]
    assert told.get("What customers said", []) == sorted(quotes, key=lambda row: names.index(row[0]))[:12]


def test_the_random_desks_have_everything_to_count() -> None:
    found: dict[str, int] = {}
    for rng in map(random.Random, range(25)):
        count = counted(troubles(rng), Period(BEGIN + 96 * HOUR, END))
        told = count.of_recovery() | count.of_voice() | count.of_recognition()
        rows = count.recovery_tables() | count.voice_tables() | {"praise": count.praise()}
        for key, much in [*((key, value) for key, (value, _) in told.items()), *rows.items()]:
            found[key] = found.get(key, 0) + bool(much)
    assert {key for key, times in found.items() if not times} == {"flagged_rightly"}


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_the_period_before_is_told_as_its_own(rng: random.Random) -> None:
    done, period = troubles(rng), Period(BEGIN + 300 * HOUR, BEGIN + 450 * HOUR)
    found = report(RULES, desk(done), period, END, BERLIN)
    count = counted(done, found.earlier)
    wanted = count.of_recovery() | count.of_voice() | count.of_recognition()
    told = {
        each.key: (each.before, each.before_based_on)
        for section in found.sections
        for each in section.figures
        if each.key in wanted
    }
    if min(deed.at for deed in done) <= found.earlier.begin + (found.earlier.end - found.earlier.begin) / 10:
        assert told == approx(wanted)
    else:
        assert set(told.values()) == {(None, 0)}


@FEW
@given(SEEDS)
def test_nothing_later_than_the_period_is_seen(rng: random.Random) -> None:
    done, period = troubles(rng), a_period(rng)
    late, then = (seen(desk(done, until), period) for until in (None, period.end - TICK))
    for make in (recovery, voice, thanks):
        assert make(late) == make(then)


# --- one thing at a time ----------------------------------------------------------------------------------------------

MARCH = Period(BEGIN, END)


def told(*done: tuple[float, str, str, str | None], more: str = "") -> dict[str, Any]:
    """The figures after deeds, each hours after the begin, on a ticket, with what it needs."""
    happened = [Deed(BEGIN + at * HOUR, ticket, what, extra) for at, ticket, what, extra in done]
    here = seen(desk(happened), MARCH, rules(slow.RULES + more))
    return {key: value for make in (recovery, voice, thanks) for key, (value, _) in figures(make(here)).items()}


MIA = "customer1@lake.example"
LET_DOWN = ((0, "1", "create", MIA), (1, "1", "reply", None), (2, "1", "solved", None), (3, "1", "bad", None))


def test_a_case_that_ended_before_its_contact_was_due_is_not_counted_as_contacted() -> None:
    closed = told(*LET_DOWN, (10, "1", "mark", "recovery: closed customer at fault"))
    assert closed["contacted_in_time"] is None
    assert told(*LET_DOWN)["contacted_in_time"] == 0.0
    assert told(*LET_DOWN, (30, "1", "mark", "recovery: closed unreachable"))["contacted_in_time"] == 0.0
    assert told(*LET_DOWN, (10, "1", "mark", "recovery: resolved"))["contacted_in_time"] == 1.0


def test_a_bad_rating_that_opened_no_case_was_not_foreseen() -> None:
    reopened = ((0, "1", "create", MIA), (2, "1", "solved", None), (3, "1", "ask", None), (9, "1", "bad", None))
    assert told(*reopened)["early_catch"] == 1.0
    assert (
        told(*reopened, (400, "2", "create", "customer2@lake.example"), (401, "2", "bad", None))["early_catch"] == 0.5
    )


def test_a_case_that_joined_later_foresaw_nothing() -> None:
    other = ((4, "2", "create", "customer2@lake.example"), (5, "2", "bad", None))
    assert told(*LET_DOWN, *other, (10, "1", "merge", "2"))["early_catch"] == 0.0
    assert told(*LET_DOWN, *other, (10, "1", "merge", "2"), (12, "2", "bad", None))["early_catch"] == pytest.approx(
        1 / 3
    )


def test_a_case_that_moved_to_a_younger_ticket_opened_where_it_was() -> None:
    moved = (*LET_DOWN, (5, "2", "create", MIA), (6, "1", "merge", "2"))
    happened = [Deed(BEGIN + at * HOUR, ticket, what, extra) for at, ticket, what, extra in moved]
    found = tables(recovery(seen(desk(happened), MARCH)))
    assert found["Cases by team"] == [("help", 1, 0, 0)]


def test_causes_are_one_in_upper_and_lower_case() -> None:
    found = []
    for number, cause in ((1, "late courier"), (2, "Late Courier")):
        who = f"customer{number}@lake.example"
        found += [Deed(BEGIN + number * HOUR, str(number), "create", who), Deed(BEGIN + 5 * HOUR, str(number), "bad")]
        text = f"recovery: because {cause}\nrecovery: closed recovered"
        found.append(Deed(BEGIN + 9 * HOUR, str(number), "mark", text))
    assert tables(recovery(seen(desk(found), MARCH)))["Root causes"] == [("late courier", 2)]


def test_judged_cases() -> None:
    assert told(*LET_DOWN, (9, "1", "mark", "recovery: wrong"))["flagged_rightly"] == 0.0
    assert told(*LET_DOWN, (9, "1", "mark", "recovery: right"))["flagged_rightly"] == 1.0


def test_long_words_are_cut_and_days_are_the_zones() -> None:
    built = village([Deed(BEGIN, "1", "create", MIA), Deed(BEGIN + 17.5 * HOUR, "1", "bad")])
    built.events[-1] = replace(built.events[-1], text="word " * 100)
    here = snapshot(*built.tickets.values(), events=built.events, at=END, known_to=END)
    (row,) = tables(voice(seen(here, MARCH)))["In their words"]
    assert row == ("2026-03-03", "bad", "1", "word " * 40 + "...")


# --- what is not there ------------------------------------------------------------------------------------------------


def test_without_data_shares_are_unknown() -> None:
    here = seen(desk([]), MARCH)
    for make in (recovery, voice, thanks):
        section = make(here)
        assert {(each.value, each.based_on) for each in section.figures if each.kind == "count"} == {(0, 0)}
        assert {(each.value, each.based_on) for each in section.figures if each.kind != "count"} <= {(None, 0)}
        assert (section.tables, section.charts) == ((), ())


@pytest.mark.parametrize("kind", ["recover", "promise", "words", "everything"])
def test_what_the_rule_file_does_not_watch_is_said_and_not_nought(kind: str) -> None:
    lines = {"recover": "Rated Reopened", "promise": "Word", "everything": "Rated Reopened Word First Solved"}
    text = slow.RULES
    if kind in ("words", "everything"):
        text = text.replace("words: {themes: {delivery: [parcel], money: [invoice]}}\n", "")
    head, *found = text.split("\n  - ")
    kept = [rule for rule in found if not any(f"name: {name}" in rule for name in lines.get(kind, "").split())]
    kept = kept or ["{name: x, when: {status: new}, add_tags: [x]}\n"]
    here = seen(desk(troubles(random.Random(3))), MARCH, rules("\n  - ".join([head, *kept])))
    notes = {make.__name__: " ".join(make(here).notes) for make in (recovery, voice, thanks)}
    assert ("`recover`" in notes["recovery"]) == ("`recover`" in notes["thanks"]) == (kind in ("recover", "everything"))
    assert ("`promise`" in notes["thanks"]) == (kind in ("promise", "everything"))
    assert ("themes" in notes["voice"]) == (kind in ("words", "everything"))
    assert (
        ("won_back" in figures(thanks(here))) == bool(figures(recovery(here))) == ("`recover`" not in notes["recovery"])
    )
    assert ("kept_words" in figures(thanks(here))) == ("`promise`" not in notes["thanks"])
    assert figures(voice(here)).keys() == {"said_thanks", "said_angry", "said_reopened"}


def test_definitions_are_sentences() -> None:
    here = seen(desk([]), MARCH)
    for make in (recovery, voice, thanks):
        assert all(each.definition.endswith(".") and each.of for each in make(here).figures)
