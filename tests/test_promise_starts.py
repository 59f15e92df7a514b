"""Looking only at phrases that begin with the right letter finds what looking at all of them finds."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from makegood.rules.promise_files import every_language
from makegood.rules.promise_language import Languages
from makegood.rules.promise_phrases import folded
from makegood.rules.promise_starts import ANY_LETTER, FIGURE, Alternatives, first_letters
from makegood.rules.promise_times import MASK, PAST_MASK, TimeWords

LANGUAGES = {language.code: language for language in every_language(Languages())}
PIECES = [
    "at",
    "3",
    "3pm",
    "15:00",
    "um",
    "10",
    "Uhr",
    "on",
    "the",
    "5th",
    "of",
    "24.12.",
    "next",
    "2-3",
    "'",
    "(",
    ",",
    MASK,
]


def words_of(code: str) -> list[str]:
    """The words that a language's times are made of."""
    language = LANGUAGES[code]
    said = [
        each for part in (language.times, language.weekdays, language.units, language.numbers) for each in part.values()
    ]
    return sorted({word for phrases in said for phrase in phrases for word in re.findall(r"[\w'.]+", phrase)})


@pytest.mark.parametrize("code", sorted(LANGUAGES))
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_same_times_are_found(code, data):
    text = folded(" ".join(data.draw(st.lists(st.sampled_from([*words_of(code), *PIECES]), max_size=12))))
    times = TIMES[code]
    assert list(times.find(text)) == list(SLOW[code].find(text))


def slowly(language):
    """The times of a language, with every phrase tried at every word."""
    times = TimeWords(language)
    every = [(expression, {ANY_LETTER}) for expression, _ in times._any._expressions]
    times._any = Alternatives(every, MASK + PAST_MASK, times._joined)
    return times


TIMES = {code: TimeWords(language) for code, language in LANGUAGES.items()}
SLOW = {code: slowly(language) for code, language in LANGUAGES.items()}


@pytest.mark.parametrize(
    ("phrase", "letters"),
    [
        ("tomorrow", {"t"}),
        ("at|by <h>", {"a", "b"}),
        ("(the) end of day", {"t", "e"}),
        ("<h> pm", {FIGURE}),
        ("<any> week", {ANY_LETTER}),
        ("(in) <unit>", {"i", "h"}),
        ("<soon> enough", {"q", "a"}),
    ],
)
def test_a_phrase_begins_with_the_letters_of_its_first_words(phrase, letters):
    slots = {"h": {FIGURE}, "any": {ANY_LETTER}, "unit": {"h"}}
    assert first_letters(phrase, {"soon": ["quickly", "(as) as soon"]}, slots) == letters
