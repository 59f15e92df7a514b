"""What recovery cases mean, told slowly from the pages about them: event by event, customer by customer.

Nothing of the engine is used but calendars; conditions are asked of each ticket at every instant at which they may turn.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from fake_troubles import AGENTS, ANGRY, PROMISE, THANKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fake_troubles import Town

    from makegood.connectors.ticket import Event

TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)
ANSWER_WITHIN, SOLVE_WITHIN = timedelta(hours=6), timedelta(days=4)
"""The deadlines of the rule files here."""
DONE = ("solved", "closed")
WEIGHTS = {
    "bad_rating": 3,
    "broken_promise": 3,
    "reopened": 2,
    "reopened_again": 4,
    "missed_resolution": 2,
    "missed_deadline": 1,
    "repeat_contact": 2,
    "long_wait": 1,
    "handoffs": 1,
    "angry_words": 1,
    "matched": 1,
}
COMES_BACK = ("bad_rating", "reopened", "reopened_again", "broken_promise")
OUTCOMES = ("recovered", "not recovered", "unreachable", "customer at fault", "false alarm")
CLOCKS = ("acknowledge", "first_contact", "plan_by")
Condition = dict[str, Any]


@dataclass(frozen=True)
class Terms:
    """A rule with ``recover``. ``add`` gives the instant so much later on the rule's calendar; lengths are its keys."""

    name: str
    cause: str
    when: Condition
    add: Callable[[datetime, str], datetime]
    customer: str = "requester"
    steps: int = 0
    lasts: str | None = None
    lengths: dict[str, str] = field(default_factory=dict)
    weights: dict[str, int] = field(default_factory=dict)
    verify_after: str = "7 days"
    cool_down: str = "30 days"


class Signal(NamedTuple):
    """What a case tells; ``promise``: the event of a promise that was broken."""

    at: datetime
    kind: str
    ticket: str
    owner: str | None
    rule: str = ""
    promise: str = ""


class Told(NamedTuple):
    """Something that happened; of a signal ``signal``, else ``event``. In this order, if at the same instant."""

    at: datetime
    group: int
    seq: int
    ticket: str
    signal: Signal | None = None
    event: Event | None = None
    cause: str | None = None


# --- one ticket -------------------------------------------------------------------------------------------------------


@dataclass
class Course:
    """A ticket's story up to an instant."""

    town: Town
    ticket: str
    at: datetime

    @cached_property
    def events(self) -> list[Event]:
        mine = (event for event in self.town.events if event.ticket == self.ticket and event.at <= self.at)
        return sorted(mine, key=lambda event: (event.at, event.seq))

    @property
    def born(self) -> datetime:
        return self.town.tickets[self.ticket].created

    @cached_property
    def end(self) -> datetime | None:
        """When it was merged or deleted."""
        return next((event.at for event in self.events if event.kind in ("merged", "deleted")), None)

    def value(self, name: str, before: tuple[datetime, float], first: Any = None) -> Any:
        """The value of a field, or the rating, after all events before a place in the story."""
        value = first
        for event in self.events:
            named = event.field == name if event.kind == "field" else name == "csat" and event.kind == "rating"
            if named and (event.at, event.seq) < before:
                value = event.new
        return value

    def then(self, name: str, now: datetime, first: Any = None) -> Any:
        return self.value(name, (now, float("inf")), first)

    # --- what agents and customers said -------------------------------------------------------------------------------

    def replies(self) -> list[Event]:
        return [event for event in self.events if is_reply(event)]

    def is_thanked_for(self, event: Event) -> bool:
        """Whether a customer's thanks came within a minute of it."""
        thanks = (said.at for said in self.events if is_heard(said) and said.text == THANKS)
        return any(abs(event.at - at) <= timedelta(minutes=1) for at in thanks)

    def waits(self) -> Iterator[tuple[datetime, datetime]]:
        """From when to when a customer waited for an answer; until now, if they still do."""
        since = None
        for event in self.events:
            if is_heard(event) and event.text != THANKS:
                since = since or event.at
            over = is_reply(event) or event.new in DONE or event.kind in ("merged", "deleted")
            if since and over:
                yield since, event.at
                since = None
        if since:
            yield since, self.at

    def reopenings(self, now: datetime, *, with_thanks: bool) -> list[Event]:
        turns = [
            event for event in self.events if event.kind == "field" and event.field == "status" and event.at <= now
        ]
        back = [event for event in turns if event.old in DONE and event.new not in DONE]
        return [event for event in back if with_thanks or not self.is_thanked_for(event)]

    def wakings(self) -> list[Event]:
        """The reopenings by thanks, which are no trouble."""
        return [event for event in self.reopenings(self.at, with_thanks=True) if self.is_thanked_for(event)]

    @cached_property
    def ratings(self) -> list[Event]:
        """The ratings without those that only bring the last one's comment, or say it twice at once."""
        found: list[Event] = []
        commented = False
        for event in [event for event in self.events if event.kind == "rating"]:
            last = found[-1] if found else None
            soon = timedelta(hours=1) if event.text and not commented else timedelta(minutes=1)
            if last and last.new == event.new and event.at - last.at <= soon:
                commented = commented or bool(event.text)
            else:
                found, commented = [*found, event], bool(event.text)
        return found

    # --- deadlines ----------------------------------------------------------------------------------------------------

    def unanswered(self) -> datetime | None:
        """When the deadline of the first answer was missed."""
        return self._missed(self.born + ANSWER_WITHIN, [event.at for event in self.replies()])

    def unsolved(self) -> datetime | None:
        """When the deadline of the solution was missed: time while it is solved does not count."""
        left: timedelta = SOLVE_WITHIN
        since: datetime | None = self.born
        for event in [event for event in self.events if event.kind == "field" and event.field == "status"]:
            if since and event.new in DONE:
                if since + left < event.at:
                    break
                left, since = left - (event.at - since), None
            elif not since and event.new not in DONE:
                since = event.at
        return self._missed(since + left, []) if since else None

    def _missed(self, due: datetime, met: list[datetime]) -> datetime | None:
        gone = self.end is not None and self.end <= due
        return None if gone or any(at <= due for at in met) or self.at <= due else due + TICK

    # --- conditions ---------------------------------------------------------------------------------------------------

    def holds(self, when: Condition, now: datetime, desk: Desk) -> bool:
        """Whether one of the comparisons holds then; never on a ticket that is gone."""
        if self.end is not None and self.end <= now:
            return False
        return any(self._holds(fact, operand, now, desk) for fact, operand in when.items())

    def _holds(self, fact: str, operand: Any, now: datetime, desk: Desk) -> bool:
        if fact == "reopens":
            return len(self.reopenings(now, with_thanks=True)) >= operand
        if fact == "deadline.first":
            missed = self.unanswered()
            return missed is not None and missed <= now
        if fact == "promise":
            return desk.promise(self.ticket, now) == "broken"
        if fact == "tags":
            return operand in (self.then("tags", now) or ())
        if fact == "assignee":
            return self.then("assignee", now) is None
        return bool(self.then("csat", now) == operand)

    def spans(self, terms: Terms, desk: Desk) -> list[tuple[datetime, datetime | None]]:
        """From when to when the rule is in force on this ticket: its condition holds, for so long already."""
        own = {self.born, self.at, *(event.at for event in self.events), self.unanswered() or self.at}
        own |= {turn for each in desk.promises if each.ticket == self.ticket for turn in each.turns}
        found: list[tuple[datetime, datetime | None]] = []
        since = None
        for now in [moment for moment in sorted(own) if self.born <= moment <= self.at]:
            if self.holds(terms.when, now, desk):
                since = since or now
            elif since:
                found, since = [*found, (since, now)], None
        found += [(since, None)] if since else []
        lasting = [(terms.add(begin, terms.lasts) if terms.lasts else begin, end) for begin, end in found]
        return [(begin, end) for begin, end in lasting if begin <= self.at and (end is None or begin < end)]

    # --- signals ------------------------------------------------------------------------------------------------------

    def signals(self) -> Iterator[Told]:
        """All that its own events and the time bring."""
        yield from self._by_events()
        for begin, end in self.waits():
            if end - begin > 3 * DAY:
                yield self._by_time(begin + 3 * DAY + TICK, "long_wait")
        for kind, missed, rule in (
            ("missed_deadline", self.unanswered(), "First"),
            ("missed_resolution", self.unsolved(), "Solved"),
        ):
            if missed is not None:
                yield self._by_time(missed, kind, rule)

    def _by_time(self, at: datetime, kind: str, rule: str = "") -> Told:
        return Told(at, 0, 0, self.ticket, Signal(at, kind, self.ticket, self.then("assignee", at), rule))

    def _by_events(self) -> Iterator[Told]:
        back = [event.id for event in self.reopenings(self.at, with_thanks=False)]
        moved = [event for event in self.events if event.field == "assignee" and event.old and event.new]
        hands = [event.id for event in moved if event.actor_kind != "robot"]
        angry = [event.id for event in self.events if is_heard(event) and event.text == ANGRY]
        kinds = dict.fromkeys(back, "reopened_again") | dict.fromkeys(back[:1], "reopened")
        kinds |= dict.fromkeys(hands[2:3], "handoffs") | dict.fromkeys(angry[:1], "angry_words")
        kinds |= {event.id: "bad_rating" for event in self.ratings if event.new == "bad"}
        for event in self.events:
            kind = kinds.get(event.id)
            if kind:
                owner = self.value("assignee", (event.at, event.seq))
                yield Told(event.at, 0, event.seq, self.ticket, Signal(event.at, kind, self.ticket, owner))


def is_reply(event: Event) -> bool:
    return event.kind == "message" and event.public is True and not event.auto and event.actor_kind == "agent"


def is_heard(event: Event) -> bool:
    return event.kind == "message" and event.public is True and not event.auto and event.actor_kind == "customer"


# --- promises ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Given:
    """A promise on a ticket, from ``since`` until it was ``settled`` there."""

    event: str
    ticket: str
    author: str
    made: datetime
    due: datetime
    since: datetime
    settled: datetime | None = None
    how: str = ""

    @property
    def turns(self) -> list[datetime]:
        return [self.since, self.due + TICK, *([self.settled] if self.settled else [])]

    @property
    def broke(self) -> datetime | None:
        """When it was broken on this ticket, even if it went on to another one later, or the ticket was deleted."""
        at = max(self.due + TICK, self.since)
        return at if self.settled is None or at < self.settled else at if self.how == "broken" else None


@dataclass
class Desk:
    """A desk up to an instant, and the terms of its rules."""

    town: Town
    rules: list[Terms]
    at: datetime
    _spans: dict[tuple[str, str], list[tuple[datetime, datetime | None]]] = field(default_factory=dict)

    @cached_property
    def courses(self) -> dict[str, Course]:
        there = [ticket for ticket in self.town.tickets.values() if ticket.created <= self.at]
        return {ticket.id: Course(self.town, ticket.id, self.at) for ticket in there}

    def requester(self, ticket: str) -> str:
        return self.town.tickets[ticket].requester or f"ticket {ticket}"

    def customer(self, ticket: str, cause: str) -> str:
        """Whom a case of the cause is about: the requester, or their organization."""
        shared = any(terms.customer == "organization" for terms in self.rules if terms.cause == cause)
        name = self.town.tickets[ticket].organization if shared else None
        return f"all of {name}" if name else self.requester(ticket)

    def spans(self, ticket: str, terms: Terms) -> list[tuple[datetime, datetime | None]]:
        if (ticket, terms.name) not in self._spans:
            self._spans[ticket, terms.name] = self.courses[ticket].spans(terms, self)
        return self._spans[ticket, terms.name]

    @cached_property
    def promises(self) -> list[Given]:
        """Every promise, on each ticket on which it was for a while."""
        open_here: list[Given] = []
        ended: list[Given] = []
        for event in sorted((e for e in self.town.events if e.at <= self.at), key=lambda e: (e.at, e.seq)):
            mine = [each for each in open_here if each.ticket == event.ticket]
            if is_reply(event) or event.kind in ("merged", "deleted"):
                ended += [_settled(each, event) for each in mine]
                open_here = [each for each in open_here if each not in mine]
            if event.kind == "merged":
                went = [vars(each) | {"ticket": event.new, "since": event.at} for each in mine]
                open_here += [Given(**each) for each in went]
            if is_reply(event) and event.text == PROMISE:
                due = event.at + timedelta(hours=24)
                open_here.append(Given(event.id, event.ticket, event.actor or "", event.at, due, event.at))
        return [*ended, *open_here]

    def promise(self, ticket: str, now: datetime) -> str:
        """The worst of what is unsettled, else what was settled last."""
        known = [each for each in self.promises if each.ticket == ticket and each.since <= now]
        live = [each for each in known if each.settled is None or each.settled > now]
        if live:
            return "broken" if any(now > each.due for each in live) else "open"
        last = max(known, key=lambda each: (each.settled, each.made, each.due), default=None)
        return last.how if last else ""

    # --- all that happened --------------------------------------------------------------------------------------------

    def told(self) -> list[Told]:
        """Signals and events of all tickets, in order."""
        found = [told for course in self.courses.values() for told in course.signals()]
        found += [*self._broken(), *self._contacts()]
        told = {(each.ticket, each.at) for each in found if each.signal and each.signal.kind != "angry_words"}
        told |= {(course.ticket, event.at) for course in self.courses.values() for event in course.wakings()}
        found += [each for terms in self.rules for each in self._matched(terms) if (each.ticket, each.at) not in told]
        every = [event for course in self.courses.values() for event in course.events]
        found += [Told(event.at, 1, event.seq, event.ticket, event=event) for event in every]
        return sorted(found, key=lambda each: each[:4])

    def _matched(self, terms: Terms) -> Iterator[Told]:
        for ticket, course in self.courses.items():
            for begin, _ in self.spans(ticket, terms):
                signal = Signal(begin, "matched", ticket, course.then("assignee", begin), terms.name)
                yield Told(begin, 0, -1, ticket, signal, cause=terms.cause)

    def _broken(self) -> Iterator[Told]:
        for each in sorted(self.promises, key=lambda each: each.made):
            if each.broke is not None and each.broke <= self.at:
                signal = Signal(each.broke, "broken_promise", each.ticket, each.author, "Word", each.event)
                yield Told(each.broke, 0, 0, each.ticket, signal)

    def _contacts(self) -> Iterator[Told]:
        for requester in {self.requester(ticket) for ticket in self.courses}:
            births = sorted(
                (c.born, ticket) for ticket, c in self.courses.items() if self.requester(ticket) == requester
            )
            for (before, _), (at, ticket) in itertools.pairwise(births):
                if at - before <= 7 * DAY:
                    yield Told(at, 0, 0, ticket, Signal(at, "repeat_contact", ticket, None))

    # --- cases --------------------------------------------------------------------------------------------------------

    def cases(self) -> list[Case]:
        """Every case of every customer, by when it was opened."""
        every = self.told()
        found = [
            case
            for cause in dict.fromkeys(terms.cause for terms in self.rules)
            for customer in sorted({self.customer(ticket, cause) for ticket in self.courses})
            for case in Customer(self, customer, cause, every).cases
        ]
        return sorted(found, key=lambda case: (case.opened, case.id))


def _settled(promise: Given, event: Event) -> Given:
    if event.kind in ("merged", "deleted"):
        how = "moved" if event.kind == "merged" else "cancelled"
    else:
        how = "broken" if event.at > promise.due else "moved" if event.text == PROMISE else "kept"
    return Given(**vars(promise) | {"settled": event.at, "how": how})


# --- one customer and cause -------------------------------------------------------------------------------------------


@dataclass
class Case:
    id: str
    terms: Terms
    requester: str
    home: str
    opened: datetime
    begun: datetime
    signals: list[Signal]
    tickets: dict[str, datetime]
    state: str = "open"
    round: int = 1
    turns: list[tuple[datetime, str]] = field(default_factory=list)
    acts: dict[str, tuple[datetime, str | None]] = field(default_factory=dict)
    steps: dict[int, str | None] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    ended: datetime | None = None
    outcome: str | None = None
    by_person: bool = False
    words: dict[str, Any] = field(default_factory=dict)

    @property
    def works(self) -> bool:
        return self.state not in ("verified", "failed")

    @property
    def quiet_until(self) -> datetime | None:
        done = self.acts.get("resolved")
        return self.terms.add(done[0], self.terms.verify_after) if done else None

    def turn(self, at: datetime, state: str) -> None:
        if self.state != state or not self.turns or state == "open":
            self.turns.append((at, state))
        self.state = state

    def clocks(self) -> list[tuple[str, datetime, datetime | None]]:
        """Each clock of this round with its due time and when it was met."""
        enough = {
            "acknowledge": ("anything", "contacted", "planned", "resolved"),
            "first_contact": ("contacted", "resolved"),
            "plan_by": ("planned", "resolved"),
        }
        met = {name: [self.acts[act][0] for act in acts if act in self.acts] for name, acts in enough.items()}
        said = [name for name in CLOCKS if name in self.terms.lengths]
        return [(n, self.terms.add(self.begun, self.terms.lengths[n]), min(met[n], default=None)) for n in said]


class Customer:
    """One customer's cases of one cause."""

    def __init__(self, desk: Desk, customer: str, cause: str, told: list[Told]) -> None:
        self.desk, self.cause = desk, cause
        self.cases: list[Case] = []
        self.story: list[Signal] = []
        self.mine = {ticket for ticket in desk.courses if desk.customer(ticket, cause) == customer}
        self.own, self.solved, self.broken = frozenset(self.mine), set[str](), set[str]()
        for each in told:
            self.take(each)
        self.let_time_pass(desk.at)

    @property
    def last(self) -> Case | None:
        return self.cases[-1] if self.cases else None

    def let_time_pass(self, until: datetime) -> None:
        case = self.last
        if case and case.state == "resolved" and case.quiet_until and case.quiet_until < until:
            self.end(case, case.quiet_until + TICK, "verified", "recovered")

    def take(self, told: Told) -> None:
        event = told.event
        if event and event.field == "status":
            (self.solved.add if event.new in DONE else self.solved.discard)(told.ticket)
        if told.ticket not in self.mine or told.cause not in (None, self.cause):
            return
        self.let_time_pass(told.at)
        if told.signal:
            self.signal(told.signal)
        elif event:
            if event.kind == "merged":
                self.mine.add(str(event.new))
            if self.last and told.ticket in self.last.tickets:
                self.happened(self.last, event)

    # --- signals ------------------------------------------------------------------------------------------------------

    def trouble(self, signal: Signal) -> Terms | None:
        """The first rule of the cause that is in force then; angry words are no reason, nor are others' tickets."""
        if signal.kind == "angry_words" or signal.ticket not in self.own:
            return None
        for terms in (terms for terms in self.desk.rules if terms.cause == self.cause):
            spans = self.desk.spans(signal.ticket, terms)
            if any(begin <= signal.at and (end is None or signal.at < end) for begin, end in spans):
                return terms
        return None

    def signal(self, signal: Signal) -> None:
        if signal.kind == "broken_promise" and self.is_known(signal):
            return
        trouble, case = self.trouble(signal), self.last
        signal = signal._replace(rule=signal.rule or (trouble.name if trouble else ""))
        on_its_ticket = case is not None and signal.ticket in case.tickets and signal.kind in COMES_BACK
        if case and case.works:
            self.join(case, signal, counts=trouble is not None, returns=trouble is not None or on_its_ticket)
        elif case and case.ended and signal.at < case.terms.add(case.ended, case.terms.cool_down):
            self.after_the_end(case, signal, returns=trouble is not None or on_its_ticket)
        elif trouble:
            self.open(signal, trouble)
        else:
            self.story.append(signal)

    def is_known(self, signal: Signal) -> bool:
        """Whether this promise was told already, on the ticket from which it came."""
        new = signal.promise not in self.broken
        self.broken.add(signal.promise)
        return not new

    def lately(self, at: datetime, terms: Terms) -> list[Signal]:
        story, self.story = self.story, []
        return [signal for signal in story if signal.at >= at - 30 * DAY and weight(terms, signal.kind)]

    def open(self, signal: Signal, terms: Terms) -> None:
        name = f"{signal.ticket}-{self.cause}"
        times = sum(case.id.startswith(name) for case in self.cases) + 1
        name = name if times == 1 else f"{name}-{times}"
        told, at = [*self.lately(signal.at, terms), signal], signal.at
        case = Case(name, terms, self.desk.requester(signal.ticket), signal.ticket, at, at, told, {signal.ticket: at})
        case.turn(at, "open")
        self.cases.append(case)

    def join(self, case: Case, signal: Signal, *, counts: bool, returns: bool) -> None:
        if not counts and not weight(case.terms, signal.kind):
            return
        case.signals.append(signal)
        case.tickets.setdefault(signal.ticket, signal.at)
        if case.state == "resolved" and returns and signal.kind == "bad_rating":
            self.end(case, signal.at, "failed", "not_recovered")
        elif case.state == "resolved" and returns:
            self.again(case, signal.at)

    def after_the_end(self, case: Case, signal: Signal, *, returns: bool) -> None:
        if not returns:
            self.story.append(signal)
            return
        case.signals += [*self.lately(signal.at, case.terms), signal]
        if not case.by_person:
            case.tickets.setdefault(signal.ticket, signal.at)
            case.home = signal.ticket if case.home in case.gone else case.home
            self.again(case, signal.at)

    # --- what else happens --------------------------------------------------------------------------------------------

    def happened(self, case: Case, event: Event) -> None:
        at, who = event.at, event.actor
        if event.kind in ("merged", "deleted"):
            self.gone(case, event)
        if event in self.desk.courses[event.ticket].ratings and event.new == "good" and case.works:
            self.end(case, at, "verified", "recovered")
        awaited = case.state == "resolved" or (case.state == "contacted" and not case.terms.steps)
        if is_heard(event) and event.text == THANKS and awaited:
            self.end(case, at, "verified", "recovered")
        if self.is_deed(event) and case.works and at > case.begun:
            case.acts.setdefault("anything", (at, who))
            if is_reply(event):
                self.contact(case, at, who)
        for word, rest in marks(event):
            self.mark(case, word, rest, at, who)
        self.look(case, at, who)

    @staticmethod
    def is_deed(event: Event) -> bool:
        return event.actor in AGENTS and event.kind in ("field", "message") and not event.auto

    def gone(self, case: Case, event: Event) -> None:
        case.gone.add(event.ticket)
        if event.kind == "merged":
            case.tickets.setdefault(str(event.new), event.at)
        there = [ticket for ticket in case.tickets if ticket not in case.gone]
        if case.home == event.ticket:
            case.home = str(event.new) if event.kind == "merged" else there[0] if there else case.home
        if not there and case.works:
            self.end(case, event.at, "failed", "deleted")

    def contact(self, case: Case, at: datetime, who: str | None) -> None:
        if "contacted" not in case.acts:
            case.acts["contacted"] = at, who
            if case.state == "open":
                case.turn(at, "contacted")

    def mark(self, case: Case, word: str, rest: str, at: datetime, who: str | None) -> None:
        early = case.state in ("open", "contacted")
        if word == "contacted" and case.works:
            self.contact(case, at, who)
        elif word == "plan" and case.works:
            case.acts.setdefault("planned", (at, who))
        elif word == "done" and case.works:
            self.tick(case, [int(number) for number in re.findall(r"\d+", rest)], at, who)
        elif word == "resolved" and early:
            self.resolve(case, at, who)
        elif word == "reopened" and not early:
            self.again(case, at)
        elif word == "closed" and rest in OUTCOMES:
            self.end(case, at, "verified" if rest == "recovered" else "failed", rest.replace(" ", "_"))
            case.by_person = True
        elif word in ("because", "goodwill", "right", "wrong"):
            case.words[word] = rest

    def tick(self, case: Case, numbers: list[int], at: datetime, who: str | None) -> None:
        left = [number for number in range(1, case.terms.steps + 1) if number not in case.steps]
        for number in [number for number in numbers or left[:1] if number <= case.terms.steps]:
            case.steps.setdefault(number, who)
            case.acts.setdefault("planned", (at, who))

    def look(self, case: Case, at: datetime, who: str | None) -> None:
        """Whether it is put right by now."""
        if case.state not in ("open", "contacted"):
            return
        left = set(case.tickets) - case.gone - self.solved
        if len(case.steps) == case.terms.steps if case.terms.steps else case.state == "contacted" and not left:
            self.resolve(case, at, who)

    def resolve(self, case: Case, at: datetime, who: str | None) -> None:
        case.acts["resolved"] = at, who
        case.turn(at, "resolved")

    def again(self, case: Case, at: datetime) -> None:
        case.round, case.begun = case.round + 1, at
        case.acts, case.steps = {}, {}
        case.ended, case.outcome, case.by_person = None, None, False
        case.turn(at, "open")

    def end(self, case: Case, at: datetime, state: str, outcome: str) -> None:
        case.ended, case.outcome = at, outcome
        case.turn(at, state)


def weight(terms: Terms, kind: str) -> int:
    return terms.weights.get(kind, WEIGHTS[kind])


def marks(event: Event) -> list[tuple[str, str]]:
    """What an agent's note, or a tag that was added, says of a case."""
    if event.kind == "message" and not event.public and not event.auto and event.actor in AGENTS:
        return re.findall(r"^recovery: (\w+) ?(.*)$", event.text or "", re.MULTILINE)
    if event.kind == "field" and event.field == "tags":
        added = [tag.lower().replace(" ", "-") for tag in event.new or () if tag not in (event.old or ())]
        said = [re.fullmatch(r"recovery-(contacted|resolved|reopened|done)-?(\d*)", tag) for tag in added]
        return [(each[1], each[2]) for each in said if each]
    return []
