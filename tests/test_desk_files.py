"""Desk files as JSON lines: what goes out comes in again, and what is wrong is said by line, with nothing brought in."""

from __future__ import annotations

import gzip
import json
import lzma
import tempfile
from contextlib import ExitStack
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fake_desk import START, Clock, make_desk, ticket_of
from hypothesis import given, settings
from hypothesis import strategies as st

from makegood.connectors.base import Change
from makegood.connectors.demo_desk import fill
from makegood.connectors.desk_files import export_file, export_lines, import_file
from makegood.connectors.desk_json import from_plain, to_json
from makegood.connectors.desk_reading import SHOWN, BadFile
from makegood.connectors.local import Local
from makegood.connectors.ticket import CLOCK_STATES, PRIORITIES, STATUSES, Event, Organization, Person, Ticket

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
VALUES = st.none() | TEXT | TEXTS
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))
TABLES = st.dictionaries(TEXT, VALUES, max_size=3)
BY_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "str": TEXT,
    "str | None": st.none() | TEXT,
    "bool": st.booleans(),
    "bool | None": st.none() | st.booleans(),
    "int": st.integers(0, 9),
    "datetime": MOMENTS,
    "datetime | None": st.none() | MOMENTS,
    "tuple[str, ...]": TEXTS,
    "Value": VALUES,
    "Zone | None": st.sampled_from((None, "Europe/Berlin", "UTC")),
    "Mapping[str, Value]": TABLES,
    "Status": st.sampled_from(STATUSES),
    "Priority | None": st.sampled_from((None, *PRIORITIES)),
    "Literal['good', 'bad'] | None": st.sampled_from((None, "good", "bad")),
    "Role": st.sampled_from(("customer", "agent", "automation", "robot")),
    "EventKind": st.sampled_from(("created", "field", "message", "rating", "merged", "deleted", "sla")),
}


def any_of(kind: type, **fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(kind, **{f.name: BY_TYPE[str(f.type)] for f in fields(kind)} | fixed)


def as_told(event: Event) -> Event:
    """What is said of a clock names it, its state and its due time."""
    if event.kind != "sla":
        return event
    states = (None, *CLOCK_STATES)
    return replace(
        event, field=event.field or "First reply", new=states[event.seq % len(states)], old="2026-03-02T09:00:00Z"
    )


PEOPLE = st.lists(any_of(Person), min_size=1, max_size=3, unique_by=lambda person: person.id)
ORGANIZATIONS = st.lists(any_of(Organization), max_size=2, unique_by=lambda organization: organization.id)


@st.composite
def contents(draw: st.DrawFn) -> list[str]:
    """The lines of some desk: people, organizations, tickets and their events, all naming one another."""
    people, organizations = draw(PEOPLE), draw(ORGANIZATIONS)
    somebody = st.none() | st.sampled_from([person.id for person in people])
    named = {"requester": somebody, "assignee": somebody, "version": st.just("1")}
    tickets = draw(st.lists(any_of(Ticket, **named), max_size=3, unique_by=lambda ticket: ticket.id))
    about = {"ticket": st.sampled_from([t.id for t in tickets]), "actor": somebody} if tickets else {}
    events = (
        draw(st.lists(any_of(Event, **about).map(as_told), max_size=6, unique_by=lambda event: event.id))
        if tickets
        else []
    )
    everything = {"person": people, "organization": organizations, "ticket": tickets, "event": events}
    return [f'{{"{name}":{to_json(each)}}}' for name, each_kind in everything.items() for each in each_kind]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Local]:
    with Local(tmp_path / "desk.db", now=Clock()) as desk:
        yield desk


def wrong(desk: Local, path: Path, *lines: str) -> tuple[str, ...]:
    """What an import says about these lines; it must leave the desk as it was."""
    before = list(export_lines(desk))
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(BadFile) as error:
        import_file(desk, path)
    assert list(export_lines(desk)) == before
    return error.value.problems


@settings(max_examples=40, deadline=None)
@given(contents())
def test_what_was_exported_is_imported_as_the_same_desk(lines: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        first, second = (stack.enter_context(Local(Path(folder) / f"{n}.db", now=Clock())) for n in "ab")
        source, target = Path(folder) / "in.jsonl", Path(folder) / "out.jsonl"
        source.write_text("\n".join(lines), encoding="utf-8")
        import_file(first, source)
        assert export_file(first, target) == len(lines) + 1, "the desk's own words come on top"
        import_file(second, target)
        assert list(export_lines(second)) == list(export_lines(first))
        assert same_things(first, second)


def same_things(first: Local, second: Local) -> bool:
    pages = [next(desk.pull(None)) for desk in (first, second)]
    return all(
        sorted(getattr(pages[0], name), key=lambda each: each.id)
        == sorted(getattr(pages[1], name), key=lambda each: each.id)
        for name in ("events", "people", "organizations")
    )


@settings(max_examples=40)
@given(st.one_of(any_of(Ticket), any_of(Event), any_of(Person), any_of(Organization)))
def test_every_value_survives_being_written_as_json(value: object) -> None:
    assert from_plain(type(value), json.loads(to_json(value))) == value


def test_the_demo_desk_goes_out_and_in(tmp_path: Path, desk: Local) -> None:
    fill(desk, START)
    export_file(desk, tmp_path / "out.jsonl")
    with Local(tmp_path / "second.db", now=Clock()) as second:
        imported = import_file(second, tmp_path / "out.jsonl")
        assert list(export_lines(second)) == list(export_lines(desk))
        assert (imported.tickets, imported.organizations, imported.people) == (40, 3, 28)


def test_an_imported_desk_can_be_written_to(tmp_path: Path, desk: Local) -> None:
    fill(desk, START)
    export_file(desk, tmp_path / "out.jsonl")
    with Local(tmp_path / "second.db", now=Clock()) as second:
        import_file(second, tmp_path / "out.jsonl")
        ticket = ticket_of(second, "1")
        written = second.apply("1", [Change("1", "set", "priority", new="urgent")], ticket.version)
        assert written.ticket.priority == "urgent"
        assert second.create("liam@mail.example", "New", "text") == "41"


@pytest.mark.parametrize(("name", "pack"), [("d.jsonl.xz", lzma.compress), ("d.jsonl.gz", gzip.compress)])
def test_packed_files_are_unpacked(tmp_path: Path, desk: Local, name: str, pack: Any) -> None:
    (tmp_path / name).write_bytes(pack(b'{"person":{"id":"u1"}}\n\n'))
    assert import_file(desk, tmp_path / name).people == 1


def test_groups_that_only_tickets_name_are_added(tmp_path: Path, desk: Local) -> None:
    (tmp_path / "in.jsonl").write_text(TICKET.replace('"new"', '"new","group":"Night shift"'))
    import_file(desk, tmp_path / "in.jsonl")
    assert desk.catalogue().groups == ("Night shift",)


def test_a_pull_after_an_import_brings_only_what_was_imported(tmp_path: Path) -> None:
    with make_desk(tmp_path / "desk.db") as desk:
        desk.create("u1", "A", "a")
        (first,) = desk.pull(None)
        (tmp_path / "in.jsonl").write_text(TICKET + "\n" + EVENT)
        import_file(desk, tmp_path / "in.jsonl")
        (page,) = desk.pull(first.cursor)
    assert [t.id for t in page.tickets] == ["t1"]
    assert [e.id for e in page.events] == ["e1"]


TICKET = '{"ticket":{"id":"t1","created":"2026-03-02T09:00:00Z","updated":"2026-03-02T09:00:00Z","status":"new"}}'
EVENT = '{"event":{"id":"e1","ticket":"t1","at":"2026-03-02T09:00:00Z","kind":"created"}}'
SLA = (
    '{"event":{"id":"s1","ticket":"t1","at":"2026-03-02T09:00:00Z","kind":"sla","field":"First reply",'
    '"new":"running","old":"2026-03-02T13:00:00Z"}}'
)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "no JSON: Expecting property name enclosed in double quotes at column 2"),
        ("[1]", 'expected one thing a line, such as {"ticket": {...}}'),
        ('{"ticket":{},"event":{}}', "expected one thing a line"),
        ('{"tiket":{}}', '"tiket" is not known here: did you mean "ticket"?'),
        ('{"ticket":[]}', 'expected {"ticket": {...}}'),
        ('{"ticket":{"id":"t2"}}', '"created" is missing'),
        ('{"person":{"id":"p","nmae":"P"}}', '"nmae" is not known here: did you mean "name"?'),
        ('{"person":{"id":7}}', '"id": 7 is no text: put it in quotes'),
        ('{"person":{"id":"p","role":"boss"}}', '"role": "boss" is none of customer, agent'),
        ('{"person":{"id":"p","active":"no"}}', '"active": "no" is not true or false'),
        ('{"person":{"id":"p","tags":"vip"}}', '"tags": "vip" is no list of texts'),
        ('{"person":{"id":"p","fields":[]}}', '"fields": expected an object'),
        ('{"desk":{"fields":{"City":{"name":"City","type":"town"}}}}', '"fields": "type": "town" is none of'),
        (TICKET.replace("09:00:00Z", "09:00:00", 1), '"created": the time "2026-03-02T09:00:00" has no zone'),
        (TICKET.replace("2026-03-02T", "2. March ", 1), '"created": "2. March 09:00:00Z" is no time'),
        (TICKET, 'there is a second ticket "t1", or it is on the desk already'),
        (EVENT, 'there is a second event "e1", or it is on the desk already'),
        ("[" * 100_000, "nested too deeply"),
        ("1" * 5_000, "a number too long"),
        ('{"person":{"id":"\\ud800"}}', "cannot be stored"),
        (EVENT.replace("e1", "e2").replace('"kind"', f'"seq":{10**30},"kind"'), "cannot be stored"),
        (SLA.replace(',"field":"First reply"', ""), '"field" is missing: an sla event names its clock'),
        (SLA.replace("running", "breached"), '"new": "breached" is none of running, paused, due_soon, missed, met'),
        (SLA.replace("T13:00:00Z", ""), 'the time "2026-03-02" has no zone'),
    ],
)
def test_a_bad_line_is_named_by_its_number(tmp_path: Path, desk: Local, line: str, problem: str) -> None:
    (found,) = wrong(desk, tmp_path / "in.jsonl", TICKET, "", EVENT, line)
    assert found.startswith("line 4: ")
    assert problem in found


def test_the_clocks_that_a_file_tells_of_are_the_desks(tmp_path: Path, desk: Local) -> None:
    (tmp_path / "in.jsonl").write_text("\n".join([TICKET, SLA]), encoding="utf-8")
    import_file(desk, tmp_path / "in.jsonl")
    assert desk.catalogue().slas == ("First reply",)
    (told,) = next(desk.pull(None)).events
    assert (told.kind, told.new, told.old) == ("sla", "running", "2026-03-02T13:00:00Z")
    export_file(desk, tmp_path / "out.jsonl")
    with Local(tmp_path / "second.db", now=Clock()) as second:
        import_file(second, tmp_path / "out.jsonl")
        assert second.catalogue().slas == ("First reply",)


def test_all_problems_are_found_in_one_go(tmp_path: Path, desk: Local) -> None:
    lines = [TICKET, "nonsense", '{"person":{"id":"p"}}', '{"event":{}}']
    assert [problem.partition(":")[0] for problem in wrong(desk, tmp_path / "in.jsonl", *lines)] == ["line 2", "line 4"]


def test_many_problems_are_counted_not_listed(tmp_path: Path, desk: Local) -> None:
    (tmp_path / "in.jsonl").write_text("x\n" * 1_500)
    with pytest.raises(BadFile) as error:
        import_file(desk, tmp_path / "in.jsonl")
    assert len(error.value.message.splitlines()) == SHOWN + 1
    assert error.value.message.endswith("... and 1,480 more problems")
    assert "nothing was imported" in error.value.hint


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (EVENT.replace('"t1"', '"t9"'), 'event "e1" belongs to ticket "t9", which is not in this file'),
        (EVENT.replace('"created"}', '"created","actor":"zoe"}'), 'event "e1": "zoe" is not among the people'),
        (
            TICKET.replace("t1", "t2").replace('"new"', '"new","assignee":"zoe"'),
            'ticket "t2": the assignee "zoe" is not',
        ),
    ],
)
def test_what_names_something_that_is_not_there_is_found(tmp_path: Path, desk: Local, line: str, problem: str) -> None:
    (found,) = wrong(desk, tmp_path / "in.jsonl", TICKET, line)
    assert problem in found


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("in.jsonl", '{"person":{"id":"Jürgen"}}'.encode("cp1252"), "is not utf-8 text"),
        ("in.jsonl.xz", b"no xz file", "cannot be unpacked"),
        ("in.jsonl.xz", lzma.compress(b"x" * 9_000)[:-20], "cannot be unpacked"),
        ("in.jsonl.gz", b"no gz file", "cannot be read: Not a gzipped file"),
        ("in.jsonl.gz", gzip.compress(b"x" * 90, mtime=0)[:-10], "cannot be unpacked"),
        ("in.csv", b"a,b", "a CSV file needs a mapping"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_to_be_so(
    tmp_path: Path, desk: Local, name: str, content: bytes, problem: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadFile) as error:
        import_file(desk, tmp_path / name)
    assert problem in error.value.message
    assert str(tmp_path / name) in error.value.message


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path, desk: Local) -> None:
    with pytest.raises(BadFile, match="No such file"):
        import_file(desk, tmp_path / "in.jsonl")


def test_an_export_that_fails_leaves_the_older_file(
    tmp_path: Path, desk: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out.jsonl"
    target.write_text("older")
    desk.close()
    with pytest.raises(Exception, match="closed"):
        export_file(desk, target)
    assert target.read_text() == "older"


def test_the_lines_in_the_docs_are_a_desk(tmp_path: Path, desk: Local) -> None:
    docs = (Path(__file__).resolve().parent.parent / "docs" / "desk-files.md").read_text(encoding="utf-8")
    (tmp_path / "in.jsonl").write_text(docs.partition("```json\n")[2].partition("```")[0])
    imported = import_file(desk, tmp_path / "in.jsonl")
    assert (imported.tickets, imported.events, imported.people, imported.organizations) == (1, 2, 2, 1)


def test_a_text_no_database_can_hold_is_refused(desk: Local, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(r'{"person":{"id":"a\u0000b"}}')
    with pytest.raises(BadFile, match="u0000"):
        import_file(desk, tmp_path / "in.jsonl")
