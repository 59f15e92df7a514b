"""What the answer of the promise grammar depends on besides the text: the language files, and the code that reads them.

A store remembers under this version which messages promise nothing, so that no plan reads them again; where the version
is another one, they are read again.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from .promise_files import every_language
from .promise_grammar import grammars
from .promise_language import language_code

if TYPE_CHECKING:
    from .promise_language import Languages


def read_as(language: str | None, languages: Languages) -> str:
    """How messages in a language are read: ``<version>.<code>``, or ``<version>.any`` where every language is tried."""
    code = language_code(language)
    return f"{version(languages)}.{code if code in grammars(languages) else 'any'}"


@lru_cache(maxsize=8)
def version(languages: Languages) -> str:
    """16 hex digits: others as soon as a phrase of any language, or a line of our code that reads phrases, is another."""
    known = hashlib.sha256()
    for package, begin in (("makegood.rules", "promise"), ("makegood.connectors", "ticket_text")):
        found = (file for file in files(package).iterdir() if file.name.startswith(begin) and file.name.endswith(".py"))
        for file in sorted(found, key=lambda each: each.name):
            known.update(file.read_bytes())
    for language in every_language(languages):
        known.update(repr(replace(language, tests=())).encode())
    return known.hexdigest()[:16]
