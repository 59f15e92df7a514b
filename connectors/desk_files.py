"""Filling an embedded desk from a file, and writing it out again.

JSON lines hold one ``{"desk": {...}}``, ``{"organization": ...}``, ``{"person": ...}``, ``{"ticket": ...}`` or
``{"event": ...}`` a line, with the attributes of :mod:`.ticket`; a desk that is exported and imported is the same desk.
A CSV file needs a mapping (:mod:`.desk_mapping`). An import is all or nothing.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

from . import desk_tables as tables
from .desk_csv import read_rows
from .desk_history import History
from .desk_json import Malformed, Words, did_you_mean, from_plain, instant, to_json
from .desk_mapping import read_mapping
from .desk_reading import BadFile, Imported, Problems, open_text, suffix
from .ticket import CLOCK_STATES, Event, Organization, Person, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from .embedded import Desk

    Put = Callable[[sqlite3.Connection, object, int], None]


def import_file(desk: Desk, source: Path, mapping: Path | None = None) -> Imported:
    """Brings a file's people, tickets and events onto the desk, all or nothing.

    ``.csv`` files need a mapping, all others are read as JSON lines; both may be packed (``.xz``, ``.gz``, ``.bz2``).
    Groups that only tickets name are added to the desk's. Raises :class:`BadFile` with everything wrong in the file.
    """
    if suffix(source) != ".csv":
        return _import_lines(desk, source)
    if mapping is None:
        hint = "write a mapping file that says which column is what, and name it with --mapping"
        raise BadFile(source, ["a CSV file needs a mapping"], hint=hint)
    return _import_csv(desk, source, mapping)


def export_file(desk: Desk, target: Path) -> int:
    """Writes the whole desk as JSON lines and tells how many; a file of that name is only replaced at the end."""
    count = 0
    unfinished = target.with_name(target.name + ".part")
    with unfinished.open("w", encoding="utf-8") as file:
        for line in export_lines(desk):
            file.write(line + "\n")
            count += 1
    unfinished.replace(target)
    return count


def export_lines(desk: Desk) -> Iterator[str]:
    """The whole desk as JSON lines, as of one moment; the desk can do nothing else until the last line was taken."""
    with desk.transaction(writing=False) as db:
        yield _line("desk", tables.words(db))
        yield from (_line("organization", each) for each in tables.organizations(db))
        yield from (_line("person", each) for each in tables.people(db))
        for _, ticket in tables.tickets(db, "1", order="number"):
            yield _line("ticket", ticket, leave_out="version")
            yield from (_line("event", each) for each in tables.events(db, "t.id = ?", ticket.id))


def _line(name: str, value: object, *, leave_out: str = "") -> str:
    return f'{{"{name}":{to_json(value, leave_out=leave_out)}}}'


def _import_csv(desk: Desk, source: Path, mapping: Path) -> Imported:
    plan = read_mapping(mapping)
    rows = read_rows(source, plan)
    history, problems = History(rows, plan), Problems(source)
    people, organizations = history.people(), history.seen("organization")
    with desk.transaction() as db:
        tables.put_words(db, _extended(tables.words(db), history, fresh=not tables.count(db, 0)))
        for person in people:
            tables.put_person(db, person, verb="INSERT OR IGNORE")
        for name in organizations:
            tables.put_organization(db, Organization(name, name), verb="INSERT OR IGNORE")
        events = _put_histories(db, history, problems)
        problems.stop()
    return Imported(len(rows.states), events, len(people), len(organizations), rows.faults)


def _extended(words: Words, history: History, *, fresh: bool) -> Words:
    """The desk's words with the file's in front; an empty desk takes the file's words for statuses as they are."""
    named = history.statuses()
    statuses = named if fresh and named else {**named, **words.statuses}
    groups = tuple(dict.fromkeys((*words.groups, *history.seen("group"))))
    return replace(words, groups=groups, statuses=statuses, fields={**words.fields, **history.fields()})


def _put_histories(db: sqlite3.Connection, history: History, problems: Problems) -> int:
    count = 0
    for ticket, events in history.tickets():
        try:
            tables.insert_events(db, events, tables.insert_ticket(db, ticket))
        except sqlite3.IntegrityError:
            problems.add(f'ticket "{ticket.id}" is on the desk already')
        count += len(events)
    return count


def _add_groups(db: sqlite3.Connection) -> None:
    words = tables.words(db)
    used = {group for (group,) in db.execute("SELECT DISTINCT json_extract(data, '$.group') FROM tickets") if group}
    if more := used - set(words.groups):
        tables.put_words(db, replace(words, groups=(*words.groups, *sorted(more))))


def _add_slas(db: sqlite3.Connection) -> None:
    words = tables.words(db)
    told = {name for (name,) in db.execute("SELECT DISTINCT field FROM events WHERE kind = 'sla'")}
    if more := told - set(words.slas):
        tables.put_words(db, replace(words, slas=(*words.slas, *sorted(more))))


def _import_lines(desk: Desk, source: Path) -> Imported:
    problems = Problems(source)
    count = dict.fromkeys(_KINDS, 0)
    with open_text(source) as text, desk.transaction() as db:
        number = tables.next_change(db)
        for line, content in enumerate(text, 1):
            if not content.isspace():
                try:
                    count[_take(db, content, number)] += 1
                except Malformed as error:
                    problems.add(str(error), line=line)
        _add_groups(db)
        _add_slas(db)
        for problem in _dangling(db, number, desk.me):
            problems.add(problem)
        problems.stop()
    return Imported(count["ticket"], count["event"], count["person"], count["organization"])


def _take(db: sqlite3.Connection, content: str, number: int) -> str:
    """Writes what one line holds and tells its kind."""
    name, plain = _named(content)
    try:
        _KINDS[name](db, plain, number)
    except sqlite3.IntegrityError:
        raise Malformed(f'there is a second {name} "{plain.get("id")}", or it is on the desk already') from None
    except (UnicodeEncodeError, OverflowError) as error:
        raise Malformed(f"cannot be stored: {error}") from None
    return name


def _named(content: str) -> tuple[str, dict[str, object]]:
    try:
        record = json.loads(content)
    except json.JSONDecodeError as error:
        raise Malformed(f"no JSON: {error.msg} at column {error.colno}") from None
    except (RecursionError, ValueError) as error:
        raise Malformed(f"nested too deeply, or a number too long: {error}") from None
    if not isinstance(record, dict) or len(record) != 1:
        raise Malformed('expected one thing a line, such as {"ticket": {...}}')
    ((name, plain),) = record.items()
    if name not in _KINDS:
        raise Malformed(f'"{name}" is not known here{did_you_mean(name, _KINDS)}')
    if not isinstance(plain, dict):
        raise Malformed(f'expected {{"{name}": {{...}}}}')
    return name, plain


_KINDS: Mapping[str, Callable[[sqlite3.Connection, dict[str, object], int], object]] = {
    "desk": lambda db, plain, _: tables.put_words(db, from_plain(Words, plain)),
    "organization": lambda db, plain, _: tables.put_organization(db, from_plain(Organization, plain), verb="INSERT"),
    "person": lambda db, plain, _: tables.put_person(db, from_plain(Person, plain), verb="INSERT"),
    "ticket": lambda db, plain, _: tables.insert_ticket(db, from_plain(Ticket, plain | {"version": "1"})),
    "event": lambda db, plain, number: tables.insert_events(db, [_event(plain)], number),
}


def _event(plain: dict[str, object]) -> Event:
    """An event; what it says of a clock must be what rules can ask for."""
    event = from_plain(Event, plain)
    if event.kind == "sla":
        if not event.field:
            raise Malformed('"field" is missing: an sla event names its clock')
        if event.new not in (None, *CLOCK_STATES):
            raise Malformed(f'"new": {json.dumps(event.new)} is none of {", ".join(CLOCK_STATES)}')
        if event.old is not None:
            instant(str(event.old))
    return event


def _dangling(db: sqlite3.Connection, number: int, me: str) -> Iterator[str]:
    """What names something that is not there: events of other tickets, people nobody knows."""
    lost = "SELECT e.id, e.ticket FROM events e LEFT JOIN tickets t ON t.id = e.ticket AND t.changed > :number"
    for event, ticket in db.execute(lost + " WHERE e.changed = :number AND t.id IS NULL", {"number": number}):
        yield f'event "{event}" belongs to ticket "{ticket}", which is not in this file'
    nobody = "NOT IN (SELECT id FROM people UNION SELECT :me)"
    about = {"number": number, "me": me}
    for who in ("requester", "assignee"):
        query = f"SELECT id, json_extract(data, '$.{who}') who FROM tickets WHERE changed > :number AND who {nobody}"  # noqa: S608
        for ticket, person in db.execute(query, about):
            yield f'ticket "{ticket}": the {who} "{person}" is not among the people'
    query = f"SELECT id, actor FROM events WHERE changed = :number AND actor {nobody}"  # noqa: S608
    for event, person in db.execute(query, about):
        yield f'event "{event}": "{person}" is not among the people'
