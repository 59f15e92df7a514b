"""The site's lists: what it is, its projects, fields, statuses, priorities, request types, and who works there.

People, projects, fields and statuses are fetched at every refresh; of those that seldom change one at a time, in turn.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from .base import AuthFailed, Gone, Rejected
from .jsm_fields import discovered
from .jsm_http import API, DESK
from .jsm_words import Desk
from .ticket import Catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .jsm_http import Http
    from .jsm_words import Row, Words
    from .ticket import Status

SERVICE = "service_desk"
NEEDED = ("BROWSE_PROJECTS", "EDIT_ISSUES", "ASSIGN_ISSUES", "TRANSITION_ISSUES", "ADD_COMMENTS")
"""Rights in a project without which something that rules do is refused."""
QUIET = "ADMINISTER_PROJECTS"
"""The right to keep notifications back."""
_MOST_USERS = 1000
"""Jira looks at so many users at most when it is asked who may own issues."""
_STAFF = (
    "jira-",
    "site-admins",
    "atlassian-addons",
    "system-administrators",
    "confluence-",
    "org-admins",
    "_licensed-",
)
"""How the names of groups begin that say who may use a product, not who works with whom."""


def whole_desk(http: Http, words: Words) -> tuple[Desk, list[Row]]:
    """Everything that names are made of, and everybody who works there."""
    info = http.object(f"{API}/serverInfo")
    desk = Desk(cloud=info.get("deploymentType") == "Cloud", site=str(info.get("baseUrl") or http.base_url).rstrip("/"))
    people = often(http, desk, words)
    for fetch in SELDOM:
        fetch(http, desk, words)
    return desk, people


def often(http: Http, desk: Desk, words: Words) -> list[Row]:
    """Who we are, projects, fields, statuses, agents and groups; the agents as rows."""
    me = http.object(f"{API}/myself")
    desk.me, desk.zone = str(me.get("accountId") or me.get("name")), str(me.get("timeZone") or "UTC")
    _projects(http, desk, words)
    _fields(http, desk)
    desk.statuses = {
        str(row["id"]): [str(row["name"]), str((row.get("statusCategory") or {}).get("key"))]
        for row in http.rows(f"{API}/status")
    }
    return [me, *_agents(http, desk, words)]


def _projects(http: Http, desk: Desk, words: Words) -> None:
    rows = http.rows(f"{API}/project/search" if desk.cloud else f"{API}/project")
    wanted = {key.upper() for key in words.projects}
    chosen = [row for row in rows if (str(row["key"]) in wanted if wanted else row.get("projectTypeKey") == SERVICE)]
    missing = sorted(wanted - {str(row["key"]) for row in chosen})
    if missing or not chosen:
        what = f"no project {missing[0]}" if missing else "no service project"
        hint = "correct projects in makegood.toml, or give our account the right to browse it"
        raise Rejected(f"{desk.site}: there is {what} that our account can see", hint=hint)
    known = desk.projects
    desk.projects = {
        (number := str(row["id"])): [str(row["key"]), str(row["name"]), known.get(number, ["", "", ""])[2]]
        for row in chosen
    }


def _fields(http: Http, desk: Desk) -> None:
    found = discovered(http.rows(f"{API}/field"))
    desk.fields, desk.special, desk.slas, desk.titles = found.own, found.special, found.slas, found.titles


def _agents(http: Http, desk: Desk, words: Words) -> list[Row]:
    """Whoever may own issues of our projects; their groups are the projects, or groups of Jira's where a field stands for the group.

    Who once was an agent stays one, without groups: what they said in the past was no customer's word.
    """
    rows: dict[str, Row] = {}
    groups: dict[str, set[str]] = {}
    for key, name, _ in desk.projects.values():
        for row in _assignable(http, desk, key):
            who = str(row["accountId"] if desk.cloud else row["name"])
            rows[who] = row
            groups.setdefault(who, set()).add(name)
    if "group" in words.fields:
        groups = {who: set() for who in groups}
        for name in _groups(http, desk, words):
            for who in _members(http, name):
                if who in groups:
                    groups[who].add(name)
    else:
        desk.groups = sorted(name for _, name, _ in desk.projects.values())
    desk.members = {who: sorted(groups.get(who, ())) for who in {**desk.members, **groups}}
    return list(rows.values())


def _assignable(http: Http, desk: Desk, project: str) -> list[Row]:
    everybody = {"query": ""} if desk.cloud else {"username": "."}
    asked = {"project": project, "maxResults": str(_MOST_USERS), **everybody}
    return list(http.json(f"{API}/user/assignable/search", asked))


def _groups(http: Http, desk: Desk, words: Words) -> list[str]:
    """The groups of people that count, which are what a group field may hold, too."""
    if desk.cloud:
        rows = http.rows(f"{API}/group/bulk")
    else:
        rows = http.object(f"{API}/groups/picker", {"maxResults": str(_MOST_USERS)}).get("groups") or []
    names = [str(row["name"]) for row in rows]
    if _is_choice(desk, words):
        if not desk.groups:
            choices(http, desk, words)
        return [name for name in names if name in desk.groups]
    chosen = [name for name in names if name in words.groups] if words.groups else _of_people(names)
    desk.groups = sorted(chosen)
    return chosen


def _is_choice(desk: Desk, words: Words) -> bool:
    own = desk.field_named(words.fields.get("group"))
    return own is not None and own[1].kind == "option"


def choices(http: Http, desk: Desk, words: Words) -> None:
    """What a group field may hold that is a choice: each project's newest issue tells, for the list itself is the administrators'."""
    own = desk.field_named(words.fields.get("group"))
    if own is None or not _is_choice(desk, words):
        return
    found: dict[str, None] = {}
    for number in desk.projects:
        asked = {"jql": f"project = {number} ORDER BY created DESC", "fields": ["id"], "maxResults": 1}
        page = http.ask(f"{API}/search/jql" if desk.cloud else f"{API}/search", asked)
        for row in (page.get("issues") or [])[:1]:
            meta = http.object(f"{API}/issue/{row['id']}/editmeta").get("fields") or {}
            allowed = (meta.get(own[0]) or {}).get("allowedValues") or ()
            found |= {str(each["value"]): None for each in allowed if each.get("value")}
    desk.groups = list(found)


def _of_people(names: Iterable[str]) -> list[str]:
    return [name for name in names if not name.lower().startswith(_STAFF)]


def _members(http: Http, group: str) -> list[str]:
    rows = http.rows(f"{API}/group/member", {"groupname": group})
    return [str(row.get("accountId") or row.get("name")) for row in rows]


def priorities(http: Http, desk: Desk, words: Words) -> None:  # noqa: ARG001
    """The priorities."""
    desk.priorities = {str(row["id"]): str(row["name"]) for row in http.rows(f"{API}/priority")}


def types(http: Http, desk: Desk, words: Words) -> None:  # noqa: ARG001
    """Issue types."""
    desk.types = {str(row["id"]): str(row["name"]) for row in http.rows(f"{API}/issuetype")}


def forms(http: Http, desk: Desk, words: Words) -> None:  # noqa: ARG001
    """Service desks and their request types; there are none where service management is not installed."""
    desk.forms = {}
    try:
        desks = http.rows(f"{DESK}/servicedesk")
    except (AuthFailed, Gone):
        return
    for row in desks:
        project = desk.projects.get(str(row["projectId"]))
        if project is not None:
            project[2] = str(row["id"])
            try:
                kinds = http.rows(f"{DESK}/servicedesk/{row['id']}/requesttype")
            except (AuthFailed, Gone):  # this desk is closed to our account, and the others need not be
                continue
            desk.forms |= {str(kind["id"]): str(kind["name"]) for kind in kinds}


def rights(http: Http, desk: Desk, words: Words) -> None:  # noqa: ARG001
    """In which projects notifications may be kept back."""
    desk.quiet = [number for number, (key, _, _) in desk.projects.items() if may(http, key, (QUIET,))[QUIET]]


def may(http: Http, project: str, permissions: Sequence[str]) -> dict[str, bool]:
    """Which of these rights our account has in a project."""
    asked = {"projectKey": project, "permissions": ",".join(permissions)}
    said = http.object(f"{API}/mypermissions", asked).get("permissions") or {}
    return {name: bool((said.get(name) or {}).get("havePermission")) for name in permissions}


SELDOM: tuple[Callable[[Http, Desk, Words], None], ...] = (priorities, types, forms, rights, choices)
"""Lists that change seldom."""


def catalogue_of(desk: Desk, words: Words) -> Catalogue:
    """The desk's own words as rules may name them."""
    rights = [desk.me, *desk.quiet, *sorted(desk.projects), *desk.members.get(desk.me, ())]
    unsure = [name for name, key in desk.statuses.values() if not words.mapped(name, key)]
    return Catalogue(
        me=desk.me,
        groups=tuple(desk.groups),
        statuses=_statuses(desk, words),
        fields={each.title: each.spec() for each in desk.fields.values()},
        types=tuple(sorted(set(desk.types.values()))),
        forms=tuple(sorted(set(desk.forms.values()))),
        brands=tuple(sorted(name for _, name, _ in desk.projects.values())),
        unmapped=tuple(f"status: {name}" for name in dict.fromkeys(unsure)),
        slas=tuple(sorted(desk.slas.values())),
        days=("due",),
        promise_field=words.fields.get("promise_due"),
        time_zone=desk.zone,
        rights=hashlib.sha256("|".join(rights).encode()).hexdigest()[:16],
    )


def _statuses(desk: Desk, words: Words) -> Mapping[str, Status]:
    return {name: words.category(name, key) for name, key in desk.statuses.values()}
