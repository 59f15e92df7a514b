"""The language's catalogues for people: ``facts``, ``operators``, ``actions``; and for editors: ``schema``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .failure import Failure
from .options import format_option, helpdesk_option, settings_option
from .paint import painter, width_of_terminal
from .words import as_json, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..connectors.ticket import Catalogue
    from ..rules.actions import Action
    from ..rules.facts import Fact
    from ..rules.operators import Operator

search_argument = click.argument("search", required=False)


@click.command(epilog="Example: makegood facts reply")
@search_argument
@settings_option
@helpdesk_option
@format_option()
def facts(search: str | None, settings_path: Path, helpdesk: str | None, form: str) -> None:
    """What rules can ask about a ticket; with SEARCH only facts that mention it.

    With --helpdesk, what that helpdesk calls its groups, statuses and fields, too.
    """
    from ..rules.facts import SECTIONS

    words = _words(settings_path, helpdesk) if helpdesk else None
    entries = [_fact(fact) | {"section": name} for name, found in SECTIONS.items() for fact in found]
    entries = _matching(entries, search)
    if form == "json":
        click.echo(as_json({"facts": entries} | ({"desk": _desk(words)} if words else {})))
        return
    _print(entries, _fact_head, "section")
    if words:
        _print_desk(_desk(words))


@click.command(epilog="Example: makegood operators before")
@search_argument
@format_option()
def operators(search: str | None, form: str) -> None:
    """How facts are compared; with SEARCH only operators that mention it."""
    from ..rules.operators import OPERATORS

    entries = _matching([_operator(operator) for operator in OPERATORS.values()], search)
    if form == "json":
        click.echo(as_json({"operators": entries}))
    else:
        _print(entries, lambda entry: ", ".join(entry["types"]))


@click.command(epilog="Example: makegood actions assign")
@search_argument
@format_option()
def actions(search: str | None, form: str) -> None:
    """What rules can do; with SEARCH only actions that mention it."""
    from ..rules.actions import ACTIONS

    entries = _matching([_action(action) for action in ACTIONS.values()], search)
    if form == "json":
        click.echo(as_json({"actions": entries}))
    else:
        _print(entries, lambda entry: "the customer sees it" if entry["customer_sees"] else "")


@click.command(epilog="Example: makegood schema -o rules.schema.json")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write it there instead of to stdout.")
@click.option("--format", "form", type=click.Choice(["json"]), default="json", show_default=True, help="How to answer.")
def schema(output: Path | None, form: str) -> None:  # noqa: ARG001 - there is one format, and every command takes it
    """The JSON Schema of rule files, for editors that complete and check while you write."""
    from ..rules.schema import json_schema

    text = as_json(json_schema())
    if output is None:
        click.echo(text)
        return
    output.write_text(text + "\n", encoding="utf-8")
    click.echo(f"Wrote {output}. Editors use it with this first line in a rule file:", err=True)
    click.echo(f"# yaml-language-server: $schema={output}", err=True)


def _fact(fact: Fact) -> dict[str, Any]:
    return {
        "name": fact.name,
        "type": fact.type,
        "doc": fact.doc,
        "values": list(fact.values) if fact.values else None,
        "history": fact.history,
        "settable": fact.settable,
        "often_missing": fact.often_missing,
        "supplied": dict(fact.supplied),
    }


def _fact_head(entry: dict[str, Any]) -> str:
    notes = [entry["type"] if not entry["values"] else " | ".join(entry["values"])]
    notes += ["can be set"] if entry["settable"] else []
    return ", ".join(notes)


def _operator(operator: Operator) -> dict[str, Any]:
    return {
        "name": operator.name,
        "types": list(operator.types),
        "operand": operator.operand.says,
        "doc": operator.doc,
        "example": operator.example,
    }


def _action(action: Action) -> dict[str, Any]:
    return {
        "name": action.key.name,
        "doc": action.key.doc,
        "example": action.example,
        "customer_sees": action.customer_sees,
    }


def _matching(entries: list[dict[str, Any]], search: str | None) -> list[dict[str, Any]]:
    """The entries that mention ``search``; those named so come first."""
    if search is None:
        return entries
    word = search.lower()
    found = [entry for entry in entries if word in f"{entry['name']} {entry['doc']}".lower()]
    if not found:
        raise Failure(f'nothing here mentions "{search}"', "leave the word out to see everything")
    return sorted(found, key=lambda entry: word not in entry["name"].lower())


def _print(
    entries: Iterable[dict[str, Any]], head: Callable[[dict[str, Any]], str], section: str | None = None
) -> None:
    paint, width = painter(sys.stdout), width_of_terminal()
    heading = None
    for entry in entries:
        if section and entry[section] != heading:
            click.echo(("\n" if heading else "") + paint("heading", entry[section]) + "\n")
            heading = entry[section]
        note = head(entry)
        click.echo(f"  {paint('place', entry['name'])}  {paint('dim', note)}".rstrip())
        click.echo("\n".join(wrapped(entry["doc"], width, indent=6)))
        if "example" in entry:
            click.echo(f"      {paint('hint', entry['example'])}")


def _words(settings_path: Path, helpdesk: str) -> Catalogue:
    from .session import Session

    with Session.open(settings_path, helpdesk) as session:
        return session.words()


def _desk(words: Catalogue) -> dict[str, Any]:
    """What the desk calls things; ``None`` where it takes any word."""
    return {
        "groups": list(words.groups),
        "statuses": dict(words.statuses),
        "types": words.types,
        "forms": words.forms,
        "brands": words.brands,
        "fields": {field.name: {"type": field.type, "values": field.values} for field in words.fields.values()},
        "unmapped": list(words.unmapped),
        "time_zone": words.time_zone,
    }


def _print_desk(desk: dict[str, Any]) -> None:
    paint, width = painter(sys.stdout), width_of_terminal()
    click.echo(f"\n{paint('heading', 'This helpdesk')}\n")
    told: dict[str, Sequence[str]] = {
        "group": desk["groups"],
        "status_name": [f"{name} ({category})" for name, category in desk["statuses"].items()],
        "type": desk["types"] or (),
        "form": desk["forms"] or (),
        "brand": desk["brands"] or (),
    }
    told |= {f"field.{name}": field["values"] or (field["type"],) for name, field in desk["fields"].items()}
    for name, values in told.items():
        if values:
            click.echo(f"  {paint('place', name)}")
            click.echo("\n".join(wrapped(", ".join(values), width, indent=6)))
