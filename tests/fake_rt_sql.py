"""As much of TicketSQL and TransactionSQL as we speak: AND, OR, brackets, comparisons, quoted texts."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Row = dict[str, Any]

_TOKEN = re.compile(r"\s*('(?:[^'\\]|\\.)*'|[()]|>=|<=|!=|=|>|<|\w+)")


def select(sql: str, row: Row) -> bool:
    """Whether a row is selected."""
    value, rest = _either(_tokens(sql), row)
    assert not rest, f"left over in {sql!r}: {rest}"
    return value


@lru_cache(maxsize=8)
def _tokens(sql: str) -> tuple[str, ...]:
    tokens = _TOKEN.findall(sql)
    assert sum(map(len, tokens)) == len(_TOKEN.sub(lambda m: m[1], sql)), sql
    return tuple(tokens)


def _either(tokens: tuple[str, ...], row: Row) -> tuple[bool, tuple[str, ...]]:
    value, tokens = _both(tokens, row)
    while tokens and tokens[0] == "OR":
        other, tokens = _both(tokens[1:], row)
        value = value or other
    return value, tokens


def _both(tokens: tuple[str, ...], row: Row) -> tuple[bool, tuple[str, ...]]:
    value, tokens = _term(tokens, row)
    while tokens and tokens[0] == "AND":
        other, tokens = _term(tokens[1:], row)
        value = value and other
    return value, tokens


def _term(tokens: tuple[str, ...], row: Row) -> tuple[bool, tuple[str, ...]]:
    if tokens[0] == "(":
        value, tokens = _either(tokens[1:], row)
        return value, tokens[1:]
    column, operator, literal, rest = *tokens[:3], tokens[3:]
    text = re.sub(r"\\(.)", r"\1", literal[1:-1]) if literal.startswith("'") else literal
    have = row[column]
    if text == "__Active__":
        return have in ("new", "open", "stalled"), rest
    want: Any = int(text) if isinstance(have, int) else text
    return _COMPARE[operator](have, want), rest


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b, "!=": lambda a, b: a != b, ">": lambda a, b: a > b, "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b, "<=": lambda a, b: a <= b,
}  # fmt: skip
