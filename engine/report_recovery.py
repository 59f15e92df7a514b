"""The section of a report about customers who were let down: their cases, and whether they were won back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from .figures import Section, Table, by_name, counted, index, median, share
from .recognition import said_so
from .recovery_case import ENDED
from .report_series import days
from .snapshot import INSTANT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from .feedback import Said
    from .figures import Figure
    from .recovery_case import Case, CaseClock
    from .seen import Happening, Seen

_FRAME: dict[str, Any] = {"t": pl.Int32, "at": INSTANT, "what": pl.String, "about": pl.String}
NO_CASES = "No rule of the rule file opens recovery cases (`recover`), so there are none."
_AGES = ((1, "up to a day"), (3, "up to 3 days"), (7, "up to a week"), (30, "up to 30 days"))


# --- cases ------------------------------------------------------------------------------------------------------------


def recovery(seen: Seen) -> Section:
    """Customers we let down, and whether we won them back."""
    title, about = "Winning customers back", "Customers who were let down, and whether it was put right."
    if not seen.opens_cases():
        return Section("recovery", title, about, notes=(NO_CASES,))
    cases = [case for case in seen.clocks.recovery.cases if case.outcome != "deleted"]
    opened = [case for case in cases if case.opened in seen.period]
    ended = [case for case in cases if case.ended is not None and case.ended in seen.period]
    waiting = [case for case in cases if case.state not in ENDED]
    figures = (*_case_figures(seen, cases, opened, ended), *_early_figures(seen), *_judged_figures(opened))
    found = _happened(seen, opened, ended)
    teams = {"opened": "Opened", "verified": "Put right", "failed": "Failed"}
    tables = (
        _ages(seen, waiting),
        by_name("Outcomes", "Outcome", ((_words(case.outcome), "ended") for case in ended), {"ended": "Cases"}),
        by_name("Root causes", "Cause", _causes(ended), {"n": "Cases"}),
        by_name("What happened to them", "Signal", _signals(opened), {"n": "Signals"}),
        by_name("Cases by team", "Team", ((each.team, each.what) for each in found), teams),
    )
    series = {"opened": ("Opened", "bad"), "verified": ("Put right", "good"), "failed": ("Failed", "fair")}
    charts = days(seen, "cases", "Recovery cases", found, series)  # type: ignore[arg-type]  # tones are literals
    return Section("recovery", title, about, figures, tuple(table for table in tables if table.rows), tuple(charts))


def _case_figures(seen: Seen, cases: Sequence[Case], opened: Sequence[Case], ended: Sequence[Case]) -> Iterator[Figure]:
    came_in = seen.present.filter(seen.within("created")).height
    yield counted(
        "cases_opened", "Cases opened", len(opened),
        "Recovery cases that opened in the period; those whose tickets were all deleted are left out everywhere.",
        "cases", better="less",
    )  # fmt: skip
    yield index(
        "cases_per_100", "Cases per 100 tickets", 100 * len(opened) / came_in if came_in else None, came_in,
        "Cases opened for every hundred tickets that came in. A flag on a third of all tickets is noise.",
        "tickets", better="less",
    )  # fmt: skip
    yield from _contact_figures(seen, opened)
    good = sum(case.state == "verified" for case in ended)
    yield share(
        "put_right", "Put right", good, len(ended),
        "Of the cases that ended in the period and did not come back in it, those in which a rating, thanks, quiet or a lead "
        "says that it is right now.",
        "cases", better="more", headline=True,
    )  # fmt: skip
    yield share(
        "said_so", "Said so themselves", sum(map(said_so, ended)), good,
        "Of the cases put right, those in which the customer said so, by a good rating or thanks.", "cases", better="more",
    )  # fmt: skip
    again = sum(at in seen.period for case in cases for at in _returns(case))
    yield counted(
        "came_back", "Came back", again, "How often the trouble of a case came back in the period.", "returns", better="less"
    )  # fmt: skip


def _contact_figures(seen: Seen, opened: Sequence[Case]) -> Iterator[Figure]:
    found = (_in_time(seen, case, clock) for case in opened for clock in case.clocks if clock.name == "first_contact")
    judged = [each for each in found if each is not None]
    yield share(
        "contacted_in_time", "Contacted in time", sum(judged), len(judged),
        "Of the cases opened in the period that have a `first_contact` that was made or went by, those in which the customer "
        "was contacted, or it was put right, in time. Where the trouble came back, the latest contact counts.",
        "cases", better="more", headline=True,
    )  # fmt: skip
    yield median(
        "contact_took", "Time to first contact",
        [(case.contacted.at - case.begun).total_seconds() for case in opened if case.contacted],
        "In the cases opened in the period: from when the trouble began, or last came back, to an agent's first public reply, "
        "or a note of a call, on the wall clock.",
        "cases", better="less",
    )  # fmt: skip


def _in_time(seen: Seen, case: Case, clock: CaseClock) -> bool | None:
    """Whether a clock was met; None where it still runs, or the case ended before it could be."""
    if clock.met is not None:
        return clock.met <= clock.due
    return False if clock.state(seen.at, seen.snapshot.known_to, case.ended) == "missed" else None


def _early_figures(seen: Seen) -> Iterator[Figure]:
    """Whether bad ratings hit us unprepared."""
    bad = [said for said in seen.said if said.kind == "bad"]
    early = sum(any(_was_open(case, said) for case in _theirs(seen, said)) for said in bad)
    yield share(
        "early_catch", "Seen before the rating", early, len(bad),
        "Of all bad ratings in the period, those of customers who had an open case before they rated.",
        "bad ratings", better="more",
    )  # fmt: skip


def _judged_figures(opened: Sequence[Case]) -> Iterator[Figure]:
    judged = [case.flagged_rightly for case in opened if case.flagged_rightly is not None]
    yield share(
        "flagged_rightly", "Flagged rightly", sum(judged), len(judged),
        "Of the cases opened in the period that a lead judged (`recovery: right`, `recovery: wrong`), those flagged rightly.",
        "judged cases", better="more",
    )  # fmt: skip


def _theirs(seen: Seen, said: Said) -> Iterator[Case]:
    """The cases about the customer who said something, and those that the ticket had joined before."""
    cases = seen.clocks.recovery
    yield from (case for case in cases.about(said.ticket) if case.outcome != "deleted")
    yield from (case for case in cases.of(said.ticket) if case.tickets[said.ticket] < said.at)


def _was_open(case: Case, said: Said) -> bool:
    """Whether somebody worked on a case right before something was said."""
    before = [state for turned, state in case.turns if turned < said.at]
    return bool(before) and before[-1] not in ENDED


def _returns(case: Case) -> Iterator[datetime]:
    """When a case was opened again."""
    yield from (at for number, (at, state) in enumerate(case.turns) if number and state == "open")


def _happened(seen: Seen, opened: Sequence[Case], ended: Sequence[Case]) -> list[Happening]:
    """Openings, with the ticket of the first signal, and ends, with the ticket that the case had moved to by then."""
    rows = [(seen.number(next(iter(case.tickets))), case.opened, "opened", case.id) for case in opened]
    rows += [(seen.number(case.ticket), case.ended, case.state, case.id) for case in ended if case.ended]
    return seen.happenings(pl.DataFrame(rows, schema=_FRAME, orient="row"))


def _ages(seen: Seen, waiting: Sequence[Case]) -> Table:
    """The cases that nobody has ended, by age and state."""
    table = by_name(
        "Open cases by age", "Age", ((_age(seen.at - case.opened), case.state) for case in waiting),
        {"open": "Not contacted", "contacted": "Contacted", "resolved": "To be proved"},
    )  # fmt: skip
    order = [*(name for _, name in _AGES), "older"]
    return Table(table.title, table.head, tuple(sorted(table.rows, key=lambda row: order.index(str(row[0])))))


def _age(age: timedelta) -> str:
    return next((name for most, name in _AGES if age <= timedelta(days=most)), "older")


def _causes(ended: Sequence[Case]) -> Iterator[tuple[str, str]]:
    """Root causes in the words of whoever wrote them first, upper or lower case."""
    spelled: dict[str, str] = {}
    for case in ended:
        if case.root_cause:
            yield spelled.setdefault(case.root_cause.casefold(), case.root_cause), "n"


def _signals(cases: Sequence[Case]) -> Iterator[tuple[str, str]]:
    yield from ((_words(signal.kind), "n") for case in cases for signal in case.signals)


def _words(name: str | None) -> str:
    return (name or "").replace("_", " ")
