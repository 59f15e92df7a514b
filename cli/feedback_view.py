"""What customers said, as text and as CSV; what is worth reading aloud, as text and as Markdown."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from .plan_view import escaped, number
from .words import clock, columns, count, printable, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ..engine.feedback import Said
    from ..engine.recognition import Praise
    from ..engine.seen import Seen
    from .paint import Paint

SHOWN = 40
"""Entries that are shown; JSON and CSV have all."""
STYLES = {"good": "ok", "thanks": "ok", "bad": "remove", "angry": "remove", "reopened": "change"}
HEAD = ("at", "kind", "ticket", "url", "subject", "requester", "team", "person", "text", "themes")
NOTHING_SAID = "Customers said nothing of our help in this time."
NO_THANKS = "Nobody gave cause for thanks in this time that the helpdesk knows of."
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


# --- what customers said ----------------------------------------------------------------------------------------------


def feedback_csv(told: Iterable[dict[str, Any]]) -> str:
    """One row for each; before what a spreadsheet would run as a formula stands an apostrophe."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEAD)
    writer.writerows([_cell(each[name]) for name in HEAD] for each in told)
    return file.getvalue()


def _cell(value: str | Sequence[str] | None) -> str:
    text = value or "" if isinstance(value, str | None) else ", ".join(value)
    return f"'{text}" if _FORMULA.match(text) else text


def feedback_text(seen: Seen, found: Sequence[Said], paint: Paint, width: int) -> Iterator[str]:
    """The latest of it, the newest last, and how much there was of what."""
    if not found:
        yield NOTHING_SAID
        return
    if len(found) > SHOWN:
        yield paint("dim", f"The latest {SHOWN} of {len(found):,}; all of them: --format csv")
    for each in found[-SHOWN:]:
        yield _said(seen, each, paint)
        yield from wrapped(each.text, width, indent=6)
    yield ""
    yield ", ".join(f"{sum_:,} {kind}" for kind, sum_ in Counter(each.kind for each in found).most_common()) + "."
    themes = Counter(theme for each in found for theme in each.themes)
    yield from columns([(printable(theme), f"{sum_:,}") for theme, sum_ in themes.most_common(12)], indent=2)


def _said(seen: Seen, each: Said, paint: Paint) -> str:
    person = f", {seen.name(each.person)}" if seen.per_person else ""
    themes = f"  [{', '.join(each.themes)}]" if each.themes else ""
    kind, ticket = paint(STYLES[each.kind], each.kind), paint("place", number(each.called))
    return f"{clock(each.at)}  {kind}  {ticket}  {printable(each.team + person)}{paint('dim', printable(themes))}"


# --- what is worth reading aloud --------------------------------------------------------------------------------------


def praise_text(seen: Seen, found: Sequence[Praise], paint: Paint, width: int) -> Iterator[str]:
    """Everybody with what they are thanked for, for a terminal."""
    for each in found:
        yield paint("heading", printable(each.name))
        yield f"  {_sums(each)}"
        for line in _reasons(seen, each, str):
            yield from wrapped(line, width, indent=2)
        yield ""
    if not found:
        yield NO_THANKS


def praise_markdown(seen: Seen, found: Sequence[Praise]) -> Iterator[str]:
    """The same as Markdown, to paste into a message; what customers wrote stays text."""
    for each in found:
        yield from (f"## {escaped(each.name)}", "", _sums(each), "")
        yield from _reasons(seen, each, escaped)
        yield from [""] * bool(each.won_back or each.thanks)
    if not found:
        yield NO_THANKS


def _sums(each: Praise) -> str:
    told = {
        "promise": (each.kept, "kept"),
        "customer": (len(each.won_back), "won back"),
        "thank-you": (len(each.thanks), ""),
    }
    return ", ".join(f"{count(sum_, word)} {what}".rstrip() for word, (sum_, what) in told.items() if sum_) + "."


def _reasons(seen: Seen, each: Praise, safe: Callable[[str], str]) -> Iterator[str]:
    """A line for every customer; ``safe`` keeps their names and words from being more than text."""
    for case in each.won_back:
        yield f"- Won back: {safe(case.organization or seen.name(case.requester))} ({safe(case.id)}: {safe(case.by)})"
    for thanked in each.thanks[:SHOWN]:
        words = f'"{safe(thanked.text)}"' if thanked.text else "Thanks"
        yield f"- {words} ({safe(seen.name(thanked.requester))}, {number(thanked.called)})"
    if len(each.thanks) > SHOWN:
        yield f"- ... and {len(each.thanks) - SHOWN:,} more (all of them: --format json)"
