"""What the fake Zendesk answers to reads that are no exports."""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fake_zendesk_people import epoch, instant, stamp
from fake_zendesk_shapes import sideloads, ticket_row
from fake_zendesk_writes import STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fake_zendesk import Asked, FakeZendesk
    from fake_zendesk_people import Row

Answer = tuple[int, Any, dict[str, str]]
NOT_FOUND: Answer = (404, {"error": "RecordNotFound", "description": "Not found"}, {})
NO_FEATURE: Answer = (403, {"error": {"title": "Forbidden", "message": "You do not have access to this page."}}, {})
LARGEST = 100
PRESENCE = {"offline": "2", "online": "3", "away": "4", "transfers_only": "5"}
HOUR = timedelta(hours=1)


def listed(zd: FakeZendesk, asked: Asked, name: str, rows: Iterable[Row], **beside: Any) -> Answer:
    """A page of a list: by cursor if ``page[size]`` is asked for, by number otherwise."""
    rows = list(rows)
    if "page[size]" not in asked.params:
        return _numbered(asked, name, rows, beside)
    size, spot = min(LARGEST, int(asked.params["page[size]"])), _spot(asked)
    if spot is None:
        return 400, {"error": "InvalidPaginationParameter", "description": "page[after] is not valid"}, {}
    page, after = rows[spot : spot + size], spot + size
    if asked.twist:
        page, after = zd.last_page.get(asked.path, []) if asked.twist == "duplicate_page" else [], spot
    zd.last_page[asked.path] = page
    more = after < len(rows) or bool(asked.twist)
    cursor = base64.urlsafe_b64encode(json.dumps([after, epoch(zd.now())]).encode()).decode()
    meta = {"has_more": more, "after_cursor": cursor, "before_cursor": None}
    url = f"{asked.site}/api/v2/{asked.path}.json?page[size]={size}&page[after]={cursor}"
    return 200, {name: page, **beside, "meta": meta, "links": {"next": url if more else None, "prev": None}}, {}


def _numbered(asked: Asked, name: str, rows: list[Row], beside: Row) -> Answer:
    page = int(asked.params.get("page", 1))
    if page * LARGEST > 10_000:
        return 400, {"error": "InvalidPaginationDepth", "description": "Number of allowed pages exceeded"}, {}
    more = page * LARGEST < len(rows)
    url = f"{asked.site}/api/v2/{asked.path}.json?page={page + 1}" if more else None
    cut = rows[(page - 1) * LARGEST : page * LARGEST]
    return 200, {name: cut, **beside, "next_page": url, "previous_page": None, "count": len(rows)}, {}


def _spot(asked: Asked) -> int | None:
    """How many rows were served before; ``None`` if the cursor is none."""
    try:
        return (
            int(json.loads(base64.urlsafe_b64decode(asked.params["page[after]"]))[0])
            if "page[after]" in asked.params
            else 0
        )
    except (ValueError, TypeError):
        return None


def _numbers(asked: Asked) -> list[int]:
    return [int(each) for each in asked.params.get("ids", "").split(",") if each.strip().isdigit()]


# ---- tickets


def ticket(zd: FakeZendesk, asked: Asked, number: str) -> Answer:
    row, include = zd.ticket_of(int(number)), asked.params.get("include", "")
    if row is None:
        return NOT_FOUND
    return 200, {"ticket": ticket_row(zd, row, include), **sideloads(zd, [row], include)}, {}


def show_many(zd: FakeZendesk, asked: Asked) -> Answer:
    numbers, include = _numbers(asked), asked.params.get("include", "")
    if len(numbers) > LARGEST:
        return 400, {"error": "TooManyValues", "description": "Too many values", "details": {"max_count": LARGEST}}, {}
    found = [row for row in map(zd.ticket_of, dict.fromkeys(numbers)) if row]
    rows = [ticket_row(zd, row, include) for row in found]
    page = {"next_page": None, "previous_page": None, "count": len(rows)}
    return 200, {"tickets": rows, **sideloads(zd, found, include), **page}, {}


def audits(zd: FakeZendesk, asked: Asked, number: str) -> Answer:
    row, include = zd.ticket_of(int(number)), asked.params.get("include", "").split(",")
    if row is None:
        return NOT_FOUND
    rows = [audit.row for audit in zd.audits_of.get(row["id"], ())]
    rows.sort(key=lambda each: (each["created_at"], each["id"]))
    people = [n for each in rows for n in (each["author_id"], *(e.get("author_id") for e in each["events"]))]
    beside = {"tickets": [ticket_row(zd, row)]} if "tickets" in include else {}
    beside |= {"users": _people(zd, [*people, row["requester_id"]])} if "users" in include else {}
    return listed(zd, asked, "audits", rows, **beside)


def _people(zd: FakeZendesk, numbers: Iterable[Any]) -> list[Row]:
    return [zd.users[number] for number in dict.fromkeys(numbers) if number in zd.users]


def comments(zd: FakeZendesk, asked: Asked, number: str) -> Answer:
    row = zd.ticket_of(int(number))
    if row is None:
        return NOT_FOUND
    rows = [
        {
            **event,
            "created_at": audit.row["created_at"],
            "metadata": {**audit.row["metadata"], **event.get("metadata", {})},
        }
        for audit in zd.audits_of.get(row["id"], ())
        for event in audit.events
        if event["type"] == "Comment"
    ]
    beside = (
        {"users": _people(zd, [each["author_id"] for each in rows])}
        if "users" in asked.params.get("include", "")
        else {}
    )
    return listed(zd, asked, "comments", rows, **beside)


def search_export(zd: FakeZendesk, asked: Asked) -> Answer:
    if asked.params.get("filter[type]") != "ticket":
        return 400, {"error": "invalid", "description": "filter[type] is required"}, {}
    if "page[after]" in asked.params:
        asked_at = json.loads(base64.urlsafe_b64decode(asked.params["page[after]"]))[1]
        if zd.seconds() - asked_at > HOUR.total_seconds():
            return 400, {"error": "InvalidPaginationParameter", "description": "The cursor has expired"}, {}
    limits = re.findall(r"(\w+)(<=|>=|<|>|:)(\S+)", asked.params.get("query", ""))
    own = (row for row in zd.tickets.values() if row["status"] != "deleted")
    rows = [row for row in (*zd.made.rows(), *own) if all(_meets(row, *limit) for limit in limits)]
    rows.sort(key=lambda row: (row["created_at"], row["id"]))
    return listed(zd, asked, "results", [ticket_row(zd, row) | {"result_type": "ticket"} for row in rows])


def _meets(row: Row, name: str, sign: str, value: str) -> bool:
    if name == "type":
        return value == "ticket"
    have: Any = STATUSES.index(row["status"]) if name == "status" else row[f"{name}_at"]
    want: Any = STATUSES.index(value) if name == "status" else stamp(instant(value))
    answers = {"<": have < want, ">": have > want, "<=": have <= want, ">=": have >= want, ":": have == want}
    return answers[sign]


# ---- people


def me(zd: FakeZendesk, asked: Asked) -> Answer:
    user = zd.users[zd.user_id(asked.user or "")]
    return 200, {"user": {**user, "authenticity_token": "made-up"}}, {}


def users_many(zd: FakeZendesk, asked: Asked) -> Answer:
    rows = _people(zd, _numbers(asked))
    return 200, {"users": rows, "next_page": None, "previous_page": None, "count": len(rows)}, {}


def user(zd: FakeZendesk, _: Asked, number: str) -> Answer:
    return (200, {"user": zd.users[int(number)]}, {}) if int(number) in zd.users else NOT_FOUND


def users(zd: FakeZendesk, asked: Asked) -> Answer:
    roles = set(asked.params.get("role[]", asked.params.get("role", "")).split(",")) - {""}
    return listed(zd, asked, "users", [row for row in zd.users.values() if not roles or row["role"] in roles])


def groups(zd: FakeZendesk, asked: Asked) -> Answer:
    return listed(zd, asked, "groups", zd.groups.values())


def memberships(zd: FakeZendesk, asked: Asked) -> Answer:
    include, rows = asked.params.get("include", "").split(","), list(zd.memberships.values())
    beside: Row = {"users": _people(zd, (row["user_id"] for row in rows))} if "users" in include else {}
    beside |= {"groups": list(zd.groups.values())} if "groups" in include else {}
    return listed(zd, asked, "group_memberships", rows, **beside)


def memberships_of(zd: FakeZendesk, asked: Asked, user: str) -> Answer:
    rows = [row for row in zd.memberships.values() if row["user_id"] == int(user)]
    return listed(zd, asked, "group_memberships", rows)


def autocomplete(zd: FakeZendesk, asked: Asked) -> Answer:
    name = asked.params.get("name", "").lower()
    found = [row for row in zd.organizations.values() if row["name"].lower().startswith(name)]
    return 200, {"organizations": found, "next_page": None, "previous_page": None, "count": len(found)}, {}


def organizations_many(zd: FakeZendesk, asked: Asked) -> Answer:
    found = [zd.organizations[number] for number in _numbers(asked) if number in zd.organizations]
    return 200, {"organizations": found, "next_page": None, "previous_page": None, "count": len(found)}, {}


# ---- the account


def fields(zd: FakeZendesk, asked: Asked) -> Answer:
    hidden = () if zd.custom_statuses else ("custom_status",)
    return listed(zd, asked, "ticket_fields", [row for row in zd.fields.values() if row["type"] not in hidden])


def statuses(zd: FakeZendesk, _: Asked) -> Answer:
    return (200, {"custom_statuses": list(zd.statuses.values())}, {}) if zd.custom_statuses else NOT_FOUND


def brands(zd: FakeZendesk, asked: Asked) -> Answer:
    return listed(zd, asked, "brands", zd.brands.values())


def forms(zd: FakeZendesk, asked: Asked) -> Answer:
    return listed(zd, asked, "ticket_forms", zd.forms.values()) if zd.has_forms else NO_FEATURE


def sla_policies(zd: FakeZendesk, _: Asked) -> Answer:
    rows = list(zd.sla.policies.values())
    return (
        (200, {"sla_policies": rows, "next_page": None, "previous_page": None, "count": len(rows)}, {})
        if rows
        else NO_FEATURE
    )


def schedules(zd: FakeZendesk, _: Asked) -> Answer:
    rows = [{name: value for name, value in row.items() if name != "holidays"} for row in zd.schedules.values()]
    return 200, {"schedules": rows, "url": f"{zd.url}/api/v2/business_hours/schedules.json"}, {}


def holidays(zd: FakeZendesk, asked: Asked, number: str) -> Answer:
    row = zd.schedules.get(int(number))
    return (200, {"holidays": row["holidays"], "url": f"{zd.url}/api/v2/{asked.path}.json"}, {}) if row else NOT_FOUND


def availabilities(zd: FakeZendesk, asked: Asked) -> Answer:
    if zd.availabilities is None:
        return NOT_FOUND
    rows = [_availability(number, status) for number, status in sorted(zd.availabilities.items())]
    status, body, headers = listed(zd, asked, "data", rows)
    return status, {"meta": {"has_more": False}, "links": {"next": None}, **body}, headers


def _availability(number: int, status: str) -> Row:
    attributes = {"agent_id": number, "version": 1, "agent_status": {"id": PRESENCE[status], "name": status}}
    return {"type": "agent_availabilities", "id": f"01934f2c-0000-7000-8000-{number:012x}", "attributes": attributes}


def ratings(zd: FakeZendesk, asked: Asked) -> Answer:
    if zd.csat_model != "legacy":
        return NO_FEATURE
    start = int(asked.params.get("start_time", 0))
    return listed(
        zd, asked, "satisfaction_ratings", [r for r in zd.ratings if epoch(instant(r["created_at"])) >= start]
    )


def settings(zd: FakeZendesk, _: Asked) -> Answer:
    tickets = {"comments_public_by_default": True, "list_newest_comments_first": True, "rich_text_comments": True}
    localization = {"locale_ids": [1], "time_zone": zd.time_zone, "iana_time_zone": zd.time_zone}
    feature = {"custom_statuses_enabled": zd.custom_statuses, "satisfaction_ratings": zd.csat_model == "legacy"}
    return 200, {"settings": {"tickets": tickets, "localization": localization, "active_features": feature}}, {}


def token_current(zd: FakeZendesk, asked: Asked) -> Answer:
    token = zd.entry.tokens.get(asked.headers.get("authorization", "").removeprefix("Bearer "))
    if token is None:
        return NOT_FOUND
    said = {"id": 1, "user_id": zd.user_id(token.user), "scopes": list(token.scopes), "expires_at": stamp(token.ends)}
    return 200, {"token": said}, {}


def locales(_: FakeZendesk, __: Asked) -> Answer:
    row = {"id": 1, "locale": "en-US", "name": "English (United States)", "native_name": "English", "default": True}
    return 200, {"locales": [row], "count": 1, "next_page": None, "previous_page": None}, {}


def triggers(zd: FakeZendesk, asked: Asked) -> Answer:
    rows = [
        {"id": each.id, "title": each.title, "active": each.active, "position": place, "conditions": each.conditions,
         "actions": [{"field": name, "value": value} for name, value in each.then.items()], "default": False, "description": None}
        for place, each in enumerate(zd.triggers)
        if each.active
    ]  # fmt: skip
    return listed(zd, asked, "triggers", rows)


def job(zd: FakeZendesk, _: Asked, number: str) -> Answer:
    return (200, {"job_status": zd.jobs[number]}, {}) if number in zd.jobs else NOT_FOUND
