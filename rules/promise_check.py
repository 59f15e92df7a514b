"""An admin's own language files: read, and every phrase of them tried, so that what is wrong is told with its line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .nodes import Mapping, Scalar
from .promise_files import LANGUAGE, built_in
from .promise_grammar import GATE_SLOTS, Grammar
from .promise_language import Language, together
from .promise_phrases import PhraseError, Phrases
from .promise_times import TIME_SLOTS
from .shapes import Reader
from .source import read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .diagnostics import Problems
    from .source import Source


def own_languages(folder: Path, asked: Scalar, problems: Problems) -> tuple[Language, ...]:
    """The languages in the folder that a rule file asks for with ``asked``; what is wrong goes to ``problems``."""
    if not folder.is_dir():
        message = f"there is no folder {asked.text}"
        problems.error("unreadable", asked.span, message, "name a folder of language files, relative to this file")
        return ()
    found = (_language(path, asked, problems) for path in sorted(folder.glob("*.yaml")))
    return tuple(language for language in found if language is not None)


def _language(path: Path, asked: Scalar, problems: Problems) -> Language | None:
    try:
        source = read(path, problems)
    except OSError as error:
        problems.error("unreadable", asked.span, f"cannot read {path.name}: {error.strerror}", "check the file")
        return None
    reader = Reader(problems, {source.file: source.text}, partial=problems.has_errors)
    language: Language | None = LANGUAGE.read(source.root, reader)
    if language is None:
        return None
    entry = source.root.get("language") if isinstance(source.root, Mapping) else None
    if entry is not None and language.code != path.stem:
        message = f"{path.name} is for `{language.code}`, and is not called so"
        reader.error("bad-value", entry.value, message, f"write `language: {path.stem}`, or rename the file")
    if not problems.has_errors:
        _try(language, source, reader)
    return language


def _try(language: Language, source: Source, reader: Reader) -> None:
    """Report every phrase that is not well-formed, together with what is built in for that language."""
    known = next((each for each in built_in() if each.code == language.code), None)
    whole = together(known, language) if known else language
    for phrase, slots in _phrases(language):
        try:
            Phrases(whole.words, slots).either([phrase])
        except PhraseError as error:
            reader.error("bad-phrase", reader.locate(source.root, phrase), str(error), error.hint)
    if reader.problems.has_errors:
        return
    try:
        Grammar(whole).prepare()
    except (PhraseError, re.error) as error:
        reader.error("bad-phrase", source.root, f"these phrases do not work together: {error}", "take the last one out")


def _phrases(language: Language) -> Iterator[tuple[str, dict[str, str]]]:
    """Every phrase of a file with the slots that it may use."""
    gate_slots, time_slots = dict.fromkeys(GATE_SLOTS, "x"), dict.fromkeys(TIME_SLOTS, "x")
    for named in (language.gates, language.vetoes):
        for saying in named.values():
            yield from ((phrase, gate_slots) for phrase in (*saying.says, *saying.but_not) if phrase != "?")
    for phrases in language.times.values():
        yield from ((phrase, time_slots) for phrase in phrases)
    for phrases in language.words.values():
        yield from ((phrase, gate_slots | time_slots) for phrase in phrases)
