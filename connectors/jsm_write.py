"""What to send to Jira for a change: fields by their ids, people by exactly theirs, lists by what comes and what goes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .changes import MESSAGES, listed
from .jsm_fields import day_text
from .jsm_words import MAPPABLE, STOCK_PRIORITIES, named
from .ticket import FIELD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .base import Change
    from .jsm_fields import Field
    from .jsm_words import Desk, Row, Words

STATUS = frozenset({"status", "status_name"})
_IDS = {
    "assignee": "assignee",
    "requester": "reporter",
    "priority": "priority",
    "type": "issuetype",
    "subject": "summary",
    "due": "duedate",
    "tags": "labels",
}
"""A fact, and the field of Jira's that holds it."""
WRITABLE = STATUS | {*_IDS, "organization", "cc"}


@dataclass(frozen=True)
class Writing:
    """How this site's fields are written. ``somebody`` finds the id of a person by what an admin calls them."""

    desk: Desk
    words: Words
    somebody: Callable[[str], str | None]

    def fitted(self, change: Change) -> Change:
        """The change as Jira can hold it: a field for days knows no hours."""
        own = self.custom(change.field)
        days = change.field == "due" or (own is not None and own[1].kind == "date")
        return replace(change, new=day_text(change.new)) if days and isinstance(change.new, str) else change

    def impossible(self, change: Change) -> str:
        """Why Jira need not even be asked; empty if it may be."""
        if change.action == "add_tags" and (blank := next((tag for tag in listed(change.new) if " " in tag), None)):
            return f"Jira's labels hold no blanks: write {blank.replace(' ', '_')}"
        name = change.field or ""
        if change.action in MESSAGES or name in STATUS or self.custom(name) is not None:
            return ""
        if name == "form" and not self.desk.cloud:
            return "Data Center does not let anybody set the request type from outside"
        if name not in WRITABLE | {"form"}:
            own = " (without map.group the project is the group)" if name == "group" else ""
            return f"Jira cannot set {name}{own}"
        unknown = self._unknown(change)
        return f"Jira has no {unknown}" if unknown else ""

    def _unknown(self, change: Change) -> str:
        """What a change names that the site does not have."""
        name, value = change.field or "", change.new
        if name == "cc":
            return next(
                (f"account with the address {each}" for each in listed(value) if self.somebody(each) is None), ""
            )
        if name == "priority" and value is not None and self._priority(str(value)) is None:
            return f"priority that stands for {value}: name one under words.priority in makegood.toml"
        tables = {"type": self.desk.types, "form": self.desk.forms, "organization": self.desk.organizations}
        if name in tables and value is not None and named(str(value), tables[name]) is None:
            return f"{name} {value}"
        return ""

    def _priority(self, word: str) -> str | None:
        """The number of the priority that stands for a word: one that the settings name, else the best known."""
        told = [each.casefold() for each in self.words.priority.get(word, ())]
        order = [*told, *STOCK_PRIORITIES]
        fitting = [n for n, name in self.desk.priorities.items() if self.words.priority_of(name, n) == word]
        return min(fitting, key=lambda n: _place(order, self.desk.priorities[n].casefold()), default=None)

    def custom(self, name: str | None) -> tuple[str, Field] | None:
        """The custom field a fact is kept in, with its number; ``None`` if it is one of Jira's own."""
        if name and name.startswith(FIELD):
            return self.desk.field_named(name.removeprefix(FIELD))
        mapped = self.words.fields.get(name or "") if name in MAPPABLE else None
        return self.desk.field_named(mapped) if mapped else None

    def counts(self, name: str | None) -> bool:
        """Whether a fact is kept in a field for numbers."""
        own = self.custom(name)
        return own is not None and own[1].kind == "number"

    def number_of(self, change: Change) -> str:
        """The id of the field that a change is about."""
        own, name = self.custom(change.field), change.field or ""
        if own is not None:
            return own[0]
        special = {"cc": "participants", "organization": "organizations", "form": "request_type"}
        return self.desk.special.get(special[name], "") if name in special else _IDS.get(name, name)

    def body(self, changes: Iterable[Change], held: Sequence[str]) -> Row:
        """What to send for these changes: values, and for lists what comes and what goes, spelled as the issue has it (``held``)."""
        fields: Row = {}
        update: Row = {}
        for change in changes:
            number = self.number_of(change)
            if change.action in ("add_tags", "remove_tags", "add_cc"):
                word = "remove" if change.action == "remove_tags" else "add"
                named = [each.casefold() for each in listed(change.new)]
                theirs = [each for each in held if each.casefold() in named]
                entries = (
                    theirs if word == "remove" else [self._entry(change.field, each) for each in listed(change.new)]
                )
                update.setdefault(number, []).extend({word: each} for each in entries)
            else:
                fields[number] = self._value(change)
        return {name: said for name, said in (("fields", fields), ("update", update)) if said}

    def _entry(self, name: str | None, entry: str) -> Any:
        return self.person(self.somebody(entry)) if name == "cc" else entry

    def _value(self, change: Change) -> Any:
        own, name, value = self.custom(change.field), change.field or "", change.new
        if own is not None:
            return own[1].raw(value, cloud=self.desk.cloud)
        text = value if isinstance(value, str) else None
        if name in ("assignee", "requester"):
            return self.person(text)
        if name == "tags":
            return list(listed(value))
        if text is None:
            return None
        if name == "organization":
            return [int(named(text, self.desk.organizations) or 0)]
        if name == "priority":
            return {"id": self._priority(text)}
        if name == "type":
            return {"id": named(text, self.desk.types)}
        return named(text, self.desk.forms) if name == "form" else text[:10] if name == "due" else text

    def person(self, who: str | None) -> Row | None:
        """Somebody, by exactly the id they have; nothing takes the owner away."""
        return {"accountId" if self.desk.cloud else "name": who} if who else None


def _place(order: Sequence[str], name: str) -> int:
    return order.index(name) if name in order else len(order)
