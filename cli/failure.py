"""How a run ends when it cannot end well: what is said, and the exit code.

A :class:`Failure` is what the command line itself has to say. Errors of other layers that are meant for an admin carry
``message`` and ``hint``, too, and are told the same way. Anything else is a bug: it goes into a log file that can be
attached to a report.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback

import click

from .. import __version__
from .paint import painter

ERROR, FOUND, BUG, PARTLY, INTERRUPTED = 1, 2, 3, 4, 130
"""Exit codes: wrong input; there are changes, failures or warnings; a bug; done in part; stopped by hand."""

SECRETS: set[str] = set()
"""Secret values in use in this process; nothing that is printed or logged may hold one."""


class Failure(Exception):
    """What went wrong, for an admin, and what to do about it (``hint`` may be empty)."""

    def __init__(self, message: str, hint: str = "", *, code: int = ERROR) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code


def tell(error: Exception) -> int:
    """Say on stderr what happened, and return the exit code."""
    if isinstance(error, click.ClickException):
        error.show()
        return ERROR
    told = _told(error)
    if told is None:
        return _bug(error)
    message, hint, code = told
    _say(message, hint)
    return code


def _told(error: Exception) -> tuple[str, str, int] | None:
    """Message, hint and exit code of an error that is no bug."""
    if isinstance(error, Failure):
        return error.message, error.hint, error.code
    if hasattr(error, "message") and hasattr(error, "hint"):
        return error.message, error.hint, PARTLY if type(error).__name__ == "LockHeld" else ERROR
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {(error.strerror or 'cannot be used').lower()}", "", ERROR
    return None


def _say(message: str, hint: str) -> None:
    paint = painter(sys.stderr)
    click.echo(f"{paint('error', 'error:')} {without_secrets(message)}", err=True)
    if hint:
        click.echo(f"{paint('hint', 'hint:')}  {without_secrets(hint)}", err=True)


def without_secrets(text: str) -> str:
    """The text with every secret value replaced."""
    for secret in SECRETS:
        text = text.replace(secret, "***")
    return text


def _bug(error: Exception) -> int:
    trace = "".join(traceback.format_exception(error))
    command = " ".join(sys.argv[1:3])
    head = (
        f"makegood {__version__}, Python {platform.python_version()}, {platform.platform()}\nmakegood {command} ...\n"
    )
    handle, name = tempfile.mkstemp(prefix="makegood-bug-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as log:
        log.write(without_secrets(f"{head}\n{trace}"))
    _say(
        f"this is a mistake of makegood itself, not yours ({type(error).__name__})",
        f"please report it with {name} attached; the file holds no secrets of your settings",
    )
    return BUG
