"""Clocks and promises of a ticket for people: the arithmetic, line by line, on the clocks of the calendar's zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from .time_words import day_words, distance_words, length_words, moment, moment_words, working_words
from .words import columns, printable, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .paint import Paint

    Told = Mapping[str, Any]

STYLES = {
    "running": "ok",
    "met": "ok",
    "kept": "ok",
    "open": "ok",
    "due_soon": "change",
    "missed": "remove",
    "broken": "remove",
}
"""How the states are painted; the others are dim."""
STEPS = {
    "done": "done",
    "passed_over": "passed over",
    "due": "due now",
    "coming": "to come",
    "silent": "before the rule",
}
DAYS_SHOWN = 8
"""Days of counted time that are told one by one; of more, those in the middle are summed up."""


@dataclass(frozen=True, slots=True)
class ClockView:
    """Writes for one moment ``at`` and one terminal."""

    at: datetime
    paint: Paint
    width: int

    def clock(self, clock: Told) -> Iterator[str]:
        """One run of a clock: how it stands, how that was reckoned, and its steps."""
        zone = ZoneInfo(clock["time_zone"])
        state = self._state(clock["state"])
        rule = self.paint("dim", f"{clock['rule']}, line {clock['line']}")
        yield f"{self.paint('heading', 'Clock ' + clock['name'])}  {state}"
        yield f"  {rule}"
        yield from wrapped(self._standing(clock, zone), self.width, indent=2)
        yield from wrapped(self._length(clock, zone), self.width, indent=2)
        yield from columns(self._course(clock, zone), indent=4)
        yield from self._steps(clock["steps"], zone)

    def promise(self, promise: Told, zone: ZoneInfo) -> Iterator[str]:
        """One promise: the words, who gave them when, how they were read, and what became of them."""
        state = promise["state"] or "no time named"
        yield f"{self.paint('heading', 'Promise')}  {self._state(state)}"
        yield from wrapped(f"“{promise['quote']}”", self.width, indent=2)
        author = f" by {promise['author']}" if promise["author"] else ""
        place = "" if promise["public"] else " in a note"
        origin = f", on ticket {promise['from_ticket']}" if promise["from_ticket"] else ""
        given = f"given {self._when(promise['made'], zone)}{author}{place}{origin}"
        yield from wrapped(given, self.width, indent=2)
        if promise["due"]:
            yield f"  due {self._when(promise['due'], zone)}, {self._outcome(promise, zone)}"
        if promise["convention"]:
            yield from wrapped(f"read as: {promise['convention']} (grade {promise['grade']})", self.width, indent=2)
        if promise["moved"]:
            times = "once" if promise["moved"] == 1 else f"{promise['moved']} times"
            yield f"  the word had been moved {times} before"
        yield from self._steps(promise["steps"], zone)

    # --- how it stands ------------------------------------------------------------------------------------------------

    def _state(self, state: str) -> str:
        return self.paint(STYLES.get(state, "dim"), state.replace("_", " "))

    def _when(self, text: str, zone: ZoneInfo) -> str:
        return moment_words(moment(text), zone, self.at)

    def _standing(self, clock: Told, zone: ZoneInfo) -> str:
        working = " of working time" if "business" in clock.get("within", "") else ""
        length = self._words(clock)(clock["left_seconds"]) + working
        late = clock["left_seconds"] < 0
        due = f"due {self._when(clock['due'], zone)}"
        if clock["stopped"]:
            said = f"{length} late" if late else f"with {length} left"
            return f"{due}, stopped {self._when(clock['stopped'], zone)}, {said}"
        if clock["state"] == "paused":
            return f"{length} left when it goes on (now it would be {due})"
        return f"{due}, {length} late" if late else f"{due}, {length} left"

    def _words(self, clock: Told) -> Any:
        return working_words if "business" in clock.get("within", "") else length_words

    def _length(self, clock: Told, zone: ZoneInfo) -> str:
        begin = f"since {self._when(clock['start'], zone)}"
        if clock["opened"] != clock["start"]:
            begin += f", opened {self._when(clock['opened'], zone)}"
        if "within" not in clock:
            return f"up to the time in `{clock['at']}`, {begin} ({clock['time_zone']})"
        by = clock.get("chosen_by")
        chosen = f" ({by['fact']} is {printable(str(by['value'] or 'missing'))})" if by else ""
        kept = f"calendar {clock['calendar']}, {clock['time_zone']}" if "business" in clock["within"] else zone.key
        return f"{clock['within']}{chosen}, {begin} ({kept})"

    def _outcome(self, promise: Told, zone: ZoneInfo) -> str:
        if promise["settled"]:
            how = promise["how"] if promise["how"] != "broken" else "answered too late,"
            return f"{how} {self._when(promise['settled'], zone)}"
        return distance_words(moment(promise["due"]), self.at)

    # --- the arithmetic -----------------------------------------------------------------------------------------------

    def _course(self, clock: Told, zone: ZoneInfo) -> list[tuple[str, ...]]:
        """What counted, day by day, what stood still and which days were left out, in the order of time."""
        words = self._words(clock)
        said = [*self._days(clock, zone), *self._paused(clock, zone)]
        today = self.at.astimezone(zone).date()
        for day in map(date.fromisoformat, clock["days_off"]):
            begin = datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)
            said.append((begin, (day_words(day, today), "", "", "day off")))
        rows = [row for _, row in sorted(said, key=lambda each: each[0])]
        total = sum(each["seconds"] for each in clock["counted"])
        return [*rows, ("", "", words(total), "in all")] if len(rows) > 1 and total else rows

    def _days(self, clock: Told, zone: ZoneInfo) -> list[tuple[datetime, tuple[str, ...]]]:
        words = self._words(clock)
        today = self.at.astimezone(zone).date()
        grouped = groupby(clock["counted"], key=lambda each: moment(each["from"]).astimezone(zone).date())
        days = [(day, list(stretches)) for day, stretches in grouped]
        middle = days[3 : -(DAYS_SHOWN - 4)] if len(days) > DAYS_SHOWN else []
        found: list[tuple[datetime, tuple[str, ...]]] = []
        for day, stretches in days:
            if (day, stretches) not in middle:
                slots = ", ".join(_slot(each, zone, today) for each in stretches)
                seconds = sum(each["seconds"] for each in stretches)
                found.append((moment(stretches[0]["from"]), (day_words(day, today), slots, words(seconds), "")))
        if middle:
            seconds = sum(each["seconds"] for _, stretches in middle for each in stretches)
            begin = moment(middle[0][1][0]["from"])
            found.append((begin, ("...", f"{len(middle)} more days", words(seconds), "")))
        return found

    def _paused(self, clock: Told, zone: ZoneInfo) -> Iterator[tuple[datetime, tuple[str, ...]]]:
        words = self._words(clock)
        today = self.at.astimezone(zone).date()
        for pause in clock["pauses"]:
            begin = moment(pause["from"])
            local = begin.astimezone(zone)
            until = _slot_end(pause["to"], local, zone, today) if pause["to"] else "now"
            lost = f"paused: {printable(pause['why'])}"
            missed = words(pause["lost_seconds"])
            yield begin, (day_words(local.date(), today), f"{local:%H:%M}-{until}", f"({missed})", lost)

    def _steps(self, steps: Sequence[Told], zone: ZoneInfo) -> Iterator[str]:
        rows = [(step["step"], self._step_time(step, zone), STEPS[step["state"]], step["does"]) for step in steps]
        for step, line in zip(steps, columns(rows, indent=4), strict=True):
            cut = line if len(line) <= self.width else line[: self.width - 4] + " ..."
            yield self.paint("change" if step["state"] == "due" else "plain", cut)

    def _step_time(self, step: Told, zone: ZoneInfo) -> str:
        at = step["done"] or step["at"]
        return self._when(at, zone) if at else "once it goes on"


def _slot(stretch: Told, zone: ZoneInfo, today: date) -> str:
    begin = moment(stretch["from"]).astimezone(zone)
    return f"{begin:%H:%M}-{_slot_end(stretch['to'], begin, zone, today)}"


def _slot_end(text: str, begin: datetime, zone: ZoneInfo, today: date) -> str:
    """When a stretch ends: the time, with the day where that is not the one it began on; midnight is 24:00."""
    end = moment(text).astimezone(zone)
    days = (end.date() - begin.date()).days
    if days == 1 and end.time() == datetime.min.time():
        return "24:00"
    return f"{end:%H:%M}" if days == 0 else f"{day_words(end.date(), today)} {end:%H:%M}"
