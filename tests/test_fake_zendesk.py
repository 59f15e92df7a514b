"""The fake Zendesk behaves as the measured facts say, and misbehaves as told."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests
from fake_zendesk import FakeZendesk

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ALICE, BOB, ROBOT = "alice@acme.example", "bob@acme.example", "makegood@acme.example"
EXPORTS, EVENTS = "incremental/tickets/cursor", "incremental/ticket_events"


class Desk(FakeZendesk):
    """The fake with a clock to set and a client that retries nothing."""

    def __init__(self) -> None:
        self.time = NOW
        super().__init__(now=lambda: self.time)
        self.headers = {"Authorization": f"Bearer {self.bearer()}"}
        self.wait = 3.0

    def wait_for(self, **how_long: float) -> None:
        self.time += timedelta(**how_long)

    def ask(self, method: str, path: str, body: Any = None, **params: Any) -> requests.Response:
        said = {"headers": self.headers, "params": params, "timeout": self.wait, "json": body}
        return requests.request(method, f"{self.url}/api/v2/{path}", **said)

    def get(self, path: str, **params: Any) -> Any:
        answer = self.ask("GET", path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def put(self, ticket: str, **fields: Any) -> requests.Response:
        return self.ask("PUT", f"tickets/{ticket}.json", {"ticket": fields})

    def row(self, ticket: str) -> Any:
        return self.get(f"tickets/{ticket}")["ticket"]

    def value(self, ticket: str, title: str) -> Any:
        return next(each["value"] for each in self.row(ticket)["custom_fields"] if each["id"] == self.field_id(title))


@pytest.fixture
def zd() -> Iterator[Desk]:
    with Desk() as zd:
        yield zd


def ago(**how_long: float) -> datetime:
    return NOW - timedelta(**how_long)


def names(page: Any, rows: str = "tickets", name: str = "subject") -> list[Any]:
    return [row[name] for row in page[rows]]


# ---- exports


def test_the_ticket_export_goes_on_where_it_stopped_and_hides_the_last_minute(zd: Desk) -> None:
    for number in range(3):
        zd.add_ticket(f"old {number}", at=ago(hours=3 - number))
    young = zd.add_ticket("young", at=ago(seconds=20))
    first = zd.get(EXPORTS, start_time=0, per_page=2)
    assert (names(first), first["end_of_stream"]) == (["old 0", "old 1"], False)
    second = zd.get(EXPORTS, cursor=first["after_cursor"], per_page=2)
    assert (names(second), second["end_of_stream"]) == (["old 2"], True)
    assert second["after_url"]
    late = zd.add_ticket("put in later, dated back", at=ago(hours=5))
    third = zd.get(EXPORTS, cursor=second["after_cursor"])
    assert names(third) == ["put in later, dated back"]
    zd.wait_for(minutes=2)
    assert names(zd.get(EXPORTS, cursor=third["after_cursor"])) == ["young"]
    zd.touch(late)
    zd.wait_for(minutes=2)
    assert names(zd.get(EXPORTS, cursor=third["after_cursor"]), name="id") == [int(young), int(late)]


def test_a_ticket_comes_once_at_its_newest_change_with_who_belongs_to_it(zd: Desk) -> None:
    ticket = zd.add_ticket("one", at=ago(hours=2))
    zd.change(ticket, ALICE, {"assignee_id": zd.user_id(BOB)}, at=ago(hours=1))
    page = zd.get(EXPORTS, start_time=0, include="users,organizations,groups")
    assert names(page, name="status") == ["open"]
    assert names(page, "users", "email") == ["ana@customer.example", BOB]
    assert names(page, "organizations", "organization_fields") == [{"tier": "gold"}]
    assert names(page, "groups", "name") == ["Support"]


def test_exports_start_a_minute_ago_at_the_latest(zd: Desk) -> None:
    for path in (EXPORTS, EVENTS, "incremental/users/cursor"):
        answer = zd.ask("GET", path, start_time=int(ago(seconds=30).timestamp()))
        assert (answer.status_code, answer.json()["error"]) == (400, "StartTimeTooRecent")


def test_tickets_of_ai_agents_come_to_those_who_ask_for_all(zd: Desk) -> None:
    zd.add_ticket("bot", at=ago(hours=1), support_type_scope="ai_agent")
    for path, rows in ((EXPORTS, "tickets"), (EVENTS, "ticket_events")):
        assert zd.get(path, start_time=0)[rows] == []
        assert len(zd.get(path, start_time=0, support_type_scope="all")[rows]) == 1


def test_all_updates_of_one_second_come_together(zd: Desk) -> None:
    ticket = zd.add_ticket("busy", at=ago(hours=1))
    for text in "abcde":
        zd.say(ticket, ALICE, text, at=ago(minutes=30))
    zd.say(ticket, ALICE, "last", at=ago(minutes=10))
    first = zd.get(EVENTS, start_time=0, per_page=2)
    assert (first["count"], first["end_of_stream"]) == (6, False)
    assert first["end_time"] == int(ago(minutes=10).timestamp())
    last = zd.get(EVENTS, start_time=first["end_time"])
    assert (last["count"], last["end_of_stream"], last["end_time"]) == (1, True, first["end_time"])
    assert f"start_time={last['end_time']}" in last["next_page"]
    zd.say(ticket, ALICE, "dated back", at=ago(minutes=20))
    assert zd.get(EVENTS, start_time=last["end_time"])["count"] == 1


def test_comments_have_a_text_for_those_who_ask(zd: Desk) -> None:
    ticket = zd.add_ticket("x", "Hello <you>", at=ago(hours=1))
    zd.say(ticket, "ana@customer.example", "I am away", auto=True, at=ago(minutes=30))
    bare = zd.get(EVENTS, start_time=0)["ticket_events"][0]["child_events"][0]
    assert "body" not in bare
    assert bare["comment_public"]
    first, second = zd.get(EVENTS, start_time=0, include="comment_events")["ticket_events"]
    comment = first["child_events"][0]
    assert comment["body"] == comment["plain_body"] == "Hello <you>"
    assert "Hello &lt;you&gt;" in comment["html_body"]
    assert (first["via"], comment["via"]["channel"]) == ("Mail", "email")
    assert second["child_events"][0]["metadata"]["flags"] == [4]


def test_changes_are_keyed_by_field(zd: Desk) -> None:
    ticket = zd.add_ticket("x", at=ago(hours=1), tags=["a", "b"], custom_fields={"Recovery": "w"})
    fields = {"status": "pending", "tags": ["b", "c"], "custom_fields": {"Recovery": "x"}}
    update = zd.change(ticket, ALICE, fields, at=ago(minutes=30))
    children = zd.get(EVENTS, start_time=int(ago(minutes=31).timestamp()))["ticket_events"][0]["child_events"]
    told = {key: child for child in children for key in child}
    assert (told["status"]["status"], told["status"]["previous_value"]) == ("pending", "new")
    assert (told["tags"]["added_tags"], told["tags"]["removed_tags"]) == (["c"], ["a"])
    recovery = told["custom_ticket_fields"]
    assert (recovery["custom_ticket_fields"], recovery["previous_value"]) == ({str(zd.field_id("Recovery")): "x"}, "w")
    numbers = [update.row["id"], *(child["id"] for child in children)]
    assert numbers == sorted(set(numbers))
    assert min(numbers) > 2**31


def test_people_and_organizations_are_exports_of_their_own(zd: Desk) -> None:
    first = zd.get("incremental/users/cursor", start_time=0)
    assert len(first["users"]) == len(zd.users)
    zd.suspend(BOB)
    zd.change_organization(zd.organization_id("Lake Tours"), organization_fields={"tier": "silver"})
    start = int(zd.time.timestamp())
    zd.wait_for(minutes=2)
    assert names(zd.get("incremental/users/cursor", cursor=first["after_cursor"]), "users", "suspended") == [True]
    page = zd.get("incremental/organizations", start_time=start)
    assert names(page, "organizations", "organization_fields") == [{"tier": "silver"}]


def test_the_made_up_past_comes_before_everything_else(zd: Desk) -> None:
    zd.bulk(30, 3.3)
    own = zd.add_ticket("own", at=ago(hours=1))
    numbers, page = [], zd.get(EXPORTS, start_time=0, per_page=7, include="users")
    while True:
        numbers += names(page, name="id")
        assert {row["requester_id"] for row in page["tickets"]} <= {row["id"] for row in page["users"]}
        if page["end_of_stream"]:
            break
        page = zd.get(EXPORTS, cursor=page["after_cursor"], per_page=7, include="users")
    assert len(set(numbers)) == len(numbers) == 31
    seen, start = {}, 0
    for _ in itertools.count():
        part = zd.get(EVENTS, start_time=start, per_page=40, include="comment_events")
        seen |= {row["id"]: row for row in part["ticket_events"]}
        start = part["end_time"]
        if part["end_of_stream"]:
            break
    assert len(seen) == 99 + 1
    assert {row["ticket_id"] for row in seen.values()} == set(numbers)
    assert names(zd.get("tickets/show_many", ids=f"{numbers[0]},{own}"), name="id") == [numbers[0], int(own)]


# ---- lists and single tickets


def test_lists_go_by_cursor(zd: Desk) -> None:
    for number in range(3):
        zd.add_group(f"Team {number}")
    first = zd.get("groups", **{"page[size]": 2})
    second = zd.get("groups", **{"page[size]": 2, "page[after]": first["meta"]["after_cursor"]})
    last = zd.get("groups", **{"page[size]": 2, "page[after]": second["meta"]["after_cursor"]})
    assert [len(page["groups"]) for page in (first, second, last)] == [2, 2, 1]
    assert (first["meta"]["has_more"], last["meta"]["has_more"]) == (True, False)


def test_audits_tell_the_same_as_the_export(zd: Desk) -> None:
    ticket = zd.add_ticket("x", at=ago(hours=1))
    zd.put(ticket, priority="high", metadata={"makegood": "7f3a2c"})
    page = zd.get(f"tickets/{ticket}/audits", include="tickets,users", **{"page[size]": 100})
    created, changed = page["audits"]
    assert {event["type"] for event in created["events"]} == {"Comment", "Create"}
    assert changed["metadata"]["custom"] == {"makegood": "7f3a2c"}
    (event,) = changed["events"]
    assert (event["field_name"], event["value"], event["previous_value"]) == ("priority", "high", None)
    zd.wait_for(minutes=2)
    rows = zd.get(EVENTS, start_time=0)["ticket_events"]
    assert [row["id"] for row in rows] == [created["id"], changed["id"]]
    assert rows[1]["metadata"] == {"makegood": "7f3a2c"}
    assert set(names(page, "users", "email")) == {"ana@customer.example", ROBOT}


def test_search_export_finds_what_is_open_and_its_cursor_dies_after_an_hour(zd: Desk) -> None:
    for number in range(3):
        zd.add_ticket(f"old {number}", at=ago(days=9))
    zd.add_ticket("solved", at=ago(days=9), status="solved")
    zd.add_ticket("young", at=ago(hours=1))
    asked = {"query": "type:ticket status<solved updated<2026-03-01", "filter[type]": "ticket", "page[size]": 2}
    first = zd.get("search/export", **asked)
    assert (names(first, "results"), first["meta"]["has_more"]) == (["old 0", "old 1"], True)
    asked["page[after]"] = first["meta"]["after_cursor"]
    assert names(zd.get("search/export", **asked), "results") == ["old 2"]
    zd.wait_for(minutes=61)
    assert zd.ask("GET", "search/export", **asked).status_code == 400


def test_features_that_an_account_may_lack(zd: Desk) -> None:
    paths = ("slas/policies", "agent_availabilities", "custom_statuses", "ticket_forms")
    zd.custom_statuses = zd.has_forms = False
    assert [zd.ask("GET", path).status_code for path in paths] == [403, 404, 404, 403]
    zd.set_availability(ALICE, "away")
    (row,) = zd.get("agent_availabilities")["data"]
    assert row["attributes"]["agent_status"] == {"id": "4", "name": "away"}
    schedule = zd.add_schedule("Week", [(1980, 2520)])
    zd.add_holiday(schedule, "Easter", "2026-04-06")
    assert zd.get("business_hours/schedules")["schedules"][0]["time_zone"] == "Berlin"
    assert zd.get(f"business_hours/schedules/{schedule}/holidays")["holidays"][0]["end_date"] == "2026-04-06"


# ---- writing


def test_an_outdated_stamp_is_refused(zd: Desk) -> None:
    ticket = zd.add_ticket("x", at=ago(hours=1))
    stamp = zd.row(ticket)["updated_at"]
    assert zd.put(ticket, priority="low", safe_update=True).status_code == 400
    zd.say(ticket, ALICE, "meanwhile", at=ago(minutes=1))
    refused = zd.put(ticket, priority="low", safe_update=True, updated_stamp=stamp)
    assert (refused.status_code, refused.json()["error"]) == (409, "UpdateConflict")
    fresh = zd.put(ticket, priority="low", safe_update=True, updated_stamp=zd.row(ticket)["updated_at"])
    assert (fresh.status_code, fresh.json()["ticket"]["priority"]) == (200, "low")


def test_an_update_without_effect_leaves_no_trace(zd: Desk) -> None:
    ticket = zd.add_ticket("x", at=ago(hours=1), priority="low")
    before = zd.row(ticket)
    said = zd.put(ticket, priority="low").json()
    assert (said["audit"]["events"], zd.row(ticket)) == ([], before)
    assert len(zd.audits) == 1


@pytest.mark.parametrize(
    ("fields", "blamed"),
    [
        ({"assignee_id": 5}, "assignee"),
        ({"assignee_id": "carol@acme.example"}, "assignee"),
        ({"assignee_id": "reader@acme.example"}, "assignee"),
        ({"assignee_id": ROBOT, "group_id": "Billing"}, "assignee"),
        ({"group_id": 5}, "group"),
        ({"requester_id": 5}, "requester"),
        ({"status": "solved"}, "assignee"),
        ({"status": "solved", "assignee_id": ALICE}, "base"),
        ({"status": "nonsense"}, "status"),
        ({"priority": "nonsense"}, "priority"),
        ({"custom_fields": [("Seats", "many")]}, "Seats"),
        ({"custom_fields": [("Category", "cat_nonsense")]}, "Category"),
        ({"custom_fields": [("Follow up by", "Friday")]}, "Follow up by"),
    ],
)
def test_what_is_invalid(zd: Desk, fields: dict[str, Any], blamed: str) -> None:
    zd.add_field("Reason", required=True)
    ticket = zd.add_ticket("x", at=ago(hours=1))
    said = {key: _number(zd, value) for key, value in fields.items()}
    answer = zd.put(ticket, **said, comment={"body": "must not stay"})
    assert (answer.status_code, answer.json()["error"]) == (422, "RecordInvalid")
    key = str(zd.field_id(blamed)) if blamed[0].isupper() else blamed
    assert answer.json()["details"][key][0]["description"]
    assert len(zd.audits) == 1


def _number(zd: Desk, value: Any) -> Any:
    if isinstance(value, list):
        return [{"id": zd.field_id(title), "value": each} for title, each in value]
    return zd.user_id(value) if "@" in str(value) else zd.group_id(value) if value == "Billing" else value


def test_closed_is_final_and_deleted_is_gone(zd: Desk) -> None:
    ticket = zd.add_ticket("x", at=ago(hours=1), status="solved")
    zd.close(ticket, at=ago(minutes=30))
    assert zd.put(ticket, priority="low").status_code == 422
    zd.delete(ticket, at=ago(minutes=20))
    assert zd.put(ticket, priority="low").status_code == 404
    assert (
        zd.ask("GET", f"tickets/{ticket}").status_code == zd.ask("GET", f"tickets/{ticket}/audits").status_code == 404
    )
    assert zd.get("tickets/show_many", ids=f"{ticket},77")["tickets"] == []
    assert names(zd.get(EXPORTS, start_time=0), name="status") == ["deleted"]


def test_who_is_assigned_brings_their_group_and_opens_the_ticket(zd: Desk) -> None:
    ticket = zd.add_ticket("x", at=ago(hours=1))
    row = zd.put(ticket, assignee_id=zd.user_id(ALICE)).json()["ticket"]
    assert (row["group_id"], row["status"]) == (zd.group_id("Support"), "open")
    row = zd.put(ticket, group_id=zd.add_group("Empty")).json()["ticket"]
    assert row["assignee_id"] is None


def test_status_and_custom_status_go_together(zd: Desk) -> None:
    waiting, ticket = zd.add_status("pending", "Waits for parts"), zd.add_ticket("x", at=ago(hours=1))
    assert zd.put(ticket, custom_status_id=waiting).json()["ticket"]["status"] == "pending"
    assert zd.put(ticket, status="open").json()["ticket"]["custom_status_id"] == zd.status_id("Open")


def test_due_dates_stay_on_tasks_only(zd: Desk) -> None:
    ticket = zd.add_ticket("x", at=ago(hours=1))
    assert zd.put(ticket, due_at="2026-03-06T16:30:00Z").json()["ticket"]["due_at"] is None
    assert (
        zd.put(ticket, type="task", due_at="2026-03-06T17:30:00+01:00").json()["ticket"]["due_at"]
        == "2026-03-06T16:30:00Z"
    )
    assert zd.put(ticket, type="question").json()["ticket"]["due_at"] is None


def test_dropdowns_checkboxes_and_tags_are_one_thing(zd: Desk) -> None:
    ticket = zd.add_ticket("x", at=ago(hours=1), tags=["web"])
    fields = {"Category": "cat_refund", "VIP": True, "Products": ["prod_boats", "prod_bikes"]}
    values = [{"id": zd.field_id(title), "value": value} for title, value in fields.items()]
    row = zd.put(ticket, custom_fields=values).json()["ticket"]
    assert row["tags"] == ["cat_refund", "prod_bikes", "prod_boats", "vip", "web"]
    assert zd.put(ticket, tags=["web", "prod_boats", "cat_delivery"]).status_code == 200
    assert [zd.value(ticket, title) for title in fields] == ["cat_delivery", False, ["prod_boats"]]


def test_unknown_keys_are_dropped_with_a_header(zd: Desk) -> None:
    ticket = zd.add_ticket("x", at=ago(hours=1))
    answer = zd.put(ticket, priority="low", nonsense=1)
    warned = 'Removed restricted keys ["nonsense"] from parameters according to whitelist'
    assert (answer.status_code, answer.headers["x-zendesk-api-warn"]) == (200, warned)


def test_triggers_act_in_the_same_audit_with_a_via_of_their_own(zd: Desk) -> None:
    zd.add_trigger("Back to Bob", lambda row, _: row["priority"] == "high", {"assignee_id": zd.user_id(BOB)})
    ticket = zd.add_ticket("x", at=ago(hours=1))
    row, audit = zd.put(ticket, priority="high", assignee_id=zd.user_id(ALICE)).json().values()
    assert row["assignee_id"] == zd.user_id(BOB)
    by_rule = [event for event in audit["events"] if event.get("via")]
    assert [(e["field_name"], e["via"]["source"]["rel"]) for e in by_rule] == [("assignee_id", "trigger")]
    zd.wait_for(minutes=2)
    update = zd.get(EVENTS, start_time=int(NOW.timestamp()))["ticket_events"][0]
    vias = {child["via"] for child in update["child_events"]}
    assert (update["via"], update["updater_id"], vias) == ("Web service", zd.user_id(ROBOT), {"Web service", "Rule"})


def test_automations_are_updates_of_nobody(zd: Desk) -> None:
    ticket = zd.add_ticket("x", at=ago(hours=1))
    assert zd.run_automation(
        "Bump", lambda row: row["priority"] is None, {"priority": "normal"}, at=ago(minutes=5)
    ) == [ticket]
    update = zd.get(EVENTS, start_time=int(ago(minutes=5).timestamp()))["ticket_events"][0]
    assert (update["updater_id"], update["via"]) == (-1, "Rule")


def test_a_merge_closes_one_ticket_and_tells_both(zd: Desk) -> None:
    source, target = zd.add_ticket("Twice", at=ago(hours=2)), zd.add_ticket("Once", at=ago(hours=2))
    zd.merge(source, target, ALICE, at=ago(hours=1))
    row = zd.row(source)
    assert (row["status"], "closed_by_merge" in row["tags"]) == ("closed", True)
    kept, gone = zd.get(EVENTS, start_time=int(ago(hours=1).timestamp()), include="comment_events")["ticket_events"]
    assert (kept["via"], gone["via"]) == ("Merge", "Merge")
    assert kept["child_events"][0]["via"]["source"]["from"]["ticket_ids"] == [int(source)]
    assert gone["child_events"][0]["body"] == f'This request was closed and merged into request #{target} "Once".'


def test_a_customers_answer_opens_what_was_solved(zd: Desk) -> None:
    ticket = zd.add_ticket("x", at=ago(hours=1), status="solved")
    zd.say(ticket, "ana@customer.example", "Still broken", at=ago(minutes=5))
    assert zd.row(ticket)["status"] == "open"


def test_both_satisfaction_models(zd: Desk) -> None:
    for model, kind in (("legacy", "SatisfactionRating"), ("survey", "SurveyResponseSubmitted")):
        zd.csat_model = model
        ticket = zd.add_ticket(model, at=ago(hours=1))
        zd.rate(ticket, "bad", "Too slow", at=ago(minutes=30))
        assert zd.row(ticket)["satisfaction_rating"]["comment"] == "Too slow"
        event = zd.get(f"tickets/{ticket}/audits", **{"page[size]": 100})["audits"][-1]["events"][-1]
        assert (event["type"], event.get("score")) == (kind, "bad" if model == "legacy" else None)
    assert zd.ask("GET", "satisfaction_ratings").status_code == 403


def test_service_levels(zd: Desk) -> None:
    zd.add_sla_policy("Gold", {"first_reply_time": 60, "requester_wait_time": 240})
    met, missed = zd.add_ticket("met", at=ago(hours=2)), zd.add_ticket("missed", at=ago(hours=2))
    zd.say(met, ALICE, "Hello", at=ago(hours=1, minutes=30))
    zd.change(met, ALICE, {"status": "pending"}, at=ago(hours=1))
    told = zd.get("incremental/ticket_metric_events", start_time=0)["ticket_metric_events"]
    assert {e["ticket_id"] for e in told if e["type"] == "breach"} == {int(missed)}
    assert [e["type"] for e in told if e["ticket_id"] == int(met) and e["metric"] == "reply_time"] == [
        "activate",
        "apply_sla",
        "fulfill",
        "update_status",
    ]
    stages = {
        m["metric"]: m["stage"] for m in zd.get(f"tickets/{met}", include="slas")["ticket"]["slas"]["policy_metrics"]
    }
    assert stages == {"first_reply_time": "completed", "requester_wait_time": "paused"}
    assert "slas" in zd.get(EXPORTS, start_time=0, include="slas")["tickets"][0]
    zd.slas_in_export = False
    assert "slas" not in zd.get(EXPORTS, start_time=0, include="slas")["tickets"][0]


def test_jobs_fail_in_part(zd: Desk) -> None:
    for shape, keys in (("id_status", {"id", "status"}), ("index", {"account_id", "id", "index"})):
        zd.job_shape = shape
        job = zd.ask("PUT", "tickets/update_many", {"ticket": {}}, ids="1,2").json()["job_status"]
        done = zd.get(f"job_statuses/{job['id']}")["job_status"]
        assert (job["status"], done["status"]) == ("queued", "completed")
        assert (set(done["results"][0]), set(done["results"][1])) == (keys, {"index", "error", "id", "details"})
    assert [asked.path for asked in zd.writes] == ["tickets/update_many"] * 2


# ---- coming in


def _token(zd: Desk, secret: str = "secret", **more: Any) -> requests.Response:
    body = {"grant_type": "client_credentials", "client_id": "makegood", "client_secret": secret, "scope": "read write"}
    return requests.post(f"{zd.url}/oauth/tokens", json=body | more, timeout=3)


def test_tokens_end(zd: Desk) -> None:
    assert "expires_in" not in _token(zd).json()
    said = _token(zd, expires_in=300).json()
    assert said["expires_in"] == 300
    zd.headers = {"Authorization": f"Bearer {said['access_token']}"}
    assert zd.get("oauth/tokens/current")["token"]["scopes"] == ["read", "write"]
    zd.wait_for(minutes=6)
    answer = zd.ask("GET", "users/me")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert _token(zd, "wrong").json()["error"] == "invalid_client"
    assert zd.token_calls == 3
    zd.client = ("makegood", "a new secret")
    assert [_token(zd, secret).status_code for secret in ("secret", "a new secret")] == [401, 200]
    for spoil in (zd.revoke_tokens, zd.expire_tokens):
        zd.headers = {"Authorization": f"Bearer {zd.bearer()}"}
        assert zd.get("users/me")["user"]["email"] == ROBOT
        spoil()
        assert zd.ask("GET", "users/me").status_code == 401


def test_api_tokens_and_accounts_that_only_read(zd: Desk) -> None:
    ticket, me = zd.add_ticket("x", at=ago(hours=1)), f"{zd.url}/api/v2/users/me"
    assert requests.get(me, auth=(f"{ROBOT}/token", zd.api_token), timeout=3).status_code == 200
    assert requests.get(me, auth=(f"{ROBOT}/token", "no"), timeout=3).json() == {"error": "Couldn't authenticate you"}
    for token in (zd.bearer("reader@acme.example"), zd.bearer(scope="read")):
        zd.headers = {"Authorization": f"Bearer {token}"}
        assert zd.ask("GET", EXPORTS, start_time=0).status_code == 200
        assert zd.put(ticket, priority="low").status_code == 403
    zd.exports_for_admins_only = True
    zd.headers = {"Authorization": f"Bearer {zd.bearer('reader@acme.example')}"}
    assert zd.ask("GET", EXPORTS, start_time=0).status_code == 403


# ---- limits


def test_limits_are_told_and_kept(zd: Desk) -> None:
    answer = zd.ask("GET", EXPORTS, start_time=0)
    assert answer.headers["zendesk-ratelimit-incremental-exports"].startswith("total=100000;")
    zd.enforce_limits()
    zd.wait_for(seconds=61)
    zd.limits["exports"] = 2
    told = [zd.ask("GET", path, start_time=0) for path in (EXPORTS, EVENTS, EXPORTS)]
    assert [each.status_code for each in told] == [200, 200, 429]
    assert told[0].headers["zendesk-ratelimit-incremental-exports"] == "total=2; remaining=1; resets=59"
    assert (told[0].headers["X-Rate-Limit"], told[2].headers["Retry-After"]) == ("700", "59")
    assert told[2].json()["error"] == "APIRateLimitExceeded"
    assert parsedate_to_datetime(told[0].headers["Date"]) == zd.time
    zd.wait_for(seconds=60)
    assert zd.ask("GET", EXPORTS, start_time=0).status_code == 200


def test_one_ticket_takes_only_so_many_updates(zd: Desk) -> None:
    zd.enforce_limits()
    zd.limits["per_ticket"] = 1
    ticket, other = zd.add_ticket("x", at=ago(hours=1)), zd.add_ticket("y", at=ago(hours=1))
    answers = [zd.put(each, priority="low") for each in (ticket, ticket, other)]
    assert [each.status_code for each in answers] == [200, 429, 200]
    assert answers[0].headers["zendesk-ratelimit-per-ticket-updates"] == "total=1; remaining=0; resets=600"
    zd.wait_for(seconds=601)
    assert zd.put(ticket, priority="low").status_code == 200


def test_a_limit_may_be_none(zd: Desk) -> None:
    zd.enforce_limits()
    zd.limits["exports"] = None
    answers = [zd.ask("GET", EVENTS, start_time=0) for _ in range(12)]
    assert {each.status_code for each in answers} == {200}
    assert answers[0].headers["zendesk-ratelimit-incremental-exports"].startswith("total=100000;")


# ---- misbehaviour


@pytest.mark.parametrize("status", [401, 403, 404, 409, 422, 429, 500, 503])
def test_statuses_as_told(zd: Desk, status: int) -> None:
    zd.fail(status, "users/me", Retry_After="3")
    answer = zd.ask("GET", "users/me")
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "3")
    assert zd.ask("GET", "users/me").status_code == 200


def test_answers_that_are_none(zd: Desk) -> None:
    ticket = zd.add_ticket("x", at=ago(hours=1))
    zd.fail("html")
    assert "<html>" in zd.ask("GET", "users/me").text
    zd.fail("not_json")
    with pytest.raises(requests.JSONDecodeError):
        zd.ask("GET", "users/me").json()
    zd.fail("database_conflict", method="PUT")
    assert zd.put(ticket, priority="low").json()["error"] == "DatabaseConflict"
    zd.fail("drop_key", key="tags")
    row = zd.put(ticket, priority="low", tags=["a"])
    assert (row.json()["ticket"]["tags"], "tags" in row.headers["x-zendesk-api-warn"]) == ([], True)


@pytest.mark.parametrize(
    ("kind", "done"), [("cut_before", False), ("cut_after", True), ("slow", False), ("late", True)]
)
def test_connections_that_break(zd: Desk, kind: str, *, done: bool) -> None:
    ticket = zd.add_ticket("x", at=ago(hours=1))
    zd.wait, zd.patience = 0.1, 0.15
    zd.fail(kind, f"tickets/{ticket}", "PUT")
    with pytest.raises((requests.ConnectionError, requests.Timeout)):
        zd.put(ticket, priority="low")
    zd.wait = 3.0
    assert (zd.row(ticket)["priority"] == "low") is done


@pytest.mark.parametrize("kind", ["empty_page", "duplicate_page"])
def test_pages_that_lie_lose_nothing(zd: Desk, kind: str) -> None:
    zd.add_ticket("a", at=ago(hours=2))
    zd.add_ticket("b", at=ago(hours=1))
    first = zd.get(EXPORTS, start_time=0, per_page=1)
    zd.fail(kind, EXPORTS)
    lie = zd.get(EXPORTS, cursor=first["after_cursor"], per_page=1)
    assert (names(lie), lie["end_of_stream"]) == ([] if kind == "empty_page" else ["a"], False)
    assert names(zd.get(EXPORTS, cursor=lie["after_cursor"])) == ["b"]
    zd.fail(kind, "groups")
    lie = zd.get("groups", **{"page[size]": 9})
    assert (lie["groups"], lie["meta"]["has_more"]) == ([], True)
    assert len(zd.get("groups", **{"page[size]": 9, "page[after]": lie["meta"]["after_cursor"]})["groups"]) == 2
    zd.fail(kind, EVENTS)
    lie = zd.get(EVENTS, start_time=0)
    assert (lie["end_of_stream"], lie["end_time"]) == (False, 0)


def test_a_storm_is_the_same_every_time(zd: Desk) -> None:
    runs = []
    for _ in range(2):
        zd.storm(7, p429=0.3, p5xx=0.3, pcut=0)
        runs.append([zd.ask("GET", "users/me").status_code for _ in range(20)])
    assert runs[0] == runs[1]
    assert {200, 429} < set(runs[0])
    zd.calm()
    assert zd.ask("GET", "users/me").status_code == 200


def test_somebody_may_come_in_between(zd: Desk) -> None:
    ticket = zd.add_ticket("x", at=ago(hours=1))
    stamp = zd.row(ticket)["updated_at"]
    zd.before_write = lambda: zd.say(ticket, BOB, "I have it", at=ago(minutes=1))
    assert zd.put(ticket, priority="low", safe_update=True, updated_stamp=stamp).status_code == 409


def test_every_request_can_be_watched_as_it_comes_in(zd: Desk) -> None:
    seen: list[str] = []
    zd.on_request = lambda asked: seen.append(f"{asked.method} {asked.path} by {asked.user}")
    zd.get("users/me")
    assert seen == [f"GET users/me by {ROBOT}"]


@pytest.mark.parametrize(
    "fields",
    [
        {"custom_fields": {"1": "x"}},
        {"custom_fields": [{"value": 1}]},
        {"comment": "just a text"},
        {"type": "task", "due_at": "Friday"},
        {"safe_update": True, "updated_stamp": "yesterday", "priority": "low"},
        {"email_ccs": [{"action": "put"}]},
    ],
)
def test_nonsense_is_answered_and_not_hung_up_on(zd: Desk, fields: dict[str, Any]) -> None:
    """A cut connection would look like a passing fault, and hide a mistake of the client."""
    ticket = zd.add_ticket("x", at=ago(hours=1))
    before = zd.row(ticket)
    assert zd.put(ticket, **fields).status_code == 400
    assert (zd.row(ticket), len(zd.audits)) == (before, 1)


@pytest.mark.parametrize("query", ["colour:red", "type:ticket status<nonsense"])
def test_a_search_for_nonsense_is_answered(zd: Desk, query: str) -> None:
    zd.add_ticket("x", at=ago(hours=1))
    asked = {"query": query, "filter[type]": "ticket", "page[size]": 2}
    assert zd.ask("GET", "search/export", **asked).status_code == 400


@pytest.mark.parametrize("said", ["Basic abc", "Basic /w==", "Bearer", "nonsense"])
def test_a_senseless_key_is_refused(zd: Desk, said: str) -> None:
    zd.headers = {"Authorization": said}
    assert zd.ask("GET", "users/me").status_code == 401


def test_whoever_must_not_write_is_found_out() -> None:
    with Desk() as zd:
        zd.fail_on_write = True
        assert zd.put(zd.add_ticket("x"), priority="low").status_code == 500
        with pytest.raises(AssertionError, match="something was written"):
            zd.__exit__()
        zd.requests.clear()
