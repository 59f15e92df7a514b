"""Facts of tickets at instants: what was the case with a ticket then, computed from its events.

A *step* is a ticket (``t``, its row in :attr:`History.tickets`) at an instant at which an event changed something; the
steps of a ticket begin with its birth. :meth:`History.at` answers for any pairs of ticket and instant: the present is one
such instant per ticket, the past of a condition many. Nothing after ``Snapshot.at`` is ever seen: a field's value at an
instant is the ``old`` of the first change after it, and what the ticket's row says where there is none.
"""

from __future__ import annotations

import hashlib
import json
from copy import copy
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl
from polars.selectors import by_name

from ..connectors.ticket import FIELD, KEY_IN_ADDRESS
from .across import Across, step_functions
from .columns import ACTIVITY, LISTS, PLAIN, REACHING_BACK, SEPARATOR, derive, source_of
from .people import with_people, with_presence
from .presence import PRESENCE, presence
from .slas import slas
from .snapshot import INSTANT, encode

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..connectors.ticket import Value
    from ..rules.model import RuleSet
    from .snapshot import Snapshot
    from .told import Told

_MISSING = "\x00"  # stands for "no value" while values are carried backwards
_PRESENT = "\x01"  # stands for the present value, meanwhile
_ISO = "%Y-%m-%dT%H:%M:%S%.6fZ"
_JSON_TEXT = r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u00[0-9a-f]{2})*"'
_JSON_TEXTS = rf"^\[{_JSON_TEXT}(?:, ?{_JSON_TEXT})*\]$"
_MADE_OF = {
    "longest_wait": ("_waited", "_waited_from", "unanswered_since", "solved"),
    "resolution_took": ("_lost", "_solved_from", "solved"),
    "first_reply_took": ("first_reply",),
    "customer_messages": ("_customer", "text"),
    "requester.bad_csat_90d": ("csat", "csat_given"),
}


class History:
    """The past and present of the tickets of a snapshot that existed at its instant, for the facts named.

    Who is there needs the teams of a ``ruleset``; without one nobody knows. ``whole``: the same with all tickets.
    """

    def __init__(self, snapshot: Snapshot, facts: Collection[str], ruleset: RuleSet | None = None) -> None:
        self.snapshot, self.ruleset = snapshot, ruleset
        self.whole = self
        self.facts = frozenset(facts)
        self.tickets = _tickets(snapshot, with_sample="sample" in facts)
        self.told: dict[str, Told] = slas(snapshot, self.tickets, self.facts)
        named = {field for fact in self.facts for field in source_of(fact).fields}
        self.fields = tuple(sorted(name for name in named if name in PLAIN or name.startswith(FIELD)))
        own = {name.lower(): name for name in snapshot.catalogue.fields}
        self._spelled = {
            name: FIELD + own.get(name.removeprefix(FIELD).lower(), name.removeprefix(FIELD))
            if name.startswith(FIELD)
            else name
            for name in self.fields
        }

    @cached_property
    def steps(self) -> pl.DataFrame:
        """One row per event and birth: ``t``, ``at``, and a column for every fact that follows from events."""
        filled = self._with_fields(self._events()).filter(pl.col("at") <= self.snapshot.at)
        steps = derive(filled, self.facts)
        wanted = by_name(*self.facts, *self.fields, *self._inner, require_all=False)
        ended = pl.col("kind").is_in(["merged", "deleted"]).cast(pl.Int8).cum_max().over("t") > 0
        return steps.select("t", "at", wanted, _gone=pl.col("_gone") | ended).collect()

    @cached_property
    def states(self) -> pl.DataFrame:
        """The last step of every ticket at every instant: what was the case from then on."""
        last = (pl.col("t") != pl.col("t").shift(-1)) | (pl.col("at") != pl.col("at").shift(-1))
        return self.steps.filter(last.fill_null(value=True))

    def changes(self, facts: Collection[str]) -> pl.DataFrame:
        """The instants (``t``, ``now``) at which an event changed one of the facts, the birth of each ticket among them."""
        columns = ["t", "_gone", *self._columns_for(facts)]
        same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in columns)
        return self.states.filter(~same | (pl.int_range(pl.len()) == 0)).select("t", now="at")

    @property
    def _inner(self) -> set[str]:
        """Columns of the steps that are no facts but that the facts asked for are made of."""
        return {name for fact, names in _MADE_OF.items() if fact in self.facts for name in names}

    @cached_property
    def across(self) -> dict[str, Across]:
        """The facts that look at other tickets, by name."""
        return step_functions(self.steps, self.tickets, self.facts)

    def telling(self, *more: Told) -> History:
        """The same, with facts that somebody else worked out; where two tell of one fact, the later counts."""
        part = copy(self)
        part.told = self.told | {fact: told for told in more for fact in told.facts}
        return part

    def only(self, tickets: pl.Series) -> History:
        """The same for some tickets alone (``t``), which answers faster; other tickets count as before."""
        part = copy(self)
        part.tickets = self.tickets.filter(pl.col("t").is_in(tickets.implode()))
        vars(part).update(across=self.across, states=self.states.filter(pl.col("t").is_in(tickets.implode())))
        return part

    def spans(self, begin: str) -> pl.DataFrame:
        """Ended stretches (``t``, ``start``, ``end``): ``_waited_from`` an unanswered customer, ``_solved_from`` solved."""
        if begin not in self.steps.columns:
            return pl.DataFrame(schema={"t": pl.Int32, "start": INSTANT, "end": INSTANT})
        return self.steps.filter(pl.col(begin).is_not_null()).select("t", start=begin, end="at")

    def at(self, instants: pl.DataFrame, facts: Collection[str] | None = None) -> pl.DataFrame:
        """The facts at each of ``instants`` (``t`` and ``now``), in the order of these rows: all, or only some ``facts``.

        Instants are ``Datetime("us", "UTC")``, durations ``Duration("us")`` on the wall clock, numbers floats, lists and
        custom fields texts with separators. An instant after ``Snapshot.at`` sees what would be if nobody acted.
        """
        asked = self.facts if facts is None else self.facts.intersection(facts)
        states = self.states.select("t", "at", "_gone", *self._columns_for(asked))
        frame = instants.select("t", "now").with_row_index("_row").sort("t", "now")
        frame = frame.join_asof(states, left_on="now", right_on="at", by="t", check_sortedness=False).drop("at")
        frame = frame.join(self.tickets.drop("_gone"), on="t", how="left").sort("_row")
        frame = self._with_all_messages(frame, asked)
        frame = frame.with_columns(**_finished(asked)).with_columns(**_cut(asked))
        frame = with_people(frame, self.snapshot, asked)
        if asked & PRESENCE:
            frame = with_presence(frame, presence(self.ruleset, self.snapshot), asked)
        for fact in asked & self.across.keys():
            frame = self.across[fact].join(frame)
        for told in {id(told): told for fact, told in self.told.items() if fact in asked}.values():
            frame = told.join(frame, asked)
        return frame.drop("_row")

    def turns(self, frame: pl.DataFrame, facts: Collection[str] | None = None) -> list[pl.DataFrame]:
        """When a fact that other tickets, clocks or promises decide may change by itself (``t``, ``now``)."""
        asked = self.facts if facts is None else facts
        known: list[tuple[str, Across | Told]] = [*self.across.items(), *self.told.items()]
        found = {id(fact): fact for name, fact in known if name in asked}
        return [fact.turns(frame) for fact in found.values()]

    def _columns_for(self, facts: Collection[str]) -> list[str]:
        """The columns of the states that these facts are, or are made of."""
        fields = {field for fact in facts for field in source_of(fact).fields}
        inner = {name for fact in facts for name in _MADE_OF.get(fact, ())}
        return [name for name in self.states.columns if name in {*facts, *fields, *inner}]

    def _events(self) -> pl.LazyFrame:
        """Births and those events that the facts ask about, in order; later ones than the snapshot's instant too."""
        tickets = self.tickets.lazy()
        events = self.snapshot.events.lazy().filter(self._asked_about())
        events = events.join(tickets.select("t", "created", "_whole", "_gone", ticket="id"), on="ticket")
        events = events.with_columns(at=pl.max_horizontal("at", "created"), auto=pl.col("auto").fill_null(value=False))
        births = tickets.select("t", "_whole", "_gone", at="created", kind=pl.lit("born"), seq=pl.lit(-(2**62)))
        parts = [births, events.drop("ticket", "created", "id", "marker")]
        if "updated" in self.facts:
            seen = tickets.filter(pl.col("_updated") <= self.snapshot.at)
            parts.append(seen.select("t", "_whole", "_gone", at="_updated", kind=pl.lit("seen"), seq=pl.lit(2**62)))
        return pl.concat(parts, how="diagonal_relaxed").sort("t", "at", "seq", maintain_order=True)

    def _asked_about(self) -> pl.Expr:
        if any(fact in ACTIVITY for fact in self.facts):
            return pl.col("kind") != "sla"
        kind, sources = pl.col("kind"), [source_of(fact) for fact in self.facts]
        asked = kind.is_in(["merged", "deleted"]) | (
            (kind == "field") & pl.col("field").is_in(list(self._spelled.values()))
        )
        if any(source.messages for source in sources):
            asked |= kind == "message"
        return asked | (kind == "rating") if any(source.ratings for source in sources) else asked

    def _with_fields(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Every field as it was after each event; see the module's description."""
        last = (pl.col("t") != pl.col("t").shift(-1)).fill_null(value=True)
        later = {}
        for name, spelled in self._spelled.items():
            changed = (pl.col("kind") == "field") & (pl.col("field") == spelled)
            old = pl.when(changed).then(_entries(name, pl.col("old")).fill_null(_MISSING))
            later[name] = pl.when(last).then(pl.lit(_PRESENT)).otherwise(old.shift(-1)).backward_fill()
        now = self.snapshot.tickets.lazy().select(
            pl.col("id"), **{name: _present(own) for name, own in self._spelled.items()}
        )
        now = self.tickets.lazy().select("t", "id").join(now, on="id").drop("id")
        joined = events.with_columns(**later).join(now, on="t", how="left", suffix="|now", maintain_order="left")
        settled = {name: _settled(name, _or_now(name)) for name in self.fields}
        return joined.with_columns(**settled).drop(f"{name}|now" for name in self.fields)

    def _with_all_messages(self, frame: pl.DataFrame, facts: Collection[str]) -> pl.DataFrame:
        """``customer_messages``, a count in the steps, as the text of so many messages."""
        if "customer_messages" not in facts:
            return frame
        text = pl.when(pl.col("text") != "").then("text")
        said = self.steps.filter("_customer").group_by("t", maintain_order=True).agg(_said=text)
        frame = frame.join(said, on="t", how="left", maintain_order="left")
        heard = pl.col("_said").list.head(pl.col("customer_messages")).list.join("\n", ignore_nulls=True)
        return frame.with_columns(customer_messages=pl.when(heard != "").then(heard)).drop("_said", "text")


def _tickets(snapshot: Snapshot, *, with_sample: bool) -> pl.DataFrame:
    """The tickets that existed: ``t``, what never changes, and whether they are gone whatever the events say."""
    ends = snapshot.events.lazy().filter(pl.col("kind").is_in(["merged", "deleted"])).select(id="ticket").unique()
    rated = snapshot.events.lazy().filter(pl.col("kind") == "rating").select(id="ticket").unique()
    rows = snapshot.tickets.lazy().filter(pl.col("created") <= snapshot.at)
    rows = rows.join(ends.with_columns(_ends=True), on="id", how="left", maintain_order="left")
    rows = rows.join(rated.with_columns(_rated=True), on="id", how="left", maintain_order="left").with_row_index("t")
    frame = rows.select(
        pl.col("t").cast(pl.Int32),
        "id",
        "created",
        url=pl.when(pl.col("url") != "").then("url"),
        _called=pl.coalesce(pl.col("url").str.extract(KEY_IN_ADDRESS), "id"),
        _updated="updated",
        _whole=pl.col("history_from").is_null(),
        _gone=(pl.col("merged_into").is_not_null() | pl.col("deleted").fill_null(value=False))
        & pl.col("_ends").is_null(),
        _csat=pl.when(pl.col("_rated").is_null()).then("csat"),
    ).collect()
    return frame.with_columns(sample=_shares(frame["id"])) if with_sample else frame


def _shares(ids: pl.Series) -> pl.Series:
    """A number from 0 up to 1 for every ticket id, the same on every machine: the first bytes of its SHA-256."""
    digests = (hashlib.sha256(ticket.encode()).digest() for ticket in ids)
    return pl.Series([int.from_bytes(digest[:6], "big") / 2**48 for digest in digests], dtype=pl.Float64)


# --- fields: from the ticket's row and from an event to one typed column ----------------------------------------------


def _present(name: str) -> pl.Expr:
    if name.startswith(FIELD):
        return _entries(name, _custom(name.removeprefix(FIELD)))
    if name in LISTS:
        return SEPARATOR + pl.col(name).list.join(SEPARATOR) + SEPARATOR
    return pl.col(name).dt.strftime(_ISO) if name == "due" else pl.col(name)


def _custom(name: str) -> pl.Expr:
    """A custom field out of the JSON object of all; a JSON path cannot name every field."""
    if not {'"', "\\"} & set(name):
        return pl.col("custom").str.json_path_match(f'$["{name}"]')

    def picked(texts: pl.Series) -> pl.Series:
        return pl.Series([encode(_value(json.loads(text or "{}").get(name))) for text in texts], dtype=pl.String)

    return pl.col("custom").map_batches(picked, return_dtype=pl.String)


def _value(read: str | list[str] | None) -> Value:
    return tuple(read) if isinstance(read, list) else read


def _entries(name: str, text: pl.Expr) -> pl.Expr:
    """A value as an event holds it, as a column holds it: lists, JSON arrays there, with separators."""
    if not (name in LISTS or name.startswith(FIELD)):
        return text
    is_list = text.str.contains(_JSON_TEXTS)
    entries = pl.when(is_list).then(text).str.json_decode(pl.List(pl.String)).list.join(SEPARATOR)
    one = pl.when(~text.is_in(["", "[]"])).then(text)
    return SEPARATOR + pl.when(is_list).then(entries).otherwise(one) + SEPARATOR


def _or_now(name: str) -> pl.Expr:
    return pl.when(pl.col(name) != _PRESENT).then(name).otherwise(f"{name}|now")


def _settled(name: str, text: pl.Expr) -> pl.Expr:
    """A field typed; empty texts and empty lists are missing."""
    if name == "due":
        return pl.when(text != _MISSING).then(text).str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    return pl.when(~text.is_in([_MISSING, "", SEPARATOR + SEPARATOR])).then(text)


# --- facts that the instant itself goes into --------------------------------------------------------------------------

_WAITS_UNTIL = pl.min_horizontal("now", "solved")
_FINISHED = {
    "first_reply_took": pl.col("first_reply") - pl.col("created"),
    "resolution_took": pl.col("solved") - pl.col("created") - pl.col("_lost"),
    "longest_wait": pl.max_horizontal("_waited", _WAITS_UNTIL - pl.col("unanswered_since"), timedelta(0)),
    "csat": pl.coalesce("csat", "_csat"),
    **{text: pl.when(pl.col(text) != "").then(text) for text in ("last_customer_message", "last_agent_message")},
    "csat_comment": pl.when(pl.col("csat_comment") != "").then("csat_comment"),
}


def _finished(facts: Collection[str]) -> dict[str, pl.Expr]:
    """Durations up to the instant; a rating that no event tells of; empty texts as missing ones."""
    return {fact: column for fact, column in _FINISHED.items() if fact in facts}


def _cut(facts: Collection[str]) -> dict[str, pl.Expr]:
    """Facts that need the whole history are missing where it is not there."""
    return {fact: pl.when("_whole").then(fact) for fact in REACHING_BACK if fact in facts}
