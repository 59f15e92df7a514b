"""Reading Jira, both faces: searching, lag, deletion, names, history. Numbers are those of the facts a connector must obey."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fake_jira import FakeJira
from fake_jira_client import Clock, connect

from makegood.connectors import jsm_pull, jsm_read
from makegood.connectors.base import AuthFailed, Capabilities, ConnectorError, Gone, Rejected, Retryable
from makegood.connectors.conformance import events, settled, tickets
from makegood.engine.memory import StoreMemory
from makegood.engine.pull import PullReport, pull
from makegood.engine.snapshot import Needs
from makegood.engine.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fake_jira_asked import Asked

    from makegood.connectors.base import Page
    from makegood.connectors.jsm import Jira
    from makegood.connectors.ticket import Event, Ticket

ALICE, BOB, ANA = "alice@acme.example", "bob@acme.example", "ana@customer.example"
SEARCHES = ("search/jql", "search")
RESOLUTION = "Time to resolution"
TWO_IN_THE_NIGHT = datetime(2026, 3, 8, 10, tzinfo=UTC)
"""When clocks in California go from two to three."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["cloud", "data center"])
def jira(request: pytest.FixtureRequest, clock: Clock) -> Iterator[FakeJira]:
    with FakeJira(cloud=request.param == "cloud", now=clock) as jira:
        yield jira


@pytest.fixture
def cloud(clock: Clock) -> Iterator[FakeJira]:
    with FakeJira(cloud=True, now=clock) as jira:
        yield jira


@pytest.fixture
def server(clock: Clock) -> Iterator[FakeJira]:
    with FakeJira(cloud=False, now=clock) as jira:
        yield jira


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with Store.open(tmp_path / "store.db", now=clock) as made:
        yield made


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three issues at once, whichever face it is."""
    monkeypatch.setattr(jsm_pull, "LOT", 3)
    monkeypatch.setattr(jsm_pull, "_MOST_ROWS", 3)


def pulled(jira: FakeJira, cursor: str | None = None, **options: Any) -> tuple[dict[str, Ticket], list[Event], str]:
    """Tickets and events of a pull two minutes later, and the cursor behind it."""
    jira.now.turn()  # type: ignore[attr-defined]
    pages = list(connect(jira, **options).pull(cursor))
    found = sorted(events(pages).values(), key=lambda event: (event.at, event.seq))
    return tickets(pages), found, pages[-1].cursor


def remembering(jira: FakeJira, store: Store, **options: Any) -> Jira:
    return connect(jira, memory=StoreMemory(lambda: store, "support"), **options)


def bring(jira: FakeJira, store: Store, *, refresh: bool = False, **options: Any) -> PullReport:
    """A pull into a store two minutes later; lists are only fetched again where that is said."""
    jira.now.turn()  # type: ignore[attr-defined]
    day = timedelta(days=365)
    return pull(
        remembering(jira, store, **options), store, "support", now=jira.now, refresh=refresh, refresh_people=day
    )


def copy_of(store: Store, clock: Clock) -> tuple[Any, Any]:
    needs = Needs(frozenset({"priority", "brand"}), messages=True, texts=True, ratings=True, closed=True)
    found = store.snapshot("support", clock(), needs, Capabilities(frozenset()))
    return found.tickets.sort("id").rows(), found.events.sort("ticket", "at", "seq").rows()


def asked(jira: FakeJira, *paths: str) -> list[Asked]:
    return [each for each in jira.requests if each.path in paths]


def questions(jira: FakeJira) -> list[str]:
    return [each.body["jql"] for each in asked(jira, *SEARCHES)]


def fill(jira: FakeJira, number: int) -> list[str]:
    return [jira.add_issue(f"Request {each}") for each in range(number)]


def messages(told: list[Event]) -> list[str | None]:
    return [event.text for event in told if event.kind == "message"]


# ---- searching


def test_cloud_is_searched_by_token_and_read_by_the_hundred(cloud: FakeJira) -> None:
    """Facts 1 and 18: the old search is gone there, and a page may hold five thousand ids."""
    fill(cloud, 3)
    pulled(cloud)
    paths = [each.path for each in cloud.requests if each.method == "POST"]
    assert paths == ["search/jql", "issue/bulkfetch", "changelog/bulkfetch"]


def test_data_center_is_searched_by_rows_and_tells_all_at_once(server: FakeJira) -> None:
    """Fact 18: nothing there is read in bulk, and changelogs come inside the issues."""
    fill(server, 3)
    assert len(pulled(server)[0]) == 3
    assert [each.path for each in server.requests if each.method == "POST"] == ["search"]


def test_a_search_is_bounded_by_bare_milliseconds_and_never_from_above(jira: FakeJira) -> None:
    """Facts 1, 3 and 4: quoted times are the account's own and stop at minutes; an upper bound hides what is touched often."""
    fill(jira, 2)
    _, _, cursor = pulled(jira)
    fill(jira, 1)
    pulled(jira, cursor)
    first, *later = questions(jira)
    order = "updated" if jira.cloud else "created"
    for text in (first, *later):
        assert re.search(r"^project in \(10000, 10001\) AND .*updated >= \d{13}", text)
        assert text.endswith(f"ORDER BY {order} ASC")
        assert not re.search(r"[\"']|updated *<", text)
    since = [int(re.findall(r"updated >= (\d{13})", text)[0]) for text in later]
    assert max(since) <= (jira.now().timestamp() - 120 - 600) * 1000


def test_no_count_is_asked_for_and_cloud_shows_none(cloud: FakeJira) -> None:
    """Fact 2: approximate-count is a guess, and so would be a bar that is drawn after it."""
    fill(cloud, 3)
    pages = list(connect(cloud).pull(None))
    assert {page.expected for page in pages} == {None}
    assert asked(cloud, "search/approximate-count") == []


def test_open_issues_come_however_old_and_others_within_the_history(jira: FakeJira, clock: Clock) -> None:
    old, done = jira.add_issue("Old"), jira.add_issue("Long done")
    jira.transition(done, ALICE, "Resolved")
    clock.turn(300 * 86400)
    young = jira.add_issue("Young")
    jira.transition(young, ALICE, "Resolved")
    assert set(pulled(jira)[0]) == {old, young}
    assert set(pulled(jira, history=timedelta(days=400))[0]) == {old, young, done}


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("kind", ["short_page", "empty_page", "duplicate_row", "repeat_token"])
def test_a_page_that_is_short_or_empty_or_repeated_is_not_the_end(cloud: FakeJira, kind: str) -> None:
    """Fact 1, and the traps: whoever counts rows stops too early, whoever follows a repeated token never stops."""
    wanted = fill(cloud, 10)
    cloud.fail(kind, path="search/jql", times=2)
    found, told, _ = pulled(cloud)
    assert set(found) == set(wanted)
    assert len(told) == 2 * len(wanted)


@pytest.mark.usefixtures("small_pages")
def test_a_short_page_of_data_center_is_not_the_end(server: FakeJira) -> None:
    """Fact 18: an admin sets how many rows there are at most, and all of these were made at the same moment."""
    wanted = fill(server, 10)
    server.page_cap = 2
    server.fail("short_page", path="search", times=2)
    assert set(pulled(server)[0]) == set(wanted)


@pytest.mark.parametrize("kind", ["repeat_token", "empty_page"])
def test_a_search_that_never_ends_is_given_up_and_gone_on_with_later(cloud: FakeJira, kind: str) -> None:
    """Fact 1: a page cap, too, for an empty page with another token each time is no progress either."""
    wanted = fill(cloud, 2)
    cloud.fail(kind, path="search/jql", times=300)
    with pytest.raises(Retryable, match="does not move on"):
        pulled(cloud)
    cloud.calm()
    assert set(pulled(cloud)[0]) == set(wanted)


@pytest.mark.parametrize("kind", ["repeat_token", "empty_page"])
def test_looking_for_what_was_deleted_ends_in_any_case(cloud: FakeJira, store: Store, kind: str) -> None:
    fill(cloud, 2)
    bring(cloud, store)
    desk = remembering(cloud, store)
    steps = desk.pull(store.standing("support").cursor, refresh=True)
    next(steps)
    cloud.fail(kind, path="search/jql", times=300)
    with pytest.raises(Retryable, match="does not move on"):
        list(steps)


def test_what_is_touched_during_the_walk_is_not_lost(jira: FakeJira, clock: Clock, small_pages: None) -> None:
    """Rows move between pages when somebody works on one of them."""
    wanted = []
    for number in range(9):
        clock.turn(1)
        wanted.append(jira.add_issue(f"Request {number}"))
    searches = 0

    def meddle(each: Asked) -> None:
        nonlocal searches
        if each.path in SEARCHES:
            searches += 1
            clock.turn(1)
            if searches == 2:
                jira.transition(wanted[0], ALICE, "Resolved")
                jira.change(wanted[4], ALICE, labels=["meddled"])
                wanted.append(jira.add_issue("Late"))

    jira.on_request = meddle
    found, _, cursor = pulled(jira)
    found |= pulled(jira, cursor)[0]
    assert set(found) == set(wanted)
    assert (found[wanted[0]].status, found[wanted[4]].tags) == ("solved", ("meddled",))


@pytest.mark.parametrize("cut", [True, False])
def test_whether_milliseconds_count_or_only_minutes_makes_no_difference(
    jira: FakeJira, cut: bool, small_pages: None
) -> None:
    """Nobody says which of the two it is."""
    jira.cut_to_minutes = cut
    wanted = set()
    for number in range(8):
        jira.now.turn(1.5)  # type: ignore[attr-defined]
        wanted.add(jira.add_issue(f"Request {number}"))
    found, _, cursor = pulled(jira)
    assert set(found) == wanted
    late = jira.add_issue("Late")
    assert late in pulled(jira, cursor)[0]


# ---- lag and overlap


def test_what_was_read_is_not_read_again_within_the_overlap(jira: FakeJira) -> None:
    """Fact 3: ten minutes are searched twice, and what was read since it was touched is no news."""
    fill(jira, 3)
    _, _, cursor = pulled(jira)
    for _ in range(3):
        found, told, cursor = pulled(jira, cursor)
        assert (found, told) == ({}, [])
    assert len(asked(jira, "issue/bulkfetch", "changelog/bulkfetch")) == (2 if jira.cloud else 0)


def test_what_is_touched_again_within_the_overlap_is_read_again(jira: FakeJira, clock: Clock) -> None:
    one, two = fill(jira, 2)
    _, _, cursor = pulled(jira)
    clock.turn(1)
    jira.say(one, ALICE, "A note.", public=False)
    found, told, _ = pulled(jira, cursor)
    assert set(found) == {one}
    assert "A note." in messages(told)
    assert two not in found


@pytest.mark.parametrize("lag", [90, 500])
def test_what_a_lagging_index_shows_late_is_found(jira: FakeJira, clock: Clock, lag: int) -> None:
    """Facts 3 and 5: searches stay minutes behind at times; nothing that was read hides what was not."""
    one, two = fill(jira, 2)
    clock.turn(1000)
    _, _, cursor = pulled(jira)
    jira.lag = lag
    jira.say(one, ALICE, "Late.", public=False)
    clock.turn(30)
    jira.say(two, ALICE, "Later.", public=False)
    new = jira.add_issue("New")
    found: dict[str, Ticket] = {}
    told: list[Event] = []
    for _ in range(6):
        some, more, cursor = pulled(jira, cursor)
        found, told = found | some, told + more
    assert set(found) == {one, two, new}
    assert {"Late.", "Later."} <= set(messages(told))


def test_an_issue_that_another_node_has_not_indexed_yet_is_found_later(server: FakeJira, clock: Clock) -> None:
    """A page of Data Center's may hold one issue as it is now and another one as it was."""
    one, two = fill(server, 2)
    clock.turn(60)
    behind = server.seen[one][:]
    server.say(one, ALICE, "Not indexed yet.", public=False)
    hidden, server.seen[one] = server.seen[one], behind
    clock.turn(1)
    server.say(two, ALICE, "Indexed at once.", public=False)
    _, _, cursor = pulled(server)
    server.seen[one] = hidden
    assert "Not indexed yet." in messages(pulled(server, cursor)[1])


def test_a_ticket_is_read_past_the_index(cloud: FakeJira, clock: Clock) -> None:
    """Fact 5, and the trap of the stale row: the search only says which issues."""
    issue = cloud.add_issue()
    clock.turn(600)
    cloud.lag = 300
    cloud.change(issue, ALICE, labels=["there"])
    found, told, _ = pulled(cloud)
    assert found[issue].tags == ("there",)
    assert [event.new for event in told if event.field == "tags"] == [("there",)]


def test_nothing_younger_than_the_search_is_known_and_the_pull_says_so(cloud: FakeJira, clock: Clock) -> None:
    """Fact 3: reading may take minutes; what happens meanwhile is found by the next round, whatever came in between."""
    cloud.add_issue()
    searched: list[datetime] = []
    late: list[str] = []

    def slow(each: Asked) -> None:
        if each.path == "search/jql":
            searched.append(clock())
        if each.path == "issue/bulkfetch" and not late:
            clock.turn(10)
            late.append(cloud.add_issue("Meanwhile"))
            clock.turn(1200)

    cloud.on_request = slow
    pages = list(connect(cloud).pull(None))
    assert pages[-1].known_to is not None
    assert pages[-1].known_to <= searched[0]
    assert late[0] in pulled(cloud, pages[-1].cursor)[0]


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_of_ours_that_is_wrong_loses_nothing(jira: FakeJira, clock: Clock, hours: int) -> None:
    """Fact 3: the mark is kept from Jira's times, never from our clock."""
    jira.add_issue()

    def wrong() -> Jira:
        desk = connect(jira)
        desk._now = desk._http._now = lambda: clock() + timedelta(hours=hours)
        return desk

    pages = list(wrong().pull(None))
    known = pages[-1].known_to
    assert known is not None
    assert known <= clock()
    late = jira.add_issue("Late")
    clock.turn()
    assert late in tickets(wrong().pull(pages[-1].cursor))


def test_a_timer_that_touches_an_issue_is_no_news_of_it(jira: FakeJira, store: Store) -> None:
    """Fact 4: SLA timers move ``updated`` every quarter of an hour; it is no activity, and no other version either."""
    jira.add_sla(RESOLUTION, 240)
    issue = jira.add_issue()
    bring(jira, store)
    before = store.ticket("support", issue)
    for _ in range(3):
        jira.now.turn(900)  # type: ignore[attr-defined]
        jira.touch(issue)
        report = bring(jira, store)
        assert report.events == 0
    after = store.ticket("support", issue)
    assert before is not None
    assert after is not None
    assert after.version == before.version


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Europe/Moscow", "UTC"])
def test_the_accounts_time_zone_changes_nothing_even_in_the_night_clocks_change(
    jira: FakeJira, clock: Clock, zone: str
) -> None:
    """Fact 3, and the traps of UTC-8, UTC+3 and the night of daylight saving: six other connectors lost data to them."""
    jira.zone = zone
    clock.time = TWO_IN_THE_NIGHT - timedelta(minutes=90)
    wanted, at = {}, []
    cursor, told = None, []
    for number in range(6):
        issue = jira.add_issue(f"Request {number}", custom_fields={"Follow up by": "2026-03-08"}, duedate="2026-03-08")
        at.append(clock())
        found, more, cursor = pulled(jira, cursor)
        wanted[issue] = found.get(issue)
        told += more
        clock.turn(1680)
    assert None not in wanted.values()
    assert [ticket.created for ticket in wanted.values() if ticket] == at
    assert [event.at for event in told if event.kind == "created"] == at
    assert {str(ticket.due) for ticket in wanted.values() if ticket} == {"2026-03-08 00:00:00+00:00"}
    assert {ticket.custom["Follow up by"] for ticket in wanted.values() if ticket} == {"2026-03-08T00:00:00Z"}


# ---- going on


def test_a_pull_goes_on_from_every_cursor(jira: FakeJira, small_pages: None) -> None:
    """Whatever ends a pull, the pages so far and those of the next one are all there is."""
    wanted = set(fill(jira, 10))
    jira.now.turn()  # type: ignore[attr-defined]
    pages = list(connect(jira).pull(None))
    assert len(pages) >= 5
    whole = events(pages)
    for number in range(len(pages)):
        rest = list(connect(jira).pull(pages[number].cursor))
        assert set(tickets(pages[: number + 1])) | set(tickets(rest)) == wanted
        assert events([*pages[: number + 1], *rest]) == whole
        assert rest[-1].known_to is not None
        behind = list(connect(jira).pull(rest[-1].cursor))
        assert not tickets(behind)


def test_a_later_round_goes_on_from_every_cursor_too(jira: FakeJira, small_pages: None) -> None:
    """What was read before the cut is known by then, and no row of the others may be passed over for it."""
    wanted = set(fill(jira, 10))
    _, _, cursor = pulled(jira)
    for issue in sorted(wanted):
        jira.now.turn(1)  # type: ignore[attr-defined]
        jira.change(issue, ALICE, labels=["changed"])
    jira.now.turn(3600)  # type: ignore[attr-defined]
    pages = list(connect(jira).pull(cursor))
    assert set(tickets(pages)) == wanted
    for number in range(len(pages)):
        rest = list(connect(jira).pull(pages[number].cursor))
        assert set(tickets(pages[: number + 1])) | set(tickets(rest)) == wanted


@pytest.mark.parametrize("part", [0, 1, 2, 3])
def test_a_pull_that_is_cut_in_the_middle_tells_the_same_in_the_end(
    jira: FakeJira, store: Store, clock: Clock, tmp_path: Path, part: int, small_pages: None
) -> None:
    wanted = fill(jira, 10)
    for issue in wanted[::3]:
        clock.turn(1)
        jira.say(issue, ALICE, "We will call you.")
        jira.change(issue, ALICE, priority="High")
    calls = 0

    def cut(each: Asked) -> None:
        nonlocal calls
        calls += each.path in ("issue/bulkfetch", "search")
        if calls == part + 1:
            jira.fail(503, path=each.path, times=9)
            calls += 1

    jira.on_request = cut
    with pytest.raises(Retryable):
        bring(jira, store)
    assert store.standing("support").known_to is None
    jira.on_request = None
    jira.calm()
    jira.say(wanted[0], ALICE, "Meanwhile.")
    bring(jira, store)
    with Store.open(tmp_path / "whole.db", now=clock) as other:
        bring(jira, other)
        assert copy_of(store, clock) == copy_of(other, clock)


def test_a_page_token_that_has_expired_begins_the_search_anew(cloud: FakeJira, clock: Clock, small_pages: None) -> None:
    """Section 3: a token lives seven days, and a laptop may sleep longer."""
    wanted = set(fill(cloud, 10))
    cloud.now.turn()  # type: ignore[attr-defined]
    pages = list(connect(cloud).pull(None))
    clock.turn(8 * 86400)
    late = cloud.add_issue("Late")
    found, _, cursor = pulled(cloud, pages[2].cursor)
    assert set(tickets(pages[:3])) | set(found) == {*wanted, late}
    assert pulled(cloud, cursor)[0] == {}


def test_a_cursor_that_is_not_ours_begins_from_the_start(jira: FakeJira) -> None:
    issue = jira.add_issue()
    assert issue in pulled(jira, "not ours")[0]


def test_cursors_hold_no_secret(jira: FakeJira) -> None:
    """Fact 19."""
    jira.add_issue()
    text = settled(connect(jira))
    assert jira.entry.api_token not in text
    assert jira.entry.pat not in text
    assert json.loads(text)["desk"]["me"]


# ---- deleted, moved, lost


def test_a_deleted_issue_is_gone_with_the_next_refresh_and_not_before(jira: FakeJira, store: Store) -> None:
    """Section 3: nobody lists what was deleted."""
    one, two = fill(jira, 2)
    bring(jira, store)
    jira.delete(one)
    bring(jira, store)
    assert bring(jira, store, refresh=True).tickets == 1
    found = store.ticket("support", one), store.ticket("support", two)
    assert [ticket.deleted for ticket in found if ticket] == [True, False]
    assert bring(jira, store, refresh=True).tickets == 0


def test_an_issue_that_is_deleted_between_search_and_look_is_told_as_deleted(cloud: FakeJira, store: Store) -> None:
    issue = cloud.add_issue()
    bring(cloud, store)
    cloud.lag = 600
    cloud.now.turn(1)  # type: ignore[attr-defined]
    cloud.say(issue, ALICE, "Spam.", public=False)
    cloud.now.turn(600)  # type: ignore[attr-defined]
    cloud.delete(issue)
    bring(cloud, store)
    found = store.ticket("support", issue)
    assert found is not None
    assert found.deleted


def test_an_issue_that_the_index_does_not_show_yet_is_not_taken_for_deleted(jira: FakeJira, store: Store) -> None:
    """Fact 5: what a search does not find is looked up before anything is concluded."""
    issue = jira.add_issue()
    bring(jira, store)
    hidden, jira.seen[issue] = jira.seen[issue], []
    bring(jira, store, refresh=True)
    jira.seen[issue] = hidden
    found = store.ticket("support", issue)
    assert found is not None
    assert not found.deleted


def test_the_number_of_an_issue_that_is_gone_stops_no_search(jira: FakeJira, store: Store) -> None:
    """Data Center refuses searches that name it, and Cloud may come to do so."""
    jira.strict_keys = True
    one, two = fill(jira, 2)
    bring(jira, store)
    jira.delete(one)
    jira.now.turn(1)  # type: ignore[attr-defined]
    jira.say(two, ALICE, "Still here.", public=False)
    assert bring(jira, store).complete
    assert bring(jira, store).calls == 1


def test_a_moved_issue_keeps_its_number_and_gets_another_key(jira: FakeJira) -> None:
    """Fact 6: keys change, so nothing but the address is made of them."""
    issue = jira.add_issue()
    before, _, cursor = pulled(jira)
    jira.now.turn(1)  # type: ignore[attr-defined]
    key = jira.move(issue, "BIL")
    after, told, _ = pulled(jira, cursor)
    assert before[issue].url.endswith("/browse/SUP-1")
    assert after[issue].url.endswith(f"/browse/{key}")
    assert (before[issue].brand, after[issue].brand) == ("Customer Support", "Billing Desk")
    moved = [(event.old, event.new) for event in told if event.field == "brand"]
    assert moved == [("Customer Support", "Billing Desk")]


def test_an_issue_that_was_moved_out_of_our_projects_is_gone(jira: FakeJira, store: Store) -> None:
    issue, words = jira.add_issue(), {"projects": ["sup"]}
    bring(jira, store, words=words)
    jira.move(issue, "BIL")
    bring(jira, store, words=words, refresh=True)
    found = store.ticket("support", issue)
    assert found is not None
    assert found.deleted


def test_a_project_that_is_added_later_is_walked_through_on_its_own(jira: FakeJira, clock: Clock) -> None:
    old = jira.add_issue()
    _, _, cursor = pulled(jira)
    clock.turn(86400)
    jira.add_project("NEW", "New Desk")
    sleeping = jira.add_issue("In the new project", project="NEW")
    clock.turn(86400)
    pages = list(connect(jira).pull(cursor, refresh=True))
    assert (sleeping in tickets(pages), old in tickets(pages)) == (True, False)
    assert pages[-1].known_to is not None
    assert questions(jira)[-2].startswith("project in (10002) AND (statusCategory != done")
    assert pulled(jira, pages[-1].cursor)[0] == {}


def test_a_project_that_is_hidden_from_us_is_gone_and_the_others_are_not(
    jira: FakeJira, store: Store, clock: Clock
) -> None:
    """The trap of 403 on one project only: what is hidden and what was deleted look alike."""
    hidden, stays = jira.add_issue(project="BIL"), jira.add_issue()
    bring(jira, store)
    jira.deny("BROWSE_PROJECTS", "makegood@acme.example", "BIL")
    clock.turn(1)
    jira.say(stays, ALICE, "Still here.", public=False)
    assert bring(jira, store).complete
    bring(jira, store, refresh=True)
    found = [store.ticket("support", each) for each in (hidden, stays)]
    assert [ticket.deleted for ticket in found if ticket] == [True, False]
    jira.grant("BROWSE_PROJECTS", "makegood@acme.example", "BIL")
    bring(jira, store, refresh=True)
    back = store.ticket("support", hidden)
    assert back is not None
    assert not back.deleted


def test_without_any_project_the_reason_is_given(jira: FakeJira) -> None:
    for key in ("SUP", "BIL"):
        jira.deny("BROWSE_PROJECTS", "makegood@acme.example", key)
    with pytest.raises(Rejected, match="no service project") as caught:
        pulled(jira)
    assert "browse" in caught.value.hint
    with pytest.raises(Rejected, match="no project OPS"):
        pulled(jira, words={"projects": ["OPS"]})


@pytest.mark.parametrize("path", ["servicedeskapi/servicedesk/2/requesttype", "servicedeskapi/servicedesk"])
@pytest.mark.parametrize("status", [403, 404])
def test_a_service_desk_that_is_closed_to_us_takes_nothing_but_its_forms_away(
    jira: FakeJira, path: str, status: int
) -> None:
    """The trap of 403 on one project only."""
    issue = jira.add_issue(project="BIL")
    jira.fail(status, path=path, times=99)
    assert issue in pulled(jira)[0]


@pytest.mark.parametrize("what", ["project", "field", "status"])
def test_what_is_renamed_is_read_again_with_its_new_name(jira: FakeJira, store: Store, clock: Clock, what: str) -> None:
    """Tickets are kept by name, so all of them are read again, those of the last ten minutes, too."""
    old = jira.add_issue(custom_fields={"Recovery": "boat"})
    clock.turn(86400)
    young = jira.add_issue(custom_fields={"Recovery": "boat"})
    bring(jira, store)
    if what == "project":
        jira.projects["10000"]["name"] = "Renamed"
    elif what == "field":
        jira.fields[jira.field_id("Recovery")]["name"] = "Renamed"
    else:
        jira.statuses[jira.status_id("Waiting for support")]["name"] = "Renamed"
    bring(jira, store, refresh=True)
    for issue in (old, young):
        found = store.ticket("support", issue)
        assert found is not None
        assert "Renamed" in (found.brand, found.status_name, *found.custom)
    assert bring(jira, store).calls == 1


def test_what_is_renamed_while_a_walk_is_under_way_is_read_again(
    jira: FakeJira, store: Store, small_pages: None
) -> None:
    wanted = fill(jira, 8)
    jira.now.turn()  # type: ignore[attr-defined]
    for number, page in enumerate(remembering(jira, store).pull(None)):
        store.save_page("support", page)
        if number == 2:
            break
    jira.projects["10000"]["name"] = "Renamed"
    bring(jira, store, refresh=True)
    found = [store.ticket("support", issue) for issue in wanted]
    assert {ticket.brand for ticket in found if ticket} == {"Renamed"}


# ---- names


def test_everything_is_called_by_its_name(jira: FakeJira) -> None:
    """Fact 6."""
    fields = {
        "Category": "Refund",
        "Seats": 3.0,
        "Follow up by": "2026-03-06",
        "Recovery": "boat",
        "Support group": "Billing",
    }
    issue = jira.add_issue("Boat", "It *leaks*.", project="BIL", custom_fields=fields, priority="High", labels=["vip"])
    jira.change(issue, ALICE, assignee=BOB, status="Pending", duedate="2026-03-09")
    jira.change(issue, ALICE, {"Request participants": ["ben@customer.example"]})
    jira.ask_approval(issue, "Money back", [ALICE], "approved")
    found = pulled(jira)[0][issue]
    assert (found.subject, found.description, found.url) == ("Boat", "It leaks.", f"{jira.url}/browse/BIL-1")
    assert (found.status, found.status_name, found.priority) == ("on_hold", "Pending", "high")
    assert (found.group, found.brand, found.form) == ("Billing", "Billing Desk", "Ask about a bill")
    assert (found.organization, found.type) == ("Lake Tours", "[System] Service request")
    assert (found.assignee, found.requester) == (jira.user_id(BOB), jira.user_id(ANA))
    assert (found.tags, found.cc, str(found.due)) == (("vip",), ("ben@customer.example",), "2026-03-09 00:00:00+00:00")
    assert (found.approval, found.approvers) == ("approved", (jira.user_id(ALICE),))
    assert dict(found.custom) == {
        "Category": "Refund",
        "Seats": "3",
        "Follow up by": "2026-03-06T00:00:00Z",
        "Recovery": "boat",
        "Support group": "Billing",
    }


def test_without_a_group_field_a_project_is_the_group(jira: FakeJira) -> None:
    issue = jira.add_issue(project="BIL")
    desk = connect(jira, words={"fields": {}})
    jira.now.turn()  # type: ignore[attr-defined]
    assert tickets(desk.pull(None))[issue].group == "Billing Desk"
    assert desk.catalogue().groups == ("Billing Desk", "Customer Support")


def test_a_korean_site_is_read_like_any_other(jira: FakeJira) -> None:
    """Fact 6, and the trap of translated names: fields are known by what they are."""
    jira.language = "ko"
    jira.add_sla(RESOLUTION, 240)
    issue = jira.add_issue()
    jira.change(issue, ALICE, {"Request participants": ["ben@customer.example"]}, priority="High", status="Resolved")
    jira.rate(issue, 1, "느려요")
    found, told, _ = pulled(jira)
    ticket = found[issue]
    assert (ticket.status, ticket.priority, ticket.csat) == ("solved", "high", "bad")
    assert (ticket.form, ticket.organization, ticket.cc) == ("Get help", "Lake Tours", ("ben@customer.example",))
    assert {event.field for event in told if event.kind == "field"} >= {"status", "priority", "cc"}
    assert [event.new for event in told if event.kind == "sla"][-1] == "met"
    assert [event.text for event in told if event.kind == "rating"] == ["느려요"]


def test_sentiment_is_a_field_on_cloud_and_none_on_data_center(jira: FakeJira) -> None:
    issue = jira.add_issue()
    if jira.cloud:
        jira.feel(issue, "Negative")
    found = pulled(jira)[0][issue]
    assert found.custom.get("Sentiment") == (("Negative",) if jira.cloud else None)


def test_how_a_request_came_in_is_told_by_its_property(jira: FakeJira) -> None:
    """On Cloud: Data Center's search knows no properties, and a ticket is the same whichever way it came."""
    issue = jira.add_issue()
    jira.set_property(jira.issue(issue), "request.channel.type", {"value": "email"})
    found = pulled(jira)[0][issue]
    assert found.channel == ("email" if jira.cloud else None)
    assert connect(jira).read([issue]).tickets[0].channel == found.channel
    assert found.version == connect(jira).read([issue]).tickets[0].version


def test_properties_that_cannot_be_read_are_done_without(cloud: FakeJira) -> None:
    """The trap of a 500 over broken properties (pycontribs/jira#1862)."""
    issue = cloud.add_issue()
    cloud.fail("properties_500", path="issue/bulkfetch", times=99)
    found = pulled(cloud)[0]
    assert (issue in found, found[issue].channel) == (True, None)


# ---- what happened


def test_everything_that_happened_is_told_with_who_did_it(jira: FakeJira, clock: Clock) -> None:
    """Facts 4 and 6: when something was said or done is its own time, never ``updated``."""
    issue, began = jira.add_issue("Boat", "It leaks."), clock()
    steps: list[Any] = [
        lambda: jira.change(issue, ALICE, assignee=ALICE, status="In progress", labels=["boat"]),
        lambda: jira.say(issue, ALICE, "We will call you on *Friday*."),
        lambda: jira.say(issue, ALICE, "Check the hull first.", public=False),
        lambda: jira.transition(issue, ALICE, "Resolved"),
        lambda: jira.say(issue, ANA, "It still leaks.\n\n{quote}We will call you on Friday.{quote}"),
    ]
    for step in steps:
        clock.turn(60)
        step()
    told = pulled(jira)[1]
    seen = [(e.kind, e.field, e.new, e.text, e.public, e.actor_kind) for e in told if e.field != "status_name"]
    alice = jira.user_id(ALICE)
    assert seen[:2] == [
        ("created", None, None, None, False, "customer"),
        ("message", None, None, "It leaks.", True, "customer"),
    ]
    assert seen[2:] == [
        ("field", "assignee", alice, None, False, "agent"),
        ("field", "tags", ("boat",), None, False, "agent"),
        ("message", None, None, "We will call you on Friday.", True, "agent"),
        ("message", None, None, "Check the hull first.", False, "agent"),
        ("field", "status", "solved", None, False, "agent"),
        ("field", "status", "open", None, False, "automation"),
        ("message", None, None, "It still leaks.", True, "customer"),
    ]
    assert [event.at - began for event in told if event.text] == [timedelta(minutes=n) for n in (0, 2, 3, 5)]


def test_an_issue_that_was_reopened_twice_tells_both_times(jira: FakeJira, clock: Clock) -> None:
    issue = jira.add_issue()
    for _ in range(2):
        clock.turn(60)
        jira.transition(issue, ALICE, "Resolved")
        clock.turn(60)
        jira.say(issue, ANA, "Not yet.")
    told = [(event.old, event.new) for event in pulled(jira)[1] if event.field == "status"]
    assert told == [("open", "solved"), ("solved", "open")] * 2


@pytest.mark.parametrize(
    ("field", "value", "fact", "new"),
    [
        ("Category", "Refund", "field.Category", "Refund"),
        ("Follow up by", "2026-03-06", "field.Follow up by", "2026-03-06T00:00:00Z"),
        ("Seats", 3.0, "field.Seats", "3"),
        ("Support group", "Billing", "group", "Billing"),
        ("Request participants", ["ben@customer.example"], "cc", ("ben@customer.example",)),
        ("Request Type", "Report a problem", "form", "Report a problem"),
        ("Organizations", ["Sea Tours"], "organization", "Sea Tours"),
        ("duedate", "2026-03-06", "due", "2026-03-06T00:00:00Z"),
        ("summary", "Boats", "subject", "Boats"),
        ("issuetype", "[System] Incident", "type", "[System] Incident"),
        ("reporter", BOB, "requester", "bob"),
    ],
)
def test_a_change_is_told_under_the_name_that_rules_use(
    jira: FakeJira, field: str, value: Any, fact: str, new: Any
) -> None:
    """Fact 6: Data Center names fields in a changelog by what people call them, and people by a key that is no name."""
    jira.person("ben@customer.example")
    jira.add_organization("Sea Tours")
    issue = jira.add_issue()
    jira.change(issue, ALICE, {field: value})
    found, told, _ = pulled(jira)
    changes = {event.field: event.new for event in told if event.kind == "field"}
    expected = jira.user_id(BOB) if new == "bob" else new
    assert changes.get(fact) == expected
    now = found[issue].custom.get(fact[6:]) if fact.startswith("field.") else getattr(found[issue], fact)
    assert (f"{now:%FT%TZ}" if fact == "due" else now) == expected


def test_changelogs_are_read_to_the_end_of_their_pages(cloud: FakeJira, monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts 13 and 18: in pages over all issues, of which an entry may come twice."""
    monkeypatch.setattr(jsm_read, "MOST_LOGS", 4)
    wanted = fill(cloud, 3)
    for number in range(5):
        for issue in wanted:
            cloud.now.turn(1)  # type: ignore[attr-defined]
            cloud.change(issue, ALICE, labels=[f"l{number}"])
    cloud.fail("repeat_token", path="changelog/bulkfetch")
    told = [event for event in pulled(cloud)[1] if event.field == "tags"]
    assert len(told) == 15
    assert len(asked(cloud, "changelog/bulkfetch")) == 5


def test_times_of_changes_come_as_numbers_or_as_text(cloud: FakeJira, clock: Clock) -> None:
    issue = cloud.add_issue()
    told = {}
    for shape in ("millis", "text"):
        cloud.bulk_created = shape
        cloud.change(issue, ALICE, labels=["vip"])
        told[shape] = [event for event in pulled(cloud)[1] if event.field == "tags"]
    assert told["millis"] == told["text"]


def test_whoever_writes_is_known_by_what_they_are(jira: FakeJira, clock: Clock) -> None:
    """The traps: a participant is no agent, neither are a mail robot and automation; and not everybody else is a customer."""
    jira.add_user("mailer@acme.example", "Mail robot", kind="reader")
    issue = jira.add_issue(creator="mailer@acme.example")
    jira.add_rule("Thanks", lambda _row, change: change.kind == "created", {"reply": "We got it.", "priority": "High"})
    said = jira.add_issue("Another")
    for who in (ANA, "participant@customer.example", ALICE, "mailer@acme.example", "makegood@acme.example"):
        clock.turn(1)
        jira.say(issue, who, f"Said by {who}")
    told = pulled(jira, words={"robots": ["mailer@acme.example"]})[1]
    kinds = {event.text: event.actor_kind for event in told if event.kind == "message" and event.ticket == issue}
    assert list(kinds.values()) == ["customer", "customer", "customer", "agent", "automation", "robot"]
    assert [e.actor_kind for e in told if e.ticket == issue and e.kind == "created"] == ["automation"]
    thanks = [e for e in told if e.ticket == said and e.actor_kind == "automation"]
    assert {(e.kind, e.text, e.new) for e in thanks} == {("message", "We got it.", None), ("field", None, "high")}


def test_whoever_once_owned_an_issue_was_an_agent_then(jira: FakeJira) -> None:
    jira.add_user("gone@acme.example", "Gone", kind="agent")
    issue = jira.add_issue()
    jira.change(issue, ALICE, assignee="gone@acme.example")
    jira.say(issue, "gone@acme.example", "I am leaving.")
    jira.change(issue, ALICE, assignee=None)
    jira.change_user("gone@acme.example", active=False)
    told = pulled(jira)[1]
    assert [event.actor_kind for event in told if event.text == "I am leaving."] == ["agent"]


def test_whoever_left_is_named_in_changes_by_the_same_name_as_ever(jira: FakeJira) -> None:
    """Fact 6: changelogs of Data Center name people by a key, of which only a look at the person tells the name."""
    gone = jira.add_user("gone@acme.example", "Gone", kind="agent")
    issue = jira.add_issue()
    jira.change(issue, ALICE, assignee=gone)
    jira.change(issue, ALICE, assignee=BOB)
    jira.change_user(gone, active=False)
    told = [(event.old, event.new) for event in pulled(jira)[1] if event.field == "assignee"]
    assert told == [(None, gone), (gone, jira.user_id(BOB))]


def test_an_automatic_reply_is_no_customers_word(jira: FakeJira) -> None:
    issue = jira.add_issue()
    jira.say(issue, "ben@customer.example", "Undeliverable.")
    told = pulled(jira, words={"ignore_senders": ["BEN@*"]})[1]
    assert [event.auto for event in told if event.kind == "message"] == [False, True]


def test_a_merged_issue_says_where_it_went(jira: FakeJira) -> None:
    """Jira has no merging: people link a duplicate and resolve it as such."""
    one, two = fill(jira, 2)
    _, _, cursor = pulled(jira)
    jira.now.turn(1)  # type: ignore[attr-defined]
    jira.merge(one, two)
    found, told, _ = pulled(jira, cursor)
    assert (found[one].merged_into, found[two].merged_into) == (two, None)
    assert [(event.ticket, event.new) for event in told if event.kind == "merged"] == [(one, two)]


# ---- comments


@pytest.mark.parametrize("number", [100, 101, 230])
def test_all_comments_come_however_many_there_are(cloud: FakeJira, store: Store, number: int) -> None:
    """Facts 13 and 18: the issue itself holds the newest hundred; the others are paged, once."""
    issue = cloud.add_issue()
    for each in range(number):
        cloud.say(issue, ALICE, f"Note {each}", public=False)
    bring(cloud, store)
    assert len(copy_of(store, cloud.now)[1]) == number + 2  # type: ignore[arg-type]
    pages = len(asked(cloud, f"issue/{issue}/comment"))
    assert pages == (0 if number == 100 else -(-number // 100))
    cloud.now.turn(1)  # type: ignore[attr-defined]
    cloud.say(issue, ALICE, "One more.", public=False)
    assert bring(cloud, store).events == 1
    assert len(asked(cloud, f"issue/{issue}/comment")) == pages


@pytest.mark.parametrize("kind", ["short_page", "duplicate_row"])
def test_comments_are_told_once_each_whatever_the_pages_are(cloud: FakeJira, kind: str) -> None:
    """Fact 13."""
    issue = cloud.add_issue()
    for each in range(230):
        cloud.say(issue, ALICE, f"Note {each}", public=False)
    cloud.fail(kind, path="/comment", times=2)
    assert messages(pulled(cloud)[1])[1:] == [f"Note {each}" for each in range(230)]


def test_a_second_look_brings_all_comments_whatever_is_known(cloud: FakeJira, store: Store) -> None:
    issue = cloud.add_issue()
    for each in range(120):
        cloud.say(issue, ALICE, f"Note {each}", public=False)
    bring(cloud, store)
    found = remembering(cloud, store).read([issue, "4711", "SUP-1"])
    assert len([event for event in found.events if event.kind == "message"]) == 121
    assert list(found.gone) == ["4711", "SUP-1"]


def test_what_is_hidden_from_customers_is_internal_and_everything_else_is_not(jira: FakeJira) -> None:
    issue = jira.add_issue()
    jira.say(issue, ALICE, "For you.")
    jira.say(issue, ALICE, "For us.", public=False)
    told = {event.text: event.public for event in pulled(jira)[1] if event.kind == "message"}
    assert told == {"Please help.": True, "For you.": True, "For us.": False}


def test_a_comment_that_was_edited_is_told_anew(jira: FakeJira, store: Store) -> None:
    issue = jira.add_issue()
    jira.say(issue, ALICE, "By Monday.")
    bring(jira, store)
    jira.now.turn(1)  # type: ignore[attr-defined]
    row = jira.issue(issue)
    row["comments"] = [row["comments"][0] | {"text": "By Friday.", "updated": jira.now()}]
    jira.touch(issue)
    bring(jira, store)
    assert "By Friday." in str(copy_of(store, jira.now)[1])  # type: ignore[arg-type]


# ---- service levels


def clocks(told: list[Event]) -> list[tuple[str | None, Any, Any]]:
    return list(dict.fromkeys((event.field, event.new, event.old) for event in told if event.kind == "sla"))


def test_service_levels_are_told_from_the_field_and_cost_no_call(jira: FakeJira, store: Store, clock: Clock) -> None:
    """Fact 14: running until a time, resting without one, met or missed at its end; and again after a reopening."""
    jira.add_sla(RESOLUTION, 240)
    issue, began = jira.add_issue(), clock()
    due = f"{began + timedelta(minutes=240):%FT%TZ}"
    seen = []

    def look() -> None:
        steps = list(remembering(jira, store).pull(store.standing("support").cursor))
        seen.extend(sorted((e for e in events(steps).values() if e.kind == "sla"), key=lambda e: (e.at, e.seq)))
        for page in steps:
            store.save_page("support", page)

    look()
    assert clocks(seen) == [(RESOLUTION, "running", due)]
    clock.turn(600)
    jira.transition(issue, ALICE, "Waiting for customer")
    look()
    assert (seen[-1].new, seen[-1].old, seen[-1].at) == ("paused", None, clock())
    clock.turn(3600)
    jira.say(issue, ANA, "Here I am.")
    look()
    later = f"{began + timedelta(minutes=300):%FT%TZ}"
    assert (seen[-1].new, seen[-1].old, seen[-1].at) == ("running", later, clock())
    clock.turn(600)
    jira.transition(issue, ALICE, "Resolved")
    ended = clock()
    clock.turn(600)
    look()
    assert (seen[-1].new, seen[-1].at) == ("met", ended)
    jira.say(issue, ANA, "No.")
    again = clock()
    clock.turn(5 * 3600)
    jira.touch(issue)
    look()
    assert next((e.new, e.at) for e in seen if e.at >= again) == ("running", again)
    clock.turn(1)
    jira.transition(issue, ALICE, "Resolved")
    look()
    assert seen[-1].new == "missed"
    assert not [each for each in jira.requests if each.path.endswith("/sla")]


def test_a_goal_that_is_missed_while_the_clock_runs_is_due_in_the_past(jira: FakeJira, clock: Clock) -> None:
    """Fact 14: what remains is negative then, and the time it broke is told."""
    jira.add_sla(RESOLUTION, 60)
    jira.add_issue()
    began = clock()
    clock.turn(7200)
    assert clocks(pulled(jira)[1]) == [(RESOLUTION, "running", f"{began + timedelta(hours=1):%FT%TZ}")]


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"completedCycles": []},
        {"completedCycles": [], "ongoingCycle": None},
        {"completedCycles": None},
        {"errorMessage": "no access"},
        [],
        "",
    ],
)
def test_an_issue_without_a_goal_has_no_clock(jira: FakeJira, value: Any) -> None:
    """Fact 14: the field is empty, or holds no cycle at all."""
    issue = jira.add_issue()
    jira.force_sla(issue, value)
    found, told, _ = pulled(jira)
    assert issue in found
    assert clocks(told) == []


def test_a_clock_that_is_taken_off_an_issue_runs_no_more(jira: FakeJira, store: Store, clock: Clock) -> None:
    """A goal may stop to apply, after a move or with another priority: else it would be missed for ever."""
    jira.add_sla(RESOLUTION, 240)
    issue = jira.add_issue()
    bring(jira, store)
    clock.turn(60)
    jira.force_sla(issue, None)
    jira.change(issue, ALICE, priority="Low")
    clock.turn()
    told = list(events(remembering(jira, store).pull(store.standing("support").cursor)).values())
    assert [(event.field, event.new) for event in told if event.kind == "sla"] == [(RESOLUTION, None)]


# ---- how it was rated


@pytest.mark.parametrize("shape", ["object", "number"])
def test_a_rating_counts_when_it_is_given_and_again_when_it_changes(jira: FakeJira, clock: Clock, shape: str) -> None:
    """Fact 15: one to five; absent is not low, and three is neither good nor bad."""
    jira.csat_shape = shape
    issue, silent = fill(jira, 2)
    jira.rate(issue, 5, "Thanks!")
    given = clock()
    found, told, cursor = pulled(jira)
    ratings = [event for event in told if event.kind == "rating"]
    assert [(e.new, e.old, e.at, e.text, e.actor_kind) for e in ratings] == [
        ("good", "5", given, "Thanks!", "customer")
    ]
    assert (found[issue].csat, found[silent].csat) == ("good", None)
    for stars, meant in ((1, "bad"), (3, None)):
        clock.turn()
        jira.rate(issue, stars, "It broke again.")
        found, told, cursor = pulled(jira, cursor)
        changed = [(e.new, e.old) for e in told if e.kind == "rating" and e.at > given]
        assert (changed, found[issue].csat) == ([(meant, str(stars))], meant)
        given = clock() - timedelta(seconds=120)


@pytest.mark.parametrize("status", [401, 403, 404, 405, 410, 412, 500])
def test_a_rating_is_told_without_its_words_where_nobody_tells_them(jira: FakeJira, status: int) -> None:
    """Fact 15: the call is experimental, and may be gone or broken tomorrow; no pull may fail over it."""
    issue = jira.add_issue()
    jira.rate(issue, 2, "Slow.")
    jira.fail(status, path="/feedback", times=99)
    found, told, _ = pulled(jira)
    assert found[issue].csat == "bad"
    assert [(event.new, event.text) for event in told if event.kind == "rating"] == [("bad", None)]


def test_the_words_beside_a_rating_are_asked_for_once_and_by_opting_in(jira: FakeJira, store: Store) -> None:
    """Fact 15."""
    issue = jira.add_issue()
    jira.rate(issue, 2, "Slow.")
    bring(jira, store)
    jira.now.turn(1)  # type: ignore[attr-defined]
    jira.touch(issue)
    bring(jira, store)
    (call,) = asked(jira, f"servicedeskapi/request/{issue}/feedback")
    assert call.headers["x-experimentalapi"] == "opt-in"


def test_a_rating_without_a_date_is_told_once(jira: FakeJira, store: Store, clock: Clock) -> None:
    """The date is a field of its own that may be hidden; ``updated`` moves by itself and is none."""
    jira.hidden_fields.add(jira.field_id("Satisfaction date"))
    issue = jira.add_issue()
    jira.rate(issue, 1)
    bring(jira, store)
    clock.turn(900)
    jira.touch(issue)
    assert bring(jira, store).events == 0


def test_a_site_without_ratings_is_read_like_any_other(jira: FakeJira) -> None:
    jira.hidden_fields |= {
        jira.field_id(name) for name in ("Satisfaction", "Satisfaction date", "Approvals", "Request Type")
    }
    issue = jira.add_issue()
    found, told, _ = pulled(jira)
    assert (found[issue].csat, found[issue].form) == (None, None)
    assert not [event for event in told if event.kind == "rating"]


def test_a_jira_without_service_management_is_read_by_its_projects(jira: FakeJira) -> None:
    jira.jsm = False
    jira.add_project("IT", "IT team", kind="software")
    issue = jira.add_issue(project="IT", request_type=None)
    found, _, _ = pulled(jira, words={"projects": ["IT"]})
    assert set(found) == {issue}


# ---- getting in


def test_the_gateways_path_is_in_every_address_and_in_none_that_people_see(cloud: FakeJira) -> None:
    """Section 1, T12: scoped tokens only work there, and the library loses the path."""
    issue = cloud.add_issue()
    cloud.rate(issue, 5)
    for each in range(101):
        cloud.say(issue, ALICE, f"Note {each}", public=False)
    way = {"account": ("makegood@acme.example", cloud.entry.scoped_token)}
    cloud.now.turn()  # type: ignore[attr-defined]
    desk = connect(cloud, url=cloud.gateway, way=way)
    found = tickets(desk.pull(None))
    assert list(desk.read([issue]).tickets)
    assert list(desk.doctor())
    assert {each.base for each in cloud.requests} == {cloud.entry.gateway}
    assert found[issue].url == f"{cloud.url}/browse/SUP-1"


def test_a_data_center_below_a_path_is_reached_there(clock: Clock) -> None:
    with FakeJira(cloud=False, now=clock, context="/jira") as jira:
        issue = jira.add_issue()
        assert pulled(jira)[0][issue].url == f"{jira.url}/browse/SUP-1"
        assert {each.base for each in jira.requests} == {"/jira"}


def wrong(jira: FakeJira) -> dict[str, Any]:
    return {"account": ("makegood@acme.example", "wrong-secret")} if jira.cloud else {"token": "wrong-secret"}


@pytest.mark.parametrize("anonymous", [True, False])
@pytest.mark.parametrize("before", [True, False])
def test_a_wrong_secret_says_so_whatever_the_site_answers(jira: FakeJira, anonymous: bool, before: bool) -> None:
    """Fact 19, and the traps: 401 as a page of HTML, and 200 for nobody, who sees nothing."""
    jira.add_issue()
    cursor = pulled(jira)[2] if before else None
    jira.entry.anonymous = anonymous
    with pytest.raises(AuthFailed) as caught:
        pulled(jira, cursor, way=wrong(jira))
    assert jira.url in caught.value.message
    assert caught.value.hint
    assert "wrong-secret" not in f"{caught.value.message} {caught.value.hint}"


def test_without_any_way_in_nothing_is_asked() -> None:
    from makegood.connectors.jsm import Jira as Site

    with pytest.raises(Rejected) as caught:
        Site("https://acme.atlassian.example", now=Clock())
    assert "token" in caught.value.hint


# ---- what can go wrong


@pytest.mark.parametrize(
    "wait", [{"Retry_After": "7"}, {"Retry_After": "Mon, 02 Mar 2026 09:02:30 GMT"}, {"Retry_After": "0"}, {}]
)
def test_429_is_waited_for_in_every_form(jira: FakeJira, clock: Clock, wait: dict[str, str]) -> None:
    """Fact 8: at least as long as it says, and a second where it says 0 or nothing."""
    jira.add_issue()
    jira.fail(429, "search", "", 1, **wait)
    began = clock()
    assert len(pulled(jira)[0]) == 1
    waited = (clock() - began).total_seconds() - 120
    expected = {"7": 7, "Mon, 02 Mar 2026 09:02:30 GMT": 30}.get(wait.get("Retry_After", ""), 1)
    assert waited == pytest.approx(expected, abs=0.6)


def test_a_quota_ends_the_run_at_once_and_the_next_one_goes_on(
    cloud: FakeJira, clock: Clock, small_pages: None
) -> None:
    """Fact 8."""
    wanted = set(fill(cloud, 10))
    stored: list[Page] = []
    steps = connect(cloud).pull(None)
    stored += [next(steps), next(steps)]
    cloud.fail(429, Retry_After="1847", RateLimit_Reason="jira-quota-tenant-based")
    before = len(cloud.requests)
    with pytest.raises(Retryable) as caught:
        stored.extend(steps)
    assert (len(cloud.requests) - before, caught.value.after) == (1, 1847)
    clock.turn(1847)
    assert set(tickets(stored)) | set(pulled(cloud, stored[-1].cursor)[0]) == wanted


@pytest.mark.parametrize("kind", [500, 502, 503, 504, "cut_before", "slow"])
@pytest.mark.parametrize("path", ["search", "issue/bulkfetch"])
def test_a_read_is_tried_again(cloud: FakeJira, kind: int | str, path: str) -> None:
    """Facts 7 and 19: questions that are posted change nothing, and no call waits for ever."""
    issue = cloud.add_issue()
    cloud.fail(kind, path=path, times=1 if kind == "slow" else 2)
    cloud.patience = 2
    assert issue in pulled(cloud, patience=1 if kind == "slow" else 5)[0]


@pytest.mark.parametrize("kind", ["html", "not_json", "empty_body", 400, 404, 410])
def test_an_answer_that_is_none_is_a_connectors_error(jira: FakeJira, kind: int | str) -> None:
    """Fact 19, and the traps of 410 and an empty 200."""
    jira.add_issue()
    jira.fail(kind, path="search", times=99)
    with pytest.raises(ConnectorError) as caught:
        pulled(jira)
    assert "search" in caught.value.message
    assert "project in" not in caught.value.message


@pytest.mark.parametrize("path", ["search", "issue/bulkfetch", "changelog/bulkfetch"])
def test_an_empty_answer_is_never_taken_for_no_news(cloud: FakeJira, path: str) -> None:
    """The trap of an empty 200."""
    issue = cloud.add_issue()
    _, _, cursor = pulled(cloud)
    cloud.now.turn(1)  # type: ignore[attr-defined]
    cloud.change(issue, ALICE, labels=["vip"])
    cloud.fail("empty_body", path=path)
    try:
        found, told, _ = pulled(cloud, cursor)
    except ConnectorError:
        found, told, _ = pulled(cloud, cursor)
    assert found[issue].tags == ("vip",)
    assert [event.new for event in told if event.field == "tags"] == [("vip",)]


def test_an_error_tells_neither_secrets_nor_what_customers_wrote(jira: FakeJira) -> None:
    """Fact 19: the library's own errors hold the address, the headers and the whole answer."""
    jira.add_issue("Secret matter")
    jira.fail(400, path="search", times=99)
    with pytest.raises(ConnectorError) as caught:
        pulled(jira)
    said = f"{caught.value.message} {caught.value.hint} {caught.value!r} {caught.value.__cause__!r}"
    assert "Something is not right" in said
    assert not re.search(r"Secret matter|token|Authorization|\?", said)


def test_every_call_has_a_timeout() -> None:
    """Fact 19: the library has none by itself."""
    from makegood.connectors.jsm_http import Http

    session: Any = Http("http://127.0.0.1:9", now=Clock(), token="x")._session
    assert session.timeout == (10.0, 120.0)
    assert session.max_retries == 0


# ---- pace


def test_pages_are_never_larger_than_jira_allows(jira: FakeJira, store: Store) -> None:
    """Facts 1 and 13: what is asked beyond it is cut short in silence, or refused."""
    for number in range(60):
        jira.add_group(f"Team {number}")
        jira.add_user(f"agent{number}@acme.example", kind="agent", groups=["Support"])
    issues = fill(jira, 130)
    bring(jira, store)
    remembering(jira, store).read(issues[:110])
    for each in jira.requests:
        body, params = each.body or {}, each.params
        if each.path == "issue/bulkfetch":
            assert len(body["issueIdsOrKeys"]) <= 100
            assert len(body.get("properties") or ()) <= 5
        if each.path == "changelog/bulkfetch":
            assert len(body["issueIdsOrKeys"]) <= 1000
            assert len(body.get("fieldIds") or ()) <= 10
        if each.path == "search/jql":
            assert body["maxResults"] <= 5000
        if each.path in ("group/member", "group/bulk") or each.path.startswith("servicedeskapi"):
            assert int(params.get("maxResults") or params.get("limit") or 50) <= 50
        if each.path.endswith("/comment"):
            assert int(params["maxResults"]) <= 100
    members = [
        each for page in connect(jira).pull(None) for each in page.people if each.email and each.groups == ("Support",)
    ]
    assert len(members) == 61


def test_no_call_is_refused_where_the_limits_are_kept(jira: FakeJira, clock: Clock) -> None:
    """Facts 9 and 18: bursts on Cloud, a bucket on Data Center, of which half is left to others."""
    fill(jira, 5)
    jira.enforce_limits()
    jira.limiter.bursts |= {"GET": 8, "POST": 8}
    jira.limiter.bucket, jira.limiter.fill = 20, 2
    refusals, left = [], []
    count = jira.limiter.count

    def counted(asked: Asked, now: float) -> tuple[dict[str, str], int | None]:
        headers, over = count(asked, now)
        refusals.append(over)
        left.append(int(headers["X-RateLimit-Remaining"]))
        return headers, over

    jira.limiter.count = counted  # type: ignore[method-assign]
    assert len(pulled(jira)[0]) == 5
    assert set(refusals) == {None}
    assert jira.cloud or min(left) >= 9


# ---- what a pull costs


def test_a_quiet_pull_is_one_call(jira: FakeJira, store: Store) -> None:
    fill(jira, 5)
    bring(jira, store)
    assert bring(jira, store) == PullReport(1, 0, 0, 0.0, complete=True)


def test_three_hundred_changes_cost_a_handful_of_calls(cloud: FakeJira, store: Store) -> None:
    """Fact 13: a search, three hundreds, one changelog, and the comments of one issue that has more than a hundred."""
    issues = fill(cloud, 320)
    for number in range(110):
        cloud.say(issues[0], ALICE, f"Note {number}", public=False)
    bring(cloud, store)
    cloud.now.turn(3600)  # type: ignore[attr-defined]
    for issue in issues[:300]:
        cloud.change(issue, ALICE, labels=["changed"])
    for number in range(101):
        cloud.say(issues[0], ALICE, f"More {number}", public=False)
    report = bring(cloud, store)
    assert (report.tickets, report.events) == (300, 401)
    assert report.calls <= 1 + 3 + 1 + 3 + 1
    assert bring(cloud, store).calls == 1


def test_a_page_of_data_center_is_all_that_its_issues_cost(server: FakeJira, store: Store, clock: Clock) -> None:
    issues = fill(server, 120)
    clock.turn(3600)
    bring(server, store)
    clock.turn(3600)
    for issue in issues[:90]:
        server.change(issue, ALICE, labels=["changed"])
    report = bring(server, store)
    assert (report.tickets, report.events) == (90, 90)
    assert report.calls <= 2


def test_a_refresh_costs_a_few_calls_and_brings_who_is_new(jira: FakeJira, store: Store) -> None:
    fill(jira, 3)
    bring(jira, store)
    jira.add_user("dora@acme.example", "Dora", kind="agent", groups=["Support"])
    jira.now.turn()  # type: ignore[attr-defined]
    pages = list(remembering(jira, store).pull(store.standing("support").cursor, refresh=True))
    dora = next(each for page in pages for each in page.people if each.email == "dora@acme.example")
    assert (dora.role, dora.groups, dora.active) == ("agent", ("Support",), True)
    assert pages[0].catalogue is not None
    for _ in range(5):
        assert bring(jira, store, refresh=True).calls <= 15


def test_a_look_at_one_ticket_needs_no_lists(jira: FakeJira, store: Store) -> None:
    """What a version mismatch costs: the issue and its changelog, past the index."""
    issue = jira.add_issue()
    bring(jira, store)
    desk = remembering(jira, store)
    before = store.ticket("support", issue)
    found = desk.read([issue])
    assert before is not None
    assert found.tickets[0].version == before.version
    assert found.tickets[0].organization == "Lake Tours"
    assert desk.calls == (2 if jira.cloud else 1)


# ---- what doctor sees


def test_doctor_finds_nothing_to_complain_about_at_a_good_desk(jira: FakeJira) -> None:
    """Facts 18 and 20."""
    for key in ("SUP", "BIL"):
        jira.grant("ADMINISTER_PROJECTS", "makegood@acme.example", key)
    found = list(
        connect(jira, words={"status": {"open": ["In progress", "Waiting for support"], "new": ["Open"]}}).doctor()
    )
    assert {level for level, _, _ in found} == {"ok"}
    assert ("Jira Cloud" if jira.cloud else "Jira Data Center 10.3.5") in found[0][1]
    assert jira.writes == []


@pytest.mark.parametrize(
    ("permission", "said"),
    [
        ("EDIT_ISSUES", "edit issues"),
        ("ASSIGN_ISSUES", "assign issues"),
        ("TRANSITION_ISSUES", "change the status"),
        ("ADD_COMMENTS", "comment"),
        ("SERVICEDESK_AGENT", "work as an agent"),
    ],
)
def test_doctor_names_the_right_that_is_missing_and_the_project(jira: FakeJira, permission: str, said: str) -> None:
    """Fact 20: each right by project, and the list of them is required on Cloud."""
    jira.deny(permission, "makegood@acme.example", "BIL")
    errors = [text for level, text, _ in connect(jira).doctor() if level == "error"]
    assert len(errors) == 1
    assert errors[0].startswith(f"in BIL our account may not {said}")
    assert all(each.params.get("permissions") for each in asked(jira, "mypermissions"))


def test_doctor_tells_what_else_is_wrong(jira: FakeJira, clock: Clock) -> None:
    jira.licensed = False
    desk = connect(jira, words={"fields": {"group": "Nowhere"}})
    desk._now = lambda: clock() - timedelta(seconds=90)
    found: dict[str, list[str]] = {level: [] for level in ("ok", "warning", "error")}
    for level, text, _ in desk.doctor():
        found[level].append(text)
    assert any("licence" in text for text in found["error"])
    assert any("map.group names the field Nowhere" in text for text in found["error"])
    assert any("90 seconds ahead of ours" in text for text in found["warning"])
    assert list(connect(jira, way=wrong(jira)).doctor())[-1][0] == "error"


def test_what_is_not_there_is_gone(jira: FakeJira) -> None:
    jira.fail(404, path="myself", times=9)
    with pytest.raises(Gone):
        connect(jira).catalogue()


def test_every_fact_about_reading_has_a_test() -> None:
    """The facts are numbered 1 to 20; those about writing have tests of their own."""
    found: set[int] = set()
    for path in Path(__file__).parent.glob("test_jira*.py"):
        for said in re.findall(r"Facts? (\d+(?:(?:, | and )\d+)*)", path.read_text(encoding="utf-8")):
            found |= {int(number) for number in re.findall(r"\d+", said)}
    assert found >= {1, 2, 3, 4, 6, 9, 13, 14, 15, 18, 19, 20}
