"""What an act says about promises: its text read by the promise grammar, as its author meant it then and there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol
from zoneinfo import ZoneInfo

from ..rules import promises
from ..rules.promise_commitments import recalled
from ..rules.promise_version import read_as
from ..rules.promises import Correction, Reading, languages_for, promises_of

if TYPE_CHECKING:
    from ..rules.calendar import Calendar
    from ..rules.model import RuleSet
    from ..rules.promises import Found
    from .snapshot import Snapshot
    from .word_events import Act


class Grammar(Protocol):
    """How texts are understood; :mod:`makegood.rules.promises` is one."""

    def promises_in(self, text: str, reading: Reading) -> tuple[Found, ...]:
        """What a public message promises."""

    def marked_in(self, note: str, reading: Reading) -> tuple[Found, ...]:
        """The explicit markers in an internal note."""

    def corrections_in(self, note: str, reading: Reading) -> tuple[Correction, ...]:
        """What a note says about earlier promises."""

    def time_of(self, text: str, reading: Reading) -> Found | None:
        """The time in a field."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What an act says: corrections of earlier promises, and promises it makes, in the order of the text."""

    made: tuple[Found, ...] = ()
    corrections: tuple[Correction, ...] = ()


class Reader:
    """Reads the acts of one snapshot; ``calendar`` is the one that bare days end on."""

    def __init__(self, ruleset: RuleSet, snapshot: Snapshot, calendar: Calendar, grammar: Grammar = promises) -> None:
        self._people = snapshot.people
        self._calendar = calendar
        self._grammar = grammar
        self._languages = languages_for(ruleset)
        self._commitments = snapshot.commitments

    def heard(self, act: Act) -> Heard:
        """What the act says; a tag and an emptied field take back what was promised."""
        if act.kind == "tag" or (act.kind == "field" and act.text is None):
            return Heard(corrections=(Correction(quote="", to=None),))
        if act.text is None or act.kind in ("merged", "deleted"):
            return Heard()
        if act.kind == "message":
            return Heard(self._promised(act, act.text))
        reading = self._reading(act)
        if act.kind == "note":
            marked = self._grammar.marked_in(act.text, reading)
            return Heard(marked, self._grammar.corrections_in(act.text, reading))
        found = self._grammar.time_of(act.text, reading)
        ahead = found is not None and found.due is not None and found.due > act.at
        return Heard((replace(found, grade="explicit"),)) if found and ahead else Heard()

    def _promised(self, act: Act, text: str) -> tuple[Found, ...]:
        """What a message promises; it is read only where no plan has noted yet what it commits to."""
        note = self._commitments.get(act.event)
        known = recalled(note, read_as(act.language, self._languages)) if note else None
        if known is None:
            return self._grammar.promises_in(text, self._reading(act))
        return promises_of(known, self._reading(act)) if known else ()

    def _reading(self, act: Act) -> Reading:
        return Reading(
            at=act.at,
            calendar=self._calendar,
            zone=self._zone(act.author),
            language=act.language,
            date_order=self._date_order(act.language),
            languages=self._languages,
        )

    def _zone(self, author: str | None) -> ZoneInfo | None:
        person = self._people.get(author or "")
        return ZoneInfo(person.time_zone) if person and person.time_zone else None

    def _date_order(self, language: str | None) -> Literal["DMY", "MDY"]:
        """American dates where the ticket is in American English, or the calendar has the holidays of the United States."""
        american = (language or "").replace("_", "-").lower() == "en-us" or self._calendar.spec.country == "US"
        return "MDY" if american else "DMY"
