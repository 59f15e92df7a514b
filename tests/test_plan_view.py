"""What people see of a plan: loud where customers are concerned, calm elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from makegood.cli.plan_view import Sights, plan_markdown, plan_text
from makegood.engine.plan_file import Follows, Held, Limited, Overruled, Plan, PlannedChange, Skipped, Summary
from makegood.rules.diagnostics import plain

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
WISH: dict[str, Any] = {"ticket": "7", "url": "https://desk/7", "rule": "Be kind", "rule_id": "be-kind", "line": 4}
SIGHTS = Sights({"7": "Lost parcel"}, {"be-kind": "rules.yaml"})


def change(**said: Any) -> PlannedChange:
    return PlannedChange(**{**WISH, "id": "c", "version": "1", "effect": "e", "action": "set", **said})


def plan(**parts: Any) -> Plan:
    changes = parts.get("changes", ())
    seen = sum(each.customer_sees for each in changes)
    summary = Summary(tickets_seen=9, tickets_changed=1, changes=len(changes), customer_visible=seen)
    return Plan(
        made_at=AT, at=AT, known_to=AT, valid_until=AT + timedelta(days=1), helpdesk="support", store_id="s",
        rules_fingerprint="r", summary=summary, **parts,
    )  # fmt: skip


def text(**parts: Any) -> str:
    return plan_text(plan(**parts), SIGHTS, plain, 80)


def test_fields_tags_and_notices_each_have_their_sign() -> None:
    said = text(
        changes=(
            change(field="priority", from_="low", to="high"),
            change(action="add_tags", field="tags", to=("vip", "gold")),
            change(action="remove_tags", field="tags", to=("spam",)),
            change(action="notify", who=("channel:leads", "person:ana@example.com"), text="Look"),
        )
    )
    assert said.startswith("#7  Lost parcel\n  ~ priority  low -> high\n  + tags      vip, gold\n  - tags      spam\n")
    assert "  > notify    to channel:leads, person:ana@example.com\n      | Look\n" in said


def test_rule_place_and_reason_stand_below() -> None:
    said = text(changes=(change(field="priority", to="high", episode=AT, why={"saw": {"status": "new", "due": None}}),))
    assert "      rules.yaml:4  Be kind\n      since 2026-03-02 09:00 UTC: status is new, due is none\n" in said


def test_what_customers_see_is_loud() -> None:
    parts = {"changes": (change(action="reply", text="Dear Ann,\nwe are on it.", customer_sees=True),)}
    said = text(**parts)
    assert "CUSTOMER SEES THIS" in said
    assert "| Dear Ann,\n      | we are on it." in said
    assert said.endswith("Customers see 1 of them. ")
    assert "**Customers see 1 of these.**" in plan_markdown(plan(**parts), SIGHTS)


def test_what_is_held_back_is_told_with_its_reason() -> None:
    said = text(
        held=(
            Held(**WISH, action="set", field="priority", to="high", reason="person_decided", who="ana", since=AT),
            Held(**WISH, action="assign", field="assignee", to="bo", reason="refused", detail="may not own"),
        ),
        overruled=(Overruled(**WISH, action="set", field="group", to="B", by="Other"),),
        skipped=(
            Skipped(**WISH, action="note", reason="shadow"),
            Skipped(**WISH, action="note", reason="spent"),
            Skipped(**WISH, action="note", reason="spent"),
        ),
        follows=(Follows(ticket="7", rule="Next", line=9, because="assignee"),),
        limited=(Limited(rule="Be kind", rule_id="be-kind", line=4, reason="per_run", wanted=50, limit=5),),
    )
    assert "#7 priority -> high: a person decided otherwise (ana, 2026-03-02 09:00 UTC)" in said
    assert '#7 assignee -> bo: the helpdesk refused it: "may not own"' in said
    assert "#7 group -> B, by Other" in said
    assert "In shadow: would be done\n  #7 note  (Be kind)" in said
    assert "2 wishes: already done since the condition began to hold" in said
    assert "#7  Next (line 9): assignee" in said
    assert "wanted 50 tickets, allowed 5, nothing of it is done" in said
    assert "Nothing to do: 9 tickets looked at." in said


def test_steps_from_before_the_first_apply_are_counted() -> None:
    found = plan()
    found = found.model_copy(update={"summary": found.summary.model_copy(update={"steps_before": 25})})
    said = plan_text(found, SIGHTS, plain, 80)
    assert "Left alone\n  25 steps of deadlines and promises: due before their rule was first applied" in said
    assert "**Left alone**" in plan_markdown(found, SIGHTS)
    assert "Left alone" not in text()


def test_long_lists_are_cut_for_people() -> None:
    shadow = tuple(Skipped(**{**WISH, "ticket": str(n)}, action="note", reason="shadow") for n in range(50))
    assert "... and 30 more" in text(skipped=shadow)
    assert "... and 30 more" in plan_markdown(plan(skipped=shadow), SIGHTS)


def test_markdown_links_tickets_and_cannot_be_injected() -> None:
    sights = Sights({"7": "<script>|`*[x](http://evil)"}, {})
    said = plan_markdown(plan(changes=(change(field="priority", from_="low", to="high"),)), sights)
    assert "[#7](https://desk/7)" in said
    assert "<script>" not in said
    assert r"\|\`\*\[x\](http://evil)" in said
    assert r"Be kind (line:4)" in said


def test_markdown_strikes_nothing_out_and_calls_nobody() -> None:
    sights = Sights({"7": "~~no~~ @ops, write to ana@example.com @ noon"}, {})
    said = plan_markdown(plan(changes=(change(field="priority", from_="low", to="high"),)), sights)
    assert r"\~\~no\~\~ @<!-- -->ops, write to ana@example.com @ noon" in said
