"""Reads the word lists that come with makegood, and says how phrases are written in them and in a rule file."""

# ruff: noqa: D102 (what a shape's methods do is said once, at shapes.Shape)
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from .diagnostics import Problems
from .nodes import Scalar
from .shapes import SCALAR, Dictionary, Key, Line, Many, Reader, Table
from .source import parse
from .wordlist_phrases import complaint

if TYPE_CHECKING:
    from .nodes import Node
    from .shapes import Fields, Schema


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words as people write them; ``*`` at the end of one stands for any ending."""

    says: str = "a phrase such as `still waiting` or `cancel*`"

    def read(self, node: Node, reader: Reader) -> str | None:
        text = Line(self.says).read(node, reader)
        if text is None or not text.strip():
            return None
        wrong = complaint(text)
        if wrong is not None and isinstance(node, Scalar):
            reader.error("bad-phrase", node, wrong, "write words, such as `still waiting` or `cancel*`")
            return None
        return " ".join(text.split())

    def schema(self) -> Schema:
        return {"type": SCALAR}


PHRASES = Many(Phrase())


@dataclass(frozen=True, slots=True)
class WordList:
    """What customers say in one language. ``polite`` is read over; one of ``not_thanks`` makes the whole message no thanks.

    ``angry_aloud`` counts only in messages that shout. ``negations`` take a phrase's meaning away where they stand in front.
    """

    language: str
    angry: tuple[str, ...]
    thanks: tuple[str, ...]
    angry_aloud: tuple[str, ...] = ()
    polite: tuple[str, ...] = ()
    not_thanks: tuple[str, ...] = ()
    negations: tuple[str, ...] = ()
    spellings: tuple[tuple[str, str], ...] = ()


def _list(fields: Fields, _reader: Reader) -> WordList:
    values = {key: value for key, value in fields.values.items() if value is not None}
    return WordList(**{**values, "spellings": tuple(fields.get("spellings", {}).items())})


LIST = Table(
    "a word list",
    (
        Key("language", Line("a language such as `en`"), "Its code, as in the name of the file.", required=True),
        Key("spellings", Dictionary(Line(), "letters with what people write instead"), "Such as `{ä: ae}`."),
        Key("angry", PHRASES, "By which customers say that they are upset or about to leave.", required=True),
        Key("angry_aloud", PHRASES, "The same, in messages with words in capitals, or with `!!` or `??`."),
        Key("thanks", PHRASES, "By which customers say that it is right now.", required=True),
        Key("polite", PHRASES, "What looks like thanks and is mere politeness; it is read over."),
        Key("not_thanks", PHRASES, "What makes it no thanks, wherever in the message it stands."),
        Key("negations", PHRASES, "What takes the meaning of a phrase away, in front of it."),
    ),
    _list,
)


@lru_cache(maxsize=1)
def built_in() -> dict[str, WordList]:
    """The word lists that come with makegood, by language.

    Raises:
        ValueError: one of the files is wrong; a test keeps that from happening.
    """
    found = {}
    for file in sorted(files("makegood.rules").joinpath("wordlists").iterdir(), key=lambda each: each.name):
        problems = Problems()
        source = parse(file.read_text(encoding="utf-8"), file.name, problems)
        words: WordList = LIST.read(source.root, Reader(problems, {file.name: source.text}))
        if problems.has_errors:
            raise ValueError(f"{file.name}: {problems.items[0]}")
        found[words.language] = words
    return found
