"""What a fact is: its type, its past, how desks supply it. The facts themselves stand in :mod:`.facts`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

FactType = Literal["choice", "person", "number", "text", "list", "time", "duration", "yes/no", "share", "any"]
"""``share`` is the type of ``sample`` alone; ``any`` that of custom fields: only the desk knows it, so the file may use
every operator on them."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing a rule can ask about a ticket.

    ``history``: its past values are known, so it may stand in ``for``, ``pause_while``, ``until`` and ``starts``.
    ``settable``: ``set`` may write it. ``often_missing``: many tickets have no value. ``across``: it looks at other
    tickets. ``supplied``: how each kind of desk knows it; a desk that is not named cannot. ``values``: all there are,
    ``None`` where the desk decides. Durations are kept as intervals, numbers are decimal, times aware UTC instants.
    """

    name: str
    type: FactType
    doc: str
    supplied: Mapping[str, str]
    history: bool = True
    settable: bool = False
    often_missing: bool = False
    across: bool = False
    values: tuple[str, ...] | None = None


def desks(zendesk: str = "", jira: str = "", rt: str = "", local: str = "its own column") -> dict[str, str]:
    """How each kind of desk supplies a fact; those that cannot are left out."""
    named = {"zendesk": zendesk, "jira": jira, "rt": rt, "local": local}
    return {desk: how for desk, how in named.items() if how}


def everywhere(how: str) -> dict[str, str]:
    """The same for every kind of desk."""
    return desks(how, how, how, how)
