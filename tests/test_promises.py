"""What is a promise and what is none: sentences from support, markers, corrections, quotations, hostile input."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_reading import promised, reading
from hypothesis import given, settings
from hypothesis import strategies as st

from makegood.rules.load import load_file
from makegood.rules.promise_files import built_in
from makegood.rules.promise_language import TIMES, WORDS, Languages
from makegood.rules.promise_tests import verdict
from makegood.rules.promises import corrections_in, languages_for, looks, marked_in, promises_in, time_of

HERE = Path(__file__).parent
LINES = [line for line in (HERE / "promises-en.txt").read_text("utf-8").splitlines() if "|" in line]


def case(line: str) -> tuple[str, str]:
    wanted, _, text = line.partition("|")
    return " ".join(wanted.split()), text.strip().replace("\\n", "\n")


@pytest.mark.parametrize("kind", ["exact", "day", "week", "vague", "no"])
def test_sentences_of_support_promise_what_people_think_they_do(kind: str) -> None:
    here = reading()
    cases = [case(line) for line in LINES if line.startswith(kind)]
    wrong = [(text, wanted, got) for wanted, text in cases if (got := (promised(text, here) or ["no"])[-1]) != wanted]
    assert len(cases) > 5
    assert wrong == []


@pytest.mark.parametrize("language", built_in(), ids=lambda language: language.code)
def test_the_tests_in_the_built_in_language_files_pass(language) -> None:
    results = [verdict(test, language.code, Languages()) for test in language.tests]
    assert [(each.test.text, each.wanted, each.got) for each in results if not each.passed] == []


@pytest.mark.parametrize("language", built_in(), ids=lambda language: language.code)
def test_a_built_in_language_defines_what_the_grammar_uses(language) -> None:
    assert set(WORDS) - set(language.words) == set()
    assert set(TIMES) - set(language.times) <= {"half_to", "weekday_after", "this_month", "other"}


def test_two_acts_with_times_of_their_own_are_two_promises() -> None:
    assert promised("I'll check today and call you tomorrow.") == ["day 2026-03-12 17:00", "day 2026-03-13 17:00"]


def test_a_promise_tells_its_sentence_its_words_and_its_convention() -> None:
    (found,) = promises_in("Hello!  I\u2019ll call you\n tomorrow at 3pm, ok? Bye.", reading())
    assert (found.quote, found.words) == ("I\u2019ll call you tomorrow at 3pm, ok?", "tomorrow at 3pm")
    assert (found.pattern, found.convention) == ("en.will-verb", "a clock time is that of Europe/Berlin")


# --- what is not the author's ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "> I'll call you tomorrow.",
        "Thanks.\n\nOn Mon, 9 Mar 2026 at 10:00 Ben wrote:\n> I'll call you tomorrow.",
        "See below.\n-----Original Message-----\nI'll call you tomorrow.",
        "From: Ben\nSent: Monday\nI'll call you tomorrow.",
        "Thanks\n-- \nBen\nI'll call you tomorrow.",
        "Best regards,\nBen\nWe will answer within 24 hours.",
        "```\nI'll call you tomorrow.\n```",
        'She wrote: "I will call you back tomorrow at ten", right?',
        "You wrote \u201cwe will ship it tomorrow\u201d.",
    ],
)
def test_quotations_code_and_signatures_promise_nothing(text: str) -> None:
    assert promised(text) == []


def test_a_postscript_below_the_signature_counts() -> None:
    assert promised("Done.\nKind regards\nBen\nPS: I'll send the file tomorrow.") == ["day 2026-03-13 17:00"]


# --- why not ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("I'll call you.", "no time words"),
        ("The meeting is tomorrow.", "nobody commits to anything"),
        ("Thank you for calling today, we will send it.", "the time words belong to something else"),
        ("I'll call you on 2026-01-02.", "the time has passed"),
        ("I'll call you tomorrow?", "en.question"),
        ("If you agree, I'll call you tomorrow.", "en.condition"),
        ("follow up: some day", "a marker without a time that can be read"),
    ],
)
def test_it_is_said_why_a_sentence_promises_nothing(text: str, why: str) -> None:
    assert [look.why for look in looks(text, reading())] == [why]


# --- languages of the reading -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "en-GB", "EN_us", None, "tlh"])
def test_english_is_found_by_its_code_and_where_no_file_is_for_the_language(language: str | None) -> None:
    assert promised("I'll call you tomorrow.", reading(language=language)) == ["day 2026-03-13 17:00"]


# --- markers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "follow up: Fri 15:00",
        "Follow-up: fri at 3pm",
        "  - FOLLOW UP: 2026-03-13 15:00 (call back)",
        "#promise fri 15:00",
        "will do #followup Friday 3pm",
        "promise: 2026-03-13T14:00:00Z",
        "Promise = tomorrow 15:00",
        "Talked to them.\nfollow up: friday, 3 pm\nThey were fine.",
    ],
)
def test_a_marker_is_explicit_whatever_the_words_around_it(text: str) -> None:
    here = reading()
    assert promised(text, here) == ["explicit 2026-03-13 15:00"]
    assert [found.grade for found in marked_in(text, here)] == ["explicit"]


def test_a_marker_carries_its_own_name() -> None:
    (found,) = marked_in("Follow up: Fri 15:00", reading())
    assert (found.pattern, found.quote) == ("marker.follow-up", "Follow up: Fri 15:00")


@pytest.mark.parametrize("text", ["follow up: soon", "follow up", "promise: yes", "#promise", "follow up: 2020-01-01"])
def test_a_marker_without_a_time_to_come_is_no_promise(text: str) -> None:
    assert marked_in(text, reading()) == ()


def test_in_a_note_only_markers_count() -> None:
    assert marked_in("I told her I'll call her tomorrow.", reading()) == ()


# --- corrections --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("note", ["no promise", "No promise.", "- no promise: she misread it", "ok\nNOT A PROMISE\n"])
def test_a_note_takes_a_promise_back(note: str) -> None:
    (correction,) = corrections_in(note, reading())
    assert correction.to is None


@pytest.mark.parametrize("note", ["promise moved to Tue 10:00", "Promise moved to: tuesday 10am"])
def test_a_note_moves_a_promise(note: str) -> None:
    (correction,) = corrections_in(note, reading("2026-03-12 10:00"))
    assert correction.to is not None
    assert correction.to.grade == "explicit"
    assert f"{correction.to.due:%Y-%m-%d %H:%M}" == "2026-03-17 09:00"


@pytest.mark.parametrize("note", ["No promises, but we try", "there was no promise", "promise moved to the moon", "hi"])
def test_other_notes_correct_nothing(note: str) -> None:
    assert corrections_in(note, reading()) == ()


# --- fields -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("Fri 15:00", "2026-03-13 14:00"),
        ("2026-12-01", "2026-12-01 16:00"),
        ("2026-12-01T15:00:00Z", "2026-12-01 15:00"),
        ("2026-12-01 15:00", "2026-12-01 14:00"),
        ("tomorrow", "2026-03-13 16:00"),
    ],
)
def test_a_field_may_hold_a_time_in_any_way(text: str, due: str) -> None:
    found = time_of(text, reading())
    assert found is not None
    assert f"{found.due:%Y-%m-%d %H:%M}" == due


@pytest.mark.parametrize("text", ["", "x", "2026-02-30", "soon", "99:99"])
def test_a_field_without_a_time_says_nothing(text: str) -> None:
    assert time_of(text, reading()) is None


# --- the same everywhere, quickly, whatever comes -----------------------------------------------------------------------

SCRIPT = """
from fake_reading import promised
print(promised("I'll call you tomorrow at 3pm. We'll ship it within 2 business days. WIRD PER FRIDAY I'LL REPLY BY FRIDAY."))
"""


@pytest.mark.parametrize(("zone", "locale"), [("Pacific/Kiritimati", "tr_TR.UTF-8"), ("America/Los_Angeles", "C")])
def test_the_machines_zone_and_locale_change_nothing(zone: str, locale: str) -> None:
    env = {**os.environ, "TZ": zone, "LC_ALL": locale, "LANG": locale, "PYTHONPATH": str(HERE)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=env, check=True)
    assert done.stdout.strip() == "['exact 2026-03-13 15:00', 'day 2026-03-16 17:00', 'day 2026-03-13 17:00']"


HOSTILE = {
    "one word of ten million letters": "a" * 10_000_000,
    "a sentence without an end": "i will " * 15_000 + "call you tomorrow",
    "introductions of quotations": "On Monday, 1 Jan 2026 at 10:00 Ben wrote:\n" * 100_000,
    "quotations in quotations": ">" * 100_000 + " I'll call you tomorrow\n" * 1000,
    "quotation marks": '"' * 100_000,
    "times": "tomorrow and " * 10_000,
    "commas": "," * 100_000,
    "numbers": "1-2-3 at 4 " * 10_000,
    "adverbs": "i will make sure that i try to do my best to be able to " * 2000,
    "letters that grow": "\u0130" * 100_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_are_read_quickly(text: str) -> None:
    here = reading(language=None)
    promises_in("I'll call you tomorrow", here)
    start = time.process_time()
    promises_in(text, here)
    assert time.process_time() - start < 10


PIECES = """I'll we will you call send tomorrow Friday at 3pm 24/12 99:99 31.2. in 2 days by if not ? . , ; - > # promise: 0 30
February 29 next week EST Berlin time between and half past 24:00 a an "word" “ ” 15h weekend noon the 31st"""
WORDS_OF_PROMISES = st.sampled_from([*PIECES.split(), "\n"])


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS_OF_PROMISES | st.text(max_size=4), max_size=25))
def test_any_text_is_read_without_an_error_and_promises_lie_ahead(words: list[str]) -> None:
    here = reading(language=None)
    for found in promises_in(" ".join(words), here):
        assert (found.due is None) == (found.grade == "vague")
        assert found.due is None or found.due > here.at
        assert len(found.quote) <= 500


# --- an admin's own languages -------------------------------------------------------------------------------------------

RULES = "languages: {folder}\nrules:\n  - {{name: A rule, when: {{status: new}}, add_tags: [x]}}\n"


def own(tmp_path: Path, text: str, name: str = "en.yaml"):
    """A rule file with a folder of one language file: the rule set, and what is wrong."""
    (tmp_path / "mine").mkdir(exist_ok=True)
    (tmp_path / "mine" / name).write_text(text, encoding="utf-8")
    (tmp_path / "rules.yaml").write_text(RULES.format(folder="mine"))
    return load_file(tmp_path / "rules.yaml")


def test_a_folder_adds_to_a_built_in_language(tmp_path: Path) -> None:
    rules, found = own(tmp_path, "language: en\ngates: {ours: [leave it to me]}\ntimes: {tomorrow: [mañana]}\n")
    assert found == []
    here = reading(languages=languages_for(rules))
    assert promised("Leave it to me, mañana it works.", here) == ["day 2026-03-13 17:00"]
    assert promised("Leave it to me, mañana it works.") == []


def test_a_folder_adds_a_language(tmp_path: Path) -> None:
    text = "language: nl\nwords: {no_act: [niet]}\ngates: {ik: [ik bel u]}\ntimes: {tomorrow: [morgen]}\n"
    rules, found = own(tmp_path, text, "nl.yaml")
    assert found == []
    here = reading(language="nl-BE", languages=languages_for(rules))
    assert promised("Ik bel u morgen.", here) == ["day 2026-03-13 17:00"]


def test_what_a_language_file_says_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    first, _ = own(tmp_path, "language: en\ngates: {ours: [leave it to me]}\n")
    second, _ = own(tmp_path, "language: en\ngates: {ours: [leave it to us]}\n")
    third, _ = own(tmp_path, "# the same\nlanguage: en\ngates: {ours: [leave it to us]}\n")
    assert len({first.fingerprint, second.fingerprint, third.fingerprint}) == 2
    assert second.fingerprint == third.fingerprint


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("language: en\ngates:\n  ours: [we <nope>]\n", 3, "`we <nope>` uses `<nope>`, and there are no such words"),
        ("language: en\ngates:\n  ours:\n    - we (do\n", 4, "the brackets in `we (do` do not match"),
        ("language: en\ntimes:\n  fortnight: [x]\n", 3, "`fortnight` is not one of the times"),
        ("language: en\nweekdays: {fryday: [x]}\n", 2, "`fryday` is not one of the weekdays"),
        ("language: en\nzones: {Nowhere/City: [x]}\n", 2, "there is no time zone `Nowhere/City`"),
        ("language: en\nnumbers: {few: [x]}\n", 2, "`few` is not a number"),
        ("language: en\nwords: {a: [<a>]}\ngates: {b: [<a>]}\n", 2, "`<a>` uses itself, or goes too deep"),
        ("language: de\n", 1, "en.yaml is for `de`, and is not called so"),
        ("language: en\ngate: {}\n", 2, "a language file has no key `gate`"),
        ("language: en\ntests: [{text: x, at: 2026-03-12 10:00}]\n", 2, "this test does not say what is expected"),
        ("language: en\ntests: [{text: x, at: noon, promise: no}]\n", 2, "`noon` is not a point in time"),
        ("{", 1, "this `{` is never closed"),
    ],
)
def test_a_mistake_in_a_language_file_is_told_on_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    rules, found = own(tmp_path, text)
    assert rules is None
    assert (Path(found[0].span.file).name, found[0].span.line, found[0].message) == ("en.yaml", line, message)
    assert found[0].hint


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULES.format(folder="nowhere"))
    rules, (found,) = load_file(tmp_path / "rules.yaml")
    assert rules is None
    assert found.message == "there is no folder nowhere"


@pytest.mark.parametrize(
    "text",
    [
        "Thanks for writing.\nWe will answer within 24 hours.\nThis is an automatic message, nobody reads the answers.",
        "[Auto-Reply] We will respond within one business day.",
        "We will reply by tomorrow. Please do not reply to this email.",
    ],
)
def test_what_a_machine_says_of_itself_promises_nothing(text: str) -> None:
    assert promised(text) == []
