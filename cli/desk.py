"""``desk``: an embedded helpdesk is filled from a file, and written out again."""

from __future__ import annotations

from pathlib import Path

import click

from .failure import Failure
from .options import existing_file, format_option, now
from .words import as_json, count


@click.group(epilog="Example: makegood desk import tickets.jsonl --into desk.db")
def desk() -> None:
    """Fill an embedded helpdesk from a file, and write it out again."""


@desk.command("import", epilog="Example: makegood desk import log.csv --into desk.db --mapping log.toml")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--into", type=click.Path(path_type=Path), required=True, metavar="DESK.db", help="The desk to fill.")
@click.option("--mapping", type=click.Path(path_type=Path), help="For CSV: which column is what (a TOML file).")
@format_option()
def import_(file: Path, into: Path, mapping: Path | None, form: str) -> None:
    """Bring tickets, events and people from JSON lines or CSV onto a desk: all of them, or none.

    A CSV file has one row a ticket, or one row a state of a ticket; see docs/desk-files.md for the mapping.
    """
    from ..connectors.desk_files import import_file
    from ..connectors.local import Local

    existing_file(file, "a file of tickets", "name a file of JSON lines, or a CSV file")
    if mapping is not None:
        existing_file(mapping, "a mapping", "docs/desk-files.md shows how to write one")
    there = into.exists()
    try:
        with Local(into, now=now) as target:
            done = import_file(target, file, mapping)
    except BaseException:
        if not there:
            into.unlink(missing_ok=True)
        raise
    told = {"tickets": done.tickets, "events": done.events, "people": done.people, "organizations": done.organizations}
    if form == "json":
        click.echo(as_json(told | {"faults": list(done.faults)}))
        return
    for fault in done.faults:
        click.echo(f"passed over: {fault}", err=True)
    parts = [count(done.people, "person", "people"), count(done.tickets, "ticket"), count(done.events, "event")]
    click.echo(f"{into}: {', '.join(parts)} imported")


@desk.command("export", epilog="Example: makegood desk export desk.db -o desk.jsonl")
@click.argument("desk_path", metavar="DESK.db", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write it there instead of to stdout.")
def export(desk_path: Path, output: Path | None) -> None:
    """Write a whole desk as JSON lines."""
    from ..connectors.desk_files import export_file, export_lines
    from ..connectors.local import Local

    existing_file(desk_path, "an embedded desk", "fill one with: makegood desk import FILE --into DESK.db")
    if output is not None and output.resolve() == desk_path.resolve():
        raise Failure(f"{output} is the desk itself", "write to another file")
    with Local(desk_path, now=now, create=False) as source:
        if output is None:
            for line in export_lines(source):
                click.echo(line)
            return
        number = export_file(source, output)
    click.echo(f"{output}: {count(number, 'line')} written")
