"""Random troubles of a few customers: what they and their agents do, on a desk in memory or on an embedded one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from makegood.connectors.base import Gone, Rejected
from makegood.connectors.ticket import Event, Person, Ticket

if TYPE_CHECKING:
    import random

    from makegood.connectors.local import Local


BEGIN = datetime(2026, 3, 2, 6, tzinfo=UTC)
SPAN = timedelta(days=30)
ROBOT = "automation"
AGENTS = ("ana@example.com", "ben@example.com", "cleo@example.com")
ANGRY, THANKS, PROMISE = (
    "This is unacceptable!",
    "Great, it works now, thank you so much!",
    "I will call you within 24 hours.",
)
MARKS = (
    "recovery: contacted",
    "recovery: done 1",
    "recovery: done",
    "recovery: done 1, 2",
    "recovery: done 7",
    "recovery: resolved",
    "recovery: reopened",
    "recovery: closed recovered",
    "recovery: closed customer at fault",
    "recovery: closed great",
    "recovery: plan call on Friday",
    "recovery: because late courier\nrecovery: goodwill a voucher",
    "recovery: wrong",
    "The recovery: contacted",
)
SAID = {"ask": "Is there any news?", "angry": ANGRY, "thanks": THANKS}
ANSWERED = {"reply": "We are looking into it.", "promise": PROMISE, "automatic": "I am away."}
TAGGED = ("recovery-done-1", "recovery-contacted", "recovery-resolved", "Recovery Reopened")
WHAT = {
    "ask": 16,
    "angry": 6,
    "thanks": 7,
    "reply": 14,
    "promise": 7,
    "automatic": 2,
    "bad": 14,
    "good": 5,
    "comment": 5,
    "solved": 14,
    "open": 7,
    "pending": 2,
    "owner": 26,
    "complaint": 6,
    "calm": 3,
    "tagged": 4,
    "note": 3,
    "mark": 16,
    "merge": 4,
    "delete": 2,
}
"""What may happen to a ticket, and how often."""


class Deed(NamedTuple):
    """What somebody does to a ticket; ``more``: the text of a note, the new owner, the ticket that it is merged into."""

    at: datetime
    ticket: str
    what: str
    more: str | None = None


def customer(number: int) -> str:
    return f"customer{number}@lake.example"


def organization(requester: str | None) -> str | None:
    """Two of three customers are of one organization each, the third is of none."""
    number = int("".join(filter(str.isdigit, requester or "")) or 2)
    return None if number % 3 == 2 else f"Lake {number // 3}"


def deeds(rng: random.Random, customers: int, tickets: int, *, nobody: bool = False, most: int = 12) -> list[Deed]:
    """All that happens to up to so many tickets of each customer, in order; ``nobody``: some tickets have no requester."""
    found: list[Deed] = []
    number = 1
    for who in range(customers):
        for _ in range(rng.randint(1, tickets)):
            requester = None if nobody and rng.random() < 0.1 else customer(who)
            found += _course(rng, str(number), requester, most)
            number += 1
    return _merged(rng, _numbered(sorted(_apart(found), key=lambda deed: deed.at)))


def _course(rng: random.Random, ticket: str, requester: str | None, most: int) -> list[Deed]:
    born = BEGIN + SPAN * rng.uniform(0, 0.6)
    found = [Deed(born, ticket, "create", requester)]
    instants = sorted(born + (BEGIN + SPAN - born) * rng.random() ** 1.3 for _ in range(rng.randrange(most)))
    for at in instants:
        what = rng.choices(list(WHAT), list(WHAT.values()))[0]
        more = (
            rng.choice(MARKS) if what == "mark" else rng.choice([*AGENTS, *AGENTS, None]) if what == "owner" else None
        )
        found.append(Deed(at, ticket, what, more))
        if rng.random() < 0.1:
            found.append(Deed(at, ticket, rng.choice(["solved", "reply", "bad", "open", "angry", "complaint"])))
        if what in ("bad", "good") and rng.random() < 0.3:
            found.append(Deed(at + timedelta(minutes=rng.choice([1, 2, 60, 61])), ticket, "comment"))
    return found


def _apart(found: list[Deed]) -> list[Deed]:
    """On whole minutes, and no two tickets at the same one."""
    taken: dict[datetime, str] = {}
    placed = []
    for deed in found:
        at = deed.at.replace(second=0, microsecond=0)
        while taken.setdefault(at, deed.ticket) != deed.ticket:
            at += timedelta(minutes=1)
        placed.append(deed._replace(at=at))
    return placed


def _numbered(found: list[Deed]) -> list[Deed]:
    """With tickets numbered as they are created."""
    born = [deed.ticket for deed in found if deed.what == "create"]
    numbers = {ticket: str(number) for number, ticket in enumerate(born, 1)}
    return [deed._replace(ticket=numbers[deed.ticket]) for deed in found]


def _merged(rng: random.Random, found: list[Deed]) -> list[Deed]:
    """With a ticket for each merge that is there by then, if there is one."""
    born: list[str] = []
    placed = []
    for deed in found:
        born += [deed.ticket] if deed.what == "create" else []
        others = [ticket for ticket in born if ticket != deed.ticket]
        if deed.what != "merge":
            placed.append(deed)
        elif others:
            placed.append(deed._replace(more=rng.choice(others)))
    return placed


# --- an embedded desk -------------------------------------------------------------------------------------------------


def settle_in(desk: Local, customers: int) -> None:
    """People and words of an embedded desk on which :func:`act` can act."""
    desk.describe(groups=("Care",))
    for who in AGENTS:
        desk.add_person(Person(who, email=who, role="agent", groups=("Care",)))
    for number in range(customers):
        desk.add_person(Person(customer(number), email=customer(number)))


def act(desk: Local, deed: Deed) -> None:
    """Let it happen; what the desk does not allow does not."""
    with suppress(Rejected, Gone):
        _act(desk, deed, AGENTS[deed.at.minute % len(AGENTS)])


def _act(desk: Local, deed: Deed, agent: str) -> None:
    if deed.what == "create":
        assert desk.create(deed.more or "", "Help", "Hello, can you help?", at=deed.at) == deed.ticket
        return
    (ticket, *into) = desk.read(
        [deed.ticket, deed.more] if deed.what == "merge" and deed.more else [deed.ticket]
    ).tickets
    if any(each.merged_into or each.deleted for each in (ticket, *into)):
        return
    requester = ticket.requester
    if deed.what in SAID:
        desk.say(deed.ticket, requester, SAID[deed.what], at=deed.at)
    elif deed.what in ANSWERED:
        desk.say(deed.ticket, agent, ANSWERED[deed.what], auto=deed.what == "automatic", at=deed.at)
    elif deed.what in ("note", "mark"):
        desk.say(deed.ticket, agent, deed.more or "Hm.", public=False, at=deed.at)
    elif deed.what in ("bad", "good"):
        desk.rate(deed.ticket, requester, "bad" if deed.what == "bad" else "good", at=deed.at)
    elif deed.what == "comment" and ticket.csat in ("bad", "good"):
        desk.rate(deed.ticket, requester, ticket.csat, "As I said.", at=deed.at)
    elif deed.what == "merge":
        desk.merge(deed.ticket, deed.more or "", agent, at=deed.at)
    elif deed.what == "delete":
        desk.delete(deed.ticket, agent, at=deed.at)
    elif deed.what != "comment":
        desk.change(deed.ticket, agent, *_changed(deed, ticket), at=deed.at)


def _changed(deed: Deed, ticket: Ticket) -> tuple[str, Any]:
    """The field that a deed changes, and its new value."""
    if deed.what == "owner":
        return "assignee", deed.more
    if deed.what in ("solved", "open", "pending"):
        return "status", deed.what
    if deed.what == "calm":
        return "tags", tuple(tag for tag in ticket.tags if tag != "complaint")
    tag = "complaint" if deed.what == "complaint" else TAGGED[deed.at.minute % len(TAGGED)]
    return "tags", ticket.tags if tag in ticket.tags else (*ticket.tags, tag)


# --- a desk in memory -------------------------------------------------------------------------------------------------


@dataclass
class Town:
    """A desk in memory that behaves like the embedded one: who writes to a solved ticket wakes it, what is gone is gone."""

    tickets: dict[str, Ticket] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def do(self, deed: Deed) -> None:
        """Let it happen; what cannot be does not."""
        if deed.what == "create":
            self._create(deed)
        elif self._is_there(deed.ticket) and (deed.what != "merge" or self._is_there(deed.more or "")):
            self._do(deed, AGENTS[deed.at.minute % len(AGENTS)], self._customer(deed))

    def _is_there(self, ticket: str) -> bool:
        here = self.tickets.get(ticket)
        return here is not None and here.merged_into is None and not here.deleted

    def _event(self, deed: Deed, kind: Any, by: str, **more: Any) -> None:
        role: Any = by if by == ROBOT else "agent" if by in AGENTS else "customer"
        number = len(self.events) + 1
        about = {"ticket": deed.ticket, "at": deed.at, "seq": number, "actor": by, "actor_kind": role}
        self.events.append(Event(id=f"e{number}", kind=kind, **about, **more))  # type: ignore[arg-type]

    def _put(self, deed: Deed, name: str, new: Any, *, by: str) -> None:
        ticket = self.tickets[deed.ticket]
        old = getattr(ticket, name)
        if old != new:
            self._event(deed, "field", by, field=name, old=old, new=new)
            self.tickets[deed.ticket] = replace(ticket, **{name: new})

    def _say(self, deed: Deed, by: str, text: str, *, public: bool = True, auto: bool = False) -> None:
        self._event(deed, "message", by, text=text, public=public, auto=auto)
        if by not in AGENTS and self.tickets[deed.ticket].status in ("pending", "solved"):
            self._put(deed, "status", "open", by=ROBOT)

    def _create(self, deed: Deed) -> None:
        url = f"https://desk.example.com/{deed.ticket}"
        made = Ticket(deed.ticket, "1", deed.at, deed.at, url=url, subject="Help", status="new", requester=deed.more)
        made = replace(made, organization=organization(deed.more))
        self.tickets[deed.ticket] = made
        self._event(deed, "created", self._customer(deed))
        self._say(deed, self._customer(deed), "Hello, can you help?")

    def _customer(self, deed: Deed) -> str:
        return self.tickets[deed.ticket].requester or "somebody"

    def _do(self, deed: Deed, agent: str, requester: str) -> None:
        ticket = self.tickets[deed.ticket]
        if deed.what in SAID:
            self._say(deed, requester, SAID[deed.what])
        elif deed.what in ANSWERED:
            self._say(deed, agent, ANSWERED[deed.what], auto=deed.what == "automatic")
        elif deed.what in ("note", "mark"):
            self._say(deed, agent, deed.more or "Hm.", public=False)
        elif deed.what in ("bad", "good"):
            self._rate(deed, requester, deed.what)
        elif deed.what == "comment":
            self._rate(deed, requester, ticket.csat, "As I said.")
        elif deed.what in ("merge", "delete"):
            self._end(deed, agent)
        else:
            self._put(deed, *_changed(deed, ticket), by=agent)

    def _rate(self, deed: Deed, requester: str, score: Any, comment: str | None = None) -> None:
        if score:
            self._event(deed, "rating", requester, old=score, new=score, text=comment)
            self.tickets[deed.ticket] = replace(self.tickets[deed.ticket], csat=score)

    def _end(self, deed: Deed, agent: str) -> None:
        if deed.what == "delete":
            self._event(deed, "deleted", agent)
            self.tickets[deed.ticket] = replace(self.tickets[deed.ticket], deleted=True)
            return
        self._event(deed, "merged", agent, new=deed.more)
        self._put(deed, "status", "closed", by=ROBOT)
        self.tickets[deed.ticket] = replace(self.tickets[deed.ticket], merged_into=deed.more)


def town(done: list[Deed], until: datetime | None = None) -> Town:
    """The desk after all of these, or after those up to an instant."""
    built = Town()
    for deed in done:
        if until is None or deed.at <= until:
            built.do(deed)
    return built
