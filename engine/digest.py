"""One message for everything that one receiver is told in one run: grouped by rule, a link to each ticket."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ..connectors.ticket import called

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .plan_file import PlannedChange


def by_receiver(notices: Sequence[PlannedChange]) -> list[list[PlannedChange]]:
    """Notices in the order of the plan, put together by who is told."""
    found: dict[tuple[str, ...], list[PlannedChange]] = defaultdict(list)
    for notice in notices:
        found[notice.who].append(notice)
    return list(found.values())


def message(notices: Sequence[PlannedChange]) -> tuple[str, str]:
    """Title and text of what one receiver is sent. A single notice is sent as it is, under the name of its rule."""
    first = notices[0]
    if len(notices) == 1:
        return first.rule, first.text or first.rule
    groups: dict[str, list[PlannedChange]] = defaultdict(list)
    for notice in notices:
        groups[notice.rule_id].append(notice)
    return f"makegood: {len(notices)} things for you", "\n\n".join("\n".join(_group(each)) for each in groups.values())


def _group(notices: Sequence[PlannedChange]) -> Iterator[str]:
    """What one rule says of its tickets; words that are the same for all of them stand once, on top."""
    words = [_words(notice) for notice in notices]
    yield notices[0].rule
    same = words[0] if words.count(words[0]) == len(words) else []
    yield from same
    for notice, own in zip(notices, words, strict=True):
        yield f"- {' '.join(part for part in (called(notice.ticket, notice.url), notice.url) if part)}"
        if not same:
            yield from (f"  {line}" for line in own)


def _words(notice: PlannedChange) -> list[str]:
    """The lines of a notice, without those that the digest says anyway: the name of the rule and the link."""
    lines = (notice.text or "").splitlines()
    return [line for line in lines if line.strip() and line not in (notice.rule, notice.url)]
