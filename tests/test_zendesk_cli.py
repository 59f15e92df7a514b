"""Zendesk as an admin uses it: settings, doctor, plan, apply, sync, and what they cost, through the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fake_cli import answer, call
from fake_zendesk import FakeZendesk
from fake_zendesk_client import settings

from makegood.connectors.zendesk_http import Http

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "hush-0815-hush"

RULES = """\
version: 1
rules:
  - name: Refunds go to Alice in Billing
    when: {status: [new, open], assignee: missing, field.Category: Refund}
    assign: {to: alice@acme.example}
    set: {priority: high}
    add_tags: [refund]
    note: "{requester.name} wants money back."
  - name: Gold customers are never low
    when: {organization.field.tier: gold, priority: missing, status: [new, open]}
    set: {priority: normal}
  - name: Bad ratings are looked at
    when: {csat: bad}
    add_tags: [look]
"""


@pytest.fixture
def zd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeZendesk]:
    """A desk with a refund, a gold customer's ticket, a badly rated one and a plain one, each a day old."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZENDESK_CLIENT_SECRET", SECRET)
    with FakeZendesk() as zd:
        zd.entry.client = ("makegood", SECRET)
        at = ago(1440)
        zd.add_ticket(
            "Refund", "Money back, please.", by="ben@customer.example", at=at, custom_fields={"Category": "cat_refund"}
        )
        zd.add_ticket("Boat", "It leaks.", at=at, priority=None)
        rated = zd.add_ticket("Slow", "Where are you?", by="ben@customer.example", at=at, priority="low")
        zd.rate(rated, "bad", "Too slow.", at=at)
        zd.add_ticket("Question", "When are you open?", by="ben@customer.example", at=at, priority="low")
        Path("makegood.toml").write_text(settings(zd))
        Path("rules.yaml").write_text(RULES)
        yield zd


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits are noted, not waited for."""
    waits: list[float] = []
    monkeypatch.setattr("makegood.connectors.zendesk.Http", partial(Http, sleep=waits.append))
    monkeypatch.setattr("makegood.engine.apply._wait", lambda *_: None)
    return waits


def ago(minutes: float) -> datetime:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).replace(microsecond=0)


def notes(zd: FakeZendesk) -> list[str]:
    mine = zd.user_id("makegood@acme.example")
    said = [event for audit in zd.audits for event in audit.events if event["type"] == "Comment"]
    return [event["body"] for event in said if event["author_id"] == mine]


# ---- the main line


def test_pull_plan_apply_plan(zd: FakeZendesk) -> None:
    """The golden round trip: what a plan says is done, and the next plan has nothing left to say."""
    assert answer("pull") | {"seconds": 0} == {"calls": 15, "tickets": 4, "events": 9, "seconds": 0, "complete": True}
    assert call("plan", "-o", "plan.json").exit_code == 2
    plan = json.loads(Path("plan.json").read_text())
    told = {(c["ticket"][-1], c["action"], c["field"], str(c["to"])) for c in plan["changes"]}
    assert told == {
        ("1", "assign", "assignee", "alice@acme.example"),
        ("1", "set", "priority", "high"),
        ("1", "add_tags", "tags", "['refund']"),
        ("1", "note", None, "None"),
        ("2", "set", "priority", "normal"),
        ("3", "add_tags", "tags", "['look']"),
    }
    assert all(change["url"].startswith("https://acme.zendesk.example/agent/tickets/") for change in plan["changes"])
    before = len(zd.requests)
    applied = answer("apply", "plan.json")
    assert {outcome["outcome"] for outcome in applied["outcomes"]} == {"applied"}
    assert [each.method for each in zd.requests[before:]] == [
        "POST",
        "PUT",
        "PUT",
        "PUT",
    ]  # a token, then a call a ticket
    again = call("plan")
    assert (again.exit_code, "Nothing to do" in again.stdout) == (0, True)
    assert len(notes(zd)) == 1
    Path("makegood.db").unlink()
    fresh = call("plan")
    assert (fresh.exit_code, "Nothing to do" in fresh.stdout) == (0, True)


def test_a_plan_a_dry_run_and_a_shadow_rule_write_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZENDESK_CLIENT_SECRET", SECRET)
    with FakeZendesk(fail_on_write=True) as zd:
        zd.entry.client = ("makegood", SECRET)
        zd.add_ticket("Refund", at=ago(60), custom_fields={"Category": "cat_refund"})
        Path("makegood.toml").write_text(settings(zd))
        Path("rules.yaml").write_text(RULES)
        for arguments in (
            ("doctor",),
            ("check", "--with-data"),
            ("plan",),
            ("sync", "--dry-run"),
            ("explain", "6000000001"),
        ):
            call(*arguments)
        Path("rules.yaml").write_text(RULES.replace("    when:", "    mode: shadow\n    when:"))
        assert call("sync").exit_code == 0


def test_a_reply_needs_the_setting_and_is_sent_once(zd: FakeZendesk) -> None:
    rule = (
        "version: 1\nrules:\n  - name: Say hello\n    when: {subject: Question}\n    reply: Hello {requester.name}!\n"
    )
    Path("rules.yaml").write_text(rule)
    assert answer("apply", "--auto")["outcomes"] == []
    assert "allow_replies" in json.dumps(answer("plan")["held"])
    Path("makegood.toml").write_text(settings(zd, allow_replies="true"))
    for _ in range(3):
        call("sync")
    assert notes(zd) == ["Hello Ben Hale!"]
    Path("makegood.db").unlink()
    call("sync")
    assert notes(zd) == ["Hello Ben Hale!"]


def test_an_agents_decision_after_ours_stays(zd: FakeZendesk) -> None:
    call("sync")
    ticket = next(str(n) for n, row in zd.tickets.items() if row["subject"] == "Refund")
    zd.lag = 0
    zd.change(ticket, "bob@acme.example", priority="low", status="open")
    plan = answer("plan")
    assert [change for change in plan["changes"] if change["ticket"] == ticket and change["field"] == "priority"] == []


def test_a_native_trigger_that_takes_our_change_back_is_no_endless_game(zd: FakeZendesk) -> None:
    zd.add_trigger("Never normal", lambda row, _: row["priority"] == "normal", {"priority": None})
    for _ in range(4):
        call("sync")
    boat = [
        each for each in zd.writes if "priority" in each.body["ticket"] and each.body["ticket"]["priority"] == "normal"
    ]
    assert 1 <= len(boat) <= 2


# ---- doctor and init


def test_doctor_finds_a_healthy_desk_healthy(zd: FakeZendesk) -> None:
    said = answer("doctor")["findings"]
    assert [each for each in said if each["level"] == "error"] == []
    text = " ".join(each["message"] for each in said)
    for phrase in (
        "we are makegood@acme.example",
        "clock and ours agree",
        "OAuth client credentials",
        "exports are open",
        "stock",
    ):
        assert phrase in text or phrase == "stock"


def test_doctor_says_what_is_wrong_and_what_to_do(zd: FakeZendesk) -> None:
    zd.set_availability("alice@acme.example", "online")
    token = f'"{zd.api_token}"'
    toml = settings(zd).replace('client_id = "makegood"', 'email = "makegood@acme.example"')
    toml = toml.replace('client_secret = { env = "ZENDESK_CLIENT_SECRET" }', f"token = {token}")
    Path("makegood.toml").write_text(toml + '[helpdesks.support.map]\npromise_due = "No such field"\n')
    said = {each["message"]: each for each in answer("doctor")["findings"] if each["level"] != "ok"}
    text = " ".join(said)
    assert "Zendesk ends them on 2027-04-30" in text
    assert "omnichannel routing is on" in text
    assert "No such field" in text
    assert all(each["hint"] for each in said.values())
    assert zd.api_token not in json.dumps(list(said.values()))


def test_doctor_of_an_account_without_rights(zd: FakeZendesk) -> None:
    zd.exports_for_admins_only = True
    zd.entry.reader_client = ("makegood-reader", SECRET)
    Path("makegood.toml").write_text(settings(zd).replace('"makegood"', '"makegood-reader"'))
    result = call("doctor")
    assert result.exit_code == 1
    assert "make it an administrator" in result.stdout


@pytest.mark.parametrize("path", ["oauth/tokens/current", "satisfaction_ratings", "custom_statuses"])
def test_doctor_names_a_page_that_answers_in_zendesks_place(zd: FakeZendesk, path: str) -> None:
    zd.fail("html", path=path)
    last = answer("doctor")["findings"][-1]
    assert last["level"] == "error"
    assert path in last["message"]
    assert "the answer is not JSON" in last["message"]


@pytest.mark.parametrize(
    ("secret", "said"),
    [("wrong", "client_secret"), ("", "environment variable ZENDESK_CLIENT_SECRET is not set")],
)
def test_a_wrong_or_missing_secret_is_said_without_showing_it(
    zd: FakeZendesk, monkeypatch: pytest.MonkeyPatch, secret: str, said: str
) -> None:
    monkeypatch.setenv("ZENDESK_CLIENT_SECRET", secret)
    result = call("plan")
    assert result.exit_code == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_init_writes_files_that_check_passes(zd: FakeZendesk) -> None:
    office = zd.add_schedule("Office hours", [(1440 * day + 540, 1440 * day + 1020) for day in range(1, 6)])
    zd.add_holiday(office, "Christmas", "2026-12-24", "2026-12-26")
    result = call("init", "--helpdesk", "zendesk", "--base-url", zd.url, "--force")
    assert result.exit_code == 0, result.output
    rules = Path("rules.yaml").read_text()
    assert "Support" in rules
    assert "Europe/Berlin" in rules
    assert call("check").exit_code == 0
    assert call("plan").exit_code in (0, 2)


def test_init_writes_nothing_for_an_address_that_is_no_subdomain(zd: FakeZendesk) -> None:
    before = Path("makegood.toml").read_text()
    result = call("init", "--helpdesk", "zendesk", "--subdomain", "help.acme.example", "--force")
    assert (result.exit_code, "is a base_url" in result.stderr) == (1, True)
    assert Path("makegood.toml").read_text() == before


def test_calendars_are_taken_over(zd: FakeZendesk) -> None:
    assert call("calendars").exit_code == 0
    zd.add_schedule("Office hours", [(1440 + 540, 1440 + 1020)])
    call("pull", "--refresh")
    found = answer("calendars")["calendars"]
    (name,) = found
    assert found[name]["time_zone"] == "Europe/Berlin"


# ---- names that the desk does not have stop the run


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("alice@acme.example", "alicia@acme.example", "alicia@acme.example"),
        ("Category: Refund", "Category: Refunds", "did you mean"),
        ("field.Category", "field.Categories", "Categories"),
    ],
)
def test_an_unknown_name_stops_the_run_before_anything_is_written(
    zd: FakeZendesk, was: str, now: str, said: str
) -> None:
    Path("rules.yaml").write_text(RULES.replace(was, now))
    result = call("sync")
    assert result.exit_code == 1
    assert said in result.output
    assert zd.writes == []


def test_a_tag_of_two_words_is_told_at_check(zd: FakeZendesk) -> None:
    Path("rules.yaml").write_text(RULES.replace("[look]", "[look here]"))
    call("pull")
    said = call("check", "--with-data")
    assert "write `look_here`" in said.output


# ---- trouble on the way


def test_a_token_that_ends_in_the_middle_of_a_run_is_renewed(zd: FakeZendesk) -> None:
    zd.before_write = zd.expire_tokens
    assert {o["outcome"] for o in answer("apply", "--auto")["outcomes"]} == {"applied"}
    assert len(notes(zd)) == 1


def test_a_client_that_is_revoked_in_the_middle_ends_the_run_and_the_next_goes_on(zd: FakeZendesk) -> None:
    def revoke() -> None:
        zd.revoke_tokens()
        zd.entry.client = ("makegood", "another secret")

    call("plan", "-o", "plan.json")
    zd.before_write = revoke
    stopped = call("apply", "plan.json")
    assert stopped.exit_code in (1, 4)
    assert "client_secret" in stopped.output
    zd.before_write, zd.entry.client = None, ("makegood", SECRET)
    answer("apply", "plan.json")
    assert call("plan").exit_code == 0
    assert len(notes(zd)) == 1


def test_an_agent_suspended_after_planning_is_refused_and_told_and_the_rest_is_done(zd: FakeZendesk) -> None:
    call("plan", "-o", "plan.json")
    zd.suspend("alice@acme.example")
    applied = call("apply", "plan.json", "--format", "json")
    told = {(o["action"], o["outcome"]) for o in json.loads(applied.stdout)["outcomes"]}
    assert ("assign", "refused") in told
    assert ("note", "applied") in told
    assert applied.exit_code == 4
    held = answer("plan")
    assert [each["field"] for each in held["held"]] == ["assignee"] or held["errors"] or held["changes"] == []


def test_a_ticket_that_moved_since_the_plan_costs_one_look(zd: FakeZendesk) -> None:
    call("plan", "-o", "plan.json")
    refund = next(str(n) for n, row in zd.tickets.items() if row["subject"] == "Refund")
    zd.say(refund, "alice@acme.example", "Mine.")
    before = len(zd.requests)
    applied = answer("apply", "plan.json")
    told = {o["outcome"] for o in applied["outcomes"] if o["ticket"] == refund}
    assert told == {"conflict"}
    looks = [each for each in zd.requests[before:] if each.method == "GET" and refund in each.path]
    assert len(looks) == 1


NOTE = "version: 1\nrules:\n  - name: Look\n    when: {subject: Boat}\n    note: We looked.\n"
REPLY = "version: 1\nrules:\n  - name: Hello\n    when: {subject: Question}\n    reply: Hello {requester.name}!\n"


@pytest.mark.parametrize("rule", [NOTE, REPLY], ids=["note", "reply"])
def test_a_write_that_arrives_after_its_run_gave_up_is_not_made_again(zd: FakeZendesk, rule: str) -> None:
    """The gateway hung up, Zendesk itself went on with it."""
    Path("rules.yaml").write_text(rule)
    Path("makegood.toml").write_text(settings(zd, allow_replies="true"))
    call("pull")
    zd.fail("cut_before", method="PUT")
    call("sync")
    assert notes(zd) == []
    assert zd.answer(zd.writes[0])[0] == 200
    call("sync")
    assert len(notes(zd)) == 1


@pytest.mark.parametrize("rule", [NOTE, REPLY], ids=["note", "reply"])
def test_a_write_that_was_done_and_turned_away_is_not_made_again(
    zd: FakeZendesk, hasty: list[float], rule: str
) -> None:
    """503 with Retry-After says that nothing was done; where that is not true the stamp of the second call shows it."""
    Path("rules.yaml").write_text(rule)
    Path("makegood.toml").write_text(settings(zd, allow_replies="true"))
    call("pull")
    zd.fail(503, method="PUT", Retry_After="1")
    zd.on_request = lambda asked: zd.answer(asked) if asked.write and len(zd.writes) == 1 else None
    told = answer("sync")["run"]["outcomes"]
    assert [each["outcome"] for each in told] == ["already"]
    assert len(notes(zd)) == 1
    assert hasty


def test_a_note_that_did_not_arrive_is_not_taken_for_that_of_an_earlier_episode(zd: FakeZendesk) -> None:
    """A rule signs its notes alike each time."""
    boat = next(str(n) for n, row in zd.tickets.items() if row["subject"] == "Boat")
    Path("rules.yaml").write_text(
        "version: 1\nrules:\n  - name: Waits\n    when: {subject: Boat, status: pending}\n    note: It waits.\n"
    )
    zd.change(boat, "alice@acme.example", at=ago(300), status="pending")
    (planned,) = answer("plan")["changes"]
    zd.say(boat, "makegood@acme.example", planned["text"], public=False, at=ago(290))
    zd.change(boat, "alice@acme.example", at=ago(200), status="open")
    zd.change(boat, "alice@acme.example", at=ago(100), status="pending")
    zd.fail(500, method="PUT")
    assert [each["outcome"] for each in answer("sync")["run"]["outcomes"]] == ["failed"]
    call("sync")
    assert len(notes(zd)) == 2


def test_where_the_look_after_a_lost_answer_finds_a_page_the_next_run_finds_the_note(zd: FakeZendesk) -> None:
    Path("rules.yaml").write_text(NOTE)
    call("pull")
    zd.fail("cut_after", method="PUT")
    zd.fail("html", path="audits", times=2)
    assert answer("sync")["run"]["outcomes"][0]["outcome"] == "failed"
    for _ in range(2):
        assert call("sync").exit_code == 0
    assert len(notes(zd)) == 1


def test_an_agent_who_is_not_found_any_more_is_refused_and_the_rest_is_done(zd: FakeZendesk) -> None:
    zd.add_user("dora@acme.example", "Dora", "agent", groups=[zd.group_id("Billing")])
    boat = next(str(n) for n, row in zd.tickets.items() if row["subject"] == "Boat")
    zd.change(boat, "alice@acme.example", at=ago(50), group_id=zd.group_id("Support"))
    Path("rules.yaml").write_text(NOTE + "    assign: {to: dora@acme.example}\n")
    call("pull")
    zd.fail(404, path="group_memberships")
    told = {(o["action"], o["outcome"]) for o in answer("sync")["run"]["outcomes"]}
    assert told == {("assign", "refused"), ("note", "applied")}


def test_another_account_in_the_settings_writes_at_once(zd: FakeZendesk) -> None:
    """Who we are is asked at every refresh; in between, the answer to a write tells."""
    Path("rules.yaml").write_text(NOTE)
    call("pull")
    zd.add_user("second@acme.example", "Second robot", "admin")
    zd.entry.client_users["makegood"] = "second@acme.example"
    assert [each["outcome"] for each in answer("sync")["run"]["outcomes"]] == ["applied"]
    call("pull", "--refresh")
    again = call("plan")
    assert (again.exit_code, "Nothing to do" in again.stdout) == (0, True)


# ---- what it costs


def test_what_a_sync_costs(zd: FakeZendesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """10,000 open tickets, 300 changed in 1,000 events, 40 to write."""
    Path("rules.yaml").write_text(
        "version: 1\nrules:\n  - {name: Urgent, when: {priority: urgent, status: [new, open]}, add_tags: [hurry]}\n"
    )
    zd.bulk(9_700, 1.0, until=ago(3000))
    tickets = [zd.add_ticket(f"Ticket {number}", at=ago(2000)) for number in range(296)] + list(map(str, zd.tickets))[
        :4
    ]
    assert answer("sync")["calls"] > 10
    quiet = answer("sync")
    assert (quiet["calls"], quiet["tickets"]) == (3, 0)
    for number, ticket in enumerate(tickets):
        urgent = {"priority": "urgent"} if number < 40 else {"priority": "low"}
        zd.change(ticket, "alice@acme.example", urgent, at=ago(30))
    for number in range(700):
        zd.say(tickets[number % 300], "alice@acme.example", f"News {number}", at=ago(20))
    busy = answer("sync")
    assert (busy["tickets"], busy["applied"]) == (300, 40)
    assert busy["calls"] <= ceil(300 / 1000) + ceil(1000 / 1000) + 40 + 1 + 1
    pulled = answer("pull")
    assert pulled["calls"] == 3
    refreshed = answer("pull", "--refresh")
    assert 3 + 7 <= refreshed["calls"] <= 3 + 9


def test_apply_leaves_half_of_the_updates_to_people(zd: FakeZendesk, hasty: list[float]) -> None:
    """With Zendesk's real limits nothing is ever refused, because we keep below them by ourselves."""
    zd.enforce_limits()
    for number in range(120):
        zd.add_ticket(f"Gold {number}", at=ago(100))
    call("sync", "--confirm", "Gold customers are never low")
    assert not [each for each in zd.requests if each.write and getattr(each, "status", 200) == 429]
    assert sum(hasty) >= 60


def test_a_storm_ends_with_every_change_exactly_once(zd: FakeZendesk, hasty: list[float]) -> None:
    """10 % 429, 5 % 5xx, 2 % cut after the write: 1,000 planned changes, each applied once or truthfully reported."""
    rule = (
        "version: 1\nlimits: {per_run: 5000, share_of_open: 100%}\nrules:\n"
        "  - name: All of them\n    backlog: include\n    when: {subject: {starts_with: Storm}}\n"
        "    add_tags: [seen]\n    note: We saw it.\n"
    )
    Path("rules.yaml").write_text(rule)
    tickets = [zd.add_ticket(f"Storm {number}", at=ago(100)) for number in range(500)]
    call("pull")
    assert len(answer("plan", "-o", "plan.json")["changes"]) == 1000
    zd.storm(7)
    first = json.loads(call("apply", "plan.json", "--format", "json").stdout)
    claimed = {(o["ticket"], o["action"]) for o in first["outcomes"] if o["outcome"] in ("applied", "already")}
    assert len(first["outcomes"]) == 1000
    assert truth(zd, tickets) >= claimed
    for _ in range(6):
        call("sync")
    zd.calm()
    assert call("sync").exit_code == 0
    assert truth(zd, tickets) == {(ticket, action) for ticket in tickets for action in ("add_tags", "note")}
    written = [
        audit.row["ticket_id"]
        for audit in zd.audits
        for e in audit.events
        if e["type"] == "Comment" and "We saw it." in e["body"]
    ]
    assert sorted(map(str, written)) == sorted(tickets)


def truth(zd: FakeZendesk, tickets: list[str]) -> set[tuple[str, str]]:
    """What the desk itself shows."""
    tagged = {(ticket, "add_tags") for ticket in tickets if "seen" in zd.tickets[int(ticket)]["tags"]}
    noted: set[Any] = {
        (str(audit.row["ticket_id"]), "note")
        for audit in zd.audits
        for event in audit.events
        if event["type"] == "Comment" and "We saw it." in event["body"]
    }
    return tagged | noted
