"""What is worth reading aloud: promises that were kept, customers who were won back, thanks, and whom they were for."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from .feedback import HAPPY
from .plan_file import instant_text
from .seen import NO_TEAM, NOBODY
from .snapshot import INSTANT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .feedback import Said
    from .recovery_case import Case
    from .seen import Happening, Seen
    from .word_ledger import Promise

_FRAME: dict[str, Any] = {"t": pl.Int32, "at": INSTANT, "what": pl.String}
_SAID_SO = ("rated good", "thanked")
_WORD = re.compile(r"\w+(?:-\w+)*")


@dataclass(slots=True)
class Praise:
    """What a team, or a person, is to be thanked for: how many promises were kept, who was won back, what customers said."""

    name: str
    kept: int = 0
    won_back: list[Case] = field(default_factory=list)
    thanks: list[Said] = field(default_factory=list)

    @property
    def weight(self) -> int:
        """What orders the list: who gave most cause for thanks."""
        return self.kept + 3 * len(self.won_back) + 2 * len(self.thanks)

    def to_json(self) -> dict[str, Any]:
        """As ``recognition --format json`` prints it."""
        return {
            "name": self.name,
            "kept": self.kept,
            "won_back": [
                {"case": case.id, "requester": case.requester, "by": case.by, "ended": instant_text(case.ended)}
                for case in self.won_back
                if case.ended
            ],
            "thanks": [
                {"requester": each.requester, "ticket": each.ticket, "url": each.url, "text": each.text}
                for each in self.thanks
            ],
        }


def recognition(seen: Seen) -> list[Praise]:
    """Everybody who gave cause for thanks in the period, most of it first: teams, or people where the settings allow that.

    A kept promise is its author's, a customer who was won back that of whoever had the case's ticket then, and so is a good
    rating or thanks, unless the customer names somebody of ours.
    """
    found: dict[str, Praise] = {}

    def of(handle: str, team: str | None = None) -> Praise:
        key = handle if seen.per_person else team or seen.team_of(handle)
        return found.setdefault(key, Praise(seen.name(key) if seen.per_person else key))

    for promise in kept(seen):
        of(promise.author or NOBODY).kept += 1
    for case, then in won_back(seen):
        of(then.person, then.team).won_back.append(case)
    named = _named(seen)
    for said in seen.said:
        if said.kind in HAPPY and (said.text or said.kind == "thanks"):
            somebody = named(said)
            (of(somebody) if somebody else of(said.person, said.team)).thanks.append(said)
    known = (praise for key, praise in found.items() if key not in (NO_TEAM, NOBODY))
    return sorted(known, key=lambda praise: (-praise.weight, praise.name))


def kept(seen: Seen) -> list[Promise]:
    """The promises that were kept in the period; where no rule is about promises none counts."""
    tickets = seen.word.tickets if seen.watches_word() else ()
    known = (promise for ticket in tickets for promise in seen.word.of(ticket, seen.at))
    return [each for each in known if each.how == "kept" and each.settled and each.settled in seen.period]


def won_back(seen: Seen) -> list[tuple[Case, Happening]]:
    """The cases that ended well in the period because the customer said so, each with whoever had its ticket then."""
    ended = [case for case in seen.clocks.recovery.cases if case.ended and case.ended in seen.period and said_so(case)]
    rows = [(seen.number(case.ticket), case.ended, case.id) for case in ended]
    return list(zip(ended, seen.happenings(pl.DataFrame(rows, schema=_FRAME, orient="row")), strict=True))


def said_so(case: Case) -> bool:
    """Whether the customer said that it is right now, by a good rating or thanks; time or a lead may say so, too."""
    return case.state == "verified" and case.by.startswith(_SAID_SO)


def _named(seen: Seen) -> Callable[[Said], str | None]:
    """Whom a customer names: the one agent whose first name stands in the text, unless it is the customer's own."""
    agents = _first_names(seen)

    def somebody(said: Said) -> str | None:
        words = set(_WORD.findall(said.text)) - {_first_name(seen.name(said.requester))}
        found = [handle for word in words for handle in agents.get(word, ())]
        return found[0] if len(found) == 1 else None

    return somebody


def _first_names(seen: Seen) -> Mapping[str, list[str]]:
    """The agents by their first names, as far as these are more than a letter."""
    found: dict[str, list[str]] = defaultdict(list)
    for handle, person in seen.snapshot.people.items():
        first = _first_name(person.name)
        if person.role == "agent" and len(first) > 1:
            found[first].append(handle)
    return found


def _first_name(name: str) -> str:
    return next(iter(name.split()), "")
