"""Rules on tickets: which hold, since when, what was seen, and when that changes by itself. Now is Monday, 09:00 UTC."""

from datetime import UTC, datetime, timedelta

import pytest
from small_desk import AT, ago, changed, event, rules, snapshot, ticket

from makegood.engine.demand import facts_of, needs
from makegood.engine.evaluate import evaluate

OFFICE = "calendars: {office: {time_zone: UTC, hours: {mon-fri: 09:00-17:00}}}\n"


def judged(body: str, *tickets, events=(), head="", **options):
    """An evaluation of one rule, and the rule."""
    ruleset = rules(f"{head}rules:\n  - name: Rule\n    add_tags: [x]\n    {body}\n")
    return evaluate(ruleset, snapshot(*tickets, events=events), **options), ruleset.rules[0]


def matched(when: str, *tickets, events=(), head="") -> tuple[str, ...]:
    evaluation, rule = judged(f"when: {when}", *tickets, events=events, head=head)
    return evaluation.matched(rule)


def since(body: str, *tickets, events=(), head="") -> datetime:
    evaluation, rule = judged(body, *tickets, events=events, head=head)
    return evaluation.since(rule, "1")


def next_instant(body: str, *tickets, events=(), head="") -> datetime | None:
    return judged(body, *tickets, events=events, head=head)[0].next_instant("1")


# --- comparisons ------------------------------------------------------------------------------------------------------

RICH = ticket(
    subject="Where is my REFUND? Order 123456",
    tags=("vip", "Refund"),
    language="de-AT",
    group="Billing",
    organization="Acme",
    custom={"City": "Bonn", "Amount": " 12.50 ", "Parts": ("Wheel", "Bell"), "First day": "2026-03-03", "Note": "soon"},
    due=AT + timedelta(hours=3),
)


@pytest.mark.parametrize(
    "when",
    [
        "{group: billing, organization: ACME, requester: Mia@Customer.Example}",
        "{language: de}",
        "{language: {not: d}}",
        "{tags: [other, REFUND]}",
        "{tags: {all: [vip, refund]}}",
        "{tags: {not: [spam]}, cc: missing}",
        "{subject: {contains: [invoice, refund]}}",
        "{subject: {contains_all: [order, REFUND]}}",
        "{subject: {starts_with: where, ends_with: '456'}}",
        r"{subject: {matches: '\border \d{6}$'}}",
        "{field.City: bonn, field.Missing: missing}",
        "{field.Parts: bell}",
        "{field.Parts: {all: [bell, wheel]}}",
        "{field.Parts: {starts_with: wh, ends_with: heel}}",
        "{field.Amount: {more_than: 12, at_most: 12.5}}",
        "{field.Note: {not: [x]}, none: {field.Note: {at_least: 0}}}",
        "{field.First day: {after: 2026-03-02, before: 2026-03-04}}",
        "{none: {field.First day: {older_than: 1 hour}}}",
        "{field.First day: {in_next: 15 hours}}",
        "{field.Note: present, none: {field.Note: {newer_than: 1 day}}}",
        "{created: {older_than: 24 hours}}",
        "{none: {created: {newer_than: 24 hours}}}",
        "{due: {in_next: 3 hours}}",
        "{due: {after: 2026-03-02 11:59, before: 2026-03-02 12:01}}",
        "{created: {before: 2026-03-02, after: 2026-02-28}}",
        "{now: {during: always}, created: {outside: office}}",
        "{assignee: missing, csat: {not: good}, none: {csat: bad}}",
        "{all: [{status: new}, {priority: [normal, high]}]}",
        "{any: [{status: open, priority: normal}, {status: new}]}",
        "{none: [{status: new, priority: high}]}",
        "{reopens: 0, agent_replies: {at_most: 0}, requester.open_tickets: 1}",
    ],
)
def test_the_condition_holds(when):
    assert matched(when, RICH, head=OFFICE) == ("1",)


@pytest.mark.parametrize(
    "when",
    [
        "{language: de-DE}",
        "{tags: ref}",
        "{tags: {not: [refund]}}",
        "{field.Amount: {at_least: 13}}",
        "{field.Missing: {less_than: 1}}",
        "{field.First day: {after: 2026-03-03}}",
        "{field.First day: {before: 2026-03-03}}",
        "{due: {in_next: 179 minutes}}",
        "{due: {after: 2026-03-02}}",
        "{due: {before: 2026-03-02}}",
        "{due: {during: office}, created: {during: office}}",
        "{first_reply_took: {under: 1 hour}}",
        "{none: {tags: [vip], channel: chat}}",
        "{any: {csat: bad, reopens: {at_least: 2}}}",
    ],
)
def test_the_condition_does_not_hold(when):
    assert matched(when, RICH, head=OFFICE) == ()


def test_an_anniversary_returns_every_year():
    born = ticket(custom={"Since": "2020-03-09", "Leap": "2024-02-29"})
    assert matched("{field.Since: {anniversary_in: 1 week}}", born) == ("1",)
    assert matched("{field.Since: {anniversary_in: 6 days}}", born) == ()
    assert matched("{field.Leap: {anniversary_in: 300 days}}", born) == ()
    assert matched("{field.Since: {anniversary_in: 1 week}}", ticket(custom={"Since": "2026-03-05"})) == ()


def test_business_time_runs_on_the_rules_calendar():
    friday = ticket(created=datetime(2026, 2, 27, 16, tzinfo=UTC))
    assert matched("{created: {older_than: 1 business hour}}", friday, head=OFFICE) == ("1",)
    assert matched("{created: {older_than: 61 business minutes}}", friday, head=OFFICE) == ()
    assert matched("{created: {older_than: 1 business day}}", friday, head=OFFICE) == ()


def test_a_duration_of_exactly_its_length_is_not_over():
    reply = [event(ago(hours=20), "message", "ana@example.com", public=True)]
    assert matched("{first_reply_took: {over: 4 hours}}", ticket(), events=reply) == ()
    assert matched("{first_reply_took: {over: 239 minutes, under: 241 minutes}}", ticket(), events=reply) == ("1",)


@pytest.mark.parametrize("length", ["0 minutes", "0 business minutes", "0 business days"])
@pytest.mark.parametrize("fact", ["first_reply_took", "longest_wait", "resolution_took"])
def test_nothing_is_shorter_than_no_time(fact, length):
    by_night = [
        changed(ago(hours=24), "status", "new", "solved"),
        event(ago(hours=23), "message", "customer", public=True),
        event(ago(hours=22), "message", "ana@example.com", public=True),
        event(ago(hours=21), "message", "customer", public=True),
    ]
    for events in ([], by_night):
        one = ticket(status="solved" if events else "new")
        assert matched(f"{{{fact}: {{under: {length}}}}}", one, events=events, head=OFFICE) == ()


def test_what_was_lost_while_solved_does_not_count_for_the_resolution():
    created = datetime(2026, 2, 26, 10, tzinfo=UTC)
    hours = [("new", "solved", 2), ("solved", "open", 5), ("open", "solved", 6)]
    events = [changed(created + timedelta(hours=after), "status", old, new) for old, new, after in hours]
    solved = ticket(created=created, status="solved")
    assert matched("{resolution_took: {over: 179 minutes, under: 181 minutes}}", solved, events=events) == ("1",)
    office = "{resolution_took: {over: 179 business minutes, under: 181 business minutes}}"
    assert matched(office, solved, events=events, head=OFFICE) == ("1",)


def test_a_calendar_may_depend_on_a_fact():
    head = OFFICE.replace("}}}", "}}, night: {time_zone: UTC, hours: {mon-sun: 20:00-04:00}}}")
    body = "calendar: {by: priority, high: night, default: office}\n    when: {created: {older_than: 3 business hours}}"
    tickets = [ticket(1, priority="high"), ticket(2, priority="low")]
    evaluation, rule = judged(body, *tickets, head=head)
    assert evaluation.matched(rule) == ("1",)
    assert [evaluation.calendar_of(rule, number) for number in ("1", "2")] == ["night", "office"]


def test_a_team_brings_its_calendar():
    head = OFFICE + "default_calendar: always\nteams: {billing: {group: Billing, calendar: office}}\n"
    evaluation, rule = judged("assign: {team: billing}\n    when: {status: new}", ticket(), head=head)
    assert evaluation.calendar_of(rule, "1") == "office"


# --- scope and order --------------------------------------------------------------------------------------------------


def test_closed_tickets_are_out_of_scope_unless_named():
    closed = ticket(status="closed")
    assert matched("{priority: normal}", closed) == ()
    assert matched("{none: {status: closed}, priority: normal}", closed) == ()
    assert matched("{status: {not: open}}", closed) == ()
    assert matched("{any: {status: [solved, closed]}}", closed) == ("1",)


def test_a_rule_without_condition_holds_for_what_is_not_closed():
    evaluation, rule = judged("why: all", ticket(1), ticket(2, status="closed"), ticket(3, status="solved"))
    assert set(evaluation.matched(rule)) == {"1", "3"}
    assert evaluation.seen == 2


def test_merged_deleted_and_future_tickets_are_out():
    gone = [ticket(2, merged_into="1"), ticket(3, deleted=True), ticket(4, created=AT + timedelta(hours=1))]
    assert matched("{status: new}", ticket(1), *gone) == ("1",)
    ended = [event(AT, "deleted", on=1)]
    assert matched("{status: new}", ticket(1), events=ended) == ()
    assert matched("{status: new}", ticket(1, deleted=True), events=[event(AT + timedelta(1), "deleted")]) == ("1",)


def test_who_waits_longest_comes_first_then_the_oldest_then_by_number():
    tickets = [ticket(10), ticket(9), ticket(8, created=ago(days=2)), ticket(7)]
    asks = [event(ago(hours=1), "message", "customer", on=7, public=True)]
    evaluation, rule = judged("when: {unanswered_since: {newer_than: 1 day}}", *tickets, events=asks)
    assert evaluation.matched(rule) == ("7",)
    assert matched("{any: {unanswered_since: present, status: new}}", *tickets, events=asks) == ("7", "8", "9", "10")


def test_only_the_tickets_asked_for_are_judged_but_all_count():
    tickets = [ticket(1), ticket(2)]
    evaluation, rule = judged("when: {requester.open_tickets: 2}", *tickets, tickets=["2"])
    assert evaluation.matched(rule) == ("2",)


# --- episodes ---------------------------------------------------------------------------------------------------------


def test_an_episode_begins_with_the_event_that_made_the_condition_true():
    events = [changed(ago(hours=7), "status", "new", "open"), changed(ago(hours=5), "priority", "low", "high")]
    assert since("when: {status: open, priority: high}", ticket(status="open", priority="high"), events=events) == ago(
        hours=5
    )


def test_a_break_begins_a_new_episode():
    hops = [("new", "open", 9), ("open", "pending", 6), ("pending", "open", 3)]
    events = [changed(ago(hours=hours), "status", old, new) for old, new, hours in hops]
    assert since("when: {status: open}", ticket(status="open"), events=events) == ago(hours=3)
    assert since("when: {status: [open, pending]}", ticket(status="open"), events=events) == ago(hours=9)


def test_time_alone_begins_an_episode():
    assert since("when: {created: {older_than: 5 hours}}", ticket()) == ago(hours=19)
    assert since("when: {due: {in_next: 5 hours}}", RICH) == ago(hours=2)
    assert since(
        "when: {longest_wait: {over: 1 hour}}",
        ticket(),
        events=[event(ago(hours=5), "message", "customer", public=True)],
    ) == ago(hours=4) + timedelta(microseconds=1)


def test_opening_hours_begin_an_episode_however_old_the_ticket_is():
    old = ticket(created=ago(days=700))
    assert since("when: {now: {during: office}}", old, head=OFFICE) == AT
    assert since("when: {now: {during: always}}", old) == ago(days=700)
    assert since("when: {now: {after: 2025-12-24}}", old) == datetime(2025, 12, 25, tzinfo=UTC)


def test_other_tickets_begin_an_episode():
    others = [ticket(2, created=ago(hours=6)), ticket(3, created=ago(hours=4))]
    assert since("when: {requester.tickets_7d: {at_least: 3}}", ticket(), *others) == ago(hours=4)


def test_since_is_only_known_where_the_rule_holds():
    evaluation, rule = judged("when: {status: open}", ticket())
    with pytest.raises(KeyError):
        evaluation.since(rule, "1")


def test_for_waits_until_the_episode_is_old_enough():
    events = [changed(ago(hours=7), "status", "new", "open")]
    for length, expected in [("7 hours", ("1",)), ("8 hours", ()), ("1 business minute", ())]:
        body = f"for: {length}\n    when: {{status: open}}"
        evaluation, rule = judged(body, ticket(status="open"), events=events, head=OFFICE)
        assert evaluation.matched(rule) == expected
        assert evaluation.holds(rule, "1")


# --- what was seen ----------------------------------------------------------------------------------------------------


def test_values_are_typed_and_texts_are_for_people():
    reply = [event(ago(hours=22), "message", "ana@example.com", public=True)]
    evaluation, _ = judged("why: x", RICH, events=reply)
    seen = {
        "tags": (("vip", "Refund"), "vip, Refund"),
        "created": (ago(days=1), "2026-03-01 10:00"),
        "first_reply_took": (timedelta(hours=2), "2 hours"),
        "agent_replies": (1, "1"),
        "field.City": ("Bonn", "Bonn"),
        "assignee": (None, ""),
        "requester.name": ("Mia", "Mia"),
        "deadline.first-reply": (None, ""),
    }
    assert {fact: evaluation.value("1", fact) for fact in seen} == {fact: value for fact, (value, _) in seen.items()}
    assert {fact: evaluation.text("1", fact, "Europe/Berlin") for fact in seen} == {
        fact: text for fact, (_, text) in seen.items()
    }
    assert evaluation.value("99", "status") is None


def test_the_trace_tells_every_leaf_in_order():
    evaluation, rule = judged("when: {status: [new, open], none: {csat: good}, subject: {contains: refund}}", ticket())
    told = [(leaf.path, leaf.value, leaf.verdict) for leaf in evaluation.trace(rule, "1")]
    assert told == [
        ("when.status", "new", True),
        ("when.none.csat", None, False),
        ("when.subject.contains", "Help", False),
    ]


# --- what if, and what next -------------------------------------------------------------------------------------------


def test_an_overlay_changes_what_is_now_and_leaves_the_original_alone():
    evaluation, rule = judged("when: {priority: urgent, tags: [x], due: present}", ticket(1), ticket(2))
    changes = {"2": {"priority": "urgent", "tags": ("x", "y"), "due": "2026-03-05T09:00:00Z"}}
    assert evaluation.overlay(changes).matched(rule) == ("2",)
    assert evaluation.matched(rule) == ()


def test_an_overlay_may_reach_into_the_past():
    evaluation, rule = judged("for: 2 hours\n    when: {reopens: {at_least: 3}}", ticket())
    assert evaluation.overlay({"1": {"reopens": "3"}}, always=True).since(rule, "1") == ago(days=1)
    assert evaluation.overlay({"1": {"reopens": 3}}, always=True).matched(rule) == ("1",)
    assert evaluation.overlay({"1": {"reopens": 3}}).since(rule, "1") == AT


def test_an_overlay_refuses_a_value_of_another_type():
    evaluation, rule = judged("when: {reopens: 1}", ticket())
    with pytest.raises(ValueError, match="many"):
        evaluation.overlay({"1": {"reopens": "many"}}).matched(rule)


@pytest.mark.parametrize(
    ("body", "instant"),
    [
        ("when: {status: new}", None),
        ("when: {created: {older_than: 30 hours}}", AT + timedelta(hours=6)),
        ("when: {created: {newer_than: 25 hours}}", AT + timedelta(hours=1)),
        ("when: {due: {in_next: 1 hour}}", AT + timedelta(hours=2)),
        ("when: {now: {during: office}}", AT + timedelta(hours=8)),
        ("when: {now: {after: 2026-03-04}}", datetime(2026, 3, 4, tzinfo=UTC)),
        ("when: {requester.tickets_7d: {at_least: 1}}", AT + timedelta(days=6)),
        ("for: 3 days\n    when: {status: new}", AT + timedelta(days=2)),
        ("for: 1 hour\n    when: {status: new}", None),
        ("note: Hello\n    repeat: {every: 10 hours}\n    when: {status: new}", AT + timedelta(hours=6)),
        ("note: Hello\n    repeat: {every: 10 hours, at_most: 2}\n    when: {status: new}", None),
    ],
)
def test_when_to_look_again(body, instant):
    assert next_instant(body, RICH, head=OFFICE) == instant


# --- what has to be read ----------------------------------------------------------------------------------------------


def needed(body: str):
    return needs(rules(f"rules:\n  - name: R\n    {body}\n"))


def test_only_what_rules_ask_about_is_read():
    plain = needed("when: {priority: high}\n    set: {field.City: Bonn}")
    assert plain.fields == {"priority", "field.City", "status"}
    assert not any([plain.messages, plain.texts, plain.ratings, plain.closed])


@pytest.mark.parametrize(
    ("body", "fields", "flag"),
    [
        ("when: {reopens: 1}\n    add_tags: [x]", {"status", "tags"}, ""),
        ("when: {requester.bad_csat_90d: 1}\n    add_cc: [a@example.com]", {"status", "requester", "cc"}, "closed"),
        ("when: {csat: bad}\n    add_tags: [x]", {"status", "tags"}, "ratings"),
        ("when: {status: closed}\n    add_tags: [x]", {"status", "tags"}, "closed"),
        ("note: 'Dear {requester.name}: {last_customer_message}'", {"status", "requester"}, "texts"),
        ("reply: Hello", {"status"}, "texts"),
        ("assign: {to: previous_assignee}", {"status", "assignee", "group"}, "messages"),
        ("when: {updated: {older_than: 1 day}}\n    add_tags: [x]", {"*", "status", "tags"}, "messages"),
        ("set: {priority: {by: group, billing: high, default: low}}", {"status", "priority", "group"}, ""),
    ],
)
def test_what_a_rule_needs(body, fields, flag):
    found = needed(body)
    assert found.fields == fields
    assert not flag or getattr(found, flag)


def test_facts_come_from_every_corner_of_a_rule():
    body = "when: {created: present}\n    notify: {who: [cc, field.Manager], text: '{due} {why}'}"
    found = facts_of(rules(f"rules:\n  - name: R\n    {body}\n").rules)
    assert {"created", "cc", "field.Manager", "due", "status"} <= found
    assert "why" not in found


# --- odd desks --------------------------------------------------------------------------------------------------------


def test_an_empty_desk_is_judged():
    evaluation, rule = judged(
        "for: 1 day\n    when: {tags: [x], requester.open_tickets: 1, language: de, now: {during: always}}"
    )
    assert (evaluation.matched(rule), evaluation.seen, evaluation.next_instant("1")) == ((), 0, None)


@pytest.mark.parametrize(
    "day", ["0001-01-01", "9999-12-31", "2199-06-01", "1969-12-31T23:00", "2026-02-30", "١٢", "\x00"]
)
@pytest.mark.parametrize(
    "test",
    [
        "older_than: 2 business days",
        "newer_than: 1 week",
        "in_next: 3 business hours",
        "in_next: 2 business days",
        "anniversary_in: 1 day",
        "during: office",
        "before: 2026-03-02",
        "at_least: 3",
    ],
)
def test_no_custom_field_is_odd_enough_to_break_a_rule(day, test):
    evaluation, rule = judged(
        f"for: 1 hour\n    when: {{field.Day: {{{test}}}}}", ticket(custom={"Day": day}), head=OFFICE
    )
    evaluation.matched(rule)
    evaluation.coming("1")
    assert evaluation.trace(rule, "1")[0].value == day
