"""The voice of the customer: everything customers said of our help in a period, in one table, with what it is about.

What counts as feedback: ratings with their comments, the reason why a customer reopened a ticket, thanks that say that it is
right now, and angry messages. Each is told with the team and the person that had the ticket *then*, and with its themes.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from ..connectors.ticket import called
from .columns import SEPARATOR
from .plan_file import instant_text
from .ratings import whole_ratings
from .recovery_signals import BY_ITS_MESSAGE
from .snapshot import INSTANT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from ..rules.wordlists import Wordlists
    from .seen import Happening, Seen

KINDS = ("good", "bad", "reopened", "thanks", "angry")
"""Good and bad ratings; what a customer wrote when they reopened a ticket; thanks; angry messages."""
HAPPY = ("good", "thanks")
_DONE = ["solved", "closed"]
_FRAME: dict[str, Any] = {"t": pl.Int32, "at": INSTANT, "what": pl.String, "about": pl.String}
_Row = tuple[str, "datetime", str, str]
"""Ticket, instant, kind and text."""


class Said(NamedTuple):
    """One thing that a customer said. ``kind`` is one of :data:`KINDS`; ``text`` may be empty. Instants are UTC."""

    at: datetime
    kind: str
    ticket: str
    called: str
    url: str
    subject: str
    requester: str
    team: str
    person: str
    text: str
    themes: tuple[str, ...]

    def to_json(self, *, per_person: bool) -> dict[str, Any]:
        """As ``feedback --format json`` prints it; whose ticket it was only where people may be told apart."""
        told = self._asdict() | {"at": instant_text(self.at), "themes": list(self.themes)}
        return told if per_person else told | {"person": None}


def feedback(seen: Seen, theme: str | None = None) -> list[Said]:
    """Everything that was said in the period, in order. ``theme``: a fact whose value is a theme, beside the word lists.

    What says nothing of any theme itself has those of its ticket's subject and first message.
    """
    return _told(seen, (*_ratings(seen), *_reopened(seen), *_messages(seen)), theme)


# --- what they are about ----------------------------------------------------------------------------------------------


class _About(NamedTuple):
    """A ticket as it was known when the period ended; ``first`` is its first message."""

    url: str
    subject: str
    requester: str
    first: str


def _told(seen: Seen, rows: Iterable[_Row], theme: str | None) -> list[Said]:
    about, words = _about(seen), seen.ruleset.words
    numbered = [(seen.numbers[ticket], *rest) for ticket, *rest in rows if ticket in about]
    frame = pl.DataFrame(numbered, schema=_FRAME, orient="row").sort("at", "t", "what", maintain_order=True)
    found = zip(seen.happenings(frame), _values(seen, frame, theme), strict=True)
    return [_said(words, each, about[each.ticket], values) for each, values in found]


def _about(seen: Seen) -> dict[str, _About]:
    """Every ticket that was there when the period ended, by id; those deleted by then are not told of."""
    facts = sorted({"requester", "subject"} & seen.history.facts)
    ends = seen.history.tickets.select("t", now=pl.lit(seen.at, INSTANT))
    then = seen.history.at(ends, facts).select("id", *facts)
    rows = seen.snapshot.tickets.filter(~_deleted(seen)).drop(facts).join(then, on="id")
    columns = rows.select("id", pl.col("url", "subject", "requester", "description").fill_null(""))
    return {ticket: _About(*rest) for ticket, *rest in columns.iter_rows()}


def _deleted(seen: Seen) -> pl.Expr:
    """Whether a ticket was deleted by then; of one whose deletion has no event nobody knows when, so it was."""
    told = seen.snapshot.events.filter(pl.col("kind") == "deleted")
    by_then = told.filter(pl.col("at") <= seen.at)["ticket"]
    untold = pl.col("deleted").fill_null(value=False) & ~pl.col("id").is_in(told["ticket"].implode())
    return untold | pl.col("id").is_in(by_then.implode())


def _values(seen: Seen, frame: pl.DataFrame, theme: str | None) -> list[tuple[str, ...]]:
    """What the fact was when each thing was said; of a list every entry."""
    if theme is None:
        return [()] * frame.height
    values = seen.history.at(frame.select("t", now="at"), {theme})[theme]
    return [tuple(filter(None, (value or "").split(SEPARATOR))) for value in values]


def _said(words: Wordlists, each: Happening, about: _About, values: tuple[str, ...]) -> Said:
    themes = words.themes(each.about) or words.themes(f"{about.subject}\n{about.first}")
    return Said(
        at=each.at,
        kind=each.what,
        ticket=each.ticket,
        called=called(each.ticket, about.url),
        url=about.url,
        subject=about.subject,
        requester=about.requester,
        team=each.team,
        person=each.person,
        text=each.about,
        themes=tuple(dict.fromkeys((*values, *themes))),
    )


# --- what is said -----------------------------------------------------------------------------------------------------


def _ratings(seen: Seen) -> Iterator[_Row]:
    """Each rating with its comment."""
    rated = seen.snapshot.events.filter((pl.col("kind") == "rating") & (pl.col("at") <= seen.at))
    for ticket, rows in groupby(rated.iter_rows(named=True), key=itemgetter("ticket")):
        for row in whole_ratings(rows):
            if row["at"] in seen.period and row["new"] in ("good", "bad"):
                yield ticket, row["at"], row["new"], _one_line(row["text"] or "")


def _reopened(seen: Seen) -> Iterator[_Row]:
    """Each reopening by a customer, or after they wrote on the solved ticket, with the last that they wrote since.

    Thanks may wake a ticket, but reopen nothing.
    """
    back = _turned_back(seen)
    heard = _heard(seen, back["ticket"])
    for ticket, at, by, solved in back.iter_rows():
        said, since = heard[ticket], solved or at - BY_ITS_MESSAGE
        if any(thanked and abs(at - moment) <= BY_ITS_MESSAGE for moment, _, thanked in said):
            continue
        reasons = [text for moment, text, thanked in said if since <= moment <= at + BY_ITS_MESSAGE and not thanked]
        if reasons or by == "customer":
            yield ticket, at, "reopened", reasons[-1] if reasons else ""


def _turned_back(seen: Seen) -> pl.DataFrame:
    """Solved tickets that were opened again in the period: ``ticket``, ``at``, by whose kind, and ``solved``, since when."""
    known = (pl.col("kind") == "field") & (pl.col("field") == "status") & (pl.col("at") <= seen.at)
    was, now = (pl.col(side).is_in(_DONE).fill_null(value=False) for side in ("old", "new"))
    turns = seen.snapshot.events.filter(known & (was != now)).select("ticket", "at", "actor_kind", now=now)
    back = turns.filter(~pl.col("now") & seen.within("at")).drop("now")
    done = turns.filter("now").select("ticket", solved="at")
    return back.join_asof(done, left_on="at", right_on="solved", by="ticket", check_sortedness=False, coalesce=False)


def _heard(seen: Seen, tickets: pl.Series) -> dict[str, list[tuple[datetime, str, bool]]]:
    """What customers wrote on some tickets by then: when, what, and whether it is thanks."""
    rows = seen.snapshot.events.filter(pl.col("ticket").is_in(tickets.implode()) & (pl.col("at") <= seen.at))
    found: dict[str, list[tuple[datetime, str, bool]]] = defaultdict(list)
    for ticket, at, text, language in _from_customers(seen, rows):
        found[ticket].append((at, _one_line(text), bool(seen.ruleset.words.thanks(text, language))))
    return found


def _messages(seen: Seen) -> Iterator[_Row]:
    """Angry messages, and thanks."""
    words = seen.ruleset.words
    for ticket, at, text, language in _from_customers(seen, seen.snapshot.events.filter(seen.within("at"))):
        if words.angry(text, language):
            yield ticket, at, "angry", _one_line(text)
        elif words.thanks(text, language):
            yield ticket, at, "thanks", _one_line(text)


def _from_customers(seen: Seen, events: pl.DataFrame) -> Iterator[tuple[str, datetime, str, str | None]]:
    """What customers wrote in public themselves: ticket, instant, text and the ticket's language, in order."""
    public = (pl.col("kind") == "message") & pl.col("public") & ~pl.col("auto").fill_null(value=False)
    languages = seen.snapshot.tickets.select("language", ticket="id")
    rows = events.filter(public & (pl.col("actor_kind") == "customer"))
    rows = rows.join(languages, on="ticket", how="left", maintain_order="left")
    yield from rows.select("ticket", "at", pl.col("text").fill_null(""), "language").iter_rows()


def _one_line(text: str) -> str:
    return " ".join(text.split())
