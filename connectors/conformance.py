"""What every connector must do, as tests: subclass :class:`ConnectorSuite`, give it a fixture ``stage``, run pytest.

    class TestMyDesk(ConnectorSuite):
        @pytest.fixture
        def stage(self): ...        # something with the methods of Stage

Each test gets a stage of its own or one that others have used: no test counts on being first. What a desk cannot do at
all (its capabilities say so, or the stage answers ``False``) is passed over.
"""
# ruff: noqa: S101

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Protocol, TypeVar

from .base import Change, Conflict, Connector, ConnectorError, Gone
from .ticket import FIELD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .base import Outcome, Page, Written
    from .ticket import Event, Ticket

MARKER = "7f3a2c"
NOTE = f"We looked into it.\n\nmakegood {MARKER}"

_E = TypeVar("_E", bound=BaseException)


class Stage(Protocol):
    """Hands on a desk, beside the connector: people who work on it while we look.

    ``agents`` are two person ids that may own tickets, ``groups`` two group names, ``text_field`` a custom field that takes
    any text, ``tags`` two tags that the desk can hold. ``quiet_calls``: requests that a pull may send where nothing happened.
    Every method acts on the desk itself, not through a connector, and what it did can be pulled at once.
    """

    agents: tuple[str, str]
    groups: tuple[str, str]
    text_field: str
    tags: tuple[str, str] = ("two words", "vip")
    quiet_calls: int = 1

    def connector(self) -> Connector:
        """A new connector to this desk."""

    def readonly(self) -> Connector | None:
        """A connector whose account may look but not write, if the desk knows such accounts."""

    def unreachable(self) -> Connector | None:
        """A connector to a desk that does not answer, if that can be."""

    def ticket(self, subject: str, text: str) -> str:
        """A customer opens a ticket; its id."""

    def customer_says(self, ticket: str, text: str) -> None:
        """The ticket's customer answers."""

    def agent_sets(self, ticket: str, field: str, value: str) -> None:
        """The first agent changes a field (``assignee``, ``group``, or the text field)."""

    def merge(self, ticket: str, into: str) -> bool:
        """An agent merges; ``False`` if nobody can."""

    def delete(self, ticket: str) -> bool:
        """An agent deletes; ``False`` if nobody can."""


class ConnectorSuite:
    """The tests. Names say what must hold."""

    # ---- reading

    def test_capabilities_cost_no_call(self, stage: Stage) -> None:
        """Capabilities are known without asking the desk."""
        connector = stage.connector()
        before = connector.calls
        assert connector.capabilities().writable
        assert connector.calls == before

    def test_catalogue_names_the_desks_own_words(self, stage: Stage) -> None:
        """Groups and fields are called by name, and we know who we are."""
        catalogue = stage.connector().catalogue()
        assert set(stage.groups) <= set(catalogue.groups)
        assert stage.text_field in catalogue.fields
        assert catalogue.me

    def test_first_pull_brings_every_ticket(self, stage: Stage) -> None:
        """Nothing is missing after a first pull, and it says up to when."""
        wanted = {stage.ticket(f"Pull me {i}", "Please.") for i in range(3)}
        pages = list(stage.connector().pull(None))
        assert wanted <= set(tickets(pages))
        assert pages[-1].known_to is not None
        assert any(page.catalogue for page in pages)

    def test_pulling_again_brings_the_same(self, stage: Stage) -> None:
        """Two first pulls tell the same story."""
        stage.ticket("Twice", "The same.")
        one, two = list(stage.connector().pull(None)), list(stage.connector().pull(None))
        assert tickets(one) == tickets(two)
        assert events(one) == events(two)

    def test_quiet_pull_brings_nothing(self, stage: Stage) -> None:
        """Where nothing happened nothing comes, in as few calls as the desk allows."""
        stage.ticket("Quiet", "Sh.")
        cursor = settled(stage.connector())
        connector = stage.connector()
        before = connector.calls
        pages = list(connector.pull(cursor))
        assert not tickets(pages)
        assert not events(pages)
        assert connector.calls - before <= stage.quiet_calls
        assert pages[-1].known_to is not None

    def test_goes_on_from_every_cursor(self, stage: Stage) -> None:
        """Whoever is killed after storing a page misses nothing by going on from its cursor."""
        for i in range(3):
            stage.ticket(f"Resume {i}", "Go on.")
        pages = list(stage.connector().pull(None))
        for stored in range(1, len(pages) + 1):
            rest = list(stage.connector().pull(pages[stored - 1].cursor))
            assert set(tickets([*pages[:stored], *rest])) == set(tickets(pages))
            assert set(events([*pages[:stored], *rest])) == set(events(pages))

    def test_change_by_an_agent_is_pulled(self, stage: Stage) -> None:
        """Only the changed ticket comes, with the change and who made it."""
        changed, other = stage.ticket("Changed", "Please."), stage.ticket("Not changed", "Please.")
        cursor = settled(stage.connector())
        stage.agent_sets(changed, "assignee", stage.agents[1])
        pages = list(stage.connector().pull(cursor))
        assert tickets(pages)[changed].assignee == stage.agents[1]
        assert other not in tickets(pages)
        event = next(e for e in events(pages).values() if e.field == "assignee" and e.ticket == changed)
        assert (event.actor, event.actor_kind, event.new) == (stage.agents[0], "agent", stage.agents[1])

    def test_customer_message_is_pulled(self, stage: Stage) -> None:
        """A customer's words are public, theirs, and without what they quoted."""
        ticket = stage.ticket("Talk", "Hello.")
        before = list(stage.connector().pull(None))
        stage.customer_says(ticket, "It still fails.\n\n> Please restart it.")
        said = new_messages(stage.connector(), before)
        assert [(e.text, e.public, e.actor_kind) for e in said] == [("It still fails.", True, "customer")]

    def test_read_and_pull_agree(self, stage: Stage) -> None:
        """A ticket is the same ticket whichever way it came."""
        ticket = stage.ticket("Same", "Either way.")
        stage.agent_sets(ticket, "assignee", stage.agents[1])
        stage.customer_says(ticket, "Thanks!")
        pages, read = list(stage.connector().pull(None)), stage.connector().read([ticket])
        assert read.tickets[0] == tickets(pages)[ticket]
        assert list(read.events) == [e for e in events(pages).values() if e.ticket == ticket]

    def test_pull_after_change_agrees_with_read(self, stage: Stage) -> None:
        """A ticket pulled because it changed is as complete as one pulled first."""
        ticket = stage.ticket("Same later", "Either way.")
        cursor = settled(stage.connector())
        stage.agent_sets(ticket, "group", stage.groups[1])
        later = tickets(stage.connector().pull(cursor))[ticket]
        assert later == stage.connector().read([ticket]).tickets[0]

    def test_unknown_ticket_is_gone(self, stage: Stage) -> None:
        """An id that the desk does not know is named, and no error."""
        read = stage.connector().read(["99999999"])
        assert not read.tickets
        assert list(read.gone) == ["99999999"]

    def test_times_are_utc(self, stage: Stage) -> None:
        """Every instant is aware and in UTC."""
        stage.ticket("Time", "Now.")
        pages = list(stage.connector().pull(None))
        instants = [t for ticket in tickets(pages).values() for t in (ticket.created, ticket.updated, ticket.due) if t]
        instants += [e.at for e in events(pages).values()]
        assert all(at.utcoffset() == UTC.utcoffset(at) for at in instants)

    def test_events_are_ordered_and_unique(self, stage: Stage) -> None:
        """Ids never repeat, and the first thing of a ticket is that it was created."""
        stage.customer_says(stage.ticket("Order", "One."), "Two.")
        pages = list(stage.connector().pull(None))
        all_events = [e for page in pages for e in page.events]
        assert len({e.id for e in all_events}) == len({(e.id, e.ticket, e.kind) for e in all_events})
        for ticket in tickets(pages):
            own = [e for e in events(pages).values() if e.ticket == ticket]
            assert sorted(own, key=lambda e: (e.at, e.seq))[0].kind == "created"
            assert len({(e.at, e.seq) for e in own}) == len(own)

    def test_people_are_named(self, stage: Stage) -> None:
        """Who is named in a ticket or event is told with a role and something an admin can write."""
        ticket = stage.ticket("Who", "Me.")
        stage.agent_sets(ticket, "assignee", stage.agents[1])
        pages = list(stage.connector().pull(None))
        people = {person.id: person for page in pages for person in page.people}
        pulled = tickets(pages)[ticket]
        assert people[str(pulled.requester)].role == "customer"
        assert people[str(pulled.assignee)].role == "agent"
        assert all(person.handle for person in people.values())

    # ---- writing

    def test_nobody_waits_before_the_first_ticket(self, stage: Stage) -> None:
        """A desk that has not been written to does not ask for a pause."""
        assert stage.connector().pause() == 0

    def test_every_change_is_written_and_read_back(self, stage: Stage) -> None:
        """One visit writes everything asked, and the ticket that comes back shows it."""
        ticket = stage.ticket("Write", "All of it.")
        written = visit(stage.connector(), ticket, *possible(stage.connector(), _changes(stage)))
        assert {o.result for o in written.outcomes} == {"applied"}, written.outcomes
        assert written.ticket.assignee == stage.agents[0]
        assert written.ticket.group == stage.groups[1]
        assert written.ticket.custom[stage.text_field] == "ünï 'quoted' \\ text"
        assert written.ticket == stage.connector().read([ticket]).tickets[0]

    def test_tags_and_copies_are_added_and_removed(self, stage: Stage) -> None:
        """Adding and removing leaves the others alone."""
        connector, ticket = stage.connector(), stage.ticket("Tags", "Please.")
        writable = connector.capabilities().writable
        if "tags" in writable:
            visit(connector, ticket, Change("a", "add_tags", "tags", new=("one", "two")))
            after = visit(connector, ticket, Change("r", "remove_tags", "tags", new=("one",)))
            assert (results(after), after.ticket.tags) == ([("r", "applied")], ("two",))
        if "cc" in writable:
            after = visit(connector, ticket, Change("c", "add_cc", "cc", new=("copy@customer.example",)))
            assert (results(after), after.ticket.cc) == ([("c", "applied")], ("copy@customer.example",))

    def test_cleared_is_cleared(self, stage: Stage) -> None:
        """``None`` empties a field."""
        connector, ticket = stage.connector(), stage.ticket("Clear", "Please.")
        field = FIELD + stage.text_field
        visit(
            connector,
            ticket,
            Change("1", "set", field, new="x"),
            Change("2", "assign", "assignee", new=stage.agents[0]),
        )
        after = visit(connector, ticket, Change("1", "set", field), Change("2", "assign", "assignee"))
        assert results(after) == [("1", "applied"), ("2", "applied")]
        assert (after.ticket.assignee, after.ticket.custom.get(stage.text_field)) == (None, None)

    def test_already_so_is_not_written(self, stage: Stage) -> None:
        """What is as wanted is said to be so, and the ticket stays untouched."""
        connector, ticket = stage.connector(), stage.ticket("Already", "Please.")
        change = Change("1", "assign", "assignee", new=stage.agents[0])
        first = visit(connector, ticket, change)
        second = connector.apply(ticket, [change], first.ticket.version)
        assert results(second) == [("1", "already")]
        assert second.ticket.version == first.ticket.version

    def test_refusal_is_told_truthfully(self, stage: Stage) -> None:
        """A refused change is refused, with a reason; the one beside it is applied."""
        ticket = stage.ticket("Refused", "Please.")
        wrong = Change("wrong", "assign", "assignee", new="nobody-of-this-name@nowhere.example")
        right = Change("right", "set", FIELD + stage.text_field, new="kept")
        written = visit(stage.connector(), ticket, wrong, right)
        assert results(written) == [("wrong", "refused"), ("right", "applied")]
        assert outcome(written, "wrong").detail
        assert written.ticket.assignee is None

    def test_readonly_account_is_refused(self, stage: Stage) -> None:
        """An account without rights changes nothing and never claims that it did."""
        connector = stage.readonly()
        if connector is None:
            return
        ticket = stage.ticket("Hands off", "Please.")
        changes = [
            Change("1", "assign", "assignee", new=stage.agents[0]),
            Change("2", "note", text=NOTE, marker=MARKER),
        ]
        written = visit(connector, ticket, *changes)
        assert results(written) == [("1", "refused"), ("2", "refused")]
        assert not written.events
        assert written.ticket.assignee is None

    def test_conflict_keeps_the_others_change(self, stage: Stage) -> None:
        """Whoever was quicker wins; we write nothing at all."""
        connector, ticket = stage.connector(), stage.ticket("Conflict", "Please.")
        version = present(connector, ticket).version
        stage.agent_sets(ticket, "assignee", stage.agents[1])
        changes = [
            Change("1", "assign", "assignee", new=stage.agents[0]),
            Change("2", "note", text=NOTE, marker=MARKER),
        ]
        raised(Conflict, lambda: connector.apply(ticket, changes, version))
        raised(Conflict, lambda: connector.apply(ticket, changes[1:], version))
        after = connector.read([ticket])
        assert after.tickets[0].assignee == stage.agents[1]
        assert not [e for e in after.events if e.marker]

    def test_note_is_internal_and_known_again(self, stage: Stage) -> None:
        """A note of ours is internal and recognised on the next pull by its marker and author."""
        ticket = stage.ticket("Note", "Please.")
        before = list(stage.connector().pull(None))
        written = visit(stage.connector(), ticket, Change("n", "note", text=NOTE, marker=MARKER))
        assert results(written) == [("n", "applied")]
        connector = stage.connector()
        (note,) = new_messages(connector, before)
        assert (note.marker, note.public, note.actor_kind) == (MARKER, False, "robot")
        assert note.actor == connector.catalogue().me

    def test_reply_is_public(self, stage: Stage) -> None:
        """A reply of ours reaches the customer, once."""
        if "reply" not in stage.connector().capabilities().writable:
            return
        ticket = stage.ticket("Reply", "Please.")
        text = "Dear customer,\n\nwe are on it."
        written = visit(stage.connector(), ticket, Change("r", "reply", text=text, marker=MARKER))
        assert results(written) == [("r", "applied")]
        ours = [e for e in written.events if e.kind == "message"]
        assert [(e.text, e.public, e.actor_kind) for e in ours] == [(text, True, "robot")]

    def test_our_changes_are_known_as_ours(self, stage: Stage) -> None:
        """What we write comes back as the robot's, so that it never looks like somebody's wish."""
        ticket = stage.ticket("Ours", "Please.")
        written = visit(stage.connector(), ticket, Change("1", "assign", "assignee", new=stage.agents[0]))
        assert [e.actor_kind for e in written.events if e.field == "assignee"] == ["robot"]

    # ---- what goes wrong

    def test_merged_ticket_does_no_harm(self, stage: Stage) -> None:
        """A merged ticket says where it went, and cannot be written."""
        one, two = stage.ticket("Merged", "Please."), stage.ticket("Stays", "Please.")
        connector = stage.connector()
        cursor, version = settled(connector), present(connector, one).version
        if not stage.merge(one, two):
            return
        pages = list(stage.connector().pull(cursor))
        assert tickets(pages)[one].merged_into == two
        assert [e.new for e in events(pages).values() if e.kind == "merged" and e.ticket == one] == [two]
        raised((Conflict, Gone), lambda: connector.apply(one, [Change("n", "note", text=NOTE, marker=MARKER)], version))

    def test_deleted_ticket_does_no_harm(self, stage: Stage) -> None:
        """A deleted ticket is told as deleted or gone, and cannot be written."""
        ticket, connector = stage.ticket("Deleted", "Please."), stage.connector()
        cursor, version = settled(connector), present(connector, ticket).version
        if not stage.delete(ticket):
            return
        pulled = tickets(stage.connector().pull(cursor)).get(ticket)
        read = connector.read([ticket])
        assert (pulled is not None and pulled.deleted) or ticket in read.gone
        raised(
            (Conflict, Gone), lambda: connector.apply(ticket, [Change("n", "note", text=NOTE, marker=MARKER)], version)
        )

    def test_only_connector_errors(self, stage: Stage) -> None:
        """A desk that does not answer is a ConnectorError with a message, whatever was asked."""
        connector = stage.unreachable()
        if connector is None:
            return
        calls: list[Callable[[], object]] = [
            connector.catalogue,
            lambda: list(connector.pull(None)),
            lambda: connector.read(["1"]),
            lambda: connector.apply("1", [Change("n", "note", text=NOTE, marker=MARKER)], "1"),
        ]
        for call in calls:
            assert raised(ConnectorError, call).message

    def test_doctor_says_something(self, stage: Stage) -> None:
        """Findings are well formed; a broken desk is a finding too."""
        for connector in (stage.connector(), stage.unreachable()):
            findings = list(connector.doctor()) if connector else []
            assert all(level in {"ok", "warning", "error"} and text for level, text, _ in findings)
            assert all(hint for level, _, hint in findings if level == "error")
            assert findings or connector is None


def _changes(stage: Stage) -> list[Change]:
    return [
        Change("assignee", "assign", "assignee", new=stage.agents[0]),
        Change("group", "assign", "group", new=stage.groups[1]),
        Change("priority", "set", "priority", new="high"),
        Change("status", "set", "status", new="pending"),
        Change("tags", "add_tags", "tags", new=stage.tags),
        Change("field", "set", FIELD + stage.text_field, new="ünï 'quoted' \\ text"),
        Change("note", "note", text=NOTE, marker=MARKER),
    ]


def possible(connector: Connector, changes: Iterable[Change]) -> list[Change]:
    """Those changes that the desk can be asked for."""
    writable = connector.capabilities().writable
    return [c for c in changes if ("field" if (c.field or "").startswith(FIELD) else c.field or c.action) in writable]


def visit(connector: Connector, ticket: str, *changes: Change) -> Written:
    """Writes to a ticket as it is at this moment."""
    return connector.apply(ticket, changes, present(connector, ticket).version)


def present(connector: Connector, ticket: str) -> Ticket:
    """The ticket as it is at this moment."""
    return connector.read([ticket]).tickets[0]


def settled(connector: Connector) -> str:
    """The cursor behind everything that happened so far."""
    return list(connector.pull(None))[-1].cursor


def tickets(pages: Iterable[Page]) -> dict[str, Ticket]:
    """The last state of every ticket in these pages."""
    return {ticket.id: ticket for page in pages for ticket in page.tickets}


def events(pages: Iterable[Page]) -> dict[str, Event]:
    """Every event in these pages, once, by id."""
    return {event.id: event for page in pages for event in page.events}


def new_messages(connector: Connector, before: Sequence[Page]) -> list[Event]:
    """Messages pulled since these pages; what was told before may come again."""
    told = events(before)
    later = events(connector.pull(before[-1].cursor)).values()
    return [event for event in later if event.kind == "message" and event.id not in told]


def results(written: Written) -> list[tuple[str, str]]:
    """Change and result, in order."""
    return [(o.change, o.result) for o in written.outcomes]


def outcome(written: Written, change: str) -> Outcome:
    """What became of one change."""
    return next(o for o in written.outcomes if o.change == change)


def raised(kind: type[_E] | tuple[type[_E], ...], call: Callable[[], object]) -> _E:
    """The error that a call must end with."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"nothing was raised, not even {kind}")
