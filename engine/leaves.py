"""Comparisons as boolean columns: one expression for every leaf of a condition, over a frame of facts.

The frame is :meth:`.history.History.at` made ready by :func:`prepared`. Expressions are two-valued: a comparison with a
missing value is false, and a negation turns it into true. Shared pieces (one tag, one value) are written the same way
everywhere, so that Polars computes each once.
"""

from __future__ import annotations

import operator
from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING

import polars as pl

from ..rules.facts import fact_named
from ..rules.model import Group, Leaf, leaves
from .columns import SEPARATOR
from .times import TIMES, duration_leaf, time_leaf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..rules.calendar import Calendar
    from ..rules.model import Condition
    from .times import Past

_NUMBERS: dict[str, Callable[[pl.Expr, float], pl.Expr]] = {
    "at_least": operator.ge,
    "at_most": operator.le,
    "more_than": operator.gt,
    "less_than": operator.lt,
}
_KEY = "|key"


def fact_type(fact: str) -> str:
    """The type of a fact; names that the catalogue does not know are texts."""
    found = fact_named(fact)
    return found.type if found else "text"


def prepared(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with a column in lower case beside every text: choices and people as an enumeration, others as text."""
    keys = []
    for name, dtype in frame.schema.items():
        if dtype == pl.String and not name.startswith("_"):
            key = frame[_shown_in(name)].str.to_lowercase().alias(name + _KEY)
            known = key.unique().drop_nulls() if fact_type(name) in ("choice", "person") else None
            keys.append(key if known is None else key.cast(pl.Enum(known.sort())))
    return frame.with_columns(keys)


def _shown_in(fact: str) -> str:
    """The column with what people see of a text: a ticket's id is not always what they call it."""
    return "_called" if fact == "id" else fact


def verdict(leaf: Leaf, frame: pl.DataFrame, calendars: Callable[[str], Calendar], name: str, past: Past) -> pl.Expr:
    """The leaf as a boolean column of the prepared frame, times read in the calendar called ``name``."""
    if leaf.operator in ("present", "missing"):
        there = pl.col(leaf.fact).is_not_null()
        return there if leaf.operator == "present" else ~there
    if leaf.operator == "not":
        return ~_is(leaf, frame).fill_null(value=False)
    return _comparison(leaf, frame, calendars, name, past).fill_null(value=False)


def _comparison(
    leaf: Leaf, frame: pl.DataFrame, calendars: Callable[[str], Calendar], name: str, past: Past
) -> pl.Expr:
    if leaf.operator == "is":
        return _is(leaf, frame)
    if leaf.operator in _NUMBERS:
        return _NUMBERS[leaf.operator](_number(leaf.fact), float(leaf.operand))
    if leaf.operator in TIMES:
        return time_leaf(leaf, calendars(name), calendars)
    if leaf.operator in ("over", "under"):
        return duration_leaf(leaf, calendars(name), past)
    return _text(leaf)


def _number(fact: str) -> pl.Expr:
    """A fact as a number; custom fields that hold none are missing."""
    if fact_type(fact) == "any":
        return pl.col(fact).str.strip_chars(SEPARATOR).str.strip_chars().cast(pl.Float64, strict=False)
    return pl.col(fact)


# --- values -----------------------------------------------------------------------------------------------------------


def _is(leaf: Leaf, frame: pl.DataFrame) -> pl.Expr:
    return is_one_of(leaf.fact, leaf.operand, frame)


def is_one_of(fact: str, values: Iterable[str], frame: pl.DataFrame) -> pl.Expr:
    """Whether a fact is one of the values, without regard to case; missing where the fact is."""
    kind = fact_type(fact)
    return any_of(_equals(fact, kind, value.lower(), frame) for value in values)


def _equals(fact: str, kind: str, value: str, frame: pl.DataFrame) -> pl.Expr:
    if kind == "number":
        return pl.col(fact) == float(value)
    if kind == "share":
        return pl.col(fact) < float(Decimal(value.rstrip("% ")) / 100)
    if kind == "yes/no":
        return pl.col(fact) == (value == "yes")
    if kind in ("list", "any"):
        return pl.col(fact + _KEY).str.contains(SEPARATOR + value + SEPARATOR, literal=True)
    if fact == "language":
        return any_of(_among(fact, known, frame) for known in _dialects(value, frame))
    return _among(fact, value, frame)


def _among(fact: str, value: str, frame: pl.DataFrame) -> pl.Expr:
    dtype = frame[fact + _KEY].dtype
    if isinstance(dtype, pl.Enum) and value not in _categories(dtype):
        return pl.lit(value=False)
    return pl.col(fact + _KEY) == value


def _categories(dtype: pl.Enum) -> frozenset[str]:
    return frozenset(dtype.categories)


def _dialects(language: str, frame: pl.DataFrame) -> list[str]:
    """The languages of the frame that ``de`` includes: itself, ``de-AT``, ``de_AT``."""
    dtype = frame["language" + _KEY].dtype
    known: list[str] = dtype.categories.to_list() if isinstance(dtype, pl.Enum) else []
    return [name for name in known if name == language or name.startswith((f"{language}-", f"{language}_"))]


# --- texts ------------------------------------------------------------------------------------------------------------


def _text(leaf: Leaf) -> pl.Expr:
    key = pl.col(leaf.fact + _KEY)
    if leaf.operator == "matches":
        return any_of(_matches(leaf.fact, pattern) for pattern in _several(leaf.operand))
    values = [value.lower() for value in _several(leaf.operand)]
    inside = fact_type(leaf.fact) == "any"
    if leaf.operator == "all":
        return all_of(key.str.contains(SEPARATOR + value + SEPARATOR, literal=True) for value in values)
    if leaf.operator == "starts_with":
        return any_of(_begins(key, value, inside=inside) for value in values)
    if leaf.operator == "ends_with":
        return any_of(_ends(key, value, inside=inside) for value in values)
    contained = [key.str.contains(value, literal=True) for value in values]
    return all_of(contained) if leaf.operator == "contains_all" else any_of(contained)


def _several(operand: str | Sequence[str]) -> Sequence[str]:
    return (operand,) if isinstance(operand, str) else operand


def _matches(fact: str, pattern: str) -> pl.Expr:
    text = pl.col(_shown_in(fact))
    if fact_type(fact) == "any":
        text = text.str.strip_chars(SEPARATOR).str.replace_all(SEPARATOR, "\n", literal=True)
    return text.str.contains(f"(?i){pattern}")


def _begins(key: pl.Expr, value: str, *, inside: bool) -> pl.Expr:
    return key.str.contains(SEPARATOR + value, literal=True) if inside else key.str.starts_with(value)


def _ends(key: pl.Expr, value: str, *, inside: bool) -> pl.Expr:
    return key.str.contains(value + SEPARATOR, literal=True) if inside else key.str.ends_with(value)


# --- conditions -------------------------------------------------------------------------------------------------------


def any_of(parts: Iterable[pl.Expr]) -> pl.Expr:
    """True where one of the columns is; no columns: nowhere."""
    found = list(parts)
    return reduce(operator.or_, found) if found else pl.lit(value=False)


def all_of(parts: Iterable[pl.Expr]) -> pl.Expr:
    """True where all columns are; no columns: everywhere."""
    found = list(parts)
    return reduce(operator.and_, found) if found else pl.lit(value=True)


def truth(condition: Condition, column: Callable[[Leaf], pl.Expr]) -> pl.Expr:
    """A condition as an expression over the columns of its leaves."""
    if isinstance(condition, Leaf):
        return column(condition)
    parts = [truth(part, column) for part in condition.parts]
    return all_of(parts) if condition.kind == "all" else any_of(parts) if condition.kind == "any" else ~any_of(parts)


def names_closed(condition: Condition | None) -> bool:
    """Whether a condition asks for closed tickets: it says ``status: closed`` outside every ``none``."""
    if isinstance(condition, Group):
        return condition.kind != "none" and any(names_closed(part) for part in condition.parts)
    return any(
        leaf.fact == "status" and leaf.operator == "is" and "closed" in leaf.operand for leaf in leaves(condition)
    )
