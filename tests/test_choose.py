"""Strategies by themselves: fair, the same whatever the order, and never off by more than one ticket where weights are to be met."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.engine.choose import STRATEGIES, Candidate, chosen

if TYPE_CHECKING:
    from collections.abc import Sequence

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
WEIGHTS = st.sampled_from([0.1, 0.25, 0.5, 0.75, 1.0, 2.0])
PEOPLE = st.lists(
    st.builds(
        Candidate,
        handle=st.from_regex(r"[a-z]{1,6}", fullmatch=True),
        load=st.integers(0, 30),
        given=st.integers(0, 60),
        last=st.none() | st.integers(0, 1000).map(lambda minutes: AT - timedelta(minutes=minutes)),
        room=st.none() | st.integers(1, 9),
        weight=WEIGHTS,
    ),
    min_size=1,
    max_size=7,
    unique_by=lambda one: one.handle,
)


def given_out(strategy: str, people: Sequence[Candidate], tickets: int) -> list[Candidate]:
    """The people after so many tickets, each given to whoever the strategy says."""
    known = {one.handle: one for one in people}
    for number in range(tickets):
        one = chosen(strategy, list(known.values()))
        assert one is not None
        later = {"load": one.load + 1, "given": one.given + 1, "last": AT + timedelta(seconds=number)}
        room = None if one.room is None else one.room - 1
        known[one.handle] = replace(one, room=room, **later)  # type: ignore[arg-type]
    return list(known.values())


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_nobody_is_chosen_of_nobody(strategy: str) -> None:
    assert chosen(strategy, []) is None


@given(people=PEOPLE, strategy=st.sampled_from(sorted(STRATEGIES)), data=st.data())
def test_the_order_in_which_people_come_changes_nothing(
    people: list[Candidate], strategy: str, data: st.DataObject
) -> None:
    mixed = data.draw(st.permutations(people))
    assert chosen(strategy, mixed) == chosen(strategy, people)


@given(people=PEOPLE)
def test_the_least_busy_has_least_for_a_day_of_theirs(people: list[Candidate]) -> None:
    one = chosen("least_busy", people)
    assert one is not None
    assert one.load / one.weight == min(each.load / each.weight for each in people)


@given(people=PEOPLE, tickets=st.integers(1, 40))
def test_loads_even_out(people: list[Candidate], tickets: int) -> None:
    fresh = [replace(one, load=0, weight=1.0) for one in people]
    loads = [one.load for one in given_out("least_busy", fresh, tickets)]
    assert max(loads) - min(loads) <= 1


@given(people=PEOPLE, tickets=st.integers(1, 40))
def test_in_turn_everybody_gets_one_before_anybody_gets_two(people: list[Candidate], tickets: int) -> None:
    fresh = [replace(one, given=0) for one in people]
    counts = [one.given for one in given_out("round_robin", fresh, tickets)]
    assert max(counts) - min(counts) <= 1


def test_in_turn_whoever_got_nothing_for_longest_is_next() -> None:
    long_ago, lately = Candidate("ann", last=AT - timedelta(days=3)), Candidate("ben", last=AT)
    assert chosen("round_robin", [lately, long_ago]) == long_ago
    assert chosen("round_robin", [lately, long_ago, Candidate("cleo")]).handle == "cleo"  # type: ignore[union-attr]


@given(weights=st.lists(WEIGHTS, min_size=1, max_size=8), tickets=st.integers(1, 150))
def test_weights_are_met_within_one_ticket_at_every_step(weights: list[float], tickets: int) -> None:
    people = [Candidate(f"p{number}", weight=weight) for number, weight in enumerate(weights)]
    for count in range(1, tickets + 1):
        people = given_out("weighted", people, 1)
        for one in people:
            assert abs(count * one.weight / sum(weights) - one.given) <= 1


@given(people=PEOPLE)
def test_most_room_goes_first(people: list[Candidate]) -> None:
    one = chosen("most_capacity", people)
    assert one is not None
    if any(each.room is None for each in people):
        assert one.room is None
    else:
        assert one.room == max(each.room or 0 for each in people)


def test_ties_go_by_share_then_by_time_then_by_name() -> None:
    ann, ben = Candidate("ann", given=4), Candidate("ben", given=3)
    assert chosen("least_busy", [ann, ben]) == ben
    early = Candidate("zoe", given=3, last=AT - timedelta(days=1))
    assert chosen("least_busy", [Candidate("ben", given=3, last=AT), early]) == early
    assert chosen("least_busy", [Candidate("ben"), Candidate("ann")]) == Candidate("ann")
