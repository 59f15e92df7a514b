"""The demo helpdesk: a small, lively desk with people, conversations, promises and ratings, relative to any moment."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .ticket import FieldSpec, Organization, Person

if TYPE_CHECKING:
    from .embedded import Desk
    from .ticket import Role

_STORIES = Path(__file__).with_name("demo_desk.toml")
_USUAL = {"priority": "normal", "channel": "email", "language": "en", "sent_to": "help@fernweh.example"}
_WEEKDAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag"),
}
_LINE = re.compile(r"(?:(\d+)d (\d\d):(\d\d)|(?:(\d+)h)?(?:(\d+)m)?) (\w+) (\S+) ?(.*)")
_DAY = re.compile(r"\{(?:(\d+)d ago|in (\d+)d)\}")


@dataclass(frozen=True, slots=True)
class _Act:
    """One line of a story: when, of which ticket (by subject), who does what."""

    at: datetime
    subject: str
    who: str | None
    verb: str
    rest: str


def fill(desk: Desk, at: datetime) -> None:
    """Fills an empty desk with what happened up to ``at`` (aware): 40 tickets, the same for the same moment.

    Working days are Monday to Friday, times of day UTC; nothing lies after ``at``.
    """
    plan = tomllib.loads(_STORIES.read_text(encoding="utf-8"))
    _describe(desk, plan)
    everybody = _everybody(plan)
    for person in everybody:
        desk.add_person(person)
    people = {person.id.partition("@")[0]: person.id for person in everybody}
    first, later = [], []
    for ticket in plan["tickets"]:
        opening, *acts = _acts(ticket, people, at)
        first.append((opening, {name: ticket[name] for name in ticket.keys() - {"subject", "story"}}))
        later += acts
    ids = {}
    for act, facts in sorted(first, key=lambda opened: opened[0].at):
        ids[act.subject] = desk.create(act.who or "", act.subject, act.rest, at=act.at, **_USUAL | facts)
    for act in sorted(later, key=lambda act: act.at):
        _play(desk, act, ids, people)
    for person in everybody:
        if person.id in plan["left"]:
            desk.add_person(replace(person, active=False))


def _describe(desk: Desk, plan: dict[str, Any]) -> None:
    fields = {name: FieldSpec(name, spec["type"], _tuple(spec.get("values"))) for name, spec in plan["fields"].items()}
    named = {name: tuple(plan[name]) for name in ("groups", "types", "forms")}
    desk.describe(fields=fields, time_zone=plan["time_zone"], **named)
    for name, custom in plan["organizations"].items():
        desk.add_organization(Organization(name, name, fields=custom))


def _everybody(plan: dict[str, Any]) -> list[Person]:
    roles: tuple[Role, ...] = ("agent", "customer")
    return [_person(email, role, more) for role in roles for email, more in plan[f"{role}s"].items()]


def _person(email: str, role: Role, more: dict[str, Any]) -> Person:
    lists: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in more.items()}
    return Person(email, email=email, role=role, **lists)


def _tuple(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)


def _acts(ticket: dict[str, Any], people: dict[str, str], at: datetime) -> list[_Act]:
    days = _WEEKDAYS[ticket.get("language", "en")]
    acts = []
    for line in ticket["story"].strip().splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"{_STORIES.name}: cannot read the line: {line}")
        back, hour, minute, hours, minutes, who, verb, rest = match.groups()
        ago = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        when = at - ago if back is None else _workday(at, -int(back)).replace(hour=int(hour), minute=int(minute))
        said = _DAY.sub(lambda day: days[_workday(at, int(day[2] or 0) - int(day[1] or 0)).weekday()], rest)
        acts.append(_Act(when.replace(second=0, microsecond=0), ticket["subject"], people.get(who), verb, said))
    return acts


def _workday(at: datetime, days: int) -> datetime:
    """The same time of day so many working days later, or earlier where it is negative."""
    step = timedelta(days=1 if days > 0 else -1)
    for _ in range(abs(days)):
        at += step
        while at.weekday() > 4:
            at += step
    return at


def _play(desk: Desk, act: _Act, ids: dict[str, str], people: dict[str, str]) -> None:
    ticket, (what, _, value) = ids[act.subject], act.rest.partition(": ")
    if act.verb in ("says", "notes", "auto-replies"):
        desk.say(ticket, act.who, act.rest, public=act.verb != "notes", auto=act.verb == "auto-replies", at=act.at)
    elif act.verb == "sets":
        new = tuple(value.split(", ")) if what == "tags" else people.get(value, value)
        desk.change(ticket, act.who, what, None if new == "-" else new, at=act.at)
    elif act.verb == "rates":
        desk.rate(ticket, act.who, "good" if what == "good" else "bad", None if value == "-" else value, at=act.at)
    elif act.verb == "merges":
        desk.merge(ticket, ids[value], act.who, at=act.at)
    else:
        desk.delete(ticket, act.who, at=act.at)
