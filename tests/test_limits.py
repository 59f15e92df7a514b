"""Limits: how much may change at once, and what is left out is named."""

from __future__ import annotations

from datetime import timedelta

import pytest
from small_desk import AT, ago, done, plan, rules, ticket


def tickets(count: int, **facts):
    """Tickets from the oldest to the newest."""
    return [ticket(number, created=ago(days=9, minutes=-number), **facts) for number in range(1, count + 1)]


def raised(limits: str, *, rule: str = "", **more):
    text = f"limits: {limits}\nrules: [{{name: Raise, when: {{status: new}}, set: {{priority: high}}{rule}}}]"
    return plan(text, *more.pop("on", tickets(10)), **more)


def cut(found) -> list[tuple]:
    return [(each.reason, each.wanted, each.limit, each.at_limit) for each in found.limited]


def test_a_limit_that_is_met_exactly_cuts_nothing():
    found = raised("{per_run: 10}")
    assert (len(found.changes), found.limited, found.complete) == (10, (), True)


def test_a_rule_over_the_limit_does_nothing_and_says_what_it_wanted():
    found = raised("{per_run: 9}")
    assert (len(found.changes), cut(found)) == (0, [("per_run", 10, 9, "stop")])
    assert len(found.limited[0].tickets) == 10
    assert not found.complete


def test_next_run_takes_the_oldest_and_names_the_rest():
    found = raised("{per_run: 7, at_limit: next_run}")
    assert [change.ticket for change in found.changes] == ["1", "2", "3", "4", "5", "6", "7"]
    assert found.limited[0].tickets == ("8", "9", "10")


def test_a_share_of_the_open_tickets():
    on = [*tickets(10), *(ticket(100 + number, status="pending") for number in range(10))]
    assert cut(raised("{share_of_open: 40%}", on=on)) == [("share_of_open", 10, 8, "stop")]
    assert raised("{share_of_open: 50%}", on=on).limited == ()


def test_a_share_is_never_less_than_one_ticket():
    assert len(raised("{share_of_open: 20%}", on=tickets(1)).changes) == 1


def test_a_rules_own_limit():
    found = raised("{per_run: 100}", rule=", limits: {per_run: 3, at_limit: next_run}")
    assert (len(found.changes), cut(found)) == (3, [("per_run", 10, 3, "next_run")])


def test_the_files_limit_binds_all_rules_together_and_counts_tickets():
    text = """
limits: {per_run: 5}
rules:
  - {name: A, when: {priority: low}, set: {priority: high}, add_tags: [a]}
  - {name: B, when: {priority: low}, add_tags: [b]}
  - {name: C, when: {priority: normal}, add_tags: [c]}
"""
    found = plan(text, *tickets(5, priority="low"), *(ticket(number) for number in (8, 9)))
    assert {change.rule for change in found.changes} == {"A", "B"}
    assert [(each.rule, each.wanted) for each in found.limited] == [("C", 7)]


def test_a_stopped_rule_keeps_its_word_over_later_ones():
    text = """
rules:
  - {name: A, when: {status: new}, set: {priority: high}, limits: {per_run: 1}}
  - {name: B, when: {status: new}, set: {priority: low}}
"""
    found = plan(text, *tickets(3))
    assert found.changes == ()
    assert {each.by for each in found.overruled} == {"A"}


def test_what_is_so_already_does_not_count():
    found = raised("{per_run: 3}", on=[*tickets(10, priority="high"), ticket(77)])
    assert [change.ticket for change in found.changes] == ["77"]


# --- the rule's own past ----------------------------------------------------------------------------------------------

RAISE = "rules: [{name: Raise, when: {status: new}, set: {priority: high}}]"


def past(days: int, each_day: int):
    rule = rules(RAISE).rules[0]
    for day in range(1, days + 1):
        for number in range(each_day):
            yield done(rule, ago(days=day), "set", ticket=f"{day}-{number}", field="priority", to="high")


@pytest.mark.parametrize(
    ("days", "each_day", "today", "reasons"),
    [
        (7, 5, 50, []),
        (7, 5, 51, ["unusual"]),
        (7, 1, 20, []),
        (7, 1, 21, ["unusual"]),
        (4, 1, 60, []),
        (0, 0, 60, []),
    ],
)
def test_ten_times_the_usual_day_is_stopped(days, each_day, today, reasons):
    found = plan(RAISE, *tickets(today), desk={"journal": tuple(past(days, each_day))})
    assert [each.reason for each in found.limited] == reasons
    assert len(found.changes) == (0 if reasons else today)


def test_pieces_of_one_day_are_counted_together():
    rule = rules(RAISE).rules[0]
    earlier = [done(rule, ago(hours=1), "set", ticket=f"t{number}") for number in range(15)]
    found = plan(RAISE, *tickets(10), desk={"journal": (*past(7, 1), *earlier)})
    assert cut(found) == [("unusual", 25, 20, "stop")]


@pytest.mark.parametrize("name", ["Raise", "raise"])
def test_unless_somebody_confirms(name):
    found = plan(RAISE, *tickets(60), desk={"journal": tuple(past(7, 1))}, confirmed={name})
    assert (len(found.changes), found.limited) == (60, ())


# --- the first run on a full desk -------------------------------------------------------------------------------------

REPLY = "rules: [{name: Reply, when: {status: new}, reply: We are on it}]"


def customers(count: int):
    return [ticket(number, requester=f"c{number}@customer.example") for number in range(count)]


def test_a_first_run_that_would_write_to_many_customers_asks():
    found = plan(REPLY, *customers(21))
    assert (found.changes, cut(found)) == ((), [("backlog", 21, 20, "stop")])
    assert len(plan(REPLY, *customers(20)).changes) == 20


def test_many_tickets_of_few_customers_do_not_count_as_many():
    assert len(plan(REPLY, *(ticket(number) for number in range(30))).changes) == 30


def test_saying_what_to_do_with_the_backlog_answers():
    include = REPLY.replace("reply", "backlog: include, reply")
    assert len(plan(include, *customers(30)).changes) == 30


def test_a_later_run_does_not_ask():
    found = plan(REPLY, *customers(30), desk={"first_applied": {"reply": ago(days=1)}})
    assert len(found.changes) == 30


def test_only_new_leaves_what_held_before_the_first_run():
    text = REPLY.replace("reply", "backlog: only_new, reply")
    old, new = ticket(1, created=ago(days=2)), ticket(2, created=ago(hours=1), updated=ago(hours=1))
    found = plan(text, old, new, desk={"first_applied": {"reply": AT - timedelta(days=1)}})
    assert [change.ticket for change in found.changes] == ["2"]
    assert [(each.ticket, each.reason) for each in found.skipped] == [("1", "not_new")]


def test_two_rules_over_their_limits_are_each_told_once():
    text = """
limits: {per_run: 3}
rules:
  - {name: A, when: {status: new}, set: {priority: high}}
  - {name: B, when: {status: new}, add_tags: [b]}
"""
    found = plan(text, *tickets(10))
    assert [(each.rule, each.wanted) for each in found.limited] == [("A", 10), ("B", 10)]
