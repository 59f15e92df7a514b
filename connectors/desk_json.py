"""The plain JSON form of tickets, events, people and organizations: what an embedded desk keeps and desk files hold.

Only what differs from an attribute's default is written. Instants are ``2026-03-02T09:00:00Z``, tuples are lists.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from .ticket import (
    PRIORITIES,
    STATUSES,
    Event,
    EventKind,
    FieldSpec,
    FieldType,
    Organization,
    Person,
    Role,
    Status,
    Ticket,
    known_zone,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Reader = Callable[[Any], Any]

T = TypeVar("T")


class Malformed(ValueError):
    """What stands there is not what belongs there; the message says so in words."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words and habits of one embedded desk.

    ``closed_is_final``: closed tickets cannot be written any more. ``read_only``: the account of makegood may only look.
    ``types``, ``forms`` and ``brands`` are ``None`` where the desk takes any. ``slas`` names the clocks that its events tell of.
    """

    groups: tuple[str, ...] = ()
    statuses: Mapping[str, Status] = field(default_factory=dict)
    fields: Mapping[str, FieldSpec] = field(default_factory=dict)
    types: tuple[str, ...] | None = None
    forms: tuple[str, ...] | None = None
    brands: tuple[str, ...] | None = None
    slas: tuple[str, ...] = ()
    time_zone: str = "UTC"
    closed_is_final: bool = True
    read_only: bool = False


def written(moment: datetime) -> str:
    """An aware instant as text in UTC: ``2026-03-02T09:00:00Z``."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def instant(text: str) -> datetime:
    """The instant that an ISO 8601 text with a zone names, in UTC; raises :class:`Malformed` for anything else."""
    try:
        moment = datetime.fromisoformat(text)
        in_utc = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Malformed(f'"{text}" is no time: write it like 2026-03-02T09:00:00Z') from None
    if moment.tzinfo is None:
        raise Malformed(f'the time "{text}" has no zone: end it with Z or +01:00')
    return in_utc


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``: did you mean "open"?`` where something close is known, else nothing."""
    close = get_close_matches(word, list(known), 1, 0.6)
    return f': did you mean "{close[0]}"?' if close else ""


def to_json(value: object, *, leave_out: str = "") -> str:
    """One ticket, event, person, organization or desk's words as one line of JSON, without the attribute to leave out."""
    plain = {name: each for name, each in _plain(value).items() if name != leave_out}
    return json.dumps(plain, default=_other, ensure_ascii=False, separators=(",", ":"))


def _plain(value: object) -> dict[str, object]:
    said = ((f.name, getattr(value, f.name), default) for f, default in _DEFAULTS[type(value)])
    return {name: now for name, now, default in said if now != default}


def _other(value: object) -> object:
    if isinstance(value, datetime):
        return written(value)
    if is_dataclass(value):
        return _plain(value)
    raise TypeError(type(value).__name__)


def from_plain(kind: type[T], plain: object) -> T:
    """The ticket, event, ... that ``to_json`` wrote; raises :class:`Malformed` in words for anything that is none."""
    if not isinstance(plain, dict):
        raise Malformed("expected an object with names and values in { }")
    readers = _READERS[kind]
    try:
        return kind(**{name: _read(name, readers[name], value) for name, value in plain.items()})
    except KeyError as error:
        name = str(error.args[0])
        raise Malformed(f'"{name}" is not known here{did_you_mean(name, readers)}') from None
    except TypeError:
        missing = [f.name for f, default in _DEFAULTS[kind] if default is MISSING and f.name not in plain]
        raise Malformed(f'"{missing[0]}" is missing') from None


def _read(name: str, reader: Reader, value: object) -> object:
    try:
        return reader(value)
    except Malformed as error:
        raise Malformed(f'"{name}": {error}') from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Malformed(f"{json.dumps(value)} is no text: put it in quotes")
    if "\0" in value:
        raise Malformed("a text cannot hold the character \\u0000")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise Malformed(f"{json.dumps(value)} is no list of texts")
    return tuple(_text(each) for each in value)


def _value(value: object) -> str | tuple[str, ...] | None:
    return None if value is None else _texts(value) if isinstance(value, list) else _text(value)


def _table(reader: Reader) -> Reader:
    def read(value: object) -> dict[str, object]:
        if not isinstance(value, dict):
            raise Malformed("expected an object with names and values in { }")
        return {name: reader(each) for name, each in value.items()}

    return read


def _one_of(*known: str) -> Reader:
    def read(value: object) -> str:
        if value not in known:
            raise Malformed(f"{json.dumps(value)} is none of {', '.join(known)}")
        return str(value)

    return read


def _exactly(kind: type, name: str) -> Reader:
    def read(value: object) -> object:
        if type(value) is not kind:
            raise Malformed(f"{json.dumps(value)} is not {name}")
        return value

    return read


def _maybe(reader: Reader) -> Reader:
    return lambda value: None if value is None else reader(value)


def _zone(value: object) -> str:
    if known_zone(_text(value)) is None:
        raise Malformed(f"{json.dumps(value)} is no time zone: write it like Europe/Berlin")
    return str(value)


_moment: Reader = lambda value: instant(_text(value))  # noqa: E731
_status = _one_of(*STATUSES)

_BY_TYPE: Mapping[str, Reader] = {
    "str": _text,
    "str | None": _maybe(_text),
    "bool": _exactly(bool, "true or false"),
    "bool | None": _maybe(_exactly(bool, "true or false")),
    "int": _exactly(int, "a whole number"),
    "datetime": _moment,
    "datetime | None": _maybe(_moment),
    "tuple[str, ...]": _texts,
    "tuple[str, ...] | None": _maybe(_texts),
    "Value": _value,
    "Zone | None": _maybe(_zone),
    "Mapping[str, Value]": _table(_value),
    "Mapping[str, Status]": _table(_status),
    "Mapping[str, FieldSpec]": _table(lambda value: from_plain(FieldSpec, value)),
    "Status": _status,
    "Priority | None": _maybe(_one_of(*PRIORITIES)),
    "Literal['good', 'bad'] | None": _maybe(_one_of("good", "bad")),
    "Role": _one_of(*get_args(Role)),
    "EventKind": _one_of(*get_args(EventKind)),
    "FieldType": _one_of(*get_args(FieldType)),
}

_KINDS = (Ticket, Event, Person, Organization, FieldSpec, Words)
_READERS: Mapping[type, Mapping[str, Reader]] = {
    kind: {f.name: _BY_TYPE[str(f.type)] for f in fields(kind)} for kind in _KINDS
}
_DEFAULTS: Mapping[type, list[tuple[Any, object]]] = {
    kind: [(f, f.default if f.default_factory is MISSING else f.default_factory()) for f in fields(kind)]
    for kind in _KINDS
}
