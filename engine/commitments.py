"""What plans and reports remember of one another: what messages commit their authors to, whatever the moment and the calendar.

Reading is most of a plan's work. What is remembered can be thrown away: plans come out the same.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from ..rules.promise_commitments import noted, recalled
from ..rules.promise_version import read_as
from ..rules.promises import commitments_in, languages_for
from .database import StoreError
from .demand import needs
from .word_events import acts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ..connectors.base import Capabilities
    from ..rules.model import RuleSet
    from .snapshot import Needs, Snapshot
    from .store import Store


def look(
    store: Store,
    helpdesk: str,
    ruleset: RuleSet,
    at: datetime,
    capabilities: Capabilities,
    needed: Needs | None = None,
) -> Snapshot:
    """The helpdesk as ``needed``, by all rules if nothing is said; what was said since the last look is read and remembered.

    Raises:
        StoreError: no pull of this helpdesk has been finished yet.
    """
    asked = needed or needs(ruleset)
    snapshot = store.snapshot(helpdesk, at, asked, capabilities)
    whole = replace(snapshot, at=max(at, snapshot.known_to))
    found = list(newly_read(ruleset, whole)) if asked.promises else []
    with suppress(StoreError):  # a copy that cannot be written now is as good, only slower
        store.keep_commitments(helpdesk, found)
    return replace(snapshot, commitments={**snapshot.commitments, **{event: note for event, _, note in found}})


def newly_read(ruleset: RuleSet, snapshot: Snapshot) -> Iterator[tuple[str, str, str]]:
    """Agents' messages that no plan has read so far: event id, text, what it commits to."""
    languages = languages_for(ruleset)
    for act in acts(snapshot):
        if act.kind == "message" and act.text is not None:
            how = read_as(act.language, languages)
            if recalled(snapshot.commitments.get(act.event, ""), how) is None:
                yield act.event, act.text, noted(commitments_in(act.text, act.language, languages), how)
