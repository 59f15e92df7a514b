"""One pull of Jira: the site's lists when due, then round after round of what was touched, each lot of it stored as it comes.

The search only says which issues; each is then read past the index, and its changelog after it, so that a ticket is never newer than
what is known to have happened to it. Jira keeps no list of what was deleted: at every refresh the open issues of the local copy are
compared with those that the search still finds.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, NamedTuple

from .base import Page, Rejected, Retryable
from .jsm_cursor import millis
from .jsm_fields import instant
from .jsm_lists import SELDOM, catalogue_of, often
from .jsm_read import AT_ONCE
from .ticket import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from .jsm_cursor import Place, Round
    from .jsm_read import Reader
    from .jsm_words import Row
    from .ticket import Ticket

LAG = timedelta(seconds=60)
"""How far Cloud's search stays behind at ordinary times; what comes later than that is found by the overlap of rounds."""
NO_LAG = timedelta(seconds=5)
"""Data Center indexes an issue before it answers, but for its other nodes."""

LOT = 500
"""Issues that are read, stored and put behind at once on Cloud."""
_MOST_ROWS = 100
"""Whole issues that are asked of Data Center at once."""
_MOST_NAMES = 1000
"""Issues that are asked of Data Center at once where little is wanted of each."""
_MOST_IDS = 5000
"""Ids that a search gives at once where nothing else is asked for."""
_PATIENCE, _MOST_EMPTY = 5, 100
"""Pages in a row that may stand still, and that may be empty while the token moves on."""
_LAST = 2**60 + 2


class Lot(NamedTuple):
    """Issues as they are at this moment with their changelogs, those that are not there, and where the search goes on.

    ``after`` is ``None`` behind the last one.
    """

    batches: Sequence[Sequence[Row]]
    logs: Mapping[str, Sequence[Row]]
    gone: Sequence[str]
    after: str | None
    expected: int | None = None


class Pull:
    """Pages of one pull, from ``place`` on; ``now`` tells the time."""

    def __init__(self, reader: Reader, place: Place, now: Callable[[], datetime]) -> None:
        self._reader = reader
        self._now = now
        self._looked: datetime | None = None
        self.place = place

    def pages(self) -> Iterator[Page]:
        """What was touched and what happened to it; the last page says up to when nothing is missing."""
        current = False
        while not current:
            left_over = self.place.round
            search = left_over or self.place.next_round(self._jiras_time())
            yield from self._round(search)
            current = not left_over and len(search.projects) in (0, len(self._reader.desk.projects))
        lag = LAG if self._reader.desk.cloud else NO_LAG
        yield Page(self._cursor(self.place), known_to=self._began - lag)

    def _cursor(self, place: Place) -> str:
        return replace(place, desk=self._reader.desk).text()

    def _jiras_time(self) -> datetime:
        """Jira's clock, as its last answer told it; never ahead of ours."""
        return min(self._reader.http.desk_time or self._now(), self._now()).astimezone(UTC)

    # --- lists ------------------------------------------------------------------------------------------------------------

    def refreshed(self) -> Iterator[Page]:
        """Projects, people, fields and statuses again, one of the lists that seldom change, and what was deleted.

        Tickets are kept by name: where something was renamed, all of them are read again.
        """
        reader, turn = self._reader, self.place.turn
        before = _names(reader)
        reader.people.meet(often(reader.http, reader.desk, reader.words))
        SELDOM[turn % len(SELDOM)](reader.http, reader.desk, reader.words)
        known = all(_names(reader).get(number, name) == name for number, name in before.items())
        self.place = replace(self.place, turn=turn + 1, desk=reader.desk)
        if not known:
            self.place = replace(self.place, walked=(), seen=(), round=None)
        words = catalogue_of(reader.desk, reader.words)
        yield Page(self._cursor(self.place), people=reader.people.handed_out(), catalogue=words)
        if reader.memory is not None and self.place.walked:
            yield from self._vanished(set(reader.memory.open_tickets()))

    def _vanished(self, known: set[str]) -> Iterator[Page]:
        """Open issues of the local copy that the search does not find: each is looked up, for the index may only lag."""
        missing = sorted(known - self._open_ones(), key=int) if known else []
        for start in range(0, len(missing), AT_ONCE):
            rows, gone = self._reader.fetch(missing[start : start + AT_ONCE])
            followed = [row for row in rows if str(row["fields"]["project"]["id"]) in self._reader.desk.projects]
            away = [str(row["id"]) for row in rows if row not in followed]
            lot = Lot([followed], self._reader.logs(followed), [*gone, *away], None)
            yield self._stored(lot, self.place)

    def _open_ones(self) -> set[str]:
        jql = f"project in ({', '.join(self._reader.desk.projects)}) AND statusCategory != done ORDER BY created ASC"
        found: set[str] = set()
        more: Row = {"maxResults": _MOST_IDS}
        stuck = 0
        while True:
            page = self._reader.search(jql, ["id"], **more)
            rows = {str(row["id"]) for row in page.get("issues") or ()}
            after = _after(page, len(found | rows))
            if after is None:
                return found | rows
            stuck = _stuck(stuck, moved=bool(rows - found), same=after in more.values())
            found |= rows
            more |= {"nextPageToken": after} if self._reader.desk.cloud else {"startAt": int(after)}

    # --- rounds -----------------------------------------------------------------------------------------------------------

    def _round(self, search: Round) -> Iterator[Page]:
        """Everything that one search finds.

        It begins anew, once, where Jira refuses it: a page token has expired, or a project or an issue it names is gone.
        """
        try:
            yield from self._lots(search)
        except Rejected:
            if not search.position:
                yield from self.refreshed()
            self.place = replace(self.place, round=None, seen=())
            yield from self._lots(self.place.next_round(self._jiras_time()))

    def _lots(self, search: Round) -> Iterator[Page]:
        fresh, self._looked = not search.position, None
        for lot in self._found(search):
            if fresh:
                search, fresh = replace(search, began=self._looked or search.began), False
            self._began = search.began
            going = replace(self.place, round=search)
            for newest, numbers in self._marks(lot):
                going = going.read(newest, numbers)
            search = replace(search, position=lot.after or "")
            done = lot.after is None
            going = replace(going, round=search)
            after = going.finished() if done else going
            if any(lot.batches) or lot.gone:
                yield self._stored(lot, after)
            self.place = after

    def _marks(self, lot: Lot) -> Iterator[tuple[int, list[str]]]:
        """Up to when issues are known: all that were read at once past the index, but each by itself where the index told it."""
        for rows in lot.batches:
            if rows and self._reader.desk.cloud:
                yield max(_touched(row) for row in rows), [str(row["id"]) for row in rows]
            elif rows:
                yield from ((_touched(row), [str(row["id"])]) for row in rows)

    def _found(self, search: Round) -> Iterator[Lot]:
        return self._found_on_cloud(search) if self._reader.desk.cloud else self._found_on_server(search)

    def _found_on_cloud(self, search: Round) -> Iterator[Lot]:
        """By page token. Jira may repeat a token, and a page may be empty before the last one."""
        position, stuck = search.position, 0
        done: set[str] = set()
        while True:
            more = {"nextPageToken": position} if position else {}
            page = self._reader.search(f"{search.jql} ORDER BY updated ASC", ["id"], maxResults=LOT, **more)
            self._looked = self._looked or self._jiras_time()
            numbers = [n for n in dict.fromkeys(str(row["id"]) for row in page.get("issues") or ()) if n not in done]
            after = _after(page, 0)
            done.update(numbers)
            yield self._whole(numbers, after)
            if after is None:
                return
            stuck = _stuck(stuck, moved=bool(numbers), same=after == position)
            position = after

    def _found_on_server(self, search: Round) -> Iterator[Lot]:
        """By the time an issue was made, which nothing moves: rows counted off would shift when somebody works on one of them."""
        reader, news = self._reader, ""
        if self.place.seen and not search.projects:
            first = self._first_news(search)
            if first is None:
                yield Lot([], {}, [], None)
                return
            news = f" AND updated >= {first}"
        bound, skip = (int(each) for each in (search.position or "0+0").split("+"))
        done: set[str] = set()
        while True:
            since = f" AND created >= {bound}" if bound else ""
            more = {"startAt": skip, "maxResults": _MOST_ROWS, "expand": ["changelog"]}
            page = reader.search(f"{search.jql}{news}{since} ORDER BY created ASC", reader.desk.wanted(), **more)
            self._looked = self._looked or self._jiras_time()
            rows = page.get("issues") or []
            newest = max((millis(at) for row in rows if (at := instant(row["fields"].get("created")))), default=bound)
            last = not rows or skip + len(rows) >= int(page.get("total") or 0)
            bound, skip = (newest, 0) if newest > bound else (bound, skip + len(rows))
            fresh = [row for row in rows if str(row["id"]) not in done and not self._known(row)]
            done.update(str(row["id"]) for row in rows)
            yield Lot(
                [fresh], self._reader.logs(fresh), [], None if last else f"{bound}+{skip}", int(page.get("total") or 0)
            )
            if last:
                return

    def _first_news(self, search: Round) -> int | None:
        """When the first issue was touched that is not known as it is, in epoch milliseconds. Rows that tell no more are cheap."""
        start = 0
        found: list[int] = []
        while True:
            more = {"startAt": start, "maxResults": _MOST_NAMES}
            page = self._reader.search(f"{search.jql} ORDER BY created ASC", ["updated"], **more)
            self._looked = self._looked or self._jiras_time()
            rows = page.get("issues") or []
            found += [_touched(row) for row in rows if not self._known(row)]
            start += len(rows)
            if not rows or start >= int(page.get("total") or 0):
                return min(found, default=None)

    def _known(self, row: Row) -> bool:
        return self.place.knows(str(row["id"]), _touched(row))

    def _whole(self, numbers: Sequence[str], after: str | None) -> Lot:
        batches, gone = [], []
        for start in range(0, len(numbers), AT_ONCE):
            rows, missing = self._reader.fetch(numbers[start : start + AT_ONCE])
            batches.append(rows)
            gone += missing
        there = [str(row["id"]) for rows in batches for row in rows]
        return Lot(batches, self._reader.changelogs(there), gone, after)

    def _stored(self, lot: Lot, place: Place) -> Page:
        """What a lot brings. Changelogs are read first, for who owned a ticket is an agent, and says so in no comment."""
        found = [row for rows in lot.batches for row in rows]
        self._reader.meet(found)
        happened = self._reader.history(lot.logs)
        batch = self._reader.batch(found)
        events = self._reader.news([*batch.events, *happened])
        known = (ticket for number in lot.gone if (ticket := self._recalled(number)) and not ticket.deleted)
        tombs = [replace(ticket, deleted=True) for ticket in known]
        at = self._jiras_time()
        deleted = [Event(f"i{each.id}.deleted", each.id, at, "deleted", seq=_LAST) for each in tombs]
        return Page(
            self._cursor(place),
            tickets=[*batch.tickets, *tombs],
            events=[*events, *deleted],
            people=batch.people,
            organizations=batch.organizations,
            expected=lot.expected,
        )

    def _recalled(self, number: str) -> Ticket | None:
        return self._reader.memory.ticket(number) if self._reader.memory else None


def _after(page: Row, seen: int) -> str | None:
    """Where a search goes on: Cloud says it with a token, Data Center by how many there are."""
    if "total" in page and "nextPageToken" not in page:
        return str(seen) if page.get("issues") and seen < int(page["total"]) else None
    return None if page.get("isLast") or not page.get("nextPageToken") else str(page["nextPageToken"])


def _stuck(before: int, *, moved: bool, same: bool) -> int:
    """How often in a row a search stood still.

    Raises:
        Retryable: it does not move on; what was stored stays, and the next pull goes on from there.
    """
    if not moved and before + 1 >= (_PATIENCE if same else _MOST_EMPTY):
        raise Retryable("the search says that more follows and does not move on", hint="try again later")
    return 0 if moved else before + 1


def _touched(row: Row) -> int:
    at = instant(row["fields"].get("updated"))
    return millis(at) if at else 0


def _names(reader: Reader) -> dict[str, str]:
    """What tickets are kept by: the names of projects, fields, statuses, issue types and request types, by number."""
    desk = reader.desk
    found = {f"project {number}": name for number, (_, name, _) in desk.projects.items()}
    found |= {f"field {number}": each.title for number, each in desk.fields.items()}
    found |= {f"status {number}": name for number, (name, _) in desk.statuses.items()}
    found |= {f"type {number}": name for number, name in desk.types.items()}
    return found | {f"form {number}": name for number, name in desk.forms.items()}
