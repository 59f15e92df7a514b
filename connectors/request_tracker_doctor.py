"""What can be wrong between us and a Request Tracker, found out without writing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import ConnectorError
from .clock import agreement
from .request_tracker_rest import PAGE, levels_on
from .request_tracker_words import instant, quoted
from .transport import header_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from .base import Finding
    from .request_tracker_rest import Rest
    from .request_tracker_words import Row, Words


def findings(rest: Rest, words: Words, now: Callable[[], datetime]) -> Iterator[Finding]:
    """One finding after another; the first that makes the others pointless is the last."""
    try:
        yield from _reach(rest, now)
        yield from _account(rest)
        yield from _fields(rest, words)
        yield from _statuses(rest, words)
        yield from _tickets(rest)
    except ConnectorError as error:
        yield "error", error.message, error.hint


def _reach(rest: Rest, now: Callable[[], datetime]) -> Iterator[Finding]:
    answer = rest.transport.get("rt")
    yield "ok", f"{rest.transport.base_url} answers: Request Tracker {_version(answer.text)}", ""
    yield agreement("the desk", header_time(answer.headers.get("Date")), now())


def _version(text: str) -> str:
    return text.partition('"Version"')[2].strip(' :"\n').partition('"')[0] or "of unknown version"


def _account(rest: Rest) -> Iterator[Finding]:
    me = rest.me()
    yield "ok", f"we are {me['Name']}", ""
    if not me.get("Privileged"):
        yield "error", f"{me['Name']} is not a privileged user", "tick 'Let this user be granted rights' for it in RT"
    if rest.page("transactions", "id > 0", "Type").get("total") is not None:
        hint = "give makegood an account of its own with only the rights it needs, so that RT can refuse what it must not do"
        yield "warning", f"{me['Name']} is a superuser: RT will refuse it nothing", hint


def _fields(rest: Rest, words: Words) -> Iterator[Finding]:
    names = {row["Name"] for row in rest.fields()}
    for fact, name in words.fields.items():
        if name not in names:
            hint = f"make it in RT, grant SeeCustomField and ModifyCustomField, or correct map.{fact} in makegood.toml"
            yield "error", f"map.{fact} names the custom field {name}, which does not exist or is hidden from us", hint
    if not names & {words.field_for("tags", "Tags")}:
        yield "warning", "tickets have no custom field for tags", "add one called Tags that takes multiple values"
    if names:
        yield "ok", f"custom fields of tickets: {', '.join(sorted(names))}", ""


def _statuses(rest: Rest, words: Words) -> Iterator[Finding]:
    strange = rest.strange_statuses(words)
    for word in strange:
        yield (
            "warning",
            f"the status {word} is not mapped and counts as open",
            "add it to words.status in makegood.toml",
        )
    if not strange:
        yield "ok", "every status in use is mapped", ""


def _tickets(rest: Rest) -> Iterator[Finding]:
    """What one recent ticket in every queue shows of rights, zone and service levels."""
    queues = rest.queues()
    if not queues:
        yield "error", "the account sees no queue", "give it SeeQueue and ShowTicket"
    for queue in queues:
        row = _newest(rest, f"Queue = {quoted(queue['Name'])}")
        if row is None:
            yield "ok", f"queue {queue['Name']}: no ticket to look at", ""
        else:
            yield from _rights(rest, row, queue["Name"])
        if levels_on(queue):
            hint = (
                "read it as sla.rt, let rules leave due alone there, keep promises in a custom field (map.promise_due)"
            )
            yield "warning", f"queue {queue['Name']}: RT's own service levels write Due", hint
    newest = _newest(rest, "id > 0")
    if newest:
        yield from _zone(rest, newest)
        yield from _hidden(rest, newest)


def _newest(rest: Rest, sql: str) -> Row | None:
    rows: list[Row] = rest.page("tickets", sql, "LastUpdated,Status,Priority", order="DESC")["items"]
    return rows[0] if rows else None


_LINKS = {"comment": "CommentOnTicket", "correspond": "ReplyToTicket", "lifecycle": "ModifyTicket"}


def _rights(rest: Rest, row: Row, queue: str) -> Iterator[Finding]:
    """A write without its right would be answered 200 and swallowed; the links RT offers show what we may do."""
    ticket = rest.ticket(str(row["id"])) or {}
    offered = {link.get("ref") for link in ticket.get("_hyperlinks") or []}
    missing = [right for ref, right in _LINKS.items() if ref not in offered]
    if missing:
        hint = f"grant {', '.join(missing)} (and OwnTicket, ReassignTicket, ModifyCustomField where rules need them)"
        yield "error", f"queue {queue}: writes would be refused or silently swallowed", hint
    else:
        yield "ok", f"queue {queue}: we may change tickets, comment and reply", ""


def _zone(rest: Rest, row: Row) -> Iterator[Finding]:
    """RT reads times in a search in the account's own zone: a ticket sought by its time is found in UTC only."""
    at = instant(row["LastUpdated"])
    if at is None:
        return
    stamp = f"{at:%Y-%m-%d %H:%M}"
    found = rest.page(
        "tickets", f"id = {row['id']} AND LastUpdated >= '{stamp}:00' AND LastUpdated <= '{stamp}:59'", "id"
    )
    if found["items"]:
        yield "ok", "the account's time zone is UTC", ""
    else:
        yield (
            "error",
            "the account's time zone is not UTC",
            "set Timezone to UTC in its RT preferences: it misreads our times",
        )


def _hidden(rest: Rest, row: Row) -> Iterator[Finding]:
    """The feed must show the newest change of a ticket that we see; a short page before another has hidden rows in it."""
    feed = rest.transactions("id > 0", order="DESC")
    if not rest.histories([str(row["id"])]):
        yield "error", "the change feed shows nothing of a ticket we can see", "grant ShowTicket in every queue"
    elif len(feed) < PAGE and rest.transactions("id > 0", order="DESC", page=2):
        hint = (
            "grant SeeQueue, ShowTicket and ShowTicketComments in every queue, or changes behind hidden ones come late"
        )
        yield "warning", "some tickets' changes are hidden from us", hint
    else:
        yield "ok", "the change feed shows every ticket's changes", ""
