"""One ticket's changes through the gate: intents first, then the desk in one call, then receipts with what it shows now.

Notices wait until all tickets are written, because each receiver gets one message for all of them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..connectors.base import AuthFailed, Change, Conflict, ConnectorError, Gone, Outcome, Read, Retryable
from . import journal
from .digest import by_receiver, message
from .effects import marker, signed
from .fate import holds, message_fate, same, value_of
from .journal import Receipt
from .notify import NoticeFailed
from .settle import keep, settle
from .store import desk_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from ..connectors.base import Action, Connector, Result
    from ..connectors.ticket import Event, Ticket, Value
    from .fate import Faces
    from .notify import Notifier
    from .plan_file import PlannedChange
    from .store import Store


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one change of the plan."""

    change: PlannedChange
    outcome: str
    detail: str = ""


class _Overtaken(Exception):
    """The ticket is not what the plan was made for any more; the message says who or what changed it."""

    def __init__(self, message: str, result: Result = "conflict") -> None:
        super().__init__(message)
        self.result = result


@dataclass(slots=True)
class Writer:
    """Writes tickets for one run. ``rules`` maps rule ids to fingerprints; ``rights`` is what our account may do.

    ``out_of_reach`` counts the tickets in a row for which the desk did not answer, ``outbox`` holds the notices to send.
    """

    connector: Connector
    store: Store
    helpdesk: str
    run: str
    known_to: datetime
    rules: Mapping[str, str]
    rights: str
    faces: Faces
    notifier: Notifier
    now: Callable[[], datetime]
    out_of_reach: int = field(default=0)
    outbox: list[PlannedChange] = field(default_factory=list)

    def write(self, changes: Sequence[PlannedChange]) -> list[Told]:
        """Everything the plan wants of one ticket: what the desk writes, in one call; notices go to the outbox.

        Raises:
            AuthFailed: the desk does not let us in any more; what was under way is settled by the next run.
        """
        said = [change for change in changes if self._was_said(change)]
        again = [Told(change, "already", "this was said already since the condition began to hold") for change in said]
        return again + self._write_new([change for change in changes if change not in said])

    def _was_said(self, change: PlannedChange) -> bool:
        """Whether a message of the plan was made already: by this plan, applied before, or by another one."""
        if change.field is not None or change.episode is None:
            return False
        with self.store.reading() as connection:
            desk = desk_key(connection, self.helpdesk)
            return journal.said(connection, desk, change.effect, change.episode)

    def _write_new(self, changes: Sequence[PlannedChange]) -> list[Told]:
        notices = [change for change in changes if self._is_sent(change)]
        written = self._on_desk(_with_notes([change for change in changes if change not in notices]))
        stopped = next((told for told in written if told.outcome in ("conflict", "skipped")), None)
        if stopped:
            return written + [Told(notice, stopped.outcome, stopped.detail) for notice in notices]
        self.outbox += notices
        return written

    def _is_sent(self, change: PlannedChange) -> bool:
        """Whether it is a notice to somebody who can be reached; who cannot finds an internal note on the ticket."""
        return change.action == "notify" and self.notifier.reaches(change.who[0])

    # --- the desk -----------------------------------------------------------------------------------------------------

    def _on_desk(self, changes: Sequence[PlannedChange]) -> list[Told]:
        if not changes:
            return []
        entries = dict(zip((change.id for change in changes), self._intend(changes), strict=True))
        try:
            outcomes, ticket, read = self._call(changes)
        except AuthFailed:
            raise
        except Retryable as error:
            return self._doubtful(changes, entries, error)
        except ConnectorError as error:  # Rejected or Gone
            outcomes, ticket, read = _as_refused(changes, error), None, Read()
            if isinstance(error, Gone):
                read = Read(gone=[changes[0].ticket])
        self.out_of_reach = 0
        receipts = [self._receipt(change, entries[change.id], outcomes[change.id], ticket) for change in changes]
        keep(self.store, self.helpdesk, read, receipts, self.now())
        return [Told(change, outcomes[change.id].result, outcomes[change.id].detail) for change in changes]

    def _call(self, changes: Sequence[PlannedChange]) -> tuple[dict[str, Outcome], Ticket, Read]:
        """Write at the planned version; where the ticket moved on, look, and once more at the new one if nothing forbids."""
        try:
            return self._apply(changes, changes[0].version)
        except Conflict:
            read = self.connector.read([changes[0].ticket])
        ticket = next(iter(read.tickets), None)
        if ticket is None:
            raise Gone("the ticket is not there any more")
        try:
            there = self._look(changes, ticket, read)
            pending = [change for change in changes if change.id not in there]
            outcomes, ticket, after = self._apply(pending, ticket.version) if pending else ({}, ticket, read)
        except _Overtaken as error:
            return _same_for_all(changes, error.result, str(error)), ticket, read
        except Conflict:
            return _same_for_all(changes, "conflict", "it keeps changing while we write"), ticket, read
        return outcomes | {each: Outcome(each, "already") for each in there}, ticket, after

    def _look(self, changes: Sequence[PlannedChange], ticket: Ticket, read: Read) -> set[str]:
        """Which changes are there already. Only machines and we may have acted since, and not on what is to be written.

        Raises:
            _Overtaken: a person acted since the plan was made, a field holds neither its old nor its new value, or nobody
                can tell whether a reply is there.
        """
        if ticket.merged_into or ticket.deleted:
            what = f"it was merged into {ticket.merged_into}" if ticket.merged_into else "it was deleted"
            raise _Overtaken(what, "skipped")
        since = self.known_to.replace(microsecond=0)  # desks keep whole seconds
        for event in read.events:
            if event.at >= since and event.actor_kind in ("agent", "customer"):
                who = self.faces.handles.get(event.actor or "", event.actor or "somebody")
                raise _Overtaken(f"{who} acted on it at {event.at:%Y-%m-%d %H:%M} UTC, after the plan was made")
        return {change.id for change in changes if self._is_there(change, ticket, read.events)}

    def _is_there(self, change: PlannedChange, ticket: Ticket, events: Sequence[Event]) -> bool:
        if change.field is None:
            return self._is_said(change, events)
        if holds(ticket, change.action, change.field, change.to, self.faces):
            return True
        if change.action in ("assign", "set") and not same(value_of(ticket, change.field, self.faces), change.from_):
            raise _Overtaken(f"{change.field} changed since the plan was made")
        return False

    def _is_said(self, change: PlannedChange, events: Sequence[Event]) -> bool:
        """Whether a message is on the ticket since its episode began: a call of ours may have arrived without an answer."""
        public, since = change.action == "reply", change.episode or self.known_to
        fate = message_fate(events, text=change.text, marker=change.marker, public=public, since=since)
        if fate == "unsure":
            raise _Overtaken("a public message of ours may be this reply: look at the ticket")
        return fate == "applied"

    def _apply(self, changes: Sequence[PlannedChange], version: str) -> tuple[dict[str, Outcome], Ticket, Read]:
        """Write; a note that tells several people something is written once and answers for all of them."""
        notes: dict[tuple[str | None, str | None], str] = {}
        speaker = {
            change.id: notes.setdefault((change.marker, change.text), change.id)
            if change.action == "notify"
            else change.id
            for change in changes
        }
        wanted = [self._desk_change(change) for change in changes if speaker[change.id] == change.id]
        written = self.connector.apply(changes[0].ticket, wanted, version)
        said = {outcome.change: outcome for outcome in written.outcomes}
        outcomes = {change: replace(said[by], change=change) for change, by in speaker.items()}
        return outcomes, written.ticket, Read([written.ticket], written.events)

    def _desk_change(self, change: PlannedChange) -> Change:
        if change.action == "notify":
            return Change(change.id, "note", text=change.text, marker=change.marker)
        action: Action = change.action  # type: ignore[assignment]  # plans hold no others
        old, new = (self.faces.to_desk(change.field, value) for value in (change.from_, change.to))
        return Change(change.id, action, change.field, old, new, change.text, change.marker)

    def _doubtful(self, changes: Sequence[PlannedChange], entries: Mapping[str, int], error: Retryable) -> list[Told]:
        """The desk did not answer: look once whether the call arrived, and leave to the next run what cannot be seen."""
        self.out_of_reach += 1
        try:
            settled = settle(self.connector, self.store, self.helpdesk, now=self.now)
        except ConnectorError:
            settled = []
        known = {receipt.entry: receipt for receipt in settled}
        nothing = Receipt(0, "failed", error.message)
        receipts = [known.get(entries[change.id], nothing) for change in changes]
        return [Told(change, one.outcome, one.detail) for change, one in zip(changes, receipts, strict=True)]

    # --- notices ------------------------------------------------------------------------------------------------------

    def send(self, renew: Callable[[], None]) -> list[Told]:
        """Send the outbox, one message to each receiver; ``renew`` is called before each.

        A message that is cut off may have arrived: the next run cannot know, and sends it again.
        """
        told = []
        for notices in by_receiver(self.outbox):
            renew()
            told += self._send([notice.model_copy(update={"marker": None}) for notice in notices])
        self.outbox.clear()
        return told

    def _send(self, notices: Sequence[PlannedChange]) -> list[Told]:
        entries = self._intend(notices)
        outcome, detail = "applied", ""
        try:
            self.notifier.send(notices[0].who[0], *message(notices))
        except NoticeFailed as error:
            outcome, detail = "failed", f"{error.message} ({error.hint})" if error.hint else error.message
        with self.store.writing() as connection:
            journal.receive(connection, [Receipt(entry, outcome, detail) for entry in entries], self.now())
        return [Told(notice, outcome, detail) for notice in notices]

    # --- the journal --------------------------------------------------------------------------------------------------

    def _intend(self, changes: Sequence[PlannedChange]) -> list[int]:
        with self.store.writing() as connection:
            desk = desk_key(connection, self.helpdesk)
            return journal.intend(connection, [self._intent(desk, change) for change in changes])

    def _intent(self, desk: int, change: PlannedChange) -> dict[str, Any]:
        names = ("ticket", "rule", "rule_id", "action", "step", "field", "effect", "text", "marker")
        return {name: getattr(change, name) for name in names} | {
            "run": self.run,
            "desk": desk,
            "rule_fingerprint": self.rules.get(change.rule_id, ""),
            "change": change.id,
            "from": change.from_,
            "to": change.who if change.action == "notify" else change.to,
            "rights": self.rights,
            "version_before": change.version,
            "why": change.why if change.action == "assign" else None,
            "intent_at": self.now(),
        }

    @staticmethod
    def _receipt(change: PlannedChange, entry: int, outcome: Outcome, ticket: Ticket | None) -> Receipt:
        done = inverse_of(change) if outcome.result == "applied" else None
        return Receipt(entry, outcome.result, outcome.detail, ticket.version if ticket else None, done)


def inverse_of(change: PlannedChange) -> Mapping[str, Value] | None:
    """What would undo a change: ``action``, ``field`` and ``to``, as plans write them; None for what was said."""
    if change.field is None:
        return None
    if change.action in ("assign", "set"):
        return {"action": change.action, "field": change.field, "to": change.from_}
    before = change.from_ if isinstance(change.from_, tuple) else ()
    entries = change.to if isinstance(change.to, tuple) else ()
    if change.action == "remove_tags":
        return {"action": "add_tags", "field": change.field, "to": entries}
    undo = "remove_tags" if change.action == "add_tags" else "remove_cc"
    return {"action": undo, "field": change.field, "to": tuple(each for each in entries if each not in before)}


def _same_for_all(changes: Sequence[PlannedChange], result: Result, detail: str) -> dict[str, Outcome]:
    return {change.id: Outcome(change.id, result, detail) for change in changes}


def _as_refused(changes: Sequence[PlannedChange], error: ConnectorError) -> dict[str, Outcome]:
    """One answer for every change: the desk refused the call as such, or the ticket is gone."""
    return _same_for_all(changes, "skipped" if isinstance(error, Gone) else "refused", error.message)


def _with_notes(changes: Sequence[PlannedChange]) -> list[PlannedChange]:
    """The changes, with notices turned into an internal note that names everybody whom a rule tells the same."""
    groups: dict[tuple[str, str | None, str | None], list[PlannedChange]] = defaultdict(list)
    for change in changes:
        if change.action == "notify":
            groups[change.rule_id, change.step, change.text].append(change)
    notes = {change.id: note for group in groups.values() for change, note in _as_note(group)}
    return [notes.get(change.id, change) for change in changes]


def _as_note(notices: Sequence[PlannedChange]) -> Iterator[tuple[PlannedChange, PlannedChange]]:
    mark = marker(notices[0].effect)
    names = ", ".join(notice.who[0].partition(":")[2] for notice in notices)
    text = signed(f"For {names}: {notices[0].text}", mark)
    return ((notice, notice.model_copy(update={"marker": mark, "text": text})) for notice in notices)
