"""Three weeks at an embedded desk: agents and customers act at random, runs come at random, are missed and are killed."""

from __future__ import annotations

import json
import multiprocessing
import random
import signal
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from fake_desk import START, Clock, events_of, make_desk
from mortal import Mortal, started
from sqlalchemy import Engine, event

from makegood.connectors import local
from makegood.connectors.base import Rejected
from makegood.engine.notify import Notifier
from makegood.engine.store import Store
from makegood.engine.sync import sync
from makegood.rules.load import load_text

if TYPE_CHECKING:
    from pathlib import Path

    from makegood.connectors.ticket import Event
    from makegood.engine.sync import SyncReport

DESK = "support"
SPAN = timedelta(weeks=3)
NEVER = 10**9
OFFICE = "default_calendar: office\ncalendars: {office: {time_zone: UTC, hours: {mon-fri: 09:00-17:00}}}\nrules:\n"
STEP = "{{{when}, note: {name}, who: [{who}], text: '[{{id}} {name}]'{more}}}"
CLOCKS = (
    ("first", "target: first_reply, within: {urgent: 1 business hour, default: 4 business hours}"),
    ("next", "target: next_reply, within: 5 hours"),
    ("posted", "target: update, within: 16 business hours"),
    ("solved", "target: resolution, within: {urgent: 2 days, default: 5 days}, pause_while: {status: pending}"),
)
STEPS = {
    "first": (
        ("before: 1 business hour", "assignee", ""),
        ("after: 0 minutes", "ops", ", add_tags: [late]"),
        ("after: 2 business hours", "ops, assignee", ", set: {priority: urgent}"),
        ("after: 30 hours", "ops", ""),
    ),
    "next": (
        ("before: 2 hours", "assignee", ""),
        ("after: 0 minutes", "ops", ""),
        ("after: 1 day", "ops, assignee", ""),
    ),
    "posted": (
        ("before: 4 business hours", "assignee", ""),
        ("after: 0 minutes", "ops", ""),
        ("after: 1 day", "ops", ""),
    ),
    "solved": (
        ("before: 1 day", "assignee", ""),
        ("before: 2 hours", "assignee, ops", ""),
        ("after: 0 minutes", "ops", ", set: {priority: high}"),
        ("after: 2 days", "ops", ", remove_tags: [late]"),
    ),
}
"""Each step's time, receivers and further actions: those of :mod:`oracle_steps`."""


def _rule(clock: str, terms: str) -> str:
    found: dict[str, list[str]] = {"remind": [], "escalate": []}
    for when, who, more in STEPS[clock]:
        kind = "remind" if when.startswith("before") else "escalate"
        name = f"{clock} {kind} {len(found[kind]) + 1}"
        found[kind].append(STEP.format(when=when, name=name, who=who, more=more))
    steps = ", ".join(f"{kind}: [{', '.join(each)}]" for kind, each in found.items())
    return f"  - {{name: {clock}, deadline: {{name: {clock}, {terms}, {steps}}}}}\n"


RULES, PROBLEMS = load_text(OFFICE + "".join(_rule(*each) for each in CLOCKS))


# --- what people do ---------------------------------------------------------------------------------------------------


class Deed(NamedTuple):
    """What somebody does to a ticket (the number of its creation)."""

    at: datetime
    ticket: int
    what: str


DEEDS = {
    "answer": 30,
    "ask": 25,
    "pending": 14,
    "solved": 10,
    "open": 4,
    "urgent": 4,
    "low": 5,
    "remark": 4,
    "closed": 1,
}


def deeds(rng: random.Random, tickets: int) -> list[Deed]:
    """Everything that people do in three weeks, in order."""
    births = sorted(START + SPAN * rng.uniform(0.01, 0.8) for _ in range(tickets))
    found = [Deed(birth, number, "create") for number, birth in enumerate(births, 1)]
    for _, number, _ in tuple(found):
        now = births[number - 1]
        while (now := now + timedelta(hours=rng.expovariate(1 / 30))) < START + SPAN:
            found.append(Deed(now, number, rng.choices(list(DEEDS), list(DEEDS.values()))[0]))
    return sorted(found)


def do(desk: local.Local, deed: Deed) -> None:
    """Let it happen; what the desk does not allow does not happen."""
    number = str(deed.ticket)
    try:
        if deed.what == "create":
            owner = ("ana", "ben", None)[deed.ticket % 3]
            desk.create("u1", f"Case {number}", "Help", assignee=owner, priority="normal", at=deed.at)
        elif deed.what in ("answer", "ask"):
            desk.say(number, "ana" if deed.what == "answer" else "u1", deed.what, at=deed.at)
        elif deed.what == "remark":
            desk.say(number, "ben", "Hm", public=False, at=deed.at)
        else:
            named = "priority" if deed.what in ("urgent", "low") else "status"
            desk.change(number, "ana", named, deed.what, at=deed.at)
    except Rejected:
        return


# --- runs -------------------------------------------------------------------------------------------------------------


class Run(NamedTuple):
    """A run that was begun; ``whole``: nobody killed it."""

    at: datetime
    whole: bool


class Post(Notifier):
    """Letters that lie in a folder, each a line; its user may be killed just before it sends, and just after."""

    def __init__(self, folder: Path, mortal: Any) -> None:
        super().__init__({"ops": "folder"}, "folder")
        vars(self).update(place=folder / "letters.jsonl", mortal=mortal)

    def send(self, receiver: str, title: str, text: str) -> None:
        self.mortal.step()
        with self.place.open("a") as letters:
            letters.write(json.dumps([receiver, title, text]) + "\n")
        self.mortal.step()


def one_run(folder: Path, clock: Clock, dies_at: int) -> SyncReport:
    """One sync, whose process is killed at one of its steps on the desk, in the journal or at the post office."""
    assert RULES is not None, PROBLEMS
    with local.Local(folder / "desk.db", now=clock) as desk, Store.open(folder / "store.db", now=clock) as store:
        mortal: Any = Mortal(desk, dies_at)

        def look(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if "journal" in statement:
                mortal.step()

        event.listen(Engine, "before_cursor_execute", look)
        try:
            return sync(mortal, store, DESK, RULES, now=clock, notifier=Post(folder, mortal))
        finally:
            event.remove(Engine, "before_cursor_execute", look)


class Office:
    """Where runs are made: a process that lives from one run to the next, and is replaced when it was killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: Any = None

    def run(self, at: datetime, dies_at: int) -> bool:
        """Let a run begin; whether it lived to its end."""
        if self.process is None:
            self.line, theirs = multiprocessing.Pipe()
            self.process = started(runs_on_call, self.folder, theirs)
            theirs.close()
        self.line.send((at, dies_at))
        try:
            self.line.recv()
        except EOFError:
            self.process.join()
            assert self.process.exitcode == -signal.SIGKILL
            self.process = None
        return self.process is not None

    def close(self) -> None:
        if self.process is not None:
            self.line.close()
            self.process.join()


def runs_on_call(folder: Path, line: Any) -> None:
    """Make the runs that are asked for, until nobody asks any more."""
    clock = Clock()
    with suppress(EOFError):
        while True:
            clock.time, dies_at = line.recv()
            one_run(folder, clock, dies_at)
            line.send("done")


@dataclass
class Weeks:
    """What happened: the runs that were begun, and what the desk tells of its tickets at the end."""

    runs: list[Run] = field(default_factory=list)
    missed: int = 0
    stories: dict[str, list[Event]] = field(default_factory=dict)


def live(folder: Path, seed: int, *, tickets: int, runs: int) -> Weeks:
    """Let the weeks pass: of ``runs`` instants a fifth is missed; some fifteen of a hundred runs are killed."""
    rng, clock, weeks = random.Random(seed), Clock(), Weeks()
    coming, office, doom = deeds(rng, tickets), Office(folder), NEVER
    instants = [START, *sorted(START + SPAN * rng.random() for _ in range(runs - 1))]
    fates = ["missed"] * (runs // 5) + ["doomed"] * (runs // 5)
    fates += ["safe"] * (runs - 1 - len(fates))
    rng.shuffle(fates)
    with make_desk(folder / "desk.db", clock) as desk, closing(office):
        for clock.time, fate in zip(instants, ["safe", *fates], strict=True):
            while coming and coming[0].at < clock.time:
                do(desk, coming.pop(0))
            if fate == "missed":
                weeks.missed += 1
                continue
            doom = min(doom, rng.randrange(rng.choice([4, 10, 25]))) if fate == "doomed" else doom
            weeks.runs.append(Run(clock.time, whole=office.run(clock.time, doom)))
            doom = doom if weeks.runs[-1].whole else NEVER
        weeks.stories = {str(number): events_of(desk, str(number)) for number in range(1, tickets + 1)}
    return weeks
