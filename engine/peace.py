"""Whether somebody may be told something now: quiet hours, and how many messages a day a person gets.

Channels may always be told. What a person was sent is read from the journal: the messages of one run to one person are one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from ..rules.notices import terms_of
from .effects import DONE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ..rules.notices import Terms
    from .scene import Scene


class Wait(NamedTuple):
    """Why a person is not told now: since when that is so, and up to when."""

    reason: Literal["quiet_hours", "budget"]
    since: datetime
    detail: str


@dataclass(frozen=True)
class Peace:
    """Asks for one helpdesk at one instant."""

    scene: Scene

    def waits(self, handle: str) -> Wait | None:
        """Why a notice to this person has to wait; None: it may go."""
        if handle not in self._known:
            terms = terms_of(self.scene.ruleset, handle)
            self._known[handle] = self._quiet(terms) or self._spent(terms, handle)
        return self._known[handle]

    @cached_property
    def _known(self) -> dict[str, Wait | None]:
        return {}

    def _quiet(self, terms: Terms) -> Wait | None:
        at = self.scene.at
        if terms.hearing is None or terms.hearing.is_open(at):
            return None
        until = terms.hearing.next_open(at).astimezone(terms.zone)
        return Wait("quiet_hours", terms.hearing.previous_open(at), f"until {until:%Y-%m-%d %H:%M} {terms.zone.key}")

    def _spent(self, terms: Terms, handle: str) -> Wait | None:
        if terms.per_day is None:
            return None
        today = self.scene.at.astimezone(terms.zone).date()
        messages = {
            run: at
            for run, at in self._sent.get(handle.casefold(), {}).items()
            if at.astimezone(terms.zone).date() == today
        }
        if len(messages) < terms.per_day:
            return None
        detail = f"{len(messages)} of {terms.per_day} messages on {today} {terms.zone.key} are sent"
        return Wait("budget", max(messages.values()), detail)

    @cached_property
    def _sent(self) -> Mapping[str, dict[str, datetime]]:
        """When each person was sent something, by run."""
        sent: dict[str, dict[str, datetime]] = defaultdict(dict)
        for entry in self.scene.snapshot.journal:
            if entry.action == "notify" and entry.outcome in DONE and isinstance(entry.to, tuple):
                for name in entry.to:
                    sent[name.removeprefix("person:").casefold()][entry.run] = entry.at
        return sent
