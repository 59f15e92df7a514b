"""``promises explain``: what the promise grammar sees in a text, for whoever tunes a language or wonders about a ticket."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from .failure import ERROR, Failure
from .options import format_option, now, usable_rules
from .paint import painter, width_of_terminal
from .words import as_json, printable, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from ..rules.calendar import CalendarSpec
    from ..rules.model import RuleSet
    from ..rules.promises import Found, Look, Reading
    from .paint import Paint

REASONS = {
    "question": "a question",
    "condition": "it depends on something: `if`, `once`, `when`",
    "no time words": "no words that say when",
    "nobody commits to anything": "it says when, but nobody commits to an act for the customer (no gate matches)",
}


@click.group(epilog='Example: makegood promises explain "I will call you on Friday"')
def promises() -> None:
    """What the promise grammar sees in a text."""


@dataclass(frozen=True, slots=True)
class _Defaults:
    """What the options say; a line of JSON may say otherwise for itself."""

    ruleset: RuleSet | None
    calendar: str | None
    at: str | None
    tz: str | None
    lang: str | None
    date_order: Literal["DMY", "MDY"]


@promises.command(epilog='Example: makegood promises explain "I will call you tomorrow" --at "2026-03-12 10:00"')
@click.argument("text")
@click.option("--at", metavar="TIME", help='The moment of writing, e.g. "2026-03-12 10:00"; default now.')
@click.option("--tz", metavar="ZONE", help="The author's time zone; default the calendar's, else UTC.")
@click.option("--lang", metavar="CODE", help="The language, e.g. de; default: all are tried.")
@click.option("--calendar", metavar="NAME", help="When days end: a calendar of the rule file.")
@click.option("--rules", "rules_path", type=click.Path(path_type=Path), help="Rule file, for calendars and languages.")
@click.option(
    "--date-order", type=click.Choice(["DMY", "MDY"]), default="DMY", show_default=True, help="How 3/4 is read."
)
@format_option()
def explain(
    text: str,
    at: str | None,
    tz: str | None,
    lang: str | None,
    calendar: str | None,
    rules_path: Path | None,
    date_order: Literal["DMY", "MDY"],
    form: str,
) -> None:
    """Which sentences of TEXT promise what by when; of the others, why they promise nothing.

    TEXT - reads JSON lines with text and perhaps at, tz, lang, date_order and holidays (dates on which the calendar is
    closed), and answers each with one line. A line that cannot be read is answered with its error; the exit code is then 1.
    """
    if calendar and rules_path is None:
        raise Failure("--calendar needs a rule file that defines it", "add --rules rules.yaml")
    ruleset = usable_rules(rules_path) if rules_path else None
    defaults = _Defaults(ruleset, calendar, at, tz, lang, date_order)
    if text == "-":
        click.get_current_context().exit(_answer_lines(defaults))
    reading = _reading(defaults, {})
    looked = _looked(text, reading)
    if form == "json":
        click.echo(as_json(_answer(looked, reading)))
    else:
        click.echo("\n".join(_text(looked, reading, painter(sys.stdout), width_of_terminal())))


def _answer_lines(defaults: _Defaults) -> int:
    code = 0
    for line in io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace"):
        if not line.strip():
            continue
        try:
            given = _given(line)
            reading = _reading(defaults, given)
            answer = _answer(_looked(given["text"], reading), reading)
        except Failure as failure:
            answer, code = {"promises": [], "error": failure.message}, ERROR
        click.echo(json.dumps(answer, ensure_ascii=False))
    return code


def _given(line: str) -> dict[str, Any]:
    """A line's mapping, with a text in it.

    Raises:
        Failure: it is no such line.
    """
    try:
        given = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Failure(f"not JSON: {error}") from None
    if not isinstance(given, dict) or not isinstance(given.get("text"), str):
        raise Failure('a line is a JSON mapping with a "text"')
    for key in ("at", "tz", "lang", "date_order"):
        if not isinstance(given.get(key), str | None):
            raise Failure(f'"{key}" must be a text')
    if given.get("date_order") not in (None, "DMY", "MDY"):
        raise Failure('"date_order" is DMY or MDY')
    return given


def _reading(defaults: _Defaults, given: dict[str, Any]) -> Reading:
    """How a text is to be read; what a line of JSON says comes before the options.

    Raises:
        Failure: a zone, calendar or instant cannot be read.
    """
    from ..rules.calendar import Calendar, CalendarError
    from ..rules.durations import UnreadableError, parse_instant, parse_zone
    from ..rules.promises import BUILT_IN, Reading

    named = given.get("tz") or defaults.tz
    try:
        zone = parse_zone(named) if named else None
        calendar = Calendar(_with_closed(_calendar(defaults, zone), given))
        own = zone or calendar.zone
        written = given.get("at") or defaults.at
        at = parse_instant(written, own) if written else now()
    except (UnreadableError, CalendarError) as error:
        raise Failure(str(error), error.hint) from error
    languages = defaults.ruleset.languages if defaults.ruleset else BUILT_IN
    order = given.get("date_order") or defaults.date_order
    return Reading(at, calendar, own, given.get("lang") or defaults.lang, order, languages)


def _calendar(defaults: _Defaults, zone: ZoneInfo | None) -> CalendarSpec:
    from ..rules.calendar import ALWAYS, CalendarSpec
    from ..rules.promise_tests import OFFICE_HOURS

    if defaults.ruleset is None:
        return CalendarSpec("office hours", zone.key if zone else "UTC", OFFICE_HOURS)
    name = defaults.calendar or defaults.ruleset.default_calendar
    if name not in defaults.ruleset.calendars and name != ALWAYS.name:
        known = ", ".join(defaults.ruleset.calendars)
        raise Failure(f'there is no calendar "{name}"', f"the rule file has {known}" if known else "")
    return defaults.ruleset.calendars.get(name, ALWAYS)


def _with_closed(spec: CalendarSpec, given: dict[str, Any]) -> CalendarSpec:
    days = given.get("holidays")
    if days is None:
        return spec
    try:
        closed = frozenset(date.fromisoformat(day) for day in days)
    except (TypeError, ValueError) as error:
        raise Failure(f'"holidays" is a list of dates such as 2026-12-24: {error}') from None
    return replace(spec, closed=spec.closed | closed)


def _looked(text: str, reading: Reading) -> list[Look]:
    from ..rules.promises import looks

    return list(looks(text, reading))


def _answer(looked: list[Look], reading: Reading) -> dict[str, Any]:
    found = [_found(each) for look in looked for each in look.found]
    why = [{"quote": look.quote, "why": look.why} for look in looked if not look.found]
    return {"promises": found, "nothing": why, "at": _instant(reading.at)}


def _found(found: Found) -> dict[str, Any]:
    return {
        "quote": found.quote,
        "grade": found.grade,
        "due": _instant(found.due) if found.due else None,
        "pattern": found.pattern,
        "convention": found.convention,
        "words": found.words,
    }


def _instant(at: datetime) -> str | None:
    from ..rules.moments import instant_text

    return instant_text(at)


def _text(looked: list[Look], reading: Reading, paint: Paint, width: int) -> Iterator[str]:
    for look in looked:
        yield from wrapped(f'"{look.quote}"', width)
        for found in look.found:
            yield f"  {paint('ok', found.grade)}  {_due(found, reading)}  {paint('dim', printable(found.words))}"
            yield f"      {found.convention}"
            yield f"      {paint('dim', f'gate {found.pattern}')}"
        if not look.found:
            yield f"  {paint('dim', 'no promise:')} {_because(look.why)}"
    if not looked:
        yield "There is nothing to read in this text: quotations and signatures are left out."


def _due(found: Found, reading: Reading) -> str:
    if found.due is None:
        return "without a time"
    zone = reading.zone or reading.calendar.zone
    return f"{found.due.astimezone(zone):%a %Y-%m-%d %H:%M} {zone.key}"


def _because(why: str) -> str:
    """A reason in words: a veto by what it is about, with its id."""
    name = why.partition(".")[2]
    if name in REASONS:
        return f"{REASONS[name]} (veto {why})"
    return f"veto {why}" if name else REASONS.get(why, why)
