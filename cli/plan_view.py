"""A plan for people: as text on a terminal, or as Markdown for a pull request.

``Sights`` is what the plan itself does not hold: what tickets are about, and in which file a rule stands.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ..connectors.ticket import called
from .words import clock, count, printable, seen, shown, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ..engine.plan_file import Held, Limited, Plan, PlannedChange
    from .paint import Paint

SIGNS = {"add_tags": ("add", "+"), "add_cc": ("add", "+"), "remove_tags": ("remove", "-")}
SPEAKS = ("note", "reply", "notify")
SEEN = "CUSTOMER SEES THIS"
ASIDES_SHOWN = 20

HELD = {
    "person_decided": "a person decided otherwise",
    "tug_of_war": "tug of war: another automation keeps changing it back",
    "refused": "the helpdesk refused it",
    "unsure": "it may have been done already; makegood does not do it twice",
    "replies_off": "customers would see it, and makegood.toml does not allow replies",
    "quiet_hours": "quiet hours",
    "budget": "enough for one day",
    "nobody_available": "nobody available",
    "max_open": "enough recovery cases are open",
}
CHOSEN = {
    "least_busy": "least busy",
    "round_robin": "longest without a new one",
    "weighted": "next by weight",
    "most_capacity": "most room",
    "on_call": "on call",
    "preferred": "preferred",
}
CHOICES_SHOWN = 5
"""People that a line of the plan names; the JSON has all."""
SKIPPED = {
    "spent": "already done since the condition began to hold",
    "shadow": "the rule is in shadow mode",
    "assigned": "the ticket has an owner",
    "grace": "its owner is away, but touched it or left only lately",
    "not_new": "it held before the rule did (backlog: only_new)",
    "once_per": "done on the newest ticket only",
    "passed_over": "its time went by; only the latest step is done",
    "closed": "the helpdesk freezes closed tickets",
    "stopped": "an earlier rule said stop",
    "nobody": "there is nobody to tell",
}
BEFORE = "due before their rule was first applied; those that come later are done"
LIMITED = {
    "per_run": "more tickets than the limit per run",
    "share_of_open": "more than the allowed share of open tickets",
    "unusual": "far more than this rule usually does in a day",
    "backlog": "its first run would write to many customers: say `backlog: include` or `backlog: only_new`",
}


@dataclass(frozen=True, slots=True)
class Sights:
    """``subjects``: ticket id to subject. ``places``: rule id to file. ``reasons``: rule id to the rule's own ``why``."""

    subjects: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)

    def place(self, rule_id: str, line: int) -> str:
        """Where a rule stands."""
        return f"{self.places.get(rule_id, 'line')}:{line}"


def number(ticket: str, url: str | None = None) -> str:
    """A ticket as people write it: the key in its address, else its id."""
    name = called(ticket, url)
    return f"#{name}" if name.isdigit() else name


def plan_text(plan: Plan, sights: Sights, paint: Paint, width: int) -> str:
    """The whole plan, ticket by ticket, then what is held back, then one line that sums it up."""
    lines: list[str] = []
    for ticket, changes in groupby(plan.changes, key=lambda change: change.ticket):
        lines += [*_ticket(ticket, list(changes), sights, paint, width), ""]
    for heading, entries in _asides(plan, sights).items():
        lines += [paint("heading", heading), *_first(entries), ""] if entries else []
    for style, messages in (("warning", plan.warnings), ("error", plan.errors)):
        lines += [f"{paint(style, style + ':')} {message}" for message in messages]
    return "\n".join([*lines, plan_summary(plan, paint)])


def _ticket(ticket: str, changes: list[PlannedChange], sights: Sights, paint: Paint, width: int) -> Iterator[str]:
    yield f"{paint('place', number(ticket, changes[0].url))}  {printable(sights.subjects.get(ticket, changes[0].url))}".rstrip()
    for _, group in groupby(changes, key=lambda change: (change.rule_id, change.why.get("due"))):
        same = list(group)
        names = max(len(name_of(change)) for change in same)
        for told in told_together(same):
            yield from _change(told, names, paint, width)
        yield f"      {paint('dim', sights.place(same[0].rule_id, same[0].line))}  {same[0].rule}"
        yield from (paint("dim", line) for line in wrapped(because(same[0]), width, indent=6))
        for choice in filter(None, (choice_text(change.why) for change in same)):
            yield from (paint("dim", line) for line in wrapped(choice, width, indent=6))


def told_together(changes: Iterable[PlannedChange]) -> Iterator[PlannedChange]:
    """The changes of one rule to one ticket; a notice to several receivers is one line."""
    for _, group in groupby(
        changes, key=lambda change: (change.action, change.field, change.step, change.customer_sees)
    ):
        same = list(group)
        if same[0].action == "notify":
            yield same[0].model_copy(update={"who": tuple(name for change in same for name in change.who)})
        else:
            yield from same


def name_of(change: PlannedChange) -> str:
    """What is changed: a field, or the action where there is none."""
    return change.field or change.action


def _change(change: PlannedChange, names: int, paint: Paint, width: int) -> Iterator[str]:
    style, sign = SIGNS.get(change.action, ("change", ">" if change.action in SPEAKS else "~"))
    loud = f"  {paint('loud', f' {SEEN} ')}" if change.customer_sees else ""
    yield f"  {paint(style, sign)} {name_of(change).ljust(names)}  {value_text(change)}".rstrip() + loud
    if change.text:
        for line in change.text.splitlines():
            yield from (f"      | {piece}" for piece in (wrapped(line, width - 8) or [""]))


def value_text(change: PlannedChange) -> str:
    """What becomes of it: from what to what, what is added, or who is told."""
    if change.action == "notify":
        return "to " + ", ".join(change.who)
    if change.action in SPEAKS:
        return change.step or ""
    return shown(change.to) if change.action in SIGNS else f"{shown(change.from_)} -> {shown(change.to)}"


def choice_text(why: Mapping[str, Any]) -> str:
    """Out of whom somebody was chosen, and why not the others; empty where nobody was chosen."""
    if "candidates" not in why:
        return ""
    loads = [f"{one['who']} {one['load']}" for one in why["candidates"]]
    many, _ = why["of"]
    rest = f" and {many - CHOICES_SHOWN:,} more" if many > CHOICES_SHOWN else ""
    causes = [f"{who} {cause}" for who, cause in why["excluded"].items()]
    without = f"; not: {', '.join(causes[:CHOICES_SHOWN])}" if causes else ""
    return f"{CHOSEN[why['chosen_by']]} (waiting: {', '.join(loads[:CHOICES_SHOWN])}{rest}){without}"


def because(change: PlannedChange) -> str:
    """What the rule saw, and since when; of a step of a clock or promise, what was due when."""
    if "due" in change.why:
        quote = f"“{change.why['quote']}”, " if "quote" in change.why else ""
        since, due = seen(change.why["counted_since"]), seen(change.why["due"])
        return f"{change.step}: {quote}due {due}, counted since {since}"
    if "case" in change.why:
        return f"case {change.why['case']}: {change.why['signals']}"
    saw: dict[str, Any] = change.why.get("saw", {})
    facts = ", ".join(f"{fact} is {seen(value)}" for fact, value in saw.items())
    since = f"since {clock(change.episode)}" if change.episode else ""
    return ": ".join(part for part in (since, facts) if part)


def _asides(plan: Plan, sights: Sights) -> dict[str, list[str]]:
    """What is not done now and deserves a look, under its heading."""
    shadow = [each for each in plan.skipped if each.reason == "shadow"]
    return {
        "Held": [_held(each) for each in plan.held],
        "Over a limit": [_limited(each, sights) for each in plan.limited],
        "Overruled": [f"  {wish_text(each)}, by {each.by}" for each in plan.overruled],
        "In shadow: would be done": [f"  {wish_text(each)}  ({each.rule})" for each in shadow],
        "Once this is applied": [
            f"  {number(each.ticket, each.url)}  {each.rule} (line {each.line}): {each.because}"
            for each in plan.follows
        ],
        "Left alone": _left_alone(plan),
    }


def _first(entries: list[str]) -> list[str]:
    """As many as people read; the JSON has all."""
    rest = len(entries) - ASIDES_SHOWN
    return entries if rest <= 0 else [*entries[:ASIDES_SHOWN], f"  ... and {rest:,} more (all of them: --format json)"]


def wish_text(each: Any) -> str:
    """What a rule wants for a ticket."""
    wanted = f" -> {shown(each.to)}" if each.to is not None else ""
    return f"{number(each.ticket, each.url)} {each.field or each.action}{wanted}"


def _held(each: Held) -> str:
    return f"  {wish_text(each)}: {held_because(each)}"


def held_because(each: Held) -> str:
    """Why a wish waits."""
    if each.reason in ("quiet_hours", "budget"):
        return f"{HELD[each.reason]}, {each.detail}"
    if each.reason == "nobody_available":
        return each.detail
    by = f" ({each.who}, {clock(each.since)})" if each.who else ""
    detail = f': "{each.detail}"' if each.detail and each.reason == "refused" else ""
    return f"{HELD[each.reason]}{by}{detail}"


def _limited(each: Limited, sights: Sights) -> str:
    return f"  {sights.place(each.rule_id, each.line)}  {each.rule}: {limited_because(each)}"


def limited_because(each: Limited) -> str:
    """Which limit a rule ran into, and what becomes of its wishes."""
    what = f"wanted {count(each.wanted, 'ticket')}, allowed {each.limit}"
    then = "the oldest first, the rest next time" if each.at_limit == "next_run" else "nothing of it is done"
    return f"{LIMITED[each.reason]}; {what}, {then}"


def _left_alone(plan: Plan) -> list[str]:
    reasons = Counter(each.reason for each in plan.skipped if each.reason != "shadow")
    told = [f"  {count(number, 'wish', 'wishes')}: {SKIPPED[reason]}" for reason, number in reasons.items()]
    before = plan.summary.steps_before
    return [*told, *[f"  {count(before, 'step')} of deadlines and promises: {BEFORE}"] * bool(before)]


def plan_summary(plan: Plan, paint: Paint) -> str:
    """The plan in one line."""
    sums = plan.summary
    if not plan.changes:
        return f"{paint('ok', 'Nothing to do:')} {count(sums.tickets_seen, 'ticket')} looked at."
    customers = (
        f" {paint('loud', f' Customers see {sums.customer_visible} of them. ')}" if sums.customer_visible else ""
    )
    changed = f"{count(sums.changes, 'change')} to {count(sums.tickets_changed, 'ticket')} of {sums.tickets_seen:,}"
    return f"{paint('heading', 'Plan:')} {changed}.{customers}"


def plan_markdown(plan: Plan, sights: Sights) -> str:
    """The plan as a comment for a pull request."""
    lines = [f"### makegood plan: {count(plan.summary.changes, 'change')}", ""]
    if plan.summary.customer_visible:
        lines += [f"> **Customers see {plan.summary.customer_visible} of these.**", ""]
    if plan.changes:
        groups = (group for _, group in groupby(plan.changes, key=lambda change: (change.ticket, change.rule_id)))
        told = (change for group in groups for change in told_together(group))
        lines += ["| ticket | change | rule |", "|---|---|---|", *(_row(change, sights) for change in told), ""]
    for heading, entries in _asides(plan, sights).items():
        if entries:
            lines += [f"**{heading}**", "", *(f"- {escaped(entry.strip())}" for entry in _first(entries)), ""]
    lines += [f"- **warning**: {escaped(message)}" for message in plan.warnings]
    return "\n".join(
        [*lines, f"{count(plan.summary.tickets_seen, 'ticket')} looked at, known to {clock(plan.known_to)}."]
    )


def _row(change: PlannedChange, sights: Sights) -> str:
    ticket = number(change.ticket, change.url)
    if change.url.startswith(("https://", "http://")):
        ticket = f"[{ticket}]({change.url})"
    said = f"`{name_of(change)}` {escaped(value_text(change))}"
    text = f"<br>{escaped(change.text)}" if change.text else ""
    seen = f"<br>**{SEEN.lower()}**" if change.customer_sees else ""
    place = sights.place(change.rule_id, change.line)
    about = escaped(sights.subjects.get(change.ticket, ""))
    return f"| {ticket} {about} | {said}{text}{seen} | {escaped(change.rule)} ({place}) |"


def escaped(text: str) -> str:
    """Text of tickets cannot become Markdown or HTML of ours, nor call people by ``@name`` where the plan is posted."""
    text = re.sub(r"([\\`*_~\[\]|])", r"\\\1", printable(text).replace("&", "&amp;").replace("<", "&lt;"))
    return "<br>".join(re.sub(r"(?<!\w)@(?=\w)", "@<!-- -->", text).splitlines())
