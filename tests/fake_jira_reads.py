"""What can be asked of a Jira besides its issues: the server, permissions, people, groups, projects, fields and other words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_jira_asked import Refused, gone, listed, many, number, paged
from fake_jira_people import GLOBAL_PERMISSIONS, PROJECT_PERMISSIONS, stamp
from fake_jira_search import found
from fake_jira_shapes import category, issue_type, priority, project, resolution, status, user
from fake_jira_values import READ_ONLY
from fake_jira_words import CATEGORIES

if TYPE_CHECKING:
    from fake_jira import FakeJira
    from fake_jira_asked import Answer, Asked
    from fake_jira_people import Row

MOST_USERS, MOST_MEMBERS = 1000, 50
ANONYMOUS = "Client must be authenticated to access this resource."


def server(jira: FakeJira, _asked: Asked) -> Answer:
    """``serverInfo``: needs no account, and decides which face this is."""
    here = {"baseUrl": jira.url, "serverTime": stamp(jira.now(), jira.zone), "serverTitle": "Jira", "scmInfo": "0" * 40,
            "buildDate": "2026-01-14T00:00:00.000+0000"}  # fmt: skip
    if jira.cloud:
        own = {"version": "1001.0.0-SNAPSHOT", "versionNumbers": [1001, 0, 0], "deploymentType": "Cloud", "buildNumber": 100_300,
               "displayUrl": jira.url, "serverTimeZone": jira.zone, "defaultLocale": {"locale": "en_US"}}  # fmt: skip
    else:
        own = {"version": "10.3.5", "versionNumbers": [10, 3, 5], "deploymentType": "Server", "buildNumber": 10_030_005}
    return 200, here | own, {}


def me(jira: FakeJira, asked: Asked) -> Answer:
    if asked.user is None:
        return 401, listed(ANONYMOUS), {}
    said = user(jira, asked.user) | {"locale": "ko_KR" if jira.language == "ko" else "en_US", "timeZone": jira.zone}
    if "groups" in asked.params.get("expand", ""):
        names = jira.users[asked.user]["groups"]
        rows = [{"name": name, "self": f"{jira.url}/rest/api/2/group?groupname={name}"} for name in names]
        said["groups"] = {"size": len(rows), "items": rows}
    return 200, said, {}


def permissions(jira: FakeJira, asked: Asked) -> Answer:
    """``permissions``: all that there are, with no word on who has them."""
    return 200, {"permissions": {key: _permission(key) for key in (*PROJECT_PERMISSIONS, *GLOBAL_PERMISSIONS)}}, {}


def my_permissions(jira: FakeJira, asked: Asked) -> Answer:
    """``mypermissions``: Cloud has to be told which; a project or an issue may be named."""
    every = (*PROJECT_PERMISSIONS, *GLOBAL_PERMISSIONS)
    wanted = many(asked.params.get("permissions")) or ([] if jira.cloud else list(every))
    if not wanted or not set(wanted) <= set(every):
        raise Refused(400, listed("Permission(s) query parameter is empty or has an invalid key."))
    place = _place(jira, asked)
    held = {key: jira.may(asked.user, key, place if key in PROJECT_PERMISSIONS else None) for key in wanted}
    return 200, {"permissions": {key: {**_permission(key), "havePermission": held[key]} for key in wanted}}, {}


def _permission(key: str) -> Row:
    own = key in PROJECT_PERMISSIONS
    number, name = str(10 + len(key)), (PROJECT_PERMISSIONS | GLOBAL_PERMISSIONS)[key]
    return {"id": number, "key": key, "name": name, "type": "PROJECT" if own else "GLOBAL", "description": name}


def _place(jira: FakeJira, asked: Asked) -> str | None:
    params = asked.params
    if name := params.get("issueKey") or params.get("issueId"):
        return str(found(jira, asked, name)["project"])
    name = params.get("projectKey") or params.get("projectId") or ""
    return _project(jira, asked, name) if name else None


def _project(jira: FakeJira, asked: Asked, name: str) -> str:
    number = next((n for n, row in jira.projects.items() if name.upper() in (n, row["key"])), None)
    if number is None or not jira.may(asked.user, "BROWSE_PROJECTS", number):
        raise Refused(404, listed(f"No project could be found with key '{name}'."))
    return number


# ---- people


def _browses(jira: FakeJira, asked: Asked) -> None:
    if not jira.may(asked.user, "USER_PICKER"):
        raise Refused(403, listed("You do not have permission to browse users and groups."))


def _identified(jira: FakeJira, params: dict[str, str]) -> str | None:
    if jira.cloud and ("username" in params or "key" in params):
        about = "'accountId' must be the only user identifying query parameter in GDPR strict mode."
        raise Refused(400, listed(about))
    given = params.get("accountId") if jira.cloud else params.get("username") or params.get("key")
    return next((who for who, row in jira.users.items() if given in (who, None if jira.cloud else row["key"])), None)


def one_user(jira: FakeJira, asked: Asked) -> Answer:
    _browses(jira, asked)
    who = _identified(jira, asked.params)
    if who is None:
        raise Refused(404, listed("Specified user does not exist or you do not have required permissions"))
    return 200, user(jira, who), {}


def users_by_id(jira: FakeJira, asked: Asked) -> Answer:
    """``user/bulk``: people by account id; whoever is not known is left out."""
    if not jira.cloud:
        return gone()
    wanted = many(asked.params.get("accountId"))
    if not wanted:
        raise Refused(400, listed("The accountId query parameter needs to be provided."))
    return 200, paged(asked, [user(jira, who) for who in wanted if who in jira.users], 200, 10), {}


def all_users(jira: FakeJira, asked: Asked) -> Answer:
    """``users/search``: everybody, the inactive and apps, too; only the first thousand can be had."""
    if not jira.cloud:
        return gone()
    _browses(jira, asked)
    return 200, _cut(jira, asked, list(jira.users)), {}


def _cut(jira: FakeJira, asked: Asked, people: list[str]) -> list[Row]:
    start = number(asked.params.get("startAt"), 0)
    size = min(number(asked.params.get("maxResults"), 50), MOST_USERS)
    return [user(jira, who) for who in people[:MOST_USERS][start : start + size]]


def _alike(jira: FakeJira, asked: Asked) -> list[str]:
    """People whose name or e-mail begins like the query; Data Center knows ``.`` for everybody."""
    params = asked.params
    text = (params.get("query") if jira.cloud else params.get("username", params.get("query"))) or ""
    if jira.cloud and "accountId" in params:
        return [who for who in jira.users if who == params["accountId"]]
    if "username" in params and jira.cloud:
        _identified(jira, params)
    found = []
    for who, row in jira.users.items():
        words = [
            *row["name"].lower().split(),
            row["name"].lower(),
            *([] if row["hidden"] else [row["email"].lower()]),
            who.lower(),
        ]
        if text in ("", ".") or any(word.startswith(text.lower()) for word in words):
            found.append(who)
    return found


def search_users(jira: FakeJira, asked: Asked) -> Answer:
    """``user/search``: by prefix, so somebody else may come first; inactive people only where they were asked for (Data Center)."""
    _browses(jira, asked)
    if not {"query", "username", "accountId"} & set(asked.params):
        raise Refused(400, listed("Either 'query', 'accountId' or 'property' has to be given."))
    idle = asked.params.get("includeInactive") == "true"
    people = [who for who in _alike(jira, asked) if idle or jira.users[who]["active"]]
    return 200, _cut(jira, asked, people), {}


def assignable(jira: FakeJira, asked: Asked) -> Answer:
    """``user/assignable/search``: who may own the issues of a project."""
    params = asked.params
    name = params.get("issueKey") or params.get("issueId")
    if not name and "project" not in params:
        raise Refused(400, listed("Either project, issueKey or issueId has to be given."))
    place = str(found(jira, asked, name)["project"]) if name else _project(jira, asked, params["project"])
    return 200, _cut(jira, asked, [who for who in _alike(jira, asked) if jira.assignable(who, place)]), {}


def groups(jira: FakeJira, asked: Asked) -> Answer:
    """``groups/picker``: by a part of the name, twenty unless more are asked for."""
    text, most = asked.params.get("query", "").lower(), number(asked.params.get("maxResults"), 20)
    names = [name for name in jira.groups if text in name.lower()]
    rows = [
        {"name": name, "html": name, "labels": [], **({"groupId": jira.groups[name]["id"]} if jira.cloud else {})}
        for name in names
    ]
    return (
        200,
        {"header": f"Showing {len(rows)} of {len(names)} matching groups", "total": len(names), "groups": rows[:most]},
        {},
    )


def groups_all(jira: FakeJira, asked: Asked) -> Answer:
    """``group/bulk`` (Cloud)."""
    if not jira.cloud:
        return gone()
    _browses(jira, asked)
    return 200, paged(asked, [{"name": name, "groupId": row["id"]} for name, row in jira.groups.items()], 50), {}


def members(jira: FakeJira, asked: Asked) -> Answer:
    """``group/member``: fifty a page at most."""
    _browses(jira, asked)
    given = asked.params.get("groupId") or asked.params.get("groupname")
    name = next((name for name, row in jira.groups.items() if given in (name, row["id"])), None)
    if name is None:
        raise Refused(404, listed(f"The group named '{given}' does not exist."))
    idle = asked.params.get("includeInactiveUsers") == "true"
    people = [user(jira, who) for who in jira.members(name) if idle or jira.users[who]["active"]]
    return 200, paged(asked, people, MOST_MEMBERS), {}


# ---- projects


def projects(jira: FakeJira, asked: Asked) -> Answer:
    """``project/search`` (Cloud): those that the caller may browse."""
    if not jira.cloud:
        return gone()
    return 200, paged(asked, _mine(jira, asked), 50), {}


def projects_plain(jira: FakeJira, asked: Asked) -> Answer:
    return 200, _mine(jira, asked), {}


def _mine(jira: FakeJira, asked: Asked) -> list[Row]:
    return [project(jira, each) for each in jira.projects if jira.may(asked.user, "BROWSE_PROJECTS", each)]


def one_project(jira: FakeJira, asked: Asked, name: str) -> Answer:
    place = _project(jira, asked, name)
    return 200, project(jira, place) | {"issueTypes": [issue_type(jira, each) for each in jira.types]}, {}


def roles(jira: FakeJira, asked: Asked, name: str) -> Answer:
    """The roles of a project, by name, with the address of each."""
    place = _project(jira, asked, name)
    return (
        200,
        {row["name"]: f"{jira.url}/rest/api/2/project/{place}/role/{each}" for each, row in jira.roles.items()},
        {},
    )


def role(jira: FakeJira, asked: Asked, name: str, which: str) -> Answer:
    place = _project(jira, asked, name)
    row = jira.roles.get(which)
    if row is None:
        raise Refused(404, listed(f"Can not retrieve a role actor for role id {which}."))
    actors = [_group_actor(jira, each) for each in row["groups"]] + [_user_actor(jira, each) for each in row["users"]]
    here = f"{jira.url}/rest/api/2/project/{place}/role/{which}"
    return 200, {"self": here, "name": row["name"], "id": int(which), "description": row["name"], "actors": actors}, {}


def _group_actor(jira: FakeJira, name: str) -> Row:
    number = {"groupId": jira.groups[name]["id"]} if jira.cloud else {}
    about = {"name": name, "displayName": name, **number}
    return {"id": 10_240, "displayName": name, "type": "atlassian-group-role-actor", "name": name, "actorGroup": about}


def _user_actor(jira: FakeJira, who: str) -> Row:
    row = {"id": 10_241, "displayName": jira.users[who]["name"], "type": "atlassian-user-role-actor"}
    return row | ({"actorUser": {"accountId": who}} if jira.cloud else {"name": who})


# ---- words


def fields(jira: FakeJira, _asked: Asked) -> Answer:
    """``field``: everything there is; names are in the language of the account, schemas are not."""
    return 200, [_field(jira, name) for name in jira.known_fields()], {}


def _field(jira: FakeJira, name: str) -> Row:
    custom = name in jira.fields
    if name == "parent":
        return {"id": name, "name": jira.title(name), "custom": False, "orderable": False, "navigable": True, "searchable": False,
                "clauseNames": [name]}  # fmt: skip
    clauses = [f"cf[{jira.fields[name]['number']}]", jira.title(name)] if custom else [name.lower()]
    key = {"key": name} if jira.cloud else {}
    key |= {"untranslatedName": jira.fields[name]["name"]} if jira.cloud and custom else {}
    return {"id": name, **key, "name": jira.title(name), "custom": custom, "orderable": name not in ("created", "updated"),
            "navigable": name != "comment", "searchable": True, "clauseNames": clauses, "schema": jira.schema(name)}  # fmt: skip


def statuses(jira: FakeJira, _asked: Asked) -> Answer:
    return 200, [status(jira, each) for each in jira.statuses], {}


def categories(jira: FakeJira, _asked: Asked) -> Answer:
    return 200, [category(jira, each) for each in CATEGORIES], {}


def project_statuses(jira: FakeJira, asked: Asked, name: str) -> Answer:
    """The statuses of a project, by issue type."""
    _project(jira, asked, name)
    every = [status(jira, each) for each in jira.statuses]
    kinds = [issue_type(jira, each) for each in jira.types]
    return (
        200,
        [{key: row[key] for key in ("self", "id", "name", "subtask")} | {"statuses": every} for row in kinds],
        {},
    )


def priorities(jira: FakeJira, _asked: Asked) -> Answer:
    return 200, [priority(jira, each) | {"description": "", "statusColor": "#cfcfcf"} for each in jira.priorities], {}


def resolutions(jira: FakeJira, _asked: Asked) -> Answer:
    return 200, [resolution(jira, each) for each in jira.resolutions], {}


def issue_types(jira: FakeJira, _asked: Asked) -> Answer:
    return 200, [issue_type(jira, each) for each in jira.types], {}


def labels(jira: FakeJira, asked: Asked) -> Answer:
    """``label`` (Cloud): every label in use."""
    if not jira.cloud:
        return gone()
    used = {each for row in jira.issues.values() if not row["deleted"] for each in row["fields"]["labels"]}
    return 200, paged(asked, sorted(used), 1000, 1000), {}


def edit_meta(jira: FakeJira, asked: Asked, name: str) -> Answer:
    """``editmeta``: the fields on the edit screen; nothing for those who may not edit."""
    row = found(jira, asked, name)
    mine = jira.may(asked.user, "EDIT_ISSUES", row["project"])
    shown = [each for each in jira.known_fields() if mine and editable(jira, each)]
    return 200, {"fields": {each: field_meta(jira, each) for each in shown}}, {}


def editable(jira: FakeJira, field: str) -> bool:
    return jira.kind(field) not in READ_ONLY and field not in jira.off_screen


def field_meta(jira: FakeJira, field: str, *, required: bool = False) -> Row:
    kind = jira.schema(field)["type"]
    row: dict[str, Any] = {"required": required, "schema": jira.schema(field), "name": jira.title(field), "key": field,
                           "operations": ["add", "set", "remove"] if kind == "array" else ["set"]}  # fmt: skip
    if field in jira.fields and jira.fields[field]["options"]:
        row["allowedValues"] = [{"id": each, "value": name} for each, name in jira.fields[field]["options"].items()]
    choices = {"priority": [priority(jira, each) for each in jira.priorities],
               "resolution": [resolution(jira, each) for each in jira.resolutions]}  # fmt: skip
    return row | ({"allowedValues": choices[field]} if field in choices else {})
