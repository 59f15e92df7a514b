"""What a Zendesk makes of the fields of one update: what it refuses, and what else changes along with them."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from fake_zendesk_people import STAFF, TAG_FIELDS, instant, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_zendesk_people import Row, ZendeskPeople

STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
PRIORITIES = (None, "low", "normal", "high", "urgent")
TYPES = (None, "problem", "incident", "question", "task")
PLAIN = ("subject", "priority", "type", "external_id", "problem_id", "brand_id", "ticket_form_id", "recipient")
COLUMNS = (
    *PLAIN, "status", "custom_status_id", "assignee_id", "group_id", "requester_id", "organization_id", "tags", "due_at",
    "custom_fields", "email_cc_ids",
)  # fmt: skip
OTHER_KEYS = (
    "id", "comment", "metadata", "safe_update", "updated_stamp", "email_ccs", "followers", "collaborator_ids", "fields",
    "assignee_email", "additional_collaborators", "sharing_agreement_ids", "attribute_value_ids",
)  # fmt: skip
PERMITTED = frozenset({*COLUMNS, *OTHER_KEYS}) - {"email_cc_ids"}


class Invalid(Exception):
    """A 422: what is blamed (assignee, group, status, base, a field's number) and why."""

    def __init__(self, blamed: str, description: str, error: str = "InvalidValue", **more: Any) -> None:
        super().__init__(description)
        self.details = {blamed: [{"description": description, "error": error, **more}]}


class Intent:
    """Columns as they will be after an update; ``lenient`` is for tickets that tests put there ready made."""

    def __init__(self, desk: ZendeskPeople, row: Row, fields: Row, *, lenient: bool = False) -> None:
        self.desk, self.row, self.fields, self.lenient = desk, row, fields, lenient
        self.new: Row = {}

    def settled(self) -> Row:
        """The columns that become different.

        Raises:
            Invalid: the update is refused as a whole.
        """
        if self.row["status"] == "closed":
            raise Invalid("status", "Status: closed prevents ticket update")
        for step in _STEPS:
            step(self)
        return {name: value for name, value in self.new.items() if value != self.row[name]}

    def after(self, name: str) -> Any:
        return self.new.get(name, self.row[name])

    def _plain(self) -> None:
        for name in PLAIN:
            if name in self.fields:
                self.new[name] = self.fields[name]
        for name, allowed in (("priority", PRIORITIES), ("type", TYPES)):
            if self.after(name) not in allowed:
                raise Invalid(name, f"{name.capitalize()}: {self.after(name)} is not a valid choice")

    def _people(self) -> None:
        if "requester_id" in self.fields:
            requester = self.desk.users.get(self.fields["requester_id"])
            if requester is None or requester["suspended"]:
                raise Invalid("requester", "Requester: is invalid")
            self.new |= {"requester_id": requester["id"], "organization_id": requester["organization_id"]}
        if self.fields.get("organization_id"):
            allowed = self.desk.users[self.after("requester_id")]["organization_id"]
            if self.fields["organization_id"] != allowed and not self.lenient:
                raise Invalid("organization", "Organization: is not one of the requester's organizations")
        if "organization_id" in self.fields:
            self.new["organization_id"] = self.fields["organization_id"]

    def _owner(self) -> None:
        group, asked = self.fields.get("group_id"), "group_id" in self.fields
        if group is not None and (group not in self.desk.groups or self.desk.groups[group]["deleted"]):
            raise Invalid("group", "Group: is invalid")
        if asked:
            self.new["group_id"] = group
        if "assignee_id" in self.fields:
            self._assign(self.fields["assignee_id"], group)
        elif asked and self.row["assignee_id"] and group not in self.desk.groups_of(self.row["assignee_id"]):
            self.new["assignee_id"] = None

    def _assign(self, number: int | None, group: int | None) -> None:
        self.new["assignee_id"] = number
        if number is None:
            return
        user = self.desk.users.get(number)
        if user is None or user["role"] not in STAFF or user["suspended"] or user["only_private_comments"]:
            raise Invalid("assignee", "Assignee: is invalid")
        groups = self.desk.groups_of(number)
        if group is not None and group not in groups:
            raise Invalid("assignee", "Assignee: is not a member of the group")
        if self.after("group_id") not in groups:
            self.new["group_id"] = groups[0] if groups else None

    def _status(self) -> None:
        custom = self.fields.get("custom_status_id") if self.desk.custom_statuses else None
        status = self.fields.get("status")
        if custom is not None:
            known = self.desk.statuses.get(custom)
            if known is None or not known["active"]:
                raise Invalid("custom_status", "Ticket status: is invalid")
            self._becomes(known["status_category"], custom)
        elif status is not None:
            if status not in STATUSES:
                raise Invalid("status", f"Status: {status} is not a valid choice")
            self._becomes(status, self.desk.default_status(status))
        elif self.row["status"] == "new" and self.after("assignee_id"):
            self._becomes("open", self.desk.default_status("open"))

    def _becomes(self, category: str, custom: int | None) -> None:
        self.new["status"] = category
        if self.desk.custom_statuses:
            self.new["custom_status_id"] = custom

    def _due(self) -> None:
        due = self.fields.get("due_at", self.row["due_at"])
        self.new["due_at"] = stamp(instant(due)) if due and self.after("type") == "task" else None

    def _values(self) -> None:
        """Field values and tags: two views of one thing for drop-downs, multi-selects and checkboxes; given tags win."""
        known, values = self.desk.custom_fields(), dict(self.row["custom_fields"])
        given = [re.sub(r"\s+", "_", str(tag).strip().lower()) for tag in self.fields.get("tags") or ()]
        tags = given if self.lenient and "tags" in self.fields else list(self.row["tags"])
        for number, value in (self.fields.get("custom_fields") or {}).items():
            if number in known:
                tags = retagged(tags, known[number], value)
                values[number] = checked(known[number], value)
        if "tags" in self.fields:
            tags = tags if self.lenient else given
            for number in (number for number, field in known.items() if field["type"] in TAG_FIELDS):
                values[number] = derived(known[number], tags, values.get(number))
        self.new |= {"tags": sorted(set(tags)), "custom_fields": values}

    def _solving(self) -> None:
        if self.lenient or self.new.get("status") not in ("solved", "closed") or self.row["status"] == "solved":
            return
        if not self.after("assignee_id"):
            raise Invalid("assignee", "Assignee: is required when solving a ticket", "BlankValue")
        for number, field in self.desk.custom_fields().items():
            if field["required"] and self.new["custom_fields"].get(number) in (None, "", [], False):
                more = {"ticket_field_id": number, "ticket_field_type": f"Field{field['type'].capitalize()}"}
                raise Invalid("base", f"{field['title']}: is required when solving a ticket", "BlankValue", **more)

    def _copied(self) -> None:
        if "email_ccs" not in self.fields:
            return
        kept = list(self.row["email_cc_ids"])
        for each in self.fields["email_ccs"] or ():
            number = int(each["user_id"]) if each.get("user_id") else self.desk.person(each["user_email"])
            kept = [cc for cc in kept if cc != number] + ([number] if each.get("action", "put") == "put" else [])
        self.new["email_cc_ids"] = kept


_STEPS: tuple[Callable[[Intent], None], ...] = (
    Intent._plain, Intent._people, Intent._owner, Intent._status, Intent._due, Intent._values, Intent._solving,
    Intent._copied,
)  # fmt: skip


def options_of(field: Row) -> list[str]:
    """The tags behind a field."""
    if field["type"] == "checkbox":
        return [field["tag"]]
    return [option["value"] for option in field.get("custom_field_options", ())]


def retagged(tags: list[str], field: Row, value: Any) -> list[str]:
    """The tags once a field has a value."""
    if field["type"] not in TAG_FIELDS:
        return tags
    came = value if isinstance(value, list) else [field["tag"]] if value is True else [value] if value else []
    return [tag for tag in tags if tag not in options_of(field)] + came


def derived(field: Row, tags: list[str], before: Any) -> Any:
    """A field's value once the ticket has these tags."""
    found = [value for value in options_of(field) if value in tags]
    if field["type"] == "checkbox":
        return bool(found)
    if field["type"] == "multiselect":
        return found or None
    return before if before in found else next(iter(found), None)


def checked(field: Row, value: Any) -> Any:
    """A value as it is kept.

    Raises:
        Invalid: it is none for this field.
    """
    if value in (None, "", []):
        return False if field["type"] == "checkbox" else None
    try:
        return _CHECKS.get(field["type"], lambda _, given: str(given))(field, value)
    except (ValueError, TypeError):
        more = {"ticket_field_id": field["id"], "ticket_field_type": f"Field{field['type'].capitalize()}"}
        raise Invalid(str(field["id"]), f"{field['title']}: is invalid", **more) from None


def _option(field: Row, value: Any) -> str:
    if value not in options_of(field):
        raise ValueError(value)
    return str(value)


def _flag(_: Row, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


_CHECKS: dict[str, Callable[[Any, Any], Any]] = {
    "date": lambda _, value: date.fromisoformat(value).isoformat(),
    "integer": lambda _, value: int(value),
    "decimal": lambda _, value: float(value),
    "checkbox": _flag,
    "tagger": _option,
    "multiselect": lambda field, values: [_option(field, value) for value in values],
}
