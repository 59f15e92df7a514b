"""What a start of the program costs: commands that need no tickets load nothing that handles tickets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "polars",
    "zenpy",
    "jira",
    "sqlalchemy",
    "alembic",
    "requests",
    "numpy",
    "apprise",
    "rich",
    "pydantic",
    "holidays",
    "icalendar",
    "recurring_ical_events",
    "dateutil",
    "jinja2",
    "matplotlib",
}
LIGHT = ["--help", "check --rules RULES", "facts", "operators", "actions", "schema"]
RULES = "rules:\n  - name: Gold first\n    when: {priority: low}\n    set: {priority: high}\n"


def loaded(command: str, folder: Path) -> set[str]:
    """Top-level names of all modules in the process after a command ran."""
    script = (
        "import sys, json\nfrom makegood.cli.main import makegood\n"
        "try:\n    makegood.main(sys.argv[1:])\nexcept SystemExit as end:\n"
        "    print(end.code, *sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    rules = folder / "rules.yaml"
    rules.write_text(RULES)
    arguments = command.replace("RULES", str(rules)).split()
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, cwd=folder)
    code, *names = done.stderr.split()
    assert code == "0", done.stderr
    return set(names)


@pytest.mark.parametrize("command", LIGHT)
def test_light_commands_load_nothing_heavy(command: str, tmp_path: Path) -> None:
    assert loaded(command, tmp_path) & HEAVY == set()


def test_help_loads_no_command(tmp_path: Path) -> None:
    script = "import sys, makegood.cli.main; print(*[m for m in sys.modules if m.startswith('makegood.')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert set(done.stdout.split()) == {
        "makegood.cli",
        "makegood.cli.failure",
        "makegood.cli.main",
        "makegood.cli.paint",
        "makegood.rules",
        "makegood.rules.diagnostics",
    }
