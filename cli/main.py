"""The command group: which commands there are, and what a run's end means to the shell.

Commands are imported when they are called, so that ``makegood --help`` and ``makegood check`` start at once.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import click

from .. import __version__
from ..rules.diagnostics import did_you_mean
from .failure import INTERRUPTED, tell

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Start": {
        "demo": ("demo:demo", "A small, lively helpdesk with rules, tests and a plan to look at."),
        "init": ("init:init", "Write a starter rule file, settings and a CI workflow."),
        "doctor": ("doctor:doctor", "Can we reach the helpdesk, and is everything as the rules need it?"),
        "desk": ("desk:desk", "Fill an embedded helpdesk from a file, and write it out again."),
    },
    "Write rules": {
        "check": ("check:check", "Find every mistake of a rule file at once."),
        "test": ("testing:test", "Run the rule tests in virtual time."),
        "facts": ("catalogue:facts", "What rules can ask about a ticket."),
        "operators": ("catalogue:operators", "How facts are compared."),
        "actions": ("catalogue:actions", "What rules can do."),
        "schema": ("catalogue:schema", "The JSON Schema of rule files, for editors."),
        "calendars": ("calendars:calendars", "The helpdesk's own working hours, as a part of a rule file."),
    },
    "Work with the helpdesk": {
        "pull": ("operate:pull", "Bring the local copy up to date."),
        "plan": ("operate:plan", "What would change, and why; changes nothing."),
        "apply": ("operate:apply", "Do exactly what a plan says."),
        "sync": ("sync:sync", "Pull, plan and apply under a lock; once or for ever."),
    },
    "Look back and ahead": {
        "explain": ("look:explain", "Which rules hold for a ticket, which do not, and why."),
        "upcoming": ("upcoming:upcoming", "Deadlines, promises and recovery cases by due time."),
        "feedback": ("feedback:feedback", "What customers said of our help, in one table."),
        "recognition": (
            "feedback:recognition",
            "What is worth reading aloud: promises kept, customers won back, thanks.",
        ),
        "recovery": ("recovery:recovery", "The customers we let down: a board, or one case in full."),
        "history": ("look:history", "Every run and every change, and why."),
        "report": ("report:report", "A period in figures, beside the period before."),
        "fairness": ("fairness:fairness", "Who was given how much, and how evenly."),
        "simulate": ("simulate:simulate", "The same history under other ways of choosing people."),
        "promises": ("promises:promises", "What the promise grammar sees in a text."),
    },
}
"""Heading, command, where it lives (module and name), and its one line of help."""

GARBAGE = 100_000
"""After how many new objects Python looks for garbage: by default it looks through all tickets hundreds of times a run."""
_PLACES = {name: place for commands in COMMANDS.values() for name, place in commands.items()}


class Makegood(click.Group):
    """The group that imports a command only when it is called, and ends with our exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """All commands in the order in which people need them."""
        return list(_PLACES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command, imported now."""
        if cmd_name not in _PLACES:
            return None
        module, _, name = _PLACES[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(f".{module}", __package__), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that ``args`` begin with; a mistyped one is told with the nearest."""
        nearest = did_you_mean(args[0], _PLACES) if args[0] not in _PLACES else None
        if nearest:
            ctx.fail(f'There is no command "{args[0]}"; did you mean {nearest}?')
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The commands under their headings, without importing them."""
        for heading, commands in COMMANDS.items():
            with formatter.section(heading):
                formatter.write_dl([(name, line) for name, (_, line) in commands.items()], col_max=12)

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> NoReturn:
        """Run one command and leave with its exit code: 0, 1, 2, 3, 4 or 130 (see docs/cli.md)."""
        try:
            extra["standalone_mode"] = False
            result = super().main(args, *rest, **extra)
            sys.stdout.flush()
        except (click.exceptions.Abort, KeyboardInterrupt):
            click.echo("Interrupted.", err=True)
            sys.exit(INTERRUPTED)
        except Exception as error:  # noqa: BLE001 - this is where every error ends
            sys.exit(_piped_away() if _reader_left(error) else tell(error))
        sys.exit(result if isinstance(result, int) else 0)


def _reader_left(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno == errno.EPIPE


def _piped_away() -> int:
    """Whoever read our output has seen enough: nothing more is said, not even by Python on its way out."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


@click.group(
    cls=Makegood,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Example: makegood demo",
)
@click.version_option(__version__, "-V", "--version", prog_name="makegood", message="%(prog)s %(version)s")
def makegood() -> None:
    """Policy as code for the helpdesk you already have.

    You write down how your helpdesk should treat people; makegood shows what it would change and why, and changes it
    when you say so.
    """


def run() -> NoReturn:
    """The console command."""
    gc.set_threshold(GARBAGE)
    makegood.main()
