"""Who is told what, from the command line to a server of our own: digests, quiet hours, so many messages a day."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fake_cli import SETTINGS, answer, call, furnish

from makegood.cli.session import Session
from makegood.cli.steps import notifier
from makegood.connectors.ticket import Person
from makegood.rules.load import load_text

if TYPE_CHECKING:
    from pytest_httpserver import HTTPServer

    from makegood.connectors.local import Local

RULES = """\
rules:
  - name: Refunds are told
    why: Money is at stake.
    backlog: include
    when: {subject: {contains: refund}}
    notify: [team_lead, ops, next_level]
  - name: Fire
    backlog: include
    when: {subject: {contains: fire}}
    notify: {who: team_lead, text: "{subject}: look at once"}
teams:
  support: {group: Support, lead: lea@example.com, next_level: max@example.com}
"""
NIGHT_SHIFT = "  night: {people: {max@example.com: {notices: {quiet_hours: no}}}}\n"
LEA, MAX = "/to/lea@example.com", "/to/max@example.com"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer) -> Local:
    monkeypatch.chdir(tmp_path)
    made = furnish(tmp_path)
    where = f"json://{httpserver.host}:{httpserver.port}"
    channels = f'[notify.person]\nurl = "{where}/to/{{email}}"\n[notify.ops]\nurl = "{where}/ops"\n'
    Path("makegood.toml").write_text(SETTINGS + channels)
    write()
    for number, name in enumerate(("lea", "max"), start=2):
        made.add_person(Person(f"a{number}", name.title(), f"{name}@example.com", role="agent", groups=("Support",)))
    for ticket in "123":
        made.change(ticket, "a1", "group", "Support")
    return made


def write(notices: str = "", rules: str = RULES) -> None:
    Path("rules.yaml").write_text(f"{notices}\n{rules}")


def accepts(server: HTTPServer, *refusing: str) -> None:
    for path in (LEA, MAX, "/ops"):
        server.expect_request(path, method="POST").respond_with_data("", status=500 if path in refusing else 200)


def letters(server: HTTPServer) -> list[tuple[str, str, str]]:
    """What arrived so far: where, title, text."""
    said = [(request.path, json.loads(request.data)) for request, _ in server.log]
    return [(path, body["title"], body["message"]) for path, body in said]


def hours_around_now() -> str:
    """Two hours of the day, UTC, in which the test runs."""
    now = datetime.now(UTC)
    return f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=1):%H:%M}"


def reasons(plan: Any) -> list[tuple[str, str]]:
    return [(each["to"][0], each["reason"]) for each in plan["held"]]


def test_each_receiver_gets_one_message_about_everything(desk: Local, httpserver: HTTPServer) -> None:
    accepts(httpserver)
    assert {told["outcome"] for told in answer("apply", "--auto")["outcomes"]} == {"applied"}
    first, second = desk.read(["1"]).tickets[0].url, desk.read(["2"]).tickets[0].url
    fire = f"Fire\nPrinter on fire: look at once\n- 1 {first}"
    refunds = "Refunds are told\nMoney is at stake.\n"
    assert sorted(letters(httpserver)) == [
        ("/ops", "Refunds are told", f"{refunds}{second}"),
        (LEA, "makegood: 2 things for you", f"{fire}\n\n{refunds}- 2 {second}"),
        (MAX, "Refunds are told", f"{refunds}{second}"),
    ]
    assert call("plan").exit_code == 0


def test_who_was_told_is_not_told_again_when_another_failed(desk: Local, httpserver: HTTPServer) -> None:
    accepts(httpserver, MAX)
    failed = call("apply", "--auto")
    assert (failed.exit_code, "notify -> person:max@example.com" in failed.stdout) == (4, True)
    plan = answer("plan")
    assert [change["who"] for change in plan["changes"]] == [["person:max@example.com"]]
    assert {each["reason"] for each in plan["skipped"]} == {"spent"}
    httpserver.clear()
    accepts(httpserver)
    assert call("apply", "--auto").exit_code == 0
    assert [path for path, _, _ in letters(httpserver)] == [MAX]


def test_a_plan_shows_several_receivers_in_one_line(desk: Local) -> None:
    said = call("plan").stdout
    assert "> notify  to person:lea@example.com, channel:ops, person:max@example.com" in said
    markdown = call("plan", "--format", "markdown").stdout
    assert "to person:lea@example.com, channel:ops, person:max@example.com" in markdown
    assert [change["who"] for change in answer("plan", "--ticket", "2")["changes"]] == [
        ["person:lea@example.com"],
        ["channel:ops"],
        ["person:max@example.com"],
    ]


def test_people_are_left_in_peace_in_quiet_hours_and_channels_are_not(desk: Local, httpserver: HTTPServer) -> None:
    accepts(httpserver)
    write(f"notices: {{quiet_hours: '{hours_around_now()}'}}")
    assert call("sync").exit_code == 0
    assert [path for path, _, _ in letters(httpserver)] == ["/ops"]
    held = answer("plan")
    assert set(reasons(held)) == {("person:lea@example.com", "quiet_hours"), ("person:max@example.com", "quiet_hours")}
    assert "#2 notify -> person:max@example.com: quiet hours, until " in call("plan").stdout
    httpserver.clear_log()
    write(f"notices: {{quiet_hours: '{hours_around_now()}'}}", RULES + NIGHT_SHIFT)
    assert call("sync").exit_code == 0
    assert [path for path, _, _ in letters(httpserver)] == [MAX]


def test_a_notice_that_waited_goes_out_in_the_first_run_after(desk: Local, httpserver: HTTPServer) -> None:
    accepts(httpserver)
    write(f"notices: {{quiet_hours: '{hours_around_now()}'}}")
    call("sync")
    httpserver.clear_log()
    write()
    assert call("sync").exit_code == 0
    assert sorted(path for path, _, _ in letters(httpserver)) == [LEA, MAX]


def test_a_person_gets_so_many_messages_a_day_and_the_rest_waits(desk: Local, httpserver: HTTPServer) -> None:
    accepts(httpserver)
    write("notices: {per_day: 1}", RULES + "  more:\n    people: {max@example.com: {notices: {per_day: 2}}}\n")
    assert call("sync").exit_code == 0
    desk.create("u2", "Another refund", "please", priority="normal")
    desk.change("4", "a1", "group", "Support")
    assert call("sync").exit_code == 0
    assert sorted(path for path, _, _ in letters(httpserver)) == ["/ops", "/ops", LEA, MAX, MAX]
    plan = answer("plan")
    assert reasons(plan) == [("person:lea@example.com", "budget")]
    assert plan["held"][0]["who"] == "lea@example.com"
    assert "1 of 1 messages on" in plan["held"][0]["detail"]
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d %H:%M")
    later = answer("plan", "--no-pull", "--at", tomorrow)
    assert [change["who"] for change in later["changes"]] == [["person:lea@example.com"]]


def test_channels_of_the_steps_of_clocks_are_looked_up(desk: Local) -> None:
    clock = "{name: d, target: first_reply, within: 1 hour, escalate: [{after: 0 minutes, who: ops}]}"
    ruleset, found = load_text(f"rules: [{{name: Late, when: {{status: new}}, deadline: {clock}}}]")
    assert ruleset is not None, found
    with Session.open(Path("makegood.toml"), None) as session:
        assert set(notifier(session, ruleset).channels) == {"ops"}
