"""Phrases of a language file, which look like what people write, as regular expressions that cannot run away.

A phrase is words with one space between them. ``a|b`` is either word, ``(word)`` may be left out, ``word*`` is any word that
begins so, ``*word`` one that ends so, ``^`` is the beginning, ``?`` at the end a question mark, ``...`` up to eight words of
any kind, ``<name>`` a class of ``words`` or a slot that the grammar fills, ``-`` and ``,`` a hyphen and a comma with or
without spaces, ``@`` where a promise begins. The only
repeat that is ever made is the bounded gap, over words that part at spaces, so matching takes time
linear in the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

BETWEEN = "[ ,():]{1,3}"
"""What may stand between two words of a phrase."""
CLOSE = "(?:, |[ -]?)"
"""What may stand between the digits of a time and what belongs to them: ``3pm``, ``3 pm``."""
GAP = 8
"""How many words ``...`` may stand for."""
DEEPEST = 6
LONGEST = 300
"""How deep classes may use other classes, and how long a phrase may be."""

_END = r"(?!\w)"
_WORD = "[^ ,():]+"
_PART = re.compile(r"\([^()]*\)|[^\s()]+|[()]")
_CLASS = re.compile(r"<([\w.:]+)>([a-z]*)")


class PhraseError(ValueError):
    """A phrase that cannot be used; ``hint`` says what to write instead."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def folded(text: str) -> str:
    """The text as phrases are compared: small letters, plain apostrophes, hyphens and spaces, character for character."""
    small = text.lower()
    if len(small) != len(text):
        small = "".join(low if len(low := each.lower()) == 1 else each for each in text)
    return small.translate(_FOLDS)


_FOLDS = str.maketrans(
    {
        **dict.fromkeys("\u2019\u02bc\u00b4`\u2018\u2032", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
        **dict.fromkeys("\u00a0\u202f\u2009\u2007\t", " "),
    }
)


class _Piece(NamedTuple):
    """One part of a phrase: a ``word``, one that is ``close`` to the next, what is ``optional``, or a sign."""

    kind: str
    expression: str = ""


@dataclass(slots=True)
class _Branch:
    """Phrases by their first pieces, so that what they begin with is looked for once."""

    branches: dict[_Piece, _Branch] = field(default_factory=dict)
    ends: bool = False

    def grow(self, pieces: Iterable[_Piece]) -> None:
        """Add a phrase."""
        branch = self
        for piece in pieces:
            branch = branch.branches.setdefault(piece, _Branch())
        branch.ends = True

    def expression(self, before: str = "") -> str:
        """All phrases from here on; ``before`` is the kind of what stands in front, empty at the beginning."""
        found = [_step(piece, before, branch) for piece, branch in self.branches.items()]
        return _any_of([*found, ""] if self.ends else found)


def _any_of(expressions: Sequence[str]) -> str:
    """The first of the expressions that matches; of those side by side that end with a word, its end is written once."""
    if len(expressions) == 1:
        return expressions[0]
    found = []
    for words, same in groupby(expressions, key=lambda each: each.endswith(_END)):
        either = "|".join(each.removesuffix(_END) for each in same)
        found.append(f"(?:{either}){_END}" if words else either)
    return f"(?:{'|'.join(found)})"


def _step(piece: _Piece, before: str, rest: _Branch) -> str:
    """A piece with what parts it from the one in front, and all that may follow."""
    gap = "" if not before else CLOSE if before == "close" else BETWEEN
    match piece.kind:
        case "...":
            return f"(?:{BETWEEN}{_WORD}){{0,{GAP}}}?" + rest.expression(before)
        case "^":
            return r"^[^\w\ue000]{0,8}" + rest.expression()
        case "-":
            return " ?- ?" + rest.expression()
        case ",":
            return " ?, ?" + rest.expression()
        case "@":
            return f"{gap}()" + rest.expression()
        case "?":
            return r" ?[^\w]{0,3}\?" + rest.expression()
        case "optional" if before:
            return f"(?:{gap}{piece.expression})?" + rest.expression(before)
        case "optional":
            return f"(?:{piece.expression}{BETWEEN})?" + rest.expression()
    return gap + piece.expression + rest.expression(piece.kind)


class Phrases:
    """Turns phrases into regular expressions, with the word classes and slots of one language.

    ``slots`` maps a name to a finished expression; ``words`` maps a name to phrases. A slot that is ``close`` may stand
    next to the following word without a space.
    """

    def __init__(
        self, words: Mapping[str, Iterable[str]], slots: Mapping[str, str], close: frozenset[str] = frozenset()
    ) -> None:
        self._words = words
        self._slots = slots
        self._close = close
        self._known: dict[str, str] = {}

    def either(self, phrases: Iterable[str], depth: int = 0) -> str:
        """The expression for any of the phrases, without what must stand around it; the longest are tried first.

        Raises:
            PhraseError: a phrase is not well-formed, or names a class that there is not.
        """
        root = _Branch()
        for phrase in sorted(phrases, key=lambda each: (-each.count(" "), -len(each))):
            root.grow(self._pieces(phrase, depth))
        return root.expression() if root.branches else "(?!)"

    def _pieces(self, phrase: str, depth: int) -> list[_Piece]:
        written = _PART.findall(folded(phrase))
        if not written or len(phrase) > LONGEST:
            raise PhraseError(f"`{phrase[:40]}` is no phrase", f"write words, at most {LONGEST} characters")
        if any(part in {"(", ")", "()"} for part in written):
            raise PhraseError(f"the brackets in `{phrase}` do not match", "write `(word)` for what may be left out")
        pieces = [self._piece(part, phrase, depth) for part in written]
        if pieces[0].kind in {"...", "-"} or pieces[-1].kind in {"...", "^", "-", "@"}:
            raise PhraseError(f"`{phrase}` begins or ends with a gap", "begin and end with words")
        return pieces

    def _piece(self, part: str, phrase: str, depth: int) -> _Piece:
        if part in {"^", "?", "...", "-", ",", "@"}:
            return _Piece(part)
        if part.startswith("("):
            return _Piece("optional", self.either([part[1:-1]], depth))
        found = [self._alternative(each, phrase, depth) for each in part.split("|") if each]
        kind = "close" if part.strip("<>") in self._close else "word"
        return _Piece(kind, _any_of(found))

    def _alternative(self, word: str, phrase: str, depth: int) -> str:
        found = _CLASS.fullmatch(word)
        if found:
            return self._class(found[1], phrase, depth) + (found[2] + _END if found[2] else "")
        if "<" in word or ">" in word:
            raise PhraseError(f"`{word}` in `{phrase}` is no word", "put spaces around `<name>`")
        parts = [re.escape(each) for each in (word.split("*", 1) if len(word) > 1 else [word])]
        return r"\w*".join(parts) + (_END if word[-1].isalnum() else "")

    def _class(self, name: str, phrase: str, depth: int) -> str:
        if name in self._slots:
            return self._slots[name]
        if name not in self._words:
            raise PhraseError(f"`{phrase}` uses `<{name}>`, and there are no such words", f"define `{name}` in `words`")
        if depth >= DEEPEST:
            raise PhraseError(f"`<{name}>` uses itself, or goes too deep", "write its words out")
        if name not in self._known:
            self._known[name] = f"(?:{self.either(self._words[name], depth + 1)})"
        return self._known[name]


def pattern(phrases: Phrases, says: Iterable[str]) -> re.Pattern[str]:
    """One expression for any of the phrases, at the beginning and end of words; a ``?`` alone is a question mark."""
    said = list(says)
    words = phrases.either([phrase for phrase in said if phrase != "?" and not phrase.startswith(",")])
    commas = phrases.either([phrase for phrase in said if phrase.startswith(",")])
    asked = r"|\?" if "?" in said else ""
    return re.compile(rf"(?:(?<![\w\ue000])(?:{words})|{commas})(?![\w\ue000]){asked}")
