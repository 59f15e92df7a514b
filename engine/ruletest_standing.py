"""How clocks, promises and recovery cases stand in a rule test: the states and due times that ``expect`` may name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..rules.calendar import calendar_for
from ..rules.durations import UnreadableError, parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from ..rules.model import RuleSet, RuleTest
    from .evaluate import Evaluation


def is_standing(key: str) -> bool:
    """Whether a key of ``expect`` is about a state, not about an action."""
    return key in ("promise", "recovery") or key.startswith("deadline.")


def standing(ruleset: RuleSet, test: RuleTest, evaluation: Evaluation) -> dict[str, Any]:
    """What the states that a test names are, as it would have written them."""
    zone = calendar_for(ruleset, ruleset.default_calendar).zone
    return {key: _told(_states(evaluation, key), zone) for key in test.expect if is_standing(key)}


def compare_standing(ruleset: RuleSet, test: RuleTest, evaluation: Evaluation) -> Iterator[str]:
    """Every difference between the states that a test names and what they are; of several tickets one has to fit."""
    zone = calendar_for(ruleset, ruleset.default_calendar).zone
    for key, value in test.expect.items():
        if is_standing(key):
            wanted = value if isinstance(value, dict) else {"state": value}
            found = _states(evaluation, key)
            if not any(_fits(wanted, state, due, zone) for state, due in found):
                yield f"`{key}`: expected {_words(wanted)}, got {_words(_told(found, zone))}"


def _states(evaluation: Evaluation, key: str) -> list[tuple[str, datetime | None]]:
    """State and due time on each ticket."""
    return [evaluation.standing(ticket, key) for ticket in evaluation.present]


def _fits(wanted: dict[str, Any], state: str, due: datetime | None, zone: ZoneInfo) -> bool:
    if "state" in wanted and str(wanted["state"]) != state:
        return False
    return "due" not in wanted or _same_instant(str(wanted["due"]), due, zone)


def _same_instant(wanted: str, due: datetime | None, zone: ZoneInfo) -> bool:
    try:
        return parse_instant(wanted, zone) == due
    except UnreadableError:
        return wanted == "missing" and due is None


def _told(found: list[tuple[str, datetime | None]], zone: ZoneInfo) -> dict[str, str]:
    state, due = next((each for each in found if each[0] != "missing"), ("missing", None))
    return {"state": state} | ({"due": f"{due.astimezone(zone):%Y-%m-%d %H:%M}"} if due else {})


def _words(state: dict[str, Any]) -> str:
    return ", ".join(f"`{key}: {value}`" for key, value in state.items())
