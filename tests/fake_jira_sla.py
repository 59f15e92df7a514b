"""Service levels of the fake Jira: goals in calendar minutes, and the cycles they put on issues. Off until there is a goal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fake_jira_people import millis, stamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from fake_jira_issues import Change, JiraIssues
    from fake_jira_people import Row

FIRST, RESOLUTION = "Time to first response", "Time to resolution"


@dataclass
class Cycle:
    """One run of a clock; ``since`` is when it last began to count, ``None`` while it is paused or over."""

    start: datetime
    goal: timedelta
    since: datetime | None
    spent: timedelta = timedelta()
    stop: datetime | None = None

    def elapsed(self, now: datetime) -> timedelta:
        return self.spent + (now - self.since if self.since else timedelta())

    def end(self, at: datetime) -> None:
        self.spent, self.since, self.stop = self.elapsed(at), None, at

    def pause(self, at: datetime) -> None:
        self.spent, self.since = self.elapsed(at), None


@dataclass
class Goal:
    """Minutes for the issues for which ``when(row)`` holds; it rests in some statuses."""

    field: str
    goal: timedelta
    when: Callable[[Row], bool]
    rests: frozenset[str]


class SlaClocks:
    """All cycles of a site. ``open_hours`` is what an ongoing cycle says of the calendar; ``forced`` are values told as they are."""

    def __init__(self, site: JiraIssues) -> None:
        self.site = site
        self.goals: dict[str, Goal] = {}
        self.cycles: dict[tuple[str, str], list[Cycle]] = {}
        self.forced: dict[tuple[str, str], Row | None] = {}
        self.open_hours = True

    def add(self, field: str, minutes: float, when: Callable[[Row], bool] | None, rests: frozenset[str]) -> None:
        self.goals[field] = Goal(field, timedelta(minutes=minutes), when or (lambda _: True), rests)

    def after(self, row: Row, change: Change) -> None:
        """Moves the clocks of an issue that was just changed."""
        for goal in self.goals.values():
            cycles = self.cycles.setdefault((row["id"], goal.field), [])
            running = cycles[-1] if cycles and cycles[-1].stop is None else None
            first = self.site.fields[goal.field]["name"] == FIRST
            if running is None and self._begins(row, change, goal, first=first):
                cycles.append(Cycle(change.at, goal.goal, change.at))
            elif running and self._ends(row, change, first=first):
                running.end(change.at)
            elif running:
                self._rest(running, row["fields"]["status"] in goal.rests, change.at)

    def _begins(self, row: Row, change: Change, goal: Goal, *, first: bool) -> bool:
        if change.kind == "created":
            return goal.when(row)
        known = bool(self.cycles[row["id"], goal.field])
        return known and not first and "status" in change.fields and not self._done(row)

    def _ends(self, row: Row, change: Change, *, first: bool) -> bool:
        if first and change.comment:
            return bool(change.comment["public"] and self.site.staff(change.author))
        return self._done(row)

    def _done(self, row: Row) -> bool:
        return self.site.category(row["fields"]["status"]) == "done"

    def _rest(self, cycle: Cycle, resting: bool, at: datetime) -> None:
        if resting and cycle.since:
            cycle.pause(at)
        elif not resting and cycle.since is None:
            cycle.since = at

    # ---- how it is told

    def value(self, issue: str, field: str) -> Row | None:
        """What the custom field holds; nothing for issues that no goal is meant for."""
        if (issue, field) in self.forced:
            return self.forced[issue, field]
        cycles = self.cycles.get((issue, field))
        if not cycles:
            return None
        number = str(self.site.fields[field]["number"] % 1000)
        here = f"{self.site.url}/rest/servicedeskapi/request/{issue}/sla/{number}"
        done = [self._told(cycle) for cycle in cycles if cycle.stop]
        going = {"ongoingCycle": self._told(cycles[-1])} if cycles[-1].stop is None else {}
        return {"id": number, "name": self.site.title(field), "_links": {"self": here}, "completedCycles": done, **going,
                "slaDisplayFormat": "NEW_SLA_FORMAT"}  # fmt: skip

    def every(self, issue: str) -> list[Row]:
        """All clocks of an issue."""
        fields = [number for number, row in self.site.fields.items() if row["kind"] == "sla"]
        return [value for field in fields if (value := self.value(issue, field))]

    def _told(self, cycle: Cycle) -> Row:
        now = cycle.stop or self.site.now()
        elapsed = cycle.elapsed(now)
        left = cycle.goal - elapsed
        said: Row = {"startTime": day(self.site, cycle.start)}
        if cycle.stop:
            said |= {"stopTime": day(self.site, cycle.stop)}
        if cycle.since or cycle.stop:
            said |= {"breachTime": day(self.site, now + left)}
        said |= {"breached": left < timedelta()}
        if not cycle.stop:
            said |= {"paused": cycle.since is None, "withinCalendarHours": self.open_hours}
        return said | {"goalDuration": span(cycle.goal), "elapsedTime": span(elapsed), "remainingTime": span(left)}


def day(site: JiraIssues, at: datetime) -> Row:
    """A time in the four ways of service management; the friendly one depends on the language."""
    text = stamp(at, site.zone)
    friendly = at.strftime("%d/%b/%y %I:%M %p") if site.language == "en" else at.strftime("%y년 %m월 %d일 %H:%M")
    return {"iso8601": text[:19] + text[23:], "jira": text, "friendly": friendly, "epochMillis": millis(at)}


def span(how_long: timedelta) -> dict[str, Any]:
    minutes = int(how_long.total_seconds() / 60)
    return {"millis": int(how_long.total_seconds() * 1000), "friendly": f"{int(minutes / 60)}h {abs(minutes) % 60}m"}
