"""The writing of one issue: a call for each comment, one ``PUT`` for the fields, a transition for the status.

Jira checks no version: the issue is read right before, and what it shows is compared. Comments go first: should a run be cut off
behind them, the rule still holds and the next one writes the rest; a comment behind a changed field would never be wanted again. The
status goes last, because a workflow may want fields for a transition, or close the issue to editing behind it. Transitions have
numbers that change with the workflow, so the way to a status is looked up at the moment it is gone. A comment is internal unless a
rule replies.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from .base import AuthFailed, Conflict, ConnectorError, Gone, Outcome, Rejected, Retryable
from .changes import MESSAGES, done, holds, message_of, same, shown, value_of
from .jsm_history import OURS, comment_number
from .jsm_http import API, DESK
from .jsm_text import wiki_text
from .jsm_write import STATUS
from .transport import Invalid, Unsure, answered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .base import Change, Result
    from .jsm_http import Http
    from .jsm_words import Row
    from .jsm_write import Writing
    from .ticket import Event, Ticket

_SENDINGS = 3
"""How often a call is sent that a look shows not to have arrived."""
EXPAND = "changelog,transitions.fields"
"""What is told inside an issue besides: the newest entries of its changelog, and where its workflow lets us go."""
_SILENT = (
    "Jira answered that all was well and changed nothing: the account may not set this, or a rule of yours took it back"
)


class Look(NamedTuple):
    """An issue at one moment: as it came, as a ticket, and what it tells of its past."""

    row: Row
    ticket: Ticket
    events: Sequence[Event]


@dataclass
class Visit:
    """The writing of one issue. ``look`` reads it as it is now, ``seen`` makes a look of an issue that came as an answer."""

    http: Http
    writing: Writing
    before: Look
    look: Callable[[], Look]
    seen: Callable[[Row], Look]
    now: Look = field(init=False)
    stale: bool = False
    sent: dict[str, str] = field(default_factory=dict)
    told: dict[str, Outcome] = field(default_factory=dict)
    ended: tuple[Result, str] | None = None

    def __post_init__(self) -> None:
        self.now = self.before

    def write(self, changes: Sequence[Change]) -> tuple[Outcome, ...]:
        """Sends what is not so already, reads it back, and says what became of each change.

        Raises:
            ConnectorError: nothing was written, and nothing of it says which change is to blame.
        """
        wanted = [self.writing.fitted(change) for change in changes]
        asked = self._possible(wanted)
        for change in asked:
            if change.action in MESSAGES:
                self._attempt([change], lambda change=change: self._say(change))  # type: ignore[misc]
        fields = [change for change in asked if change.action not in MESSAGES and change.field not in STATUS]
        if fields:
            self._attempt(fields, lambda: self._put(fields))
        for change in asked:
            if change.field in STATUS:
                self._attempt([change], lambda change=change: self._move(change))  # type: ignore[misc]
        self._fresh()
        return tuple(self.told.get(change.id) or self._outcome(change) for change in wanted)

    def _possible(self, changes: Sequence[Change]) -> list[Change]:
        """Those that have to be sent; the others have their outcome already."""
        for change in changes:
            why = self.writing.impossible(change)
            if change.action not in MESSAGES and not why and self._holds(change):
                self.told[change.id] = Outcome(change.id, "already")
            elif why:
                self.told[change.id] = Outcome(change.id, "refused", why)
        return [change for change in changes if change.id not in self.told]

    def _holds(self, change: Change) -> bool:
        return holds(self.before.ticket, change, number=self.writing.counts(change.field))

    def _done(self, change: Change) -> bool:
        return done(self.before.ticket, change, self.now.ticket, number=self.writing.counts(change.field))

    @property
    def _where(self) -> str:
        return f"{API}/issue/{self.before.ticket.id}"

    # --- calls ------------------------------------------------------------------------------------------------------------

    def _attempt(self, changes: Sequence[Change], send: Callable[[], None]) -> None:
        """One step. What goes wrong before anything was written concerns the whole visit; later it ends it."""
        if self.ended:
            self._tell(changes, *self.ended)
            return
        try:
            self._surely(changes, send)
        except Rejected as refused:
            self._tell(changes, "refused", refused.message)
        except (Conflict, Gone, AuthFailed, Retryable) as error:
            if not self.sent:
                raise
            self._end(changes, _AS_OUTCOME.get(type(error), "failed"), error.message)

    def _end(self, changes: Iterable[Change], result: Result, detail: str) -> None:
        """Leaves the rest of the visit to the next run: the rules that want it hold as long as their fields are not written."""
        self.ended = result, detail
        self._tell(changes, result, detail)

    def _surely(self, changes: Sequence[Change], send: Callable[[], None]) -> None:
        """Sends, and looks where the answer got lost; what a look shows not to have arrived is sent again a few times."""
        for left in reversed(range(_SENDINGS)):
            try:
                send()
            except Unsure as lost:
                if self._arrived(changes):
                    return
                if lost.late or not left:
                    self._end(changes, "failed", f"it did not arrive ({lost.message})")
                    return
            else:
                return

    def _tell(self, changes: Iterable[Change], result: Result, detail: str) -> None:
        for change in changes:
            self.told.setdefault(change.id, Outcome(change.id, result, detail))

    def _did(self, changes: Iterable[Change], number: str = "") -> None:
        self.sent |= {change.id: number for change in changes}

    def _fresh(self) -> None:
        """Reads the issue again if something was done to it since.

        Raises:
            Unsure: it cannot be read, so nobody knows yet what became of the changes.
        """
        if not self.stale:
            return
        try:
            self.now, self.stale = self.look(), False
        except ConnectorError as error:
            raise Unsure(f"written, and could not be read back: {error.message}", hint=error.hint) from error

    def _arrived(self, changes: Sequence[Change]) -> bool:
        """Whether a call arrived whose answer got lost: the issue itself tells."""
        known = {event.id for event in self.now.events}
        self.stale = True
        self._fresh()
        wrote = {e.field for e in self.now.events if e.id not in known and e.actor == self.writing.desk.me}
        for change in changes:
            event = self._found(change) if change.action in MESSAGES else ""
            if event or (change.action not in MESSAGES and (change.field in wrote or self._done(change))):
                self._did([change], event)
        return any(change.id in self.sent for change in changes)

    def _found(self, change: Change) -> str:
        """The event of a message that was sent and not answered, among what was said since."""
        old = {event.id for event in self.before.events}
        shown = min((event.at for event in self.before.events if event.kind == "message"), default=None)
        fresh = [
            event
            for event in self.now.events
            if event.id not in old and event.id not in self.sent.values() and (shown is None or event.at >= shown)
        ]
        turned = [replace(event, public=not event.public) for event in fresh]
        me = self.writing.desk.me
        found = message_of(change, me, fresh) or message_of(change, me, turned)
        return found.id if found else ""

    def _put(self, changes: Sequence[Change]) -> None:
        """All fields at once. One invalid value makes Jira refuse them all: what it blames stays out, the rest is sent again."""
        try:
            self._take(self._write("PUT", self._address(), self.writing.body(changes, self.now.ticket.tags)))
            self._did(changes)
        except Unsure:
            raise
        except Invalid as refused:
            blamed = [change for change in changes if self.writing.number_of(change) in refused.details] or changes
            fields = [self.writing.number_of(change) for change in blamed]
            alike = [change for change in blamed if fields.count(self.writing.number_of(change)) > 1]
            self._excluded(_without(changes, alike), _without(blamed, alike), refused.message)
            for change in alike:
                self._attempt([change], lambda change=change: self._put([change]))  # type: ignore[misc]
        except Rejected as refused:
            self._excluded(changes, changes, refused.message)

    def _excluded(self, changes: Sequence[Change], blamed: Sequence[Change], why: str) -> None:
        rest = _without(changes, blamed)
        owner = [change for change in blamed if change.field == "assignee"]
        self._tell([change for change in blamed if change not in owner], "refused", why)
        for change in owner:
            self._attempt([change], lambda change=change: self._assign(change))  # type: ignore[misc]
        if rest:
            self._attempt(rest, lambda: self._put(rest))

    def _assign(self, change: Change) -> None:
        """The owner alone, which needs no right to edit and no place on a screen."""
        who = change.new if isinstance(change.new, str) else None
        body = self.writing.person(who) or {"accountId" if self.writing.desk.cloud else "name": None}
        self._write("PUT", f"{self._where}/assignee", body)
        self._did([change])

    def _address(self) -> str:
        """Where fields are written; Cloud answers with the issue, and keeps mails back where we are allowed to ask for that."""
        asked = {"returnIssue": "true", "expand": EXPAND} if self.writing.desk.cloud else {}
        project = str((self.before.row["fields"].get("project") or {}).get("id"))
        if project in self.writing.desk.quiet:
            asked["notifyUsers"] = "false"
        return f"{self._where}?{urlencode(asked)}" if asked else self._where

    def _write(self, method: str, path: str, body: Row) -> Any:
        """What Jira answered, ``None`` where that is nothing.

        Raises:
            Unsure: something else answered, a login page for example.
        """
        answer = self.http.write(method, path, body)
        self.stale = True
        if answer.status_code == 204:
            return None
        try:
            return answered(answer)
        except Rejected as strange:
            raise Unsure(strange.message, hint=strange.hint) from None

    def _take(self, said: Any) -> None:
        """The issue as a ``PUT`` answered it; where it did not, it is read again."""
        if said:
            try:
                self.now, self.stale = self.seen(said), False
            except (ConnectorError, KeyError, TypeError):
                self.stale = True

    # --- the status ---------------------------------------------------------------------------------------------------------

    def _move(self, change: Change) -> None:
        self._fresh()
        if holds(self.now.ticket, change):
            self._tell([change], "already", "")
            return
        ways = self.now.row.get("transitions")
        if ways is None:
            ways = self.http.object(f"{self._where}/transitions", {"expand": "transitions.fields"}).get("transitions")
        fitting = self._fitting(change, ways or ())
        chosen = next((way for way in fitting if not self._missing(way)), None)
        if chosen is None:
            self._tell([change], "refused", self._no_way(change, fitting, ways or ()))
            return
        body: Row = {"transition": {"id": str(chosen["id"])}}
        if fields := self._resolved(chosen):
            body["fields"] = fields
        self._write("POST", f"{self._where}/transitions", body)
        self._did([change])

    def _fitting(self, change: Change, ways: Iterable[Row]) -> list[Row]:
        """The transitions to what is wanted, the best first."""
        wish, words = str(change.new), self.writing.words
        if change.field == "status_name":
            return [way for way in ways if _target(way)[0].casefold() == wish.casefold()]
        fitting = [way for way in ways if words.category(*_target(way)) == wish]
        return sorted(fitting, key=lambda way: words.rank(wish, _target(way)[0]))

    def _missing(self, way: Row) -> list[str]:
        """Fields that a transition asks for, that are empty, and that we have nothing for."""
        held, filled = self.now.row["fields"], self._resolved(way)
        return [
            str(said.get("name") or number)
            for number, said in (way.get("fields") or {}).items()
            if said.get("required")
            and not said.get("hasDefaultValue")
            and number not in filled
            and held.get(number, number) in (None, "", [])
        ]

    def _resolved(self, way: Row) -> Row:
        """The resolution, where a transition's screen has it and the issue has none."""
        said = (way.get("fields") or {}).get("resolution")
        if said is None or self.now.row["fields"].get("resolution"):
            return {}
        allowed = [str(each.get("name")) for each in said.get("allowedValues") or ()]
        wish = self.writing.words.resolution
        chosen = next((name for name in allowed if name.casefold() == wish.casefold()), None)
        return {"resolution": {"name": chosen}} if chosen else {}

    def _no_way(self, change: Change, fitting: Sequence[Row], ways: Iterable[Row]) -> str:
        here = self.now.ticket.status_name or "here"
        if fitting:
            fields = ", ".join(self._missing(fitting[0]))
            return f"the transition {fitting[0].get('name')} asks for {fields}: set that in the rule, too"
        known = ", ".join(dict.fromkeys(_target(way)[0] for way in ways)) or "nowhere"
        return f"from {here} no transition of ours leads to {change.new}, only to: {known}"

    # --- messages -----------------------------------------------------------------------------------------------------------

    def _say(self, change: Change) -> None:
        public, text = MESSAGES[change.action], wiki_text(change.text or "")
        request = bool(self.now.row["fields"].get(self.writing.desk.special.get("request_type", "")))
        if public and not request:
            self._tell([change], "refused", "this issue is no customer request: nobody would get the reply")
            return
        if public:
            mark = [{"key": OURS, "value": {"marker": change.marker}}] if change.marker else []
            said = self._write("POST", f"{self._where}/comment", {"body": text, "properties": mark})
        elif request:
            said = self._noted(text)
        else:
            internal = [{"key": "sd.public.comment", "value": {"internal": True}}]
            said = self._write("POST", f"{self._where}/comment", {"body": text, "properties": internal})
        try:
            self._did([change], comment_number(said))
        except (KeyError, TypeError) as error:
            raise Unsure("the comment was answered with something else than the comment") from error

    def _noted(self, text: str) -> Any:
        """An internal comment on a request; service management does not know it either where we are no agent of the project."""
        try:
            return self._write(
                "POST", f"{DESK}/request/{self.before.ticket.id}/comment", {"body": text, "public": False}
            )
        except Gone as hidden:
            self.look()
            raise Rejected(hidden.message, hint="make our account an agent of the project") from None

    # --- what became of it ----------------------------------------------------------------------------------------------------

    def _outcome(self, change: Change) -> Outcome:
        if change.action in MESSAGES:
            return self._heard(change)
        name = change.field or ""
        now, was = value_of(self.now.ticket, name), value_of(self.before.ticket, name)
        if self._done(change):
            return Outcome(change.id, "applied")
        if same(name, now, was):
            return Outcome(change.id, "refused", _SILENT)
        return Outcome(change.id, "partly", f"Jira, or a rule of yours, made it {shown(now)} instead")

    def _heard(self, change: Change) -> Outcome:
        said = next((event for event in self.now.events if event.id == self.sent.get(change.id)), None)
        if said is None:
            return Outcome(change.id, "refused", _SILENT)
        if said.public == MESSAGES[change.action]:
            return Outcome(change.id, "applied")
        how = "customers can see it" if said.public else "no customer sees it"
        return Outcome(change.id, "partly", f"it was written, but {how}: look at the issue, and at doctor")


_AS_OUTCOME: dict[type[ConnectorError], Result] = {Conflict: "conflict", Gone: "skipped"}


def _without(changes: Sequence[Change], others: Sequence[Change]) -> list[Change]:
    return [change for change in changes if change not in others]


def _target(way: Row) -> tuple[str, str]:
    """Name and category key of the status that a transition leads to."""
    to = way.get("to") or {}
    return str(to.get("name")), str((to.get("statusCategory") or {}).get("key"))
