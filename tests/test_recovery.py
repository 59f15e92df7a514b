"""Customers we let down, from the first signal to the proof, through the command line and the embedded desk."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fake_cli import SETTINGS, answer, call, complaints

from makegood.connectors.local import Local
from makegood.connectors.ticket import Organization, Person

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime.now(UTC).replace(microsecond=0)
ANA, BEN, CLEO, MIA, KIM = (
    "ana@acme.example",
    "ben@acme.example",
    "cleo@acme.example",
    "mia@lake.example",
    "kim@lake.example",
)
RECOVER = """\
      cause: let-down
      assign: {team: care, choose: least_busy}
      acknowledge: 4 hours
      first_contact: 1 day
      steps: [Say sorry, Put it right]
      verify_after: 3 days
      escalate: [{after: 0 minutes, who: team_lead}]
"""
RULES = f"""\
version: 1
teams:
  care: {{group: Care, calendar: always, lead: {ANA}, people: {{{BEN}: {{}}, {CLEO}: {{}}}}}}
rules:
  - name: We keep our word
    promise: {{from_grade: day}}
  - name: First reply in time
    deadline: {{name: first-reply, target: first_reply, within: 4 hours}}
  - name: Win back
    why: Customers stay with those who put things right.
    when: {{any: {{csat: bad, reopens: {{at_least: 2}}, tags: complaint}}}}
    backlog: include
    recover:
{RECOVER}"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Local]:
    """Three agents, two customers, and Mia's ticket of ten days ago, solved by Ben nine days ago."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "110")
    Path("makegood.toml").write_text(SETTINGS)
    Path("rules.yaml").write_text(RULES)
    with Local(tmp_path / "desk.db", now=lambda: datetime.now(UTC)) as desk:
        desk.describe(groups=("Care", "Support"))
        for who, name in ((ANA, "Ana"), (BEN, "Ben"), (CLEO, "Cleo")):
            desk.add_person(Person(who, name, email=who, role="agent", groups=("Care",)))
        desk.add_person(Person(MIA, "Mia", email=MIA))
        desk.add_person(Person(KIM, "Kim", email=KIM))
        solved(desk, MIA)
        yield desk


def ago(days: float = 0, **more: float) -> datetime:
    return NOW - timedelta(days=days, **more)


def solved(desk: Local, customer: str) -> str:
    """A ticket of ten days ago that Ben answered at once and solved a day later."""
    number = desk.create(customer, "Parcel lost", "Where is it?", at=ago(10), status="open")
    desk.change(number, BEN, "assignee", BEN, at=ago(10))
    desk.say(number, BEN, "It is on its way.", public=True, at=ago(9, hours=23))
    desk.change(number, BEN, "status", "solved", at=ago(9))
    return number


def cases(*more: str) -> list[dict[str, Any]]:
    call("pull")
    found: list[dict[str, Any]] = answer("recovery", "--all", *more)["cases"]
    return found


def case(*more: str) -> dict[str, Any]:
    (found,) = cases(*more)
    return found


def kinds(found: dict[str, Any]) -> list[str]:
    return [signal["kind"] for signal in found["signals"]]


def planned(*actions: str) -> list[dict[str, Any]]:
    call("pull")
    changes = answer("plan")["changes"]
    return [
        change for change in changes if change["rule"] == "Win back" and (not actions or change["action"] in actions)
    ]


def sync() -> None:
    done = call("sync")
    assert done.exit_code == 0, done.output


# --- signals ----------------------------------------------------------------------------------------------------------


def test_a_bad_rating_opens_a_case_with_what_came_before(desk: Local) -> None:
    desk.create(MIA, "Parcel lost again", "Hello?", at=ago(5), status="open")
    desk.rate("1", MIA, "bad", comment="Nobody called.", at=ago(1))
    found = case()
    assert (found["id"], found["requester"], found["cause"], found["state"], found["ticket"]) == (
        ("1-let-down", MIA, "let-down", "open", "1")
    )
    assert kinds(found) == ["repeat_contact", "missed_deadline", "long_wait", "bad_rating"]
    rating = found["signals"][-1]
    assert (rating["value"], rating["owner"], rating["rule"], rating["ticket"]) == (
        "Nobody called.",
        BEN,
        "Win back",
        "1",
    )
    assert rating["event"]
    assert found["sum"] == "repeat contact 2 + missed deadline 1 + long wait 1 + bad rating 3 = 7"
    assert found["severity"] == "high"
    assert found["tickets"] == ["1"]


def test_signals_of_another_ticket_join_the_open_case(desk: Local) -> None:
    desk.rate("1", MIA, "bad", at=ago(3))
    other = desk.create(MIA, "Still lost", "This is unacceptable!", at=ago(2), status="open")
    desk.change(other, CLEO, "status", "solved", at=ago(2))
    desk.change(other, MIA, "status", "open", at=ago(1))
    found = case()
    assert found["tickets"] == ["1", other]
    assert kinds(found) == ["bad_rating", "angry_words", "missed_deadline", "reopened"]


def test_two_customers_are_two_cases_and_none_without_the_condition(desk: Local) -> None:
    for number in (solved(desk, KIM), "1"):
        desk.rate(number, KIM if number != "1" else MIA, "bad", at=ago(1))
    desk.add_person(Person("zoe@lake.example", email="zoe@lake.example"))
    desk.create("zoe@lake.example", "A question", "How?", at=ago(8))
    assert [(each["requester"], each["state"]) for each in cases()] == [(MIA, "open"), (KIM, "open")]


def test_an_organization_has_one_case_for_all_its_people(desk: Local) -> None:
    Path("rules.yaml").write_text(RULES.replace("cause: let-down", "cause: let-down\n      customer: organization"))
    desk.add_organization(Organization("o1", "Lake Ltd"))
    for number, who in ((solved(desk, KIM), KIM), ("1", MIA)):
        desk.change(number, ANA, "organization", "Lake Ltd", at=ago(8))
        desk.rate(number, who, "bad", at=ago(2 if who == MIA else 1))
    found = case()
    assert (found["organization"], found["requester"], found["ticket"], found["tickets"]) == (
        "Lake Ltd",
        MIA,
        "1",
        ["1", "2"],
    )
    assert found["sum"].endswith("bad rating 3 x 2 = 6")
    assert "Lake Ltd (Mia)" in call("recovery").output
    assert "Lake Ltd (Mia) on #1" in call("recovery", found["id"]).output
    notes = {change["ticket"]: change["text"] for change in planned("note")}
    assert "Lake Ltd (Mia): " in notes["1"]
    assert "belongs to recovery case 1-let-down" in notes["2"]
    assert [(each["id"], each["state"]) for each in answer("explain", "2")["recovery"]] == [("1-let-down", "open")]


def test_rules_of_one_cause_are_about_the_same_customers(desk: Local) -> None:
    more = "  - {name: Other, when: {csat: bad}, recover: {cause: Let-down, customer: organization}}\n"
    Path("rules.yaml").write_text(RULES + more)
    done = call("check")
    assert done.exit_code == 1
    assert "cannot be about the organization here and the requester in line" in done.output


def test_the_second_reopening_counts_more_than_the_first(desk: Local) -> None:
    for days in (4, 2):
        desk.change("1", MIA, "status", "open", at=ago(days))
        desk.change("1", BEN, "status", "solved", at=ago(days - 1))
    found = case()
    assert found["sum"] == "reopened 2 + reopened again 4 = 6"
    assert found["opened"].startswith(f"{ago(2):%Y-%m-%d}")


def test_a_broken_promise_is_a_signal_against_whoever_gave_it(desk: Local) -> None:
    desk.change("1", MIA, "status", "open", at=ago(8))
    desk.say("1", CLEO, "I will call you within 24 hours.", public=True, at=ago(7))
    desk.rate("1", MIA, "bad", at=ago(1))
    found = case()
    assert kinds(found) == ["reopened", "broken_promise", "bad_rating"]
    assert found["blamed"] == [BEN, CLEO]


def test_what_is_no_known_signal_is_told_as_matched(desk: Local) -> None:
    desk.change("1", BEN, "tags", ("complaint",), at=ago(1))
    found = case()
    assert (kinds(found), found["signals"][0]["value"]) == (["matched"], "Win back")


def test_weights_are_the_rule_files(desk: Local) -> None:
    Path("rules.yaml").write_text(RULES + "      weights: {bad_rating: 7.5, angry_words: 0}\n      severity: dire\n")
    desk.say("1", MIA, "This is unacceptable.", public=True, at=ago(2))
    desk.rate("1", MIA, "bad", at=ago(1))
    desk.say("1", MIA, "This is unacceptable.", public=True, at=ago(hours=1))
    found = case()
    assert (found["sum"], found["severity"]) == ("reopened 2 + bad rating 7.5 = 9.5", "dire")


# --- what is done on the desk -----------------------------------------------------------------------------------------


def test_the_case_gets_an_owner_who_is_not_complained_about_a_tag_and_one_note(desk: Local) -> None:
    desk.rate("1", MIA, "bad", comment="Nobody called.", at=ago(hours=2))
    changes = planned()
    assert [(change["action"], change["field"], change["to"]) for change in changes] == [
        ("assign", "assignee", CLEO),
        ("assign", "group", "Care"),
        ("add_tags", "tags", ["recovery-let-down"]),
        ("note", None, None),
    ]
    assert {change["reason"] for change in changes} == {"recover"}
    assert changes[0]["why"]["excluded"] == {BEN: "is whom the customer's trouble was with"}
    for words in ("Mia: bad rating 3 = 3.", "Nobody called.", "1. Say sorry", "recovery: done 1", "put things right"):
        assert words in changes[-1]["text"]
    sync()
    assert planned() == []
    ticket = desk.read(["1"]).tickets[0]
    assert (ticket.assignee, ticket.tags, ticket.group) == (CLEO, ("recovery-let-down",), "Care")
    assert case()["owner"] == CLEO


def test_another_ticket_gets_the_tag_and_one_note_that_leads_home(desk: Local) -> None:
    desk.rate("1", MIA, "bad", at=ago(3))
    sync()
    other = desk.create(MIA, "Still lost", "This is unacceptable!", at=ago(2), status="open")
    changes = planned("note", "add_tags")
    assert [(change["ticket"], change["action"]) for change in changes] == [(other, "add_tags"), (other, "note")]
    assert "recovery case 1-let-down (let-down) on ticket 1" in changes[1]["text"]
    sync()
    desk.say(other, MIA, "Unacceptable, I say.", public=True, at=ago(1))
    desk.change(other, BEN, "status", "solved", at=ago(hours=20))
    desk.change(other, MIA, "status", "open", at=ago(hours=10))
    assert planned("note", "add_tags") == []


def test_our_own_note_ticks_nothing_off(desk: Local) -> None:
    desk.rate("1", MIA, "bad", comment="recovery: closed recovered", at=ago(hours=2))
    sync()
    found = case()
    assert (found["state"], [step["at"] for step in found["steps"]]) == ("open", [None, None])


def test_a_missed_clock_is_told_to_the_lead_once(desk: Local) -> None:
    desk.rate("1", MIA, "bad", at=ago(hours=5))
    told = planned("notify")
    assert [(change["step"], change["who"]) for change in told] == [("escalate 1 acknowledge", [f"person:{ANA}"])]
    assert "acknowledge due" in told[0]["text"]
    sync()
    assert planned("notify") == []
    assert [clock["met"] for clock in case()["clocks"]] == [None, None]


def test_without_the_store_the_same_is_known(desk: Local) -> None:
    desk.rate("1", MIA, "bad", at=ago(hours=2))
    sync()
    before = case()
    Path("makegood.db").unlink()
    assert planned() == []
    assert case() == before


def test_old_trouble_is_told_but_nothing_is_written_unless_the_rule_says_so(desk: Local) -> None:
    Path("rules.yaml").write_text(RULES.replace("    backlog: include\n", ""))
    desk.rate("1", MIA, "bad", at=ago(1))
    assert planned() == []
    assert case()["state"] == "open"


def test_a_desk_without_tags_gets_the_note_alone(desk: Local) -> None:
    desk.rate("1", MIA, "bad", at=ago(hours=2))
    Path("rules.yaml").write_text(RULES.replace("assign: {team: care, choose: least_busy}", "max_open: 1"))
    assert {change["action"] for change in planned()} == {"add_tags", "note"}


def test_a_bound_on_open_cases_holds_the_younger_ones(desk: Local) -> None:
    Path("rules.yaml").write_text(RULES + "      max_open: 1\n")
    number = solved(desk, KIM)
    desk.rate(number, KIM, "bad", at=ago(2))
    desk.rate("1", MIA, "bad", at=ago(1))
    call("pull")
    plan = answer("plan")
    assert {change["ticket"] for change in plan["changes"]} == {number}
    assert {(each["ticket"], each["reason"]) for each in plan["held"]} == {("1", "max_open")}
    desk.say(number, CLEO, "recovery: closed unreachable", public=False, at=ago(hours=1))
    assert {change["ticket"] for change in planned()} == {"1"}


# --- the course -------------------------------------------------------------------------------------------------------


def test_from_contact_over_steps_to_proof_by_silence(desk: Local) -> None:
    desk.rate("1", MIA, "bad", at=ago(6))
    desk.say("1", CLEO, "I called her.", public=False, at=ago(5, hours=22))
    desk.say("1", CLEO, "I am sorry. We send a new one.", public=True, at=ago(5, hours=20))
    desk.say("1", CLEO, "recovery: done 1\nrecovery: because courier lost it", public=False, at=ago(5))
    desk.change("1", CLEO, "tags", ("recovery-done-2",), at=ago(4))
    found = case("--at", f"{ago(2):%Y-%m-%dT%H:%M:%SZ}")
    assert (found["state"], found["contacted"]["who"], found["acknowledged"]["who"]) == ("resolved", CLEO, CLEO)
    assert [step["who"] for step in found["steps"]] == [CLEO, CLEO]
    assert found["verify_at"].startswith(f"{ago(1):%Y-%m-%d}")
    found = case()
    assert (found["state"], found["outcome"], found["by"]) == ("verified", "recovered", "no more trouble")
    assert found["root_cause"] == "courier lost it"
    assert [turn["state"] for turn in found["turns"]] == ["open", "contacted", "resolved", "verified"]


@pytest.mark.parametrize(
    ("deed", "state", "by"),
    [
        (lambda desk: desk.rate("1", MIA, "good", at=ago(3)), "verified", "rated good"),
        (lambda desk: desk.rate("1", MIA, "bad", at=ago(3)), "failed", "rated bad again"),
        (
            lambda desk: desk.say("1", MIA, "Great, it works now!", public=True, at=ago(3)),
            "verified",
            "thanked: ",
        ),
        (lambda desk: desk.change("1", MIA, "status", "open", at=ago(3)), "open", ""),
        (
            lambda desk: desk.say("1", ANA, "recovery: closed customer at fault", public=False, at=ago(3)),
            "failed",
            "closed",
        ),
        (lambda desk: desk.say("1", ANA, "recovery: reopened", public=False, at=ago(3)), "open", ""),
    ],
    ids=["good", "bad", "thanks", "reopened", "closed", "marked"],
)
def test_what_is_resolved_is_proved_or_comes_back(desk: Local, deed: Any, state: str, by: str) -> None:
    desk.rate("1", MIA, "bad", at=ago(6))
    desk.say("1", CLEO, "recovery: resolved", public=False, at=ago(5))
    deed(desk)
    found = case()
    assert (found["state"], found["round"]) == (state, 2 if state == "open" else 1)
    assert found["by"].startswith(by)


def test_trouble_that_returns_begins_another_round_with_another_note(desk: Local) -> None:
    desk.rate("1", MIA, "bad", at=ago(6))
    sync()
    desk.say("1", CLEO, "recovery: resolved", public=False, at=ago(5))
    desk.change("1", MIA, "status", "open", at=ago(4, hours=1))
    (note,) = planned("note")
    assert "The trouble is back." in note["text"]
    sync()
    assert planned("note") == []
    assert [(each["round"], each["state"]) for each in cases()] == [(2, "open")]


def test_after_the_proof_trouble_within_the_cool_down_is_the_same_case(desk: Local) -> None:
    desk.rate("1", MIA, "bad", at=ago(8))
    desk.say("1", CLEO, "recovery: resolved", public=False, at=ago(7))
    desk.change("1", MIA, "status", "open", at=ago(1))
    assert [(each["round"], each["state"], each["opened"][:10]) for each in cases()] == [
        (2, "open", f"{ago(8):%Y-%m-%d}")
    ]


def test_what_a_person_closed_stays_closed_within_the_cool_down(desk: Local) -> None:
    desk.rate("1", MIA, "bad", at=ago(8))
    desk.say("1", CLEO, "recovery: closed false alarm", public=False, at=ago(7))
    desk.rate("1", MIA, "good", at=ago(6))
    desk.rate("1", MIA, "bad", at=ago(5))
    found = case()
    assert (found["state"], found["outcome"], found["closed_by"]) == ("failed", "false_alarm", CLEO)
    assert kinds(found) == ["bad_rating", "bad_rating"]


def test_after_the_cool_down_it_is_a_new_case(desk: Local) -> None:
    Path("rules.yaml").write_text(RULES + "      cool_down: 2 days\n")
    desk.rate("1", MIA, "bad", at=ago(8))
    desk.say("1", CLEO, "recovery: closed recovered", public=False, at=ago(7))
    desk.change("1", MIA, "status", "open", at=ago(1))
    assert [(each["id"], each["state"]) for each in cases()] == [("1-let-down-2", "open"), ("1-let-down", "verified")]


def test_without_steps_contact_and_a_solved_ticket_resolve_it(desk: Local) -> None:
    Path("rules.yaml").write_text(RULES.replace("      steps: [Say sorry, Put it right]\n", ""))
    desk.change("1", MIA, "status", "open", at=ago(5))
    desk.rate("1", MIA, "bad", at=ago(4))
    desk.say("1", CLEO, "Sorry!", public=True, at=ago(3))
    assert case()["state"] == "contacted"
    desk.change("1", CLEO, "status", "solved", at=ago(2))
    assert case()["state"] == "resolved"


def test_the_home_moves_with_a_merge_and_ends_with_the_last_ticket(desk: Local) -> None:
    desk.rate("1", MIA, "bad", at=ago(4))
    sync()
    other = desk.create(MIA, "Still lost", "Hello?", at=ago(3), status="open")
    desk.merge("1", other, BEN, at=ago(2))
    found = case()
    assert (found["ticket"], found["tickets"], found["state"]) == (other, ["1", other], "open")
    assert planned("note") == []
    desk.say(other, CLEO, "Sorry!", public=True, at=ago(1))
    assert case()["state"] == "contacted"
    desk.delete(other, BEN, at=ago(hours=3))
    assert (case()["state"], case()["outcome"]) == ("failed", "deleted")
    assert answer("recovery")["cases"] == []


# --- commands ---------------------------------------------------------------------------------------------------------


def test_the_board_names_what_is_due_and_what_is_late(desk: Local) -> None:
    desk.rate("1", MIA, "bad", comment="Nobody called.", at=ago(hours=30))
    call("pull")
    text = call("recovery").stdout
    for words in (
        "Open: the customer has not heard from us",
        "1-let-down  medium  3",
        "acknowledge 26 h late",
        "Mia: bad rating 3",
    ):
        assert words in text
    assert "1 case, 1 late. One in full: makegood recovery 1-let-down" in text


def test_one_case_in_full(desk: Local) -> None:
    desk.rate("1", MIA, "bad", comment="Nobody called.", at=ago(hours=30))
    desk.say(
        "1", CLEO, "recovery: done 1\nrecovery: goodwill a voucher\nrecovery: dance", public=False, at=ago(hours=29)
    )
    call("pull")
    for name in ("1-let-down", "1-LET-DOWN", "#1", "1"):
        text = call("recovery", name).stdout
        for words in (
            "let-down, medium, open",
            "Nobody called.",
            "x 1. Say sorry  (Cleo",
            "Goodwill: a voucher.",
            "dance",
        ):
            assert words in text
        assert answer("recovery", name)["id"] == "1-let-down"


def test_a_case_is_closed_on_the_desk(desk: Local) -> None:
    desk.rate("1", MIA, "bad", at=ago(hours=30))
    call("pull")
    done = call(
        "recovery", "1", "--close", "not-recovered", "--because", "late courier", "--done", "2", "--judge", "right"
    )
    assert done.exit_code == 0, done.output
    note = desk.read(["1"]).events[-1]
    assert (note.text or "").startswith(
        "recovery: done 2\nrecovery: because late courier\nrecovery: right\nrecovery: closed"
    )
    assert not note.public
    found = case()
    assert (found["state"], found["outcome"], found["root_cause"], found["flagged_rightly"]) == (
        ("failed", "not_recovered", "late courier", True)
    )
    assert answer("recovery")["cases"] == []
    assert "1 have ended: see --all" in call("recovery").stdout
    again = answer(
        "recovery", "1", "--close", "not-recovered", "--because", "late courier", "--done", "2", "--judge", "right"
    )
    assert [outcome["outcome"] for outcome in again["outcomes"]] == ["already"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--close", "recovered"), "Name the case."),
        (("1", "--close", "recovered", "--at", "2026-01-01"), "leave out --at"),
        (("2",), "there is no recovery case 2"),
        (("1-let-dwn",), "did you mean 1-let-down?"),
        (("1", "--close", "great"), "Invalid value for '--close'"),
    ],
)
def test_what_cannot_be_said_is_told(desk: Local, arguments: tuple[str, ...], words: str) -> None:
    desk.rate("1", MIA, "bad", at=ago(1))
    call("pull")
    result = call("recovery", *arguments)
    assert words in result.output + str(result.exception)


def test_upcoming_and_explain_tell_of_cases(desk: Local) -> None:
    desk.rate("1", MIA, "bad", at=ago(hours=2))
    call("pull")
    (item,) = [each for each in answer("upcoming")["items"] if each["kind"] == "recovery"]
    assert (item["ticket"], item["name"], item["state"], item["quote"]) == (
        "1",
        "acknowledge",
        "open",
        "bad rating 3 = 3",
    )
    told = answer("explain", "1")
    assert told["recovery"][0]["id"] == "1-let-down"
    assert [turn["clock"] for turn in told["next"] if turn.get("case")] == ["acknowledge", "first_contact"]
    text = call("explain", "1").stdout
    assert "case 1-let-down  open, medium" in text
    assert "case 1-let-down: first contact is missed" in text


def test_other_rules_read_how_a_case_is(desk: Local) -> None:
    more = (
        "  - name: Tell them\n    when: {recovery: failed}\n    backlog: include\n    notify: {who: ana@acme.example}\n"
    )
    Path("rules.yaml").write_text(RULES + more)
    desk.rate("1", MIA, "bad", at=ago(6))
    desk.say("1", CLEO, "recovery: resolved", public=False, at=ago(5))
    call("pull")
    at = ("--at", f"{ago(4):%Y-%m-%dT%H:%M:%SZ}")
    assert [each["ticket"] for each in answer("plan", *at)["changes"] if each["rule"] == "Tell them"] == []
    desk.rate("1", MIA, "bad", at=ago(3))
    call("pull")
    told = [each for each in answer("plan")["changes"] if each["rule"] == "Tell them"]
    assert [(each["ticket"], each["episode"][:10]) for each in told] == [("1", f"{ago(3):%Y-%m-%d}")]


def test_a_sync_that_looks_again_when_a_clock_runs_out(desk: Local) -> None:
    desk.rate("1", MIA, "bad", at=datetime.now(UTC) - timedelta(hours=4) + timedelta(seconds=2))
    sync()
    assert not [event for event in desk.read(["1"]).events if "acknowledge due" in (event.text or "")]
    import time

    time.sleep(2.2)
    sync()
    assert [event for event in desk.read(["1"]).events if "acknowledge due" in (event.text or "")]


# --- rule files and rule tests ----------------------------------------------------------------------------------------

TESTS = """
tests:
  - name: A broken promise is told to the lead, and the customer won back
    at: 2026-03-16 09:00
    events:
      - {at: 2026-03-12 10:00, by: customer, says: My parcel is lost}
      - {at: 2026-03-12 11:00, by: ben@acme.example, says: Sorry! I will call you on Friday.}
    expect: {promise: broken, recovery: open, assign: care, recover: let-down}
  - name: And then contacted
    at: 2026-03-16 12:00
    events:
      - {at: 2026-03-12 10:00, by: customer, says: My parcel is lost}
      - {at: 2026-03-12 11:00, by: ben@acme.example, says: Sorry! I will call you on Friday.}
      - {at: 2026-03-16 10:00, by: cleo@acme.example, says: I am sorry.}
    expect: {recovery: {state: contacted, due: missing}, assign: care}
"""


def test_rule_tests_know_cases(desk: Local) -> None:
    rules = (
        RULES.replace("csat: bad,", "csat: bad, promise: broken,")
        .replace("      acknowledge: 4 hours\n", "")
        .replace("first_contact: 1 day", "first_contact: 3 days")
    )
    Path("rules.yaml").write_text(rules + TESTS)
    result = call("test")
    assert result.exit_code == 0, result.output
    Path("rules.yaml").write_text(rules + TESTS.replace("recovery: open, ", "").replace(", recover: let-down", ""))
    assert "`recover` was not expected" in call("test").output


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("when: {recovery: failed}\n    recover: {cause: x}", "`recover` cannot read `recovery`"),
        (
            "when: {recovery: open}\n    deadline: {name: d, target: update, within: 1 hour}",
            "a deadline cannot read `recovery`",
        ),
        ("when: {csat: bad}\n    recover: {cause: x, weights: {bad_ratings: 3}}", "did you mean `bad_rating`?"),
        ("when: {csat: bad}\n    recover: {severity: high}", "`recover` needs `cause`"),
        ("when: {csat: bad}\n    recover: {cause: x, contact: 1 day}", "did you mean `first_contact`?"),
        ("when: {csat: bad}\n    recover: {cause: x, max_open: 0}", "a whole number of at least 1"),
    ],
)
def test_what_is_wrong_is_told_on_its_line(tmp_path: Path, rule: str, words: str) -> None:
    assert words in complaints(tmp_path / "rules.yaml", f"rules:\n  - name: R\n    {rule}\n")


def test_the_plan_as_json_is_the_contract(desk: Local) -> None:
    desk.rate("1", MIA, "bad", at=ago(hours=2))
    call("pull")
    board = json.loads(call("recovery", "--format", "json").stdout)
    (found,) = board["cases"]
    assert {"id", "requester", "cause", "state", "severity", "opened", "owner", "tickets", "signals"} <= found.keys()
    assert {"kind", "ticket", "at", "rule"} <= found["signals"][0].keys()
