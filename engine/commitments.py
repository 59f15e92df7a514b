"""What plans remember of one another: what messages commit their authors to, whatever the moment and the calendar.

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
    from .snapshot import Snapshot
    from .store import Store


def look(store: Store, helpdesk: str, ruleset: RuleSet, at: datetime, capabilities: Capabilities) -> Snapshot:
    """The helpdesk as all rules need it; what was said there since the last look is read once and remembered.

    Raises:
        StoreError: no pull of this helpdesk has been finished yet.
    """
    asked = needs(ruleset)
    snapshot = store.snapshot(helpdesk, at, asked, capabilities)
    found = list(newly_read(ruleset, snapshot)) if asked.promises else []
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
