"""When clocks start and stop by their target: one walk over the events of a ticket, plain and slow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from oracle_facts import DONE, World, field_at

from makegood.rules.model import Deadline

TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Cycle:
    """One run of a clock: counted from ``start``, there from ``begin`` on, ended by ``stop`` or without verdict at ``drops``.

    ``idle``: stretches within it that do not count.
    """

    start: datetime
    begin: datetime
    stop: datetime | None = None
    drops: datetime | None = None
    idle: tuple[tuple[datetime, datetime], ...] = ()


def target_cycles(world: World, ticket: str, deadline: Deadline, until: datetime) -> list[Cycle]:
    """The cycles of a clock with a ``target`` that have begun by an instant, in order."""
    story = _story(world, ticket, until)
    if deadline.target == "resolution" and not deadline.restart_on_reopen:
        return [_resolution(story)]
    starts, stops = STRETCHES[deadline.target or ""]
    if deadline.target == "next_reply":
        story = story[
            next((number for number, (_, what) in enumerate(story) if what.startswith("agent")), len(story)) :
        ]
    return [Cycle(begin, begin, end) for begin, end in _stretches(story, starts, stops)]


def _story(world: World, ticket: str, until: datetime) -> list[tuple[datetime, str]]:
    """What starts and stops clocks, in order; ``agent while solved`` is an agent's reply that starts none."""
    created = (world.ticket(ticket) or {})["created"]
    born = created - TICK
    done = field_at(world, ticket, "status", born) in DONE
    owned = field_at(world, ticket, "assignee", born) is not None
    story = [(created, "born"), (created, "solved" if done else "opened"), (created, OWNED[owned])]
    for event in world.of(ticket, until):
        if event["kind"] == "message" and event["public"] and not event["auto"]:
            who = event["actor_kind"]
            story.append((event["at"], "agent while solved" if who == "agent" and done else who))
        elif event["kind"] == "field" and event["field"] == "status" and (event["new"] in DONE) != done:
            done = not done
            story.append((event["at"], "solved" if done else "opened"))
        elif event["kind"] == "field" and event["field"] == "assignee":
            if (field_at(world, ticket, "assignee", event["at"]) is not None) == owned:
                continue  # given and taken back at one instant: nobody had it
            owned = not owned
            story.append((event["at"], OWNED[owned]))
    return story


OWNED = {True: "owned", False: "ownerless"}
STRETCHES = {
    "first_reply": ({"born"}, {"agent", "agent while solved"}),
    "next_reply": ({"customer"}, {"agent", "agent while solved"}),
    "resolution": ({"opened"}, {"solved"}),
    "update": ({"opened", "agent"}, {"agent", "solved"}),
    "assignment": ({"ownerless"}, {"owned"}),
}
"""What starts and what stops each target, in the words of the story."""


def _stretches(
    story: list[tuple[datetime, str]], starts: set[str], stops: set[str]
) -> list[tuple[datetime, datetime | None]]:
    found: list[tuple[datetime, datetime | None]] = []
    since = None
    for at, what in story:
        if since is not None and what in stops:
            found.append((since, at))
            since = None
        if since is None and what in starts:
            since = at
    return [*found, (since, None)] if since else found


def _resolution(story: list[tuple[datetime, str]]) -> Cycle:
    """One cycle for all; it is stopped while the ticket is solved, and that time does not count once it is reopened."""
    created = story[0][0]
    solved = _stretches(story, {"solved"}, {"opened"})
    stop = next((begin for begin, end in solved if end is None), None)
    return Cycle(created, created, stop, idle=tuple((begin, end) for begin, end in solved if end))
