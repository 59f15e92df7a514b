"""As much of TicketSQL and TransactionSQL as we speak: AND, OR, brackets, comparisons, quoted texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Row = dict[str, Any]

_TOKEN = re.compile(r"\s*('(?:[^'\\]|\\.)*'|[()]|>=|<=|!=|=|>|<|\w+)")


def select(sql: str, row: Row) -> bool:
    """Whether a row is selected by TicketSQL or TransactionSQL, as far as we speak it: AND, OR, brackets, comparisons."""
    tokens = _TOKEN.findall(sql)
    assert "".join(tokens).replace(" ", "") == re.sub(r"\s+(?=([^']*'[^']*')*[^']*$)", "", sql).replace(" ", ""), sql
    value, rest = _either(tokens, row)
    assert not rest, f"left over in {sql!r}: {rest}"
    return value


def _either(tokens: list[str], row: Row) -> tuple[bool, list[str]]:
    value, tokens = _both(tokens, row)
    while tokens and tokens[0] == "OR":
        other, tokens = _both(tokens[1:], row)
        value = value or other
    return value, tokens


def _both(tokens: list[str], row: Row) -> tuple[bool, list[str]]:
    value, tokens = _term(tokens, row)
    while tokens and tokens[0] == "AND":
        other, tokens = _term(tokens[1:], row)
        value = value and other
    return value, tokens


def _term(tokens: list[str], row: Row) -> tuple[bool, list[str]]:
    if tokens[0] == "(":
        value, tokens = _either(tokens[1:], row)
        return value, tokens[1:]
    column, operator, literal, *rest = tokens
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
