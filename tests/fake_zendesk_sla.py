"""Service levels of the fake Zendesk: policies, the clocks they put on tickets, and the metric events those tell.

Clocks count calendar time. Off until there is a policy; like the real ones, clocks change at updates of a ticket and by breaching.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from fake_zendesk_people import instant, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from fake_zendesk_people import Row
    from fake_zendesk_updates import Audit

METRIC = {"first_reply_time": "reply_time", "next_reply_time": "reply_time", "total_resolution_time": "resolution_time"}
REPLIES = ("first_reply_time", "next_reply_time")
UPDATES = ("periodic_update_time", "pausable_update_time")
WHOLE = ("requester_wait_time", "agent_work_time", "total_resolution_time")
PAUSED_BY = {
    "requester_wait_time": ("pending",),
    "agent_work_time": ("pending", "hold"),
    "pausable_update_time": ("pending",),
}
DONE = ("solved", "closed", "deleted")
PRIORITIES = ("low", "normal", "high", "urgent")


@dataclass
class Clock:
    """One clock of one ticket: running ``since``, with ``spent`` before that."""

    name: str
    instance: int
    since: datetime | None
    spent: timedelta = timedelta()
    target: timedelta | None = None
    policy: int | None = None
    breached: bool = False
    completed: datetime | None = None

    def breach_at(self) -> datetime | None:
        since = self.completed or self.since
        if self.target is None or since is None:
            return None
        return since + self.target - self.spent


class SlaClocks:
    """All clocks of a desk."""

    def __init__(self) -> None:
        self.policies: dict[int, Row] = {}
        self.events: list[Row] = []
        self._meant: dict[int, Callable[[Row], bool]] = {}
        self._clocks: dict[int, dict[str, Clock]] = {}
        self._numbers = itertools.count(8_000_000_000_001)

    def add(self, title: str, targets: dict[str, Any], when: Callable[[Row], bool] | None = None) -> int:
        """A policy; ``targets`` are minutes by metric, or minutes by priority by metric. The first that fits counts."""
        number = next(self._numbers)
        metrics = [
            {"metric": name, "priority": priority, "target": minutes, "business_hours": False}
            for name, given in targets.items()
            for priority, minutes in (given if isinstance(given, dict) else dict.fromkeys(PRIORITIES, given)).items()
        ]  # fmt: skip
        self.policies[number] = {
            "id": number, "url": f"https://acme.zendesk.example/api/v2/slas/policies/{number}.json", "title": title,
            "description": None, "position": len(self.policies) + 1, "filter": {"all": [], "any": []}, "policy_metrics": metrics,
        }  # fmt: skip
        self._meant[number] = when or (lambda _: True)
        return number

    def after(self, row: Row, before: Row | None, audit: Audit, staff: Collection[int]) -> None:
        """Moves the clocks of a ticket that was just updated."""
        if not self.policies:
            return
        self.settle(audit.at)
        number = row["id"]
        if number not in self._clocks:
            self._clocks[number] = {}
            for name in WHOLE if row["status"] not in DONE else ():
                self._start(number, name, instant(row["created_at"]))
        for event in audit.events:
            if event["type"] == "Comment" and event["public"]:
                self._heard(number, event["author_id"] in staff, audit.at, first=before is None)
        self._stands(number, row["status"], audit.at)
        self._apply(row, audit.at)

    def settle(self, now: datetime) -> None:
        """Says of every clock that ran out by now that it did."""
        for number, clocks in self._clocks.items():
            for clock in clocks.values():
                ends = clock.breach_at()
                if clock.since and ends and ends <= now and not clock.breached:
                    clock.breached = True
                    self._tell(number, clock, "breach", ends)

    def metrics(self, number: int, now: datetime) -> list[Row]:
        """What the side-load ``slas`` says of a ticket."""
        return [_standing(clock, now) for clock in self._clocks.get(number, {}).values() if clock.target is not None]

    # ---- how a clock moves

    def _tell(self, number: int, clock: Clock, kind: str, at: datetime, **more: Any) -> None:
        metric = METRIC.get(clock.name, clock.name)
        said = {
            "id": next(self._numbers),
            "ticket_id": number,
            "metric": metric,
            "instance_id": clock.instance,
            "type": kind,
        }
        self.events.append({**said, "time": stamp(at), **more})

    def _start(self, number: int, name: str, at: datetime) -> None:
        """A new instance of a clock."""
        metric = METRIC.get(name, name)
        seen = {e["instance_id"] for e in self.events if e["ticket_id"] == number and e["metric"] == metric}
        clock = self._clocks[number][name] = Clock(name, max(seen, default=0) + 1, at)
        self._tell(number, clock, "activate", at)

    def _end(self, number: int, name: str, at: datetime) -> None:
        clock = self._clocks[number].get(name)
        if clock is None or clock.completed:
            return
        if clock.since is None:
            clock.since = at
        clock.completed, clock.since = clock.since, None
        self._tell(number, clock, "fulfill", at)
        minutes = int((at - clock.completed + clock.spent).total_seconds() // 60)
        self._tell(number, clock, "update_status", at, status={"calendar": minutes, "business": minutes})

    def _pause(self, number: int, clock: Clock, at: datetime) -> None:
        assert clock.since is not None
        clock.spent, clock.since = clock.spent + (at - clock.since), None
        self._tell(number, clock, "pause", at)

    def _heard(self, number: int, by_staff: bool, at: datetime, *, first: bool) -> None:
        """A public comment: an answer ends the wait for one, a question begins it."""
        clocks = self._clocks[number]
        if not by_staff:
            waiting = any(name in clocks and not clocks[name].completed for name in REPLIES)
            if first or ("first_reply_time" in clocks and not waiting):
                self._start(number, "first_reply_time" if first else "next_reply_time", at)
            return
        for name in (*REPLIES, *UPDATES):
            self._end(number, name, at)
        for name in () if first else UPDATES:
            self._start(number, name, at)

    def _stands(self, number: int, status: str, at: datetime) -> None:
        clocks = self._clocks[number]
        if status in DONE:
            for name in list(clocks):
                self._end(number, name, at)
            return
        for name in WHOLE:
            if name not in clocks or clocks[name].completed:
                self._start(number, name, at)
        for name, statuses in PAUSED_BY.items():
            clock = clocks.get(name)
            if clock and not clock.completed and (clock.since is None) != (status in statuses):
                if clock.since:
                    self._pause(number, clock, at)
                else:
                    clock.since = at
                    self._tell(number, clock, "activate", at)

    def _apply(self, row: Row, at: datetime) -> None:
        """Gives clocks the targets of the first policy that fits; a priority without a target has none."""
        policy = next((each for number, each in self.policies.items() if self._meant[number](row)), None)
        targets = {
            each["metric"]: each["target"]
            for each in (policy["policy_metrics"] if policy else ())
            if each["priority"] == (row["priority"] or "normal")
        }
        for clock in self._clocks[row["id"]].values():
            minutes = targets.get(clock.name)
            wanted = None if minutes is None else timedelta(minutes=minutes)
            if clock.completed or (clock.target, clock.policy) == (wanted, policy and policy["id"]):
                continue
            clock.target, clock.policy = wanted, policy and policy["id"]
            if wanted is not None and policy:
                about = {"id": policy["id"], "title": policy["title"], "description": policy["description"]}
                said = {"target": minutes, "business_hours": False, "policy": about}
                self._tell(row["id"], clock, "apply_sla", at, sla=said)


def _standing(clock: Clock, now: datetime) -> Row:
    """A clock in the words of the side-load: what is left in its largest unit, negative once it is late."""
    ends = clock.breach_at()
    stage = "completed" if clock.completed else "active" if clock.since else "paused"
    said: Row = {"breach_at": stamp(ends) if ends else None, "stage": stage, "metric": clock.name}
    left = (ends - now) if ends else (clock.target or timedelta()) - clock.spent
    minutes = int(left.total_seconds() // 60)
    for unit, size in (("days", 1440), ("hours", 60), ("minutes", 1)):
        if abs(minutes) >= size or unit == "minutes":
            return said | {unit: int(minutes / size)}
    return said
