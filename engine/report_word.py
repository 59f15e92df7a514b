"""Sections of a report about our word: the promises we made, and the deadlines of the rule file."""

from __future__ import annotations

from collections import Counter
from statistics import median as middle
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from .figures import Section, Table, by_name, counted, median, share
from .report_series import bars, days, names, rates
from .snapshot import INSTANT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from .figures import Better, Figure, Tone
    from .seen import Seen
    from .word_ledger import Promise

_FRAME: dict[str, Any] = {"t": pl.Int32, "at": INSTANT, "what": pl.String, "about": pl.String}
_TOO_FEW = "No rule of the rule file sets a deadline (`deadline`), so there is none to meet."
NO_WATCH = "No rule of the rule file keeps watch over promises (`promise`), so none are counted."


# --- promises ---------------------------------------------------------------------------------------------------------


class Fate(NamedTuple):
    """How a promise stands, and since when. ``first``: the ticket that it was made on; where that was merged, it moved along."""

    promise: Promise
    state: str
    at: datetime
    first: str


def promises(seen: Seen) -> Section:
    """What agents promised, and what became of it."""
    title, about = "Promises", "What we told customers we would do, and whether we did."
    if not seen.watches_word():
        return Section("promises", title, about, notes=(NO_WATCH,))
    fates = list(_fates(seen))
    made = [each for each in fates if each.promise.made in seen.period]
    ended = [each for each in fates if each.state not in ("open", "undated") and each.at in seen.period]
    sums = Counter(each.state for each in ended) | Counter(open=sum(each.state == "open" for each in fates))
    rows = [(seen.number(each.promise.ticket), each.at, each.state, each.promise.author) for each in ended]
    rows += [(seen.number(each.first), each.promise.made, "made", each.promise.author) for each in made]
    found = seen.happenings(pl.DataFrame(rows, schema=_FRAME, orient="row"))
    found = [each._replace(person=each.about or each.person) for each in found]
    columns = {"made": "Made", "kept": "Kept", "moved": "Moved", "broken": "Broken"}
    rate = ("Kept in time", "kept", ("kept", "moved", "broken"))
    tones: dict[str, tuple[str, Tone]] = {
        "kept": ("Kept", "good"), "moved": ("Moved", "fair"), "broken": ("Broken", "bad")
    }  # fmt: skip
    return Section(
        "promises",
        title,
        about,
        tuple(_promise_figures(sums, [each.promise for each in made])),
        tuple(names(seen, "Promises", found, columns, rate)),
        tuple(days(seen, "promises", "Promises that ended, by how", found, tones)),
    )


def _fates(seen: Seen) -> Iterator[Fate]:
    """Every promise known by then, once: as it stands on the ticket on which it lives, or ended."""
    copies = [each for ticket in seen.word.tickets for each in seen.word.of(ticket, seen.at)]
    moved_on = {(each.id, each.from_ticket) for each in copies}
    first = {each.id: each.ticket for each in copies if each.from_ticket is None}
    for each in copies:
        if (each.id, each.ticket) not in moved_on:
            yield _fate(seen, each, first[each.id])


def _fate(seen: Seen, promise: Promise, first: str) -> Fate:
    state = seen.word.state(promise, seen.at)
    if state is None:
        return Fate(promise, "undated", promise.made, first)
    if state in ("open", "due_soon"):
        return Fate(promise, "open", seen.at, first)
    ended = promise.due if state == "broken" else promise.settled
    return Fate(promise, state, ended or promise.made, first)


def _promise_figures(sums: Mapping[str, int], made: Sequence[Promise]) -> Iterator[Figure]:
    ended = sums["kept"] + sums["moved"] + sums["broken"]
    yield share(
        "promises_kept_share", "Promises kept in time", sums["kept"], ended,
        "Of the promises that were kept, moved or broken in the period, those kept by their time.",
        "promises", better="more", headline=True,
    )  # fmt: skip
    numbers = dict(sums) | {"made": len(made), "dated": sum(each.tracked for each in made)}
    for name, (label, definition, better) in _COUNTED.items():
        yield counted(f"promises_{name}", label, numbers.get(name, 0), definition, "promises", better=better)


_COUNTED: dict[str, tuple[str, str, Better | None]] = {
    "made": ("Made", "Promises found in what agents wrote in the period, with a time or without.", None),
    "dated": (
        "Dated",
        "Promises made in the period with a time that is exact enough for the rules; others cannot be kept or broken.",
        None,
    ),
    "kept": ("Kept", "A public answer of an agent came in the period, by the promised time.", None),
    "moved": ("Moved", "An agent named another time in the period, before the first one was over.", None),
    "broken": ("Broken", "The promised time went by in the period without an answer.", "less"),
    "cancelled": ("Taken back", "An agent said that there was no promise, or the ticket was deleted.", None),
    "open": ("Open at the end", "Promises, whenever made, whose time had not come when the period ended.", None),
}
"""Label, definition, and which way is good, of every number of promises."""


# --- deadlines --------------------------------------------------------------------------------------------------------


def deadlines(seen: Seen) -> Section:
    """How many deadlines were met, and how long customers waited."""
    found = seen.happenings(_verdicts(seen))
    columns = {"met": "Met", "missed": "Missed"}
    rate = ("In time", "met", ("met", "missed"))
    clocks = by_name("Deadlines by name", "Deadline", ((each.about, each.what) for each in found), columns, rate)
    sums = Counter(each.what for each in found)
    tables = [clocks, *names(seen, "Deadlines", found, columns, rate), _waits_by_team(seen)]
    return Section(
        "deadlines",
        "Deadlines",
        "Whether customers heard from us by the times that the rule file sets, and how long they waited.",
        (*_deadline_figures(sums), *_wait_figures(seen)),
        tuple(table for table in tables if table.rows),
        (
            *bars("deadlines", "Deadlines met and missed", clocks, ("good", "bad")),
            *rates(seen, "deadlines_in_time", "Share of deadlines met", found, "met", "missed"),
        ),
        () if seen.clock_names() else (_TOO_FEW,),
    )


def _verdicts(seen: Seen) -> pl.DataFrame:
    """Deadlines met or missed in the period: ``t``, ``at``, ``what`` and the deadline's name as ``about``."""
    parts = [pl.DataFrame(schema=_FRAME)]
    for name in seen.clock_names():
        ended = (found.filter(seen.within("at")) for found in seen.verdicts(name))
        parts += [found.select("t", "at", what="state", about=pl.lit(name)) for found in ended]
    return pl.concat(parts)


def _deadline_figures(sums: Mapping[str, int]) -> Iterator[Figure]:
    yield share(
        "deadlines_in_time_share", "Deadlines met", sums["met"], sums["met"] + sums["missed"],
        "Of the deadlines that were met or missed in the period, those met in time.",
        "deadlines", better="more", headline=True,
    )  # fmt: skip
    yield counted("deadlines_met", "Met", sums["met"], "What was due was done in the period, in time.", "deadlines")
    yield counted(
        "deadlines_missed", "Missed", sums["missed"], "The due time went by in the period, whatever came later.",
        "deadlines", better="less",
    )  # fmt: skip


def _took(seen: Seen, when: str, length: str) -> pl.DataFrame:
    """The tickets on which something was reached in the period, with the seconds it took and the group then."""
    rows = seen.present.filter(seen.within(when) & pl.col(length).is_not_null())
    return rows.select("t", at=when, what=pl.lit(length), seconds=pl.col(length).dt.total_microseconds() / 1e6)


def _wait_figures(seen: Seen) -> Iterator[Figure]:
    yield median(
        "first_reply_median", "Time to the first reply", _took(seen, "first_reply", "first_reply_took")["seconds"].to_list(),
        "From the customer's first message to the first public answer of an agent, by the clock on the wall: half of the "
        "tickets first answered in the period waited less.",
        "tickets", better="less", headline=True,
    )  # fmt: skip
    yield median(
        "resolution_median", "Time to the solution", _took(seen, "solved", "resolution_took")["seconds"].to_list(),
        "From the first message until it was solved, by the clock on the wall, without the time it counted as solved in "
        "between: half of the tickets solved in the period, and still solved at its end, took less.",
        "tickets", better="less",
    )  # fmt: skip


def _waits_by_team(seen: Seen) -> Table:
    waits: dict[str, tuple[list[float], list[float]]] = {}
    for place, frame in enumerate(
        (_took(seen, "first_reply", "first_reply_took"), _took(seen, "solved", "resolution_took"))
    ):
        for each, seconds in zip(seen.happenings(frame), frame["seconds"], strict=True):
            waits.setdefault(each.team, ([], []))[place].append(seconds)
    head = (
        ("Team", "text"),
        ("First replies", "count"),
        ("Median", "seconds"),
        ("Solved", "count"),
        ("Median to the solution", "seconds"),
    )
    rows = (
        (team, len(replies), middle(replies) if replies else None, len(solved), middle(solved) if solved else None)
        for team, (replies, solved) in sorted(waits.items(), key=lambda each: (-len(each[1][0]), each[0]))
    )
    return Table("Times by team", head, tuple(rows))  # type: ignore[arg-type]
