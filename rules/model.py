"""The rule file as typed values: what :func:`..load.load_file` returns once nothing is wrong.

Everything is frozen and picklable. Names of calendars, teams and conditions are resolved and checked before a value of
these types exists; names of the desk (groups, people, fields) are not: only a desk knows them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from .durations import Duration
from .promise_language import Languages
from .shapes import slug
from .staff import Notices
from .wordlists import Wordlists

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime
    from decimal import Decimal

    from .calendar import CalendarSpec
    from .diagnostics import Span
    from .staff import Team
    from .texts import Text

T = TypeVar("T")


# --- conditions -------------------------------------------------------------------------------------------------------

Operator = Literal[
    "is",
    "not",
    "present",
    "missing",
    "all",
    "at_least",
    "at_most",
    "more_than",
    "less_than",
    "contains",
    "contains_all",
    "starts_with",
    "ends_with",
    "matches",
    "older_than",
    "newer_than",
    "in_next",
    "anniversary_in",
    "before",
    "after",
    "during",
    "outside",
    "over",
    "under",
]

Operand = "None | tuple[str, ...] | Decimal | Duration | date | datetime | str"
"""``is``, ``not``, ``all``, ``contains``, ``contains_all``, ``starts_with``, ``ends_with``, ``matches``: a tuple of texts
(numbers too are kept as written and typed by the fact). ``at_least`` and its kin: a Decimal. ``older_than``, ``newer_than``,
``in_next``, ``anniversary_in``, ``over``, ``under``: a Duration. ``before``, ``after``: a date (a whole day of the rule's
calendar) or an aware instant. ``during``, ``outside``: a calendar's name. ``present``, ``missing``: None."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One comparison. ``path`` is where it stands, e.g. ``when.any.subject.contains``; equal leaves differ in span and path only."""

    fact: str
    operator: Operator
    operand: Any
    span: Span = field(compare=False)
    path: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Group:
    """``all``: every part holds; ``any``: at least one; ``none``: not one. No parts: ``all`` and ``none`` hold, ``any`` does not.

    ``name`` is the named condition this came from, for ``explain``.
    """

    kind: Literal["all", "any", "none"]
    parts: tuple[Condition, ...]
    name: str | None = None


Condition = Leaf | Group


def leaves(condition: Condition | None) -> Iterator[Leaf]:
    """Every leaf of a condition, in the order of the file."""
    if isinstance(condition, Leaf):
        yield condition
    elif condition is not None:
        for part in condition.parts:
            yield from leaves(part)


def names_closed(rule: Rule) -> bool:
    """Whether a rule's condition asks for closed tickets by name; only then does it act on them."""

    def asks(condition: Condition | None) -> bool:
        if isinstance(condition, Leaf):
            return condition.fact == "status" and condition.operator == "is" and "closed" in condition.operand
        return condition is not None and condition.kind != "none" and any(asks(part) for part in condition.parts)

    return asks(rule.when)


# --- values -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class By(Generic[T]):
    """A value that depends on one choice fact: ``{by: FACT, VALUE: x, ..., default: y}``. Keys of ``cases`` are in lower case."""

    fact: str
    cases: Mapping[str, T]
    default: T | None = None


@dataclass(frozen=True, slots=True)
class FactRef:
    """A fact that stands for a value: a person (``requester.last_assignee``), people (``cc``) or a time (``field.First day``)."""

    name: str


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is told.

    ``kind`` *role*: ``assignee``, ``team_lead``, ``next_level``, ``promiser``, ``on_call``; *person*: a handle; *fact*: a fact
    that holds people; *channel*: a name of ``[notify.NAME]`` in the settings.
    """

    kind: Literal["role", "person", "fact", "channel"]
    name: str


# --- actions ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IfNobody:
    """What to do when nobody is available: leave it (all empty), try another team, or tell somebody."""

    team: str | None = None
    notify: tuple[Receiver, ...] = ()


PERIOD = timedelta(days=28)
"""How far back it counts what somebody was given."""
GRACE = Duration(Fraction(1), "hour")
"""How long an owner who is away must have left a ticket alone before it is taken from them, unless the rule says."""


@dataclass(frozen=True, slots=True)
class Assign:
    """``to`` is a handle, a fact, or the word ``missing`` (back to the queue); or ``team`` and how to ``choose`` within it.

    ``grace``: how long an owner who is away must have left a ticket alone before ``even_if_assigned`` takes it.
    """

    span: Span
    to: str | FactRef | None = None
    team: str | None = None
    choose: Literal["least_busy", "round_robin", "weighted", "most_capacity", "on_call"] | None = None
    prefer: tuple[str, ...] = ()
    skills: tuple[str, ...] | By[tuple[str, ...]] = ()
    only: Literal["at_work", "anyone"] = "at_work"
    even_if_assigned: bool = False
    grace: Duration = GRACE
    if_nobody: IfNobody = field(default_factory=IfNobody)


SetValue = "str | Duration | None"
"""Text as written (typed by the fact), a Duration from when the condition began to hold (time facts), None: ``missing``."""


@dataclass(frozen=True, slots=True)
class SetField:
    """One entry of ``set``: the fact or ``field.<name>`` to set and its value."""

    fact: str
    value: Any
    span: Span


@dataclass(frozen=True, slots=True)
class Remind:
    """A reminder ``before`` a due time, or an escalation ``after`` it, with what it does then."""

    offset: Duration
    who: tuple[Receiver, ...]
    text: Text | None
    add_tags: tuple[str, ...]
    remove_tags: tuple[str, ...]
    set: tuple[SetField, ...]
    assign: Assign | None
    note: Text | None
    reply: Text | None
    span: Span

    @property
    def actions(self) -> Actions:
        """What is done then, as a rule would say it."""
        return Actions(
            assign=self.assign,
            set=self.set,
            add_tags=self.add_tags,
            remove_tags=self.remove_tags,
            note=self.note,
            reply=self.reply,
            notify=Notify(self.who, self.text, self.span) if self.who else None,
        )


@dataclass(frozen=True, slots=True)
class Deadline:
    """A clock: see "Clocks" in docs/language.md. Exactly one of ``within`` and ``at``; one of ``target`` and ``until``."""

    name: str
    span: Span
    target: Literal["first_reply", "next_reply", "resolution", "update", "assignment"] | None = None
    until: Condition | None = None
    within: Duration | By[Duration] | None = None
    at: FactRef | None = None
    starts: FactRef | None = None
    pause_while: Condition | None = None
    cancel_when: Condition | None = None
    restart_on_reopen: bool = False
    remind: tuple[Remind, ...] = ()
    escalate: tuple[Remind, ...] = ()


@dataclass(frozen=True, slots=True)
class PromiseRule:
    """Keep agents' words: from which grade on a promise counts, and who hears of it when."""

    span: Span
    from_grade: Literal["explicit", "exact", "day", "week"] = "day"
    remind: tuple[Remind, ...] = ()
    escalate: tuple[Remind, ...] = ()


VERIFY_AFTER = Duration(Fraction(7), "day")
"""How long a case must stay quiet after it was resolved, unless its rule says."""
COOL_DOWN = Duration(Fraction(30), "day")
"""How long after the end of a case its customer gets no new one for the same cause, unless the rule says."""


@dataclass(frozen=True, slots=True)
class Recover:
    """A service-recovery case: see docs/recovery.md. ``remind`` and ``escalate`` go with each of its clocks.

    ``customer``: whom a case is about. ``weights``: by kind of signal (:data:`.signals.SIGNALS`), those that are not the
    usual ones.
    """

    cause: str
    span: Span
    customer: Literal["requester", "organization"] = "requester"
    severity: str | By[str] | None = None
    weights: Mapping[str, Decimal] = field(default_factory=dict)
    assign: Assign | None = None
    acknowledge: Duration | None = None
    first_contact: Duration | None = None
    plan_by: Duration | None = None
    steps: tuple[str, ...] = ()
    verify_after: Duration = VERIFY_AFTER
    cool_down: Duration = COOL_DOWN
    max_open: int | None = None
    remind: tuple[Remind, ...] = ()
    escalate: tuple[Remind, ...] = ()

    @property
    def tag(self) -> str:
        """The tag by which the desk's own views find the tickets of such cases."""
        return f"recovery-{slug(self.cause)}"


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell somebody; without ``text`` the rule's name, its ``why`` and a link to the ticket."""

    who: tuple[Receiver, ...]
    text: Text | By[Text] | None
    span: Span


@dataclass(frozen=True, slots=True)
class Actions:
    """What a rule does, by the language's own keys; empty where the rule does not say."""

    assign: Assign | None = None
    deadline: Deadline | None = None
    promise: PromiseRule | None = None
    recover: Recover | None = None
    set: tuple[SetField, ...] = ()
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    add_cc: tuple[str, ...] = ()
    note: Text | By[Text] | None = None
    reply: Text | By[Text] | None = None
    notify: Notify | None = None


def bundles(rule: Rule) -> Iterator[Actions]:
    """Everything a rule may do at once: its own actions, the opening of a case, each step of its clocks and promises."""
    yield rule.actions
    recover = rule.actions.recover
    if recover is not None:
        yield Actions(assign=recover.assign)
    for clock in (rule.actions.deadline, rule.actions.promise, recover):
        if clock is not None:
            yield from (step.actions for step in (*clock.remind, *clock.escalate))


# --- rules ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may change at once. ``share_of_open`` is a share between 0 and 1. ``None``: no such limit."""

    per_run: int | None = None
    share_of_open: float | None = None
    at_limit: Literal["stop", "next_run"] = "stop"


@dataclass(frozen=True, slots=True)
class Repeat:
    """Notes and notices again every ``every`` while the condition still holds, ``at_most`` times in all (None: no end)."""

    every: Duration
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``when`` None: every ticket that is not closed. ``span`` is that of the whole entry, ``span.line`` its line."""

    name: str
    id: str
    span: Span
    actions: Actions
    why: str = ""
    when: Condition | None = None
    for_: Duration | None = None
    calendar: str | By[str] | None = None
    owner: str | None = None
    review_by: date | None = None
    mode: Literal["live", "shadow", "off"] = "live"
    stop: bool = False
    limits: Limits | None = None
    helpdesks: tuple[str, ...] = ()
    repeat: Repeat | None = None
    once_per: Literal["ticket", "requester", "organization"] = "ticket"
    backlog: Literal["include", "only_new"] | None = None
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class RuleTest:
    """One entry of ``tests``, checked for its keys; ``engine.ruletest`` gives it its meaning.

    ``tickets`` are mappings of fact to value as written, ``events`` the event items as written, ``people`` load and
    absence; ``expect`` maps expected keys to values as written (``{}`` for *nothing*). Values are text, tuples or mappings.
    """

    name: str
    span: Span
    expect: Mapping[str, Any]
    at: datetime | None = None
    tickets: tuple[Mapping[str, Any], ...] = ()
    events: tuple[Mapping[str, Any], ...] = ()
    people: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A whole rule file with everything it includes, rules in file order.

    ``fingerprint`` changes with anything that could change a plan: not with comments, layout or tests. ``sources`` maps
    each file read to its text, for showing lines; ``marks`` says where names are defined: ``calendars.berlin``.
    ``languages`` holds those of the file's own folder; the built-in ones are always there. So with ``words``.
    """

    rules: tuple[Rule, ...]
    calendars: Mapping[str, CalendarSpec]
    default_calendar: str
    teams: Mapping[str, Team]
    conditions: Mapping[str, Condition]
    limits: Limits
    tests: tuple[RuleTest, ...]
    fingerprint: str
    notices: Notices = field(default_factory=Notices)
    languages: Languages = field(default_factory=Languages, repr=False)
    words: Wordlists = field(default_factory=Wordlists, repr=False)
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)
    marks: Mapping[str, Span] = field(default_factory=dict, repr=False)
