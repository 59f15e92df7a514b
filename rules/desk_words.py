"""A rule set against one desk: facts the desk lacks, and names it does not have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .desk_clocks import clocks_read, fights_desk
from .diagnostics import Problems
from .facts import fact_named
from .model import By, FactRef, bundles, leaves, names_closed
from .shapes import meant

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from ..connectors.base import Capabilities
    from ..connectors.ticket import Catalogue, FieldSpec
    from .diagnostics import Diagnostic, Span
    from .model import Actions, Assign, Leaf, Receiver, Remind, Rule, RuleSet, SetField

_NAMED = ("group", "status_name", "type", "form", "brand")
"""Facts whose values are names of the desk."""


def lint_for_desk(rules: RuleSet, capabilities: Capabilities, catalogue: Catalogue) -> list[Diagnostic]:
    """What this desk cannot supply or write: facts it lacks, fields it does not let us set, closed tickets it freezes."""
    problems = Problems()
    for rule in rules.rules:
        for leaf in _compared(rule):
            lacks = capabilities.lacks.get(leaf.fact) or capabilities.lacks.get(_pattern(leaf.fact))
            if lacks:
                problems.warning("desk-lacks", leaf.span, f"this desk does not know `{leaf.fact}`: {lacks}")
        for entry in _set_fields(rule.actions):
            _writable(entry, capabilities, problems)
        if not capabilities.blanks_in_tags:
            _whole_tags(rule, problems)
        if capabilities.closed_is_final and names_closed(rule):
            message = "this rule acts on closed tickets, and this desk lets nobody change them"
            problems.warning("desk-lacks", rule.span, message, "take `closed` out of `status`")
    fights_desk(rules, catalogue.slas, problems)
    for word in catalogue.unmapped:
        where = rules.rules[0].span
        problems.info("desk-lacks", where, f"the desk's word `{word}` has no meaning yet", "map it in makegood.toml")
    return problems.items


def _whole_tags(rule: Rule, problems: Problems) -> None:
    for bundle in bundles(rule):
        for tag in (*bundle.add_tags, *bundle.remove_tags):
            if " " in tag:
                message, hint = f"a tag of this desk is one word, `{tag}` is not", f"write `{tag.replace(' ', '_')}`"
                problems.warning("desk-lacks", rule.span, message, hint)


def _writable(entry: SetField, capabilities: Capabilities, problems: Problems) -> None:
    name = "field" if entry.fact.startswith("field.") else entry.fact
    if name not in capabilities.writable:
        problems.warning("desk-lacks", entry.span, f"this desk does not let anybody set `{entry.fact}`", "leave it out")


def _pattern(fact: str) -> str:
    """The pattern a name was made from: ``field.<name>`` for ``field.City``."""
    for prefix in ("requester.field.", "organization.field.", "field.", "sla."):
        if fact.startswith(prefix):
            return f"{prefix}<name>"
    return fact


def check_names(rules: RuleSet, catalogue: Catalogue, people: Collection[str]) -> list[Diagnostic]:
    """Names in rules and teams that the desk does not have: groups, statuses, fields, values, people (by handle)."""
    names = _Names(catalogue, frozenset(person.lower() for person in people))
    for rule in rules.rules:
        if rule.mode != "off":
            names.rule(rule)
    for team in rules.teams.values():
        names.known("group", "group", team.group, team.span)
        handles = (
            team.lead,
            team.next_level,
            *(member.handle for member in team.people),
            *(m.substitute for m in team.people),
        )
        for handle in (*handles, *(team.on_call.people if team.on_call else ())):
            names.person(handle, team.span)
    return names.problems.items


@dataclass(slots=True)
class _Names:
    """Compares names with those of one desk, without case."""

    catalogue: Catalogue
    people: frozenset[str]
    problems: Problems = field(default_factory=Problems)

    def rule(self, rule: Rule) -> None:
        for leaf in _compared(rule):
            self._leaf(leaf)
        for entry in _set_fields(rule.actions):
            values = (
                (*entry.value.cases.values(), entry.value.default) if isinstance(entry.value, By) else (entry.value,)
            )
            self._field(entry.fact, entry.span)
            for value in values:
                self._value(entry.fact, value, entry.span)
        for assign in _assigns(rule.actions):
            if isinstance(assign.to, FactRef):
                self._field(assign.to.name, assign.span)
            elif assign.to != "missing":
                self.person(assign.to, assign.span)
        for handle in rule.actions.add_cc:
            if "@" not in handle:
                self.person(handle, rule.span)
        for receiver, span in _receivers(rule.actions):
            self._receiver(receiver, span)
        for clock, span in clocks_read(rule).items():
            if clock.casefold() not in {name.casefold() for name in self.catalogue.slas}:
                message = f"this desk has no SLA clock `{clock}`"
                hint = meant(clock, self.catalogue.slas) if self.catalogue.slas else "it has none: use a `deadline`"
                self.problems.error("unknown-name", span, message, hint)

    def _leaf(self, leaf: Leaf) -> None:
        self._field(leaf.fact, leaf.span)
        if leaf.operator in ("is", "not", "all"):
            for value in leaf.operand:
                self._value(leaf.fact, value, leaf.span)

    def _value(self, fact: str, value: object, span: Span) -> None:
        known = fact_named(fact)
        if not isinstance(value, str) or known is None:
            return
        if fact.startswith("field."):
            spec = self._spec(fact)
            if spec is not None and spec.type == "choice":
                self._among(f"value of `{fact}`", value, spec.values, span)
        elif known.type == "person":
            self.person(value, span)
        else:
            self.known(fact, fact.replace("_", " "), value, span)

    def known(self, fact: str, what: str, value: str | None, span: Span) -> None:
        """A value of a fact whose values are the desk's own."""
        if value is not None and fact in _NAMED:
            owner = {"group": "groups", "type": "types", "form": "forms", "brand": "brands"}.get(fact)
            words = tuple(self.catalogue.statuses) if owner is None else getattr(self.catalogue, owner)
            self._among(what, value, words, span)

    def _among(self, what: str, value: str, words: Iterable[str] | None, span: Span) -> None:
        known = tuple(words) if words is not None else (value,)
        if value.casefold() not in {word.casefold() for word in known}:
            message = f"this desk has no {what} `{value}`"
            self.problems.error("unknown-name", span, message, meant(value, known))

    def person(self, handle: str | None, span: Span) -> None:
        """Somebody by e-mail address or login."""
        if handle is not None and handle.lower() not in self.people:
            message = f"this desk knows nobody called `{handle}`"
            alike = (known for known in self.people if known[:1] == handle[:1].lower())
            guess = meant(handle, tuple(sorted(alike)))
            self.problems.error("unknown-person", span, message, guess if guess.startswith("did") else "")

    def _field(self, fact: str, span: Span) -> None:
        if fact.startswith("field.") and self._spec(fact) is None:
            name = fact.removeprefix("field.")
            message = f"this desk has no field `{name}`"
            self.problems.error("unknown-name", span, message, meant(name, tuple(self.catalogue.fields)))

    def _spec(self, fact: str) -> FieldSpec | None:
        return self.catalogue.fields.get(fact.removeprefix("field."))

    def _receiver(self, receiver: Receiver, span: Span) -> None:
        if receiver.kind == "person":
            self.person(receiver.name, span)
        elif receiver.kind == "fact":
            self._field(receiver.name, span)


# --- where a rule names things ----------------------------------------------------------------------------------------


def _compared(rule: Rule) -> Iterator[Leaf]:
    yield from leaves(rule.when)
    clock = rule.actions.deadline
    for condition in (clock.until, clock.pause_while, clock.cancel_when) if clock is not None else ():
        yield from leaves(condition)


def _steps(actions: Actions) -> Iterator[Remind]:
    for clock in (actions.deadline, actions.promise, actions.recover):
        if clock is not None:
            yield from (*clock.remind, *clock.escalate)


def _set_fields(actions: Actions) -> Iterator[SetField]:
    yield from actions.set
    for step in _steps(actions):
        yield from step.set


def _assigns(actions: Actions) -> Iterator[Assign]:
    recover = actions.recover.assign if actions.recover is not None else None
    found = (actions.assign, recover, *(step.assign for step in _steps(actions)))
    yield from (assign for assign in found if assign is not None)


def _receivers(actions: Actions) -> Iterator[tuple[Receiver, Span]]:
    if actions.notify is not None:
        yield from ((receiver, actions.notify.span) for receiver in actions.notify.who)
    for step in _steps(actions):
        yield from ((receiver, step.span) for receiver in step.who)
    for assign in _assigns(actions):
        yield from ((receiver, assign.span) for receiver in assign.if_nobody.notify)
