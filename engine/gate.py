"""The last questions before a wish is planned: did a person decide, do machines quarrel, was it done, was it refused?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from .effects import change_key, effect_key
from .peace import Peace
from .people_win import DAY, Shift, decided, handed_back, tug_of_war
from .wishes import wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..rules.model import Rule
    from .effects import Memory
    from .people_win import Shifts
    from .plan_file import HeldReason, SkipReason
    from .scene import Scene
    from .snapshot import JournalEntry, Snapshot
    from .wishes import Wish


class Stay(NamedTuple):
    """Why a wish does not become a change, with whose decision it is, since when, and what there is to say."""

    kind: Literal["held", "skipped"]
    reason: HeldReason | SkipReason
    who: str | None = None
    since: datetime | None = None
    detail: str = ""


REPLIES_OFF = "customers would see this: set allow_replies = true for this helpdesk in makegood.toml"
BEFORE_THIS_STORE = (
    "it held before this copy of the desk was in use, which cannot know whether the notice was sent; "
    "`backlog: include` sends it"
)


def effect_of(wish: Wish) -> str:
    """The key of the effect a wish is, or would be if it happened once; each field that a step sets is one of its own."""
    action = f"{wish.action} {wish.field}" if wish.occasion and wish.field else wish.action
    return effect_key(wish.rule.id, action, wish.step, wish.subject.name, wish.who)


def change_of(wish: Wish) -> str:
    """The key of the change a wish asks for; what is about a cycle of a clock is told from the same about another one."""
    about = wish.subject.name if wish.occasion else wish.ticket
    return change_key(wish.rule.id, about, wish.action, wish.step, wish.field, wish.to)


def episode_of(scene: Scene, wish: Wish) -> datetime:
    """When the wish's episode began: the clock's cycle, the promise, or the stretch in which the rule holds.

    For ``once_per`` it is that of the oldest stretch among the subject's tickets.
    """
    if wish.occasion:
        return wish.occasion.start
    return min(scene.since(wish.rule, ticket) for ticket in wish.subject.matching)


@dataclass(frozen=True)
class Gate:
    """Asks all of them; ``allow_replies`` is the helpdesk's setting."""

    scene: Scene
    memory: Memory
    shifts: Shifts
    allow_replies: bool

    def stays(self, wish: Wish) -> Stay | None:
        """Why the wish has to wait or is done already; None: go on."""
        start = episode_of(self.scene, wish)
        if wish.field is None:
            return (
                self._once(wish, start) or self._notice_of_old(wish, start) or self._seen(wish) or self._in_peace(wish)
            )
        spent = self._spent(wish, start) if wish.occasion and wish.step else None  # what a case wants lasts
        return spent or self._people(wish, start) or self._unsure(wish, start)

    def _people(self, wish: Wish, start: datetime) -> Stay | None:
        shifts = self.shifts.of(wish.ticket, wish.field or "", wish.entry)
        if wish.field == "assignee" and wish.from_ is None and isinstance(wish.to, str):
            person = handed_back(shifts, start, wish.to)
        else:
            person = decided(shifts, start)
        if person:
            return Stay("held", "person_decided", person.actor, person.at)
        return self._quarrel(wish, shifts)

    def _quarrel(self, wish: Wish, shifts: Sequence[Shift]) -> Stay | None:
        old, new = wish.from_, wish.to
        if wish.entry is not None:
            old, new = (wish.entry, None) if wish.action == "remove_tags" else (None, wish.entry)
        planned = Shift(self.scene.at, None, "robot", old, new)
        other = tug_of_war(shifts, planned, self.shifts.people(wish.ticket))
        if other is None:
            return None
        return Stay("held", "tug_of_war", other.actor, other.at, "it was undone twice within a day")

    def _once(self, wish: Wish, start: datetime) -> Stay | None:
        return self._spent(wish, start) or self._unsure(wish, start) or self._said_before(wish, start)

    def was_done(self, wish: Wish) -> bool:
        """Whether a step that happens once has happened."""
        return self._spent(wish, episode_of(self.scene, wish)) is not None

    def _spent(self, wish: Wish, start: datetime) -> Stay | None:
        done = self.memory.done(effect_of(wish), wish.subject.all, start)
        return Stay("skipped", "spent", since=done) if done else None

    def _unsure(self, wish: Wish, start: datetime) -> Stay | None:
        tried = self.memory.unsure(effect_of(wish), start)
        if tried is None or tried.field not in (None, "cc"):
            return None
        return Stay("held", "unsure", since=tried.at, detail=tried.detail or "nobody knows whether this arrived")

    def _said_before(self, wish: Wish, start: datetime) -> Stay | None:
        if wish.action != "reply" or self.scene.snapshot.capabilities.hidden_marker:
            return None
        found = [
            answer
            for ticket in wish.subject.all
            if (answer := self.memory.reply(effect_of(wish), ticket, wording(self.scene, wish), start))
        ]
        for verdict, message in found:
            if verdict == "spent":
                return Stay("skipped", "spent", since=message.at)
        for _, message in found:
            return Stay("held", "unsure", since=message.at, detail="a public message of ours may be this reply")
        return None

    def _notice_of_old(self, wish: Wish, start: datetime) -> Stay | None:
        if wish.action != "notify" or wish.occasion or wish.rule.backlog == "include":
            return None
        if start >= notices_from(self.scene.snapshot, wish.rule):
            return None
        return Stay("skipped", "passed_over", since=start, detail=BEFORE_THIS_STORE)

    def _seen(self, wish: Wish) -> Stay | None:
        blocked = wish.customer_sees and not self.allow_replies
        return Stay("held", "replies_off", detail=REPLIES_OFF) if blocked else None

    def _in_peace(self, wish: Wish) -> Stay | None:
        """Whether whoever would be told is left in peace now."""
        kind, _, person = (wish.who[0] if wish.who else "").partition(":")
        wait = self._peace.waits(person) if kind == "person" else None
        return Stay("held", wait.reason, person, wait.since, wait.detail) if wait else None

    @cached_property
    def _peace(self) -> Peace:
        return Peace(self.scene)

    def refused(self, wish: Wish) -> Stay | None:
        """The desk's own words where it refused just this less than a day ago and nothing changed since."""
        last = self.memory.last(change_of(wish))
        if last is None or last.outcome != "refused" or not self._unchanged(wish, last):
            return None
        return Stay("held", "refused", since=last.at, detail=last.detail)

    def _unchanged(self, wish: Wish, tried: JournalEntry) -> bool:
        now = (self.scene.tickets[wish.ticket][1], wish.rule.fingerprint, self.scene.snapshot.catalogue.rights)
        then = (tried.version_after, tried.rule_fingerprint, tried.rights)
        return now == then and self.scene.at - tried.at < DAY


def notices_from(snapshot: Snapshot, rule: Rule) -> datetime:
    """From which instant on a rule's notices count: notices leave no trace but in the store's journal.

    Episodes that were running when this store was first used may have been told about by an earlier store, so its first
    rules count from then. A rule that joined later has always been known here: nothing of it can have been sent before.
    """
    applied = snapshot.first_applied
    first_used = min(applied.values(), default=snapshot.at)
    joined_later = bool(applied) and applied.get(rule.id) != first_used
    return datetime.min.replace(tzinfo=UTC) if joined_later else first_used
