"""Phrases of a language file, which look like what people write, as regular expressions that cannot run away.

A phrase is words with one space between them. ``a|b`` is either word, ``(word)`` may be left out, ``word*`` is any word that
begins so, ``^`` is the beginning, ``?`` at the end a question mark, ``...`` up to eight words of any kind, ``<name>`` a class
of ``words`` or a slot that the grammar fills, ``-`` a hyphen with or without spaces, ``@`` where a promise begins. The only repeat that is ever made is the bounded gap, over words that part at
spaces, so matching takes time linear in the text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BETWEEN = "[ ,():]{1,3}"
"""What may stand between two words of a phrase."""
CLOSE = "[ -]?"
"""What may stand between the digits of a time and what belongs to them: ``3pm``, ``3 pm``."""
GAP = 8
"""How many words ``...`` may stand for."""
DEEPEST = 6
LONGEST = 300
"""How deep classes may use other classes, and how long a phrase may be."""

_WORD = "[^ ,():]+"
_TOKEN = re.compile(r"\(|\)|\S[^\s()]*")
_CLASS = re.compile(r"<([\w.:]+)>")


class PhraseError(ValueError):
    """A phrase that cannot be used; ``hint`` says what to write instead."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def folded(text: str) -> str:
    """The text as phrases are compared: small letters, plain apostrophes, hyphens and spaces, character for character."""
    return "".join(_FOLDS.get(each) or (low if len(low := each.lower()) == 1 else each) for each in text)


_FOLDS = {
    **dict.fromkeys("\u2019\u02bc\u00b4`\u2018\u2032", "'"),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
    **dict.fromkeys("\u00a0\u202f\u2009\u2007\t", " "),
}


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

    def either(self, phrases: Iterable[str]) -> str:
        """The expression for any of the phrases; the longest ones are tried first.

        Raises:
            PhraseError: a phrase is not well-formed, or names a class that there is not.
        """
        ordered = sorted(phrases, key=lambda phrase: (-phrase.count(" "), -len(phrase)))
        return "|".join(self.one(phrase) for phrase in ordered) or "(?!)"

    def one(self, phrase: str, depth: int = 0) -> str:
        """The expression for one phrase, without what must stand around it."""
        tokens = _TOKEN.findall(folded(phrase))
        if not tokens or len(phrase) > LONGEST:
            raise PhraseError(f"`{phrase[:40]}` is no phrase", f"write words, at most {LONGEST} characters")
        pieces: list[tuple[str, str]] = []
        inside: list[tuple[str, str]] | None = None
        for token in tokens:
            if token == "(" and inside is None:
                inside = []
            elif token == ")" and inside:
                pieces.append(("(", _joined(inside, phrase)))
                inside = None
            elif token in {"(", ")"}:
                raise PhraseError(f"the brackets in `{phrase}` do not match", "write `(word)` for what may be left out")
            else:
                (pieces if inside is None else inside).append(self._piece(token, phrase, depth))
        if inside is not None:
            raise PhraseError(f"a bracket in `{phrase}` is not closed", "write `(word)` for what may be left out")
        return _joined(pieces, phrase)

    def _piece(self, token: str, phrase: str, depth: int) -> tuple[str, str]:
        """What a token is (a sign, a word, a close word) and its expression."""
        if token in {"^", "?", "...", "-", "@"}:
            return token, ""
        found = [self._alternative(each, phrase, depth) for each in token.split("|") if each]
        close = token.strip("<>") in self._close
        return "close" if close else "word", found[0] if len(found) == 1 else f"(?:{'|'.join(found)})"

    def _alternative(self, token: str, phrase: str, depth: int) -> str:
        found = _CLASS.fullmatch(token)
        if found:
            return self._class(found[1], phrase, depth)
        if "<" in token or ">" in token:
            raise PhraseError(f"`{token}` in `{phrase}` is no word", "put spaces around `<name>`")
        return _word(token)

    def _class(self, name: str, phrase: str, depth: int) -> str:
        if name in self._slots:
            return self._slots[name]
        if name not in self._words:
            raise PhraseError(f"`{phrase}` uses `<{name}>`, and there are no such words", f"define `{name}` in `words`")
        if depth >= DEEPEST:
            raise PhraseError(f"`<{name}>` uses itself, or goes too deep", "write its words out")
        if name not in self._known:
            ordered = sorted(self._words[name], key=lambda each: (-each.count(" "), -len(each)))
            self._known[name] = f"(?:{'|'.join(self.one(each, depth + 1) for each in ordered) or '(?!)'})"
        return self._known[name]


def _word(word: str) -> str:
    return re.escape(word[:-1]) + r"\w*" if word.endswith("*") and len(word) > 1 else re.escape(word) + _edge(word)


def _edge(word: str) -> str:
    """What keeps a word from matching the beginning of a longer one."""
    return r"(?!\w)" if word[-1].isalnum() else ""


def _joined(pieces: list[tuple[str, str]], phrase: str) -> str:
    """The pieces with what stands between them; a gap and a hyphen bring their own."""
    if pieces[0][0] in {"...", "-"} or pieces[-1][0] in {"...", "^", "-", "@"}:
        raise PhraseError(f"`{phrase}` begins or ends with a gap", "begin and end with words")
    text, leading, before = "", True, "word"
    for kind, expression in pieces:
        gap = "" if leading else CLOSE if before == "close" else BETWEEN
        if kind in _SIGNS:
            text += _SIGNS[kind]
            leading = leading or kind == "-"
        elif kind == "@":
            text += f"{gap}()"
            leading = True
        elif kind == "(":
            text += f"(?:{expression}{BETWEEN})?" if leading else f"(?:{gap}{expression})?"
        else:
            text += gap + expression
            before, leading = kind, False
    return text


_SIGNS = {
    "^": r"^[^\w\ue000]{0,8}",
    "?": r" ?[^\w]{0,3}\?",
    "...": f"(?:{BETWEEN}{_WORD}){{0,{GAP}}}?",
    "-": " ?- ?",
}


def pattern(phrases: Phrases, says: Iterable[str]) -> re.Pattern[str]:
    """One expression for any of the phrases, at the beginning and end of words; a ``?`` alone is a question mark."""
    said = list(says)
    words = phrases.either([phrase for phrase in said if phrase != "?"])
    return re.compile(rf"(?<![\w\ue000])(?:{words})(?![\w\ue000])" + (r"|\?" if "?" in said else ""))
