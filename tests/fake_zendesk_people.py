"""Who and what a Zendesk account is made of: users, groups, organizations, fields, statuses, brands; no tickets, no HTTP."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Row = dict[str, Any]

STOCK_STATUSES = (("new", "New"), ("open", "Open"), ("pending", "Pending"), ("hold", "On-hold"), ("solved", "Solved"))
SYSTEM_FIELDS = (
    ("subject", "Subject"), ("description", "Description"), ("status", "Status"), ("tickettype", "Type"),
    ("priority", "Priority"), ("group", "Group"), ("assignee", "Assignee"), ("custom_status", "Ticket status"),
)  # fmt: skip
TAG_FIELDS = frozenset({"tagger", "multiselect", "checkbox"})
STAFF = frozenset({"agent", "admin"})


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def epoch(at: datetime) -> int:
    return int(at.timestamp())


def instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def utc_now() -> datetime:
    return datetime.now(UTC)


class ZendeskPeople:
    """An account as it is bought plus some people; ``now`` is the desk's own clock."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self.lock = threading.RLock()
        self._numbers = itertools.count(4_400_000_000_001)
        self._order = itertools.count(1)
        self.users: dict[int, Row] = {}
        self.groups: dict[int, Row] = {}
        self.memberships: dict[int, Row] = {}
        self.organizations: dict[int, Row] = {}
        self.fields: dict[int, Row] = {}
        self.statuses: dict[int, Row] = {}
        self.brands: dict[int, Row] = {}
        self.forms: dict[int, Row] = {}
        self.schedules: dict[int, Row] = {}
        self.availabilities: dict[int, str] | None = None
        self.custom_statuses = True
        self.time_zone = "UTC"
        self.order_of: dict[int, int] = {}
        self.now = lambda: now() - timedelta(days=365)
        self._furnish()
        self.now = now

    def _furnish(self) -> None:
        self.add_brand("Acme", default=True)
        self.add_form("Default ticket form", default=True)
        for category, label in STOCK_STATUSES:
            self.add_status(category, label, default=True)
        for kind, title in SYSTEM_FIELDS:
            self.add_field(title, kind, removable=False)
        for title, kind in (("Recovery", "text"), ("Follow up by", "date"), ("Seats", "integer"), ("VIP", "checkbox")):
            self.add_field(title, kind)
        self.add_field("Category", "tagger", {"cat_refund": "Refund", "cat_delivery": "Delivery"})
        self.add_field("Products", "multiselect", {"prod_boats": "Boats", "prod_bikes": "Bikes", "prod_rooms": "Rooms"})
        lake = self.add_organization("Lake Tours", {"tier": "gold"})
        groups = [self.add_group("Support"), self.add_group("Billing")]
        self.add_user("makegood@acme.example", "makegood robot", "admin", groups=groups[:1])
        self.add_user("alice@acme.example", "Alice Moreau", "agent", groups=groups)
        self.add_user("bob@acme.example", "Bob Okafor", "agent", groups=groups)
        self.suspend(self.add_user("carol@acme.example", "Carol Jensen", "agent", groups=groups[:1]))
        self.add_user("reader@acme.example", "Reading robot", "agent", groups=groups[:1], light=True)
        self.add_user("ana@customer.example", "Ana Reyes", organization=lake)
        self.add_user("ben@customer.example", "Ben Hale")

    # ---- what tests set up

    def add_user(
        self, email: str, name: str = "", role: str = "end-user", *, groups: Iterable[int] = (), organization: int | None = None,
        light: bool = False, **columns: Any,
    ) -> int:  # fmt: skip
        number, at = next(self._numbers), stamp(self.now())
        self.users[number] = {
            "id": number, "url": f"https://acme.zendesk.example/api/v2/users/{number}.json", "name": name or email.split("@")[0],
            "email": email, "created_at": at, "updated_at": at, "time_zone": "UTC", "iana_time_zone": "Etc/UTC", "phone": None,
            "shared_phone_number": None, "photo": None, "locale_id": 1, "locale": "en-US", "organization_id": organization,
            "role": role, "role_type": 1 if light else 0 if role == "agent" else None,
            "custom_role_id": 7_700_000_001 if light else None,
            "verified": True, "external_id": None, "tags": [], "alias": "", "active": True,
            "shared": False, "shared_agent": False,
            "last_login_at": None, "two_factor_auth_enabled": None, "signature": None, "details": "", "notes": "",
            "moderator": role == "admin", "ticket_restriction": None if role in STAFF else "requested",
            "only_private_comments": light, "restricted_agent": role != "admin", "suspended": False,
            "default_group_id": next(iter(groups), None),
            "report_csv": role == "admin", "user_fields": {}, **columns,
        }  # fmt: skip
        for place, group in enumerate(groups):
            self.add_membership(number, group, default=place == 0)
        self._touched(number)
        return number

    def change_user(self, who: int | str, **columns: Any) -> None:
        number = who if isinstance(who, int) else self.user_id(who)
        self.users[number] |= {**columns, "updated_at": stamp(self.now())}
        self._touched(number)

    def suspend(self, who: int | str) -> None:
        self.change_user(who, suspended=True)

    def add_group(self, name: str) -> int:
        number, at = next(self._numbers), stamp(self.now())
        self.groups[number] = {
            "id": number, "url": f"https://acme.zendesk.example/api/v2/groups/{number}.json", "name": name, "description": "",
            "default": not self.groups, "is_public": True, "deleted": False, "created_at": at, "updated_at": at,
        }  # fmt: skip
        return number

    def add_membership(self, user: int, group: int, *, default: bool = False) -> int:
        number, at = next(self._numbers), stamp(self.now())
        self.memberships[number] = {
            "id": number, "url": f"https://acme.zendesk.example/api/v2/group_memberships/{number}.json", "user_id": user,
            "group_id": group, "default": default, "created_at": at, "updated_at": at,
        }  # fmt: skip
        return number

    def add_organization(self, name: str, fields: Row | None = None) -> int:
        number, at = next(self._numbers), stamp(self.now())
        self.organizations[number] = {
            "id": number, "url": f"https://acme.zendesk.example/api/v2/organizations/{number}.json", "name": name,
            "shared_tickets": False, "shared_comments": False, "external_id": None, "created_at": at, "updated_at": at,
            "domain_names": [], "details": "", "notes": "", "group_id": None, "tags": [], "organization_fields": fields or {},
        }  # fmt: skip
        self._touched(number)
        return number

    def change_organization(self, number: int, **columns: Any) -> None:
        """New columns; ``organization_fields`` given here replace those of the same names only."""
        row = self.organizations[number]
        fields = row["organization_fields"] | columns.pop("organization_fields", {})
        row |= {**columns, "organization_fields": fields, "updated_at": stamp(self.now())}
        self._touched(number)

    def add_field(
        self, title: str, kind: str = "text", options: dict[str, str] | None = None, *, required: bool = False,
        removable: bool = True,
    ) -> int:  # fmt: skip
        """A ticket field; ``options`` are names by value; ``required`` means: to solve a ticket."""
        number, at = next(self._numbers), stamp(self.now())
        listed = {"custom_field_options": self._options(options)} if options else {}
        self.fields[number] = {
            "id": number, "url": f"https://acme.zendesk.example/api/v2/ticket_fields/{number}.json", "type": kind, "title": title,
            "raw_title": title, "description": title, "raw_description": title, "position": len(self.fields), "active": True,
            "required": required, "collapsed_for_agents": False, "regexp_for_validation": None, "title_in_portal": title,
            "raw_title_in_portal": title, "visible_in_portal": False, "editable_in_portal": False, "required_in_portal": False,
            "agent_can_edit": True, "tag": title.lower() if kind == "checkbox" else None, "created_at": at, "updated_at": at,
            "removable": removable, "key": None, "agent_description": None, **listed,
        }  # fmt: skip
        return number

    def _options(self, options: dict[str, str]) -> list[Row]:
        return [
            {"id": next(self._numbers), "name": name, "raw_name": name, "value": value, "default": False}
            for value, name in options.items()
        ]

    def add_status(self, category: str, label: str, *, default: bool = False) -> int:
        number, at = next(self._numbers), stamp(self.now())
        self.statuses[number] = {
            "id": number, "url": f"https://acme.zendesk.example/api/v2/custom_statuses/{number}.json", "status_category": category,
            "agent_label": label, "raw_agent_label": label, "end_user_label": label, "raw_end_user_label": label,
            "description": "", "raw_description": "", "end_user_description": "", "raw_end_user_description": "",
            "active": True, "default": default, "created_at": at, "updated_at": at,
        }  # fmt: skip
        return number

    def add_brand(self, name: str, *, default: bool = False) -> int:
        number, at = next(self._numbers), stamp(self.now())
        self.brands[number] = {
            "id": number, "url": f"https://acme.zendesk.example/api/v2/brands/{number}.json", "name": name,
            "brand_url": f"https://{name.lower()}.zendesk.example", "subdomain": name.lower(), "has_help_center": True,
            "help_center_state": "enabled", "active": True, "default": default, "is_deleted": False, "logo": None,
            "ticket_form_ids": [], "signature_template": "{{agent.signature}}", "created_at": at, "updated_at": at,
            "host_mapping": None,
        }  # fmt: skip
        return number

    def add_form(self, name: str, *, default: bool = False) -> int:
        number, at = next(self._numbers), stamp(self.now())
        self.forms[number] = {
            "id": number, "url": f"https://acme.zendesk.example/api/v2/ticket_forms/{number}.json", "name": name,
            "display_name": name, "raw_name": name, "raw_display_name": name, "end_user_visible": True, "position": 1,
            "ticket_field_ids": [], "active": True, "default": default, "in_all_brands": True, "restricted_brand_ids": [],
            "end_user_conditions": [], "agent_conditions": [], "created_at": at, "updated_at": at,
        }  # fmt: skip
        return number

    def add_schedule(self, name: str, intervals: list[tuple[int, int]], *, time_zone: str = "Berlin") -> int:
        """Working hours: minutes since Sunday 00:00; the zone by its Rails name."""
        number, at = next(self._numbers), stamp(self.now())
        hours = [{"start_time": start, "end_time": end} for start, end in intervals]
        self.schedules[number] = {
            "id": number, "name": name, "time_zone": time_zone, "intervals": hours, "created_at": at, "updated_at": at,
            "holidays": [],
        }  # fmt: skip
        return number

    def add_holiday(self, schedule: int, name: str, start: str, end: str = "") -> int:
        number = next(self._numbers)
        row = {"id": number, "name": name, "start_date": start, "end_date": end or start}
        self.schedules[schedule]["holidays"].append(row)
        return number

    def set_availability(self, who: int | str, status: str) -> None:
        """``online``, ``away``, ``offline`` or ``transfers_only``; the first one switches omnichannel routing on."""
        number = who if isinstance(who, int) else self.user_id(who)
        self.availabilities = {**(self.availabilities or {}), number: status}

    # ---- what everybody asks

    def user_id(self, email: str) -> int:
        return next(number for number, user in self.users.items() if user["email"] == email)

    def group_id(self, name: str) -> int:
        return next(number for number, group in self.groups.items() if group["name"] == name)

    def organization_id(self, name: str) -> int:
        return next(number for number, row in self.organizations.items() if row["name"] == name)

    def field_id(self, title: str) -> int:
        return next(number for number, field in self.fields.items() if field["title"] == title)

    def status_id(self, label: str) -> int:
        return next(number for number, row in self.statuses.items() if row["agent_label"] == label)

    def person(self, who: int | str) -> int:
        """The number of somebody; whoever is not known yet becomes a customer."""
        if isinstance(who, int):
            return who
        known = (number for number, user in self.users.items() if user["email"] == who)
        return next(known, None) or self.add_user(who)

    def staff(self, number: int) -> bool:
        return number in self.users and self.users[number]["role"] in STAFF

    def groups_of(self, user: int) -> list[int]:
        """A user's groups, the default one first."""
        rows = sorted(self.memberships.values(), key=lambda row: not row["default"])
        return [row["group_id"] for row in rows if row["user_id"] == user]

    def default_status(self, category: str) -> int | None:
        wanted = "solved" if category == "closed" else category
        found = (n for n, row in self.statuses.items() if row["status_category"] == wanted and row["default"])
        return next(found, None)

    def custom_fields(self) -> dict[int, Row]:
        return {number: row for number, row in self.fields.items() if row["removable"] and row["active"]}

    def _touched(self, number: int) -> None:
        self.order_of[number] = next(self._order)
