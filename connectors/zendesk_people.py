"""The people and organizations of a Zendesk account, as they come beside tickets and in exports of their own."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .ticket import Person, known_zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .ticket import Role, Value
    from .zendesk_words import Desk, Row, Words

_MIDNIGHT = re.compile(r"(?<=^\d{4}-\d\d-\d\d)T00:00:00(\.0+)?(Z|\+00:00)$")
"""What Zendesk writes behind the day that a date field of a person or organization holds."""


class People:
    """The people and organizations known while rows are read: those that came with them, and those looked up."""

    def __init__(self, desk: Desk, words: Words) -> None:
        self._desk = desk
        self._words = words
        self.persons: dict[str, Person] = {}
        self.organizations: dict[str, str] = {}
        self.languages: dict[str, str | None] = {}

    def meet(self, rows: Iterable[Row]) -> list[Person]:
        """Takes in users as Zendesk describes them; an organization is only known once it was met itself."""
        met = []
        for row in rows:
            number = str(row["id"])
            self.persons[number] = person = self._person(number, row)
            self.languages[number] = row.get("locale") or self.languages.get(number)
            met.append(person)
        return met

    def recall(self, known: Mapping[str, Person]) -> list[Person]:
        """Takes in people of the local copy; those whose role is another by now, for the settings changed, are returned.

        Who is no robot any more is not taken in: what else that is, only the desk knows. Languages are not in the copy.
        """
        changed = []
        for number, person in known.items():
            role = self.role_of(number, person.email, person.role)
            if role == "customer" and person.role in ("robot", "automation"):
                continue
            self.persons[number] = replace(person, role=role)
            if role != person.role:
                changed.append(self.persons[number])
        return changed

    def _person(self, number: str, row: Row) -> Person:
        email = row.get("email") or None
        fields = {str(key): _plain(value) for key, value in (row.get("user_fields") or {}).items()}
        return Person(
            id=number,
            name=str(row.get("name") or ""),
            email=email,
            role=self.role_of(number, email, str(row.get("role") or "")),
            active=bool(row.get("active", True)) and not row.get("suspended"),
            groups=self._desk.group_names(number),
            organization=self.organizations.get(str(row.get("organization_id"))),
            time_zone=known_zone(row.get("iana_time_zone")),
            away=self._desk.away.get(number),
            tags=tuple(row.get("tags") or ()),
            fields={key: value for key, value in fields.items() if value is not None},
        )

    def role_of(self, number: str, email: str | None, role: str) -> Role:
        """Who this is: ourselves, an account that is no person's, an agent, or a customer."""
        if number == self._desk.me:
            return "robot"
        if self._words.is_robot(number, email):
            return "automation"
        return "agent" if role in ("agent", "admin") else "customer"

    def role(self, number: str) -> Role:
        """The role of somebody met; who was never met, and is in no group, is a customer."""
        if number == self._desk.me:
            return "robot"
        if number in self.persons:
            return self.persons[number].role
        return "agent" if number in self._desk.members else "customer"

    def handle(self, number: str) -> str:
        """What an admin calls somebody."""
        return self.persons[number].handle if number in self.persons else number


def organization_fields(row: Row) -> dict[str, Value]:
    """What the account keeps about an organization, by the field's key."""
    told = {str(key): _plain(value) for key, value in (row.get("organization_fields") or {}).items()}
    return {key: value for key, value in told.items() if value is not None}


def _plain(value: Any) -> Value:
    """A value of a user's or organization's field; these are read only."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return tuple(str(each) for each in value)
    return _MIDNIGHT.sub("", str(value))
