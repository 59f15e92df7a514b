"""``feedback``: what customers said of our help, through the command line and the embedded desk."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fake_cli import SETTINGS, answer, call, stop_the_clock

from makegood.connectors.local import Local
from makegood.connectors.ticket import FieldSpec, Person

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
BEN, CLEO, MIA, KIM = "ben@acme.example", "cleo@acme.example", "mia@lake.example", "kim@lake.example"
RULES = """\
version: 1
default_calendar: office
calendars: {office: {time_zone: Europe/Berlin, hours: {mon-fri: 09:00-17:00}}}
teams:
  parcels: {group: Parcels}
words:
  themes: {delivery: [parcel*, courier], billing: [invoice*, refund*]}
rules:
  - {name: Bad ratings, when: {csat: bad}, recover: {cause: let-down}}
"""
ANGRY, THANKS = "This is unacceptable!", "Great, it works now, thank you so much!"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Local]:
    """Two agents, two customers, and Mia's ticket that Ben solved on 3 March."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "110")
    stop_the_clock(monkeypatch, NOW)
    Path("makegood.toml").write_text(SETTINGS)
    Path("rules.yaml").write_text(RULES)
    with Local(tmp_path / "desk.db", now=lambda: NOW) as desk:
        desk.describe(
            groups=("Parcels", "Billing"),
            fields={
                "Reason": FieldSpec("Reason"),
                "Topics": FieldSpec("Topics", "list"),
                "Boss": FieldSpec("Boss", "person"),
            },
        )
        for who, name, group in ((BEN, "Ben", "Parcels"), (CLEO, "Cleo", "Billing")):
            desk.add_person(Person(who, name, email=who, role="agent", groups=(group,)))
        for who, name in ((MIA, "Mia"), (KIM, "Kim")):
            desk.add_person(Person(who, name, email=who))
        solved(desk, MIA)
        yield desk


def on(day: int, hour: int = 12, minute: int = 0, **more: int) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC) + timedelta(**more)


def solved(desk: Local, customer: str, subject: str = "A question") -> str:
    """A ticket of 2 March in Ben's hands, solved a day later."""
    number = desk.create(customer, subject, "Hello?", at=on(2), status="open", group="Parcels")
    desk.change(number, BEN, "assignee", BEN, at=on(2, 13))
    desk.change(number, BEN, "status", "solved", at=on(3))
    return number


def told(*more: str) -> list[dict[str, Any]]:
    assert call("pull").exit_code == 0
    found: list[dict[str, Any]] = answer("feedback", "--from", "2026-03-01", "--to", "2026-03-31", *more)["feedback"]
    return found


def kinds(*more: str) -> list[tuple[str, str]]:
    return [(each["kind"], each["text"]) for each in told(*more)]


def per_person() -> None:
    Path("makegood.toml").write_text(SETTINGS + "[report]\nper_person = true\n")


# --- what counts ------------------------------------------------------------------------------------------------------


def test_ratings_with_their_comments(desk: Local) -> None:
    desk.rate("1", MIA, "bad", comment="Nobody\n  called.", at=on(4))
    desk.rate("1", MIA, "good", at=on(5))
    assert told() == [
        {
            "at": "2026-03-04T12:00:00Z",
            "kind": "bad",
            "ticket": "1",
            "called": "1",
            "url": "desk.db#1",
            "subject": "A question",
            "requester": MIA,
            "team": "parcels",
            "person": None,
            "text": "Nobody called.",
            "themes": [],
        },
        {**told()[0], "at": "2026-03-05T12:00:00Z", "kind": "good", "text": ""},
    ]


def test_a_comment_that_a_desk_tells_later_is_no_further_rating(desk: Local) -> None:
    desk.rate("1", MIA, "bad", at=on(4))
    desk.rate("1", MIA, "bad", comment="Nobody called.", at=on(4, minute=40))
    desk.rate("1", MIA, "bad", comment="Still nobody.", at=on(4, minute=50))
    assert kinds() == [("bad", "Nobody called."), ("bad", "Still nobody.")]


def test_the_same_rating_within_a_minute_is_one(desk: Local) -> None:
    desk.rate("1", MIA, "bad", comment="No.", at=on(4))
    desk.rate("1", MIA, "bad", at=on(4, minute=1))
    desk.rate("1", MIA, "good", at=on(4, minute=1))
    assert kinds() == [("bad", "No."), ("good", "")]


def test_a_message_that_reopens_is_the_reason(desk: Local) -> None:
    desk.say("1", MIA, "It never came.", at=on(5))
    assert kinds() == [("reopened", "It never came.")]


def test_what_a_customer_wrote_before_it_was_solved_is_no_reason(desk: Local) -> None:
    other = desk.create(MIA, "Another", "Where is it?", at=on(4), status="open")
    desk.change(other, BEN, "status", "solved", at=on(4, minute=10))
    desk.change(other, MIA, "status", "open", at=on(4, minute=20))
    assert kinds() == [("reopened", "")]


def test_what_agents_reopen_by_themselves_was_said_by_nobody(desk: Local) -> None:
    desk.change("1", BEN, "status", "open", at=on(6))
    assert kinds() == []


def test_what_an_agent_reopens_because_a_customer_wrote_has_that_reason(desk: Local) -> None:
    desk.describe(closed_is_final=False)
    desk.change("1", BEN, "status", "closed", at=on(4))
    desk.say("1", MIA, "It broke again.", at=on(6))
    desk.say("1", BEN, "I look into it.", at=on(9, 7))
    desk.change("1", BEN, "status", "open", at=on(9, 8))
    assert kinds() == [("reopened", "It broke again.")]


def test_a_desk_may_tell_the_message_after_the_reopening(desk: Local) -> None:
    desk.change("1", None, "status", "open", at=on(6))
    desk.say("1", MIA, "It broke again.", at=on(6, minute=1))
    desk.say("1", MIA, "I wait.", at=on(6, minute=2))
    assert kinds() == [("reopened", "It broke again.")]


def test_thanks_that_wake_a_ticket_are_thanks_alone(desk: Local) -> None:
    desk.say("1", MIA, THANKS, at=on(5))
    desk.say("1", MIA, "PS: see you.", at=on(5))
    assert kinds() == [("thanks", THANKS)]


def test_old_thanks_are_no_reason_either(desk: Local) -> None:
    desk.say("1", MIA, THANKS, at=on(5))
    desk.change("1", BEN, "status", "solved", at=on(5, minute=5))
    desk.change("1", MIA, "status", "open", at=on(6))
    assert kinds() == [("thanks", THANKS), ("reopened", "")]


def test_an_angry_message_that_reopens_is_both(desk: Local) -> None:
    desk.say("1", MIA, ANGRY, at=on(5))
    assert kinds() == [("angry", ANGRY), ("reopened", ANGRY)]


def test_only_what_customers_write_in_public_themselves_counts(desk: Local) -> None:
    desk.say("1", BEN, ANGRY, at=on(5))
    desk.say("1", MIA, ANGRY, public=False, at=on(5))
    desk.say("1", MIA, ANGRY, auto=True, at=on(5))
    assert kinds() == []


def test_words_are_those_of_the_tickets_language(desk: Local) -> None:
    desk.change("1", BEN, "language", "de", at=on(4))
    desk.say("1", MIA, "Super, jetzt funktioniert es, vielen Dank!", at=on(5))
    desk.say("1", MIA, ANGRY, at=on(6))
    assert [kind for kind, _ in kinds()] == ["thanks"]


def test_deleted_tickets_are_not_told_of_and_merged_ones_are(desk: Local) -> None:
    for rules in (RULES, RULES.partition("rules:")[0] + "rules: [{name: x, when: {status: new}, add_tags: [x]}]\n"):
        Path("rules.yaml").write_text(rules)
        merged, gone = solved(desk, KIM), solved(desk, KIM)
        for number in (merged, gone):
            desk.rate(number, KIM, "bad", comment=f"On {number}.", at=on(4))
        desk.merge(merged, "1", BEN, at=on(6))
        desk.delete(gone, BEN, at=on(6))
        assert kinds()[-1] == ("bad", f"On {merged}.")
        assert f"On {gone}." not in str(kinds())


# --- then, not now ----------------------------------------------------------------------------------------------------


def test_team_person_requester_and_subject_are_those_of_then(desk: Local) -> None:
    per_person()
    desk.rate("1", MIA, "bad", at=on(4))
    before = told()
    for field, value in (("assignee", CLEO), ("group", "Billing")):
        desk.change("1", CLEO, field, value, at=on(5))
    desk.rate("1", MIA, "bad", comment="Again.", at=on(6))
    desk.change("1", CLEO, "requester", KIM, at=datetime(2026, 4, 2, tzinfo=UTC))
    desk.change("1", CLEO, "subject", "Refund", at=datetime(2026, 4, 2, tzinfo=UTC))
    desk.merge("1", solved(desk, KIM), CLEO, at=datetime(2026, 4, 3, tzinfo=UTC))
    after = told()
    assert after[0] == before[0]
    assert [(each["team"], each["person"]) for each in after] == [("parcels", BEN), ("Billing", CLEO)]
    assert {(each["requester"], each["subject"]) for each in after} == {(MIA, "A question")}


def test_who_has_nobody_says_so(desk: Local) -> None:
    per_person()
    desk.change("1", BEN, "assignee", None, at=on(3))
    desk.change("1", BEN, "group", None, at=on(3))
    desk.rate("1", MIA, "good", at=on(4))
    assert [(each["team"], each["person"]) for each in told()] == [("no team", "nobody")]


@pytest.mark.parametrize(
    ("bounds", "days"),
    [
        (("--from", "2026-03-10", "--to", "2026-03-12"), [10, 12]),
        (("--from", "2026-03-11", "--to", "2026-03-12"), [12]),
        (("--from", "2026-03-10T12:00:00Z", "--to", "2026-03-12T22:59:59Z"), [10]),
        (("--from", "2026-03-10T12:00:01Z", "--to", "2026-03-13"), [12, 13]),
        (("--to", "2026-03-12"), [10, 12]),
    ],
)
def test_periods_have_their_last_day(desk: Local, bounds: tuple[str, ...], days: list[int]) -> None:
    for day, at in ((10, on(10)), (12, on(12, 22, 59) + timedelta(seconds=59)), (13, on(12, 23))):
        desk.rate(solved(desk, MIA), MIA, "good", comment=f"{day}", at=at)
    call("pull")
    assert [int(each["text"]) for each in answer("feedback", *bounds)["feedback"]] == days


def test_a_comment_or_message_after_the_end_is_not_known_yet(desk: Local) -> None:
    desk.rate("1", MIA, "bad", at=on(31, 21, 59))
    desk.rate("1", MIA, "bad", comment="Late.", at=on(31, 22, 5))
    desk.change("1", MIA, "status", "open", at=on(31, 21, 59))
    desk.say("1", MIA, THANKS, at=on(31, 22, 0))
    assert kinds() == [("bad", ""), ("reopened", "")]
    april = answer("feedback", "--from", "2026-04-01", "--to", "2026-04-05")["feedback"]
    assert [(each["kind"], each["text"]) for each in april] == [("thanks", THANKS)]


def test_without_dates_it_is_the_last_four_weeks(desk: Local) -> None:
    desk.rate("1", MIA, "good", comment="old", at=NOW - timedelta(days=28, seconds=1))
    desk.rate("1", MIA, "bad", comment="new", at=NOW - timedelta(days=27))
    call("pull")
    assert [each["text"] for each in answer("feedback")["feedback"]] == ["new"]


@pytest.mark.parametrize("bounds", [("--from", "2026-03-10", "--to", "2026-03-01"), ("--from", "yesterday-ish")])
def test_a_period_that_is_none_is_told(desk: Local, bounds: tuple[str, ...]) -> None:
    call("pull")
    result = call("feedback", *bounds)
    assert result.exit_code == 1
    assert "--from" in result.stderr


# --- themes -----------------------------------------------------------------------------------------------------------


def test_themes_are_found_in_the_words_else_in_what_the_ticket_is_about(desk: Local) -> None:
    other = solved(desk, KIM, "Where is my parcel")
    desk.rate("1", MIA, "bad", comment="The courier lost the invoice.", at=on(4))
    desk.rate(other, KIM, "bad", comment="Your REFUND, please.", at=on(5))
    desk.rate(other, KIM, "good", comment="Fine.", at=on(6))
    desk.rate("1", MIA, "good", comment="Fine.", at=on(7))
    assert [each["themes"] for each in told()] == [["delivery", "billing"], ["billing"], ["delivery"], []]


def test_the_value_of_a_fact_at_that_time_is_a_theme_too(desk: Local) -> None:
    desk.change("1", BEN, "field.Reason", "Lost", at=on(3))
    desk.rate("1", MIA, "bad", comment="My parcel!", at=on(4))
    desk.change("1", BEN, "field.Reason", None, at=on(5))
    desk.rate("1", MIA, "bad", comment="Hm.", at=on(6))
    desk.change("1", BEN, "field.Reason", "Found", at=on(7))
    for spelled in ("field.Reason", "field.reason"):
        assert [each["themes"] for each in told("--theme", spelled)] == [["Lost", "delivery"], []]
    assert [each["themes"] for each in told()] == [["delivery"], []]


def test_each_entry_of_a_list_is_a_theme(desk: Local) -> None:
    desk.change("1", BEN, "tags", ("red", "blue"), at=on(3))
    desk.change("1", BEN, "field.Topics", ("red", "wide"), at=on(3))
    desk.rate("1", MIA, "bad", at=on(4))
    assert [each["themes"] for each in told("--theme", "tags")] == [["red", "blue"]]
    assert [each["themes"] for each in told("--theme", "field.Topics")] == [["red", "wide"]]


@pytest.mark.parametrize(
    ("theme", "hint"),
    [
        ("chanel", "did you mean channel?"),
        ("field.Reasen", "did you mean field.Reason?"),
        ("promise", "name a choice, a list or a custom field"),
        ("deadline.first-reply", "name a choice, a list or a custom field"),
        ("assignee", "name a choice, a list or a custom field"),
        ("field.Boss", "did you mean field.Topics?"),
        ("created", "name a choice, a list or a custom field"),
    ],
)
def test_a_fact_that_is_no_theme_is_told(desk: Local, theme: str, hint: str) -> None:
    call("pull")
    result = call("feedback", "--theme", theme)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"--theme: {theme} is no fact whose value can be a theme" in result.stderr
    assert hint in result.stderr


def test_people_are_themes_only_where_they_may_be_told_apart(desk: Local) -> None:
    per_person()
    desk.change("1", BEN, "field.Boss", CLEO, at=on(3))
    desk.rate("1", MIA, "bad", at=on(4))
    assert [each["themes"] for each in told("--theme", "assignee")] == [[BEN]]
    assert [each["themes"] for each in told("--theme", "field.Boss")] == [[CLEO]]


# --- formats ----------------------------------------------------------------------------------------------------------

MARCH = ("--from", "2026-03-01", "--to", "2026-03-31")


def table(*more: str) -> list[dict[str, str]]:
    call("pull")
    return list(csv.DictReader(io.StringIO(call("feedback", *MARCH, "--format", "csv", *more).stdout)))


def test_csv_keeps_quotes_commas_and_other_scripts(desk: Local) -> None:
    said = 'She said "no", then\nhung up; 怒った €5 näh'
    other = solved(desk, KIM, "Parcel\nand invoice")
    desk.rate(other, KIM, "bad", comment=said, at=on(4))
    (row,) = table()
    assert row == {
        "at": "2026-03-04T12:00:00Z",
        "kind": "bad",
        "ticket": other,
        "url": f"desk.db#{other}",
        "subject": "Parcel\nand invoice",
        "requester": KIM,
        "team": "parcels",
        "person": "",
        "text": " ".join(said.split()),
        "themes": "delivery, billing",
    }


@pytest.mark.parametrize("text", ["=1+1", "+49 30 1", "-2", "@SUM(A1)", "  =1+1", "\uff1d1+1"])
def test_no_cell_of_the_csv_is_a_formula(desk: Local, text: str) -> None:
    other = solved(desk, KIM, text)
    desk.change(other, BEN, "group", None, at=on(3))
    desk.change(other, BEN, "field.Reason", text, at=on(3))
    desk.rate(other, KIM, "bad", comment=text, at=on(4))
    (row,) = table("--theme", "field.Reason")
    assert (row["subject"], row["text"], row["themes"]) == (f"'{text}", f"'{text.strip()}", f"'{text}")


def test_people_are_told_apart_only_where_the_settings_say_so(desk: Local) -> None:
    desk.rate("1", MIA, "bad", at=on(4))
    forms = [("--format", "json"), ("--format", "csv"), ()]
    call("pull")
    assert [name for form in forms for name in (BEN, "Ben") if name in call("feedback", *MARCH, *form).stdout] == []
    per_person()
    shown = [call("feedback", *MARCH, *form).stdout for form in forms]
    assert [BEN in shown[0], BEN in shown[1], "parcels, Ben" in shown[2]] == [True, True, True]


def test_the_text_ends_with_sums_and_themes(desk: Local) -> None:
    desk.rate("1", MIA, "bad", comment="My parcel \x1b[31mwas late.", at=on(4))
    desk.say("1", MIA, THANKS, at=on(5))
    desk.rate("1", MIA, "bad", comment="The invoice for the parcel is wrong.", at=on(6))
    call("pull")
    assert call("feedback", *MARCH).stdout.splitlines() == [
        "2026-03-04 12:00 UTC  bad  #1  parcels  [delivery]",
        "      My parcel �[31mwas late.",
        "2026-03-05 12:00 UTC  thanks  #1  parcels",
        f"      {THANKS}",
        "2026-03-06 12:00 UTC  bad  #1  parcels  [delivery, billing]",
        "      The invoice for the parcel is wrong.",
        "",
        "2 bad, 1 thanks.",
        "  delivery  2",
        "  billing   1",
    ]


def test_of_much_that_was_said_the_text_shows_the_latest(desk: Local) -> None:
    for number in range(42):
        desk.rate("1", MIA, "good" if number % 2 else "bad", comment=f"No. {number}", at=on(4, minute=0, hours=number))
    call("pull")
    text = call("feedback", *MARCH).stdout
    assert "The latest 40 of 42; all of them: --format csv" in text
    assert ("No. 1\n" in text, "No. 2\n" in text, "21 bad, 21 good." in text) == (False, True, True)
    assert len(table()) == len(told()) == 42


def test_nothing_said(desk: Local) -> None:
    assert told() == []
    assert call("feedback", *MARCH).stdout == "Customers said nothing of our help in this time.\n"
    assert call("feedback", *MARCH, "--format", "csv").stdout == (
        "at,kind,ticket,url,subject,requester,team,person,text,themes\n"
    )


def test_before_the_first_pull_it_says_what_to_do(desk: Local) -> None:
    for theme in ((), ("--theme", "field.Reason")):
        result = call("feedback", *theme)
        assert result.exit_code == 1
        assert "makegood pull" in result.stderr
