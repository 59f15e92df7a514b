"""Writing Jira: a call for each comment, one PUT for the fields, a transition, read back, never repeated blindly.

Numbers are those of the facts, traps those of their section 8. Everything is tried on Cloud and on Data Center where it can be.
"""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
from fake_jira import FakeJira
from fake_jira_client import Clock, connect

from makegood.connectors.base import AuthFailed, Change, Conflict, Gone, Retryable
from makegood.connectors.conformance import MARKER, NOTE, present, results, visit
from makegood.connectors.transport import Unsure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fake_jira_asked import Asked

    from makegood.connectors.base import Written
    from makegood.connectors.jsm import Jira

ALICE, BOB, ANA = "alice@acme.example", "bob@acme.example", "ana@customer.example"
ROBOT = "makegood@acme.example"
INTERNAL = [{"key": "sd.public.comment", "value": {"internal": True}}]

NOTED = Change("note", "note", text=NOTE, marker=MARKER)
REPLY = Change("reply", "reply", text="We are on it.", marker="abcdef")
TAG = Change("tag", "add_tags", "tags", new=("vip",))
HIGH = Change("high", "set", "priority", new="high")
WAITS = Change("waits", "set", "status", new="pending")
SOLVED = Change("solved", "set", "status", new="solved")


@pytest.fixture(params=[True, False], ids=["cloud", "data-center"])
def jira(request: pytest.FixtureRequest) -> Iterator[FakeJira]:
    with FakeJira(cloud=request.param, now=Clock()) as jira:
        yield jira


@pytest.fixture
def cloud() -> Iterator[FakeJira]:
    with FakeJira(now=Clock()) as jira:
        yield jira


@pytest.fixture
def center() -> Iterator[FakeJira]:
    with FakeJira(cloud=False, now=Clock()) as jira:
        yield jira


@pytest.fixture
def issue(jira: FakeJira) -> str:
    """A customer's request."""
    return jira.add_issue("Boat", "It leaks.")


@pytest.fixture
def plain(jira: FakeJira) -> str:
    """An issue that no customer asked for."""
    return jira.add_issue("Task", request_type=None)


def tried(jira: FakeJira, issue: str, *changes: Change, **options: Any) -> Written:
    jira.now.turn()  # type: ignore[attr-defined]
    return visit(connect(jira, **options), issue, *changes)


def ready(jira: FakeJira, issue: str, **options: Any) -> tuple[Jira, str]:
    """A connector that has fetched its lists, and the version of the issue that it has seen."""
    jira.now.turn()  # type: ignore[attr-defined]
    desk = connect(jira, **options)
    version = present(desk, issue).version
    jira.now.turn()  # type: ignore[attr-defined]
    return desk, version


def lines(jira: FakeJira) -> list[str]:
    """What was written, as method and path."""
    return [f"{each.method} {each.path}" for each in jira.writes]


def sent(jira: FakeJira, method: str, path: str = "") -> list[Any]:
    """The bodies of what was written there."""
    return [each.body for each in jira.writes if each.method == method and each.path.endswith(path)]


def ours(jira: FakeJira, issue: str) -> list[dict[str, Any]]:
    """The comments of our account."""
    return [said for said in jira.issue(issue)["comments"] if said["author"] == jira.user_id(ROBOT)]


def notes(jira: FakeJira, issue: str) -> int:
    return [said["text"] for said in ours(jira, issue)].count(NOTE)


def holds(jira: FakeJira, issue: str, field: str) -> Any:
    return jira.issue(issue)["fields"].get(jira.field_id(field))


def status(jira: FakeJira, issue: str) -> str:
    return str(jira.statuses[holds(jira, issue, "status")]["name"])


def account(jira: FakeJira, who: str) -> dict[str, str]:
    """Somebody as Jira wants to be told: fact 6."""
    return {"accountId" if jira.cloud else "name": jira.user_id(who)}


def owner(jira: FakeJira, who: str) -> Change:
    return Change("owner", "assign", "assignee", new=jira.user_id(who))


def seconds(jira: FakeJira, act: Callable[[], object]) -> float:
    """How long something slept."""
    before = jira.now()
    act()
    return (jira.now() - before).total_seconds()


def reader(jira: FakeJira) -> dict[str, Any]:
    """The way in of an account that may only look."""
    return (
        {"account": ("reader@acme.example", jira.entry.reader_api_token)}
        if jira.cloud
        else {"token": jira.entry.reader_pat}
    )


# ---- what is sent


def test_all_fields_go_in_one_put_with_what_comes_and_goes_in_lists(jira: FakeJira, issue: str) -> None:
    """Facts 6 and 10: people by exact id, priorities by number, labels as operations; no marker beside the fields."""
    jira.change(issue, ALICE, labels=["web", "old"])
    copy = jira.person("copy@customer.example")
    written = tried(
        jira,
        issue,
        owner(jira, ALICE),
        Change("group", "assign", "group", new="Billing"),
        HIGH,
        Change("own", "set", "field.Recovery", new="voucher"),
        Change("due", "set", "due", new="2026-03-06T17:30:00Z"),
        TAG,
        Change("untag", "remove_tags", "tags", new=("old",)),
        Change("cc", "add_cc", "cc", new=("copy@customer.example",)),
    )
    assert {outcome.result for outcome in written.outcomes} == {"applied"}, written.outcomes
    participants = jira.field_id("Request participants")
    assert lines(jira) == [f"PUT issue/{issue}"]
    assert sent(jira, "PUT") == [
        {
            "fields": {
                "assignee": account(jira, ALICE),
                jira.field_id("Support group"): {"name": "Billing"},
                "priority": {"id": "2"},
                jira.field_id("Recovery"): "voucher",
                "duedate": "2026-03-06",
            },
            "update": {
                "labels": [{"add": "vip"}, {"remove": "old"}],
                participants: [{"add": {"accountId" if jira.cloud else "name": copy}}],
            },
        }
    ]
    assert holds(jira, issue, "labels") == ["web", "vip"]
    assert written.ticket == connect(jira).read([issue]).tickets[0]


def test_what_is_said_goes_first_then_the_fields_then_the_status(jira: FakeJira, issue: str) -> None:
    """A rule whose fields are written may never hold again; a workflow may want fields, or close the issue to editing."""
    written = tried(jira, issue, WAITS, TAG, NOTED, REPLY)
    assert results(written) == [("waits", "applied"), ("tag", "applied"), ("note", "applied"), ("reply", "applied")]
    assert lines(jira) == [
        f"POST servicedeskapi/request/{issue}/comment",
        f"POST issue/{issue}/comment",
        f"PUT issue/{issue}",
        f"POST issue/{issue}/transitions",
    ]
    assert written.ticket == connect(jira).read([issue]).tickets[0]
    assert {event.id for event in written.events} <= {event.id for event in connect(jira).read([issue]).events}


@pytest.mark.parametrize(
    ("kinds", "on_cloud", "on_center"),
    [
        ("", 1, 1),
        ("fields", 2, 3),
        ("status", 3, 3),
        ("note", 3, 3),
        ("note reply", 4, 4),
        ("fields status", 4, 5),
        ("fields note", 3, 4),
        ("status note", 5, 5),
        ("fields status note", 5, 6),
        ("fields status note reply", 6, 7),
    ],
)
def test_what_a_visit_costs(jira: FakeJira, issue: str, kinds: str, on_cloud: int, on_center: int) -> None:
    """A look and one PUT for any number of fields; a comment and a status: a call each, and one more look back.

    Cloud answers a PUT with the issue, transitions and comments included, so that a comment before it costs no look of its own;
    before a transition one does. Data Center answers a PUT with nothing: a look more, before a transition or at the end.
    """
    jira.change(issue, ALICE, labels=["there"])
    asked = {
        "": [Change("there", "add_tags", "tags", new=("there",))],
        "fields": [owner(jira, ALICE), HIGH, TAG, Change("own", "set", "field.Recovery", new="voucher")],
        "status": [WAITS],
        "note": [NOTED],
        "reply": [REPLY],
    }
    desk, version = ready(jira, issue)
    before = desk.calls
    written = desk.apply(issue, [change for kind in kinds.split(" ") for change in asked[kind]], version)
    assert {outcome.result for outcome in written.outcomes} == {"applied" if kinds else "already"}
    assert desk.calls - before == (on_cloud if jira.cloud else on_center)


def test_an_unknown_person_in_copy_costs_one_look_more_and_only_once(jira: FakeJira, issue: str) -> None:
    jira.person("copy@customer.example")
    desk, version = ready(jira, issue)
    before = desk.calls
    desk.apply(issue, [Change("cc", "add_cc", "cc", new=("copy@customer.example",))], version)
    assert desk.calls - before == (3 if jira.cloud else 4)


@pytest.mark.parametrize("place", ["gateway", "context"])
def test_every_address_keeps_what_stands_before_the_interface(place: str) -> None:
    """The trap that a library's own resources lose the gateway's path; a Data Center may live below a path, too."""
    with FakeJira(cloud=place == "gateway", now=Clock(), context="" if place == "gateway" else "/jira") as jira:
        issue, plain = jira.add_issue(), jira.add_issue(request_type=None)
        options: dict[str, Any] = {}
        if place == "gateway":
            options = {"url": jira.gateway, "way": {"account": (ROBOT, jira.entry.scoped_token)}}
        for number in (issue, plain):
            jira.before_write = lambda: jira.deny("EDIT_ISSUES", ROBOT)
            said = [NOTED] if number == plain else [NOTED, REPLY]
            written = tried(jira, number, owner(jira, ALICE), WAITS, *said, **options)
            assert {outcome.result for outcome in written.outcomes} == {"applied"}, written.outcomes
            jira.grant("EDIT_ISSUES", ROBOT)
        base = jira.entry.gateway if place == "gateway" else "/jira"
        assert {each.base for each in jira.requests} == {base}
        assert len({line.rpartition("/")[2] for line in lines(jira)}) == len(
            {issue, plain, "transitions", "comment", "assignee"}
        )


@pytest.mark.parametrize("allowed", [True, False])
def test_mails_are_kept_back_only_where_we_administer_the_project(jira: FakeJira, allowed: bool) -> None:
    """Fact 17: others are silently not obeyed, so they do not ask."""
    if allowed:
        jira.grant("ADMINISTER_PROJECTS", ROBOT, "SUP")
    for project in ("SUP", "BIL"):
        issue = jira.add_issue(project=project)
        tried(jira, issue, TAG)
        quiet = allowed and project == "SUP"
        assert jira.writes[-1].params.get("notifyUsers") == ("false" if quiet else None)
        assert ((issue, "edited") in jira.mails) is not quiet


def test_an_issue_that_is_as_wanted_is_not_touched(jira: FakeJira, issue: str) -> None:
    jira.change(issue, ALICE, labels=["vip"], priority="High", status="Waiting for customer", assignee=BOB)
    updated = jira.issue(issue)["updated"]
    written = tried(jira, issue, TAG, HIGH, WAITS, owner(jira, BOB))
    assert {outcome.result for outcome in written.outcomes} == {"already"}
    assert (jira.writes, jira.issue(issue)["updated"]) == ([], updated)


def test_a_label_is_removed_however_the_rule_spells_it(jira: FakeJira, issue: str) -> None:
    """Jira's labels know upper case, rules do not."""
    jira.change(issue, ALICE, labels=["VIP", "web"])
    written = tried(jira, issue, Change("untag", "remove_tags", "tags", new=("vip",)))
    assert (results(written), holds(jira, issue, "labels")) == ([("untag", "applied")], ["web"])


# ---- the status


def test_a_status_is_reached_by_the_transition_that_leads_there_now(jira: FakeJira, issue: str) -> None:
    """Fact 6: numbers of transitions change with the workflow."""
    desk, version = ready(jira, issue)
    jira.hide_transition("Waiting for customer")
    new = jira.add_transition("Ask back", "Waiting for customer")
    assert results(desk.apply(issue, [WAITS], version)) == [("waits", "applied")]
    assert sent(jira, "POST") == [{"transition": {"id": new}}]


@pytest.mark.parametrize(
    ("words", "reached"),
    [
        ({}, "Resolved"),
        ({"status": {"solved": ["Fixed"]}}, "Fixed"),
        ({"status": {"solved": ["Nowhere", "fixed", "Resolved"]}}, "Fixed"),
    ],
)
def test_of_several_ways_the_one_that_the_settings_name_first_is_gone(
    jira: FakeJira, issue: str, words: dict[str, Any], reached: str
) -> None:
    jira.add_status("Fixed", "done")
    jira.add_transition("Fix", "Fixed")
    assert results(tried(jira, issue, SOLVED, words=words)) == [("solved", "applied")]
    assert status(jira, issue) == reached


def test_a_status_may_be_called_by_its_name(jira: FakeJira, issue: str) -> None:
    jira.add_status("Waiting for parts")
    jira.add_transition("Order", "Waiting for parts")
    written = tried(jira, issue, Change("name", "set", "status_name", new="waiting for Parts"))
    assert results(written) == [("name", "applied")]
    assert (written.ticket.status_name, status(jira, issue)) == ("Waiting for parts", "Waiting for parts")


@pytest.mark.parametrize(("words", "said"), [({}, "Done"), ({"resolution": "won't do"}, "Won't Do")])
def test_a_resolution_that_a_screen_requires_is_filled_in(
    jira: FakeJira, issue: str, words: dict[str, Any], said: str
) -> None:
    """Trap: transition with a required screen field."""
    jira.hide_transition("Resolved")
    jira.add_transition("Resolve", "Resolved", required=["resolution"])
    assert results(tried(jira, issue, SOLVED, words=words)) == [("solved", "applied")]
    assert sent(jira, "POST")[0]["fields"] == {"resolution": {"name": said}}
    assert jira.resolutions[holds(jira, issue, "resolution")] == said


def test_a_resolution_that_is_there_is_left_as_it_is(jira: FakeJira, issue: str) -> None:
    jira.hide_transition("Resolved")
    jira.add_transition("Resolve", "Resolved", required=["resolution"])
    jira.change(issue, ALICE, resolution="Duplicate")
    assert results(tried(jira, issue, SOLVED)) == [("solved", "applied")]
    assert jira.resolutions[holds(jira, issue, "resolution")] == "Duplicate"


@pytest.mark.parametrize(
    ("required", "words", "named"), [("Seats", {}, "Seats"), ("resolution", {"resolution": "Fixed"}, "Resolution")]
)
def test_a_required_field_that_is_empty_is_named_and_nothing_is_tried(
    jira: FakeJira, issue: str, required: str, words: dict[str, Any], named: str
) -> None:
    jira.hide_transition("Resolved")
    jira.add_transition("Resolve it", "Resolved", required=[required])
    written = tried(jira, issue, SOLVED, TAG, words=words)
    assert results(written) == [("solved", "refused"), ("tag", "applied")]
    assert f"the transition Resolve it asks for {named}" in written.outcomes[0].detail
    assert sent(jira, "POST") == []


def test_a_required_field_that_the_rule_sets_too_is_there_in_time(jira: FakeJira, issue: str) -> None:
    """Fields go before the transition, and their values are seen there."""
    jira.hide_transition("Resolved")
    jira.add_transition("Resolve it", "Resolved", required=["Seats"])
    written = tried(jira, issue, SOLVED, Change("seats", "set", "field.Seats", new="4"))
    assert results(written) == [("solved", "applied"), ("seats", "applied")]


def test_where_one_way_asks_for_more_than_there_is_another_one_is_gone(jira: FakeJira, issue: str) -> None:
    jira.hide_transition("Resolved")
    jira.add_transition("With seats", "Resolved", required=["Seats"])
    easy = jira.add_transition("Just so", "Resolved")
    assert results(tried(jira, issue, SOLVED)) == [("solved", "applied")]
    assert sent(jira, "POST")[0]["transition"] == {"id": easy}


def test_a_status_that_no_way_leads_to_is_refused_with_those_that_can_be_reached(jira: FakeJira, issue: str) -> None:
    jira.hide_transition("Waiting for customer")
    written = tried(jira, issue, WAITS, NOTED)
    assert results(written) == [("waits", "refused"), ("note", "applied")]
    detail = written.outcomes[0].detail
    assert "from Waiting for support no transition of ours leads to pending" in detail
    assert "Resolved" in detail


def test_without_the_right_to_transitions_the_status_is_refused(jira: FakeJira, issue: str) -> None:
    """Trap: a transition that is missing for our permission; Jira tells of none then."""
    jira.deny("TRANSITION_ISSUES", ROBOT)
    written = tried(jira, issue, WAITS, TAG)
    assert results(written) == [("waits", "refused"), ("tag", "applied")]
    assert "nowhere" in written.outcomes[0].detail


def test_a_way_that_closed_between_the_look_and_the_call_is_no_success(jira: FakeJira, issue: str) -> None:
    jira.hide_transition("Waiting for customer")
    jira.add_transition("Ask back", "Waiting for customer", sources=["Waiting for support"])
    desk, version = ready(jira, issue)
    jira.before_write = lambda: jira.transition(issue, ALICE, "Closed")
    written = desk.apply(issue, [WAITS], version)
    assert written.outcomes[0].result == "refused"
    assert status(jira, issue) == "Closed"


def test_a_conflict_at_the_transition_is_one_of_the_visit_where_nothing_was_written(jira: FakeJira, issue: str) -> None:
    """Fact 5: 409 is for planning again."""
    desk, version = ready(jira, issue)
    jira.fail(409, path="transitions", method="POST")
    with pytest.raises(Conflict):
        desk.apply(issue, [WAITS], version)


def test_a_conflict_at_the_transition_leaves_told_what_was_written_before(jira: FakeJira, issue: str) -> None:
    jira.fail(409, path="transitions", method="POST")
    assert results(tried(jira, issue, WAITS, TAG)) == [("waits", "conflict"), ("tag", "applied")]


def test_a_status_that_our_fields_brought_about_is_no_refusal(jira: FakeJira, issue: str) -> None:
    """A rule of Jira's moves the issue where we want it, too: there is no transition to where it is already."""
    jira.add_rule("Wait", lambda _, change: "labels" in change.fields, {"status": "Waiting for customer"})
    written = tried(jira, issue, TAG, WAITS)
    assert status(jira, issue) == "Waiting for customer"
    assert dict(results(written))["waits"] in ("applied", "already")


def test_a_status_and_its_name_in_one_visit_are_one_transition(jira: FakeJira, issue: str) -> None:
    written = tried(jira, issue, SOLVED, Change("name", "set", "status_name", new="Resolved"))
    assert status(jira, issue) == "Resolved"
    assert {outcome.result for outcome in written.outcomes} <= {"applied", "already"}


# ---- people


def test_people_called_alike_are_not_mixed_up(jira: FakeJira, issue: str) -> None:
    """Trap: two with one name, and names that begin alike; the library takes the first that a search brings."""
    jira.add_user("ann.smithson@acme.example", "Ann Smith", kind="agent")
    ann = jira.add_user("ann.smith@acme.example", "Ann Smith", kind="agent")
    jira.add_user("ann.smith@acme.example.org", "Ann Smith", login="annie")
    written = tried(jira, issue, Change("1", "assign", "assignee", new=ann))
    assert (results(written), holds(jira, issue, "assignee")) == ([("1", "applied")], ann)
    written = tried(jira, issue, Change("2", "assign", "assignee", new="Ann Smith"))
    assert (results(written), holds(jira, issue, "assignee")) == ([("2", "refused")], ann)
    written = tried(jira, issue, Change("3", "add_cc", "cc", new=("ann.smith@acme.example",)))
    assert (results(written), holds(jira, issue, "Request participants")) == ([("3", "applied")], [ann])


def test_who_is_only_found_by_the_beginning_of_the_address_is_not_taken(jira: FakeJira, issue: str) -> None:
    jira.add_user("pat@customer.example.org", "Pat")
    written = tried(jira, issue, Change("cc", "add_cc", "cc", new=("pat@customer.example",)), TAG)
    assert results(written) == [("cc", "refused"), ("tag", "applied")]
    assert "pat@customer.example" in written.outcomes[0].detail
    assert not holds(jira, issue, "Request participants")


@pytest.mark.parametrize("kind", ["customer", "agent"])
def test_of_two_accounts_with_one_address_none_is_taken(center: FakeJira, kind: str) -> None:
    """Data Center allows that. Agents are known from the lists, customers are asked for: nobody can tell which one is meant."""
    issue = center.add_issue()
    for login in ("pat", "patricia"):
        center.add_user("pat@customer.example", "Pat", kind=kind, login=login)
    written = tried(center, issue, Change("cc", "add_cc", "cc", new=("pat@customer.example",)))
    assert results(written) == [("cc", "refused")]
    assert not holds(center, issue, "Request participants")


@pytest.mark.parametrize("who", ["inactive", "customer", "unknown"])
def test_who_cannot_own_an_issue_is_refused_in_jiras_words_and_the_rest_is_written(
    jira: FakeJira, issue: str, who: str
) -> None:
    """Traps: inactive assignee, customer as assignee, nobody of that name."""
    jira.change_user(BOB, active=False)
    ids = {"inactive": jira.user_id(BOB), "customer": jira.user_id(ANA), "unknown": "nobody@nowhere.example"}
    written = tried(jira, issue, Change("owner", "assign", "assignee", new=ids[who]), HIGH, NOTED)
    assert results(written) == [("owner", "refused"), ("high", "applied"), ("note", "applied")]
    words = "does not exist" if who == "unknown" else "cannot be assigned"
    assert words in written.outcomes[0].detail
    assert holds(jira, issue, "assignee") is None


def test_somebody_who_left_between_the_look_and_the_write_is_refused(jira: FakeJira, issue: str) -> None:
    desk, version = ready(jira, issue)
    jira.before_write = lambda: jira.change_user(BOB, active=False)
    assert results(desk.apply(issue, [owner(jira, BOB), TAG], version)) == [("owner", "refused"), ("tag", "applied")]


def test_without_the_right_to_look_up_users_only_the_copy_is_refused(jira: FakeJira, issue: str) -> None:
    """The global right to browse users is often kept back; one rule that adds a copy is no reason to end the run."""
    jira.person("copy@customer.example")
    desk, version = ready(jira, issue)
    jira.deny("USER_PICKER", ROBOT)
    written = desk.apply(issue, [Change("cc", "add_cc", "cc", new=("copy@customer.example",)), TAG], version)
    assert results(written) == [("cc", "refused"), ("tag", "applied")]


@pytest.mark.parametrize("new", [ALICE, None])
def test_the_owner_is_set_by_its_own_call_where_editing_is_not_allowed(
    jira: FakeJira, issue: str, new: str | None
) -> None:
    """Assigning needs only the right to assign; nothing takes the owner away."""
    jira.change(issue, ALICE, assignee=BOB)
    jira.deny("EDIT_ISSUES", ROBOT)
    change = Change("owner", "assign", "assignee", new=jira.user_id(new) if new else None)
    written = tried(jira, issue, change, TAG, WAITS, NOTED)
    assert results(written) == [("owner", "applied"), ("tag", "refused"), ("waits", "applied"), ("note", "applied")]
    assert "permission" in written.outcomes[1].detail
    assert sent(jira, "PUT", "/assignee") == [
        account(jira, new) if new else {"accountId" if jira.cloud else "name": None}
    ]
    assert holds(jira, issue, "assignee") == (jira.user_id(new) if new else None)


# ---- what Jira does not take


@pytest.mark.parametrize("blank", ["two words", "tab\tbed"])
def test_a_label_with_a_blank_is_refused_and_the_rest_is_written(jira: FakeJira, issue: str, blank: str) -> None:
    """Trap: Jira refuses the whole call for it."""
    written = tried(jira, issue, Change("blank", "add_tags", "tags", new=(blank,)), HIGH, NOTED)
    assert results(written) == [("blank", "refused"), ("high", "applied"), ("note", "applied")]
    if blank == "two words":
        assert "two_words" in written.outcomes[0].detail
        assert len(sent(jira, "PUT")) == 1


def test_one_invalid_value_keeps_out_only_itself(jira: FakeJira, issue: str) -> None:
    """One 400 blames fields; they stay out, and the rest is sent once more."""
    wrong = Change("group", "assign", "group", new="Nobody of that name")
    seats = Change("seats", "set", "field.Seats", new="many")
    written = tried(jira, issue, wrong, HIGH, seats, TAG, NOTED)
    assert dict(results(written)) == {
        "group": "refused",
        "seats": "refused",
        "high": "applied",
        "tag": "applied",
        "note": "applied",
    }
    assert "Could not find group" in written.outcomes[0].detail
    assert len(sent(jira, "PUT")) == 2


def test_one_label_that_jira_does_not_take_keeps_no_other_label_out(jira: FakeJira, issue: str) -> None:
    """Both are in the field that Jira blames; only one of them is at fault."""
    written = tried(jira, issue, Change("long", "add_tags", "tags", new=("x" * 300,)), TAG)
    assert results(written) == [("long", "refused"), ("tag", "applied")]
    assert holds(jira, issue, "labels") == ["vip"]


def test_a_field_that_is_off_the_screen_is_refused_in_jiras_words(jira: FakeJira, issue: str) -> None:
    jira.off_screen.update({jira.field_id("Recovery"), "labels"})
    written = tried(jira, issue, Change("own", "set", "field.Recovery", new="x"), TAG, HIGH)
    assert results(written) == [("own", "refused"), ("tag", "refused"), ("high", "applied")]
    assert "not on the appropriate screen" in written.outcomes[0].detail


@pytest.mark.parametrize(
    ("name", "new", "said"),
    [
        ("type", "No such type", "no type"),
        ("form", "No such form", "no form"),
        ("organization", "Sea Tours", "no organization"),
        ("brand", "Other", "cannot set brand"),
        ("field.Nope", "x", "cannot set field.Nope"),
        ("priority", "blocking", "no priority"),
    ],
)
def test_what_the_site_does_not_have_is_refused_without_a_call(
    jira: FakeJira, issue: str, name: str, new: str, said: str
) -> None:
    written = tried(jira, issue, Change("1", "set", name, new=new))
    assert results(written) == [("1", "refused")]
    assert said in written.outcomes[0].detail or (name, jira.cloud) == ("form", False)
    assert jira.writes == []


def test_the_request_type_can_be_set_on_cloud_only(jira: FakeJira, issue: str) -> None:
    """Fact 18."""
    written = tried(jira, issue, Change("1", "set", "form", new="Report a problem"))
    assert results(written) == [("1", "applied" if jira.cloud else "refused")]
    assert len(jira.writes) == int(jira.cloud)


@pytest.mark.parametrize("limit", ["request", "plain"])
def test_an_issue_that_is_full_takes_no_more_comments(jira: FakeJira, issue: str, plain: str, limit: str) -> None:
    """The cap of 5,000 comments, which a runaway robot reaches for good."""
    jira.most_comments = 3
    number = issue if limit == "request" else plain
    for _ in range(3):
        jira.say(number, ALICE, "Again.", public=False)
    written = tried(jira, number, TAG, NOTED)
    assert results(written) == [("tag", "applied"), ("note", "refused")]
    assert "limit" in written.outcomes[1].detail
    assert ours(jira, number) == []


def test_an_account_that_may_only_look_changes_nothing_and_claims_nothing(
    jira: FakeJira, issue: str, plain: str
) -> None:
    for number in (issue, plain):
        changes = [owner(jira, ALICE), TAG, WAITS, NOTED, *([REPLY] if number == issue else [])]
        written = tried(jira, number, *changes, way=reader(jira))
        assert {outcome.result for outcome in written.outcomes} == {"refused"}, written.outcomes
        assert all(outcome.detail for outcome in written.outcomes)
        assert (written.events, jira.issue(number)["comments"], jira.issue(number)["histories"]) == ((), [], [])


def test_a_project_that_is_closed_to_us_concerns_only_its_issues(jira: FakeJira, issue: str) -> None:
    """Trap: 403 on one project."""
    bill = jira.add_issue("Bill", project="BIL")
    for permission in ("EDIT_ISSUES", "ASSIGN_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES"):
        jira.deny(permission, ROBOT, "BIL")
    desk, version = ready(jira, bill)
    written = desk.apply(bill, [owner(jira, ALICE), TAG, WAITS, NOTED], version)
    assert {outcome.result for outcome in written.outcomes} == {"refused"}
    there = present(desk, issue).version
    assert results(desk.apply(issue, [TAG, NOTED], there)) == [("tag", "applied"), ("note", "applied")]


def test_a_project_that_is_hidden_from_us_looks_like_a_deleted_issue(jira: FakeJira) -> None:
    """Fact 5: 404 is gone or hidden."""
    bill = jira.add_issue("Bill", project="BIL")
    desk, version = ready(jira, bill)
    jira.deny("BROWSE_PROJECTS", ROBOT, "BIL")
    with pytest.raises(Gone):
        desk.apply(bill, [TAG], version)


@pytest.mark.parametrize("change", [TAG, HIGH, WAITS, Change("owner", "assign", "assignee")], ids=lambda each: each.id)
def test_what_jira_swallows_without_a_word_is_told(jira: FakeJira, issue: str, change: Change) -> None:
    jira.change(issue, ALICE, assignee=BOB)
    jira.fail(
        "drop_field",
        path=f"issue/{issue}/transitions" if change is WAITS else f"issue/{issue}",
        method="POST" if change is WAITS else "PUT",
    )
    written = tried(jira, issue, change)
    assert written.outcomes[0].result == "refused"
    assert "changed nothing" in written.outcomes[0].detail


# ---- what is said, and to whom


def test_a_note_on_a_request_goes_through_service_management_and_is_never_public(jira: FakeJira, issue: str) -> None:
    """Fact 11: ``public`` is said outright, so a property that does not work cannot betray it."""
    jira.internal_property_works = False
    written = tried(jira, issue, NOTED)
    assert results(written) == [("note", "applied")]
    assert jira.writes[-1].path == f"servicedeskapi/request/{issue}/comment"
    assert sent(jira, "POST") == [{"body": NOTE, "public": False}]
    assert [said["public"] for said in ours(jira, issue)] == [False]
    assert jira.mails == []


def test_a_note_on_a_plain_issue_is_internal_by_a_property(jira: FakeJira, plain: str) -> None:
    """Fact 11, where service management knows no request."""
    written = tried(jira, plain, NOTED)
    assert results(written) == [("note", "applied")]
    assert sent(jira, "POST") == [{"body": NOTE, "properties": INTERNAL}]
    assert [said["public"] for said in ours(jira, plain)] == [False]


def test_a_note_that_turned_public_is_said_aloud(jira: FakeJira, plain: str) -> None:
    """Fact 11: ``jsdPublic`` is read back, not believed."""
    jira.internal_property_works = False
    written = tried(jira, plain, NOTED)
    assert results(written) == [("note", "partly")]
    assert "customers can see it" in written.outcomes[0].detail


@pytest.mark.parametrize("kind", ["cut_after", "done_html"])
def test_a_note_that_turned_public_is_known_again_after_its_answer_got_lost(
    jira: FakeJira, plain: str, kind: str
) -> None:
    """Else the next run says it in public a second time."""
    jira.internal_property_works = False
    jira.fail(kind, path="comment", method="POST")
    written = tried(jira, plain, NOTED)
    assert notes(jira, plain) == 1
    assert results(written) == [("note", "partly")]


def test_a_reply_needs_a_request(jira: FakeJira, issue: str, plain: str) -> None:
    """Fact 11: nobody would get it otherwise."""
    written = tried(jira, plain, REPLY, NOTED)
    assert results(written) == [("reply", "refused"), ("note", "applied")]
    assert "no customer request" in written.outcomes[0].detail
    written = tried(jira, issue, REPLY)
    assert results(written) == [("reply", "applied")]
    assert [event.public for event in written.events if event.kind == "message"] == [True]
    assert jira.mails == [(issue, "customer")]


def test_a_marker_is_in_the_last_line_of_a_note_and_beside_a_reply(jira: FakeJira, issue: str, plain: str) -> None:
    """Fact 12 otherwise: a property of the issue would not prove that a comment arrived, one of the comment itself does."""
    tried(jira, issue, NOTED, REPLY, TAG)
    tried(jira, plain, NOTED, TAG)
    assert sent(jira, "POST", f"issue/{issue}/comment") == [
        {"body": "We are on it.", "properties": [{"key": "makegood", "value": {"marker": "abcdef"}}]}
    ]
    note, reply = ours(jira, issue)
    assert note["text"].splitlines()[-1] == f"makegood {MARKER}"
    assert (reply["text"], reply["properties"]) == ("We are on it.", {"makegood": {"marker": "abcdef"}})
    assert ours(jira, plain)[0]["text"].splitlines()[-1] == f"makegood {MARKER}"
    assert (jira.issue(issue)["properties"], jira.issue(plain)["properties"]) == ({}, {})
    assert all("properties" not in body for body in sent(jira, "PUT"))


def test_a_note_read_back_shows_its_marker_and_whose_it_is(jira: FakeJira, issue: str) -> None:
    """Fact 16: our own are known as ours."""
    (said,) = [event for event in tried(jira, issue, NOTED).events if event.kind == "message"]
    assert (said.marker, said.public, said.actor_kind, said.actor) == (MARKER, False, "robot", jira.user_id(ROBOT))


def test_a_reply_without_a_marker_is_sent_without_a_property(jira: FakeJira, issue: str) -> None:
    tried(jira, issue, Change("reply", "reply", text="Hello."))
    assert ours(jira, issue)[0]["properties"] == {}


@pytest.mark.parametrize(
    "said",
    ["Order [A-1] is *late*, _not_ lost", "Ask [~bob] about {color:red}this{color}", "!logo.png! in C:\\temp"],
    ids=["bold", "mention", "picture"],
)
def test_what_is_said_is_read_as_it_was_written(jira: FakeJira, issue: str, said: str) -> None:
    """Texts are Jira's markup: a subject that a customer wrote must not become a mention, a picture or a colour."""
    written = tried(jira, issue, Change("reply", "reply", text=said))
    assert [event.text for event in written.events if event.kind == "message"] == [said]


def test_service_management_that_does_not_know_the_request_does_not_make_the_issue_gone(
    jira: FakeJira, issue: str
) -> None:
    """Its 404 is for whoever is no agent there, too; a ticket that is taken for gone is forgotten."""
    jira.fail(404, path="servicedeskapi/request", method="POST")
    written = tried(jira, issue, NOTED)
    assert written.outcomes[0].result in ("refused", "failed")
    assert ours(jira, issue) == []


def test_service_management_that_was_closed_to_us_refuses_the_note_only(jira: FakeJira, issue: str) -> None:
    jira.fail(404, path="servicedeskapi/request", method="POST")
    written = tried(jira, issue, TAG, NOTED)
    assert results(written)[0] == ("tag", "applied")
    assert written.outcomes[1].result in ("refused", "failed", "skipped")


# ---- somebody was quicker


def test_a_tick_of_an_sla_is_no_conflict(jira: FakeJira, issue: str) -> None:
    """Fact 4: ``updated`` moves without anybody's doing."""
    desk, version = ready(jira, issue)
    jira.touch(issue)
    assert jira.issue(issue)["updated"] == jira.now()
    assert results(desk.apply(issue, [TAG], version)) == [("tag", "applied")]


@pytest.mark.parametrize(
    "what", ["comment", "internal comment", "comment deleted", "label", "owner", "status", "moved", "custom"]
)
def test_whatever_somebody_did_is_a_conflict_and_nothing_is_written(jira: FakeJira, issue: str, what: str) -> None:
    """Fact 5: Jira checks no version, so we look."""
    first = jira.say(issue, ANA, "First.")
    desk, version = ready(jira, issue)
    acts: dict[str, Callable[[], object]] = {
        "comment": lambda: jira.say(issue, ANA, "And?"),
        "internal comment": lambda: jira.say(issue, ALICE, "Mine.", public=False),
        "comment deleted": lambda: jira.unsay(issue, first),
        "label": lambda: jira.change(issue, ALICE, labels=["web"]),
        "owner": lambda: jira.change(issue, ALICE, assignee=ALICE),
        "status": lambda: jira.transition(issue, ALICE, "In progress"),
        "moved": lambda: jira.move(issue, "BIL"),
        "custom": lambda: jira.change(issue, ALICE, Recovery="voucher"),
    }
    acts[what]()
    with pytest.raises(Conflict):
        desk.apply(issue, [TAG, NOTED], version)
    assert jira.writes == []


def test_the_version_of_a_pull_is_that_of_a_look(jira: FakeJira, issue: str) -> None:
    """Else every plan would conflict: a search tells fewer comments than an issue does."""
    for number in range(130):
        jira.say(issue, ANA, f"Line {number}")
    jira.change(issue, ALICE, labels=["b", "a"], assignee=BOB, priority="High")
    jira.ask_approval(issue, "May we?", [BOB])
    jira.now.turn(900)  # type: ignore[attr-defined]
    (pulled,) = [ticket for page in connect(jira).pull(None) for ticket in page.tickets if ticket.id == issue]
    assert results(connect(jira).apply(issue, [TAG], pulled.version)) == [("tag", "applied")]


def test_an_issue_that_moved_to_another_project_before_the_write_is_written_by_its_number(
    jira: FakeJira, issue: str
) -> None:
    """Trap: moved between plan and apply; keys change, numbers do not."""
    desk, version = ready(jira, issue)
    jira.before_write = lambda: jira.move(issue, "BIL")
    assert results(desk.apply(issue, [TAG, NOTED], version)) == [("tag", "applied"), ("note", "applied")]
    assert all(issue in line and "SUP" not in line for line in lines(jira))
    written = tried(jira, issue, HIGH)
    assert (results(written), written.ticket.url.rpartition("/")[2]) == ([("high", "applied")], "BIL-1")


@pytest.mark.parametrize("when", ["before the look", "before the write"])
def test_a_deleted_issue_is_gone(jira: FakeJira, issue: str, when: str) -> None:
    """Trap: fact 5, 404."""
    desk, version = ready(jira, issue)
    if when == "before the look":
        jira.delete(issue)
    else:
        jira.before_write = lambda: jira.delete(issue)
    with pytest.raises(Gone):
        desk.apply(issue, [TAG, NOTED], version)


@pytest.mark.parametrize("place", ["PUT", "POST"])
def test_an_issue_deleted_in_the_middle_of_a_visit_claims_nothing_false(jira: FakeJira, issue: str, place: str) -> None:
    """The label was seen before the transition; the note was not seen before the fields, and cannot be seen any more."""
    desk, version = ready(jira, issue)

    def delete(asked: Asked) -> None:
        if asked.method == place and asked.path in (f"issue/{issue}", f"issue/{issue}/transitions"):
            jira.delete(issue)

    jira.on_request = delete
    if place == "POST":
        assert results(desk.apply(issue, [TAG, WAITS], version)) == [("tag", "applied"), ("waits", "skipped")]
    else:
        with pytest.raises((Unsure, Gone)):
            desk.apply(issue, [TAG, NOTED], version)


def test_two_runs_at_once_say_it_once(jira: FakeJira, issue: str) -> None:
    """Trap: the version counts what was said, so whoever is second is told."""
    one, version = ready(jira, issue)
    other, same = ready(jira, issue)
    assert version == same
    assert results(one.apply(issue, [NOTED], version)) == [("note", "applied")]
    with pytest.raises(Conflict):
        other.apply(issue, [NOTED], same)
    assert notes(jira, issue) == 1


def test_an_issue_whose_properties_are_broken_can_be_written(jira: FakeJira, issue: str) -> None:
    """Trap: 500 wherever properties are asked for; we only want the channel of them."""
    desk, version = ready(jira, issue)
    jira.fail("properties_500", times=99)
    assert results(desk.apply(issue, [TAG, NOTED], version)) == [("tag", "applied"), ("note", "applied")]


# ---- answers that get lost

PLACES = {
    "tag": ("PUT", ""),
    "waits": ("POST", "transitions"),
    "note": ("POST", "comment"),
    "reply": ("POST", "comment"),
}
EVERY = pytest.mark.parametrize("change", [TAG, WAITS, NOTED, REPLY], ids=lambda each: each.id)


def there(jira: FakeJira, issue: str, change: Change) -> int:
    """How often a change arrived."""
    if change.text is not None:
        return [said["text"] for said in ours(jira, issue)].count(change.text)
    return int(
        "vip" in holds(jira, issue, "labels") if change is TAG else status(jira, issue) == "Waiting for customer"
    )


def calls(jira: FakeJira, change: Change) -> int:
    method, path = PLACES[change.id]
    return len([each for each in jira.writes if each.method == method and path in each.path])


@EVERY
@pytest.mark.parametrize("kind", ["cut_after", "done_html", "done_empty", "done_503"])
def test_a_write_whose_answer_was_lost_is_looked_up_and_not_sent_again(
    jira: FakeJira, issue: str, change: Change, kind: str
) -> None:
    """Fact 7, and the trap that the library posts a comment three times after a dropped connection."""
    method, path = PLACES[change.id]
    jira.fail(kind, path=path, method=method)
    written = tried(jira, issue, change)
    assert results(written) == [(change.id, "applied")]
    assert (there(jira, issue, change), calls(jira, change)) == (1, 1)


@EVERY
@pytest.mark.parametrize("kind", [502, 503, "cut_before", "html", "empty_body"])
def test_a_write_that_did_not_arrive_is_sent_again_once_a_look_has_shown_that(
    jira: FakeJira, issue: str, change: Change, kind: int | str
) -> None:
    """Fact 7: after a read-back shows no effect; a status is no proof of anything."""
    method, path = PLACES[change.id]
    jira.fail(kind, path=path, method=method)
    assert results(tried(jira, issue, change)) == [(change.id, "applied")]
    assert (there(jira, issue, change), calls(jira, change)) == (1, 2)


@EVERY
@pytest.mark.parametrize("kind", [500, "html"])
def test_a_write_that_never_arrives_is_said_to_have_failed(
    jira: FakeJira, issue: str, change: Change, kind: int | str
) -> None:
    """Not refused, which would hold it back for a day."""
    method, path = PLACES[change.id]
    jira.fail(kind, path=path, method=method, times=3)
    assert results(tried(jira, issue, change)) == [(change.id, "failed")]
    assert (there(jira, issue, change), calls(jira, change)) == (0, 3)


def test_what_never_arrives_ends_the_visit(jira: FakeJira, issue: str) -> None:
    """The rest is left to the next run, as long as the rule holds."""
    jira.fail(502, path="comment", method="POST", times=3)
    assert results(tried(jira, issue, TAG, NOTED, WAITS)) == [
        ("tag", "failed"),
        ("note", "failed"),
        ("waits", "failed"),
    ]
    assert (holds(jira, issue, "labels"), status(jira, issue)) == ([], "Waiting for support")


@pytest.mark.parametrize(
    ("kind", "result", "often"), [("late", "applied", 1), ("slow", "failed", 1), (504, "applied", 2)]
)
def test_a_note_whose_answer_takes_too_long_is_looked_up(
    jira: FakeJira, issue: str, kind: int | str, result: str, often: int
) -> None:
    """After a timeout Jira may still be at work on it, so it is not sent again even if it is not there."""
    desk, version = ready(jira, issue, patience=0.25)
    jira.fail(kind, path="comment", method="POST")
    assert results(desk.apply(issue, [NOTED], version)) == [("note", result)]
    assert (notes(jira, issue), calls(jira, NOTED)) == (int(result == "applied"), often)


@EVERY
def test_the_waiting_time_that_data_center_tells_with_every_answer_makes_no_second_write(
    center: FakeJira, change: Change
) -> None:
    """Fact 18: ``Retry-After: 0`` means that there are tokens left, so a 503 with it may have done its work."""
    issue = center.add_issue()
    method, path = PLACES[change.id]
    center.fail("done_503", path=path, method=method, Retry_After="0")
    written = tried(center, issue, change)
    assert results(written) == [(change.id, "applied")]
    assert (there(center, issue, change), calls(center, change)) == (1, 1)


def test_the_owners_own_call_is_looked_up_as_well(jira: FakeJira, issue: str) -> None:
    jira.deny("EDIT_ISSUES", ROBOT)
    jira.fail("cut_after", path="assignee", method="PUT")
    assert results(tried(jira, issue, owner(jira, ALICE))) == [("owner", "applied")]
    assert len(sent(jira, "PUT", "/assignee")) == 1


@pytest.mark.parametrize("kind", ["html", "done_html"])
def test_the_owners_own_call_answered_by_somebody_else_is_looked_up(jira: FakeJira, issue: str, kind: str) -> None:
    jira.deny("EDIT_ISSUES", ROBOT)
    jira.fail(kind, path="assignee", method="PUT", times=3)
    assert results(tried(jira, issue, owner(jira, ALICE))) == [("owner", "failed" if kind == "html" else "applied")]


@EVERY
def test_where_even_looking_fails_nobody_knows_and_nothing_is_said_twice(
    jira: FakeJira, issue: str, change: Change
) -> None:
    """The run is told so, and the next one looks first."""
    method, path = PLACES[change.id]
    desk, version = ready(jira, issue)
    jira.fail("cut_after", path=path, method=method)
    jira.before_write = lambda: jira.fail(500, path=f"issue/{issue}", method="GET", times=9)
    with pytest.raises(Unsure):
        desk.apply(issue, [change], version)
    assert (there(jira, issue, change), calls(jira, change)) == (1, 1)
    jira.calm()
    after = connect(jira).read([issue])
    if change.text is None:
        assert results(connect(jira).apply(issue, [change], after.tickets[0].version)) == [(change.id, "already")]
    else:
        assert [event.text for event in after.events if event.actor == jira.user_id(ROBOT)] == [change.text]


def test_what_cannot_be_read_back_is_not_claimed(jira: FakeJira, issue: str) -> None:
    """Everything arrived and was answered, but nobody saw it: that is unsure, not applied."""
    desk, version = ready(jira, issue)
    jira.before_write = lambda: jira.fail(502, path=f"issue/{issue}", method="GET", times=9)
    with pytest.raises(Unsure):
        desk.apply(issue, [NOTED], version)
    assert notes(jira, issue) == 1


@pytest.mark.parametrize("change", [NOTED, REPLY], ids=lambda each: each.id)
def test_a_note_of_last_month_with_the_same_words_is_not_taken_for_this_one(
    jira: FakeJira, issue: str, change: Change
) -> None:
    """What was there before the visit proves nothing about the visit."""
    jira.say(issue, ROBOT, str(change.text), public=change is REPLY)
    jira.now.turn(30 * 86_400)  # type: ignore[attr-defined]
    jira.fail("cut_before", path="comment", method="POST", times=3)
    assert results(tried(jira, issue, change)) == [(change.id, "failed")]
    jira.fail("cut_after", path="comment", method="POST")
    written = tried(jira, issue, change)
    assert results(written) == [(change.id, "applied")]
    assert len([event for event in written.events if event.kind == "message"]) == 1
    assert there(jira, issue, change) == 2


def test_an_old_note_that_moves_into_sight_is_not_taken_for_this_one(cloud: FakeJira) -> None:
    """An issue holds its newest hundred comments: one that is deleted meanwhile brings an older one to light."""
    issue = cloud.add_issue()
    cloud.say(issue, ROBOT, NOTE, public=False)
    cloud.now.turn(30 * 86_400)  # type: ignore[attr-defined]
    later = [cloud.say(issue, ALICE, f"Line {number}", public=False) for number in range(100)]
    desk, version = ready(cloud, issue)
    cloud.on_request = lambda asked: cloud.unsay(issue, later[0]) if "comment" in asked.path else None
    cloud.fail("cut_before", path="comment", method="POST", times=3)
    assert results(desk.apply(issue, [NOTED], version)) == [("note", "failed")]


def test_two_notes_of_which_one_got_lost_are_told_apart(jira: FakeJira, issue: str) -> None:
    other = Change("other", "note", text="Second.\n\nmakegood 111111", marker="111111")
    jira.fail("cut_after", path="comment", method="POST")
    assert results(tried(jira, issue, NOTED, other)) == [("note", "applied"), ("other", "applied")]
    assert len(ours(jira, issue)) == 2
    jira.before_write = lambda: jira.fail("cut_before", path="comment", method="POST", times=3)
    assert results(tried(jira, issue, NOTED, other)) == [("note", "applied"), ("other", "failed")]
    assert len(ours(jira, issue)) == 3


def test_two_replies_of_the_same_words_of_which_one_got_lost_are_counted(jira: FakeJira, issue: str) -> None:
    """The one that was answered for is not taken for the other one."""
    jira.before_write = lambda: jira.fail("cut_before", path="comment", method="POST", times=3)
    again = Change("again", "reply", text=REPLY.text, marker="bcdefa")
    assert results(tried(jira, issue, REPLY, again)) == [("reply", "applied"), ("again", "failed")]
    assert len(ours(jira, issue)) == 1


def test_a_lost_write_that_a_rule_changed_at_once_is_not_said_to_have_failed(jira: FakeJira, issue: str) -> None:
    """The changelog tells that our write arrived, whatever became of it."""
    jira.add_rule("No urgency", lambda _, change: "priority" in change.fields, {"priority": "Low"})
    jira.fail("cut_after", method="PUT")
    assert results(tried(jira, issue, HIGH)) == [("high", "partly")]
    assert len(sent(jira, "PUT")) == 1


# ---- limits


def header(jira: FakeJira, wait: str) -> dict[str, Any]:
    """What stands in ``Retry-After``: seconds, or the time half a minute from now."""
    if wait == "date":
        return {"Retry_After": format_datetime(jira.now() + timedelta(seconds=30), usegmt=True)}
    return {"Retry_After": wait} if wait else {}


@EVERY
@pytest.mark.parametrize(("wait", "least", "most"), [("0", 1, 2), ("120", 120, 125), ("date", 29, 31), ("", 1, 2)])
def test_a_write_that_was_not_let_in_is_sent_again_after_the_wait_that_jira_asks_for(
    jira: FakeJira, issue: str, change: Change, wait: str, least: float, most: float
) -> None:
    """Fact 8: 0 is one second, dates are understood, long waits are not cut short; fact 7: 429 is the one safe repetition."""
    method, path = PLACES[change.id]
    desk, version = ready(jira, issue)
    jira.fail(429, path=path, method=method, **header(jira, wait))
    slept = seconds(jira, lambda: desk.apply(issue, [change], version))
    assert least <= slept <= most
    assert (there(jira, issue, change), calls(jira, change)) == (1, 2)


@EVERY
@pytest.mark.parametrize("reason", ["", "jira-quota-tenant-based"])
def test_a_wait_that_is_too_long_ends_the_visit_and_says_how_long(
    jira: FakeJira, issue: str, change: Change, reason: str
) -> None:
    """Fact 8: the next run goes on; nothing was written, and that is sure."""
    method, path = PLACES[change.id]
    desk, version = ready(jira, issue)
    headers: dict[str, Any] = {"RateLimit_Reason": reason} if reason else {}
    jira.fail(429, path=path, method=method, Retry_After="1847", **headers)

    def act() -> None:
        with pytest.raises(Retryable) as refused:
            desk.apply(issue, [change], version)
        assert (refused.value.after, isinstance(refused.value, Unsure)) == (1847, False)

    assert seconds(jira, act) == 0
    assert there(jira, issue, change) == 0
    assert desk.pause() == (1847 if reason else 0)


def test_after_a_quota_no_call_goes_out_any_more(cloud: FakeJira) -> None:
    issue = cloud.add_issue()
    desk, version = ready(cloud, issue)
    cloud.fail(429, method="PUT", Retry_After="1847", RateLimit_Reason="jira-quota-global-based")
    with pytest.raises(Retryable):
        desk.apply(issue, [TAG], version)
    before = len(cloud.requests)
    with pytest.raises(Retryable, match="takes no more calls"):
        desk.apply(issue, [TAG], version)
    assert len(cloud.requests) == before
    cloud.now.turn(1848)  # type: ignore[attr-defined]
    assert results(desk.apply(issue, [TAG], version)) == [("tag", "applied")]


def test_a_quota_in_the_middle_of_a_visit_leaves_told_what_was_written(cloud: FakeJira) -> None:
    issue = cloud.add_issue()
    cloud.fail(429, path=f"issue/{issue}/transitions", Retry_After="1847", RateLimit_Reason="jira-quota-global-based")
    written = tried(cloud, issue, TAG, WAITS)
    assert results(written) == [("tag", "applied"), ("waits", "failed")]


def test_four_tries_are_enough(jira: FakeJira, issue: str) -> None:
    """Fact 8."""
    desk, version = ready(jira, issue)
    jira.fail(429, path="comment", method="POST", times=9, Retry_After="1")
    with pytest.raises(Retryable):
        desk.apply(issue, [NOTED], version)
    assert (calls(jira, NOTED), notes(jira, issue)) == (4, 0)


def test_many_writes_to_one_issue_wait_for_each_other(cloud: FakeJira) -> None:
    """Fact 9: twenty writes in two seconds to one issue; what is refused waits, and arrives once."""
    issue = cloud.add_issue()
    desk, version = ready(cloud, issue)
    cloud.enforce_limits()
    said = [
        Change(f"n{number}", "note", text=f"Line.\n\nmakegood {number:06x}", marker=f"{number:06x}")
        for number in range(30)
    ]
    written = desk.apply(issue, said, version)
    assert {outcome.result for outcome in written.outcomes} == {"applied"}
    assert [row["text"] for row in ours(cloud, issue)] == [change.text for change in said]


# ---- the way in


def test_a_token_that_was_revoked_before_the_write_stops_the_run(jira: FakeJira, issue: str) -> None:
    desk, version = ready(jira, issue)
    jira.before_write = jira.entry.revoke_tokens
    with pytest.raises(AuthFailed) as refused:
        desk.apply(issue, [TAG, NOTED], version)
    secret = jira.entry.api_token if jira.cloud else jira.entry.pat
    assert secret not in f"{refused.value.message}{refused.value.hint}"
    assert (holds(jira, issue, "labels"), ours(jira, issue)) == ([], [])


@pytest.mark.parametrize("place", ["transitions", "fields"])
def test_a_token_that_is_revoked_in_the_middle_takes_nothing_back(jira: FakeJira, issue: str, place: str) -> None:
    """What was seen stays told; where nobody looked yet, nobody can look any more, and that is said."""
    desk, version = ready(jira, issue)

    def revoke(asked: Asked) -> None:
        if asked.write and asked.path == (f"issue/{issue}" if place == "fields" else f"issue/{issue}/transitions"):
            jira.entry.revoke_tokens()

    jira.on_request = revoke
    if place == "fields":
        with pytest.raises((Unsure, AuthFailed)):
            desk.apply(issue, [TAG, NOTED], version)
        assert (holds(jira, issue, "labels"), notes(jira, issue)) == ([], 1)
    else:
        written = desk.apply(issue, [TAG, WAITS], version)
        assert results(written) == [("tag", "applied"), ("waits", "failed")]
        assert "token" in written.outcomes[1].detail


@pytest.mark.parametrize("kind", ["html401", 401])
def test_a_refused_login_at_the_first_write_stops_the_run(jira: FakeJira, issue: str, kind: int | str) -> None:
    """Trap: 401 as HTML."""
    desk, version = ready(jira, issue)
    jira.fail(kind, method="PUT")
    with pytest.raises(AuthFailed):
        desk.apply(issue, [TAG, WAITS], version)
    assert status(jira, issue) == "Waiting for support"


def test_a_scope_that_is_missing_is_named(cloud: FakeJira) -> None:
    """Traps of scoped tokens: fields are one scope, notes on requests another one."""
    issue = cloud.add_issue()
    token = cloud.entry.add_token(
        ROBOT, {"read:jira-work", "write:jira-work", "read:jira-user", "read:servicedesk-request"}
    )
    options: dict[str, Any] = {"url": cloud.gateway, "way": {"account": (ROBOT, token)}}
    assert results(tried(cloud, issue, TAG, **options)) == [("tag", "applied")]
    with pytest.raises(AuthFailed, match="scope does not match"):
        tried(cloud, issue, NOTED, **options)


# ---- Jira's own rules


def test_what_a_rule_of_jiras_made_of_our_change_is_told(jira: FakeJira, issue: str) -> None:
    """Fact 16: our writes fire native rules."""
    jira.add_rule("No urgency", lambda _, change: "priority" in change.fields, {"priority": "Low"})
    jira.add_rule("No waiting", lambda _, change: change.kind == "transitioned", {"status": "Pending"})
    written = tried(jira, issue, HIGH, WAITS)
    assert results(written) == [("high", "partly"), ("waits", "partly")]
    assert ["low" in written.outcomes[0].detail, "on_hold" in written.outcomes[1].detail] == [True, True]
    kinds = [(event.new, event.actor_kind) for event in written.events if event.field == "priority"]
    assert sorted(kinds) == [("high", "robot"), ("low", "automation")]


def test_a_rule_of_jiras_that_takes_our_change_back_is_told(jira: FakeJira, issue: str) -> None:
    jira.add_rule("Never", lambda _, change: "labels" in change.fields, {"labels": []})
    written = tried(jira, issue, TAG)
    assert written.outcomes[0].result == "refused"
    assert "took it back" in written.outcomes[0].detail


def test_a_rule_of_jiras_that_answers_our_note_is_no_persons_act(jira: FakeJira, issue: str) -> None:
    """Fact 16: no ping-pong, whether it speaks as itself or in somebody's name that the settings tell."""

    def noted(_: Any, change: Any) -> bool:
        return bool(change.kind == "commented" and change.author == jira.user_id(ROBOT))

    jira.add_rule("Thanks", noted, {"reply": "Thank you, robot."})
    jira.add_rule("Bob thanks", noted, {"comment": "Thanks.", "assignee": BOB}, actor=BOB)
    written = tried(jira, issue, NOTED, words={"robots": [BOB]})
    assert results(written) == [("note", "applied")]
    assert {event.actor_kind for event in written.events} == {"robot", "automation"}
    assert [event.marker for event in written.events if event.actor_kind == "automation"] == [None] * 3
    assert jira.loops == []


def test_a_marker_that_somebody_else_writes_is_not_ours(jira: FakeJira, issue: str) -> None:
    """Whoever repeats our note is not taken for the note that got lost."""
    desk, version = ready(jira, issue)
    jira.fail(500, path="comment", method="POST", times=3)
    jira.on_request = lambda asked: jira.say(issue, ALICE, NOTE, public=False) if "comment" in asked.path else None
    assert results(desk.apply(issue, [NOTED], version)) == [("note", "failed")]


# ---- everything at once

STORM = 110


def test_a_storm_ends_with_every_change_exactly_once(jira: FakeJira) -> None:
    """10 % 429, 5 % 5xx, 2 % cut after the write: hundreds of changes, each written once or truthfully reported.

    As a run does: what failed is sent again as it is, and only what nobody knows of is looked up first.
    """
    issues = [jira.add_issue(f"Storm {number}", request_type="" if number % 3 else None) for number in range(STORM)]
    left = {
        issue: {change.id: change for change in (TAG, signed(issue), WAITS)[: 3 if int(issue) % 5 == 0 else 2]}
        for issue in issues
    }
    desk = connect(jira)
    desk.catalogue()
    jira.storm(7)
    unsure: set[str] = set()
    for _ in range(20):
        for issue in [issue for issue in issues if left[issue]]:
            try:
                weather(jira, desk, issue, left[issue], issue in unsure)
                unsure.discard(issue)
            except Unsure:
                unsure.add(issue)
            except Retryable:
                continue
    jira.calm()
    assert unsure == set()
    assert not any(left.values())
    assert all(holds(jira, issue, "labels") == ["vip"] for issue in issues)
    assert [[said["text"] for said in ours(jira, issue)] for issue in issues] == [
        [signed(issue).text] for issue in issues
    ]
    assert all(status(jira, issue) == "Waiting for customer" for issue in issues if int(issue) % 5 == 0)
    assert not any(said["public"] for issue in issues for said in ours(jira, issue))


def signed(issue: str) -> Change:
    mark = f"{int(issue):06x}"
    return Change("note", "note", text=f"We saw it.\n\nmakegood {mark}", marker=mark)


def weather(jira: FakeJira, desk: Jira, issue: str, left: dict[str, Change], look: bool) -> None:
    """One visit; whatever it claims is there, whatever it denies is not."""
    jira.now.turn(1)  # type: ignore[attr-defined]
    read = desk.read([issue])
    if look and any(event.marker == signed(issue).marker for event in read.events):
        left.pop("note", None)
    if not left:
        return
    written = desk.apply(issue, list(left.values()), read.tickets[0].version)
    shown = {"tag": "vip" in holds(jira, issue, "labels"), "note": bool(ours(jira, issue))}
    shown["waits"] = status(jira, issue) == "Waiting for customer"
    for outcome in written.outcomes:
        assert outcome.result in ("applied", "already", "failed"), outcome
        assert shown[outcome.change] is (outcome.result != "failed"), outcome
        if outcome.result != "failed":
            del left[outcome.change]
