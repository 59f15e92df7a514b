"""Words of customers: which messages are angry, which say that it is right now, and what they are about."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import pytest
from fake_cli import call, complaints
from hypothesis import given
from hypothesis import strategies as st

from makegood.rules.load import load_file, load_text
from makegood.rules.wordlist_files import WordList, built_in
from makegood.rules.wordlist_phrases import Phrases, complaint, plain, ready, shouts, urges
from makegood.rules.wordlists import Wordlists

HERE = Path(__file__).parent
LANGUAGES = ("de", "en")
WORDS = Wordlists(
    own_angry=("never darken*", "LAST hope"),
    own_thanks=("chapeau",),
    own_themes={"delivery": ("parcel", "late delivery"), "billing": ("invoice*", "refund", "parcel")},
)
RULES = "rules: [{name: R, when: {tags: vip}, add_tags: [seen]}]\n"


def sentences(kind: str) -> list[tuple[str, str]]:
    """What customers wrote, each with its language."""
    found: list[tuple[str, str]] = []
    for language in LANGUAGES:
        lines = HERE.joinpath(f"wordlists-{language}.txt").read_text("utf-8").splitlines()
        written = (line.split(" | ", 1) for line in lines if not line.startswith("#"))
        found += [(language, text.replace("\\n", "\n")) for what, text in written if what == kind]
    return found


@pytest.mark.parametrize(("language", "text"), sentences("angry"))
def test_an_angry_message(language: str, text: str) -> None:
    assert Wordlists().angry(text, language)
    assert Wordlists().angry(text, None)
    assert Wordlists().thanks(text, language) is None


@pytest.mark.parametrize(("language", "text"), sentences("calm"))
def test_a_calm_message(language: str, text: str) -> None:
    assert Wordlists().angry(text, language) is None
    assert Wordlists().angry(text, None) is None


@pytest.mark.parametrize(("language", "text"), sentences("thanks"))
def test_thanks_that_say_that_it_is_right_now(language: str, text: str) -> None:
    assert Wordlists().thanks(text, language)
    assert Wordlists().thanks(text, None)
    assert Wordlists().angry(text, language) is None


@pytest.mark.parametrize(("language", "text"), sentences("polite"))
def test_thanks_that_say_nothing_of_the_kind(language: str, text: str) -> None:
    assert Wordlists().thanks(text, language) is None
    assert Wordlists().thanks(text, None) is None


@pytest.mark.parametrize("kind", ["angry", "calm", "thanks", "polite"])
def test_there_are_many_sentences_of_each_kind_and_language(kind: str) -> None:
    written = [language for language, _ in sentences(kind)]
    assert all(written.count(language) >= 25 for language in LANGUAGES)


# --- how phrases match ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("fed up", "I'm FED  UP.", True),
        ("fed up", "fed\r\n\tup", True),
        ("fed up", "fed. Up you go", False),
        ("fed up", "well-fed upstairs", False),
        ("perfect, thanks", "Perfect thanks", True),
        ("perfect thanks", "perfect \u2013 thanks", True),
        ("cancel*", "Cancelling", True),
        ("cancel*", "cancel!", True),
        ("cancel* my order", "Cancelled my order", True),
        ("cancel", "cancels", False),
        ("i've had it", "I\u2019ve had it", True),
        ("unmöglich", "UNMO\u0308GLICH", True),
        ("unmöglich", "unmoglich", False),
        ("straße", "STRASSE", True),
        ("refund", "(refund)", True),
        ("refund", '"refund"', True),
        ("refund", "re-refund_x", False),
        ("any news?", "Any news?", True),
        ("any news?", "any news", False),
        ("never again", "never... again", False),
    ],
)
def test_how_a_phrase_matches(phrase: str, text: str, found: bool) -> None:
    assert [each for each, _, _ in Phrases([(phrase, None)]).found(plain(text))] == [phrase] * found


def test_of_phrases_that_begin_together_the_longest_is_found() -> None:
    phrases = Phrases([("thank you", 1), ("thank you so much", 2), ("thank you so much for", 3), ("thank*", 4)])
    found = [
        (phrase, meaning) for phrase, meaning, _ in phrases.found(plain("Thank you so much for it, thank you, thanks"))
    ]
    assert found == [("thank you so much for", 3), ("thank you", 1), ("thank*", 4)]


def test_a_word_may_be_written_without_its_umlaut_where_the_list_says_so() -> None:
    assert Wordlists().angry("lächerlich", "de") == Wordlists().angry("laecherlich", "de") == "lächerlich*"


@given(st.lists(st.text("ab* ,-.\u2013", min_size=1, max_size=12), max_size=8), st.text("ab ,-.\u2013*\n", max_size=40))
def test_any_phrases_are_found_as_they_are_listed(listed: list[str], text: str) -> None:
    good = [phrase for phrase in listed if complaint(phrase) is None]
    assert all(phrase in good for phrase, _, _ in Phrases((each, None) for each in good).found(plain(text)))
    for phrase in good:
        if not set(phrase) & set("*,-\u2013"):
            assert ready(phrase) in {ready(each) for each, _, _ in Phrases([(phrase, None)]).found(plain(phrase))}


# --- shouting ---------------------------------------------------------------------------------------------------------


def test_capitals_and_marks() -> None:
    assert shouts("WHERE IS MY ORDER, PLEASE ANSWER")
    assert not shouts("Please see the README and the FAQ of NASA")
    assert not shouts("HELP")
    assert urges("Hello??")
    assert urges("what?!")
    assert not urges("Hello! How are you?")


@pytest.mark.parametrize("text", ["WHERE IS THE INVOICE YOU WROTE ABOUT", "Hi!!", "???"])
def test_capitals_and_marks_alone_tell_nothing(text: str) -> None:
    assert Wordlists().angry(text, None) is None


def test_weak_words_count_where_a_message_shouts() -> None:
    assert Wordlists().angry("Any update on this", "en") is None
    assert Wordlists().angry("Any update on this??", "en") == "any update"


# --- languages, own words, themes -------------------------------------------------------------------------------------


def test_the_language_of_the_ticket_chooses_the_list() -> None:
    assert Wordlists().angry("Das ist eine Frechheit", "de-AT") == "frechheit"
    assert Wordlists().angry("Das ist eine Frechheit", "de_CH") == "frechheit"
    assert Wordlists().angry("Das ist eine Frechheit", "en") is None


@pytest.mark.parametrize("language", ["fr", "", None])
def test_without_a_list_for_the_language_every_list_is_asked(language: str | None) -> None:
    assert Wordlists().angry("This is unacceptable", language)
    assert Wordlists().angry("Eine Zumutung", language)


def test_phrases_of_the_rule_file_count_in_every_language() -> None:
    assert WORDS.angry("Never darkening my door again", "fr") == "never darken*"
    assert WORDS.angry("That was the last  hope.", "de") == "LAST hope"
    assert WORDS.thanks("Chapeau!", "fr") == "chapeau"


def test_own_phrases_are_turned_round_and_taken_back_like_the_others() -> None:
    assert WORDS.angry("I would not never darken your door", "en") is None
    assert WORDS.thanks("Chapeau, but why is it blue", "en") is None
    assert WORDS.thanks("Chapeau! You are useless", "en") is None


def test_themes_come_in_the_order_of_the_file() -> None:
    assert WORDS.themes("Two invoices, one PARCEL") == ("delivery", "billing")
    assert WORDS.themes("a refund") == ("billing",)
    assert WORDS.themes("A question") == ()
    assert Wordlists().themes("parcel") == ()


def test_what_the_customer_quotes_does_not_count() -> None:
    mail = "Fine.\n\nOn Mon, Jan 5, 2026 at 9:00 AM Ben <ben@example.com> wrote:\n> parcel, unacceptable, works now"
    assert (WORDS.angry(mail, "en"), WORDS.thanks(mail, "en"), WORDS.themes(mail)) == (None, None, ())


def test_word_lists_can_be_sent_to_a_worker() -> None:
    assert pickle.loads(pickle.dumps(WORDS)) == WORDS


@given(st.text(max_size=300), st.one_of(st.sampled_from(["en", "de-AT", None]), st.text(max_size=5)))
def test_no_text_is_too_odd(text: str, language: str | None) -> None:
    WORDS.angry(text, language)
    WORDS.thanks(text, language)
    WORDS.themes(text)


@pytest.mark.parametrize(
    "piece", ["still still waiting nobody not a complaint ", "thank you so ", "cancel" * 9, "- ", "?!", '"']
)
def test_long_texts_take_time_in_proportion_to_their_length(piece: str) -> None:
    def seconds(times: int) -> float:
        text, begin = piece * times, perf_counter()
        for ask in (WORDS.angry, WORDS.thanks):
            ask(text, None)
        return perf_counter() - begin

    seconds(10)
    assert seconds(4000) < 60 * max(seconds(200), 0.002)


# --- the lists that come with it --------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", built_in().values(), ids=lambda words: words.language)
def test_no_phrase_of_a_list_stands_there_twice(words: WordList) -> None:
    angry = [ready(phrase) for phrase in (*words.angry, *words.angry_aloud)]
    thanks = [ready(phrase) for phrase in (*words.thanks, *words.polite, *words.not_thanks)]
    assert len(set(angry)) == len(angry)
    assert len(set(thanks)) == len(thanks)
    assert min(len(words.angry), len(words.thanks)) >= 60


@pytest.mark.parametrize("words", built_in().values(), ids=lambda words: words.language)
def test_every_phrase_of_a_list_is_found(words: WordList) -> None:
    for phrase in words.angry:
        assert Wordlists().angry(phrase.replace("*", ""), words.language), phrase
    for phrase in words.angry_aloud:
        assert Wordlists().angry(f"{phrase}!!", words.language), phrase


# --- in the rule file -------------------------------------------------------------------------------------------------


def test_the_rule_file_adds_words() -> None:
    text = "words: {angry: never  again ever, thanks: [all good], themes: {delivery: [parcel], size: too small}}\n"
    rules, _ = load_text(RULES + text)
    assert rules is not None
    assert (rules.words.own_angry, rules.words.own_thanks) == (("never again ever",), ("all good",))
    assert rules.words.own_themes == {"delivery": ("parcel",), "size": ("too small",)}


def test_words_of_included_files_come_first(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("words: {angry: [one], thanks: [two], themes: {a: [three]}}\n")
    (tmp_path / "rules.yaml").write_text(
        f"include: more.yaml\n{RULES}words: {{angry: [four], themes: {{b: [three]}}}}\n"
    )
    rules, found = load_file(tmp_path / "rules.yaml")
    assert rules is not None, found
    assert rules.words == Wordlists(("one", "four"), ("two",), {"a": ("three",), "b": ("three",)})


def test_a_phrase_that_two_files_list_is_told_with_both_places(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("words: {angry: [one, Two], themes: {a: [three]}}\n")
    (tmp_path / "rules.yaml").write_text(f"include: more.yaml\n{RULES}words:\n  thanks: [two]\n  themes:\n    a: [x]\n")
    rules, found = load_file(tmp_path / "rules.yaml")
    assert rules is None
    first = tmp_path / "more.yaml"
    assert [(each.span.line, each.span.column, each.message) for each in found] == [
        (4, 12, f"the phrase `two` stands in {first}:1 already"),
        (6, 5, f"the theme `a` stands in {first}:1 already"),
    ]


def test_words_that_can_change_a_plan_make_it_another_rule_file() -> None:
    def fingerprint(more: str) -> str:
        rules, found = load_text(RULES + more)
        assert rules is not None, found
        return rules.fingerprint

    assert fingerprint("") == fingerprint("words: {themes: {a: [b]}}")
    assert len({fingerprint(more) for more in ("", "words: {angry: [b]}", "words: {thanks: [b]}")}) == 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("{angry: {a: b}}", "expected"),
        ("{themes: [parcel]}", "themes by name"),
        ("{angr: [a]}", "`words` has no key `angr`"),
        ("{themes: {delivery: }}", "`delivery` has no value"),
        ("{angry: [one, ONE]}", "the phrase `ONE` stands on line 2 already"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, words: str, told: str) -> None:
    file = tmp_path / "rules.yaml"
    said = complaints(file, f"{RULES}words: {words}\n")
    assert told in said
    assert f"{file}:2:" in said


def test_check_finds_nothing_wrong_with_words(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        f"{RULES}words:\n  angry: [still no answer, cancel*]\n  themes: {{delivery: [parcel, late delivery]}}\n"
    )
    result = call("check", "--rules", str(file))
    assert (result.exit_code, result.output) == (0, f"{file}: 1 rule and 0 tests, nothing wrong\n")


def test_the_lists_are_read_only_when_a_message_is_asked_about(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(f"{RULES}words: {{angry: [x], themes: {{a: [b]}}}}\n")
    script = (
        "from makegood.rules.load import load_file; from makegood.rules import wordlist_files, wordlists\n"
        "words = load_file('rules.yaml')[0].words\n"
        "print(wordlist_files.built_in.cache_info().currsize, wordlists._lists.cache_info().currsize)\n"
        "words.angry('x', None); print(wordlist_files.built_in.cache_info().currsize)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout.split() == ["0", "0", "1"]
