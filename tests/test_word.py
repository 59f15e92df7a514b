"""Our word to customers on a small desk, from what agents write to what a rule sees."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from makegood.connectors.local import Local
from makegood.connectors.ticket import FieldSpec, Person
from makegood.engine.demand import needs
from makegood.engine.evaluate import evaluate
from makegood.engine.pull import pull
from makegood.engine.store import Store
from makegood.engine.word import Word
from makegood.rules.load import load_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from makegood.engine.evaluate import Evaluation
    from makegood.engine.word_ledger import Promise
    from makegood.rules.model import RuleSet

BERLIN = ZoneInfo("Europe/Berlin")
FIELD = "Follow up by"
RULES = """
version: 1
default_calendar: berlin
calendars:
  berlin: {time_zone: Europe/Berlin, hours: {mon-fri: 09:00-17:30}}
rules:
  - name: We keep our word
    promise: {from_grade: %s%s}
  - name: A promise is in danger
    when: {promise: [open, due_soon, broken]}
    add_tags: [promised]
"""
REMIND = ", remind: [{before: 1 business hour, who: promiser}]"


def march(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment in Berlin; the 12th of March 2026 is a Thursday."""
    return datetime(2026, 3, day, hour, minute, tzinfo=BERLIN).astimezone(UTC)


def rules_of(text: str) -> RuleSet:
    rules, problems = load_text(text)
    assert rules is not None, problems
    return rules


class Play:
    """A desk with two agents and a customer, on which one ticket was opened on Thursday at nine."""

    def __init__(self, folder: Path) -> None:
        self.store = Store.open(folder / "store.db", now=lambda: march(30))
        self.desk = Local(folder / "desk.db", now=lambda: march(30), promise_field=FIELD)
        self.desk.describe(fields={FIELD: FieldSpec(FIELD)})
        for name, zone in (("ana", None), ("ben", None), ("yoko", "Asia/Tokyo")):
            self.desk.add_person(Person(name, email=f"{name}@example.com", role="agent", time_zone=zone))
        self.desk.add_person(Person("kim", email="kim@example.com"))
        self.ticket = self.open()

    def open(self, at: datetime | None = None, **facts: Any) -> str:
        return self.desk.create("kim", "Where is my parcel?", "It is lost.", at=at or march(12, 9), **facts)

    def says(self, text: str, at: datetime, by: str = "ana", **more: Any) -> None:
        self.desk.say(self.ticket, by, text, at=at, **({"public": True} | more))

    def notes(self, text: str, at: datetime) -> None:
        self.says(text, at, public=False)

    def sets(self, field: str, value: Any, at: datetime, by: str | None = "ana") -> None:
        self.desk.change(self.ticket, by, field, value, at=at)

    def look(self, at: datetime, grade: str = "day", more: str = "") -> Evaluation:
        """The rules on the desk at an instant."""
        pull(self.desk, self.store, "desk", now=lambda: march(30))
        rules = rules_of(RULES % (grade, more))
        return evaluate(rules, self.store.snapshot("desk", at, needs(rules), self.desk.capabilities()))

    def fact(self, at: datetime, ticket: str | None = None, **how: str) -> tuple[Any, Any]:
        """``promise`` and ``promise.due`` of the ticket."""
        found = self.look(at, **how)
        return found.value(ticket or self.ticket, "promise"), found.value(ticket or self.ticket, "promise.due")

    def promises(self, at: datetime | None = None, ticket: str | None = None) -> tuple[Promise, ...]:
        return self.look(at or march(29)).word.of(ticket or self.ticket)


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    made = Play(tmp_path)
    yield made
    made.desk.close()
    made.store.close()


FRIDAY = march(13, 17, 30)
SAID = "Sorry about that! I will call you on Friday."


def test_a_promise_is_open_then_due_soon_then_broken(play: Play) -> None:
    play.says(SAID, march(12, 10))
    assert play.fact(march(12, 9, 59)) == (None, None)
    assert play.fact(march(12, 10)) == ("open", FRIDAY)
    last_quarter = FRIDAY - (FRIDAY - march(12, 10)) / 4
    assert play.fact(last_quarter - timedelta(seconds=1)) == ("open", FRIDAY)
    assert play.fact(last_quarter) == ("due_soon", FRIDAY)
    assert play.fact(FRIDAY) == ("due_soon", FRIDAY)
    assert play.fact(FRIDAY + timedelta(microseconds=1)) == ("broken", FRIDAY)


def test_it_is_due_soon_from_the_reminder_on(play: Play) -> None:
    play.says(SAID, march(12, 10))
    assert play.fact(march(13, 16, 29), more=REMIND)[0] == "open"
    assert play.fact(march(13, 16, 30), more=REMIND)[0] == "due_soon"


def test_a_promise_is_seen_as_it_was_made(play: Play) -> None:
    play.says(SAID, march(12, 10))
    (promise,) = play.promises()
    assert (promise.made, promise.author, promise.grade, promise.public) == (
        march(12, 10),
        "ana@example.com",
        "day",
        True,
    )
    assert (promise.quote, promise.words) == ("I will call you on Friday.", "Friday")
    assert promise.id == f"{promise.event}#1"


def test_the_author_s_own_clock_counts(play: Play) -> None:
    play.says("I will call you tomorrow at 15:00.", march(12, 10), by="yoko")
    assert play.promises()[0].due == datetime(2026, 3, 13, 15, tzinfo=ZoneInfo("Asia/Tokyo"))


def test_an_answer_in_time_keeps_it(play: Play) -> None:
    play.says(SAID, march(12, 10))
    play.says("It is found, and with the courier.", FRIDAY, by="ben")
    assert play.fact(FRIDAY - timedelta(seconds=1))[0] == "due_soon"
    assert play.fact(FRIDAY) == ("kept", FRIDAY)
    assert play.promises()[0].by == play.promises()[0].by is not None


def test_three_times_moved(play: Play) -> None:
    for day in (16, 17, 18, 19):
        play.says("Not yet, sorry. I will call you tomorrow.", march(day, 10))
    found = play.promises(march(19, 11))
    assert [promise.how for promise in found] == ["moved", "moved", "moved", None]
    assert play.fact(march(19, 11)) == ("open", march(20, 17, 30))


def test_broken_stays_unsettled_until_a_late_answer(play: Play) -> None:
    play.says(SAID, march(12, 10))
    play.says("Here I am.", march(17, 10))
    assert play.fact(march(17, 9, 59)) == ("broken", FRIDAY)
    assert play.fact(march(17, 10)) == ("broken", FRIDAY)
    assert (play.promises()[0].how, play.promises()[0].settled) == ("broken", march(17, 10))


def test_a_new_word_after_a_broken_one_is_open_again(play: Play) -> None:
    play.says(SAID, march(12, 10))
    play.says("Sorry. You will hear from me tomorrow.", march(17, 10))
    assert play.fact(march(17, 10)) == ("open", march(18, 17, 30))
    assert play.promises()[0].how == "broken"


def test_solved_in_silence_it_runs_on(play: Play) -> None:
    play.says(SAID, march(12, 10))
    play.sets("status", "solved", march(12, 16))
    assert play.fact(march(12, 17))[0] == "open"
    assert play.fact(march(14))[0] == "broken"


def test_pending_does_not_stop_it(play: Play) -> None:
    play.says(SAID, march(12, 10))
    play.sets("status", "pending", march(12, 11))
    assert play.fact(march(14))[0] == "broken"


def test_merged_it_moves_along(play: Play) -> None:
    play.says(SAID, march(12, 10))
    other = play.open()
    play.desk.merge(play.ticket, other, "ben", at=march(12, 15))
    assert play.fact(march(12, 14, 59), other) == (None, None)
    assert play.fact(march(12, 15), other) == ("open", FRIDAY)
    (promise,) = play.promises(ticket=other)
    assert (promise.from_ticket, promise.since, promise.made) == (play.ticket, march(12, 15), march(12, 10))
    assert [each.how for each in play.promises()] == ["moved"]


def test_deleted_it_is_gone(play: Play) -> None:
    play.says(SAID, march(12, 10))
    play.desk.delete(play.ticket, "ben", at=march(12, 15))
    assert play.fact(march(12, 14))[0] == "open"
    assert play.fact(march(12, 16)) == (None, None)


@pytest.mark.parametrize("at", [march(12, 15), march(17, 10)])
def test_an_agent_s_note_takes_it_back_even_when_broken(play: Play, at: datetime) -> None:
    play.says(SAID, march(12, 10))
    play.notes("no promise", at)
    assert play.fact(at) == ("cancelled", FRIDAY)


@pytest.mark.parametrize("tag", ["no promise", "No-Promise", "no_promise"])
def test_a_tag_takes_it_back(play: Play, tag: str) -> None:
    play.says(SAID, march(12, 10))
    play.sets("tags", ("vip",), march(12, 11))
    assert play.fact(march(12, 11))[0] == "open"
    play.sets("tags", ("vip", tag), march(12, 12))
    assert play.fact(march(12, 12))[0] == "cancelled"


def test_a_note_moves_it(play: Play) -> None:
    play.says(SAID, march(12, 10))
    play.notes("promise moved to Tue 10:00", march(12, 15))
    assert play.fact(march(12, 15)) == ("open", march(17, 10))
    first, second = play.promises()
    assert (first.how, second.grade, second.public) == ("moved", "explicit", False)


def test_a_marker_in_a_note_is_a_promise(play: Play) -> None:
    play.notes("spoke to the warehouse\nfollow up: Fri 15:00", march(12, 10))
    assert play.fact(march(12, 10)) == ("open", march(13, 15))
    play.notes("just thinking. I will call the courier on Monday.", march(12, 11))
    assert len(play.promises()) == 1


def test_a_date_in_the_field_is_a_promise(play: Play) -> None:
    name = f"field.{FIELD}"
    play.sets(name, "Fri 15:00", march(12, 10))
    assert play.fact(march(12, 10)) == ("open", march(13, 15))
    play.sets(name, "2026-03-16T14:00:00Z", march(12, 11), by="ben")
    assert play.fact(march(12, 11)) == ("open", march(16, 15))
    play.sets(name, "whenever", march(12, 12))
    assert play.fact(march(12, 12)) == ("open", march(16, 15))
    play.sets(name, None, march(12, 13))
    assert play.fact(march(12, 13))[0] == "cancelled"
    assert [each.author for each in play.promises()] == ["ana@example.com", "ben@example.com"]


@pytest.mark.parametrize("by", [None, "makegood"])
def test_a_machine_s_date_in_the_field_is_none(play: Play, by: str | None) -> None:
    play.desk.add_person(Person("makegood", role="robot"))
    play.sets(f"field.{FIELD}", "Fri 15:00", march(12, 10), by=by)
    assert play.promises() == ()


def test_a_day_that_has_passed_in_the_field_is_none(play: Play) -> None:
    play.sets(f"field.{FIELD}", "2026-03-02", march(12, 10))
    assert play.promises() == ()


def test_two_promises_in_one_message(play: Play) -> None:
    play.says("I will check with the courier today. I will call you on Friday.", march(12, 10))
    assert [promise.id.rpartition("#")[2] for promise in play.promises()] == ["1", "2"]
    assert play.fact(march(12, 10)) == ("open", march(12, 17, 30))
    assert play.fact(march(12, 18)) == ("broken", march(12, 17, 30))
    play.says("Found it.", march(13, 9))
    assert [promise.how for promise in play.promises()] == ["broken", "kept"]
    assert play.fact(march(13, 9)) == ("kept", FRIDAY)


def test_only_agents_words_in_public_count(play: Play) -> None:
    play.says("I will send you the photos on Friday.", march(12, 10), by="kim")
    play.says(SAID, march(12, 11), auto=True)
    play.desk.say(play.ticket, None, SAID, public=True, at=march(12, 12))
    play.notes(SAID, march(12, 13))
    assert play.promises() == ()


def test_a_customer_keeps_no_promise_of_ours(play: Play) -> None:
    play.says(SAID, march(12, 10))
    play.says("Any news?", march(12, 11), by="kim")
    play.notes("asked the courier", march(12, 12))
    assert play.fact(march(12, 13)) == ("open", FRIDAY)


@pytest.mark.parametrize(("grade", "fact"), [("exact", None), ("day", "open"), ("week", "open")])
def test_the_rules_say_from_which_grade_on_promises_count(play: Play, grade: str, fact: str | None) -> None:
    play.says(SAID, march(12, 10))
    assert play.fact(march(12, 10), grade=grade)[0] == fact


def test_a_promise_without_a_time_is_kept_for_reports(play: Play) -> None:
    play.says("We will get back to you soon.", march(12, 10))
    play.says("Thank you for your patience.", march(13, 10))
    (promise,) = play.promises()
    assert (promise.grade, promise.due, promise.tracked, promise.how) == ("vague", None, False, None)
    assert play.fact(march(12, 11)) == (None, None)
    with pytest.raises(ValueError, match="no due time"):
        play.look(march(13)).word.soon(promise)


def test_a_rule_that_is_off_or_for_another_desk_tells_nothing(play: Play) -> None:
    more = "\n    mode: off"
    rules = rules_of(RULES.replace("from_grade: %s%s}", "from_grade: explicit}" + more))
    assert Word(rules, play.look(march(13)).history.snapshot).rules == ()


def test_a_miss_is_not_said_before_the_desk_s_data_reach_so_far(play: Play) -> None:
    play.says(SAID, march(12, 10))
    found = play.look(FRIDAY + timedelta(minutes=1)).word
    (promise,) = found.of(play.ticket)
    late, soon = FRIDAY + timedelta(seconds=30), found.soon(promise)
    assert promise.state(late, FRIDAY, soon) == "due_soon"
    assert promise.state(late, late, soon) == "broken"


def test_a_marker_is_read_in_the_language_that_understands_most_of_it(play: Play) -> None:
    play.ticket = play.open(language="de")
    play.notes("follow up: Fri 15:00", march(12, 10))
    assert play.promises()[0].due == march(13, 15)


def test_german_promises_count_alike(play: Play) -> None:
    play.ticket = play.open(language="de-AT")
    play.says("Das tut mir leid. Ich rufe Sie morgen um 10 Uhr zurück.", march(12, 10))
    assert play.fact(march(12, 10)) == ("open", march(13, 10))
    play.notes("Wiedervorlage: Mo 15:00", march(12, 11))
    assert play.fact(march(12, 11)) == ("open", march(16, 15))
    play.says("Ihr Paket ist da.", march(13, 9))
    assert play.fact(march(13, 9)) == ("kept", march(16, 15))


def test_american_dates_are_read_month_first(play: Play) -> None:
    play.ticket = play.open(language="en-US")
    play.says("I will call you on 4/3.", march(12, 10))
    assert play.promises()[0].due == datetime(2026, 4, 3, 17, 30, tzinfo=BERLIN)


def test_the_ticket_s_language_then_counts(play: Play) -> None:
    play.ticket = play.open(language="en-US")
    play.says("I will call you on 4/3.", march(12, 10))
    play.sets("language", "en-GB", march(12, 11))
    assert play.promises()[0].due == datetime(2026, 4, 3, 17, 30, tzinfo=BERLIN)


def test_an_unread_promise_turns_the_rule_at_its_time(play: Play) -> None:
    play.says(SAID, march(12, 10))
    upcoming = play.look(march(13, 16)).next_instant(play.ticket)
    assert upcoming == FRIDAY + timedelta(microseconds=1)
