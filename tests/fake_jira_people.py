"""Who a Jira site is made of: users, groups, projects with their roles, permissions, organizations; no issues, no HTTP."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Row = dict[str, Any]

PROJECT_PERMISSIONS = {
    "BROWSE_PROJECTS": "Browse Projects", "CREATE_ISSUES": "Create Issues", "EDIT_ISSUES": "Edit Issues",
    "ASSIGN_ISSUES": "Assign Issues", "ASSIGNABLE_USER": "Assignable User", "TRANSITION_ISSUES": "Transition Issues",
    "ADD_COMMENTS": "Add Comments", "DELETE_ISSUES": "Delete Issues", "LINK_ISSUES": "Link Issues",
    "MODIFY_REPORTER": "Modify Reporter", "ADMINISTER_PROJECTS": "Administer Projects",
    "SERVICEDESK_AGENT": "Service Desk Agent",
}  # fmt: skip
GLOBAL_PERMISSIONS = {
    "ADMINISTER": "Administer Jira", "USER_PICKER": "Browse users and groups", "BULK_CHANGE": "Make bulk changes",
}  # fmt: skip
READING = frozenset({"BROWSE_PROJECTS", "USER_PICKER"})
WORKING = frozenset(PROJECT_PERMISSIONS) - {"ADMINISTER_PROJECTS", "DELETE_ISSUES"} | {"USER_PICKER"}
RIGHTS = {
    "agent": WORKING,
    "app": WORKING - {"ASSIGNABLE_USER"},
    "admin": frozenset({*PROJECT_PERMISSIONS, *GLOBAL_PERMISSIONS}),
    "reader": READING,
}
AGENTS = "jira-servicemanagement-users"


def utc_now() -> datetime:
    return datetime.now(UTC)


def stamp(at: datetime, zone: str = "UTC") -> str:
    """A time as Jira writes it: milliseconds, and an offset without a colon."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03d}{local:%z}"


def millis(at: datetime) -> int:
    """Milliseconds since 1970."""
    return int(at.timestamp()) * 1000 + at.microsecond // 1000


class JiraPeople:
    """The site without issues. ``cloud`` decides how people are named: by account id, or by login name."""

    def __init__(self, now: Callable[[], datetime] = utc_now, *, cloud: bool = True) -> None:
        self.now, self.cloud = now, cloud
        self.lock = threading.RLock()
        self.zone = "UTC"
        self.users: dict[str, Row] = {}
        self.groups: dict[str, Row] = {}
        self.projects: dict[str, Row] = {}
        self.roles: dict[str, Row] = {}
        self.organizations: dict[str, Row] = {}
        self.granted: dict[tuple[str, str | None, str], bool] = {}
        self._people, self._numbers = itertools.count(1), itertools.count(10_100)
        self._stock_people()

    def _stock_people(self) -> None:
        for name in (AGENTS, "jira-administrators", "Support", "Billing"):
            self.add_group(name)
        for key, name in (("SUP", "Customer Support"), ("BIL", "Billing Desk")):
            self.add_project(key, name)
        self.add_user("makegood@acme.example", "makegood", kind="agent", groups=(AGENTS,))
        self.add_user("reader@acme.example", "Reader", kind="reader")
        self.add_user("alice@acme.example", "Alice Adams", kind="agent", groups=(AGENTS, "Support"))
        self.add_user("bob@acme.example", "Bob Baker", kind="agent", groups=(AGENTS, "Billing"))
        self.add_user("root@acme.example", "Root", kind="admin", groups=(AGENTS, "jira-administrators"))
        lake = self.add_organization("Lake Tours")
        self.add_user("ana@customer.example", "Ana Lake", organization=lake)
        self.robot = self.add_user("automation@acme.example", "Automation for Jira", kind="app", hidden_email=True)
        for name, members in (("Administrators", "jira-administrators"), ("Service Desk Team", AGENTS)):
            self.add_role(name, groups=(members,))
        self.add_role("Service Desk Customers")

    # ---- who and what is added

    def add_user(
        self, email: str, name: str = "", *, kind: str = "customer", groups: Iterable[str] = (), active: bool = True,
        hidden_email: bool = False, zone: str = "", organization: str | None = None, login: str = "",
    ) -> str:  # fmt: skip
        """Somebody: ``customer``, ``agent``, ``admin``, ``reader`` (an account that may only look) or ``app``."""
        number = next(self._people)
        login = login or email.split("@")[0]
        account = f"qm:5f0c-site:{number:08x}" if kind == "customer" else f"712020:{number:08x}-made-up"
        who = account if self.cloud else login
        self.users[who] = {
            "id": who, "login": login, "key": f"JIRAUSER{10_000 + number}", "name": name or login, "email": email, "kind": kind,
            "active": active, "hidden": hidden_email, "zone": zone, "groups": list(groups),
        }  # fmt: skip
        if organization:
            self.organizations[organization]["users"].append(who)
        return who

    def change_user(self, who: str, **columns: Any) -> None:
        """New columns, such as ``active=False``, ``name=`` or ``groups=[...]``; somebody is named by id or e-mail."""
        self.users[self.person(who)] |= columns

    def add_group(self, name: str) -> str:
        number = next(self._numbers)
        self.groups[name] = {"name": name, "id": f"{number:08d}-3dcf-4a5b-9a5b-fe4d1e5b4a2c"}
        return name

    def add_project(self, key: str, name: str, kind: str = "service_desk") -> str:
        number = str(10_000 + len(self.projects))
        desk = str(len(self.projects) + 1) if kind == "service_desk" else None
        self.projects[number] = {"id": number, "key": key, "name": name, "kind": kind, "desk": desk, "count": 0}
        return number

    def add_role(self, name: str, *, groups: Iterable[str] = (), users: Iterable[str] = ()) -> str:
        """A project role, the same in every project."""
        number = str(next(self._numbers))
        people = [self.person(who) for who in users]
        self.roles[number] = {"id": number, "name": name, "groups": list(groups), "users": people}
        return number

    def add_organization(self, name: str, users: Iterable[str] = ()) -> str:
        number = str(len(self.organizations) + 1)
        people = [self.person(who) for who in users]
        self.organizations[number] = {"id": number, "name": name, "users": people, "created": self.now()}
        return number

    # ---- what somebody may do

    def grant(self, permission: str, who: str, project: str | None = None) -> None:
        """Somebody may from now on, in one project (by key) or everywhere."""
        self.granted[self.person(who), project, permission] = True

    def deny(self, permission: str, who: str, project: str | None = None) -> None:
        """Somebody may no longer: without ``BROWSE_PROJECTS`` a project's issues look as if they were not there."""
        self.granted[self.person(who), project, permission] = False

    def may(self, who: str | None, permission: str, project: str | None = None) -> bool:
        """Whether somebody may in a project (by number), or in any at all; nobody (``None``) may nothing."""
        if who is None:
            return False
        key = self.projects[project]["key"] if project else None
        for place in (key, None):
            if (who, place, permission) in self.granted:
                return self.granted[who, place, permission]
        return permission in RIGHTS.get(self.users[who]["kind"], ())

    def assignable(self, who: str, project: str) -> bool:
        user = self.users.get(who)
        return bool(user and user["active"] and self.may(who, "ASSIGNABLE_USER", project))

    # ---- what everybody asks

    def user_id(self, email: str) -> str:
        """The account id (Cloud) or login name (Data Center) of somebody."""
        return next(who for who, user in self.users.items() if user["email"] == email)

    def person(self, who: str) -> str:
        """The id of somebody, given by id or e-mail; whoever is not known yet becomes a customer."""
        if who in self.users:
            return who
        known = (number for number, user in self.users.items() if user["email"] == who)
        return next(known, None) or self.add_user(who)

    def staff(self, who: str) -> bool:
        return self.users[who]["kind"] in ("agent", "admin")

    def project_id(self, key: str) -> str:
        return next(number for number, row in self.projects.items() if key in (number, row["key"]))

    def organization_id(self, name: str) -> str:
        return next(number for number, row in self.organizations.items() if row["name"] == name)

    def organizations_of(self, who: str) -> list[str]:
        return [number for number, row in self.organizations.items() if who in row["users"]]

    def members(self, group: str) -> list[str]:
        return [who for who, user in self.users.items() if group in user["groups"]]
