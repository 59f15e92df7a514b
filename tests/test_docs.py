"""The docs hold together: every link leads somewhere, every command that is named exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from makegood.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(page: Path) -> None:
    known = {name for commands in COMMANDS.values() for name in commands}
    named = set(re.findall(r"^\$ makegood ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE))
    assert named <= known


def test_the_readme_names_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "$ make demo" in readme
    assert "$ make test" in readme
