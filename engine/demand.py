"""What a rule set asks about: the facts its rules mention, and what of the history has to be read for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..rules.facts import fact_named
from ..rules.mentions import mentions
from ..rules.model import By, bundles, leaves
from .columns import source_of
from .cycles import facts_for
from .leaves import names_closed
from .presence import PRESENCE
from .snapshot import Needs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from ..rules.model import Rule, RuleSet

WORD = frozenset({"promise", "promise.due"})
"""The facts about our word to the customer."""

CASES = frozenset({"requester", "status", "assignee"})
"""Facts that recovery cases are made of, whatever their rules ask."""

ALWAYS = frozenset({"status", "created", "unanswered_since", "id"})
"""Facts that every plan asks about: who is in scope, and in which order."""


def facts_of(rules: Iterable[Rule]) -> frozenset[str]:
    """Every fact that the rules compare, write, choose by, name as people or put into texts, as far as it is built.

    What the clocks of the rules are read from is among them.
    """
    asked = tuple(rules)
    named = {name for rule in asked for part in (rule.when, rule.actions, rule.calendar) for name in _names(part)}
    clocks = (facts_for(rule.actions.deadline) for rule in asked if rule.actions.deadline)
    cases = CASES if any(rule.actions.recover for rule in asked) else frozenset[str]()
    return frozenset(name for name in named.union(ALWAYS, cases, *clocks) if fact_named(name) is not None)


def facts_read_by(rule: Rule) -> frozenset[str]:
    """The facts that decide how a rule's clock stands: its conditions, and what its length and calendar depend on."""
    deadline = rule.actions.deadline
    clock = replace(deadline, remind=(), escalate=()) if deadline else None
    return frozenset(name for part in (rule.when, rule.calendar, clock) for name in _names(part))


def with_clocks(ruleset: RuleSet, rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules, and those that set a clock that one of them reads, and so on; all that bear on cases, where they count."""
    found = list(rules)
    if any(rule.actions.recover or "recovery" in facts_of([rule]) for rule in found):
        bearing = (rule for rule in ruleset.rules if rule.mode != "off" and rule not in found)
        found += [rule for rule in bearing if rule.actions.recover or rule.actions.deadline or rule.actions.promise]
    setters = [rule for rule in ruleset.rules if rule.actions.deadline and rule.mode != "off"]
    names = {clock_in(fact) for rule in found for fact in facts_of([rule])}
    while more := [rule for rule in setters if rule not in found and _sets(rule, names)]:
        found += more
        names |= {clock_in(fact) for rule in more for fact in facts_of([rule])}
    return tuple(found)


def clock_in(fact: str) -> str | None:
    """The name of the clock that a fact is about."""
    return fact.removeprefix("deadline.").removesuffix(".due") if fact.startswith("deadline.") else None


def _sets(rule: Rule, names: Collection[str | None]) -> bool:
    return rule.actions.deadline is not None and rule.actions.deadline.name in names


def _names(value: object) -> Iterator[str]:
    return (name for name, _ in mentions(value))


def needs(ruleset: RuleSet, rules: Sequence[Rule] | None = None) -> Needs:
    """What the store has to read so that ``rules`` (all that are not ``off``) can be judged and planned."""
    asked = with_clocks(ruleset, [rule for rule in ruleset.rules if rule.mode != "off"] if rules is None else rules)
    sources = [source_of(fact) for fact in facts_of(asked) - {"unanswered_since"}]
    written = {field for rule in asked for field in _written(rule)}
    replies = any(actions.reply for rule in asked for actions in bundles(rule))
    cases = any(rule.actions.recover for rule in asked)
    texts = replies or cases or any(source.texts for source in sources)
    return Needs(
        fields=frozenset(written.union(*(source.fields for source in sources))),
        messages=texts or any(_looks_at_messages(rule) for rule in asked) or any(each.messages for each in sources),
        texts=texts,
        ratings=cases or any(source.ratings for source in sources),
        sla=any(source.sla for source in sources),
        closed=cases or any(source.closed for source in sources) or any(names_closed(rule.when) for rule in asked),
        promises=any(rule.actions.promise for rule in asked) or bool(WORD & facts_of(asked)),
        gone=cases,
        assignments=any(actions.assign and actions.assign.choose for rule in asked for actions in bundles(rule)),
    )


def asks_who_is_there(ruleset: RuleSet) -> bool:
    """Whether a rule may act because somebody comes, goes or is away, though no ticket changes."""
    rules = [rule for rule in ruleset.rules if rule.mode != "off"]
    assigns = (actions.assign for rule in rules for actions in bundles(rule) if actions.assign)
    return bool(facts_of(rules) & PRESENCE) or any(each.choose and each.even_if_assigned for each in assigns)


def _written(rule: Rule) -> Iterator[str]:
    """Fields whose changes show that a person decided otherwise."""
    for actions in bundles(rule):
        yield from (entry.fact for entry in actions.set)
        yield from ("assignee", "group") * bool(actions.assign)
        yield from ("tags",) * bool(actions.add_tags or actions.remove_tags or actions.recover)
        yield from ("cc",) * bool(actions.add_cc)


def _looks_at_messages(rule: Rule) -> bool:
    """Whether our own earlier notes, or who waits longest, matter."""
    limits = rule.limits
    speaks = any(each.note or each.reply or each.notify or each.assign for each in bundles(rule))
    return speaks or (limits is not None and limits.at_limit == "next_run")


def compared(rule: Rule) -> frozenset[str]:
    """The facts that decide whether a rule holds."""
    by = {rule.calendar.fact} if isinstance(rule.calendar, By) else set()
    return frozenset({"status", *by, *(leaf.fact for leaf in leaves(rule.when))})
