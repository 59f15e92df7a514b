"""What the local copy knows of one helpdesk, for a connector that would have to ask the desk again otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, true

from . import rows, tables
from .store import of_helpdesk

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from sqlalchemy import ColumnElement, RowMapping

    from ..connectors.ticket import Person, Ticket, Value
    from .store import Store

_ALL = true()


@dataclass(frozen=True, slots=True)
class StoreMemory:
    """A :class:`~..connectors.base.Memory` over a store; before the first pull it knows nothing.

    ``store`` is called when something is asked for the first time, so that a connector that asks nothing opens no store.
    """

    store: Callable[[], Store]
    helpdesk: str

    def cursor(self) -> str | None:
        """Where the last pull stands."""
        return self.store().standing(self.helpdesk).cursor

    def ticket(self, ticket: str) -> Ticket | None:
        """The ticket as last stored."""
        return self.store().ticket(self.helpdesk, ticket)

    def people(self, ids: Collection[str]) -> Mapping[str, Person]:
        """People by id."""
        found = self._rows(tables.people.c.id, ids, *tables.people.c)
        return {row["id"]: rows.person_from(row) for row in found}

    def organizations(self, ids: Collection[str]) -> Mapping[str, str]:
        """Names of organizations by id."""
        columns = tables.organizations.c
        return {row["id"]: row["name"] for row in self._rows(columns.id, ids, columns.id, columns.name)}

    def events(self, ids: Collection[str]) -> Collection[str]:
        """Those of these event ids that are stored."""
        return {row["id"] for row in self._rows(tables.events.c.id, ids, tables.events.c.id)}

    def open_tickets(self) -> Collection[str]:
        """The ids of tickets that are neither solved nor closed, deleted or merged."""
        columns = tables.tickets.c
        here = of_helpdesk(columns.desk, self.helpdesk)
        asked = select(columns.id).where(
            here, columns.status.not_in(("solved", "closed")), columns.deleted.is_(False), columns.merged_into.is_(None)
        )
        with self.store().reading() as connection:
            return list(connection.execute(asked).scalars())

    def clocks(self, tickets: Collection[str]) -> Mapping[str, Mapping[str, Value]]:
        """By ticket and name: how the desk's SLA clocks of these tickets stood when the desk last told of them."""
        columns = tables.events.c
        wanted = (columns.ticket, columns.at, columns.seq, columns.field, columns.new)
        told = self._rows(columns.ticket, tickets, *wanted, only=columns.kind == "sla")
        found: dict[str, dict[str, Value]] = {}
        for row in sorted(told, key=lambda row: (row["at"], row["seq"])):
            found.setdefault(row["ticket"], {})[row["field"]] = row["new"]
        return found

    def _rows(
        self,
        key: ColumnElement[str],
        ids: Collection[str],
        *wanted: ColumnElement[Any],
        only: ColumnElement[bool] = _ALL,
    ) -> Iterator[RowMapping]:
        """The rows of one table with these ids, all as of one moment."""
        asked = list(dict.fromkeys(ids))
        if not asked:
            return
        desk = of_helpdesk(key.table.c.desk, self.helpdesk)
        with self.store().reading() as connection:
            for start in range(0, len(asked), rows.AT_ONCE):
                query = select(*wanted).where(desk, only, key.in_(asked[start : start + rows.AT_ONCE]))
                yield from connection.execute(query).mappings()
