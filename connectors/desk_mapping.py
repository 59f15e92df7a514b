"""The TOML file that says which column of a CSV file is what; ``docs/desk-files.md`` shows it with all its words."""

from __future__ import annotations

import codecs
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .desk_json import did_you_mean
from .desk_reading import Problems, open_text
from .ticket import FIELD, PRIORITIES, STATUSES, FieldType

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TEXTS = ("subject", "description", "type", "channel", "form", "brand", "language", "group", "organization", "sent_to")
TYPES = dict.fromkeys(TEXTS, "text") | {
    "status": "status",
    "priority": "choice",
    "assignee": "person",
    "requester": "person",
    "due": "time",
    "parent": "text",
    "tags": "list",
    "cc": "list",
}
"""The facts of a ticket that a column can be, and how its values are read."""

DATES = ("iso", "day first", "month first")


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is a fact: the type of its values, words for other words, faulty values; ``final``: an end result."""

    fact: str
    name: str
    type: str
    words: Mapping[str, str] = field(default_factory=dict)
    faults: frozenset[str] = frozenset()
    final: bool = False


@dataclass(frozen=True, slots=True)
class States:
    """The columns of a history: when a state began, what orders states of the same time, and who brought it about."""

    at: str
    then_by: str | None = None
    by: str | None = None
    automations: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CsvMapping:
    """How to read one CSV file; ``states`` is ``None`` where a row is a whole ticket. Columns are named as in the file."""

    id: str
    created: str
    updated: str | None
    states: States | None
    facts: tuple[Column, ...]
    final: tuple[str, ...]
    missing: frozenset[str]
    dates: str
    zone: ZoneInfo
    encoding: str
    delimiter: str
    list_separator: str

    def columns(self) -> dict[str, str]:
        """Every column the mapping names, with the place where it does."""
        named = dict.fromkeys(self.final, "final")
        named |= {column.name: column.fact for column in self.facts}
        single = {"id": self.id, "created": self.created, "updated": self.updated}
        if self.states:
            single |= {"at": self.states.at, "then_by": self.states.then_by, "by": self.states.by}
        return named | {column: place for place, column in single.items() if column}


class _Table:
    """One table of the file while it is read: what was not asked for in the end is a typing mistake."""

    def __init__(self, plain: Mapping[str, object], name: str, problems: Problems) -> None:
        self.plain = plain
        self.name = name
        self.problems = problems
        self.asked: set[str] = set()

    def _get(self, key: str, kind: type, what: str) -> object:
        self.asked.add(key)
        value = self.plain.get(key)
        if value is not None and not isinstance(value, kind):
            self.problems.add(f"{self.name}{key} must be {what}")
            return None
        return value

    def text(self, key: str, default: str | None = None) -> str | None:
        value = self._get(key, str, "a text in quotes")
        return default if value is None else str(value)

    def needed(self, key: str) -> str:
        value = self.text(key)
        if value is None and key not in self.plain:
            self.problems.add(f"{self.name}{key} is missing: name the column that holds it")
        return value or ""

    def one_of(self, key: str, known: tuple[str, ...], default: str) -> str:
        value = self.text(key, default) or default
        if value not in known:
            listed = ", ".join(f'"{each}"' for each in known)
            self.problems.add(f'{self.name}{key} is "{value}", but can be {listed}{did_you_mean(value, known)}')
        return value

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        value = self._get(key, list, 'a list: ["...", "..."]')
        return tuple(str(each) for each in value) if isinstance(value, list) else default

    def table(self, key: str) -> _Table:
        value = self._get(key, dict, f"a table: [{self.name}{key}]")
        return _Table(value if isinstance(value, dict) else {}, f"{self.name}{key}.", self.problems)

    def finish(self) -> None:
        for key in self.plain.keys() - self.asked:
            self.problems.add(f"{self.name}{key} is not known here{did_you_mean(key, self.asked)}")


def read_mapping(path: Path) -> CsvMapping:
    """The mapping in a TOML file; raises :class:`BadFile` with all that is wrong with it."""
    problems = Problems(path)
    try:
        with open_text(path) as text:
            plain = tomllib.loads(text.read().replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        problems.add(f"is no TOML file: {error}")
        problems.stop()
    mapping = _mapping(_Table(plain, "", problems))
    problems.stop()
    return mapping


def _mapping(top: _Table) -> CsvMapping:
    ticket, final = top.table("ticket"), top.texts("final")
    history, states = top.one_of("rows", ("tickets", "states"), "tickets") == "states", top.table("states")
    if states.plain and not history:
        top.problems.add('[states] is only read with rows = "states"')
    mapping = CsvMapping(
        id=ticket.needed("id"),
        created=ticket.needed("created"),
        updated=None if history else ticket.needed("updated"),
        states=_states(states) if history else None,
        facts=_facts(top, ticket, final),
        final=final,
        missing=frozenset(top.texts("missing")) | {""},
        dates=top.one_of("dates", DATES, "iso"),
        zone=_zone(top),
        encoding=_encoding(top),
        delimiter=top.text("delimiter") or ",",
        list_separator=top.text("list_separator") or ",",
    )
    _check(mapping, top.problems)
    ticket.finish()
    top.finish()
    return mapping


def _states(table: _Table) -> States:
    states = States(
        at=table.needed("at"),
        then_by=table.text("then_by"),
        by=table.text("by"),
        automations=frozenset(table.texts("automations")),
    )
    table.finish()
    return states


def _facts(top: _Table, ticket: _Table, final: tuple[str, ...]) -> tuple[Column, ...]:
    words, faults, fields = top.table("words"), top.table("faults"), top.table("fields")
    found = {fact: (ticket.text(fact), kind) for fact, kind in TYPES.items()}
    found |= {FIELD + name: _field(fields, name) for name in fields.plain}
    facts = tuple(
        Column(fact, name, kind, _words(words, fact), frozenset(faults.texts(name)), name in final)
        for fact, (name, kind) in found.items()
        if name
    )
    words.finish()
    faults.finish()
    return facts


def _field(fields: _Table, name: str) -> tuple[str | None, str]:
    if not isinstance(fields.plain[name], dict):
        return fields.text(name), "text"
    table = fields.table(name)
    found = table.needed("column"), table.one_of("type", get_args(FieldType), "text")
    table.finish()
    return found


def _words(words: _Table, fact: str) -> Mapping[str, str]:
    table = words.table(fact)
    found = {word: table.needed(word) for word in table.plain}
    known = {"status": STATUSES, "priority": PRIORITIES}.get(fact)
    for word, meaning in found.items():
        if known and meaning not in known:
            table.problems.add(f'{table.name}"{word}" is "{meaning}", but can be {", ".join(known)}')
    return found


def _zone(top: _Table) -> ZoneInfo:
    name = top.text("time_zone") or "UTC"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        top.problems.add(f'time_zone "{name}" is not known: write it like Europe/Berlin')
        return ZoneInfo("UTC")


def _encoding(top: _Table) -> str:
    name = top.text("encoding") or "utf-8-sig"
    try:
        return codecs.lookup(name).name
    except LookupError:
        top.problems.add(f'encoding "{name}" is not known: write it like utf-8 or cp1252')
        return name


def _check(mapping: CsvMapping, problems: Problems) -> None:
    if len(mapping.delimiter) != 1:
        problems.add('delimiter must be one character; "\\t" is a tab')
    if all(column.fact != "status" for column in mapping.facts):
        problems.add("ticket.status is missing: name the column that holds it")
    fixed = {mapping.id, mapping.created, *(c.name for c in mapping.facts if c.fact == "status")}
    for column in sorted(fixed & set(mapping.final)):
        problems.add(f'"{column}" cannot be final: every ticket has it from the first moment')
