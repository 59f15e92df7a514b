"""``demo``: a small, lively helpdesk with rules to play with; no account, no network."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from pathlib import Path

import click

from .. import __file__ as package
from .failure import BUG, ERROR, Failure
from .main import makegood
from .options import format_option, now
from .paint import painter
from .words import as_json

OURS = {"desk.db", "makegood.db", "rules.yaml", "makegood.toml", "plan.json"}
EXAMPLE = Path(package).with_name("rules.example.yaml")
SETTINGS = """\
store = "makegood.db"

[helpdesks.demo]
kind = "local"
path = "desk.db"
"""


@click.command(epilog="Example: makegood demo")
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default="makegood-demo")
@format_option()
def demo(folder: Path, form: str) -> None:
    """Make a small, lively helpdesk in DIR with rules for it; check, test and plan them.

    Made again, the helpdesk starts over; a rule file that you changed stays as it is.
    """
    kept = _furnish(folder)
    if form == "json":
        click.echo(as_json({"folder": str(folder), "helpdesk": "demo", "files": sorted(OURS - {"plan.json"})}))
        return
    click.echo(f"A small helpdesk is open in {folder}: Fernweh Outfitters, who sell travel gear.")
    click.echo("Your own rules.yaml there was kept.\n" if kept else "Its rules stand in rules.yaml there.\n")
    with contextlib.chdir(folder):
        codes = [_run(command) for command in ("check", "test", "plan")]
    click.echo(_next_steps(folder))
    click.get_current_context().exit(max((code for code in codes if code in (ERROR, BUG)), default=0))


def _furnish(folder: Path) -> bool:
    """Fill the folder; whether the rule file in it is the user's own and was kept."""
    from ..connectors.demo_desk import fill
    from ..connectors.local import Local

    _refuse_foreign(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("desk.db*"), *folder.glob("makegood.db*")):
        old.unlink()
    with Local(folder / "desk.db", now=now) as desk:
        fill(desk, now())
    (folder / "makegood.toml").write_text(SETTINGS, encoding="utf-8")
    rules = folder / "rules.yaml"
    kept = rules.exists() and rules.read_bytes() != EXAMPLE.read_bytes()
    if not kept:
        shutil.copyfile(EXAMPLE, rules)
    return kept


def _refuse_foreign(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise Failure(f"{folder} is a file", "name a folder that may be filled: makegood demo DIR")
    others = {path.name for path in folder.glob("*") if path.name.removesuffix("-wal").removesuffix("-shm") not in OURS}
    if others:
        raise Failure(f"{folder} holds other things: {', '.join(sorted(others)[:3])}", "name another folder")


def _run(command: str) -> int:
    """One command as if typed, under a line that shows it; its exit code."""
    click.echo(painter(sys.stdout)("heading", f"$ makegood {command}"))
    try:
        makegood.main([command])
    except SystemExit as end:
        click.echo()
        return int(end.code or 0)


def _next_steps(folder: Path) -> str:
    steps = {
        "upcoming": "what is overdue, and what falls due next",
        "explain 12": "a broken promise: why a ticket is as it is, and what comes next",
        'promises explain "I\'ll call you on Friday."': "what counts as a promise, and when it is due",
        "plan -o plan.json": "the same plan, as a file to review",
        "apply plan.json": "do it",
        "plan": "what is left to do",
        "history": "what was done, and why",
        "fairness --ledger": "who was given what, and out of whom",
        "recovery": "customers who were let down, and how far it is put right",
    }
    program, widest = _program(folder), max(map(len, steps))
    lines = [f"  {program} {words.ljust(widest)}  {why}" for words, why in steps.items()]
    return "\n".join(["Try next:", f"  cd {folder}", *lines, "Then change rules.yaml, and plan again."])


def _program(folder: Path) -> str:
    """How to call us from the folder: by name where the shell finds it."""
    called = Path(sys.argv[0])
    if shutil.which("makegood") or called.name != "makegood":
        return "makegood"
    return os.path.relpath(called, folder)
