"""Reads teams: a group of the desk plus people, when they work, who leads, who is on call."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from ..connectors.ticket import known_zone
from .beside import CalendarFileName, names_file
from .calendar_file import CalendarFile, told
from .model import PERIOD
from .moments import CalendarName, Days, Length, Moment
from .nodes import Mapping, Scalar, Sequence
from .notices import NOTICES
from .rota import naming_nobody
from .shapes import SCALAR, Key, Line, Many, Number, Table
from .staff import Member, Notices, Rota, Team, Window
from .values import Depends, Handle

if TYPE_CHECKING:
    from datetime import date

    from .nodes import Node
    from .shapes import Fields, Reader, Schema


@dataclass(frozen=True, slots=True)
class _Away:
    """Days off, or a calendar file with times away."""

    says: str = "a date, `2026-12-21..2027-01-03`, or a calendar file such as `ana.ics`"

    def read(self, node: Node, reader: Reader) -> tuple[date, date] | CalendarFile | None:
        return CalendarFileName().read(node, reader) if names_file(node) else Days(self.says).read(node, reader)

    def schema(self) -> Schema:
        return {"anyOf": [Days().schema(), CalendarFileName().schema()]}


def _member(fields: Fields, _reader: Reader) -> Member:
    away = fields.get("away", ())
    return Member(
        handle="",
        skills=fields.get("skills", ()),
        capacity=fields.get("capacity"),
        per_day=fields.get("per_day"),
        per_window=fields.get("per_window"),
        calendar=fields.get("calendar"),
        weight=float(fields.get("weight", 1)),
        away=tuple(each for each in away if not isinstance(each, CalendarFile)),
        away_files=tuple(each for each in away if isinstance(each, CalendarFile)),
        substitute=fields.get("substitute"),
        notices=fields.get("notices", Notices()),
    )


def _window(fields: Fields, reader: Reader) -> Window | None:
    most, within = fields.get("most"), fields.get("within")
    if most is None or within is None or within.business:
        return None
    if not timedelta() < within.length <= PERIOD:
        message = f"`{within}` is no time that tickets are counted in"
        reader.error("bad-duration", fields.at("within"), message, "write a time of up to 28 days, such as `1 hour`")
        return None
    return Window(most, within)


MEMBER = Table(
    "a person of a team",
    (
        Key("skills", Many(Line("a skill")), "What this person knows."),
        Key("capacity", Depends(Number(whole=True, least=0)), "How many open tickets this person can have."),
        Key("per_day", Number(whole=True, least=0), "How many new tickets this person gets a day."),
        Key(
            "per_window",
            Table(
                "`per_window`",
                (
                    Key("most", Number(whole=True, least=1), "How many tickets.", required=True),
                    Key("within", Length(business=False), "In how long, on the wall clock.", required=True),
                ),
                _window,
                example="per_window: {most: 3, within: 1 hour}",
            ),
            "How many new tickets this person gets in any so long time, such as `{most: 3, within: 1 hour}`.",
        ),
        Key("calendar", CalendarName(), "When this person works; left out: when the team does."),
        Key("weight", Number(above=0), "The share of work: 0.5 for half time; default 1."),
        Key("away", Many(_Away()), "Days off, both ends included; every event of a calendar file is time away."),
        Key("substitute", Handle(), "Who takes over meanwhile."),
        Key("notices", NOTICES, "When this person is left in peace, where that is not as for everybody."),
    ),
    _member,
    {
        "quiet_hours": "write `notices: {quiet_hours: ...}`",
        "notices_per_day": "write `notices: {per_day: ...}`",
    },
)


@dataclass(frozen=True, slots=True)
class _People:
    """People by handle, each with what is known about them; or just a list of handles."""

    says: str = "people, such as `{ben@example.com: {skills: [refunds]}}` or `[ana@example.com, ben@example.com]`"

    def read(self, node: Node, reader: Reader) -> tuple[Member, ...]:
        if isinstance(node, Mapping):
            found = [self._one(entry.key, entry.value, reader) for entry in node.entries]
        else:
            items = node.items if isinstance(node, Sequence) else (node,)
            found = [self._one(item, None, reader) for item in items]
        members = tuple(member for member in found if member is not None)
        self._twice(members, node, reader)
        return members

    def _one(self, key: Node, value: Node | None, reader: Reader) -> Member | None:
        handle = Handle().read(key, reader)
        member = MEMBER.read(value, reader) if value is not None else Member("")
        return replace(member, handle=handle) if handle is not None and member is not None else None

    def _twice(self, members: tuple[Member, ...], node: Node, reader: Reader) -> None:
        handles = [member.handle for member in members]
        for handle in dict.fromkeys(handles):
            if handles.count(handle) > 1:
                reader.error("duplicate-name", node, f"`{handle}` stands twice in this team", "name everybody once")

    def schema(self) -> Schema:
        person = MEMBER.schema()
        names = {"type": "array", "items": {"type": SCALAR}}
        return {"anyOf": [{"type": "object", "additionalProperties": person}, names]}


def _rota(fields: Fields, reader: Reader) -> Rota:
    every = fields.get("every")
    length = every.length if every is not None and not every.business else None
    if length == timedelta():
        reader.error("bad-duration", fields.at("every"), "a turn of no length never ends", "write `1 week`")
    return Rota(every=length, since=fields.get("since"), people=fields.get("people", ()))


@dataclass(frozen=True, slots=True)
class _RotaShape:
    """A calendar file, or people in turn. What the file says is looked at where the team's people are known."""

    table: Table
    says: str = "a calendar file such as `rota.ics`, or `{every: 1 week, since: ..., people: [...]}`"

    def read(self, node: Node, reader: Reader) -> Rota | None:
        if isinstance(node, Scalar):
            file = CalendarFileName("a calendar file such as `rota.ics`").read(node, reader)
            return Rota(file=file) if file is not None else None
        rota: Rota | None = self.table.read(node, reader)
        return rota

    def schema(self) -> Schema:
        return {"anyOf": [CalendarFileName().schema(), self.table.schema()]}


ON_CALL = _RotaShape(
    Table(
        "`on_call`",
        (
            Key("every", Length(business=False), "How long each turn is, on the wall clock.", required=True),
            Key("since", Moment(with_time=True), "When the first turn began.", required=True),
            Key("people", Many(Handle()), "Who takes turns, in order.", required=True),
        ),
        _rota,
    )
)


def _zone(calendar: str | None, reader: Reader) -> str:
    """The zone of a team's calendar; of the default calendar where it has none."""
    if calendar is None:
        return str(reader.zone)
    node = reader.calendars.get(calendar)
    entry = node.get("time_zone") if isinstance(node, Mapping) else None
    written = entry.value.text if entry is not None and isinstance(entry.value, Scalar) else None
    return known_zone(written) or "UTC"


def _in_zone(member: Member, zone: str, reader: Reader) -> Member:
    """The member with absences in the zone of their own calendar, else of the team's."""
    zone = _zone(member.calendar, reader) if member.calendar else zone
    return replace(member, away_files=tuple(replace(file, zone=zone) for file in member.away_files))


def _on_call(fields: Fields, zone: str, reader: Reader) -> Rota | None:
    """The team's rota in its zone; a file may name its people, and is told off for naming others."""
    rota: Rota | None = fields.get("on_call")
    if rota is None or rota.file is None:
        return replace(rota, zone=zone) if rota is not None else None
    people = tuple(member.handle for member in fields.get("people", ()))
    file = replace(rota.file, zone=zone)
    rota = Rota(file=file, people=people, zone=zone)
    lost = naming_nobody(rota)
    if lost:
        message = f"{told(lost)} in {file.name}: names nobody of this team"
        hint = "invite the person, or write the e-mail address in the title"
        reader.problems.warning("nobody-on-call", fields.at("on_call"), message, hint)
    return rota


def _team(fields: Fields, reader: Reader) -> Team:
    zone = _zone(fields.get("calendar"), reader)
    if not fields.written("group", "people") and fields.node.whole:
        reader.error("missing-key", fields.node, "a team needs a `group` or `people`", "write `group: Billing`")
    return Team(
        "",
        fields.span,
        group=fields.get("group"),
        calendar=fields.get("calendar"),
        lead=fields.get("lead"),
        next_level=fields.get("next_level"),
        on_call=_on_call(fields, zone, reader),
        wind_down=fields.get("wind_down"),
        people=tuple(_in_zone(member, zone, reader) for member in fields.get("people", ())),
    )


TEAM = Table(
    "a team",
    (
        Key("group", Line("a group of the desk"), "The group of the desk that the team is."),
        Key("calendar", CalendarName(), "When its people work."),
        Key("lead", Handle(), "Who is told as `team_lead`."),
        Key(
            "next_level",
            Handle(),
            "Who is told as `next_level`: whoever hears of it when the lead's word is not enough.",
        ),
        Key("on_call", ON_CALL, "Who is on call: a calendar file, or people in turn."),
        Key(
            "wind_down",
            Length(business=False),
            "In the last so much of their working day its people get nothing new, such as `30 minutes`.",
        ),
        Key("people", _People(), "Its people; left out: the group's members."),
    ),
    _team,
    {
        "members": "did you mean `people`?",
        "manager": "did you mean `lead`, or `next_level`?",
        "escalate_to": "did you mean `next_level`?",
    },
    "billing: {group: Billing}",
)
