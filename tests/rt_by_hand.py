"""Deadlines and promises worked out by hand from what Request Tracker's REST interface tells of a ticket.

A second witness for the live suite: nothing here comes from our connector, history or clocks. Working minutes are counted by
:mod:`open_minutes`. Times are those of RT's transactions, in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from open_minutes import OpenMinutes

    from makegood.rules.durations import Duration

AGENTS = ("alice", "bob", "carol", "dan")
NOBODY = "6"
HALTED = {"stalled": "pending", "resolved": "solved"}


class Cycle(NamedTuple):
    """One run of a clock: when it began, when it is due, and ``met``, ``missed``, ``paused`` or ``runs``."""

    start: datetime
    due: datetime
    state: str


@dataclass(frozen=True)
class Story:
    """A ticket's transactions in their order, looked at from ``at`` on a clock with business hours."""

    ticket: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    at: datetime
    office: OpenMinutes

    @property
    def created(self) -> datetime:
        return next(moment(row) for row in self.rows if row["Type"] == "Create")

    @property
    def replies(self) -> list[datetime]:
        """When agents wrote to the customer."""
        return [moment(row) for row in self.rows if row["Type"] == "Correspond" and row["Creator"]["id"] in AGENTS]

    def statuses(self) -> list[tuple[datetime, str]]:
        """From when on the ticket had which status."""
        changes = [(moment(row), str(row["NewValue"])) for row in self.rows if row["Field"] == "Status"]
        return [(self.created, "new"), *changes]

    def halts(self) -> Iterator[tuple[datetime, datetime | None, str]]:
        """The stretches of being stalled or resolved; the last one may go on."""
        known = self.statuses()
        for place, (begin, status) in enumerate(known):
            if status in HALTED:
                yield begin, known[place + 1][0] if place + 1 < len(known) else None, HALTED[status]

    def verdict(self, start: datetime, within: Duration, stop: datetime | None) -> Cycle:
        """A cycle that nothing halts."""
        due = self.office.add(start, within)
        return Cycle(
            start, due, "runs" if stop is None and self.at <= due else "met" if stop and stop <= due else "missed"
        )

    # --- the four clocks ----------------------------------------------------------------------------------------------

    def first_reply(self, within: Mapping[str, Duration]) -> Cycle:
        """``within`` by ``high`` and ``default``; RT's 75 and above are high."""
        length = within["high" if int(self.ticket["Priority"]) >= 75 else "default"]
        return self.verdict(self.created, length, min(self.replies, default=None))

    def resolution(self, within: Duration) -> Cycle:
        """While stalled or resolved the clock stands still, and working time that passes then is added to its due time."""
        due = self.office.add(self.created, within)
        state = "runs"
        for begin, end, kind in self.halts():
            if begin >= due and not (kind == "solved" and begin == due):
                return Cycle(self.created, due, "missed")
            state = "runs" if end else "met" if kind == "solved" else "paused"
            if kind == "pending" or end:
                due = self.office.forward(due, self.office.between(begin, end or self.at))
        return Cycle(self.created, due, "missed" if state == "runs" and self.at > due else state)

    def update(self, within: Duration) -> Cycle:
        """The last stretch of silence towards the customer on a ticket that is not solved."""
        ends = sorted([(at, "reply") for at in self.replies] + [(at, status) for at, status in self.statuses()[1:]])
        start, stop, solved = self.created, None, False
        for at, what in ends:
            if what == "resolved":
                solved, stop = True, stop or at
            elif what == "reply" and not solved:
                start, stop = at, None
            elif what == "open" and solved:
                solved, start, stop = False, at, None
        return self.verdict(start, within, stop)

    def assignment(self, within: Duration) -> Cycle:
        """The last stretch without an owner."""
        start: datetime = self.created
        stop: datetime | None = None
        for row in self.rows:
            if row["Field"] == "Owner" and row["Type"] != "SetWatcher":
                at = moment(row)
                start, stop = (at, None) if row["NewValue"] == NOBODY else (start, stop or at)
        return self.verdict(start, within, stop)

    # --- promises -----------------------------------------------------------------------------------------------------

    def due_of(self, words: str, made: datetime) -> datetime:
        """By when the sentences of rt-seed are due."""
        day = made.astimezone(self.office.zone).date()
        if "2 hours" in words:
            return made + timedelta(hours=2)
        if "Friday" not in words:
            return self.office.end_of(day + timedelta(days=1))
        friday = day + timedelta(days=(4 - day.weekday()) % 7)
        return self.office.end_of(friday if friday > day or made < self.office.end_of(day) else day + timedelta(days=7))

    def fate(self, made: datetime, due: datetime, promising: Sequence[datetime]) -> str:
        """What became of a promise: the first reply after it settles it, with a newer promise (``promising``) or without."""
        answer = min((at for at in self.replies if at > made), default=None)
        if answer is None or answer > due:
            return "broken" if self.at > due else "open"
        return "moved" if answer in promising else "kept"


def moment(row: Mapping[str, Any]) -> datetime:
    """When a transaction happened."""
    return datetime.fromisoformat(str(row["Created"])).astimezone(UTC)
