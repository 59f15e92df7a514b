"""Messages are read once: plans come out the same from what they are remembered to commit to, what changed is read again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from fake_reading import reading
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_places import NOW, opened

from makegood.connectors.base import Capabilities, Page
from makegood.connectors.ticket import Catalogue, Event, Person, Ticket
from makegood.engine import commitments
from makegood.engine.commitments import look
from makegood.engine.plan import make_plan
from makegood.engine.store import Store, StoreError
from makegood.engine.word_events import acts
from makegood.engine.word_reader import Reader
from makegood.rules import promise_version, promises
from makegood.rules.calendar import ALWAYS, Calendar, CalendarSpec
from makegood.rules.load import load_text
from makegood.rules.promise_commitments import noted, recalled
from makegood.rules.promise_files import every_language
from makegood.rules.promise_grammar import Grammar, grammars
from makegood.rules.promise_language import Language, Languages, Saying
from makegood.rules.promise_version import read_as, version
from makegood.rules.promises import BUILT_IN, Reading, commitments_in, looks, promises_in, promises_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from makegood.engine.snapshot import Snapshot
    from makegood.rules.model import RuleSet

DESK = "support"
WRITABLE = Capabilities(frozenset({"tags"}))
RULES = """
version: 1
default_calendar: office
calendars:
  office: {time_zone: Europe/Berlin, hours: {mon-fri: 09:00-17:00}}
rules:
  - name: We keep our word
    promise: {from_grade: day}
  - name: A promise is in danger
    when: {promise: [open, due_soon, broken]}
    add_tags: [promised]
"""
PROMISE = "I will call you tomorrow."
ANSWER = "The printer is on the second floor."
OWN = Languages((Language("en", gates={"oath": Saying(("printer is on the second floor",))}),))
OWN_WITH_TIME = Languages((Language("en", gates={"oath": Saying(("the printer arrives",))}),))
SAYINGS = (
    *(PROMISE, ANSWER, "Thanks!", "I'll send it by 15:00.", "We will get back to you next week.", "If it breaks,"),
    *("Follow up: Fri 15:00", "#promise tomorrow", "> I will call you on Friday.", "I called you yesterday."),
    *('You said "I will pay on Friday".', "Could you", "call me on Friday?", "We will see.", "e.g. on 3/4", "Best,"),
    *("by 2 p.m.", "Ich melde mich morgen.", "I will look into it soon.", "no promise", "promise moved to Tue 10:00"),
    *("I'll check today and call you on Monday or Tuesday.", "I will pay on 3/4.", "I'll do it by 3pm Tokyo time."),
    *("Sie h\u00f6ren am 24. Dezember von uns.", "I will call you by 9:30 on 12/31/2026.", "Follow up: \U0001f600"),
)
READ = read_as("en", BUILT_IN)
HOURS = (((540, 1020),),) * 5 + ((), ())
CALENDARS = (ALWAYS, *(CalendarSpec("office", zone, HOURS) for zone in ("Europe/Berlin", "America/New_York")))
texts = st.lists(st.sampled_from(SAYINGS), min_size=1, max_size=4).flatmap(
    lambda said: st.sampled_from([" ", "\n", "\n\n"]).map(lambda between: between.join(said))
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with opened(request.param, tmp_path) as place, Store.open(place, now=lambda: NOW) as made:
        yield made


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were read, as they are."""
    seen: list[str] = []

    def reads(text: str, *how: Any) -> Any:
        seen.append(text)
        return commitments_in(text, *how)

    monkeypatch.setattr(commitments, "commitments_in", reads)
    monkeypatch.setattr(promises, "commitments_in", reads)
    return seen


class Deaf(Grammar):
    """A grammar that no sentence may be read with."""

    def _read(self, sentence: str) -> Any:
        raise AssertionError(f"this was read again: {sentence}")


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> dict[str, Grammar]:
    """From now on the grammars, none of which has been used so far, are deaf."""
    made: dict[str, Grammar] = {language.code: Deaf(language) for language in every_language(BUILT_IN)}
    monkeypatch.setattr(promises, "grammars", lambda _languages: made)
    return made


def rules(languages: Languages = BUILT_IN) -> RuleSet:
    found, problems = load_text(RULES)
    assert found is not None, problems
    return replace(found, languages=languages)


def says(text: str, number: int = 1, of: str = "1", **more: Any) -> Event:
    at = NOW - timedelta(hours=50 - number)
    said = Event(f"e{number}", of, at, "message", seq=number, text=text, actor="p1", actor_kind="agent", public=True)
    return replace(said, **more)


def keep(store: Store, *events: Event, language: str | None = "en") -> None:
    tickets = [Ticket(name, "v1", NOW - timedelta(days=3), NOW, "open", language=language) for name in ("1", "2")]
    ana = Person("p1", "Ana", "ana@example.com", role="agent")
    store.save_page(DESK, Page("c", tickets, events, [ana], known_to=NOW, catalogue=Catalogue("me")))


def looked(store: Store, ruleset: RuleSet | None = None, at: datetime = NOW) -> Snapshot:
    return look(store, DESK, ruleset or rules(), at, WRITABLE)


def planned(snapshot: Snapshot, ruleset: RuleSet | None = None) -> str:
    return make_plan(ruleset or rules(), snapshot).model_dump_json()


def tagged(snapshot: Snapshot, ruleset: RuleSet | None = None) -> list[str]:
    """The tickets with a promise."""
    return [change.ticket for change in make_plan(ruleset or rules(), snapshot).changes]


# --- what a text commits to -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [ANSWER, "", "See you on Friday?", "I called you yesterday.", "> I will call you on Friday.", "We will see."],
)
def test_what_names_no_time_that_somebody_commits_to_commits_to_nothing(text: str) -> None:
    assert commitments_in(text, "en", BUILT_IN) == ()


@pytest.mark.parametrize("text", [PROMISE, "I will call you by 09:00.", "Follow up: whenever", "I'll do it soon."])
def test_what_may_promise_something_some_day_is_a_commitment(text: str) -> None:
    (commitment,) = commitments_in(text, "en", BUILT_IN)
    assert commitment.said == text


def test_what_a_machine_wrote_commits_nobody() -> None:
    text = f"This is an automated message.\nFollow up: Fri 15:00\n{PROMISE}"
    assert [look.why for look in looks(text, reading())] == ["a machine wrote it"]
    assert commitments_in(text, "en", BUILT_IN) == ()


def test_markers_stand_among_the_sentences_in_the_order_of_the_text() -> None:
    found = commitments_in(f"{PROMISE}\nFollow up: Fri 15:00\nI'll do it soon.", "en", BUILT_IN)
    assert [(each.said, bool(each.bounds)) for each in found] == [
        (PROMISE, True),
        ("Follow up: Fri 15:00", False),
        ("I'll do it soon.", True),
    ]


def test_of_several_languages_the_first_counts_in_which_something_lies_ahead() -> None:
    first = Language("aa", gates={"oath": Saying(("we <act>",))}, times={"clock": ("<hm>",)})
    second = replace(first, code="bb", gates={"vow": Saying(("we <act>",))}, times={"tomorrow": ("tomorrow",)})
    languages = Languages((first, second))
    (commitment,) = commitments_in("we call 24:10 tomorrow", None, languages)
    assert [{bound.gate for bound in read} for read in commitment.bounds] == [{"aa.oath"}, {"bb.vow"}]
    (found,) = promises_of([commitment], reading(language=None, languages=languages))
    assert found.pattern == "bb.vow"


readings = st.builds(
    lambda at, calendar, zone, order: Reading(at, Calendar(calendar), zone and ZoneInfo(zone), date_order=order),
    st.datetimes(NOW.replace(tzinfo=None), NOW.replace(year=2027, tzinfo=None), timezones=st.just(NOW.tzinfo)),
    st.sampled_from(CALENDARS),
    st.sampled_from([None, "Asia/Tokyo", "America/New_York", "UTC"]),
    st.sampled_from(["DMY", "MDY"]),
)
languages = st.sampled_from(["en", "en-GB", "de", None, "xx"])


@settings(max_examples=200, deadline=None)
@given(texts, languages, st.lists(readings, min_size=1, max_size=3))
def test_what_is_remembered_promises_what_the_text_promises(
    text: str, language: str | None, here: list[Reading]
) -> None:
    how = read_as(language, BUILT_IN)
    remembered = recalled(noted(commitments_in(text, language, BUILT_IN), how), how)
    assert remembered is not None
    for each in (replace(one, language=language) for one in here):
        told = tuple(found for look in looks(text, each) for found in look.found)
        assert promises_of(remembered, each) == promises_in(text, each) == told


@settings(max_examples=150, deadline=None)
@given(texts | st.text(max_size=20).map(lambda odd: f"I will call {odd} tomorrow.\nTo do: {odd}"), languages)
def test_a_note_says_exactly_what_was_noted(text: str, language: str | None) -> None:
    how = read_as(language, BUILT_IN)
    found = commitments_in(text, language, BUILT_IN)
    note = noted(found, how)
    assert recalled(note, how) == found
    assert note.isascii()
    assert recalled(note, f"{how}x") is None


@settings(max_examples=150)
@given(st.text() | st.sampled_from(["[]", READ, f"{READ} []", f"{READ}.00000000 []"]), st.integers(0, 90), st.data())
def test_what_is_no_note_says_nothing(garbage: str, place: int, data: st.DataObject) -> None:
    assert recalled(garbage, READ) is None
    note = noted(commitments_in(PROMISE, "en", BUILT_IN), READ)
    other = data.draw(st.characters().filter(lambda each: each != note[place]))
    assert recalled(note[:place] + other + note[place + 1 :], READ) is None
    assert recalled(note[:place], READ) is None


def test_the_version_is_another_one_with_other_languages() -> None:
    assert version(BUILT_IN) == version(Languages())
    assert len({version(BUILT_IN), version(OWN), version(OWN_WITH_TIME)}) == 3
    assert read_as("en-US", BUILT_IN) == read_as("EN", BUILT_IN) == f"{version(BUILT_IN)}.en"
    assert read_as(None, BUILT_IN) == read_as("tlh", BUILT_IN) == f"{version(BUILT_IN)}.any"


def test_the_version_is_another_one_where_other_cities_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    here = version.__wrapped__(BUILT_IN)
    monkeypatch.setattr(promise_version, "cities", lambda: {"berlin": "Europe/Berlin"})
    assert version.__wrapped__(BUILT_IN) != here == version(BUILT_IN)


# --- what is remembered -----------------------------------------------------------------------------------------------


def test_every_message_is_read_once(store: Store, read: list[str]) -> None:
    keep(store, says(ANSWER, 1), says(PROMISE, 2, "2"))
    assert tagged(looked(store)) == ["2"]
    assert sorted(read) == [PROMISE, ANSWER]
    assert tagged(looked(store)) == ["2"]
    assert len(read) == 2


@pytest.mark.parametrize("language", ["en", None])
def test_a_second_plan_makes_no_grammar_ready(store: Store, deaf: dict[str, Grammar], language: str | None) -> None:
    keep(store, says(ANSWER, 1), says(PROMISE, 2, "2"), says("I'll pay on 3/4 at 3pm.", 3, "2"), language=language)
    with pytest.raises(AssertionError, match="read again"):
        looked(store)
    with pytest.MonkeyPatch.context() as hearing:
        hearing.setattr(promises, "grammars", grammars)
        first = planned(looked(store))
    assert planned(looked(store)) == first
    assert all({"times", "_gates", "_vetoes"}.isdisjoint(vars(grammar)) for grammar in deaf.values())


def test_a_second_plan_believes_the_note(store: Store) -> None:
    keep(store, says(PROMISE))
    store.keep_commitments(DESK, [("e1", PROMISE, noted((), READ))])
    assert tagged(looked(store)) == []


def test_a_remembered_promise_is_due_on_the_clock_that_its_author_has_now(store: Store) -> None:
    keep(store, says("I'll call you by 15:00."))
    found = looked(store)
    moved = {handle: replace(person, time_zone="Asia/Tokyo") for handle, person in found.people.items()}
    dues = [_dues(replace(found, people=people)) for people in (found.people, moved)]
    assert dues == [[datetime(2026, 2, 28, 14, tzinfo=UTC)], [datetime(2026, 3, 2, 6, tzinfo=UTC)]]


def _dues(snapshot: Snapshot) -> list[datetime | None]:
    reader = Reader(rules(), snapshot, Calendar(CALENDARS[1]))
    return [found.due for act in acts(snapshot) for found in reader.heard(act).made]


def test_it_is_not_read_again_when_the_desk_tells_the_same_again(store: Store, read: list[str]) -> None:
    for _ in range(2):
        keep(store, says(ANSWER))
        looked(store)
    assert read == [ANSWER]


def test_an_edited_message_is_read_again(store: Store) -> None:
    keep(store, says(ANSWER))
    assert tagged(looked(store)) == []
    keep(store, says(PROMISE))
    assert tagged(looked(store)) == ["1"]
    keep(store, says(ANSWER))
    assert tagged(looked(store)) == []


def test_a_note_that_is_made_public_is_read(store: Store) -> None:
    keep(store, says(PROMISE, public=False))
    assert tagged(looked(store)) == []
    keep(store, says(PROMISE))
    assert tagged(looked(store)) == ["1"]


def test_other_languages_read_again(store: Store, read: list[str]) -> None:
    said = "By tomorrow the printer arrives."
    keep(store, says(said))
    assert tagged(looked(store)) == []
    own = rules(OWN_WITH_TIME)
    assert tagged(looked(store, own), own) == ["1"]
    assert read == [said, said]
    assert tagged(looked(store)) == []


@pytest.mark.parametrize(
    "note",
    [
        *("", " ", "null", "[]", READ, f"{READ} []", f"{READ}.00000000 [[1]]", "\u2028{]"),
        *(noted((), "0123456789abcdef.en"), noted((), read_as(None, BUILT_IN))),
        noted(commitments_in(PROMISE, "en", BUILT_IN), READ)[:-1],
    ],
)
def test_a_note_that_cannot_be_used_has_the_message_read_again(store: Store, read: list[str], note: str) -> None:
    keep(store, says(PROMISE))
    store.keep_commitments(DESK, [("e1", PROMISE, note)])
    before = store.snapshot(DESK, NOW, commitments.needs(rules()), WRITABLE)
    assert before.commitments == {"e1": note}
    assert tagged(before) == ["1"]
    assert tagged(looked(store)) == ["1"]
    assert read == [PROMISE, PROMISE]
    looked(store)
    assert read == [PROMISE, PROMISE]


def test_a_ticket_in_another_language_is_read_again(store: Store, read: list[str]) -> None:
    keep(store, says(ANSWER))
    looked(store)
    keep(store, says(ANSWER), language=None)
    assert tagged(looked(store)) == []
    assert read == [ANSWER, ANSWER]


def test_a_message_that_changed_while_it_was_read_stays_to_be_read(store: Store) -> None:
    keep(store, says(PROMISE))
    nothing = noted((), READ)
    store.keep_commitments(DESK, [("e1", ANSWER, nothing), ("e9", PROMISE, nothing)])
    assert store.snapshot(DESK, NOW, commitments.needs(rules()), WRITABLE).commitments == {}
    assert tagged(looked(store)) == ["1"]


def test_messages_of_another_desk_are_not_touched(store: Store) -> None:
    keep(store, says(ANSWER))
    store.keep_commitments("other", [("e1", ANSWER, noted((), READ))])
    assert store.snapshot(DESK, NOW, commitments.needs(rules()), WRITABLE).commitments == {}


def test_without_promises_in_the_rules_nothing_is_read(store: Store, read: list[str]) -> None:
    other, _ = load_text("version: 1\nrules: [{name: Hot, when: {status: open}, reply: We are on it.}]")
    assert other is not None
    keep(store, says(ANSWER))
    assert looked(store, other).commitments == {}
    assert read == []


def test_a_store_that_cannot_be_written_is_as_good(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise StoreError("the store cannot be written")

    monkeypatch.setattr(Store, "keep_commitments", refuses)
    keep(store, says(ANSWER, 1), says(PROMISE, 2, "2"))
    assert [tagged(looked(store)) for _ in range(2)] == [["2"], ["2"]]


def _said(made: Sequence[tuple[str, bool, bool, int]]) -> list[Event]:
    return [
        says(text, number, "2" if second else "1", public=public, at=NOW - timedelta(hours=hours))
        for number, (text, second, public, hours) in enumerate(made, start=1)
    ]


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.tuples(texts, st.booleans(), st.booleans(), st.integers(0, 70)), max_size=8),
    st.integers(0, 70),
    st.sampled_from(["en", "de", None]),
)
def test_plans_are_the_same_with_and_without_the_memory(
    tmp_path: Path, made: list[tuple[str, bool, bool, int]], ago: int, language: str | None
) -> None:
    (tmp_path / "memory.db").unlink(missing_ok=True)
    with Store.open(tmp_path / "memory.db", now=lambda: NOW) as store:
        keep(store, *_said(made), language=language)
        for hours in (ago, 0, 0):
            found = looked(store, at=NOW - timedelta(hours=hours))
            assert planned(found) == planned(replace(found, commitments={}))
