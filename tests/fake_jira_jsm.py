"""The service management face of the fake Jira: desks, request types, requests, SLAs, feedback, organizations, approvals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_jira_asked import Refused, desk_error, desk_paged
from fake_jira_shapes import approval, current_status, desk_user, organization, request_type
from fake_jira_sla import day

if TYPE_CHECKING:
    from fake_jira import FakeJira
    from fake_jira_asked import Answer, Asked
    from fake_jira_people import Row

NO_REQUEST = "The request you're trying to view does not exist or you do not have permission to see it."
FORBIDDEN = "You do not have permission to do this."


def _request(jira: FakeJira, asked: Asked, name: str, permission: str = "") -> Row:
    """A request that the caller may see; a plain issue is none."""
    row, field = jira.find(name), jira.of_kind("request_type")
    if row is None or not jira.visible(row, asked.user) or not row["fields"].get(field):
        raise Refused(404, desk_error(NO_REQUEST))
    if permission and not jira.may(asked.user, permission, row["project"]):
        raise Refused(403, desk_error(FORBIDDEN))
    return row


def _desk(jira: FakeJira, asked: Asked, name: str) -> Row:
    row = next((row for row in jira.projects.values() if row["desk"] and name in (row["desk"], row["key"])), None)
    if row is None or not jira.may(asked.user, "BROWSE_PROJECTS", row["id"]):
        raise Refused(404, desk_error("The Service Desk you are trying to view does not exist."))
    return row


def info(jira: FakeJira, _asked: Asked) -> Answer:
    built = day(jira, jira.now().replace(hour=0, minute=0, second=0, microsecond=0))
    return 200, {"version": "5.12.0", "platformVersion": "1001.0.0", "buildDate": built, "buildChangeSet": "0" * 40,
                 "isLicensedForUse": jira.licensed, "_links": {"self": f"{jira.url}/rest/servicedeskapi/info"}}, {}  # fmt: skip


# ---- desks


def desks(jira: FakeJira, asked: Asked) -> Answer:
    rows = [row for n, row in jira.projects.items() if row["desk"] and jira.may(asked.user, "BROWSE_PROJECTS", n)]
    return 200, desk_paged(asked, [_desk_row(jira, row) for row in rows], jira.url), {}


def desk(jira: FakeJira, asked: Asked, name: str) -> Answer:
    return 200, _desk_row(jira, _desk(jira, asked, name)), {}


def _desk_row(jira: FakeJira, row: Row) -> Row:
    here = f"{jira.url}/rest/servicedeskapi/servicedesk/{row['desk']}"
    kind = {"projectTypeKey": row["kind"]} if jira.cloud else {}
    return {"id": row["desk"], "projectId": row["id"], "projectName": row["name"], "projectKey": row["key"], **kind,
            "_links": {"self": here}}  # fmt: skip


def desk_request_types(jira: FakeJira, asked: Asked, name: str) -> Answer:
    place = _desk(jira, asked, name)["id"]
    rows = [request_type(jira, n) for n, row in jira.request_types.items() if row["project"] == place]
    return 200, desk_paged(asked, rows, jira.url), {}


def request_types(jira: FakeJira, asked: Asked) -> Answer:
    return 200, desk_paged(asked, [request_type(jira, each) for each in jira.request_types], jira.url), {}


def customers(jira: FakeJira, asked: Asked, name: str) -> Answer:
    """An experimental list, and the one with the tightest limit."""
    _opted_in(asked)
    _desk(jira, asked, name)
    people = [who for who, row in jira.users.items() if row["kind"] == "customer"]
    return 200, desk_paged(asked, [desk_user(jira, who) for who in people], jira.url), {}


# ---- organizations


def organizations(jira: FakeJira, asked: Asked) -> Answer:
    who = asked.params.get("accountId")
    rows = jira.organizations_of(who) if who else list(jira.organizations)
    return 200, desk_paged(asked, [_organization(jira, each) for each in rows], jira.url), {}


def organization_one(jira: FakeJira, asked: Asked, name: str) -> Answer:
    _known_organization(jira, name)
    return 200, _organization(jira, name), {}


def organization_users(jira: FakeJira, asked: Asked, name: str) -> Answer:
    _known_organization(jira, name)
    people = [desk_user(jira, who) for who in jira.organizations[name]["users"]]
    return 200, desk_paged(asked, people, jira.url), {}


def desk_organizations(jira: FakeJira, asked: Asked, name: str) -> Answer:
    _desk(jira, asked, name)
    return organizations(jira, asked)


def _organization(jira: FakeJira, number: str) -> Row:
    made = {"created": day(jira, jira.organizations[number]["created"])} if jira.cloud else {}
    return organization(jira, number) | made


def _known_organization(jira: FakeJira, name: str) -> None:
    if name not in jira.organizations:
        raise Refused(404, desk_error("The organization does not exist."))


# ---- requests


def mine(jira: FakeJira, asked: Asked) -> Answer:
    """``request``: what the caller asked for or takes part in, and nothing else."""
    field, shared = jira.of_kind("request_type"), jira.of_kind("participants")
    rows = [
        row for row in jira.issues.values()
        if jira.visible(row, asked.user) and row["fields"].get(field)
        and asked.user in (row["fields"]["reporter"], *(row["fields"].get(shared) or ()))
    ]  # fmt: skip
    return 200, desk_paged(asked, [_request_row(jira, row) for row in rows], jira.url), {}


def request(jira: FakeJira, asked: Asked, name: str) -> Answer:
    return 200, _request_row(jira, _request(jira, asked, name)), {}


def _request_row(jira: FakeJira, row: Row) -> Row:
    number = row["fields"][jira.of_kind("request_type")]
    here = f"{jira.url}/rest/servicedeskapi/request/{row['id']}"
    links = {"self": here, "jiraRest": f"{jira.url}/rest/api/2/issue/{row['id']}", "agent": f"{jira.url}/browse/{row['key']}",
             "web": f"{jira.url}/servicedesk/customer/portal/1/{row['key']}"}  # fmt: skip
    values = [
        {"fieldId": name, "label": jira.title(name), "value": row["fields"][name]}
        for name in ("summary", "description")
    ]
    return {"_expands": [], "issueId": row["id"], "issueKey": row["key"], "requestTypeId": number,
            "serviceDeskId": jira.projects[row["project"]]["desk"], "createdDate": day(jira, row["created"]),
            "reporter": desk_user(jira, row["fields"]["reporter"]), "currentStatus": current_status(jira, row),
            "requestFieldValues": values, "_links": links,
            **({"summary": row["fields"]["summary"]} if jira.cloud else {})}  # fmt: skip


def slas(jira: FakeJira, asked: Asked, name: str) -> Answer:
    row = _request(jira, asked, name, "SERVICEDESK_AGENT")
    return 200, desk_paged(asked, jira.sla.every(row["id"]), jira.url), {}


def sla(jira: FakeJira, asked: Asked, name: str, which: str) -> Answer:
    row = _request(jira, asked, name, "SERVICEDESK_AGENT")
    found = next((each for each in jira.sla.every(row["id"]) if each["id"] == which), None)
    if found is None:
        raise Refused(404, desk_error("The SLA metric does not exist."))
    return 200, found, {}


def approvals(jira: FakeJira, asked: Asked, name: str) -> Answer:
    row = _request(jira, asked, name)
    held = row["fields"].get(jira.of_kind("approvals")) or []
    return 200, desk_paged(asked, [approval(jira, each) for each in held], jira.url), {}


def status_history(jira: FakeJira, asked: Asked, name: str) -> Answer:
    """Only the present status: whoever wants the others reads the changelog."""
    return 200, desk_paged(asked, [current_status(jira, _request(jira, asked, name))], jira.url), {}


def participants(jira: FakeJira, asked: Asked, name: str) -> Answer:
    row, field = _request(jira, asked, name), str(jira.of_kind("participants"))
    if asked.method == "POST":
        names = asked.body.get("accountIds" if jira.cloud else "usernames") or []
        if not names or any(who not in jira.users for who in names):
            raise Refused(400, desk_error("A user does not exist."))
        held = row["fields"].get(field) or []
        jira.edit(row, str(asked.user), {field: list(dict.fromkeys([*held, *names]))})
    people = [desk_user(jira, who) for who in row["fields"].get(field) or ()]
    return 200, desk_paged(asked, people, jira.url), {}


# ---- comments


def comments(jira: FakeJira, asked: Asked, name: str) -> Answer:
    """Public and internal ones apart; who may not see internal ones gets none, and is not told so."""
    row = _request(jira, asked, name)
    agent = jira.may(asked.user, "SERVICEDESK_AGENT", row["project"])
    wanted = {True: asked.params.get("public") != "false", False: agent and asked.params.get("internal") != "false"}
    said = [_comment(jira, row, each) for each in row["comments"] if wanted[each["public"]]]
    return 200, desk_paged(asked, said, jira.url), {}


def comment(jira: FakeJira, asked: Asked, name: str) -> Answer:
    """``POST request/{id}/comment``: ``public`` has to be said; customers can only speak in public."""
    row, body = _request(jira, asked, name), asked.body
    if (
        not isinstance(body, dict)
        or not isinstance(body.get("public"), bool)
        or not str(body.get("body") or "").strip()
    ):
        raise Refused(400, desk_error("The request has to have a body and has to say whether it is public."))
    agent = jira.may(asked.user, "SERVICEDESK_AGENT", row["project"])
    if not jira.may(asked.user, "ADD_COMMENTS", row["project"]) or not (agent or body["public"]):
        raise Refused(403, desk_error(FORBIDDEN))
    if len(row["comments"]) >= jira.most_comments:
        raise Refused(413, desk_error("The number of comments on this issue is at its limit."))
    said = jira.comment(
        row, str(asked.user), str(body["body"]).strip(), public=body["public"], by_property=not body["public"]
    )
    return 201, _comment(jira, row, said), {}


def _comment(jira: FakeJira, row: Row, said: Row) -> Row:
    here = f"{jira.url}/rest/servicedeskapi/request/{row['id']}/comment/{said['id']}"
    return {"_expands": ["attachment", "renderedBody"], "id": said["id"], "body": said["text"], "public": said["public"],
            "author": desk_user(jira, said["author"]), "created": day(jira, said["created"]), "_links": {"self": here}}  # fmt: skip


# ---- satisfaction


def _opted_in(asked: Asked) -> None:
    if asked.headers.get("x-experimentalapi") != "opt-in":
        raise Refused(
            412, desk_error("This API is experimental. Experimental APIs need the header X-ExperimentalApi: opt-in.")
        )


def feedback(jira: FakeJira, asked: Asked, name: str) -> Answer:
    """Experimental: who does not opt in is refused, and it may go away altogether (``feedback_gone``: 404 or 405)."""
    if jira.feedback_gone:
        return jira.feedback_gone, desk_error("Not found"), {}
    _opted_in(asked)
    row, field = _request(jira, asked, name), jira.of_kind("feedback")
    if asked.method == "POST":
        return _rate(jira, asked, row)
    if asked.method == "DELETE":
        jira.rate(row["id"], None)
        return 204, b"", {}
    held = row["fields"].get(field)
    if held is None:
        raise Refused(404, desk_error("There is no feedback on this request."))
    return 200, {"type": "csat", "rating": held["rating"], "comment": {"body": held["comment"]}}, {}


def _rate(jira: FakeJira, asked: Asked, row: Row) -> Answer:
    if asked.user != row["fields"]["reporter"]:
        raise Refused(403, desk_error("Only the reporter can give feedback."))
    stars, said = int(asked.body["rating"]), (asked.body.get("comment") or {}).get("body", "")
    if not 1 <= stars <= 5:
        raise Refused(400, desk_error("The rating has to be between 1 and 5."))
    jira.rate(row["id"], stars, said)
    return 201, {"type": "csat", "rating": stars, "comment": {"body": said}}, {}
