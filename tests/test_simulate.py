"""Real history once more under other ways of choosing: against a replay minute by minute, and through the command line."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fake_cli import answer, call
from hypothesis import given, settings
from hypothesis import strategies as st
from open_minutes import OpenMinutes

from makegood.connectors.local import Local
from makegood.connectors.ticket import Person
from makegood.engine.arrivals import Arrival, Arrivals, Pool
from makegood.engine.choose import Candidate, chosen
from makegood.engine.simulate import WAYS, Replay, simulate
from makegood.rules.calendar import ALWAYS, CalendarSpec
from makegood.rules.durations import parse_duration
from makegood.rules.model import Limits, RuleSet
from makegood.rules.staff import Member, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

ANN, BEN, CLEO = (f"{name}@acme.example" for name in ("ann", "ben", "cleo"))
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OFFICE = CalendarSpec("office", "Europe/Berlin", (((540, 720), (780, 1020)),) * 5 + ((),) * 2)
LATE = CalendarSpec("late", "UTC", (((720, 1200),),) * 7)
RULES = RuleSet((), {"office": OFFICE, "late": LATE}, "office", {}, {}, Limits(), (), "")


def arrival(number: int, minute: int, work: int = 30, **more: Any) -> Arrival:
    told = {"requester": "zoe", "owner": ANN, "due": {}, "said": {}} | more
    return Arrival(f"{number:03}", MONDAY + minute * MINUTE, "desk", work=work * MINUTE, **told)


def past(*tickets: Arrival, people: tuple[Member, ...], calendar: str = "office", **more: Any) -> Arrivals:
    return Arrivals(tickets, more.pop("earlier", ()), {"desk": Pool(people, calendar, **more)}, {}, (), ())


def played(
    way: str, *tickets: Arrival, people: tuple[Member, ...], **more: Any
) -> list[tuple[str, str, int, int, int]]:
    """Ticket, person, and the minutes since Monday's midnight when it was given, begun and done."""
    turns = Replay(RULES, past(*tickets, people=people, **more), way).run()
    return [
        (turn.arrival.ticket, turn.person.partition("@")[0], *((at - MONDAY) // MINUTE for at in turn[2:]))
        for turn in turns
    ]


# --- one by one -------------------------------------------------------------------------------------------------------


def test_a_ticket_waits_for_the_morning_and_the_next_for_the_one_before() -> None:
    found = played("least_busy", arrival(1, 60), arrival(2, 490, 100), arrival(3, 500), people=(Member(ANN),))
    assert found == [("001", "ann", 480, 480, 510), ("002", "ann", 490, 510, 610), ("003", "ann", 500, 610, 640)]


def test_work_stops_for_a_break_and_for_an_absence() -> None:
    away = Member(ANN, away=((date(2026, 3, 3), date(2026, 3, 3)),))
    found = played("least_busy", arrival(1, 650, 30), arrival(2, 930, 60), people=(away,))
    assert found == [("001", "ann", 650, 650, 740), ("002", "ann", 930, 930, 2 * 1440 + 510)]


def test_whoever_is_full_gets_the_next_when_one_is_done() -> None:
    people = (Member(ANN, capacity=1), Member(BEN, capacity=1))
    found = played("least_busy", *(arrival(number, 480, 10 * number) for number in (1, 2, 3, 4)), people=people)
    assert [(ticket, who, given) for ticket, who, given, _, _ in found] == [
        ("001", "ann", 480),
        ("002", "ben", 480),
        ("003", "ann", 490),
        ("004", "ben", 500),
    ]


def test_limits_of_a_day_and_of_a_window_are_kept() -> None:
    tickets = [arrival(number, 480, 1) for number in range(4)]
    day = played("least_busy", *tickets, people=(Member(ANN, per_day=2),))
    assert [given for _, _, given, _, _ in day] == [480, 480, 1440 + 480, 1440 + 480]
    window = Window(1, parse_duration("2 hours"))
    hours = played("least_busy", *tickets, people=(Member(ANN, per_window=window),))
    assert [given for _, _, given, _, _ in hours] == [480, 600, 720, 840]


def test_tickets_that_nobody_can_ever_take_are_counted_and_late() -> None:
    due = {"begun": ("first_reply", MONDAY + timedelta(days=1))}
    nobody = past(arrival(1, 480, due=due), arrival(2, 490), people=(Member(ANN, per_day=0),))
    told = simulate(RULES, Arrivals(nobody.tickets, (), nobody.pools, {}, ("begun",), ()), "least_busy")
    assert (told.tickets, told.nobody, told.late, told.late_any, told.gini) == (2, 2, {"begun": 1}, 1, None)


def test_nobody_gets_anything_in_the_last_half_hour() -> None:
    people, half_an_hour = (Member(ANN), Member(BEN, calendar="late")), parse_duration("30 minutes")
    assert played("least_busy", arrival(1, 940), people=people, wind_down=half_an_hour)[0][1] == "ben"


def test_sticky_knows_the_requesters_agent_from_before_and_spares_the_buried() -> None:
    before = arrival(0, -5000, owner=BEN)
    tickets = [arrival(number, 480, 60) for number in range(1, 10)]
    who = [person for _, person, *_ in played("sticky", *tickets, people=(Member(ANN), Member(BEN)), earlier=(before,))]
    assert who[:6] == ["ben"] * 6
    assert who[6] == "ann"


def test_most_skilled_asks_for_nothing_but_experience() -> None:
    before = [arrival(-number, -5000, owner=CLEO, said={"kind": "printer"}) for number in range(3)]
    tickets = [arrival(number, 480, 60, said={"kind": "printer"}) for number in range(1, 6)]
    found = played("most_skilled", *tickets, people=(Member(ANN), Member(CLEO)), earlier=tuple(before))
    assert {person for _, person, *_ in found} == {"cleo"}


def test_as_it_was_gives_everybody_what_they_had_at_once() -> None:
    found = played("as_it_was", arrival(1, 60, owner="dan"), people=(Member(ANN),))
    assert found == [("001", "dan", 60, 480, 510)]


def test_the_figures_are_those_of_the_tickets() -> None:
    due = {"begun": ("first_reply", MONDAY + 500 * MINUTE), "done": ("resolution", MONDAY + 545 * MINUTE)}
    history = past(
        *(arrival(number, 480, 30, due=due) for number in range(3)), people=(Member(ANN, weight=2.0), Member(BEN))
    )
    told = simulate(RULES, Arrivals(history.tickets, (), history.pools, {}, ("begun", "done"), ()), "round_robin")
    assert [length / MINUTE for length in told.waited] == [0, 30, 30]
    assert told.late == {"begun": 1, "done": 0}
    assert told.late_any == 1
    assert told.most_to_mean == pytest.approx(1)


# --- against a replay minute by minute --------------------------------------------------------------------------------


def by_the_minute(
    way: str, tickets: list[Arrival], people: tuple[Member, ...], days: int
) -> list[tuple[str, str, int, int, int]]:
    """Everybody's desk looked at every minute: who is there, who can take what waits, who works on what."""
    specs = {"office": OFFICE, "late": LATE, "always": ALWAYS}
    desks: dict[str, list[list[Any]]] = {member.handle: [] for member in people}
    given: dict[str, list[int]] = {member.handle: [] for member in people}
    line, found = list(tickets), []
    for minute in range(days * 1440):
        now = MONDAY + minute * MINUTE
        there = [one for one in people if _at_work(one, OpenMinutes(specs[one.calendar or "office"]), now)]
        for ticket in [one for one in line if one.created <= now]:
            able = [one for one in there if _can(one, desks[one.handle], given[one.handle], minute, specs)]
            if not able:
                break
            choices = [_candidate(one, desks[one.handle], given[one.handle]) for one in able]
            picked = chosen(way, choices)
            assert picked is not None
            desks[picked.handle].append([ticket.ticket, minute, None, ticket.work // MINUTE])
            given[picked.handle].append(minute)
            line.remove(ticket)
        for one in there:
            if desks[one.handle]:
                first = desks[one.handle][0]
                first[2] = minute if first[2] is None else first[2]
                first[3] -= 1
                if first[3] == 0:
                    found.append((first[0], one.handle.partition("@")[0], first[1], first[2], minute + 1))
        for handle, desk in desks.items():
            desks[handle] = [each for each in desk if each[3]]
    return sorted(found)


def _at_work(member: Member, hours: OpenMinutes, now: datetime) -> bool:
    today = now.astimezone(hours.zone).date()
    return hours.is_open(now) and not any(first <= today <= last for first, last in member.away)


def _can(member: Member, desk: list[Any], given: list[int], minute: int, specs: dict[str, CalendarSpec]) -> bool:
    zone = OpenMinutes(specs[member.calendar or "office"]).zone
    today = (MONDAY + minute * MINUTE).astimezone(zone).date()
    so_far = sum((MONDAY + each * MINUTE).astimezone(zone).date() == today for each in given)
    lately = sum(each > minute - 90 for each in given)
    return (
        (member.capacity is None or len(desk) < member.capacity)  # type: ignore[operator]
        and (member.per_day is None or so_far < member.per_day)
        and (member.per_window is None or lately < member.per_window.most)
    )


def _candidate(member: Member, desk: list[Any], given: list[int]) -> Candidate:
    room = None if member.capacity is None else member.capacity - len(desk)  # type: ignore[operator]
    last = MONDAY + given[-1] * MINUTE if given else None
    return Candidate(member.handle, len(desk), len(given), last, room, member.weight)


MEMBERS = st.builds(
    Member,
    handle=st.sampled_from([ANN, BEN, CLEO]),
    capacity=st.none() | st.integers(1, 3),
    per_day=st.none() | st.integers(1, 4),
    per_window=st.none() | st.integers(1, 2).map(lambda most: Window(most, parse_duration("90 minutes"))),
    calendar=st.sampled_from([None, None, "late", "always"]),
    weight=st.sampled_from([0.5, 1.0]),
    away=st.sampled_from([(), (), ((date(2026, 3, 3), date(2026, 3, 3)),)]),
)


@settings(max_examples=25, deadline=None)
@given(
    people=st.lists(MEMBERS, min_size=1, max_size=3, unique_by=lambda one: one.handle).map(tuple),
    tickets=st.lists(st.tuples(st.integers(0, 2 * 1440), st.integers(1, 200)), min_size=1, max_size=8),
    way=st.sampled_from(["least_busy", "round_robin", "weighted", "most_capacity"]),
)
def test_a_replay_is_what_somebody_would_see_who_looks_every_minute(
    people: tuple[Member, ...], tickets: list[tuple[int, int]], way: str
) -> None:
    rows = [arrival(number, minute, work) for number, (minute, work) in enumerate(sorted(tickets))]
    days = 14
    assert sorted(played(way, *rows, people=people)) == by_the_minute(way, rows, people, days)


# --- which way is better ----------------------------------------------------------------------------------------------


def test_under_load_ways_that_look_at_loads_are_better_than_turns_and_turns_than_luck() -> None:
    rng = random.Random(4)
    people = tuple(Member(f"p{number}") for number in range(8))
    rows = []
    for number in range(400):
        minute = rng.choice(range(5)) * 1440 + rng.randrange(480, 960)
        rows.append(
            arrival(number, minute, rng.choice([5, 10, 20, 120]), requester=f"z{rng.randrange(120)}", owner="p0")
        )
    rows.sort(key=lambda one: one.created)
    history = past(*rows, people=people)
    waits = {way: simulate(RULES, history, way).waited[1] for way in WAYS}
    assert waits["least_busy"] < waits["round_robin"] < waits["random"] < waits["most_skilled"]
    assert waits["sticky"] < waits["round_robin"]


# --- through the command line -----------------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Local]:
    """Twelve tickets on a Monday morning, ten of them Ann's, two Ben's in a group without team, one nobody's."""
    monkeypatch.chdir(tmp_path)
    with Local(tmp_path / "desk.db", now=lambda: datetime.now(UTC)) as desk:
        desk.describe(groups=("Billing", "Printers"))
        for address in (ANN, BEN, CLEO):
            desk.add_person(Person(address, email=address, role="agent", groups=("Billing",)))
        desk.add_person(Person("zoe", email="zoe@customer.example"))
        for number in range(12):
            group, owner = ("Billing", ANN) if number < 10 else ("Printers", BEN)
            begin = MONDAY + timedelta(hours=9, minutes=number)
            ticket = desk.create("zoe", f"T{number}", "x", at=begin, group=group, priority="high")
            desk.change(ticket, owner, "assignee", owner, at=begin + timedelta(minutes=5))
            for step in range(4):
                desk.say(ticket, owner, "Working on it", at=begin + timedelta(minutes=10 + step))
        desk.create("zoe", "Nobody's", "x", at=MONDAY + timedelta(hours=9), group="Billing")
        Path("makegood.toml").write_text('store = "m.db"\n[helpdesks.support]\nkind = "local"\npath = "desk.db"\n')
        Path("rules.yaml").write_text(
            "version: 1\ndefault_calendar: office\n"
            "calendars: {office: {time_zone: UTC, hours: {mon-fri: 09:00-17:00}}}\n"
            f"teams: {{billing: {{group: Billing, people: [{ANN}, {CLEO}]}}}}\n"
            "rules:\n"
            "  - name: First reply in time\n"
            "    when: {subject: {contains: T}}\n"
            "    deadline: {name: first, target: first_reply, within: {high: 2 business hours, default: 1 business day}}\n"
            "  - name: Kept in the loop\n"
            "    deadline: {name: loop, target: update, within: 1 business day}\n"
        )
        call("pull")
        yield desk


PERIOD = ("--from", "2026-03-01", "--to", "2026-03-02")


def test_the_command_compares_ways_on_what_came_in(desk: Local) -> None:
    told = answer("simulate", *PERIOD, "--choose", "as_it_was, least_busy")
    assert (told["tickets"], told["people"]) == (10, 2)
    assert told["left_out"] == {"nobody had it in the end": 1, "nobody is known to work in its group": 2}
    assert (told["deadlines"], told["not_played"]) == (["first"], ["loop"])
    assert told["work"]["mean"] == 60
    was, now = told["outcomes"]
    assert was["waited_minutes"]["longest"] == 9 * 60 - 9
    assert was["late"] == {"first": 7}
    assert (was["gini"], was["most_to_mean"]) == (pytest.approx(0.5), pytest.approx(2))
    assert now["waited_minutes"]["longest"] == 4 * 60 - 8
    assert now["late"] == {"first": 4}
    assert (now["gini"], now["most_to_mean"]) == (pytest.approx(0), pytest.approx(1))


def test_the_command_shows_a_table_and_says_what_it_is_made_of(desk: Local) -> None:
    shown = " ".join(call("simulate", *PERIOD).stdout.split())
    assert "10 tickets from 2026-03-01 to 2026-03-02, 2 people in 1 team" in shown
    assert "late: first" in shown
    assert "12 minutes for every time an agent did something on a ticket" in shown
    assert "Not looked at: loop" in shown
    assert "Left out: 1 ticket: nobody had it in the end." in shown


def test_twice_the_work_waits_longer(desk: Local) -> None:
    once, twice = (
        answer("simulate", *PERIOD, "--choose", "least_busy", "--effort", effort)["outcomes"][0]["waited_minutes"]
        for effort in ("1", "2")
    )
    assert twice["longest"] > 2 * once["longest"]


def test_a_time_in_which_nothing_came_in_is_said(desk: Local) -> None:
    assert "No ticket came in" in call("simulate", "--from", "2026-02-01", "--to", "2026-02-02").stdout
    assert answer("simulate", "--from", "2026-02-01", "--to", "2026-02-02")["outcomes"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--choose", "leastbusy"), "did you mean `least_busy`?"),
        (("--choose", " , "), "names no way to choose by"),
        (("--from", "2026-03-02", "--to", "2026-03-01"), "is not before --to"),
        (("--from", "soon"), "--from: `soon` is not a point in time"),
        (("--kind", "fro"), "there is no fact `fro`"),
        (("--effort", "0"), "--effort"),
    ],
)
def test_what_is_asked_wrongly_is_said(desk: Local, arguments: tuple[str, ...], said: str) -> None:
    told = call("simulate", *arguments)
    assert told.exit_code == 1
    assert said in told.stderr


def test_the_same_question_has_the_same_answer(desk: Local) -> None:
    one, two = (call("simulate", *PERIOD, "--choose", ",".join(WAYS), "--format", "json").stdout for _ in range(2))
    assert one == two
