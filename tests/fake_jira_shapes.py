"""How Jira writes down people, words and issues: account ids on Cloud and names on Data Center, texts and documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_jira_adf import document
from fake_jira_desk import LINKS
from fake_jira_people import stamp
from fake_jira_sla import day
from fake_jira_values import LISTS, MANY_PEOPLE, OPTIONS, PEOPLE, TEXTS
from fake_jira_words import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fake_jira_desk import JiraDesk
    from fake_jira_people import Row

SIZES = ("48x48", "24x24", "16x16", "32x32")


def avatars(site: JiraDesk, what: str) -> Row:
    return {size: f"{site.url}/secure/{what}avatar?size={size[:2]}" for size in SIZES}


def user(site: JiraDesk, who: str) -> Row:
    """Somebody; an e-mail that is hidden is not there at all."""
    row = site.users[who]
    key = f"accountId={who}" if site.cloud else f"username={who}"
    said: Row = {"self": f"{site.url}/rest/api/2/user?{key}"}
    if site.cloud:
        said |= {"accountId": who, "accountType": account_type(row)}
    else:
        said |= {"name": who, "key": row["key"]}
    if not row["hidden"]:
        said["emailAddress"] = row["email"]
    zone = row["zone"] or site.zone
    return said | {
        "avatarUrls": avatars(site, "user"),
        "displayName": row["name"],
        "active": row["active"],
        "timeZone": zone,
    }


def account_type(row: Row) -> str:
    return str(row["kind"]) if row["kind"] in ("customer", "app") else "atlassian"


def desk_user(site: JiraDesk, who: str) -> Row:
    """Somebody in the words of service management."""
    said = user(site, who)
    here = said.pop("self")
    said.pop("accountType", None)
    return said | {"_links": {"jiraRest": here, "avatarUrls": said.pop("avatarUrls"), "self": here}}


def status(site: JiraDesk, number: str) -> Row:
    row = site.statuses[number]
    here = f"{site.url}/rest/api/2/status/{number}"
    return {"self": here, "description": "", "iconUrl": f"{site.url}/images/icons/statuses/generic.png", "name": row["name"],
            "id": number, "statusCategory": category(site, row["category"])}  # fmt: skip


def category(site: JiraDesk, key: str) -> Row:
    row = CATEGORIES[key]
    return {"self": f"{site.url}/rest/api/2/statuscategory/{row['id']}", **row, "name": site.named(row["name"])}


def priority(site: JiraDesk, number: str) -> Row:
    here, icon = f"{site.url}/rest/api/2/priority/{number}", f"{site.url}/images/icons/priorities/{number}.svg"
    return {"self": here, "iconUrl": icon, "name": site.priorities[number]["name"], "id": number}


def issue_type(site: JiraDesk, number: str) -> Row:
    here, name = f"{site.url}/rest/api/2/issuetype/{number}", site.types[number]
    return {"self": here, "id": number, "description": "", "iconUrl": f"{site.url}/images/icons/issuetypes/{number}.svg",
            "name": name, "subtask": name == "Sub-task", "avatarId": 10_300,
            **({"hierarchyLevel": -1 if name == "Sub-task" else 0} if site.cloud else {})}  # fmt: skip


def project(site: JiraDesk, number: str) -> Row:
    row = site.projects[number]
    here = f"{site.url}/rest/api/2/project/{number}"
    return {"self": here, "id": number, "key": row["key"], "name": row["name"], "projectTypeKey": row["kind"],
            "avatarUrls": avatars(site, "project"), **({"simplified": False} if site.cloud else {})}  # fmt: skip


def resolution(site: JiraDesk, number: str) -> Row:
    here = f"{site.url}/rest/api/2/resolution/{number}"
    return {"self": here, "id": number, "description": "", "name": site.resolutions[number]}


def beside(site: JiraDesk, number: str) -> Row:
    """An issue as told inside another one."""
    row = site.issues[number]
    fields = {"summary": row["fields"]["summary"], "status": status(site, row["fields"]["status"]),
              "issuetype": issue_type(site, row["fields"]["issuetype"])}  # fmt: skip
    return {"id": number, "key": row["key"], "self": f"{site.url}/rest/api/2/issue/{number}", "fields": fields}


def link(site: JiraDesk, said: Row) -> Row:
    way = "outwardIssue" if said["way"] == "outward" else "inwardIssue"
    here = f"{site.url}/rest/api/2/issueLink/{said['id']}"
    kind = {"id": "10002", **LINKS[said["kind"]], "self": f"{site.url}/rest/api/2/issueLinkType/10002"}
    return {"id": said["id"], "self": here, "type": kind, way: beside(site, said["issue"])}


def comment(site: JiraDesk, issue: str, said: Row, version: str, *, properties: bool = False) -> Row:
    here = f"{site.url}/rest/api/{version}/issue/{issue}/comment/{said['id']}"
    author = user(site, said["author"])
    body = document(said["text"]) if version == "3" else said["text"]
    created, updated = stamp(said["created"], site.zone), stamp(said["updated"], site.zone)
    row = {"self": here, "id": said["id"], "author": author, "body": body, "updateAuthor": author, "created": created,
           "updated": updated, "jsdPublic": said["public"]}  # fmt: skip
    if properties:
        row["properties"] = [{"key": key, "value": value} for key, value in said["properties"].items()]
    return row


def comments(site: JiraDesk, row: Row, version: str, most: int) -> Row:
    """The comments inside an issue: the newest ones, and how many there are in all."""
    every = row["comments"]
    said = [comment(site, row["id"], each, version) for each in every[max(0, len(every) - most) :]]
    here = f"{site.url}/rest/api/{version}/issue/{row['id']}/comment"
    return {
        "comments": said,
        "self": here,
        "maxResults": len(said) if most > 100 else most,
        "total": len(every),
        "startAt": 0,
    }


def history(site: JiraDesk, said: Row, *, when: str = "text") -> Row:
    """One entry of a changelog; Data Center does not tell the ids of fields."""
    created: Any = stamp(said["created"], site.zone)
    if when == "millis":
        created = int(said["created"].timestamp() * 1000)
    items = [dict(item) for item in said["items"]]
    for item in () if site.cloud else items:
        del item["fieldId"]
    return {"id": said["id"], "author": user(site, said["author"]), "created": created, "items": items}


def changelog(site: JiraDesk, row: Row, *, most: int | None = None) -> Row:
    """What ``expand=changelog`` adds: newest first on Cloud (and only the last ones), oldest first on Data Center."""
    said = [history(site, each) for each in row["histories"]]
    total, said = len(said), said[-most:] if most else said
    shown = list(reversed(said)) if site.cloud else said
    return {"startAt": 0, "maxResults": len(shown), "total": total, "histories": shown}


# ---- issues


def issue(
    site: JiraDesk, row: Row, wanted: Iterable[str], expand: str = "", properties: Iterable[str] = (), version: str = "2",
    most: int = 100,
) -> Row:  # fmt: skip
    """An issue with the fields that were asked for (``*all``, ``-comment``, ...)."""
    said: Row = {"expand": "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations", "id": row["id"],
                 "self": f"{site.url}/rest/api/{version}/issue/{row['id']}", "key": row["key"]}  # fmt: skip
    fields = _chosen(site, list(wanted))
    if fields:
        said["fields"] = {name: value(site, row, name, version, most) for name in fields}
    if "changelog" in expand:
        said["changelog"] = changelog(site, row, most=100 if site.cloud else None)
    if "names" in expand:
        said["names"] = {name: site.title(name) for name in fields}
    if "schema" in expand:
        said["schema"] = {name: site.schema(name) for name in fields}
    asked = [*properties]
    if asked:
        said["properties"] = {key: each for key, each in row["properties"].items() if key in asked or "*all" in asked}
    return said


def _chosen(site: JiraDesk, wanted: list[str]) -> list[str]:
    known = site.known_fields()
    every = any(name in ("*all", "*navigable") for name in wanted) or all(name.startswith("-") for name in wanted)
    left_out = {name[1:] for name in wanted if name.startswith("-")}
    if "*navigable" in wanted:
        left_out |= {"comment"}
    return [name for name in known if (every or name in wanted) and name not in left_out]


def value(site: JiraDesk, row: Row, field: str, version: str = "2", most: int = 100) -> Any:
    """What a field of an issue holds, as JSON."""
    computed: dict[str, Callable[[], Any]] = {
        "comment": lambda: comments(site, row, version, most),
        "issuelinks": lambda: [link(site, each) for each in row["links"] if not site.issues[each["issue"]]["deleted"]],
        "subtasks": lambda: [beside(site, each) for each in parts(site, row["id"])],
        "project": lambda: project(site, row["project"]),
        "updated": lambda: stamp(row["updated"], site.zone),
        "statusCategory": lambda: category(site, site.category(row["fields"]["status"])),
        "sla": lambda: site.sla.value(row["id"], field),
    }  # fmt: skip
    kind = site.kind(field)
    return computed[kind]() if kind in computed else _stored(site, row, field, kind, row["fields"].get(field), version)


def parts(site: JiraDesk, number: str) -> list[str]:
    """The sub-tasks of an issue."""
    return [n for n, row in site.issues.items() if row["fields"]["parent"] == number and not row["deleted"]]


def _stored(site: JiraDesk, row: Row, field: str, kind: str, held: Any, version: str) -> Any:
    if held in (None, []):
        return [] if kind in ("labels", "organizations", "participants") else None
    if kind in LISTS:
        return [_single(site, row, field, kind, each) for each in held]
    if kind in TEXTS:
        return document(held) if version == "3" else held
    return _single(site, row, field, kind, held)


def _single(site: JiraDesk, row: Row, field: str, kind: str, held: Any) -> Any:
    if kind in PEOPLE or kind in MANY_PEOPLE:
        return user(site, held)
    if kind in OPTIONS or kind == "select":
        here = f"{site.url}/rest/api/2/customFieldOption/{held}"
        return {"self": here, "value": site.fields[field]["options"][held], "id": held}
    shapes: dict[str, Callable[[JiraDesk, Any], Any]] = {
        "status": status, "priority": priority, "issuetype": issue_type, "resolution": resolution, "parent": beside,
        "organizations": organization, "group": group, "feedback": _feedback,
        "language": lambda _site, held: {"languageCode": held, "displayName": held},
        "created": lambda site, at: stamp(at, site.zone), "resolutiondate": lambda site, at: stamp(at, site.zone),
        "feedback_date": lambda site, at: stamp(at, site.zone),
        "sentiment": lambda _site, each: [{"id": name.lower(), "name": name} for name in each],
        "request_type": lambda site, _: request_field(site, row), "approvals": lambda site, each: [approval(site, a) for a in each],
    }  # fmt: skip
    return shapes[kind](site, held) if kind in shapes else held


def _feedback(site: JiraDesk, held: Row) -> Any:
    return held["rating"] if site.csat_shape == "number" else {"rating": held["rating"]}


def group(site: JiraDesk, name: str) -> Row:
    row = site.groups[name]
    return {
        "name": name,
        **({"groupId": row["id"]} if site.cloud else {}),
        "self": f"{site.url}/rest/api/2/group?groupname={name}",
    }


def organization(site: JiraDesk, number: str) -> Row:
    row = site.organizations[number]
    here = f"{site.url}/rest/servicedeskapi/organization/{number}"
    said = {"id": number, "name": row["name"], "_links": {"self": here}}
    return said | (
        {"uuid": f"{int(number):08d}-0000-4000-8000-000000000000", "scimManaged": False} if site.cloud else {}
    )


def request_type(site: JiraDesk, number: str) -> Row:
    row = site.request_types[number]
    desk = site.projects[row["project"]]["desk"]
    here = f"{site.url}/rest/servicedeskapi/servicedesk/{desk}/requesttype/{number}"
    return {"_expands": ["field"], "id": number, "_links": {"self": here}, "name": row["name"], "description": row["name"],
            "helpText": "", "issueTypeId": row["type"], "serviceDeskId": desk, "portalId": desk, "groupIds": ["1"]}  # fmt: skip


def current_status(site: JiraDesk, row: Row) -> Row:
    """The status as customers see it."""
    number = row["fields"]["status"]
    words = {"name": site.statuses[number]["name"], "category": site.category(number).upper()}
    return {"status": words["name"], "statusCategory": words["category"], "statusDate": day(site, row["status_since"])}


def request_field(site: JiraDesk, row: Row) -> Row:
    """What the request type's field holds: the type, and where the request stands."""
    number = row["fields"][site.of_kind("request_type")]
    here = f"{site.url}/rest/servicedeskapi/request/{row['id']}"
    links = {"jiraRest": f"{site.url}/rest/api/2/issue/{row['id']}", "self": here, "agent": f"{site.url}/browse/{row['key']}",
             "web": f"{site.url}/servicedesk/customer/portal/1/{row['key']}"}  # fmt: skip
    return {"_links": links, "requestType": request_type(site, number), "currentStatus": current_status(site, row)}


def approval(site: JiraDesk, held: Row) -> Row:
    people = [{"approver": desk_user(site, who), "approverDecision": held["decision"]} for who in held["approvers"]]
    here = f"{site.url}/rest/servicedeskapi/request/1/approval/{held['id']}"
    done = {} if held["decision"] == "pending" else {"completedDate": day(site, held["created"])}
    return {"id": held["id"], "name": held["name"], "finalDecision": held["decision"], "canAnswerApproval": False,
            "approvers": people, "createdDate": day(site, held["created"]), **done, "_links": {"self": here}}  # fmt: skip
