"""Regular expressions that mean the same in Python and in the linear-time engine that rules run on.

``matches`` is evaluated without backtracking, so what needs it (look-around, backreferences, possessive and atomic
groups) is refused when the file is read, and so is what the two dialects read differently. The dialects are those of
Python's ``re`` and of Rust's ``regex`` crate (docs.rs/regex, "Syntax").
"""

from __future__ import annotations

import re
import warnings
from typing import Any

MOST_REPEATS = 1000
"""How large a pattern may grow when its counted repeats are written out."""

REFUSED: dict[str, str] = {
    "ASSERT": "look-ahead and look-behind `(?=` `(?<=` are",
    "ASSERT_NOT": "negative look-ahead and look-behind `(?!` `(?<!` are",
    "GROUPREF": "a backreference such as `\\1` is",
    "GROUPREF_EXISTS": "a conditional group `(?(1)..)` is",
    "ATOMIC_GROUP": "an atomic group `(?>..)` is",
    "POSSESSIVE_REPEAT": "a possessive repeat such as `a++` is",
}
_COUNT = re.compile(r"\{\d+(?:,\d*)?\}")
_FLAGS = re.compile(r"\(\?[a-zA-Z]*[aLu][a-zA-Z]*(?:-[a-zA-Z]+)?[:)]")


def complaint(pattern: str) -> str | None:
    """Why ``pattern`` cannot be used, as a sentence; ``None`` if it can. Takes time linear in its length."""
    if len(pattern) > MOST_REPEATS:
        return f"the pattern is longer than {MOST_REPEATS} characters"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            parsed = re._parser.parse(pattern, re.IGNORECASE)  # type: ignore[attr-defined] # noqa: SLF001
    except re.error as error:
        place = "" if error.pos is None else f" at character {error.pos + 1}"
        return f"this is not a regular expression: {error.msg}{place}"
    except (FutureWarning, OverflowError, RecursionError):
        return "this pattern is ambiguous or too deep; put a `\\` before characters meant as themselves"
    return _read_differently(pattern) or _refused(parsed) or _too_large(parsed)


def _refused(parsed: Any) -> str | None:
    for operation, argument in parsed:
        if str(operation) in REFUSED:
            return f"{REFUSED[str(operation)]} not available: patterns run in linear time"
        for part in _inside(argument):
            found = _refused(part)
            if found:
                return found
    return None


def _inside(argument: Any) -> list[Any]:
    """The sub-patterns in the argument of a parsed operation, however deep its tuples."""
    if hasattr(argument, "getwidth"):
        return [argument]
    if isinstance(argument, tuple | list):
        return [found for each in argument for found in _inside(each)]
    return []


def _too_large(parsed: Any) -> str | None:
    if _size(parsed) > MOST_REPEATS:
        return f"written out, the repeats of this pattern are longer than {MOST_REPEATS} characters"
    return None


def _size(parsed: Any) -> int:
    total = 0
    for _, argument in parsed:
        times = 1
        if isinstance(argument, tuple) and len(argument) == 3 and isinstance(argument[0], int):
            low, high = int(argument[0]), int(argument[1])
            times = max(1, low, high if high < 2**31 else 0)
        total += times * max(1, sum(_size(part) for part in _inside(argument)))
    return total


def _read_differently(pattern: str) -> str | None:
    """What Python takes literally and the linear-time engine does not."""
    in_class, position = False, 0
    if _FLAGS.search(pattern):
        return "the flags `a`, `L` and `u` are not available"
    while position < len(pattern):
        character = pattern[position]
        if character == "\\":
            found = _odd_escape(pattern[position + 1 : position + 2], in_class=in_class)
            if found:
                return found
            position += 1
        elif in_class and character == "[":
            return "inside `[]` write `\\[` for a bracket"
        elif not in_class and character == "{" and not _COUNT.match(pattern, position):
            return "write `\\{` for a brace, and both numbers or the first one in a count such as `{0,3}`"
        elif character == "[":
            in_class = True
            position += pattern.startswith("^", position + 1)
            position += pattern.startswith("]", position + 1)  # a bracket that comes first is itself
        elif character == "]":
            in_class = False
        position += 1
    return None


def _odd_escape(escaped: str, *, in_class: bool) -> str | None:
    if escaped in {"Z", "<", ">", "0"} or not escaped.isascii() or (in_class and escaped == "b"):
        return f"`\\{escaped}` is not available here"
    if escaped.isdigit():  # in a class, and with three digits, an octal number to Python
        return f"{REFUSED['GROUPREF']} not available: patterns run in linear time"
    return None
