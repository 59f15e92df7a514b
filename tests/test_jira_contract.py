"""The fake Jira is kept honest: what it says and is asked fits Atlassian's OpenAPI files, where those lie beside the project."""

from __future__ import annotations

import copy
import functools
import json
import lzma
import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from fake_jira import FakeJira
from fake_jira_client import Clock, connect
from fake_jira_people import Row

from makegood.connectors.base import Change

openapi_core = pytest.importorskip("openapi_core")
carried = pytest.importorskip("openapi_core.contrib.requests")

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
THEN = NOW - timedelta(hours=3)
ALICE, BOB, ANA = "alice@acme.example", "bob@acme.example", "ana@customer.example"
FOLDER = Path(os.environ.get("MAKEGOOD_OPENAPI") or Path(__file__).parents[2] / "shared" / "openapi")
PLATFORM, DESK = FOLDER / "jira-platform-v3.json.xz", FOLDER / "jira-service-management-v3.json.xz"
OPT_IN = {"X-ExperimentalApi": "opt-in"}

if not (PLATFORM.is_file() and DESK.is_file()):
    pytest.skip(f"Atlassian's OpenAPI files are not in {FOLDER}", allow_module_level=True)

# ---- where the files are wrong, or the service says more than they know: each has to fail without its correction


def anything(name: str, *fields: str) -> Callable[[Row], None]:
    """Fields that the schema does not know, or of which it knows another type."""

    def corrected(spec: Row) -> None:
        for field in fields:
            spec["components"]["schemas"][name]["properties"][field] = {}

    return corrected


def no_body(spec: Row) -> None:
    """Where the file only says that there is JSON of some kind there may be nothing."""
    for path in spec["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items() if isinstance(operation, dict) else ():
                if (
                    status in ("200", "201", "204")
                    and answer.get("content", {}).get("application/json", {}).get("schema") == {}
                ):
                    del answer["content"]


TIMES = "times without a colon"
DEVIATIONS: dict[str, tuple[str, Callable[[Row], None], str]] = {
    # times are written +0000, which is no RFC 3339: corrected by a format check of our own
    TIMES: ("platform", lambda _: None, "GET issue/{issue}/comment?expand=properties"),
    # an assignee may be null (the text allows it, the type does not)
    "accountId: null": ("platform", anything("User", "accountId"), "PUT issue/{issue}/assignee"),
    # changelogs tell null where there was nothing
    "null from and to": (
        "platform",
        anything("ChangeDetails", "from", "fromString", "to", "toString"),
        "GET issue/{issue}/changelog",
    ),
    # changelog/bulkfetch tells milliseconds as a number: so does the file's own example
    "created in milliseconds": ("platform", anything("Changelog", "created"), "POST changelog/bulkfetch"),
    # the file's own example of serverInfo has the locale
    "defaultLocale": ("platform", anything("ServerInformation", "defaultLocale"), "GET serverInfo"),
    # service desk field lists carry the name before translation
    "untranslatedName": ("platform", anything("FieldDetails", "untranslatedName"), "GET field"),
    # 200, 201 and 204 that should carry JSON carry nothing
    "empty answers": ("platform", no_body, "PUT issue/{issue}/properties/makegood"),
}


# ---- the machinery


@functools.cache
def raw(which: str) -> str:
    return lzma.open(PLATFORM if which == "platform" else DESK, "rt").read()


def fitting(spec: Row, used: frozenset[str]) -> Row:
    """Only the paths that are used, with the schemas those need: the whole file takes long to load."""
    paths = {path: item for path, item in spec["paths"].items() if path in used}
    wanted, schemas = set(_names(paths)), spec["components"]["schemas"]
    while more := {each for name in wanted for each in _names(schemas[name])} - wanted:
        wanted |= more
    kept = {name: schemas[name] for name in wanted}
    security = spec["components"].get("securitySchemes", {})
    here = {"url": "http://127.0.0.1:{port}", "variables": {"port": {"default": "80"}}}
    return {**spec, "paths": paths, "servers": [here], "components": {"schemas": kept, "securitySchemes": security}}


def _names(part: Any) -> Iterator[str]:
    return (found[1] for found in re.finditer(r'"#/components/schemas/([^"]+)"', json.dumps(part)))


@functools.cache
def contract(which: str, without: str = "") -> Any:
    """The file as it is, with every correction but one."""
    spec = json.loads(raw(which))
    spec = copy.deepcopy(fitting(spec, USED))
    for path in spec["paths"].values():
        for operation in path.values():
            for clause in ("security", "operationId"):  # each call is let in here, and some of the ids are there twice
                operation.pop(clause, None)
    for name, (whose, correct, _) in DEVIATIONS.items():
        if whose == which and name != without:
            correct(spec)
    formats = {} if without == TIMES else {"date-time": _time}
    return openapi_core.OpenAPI.from_dict(spec, config=openapi_core.Config(extra_format_validators=formats))


def _time(said: object) -> bool:
    """Whether a time is written with milliseconds and an offset without a colon."""
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?[+-]\d{4}", str(said)))


class Site:
    """A lively site and somebody who asks it."""

    def __init__(self, jira: FakeJira) -> None:
        self.jira = jira
        self.auth = ("makegood@acme.example", jira.entry.api_token)
        jira.add_sla("Time to first response", 60)
        jira.add_sla("Time to resolution", 120)
        jira.add_transition("Refuse", "Closed", required=("resolution",))
        fields = {
            "Category": "Refund",
            "Seats": 3.0,
            "Recovery": "boat",
            "Follow up by": "2026-03-09",
            "Support group": "Support",
        }
        self.issue = jira.add_issue(
            "Refund", "Where is it?", at=THEN, labels=["web"], priority="High", custom_fields=fields
        )
        jira.say(self.issue, ALICE, "On it.", at=THEN + timedelta(minutes=5))
        jira.say(self.issue, ALICE, "She is angry.", public=False, at=THEN + timedelta(minutes=6))
        jira.change(self.issue, ALICE, assignee=BOB, labels=["web", "vip"], at=THEN + timedelta(minutes=9))
        jira.transition(self.issue, ALICE, "Waiting for customer", at=THEN + timedelta(minutes=10))
        jira.add_rule("Tag what is urgent", lambda _, change: "priority" in change.fields, {"labels": ["urgent"]})
        jira.change(self.issue, ALICE, priority="Highest", at=THEN + timedelta(minutes=20))
        self.other = jira.add_issue("Twice", at=THEN)
        jira.merge(self.other, self.issue, at=THEN + timedelta(minutes=40))
        jira.rate(self.other, 2, "Too slow")
        jira.feel(self.other, "Negative")
        jira.ask_approval(self.issue, "May we?", [BOB])
        jira.set_property(jira.issue(self.issue), "makegood", {"rule": "r1"})
        self.comment = jira.issue(self.issue)["comments"][0]["id"]

    def names(self) -> dict[str, str]:
        bob = self.jira.user_id(BOB)
        group, role = self.jira.groups["Support"]["id"], next(iter(self.jira.roles))
        return {
            "issue": self.issue,
            "other": self.other,
            "bob": bob,
            "role": role,
            "group": group,
            "comment": self.comment,
        }

    def ask(self, line: str, body: Any = None) -> requests.Response:
        """``GET issue/{issue}`` and the like, version 3 of the platform unless it is service management."""
        method, path = line.split(" ", 1)
        for name, value in self.names().items():
            path = path.replace("{" + name + "}", value)
        place = "" if path.startswith("servicedeskapi") else "api/3/"
        url = f"{self.jira.url}/rest/{place}{path}"
        return requests.request(method, url, json=body, auth=self.auth, headers=OPT_IN, timeout=5)


@pytest.fixture
def site() -> Iterator[Site]:
    with FakeJira(now=lambda: NOW) as jira:
        yield Site(jira)


def faults(answer: requests.Response, without: str = "") -> list[str]:
    """What is wrong with an exchange, by the file: nothing."""
    which = "desk" if "servicedeskapi" in answer.url else "platform"
    spec, request = contract(which, without), carried.RequestsOpenAPIRequest(answer.request)
    response = carried.RequestsOpenAPIResponse(answer)
    return [_why(each) for each in (*spec.iter_request_errors(request), *spec.iter_response_errors(request, response))]


def _why(error: BaseException) -> str:
    """The messages of an error and of what caused it."""
    inner = [
        f"{'/'.join(map(str, each.absolute_path))}: {each.message[:200]}"
        for each in getattr(error, "schema_errors", ())
    ]
    cause = _why(error.__cause__) if error.__cause__ else ""
    return " | ".join(filter(None, [f"{type(error).__name__} {str(error)[:200]}", *inner, cause]))


# ---- what is read and written

ISSUES = "issue/{issueIdOrKey}"
REQUEST = "servicedeskapi/request/{issueIdOrKey}"
JQL = "jql=project=SUP%20order%20by%20updated&fields=*all&properties=makegood"
READS: dict[str, str] = {
    "GET serverInfo": "serverInfo",
    "GET myself": "myself",
    "GET myself?expand=groups": "myself",
    "GET permissions": "permissions",
    "GET mypermissions?projectKey=SUP&permissions=EDIT_ISSUES,ASSIGN_ISSUES": "mypermissions",
    "GET search/jql?jql=project=SUP": "search/jql",
    f"GET search/jql?{JQL}&expand=names,schema,changelog": "search/jql",
    "GET issue/{issue}": ISSUES,
    "GET issue/{other}?expand=changelog,names,schema&properties=*all": ISSUES,
    "GET issue/{issue}/changelog": ISSUES + "/changelog",
    "GET issue/{issue}/comment?expand=properties": ISSUES + "/comment",
    "GET issue/{issue}/comment/{comment}": ISSUES + "/comment/{id}",
    "GET issue/{issue}/editmeta": ISSUES + "/editmeta",
    "GET issue/{issue}/transitions?expand=transitions.fields": ISSUES + "/transitions",
    "GET issue/{issue}/properties": ISSUES + "/properties",
    "GET issue/{issue}/properties/makegood": ISSUES + "/properties/{propertyKey}",
    "GET user?accountId={bob}": "user",
    "GET user/bulk?accountId={bob}": "user/bulk",
    "GET users/search": "users/search",
    "GET user/search?query=al": "user/search",
    "GET user/assignable/search?project=SUP&query=bob": "user/assignable/search",
    "GET groups/picker": "groups/picker",
    "GET group/bulk": "group/bulk",
    "GET group/member?groupId={group}": "group/member",
    "GET project/search": "project/search",
    "GET project/SUP": "project/{projectIdOrKey}",
    "GET project/SUP/role": "project/{projectIdOrKey}/role",
    "GET project/SUP/role/{role}": "project/{projectIdOrKey}/role/{id}",
    "GET project/SUP/statuses": "project/{projectIdOrKey}/statuses",
    "GET field": "field",
    "GET status": "status",
    "GET statuscategory": "statuscategory",
    "GET priority": "priority",
    "GET resolution": "resolution",
    "GET issuetype": "issuetype",
    "GET label": "label",
    "GET servicedeskapi/info": "servicedeskapi/info",
    "GET servicedeskapi/servicedesk": "servicedeskapi/servicedesk",
    "GET servicedeskapi/servicedesk/1": "servicedeskapi/servicedesk/{serviceDeskId}",
    "GET servicedeskapi/servicedesk/1/requesttype?limit=1": "servicedeskapi/servicedesk/{serviceDeskId}/requesttype",
    "GET servicedeskapi/servicedesk/1/organization": "servicedeskapi/servicedesk/{serviceDeskId}/organization",
    "GET servicedeskapi/servicedesk/1/customer": "servicedeskapi/servicedesk/{serviceDeskId}/customer",
    "GET servicedeskapi/requesttype": "servicedeskapi/requesttype",
    "GET servicedeskapi/organization": "servicedeskapi/organization",
    "GET servicedeskapi/organization/1": "servicedeskapi/organization/{organizationId}",
    "GET servicedeskapi/organization/1/user": "servicedeskapi/organization/{organizationId}/user",
    "GET servicedeskapi/request": "servicedeskapi/request",
    "GET servicedeskapi/request/{issue}": REQUEST,
    "GET servicedeskapi/request/{issue}/sla": REQUEST + "/sla",
    "GET servicedeskapi/request/{issue}/approval": REQUEST + "/approval",
    "GET servicedeskapi/request/{issue}/status": REQUEST + "/status",
    "GET servicedeskapi/request/{issue}/participant": REQUEST + "/participant",
    "GET servicedeskapi/request/{issue}/comment": REQUEST + "/comment",
    "GET servicedeskapi/request/{other}/feedback": "servicedeskapi/request/{requestIdOrKey}/feedback",
}
"""What is read, and its path in the file."""

NOTE = {
    "type": "doc",
    "version": 1,
    "content": [{"type": "paragraph", "content": [{"type": "text", "text": "Noted."}]}],
}
INTERNAL = [{"key": "sd.public.comment", "value": {"internal": True}}]
LABELS = {"labels": [{"add": "one"}, {"remove": "two"}]}
WRITES: dict[str, tuple[str, Any]] = {
    "POST search/jql": (
        "search/jql",
        {"jql": "project = SUP", "fields": ["summary"], "maxResults": 5, "properties": ["makegood"]},
    ),
    "POST search/approximate-count": ("search/approximate-count", {"jql": "project = SUP"}),
    "POST issue/bulkfetch": (
        "issue/bulkfetch",
        {"issueIdsOrKeys": ["10001", "404"], "fields": ["*all"], "properties": ["makegood"]},
    ),
    "POST changelog/bulkfetch": (
        "changelog/bulkfetch",
        {"issueIdsOrKeys": ["10001", "10002"], "fieldIds": ["status", "assignee"]},
    ),
    "POST comment/list": ("comment/list", {"ids": [30001, 30002]}),
    "PUT issue/{issue}": (
        ISSUES,
        {"fields": {"priority": {"id": "1"}}, "update": LABELS, "properties": [{"key": "a", "value": 1}]},
    ),
    "PUT issue/{issue}?returnIssue=true": (ISSUES, {"update": LABELS}),
    "PUT issue/{issue}/assignee": (ISSUES + "/assignee", {"accountId": None}),
    "PUT issue/{issue}/properties/makegood": (ISSUES + "/properties/{propertyKey}", {"rule": "r1"}),
    "PUT issue/{issue}/properties/new": (ISSUES + "/properties/{propertyKey}", {"rule": "r1"}),
    "DELETE issue/{issue}/properties/makegood": (ISSUES + "/properties/{propertyKey}", None),
    "POST issue/{issue}/transitions": (ISSUES + "/transitions", {"transition": {"id": "21"}}),
    "POST issue/{issue}/comment": (ISSUES + "/comment", {"body": NOTE, "properties": INTERNAL}),
    "POST servicedeskapi/request/{issue}/comment": (REQUEST + "/comment", {"body": "Noted.", "public": False}),
    "POST servicedeskapi/request/{issue}/participant": (REQUEST + "/participant", {"accountIds": ["{bob}"]}),
}
"""What is written: the path in the file, and the body."""

USED = frozenset(
    f"/rest/{path}" if path.startswith("servicedeskapi") else f"/rest/api/3/{path}"
    for path in (*READS.values(), *(path for path, _ in WRITES.values()))
)


def body_of(site: Site, said: Any) -> Any:
    return json.loads(json.dumps(said).replace("{bob}", site.names()["bob"]))


@pytest.mark.parametrize("line", READS)
def test_what_is_read(site: Site, line: str) -> None:
    answer = site.ask(line)
    assert (answer.status_code, faults(answer)) == (200, [])


@pytest.mark.parametrize("line", WRITES)
def test_what_is_written(site: Site, line: str) -> None:
    answer = site.ask(line, body_of(site, WRITES[line][1]))
    assert answer.status_code in (200, 201, 204), answer.text
    assert faults(answer) == []


@pytest.mark.parametrize("name", DEVIATIONS)
def test_deviations_are_still_needed(site: Site, name: str) -> None:
    line = DEVIATIONS[name][2]
    answer = site.ask(line, body_of(site, WRITES[line][1]) if line in WRITES else None)
    assert faults(answer) == []
    assert faults(answer, name)


REFUSALS: dict[str, tuple[int, Any]] = {
    "GET mypermissions": (400, None),
    "GET mypermissions?permissions=EDIT_ISSUES&issueId=404": (404, None),
    "GET servicedeskapi/request/404": (404, None),
    "POST servicedeskapi/request/{issue}/comment": (400, {"body": "no word on public"}),
}


@pytest.mark.parametrize("line", REFUSALS)
def test_refusals(site: Site, line: str) -> None:
    status, body = REFUSALS[line]
    answer = site.ask(line, body)
    assert answer.status_code == status
    which = json.loads(raw("desk" if "servicedeskapi" in line else "platform"))["components"]["schemas"]
    schema = which["ErrorResponse" if "servicedeskapi" in line else "ErrorCollection"]
    assert set(answer.json()) <= set(schema["properties"])


# ---- what our connector asks


def asked_by_us(answer: requests.Response) -> requests.PreparedRequest:
    """A request of the connector as the file knows it: version 3, whose texts are documents."""
    request = answer.request.copy()
    request.url = str(request.url).replace("/rest/api/2/", "/rest/api/3/")
    if request.method == "POST" and re.search(r"/api/3/issue/\d+/comment$", request.url):
        request.prepare_body(None, None, json.loads(request.body or "{}") | {"body": NOTE})
    return request


def test_every_call_of_the_connector_fits_the_files() -> None:
    """A pull, a refresh, a look at doctor, and every kind of write."""
    clock = Clock()
    with FakeJira(now=clock) as jira:
        jira.grant("ADMINISTER_PROJECTS", "makegood@acme.example")
        site = Site(jira)
        clock.turn(86_400)
        jira.rate(site.issue, 5, "Fine")
        jira.person("copy@customer.example")
        desk = connect(jira, words={"fields": {"group": "Category"}})
        exchanges: list[requests.Response] = []
        desk._http._session.hooks["response"].insert(0, lambda answer, **_: exchanges.append(answer))
        cursor = list(desk.pull(None))[-1].cursor
        list(desk.pull(cursor, refresh=True))
        list(desk.doctor())
        changes = [
            Change("1", "assign", "assignee", new=jira.user_id(ALICE)),
            Change("2", "set", "group", new="Question"),
            Change("3", "set", "status", new="solved"),
            Change("4", "add_tags", "tags", new=("one",)),
            Change("5", "add_cc", "cc", new=("copy@customer.example",)),
            Change("6", "note", text="Noted.", marker="7f3a2c"),
            Change("7", "reply", text="Hello.", marker="7f3a2d"),
            Change("8", "set", "form", new="Report a problem"),
            Change("9", "set", "due", new="2026-03-09T12:00:00Z"),
            *(Change(name, "set", f"field.{name}", new=value) for name, value in (("Seats", "5"), ("Recovery", "x"))),
        ]
        (ticket,) = desk.read([site.issue]).tickets
        outcomes = desk.apply(site.issue, changes, ticket.version).outcomes
        assert {each.result for each in outcomes} == {"applied"}, outcomes
    wrong = {}
    for answer in exchanges:
        request = asked_by_us(answer)
        spec = contract("desk" if "servicedeskapi" in str(request.url) else "platform")
        errors = [_why(each) for each in spec.iter_request_errors(carried.RequestsOpenAPIRequest(request))]
        if errors:
            wrong[f"{request.method} {request.url}"] = errors
    assert wrong == {}
    assert len(exchanges) > 30
