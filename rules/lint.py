"""What a valid rule file probably does not mean: checks that describe themselves.

Each check is a function and the page about it: what it finds, why that matters, an example that has it and one that has
not. The documentation is made from them, and a test runs every example.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from .calendar import calendar_for
from .chains import case_loop, clock_loop, follows, ring
from .desk_clocks import fights_read_clock
from .desk_words import check_names, lint_for_desk
from .diagnostics import Problems
from .durations import Duration
from .facts import fact_named
from .meaning import certain, contradiction, effects, groups_in, satisfies
from .model import Group, Leaf, bundles, leaves
from .roles import no_skill, nobody_in_role
from .shapes import slug

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from .diagnostics import Diagnostic, Severity
    from .model import Condition, Recover, Rule, RuleSet

__all__ = ["CHECKS", "Check", "check_names", "lint", "lint_for_desk"]

SOON = timedelta(days=60)
"""How long before its end a list of holidays is worth a warning."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what it finds, why, an example of it and one without. ``severity`` is that of what it reports.

    ``dated``: it compares with today's date, and its example is wrong on any day after 2026-11-23.
    """

    find: Callable[[RuleSet, Problems, date | None], None]
    severity: Severity
    what: str
    why: str
    wrong: str
    right: str
    dated: bool = False


def lint(rules: RuleSet, today: date | None = None) -> list[Diagnostic]:
    """Everything the checks find in a rule set, by place; without ``today``, what has to do with dates is left out."""
    problems = Problems()
    for check in CHECKS.values():
        check.find(rules, problems, today)
    return problems.items


def _negated_missing(rules: RuleSet, problems: Problems, _today: date | None) -> None:
    for rule in rules.rules:
        given = {leaf.fact for leaf in certain(rule.when) if leaf.operator not in ("not", "missing")}
        for leaf in _negations(rule.when, negated=False):
            fact = fact_named(leaf.fact)
            if fact is not None and fact.often_missing and leaf.fact not in given:
                message = f"this also holds for tickets without `{leaf.fact}`"
                hint = f"if that is not meant, ask for `{leaf.fact}: present` too, as in `all: [{{...}}, {{...}}]`"
                problems.warning("negated-missing", leaf.span, message, hint)


def _negations(condition: Condition | None, *, negated: bool) -> Iterator[Leaf]:
    """Comparisons that a missing value makes true: under ``not``, and those with a value under ``none``."""
    if isinstance(condition, Leaf):
        if negated != (condition.operator == "not") and condition.operator not in ("present", "missing"):
            yield condition
    elif condition is not None:
        for part in condition.parts:
            yield from _negations(part, negated=negated != (condition.kind == "none"))


def _never_true(rules: RuleSet, problems: Problems, _today: date | None) -> None:
    for rule in rules.rules:
        found = contradiction(certain(rule.when))
        if found is not None:
            message = f"this rule never does anything: `{found[0].fact}` cannot be both"
            problems.warning("never-true", found[1].span, message, "use `any`, or a list of values")


def _unreachable(rules: RuleSet, problems: Problems, _today: date | None) -> None:
    speaking = [rule for rule in rules.rules if rule.mode == "live"]
    known = [frozenset(_parts(rule.when)) for rule in speaking]
    for number, rule in enumerate(speaking):
        for earlier in range(number):
            if known[earlier] <= known[number] and _always_first(speaking[earlier], rule):
                _report_overruled(speaking[earlier], rule, problems)


def _parts(condition: Condition | None) -> Iterator[Condition]:
    """The parts of a condition that must all hold; the name of a condition does not matter."""
    if isinstance(condition, Group) and condition.kind == "all":
        for part in condition.parts:
            yield from _parts(part)
    elif condition is not None:
        yield condition


def _always_first(earlier: Rule, rule: Rule) -> bool:
    same_time = earlier.for_ in (None, rule.for_) and earlier.helpdesks in ((), rule.helpdesks)
    everywhere = earlier.once_per == "ticket" and earlier.backlog != "only_new"
    return same_time and everywhere and earlier.limits is None


def _report_overruled(earlier: Rule, rule: Rule, problems: Problems) -> None:
    if earlier.stop:
        message = f"this rule never sees a ticket: `{earlier.name}` (line {earlier.span.line}) stops before it"
        problems.warning("unreachable", rule.span, message, "move it up, or take `stop` out there")
        return
    taken = {field.fact for field in earlier.actions.set}
    for field in rule.actions.set:
        if field.fact in taken:
            message = f"`{earlier.name}` (line {earlier.span.line}) always sets `{field.fact}` first"
            problems.warning("unreachable", field.span, message, "move this rule up, or change its condition")
    if earlier.actions.assign is not None and rule.actions.assign is not None:
        message = f"`{earlier.name}` (line {earlier.span.line}) always assigns first"
        problems.warning("unreachable", rule.actions.assign.span, message, "move this rule up, or change its condition")


def _no_effect(rules: RuleSet, problems: Problems, _today: date | None) -> None:
    for rule in rules.rules:
        needed = certain(rule.when)
        for effect in effects(rule, rules):
            given = [leaf for leaf in needed if leaf.operator in ("is", "missing") and satisfies(effect, leaf)]
            exact = [leaf for leaf in given if leaf.operand is None or len(leaf.operand) == 1]
            if exact:
                message = f"`{effect.fact}` is so already when this condition holds"
                problems.warning("no-effect", exact[0].span, message, "change the condition or the action")


def _solved_without_owner(rules: RuleSet, problems: Problems, _today: date | None) -> None:
    for rule in rules.rules:
        owned = any(leaf.fact == "assignee" and leaf.operator in ("is", "present") for leaf in certain(rule.when))
        for field in rule.actions.set:
            if field.fact == "status" and field.value == "solved" and not owned and rule.actions.assign is None:
                message = "this solves tickets that nobody owns; some desks refuse that"
                problems.warning("solved-without-owner", field.span, message, "add `assignee: present` to `when`")


def _case_customer(rules: RuleSet, problems: Problems, _today: date | None) -> None:
    first: dict[str, Recover] = {}
    for recover in (rule.actions.recover for rule in rules.rules if rule.actions.recover):
        other = first.setdefault(slug(recover.cause), recover)
        if recover.customer != other.customer:
            where = f"line {other.span.line}"
            message = f"cases of `{recover.cause}` cannot be about the {recover.customer} here and the {other.customer} in {where}"
            problems.error(
                "case-customer", recover.span, message, "say the same `customer` in both, or name two causes"
            )


def _no_case(rules: RuleSet, problems: Problems, _today: date | None) -> None:
    opened = any(rule.actions.recover and rule.mode != "off" for rule in rules.rules)
    for rule in (rule for rule in rules.rules if not opened):
        leaf = next((leaf for leaf in leaves(rule.when) if leaf.fact == "recovery"), None)
        if leaf is not None:
            message = "no rule opens recovery cases, so no ticket has one"
            problems.warning("no-case", leaf.span, message, "add a rule with `recover: {cause: ...}`")


def _customer_sees(rules: RuleSet, problems: Problems, _today: date | None) -> None:
    for rule in rules.rules:
        if rule.mode == "live" and any(actions.reply for actions in bundles(rule)):
            message = f"the customer sees what `{rule.name}` writes"
            problems.info("customer-sees", rule.span, message, "replies also need `allow_replies` in makegood.toml")


def _unused(rules: RuleSet, problems: Problems, _today: date | None) -> None:
    used = _used(rules)
    defined = {"conditions": rules.conditions, "teams": rules.teams, "calendars": rules.calendars}
    for key, names in defined.items():
        for name in names:
            mark = rules.marks.get(f"{key}.{name}")
            if mark is not None and (key, name) not in used:
                problems.info("unused", mark, f"nothing uses {key[:-1]} `{name}`", "take it out if it is not needed")


def _used(rules: RuleSet) -> set[tuple[str, object]]:
    """Conditions, teams and calendars that rules use, as (key, name)."""
    used: set[tuple[str, object]] = {("calendars", rules.default_calendar)}
    for team in rules.teams.values():
        used |= {("calendars", name) for name in (team.calendar, *(member.calendar for member in team.people)) if name}
    for rule in rules.rules:
        deadline = rule.actions.deadline
        clock = (deadline.until, deadline.pause_while, deadline.cancel_when) if deadline else ()
        for condition in (rule.when, *clock):
            used |= {("conditions", group.name) for group in groups_in(condition) if group.name}
        used |= {(key, name) for key in ("teams", "calendars") for name in _values_in(rule) if isinstance(name, str)}
    return used


def _values_in(value: object) -> Iterator[object]:
    """Every plain value anywhere in a rule: texts (names are among them), durations, numbers."""
    if isinstance(value, tuple):
        for item in value:
            yield from _values_in(item)
    elif isinstance(value, dict):
        yield from _values_in(tuple(value.values()))
    elif is_dataclass(value) and not isinstance(value, Duration):
        yield from _values_in(tuple(getattr(value, each.name) for each in fields(value)))
    else:
        yield value


def _no_calendar(rules: RuleSet, problems: Problems, _today: date | None) -> None:
    for rule in rules.rules:
        team = rules.teams.get(rule.actions.assign.team or "") if rule.actions.assign else None
        if rule.calendar or rules.default_calendar in rules.calendars or (team is not None and team.calendar):
            continue
        business = next((each for each in _values_in(rule) if isinstance(each, Duration) and each.business), None)
        if business is not None:
            message = f"`{business}` runs on no calendar, so it runs around the clock"
            problems.warning("no-calendar", rule.span, message, "say `default_calendar`, or `calendar` in this rule")


def _review_due(rules: RuleSet, problems: Problems, today: date | None) -> None:
    for rule in rules.rules:
        if today is not None and rule.review_by is not None and rule.review_by < today:
            who = f" by {rule.owner}" if rule.owner else ""
            message = f"`{rule.name}` was to be reviewed{who} until {rule.review_by}"
            problems.warning("review-due", rule.span, message, "look at it again and set a new `review_by`")


def _holidays_end(rules: RuleSet, problems: Problems, today: date | None) -> None:
    for name, calendar in rules.calendars.items():
        last = calendar_for(rules, name).holidays_end
        mark = rules.marks.get(f"calendars.{name}")
        if today is not None and last is not None and mark is not None and last - today < SOON:
            message = f"the holidays of `{name}` are known up to {last} only"
            hint = "add the next days to `closed`, or a `country`"
            if calendar.country or calendar.files:
                hint = "install a newer `holidays`" if calendar.country else "put the next days into its calendar file"
            problems.warning("holidays-end", mark, message, hint)


CHECKS: dict[str, Check] = {
    "negated-missing": Check(
        _negated_missing,
        "warning",
        "`not` or `none` meets a fact that many tickets do not have.",
        "A comparison with nothing is false, so its opposite is true: the rule also acts on tickets without a value.",
        "when: {csat: {not: good}}\nadd_tags: [unhappy]",
        "when: {all: [{csat: present}, {csat: {not: good}}]}\nadd_tags: [unhappy]",
    ),
    "never-true": Check(
        _never_true,
        "warning",
        "Two comparisons exclude each other.",
        "All entries of a condition must hold, so this rule never does anything.",
        "when: {all: [{status: open}, {status: solved}]}\nadd_tags: [x]",
        "when: {status: [open, solved]}\nadd_tags: [x]",
    ),
    "unreachable": Check(
        _unreachable,
        "warning",
        "An earlier rule always speaks first.",
        "For one field of one ticket the first rule that speaks wins; this one has nothing left to say.",
        "when: {tags: vip}\nset: {priority: high}\n---\nwhen: {tags: vip, channel: chat}\nset: {priority: urgent}",
        "when: {tags: vip, channel: chat}\nset: {priority: urgent}\n---\nwhen: {tags: vip}\nset: {priority: high}",
    ),
    "no-effect": Check(
        _no_effect,
        "warning",
        "An action does what the condition already asks for.",
        "Rules say how a ticket should be; where it already is so, nothing is planned.",
        "when: {priority: high}\nset: {priority: high}",
        "when: {priority: normal}\nset: {priority: high}",
    ),
    "solved-without-owner": Check(
        _solved_without_owner,
        "warning",
        "A rule solves tickets that may have no owner.",
        "Zendesk refuses to solve a ticket without an assignee; elsewhere nobody is answerable for it.",
        "when: {status: pending}\nset: {status: solved}",
        "when: {status: pending, assignee: present}\nset: {status: solved}",
    ),
    "ring": Check(
        ring,
        "error",
        "Rules make each other true in a circle.",
        "They would change the same tickets again and again.",
        "when: {priority: high}\nset: {priority: urgent}\n---\nwhen: {priority: urgent}\nset: {priority: high}",
        "when: {priority: high}\nset: {priority: urgent}\n---\nwhen: {priority: normal}\nset: {priority: high}",
    ),
    "follows": Check(
        follows,
        "info",
        "What one rule does makes another one true.",
        "The second rule is planned in the run after the first one was applied.",
        "when: {tags: vip}\nset: {priority: urgent}\n---\nwhen: {priority: urgent}\nadd_tags: [watched]",
        "when: {tags: vip}\nset: {priority: urgent}\nadd_tags: [watched]",
    ),
    "case-loop": Check(
        case_loop,
        "error",
        "A rule that opens recovery cases, or sets a deadline, reads how a case is.",
        "Clocks and promises are worked out first, then cases from them, then all other rules.",
        "when: {recovery: failed}\nrecover: {cause: let-down}",
        "when: {recovery: failed}\nnotify: {who: ana@example.com}",
    ),
    "case-customer": Check(
        _case_customer,
        "error",
        "Rules of one cause open cases about different customers.",
        "Rules of a cause share their cases: each is about one person, or about one organization.",
        "when: {csat: bad}\nrecover: {cause: unhappy}\n---\n"
        "when: {tags: vip}\nrecover: {cause: unhappy, customer: organization}",
        "when: {csat: bad}\nrecover: {cause: unhappy}\n---\n"
        "when: {tags: vip}\nrecover: {cause: unhappy account, customer: organization}",
    ),
    "clock-loop": Check(
        clock_loop,
        "error",
        "The condition of a clock depends on that clock.",
        "Whether the clock runs could not be said.",
        "when: {deadline.reply: missed}\ndeadline: {name: reply, target: first_reply, within: 1 hour}",
        "when: {tags: vip}\ndeadline: {name: reply, target: first_reply, within: 1 hour}",
    ),
    "fights-sla": Check(
        fights_read_clock,
        "warning",
        "A rule sets what the desk's own SLA clock lives by.",
        "The desk writes the due time of its clock itself: it overwrites yours, or counts to yours instead of its own.",
        "when: {sla.rt: missed}\nadd_tags: [late]\n---\nwhen: {tags: vip}\nset: {due: 4 hours}",
        "when: {sla.rt: missed}\nadd_tags: [late]\n---\nwhen: {tags: vip}\nset: {field.Promised for: 4 hours}",
    ),
    "no-case": Check(
        _no_case,
        "warning",
        "A rule reads `recovery`, and no rule opens recovery cases.",
        "The fact is always missing then.",
        "when: {recovery: open}\nadd_tags: [x]",
        "when: {recovery: open}\nadd_tags: [x]\n---\nwhen: {csat: bad}\nrecover: {cause: unhappy}",
    ),
    "customer-sees": Check(
        _customer_sees,
        "info",
        "A rule writes to customers.",
        "Whoever reviews the file should look twice at it.",
        "when: {tags: vip}\nreply: Thank you for writing to us.",
        "when: {tags: vip}\nnote: Please thank the customer.",
    ),
    "nobody-in-role": Check(
        nobody_in_role,
        "warning",
        "A role that is told is nobody.",
        "A notice to the lead of a team without a lead reaches nobody, and nobody hears that it did not.",
        "teams: {billing: {group: Billing}}\n---\nassign: {team: billing}\nnotify: team_lead",
        "teams: {billing: {group: Billing, lead: ana@example.com}}\n---\nassign: {team: billing}\nnotify: team_lead",
    ),
    "no-skill": Check(
        no_skill,
        "warning",
        "A skill is asked for that nobody of the team has.",
        "No ticket of this rule ever finds a person; it stays as *nobody available*.",
        "teams: {billing: {people: {ben@example.com: {skills: [refunds]}}}}\n---\n"
        "assign: {team: billing, choose: least_busy, skills: [refund]}",
        "teams: {billing: {people: {ben@example.com: {skills: [refunds]}}}}\n---\n"
        "assign: {team: billing, choose: least_busy, skills: [refunds]}",
    ),
    "unused": Check(
        _unused,
        "info",
        "A condition, team or calendar is defined and never used.",
        "It may be left over, or a rule may have been meant to use it.",
        "conditions: {gold: {organization.field.tier: gold}}",
        "conditions: {gold: {organization.field.tier: gold}}\n---\nwhen: {condition: gold}\nadd_tags: [gold]",
    ),
    "no-calendar": Check(
        _no_calendar,
        "warning",
        "Business time is used and there is no calendar for it.",
        "Without a calendar every hour of every day counts as working time.",
        "when: {updated: {older_than: 4 business hours}}\nadd_tags: [x]",
        "when: {updated: {older_than: 4 hours}}\nadd_tags: [x]",
    ),
    "review-due": Check(
        _review_due,
        "warning",
        "The `review_by` date of a rule has passed.",
        "Rules outlive their reasons; somebody wanted to be reminded.",
        "review_by: 2026-01-31\nadd_tags: [x]",
        "review_by: 2199-01-31\nadd_tags: [x]",
        dated=True,
    ),
    "holidays-end": Check(
        _holidays_end,
        "warning",
        "A calendar's list of holidays ends within 60 days.",
        "From then on every holiday counts as a working day.",
        "calendars: {shop: {time_zone: UTC, hours: {mon-fri: 09:00-17:00}, holidays: {closed: [2026-12-24]}}}",
        "calendars: {shop: {time_zone: UTC, hours: {mon-fri: 09:00-17:00}, holidays: {closed: [2199-12-24]}}}",
        dated=True,
    ),
}
"""Every check by the code of what it reports."""
