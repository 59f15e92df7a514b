"""Messages that promise nothing are read once: plans come out the same, and what changed is read again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from fake_reading import reading
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_places import NOW, opened

from makegood.connectors.base import Capabilities, Page
from makegood.connectors.ticket import Catalogue, Event, Person, Ticket
from makegood.engine import silence
from makegood.engine.plan import make_plan
from makegood.engine.silence import look
from makegood.engine.store import Store, StoreError
from makegood.rules.load import load_text
from makegood.rules.promise_language import Language, Languages, Saying
from makegood.rules.promise_version import read_as, version
from makegood.rules.promises import BUILT_IN, is_silent, promises_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
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
)
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

    def noted(text: str, *how: Any) -> bool:
        seen.append(text)
        return is_silent(text, *how)

    monkeypatch.setattr(silence, "is_silent", noted)
    return seen


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


# --- what is silent ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [ANSWER, "", "See you on Friday?", "I called you yesterday.", "> I will call you on Friday.", "We will see."],
)
def test_what_names_no_time_that_somebody_commits_to_is_silent(text: str) -> None:
    assert is_silent(text, "en", BUILT_IN)


@pytest.mark.parametrize("text", [PROMISE, "I will call you by 09:00.", "Follow up: whenever", "I'll do it soon."])
def test_what_may_promise_something_some_day_is_not_silent(text: str) -> None:
    assert not is_silent(text, "en", BUILT_IN)


@settings(max_examples=150)
@given(
    texts,
    st.sampled_from(["en", "en-GB", None, "xx"]),
    st.datetimes(min_value=NOW.replace(tzinfo=None), max_value=NOW.replace(year=2027, tzinfo=None)),
    st.sampled_from(["Asia/Tokyo", "America/New_York", "UTC"]),
    st.sampled_from(["DMY", "MDY"]),
)
def test_a_silent_text_promises_nothing_at_any_moment(
    text: str, language: str | None, at: datetime, zone: str, order: Any
) -> None:
    here = reading(f"{at:%Y-%m-%d %H:%M}", "UTC", language=language, date_order=order)
    if is_silent(text, language, BUILT_IN):
        assert promises_in(text, replace(here, zone=ZoneInfo(zone))) == ()


def test_the_version_is_another_one_with_other_languages() -> None:
    assert version(BUILT_IN) == version(Languages())
    assert len({version(BUILT_IN), version(OWN), version(OWN_WITH_TIME)}) == 3
    assert read_as("en-US", BUILT_IN) == read_as("EN", BUILT_IN) == f"{version(BUILT_IN)}.en"
    assert read_as(None, BUILT_IN) == read_as("tlh", BUILT_IN) == f"{version(BUILT_IN)}.any"


# --- what is remembered -----------------------------------------------------------------------------------------------


def test_a_message_without_a_promise_is_read_once(store: Store, read: list[str]) -> None:
    keep(store, says(ANSWER, 1), says(PROMISE, 2, "2"))
    assert tagged(looked(store)) == ["2"]
    assert sorted(read) == [PROMISE, ANSWER]
    read.clear()
    assert tagged(looked(store)) == ["2"]
    assert read == [PROMISE]


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


def test_a_ticket_in_another_language_is_read_again(store: Store, read: list[str]) -> None:
    keep(store, says(ANSWER))
    looked(store)
    keep(store, says(ANSWER), language=None)
    assert tagged(looked(store)) == []
    assert read == [ANSWER, ANSWER]


def test_a_message_that_changed_while_it_was_read_stays_to_be_read(store: Store) -> None:
    keep(store, says(PROMISE))
    store.keep_silent(DESK, [("e1", ANSWER, read_as("en", BUILT_IN)), ("e9", PROMISE, read_as("en", BUILT_IN))])
    assert looked(store).silent == {}


def test_messages_of_another_desk_are_not_touched(store: Store) -> None:
    keep(store, says(ANSWER))
    store.keep_silent("other", [("e1", ANSWER, read_as("en", BUILT_IN))])
    assert store.snapshot(DESK, NOW, silence.needs(rules()), WRITABLE).silent == {}


def test_without_promises_in_the_rules_nothing_is_read(store: Store, read: list[str]) -> None:
    other, _ = load_text("version: 1\nrules: [{name: Hot, when: {status: open}, reply: We are on it.}]")
    assert other is not None
    keep(store, says(ANSWER))
    assert looked(store, other).silent == {}
    assert read == []


def test_a_store_that_cannot_be_written_is_as_good(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise StoreError("the store cannot be written")

    monkeypatch.setattr(Store, "keep_silent", refuses)
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
    st.sampled_from(["en", None]),
)
def test_plans_are_the_same_with_and_without_the_memory(
    tmp_path: Path, made: list[tuple[str, bool, bool, int]], ago: int, language: str | None
) -> None:
    (tmp_path / "memory.db").unlink(missing_ok=True)
    with Store.open(tmp_path / "memory.db", now=lambda: NOW) as store:
        keep(store, *_said(made), language=language)
        for hours in (ago, 0, 0):
            found = looked(store, at=NOW - timedelta(hours=hours))
            assert planned(found) == planned(replace(found, silent={}))
