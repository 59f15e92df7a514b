"""The rows of a CSV file, read by a mapping: every cell typed once, every fault named by its line."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from .desk_json import Malformed, did_you_mean, written
from .desk_reading import Problems, open_text
from .ticket import PRIORITIES, STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from .desk_mapping import Column, CsvMapping
    from .ticket import Value

KEEP = object()
"""A faulty value that the mapping told us to pass over: the value before it stays."""

_DATE = re.compile(
    r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?:[ T]+(\d{1,2}):(\d\d)(?::(\d\d))?)?\s*(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
_YES_NO = {"true": "yes", "yes": "yes", "1": "yes", "false": "no", "no": "no", "0": "no"}


class State(NamedTuple):
    """One row: a ticket as it was from ``at`` on. States sort by time, then by ``order``, then by line."""

    at: datetime
    order: float
    line: int
    created: datetime
    by: str | None
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """A whole file: the states of every ticket in their order, whose ``values`` stand in the order of ``columns``.

    ``choices`` are the values seen in columns of the type choice, ``faults`` what was passed over.
    """

    columns: tuple[Column, ...]
    states: Mapping[str, list[State]]
    choices: Mapping[str, tuple[str, ...]]
    faults: tuple[str, ...]


class _Cells(dict[str, Any]):
    """The values of one column by what is written in its cells; each is read once."""

    def __init__(self, index: int, read: Callable[[str], object]) -> None:
        super().__init__()
        self.index = index
        self.read = read

    def __missing__(self, cell: str) -> object:
        value = self[cell] = self.read(cell.strip())
        return value


def read_rows(path: Path, mapping: CsvMapping) -> Rows:
    """The file, whole; raises :class:`BadFile` with every bad row. Needs memory for the mapped columns of all rows."""
    problems = Problems(path)
    with open_text(path, mapping.encoding) as text:
        reader = _Reader(mapping, csv.reader(text, delimiter=mapping.delimiter), problems)
        problems.stop()
        reader.read()
    problems.stop()
    return reader.rows()


class _Reader:
    def __init__(self, mapping: CsvMapping, lines: Any, problems: Problems) -> None:
        self.mapping = mapping
        self.lines = lines
        self.problems = problems
        self.faults: list[str] = []
        self.states: dict[str, list[State]] = {}
        self.columns = _columns(mapping)
        self.header = [name.strip() for name in next(lines, [])]
        for column, place in mapping.columns().items():
            if column not in self.header:
                problems.add(f'there is no column "{column}" ({place}){did_you_mean(column, self.header)}', line=1)
        if not problems.found:
            self._prepare()

    def _prepare(self) -> None:
        states = self.mapping.states
        self.cells = [self._cells(c.name, _reader_of(c, self.mapping)) for c in self.columns]
        self.id = self._cells(self.mapping.id, _needed(str))
        self.created = self._cells(self.mapping.created, _needed(_moments(self.mapping)))
        at = states.at if states else self.mapping.updated
        self.at = self._cells(at or "", _needed(_moments(self.mapping)))
        self.order = self._cells(states.then_by, _number_key) if states and states.then_by else None
        self.by = self._cells(states.by, self._or_none) if states and states.by else None
        self.every = [c for c in (self.id, self.created, self.at, self.order, self.by, *self.cells) if c is not None]

    def _cells(self, column: str, read: Callable[[str], object]) -> _Cells:
        return _Cells(self.header.index(column), read)

    def _or_none(self, cell: str) -> str | None:
        return None if cell in self.mapping.missing else cell

    def read(self) -> None:
        width = len(self.header)
        for row in self.lines:
            line = self.lines.line_num
            if len(row) != width:
                if row:
                    self.problems.add(f"{len(row)} cells, but the first line names {width} columns", line=line)
                continue
            try:
                self._row(row, line)
            except Malformed:
                self._explain(row, line)

    def _row(self, row: list[str], line: int) -> None:
        order = self.order[row[self.order.index]] if self.order is not None else 0.0
        by = self.by[row[self.by.index]] if self.by is not None else None
        values = tuple([cells[row[cells.index]] for cells in self.cells])
        at, created = self.at[row[self.at.index]], self.created[row[self.created.index]]
        ticket = self.id[row[self.id.index]]
        known = self.states.setdefault(ticket, [])
        if known and not self.mapping.states:
            self.problems.add(f'ticket "{ticket}" stands on line {known[0].line} already', line=line)
        known.append(State(at, order, line, created, by, values))
        if KEEP in values:
            names = dict.fromkeys(c.name for c, value in zip(self.columns, values, strict=True) if value is KEEP)
            self.faults.append(f'line {line}: ticket "{ticket}": faulty {", ".join(names)} passed over')

    def _explain(self, row: list[str], line: int) -> None:
        for cells in self.every:
            try:
                cells[row[cells.index]]
            except Malformed as problem:
                self.problems.add(f"{self.header[cells.index]}: {problem}", line=line)

    def rows(self) -> Rows:
        for states in self.states.values():
            states.sort()
        choices = {
            column.fact: tuple(sorted({value for value in cells.values() if isinstance(value, str)}))
            for column, cells in zip(self.columns, self.cells, strict=True)
            if column.type == "choice"
        }
        return Rows(self.columns, self.states, choices, tuple(self.faults))


def _columns(mapping: CsvMapping) -> tuple[Column, ...]:
    """The mapped columns; a status that has words is read twice, as the category and as the desk's own word."""
    status = next(column for column in mapping.facts if column.fact == "status")
    names = [replace(status, fact="status_name", type="text", words={})] if status.words else []
    return (*mapping.facts, *names)


def _reader_of(column: Column, mapping: CsvMapping) -> Callable[[str], object]:
    read = _READERS[column.type](mapping) if column.type in _READERS else str
    known = {"status": STATUSES, "priority": PRIORITIES}.get(column.fact)
    nothing = () if column.type == "list" and not column.fact.startswith("field.") else None

    def value(cell: str) -> object:
        if cell in column.faults:
            return KEEP
        if cell in mapping.missing:
            return _nothing(column, nothing)
        found = read(column.words.get(cell, cell.lower() if known else cell))
        if known and found not in known:
            raise Malformed(f'"{cell}" is no {column.fact}: say under [words.{column.fact}] what it means')
        return found

    return value


def _nothing(column: Column, nothing: Value) -> Value:
    if column.fact == "status":
        raise Malformed("the status is missing")
    return nothing


def _needed(read: Callable[[str], object]) -> Callable[[str], object]:
    def value(cell: str) -> object:
        if not cell:
            raise Malformed("is missing")
        return read(cell)

    return value


def _moments(mapping: CsvMapping) -> Callable[[str], datetime]:
    """Reads dates as the mapping says; a date without a zone is in the mapping's, without a clock time at midnight."""

    def moment(cell: str) -> datetime:
        try:
            found = datetime.fromisoformat(cell) if mapping.dates == "iso" else _dated(cell, mapping.dates)
        except (ValueError, OverflowError):
            raise Malformed(f'"{cell}" is no date ({mapping.dates})') from None
        return (found if found.tzinfo else found.replace(tzinfo=mapping.zone)).astimezone(UTC)

    return moment


def _dated(cell: str, order: str) -> datetime:
    match = _DATE.fullmatch(cell)
    if match is None:
        raise ValueError(cell)
    first, second, year, hour, minute, seconds = (int(part or 0) for part in match.groups()[:6])
    day, month = (first, second) if order == "day first" else (second, first)
    return datetime(year, month, day, hour, minute, seconds, tzinfo=_zone(match[7]))


def _zone(written_zone: str | None) -> timezone | None:
    if written_zone is None:
        return None
    if written_zone == "Z":
        return UTC
    sign, digits = written_zone[0], written_zone[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if sign == "-" else offset)


def _number(cell: str) -> str:
    try:
        float(cell)
    except ValueError:
        raise Malformed(f'"{cell}" is no number') from None
    return cell


def _number_key(cell: str) -> float:
    return float(_number(cell))


def _yes_no(cell: str) -> str:
    answer = _YES_NO.get(cell.lower())
    if answer is None:
        raise Malformed(f'"{cell}" is neither true nor false')
    return answer


def _times(mapping: CsvMapping) -> Callable[[str], str]:
    moment = _moments(mapping)
    return lambda cell: written(moment(cell))


def _lists(mapping: CsvMapping) -> Callable[[str], tuple[str, ...]]:
    return lambda cell: tuple(part.strip() for part in cell.split(mapping.list_separator) if part.strip())


_READERS: Mapping[str, Callable[[CsvMapping], Callable[[str], object]]] = {
    "number": lambda _: _number,
    "yes/no": lambda _: _yes_no,
    "time": _times,
    "list": _lists,
}
