"""``recovery``: the customers we let down, as a board or one case in full; and what somebody says of a case."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

import click

from ..rules.recovery_marks import OUTCOMES
from .failure import Failure
from .options import (
    at_option,
    format_option,
    helpdesk_option,
    instant,
    now,
    rules_option,
    settings_option,
    usable_rules,
)
from .paint import painter, width_of_terminal
from .recovery_view import board_text, case_text
from .run_view import run_code, run_text
from .session import Session
from .words import as_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from ..engine.recovery_board import CaseTold
    from ..engine.scene import Scene
    from ..rules.model import RuleSet


@click.command(epilog='Example: makegood recovery 1042-let-down --close recovered --because "late courier"')
@click.argument("case", required=False)
@click.option(
    "--close", type=click.Choice([name.replace("_", "-") for name in OUTCOMES]), help="End CASE with an outcome."
)
@click.option("--because", metavar="CAUSE", help="The root cause of CASE, in a few words.")
@click.option("--done", metavar="N", type=click.IntRange(min=1), multiple=True, help="Tick off this step of CASE.")
@click.option("--judge", type=click.Choice(["right", "wrong"]), help="Was this customer flagged rightly?")
@click.option("--all", "everything", is_flag=True, help="Also the cases that have ended.")
@rules_option
@settings_option
@helpdesk_option
@at_option
@format_option()
def recovery(
    case: str | None,
    *,
    close: str | None,
    because: str | None,
    done: tuple[int, ...],
    judge: str | None,
    everything: bool,
    rules_path: Path,
    settings_path: Path,
    helpdesk: str | None,
    at: str | None,
    form: str,
) -> None:
    """The customers we let down: a board of open cases, or CASE (its id, or a ticket) in full.

    Looks at the local copy as it is. --close, --because, --done and --judge write an internal note on the case's ticket, as
    an agent could.
    """
    lines = _lines(close, because, done, judge)
    if lines and (case is None or at is not None):
        raise click.UsageError(
            "Name the case." if case is None else "What is said of a case is said now: leave out --at."
        )
    ruleset = usable_rules(rules_path)
    moment = instant(at, ruleset) if at else now()
    with Session.open(settings_path, helpdesk, writes=bool(lines)) as session:
        scene = _scene(session, ruleset, moment, rules_path)
        cases = _cases(scene)
        if case is None:
            _board(scene, [each for each in cases if everything or each.waits], form, len(cases))
            return
        chosen = _chosen(cases, case)
        if lines:
            click.get_current_context().exit(_say(session, ruleset, scene, chosen, lines, form))
        if form == "json":
            click.echo(as_json(chosen.to_json()))
        else:
            click.echo("\n".join(case_text(scene, chosen, painter(sys.stdout), width_of_terminal())))


def _lines(close: str | None, because: str | None, done: Sequence[int], judge: str | None) -> list[str]:
    """What is said of the case, as an agent would write it."""
    numbers = ", ".join(str(number) for number in done)
    said = {
        f"done {numbers}": bool(done),
        f"because {' '.join((because or '').split())}": bool(because),
        judge or "": bool(judge),
        f"closed {(close or '').replace('-', ' ')}": bool(close),
    }
    lines = [f"recovery: {line}" for line, is_said in said.items() if is_said]
    return [*lines, "", f"Said by {_user()} on the command line."] if lines else []


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user on this machine
        return "somebody"


def _scene(session: Session, ruleset: RuleSet, at: datetime, rules_path: Path) -> Scene:
    from ..engine.evaluate import evaluate
    from ..engine.recovery_board import cases_needs, opening
    from ..engine.scene import Scene

    rules = opening(ruleset, session.name)
    if not rules:
        raise Failure(f"no rule of {rules_path} has `recover`", "docs/recovery.md shows one")
    needs = cases_needs(ruleset, rules)
    snapshot = session.store.snapshot(session.name, at, needs, session.connector.capabilities())
    return Scene(ruleset, snapshot, evaluate(ruleset, snapshot, rules=rules))


def _cases(scene: Scene) -> list[CaseTold]:
    from ..engine.recovery_board import cases_told

    return cases_told(scene)


def _chosen(cases: Sequence[CaseTold], name: str) -> CaseTold:
    from ..engine.recovery_board import found_case
    from ..rules.diagnostics import did_you_mean

    found = found_case(cases, name)
    if found is None:
        guess = did_you_mean(name, [each.case.id for each in cases])
        raise Failure(
            f"there is no recovery case {name}", f"did you mean {guess}?" if guess else "see `makegood recovery --all`"
        )
    return found


def _board(scene: Scene, cases: Sequence[CaseTold], form: str, known: int) -> None:
    from ..engine.plan_file import instant_text

    if form == "json":
        click.echo(as_json({"at": instant_text(scene.at), "cases": [each.to_json() for each in cases]}))
    elif not cases:
        click.echo(
            f"No open case. {known:,} have ended: see --all." if known else "Nobody was let down: there is no case."
        )
    else:
        click.echo("\n".join(board_text(scene, cases, painter(sys.stdout), width_of_terminal())))


def _say(session: Session, ruleset: RuleSet, scene: Scene, case: CaseTold, lines: Sequence[str], form: str) -> int:
    """Write what is said through the one gate, under the lock; gives the exit code."""
    from ..engine.lease import lease
    from ..engine.recovery_board import saying
    from .steps import applied

    with lease(session.store, session.name, now=now) as ours:
        report = applied(session, ruleset, saying(scene, case, lines), ours, stale_ok=False)
    click.echo(as_json(report.to_json()) if form == "json" else run_text(report, painter(sys.stdout)))
    return run_code(report)
