"""What is a promise in German and what is none: sentences from support, times, spellings, markers, corrections."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_reading import promised, reading

from makegood.rules.promises import corrections_in, looks, marked_in

LINES = [line for line in (Path(__file__).parent / "promises-de.txt").read_text("utf-8").splitlines() if "|" in line]
HERE = reading(language="de")


def case(line: str) -> tuple[str, str]:
    wanted, _, text = line.partition("|")
    return " ".join(wanted.split()), text.strip().replace("\\n", "\n")


@pytest.mark.parametrize("kind", ["exact", "day", "week", "vague", "no"])
def test_sentences_of_german_support_promise_what_people_think_they_do(kind: str) -> None:
    cases = [case(line) for line in LINES if line.startswith(kind)]
    wrong = [(text, wanted, got) for wanted, text in cases if (got := (promised(text, HERE) or ["no"])[-1]) != wanted]
    assert len(cases) > 5
    assert wrong == []


# --- times of German ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("Montagvormittag", "day 2026-03-16 12:00"),
        ("am Dienstagmorgen", "day 2026-03-17 12:00"),
        ("am Dienstag Morgen um 9 Uhr", "exact 2026-03-17 09:00"),
        ("nächsten Mittwochabend", "day 2026-03-19 00:00"),
        ("Freitagmittag", "exact 2026-03-13 12:00"),
        ("morgen, am Freitag,", "day 2026-03-13 17:00"),
        ("um 16 Uhr 45", "exact 2026-03-12 16:45"),
        ("um halb zwölf", "exact 2026-03-12 11:30"),
        ("morgen früh um 6 Uhr", "exact 2026-03-13 06:00"),
        ("bis 20.3", "day 2026-03-20 17:00"),
        ("bis zum 1. April", "day 2026-04-01 17:00"),
        ("in drei Viertelstunden", "exact 2026-03-12 10:45"),
        ("in 2 AT", "day 2026-03-16 17:00"),
        ("in KW 14", "week 2026-04-03 17:00"),
        ("am Freitag in KW 14", "day 2026-04-03 17:00"),
        ("bis KW 2", "week 2027-01-15 17:00"),
        ("Ende Februar", "week 2027-02-26 17:00"),
        ("in vier Arbeitsstunden", "exact 2026-03-12 14:00"),
        ("am Freitag oder Montag", "day 2026-03-16 17:00"),
        ("zwischen Montag und Mittwoch", "day 2026-03-18 17:00"),
    ],
)
def test_a_german_time_is_read_by_its_convention(words: str, wanted: str) -> None:
    assert promised(f"Ich melde mich {words} bei Ihnen.", HERE) == [wanted]


@pytest.mark.parametrize("text", ["Ich prüfe es übermorgen", "ich pruefe es uebermorgen", "ICH PRÜFE ES ÜBERMORGEN"])
def test_umlauts_may_be_written_out_and_letters_be_big(text: str) -> None:
    assert promised(text, HERE) == ["day 2026-03-15 00:00"]


def test_two_german_acts_are_two_promises() -> None:
    text = "Ich werde das heute prüfen und mich morgen bei Ihnen melden."
    assert promised(text, HERE) == ["day 2026-03-12 17:00", "day 2026-03-13 17:00"]


# --- letters, signatures, reasons ---------------------------------------------------------------------------------------


def test_a_letter_promises_what_its_author_says_in_it() -> None:
    text = """Sehr geehrte Frau Albrecht,

vielen Dank für Ihre Nachricht von gestern. Die Technik hat den Fehler gefunden, wir
spielen die Korrektur am Montag ein. Bei Fragen erreichen Sie uns bis 17 Uhr.

Mit freundlichen Grüßen
Jan Peters
Wir antworten innerhalb von 24 Stunden.

Am 11.03.2026 um 08:12 schrieb Ute Albrecht:
> Ich rufe Sie morgen an."""
    assert promised(text, HERE) == ["day 2026-03-16 17:00"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Ich rufe Sie an.", "no time words"),
        ("Morgen ist Feiertag.", "nobody commits to anything"),
        ("Rufe ich Sie morgen an?", "de.question"),
        ("Wenn Sie zustimmen, rufe ich Sie morgen an.", "de.condition"),
        ("Ich melde mich nicht vor Freitag.", "de.negation"),
        ("Bitte schicken Sie das Gerät ein, dann prüfen wir es morgen.", "de.request"),
        ("Normalerweise antworten wir innerhalb eines Tages.", "de.habit"),
    ],
)
def test_it_is_said_why_a_german_sentence_promises_nothing(text: str, why: str) -> None:
    assert [look.why for look in looks(text, HERE)] == [why]


# --- markers and corrections --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "note",
    [
        "Wiedervorlage: Fr 15:00",
        "WV: morgen 15 Uhr",
        "Zusage: Freitag um 15 Uhr",
        "#zusage fr 15:00",
        "Rückmeldung: morgen um drei",
        "Rueckmeldung: 13.03.2026 15:00",
        "- Rückruf: Fr. 15 Uhr",
    ],
)
def test_a_german_marker_is_explicit(note: str) -> None:
    assert [f"{found.grade} {found.due:%Y-%m-%d %H:%M}" for found in marked_in(note, HERE)] == [
        "explicit 2026-03-13 14:00"
    ]


def test_a_german_note_takes_a_promise_back_or_moves_it() -> None:
    assert [each.to for each in corrections_in("Keine Zusage.", HERE)] == [None]
    (moved,) = corrections_in("Zusage verschoben auf Di 10:00", HERE)
    assert moved.to is not None
    assert f"{moved.to.due:%Y-%m-%d %H:%M}" == "2026-03-17 09:00"
    assert corrections_in("Die Zusage war keine gute Idee", HERE) == ()
