"""Jira's custom fields: found by what they are, named as people name them, their values in our words and in Jira's.

Names are translated and ids differ from site to site; only ``schema.custom`` says what a field is. Values come in three shapes:
inside an issue, as two texts in a changelog (an id and what people see), and as they have to be written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .ticket import FieldSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .ticket import FieldType, Value

Row = dict[str, Any]

SLA = "sla"
SPECIAL: Mapping[str, str] = {
    "com.atlassian.servicedesk:vp-origin": "request_type",
    "com.atlassian.servicedesk:sd-customer-organizations": "organizations",
    "com.atlassian.servicedesk:sd-request-participants": "participants",
    "com.atlassian.servicedesk:sd-request-feedback": "feedback",
    "com.atlassian.servicedesk:sd-request-feedback-date": "feedback_date",
    "com.atlassian.servicedesk:sd-sla-field": SLA,
    "com.atlassian.servicedesk.approvals-plugin:sd-approvals": "approvals",
    "com.atlassian.servicedesk.servicedesk-lingo-integration-plugin:sd-request-language": "language",
}
"""``schema.custom`` of the fields in which service management keeps what we have facts for."""

_KINDS: Mapping[str, str] = {
    "option": "option",
    "option-with-child": "cascade",
    "user": "user",
    "group": "group",
    "number": "number",
    "date": "date",
    "datetime": "datetime",
    "string": "text",
}
_LISTS: Mapping[str, str] = {"option": "options", "user": "users", "string": "labels", "group": "groups"}
_SPECS: Mapping[str, FieldType] = {
    "option": "choice",
    "cascade": "choice",
    "user": "person",
    "number": "number",
    "date": "day",
    "datetime": "time",
    **dict.fromkeys(("options", "users", "labels", "groups", "names"), "list"),
}
_USELESS = re.compile(r"lexo-rank|devsummary|development-integration|jpo-custom-field|gh-global-rank")
"""Fields of other products that say nothing about a request, some of them at great length."""
CASCADE = " > "
"""Stands between the two choices of a cascading select."""


@dataclass(frozen=True)
class Field:
    """A custom field: its name, and what sort of value it holds."""

    title: str
    kind: str

    def spec(self) -> FieldSpec:
        """The catalogue's entry. Which choices there are only administrators are told, so any will do until it is written."""
        return FieldSpec(self.title, _SPECS.get(self.kind, "text"))

    def value(self, raw: Any, *, cloud: bool) -> Value:
        """What an issue holds, as the contract writes it."""
        if raw in (None, "", []):
            return None
        if isinstance(raw, list):
            found = (_one(each, cloud=cloud) for each in raw)
            return tuple(each for each in found if each) or None
        if self.kind == "cascade" and isinstance(raw, dict) and isinstance(raw.get("child"), dict):
            return f"{raw.get('value')}{CASCADE}{raw['child'].get('value')}"
        if self.kind == "date":
            return day_text(raw)
        return instant_text(raw) if self.kind == "datetime" else _one(raw, cloud=cloud)

    def told(self, number: str | None, shown: str | None) -> Value:
        """What a changelog says: the id of a value, where it has one, and the text that people see."""
        if not number and not shown:
            return None
        if self.kind in ("user", "group"):
            return number or shown
        if self.kind == "date":
            return day_text(number or shown)
        if self.kind == "datetime":
            return instant_text(number) or instant_text(shown)
        if self.kind == "labels":
            return tuple((shown or "").split())
        if self.kind == "users":
            return tuple(ids_in(number))
        if self.kind in ("options", "groups", "names"):
            return tuple(each.strip() for each in (shown or "").split(",") if each.strip())
        if self.kind == "cascade":
            return _cascade_told(shown)
        return shown or number

    def raw(self, value: Value, *, cloud: bool) -> Any:
        """What to write for a value of ours."""
        if self.kind in ("options", "users", "labels", "groups", "names"):
            entries = (value,) if isinstance(value, str) else value or ()
            return [self._raw_one(each, cloud=cloud) for each in entries]
        text = ", ".join(value) if isinstance(value, tuple) else value
        return None if not text else self._raw_one(text, cloud=cloud)

    def _raw_one(self, text: str, *, cloud: bool) -> Any:
        if self.kind in ("option", "options"):
            return {"value": text}
        if self.kind == "cascade":
            parent, _, child = text.partition(CASCADE)
            return {"value": parent} | ({"child": {"value": child}} if child else {})
        if self.kind in ("user", "users"):
            return {"accountId" if cloud else "name": text}
        if self.kind in ("group", "groups", "names", "name"):
            return {"name": text}
        if self.kind == "number":
            return _number(text)
        if self.kind == "date":
            return text[:10]
        return jira_time(text) if self.kind == "datetime" else text


@dataclass(frozen=True)
class Found:
    """The custom fields of a site by id: those of the admins, those of service management by what they are, and its SLAs."""

    own: dict[str, Field]
    special: dict[str, str]
    slas: dict[str, str]
    titles: dict[str, str]


def discovered(rows: Iterable[Row]) -> Found:
    """What ``GET field`` lists. Of several fields with one name, the later ones bear their number."""
    own: dict[str, Field] = {}
    special: dict[str, str] = {}
    slas: dict[str, str] = {}
    named: dict[str, str] = {}
    titles: set[str] = set()
    for row in sorted((each for each in rows if each.get("custom")), key=lambda each: _number_in(each["id"])):
        schema, number = row.get("schema") or {}, str(row["id"])
        custom, title = str(schema.get("custom") or ""), str(row.get("untranslatedName") or row.get("name") or number)
        what = SPECIAL.get(custom)
        if what == SLA:
            slas[number] = title
        elif what:
            named[special.setdefault(what, number)] = title
        elif not _USELESS.search(custom):
            title = f"{title} ({_number_in(number)})" if title.casefold() in titles else title
            titles.add(title.casefold())
            own[number] = Field(title, _kind(schema))
    return Found(own, special, slas, named)


def _kind(schema: Row) -> str:
    if schema.get("type") == "array":
        return _LISTS.get(str(schema.get("items")), "names")
    return _KINDS.get(str(schema.get("type")), "name")


def _number_in(field: str) -> int:
    digits = re.sub(r"\D", "", field)
    return int(digits) if digits else 0


def _one(raw: Any, *, cloud: bool) -> str | None:
    """One value, whatever it is, by the most telling of its names."""
    if isinstance(raw, bool):
        return "yes" if raw else "no"
    if isinstance(raw, float):
        return f"{raw:.15g}"
    if not isinstance(raw, dict):
        return str(raw)
    names = ("accountId", "name") if cloud else ("name",)
    return next((str(raw[name]) for name in ("value", *names, "displayName", "key", "id") if raw.get(name)), None)


def ids_in(text: str | None) -> list[str]:
    """The ids in ``[a, b]``, as changelogs write them."""
    return [each.strip() for each in (text or "").strip("[] ").split(",") if each.strip()]


def _cascade_told(shown: str | None) -> str | None:
    """``Parent values: A(10000)Level 1 values: B(10001)``, as changelogs write a cascading select."""
    found = re.findall(r"values: (.*?)\(\d+\)", shown or "")
    return CASCADE.join(found) if found else shown


def _number(text: str) -> float | int | str:
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number


def instant(text: Any) -> datetime | None:
    """A time of Jira's: ``2026-03-02T09:00:00.000+0000``, or milliseconds since 1970; ``None`` where there is none."""
    try:
        if isinstance(text, int | float) or str(text).isdigit():
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        return datetime.fromisoformat(str(text)).astimezone(UTC) if text else None
    except (ValueError, OverflowError, OSError):
        return None


def instant_text(text: Any) -> str | None:
    """A time of Jira's as the contract writes it."""
    at = instant(text)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def day_text(text: Any) -> str | None:
    """A day as the contract writes it: its first instant."""
    found = re.match(r"\d{4}-\d\d-\d\d", str(text or ""))
    return f"{found[0]}T00:00:00Z" if found else None


def jira_time(text: str) -> str:
    """An instant of ours as Jira wants it, with milliseconds and an offset without a colon."""
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
