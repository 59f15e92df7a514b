"""Rule tests: virtual time, a desk of their own, expectations that are exhaustive for actions."""

from __future__ import annotations

import pytest

from makegood.engine.ruletest import run_tests
from makegood.engine.ruletest_desk import play
from makegood.rules.load import load_text

RULES = """
version: 1
default_calendar: berlin
calendars:
  berlin: {time_zone: Europe/Berlin, hours: {mon-fri: 09:00-17:00}, holidays: {closed: [2026-01-01]}}
teams:
  billing: {group: Billing desk, lead: lead@example.com}
conditions:
  refund: {subject: {contains: refund}}
limits: {per_run: 1}
rules:
  - name: Refunds go to Billing
    when: {condition: refund, assignee: missing, none: {tags: [spam]}}
    assign: {team: billing}
    add_tags: [refund, money]
  - name: Often reopened
    when: {reopens: {at_least: 2}}
    set: {priority: high}
    note: Reopened {reopens} times, please look
    notify: team_lead
  - name: The owner waits
    when: {assignee: present, status: open}
    for: 2 hours
    helpdesks: [elsewhere]
    set: {due: 1 business day}
  - name: A promise to the customer
    when: {status: pending}
    reply: We will be back
  - name: Money again
    when: {tags: [money]}
    remove_tags: [refund]
"""


def run(tests: str, rules: str = RULES, **options):
    ruleset, found = load_text(f"{rules}\ntests:\n{tests}")
    assert ruleset is not None, found
    return run_tests(ruleset, **options)


def one(test: str, rules: str = RULES):
    return run(f"  - {{name: It, {test}}}", rules).results[0]


@pytest.mark.parametrize(
    "test",
    [
        "ticket: {subject: A Refund, please}, expect: {assign: billing, add_tags: [refund, money]}",
        "ticket: {subject: Refund}, expect: {assign: Billing desk, add_tags: [MONEY, refund], customer_sees: nothing}",
        "ticket: {subject: Refund, tags: [Spam]}, expect: nothing",
        "ticket: {subject: Refund, assignee: ana@example.com, group: x}, expect: nothing",
        "ticket: {}, expect: nothing",
        "ticket: {reopens: 3, group: Billing desk}, expect: {set: {priority: high}, note: Reopened 3, notify: team_lead}",
        "ticket: {tags: [money, refund, other]}, expect: {remove_tags: [REFUND]}",
        "ticket: {status: pending}, expect: {reply: be back, customer_sees: be back}",
        "ticket: {tags: [money, refund]}, expect: {remove_tags: refund}",
        "ticket: {subject: refund, tags: [money, refund]}, expect: {assign: billing, overruled: Money again}",
        "tickets: [{subject: refund}, {subject: other}, {subject: Refund}], expect: {assign: billing, add_tags: [refund, money]}",
    ],
)
def test_what_is_expected_and_happens_passes(test):
    result = one(test.replace("A Refund, please", "A Refund please"))
    assert (result.passed, result.because) == (True, ())


@pytest.mark.parametrize(
    ("test", "because"),
    [
        ("ticket: {subject: Refund}, expect: nothing", "`assign` was not expected"),
        ("ticket: {subject: Refund}, expect: {assign: billing}", "`add_tags` was not expected"),
        ("ticket: {subject: x}, expect: {assign: billing}", "expected `assign`, but no rule did it"),
        (
            "ticket: {subject: Refund}, expect: {assign: care, add_tags: [refund, money]}",
            "expected `care`, got `billing`",
        ),
        ("ticket: {subject: Refund}, expect: {assign: billing, add_tags: refund}", "`money` was not expected"),
        ("ticket: {status: pending}, expect: {reply: Goodbye}", "expected a text with `Goodbye`"),
        ("ticket: {status: pending}, expect: {reply: back, customer_sees: nothing}", "expected nothing, got `reply"),
        ("ticket: {subject: x}, expect: {held: assignee}", "`held`: expected `assignee`, got nothing"),
        ("ticket: {subject: x}, expect: {recovery: open}", "`recovery`: expected `state: open`, got `state: missing`"),
    ],
)
def test_every_difference_is_a_sentence(test, because):
    result = one(test)
    assert not result.passed
    assert any(because in each for each in result.because)


def test_results_say_where_and_what():
    result = one("ticket: {subject: Refund}, expect: {assign: billing, note: x}")
    assert (result.name, result.file, result.line) == ("It", "rules.yaml", RULES.count("\n") + 3)
    assert result.expected == {"assign": "billing", "note": "x"}
    assert result.got == {"assign": ["billing"], "add_tags": ["refund", "money"]}


def test_a_notice_may_be_expected_with_its_text():
    result = one(
        "ticket: {reopens: 2, group: Billing desk}, "
        "expect: {set: {priority: high}, note: please, notify: {who: lead@example.com, text: Often}}"
    )
    assert (result.passed, result.because) == (True, ())


def test_values_that_are_set_are_compared_one_by_one():
    wrong = one(
        "ticket: {reopens: 2, group: Billing desk}, expect: {set: {priority: low, type: x}, note: R, notify: team_lead}"
    )
    assert wrong.because == (
        "`set`: expected `priority: low`, got `high`",
        "`set`: `type` was expected to be set",
    )


# --- time -------------------------------------------------------------------------------------------------------------

WAITING = """
  - name: Waiting
    at: {at}
    events:
      - {{at: 2026-03-02 08:00, by: customer, says: Hello}}
      - {{at: 2026-03-02 10:00, set: {{assignee: ben@example.com, status: open}}}}
    expect: {expect}
"""


@pytest.mark.parametrize(
    ("at", "expect"),
    [
        ("2026-03-02 11:59", "nothing"),
        ("2026-03-02 12:00", "{set: {due: 2026-03-03 10:00}}"),
        ("2026-03-02 11:00Z", "{set: {due: 2026-03-03 09:00Z}}"),
    ],
)
def test_times_are_those_of_the_default_calendar(at, expect):
    result = run(WAITING.format(at=at, expect=expect)).results[0]
    assert (result.passed, result.because) == (True, ())


def test_without_an_instant_it_is_the_first_working_minute_of_2026():
    rules = RULES + '  - {name: Told, when: {channel: email}, note: "It is {now}"}\n'
    result = one("ticket: {subject: x}, expect: {note: It is 2026-01-02 09:00}", rules)
    assert (result.passed, result.because) == (True, ())


def test_facts_are_constant_since_the_ticket_was_created():
    ticket = "{created: 2026-03-02 09:00, assignee: ben@example.com, status: open}"
    assert one(f"at: 2026-03-02 12:00, ticket: {ticket}, expect: {{set: {{due: 2026-03-03 09:00}}}}").passed


# --- people and events ------------------------------------------------------------------------------------------------


def test_what_an_agent_undoes_is_held():
    tests = """
  - name: Held
    at: 2026-03-02 12:00
    ticket: {subject: refund, group: Billing desk}
    events:
      - {at: 2026-03-02 09:00, by: customer, says: Hello}
      - {at: 2026-03-02 10:00, by: makegood, set: {tags: [refund, money]}}
      - {at: 2026-03-02 11:00, by: ana@example.com, set: {tags: []}}
    expect: {held: [tags, person_decided]}
"""
    result = run(tests).results[0]
    assert (result.passed, result.because) == (True, ())


def test_what_we_wrote_already_is_spent():
    rules = "version: 1\nrules: [{name: N, when: {last_message_by: customer}, note: Hi}]"
    from makegood.engine.effects import effect_key, marker

    mark = marker(effect_key("n", "note", None, "1"))
    tests = f"""
  - name: Spent
    at: 2026-03-02 12:00
    events:
      - {{at: 2026-03-02 09:00, by: customer, says: Hello}}
      - {{at: 2026-03-02 10:00, by: makegood, internal: yes, says: "Hi\\n\\nmakegood {mark}"}}
    expect: nothing
"""
    assert run(tests, rules).results[0].passed


def test_ratings_merges_and_answers_happen():
    rules = """
version: 1
rules:
  - {name: Bad, when: {csat: bad}, add_tags: [bad]}
  - {name: Answered, when: {last_message_by: agent}, add_tags: [answered]}
"""
    events = "{at: 2026-03-02 09:00, by: customer, says: Hm}, {at: 2026-03-02 10:00, by: ana@example.com, says: Yes}"
    at = "at: 2026-03-02 12:00"
    tests = f"""
  - {{name: A, {at}, events: [{events}, {{at: 2026-03-02 11:00, rates: bad}}], expect: {{add_tags: [bad, answered]}}}}
  - {{name: B, {at}, events: [{events}, {{at: 2026-03-02 11:00, merged_into: 7}}], expect: nothing}}
"""
    assert [result.because for result in run(tests, rules).results] == [(), ()]


def test_people_are_described_by_the_tickets_facts():
    rules = """
version: 1
rules:
  - name: VIP
    when: {organization.field.tier: gold, requester.tags: [vip], requester.name: Mia, assignee.active: no}
    note: For {requester.name}
"""
    tests = """
  - name: It
    ticket:
      organization: Acme
      organization.field.tier: gold
      requester.tags: [vip]
      requester.name: Mia
      assignee: ana@example.com
    people: {ana@example.com: {active: no}}
    expect: {note: For Mia}
"""
    result = run(tests, rules).results[0]
    assert (result.passed, result.because) == (True, ())


def test_a_person_has_the_time_zone_that_a_test_gives():
    rules, _ = load_text(
        RULES
        + "tests:\n  - name: It\n    people: {ben@example.com: {time_zone: America/New_York}}\n    expect: nothing\n"
    )
    assert play(rules, rules.tests[0]).snapshot.people["ben@example.com"].time_zone == "America/New_York"


def test_a_time_zone_that_is_none_fails_the_test_with_the_reason():
    result = one("ticket: {subject: x}, people: {ben@example.com: {time_zone: Berlin}}, expect: nothing")
    assert "there is no time zone `Berlin`: did you mean `Europe/Berlin`?" in result.because[0]


# --- parts, and what is not covered -----------------------------------------------------------------------------


def test_a_filter_runs_a_part():
    tests = "  - {name: One, ticket: {}, expect: nothing}\n  - {name: Two, ticket: {}, expect: nothing}"
    assert [result.name for result in run(tests, name_filter="TWO").results] == ["Two"]


def test_coverage_names_what_no_test_exercises():
    report = run("  - {name: One, ticket: {subject: Refund}, expect: {assign: billing, add_tags: [refund, money]}}")
    assert report.coverage["rules"]["Refunds go to Billing"] == 1
    missing = report.coverage["not_exercised"]
    assert "Often reopened" in [each["rule"] for each in missing["rules"]]
    assert missing["conditions"] == []
    assert {"rule": "Refunds go to Billing", "line": 13, "path": "when.none.tags", "never": "true"} in missing[
        "branches"
    ]


def test_without_tests_nothing_is_covered():
    report = run("  - {name: One, ticket: {}, expect: nothing}", name_filter="none")
    assert report.results == ()
    assert report.to_json()["coverage"]["not_exercised"]["conditions"] == ["refund"]


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ("ticket: {created: 2026-03-02}, expect: nothing", ""),
        ("ticket: {}, events: [{at: soon, says: x}], expect: nothing", "soon"),
    ],
)
def test_a_test_that_cannot_be_read_never_ends_in_a_traceback(test, message):
    ruleset, found = load_text(f"{RULES}\ntests:\n  - {{name: It, {test}}}")
    if ruleset is None:
        assert any(message in each.message for each in found)
    else:
        assert message in str(run_tests(ruleset).results[0].got)


def test_the_same_tests_give_the_same_answer():
    tests = "  - {name: One, ticket: {subject: Refund}, expect: {assign: care}}"
    assert run(tests).to_json() == run(tests).to_json()
