"""The command group: help, exit codes, broken pipes, interrupts, and what happens when we are at fault."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from makegood.cli.failure import SECRETS, Failure
from makegood.cli.main import COMMANDS, makegood
from makegood.cli.paint import painter
from makegood.cli.progress import bars, progress

EVERY = [name for commands in COMMANDS.values() for name in commands]


def called(*arguments: str) -> Result:
    return CliRunner().invoke(makegood, list(arguments))


def command_that(monkeypatch: pytest.MonkeyPatch, does: object) -> Result:
    """The result of a command whose body is ``does``."""
    monkeypatch.setattr(makegood, "get_command", lambda _ctx, _name: click.Command("check", callback=does))
    return called("check")


def raising(error: BaseException) -> object:
    def does() -> None:
        raise error

    return does


def test_help_names_every_command() -> None:
    result = called("--help")
    assert result.exit_code == 0
    assert all(re.search(rf"^  {name} ", result.output, re.MULTILINE) for name in EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_every_command_has_help_with_an_example(name: str) -> None:
    result = called(name, "--help")
    assert result.exit_code == 0
    assert "Example: " in result.output
    assert f"makegood {name}" in result.output


@pytest.mark.parametrize("arguments", [["frobnicate"], ["check", "--bogus"], ["check", "--format", "xml"], ["explain"]])
def test_wrong_usage_is_an_error(arguments: list[str]) -> None:
    result = called(*arguments)
    assert result.exit_code == 1
    assert "Usage:" in result.stderr


def test_a_mistyped_command_is_told_with_the_nearest() -> None:
    assert "did you mean check?" in called("chekc").stderr


def test_no_command_shows_help() -> None:
    assert "Work with the helpdesk" in called().output


def test_version() -> None:
    assert re.fullmatch(r"makegood \d+\.\d+\.\d+\n", called("--version").output)


def test_failures_say_what_happened_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    result = command_that(monkeypatch, raising(Failure("the desk is shut", "come back tomorrow")))
    assert result.exit_code == 1
    assert result.stderr == "error: the desk is shut\nhint:  come back tomorrow\n"


def test_a_bug_is_admitted_and_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    SECRETS.add("hush-hush")
    result = command_that(monkeypatch, raising(ZeroDivisionError("hush-hush")))
    assert result.exit_code == 3
    assert "Traceback" not in result.stderr
    log = Path(re.search(r"\S+\.log", result.stderr)[0])  # type: ignore[index]
    text = log.read_text()
    log.unlink()
    assert "ZeroDivisionError: ***" in text
    assert "hush" not in text


def test_errors_of_the_machine_name_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    result = command_that(monkeypatch, raising(PermissionError(13, "Permission denied", "/root/x")))
    assert (result.exit_code, result.stderr) == (1, "error: /root/x: permission denied\n")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.exceptions.Abort()])
def test_interrupts_have_their_own_code(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    assert command_that(monkeypatch, raising(error)).exit_code == 130


def run(*arguments: str, **extra: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "makegood", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **extra)  # type: ignore[call-overload,no-any-return]


def test_a_reader_that_leaves_is_no_drama() -> None:
    process = run("facts", "--format", "json")
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate(timeout=20)
    assert said == ""


def test_control_c_is_quiet(tmp_path: Path) -> None:
    pipe = tmp_path / "rules.yaml"
    os.mkfifo(pipe)
    process = run("check", cwd=tmp_path)
    with pipe.open("w"):  # the process is now reading
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert (process.returncode, said.strip()) == (130, "Interrupted.")


def test_colour_only_where_somebody_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert painter(Terminal())("error", "x") != "x"  # type: ignore[arg-type]
    monkeypatch.setenv("NO_COLOR", "1")
    assert painter(Terminal())("error", "x") == "x"  # type: ignore[arg-type]


def test_a_bar_shows_what_takes_long(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("makegood.cli.progress.PATIENCE", 0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress("Reading") as tick:
        tick(3, None)
        tick(7, 10)
    assert "Reading" in capsys.readouterr().err


def test_a_bar_of_writes_shows_its_pace(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    clock = [0.0]
    monkeypatch.setattr("rich.console.monotonic", lambda: clock[0])
    monkeypatch.setattr("makegood.cli.progress.PATIENCE", 0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    with bars() as bar:
        read, write = bar("Reading", ""), bar("Writing to support", "tickets")
        read(5000, None)
        for done in range(1, 42):
            write(done, 91)
            clock[0] += 1.2
    frames = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err).replace("\r", "\n").split("\n")
    (shown,) = [frame for frame in frames if "41/91" in frame]
    assert shown.startswith("Writing to support")
    assert "51 tickets a minute, 0:00:59 left" in shown
    assert "Reading" not in shown


def test_nobody_watches_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Reading") as tick:
        tick(1, 2)
    assert capsys.readouterr().err == ""
