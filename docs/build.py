"""Writes the reference pages of this folder from the catalogues: facts, operators, actions, keys, checks.

Run by ``make docs``; a test compares the pages with what this would write.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from makegood.rules.actions import ACTIONS
from makegood.rules.calendars import CALENDAR, HOLIDAYS
from makegood.rules.facts import SECTIONS
from makegood.rules.lint import CHECKS
from makegood.rules.notices import NOTICES
from makegood.rules.operators import OPERATORS, operators_for
from makegood.rules.promise_files import LANGUAGE
from makegood.rules.promise_files import SAYING as LANGUAGE_SAYING
from makegood.rules.promise_files import TEST as LANGUAGE_TEST
from makegood.rules.promise_grammar import GATE_SLOTS
from makegood.rules.promise_language import TIMES, WORDS
from makegood.rules.promise_times import TIME_SLOTS
from makegood.rules.rulekeys import FILE, LIMITS, REPEAT, RULE
from makegood.rules.ruletests import EVENT, TEST
from makegood.rules.shapes import Table
from makegood.rules.teams import MEMBER, TEAM
from makegood.rules.wordlists import WORDS as CUSTOMER_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from makegood.rules.actions import Action
    from makegood.rules.facts import Fact
    from makegood.rules.shapes import Key, Shape

NOTE = "<!-- Written by `make docs` from the catalogues in rules/. Do not change it here. -->\n"
DESKS = {"zendesk": "Zendesk", "jira": "Jira", "rt": "Request Tracker", "local": "Embedded desk"}


def facts() -> str:
    """The page about facts: one table for each section."""
    parts = [
        "# Facts\n",
        NOTE,
        "What a rule can ask about a ticket. `<name>` stands for a name of your desk or file.\n",
    ]
    for section, found in SECTIONS.items():
        parts.append(f"## {section}\n")
        parts.append("| fact | type | meaning | " + " | ".join(DESKS.values()) + " |")
        parts.append("|---|---|---|" + "---|" * len(DESKS))
        parts += [_fact(fact) for fact in found]
        parts.append("")
    return "\n".join(parts)


def _fact(fact: Fact) -> str:
    words = f" One of {_marked(fact.values)}." if fact.values else ""
    remarks = {
        "Can be set.": fact.settable,
        "Known only as it is now.": not fact.history,
        "Often missing.": fact.often_missing,
    }
    said = " ".join([fact.doc + words, *(text for text, holds in remarks.items() if holds)])
    kind = "custom" if fact.type == "any" else fact.type
    return f"| `{fact.name}` | {kind} | {said} | " + " | ".join(fact.supplied.get(desk, "-") for desk in DESKS) + " |"


def _marked(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def operators() -> str:
    """The page about operators: which go with what, then each with an example."""
    types = dict.fromkeys(fact.type for found in SECTIONS.values() for fact in found)
    parts = ["# Operators\n", NOTE, "How a fact is compared.\n", "| type of fact | operators |", "|---|---|"]
    parts += [f"| {'custom field' if kind == 'any' else kind} | {_marked(operators_for(kind))} |" for kind in types]
    for operator in OPERATORS.values():
        parts.append(f"\n## {operator.name}\n\n{operator.doc}\n\n{_yaml(operator.example)}")
    return "\n".join(parts) + "\n"


def _yaml(text: str) -> str:
    return f"```yaml\n{text}\n```"


def actions() -> str:
    """The page about actions: each with an example and its keys."""
    parts = ["# Actions\n", NOTE, "What a rule can do. A rule may do several things at once.\n"]
    for name, action in ACTIONS.items():
        parts += [
            f"## {name}\n",
            action.key.doc + _remarks(action),
            "",
            _yaml(action.example),
            *_keys(action.key.shape),
            "",
        ]
    return "\n".join(parts)


def _remarks(action: Action) -> str:
    return " The customer sees it." if action.customer_sees else ""


def _keys(shape: Shape) -> Iterator[str]:
    """A table of the keys of a mapping, then those of the steps in it."""
    table = _table(shape)
    if table is None:
        return
    yield "\n| key | takes | meaning |\n|---|---|---|"
    yield from (_key(key) for key in table.keys)
    for key in table.keys:
        inner = _table(getattr(key.shape, "item", None))
        if inner is not None:
            yield f"\nA step of `{key.name}`:"
            yield from _keys(inner)


def _table(shape: object) -> Table | None:
    found = shape if isinstance(shape, Table) else getattr(shape, "table", None)
    return found if isinstance(found, Table) else None


def _key(key: Key) -> str:
    return f"| `{key.name}`{' (needed)' if key.required else ''} | {key.shape.says} | {key.doc} |"


def lint() -> str:
    """The page about lint checks: what, why, wrong, right."""
    parts = [
        "# Checks\n",
        NOTE,
        "What `makegood check` says about a rule file that can be read. `---` parts two rules.\n",
    ]
    for code, check in CHECKS.items():
        parts += [f"## {code} ({check.severity})\n", f"{check.what} {check.why}\n"]
        parts += ["Wrong:\n", _yaml(check.wrong), "\nRight:\n", _yaml(check.right), ""]
    return "\n".join(parts)


def keys() -> str:
    """The page about the keys of the file, of a rule, and of what stands beside the rules."""
    parts = ["# Keys\n", NOTE, "Every key of a rule file. What rules do is described in [actions](actions.md).\n"]
    for title, table in TABLES.items():
        parts.append(f"## {title}")
        parts.append("\n| key | takes | meaning |\n|---|---|---|")
        parts += [_key(key) for key in table.keys if key.name not in ACTIONS or table is not RULE]
        parts.append("")
    return "\n".join(parts)


PHRASES = """A phrase is words with one space between them, without regard to case:

| written | stands for |
|---|---|
| `a\\|b` | either word; one word on each side of the bar |
| `(word)` | may be left out |
| `word*`, `*word` | a word that begins so, that ends so |
| `<name>` | any phrase of the class `name` in `words`, or a slot |
| `...` | up to eight words of any kind |
| `^` | the beginning of the sentence |
| `-`, `,` | a hyphen or a comma, with or without spaces |
| `?` | a question mark |
| `@` | where the promise begins: times before it are not its own |
"""


def language_files() -> str:
    """The page about language files: keys, phrases, slots, word classes, times."""
    parts = ["# Language files\n", NOTE, "How people promise in a language; see [promises](promises.md).\n"]
    tables = {"Keys": LANGUAGE, "A gate or veto with exceptions": LANGUAGE_SAYING, "A test": LANGUAGE_TEST}
    for title, table in tables.items():
        parts += [f"## {title}", "\n| key | takes | meaning |\n|---|---|---|", *(_key(key) for key in table.keys), ""]
    slots = f"Slots of gates and vetoes: {_slots(GATE_SLOTS)}. Slots of times: {_slots(TIME_SLOTS)}.\n"
    parts += ["## Phrases\n", PHRASES, slots]
    for title, meanings in {"Word classes that the grammar uses": WORDS, "Times": TIMES}.items():
        parts += [f"## {title}", "\n| name | meaning |\n|---|---|"]
        parts += [*(f"| `{name}` | {meaning} |" for name, meaning in meanings.items()), ""]
    return "\n".join(parts)


def _slots(names: tuple[str, ...]) -> str:
    return ", ".join(f"`<{name}>`" for name in names)


TABLES = {
    "The file": FILE,
    "A rule": RULE,
    "`limits`": LIMITS,
    "`notices`": NOTICES,
    "`words`": CUSTOMER_WORDS,
    "`repeat`": REPEAT,
    "A team": TEAM,
    "A person of a team": MEMBER,
    "A calendar": CALENDAR,
    "`holidays`": HOLIDAYS,
    "A test": TEST,
    "An event of a test": EVENT,
}

PAGES = {
    "facts.md": facts,
    "operators.md": operators,
    "actions.md": actions,
    "keys.md": keys,
    "lint.md": lint,
    "language-files.md": language_files,
}
"""Each page by its name."""


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        Path(__file__).with_name(name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
