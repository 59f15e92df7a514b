"""What can be wrong between us and a Jira site, found out without writing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import ConnectorError
from .clock import agreement
from .jsm_http import API, DESK
from .jsm_lists import NEEDED, QUIET, catalogue_of, may, whole_desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from .base import Finding
    from .jsm_http import Http
    from .jsm_words import Desk, Row, Words

_AGENT = "SERVICEDESK_AGENT"
_USERS, _BULK = "USER_PICKER", "BULK_CHANGE"
_DOES = {
    "BROWSE_PROJECTS": "see its issues",
    "EDIT_ISSUES": "edit issues",
    "ASSIGN_ISSUES": "assign issues",
    "TRANSITION_ISSUES": "change the status",
    "ADD_COMMENTS": "comment",
    _AGENT: "work as an agent, and so read and write internal comments",
}


def findings(http: Http, words: Words, now: Callable[[], datetime]) -> Iterator[Finding]:
    """One finding after another; the first that makes the others pointless is the last."""
    try:
        yield from _site(http, http.object(f"{API}/serverInfo"))
        yield from _account(http.object(f"{API}/myself"))
        yield agreement("Jira", http.desk_time, now())
        desk, _ = whole_desk(http, words)
        yield from _service(http, desk)
        yield from _rights(http, desk)
        yield from _users(http, desk)
        yield from _fields(desk, words)
        yield from _statuses(desk, words)
        yield from _service_levels(desk)
        yield from _rules_of_jira()
        yield from _limits(http)
    except ConnectorError as error:
        yield "error", error.message, error.hint


def _site(http: Http, info: Row) -> Iterator[Finding]:
    cloud = info.get("deploymentType") == "Cloud"
    kind = "Jira Cloud" if cloud else f"Jira Data Center {info.get('version')}"
    yield "ok", f"{http.base_url} answers: {kind}", ""
    place = str(info.get("baseUrl") or "").rstrip("/")
    if not cloud and place and not http.base_url.startswith(place):
        hint = "set it right in Jira's general configuration: links in notes and mails are made of it"
        yield "warning", f"Jira takes its own address to be {place}", hint


def _account(me: Row) -> Iterator[Finding]:
    who = me.get("emailAddress") or me.get("displayName")
    yield "ok", f"we are {who}; the account's time zone is {me.get('timeZone')}, and no search depends on it", ""


def _service(http: Http, desk: Desk) -> Iterator[Finding]:
    info = http.maybe(f"{DESK}/info", also=(401, 403, 404))
    if info is None:
        hint = "without it there are no requests, SLAs and ratings, and internal notes depend on a property"
        yield "warning", "Jira Service Management is not installed here, or closed to our account", hint
    elif not info.get("isLicensedForUse"):
        yield "error", "Jira Service Management has no valid licence", "renew it, or nothing of it can be read"
    else:
        names = ", ".join(f"{key} ({name})" for key, name, _ in desk.projects.values())
        yield "ok", f"Jira Service Management {info.get('version') or ''} is licensed; projects: {names}", ""


def _rights(http: Http, desk: Desk) -> Iterator[Finding]:
    for key, _, service in desk.projects.values():
        needed = (*NEEDED, _AGENT) if service else NEEDED
        held = may(http, key, (*needed, QUIET))
        missing = [_DOES[name] for name in needed if not held[name]]
        if missing:
            hint = "put our account into the role Service Desk Team of the project, or correct its permission scheme"
            yield "error", f"in {key} our account may not {'; nor '.join(missing)}", hint
        else:
            yield "ok", f"in {key} our account has every right that rules need", ""
        if not held[QUIET]:
            hint = "to keep them back, give our account the right Administer projects there"
            yield "warning", f"in {key} Jira mails the watchers of an issue about each of our changes", hint


def _users(http: Http, desk: Desk) -> Iterator[Finding]:
    said = http.object(f"{API}/mypermissions", {"permissions": f"{_USERS},{_BULK}"}).get("permissions") or {}
    held = {name: bool((said.get(name) or {}).get("havePermission")) for name in (_USERS, _BULK)}
    if not held[_USERS]:
        hint = "give it the global permission Browse users and groups, or agents and people in copy cannot be found"
        yield "error", "our account may not look up users", hint
    bulk = "has" if held[_BULK] else "has not"
    yield (
        "ok",
        f"our account {bulk} the right to change issues in bulk, which we never use: no version is checked there",
        "",
    )
    yield "ok", f"{len(desk.members)} people may own issues; groups: {', '.join(desk.groups) or 'none'}", ""


def _fields(desk: Desk, words: Words) -> Iterator[Finding]:
    for fact, name in words.fields.items():
        if desk.field_named(name) is None:
            hint = f"make it in Jira (Settings, Work items, Fields), or correct map.{fact} in makegood.toml"
            yield "error", f"map.{fact} names the field {name}, which does not exist", hint
    yield "ok", f"{len(desk.fields)} custom fields, {len(desk.forms)} request types, {len(desk.types)} issue types", ""


def _statuses(desk: Desk, words: Words) -> Iterator[Finding]:
    unsure = [word.partition(": ")[2] for word in catalogue_of(desk, words).unmapped]
    if unsure:
        hint = "say in makegood.toml under [helpdesks.NAME.words.status] what they mean, for example pending = [...]"
        yield "warning", f"we take these statuses for work in progress: {', '.join(unsure)}", hint
    else:
        yield "ok", f"all {len(desk.statuses)} statuses have a meaning", ""


def _service_levels(desk: Desk) -> Iterator[Finding]:
    if desk.slas:
        hint = "read them as sla.<name>; a `deadline` beside them would tell people two different times"
        yield "ok", f"SLAs: {', '.join(sorted(desk.slas.values()))}", hint
    else:
        yield "ok", "no SLAs", ""


def _rules_of_jira() -> Iterator[Finding]:
    hint = (
        "add the condition *Initiator is not makegood* to rules that write to customers or change issues: docs/jira.md"
    )
    yield "ok", "our changes start Jira's own automation rules, and count for their monthly limit", hint


def _limits(http: Http) -> Iterator[Finding]:
    seen = http.limits.seen()
    if seen:
        yield "ok", f"Jira's limit of calls: {seen}", ""
