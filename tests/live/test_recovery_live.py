"""Customers who were let down on a real Request Tracker: exactly those that the seed made, told once, closed from here."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from fake_cli import answer, call

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = pytest.mark.live
TICKETS = 120
BEHIND = 7
RULES = """
version: 1
limits: {per_run: 1000, share_of_open: 100%}
teams:
  care: {group: Escalations, lead: alice@helpdesk.example, people: {carol@helpdesk.example: {}, dan@helpdesk.example: {}}}
rules:
  - name: Win back
    when: {any: {csat: bad, reopens: {at_least: 1}}}
    backlog: include
    recover:
      cause: let-down
      severity: {by: field.Customer tier, vip: critical, default: high}
      first_contact: 1 day
      steps: [Apologise, Put it right]
  - name: Important customers are called
    when: {field.Customer tier: vip}
    backlog: include
    recover: {cause: important, steps: [Call]}
"""
Cases = list[dict[str, Any]]


@pytest.fixture(scope="module")
def truth(realdesk: Any) -> dict[str, Any]:
    seeded: dict[str, Any] = realdesk.seed(TICKETS, "--seed", "11")
    return seeded


@pytest.fixture(scope="module")
def pulled(realdesk: Any, truth: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A folder with settings and rules, and all of the desk in the store."""
    folder = tmp_path_factory.mktemp("recovery")
    (folder / "makegood.toml").write_text(realdesk.settings(csat="CSAT", csat_comment="CSAT comment", tags="Tags"))
    (folder / "rules.yaml").write_text(RULES)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("RT_TOKEN", realdesk.tokens["makegood"])
        pull()
        yield truth


def pull() -> None:
    time.sleep(BEHIND)
    assert call("pull").exit_code == 0


def cases(cause: str) -> Cases:
    return [case for case in answer("recovery", "--all")["cases"] if case["cause"] == cause]


def told(found: Cases, *kinds: str) -> set[str]:
    """The tickets of which a case tells such a signal."""
    return {signal["ticket"] for case in found for signal in case["signals"] if signal["kind"] in kinds}


def numbers(tickets: Sequence[int]) -> set[str]:
    return {str(ticket) for ticket in tickets}


def requesters(desk: Any, tickets: set[str]) -> set[str]:
    return {desk.call("GET", f"ticket/{ticket}")["Requestor"][0]["id"] for ticket in tickets}


def ours(desk: Any, ticket: str) -> list[str]:
    """What our account wrote on a ticket, as RT itself tells it."""
    rows = desk.call("GET", f"ticket/{ticket}/history?fields=Type,Creator&per_page=100")["items"]
    mine = [row["id"] for row in rows if row["Type"] == "Comment" and row["Creator"]["id"] == "makegood"]
    return [_text(desk, each) for each in mine]


def _text(desk: Any, transaction: str) -> str:
    (first, *_) = desk.call("GET", f"transaction/{transaction}/attachments?fields=Content,ContentType")["items"]
    return str(first["Content"])


def sync() -> Any:
    time.sleep(BEHIND)
    done = call("sync", "--format", "json")
    assert done.exit_code == 0, done.output
    return done


# --- who was let down -------------------------------------------------------------------------------------------------


def test_bad_ratings_and_reopened_tickets_are_told_and_no_other(pulled: dict[str, Any]) -> None:
    found = cases("let-down")
    assert pulled["bad"]
    assert pulled["reopened"]
    assert told(found, "bad_rating") == numbers(pulled["bad"])
    assert told(found, "reopened", "reopened_again") == numbers(pulled["reopened"])
    assert told(found, "matched") == set()


def test_whoever_was_let_down_has_one_case_and_nobody_else_has(realdesk: Any, pulled: dict[str, Any]) -> None:
    flagged = [case["requester"] for case in cases("let-down")]
    assert len(flagged) == len(set(flagged))
    assert set(flagged) == requesters(realdesk, numbers([*pulled["bad"], *pulled["reopened"]]))


def test_important_customers_are_flagged_and_their_cases_are_critical(pulled: dict[str, Any]) -> None:
    important = numbers(pulled["vip"])
    assert told(cases("important"), "matched") == important
    assert {case["ticket"] for case in cases("let-down") if case["severity"] == "critical"} <= important
    assert {case["severity"] for case in cases("let-down") if case["ticket"] in important} <= {"critical"}


# --- what is written --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def synced(pulled: dict[str, Any]) -> Cases:
    """The cases that were at work when everything was applied."""
    working = [case for case in answer("recovery")["cases"] if case["state"] not in ("verified", "failed")]
    sync()
    return working


def test_every_case_has_one_note_at_home_and_the_tag(realdesk: Any, synced: Cases) -> None:
    assert synced
    for case in synced:
        homes = [text for text in ours(realdesk, case["ticket"]) if text.startswith(f"Recovery case {case['id']}:")]
        assert len(homes) == 1, case["id"]
        assert "Win back" not in homes[0]
        tags = realdesk.call("GET", f"ticket/{case['ticket']}")["CustomFields"]
        assert f"recovery-{case['cause']}" in next(each["values"] for each in tags if each["name"] == "Tags")


def test_other_tickets_of_a_case_lead_to_it_once(realdesk: Any, synced: Cases) -> None:
    links = {(case["id"], ticket) for case in synced for ticket in case["tickets"] if ticket != case["ticket"]}
    assert links
    for name, ticket in links:
        assert len([text for text in ours(realdesk, ticket) if f"recovery case {name} " in text]) == 1


def test_a_second_sync_writes_nothing(realdesk: Any, synced: Cases) -> None:
    before = {case["ticket"]: ours(realdesk, case["ticket"]) for case in synced[:10]}
    sync()
    assert answer("plan")["changes"] == []
    assert {ticket: ours(realdesk, ticket) for ticket in before} == before


def test_a_case_is_closed_on_the_desk(realdesk: Any, synced: Cases) -> None:
    case = next(each for each in synced if each["cause"] == "let-down")
    done = call("recovery", case["id"], "--close", "recovered", "--because", "late courier", "--judge", "right")
    assert done.exit_code == 0, done.output
    said = "recovery: because late courier\nrecovery: right\nrecovery: closed recovered"
    assert [text for text in ours(realdesk, case["ticket"]) if said in text]
    pull()
    (found,) = [each for each in cases("let-down") if each["id"] == case["id"]]
    assert (found["state"], found["outcome"], found["root_cause"]) == ("verified", "recovered", "late courier")
    assert answer("plan")["changes"] == []
