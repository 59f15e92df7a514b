"""What the tests of the command line share: calling it, and a folder with a small helpdesk and rules."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner, Result

from makegood import cli
from makegood.cli.main import makegood
from makegood.connectors.local import Local
from makegood.connectors.ticket import FieldSpec, Organization, Person

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

SETTINGS = """\
store = "makegood.db"
[helpdesks.support]
kind = "local"
path = "desk.db"
"""
RULES = """\
rules:
  - name: Gold customers first
    why: It is in their contract.
    when: {status: [new, open], organization.field.tier: gold, priority: [low, normal]}
    set: {priority: high}
    add_tags: [gold]
  - name: Somebody looks after it
    when: {assignee: missing, subject: {contains: refund}}
    assign: {to: ben@example.com}
    note: Refunds are yours, {assignee}.
"""


def call(*arguments: str) -> Result:
    """The command line in this process; ``exit_code``, ``stdout`` and ``stderr`` are what a shell would see."""
    return CliRunner().invoke(makegood, list(arguments))


def answer(*arguments: str) -> Any:
    """What ``--format json`` says."""
    return json.loads(call(*arguments, "--format", "json").stdout)


def complaints(file: Path, text: str) -> str:
    """What ``check`` says of a rule file with mistakes."""
    file.write_text(text)
    result = call("check", "--rules", str(file))
    assert result.exit_code == 1
    return result.output


def stop_the_clock(monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    """The clock of the command line stands still. Every module is imported first, so that none keeps it standing."""
    modules = [import_module(f"makegood.cli.{each.name}") for each in iter_modules(cli.__path__)]
    for module in modules:
        if hasattr(module, "now"):
            monkeypatch.setattr(module, "now", lambda: at)


def furnish(folder: Path) -> Local:
    """Settings, rules, and a desk with a gold customer's ticket, a refund and a plain one, each a day old."""
    (folder / "makegood.toml").write_text(SETTINGS)
    (folder / "rules.yaml").write_text(RULES)
    began = datetime.now(UTC) - timedelta(days=1)
    desk = Local(folder / "desk.db", now=lambda: datetime.now(UTC))
    desk.describe(groups=("Billing", "Support"), fields={"Order": FieldSpec("Order")})
    desk.add_organization(Organization("o1", "Lake Tours", fields={"tier": "gold"}))
    desk.add_person(Person("u1", "Olivia", "olivia@lake.example", organization="Lake Tours"))
    desk.add_person(Person("u2", "Paul", "paul@mail.example"))
    desk.add_person(Person("a1", "Ben", "ben@example.com", role="agent", groups=("Billing",)))
    desk.create("u1", "Printer on fire", "It burns.", at=began, priority="normal")
    desk.create("u2", "A refund, please", "I sent it back.", at=began, priority="normal")
    desk.create("u2", "Opening hours?", "When are you open?", at=began, priority="normal")
    return desk
