"""CSV files: rows become tickets with a history, nothing of the future stands in the past, and every bad row is named."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fake_desk import Clock, events_of, ticket_of
from hypothesis import given, settings
from hypothesis import strategies as st

from makegood.connectors.desk_files import export_lines, import_file
from makegood.connectors.desk_mapping import read_mapping
from makegood.connectors.desk_reading import BadFile
from makegood.connectors.local import Local

if TYPE_CHECKING:
    from collections.abc import Iterator

    from makegood.connectors.desk_reading import Imported
    from makegood.connectors.ticket import Event

ROOT = Path(__file__).resolve().parent.parent

WHOLE = """
missing = ["?"]
[ticket]
id = "No"
created = "Opened"
updated = "Changed"
status = "State"
subject = "Title"
"""

HISTORY = """
rows = "states"
missing = ["?"]
dates = "day first"
final = ["code", "solved_at"]
[states]
at = "when"
then_by = "n"
by = "by"
automations = ["closer"]
[ticket]
id = "id"
created = "opened"
status = "state"
assignee = "owner"
group = "team"
requester = "caller"
[fields]
Handoffs = { column = "moves", type = "number" }
"Close code" = "code"
"Solved at" = { column = "solved_at", type = "time" }
[words.status]
New = "new"
Active = "open"
Waiting = "pending"
Closed = "closed"
[faults]
state = ["-100"]
"""

HEAD = "id,opened,when,n,by,state,owner,team,caller,moves,code,solved_at\n"
LOG = (
    HEAD
    + "A,1/3/2016 08:00,1/3/2016 08:05,0,zoe,New,?,Desk,carl,0,c6,2/3/2016 10:00\n"
    + "A,1/3/2016 08:00,2/3/2016 09:00,2,carl,Waiting,ann,Net,carl,1,c6,2/3/2016 10:00\n"
    + "A,1/3/2016 08:00,2/3/2016 09:00,1,ann,Active,ann,Desk,carl,0,c6,2/3/2016 10:00\n"
    + "A,1/3/2016 08:00,7/3/2016 10:00,3,closer,Closed,ann,Net,carl,1,c6,2/3/2016 10:00\n"
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Local]:
    with Local(tmp_path / "desk.db", now=Clock()) as desk:
        yield desk


def bring(desk: Local, rows: str, mapping: str, *, encoding: str = "utf-8") -> Imported:
    folder = desk.path.parent
    (folder / "in.csv").write_text(rows, encoding=encoding)
    (folder / "map.toml").write_text(mapping, encoding="utf-8")
    return import_file(desk, folder / "in.csv", folder / "map.toml")


def wrong(desk: Local, rows: str, mapping: str) -> tuple[str, ...]:
    """What an import says about the file; it must leave the desk as it was."""
    before = list(export_lines(desk))
    with pytest.raises(BadFile) as error:
        bring(desk, rows, mapping)
    assert list(export_lines(desk)) == before
    return error.value.problems


def changes(events: list[Event], field: str) -> list[tuple[object, ...]]:
    return [(f"{e.at:%d.%m. %H:%M}", e.old, e.new) for e in events if e.field == field]


# one row a ticket


def test_a_row_is_a_ticket_whose_past_is_unknown(desk: Local) -> None:
    imported = bring(desk, "No,Opened,Changed,State,Title\n7,2026-03-01T08:00Z,2026-03-02 09:00,Solved,Help\n", WHOLE)
    ticket = ticket_of(desk, "7")
    assert (imported.tickets, imported.events, ticket.subject, ticket.status) == (1, 1, "Help", "solved")
    assert ticket.created == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert ticket.updated == ticket.history_from == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert [event.kind for event in events_of(desk, "7")] == ["created"]


def test_every_fact_can_be_a_column(desk: Local) -> None:
    facts = ["description", "type", "channel", "form", "brand", "language", "group", "organization", "sent_to"]
    facts += ["priority", "assignee", "requester", "due", "parent", "tags", "cc"]
    values = ["Torn", "incident", "chat", "Return", "Fern", "de", "Billing", "Birch", "help@x.example"]
    values += ["High", "ana@x.example", "liam@x.example", "2026-03-05", "4", "late; vip", "boss@x.example"]
    mapping = 'list_separator = ";"\n' + WHOLE + "".join(f'{fact} = "{fact}"\n' for fact in facts)
    rows = f"No,Opened,Changed,State,Title,{','.join(facts)}\n7,2026-03-01,2026-03-02,open,T,{','.join(values)}\n"
    bring(desk, rows, mapping)
    ticket = ticket_of(desk, "7")
    assert (ticket.priority, ticket.tags, ticket.cc) == ("high", ("late", "vip"), ("boss@x.example",))
    assert (ticket.due, ticket.parent) == (datetime(2026, 3, 5, tzinfo=UTC), "4")
    assert (ticket.assignee, ticket.requester, ticket.organization) == ("ana@x.example", "liam@x.example", "Birch")
    assert [(e.kind, e.text, e.actor) for e in events_of(desk, "7")][1] == ("message", "Torn", "liam@x.example")
    (page,) = desk.pull(None)
    assert [organization.name for organization in page.organizations] == ["Birch"]
    assert {p.handle: (p.role, p.groups, p.organization) for p in page.people if p.email} == {
        "ana@x.example": ("agent", ("Billing",), None),
        "liam@x.example": ("customer", (), "Birch"),
    }


def test_a_ticket_that_stands_there_twice_is_found(desk: Local) -> None:
    rows = "No,Opened,Changed,State,Title\n" + "7,2026-03-01,2026-03-02,new,T\n" * 2
    assert wrong(desk, rows, WHOLE) == ('line 3: ticket "7" stands on line 2 already',)


def test_a_ticket_that_is_on_the_desk_already_is_found(desk: Local) -> None:
    rows = "No,Opened,Changed,State,Title\n7,2026-03-01,2026-03-02,new,T\n"
    bring(desk, rows, WHOLE)
    assert wrong(desk, rows + "8,2026-03-01,2026-03-02,new,T\n", WHOLE) == ('ticket "7" is on the desk already',)


# one row a state


def test_states_are_compared_in_order_of_time_and_number(desk: Local) -> None:
    imported = bring(desk, LOG, HISTORY)
    events = events_of(desk, "A")
    assert changes(events, "status") == [
        ("02.03. 09:00", "new", "open"),
        ("02.03. 09:00", "open", "pending"),
        ("07.03. 10:00", "pending", "closed"),
    ]
    assert changes(events, "group") == [("02.03. 09:00", "Desk", "Net")]
    assert changes(events, "field.Handoffs") == [("02.03. 09:00", "0", "1")]
    assert changes(events, "status_name")[0] == ("02.03. 09:00", "New", "Active")
    assert (imported.tickets, imported.events) == (1, len(events))


def test_the_ticket_is_as_its_last_state_says(desk: Local) -> None:
    bring(desk, LOG, HISTORY)
    ticket = ticket_of(desk, "A")
    assert (ticket.status, ticket.status_name, ticket.assignee, ticket.history_from) == (
        "closed",
        "Closed",
        "ann",
        None,
    )
    assert ticket.created == datetime(2016, 3, 1, 8, tzinfo=UTC)
    assert ticket.updated == datetime(2016, 3, 7, 10, tzinfo=UTC)


def test_end_results_come_with_the_last_state_only(desk: Local) -> None:
    bring(desk, LOG, HISTORY)
    events = events_of(desk, "A")
    assert changes(events, "field.Close code") == [("07.03. 10:00", None, "c6")]
    assert changes(events, "field.Solved at") == [("07.03. 10:00", None, "2016-03-02T10:00:00Z")]


def test_even_a_single_state_does_not_know_its_end_from_the_start(desk: Local) -> None:
    bring(desk, "".join(LOG.splitlines(keepends=True)[:2]), HISTORY)
    assert changes(events_of(desk, "A"), "field.Close code") == [("01.03. 08:05", None, "c6")]


def test_a_final_column_that_is_mapped_to_nothing_is_left_out(desk: Local) -> None:
    mapping = HISTORY.replace('"Close code" = "code"\n', "")
    bring(desk, LOG, mapping)
    assert "c6" not in "".join(export_lines(desk))


ROWS = st.lists(
    st.tuples(
        st.sampled_from("AB"), st.integers(1, 60), st.sampled_from(["New", "Active", "Waiting", "-100"]),
        st.sampled_from(["?", "ann", "bob"]), st.sampled_from(["?", "Desk", "Net"]),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


def log(rows: list[tuple[str, int, str, str, str]], *, until: int, end: str) -> str:
    lines = [
        f"{i},1/3/2016 08:00,1/3/2016 {9 + m // 60}:{m % 60:02},{n},ann,{s},{o},{g},carl,{n},{end},{end}\n"
        for n, (i, m, s, o, g) in enumerate(rows)
        if m <= until
    ]
    return HEAD + "".join(lines)


@settings(max_examples=30, deadline=None)
@given(ROWS, st.integers(0, 60))
def test_the_past_is_the_same_whether_or_not_the_future_is_known(
    rows: list[tuple[str, int, str, str, str]], cut: int
) -> None:
    """A log cut off at some minute tells the same story up to there as the whole log with all its end results."""
    moment = datetime(2016, 3, 1, 9, tzinfo=UTC) + timedelta(minutes=cut)
    ends = {ticket: max(minute for name, minute, *_ in rows if name == ticket) for ticket, *_ in rows}
    unfinished = {ticket for ticket, last in ends.items() if last > cut}
    told = told_until(log(rows, until=60, end="9/3/2016 10:00"), moment, unfinished)
    assert told == told_until(log(rows, until=cut, end="?"), moment, unfinished)


def told_until(rows: str, moment: datetime, tickets: set[str]) -> list[tuple[object, ...]]:
    with tempfile.TemporaryDirectory() as folder, Local(Path(folder) / "desk.db", now=Clock()) as desk:
        bring(desk, rows, HISTORY)
        events = [event for ticket in sorted(tickets) for event in events_of(desk, ticket)]
    return [(e.ticket, e.at, e.field, e.old, e.new) for e in events if e.at <= moment and e.kind == "field"]


def test_a_fault_is_reported_and_what_was_before_stays(desk: Local) -> None:
    imported = bring(desk, LOG.replace("Waiting", "-100"), HISTORY)
    assert imported.faults == ('line 3: ticket "A": faulty state passed over',)
    assert [new for _, _, new in changes(events_of(desk, "A"), "status")] == ["open", "closed"]


def test_who_made_a_change_is_a_customer_an_agent_or_a_machine(desk: Local) -> None:
    bring(desk, LOG, HISTORY)
    assert [(e.actor, e.actor_kind) for e in events_of(desk, "A") if e.field == "status"] == [
        ("ann", "agent"), ("carl", "customer"), ("closer", "automation"),
    ]  # fmt: skip
    (page,) = desk.pull(None)
    roles = {person.id: person.role for person in page.people}
    assert roles == {"ann": "agent", "carl": "customer", "closer": "automation", "zoe": "agent", "makegood": "robot"}
    assert {person.id: person.groups for person in page.people}["ann"] == ("Desk", "Net")


def test_an_empty_desk_takes_the_files_own_words(desk: Local) -> None:
    bring(desk, LOG, HISTORY)
    catalogue = desk.catalogue()
    assert catalogue.statuses == {"New": "new", "Active": "open", "Waiting": "pending", "Closed": "closed"}
    assert catalogue.groups == ("Desk", "Net")
    assert {name: spec.type for name, spec in catalogue.fields.items()} == {
        "Handoffs": "number", "Close code": "text", "Solved at": "time",
    }  # fmt: skip


def test_a_change_before_the_ticket_was_opened_counts_as_at_its_opening(desk: Local) -> None:
    bring(desk, LOG.replace("1/3/2016 08:00", "3/3/2016 08:00"), HISTORY)
    assert changes(events_of(desk, "A"), "status")[0][0] == "03.03. 08:00"


# cells


@pytest.mark.parametrize(
    ("dates", "cell", "moment"),
    [
        ("day first", "29/2/2016 01:16", "2016-02-29T01:16:00Z"),
        ("day first", "29.02.2016", "2016-02-29T00:00:00Z"),
        ("day first", "1-12-2016 23:59:58", "2016-12-01T23:59:58Z"),
        ("day first", "1/7/2016 12:00 +02:00", "2016-07-01T10:00:00Z"),
        ("day first", "1/7/2016 12:00-0530", "2016-07-01T17:30:00Z"),
        ("day first", "1/7/2016 12:00Z", "2016-07-01T12:00:00Z"),
        ("month first", "7/1/2016 12:00", "2016-07-01T12:00:00Z"),
        ("iso", "2016-07-01 12:00:30", "2016-07-01T12:00:30Z"),
        ("iso", "2016-07-01T12:00+02:00", "2016-07-01T10:00:00Z"),
    ],
)
def test_dates_are_read_in_the_order_the_mapping_says(desk: Local, dates: str, cell: str, moment: str) -> None:
    bring(desk, f"No,Opened,Changed,State,Title\n7,{cell},{cell},new,T\n", f'dates = "{dates}"\n' + WHOLE)
    assert ticket_of(desk, "7").created == datetime.fromisoformat(moment)


@pytest.mark.parametrize(("cell", "hour"), [("1/7/2016 12:00", 10), ("1/12/2016 12:00", 11), ("1/7/2016 12:00Z", 12)])
def test_a_date_without_a_zone_is_in_the_mappings_zone(desk: Local, cell: str, hour: int) -> None:
    mapping = 'dates = "day first"\ntime_zone = "Europe/Berlin"\n' + WHOLE
    bring(desk, f"No,Opened,Changed,State,Title\n7,{cell},{cell},new,T\n", mapping)
    assert ticket_of(desk, "7").created.hour == hour


@pytest.mark.parametrize(
    ("kind", "cells", "values"),
    [
        ("text", "a b,01067", ["a b", "01067"]),
        ("number", "7,-1.5", ["7", "-1.5"]),
        ("yes/no", "TRUE,0", ["yes", "no"]),
        ("time", "2016-07-01,?", ["2016-07-01T00:00:00Z", None]),
        ("list", "x|y,?", [("x", "y"), None]),
        ("choice", "red,blue", ["red", "blue"]),
        ("person", "ana,?", ["ana", None]),
    ],
)
def test_custom_fields_are_typed(desk: Local, kind: str, cells: str, values: list[object]) -> None:
    fields = "".join(f'{n} = {{ column = "{n}", type = "{kind}" }}\n' for n in "AB")
    mapping = 'list_separator = "|"\n' + WHOLE + "[fields]\n" + fields
    bring(desk, f"No,Opened,Changed,State,Title,A,B\n7,2026-03-01,2026-03-02,new,T,{cells}\n", mapping)
    custom = ticket_of(desk, "7").custom
    assert [custom.get("A"), custom.get("B")] == values
    assert {spec.type for spec in desk.catalogue().fields.values()} == {kind}


def test_a_choice_takes_the_values_that_were_seen(desk: Local) -> None:
    mapping = WHOLE + '[fields]\nColour = { column = "C", type = "choice" }\n'
    rows = "7,2026-03-01,2026-03-02,new,T,red\n8,2026-03-01,2026-03-02,new,T,blue\n9,2026-03-01,2026-03-02,new,T,?\n"
    bring(desk, "No,Opened,Changed,State,Title,C\n" + rows, mapping)
    assert desk.catalogue().fields["Colour"].values == ("blue", "red")


def test_other_encodings_and_separators(desk: Local) -> None:
    mapping = 'encoding = "cp1252"\ndelimiter = ";"\n' + WHOLE
    bring(desk, "No;Opened;Changed;State;Title\n7;2026-03-01;2026-03-02;new;Größe, bitte\n", mapping, encoding="cp1252")
    assert ticket_of(desk, "7").subject == "Größe, bitte"


# what can be wrong


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("7,31/2/2016,2026-03-02,new,T", 'line 3: Opened: "31/2/2016" is no date (iso)'),
        ("7,,2026-03-02,new,T", "line 3: Opened: is missing"),
        (",2026-03-01,2026-03-02,new,T", "line 3: No: is missing"),
        ("7,2026-03-01,2026-03-02,?,T", "line 3: State: the status is missing"),
        (
            "7,2026-03-01,2026-03-02,Done,T",
            'line 3: State: "Done" is no status: say under [words.status] what it means',
        ),
        ("7,2026-03-01,2026-03-02,new", "line 3: 4 cells, but the first line names 5 columns"),
    ],
)
def test_a_bad_row_is_named_by_its_line(desk: Local, row: str, problem: str) -> None:
    assert wrong(desk, f"No,Opened,Changed,State,Title\n6,2026-03-01,2026-03-02,new,T\n{row}\n", WHOLE) == (problem,)


def test_all_that_is_wrong_with_all_rows_is_said_at_once(desk: Local) -> None:
    rows = "No,Opened,Changed,State,Title\n7,x,y,z,T\n\n8,2026-03-01,2026-03-02,new,T\n9,2026-03-01,x,new,T\n"
    assert [problem.partition(" is ")[0] for problem in wrong(desk, rows, WHOLE)] == [
        'line 2: Opened: "x"', 'line 2: Changed: "y"', 'line 2: State: "z"', 'line 5: Changed: "x"',
    ]  # fmt: skip


@pytest.mark.parametrize(("cell", "words"), [("many", '"many" is no number'), ("1,5", "13 cells")])
def test_numbers_are_numbers(desk: Local, cell: str, words: str) -> None:
    (problem,) = wrong(desk, LOG.replace("carl,0,c6", f"carl,{cell},c6", 1), HISTORY)
    assert problem.startswith("line 2: ")
    assert words in problem


def test_a_column_that_is_not_there_is_named_with_a_guess(desk: Local) -> None:
    problems = wrong(desk, "No,Open,Changed,State,Title\n", WHOLE)
    assert problems == ('line 1: there is no column "Opened" (created): did you mean "Open"?',)


def test_an_empty_file_has_no_columns(desk: Local) -> None:
    assert len(wrong(desk, "", WHOLE)) == 5


@pytest.mark.parametrize("content", ["a\x00b,c\n", '"' + "x" * 200_000 + '",1\n'])
def test_junk_is_no_csv_file(desk: Local, content: str) -> None:
    wrong(desk, "No,Opened,Changed,State,Title\n" + content, WHOLE)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            'rows = "states"',
            'rows = "state"',
            'rows is "state", but can be "tickets", "states": did you mean "states"?',
        ),
        ('rows = "states"', "", '[states] is only read with rows = "states"'),
        ('missing = ["?"]', 'missing = "?"', 'missing must be a list: ["...", "..."]'),
        ("Handoffs = {", 'Moves = "nr"\nHandoffs = {', 'line 1: there is no column "nr" (field.Moves)'),
        ('id = "id"', "", "ticket.id is missing: name the column that holds it"),
        ('id = "id"', "id = 7", "ticket.id must be a text in quotes"),
        ('group = "team"', 'grup = "team"', 'ticket.grup is not known here: did you mean "group"?'),
        ('then_by = "n"', 'than_by = "n"', 'states.than_by is not known here: did you mean "then_by"?'),
        ("[faults]", "[fault]", 'fault is not known here: did you mean "faults"?'),
        ('state = ["-100"]', 'team = "-100"', 'faults.team must be a list: ["...", "..."]'),
        ('state = ["-100"]', 'stat = ["-100"]', 'faults.stat is not known here: did you mean "state"?'),
        ('Active = "open"', 'Active = "opened"', 'words.status."Active" is "opened", but can be new, open, pending'),
        ('type = "number"', 'type = "numbr"', 'fields.Handoffs.type is "numbr", but can be'),
        ('status = "state"', "", "ticket.status is missing: name the column that holds it"),
        ('dates = "day first"', 'dates = "day-first"', 'dates is "day-first", but can be "iso", "day first"'),
        ('dates = "day first"', 'time_zone = "Berlin"', 'time_zone "Berlin" is not known: write it like Europe/Berlin'),
        ('dates = "day first"', 'delimiter = "::"', "delimiter must be one character"),
        ('dates = "day first"', 'encoding = "utf-9"', 'encoding "utf-9" is not known'),
        ('final = ["code"', 'final = ["state"', '"state" cannot be final: every ticket has it from the first moment'),
        ('rows = "states"', "rows = ", "is no TOML file: Invalid value (at line 2"),
    ],
)
def test_a_mistake_in_the_mapping_is_explained(desk: Local, old: str, new: str, problem: str) -> None:
    assert old in HISTORY
    found = wrong(desk, LOG, HISTORY.replace(old, new, 1))
    assert any(each.startswith(problem) for each in found), found


def test_a_mapping_that_is_not_there(desk: Local, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="No such file"):
        import_file(desk, tmp_path / "in.csv", tmp_path / "none.toml")


def test_the_mapping_of_the_benchmark_reads_and_keeps_the_end_out_of_the_past() -> None:
    mapping = read_mapping(ROOT / "benchmarks" / "incident_log.toml")
    assert {"closed_at", "resolved_at", "closed_code", "resolved_by"} <= set(mapping.final)
    assert {column.name for column in mapping.facts if column.final} == {"closed_code", "resolved_by", "resolved_at"}


def test_the_mappings_in_the_docs_can_be_read(tmp_path: Path) -> None:
    docs = (ROOT / "docs" / "desk-files.md").read_text(encoding="utf-8")
    whole, states = (part.partition("```")[0] for part in docs.split("```toml\n")[1:])
    for n, text in enumerate((whole, states)):
        (tmp_path / f"{n}.toml").write_text(text, encoding="utf-8")
    assert read_mapping(tmp_path / "0.toml").states is None
    assert read_mapping(tmp_path / "1.toml").states is not None
