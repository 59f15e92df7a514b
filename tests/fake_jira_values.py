"""What the fields of an issue hold: as it is kept, as tests say it, as it comes in over the wire, and as a changelog tells it."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from fake_jira_adf import is_document, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_jira_issues import JiraIssues
    from fake_jira_people import Row

TEXTS = frozenset({"description", "textarea"})
PEOPLE = frozenset({"assignee", "reporter", "creator", "user"})
MANY_PEOPLE = frozenset({"users", "participants"})
OPTIONS = frozenset({"multiselect", "checkboxes"})
LISTS = MANY_PEOPLE | OPTIONS | {"labels", "organizations"}
READ_ONLY = frozenset(
    {"status", "statusCategory", "created", "updated", "creator", "project", "resolution", "resolutiondate", "comment",
     "issuelinks", "subtasks", "sla", "feedback", "feedback_date", "sentiment", "approvals", "language"}
)  # fmt: skip


class Invalid(Exception):
    """A 400 that blames fields: ``errors`` are messages by field."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.errors = {field: message}


def cannot_set(field: str) -> Invalid:
    return Invalid(field, f"Field '{field}' cannot be set. It is not on the appropriate screen, or unknown.")


# ---- as tests say it


def kept(site: JiraIssues, field: str, said: Any) -> Any:
    """A value as it is kept, from names, e-mails and keys as tests say them."""
    kind = site.kind(field)
    if said is None:
        return [] if kind in LISTS else None
    if kind in LISTS:
        return [_one(site, field, kind, each) for each in said]
    return _one(site, field, kind, said)


def _one(site: JiraIssues, field: str, kind: str, said: Any) -> Any:
    if kind in PEOPLE or kind in MANY_PEOPLE:
        return site.person(said)
    if kind in OPTIONS or kind == "select":
        return site.option(field, said)
    finders: dict[str, Callable[[str], str]] = {
        "status": site.status_id,
        "request_type": site.request_type_id,
        "organizations": lambda each: each if each in site.organizations else site.organization_id(each),
        "priority": lambda each: _called(site.priorities, each),
        "resolution": lambda each: next(n for n, name in site.resolutions.items() if each in (n, name)),
        "issuetype": lambda each: next(n for n, name in site.types.items() if each in (n, name)),
        "parent": lambda each: str(site.issue(each)["id"]),
    }
    return finders[kind](said) if kind in finders else said


def _called(rows: dict[str, Row], said: str) -> str:
    return next(number for number, row in rows.items() if said in (number, row["name"]))


# ---- as it comes in over the wire


def taken(site: JiraIssues, row: Row, field: str, said: Any, version: str) -> Any:
    """A value as it is kept, from JSON; raises :class:`Invalid`."""
    kind = site.kind(field)
    if kind in LISTS:
        if not isinstance(said, (list, type(None))):
            raise Invalid(field, "data was not an array")
        return list(dict.fromkeys(_taken_one(site, row, field, each) for each in said or ()))
    if kind in TEXTS:
        return _text(field, said, version)
    if said is None:
        if kind in ("summary", "issuetype"):
            raise Invalid(field, "You must specify a summary of the issue.")
        return None
    return _taken_one(site, row, field, said)


def _text(field: str, said: Any, version: str) -> str | None:
    if said is None:
        return None
    if version == "3":
        if not is_document(said):
            raise Invalid(field, "Operation value must be an Atlassian Document (see the Atlassian Document Format)")
        return plain(said)
    if not isinstance(said, str):
        raise Invalid(field, "Operation value must be a string")
    return said


def _taken_one(site: JiraIssues, row: Row, field: str, said: Any) -> Any:
    kind = site.kind(field)
    if kind in PEOPLE or kind in MANY_PEOPLE:
        return _person(site, row, field, said)
    if kind in OPTIONS or kind == "select":
        return _option(site, field, said)
    makers: dict[str, Callable[[JiraIssues, str, Any], Any]] = {
        "labels": _label, "number": _number, "date": _day, "duedate": _day, "summary": _line, "text": _line, "group": _group,
        "priority": _priority, "resolution": _resolution, "organizations": _organization, "request_type": _request_type,
        "datetime": lambda _site, _field, each: each, "issuetype": lambda _site, _field, each: str(each["id"]),
        "parent": lambda site, _field, each: str(site.issue(each.get("key") or each["id"])["id"]),
    }  # fmt: skip
    return makers[kind](site, field, said)


def _person(site: JiraIssues, row: Row, field: str, said: Any) -> str:
    names = ("accountId", "id") if site.cloud else ("name", "key")
    given = next((said[name] for name in names if isinstance(said, dict) and name in said), None)
    if field == "assignee" and given == "-1":
        raise Invalid(field, "Specify a valid value for assignee")
    who = next((n for n, user in site.users.items() if given in (n, None if site.cloud else user["key"])), None)
    if given is None or who is None:
        raise Invalid(
            field, "Specify a valid value for " + field if given is None else f"User '{given}' does not exist."
        )
    if field == "assignee" and not site.assignable(who, row["project"]):
        raise Invalid(field, f"User '{given}' cannot be assigned issues.")
    return who


def _option(site: JiraIssues, field: str, said: Any) -> str:
    given = said.get("id", said.get("value")) if isinstance(said, dict) else None
    found = site.option(field, given)
    if found is None:
        raise Invalid(field, f"Option value '{given}' is not valid")
    return found


def _label(_site: JiraIssues, field: str, said: Any) -> str:
    if not isinstance(said, str) or not said:
        raise Invalid(field, "string expected at index 0")
    if re.search(r"\s", said):
        raise Invalid(field, f"The label '{said}' contains spaces which is invalid.")
    if len(said) > 255:
        raise Invalid(field, f"The label '{said[:20]}...' exceeds the maximum length of 255 characters.")
    return said


def _number(_site: JiraIssues, field: str, said: Any) -> float:
    if isinstance(said, bool) or not isinstance(said, (int, float)):
        raise Invalid(field, "Operation value must be a number")
    return float(said)


def _day(_site: JiraIssues, field: str, said: Any) -> str:
    try:
        return date.fromisoformat(said).isoformat()
    except (ValueError, TypeError):
        raise Invalid(field, f"Error parsing date string: {said}") from None


def _line(_site: JiraIssues, field: str, said: Any) -> str:
    if not isinstance(said, str):
        raise Invalid(field, "Operation value must be a string")
    if "\n" in said or len(said) > 255:
        raise Invalid(field, "The entered text is too long. It exceeds the allowed limit of 255 characters.")
    return said


def _group(site: JiraIssues, field: str, said: Any) -> str:
    given = said.get("name") if isinstance(said, dict) else None
    number = said.get("groupId") if isinstance(said, dict) else None
    found = next((name for name, row in site.groups.items() if name == given or (number and row["id"] == number)), None)
    if found is None:
        raise Invalid(field, f"Could not find group with name '{given}'")
    return found


def _priority(site: JiraIssues, field: str, said: Any) -> str:
    given = said.get("id", said.get("name")) if isinstance(said, dict) else None
    found = next((n for n, row in site.priorities.items() if given in (n, row["name"])), None)
    if found is None:
        raise Invalid(field, f"Priority name '{given}' is not valid")
    return found


def _resolution(site: JiraIssues, field: str, said: Any) -> str:
    given = said.get("id", said.get("name")) if isinstance(said, dict) else None
    found = next((n for n, name in site.resolutions.items() if given in (n, name)), None)
    if found is None:
        raise Invalid(field, f"Resolution value '{given}' is not valid.")
    return found


def _organization(site: JiraIssues, field: str, said: Any) -> str:
    if str(said) not in site.organizations:
        raise Invalid(field, f"Organization {said} does not exist.")
    return str(said)


def _request_type(site: JiraIssues, field: str, said: Any) -> str:
    if str(said) not in site.request_types:
        raise Invalid(field, f"Request type {said} is not valid.")
    return str(said)


# ---- as a changelog tells it


def told(site: JiraIssues, field: str, value: Any) -> tuple[str | None, str | None]:
    """A value as the two texts of a changelog: its id (where it has one) and its name."""
    kind = site.kind(field)
    if value in (None, []):
        return None, "" if kind == "labels" else None
    if kind == "labels":
        return None, " ".join(value)
    if kind in LISTS:
        ids = [site.users[each]["key"] if kind in MANY_PEOPLE and not site.cloud else each for each in value]
        return f"[{', '.join(ids)}]", ", ".join(name_of(site, field, each) for each in value)
    if kind in PEOPLE:
        return (value if site.cloud else site.users[value]["key"]), name_of(site, field, value)
    if kind in (
        "priority",
        "status",
        "resolution",
        "issuetype",
        "project",
        "select",
        "request_type",
        "parent",
        "group",
    ):
        return value, name_of(site, field, value)
    if kind in ("date", "duedate"):
        return value, f"{value} 00:00:00.0"
    if kind == "feedback":
        return None, str(value["rating"])
    return None, f"{value:g}" if isinstance(value, float) else str(value)


def name_of(site: JiraIssues, field: str, value: str) -> str:
    """What is called how: the name of a single thing that has an id."""
    kind = site.kind(field)
    if kind in PEOPLE or kind in MANY_PEOPLE:
        return str(site.users[value]["name"])
    if kind in OPTIONS or kind == "select":
        return str(site.fields[field]["options"][value])
    rows: dict[str, dict[str, Any]] = {
        "priority": site.priorities, "status": site.statuses, "project": site.projects, "organizations": site.organizations,
        "request_type": site.request_types, "resolution": site.resolutions, "issuetype": site.types,
    }  # fmt: skip
    if kind == "parent":
        return str(site.issues[value]["key"])
    found = rows[kind][value] if kind in rows else value
    return str(found["name"] if isinstance(found, dict) else found)
