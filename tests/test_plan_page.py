"""A plan as a page: everything a reviewer needs, loud where customers are concerned, and nothing of a ticket is trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fake_cli import call, furnish
from page_check import dull, every, faults, parsed, words
from test_plan_view import AT, WISH, change, plan

from makegood.cli.plan_page import LISTED, plan_page
from makegood.cli.plan_view import Sights
from makegood.engine.plan_file import Follows, Held, Limited, Overruled, Plan, PlannedChange, Skipped

EVIL = "<script>alert(1)</script>"
QUOTED = '"onmouseover="alert(2)'
WHY = {
    "saw": {"subject": EVIL, "status": "new"},
    "team": "Billing",
    "chosen_by": "least_busy",
    "candidates": [{"who": "ana@example.com", "load": 1, "share": 2.0}, {"who": QUOTED, "load": 3, "share": 2.0}],
    "excluded": {"ben@example.com": "is off duty"},
    "of": [9, 1],
}


def shown(made: Plan, **sights: Any) -> str:
    return plan_page(
        made, Sights({"7": EVIL + QUOTED}, {"be-kind": "rules.yaml"}, {"be-kind": "Because & so."}, **sights)
    )


def everything() -> Plan:
    wish = {**WISH, "action": "set", "field": "priority", "to": "high"}
    return plan(
        changes=(
            change(field="priority", from_="low", to="high", episode=AT, why={"saw": {"status": "new"}}),
            change(action="add_tags", field="tags", to=("vip", EVIL)),
            change(action="assign", field="assignee", to="ana@example.com", why=WHY, rule_id="other", rule=EVIL),
            change(action="reply", text=f"Dear {EVIL},\n{QUOTED}", customer_sees=True),
            change(action="notify", who=("channel:leads", f"person:{QUOTED}"), text="Look"),
        ),
        held=(
            Held(**wish, reason="person_decided", who=QUOTED, since=AT),
            Held(**wish, reason="refused", detail=EVIL),
        ),
        overruled=(Overruled(**wish, by=EVIL),),
        skipped=(Skipped(**wish, reason="shadow"), *[Skipped(**wish, reason="spent")] * (LISTED + 5)),
        follows=(Follows(ticket="7", url="javascript:alert(1)", rule="Next", line=9, because="assignee"),),
        limited=(Limited(rule="Be kind", rule_id="be-kind", line=4, reason="per_run", wanted=50, limit=5),),
        warnings=(f"Careful: {EVIL}",),
    )


@pytest.fixture(scope="module")
def html() -> str:
    return shown(everything())


def test_the_page_is_valid_whole_safe_and_for_everybody(html: str) -> None:
    assert faults(html) == []
    assert faults(shown(plan())) == []
    assert dull(html) == []


def test_nothing_of_a_ticket_becomes_html(html: str) -> None:
    assert EVIL not in html
    root = parsed(html)
    (script,) = every(root, "script")
    assert "alert" not in "".join(script.itertext())
    assert "javascript:" not in html
    assert f"Dear {EVIL}," in "".join("".join(each.itertext()) for each in every(root, "blockquote"))


def test_what_customers_see_is_loud(html: str) -> None:
    told = words(parsed(html))
    assert "Customers see 1 of these changes." in told
    assert told.count("Customer sees this") == 1
    (article,) = every(parsed(html), "article")
    assert article.get("class") == "seen"
    quiet = shown(plan(changes=(change(field="priority", from_="low", to="high"),)))
    assert "Customers see" in words(parsed(quiet))
    assert "of these changes" not in words(parsed(quiet))
    assert [each.get("class") for each in every(parsed(quiet), "article")] == [None]


def test_each_change_has_its_rule_line_reason_and_values(html: str) -> None:
    (article,) = every(parsed(html), "article")
    told = words(article)
    for said in (
        "~ priority low → becomes high",
        "rules.yaml:4",
        "Because & so.",
        "since 2026-03-02 09:00 UTC: status is new",
        "+ tags added: vip, ",
        "Chosen from Billing: least busy",
        "ana@example.com, chosen: 1 waiting",
        "and 7 more",
        "ben@example.com: not, is off duty",
        "to channel:leads, person:",
    ):
        assert said in told, said
    assert [each.get("href") for each in every(article, "a")] == ["https://desk/7"]


def test_what_is_not_done_stands_below_with_its_reason(html: str) -> None:
    told = words(parsed(html))
    for said in (
        "a person decided otherwise",
        "the helpdesk refused it",
        "the rule is in shadow mode",
        f"{LISTED + 5} wishes: already done since the condition began to hold.",
        "And 5 more: the plan file has all of them.",
        "wanted 50 tickets, allowed 5, nothing of it is done",
        "Warning: Careful",
    ):
        assert said in told, said
    titles = [words(each) for each in every(parsed(html), "h2")]
    assert titles == [
        "What changes",
        "Held",
        "Overruled",
        "In shadow",
        "Skipped",
        "Once this is applied",
        "Over a limit",
    ]


def test_nothing_to_do_is_said() -> None:
    assert [words(each) for each in every(parsed(shown(plan())), "h1")] == ["Nothing to do"]


def test_the_same_plan_gives_the_same_bytes(html: str) -> None:
    assert shown(everything()) == html


# --- the command --------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    with furnish(tmp_path) as desk:
        desk.create("u2", f"A refund for {EVIL} {QUOTED}", "x")
    return tmp_path


def test_the_command_writes_the_page_beside_the_plan_file(folder: Path) -> None:
    ran = call("plan", "-o", "plan.json", "--html", "plan.html")
    assert ran.exit_code == 2
    assert ran.stdout.startswith("#")
    html = (folder / "plan.html").read_text(encoding="utf-8")
    assert faults(html) == []
    assert EVIL not in html
    assert "Gold customers first" in html
    assert "It is in their contract." in html
    made = Plan.model_validate_json((folder / "plan.json").read_bytes())
    assert made.id in html
    assert isinstance(made.changes[0], PlannedChange)


def test_the_command_answers_with_the_page(folder: Path) -> None:
    ran = call("plan", "--format", "html")
    assert ran.exit_code == 2
    assert ran.stdout.startswith("<!DOCTYPE html>")
    assert faults(ran.stdout) == []
