"""From rules and one helpdesk at one instant to a plan: what would change, why, and what will not and why not.

Pure and deterministic: the same rules, snapshot and settings give the same plan, byte for byte. A plan that is filtered by
rule or ticket is a part of the whole plan, never another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ..rules.calendar import CalendarError, calendar_for
from ..rules.desk_words import check_names
from ..rules.diagnostics import did_you_mean
from ..rules.model import bundles
from .collecting import no_cycles
from .effects import Memory
from .evaluate import evaluate
from .follows import follows
from .gate import Gate
from .limits import bounds, within_limits
from .people_win import Shifts
from .plan_file import Plan, Summary
from .plan_parts import change_part, held_part, in_order, merged, overruled_part, skipped_part
from .rota_gaps import ON_DUTY, rota_gaps
from .runnable import PlanRefused, problems, rules_in_force
from .scene import Scene
from .sieve import Sieve

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ..rules.model import Rule, RuleSet
    from .evaluate import Evaluation
    from .gate import Stay
    from .plan_file import Follows, Limited, PlannedChange
    from .snapshot import Snapshot
    from .wishes import Wish

__all__ = ["PlanRefused", "make_plan"]

VALID_FOR = timedelta(days=1)
_HOLIDAYS_RUN_OUT = timedelta(days=60)
_GAPS_AHEAD = timedelta(days=7)
_A_YEAR = timedelta(days=366)


def make_plan(
    ruleset: RuleSet,
    snapshot: Snapshot,
    *,
    only_rule: str | None = None,
    only_ticket: str | None = None,
    allow_replies: bool = False,
    channels: Collection[str] = frozenset(),
    confirmed: Collection[str] = frozenset(),
    evaluation: Evaluation | None = None,
) -> Plan:
    """Plan what ``ruleset`` wants on the helpdesk of ``snapshot`` at its instant.

    ``only_rule`` (name or id) and ``only_ticket`` show a part of the plan. ``allow_replies`` is the helpdesk's setting,
    ``channels`` are the names of its notify channels, ``confirmed`` the rules (names or ids) whose unusually many changes
    somebody agreed to. ``evaluation`` saves work where the caller has it already.

    Raises:
        PlanRefused: the rules cannot run on this desk: unknown names, facts it lacks, fields it does not let us write.
    """
    found = [
        *problems(ruleset, snapshot, channels),
        *check_names(ruleset, snapshot.catalogue, frozenset(snapshot.people)),
    ]
    if any(each.severity == "error" for each in found):
        raise PlanRefused("these rules cannot run on this helpdesk", found)
    rules = rules_in_force(ruleset, snapshot.helpdesk)
    _known_rule(rules, only_rule)
    live = [rule for _, rule in rules]
    scene = Scene(ruleset, snapshot, evaluation or evaluate(ruleset, snapshot, rules=live))
    asked = Asked(only_rule, only_ticket)
    return plan_of(scene, rules, allow_replies=allow_replies, confirmed=confirmed, asked=asked)


@dataclass(frozen=True, slots=True)
class Asked:
    """The part of a plan that somebody wants to see, by rule (name or id) and ticket; None: all of it."""

    rule: str | None = None
    ticket: str | None = None

    def about(self, rule: str, rule_id: str, ticket: str) -> bool:
        """Whether a line of the plan belongs to it."""
        return self.rule in (None, rule, rule_id) and self.ticket in (None, ticket)

    def everywhere(self, rule: Rule) -> bool:
        """Whether all that a rule wants, on any ticket, belongs to it."""
        return self.ticket is None and self.rule in (None, rule.name, rule.id)

    def wish(self, wish: Wish) -> bool:
        """Whether a wish belongs to it."""
        return self.about(wish.rule.name, wish.rule.id, wish.ticket)

    def limit(self, cut: Limited) -> bool:
        """Whether a limit left out something of it."""
        return any(self.about(cut.rule, cut.rule_id, ticket) for ticket in cut.tickets)


EVERYTHING = Asked()


def plan_of(
    scene: Scene,
    rules: Sequence[tuple[int, Rule]],
    *,
    allow_replies: bool = False,
    confirmed: Collection[str] = frozenset(),
    asked: Asked = EVERYTHING,
) -> Plan:
    """The plan for rules that are known to run here (:func:`.runnable.problems`), each with its place in the file.

    Raises:
        PlanRefused: a calendar cannot be used.
    """
    days_off = _days_off(scene)
    with no_cycles():
        decisions = _decide(scene, rules, allow_replies=allow_replies, confirmed=confirmed)
        return _written(scene, rules, decisions, days_off, asked)


def _known_rule(rules: Sequence[tuple[int, Rule]], name: str | None) -> None:
    names = [rule.name for _, rule in rules]
    if name is not None and name not in names and name not in (rule.id for _, rule in rules):
        guess = did_you_mean(name, names)
        raise PlanRefused(f"no rule called `{name}` is in force here" + (f": did you mean `{guess}`?" if guess else ""))


# --- deciding ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Decisions:
    """Everything decided about a helpdesk, nothing filtered, in file order."""

    changes: list[Wish]
    overruled: list[tuple[Wish, str]]
    stays: list[tuple[Wish, Stay]]
    limited: list[Limited]
    follows: list[Follows]
    steps_before: int


def _decide(
    scene: Scene, rules: Sequence[tuple[int, Rule]], *, allow_replies: bool, confirmed: Collection[str]
) -> _Decisions:
    """Ask file order, then people's decisions, the memory and the desk's refusals, then the limits about every wish."""
    sieve = Sieve(scene)
    for order, rule in rules:
        sieve.take(order, rule)
    shifts = Shifts(scene.snapshot, {wish.ticket for wish in sieve.kept})
    gate = Gate(scene, Memory(scene.snapshot), shifts, allow_replies)
    asked = [(wish, gate.stays(wish)) for wish in sieve.kept]
    whole = merged([(wish, None) for wish, stay in asked if stay is None])
    tried = [(wish, gate.refused(wish)) for wish, _ in whole]
    changes, limited = within_limits(bounds(scene, confirmed), [wish for wish, stay in tried if stay is None])
    told = _still_worth_saying(gate, sieve.skipped, changes)
    stays = told + [(wish, stay) for wish, stay in asked + tried if stay]
    before = {
        (wish.order, wish.subject.name, wish.step) for wish, stay in sieve.skipped if stay.reason == "before_in_force"
    }
    return _Decisions(changes, sieve.overruled, stays, limited, follows(scene, rules, changes), len(before))


def _still_worth_saying(
    gate: Gate, skipped: list[tuple[Wish, Stay]], changes: Sequence[Wish]
) -> list[tuple[Wish, Stay]]:
    """Steps passed over are told once, in the plan that does the step after them; those from before a rule's time never."""
    done = {(wish.order, wish.subject.name) for wish in changes if wish.step}
    said = ((wish, stay) for wish, stay in skipped if stay.reason != "before_in_force")
    return [
        (wish, stay)
        for wish, stay in said
        if stay.reason != "passed_over" or ((wish.order, wish.subject.name) in done and not gate.was_done(wish))
    ]


# --- writing down -----------------------------------------------------------------------------------------------------


def _written(
    scene: Scene, rules: Sequence[tuple[int, Rule]], made: _Decisions, days_off: _DaysOff, asked: Asked
) -> Plan:
    snapshot = scene.snapshot
    wanted = in_order((wish, None) for wish in made.changes if asked.wish(wish))
    changes = tuple(change_part(scene, wish) for wish, _ in wanted)
    overruled = in_order(merged(each for each in made.overruled if asked.wish(each[0])))
    stays = in_order(merged(each for each in made.stays if asked.wish(each[0])))
    limited = tuple(cut for cut in made.limited if asked.limit(cut))
    return Plan(
        made_at=snapshot.at,
        at=snapshot.at,
        known_to=snapshot.known_to,
        valid_until=snapshot.at + VALID_FOR,
        helpdesk=snapshot.helpdesk,
        store_id=snapshot.store_id,
        rules_fingerprint=scene.ruleset.fingerprint,
        covers=tuple(rule.id for _, rule in rules if rule.mode == "live" and asked.everywhere(rule)),
        calendars=days_off.calendars,
        complete=not limited,
        summary=_summary(1 if asked.ticket else scene.evaluation.seen, changes, made.steps_before),
        changes=changes,
        overruled=tuple(overruled_part(scene, wish, by) for wish, by in overruled),
        held=tuple(held_part(scene, wish, stay) for wish, stay in stays if stay.kind == "held"),
        limited=limited,
        skipped=tuple(skipped_part(scene, wish, stay) for wish, stay in stays if stay.kind == "skipped"),
        follows=tuple(each for each in made.follows if asked.about(each.rule, each.rule, each.ticket)),
        warnings=(*days_off.warnings, *_gaps(scene, rules)),
    ).sealed()


def _summary(seen: int, changes: Sequence[PlannedChange], steps_before: int) -> Summary:
    return Summary(
        tickets_seen=seen,
        tickets_changed=len({change.ticket for change in changes}),
        changes=len(changes),
        customer_visible=sum(change.customer_sees for change in changes),
        steps_before=steps_before,
    )


@dataclass(frozen=True, slots=True)
class _DaysOff:
    """The days off that a plan reckons with in the year to come, and a warning where a list of them ends soon."""

    calendars: dict[str, dict[str, Any]]
    warnings: tuple[str, ...]


def _days_off(scene: Scene) -> _DaysOff:
    today = scene.at.date()
    found: dict[str, dict[str, Any]] = {}
    warnings = []
    for name in scene.ruleset.calendars:
        try:
            calendar = calendar_for(scene.ruleset, name)
            closed = [day.isoformat() for day in calendar.closed_dates(today, today + _A_YEAR)]
        except CalendarError as error:
            raise PlanRefused(f"calendar `{name}`: {error}" + (f" ({error.hint})" if error.hint else "")) from error
        found[name] = {"holidays_version": calendar.holidays_version, "closed": closed}
        end = calendar.holidays_end
        if end is not None and end - today < _HOLIDAYS_RUN_OUT:
            warnings.append(f"the days off of calendar `{name}` are only listed up to {end}: add those that follow")
    return _DaysOff(found, tuple(warnings))


def _gaps(scene: Scene, rules: Sequence[tuple[int, Rule]]) -> list[str]:
    """Where the teams out of which live rules choose people will soon have nobody on duty."""
    live = (actions.assign for _, rule in rules if rule.mode == "live" for actions in bundles(rule))
    choosing = [assign for assign in live if assign and assign.choose]
    if not choosing:
        return []
    named = [name for assign in choosing for name in (assign.team, assign.if_nobody.team) if name]
    teams = named if all(assign.team for assign in choosing) else None
    return rota_gaps(scene.ruleset, scene.snapshot.people, scene.at, teams=teams, ahead=_GAPS_AHEAD, kinds=ON_DUTY)
