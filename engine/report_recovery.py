"""Sections of a report about customers who were let down: cases, what customers said, and what is worth thanks."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from .feedback import feedback, ratings
from .figures import Section, Table, by_name, counted, index, median, share
from .recognition import kept, recognition, said_so, won_back
from .recovery_case import ENDED
from .report_series import bars, days
from .snapshot import INSTANT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from .feedback import Said
    from .figures import Figure, Unit
    from .recovery_case import Case, CaseClock
    from .seen import Happening, Seen

_FRAME: dict[str, Any] = {"t": pl.Int32, "at": INSTANT, "what": pl.String, "about": pl.String}
_NO_CASES = "No rule of the rule file opens recovery cases (`recover`), so there are none."
_NO_WATCH = "No rule of the rule file keeps watch over promises (`promise`), so none are counted."
_NO_THEMES = "The rule file names no themes (`words: {themes: ...}`)."
_TROUBLE = {"bad": "Bad ratings", "reopened": "Reopened", "angry": "Angry"}
_LET_DOWN = ("missed_deadline", "missed_resolution", "broken_promise")
_AGES = ((1, "up to a day"), (3, "up to 3 days"), (7, "up to a week"), (30, "up to 30 days"))
_SHOWN, _LONGEST = 12, 200


# --- cases ------------------------------------------------------------------------------------------------------------


def recovery(seen: Seen) -> Section:
    """Customers we let down, and whether we won them back."""
    title, about = "Winning customers back", "Customers who were let down, and whether it was put right."
    if not _opens_cases(seen):
        return Section("recovery", title, about, notes=(_NO_CASES,))
    cases = [case for case in seen.clocks.recovery.cases if case.outcome != "deleted"]
    opened = [case for case in cases if case.opened in seen.period]
    ended = [case for case in cases if case.ended is not None and case.ended in seen.period]
    waiting = [case for case in cases if case.state not in ENDED]
    figures = (*_case_figures(seen, cases, opened, ended), *_early_figures(seen, cases), *_judged_figures(opened))
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


def _opens_cases(seen: Seen) -> bool:
    return any(rule.actions.recover for rule in seen.rules)


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


def _early_figures(seen: Seen, cases: Sequence[Case]) -> Iterator[Figure]:
    """Whether bad ratings hit us unprepared."""
    of: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        of[case.requester].append(case)
    bad = [said for said in ratings(seen) if said.kind == "bad"]
    early = sum(any(_was_open(case, said) for case in (*of[said.requester], *_joined(seen, said))) for said in bad)
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


def _joined(seen: Seen, said: Said) -> Iterator[Case]:
    """The cases that a ticket had joined before something was said on it."""
    yield from (case for case in seen.clocks.recovery.of(said.ticket) if case.tickets[said.ticket] < said.at)


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


# --- the voice of the customer ----------------------------------------------------------------------------------------


def voice(seen: Seen) -> Section:
    """What customers said, and where the trouble comes from."""
    said = feedback(seen)
    hours = _hours(seen, said)
    tables = (*_themes_and_teams(said), by_name("Trouble by rule", "Rule", _rules(seen), {"n": "Missed or broken"}))
    return Section(
        "voice",
        "The voice of the customer",
        "What customers said in ratings and their comments, when they reopened a ticket, in anger and in thanks.",
        tuple(_voice_figures(Counter(each.kind for each in said))),
        tuple(table for table in (*tables, hours, _words_of(seen, said)) if table.rows),
        tuple(bars("trouble_hours", hours.title, hours, ("bad", "fair", "other"))),
        () if seen.ruleset.words.own_themes else (_NO_THEMES,),
    )


def _themes_and_teams(said: Sequence[Said]) -> Iterator[Table]:
    themes = ((theme, each.kind) for each in said for theme in each.themes)
    yield by_name("Themes", "Theme", themes, {"good": "Good ratings", "thanks": "Thanks"} | _TROUBLE)
    yield by_name("Trouble by team", "Team", ((each.team, each.kind) for each in said), _TROUBLE)


def _hours(seen: Seen, said: Sequence[Said]) -> Table:
    found = ((f"{each.at.astimezone(seen.zone):%H}:00", each.kind) for each in said)
    table = by_name("Trouble by hour of the day", "Hour", found, _TROUBLE)
    return Table(table.title, table.head, tuple(sorted(table.rows, key=lambda row: str(row[0]))))


def _voice_figures(sums: Counter[str]) -> Iterator[Figure]:
    labels = {
        "thanks": ("Thanks", "Public messages of customers that say that it is right now.", "more"),
        "angry": ("Angry messages", "Public messages of customers with angry words.", "less"),
        "reopened": (
            "Reopened by customers",
            "Solved tickets opened again by a customer, or after one wrote on them; thanks reopen nothing.",
            "less",
        ),
    }
    for kind, (label, definition, better) in labels.items():
        of = "reopenings" if kind == "reopened" else "messages"
        yield counted(f"said_{kind}", label, sums[kind], definition, of, better=better)


def _rules(seen: Seen) -> Iterator[tuple[str, str]]:
    """The rules whose deadlines were missed and promises broken in the period, on tickets of customers with a case."""
    found = {
        (signal.at, signal.kind, signal.ticket, signal.value): signal.rule
        for case in seen.clocks.recovery.cases
        for signal in case.signals
        if signal.kind in _LET_DOWN and signal.at in seen.period
    }
    yield from ((rule, "n") for rule in found.values())


def _words_of(seen: Seen, said: Sequence[Said]) -> Table:
    """What they said, in their own words, the latest first, each once."""
    told = {(each.ticket, each.text): each for each in said if each.text}
    latest = sorted(told.values(), key=lambda each: each.at, reverse=True)[:_SHOWN]
    rows = tuple(
        (f"{each.at.astimezone(seen.zone):%Y-%m-%d}", each.kind, each.called, _short(each.text)) for each in latest
    )
    head: tuple[tuple[str, Unit], ...] = (("Day", "text"), ("What", "text"), ("Ticket", "text"), ("Words", "text"))
    return Table("In their words", head, rows)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()} ..."


# --- recognition ------------------------------------------------------------------------------------------------------


def thanks(seen: Seen) -> Section:
    """What is worth reading aloud."""
    praised = recognition(seen)
    who = "Person" if seen.per_person else "Team"
    rows = tuple((each.name, each.kept, len(each.won_back), len(each.thanks)) for each in praised)
    head: tuple[tuple[str, Unit], ...] = (
        (who, "text"),
        ("Promises kept", "count"),
        ("Customers won back", "count"),
        ("Thanked", "count"),
    )
    quotes = tuple((each.name, _short(said.text), said.called) for each in praised for said in each.thanks if said.text)
    tables = (
        Table("Worth a thank-you", head, rows),
        Table("What customers said", ((who, "text"), ("Words", "text"), ("Ticket", "text")), quotes[:_SHOWN]),
    )
    return Section(
        "recognition",
        "Recognition",
        "Promises kept, customers won back, and thanks: a list worth reading aloud.",
        tuple(_praise_figures(seen)),
        tuple(table for table in tables if table.rows),
        notes=(*(() if seen.watches_word() else (_NO_WATCH,)), *(() if _opens_cases(seen) else (_NO_CASES,))),
    )


def _praise_figures(seen: Seen) -> Iterator[Figure]:
    """Whoever it was; what nothing is known of is left out, not nought."""
    if seen.watches_word():
        yield counted(
            "kept_words", "Promises kept", len(kept(seen)), "Promises kept by their time in the period.",
            "promises", better="more",
        )  # fmt: skip
    if _opens_cases(seen):
        yield counted(
            "won_back", "Customers won back", len(won_back(seen)),
            "Cases that ended in the period, and did not come back in it, with a good rating or thanks.",
            "cases", better="more",
        )  # fmt: skip
