"""The whole road on a real Request Tracker, as an admin walks it: doctor, pull, plan, apply, plan again, explain.

Ten rules over 300 seeded tickets; between plan and apply other people work on the same tickets.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.live
TICKETS = 300

RULES = """
version: 1
limits: {per_run: 1000}
teams:
  second line: {group: Escalations}
rules:
  - name: Important customers have a named agent
    when: {status: [new, open], assignee: missing, field.Customer tier: vip}
    assign: {to: carol@helpdesk.example}
  - name: Broken letters go to the second line
    when: {status: [new, open], description: {contains: Müller}, group: {not: Escalations}}
    assign: {team: second line}
  - name: Important customers come first
    when: {status: [new, open, pending], field.Customer tier: vip}
    set: {priority: high}
  - name: Bitter words are tagged
    when: {customer_messages: {contains: [unacceptable, manager]}}
    add_tags: [bitter]
  - name: Two days without an owner
    when: {status: [new, open], assignee: missing, created: {older_than: 2 days}}
    note: "{requester} waits since {created} and nobody owns this."
  - name: Bad ratings are watched
    when: {csat: bad}
    set: {field.Recovery: watch}
  - name: Outages go to somebody who may own nothing
    when: {subject: Nobody here can work, assignee: bob@helpdesk.example, status: [new, open]}
    assign: {to: readonly@helpdesk.example, even_if_assigned: yes}
  - name: Sync trouble gets a tier that is taken off the list
    when: {subject: {starts_with: Sync stops}, status: [new, open], field.Customer tier: standard}
    set: {field.Customer tier: free}
  - name: Reopened tickets are tagged
    when: {reopens: {at_least: 1}}
    add_tags: [reopened]
  - name: Alice's invoices are hers to explain
    when: {subject: {contains: "O'Brien"}, assignee: alice@helpdesk.example, status: [new, open]}
    set: {field.Recovery: ask alice}
    note: "Alice, please say where O'Brien's invoice is."
"""


class Admin:
    """Somebody at a terminal in a folder of her own."""

    def __init__(self, folder: Path, realdesk: Any, token: str) -> None:
        self.folder = folder
        self.env = {**os.environ, "RT_TOKEN": token, "NO_COLOR": "1"}
        (folder / "rules.yaml").write_text(RULES)
        (folder / "makegood.toml").write_text(realdesk.settings(csat="CSAT", csat_comment="CSAT comment", tags="Tags"))

    def types(self, *words: str, code: int) -> str:
        command = [sys.executable, "-m", "makegood", *words]
        done = subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=300)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stdout + done.stderr
        return done.stdout

    def asks(self, *words: str, code: int) -> Any:
        return json.loads(self.types(*words, "--format", "json", code=code))


@pytest.fixture(scope="module")
def truth(realdesk: Any) -> dict[str, Any]:
    seeded: dict[str, Any] = realdesk.seed(TICKETS, "--seed", "5")
    return seeded


@pytest.fixture(scope="module")
def admin(realdesk: Any, truth: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Admin:
    return Admin(tmp_path_factory.mktemp("admin"), realdesk, realdesk.tokens["makegood"])


def ticket_of(desk: Any, number: str) -> Any:
    return desk.call("GET", f"ticket/{number}")


def is_open(desk: Any, number: int) -> bool:
    """Whether there is an open ticket of this number: one that was merged answers with another's."""
    found = ticket_of(desk, str(number))
    return str(found["id"]) == str(number) and found["Status"] in ("new", "open")


def changes_of(plan: Any, rule: str) -> list[Any]:
    return [change for change in plan["changes"] if change["rule"].startswith(rule)]


def only_of(plan: Any, rule: str, taken: set[str]) -> str:
    """A ticket that this rule would change and no test has used yet."""
    number = next(c["ticket"] for c in changes_of(plan, rule) if c["ticket"] not in taken)
    taken.add(number)
    return str(number)


@pytest.fixture(scope="module")
def planned(admin: Admin) -> Any:
    admin.types("check", code=0)
    admin.types("doctor", code=0)
    pulled = admin.asks("pull", code=0)
    assert (pulled["tickets"], pulled["complete"]) == (TICKETS, True)
    return admin.asks("plan", "-o", "plan.json", code=2)


def field_number(desk: Any, field: str) -> str:
    query = json.dumps([{"field": "Name", "value": field}])
    return str(desk.call("GET", f"customfields?query={query}")["items"][0]["id"])


def take_off_the_list(desk: Any, field: str, value: str) -> None:
    """An admin of the desk removes a value that a field may have."""
    number = field_number(desk, field)
    values = desk.call("GET", f"customfield/{number}/values?fields=Name")["items"]
    gone = next(each["id"] for each in values if value in (each.get("Name"), each.get("name")))
    desk.call("DELETE", f"customfield/{number}/value/{gone}")


@pytest.fixture(scope="module")
def meanwhile(realdesk: Any, planned: Any) -> dict[str, str]:
    """What people did to tickets of the plan before it was applied."""
    taken: set[str] = {change["ticket"] for change in changes_of(planned, "Outages")}
    touched = {
        "conflict": only_of(planned, "Important customers come", taken),
        "deleted": only_of(planned, "Bitter words", taken),
        "merged": only_of(planned, "Reopened", taken),
        "unrelated": only_of(planned, "Bad ratings", taken),
    }
    realdesk.call("PUT", f"ticket/{touched['conflict']}", {"Priority": 0}, user="alice")
    realdesk.call("PUT", f"ticket/{touched['deleted']}", {"Status": "deleted"})
    realdesk.call("PUT", f"ticket/{touched['merged']}", {"MergeInto": touched["conflict"]})
    realdesk.call("PUT", f"ticket/{touched['unrelated']}", {"Subject": "Another subject"}, user="alice")
    take_off_the_list(realdesk, "Customer tier", "free")
    return touched


@pytest.fixture(scope="module")
def applied(realdesk: Any, admin: Admin, planned: Any, meanwhile: dict[str, str]) -> Any:
    run = admin.asks("apply", "plan.json", code=4)
    realdesk.call("POST", f"customfield/{field_number(realdesk, 'Customer tier')}/value", {"Name": "free"})
    return run


def outcomes(run: Any, number: str) -> set[str]:
    return {outcome["outcome"] for outcome in run["outcomes"] if outcome["ticket"] == number}


def test_every_rule_wants_something(planned: Any) -> None:
    ruled = {change["rule"] for change in planned["changes"]}
    assert len(ruled) == RULES.count("- name:")


def test_bad_ratings_reopened_and_important_are_all_found(planned: Any, truth: dict[str, Any]) -> None:
    def found(rule: str) -> set[int]:
        return {int(change["ticket"]) for change in changes_of(planned, rule)}

    assert found("Bad ratings") == set(truth["bad"])
    assert found("Reopened") == set(truth["reopened"])
    assert found("Bitter words") == set(truth["bitter"])
    assert found("Important customers have") == set(truth["vip"]) & set(truth["unowned"])


def test_every_change_has_an_outcome(planned: Any, applied: Any) -> None:
    assert len(applied["outcomes"]) == len(planned["changes"])
    assert {o["outcome"] for o in applied["outcomes"]} <= {"applied", "already", "conflict", "refused", "skipped"}


def test_what_was_applied_stands_on_the_desk(realdesk: Any, planned: Any, applied: Any) -> None:
    done = {o["ticket"] for o in applied["outcomes"] if o["outcome"] == "applied" and o["field"] == "field.Recovery"}
    assert done
    for number in sorted(done)[:10]:
        fields = {f["name"]: f["values"] for f in ticket_of(realdesk, number)["CustomFields"]}
        assert fields["Recovery"] in (["watch"], ["ask alice"])


def test_an_owner_who_may_not_own_is_refused_in_the_desks_words(applied: Any, planned: Any) -> None:
    for change in changes_of(planned, "Outages"):
        said = next(o for o in applied["outcomes"] if (o["ticket"], o["field"]) == (change["ticket"], "assignee"))
        assert said["outcome"] == "refused"
        assert "may not own tickets" in said["detail"]


def test_a_value_taken_off_the_list_is_refused(applied: Any, planned: Any, meanwhile: dict[str, str]) -> None:
    wanted = {c["ticket"] for c in changes_of(planned, "Sync trouble")} - set(meanwhile.values())
    told = {o["outcome"] for o in applied["outcomes"] if o["ticket"] in wanted and o["field"] == "field.Customer tier"}
    assert told == {"refused"}


def test_somebody_elses_change_is_a_conflict_and_is_kept(
    realdesk: Any, applied: Any, meanwhile: dict[str, str]
) -> None:
    assert outcomes(applied, meanwhile["conflict"]) == {"conflict"}
    assert str(ticket_of(realdesk, meanwhile["conflict"])["Priority"]) == "0"


def test_deleted_and_merged_tickets_come_to_no_harm(realdesk: Any, applied: Any, meanwhile: dict[str, str]) -> None:
    assert outcomes(applied, meanwhile["deleted"]) <= {"skipped", "conflict"}
    assert outcomes(applied, meanwhile["merged"]) <= {"skipped", "conflict"}
    assert ticket_of(realdesk, meanwhile["deleted"])["Status"] == "deleted"
    assert str(ticket_of(realdesk, meanwhile["merged"])["id"]) == meanwhile["conflict"]


def test_plan_again_wants_only_what_people_changed(admin: Admin, applied: Any, meanwhile: dict[str, str]) -> None:
    again = admin.asks("plan", code=2)
    assert {change["ticket"] for change in again["changes"]} <= set(meanwhile.values())
    held = {entry["detail"] for entry in again["held"] if entry["reason"] == "refused"}
    assert any("may not own tickets" in detail for detail in held)


def test_a_new_copy_makes_the_same_plan(admin: Admin, applied: Any) -> None:
    before = admin.asks("plan", code=2)
    for file in admin.folder.glob("makegood.db*"):
        file.unlink()
    after = admin.asks("plan", code=2)
    ours = {(c["ticket"], c["action"], c["field"]) for c in before["changes"]}
    refused = {(h["ticket"], h["action"], h["field"]) for h in before["held"] if h["reason"] == "refused"}
    assert {(c["ticket"], c["action"], c["field"]) for c in after["changes"]} == ours | refused


def test_after_everything_was_done_nothing_is_left(admin: Admin, applied: Any) -> None:
    admin.types("sync", code=4)
    assert admin.asks("plan", code=0)["changes"] == []


def test_a_quiet_pull_is_one_call_and_twenty_changes_four(realdesk: Any, admin: Admin, applied: Any) -> None:
    admin.types("pull", code=0)
    assert admin.asks("pull", code=0)["calls"] == 1
    touched = [number for number in range(1, 60) if is_open(realdesk, number)][:20]
    for number in touched:
        realdesk.call("PUT", f"ticket/{number}", {"CustomFields": {"Recovery": "touched"}}, user="alice")
    pulled = admin.asks("pull", code=0)
    assert pulled["tickets"] == len(touched) == 20
    assert pulled["calls"] <= 4


def test_explain_says_why_and_why_not(admin: Admin, truth: dict[str, Any], applied: Any) -> None:
    told = admin.asks("explain", str(truth["bad"][0]), code=0)
    verdicts = {rule["rule"]: rule["verdict"] for rule in told["rules"]}
    assert verdicts["Bad ratings are watched"] is True
    assert len(verdicts) == RULES.count("- name:")
    leaf = next(leaf for rule in told["rules"] for leaf in rule["leaves"] if leaf["fact"] == "csat")
    assert (leaf["value"], leaf["verdict"]) == ("bad", True)


def test_a_robot_without_the_right_is_told_so(realdesk: Any, admin: Admin, tmp_path: Path, applied: Any) -> None:
    reader = Admin(tmp_path, realdesk, realdesk.tokens["readonly"])
    (tmp_path / "rules.yaml").write_text("version: 1\nrules:\n  - {name: All, when: {status: new}, add_tags: [seen]}\n")
    reader.asks("plan", "-o", "plan.json", code=2)
    run = reader.asks("apply", "plan.json", code=4)
    assert {outcome["outcome"] for outcome in run["outcomes"]} == {"refused"}
    assert all("Permission Denied" in outcome["detail"] for outcome in run["outcomes"])
    assert reader.asks("plan", code=0)["changes"] == []


def test_a_wrong_token_is_one_clear_message(realdesk: Any, tmp_path: Path) -> None:
    stranger = Admin(tmp_path, realdesk, "1-14-not-a-token")
    stranger.types("pull", code=1)
