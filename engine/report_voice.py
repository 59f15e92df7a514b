"""Sections of a report about what customers said, where the trouble comes from, and what is worth thanks."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from .figures import Section, Table, by_name, counted
from .recognition import kept, recognition, won_back
from .report_recovery import NO_CASES
from .report_series import bars
from .report_word import NO_WATCH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .feedback import Said
    from .figures import Figure, Unit
    from .seen import Seen

_NO_THEMES = "The rule file names no themes (`words: {themes: ...}`)."
_TROUBLE = {"bad": "Bad ratings", "reopened": "Reopened", "angry": "Angry"}
_LET_DOWN = ("missed_deadline", "missed_resolution", "broken_promise")
_SHOWN, _LONGEST = 12, 200


# --- the voice of the customer ----------------------------------------------------------------------------------------


def voice(seen: Seen) -> Section:
    """What customers said, and where the trouble comes from."""
    said = seen.said
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
        notes=(*(() if seen.watches_word() else (NO_WATCH,)), *(() if seen.opens_cases() else (NO_CASES,))),
    )


def _praise_figures(seen: Seen) -> Iterator[Figure]:
    """Whoever it was; what nothing is known of is left out, not nought."""
    if seen.watches_word():
        yield counted(
            "kept_words", "Promises kept", len(kept(seen)), "Promises kept by their time in the period.",
            "promises", better="more",
        )  # fmt: skip
    if seen.opens_cases():
        yield counted(
            "won_back", "Customers won back", len(won_back(seen)),
            "Cases that ended in the period, and did not come back in it, with a good rating or thanks.",
            "cases", better="more",
        )  # fmt: skip
