"""The account's lists: who is in which group, fields, statuses, forms, brands, service levels, working hours.

Some belong to plans that not every account has: an answer of 403 or 404 means that there are none. Who we are, people, groups
and fields are fetched at every refresh; of those that seldom change one at a time, in turn.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from .ticket import Catalogue
from .transport import answered
from .zendesk_schedules import schedule_of
from .zendesk_words import CATEGORIES, STOCK, TYPES, Desk, custom_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .ticket import Status
    from .zendesk_http import Http
    from .zendesk_words import Row, Words

_NOT_IN_PLAN = (403, 404)
ONLINE = 3
"""The unified agent status in which somebody takes work; 2 is offline, 4 away, 5 takes transfers only, others are custom."""
_NOT_AT_WORK = (2, 4, 5)


def whole_desk(http: Http) -> tuple[Desk, list[Row]]:
    """Everything that names are made of, and all agents as rows, those in no group too: rules may tell them things."""
    desk = Desk()
    agents = often(http, desk)
    for fetch in SELDOM:
        fetch(http, desk)
    return desk, [*http.rows("users?role[]=agent&role[]=admin", "users"), *agents]


def often(http: Http, desk: Desk) -> list[Row]:
    """Who we are, groups, who is in them, who is away, fields; we and the agents in groups as rows."""
    us = _ourselves(http, desk)
    _groups(http, desk)
    agents = _members(http, desk)
    desk.fields = custom_fields(http.rows("ticket_fields", "ticket_fields"))
    _away(http, desk)
    return [*agents, *us]


def _ourselves(http: Http, desk: Desk) -> list[Row]:
    """Our account. The settings may name another one than before, and who we were is a person like others then."""
    me, before = http.json("users/me")["user"], desk.me
    desk.me, desk.zone = str(me["id"]), str(me.get("iana_time_zone") or "UTC")
    if before in ("", desk.me):
        return [me]
    return [me, *(http.json("users/show_many", {"ids": before}).get("users") or ())]


def _groups(http: Http, desk: Desk) -> None:
    """The groups there are; of those that went away the names are kept, for tickets and events may still bear them."""
    known = desk.former | desk.groups
    desk.groups = {str(row["id"]): str(row["name"]) for row in http.rows("groups", "groups") if not row.get("deleted")}
    desk.former = {number: name for number, name in known.items() if number not in desk.groups}


def _members(http: Http, desk: Desk) -> list[Row]:
    agents: dict[str, Row] = {}
    members: dict[str, set[str]] = {}
    for page in http.pages("group_memberships", {"include": "users"}):
        agents |= {str(user["id"]): user for user in page.get("users") or ()}
        for each in page.get("group_memberships") or ():
            members.setdefault(str(each["user_id"]), set()).add(str(each["group_id"]))
    desk.members = {person: sorted(found) for person, found in members.items()}
    return list(agents.values())


def agents_groups(http: Http, number: str) -> list[str]:
    """The groups that one agent is in at this moment."""
    rows = http.rows(f"users/{number}/group_memberships", "group_memberships")
    return sorted({str(row["group_id"]) for row in rows})


def _away(http: Http, desk: Desk) -> None:
    """Agents' own presence, where the account routes by it; an account that does not was asked once."""
    if desk.routes is False:
        return
    rows = _optional(http, "agent_availabilities", "data")
    desk.routes = rows is not None
    desk.away = {}
    for row in rows or ():
        said = row.get("attributes") or {}
        state = int((said.get("agent_status") or {}).get("id") or 0)
        if said.get("agent_id") and state in (*_NOT_AT_WORK, ONLINE):
            desk.away[str(said["agent_id"])] = state in _NOT_AT_WORK


def _optional(http: Http, path: str, name: str) -> list[Row] | None:
    """All rows of a list, ``None`` where the account's plan has no such list."""
    answer = http.get(path, {"page[size]": "100"}, also=_NOT_IN_PLAN)
    if answer.status_code >= 300:
        return None
    return [row for page in http.following(path, answered(answer)) for row in page.get(name) or ()]


def statuses(http: Http, desk: Desk) -> None:
    """Custom statuses; inactive ones too, for tickets may still have them."""
    rows = _optional(http, "custom_statuses", "custom_statuses") or ()
    desk.statuses = {str(row["id"]): (str(row["agent_label"]), str(row["status_category"])) for row in rows}


def forms(http: Http, desk: Desk) -> None:
    """Ticket forms."""
    desk.forms = {str(row["id"]): str(row["name"]) for row in _optional(http, "ticket_forms", "ticket_forms") or ()}


def brands(http: Http, desk: Desk) -> None:
    """Brands."""
    desk.brands = {str(row["id"]): str(row["name"]) for row in _optional(http, "brands", "brands") or ()}


def levels(http: Http, desk: Desk) -> None:
    """The metrics for which service level policies set targets."""
    policies = _optional(http, "slas/policies", "sla_policies") or ()
    desk.slas = sorted({str(each["metric"]) for row in policies for each in row.get("policy_metrics") or ()})


def schedules(http: Http, desk: Desk) -> None:
    """The account's working hours with their holidays."""
    desk.hours = []
    for row in _optional(http, "business_hours/schedules", "schedules") or ():
        holidays = _optional(http, f"business_hours/schedules/{row['id']}/holidays", "holidays") or ()
        if found := schedule_of(row, holidays):
            desk.hours.append(found)


SELDOM: tuple[Callable[[Http, Desk], None], ...] = (statuses, forms, brands, levels, schedules)
"""Lists that change seldom."""


def catalogue_of(desk: Desk, words: Words) -> Catalogue:
    """The desk's own words as rules may name them."""
    return Catalogue(
        me=desk.me,
        groups=tuple(sorted(set(desk.groups.values()))),
        statuses=_statuses(desk),
        fields={each.title: each.spec() for each in desk.fields.values()},
        types=TYPES,
        forms=tuple(sorted(desk.forms.values())),
        brands=tuple(sorted(desk.brands.values())),
        slas=tuple(desk.slas),
        schedules=tuple(desk.hours),
        promise_field=words.fields.get("promise_due"),
        time_zone=desk.zone,
        rights=hashlib.sha256("|".join([desk.me, *sorted(desk.members.get(desk.me, []))]).encode()).hexdigest()[:16],
    )


def _statuses(desk: Desk) -> Mapping[str, Status]:

    own = {name: CATEGORIES.get(category, "open") for name, category in desk.statuses.values()}
    return {**(own or STOCK), "Closed": "closed"}
