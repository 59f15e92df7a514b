"""What a plan did in the words of a test's ``expect``, and how the two differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..rules.calendar import calendar_for
from ..rules.durations import UnreadableError, parse_instant
from .people_win import same_text
from .plan_file import instant_text
from .ruletest_standing import is_standing
from .scene import group_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..rules.model import Actions, Rule, RuleSet, RuleTest
    from .plan_file import Held, Overruled, Plan, PlannedChange

_TEXTS = ("note", "reply")
_LISTS = ("add_tags", "remove_tags", "add_cc")
_CASES = ("customer_sees", "held", "overruled")


def got_from(ruleset: RuleSet, plan: Plan) -> dict[str, Any]:
    """What was done, as ``expect`` would have said it: actions with their values, and what was held or overruled."""
    got: dict[str, Any] = {}
    for change in plan.changes:
        _tell(ruleset, got, change)
    if any(change.customer_sees for change in plan.changes):
        got["customer_sees"] = [change.text or change.action for change in plan.changes if change.customer_sees]
    if plan.held:
        got["held"] = [
            {"rule": each.rule, "what": each.field or each.action, "reason": each.reason} for each in plan.held
        ]
    if plan.overruled:
        got["overruled"] = [
            {"rule": each.rule, "what": each.field or each.action, "by": each.by} for each in plan.overruled
        ]
    return got


def _tell(ruleset: RuleSet, got: dict[str, Any], change: PlannedChange) -> None:
    if _does(change) == "recover":
        got["recover"] = list(dict.fromkeys((*got.get("recover", ()), *_names(ruleset, change))))
    elif change.action == "set":
        got.setdefault("set", {})[change.field] = change.to or "missing"
    elif change.action in _LISTS:
        got.setdefault(change.action, []).extend(change.to or ())
    else:
        said = change.text if change.action in _TEXTS else _names(ruleset, change)[0]
        got.setdefault(change.action, []).append(said)


def compare(ruleset: RuleSet, test: RuleTest, plan: Plan) -> list[str]:
    """Every difference between what a test expects and the plan, as sentences; none: the test passes."""
    found: list[str] = []
    changes: dict[str, list[PlannedChange]] = {}
    for change in plan.changes:
        changes.setdefault(_does(change), []).append(change)
    for key, value in test.expect.items():
        if is_standing(key):
            continue
        if key in _CASES:
            found += _case(key, value, plan)
        elif key not in changes:
            found.append(f"expected `{key}`, but no rule did it")
        else:
            found += _action(ruleset, key, value, changes[key])
    told = {*test.expect, *(["recover"] if "recovery" in test.expect else [])}
    return [*found, *(f"`{action}` was not expected" for action in changes if action not in told)]


def _does(change: PlannedChange) -> str:
    """The action by which a test calls a change; the tag and the notes of a recovery case are one."""
    return "recover" if change.reason == "recover" and change.action in ("note", "add_tags") else change.action


def _action(ruleset: RuleSet, action: str, value: Any, changes: Sequence[PlannedChange]) -> Iterator[str]:
    if action == "set":
        return _fields(ruleset, value, changes)
    if action in _TEXTS:
        return _contained(action, _listed(value), [change.text or "" for change in changes])
    if action == "notify" and isinstance(value, dict):
        return _notice(ruleset, value, changes)
    if action in _LISTS:
        names = [[entry] for change in changes for entry in change.to or ()]
    else:
        names = [_names(ruleset, change) for change in changes]
    return _matched(action, _listed(value), names)


def _matched(what: str, expected: Sequence[str], got: Sequence[Sequence[str]]) -> Iterator[str]:
    """Each of ``got`` has several names; both sides must be covered completely."""
    for wanted in expected:
        if not any(same_text(wanted, name) for names in got for name in names):
            yield f"`{what}`: expected `{wanted}`, got {_told(names[0] for names in got)}"
    for names in got:
        if not any(same_text(wanted, name) for wanted in expected for name in names):
            yield f"`{what}`: `{names[0]}` was not expected"


def _contained(what: str, expected: Sequence[str], got: Sequence[str]) -> Iterator[str]:
    for wanted in expected:
        if not any(_plain(wanted) in _plain(text) for text in got):
            yield f"`{what}`: expected a text with `{wanted}`, got {_told(got)}"
    for text in got:
        if not any(_plain(wanted) in _plain(text) for wanted in expected):
            yield f"`{what}`: `{text}` was not expected"


def _notice(ruleset: RuleSet, value: dict[str, Any], changes: Sequence[PlannedChange]) -> Iterator[str]:
    if "who" in value:
        yield from _matched("notify", _listed(value["who"]), [_names(ruleset, change) for change in changes])
    if "text" in value:
        yield from _contained("notify", _listed(value["text"]), [change.text or "" for change in changes])


def _fields(ruleset: RuleSet, value: Any, changes: Sequence[PlannedChange]) -> Iterator[str]:
    got = {change.field or "": change.to for change in changes}
    expected = value if isinstance(value, dict) else {}
    for field, wanted in expected.items():
        if field not in got:
            yield f"`set`: `{field}` was expected to be set"
        elif not _same_value(ruleset, str(wanted), got[field]):
            yield f"`set`: expected `{field}: {wanted}`, got `{got[field] or 'missing'}`"
    yield from (f"`set`: `{field}` was not expected" for field in got if field not in expected)


def _same_value(ruleset: RuleSet, wanted: str, got: object) -> bool:
    if got is None or wanted == "missing":
        return got is None and wanted == "missing"
    if same_text(wanted, str(got)):
        return True
    try:
        moment = parse_instant(wanted, calendar_for(ruleset, ruleset.default_calendar).zone)
    except UnreadableError:
        return False
    return instant_text(moment) == got


def _names(ruleset: RuleSet, change: PlannedChange) -> list[str]:
    """All names by which a test may call whom a change is about, the plainest first."""
    if _does(change) == "recover":
        recover = _rule_of(ruleset, change).actions.recover
        return [recover.cause] if recover else []
    if change.action == "notify":
        return list(_receivers(ruleset, change))
    to = change.to if isinstance(change.to, str) else "missing"
    if change.field != "group":
        return [to, *([str(change.why["team"])] if "team" in change.why else [])]
    return [*(team.name for team in ruleset.teams.values() if same_text(group_of(team), to)), to]


def _receivers(ruleset: RuleSet, change: PlannedChange) -> Iterator[str]:
    (told,) = change.who
    kind, _, name = told.partition(":")
    for actions in _bundles(_rule_of(ruleset, change), change.step):
        words = actions.notify.who if actions.notify and kind == "person" else ()
        yield from (receiver.name for receiver in words if receiver.kind in ("role", "fact"))
    yield name


def _rule_of(ruleset: RuleSet, change: PlannedChange) -> Rule:
    return next(rule for rule in ruleset.rules if rule.id == change.rule_id)


def _bundles(rule: Rule, step: str | None) -> Iterator[Actions]:
    """What a rule does in a step of its clocks or its promises, or without one."""
    name, number = (*(step or "").split(" "), "")[:2]
    does = rule.actions
    clocks = (does.deadline, does.promise, does.recover) if name in ("remind", "escalate") else ()
    if not clocks:
        yield does
    for steps in (getattr(clock, name)[int(number) - 1 : int(number)] for clock in clocks if clock):
        yield from (each.actions for each in steps)


def _case(key: str, value: Any, plan: Plan) -> Iterator[str]:
    """``customer_sees``, ``held`` and ``overruled``: ``nothing``, or words that must each fit one of them."""
    found = _cases(key, plan)
    got = _told(", ".join(words) for words in found)
    if value in ("nothing", "no"):
        if found:
            yield f"`{key}`: expected nothing, got {got}"
        return
    for wanted in _listed(value):
        if not any(_fits(key, wanted, word) for words in found for word in words):
            yield f"`{key}`: expected `{wanted}`, got {got}"


def _cases(key: str, plan: Plan) -> list[tuple[str, ...]]:
    if key == "customer_sees":
        return [(change.action, change.text or "") for change in plan.changes if change.customer_sees]
    if key == "held":
        return [_words(each, each.reason) for each in plan.held]
    return [_words(each, each.by) for each in plan.overruled]


def _fits(key: str, wanted: str, word: str) -> bool:
    contained = key == "customer_sees" and _plain(wanted) in _plain(word)
    return wanted == "yes" or contained or same_text(wanted, word)


def _words(part: Held | Overruled, more: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((part.field or part.action, part.action, part.rule, part.rule_id, more)))


def _listed(value: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else (str(value),)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _told(texts: Iterable[str]) -> str:
    return ", ".join(f"`{text}`" for text in texts) or "nothing"
