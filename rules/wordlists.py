"""What customers say that is telling: that they are upset, that it is right now, and what it is about.

Word lists, no guess at feelings: a list for each language comes with makegood, a rule file adds to them under ``words``.
Nothing is read or compiled before a message is asked about. Quotations and signatures of a message do not count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from .diagnostics import place
from .nodes import Mapping, Scalar, Sequence
from .promise_language import language_code
from .promise_sentences import fresh, without_quotations
from .shapes import Dictionary, Key, Table
from .wordlist_files import PHRASES, built_in
from .wordlist_phrases import Phrases, plain, ready, shouts, urges

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Mapping as MappingType

    from .diagnostics import Span
    from .nodes import Node
    from .shapes import Fields, Reader
    from .wordlist_files import WordList

_QUESTION = re.compile(r"\?(?!\w)")
_Meaning = Literal["angry", "aloud", "thanks", "polite", "veto"]


@dataclass(frozen=True, slots=True)
class Wordlists:
    """The built-in lists and what a rule file adds to them, in every language.

    ``own_themes``: topics by name with their phrases, in the order of the file.
    """

    own_angry: tuple[str, ...] = ()
    own_thanks: tuple[str, ...] = ()
    own_themes: MappingType[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def angry(self, text: str, language: str | None) -> str | None:
        """The first phrase, as it is listed, by which a customer's message says that somebody is upset or about to leave.

        ``language`` is the ticket's (``de``, ``de-AT``); where it has no list, or none is said, every list is asked.
        Capitals, ``!!`` or ``??`` alone tell nothing: they let phrases count that are too weak by themselves.
        """
        said = _said(text)
        return _angry(said, _lists(self, language_code(language)))

    def thanks(self, text: str, language: str | None) -> str | None:
        """The first phrase, as it is listed, by which a customer's message says that it is right now.

        None where the message also asks something, is upset, or takes it back: *works now, but*, *thanks in advance*.
        """
        said = _said(text)
        lists = _lists(self, language_code(language))
        found = list(lists.thanks.found(said.plain))
        meant = [phrase for phrase, meaning, _ in found if meaning == "thanks"]
        if not meant or any(meaning == "veto" for _, meaning, _ in found) or _QUESTION.search(said.text):
            return None
        if any(lists.negated(said.plain, at) for _, meaning, at in found if meaning == "thanks"):
            return None
        return None if _angry(said, lists) else meant[0]

    def themes(self, text: str) -> tuple[str, ...]:
        """The topics of the rule file that a message is about, in the order of the file."""
        said = _said(text).plain if self.own_themes else ""
        return tuple(name for name, phrases in _themes(self) if next(phrases.found(said), None))


class _Said(NamedTuple):
    """What a customer newly said, and the same as phrases see it."""

    text: str
    plain: str


def _said(text: str) -> _Said:
    new = without_quotations(fresh(text), " ")
    return _Said(new, plain(new))


def _angry(said: _Said, lists: _Lists) -> str | None:
    found = (
        (phrase, meaning) for phrase, meaning, at in lists.angry.found(said.plain) if not lists.negated(said.plain, at)
    )
    return next(
        (phrase for phrase, meaning in found if meaning == "angry" or shouts(said.text) or urges(said.text)), None
    )


@dataclass(frozen=True, slots=True)
class _Lists:
    """The lists of a language, or of all, compiled."""

    angry: Phrases[_Meaning]
    thanks: Phrases[_Meaning]
    negations: tuple[str, ...]

    def negated(self, text: str, at: int) -> bool:
        """Whether a negation stands right in front of the phrase that begins at ``at``."""
        return text.endswith(self.negations, 0, at)


_LISTED = {"angry": "angry", "aloud": "angry_aloud", "thanks": "thanks", "polite": "polite", "veto": "not_thanks"}


@lru_cache(maxsize=16)
def _lists(words: Wordlists, code: str) -> _Lists:
    known = built_in()
    lists = (known[code],) if code in known else tuple(known.values())
    spellings = [pair for each in lists for pair in each.spellings]
    return _Lists(
        angry=Phrases(_phrases(lists, words.own_angry, "angry", "aloud"), spellings),
        thanks=Phrases(_phrases(lists, words.own_thanks, "thanks", "polite", "veto"), spellings),
        negations=tuple(f" {ready(phrase)}" for each in lists for phrase in each.negations),
    )


def _phrases(
    lists: Iterable[WordList], own: Iterable[str], main: _Meaning, *others: _Meaning
) -> Iterator[tuple[str, _Meaning]]:
    """A rule file's own phrases, then those of the lists; where one stands twice the first counts."""
    yield from ((phrase, main) for phrase in own)
    for each in lists:
        for meaning in (main, *others):
            yield from ((phrase, meaning) for phrase in getattr(each, _LISTED[meaning]))


@lru_cache(maxsize=16)
def _themes(words: Wordlists) -> tuple[tuple[str, Phrases[None]], ...]:
    return tuple((name, Phrases((phrase, None) for phrase in phrases)) for name, phrases in words.own_themes.items())


# --- `words` in a rule file -------------------------------------------------------------------------------------------


def _words(fields: Fields, _reader: Reader) -> Wordlists:
    return Wordlists(fields.get("angry", ()), fields.get("thanks", ()), fields.get("themes", {}))


WORDS = Table(
    "`words`",
    (
        Key(
            "angry",
            PHRASES,
            "By which customers say that they are upset or about to leave; added to the built-in lists.",
        ),
        Key("thanks", PHRASES, "By which customers say that it is right now; added to the built-in lists."),
        Key(
            "themes",
            Dictionary(PHRASES, "themes by name, such as `delivery: [parcel, courier]`"),
            "What customers talk about, each theme by its phrases; for the report.",
        ),
    ),
    _words,
    {
        "theme": "did you mean `themes`?",
        "topics": "did you mean `themes`?",
        "upset": "did you mean `angry`?",
        "happy": "did you mean `thanks`?",
    },
    "words: {angry: [never again], themes: {delivery: [parcel, courier]}}",
)


def together(files: Iterable[tuple[Wordlists, Node]], reader: Reader) -> Wordlists:
    """What several files say under ``words``, as one; a phrase or theme that stands there twice is reported."""
    parts = list(files)
    first: dict[tuple[str, str], Span] = {}
    for _, node in parts:
        _unique(node, first, reader)
    return Wordlists(
        tuple(phrase for words, _ in parts for phrase in words.own_angry),
        tuple(phrase for words, _ in parts for phrase in words.own_thanks),
        {name: phrases for words, _ in parts for name, phrases in words.own_themes.items()},
    )


def _unique(node: Node, first: dict[tuple[str, str], Span], reader: Reader) -> None:
    """``first``: where a phrase stands, by the list it is in; one that is both angry and thanks is in neither."""
    for key, value in _entries(node):
        if key.text == "themes":
            for topic, phrases in _entries(value):
                _once("theme", topic.text, "", topic, first, reader)
                for phrase in _scalars(phrases):
                    _once("phrase", ready(phrase.text), f"themes.{topic.text}", phrase, first, reader)
        else:
            for phrase in _scalars(value):
                _once("phrase", ready(phrase.text), "", phrase, first, reader)


def _once(what: str, name: str, within: str, node: Scalar, first: dict[tuple[str, str], Span], reader: Reader) -> None:
    known = first.setdefault((f"{what} {within}", name), node.span)
    if known is not node.span:
        message = f"the {what} `{node.text}` stands {place(known, node.span)} already"
        reader.error("duplicate-name", node, message, "keep one of them")


def _entries(node: Node) -> Iterator[tuple[Scalar, Node]]:
    yield from ((entry.key, entry.value) for entry in (node.entries if isinstance(node, Mapping) else ()))


def _scalars(node: Node) -> Iterator[Scalar]:
    items = node.items if isinstance(node, Sequence) else (node,)
    yield from (item for item in items if isinstance(item, Scalar) and item.text.strip())
