"""Finding and reading issues: search by token (Cloud) and by offset (Data Center), many by id, changelogs and comments."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import fake_jira_jql as language
from fake_jira_asked import NO_ISSUE, Refused, gone, listed, many, number, paged, said_in
from fake_jira_shapes import comment, history, issue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fake_jira import FakeJira
    from fake_jira_asked import Answer, Asked
    from fake_jira_people import Row

REMOVED = (
    "The requested API has been removed. Please use the newer, enhanced search-based API instead. "
    "See https://developer.atlassian.com/changelog/#CHANGE-2046 for more details."
)
UNBOUNDED = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
MOST_IDS, MOST_RECONCILED, MOST_PROPERTIES, MOST_FETCHED = 5000, 50, 5, 100
MOST_LOGS, MOST_LOG_FIELDS, MOST_COMMENT_IDS = 1000, 10, 1000
TOKEN_LIFE = timedelta(days=7)
BARE = frozenset({"id", "key", "*none"})


# ---- search


def _query(jira: FakeJira, asked: Asked, text: str) -> language.Query:
    try:
        return language.parse(jira, text, asked.user)
    except language.Wrong as wrong:
        raise Refused(400, {"errorMessages": [str(wrong)], "errors": {}}) from None


def _hits(jira: FakeJira, asked: Asked, query: language.Query, fresh: Iterable[str] = ()) -> list[Row]:
    """What the index has to say, except for the issues that are wanted as they are now."""
    fresh = set(fresh)
    seen = [row if row["id"] in fresh else jira.indexed(row, jira.lag) for row in jira.issues.values()]
    mine = {number for number in jira.projects if jira.may(asked.user, "BROWSE_PROJECTS", number)}
    found = [row for row in seen if row and not row["deleted"] and row["project"] in mine and query.test(row)]
    return language.ordered(jira, found, query.order)


def _properties(asked: Asked, said: Any) -> list[str]:
    found = many(said)
    if len(found) > MOST_PROPERTIES:
        raise Refused(400, listed(f"The maximum number of properties is {MOST_PROPERTIES}."))
    if found and asked.twist == "properties_500":
        raise Refused(500, listed("Internal server error"))
    return found


def by_token(jira: FakeJira, asked: Asked) -> Answer:
    """``search/jql``: no total, and no token on the last page."""
    if not jira.cloud:
        return gone()
    said = said_in(asked)
    text, token = str(said.get("jql") or ""), said.get("nextPageToken")
    query, fresh = _query(jira, asked, text), many(said.get("reconcileIssues"))
    if not query.bounded:
        raise Refused(400, listed(UNBOUNDED))
    if len(fresh) > MOST_RECONCILED:
        raise Refused(400, listed(f"The maximum number of issues to reconcile is {MOST_RECONCILED}."))
    last = _place(jira, token, text, fresh) if token else None
    rows = _hits(jira, asked, query, fresh)
    rest = [
        row for row in rows if last is None or language.behind(language.mark(jira, row, query.order), last, query.order)
    ]
    fields = many(said.get("fields")) or ["id"]
    most = MOST_IDS if set(fields) <= BARE else jira.page_cap
    page = rest[: max(1, min(number(said.get("maxResults"), 50), most))]
    return _page(jira, asked, said, query, (rows, rest, page), last, fields)


def _place(jira: FakeJira, token: str, text: str, fresh: list[str]) -> list[Any] | None:
    """Where a token goes on; it belongs to its query and its list of reconciled issues, for seven days."""
    known = jira.tokens.get(token)
    if known is None or known[:2] != (text, fresh) or jira.now() > known[3] + TOKEN_LIFE:
        raise Refused(400, listed("The provided nextPageToken is invalid or expired."))
    place: list[Any] | None = known[2]
    return place


def _page(
    jira: FakeJira, asked: Asked, said: Row, query: language.Query, rows: tuple[list[Row], ...], last: list[Any] | None,
    fields: list[str],
) -> Answer:  # fmt: skip
    every, rest, page = rows
    page, last_given = _twisted(asked.twist, every, page, rest)
    properties, expand = _properties(asked, said.get("properties")), str(said.get("expand") or "")
    shown = [_shown(jira, row, fields, expand, properties, asked.version) for row in page]
    more = len(rest) > last_given or asked.twist in ("empty_page", "repeat_token")
    answer: Row = {"issues": shown, "isLast": not more}
    if more:
        place = language.mark(jira, rest[last_given - 1], query.order) if last_given else last
        again = said.get("nextPageToken") if asked.twist == "repeat_token" else None
        place = last if asked.twist == "repeat_token" else place
        answer["nextPageToken"] = again or jira.token(
            (str(said.get("jql") or ""), many(said.get("reconcileIssues")), place, jira.now())
        )
    return 200, answer, {}


def _twisted(twist: str, every: list[Row], page: list[Row], rest: list[Row]) -> tuple[list[Row], int]:
    """The page as it is told, and how far it really went."""
    if twist == "empty_page":
        return [], 0
    if twist == "short_page":
        page = page[: max(1, len(page) // 2)]
    before = len(every) - len(rest)
    if twist == "duplicate_row" and before:
        return [every[before - 1], *page], len(page)
    return page, len(page)


def _shown(jira: FakeJira, row: Row, fields: list[str], expand: str, properties: list[str], version: str) -> Row:
    if set(fields) <= BARE and not properties and not expand:
        found = {"id": row["id"]}
        return found | ({"key": row["key"]} if "key" in fields else {})
    return issue(jira, row, fields, expand, properties, version, jira.comments_in_search)


def by_offset(jira: FakeJira, asked: Asked) -> Answer:
    """``search``: removed on Cloud; on Data Center rows move between pages when issues change meanwhile."""
    if jira.cloud:
        return 410, listed(REMOVED), {}
    said = said_in(asked)
    query = _query(jira, asked, str(said.get("jql") or ""))
    rows, start = _hits(jira, asked, query), number(said.get("startAt"), 0)
    most = min(number(said.get("maxResults"), 50), jira.page_cap)
    page, _ = _twisted(asked.twist, rows, rows[start : start + most], rows[start:])
    fields, expand = many(said.get("fields")) or ["*navigable"], ",".join(many(said.get("expand")))
    properties = _properties(asked, said.get("properties"))
    shown = [issue(jira, row, fields, expand, properties, "2", jira.comments_in_search) for row in page]
    return (
        200,
        {"expand": "names,schema", "startAt": start, "maxResults": most, "total": len(rows), "issues": shown},
        {},
    )


def count(jira: FakeJira, asked: Asked) -> Answer:
    """``search/approximate-count``: the index counts, and nobody vouches for it."""
    if not jira.cloud:
        return gone()
    query = _query(jira, asked, str((asked.body or {}).get("jql") or ""))
    if not query.bounded:
        raise Refused(400, listed(UNBOUNDED))
    return 200, {"count": len(_hits(jira, asked, query))}, {}


# ---- by id


def found(jira: FakeJira, asked: Asked, name: str) -> Row:
    """An issue that the caller may see; what is hidden and what is gone look alike."""
    row = jira.find(name)
    if row is None or not jira.visible(row, asked.user):
        raise Refused(404, listed(NO_ISSUE if jira.cloud else "Issue Does Not Exist"))
    return row


def one(jira: FakeJira, asked: Asked, name: str) -> Answer:
    """By id or key, as it is now; old keys lead to it, too."""
    row, params = found(jira, asked, name), asked.params
    properties = _properties(asked, params.get("properties"))
    wanted, expand = many(params.get("fields")) or ["*all"], params.get("expand", "")
    said = issue(jira, row, wanted, expand, properties, asked.version, jira.comments_inside)
    if "transitions" in expand:
        from fake_jira_writes import told_ways

        said["transitions"] = told_ways(jira, asked, row)
    return 200, said, {}


def fetch(jira: FakeJira, asked: Asked) -> Answer:
    """``issue/bulkfetch``: up to 100, by id; what cannot be had is told beside them."""
    if not jira.cloud:
        return gone()
    names = [str(each) for each in asked.body.get("issueIdsOrKeys") or ()]
    if not 0 < len(names) <= MOST_FETCHED:
        raise Refused(400, listed(f"The number of issues has to be between 1 and {MOST_FETCHED}."))
    rows = {row["id"]: row for name in names if (row := jira.find(name)) and jira.visible(row, asked.user)}
    missing = [name for name in names if not jira.visible(jira.find(name), asked.user)]
    wanted, expand = many(asked.body.get("fields")) or ["*navigable"], ",".join(many(asked.body.get("expand")))
    properties = _properties(asked, asked.body.get("properties"))
    shown = [
        issue(jira, rows[each], wanted, expand, properties, asked.version, jira.comments_inside)
        for each in sorted(rows, key=int)
    ]
    return 200, {"issues": shown, "issueErrors": [{"id": name, "errorMessage": NO_ISSUE} for name in missing]}, {}


# ---- changelogs


def changelog(jira: FakeJira, asked: Asked, name: str) -> Answer:
    """``issue/{id}/changelog``: oldest first, 100 at most (Cloud)."""
    if not jira.cloud:
        return gone()
    row = found(jira, asked, name)
    return 200, paged(asked, [history(jira, each) for each in row["histories"]], 100), {}


def changelogs(jira: FakeJira, asked: Asked) -> Answer:
    """``changelog/bulkfetch``: oldest first over all issues, in pages; only the lines of the fields that were asked for."""
    if not jira.cloud:
        return gone()
    body = asked.body
    names, fields = [str(each) for each in body.get("issueIdsOrKeys") or ()], many(body.get("fieldIds"))
    if not 0 < len(names) <= MOST_LOGS or len(fields) > MOST_LOG_FIELDS:
        raise Refused(400, listed(f"At most {MOST_LOGS} issues and {MOST_LOG_FIELDS} field ids can be asked for."))
    rows = {row["id"]: row for name in names if (row := jira.find(name)) and jira.visible(row, asked.user)}
    lines = sorted(
        (
            (each["created"], int(row["id"]), int(each["id"]), each)
            for row in rows.values()
            for each in _filtered(row, fields)
        ),
        key=lambda line: line[:3],
    )
    start = jira.tokens[body["nextPageToken"]] if body.get("nextPageToken") else 0
    most = max(1, min(number(body.get("maxResults"), jira.log_page), 10_000))
    grouped: dict[int, list[Row]] = {}
    for _, issue_id, _, each in lines[start : start + most]:
        grouped.setdefault(issue_id, []).append(history(jira, each, when=jira.bulk_created))
    logs = [{"issueId": str(each), "changeHistories": grouped[each]} for each in grouped]
    stuck = asked.twist == "repeat_token"
    after = start if stuck else start + most
    more = {"nextPageToken": jira.token(after)} if stuck or after < len(lines) else {}
    return 200, {"issueChangeLogs": logs, **more}, {}


def _filtered(row: Row, fields: list[str]) -> list[Row]:
    if not fields:
        return list(row["histories"])
    kept = [
        {**each, "items": [item for item in each["items"] if item["fieldId"] in fields]} for each in row["histories"]
    ]
    return [each for each in kept if each["items"]]


# ---- comments


def comments(jira: FakeJira, asked: Asked, name: str) -> Answer:
    row, params = found(jira, asked, name), asked.params
    if params.get("orderBy", "created").lstrip("+-") != "created":
        raise Refused(400, listed("orderBy has to be created."))
    every = list(reversed(row["comments"])) if params.get("orderBy", "").startswith("-") else row["comments"]
    start, most = number(params.get("startAt"), 0), number(params.get("maxResults"), 100 if jira.cloud else 1_048_576)
    most = min(most, 100) if jira.cloud else most
    page, _ = _twisted(asked.twist, every, every[start : start + most], every[start:])
    with_properties = "properties" in params.get("expand", "")
    said = [comment(jira, row["id"], each, asked.version, properties=with_properties) for each in page]
    return 200, {"startAt": start, "maxResults": most, "total": len(every), "comments": said}, {}


def comment_one(jira: FakeJira, asked: Asked, name: str, which: str) -> Answer:
    row = found(jira, asked, name)
    said = next((each for each in row["comments"] if each["id"] == which), None)
    if said is None:
        raise Refused(404, listed("Can not find a comment for the id: " + which + "."))
    return 200, comment(jira, row["id"], said, asked.version, properties=True), {}


def comment_list(jira: FakeJira, asked: Asked) -> Answer:
    """``comment/list``: up to 1,000 comments by id."""
    if not jira.cloud:
        return gone()
    wanted = {str(each) for each in asked.body.get("ids") or ()}
    if not 0 < len(wanted) <= MOST_COMMENT_IDS:
        raise Refused(400, listed(f"Between 1 and {MOST_COMMENT_IDS} ids have to be asked for."))
    with_properties = "properties" in asked.params.get("expand", "")
    said = [
        comment(jira, row["id"], each, asked.version, properties=with_properties)
        for row in jira.issues.values() if jira.visible(row, asked.user)
        for each in row["comments"] if each["id"] in wanted
    ]  # fmt: skip
    return 200, {"maxResults": MOST_COMMENT_IDS, "startAt": 0, "total": len(said), "isLast": True, "values": said}, {}
