"""What can be written to the fake Jira: fields, labels, properties, owners, transitions and comments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fake_jira_adf import is_document, plain
from fake_jira_asked import Refused, blamed, listed
from fake_jira_reads import editable, field_meta
from fake_jira_search import found, one
from fake_jira_shapes import comment as comment_row
from fake_jira_shapes import status
from fake_jira_values import LISTS, Invalid, cannot_set, taken

if TYPE_CHECKING:
    from fake_jira import FakeJira
    from fake_jira_asked import Answer, Asked
    from fake_jira_people import Row
    from fake_jira_words import Transition

MOST_VALUE, MOST_KEY = 32_768, 255
DONE: tuple[int, bytes, dict[str, str]] = (204, b"", {})


def _may(jira: FakeJira, asked: Asked, row: Row, permission: str, message: str, status: int = 403) -> None:
    if not jira.may(asked.user, permission, row["project"]):
        raise Refused(status, listed(message))


# ---- fields


def edit(jira: FakeJira, asked: Asked, name: str) -> Answer:
    """``PUT issue/{id}``: all or nothing; a ``transition`` in the body is passed over, ``notifyUsers=false`` too but for admins."""
    row, body = found(jira, asked, name), _body(asked)
    _may(jira, asked, row, "EDIT_ISSUES", "You do not have permission to edit issues in this project.")
    screen = frozenset(each for each in jira.known_fields() if editable(jira, each))
    new = _new(jira, asked, row, screen)
    properties = _pairs(body.get("properties") or [])
    who = str(asked.user)
    quiet = asked.params.get("notifyUsers") == "false" and jira.may(who, "ADMINISTER_PROJECTS", row["project"])
    for key, value in properties.items():
        jira.set_property(row, key, value)
    jira.edit(row, who, new, quiet=quiet)
    _comments(jira, asked, row)
    if asked.params.get("returnIssue") == "true" and jira.cloud:
        return one(jira, asked, name)
    return DONE


def _body(asked: Asked) -> Row:
    if not isinstance(asked.body, dict):
        raise Refused(400, listed("The request body is missing or is no JSON object."))
    return asked.body


def _new(jira: FakeJira, asked: Asked, row: Row, screen: frozenset[str]) -> Row:
    """The values that a body asks for; what the fake was told to lose is left out."""
    fields, update = dict(_body(asked).get("fields") or {}), dict(_body(asked).get("update") or {})
    update.pop("comment", None)
    errors: dict[str, str] = {}
    new: Row = {}
    for field in {**fields, **update}:
        try:
            if field not in screen:
                raise cannot_set(field)
            if field in fields and field in update:
                raise Invalid(field, f"Field '{field}' cannot appear in both 'fields' and 'update'")
            new[field] = (
                taken(jira, row, field, fields[field], asked.version)
                if field in fields
                else _updated(jira, asked, row, field, update[field])
            )
        except Invalid as invalid:
            errors |= invalid.errors
    if errors:
        raise Refused(400, blamed(errors))
    return {field: value for field, value in new.items() if field not in asked.drops}


def _updated(jira: FakeJira, asked: Asked, row: Row, field: str, operations: list[Row]) -> Any:
    """The value after some operations: ``set``, and on lists ``add`` and ``remove``."""
    held = row["fields"].get(field)
    for operation in operations:
        ((word, said),) = operation.items()
        if word == "set":
            held = taken(jira, row, field, said, asked.version)
        elif word in ("add", "remove") and jira.kind(field) in LISTS:
            one = taken(jira, row, field, [said], asked.version)
            rest = [each for each in held or () if each not in one]
            held = (list(held or ()) if one[0] in (held or ()) else [*rest, *one]) if word == "add" else rest
        else:
            raise Invalid(field, f"Field does not support operation: {word}")
    return held


def _pairs(said: Any) -> Row:
    pairs = {each["key"]: each["value"] for each in said}
    for key, value in pairs.items():
        _fits(key, value)
    return pairs


def _fits(key: str, value: Any) -> None:
    if len(key) > MOST_KEY:
        raise Refused(400, listed(f"The property key must be {MOST_KEY} characters or fewer."))
    if len(json.dumps(value, ensure_ascii=False)) > MOST_VALUE:
        raise Refused(400, listed(f"The property value must be {MOST_VALUE} characters or fewer."))


def assign(jira: FakeJira, asked: Asked, name: str) -> Answer:
    """``PUT issue/{id}/assignee``: exactly one identifier; ``null`` takes the owner away, ``-1`` is the project's default."""
    row, body = found(jira, asked, name), _body(asked)
    _may(jira, asked, row, "ASSIGN_ISSUES", "You do not have permission to assign issues.")
    identifiers = [key for key in ("name", "key", "accountId") if key in body]
    if len(identifiers) != 1 or (identifiers == ["accountId"]) != jira.cloud:
        raise Refused(400, listed("Exactly one of the user's identifiers has to be given."))
    given = body[identifiers[0]]
    said = None if given in (None, "-1") else {identifiers[0]: given}
    try:
        new = {"assignee": taken(jira, row, "assignee", said, asked.version)}
    except Invalid as invalid:
        raise Refused(400, blamed(invalid.errors)) from None
    jira.edit(row, str(asked.user), {} if "assignee" in asked.drops else new)
    return DONE


# ---- properties


def property_keys(jira: FakeJira, asked: Asked, name: str) -> Answer:
    row = found(jira, asked, name)
    here = f"{jira.url}/rest/api/2/issue/{row['id']}/properties"
    return 200, {"keys": [{"self": f"{here}/{key}", "key": key} for key in row["properties"]]}, {}


def property_of(jira: FakeJira, asked: Asked, name: str, key: str) -> Answer:
    row = found(jira, asked, name)
    if key not in row["properties"]:
        raise Refused(404, listed(f"The property with key '{key}' does not exist."))
    return 200, {"key": key, "value": row["properties"][key]}, {}


def put_property(jira: FakeJira, asked: Asked, name: str, key: str) -> Answer:
    """201 for a new one, 200 for one that was there."""
    row = found(jira, asked, name)
    _may(jira, asked, row, "EDIT_ISSUES", "You do not have permission to edit this issue.")
    if asked.body is None:
        raise Refused(400, listed("The property value has to be JSON that is not empty."))
    _fits(key, asked.body)
    known = key in row["properties"]
    jira.set_property(row, key, asked.body)
    return (200 if known else 201), b"", {}


def drop_property(jira: FakeJira, asked: Asked, name: str, key: str) -> Answer:
    row = found(jira, asked, name)
    property_of(jira, asked, name, key)
    row["properties"] = {each: value for each, value in row["properties"].items() if each != key}
    jira.keep(row, jira.now(), moves=jira.properties_touch)
    return DONE


# ---- transitions


def _ways(jira: FakeJira, asked: Asked, row: Row) -> list[Transition]:
    """What the caller may do now: nothing without the right to."""
    return jira.ways(row["fields"]["status"]) if jira.may(asked.user, "TRANSITION_ISSUES", row["project"]) else []


def transitions(jira: FakeJira, asked: Asked, name: str) -> Answer:
    return 200, {"expand": "transitions", "transitions": told_ways(jira, asked, found(jira, asked, name))}, {}


def told_ways(jira: FakeJira, asked: Asked, row: Row) -> list[Row]:
    """The transitions of an issue, with the fields of their screens where those were asked for."""
    fields, wanted = "transitions.fields" in asked.params.get("expand", ""), asked.params.get("transitionId")
    return [_way(jira, each, fields=fields) for each in _ways(jira, asked, row) if wanted in (None, each.id)]


def _way(jira: FakeJira, each: Transition, *, fields: bool) -> Row:
    row = {"id": each.id, "name": each.name, "to": status(jira, each.to), "hasScreen": bool(each.fields),
           "isGlobal": not each.sources, "isInitial": False, "isConditional": False, "isAvailable": True,
           "looped": False}  # fmt: skip
    if not jira.cloud:
        row = {key: row[key] for key in ("id", "name", "to")}
    shown = {field: field_meta(jira, field, required=field in each.required) for field in each.fields}
    return row | ({"fields": shown} if fields else {})


def transition(jira: FakeJira, asked: Asked, name: str) -> Answer:
    """``POST issue/{id}/transitions``: by id, with the fields of its screen, of which some may be required."""
    row, body = found(jira, asked, name), _body(asked)
    given = str((body.get("transition") or {}).get("id") or "")
    if not given:
        raise Refused(400, listed("Missing 'transition' identifier"))
    way = next((each for each in _ways(jira, asked, row) if each.id == given), None)
    if way is None:
        raise Refused(400, listed(f"Transition id '{given}' is not valid for this issue."))
    new = _new(jira, asked, row, frozenset(way.fields))
    missing = [field for field in way.required if new.get(field, row["fields"].get(field)) in (None, [], "")]
    if missing:
        raise Refused(400, blamed({field: f"{jira.title(field)} is required." for field in missing}))
    if "status" not in asked.drops:
        jira.edit(row, str(asked.user), {"status": way.to, **new}, kind="transitioned")
    _comments(jira, asked, row)
    return DONE


# ---- comments


def comment(jira: FakeJira, asked: Asked, name: str) -> Answer:
    """``POST issue/{id}/comment``: public unless the property says it is internal; ``jsdPublic`` can only be read."""
    row, body = found(jira, asked, name), _body(asked)
    _may(jira, asked, row, "ADD_COMMENTS", "You do not have the permission to comment on this issue.", 400)
    said = _say(jira, asked, row, body)
    return 201, comment_row(jira, row["id"], said, asked.version), {}


def _comments(jira: FakeJira, asked: Asked, row: Row) -> None:
    """Comments that came along with an update or a transition."""
    for operation in (asked.body.get("update") or {}).get("comment", ()):
        _say(jira, asked, row, operation["add"])


def _say(jira: FakeJira, asked: Asked, row: Row, body: Row) -> Row:
    said: Any = body.get("body")
    good = is_document(said) if asked.version == "3" else isinstance(said, str)
    text = (plain(said) if asked.version == "3" else str(said)).strip() if good else ""
    if not text:
        raise Refused(
            400, blamed({"comment": "Comment body is not valid!" if not good else "Comment body can not be empty!"})
        )
    if len(row["comments"]) >= jira.most_comments:
        raise Refused(413, listed("The number of comments on this issue is at its limit."))
    internal = any(_internal(each) for each in body.get("properties") or ())
    hidden = internal and jira.internal_property_works
    said = jira.comment(row, str(asked.user), text, public=not hidden, by_property=internal)
    own = {each["key"]: each["value"] for each in body.get("properties") or () if each["key"] != "sd.public.comment"}
    said["properties"] |= own
    return said


def _internal(said: Row) -> bool:
    value = said.get("value")
    return (
        said.get("key") == "sd.public.comment" and isinstance(value, dict) and value.get("internal") in (True, "true")
    )
