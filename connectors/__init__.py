"""What the outside world looks like, and how to talk to it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .base import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.metadata import EntryPoints

    from .base import Connector

CONNECTORS = {
    "local": "local:Local",
    "rt": "request_tracker:RequestTracker",
    "zendesk": "zendesk:Zendesk",
    "jira": "jsm:Jira",
}
"""Kind of helpdesk -> module and class. Other packages add theirs as entry points of the group ``makegood.connectors``."""


def kinds() -> tuple[str, ...]:
    """Every kind of helpdesk there is a connector for, ours first."""
    outside = {entry.name for entry in _entries()}
    return (*CONNECTORS, *sorted(outside - set(CONNECTORS)))


def connector(kind: str) -> Callable[..., Connector]:
    """The class for a kind of helpdesk, imported now.

    Raises:
        ConnectorError: there is no such kind, or a library it needs is not installed.
    """
    try:
        found: Any = _ours(kind) if kind in CONNECTORS else _outside(kind)
    except ModuleNotFoundError as error:
        hint = f"pip install 'makegood[{kind}]'" if kind in CONNECTORS else f"install {error.name}"
        raise ConnectorError(
            f"the connector for {kind} needs {error.name}, which is not installed", hint=hint
        ) from error
    return found  # type: ignore[no-any-return]


def _ours(kind: str) -> Any:
    module, _, name = CONNECTORS[kind].partition(":")
    return getattr(import_module(f".{module}", __name__), name)


def _entries() -> EntryPoints:
    from importlib.metadata import entry_points  # costs a program start that has no use for it too much

    return entry_points(group="makegood.connectors")


def _outside(kind: str) -> Any:
    for entry in _entries():
        if entry.name == kind:
            return entry.load()
    raise ConnectorError(f'there is no connector for "{kind}"', hint=f"there are {', '.join(kinds())}")
