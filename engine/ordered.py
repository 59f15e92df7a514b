"""Expressions over frames whose rows stand in groups, one after another and in order: what came before in the same group.

They cost a pass over a column each, where Polars' windows would take the frame apart.
"""

from __future__ import annotations

import polars as pl


def begins(key: str) -> pl.Expr:
    """Whether a row is the first of its group."""
    return (pl.col(key) != pl.col(key).shift(1)).fill_null(value=True)


def before(key: str, flag: pl.Expr) -> pl.Expr:
    """The flag of the row before; no for the first of a group."""
    return ~begins(key) & flag.shift(1).fill_null(value=False)


def sum_before(key: str, amount: pl.Expr) -> pl.Expr:
    """The sum over the rows before in the same group."""
    rest = amount.cum_sum() - amount
    return rest - pl.when(begins(key)).then(rest).forward_fill()


def ever(key: str, flag: pl.Expr) -> pl.Expr:
    """Whether the flag was set in this row or in one before it in the same group."""
    return flag | (sum_before(key, flag.cast(pl.Int64)) > 0)


def kept(since: pl.Expr, keeps: pl.Expr, column: str) -> pl.Expr:
    """The column, but in rows that ``keeps`` holds for, what it was in the last row that ``since`` holds for."""
    return pl.when(keeps).then(pl.when(since).then(column).forward_fill()).otherwise(column).alias(column)
