"""What a rule wants for a ticket, before anybody else is asked: its actions with every value looked up.

A wish says how the ticket should be (assign, set, tags, cc) or what should be done once (note, reply, notify). Tags and
people in copy are one wish each, because each is won, held and overruled on its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..rules.model import FactRef, Notify
from ..rules.rota import on_call_at
from .effects import FIRST, due_steps
from .people_win import LISTS, same_text
from .recovery_case import ENDED
from .scene import group_of, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..connectors.ticket import Value
    from ..rules.model import Actions, Assign, By, Receiver, Rule, SetField
    from ..rules.texts import Text
    from .effects import Step
    from .plan_file import SkipReason
    from .roster import Choice
    from .scene import Scene
    from .steps import Occasion

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

    ``entry`` is the single tag or person in copy that ``to`` consists of; the ``to`` of a notice is its one receiver, as
    ``channel:NAME`` or ``person:HANDLE``. ``from_`` is the present value. ``blocked`` is
    the reason for which the rule itself does not act here. ``occasion``: the clock or promise that a step is about. ``choice``:
    how the person was chosen, or why nobody was.
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
    customer_sees: bool = False
    blocked: SkipReason | None = None
    occasion: Occasion | None = None
    choice: Choice | None = None

    @property
    def entry(self) -> str | None:
        """The tag or person that this wish is about, if its field is a list."""
        return self.to[0] if self.field in LISTS and isinstance(self.to, tuple) else None

    @property
    def who(self) -> tuple[str, ...]:
        """The receiver of a notice; empty for everything else, and where there is nobody to tell."""
        return self.to if self.action == "notify" and isinstance(self.to, tuple) else ()

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
    """Everything that a rule which holds for a ticket wants for it, whether it is so already or not.

    What its clocks and promises want comes from :mod:`.clock_wishes`.
    """
    base = Wish(rule, order, ticket, subject, "assign")
    yield from doings(scene, base, rule.actions, _steps(scene, base))


def doings(scene: Scene, base: Wish, actions: Actions, steps: Sequence[Step] = FIRST) -> Iterator[Wish]:
    """Everything that these actions want, as wishes like ``base``; notes and notices once for each of the steps."""
    yield from _assign(scene, base, actions)
    for entry in actions.set:
        yield from _set(scene, base, entry)
    yield from _lists(scene, base, actions)
    yield from _messages(scene, base, actions, steps)


# --- how the ticket should be -----------------------------------------------------------------------------------------


def _wish(base: Wish, action: str, **more: object) -> Wish:
    return replace(base, action=action, **more)  # type: ignore[arg-type]


def _assign(scene: Scene, base: Wish, actions: Actions) -> Iterator[Wish]:
    assign = actions.assign
    if assign is None:
        return
    owner = scene.value(base.ticket, "assignee")
    case = base.occasion.case if base.occasion else None
    taken = "assigned" if owner and not assign.even_if_assigned and case is None else None
    if assign.choose and not taken:
        yield from _chosen(scene, base, assign, owner)
        return
    if assign.to is None:
        team = scene.ruleset.teams[assign.team] if assign.team else None
        if team:
            group = scene.value(base.ticket, "group")
            yield _wish(base, "assign", field="group", to=group_of(team), from_=group, blocked=base.blocked or taken)
    elif assign.to == "missing":
        yield _wish(base, "assign", field="assignee", to=None, from_=owner)
    else:
        person = _person(scene, base.ticket, assign.to)
        if person:
            yield _wish(base, "assign", field="assignee", to=person, from_=owner, blocked=base.blocked or taken)


def _chosen(scene: Scene, base: Wish, assign: Assign, owner: Value) -> Iterator[Wish]:
    """The group and a person of it; where nobody is available the group alone, and whoever is to be told.

    The people whom a recovery case is about do not get it, and lose it.
    """
    case = base.occasion.case if base.occasion else None
    blamed = _blamed(scene, base.ticket) if case else frozenset[str]()
    stays = scene.roster.stays(base.rule, base.ticket, assign, owner) if isinstance(owner, str) else None
    if stays == "grace" and owner not in blamed:
        yield _wish(base, "assign", field="assignee", from_=owner, blocked=base.blocked or "grace")
    if stays and owner not in blamed:
        return
    choice = scene.roster.choose(base.rule, base.ticket, assign, blamed)
    if assign.team or choice.team == assign.if_nobody.team:
        group = scene.value(base.ticket, "group")
        yield _wish(base, "assign", field="group", to=group_of(scene.ruleset.teams[choice.team]), from_=group)
    yield _wish(base, "assign", field="assignee", to=choice.person, from_=owner, choice=choice)
    if choice.person is None and assign.if_nobody.notify:
        yield from _notices(scene, base, Notify(assign.if_nobody.notify, None, assign.span), FIRST)


def _blamed(scene: Scene, ticket: str) -> frozenset[str]:
    """Whom the running cases that are at home on a ticket are about, or they would take it from each other's choice."""
    here = (case for case in scene.evaluation.recovery.of(ticket) if case.ticket == ticket and case.state not in ENDED)
    return frozenset(who for case in here for who in case.blamed)


def _person(scene: Scene, ticket: str, to: str | FactRef) -> str | None:
    if isinstance(to, FactRef):
        return next(iter(scene.texts(ticket, to.name)), None)
    return to


def _set(scene: Scene, base: Wish, entry: SetField) -> Iterator[Wish]:
    written, said = scene.chosen(entry.value, base.ticket)
    if not said:
        return
    to = None
    if written is not None:
        start = base.occasion.at if base.occasion else scene.since(base.rule, base.ticket)
        to = moment_of(written, start, scene.calendar(base.rule, base.ticket))
    field = entry.fact
    yield _wish(base, "set", field=field, to=to, from_=scene.value(base.ticket, field))


def _lists(scene: Scene, base: Wish, actions: Actions) -> Iterator[Wish]:
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


def _messages(scene: Scene, base: Wish, actions: Actions, steps: Sequence[Step]) -> Iterator[Wish]:
    if actions.note:
        yield from _said(base, "note", _template(scene, actions.note, base.ticket), steps)
    if actions.reply:
        reply = _template(scene, actions.reply, base.ticket)
        if reply:
            yield _wish(base, "reply", text=reply, customer_sees=True)
    if actions.notify:
        yield from _notices(scene, base, actions.notify, steps)


def _steps(scene: Scene, base: Wish) -> Sequence[Step]:
    rule, actions = base.rule, base.rule.actions
    if rule.repeat is None or not (actions.note or actions.notify):
        return FIRST
    calendar = scene.calendar(rule, base.ticket)
    start = scene.since(rule, base.ticket)
    first = calendar.add(start, rule.for_) if rule.for_ else start
    return due_steps(rule.repeat, first, scene.at, calendar)


def _said(base: Wish, action: str, text: Text | None, steps: Sequence[Step]) -> Iterator[Wish]:
    if text:
        for step in steps:
            blocked = "passed_over" if step.passed_over else base.blocked
            yield _wish(base, action, text=text, step=step.name or base.step, blocked=blocked)


def _template(scene: Scene, text: Text | By[Text], ticket: str) -> Text | None:
    return scene.chosen(text, ticket)[0]


def _notices(scene: Scene, base: Wish, notify: Notify, steps: Sequence[Step]) -> Iterator[Wish]:
    """One wish for each receiver, so that one who was told and one who was not are told apart."""
    text = _template(scene, notify.text, base.ticket) if notify.text else None
    who = dict.fromkeys(name for receiver in notify.who for name in receivers(scene, base, receiver))
    for step in steps:
        blocked = "passed_over" if step.passed_over else base.blocked or (None if who else "nobody")
        wish = _wish(base, "notify", text=text, step=step.name or base.step, blocked=blocked)
        yield from (replace(wish, to=(name,), customer_sees=_is_customer(scene, name)) for name in who)
        if not who:
            yield wish


def _is_customer(scene: Scene, receiver: str) -> bool:
    kind, _, name = receiver.partition(":")
    return kind == "person" and scene.is_customer(name)


def receivers(scene: Scene, base: Wish, receiver: Receiver) -> tuple[str, ...]:
    """Whom a receiver stands for on this ticket, as ``channel:NAME`` or ``person:HANDLE``; nobody where there is none."""
    if receiver.kind in ("channel", "person"):
        return (f"{receiver.kind}:{receiver.name}",)
    if receiver.kind == "role" and receiver.name != "assignee":
        people: tuple[str | None, ...] = (_in_role(scene, base, receiver.name),)
    else:
        people = scene.texts(base.ticket, receiver.name)
    return tuple(f"person:{name}" for name in people if name)


def _in_role(scene: Scene, base: Wish, role: str) -> str | None:
    """Who gave the promise; or who leads the ticket's team, is above it or on call in it.

    A ticket without a team has that of the promiser, else that of the owner.
    """
    author = base.occasion.author if base.occasion else None
    if role == "promiser":
        return author
    owner = author or next(iter(scene.texts(base.ticket, "assignee")), None)
    team = scene.team(base.rule, base.ticket) or scene.team_of(owner)
    if team is None:
        return None
    if role == "on_call":
        return on_call_at(team.on_call, scene.at) if team.on_call else None
    return team.next_level if role == "next_level" else team.lead


def wording(scene: Scene, wish: Wish) -> str:
    """The finished text of a note, reply or notice.

    Without a text of its own it is the rule's name, its ``why``, what was due when, and a link.
    """
    calendar = scene.calendar(wish.rule, wish.ticket)
    occasion = wish.occasion
    due = occasion.due.astimezone(calendar.zone).strftime("%Y-%m-%d %H:%M") if occasion and occasion.due else ""
    if wish.text is None:
        case = occasion.case if occasion else None
        quote = f"“{occasion.quote}”" if occasion and occasion.quote and not case else ""
        about = f"Recovery case {case.id}: {case.sum}" if case else ""
        due = f"{occasion.quote if occasion and case else ''} due {due}".strip() if due else ""
        lines = (wish.rule.name, wish.rule.why, quote, about, due, scene.tickets[wish.ticket][0])
        return "\n".join(line for line in lines if line)
    extras = {"why": wish.rule.why, "promise.quote": occasion.quote if occasion else ""}
    if due:
        extras["due"] = due
    if "next_open" in wish.text.placeholders:
        opening = calendar.next_open(scene.at).astimezone(calendar.zone)
        extras["next_open"] = opening.strftime("%Y-%m-%d %H:%M")
    facts = (name for name in wish.text.placeholders if name not in extras)
    zone = calendar.spec.time_zone
    return wish.text.render({name: scene.evaluation.text(wish.ticket, name, zone) for name in facts} | extras)
