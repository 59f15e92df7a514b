"""Facts about the people and organizations of a ticket: always as they are now, since nobody knows their past."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from .columns import SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ..connectors.ticket import Organization, Person, Value
    from .snapshot import Snapshot

YES_OR_NO = ("assignee.active", "assignee.away", "assignee.at_work")


def with_people(frame: pl.DataFrame, snapshot: Snapshot, facts: Collection[str]) -> pl.DataFrame:
    """The frame with a column for each of ``facts`` that is about a person or an organization of the ticket."""
    for fact in sorted(facts):
        family, _, what = fact.partition(".")
        if (family in ("requester", "assignee") and what in ("name", "email", "tags", "active")) or ".field." in fact:
            known = snapshot.organizations if family == "organization" else snapshot.people
            frame = _looked_up(frame, fact, {name.lower(): _about(found, what) for name, found in known.items()})
        elif fact == "organization.tags":
            tags = {name.lower(): joined(each.tags) for name, each in snapshot.organizations.items()}
            frame = _looked_up(frame, fact, tags)
    return frame


def with_presence(
    frame: pl.DataFrame, presence: Mapping[str, Mapping[str, bool]], facts: Collection[str]
) -> pl.DataFrame:
    """The frame with those of ``facts`` that tell whether the owner is there; ``presence`` knows it by fact and handle."""
    for fact in sorted(facts & presence.keys()):
        frame = _looked_up(frame, fact, {handle.lower(): known for handle, known in presence[fact].items()})
    return frame


def joined(value: Value) -> str | None:
    """A value as one text of a frame: each of its entries between two separators; ``None`` where it has none."""
    entries = (value,) if isinstance(value, str) else value or ()
    return SEPARATOR + SEPARATOR.join(entries) + SEPARATOR if any(entries) else None


def _about(found: Person | Organization, what: str) -> str | bool | None:
    if what.startswith("field."):
        return joined(found.fields.get(what.removeprefix("field.")))
    if what == "tags":
        return joined(found.tags)
    value: str | bool | None = getattr(found, what)
    return None if value == "" else value


def _looked_up(frame: pl.DataFrame, fact: str, known: Mapping[str, str | bool | None]) -> pl.DataFrame:
    dtype = pl.Boolean if fact in YES_OR_NO else pl.String
    key = pl.col(fact.partition(".")[0]).str.to_lowercase()
    table = pl.DataFrame({"_key": list(known), fact: list(known.values())}, schema={"_key": pl.String, fact: dtype})
    return frame.with_columns(_key=key).join(table, on="_key", how="left", maintain_order="left").drop("_key")
