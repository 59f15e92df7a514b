"""What can be wrong between us and a Zendesk account, found out without writing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import AuthFailed, ConnectorError
from .clock import agreement
from .transport import answered
from .zendesk_http import API_TOKENS_END, SCOPE
from .zendesk_lists import whole_desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from .base import Finding
    from .zendesk_http import Http
    from .zendesk_words import Desk, Row, Words

_NOT_OURS = (401, 403, 404, 422)


def findings(http: Http, words: Words, now: Callable[[], datetime], *, by_token: bool) -> Iterator[Finding]:
    """One finding after another; the first that makes the others pointless is the last."""
    try:
        me = http.json("users/me")["user"]
        yield from _account(http, me)
        yield agreement("Zendesk", http.desk_time, now())
        yield from _way_in(http, now, by_token=by_token)
        yield from _exports(http, now)
        desk, _ = whole_desk(http)
        yield from _fields(desk, words)
        yield from _satisfaction(http)
        yield from _service_levels(desk)
        yield from _routing(desk)
        yield from _limits(http)
    except ConnectorError as error:
        yield "error", error.message, error.hint


def _account(http: Http, me: Row) -> Iterator[Finding]:
    yield "ok", f"{http.base_url} answers; we are {me.get('email') or me.get('name')}", ""
    if me.get("role") != "admin":
        hint = "make it an administrator: exports, SLA policies and ratings are closed to others"
        yield "error", f"our account has the role {me.get('role')}", hint
    if me.get("restricted_agent") or me.get("ticket_restriction"):
        yield "warning", "our account may not see all tickets", "give it access to all tickets in its role"


def _way_in(http: Http, now: Callable[[], datetime], *, by_token: bool) -> Iterator[Finding]:
    if by_token:
        days = (API_TOKENS_END - now().date()).days
        hint = "make an OAuth client with the client credentials grant and set client_id and client_secret: docs/zendesk.md"
        left = f"in {days} days" if days > 0 else "already"
        yield "warning", f"we use an API token: Zendesk ends them on {API_TOKENS_END:%Y-%m-%d}, {left}", hint
        return
    answer = http.get("oauth/tokens/current", also=_NOT_OURS)
    scopes = set((answered(answer).get("token") or {}).get("scopes") or ()) if answer.status_code < 300 else set()
    missing = sorted(set(SCOPE.split()) - scopes) if scopes else []
    if missing:
        hint = "give the OAuth client the scopes read and write; tickets:read does not open audits and exports"
        yield "error", f"our token lacks the scope {', '.join(missing)}", hint
    else:
        yield "ok", "we get in by OAuth client credentials", ""


def _exports(http: Http, now: Callable[[], datetime]) -> Iterator[Finding]:
    """The incremental export is the one right without which nothing works; the question is for one second, an hour ago."""
    start = int(now().timestamp()) - 3600
    try:
        http.json("incremental/tickets/cursor", {"start_time": str(start), "per_page": "1", "include": "slas"})
    except AuthFailed:
        hint = "the account must be an administrator on a plan with the incremental export API"
        yield "error", "we may not read the incremental exports", hint
    else:
        yield "ok", "the incremental exports are open to us", ""


def _fields(desk: Desk, words: Words) -> Iterator[Finding]:
    for fact, name in words.fields.items():
        if desk.field_named(name) is None:
            hint = f"make it in Zendesk (Objects and rules, Tickets, Fields), or correct map.{fact} in makegood.toml"
            yield "error", f"map.{fact} names the ticket field {name}, which does not exist", hint
    yield "ok", f"{len(desk.groups)} groups, {len(desk.members)} agents in them, {len(desk.fields)} ticket fields", ""
    own = (
        f"custom statuses: {', '.join(name for name, _ in desk.statuses.values())}"
        if desk.statuses
        else "stock statuses"
    )
    yield "ok", own, ""


def _satisfaction(http: Http) -> Iterator[Finding]:
    answer = http.get("satisfaction_ratings", {"page[size]": "1"}, also=_NOT_OURS)
    if answer.status_code >= 300:
        yield (
            "warning",
            "satisfaction ratings are not open to us, or not in this plan",
            "ratings still show on tickets, if there are any",
        )
    elif answered(answer).get("satisfaction_ratings"):
        yield "ok", "customers rate tickets as good or bad", ""
    else:
        text = "no rating is listed: either the newer survey is in use, or nobody was asked yet; both are read from the tickets"
        yield "ok", text, ""


def _service_levels(desk: Desk) -> Iterator[Finding]:
    if desk.slas:
        hint = "read them as sla.<name>; a `deadline` beside them would tell people two different times"
        yield "ok", f"SLA policies set targets for {', '.join(desk.slas)}", hint
    else:
        yield "ok", "no SLA policies", ""


def _routing(desk: Desk) -> Iterator[Finding]:
    if desk.routes:
        hint = "let rules assign only what it does not take, or turn it off for the groups that rules assign in"
        yield "warning", "omnichannel routing is on and assigns tickets too", hint


def _limits(http: Http) -> Iterator[Finding]:
    seen = http.limits.seen()
    if seen:
        told = ", ".join(f"{name} {total}" for name, total in sorted(seen.items()))
        yield "ok", f"limits in a minute: {told}", ""
