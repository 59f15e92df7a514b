"""Whether a rule set can run on a desk at all: asked before anything is planned, answered with every problem at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..connectors.ticket import FIELD
from ..rules.diagnostics import Diagnostic, Problems, did_you_mean
from ..rules.model import By, FactRef, bundles, leaves

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ..rules.diagnostics import Span
    from ..rules.model import Actions, Notify, Receiver, Rule, RuleSet
    from .snapshot import Snapshot


class PlanRefused(Exception):
    """No plan can be made. ``diagnostics`` say where in the rule file and why; the message says it in one line."""

    def __init__(self, message: str, diagnostics: Sequence[Diagnostic] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.diagnostics = tuple(diagnostics)


def rules_in_force(ruleset: RuleSet, helpdesk: str) -> list[tuple[int, Rule]]:
    """The rules meant for this helpdesk and not switched off, each with its place in the file."""
    meant = ((order, rule) for order, rule in enumerate(ruleset.rules) if rule.mode != "off")
    return [(order, rule) for order, rule in meant if not rule.helpdesks or helpdesk in rule.helpdesks]


def problems(ruleset: RuleSet, snapshot: Snapshot, channels: Collection[str]) -> list[Diagnostic]:
    """What keeps these rules from running on this desk, names left aside (``lint.check_names``); empty: they can."""
    found = Problems()
    for _, rule in rules_in_force(ruleset, snapshot.helpdesk):
        for span, fact in _facts(rule):
            _supplied(found, span, fact, snapshot)
        for span, what in _written(rule):
            if what not in snapshot.capabilities.writable:
                found.error(
                    "desk-lacks", span, f"this desk does not let us write `{what}`", "take this out of the rule"
                )
        for notify in _notices(rule):
            for receiver in notify.who:
                _known_channel(found, notify, receiver, channels)
    return found.items


def _facts(rule: Rule) -> Iterator[tuple[Span, str]]:
    """Every fact that a rule reads, and where."""
    clock = rule.actions.deadline
    said = (rule.when, clock.until, clock.pause_while, clock.cancel_when) if clock else (rule.when,)
    yield from ((leaf.span, leaf.fact) for condition in said for leaf in leaves(condition))
    if isinstance(rule.calendar, By):
        yield rule.span, rule.calendar.fact
    if clock:
        times = (clock.starts, clock.at, clock.within)
        yield from ((clock.span, each.name) for each in times if isinstance(each, FactRef))
        yield from ((clock.span, each.fact) for each in times if isinstance(each, By))
    for actions in bundles(rule):
        yield from _facts_of_actions(rule, actions)


def _facts_of_actions(rule: Rule, actions: Actions) -> Iterator[tuple[Span, str]]:
    for entry in actions.set:
        if isinstance(entry.value, By):
            yield entry.span, entry.value.fact
    if actions.assign is not None and isinstance(actions.assign.to, FactRef):
        yield actions.assign.span, actions.assign.to.name
    for text in (actions.note, actions.reply, actions.notify.text if actions.notify else None):
        if isinstance(text, By):
            yield rule.span, text.fact


def _supplied(found: Problems, span: Span, fact: str, snapshot: Snapshot) -> None:
    lacks = snapshot.capabilities.lacks
    patterns = (why for name, why in lacks.items() if "<name>" in name and fact.startswith(name.partition("<")[0]))
    reason = lacks.get(fact) or next(patterns, None)
    if reason:
        found.error("desk-lacks", span, f"this desk cannot supply `{fact}`: {reason}", "use another fact")


def _written(rule: Rule) -> Iterator[tuple[Span, str]]:
    """What a rule writes, as ``Capabilities.writable`` calls it, and where it says so."""
    for actions in bundles(rule):
        if actions.assign is not None:
            yield actions.assign.span, "group" if actions.assign.to is None else "assignee"
        for entry in actions.set:
            yield entry.span, "field" if entry.fact.startswith(FIELD) else entry.fact
        said = {
            "tags": actions.add_tags or actions.remove_tags,
            "cc": actions.add_cc,
            "note": actions.note or actions.recover,
            "reply": actions.reply,
        }
        yield from ((rule.span, what) for what, wanted in said.items() if wanted)


def _notices(rule: Rule) -> Iterator[Notify]:
    return (actions.notify for actions in bundles(rule) if actions.notify)


def _known_channel(found: Problems, notify: Notify, receiver: Receiver, channels: Collection[str]) -> None:
    if receiver.kind != "channel" or receiver.name in channels:
        return
    guess = did_you_mean(receiver.name, sorted(channels))
    hint = f"did you mean `{guess}`?" if guess else f"add `[notify.{receiver.name}]` to makegood.toml"
    found.error("unknown-channel", notify.span, f"there is no channel called `{receiver.name}`", hint)
