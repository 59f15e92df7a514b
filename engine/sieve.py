"""First come, first served: which of all rules' wishes count, in file order.

A wish passes unless its rule is in shadow, an earlier rule said ``stop``, its ticket is not the one ``once_per`` means, the
rule is only for new cases, the ticket is out of reach, or an earlier rule already spoke for the same field.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .clock_wishes import clock_wishes, promise_wishes
from .gate import Stay
from .recovery_wishes import recovery_wishes
from .scene import natural
from .wishes import Subject, Wish, satisfied, wishes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..rules.model import Rule
    from .plan_file import SkipReason
    from .scene import Scene


@dataclass
class Sieve:
    """Takes rules one by one. ``kept`` are the wishes to go on with, each rule's oldest tickets first.

    ``overruled`` names the rule that won, ``skipped`` the reason.
    """

    scene: Scene
    kept: list[Wish] = field(default_factory=list)
    overruled: list[tuple[Wish, str]] = field(default_factory=list)
    skipped: list[tuple[Wish, Stay]] = field(default_factory=list)
    _winners: dict[tuple[str, str, str | None], Wish] = field(default_factory=dict)
    _stopped: set[str] = field(default_factory=set)

    def take(self, order: int, rule: Rule) -> None:
        """Sift what the rule, the ``order``-th of the file, wants for each ticket it holds for, or its clock runs on."""
        matched = self.scene.evaluation.matched(rule)
        subjects = self._subjects(rule, matched)
        for ticket in matched:
            reason = self._outside(rule, ticket, subjects[ticket])
            for wish in wishes(self.scene, rule, order, ticket, subjects[ticket]):
                self._judge(wish, reason)
        for ticket in self.scene.evaluation.stepping(rule, self.scene.snapshot.first_applied.get(rule.id)):
            reason = "shadow" if rule.mode == "shadow" else "stopped" if ticket in self._stopped else None
            for wish in (
                *clock_wishes(self.scene, rule, order, ticket),
                *promise_wishes(self.scene, rule, order, ticket),
            ):
                self._judge(wish, wish.blocked or reason)
        for wish, stay in recovery_wishes(self.scene, rule, order):
            if stay is not None:
                self.skipped.append((wish, stay))
            else:
                self._judge(wish, wish.blocked or ("shadow" if rule.mode == "shadow" else None))
        if rule.stop and rule.mode == "live":
            self._stopped.update(matched)

    def _outside(self, rule: Rule, ticket: str, subject: Subject) -> SkipReason | None:
        """Why the rule does not act on the ticket at all."""
        if rule.mode == "shadow":
            return "shadow"
        if ticket in self._stopped:
            return "stopped"
        if ticket != subject.matching[-1]:
            return "once_per"
        return "not_new" if self._is_old(rule, ticket) else None

    def _is_old(self, rule: Rule, ticket: str) -> bool:
        if rule.backlog != "only_new":
            return False
        return self.scene.since(rule, ticket) < self.scene.in_force(rule)

    def _judge(self, wish: Wish, outside: SkipReason | None) -> None:
        if wish.choice and wish.choice.person is None and not outside:
            if wish.slot not in self._winners:
                self.skipped.append((wish, Stay("held", "nobody_available", detail=wish.choice.nobody_because)))
            return
        fulfilled = satisfied(self.scene, wish)
        reason = outside or (None if fulfilled else wish.blocked or self._frozen(wish))
        if reason:
            if not fulfilled:
                self.skipped.append((wish, Stay("skipped", reason)))
            return
        winner = wish if wish.field is None else self._winners.setdefault(wish.slot, wish)
        if winner is wish:
            if not fulfilled:
                self.kept.append(wish)
                if wish.choice and wish.choice.person:
                    self.scene.roster.give(wish.ticket, wish.choice.person)
        elif not self._agree(winner, wish):
            self.overruled.append((wish, winner.rule.name))

    def _frozen(self, wish: Wish) -> SkipReason | None:
        if wish.action == "notify" or not self.scene.snapshot.capabilities.closed_is_final:
            return None
        return "closed" if self.scene.value(wish.ticket, "status") == "closed" else None

    def _agree(self, winner: Wish, wish: Wish) -> bool:
        if wish.entry is not None:
            return (winner.action == "remove_tags") == (wish.action == "remove_tags")
        return winner.field == wish.field and self.scene.same(wish.field or "", winner.to, wish.to)

    # --- once per requester or organization ---------------------------------------------------------------------------

    def _subjects(self, rule: Rule, matched: Sequence[str]) -> Mapping[str, Subject]:
        """For whom the rule acts, by ticket; a subject's tickets from the oldest to the newest."""
        if rule.once_per == "ticket":
            return {ticket: Subject(ticket, (ticket,), (ticket,)) for ticket in matched}
        everyone = self._families[rule.once_per]
        holding: dict[str, list[str]] = defaultdict(list)
        for ticket in sorted(matched, key=self._age):
            holding[self._name(rule.once_per, ticket)].append(ticket)
        return {
            ticket: Subject(name, tuple(tickets), tuple(everyone.get(name, tickets)))
            for name, tickets in holding.items()
            for ticket in tickets
        }

    def _name(self, kind: str, ticket: str) -> str:
        name = self.scene.value(ticket, kind)
        return f"{kind} {name}" if name else ticket

    def _age(self, ticket: str) -> tuple[Any, Any]:
        return self.scene.evaluation.value(ticket, "created"), natural(ticket)

    @cached_property
    def _families(self) -> dict[str, dict[str, list[str]]]:
        """All tickets of each requester and of each organization."""
        families: dict[str, dict[str, list[str]]] = {"requester": defaultdict(list), "organization": defaultdict(list)}
        columns = self.scene.snapshot.tickets.select("id", "requester", "organization")
        for ticket, requester, organization in columns.iter_rows():
            families["requester"][f"requester {requester}"].append(ticket)
            families["organization"][f"organization {organization}"].append(ticket)
        return families
