"""``recognition``: what is worth reading aloud, through the command line and the embedded desk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fake_cli import SETTINGS, answer, call, stop_the_clock

from makegood.connectors.local import Local
from makegood.connectors.ticket import Person

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
BEN, CLEO, DORA, MIA, KIM = (
    *("ben@acme.example", "cleo@acme.example", "dora@acme.example"),
    *("mia@lake.example", "kim@lake.example"),
)
RULES = """\
version: 1
teams:
  care: {group: Care, people: [cleo@acme.example]}
rules:
  - {name: Word, promise: {from_grade: day}}
  - {name: Bad ratings, when: {csat: bad}, recover: {cause: let-down, verify_after: 1 day}}
"""
THANKS = "Great, it works now, thank you so much!"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Local]:
    """Three agents of three groups, two customers, and Mia's ticket in Ben's hands, in the group Parcels."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    stop_the_clock(monkeypatch, NOW)
    Path("makegood.toml").write_text(SETTINGS)
    Path("rules.yaml").write_text(RULES)
    with Local(tmp_path / "desk.db", now=lambda: NOW) as desk:
        desk.describe(groups=("Care", "Parcels", "Billing"))
        agents = ((BEN, "Ben Berg", "Parcels"), (CLEO, "Cleo Carl", "Parcels"), (DORA, "Dora Dill", "Billing"))
        for who, name, group in agents:
            desk.add_person(Person(who, name, email=who, role="agent", groups=(group,)))
        for who, name in ((MIA, "Mia Moor"), (KIM, "Kim Kerr")):
            desk.add_person(Person(who, name, email=who))
        ticket(desk, MIA)
        yield desk


def on(day: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def ticket(desk: Local, customer: str) -> str:
    number = desk.create(customer, "A question", "Hello?", at=on(2), status="open", group="Parcels")
    desk.change(number, BEN, "assignee", BEN, at=on(2, 13))
    return number


def praised(*more: str) -> list[dict[str, Any]]:
    assert call("pull").exit_code == 0
    found: list[dict[str, Any]] = answer("recognition", *more)["recognition"]
    return found


def sums(*more: str) -> dict[str, tuple[int, int, int]]:
    return {each["name"]: (each["kept"], len(each["won_back"]), len(each["thanks"])) for each in praised(*more)}


def per_person() -> None:
    Path("makegood.toml").write_text(SETTINGS + "[report]\nper_person = true\n")


def promise(desk: Local, number: str, who: str, *, kept: bool = True) -> None:
    """A promise of the 9th for the 10th; whoever answers then keeps it."""
    desk.say(number, who, "I will call you within 24 hours.", public=True, at=on(9))
    desk.say(number, BEN, "As I said on the phone: done.", public=True, at=on(10 if kept else 11, 11))


# --- promises ---------------------------------------------------------------------------------------------------------


def test_a_kept_promise_is_its_authors(desk: Local) -> None:
    promise(desk, "1", CLEO)
    assert sums() == {"care": (1, 0, 0)}
    per_person()
    assert sums() == {"Cleo Carl": (1, 0, 0)}


def test_whoever_is_in_no_team_of_the_file_has_that_of_their_group(desk: Local) -> None:
    promise(desk, "1", DORA)
    assert sums() == {"Billing": (1, 0, 0)}


def test_a_broken_promise_and_one_kept_in_another_week_are_not_praised(desk: Local) -> None:
    promise(desk, "1", CLEO, kept=False)
    assert sums() == {}
    promise(desk, ticket(desk, KIM), CLEO)
    assert sums("--from", "2026-03-11", "--to", "2026-03-13") == {}
    assert sums("--from", "2026-03-10", "--to", "2026-03-10") == {"care": (1, 0, 0)}


def test_without_a_rule_about_promises_none_is_counted(desk: Local) -> None:
    promise(desk, "1", CLEO)
    Path("rules.yaml").write_text("rules: [{name: x, when: {status: new}, add_tags: [x]}]\n")
    assert sums() == {}


def test_a_promise_that_came_along_with_a_merged_ticket_is_kept_once(desk: Local) -> None:
    other = ticket(desk, KIM)
    desk.say("1", CLEO, "I will call you within 24 hours.", public=True, at=on(9))
    desk.merge("1", other, BEN, at=on(9, 13))
    desk.say(other, BEN, "Done.", public=True, at=on(10, 9))
    assert sums() == {"care": (1, 0, 0)}


# --- customers who were won back --------------------------------------------------------------------------------------


def let_down(desk: Local, number: str = "1", customer: str = MIA) -> None:
    desk.rate(number, customer, "bad", at=on(8))
    desk.say(number, BEN, "recovery: resolved", public=False, at=on(9, 12, 1))


def test_a_rating_or_thanks_win_back_for_whoever_had_the_ticket_then(desk: Local) -> None:
    let_down(desk)
    desk.change("1", DORA, "group", "Care", at=on(9, 13))
    desk.change("1", DORA, "assignee", DORA, at=on(9, 13))
    desk.rate("1", MIA, "good", at=on(9, 14))
    desk.change("1", DORA, "group", "Billing", at=on(10))
    other = ticket(desk, KIM)
    let_down(desk, other, KIM)
    desk.say(other, KIM, THANKS, at=on(9, 15))
    assert sums() == {"Parcels": (0, 1, 1), "care": (0, 1, 0)}
    (case,) = praised()[1]["won_back"]
    assert case == {"case": "1-let-down", "requester": MIA, "by": "rated good", "ended": "2026-03-09T14:00:00Z"}
    per_person()
    assert sums() == {"Ben Berg": (0, 1, 1), "Dora Dill": (0, 1, 0)}


def test_silence_or_a_lead_win_nobody_back(desk: Local) -> None:
    let_down(desk)
    other = ticket(desk, KIM)
    let_down(desk, other, KIM)
    desk.say(other, CLEO, "recovery: closed recovered", public=False, at=on(9, 13))
    call("pull")
    states = {each["id"]: (each["state"], each["by"]) for each in answer("recovery", "--all")["cases"]}
    assert states == {
        "1-let-down": ("verified", "no more trouble"),
        f"{other}-let-down": ("verified", "closed"),
    }
    assert sums() == {}


def test_whoever_came_back_is_not_won_back(desk: Local) -> None:
    let_down(desk)
    desk.rate("1", MIA, "good", at=on(9, 14))
    desk.rate("1", MIA, "bad", at=on(10))
    assert sums() == {}
    assert sums("--from", "2026-03-09", "--to", "2026-03-09") == {"Parcels": (0, 1, 0)}


# --- thanks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Thank you so much, Cleo, it works now!", "Cleo Carl"),
        ("It works now, thank you so much. Cleo's idea was right.", "Cleo Carl"),
        ("It works now, thank you so much, Cleo and Dora!", "Ben Berg"),
        ("It works now, thank you so much, Cleopatra!", "Ben Berg"),
        ("It works now, thank you so much! I like Mr Carl.", "Ben Berg"),
        ("It works now, thank you so much!", "Ben Berg"),
    ],
)
def test_thanks_are_for_whom_the_customer_names_else_for_the_owner(desk: Local, text: str, name: str) -> None:
    desk.say("1", MIA, text, at=on(10))
    desk.change("1", DORA, "assignee", DORA, at=on(11))
    team = {"Cleo Carl": "care", "Ben Berg": "Parcels"}[name]
    assert sums() == {team: (0, 0, 1)}
    assert praised()[0]["thanks"] == [{"requester": MIA, "ticket": "1", "url": "desk.db#1", "text": text}]
    per_person()
    assert sums() == {name: (0, 0, 1)}


def test_a_word_in_lower_case_or_ones_own_name_names_nobody(desk: Local) -> None:
    desk.add_person(Person("will@acme.example", "Will", email="will@acme.example", role="agent", groups=("Billing",)))
    desk.add_person(Person(KIM, "Cleo Kerr", email=KIM))
    desk.rate("1", MIA, "good", comment="I will come again.", at=on(10))
    desk.rate(ticket(desk, KIM), KIM, "good", comment="Quick! Cleo", at=on(10))
    assert sums() == {"Parcels": (0, 0, 2)}


def test_two_agents_of_one_name_are_two(desk: Local) -> None:
    per_person()
    desk.add_person(Person("b2", "Ben Berg", email="b2@acme.example", role="agent", groups=("Billing",)))
    other = ticket(desk, KIM)
    desk.change(other, BEN, "assignee", "b2", at=on(3))
    desk.rate("1", MIA, "good", comment="Ben is great.", at=on(10))
    desk.rate(other, KIM, "good", comment="Fine.", at=on(11))
    assert [(each["name"], each["thanks"][0]["text"]) for each in praised()] == [
        ("Ben Berg", "Ben is great."),
        ("Ben Berg", "Fine."),
    ]


def test_a_good_rating_without_words_and_what_nobody_had_is_not_read_aloud(desk: Local) -> None:
    desk.rate("1", MIA, "good", at=on(9))
    desk.change("1", BEN, "assignee", None, at=on(10))
    desk.change("1", BEN, "group", None, at=on(10))
    desk.rate("1", MIA, "good", comment="Fine.", at=on(11))
    assert praised() == []
    per_person()
    assert praised() == []


# --- order, formats ---------------------------------------------------------------------------------------------------


def test_who_gave_most_cause_comes_first_and_then_by_name(desk: Local) -> None:
    promise(desk, "1", DORA)
    promise(desk, ticket(desk, KIM), CLEO)
    assert list(sums()) == ["Billing", "care"]
    desk.rate("1", MIA, "good", comment="Cleo!", at=on(11))
    assert list(sums()) == ["care", "Billing"]
    let_down(desk, ticket(desk, KIM), KIM)
    desk.rate("3", KIM, "good", at=on(9, 13))
    assert list(sums()) == ["Parcels", "care", "Billing"]


def everything(desk: Local) -> None:
    promise(desk, "1", CLEO)
    let_down(desk, other := ticket(desk, KIM), KIM)
    desk.rate(other, KIM, "good", comment="Thank you, Cleo!", at=on(9, 13))
    desk.say("1", MIA, THANKS, at=on(11))


def test_the_text(desk: Local) -> None:
    everything(desk)
    call("pull")
    assert call("recognition").stdout.splitlines() == [
        "Parcels",
        "  1 customer won back, 1 thank-you.",
        "  - Won back: Kim Kerr (2-let-down: rated good)",
        f'  - "{THANKS}" (Mia Moor, #1)',
        "",
        "care",
        "  1 promise kept, 1 thank-you.",
        '  - "Thank you, Cleo!" (Kim Kerr, #2)',
    ]


def test_markdown_to_paste(desk: Local) -> None:
    everything(desk)
    call("pull")
    assert call("recognition", "--format", "markdown").stdout.splitlines() == [
        *("## Parcels", "", "1 customer won back, 1 thank-you.", ""),
        "- Won back: Kim Kerr (2-let-down: rated good)",
        *(f'- "{THANKS}" (Mia Moor, #1)', ""),
        *("## care", "", "1 promise kept, 1 thank-you.", ""),
        '- "Thank you, Cleo!" (Kim Kerr, #2)',
    ]


def test_customers_words_and_names_stay_text(desk: Local) -> None:
    desk.add_person(Person(KIM, "# <b>Kim</b>\n- x [y](z) \x1b[2J", email=KIM))
    let_down(desk, other := ticket(desk, KIM), KIM)
    desk.rate(other, KIM, "good", comment="<img src=x> **loud** [a](http://b.example) `c` | d\n# e", at=on(9, 13))
    call("pull")
    won, quote = call("recognition", "--format", "markdown").stdout.splitlines()[4:]
    name = r"# &lt;b>Kim&lt;/b><br>- x \[y\](z) " + "�" + r"\[2J"
    assert won == f"- Won back: {name} (2-let-down: rated good)"
    assert quote == rf'- "&lt;img src=x> \*\*loud\*\* \[a\](http://b.example) \`c\` \| d # e" ({name}, #2)'
    assert "\x1b" not in call("recognition").stdout


def test_many_thanks_are_cut_short_in_words_only(desk: Local) -> None:
    for number in range(43):
        desk.rate("1", MIA, "good", comment=f"No. {number}", at=on(10) + timedelta(hours=number))
    assert sums() == {"Parcels": (0, 0, 43)}
    for form in ("text", "markdown"):
        text = call("recognition", "--format", form).stdout
        assert "- ... and 3 more (all of them: --format json)" in text
        assert ("No. 39" in text, "No. 40" in text) == (True, False)


def test_an_empty_week(desk: Local) -> None:
    assert praised() == []
    for form in ("text", "markdown"):
        assert call("recognition", "--format", form).stdout == (
            "Nobody gave cause for thanks in this time that the helpdesk knows of.\n"
        )


@pytest.mark.parametrize(("bounds", "days"), [((), ["8"]), (("--to", "2026-03-13"), ["7", "8"])])
def test_a_week_is_seven_days_before_the_end(desk: Local, bounds: tuple[str, ...], days: list[str]) -> None:
    for day in (6, 7, 8):
        desk.rate("1", MIA, "good", comment=f"{day}", at=on(day, 11))
    assert [each["text"] for each in praised(*bounds)[0]["thanks"]] == days
