"""Every file in ``errors/`` has one fault or more; each stands as a comment on the very line: ``# error: the message``.

A comment ``# warning: ...`` or ``# info: ...`` works likewise. Nothing else may be found in the file.
"""

import re
from pathlib import Path

import pytest

from makegood.rules.load import load_file

FILES = sorted(Path(__file__).parent.joinpath("errors").glob("*.yaml"))
EXPECTED = re.compile(r"# (error|warning|info): (.+?)\s*$")


def expected(path: Path) -> list[tuple[int, str, str]]:
    lines = enumerate(path.read_text("utf-8").splitlines(), start=1)
    return [(number, *found.groups()) for number, line in lines if (found := EXPECTED.search(line))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_fault_is_told_on_its_line(path):
    rules, diagnostics = load_file(path)
    told = [(found.span.line, found.severity, found.message) for found in diagnostics]
    assert told == expected(path)
    assert told, "the file says no fault"
    assert (rules is None) == any(severity == "error" for _, severity, _ in told)


def test_every_error_says_what_to_do():
    silent = {found.message for path in FILES for found in load_file(path)[1] if not found.hint}
    assert not silent
