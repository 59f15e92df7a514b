"""The fake Jira behaves as the facts say, and misbehaves as told, with both its faces."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from fake_jira import FakeJira
from fake_jira_adf import document

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ALICE, BOB, ROBOT, READER = "alice@acme.example", "bob@acme.example", "makegood@acme.example", "reader@acme.example"
ANA = "ana@customer.example"
BY_UPDATED = "project = SUP ORDER BY updated ASC"
OPT_IN = {"X-ExperimentalApi": "opt-in"}


class Desk(FakeJira):
    """The fake with a clock to set and a client that retries nothing."""

    def __init__(self, *, cloud: bool = True) -> None:
        self.time = NOW
        super().__init__(now=lambda: self.time, cloud=cloud)
        self.session = requests.Session()
        self.version, self.wait = "2", 3.0
        self.log_in(self.entry.api_token if cloud else self.entry.pat)

    def log_in(self, token: str, email: str = ROBOT) -> None:
        if self.cloud:
            self.session.auth = (email, token)
        else:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def wait_for(self, **how_long: float) -> None:
        self.time += timedelta(**how_long)

    def ask(self, method: str, path: str, body: Any = None, base: str = "", **params: Any) -> requests.Response:
        place = path if path.startswith("servicedeskapi") else f"api/{self.version}/{path}"
        url = f"{base or self.url}/rest/{place}"
        return self.session.request(method, url, json=body, params=params, headers=OPT_IN, timeout=self.wait)

    def get(self, path: str, **params: Any) -> Any:
        answer = self.ask("GET", path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        answer = self.ask("POST", path, body)
        assert answer.status_code in (200, 201, 204), answer.text
        return answer.json() if answer.content else None

    def put(self, issue: str, body: Any, **params: Any) -> requests.Response:
        return self.ask("PUT", f"issue/{issue}", body, **params)

    def fields_of(self, issue: str) -> Any:
        return self.get(f"issue/{issue}")["fields"]

    def search(self, jql: str = BY_UPDATED, **params: Any) -> Any:
        path = "search/jql" if self.cloud else "search"
        return self.get(path, jql=jql, **{"fields": "summary,labels"} | params)

    def who(self, email: str) -> dict[str, str]:
        return {"accountId" if self.cloud else "name": self.user_id(email)}


@pytest.fixture
def jira() -> Iterator[Desk]:
    with Desk() as jira:
        yield jira


@pytest.fixture
def center() -> Iterator[Desk]:
    with Desk(cloud=False) as jira:
        yield jira


@pytest.fixture(params=[True, False], ids=["cloud", "data-center"])
def both(request: pytest.FixtureRequest) -> Iterator[Desk]:
    with Desk(cloud=request.param) as jira:
        yield jira


def ago(**how_long: float) -> datetime:
    return NOW - timedelta(**how_long)


def ids(page: Any) -> list[str]:
    return [row["id"] for row in page["issues"]]


def millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def refused(answer: requests.Response) -> dict[str, str]:
    """What fields a 400 blames."""
    assert answer.status_code == 400, answer.text
    errors: dict[str, str] = answer.json()["errors"]
    return errors


# ---- which face


def test_server_info_needs_no_account_and_tells_the_face(jira: Desk, center: Desk) -> None:
    """Fact 18."""
    for desk, kind in ((jira, "Cloud"), (center, "Server")):
        assert requests.get(f"{desk.url}/rest/api/2/serverInfo", timeout=3).json()["deploymentType"] == kind


def test_each_face_lacks_what_only_the_other_has(jira: Desk, center: Desk) -> None:
    assert jira.ask("GET", "search", jql=BY_UPDATED).status_code == 410
    for method, path in (
        ("GET", "search/jql"),
        ("POST", "issue/bulkfetch"),
        ("POST", "changelog/bulkfetch"),
        ("GET", "user/bulk"),
    ):
        assert center.ask(method, path, {}).status_code == 404
    center.version = "3"
    assert center.ask("GET", "myself").status_code == 404


def test_people_are_named_by_account_or_by_login(jira: Desk, center: Desk) -> None:
    """Fact 6."""
    assert {"accountId", "accountType"} <= set(jira.get("myself"))
    assert "name" not in jira.get("myself")
    assert (center.get("myself")["name"], "accountId" in center.get("myself")) == ("makegood", False)
    assert jira.ask("GET", "user", username="alice").status_code == 400
    assert center.get("user", username="alice")["displayName"] == "Alice Adams"


# ---- search


def test_search_goes_by_token_and_the_last_page_has_none(jira: Desk) -> None:
    """Facts 1 and 2."""
    made = [jira.add_issue(f"Issue {n}", at=ago(hours=5 - n)) for n in range(5)]
    found: list[str] = []
    token = None
    for size in (2, 2, 1):
        page = jira.search(maxResults=2, **({"nextPageToken": token} if token else {}))
        assert (len(page["issues"]), page["isLast"], "total" in page) == (size, size == 1, False)
        found, token = found + ids(page), page.get("nextPageToken")
    assert (found, token) == (made, None)
    assert jira.ask("GET", "search/jql", jql=BY_UPDATED, nextPageToken="invented").status_code == 400


def test_search_pages_hold_a_hundred_with_fields_and_only_ids_unless_asked(jira: Desk) -> None:
    for n in range(120):
        jira.add_issue(f"Issue {n}")
    assert len(jira.search(maxResults=500)["issues"]) == 100
    page = jira.get("search/jql", jql=BY_UPDATED, maxResults=5000)
    assert (len(page["issues"]), set(page["issues"][0])) == (120, {"id"})


def test_search_has_bounds(jira: Desk) -> None:
    order = ",".join(["updated"] * 8)
    asked = ({"jql": "ORDER BY updated"}, {"jql": f"project = SUP ORDER BY {order}"}, {"jql": "project = NONE"})
    for params in (*asked, {"properties": "a,b,c,d,e,f"}, {"reconcileIssues": ",".join(map(str, range(51)))}):
        assert jira.ask("GET", "search/jql", **{"jql": BY_UPDATED} | params).status_code == 400
    assert jira.post("search/approximate-count", {"jql": BY_UPDATED}) == {"count": 0}


def test_data_center_search_goes_by_offset_and_loses_what_moves(center: Desk) -> None:
    """The row that was the first of the second page slips to the first one when another goes to the end."""
    one, two, _ = (center.add_issue(str(n), at=ago(hours=5 - n)) for n in range(3))
    first = center.search(maxResults=2)
    assert (ids(first), first["total"], first["startAt"]) == ([one, two], 3, 0)
    center.change(one, ALICE, labels=["x"])
    assert ids(center.search(maxResults=2, startAt=2)) == [one]


def test_what_changes_between_pages_comes_twice_on_cloud(jira: Desk) -> None:
    one, two, three = (jira.add_issue(str(n), at=ago(hours=5 - n)) for n in range(3))
    first = jira.search(maxResults=2)
    jira.change(one, ALICE, labels=["x"])
    assert ids(jira.search(nextPageToken=first["nextPageToken"])) == [three, one]
    assert ids(first) == [one, two]


def test_times_in_milliseconds_are_absolute_and_quoted_ones_are_the_accounts(both: Desk) -> None:
    """Fact 3; the account's zone is told by ``myself``."""
    both.zone = "America/Los_Angeles"
    issue = both.add_issue(at=ago(minutes=30, microseconds=-5000))
    at = ago(minutes=30)
    assert ids(both.search(f"updated >= {millis(at) + 5}")) == [issue]
    assert ids(both.search(f"updated >= {millis(at) + 6}")) == []
    both.cut_to_minutes = True
    assert ids(both.search(f"updated >= {millis(at) + 6}")) == [issue]
    assert ids(both.search('updated >= "2026-03-02 11:00"')) == []
    assert ids(both.search('updated >= "2026-03-02 03:00"')) == [issue]
    assert ids(both.search("updated >= -10m")) == []
    assert both.get("myself")["timeZone"] == "America/Los_Angeles"
    assert both.fields_of(issue)["updated"] == "2026-03-02T03:30:00.005-0800"


def test_queries(both: Desk) -> None:
    one, two = both.add_issue("One", at=ago(hours=2)), both.add_issue("Two", project="BIL", at=ago(hours=1))
    both.transition(two, ALICE, "Resolved", at=ago(minutes=9))
    found = {
        f"id in ({one},{two}) AND statusCategory != Done": [one], "project in (SUP, BIL) order by updated desc": [two, one],
        "key = SUP-1": [one], "statusCategory = done": [two], 'status = "Waiting for support"': [one],
        "assignee is EMPTY": [two, one],
        "(project = SUP OR project = BIL) AND NOT resolution is EMPTY": [two], "project = SUP AND labels = x": [],
    }  # fmt: skip
    assert {jql: ids(both.search(jql)) for jql in found} == found
    for wrong in ("nonsense = 1", "project = ", "updated >= soon", "project = SUP and", "project = SUP ; drop"):
        path = "search/jql" if both.cloud else "search"
        assert both.ask("GET", path, jql=wrong).status_code == 400, wrong


def test_data_center_refuses_a_list_with_an_issue_that_is_gone(both: Desk) -> None:
    """Whoever asks for many by id has to live with that."""
    one, two = both.add_issue(), both.add_issue()
    both.delete(two)
    path = "search/jql" if both.cloud else "search"
    assert both.ask("GET", path, jql=f"id in ({one},{two})").status_code == (200 if both.cloud else 400)


def test_the_index_is_late_and_reads_by_id_are_not(both: Desk) -> None:
    """Fact 5, and the trap of a row whose label is already there."""
    issue, gone = both.add_issue(at=ago(hours=1)), both.add_issue(at=ago(hours=1))
    both.lag = 60
    both.change(issue, ALICE, labels=["done"])
    both.delete(gone)
    assert [row["fields"]["labels"] for row in both.search()["issues"]] == [[], []]
    assert both.fields_of(issue)["labels"] == ["done"]
    assert both.ask("GET", f"issue/{gone}").status_code == 404
    if both.cloud:
        assert [row["fields"]["labels"] for row in both.search(reconcileIssues=issue)["issues"]] == [[], ["done"]]
    both.wait_for(seconds=61)
    assert [row["fields"]["labels"] for row in both.search()["issues"]] == [["done"]]


def test_wrong_pages(jira: Desk) -> None:
    """Traps: repeated token, short page, the same issue on two pages."""
    made = [jira.add_issue(str(n), at=ago(hours=9 - n)) for n in range(6)]
    jira.fail("short_page")
    short = jira.search(maxResults=4)
    assert (ids(short), short["isLast"]) == (made[:2], False)
    jira.fail("duplicate_row")
    twice = jira.search(maxResults=2, nextPageToken=short["nextPageToken"])
    assert ids(twice) == made[1:4]
    jira.fail("empty_page")
    empty = jira.search(maxResults=2, nextPageToken=twice["nextPageToken"])
    assert (ids(empty), empty["isLast"]) == ([], False)
    jira.fail("repeat_token", times=2)
    again = [jira.search(maxResults=2, nextPageToken=empty["nextPageToken"]) for _ in range(2)]
    assert {page["nextPageToken"] for page in again} == {empty["nextPageToken"]}
    assert [ids(page) for page in again] == [made[4:]] * 2


def test_an_sla_timer_moves_updated_and_nothing_else(both: Desk) -> None:
    """Fact 4."""
    issue = both.add_issue(at=ago(hours=1))
    both.touch(issue)
    assert both.get(f"issue/{issue}", expand="changelog")["changelog"]["total"] == 0
    assert both.fields_of(issue)["updated"] == "2026-03-02T12:00:00.000+0000"


# ---- by id


def test_bulk_fetch_follows_moved_keys_and_tells_what_is_missing(jira: Desk) -> None:
    two, one = jira.add_issue("One"), jira.add_issue("Two")
    assert jira.move(two, "BIL") == "BIL-1"
    page = jira.post("issue/bulkfetch", {"issueIdsOrKeys": [one, "SUP-1", "404"], "fields": ["summary"]})
    assert [(row["id"], row["key"]) for row in page["issues"]] == [(two, "BIL-1"), (one, "SUP-2")]
    assert [row["id"] for row in page["issueErrors"]] == ["404"]
    assert jira.ask("POST", "issue/bulkfetch", {"issueIdsOrKeys": list(map(str, range(101)))}).status_code == 400


def test_a_moved_issue_answers_to_its_old_key_and_its_changelog_tells(both: Desk) -> None:
    issue = both.add_issue()
    both.move(issue, "BIL", at=NOW)
    found = both.get("issue/SUP-1", expand="changelog")
    assert (found["id"], found["key"], found["fields"]["project"]["key"]) == (issue, "BIL-1", "BIL")
    items = found["changelog"]["histories"][0]["items"]
    assert [(item["field"], item["fromString"], item["toString"]) for item in items][1] == ("Key", "SUP-1", "BIL-1")


def test_losing_a_permission_looks_like_deletion(both: Desk) -> None:
    issue = both.add_issue()
    both.deny("BROWSE_PROJECTS", ROBOT, "SUP")
    answer = both.ask("GET", f"issue/{issue}")
    assert (answer.status_code, both.ask("GET", "issue/404").json()) == (404, answer.json())
    assert not both.search(f"id = {issue}" if both.cloud else "status = Open")["issues"]


def test_changelog_tells_ids_and_names(jira: Desk, center: Desk) -> None:
    for desk in (jira, center):
        issue = desk.add_issue(at=ago(hours=1), labels=["a"])
        desk.change(
            issue,
            ALICE,
            {"assignee": BOB, "labels": ["a", "b"], "status": "In progress", "Seats": 3.0},
            at=ago(minutes=5),
        )
        (history,) = desk.get(f"issue/{issue}", expand="changelog")["changelog"]["histories"]
        lines = {
            item["field"]: (item["from"], item["fromString"], item["to"], item["toString"]) for item in history["items"]
        }
        bob = desk.user_id(BOB) if desk.cloud else desk.users["bob"]["key"]
        assert lines["assignee"] == (None, None, bob, "Bob Baker")
        assert lines["labels"] == (None, "a", None, "a b")
        assert lines["status"] == (
            desk.status_id("Waiting for support"),
            "Waiting for support",
            desk.status_id("In progress"),
            "In progress",
        )
        assert lines["Seats"] == (None, None, None, "3")
        assert all(("fieldId" in item) == desk.cloud for item in history["items"])


def test_changelogs_of_many_come_oldest_first_in_pages_for_ten_fields(jira: Desk) -> None:
    """Fact 13."""
    one, two = jira.add_issue(at=ago(hours=9)), jira.add_issue(at=ago(hours=9))
    jira.change(two, ALICE, priority="High", labels=["x"], at=ago(hours=3))
    jira.change(one, ALICE, priority="Low", at=ago(hours=2))
    jira.change(one, ALICE, labels=["y"], at=ago(hours=1))
    body = {"issueIdsOrKeys": [one, two], "fieldIds": ["priority"], "maxResults": 1}
    first = jira.post("changelog/bulkfetch", body)
    second = jira.post("changelog/bulkfetch", body | {"nextPageToken": first["nextPageToken"]})
    told = [page["issueChangeLogs"][0] for page in (first, second)]
    assert [each["issueId"] for each in told] == [two, one]
    assert [item["field"] for item in told[0]["changeHistories"][0]["items"]] == ["priority"]
    assert told[0]["changeHistories"][0]["created"] == millis(ago(hours=3))
    assert "nextPageToken" not in second
    for wrong in ({"fieldIds": [str(n) for n in range(11)]}, {"issueIdsOrKeys": [str(n) for n in range(1001)]}):
        assert jira.ask("POST", "changelog/bulkfetch", body | wrong).status_code == 400
    jira.bulk_created = "text"
    text = jira.post("changelog/bulkfetch", body)["issueChangeLogs"][0]["changeHistories"][0]["created"]
    assert text == "2026-03-02T09:00:00.000+0000"


def test_an_issue_carries_the_newest_comments_and_how_many_there_are(jira: Desk) -> None:
    """Trap: 101 comments."""
    issue = jira.add_issue(at=ago(hours=9))
    for n in range(101):
        jira.say(issue, ALICE, f"Note {n}", public=n % 2 == 0)
    inside = jira.fields_of(issue)["comment"]
    assert (len(inside["comments"]), inside["total"], inside["comments"][-1]["body"]) == (100, 101, "Note 100")
    assert len(jira.search(fields="comment")["issues"][0]["fields"]["comment"]["comments"]) == 20
    pages = [jira.get(f"issue/{issue}/comment", startAt=start, maxResults=100) for start in (0, 100)]
    assert [len(page["comments"]) for page in pages] == [100, 1]
    assert [row["jsdPublic"] for row in pages[0]["comments"][:2]] == [True, False]
    newest = jira.get(f"issue/{issue}/comment", orderBy="-created", maxResults=1)["comments"][0]
    assert newest["body"] == "Note 100"
    jira.unsay(issue, newest["id"])
    assert jira.fields_of(issue)["comment"]["total"] == 100


def test_texts_are_documents_in_version_three(jira: Desk) -> None:
    issue = jira.add_issue(text="One\nline\n\nAnother")
    assert jira.fields_of(issue)["description"] == "One\nline\n\nAnother"
    jira.version = "3"
    assert jira.fields_of(issue)["description"] == document("One\nline\n\nAnother")
    assert refused(jira.put(issue, {"fields": {"description": "plain"}}))
    assert jira.put(issue, {"fields": {"description": document("New\n\ntext")}}).status_code == 204
    jira.version = "2"
    assert jira.fields_of(issue)["description"] == "New\n\ntext"


# ---- writing


def test_one_put_writes_fields_labels_and_the_marker(both: Desk) -> None:
    """Fact 10."""
    issue = both.add_issue(labels=["web", "old"], at=ago(hours=1))
    recovery = both.field_id("Recovery")
    body = {
        "fields": {"priority": {"name": "High"}, "assignee": both.who(BOB), recovery: "voucher"},
        "update": {"labels": [{"add": "vip"}, {"remove": "old"}]}, "properties": [{"key": "makegood", "value": {"rule": "r1"}}],
    }  # fmt: skip
    assert both.put(issue, body).status_code == 204
    fields = both.fields_of(issue)
    assert (fields["priority"]["name"], fields[recovery], fields["labels"]) == ("High", "voucher", ["web", "vip"])
    assert fields["assignee"]["displayName"] == "Bob Baker"
    assert both.get(f"issue/{issue}/properties/makegood")["value"] == {"rule": "r1"}
    (history,) = both.get(f"issue/{issue}", expand="changelog")["changelog"]["histories"]
    assert (len(history["items"]), history["author"]["displayName"]) == (4, "makegood")
    assert both.put(issue, body).status_code == 204
    assert len(both.issue(issue)["histories"]) == 1
    row = both.search(properties="makegood")["issues"][0]
    assert row["properties"] == {"makegood": {"rule": "r1"}}


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("labels", ["two words"], "contains spaces"),
        ("status", {"name": "Closed"}, "appropriate screen"),
        ("customfield_99999", "x", "appropriate screen"),
        ("priority", {"name": "Huge"}, "not valid"),
        ("Category", {"value": "Nothing"}, "not valid"),
        ("Seats", "three", "must be a number"),
        ("Follow up by", "tomorrow", "Error parsing date"),
        ("Support group", {"name": "Nobody"}, "Could not find group"),
    ],
)
def test_what_does_not_fit_is_refused_as_a_whole(both: Desk, field: str, value: Any, words: str) -> None:
    issue = both.add_issue()
    name = field if field.startswith("customfield") else both.field_id(field)
    assert words in refused(both.put(issue, {"fields": {name: value, "summary": "New"}}))[name]
    assert both.fields_of(issue)["summary"] == "Help"


@pytest.mark.parametrize("who", [ANA, "idle@acme.example", READER])
def test_who_cannot_own_an_issue(both: Desk, who: str) -> None:
    """Traps: a customer, somebody inactive, somebody without the right."""
    both.add_user("idle@acme.example", "Idle", kind="agent", active=False)
    issue = both.add_issue()
    assert "cannot be assigned" in refused(both.ask("PUT", f"issue/{issue}/assignee", both.who(who)))["assignee"]
    assert "cannot be assigned" in refused(both.put(issue, {"fields": {"assignee": both.who(who)}}))["assignee"]


def test_assigning_by_the_other_face_s_name_is_refused(jira: Desk) -> None:
    issue = jira.add_issue()
    assert refused(jira.put(issue, {"fields": {"assignee": {"name": "bob"}}}))
    assert jira.ask("PUT", f"issue/{issue}/assignee", {"name": "bob"}).status_code == 400
    assert jira.ask("PUT", f"issue/{issue}/assignee", jira.who(BOB)).status_code == 204
    assert jira.ask("PUT", f"issue/{issue}/assignee", {"accountId": None}).status_code == 204
    assert jira.fields_of(issue)["assignee"] is None


def test_people_with_like_names_are_found_by_prefix(both: Desk) -> None:
    """Trap: the first hit is somebody else; an inactive one is not there at all."""
    for email, name in (
        ("smithson@acme.example", "Ann Smithson"),
        ("ann2@acme.example", "Ann Smith"),
        ("ann3@acme.example", "Ann Smith"),
    ):
        both.add_user(email, name, kind="agent", hidden_email=email.startswith("ann2"))
    asked = {"query": "ann smith"} if both.cloud else {"username": "ann smith"}
    found = both.get("user/assignable/search", project="SUP", **asked)
    assert [row["displayName"] for row in found] == ["Ann Smithson", "Ann Smith", "Ann Smith"]
    assert ["emailAddress" in row for row in found] == [True, False, True]
    both.change_user("smithson@acme.example", active=False)
    assert len(both.get("user/search", **asked)) == 2


def test_nobody_is_spared_the_mail_unless_an_admin_asks(both: Desk) -> None:
    """Fact 17."""
    issue = both.add_issue()
    both.put(issue, {"fields": {"summary": "One"}}, notifyUsers="false")
    assert both.mails == [(issue, "edited")]
    both.grant("ADMINISTER_PROJECTS", ROBOT, "SUP")
    both.put(issue, {"fields": {"summary": "Two"}}, notifyUsers="false")
    assert both.mails == [(issue, "edited")]


def test_properties_have_limits(both: Desk) -> None:
    """Fact 12."""
    issue = both.add_issue(at=ago(hours=1))
    path = f"issue/{issue}/properties/makegood"
    assert both.ask("GET", path).status_code == 404
    assert [both.ask("PUT", path, {"v": n}).status_code for n in range(2)] == [201, 200]
    assert both.fields_of(issue)["updated"] == both.fields_of(issue)["created"]
    assert both.ask("PUT", path, "x" * 32_768).status_code == 400
    assert both.ask("PUT", f"issue/{issue}/properties/{'k' * 256}", 1).status_code == 400
    assert [row["key"] for row in both.get(f"issue/{issue}/properties")["keys"]] == ["makegood"]
    both.fail("properties_500")
    both.get(f"issue/{issue}")
    assert both.ask("GET", f"issue/{issue}", properties="makegood").status_code == 500


def test_transitions_go_by_id_from_where_the_issue_is(both: Desk) -> None:
    """Fact 6, and the traps: a required field, no way, no right."""
    issue = both.add_issue()
    both.hide_transition("Closed")
    both.add_transition("Refuse", "Closed", sources=["Waiting for support"], required=["resolution", "Recovery"])
    ways = {
        row["to"]["name"]: row
        for row in both.get(f"issue/{issue}/transitions", expand="transitions.fields")["transitions"]
    }
    assert "Waiting for support" not in ways
    assert {name for name, row in ways["Closed"]["fields"].items() if row["required"]} == {
        "resolution",
        both.field_id("Recovery"),
    }
    body = {"transition": {"id": ways["Closed"]["id"]}, "fields": {"resolution": {"name": "Won't Do"}}}
    assert set(refused(both.ask("POST", f"issue/{issue}/transitions", body))) == {both.field_id("Recovery")}
    body["fields"][both.field_id("Recovery")] = "none"
    assert both.ask("POST", f"issue/{issue}/transitions", body).status_code == 204
    fields = both.fields_of(issue)
    assert (fields["status"]["name"], fields["resolution"]["name"], fields["resolutiondate"] is None) == (
        "Closed",
        "Won't Do",
        False,
    )
    assert both.ask("POST", f"issue/{issue}/transitions", body).status_code == 400
    both.deny("TRANSITION_ISSUES", ROBOT)
    assert both.get(f"issue/{issue}/transitions")["transitions"] == []


def test_a_put_passes_over_a_transition(both: Desk) -> None:
    issue = both.add_issue()
    assert both.put(issue, {"transition": {"id": "61"}, "fields": {"summary": "New"}}).status_code == 204
    assert both.fields_of(issue)["status"]["name"] == "Waiting for support"


def test_comments_are_public_unless_the_property_or_the_desk_says_internal(both: Desk) -> None:
    """Fact 11."""
    issue = both.add_issue()
    internal = [{"key": "sd.public.comment", "value": {"internal": True}}]
    said = [
        both.post(f"issue/{issue}/comment", {"body": "For all", "jsdPublic": False}),
        both.post(f"issue/{issue}/comment", {"body": "For us", "properties": internal}),
    ]
    assert [row["jsdPublic"] for row in said] == [True, False]
    assert both.mails == [(issue, "customer")]
    by_desk = both.post(f"servicedeskapi/request/{issue}/comment", {"body": "For us, too", "public": False})
    assert by_desk["public"] is False
    assert [row["public"] for row in both.get(f"servicedeskapi/request/{issue}/comment")["values"]] == [
        True,
        False,
        False,
    ]
    both.internal_property_works = False
    assert both.post(f"issue/{issue}/comment", {"body": "Oh", "properties": internal})["jsdPublic"] is True
    assert both.ask("POST", f"servicedeskapi/request/{issue}/comment", {"body": "Which?"}).status_code == 400
    both.most_comments = 4
    assert both.ask("POST", f"issue/{issue}/comment", {"body": "One more"}).status_code == 413


def test_internal_comments_are_simply_missing_for_those_who_may_not_see_them(both: Desk) -> None:
    issue = both.add_issue()
    both.say(issue, ALICE, "For us", public=False)
    both.log_in(both.entry.reader_api_token if both.cloud else both.entry.reader_pat, READER)
    assert both.get(f"servicedeskapi/request/{issue}/comment")["values"] == []
    assert both.ask("GET", f"servicedeskapi/request/{issue}/sla").status_code == 403


def test_who_may_only_look_cannot_write(both: Desk) -> None:
    """Fact 20."""
    issue = both.add_issue()
    both.log_in(both.entry.reader_api_token if both.cloud else both.entry.reader_pat, READER)
    held = both.get("mypermissions", projectKey="SUP", permissions="BROWSE_PROJECTS,EDIT_ISSUES")["permissions"]
    assert [held[key]["havePermission"] for key in ("BROWSE_PROJECTS", "EDIT_ISSUES")] == [True, False]
    assert both.put(issue, {"fields": {"summary": "x"}}).status_code == 403
    assert both.get(f"issue/{issue}/editmeta")["fields"] == {}
    if both.cloud:
        assert both.ask("GET", "mypermissions").status_code == 400


# ---- automation


def test_native_rules_fire_on_our_updates(both: Desk) -> None:
    """Fact 16: the robot's lines come after ours, with an account of their own."""
    both.add_rule(
        "Escalate", lambda _, change: "priority" in change.fields, {"labels": ["escalated"], "comment": "Escalated."}
    )
    issue = both.add_issue(at=ago(hours=1))
    both.put(issue, {"fields": {"priority": {"name": "Highest"}}})
    histories = both.issue(issue)["histories"]
    assert [both.users[each["author"]]["name"] for each in histories] == ["makegood", "Automation for Jira"]
    assert (both.fields_of(issue)["labels"], both.rule_runs) == (["escalated"], [("Escalate", issue)])
    if both.cloud:
        assert both.get(f"issue/{issue}/changelog")["values"][1]["author"]["accountType"] == "app"


def test_rules_that_chase_each_other_are_stopped(jira: Desk) -> None:
    jira.add_rule("Up", lambda row, _: row["fields"]["priority"] == "3", {"priority": "High"}, actor=BOB)
    jira.add_rule("Down", lambda row, _: row["fields"]["priority"] == "2", {"priority": "Medium"})
    jira.add_issue()
    assert (len(jira.rule_runs), len(jira.loops) > 0) == (10, True)


def test_a_customer_who_answers_opens_the_issue_again(both: Desk) -> None:
    issue = both.add_issue(at=ago(hours=2))
    both.transition(issue, ALICE, "Resolved", at=ago(hours=1))
    both.say(issue, ANA, "Not at all!", at=ago(minutes=9))
    fields = both.fields_of(issue)
    assert (fields["status"]["name"], fields["resolution"], fields["resolutiondate"]) == (
        "Waiting for support",
        None,
        None,
    )


def test_links_parents_and_what_stands_for_merging(both: Desk) -> None:
    one, two = both.add_issue("One", at=ago(hours=2)), both.add_issue("Two", at=ago(hours=2))
    part = both.add_issue("Part", request_type=None, issuetype="Sub-task", parent=one)
    both.merge(two, one)
    (link,) = both.fields_of(two)["issuelinks"]
    assert (link["type"]["outward"], link["outwardIssue"]["id"]) == ("duplicates", one)
    assert both.fields_of(one)["issuelinks"][0]["inwardIssue"]["id"] == two
    assert both.fields_of(two)["resolution"]["name"] == "Duplicate"
    assert (both.fields_of(part)["parent"]["id"], both.fields_of(one)["subtasks"][0]["id"]) == (one, part)


# ---- words


def test_fields_are_known_by_their_schema_whatever_the_language(both: Desk) -> None:
    """Trap: field names in Korean."""
    both.language = "ko"
    found = {row["schema"].get("custom"): row for row in both.get("field") if "schema" in row}
    row = found["com.atlassian.servicedesk:vp-origin"]
    assert (row["name"], row["id"]) == ("고객 요청 유형", both.field_id("Request Type"))
    assert ("com.atlassian.servicedesk.sentiment:sd-sentiment" in found) == both.cloud
    assert both.get("statuscategory")[1]["name"] == "할 일"
    assert [row["id"] for row in both.get("field") if "schema" not in row] == ["parent"]


def test_projects_roles_and_groups(both: Desk) -> None:
    both.add_role("Night shift", users=[BOB])
    assert [row["key"] for row in both.get("project")] == ["SUP", "BIL"]
    roles = both.get("project/SUP/role")
    night = both.get("project/SUP/role/" + roles["Night shift"].rsplit("/", 1)[1])
    assert night["actors"][0]["displayName"] == "Bob Baker"
    for n in range(60):
        both.add_user(f"a{n}@acme.example", kind="agent", groups=["Support"])
    page = both.get("group/member", groupname="Support", maxResults=100)
    assert (len(page["values"]), page["total"], page["isLast"]) == (50, 61, False)
    assert both.ask("GET", "project/NONE").status_code == 404


# ---- service management


def test_slas_run_rest_end_and_begin_again(both: Desk) -> None:
    """Fact 14: absent, ongoing, paused, negative, completed twice."""
    first, whole = both.add_sla("Time to first response", 60), both.add_sla("Time to resolution", 120)
    issue, plain = both.add_issue(at=ago(hours=5)), None
    assert both.fields_of(issue)[whole]["ongoingCycle"]["remainingTime"]["millis"] == -3 * 3_600_000
    both.say(issue, ALICE, "On it.", at=ago(hours=4, minutes=30))
    answered = both.fields_of(issue)[first]
    assert ("ongoingCycle" in answered, answered["completedCycles"][0]["elapsedTime"]["millis"]) == (False, 1_800_000)
    both.transition(issue, ALICE, "Waiting for customer", at=ago(hours=4))
    paused = both.fields_of(issue)[whole]["ongoingCycle"]
    assert (paused["paused"], paused["elapsedTime"]["millis"], "breachTime" in paused) == (True, 3_600_000, False)
    both.transition(issue, ALICE, "Resolved", at=ago(hours=3))
    both.say(issue, ANA, "No.", at=ago(hours=2))
    both.transition(issue, ALICE, "Resolved", at=ago(hours=1))
    told = both.get(f"servicedeskapi/request/{issue}/sla")["values"][1]
    assert told == both.fields_of(issue)[whole]
    assert [cycle["breached"] for cycle in told["completedCycles"]] == [False, False]
    both.force_sla(issue, plain)
    assert both.fields_of(issue)[whole] is None


def test_issues_that_no_goal_is_meant_for_have_no_sla(both: Desk) -> None:
    field = both.add_sla("Time to resolution", 60, lambda row: row["fields"]["priority"] == "1")
    assert both.fields_of(both.add_issue())[field] is None
    both.sla.open_hours = False
    assert both.fields_of(both.add_issue(priority="Highest"))[field]["ongoingCycle"]["withinCalendarHours"] is False


def test_satisfaction_is_a_field_and_an_experimental_call(both: Desk) -> None:
    """Fact 15."""
    issue, field = both.add_issue(), both.field_id("Satisfaction")
    assert both.fields_of(issue)[field] is None
    both.rate(issue, 2, "Slow")
    assert both.fields_of(issue)[field] == {"rating": 2}
    both.csat_shape = "number"
    assert both.fields_of(issue)[field] == 2
    path = f"servicedeskapi/request/{issue}/feedback"
    assert both.get(path) == {"type": "csat", "rating": 2, "comment": {"body": "Slow"}}
    url = f"{both.url}/rest/{path}"
    assert both.session.get(url, timeout=3).status_code == 412
    both.feedback_gone = 405
    assert both.ask("GET", path).status_code == 405


def test_requests_types_and_organizations(both: Desk) -> None:
    issue = both.add_issue(request_type="Report a problem")
    field = both.fields_of(issue)[both.field_id("Request Type")]
    assert (field["requestType"]["name"], field["currentStatus"]["statusCategory"]) == (
        "Report a problem",
        "INDETERMINATE",
    )
    assert [row["name"] for row in both.fields_of(issue)[both.field_id("Organizations")]] == ["Lake Tours"]
    assert both.get(f"servicedeskapi/request/{issue}")["reporter"]["displayName"] == "Ana Lake"
    assert both.get("servicedeskapi/request")["values"] == []
    assert [row["name"] for row in both.get("servicedeskapi/servicedesk/2/requesttype")["values"]] == [
        "Ask about a bill"
    ]
    plain = both.add_issue(request_type=None)
    assert both.ask("GET", f"servicedeskapi/request/{plain}").status_code == 404
    assert both.fields_of(plain)[both.field_id("Request Type")] is None
    both.jsm = False
    assert both.ask("GET", "servicedeskapi/info").status_code == 404


def test_participants_are_who_is_in_copy(both: Desk) -> None:
    issue = both.add_issue()
    key = "accountIds" if both.cloud else "usernames"
    both.post(f"servicedeskapi/request/{issue}/participant", {key: [both.user_id(BOB)]})
    assert both.fields_of(issue)[both.field_id("Request participants")][0]["displayName"] == "Bob Baker"


# ---- the doors


def test_scoped_tokens_go_through_the_gateway_and_others_do_not(jira: Desk) -> None:
    """Every address keeps the base path; what is told of addresses is the site's."""
    issue = jira.add_issue()
    assert jira.ask("GET", "myself", base=jira.gateway).status_code == 401
    jira.log_in(jira.entry.scoped_token)
    assert jira.ask("GET", "myself").status_code == 401
    found = jira.ask("GET", f"issue/{issue}", base=jira.gateway).json()
    assert found["self"].startswith(jira.url + "/rest/")
    reading = jira.entry.add_token(ROBOT, ["read:jira-work"])
    jira.session.auth = None
    jira.session.headers["Authorization"] = f"Bearer {reading}"
    assert jira.ask("GET", f"issue/{issue}", base=jira.gateway).status_code == 200
    answer = jira.ask("PUT", f"issue/{issue}", {}, base=jira.gateway)
    assert (answer.status_code, answer.json()["message"]) == (401, "Unauthorized; scope does not match")
    assert jira.ask("GET", "myself", base=jira.url + "/ex/jira/other").status_code == 404


def test_a_data_center_may_live_under_a_path() -> None:
    with FakeJira(cloud=False, context="/jira") as jira:
        headers = {"Authorization": f"Bearer {jira.entry.pat}"}
        assert requests.get(f"{jira.url}/rest/api/2/myself", headers=headers, timeout=3).status_code == 200
        bare = jira.url.removesuffix("/jira")
        assert requests.get(f"{bare}/rest/api/2/myself", headers=headers, timeout=3).status_code == 404


def test_who_cannot_be_told_is_refused_or_sees_nothing(both: Desk) -> None:
    both.add_issue()
    both.entry.revoke_tokens()
    answer = both.ask("GET", "myself")
    assert (answer.status_code, "html" in answer.headers["Content-Type"]) == (401, not both.cloud)
    both.entry.anonymous = True
    assert both.search("status = Open")["issues"] == []
    assert both.ask("GET", "issue/SUP-1").headers["X-Seraph-LoginReason"] == "AUTHENTICATED_FAILED"


# ---- limits


def test_nothing_is_refused_until_limits_are_enforced(both: Desk) -> None:
    for _ in range(120):
        both.get("myself")
    assert "X-RateLimit-Remaining" in both.ask("GET", "myself").headers


def test_bursts_are_refused_by_endpoint(jira: Desk) -> None:
    """Fact 8."""
    jira.limiter.bursts["GET"] = 5
    jira.enforce_limits()
    answers = [jira.ask("GET", "myself") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    told = answers[-1].headers
    assert (told["RateLimit-Reason"], told["Retry-After"], told["X-RateLimit-Reset"][:10]) == (
        "jira-burst-based",
        "1",
        "2026-03-02",
    )
    assert answers[4].headers["X-RateLimit-NearLimit"] == "true"
    assert jira.ask("GET", "field").status_code == 200
    jira.wait_for(seconds=1)
    assert jira.ask("GET", "myself").status_code == 200


def test_twenty_writes_to_one_issue_in_two_seconds_are_enough(jira: Desk) -> None:
    one, two = jira.add_issue(), jira.add_issue()
    jira.enforce_limits()
    answers = [jira.put(one, {"fields": {"summary": str(n)}}) for n in range(21)]
    assert answers[-1].headers["RateLimit-Reason"] == "jira-per-issue-on-write"
    assert jira.put(two, {"fields": {"summary": "x"}}).status_code == 204
    assert len(jira.issue(one)["histories"]) == 20


def test_a_quota_counts_what_was_read_and_begins_anew_at_the_hour(jira: Desk) -> None:
    for n in range(10):
        jira.add_issue(str(n))
    jira.wait_for(minutes=10)
    jira.enforce_limits(quota=12)
    jira.search()
    jira.get("myself")
    answer = jira.ask("GET", "myself")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3000")
    assert answer.headers["RateLimit-Reason"] == "jira-quota-tenant-based"
    jira.wait_for(minutes=50)
    assert jira.ask("GET", "myself").status_code == 200


def test_data_center_tells_its_bucket_with_every_answer(center: Desk) -> None:
    """``Retry-After`` is 0 while there is something left."""
    center.limiter.bucket = 3
    center.enforce_limits()
    answers = [center.ask("GET", "myself") for _ in range(4)]
    assert [(a.status_code, a.headers["Retry-After"]) for a in answers] == [(200, "0")] * 3 + [(429, "1")]
    assert answers[0].headers["X-RateLimit-FillRate"] == "10"
    center.wait_for(seconds=1)
    assert center.ask("GET", "myself").status_code == 200


# ---- faults


@pytest.mark.parametrize("kind", [400, 401, 403, 404, 409, 410, 429, 500, 502, 503, 504])
def test_statuses_on_demand(both: Desk, kind: int) -> None:
    issue = both.add_issue()
    both.fail(kind, path="issue/", method="PUT", Retry_After="120", RateLimit_Reason="jira-quota-tenant-based")
    both.get("myself")
    answer = both.put(issue, {"fields": {"summary": "New"}})
    assert (answer.status_code, answer.headers["Retry-After"]) == (kind, "120")
    assert both.fields_of(issue)["summary"] == "Help"
    assert both.put(issue, {"fields": {"summary": "New"}}).status_code == 204


def test_answers_that_are_none(jira: Desk) -> None:
    for kind, status, kept in (
        ("html", 200, "text/html"),
        ("html401", 401, "text/html"),
        ("not_json", 200, "json"),
        ("empty_body", 200, ""),
    ):
        jira.fail(kind)
        answer = jira.ask("GET", "myself")
        assert (answer.status_code, kept in answer.headers.get("Content-Type", "")) == (status, True)


@pytest.mark.parametrize(("kind", "done"), [("cut_before", 0), ("slow", 0), ("cut_after", 1), ("late", 1)])
def test_connections_that_break(jira: Desk, kind: str, done: int) -> None:
    """Trap: after a cut nobody knows whether the comment is there."""
    issue, jira.wait = jira.add_issue(), 0.1
    jira.fail(kind, method="POST")
    with pytest.raises((requests.ConnectionError, requests.Timeout)):
        jira.ask("POST", f"issue/{issue}/comment", {"body": "Once"})
    jira.wait = 3
    jira.get("myself")
    assert len(jira.issue(issue)["comments"]) == done


def test_a_field_that_is_swallowed(both: Desk) -> None:
    issue = both.add_issue()
    both.fail("drop_field", method="PUT", field="labels")
    both.put(issue, {"fields": {"summary": "New", "labels": ["x"]}})
    assert (both.fields_of(issue)["summary"], both.fields_of(issue)["labels"]) == ("New", [])


def test_people_act_just_before_a_write(both: Desk) -> None:
    issue = both.add_issue()
    both.before_write = lambda: both.change(issue, ALICE, labels=["meanwhile"])
    both.put(issue, {"update": {"labels": [{"add": "ours"}]}})
    assert both.fields_of(issue)["labels"] == ["meanwhile", "ours"]


def test_a_storm_is_the_same_for_the_same_seed() -> None:
    def weather(seed: int) -> list[int]:
        with Desk() as jira:
            jira.storm(seed)
            found = [jira.ask("GET", "myself").status_code for _ in range(60)]
            jira.calm()
            assert jira.ask("GET", "myself").status_code == 200
        return found

    assert weather(7) == weather(7) != weather(8)
    assert {200, 429} <= set(weather(7)) <= {200, 429, 500, 502, 503}


def test_writes_can_be_forbidden() -> None:
    jira = FakeJira(fail_on_write=True).serve()
    auth = (ROBOT, jira.entry.api_token)
    requests.post(f"{jira.url}/rest/api/2/search/jql", json={"jql": BY_UPDATED}, auth=auth, timeout=3)
    assert not jira.writes
    assert requests.put(f"{jira.url}/rest/api/2/issue/1", json={}, auth=auth, timeout=3).status_code == 500
    with pytest.raises(AssertionError, match="something was written"):
        jira.__exit__()


def test_what_arrived_is_kept(jira: Desk) -> None:
    seen: list[str] = []
    jira.on_request = lambda asked: seen.append(asked.path)
    jira.get("myself", expand="groups")
    assert (seen, jira.requests[-1].params, jira.requests[-1].version) == (["myself"], {"expand": "groups"}, "2")
