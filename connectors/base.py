"""The contract between makegood and a helpdesk: five calls, what goes through them, and how they fail.

A connector turns one vendor's words into :mod:`.ticket` and back. It does its own paging, retries and rate limiting,
never decides anything, and never reports a change it has not read back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from .ticket import Catalogue, Event, Organization, Person, Ticket, Value

# ConnectorError
#  ├─ Retryable    the same call may work later: 429, 5xx, host down, cut connection (after our own retries)
#  ├─ Conflict     the ticket is not what the version says any more: re-read and decide
#  ├─ Rejected     the desk will not do this, ever, as asked: say so in its words
#  ├─ AuthFailed   the account or token is wrong or lacks a right for everything: stop the run
#  └─ Gone         the ticket (or person, field) is not there any more


class ConnectorError(Exception):
    """Something a helpdesk could not or would not do.

    ``message`` is for an admin and names the place (a URL without secrets); ``hint`` says what to do about it.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Retryable(ConnectorError):
    """The desk is busy or out of reach; ``after`` is how many seconds it asked us to wait, if it said so."""

    def __init__(self, message: str, *, hint: str = "", after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.after = after


class Conflict(ConnectorError):
    """The ticket changed since the version the write was made for; nothing was written."""


class Rejected(ConnectorError):
    """The desk refused the call as such."""


class AuthFailed(ConnectorError):
    """The desk does not accept the account, token or its rights."""


class Gone(ConnectorError):
    """What the call was about is not there."""


Action = Literal["assign", "set", "add_tags", "remove_tags", "add_cc", "note", "reply"]
"""What a connector can be asked to write; notices never go through a connector."""

Result = Literal["applied", "already", "conflict", "refused", "partly", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to write to one ticket.

    ``id`` is unique in a run and comes back in the outcome. ``field`` is a fact's name (``assignee``, ``group``,
    ``field.City``, ``tags``, ``cc``) and ``None`` for notes and replies. ``new`` is the value wanted, ``None`` to clear; for
    ``add_tags``, ``remove_tags`` and ``add_cc`` only the entries to add or remove. People are person ids. ``text`` is the
    whole text of a note or reply, ``marker`` the six hex digits to recognise it by: notes carry it in ``text`` already.
    """

    id: str
    action: Action
    field: str | None = None
    old: Value = None
    new: Value = None
    text: str | None = None
    marker: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a change; ``detail`` is the desk's own words where it refused, and what it did instead where *partly*."""

    change: str
    result: Result
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """The answer to ``apply``: an outcome for every change, and the ticket and its new events as read back afterwards."""

    outcomes: tuple[Outcome, ...]
    ticket: Ticket
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of a pull that can be stored as it is, together with the cursor to go on from.

    ``cursor`` is opaque text. ``known_to``: nothing that happened up to this instant is missing once this page and all
    before it are stored; ``None`` while more pages have to come first. ``catalogue``, ``people`` and ``organizations`` are
    given whenever they were fetched, as upserts; they are never a complete list to delete by.
    """

    cursor: str
    tickets: Sequence[Ticket] = ()
    events: Sequence[Event] = ()
    people: Sequence[Person] = ()
    organizations: Sequence[Organization] = ()
    catalogue: Catalogue | None = None
    known_to: datetime | None = None
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """Tickets as they are at this moment, each with every event the desk still has, and the people named in them.

    ``gone`` are ids that the desk no longer knows; a merged ticket is a ``Ticket`` with ``merged_into``.
    """

    tickets: Sequence[Ticket] = ()
    events: Sequence[Event] = ()
    people: Sequence[Person] = ()
    gone: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a desk can do, so that ``check`` and ``doctor`` can say what it cannot.

    ``writable`` holds fact names that may be set, plus ``field`` (custom fields), ``tags``, ``cc``, ``note``, ``reply``.
    ``lacks`` maps facts the desk cannot supply to the reason. ``hidden_marker``: public replies can carry a marker that no
    customer sees. ``version_checked``: the desk itself refuses a write for an outdated version. ``lag``: how far the desk's
    data stay behind the clock. ``closed_is_final``: closed tickets cannot be written. ``blanks_in_tags``: a tag may be two words.
    """

    writable: frozenset[str]
    lacks: Mapping[str, str] = field(default_factory=dict)
    hidden_marker: bool = False
    version_checked: bool = False
    lag: timedelta = timedelta(0)
    closed_is_final: bool = False
    blanks_in_tags: bool = True


class Memory(Protocol):
    """What the local copy knows of a desk, so that a connector need not ask the desk for it again.

    Everything is as last seen. Whatever is not known is left out.
    """

    def cursor(self) -> str | None:
        """Where the last pull stands, ``None`` before the first."""

    def ticket(self, ticket: str) -> Ticket | None:
        """The ticket as last stored."""

    def people(self, ids: Collection[str]) -> Mapping[str, Person]:
        """People by id."""

    def organizations(self, ids: Collection[str]) -> Mapping[str, str]:
        """Names of organizations by id."""

    def events(self, ids: Collection[str]) -> Collection[str]:
        """Those of these event ids that are stored."""

    def open_tickets(self) -> Collection[str]:
        """The ids of all tickets that are neither solved nor closed, deleted or merged."""

    def clocks(self, tickets: Collection[str]) -> Mapping[str, Mapping[str, Value]]:
        """By ticket and name: how the desk's SLA clocks of these tickets stood when the desk last told of them."""


Finding = tuple[Literal["ok", "warning", "error"], str, str]
"""One line of ``doctor``: how it is, what was found, what to do about it (empty where nothing is)."""


class Connector(Protocol):
    """One helpdesk. Every method may raise :class:`ConnectorError`, and no other exception for anything a desk does.

    ``now`` is injected where a connector is built; a connector never asks the machine for the time.
    """

    kind: str

    @property
    def calls(self) -> int:
        """The requests sent since the connector was made."""

    def capabilities(self) -> Capabilities:
        """What this desk can do. No request is sent."""

    def catalogue(self) -> Catalogue:
        """The desk's own words as they are now."""

    def pull(self, cursor: str | None, *, refresh: bool = False) -> Iterator[Page]:
        """Everything that changed since ``cursor``, in pages that may be stored one by one.

        ``None`` is the first pull: open tickets whole, others as far back as the connector was told. A pull that was cut
        off goes on from the last stored page's cursor. ``refresh`` fetches catalogue, people and organizations again.
        """

    def read(self, ids: Sequence[str]) -> Read:
        """The named tickets as they are at this moment, past every index lag."""

    def pause(self) -> float:
        """Seconds until the next ticket may be written without using up the desk's limits; nearly always 0."""

    def apply(self, ticket: str, changes: Sequence[Change], version: str) -> Written:
        """Write all ``changes`` in as few calls as possible, then read back and compare.

        Raises :class:`Conflict` if the ticket is no longer at ``version``, before anything was written. What the desk
        swallowed or refused is an outcome, not an exception. A call whose fate is unknown (cut after the write) is never
        sent again before a re-read has shown that it did not arrive.
        """

    def doctor(self) -> Iterator[Finding]:
        """Can we reach it, may we write, is the clock right, which words are unmapped; one finding after another."""


class ReadOnly:
    """A connector that cannot write: what everything but ``apply`` and a live ``sync`` works with."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self.kind = connector.kind

    @property
    def calls(self) -> int:
        """The requests sent so far."""
        return self._connector.calls

    def capabilities(self) -> Capabilities:
        """Those of the connector."""
        return self._connector.capabilities()

    def catalogue(self) -> Catalogue:
        """The desk's own words."""
        return self._connector.catalogue()

    def pull(self, cursor: str | None, *, refresh: bool = False) -> Iterator[Page]:
        """What changed since ``cursor``."""
        return self._connector.pull(cursor, refresh=refresh)

    def read(self, ids: Sequence[str]) -> Read:
        """The named tickets."""
        return self._connector.read(ids)

    def pause(self) -> float:
        """As the connector says."""
        return self._connector.pause()

    def apply(self, ticket: str, changes: Sequence[Change], version: str) -> Written:  # noqa: ARG002
        """Never: raises :class:`AssertionError`, for only a bug gets here."""
        raise AssertionError(f"a run that must not write tried to write to ticket {ticket}")

    def doctor(self) -> Iterator[Finding]:
        """The connector's findings."""
        return self._connector.doctor()
