"""The people of a Jira site, as they come inside issues, comments and changelogs, and from lists of its agents.

Whether somebody is an agent Jira does not say of a person: an account of the kind *customer* is none, one of the kind *app* is a
machine, and everybody else is an agent if tickets may be assigned to them, or once were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .jsm_words import ROBOT
from .ticket import Person, known_zone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .jsm_words import Desk, Row, Words
    from .ticket import Role


class People:
    """Everybody met so far. ``fresh`` holds those who were met and not handed out yet."""

    def __init__(self, desk: Desk, words: Words) -> None:
        self._desk = desk
        self._words = words
        self._handles = {person: handle for handle, person in words.people.items()}
        self._rows: dict[str, Row] = {}
        self._organizations: dict[str, str] = {}
        self._fresh: dict[str, None] = {}

    def id_of(self, row: Row | None) -> str | None:
        """Who a user is: the account id on Cloud, the name on Data Center."""
        found = (row or {}).get("accountId" if self._desk.cloud else "name")
        return str(found) if found else None

    def meet(self, rows: Iterable[Row]) -> None:
        """Takes in users as Jira describes them."""
        for row in rows:
            who = self.id_of(row)
            if who is None:
                continue
            if row.get("key") and not self._desk.cloud:
                self._desk.names[str(row["key"])] = who
            if _merged(self._rows.get(who), row) != self._rows.get(who):
                self._rows[who] = _merged(self._rows.get(who), row)
                self._fresh[who] = None

    def belongs(self, who: str | None, organization: str) -> None:
        """Takes note of the organization that somebody asks for."""
        if who is not None and self._organizations.get(who) != organization:
            self._organizations[who] = organization
            self._fresh[who] = None

    def works_here(self, who: str | None) -> None:
        """Takes note that somebody owned a ticket, which makes an agent of them, if of yesterday."""
        if who is not None and who not in self._desk.members:
            self._desk.members[who] = []
            self._fresh[who] = None

    def handed_out(self) -> list[Person]:
        """Whoever is new or different since this was asked last."""
        found, self._fresh = list(self._fresh), {}
        return [self._person(who) for who in found if who in self._rows]

    def _person(self, who: str) -> Person:
        row = self._rows[who]
        email = self._email(who, row)
        login = None if self._desk.cloud else who
        return Person(
            id=who,
            name=str(row.get("displayName") or ""),
            email=email,
            login=login,
            role=self.role(who),
            active=bool(row.get("active", True)),
            groups=tuple(self._desk.members.get(who, ())),
            organization=self._organizations.get(who),
            time_zone=known_zone(row.get("timeZone")),
        )

    def _email(self, who: str, row: Row) -> str | None:
        told = row.get("emailAddress") or self._handles.get(who)
        return str(told) if told and "@" in str(told) else None

    def email(self, who: str | None) -> str | None:
        """The address of somebody, where the site shows it or the settings say it."""
        return self._email(who, self._rows.get(who, {})) if who else None

    def role(self, who: str | None) -> Role:
        """Ourselves, an account that is no person's, an agent, or a customer."""
        row = self._rows.get(who or "", {})
        if who is None:
            return "automation"
        if who == self._desk.me:
            return "robot"
        machine = row.get("accountType") == "app" or row.get("displayName") == ROBOT
        if machine or self._words.is_robot(who, self._email(who, row)):
            return "automation"
        if row.get("accountType") == "customer":
            return "customer"
        return "agent" if who in self._desk.members else "customer"

    def handle(self, who: str) -> str:
        """What an admin calls somebody."""
        email = self._email(who, self._rows.get(who, {}))
        return email.lower() if email else who

    def called(self, handle: str) -> str | None:
        """Who is called so, among those met."""
        folded = handle.casefold()
        told = self._words.people.get(handle) or next((who for who in self._rows if who.casefold() == folded), None)
        alike = [who for who in self._rows if self.handle(who) == folded]
        return told or (alike[0] if len(alike) == 1 else None)


def _merged(known: Row | None, row: Row) -> dict[str, Any]:
    """What is known of somebody with what was told now: some lists tell less than others."""
    kept = ("displayName", "emailAddress", "accountType", "active", "timeZone", "accountId", "name", "key")
    return (known or {}) | {name: row[name] for name in kept if row.get(name) is not None}
