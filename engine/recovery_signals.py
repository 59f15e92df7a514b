"""What happened to some customers' tickets, as the deeds that recovery cases are made of, signals among them."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import polars as pl

from ..connectors.ticket import called
from ..rules.calendar import calendar_for
from ..rules.recovery_marks import marks_in, marks_of_tags
from ..rules.signals import LONG_WAIT, MANY_HANDS, SOON_AGAIN
from .people_win import same_text
from .ratings import whole_ratings
from .recovery_case import Signal
from .recovery_ledger import Deed
from .snapshot import decode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from ..rules.wordlists import Wordlists
    from .clocks import Clocks
    from .snapshot import Snapshot

TICK = timedelta(microseconds=1)
BY_ITS_MESSAGE = timedelta(minutes=1)
"""How long after a message a desk may reopen the ticket because of it: thanks reopen tickets, and are no trouble."""
_DONE = ("solved", "closed")
_COLUMNS = ["ticket", "at", "seq", "id", "actor", "actor_kind", "kind", "field", "old", "new", "text", "public", "auto"]
Numbered = tuple[int, Deed]
"""A deed with the desk's number of its event, 0 where time or another ticket brought it."""


def deeds(
    snapshot: Snapshot, clocks: Clocks, words: Wordlists, tickets: Collection[str], requesters: Mapping[str, str]
) -> list[Deed]:
    """All deeds on some tickets up to the snapshot's instant, in order. ``requesters``: whose every ticket is."""
    found: list[Numbered] = []
    rows, owners = _rows(snapshot, tickets), Owners(snapshot, tickets)
    zone = calendar_for(clocks.ruleset, clocks.ruleset.default_calendar).zone
    for ticket, first in _first_values(snapshot, tickets).items():
        found += _Course(snapshot, words, ticket, first, owners, zone).deeds(rows.get(ticket, ()))
    brought = (
        *_missed(snapshot, clocks, tickets, owners, zone),
        *_broken(snapshot, clocks, tickets),
        *_contacts(snapshot, tickets, requesters),
    )
    found += ((0, deed) for deed in brought)
    return in_order(found)


def in_order(found: Iterable[Numbered]) -> list[Deed]:
    """Deeds by instant, signals before what else happened then, then as the desk numbers its events."""
    return [
        deed
        for _, deed in sorted(found, key=lambda each: (each[1].at, each[1].signal is None, each[0], each[1].ticket))
    ]


def _rows(snapshot: Snapshot, tickets: Collection[str]) -> dict[str, list[Mapping[str, Any]]]:
    """The events of the tickets up to the snapshot's instant, in order."""
    asked = pl.col("ticket").is_in(list(tickets)) & (pl.col("at") <= snapshot.at) & (pl.col("kind") != "sla")
    rows: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in snapshot.events.filter(asked).select(_COLUMNS).sort("at", "seq").iter_rows(named=True):
        rows[row["ticket"]].append(row)
    return rows


def _first_values(snapshot: Snapshot, tickets: Collection[str]) -> dict[str, dict[str, Any]]:
    """What each ticket that exists was born with: the ``old`` of the first change of a field, else what it is now."""
    rows = snapshot.tickets.filter(pl.col("id").is_in(list(tickets)) & (pl.col("created") <= snapshot.at))
    now = {
        row["id"]: row for row in rows.select("id", "created", "status", "assignee", "language").iter_rows(named=True)
    }
    changed = snapshot.events.filter((pl.col("kind") == "field") & pl.col("field").is_in(["status", "assignee"]))
    changed = changed.filter(pl.col("ticket").is_in(list(now))).sort("at", "seq").group_by("ticket", "field").first()
    for ticket, field, old in changed.select("ticket", "field", "old").iter_rows():
        now[ticket][field] = old
    return now


class _Course:
    """One ticket's course, event by event."""

    def __init__(
        self,
        snapshot: Snapshot,
        words: Wordlists,
        ticket: str,
        first: Mapping[str, Any],
        owners: Owners,
        zone: ZoneInfo,
    ) -> None:
        self._snapshot, self._words, self._ticket, self._language = snapshot, words, ticket, first["language"]
        self._owners, self._zone = owners, zone
        self._solved, self._owner, self._born = first["status"] in _DONE, first["assignee"], first["created"]
        self._reopens = self._hands = 0
        self._rated: str | None = None
        self._angry = False
        self._thanked: list[datetime] = []
        self._asked: datetime | None = None

    def deeds(self, rows: Collection[Mapping[str, Any]]) -> Iterator[Numbered]:
        """The deeds of all events, and of a customer who waited too long, or still does."""
        if self._solved:
            yield 0, Deed(self._born, self._ticket, "status", solved=True)
        self._thanked = [row["at"] for row in rows if self._heard_thanks(row)]
        for row in _with_comments(rows):
            yield from ((row["seq"] if deed.at == row["at"] else 0, deed) for deed in self._of(row))
        yield from ((0, deed) for deed in self._waited(None))

    def _of(self, row: Mapping[str, Any]) -> Iterator[Deed]:
        match row["kind"]:
            case "field":
                yield from self._field(row)
            case "message":
                yield from self._message(row)
            case "rating":
                yield from self._rating(row)
            case "merged" | "deleted":
                yield from self._waited(row["at"])
                yield Deed(row["at"], self._ticket, row["kind"], row["actor"], row["new"] or "")

    def _signal(self, row: Mapping[str, Any], kind: str, value: str) -> Deed:
        signal = Signal(row["at"], kind, self._ticket, value, row["id"], "", self._owner)
        return Deed(row["at"], self._ticket, "signal", row["actor"], signal=signal)

    def _field(self, row: Mapping[str, Any]) -> Iterator[Deed]:
        marks: list[Any] = []
        if row["field"] == "status":
            yield from self._status(row)
        elif row["field"] == "assignee":
            yield from self._handed(row)
        elif row["field"] == "tags":
            before, after = (decode(row[side], is_list=True) or () for side in ("old", "new"))
            marks = marks_of_tags(tag for tag in after if not any(same_text(tag, each) for each in before))
        if row["actor_kind"] == "agent":
            yield Deed(row["at"], self._ticket, "agent", row["actor"], marks=tuple(marks))

    def _status(self, row: Mapping[str, Any]) -> Iterator[Deed]:
        solved = row["new"] in _DONE
        by_thanks = any(abs(row["at"] - thanked) <= BY_ITS_MESSAGE for thanked in self._thanked)
        woken = self._solved and not solved
        if woken and not by_thanks:
            self._reopens += 1
            yield self._signal(row, "reopened" if self._reopens == 1 else "reopened_again", f"{self._reopens}")
        if solved:
            yield from self._waited(row["at"])
        self._solved = solved
        yield Deed(row["at"], self._ticket, "status", row["actor"], solved=solved, by_thanks=woken and by_thanks)

    def _handed(self, row: Mapping[str, Any]) -> Iterator[Deed]:
        if row["old"] and row["new"] and row["old"] != row["new"] and row["actor_kind"] != "robot":
            self._hands += 1
            if self._hands == MANY_HANDS:
                yield self._signal(row, "handoffs", f"{self._hands}")
        self._owner = row["new"]

    def _rating(self, row: Mapping[str, Any]) -> Iterator[Deed]:
        comment = " ".join((row["text"] or "").split())
        if row["new"] == "bad" and self._rated != "bad":
            was = "good before; " if self._rated == "good" else ""
            yield self._signal(row, "bad_rating", f"{was}{comment}".removesuffix("; "))
        elif row["new"] == "bad":
            yield self._signal(row, "bad_rating", f"once more; {comment}".removesuffix("; "))
        elif row["new"] == "good":
            yield Deed(row["at"], self._ticket, "rated_good", row["actor"], comment)
        self._rated = row["new"]

    def _message(self, row: Mapping[str, Any]) -> Iterator[Deed]:
        text, who, kind = row["text"] or "", row["actor"], row["actor_kind"]
        by_person = not row["auto"] and kind in ("agent", "customer")
        if row["public"] and by_person and kind == "customer":
            yield from self._heard(row, text)
        elif row["public"] and by_person:
            yield from self._waited(row["at"])
            yield Deed(row["at"], self._ticket, "agent", who, public=True)
        elif not row["public"] and kind in ("agent", "robot") and not row["auto"]:
            marks = tuple(marks_in(text))
            if marks or kind == "agent":
                yield Deed(row["at"], self._ticket, kind, who, marks=marks)

    def _heard(self, row: Mapping[str, Any], text: str) -> Iterator[Deed]:
        thanked = self._heard_thanks(row)
        if thanked:
            yield Deed(row["at"], self._ticket, "thanks", row["actor"], thanked)
            return
        self._asked = self._asked or row["at"]
        angry = None if self._angry else self._words.angry(text, self._language)
        if angry:
            self._angry = True
            yield self._signal(row, "angry_words", angry)

    def _heard_thanks(self, row: Mapping[str, Any]) -> str | None:
        """The words by which a customer says in public that it is right now."""
        speaks = row["kind"] == "message" and row["public"] and not row["auto"] and row["actor_kind"] == "customer"
        return self._words.thanks(row["text"] or "", self._language) if speaks else None

    def _waited(self, ended: datetime | None) -> Iterator[Deed]:
        """The signal of a wait that lasted too long; it came at that very instant, not with what ended the wait."""
        asked, self._asked = self._asked, None
        end = ended or min(self._snapshot.at, self._snapshot.known_to)
        if asked is not None and end - asked > LONG_WAIT:
            at = asked + LONG_WAIT + TICK
            value, owner = f"since {asked.astimezone(self._zone):%Y-%m-%d %H:%M}", self._owners.then(self._ticket, at)
            yield Deed(at, self._ticket, "signal", signal=Signal(at, "long_wait", self._ticket, value, None, "", owner))


def _with_comments(rows: Collection[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The events, with each rating and its comment as one."""
    ratings = {row["id"]: row for row in whole_ratings(row for row in rows if row["kind"] == "rating")}
    return [ratings.get(row["id"], row) for row in rows if row["kind"] != "rating" or row["id"] in ratings]


# --- what time or other tickets bring ---------------------------------------------------------------------------------


def _missed(
    snapshot: Snapshot, clocks: Clocks, tickets: Collection[str], owners: Owners, zone: ZoneInfo
) -> Iterator[Deed]:
    """Deadlines as they are missed, each told by the rule that sets it; none on a ticket that is gone by then."""
    ends = _ends(snapshot)
    numbers = {t: ticket for ticket, t in clocks.history.tickets.select("id", "t").iter_rows() if ticket in tickets}
    for rule in (rule for rule in clocks.ruleset.rules if rule.id in clocks.deadlines):
        deadline = clocks.deadlines[rule.id]
        missed = (pl.col("state") == "missed") & (pl.col("state").shift(1).over("t") != "missed").fill_null(value=True)
        table = clocks.of(rule).table.filter(pl.col("at") <= snapshot.at).filter(missed)
        kind = "missed_resolution" if deadline.target == "resolution" else "missed_deadline"
        for t, at, due in table.select("t", "at", "due").iter_rows():
            ticket = numbers.get(t)
            if ticket is not None and at <= ends.get(ticket, at) and clocks.runs(rule, t):
                value = f"{deadline.name}, due {due.astimezone(zone):%Y-%m-%d %H:%M}" if due else deadline.name
                signal = Signal(at, kind, ticket, value, None, rule.name, owners.then(ticket, at))
                yield Deed(at, ticket, "signal", signal=signal)


def _broken(snapshot: Snapshot, clocks: Clocks, tickets: Collection[str]) -> Iterator[Deed]:
    """Promises as they are broken; where no rule is about promises none counts.

    One that was broken stays so when its ticket is merged or deleted later.
    """
    word = clocks.word if any(rule.actions.promise for rule in clocks.ruleset.rules) else None
    rule = next(iter(word.rules), None) if word else None
    if word is None or rule is None:
        return
    ends = _ends(snapshot)
    for ticket in tickets:
        for promise in word.of(ticket):
            if promise.due is None or not promise.tracked or promise.due >= snapshot.known_to:
                continue
            went_late = (
                promise.settled == ends.get(ticket) and promise.settled is not None and promise.settled > promise.due
            )
            if promise.settled is not None and promise.how != "broken" and not went_late:
                continue
            at = max(promise.due + TICK, promise.since)
            signal = Signal(at, "broken_promise", ticket, promise.quote, promise.event, rule.name, promise.author)
            if at <= snapshot.at:
                yield Deed(at, ticket, "signal", signal=signal)


def _contacts(snapshot: Snapshot, tickets: Collection[str], requesters: Mapping[str, str]) -> Iterator[Deed]:
    """Customers who come again soon after their last ticket."""
    rows = snapshot.tickets.filter(pl.col("id").is_in(list(tickets)) & (pl.col("created") <= snapshot.at))
    births: dict[str, list[tuple[datetime, str, str]]] = defaultdict(list)
    for ticket, created, url in rows.select("id", "created", "url").sort("created", "id").iter_rows():
        births[requesters[ticket]].append((created, ticket, called(ticket, url)))
    for (before, _, last), (at, ticket, _) in (pair for each in births.values() for pair in pairwise(each)):
        if at - before <= SOON_AGAIN:
            signal = Signal(at, "repeat_contact", ticket, f"after {last}", None, "", None)
            yield Deed(at, ticket, "signal", signal=signal)


def _ends(snapshot: Snapshot) -> dict[str, datetime]:
    """When tickets were merged or deleted."""
    ended = snapshot.events.filter(pl.col("kind").is_in(["merged", "deleted"]))
    return dict(ended.group_by("ticket").agg(pl.col("at").min()).iter_rows())


class Owners:
    """Whose a ticket was at an instant."""

    def __init__(self, snapshot: Snapshot, tickets: Collection[str]) -> None:
        self._now: dict[str, str | None] = dict(snapshot.tickets.select("id", "assignee").iter_rows())
        self._changes: dict[str, list[tuple[datetime, str | None]]] = defaultdict(list)
        changed = (pl.col("kind") == "field") & (pl.col("field") == "assignee") & pl.col("ticket").is_in(list(tickets))
        for ticket, at, old in (
            snapshot.events.filter(changed).sort("at", "seq").select("ticket", "at", "old").iter_rows()
        ):
            self._changes[ticket].append((at, old))

    def then(self, ticket: str, at: datetime) -> str | None:
        """The ``old`` of the first change after it, else the present owner."""
        later = (old for moment, old in self._changes.get(ticket, ()) if moment > at)
        return next(later, self._now.get(ticket))
