"""Clocks by hand-made cases and by random ones, against an oracle that walks every instant and counts every minute."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import fake_world
import oracle
import polars as pl
import pytest
from fake_clocks import CLOCKS, clock_rules
from fake_world import world
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oracle_clocks import Clocks, OracleClock
from oracle_facts import World
from small_desk import changed, event, rules, snapshot, ticket
from test_oracle import cut

from makegood.engine.evaluate import evaluate

pytestmark = pytest.mark.long
BERLIN = ZoneInfo("Europe/Berlin")
HEAD = """
default_calendar: office
calendars:
  office:
    time_zone: Europe/Berlin
    hours: {mon-thu: [09:00-12:30, 13:30-17:30], fri: 09:00-15:00}
    holidays: {closed: [2026-12-24, 2026-12-25]}
  night: {time_zone: Europe/Berlin, hours: {mon-sun: 22:00-06:00}}
rules:
"""


def at(text: str) -> datetime:
    """A local time; without a year one of 2026."""
    full = text if text.startswith("20") else f"2026-{text}"
    return datetime.fromisoformat(full).replace(tzinfo=BERLIN).astimezone(UTC)


def shown(instant: datetime | None) -> str | None:
    return instant and f"{instant.astimezone(BERLIN):%m-%d %H:%M}"


def clause(text: str) -> str:
    """One rule: the entries of its deadline, or the whole body behind ``deadline`` where there is more."""
    return text if "deadline:" in text else f"deadline: {{name: reply, {text}}}"


def ruleset(*bodies: str):
    texts = [f"  - name: R{number}\n    {clause(body)}\n" for number, body in enumerate(bodies)]
    return rules(HEAD + "".join(texts))


def desk(created: str, story: str, now: str, **facts):
    """A ticket and what happened to it: ``03-02 10:00 agent; 03-02 11:00 status=open``."""
    state: dict[str, str | None] = {"status": "new", "priority": "normal"} | facts
    events = []
    for line in filter(None, (part.strip() for part in story.split(";"))):
        day, hour, what = line.split(maxsplit=2)
        field, is_change, new = what.partition("=")
        when = at(f"{day} {hour}")
        if is_change:
            events.append(changed(when, field, state.get(field), new or None, "ana@example.com"))
            state[field] = new or None
        else:
            by = "ana@example.com" if what in ("agent", "note") else "customer"
            events.append(event(when, "message", by, public=what != "note", text="Hello"))
    return snapshot(present(at(created), state), events=events, at=at(now), known_to=at(now))


def present(created: datetime, state: dict[str, str | None]):
    """The ticket as it is after all that happened."""
    custom = {name[6:]: value for name, value in state.items() if name.startswith("field.")}
    plain: dict = {name: value for name, value in state.items() if not name.startswith("field.")}
    due, tags = plain.pop("due", None), plain.pop("tags", None)
    typed = {"due": due and datetime.fromisoformat(due), "tags": tuple(json.loads(tags or "[]"))}
    return ticket(created=created, updated=created, custom=custom, **plain, **typed)


def oracles(snap) -> World:
    return World(snap.at, snap.tickets.to_dicts(), snap.events.to_dicts(), dict(snap.people), dict(snap.organizations))


def told(snap, *bodies: str) -> OracleClock | None:
    """The clock called ``reply`` as the oracle sees it; the engine must say the same."""
    checked, world = ruleset(*bodies), oracles(snap)
    clocks, evaluation = Clocks(world, checked, snap.known_to, snap.helpdesk), evaluate(checked, snap)
    for name in ("deadline.reply", "deadline.reply.due"):
        assert evaluation.value("1", name) == clocks.fact("1", name, snap.at), name
    return clocks.named("1", "reply", snap.at)


def stands(snap, *bodies: str) -> str:
    """State and due time of the clock called ``reply``."""
    found = told(snap, *bodies)
    return f"{found.state} {shown(found.due)}" if found else "none"


BY_NAME = {
    "4h": "target: first_reply, within: 4 business hours",
    "1h": "target: first_reply, within: 1 business hour",
    "day": "target: first_reply, within: 1 business day",
    "wall": "target: first_reply, within: 8 hours",
    "night": "calendar: night\n    deadline: {name: reply, target: first_reply, within: 8 business hours}",
    "4h pausing": "target: first_reply, within: 4 business hours, pause_while: {status: pending}",
    "wall pausing": "target: first_reply, within: 4 hours, pause_while: {status: pending}",
    "reminding": "target: first_reply, within: 4 business hours, remind: [{before: 2 business hours, who: assignee}]",
    "solve": "target: resolution, within: 8 business hours",
    "solve again": "target: resolution, within: 8 business hours, restart_on_reopen: yes",
    "next": "target: next_reply, within: 1 hour",
    "update": "target: update, within: 1 day",
    "owner": "target: assignment, within: 2 hours",
    "until": "until: {tags: checked}, within: 2 hours",
    "archive": "until: {status: closed}, starts: solved, within: 2 days",
    "by": "target: first_reply, within: {urgent: 1 hour, default: 4 hours}",
    "urgent only": "target: first_reply, within: {urgent: 1 hour}",
    "cancelled": "target: first_reply, within: 4 business hours, cancel_when: {tags: spam}",
    "at day": "target: resolution, at: field.Day",
    "at off": "target: resolution, at: field.Off",
    "at due": "target: resolution, at: due",
    "at by": (
        "calendar: {by: priority, normal: office, default: always}\n"
        "    deadline: {name: reply, target: resolution, at: field.Day}"
    ),
    "from by": (
        "calendar: {by: priority, normal: office, default: always}\n"
        "    deadline: {name: reply, until: {status: solved}, starts: field.Day, within: 2 hours}"
    ),
    "since change": "until: {status: closed}, starts: status_changed, within: 2 days",
    "from due": "until: {status: solved}, starts: due, within: 1 hour",
    "due pausing": "until: {status: solved}, starts: due, within: 4 hours, pause_while: {status: pending}",
    "day pausing": "target: first_reply, within: 1 business day, pause_while: {status: pending}",
    "if urgent": (
        "when: {priority: urgent}\n    deadline: {name: reply, target: first_reply, within: 4 business hours}"
    ),
}
"""Clocks called ``reply``: the entries of a deadline, or a rule's body."""

CASES = """
Christmas Eve waits for Monday           | 4h           | 12-24 22:10 | 12-28 09:01 | running 12-28 14:00
lunch is no working time                 | 1h           | 03-02 12:00 | 03-02 12:01 | running 03-02 14:00
a target at closing stays there          | 1h           | 03-02 16:30 | 03-02 16:40 | running 03-02 17:30
a day later closed: the next opening     | day          | 03-05 16:00 | 03-05 16:10 | running 03-09 09:00
the night the clocks go forward          | wall         | 03-28 22:00 | 03-29 00:00 | running 03-29 07:00
a short night has seven hours            | night        | 03-28 22:00 | 03-29 00:00 | running 03-29 23:00
a long night has nine                    | night        | 10-24 22:00 | 10-25 00:00 | running 10-25 05:00
a pause over the weekend costs open time | 4h pausing   | 03-06 14:00 | 03-09 10:00 | running 03-09 14:30
    03-06 14:30 status=pending; 03-09 10:00 status=open
while paused it stands still             | 4h pausing   | 03-06 14:00 | 03-09 10:00 | paused 03-09 14:30
    03-06 14:30 status=pending
on the wall clock every hour is lost     | wall pausing | 03-06 14:00 | 03-08 15:00 | running 03-08 18:00
    03-06 15:00 status=pending; 03-08 15:00 status=open
a pause after the due time is too late   | 4h pausing   | 03-02 09:00 | 03-02 15:00 | missed 03-02 14:00
    03-02 14:00 status=pending
at the due time it is not missed         | 4h           | 03-02 09:00 | 03-02 14:00 | due_soon 03-02 14:00
a minute later it is                     | 4h           | 03-02 09:00 | 03-02 14:01 | missed 03-02 14:00
an answer at the due time is in time     | 4h           | 03-02 09:00 | 03-02 16:00 | met 03-02 14:00
    03-02 14:00 agent
a late answer does not undo a miss       | 4h           | 03-02 09:00 | 03-02 16:00 | missed 03-02 14:00
    03-02 14:01 agent
an internal note is no answer            | 4h           | 03-02 09:00 | 03-02 10:01 | running 03-02 14:00
    03-02 10:00 note
closing does not answer                  | 4h           | 03-02 09:00 | 03-02 10:00 | running 03-02 14:00
    03-02 09:30 status=closed
the last quarter is due soon             | 4h           | 03-02 09:00 | 03-02 12:00 | due_soon 03-02 14:00
and no sooner                            | 4h           | 03-02 09:00 | 03-02 11:59 | running 03-02 14:00
a reminder says when soon is             | reminding    | 03-02 09:00 | 03-02 11:00 | due_soon 03-02 14:00
solved in time is met                    | solve        | 03-02 09:00 | 03-02 20:00 | met 03-03 09:30
    03-02 16:00 status=solved
reopened it goes on, later by that time  | solve        | 03-02 09:00 | 03-03 10:01 | due_soon 03-03 12:00
    03-02 16:00 status=solved; 03-03 10:00 status=open
reopened it starts again where asked to  | solve again  | 03-02 09:00 | 03-03 10:01 | running 03-04 10:30
    03-02 16:00 status=solved; 03-03 10:00 status=open
the first answer is no next answer       | next         | 03-02 09:00 | 03-02 10:30 | none
    03-02 09:00 customer; 03-02 10:00 agent
the oldest unanswered message counts     | next         | 03-02 09:00 | 03-02 11:31 | running 03-02 12:00
    03-02 10:00 agent; 03-02 11:00 customer; 03-02 11:30 customer
a verdict stays until the next message   | next         | 03-02 09:00 | 03-05 10:00 | met 03-02 12:00
    03-02 10:00 agent; 03-02 11:00 customer; 03-02 11:30 agent
an update is due after each reply        | update       | 03-02 09:00 | 03-02 16:00 | running 03-03 15:00
    03-02 10:00 agent; 03-02 15:00 agent
solved with a reply wants no update      | update       | 03-02 09:00 | 03-09 10:00 | met 03-03 10:00
    03-02 10:00 agent; 03-02 15:00 agent; 03-02 15:00 status=solved
a reopened ticket wants updates again    | update       | 03-02 09:00 | 03-05 11:00 | running 03-06 10:00
    03-02 10:00 status=solved; 03-05 10:00 status=open
born without owner                       | owner        | 03-02 09:00 | 03-02 10:00 | running 03-02 11:00
assigned in time                         | owner        | 03-02 09:00 | 03-04 10:00 | met 03-02 11:00
    03-02 10:00 assignee=ana@example.com
and ownerless again                      | owner        | 03-02 09:00 | 03-04 09:00 | running 03-04 10:00
    03-02 10:00 assignee=ana@example.com; 03-04 08:00 assignee=
until a condition holds                  | until        | 03-02 09:00 | 03-02 13:00 | met 03-02 11:00
    03-02 10:00 tags=["checked"]
counted from a fact                      | archive      | 03-02 09:00 | 03-03 11:00 | running 03-05 10:00
    03-03 10:00 status=solved
a fact without value starts nothing      | archive      | 03-02 09:00 | 03-03 11:00 | none
the priority now chooses the time        | by           | 03-02 09:00 | 03-02 10:01 | missed 03-02 10:00
    03-02 09:30 priority=urgent
a verdict turns back with the priority   | by           | 03-02 09:00 | 03-02 10:31 | running 03-02 13:00
    03-02 09:30 priority=urgent; 03-02 10:30 priority=low
an answer fixes the priority that counts | by           | 03-02 09:00 | 03-02 12:00 | met 03-02 13:00
    03-02 11:00 agent; 03-02 11:30 priority=urgent
no time for this priority, no clock      | urgent only  | 03-02 09:00 | 03-02 10:00 | none
cancelled without verdict for good       | cancelled    | 03-02 09:00 | 03-02 12:00 | none
    03-02 10:00 tags=["spam"]; 03-02 11:00 tags=[]
a miss cannot be cancelled               | cancelled    | 03-02 09:00 | 03-02 16:00 | missed 03-02 14:00
    03-02 15:00 tags=["spam"]
a bare date ends at closing              | at day       | 03-02 09:00 | 03-02 10:00 | running 03-06 15:00
a day off ends at midnight               | at off       | 03-02 09:00 | 03-02 10:00 | running 03-08 00:00
the desk's due time, as it is now        | at due       | 03-02 09:00 | 03-02 10:30 | running 03-05 12:00
    03-02 10:00 due=2026-03-05T11:00:00Z
no due time, no clock                    | at due       | 03-02 09:00 | 03-02 10:30 | none
opened late it counts from the start     | if urgent    | 03-02 09:00 | 03-02 11:00 | running 03-02 14:00
    03-02 11:00 priority=urgent
before that there is none                | if urgent    | 03-02 09:00 | 03-02 10:59 | none
    03-02 11:00 priority=urgent
once open it stays open                  | if urgent    | 03-02 09:00 | 03-02 10:30 | running 03-02 14:00
    03-02 09:30 priority=urgent; 03-02 10:00 priority=low
answered before it opened: no verdict    | if urgent    | 03-02 09:00 | 03-02 12:00 | none
    03-02 11:00 agent; 03-02 11:30 priority=urgent
a date is read in the calendar that the priority chose| at by        | 03-02 09:00 | 03-02 10:00 | running 03-06 15:00
a start as well                          | from by      | 03-02 09:00 | 03-06 00:30 | running 03-06 02:00
written at the instant of the first reply, but after it| next         | 03-02 09:00 | 03-02 10:30 | running 03-02 11:00
    03-02 10:00 agent; 03-02 10:00 customer
a start that is taken back ends the clock                     | archive      | 03-02 09:00 | 03-03 13:00 | none
    03-03 10:00 status=solved; 03-03 12:00 status=open
moved and done at one instant is done                         | since change | 03-02 09:00 | 03-03 11:00 | met 03-04 09:00
    03-03 10:00 status=closed
a start that was moved before it came starts nothing          | from due     | 03-02 09:00 | 03-04 12:30 | none
    03-02 10:00 due=2026-03-04T11:00:00Z; 03-03 10:00 due=2026-03-09T11:00:00Z
paused since before the due time it is paused, not missed     | day pausing  | 03-05 06:00 | 03-06 18:30 | paused 03-06 15:00
    03-05 18:00 status=pending
an owner for no time is none                                  | owner        | 03-02 09:00 | 03-02 10:30 | due_soon 03-02 11:00
    03-02 10:00 assignee=ana@example.com; 03-02 10:00 assignee=
what stood still after the start it was given later counts    | due pausing  | 03-02 08:00 | 03-02 13:30 | running 03-02 15:00
    03-02 08:30 status=pending; 03-02 11:00 status=open; 03-02 13:00 due=2026-03-02T08:00:00Z
in a pause a message changes nothing                          | day pausing  | 03-05 06:00 | 03-06 12:00 | paused 03-06 12:00
    03-05 18:00 status=pending; 03-06 11:00 customer
"""
"""What is shown | the clock | created | now | how it stands then; and what happened, on a line of its own."""
ROWS = [[cell.strip() for cell in line.split("|")] for line in CASES.strip().replace("\n    ", "|").splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_clock(row):
    clock, created, now, expected, *happened = row[1:]
    snap = desk(created, "".join(happened), now, **{"field.Day": "2026-03-06", "field.Off": "2026-03-07"})
    assert stands(snap, BY_NAME[clock]) == expected


def test_steps_keep_to_working_time_and_never_come_before_the_clock_opened():
    steps = "remind: [{before: 2 hours, who: assignee}, {before: 1 week, who: assignee}]"
    clock = (
        f"target: first_reply, within: 4 business hours, {steps}, escalate: [{{after: 1 business hour, who: assignee}}]"
    )
    found = told(desk("03-06 13:00", "", "03-06 13:00"), clock)
    assert found is not None
    assert [(name, shown(then)) for name, then in found.steps] == [
        ("remind 1", "03-09 09:00"),
        ("remind 2", "03-06 13:00"),
        ("escalate 1", "03-09 12:00"),
    ]


def test_of_several_rules_with_one_name_the_first_that_has_a_clock_counts():
    urgent, usual = BY_NAME["if urgent"], BY_NAME["wall"]
    calm, hurried = desk("03-02 09:00", "", "03-02 10:00"), desk("03-02 09:00", "", "03-02 10:00", priority="urgent")
    assert stands(calm, urgent, usual) == "running 03-02 17:00"
    assert stands(hurried, urgent, usual) == "running 03-02 14:00"
    assert stands(hurried, usual, urgent) == "running 03-02 17:00"
    shadow = "mode: shadow\n    " + urgent
    assert stands(hurried, shadow, usual) == "running 03-02 17:00"
    assert stands(hurried, "mode: off\n    " + urgent) == "none"
    assert stands(hurried, "helpdesks: [elsewhere]\n    " + urgent) == "none"


def test_a_clock_may_read_another():
    second = "when: {deadline.first: missed}\n    deadline: {name: reply, until: {status: solved}, within: 12 hours}"
    first = "deadline: {name: first, target: first_reply, within: 4 hours}"
    assert stands(desk("03-02 09:00", "", "03-02 13:00"), second, first) == "none"
    assert stands(desk("03-02 09:00", "", "03-02 13:01"), second, first) == "running 03-02 21:00"
    answered = desk("03-02 09:00", "03-02 12:00 agent", "03-02 20:00")
    assert stands(answered, second, first) == "none"


def test_a_clock_whose_start_became_another_after_a_miss_stays_missed_and_goes_on_no_longer():
    clock = "until: {status: solved}, starts: unanswered_since, within: 1 hour"
    snap = desk("03-02 09:00", "03-02 09:00 customer; 03-02 12:00 agent", "03-02 15:00")
    found = told(snap, clock)
    assert found is not None
    assert (found.state, shown(found.due), shown(found.stopped)) == ("missed", "03-02 10:00", "03-02 12:00")
    checked = ruleset(clock)
    assert [shown(cycle.stopped) for cycle in evaluate(checked, snap).cycles(checked.rules[0], "1")] == ["03-02 12:00"]


def test_without_the_beginning_of_its_history_a_ticket_has_no_first_reply():
    snap = desk("03-02 09:00", "", "03-02 10:00")
    late = replace(snap, tickets=snap.tickets.with_columns(history_from=pl.col("created")))
    assert stands(late, BY_NAME["4h"]) == "none"


def test_a_miss_is_only_said_when_the_desk_is_known_beyond_it():
    snap = desk("03-02 09:00", "", "03-02 14:01")
    assert stands(replace(snap, known_to=at("03-02 14:00")), BY_NAME["4h"]) == "due_soon 03-02 14:00"
    assert stands(snap, BY_NAME["4h"]) == "missed 03-02 14:00"


# --- random ones ------------------------------------------------------------------------------------------------------

SEEDS = st.integers(0, 2**32).map(random.Random)
SLOW = settings(max_examples=12, deadline=None)
FACTS = [f"deadline.{name}{what}" for name in CLOCKS for what in ("", ".due")]


@SLOW
@given(SEEDS)
def test_clocks_say_what_the_oracle_says(rng):
    made, checked = helpdesk(rng), clock_rules(rng)
    evaluation, clocks = evaluate(checked, fake_world.snapshot(made)), Clocks(made, checked)
    for number in oracle.in_scope(clocks.world):
        for name in FACTS:
            assert evaluation.value(number, name) == clocks.fact(number, name, made.at), (number, name)


@SLOW
@given(SEEDS)
@example(random.Random(3_815_371_471))  # a start that became another after the due time
@example(random.Random(81))  # a clock that reads one which starts at the time that a field names
@example(random.Random(3_594_542_892))  # the anniversary of another clock's due time
@example(random.Random(143))  # an owner given and taken back at one instant
@example(random.Random(2_567_668_933))  # a start that was set to a time before, with a pause in between
def test_every_cycle_that_counts_is_told_in_full(rng):
    made, checked = helpdesk(rng), clock_rules(rng)
    evaluation, clocks = evaluate(checked, fake_world.snapshot(made)), Clocks(made, checked)
    for number in oracle.in_scope(clocks.world):
        for rule in clocks.rules:
            found = clocks.clock(rule, number, made.at)
            cycles = [in_full(cycle, cycle.lost.total_seconds()) for cycle in evaluation.cycles(rule, number)]
            assert found is None or in_full(found, found.lost_seconds) in cycles, (number, rule)


@SLOW
@given(SEEDS)
def test_what_happens_later_changes_no_clock(rng):
    made, checked = helpdesk(rng), clock_rules(rng)
    whole, known = (evaluate(checked, fake_world.snapshot(each)) for each in (made, cut(made)))
    for number in oracle.in_scope(made):
        assert [whole.value(number, name) for name in FACTS] == [known.value(number, name) for name in FACTS]


def helpdesk(rng: random.Random) -> World:
    """A random helpdesk, soon after something happened there."""
    made = world(rng)
    moments = [row["created"] for row in made.tickets] + [row["at"] for row in made.events]
    return replace(made, at=rng.choice(moments) + timedelta(minutes=30) * rng.randrange(0, 60))


def in_full(clock, lost: float) -> tuple:
    """A clock as a row; when it is nearly due is only said of one that runs."""
    soon = clock.soon if clock.state in ("running", "due_soon") else None
    return clock.start, clock.opened, clock.due, clock.state, clock.stopped, lost, soon
