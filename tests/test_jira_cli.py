"""Jira as an admin uses it, Cloud and Data Center: settings, doctor, plan, apply, sync, what they cost, by the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fake_cli import answer, call
from fake_jira import FakeJira
from fake_jira_client import settings

from makegood.connectors.jsm_http import Http

if TYPE_CHECKING:
    from collections.abc import Iterator

ALICE, BOB, ANA, US = "alice@acme.example", "bob@acme.example", "ana@customer.example", "makegood@acme.example"

RULES = """\
version: 1
rules:
  - name: Refunds go to Alice
    when: {status: [new, open], assignee: missing, field.Category: Refund}
    assign: {to: alice@acme.example}
    set: {priority: high, status: pending}
    add_tags: [refund]
    note: "{requester.name} wants money back in {id}."
  - name: Bad ratings are looked at
    when: {csat: bad}
    add_tags: [look]
"""


@pytest.fixture(params=[True, False], ids=["cloud", "server"])
def jira(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeJira]:
    """A site with a refund, a badly rated request and a plain one, each a day old."""
    monkeypatch.chdir(tmp_path)
    with FakeJira(cloud=request.param) as jira:
        monkeypatch.setenv("JIRA_TOKEN", token_of(jira))
        at = ago(1440)
        jira.add_issue("Refund", "Money back, please.", at=at, custom_fields={"Category": "Refund"})
        rated = jira.add_issue("Slow", "Where are you?", by="ben@customer.example", at=at, priority="Low")
        jira.rate(rated, 1, "Too slow.", at=at)
        jira.add_issue("Question", "When are you open?", by="ben@customer.example", at=at, priority="Low")
        Path("makegood.toml").write_text(settings(jira))
        Path("rules.yaml").write_text(RULES)
        yield jira


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits are noted, not waited for."""
    waits: list[float] = []
    monkeypatch.setattr("makegood.connectors.jsm.Http", partial(Http, sleep=waits.append))
    monkeypatch.setattr("makegood.engine.apply._wait", lambda *_: None)
    return waits


def token_of(jira: FakeJira) -> str:
    return jira.entry.api_token if jira.cloud else jira.entry.pat


def ago(minutes: float) -> datetime:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).replace(microsecond=0)


def ours(jira: FakeJira) -> list[tuple[str, bool]]:
    """What we said on any issue, and whether customers see it."""
    us = jira.user_id(US)
    return [
        (each["text"], each["public"])
        for row in jira.issues.values()
        for each in row["comments"]
        if each["author"] == us
    ]


def rules(text: str) -> None:
    Path("rules.yaml").write_text(f"version: 1\nrules:\n{text}")


# ---- from settings to a quiet desk


def test_pull_plan_apply_plan(jira: FakeJira) -> None:
    assert call("check").exit_code == 0
    assert call("pull").exit_code == 0
    plan = call("plan", "-o", "plan.json")
    assert plan.exit_code == 2
    shown = call("plan").stdout
    assert "SUP-1  Refund" in shown
    assert "wants money back in SUP-1." in shown
    assert jira.writes == []
    done = answer("apply", "plan.json")
    assert {each["outcome"] for each in done["outcomes"]} == {"applied"}
    row = jira.issue("SUP-1")
    assert row["fields"]["assignee"] == jira.user_id(ALICE)
    assert jira.priorities[row["fields"]["priority"]]["name"] == "High"
    assert jira.statuses[row["fields"]["status"]]["name"] == "Waiting for customer"
    assert row["fields"]["labels"] == ["refund"]
    assert [public for _, public in ours(jira)] == [False]
    assert call("sync").exit_code == 0
    assert call("plan").exit_code == 0
    assert len(ours(jira)) == 1


def test_a_ticket_is_found_by_its_key_or_its_number(jira: FakeJira) -> None:
    call("pull")
    for name in ("SUP-1", "sup-1", "#10001", "10001"):
        told = call("explain", name)
        assert told.exit_code == 0
        assert told.stdout.startswith("SUP-1  Refund")
    assert "has no ticket SUP-99" in call("explain", "SUP-99").stderr
    assert "SUP-1  Refund" in call("plan", "--ticket", "SUP-1").stdout
    call("sync")
    assert call("history", "--ticket", "sup-1").stdout.startswith("SUP-1  run ")


def test_rules_may_name_an_issue_by_its_key(jira: FakeJira) -> None:
    rules("  - {name: That one, when: {id: sup-3}, add_tags: [found]}\n")
    call("pull")
    assert [change["ticket"] for change in answer("plan")["changes"]] == ["10003"]


def test_a_moved_issue_is_the_same_ticket_under_its_new_key(jira: FakeJira) -> None:
    call("sync")
    jira.move("SUP-1", "BIL")
    call("pull")
    assert call("explain", "BIL-1").stdout.startswith("BIL-1  Refund")
    assert answer("history", "--ticket", "BIL-1")["changes"]


@pytest.mark.parametrize("cloud", [True, False])
def test_a_plan_a_dry_run_and_a_shadow_rule_write_nothing(
    cloud: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with FakeJira(cloud=cloud, fail_on_write=True) as jira:
        monkeypatch.setenv("JIRA_TOKEN", token_of(jira))
        jira.add_issue("Refund", at=ago(60), custom_fields={"Category": "Refund"})
        Path("makegood.toml").write_text(settings(jira))
        Path("rules.yaml").write_text(RULES)
        for command in (["pull"], ["plan"], ["sync", "--dry-run"], ["doctor"], ["explain", "SUP-1"], ["upcoming"]):
            call(*command)
        Path("rules.yaml").write_text(RULES.replace("    when:", "    mode: shadow\n    when:"))
        assert call("sync").exit_code == 0
        assert jira.writes == []


def test_a_reply_needs_the_setting_and_is_sent_once(jira: FakeJira) -> None:
    rules("  - {name: Thanks, when: {subject: Question}, reply: We open at nine.}\n")
    call("sync")
    assert ours(jira) == []
    Path("makegood.toml").write_text(settings(jira, allow_replies="true"))
    for _ in range(3):
        call("sync")
    assert ours(jira) == [("We open at nine.", True)]


def test_a_day_is_a_day_and_not_planned_again(jira: FakeJira) -> None:
    rules(
        '  - {name: By then, when: {subject: Question}, set: {due: "2027-01-07 12:00", field.Follow up by: "2027-01-08 09:00"}}\n'
    )
    call("sync")
    assert jira.issue("SUP-3")["fields"]["duedate"] == "2027-01-07"
    assert call("plan").exit_code == 0


def test_an_agents_decision_after_ours_stays(jira: FakeJira) -> None:
    call("sync")
    jira.change("SUP-1", BOB, assignee=BOB, priority="Low")
    call("sync")
    call("sync")
    assert jira.issue("SUP-1")["fields"]["assignee"] == jira.user_id(BOB)


def test_a_native_rule_that_takes_our_change_back_is_no_endless_game(jira: FakeJira) -> None:
    us = jira.user_id(US)
    jira.add_rule(
        "No high ones", lambda row, change: change.author == us and "priority" in change.fields, {"priority": "Low"}
    )
    for _ in range(4):
        assert call("sync").exit_code in (0, 4)
    assert len(jira.rule_runs) <= 2


def test_what_somebody_did_since_the_plan_is_not_written_over(jira: FakeJira) -> None:
    call("pull")
    call("plan", "-o", "plan.json")
    jira.change("SUP-1", BOB, assignee=BOB)
    done = answer("apply", "plan.json")
    assert "conflict" in {each["outcome"] for each in done["outcomes"]}
    assert jira.issue("SUP-1")["fields"]["assignee"] == jira.user_id(BOB)
    assert ours(jira) == []


def test_an_sla_timer_between_plan_and_apply_is_no_conflict(jira: FakeJira) -> None:
    call("pull")
    call("plan", "-o", "plan.json")
    jira.touch("SUP-1")
    done = answer("apply", "plan.json")
    assert {each["outcome"] for each in done["outcomes"]} == {"applied"}


def test_an_sla_of_jira_can_be_asked_for(jira: FakeJira) -> None:
    jira.add_sla("Time to resolution", 60)
    jira.add_issue("Old", at=ago(90))
    jira.add_issue("Young", at=ago(5))
    rules("  - {name: Late, when: {sla.Time to resolution: missed}, add_tags: [late]}\n")
    call("pull")
    subjects = {row["key"]: row["fields"]["summary"] for row in jira.issues.values()}
    shown = call("plan").stdout
    assert [name for key, name in subjects.items() if f"{key}  " in shown] == ["Old"]


# ---- what may be wrong


def test_doctor_finds_a_healthy_site_healthy(jira: FakeJira) -> None:
    found = call("doctor")
    assert found.exit_code == 0, found.stdout
    assert ("Jira Cloud" if jira.cloud else "Jira Data Center") in found.stdout
    assert "Time to resolution" in found.stdout


def test_doctor_says_what_is_wrong_and_what_to_do(jira: FakeJira) -> None:
    jira.deny("EDIT_ISSUES", US, "BIL")
    jira.add_status("Asked back")
    jira.licensed = False
    text = settings(jira).replace('"Support group"', '"Support grup"')
    Path("makegood.toml").write_text(text)
    found = call("doctor")
    assert found.exit_code == 1
    for said in ("in BIL our account may not edit issues", "Asked back", "no valid licence", "Support grup"):
        assert said in found.stdout


def test_doctor_of_a_site_without_service_management(jira: FakeJira) -> None:
    jira.jsm = False
    assert "Jira Service Management is not installed here" in " ".join(call("doctor").stdout.split())


def test_a_wrong_or_missing_token_is_said_without_showing_it(jira: FakeJira, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIRA_TOKEN", "hush-0815-hush")
    told = call("pull")
    assert told.exit_code == 1
    assert "does not accept the account or token" in told.stderr
    assert "hush-0815-hush" not in told.output
    monkeypatch.delenv("JIRA_TOKEN")
    assert "JIRA_TOKEN is not set" in call("pull").stderr


def test_an_account_that_jira_takes_for_nobody_is_told_so(jira: FakeJira, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a wrong token Cloud answers as to somebody who is not logged in: 200, and nothing to see."""
    jira.entry.anonymous = True
    monkeypatch.setenv("JIRA_TOKEN", "hush-0815-hush")
    told = call("pull")
    assert told.exit_code == 1
    assert "does not accept the account or token" in told.stderr


def test_a_project_that_is_not_there_is_named(jira: FakeJira) -> None:
    Path("makegood.toml").write_text(settings(jira, projects='["NOPE"]'))
    told = call("pull")
    assert told.exit_code == 1
    assert "no project NOPE" in told.stderr


def test_an_unknown_name_stops_the_run_before_anything_is_written(jira: FakeJira) -> None:
    rules("  - {name: Typo, when: {field.Categroy: Refund}, add_tags: [x]}\n")
    call("pull")
    told = call("sync")
    assert told.exit_code == 1
    assert "did you mean" in told.output
    assert jira.writes == []


def test_a_label_of_two_words_is_told_at_check(jira: FakeJira) -> None:
    rules("  - {name: Two, when: {subject: Question}, add_tags: [two words]}\n")
    call("pull")
    assert "two_words" in call("check", "--with-data").output


def test_init_writes_files_that_check_passes(jira: FakeJira) -> None:
    email = ["--email", US] if jira.cloud else []
    made = call("init", "--helpdesk", "jira", "--base-url", jira.url, *email, "--force")
    assert made.exit_code == 0, made.output
    assert "Recovery" in Path("rules.yaml").read_text()
    assert call("check").exit_code == 0
    assert call("pull").exit_code == 0


def test_init_says_how_to_get_into_jira(jira: FakeJira) -> None:
    told = call("init", "--helpdesk", "jira", "--force").stdout
    assert "docs/jira.md" in told
    assert "JIRA_TOKEN" in told
    assert "--email is for jira" in call("init", "--helpdesk", "rt", "--email", US, "--force").stderr


def test_cloud_wants_an_address_beside_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rules.yaml").write_text(RULES)
    table = '[helpdesks.support]\nkind = "jira"\nbase_url = "acme.atlassian.net"\ntoken = { env = "JIRA_TOKEN" }\n'
    Path("makegood.toml").write_text(table)
    assert "email is missing" in call("pull").stderr


# ---- what it costs, and what goes wrong on the way


def test_what_a_sync_costs(jira: FakeJira) -> None:
    """A quiet one is one call; three hundred changes on Cloud cost a search, three bulk fetches and a changelog."""
    for number in range(300):
        jira.add_issue(f"Ticket {number}", at=ago(500))
    rules("  - {name: Nothing, when: {subject: Nothing}, add_tags: [x]}\n")
    assert call("pull").exit_code == 0
    assert answer("pull")["calls"] == 1
    for row in list(jira.issues.values())[3:]:
        jira.say(row["id"], ANA, "Hello?")
    changed = answer("pull")
    assert changed["tickets"] == 300
    assert changed["calls"] <= (1 + 3 + 1 + 1 if jira.cloud else 4)
    assert answer("pull")["calls"] == 1


def test_a_whole_refresh_costs_what_the_documentation_says(jira: FakeJira) -> None:
    call("pull")
    quiet = answer("pull")["calls"]
    refreshed = answer("pull", "--refresh")["calls"]
    assert refreshed - quiet <= 5 + 2 + 1 + 3
    table = Path(__file__).parents[1].joinpath("docs", "jira.md").read_text()
    assert "every `refresh_people`" in table


def test_a_token_that_is_revoked_in_the_middle_ends_the_run_and_the_next_goes_on(
    jira: FakeJira, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        jira.add_issue(f"Refund {number}", at=ago(60), custom_fields={"Category": "Refund"})
    call("pull")
    puts: list[int] = []

    def revoke(asked: object) -> None:
        puts.append(1)
        if len(puts) == 7:
            jira.entry.revoke_tokens()

    jira.before_write = None
    jira.on_request = lambda asked: revoke(asked) if asked.write else None
    told = call("apply", "--auto")
    assert told.exit_code in (1, 4)
    assert "does not accept the account or token" in told.output
    jira.on_request = None
    monkeypatch.setenv("JIRA_TOKEN", jira.entry.add_token(US))
    assert call("sync").exit_code == 0
    call("sync")
    texts = [text for text, _ in ours(jira)]
    assert len(texts) == len(set(texts)) == 6


@pytest.mark.parametrize("where", ["comment", "transitions", "issue/"])
def test_an_answer_that_got_lost_is_no_second_write(jira: FakeJira, hasty: list[float], where: str) -> None:
    call("pull")
    jira.fail("cut_after", path=where, method="PUT" if where == "issue/" else "POST")
    call("sync")
    call("sync")
    call("sync")
    assert len(ours(jira)) == 1
    assert jira.issue("SUP-1")["fields"]["labels"] == ["refund"]


def test_a_storm_ends_with_every_change_exactly_once(jira: FakeJira, hasty: list[float]) -> None:
    """10 % 429, 5 % 5xx, 2 % cut after the write: nothing is said twice, and what is told is true."""
    for number in range(50):
        jira.add_issue(f"Refund {number}", at=ago(60), custom_fields={"Category": "Refund"})
    call("pull")
    jira.storm(seed=7)
    told = [answer("sync") for _ in range(3)]
    jira.calm()
    told += [answer("sync") for _ in range(3)]
    texts = [text for text, _ in ours(jira)]
    refunds = [row for row in jira.issues.values() if row["fields"]["summary"].startswith("Refund")]
    assert len(texts) == len(set(texts)) == len(refunds)
    assert all(row["fields"]["labels"] == ["refund"] for row in refunds)
    assert all(jira.statuses[row["fields"]["status"]]["name"] == "Waiting for customer" for row in refunds)
    assert json.dumps(told[-1])
    assert call("plan").exit_code == 0
