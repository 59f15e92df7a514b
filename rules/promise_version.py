"""What the answer of the promise grammar depends on besides the text: language files, the code that reads them, time zones.

A store remembers under this version what messages commit their authors to, so that no plan reads them again; where the
version is another one, they are read again.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from .promise_files import every_language
from .promise_language import language_code
from .promise_times import cities

if TYPE_CHECKING:
    from .promise_language import Languages


@lru_cache(maxsize=256)
def read_as(language: str | None, languages: Languages) -> str:
    """How messages in a language are read: ``<version>.<code>``, or ``<version>.any`` where every language is tried."""
    code = language_code(language)
    known = {each.code for each in every_language(languages)}
    return f"{version(languages)}.{code if code in known else 'any'}"


@lru_cache(maxsize=8)
def version(languages: Languages) -> str:
    """16 hex digits: others as soon as a phrase of any language, a zone, or a line of our code that reads phrases is another."""
    known = hashlib.sha256()
    for package, begin in (("makegood.rules", "promise"), ("makegood.connectors", "ticket_text")):
        found = (file for file in files(package).iterdir() if file.name.startswith(begin) and file.name.endswith(".py"))
        for file in sorted(found, key=lambda each: each.name):
            known.update(file.read_bytes())
    for language in every_language(languages):
        known.update(repr(replace(language, tests=())).encode())
    known.update(repr(cities()).encode())
    return known.hexdigest()[:16]
