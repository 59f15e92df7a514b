"""The main line on an embedded desk: pull, plan, apply, plan again; sync, explain, history."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fake_cli import RULES, answer, call, furnish

from makegood.connectors.local import Local


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Local:
    monkeypatch.chdir(tmp_path)
    return furnish(tmp_path)


def test_pull_says_what_it_brought(desk: Local) -> None:
    first = answer("pull")
    assert (first["tickets"], first["complete"]) == (3, True)
    assert first["calls"] >= 1
    assert answer("pull")["tickets"] == 0
    assert call("pull", "--refresh").stdout.startswith("support: 0 tickets")


def test_a_plan_shows_every_change_with_its_rule(desk: Local) -> None:
    result = call("plan")
    assert result.exit_code == 2
    assert "#1  Printer on fire" in result.stdout
    assert "~ priority  normal -> high" in result.stdout
    assert "rules.yaml:2  Gold customers first" in result.stdout
    assert "Plan: 4 changes to 2 tickets of 3." in result.stdout


def test_a_plan_writes_nothing(desk: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(*_: object) -> None:
        raise AssertionError("a plan wrote to the desk")

    monkeypatch.setattr(Local, "apply", write)
    assert call("plan").exit_code == 2
    assert call("sync", "--dry-run").exit_code == 2
    Path("rules.yaml").write_text(RULES.replace("    when:", "    mode: shadow\n    when:"))
    shadow = call("apply", "--auto")
    assert shadow.exit_code == 0, shadow.output


def test_plan_apply_plan(desk: Local) -> None:
    assert call("plan", "-o", "plan.json").exit_code == 2
    applied = answer("apply", "plan.json")
    assert applied["format"] == "makegood-run/1"
    assert {outcome["outcome"] for outcome in applied["outcomes"]} == {"applied"}
    assert applied["complete"] is True
    again = call("plan")
    assert (again.exit_code, "Nothing to do" in again.stdout) == (0, True)


def test_a_plan_that_is_applied_twice_says_nothing_twice(desk: Local) -> None:
    call("plan", "-o", "plan.json")
    answer("apply", "plan.json")
    again = answer("apply", "plan.json")
    assert {outcome["outcome"] for outcome in again["outcomes"]} == {"already"}
    notes = [event for event in desk.read(["2"]).events if event.kind == "message" and event.actor_kind == "robot"]
    assert len(notes) == 1


def test_the_same_copy_gives_the_same_plan(desk: Local) -> None:
    call("pull")
    at = ("--no-pull", "--at", "2031-01-01 09:00", "--format", "json")
    first = call("plan", *at, "-o", "plan.json")
    assert Path("plan.json").read_text() == first.stdout == call("plan", *at).stdout


def test_a_part_of_a_plan(desk: Local) -> None:
    assert {change["ticket"] for change in answer("plan", "--ticket", "2")["changes"]} == {"2"}
    assert {change["ticket"] for change in answer("plan", "--rule", "Gold customers first")["changes"]} == {"1"}
    unknown = call("plan", "--ticket", "99")
    assert (unknown.exit_code, "no ticket 99" in unknown.stderr) == (1, True)
    assert call("plan", "--rule", "Gold customer first").exit_code == 1


def test_a_plan_for_a_pull_request(desk: Local) -> None:
    desk.create("u1", "<b>|x|</b> [link](http://evil)", "Hello", priority="low")
    said = call("plan", "--format", "markdown").stdout
    assert "| #1 Printer on fire | `priority` normal -> high |" in said
    assert "<b>" not in said
    assert "\\[link\\]" in said


def test_a_ticket_cannot_paint_the_terminal(desk: Local) -> None:
    desk.create("u1", "Red \x1b[31malert\x07", "Hello", priority="low")
    assert "\x1b" not in call("plan").stdout
    assert "\x1b" not in call("explain", "4").stdout


def test_a_change_in_between_is_a_conflict_and_is_kept(desk: Local) -> None:
    call("plan", "-o", "plan.json")
    desk.change("1", "a1", "priority", "urgent")
    result = call("apply", "plan.json")
    assert result.exit_code == 4
    assert "changed meanwhile" in result.stdout
    assert desk.read(["1"]).tickets[0].priority == "urgent"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: "{", "is not a plan"),
        (lambda text: "[]", "is not a plan"),
        (lambda text: text.replace("makegood-plan/1", "makegood-plan/9"), "is not a plan"),
        (lambda text: text.replace('"high"', '"urgent"'), "changed after it was made"),
        (lambda text: "\x00\xff", "is not a plan"),
    ],
)
def test_a_plan_file_is_looked_at_closely(desk: Local, change: object, said: str) -> None:
    call("plan", "-o", "plan.json")
    path = Path("plan.json")
    path.write_text(change(path.read_text()), encoding="utf-8")  # type: ignore[operator]
    result = call("apply", "plan.json")
    assert (result.exit_code, said in result.stderr) == (1, True), result.stderr
    assert desk.read(["1"]).tickets[0].priority == "normal"


def test_a_plan_of_other_rules_or_another_time_is_refused(desk: Local) -> None:
    call("plan", "-o", "plan.json")
    rules = Path("rules.yaml").read_text()
    Path("rules.yaml").write_text(rules.replace("gold]", "golden]"))
    assert "other rules" in call("apply", "plan.json").stderr
    Path("rules.yaml").write_text(rules)
    call("plan", "--at", "2026-01-01 09:00", "-o", "old.json")
    assert "valid until" in call("apply", "old.json").stderr
    assert call("apply", "none.json").exit_code == 1


def test_apply_needs_a_plan_or_auto(desk: Local) -> None:
    assert call("apply").exit_code == 1
    assert "--auto" in call("apply").stderr
    assert call("apply", "--auto").exit_code == 0
    assert desk.read(["1"]).tickets[0].priority == "high"


def test_a_limit_stops_and_is_told(desk: Local) -> None:
    Path("rules.yaml").write_text("limits: {per_run: 0}\n" + RULES)
    result = call("plan")
    assert result.exit_code == 4
    assert "Over a limit" in result.stdout
    assert call("apply", "--auto").exit_code == 4


def test_sync_does_it_all_and_says_one_line(desk: Local) -> None:
    first = call("sync")
    assert first.exit_code == 0, first.output
    assert "helpdesk=support" in first.stdout
    assert "applied=4" in first.stdout
    assert len(first.stdout.splitlines()) == 1
    second = json.loads(call("sync", "--format", "json").stdout)
    assert second["planned"] == 0


def test_sync_every_stays_until_it_is_stopped(desk: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("makegood.cli.sync.time.sleep", nap)
    result = call("sync", "--every", "5m")
    assert result.exit_code == 130
    assert len(result.stdout.splitlines()) == 3
    assert all(290 < seconds <= 300 for seconds in naps)
    assert call("sync", "--every", "often").exit_code == 1


def test_sync_every_survives_trouble(desk: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        Path("away.db").rename("desk.db") if len(naps) == 1 else (_ for _ in ()).throw(KeyboardInterrupt)

    monkeypatch.setattr("makegood.cli.sync.time.sleep", nap)
    Path("desk.db").rename("away.db")
    result = call("sync", "--every", "1m")
    assert (result.exit_code, len(naps)) == (130, 2)
    assert "desk.db" in result.stderr


def test_only_one_at_a_time(desk: Local) -> None:
    from fake_cli import SETTINGS

    from makegood.cli.options import now
    from makegood.engine.lease import lease
    from makegood.engine.store import Store

    assert "support" in SETTINGS
    call("pull")
    with Store.open("makegood.db", now=now) as store, lease(store, "support", now=now):
        assert call("sync").exit_code == 4
        plan = call("plan")
    assert plan.exit_code == 2
    assert "planning with what is known" in plan.stderr


def test_explain_shows_what_was_seen(desk: Local) -> None:
    call("pull")
    text = call("explain", "#3").stdout
    assert "does not Gold customers first" in text
    assert "- organization.field.tier  no value" in text
    found = answer("explain", "1", "--rule", "Gold customers first")
    (rule,) = found["rules"]
    assert rule["verdict"] is True
    assert {"path", "line", "fact", "operator", "operand", "value", "verdict"} <= set(rule["leaves"][0])
    assert set(found) >= {"ticket", "at", "rules", "clocks", "next"}


def test_explain_of_what_is_not_there(desk: Local) -> None:
    assert "makegood pull" in call("explain", "1").stderr
    call("pull")
    assert call("explain", "77").exit_code == 1
    mistyped = call("explain", "1", "--rule", "Gold customer first")
    assert (mistyped.exit_code, "Gold customers first" in mistyped.stderr) == (1, True)


def test_history_knows_every_run_and_change(desk: Local) -> None:
    assert "Nothing was done yet" in call("history").stdout
    call("apply", "--auto")
    (run,) = answer("history")["runs"]
    assert run["outcomes"] == {"applied": 4}
    assert run["run"] in call("history").stdout
    whole = call("history", run["run"]).stdout
    assert "priority normal -> high" in whole
    assert "Refunds are yours" in whole
    changes = answer("history", "--ticket", "2")["changes"]
    assert {change["ticket"] for change in changes} == {"2"}
    assert call("history", "no-such-run").exit_code == 1


def test_a_service_that_is_told_to_end_ends(desk: Local) -> None:
    command = [sys.executable, "-m", "makegood", "sync", "--every", "1h"]
    service = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert service.stdout is not None
    assert "applied=4" in service.stdout.readline()
    service.send_signal(signal.SIGTERM)
    _, said = service.communicate(timeout=20)
    assert (service.returncode, said.strip()) == (130, "Interrupted.")


def test_ctrl_c_finishes_the_ticket_in_hand(desk: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    apply = Local.apply

    def interrupted(*arguments: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return apply(*arguments)

    monkeypatch.setattr(Local, "apply", interrupted)
    result = call("apply", "--auto")
    assert result.exit_code == 130
    assert "interrupted" in result.stdout
    assert desk.read(["2"]).tickets[0].assignee is None
    monkeypatch.setattr(Local, "apply", apply)
    assert call("apply", "--auto").exit_code == 0
    assert desk.read(["2"]).tickets[0].assignee == "a1"
