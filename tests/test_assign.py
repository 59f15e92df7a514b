"""Choosing a person by the rule file: who is there, who can, what they hold; through the command line and the embedded desk."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fake_cli import answer, call

from makegood.connectors.local import Local
from makegood.connectors.ticket import FieldSpec, Person

if TYPE_CHECKING:
    from collections.abc import Iterator

ANN, BEN, CLEO, DAN = (f"{name}@acme.example" for name in ("ann", "ben", "cleo", "dan"))
NOW = datetime.now(UTC).replace(microsecond=0)
TODAY = f"{NOW - timedelta(days=1):%Y-%m-%d}..{NOW + timedelta(days=1):%Y-%m-%d}"
OPEN = "{time_zone: UTC, hours: {mon-sun: 00:00-24:00}}"
SHUT = f"{{time_zone: UTC, hours: {{mon-sun: 00:00-24:00}}, holidays: {{closed: [{TODAY}]}}}}"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Local]:
    """Four agents of the group Billing and a customer."""
    monkeypatch.chdir(tmp_path)
    with Local(tmp_path / "desk.db", now=lambda: datetime.now(UTC)) as desk:
        desk.describe(groups=("Billing", "Support"), fields={"Order": FieldSpec("Order")})
        for address in (ANN, BEN, CLEO, DAN):
            desk.add_person(Person(address, email=address, role="agent", groups=("Billing",)))
        for address in ("zoe@customer.example", "yan@customer.example"):
            desk.add_person(Person(address, email=address))
        Path("makegood.toml").write_text('store = "m.db"\n[helpdesks.support]\nkind = "local"\npath = "desk.db"\n')
        yield desk


def rules(people: str, assign: str = "{team: billing, choose: least_busy}", **more: str) -> None:
    """A rule for tickets without owner; ``more``: ``calendar`` of the team, keys of the team as ``team``, further ``rules``."""
    calendar = more.get("calendar", OPEN)
    Path("rules.yaml").write_text(
        f"version: 1\ncalendars: {{office: {calendar}, shut: {SHUT}}}\n"
        f"teams:\n  billing: {{group: Billing, calendar: office, people: {people}{more.get('team', '')}}}\n"
        f"  leads: {{calendar: office, people: {{{DAN}: {{}}}}}}\n"
        f"rules:\n  - name: Somebody\n    when: {{status: [new, open], {more.get('when', 'assignee: missing')}}}\n"
        f"    backlog: include\n    assign: {assign}\n"
        f"{more.get('rules', '')}"
    )


def tickets(desk: Local, count: int = 1, **facts: Any) -> list[str]:
    """Tickets of Zoe's, an hour apart, the oldest first."""
    by = facts.pop("by", "zoe@customer.example")
    return [
        desk.create(
            by, f"Refund {number}", "Please.", at=NOW - timedelta(hours=count - number + 1), group="Billing", **facts
        )
        for number in range(count)
    ]


def owned(desk: Local, who: str, count: int, *, ago: timedelta = timedelta(minutes=30), **facts: Any) -> list[str]:
    """Tickets that somebody took so long ago."""
    found = tickets(desk, count, **facts)
    for ticket in found:
        desk.change(ticket, who, "assignee", who, at=NOW - ago)
    return found


def solved(desk: Local, who: str) -> None:
    """A ticket of Zoe's that somebody has solved."""
    (ticket,) = owned(desk, who, 1)
    desk.change(ticket, who, "status", "solved", at=NOW - timedelta(minutes=20))


def planned() -> dict[str, Any]:
    call("pull")
    found: dict[str, Any] = answer("plan")
    return found


def owners(plan: dict[str, Any]) -> list[str]:
    """Who gets the tickets, in the order of the plan."""
    return [change["to"] for change in plan["changes"] if change["field"] == "assignee"]


def causes(plan: dict[str, Any]) -> dict[str, str]:
    """Why others did not get the first ticket."""
    found: dict[str, str] = next(
        change["why"]["excluded"] for change in plan["changes"] if change["field"] == "assignee"
    )
    return found


def test_a_run_counts_what_it_gives_out_itself(desk: Local) -> None:
    rules(f"{{{ANN}: {{}}, {BEN}: {{}}, {CLEO}: {{}}}}")
    tickets(desk, 9)
    assert sorted(owners(planned())) == sorted([ANN, BEN, CLEO] * 3)


def test_what_waits_for_somebody_counts_and_part_time_counts_double(desk: Local) -> None:
    rules(f"{{{ANN}: {{}}, {BEN}: {{weight: 0.5}}}}")
    owned(desk, ANN, 2)
    tickets(desk, 4)
    assert sorted(owners(planned())) == sorted([BEN, BEN, ANN, ANN])


def test_plan_and_apply_agree_and_nothing_comes_again(desk: Local) -> None:
    rules(f"{{{ANN}: {{}}, {BEN}: {{}}}}", "{team: billing, choose: round_robin}")
    tickets(desk, 6)
    wanted = owners(planned())
    call("plan", "-o", "plan.json")
    assert call("apply", "plan.json").exit_code == 0
    call("pull")
    assert call("plan").exit_code == 0
    assert [ticket.assignee for ticket in desk.read([str(number) for number in range(1, 7)]).tickets] == wanted


@pytest.mark.parametrize(
    ("details", "cause"),
    [
        (f"{{away: [{TODAY}]}}", "is away"),
        ("{capacity: 1}", "is full (1 of 1)"),
        ("{capacity: {by: channel, email: 1, default: 9}}", "is full (1 of 1)"),
        ("{per_day: 1}", "got 1 today"),
        ("{per_window: {most: 1, within: 2 hours}}", "got 1 within 2 hours"),
        ("{calendar: shut}", "is off duty"),
    ],
)
def test_whoever_cannot_take_one_gets_none_and_the_plan_says_why(desk: Local, details: str, cause: str) -> None:
    rules(f"{{{ANN}: {details}, {BEN}: {{}}}}")
    owned(desk, ANN, 1, ago=timedelta(minutes=1), channel="email")
    owned(desk, BEN, 5, channel="email")
    tickets(desk, 1, channel="email")
    plan = planned()
    assert owners(plan) == [BEN]
    assert causes(plan)[ANN] == cause


def test_a_limit_by_channel_is_about_that_channel(desk: Local) -> None:
    rules(f"{{{ANN}: {{capacity: {{by: channel, chat: 1, default: 9}}}}}}")
    owned(desk, ANN, 1, channel="chat")
    tickets(desk, 1, channel="email")
    tickets(desk, 1, channel="chat")
    plan = planned()
    assert owners(plan) == [ANN]
    assert [each["reason"] for each in plan["held"]] == ["nobody_available"]


def test_what_the_run_gives_out_fills_people_up(desk: Local) -> None:
    rules(f"{{{ANN}: {{capacity: 2}}, {BEN}: {{per_day: 1}}}}")
    tickets(desk, 5)
    plan = planned()
    assert sorted(owners(plan)) == sorted([ANN, ANN, BEN])
    assert len(plan["held"]) == 2
    assert plan["held"][0]["detail"] == f"nobody in billing is available: {ANN} is full (2 of 2); {BEN} got 1 today"


def test_who_is_gone_or_in_another_group_gets_nothing(desk: Local) -> None:
    desk.add_person(Person(ANN, email=ANN, role="agent", groups=("Billing",), active=False))
    desk.add_person(Person(CLEO, email=CLEO, role="agent", groups=("Support",)))
    rules(f"{{{ANN}: {{}}, {BEN}: {{}}, {CLEO}: {{}}}}")
    tickets(desk, 2)
    plan = planned()
    assert owners(plan) == [BEN, BEN]
    assert causes(plan) == {ANN: "is suspended or gone", CLEO: "is not in the group Billing"}


def test_outside_working_hours_nobody_is_there_but_for_anyone_or_on_call(desk: Local) -> None:
    tickets(desk)
    people = f"{{{ANN}: {{}}, {BEN}: {{}}}}"
    rules(people, calendar=SHUT)
    assert "is off duty" in planned()["held"][0]["detail"]
    rules(people, "{team: billing, choose: least_busy, only: anyone}", calendar=SHUT)
    assert owners(planned()) == [ANN]
    rota = f", on_call: {{every: 1 week, since: 2026-01-05 09:00, people: [{BEN}]}}"
    rules(people, "{team: billing, choose: on_call}", calendar=SHUT, team=rota)
    plan = planned()
    assert owners(plan) == [BEN]
    assert causes(plan) == {ANN: "is not on call"}


def test_skills_are_needed(desk: Local) -> None:
    rules(f"{{{ANN}: {{}}, {BEN}: {{skills: [Refunds]}}}}", "{team: billing, choose: least_busy, skills: [refunds]}")
    owned(desk, BEN, 4)
    tickets(desk)
    plan = planned()
    assert owners(plan) == [BEN]
    assert causes(plan) == {ANN: "lacks the skill refunds"}


def test_the_customers_own_agent_comes_first_but_not_when_buried(desk: Local) -> None:
    assign = "{team: billing, choose: least_busy, prefer: [requester.last_assignee]}"
    rules(f"{{{ANN}: {{}}, {BEN}: {{}}}}", assign)
    solved(desk, BEN)
    owned(desk, BEN, 3)
    tickets(desk)
    plan = planned()
    assert owners(plan) == [BEN]
    assert (
        next(change["why"]["chosen_by"] for change in plan["changes"] if change["field"] == "assignee") == "preferred"
    )
    owned(desk, BEN, 8)
    assert owners(planned()) == [ANN]


def test_for_a_preferred_person_who_is_away_comes_the_substitute(desk: Local) -> None:
    assign = "{team: billing, choose: least_busy, prefer: [requester.last_assignee]}"
    rules(f"{{{ANN}: {{}}, {BEN}: {{away: [{TODAY}], substitute: {CLEO}}}, {CLEO}: {{}}}}", assign)
    solved(desk, BEN)
    owned(desk, CLEO, 2, by="yan@customer.example")
    tickets(desk)
    assert owners(planned()) == [CLEO]


def test_where_nobody_is_there_the_next_team_is_asked(desk: Local) -> None:
    rules(f"{{{ANN}: {{away: [{TODAY}]}}}}", "{team: billing, choose: least_busy, if_nobody: {team: leads}}")
    desk.describe(groups=("Billing", "Support", "leads"))
    desk.add_person(Person(DAN, email=DAN, role="agent", groups=("leads",)))
    tickets(desk)
    plan = planned()
    assert [(change["field"], change["to"]) for change in plan["changes"]] == [("assignee", DAN), ("group", "leads")]


def test_where_nobody_is_there_somebody_is_told(desk: Local) -> None:
    rules(f"{{{ANN}: {{away: [{TODAY}]}}}}", f"{{team: billing, choose: least_busy, if_nobody: {{notify: {DAN}}}}}")
    tickets(desk)
    plan = planned()
    assert [change["who"] for change in plan["changes"]] == [[f"person:{DAN}"]]
    assert plan["held"][0]["reason"] == "nobody_available"
    assert "nobody in billing is available" in call("plan").stdout


def test_an_owner_stays_unless_away_where_tickets_may_be_taken(desk: Local) -> None:
    assign = "{team: billing, choose: least_busy, even_if_assigned: yes}"
    owned(desk, ANN, 1)
    owned(desk, BEN, 1, ago=timedelta(minutes=90))
    rules(f"{{{ANN}: {{}}, {BEN}: {{away: [{TODAY}]}}, {CLEO}: {{}}}}", assign, when="subject: {contains: Refund}")
    plan = planned()
    assert [(change["from"], change["to"]) for change in plan["changes"]] == [(BEN, CLEO)]


def test_the_owners_substitute_takes_over(desk: Local) -> None:
    assign = "{team: billing, choose: least_busy, even_if_assigned: yes}"
    owned(desk, BEN, 2, ago=timedelta(minutes=90))
    owned(desk, CLEO, 2)
    rules(
        f"{{{ANN}: {{}}, {BEN}: {{away: [{TODAY}], substitute: {CLEO}}}, {CLEO}: {{}}}}",
        assign,
        when="assignee.away: yes",
    )
    assert owners(planned()) == [CLEO, CLEO]


def skipped(plan: dict[str, Any]) -> list[tuple[str, str]]:
    """Tickets left alone, and why."""
    return [(each["ticket"], each["reason"]) for each in plan["skipped"]]


def test_a_ticket_is_not_taken_from_somebody_who_just_worked_on_it(desk: Local) -> None:
    away = f"{{{ANN}: {{}}, {BEN}: {{away: [{TODAY}]}}}}"
    silent, touched = owned(desk, BEN, 2, ago=timedelta(hours=1, minutes=30))
    desk.say(touched, BEN, "I am on it", at=NOW - timedelta(minutes=20))
    assign = "{team: billing, choose: least_busy, even_if_assigned: yes}"
    rules(away, assign, when="subject: {contains: Refund}")
    plan = planned()
    assert [change["ticket"] for change in plan["changes"]] == [silent]
    assert skipped(plan) == [(touched, "grace")]
    assert "its owner is away, but touched it or left only lately" in call("plan").stdout
    rules(away, assign.replace("yes", "{after: 10 minutes}"), when="subject: {contains: Refund}")
    assert sorted(change["ticket"] for change in planned()["changes"]) == [silent, touched]
    rules(away, assign.replace("yes", "{after: 1 day}"), when="subject: {contains: Refund}")
    assert planned()["changes"] == []


def test_whoever_has_left_loses_tickets_at_once(desk: Local) -> None:
    (ticket,) = owned(desk, BEN, 1, ago=timedelta(minutes=1))
    desk.add_person(Person(BEN, email=BEN, role="agent", groups=("Billing",), active=False))
    assign = "{team: billing, choose: least_busy, even_if_assigned: {after: 1 week}}"
    rules(f"{{{ANN}: {{}}, {BEN}: {{}}}}", assign, when="assignee.active: no")
    assert [(change["ticket"], change["to"]) for change in planned()["changes"]] == [(ticket, ANN)]


def test_a_sync_looks_again_when_somebody_goes_away(desk: Local) -> None:
    (ticket,) = owned(desk, BEN, 1, ago=timedelta(minutes=90))
    with Path("makegood.toml").open("a") as file:
        file.write('refresh_people = "1 second"\n')
    assign = "{team: billing, choose: least_busy, even_if_assigned: yes}"
    rules(f"{{{ANN}: {{}}, {BEN}: {{}}}}", assign, when="assignee: present")
    call("sync")
    desk.add_person(Person(BEN, email=BEN, role="agent", groups=("Billing",), away=True))
    time.sleep(1)
    call("sync")
    assert [found.assignee for found in desk.read([ticket]).tickets] == [ANN]


def test_facts_tell_who_is_there(desk: Local) -> None:
    for who in (ANN, BEN, CLEO):
        owned(desk, who, 1)
    rules(
        f"{{{ANN}: {{}}, {BEN}: {{away: [{TODAY}]}}, {CLEO}: {{calendar: shut}}}}",
        "{to: missing}",
        when="assignee.at_work: no",
    )
    assert [change["from"] for change in planned()["changes"]] == [BEN, CLEO]
    rules(f"{{{ANN}: {{}}, {BEN}: {{away: [{TODAY}]}}, {CLEO}: {{}}}}", "{to: missing}", when="assignee.away: yes")
    assert [change["from"] for change in planned()["changes"]] == [BEN]


def test_nobody_gets_anything_new_right_before_the_end_of_the_day(desk: Local) -> None:
    tickets(desk)
    day = "{time_zone: UTC, hours: {mon-sun: [08:00-12:00, 13:00-17:00]}}"
    rules(f"{{{ANN}: {{}}, {BEN}: {{calendar: late}}}}", calendar=day, team=", wind_down: 30 minutes")
    text = Path("rules.yaml").read_text()
    Path("rules.yaml").write_text(text.replace("shut:", "late: {time_zone: UTC, hours: {mon-sun: 12:00-20:00}}, shut:"))
    call("pull")
    today = f"{NOW + timedelta(days=1):%Y-%m-%d}"
    at_noon, at_night = (
        json.loads(call("plan", "--at", f"{today} {moment}", "--format", "json").stdout)
        for moment in ("11:45", "16:45")
    )
    assert owners(at_noon) == [ANN]
    assert owners(at_night) == [BEN]
    assert causes(at_night) == {ANN: "is about to end the day"}


def test_the_organizations_last_agent_can_come_first(desk: Local) -> None:
    for who in ("zoe@customer.example", "yan@customer.example"):
        desk.add_person(Person(who, email=who, organization="Acme"))
    (earlier,) = tickets(desk, organization="Acme")
    desk.change(earlier, BEN, "assignee", BEN, at=NOW - timedelta(minutes=50))
    desk.change(earlier, BEN, "status", "solved", at=NOW - timedelta(minutes=40))
    tickets(desk, by="yan@customer.example", organization="Acme")
    rules(
        f"{{{ANN}: {{}}, {BEN}: {{}}}}",
        "{team: billing, choose: least_busy, prefer: [requester.last_assignee, organization.last_assignee]}",
    )
    assert owners(planned()) == [BEN]


def test_whoever_was_relieved_of_a_ticket_does_not_get_it_back(desk: Local) -> None:
    rules(f"{{{ANN}: {{}}, {BEN}: {{}}}}")
    (ticket,) = tickets(desk)
    call("sync")
    (first,) = (found.assignee for found in desk.read([ticket]).tickets)
    desk.change(ticket, DAN, "assignee", None)
    plan = planned()
    assert owners(plan) == [BEN if first == ANN else ANN]
    assert causes(plan) == {first: "was relieved of it by an agent"}


def test_a_team_without_people_is_its_group(desk: Local) -> None:
    rules(f"{{{ANN}: {{}}}}")
    text = Path("rules.yaml").read_text().replace(f", people: {{{ANN}: {{}}}}", "", 1)
    Path("rules.yaml").write_text(text)
    tickets(desk, 4)
    assert sorted(owners(planned())) == [ANN, BEN, CLEO, DAN]


def test_a_group_that_no_team_has_is_a_team_by_itself(desk: Local) -> None:
    for address in (CLEO, DAN):
        desk.add_person(Person(address, email=address, role="agent", groups=("Support",)))
    rules(f"{{{ANN}: {{}}}}", "{choose: least_busy, if_nobody: {team: leads}}")
    desk.create("zoe@customer.example", "Refund", "x", at=NOW, group="Support")
    desk.create("zoe@customer.example", "Refund", "x", at=NOW, group="Billing")
    (nowhere,) = [desk.create("zoe@customer.example", "Refund", "x", at=NOW)]
    plan = planned()
    assert owners(plan) == [CLEO, ANN, DAN]
    assert [(change["ticket"], change["to"]) for change in plan["changes"] if change["field"] == "group"] == [
        (nowhere, "leads")
    ]
    rules(f"{{{ANN}: {{}}}}", "{choose: least_busy}")
    assert planned()["held"][0]["detail"] == "the ticket has no group, so there is no team to choose from"


def test_an_earlier_rules_choice_stands_and_is_not_counted_twice(desk: Local) -> None:
    second = "  - name: Again\n    when: {assignee: missing}\n    assign: {team: billing, choose: round_robin}\n"
    rules(f"{{{ANN}: {{}}, {BEN}: {{}}}}", rules=second)
    tickets(desk, 4)
    plan = planned()
    assert sorted(owners(plan)) == [ANN, ANN, BEN, BEN]
    assert {each["by"] for each in plan["overruled"]} <= {"Somebody"}


def test_a_rule_in_shadow_takes_nobodys_room(desk: Local) -> None:
    first = Path("rules.yaml")
    rules(f"{{{ANN}: {{capacity: 1}}}}")
    tickets(desk, 1)
    text = first.read_text()
    shadow = (
        text[text.index("  - name: Somebody") :]
        .replace("Somebody", "Trial")
        .replace("    when", "    mode: shadow\n    when")
    )
    first.write_text(text.replace("rules:\n", "rules:\n" + shadow))
    assert owners(planned()) == [ANN]


def test_the_plan_shows_out_of_whom_somebody_was_chosen(desk: Local) -> None:
    rules(f"{{{ANN}: {{}}, {BEN}: {{away: [{TODAY}]}}}}")
    tickets(desk)
    call("pull")
    shown = " ".join(call("plan").stdout.split())
    assert f"least busy (waiting: {ANN} 0); not: {BEN} is away" in shown


def test_rule_tests_know_teams_load_and_absence(desk: Local) -> None:
    tests = """tests:
  - name: The less busy one
    ticket: {assignee: missing}
    people: {ann@acme.example: {open_tickets: 3}, ben@acme.example: {open_tickets: 1}}
    expect: {assign: [billing, ben@acme.example]}
  - name: Whoever is there
    ticket: {assignee: missing, group: Billing}
    people: {ben@acme.example: {away: yes}}
    expect: {assign: ann@acme.example}
"""
    rules(f"{{{ANN}: {{}}, {BEN}: {{}}}}")
    with Path("rules.yaml").open("a") as file:
        file.write(tests)
    told = call("test")
    assert told.exit_code == 0, told.output


def test_the_same_tickets_give_the_same_plan(desk: Local) -> None:
    rules(f"{{{ANN}: {{}}, {BEN}: {{weight: 0.5}}, {CLEO}: {{capacity: 3}}}}", "{team: billing, choose: weighted}")
    tickets(desk, 12)
    at = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
    call("pull")
    one, two = (json.loads(call("plan", "--at", at, "--format", "json").stdout) for _ in range(2))
    assert one["changes"] == two["changes"]
