"""What a rule wants for a ticket, before anybody else is asked: its actions with every value looked up.

A wish says how the ticket should be (assign, set, tags, cc) or what should be done once (note, reply, notify). Tags and
people in copy are one wish each, because each is won, held and overruled on its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..rules.model import FactRef
from .effects import FIRST, due_steps
from .people_win import LISTS, same_text
from .scene import group_of, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..connectors.ticket import Value
    from ..rules.model import By, Receiver, Rule, SetField
    from ..rules.texts import Text
    from .effects import Step
    from .plan_file import SkipReason
    from .scene import Scene

ORDER = ("assign", "set", "add_tags", "remove_tags", "add_cc", "note", "reply", "notify")
"""The order of one rule's changes to one ticket: fields before messages."""

_ONE_FIELD = {"status_name": "status"}


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a rule acts for once: a ticket, or with ``once_per`` a requester or an organization.

    ``matching`` are its tickets for which the rule holds, ``all`` those on which an effect may have been done before.
    """

    name: str
    matching: tuple[str, ...]
    all: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing a rule wants for a ticket. ``order`` is the rule's place in the file.

    ``entry`` is the single tag or person in copy that ``to`` consists of. ``from_`` is the present value. ``blocked`` is
    the reason for which the rule itself does not act here.
    """

    rule: Rule
    order: int
    ticket: str
    subject: Subject
    action: str
    field: str | None = None
    to: Value = None
    from_: Value = None
    step: str | None = None
    text: Text | None = None
    who: tuple[str, ...] = ()
    customer_sees: bool = False
    blocked: SkipReason | None = None

    @property
    def entry(self) -> str | None:
        """The tag or person that this wish is about, if its field is a list."""
        return self.to[0] if self.field in LISTS and isinstance(self.to, tuple) else None

    @property
    def slot(self) -> tuple[str, str, str | None]:
        """What only one rule can have its way with: a field of a ticket, or one entry of a list."""
        field = self.field or ""
        return self.ticket, _ONE_FIELD.get(field, field), self.entry.casefold() if self.entry else None

    @property
    def place(self) -> tuple[int, int, str, str]:
        """Where it stands among the wishes for one ticket."""
        return self.order, ORDER.index(self.action), self.field or "", self.step or ""


def wishes(scene: Scene, rule: Rule, order: int, ticket: str, subject: Subject) -> Iterator[Wish]:
    """Everything a rule wants for a ticket, whether it is so already or not."""
    base = Wish(rule, order, ticket, subject, "assign")
    yield from _assign(scene, base)
    for entry in rule.actions.set:
        yield from _set(scene, base, entry)
    yield from _lists(scene, base)
    yield from _messages(scene, base)


# --- how the ticket should be -----------------------------------------------------------------------------------------


def _wish(base: Wish, action: str, **more: object) -> Wish:
    return Wish(base.rule, base.order, base.ticket, base.subject, action, **more)  # type: ignore[arg-type]


def _assign(scene: Scene, base: Wish) -> Iterator[Wish]:
    assign = base.rule.actions.assign
    if assign is None:
        return
    owner = scene.value(base.ticket, "assignee")
    taken = "assigned" if owner and not assign.even_if_assigned else None
    if assign.to is None:
        team = scene.ruleset.teams[assign.team] if assign.team else None
        if team:
            group = scene.value(base.ticket, "group")
            yield _wish(base, "assign", field="group", to=group_of(team), from_=group, blocked=taken)
    elif assign.to == "missing":
        yield _wish(base, "assign", field="assignee", to=None, from_=owner)
    else:
        person = _person(scene, base.ticket, assign.to)
        if person:
            yield _wish(base, "assign", field="assignee", to=person, from_=owner, blocked=taken)


def _person(scene: Scene, ticket: str, to: str | FactRef) -> str | None:
    if isinstance(to, FactRef):
        return next(iter(scene.texts(ticket, to.name)), None)
    return to


def _set(scene: Scene, base: Wish, entry: SetField) -> Iterator[Wish]:
    written, said = scene.chosen(entry.value, base.ticket)
    if not said:
        return
    start = scene.since(base.rule, base.ticket)
    to = None if written is None else moment_of(written, start, scene.calendar(base.rule, base.ticket))
    field = entry.fact
    yield _wish(base, "set", field=field, to=to, from_=scene.value(base.ticket, field))


def _lists(scene: Scene, base: Wish) -> Iterator[Wish]:
    actions = base.rule.actions
    for action, field, entries in (
        ("add_tags", "tags", actions.add_tags),
        ("remove_tags", "tags", actions.remove_tags),
        ("add_cc", "cc", actions.add_cc),
    ):
        if entries:
            present = scene.value(base.ticket, field)
            for entry in entries:
                yield _wish(base, action, field=field, to=(entry,), from_=present, customer_sees=field == "cc")


def satisfied(scene: Scene, wish: Wish) -> bool:
    """Whether the ticket already is as the wish wants it; never so for notes, replies and notices."""
    if wish.field is None:
        return False
    if wish.entry is None:
        return scene.same(wish.field, wish.from_, wish.to)
    there = any(same_text(wish.entry, entry) for entry in wish.from_ or ())
    return there != (wish.action == "remove_tags")


# --- what is done once ------------------------------------------------------------------------------------------------


def _messages(scene: Scene, base: Wish) -> Iterator[Wish]:
    actions, ticket = base.rule.actions, base.ticket
    if not (actions.note or actions.reply or actions.notify):
        return
    steps = _steps(scene, base)
    if actions.note:
        yield from _said(base, "note", _template(scene, actions.note, ticket), steps)
    if actions.reply:
        reply = _template(scene, actions.reply, ticket)
        if reply:
            yield _wish(base, "reply", text=reply, customer_sees=True)
    if actions.notify:
        yield from _notices(scene, base, steps)


def _steps(scene: Scene, base: Wish) -> Sequence[Step]:
    rule = base.rule
    if rule.repeat is None:
        return FIRST
    calendar = scene.calendar(rule, base.ticket)
    start = scene.since(rule, base.ticket)
    first = calendar.add(start, rule.for_) if rule.for_ else start
    return due_steps(rule.repeat, first, scene.at, calendar)


def _said(base: Wish, action: str, text: Text | None, steps: Sequence[Step]) -> Iterator[Wish]:
    if text:
        for step in steps:
            blocked = "passed_over" if step.passed_over else None
            yield _wish(base, action, text=text, step=step.name, blocked=blocked)


def _template(scene: Scene, text: Text | By[Text], ticket: str) -> Text | None:
    return scene.chosen(text, ticket)[0]


def _notices(scene: Scene, base: Wish, steps: Sequence[Step]) -> Iterator[Wish]:
    notify = base.rule.actions.notify
    if notify is None:
        return
    text = _template(scene, notify.text, base.ticket) if notify.text else None
    who = tuple(dict.fromkeys(name for receiver in notify.who for name in receivers(scene, base, receiver)))
    seen = any(scene.is_customer(name.removeprefix("person:")) for name in who if name.startswith("person:"))
    for step in steps:
        blocked: SkipReason | None = "passed_over" if step.passed_over else None if who else "nobody"
        yield _wish(base, "notify", text=text, step=step.name, who=who, customer_sees=seen, blocked=blocked)


def receivers(scene: Scene, base: Wish, receiver: Receiver) -> tuple[str, ...]:
    """Whom a receiver stands for on this ticket, as ``channel:NAME`` or ``person:HANDLE``; nobody where there is none."""
    if receiver.kind == "channel":
        return (f"channel:{receiver.name}",)
    if receiver.kind == "person":
        return (f"person:{receiver.name}",)
    if receiver.name == "team_lead":
        team = scene.team(base.rule, base.ticket)
        return (f"person:{team.lead}",) if team and team.lead else ()
    return tuple(f"person:{name}" for name in scene.texts(base.ticket, receiver.name))


def wording(scene: Scene, wish: Wish) -> str:
    """The finished text of a note, reply or notice; without a text of its own the rule's name, its ``why`` and a link."""
    url = scene.tickets[wish.ticket][0]
    if wish.text is None:
        return "\n".join(line for line in (wish.rule.name, wish.rule.why, url) if line)
    calendar = scene.calendar(wish.rule, wish.ticket)
    extras = {"why": wish.rule.why, "promise.quote": ""}
    if "next_open" in wish.text.placeholders:
        opening = calendar.next_open(scene.at).astimezone(calendar.zone)
        extras["next_open"] = opening.strftime("%Y-%m-%d %H:%M")
    facts = (name for name in wish.text.placeholders if name not in extras)
    zone = calendar.spec.time_zone
    return wish.text.render({name: scene.evaluation.text(wish.ticket, name, zone) for name in facts} | extras)
