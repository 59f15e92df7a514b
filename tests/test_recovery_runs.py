"""Two hundred customers' troubles on embedded desks, with runs at random, some missed, and stores that get lost.

Whatever happens: one open case per customer and cause, no signal lost, and nothing said twice.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import oracle_recovery as slow
import pytest
from fake_desk import Clock
from fake_troubles import AGENTS, BEGIN, SPAN, Town, act, deeds, settle_in
from small_desk import rules

from makegood.connectors.local import Local
from makegood.engine.commitments import look
from makegood.engine.evaluate import evaluate
from makegood.engine.notify import Notifier
from makegood.engine.store import Store
from makegood.engine.sync import sync

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from makegood.connectors.ticket import Event, Ticket
    from makegood.engine.recovery_case import Case

pytestmark = pytest.mark.long

DESK, DESKS, CUSTOMERS, RUNS = "support", 5, 40, 6
END = BEGIN + SPAN
TEXT = f"""\
default_calendar: always
limits: {{per_run: 10000, share_of_open: 100%}}
teams:
  care: {{group: Care, lead: {AGENTS[0]}, people: {{{AGENTS[1]}: {{}}, {AGENTS[2]}: {{}}}}}}
rules:
  - {{name: Word, promise: {{from_grade: day}}}}
  - {{name: First, deadline: {{name: first, target: first_reply, within: 6 hours}}}}
  - {{name: Solved, deadline: {{name: solved, target: resolution, within: 4 days}}}}
  - name: Win back
    when: {{any: {{csat: bad, reopens: {{at_least: 2}}, promise: broken}}}}
    backlog: include
    recover:
      cause: let-down
      assign: {{team: care, choose: least_busy}}
      acknowledge: 4 hours
      first_contact: 1 day
      steps: [Say sorry, Put it right]
      verify_after: 3 days
      cool_down: 5 days
      escalate: [{{after: 0 minutes, note: This is late.}}]
  - name: Complaints
    when: {{tags: complaint}}
    recover: {{cause: unhappy, verify_after: 2 days}}
"""
RULES = rules(TEXT)
EVERY_RULE = frozenset(rule.id for rule in RULES.rules)
TERMS = [
    slow.Terms("Win back", "let-down", {"csat": "bad", "reopens": 2, "promise": "broken"}, lambda at, _: at, steps=2),
    slow.Terms("Complaints", "unhappy", {"tags": "complaint"}, lambda at, _: at),
]
"""The conditions of the rules, as the oracle reads them."""


@dataclass
class Desk:
    """What is left at the end of the weeks: all of the desk's events, and the cases at each run and after the last."""

    events: list[Event] = field(default_factory=list)
    town: Town = field(default_factory=Town)
    runs: list[tuple[datetime, tuple[Case, ...]]] = field(default_factory=list)
    after: list[Event] = field(default_factory=list)
    lost: int = 0

    @property
    def cases(self) -> tuple[Case, ...]:
        return self.runs[-1][1]

    @property
    def notes(self) -> list[Event]:
        return [event for event in self.events if event.kind == "message" and event.actor_kind == "robot"]


class Weeks:
    """A desk and its runs, under a clock that is turned by hand."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.rng, self.clock, self.folder, self.left = random.Random(seed), Clock(), folder, Desk()
        self.clock.time = BEGIN
        self.desk = Local(folder / "desk.db", now=self.clock)
        settle_in(self.desk, CUSTOMERS)
        self.coming = deeds(self.rng, CUSTOMERS, 2, most=16)

    def live(self) -> Desk:
        instants = sorted(BEGIN + SPAN * self.rng.uniform(0.1, 1) for _ in range(RUNS))
        for at in [*(each for each in instants if self.rng.random() < 0.75), END]:
            while self.coming and self.coming[0].at <= at:
                deed = self.coming.pop(0)
                self.clock.time = deed.at
                act(self.desk, deed)
            self.run(at, lost=self.rng.random() < 0.25)
        self.left.events = self.events()
        self.left.town = Town({each.id: each for each in self.desk.read(self.tickets()).tickets}, self.left.events)
        self.run(END, lost=True)
        self.left.after = self.events()
        return self.left

    def run(self, at: datetime, *, lost: bool) -> None:
        """A run, before which the store may have been deleted."""
        self.clock.time = at
        if lost:
            self.left.lost += 1
            for file in self.folder.glob("store.db*"):
                file.unlink()
        with Store.open(self.folder / "store.db", now=self.clock) as store:
            report = sync(self.desk, store, DESK, RULES, now=self.clock, notifier=Notifier(), confirmed=EVERY_RULE)
            assert report.run is None or report.run.clean
            assert report.plan is None or not report.plan.limited
            snapshot = look(store, DESK, RULES, at, self.desk.capabilities())
            self.left.runs.append((at, evaluate(RULES, snapshot).recovery.cases))

    def tickets(self) -> list[str]:
        return [str(number) for number in range(1, 2 * CUSTOMERS + 1)]

    def events(self) -> list[Event]:
        return sorted(self.desk.read(self.tickets()).events, key=lambda event: (event.at, event.seq))


@pytest.fixture(scope="module", params=range(DESKS))
def left(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    weeks = Weeks(tmp_path_factory.mktemp("weeks"), request.param)
    with closing(weeks.desk):
        yield weeks.live()


# --- cases ------------------------------------------------------------------------------------------------------------


def test_there_is_never_a_second_open_case_of_a_customer_and_cause(left: Desk) -> None:
    for _, cases in left.runs:
        working = Counter((case.requester, case.recover.cause) for case in cases if works(case))
        assert set(working.values()) <= {1}


def works(case: Case) -> bool:
    return case.state not in ("verified", "failed")


def test_no_signal_is_lost(left: Desk) -> None:
    """What comes while a case is open, or while the condition holds, is told in a case; angry words need an open one."""
    desk = slow.Desk(left.town, TERMS, END)
    for told in [told for told in desk.told() if told.signal and told.signal.kind != "angry_words"]:
        for terms in TERMS:
            mine = [
                case
                for case in left.cases
                if (case.requester, case.rule.name) == (desk.requester(told.ticket), terms.name)
            ]
            if told.cause in (None, terms.cause) and (
                any(was_open(case, told.at) for case in mine) or holds(desk, terms, told)
            ):
                tells = {key(signal) for case in mine for signal in case.signals}
                assert key(told.signal) in tells, told


def key(signal: Any) -> tuple[Any, ...]:
    """What makes a signal: a broken promise is told once, wherever its ticket went since."""
    if signal.kind == "broken_promise":
        return signal.kind, signal.promise if isinstance(signal, slow.Signal) else signal.event
    return signal.kind, signal.at, signal.ticket


def was_open(case: Case, at: datetime) -> bool:
    """Whether it was open just before an instant."""
    before = [state for turned, state in case.turns if turned < at]
    return bool(before) and before[-1] not in ("verified", "failed")


def holds(desk: slow.Desk, terms: slow.Terms, told: slow.Told) -> bool:
    return any(begin <= told.at and (end is None or told.at < end) for begin, end in desk.spans(told.ticket, terms))


# --- what was written -------------------------------------------------------------------------------------------------


def test_no_note_is_written_twice(left: Desk) -> None:
    markers = Counter(event.marker for event in left.notes)
    assert set(markers.values()) == {1}


def test_home_notes_are_as_many_as_rounds_at_most_and_links_one_per_ticket(left: Desk) -> None:
    rounds = {case.id: case.round for case in left.cases}
    homes = Counter(found[1] for event in left.notes if (found := re.match(r"Recovery case (\S+):", event.text or "")))
    links = Counter(
        (found[1], event.ticket)
        for event in left.notes
        if (found := re.search(r"to recovery case (\S+) ", event.text or ""))
    )
    assert homes
    assert all(count <= rounds[case] for case, count in homes.items())
    assert set(links.values()) <= {1}


def test_every_case_at_work_was_told_at_home_and_on_its_other_tickets(left: Desk) -> None:
    told = Counter(
        (event.ticket, name) for event in left.notes for name in re.findall(r"ecovery case (\S+?):? ", event.text or "")
    )
    for case in left.cases:
        if works(case) and case.recover.cause == "let-down":
            there = [ticket for ticket in case.tickets if is_there(left.town.tickets[ticket])]
            assert [ticket for ticket in there if not told[ticket, case.id]] in ([], moved_home(case)), case.id


def is_there(ticket: Ticket) -> bool:
    return ticket.merged_into is None and not ticket.deleted


def moved_home(case: Case) -> list[str]:
    """The ticket to which the home moved: what was told where it was before is not told again."""
    return [case.ticket] if case.gone else []


def test_the_tag_is_added_once(left: Desk) -> None:
    added = Counter(
        (event.ticket, tag)
        for event in left.events
        if event.field == "tags" and event.actor_kind == "robot"
        for tag in set(event.new or ()) - set(event.old or ())
    )
    assert added
    assert set(added.values()) == {1}


def test_without_the_store_nothing_more_is_written(left: Desk) -> None:
    assert left.lost >= 1
    assert left.after == left.events
    assert [case.to_json() for case in left.runs[-2][1]] == [case.to_json() for case in left.runs[-1][1]]
