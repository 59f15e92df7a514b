"""What a command works with once it needs a helpdesk: settings, connector, and the store with the local copy."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ..connectors.base import ReadOnly
from .failure import Failure
from .options import now
from .settings_file import read_settings

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from ..connectors.base import Connector
    from ..connectors.ticket import Catalogue, Ticket
    from ..engine.store import Store
    from .settings import Helpdesk, Settings


class Session:
    """One helpdesk of the settings, called ``name`` there; connector and store are opened when they are first used.

    The connector can write only where ``writes`` is said.
    """

    def __init__(self, settings: Settings, name: str, helpdesk: Helpdesk, *, writes: bool = False) -> None:
        self.settings = settings
        self.name = name
        self.helpdesk = helpdesk
        self.writes = writes

    @classmethod
    def open(cls, settings_path: Path, helpdesk: str | None, *, writes: bool = False) -> Self:
        """The helpdesk that ``--settings`` and ``--helpdesk`` name.

        Raises:
            Failure: the settings are wrong, or do not say which helpdesk.
        """
        settings = read_settings(settings_path)
        return cls(settings, *settings.helpdesk(helpdesk), writes=writes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if "store" in self.__dict__:
            self.store.close()

    @cached_property
    def connector(self) -> Connector:
        """The helpdesk itself. It opens the store only where it asks what the local copy knows."""
        from ..engine.memory import StoreMemory

        memory = StoreMemory(lambda: self.store, self.name)
        connector = self.helpdesk.connect(self.settings.folder, now, memory)
        return connector if self.writes else ReadOnly(connector)

    def words_now(self) -> Catalogue:
        """The helpdesk's own words as it tells them at this moment; the local copy has no part in it."""
        return self.helpdesk.connect(self.settings.folder, now).catalogue()

    @cached_property
    def store(self) -> Store:
        """The local copy and the journal."""
        from ..engine.store import Store

        return Store.open(self.settings.place_of_store(), now=now)

    def ticket(self, name: str) -> Ticket:
        """The ticket that people call so: by its id, or its key.

        Raises:
            Failure: the local copy has none.
        """
        found = self.store.ticket_called(self.name, name.removeprefix("#"))
        if found is None:
            raise Failure(f"{self.name} has no ticket {name} that we know of", "bring news in with: makegood pull")
        return found

    def words(self) -> Catalogue:
        """The helpdesk's own words, as last pulled.

        Raises:
            Failure: it was never pulled.
        """
        words = self.store.catalogue(self.name)
        if words is None:
            raise Failure(f"there is no local copy of {self.name} yet", "make one with: makegood pull")
        return words
