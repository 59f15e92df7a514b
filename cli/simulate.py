"""``simulate``: real history once more, under several ways of choosing people."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from .failure import Failure
from .options import (
    format_option,
    from_option,
    helpdesk_option,
    period,
    rules_option,
    settings_option,
    to_option,
    usable_rules,
)
from .paint import painter, width_of_terminal
from .session import Session
from .words import as_json, columns, count, printable, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from ..engine.arrivals import Arrivals
    from ..engine.simulate import Outcome
    from ..rules.model import RuleSet

USUAL = "as_it_was,round_robin,least_busy,sticky"


@click.command(epilog="Example: makegood simulate --from 2026-10-01 --to 2026-10-31 --choose least_busy,round_robin")
@from_option
@to_option
@click.option("--choose", default=USUAL, show_default=True, help="Ways of choosing, with commas between them.")
@click.option(
    "--effort",
    type=click.FloatRange(0, 100, min_open=True),
    default=1.0,
    help="Every ticket takes so many times the work.",
)
@click.option("--kind", metavar="FACT", help="What people gather experience in, for `most_skilled`: e.g. form.")
@rules_option
@settings_option
@helpdesk_option
@format_option()
def simulate(
    begin: str | None,
    end: str | None,
    choose: str,
    effort: float,
    kind: str | None,
    rules_path: Path,
    settings_path: Path,
    helpdesk: str | None,
    form: str,
) -> None:
    """Who would have got which ticket, had people been chosen another way: waiting, missed deadlines, fairness.

    Replays what came in, from the local copy, to the teams of the rule file (people, hours, absences, limits), or to whoever
    worked in a group that no team has. Ways: those of `choose`, and `sticky` (the agent of the requester's ticket before, unless
    buried), `random`, `most_skilled` (however busy) and `as_it_was`. How long work takes is estimated from how often agents did
    something on a ticket: look at which way is better, not at the figures as such.
    """
    from ..engine.simulate import simulate as play

    ways = _ways(choose)
    ruleset = usable_rules(rules_path)
    since, until = period(begin, end, ruleset)
    with Session.open(settings_path, helpdesk) as session:
        past = _past(session, ruleset, since, until, effort, kind)
    outcomes = [play(ruleset, past, way) for way in ways] if past.tickets else []
    if form == "json":
        click.echo(as_json(_told(past, outcomes, since, until, effort)))
    else:
        click.echo("\n".join(_text(past, outcomes, since, until, effort)))


def _ways(choose: str) -> list[str]:
    from ..engine.simulate import WAYS
    from ..rules.diagnostics import did_you_mean

    ways = list(dict.fromkeys(way.strip() for way in choose.split(",") if way.strip()))
    for way in ways:
        if way not in WAYS:
            guess = did_you_mean(way, list(WAYS))
            hint = f"did you mean `{guess}`?" if guess else f"there are: {', '.join(WAYS)}"
            raise Failure(f"--choose: there is no way `{way}` to choose by", hint)
    if not ways:
        raise Failure("--choose names no way to choose by", f"there are: {', '.join(WAYS)}")
    return ways


def _past(
    session: Session, ruleset: RuleSet, since: datetime, until: datetime, effort: float, kind: str | None
) -> Arrivals:
    """What came in, as the local copy knew it at the end."""
    from ..engine.arrivals import arrivals
    from ..engine.demand import needs
    from ..engine.evaluate import evaluate

    _known_fact(kind)
    clocks = [rule for rule in ruleset.rules if rule.actions.deadline and rule.mode != "off"]
    asked = replace(needs(ruleset, clocks), fields=frozenset({"*"}), messages=True, closed=True)
    snapshot = session.store.snapshot(session.name, until, asked, session.connector.capabilities())
    return arrivals(evaluate(ruleset, snapshot, rules=clocks), since, times=effort, kind=kind)


def _known_fact(kind: str | None) -> None:
    from ..rules.diagnostics import did_you_mean
    from ..rules.facts import FACTS, fact_named

    if kind is not None and fact_named(kind) is None:
        guess = did_you_mean(kind, list(FACTS))
        raise Failure(
            f"--kind: there is no fact `{kind}`", f"did you mean `{guess}`?" if guess else "see: makegood facts"
        )


def _told(
    past: Arrivals, outcomes: Sequence[Outcome], since: datetime, until: datetime, effort: float
) -> dict[str, Any]:
    from ..engine.arrivals import EACH, FEWEST, LEAST, MOST
    from ..engine.plan_file import instant_text

    return {
        "from": instant_text(since),
        "to": instant_text(until),
        "tickets": len(past.tickets),
        "people": len(_people(past)),
        "left_out": dict(past.left_out),
        "work": {
            "minutes_each_time": _minutes(EACH),
            "least": _minutes(LEAST),
            "most": _minutes(MOST),
            "times": effort,
            "mean": _mean_work(past),
        },
        "people_of_a_group_had": FEWEST,
        "deadlines": list(past.deadlines),
        "not_played": list(past.not_played),
        "outcomes": [_outcome(one) for one in outcomes],
    }


def _outcome(one: Outcome) -> dict[str, Any]:
    half, most, longest = map(_minutes, one.waited)
    return {
        "choose": one.way,
        "tickets": one.tickets,
        "nobody": one.nobody,
        "waited_minutes": {"half": half, "nine_of_ten": most, "longest": longest},
        "late": one.late,
        "late_any": one.late_any,
        "gini": one.gini,
        "most_to_mean": one.most_to_mean,
    }


def _minutes(length: timedelta) -> int:
    return round(length.total_seconds() / 60)


def _mean_work(past: Arrivals) -> int | None:
    whole = sum((one.work for one in past.tickets), timedelta())
    return _minutes(whole / len(past.tickets)) if past.tickets else None


def _people(past: Arrivals) -> set[str]:
    return {member.handle for pool in past.pools.values() for member in pool.people}


def _text(
    past: Arrivals, outcomes: Sequence[Outcome], since: datetime, until: datetime, effort: float
) -> Iterator[str]:
    paint, width = painter(sys.stdout), width_of_terminal()
    if not outcomes:
        yield f"No ticket came in from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC that somebody had in the end."
        return
    tickets, people = count(len(past.tickets), "ticket"), count(len(_people(past)), "person", "people")
    days = f"{since:%Y-%m-%d} to {until - timedelta(seconds=1):%Y-%m-%d}"
    yield paint("heading", f"{tickets} from {days}, {people} in {count(len(past.pools), 'team')}")
    yield from columns(_table(past, outcomes), indent=2, gap=3)
    yield ""
    for line in _small_print(past, outcomes, effort):
        yield from (paint("dim", piece) for piece in wrapped(line, width))


def _table(past: Arrivals, outcomes: Sequence[Outcome]) -> Iterator[Sequence[str]]:
    names = [printable(name) for name in past.deadlines]
    yield ("", "waited: half", "nine of ten", "longest", *(f"late: {name}" for name in names), "Gini", "most/mean")
    for one in outcomes:
        late = (f"{number / one.tickets:.1%}" for number in one.late.values())
        yield (one.way, *map(_length, one.waited), *late, _figure(one.gini, 2), _figure(one.most_to_mean, 1))


def _length(length: timedelta) -> str:
    """Working time as hours and minutes."""
    hours, minutes = divmod(_minutes(length), 60)
    return f"{hours:,} h {minutes:02}" if hours else f"{minutes} min"


def _figure(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _small_print(past: Arrivals, outcomes: Sequence[Outcome], effort: float) -> Iterator[str]:
    """What the figures are made of, and what they leave out."""
    from ..engine.arrivals import EACH, LEAST, MOST

    times = f", times {effort:g}" if effort != 1 else ""
    yield (
        "Waited: working time of the team until somebody began. Gini (0: all the same) and the largest share to the mean are "
        "about work, by weight."
    )
    yield (
        f"Work is an estimate: {_minutes(EACH)} minutes for every time an agent did something on a ticket, at least "
        f"{_minutes(LEAST)}, at most {_minutes(MOST)}{times}: {_mean_work(past)} minutes on average. Everybody begins with an "
        "empty desk and takes one ticket after the other. So compare the lines; the figures as such are not those of your desk."
    )
    if past.not_played:
        yield (
            f"Not looked at: {', '.join(map(printable, past.not_played))} (a replay knows when somebody gets a ticket, begins with "
            "it and is done, and nothing else)."
        )
    for reason, number in past.left_out.items():
        yield f"Left out: {count(number, 'ticket')}: {reason}."
    for one in outcomes:
        if one.nobody:
            yield f"{one.way}: {count(one.nobody, 'ticket')} found nobody who could take them; they count as late."
